#include "tests/peers/desfire_card.h"

#include <stdlib.h>
#include <string.h>

#include "tests/peers/desfire_aes.h"
#include "tests/peers/peer_util.h"

#define STATUS_OK          0x00
#define STATUS_ILLEGAL     0x1c
#define STATUS_NO_SUCH_KEY 0x40
#define STATUS_LENGTH      0x7e
#define STATUS_NO_SUCH_APP 0xa0
#define STATUS_AUTH_ERROR  0xae
#define STATUS_MORE        0xaf

/* --- the control words --- */

static bool parse_key(struct desfire_card *card, const char *word)
{
    char *end = NULL;
    long number = strtol(word + 3, &end, 10);

    if (end == word + 3 || *end != '=' || number < 0 || number >= DESFIRE_KEYS)
        return false;
    card->has_key[number] = true;
    return peer_unhex(end + 1, card->keys[number], 16) == 16;
}

static bool parse_word(struct desfire_card *card, const char *word)
{
    long cut = 0;

    if (strcmp(word, "random") == 0)
        return card->random = true;
    if (strcmp(word, "mute") == 0)
        return card->mute = true;
    if (strcmp(word, "replay") == 0)
        return card->replays = true;
    if (strncmp(word, "aid=", 4) == 0)
        return peer_unhex(word + 4, card->aid, 3) == 3;
    if (strncmp(word, "slow=", 5) == 0)
        return peer_parse_long(word + 5, 0, 10000, &card->slow_ms);
    if (strncmp(word, "cut=", 4) == 0 && peer_parse_long(word + 4, 0, 64, &cut)) {
        card->cut = (uint8_t)cut;
        return true;
    }
    return strncmp(word, "key", 3) == 0 && parse_key(card, word);
}

const char *desfire_card_setup(struct desfire_card *card, char **words, size_t count)
{
    struct desfire_card fresh = {
        .on = true,
        .aid = {0x30, 0x42, 0xf5},
        .cut = DESFIRE_NEVER_CUTS,
        .proofs = card->proofs,
        .record = card->record,
        .seed = card->seed
    };

    if (peer_unhex(words[0], fresh.uid, sizeof fresh.uid) != sizeof fresh.uid)
        return words[0];
    for (size_t i = 1; i < count; i++)
        if (!parse_word(&fresh, words[i]))
            return words[i];
    *card = fresh;
    desfire_card_reset(card);
    return NULL;
}

/* --- the card --- */

/* Not random at all, but never the same twice: what a test card needs. */
static void draw(struct desfire_card *card, uint8_t *out, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        card->seed = card->seed * 1664525u + 1013904223u;
        out[i] = (uint8_t)(card->seed >> 24);
    }
}

size_t desfire_card_shown(struct desfire_card *card, uint8_t uid[10])
{
    if (!card->random) {
        memcpy(uid, card->uid, sizeof card->uid);
        return sizeof card->uid;
    }
    uid[0] = 0x08;
    draw(card, uid + 1, 3);
    return 4;
}

void desfire_card_reset(struct desfire_card *card)
{
    card->state = DESFIRE_IDLE;
    memset(card->iv, 0, sizeof card->iv);
}

struct reply {
    uint8_t status;
    uint8_t data[DESFIRE_REPLY_MAX];
    size_t length;
};

static void say(struct reply *reply, uint8_t status, const uint8_t *data, size_t length)
{
    reply->status = status;
    reply->length = length;
    if (length > 0)
        memcpy(reply->data, data, length);
}

static void run_select(struct desfire_card *card, const uint8_t *in, size_t length,
                       struct reply *reply)
{
    static const uint8_t itself[3];

    card->state = DESFIRE_IDLE;
    if (length != 3) {
        say(reply, STATUS_LENGTH, NULL, 0);
    } else if (memcmp(in, card->aid, 3) == 0) {
        card->state = DESFIRE_SELECTED;
        say(reply, STATUS_OK, NULL, 0);
    } else {
        say(reply, memcmp(in, itself, 3) == 0 ? STATUS_OK : STATUS_NO_SUCH_APP, NULL, 0);
    }
}

static void run_challenge(struct desfire_card *card, const uint8_t *in, size_t length,
                          struct reply *reply)
{
    uint8_t cipher[16];

    if (length != 1 || card->state == DESFIRE_IDLE || in[0] >= DESFIRE_KEYS ||
        !card->has_key[in[0]]) {
        say(reply, length != 1 ? STATUS_LENGTH : STATUS_NO_SUCH_KEY, NULL, 0);
        return;
    }
    card->key_no = in[0];
    draw(card, card->random_b, sizeof card->random_b);
    memset(card->iv, 0, sizeof card->iv);
    memcpy(cipher, card->random_b, sizeof cipher);
    desfire_cbc_send(card->keys[card->key_no], card->iv, cipher, sizeof cipher);
    memcpy(card->record.challenge, cipher, sizeof cipher);
    card->state = DESFIRE_WAITS;
    say(reply, STATUS_MORE, cipher, sizeof cipher);
}

static void run_confirm(struct desfire_card *card, const uint8_t *in, size_t length,
                        struct reply *reply)
{
    uint8_t token[32], mine[16];

    if (length != sizeof token || card->state != DESFIRE_WAITS) {
        card->state = DESFIRE_SELECTED;
        say(reply, length != sizeof token ? STATUS_LENGTH : STATUS_ILLEGAL, NULL, 0);
        return;
    }
    memcpy(token, in, sizeof token);
    desfire_cbc_receive(card->keys[card->key_no], card->iv, token, sizeof token);
    memcpy(mine, card->random_b + 1, 15);
    mine[15] = card->random_b[0];
    card->state = DESFIRE_SELECTED;
    if (memcmp(token + 16, mine, 16) != 0) {
        say(reply, STATUS_AUTH_ERROR, NULL, 0);
        return;
    }
    for (size_t i = 0; i < 4; i++) {
        card->session[i] = token[i];
        card->session[4 + i] = card->random_b[i];
        card->session[8 + i] = token[12 + i];
        card->session[12 + i] = card->random_b[12 + i];
    }
    memcpy(mine, token + 1, 15);
    mine[15] = token[0];
    desfire_cbc_send(card->keys[card->key_no], card->iv, mine, sizeof mine);
    memcpy(card->record.confirmation, mine, sizeof mine);
    card->record.whole = true;
    memset(card->iv, 0, sizeof card->iv);
    card->state = DESFIRE_OPEN;
    card->proofs++;
    say(reply, STATUS_OK, mine, sizeof mine);
}

/* UID, the CRC32 over it and the status, padded with zeros. */
static void run_get_uid(struct desfire_card *card, const uint8_t *in, size_t length,
                        struct reply *reply)
{
    uint8_t block[16] = {0};
    uint32_t crc = 0xffffffff;

    (void)in;
    if (length != 0 || card->state != DESFIRE_OPEN) {
        say(reply, length != 0 ? STATUS_LENGTH : STATUS_AUTH_ERROR, NULL, 0);
        return;
    }
    memcpy(block, card->uid, sizeof card->uid);
    for (size_t i = 0; i <= sizeof card->uid; i++) { /* block[7] is the status 00 */
        crc ^= block[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc & 1) != 0 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
    }
    for (size_t i = 0; i < 4; i++)
        block[7 + i] = (uint8_t)(crc >> 8 * i);
    desfire_cmac_byte(card->session, card->iv, 0x51);
    desfire_cbc_send(card->session, card->iv, block, sizeof block);
    say(reply, STATUS_OK, block, sizeof block);
}

/* What an attacker plays who recorded one proof and has no key. */
static void run_replay(struct desfire_card *card, uint8_t command, struct reply *reply)
{
    say(reply, STATUS_OK, NULL, 0);
    if (command == 0xaa)
        say(reply, STATUS_MORE, card->record.challenge, 16);
    if (command == 0xaf)
        say(reply, STATUS_OK, card->record.confirmation, 16);
}

static void run_command(struct desfire_card *card, uint8_t command, const uint8_t *in,
                        size_t length, struct reply *reply)
{
    static const struct {
        uint8_t command;
        void (*run)(struct desfire_card *card, const uint8_t *in, size_t length,
                    struct reply *reply);
    } commands[] = {
        {0x5a, run_select   },
        {0xaa, run_challenge},
        {0xaf, run_confirm  },
        {0x51, run_get_uid  },
    };

    say(reply, STATUS_ILLEGAL, NULL, 0);
    if (card->replays) {
        run_replay(card, command, reply);
        return;
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (commands[i].command == command)
            commands[i].run(card, in, length, reply);
}

long desfire_card_run(struct desfire_card *card, const uint8_t *in, size_t length,
                      uint8_t out[DESFIRE_REPLY_MAX])
{
    struct reply reply;
    bool wrapped = length >= 5 && in[0] == 0x90;
    size_t at = 0;

    if (card->mute || length == 0)
        return -1;
    if (!wrapped) {
        run_command(card, in[0], in + 1, length - 1, &reply);
        out[at++] = reply.status;
    } else if (length > 5 && length != 6u + in[4]) {
        say(&reply, STATUS_LENGTH, NULL, 0);
    } else {
        run_command(card, in[1], in + 5, length > 5 ? in[4] : 0, &reply);
    }
    memcpy(out + at, reply.data, reply.length);
    at += reply.length;
    if (wrapped) {
        out[at++] = 0x91;
        out[at++] = reply.status;
    }
    return (long)(at < card->cut ? at : card->cut);
}

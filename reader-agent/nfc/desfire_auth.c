#include "reader-agent/nfc/desfire_auth.h"

#include <string.h>

#include "common/base/must.h"
#include "common/seal/seal.h"

enum {
    CLASS_NATIVE = 0x90,
    COMMAND_SELECT = 0x5A,
    COMMAND_AUTHENTICATE_AES = 0xAA,
    COMMAND_MORE = 0xAF,
    COMMAND_GET_CARD_UID = 0x51,
    STATUS_CLASS = 0x91,
    STATUS_OK = 0x00,
    STATUS_MORE = 0xAF,
    STATUS_SIZE = 2,
    CRC_SIZE = 4,
    TOKEN_SIZE = 2 * AES_BLOCK_SIZE,
};

static void set_command(struct desfire_auth *auth, uint8_t command, struct bytes data)
{
    struct writer w = writer_of(auth->command, sizeof(auth->command));
    writer_u8(&w, CLASS_NATIVE);
    writer_u8(&w, command);
    writer_u16(&w, 0);
    if (data.size > 0) {
        writer_u8(&w, (uint8_t)data.size);
        writer_bytes(&w, data);
    }
    writer_u8(&w, 0);
    MUST(!w.bad);
    auth->command_size = w.size;
}

void desfire_auth_begin(struct desfire_auth *auth, const struct desfire_question *question)
{
    /* Member by member: a compound literal would leave a copy of the key on the stack. */
    memset(auth, 0, sizeof(*auth));
    memcpy(&auth->question, question, sizeof(*question));
    auth->state = DESFIRE_SELECTING;
    auth->why = "the card has not answered";
    set_command(auth, COMMAND_SELECT, BYTES_OF(auth->question.aid));
}

void desfire_auth_wipe(struct desfire_auth *auth)
{
    seal_wipe(auth, sizeof(*auth));
}

static enum desfire_step fail(struct desfire_auth *auth, const char *why)
{
    auth->state = DESFIRE_OVER;
    auth->why = why;
    return DESFIRE_FAILED;
}

static enum desfire_step prove(struct desfire_auth *auth)
{
    auth->state = DESFIRE_OVER;
    auth->why = "";
    return DESFIRE_PROVED;
}

static void rotate_left(const uint8_t in[AES_BLOCK_SIZE], uint8_t out[AES_BLOCK_SIZE])
{
    memcpy(out, in + 1, AES_BLOCK_SIZE - 1);
    out[AES_BLOCK_SIZE - 1] = in[0];
}

static enum desfire_step take_selected(struct desfire_auth *auth, struct bytes data)
{
    if (data.size != 0) {
        return fail(auth, "it answered the selection with data");
    }
    auth->state = DESFIRE_CHALLENGED;
    set_command(auth, COMMAND_AUTHENTICATE_AES,
                (struct bytes){.data = &auth->question.key_no, .size = 1});
    return DESFIRE_SEND;
}

static enum desfire_step take_challenge(struct desfire_auth *auth, struct bytes data)
{
    uint8_t token[TOKEN_SIZE];
    if (data.size != AES_BLOCK_SIZE) {
        return fail(auth, "its challenge has a wrong size");
    }
    auth->chain = (struct aes_block){{0}};
    aes_cbc_decrypt(&auth->question.key, &auth->chain, data.data, auth->card_random,
                    AES_BLOCK_SIZE);
    memcpy(token, auth->question.random, AES_BLOCK_SIZE);
    rotate_left(auth->card_random, token + AES_BLOCK_SIZE);
    aes_cbc_encrypt(&auth->question.key, &auth->chain, token, token, sizeof(token));
    auth->state = DESFIRE_CONFIRMING;
    set_command(auth, COMMAND_MORE, BYTES_OF(token));
    return DESFIRE_SEND;
}

/* RndA 0..3, RndB 0..3, RndA 12..15, RndB 12..15 */
static void make_session(struct desfire_auth *auth)
{
    const uint8_t *ours = auth->question.random;
    const uint8_t *theirs = auth->card_random;
    memcpy(auth->session.bytes, ours, 4);
    memcpy(auth->session.bytes + 4, theirs, 4);
    memcpy(auth->session.bytes + 8, ours + 12, 4);
    memcpy(auth->session.bytes + 12, theirs + 12, 4);
}

static enum desfire_step take_confirmation(struct desfire_auth *auth, struct bytes data)
{
    uint8_t got[AES_BLOCK_SIZE];
    uint8_t wanted[AES_BLOCK_SIZE];
    if (data.size != AES_BLOCK_SIZE) {
        return fail(auth, "its confirmation has a wrong size");
    }
    aes_cbc_decrypt(&auth->question.key, &auth->chain, data.data, got, sizeof(got));
    rotate_left(auth->question.random, wanted);
    bool knows = seal_equal(BYTES_OF(got), BYTES_OF(wanted));
    seal_wipe(got, sizeof(got));
    seal_wipe(wanted, sizeof(wanted));
    if (!knows) {
        return fail(auth, "it does not know the key");
    }
    if (!auth->question.wants_uid) {
        return prove(auth);
    }
    make_session(auth);
    auth->state = DESFIRE_ASKING_UID;
    set_command(auth, COMMAND_GET_CARD_UID, (struct bytes){0});
    return DESFIRE_SEND;
}

/* The CRC32 of Ethernet without its last inversion. */
static uint32_t crc_of(const uint8_t *data, size_t size)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (0xEDB88320U & -(crc & 1));
        }
    }
    return crc;
}

/* UID, its CRC with the status byte, least significant byte first, and zeros. */
static bool uid_is_whole(const uint8_t plain[AES_BLOCK_SIZE])
{
    uint8_t checked[DESFIRE_UID_SIZE + 1] = {0};
    memcpy(checked, plain, DESFIRE_UID_SIZE);
    uint32_t crc = crc_of(checked, sizeof(checked));
    uint8_t wanted[AES_BLOCK_SIZE - DESFIRE_UID_SIZE] = {
        (uint8_t)crc, (uint8_t)(crc >> 8), (uint8_t)(crc >> 16), (uint8_t)(crc >> 24)};
    return seal_equal((struct bytes){.data = plain + DESFIRE_UID_SIZE, .size = sizeof(wanted)},
                      BYTES_OF(wanted));
}

/* The command's CMAC, though it is not sent, begins the chain of the answer. */
static enum desfire_step take_uid(struct desfire_auth *auth, struct bytes data)
{
    static const uint8_t command[] = {COMMAND_GET_CARD_UID};
    static const struct aes_block zero;
    uint8_t plain[AES_BLOCK_SIZE];
    if (data.size != AES_BLOCK_SIZE) {
        return fail(auth, "its UID has a wrong size");
    }
    struct aes_block chain = aes_cmac(&auth->session, &zero, BYTES_OF(command));
    aes_cbc_decrypt(&auth->session, &chain, data.data, plain, sizeof(plain));
    if (!uid_is_whole(plain)) {
        return fail(auth, "its UID does not open");
    }
    memcpy(auth->uid, plain, DESFIRE_UID_SIZE);
    return prove(auth);
}

/* What each state expects: the status, and who takes the data. */
static const struct {
    uint8_t status;
    enum desfire_step (*take)(struct desfire_auth *auth, struct bytes data);
    const char *refused;
} expected[] = {
    [DESFIRE_SELECTING] = {STATUS_OK,   take_selected,     "it has no such application"  },
    [DESFIRE_CHALLENGED] = {STATUS_MORE, take_challenge,    "it has no such AES key"      },
    [DESFIRE_CONFIRMING] = {STATUS_OK,   take_confirmation, "it refuses our key"          },
    [DESFIRE_ASKING_UID] = {STATUS_OK,   take_uid,          "it does not give its own UID"},
};

enum desfire_step desfire_auth_take(struct desfire_auth *auth, struct bytes answer)
{
    if (auth->state < DESFIRE_SELECTING || auth->state >= DESFIRE_OVER) {
        return DESFIRE_FAILED;
    }
    if (answer.size < STATUS_SIZE || answer.data[answer.size - STATUS_SIZE] != STATUS_CLASS) {
        return fail(auth, "its answer is not one of a DESFire card");
    }
    if (answer.data[answer.size - 1] != expected[auth->state].status) {
        return fail(auth, expected[auth->state].refused);
    }
    return expected[auth->state].take(
        auth, (struct bytes){.data = answer.data, .size = answer.size - STATUS_SIZE});
}

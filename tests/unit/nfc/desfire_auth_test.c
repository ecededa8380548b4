/* Goal: only a card that knows the key proves itself, and nothing that a card answers does harm.
 * Method: a card made here from the reference answers command by command; then with the wrong key,
 * with answers recorded before, each answer cut, spoilt in each byte, and out of turn. */
#include "reader-agent/nfc/desfire_auth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"
#include "common/seal/seal.h"

/* A card: what it says to each command. */
struct test_card {
    struct aes_key key;
    uint8_t random[AES_BLOCK_SIZE];
    struct aes_block chain;
    struct aes_key session;
    uint8_t uid[DESFIRE_UID_SIZE];
};

struct answer {
    uint8_t bytes[DESFIRE_ANSWER_MAX];
    size_t size;
};

static const struct desfire_question question = {
    .aid = {0x30, 0x42, 0xf5},
    .key_no = 1,
    .key = { {0xa8, 0xdd, 0x63}},
    .random = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
};

static struct test_card good_card(void)
{
    return (struct test_card){
        .key = question.key,
        .random = {9,  8, 7,   6,   5,   4,   3,   2, 1, 0, 0xa, 0xb, 0xc, 0xd, 0xe, 0xf},
        .uid = {0x04, 0x78, 0x2e, 0x21, 0x80, 0x1d, 0x80}
    };
}

static void put(struct answer *answer, const void *data, size_t size, uint8_t status)
{
    if (size > 0) {
        memcpy(answer->bytes, data, size);
    }
    answer->bytes[size] = 0x91;
    answer->bytes[size + 1] = status;
    answer->size = size + 2;
}

static void challenge(struct test_card *card, struct answer *answer)
{
    uint8_t cipher[AES_BLOCK_SIZE];
    card->chain = (struct aes_block){{0}};
    aes_cbc_encrypt(&card->key, &card->chain, card->random, cipher, sizeof(cipher));
    put(answer, cipher, sizeof(cipher), 0xaf);
}

static void confirm(struct test_card *card, const uint8_t *token, struct answer *answer)
{
    uint8_t plain[2 * AES_BLOCK_SIZE];
    uint8_t reply[AES_BLOCK_SIZE];
    aes_cbc_decrypt(&card->key, &card->chain, token, plain, sizeof(plain));
    bool knows = memcmp(plain + AES_BLOCK_SIZE, card->random + 1, AES_BLOCK_SIZE - 1) == 0 &&
                 plain[2 * AES_BLOCK_SIZE - 1] == card->random[0];
    if (!knows) {
        put(answer, NULL, 0, 0xae);
        return;
    }
    memcpy(card->session.bytes, plain, 4);
    memcpy(card->session.bytes + 4, card->random, 4);
    memcpy(card->session.bytes + 8, plain + 12, 4);
    memcpy(card->session.bytes + 12, card->random + 12, 4);
    memcpy(reply, plain + 1, AES_BLOCK_SIZE - 1);
    reply[AES_BLOCK_SIZE - 1] = plain[0];
    aes_cbc_encrypt(&card->key, &card->chain, reply, reply, sizeof(reply));
    put(answer, reply, sizeof(reply), 0x00);
}

/* The CRC of 04782e21801d80 and status 00 is c233cc81 (zlib's crc32, inverted), low byte first. */
static void give_uid(struct test_card *card, struct answer *answer)
{
    static const uint8_t command[] = {0x51};
    static const struct aes_block zero;
    uint8_t plain[AES_BLOCK_SIZE] = {0};
    static const uint8_t crc[] = {0x81, 0xcc, 0x33, 0xc2};
    memcpy(plain, card->uid, sizeof(card->uid));
    memcpy(plain + sizeof(card->uid), crc, sizeof(crc));
    struct aes_block chain = aes_cmac(&card->session, &zero, BYTES_OF(command));
    aes_cbc_encrypt(&card->session, &chain, plain, plain, sizeof(plain));
    put(answer, plain, sizeof(plain), 0x00);
}

static void answer_command(struct test_card *card, const struct desfire_auth *auth,
                           struct answer *answer)
{
    assert_int_equal(auth->command[0], 0x90);
    assert_int_equal(auth->command[auth->command_size - 1], 0);
    switch (auth->command[1]) {
    case 0x5a:
        assert_memory_equal(auth->command + 4, "\x03\x30\x42\xf5", 4);
        put(answer, NULL, 0, 0x00);
        return;
    case 0xaa:
        assert_memory_equal(auth->command + 4, "\x01\x01", 2);
        challenge(card, answer);
        return;
    case 0xaf:
        assert_int_equal(auth->command[4], 32);
        confirm(card, auth->command + 5, answer);
        return;
    default:
        assert_int_equal(auth->command[1], 0x51);
        give_uid(card, answer);
    }
}

static struct bytes view(const struct answer *answer)
{
    return (struct bytes){.data = answer->bytes, .size = answer->size};
}

/* Spoils the answer of one step: cut to a length, or one byte changed. */
struct harm {
    size_t step;
    bool cut;
    size_t at;
    size_t *ret_size; /* of the answer of that step, before */
};

static enum desfire_step play(struct test_card *card, const struct desfire_question *asked,
                              const struct harm *harm, struct desfire_auth *auth)
{
    enum desfire_step step = DESFIRE_SEND;
    desfire_auth_begin(auth, asked);
    for (size_t i = 0; step == DESFIRE_SEND; i++) {
        struct answer answer = {.size = 0};
        assert_true(i < 4);
        answer_command(card, auth, &answer);
        if (harm != NULL && harm->step == i) {
            *harm->ret_size = answer.size;
            if (harm->cut) {
                answer.size = harm->at;
            } else {
                answer.bytes[harm->at] ^= 0x40;
            }
        }
        step = desfire_auth_take(auth, view(&answer));
    }
    return step;
}

static void a_card_that_knows_the_key(void **state)
{
    (void)state;
    struct desfire_auth auth;
    struct test_card card = good_card();
    assert_int_equal(play(&card, &question, NULL, &auth), DESFIRE_PROVED);
    assert_string_equal(auth.why, "");
    struct answer late = {
        .bytes = {0x91, 0x00},
          .size = 2
    };
    assert_int_equal(desfire_auth_take(&auth, view(&late)), DESFIRE_FAILED);
}

static void its_own_uid(void **state)
{
    (void)state;
    struct desfire_auth auth;
    struct test_card card = good_card();
    struct desfire_question asked = question;
    asked.wants_uid = true;
    assert_int_equal(play(&card, &asked, NULL, &auth), DESFIRE_PROVED);
    assert_memory_equal(auth.uid, card.uid, sizeof(auth.uid));
    assert_memory_equal(auth.session.bytes, card.session.bytes, AES_KEY_SIZE);
    card.uid[6] ^= 1; /* and not its CRC */
    assert_int_equal(play(&card, &asked, NULL, &auth), DESFIRE_FAILED);
    assert_string_equal(auth.why, "its UID does not open");
}

static void another_key(void **state)
{
    (void)state;
    struct desfire_auth auth;
    for (size_t i = 0; i < AES_KEY_SIZE; i++) {
        struct test_card card = good_card();
        card.key.bytes[i] ^= 1;
        assert_int_equal(play(&card, &question, NULL, &auth), DESFIRE_FAILED);
        assert_string_equal(auth.why, "it refuses our key");
    }
}

/* A recorder answers as the card did in an earlier proof. */
static void a_recording(void **state)
{
    (void)state;
    struct desfire_auth auth;
    struct test_card card = good_card();
    struct answer said[3];
    desfire_auth_begin(&auth, &question);
    for (size_t i = 0; i < ARRAY_LEN(said); i++) {
        answer_command(&card, &auth, &said[i]);
        (void)desfire_auth_take(&auth, view(&said[i]));
    }
    for (size_t i = 0; i < AES_BLOCK_SIZE; i++) {
        struct desfire_question fresh = question;
        fresh.random[i] ^= 0x80;
        desfire_auth_begin(&auth, &fresh);
        assert_int_equal(desfire_auth_take(&auth, view(&said[0])), DESFIRE_SEND);
        assert_int_equal(desfire_auth_take(&auth, view(&said[1])), DESFIRE_SEND);
        assert_int_equal(desfire_auth_take(&auth, view(&said[2])), DESFIRE_FAILED);
        assert_string_equal(auth.why, "it does not know the key");
    }
}

/* Its own token, or the challenge, sent back to it. */
static void an_echo(void **state)
{
    (void)state;
    struct desfire_auth auth;
    struct test_card card = good_card();
    struct answer answer;
    for (size_t at = 0; at < 3; at++) {
        desfire_auth_begin(&auth, &question);
        for (size_t i = 0; i < 2; i++) {
            answer_command(&card, &auth, &answer);
            assert_int_equal(desfire_auth_take(&auth, view(&answer)), DESFIRE_SEND);
        }
        if (at < 2) {
            put(&answer, auth.command + 5 + at * AES_BLOCK_SIZE, AES_BLOCK_SIZE, 0x00);
        } else {
            answer.bytes[AES_BLOCK_SIZE + 1] = 0x00; /* the challenge again */
        }
        assert_int_equal(desfire_auth_take(&auth, view(&answer)), DESFIRE_FAILED);
    }
}

static void every_answer_cut_and_spoilt(void **state)
{
    (void)state;
    struct desfire_question asked = question;
    size_t runs = 0;
    asked.wants_uid = true;
    for (size_t step = 0; step < 4; step++) {
        size_t size = 1;
        for (size_t at = 0; at < size; at++) {
            for (int cut = 0; cut < 2; cut++) {
                struct desfire_auth auth;
                struct test_card card = good_card();
                const struct harm harm = {
                    .step = step, .cut = cut != 0, .at = at, .ret_size = &size};
                assert_int_equal(play(&card, &asked, &harm, &auth), DESFIRE_FAILED);
                assert_true(auth.why[0] != '\0');
                runs++;
            }
        }
        assert_true(size >= 2);
    }
    assert_true(runs > 100);
}

static void answers_of_every_length(void **state)
{
    (void)state;
    uint8_t zeros[DESFIRE_ANSWER_MAX] = {0};
    struct desfire_auth auth;
    for (size_t size = 0; size <= sizeof(zeros); size++) {
        desfire_auth_begin(&auth, &question);
        enum desfire_step step =
            desfire_auth_take(&auth, (struct bytes){.data = zeros, .size = size});
        assert_int_equal(step, DESFIRE_FAILED);
        assert_string_equal(auth.why, "its answer is not one of a DESFire card");
    }
}

static void refusals_have_a_word(void **state)
{
    (void)state;
    static const char *const words[] = {"it has no such application", "it has no such AES key",
                                        "it refuses our key", "it does not give its own UID"};
    struct desfire_question asked = question;
    asked.wants_uid = true;
    for (size_t step = 0; step < ARRAY_LEN(words); step++) {
        struct desfire_auth auth;
        struct test_card card = good_card();
        struct answer answer;
        desfire_auth_begin(&auth, &asked);
        for (size_t i = 0; i < step; i++) {
            answer_command(&card, &auth, &answer);
            assert_int_equal(desfire_auth_take(&auth, view(&answer)), DESFIRE_SEND);
        }
        put(&answer, NULL, 0, 0xa0);
        assert_int_equal(desfire_auth_take(&auth, view(&answer)), DESFIRE_FAILED);
        assert_string_equal(auth.why, words[step]);
    }
}

static void nothing_is_left(void **state)
{
    (void)state;
    static const struct desfire_auth empty;
    struct desfire_auth auth;
    struct test_card card = good_card();
    assert_int_equal(play(&card, &question, NULL, &auth), DESFIRE_PROVED);
    desfire_auth_wipe(&auth);
    assert_memory_equal(&auth, &empty, sizeof(auth));
}

static int start(void **state)
{
    (void)state;
    return seal_init(NULL) == ERR_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_card_that_knows_the_key),
        cmocka_unit_test(its_own_uid),
        cmocka_unit_test(another_key),
        cmocka_unit_test(a_recording),
        cmocka_unit_test(an_echo),
        cmocka_unit_test(every_answer_cut_and_spoilt),
        cmocka_unit_test(answers_of_every_length),
        cmocka_unit_test(refusals_have_a_word),
        cmocka_unit_test(nothing_is_left),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}

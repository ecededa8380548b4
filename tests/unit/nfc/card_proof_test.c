/* Goal: a card is judged by what it proves and by how long that takes, and a reader that fails says
 * nothing of the card. Method: an air with its own clock that loses, delays and spoils answers, and
 * a card that knows the key. */
#include "reader-agent/nfc/card_proof.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"
#include "common/seal/seal.h"

static const struct aes_key key = {
    {0xa8, 0xdd, 0x63}
};
static const struct card card = {
    .uid = {4, 1, 2, 3, 4, 5, 6},
      .uid_size = 7
};
static const struct helper_cards cards = {
    .desfire = true, .aid = {1, 2, 3},
         .key_no = 1, .limit_ms = 100
};

/* What the air does to an exchange. */
enum trouble { FINE, LOST, READER_FAILS, TOO_LONG };

struct air {
    int64_t now_us;
    uint32_t each_ms;         /* an exchange takes so long */
    const enum trouble *plan; /* one an exchange; NULL: all fine */
    size_t planned;
    bool gone; /* it cannot be selected again */
    enum err select_err;
    size_t exchanges, selections, asked_ms_max;
    uint8_t filled; /* random bytes so far */
    uint8_t card_random[AES_BLOCK_SIZE];
    struct aes_block chain;
};

static void answer(struct air *air, struct bytes command, uint8_t *out, size_t *ret_size)
{
    uint8_t status = 0x00;
    size_t size = 0;
    if (command.data[1] == 0xaa) {
        air->chain = (struct aes_block){{0}};
        aes_cbc_encrypt(&key, &air->chain, air->card_random, out, AES_BLOCK_SIZE);
        status = 0xaf;
        size = AES_BLOCK_SIZE;
    } else if (command.data[1] == 0xaf) {
        uint8_t token[2 * AES_BLOCK_SIZE];
        aes_cbc_decrypt(&key, &air->chain, command.data + 5, token, sizeof(token));
        memcpy(out, token + 1, AES_BLOCK_SIZE - 1);
        out[AES_BLOCK_SIZE - 1] = token[0];
        aes_cbc_encrypt(&key, &air->chain, out, out, AES_BLOCK_SIZE);
        size = AES_BLOCK_SIZE;
    }
    out[size] = 0x91;
    out[size + 1] = status;
    *ret_size = size + 2;
}

static enum err exchange(void *ctx, struct bytes command, uint8_t *out, size_t size,
                         size_t *ret_size, uint32_t wait_ms, struct fault *fault)
{
    struct air *air = ctx;
    enum trouble trouble = air->exchanges < air->planned ? air->plan[air->exchanges] : FINE;
    assert_true(wait_ms > 0 && size >= AES_BLOCK_SIZE + 2);
    air->exchanges++;
    air->now_us += (int64_t)(air->each_ms < wait_ms ? air->each_ms : wait_ms) * 1000;
    if (trouble == READER_FAILS) {
        return fault_set(fault, ERR_IO, "the reader fails");
    }
    if (trouble == LOST || air->each_ms > wait_ms) {
        return ERR_NOT_FOUND;
    }
    answer(air, command, out, ret_size);
    return trouble == TOO_LONG ? ERR_CORRUPT : ERR_OK;
}

static enum err select_again(void *ctx, const struct card *again, struct fault *fault)
{
    struct air *air = ctx;
    (void)fault;
    assert_memory_equal(again, &card, sizeof(card));
    air->selections++;
    air->now_us += 50000; /* not the card's time */
    return air->gone ? ERR_NOT_FOUND : air->select_err;
}

static struct wall no_wall(void *ctx)
{
    (void)ctx;
    return (struct wall){0};
}

static struct mono now(void *ctx)
{
    return (struct mono){.us = ((struct air *)ctx)->now_us};
}

static void fill(void *ctx, uint8_t *out, size_t size)
{
    struct air *air = ctx;
    for (size_t i = 0; i < size; i++) {
        out[i] = ++air->filled;
    }
}

static enum err run(struct air *air, struct card_proved *ret)
{
    const struct clock clock = {.wall = no_wall, .mono = now, .ctx = air};
    const struct entropy entropy = {.fill = fill, .ctx = air};
    const struct card_air ways = {.exchange = exchange,
                                  .select = select_again,
                                  .ctx = air,
                                  .clock = &clock,
                                  .entropy = &entropy};
    return card_proof_run(&ways, &cards, &card, HELPER_KEY_OF_CARD, &key, ret, NULL);
}

static void the_time_is_the_cards(void **state)
{
    (void)state;
    static const struct {
        uint32_t each_ms;
        enum card_proof proof;
        uint32_t took_ms;
    } rows[] =
        {
            {5,    CARD_PROOF_GIVEN,  15 },
            {33,   CARD_PROOF_GIVEN,  99 },
            {34,   CARD_PROOF_SLOW,   102},
            {160,  CARD_PROOF_SLOW,   480},
            {200,  CARD_PROOF_FAILED, 500}, /* given up: the limit and CARD_PROOF_SPARE_MS */
            {5000, CARD_PROOF_FAILED, 500},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct air air = {.each_ms = rows[i].each_ms};
        struct card_proved proved;
        assert_int_equal(run(&air, &proved), ERR_OK);
        assert_int_equal(card_proof_of(&cards, &proved), rows[i].proof);
        assert_int_equal(proved.exchange_ms, rows[i].took_ms);
        assert_int_equal(air.selections, 0); /* a slow card is not asked again */
    }
}

static void a_moved_card_is_asked_once_more(void **state)
{
    (void)state;
    static const enum trouble plans[][4] = {
        {LOST},
        { FINE,     LOST},
        { FINE, FINE, LOST},
    };
    for (size_t i = 0; i < ARRAY_LEN(plans); i++) {
        struct air air = {.each_ms = 5, .plan = plans[i], .planned = 4};
        struct card_proved proved;
        assert_int_equal(run(&air, &proved), ERR_OK);
        assert_int_equal(card_proof_of(&cards, &proved), CARD_PROOF_GIVEN);
        assert_int_equal(proved.exchange_ms, 15); /* of the second try */
        assert_int_equal(air.selections, 1);
        assert_int_equal(air.filled, 2 * AES_BLOCK_SIZE); /* a fresh random for each */
    }
}

static void a_card_that_stays_silent_or_goes(void **state)
{
    (void)state;
    static const enum trouble lost[] = {LOST, LOST, LOST, LOST};
    for (int gone = 0; gone < 2; gone++) {
        struct air air = {
            .each_ms = 5, .plan = lost, .planned = ARRAY_LEN(lost), .gone = gone != 0};
        struct card_proved proved;
        assert_int_equal(run(&air, &proved), ERR_OK);
        assert_int_equal(card_proof_of(&cards, &proved), CARD_PROOF_FAILED);
        assert_string_equal(proved.why, "it does not answer");
        assert_int_equal(air.exchanges, gone != 0 ? 1 : 2);
    }
}

static void nonsense_is_final(void **state)
{
    (void)state;
    static const enum trouble plan[] = {FINE, TOO_LONG};
    struct air air = {.each_ms = 5, .plan = plan, .planned = ARRAY_LEN(plan)};
    struct card_proved proved;
    assert_int_equal(run(&air, &proved), ERR_OK);
    assert_int_equal(card_proof_of(&cards, &proved), CARD_PROOF_FAILED);
    assert_string_equal(proved.why, "its answer is not one of a DESFire card");
    assert_int_equal(air.selections, 0);
}

static void a_failing_reader_says_nothing_of_the_card(void **state)
{
    (void)state;
    static const enum trouble fails[] = {FINE, READER_FAILS};
    static const enum trouble lost[] = {LOST};
    struct air airs[] = {
        {.each_ms = 5,  .plan = fails,              .planned = ARRAY_LEN(fails)},
        { .each_ms = 5, .plan = lost, .planned = ARRAY_LEN(lost),        .select_err = ERR_IO},
    };
    for (size_t i = 0; i < ARRAY_LEN(airs); i++) {
        struct card_proved proved = {.why = "untouched"};
        assert_int_equal(run(&airs[i], &proved), ERR_IO);
        assert_string_equal(proved.why, "untouched");
    }
}

static int start(void **state)
{
    (void)state;
    return seal_init(NULL) == ERR_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_time_is_the_cards),
        cmocka_unit_test(a_moved_card_is_asked_once_more),
        cmocka_unit_test(a_card_that_stays_silent_or_goes),
        cmocka_unit_test(nonsense_is_final),
        cmocka_unit_test(a_failing_reader_says_nothing_of_the_card),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}

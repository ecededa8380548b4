/* Goal: a day's key comes out of its box with the private half of the recovery key, of its own day
 * and unchanged, and not otherwise. Method: round trips, another key, another day, every byte
 * changed.
 */
#include "common/seal/day_box.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"

struct scene {
    struct seal_box_secret secret;
    struct seal_box_public public;
    struct seal_key key;
    uint8_t box[DAY_BOX_SIZE];
};

static int set_up(void **state)
{
    static struct scene s;
    seal_box_draw(entropy_system(), &s.secret, &s.public);
    s.key = seal_key_draw(entropy_system());
    assert_int_equal(day_box_close(&s.public, 20000, &s.key, entropy_system(), s.box, NULL),
                     ERR_OK);
    *state = &s;
    return 0;
}

static void opens_with_the_private_half(void **state)
{
    struct scene *s = *state;
    struct seal_key got;
    assert_int_equal(day_box_open(&s->secret, 20000, s->box, &got, NULL), ERR_OK);
    assert_memory_equal(got.bytes, s->key.bytes, sizeof(got.bytes));
}

static void not_with_another_key_or_of_another_day(void **state)
{
    struct scene *s = *state;
    struct seal_box_secret other;
    struct seal_box_public other_public;
    struct seal_key got;
    seal_box_draw(entropy_system(), &other, &other_public);
    assert_int_equal(day_box_open(&other, 20000, s->box, &got, NULL), ERR_CORRUPT);
    assert_int_equal(day_box_open(&s->secret, 20001, s->box, &got, NULL), ERR_CORRUPT);
}

static void not_changed(void **state)
{
    struct scene *s = *state;
    struct seal_key got;
    for (size_t i = 0; i < DAY_BOX_SIZE; i++) {
        s->box[i] ^= 1;
        assert_int_equal(day_box_open(&s->secret, 20000, s->box, &got, NULL), ERR_CORRUPT);
        s->box[i] ^= 1;
    }
}

static void its_id_is_of_key_and_recovery_key(void **state)
{
    struct scene *s = *state;
    uint8_t first[DAY_BOX_ID_SIZE];
    uint8_t again[DAY_BOX_ID_SIZE];
    struct seal_key other_key = seal_key_draw(entropy_system());
    struct seal_box_secret other;
    struct seal_box_public other_public;
    seal_box_draw(entropy_system(), &other, &other_public);
    day_box_id(&s->public, &s->key, first);
    day_box_id(&s->public, &s->key, again);
    assert_memory_equal(first, again, sizeof(first));
    day_box_id(&s->public, &other_key, again);
    assert_memory_not_equal(first, again, sizeof(first));
    day_box_id(&other_public, &s->key, again);
    assert_memory_not_equal(first, again, sizeof(first));
}

int main(void)
{
    struct fault fault = {0};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(opens_with_the_private_half, set_up),
        cmocka_unit_test_setup(not_with_another_key_or_of_another_day, set_up),
        cmocka_unit_test_setup(not_changed, set_up),
        cmocka_unit_test_setup(its_id_is_of_key_and_recovery_key, set_up),
    };
    MUST(seal_init(&fault) == ERR_OK);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

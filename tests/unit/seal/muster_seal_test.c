/* Goal: a list opens with its own key only, each part in its own place, whole. Method: round trips,
 * and every place, key and length that is another one. */
#include "common/seal/muster_seal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"

static const struct muster_place here = {.sequence = 900, .part = 2, .last = false};

struct sealed {
    struct seal_key key;
    uint8_t bytes[3 + SEAL_OVERHEAD];
};

static struct sealed seal_abc(void)
{
    struct sealed s;
    MUST(seal_init(NULL) == ERR_OK);
    s.key = seal_key_draw(entropy_system());
    muster_seal_part(&s.key, here, entropy_system(), bytes_of_text("abc"), s.bytes,
                     sizeof(s.bytes));
    return s;
}

static enum err open_at(const struct sealed *s, struct muster_place place)
{
    uint8_t out[16];
    size_t size = 0;
    enum err err =
        muster_open_part(&s->key, place, BYTES_OF(s->bytes), out, sizeof(out), &size, NULL);
    if (err == ERR_OK) {
        assert_int_equal(size, 3);
        assert_memory_equal(out, "abc", 3);
    }
    return err;
}

static void a_part_opens_in_its_place_only(void **state)
{
    (void)state;
    struct sealed s = seal_abc();
    assert_int_equal(open_at(&s, here), ERR_OK);
    struct muster_place other = here;
    other.sequence++;
    assert_int_equal(open_at(&s, other), ERR_CORRUPT); /* of another list */
    other = here;
    other.part++;
    assert_int_equal(open_at(&s, other), ERR_CORRUPT); /* in another order */
    other = here;
    other.last = true;
    assert_int_equal(open_at(&s, other), ERR_CORRUPT); /* those behind it cut off */
    for (size_t i = 0; i < sizeof(s.bytes); i++) {
        s.bytes[i] ^= 1;
        assert_int_equal(open_at(&s, here), ERR_CORRUPT);
        s.bytes[i] ^= 1;
    }
    s.key.bytes[0] ^= 1;
    assert_int_equal(open_at(&s, here), ERR_CORRUPT);
}

static void the_key_opens_for_the_muster_key_only(void **state)
{
    (void)state;
    MUST(seal_init(NULL) == ERR_OK);
    struct seal_box_secret secret;
    struct seal_box_secret other;
    struct seal_box_public to;
    struct seal_box_public ignored;
    struct seal_key key = seal_key_draw(entropy_system());
    struct seal_key opened = {{0}};
    uint8_t box[MUSTER_KEY_BOX_SIZE];
    seal_box_draw(entropy_system(), &secret, &to);
    seal_box_draw(entropy_system(), &other, &ignored);
    assert_int_equal(muster_close_key(&to, entropy_system(), &key, box, NULL), ERR_OK);
    assert_int_equal(muster_open_key(&secret, BYTES_OF(box), &opened, NULL), ERR_OK);
    assert_memory_equal(opened.bytes, key.bytes, sizeof(key.bytes));
    assert_int_equal(muster_open_key(&other, BYTES_OF(box), &opened, NULL), ERR_CORRUPT);
    for (size_t size = 0; size < sizeof(box); size++) {
        struct bytes cut = {.data = box, .size = size};
        assert_int_equal(muster_open_key(&secret, cut, &opened, NULL), ERR_CORRUPT);
    }
    memset(&to, 0, sizeof(to));
    assert_int_equal(muster_close_key(&to, entropy_system(), &key, box, NULL), ERR_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_part_opens_in_its_place_only),
        cmocka_unit_test(the_key_opens_for_the_muster_key_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

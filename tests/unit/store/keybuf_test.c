/* Goal: keys sort as their parts do and come apart as they went in. Method: pairs of neighbours in
 * every part's order, one round trip, every truncation of a key. */
#include "common/store/keybuf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"
#include "common/store/crc32.h"

static struct keybuf key_of(const char *name, int64_t us, uint32_t number)
{
    struct keybuf key;
    struct name lane;
    MUST(name_from_text(name, &lane));
    keybuf_begin(&key);
    keybuf_name(&key, lane);
    keybuf_wall(&key, (struct wall){us});
    keybuf_u32(&key, number);
    return key;
}

static bool sorts_before(struct keybuf a, struct keybuf b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    int order = memcmp(a.bytes, b.bytes, common);
    return order < 0 || (order == 0 && a.size < b.size);
}

static void parts_sort_in_their_order(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t us;
        uint32_t number;
    } rising[] = {
        {"a",   INT64_MIN, 0         },
        {"a",   -1,        9         },
        {"a",   0,         0         },
        {"a",   255,       255       },
        {"a",   255,       256       },
        {"a",   256,       0         },
        {"a",   INT64_MAX, UINT32_MAX},
        {"a-b", INT64_MIN, 0         },
        {"ab",  INT64_MIN, 0         },
        {"b",   0,         0         },
    };
    for (size_t i = 0; i + 1 < ARRAY_LEN(rising); i++) {
        assert_true(
            sorts_before(key_of(rising[i].name, rising[i].us, rising[i].number),
                         key_of(rising[i + 1].name, rising[i + 1].us, rising[i + 1].number)));
    }
}

static void keys_come_apart_and_truncations_are_bad(void **state)
{
    (void)state;
    struct keybuf key = key_of("gate-1", -5, 7);
    struct handle handle = {
        {1, 2, 3}
    };
    keybuf_handle(&key, handle);
    keybuf_u8(&key, 0xfe);
    keybuf_u64(&key, 1);
    keybuf_bytes(&key, bytes_of_text("end"));
    struct bytes whole = keybuf_view(&key);
    assert_int_equal(whole.size, 7 + 8 + 4 + 16 + 1 + 8 + 3);
    for (size_t cut = 0; cut <= whole.size; cut++) {
        struct reader r = reader_of((struct bytes){.data = whole.data, .size = cut});
        struct name name = keybuf_read_name(&r);
        struct wall time = keybuf_read_wall(&r);
        uint32_t number = reader_u32(&r);
        struct handle read = keybuf_read_handle(&r);
        uint8_t byte = reader_u8(&r);
        uint64_t big = reader_u64(&r);
        struct bytes end = reader_bytes(&r, 3);
        assert_int_equal(reader_done(&r), cut == whole.size);
        if (cut == whole.size) {
            assert_string_equal(name.text, "gate-1");
            assert_true(time.us == -5 && number == 7 && byte == 0xfe && big == 1);
            assert_true(handle_equal(read, handle));
            assert_true(bytes_equal(end, bytes_of_text("end")));
        }
    }
}

static void a_name_without_end_is_bad(void **state)
{
    (void)state;
    uint8_t raw[NAME_SIZE + 1];
    memset(raw, 'a', sizeof(raw));
    struct reader r = reader_of(BYTES_OF(raw));
    struct name name = keybuf_read_name(&r);
    assert_true(r.bad);
    assert_string_equal(name.text, "");
}

static void crc_is_the_standard_one(void **state)
{
    (void)state;
    assert_true(crc32_add(0, bytes_of_text("123456789")) == 0xcbf43926);
    assert_true(crc32_add(crc32_add(0, bytes_of_text("1234")), bytes_of_text("56789")) ==
                0xcbf43926);
    assert_true(crc32_add(0, bytes_of_text("")) == 0);
}

static uint32_t crc_bit_by_bit(const uint8_t *data, size_t size)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < 8 * size; i++) {
        uint32_t bit = (uint32_t)data[i / 8] >> i % 8 & 1U;
        crc = crc >> 1 ^ ((crc & 1U) != bit ? 0xedb88320U : 0U);
    }
    return ~crc;
}

static void crc_is_the_same_for_every_length_and_place(void **state)
{
    (void)state;
    uint8_t data[80];
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(i * 151 + 7);
    }
    for (size_t first = 0; first < 16; first++) {
        for (size_t size = 0; first + size <= sizeof(data); size++) {
            struct bytes run = {.data = data + first, .size = size};
            assert_true(crc32_add(0, run) == crc_bit_by_bit(run.data, size));
        }
    }
    for (unsigned byte = 0; byte < 256; byte++) {
        uint8_t eight[9] = {(uint8_t)byte, 0, (uint8_t)byte, 1, 2, 3, 4, 5, (uint8_t)byte};
        assert_true(crc32_add(0, BYTES_OF(eight)) == crc_bit_by_bit(eight, sizeof(eight)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_sort_in_their_order),
        cmocka_unit_test(keys_come_apart_and_truncations_are_bad),
        cmocka_unit_test(a_name_without_end_is_bad),
        cmocka_unit_test(crc_is_the_standard_one),
        cmocka_unit_test(crc_is_the_same_for_every_length_and_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

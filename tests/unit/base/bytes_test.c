/* Goal: a cursor never leaves its buffer and says so. Method: write, read back, then every truncation. */
#include "common/base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void round_trip_and_every_truncation(void **state)
{
    (void)state;
    uint8_t buffer[64];
    struct writer w = writer_of(buffer, sizeof(buffer));
    writer_u8(&w, 0xa1);
    writer_u16(&w, 0xb2c3);
    writer_u32(&w, 0xd4e5f607);
    writer_u64(&w, 0x0123456789abcdef);
    writer_run(&w, bytes_of_text("lane"));
    assert_false(w.bad);

    for (size_t cut = 0; cut <= w.size; cut++) {
        char text[8];
        struct reader r = reader_of((struct bytes){.data = buffer, .size = cut});
        uint8_t a = reader_u8(&r);
        uint16_t b = reader_u16(&r);
        uint32_t c = reader_u32(&r);
        uint64_t d = reader_u64(&r);
        reader_text(&r, text, sizeof(text));
        assert_int_equal(reader_done(&r), cut == w.size);
        if (cut == w.size) {
            assert_int_equal(a, 0xa1);
            assert_int_equal(b, 0xb2c3);
            assert_int_equal(c, 0xd4e5f607);
            assert_true(d == 0x0123456789abcdef);
            assert_string_equal(text, "lane");
        }
    }
}

static void writer_stops_at_its_end(void **state)
{
    (void)state;
    uint8_t buffer[3];
    struct writer w = writer_of(buffer, sizeof(buffer));
    writer_u16(&w, 1);
    writer_u16(&w, 2);
    assert_true(w.bad);
    assert_int_equal(writer_view(&w).size, 0);
}

static void text_with_nul_or_too_long_is_bad(void **state)
{
    (void)state;
    char out[4];
    uint8_t with_nul[] = {0, 2, 'a', 0};
    struct reader r = reader_of(BYTES_OF(with_nul));
    reader_text(&r, out, sizeof(out));
    assert_true(r.bad);
    uint8_t too_long[] = {0, 4, 'a', 'b', 'c', 'd'};
    r = reader_of(BYTES_OF(too_long));
    reader_text(&r, out, sizeof(out));
    assert_true(r.bad);
    assert_string_equal(out, "");
}

static void hex_both_ways(void **state)
{
    (void)state;
    uint8_t out[2];
    char text[5];
    assert_true(bytes_from_hex("0aFf", out, 2));
    bytes_to_hex(BYTES_OF(out), text, sizeof(text));
    assert_string_equal(text, "0aff");
    assert_false(bytes_from_hex("0aF", out, 2));
    assert_false(bytes_from_hex("0aFg", out, 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip_and_every_truncation),
        cmocka_unit_test(writer_stops_at_its_end),
        cmocka_unit_test(text_with_nul_or_too_long_is_bad),
        cmocka_unit_test(hex_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Goal: a zone file is read whole or refused with a clear fault. Method: real files, every
 * truncation and every single-byte change of one, and hand-made files for each refusal. */
#include "common/base/tz.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"

#define ZONES PARKGATE_SOURCE_DIR "/tests/data/zoneinfo"

static struct tz_table table;

static size_t read_whole(const char *path, uint8_t *out, size_t capacity)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t size = fread(out, 1, capacity, file);
    assert_int_equal(fclose(file), 0);
    assert_true(size > 0 && size < capacity);
    return size;
}

static void the_systems_shanghai(void **state)
{
    (void)state;
    struct fault fault = {0};
    if (tz_load(TZ_DIRECTORY, "Asia/Shanghai", &table, &fault) != ERR_OK) {
        fail_msg("%s", fault.what);
    }
    assert_string_equal(table.name, "Asia/Shanghai");
    assert_true(table.version != 0 && table.transition_count > 0);
    assert_true(table.tail.present && !table.tail.has_dst);
    assert_int_equal(table.tail.standard_s, 8 * 3600);
}

static void footers(void **state)
{
    (void)state;
    static const struct {
        const char *zone;
        int32_t standard_s, dst_s;
        struct tz_change begins, ends;
    } rows[] = {
        {"Europe/Berlin",
         3600,   7200,
         {TZ_DAY_MONTH_WEEK, 0, 3, 5, 7200},
         {TZ_DAY_MONTH_WEEK, 0, 10, 5, 10800}},
        {"America/New_York",
         -18000,
         -14400,
         {TZ_DAY_MONTH_WEEK, 0, 3, 2, 7200},
         {TZ_DAY_MONTH_WEEK, 0, 11, 1, 7200} },
        {"Australia/Lord_Howe",
         37800,  39600,
         {TZ_DAY_MONTH_WEEK, 0, 10, 1, 7200},
         {TZ_DAY_MONTH_WEEK, 0, 4, 1, 7200}  },
        {"Europe/Dublin",
         3600,   0,
         {TZ_DAY_MONTH_WEEK, 0, 10, 5, 7200},
         {TZ_DAY_MONTH_WEEK, 0, 3, 5, 3600}  },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(tz_load(ZONES, rows[i].zone, &table, NULL), ERR_OK);
        assert_true(table.tail.has_dst);
        assert_int_equal(table.tail.standard_s, rows[i].standard_s);
        assert_int_equal(table.tail.dst_s, rows[i].dst_s);
        assert_int_equal(table.tail.dst_begins.month, rows[i].begins.month);
        assert_int_equal(table.tail.dst_begins.week, rows[i].begins.week);
        assert_int_equal(table.tail.dst_begins.time_s, rows[i].begins.time_s);
        assert_int_equal(table.tail.dst_ends.month, rows[i].ends.month);
        assert_int_equal(table.tail.dst_ends.week, rows[i].ends.week);
        assert_int_equal(table.tail.dst_ends.time_s, rows[i].ends.time_s);
    }
}

static void the_version_names_the_bytes(void **state)
{
    (void)state;
    uint8_t file[8192];
    size_t size = read_whole(ZONES "/Asia/Shanghai", file, sizeof(file));
    struct bytes whole = {.data = file, .size = size};
    assert_int_equal(tz_parse("Asia/Shanghai", whole, &table, NULL), ERR_OK);
    uint64_t version = table.version;
    file[5] ^= 1; /* an unused byte of the header */
    assert_int_equal(tz_parse("Asia/Shanghai", whole, &table, NULL), ERR_OK);
    assert_true(table.version != version);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    uint8_t file[8192];
    size_t size = read_whole(ZONES "/Australia/Lord_Howe", file, sizeof(file));
    for (size_t cut = 0; cut < size; cut++) {
        struct fault fault = {0};
        enum err err = tz_parse("Z", (struct bytes){.data = file, .size = cut}, &table, &fault);
        /* Cut after the newline that begins the footer, it ends in no newline, or reads as empty.
         */
        assert_int_equal(err, ERR_CORRUPT);
        assert_non_null(strstr(fault.what, "tzdata"));
    }
}

static void every_changed_byte_is_survived(void **state)
{
    (void)state;
    uint8_t file[8192];
    size_t size = read_whole(ZONES "/Asia/Shanghai", file, sizeof(file));
    size_t refused = 0;
    for (size_t i = 0; i < size; i++) {
        for (unsigned flip = 1; flip < 256; flip += 5) {
            file[i] ^= (uint8_t)flip;
            refused +=
                tz_parse("Z", (struct bytes){.data = file, .size = size}, &table, NULL) != ERR_OK;
            file[i] ^= (uint8_t)flip;
        }
    }
    assert_true(refused > 0);
}

/* A small version 2 file: empty first block, then `type_count` types, no transitions, a footer. */
static size_t make_file(uint8_t *out, size_t capacity, char version, uint32_t leaps,
                        uint32_t type_count, int32_t offset_s, const char *footer)
{
    struct writer w = writer_of(out, capacity);
    for (int block = 0; block < 2; block++) {
        uint32_t types = block == 0 ? 0 : type_count;
        writer_bytes(&w, bytes_of_text("TZif"));
        writer_u8(&w, (uint8_t)version);
        writer_bytes(&w, (struct bytes){.data = (const uint8_t *)"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
                                        .size = 15});
        writer_u32(&w, 0);
        writer_u32(&w, 0);
        writer_u32(&w, block == 0 ? 0 : leaps);
        writer_u32(&w, 0);
        writer_u32(&w, types);
        writer_u32(&w, types > 0 ? 4 : 0);
        for (uint32_t i = 0; i < types; i++) {
            writer_u32(&w, (uint32_t)offset_s);
            writer_u16(&w, 0);
        }
        if (types > 0) {
            writer_bytes(&w, (struct bytes){.data = (const uint8_t *)"UTC", .size = 4});
        }
    }
    writer_bytes(&w, bytes_of_text(footer));
    assert_false(w.bad);
    return w.size;
}

static void made_files(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        char version;
        uint32_t leaps, types;
        int32_t offset_s;
        const char *footer;
        enum err expected;
    } rows[] = {
        {"good",                   '2',  0,  1,                0,         "\nUTC0\n",                    ERR_OK         },
        {"newer version",          '4',  0,  1,                0,         "\nUTC0\n",                    ERR_OK         },
        {"no rule for the future", '2',  0,  1,                0,         "\n\n",                        ERR_OK         },
        {"quoted name, minutes",   '3',  0,  1,                0,         "\n<+0545>-5:45\n",            ERR_OK         },
        {"summer time all year",   '3',  0,  1,                0,         "\nXXX3EDT4,0/0,J365/23\n",    ERR_OK         },
        {"version 1",              '\0', 0,  1,                0,         "\nUTC0\n",                    ERR_UNSUPPORTED},
        {"leap seconds",           '2',  27, 1,                0,         "\nUTC0\n",                    ERR_UNSUPPORTED},
        {"too many types",         '2',  0,  TZ_TYPES_MAX + 1, 0,         "\nUTC0\n",                    ERR_UNSUPPORTED},
        {"no type",                '2',  0,  0,                0,         "\nUTC0\n",                    ERR_CORRUPT    },
        {"offset of 27 hours",     '2',  0,  1,                27 * 3600, "\nUTC0\n",                    ERR_CORRUPT    },
        {"no footer",              '2',  0,  1,                0,         "",                            ERR_CORRUPT    },
        {"footer without its end", '2',  0,  1,                0,         "\nUTC0",                      ERR_CORRUPT    },
        {"short name",             '2',  0,  1,                0,         "\nUT0\n",                     ERR_CORRUPT    },
        {"no offset",              '2',  0,  1,                0,         "\nUTC\n",                     ERR_CORRUPT    },
        {"hour 25",                '2',  0,  1,                0,         "\nUTC25\n",                   ERR_CORRUPT    },
        {"begin without end",      '2',  0,  1,                0,         "\nAAA0BBB,M3.5.0\n",          ERR_CORRUPT    },
        {"month 13",               '2',  0,  1,                0,         "\nAAA0BBB,M13.5.0,M10.5.0\n", ERR_CORRUPT    },
        {"week 6",                 '2',  0,  1,                0,         "\nAAA0BBB,M3.6.0,M10.5.0\n",  ERR_CORRUPT    },
        {"weekday 7",              '2',  0,  1,                0,         "\nAAA0BBB,M3.5.7,M10.5.0\n",  ERR_CORRUPT    },
        {"day J366",               '2',  0,  1,                0,         "\nAAA0BBB,J366,M10.5.0\n",    ERR_CORRUPT    },
        {"text behind",            '2',  0,  1,                0,         "\nUTC0 \n",                   ERR_CORRUPT    },
        {"text behind a rule",     '2',  0,  1,                0,         "\nAAA0BBB,M3.5.0,M10.5.0x\n", ERR_CORRUPT    },
        {"open quote",             '2',  0,  1,                0,         "\n<+05-5\n",                  ERR_CORRUPT    },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint8_t file[1024];
        size_t size = make_file(file, sizeof(file), rows[i].version, rows[i].leaps, rows[i].types,
                                rows[i].offset_s, rows[i].footer);
        struct fault fault = {0};
        enum err err = tz_parse("X/Y", (struct bytes){.data = file, .size = size}, &table, &fault);
        if (err != rows[i].expected || (err != ERR_OK && strstr(fault.what, "X/Y") == NULL)) {
            fail_msg("%s: %s (%s)", rows[i].label, err_name(err), fault.what);
        }
    }
}

/* Where the parts of the second block of `file` begin, from the counts of both headers. */
struct layout {
    size_t times, indices, types;
    uint8_t type_count, char_count;
};

static struct layout layout_of(struct bytes file)
{
    uint32_t counts[6] = {0};
    size_t block = 0;
    for (int header = 0; header < 2; header++) {
        struct reader r = reader_of(file);
        size_t skip = header == 0 ? 0
                                  : 44 + (size_t)counts[3] * 5 + counts[4] * 6 + counts[5] +
                                        counts[1] + counts[0];
        (void)reader_bytes(&r, skip + 20);
        for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
            counts[i] = reader_u32(&r);
        }
        assert_false(r.bad);
        block = skip + 44;
    }
    return (struct layout){.times = block,
                           .indices = block + (size_t)counts[3] * 8,
                           .types = block + (size_t)counts[3] * 9,
                           .type_count = (uint8_t)counts[4],
                           .char_count = (uint8_t)counts[5]};
}

static void broken_blocks(void **state)
{
    (void)state;
    enum { EQUAL_TIMES, INDEX_TOO_LARGE, BAD_DST, BAD_NAME, BREAKS };
    uint8_t good[8192];
    size_t size = read_whole(ZONES "/Asia/Shanghai", good, sizeof(good));
    struct layout at = layout_of((struct bytes){.data = good, .size = size});
    for (int which = 0; which < BREAKS; which++) {
        uint8_t file[8192];
        memcpy(file, good, size);
        if (which == EQUAL_TIMES) {
            memcpy(file + at.times + 8, file + at.times, 8);
        } else if (which == INDEX_TOO_LARGE) {
            file[at.indices] = at.type_count;
        } else if (which == BAD_DST) {
            file[at.types + 4] = 2;
        } else {
            file[at.types + 5] = at.char_count;
        }
        struct bytes broken = {.data = file, .size = size};
        assert_int_equal(tz_parse("Z", broken, &table, NULL), ERR_CORRUPT);
    }
}

static void names_stay_in_their_directory(void **state)
{
    (void)state;
    static const char *const bad[] = {"",          "/etc/passwd", "../passwd",
                                      "Asia/../x", "Asia//x",     "Asia/",
                                      ".",         "a b",         "Asia/Shanghai\n"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(tz_load(ZONES, bad[i], &table, NULL), ERR_INPUT);
    }
    struct fault fault = {0};
    assert_int_equal(tz_load(ZONES, "Asia/Nowhere", &table, &fault), ERR_NOT_FOUND);
    assert_non_null(strstr(fault.what, "Asia/Nowhere"));
    assert_int_equal(tz_load(ZONES, "Asia", &table, &fault), ERR_IO); /* a directory */
    assert_int_equal(tz_load(PARKGATE_SOURCE_DIR, "LICENSE-none", &table, &fault), ERR_NOT_FOUND);
}

static void a_failed_load_writes_nothing(void **state)
{
    (void)state;
    tz_utc(&table);
    assert_int_not_equal(tz_load(ZONES, "Asia/Nowhere", &table, NULL), ERR_OK);
    assert_string_equal(table.name, "UTC");
    assert_int_equal(table.first_offset_s, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_systems_shanghai),
        cmocka_unit_test(footers),
        cmocka_unit_test(the_version_names_the_bytes),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(every_changed_byte_is_survived),
        cmocka_unit_test(made_files),
        cmocka_unit_test(broken_blocks),
        cmocka_unit_test(names_stay_in_their_directory),
        cmocka_unit_test(a_failed_load_writes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Goal: only plates that the grammar knows are known, in one normal form. Method: every pattern
 * beside its nearest illegal neighbours; all provinces; a million seeded strings for idempotence;
 * wildcards; colours as a full table. */
#include "common/access/plate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/access/credential.h"
#include "common/base/must.h"

#define TEXT PLATE_SOURCE_TEXT
#define GAT  PLATE_SOURCE_GAT1400

static enum plate_status read_text(const char *text, struct plate *plate)
{
    return plate_read(bytes_of_text(text), TEXT, plate);
}

/* clang-format off */
static const struct {
    enum plate_kind kind;
    const char *legal;
    const char *illegal[6]; /* nearest neighbours: no Chinese plate at all */
} patterns[] = {
    {PLATE_KIND_ORDINARY, "浙A12345", {"浙I12345", "浙A1234", "浙112345", "台A12345", "浙A123456", "浙A1234学5"}},
    {PLATE_KIND_ORDINARY, "浙AB1C23", {"浙ABC1D3", "浙ABCDEF", "浙浙B1C23"}},
    {PLATE_KIND_ORDINARY, "浙O12345", {"浙12345"}},
    {PLATE_KIND_ORDINARY, "京U00001", {"京U0000学1"}},
    {PLATE_KIND_NEW_ENERGY_SMALL, "浙AD12345", {"浙AL12345", "浙A212345", "浙AD1234E5", "浙AD123456", "浙ADAB345", "浙AX12345"}},
    {PLATE_KIND_NEW_ENERGY_SMALL, "浙AFA2345", {"浙AFAB345"}},
    {PLATE_KIND_NEW_ENERGY_LARGE, "浙A12345F", {"浙A12345L", "浙A1234AF", "浙A123456F"}},
    {PLATE_KIND_POLICE, "浙A1234警", {"浙A123警", "浙A12345警", "浙A12A4警", "浙I1234警"}},
    {PLATE_KIND_POLICE, "浙AD123警", {"浙AE123警", "浙A1D23警"}},
    {PLATE_KIND_EMBASSY, "224578使", {"22457使", "2245788使", "A24578使", "224578领"}},
    {PLATE_KIND_CONSULATE, "沪A1234领", {"浙A1234领", "沪B1234领", "沪A123领", "沪A12345领", "闽A1234领", "鲁A1234领"}},
    {PLATE_KIND_CONSULATE, "蒙H1234领", {"蒙B1234领"}},
    {PLATE_KIND_ARMED_POLICE, "WJ12345", {"WJ1234A", "WJ123456", "WK12345", "WJ1234"}},
    {PLATE_KIND_ARMED_POLICE, "WJ浙1234T", {"WJ浙1234A", "WJ台1234T", "WJ浙123T", "WJ浙12345T"}},
    {PLATE_KIND_MILITARY, "VA12345", {"AA12345", "VI12345", "VE12345", "VA1234", "VA1234A", "VA123456"}},
    {PLATE_KIND_MILITARY, "HO12345", {"HU12345"}},
    {PLATE_KIND_LEARNER, "浙A1234学", {"浙A123学", "浙A12345学", "浙I1234学", "浙A1234字"}},
    {PLATE_KIND_TRAILER, "浙A1B34挂", {"浙A1B3挂", "浙A1B345挂"}},
    {PLATE_KIND_HONG_KONG, "粤Z1234港", {"粤A1234港", "浙Z1234港", "粤Z123港", "粤Z12345港"}},
    {PLATE_KIND_MACAO, "粤ZAB34澳", {"粤A1234澳", "粤Z123澳", "粤Z12345澳"}},
    {PLATE_KIND_EMERGENCY, "浙X0001应急", {"浙X001应急", "浙X00011应急", "浙X0001应", "浙X0001急"}},
    {PLATE_KIND_OVERSIZE, "浙A1234超", {"浙A123超"}},
    {PLATE_KIND_TEMPORARY, "浙A1234临", {"浙A123临"}},
    {PLATE_KIND_CIVIL_AVIATION, "民航A1234", {"民航11234", "民航A123", "民航A12345", "民A1234", "航民A1234"}},
};
/* clang-format on */

static void patterns_and_their_neighbours(void **state)
{
    (void)state;
    bool seen[PLATE_KIND_CIVIL_AVIATION + 1] = {false};
    for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
        struct plate plate;
        enum plate_status status = read_text(patterns[i].legal, &plate);
        if (status != PLATE_OK || plate.kind != patterns[i].kind || !plate_is_exact(&plate)) {
            fail_msg("%s: status %d, %s", patterns[i].legal, (int)status,
                     plate_kind_name(plate.kind));
        }
        assert_string_equal(plate.text, patterns[i].legal);
        seen[plate.kind] = true;
        for (size_t n = 0; n < 6 && patterns[i].illegal[n] != NULL; n++) {
            status = read_text(patterns[i].illegal[n], &plate);
            if (status != PLATE_FOREIGN || plate_is_exact(&plate)) {
                fail_msg("%s: status %d, %s", patterns[i].illegal[n], (int)status,
                         plate_kind_name(plate.kind));
            }
        }
    }
    for (int kind = PLATE_KIND_ORDINARY; kind <= PLATE_KIND_CIVIL_AVIATION; kind++) {
        assert_true(seen[kind]);
    }
}

static const char *const provinces[] = {
    "京", "津", "沪", "渝", "冀", "豫", "云", "辽", "黑", "湘", "皖", "鲁", "新", "苏", "浙", "赣",
    "鄂", "桂", "甘", "晋", "蒙", "陕", "吉", "闽", "贵", "粤", "青", "藏", "川", "宁", "琼"};

static void all_provinces(void **state)
{
    (void)state;
    assert_int_equal(ARRAY_LEN(provinces), 31);
    for (size_t i = 0; i < ARRAY_LEN(provinces); i++) {
        char text[32];
        struct plate plate;
        (void)snprintf(text, sizeof(text), "%sA12345", provinces[i]);
        assert_int_equal(read_text(text, &plate), PLATE_OK);
        assert_int_equal(plate.points, 7);
    }
}

static void every_consulate(void **state)
{
    (void)state;
    static const char *const legal =
        "沪A 粤A 川A 云A 桂A 鄂A 闽D 鲁B 陕A 蒙A 蒙E 蒙H 藏A 黑A 辽A 渝A ";
    int found = 0;
    for (size_t i = 0; i < ARRAY_LEN(provinces); i++) {
        for (char c = 'A'; c <= 'Z'; c++) {
            char office[8];
            char text[32];
            struct plate plate;
            (void)snprintf(office, sizeof(office), "%s%c", provinces[i], c);
            (void)snprintf(text, sizeof(text), "%s1234领", office);
            bool is_legal = strstr(legal, office) != NULL;
            assert_int_equal(read_text(text, &plate), is_legal ? PLATE_OK : PLATE_FOREIGN);
            found += is_legal;
        }
    }
    assert_int_equal(found, 16);
}

static void every_office_letter(void **state)
{
    (void)state;
    for (char c = 'A'; c <= 'Z'; c++) {
        char text[32];
        struct plate plate;
        (void)snprintf(text, sizeof(text), "浙%c12345", c);
        assert_int_equal(read_text(text, &plate), c == 'I' ? PLATE_FOREIGN : PLATE_OK);
    }
}

static void new_energy_letters(void **state)
{
    (void)state;
    for (char c = 'A'; c <= 'Z'; c++) {
        char text[32];
        struct plate plate;
        bool legal = strchr("ABCDEFGHJK", c) != NULL;
        bool usual = c == 'D' || c == 'F';
        (void)snprintf(text, sizeof(text), "浙A%c12345", c);
        assert_int_equal(read_text(text, &plate), legal ? PLATE_OK : PLATE_FOREIGN);
        assert_int_equal(plate.unusual, legal && !usual);
        (void)snprintf(text, sizeof(text), "浙A12345%c", c);
        assert_int_equal(read_text(text, &plate), legal ? PLATE_OK : PLATE_FOREIGN);
        assert_int_equal(plate.unusual, legal && !usual);
    }
}

static void normal_form(void **state)
{
    (void)state;
    static const struct {
        const char *raw, *normal;
    } rows[] = {
        {"浙a12345",                   "浙A12345" },
        {"浙A·12345",                 "浙A12345" },
        {"浙A・12345",                "浙A12345" },
        {" 浙A 123-45 ",               "浙A12345" },
        {"浙Ａ１２３４５",       "浙A12345" },
        {"浙ａ－１２３４５　", "浙A12345" },
        {"浙A\xc2\xa0"
         "12345\t",            "浙A12345" },
        {"浙OO1I34",                   "浙O01134" }, /* O stays in position 2, folds in position 3 */
        {"浙Ao1i34",                   "浙A01134" },
        {"浙Ｏｏ１Ｉ34",           "浙O01134" },
        {"浙AD1234O",                  "浙AD12340"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct plate plate;
        if (read_text(rows[i].raw, &plate) != PLATE_OK || strcmp(plate.text, rows[i].normal) != 0) {
            fail_msg("%s: %s", rows[i].raw, plate.text);
        }
    }
}

static void no_plate_and_bad_text(void **state)
{
    (void)state;
    static const struct {
        const char *raw;
        enum plate_status expected;
    } rows[] = {
        {"无车牌",             PLATE_NONE    },
        {" 无 车 牌 ",         PLATE_NONE    },
        {"_无_",                 PLATE_NONE    },
        {"＿无＿",             PLATE_NONE    },
        {"",                      PLATE_NOT_READ},
        {"  ·- ",                PLATE_NOT_READ},
        {"unknown",               PLATE_NOT_READ},
        {"Unknown",               PLATE_NOT_READ},
        {"ＵＮＫＮＯＷＮ", PLATE_NOT_READ},
        {"UNKN0WN",               PLATE_FOREIGN },
        {"TRUCK 1",               PLATE_FOREIGN },
        {"浙A1234?",             PLATE_FOREIGN }, /* a typed question mark is no wildcard */
        {"\xd5\xe3"
         "A12345",       PLATE_BAD_TEXT}, /* GBK */
        {"浙A1234\x01",          PLATE_BAD_TEXT},
        {"浙A1234\x7f",          PLATE_BAD_TEXT},
        {"1234567890123",         PLATE_BAD_TEXT},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct plate plate;
        enum plate_status status = read_text(rows[i].raw, &plate);
        if (status != rows[i].expected) {
            fail_msg("%zu %s: status %d", i, rows[i].raw, (int)status);
        }
        assert_int_equal(plate.kind, PLATE_KIND_NONE);
        assert_true(status == PLATE_FOREIGN || plate.text[0] == '\0');
        assert_false(plate_is_exact(&plate));
    }
    struct plate plate;
    uint8_t with_nul[] = {'A', 0, 'B'};
    assert_int_equal(plate_read(BYTES_OF(with_nul), TEXT, &plate), PLATE_BAD_TEXT);
    uint8_t blanks[PLATE_RAW_MAX + 1];
    memset(blanks, ' ', sizeof(blanks));
    assert_int_equal(plate_read(BYTES_OF(blanks), TEXT, &plate), PLATE_BAD_TEXT);
    assert_int_equal(
        plate_read((struct bytes){.data = blanks, .size = PLATE_RAW_MAX}, TEXT, &plate),
        PLATE_NOT_READ);
}

static void wildcards_never_match(void **state)
{
    (void)state;
    static const struct {
        const char *raw, *normal;
        enum plate_status status;
        int wildcards;
    } rows[] = {
        {"浙A12-45",   "浙A12?45",  PLATE_OK,       1},
        {"-A12345",     "?A12345",    PLATE_OK,       1},
        {"浙A----5",   "浙A????5",  PLATE_OK,       4},
        {"浙A－2345", "浙A?2345",  PLATE_OK,       1},
        {"浙A?2345",   "浙A?2345",  PLATE_OK,       1},
        {"浙A·12345", "浙A12345",  PLATE_OK,       0},
        {"浙A-1234",   "浙A?1234",  PLATE_OK,       1}, /* no separator: seven characters, one unread */
        {"浙A-12345",  "浙A?12345", PLATE_OK,       1},
        {"-------",     "",           PLATE_NOT_READ, 0},
        {"浙A1-",      "浙A1?",     PLATE_FOREIGN,  1},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct plate plate;
        struct credential credential;
        enum plate_status status = plate_read(bytes_of_text(rows[i].raw), GAT, &plate);
        if (status != rows[i].status || strcmp(plate.text, rows[i].normal) != 0) {
            fail_msg("%s: status %d, %s", rows[i].raw, (int)status, plate.text);
        }
        assert_int_equal(plate.wildcards, rows[i].wildcards);
        bool exact = status == PLATE_OK && rows[i].wildcards == 0;
        assert_int_equal(plate_is_exact(&plate), exact);
        assert_int_equal(credential_from_plate(&plate, &credential), exact);
    }
}

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* A string of plate-like pieces, now and then with a byte that belongs nowhere. */
static size_t random_text(uint64_t *seed, char *out, size_t capacity)
{
    static const char *const pieces[] = {
        "浙",     "粤",      "京", "WJ", "A",    "B",    "D",    "F",       "I",  "O",
        "Z",      "o",       "i",  "d",  "0",    "1",    "2",    "9",       "１", "Ｏ",
        "ｉ",     "－",      "-",  "?",  "·",    "・",   " ",    "　",      "\t", "警",
        "学",     "挂",      "领", "使", "港",   "澳",   "应急", "民航",    "无", "_",
        "无车牌", "UNKNOWN", "é",  "𠀀", "\xff", "\x80", "\x01", "\xe6\xb5"};
    static const char *const starts[] = {"", "浙A", "粤Z", "浙AD", "WJ浙", "沪A", "民航"};
    const char *start = starts[next_random(seed) % ARRAY_LEN(starts)];
    size_t size = strlen(start);
    memcpy(out, start, size);
    size_t count = next_random(seed) % 8;
    for (size_t i = 0; i < count; i++) {
        size_t last = next_random(seed) % 16 == 0 ? ARRAY_LEN(pieces) : ARRAY_LEN(pieces) - 4;
        const char *piece = pieces[next_random(seed) % last];
        size_t length = strlen(piece);
        assert_true(size + length < capacity);
        memcpy(out + size, piece, length);
        size += length;
    }
    return size;
}

static void normalising_twice_changes_nothing(void **state)
{
    (void)state;
    uint64_t seed = 0x5eed20260501U;
    enum { RUNS = 1000000 };
    int known = 0;
    for (int run = 0; run < RUNS; run++) {
        char raw[128];
        size_t size = random_text(&seed, raw, sizeof(raw));
        enum plate_source source = run % 2 == 0 ? TEXT : GAT;
        struct plate once;
        struct plate twice;
        struct bytes text = {.data = (const uint8_t *)raw, .size = size};
        enum plate_status status = plate_read(text, source, &once);
        if (status != PLATE_OK && status != PLATE_FOREIGN) {
            continue;
        }
        known += status == PLATE_OK;
        enum plate_status again = plate_read(bytes_of_text(once.text), source, &twice);
        if (again != status || memcmp(&once, &twice, sizeof(once)) != 0) {
            fail_msg("seed run %d: %.*s: %s, then %s", run, (int)size, raw, once.text, twice.text);
        }
    }
    print_message("strings: %d, known plates among them: %d\n", RUNS, known);
    assert_true(known > 1000);
}

static void colours(void **state)
{
    (void)state;
    /* Columns: blue yellow green yellow-green black white; f fits, m misfit, . not judged. */
    static const struct {
        enum plate_kind kind;
        const char *fits;
    } rows[] = {
        {PLATE_KIND_NONE,             "......"},
        {PLATE_KIND_ORDINARY,         "ffmmfm"},
        {PLATE_KIND_NEW_ENERGY_SMALL, "mmfmmm"},
        {PLATE_KIND_NEW_ENERGY_LARGE, "mmffmm"},
        {PLATE_KIND_POLICE,           "mmmmmf"},
        {PLATE_KIND_EMBASSY,          "mmmmfm"},
        {PLATE_KIND_CONSULATE,        "mmmmfm"},
        {PLATE_KIND_ARMED_POLICE,     "mmmmmf"},
        {PLATE_KIND_MILITARY,         "mmmmmf"},
        {PLATE_KIND_LEARNER,          "mfmmmm"},
        {PLATE_KIND_TRAILER,          "mfmmmm"},
        {PLATE_KIND_HONG_KONG,        "mmmmfm"},
        {PLATE_KIND_MACAO,            "mmmmfm"},
        {PLATE_KIND_EMERGENCY,        "mmmmmf"},
        {PLATE_KIND_OVERSIZE,         "......"},
        {PLATE_KIND_TEMPORARY,        "......"},
        {PLATE_KIND_CIVIL_AVIATION,   "......"},
        {(enum plate_kind)99,         "......"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (int c = PLATE_COLOUR_BLUE; c <= PLATE_COLOUR_WHITE; c++) {
            char expected = rows[i].fits[c - 1];
            char got = ".fm"[plate_colour_check(rows[i].kind, (enum plate_colour)c)];
            if (got != expected) {
                fail_msg("%s %s: %c", plate_kind_name(rows[i].kind),
                         plate_colour_name((enum plate_colour)c), got);
            }
        }
        assert_int_equal(plate_colour_check(rows[i].kind, PLATE_COLOUR_UNKNOWN),
                         PLATE_COLOUR_NOT_JUDGED);
        assert_int_equal(plate_colour_check(rows[i].kind, (enum plate_colour)40),
                         PLATE_COLOUR_NOT_JUDGED);
    }
}

static void hikvisions_words(void **state)
{
    (void)state;
    assert_int_equal(plate_colour_from_hikvision(bytes_of_text("blue")), PLATE_COLOUR_BLUE);
    assert_int_equal(plate_colour_from_hikvision(bytes_of_text("YELLOW")), PLATE_COLOUR_YELLOW);
    assert_int_equal(plate_colour_from_hikvision(bytes_of_text("newenergygreen")),
                     PLATE_COLOUR_GREEN);
    assert_int_equal(plate_colour_from_hikvision(bytes_of_text("unknown")), PLATE_COLOUR_UNKNOWN);
    assert_int_equal(plate_colour_from_hikvision(bytes_of_text("bluegreen")), PLATE_COLOUR_UNKNOWN);
    assert_int_equal(plate_colour_from_hikvision((struct bytes){0}), PLATE_COLOUR_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_and_their_neighbours),
        cmocka_unit_test(all_provinces),
        cmocka_unit_test(every_consulate),
        cmocka_unit_test(every_office_letter),
        cmocka_unit_test(new_energy_letters),
        cmocka_unit_test(normal_form),
        cmocka_unit_test(no_plate_and_bad_text),
        cmocka_unit_test(wildcards_never_match),
        cmocka_unit_test(normalising_twice_changes_nothing),
        cmocka_unit_test(colours),
        cmocka_unit_test(hikvisions_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

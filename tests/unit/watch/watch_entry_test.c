/* Goal: an entry is taken only when each field holds what it may, and a refusal names the entry,
 * the field and why, in both languages. Method: one good entry, spoilt in one place at a time. */
#include "common/watch/watch_entry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/access/idnumber.h"
#include "common/base/must.h"
#include "common/seal/seal.h"
#include "common/watch/watch_form.h"
#include "tests/unit/watch/sample.h"

static bool read_entry(struct sample *s, struct watch_entry *ret, struct complaint *c)
{
    size_t size = watch_form_write(&s->entry.base, s->packed_entry, sizeof(s->packed_entry));
    assert_true(size != SIZE_MAX);
    return watch_entry_read((struct bytes){.data = s->packed_entry, .size = size}, sample_place(),
                            ret, c);
}

static void refused(struct sample *s, enum error_number number, const char *en, const char *zh)
{
    struct watch_entry entry;
    struct complaint c = {0};
    assert_false(read_entry(s, &entry, &c));
    sample_says(&c, number, en, zh);
}

static void test_a_good_entry_is_read_as_it_is(void **state)
{
    struct sample s;
    struct watch_entry entry;
    struct complaint c = {0};
    (void)state;
    sample_person(&s);
    assert_true(read_entry(&s, &entry, &c));
    assert_string_equal(entry.id, "e-17");
    assert_int_equal(entry.category, WATCH_CATEGORY_WARRANT);
    assert_int_equal(entry.matcher, WATCH_MATCHER_IDENTITY);
    assert_memory_equal(entry.match, s.hash, 32);
    assert_string_equal(entry.applicant, "张三");
    assert_string_equal(entry.case_number, "京公(刑)立字〔2026〕1234号");
    assert_string_equal(entry.legal_basis, "刑事诉讼法第八十条");
    assert_int_equal(entry.begin.us, SAMPLE_MADE_US);
    assert_int_equal(entry.end.us, SAMPLE_MADE_US + 30 * SAMPLE_DAY_US);
    assert_int_equal(entry.action, WATCH_ACTION_NOTIFY);
    assert_string_equal(entry.contact, "李警官 010-12345678");
    assert_int_equal(entry.instruction, WATCH_INSTRUCTION_CALL);
    sample_vehicle(&s);
    assert_true(read_entry(&s, &entry, &c));
    assert_int_equal(watch_entry_match(&entry).size, strlen("京A12345"));
}

static void test_an_entry_has_one_form(void **state)
{
    struct sample s;
    struct watch_entry entry;
    struct watch_entry again;
    struct complaint c = {0};
    uint8_t out[LIMIT_WATCH_ENTRY_BYTES];
    (void)state;
    sample_person(&s);
    assert_true(read_entry(&s, &entry, &c));
    size_t size = watch_entry_write(&entry, out);
    assert_int_equal(size, parkgate__watch_entry__get_packed_size(&s.entry));
    assert_memory_equal(out, s.packed_entry, size);
    assert_true(watch_entry_again((struct bytes){.data = out, .size = size}, &again));
    assert_memory_equal(&again, &entry, sizeof(entry));
    assert_false(watch_entry_again((struct bytes){.data = out, .size = size - 1}, &again));
}

static void test_missing_fields(void **state)
{
    struct sample s;
    (void)state;
#define MISSING(field, none, word)                                                                 \
    do {                                                                                           \
        sample_person(&s);                                                                         \
        s.entry.field = none;                                                                      \
        refused(&s, ERROR_WATCH_MISSING, "change 3, entry \"e-17\": " word " is missing",          \
                "第 3 条，条目“e-17”：缺少 " word);                                                \
    } while (0)
    MISSING(applicant, (char[]){""}, "applicant");
    MISSING(case_number, (char[]){""}, "case number");
    MISSING(legal_basis, (char[]){""}, "legal basis");
    MISSING(contact, (char[]){""}, "contact");
    MISSING(begin_us, 0, "begin");
    MISSING(end_us, 0, "end");
    MISSING(category, 0, "category");
    MISSING(matcher, 0, "matcher");
    MISSING(action, 0, "action");
    MISSING(instruction, 0, "instruction");
    MISSING(match, ((ProtobufCBinaryData){0}), "match");
    sample_person(&s);
    s.entry.id = (char[]){""};
    refused(&s, ERROR_WATCH_MISSING, "change 3, entry \"?\": id is missing",
            "第 3 条，条目“?”：缺少 id");
}

static void test_words_that_nobody_knows(void **state)
{
    struct sample s;
    (void)state;
#define UNKNOWN(field, value, word)                                                                \
    do {                                                                                           \
        sample_person(&s);                                                                         \
        s.entry.field = value;                                                                     \
        refused(&s, ERROR_WATCH_UNKNOWN, "change 3, entry \"e-17\": there is no " word " " #value, \
                "第 3 条，条目“e-17”：没有此 " word "：" #value);                                  \
    } while (0)
    UNKNOWN(category, 6, "category");
    UNKNOWN(matcher, 4, "matcher");
    UNKNOWN(action, 3, "action");
    UNKNOWN(instruction, 8, "instruction");
    UNKNOWN(category, 4294967295, "category");
}

static void test_texts_that_are_none(void **state)
{
    struct sample s;
    char wide[LIMIT_WATCH_BASIS_BYTES + 2];
    (void)state;
    sample_person(&s);
    s.entry.applicant = (char[]){"Zhang\xe2\x80\xaenaS"};
    refused(&s, ERROR_WATCH_TEXT,
            "change 3, entry \"e-17\": applicant holds a character that it may not: full-width, "
            "hidden, control, or of another script",
            "第 3 条，条目“e-17”：applicant 文本不合规定（holds a character that it may not: "
            "full-width, hidden, control, or of another script）");
    memset(wide, 'x', sizeof(wide) - 1);
    wide[sizeof(wide) - 1] = '\0';
    sample_person(&s);
    s.entry.legal_basis = wide;
    refused(&s, ERROR_WATCH_LONG, "change 3, entry \"e-17\": legal basis is over 256 bytes",
            "第 3 条，条目“e-17”：legal basis 超过 256 字节");
    sample_person(&s);
    s.entry.case_number = (char[]){"no number"};
    refused(&s, ERROR_WATCH_TEXT, "change 3, entry \"e-17\": case number holds no digit",
            "第 3 条，条目“e-17”：case number 文本不合规定（holds no digit）");
    sample_person(&s);
    s.entry.id = (char[]){"\x1b[2J"};
    refused(&s, ERROR_WATCH_TEXT,
            "change 3, entry \"?\": id is no id: 1 to 64 of A-Z a-z 0-9 - _ . , a letter or digit "
            "first",
            "第 3 条，条目“?”：id 文本不合规定（is no id: 1 to 64 of A-Z a-z 0-9 - _ . , a letter "
            "or digit first）");
}

static void spoil_match(struct sample *s, enum watch_matcher matcher, enum watch_category category,
                        const char *hex)
{
    static uint8_t match[64];
    sample_person(s);
    s->entry.matcher = (uint32_t)matcher;
    s->entry.category = (uint32_t)category;
    s->entry.match.len = strlen(hex) / 2;
    s->entry.match.data = match;
    assert_true(bytes_from_hex(hex, match, s->entry.match.len));
}

#define IS_MATCH(word, why)                                                                        \
    ERROR_WATCH_MATCH, "change 3, entry \"e-17\": " word ": " why,                                 \
        "第 3 条，条目“e-17”：匹配条件 " word " 无效（" why "）"

/* a row a case; clang-format 14 falls over macros that are several cells */
/* clang-format off */
static void test_what_it_is_matched_by(void **state)
{
    static const struct {
        enum watch_matcher matcher;
        enum watch_category category;
        const char *hex;
        enum error_number number;
        const char *en, *zh;
    } rows[] = {
        /* 京a12345, 京A-12345, 京A1234? and a text */
        {WATCH_MATCHER_PLATE, WATCH_CATEGORY_STOLEN_VEHICLE, "e4baac613132333435",
         IS_MATCH("plate", "is no whole plate in its normal form")},
        {WATCH_MATCHER_PLATE, WATCH_CATEGORY_STOLEN_VEHICLE, "e4baac412d3132333435",
         IS_MATCH("plate", "is no whole plate in its normal form")},
        {WATCH_MATCHER_PLATE, WATCH_CATEGORY_STOLEN_VEHICLE, "e4baac41313233343f",
         IS_MATCH("plate", "is no whole plate in its normal form")},
        {WATCH_MATCHER_PLATE, WATCH_CATEGORY_STOLEN_VEHICLE, "4142",
         IS_MATCH("plate", "is no whole plate in its normal form")},
        {WATCH_MATCHER_BADGE, WATCH_CATEGORY_WARRANT, "0102030405",
         IS_MATCH("badge", "is no card UID of 4, 7 or 10 bytes")},
        {WATCH_MATCHER_BADGE, WATCH_CATEGORY_WARRANT, "00000000",
         IS_MATCH("badge", "is no card UID of 4, 7 or 10 bytes")},
        {WATCH_MATCHER_BADGE, WATCH_CATEGORY_WARRANT, "08010203",
         IS_MATCH("badge", "is a UID that the card draws anew at every read")},
        {WATCH_MATCHER_IDENTITY, WATCH_CATEGORY_WARRANT, "313130313035313934393132333130303258",
         IS_MATCH("identity", "is no hash of 32 bytes; an identity number never travels in clear")},
        {WATCH_MATCHER_IDENTITY, WATCH_CATEGORY_WARRANT,
         "0000000000000000000000000000000000000000000000000000000000000000",
         IS_MATCH("identity", "is a hash of zeros")},
        {WATCH_MATCHER_PLATE, WATCH_CATEGORY_MISSING_PERSON, "e4baac413132333435",
         IS_MATCH("plate", "is not what this category is matched by")},
        {WATCH_MATCHER_BADGE, WATCH_CATEGORY_STOLEN_VEHICLE, "01020304",
         IS_MATCH("badge", "is not what this category is matched by")},
    };
    struct sample s;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        spoil_match(&s, rows[i].matcher, rows[i].category, rows[i].hex);
        refused(&s, rows[i].number, rows[i].en, rows[i].zh);
    }
    spoil_match(&s, WATCH_MATCHER_BADGE, WATCH_CATEGORY_WARRANT, "01020304");
    struct watch_entry entry;
    struct complaint c = {0};
    assert_true(read_entry(&s, &entry, &c));
    spoil_match(&s, WATCH_MATCHER_PLATE, WATCH_CATEGORY_COURT_ORDER, "e4baac413132333435");
    assert_true(read_entry(&s, &entry, &c));
}

#define IS_TIME(word, why)                                                                         \
    ERROR_WATCH_TIME, "change 3, entry \"e-17\": " word " " why,                                   \
        "第 3 条，条目“e-17”：时间 " word " 无效（" why "）"

static void test_times(void **state)
{
    static const struct {
        int64_t begin, end; /* after the bundle was made */
        enum error_number number;
        const char *en, *zh;
    } rows[] = {
        {0, 0, IS_TIME("end", "is over already")},
        {-2 * SAMPLE_DAY_US, -SAMPLE_DAY_US, IS_TIME("end", "is over already")},
        {2 * SAMPLE_DAY_US, SAMPLE_DAY_US, IS_TIME("end", "is not after its begin")},
        {SAMPLE_DAY_US, SAMPLE_DAY_US, IS_TIME("end", "is not after its begin")},
        {30 * SAMPLE_DAY_US + 1, 40 * SAMPLE_DAY_US, IS_TIME("begin", "is over 30 days ahead")},
        {0, 90 * SAMPLE_DAY_US + 1, ERROR_WATCH_TERM,
         "change 3, entry \"e-17\": it would last over 90 days, the most for identity entries",
         "第 3 条，条目“e-17”：期限超过 90 天（identity 的上限）"},
        {1 - SAMPLE_MADE_US, SAMPLE_DAY_US, ERROR_WATCH_TERM,
         "change 3, entry \"e-17\": it would last over 90 days, the most for identity entries",
         "第 3 条，条目“e-17”：期限超过 90 天（identity 的上限）"},
    };
    struct sample s;
    struct watch_entry entry;
    struct complaint c = {0};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        sample_person(&s);
        s.entry.begin_us = SAMPLE_MADE_US + rows[i].begin;
        s.entry.end_us = SAMPLE_MADE_US + rows[i].end;
        refused(&s, rows[i].number, rows[i].en, rows[i].zh);
    }
    sample_person(&s);
    s.entry.end_us = SAMPLE_MADE_US + 90 * SAMPLE_DAY_US;
    assert_true(read_entry(&s, &entry, &c));
    s.entry.begin_us = SAMPLE_MADE_US + 30 * SAMPLE_DAY_US;
    assert_true(read_entry(&s, &entry, &c));
}

/* clang-format on */

static void test_times_beyond_the_calendar(void **state)
{
    static const int64_t bad[] = {INT64_MIN, -1, INT64_MAX, 253402300800000000};
    struct sample s;
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        sample_person(&s);
        s.entry.begin_us = bad[i];
        refused(&s, IS_TIME("begin", "is no time between 1970 and 9999"));
        sample_person(&s);
        s.entry.end_us = bad[i];
        refused(&s, IS_TIME("end", "is no time between 1970 and 9999"));
    }
    sample_vehicle(&s);
    s.entry.end_us++;
    refused(&s, ERROR_WATCH_TERM,
            "change 3, entry \"e-17\": it would last over 365 days, the most for plate entries",
            "第 3 条，条目“e-17”：期限超过 365 天（plate 的上限）");
}

static void test_broken_bytes(void **state)
{
    struct sample s;
    struct watch_entry entry;
    struct complaint c = {0};
    (void)state;
    sample_person(&s);
    size_t size = watch_form_write(&s.entry.base, s.packed_entry, sizeof(s.packed_entry));
    for (size_t cut = 0; cut < size; cut++) {
        assert_false(watch_entry_read((struct bytes){.data = s.packed_entry, .size = cut},
                                      sample_place(), &entry, &c));
    }
    assert_false(watch_entry_read((struct bytes){.data = s.packed_entry, .size = size - 1},
                                  sample_place(), &entry, &c));
    s.packed_entry[size] = 0x68; /* field 13: nobody knows it */
    s.packed_entry[size + 1] = 1;
    assert_false(watch_entry_read((struct bytes){.data = s.packed_entry, .size = size + 2},
                                  sample_place(), &entry, &c));
    sample_says(&c, ERROR_WATCH_FORM,
                "the entry of change 3 is not in its one form: it has a field that is not known; "
                "encode it as schema/watch.proto says and sign it again",
                "the entry of change 3 不是规定的唯一编码形式：it has a field that is not known；"
                "请按 schema/watch.proto 编码后重新签名");
}

static void test_an_identity_is_hashed_under_the_authoritys_key(void **state)
{
    struct seal_key key = {{1}};
    struct seal_key other = {{2}};
    struct idnumber number = {.text = "11010519491231002X"};
    char hex[2 * SEAL_HASH_SIZE + 1];
    (void)state;
    struct seal_hash hash = watch_identity_of(&key, &number);
    bytes_to_hex(BYTES_OF(hash.bytes), hex, sizeof(hex));
    /* by Python: hmac.new(key, len32(domain) + domain + len32(text) + text, "sha256"), len32 is the
     * length in four bytes, big-endian */
    assert_string_equal(hex, "708bcc4c6f601c37fc1e9122c07bbcc40ec69b54dd2dc6e75d78001efe99c141");
    struct seal_hash differs = watch_identity_of(&other, &number);
    assert_memory_not_equal(hash.bytes, differs.bytes, sizeof(hash.bytes));
}

static void test_plates_that_belong_to_nobody(void **state)
{
    static const char *const yes[] = {"京A00000", "粤B00000"};
    static const char *const no[] = {"京A00001", "京A10000", "京AD00000", "00000", "", "京A0000学"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
        assert_true(watch_plate_is_test(bytes_of_text(yes[i])));
    }
    for (size_t i = 0; i < ARRAY_LEN(no); i++) {
        assert_false(watch_plate_is_test(bytes_of_text(no[i])));
    }
}

static int setup(void **state)
{
    (void)state;
    return seal_init(NULL) == ERR_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_good_entry_is_read_as_it_is),
        cmocka_unit_test(test_an_entry_has_one_form),
        cmocka_unit_test(test_missing_fields),
        cmocka_unit_test(test_words_that_nobody_knows),
        cmocka_unit_test(test_texts_that_are_none),
        cmocka_unit_test(test_what_it_is_matched_by),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_times_beyond_the_calendar),
        cmocka_unit_test(test_broken_bytes),
        cmocka_unit_test(test_an_identity_is_hashed_under_the_authoritys_key),
        cmocka_unit_test(test_plates_that_belong_to_nobody),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}

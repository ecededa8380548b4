/* Goal: a change says no more than its kind may, and a renewal keeps to its bounds. Method: one
 * good change of each kind, spoilt in one place at a time; renewals against histories on both sides
 * of each rule. */
#include "common/watch/watch_change.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"
#include "common/seal/seal.h"
#include "tests/unit/watch/sample.h"

static char *text(const char *words)
{
    return (char *)(uintptr_t)words;
}

static void renewal_of(struct sample *s)
{
    sample_person(s);
    parkgate__watch_change__init(&s->change);
    s->change.kind = WATCH_CHANGE_RENEW;
    s->change.id = text("e-17");
    s->change.applicant = text("张三");
    s->change.case_number = text("立字2026-99");
    s->change.legal_basis = text("刑事诉讼法第八十条");
    s->change.end_us = SAMPLE_MADE_US + 60 * SAMPLE_DAY_US;
}

static void withdrawal_of(struct sample *s)
{
    sample_person(s);
    parkgate__watch_change__init(&s->change);
    s->change.kind = WATCH_CHANGE_WITHDRAW;
    s->change.id = text("e-17");
}

static void refused(struct sample *s, enum error_number number, const char *en, const char *zh)
{
    struct watch_change change;
    struct complaint c = {0};
    assert_false(watch_change_read(sample_change(s), sample_place(), &change, &c));
    sample_says(&c, number, en, zh);
}

static void test_changes_are_read_as_they_are(void **state)
{
    struct sample s;
    struct watch_change change;
    struct complaint c = {0};
    uint8_t out[LIMIT_WATCH_ENTRY_BYTES];
    (void)state;
    sample_vehicle(&s);
    struct bytes packed = sample_packed(&s);
    assert_true(watch_change_read(packed, sample_place(), &change, &c));
    assert_int_equal(change.kind, WATCH_CHANGE_ADD);
    assert_int_equal(change.number, 3);
    assert_string_equal(change.entry.id, "e-17");
    assert_int_equal(change.packed.size, s.change.entry.len);
    assert_memory_equal(change.packed.data, s.packed_entry, change.packed.size);
    assert_int_equal(watch_change_write(&change, out), packed.size);
    assert_memory_equal(out, packed.data, packed.size);
    renewal_of(&s);
    packed = sample_change(&s);
    assert_true(watch_change_read(packed, sample_place(), &change, &c));
    assert_string_equal(change.entry.id, "e-17");
    assert_string_equal(change.entry.case_number, "立字2026-99");
    assert_int_equal(change.entry.end.us, s.change.end_us);
    assert_int_equal(watch_change_write(&change, out), packed.size);
    assert_memory_equal(out, packed.data, packed.size);
    withdrawal_of(&s);
    packed = sample_change(&s);
    assert_true(watch_change_read(packed, sample_place(), &change, &c));
    assert_int_equal(change.kind, WATCH_CHANGE_WITHDRAW);
    assert_int_equal(watch_change_write(&change, out), packed.size);
}

static void test_an_add_says_nothing_beside_its_entry(void **state)
{
    struct sample s;
    (void)state;
#define BESIDE(field, value)                                                                       \
    sample_person(&s);                                                                             \
    (void)sample_packed(&s);                                                                       \
    s.change.field = (value);                                                                      \
    assert_false(watch_change_read(sample_change(&s), sample_place(), &change, &c));               \
    assert_int_equal(c.number, ERROR_WATCH_SURPLUS)
    struct watch_change change;
    struct complaint c = {0};
    BESIDE(id, text("e-18"));
    sample_says(&c, ERROR_WATCH_SURPLUS,
                "change 3, entry \"e-18\": \"add\" takes no field beside its entry",
                "第 3 条，条目“e-18”：add 不得含 field beside its entry");
    BESIDE(applicant, text("张三"));
    BESIDE(case_number, text("1"));
    BESIDE(legal_basis, text("x"));
    BESIDE(end_us, 1);
}

static void test_an_add_needs_its_entry(void **state)
{
    struct sample s;
    struct watch_change change;
    struct complaint c = {0};
    (void)state;
    sample_person(&s);
    parkgate__watch_change__init(&s.change);
    s.change.kind = WATCH_CHANGE_ADD;
    assert_false(watch_change_read(sample_change(&s), sample_place(), &change, &c));
    sample_says(&c, ERROR_WATCH_MISSING, "change 3, entry \"?\": id is missing",
                "第 3 条，条目“?”：缺少 id");
}

static void test_a_renewal_is_whole(void **state)
{
    struct sample s;
    (void)state;
#define LACKS(field, value, word)                                                                  \
    renewal_of(&s);                                                                                \
    s.change.field = (value);                                                                      \
    refused(&s, ERROR_WATCH_MISSING, "change 3, entry \"e-17\": " word " is missing",              \
            "第 3 条，条目“e-17”：缺少 " word)
    LACKS(applicant, text(""), "applicant");
    LACKS(case_number, text(""), "case number");
    LACKS(legal_basis, text(""), "legal basis");
    LACKS(end_us, 0, "end");
    renewal_of(&s);
    s.change.end_us = SAMPLE_MADE_US;
    refused(&s, ERROR_WATCH_TIME, "change 3, entry \"e-17\": end is over already",
            "第 3 条，条目“e-17”：时间 end 无效（is over already）");
    renewal_of(&s);
    s.change.entry = (ProtobufCBinaryData){.len = 3, .data = s.hash};
    refused(&s, ERROR_WATCH_SURPLUS, "change 3, entry \"e-17\": \"renew\" takes no entry",
            "第 3 条，条目“e-17”：renew 不得含 entry");
}

static void test_a_withdrawal_is_an_id(void **state)
{
    struct sample s;
    (void)state;
    withdrawal_of(&s);
    s.change.case_number = text("1");
    refused(&s, ERROR_WATCH_SURPLUS,
            "change 3, entry \"e-17\": \"withdraw\" takes no field beside its id",
            "第 3 条，条目“e-17”：withdraw 不得含 field beside its id");
    withdrawal_of(&s);
    s.change.id = text("");
    refused(&s, ERROR_WATCH_MISSING, "change 3, entry \"?\": id is missing",
            "第 3 条，条目“?”：缺少 id");
}

static void test_kinds_that_nobody_knows(void **state)
{
    struct sample s;
    (void)state;
    withdrawal_of(&s);
    s.change.kind = 4;
    refused(&s, ERROR_WATCH_UNKNOWN, "change 3, entry \"e-17\": there is no kind of change 4",
            "第 3 条，条目“e-17”：没有此 kind of change：4");
    withdrawal_of(&s);
    s.change.kind = 0;
    refused(&s, ERROR_WATCH_UNKNOWN, "change 3, entry \"e-17\": there is no kind of change 0",
            "第 3 条，条目“e-17”：没有此 kind of change：0");
}

static void test_a_change_has_one_form(void **state)
{
    struct sample s;
    struct watch_change change;
    struct complaint c = {0};
    (void)state;
    withdrawal_of(&s);
    struct bytes packed = sample_change(&s);
    s.packed[packed.size] = 0x08; /* its kind once more */
    s.packed[packed.size + 1] = WATCH_CHANGE_WITHDRAW;
    packed.size += 2;
    assert_false(watch_change_read(packed, sample_place(), &change, &c));
    sample_says(&c, ERROR_WATCH_FORM,
                "change 3 is not in its one form: our encoder writes it differently; encode it as "
                "schema/watch.proto says and sign it again",
                "change 3 不是规定的唯一编码形式：our encoder writes it differently；请按 "
                "schema/watch.proto 编码后重新签名");
}

/* --- renewals --- */

#define DAYS(n) ((struct wall){.us = SAMPLE_MADE_US + (n)*SAMPLE_DAY_US})

static bool renewed(struct watch_history history, int64_t days, const char *number,
                    struct complaint *c)
{
    struct watch_change change = sample_add("e-17", WATCH_MATCHER_IDENTITY, 1);
    change.kind = WATCH_CHANGE_RENEW;
    change.number = 3;
    change.entry.end = DAYS(days);
    (void)strncpy(change.entry.case_number, number, sizeof(change.entry.case_number) - 1);
    return watch_renewal_check(&change, &history, DAYS(0), c);
}

static void test_a_first_renewal_may_keep_its_case_number(void **state)
{
    static const char *const cases[] = {"立字〔2026〕17号", "立字〔2026〕18号"};
    struct watch_history history = {
        .matcher = WATCH_MATCHER_IDENTITY, .end = DAYS(10), .cases = cases, .case_count = 1};
    struct complaint c = {0};
    (void)state;
    assert_true(renewed(history, 40, "立字〔2026〕17号", &c));
    history.renewals = 1;
    assert_true(renewed(history, 40, "立字〔2026〕19号", &c));
    assert_false(renewed(history, 40, "立字〔2026〕17号", &c));
    sample_says(&c, ERROR_WATCH_RENEWAL,
                "change 3, entry \"e-17\": a second renewal needs a new case number",
                "第 3 条，条目“e-17”：续期被拒绝（a second renewal needs a new case number）");
    /* one that looks like it is no new one */
    assert_false(renewed(history, 40, "立字2026-17号", &c));
    assert_false(renewed(history, 40, "立字(2026)0l7号", &c));
    /* nor is the one before the last */
    history.case_count = 2;
    history.renewals = 2;
    assert_false(renewed(history, 40, "立字〔2026〕17号", &c));
    assert_false(renewed(history, 40, "立字〔2026〕18号", &c));
    assert_true(renewed(history, 40, "立字〔2026〕20号", &c));
}

static void test_a_renewal_lasts_longer_and_not_too_long(void **state)
{
    struct watch_history history = {.matcher = WATCH_MATCHER_BADGE, .end = DAYS(10)};
    struct complaint c = {0};
    (void)state;
    assert_true(renewed(history, 90, "1", &c));
    assert_false(renewed(history, 91, "1", &c));
    sample_says(&c, ERROR_WATCH_TERM,
                "change 3, entry \"e-17\": it would last over 90 days, the most for badge entries",
                "第 3 条，条目“e-17”：期限超过 90 天（badge 的上限）");
    assert_false(renewed(history, 10, "1", &c));
    sample_says(&c, ERROR_WATCH_RENEWAL,
                "change 3, entry \"e-17\": it would not last longer than it does",
                "第 3 条，条目“e-17”：续期被拒绝（it would not last longer than it does）");
    history.matcher = WATCH_MATCHER_PLATE;
    assert_true(renewed(history, 365, "1", &c));
    assert_false(renewed(history, 366, "1", &c));
    history.end = DAYS(0);
    assert_false(renewed(history, 30, "1", &c));
    sample_says(&c, ERROR_WATCH_RENEWAL, "change 3, entry \"e-17\": it is over; add it anew",
                "第 3 条，条目“e-17”：续期被拒绝（it is over; add it anew）");
}

static int setup(void **state)
{
    (void)state;
    return seal_init(NULL) == ERR_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes_are_read_as_they_are),
        cmocka_unit_test(test_an_add_says_nothing_beside_its_entry),
        cmocka_unit_test(test_an_add_needs_its_entry),
        cmocka_unit_test(test_a_renewal_is_whole),
        cmocka_unit_test(test_a_withdrawal_is_an_id),
        cmocka_unit_test(test_kinds_that_nobody_knows),
        cmocka_unit_test(test_a_change_has_one_form),
        cmocka_unit_test(test_a_first_renewal_may_keep_its_case_number),
        cmocka_unit_test(test_a_renewal_lasts_longer_and_not_too_long),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}

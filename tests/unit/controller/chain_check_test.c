/* Goal: what was altered, taken out, put in or cut off a journal is named by its sequence, whatever
 * was made anew behind it, and nothing else is. Method: a small journal of known entries with
 * anchors, changed as somebody with the disk would, by cases; the campaign `journals` does it at
 * random.
 */
#include "tests/unit/controller/small_journal.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void expect(struct journal_case *j, enum chain_finding finding, uint64_t at)
{
    const struct chain_report *report = journal_case_check(j);
    if (report->finding != finding || report->at != at) {
        char text[512];
        chain_report_sentence(report, "a gate", text, sizeof(text));
        fail_msg("expected %s at %llu, got %s at %llu: %s", chain_finding_word(finding),
                 (unsigned long long)at, chain_finding_word(report->finding),
                 (unsigned long long)report->at, text);
    }
}

static void a_whole_journal_is_whole(void **state)
{
    struct journal_case *j = *state;
    expect(j, CHAIN_WHOLE, 0);
    const struct chain_report *report = journal_case_check(j);
    assert_int_equal(report->entries, SMALL_ENTRIES);
    assert_int_equal(report->last, SMALL_ENTRIES);
    assert_int_equal(report->surely_good, SMALL_ENTRIES);
    assert_int_equal(report->states[ANCHOR_FITS], j->anchor_count);
}

static void each_altered_byte_is_found(void **state)
{
    struct journal_case *j = *state;
    for (size_t i = 0; i < j->count; i++) {
        for (size_t at = SEAL_HASH_SIZE; at < j->record[i].size; at++) {
            j->record[i].bytes[at] ^= 1;
            const struct chain_report *report = journal_case_check(j);
            assert_int_equal(report->at, i + 1);
            assert_true(report->finding >= CHAIN_ALTERED && report->finding <= CHAIN_INSERTED);
            j->record[i].bytes[at] ^= 1;
        }
    }
    expect(j, CHAIN_WHOLE, 0);
}

static void an_altered_hash_is_found(void **state)
{
    struct journal_case *j = *state;
    j->record[11].bytes[5] ^= 1;
    expect(j, CHAIN_ALTERED, 12);
}

static void a_record_that_was_cut_is_found(void **state)
{
    struct journal_case *j = *state;
    j->record[11].size = 7;
    expect(j, CHAIN_ALTERED, 12);
    j->record[11].size = SEAL_HASH_SIZE;
    expect(j, CHAIN_ALTERED, 12);
}

static void a_missing_entry_is_named(void **state)
{
    struct journal_case *j = *state;
    journal_case_remove(j, 11, false);
    expect(j, CHAIN_MISSING, 12);
}

static void a_missing_entry_is_named_though_keys_close_up(void **state)
{
    struct journal_case *j = *state;
    journal_case_remove(j, 11, true);
    expect(j, CHAIN_MISSING, 12);
}

static void a_missing_first_entry_is_named(void **state)
{
    struct journal_case *j = *state;
    journal_case_remove(j, 0, false);
    expect(j, CHAIN_MISSING, 1);
}

static void an_inserted_entry_is_named(void **state)
{
    struct journal_case *j = *state;
    journal_case_insert(j, 11, 12); /* it calls itself entry 12 */
    expect(j, CHAIN_INSERTED, 12);
}

static void a_doubled_entry_is_named(void **state)
{
    struct journal_case *j = *state;
    journal_case_double(j, 11);
    expect(j, CHAIN_INSERTED, 13);
}

static void a_chain_made_anew_is_found_by_the_next_anchor(void **state)
{
    struct journal_case *j = *state;
    journal_case_alter(j, 11);
    journal_case_chain_anew(j, 11);
    expect(j, CHAIN_REWRITTEN, 15);
    const struct chain_report *report = journal_case_check(j);
    assert_int_equal(report->surely_good, 10); /* so it is one of 11 to 15 */
    char text[512];
    chain_report_sentence(report, "gate-a", text, sizeof(text));
    assert_string_equal(text,
                        "the journal was rewritten: what gate-a keeps of entry 15 contradicts "
                        "it; the first altered, missing or inserted entry is one of 11 to 15");
}

static void a_part_made_anew_is_found(void **state)
{
    struct journal_case *j = *state;
    journal_case_alter(j, 11);
    journal_case_chain_anew(j, 11);
    /* ... but from entry 14 on it is the old one */
    struct journal_case *whole = journal_case_open();
    for (size_t i = 13; i < whole->count; i++) {
        j->record[i] = whole->record[i];
    }
    journal_case_close(whole);
    expect(j, CHAIN_ALTERED, 14);
    assert_int_equal(journal_case_check(j)->surely_good, 10);
}

static void an_end_that_was_cut_off_is_found(void **state)
{
    struct journal_case *j = *state;
    j->count = 17;
    expect(j, CHAIN_CUT, 18);
    assert_int_equal(journal_case_check(j)->upto, SMALL_ENTRIES);
    char text[512];
    chain_report_sentence(journal_case_check(j), "gate-a", text, sizeof(text));
    assert_string_equal(text, "the journal was cut off: entry 18 is missing, the first of those up "
                              "to 30 at the least, which gate-a has seen; the newest anchor that "
                              "fits is of entry 15");
    j->count = 1; /* the key was named by entry 2 */
    expect(j, CHAIN_FOREIGN_KEY, 10);
    j->count = 0;
    expect(j, CHAIN_FOREIGN_KEY, 10);
}

static void a_cut_end_is_found_though_others_follow(void **state)
{
    struct journal_case *j = *state;
    j->count = 17;
    journal_case_grow(j, 20); /* the park went on */
    expect(j, CHAIN_REWRITTEN, 20);
    assert_int_equal(journal_case_check(j)->surely_good, 15);
}

static void without_anchors_the_chain_alone_is_checked(void **state)
{
    struct journal_case *j = *state;
    j->anchor_count = 0;
    expect(j, CHAIN_WHOLE, 0);
    j->count = 17;
    expect(j, CHAIN_WHOLE, 0); /* nobody saw what is missing */
    j->record[3].bytes[40] ^= 1;
    assert_int_equal(journal_case_check(j)->at, 4);
}

/* --- who keeps anchors may be hostile --- */

static void a_gates_own_word_is_no_proof(void **state)
{
    struct journal_case *j = *state;
    struct sign_key own = sign_key_make(entropy_system());
    struct sign_public public = sign_public_of(&own);
    char text[ANCHOR_LINE_SIZE];
    /* signed by a key of its own, of an entry that never was */
    struct kept_anchor made_up = j->anchor[0];
    made_up.keeper = 2;
    made_up.anchor.sequence = 1000;
    sign_key_id(&public, made_up.anchor.key);
    sign_make(&own, anchor_message(&made_up.anchor, text), &made_up.anchor.value);
    j->anchor[j->anchor_count++] = made_up;
    expect(j, CHAIN_WHOLE, 0);
    assert_int_equal(journal_case_check(j)->states[ANCHOR_FOREIGN_KEY], 1);
    /* in the name of the park's key */
    made_up = j->anchor[0];
    made_up.keeper = 2;
    made_up.anchor.sequence = 12;
    j->anchor[j->anchor_count++] = made_up;
    made_up.anchor.sequence = 1000;
    j->anchor[j->anchor_count++] = made_up;
    expect(j, CHAIN_WHOLE, 0);
    assert_int_equal(journal_case_check(j)->states[ANCHOR_BAD_SIGNATURE], 2);
}

static void two_gates_with_one_foreign_key_are_believed(void **state)
{
    struct journal_case *j = *state;
    struct journal_case *other = journal_case_open_of(99); /* whose key the journal never named */
    struct kept_anchor foreign = other->anchor[1];
    foreign.keeper = 2;
    j->anchor[j->anchor_count++] = foreign;
    foreign = other->anchor[2];
    foreign.keeper = 2;
    j->anchor[j->anchor_count++] = foreign;
    expect(j, CHAIN_WHOLE, 0);
    foreign.keeper = 3;
    j->anchor[j->anchor_count++] = foreign;
    expect(j, CHAIN_FOREIGN_KEY, 15);
    journal_case_close(other);
}

static void the_exports_foreign_key_is_believed(void **state)
{
    struct journal_case *j = *state;
    struct journal_case *other = journal_case_open_of(99);
    struct kept_anchor foreign = other->anchor[1];
    foreign.keeper = ANCHOR_KEEPER_PARK;
    j->anchor[j->anchor_count++] = foreign;
    expect(j, CHAIN_FOREIGN_KEY, 10);
    journal_case_close(other);
}

/* --- lawful changes --- */

static void a_replaced_key_signs_from_its_entry_on(void **state)
{
    struct journal_case *j = *state;
    struct kept_anchor before = j->anchor[j->anchor_count - 1];
    journal_case_replace_key(j);
    journal_case_grow(j, 5);
    journal_case_anchor(j, 1);
    expect(j, CHAIN_WHOLE, 0);
    assert_int_equal(journal_case_check(j)->states[ANCHOR_FITS], j->anchor_count);
    /* Its word counts: a forger could have changed which entry names which key. */
    char text[ANCHOR_LINE_SIZE];
    before.anchor.sequence = j->count;
    memset(before.anchor.hash.bytes, 7, sizeof(before.anchor.hash.bytes));
    sign_make(&j->former_key, anchor_message(&before.anchor, text), &before.anchor.value);
    j->anchor[j->anchor_count++] = before;
    expect(j, CHAIN_REWRITTEN, j->count);
}

static void a_restored_backup_is_explained(void **state)
{
    struct journal_case *j = *state;
    journal_case_restore(j, 17);
    expect(j, CHAIN_WHOLE, 0);
    const struct chain_report *report = journal_case_check(j);
    assert_int_equal(report->restores, 1);
    assert_int_equal(report->restored_at, 18);
    assert_int_equal(report->left_from, 18);
    assert_int_equal(report->left_upto, SMALL_ENTRIES);
    assert_int_equal(report->states[ANCHOR_LEFT], 3); /* of 20, 25 and 30 */
    journal_case_grow(j, 20);
    journal_case_anchor(j, 1);
    expect(j, CHAIN_WHOLE, 0);
    journal_case_alter(j, 30);
    journal_case_chain_anew(j, 30);
    expect(j, CHAIN_REWRITTEN, j->count);
}

static void restored_twice_from_one_backup(void **state)
{
    struct journal_case *j = *state;
    journal_case_restore(j, 17);
    journal_case_grow(j, 10);
    journal_case_anchor(j, 1);
    journal_case_restore(j, 17);
    journal_case_grow(j, 3);
    journal_case_anchor(j, 1);
    expect(j, CHAIN_WHOLE, 0);
    assert_int_equal(journal_case_check(j)->states[ANCHOR_LEFT], 4);
    j->count = 19;
    expect(j, CHAIN_CUT, 20);
}

static void an_older_state_without_its_entry_is_a_cut(void **state)
{
    struct journal_case *j = *state;
    j->count = 17; /* data.mdb of a backup was laid there by hand, and the park went on */
    journal_case_grow(j, 2);
    expect(j, CHAIN_CUT, 20);
}

static int set_up(void **state)
{
    MUST(seal_init(NULL) == ERR_OK);
    *state = journal_case_open();
    return 0;
}

static int tear_down(void **state)
{
    journal_case_close(*state);
    return 0;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_whole_journal_is_whole),
        CASE(each_altered_byte_is_found),
        CASE(an_altered_hash_is_found),
        CASE(a_record_that_was_cut_is_found),
        CASE(a_missing_entry_is_named),
        CASE(a_missing_entry_is_named_though_keys_close_up),
        CASE(a_missing_first_entry_is_named),
        CASE(an_inserted_entry_is_named),
        CASE(a_doubled_entry_is_named),
        CASE(a_chain_made_anew_is_found_by_the_next_anchor),
        CASE(a_part_made_anew_is_found),
        CASE(an_end_that_was_cut_off_is_found),
        CASE(a_cut_end_is_found_though_others_follow),
        CASE(without_anchors_the_chain_alone_is_checked),
        CASE(a_gates_own_word_is_no_proof),
        CASE(two_gates_with_one_foreign_key_are_believed),
        CASE(the_exports_foreign_key_is_believed),
        CASE(a_replaced_key_signs_from_its_entry_on),
        CASE(a_restored_backup_is_explained),
        CASE(restored_twice_from_one_backup),
        CASE(an_older_state_without_its_entry_is_a_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Goal: `explain` says what the lane then does, changes nothing, and always ends an entry's answer
 * alike. Method: a whole controller without its shell; each answer beside the verdict of a read at
 * the same instant. */
#include "tests/unit/controller/harness.h"

#define LI "04010203"

struct asked {
    struct world *w;
    struct gate gate;
    char li[HANDLE_TEXT_SIZE];
};

static struct asked begin(void **state)
{
    struct asked a = {.w = *state};
    gate_join(a.w, &a.gate, "gate-a", 1);
    person_with_badge(a.w, "acme", "Li Wei", LI, "day", a.li);
    return a;
}

static const Parkgate__Reply *explain(struct asked *a, const char *lane)
{
    return admin(a->w, "explain", "person", a->li, "lane", lane, NULL);
}

/* The answer, then a read: they agree. The last row is the rule that decided. */
static void agrees(struct asked *a, const char *lane, enum outcome outcome, enum reason reason)
{
    uint64_t before = head_of(a->w).sequence;
    const Parkgate__Reply *reply = explain(a, lane);
    assert_int_equal(head_of(a->w).sequence, before);
    assert_string_equal(note(reply, "verdict"), outcome_name(outcome));
    assert_string_equal(note(reply, "reason"), reason_text(reason)->name);
    size_t last = row_count(reply) - 1;
    assert_string_equal(cell(reply, last, "applies"), "yes");
    assert_string_equal(cell(reply, last, "reason"), reason_text(reason)->name);
    for (size_t row = 0; row < last; row++) {
        assert_string_equal(cell(reply, row, "applies"), "no");
    }
    uint64_t sequence = gate_badge(a->w, &a->gate, lane, LI);
    world_turn(a->w);
    assert_verdict(a->w, sequence, outcome, reason);
    world_pass(a->w, MINUTE_US);
}

static void it_says_what_the_lane_does(void **state)
{
    struct asked a = begin(state);
    agrees(&a, "a-in", OUTCOME_GRANT, REASON_GRANTED);
    agrees(&a, "a-bonded", OUTCOME_DENY, REASON_CLASS_TOO_WEAK);
    agrees(&a, "a-out", OUTCOME_GRANT, REASON_EXIT);
    (void)admin(a.w, "lane.lock", "lane", "a-in", "reason", "x", NULL);
    agrees(&a, "a-in", OUTCOME_DENY, REASON_LANE_LOCKED);
    (void)admin(a.w, "lane.normal", "lane", "a-in", "reason", "x", NULL);
    (void)admin(a.w, "person.suspend", "person", a.li, "reason", "x", NULL);
    agrees(&a, "a-in", OUTCOME_DENY, REASON_PERSON_SUSPENDED);
    (void)admin(a.w, "person.resume", "person", a.li, "reason", "x", NULL);
    (void)admin(a.w, "badge.revoke", "uid", LI, "reason", "x", NULL);
    agrees(&a, "a-in", OUTCOME_DENY, REASON_CREDENTIAL_REVOKED);
}

static void at_another_time(void **state)
{
    struct asked a = begin(state);
    const Parkgate__Reply *reply =
        admin(a.w, "explain", "person", a.li, "lane", "a-depot", "at", "2026-03-04 21:59", NULL);
    assert_string_equal(note(reply, "reason"), "granted");
    reply =
        admin(a.w, "explain", "person", a.li, "lane", "a-depot", "at", "2026-03-04 22:00", NULL);
    assert_string_equal(note(reply, "reason"), "out-of-schedule");
    reply = admin(a.w, "explain", "person", a.li, "lane", "a-in", "at", "2026-04-02 08:00", NULL);
    assert_string_equal(note(reply, "reason"), "no-assignment");
    static const char *const bad[] = {"yesterday", "2026-03-04", "2026-03-04 24:00",
                                      "2026-02-30 10:00"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_refused(
            ask(a.w, a.w->admin, "explain", "person", a.li, "lane", "a-in", "at", bad[i], NULL),
            ERROR_ARG_BAD);
    }
}

/* Every answer for an entry ends alike, whatever it says; one for an exit has nothing of it. */
static void an_entry_always_says_that_the_guard_may_check(void **state)
{
    struct asked a = begin(state);
    static const char *const entries[] = {"a-in", "a-bonded", "a-depot", "b-in"};
    for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
        const Parkgate__Reply *reply = explain(&a, entries[i]);
        assert_string_equal(note(reply, "check"), "the guard may ask for a check");
        assert_string_equal(note(reply, "check_zh"), "保安可能要求核查");
    }
    const Parkgate__Reply *reply = explain(&a, "a-out");
    for (size_t i = 0; i < reply->n_note; i++) {
        assert_null(strstr(reply->note[i], "check"));
    }
}

static void a_name_needs_a_reason_and_is_counted(void **state)
{
    struct asked a = begin(state);
    const Parkgate__Reply *reply = explain(&a, "a-in");
    for (size_t i = 0; i < reply->n_note; i++) {
        assert_string_not_equal(reply->note[i], "name");
    }
    uint64_t before = head_of(a.w).sequence;
    reply = admin(a.w, "explain", "person", a.li, "lane", "a-in", "reason", "he asks", NULL);
    assert_string_equal(note(reply, "name"), "Li Wei");
    assert_int_equal(entries_of(a.w, ENTRY_LOOKUP, before), 1);
}

static void a_guard_asks_about_own_lanes_only(void **state)
{
    struct asked a = begin(state);
    struct link_key guard = operator_key(a.w, 70, "guard", NULL, "a-in", NULL);
    assert_done(ask(a.w, guard, "explain", "person", a.li, "lane", "a-in", NULL));
    assert_refused(ask(a.w, guard, "explain", "person", a.li, "lane", "a-out", NULL),
                   ERROR_NOT_YOUR_LANE);
    assert_refused(ask(a.w, a.w->admin, "explain", "person", a.li, "lane", "nowhere", NULL),
                   ERROR_NOT_FOUND);
    assert_refused(ask(a.w, a.w->admin, "explain", "person", "00112233445566778899aabbccddeeff",
                       "lane", "a-in", NULL),
                   ERROR_NOT_FOUND);
}

static void somebody_without_a_credential_is_unknown_at_the_lane(void **state)
{
    struct asked a = begin(state);
    char handle[HANDLE_TEXT_SIZE];
    (void)snprintf(
        handle, sizeof(handle), "%s",
        note(admin(a.w, "person.add", "tenant", "acme", "kind", "day", "name", "Wu", NULL),
             "person"));
    const Parkgate__Reply *reply = admin(a.w, "explain", "person", handle, "lane", "a-in", NULL);
    assert_string_equal(note(reply, "reason"), "credential-unknown");
    assert_string_equal(note(reply, "shown"), "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(it_says_what_the_lane_does),
        WORLD_TEST(at_another_time),
        WORLD_TEST(an_entry_always_says_that_the_guard_may_check),
        WORLD_TEST(a_name_needs_a_reason_and_is_counted),
        WORLD_TEST(a_guard_asks_about_own_lanes_only),
        WORLD_TEST(somebody_without_a_credential_is_unknown_at_the_lane),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

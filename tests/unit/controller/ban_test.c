/* Goal: a park ban has a reason of the closed list, a term, a decider, a notice and an appeal that
 * another person decides; it closes entries and no exit. Method: a whole controller without its
 * shell, one worker, a clock that only the test moves. */
#include "tests/unit/controller/harness.h"

#define LI "04010203"

struct ban_world {
    struct world *w;
    struct gate gate;
    char li[HANDLE_TEXT_SIZE];
    struct link_key second; /* of role security */
};

static struct ban_world begin(void **state)
{
    struct ban_world b = {.w = *state};
    gate_join(b.w, &b.gate, "gate-a", 1);
    person_with_badge(b.w, "acme", "Li Wei", LI, "day", b.li);
    b.second = operator_key(b.w, 60, "security", NULL, NULL, NULL);
    return b;
}

static void ban(struct ban_world *b, const char *until)
{
    (void)admin(b->w, "ban.add", "who", b->li, "reason", "theft", "until", until, "notice",
                "N-2026-7", NULL);
}

static uint64_t read_at(struct ban_world *b, const char *lane)
{
    uint64_t sequence = gate_badge(b->w, &b->gate, lane, LI);
    world_turn(b->w);
    return sequence;
}

static void only_the_closed_list_is_a_reason(void **state)
{
    struct ban_world b = begin(state);
    static const char *const others[] = {"pay-dispute", "complaint", "absence", "petition",
                                         "Theft",       "",          "other"};
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        const Parkgate__Reply *reply = ask(b.w, b.w->admin, "ban.add", "who", b.li, "reason",
                                           others[i], "until", "2026-03-20", "notice", "N-1", NULL);
        assert_refused(reply, others[i][0] == '\0' ? ERROR_REASON_NEEDED : ERROR_BAN_REASON);
    }
    assert_granted(b.w, read_at(&b, "a-in"), REASON_GRANTED);
}

static void it_ends_within_twelve_months(void **state)
{
    struct ban_world b = begin(state);
    assert_refused(ask(b.w, b.w->admin, "ban.add", "who", b.li, "reason", "theft", "until",
                       "2027-03-04", "notice", "N-1", NULL),
                   ERROR_BAN_TERM);
    assert_refused(ask(b.w, b.w->admin, "ban.add", "who", b.li, "reason", "theft", "until",
                       "2026-03-02", "notice", "N-1", NULL),
                   ERROR_ARG_BAD);
    assert_refused(ask(b.w, b.w->admin, "ban.add", "who", b.li, "reason", "theft", "until",
                       "2027-03-03", NULL),
                   ERROR_ARG_MISSING);
    ban(&b, "2027-03-03");
    assert_refused(ask(b.w, b.w->admin, "ban.add", "who", b.li, "reason", "theft", "until",
                       "2026-03-04", "notice", "N-2", NULL),
                   ERROR_EXISTS);
}

static void it_closes_entries_and_no_exit(void **state)
{
    struct ban_world b = begin(state);
    gate_walk(b.w, &b.gate, "a-in", LI);
    ban(&b, "2026-03-04");
    world_pass(b.w, 10 * SECOND_US);
    assert_granted(b.w, read_at(&b, "a-out"), REASON_EXIT);
    world_pass(b.w, 10 * SECOND_US);
    assert_denied(b.w, read_at(&b, "a-in"), REASON_PARK_BAN);
    world_pass(b.w, at_shanghai(TUESDAY + 2, 0, 0) - b.w->now.us - 1);
    assert_denied(b.w, read_at(&b, "a-in"), REASON_PARK_BAN);
    world_pass(b.w, at_shanghai(TUESDAY + 2, 8, 0) - b.w->now.us);
    assert_granted(b.w, read_at(&b, "a-in"), REASON_GRANTED);
    const Parkgate__Reply *list = admin(b.w, "ban.list", NULL);
    assert_string_equal(cell(list, 0, "state"), "over");
    assert_string_equal(cell(list, 0, "decider"), "root");
    (void)assert_replays(b.w);
}

static void another_person_decides_the_appeal(void **state)
{
    struct ban_world b = begin(state);
    ban(&b, "2026-06-30");
    assert_refused(
        ask(b.w, b.second, "ban.decide", "who", b.li, "result", "lifted", "reason", "x", NULL),
        ERROR_NOT_FOUND); /* nobody appealed */
    (void)admin(b.w, "ban.appeal", "who", b.li, "document", "A-3", NULL);
    assert_refused(
        ask(b.w, b.w->admin, "ban.decide", "who", b.li, "result", "upheld", "reason", "x", NULL),
        ERROR_SAME_PERSON);
    assert_denied(b.w, read_at(&b, "a-in"), REASON_PARK_BAN);
    assert_done(ask(b.w, b.second, "ban.decide", "who", b.li, "result", "lifted", "reason",
                    "D-9: not him", NULL));
    assert_granted(b.w, read_at(&b, "a-in"), REASON_GRANTED);
    assert_string_equal(cell(admin(b.w, "ban.list", NULL), 0, "state"), "lifted");
    assert_string_equal(cell(b.w->reply, 0, "appeal_decider"), "key-60");
    (void)assert_replays(b.w);
}

static void an_upheld_ban_stands_and_can_be_appealed_again(void **state)
{
    struct ban_world b = begin(state);
    ban(&b, "2026-06-30");
    (void)admin(b.w, "ban.appeal", "who", b.li, "document", "A-3", NULL);
    assert_done(
        ask(b.w, b.second, "ban.decide", "who", b.li, "result", "upheld", "reason", "D-1", NULL));
    assert_denied(b.w, read_at(&b, "a-in"), REASON_PARK_BAN);
    assert_refused(
        ask(b.w, b.second, "ban.decide", "who", b.li, "result", "lifted", "reason", "D-2", NULL),
        ERROR_NOT_FOUND);
    (void)admin(b.w, "ban.appeal", "who", b.li, "document", "A-4", NULL);
    assert_done(
        ask(b.w, b.second, "ban.decide", "who", b.li, "result", "lifted", "reason", "D-2", NULL));
}

static void a_tenants_suspension_is_no_ban(void **state)
{
    struct ban_world b = begin(state);
    struct link_key acme = operator_key(b.w, 61, "tenant", "acme", NULL, NULL);
    assert_done(ask(b.w, acme, "person.suspend", "person", b.li, "reason", "x", NULL));
    assert_denied(b.w, read_at(&b, "a-in"), REASON_PERSON_SUSPENDED);
    assert_int_equal(row_count(admin(b.w, "ban.list", NULL)), 0);
    assert_refused(ask(b.w, acme, "ban.add", "who", b.li, "reason", "theft", "until", "2026-03-20",
                       "notice", "N", NULL),
                   ERROR_VERB_NOT_PERMITTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(only_the_closed_list_is_a_reason),
        WORLD_TEST(it_ends_within_twelve_months),
        WORLD_TEST(it_closes_entries_and_no_exit),
        WORLD_TEST(another_person_decides_the_appeal),
        WORLD_TEST(an_upheld_ban_stands_and_can_be_appealed_again),
        WORLD_TEST(a_tenants_suspension_is_no_ban),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

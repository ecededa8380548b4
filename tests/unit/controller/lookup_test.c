/* Goal: who asks for persons or for passages that are past gives a reason, is counted and bounded, and
 * leaves an entry; nobody gathers a whole tenant's movements by many small calls; who is under 16 is
 * not registered. Method: a whole controller without its shell, workers who pass, and an operator who
 * tries every way there is to see more. */
#include "tests/unit/controller/harness.h"

#include "common/access/idnumber.h"

enum { WORKERS = 3 };

struct looked {
    struct world *w;
    struct gate gate;
    char who[WORKERS][HANDLE_TEXT_SIZE];
    struct link_key operator, auditor;
};

static struct looked begin(void **state)
{
    static const char *const uids[WORKERS] = {"04010203", "04010204", "04010205"};
    struct looked t = {.w = *state};
    gate_join(t.w, &t.gate, "gate-a", 1);
    for (size_t i = 0; i < WORKERS; i++) {
        person_with_badge(t.w, "acme", "Worker", uids[i], "day", t.who[i]);
        gate_walk(t.w, &t.gate, "a-in", uids[i]);
        world_pass(t.w, 10 * SECOND_US);
    }
    t.operator= operator_key(t.w, 60, "operator", NULL, NULL, NULL);
    t.auditor = operator_key(t.w, 61, "auditor", NULL, NULL, NULL);
    return t;
}

/* Rows of an answer of `events` that say who passed. */
static size_t rows_with_who(const Parkgate__Reply *reply)
{
    size_t found = 0;
    for (size_t i = 0; i < row_count(reply); i++) {
        struct handle handle;
        bool passes = strcmp(cell(reply, i, "kind"), "passage") == 0 ||
                      strcmp(cell(reply, i, "kind"), "presentation") == 0;
        found += passes && handle_from_text(cell(reply, i, "who"), &handle);
    }
    return found;
}

static uint32_t newest_lookup(struct world *w, char reason[64])
{
    Parkgate__Lookup *lookup =
        (void *)newest_entry(w, ENTRY_LOOKUP, &parkgate__lookup__descriptor);
    uint32_t names = lookup->names;
    (void)snprintf(reason, 64, "%s", lookup->reason);
    parkgate__lookup__free_unpacked(lookup, NULL);
    return names;
}

static void what_happens_now_is_shown_and_what_is_past_is_not(void **state)
{
    struct looked t = begin(state);
    assert_int_equal(rows_with_who(assert_done(ask(t.w, t.operator, "events", NULL))), 2 * WORKERS);
    world_pass(t.w, 61 * MINUTE_US);
    const Parkgate__Reply *past = assert_done(ask(t.w, t.operator, "events", NULL));
    assert_int_equal(rows_with_who(past), 0);
    assert_true(row_with(past, "kind", "passage") != SIZE_MAX); /* the event itself is no secret */
    assert_int_equal(
        rows_with_who(assert_done(ask(t.w, t.operator, "events", "after", "0", NULL))), 0);
    assert_int_equal(entries_of(t.w, ENTRY_LOOKUP, 0), 0);
}

static void a_lane_hour_is_a_look_up(void **state)
{
    char reason[64];
    struct looked t = begin(state);
    world_pass(t.w, 61 * MINUTE_US);
    assert_refused(ask(t.w, t.operator, "events", "reason", "a lost bag", NULL), ERROR_ARG_MISSING);
    const Parkgate__Reply *reply = assert_done(ask(t.w, t.operator, "events", "lane", "a-in", "from",
                                                   "2026-03-03T07:00", "reason", "a lost bag", NULL));
    assert_int_equal(rows_with_who(reply), 2 * WORKERS);
    assert_int_equal(newest_lookup(t.w, reason), WORKERS);
    assert_string_equal(reason, "a lost bag");
    assert_int_equal(
        rows_with_who(assert_done(ask(t.w, t.operator, "events", "lane", "a-out", "from",
                                      "2026-03-03T07:00", "reason", "a lost bag", NULL))),
        0);
}

/* The hour begins with the first entry shown; what comes later is another look-up. */
static void a_lane_hour_ends_after_an_hour(void **state)
{
    struct looked t = begin(state);
    world_pass(t.w, 50 * MINUTE_US);
    gate_walk(t.w, &t.gate, "a-out", "04010203");
    gate_walk(t.w, &t.gate, "a-in", "04010203");
    world_pass(t.w, 30 * MINUTE_US);
    gate_walk(t.w, &t.gate, "a-out", "04010204");
    gate_walk(t.w, &t.gate, "a-in", "04010204");
    world_pass(t.w, 90 * MINUTE_US);
    const Parkgate__Reply *reply = assert_done(ask(t.w, t.operator, "events", "lane", "a-in", "from",
                                                   "2026-03-03T07:00", "reason", "a lost bag", NULL));
    size_t first = rows_with_who(reply);
    assert_int_equal(first, 2 * WORKERS + 2);
    char after[24];
    (void)snprintf(after, sizeof(after), "%s", note(reply, "after"));
    reply = assert_done(ask(t.w, t.operator, "events", "lane", "a-in", "after", after, "reason",
                            "a lost bag", NULL));
    assert_int_equal(rows_with_who(reply), 2);
    assert_int_equal(entries_of(t.w, ENTRY_LOOKUP, 0), 2);
}

/* A whole tenant's movements by many small calls: the day's bound holds over all ways together. */
static void many_small_calls_come_to_the_days_bound(void **state)
{
    struct looked t = begin(state);
    size_t shown = 0;
    uint32_t error = 0;
    world_pass(t.w, 61 * MINUTE_US);
    for (size_t i = 0; i < 2 * LIMIT_NAMES_PER_DAY && error == 0; i++) {
        const Parkgate__Reply *reply =
            i % 2 == 0 ? ask(t.w, t.operator, "events", "lane", "a-in", "from", "2026-03-03T07:00",
                             "reason", "x", NULL)
                       : ask(t.w, t.operator, "headcount.why", "person", t.who[0], "reason", "x",
                             NULL);
        error = reply->error;
        shown += error != 0 ? 0 : i % 2 == 0 ? WORKERS : 1;
    }
    assert_int_equal(error, ERROR_TOO_MANY_NAMES);
    assert_in_range(shown, LIMIT_NAMES_PER_DAY - WORKERS + 1, LIMIT_NAMES_PER_DAY);
    assert_refused(ask(t.w, t.operator, "person.show", "person", t.who[0], "reason", "x", NULL),
                   shown == LIMIT_NAMES_PER_DAY ? ERROR_TOO_MANY_NAMES : ERROR_NONE);
    world_pass(t.w, 24 * 60 * MINUTE_US); /* another day */
    (void)assert_done(
        ask(t.w, t.operator, "headcount.why", "person", t.who[0], "reason", "x", NULL));
}

/* Who tries numbers until one is known is counted for each. */
static void a_search_that_finds_nobody_is_a_look_up(void **state)
{
    char reason[64];
    struct looked t = begin(state);
    uint32_t error = ERROR_NOT_FOUND;
    size_t tries = 0;
    for (; tries < 2 * LIMIT_NAMES_PER_DAY && error == ERROR_NOT_FOUND; tries++) {
        char number[16];
        (void)snprintf(number, sizeof(number), "E%zu", tries);
        error = ask(t.w, t.operator, "person.find", "tenant", "acme", "external", number, "reason",
                    "try", NULL)
                    ->error;
    }
    assert_int_equal(error, ERROR_TOO_MANY_NAMES);
    assert_int_equal(tries, LIMIT_NAMES_PER_DAY + 1);
    assert_int_equal(entries_of(t.w, ENTRY_LOOKUP, 0), LIMIT_NAMES_PER_DAY);
    assert_int_equal(newest_lookup(t.w, reason), 1);
    assert_string_equal(reason, "try");
}

static void headcount_why_needs_a_reason_and_counts(void **state)
{
    char reason[64];
    struct looked t = begin(state);
    assert_refused(ask(t.w, t.operator, "headcount.why", "person", t.who[1], NULL),
                   ERROR_REASON_NEEDED);
    assert_int_equal(row_count(assert_done(ask(t.w, t.operator, "headcount.why", "person", t.who[1],
                                               "reason", "his question", NULL))),
                     1);
    assert_int_equal(newest_lookup(t.w, reason), 1);
    assert_string_equal(reason, "his question");
}

static void one_past_entry_says_who_to_a_reason_only(void **state)
{
    char sequence[24];
    struct looked t = begin(state);
    const Parkgate__Reply *reply = assert_done(ask(t.w, t.auditor, "events", NULL));
    (void)snprintf(sequence, sizeof(sequence), "%s",
                   cell(reply, row_with(reply, "kind", "passage"), "seq"));
    assert_string_equal(note(ask(t.w, t.auditor, "journal.show", "seq", sequence, NULL), "who"),
                        t.who[0]);
    world_pass(t.w, 61 * MINUTE_US);
    assert_string_equal(note(ask(t.w, t.auditor, "journal.show", "seq", sequence, NULL), "who"), "");
    assert_int_equal(entries_of(t.w, ENTRY_LOOKUP, 0), 0);
    assert_string_equal(note(ask(t.w, t.auditor, "journal.show", "seq", sequence, "reason",
                                 "complaint 12", NULL),
                             "who"),
                        t.who[0]);
    assert_int_equal(entries_of(t.w, ENTRY_LOOKUP, 0), 1);
}

/* --- age --- */

/* A resident ID number of somebody born on this day, with its check character. */
static void number_born(const char *date, char out[IDNUMBER_TEXT_SIZE])
{
    static const int weights[] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    static const char checks[] = "10X98765432";
    int sum = 0;
    (void)snprintf(out, IDNUMBER_TEXT_SIZE, "330102%s001", date);
    for (size_t i = 0; i < ARRAY_LEN(weights); i++) {
        sum += (out[i] - '0') * weights[i];
    }
    out[17] = checks[sum % 11];
    out[18] = '\0';
}

static void who_is_under_16_is_not_registered(void **state)
{
    struct looked t = begin(state); /* it is 2026-03-03 */
    static const struct {
        const char *born;
        bool refused;
    } cases[] = {
        {"20100304", true },
        {"20100303", false},
        {"20180101", true },
        {"19600101", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char number[IDNUMBER_TEXT_SIZE];
        uint64_t head = head_of(t.w).sequence;
        number_born(cases[i].born, number);
        uint32_t want = cases[i].refused ? ERROR_TOO_YOUNG : ERROR_NONE;
        assert_refused(ask(t.w, t.w->admin, "person.add", "tenant", "acme", "kind", "day", "name",
                           "X", "id_number", number, NULL),
                       want);
        assert_int_equal(entries_of(t.w, ENTRY_HOLDER, head), cases[i].refused ? 0 : 1);
    }
    char number[IDNUMBER_TEXT_SIZE];
    number_born("20120101", number);
    assert_refused(ask(t.w, t.w->admin, "visitor.add", "tenant", "acme", "host", t.who[0], "name",
                       "X", "id_number", number, "from", "2026-03-03T09:00", "until",
                       "2026-03-03T10:00", NULL),
                   ERROR_TOO_YOUNG);
}

static void an_import_with_a_child_is_refused_whole(void **state)
{
    struct looked t = begin(state);
    uint8_t packed[512];
    char number[IDNUMBER_TEXT_SIZE];
    Parkgate__RosterRow row = PARKGATE__ROSTER_ROW__INIT;
    number_born("20110601", number);
    row.line = 7;
    row.tenant = text_of("acme");
    row.kind = text_of("day");
    row.person_name = text_of("X");
    row.id_number = number;
    ProtobufCBinaryData rows = {.len = parkgate__roster_row__pack(&row, packed), .data = packed};
    char stage[24];
    (void)snprintf(stage, sizeof(stage), "%s", note(admin(t.w, "import.begin", NULL), "import"));
    const Parkgate__Reply *reply = ask_rows(t.w, t.w->admin, "import.slice", &rows, 1, "import",
                                            stage, "first", "0", NULL);
    assert_refused(reply, ERROR_ROW_TOO_YOUNG);
    assert_string_equal(reply->error_arg[0], "7");
    assert_string_equal(reply->error_arg[2], "16");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(what_happens_now_is_shown_and_what_is_past_is_not),
        WORLD_TEST(a_lane_hour_is_a_look_up),
        WORLD_TEST(a_lane_hour_ends_after_an_hour),
        WORLD_TEST(many_small_calls_come_to_the_days_bound),
        WORLD_TEST(a_search_that_finds_nobody_is_a_look_up),
        WORLD_TEST(headcount_why_needs_a_reason_and_counts),
        WORLD_TEST(one_past_entry_says_who_to_a_reason_only),
        WORLD_TEST(who_is_under_16_is_not_registered),
        WORLD_TEST(an_import_with_a_child_is_refused_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

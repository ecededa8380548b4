/* Goal: each class of records ends at its term and not before, in slices that a replay repeats;
 * what is held stays; floors and ceilings hold; nothing is reported that was not done. Method: a
 * whole controller whose clock the test moves by months; tables counted before and after; a second
 * admin for the two approvals of a hold. */
#include "tests/unit/controller/retention_fixture.h"

#include "common/access/civil.h"

#define LI "04010203"
#define WU "04010204"

struct kept {
    struct world *w;
    struct gate gate;
    char li[HANDLE_TEXT_SIZE], wu[HANDLE_TEXT_SIZE];
};

static struct kept begin(void **state)
{
    struct kept k = {.w = *state};
    gate_join(k.w, &k.gate, "gate-a", 1);
    person_with_badge(k.w, "acme", "Li Wei", LI, "day", k.li);
    person_with_badge(k.w, "acme", "Wu Di", WU, "day", k.wu);
    return k;
}

static void walk(struct kept *k, const char *uid)
{
    gate_walk(k->w, &k->gate, "a-in", uid);
    world_pass(k->w, MINUTE_US);
    gate_walk(k->w, &k->gate, "a-out", uid);
    world_pass(k->w, MINUTE_US);
}

/* Nobody is erased by the way: these tests are about the other classes. */
static void keep_persons(struct world *w)
{
    (void)admin(w, "retention.set", "class", "persons", "days", "365", "reason", "test", NULL);
}

static void passages_end_at_their_term_and_not_before(void **state)
{
    struct kept k = begin(state);
    keep_persons(k.w);
    walk(&k, LI);
    days_on(k.w, 180);
    run(k.w);
    assert_int_equal(rows_of(k.w, TABLE_PASSAGE), 2);
    days_on(k.w, 1);
    run(k.w);
    assert_int_equal(rows_of(k.w, TABLE_PASSAGE), 0);
    assert_int_equal(rows_of(k.w, TABLE_ATTENDANCE), 0);
    assert_true(rows_of(k.w, TABLE_DAY) > 0); /* figures are of nobody */
    assert_true(strtoul(removed(k.w, "passages"), NULL, 10) >= 2);
    (void)assert_replays(k.w);
}

/* The day has figures still, and the run of the next day finds nothing more to do. */
static void a_run_that_finds_nothing_leaves_no_entry(void **state)
{
    struct kept k = begin(state);
    keep_persons(k.w);
    walk(&k, LI);
    days_on(k.w, 181);
    run(k.w);
    uint64_t head = head_of(k.w).sequence;
    run(k.w);
    assert_int_equal(entries_of(k.w, ENTRY_RETENTION, head), 0);
}

/* An event of before that a gate sends again is known still, and counts no second time. */
static void a_known_event_stays_known(void **state)
{
    struct kept k = begin(state);
    keep_persons(k.w);
    walk(&k, LI);
    days_on(k.w, 181);
    run(k.w);
    sent_forget(k.w);
    gate_again(k.w, &k.gate);
    world_turn(k.w);
    uint32_t error = 0;
    uint32_t answer = answer_of(k.w, k.gate.sequence, &error);
    assert_true(answer == ANSWER_APPLIED || answer == ANSWER_RETRY); /* the gate was away so long */
    assert_int_equal(rows_of(k.w, TABLE_PASSAGE), 0);
    assert_int_equal(rows_of(k.w, TABLE_QUARANTINE), 0);
}

static void attendance_is_kept_by_a_basis_and_cut_short(void **state)
{
    struct kept k = begin(state);
    keep_persons(k.w);
    const Parkgate__Reply *reply = ask(k.w, k.w->admin, "retention.set", "class", "attendance",
                                       "days", "400", "reason", "wages", NULL);
    assert_refused(reply, ERROR_RETENTION_BASIS);
    (void)admin(k.w, "retention.set", "class", "attendance", "days", "400", "basis",
                "wage regulation 15", "reason", "wages", NULL);
    walk(&k, LI);
    days_on(k.w, 181);
    run(k.w);
    assert_int_equal(rows_of(k.w, TABLE_PASSAGE), 0);
    assert_int_equal(rows_of(k.w, TABLE_ATTENDANCE), 1);
    reply = admin(k.w, "person.export", "person", k.li, "reason", "x", NULL);
    size_t row = row_with(reply, "section", "attendance");
    assert_true(row != SIZE_MAX);
    assert_string_equal(cell(reply, row, "detail"),
                        "acme, 0 in, 0 out"); /* its times alone are left */
    days_on(k.w, 220);
    (void)admin(k.w, "retention.set", "class", "persons", "days", "365", "reason", "test", NULL);
    run(k.w);
    assert_int_equal(rows_of(k.w, TABLE_ATTENDANCE), 0);
    (void)assert_replays(k.w);
}

static void a_day_workers_face_ends_with_the_last_shift(void **state)
{
    struct kept k = begin(state);
    char staff[HANDLE_TEXT_SIZE];
    char worker[HANDLE_TEXT_SIZE];
    (void)snprintf(
        worker, sizeof(worker), "%s",
        note(admin(k.w, "person.add", "tenant", "acme", "kind", "day", "name", "Qian", NULL),
             "person"));
    (void)admin(k.w, "assignment.add", "person", worker, "tenant", "acme", "shift", "day", "from",
                "2026-03-02", "to", "2026-03-31", NULL);
    (void)snprintf(
        staff, sizeof(staff), "%s",
        note(admin(k.w, "person.add", "tenant", "acme", "kind", "staff", "name", "Zhao", NULL),
             "person"));
    (void)admin(k.w, "assignment.add", "person", staff, "tenant", "acme", "shift", "day", "from",
                "2026-03-02", "to", "2026-03-31", NULL);
    const char *const persons[] = {worker, staff};
    for (size_t i = 0; i < ARRAY_LEN(persons); i++) {
        (void)admin(k.w, "face.attach", "person", persons[i], "subject", i == 0 ? "S1" : "S2",
                    "consent", "C", "purpose", "entry", NULL);
    }
    days_on(k.w, 28); /* 31 March */
    run(k.w);
    assert_string_equal(note(admin(k.w, "face.count", NULL), "persons_now"), "2");
    days_on(k.w, 2);
    run(k.w);
    assert_string_equal(note(admin(k.w, "face.count", NULL), "persons_now"), "1");
    assert_string_equal(removed(k.w, "faces"), "1");
    (void)assert_replays(k.w);
}

static void who_works_here_no_more_is_erased(void **state)
{
    char never[HANDLE_TEXT_SIZE];
    struct kept k = begin(state);
    walk(&k, LI);
    (void)snprintf(
        never, sizeof(never), "%s",
        note(admin(k.w, "person.add", "tenant", "acme", "kind", "staff", "name", "Zhao", NULL),
             "person"));
    days_on(k.w, 28 + 180); /* 180 days after the end of the assignments */
    run(k.w);
    assert_int_equal(rows_of(k.w, TABLE_ERASURE), 0);
    days_on(k.w, 1);
    run(k.w);
    assert_int_equal(rows_of(k.w, TABLE_ERASURE), 2);
    assert_refused(ask(k.w, k.w->admin, "person.show", "person", k.li, "reason", "x", NULL),
                   ERROR_NOT_FOUND);
    /* of whom nothing is known but that he is on the roster: he may begin tomorrow */
    (void)admin(k.w, "person.show", "person", never, "reason", "x", NULL);
    (void)assert_replays(k.w);
}

static void keys_of_days_end_and_the_file_is_rewritten(void **state)
{
    struct kept k = begin(state);
    (void)gate_badge(k.w, &k.gate, "a-in", "04AAAAAA"); /* nobody's: under the key of the day */
    world_turn(k.w);
    days_on(k.w, 31);
    uint64_t jobs = k.w->jobs;
    run(k.w);
    assert_string_equal(k.w->job_name, "rewrite-keys");
    assert_true(k.w->jobs > jobs);
    assert_string_equal(removed(k.w, "day-keys"), "1");
}

static void terms_have_floor_and_ceiling(void **state)
{
    static const struct {
        const char *class_name, *days;
        uint32_t error;
    } cases[] = {
        {"passages",   "179",  ERROR_RETENTION_TERM},
        {"passages",   "366",  ERROR_RETENTION_TERM},
        {"passages",   "365",  ERROR_NONE          },
        {"lookups",    "1094", ERROR_RETENTION_TERM},
        {"faces",      "31",   ERROR_RETENTION_TERM},
        {"day-keys",   "31",   ERROR_RETENTION_TERM},
        {"everything", "10",   ERROR_NOT_FOUND     },
    };
    struct kept k = begin(state);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const Parkgate__Reply *reply =
            ask(k.w, k.w->admin, "retention.set", "class", cases[i].class_name, "days",
                cases[i].days, "reason", "x", NULL);
        assert_refused(reply, cases[i].error);
    }
    const Parkgate__Reply *reply = ask(k.w, k.w->admin, "retention.set", "class", "passages",
                                       "days", "10", "reason", "x", NULL);
    assert_string_equal(reply->error_arg[1], "180");
    assert_string_equal(reply->error_arg[2], "365");
}

/* --- which day it runs, and that it says so --- */

static int64_t ran_us(struct world *w, const char *class_name)
{
    return strtoll(shown_of(w, w->admin, class_name, "ran_us"), NULL, 10);
}

/* Nobody asks for it. */
static void tick_until_done(struct world *w)
{
    for (int i = 0; i < 100; i++) {
        tick(w);
    }
}

static void it_runs_by_itself_when_the_day_changes(void **state)
{
    struct kept k = begin(state);
    keep_persons(k.w);
    walk(&k, LI);
    tick_until_done(k.w); /* the run of a start */
    int64_t first = ran_us(k.w, "passages");
    assert_true(first > MORNING);
    days_on(k.w, 180);
    world_pass(k.w, at_shanghai(TUESDAY + 180, 23, 58) - k.w->now.us);
    tick_until_done(k.w); /* until 23:59:40: the run of the day that began meanwhile */
    assert_int_equal(rows_of(k.w, TABLE_PASSAGE), 2);
    int64_t before = ran_us(k.w, "passages");
    assert_true(before > first);
    tick_until_done(k.w);
    assert_int_equal(rows_of(k.w, TABLE_PASSAGE), 0);
    assert_true(ran_us(k.w, "passages") >= at_shanghai(TUESDAY + 181, 0, 0));
    assert_true(strtoul(removed(k.w, "passages"), NULL, 10) >= 2);
    before = ran_us(k.w, "passages");
    world_pass(k.w, 60 * MINUTE_US);
    tick_until_done(k.w); /* once a day */
    assert_int_equal(ran_us(k.w, "passages"), before);
    (void)assert_replays(k.w);
}

/* The controller was off when the day began. */
static void it_runs_at_a_start(void **state)
{
    struct kept k = begin(state);
    keep_persons(k.w);
    walk(&k, LI);
    tick_until_done(k.w);
    days_on(k.w, 181);
    world_restart(k.w);
    tick_until_done(k.w);
    assert_int_equal(rows_of(k.w, TABLE_PASSAGE), 0);
    assert_true(ran_us(k.w, "passages") >= at_shanghai(TUESDAY + 181, 0, 0));
}

/* A run that found nothing is reported, too. */
static void a_run_without_work_is_reported(void **state)
{
    struct kept k = begin(state);
    assert_int_equal(ran_us(k.w, "attendance"), 0);
    tick_until_done(k.w);
    int64_t first = ran_us(k.w, "attendance");
    assert_true(first > 0);
    assert_string_equal(removed(k.w, "attendance"), "0");
    days_on(k.w, 1);
    tick_until_done(k.w);
    assert_true(ran_us(k.w, "attendance") > first);
}

/* --- refused events --- */

static void a_refused_event_ends_at_its_term(void **state)
{
    struct kept k = begin(state);
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    event.kind = 99;
    (void)gate_event(k.w, &k.gate, &event);
    assert_int_equal(rows_of(k.w, TABLE_QUARANTINE), 1);
    days_on(k.w, 29);
    run(k.w);
    assert_int_equal(rows_of(k.w, TABLE_QUARANTINE), 1);
    days_on(k.w, 1);
    run(k.w);
    assert_int_equal(rows_of(k.w, TABLE_QUARANTINE), 0);
    assert_string_equal(removed(k.w, "quarantine"), "1");
    (void)assert_replays(k.w);
}

/* --- slices --- */

static void put_lookups(struct world *w, int count)
{
    struct store_txn *txn = NULL;
    assert_int_equal(store_begin_write(w->store, &txn, NULL), ERR_OK);
    for (int i = 0; i < count; i++) {
        struct keybuf key;
        Parkgate__LookupSum sum = PARKGATE__LOOKUP_SUM__INIT;
        sum.names = 1;
        keybuf_begin(&key);
        keybuf_text(&key, "admin");
        keybuf_u32(&key, (uint32_t)(TUESDAY - i));
        assert_int_equal(store_put_message(txn, TABLE_LOOKUP, keybuf_view(&key), &sum.base, NULL),
                         ERR_OK);
    }
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
}

/* How many ticks a class took. */
static int slices_of(struct world *w, enum retention_class class)
{
    int slices = 0;
    (void)admin(w, "retention.run", NULL);
    for (int i = 0; i < 300 && (w->ctl->retaining.asked || w->ctl->retaining.running); i++) {
        slices += w->ctl->retaining.running && w->ctl->retaining.class == class;
        tick(w);
    }
    assert_false(w->ctl->retaining.running);
    return slices;
}

/* None of them is past its term, and still no turn looks at more than RETENTION_ROWS. */
static void look_ups_are_gone_through_in_slices(void **state)
{
    struct kept k = begin(state);
    world_turn(k.w);
    put_lookups(k.w, 5 * RETENTION_ROWS + 1);
    assert_int_equal(slices_of(k.w, RETAIN_LOOKUPS), 6);
    days_on(k.w, 1095);
    assert_int_equal(rows_of(k.w, TABLE_LOOKUP), 5 * RETENTION_ROWS + 1);
    (void)slices_of(k.w, RETAIN_LOOKUPS);
    assert_true(rows_of(k.w, TABLE_LOOKUP) <= 1); /* of the day itself */
}

/* What is looked at of one person counts as well: a slice is no number of persons. */
static void persons_are_gone_through_in_slices(void **state)
{
    enum { PERSONS = 5, ASSIGNED = 90 };
    struct kept k = begin(state);
    for (int i = 0; i < PERSONS; i++) {
        char uid[24];
        char who[HANDLE_TEXT_SIZE];
        (void)snprintf(uid, sizeof(uid), "0501020%d", i);
        person_with_badge(k.w, "acme", "Sun", uid, NULL, who);
        for (int n = 0; n < ASSIGNED; n++) {
            char day[CIVIL_DATE_SIZE];
            civil_date_format(TUESDAY + n, day);
            (void)admin(k.w, "assignment.add", "person", who, "tenant", "acme", "shift", "day",
                        "from", day, "to", day, NULL);
        }
        sent_forget(k.w);
    }
    days_on(k.w, ASSIGNED + 181);
    assert_in_range(slices_of(k.w, RETAIN_PERSONS), 2, 3); /* after each third person */
    assert_int_equal(rows_of(k.w, TABLE_ERASURE), PERSONS + 2);
}

/* --- holds --- */

static void hold(struct kept *k, const char *who, const char *until)
{
    char number[24];
    struct link_key second = operator_key(k->w, 70, "security", NULL, NULL, NULL);
    struct link_key third = operator_key(k->w, 71, "security", NULL, NULL, NULL);
    const Parkgate__Reply *reply = admin(k->w, "hold.add", "person", who, "reason", "accident 7",
                                         "document", "D-7", "until", until, NULL);
    assert_string_equal(note(reply, "state"), "waiting"); /* for two others */
    (void)snprintf(number, sizeof(number), "%s", note(reply, "approval"));
    reply = assert_done(ask(k->w, second, "approval.grant", "approval", number, NULL));
    assert_string_equal(note(reply, "state"), "waiting");
    assert_int_equal(entries_of(k->w, ENTRY_HOLD, 0), 0);
    (void)assert_done(ask(k->w, third, "approval.grant", "approval", number, NULL));
    assert_int_equal(entries_of(k->w, ENTRY_HOLD, 0), 1);
    reply = admin(k->w, "hold.list", NULL);
    assert_string_equal(cell(reply, 0, "agreed_by"), "key-70, key-71");
}

static void what_is_held_stays_past_its_term(void **state)
{
    struct kept k = begin(state);
    keep_persons(k.w);
    walk(&k, LI);
    walk(&k, WU);
    hold(&k, k.li, "2026-12-31");
    days_on(k.w, 181);
    run(k.w);
    assert_int_equal(rows_of(k.w, TABLE_PASSAGE), 2);
    assert_int_equal(rows_of(k.w, TABLE_ATTENDANCE), 1);
    const Parkgate__Reply *reply =
        ask(k.w, k.w->admin, "person.erase", "person", k.li, "reason", "x", NULL);
    assert_refused(reply, ERROR_ERASE_HELD);
    assert_string_equal(reply->error_arg[1], "2027-01-01");
    (void)assert_replays(k.w);
}

static void what_was_held_goes_when_the_hold_ends(void **state)
{
    char number[24];
    struct kept k = begin(state);
    keep_persons(k.w);
    walk(&k, LI);
    hold(&k, k.li, "2026-12-31");
    days_on(k.w, 181);
    run(k.w);
    assert_int_equal(rows_of(k.w, TABLE_PASSAGE), 2);
    (void)snprintf(number, sizeof(number), "%s", cell(admin(k.w, "hold.list", NULL), 0, "hold"));
    (void)admin(k.w, "hold.end", "hold", number, "reason", "closed", NULL);
    assert_int_equal(row_count(admin(k.w, "hold.list", NULL)), 0);
    run(k.w);
    assert_int_equal(rows_of(k.w, TABLE_PASSAGE), 0);
    assert_int_equal(rows_of(k.w, TABLE_ATTENDANCE), 0);
    (void)admin(k.w, "person.erase", "person", k.li, "reason", "x", NULL);
    (void)assert_replays(k.w);
}

/* The read's own row says of whom it was: of one that made no passage as well. */
static size_t reads_of(struct world *w, const char *who)
{
    size_t count = 0;
    struct handle holder;
    struct bytes key;
    struct bytes value;
    struct store_txn *txn = NULL;
    world_turn(w);
    assert_true(handle_from_text(who, &holder));
    assert_int_equal(store_begin_read(w->store, &txn, NULL), ERR_OK);
    AUTO(store_iter_end) struct store_iter iter = {0};
    assert_int_equal(
        store_iter_prefix(txn, TABLE_EVENT, (struct bytes){0}, UINT64_MAX, &iter, NULL), ERR_OK);
    while (store_iter_next(&iter, &key, &value, NULL) == ERR_OK) {
        ProtobufCMessage *message = NULL;
        assert_int_equal(
            store_unpack_message(key, value, &parkgate__event_index__descriptor, &message, NULL),
            ERR_OK);
        const Parkgate__EventIndex *event = (const void *)message;
        count += bytes_equal(field_view(&event->holder), BYTES_OF(holder.bytes)) ||
                 bytes_equal(field_view(&event->companion), BYTES_OF(holder.bytes));
        store_message_destroy(&message);
    }
    store_iter_end(&iter);
    store_txn_destroy(&txn);
    return count;
}

static void end_hold(struct kept *k)
{
    char number[24];
    (void)snprintf(number, sizeof(number), "%s", cell(admin(k->w, "hold.list", NULL), 0, "hold"));
    (void)admin(k->w, "hold.end", "hold", number, "reason", "closed", NULL);
}

static void reads_without_a_passage_go_when_the_hold_ends(void **state)
{
    struct kept k = begin(state);
    keep_persons(k.w);
    walk(&k, LI);
    world_pass(k.w, 60 * MINUTE_US);
    (void)gate_badge(k.w, &k.gate, "a-bonded", LI); /* denied */
    world_pass(k.w, MINUTE_US);
    (void)gate_badge(k.w, &k.gate, "a-bonded", WU);
    hold(&k, k.li, "2026-12-31");
    size_t kept = reads_of(k.w, k.li);
    assert_true(kept >= 3);
    days_on(k.w, 181);
    run(k.w);
    assert_int_equal(reads_of(k.w, k.li), kept);
    assert_int_equal(reads_of(k.w, k.wu), 0);
    run(k.w);
    assert_int_equal(reads_of(k.w, k.li), kept);
    end_hold(&k);
    run(k.w);
    assert_int_equal(reads_of(k.w, k.li), 0);
    assert_int_equal(rows_of(k.w, TABLE_HELD_READ), 0);
    (void)assert_replays(k.w);
}

static void a_hold_has_a_document_and_an_end(void **state)
{
    struct kept k = begin(state);
    assert_refused(ask(k.w, k.w->admin, "hold.add", "person", k.li, "reason", "x", "until",
                       "2026-04-01", NULL),
                   ERROR_ARG_MISSING);
    assert_refused(
        ask(k.w, k.w->admin, "hold.add", "person", k.li, "reason", "x", "document", "D", NULL),
        ERROR_ARG_MISSING);
    assert_refused(ask(k.w, k.w->admin, "hold.add", "person", k.li, "reason", "x", "document", "D",
                       "until", "2027-03-05", NULL),
                   ERROR_HOLD_TERM);
    assert_refused(ask(k.w, k.w->admin, "hold.add", "person", k.li, "document", "D", "until",
                       "2026-04-01", NULL),
                   ERROR_REASON_NEEDED);
    const Parkgate__Reply *reply = ask(k.w, k.w->admin, "hold.add", "person", k.li, "reason", "x",
                                       "document", "D", "until", "2026-04-01", NULL);
    assert_refused(reply, ERROR_APPROVERS_FEW); /* there is nobody who could agree */
    assert_string_equal(reply->error_arg[1], "2");
    assert_string_equal(reply->error_arg[2], "0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(passages_end_at_their_term_and_not_before),
        WORLD_TEST(a_run_that_finds_nothing_leaves_no_entry),
        WORLD_TEST(a_known_event_stays_known),
        WORLD_TEST(attendance_is_kept_by_a_basis_and_cut_short),
        WORLD_TEST(a_day_workers_face_ends_with_the_last_shift),
        WORLD_TEST(who_works_here_no_more_is_erased),
        WORLD_TEST(keys_of_days_end_and_the_file_is_rewritten),
        WORLD_TEST(terms_have_floor_and_ceiling),
        WORLD_TEST(it_runs_by_itself_when_the_day_changes),
        WORLD_TEST(it_runs_at_a_start),
        WORLD_TEST(a_run_without_work_is_reported),
        WORLD_TEST(a_refused_event_ends_at_its_term),
        WORLD_TEST(look_ups_are_gone_through_in_slices),
        WORLD_TEST(persons_are_gone_through_in_slices),
        WORLD_TEST(what_is_held_stays_past_its_term),
        WORLD_TEST(reads_without_a_passage_go_when_the_hold_ends),
        WORLD_TEST(what_was_held_goes_when_the_hold_ends),
        WORLD_TEST(a_hold_has_a_document_and_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Goal: a named person carries an alert to its end, each step with who, when, what and from where;
 * none is skipped, none closed without a reason; who is looked for is seen by security and the
 * lane's guard alone. Method: a whole controller without its shell; keys of each role over the real
 * way of a request. */
#include "controller/app/alerts.h"
#include "controller/app/answer.h"
#include "controller/app/batch.h"
#include "controller/app/sight.h"
#include "controller/store/alert_store.h"
#include "tests/unit/controller/harness.h"

enum { SECURITY = 60, GUARD = 61, OPERATOR = 62, AUDITOR = 63, OTHER_GUARD = 64 };

struct people {
    struct world *w;
    struct link_key security, guard, operator, auditor, other_guard;
};

static int people_setup(void **state)
{
    static struct people p;
    if (world_setup(state) != 0) {
        return -1;
    }
    struct world *w = *state;
    p = (struct people){.w = w,
                        .security = operator_key(w, SECURITY, "security", NULL, NULL, NULL),
                        .guard = operator_key(w, GUARD, "guard", NULL, "a-in,a-out", NULL),
                        .operator= operator_key(w, OPERATOR, "operator", NULL, NULL, NULL),
                        .auditor = operator_key(w, AUDITOR, "auditor", NULL, NULL, NULL),
                        .other_guard = operator_key(w, OTHER_GUARD, "guard", NULL, "b-in", NULL)};
    *state = &p;
    return 0;
}

static int people_teardown(void **state)
{
    void *w = ((struct people *)*state)->w;
    return world_teardown(&w);
}

struct raised {
    const struct alert_news *news;
    uint64_t number;
};

static enum err raise_it(struct controller *ctl, void *ctx, struct fault *fault)
{
    struct raised *raised = ctx;
    Parkgate__AlertRecord *record = NULL;
    TRY(alert_raise(ctl, raised->news, &raised->number, fault));
    TRY(alert_get(ctl->txn, raised->number, &record, fault));
    raised->number = alert_label(record);
    parkgate__alert_record__free_unpacked(record, NULL);
    return ERR_OK;
}

/* Its number as text, in one of some buffers. */
static const char *raise_at(struct world *w, const char *kind, const char *lane, const char *fold)
{
    static char numbers[8][24];
    static size_t next;
    char *out = numbers[next++ % ARRAY_LEN(numbers)];
    struct alert_news news = {.kind = alert_kind(kind),
                              .lane = lane,
                              .about = lane,
                              .fold = fold,
                              .authority = "station",
                              .matcher = "plate"};
    struct raised raised = {.news = &news};
    batch_run(w->ctl, raise_it, &raised);
    if (fold[0] != 'x') { /* of those many are raised in one batch */
        world_turn(w);
    }
    (void)snprintf(out, sizeof(numbers[0]), "%llu", (unsigned long long)raised.number);
    return out;
}

static const char *state_of(struct people *p, const char *number)
{
    return note(assert_done(ask(p->w, p->security, "alert.show", "alert", number, NULL)), "state");
}

static void an_alert_is_carried_to_its_end(void **state)
{
    static const struct {
        const char *verb, *state, *next;
    } way[] = {
        {"alert.ack",      "acknowledged", "dispatch"       },
        {"alert.dispatch", "dispatched",   "confirm, reject"},
        {"alert.confirm",  "confirmed",    "close"          },
        {"alert.close",    "closed",       "-"              },
    };
    struct people *p = *state;
    struct world *w = p->w;
    const char *number = raise_at(w, "forced", "a-in", "1");
    for (size_t i = 0; i < ARRAY_LEN(way); i++) {
        for (size_t k = 0; k < ARRAY_LEN(way); k++) { /* no other step is taken */
            if (k != i) {
                const Parkgate__Reply *refused =
                    ask(w, p->guard, way[k].verb, "alert", number, "reason", "x", NULL);
                assert_refused(refused, ERROR_ALERT_STEP);
                assert_string_equal(refused->error_arg[0], number);
            }
        }
        world_pass(w, 10 * SECOND_US);
        const Parkgate__Reply *done =
            assert_done(ask(w, p->guard, way[i].verb, "alert", number, "reason", "seen", NULL));
        assert_string_equal(note(done, "state"), way[i].state);
        assert_string_equal(note(done, "next"), way[i].next);
    }
    const Parkgate__Reply *shown =
        assert_done(ask(w, p->guard, "alert.show", "alert", number, NULL));
    assert_int_equal(row_count(shown), 5);
    assert_string_equal(cell(shown, 0, "step"), "raised");
    assert_string_equal(cell(shown, 0, "person"), "");
    for (size_t i = 0; i < ARRAY_LEN(way); i++) {
        assert_string_equal(cell(shown, i + 1, "step"), way[i].state);
        assert_string_equal(cell(shown, i + 1, "actor"), "key-61");
        assert_string_equal(cell(shown, i + 1, "person"), "key-61");
        assert_string_equal(cell(shown, i + 1, "from"), "192.0.2.7");
        assert_string_equal(cell(shown, i + 1, "reason_given"), "seen");
        assert_true(strcmp(cell(shown, i + 1, "time_us"), cell(shown, i, "time_us")) > 0);
    }
    assert_string_equal(note(shown, "decision"), "confirmed");
    assert_string_equal(note(shown, "handler"), "key-61");
    (void)assert_replays(w);
}

static void nothing_is_decided_or_closed_without_a_reason(void **state)
{
    struct people *p = *state;
    struct world *w = p->w;
    const char *number = raise_at(w, "forced", "a-in", "1");
    assert_done(ask(w, p->guard, "alert.ack", "alert", number, NULL));
    assert_done(ask(w, p->guard, "alert.dispatch", "alert", number, NULL));
    assert_refused(ask(w, p->guard, "alert.confirm", "alert", number, NULL), ERROR_REASON_NEEDED);
    assert_refused(ask(w, p->guard, "alert.reject", "alert", number, NULL), ERROR_REASON_NEEDED);
    assert_done(ask(w, p->guard, "alert.reject", "alert", number, "reason", "a cat", NULL));
    assert_refused(ask(w, p->guard, "alert.close", "alert", number, NULL), ERROR_REASON_NEEDED);
    assert_refused(ask(w, p->guard, "alert.close", "alert", number, "reason", "", NULL),
                   ERROR_REASON_NEEDED);
    assert_string_equal(state_of(p, number), "rejected");
}

static void texts_are_exact(void **state)
{
    struct people *p = *state;
    char text[256];
    const char *number = raise_at(p->w, "forced", "a-in", "1");
    const Parkgate__Reply *refused =
        ask(p->w, p->guard, "alert.close", "alert", number, "reason", "x", NULL);
    struct complaint c = {0};
    (void)complain(&c, (enum error_number)refused->error, refused->error_arg[0],
                   refused->error_arg[1], refused->error_arg[2], NULL);
    char wanted[256];
    (void)snprintf(wanted, sizeof(wanted), "alert %s is raised; what comes next: ack", number);
    error_sentence_en(&c, text, sizeof(text));
    assert_string_equal(text, wanted);
    (void)snprintf(wanted, sizeof(wanted), "告警 %s 的状态为 raised；下一步：ack", number);
    error_sentence_zh(&c, text, sizeof(text));
    assert_string_equal(text, wanted);
    assert_refused(ask(p->w, p->security, "alert.ack", "alert", "999999", NULL), ERROR_NOT_FOUND);
    assert_refused(ask(p->w, p->security, "alert.ack", "alert", "x", NULL), ERROR_ARG_BAD);
    assert_refused(ask(p->w, p->security, "alert.list", "kind", "no-such", NULL), ERROR_NOT_FOUND);
    assert_refused(ask(p->w, p->guard, "alert.handover", "to", "nobody", "reason", "x", NULL),
                   ERROR_ALERT_HANDS);
    (void)complain(&c, ERROR_ALERT_HANDS, "nobody", NULL, NULL, NULL);
    error_sentence_en(&c, text, sizeof(text));
    assert_string_equal(text, "nobody of the name nobody has a key that may handle alerts; see: "
                              "parkgate key list");
    assert_refused(ask(p->w, p->security, "alert.stats", "from", "2026-13", NULL), ERROR_ARG_BAD);
    assert_refused(ask(p->w, p->security, "alert.stats", "year", "2026", NULL), ERROR_ARG_BAD);
}

/* An operator who probes sees the same whether a hit stands there or not. */
static void hits_are_seen_by_security_and_the_lanes_guard_alone(void **state)
{
    struct people *p = *state;
    struct world *w = p->w;
    const struct link_key blind[] = {w->admin, p->operator, p->other_guard };
    const char *number = raise_at(w, "watch-hit", "a-in", "1");
    for (size_t i = 0; i < ARRAY_LEN(blind); i++) {
        assert_int_equal(row_count(assert_done(ask(w, blind[i], "alert.list", NULL))), 0);
        assert_int_equal(row_count(assert_done(ask(w, blind[i], "alert.list", "all", "yes", NULL))),
                         0);
        const Parkgate__Reply *shown = ask(w, blind[i], "alert.show", "alert", number, NULL);
        assert_refused(shown, ERROR_NOT_FOUND);
        assert_refused(ask(w, blind[i], "alert.ack", "alert", number, NULL), ERROR_NOT_FOUND);
    }
    assert_int_equal(row_count(assert_done(ask(w, p->guard, "alert.list", NULL))), 1);
    assert_int_equal(row_count(assert_done(ask(w, p->security, "alert.list", NULL))), 1);
    assert_int_equal(row_count(admin(w, "alert.stats", NULL)), 0);
    assert_int_equal(row_count(assert_done(ask(w, p->operator, "alert.stats", NULL))), 0);
    assert_int_equal(row_count(assert_done(ask(w, p->auditor, "alert.stats", NULL))), 1);
    assert_int_equal(row_count(assert_done(ask(w, p->security, "alert.stats", NULL))), 1);
    const Parkgate__Reply *figures = admin(w, "status.metrics", NULL);
    for (size_t i = 0; i < row_count(figures); i++) {
        assert_null(strstr(cell(figures, i, "labels"), "alert"));
    }
}

static void a_guard_sees_own_lanes_and_what_is_of_no_lane(void **state)
{
    struct people *p = *state;
    struct world *w = p->w;
    const char *own = raise_at(w, "forced", "a-in", "1");
    const char *other = raise_at(w, "forced", "b-in", "2");
    (void)raise_at(w, "store-short", "", "3");
    assert_int_equal(row_count(assert_done(ask(w, p->guard, "alert.list", NULL))), 2);
    assert_done(ask(w, p->guard, "alert.ack", "alert", own, NULL));
    assert_refused(ask(w, p->guard, "alert.ack", "alert", other, NULL), ERROR_NOT_YOUR_LANE);
    assert_int_equal(row_count(assert_done(ask(w, p->operator, "alert.list", NULL))), 3);
    const Parkgate__Reply *first = assert_done(ask(w, p->operator, "alert.list", NULL));
    assert_string_equal(cell(first, 0, "kind"), "store-short"); /* the most urgent first */
    assert_int_equal(
        row_count(assert_done(ask(w, p->operator, "alert.list", "priority", "1", NULL))), 1);
    assert_int_equal(
        row_count(assert_done(ask(w, p->operator, "alert.list", "lane", "b-in", NULL))), 1);
}

static void a_shift_is_handed_over(void **state)
{
    struct people *p = *state;
    struct world *w = p->w;
    for (size_t i = 0; i < 3; i++) {
        char fold[8];
        (void)snprintf(fold, sizeof(fold), "%zu", i);
        const char *number = raise_at(w, "forced", "a-in", fold);
        if (i < 2) {
            assert_done(ask(w, p->guard, "alert.ack", "alert", number, NULL));
        }
    }
    assert_refused(ask(w, p->guard, "alert.handover", "to", "key-60", NULL), ERROR_REASON_NEEDED);
    const Parkgate__Reply *handed = assert_done(
        ask(w, p->guard, "alert.handover", "to", "key-60", "reason", "end of shift", NULL));
    assert_string_equal(note(handed, "handed"), "2");
    const Parkgate__Reply *list = assert_done(ask(w, p->security, "alert.list", NULL));
    size_t in_hand = 0;
    for (size_t i = 0; i < row_count(list); i++) {
        in_hand += strcmp(cell(list, i, "handler"), "key-60") == 0;
    }
    assert_int_equal(in_hand, 2);
    assert_string_equal(note(assert_done(ask(w, p->guard, "alert.handover", "to", "key-60",
                                             "reason", "again", NULL)),
                             "handed"),
                        "0");
    (void)assert_replays(w);
}

static void long_lists_come_in_pages(void **state)
{
    struct people *p = *state;
    struct world *w = p->w;
    size_t seen = 0;
    char after[2 * ANSWER_CURSOR_MAX + 1] = "";
    for (size_t i = 0; i < 700; i++) {
        char fold[8];
        (void)snprintf(fold, sizeof(fold), "%zu", i);
        (void)raise_at(w, i % 2 == 0 ? "forced" : "tailgated", "a-in", fold);
    }
    for (size_t page = 0; page < 20; page++) {
        const Parkgate__Reply *reply = assert_done(
            ask(w, p->security, "alert.list", after[0] == '\0' ? NULL : "after", after, NULL));
        seen += row_count(reply);
        if (!reply->more) {
            break;
        }
        (void)snprintf(after, sizeof(after), "%.*s", (int)reply->cursor.len,
                       (const char *)reply->cursor.data);
    }
    assert_int_equal(seen, 700);
}

static void the_live_view_waits_and_rings_for_who_is_told(void **state)
{
    struct people *p = *state;
    struct world *w = p->w;
    char after[SIGHT_MARK_SIZE];
    (void)snprintf(after, sizeof(after), "%s",
                   note(assert_done(ask(w, p->guard, "alert.follow", NULL)), "after"));
    assert_null(ask(w, p->guard, "alert.follow", "after", after, NULL)); /* it waits */
    const char *number = raise_at(w, "forced", "a-in", "1");
    const struct sent *sent = sent_last(w, MESSAGE_REPLY);
    assert_non_null(sent);
    const Parkgate__Reply *news = (const void *)sent->body;
    assert_int_equal(row_count(news), 1);
    assert_string_equal(cell(news, 0, "alert"), number);
    assert_string_equal(cell(news, 0, "step"), "raised");
    assert_string_equal(cell(news, 0, "rings"), "yes"); /* guards are told first */
    const Parkgate__Reply *other = ask(w, p->security, "alert.follow", "after", after, NULL);
    assert_string_equal(cell(other, 0, "rings"), "no"); /* security when they do not come */
    for (int64_t i = 0; i < LIMIT_ALERT_ACKNOWLEDGE_S + 1; i++) {
        world_pass(w, SECOND_US);
        turn_tick(w->ctl);
        world_turn(w);
    }
    other = ask(w, p->security, "alert.follow", "after", after, NULL);
    assert_int_equal(row_count(other), 2);
    assert_string_equal(cell(other, 1, "step"), "escalated");
    assert_string_equal(cell(other, 1, "rings"), "yes");
    /* A hit wakes only who may see it. */
    (void)snprintf(after, sizeof(after), "%s",
                   note(assert_done(ask(w, p->operator, "alert.follow", NULL)), "after"));
    assert_null(ask(w, p->operator, "alert.follow", "after", after, NULL));
    sent_forget(w);
    (void)raise_at(w, "watch-hit", "a-in", "2");
    assert_null(sent_last(w, MESSAGE_REPLY));
}

static void statistics_say_how_soon_and_how_often_false(void **state)
{
    static const char *const folds[] = {"1", "2", "3", "4"};
    struct people *p = *state;
    struct world *w = p->w;
    for (size_t i = 0; i < ARRAY_LEN(folds); i++) {
        const char *number = raise_at(w, "watch-hit", "a-in", folds[i]);
        world_pass(w, i == 0 ? 70 * SECOND_US : 10 * SECOND_US);
        assert_done(ask(w, p->guard, "alert.ack", "alert", number, NULL));
        assert_done(ask(w, p->guard, "alert.dispatch", "alert", number, NULL));
        assert_done(ask(w, p->guard, i == 0 ? "alert.reject" : "alert.confirm", "alert", number,
                        "reason", "looked", NULL));
        assert_done(ask(w, p->guard, "alert.close", "alert", number, "reason", "done", NULL));
    }
    const Parkgate__Reply *stats = assert_done(ask(w, p->auditor, "alert.stats", NULL));
    assert_int_equal(row_count(stats), 1);
    assert_string_equal(cell(stats, 0, "month"), "2026-03");
    assert_string_equal(cell(stats, 0, "authority"), "station");
    assert_string_equal(cell(stats, 0, "matcher"), "plate");
    assert_string_equal(cell(stats, 0, "raised"), "4");
    assert_string_equal(cell(stats, 0, "confirmed"), "3");
    assert_string_equal(cell(stats, 0, "rejected"), "1");
    assert_string_equal(cell(stats, 0, "false_permille"), "250");
    assert_string_equal(cell(stats, 0, "acknowledged"), "4");
    assert_string_equal(cell(stats, 0, "acknowledged_late"), "1");
    assert_true(strtol(cell(stats, 0, "acknowledged_longest_ms"), NULL, 10) >= 70000);
    /* The year's public figures, once it is over, to whoever may ask: hits alone. */
    (void)raise_at(w, "forced", "a-in", "5");
    world_pass(w, INT64_C(330) * 86400 * SECOND_US);
    const Parkgate__Reply *year = admin(w, "alert.stats", "year", "2026", NULL);
    assert_int_equal(row_count(year), 1);
    assert_string_equal(cell(year, 0, "kind"), "watch-hit");
    assert_string_equal(cell(year, 0, "watch_entries"), ""); /* year_figures_test.c */
    assert_int_equal(year->n_column, 11);
    (void)assert_replays(w);
}

enum { ALERTS_FOR_NOTHING = 10000 };

/* To a gate nothing has left that could move a lane. */
static void nothing_told(struct world *w)
{
    for (size_t i = 0; i < w->sent_count; i++) {
        const struct sent *sent = &w->sent[i];
        assert_true(sent->port != PORT_AGENTS ||
                    (sent->kind != MESSAGE_COMMAND && sent->kind != MESSAGE_VERDICT &&
                     sent->kind != MESSAGE_EMERGENCY && sent->kind != MESSAGE_CONFIG));
    }
    sent_forget(w);
}

/* Whatever is done with alerts of every kind, ten thousand times, nothing is told to a gate. */
static void no_alert_reaches_a_gate(void **state)
{
    struct people *p = *state;
    struct world *w = p->w;
    struct gate gate;
    size_t count = 0;
    size_t carried = 0;
    const struct alert_kind *kinds = alert_kind_table(&count);
    gate_join(w, &gate, "gate-a", 1);
    world_turn(w);
    sent_forget(w);
    for (size_t i = 0; i < ALERTS_FOR_NOTHING; i++) {
        const char *number = raise_at(w, kinds[i % count].word, "a-in", "x");
        if (i % 10 != 0) {
            continue; /* a repeat of what is open, or closed a moment ago */
        }
        Parkgate__Heartbeat beat = PARKGATE__HEARTBEAT__INIT;
        beat.wall_us = w->now.us;
        gate_send(w, &gate, MESSAGE_HEARTBEAT, 0, &beat.base);
        if (strcmp(state_of(p, number), "raised") != 0) {
            nothing_told(w);
            continue;
        }
        assert_done(ask(w, p->security, "alert.ack", "alert", number, NULL));
        assert_done(ask(w, p->security, "alert.dispatch", "alert", number, NULL));
        assert_done(ask(w, p->security, i % 2 == 0 ? "alert.confirm" : "alert.reject", "alert",
                        number, "reason", "x", NULL));
        assert_done(ask(w, p->security, "alert.close", "alert", number, "reason", "x", NULL));
        carried++;
        nothing_told(w);
        world_pass(w, (LIMIT_ALERT_REACTIVATE_S + 1) * SECOND_US);
    }
    assert_true(carried > 100);
    assert_int_equal(entries_of(w, ENTRY_COMMAND, 0), 0);
    assert_int_equal(entries_of(w, ENTRY_LANE_STATE, 0), 0);
}

#define PEOPLE_TEST(name) cmocka_unit_test_setup_teardown(name, people_setup, people_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PEOPLE_TEST(an_alert_is_carried_to_its_end),
        PEOPLE_TEST(nothing_is_decided_or_closed_without_a_reason),
        PEOPLE_TEST(texts_are_exact),
        PEOPLE_TEST(hits_are_seen_by_security_and_the_lanes_guard_alone),
        PEOPLE_TEST(a_guard_sees_own_lanes_and_what_is_of_no_lane),
        PEOPLE_TEST(a_shift_is_handed_over),
        PEOPLE_TEST(long_lists_come_in_pages),
        PEOPLE_TEST(the_live_view_waits_and_rings_for_who_is_told),
        PEOPLE_TEST(statistics_say_how_soon_and_how_often_false),
        PEOPLE_TEST(no_alert_reaches_a_gate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Goal: a guard opens a lane whatever the read there was answered, with a reason and by name, and
 * where the zone asks for it with a second person; leaving never waits. Method: a whole controller
 * without its shell; a read of every reason of a deny or a review, a zone opened by two. */
#include "controller/app/batch.h"
#include "schema/reasons.h"
#include "tests/unit/controller/harness.h"

enum { GUARD = 61, SECURITY = 60 };

struct guarded {
    struct world *w;
    struct gate gate;
    struct link_key guard, security;
};

static int guarded_setup(void **state)
{
    static struct guarded g;
    if (world_setup(state) != 0) {
        return -1;
    }
    g = (struct guarded){.w = *state};
    g.guard = operator_key(g.w, GUARD, "guard", NULL, "a-in,a-out,a-bonded,a-both", NULL);
    g.security = operator_key(g.w, SECURITY, "security", NULL, NULL, NULL);
    gate_join(g.w, &g.gate, "gate-a", 1);
    *state = &g;
    return 0;
}

static int guarded_teardown(void **state)
{
    void *w = ((struct guarded *)*state)->w;
    return world_teardown(&w);
}

struct read_at {
    uint32_t outcome, reason;
    uint64_t sequence;
};

/* A read as the journal has it. */
static enum err record_read(struct controller *ctl, void *ctx, struct fault *fault)
{
    const struct read_at *read = ctx;
    Parkgate__EventEntry event = PARKGATE__EVENT_ENTRY__INIT;
    struct session *session = session_of_gate(&ctl->sessions, name_or_none("gate-a"));
    event.gate = text_of("gate-a");
    event.lane = text_of("a-in");
    event.public_key.data = session->key.bytes;
    event.public_key.len = sizeof(session->key.bytes);
    event.epoch = 7; /* of its own, so that the gate's events stay what they are */
    event.event_sequence = read->sequence;
    event.kind = EVENT_PRESENTATION;
    event.direction = LANE_IN;
    event.captured_us = event.received_us = ctl->now.us;
    event.outcome = read->outcome + 1;
    event.reason = read->reason;
    return controller_record(ctl, ENTRY_EVENT, "gate:gate-a", &event.base, fault);
}

static void every_deny_and_review_can_be_opened_by_name(void **state)
{
    struct guarded *g = *state;
    struct world *w = g->w;
    size_t tried = 0;
    for (uint32_t reason = 1; reason < REASON_COUNT; reason++) {
        for (uint32_t outcome = OUTCOME_DENY; outcome <= OUTCOME_REVIEW; outcome++) {
            char journal[24];
            struct read_at read = {.outcome = outcome, .reason = reason, .sequence = ++tried};
            Parkgate__Heartbeat beat = PARKGATE__HEARTBEAT__INIT;
            beat.wall_us = w->now.us;
            gate_send(w, &g->gate, MESSAGE_HEARTBEAT, 0, &beat.base);
            batch_run(w->ctl, record_read, &read);
            world_turn(w);
            (void)snprintf(journal, sizeof(journal), "%llu",
                           (unsigned long long)head_of(w).sequence);
            const Parkgate__Reply *without =
                ask(w, g->guard, "lane.open", "lane", "a-in", "presentation", journal, NULL);
            assert_refused(without, ERROR_REASON_NEEDED);
            sent_forget(w);
            assert_done(ask(w, g->guard, "lane.open", "lane", "a-in", "presentation", journal,
                            "reason", "papers seen", NULL));
            const struct sent *sent = sent_last(w, MESSAGE_COMMAND);
            assert_non_null(sent);
            assert_int_equal(((const Parkgate__Command *)(const void *)sent->body)->presentation,
                             read.sequence);
            Parkgate__CommandEntry *entry =
                (void *)newest_entry(w, ENTRY_COMMAND, &parkgate__command_entry__descriptor);
            assert_string_equal(entry->reason, "papers seen");
            parkgate__command_entry__free_unpacked(entry, NULL);
        }
    }
    assert_true(tried > 100);
    const Parkgate__Reply *events =
        assert_done(ask(w, g->security, "events", "kind", "command", "limit", "1", NULL));
    assert_string_equal(cell(events, 0, "who"), "key-61"); /* by name */
    assert_true(strstr(cell(events, 0, "text"), "papers seen") != NULL);
}

static void ask_for_two(struct world *w)
{
    Parkgate__ParkZone *zone =
        (void *)rows_get(&w->rows, PARK_ZONE, "bonded", &parkgate__park_zone__descriptor);
    zone->open_by_two = true;
    rows_put(&w->rows, PARK_ZONE, "bonded", &zone->base);
    parkgate__park_zone__free_unpacked(zone, NULL);
    park_apply(w);
}

static void a_zone_may_ask_for_a_second_person(void **state)
{
    struct guarded *g = *state;
    struct world *w = g->w;
    ask_for_two(w);
    sent_forget(w);
    const Parkgate__Reply *asked =
        assert_done(ask(w, g->guard, "lane.open", "lane", "a-bonded", "reason", "delivery", NULL));
    assert_string_equal(note(asked, "state"), "waiting");
    const char *number = note(asked, "approval");
    assert_null(sent_last(w, MESSAGE_COMMAND)); /* nothing of the trial reached the gate */
    assert_int_equal(entries_of(w, ENTRY_COMMAND, 0), 0);
    assert_refused(ask(w, g->guard, "approval.grant", "approval", number, NULL),
                   ERROR_VERB_NOT_PERMITTED);
    assert_done(ask(w, g->security, "approval.grant", "approval", number, NULL));
    const struct sent *sent = sent_last(w, MESSAGE_COMMAND);
    assert_non_null(sent);
    assert_string_equal(((const Parkgate__Command *)(const void *)sent->body)->lane, "a-bonded");
    /* Not by one person with two hats, and not for leaving or for another zone. */
    asked = assert_done(
        ask(w, g->security, "lane.open", "lane", "a-bonded", "reason", "again", NULL));
    assert_refused(
        ask(w, g->security, "approval.grant", "approval", note(asked, "approval"), NULL),
        ERROR_SAME_PERSON);
    sent_forget(w);
    assert_done(ask(w, g->guard, "lane.open", "lane", "a-out", "reason", "let out", NULL));
    assert_non_null(sent_last(w, MESSAGE_COMMAND));
    sent_forget(w);
    assert_done(ask(w, g->guard, "lane.open", "lane", "a-in", "reason", "visitor", NULL));
    assert_non_null(sent_last(w, MESSAGE_COMMAND));
    (void)assert_replays(w);
}

/* Where nobody else could agree, nobody opens it: no first key passes the rule over. */
static void a_lone_key_does_not_open_it(void **state)
{
    struct world *w = *state;
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    ask_for_two(w);
    sent_forget(w);
    const Parkgate__Reply *asked =
        admin(w, "lane.open", "lane", "a-bonded", "reason", "delivery", NULL);
    assert_string_equal(note(asked, "state"), "waiting");
    assert_null(sent_last(w, MESSAGE_COMMAND));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_deny_and_review_can_be_opened_by_name, guarded_setup,
                                        guarded_teardown),
        cmocka_unit_test_setup_teardown(a_zone_may_ask_for_a_second_person, guarded_setup,
                                        guarded_teardown),
        WORLD_TEST(a_lone_key_does_not_open_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Goal: who is asked to the guard is neither let in nor turned away by the lane, nobody can tell
 * why, and what the guard then does is what counts (docs/decision-rules.md, R276). Method: a whole
 * controller without its shell and a clock that only the test moves; every test ends with a replay
 * of its journal, which must give the same tables. */
#include "tests/unit/controller/pairing_fixture.h"

#include "common/access/plate.h"

#define reviewed(d, read) assert_verdict((d)->w, read, OUTCOME_REVIEW, REASON_GUARD_CHECK)

/* The share of a zone of the running park, as `apply` sets it. */
static void check_zone(struct park_day *d, const char *name, uint32_t share)
{
    struct park_rows *rows = &d->w->rows;
    rows_of_park(rows, "Asia/Shanghai");
    Parkgate__ParkZone *zone =
        (void *)rows_get(rows, PARK_ZONE, name, &parkgate__park_zone__descriptor);
    zone->spot_check = share;
    rows_put(rows, PARK_ZONE, name, &zone->base);
    store_message_destroy((ProtobufCMessage **)&zone);
    park_apply(d->w);
}

static uint64_t coloured(struct park_day *d, const char *lane, const char *text, uint32_t colour)
{
    char reader[48];
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    (void)snprintf(reader, sizeof(reader), "%s-reader", lane);
    event.kind = EVENT_PRESENTATION;
    event.lane = text_of(lane);
    event.reader = reader;
    event.credential_kind = CREDENTIAL_KIND_PLATE;
    event.credential = (ProtobufCBinaryData){.len = strlen(text), .data = (uint8_t *)text_of(text)};
    event.plate_colour = colour;
    return gate_event(d->w, &d->a, &event);
}

static void a_share_of_all_is_everybody_at_entries(void **state)
{
    struct park_day *d = *state;
    check_zone(d, "yard", 1000);
    reviewed(d, gate_badge(d->w, &d->a, "a-in", LI));
    reviewed(d, gate_badge(d->w, &d->a, "a-in", LI)); /* no grant stands: it is no repeat */
    reviewed(d, gate_badge(d->w, &d->b, "b-in", LI)); /* nor does another lane help */
    granted(d, gate_badge(d->w, &d->a, "a-out", LI), REASON_EXIT);
    denied(d, gate_badge(d->w, &d->a, "a-in", "0a0b0c0d"), REASON_CREDENTIAL_UNKNOWN);
    check_zone(d, "yard", 0);
    granted(d, gate_badge(d->w, &d->a, "a-in", WANG), REASON_GRANTED);
}

/* The next one is judged as if nobody had been there. */
static void the_lane_is_free_for_the_next(void **state)
{
    struct park_day *d = *state;
    check_zone(d, "yard", 1000);
    reviewed(d, gate_badge(d->w, &d->a, "a-in", LI));
    world_turn(d->w);
    (void)admin(d->w, "lane.free", "lane", "a-in", "reason", "x", NULL);
    granted(d, gate_badge(d->w, &d->a, "a-in", WANG), REASON_LANE_SET_FREE);
    assert_string_equal(note(admin(d->w, "who", NULL), "inside"), "0");
}

/* Whoever stands at the desk is let in by the guard, and counts as himself. */
static void the_guards_opening_counts(void **state)
{
    struct park_day *d = *state;
    char sequence[24];
    check_zone(d, "yard", 1000);
    uint64_t read = gate_badge(d->w, &d->a, "a-in", LI);
    reviewed(d, read);
    world_turn(d->w);
    const Parkgate__Reply *events = admin(d->w, "events", "kind", "presentation", NULL);
    size_t row = row_count(events) - 1;
    assert_string_equal(cell(events, row, "verdict"), "review");
    assert_string_equal(cell(events, row, "reason"), "guard-check");
    (void)snprintf(sequence, sizeof(sequence), "%s", cell(events, row, "seq"));
    assert_int_equal(figure(d, "acme", "persons"), 0);
    (void)admin(d->w, "lane.open", "lane", "a-in", "presentation", sequence, "reason",
                "papers are in order", NULL);
    (void)gate_passage(d->w, &d->a, "a-in", read, PASSAGE_PASSED);
    world_turn(d->w);
    assert_int_equal(figure(d, "acme", "persons"), 1);
    assert_int_equal(figure(d, "acme", "present"), 1);
}

/* What explain says is the same whether a check would come or not. */
static void explain_never_tells(void **state)
{
    struct park_day *d = *state;
    char before[1024];
    check_zone(d, "hall", 0);
    const Parkgate__Reply *reply = admin(d->w, "explain", "person", d->li, "lane", "a-in", NULL);
    (void)snprintf(before, sizeof(before), "%s/%s/%s/%zu", note(reply, "verdict"),
                   note(reply, "reason"), note(reply, "check"), row_count(reply));
    check_zone(d, "yard", 1000);
    reviewed(d, gate_badge(d->w, &d->a, "a-in", LI));
    char after[1024];
    reply = admin(d->w, "explain", "person", d->li, "lane", "a-in", NULL);
    (void)snprintf(after, sizeof(after), "%s/%s/%s/%zu", note(reply, "verdict"),
                   note(reply, "reason"), note(reply, "check"), row_count(reply));
    assert_string_equal(before, after);
    assert_string_equal(note(reply, "check"), "the guard may ask for a check");
}

static void a_plate_of_another_colour(void **state)
{
    struct park_day *d = *state;
    (void)admin(d->w, "vehicle.add", "tenant", "acme", "plate", TRUCK, NULL);
    static const struct {
        uint32_t colour, outcome;
    } rows[] = {
        {PLATE_COLOUR_UNKNOWN, OUTCOME_GRANT },
        {PLATE_COLOUR_BLUE,    OUTCOME_GRANT },
        {PLATE_COLOUR_YELLOW,  OUTCOME_GRANT },
        {PLATE_COLOUR_GREEN,   OUTCOME_REVIEW},
        {PLATE_COLOUR_WHITE,   OUTCOME_REVIEW},
        {77,                   OUTCOME_GRANT }, /* of a newer version: no judgement */
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        later(d, MINUTE_US);
        assert_verdict(d->w, coloured(d, "a-truck", TRUCK, rows[i].colour), rows[i].outcome,
                       rows[i].outcome == OUTCOME_GRANT ? REASON_GRANTED : REASON_GUARD_CHECK);
        granted(d, coloured(d, "p-leave", TRUCK, rows[i].colour), REASON_EXIT);
    }
}

/* The colour of the plate is judged with the badge that completes it, in either order. */
static void a_pair_keeps_the_doubt(void **state)
{
    struct park_day *d = *state;
    (void)admin(d->w, "vehicle.add", "tenant", "acme", "plate", TRUCK, NULL);
    denied(d, coloured(d, "p-truck", TRUCK, PLATE_COLOUR_GREEN), REASON_DRIVER_NEEDED);
    reviewed(d, badge(d, "p-truck", LI));
    later(d, MINUTE_US);
    denied(d, coloured(d, "p-truck", TRUCK, PLATE_COLOUR_BLUE), REASON_DRIVER_NEEDED);
    granted(d, badge(d, "p-truck", LI), REASON_GRANTED);
    later(d, MINUTE_US);
    denied(d, badge(d, "p-truck", LI), REASON_DRIVER_NEEDED);
    reviewed(d, coloured(d, "p-truck", TRUCK, PLATE_COLOUR_GREEN));
    later(d, MINUTE_US);
    denied(d, badge(d, "p-truck", LI), REASON_DRIVER_NEEDED);
    granted(d, coloured(d, "p-truck", TRUCK, PLATE_COLOUR_YELLOW), REASON_GRANTED);
}

/* A gate that was alone asked to the guard: it is recorded as that. */
static void a_gates_own_review_is_recorded(void **state)
{
    struct park_day *d = *state;
    uint8_t uid[BADGE_UID_MAX];
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    event.kind = EVENT_PRESENTATION;
    event.lane = text_of("a-in");
    event.reader = text_of("a-in-reader");
    event.credential_kind = CREDENTIAL_KIND_BADGE;
    MUST(bytes_from_hex(LI, uid, strlen(LI) / 2));
    event.credential = (ProtobufCBinaryData){.len = strlen(LI) / 2, .data = uid};
    event.credential_class = CREDENTIAL_CLASS_UID_ONLY;
    event.outcome = OUTCOME_REVIEW + 1;
    event.reason = REASON_GUARD_CHECK;
    event.verdict_source = SOURCE_AGENT;
    event.offline = true;
    uint64_t read = gate_event(d->w, &d->a, &event);
    Parkgate__EventEntry *entry = newest_event(d);
    assert_int_equal(answer_of(d->w, read, NULL), ANSWER_APPLIED);
    assert_int_equal(entry->outcome, 0);
    assert_int_equal(entry->acted_outcome, OUTCOME_REVIEW + 1);
    assert_int_equal(entry->acted_reason, REASON_GUARD_CHECK);
    parkgate__event_entry__free_unpacked(entry, NULL);
    /* no grant stands */
    granted(d, gate_badge(d->w, &d->a, "a-in", LI), REASON_GRANTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DAY_TEST(a_share_of_all_is_everybody_at_entries),
        DAY_TEST(the_lane_is_free_for_the_next),
        DAY_TEST(the_guards_opening_counts),
        DAY_TEST(explain_never_tells),
        PAIR_TEST(a_plate_of_another_colour),
        PAIR_TEST(a_pair_keeps_the_doubt),
        DAY_TEST(a_gates_own_review_is_recorded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

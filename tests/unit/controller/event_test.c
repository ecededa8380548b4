/* Goal: each kind of event is answered, counted and journalled as DESIGN section 5 and
 * docs/decision-rules.md say: verdict at once, acknowledgement after the commit, each once. Method:
 * a whole controller without its shell; every frame that leaves carries the journal's durable head.
 */
#include "tests/unit/controller/day_fixture.h"

/* --- order and answers --- */

static void verdict_leaves_before_the_commit_and_ack_after_it(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    uint64_t before = head_of(w).sequence;
    sent_forget(w);
    uint64_t sequence = gate_badge(w, &d->a, "a-in", LI);
    assert_int_equal(w->sent_count, 1);
    assert_int_equal(w->sent[0].kind, MESSAGE_VERDICT);
    assert_int_equal(w->sent[0].committed, before);
    assert_granted(w, sequence, REASON_GRANTED);
    assert_true(turn_end(w->ctl) > 0); /* younger than the group's time: nothing is committed yet */
    assert_int_equal(answers_to(w, sequence), 0);
    world_turn(w);
    assert_int_equal(w->sent_count, 2);
    assert_int_equal(w->sent[1].kind, MESSAGE_ACK);
    assert_int_equal(w->sent[1].committed, before + 1);
    assert_int_equal(answer_of(w, sequence, NULL), ANSWER_APPLIED);
}

static void same_event_again_is_applied_again_and_changes_nothing(void **state)
{
    struct park_day *d = *state;
    uint64_t sequence = gate_badge(d->w, &d->a, "a-in", LI);
    world_turn(d->w);
    struct journal_head before = head_of(d->w);
    sent_forget(d->w);
    gate_again(d->w, &d->a);
    gate_again(d->w, &d->a);
    world_turn(d->w);
    assert_int_equal(answers_to(d->w, sequence), 2);
    assert_int_equal(answer_of(d->w, sequence, NULL), ANSWER_APPLIED);
    assert_memory_equal(head_of(d->w).hash.bytes, before.hash.bytes, SEAL_HASH_SIZE);
}

static void same_event_twice_in_one_batch_is_decided_once(void **state)
{
    struct park_day *d = *state;
    uint64_t before = head_of(d->w).sequence;
    uint64_t sequence = gate_badge(d->w, &d->a, "a-in", LI);
    gate_again(d->w, &d->a);
    world_turn(d->w);
    assert_int_equal(entries_of(d->w, ENTRY_EVENT, before), 1);
    assert_granted(d->w, sequence, REASON_GRANTED);
    assert_int_equal(answers_to(d->w, sequence), 2);
}

static void known_sequence_with_other_content_is_kept_aside(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    uint32_t error = 0;
    gate_walk(w, &d->a, "a-in", LI);
    uint64_t before = head_of(w).sequence;
    d->a.sequence -= 2; /* the box says another person under the presentation's number */
    sent_forget(w);
    uint64_t sequence = gate_badge(w, &d->a, "a-in", WANG);
    assert_false(has_verdict(w, sequence));
    world_turn(w);
    assert_int_equal(answer_of(w, sequence, &error), ANSWER_REFUSED);
    assert_int_equal(error, ERROR_SEQUENCE_CHANGED);
    assert_int_equal(entries_of(w, ENTRY_EVENT, before), 0);
    assert_int_equal(entries_of(w, ENTRY_EVENT_REFUSED, before), 1);
    assert_int_equal(faults_of(w, "sequence-changed", before), 1);
    gate_again(w, &d->a); /* it never becomes true by being said again */
    world_turn(w);
    assert_int_equal(answer_of(w, sequence, &error), ANSWER_REFUSED);
    assert_int_equal(figure(d, "acme", "persons"), 1);
}

/* All but the read itself stands in the entry: its plain SHA-256 would tell who tries. */
static void the_journal_confirms_no_guess_of_a_read(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    struct seal_hash plain;
    (void)gate_badge(w, &d->a, "a-in", LI);
    plain = d->a.last_digest;
    world_turn(w);
    Parkgate__EventEntry *entry =
        (void *)newest_entry(w, ENTRY_EVENT, &parkgate__event_entry__descriptor);
    assert_int_equal(entry->digest.len, SEAL_HASH_SIZE);
    assert_memory_not_equal(entry->digest.data, plain.bytes, SEAL_HASH_SIZE);
    struct bytes kept = {.data = entry->digest.data, .size = entry->digest.len};
    assert_true(controller_event_matches(w->ctl, kept, BYTES_OF(plain.bytes)));
    assert_true(controller_event_matches(w->ctl, BYTES_OF(plain.bytes), BYTES_OF(plain.bytes)));
    plain.bytes[0] ^= 1;
    assert_false(controller_event_matches(w->ctl, kept, BYTES_OF(plain.bytes)));
    parkgate__event_entry__free_unpacked(entry, NULL);
    (void)gate_badge(w, &d->a, "nowhere", LI);
    plain = d->a.last_digest;
    world_turn(w);
    Parkgate__EventRefused *refused =
        (void *)newest_entry(w, ENTRY_EVENT_REFUSED, &parkgate__event_refused__descriptor);
    assert_memory_not_equal(refused->digest.data, plain.bytes, SEAL_HASH_SIZE);
    parkgate__event_refused__free_unpacked(refused, NULL);
}

static void lane_of_another_gate_is_refused(void **state)
{
    struct park_day *d = *state;
    static const char *const lanes[] = {"b-in", "b-out", "nowhere", "A-IN"};
    for (size_t i = 0; i < ARRAY_LEN(lanes); i++) {
        uint32_t error = 0;
        uint64_t before = head_of(d->w).sequence;
        uint64_t sequence = gate_badge(d->w, &d->a, lanes[i], LI);
        world_turn(d->w);
        assert_false(has_verdict(d->w, sequence));
        assert_int_equal(answer_of(d->w, sequence, &error), ANSWER_REFUSED);
        assert_int_equal(error, ERROR_LANE_NOT_YOURS);
        assert_int_equal(entries_of(d->w, ENTRY_EVENT, before), 0);
        assert_int_equal(faults_of(d->w, "event-refused", before), 1);
    }
    Parkgate__EventRefused *refused =
        (void *)newest_entry(d->w, ENTRY_EVENT_REFUSED, &parkgate__event_refused__descriptor);
    assert_int_equal(refused->error, ERROR_LANE_NOT_YOURS);
    assert_string_equal(refused->arg[1], "gate-a");
    assert_true(refused->sealed.len > 0);
    parkgate__event_refused__free_unpacked(refused, NULL);
}

struct misshapen {
    const char *what;
    Parkgate__Event event;
};

static void misshapen_events_are_refused_for_good(void **state)
{
    struct park_day *d = *state;
    static uint8_t uid[] = {1, 2, 3};
    static uint8_t long_uid[LIMIT_CREDENTIAL_BYTES + 1] = {1};
    static char long_id[LIMIT_DEVICE_EVENT_BYTES + 2];
    memset(long_id, 'x', sizeof(long_id) - 1);
    char *lane = (char *)(uintptr_t) "a-in";
    const Parkgate__Event none = PARKGATE__EVENT__INIT;
    struct misshapen rows[] = {
        {"no kind",             none},
        {"unknown kind",        none},
        {"no lane",             none},
        {"three bytes of UID",  none},
        {"a long UID",          none},
        {"a long raw",          none},
        {"a long device event", none},
        {"no passage kind",     none},
        {"unknown passage",     none},
        {"no device name",      none},
        {"no time",             none},
        {"a time before 1970",  none},
        {"another's reader",    none},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        rows[i].event.kind = EVENT_PRESENTATION;
        rows[i].event.lane = lane;
        rows[i].event.credential_kind = CREDENTIAL_KIND_BADGE;
    }
    rows[0].event.kind = 0;
    rows[1].event.kind = 77;
    rows[2].event.lane = (char *)(uintptr_t) "";
    rows[3].event.credential = (ProtobufCBinaryData){.len = sizeof(uid), .data = uid};
    rows[4].event.credential = (ProtobufCBinaryData){.len = sizeof(long_uid), .data = long_uid};
    rows[5].event.raw = (ProtobufCBinaryData){.len = sizeof(long_uid), .data = long_uid};
    rows[6].event.device_event = long_id;
    rows[7].event.kind = EVENT_PASSAGE;
    rows[8].event.kind = EVENT_PASSAGE;
    rows[8].event.passage = PASSAGE_BLOCKED_ENDED + 1;
    rows[9].event.kind = EVENT_DEVICE;
    rows[10].event.received_us = -1;
    rows[11].event.captured_us = INT64_MIN;
    rows[12].event.kind = EVENT_DEVICE;
    rows[12].event.reader = (char *)(uintptr_t) "b-in-reader";
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint32_t error = 0;
        uint64_t before = head_of(d->w).sequence;
        uint64_t sequence = gate_event(d->w, &d->a, &rows[i].event);
        world_turn(d->w);
        if (answer_of(d->w, sequence, &error) != ANSWER_REFUSED || error != ERROR_EVENT_BAD ||
            has_verdict(d->w, sequence) || entries_of(d->w, ENTRY_EVENT, before) != 0) {
            fail_msg("%s: answer %u, error %u", rows[i].what, answer_of(d->w, sequence, NULL),
                     error);
        }
        gate_again(d->w, &d->a);
        world_turn(d->w);
        assert_int_equal(answer_of(d->w, sequence, NULL), ANSWER_REFUSED);
        assert_int_equal(entries_of(d->w, ENTRY_EVENT_REFUSED, before), 1);
    }
}

static void odd_times_are_recorded_and_open_no_entry(void **state)
{
    struct park_day *d = *state;
    static const int64_t times[] = {1, INT64_MAX, INT64_MAX / 2, INT64_C(1) << 40};
    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        Parkgate__Event event = PARKGATE__EVENT__INIT;
        event.kind = EVENT_PASSAGE;
        event.lane = (char *)(uintptr_t) "a-in";
        event.passage = PASSAGE_PASSED;
        event.presentation = gate_badge(d->w, &d->a, "a-in", WANG);
        event.received_us = times[i];
        uint64_t sequence = gate_event(d->w, &d->a, &event);
        world_turn(d->w);
        assert_int_equal(answer_of(d->w, sequence, NULL), ANSWER_APPLIED);
        world_pass(d->w, MINUTE_US);
    }
}

/* --- passages --- */

static void passage_before_its_presentation_is_answered_retry(void **state)
{
    struct park_day *d = *state;
    uint64_t before = head_of(d->w).sequence;
    uint64_t sequence = gate_passage(d->w, &d->a, "a-in", d->a.sequence + 2, PASSAGE_PASSED);
    struct gate late = d->a; /* its frame, to be sent again */
    world_turn(d->w);
    assert_int_equal(answer_of(d->w, sequence, NULL), ANSWER_RETRY);
    assert_int_equal(head_of(d->w).sequence, before);
    assert_granted(d->w, gate_badge(d->w, &d->a, "a-in", LI), REASON_GRANTED);
    world_turn(d->w);
    gate_again(d->w, &late);
    world_turn(d->w);
    assert_int_equal(answer_of(d->w, sequence, NULL), ANSWER_APPLIED);
    assert_int_equal(figure(d, "acme", "persons"), 1);
}

static void one_presentation_lets_one_person_through(void **state)
{
    struct park_day *d = *state;
    uint64_t before = head_of(d->w).sequence;
    uint64_t shown = gate_badge(d->w, &d->a, "a-in", LI);
    (void)gate_passage(d->w, &d->a, "a-in", shown, PASSAGE_PASSED);
    (void)gate_passage(d->w, &d->a, "a-in", shown, PASSAGE_PASSED);
    (void)gate_passage(d->w, &d->a, "a-in", shown, PASSAGE_TAILGATED);
    world_turn(d->w);
    assert_int_equal(faults_of(d->w, "tailgated", before), 1);
    assert_int_equal(figure(d, "acme", "persons"), 1);
    assert_int_equal(figure(d, "acme", "entries"), 1);
    assert_int_equal(figure(d, "acme", "present"), 1);
}

/* The tailgater's report may overtake the holder's own: backlog and live events mix. */
static void a_report_that_counts_nobody_takes_no_passage_away(void **state)
{
    struct park_day *d = *state;
    static const uint32_t first[] = {PASSAGE_TAILGATED, PASSAGE_FORCED, PASSAGE_HELD,
                                     PASSAGE_HELD_ENDED, PASSAGE_NOT_TAKEN};
    for (size_t i = 0; i < ARRAY_LEN(first); i++) {
        long entries = figure(d, "acme", "entries");
        uint64_t shown = gate_badge(d->w, &d->a, "a-in", LI);
        (void)gate_passage(d->w, &d->a, "a-in", shown, first[i]);
        (void)gate_passage(d->w, &d->a, "a-in", shown, PASSAGE_PASSED);
        world_turn(d->w);
        assert_int_equal(figure(d, "acme", "entries"), entries + 1);
        world_pass(d->w, MINUTE_US);
    }
}

static void forced_and_tailgated_raise_a_fault_and_count_nobody(void **state)
{
    struct park_day *d = *state;
    uint64_t before = head_of(d->w).sequence;
    (void)gate_passage(d->w, &d->a, "a-in", 0, PASSAGE_FORCED);
    (void)gate_passage(d->w, &d->a, "a-in", 0, PASSAGE_TAILGATED);
    (void)gate_passage(d->w, &d->a, "a-in", 0, PASSAGE_PASSED); /* on no grant of ours */
    world_turn(d->w);
    assert_int_equal(faults_of(d->w, "forced", before), 1);
    assert_int_equal(faults_of(d->w, "tailgated", before), 1);
    assert_int_equal(figure(d, "acme", "entries"), 0);
    assert_string_equal(note(admin(d->w, "status", NULL), "open_faults"), "0");
    assert_string_equal(note(admin(d->w, "who", NULL), "inside"), "0");
}

static void held_open_is_a_fault_until_it_ends(void **state)
{
    struct park_day *d = *state;
    (void)gate_passage(d->w, &d->a, "a-in", 0, PASSAGE_HELD);
    (void)gate_passage(d->w, &d->a, "a-in", 0, PASSAGE_HELD);
    world_turn(d->w);
    assert_string_equal(note(admin(d->w, "status", NULL), "open_faults"), "1");
    (void)gate_passage(d->w, &d->a, "a-in", 0, PASSAGE_HELD_ENDED);
    world_turn(d->w);
    assert_string_equal(note(admin(d->w, "status", NULL), "open_faults"), "0");
}

static void not_taken_counts_nobody_and_the_badge_may_be_shown_again(void **state)
{
    struct park_day *d = *state;
    uint64_t shown = gate_badge(d->w, &d->a, "a-in", LI);
    (void)gate_passage(d->w, &d->a, "a-in", shown, PASSAGE_NOT_TAKEN);
    world_turn(d->w);
    assert_int_equal(figure(d, "acme", "entries"), 0);
    assert_granted(d->w, gate_badge(d->w, &d->a, "a-in", LI), REASON_GRANTED);
    world_turn(d->w);
}

static void lane_without_sensor_counts_grants_and_says_so(void **state)
{
    struct park_day *d = *state;
    uint64_t shown = gate_badge(d->w, &d->a, "a-bare", LI);
    assert_granted(d->w, shown, REASON_GRANTED);
    (void)gate_passage(d->w, &d->a, "a-bare", shown, PASSAGE_UNSENSED);
    world_turn(d->w);
    assert_int_equal(figure(d, "acme", "entries"), 1);
    assert_int_equal(figure(d, "acme", "unsensed"), 1);
    world_pass(d->w, 3500 * MS_US); /* open for 3 s: after that the read is no repeat */
    assert_granted(d->w, gate_badge(d->w, &d->a, "a-bare", LI), REASON_GRANTED);
    world_turn(d->w);
}

static void late_and_disordered_passages_find_their_place(void **state)
{
    struct park_day *d = *state;
    int64_t start = d->w->now.us;
    world_pass(d->w, 60 * MINUTE_US);
    uint64_t out = gate_badge(d->w, &d->a, "a-out", LI);
    (void)gate_passage(d->w, &d->a, "a-out", out, PASSAGE_PASSED);
    world_turn(d->w);
    assert_int_equal(figure(d, "acme", "unpaired"), 1);
    Parkgate__Event read = PARKGATE__EVENT__INIT; /* the backlog of an hour ago */
    static uint8_t uid[] = {0x04, 1, 2, 3};
    read.kind = EVENT_PRESENTATION;
    read.lane = (char *)(uintptr_t) "b-in";
    read.credential_kind = CREDENTIAL_KIND_BADGE;
    read.credential_class = CREDENTIAL_CLASS_UID_ONLY;
    read.credential = (ProtobufCBinaryData){.len = sizeof(uid), .data = uid};
    read.captured_us = read.received_us = start;
    read.outcome = OUTCOME_GRANT + 1;
    read.reason = REASON_LANE_SET_FREE;
    read.verdict_source = SOURCE_AGENT;
    Parkgate__Event passage = PARKGATE__EVENT__INIT;
    passage.kind = EVENT_PASSAGE;
    passage.lane = (char *)(uintptr_t) "b-in";
    passage.passage = PASSAGE_PASSED;
    passage.captured_us = passage.received_us = start + SECOND_US;
    passage.presentation = gate_event(d->w, &d->b, &read);
    uint64_t sequence = gate_event(d->w, &d->b, &passage);
    world_turn(d->w);
    assert_int_equal(answer_of(d->w, sequence, NULL), ANSWER_APPLIED);
    assert_int_equal(figure(d, "acme", "persons"), 1);
    assert_int_equal(figure(d, "acme", "unpaired"), 0);
    assert_int_equal(figure(d, "acme", "present"), 0); /* he left after it */
    assert_int_equal(figure(d, "acme", "peak"), 1);
}

static void a_passage_names_a_presentation_of_an_earlier_epoch(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    uint64_t shown = gate_badge(w, &d->a, "a-in", LI);
    assert_granted(w, shown, REASON_GRANTED);
    world_turn(w);
    Parkgate__Hello hello = gate_hello_message(w, &d->a);
    d->a.store_id[5] ^= 1; /* the box was restored; it renumbers what is not answered */
    gate_send_hello(w, &d->a, &hello);
    d->a.epoch++;
    d->a.sequence = 0;
    (void)gate_badge(w, &d->a, "a-in", WANG); /* takes the number of Li's read */
    Parkgate__Event passage = PARKGATE__EVENT__INIT;
    passage.kind = EVENT_PASSAGE;
    passage.lane = (char *)(uintptr_t) "a-in";
    passage.passage = PASSAGE_PASSED;
    passage.presentation = shown;
    passage.presentation_epoch = d->a.epoch - 1;
    uint64_t sequence = gate_event(w, &d->a, &passage);
    world_turn(w);
    assert_int_equal(answer_of(w, sequence, NULL), ANSWER_APPLIED);
    const Parkgate__Reply *who = admin(w, "who", NULL);
    assert_int_equal(row_count(who), 1);
    assert_string_equal(cell(who, 0, "person"), d->li);
    assert_denied(w, gate_badge(w, &d->a, "a-in", LI), REASON_REPEAT_PASSED);
    world_turn(w);
}

/* --- reads that are not live --- */

static void history_and_stale_reads_open_nothing(void **state)
{
    struct park_day *d = *state;
    static uint8_t uid[] = {0x04, 1, 2, 3};
    static const char *const lanes[] = {"a-in", "a-out"};
    for (size_t i = 0; i < ARRAY_LEN(lanes); i++) {
        Parkgate__Event read = PARKGATE__EVENT__INIT;
        read.kind = EVENT_PRESENTATION;
        read.lane = (char *)(uintptr_t)lanes[i];
        read.credential_kind = CREDENTIAL_KIND_BADGE;
        read.credential_class = CREDENTIAL_CLASS_UID_ONLY;
        read.credential = (ProtobufCBinaryData){.len = sizeof(uid), .data = uid};
        Parkgate__Event stale = read;
        stale.received_us = d->w->now.us;
        stale.captured_us = stale.received_us - 5 * SECOND_US - 1;
        assert_denied(d->w, gate_event(d->w, &d->a, &stale), REASON_STALE_READ);
        stale = read;
        stale.received_us = d->w->now.us;
        stale.captured_us = stale.received_us - 5 * SECOND_US; /* just live */
        assert_granted(d->w, gate_event(d->w, &d->a, &stale),
                       i == 0 ? REASON_GRANTED : REASON_EXIT);
        read.history = true;
        uint64_t sequence = gate_event(d->w, &d->a, &read);
        assert_false(has_verdict(d->w, sequence)); /* nobody stands there */
        world_turn(d->w);
        assert_int_equal(answer_of(d->w, sequence, NULL), ANSWER_APPLIED);
        Parkgate__EventEntry *entry =
            (void *)newest_entry(d->w, ENTRY_EVENT, &parkgate__event_entry__descriptor);
        assert_int_equal(entry->outcome, OUTCOME_DENY + 1);
        assert_int_equal(entry->reason, REASON_HISTORY);
        parkgate__event_entry__free_unpacked(entry, NULL);
    }
}

static void unknown_clock_denies_an_entry_and_never_an_exit(void **state)
{
    struct park_day *d = *state;
    static uint8_t uid[] = {0x04, 1, 2, 3};
    Parkgate__Event read = PARKGATE__EVENT__INIT;
    read.kind = EVENT_PRESENTATION;
    read.credential_kind = CREDENTIAL_KIND_BADGE;
    read.credential_class = CREDENTIAL_CLASS_UID_ONLY;
    read.credential = (ProtobufCBinaryData){.len = sizeof(uid), .data = uid};
    read.offset_unknown = true;
    read.captured_us = 1000;
    read.lane = (char *)(uintptr_t) "a-in";
    Parkgate__Event exit = read;
    exit.lane = (char *)(uintptr_t) "a-out";
    assert_denied(d->w, gate_event(d->w, &d->a, &read), REASON_CLOCK_UNKNOWN);
    assert_granted(d->w, gate_event(d->w, &d->a, &exit), REASON_EXIT);
    world_turn(d->w);
}

/* --- what the gate did by itself --- */

static uint64_t acted(struct park_day *d, uint64_t presentation, uint32_t outcome, uint32_t reason)
{
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    event.kind = EVENT_ACTED;
    event.lane = (char *)(uintptr_t) "a-in";
    event.presentation = presentation;
    event.outcome = outcome + 1;
    event.reason = reason;
    event.verdict_source = SOURCE_AGENT;
    return gate_event(d->w, &d->a, &event);
}

static void acting_otherwise_is_kept_beside_and_a_fault(void **state)
{
    struct park_day *d = *state;
    uint64_t before = head_of(d->w).sequence;
    uint64_t shown = gate_badge(d->w, &d->a, "a-in", LI);
    (void)acted(d, shown, OUTCOME_GRANT, REASON_GRANTED);
    world_turn(d->w);
    assert_int_equal(faults_of(d->w, "verdict-differs", before), 0);
    (void)acted(d, shown, OUTCOME_DENY, REASON_CONTROLLER_SILENT);
    world_turn(d->w);
    assert_int_equal(faults_of(d->w, "verdict-differs", before), 1);
    Parkgate__EventEntry *entry =
        (void *)newest_entry(d->w, ENTRY_EVENT, &parkgate__event_entry__descriptor);
    assert_int_equal(entry->outcome, OUTCOME_GRANT + 1);
    assert_int_equal(entry->acted_outcome, OUTCOME_DENY + 1);
    assert_int_equal(entry->acted_reason, REASON_CONTROLLER_SILENT);
    assert_int_equal(entry->acted_source, SOURCE_AGENT);
    parkgate__event_entry__free_unpacked(entry, NULL);
    /* the lane never opened for her: she shows it again at once and is no repeat */
    assert_granted(d->w, gate_badge(d->w, &d->a, "a-in", LI), REASON_GRANTED);
    uint64_t early = acted(d, d->a.sequence + 5, OUTCOME_DENY, REASON_CONTROLLER_SILENT);
    world_turn(d->w);
    assert_int_equal(answer_of(d->w, early, NULL), ANSWER_RETRY);
}

static void what_the_gate_opened_by_itself_makes_a_repeat(void **state)
{
    struct park_day *d = *state;
    uint64_t shown = gate_badge(d->w, &d->a, "a-in", "aabbccdd");
    (void)acted(d, shown, OUTCOME_GRANT,
                REASON_LANE_SET_FREE); /* nobody's badge: nothing to keep */
    (void)admin(d->w, "lane.lock", "lane", "a-in", "reason", "works", NULL);
    shown = gate_badge(d->w, &d->a, "a-in", LI);
    assert_denied(d->w, shown, REASON_LANE_LOCKED);
    (void)acted(d, shown, OUTCOME_GRANT, REASON_LANE_SET_FREE);
    (void)admin(d->w, "lane.normal", "lane", "a-in", "reason", "over", NULL);
    assert_denied(d->w, gate_badge(d->w, &d->a, "a-in", LI), REASON_REPEAT);
    world_turn(d->w);
}

/* A read that lay waiting in a gate that stood still. */
static uint64_t waited(struct park_day *d, int64_t captured_us, int64_t received_us)
{
    static uint8_t uid[] = {0x04, 0xa1, 0xb2, 0xc3, 0xd4, 0xe5, 0xf6};
    Parkgate__Event read = PARKGATE__EVENT__INIT;
    read.kind = EVENT_PRESENTATION;
    read.lane = (char *)(uintptr_t) "a-in";
    read.credential_kind = CREDENTIAL_KIND_BADGE;
    read.credential_class = CREDENTIAL_CLASS_UID_ONLY;
    read.credential = (ProtobufCBinaryData){.len = sizeof(uid), .data = uid};
    read.captured_us = captured_us;
    read.received_us = received_us;
    return gate_event(d->w, &d->a, &read);
}

static void a_grant_acted_on_late_stands_from_then(void **state)
{
    struct park_day *d = *state;
    int64_t woke_us = d->w->now.us;
    assert_granted(d->w, waited(d, woke_us - 4700000, woke_us), REASON_GRANTED);
    world_turn(d->w);
    world_pass(d->w, 700000);
    assert_denied(d->w, gate_badge(d->w, &d->a, "a-in", WANG), REASON_REPEAT);
    world_turn(d->w);
    world_pass(d->w, woke_us + 4999999 - d->w->now.us);
    assert_denied(d->w, gate_badge(d->w, &d->a, "a-in", WANG), REASON_REPEAT);
    world_turn(d->w);
    world_pass(d->w, 1);
    assert_granted(d->w, gate_badge(d->w, &d->a, "a-in", WANG), REASON_GRANTED);
    world_turn(d->w);
    (void)assert_replays(d->w);
}

/* It stood still between the read and the act. */
static void a_gate_that_says_late_that_it_acted_is_believed(void **state)
{
    struct park_day *d = *state;
    uint64_t shown = gate_badge(d->w, &d->a, "a-in", LI);
    world_turn(d->w);
    world_pass(d->w, 3000000);
    (void)acted(d, shown, OUTCOME_GRANT, REASON_GRANTED);
    world_turn(d->w);
    world_pass(d->w, 4000000);
    assert_denied(d->w, gate_badge(d->w, &d->a, "a-in", LI), REASON_REPEAT);
    world_turn(d->w);
    world_pass(d->w, 1000000);
    assert_granted(d->w, gate_badge(d->w, &d->a, "a-in", LI), REASON_GRANTED);
    world_turn(d->w);
    (void)assert_replays(d->w);
}

/* Decided at once by the gate: recorded, never decided here. */
static void a_presentation_that_the_gate_decided_is_recorded_only(void **state)
{
    struct park_day *d = *state;
    static uint8_t uid[] = {0x04, 1, 2, 3};
    Parkgate__Event read = PARKGATE__EVENT__INIT;
    read.kind = EVENT_PRESENTATION;
    read.lane = (char *)(uintptr_t) "a-in";
    read.credential_kind = CREDENTIAL_KIND_BADGE;
    read.credential_class = CREDENTIAL_CLASS_UID_ONLY;
    read.credential = (ProtobufCBinaryData){.len = sizeof(uid), .data = uid};
    read.outcome = OUTCOME_DENY + 1;
    read.reason = REASON_CONTROLLER_SILENT;
    read.verdict_source = SOURCE_AGENT;
    uint64_t before = head_of(d->w).sequence;
    uint64_t sequence = gate_event(d->w, &d->a, &read);
    assert_false(has_verdict(d->w, sequence));
    world_turn(d->w);
    assert_int_equal(answer_of(d->w, sequence, NULL), ANSWER_APPLIED);
    Parkgate__EventEntry *entry =
        (void *)newest_entry(d->w, ENTRY_EVENT, &parkgate__event_entry__descriptor);
    assert_int_equal(entry->acted_outcome, OUTCOME_DENY + 1);
    assert_int_equal(entry->acted_reason, REASON_CONTROLLER_SILENT);
    parkgate__event_entry__free_unpacked(entry, NULL);
    assert_int_equal(entries_of(d->w, ENTRY_EVENT, before), 1);
    /* it opened nothing, so the next read is no repeat */
    assert_granted(d->w, gate_badge(d->w, &d->a, "a-in", LI), REASON_GRANTED);
    world_turn(d->w);
}

static void button_and_late_opening(void **state)
{
    struct park_day *d = *state;
    uint64_t before = head_of(d->w).sequence;
    Parkgate__Event button = PARKGATE__EVENT__INIT;
    button.kind = EVENT_BUTTON;
    button.lane = (char *)(uintptr_t) "a-out";
    button.outcome = OUTCOME_GRANT + 1;
    button.reason = REASON_EXIT_BUTTON;
    button.verdict_source = SOURCE_AGENT;
    Parkgate__Event late = button;
    (void)gate_event(d->w, &d->a, &button);
    world_turn(d->w);
    assert_int_equal(faults_of(d->w, "late-opening", before), 0);
    late.late = true;
    late.verdict_source = SOURCE_BOARD;
    uint64_t sequence = gate_event(d->w, &d->a, &late);
    world_turn(d->w);
    assert_int_equal(answer_of(d->w, sequence, NULL), ANSWER_APPLIED);
    assert_int_equal(faults_of(d->w, "late-opening", before), 1);
}

static void devices_and_tamper_are_faults_until_they_are_well(void **state)
{
    struct park_day *d = *state;
    static const uint32_t bad[] = {DEVICE_DOWN, DEVICE_TAMPER};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        Parkgate__Event down = PARKGATE__EVENT__INIT;
        down.kind = EVENT_DEVICE;
        down.reader = (char *)(uintptr_t) "a-in-reader";
        down.device_state = bad[i];
        Parkgate__Event up = down;
        up.device_state = DEVICE_UP;
        (void)gate_event(d->w, &d->a, &down);
        world_turn(d->w);
        assert_string_equal(note(admin(d->w, "status", NULL), "open_faults"), "1");
        (void)gate_event(d->w, &d->a, &up);
        world_turn(d->w);
        assert_string_equal(note(admin(d->w, "status", NULL), "open_faults"), "0");
    }
}

/* A stolen key of gate-b ends no fault of gate-a's lanes, and fills no list with names of its own.
 */
static void a_gate_speaks_of_its_own_devices_alone(void **state)
{
    static const char *const names[] = {"a-in", "made-up-1", "made-up-2", "gate-a.copy", "gate-a"};
    struct park_day *d = *state;
    Parkgate__Event tamper = PARKGATE__EVENT__INIT;
    tamper.kind = EVENT_TAMPER;
    tamper.lane = (char *)(uintptr_t) "a-in";
    tamper.device_state = DEVICE_TAMPER;
    (void)gate_event(d->w, &d->a, &tamper);
    world_turn(d->w);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        Parkgate__Event word = PARKGATE__EVENT__INIT;
        word.kind = EVENT_DEVICE;
        word.reader = (char *)(uintptr_t)names[i];
        word.device_state = i == 0 ? DEVICE_UP : DEVICE_DOWN;
        uint64_t sequence = gate_event(d->w, &d->b, &word);
        world_turn(d->w);
        assert_int_equal(answer_of(d->w, sequence, NULL), ANSWER_APPLIED);
        assert_string_equal(note(admin(d->w, "status", NULL), "open_faults"), "1");
    }
    Parkgate__Event own = PARKGATE__EVENT__INIT;
    own.kind = EVENT_DEVICE;
    own.reader = (char *)(uintptr_t) "gate-b.copy";
    own.device_state = DEVICE_DOWN;
    (void)gate_event(d->w, &d->b, &own);
    world_turn(d->w);
    assert_string_equal(note(admin(d->w, "status", NULL), "open_faults"), "2");
}

/* --- commands --- */

static void lane_open_goes_to_the_gate_after_the_commit(void **state)
{
    struct park_day *d = *state;
    uint64_t before = head_of(d->w).sequence;
    (void)admin(d->w, "lane.open", "lane", "a-in", "reason", "visitor", NULL);
    const struct sent *sent = sent_last(d->w, MESSAGE_COMMAND);
    assert_non_null(sent);
    assert_true(sent->committed > before);
    const Parkgate__Command *command = (const void *)sent->body;
    assert_int_equal(command->command_sequence, 1);
    assert_string_equal(command->gate, "gate-a");
    assert_string_equal(command->lane, "a-in");
    assert_int_equal(command->verb, VERB_OPEN);
    assert_int_equal(command->expires_ms, LIMIT_COMMAND_MS);
    assert_int_equal(command->key.len, LINK_KEY_SIZE);
    assert_memory_equal(command->key.data, d->a.key.bytes, LINK_KEY_SIZE);
    (void)admin(d->w, "lane.open", "lane", "a-in", "reason", "visitor", NULL);
    command = (const void *)sent_last(d->w, MESSAGE_COMMAND)->body;
    assert_int_equal(command->command_sequence, 2);
    assert_refused(ask(d->w, d->w->admin, "lane.open", "lane", "a-in", NULL), ERROR_REASON_NEEDED);
    world_restart(d->w);
    assert_refused(ask(d->w, d->w->admin, "lane.open", "lane", "a-in", "reason", "x", NULL),
                   ERROR_GATE_AWAY);
}

static Parkgate__Event command_done(uint64_t number, const Parkgate__Command *command)
{
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    event.kind = EVENT_COMMAND;
    event.lane = text_of("a-in");
    event.command_sequence = number;
    event.command_result = COMMAND_DONE;
    event.presentation = command->presentation;
    return event;
}

/* A read is denied, the guard looks and opens: who was read is inside then. */
static void a_command_that_answers_a_read_counts_who_was_read(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    char person[HANDLE_TEXT_SIZE], journal[24];
    person_with_badge(w, "acme", "Ma Hong", "0badbad1", NULL, person);
    uint64_t read = gate_badge(w, &d->a, "a-in", "0badbad1");
    world_turn(w);
    assert_denied(w, read, REASON_NO_ASSIGNMENT);
    (void)snprintf(journal, sizeof(journal), "%llu", (unsigned long long)head_of(w).sequence);
    (void)admin(w, "lane.open", "lane", "a-in", "reason", "seen", "presentation", journal, NULL);
    const Parkgate__Command *command = (const void *)sent_last(w, MESSAGE_COMMAND)->body;
    assert_int_equal(command->presentation, read);
    assert_int_equal(command->presentation_epoch, d->a.epoch);
    assert_in_range(w->now.us - command->issued_us, 0, 10 * MS_US);
    Parkgate__Event done = command_done(command->command_sequence, command);
    uint64_t opened = gate_event(w, &d->a, &done);
    (void)gate_passage(w, &d->a, "a-in", opened, PASSAGE_PASSED);
    world_turn(w);
    assert_true(row_with(admin(w, "who", NULL), "person", person) != SIZE_MAX);
    (void)assert_replays(w);
}

static void only_a_read_that_waits_there_is_answered(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    char journal[24];
    (void)gate_badge(w, &d->a, "a-in", LI);
    world_turn(w);
    (void)snprintf(journal, sizeof(journal), "%llu", (unsigned long long)head_of(w).sequence);
    static const char *const wrong[] = {"1", "99999999", "x"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        const Parkgate__Reply *reply = ask(w, w->admin, "lane.open", "lane", "a-in", "reason", "x",
                                           "presentation", wrong[i], NULL);
        assert_refused(reply, ERROR_ARG_BAD);
    }
    assert_refused(ask(w, w->admin, "lane.open", "lane", "a-out", "reason", "x", "presentation",
                       journal, NULL),
                   ERROR_ARG_BAD); /* of another lane */
    world_pass(w, 121 * SECOND_US);
    assert_refused(
        ask(w, w->admin, "lane.open", "lane", "a-in", "reason", "x", "presentation", journal, NULL),
        ERROR_ARG_BAD); /* he went away */
    assert_int_equal(sent_count(w, MESSAGE_COMMAND), 0);
}

/* --- poison --- */

static void an_event_in_work_at_two_crashes_is_kept_aside(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    uint32_t error = 0;
    uint64_t sequence = gate_badge(w, &d->a, "a-in", LI);
    struct gate poison = d->a;
    world_turn(w);
    sent_forget(w);
    poison.sequence++;
    poison.last_frame[15]++; /* the next sequence, and a body that says so */
    poison.last_frame[ENVELOPE_SIZE + 3]++;
    struct seal_hash digest = seal_hash_of((struct bytes){
        .data = poison.last_frame + ENVELOPE_SIZE, .size = poison.last_size - ENVELOPE_SIZE});
    for (int crash = 0; crash < IN_WORK_CRASHES; crash++) {
        assert_true(in_work_begin(&w->in_work, &digest)); /* ... and the process dies */
        in_work_started(&w->in_work);
    }
    uint64_t before = head_of(w).sequence;
    gate_again(w, &poison);
    world_turn(w);
    assert_int_equal(answer_of(w, sequence + 1, &error), ANSWER_REFUSED);
    assert_int_equal(error, ERROR_EVENT_POISON);
    assert_false(has_verdict(w, sequence + 1));
    assert_int_equal(faults_of(w, "poison-event", before), 1);
    gate_again(w, &poison); /* known now: it is not touched a second time */
    world_turn(w);
    assert_int_equal(answer_of(w, sequence + 1, &error), ANSWER_REFUSED);
    assert_int_equal(entries_of(w, ENTRY_EVENT, before), 0);
    assert_int_equal(w->in_work.active, 0);
}

static void one_crash_is_forgiven(void **state)
{
    struct park_day *d = *state;
    struct world *w = d->w;
    (void)gate_badge(w, &d->a, "a-in", LI);
    struct seal_hash digest = d->a.last_digest;
    world_restart(w); /* nothing was committed */
    assert_true(in_work_begin(&w->in_work, &digest));
    in_work_started(&w->in_work);
    Parkgate__Hello hello = gate_hello_message(w, &d->a);
    gate_send_hello(w, &d->a, &hello);
    sent_forget(w);
    gate_again(w, &d->a);
    assert_granted(w, d->a.sequence, REASON_GRANTED);
    world_turn(w);
    assert_int_equal(answer_of(w, d->a.sequence, NULL), ANSWER_APPLIED);
}

static void a_pulled_manual_release_is_a_fault_until_it_is_put_back(void **state)
{
    struct park_day *d = *state;
    uint64_t before = head_of(d->w).sequence;
    (void)gate_passage(d->w, &d->a, "a-in", 0, PASSAGE_MANUAL);
    (void)gate_passage(d->w, &d->a, "a-in", 0, PASSAGE_BY_HAND);
    world_turn(d->w);
    assert_int_equal(faults_of(d->w, "manual-release", before), 1);
    assert_int_equal(faults_of(d->w, "forced", before), 0);
    assert_int_equal(figure(d, "acme", "entries"), 0);
    assert_string_equal(note(admin(d->w, "status", NULL), "open_faults"), "1");
    (void)gate_passage(d->w, &d->a, "a-in", 0, PASSAGE_MANUAL_ENDED);
    (void)gate_passage(d->w, &d->a, "a-in", 0, PASSAGE_MANUAL_ENDED); /* nothing was open */
    world_turn(d->w);
    assert_string_equal(note(admin(d->w, "status", NULL), "open_faults"), "0");
}

static void a_lane_that_cannot_close_is_a_fault_until_it_can(void **state)
{
    struct park_day *d = *state;
    uint64_t before = head_of(d->w).sequence;
    (void)gate_passage(d->w, &d->a, "a-in", 0, PASSAGE_BLOCKED);
    world_turn(d->w);
    assert_int_equal(faults_of(d->w, "lane-blocked", before), 1);
    assert_string_equal(note(admin(d->w, "status", NULL), "open_faults"), "1");
    (void)gate_passage(d->w, &d->a, "a-in", 0, PASSAGE_BLOCKED_ENDED);
    world_turn(d->w);
    assert_string_equal(note(admin(d->w, "status", NULL), "open_faults"), "0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DAY_TEST(verdict_leaves_before_the_commit_and_ack_after_it),
        DAY_TEST(same_event_again_is_applied_again_and_changes_nothing),
        DAY_TEST(same_event_twice_in_one_batch_is_decided_once),
        DAY_TEST(known_sequence_with_other_content_is_kept_aside),
        DAY_TEST(the_journal_confirms_no_guess_of_a_read),
        DAY_TEST(lane_of_another_gate_is_refused),
        DAY_TEST(misshapen_events_are_refused_for_good),
        DAY_TEST(odd_times_are_recorded_and_open_no_entry),
        DAY_TEST(passage_before_its_presentation_is_answered_retry),
        DAY_TEST(one_presentation_lets_one_person_through),
        DAY_TEST(a_report_that_counts_nobody_takes_no_passage_away),
        DAY_TEST(forced_and_tailgated_raise_a_fault_and_count_nobody),
        DAY_TEST(held_open_is_a_fault_until_it_ends),
        DAY_TEST(a_pulled_manual_release_is_a_fault_until_it_is_put_back),
        DAY_TEST(a_lane_that_cannot_close_is_a_fault_until_it_can),
        DAY_TEST(not_taken_counts_nobody_and_the_badge_may_be_shown_again),
        DAY_TEST(lane_without_sensor_counts_grants_and_says_so),
        DAY_TEST(late_and_disordered_passages_find_their_place),
        DAY_TEST(a_passage_names_a_presentation_of_an_earlier_epoch),
        DAY_TEST(history_and_stale_reads_open_nothing),
        DAY_TEST(unknown_clock_denies_an_entry_and_never_an_exit),
        DAY_TEST(acting_otherwise_is_kept_beside_and_a_fault),
        DAY_TEST(what_the_gate_opened_by_itself_makes_a_repeat),
        DAY_TEST(a_grant_acted_on_late_stands_from_then),
        DAY_TEST(a_gate_that_says_late_that_it_acted_is_believed),
        DAY_TEST(a_presentation_that_the_gate_decided_is_recorded_only),
        DAY_TEST(button_and_late_opening),
        DAY_TEST(devices_and_tamper_are_faults_until_they_are_well),
        DAY_TEST(a_gate_speaks_of_its_own_devices_alone),
        DAY_TEST(lane_open_goes_to_the_gate_after_the_commit),
        DAY_TEST(a_command_that_answers_a_read_counts_who_was_read),
        DAY_TEST(only_a_read_that_waits_there_is_answered),
        DAY_TEST(an_event_in_work_at_two_crashes_is_kept_aside),
        DAY_TEST(one_crash_is_forgiven),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

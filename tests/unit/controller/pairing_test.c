/* Goal: a second credential is asked for as docs/decision-rules.md says (the window, R264, R265):
 * each row and example of the page, each boundary, nobody is held at an exit, and a PIN is kept
 * nowhere. Method: a whole controller without its shell and a clock that only the test moves; every
 * test ends with a replay of its journal, which must give the same tables. */
#include "tests/unit/controller/pairing_fixture.h"

static void give_faces(struct park_day *d)
{
    (void)admin(d->w, "face.attach", "person", d->li, "subject", "li-1", "consent", "c1", "purpose",
                "entry", NULL);
    (void)admin(d->w, "face.attach", "person", d->wang, "subject", "wang-1", "consent", "c2",
                "purpose", "entry", NULL);
}

/* --- a second credential --- */

static void badge_then_pin_is_granted(void **state)
{
    struct park_day *d = *state;
    give_pins(d);
    denied(d, badge(d, "p-pin", LI), REASON_SECOND_NEEDED);
    later(d, 3 * SECOND_US);
    granted(d, pin(d, "p-pin", LI_PIN), REASON_GRANTED);
    Parkgate__EventEntry *entry = newest_event(d);
    char holder[HANDLE_TEXT_SIZE];
    bytes_to_hex((struct bytes){.data = entry->holder.data, .size = HANDLE_SIZE}, holder,
                 sizeof(holder));
    assert_string_equal(holder, d->li); /* the whole is about the badge's holder */
    assert_int_equal(entry->first_credential.len, HANDLE_SIZE);
    assert_int_equal(entry->sealed.len, 0); /* a PIN is kept nowhere */
    parkgate__event_entry__free_unpacked(entry, NULL);
    granted(d, gate_badge(d->w, &d->a, "a-in", WANG), REASON_GRANTED); /* other lanes ask nothing */
}

static void a_pair_passes_and_is_counted_once(void **state)
{
    struct park_day *d = *state;
    give_pins(d);
    (void)badge(d, "p-pin", LI);
    uint64_t read = pin(d, "p-pin", LI_PIN);
    world_turn(d->w);
    (void)gate_passage(d->w, &d->a, "p-pin", read, PASSAGE_PASSED);
    world_turn(d->w);
    assert_int_equal(figure(d, "acme", "persons"), 1);
    assert_int_equal(figure(d, "acme", "present"), 1);
    denied(d, badge(d, "p-pin", LI),
           REASON_REPEAT_PASSED); /* the badge is one of the grant's two */
}

static void a_grant_of_two_reads_stands_under_both(void **state)
{
    struct park_day *d = *state;
    give_faces(d);
    (void)badge(d, "p-face", LI);
    granted(d, face(d, "p-face", "li-1"), REASON_GRANTED);
    denied(d, face(d, "p-face", "li-1"), REASON_REPEAT);
    denied(d, badge(d, "p-face", LI), REASON_REPEAT);
}

static void the_window_ends_where_the_page_says(void **state)
{
    struct park_day *d = *state;
    static const struct {
        const char *lane;
        int64_t after_us;
        uint32_t outcome, reason;
    } rows[] = {
        {"p-pin",   10 * SECOND_US - 1, OUTCOME_GRANT, REASON_GRANTED           },
        {"p-pin",   10 * SECOND_US,     OUTCOME_DENY,  REASON_CREDENTIAL_UNKNOWN},
        {"p-other", 2 * SECOND_US - 1,  OUTCOME_GRANT, REASON_GRANTED           },
        {"p-other", 2 * SECOND_US,      OUTCOME_DENY,  REASON_CREDENTIAL_UNKNOWN},
    };
    give_pins(d);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        world_pass(d->w, MINUTE_US);
        denied(d, badge(d, rows[i].lane, LI), REASON_SECOND_NEEDED);
        later(d, rows[i].after_us);
        assert_verdict(d->w, pin(d, rows[i].lane, LI_PIN), rows[i].outcome, rows[i].reason);
    }
}

static void capture_times_count_not_arrival(void **state)
{
    struct park_day *d = *state;
    give_pins(d);
    denied(d, gate_read(d, "p-pin", CREDENTIAL_KIND_BADGE, LI, 4 * SECOND_US),
           REASON_SECOND_NEEDED);
    later(d, 6 * SECOND_US); /* ten after the capture */
    denied(d, pin(d, "p-pin", LI_PIN), REASON_CREDENTIAL_UNKNOWN);
    later(d, MINUTE_US);
    denied(d, badge(d, "p-pin", WANG), REASON_SECOND_NEEDED);
    /* captured before it, come after it: the newest waits on */
    denied(d, gate_read(d, "p-pin", CREDENTIAL_KIND_BADGE, LI, SECOND_US), REASON_SECOND_NEEDED);
    granted(d, pin(d, "p-pin", WANG_PIN), REASON_GRANTED);
}

static void a_wrong_pin_is_refused_and_the_badge_waits_on(void **state)
{
    struct park_day *d = *state;
    give_pins(d);
    (void)badge(d, "p-pin", LI);
    denied(d, pin(d, "p-pin", WANG_PIN), REASON_SECOND_WRONG); /* another's right one */
    denied(d, pin(d, "p-pin", "4444"), REASON_SECOND_WRONG);
    granted(d, pin(d, "p-pin", LI_PIN), REASON_GRANTED);
}

static void three_wrong_ones_end_the_wait(void **state)
{
    struct park_day *d = *state;
    give_pins(d);
    (void)badge(d, "p-pin", LI);
    for (int i = 0; i < LIMIT_WRONG_SECONDS; i++) {
        denied(d, pin(d, "p-pin", "4444"), REASON_SECOND_WRONG);
    }
    denied(d, pin(d, "p-pin", LI_PIN), REASON_CREDENTIAL_UNKNOWN);
    denied(d, badge(d, "p-pin", LI), REASON_SECOND_NEEDED);
    granted(d, pin(d, "p-pin", LI_PIN), REASON_GRANTED);
}

static void five_wrong_ones_in_a_row_are_told(void **state)
{
    struct park_day *d = *state;
    give_pins(d);
    uint64_t before = head_of(d->w).sequence;
    for (int i = 0; i < LIMIT_WRONG_AT_LANE; i++) {
        world_turn(d->w);
        assert_int_equal(faults_of(d->w, "wrong-tries", before), 0);
        if (i % 2 == 0) {
            (void)badge(d, "p-pin", i == 0 ? LI : WANG);
        }
        denied(d, pin(d, "p-pin", "4444"), REASON_SECOND_WRONG);
    }
    world_turn(d->w);
    assert_int_equal(faults_of(d->w, "wrong-tries", before), 1);
    granted(d, pin(d, "p-pin", WANG_PIN), REASON_GRANTED); /* a right one ends the row */
    for (int i = 0; i < LIMIT_WRONG_AT_LANE - 1; i++) {
        (void)badge(d, "p-pin", LI);
        (void)pin(d, "p-pin", "4444");
    }
    world_turn(d->w);
    assert_int_equal(faults_of(d->w, "wrong-tries", before), 1);
}

/* It knows no PIN: those that it refused may have been right. */
static void pins_that_a_gate_alone_refused_are_no_wrong_tries(void **state)
{
    struct park_day *d = *state;
    give_pins(d);
    uint64_t before = head_of(d->w).sequence;
    for (int i = 0; i < 2 * LIMIT_WRONG_AT_LANE; i++) {
        if (i % 2 == 0) {
            (void)gate_read_as(d, "p-pin", CREDENTIAL_KIND_BADGE, i % 4 == 0 ? LI : WANG, 0, true);
        }
        (void)gate_read_as(d, "p-pin", CREDENTIAL_KIND_PIN, "4444", 0, true);
        world_turn(d->w);
    }
    assert_int_equal(faults_of(d->w, "wrong-tries", before), 0);
}

static void another_badge_starts_anew(void **state)
{
    struct park_day *d = *state;
    give_pins(d);
    denied(d, badge(d, "p-pin", LI), REASON_SECOND_NEEDED);
    denied(d, badge(d, "p-pin", WANG), REASON_SECOND_NEEDED);
    denied(d, pin(d, "p-pin", LI_PIN), REASON_SECOND_WRONG);
    granted(d, pin(d, "p-pin", WANG_PIN), REASON_GRANTED);
}

static void a_pin_alone_is_unknown(void **state)
{
    struct park_day *d = *state;
    give_pins(d);
    denied(d, pin(d, "p-pin", LI_PIN), REASON_CREDENTIAL_UNKNOWN);
    denied(d, pin(d, "a-in", LI_PIN), REASON_CREDENTIAL_UNKNOWN);
    (void)badge(d, "p-pin", LI);
    granted(d, pin(d, "p-pin", LI_PIN), REASON_GRANTED);
    denied(d, pin(d, "p-pin", LI_PIN), REASON_CREDENTIAL_UNKNOWN); /* it is used up */
}

static void two_lanes_wait_for_themselves(void **state)
{
    struct park_day *d = *state;
    give_pins(d);
    (void)badge(d, "p-pin", LI);
    denied(d, pin(d, "p-other", LI_PIN), REASON_CREDENTIAL_UNKNOWN);
    (void)badge(d, "p-other", WANG);
    granted(d, pin(d, "p-pin", LI_PIN), REASON_GRANTED);
    granted(d, pin(d, "p-other", WANG_PIN), REASON_GRANTED);
}

static void a_face_lane_takes_face_or_pin_in_their_order(void **state)
{
    struct park_day *d = *state;
    give_pins(d);
    give_faces(d);
    denied(d, badge(d, "p-face", LI), REASON_SECOND_NEEDED);
    granted(d, face(d, "p-face", "li-1"), REASON_GRANTED);
    later(d, MINUTE_US);
    denied(d, face(d, "p-face", "li-1"), REASON_SECOND_NEEDED);
    granted(d, badge(d, "p-face", LI), REASON_GRANTED);
    later(d, MINUTE_US);
    denied(d, badge(d, "p-face", LI), REASON_SECOND_NEEDED);
    granted(d, pin(d, "p-face", LI_PIN), REASON_GRANTED); /* nobody needs a face */
    later(d, MINUTE_US);
    denied(d, badge(d, "p-face", LI), REASON_SECOND_NEEDED);
    denied(d, face(d, "p-face", "wang-1"), REASON_SECOND_WRONG);
    denied(d, face(d, "p-face", "nobody"), REASON_SECOND_WRONG);
    granted(d, face(d, "p-face", "li-1"), REASON_GRANTED);
    later(d, MINUTE_US);
    (void)face(d, "p-face", "li-1");
    denied(d, pin(d, "p-face", LI_PIN), REASON_CREDENTIAL_UNKNOWN); /* only beside a badge */
    (void)face(d, "p-face", "li-1");
    denied(d, badge(d, "p-face", WANG), REASON_SECOND_NEEDED); /* another badge: a first read */
    granted(d, pin(d, "p-face", WANG_PIN), REASON_GRANTED);
}

static void a_face_waits_for_nothing_at_a_pin_lane(void **state)
{
    struct park_day *d = *state;
    give_pins(d);
    give_faces(d);
    (void)badge(d, "p-pin", LI);
    denied(d, face(d, "p-pin", "li-1"), REASON_SECOND_NEEDED);
    granted(d, pin(d, "p-pin", LI_PIN), REASON_GRANTED); /* the badge waited on */
    later(d, MINUTE_US);
    denied(d, face(d, "p-pin", "li-1"), REASON_SECOND_NEEDED);
    denied(d, badge(d, "p-pin", LI), REASON_SECOND_NEEDED);
}

static uint64_t proven_badge(struct park_day *d, const char *lane, const char *uid_hex)
{
    char reader[48];
    uint8_t uid[BADGE_UID_MAX];
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    (void)snprintf(reader, sizeof(reader), "%s-reader", lane);
    MUST(bytes_from_hex(uid_hex, uid, strlen(uid_hex) / 2));
    event.kind = EVENT_PRESENTATION;
    event.lane = text_of(lane);
    event.reader = reader;
    event.credential_kind = CREDENTIAL_KIND_BADGE;
    event.credential_class = CREDENTIAL_CLASS_AUTHENTICATED;
    event.proof = CARD_PROOF_GIVEN;
    event.credential = (ProtobufCBinaryData){.len = strlen(uid_hex) / 2, .data = uid};
    return gate_event(d->w, &d->a, &event);
}

static void the_class_of_the_whole_is_the_badges(void **state)
{
    struct park_day *d = *state;
    give_faces(d);
    gate_walk(d->w, &d->a, "a-in", LI);
    denied(d, badge(d, "p-strong", LI), REASON_CLASS_TOO_WEAK);
    denied(d, face(d, "p-strong", "li-1"), REASON_SECOND_NEEDED); /* of no class yet */
    denied(d, badge(d, "p-strong", LI), REASON_CLASS_TOO_WEAK);   /* that ended the wait */
    denied(d, face(d, "p-strong", "li-1"), REASON_SECOND_NEEDED);
    granted(d, proven_badge(d, "p-strong", LI), REASON_GRANTED);
    later(d, MINUTE_US);
    denied(d, proven_badge(d, "p-strong", LI), REASON_SECOND_NEEDED);
    granted(d, face(d, "p-strong", "li-1"), REASON_GRANTED);
}

static void the_rules_above_speak_first(void **state)
{
    struct park_day *d = *state;
    give_pins(d);
    denied(d, badge(d, "p-pin", "0a0b0c0d"), REASON_CREDENTIAL_UNKNOWN);
    denied(d, badge(d, "p-pin", LI), REASON_SECOND_NEEDED);
    (void)admin(d->w, "badge.revoke", "uid", LI, "reason", "lost", NULL);
    denied(d, pin(d, "p-pin", LI_PIN), REASON_CREDENTIAL_REVOKED); /* of the first, as it is now */
    (void)admin(d->w, "lane.lock", "lane", "p-pin", "reason", "test", NULL);
    denied(d, badge(d, "p-pin", WANG), REASON_LANE_LOCKED);
    (void)admin(d->w, "lane.free", "lane", "p-pin", "reason", "test", NULL);
    granted(d, badge(d, "p-pin", WANG), REASON_LANE_SET_FREE);
    (void)admin(d->w, "lane.normal", "lane", "p-pin", "reason", "test", NULL);
    denied(d, pin(d, "p-pin", WANG_PIN), REASON_CREDENTIAL_UNKNOWN); /* nothing waited */
}

static void only_live_reads_wait_or_complete(void **state)
{
    struct park_day *d = *state;
    give_pins(d);
    denied(d, gate_read(d, "p-pin", CREDENTIAL_KIND_BADGE, LI, 5 * SECOND_US + 1),
           REASON_STALE_READ);
    denied(d, pin(d, "p-pin", LI_PIN), REASON_CREDENTIAL_UNKNOWN);
    (void)badge(d, "p-pin", LI);
    later(d, 6 * SECOND_US);
    denied(d, gate_read(d, "p-pin", CREDENTIAL_KIND_PIN, LI_PIN, 5 * SECOND_US + 1),
           REASON_STALE_READ);
    granted(d, pin(d, "p-pin", LI_PIN), REASON_GRANTED); /* the stale one used nothing up */
}

static void no_exit_asks_for_a_second(void **state)
{
    struct park_day *d = *state;
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    give_pins(d);
    (void)badge(d, "p-both", LI);
    granted(d, pin(d, "p-both", LI_PIN), REASON_GRANTED);
    later(d, MINUTE_US);
    uint8_t uid[BADGE_UID_MAX];
    MUST(bytes_from_hex(LI, uid, strlen(LI) / 2));
    event.kind = EVENT_PRESENTATION;
    event.lane = text_of("p-both");
    event.reader = text_of("p-both-exit");
    event.direction = LANE_OUT;
    event.credential_kind = CREDENTIAL_KIND_BADGE;
    event.credential = (ProtobufCBinaryData){.len = strlen(LI) / 2, .data = uid};
    granted(d, gate_event(d->w, &d->a, &event), REASON_EXIT);
    denied(d, pin(d, "p-both", LI_PIN), REASON_CREDENTIAL_UNKNOWN); /* it did not wait, either */
    granted(d, gate_read(d, "p-vault2", CREDENTIAL_KIND_BADGE, LI, 0), REASON_EXIT);
    granted(d, plate(d, "p-leave", "浙A12345"), REASON_EXIT);
}

/* --- PINs as they are kept --- */

static bool journal_has(struct world *w, const char *text)
{
    struct journal_head head = head_of(w);
    struct store_txn *txn = NULL;
    struct fault fault = {0};
    bool found = false;
    assert_int_equal(store_begin_read(w->store, &txn, &fault), ERR_OK);
    for (uint64_t sequence = 1; sequence <= head.sequence; sequence++) {
        struct bytes packed;
        struct seal_hash hash;
        assert_int_equal(journal_read(txn, sequence, &packed, &hash, &fault), ERR_OK);
        found |= memmem(packed.data, packed.size, text, strlen(text)) != NULL;
    }
    store_txn_destroy(&txn);
    return found;
}

static void a_pin_is_nowhere_in_the_journal(void **state)
{
    struct park_day *d = *state;
    static const char digits[] = "739164825";
    (void)admin(d->w, "pin.set", "person", d->li, "pin", digits, NULL);
    (void)badge(d, "p-pin", LI);
    (void)pin(d, "p-pin", "739164820"); /* a slip of the finger says nearly all */
    granted(d, pin(d, "p-pin", digits), REASON_GRANTED);
    (void)pin(d, "nowhere", digits); /* refused, and kept aside */
    world_turn(d->w);
    assert_false(journal_has(d->w, "73916482"));
    Parkgate__EventRefused *aside =
        (void *)newest_entry(d->w, ENTRY_EVENT_REFUSED, &parkgate__event_refused__descriptor);
    size_t with_digits = d->a.last_size - ENVELOPE_SIZE + SEAL_OVERHEAD;
    assert_true(aside->sealed.len + strlen(digits) <= with_digits); /* without them */
    parkgate__event_refused__free_unpacked(aside, NULL);
}

static void pins_are_set_changed_and_removed(void **state)
{
    struct park_day *d = *state;
    static const char *const bad[] = {"123",  "1234567890123", "12a4",   "0000",   "1234", "4321",
                                      "7890", "1212",          "123123", "998998", "",     "9876"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        const Parkgate__Reply *reply =
            ask(d->w, d->w->admin, "pin.set", "person", d->li, "pin", bad[i], NULL);
        if (reply->error != (bad[i][0] == '\0' ? ERROR_ARG_MISSING : ERROR_ARG_BAD)) {
            fail_msg("%s: error %u", bad[i], reply->error);
        }
        for (size_t k = 0; k < reply->n_error_arg; k++) {
            assert_true(bad[i][0] == '\0' || strcmp(reply->error_arg[k], bad[i]) != 0);
        }
    }
    (void)admin(d->w, "pin.set", "person", d->li, "pin", LI_PIN, NULL);
    (void)admin(d->w, "pin.set", "person", d->wang, "pin", LI_PIN, NULL); /* not unique */
    (void)badge(d, "p-pin", LI);
    granted(d, pin(d, "p-pin", LI_PIN), REASON_GRANTED);
    later(d, MINUTE_US);
    (void)admin(d->w, "pin.set", "person", d->li, "pin", "64091", NULL);
    (void)badge(d, "p-pin", LI);
    denied(d, pin(d, "p-pin", LI_PIN), REASON_SECOND_WRONG); /* the former one */
    granted(d, pin(d, "p-pin", "64091"), REASON_GRANTED);
    later(d, MINUTE_US);
    (void)admin(d->w, "pin.set", "person", d->li, "pin", LI_PIN, NULL); /* the former one again */
    (void)badge(d, "p-pin", LI);
    granted(d, pin(d, "p-pin", LI_PIN), REASON_GRANTED);
    later(d, MINUTE_US);
    (void)admin(d->w, "pin.remove", "person", d->li, "reason", "left", NULL);
    (void)badge(d, "p-pin", LI);
    denied(d, pin(d, "p-pin", LI_PIN), REASON_SECOND_WRONG);
    assert_refused(ask(d->w, d->w->admin, "pin.remove", "person", d->li, "reason", "x", NULL),
                   ERROR_NOT_FOUND);
}

/* --- who may, and what is refused --- */

static void tenants_act_for_themselves(void **state)
{
    struct park_day *d = *state;
    struct link_key acme = operator_key(d->w, 60, "tenant", "acme", NULL, NULL);
    struct link_key beta = operator_key(d->w, 61, "tenant", "beta", NULL, NULL);
    char visit[HANDLE_TEXT_SIZE];
    assert_refused(ask(d->w, beta, "pin.set", "person", d->li, "pin", LI_PIN, NULL),
                   ERROR_NOT_FOUND);
    const Parkgate__Reply *reply =
        assert_done(ask(d->w, acme, "visitor.add", "host", d->li, "name", "Guo", "from",
                        "2026-03-03", "until", "2026-03-04", NULL));
    (void)snprintf(visit, sizeof(visit), "%s", note(reply, "visit"));
    assert_refused(ask(d->w, beta, "visitor.cancel", "visit", visit, "reason", "x", NULL),
                   ERROR_NOT_YOUR_TENANT);
    assert_refused(ask(d->w, beta, "visitor.add", "host", d->li, "name", "Guo", "from",
                       "2026-03-03", "until", "2026-03-04", NULL),
                   ERROR_NOT_FOUND); /* the host is not of this tenant */
    assert_refused(ask(d->w, beta, "booking.list", "tenant", "acme", NULL), ERROR_NOT_YOUR_TENANT);
}

static void what_makes_no_sense_is_refused(void **state)
{
    struct park_day *d = *state;
    static const struct {
        const char *from, *until;
        uint32_t error;
    } windows[] = {
        {"2026-03-03T10:00", "2026-03-03T10:00", ERROR_ARG_BAD      },
        {"2026-03-03T10:00", "2026-03-03T09:00", ERROR_ARG_BAD      },
        {"2026-03-01",       "2026-03-02",       ERROR_ARG_BAD      }, /* over */
        {"2026-03-03",       "2026-04-03",       ERROR_LIMIT_REACHED},
        {"2026-03-03T25:00", "2026-03-04",       ERROR_ARG_BAD      },
        {"2026-03-03T1:00",  "2026-03-04",       ERROR_ARG_BAD      },
        {"tomorrow",         "2026-03-04",       ERROR_ARG_BAD      },
    };
    for (size_t i = 0; i < ARRAY_LEN(windows); i++) {
        const Parkgate__Reply *reply =
            ask(d->w, d->w->admin, "visitor.add", "tenant", "acme", "host", d->li, "name", "Guo",
                "from", windows[i].from, "until", windows[i].until, NULL);
        if (reply->error != windows[i].error) {
            fail_msg("window %zu: error %u", i, reply->error);
        }
    }
    assert_refused(ask(d->w, d->w->admin, "visitor.add", "tenant", "acme", "host", d->li, "person",
                       d->wang, "from", "2026-03-03", "until", "2026-03-03", NULL),
                   ERROR_ARG_BAD); /* not of kind visitor */
    assert_refused(ask(d->w, d->w->admin, "booking.add", "tenant", "gamma", "plate", TRUCK,
                       "driver", d->li, "zone", "hall", "from", "2026-03-03", "until", "2026-03-03",
                       NULL),
                   ERROR_NONE); /* hall lies in the yard, which is gamma's */
    assert_refused(ask(d->w, d->w->admin, "booking.add", "tenant", "solo", "plate", TRUCK, "driver",
                       d->li, "zone", "hall", "from", "2026-03-03", "until", "2026-03-03", NULL),
                   ERROR_ARG_BAD); /* not solo's zone */
    for (size_t i = 1; i < LIMIT_BOOKINGS_PER_VEHICLE; i++) {
        book(d, d->li, "2026-03-03", "2026-03-04");
    }
    assert_refused(ask(d->w, d->w->admin, "booking.add", "tenant", "acme", "plate", TRUCK, "driver",
                       d->li, "zone", "yard", "from", "2026-03-03", "until", "2026-03-04", NULL),
                   ERROR_LIMIT_REACHED);
    assert_refused(ask(d->w, d->w->admin, "vehicle.add", "tenant", "acme", "plate", "浙D44444",
                       "drivers", "nobody", NULL),
                   ERROR_ARG_BAD);
}

static void a_restart_forgets_no_wait(void **state)
{
    struct park_day *d = *state;
    give_pins(d);
    (void)badge(d, "p-pin", LI);
    world_turn(d->w);
    world_restart(d->w);
    Parkgate__Hello hello = gate_hello_message(d->w, &d->a);
    gate_send_hello(d->w, &d->a, &hello);
    granted(d, pin(d, "p-pin", LI_PIN), REASON_GRANTED);
}
int main(void)
{
    const struct CMUnitTest tests[] = {
        PAIR_TEST(badge_then_pin_is_granted),
        PAIR_TEST(a_pair_passes_and_is_counted_once),
        PAIR_TEST(a_grant_of_two_reads_stands_under_both),
        PAIR_TEST(the_window_ends_where_the_page_says),
        PAIR_TEST(capture_times_count_not_arrival),
        PAIR_TEST(a_wrong_pin_is_refused_and_the_badge_waits_on),
        PAIR_TEST(three_wrong_ones_end_the_wait),
        PAIR_TEST(pins_that_a_gate_alone_refused_are_no_wrong_tries),
        PAIR_TEST(five_wrong_ones_in_a_row_are_told),
        PAIR_TEST(another_badge_starts_anew),
        PAIR_TEST(a_pin_alone_is_unknown),
        PAIR_TEST(two_lanes_wait_for_themselves),
        PAIR_TEST(a_face_lane_takes_face_or_pin_in_their_order),
        PAIR_TEST(a_face_waits_for_nothing_at_a_pin_lane),
        PAIR_TEST(the_class_of_the_whole_is_the_badges),
        PAIR_TEST(the_rules_above_speak_first),
        PAIR_TEST(only_live_reads_wait_or_complete),
        PAIR_TEST(no_exit_asks_for_a_second),
        PAIR_TEST(a_pin_is_nowhere_in_the_journal),
        PAIR_TEST(pins_are_set_changed_and_removed),
        PAIR_TEST(tenants_act_for_themselves),
        PAIR_TEST(what_makes_no_sense_is_refused),
        PAIR_TEST(a_restart_forgets_no_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

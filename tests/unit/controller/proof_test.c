/* Goal: what a badge proved at the reader decides its entry and stands in its entry; nobody is kept
 * from leaving by it. Method: the same badge with each proof, at a lane in and at a lane out. */
#include "tests/unit/controller/day_fixture.h"

static uint64_t show(struct park_day *d, const char *lane, enum card_proof proof,
                     enum credential_class class)
{
    static uint8_t uid[] = {0x04, 0x03, 0x02, 0x01, 0x00, 0xaa, 0xbb}; /* Zhao */
    Parkgate__Event read = PARKGATE__EVENT__INIT;
    read.kind = EVENT_PRESENTATION;
    read.lane = (char *)(uintptr_t)lane;
    read.credential_kind = CREDENTIAL_KIND_BADGE;
    read.credential_class = class;
    read.credential = (ProtobufCBinaryData){.len = sizeof(uid), .data = uid};
    read.proof = proof;
    read.exchange_ms = 512;
    return gate_event(d->w, &d->a, &read);
}

static void a_failed_proof_lets_nobody_in(void **state)
{
    struct park_day *d = *state;
    static const struct {
        enum card_proof proof;
        enum reason reason;
    } rows[] = {
        {CARD_PROOF_FAILED,    REASON_CARD_NOT_AUTHENTIC},
        {CARD_PROOF_SLOW,      REASON_RELAY_SUSPECTED   },
        {CARD_PROOF_RANDOM_ID, REASON_CARD_RANDOM_ID    },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        /* also where the class would do */
        assert_denied(d->w, show(d, "a-in", rows[i].proof, CREDENTIAL_CLASS_UID_ONLY),
                      rows[i].reason);
        assert_denied(d->w, show(d, "a-bonded", rows[i].proof, CREDENTIAL_CLASS_AUTHENTICATED),
                      rows[i].reason);
        assert_granted(d->w, show(d, "a-out", rows[i].proof, CREDENTIAL_CLASS_UID_ONLY),
                       REASON_EXIT);
    }
    assert_granted(d->w, show(d, "a-in", CARD_PROOF_NONE, CREDENTIAL_CLASS_UID_ONLY),
                   REASON_GRANTED);
    world_turn(d->w);
}

static void a_class_is_nothing_without_its_proof(void **state)
{
    struct park_day *d = *state;
    assert_denied(d->w, show(d, "a-bonded", CARD_PROOF_NONE, CREDENTIAL_CLASS_AUTHENTICATED),
                  REASON_CLASS_TOO_WEAK);
    assert_denied(d->w, show(d, "a-bonded", CARD_PROOF_GIVEN, CREDENTIAL_CLASS_UID_ONLY),
                  REASON_CLASS_TOO_WEAK);
    assert_granted(d->w, show(d, "a-bonded", CARD_PROOF_GIVEN, CREDENTIAL_CLASS_AUTHENTICATED),
                   REASON_GRANTED);
    world_turn(d->w);
}

static void the_events_say_what_was_proved(void **state)
{
    struct park_day *d = *state;
    static const char *const words[] = {
        [CARD_PROOF_NONE] = "",
        [CARD_PROOF_GIVEN] = "card proved itself, 512 ms",
        [CARD_PROOF_FAILED] = "card did not prove itself, 512 ms",
        [CARD_PROOF_SLOW] = "card answered too slowly, 512 ms",
        [CARD_PROOF_RANDOM_ID] = "card draws its id anew, 512 ms",
    };
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        (void)show(d, "a-out", (enum card_proof)i, CREDENTIAL_CLASS_UID_ONLY);
        world_turn(d->w);
        const Parkgate__Reply *events = admin(d->w, "events", "kind", "presentation", NULL);
        assert_string_equal(cell(events, row_count(events) - 1, "text"), words[i]);
    }
}

static void a_proof_of_no_known_kind_is_refused(void **state)
{
    struct park_day *d = *state;
    uint64_t sequence = show(d, "a-in", (enum card_proof)(CARD_PROOF_RANDOM_ID + 1),
                             CREDENTIAL_CLASS_AUTHENTICATED);
    world_turn(d->w);
    assert_int_equal(answer_of(d->w, sequence, NULL), ANSWER_REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        DAY_TEST(a_failed_proof_lets_nobody_in),
        DAY_TEST(a_class_is_nothing_without_its_proof),
        DAY_TEST(the_events_say_what_was_proved),
        DAY_TEST(a_proof_of_no_known_kind_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

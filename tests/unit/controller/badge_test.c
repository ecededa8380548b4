/* Goal: a badge is the same one however it is named, and a wrong name changes nothing. Method:
 * badges are given by UID, by Wiegand bits and by printed number, then shown and taken back. */
#include "tests/unit/controller/harness.h"

static char *new_person(struct world *w, char out[HANDLE_TEXT_SIZE])
{
    (void)snprintf(
        out, HANDLE_TEXT_SIZE, "%s",
        note(admin(w, "person.add", "tenant", "acme", "kind", "staff", "name", "Wu", NULL),
             "person"));
    (void)admin(w, "assignment.add", "person", out, "tenant", "acme", "shift", "day", "from",
                "2026-03-03", "to", "2026-03-03", NULL);
    return out;
}

static uint64_t show(struct world *w, struct gate *gate, const char *badge)
{
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    event.kind = EVENT_PRESENTATION;
    event.lane = text_of("a-in");
    event.reader = text_of("a-in-reader");
    event.credential_kind = CREDENTIAL_KIND_BADGE;
    event.credential_class = CREDENTIAL_CLASS_UID_ONLY;
    event.credential =
        (ProtobufCBinaryData){.len = strlen(badge), .data = (uint8_t *)(uintptr_t)badge};
    uint64_t sequence = gate_event(w, gate, &event);
    world_turn(w);
    return sequence;
}

static void twenty_six_bits_are_enrolled_by_facility_and_card(void **state)
{
    struct world *w = *state;
    struct gate gate;
    char person[HANDLE_TEXT_SIZE];
    gate_join(w, &gate, "gate-a", 1);
    (void)admin(w, "badge.add", "person", new_person(w, person), "wiegand", "26:123-45678", NULL);
    assert_granted(w, show(w, &gate, "w26:123-45678"), REASON_GRANTED);
    assert_denied(w, show(w, &gate, "w26:123-45679"), REASON_CREDENTIAL_UNKNOWN);
    const Parkgate__Reply *badges = admin(w, "badge.list", "person", person, NULL);
    assert_string_equal(cell(badges, 0, "class"), "uid-only");
    (void)admin(w, "badge.revoke", "wiegand", "26:123-45678", "reason", "lost", NULL);
    world_pass(w, 60000000);
    assert_denied(w, show(w, &gate, "w26:123-45678"), REASON_CREDENTIAL_REVOKED);
    (void)assert_replays(w);
}

static void a_printed_number_is_the_card_itself(void **state)
{
    struct world *w = *state;
    struct gate gate;
    char person[HANDLE_TEXT_SIZE];
    gate_join(w, &gate, "gate-a", 1);
    (void)admin(w, "badge.add", "person", new_person(w, person), "printed",
                "8h10d-reversed:3283263748", NULL);
    assert_granted(w, show(w, &gate, "\x04\xa1\xb2\xc3"), REASON_GRANTED);
    assert_refused(
        ask(w, w->admin, "badge.add", "person", new_person(w, person), "uid", "04a1b2c3", NULL),
        ERROR_CREDENTIAL_TAKEN);
    (void)admin(w, "badge.revoke", "uid", "04a1b2c3", "reason", "lost", NULL);
}

static void assert_bad(const Parkgate__Reply *reply, const char *text)
{
    char said[512];
    struct complaint c = {.number = reply->error};
    for (size_t i = 0; i < ERROR_ARGS && i < reply->n_error_arg; i++) {
        (void)snprintf(c.arg[i], sizeof(c.arg[i]), "%s", reply->error_arg[i]);
    }
    error_sentence_en(&c, said, sizeof(said));
    assert_string_equal(said, text);
}

static void wrong_names_change_nothing(void **state)
{
    struct world *w = *state;
    char person[HANDLE_TEXT_SIZE];
    (void)new_person(w, person);
    uint64_t before = head_of(w).sequence;
    assert_bad(ask(w, w->admin, "badge.add", "person", person, "wiegand", "34:1-2", NULL),
               "wiegand: \"34:1-2\" is not valid: 26:FACILITY-CARD, for example 26:123-45678");
    assert_bad(ask(w, w->admin, "badge.add", "person", person, "printed", "0078754499", NULL),
               "printed: \"0078754499\" is not valid: 8h10d:, 8h10d-reversed:, wg: or "
               "wg-reversed: and the number, for example wg:123,45678");
    assert_bad(ask(w, w->admin, "badge.add", "person", person, "uid", "04a1b2c3", "wiegand",
                   "26:1-2", NULL),
               "wiegand: \"...\" is not valid: a badge is named once: by uid, wiegand or "
               "printed");
    assert_bad(
        ask(w, w->admin, "badge.add", "person", person, "printed", "8h10d:134217729", NULL),
        "printed: \"8h10d:134217729\" is not valid: this card makes up a new number at every "
        "read; it identifies nobody");
    assert_refused(ask(w, w->admin, "badge.add", "person", person, NULL), ERROR_ARG_MISSING);
    assert_int_equal(entries_of(w, ENTRY_CREDENTIAL, before), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(twenty_six_bits_are_enrolled_by_facility_and_card),
        WORLD_TEST(a_printed_number_is_the_card_itself),
        WORLD_TEST(wrong_names_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

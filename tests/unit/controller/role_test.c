/* Goal: what makes no sense is answered and changes nothing, roles add up, tenants see only their
 * own, guards act only on their lanes in their hours. Method: keys of each role ask a whole
 * controller; the matrix of roles and verbs is played by role_matrix_test. */
#include "tests/unit/controller/harness.h"

#define LI   "04010203"
#define ZHAO "04030201"

/* --- questions that make no sense --- */

/* Sends one envelope as admin; the answer's number, 0 when there was none. */
static uint32_t answer_to(struct world *w, uint16_t kind, const void *body, size_t size)
{
    static uint8_t frame[LIMIT_FRAME_BYTES];
    sent_forget(w);
    size = envelope_wrap(PROTOCOL_VERSION, (enum message_kind)kind, 77,
                         (struct bytes){.data = body, .size = size}, frame, sizeof(frame));
    world_frame(w, PORT_OPERATORS, w->admin, peer_of(200),
                (struct bytes){.data = frame, .size = size});
    world_turn(w);
    const struct sent *sent = sent_last(w, MESSAGE_REPLY);
    if (sent == NULL) {
        return 0;
    }
    assert_int_equal(sent->sequence, 77);
    return ((const Parkgate__Reply *)(const void *)sent->body)->error;
}

static uint32_t answer_to_value(struct world *w, size_t pairs, size_t values, const void *value,
                                size_t size)
{
    static uint8_t packed[LIMIT_FRAME_BYTES];
    char *names[2 * LIMIT_ARGS_PER_REQUEST];
    ProtobufCBinaryData data[2 * LIMIT_ARGS_PER_REQUEST];
    Parkgate__Request request = PARKGATE__REQUEST__INIT;
    for (size_t i = 0; i < pairs; i++) {
        names[i] = (char *)(uintptr_t) "name";
        data[i] = (ProtobufCBinaryData){.len = size, .data = (uint8_t *)(uintptr_t)value};
    }
    request.verb = (char *)(uintptr_t) "tenant.suspend";
    request.n_arg = pairs;
    request.arg = names;
    request.n_value = values;
    request.value = data;
    return answer_to(w, MESSAGE_REQUEST, packed, parkgate__request__pack(&request, packed));
}

static void senseless_questions_are_answered_and_change_nothing(void **state)
{
    struct world *w = *state;
    static const char long_value[LIMIT_ARG_BYTES + 2] = {'x'};
    struct journal_head before = head_of(w);
    assert_int_equal(answer_to(w, MESSAGE_HELLO, "", 0), ERROR_FRAME_KIND);
    assert_int_equal(answer_to(w, 999, "", 0), ERROR_FRAME_KIND);
    assert_int_equal(answer_to(w, MESSAGE_REQUEST, "\xff\xff\xff", 3), ERROR_FRAME_BODY);
    assert_int_equal(answer_to(w, MESSAGE_REQUEST, "", 0), ERROR_VERB_UNKNOWN);
    assert_int_equal(answer_to_value(w, 2, 1, "acme", 4), ERROR_FRAME_BODY);
    assert_int_equal(
        answer_to_value(w, LIMIT_ARGS_PER_REQUEST + 1, LIMIT_ARGS_PER_REQUEST + 1, "a", 1),
        ERROR_FRAME_BODY);
    assert_int_equal(answer_to_value(w, 1, 1, "ac\0me", 5), ERROR_ARG_BAD);
    assert_int_equal(answer_to_value(w, 1, 1, long_value, sizeof(long_value)), ERROR_ARG_BAD);
    assert_int_equal(answer_to_value(w, 1, 1, "", 0), ERROR_ARG_MISSING);
    assert_int_equal(answer_to_value(w, 1, 1, "No Name!", 8), ERROR_ARG_BAD);
    assert_int_equal(answer_to_value(w, 1, 1, "acme", 4), ERROR_REASON_NEEDED);
    assert_memory_equal(head_of(w).hash.bytes, before.hash.bytes, SEAL_HASH_SIZE);
}

static void roles_add_up(void **state)
{
    struct world *w = *state;
    struct link_key key = operator_key(w, 40, "auditor,tenant", "acme", NULL, NULL);
    (void)assert_done(ask(w, key, "journal.head", NULL));
    (void)assert_done(ask(w, key, "person.list", "tenant", "acme", NULL));
    /* as auditor it may see all figures; as tenant only its own people */
    (void)assert_done(ask(w, key, "headcount.show", "tenant", "beta", NULL));
    assert_refused(ask(w, key, "person.list", "tenant", "beta", NULL), ERROR_NOT_YOUR_TENANT);
    assert_refused(ask(w, key, "lane.open", "lane", "a-in", "reason", "x", NULL),
                   ERROR_VERB_NOT_PERMITTED);
}

/* --- tenants --- */

/* acme's key before beta's people, and one person of acme who works for beta too. */
struct two_tenants {
    struct world *w;
    struct link_key acme, beta;
    struct gate gate;
    char li[HANDLE_TEXT_SIZE], zhao[HANDLE_TEXT_SIZE];
};

static struct two_tenants the_two;

static int two_setup(void **state)
{
    struct two_tenants *t = &the_two;
    *t = (struct two_tenants){.w = world_open(&(struct world_options){0})};
    t->acme = operator_key(t->w, 40, "tenant", "acme", NULL, NULL);
    t->beta = operator_key(t->w, 41, "tenant", "beta", NULL, NULL);
    person_with_badge(t->w, "acme", "Li Wei", LI, "day", t->li);
    person_with_badge(t->w, "beta", "Zhao Lei", ZHAO, "day", t->zhao);
    gate_join(t->w, &t->gate, "gate-a", 1);
    *state = t;
    return 0;
}

static int two_teardown(void **state)
{
    struct two_tenants *t = *state;
    world_close(t->w);
    return 0;
}

static void refused_once(struct two_tenants *t, uint64_t before, const Parkgate__Reply *reply)
{
    assert_int_equal(reply->error, ERROR_NOT_YOUR_TENANT);
    assert_string_equal(reply->error_arg[0], "acme");
    assert_int_equal(entries_of(t->w, ENTRY_REFUSAL, before), 1);
    assert_int_equal(head_of(t->w).sequence, before + 1);
}

static void a_tenant_names_no_other_tenant(void **state)
{
    struct two_tenants *t = *state;
    struct world *w = t->w;
    static const char *const verbs[] = {"person.list", "vehicle.list", "headcount.show", "who",
                                        "import.begin"};
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        uint64_t before = head_of(w).sequence;
        refused_once(t, before, ask(w, t->acme, verbs[i], "tenant", "beta", NULL));
        (void)assert_done(ask(w, t->acme, verbs[i], "tenant", "acme", NULL));
        (void)assert_done(ask(w, t->acme, verbs[i], NULL)); /* its own, without saying so */
    }
    uint64_t before = head_of(w).sequence;
    refused_once(t, before,
                 ask(w, t->acme, "person.add", "tenant", "beta", "kind", "day", "name", "X", NULL));
    before = head_of(w).sequence;
    refused_once(t, before,
                 ask(w, t->acme, "vehicle.add", "tenant", "beta", "plate", "浙A12345", NULL));
    before = head_of(w).sequence;
    refused_once(t, before, ask(w, t->acme, "headcount.show", "zone", "yard", NULL));
    before = head_of(w).sequence;
    refused_once(
        t, before,
        ask(w, t->acme, "person.suspend", "person", t->li, "tenant", "beta", "reason", "x", NULL));
    before = head_of(w).sequence;
    refused_once(t, before,
                 ask(w, t->acme, "assignment.add", "person", t->li, "tenant", "beta", "shift",
                     "day", "from", "2026-03-03", "to", "2026-03-03", NULL));
}

static void a_tenant_finds_no_person_of_another(void **state)
{
    struct two_tenants *t = *state;
    struct world *w = t->w;
    struct journal_head before = head_of(w);
    assert_refused(ask(w, t->acme, "person.show", "person", t->zhao, "reason", "x", NULL),
                   ERROR_NOT_FOUND);
    assert_refused(ask(w, t->acme, "person.suspend", "person", t->zhao, "reason", "x", NULL),
                   ERROR_NOT_FOUND);
    assert_refused(ask(w, t->acme, "badge.list", "person", t->zhao, NULL), ERROR_NOT_FOUND);
    assert_refused(ask(w, t->acme, "badge.add", "person", t->zhao, "uid", "04ffffff", NULL),
                   ERROR_NOT_FOUND);
    assert_refused(ask(w, t->acme, "badge.revoke", "uid", ZHAO, "reason", "x", NULL),
                   ERROR_NOT_FOUND);
    assert_refused(ask(w, t->acme, "assignment.list", "person", t->zhao, NULL), ERROR_NOT_FOUND);
    assert_refused(ask(w, t->acme, "headcount.why", "person", t->zhao, "reason", "x", NULL), ERROR_NOT_FOUND);
    assert_memory_equal(head_of(w).hash.bytes, before.hash.bytes, SEAL_HASH_SIZE);
    assert_int_equal(row_count(assert_done(ask(w, t->acme, "person.list", NULL))), 1);
    assert_string_equal(cell(w->reply, 0, "person"), t->li);
}

/* Li works for both; each sees its own side only. */
static void a_shared_person_shows_each_tenant_its_own_side(void **state)
{
    struct two_tenants *t = *state;
    struct world *w = t->w;
    char of_beta[HANDLE_TEXT_SIZE];
    (void)snprintf(of_beta, sizeof(of_beta), "%s",
                   note(admin(w, "assignment.add", "person", t->li, "tenant", "beta", "shift",
                              "night", "from", "2026-03-03", "to", "2026-03-04", NULL),
                        "assignment"));
    gate_walk(w, &t->gate, "a-in", LI); /* 07:50, day shift: acme */
    gate_walk(w, &t->gate, "a-out", LI);
    world_pass(w, at_shanghai(TUESDAY, 21, 50) - w->now.us);
    gate_walk(w, &t->gate, "a-in", LI); /* night: beta */
    assert_int_equal(
        row_count(assert_done(ask(w, t->acme, "assignment.list", "person", t->li, NULL))), 1);
    assert_int_equal(
        row_count(assert_done(ask(w, t->beta, "assignment.list", "person", t->li, NULL))), 1);
    assert_int_equal(row_count(admin(w, "headcount.why", "person", t->li, "reason", "x", NULL)), 2);
    assert_int_equal(
        row_count(assert_done(ask(w, t->acme, "headcount.why", "person", t->li, "reason", "x", NULL))), 1);
    assert_string_equal(cell(w->reply, 0, "tenant"), "acme");
    assert_int_equal(
        row_count(assert_done(ask(w, t->beta, "headcount.why", "person", t->li, "reason", "x", NULL))), 1);
    assert_string_equal(cell(w->reply, 0, "tenant"), "beta");
    assert_int_equal(row_count(assert_done(ask(w, t->acme, "who", NULL))), 0);
    assert_int_equal(row_count(assert_done(ask(w, t->beta, "who", NULL))), 1);
    assert_refused(ask(w, t->acme, "assignment.end", "assignment", of_beta, NULL),
                   ERROR_NOT_YOUR_TENANT);
}

/* A tenant's suspension ends at that tenant and is invisible to others. */
static void a_suspension_is_invisible_to_the_other_tenant(void **state)
{
    struct two_tenants *t = *state;
    struct world *w = t->w;
    (void)admin(w, "assignment.add", "person", t->li, "tenant", "beta", "shift", "night", "from",
                "2026-03-03", "to", "2026-03-04", NULL);
    (void)assert_done(ask(w, t->acme, "person.suspend", "person", t->li, "reason", "rules", NULL));
    size_t row =
        row_with(assert_done(ask(w, t->beta, "person.show", "person", t->li, "reason", "x", NULL)),
                 "field", "state");
    assert_string_equal(cell(w->reply, row, "value"), "active");
    row =
        row_with(assert_done(ask(w, t->acme, "person.show", "person", t->li, "reason", "x", NULL)),
                 "field", "state");
    assert_string_equal(cell(w->reply, row, "value"), "suspended");
    row = row_with(assert_done(ask(w, t->beta, "person.list", NULL)), "person", t->li);
    assert_string_equal(cell(w->reply, row, "state"), "active");
}

static void names_need_a_reason_and_are_counted(void **state)
{
    struct two_tenants *t = *state;
    struct world *w = t->w;
    uint64_t before = head_of(w).sequence;
    assert_refused(ask(w, t->acme, "person.show", "person", t->li, NULL), ERROR_REASON_NEEDED);
    assert_refused(ask(w, t->acme, "who", "names", "yes", NULL), ERROR_REASON_NEEDED);
    assert_int_equal(head_of(w).sequence, before);
    for (int i = 0; i < LIMIT_NAMES_PER_DAY; i++) {
        (void)assert_done(ask(w, t->acme, "person.show", "person", t->li, "reason", "badge", NULL));
        sent_forget(w);
    }
    assert_int_equal(entries_of(w, ENTRY_LOOKUP, before), LIMIT_NAMES_PER_DAY);
    const Parkgate__Reply *reply =
        ask(w, t->acme, "person.show", "person", t->li, "reason", "badge", NULL);
    assert_refused(reply, ERROR_TOO_MANY_NAMES);
    assert_int_equal(reply->n_cell, 0); /* nothing is shown beside the refusal */
    (void)assert_done(ask(w, t->beta, "person.show", "person", t->zhao, "reason", "badge", NULL));
    world_pass(w, at_shanghai(TUESDAY + 1, 0, 1) - w->now.us); /* a new park day */
    (void)assert_done(ask(w, t->acme, "person.show", "person", t->li, "reason", "badge", NULL));
}

/* --- guards --- */

static void a_guard_acts_on_own_lanes_in_own_hours(void **state)
{
    struct two_tenants *t = *state;
    struct world *w = t->w;
    struct link_key day = operator_key(w, 60, "guard", NULL, "a-in,a-out", "07:00-19:00");
    struct link_key night = operator_key(w, 61, "guard", NULL, "a-in", "19:00-07:00");
    struct link_key ever = operator_key(w, 62, "guard", NULL, "a-hall", NULL);
    static const struct {
        int hour, minute;
        bool day, night;
    } rows[] = {
        {7,  55, true,  false},
        {18, 59, true,  false},
        {19, 0,  false, true },
        {23, 59, false, true },
        {30, 59, false, true },
        {31, 0,  true,  false}
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        Parkgate__Heartbeat beat = PARKGATE__HEARTBEAT__INIT;
        world_pass(w, at_shanghai(TUESDAY, rows[i].hour, rows[i].minute) - w->now.us);
        beat.wall_us = w->now.us;
        gate_send(w, &t->gate, MESSAGE_HEARTBEAT, 0, &beat.base);
        uint64_t before = head_of(w).sequence;
        assert_int_equal(ask(w, day, "lane.open", "lane", "a-in", "reason", "x", NULL)->error,
                         rows[i].day ? 0 : ERROR_NOT_YOUR_LANE);
        assert_int_equal(ask(w, night, "lane.open", "lane", "a-in", "reason", "x", NULL)->error,
                         rows[i].night ? 0 : ERROR_NOT_YOUR_LANE);
        assert_int_equal(entries_of(w, ENTRY_REFUSAL, before), 1);
        assert_int_equal(entries_of(w, ENTRY_COMMAND, before), 1);
        assert_int_equal(ask(w, ever, "lane.open", "lane", "a-hall", "reason", "x", NULL)->error,
                         0);
        assert_int_equal(ask(w, ever, "lane.open", "lane", "a-in", "reason", "x", NULL)->error,
                         ERROR_NOT_YOUR_LANE);
        assert_int_equal(row_count(assert_done(ask(w, day, "lane.list", NULL))),
                         rows[i].day ? 2 : 0);
        assert_int_equal(row_count(assert_done(ask(w, ever, "lane.list", NULL))), 1);
        sent_forget(w);
    }
}

#define TWO_TEST(name) cmocka_unit_test_setup_teardown(name, two_setup, two_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(senseless_questions_are_answered_and_change_nothing),
        WORLD_TEST(roles_add_up),
        TWO_TEST(a_tenant_names_no_other_tenant),
        TWO_TEST(a_tenant_finds_no_person_of_another),
        TWO_TEST(a_shared_person_shows_each_tenant_its_own_side),
        TWO_TEST(a_suspension_is_invisible_to_the_other_tenant),
        TWO_TEST(names_need_a_reason_and_are_counted),
        TWO_TEST(a_guard_acts_on_own_lanes_in_own_hours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

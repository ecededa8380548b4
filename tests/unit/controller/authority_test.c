/* Goal: two persons make, change and resume an authority, one stops it at once; its key is heard at
 * the stations' port alone and says nothing but its own verbs; a list that is not refreshed raises
 * a fault. Method: a whole controller with two admins and a station. */
#include "tests/unit/controller/station_fixture.h"

#include "controller/app/park_sign.h"
#include "controller/app/watch.h"

#define PLATE "浙A12345"

static const char *state_of(struct world *w)
{
    return cell(admin(w, "authority.list", NULL), 0, "state");
}

static void put_one(struct station *s)
{
    struct watch_entry entry = entry_of_plate(s, PLATE);
    put_add(s, &entry);
}

/* Where nobody else could agree nobody takes an authority in, replaces its keys or lets it go on. */
static void one_person_alone_makes_none(void **state)
{
    struct world *w = *state;
    char sign[LINK_KEY_HEX_SIZE];
    bytes_to_hex(BYTES_OF(key_of(150).bytes), sign, sizeof(sign));
    assert_refused(ask(w, w->admin, "authority.add", "name", STATION, "title", "S", "public", sign,
                       "sign", sign, "reason", "agreement", NULL),
                   ERROR_APPROVERS_FEW);
    struct station s = station_join(w);
    assert_refused(ask(w, w->admin, "authority.replace", "name", STATION, "matching", "yes",
                       "reason", "yearly", NULL),
                   ERROR_APPROVERS_FEW);
    (void)admin(w, "authority.suspend", "name", STATION, "reason", "court", NULL);
    assert_refused(ask(w, w->admin, "authority.resume", "name", STATION, "reason", "settled", NULL),
                   ERROR_APPROVERS_FEW);
    assert_string_equal(state_of(w), "suspended");
    station_end(&s);
}

static void two_persons_make_and_resume_one_suspends(void **state)
{
    struct world *w = *state;
    struct link_key security = operator_key(w, 71, "security", NULL, NULL, NULL);
    struct link_key second = operator_key(w, 70, "admin", NULL, NULL, NULL);
    char key[LINK_KEY_HEX_SIZE];
    struct link_key curve = key_of(150);
    bytes_to_hex(BYTES_OF(curve.bytes), key, sizeof(key));
    const Parkgate__Reply *reply = admin(w, "authority.add", "name", STATION, "title", "S",
                                         "public", key, "sign", key, "reason", "agreement", NULL);
    assert_string_equal(note(reply, "state"), "waiting");
    assert_int_equal(row_count(admin(w, "authority.list", NULL)), 0);
    assert_false(turn_allows(w->ctl, PORT_STATIONS, &curve));
    const char *number = cell(admin(w, "approval.list", NULL), 0, "approval");
    assert_refused(ask(w, w->admin, "approval.grant", "approval", number, NULL), ERROR_SAME_PERSON);
    number = cell(admin(w, "approval.list", NULL), 0, "approval");
    assert_done(ask(w, second, "approval.grant", "approval", number, NULL));
    assert_string_equal(state_of(w), "active");
    assert_true(turn_allows(w->ctl, PORT_STATIONS, &curve));
    assert_done(ask(w, security, "authority.suspend", "name", STATION, "reason", "x", NULL));
    assert_string_equal(state_of(w), "suspended");
    assert_refused(ask(w, security, "authority.suspend", "name", STATION, "reason", "x", NULL),
                   ERROR_SAME_STATE);
    (void)admin(w, "authority.resume", "name", STATION, "reason", "settled", NULL);
    assert_string_equal(state_of(w), "suspended"); /* until another agrees */
    number = cell(admin(w, "approval.list", NULL), 0, "approval");
    assert_done(ask(w, security, "approval.grant", "approval", number, NULL));
    assert_string_equal(state_of(w), "active");
    (void)assert_replays(w);
}

/* A key under which one signature is good for many messages is nobody's. */
static void weak_keys_are_refused(void **state)
{
    struct world *w = *state;
    static const char *const weak[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* y >= p */
    };
    struct station s = station_join(w);
    for (size_t i = 0; i < ARRAY_LEN(weak); i++) {
        const Parkgate__Reply *reply =
            ask(w, w->admin, "authority.add", "name", "other", "title", "S", "public",
                "0000000000000000000000000000000000000000000000000000000000000a01", "sign", weak[i],
                "reason", "agreement", NULL);
        assert_refused(reply, ERROR_ARG_BAD);
        assert_string_equal(reply->error_arg[2],
                            "it is a weak key, which nobody can own; make one: "
                            "parkgate watch keygen");
        reply = ask(w, w->admin, "authority.replace", "name", STATION, "sign", weak[i], "reason",
                    "x", NULL);
        assert_refused(reply, ERROR_ARG_BAD);
        assert_string_equal(reply->error_arg[1], weak[i]);
    }
    assert_int_equal(row_count(admin(w, "authority.list", NULL)), 1);
    station_end(&s);
}

static void suspension_stops_all_at_once(void **state)
{
    struct world *w = *state;
    struct station s = station_join(w);
    put_one(&s);
    assert_done(push(&s));
    assert_int_equal(acting_on_plate(&s, PLATE), 1);
    put_one(&s);
    make_bundle(&s);
    assert_done(say_begin(&s));
    (void)admin(w, "authority.suspend", "name", STATION, "reason", "court", NULL);
    assert_int_equal(acting_on_plate(&s, PLATE), 0);
    assert_refused(say_chunk(&s, 0), ERROR_AUTHORITY_SUSPENDED);
    assert_refused(say_begin(&s), ERROR_AUTHORITY_SUSPENDED);
    assert_int_equal(receipt_state(&s, 1, "e0001", NULL, NULL), WATCH_STATE_SUSPENDED);
    assert_string_equal(note(ask(w, s.key, "watch.status", NULL), "state"), "suspended");
    agreed(w, "authority.resume", "name", STATION, "reason", "settled", NULL);
    assert_int_equal(acting_on_plate(&s, PLATE), 1);
    assert_done(push_made(&s)); /* its bundle under way had come to nothing: it is begun anew */
    (void)assert_replays(w);
    station_end(&s);
}

static void keys_are_replaced(void **state)
{
    struct world *w = *state;
    struct station s = station_join(w);
    struct link_key old = s.key;
    struct sign_key other = {{11}};
    struct sign_public sign = sign_public_of(&other);
    char hex[2 * SIGN_KEY_SIZE + 1];
    bytes_to_hex(BYTES_OF(sign.bytes), hex, sizeof(hex));
    agreed(w, "authority.replace", "name", STATION, "sign", hex, "reason", "yearly", NULL);
    put_one(&s);
    assert_refused(push(&s), ERROR_WATCH_SIGNATURE);
    s.sign = other;
    sign_again(&s, &other);
    assert_done(push_made(&s));
    s.key = key_of(151);
    bytes_to_hex(BYTES_OF(s.key.bytes), hex, sizeof(hex));
    agreed(w, "authority.replace", "name", STATION, "public", hex, "reason", "yearly", NULL);
    assert_refused(ask(w, old, "watch.status", NULL), ERROR_KEY_REVOKED);
    assert_string_equal(note(assert_done(ask(w, s.key, "watch.status", NULL)), "number"), "1");
    assert_refused(ask(w, w->admin, "authority.replace", "name", STATION, "reason", "x", NULL),
                   ERROR_ARG_MISSING);
    (void)assert_replays(w);
    station_end(&s);
}

static void a_station_is_heard_at_its_own_port_alone(void **state)
{
    struct world *w = *state;
    struct station s = station_join(w);
    struct gate gate = {0};
    gate_join(w, &gate, "gate-a", 1);
    assert_true(turn_allows(w->ctl, PORT_STATIONS, &s.key));
    assert_false(turn_allows(w->ctl, PORT_OPERATORS, &s.key));
    assert_false(turn_allows(w->ctl, PORT_AGENTS, &s.key));
    assert_false(turn_allows(w->ctl, PORT_STATIONS, &w->admin));
    assert_false(turn_allows(w->ctl, PORT_STATIONS, &gate.key));
    assert_refused(ask(w, s.key, "status", NULL), ERROR_VERB_NOT_PERMITTED);
    assert_refused(ask(w, s.key, "person.list", "tenant", "acme", NULL), ERROR_VERB_NOT_PERMITTED);
    assert_refused(ask(w, s.key, "watch.list", NULL), ERROR_VERB_NOT_PERMITTED);
    struct link_key lone = operator_key(w, 90, "station", NULL, NULL, NULL);
    assert_refused(ask(w, lone, "watch.status", NULL), ERROR_WATCH_NO_AUTHORITY);
    assert_refused(ask(w, w->admin, "watch.status", NULL), ERROR_VERB_NOT_PERMITTED);
    station_end(&s);
}

static void a_list_that_is_not_refreshed_is_told(void **state)
{
    struct world *w = *state;
    struct station s = station_join(w);
    assert_done(push(&s));
    world_pass(w, INT64_C(24) * 3600 * SECOND_US - 10 * SECOND_US);
    let_tick(w, 2 * SECOND_US);
    assert_int_equal(faults_of(w, "watch-list-stale", 0), 0);
    let_tick(w, 15 * SECOND_US);
    assert_int_equal(faults_of(w, "watch-list-stale", 0), 1);
    assert_string_equal(state_of(w), "stale");
    assert_done(push(&s));
    assert_string_equal(state_of(w), "active");
    assert_int_equal(row_with(admin(w, "status", NULL), "fault", "watch-list-stale"), SIZE_MAX);
    (void)admin(w, "authority.suspend", "name", STATION, "reason", "x", NULL);
    world_pass(w, INT64_C(30) * 3600 * SECOND_US);
    let_tick(w, 2 * SECOND_US);
    assert_string_equal(state_of(w), "suspended");
    assert_int_equal(row_with(admin(w, "status", NULL), "fault", "watch-list-stale"), SIZE_MAX);
    (void)assert_replays(w);
    station_end(&s);
}

static void there_are_so_many_authorities(void **state)
{
    struct world *w = *state;
    for (unsigned i = 0; i <= LIMIT_AUTHORITIES; i++) {
        char name[16];
        char key[65];
        (void)snprintf(name, sizeof(name), "station-%u", i);
        (void)snprintf(key, sizeof(key), "%064x", 0x40000000U + i);
        if (i < LIMIT_AUTHORITIES) {
            agreed(w, "authority.add", "name", name, "title", "T", "public", key, "sign", key,
                   "reason", "x", NULL);
        } else {
            assert_refused(ask(w, w->admin, "authority.add", "name", name, "title", "T", "public",
                               key, "sign", key, "reason", "x", NULL),
                           ERROR_LIMIT_REACHED);
        }
    }
    assert_int_equal(row_count(admin(w, "authority.list", NULL)), LIMIT_AUTHORITIES);
}

/* The receipt tells when the last online gate had it. */
static void assert_gates(struct station *s, const char *have, const char *online, bool all)
{
    const Parkgate__Reply *status = assert_done(ask(s->w, s->key, "watch.status", NULL));
    assert_string_equal(note(status, "gates_with_it"), have);
    assert_string_equal(note(status, "gates_online"), online);
    bool said = false;
    for (size_t i = 0; i < status->n_note; i++) {
        said = said || strcmp(status->note[i], "at_gates_us") == 0;
    }
    assert_int_equal(said, all);
}

static void gates_are_waited_for(void **state)
{
    struct world *w = *state;
    struct station s = station_join(w);
    struct gate gate = {0};
    gate_join(w, &gate, "gate-a", 1);
    struct session *session = session_of_gate(&w->ctl->sessions, name_or_none("gate-a"));
    session->feed.asked = true; /* it keeps a copy, and has none yet */
    session->feed.anew = true;
    put_one(&s);
    assert_done(push(&s));
    let_tick(w, 3 * SECOND_US);
    struct watch_gates gates = watch_gates_of(w->ctl, 1);
    assert_int_equal(gates.online, 1);
    assert_int_equal(gates.have, 0);
    assert_gates(&s, "0", "1", false);
    assert_int_equal(entries_of(w, ENTRY_WATCH_STEP, 0), 1); /* the roster's walk */
    session = session_of_gate(&w->ctl->sessions, name_or_none("gate-a"));
    assert_non_null(session);
    session->away = false;
    session->feed.anew = false;
    session->feed.sequence = head_of(w).sequence;
    assert_gates(&s, "1", "1", false);
    let_tick(w, SECOND_US);
    assert_gates(&s, "1", "1", true);
    assert_int_equal(entries_of(w, ENTRY_WATCH_STEP, 0), 2);
    (void)assert_replays(w);
    station_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(one_person_alone_makes_none),
        WORLD_TEST(two_persons_make_and_resume_one_suspends),
        WORLD_TEST(suspension_stops_all_at_once),
        WORLD_TEST(weak_keys_are_refused),
        WORLD_TEST(keys_are_replaced),
        WORLD_TEST(a_station_is_heard_at_its_own_port_alone),
        WORLD_TEST(a_list_that_is_not_refreshed_is_told),
        WORLD_TEST(there_are_so_many_authorities),
        WORLD_TEST(gates_are_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Goal: what needs two persons is done by two persons or not at all, and keys are replaced in one
 * step. Method: a whole controller without its shell; two admins, one of them with two keys. */
#include "controller/store/key_store.h"
#include "tests/unit/controller/harness.h"

enum { ANNA = 60, BO = 61, BO_AGAIN = 62, NEW = 70, OTHER = 71 };

static const char *hex_of(uint8_t number)
{
    static char hex[4][LINK_KEY_HEX_SIZE];
    static size_t next;
    char *out = hex[next++ % ARRAY_LEN(hex)];
    link_key_to_hex(key_of(number), out);
    return out;
}

/* The first admin of the world makes Bo an admin with two keys, and steps back. */
static void two_admins(struct world *w)
{
    (void)admin(w, "key.add", "name", "bo", "public", hex_of(BO), "role", "admin", "person", "Bo",
                NULL);
    const char *asked = note(admin(w, "key.add", "name", "bo-2", "public", hex_of(BO_AGAIN), "role",
                                   "admin", "person", "Bo", NULL),
                             "approval");
    assert_done(ask(w, key_of(BO), "approval.grant", "approval", asked, NULL));
}

static const char *ask_for_an_admin(struct world *w)
{
    const Parkgate__Reply *reply =
        admin(w, "key.add", "name", "carla", "public", hex_of(NEW), "role", "admin", NULL);
    assert_string_equal(note(reply, "state"), "waiting");
    return note(reply, "approval");
}

static bool is_known(struct world *w, uint8_t number)
{
    return ask(w, key_of(number), "journal.head", NULL)->error != ERROR_KEY_UNKNOWN;
}

static void a_single_admin_can_make_the_second(void **state)
{
    struct world *w = *state;
    assert_false(is_known(w, BO));
    (void)admin(w, "key.add", "name", "bo", "public", hex_of(BO), "role", "admin", NULL);
    assert_true(is_known(w, BO));
}

static void asking_and_granting_are_two_persons(void **state)
{
    struct world *w = *state;
    two_admins(w);
    const char *number = ask_for_an_admin(w);
    assert_false(is_known(w, NEW));
    const Parkgate__Reply *own = ask(w, w->admin, "approval.grant", "approval", number, NULL);
    assert_refused(own, ERROR_SAME_PERSON);
    assert_int_equal(error_exit(ERROR_SAME_PERSON), EXIT_NOT_PERMITTED);
    assert_false(is_known(w, NEW));
    assert_done(ask(w, key_of(BO), "approval.grant", "approval", number, NULL));
    assert_true(is_known(w, NEW));
    assert_refused(ask(w, key_of(BO), "approval.grant", "approval", number, NULL),
                   ERROR_APPROVAL_ENDED);
    (void)assert_replays(w);
}

static void two_keys_of_one_person_are_one_person(void **state)
{
    struct world *w = *state;
    two_admins(w);
    const Parkgate__Reply *asked = assert_done(ask(w, key_of(BO), "key.add", "name", "carla",
                                                   "public", hex_of(NEW), "role", "admin", NULL));
    const char *number = note(asked, "approval");
    assert_refused(ask(w, key_of(BO_AGAIN), "approval.grant", "approval", number, NULL),
                   ERROR_SAME_PERSON);
    assert_false(is_known(w, NEW));
    (void)admin(w, "approval.grant", "approval", number, NULL);
    assert_true(is_known(w, NEW));
}

static void a_refused_or_expired_request_does_nothing(void **state)
{
    struct world *w = *state;
    two_admins(w);
    const char *number = ask_for_an_admin(w);
    assert_refused(ask(w, key_of(BO), "approval.refuse", "approval", number, NULL),
                   ERROR_REASON_NEEDED);
    assert_done(ask(w, key_of(BO), "approval.refuse", "approval", number, "reason", "no", NULL));
    assert_refused(ask(w, key_of(BO), "approval.grant", "approval", number, NULL),
                   ERROR_APPROVAL_ENDED);
    number = ask_for_an_admin(w);
    assert_int_equal(row_count(admin(w, "approval.list", NULL)), 1);
    world_pass(w, (int64_t)LIMIT_APPROVAL_S * SECOND_US);
    assert_int_equal(row_count(admin(w, "approval.list", NULL)), 0);
    assert_refused(ask(w, key_of(BO), "approval.grant", "approval", number, NULL),
                   ERROR_APPROVAL_ENDED);
    assert_false(is_known(w, NEW));
    const Parkgate__Reply *all = admin(w, "approval.list", "all", "yes", NULL);
    assert_int_equal(row_count(all), 3);
    assert_string_equal(cell(all, 1, "state"), "refused");
    assert_string_equal(cell(all, 2, "state"), "expired");
}

static void a_bad_request_is_refused_before_anybody_is_asked(void **state)
{
    struct world *w = *state;
    two_admins(w);
    uint64_t before = head_of(w).sequence;
    assert_refused(
        ask(w, w->admin, "key.add", "name", "bo", "public", hex_of(NEW), "role", "admin", NULL),
        ERROR_EXISTS);
    assert_int_equal(entries_of(w, ENTRY_APPROVAL, before), 0);
}

static void a_request_dies_with_the_askers_right(void **state)
{
    struct world *w = *state;
    two_admins(w);
    const Parkgate__Reply *asked = assert_done(ask(w, key_of(BO), "key.add", "name", "carla",
                                                   "public", hex_of(NEW), "role", "admin", NULL));
    const char *number = note(asked, "approval");
    (void)admin(w, "key.revoke", "name", "bo", "reason", "left", NULL);
    assert_refused(ask(w, w->admin, "approval.grant", "approval", number, NULL),
                   ERROR_APPROVAL_FAILED);
    assert_false(is_known(w, NEW));
    assert_int_equal(row_count(admin(w, "approval.list", NULL)), 1); /* undone whole */
}

static void revoking_the_others_makes_nobody_the_only_one(void **state)
{
    struct world *w = *state;
    two_admins(w);
    (void)admin(w, "key.revoke", "name", "bo", "reason", "left", NULL);
    (void)admin(w, "key.revoke", "name", "bo-2", "reason", "left", NULL);
    (void)ask_for_an_admin(w);
    world_pass(w, (int64_t)LIMIT_APPROVAL_S * SECOND_US - MINUTE_US);
    (void)ask_for_an_admin(w);
    assert_false(is_known(w, NEW));
    world_pass(w, 2 * MINUTE_US);
    (void)admin(w, "key.add", "name", "carla", "public", hex_of(NEW), "role", "admin", NULL);
    assert_true(is_known(w, NEW));
}

static void who_could_not_do_it_does_not_decide_it(void **state)
{
    struct world *w = *state;
    two_admins(w);
    struct link_key guard = operator_key(w, 80, "operator", NULL, NULL, NULL);
    const char *number = ask_for_an_admin(w);
    assert_refused(ask(w, guard, "approval.grant", "approval", number, NULL),
                   ERROR_VERB_NOT_PERMITTED);
    assert_refused(ask(w, w->admin, "approval.grant", "approval", "77777", NULL), ERROR_NOT_FOUND);
}

static void waiting_requests_have_a_bound(void **state)
{
    struct world *w = *state;
    two_admins(w);
    for (int i = 0; i < LIMIT_APPROVALS_WAITING; i++) {
        (void)ask_for_an_admin(w);
        sent_forget(w);
    }
    assert_refused(
        ask(w, w->admin, "key.add", "name", "carla", "public", hex_of(NEW), "role", "admin", NULL),
        ERROR_LIMIT_REACHED);
}

/* --- replacing --- */

static void ones_own_key_is_replaced_at_once(void **state)
{
    struct world *w = *state;
    two_admins(w);
    struct link_key old = operator_key(w, 81, "guard", NULL, "a-in", NULL);
    const Parkgate__Reply *reply = ask(w, old, "key.replace", "name", "key-81", "public",
                                       hex_of(NEW), "reason", "new phone", NULL);
    assert_done(reply);
    assert_refused(ask(w, old, "lane.list", NULL), ERROR_KEY_REVOKED);
    const Parkgate__Reply *lanes = assert_done(ask(w, key_of(NEW), "lane.list", NULL));
    assert_int_equal(row_count(lanes), 1); /* the same scope */
    assert_refused(ask(w, key_of(NEW), "key.replace", "name", "bo", "public", hex_of(OTHER),
                       "reason", "x", NULL),
                   ERROR_VERB_NOT_PERMITTED);
    (void)assert_replays(w);
}

static void anothers_key_needs_a_second_person(void **state)
{
    struct world *w = *state;
    two_admins(w);
    struct link_key lost = operator_key(w, 82, "operator", NULL, NULL, NULL);
    const char *number = note(
        admin(w, "key.replace", "name", "key-82", "public", hex_of(NEW), "reason", "lost", NULL),
        "approval");
    assert_done(ask(w, lost, "lane.list", NULL));
    assert_done(ask(w, key_of(BO), "approval.grant", "approval", number, NULL));
    assert_refused(ask(w, lost, "lane.list", NULL), ERROR_KEY_REVOKED);
    assert_done(ask(w, key_of(NEW), "lane.list", NULL));
}

static void a_gates_key_is_not_replaced_so(void **state)
{
    struct world *w = *state;
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    assert_refused(ask(w, w->admin, "key.replace", "name", "gate:gate-a", "public", hex_of(NEW),
                       "reason", "x", NULL),
                   ERROR_NOT_FOUND);
    assert_refused(
        ask(w, w->admin, "key.replace", "name", "admin", "public", hex_of(1), "reason", "x", NULL),
        ERROR_EXISTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_single_admin_can_make_the_second),
        WORLD_TEST(asking_and_granting_are_two_persons),
        WORLD_TEST(two_keys_of_one_person_are_one_person),
        WORLD_TEST(a_refused_or_expired_request_does_nothing),
        WORLD_TEST(a_bad_request_is_refused_before_anybody_is_asked),
        WORLD_TEST(a_request_dies_with_the_askers_right),
        WORLD_TEST(revoking_the_others_makes_nobody_the_only_one),
        WORLD_TEST(who_could_not_do_it_does_not_decide_it),
        WORLD_TEST(waiting_requests_have_a_bound),
        WORLD_TEST(ones_own_key_is_replaced_at_once),
        WORLD_TEST(anothers_key_needs_a_second_person),
        WORLD_TEST(a_gates_key_is_not_replaced_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

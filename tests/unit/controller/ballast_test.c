/* Goal: on a disk that is nearly full nothing is added, and what takes rights away, lets people out
 * or looks goes on. Method: both lists written by hand, against every verb of the table. */
#include "tests/unit/controller/harness.h"

#include "controller/app/ballast.h"
#include "controller/app/waiters.h"

/* Of these nothing is done then. */
static const char *const refused[] = {
    "park.stage",      "park.commit",    "tenant.add",    "tenant.resume", "person.add",
    "person.resume",   "import.begin",   "import.slice",  "import.close",  "badge.add",
    "face.attach",     "vehicle.add",    "pin.set",       "booking.add",   "visitor.add",
    "assignment.add",  "agent.enroll",  "agent.rekey",   "key.add",
    "key.replace",     "approval.grant", "clearance.add", "ban.decide",    "passback.forgive",
    "recover.confirm", "backup", "audit.export", "audit.checkpoint",
    "authority.add", "authority.replace", "authority.resume", "watch.begin", "watch.chunk", "watch.countersign",
    "disposition.confirm",
};

/* These change something, and go on. */
static const char *const go_on[] = {
    "tenant.suspend",  "person.show",      "person.suspend", "person.list",
    "person.find",     "import.cancel",    "badge.revoke",   "face.remove",
    "vehicle.remove",  "vehicle.list",     "pin.remove",     "booking.cancel",
    "visitor.cancel",  "assignment.end",   "agent.revoke",   "key.revoke",
    "approval.refuse", "clearance.remove", "ban.add",        "ban.appeal",
    "lane.open",       "lane.lock",        "lane.free",      "lane.normal",
    "muster",          "emergency.start",  "emergency.end",  "who",
    "recover.start",   "recover.end",      "agent.carry",    "face.filing",
    "events",          "headcount.why",    "journal.show",
    "recover.start",   "recover.end",      "agent.carry",
    "alert.ack",       "alert.dispatch",   "alert.confirm",  "alert.reject",
    "alert.close",     "alert.handover",
    "person.export",   "person.erase",     "hold.add",       "hold.end",
    "disclose.ask",    "disclose.file",    "disclose.told",    "retention.deleted",
    "retention.set",   "library.hand",     "disposition.show", "disposition.refuse",
    "authority.suspend", "watch.refuse", "watch.show",
    "library.sent", "disposition.enter", "audit.truncate",
};

static bool stands_in(const char *verb, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i], verb) == 0) {
            return true;
        }
    }
    return false;
}

static void a_nearly_full_disk_takes_additions_away(void **state)
{
    struct world *w = *state;
    size_t count = 0;
    const struct verb_spec *verbs = verb_table(&count);
    for (size_t i = 0; i < count; i++) {
        const struct verb_spec *verb = &verbs[i];
        bool is_refused = stands_in(verb->name, refused, ARRAY_LEN(refused));
        bool goes_on = stands_in(verb->name, go_on, ARRAY_LEN(go_on));
        if (is_refused + goes_on != (verb->changes ? 1 : 0)) {
            fail_msg("%s stands in none or both of the lists", verb->name);
        }
        w->ctl->store_short = true;
        if (ballast_allows(w->ctl, verb) == is_refused) {
            fail_msg("%s is not as its list says", verb->name);
        }
        w->ctl->store_short = false;
        assert_true(ballast_allows(w->ctl, verb));
    }
}

static void a_refused_verb_says_why(void **state)
{
    struct world *w = *state;
    struct gate a; /* one whose lease runs out needs a stick all the more */
    gate_join(w, &a, "gate-a", 1);
    w->ctl->store_short = true;
    uint64_t jobs = w->jobs;
    assert_refused(ask(w, w->admin, "backup", "dir", "/backup/x", NULL), ERROR_STORE_SHORT);
    assert_int_equal(w->jobs, jobs);
    send_rows(w, w->admin, "agent.carry", NULL, 0, "gate", "gate-a", "file", "/media/stick/roster",
              "reason", "line cut", NULL);
    world_turn(w);
    assert_int_equal(w->jobs, jobs + 1);
}

/* What a job does stands in the journal first. */
static void a_job_begins_when_its_entry_is_committed(void **state)
{
    struct world *w = *state;
    struct gate a;
    gate_join(w, &a, "gate-a", 1);
    uint64_t jobs = w->jobs;
    uint64_t head = head_of(w).sequence;
    send_rows(w, w->admin, "agent.carry", NULL, 0, "gate", "gate-a", "file", "/media/stick/roster",
              "reason", "line cut", NULL);
    (void)turn_end(w->ctl); /* its batch waits for others */
    assert_int_equal(w->jobs, jobs);
    world_turn(w);
    assert_int_equal(w->jobs, jobs + 1);
    assert_true(head_of(w).sequence > head);
    world_turn(w);
    assert_int_equal(w->jobs, jobs + 1);
    /* An older batch of the same turn was committed: that is not its own. */
    send_rows(w, w->admin, "lane.lock", NULL, 0, "lane", "a-in", "reason", "x", NULL);
    batch_commit(w->ctl);
    send_rows(w, w->admin, "agent.carry", NULL, 0, "gate", "gate-a", "file", "/media/stick/other",
              "reason", "line cut", NULL);
    waiters_start_jobs(w->ctl);
    assert_int_equal(w->jobs, jobs + 1);
    (void)turn_end(w->ctl);
    assert_int_equal(batch_due_ms(w->ctl), -1); /* answers to followers took it along */
    assert_int_equal(w->jobs, jobs + 2);
}

/* Two operators' first requests may be the same bytes. */
static void a_job_is_undone_by_its_own_request_alone(void **state)
{
    struct world *w = *state;
    uint8_t frame[512];
    char *arg = text_of("dir");
    ProtobufCBinaryData dir = {.len = 9, .data = (uint8_t *)(uintptr_t) "/backup/x"};
    Parkgate__Request request = PARKGATE__REQUEST__INIT;
    request.verb = text_of("backup");
    request.n_arg = request.n_value = 1;
    request.arg = &arg;
    request.value = &dir;
    request.version = 1;
    for (int own = 0; own < 2; own++) {
        uint64_t jobs = w->jobs;
        size_t size = envelope_write(PROTOCOL_VERSION, MESSAGE_REQUEST, ++w->last_request,
                                     &request.base, frame, sizeof(frame));
        struct input input = {
            .port = PORT_OPERATORS,
            .peer = peer_of(w->admin.bytes[0]),
            .key = w->admin,
            .frame = {.data = frame, .size = size}
        };
        world_frame(w, input.port, input.key, input.peer, input.frame);
        struct input other_key = input;
        other_key.key = key_of(77);
        struct input other_peer = input;
        other_peer.peer = peer_of(77);
        waiters_undone(w->ctl, &other_key);
        waiters_undone(w->ctl, &other_peer);
        if (own) {
            waiters_undone(w->ctl, &input);
        }
        world_turn(w);
        assert_int_equal(w->jobs, own ? jobs : jobs + 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_nearly_full_disk_takes_additions_away),
        WORLD_TEST(a_refused_verb_says_why),
        WORLD_TEST(a_job_begins_when_its_entry_is_committed),
        WORLD_TEST(a_job_is_undone_by_its_own_request_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

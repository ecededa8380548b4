/* Goal: face terminals are ordered to know exactly whom they should, each order stays open until it
 * is answered, and what a terminal does by itself is told. Method: a whole controller without its
 * shell, terminals added to the park's rows, their gate played by the test. */
#include "tests/unit/controller/harness.h"

#include "controller/app/subjects.h"

struct faces {
    struct world *w;
    struct gate gate;
    char li[HANDLE_TEXT_SIZE], wang[HANDLE_TEXT_SIZE];
};

/* Applies the standard park with so many terminals at gate-a. */
static void apply_terminals(struct world *w, unsigned count)
{
    static struct park_rows rows;
    static char names[8][16];
    char version[24];
    rows_of_park(&rows, "Asia/Shanghai");
    for (unsigned i = 0; i < count; i++) {
        Parkgate__ParkReader reader = PARKGATE__PARK_READER__INIT;
        (void)snprintf(names[i], sizeof(names[i]), "face-%u", i + 1);
        reader.lane = text_of(i == 0 ? "a-in" : "a-hall");
        reader.driver = DRIVER_HIK_ACCESS;
        reader.device = text_of("10.0.0.9");
        reader.path = text_of("/hik/face");
        reader.user = text_of("gate");
        reader.secret_file = text_of("/etc/parkgate/face");
        reader.control = TERMINAL_NO_RELAY;
        reader.terminal = text_of("10.0.0.9:80");
        rows_add(&rows, PARK_READER, names[i], &reader.base);
    }
    const char *stage =
        note(assert_done(ask_rows(w, w->admin, "park.stage", rows.row, rows.count, NULL)), "stage");
    (void)snprintf(version, sizeof(version), "%llu",
                   (unsigned long long)w->ctl->park->config_version);
    (void)assert_done(
        ask(w, w->admin, "park.commit", "stage", stage, "config_version", version, NULL));
}

static struct faces begin(void **state)
{
    struct faces f = {.w = *state};
    apply_terminals(f.w, 1);
    gate_join(f.w, &f.gate, "gate-a", 1);
    person_with_badge(f.w, "acme", "Li Wei", "04010203", "day", f.li);
    person_with_badge(f.w, "acme", "Wang Fang", "04010204", "day", f.wang);
    return f;
}

static const Parkgate__Reply *attach(struct faces *f, const char *person, const char *subject)
{
    return ask(f->w, f->w->admin, "face.attach", "person", person, "subject", subject, "consent",
               "paper 17", "purpose", "entry", NULL);
}

/* The orders that the gate was told last. */
static size_t told(struct world *w, Parkgate__SubjectOrder *orders[4])
{
    const struct sent *sent = sent_last(w, MESSAGE_SUBJECTS);
    if (sent == NULL) {
        return 0;
    }
    const Parkgate__Subjects *subjects = (const void *)sent->body;
    assert_true(subjects->n_order <= 4);
    for (size_t i = 0; i < subjects->n_order; i++) {
        orders[i] =
            parkgate__subject_order__unpack(NULL, subjects->order[i].len, subjects->order[i].data);
        assert_non_null(orders[i]);
    }
    return subjects->n_order;
}

static uint64_t told_one(struct world *w, uint32_t kind, const char *subject)
{
    Parkgate__SubjectOrder *orders[4];
    assert_int_equal(told(w, orders), 1);
    assert_int_equal(orders[0]->kind, kind);
    assert_string_equal(orders[0]->subject, subject);
    assert_string_equal(orders[0]->reader, "face-1");
    uint64_t number = orders[0]->number;
    parkgate__subject_order__free_unpacked(orders[0], NULL);
    return number;
}

static void answer(struct faces *f, uint64_t number, uint32_t result, const char *what)
{
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    event.kind = EVENT_SUBJECT;
    event.lane = text_of("a-in");
    event.reader = text_of("face-1");
    event.order = number;
    event.subject_result = result;
    event.note = text_of(what);
    (void)gate_event(f->w, &f->gate, &event);
    world_turn(f->w);
}

static void expect_state(struct faces *f, const char *person, const char *order, const char *state)
{
    const Parkgate__Reply *reply = admin(f->w, "face.sync", "person", person, NULL);
    assert_int_equal(row_count(reply), 1);
    assert_string_equal(cell(reply, 0, "reader"), "face-1");
    assert_string_equal(cell(reply, 0, "order"), order);
    assert_string_equal(cell(reply, 0, "state"), state);
}

static void expect_open(struct world *w, const char *count)
{
    assert_string_equal(note(admin(w, "status", NULL), "subjects_open"), count);
    assert_string_equal(note(admin(w, "face.sync", NULL), "subjects_open"), count);
}

static void tick(struct world *w, int64_t us)
{
    world_pass(w, us);
    turn_tick(w->ctl);
    world_turn(w);
}

static void attached_is_ordered_told_and_confirmed(void **state)
{
    struct faces f = begin(state);
    (void)assert_done(attach(&f, f.li, "E1"));
    uint64_t number = told_one(f.w, SUBJECT_ADD, "E1");
    expect_state(&f, f.li, "add", "wanted");
    expect_open(f.w, "1");
    answer(&f, number, SUBJECT_DONE, "");
    expect_state(&f, f.li, "add", "done");
    expect_open(f.w, "0");
    (void)assert_done(attach(&f, f.li, "E1")); /* the same again wants nothing new */
    expect_open(f.w, "0");
    (void)assert_replays(f.w);
}

static void no_face_without_consent(void **state)
{
    struct faces f = begin(state);
    uint64_t before = head_of(f.w).sequence;
    assert_refused(ask(f.w, f.w->admin, "face.attach", "person", f.li, "subject", "E1", "purpose",
                       "entry", NULL),
                   ERROR_CONSENT_NEEDED);
    assert_refused(ask(f.w, f.w->admin, "face.attach", "person", f.li, "subject", "E1", "consent",
                       "paper 17", "purpose", "", NULL),
                   ERROR_CONSENT_NEEDED);
    assert_int_equal(entries_of(f.w, ENTRY_SUBJECT_ORDER, before), 0);
    assert_int_equal(entries_of(f.w, ENTRY_CREDENTIAL, before), 0);
    assert_null(sent_last(f.w, MESSAGE_SUBJECTS));
}

static void what_is_not_answered_stays_open(void **state)
{
    struct faces f = begin(state);
    (void)assert_done(attach(&f, f.li, "E1"));
    uint64_t number = told_one(f.w, SUBJECT_ADD, "E1");
    sent_forget(f.w);
    tick(f.w, SECOND_US);
    assert_null(sent_last(f.w, MESSAGE_SUBJECTS)); /* told a moment ago */
    for (int i = 0; i < SUBJECTS_AGAIN_MS / 2000; i++) {
        Parkgate__Heartbeat beat = PARKGATE__HEARTBEAT__INIT;
        gate_send(f.w, &f.gate, MESSAGE_HEARTBEAT, 0, &beat.base);
        tick(f.w, 2 * SECOND_US);
    }
    assert_int_equal(told_one(f.w, SUBJECT_ADD, "E1"), number);
    answer(&f, number, SUBJECT_FAILED, "deviceFull");
    expect_state(&f, f.li, "add", "failed");
    assert_string_equal(cell(admin(f.w, "face.sync", NULL), 0, "note"), "deviceFull");
    expect_open(f.w, "1");
    world_restart(f.w); /* the store has it, not the process */
    sent_forget(f.w);
    Parkgate__Hello hello = gate_hello_message(f.w, &f.gate);
    gate_send_hello(f.w, &f.gate, &hello);
    assert_int_equal(told_one(f.w, SUBJECT_ADD, "E1"), number);
    answer(&f, number, SUBJECT_DONE, "");
    expect_open(f.w, "0");
    (void)assert_replays(f.w);
}

/* The newest order is what is wanted: an answer to an older one says nothing of it. */
static void removed_is_deleted_and_old_answers_change_nothing(void **state)
{
    struct faces f = begin(state);
    char credential[HANDLE_TEXT_SIZE];
    (void)snprintf(credential, sizeof(credential), "%s",
                   note(assert_done(attach(&f, f.li, "E1")), "credential"));
    uint64_t add = told_one(f.w, SUBJECT_ADD, "E1");
    (void)admin(f.w, "face.remove", "credential", credential, "reason", "withdrawn", NULL);
    uint64_t delete = told_one(f.w, SUBJECT_DELETE, "E1");
    assert_true(delete > add);
    answer(&f, add, SUBJECT_DONE, "");
    expect_state(&f, f.li, "delete", "wanted");
    expect_open(f.w, "1");
    assert_refused(attach(&f, f.wang, "E1"), ERROR_SUBJECT_LEFT);
    answer(&f, delete, SUBJECT_DONE, "");
    expect_state(&f, f.li, "delete", "done");
    (void)assert_done(attach(&f, f.wang, "E1"));
    answer(&f, delete, SUBJECT_DONE, ""); /* once more, late */
    expect_state(&f, f.wang, "add", "wanted");
    (void)assert_replays(f.w);
}

/* The terminal must still be told which subject to delete when the person's key is gone. */
static void an_erased_persons_face_is_deleted_without_his_key(void **state)
{
    struct faces f = begin(state);
    struct handle li;
    (void)assert_done(attach(&f, f.li, "E1"));
    answer(&f, told_one(f.w, SUBJECT_ADD, "E1"), SUBJECT_DONE, "");
    sent_forget(f.w);
    (void)admin(f.w, "person.erase", "person", f.li, "reason", "he asked", NULL);
    uint64_t number = told_one(f.w, SUBJECT_DELETE, "E1");
    assert_string_equal(
        cell(admin(f.w, "person.erasures", NULL), 0, "terminals_left"), "1");
    assert_true(handle_from_text(f.li, &li));
    tick(f.w, SECOND_US); /* his key is deleted now */
    world_restart(f.w);
    sent_forget(f.w);
    gate_join(f.w, &f.gate, "gate-a", 2);
    assert_int_equal(told_one(f.w, SUBJECT_DELETE, "E1"), number);
    assert_refused(attach(&f, f.wang, "E1"), ERROR_SUBJECT_LEFT); /* his picture is there still */
    answer(&f, number, SUBJECT_DONE, "");
    expect_open(f.w, "0");
    assert_int_equal(row_count(admin(f.w, "face.sync", "reader", "face-1", NULL)), 0);
    (void)assert_done(attach(&f, f.wang, "E1"));
    assert_string_equal(note(admin(f.w, "face.count", NULL), "persons_now"), "1");
    (void)assert_replays(f.w);
}

static void answers_that_make_no_sense_are_refused(void **state)
{
    struct faces f = begin(state);
    (void)assert_done(attach(&f, f.li, "E1"));
    uint64_t number = told_one(f.w, SUBJECT_ADD, "E1");
    answer(&f, 0, SUBJECT_DONE, "");
    assert_int_equal(answer_of(f.w, f.gate.sequence, NULL), ANSWER_REFUSED);
    answer(&f, number, 0, "");
    assert_int_equal(answer_of(f.w, f.gate.sequence, NULL), ANSWER_REFUSED);
    answer(&f, number, 4, "");
    assert_int_equal(answer_of(f.w, f.gate.sequence, NULL), ANSWER_REFUSED);
    answer(&f, number + 1000, SUBJECT_DONE, ""); /* of nobody: recorded, and that is all */
    assert_int_equal(answer_of(f.w, f.gate.sequence, NULL), ANSWER_APPLIED);
    expect_open(f.w, "1");
}

static void a_new_terminal_gets_everybody(void **state)
{
    struct faces f = begin(state);
    (void)assert_done(attach(&f, f.li, "E1"));
    (void)assert_done(attach(&f, f.wang, "E2"));
    expect_open(f.w, "2");
    apply_terminals(f.w, 3);
    tick(f.w, SECOND_US);
    tick(f.w, SECOND_US);
    expect_open(f.w, "6");
    const Parkgate__Reply *reply = admin(f.w, "face.sync", "reader", "face-3", NULL);
    assert_int_equal(row_count(reply), 2);
    tick(f.w, SECOND_US);
    expect_open(f.w, "6");
    (void)assert_replays(f.w);
}

/* How many orders of this terminal the gate was told last. */
static size_t told_of(struct world *w, const char *reader)
{
    size_t count = 0;
    const struct sent *sent = sent_last(w, MESSAGE_SUBJECTS);
    assert_non_null(sent);
    const Parkgate__Subjects *subjects = (const void *)sent->body;
    for (size_t i = 0; i < subjects->n_order; i++) {
        Parkgate__SubjectOrder *order =
            parkgate__subject_order__unpack(NULL, subjects->order[i].len, subjects->order[i].data);
        assert_non_null(order);
        count += strcmp(order->reader, reader) == 0;
        parkgate__subject_order__free_unpacked(order, NULL);
    }
    return count;
}

static void one_that_does_not_answer_keeps_no_other_waiting(void **state)
{
    struct faces f = begin(state);
    for (unsigned i = 0; i <= LIMIT_SUBJECTS_PER_MESSAGE; i++) {
        char person[HANDLE_TEXT_SIZE];
        char uid[9];
        char subject[16];
        (void)snprintf(uid, sizeof(uid), "0505%04X", i);
        (void)snprintf(subject, sizeof(subject), "E%u", i);
        person_with_badge(f.w, "acme", "Crew", uid, "day", person);
        (void)assert_done(attach(&f, person, subject));
    }
    assert_int_equal(told_of(f.w, "face-1"), LIMIT_SUBJECTS_PER_MESSAGE);
    apply_terminals(f.w, 2);
    tick(f.w, SECOND_US);
    tick(f.w, SECOND_US);
    assert_int_equal(told_of(f.w, "face-1"), LIMIT_SUBJECTS_PER_MESSAGE / 2);
    assert_int_equal(told_of(f.w, "face-2"), LIMIT_SUBJECTS_PER_MESSAGE / 2);
    (void)assert_replays(f.w);
}

static void what_failed_stands_behind_what_was_not_tried(void **state)
{
    struct faces f = begin(state);
    Parkgate__SubjectOrder *orders[4];
    (void)assert_done(attach(&f, f.li, "E1"));
    answer(&f, told_one(f.w, SUBJECT_ADD, "E1"), SUBJECT_FAILED, "deviceFull");
    (void)assert_done(attach(&f, f.wang, "E2"));
    assert_int_equal(told(f.w, orders), 2);
    assert_string_equal(orders[0]->subject, "E2");
    assert_string_equal(orders[1]->subject, "E1");
    answer(&f, orders[1]->number, SUBJECT_DONE, "");
    expect_open(f.w, "1");
    for (size_t i = 0; i < 2; i++) {
        parkgate__subject_order__free_unpacked(orders[i], NULL);
    }
    (void)assert_replays(f.w);
}

static void a_terminal_that_decides_is_a_fault_until_it_heeds(void **state)
{
    struct faces f = begin(state);
    uint64_t before = head_of(f.w).sequence;
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    event.kind = EVENT_DEVICE;
    event.lane = text_of("a-in");
    event.reader = text_of("face-1");
    event.device_state = DEVICE_ALONE;
    (void)gate_event(f.w, &f.gate, &event);
    world_turn(f.w);
    const Parkgate__Reply *status = admin(f.w, "status", NULL);
    size_t row = row_with(status, "fault", "terminal-decides");
    assert_true(row != SIZE_MAX);
    assert_string_equal(cell(status, row, "lane"), "a-in");
    assert_string_equal(cell(status, row, "text"),
                        "terminal face-1 decides by itself who may pass, or its settings cannot be "
                        "read; correct them");
    event.device_state = DEVICE_UP; /* that it works is another matter */
    (void)gate_event(f.w, &f.gate, &event);
    world_turn(f.w);
    assert_true(row_with(admin(f.w, "status", NULL), "fault", "terminal-decides") != SIZE_MAX);
    event.device_state = DEVICE_HEEDS;
    (void)gate_event(f.w, &f.gate, &event);
    world_turn(f.w);
    assert_true(row_with(admin(f.w, "status", NULL), "fault", "terminal-decides") == SIZE_MAX);
    assert_int_equal(faults_of(f.w, "device-down", before), 0);
}

static void what_the_park_no_longer_has_is_no_fault(void **state)
{
    struct faces f = begin(state);
    static const uint32_t states[] = {DEVICE_ALONE, DEVICE_DOWN};
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        Parkgate__Event event = PARKGATE__EVENT__INIT;
        event.kind = EVENT_DEVICE;
        event.lane = text_of("a-in");
        event.reader = text_of("face-1");
        event.device_state = states[i];
        (void)gate_event(f.w, &f.gate, &event);
    }
    world_turn(f.w);
    assert_true(row_with(admin(f.w, "status", NULL), "fault", "device-down") != SIZE_MAX);
    apply_terminals(f.w, 0);
    assert_true(row_with(admin(f.w, "status", NULL), "fault", "device-down") == SIZE_MAX);
    assert_true(row_with(admin(f.w, "status", NULL), "fault", "terminal-decides") == SIZE_MAX);
}

static void an_unasked_opening_is_an_alert(void **state)
{
    struct faces f = begin(state);
    uint64_t before = head_of(f.w).sequence;
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    event.kind = EVENT_UNASKED;
    event.lane = text_of("a-in");
    event.reader = text_of("face-1");
    event.note = text_of("the terminal unlocked its door");
    (void)gate_event(f.w, &f.gate, &event);
    world_turn(f.w);
    assert_int_equal(answer_of(f.w, f.gate.sequence, NULL), ANSWER_APPLIED);
    assert_int_equal(faults_of(f.w, "unasked-opening", before), 1);
    (void)assert_replays(f.w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(attached_is_ordered_told_and_confirmed),
        WORLD_TEST(no_face_without_consent),
        WORLD_TEST(what_is_not_answered_stays_open),
        WORLD_TEST(removed_is_deleted_and_old_answers_change_nothing),
        WORLD_TEST(an_erased_persons_face_is_deleted_without_his_key),
        WORLD_TEST(answers_that_make_no_sense_are_refused),
        WORLD_TEST(a_new_terminal_gets_everybody),
        WORLD_TEST(one_that_does_not_answer_keeps_no_other_waiting),
        WORLD_TEST(what_failed_stands_behind_what_was_not_tried),
        WORLD_TEST(a_terminal_that_decides_is_a_fault_until_it_heeds),
        WORLD_TEST(what_the_park_no_longer_has_is_no_fault),
        WORLD_TEST(an_unasked_opening_is_an_alert),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

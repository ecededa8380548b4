/* Goal: keys with rights of their own do nothing beyond them, and what they send cannot stop the
 * controller or take another's place. Method: a whole controller without its shell, asked by keys
 * of tenants and by gates as a hostile program would. */
#include "tests/unit/controller/harness.h"

#define LI "04010203"

/* --- events that cannot be recorded --- */

/* Gives the holder a tenant that no passage can be counted for. */
static void spoil_holder(struct world *w, const char *person)
{
    struct fault fault = {0};
    struct handle handle;
    ProtobufCMessage *found = NULL;
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    assert_true(handle_from_text(person, &handle));
    assert_int_equal(store_begin_write(w->store, &txn, &fault), ERR_OK);
    assert_int_equal(store_get_message(txn, TABLE_HOLDER, BYTES_OF(handle.bytes),
                                       &parkgate__holder_record__descriptor, &found, &fault),
                     ERR_OK);
    Parkgate__HolderRecord changed = *(Parkgate__HolderRecord *)(void *)found;
    changed.tenant = (char *)(uintptr_t) "";
    assert_int_equal(
        store_put_message(txn, TABLE_HOLDER, BYTES_OF(handle.bytes), &changed.base, &fault),
        ERR_OK);
    store_message_destroy(&found);
    assert_int_equal(store_commit(&txn, &fault), ERR_OK);
}

static void an_event_that_cannot_be_recorded_is_kept_aside(void **state)
{
    struct world *w = *state;
    struct gate gate;
    char li[HANDLE_TEXT_SIZE];
    uint32_t error = 0;
    gate_join(w, &gate, "gate-a", 1);
    person_with_badge(w, "acme", "Li Wei", LI, NULL, li);
    spoil_holder(w, li);
    uint64_t read = gate_badge(w, &gate, "a-out", LI);
    world_turn(w);
    uint64_t before = head_of(w).sequence;
    uint64_t passage = gate_passage(w, &gate, "a-out", read, PASSAGE_PASSED);
    uint64_t next = gate_badge(w, &gate, "a-out", "04999999");
    world_turn(w);
    assert_int_equal(answer_of(w, passage, &error), ANSWER_REFUSED);
    assert_int_equal(error, ERROR_EVENT_BAD);
    assert_int_equal(entries_of(w, ENTRY_EVENT_REFUSED, before), 1);
    assert_int_equal(faults_of(w, "event-refused", before), 1);
    assert_int_equal(answer_of(w, next, NULL), ANSWER_APPLIED);
}

static size_t verdicts_on(const struct world *w, uint64_t sequence)
{
    size_t count = 0;
    for (size_t i = 0; i < w->sent_count; i++) {
        const Parkgate__Verdict *verdict = (const void *)w->sent[i].body;
        count += w->sent[i].kind == MESSAGE_VERDICT && verdict->sequence == sequence;
    }
    return count;
}

/* The whole batch is worked off again, and those who had their verdict hear of it no second time.
 */
static void others_of_its_batch_are_recorded_once(void **state)
{
    enum { BAD = 3 };
    struct world *w = *state;
    struct gate gate;
    char li[HANDLE_TEXT_SIZE];
    uint64_t good[BAD + 1];
    uint64_t bad[BAD];
    gate_join(w, &gate, "gate-a", 1);
    person_with_badge(w, "acme", "Li Wei", LI, NULL, li);
    spoil_holder(w, li);
    uint64_t read = gate_badge(w, &gate, "a-out", LI);
    world_turn(w);
    uint64_t before = head_of(w).sequence;
    for (size_t i = 0; i < BAD; i++) {
        good[i] = gate_badge(w, &gate, "a-out", "04999999");
        bad[i] = gate_passage(w, &gate, "a-out", read, PASSAGE_PASSED);
    }
    good[BAD] = gate_badge(w, &gate, "a-out", "04999999");
    world_turn(w);
    for (size_t i = 0; i < BAD; i++) {
        assert_int_equal(answer_of(w, bad[i], NULL), ANSWER_REFUSED);
        assert_int_equal(answers_to(w, bad[i]), 1);
    }
    for (size_t i = 0; i <= BAD; i++) {
        assert_int_equal(answer_of(w, good[i], NULL), ANSWER_APPLIED);
        assert_int_equal(answers_to(w, good[i]), 1);
        assert_int_equal(verdicts_on(w, good[i]), 1);
    }
    assert_int_equal(entries_of(w, ENTRY_EVENT, before), BAD + 1);
    assert_int_equal(entries_of(w, ENTRY_EVENT_REFUSED, before), BAD);
}

/* --- a key that floods --- */

/* What is refused is kept as long as a box that is well would bring it; the rest waits at the gate.
 */
static void refused_events_fill_no_disk(void **state)
{
    struct world *w = *state;
    struct gate gate;
    Parkgate__Heartbeat beat = PARKGATE__HEARTBEAT__INIT;
    uint64_t last = 0;
    gate_join(w, &gate, "gate-a", 1);
    uint64_t before = head_of(w).sequence;
    for (int i = 0; i < GUARD_REFUSED + 500; i++) {
        Parkgate__Event event = PARKGATE__EVENT__INIT;
        event.kind = 9999;
        last = gate_event(w, &gate, &event);
        if (i % 200 == 0) {
            world_turn(w);
        }
    }
    world_turn(w);
    assert_in_range(entries_of(w, ENTRY_EVENT_REFUSED, before), GUARD_REFUSED, GUARD_REFUSED + 10);
    assert_int_equal(answer_of(w, last, NULL), ANSWER_RETRY);
    assert_int_equal(faults_of(w, "gate-floods", before), 1);
    uint64_t good = gate_badge(w, &gate, "a-out", LI); /* what is accepted flows on */
    world_turn(w);
    assert_int_equal(answer_of(w, good, NULL), ANSWER_APPLIED);
    before = head_of(w).sequence;
    world_pass(w, 3 * 3600 * SECOND_US);
    gate_send(w, &gate, MESSAGE_HEARTBEAT, 0, &beat.base);
    world_turn(w);
    assert_true(entries_of(w, ENTRY_FAULT, before) > 0); /* its end */
}

/* The oldest stay; of more it is remembered that they came, so each is answered, and none twice. */
static void a_gates_quarantine_has_an_end(void **state)
{
    struct world *w = *state;
    struct gate gate;
    struct store_txn *txn = NULL;
    Parkgate__Heartbeat beat = PARKGATE__HEARTBEAT__INIT;
    uint64_t rows = 0;
    enum { MORE = 20, PAID_BACK_S = GUARD_REFUSED_MS / 1000 };
    gate_join(w, &gate, "gate-a", 1);
    uint64_t before = head_of(w).sequence;
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    event.kind = 9999;
    for (int i = 0; i < LIMIT_QUARANTINE_ROWS + MORE; i++) {
        if (i % 200 == 0) {
            sent_forget(w);
        }
        (void)gate_event(w, &gate, &event);
        world_pass(w, PAID_BACK_S * SECOND_US);
        if (i == LIMIT_QUARANTINE_ROWS - 1) {
            world_turn(w);
            assert_int_equal(faults_of(w, "quarantine-full", before), 0);
        }
    }
    world_turn(w);
    assert_int_equal(faults_of(w, "quarantine-full", before), 1);
    assert_int_equal(answer_of(w, gate.sequence, NULL), ANSWER_REFUSED);
    assert_int_equal(entries_of(w, ENTRY_EVENT_REFUSED, before), LIMIT_QUARANTINE_ROWS + MORE);
    Parkgate__EventRefused *last =
        (void *)newest_entry(w, ENTRY_EVENT_REFUSED, &parkgate__event_refused__descriptor);
    assert_true(last->unkept);
    assert_int_equal(last->sealed.len, 0);
    parkgate__event_refused__free_unpacked(last, NULL);
    assert_int_equal(store_begin_read(w->store, &txn, NULL), ERR_OK);
    assert_int_equal(store_count(txn, TABLE_QUARANTINE, &rows, NULL), ERR_OK);
    store_txn_destroy(&txn);
    assert_int_equal(rows, LIMIT_QUARANTINE_ROWS);
    sent_forget(w);
    before = head_of(w).sequence;
    gate_again(w, &gate); /* it is known */
    world_turn(w);
    assert_int_equal(answer_of(w, gate.sequence, NULL), ANSWER_REFUSED);
    assert_int_equal(head_of(w).sequence, before);
    struct gate other; /* another one has its own */
    gate_join(w, &other, "gate-b", 2);
    (void)gate_event(w, &other, &event);
    world_turn(w);
    last = (void *)newest_entry(w, ENTRY_EVENT_REFUSED, &parkgate__event_refused__descriptor);
    assert_false(last->unkept);
    parkgate__event_refused__free_unpacked(last, NULL);
    before = head_of(w).sequence;
    for (int i = 0; i < 2; i++) { /* quiet or not, and after a restart: it stays full */
        assert_true(row_with(admin(w, "status", NULL), "fault", "quarantine-full") != SIZE_MAX);
        world_pass(w, 3 * 3600 * SECOND_US);
        gate_send(w, &gate, MESSAGE_HEARTBEAT, 0, &beat.base);
        (void)gate_event(w, &gate, &event);
        world_turn(w);
        assert_true(row_with(admin(w, "status", NULL), "fault", "quarantine-full") != SIZE_MAX);
        world_restart(w);
        Parkgate__Hello hello = gate_hello_message(w, &gate);
        gate_send_hello(w, &gate, &hello);
        gate_send(w, &gate, MESSAGE_HEARTBEAT, 0, &beat.base);
        world_turn(w);
    }
    assert_int_equal(faults_of(w, "quarantine-full", before), 0);
    struct gate anew; /* the gate's next box begins at none */
    gate_join(w, &anew, "gate-a", 3);
    gate_send(w, &anew, MESSAGE_HEARTBEAT, 0, &beat.base);
    (void)gate_event(w, &anew, &event);
    world_turn(w);
    last = (void *)newest_entry(w, ENTRY_EVENT_REFUSED, &parkgate__event_refused__descriptor);
    assert_false(last->unkept);
    parkgate__event_refused__free_unpacked(last, NULL);
    assert_true(row_with(admin(w, "status", NULL), "fault", "quarantine-full") == SIZE_MAX);
    (void)assert_replays(w);
}

static void hellos_of_ever_new_outboxes_fill_no_disk(void **state)
{
    struct world *w = *state;
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    uint64_t before = head_of(w).sequence;
    uint32_t epoch = gate.epoch;
    for (int i = 0; i < 300; i++) {
        Parkgate__Hello hello = gate_hello_message(w, &gate);
        gate.store_id[0] = (uint8_t)(i + 1);
        gate.store_id[1] = (uint8_t)(i >> 8);
        hello.epoch = UINT32_MAX - 1;
        gate_send_hello(w, &gate, &hello);
    }
    assert_in_range(entries_of(w, ENTRY_AGENT_EPOCH, before), 1, GUARD_EPOCHS);
    assert_in_range(gate.epoch, epoch, epoch + GUARD_EPOCHS);
    assert_int_equal(faults_of(w, "gate-floods", before), 1);
}

/* Each is answered; what a gate says of itself is an entry once a second at the most. */
static void heartbeats_that_contradict_each_other_fill_no_disk(void **state)
{
    enum { BEATS = 1000, SECONDS = 10, A_TURN = BEATS / SECONDS / 10 };
    struct world *w = *state;
    struct gate gate;
    size_t answers = 0;
    gate_join(w, &gate, "gate-a", 1);
    uint64_t before = head_of(w).sequence;
    for (int i = 0; i < BEATS; i++) {
        Parkgate__Heartbeat beat = PARKGATE__HEARTBEAT__INIT;
        beat.wall_us = w->now.us;
        beat.outbox_permille = i % 2 == 0 ? 1000 : 0;
        gate_send(w, &gate, MESSAGE_HEARTBEAT, 0, &beat.base);
        if (i % A_TURN == A_TURN - 1) {
            world_pass(w, SECOND_US / 10);
            world_turn(w);
            answers += sent_count(w, MESSAGE_HEARTBEAT);
            sent_forget(w);
        }
    }
    assert_int_equal(answers, BEATS);
    assert_in_range(entries_of(w, ENTRY_FAULT, before), 2, GUARD_BEATS + SECONDS + 1);
    Parkgate__Heartbeat well = PARKGATE__HEARTBEAT__INIT;
    well.wall_us = w->now.us + SECOND_US;
    world_pass(w, SECOND_US);
    gate_send(w, &gate, MESSAGE_HEARTBEAT, 0, &well.base); /* the last word counts */
    world_turn(w);
    assert_true(row_with(admin(w, "status", NULL), "fault", "outbox-full") == SIZE_MAX);
}

/* --- imports --- */

enum { ROWS_MAX = 240 };

struct slice {
    size_t count, used;
    ProtobufCBinaryData row[ROWS_MAX];
    uint8_t bytes[64 * 1024];
};

static struct slice the_slice;

static void slice_add(struct slice *slice, Parkgate__RosterRow *row)
{
    row->line = (uint32_t)slice->count + 2;
    size_t size = parkgate__roster_row__pack(row, slice->bytes + slice->used);
    slice->row[slice->count++] =
        (ProtobufCBinaryData){.len = size, .data = slice->bytes + slice->used};
    slice->used += size;
}

static Parkgate__RosterRow person_row(const char *tenant, const char *name)
{
    Parkgate__RosterRow row = PARKGATE__ROSTER_ROW__INIT;
    row.tenant = (char *)(uintptr_t)tenant;
    row.person_name = (char *)(uintptr_t)name;
    row.kind = (char *)(uintptr_t) "day";
    return row;
}

static const char *import_begin(struct world *w, struct link_key key)
{
    return note(assert_done(ask(w, key, "import.begin", "rows", "10", NULL)), "import");
}

static const Parkgate__Reply *import_slice(struct world *w, struct link_key key, const char *import,
                                           const struct slice *slice)
{
    return ask_rows(w, key, "import.slice", slice->row, slice->count, "import", import, "first",
                    "0", NULL);
}

static const Parkgate__Reply *import_close(struct world *w, struct link_key key, const char *import,
                                           const struct slice *slice)
{
    char digest[2 * SEAL_HASH_SIZE + 1];
    char rows[16];
    struct seal_hash chain = {{0}};
    for (size_t i = 0; i < slice->count; i++) {
        struct seal_hasher hasher;
        seal_hasher_begin(&hasher);
        seal_hasher_add(&hasher, BYTES_OF(chain.bytes));
        seal_hasher_add(&hasher, (struct bytes){slice->row[i].data, slice->row[i].len});
        chain = seal_hasher_end(&hasher);
    }
    bytes_to_hex(BYTES_OF(chain.bytes), digest, sizeof(digest));
    (void)snprintf(rows, sizeof(rows), "%zu", slice->count);
    return ask(w, key, "import.close", "import", import, "rows", rows, "digest", digest, NULL);
}

static void a_slice_of_many_small_rows_is_taken(void **state)
{
    struct world *w = *state;
    struct link_key key = operator_key(w, 7, "tenant", "acme", NULL, NULL);
    struct slice *slice = &the_slice;
    static char plates[ROWS_MAX][16];
    static char badges[ROWS_MAX][16];
    *slice = (struct slice){0};
    for (size_t i = 0; i < 200; i++) { /* vehicles with a badge: two credentials a row */
        Parkgate__RosterRow row = person_row("acme", "");
        (void)snprintf(plates[i], sizeof(plates[i]), "粤B1%04zu", i);
        (void)snprintf(badges[i], sizeof(badges[i]), "0455%04zx", i);
        row.plate = plates[i];
        row.badge = badges[i];
        row.external = badges[i];
        slice_add(slice, &row);
    }
    const char *import = import_begin(w, key);
    assert_done(import_slice(w, key, import, slice));
    assert_done(import_close(w, key, import, slice));
    *slice = (struct slice){0};
    for (size_t i = 0; i < LIMIT_ROWS_PER_MESSAGE + 1; i++) {
        Parkgate__RosterRow row = person_row("acme", "x");
        slice_add(slice, &row);
    }
    import = import_begin(w, key);
    assert_refused(import_slice(w, key, import, slice), ERROR_FRAME_BODY);
    (void)assert_replays(w);
}

static void a_row_is_bounded_unless_it_is_of_a_bundle(void **state)
{
    static uint8_t bytes[LIMIT_ROW_BYTES + 1];
    struct world *w = *state;
    ProtobufCBinaryData row = {.len = sizeof(bytes), .data = bytes};
    assert_refused(ask_rows(w, w->admin, "park.stage", &row, 1, NULL), ERROR_FRAME_BODY);
    row.len--;
    assert_true(ask_rows(w, w->admin, "park.stage", &row, 1, NULL)->error != ERROR_FRAME_BODY);
}

static void days_beyond_the_calendar_are_refused(void **state)
{
    struct world *w = *state;
    static const int32_t days[] = {INT32_MIN, -1, INT32_MAX};
    struct slice *slice = &the_slice;
    const char *import = import_begin(w, w->admin);
    for (size_t i = 0; i < 2 * ARRAY_LEN(days); i++) {
        Parkgate__RosterRow row = person_row("acme", "");
        row.plate = (char *)(uintptr_t) "粤B12345";
        *(i % 2 == 0 ? &row.from_date : &row.to_date) = days[i / 2];
        *slice = (struct slice){0};
        slice_add(slice, &row);
        assert_refused(import_slice(w, w->admin, import, slice), ERROR_ROW_BAD);
    }
}

/* --- people of another tenant --- */

#define ID "11010519491231002X"

/* beta knows acme's person by number and takes it on: it becomes neither its identity's author nor
 * the giver or taker of its badges. */
static void who_works_for_two_stays_the_home_tenants(void **state)
{
    struct world *w = *state;
    char li[HANDLE_TEXT_SIZE];
    struct slice *slice = &the_slice;
    struct link_key beta = operator_key(w, 8, "tenant", "beta", NULL, NULL);
    (void)snprintf(li, sizeof(li), "%s",
                   note(admin(w, "person.add", "tenant", "acme", "kind", "staff", "name", "Li Wei",
                              "id_number", ID, NULL),
                        "person"));
    (void)admin(w, "badge.add", "person", li, "uid", LI, NULL);
    Parkgate__RosterRow row = person_row("beta", "Somebody Else");
    row.id_number = (char *)(uintptr_t)ID;
    row.shift = (char *)(uintptr_t) "day";
    row.badge = (char *)(uintptr_t)LI; /* it is held: nothing to give */
    *slice = (struct slice){0};
    slice_add(slice, &row);
    const char *import = import_begin(w, beta);
    assert_done(import_slice(w, beta, import, slice));
    assert_done(import_close(w, beta, import, slice));
    const Parkgate__Reply *shown = admin(w, "person.show", "person", li, "reason", "x", NULL);
    assert_string_equal(cell(shown, row_with(shown, "field", "name"), "value"), "Li Wei");
    assert_string_equal(cell(shown, row_with(shown, "field", "kind"), "value"), "staff");
    assert_int_equal(row_count(assert_done(ask(w, beta, "assignment.list", "person", li, NULL))),
                     1);
    assert_refused(ask(w, beta, "badge.add", "person", li, "uid", "04010299", NULL),
                   ERROR_NOT_YOUR_TENANT);
    assert_refused(ask(w, beta, "badge.revoke", "uid", LI, "reason", "x", NULL),
                   ERROR_NOT_YOUR_TENANT);
    row.badge = (char *)(uintptr_t) "04010299";
    *slice = (struct slice){0};
    slice_add(slice, &row);
    import = import_begin(w, beta);
    assert_refused(import_slice(w, beta, import, slice), ERROR_ROW_BAD);
    (void)assert_replays(w);
}

static void a_vehicle_of_another_tenant_keeps_its_days(void **state)
{
    struct world *w = *state;
    struct slice *slice = &the_slice;
    struct link_key beta = operator_key(w, 8, "tenant", "beta", NULL, NULL);
    (void)admin(w, "vehicle.add", "tenant", "acme", "plate", "粤B12345", NULL);
    Parkgate__RosterRow row = person_row("beta", "");
    row.plate = (char *)(uintptr_t) "粤B12345";
    row.from_date = row.to_date = 1;
    *slice = (struct slice){0};
    slice_add(slice, &row);
    const char *import = import_begin(w, beta);
    assert_done(import_slice(w, beta, import, slice));
    assert_done(import_close(w, beta, import, slice));
    const Parkgate__Reply *list = admin(w, "vehicle.list", "tenant", "acme", NULL);
    assert_string_equal(cell(list, 0, "until_us"), "");
}

/* A tenant that once had the vehicle still knows its handle; it is another's now. */
static void a_vehicle_is_removed_by_its_home_tenant(void **state)
{
    struct world *w = *state;
    char handle[HANDLE_TEXT_SIZE];
    struct link_key acme = operator_key(w, 7, "tenant", "acme", NULL, NULL);
    struct link_key beta = operator_key(w, 8, "tenant", "beta", NULL, NULL);
    assert_done(ask(w, beta, "vehicle.add", "plate", "粤B12345", NULL));
    assert_done(ask(w, beta, "vehicle.remove", "plate", "粤B12345", "reason", "sold", NULL));
    const Parkgate__Reply *added =
        assert_done(ask(w, acme, "vehicle.add", "plate", "粤B12345", NULL));
    (void)snprintf(handle, sizeof(handle), "%s", note(added, "vehicle"));
    assert_refused(ask(w, beta, "vehicle.remove", "plate", "粤B12345", "reason", "x", NULL),
                   ERROR_NOT_YOUR_TENANT);
    assert_refused(ask(w, beta, "vehicle.remove", "vehicle", handle, "reason", "x", NULL),
                   ERROR_NOT_YOUR_TENANT);
    assert_int_equal(row_count(admin(w, "vehicle.list", "tenant", "acme", NULL)), 1);
    assert_done(ask(w, acme, "vehicle.remove", "vehicle", handle, "reason", "sold", NULL));
}

static void an_own_number_stands_for_one_identity(void **state)
{
    struct world *w = *state;
    struct slice *slice = &the_slice;
    (void)admin(w, "person.add", "tenant", "acme", "kind", "staff", "name", "Li Wei", "id_number",
                ID, "external", "E7", NULL);
    Parkgate__RosterRow row = person_row("acme", "Wang Fang");
    row.external = (char *)(uintptr_t) "E7";
    row.id_number = (char *)(uintptr_t) "44052418800101001X";
    const char *import = import_begin(w, w->admin);
    *slice = (struct slice){0};
    slice_add(slice, &row);
    assert_refused(import_slice(w, w->admin, import, slice), ERROR_ROW_BAD);
    row.id_number = (char *)(uintptr_t) "";
    row.plate = (char *)(uintptr_t) "粤B12345"; /* nor does a person become a vehicle */
    *slice = (struct slice){0};
    slice_add(slice, &row);
    assert_refused(import_slice(w, w->admin, import, slice), ERROR_ROW_BAD);
}

static void texts_are_plain_utf8(void **state)
{
    struct world *w = *state;
    static const char *const bad[] = {"\xff\xfe", "Li\x1b[2J", "Li\nWei", "\xe6\x9d", "\xc2\x9b"};
    struct slice *slice = &the_slice;
    const char *import = import_begin(w, w->admin);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_refused(
            ask(w, w->admin, "person.add", "tenant", "acme", "kind", "day", "name", bad[i], NULL),
            ERROR_ARG_BAD);
        Parkgate__RosterRow row = person_row("acme", bad[i]);
        *slice = (struct slice){0};
        slice_add(slice, &row);
        assert_refused(import_slice(w, w->admin, import, slice), ERROR_ROW_BAD);
    }
    (void)admin(w, "person.add", "tenant", "acme", "kind", "day", "name", "李伟", NULL);
}

/* --- the box before --- */

static void a_gate_enrolled_anew_leaves_the_box_before_alone(void **state)
{
    struct world *w = *state;
    struct gate before;
    gate_join(w, &before, "gate-a", 1);
    gate_enrol(w, "gate-a", key_of(2));
    sent_forget(w);
    assert_refused(ask(w, w->admin, "lane.open", "lane", "a-in", "reason", "x", NULL),
                   ERROR_GATE_AWAY);
    assert_int_equal(sent_count(w, MESSAGE_COMMAND), 0);
}

/* --- the park in memory and the park in the store --- */

/* Puts a request into the open batch. */
static void request_put(struct world *w, const char *verb, char *name, bool rows)
{
    static uint8_t frame[LIMIT_FRAME_BYTES];
    static char *args[] = {"name", "title", "zones"};
    Parkgate__Request request = PARKGATE__REQUEST__INIT;
    ProtobufCBinaryData values[] = {
        {strlen(name), (uint8_t *)name  },
        {3,            (uint8_t *)"New" },
        {4,            (uint8_t *)"yard"},
    };
    request.verb = (char *)(uintptr_t)verb;
    if (rows) {
        request.n_row = w->rows.count;
        request.row = w->rows.row;
    } else {
        request.n_arg = request.n_value = ARRAY_LEN(args);
        request.arg = args;
        request.value = values;
    }
    size_t size = envelope_write(PROTOCOL_VERSION, MESSAGE_REQUEST, ++w->last_request,
                                 &request.base, frame, sizeof(frame));
    world_frame(w, PORT_OPERATORS, w->admin, peer_of(99),
                (struct bytes){.data = frame, .size = size});
}

/* A change of the park in a batch that is redone is made once, on the park that was committed. */
static void a_redone_change_of_the_park_is_made(void **state)
{
    struct world *w = world_open(&(struct world_options){.map_size = 1 << 20});
    struct store_stats stats;
    size_t grown = 0;
    (void)state;
    for (int round = 0; round < 180 && grown < 3; round++) {
        char name[16];
        store_stats_of(w->store, &stats);
        size_t before = stats.map_size;
        (void)snprintf(name, sizeof(name), "new%d", round);
        sent_forget(w);
        request_put(w, "tenant.add", name, false);
        for (int i = 0; i < 6; i++) {
            request_put(w, "park.stage", name, true);
        }
        world_turn(w);
        assert_int_equal(sent_count(w, MESSAGE_REPLY), 7);
        for (size_t i = 0; i < w->sent_count; i++) {
            assert_done((const void *)w->sent[i].body);
        }
        store_stats_of(w->store, &stats);
        grown += stats.map_size > before;
    }
    assert_int_equal(grown, 3);
    (void)assert_replays(w);
    world_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(refused_events_fill_no_disk),
        WORLD_TEST(a_gates_quarantine_has_an_end),
        WORLD_TEST(hellos_of_ever_new_outboxes_fill_no_disk),
        WORLD_TEST(heartbeats_that_contradict_each_other_fill_no_disk),
        WORLD_TEST(an_event_that_cannot_be_recorded_is_kept_aside),
        WORLD_TEST(others_of_its_batch_are_recorded_once),
        WORLD_TEST(who_works_for_two_stays_the_home_tenants),
        WORLD_TEST(a_vehicle_of_another_tenant_keeps_its_days),
        WORLD_TEST(a_vehicle_is_removed_by_its_home_tenant),
        WORLD_TEST(an_own_number_stands_for_one_identity),
        WORLD_TEST(texts_are_plain_utf8),
        WORLD_TEST(a_gate_enrolled_anew_leaves_the_box_before_alone),
        WORLD_TEST(a_slice_of_many_small_rows_is_taken),
        WORLD_TEST(a_row_is_bounded_unless_it_is_of_a_bundle),
        WORLD_TEST(days_beyond_the_calendar_are_refused),
        cmocka_unit_test(a_redone_change_of_the_park_is_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Goal: a gate that says COPY_HAVE gets the tables of decisions whole, keeps them by what changes,
 * and gets nothing personal. Method: a controller in the harness and the gate's half of taker.h,
 * whose rows and digest are compared with the controller's own tables. */
#include "tests/unit/controller/taker.h"

#include "common/facts/people_store.h"
#include "controller/app/batch.h"
#include "controller/app/copies.h"
#include "controller/store/changes.h"

static const char UID[] = "04a1b2c3d4e5f6";

/* Is the badge valid in the copy? By what a reader gives and the gate's own key. */
static bool copy_knows(struct taker *t, const char *uid_hex, bool *ret_revoked)
{
    uint8_t uid[7];
    struct store_txn *txn = NULL;
    Parkgate__CredentialRecord *record = NULL;
    assert_true(bytes_from_hex(uid_hex, uid, sizeof(uid)));
    struct seal_hash hash = copy_credential_hash(&t->key, CREDENTIAL_KIND_BADGE, BYTES_OF(uid));
    assert_int_equal(store_begin_read(t->store, &txn, NULL), ERR_OK);
    bool found = people_credential(txn, BYTES_OF(hash.bytes), &record, NULL) == ERR_OK;
    if (found) {
        *ret_revoked = record->revoked_us != 0;
        parkgate__credential_record__free_unpacked(record, NULL);
    }
    store_txn_destroy(&txn);
    return found;
}

/* --- */

static void snapshot_then_changes_give_the_same_tables(void **state)
{
    struct world *w = *state;
    struct taker t;
    bool revoked = true;
    person_with_badge(w, "acme", "Ma Xiaoming", UID, "day", NULL);
    taker_open(&t, w, "gate-a", 71);
    taker_have(&t, true);
    taker_rounds(&t, 2);
    assert_taken_whole(&t);
    assert_true(t.last->generation != 0);
    assert_true(copy_knows(&t, UID, &revoked));
    assert_false(revoked);
    for (int i = 0; i < 5; i++) {
        size_t before = t.completes;
        gate_walk(w, &t.gate, i % 2 == 0 ? "a-in" : "a-out", UID);
        world_pass(w, 10 * SECOND_US);
        taker_rounds(&t, 2);
        assert_taken_whole(&t);
        assert_true(t.completes > before && !t.last->snapshot);
    }
    (void)assert_replays(w);
    taker_close(&t);
}

static void an_agent_of_before_is_told_nothing(void **state)
{
    struct world *w = *state;
    struct taker t;
    taker_open(&t, w, "gate-a", 71);
    taker_rounds(&t, 5);
    assert_int_equal(sent_count(w, MESSAGE_COPY_PART), 0);
    assert_int_equal(t.completes, 0);
    taker_close(&t);
}

static void a_revoked_badge_is_told_in_the_same_turn(void **state)
{
    struct world *w = *state;
    struct taker t;
    bool revoked = false;
    person_with_badge(w, "acme", "Ma Xiaoming", UID, "day", NULL);
    taker_open(&t, w, "gate-a", 71);
    taker_have(&t, true);
    taker_rounds(&t, 2);
    assert_taken_whole(&t);
    world_pass(w, COPY_URGENT_MS * MS_US);
    sent_forget(w);
    t.seen = 0;
    admin(w, "badge.revoke", "uid", UID, "reason", "lost", NULL);
    assert_int_equal(sent_count(w, MESSAGE_COPY_PART), 1); /* no tick, no time between */
    taker_pump(&t);
    assert_taken_whole(&t);
    assert_true(copy_knows(&t, UID, &revoked) && revoked);
    taker_close(&t);
}

/* A turn may end while the batch is still open: what it recorded is nobody's to read yet. */
static void what_is_urgent_is_told_when_it_is_committed(void **state)
{
    struct world *w = *state;
    struct taker t;
    bool revoked = false;
    person_with_badge(w, "acme", "Ma Xiaoming", UID, "day", NULL);
    taker_open(&t, w, "gate-a", 71);
    taker_have(&t, true);
    taker_rounds(&t, 2);
    assert_taken_whole(&t);
    world_pass(w, COPY_URGENT_MS * MS_US);
    sent_forget(w);
    t.seen = 0;
    send_rows(w, w->admin, "badge.revoke", NULL, 0, "uid", UID, "reason", "lost", NULL);
    (void)turn_end(w->ctl);
    assert_true(batch_due_ms(w->ctl) > 0);
    assert_int_equal(sent_count(w, MESSAGE_COPY_PART), 0);
    world_turn(w); /* commits */
    assert_int_equal(sent_count(w, MESSAGE_COPY_PART), 1);
    taker_pump(&t);
    assert_taken_whole(&t);
    assert_true(copy_knows(&t, UID, &revoked) && revoked);
    taker_close(&t);
}

static void nothing_personal_is_told(void **state)
{
    static const char *const secrets[] = {"Zhao Yun", "110105199003074472", "13800138000",
                                          "Feilong Labour", "E-4711"};
    struct world *w = *state;
    struct taker t;
    uint8_t uid[7];
    assert_true(bytes_from_hex(UID, uid, sizeof(uid)));
    const Parkgate__Reply *reply =
        admin(w, "person.add", "tenant", "acme", "kind", "staff", "name", secrets[0], "id_number",
              secrets[1], "phone", secrets[2], "agency", secrets[3], "external", secrets[4], NULL);
    const char *person = note(reply, "person");
    admin(w, "badge.add", "person", person, "uid", UID, NULL);
    admin(w, "pin.set", "person", person, "pin", "735519", NULL);
    admin(w, "vehicle.add", "tenant", "acme", "plate", "京A12345", NULL);
    taker_open(&t, w, "gate-a", 71);
    taker_have(&t, true);
    taker_rounds(&t, 2);
    assert_taken_whole(&t);
    size_t parts = 0;
    for (size_t i = 0; i < w->sent_count; i++) {
        static uint8_t packed[LIMIT_FRAME_BYTES];
        if (w->sent[i].kind != MESSAGE_COPY_PART) {
            continue;
        }
        size_t size = protobuf_c_message_pack(w->sent[i].body, packed);
        for (size_t s = 0; s < ARRAY_LEN(secrets); s++) {
            assert_null(memmem(packed, size, secrets[s], strlen(secrets[s])));
        }
        assert_null(memmem(packed, size, uid, sizeof(uid)));
        assert_null(memmem(packed, size, "735519", 6));
        assert_null(memmem(packed, size, "A12345", 6));
        assert_null(memmem(packed, size, w->ctl->index_keys.key[0].bytes, SEAL_KEY_SIZE));
        parts++;
    }
    assert_true(parts > 0);
    taker_close(&t);
}

static void a_gate_that_loses_parts_is_told_again(void **state)
{
    struct world *w = *state;
    struct taker t;
    person_with_badge(w, "acme", "Ma Xiaoming", UID, "day", NULL);
    taker_open(&t, w, "gate-a", 71);
    taker_have(&t, true);
    taker_rounds(&t, 2);
    assert_taken_whole(&t);
    for (size_t lost = 1; lost <= 3; lost++) {
        t.lose = lost;
        gate_walk(w, &t.gate, lost % 2 == 1 ? "a-in" : "a-out", UID);
        taker_rounds(&t, 40);
        assert_int_equal(t.lose, 0);
        assert_taken_whole(&t);
        assert_false(t.last->snapshot);
    }
    assert_true(copies_figures_of(w->ctl).dropped >= 3);
    taker_close(&t);
}

/* A gate that hears and does not answer holds nobody up, and is not sent more and more. */
static void a_silent_gate_holds_nobody_up(void **state)
{
    struct world *w = *state;
    struct taker t;
    struct taker mute;
    person_with_badge(w, "acme", "Ma Xiaoming", UID, "day", NULL);
    taker_open(&t, w, "gate-a", 71);
    taker_open(&mute, w, "gate-b", 72);
    taker_have(&t, true);
    taker_have(&mute, true);
    mute.silent = true;
    for (int i = 0; i < 10; i++) {
        gate_walk(w, &t.gate, i % 2 == 0 ? "a-in" : "a-out", UID);
        taker_rounds(&t, 4);
    }
    taker_pump(&mute);
    assert_taken_whole(&t);
    assert_true(mute.completes < 8);
    taker_close(&t);
    taker_close(&mute);
}

static void gates_that_stand_together_share_one_reading(void **state)
{
    struct world *w = *state;
    struct taker a;
    struct taker b;
    person_with_badge(w, "acme", "Ma Xiaoming", UID, "day", NULL);
    taker_open(&a, w, "gate-a", 71);
    taker_open(&b, w, "gate-b", 72);
    taker_have(&a, true);
    taker_have(&b, true);
    for (int i = 0; i < 40; i++) {
        taker_rounds(&a, 1);
        taker_pump(&b);
    }
    struct copies_figures before = copies_figures_of(w->ctl);
    gate_walk(w, &a.gate, "a-in", UID);
    for (int i = 0; i < 60; i++) {
        world_pass(w, 50 * MS_US);
        turn_tick(w->ctl);
        world_turn(w);
        taker_pump(&a);
        taker_pump(&b);
    }
    assert_taken_whole(&a);
    assert_taken_whole(&b);
    struct copies_figures after = copies_figures_of(w->ctl);
    assert_int_equal(after.gates, 2);
    assert_int_equal(after.whole, 2);
    /* both were told all rows, and each was read once (some twice, where the first told alone) */
    assert_true(after.parts - before.parts >= 2);
    assert_true(after.rows - before.rows <= a.rows + b.rows);
    assert_memory_not_equal(a.key.bytes, b.key.bytes, SEAL_KEY_SIZE);
    assert_int_equal(after.snapshots, 2);
    taker_close(&a);
    taker_close(&b);
}

/* Its connection ends; meanwhile much happens; it goes on by its sequence. */
static void a_gate_that_comes_back_goes_on_where_it_stood(void **state)
{
    struct world *w = *state;
    struct taker t;
    struct taker other;
    person_with_badge(w, "acme", "Ma Xiaoming", UID, "day", NULL);
    taker_open(&t, w, "gate-a", 71);
    taker_open(&other, w, "gate-b", 72);
    taker_have(&t, true);
    taker_rounds(&t, 2);
    uint64_t stood = t.sequence;
    uint64_t generation = t.generation;
    world_pass(w, 10 * SECOND_US);
    turn_tick(w->ctl); /* silent: away */
    for (int i = 0; i < 20; i++) {
        gate_walk(w, &other.gate, i % 2 == 0 ? "b-in" : "b-out", UID);
        world_pass(w, 6 * SECOND_US);
    }
    admin(w, "badge.revoke", "uid", UID, "reason", "lost", NULL);
    world_restart(w); /* the controller's memory is gone, too */
    Parkgate__Hello hello = gate_hello_message(w, &t.gate);
    gate_send_hello(w, &t.gate, &hello);
    t.number = 0;
    t.staging = 0;
    assert_int_equal(t.sequence, stood);
    taker_have(&t, false);
    taker_rounds(&t, 2);
    assert_taken_whole(&t);
    assert_int_equal(t.generation, generation);
    assert_false(t.last->snapshot);
    assert_int_equal(copies_figures_of(w->ctl).snapshots, 0);
    taker_close(&t);
    taker_close(&other);
}

static void what_is_not_ours_begins_anew(void **state)
{
    struct world *w = *state;
    struct taker t;
    person_with_badge(w, "acme", "Ma Xiaoming", UID, "day", NULL);
    taker_open(&t, w, "gate-a", 71);
    taker_have(&t, true);
    taker_rounds(&t, 2);
    uint64_t generation = t.generation;

    taker_rejoin(&t); /* a generation that was never given */
    t.generation ^= 1;
    taker_have(&t, false);
    taker_rounds(&t, 2);
    assert_taken_whole(&t);
    assert_true(t.last->snapshot && t.generation != generation);

    taker_rejoin(&t); /* ahead of the journal: the controller was restored from a backup */
    generation = t.generation;
    t.sequence += 1000;
    taker_have(&t, false);
    taker_rounds(&t, 2);
    assert_taken_whole(&t);
    assert_true(t.generation != generation);

    taker_rejoin(&t); /* before what the index of changes reaches */
    generation = t.generation;
    gate_walk(w, &t.gate, "a-in", UID);
    struct store_txn *txn = NULL;
    assert_int_equal(store_begin_write(w->store, &txn, NULL), ERR_OK);
    assert_int_equal(changes_set_floor(txn, t.sequence + 1, NULL), ERR_OK);
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
    taker_have(&t, false);
    taker_rounds(&t, 2);
    assert_taken_whole(&t);
    assert_true(t.generation != generation);
    taker_close(&t);
}

/* Changes in the midst of the walk, of rows before and behind its place. */
static void a_snapshot_is_whole_while_things_change(void **state)
{
    struct world *w = *state;
    struct taker t;
    enum { PEOPLE = 150 };
    for (int i = 0; i < PEOPLE; i++) {
        char uid[15];
        char name[32];
        (void)snprintf(uid, sizeof(uid), "04%06x000000", i + 1);
        (void)snprintf(name, sizeof(name), "Person %d", i);
        person_with_badge(w, i % 2 == 0 ? "acme" : "beta", name, uid, "day", NULL);
    }
    taker_open(&t, w, "gate-a", 71);
    taker_have(&t, true);
    for (int i = 0; i < 60; i++) {
        char uid[15];
        (void)snprintf(uid, sizeof(uid), "04%06x000000", i * 7 % PEOPLE + 1);
        if (i % 3 == 0) {
            (void)ask(w, w->admin, "badge.revoke", "uid", uid, "reason", "lost", NULL);
        } else {
            (void)gate_badge(w, &t.gate, "a-in", uid);
        }
        world_pass(w, 3 * MS_US);
        world_turn(w);
        taker_pump(&t);
    }
    taker_rounds(&t, 3);
    assert_taken_whole(&t);
    assert_true(sum_of_store(w->store).of[COPY_PRESENCE].rows > 3 * PEOPLE);
    assert_true(t.completes >= 2);
    taker_close(&t);
}

/* What the holder's key opens is longer than a credential may be. */
static void spoil_credential(struct world *w, const char *uid_hex)
{
    uint8_t uid[7];
    struct store_txn *txn = NULL;
    Parkgate__CredentialRecord *record = NULL;
    assert_true(bytes_from_hex(uid_hex, uid, sizeof(uid)));
    assert_int_equal(store_begin_write(w->store, &txn, NULL), ERR_OK);
    w->ctl->txn = txn;
    struct seal_hash hash =
        controller_credential_hash(w->ctl, CREDENTIAL_KIND_BADGE, BYTES_OF(uid));
    w->ctl->txn = NULL;
    assert_int_equal(people_credential(txn, BYTES_OF(hash.bytes), &record, NULL), ERR_OK);
    record->sealed.data[0] ^= 1;
    assert_int_equal(
        store_put_message(txn, TABLE_CREDENTIAL, BYTES_OF(hash.bytes), &record->base, NULL),
        ERR_OK);
    parkgate__credential_record__free_unpacked(record, NULL);
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
}

static void a_damaged_credential_stops_no_copy(void **state)
{
    struct world *w = *state;
    struct taker t;
    bool revoked = true;
    person_with_badge(w, "acme", "Ma Xiaoming", UID, "day", NULL);
    person_with_badge(w, "acme", "Li Wei", "04010203040506", "day", NULL);
    spoil_credential(w, "04010203040506");
    uint64_t before = head_of(w).sequence;
    taker_open(&t, w, "gate-a", 71);
    taker_have(&t, true);
    taker_rounds(&t, 2);
    assert_true(t.completes > 0);
    assert_true(copy_knows(&t, UID, &revoked));
    assert_false(copy_knows(&t, "04010203040506", &revoked));
    assert_int_equal(faults_of(w, "credential-damaged", before), 1);
    taker_have(&t, true);
    taker_rounds(&t, 20);
    assert_taken_whole(&t);
    assert_int_equal(faults_of(w, "credential-damaged", before), 1); /* once a start */
    taker_close(&t);
}

static void its_own_events_are_named(void **state)
{
    struct world *w = *state;
    struct taker t;
    person_with_badge(w, "acme", "Ma Xiaoming", UID, "day", NULL);
    taker_open(&t, w, "gate-a", 71);
    taker_have(&t, true);
    taker_rounds(&t, 2);
    gate_walk(w, &t.gate, "a-in", UID);
    taker_rounds(&t, 2);
    assert_int_equal(t.last->covered_epoch, t.gate.epoch);
    assert_int_equal(t.last->n_covered, 2);
    assert_int_equal(t.last->covered[0], 1);
    assert_int_equal(t.last->covered[1], t.gate.sequence);
    taker_close(&t);
}

static enum err end_approaches(struct controller *ctl, void *ctx, struct fault *fault)
{
    Parkgate__RetentionEntry entry = PARKGATE__RETENTION_ENTRY__INIT;
    (void)ctx;
    entry.class_ = text_of("approaches");
    entry.approaches_us = ctl->now.us;
    return controller_record(ctl, ENTRY_WATCH_RETENTION, "", &entry.base, fault);
}

/* Else a copy that is told between two others, and its age, would say that somebody is looked for.
 */
static void a_hidden_entry_is_told_with_others_alone(void **state)
{
    struct world *w = *state;
    struct taker t;
    person_with_badge(w, "acme", "Ma Xiaoming", UID, "day", NULL);
    taker_open(&t, w, "gate-a", 71);
    taker_have(&t, true);
    taker_rounds(&t, 3);
    for (size_t told = t.completes; t.completes == told;) { /* it was told that it is whole */
        taker_rounds(&t, 1);
    }
    uint64_t sequence = t.sequence;
    uint64_t parts = copies_figures_of(w->ctl).parts;
    batch_run(w->ctl, end_approaches, NULL);
    assert_int_equal(head_of(w).sequence, sequence + 1);
    taker_rounds(&t, 3);
    assert_int_equal(copies_figures_of(w->ctl).parts, parts);
    taker_rounds(&t, 4); /* as it would have been without */
    assert_int_equal(copies_figures_of(w->ctl).parts, parts + 1);
    assert_int_equal(t.sequence, sequence + 1);
    assert_taken_whole(&t);
    (void)admin(w, "lane.lock", "lane", "a-in", "reason", "x", NULL); /* what is shown is told */
    taker_rounds(&t, 1);
    assert_int_equal(t.sequence, sequence + 2);
    taker_close(&t);
}

static void agent_list_says_how_far_a_copy_is(void **state)
{
    struct world *w = *state;
    struct taker t;
    person_with_badge(w, "acme", "Ma Xiaoming", UID, "day", NULL);
    taker_open(&t, w, "gate-a", 71);
    const Parkgate__Reply *reply = admin(w, "agent.list", NULL);
    size_t row = row_with(reply, "gate", "gate-a");
    assert_string_equal(cell(reply, row, "copy_sequence"), "");
    assert_string_equal(cell(reply, row, "copy_lag"), "");
    taker_have(&t, true);
    taker_rounds(&t, 2);
    Parkgate__Heartbeat beat = PARKGATE__HEARTBEAT__INIT;
    char *devices[] = {text_of("a-board"), text_of("a-in-reader")};
    uint32_t states[] = {DEVICE_UP, DEVICE_DOWN};
    beat.wall_us = w->now.us;
    beat.lease_left_s = 86000;
    beat.outbox_permille = 12;
    beat.clock_unknown = true;
    beat.n_device = beat.n_state = 2;
    beat.device = devices;
    beat.state = states;
    gate_send(w, &t.gate, MESSAGE_HEARTBEAT, 0, &beat.base);
    uint64_t sequence = t.sequence;
    admin(w, "tenant.suspend", "name", "beta", "reason", "unpaid", NULL);
    reply = admin(w, "agent.list", NULL);
    row = row_with(reply, "gate", "gate-a");
    char expected[32];
    (void)snprintf(expected, sizeof(expected), "%llu", (unsigned long long)sequence);
    assert_string_equal(cell(reply, row, "copy_sequence"), expected);
    assert_int_not_equal(strtol(cell(reply, row, "copy_lag"), NULL, 10), 0);
    assert_string_not_equal(cell(reply, row, "copy_age_s"), "");
    assert_string_equal(cell(reply, row, "lease_left_s"), "86000");
    assert_string_equal(cell(reply, row, "outbox_permille"), "12");
    assert_string_equal(cell(reply, row, "clock_unknown"), "yes");
    assert_string_equal(cell(reply, row, "readers_down"), "1");
    assert_string_equal(cell(reply, row, "boards_down"), "0");
    taker_close(&t);
}

static void a_gate_knows_the_park_that_it_decides_with(void **state)
{
    struct world *w = *state;
    struct taker t;
    size_t kinds[16] = {0};
    taker_open(&t, w, "gate-b", 72);
    sent_forget(w);
    taker_have(&t, true);
    world_turn(w);
    const struct sent *sent = sent_last(w, MESSAGE_CONFIG);
    assert_non_null(sent);
    const Parkgate__Config *config = (const void *)sent->body;
    for (size_t i = 0; i < config->n_row; i++) {
        Parkgate__ParkRow *row =
            parkgate__park_row__unpack(NULL, config->row[i].len, config->row[i].data);
        assert_non_null(row);
        assert_true(row->kind < ARRAY_LEN(kinds));
        kinds[row->kind]++;
        if (row->kind == PARK_READER || row->kind == PARK_BOARD) {
            assert_int_equal(row->name[0], 'b'); /* no address of another gate's device */
        }
        parkgate__park_row__free_unpacked(row, NULL);
    }
    static const uint32_t needed[] = {PARK_SITE,   PARK_ZONE,  PARK_GATE,     PARK_LANE,
                                      PARK_TENANT, PARK_SHIFT, PARK_SCHEDULE, PARK_HOLIDAY};
    for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
        assert_true(kinds[needed[i]] > 0);
    }
    assert_int_equal(kinds[PARK_GATE], w->ctl->park->gate_count);
    assert_int_equal(kinds[PARK_LANE], w->ctl->park->lane_count);
    taker_close(&t);
}

/* --- a gate, or a key that was stolen, that would have the others wait --- */

/* A box with gate-b's key, that answers when it likes. */
static void says(struct world *w, struct gate *gate, uint64_t generation, uint64_t sequence,
                 uint32_t number, bool anew)
{
    Parkgate__CopyHave message = PARKGATE__COPY_HAVE__INIT;
    message.generation = generation;
    message.sequence = sequence;
    message.number = number;
    message.anew = anew;
    gate_send(w, gate, MESSAGE_COPY_HAVE, 0, &message.base);
}

enum { UID_SIZE = 15 };

static const char *uid_of(unsigned number, char out[UID_SIZE])
{
    (void)snprintf(out, UID_SIZE, "0511%010x", number);
    return out;
}

/* Persons enough for a snapshot, or a round, of many parts. */
static void add_persons_from(struct world *w, unsigned from, unsigned count)
{
    for (unsigned i = from; i < from + count; i++) {
        char name[32];
        char uid[UID_SIZE];
        (void)snprintf(name, sizeof(name), "Person %u", i);
        person_with_badge(w, "acme", name, uid_of(i, uid), "day", NULL);
    }
}

static void add_persons(struct world *w, unsigned count)
{
    add_persons_from(w, 0, count);
}

/* HELLO again and again, each time from nothing: it is served, and not before the others. */
static void who_begins_again_and_again_starves_nobody(void **state)
{
    struct world *w = *state;
    struct taker t;
    struct taker thief;
    person_with_badge(w, "acme", "Ma Xiaoming", UID, "day", NULL);
    taker_open(&t, w, "gate-a", 71);
    taker_open(&thief, w, "gate-b", 72);
    taker_have(&t, true);
    taker_rounds(&t, 2);
    assert_taken_whole(&t);
    uint64_t snapshots = copies_figures_of(w->ctl).snapshots;
    for (int i = 0; i < 60; i++) {
        Parkgate__Hello hello = gate_hello_message(w, &thief.gate);
        gate_send_hello(w, &thief.gate, &hello);
        says(w, &thief.gate, 0, 0, 0, true);
        (void)gate_badge(w, &t.gate, "a-out", "04999999");
        taker_rounds(&t, 2);
        assert_taken_whole(&t);
    }
    assert_true(copies_figures_of(w->ctl).snapshots - snapshots <= COPY_SNAPSHOTS + 3);
    taker_close(&t);
    taker_close(&thief);
}

/* It says that it stands far behind: those at the head are told what is new all the same. */
static void who_stands_far_behind_holds_back_nobody(void **state)
{
    enum { REVOKED = 15, PERSONS = 700 };
    struct world *w = *state;
    struct taker t;
    struct taker thief;
    bool revoked = false;
    add_persons(w, REVOKED);
    taker_open(&t, w, "gate-a", 71);
    taker_open(&thief, w, "gate-b", 72);
    taker_have(&t, true);
    taker_have(&thief, true);
    for (int i = 0; i < 3; i++) {
        taker_rounds(&t, 1);
        taker_pump(&thief);
    }
    assert_taken_whole(&t);
    thief.silent = true;
    add_persons_from(w, REVOKED, PERSONS);
    for (int i = 0; head_of(w).sequence - thief.sequence <= COPY_NEAR; i++) {
        (void)gate_badge(w, &t.gate, "a-out", "04999999");
        if (i % 200 == 0) {
            world_turn(w);
            taker_beat(&thief);
            taker_rounds(&t, 1);
            for (int s = 0; s < 20 && t.sequence != head_of(w).sequence; s++) {
                taker_rounds(&t, 1);
            }
            sent_forget(w);
            t.seen = thief.seen = 0;
        }
    }
    taker_rounds(&t, 2);
    assert_taken_whole(&t);
    for (unsigned i = 0; i < REVOKED; i++) { /* for longer than a gate rests that did not answer */
        char uid[UID_SIZE];
        taker_beat(&thief);
        taker_rounds(&t, 1);
        admin(w, "badge.revoke", "uid", uid_of(i, uid), "reason", "lost", NULL);
        for (int turn = 0; turn < 4; turn++) {
            world_pass(w, COPY_URGENT_MS * MS_US);
            turn_tick(w->ctl);
            world_turn(w);
            taker_pump(&t);
        }
        assert_true(copy_knows(&t, uid, &revoked) && revoked);
    }
    taker_close(&t);
    taker_close(&thief);
}

/* It confirms each part just in time, for ever: it is put aside, and the others have theirs. */
static void who_confirms_slowly_is_served_apart(void **state)
{
    enum { PERSONS = 1500 };
    struct world *w = *state;
    struct taker t;
    struct taker thief;
    add_persons(w, PERSONS);
    taker_open(&t, w, "gate-a", 71);
    taker_open(&thief, w, "gate-b", 72);
    taker_have(&t, true);
    taker_have(&thief, true);
    uint64_t generation = 0;
    uint32_t confirmed = 0;
    for (int i = 0; i < 7 * 10 && t.completes == 0; i++) {
        world_pass(w, 100 * MS_US);
        turn_tick(w->ctl);
        world_turn(w);
        taker_pump(&t);
        for (; thief.seen < w->sent_count; thief.seen++) {
            const struct sent *sent = &w->sent[thief.seen];
            const Parkgate__CopyPart *part = (const void *)sent->body;
            if (sent->kind == MESSAGE_COPY_PART &&
                memcmp(sent->peer.id, thief.gate.peer.id, sizeof(sent->peer.id)) == 0) {
                confirmed = part->generation == generation ? confirmed : 0;
                generation = part->generation;
            }
        }
        if (generation != 0 && i % 8 == 0) {
            says(w, &thief.gate, generation, 0, ++confirmed, false);
        }
        taker_beat(&t);
        taker_beat(&thief);
    }
    assert_int_equal(t.completes, 1); /* within 7 s */
    taker_rounds(&t, 2);
    assert_taken_whole(&t);
    assert_true(copies_figures_of(w->ctl).dropped > 0);
    taker_close(&t);
    taker_close(&thief);
}

static void a_copy_that_stays_behind_is_a_fault(void **state)
{
    struct world *w = *state;
    struct taker t;
    person_with_badge(w, "acme", "Ma Xiaoming", UID, "day", NULL);
    taker_open(&t, w, "gate-a", 71);
    taker_have(&t, true);
    taker_rounds(&t, 90);
    assert_taken_whole(&t);
    assert_int_equal(faults_of(w, "copy-behind", 0), 0);
    t.silent = true;
    taker_rounds(&t, 50);
    assert_int_equal(faults_of(w, "copy-behind", 0), 0);
    taker_rounds(&t, 20);
    assert_int_equal(faults_of(w, "copy-behind", 0), 1);
    uint64_t open = head_of(w).sequence;
    t.silent = false;
    taker_have(&t, false);
    taker_rounds(&t, 20);
    assert_taken_whole(&t);
    assert_true(entries_of(w, ENTRY_FAULT, open) == 1); /* its end */
    taker_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(snapshot_then_changes_give_the_same_tables),
        WORLD_TEST(an_agent_of_before_is_told_nothing),
        WORLD_TEST(a_revoked_badge_is_told_in_the_same_turn),
        WORLD_TEST(what_is_urgent_is_told_when_it_is_committed),
        WORLD_TEST(nothing_personal_is_told),
        WORLD_TEST(a_gate_that_loses_parts_is_told_again),
        WORLD_TEST(a_silent_gate_holds_nobody_up),
        WORLD_TEST(gates_that_stand_together_share_one_reading),
        WORLD_TEST(a_gate_that_comes_back_goes_on_where_it_stood),
        WORLD_TEST(what_is_not_ours_begins_anew),
        WORLD_TEST(a_snapshot_is_whole_while_things_change),
        WORLD_TEST(a_damaged_credential_stops_no_copy),
        WORLD_TEST(its_own_events_are_named),
        WORLD_TEST(a_hidden_entry_is_told_with_others_alone),
        WORLD_TEST(agent_list_says_how_far_a_copy_is),
        WORLD_TEST(a_gate_knows_the_park_that_it_decides_with),
        WORLD_TEST(who_begins_again_and_again_starves_nobody),
        WORLD_TEST(who_stands_far_behind_holds_back_nobody),
        WORLD_TEST(who_confirms_slowly_is_served_apart),
        WORLD_TEST(a_copy_that_stays_behind_is_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

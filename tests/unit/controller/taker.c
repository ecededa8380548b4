#include "tests/unit/controller/taker.h"

void taker_have(struct taker *t, bool anew)
{
    Parkgate__CopyHave message = PARKGATE__COPY_HAVE__INIT;
    message.generation = t->staging != 0 ? t->staging : t->generation;
    message.sequence = t->sequence;
    message.number = t->number;
    message.anew = anew;
    message.counts = t->counts;
    if (anew) {
        message.generation = message.sequence = message.number = 0;
    }
    if (!t->silent) {
        gate_send(t->w, &t->gate, MESSAGE_COPY_HAVE, 0, &message.base);
    }
}

static void forget_copy(struct taker *t)
{
    struct store_txn *txn = NULL;
    assert_int_equal(store_begin_write(t->store, &txn, NULL), ERR_OK);
    for (size_t table = 0; table < TABLE_COUNT; table++) {
        assert_int_equal(store_clear(txn, table, NULL), ERR_OK);
    }
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
    t->digest = (struct copy_digest){0};
}

static void take_rows(struct taker *t, struct store_txn *txn, const Parkgate__CopyPart *part)
{
    for (size_t i = 0; i < part->n_row; i++) {
        struct fault fault = {0};
        Parkgate__CopyRow *row =
            parkgate__copy_row__unpack(NULL, part->row[i].len, part->row[i].data);
        assert_non_null(row);
        if (copy_row_take(txn, row, &t->digest, &fault) != ERR_OK) {
            fail_msg("%s", fault.what);
        }
        parkgate__copy_row__free_unpacked(row, NULL);
    }
    t->rows += part->n_row;
}

struct copy_digests sum_of_store(struct store *store)
{
    struct copy_place place = {0};
    struct copy_digests digests = {0};
    struct store_txn *txn = NULL;
    bool more = true;
    assert_int_equal(store_begin_read(store, &txn, NULL), ERR_OK);
    while (more) {
        assert_int_equal(copy_walk(txn, &place, 100, copy_visit_digests, &digests, &more, NULL),
                         ERR_OK);
    }
    store_txn_destroy(&txn);
    return digests;
}

static void take_whole(struct taker *t)
{
    const Parkgate__CopyPart *last = t->staged[t->staged_count - 1];
    struct store_txn *txn = NULL;
    struct copy_digest told;
    if (last->snapshot) {
        forget_copy(t);
    }
    t->rows = 0;
    assert_int_equal(store_begin_write(t->store, &txn, NULL), ERR_OK);
    for (size_t i = 0; i < t->staged_count; i++) {
        take_rows(t, txn, t->staged[i]);
    }
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
    assert_true(copy_digest_from_bytes(field_view(&last->digest), last->rows, &told));
    struct copy_digests walked = sum_of_store(t->store);
    assert_true(copy_digest_equal(&told, &t->digest));
    assert_true(copy_digest_equal(&told, &walked.of[COPY_PRESENCE]));
    t->generation = last->generation;
    t->sequence = last->to;
    t->completes++;
    t->last = last;
    t->holds_counts = last->counts_only;
}

static void stage(struct taker *t, const Parkgate__CopyPart *part)
{
    if (t->lose > 0) {
        t->lose--;
        return;
    }
    if (part->number == 1) {
        t->staged_count = 0;
        t->number = 0;
        t->staging = part->generation;
        t->staging_from = part->from;
    }
    bool fits = part->generation == t->staging && part->from == t->staging_from &&
                part->number == t->number + 1 && (part->snapshot || part->from == t->sequence);
    if (fits) {
        assert_true(t->staged_count < PARTS_MAX);
        t->staged[t->staged_count++] = part;
        t->number = part->number;
        if (part->number == 1 && part->snapshot) {
            assert_int_equal(part->credential_key.len, SEAL_KEY_SIZE);
            memcpy(t->key.bytes, part->credential_key.data, SEAL_KEY_SIZE);
        }
        if (part->complete) {
            take_whole(t);
        }
    }
    taker_have(t, false);
}

void taker_pump(struct taker *t)
{
    while (t->seen < t->w->sent_count) {
        const struct sent *sent = &t->w->sent[t->seen++];
        if (sent->kind == MESSAGE_COPY_PART &&
            memcmp(sent->peer.id, t->gate.peer.id, sizeof(sent->peer.id)) == 0) {
            stage(t, (const void *)sent->body);
            world_turn(t->w);
        }
    }
}

void taker_beat(struct taker *t)
{
    Parkgate__Heartbeat message = PARKGATE__HEARTBEAT__INIT;
    message.wall_us = t->w->now.us;
    gate_send(t->w, &t->gate, MESSAGE_HEARTBEAT, 0, &message.base);
}

void taker_rounds(struct taker *t, int seconds)
{
    for (int i = 0; i < seconds * 20; i++) {
        if (i % 20 == 0) {
            taker_beat(t);
        }
        world_pass(t->w, 50 * MS_US);
        turn_tick(t->w->ctl);
        world_turn(t->w);
        taker_pump(t);
    }
}

void taker_open(struct taker *t, struct world *w, const char *gate, uint8_t number)
{
    *t = (struct taker){.w = w};
    gate_join(w, &t->gate, gate, number);
    (void)snprintf(t->dir, sizeof(t->dir), "%s/copy-%s", w->dir, gate);
    t->store = empty_store(t->dir);
    t->seen = w->sent_count;
}

void taker_close(struct taker *t)
{
    store_destroy(&t->store);
    remove_tree(t->dir);
}

void assert_taken_whole(struct taker *t)
{
    struct copy_digests mine = sum_of_store(t->store);
    struct copy_digests its = sum_of_store(t->w->store);
    const struct copy_digest *class = &its.of[t->holds_counts ? COPY_COUNTS : COPY_PRESENCE];
    assert_true(class->rows > 0 && copy_digest_equal(&mine.of[COPY_PRESENCE], class));
    assert_int_equal(t->sequence, head_of(t->w).sequence);
}

void taker_rejoin(struct taker *t)
{
    Parkgate__Hello hello = gate_hello_message(t->w, &t->gate);
    gate_send_hello(t->w, &t->gate, &hello);
    t->number = 0;
    t->staging = 0;
}

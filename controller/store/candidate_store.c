#include "controller/store/candidate_store.h"

#include "common/base/must.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "controller/store/project_parts.h"
#include "schema/kinds.h"

enum err candidate_get(struct store_txn *txn, struct handle candidate, Parkgate__Candidate **ret,
                       struct fault *fault)
{
    ProtobufCMessage *message = NULL;
    TRY(store_get_message(txn, TABLE_CANDIDATE, BYTES_OF(candidate.bytes),
                          &parkgate__candidate__descriptor, &message, fault));
    *ret = (void *)message;
    return ERR_OK;
}

/* --- keys --- */

static struct bytes at_key(struct keybuf *key, struct handle entry, const char *lane)
{
    keybuf_begin(key);
    keybuf_handle(key, entry);
    keybuf_text(key, lane);
    return keybuf_view(key);
}

static struct bytes lead_key(struct keybuf *key, struct handle lead, struct handle candidate)
{
    keybuf_begin(key);
    keybuf_handle(key, lead);
    keybuf_handle(key, candidate);
    return keybuf_view(key);
}

static struct bytes due_key(struct keybuf *key, struct wall raised, struct handle candidate)
{
    keybuf_begin(key);
    keybuf_wall(key, raised);
    keybuf_handle(key, candidate);
    return keybuf_view(key);
}

/* --- finding --- */

enum err candidate_at(struct store_txn *txn, struct handle entry, const char *lane,
                      struct handle *ret, struct fault *fault)
{
    struct keybuf key;
    struct bytes value;
    TRY(store_get(txn, TABLE_CANDIDATE_AT, at_key(&key, entry, lane), &value, fault));
    struct reader r = reader_of(value);
    *ret = keybuf_read_handle(&r);
    return ERR_OK;
}

/* The last part of both keys that are walked. */
static struct handle handle_of_key(struct bytes key)
{
    struct reader r =
        reader_of((struct bytes){.data = key.data + key.size - HANDLE_SIZE, .size = HANDLE_SIZE});
    return keybuf_read_handle(&r);
}

static enum err take_keys(struct store_iter *iter, size_t max, struct handle *out, size_t *count,
                          struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    enum err err = ERR_OK;
    *count = 0;
    while (*count < max && (err = store_iter_next(iter, &key, &value, fault)) == ERR_OK) {
        out[(*count)++] = handle_of_key(key);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err candidates_of_lead(struct store_txn *txn, struct handle lead, size_t max,
                            struct handle *out, size_t *ret_count, struct fault *fault)
{
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_prefix(txn, TABLE_CANDIDATE_LEAD, BYTES_OF(lead.bytes), max, &iter, fault));
    return take_keys(&iter, max, out, ret_count, fault);
}

enum err candidates_raised_before(struct store_txn *txn, struct wall until, size_t max,
                                  struct handle *out, size_t *ret_count, struct fault *fault)
{
    struct keybuf end;
    AUTO(store_iter_end) struct store_iter iter = {0};
    keybuf_begin(&end);
    keybuf_wall(&end, until);
    TRY(store_iter_range(txn, TABLE_CANDIDATE_DUE, (struct bytes){0}, keybuf_view(&end), max, &iter,
                         fault));
    return take_keys(&iter, max, out, ret_count, fault);
}

enum err candidate_count(struct store_txn *txn, uint64_t *ret_count, struct fault *fault)
{
    return store_count(txn, TABLE_CANDIDATE, ret_count, fault);
}

/* --- writing --- */

/* What the index rows of one are found by. */
struct indexed {
    struct handle candidate, lead;
    struct wall raised;
    Parkgate__WatchHit *hit;
};

static void indexed_end(struct indexed *indexed)
{
    if (indexed->hit != NULL) {
        parkgate__watch_hit__free_unpacked(indexed->hit, NULL);
    }
}

static enum err indexed_of(const Parkgate__Candidate *candidate, struct indexed *ret,
                           struct fault *fault)
{
    ret->candidate = people_handle(&candidate->candidate);
    ret->lead = people_handle(&candidate->lead);
    ret->raised.us = candidate->raised_us;
    ret->hit = parkgate__watch_hit__unpack(NULL, candidate->hit.len, candidate->hit.data);
    return ret->hit != NULL ? ERR_OK : fault_set(fault, ERR_CORRUPT, "candidate: a damaged record");
}

enum err candidate_index(struct store_txn *txn, const Parkgate__Candidate *candidate,
                         struct fault *fault)
{
    struct keybuf key;
    const struct bytes nothing = {.data = (const uint8_t *)"", .size = 0};
    AUTO(indexed_end) struct indexed one = {.hit = NULL};
    TRY(indexed_of(candidate, &one, fault));
    TRY(store_put(txn, TABLE_CANDIDATE_AT,
                  at_key(&key, people_handle(&one.hit->entry), one.hit->lane),
                  BYTES_OF(one.candidate.bytes), fault));
    TRY(store_put(txn, TABLE_CANDIDATE_LEAD, lead_key(&key, one.lead, one.candidate), nothing,
                  fault));
    return store_put(txn, TABLE_CANDIDATE_DUE, due_key(&key, one.raised, one.candidate), nothing,
                     fault);
}

static enum err forget_row(struct store_txn *txn, size_t table, struct bytes key,
                           struct fault *fault)
{
    enum err err = store_del(txn, table, key, fault);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Its entry may have another at that lane by now: that one's row stays. */
static enum err forget_at(struct store_txn *txn, const struct indexed *one, struct fault *fault)
{
    struct keybuf key;
    struct handle open;
    struct handle entry = people_handle(&one->hit->entry);
    enum err err = candidate_at(txn, entry, one->hit->lane, &open, fault);
    if (err != ERR_OK || !handle_equal(open, one->candidate)) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    return store_del(txn, TABLE_CANDIDATE_AT, at_key(&key, entry, one->hit->lane), fault);
}

static enum err forget(struct store_txn *txn, const Parkgate__Candidate *candidate,
                       struct fault *fault)
{
    struct keybuf key;
    AUTO(indexed_end) struct indexed one = {.hit = NULL};
    TRY(indexed_of(candidate, &one, fault));
    TRY(forget_at(txn, &one, fault));
    TRY(forget_row(txn, TABLE_CANDIDATE_LEAD, lead_key(&key, one.lead, one.candidate), fault));
    TRY(forget_row(txn, TABLE_CANDIDATE_DUE, due_key(&key, one.raised, one.candidate), fault));
    return store_del(txn, TABLE_CANDIDATE, BYTES_OF(one.candidate.bytes), fault);
}

/* --- one that cannot be read: its index rows are found by the handle alone --- */

static enum err forget_rows_of(struct store_txn *txn, enum table table, struct handle candidate,
                               struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    enum err err;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_prefix(txn, table, (struct bytes){0}, UINT64_MAX, &iter, fault));
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        struct reader r = reader_of(value);
        struct handle of =
            table == TABLE_CANDIDATE_AT ? keybuf_read_handle(&r) : handle_of_key(key);
        struct keybuf kept; /* what is borrowed does not outlive a write */
        keybuf_begin(&kept);
        keybuf_bytes(&kept, key);
        if (handle_equal(of, candidate)) {
            TRY(store_del(txn, table, keybuf_view(&kept), fault));
        }
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* At most LIMIT_CANDIDATES_OPEN rows of each table. The same rows go as of one that can be read: a
 * replay reads it. */
static enum err forget_damaged(struct store_txn *txn, struct handle candidate, struct fault *fault)
{
    static const enum table tables[] = {TABLE_CANDIDATE_AT, TABLE_CANDIDATE_LEAD,
                                        TABLE_CANDIDATE_DUE};
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        TRY(forget_rows_of(txn, tables[i], candidate, fault));
    }
    return forget_row(txn, TABLE_CANDIDATE, BYTES_OF(candidate.bytes), fault);
}

enum err project_watch_candidate(struct store_txn *txn, const Parkgate__Entry *entry,
                                 const ProtobufCMessage *body, struct fault *fault)
{
    const Parkgate__Candidate *candidate = (const void *)body;
    struct handle handle = people_handle(&candidate->candidate);
    Parkgate__Candidate *known = NULL;
    (void)entry;
    if (candidate->step == CANDIDATE_RAISED) {
        TRY(candidate_index(txn, candidate, fault));
        return store_put_message(txn, TABLE_CANDIDATE, BYTES_OF(handle.bytes), &candidate->base,
                                 fault);
    }
    enum err err = candidate_get(txn, handle, &known, fault);
    if (err == ERR_OK) {
        err = forget(txn, known, fault);
        parkgate__candidate__free_unpacked(known, NULL);
    }
    return err == ERR_CORRUPT     ? forget_damaged(txn, handle, fault)
           : err == ERR_NOT_FOUND ? ERR_OK
                                  : err;
}

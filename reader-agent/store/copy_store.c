#include "reader-agent/store/copy_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/must.h"
#include "common/facts/copy_rows.h"
#include "common/facts/field.h"
#include "common/facts/tables.h"
#include "schema/agent_store.pb-c.h"

/* Behind the tables of tables.h. */
enum {
    TABLE_COPY_STATE = TABLE_COUNT,
    COPY_TABLE_COUNT,
    COPY_STORE_VERSION = 1,
};
#define COPY_MAP_BYTES ((size_t)2 << 30) /* address space; the file is sparse and grows */

/* How far the sum has come, and what it is so far. */
struct copy_sum {
    struct copy_place place;
    struct copy_digest digest;
    bool damaged; /* a record that was passed cannot be read: the sum says nothing */
};

struct copy_store {
    char path[STORE_PATH_SIZE];
    const char *tables[COPY_TABLE_COUNT];
    struct store *store; /* NULL: it could not be opened, or made anew, yet */
    bool refused;        /* what stands on the disk is not to be used */
    struct copy_about about;
    struct copy_digest digest; /* of what is committed */
    struct copy_sum sum;
    struct store_txn *own;

    struct store_txn *take;
    struct copy_digest taken; /* of what will be, with the rows taken so far */
    struct copy_sum taken_sum;
};

static struct bytes state_key(void)
{
    return bytes_of_text("copy");
}

/* --- the state record --- */

static enum err about_from(const Parkgate__CopyState *record, struct copy_about *ret,
                           struct copy_digest *ret_digest, struct fault *fault)
{
    *ret = (struct copy_about){.generation = record->generation,
                               .sequence = record->sequence,
                               .rows = record->rows,
                               .config_version = record->config_version,
                               .wall = {.us = record->wall_us},
                               .covered_epoch = record->covered_epoch,
                               .counts_only = record->counts_only,
                               .carry = record->carry};
    if (!copy_digest_from_bytes(field_view(&record->digest), record->rows, ret_digest) ||
        record->credential_key.len != SEAL_KEY_SIZE || record->n_covered % 2 != 0 ||
        record->n_covered / 2 > COPY_COVERED_MAX) {
        return fault_set(fault, ERR_CORRUPT, "the copy has a damaged state record");
    }
    memcpy(ret->digest.bytes, record->digest.data, SEAL_HASH_SIZE);
    memcpy(ret->credential_key.bytes, record->credential_key.data, SEAL_KEY_SIZE);
    for (size_t i = 0; i < record->n_covered; i += 2) {
        ret->covered[ret->covered_count++] =
            (struct copy_range){.first = record->covered[i], .last = record->covered[i + 1]};
    }
    return ERR_OK;
}

static enum err put_about(struct store_txn *txn, const struct copy_about *about,
                          struct fault *fault)
{
    uint64_t covered[2 * COPY_COVERED_MAX];
    Parkgate__CopyState record = PARKGATE__COPY_STATE__INIT;
    record.generation = about->generation;
    record.sequence = about->sequence;
    record.digest = field_of(BYTES_OF(about->digest.bytes));
    record.rows = about->rows;
    record.config_version = about->config_version;
    record.wall_us = about->wall.us;
    record.credential_key = field_of(BYTES_OF(about->credential_key.bytes));
    record.covered_epoch = about->covered_epoch;
    record.carry = about->carry;
    record.counts_only = about->counts_only;
    for (size_t i = 0; i < about->covered_count; i++) {
        covered[record.n_covered++] = about->covered[i].first;
        covered[record.n_covered++] = about->covered[i].last;
    }
    record.covered = covered;
    return store_put_message(txn, TABLE_COPY_STATE, state_key(), &record.base, fault);
}

/* --- opening --- */

static struct store_options options_of(const struct copy_store *store, bool create)
{
    return (struct store_options){.dir = store->path,
                                  .kind = "copy",
                                  .version = COPY_STORE_VERSION,
                                  .tables = store->tables,
                                  .table_count = COPY_TABLE_COUNT,
                                  .map_size = COPY_MAP_BYTES,
                                  .create = create};
}

static enum err read_about(struct copy_store *store, struct fault *fault)
{
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    AUTO(store_message_destroy) ProtobufCMessage *message = NULL;
    TRY(store_begin_read(store->store, &txn, fault));
    enum err err = store_get_message(txn, TABLE_COPY_STATE, state_key(),
                                     &parkgate__copy_state__descriptor, &message, fault);
    if (err == ERR_NOT_FOUND) {
        return ERR_OK;
    }
    TRY(err);
    return about_from((const void *)message, &store->about, &store->digest, fault);
}

static void forget(struct copy_store *store)
{
    seal_wipe(&store->about, sizeof(store->about));
    store->about = (struct copy_about){0};
    store->digest = (struct copy_digest){0};
    store->sum = (struct copy_sum){0};
}

static enum err make_anew(struct copy_store *store, struct fault *fault)
{
    static const char *const files[] = {"data.mdb", "lock.mdb"};
    struct store_options options = options_of(store, true);
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char path[STORE_PATH_SIZE + sizeof("/data.mdb")];
        (void)snprintf(path, sizeof(path), "%s/%s", store->path, files[i]);
        (void)unlink(path);
    }
    TRY(store_open(&options, &store->store, fault));
    store->refused = false;
    return ERR_OK;
}

static enum err open_checked(struct copy_store *store, struct fault *fault)
{
    struct store_options options = options_of(store, false);
    enum err err = store_check(&options, fault);
    if (err == ERR_OK || err == ERR_NOT_FOUND) {
        options = options_of(store, true);
        err = store_open(&options, &store->store, fault);
    }
    if (err == ERR_OK) {
        err = read_about(store, fault);
    }
    if (err == ERR_OK) {
        return ERR_OK;
    }
    store_destroy(&store->store);
    forget(store);
    if (err != ERR_CORRUPT && err != ERR_UNSUPPORTED) {
        return err;
    }
    return make_anew(store, fault);
}

enum err copy_store_create(const char *dir, struct copy_store **ret_store, struct fault *fault)
{
    AUTO(copy_store_destroy) struct copy_store *store = calloc(1, sizeof(*store));
    if (store == NULL) {
        return fault_set(fault, ERR_IO, "out of memory");
    }
    int size = snprintf(store->path, sizeof(store->path), "%s/copy", dir);
    if (size < 0 || (size_t)size >= sizeof(store->path)) {
        return fault_set(fault, ERR_INPUT, "the directory's path is too long: %s", dir);
    }
    memcpy(store->tables, table_names, TABLE_COUNT * sizeof(table_names[0]));
    store->tables[TABLE_COPY_STATE] = "copy_state";
    *ret_store = store;
    store = NULL;
    return ERR_OK;
}

void copy_store_destroy(struct copy_store **store)
{
    if (*store == NULL) {
        return;
    }
    copy_store_drop_own(*store);
    copy_store_drop_take(*store);
    store_destroy(&(*store)->store);
    forget(*store);
    free(*store);
    *store = NULL;
}

enum err copy_store_reset(struct copy_store *store, struct fault *fault)
{
    copy_store_drop_own(store);
    copy_store_drop_take(store);
    store_destroy(&store->store);
    forget(store);
    store->refused = true;
    return make_anew(store, fault);
}

enum err copy_store_open(struct copy_store *store, struct fault *fault)
{
    if (store->store != NULL) {
        return ERR_OK;
    }
    return store->refused ? make_anew(store, fault) : open_checked(store, fault);
}

/* After a failed write of its root LMDB refuses everything until it is opened anew; what the copy
 * is then, only the disk knows. */
static enum err begin_txn(struct copy_store *store,
                          enum err (*begin)(struct store *, struct store_txn **, struct fault *),
                          struct store_txn **ret_txn, struct fault *fault)
{
    TRY(copy_store_open(store, fault));
    enum err err = begin(store->store, ret_txn, fault);
    if (err != ERR_IO || store->own != NULL || store->take != NULL) {
        return err;
    }
    store_destroy(&store->store);
    forget(store);
    TRY(copy_store_open(store, fault));
    return begin(store->store, ret_txn, fault);
}

const struct copy_about *copy_store_about(const struct copy_store *store)
{
    return &store->about;
}

bool copy_covers(const struct copy_about *about, uint32_t epoch, uint64_t sequence)
{
    for (size_t i = 0; i < about->covered_count && epoch == about->covered_epoch; i++) {
        if (sequence >= about->covered[i].first && sequence <= about->covered[i].last) {
            return true;
        }
    }
    return false;
}

struct seal_hash copy_hash_of(const struct copy_about *about, uint32_t kind, struct bytes canonical)
{
    return copy_credential_hash(&about->credential_key, kind, canonical);
}

enum err copy_store_grow(struct copy_store *store, struct fault *fault)
{
    copy_store_drop_own(store);
    copy_store_drop_take(store);
    TRY(copy_store_open(store, fault));
    return store_grow(store->store, fault);
}

enum err copy_store_begin_read(struct copy_store *store, struct store_txn **ret_txn,
                               struct fault *fault)
{
    if (store->store == NULL || store->about.generation == 0) {
        return fault_set(fault, ERR_NOT_FOUND, "there is no copy");
    }
    return store_begin_read(store->store, ret_txn, fault);
}

/* --- own events on top --- */

struct store_txn *copy_store_own(const struct copy_store *store)
{
    return store->own;
}

enum err copy_store_begin_own(struct copy_store *store, struct store_txn **ret_txn,
                              struct fault *fault)
{
    MUST(store->own == NULL && store->take == NULL);
    TRY(begin_txn(store, store_begin_write, &store->own, fault));
    *ret_txn = store->own;
    return ERR_OK;
}

void copy_store_drop_own(struct copy_store *store)
{
    store_txn_destroy(&store->own);
}

/* --- news --- */

static enum err clear_all(struct store_txn *txn, struct fault *fault)
{
    for (size_t i = 0; i < COPY_TABLE_COUNT; i++) {
        TRY(store_clear(txn, i, fault));
    }
    return ERR_OK;
}

/* What cannot be opened need not be: all of it is to go. */
static enum err open_or_make(struct copy_store *store, struct fault *fault)
{
    struct fault local = {0};
    enum err err = copy_store_open(store, &local);
    if (err == ERR_IO || err == ERR_REFUSED) {
        return make_anew(store, fault);
    }
    return err == ERR_OK ? ERR_OK : fault_set(fault, err, "%s", local.what);
}

enum err copy_store_begin_take(struct copy_store *store, bool anew, struct fault *fault)
{
    copy_store_drop_own(store);
    copy_store_drop_take(store);
    TRY(anew ? open_or_make(store, fault) : ERR_OK);
    TRY(begin_txn(store, store_begin_write, &store->take, fault));
    store->taken = store->digest;
    store->taken_sum = store->sum;
    if (anew) {
        store->taken = (struct copy_digest){0};
        store->taken_sum = (struct copy_sum){0};
        return clear_all(store->take, fault);
    }
    return ERR_OK;
}

static void add_change(struct copy_digest *digest, const struct copy_digest *change)
{
    for (size_t i = 0; i < ARRAY_LEN(digest->lanes); i++) {
        digest->lanes[i] += change->lanes[i];
    }
    digest->rows += change->rows;
}

/* The key under which a row stands here: of a credential, its hash. False: it does not. */
static bool stored_key(struct store_txn *txn, const Parkgate__CopyRow *row, struct bytes *ret)
{
    *ret = field_view(&row->key);
    return row->table != TABLE_CREDENTIAL ||
           store_get(txn, TABLE_CREDENTIAL_ID, field_view(&row->key), ret, NULL) == ERR_OK;
}

/* Has the sum passed this row already? */
static bool is_summed(const struct copy_place *place, uint32_t table, struct bytes key)
{
    size_t at = 0;
    while (at < copy_table_count && (uint32_t)copy_tables[at] != table) {
        at++;
    }
    if (at != place->table) {
        return at < place->table;
    }
    size_t shorter = key.size < place->key_size ? key.size : place->key_size;
    int order = memcmp(key.data, place->key, shorter);
    return order != 0 ? order < 0 : key.size <= place->key_size;
}

/* The sum that is on its way goes on as if the row had always been so; where that cannot be said it
 * begins again. */
static enum err take_row(struct copy_store *store, const Parkgate__CopyRow *row,
                         struct fault *fault)
{
    struct copy_digest change = {0};
    struct bytes key;
    if (row->key.len == 0 || row->key.len > STORE_KEY_MAX) {
        return copy_row_check(row, fault);
    }
    bool was = stored_key(store->take, row, &key);
    bool was_summed = was && is_summed(&store->taken_sum.place, row->table, key);
    TRY(copy_row_take(store->take, row, &change, fault));
    bool is = stored_key(store->take, row, &key);
    bool now_summed = is && is_summed(&store->taken_sum.place, row->table, key);
    add_change(&store->taken, &change);
    if (was && is && was_summed != now_summed) {
        store->taken_sum = (struct copy_sum){0};
    } else if (was_summed || now_summed) {
        add_change(&store->taken_sum.digest, &change);
    }
    return ERR_OK;
}

enum err copy_store_take(struct copy_store *store, const struct bytes *rows, size_t count,
                         struct fault *fault)
{
    MUST(store->take != NULL);
    for (size_t i = 0; i < count; i++) {
        Parkgate__CopyRow *row = parkgate__copy_row__unpack(NULL, rows[i].size, rows[i].data);
        if (row == NULL) {
            return fault_set(fault, ERR_INPUT, "copy: a row cannot be read");
        }
        enum err err = take_row(store, row, fault);
        parkgate__copy_row__free_unpacked(row, NULL);
        TRY(err);
    }
    return ERR_OK;
}

/* A copy that holds counts only has nobody's place. */
static enum err look_for_presence(const struct copy_store *store, const struct copy_about *about,
                                  struct fault *fault)
{
    uint64_t rows = 0;
    TRY(store_count(store->take, TABLE_PRESENCE, &rows, fault));
    return !about->counts_only || rows == 0
               ? ERR_OK
               : fault_set(fault, ERR_REFUSED, "a copy of counts only has %llu rows of presence",
                           (unsigned long long)rows);
}

enum err copy_store_fits(const struct copy_store *store, const struct copy_about *about,
                         struct fault *fault)
{
    TRY(look_for_presence(store, about, fault));
    struct seal_hash digest = copy_digest_bytes(&store->taken);
    if (store->taken.rows != about->rows ||
        memcmp(digest.bytes, about->digest.bytes, SEAL_HASH_SIZE) != 0) {
        return fault_set(fault, ERR_REFUSED,
                         "the copy's digest at sequence %llu is not the controller's",
                         (unsigned long long)about->sequence);
    }
    return ERR_OK;
}

enum err copy_store_end_take(struct copy_store *store, const struct copy_about *about,
                             struct fault *fault)
{
    MUST(store->take != NULL);
    enum err err = copy_store_fits(store, about, fault);
    if (err == ERR_OK) {
        err = put_about(store->take, about, fault);
    }
    if (err == ERR_OK) {
        err = store_commit(&store->take, fault);
    }
    copy_store_drop_take(store);
    TRY(err);
    store->about = *about;
    store->digest = store->taken;
    store->sum = store->taken_sum;
    return ERR_OK;
}

void copy_store_drop_take(struct copy_store *store)
{
    store_txn_destroy(&store->take);
}

/* --- is it still what it was? --- */

enum err copy_store_check(struct copy_store *store, size_t limit, bool *ret_done,
                          struct fault *fault)
{
    bool more = false;
    *ret_done = false;
    if (store->store == NULL || store->about.generation == 0) {
        return ERR_OK;
    }
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    TRY(begin_txn(store, store_begin_read, &txn, fault));
    enum err err = copy_walk(txn, &store->sum.place, limit, copy_visit_digest, &store->sum.digest,
                             &more, fault);
    store->sum.damaged |= err == ERR_CORRUPT;
    if (err != ERR_OK || more) {
        return err;
    }
    bool damaged = store->sum.damaged;
    bool equal = copy_digest_equal(&store->sum.digest, &store->digest);
    store->sum = (struct copy_sum){0};
    *ret_done = equal && !damaged;
    return equal || damaged
               ? ERR_OK
               : fault_set(fault, ERR_REFUSED, "the copy's rows do not sum up to its digest");
}

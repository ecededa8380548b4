#include "common/facts/copy_class.h"

#include <string.h>

#include "common/base/must.h"
#include "common/facts/copy_parts.h"
#include "common/facts/field.h"
#include "common/facts/standing_store.h"
#include "schema/record.pb-c.h"

enum { STANDING_HOLDERS = 3 }; /* field of StandingRecord: a handle for each grant */

bool copy_class_differs(enum table table)
{
    return table == TABLE_PRESENCE || table == TABLE_STANDING;
}

bool copy_class_holds(enum copy_class class, enum table table)
{
    return class == COPY_PRESENCE || table != TABLE_PRESENCE;
}

/* Whoever has a grant is somebody; no person stays none. */
static void hide_holders(struct copy_row *row)
{
    struct handle somebody = standing_somebody();
    struct bytes holders = copy_row_run(row, STANDING_HOLDERS);
    size_t begins = holders.size == 0 ? 0 : (size_t)(holders.data - row->value);
    for (size_t at = 0; at + HANDLE_SIZE <= holders.size; at += HANDLE_SIZE) {
        struct handle holder;
        uint8_t *place = row->value + begins + at;
        memcpy(holder.bytes, place, HANDLE_SIZE);
        if (!handle_is_none(holder)) {
            memcpy(place, somebody.bytes, HANDLE_SIZE);
        }
    }
}

bool copy_class_row(enum copy_class class, const struct copy_row *row, struct copy_row *ret)
{
    if (!copy_class_holds(class, row->table)) {
        return false;
    }
    ret->table = row->table;
    ret->key_size = row->key_size;
    ret->value_size = row->value_size;
    memcpy(ret->key, row->key, row->key_size);
    memcpy(ret->value, row->value, row->value_size);
    if (class == COPY_COUNTS && row->table == TABLE_STANDING) {
        hide_holders(ret);
    }
    return true;
}

/* --- digests --- */

/* Nearly all rows are the same for both: hashed once. */
static void change(struct copy_digests *digests, const struct copy_row *row,
                   void (*by)(struct copy_digest *digest, const struct seal_hash *hash))
{
    struct seal_hash hash = copy_row_hash(row);
    struct copy_row counts;
    by(&digests->of[COPY_PRESENCE], &hash);
    if (copy_class_differs(row->table)) {
        if (!copy_class_row(COPY_COUNTS, row, &counts)) {
            return;
        }
        hash = copy_row_hash(&counts);
    }
    by(&digests->of[COPY_COUNTS], &hash);
}

void copy_digests_add(struct copy_digests *digests, const struct copy_row *row)
{
    change(digests, row, copy_digest_add_hash);
}

void copy_digests_subtract(struct copy_digests *digests, const struct copy_row *row)
{
    change(digests, row, copy_digest_subtract_hash);
}

bool copy_digests_equal(const struct copy_digests *a, const struct copy_digests *b)
{
    return copy_digest_equal(&a->of[COPY_PRESENCE], &b->of[COPY_PRESENCE]) &&
           copy_digest_equal(&a->of[COPY_COUNTS], &b->of[COPY_COUNTS]);
}

enum err copy_visit_digests(void *ctx, const struct copy_row *row, struct bytes stored_key,
                            struct fault *fault)
{
    (void)stored_key;
    (void)fault;
    copy_digests_add(ctx, row);
    return ERR_OK;
}

/* --- as kept --- */

static const uint8_t digest_key[] = {COPY_DIGEST_ROW};

static bool take_apart(const Parkgate__CopyDigestRecord *record, struct copy_digests *ret)
{
    ret->of[COPY_COUNTS] = (struct copy_digest){0};
    bool first =
        copy_digest_from_bytes(field_view(&record->digest), record->rows, &ret->of[COPY_PRESENCE]);
    bool second = record->counts_digest.len == 0 ||
                  copy_digest_from_bytes(field_view(&record->counts_digest), record->counts_rows,
                                         &ret->of[COPY_COUNTS]);
    return first && second;
}

enum err copy_digests_get(struct store_txn *txn, struct copy_digests *ret, struct fault *fault)
{
    AUTO(store_message_destroy) ProtobufCMessage *message = NULL;
    struct copy_digests digests;
    enum err err = store_get_message(txn, TABLE_COPY_DIGEST, BYTES_OF(digest_key),
                                     &parkgate__copy_digest_record__descriptor, &message, fault);
    if (err == ERR_NOT_FOUND) {
        *ret = (struct copy_digests){0};
        return ERR_OK;
    }
    TRY(err);
    if (!take_apart((const void *)message, &digests)) {
        return fault_set(fault, ERR_CORRUPT,
                         "copy_digest: a damaged record; run `parkgate journal verify`");
    }
    *ret = digests;
    return ERR_OK;
}

enum err copy_digests_put(struct store_txn *txn, const struct copy_digests *digests,
                          struct fault *fault)
{
    struct seal_hash bytes = copy_digest_bytes(&digests->of[COPY_PRESENCE]);
    struct seal_hash counts = copy_digest_bytes(&digests->of[COPY_COUNTS]);
    Parkgate__CopyDigestRecord record = PARKGATE__COPY_DIGEST_RECORD__INIT;
    record.digest = field_of(BYTES_OF(bytes.bytes));
    record.rows = digests->of[COPY_PRESENCE].rows;
    record.counts_digest = field_of(BYTES_OF(counts.bytes));
    record.counts_rows = digests->of[COPY_COUNTS].rows;
    return store_put_message(txn, TABLE_COPY_DIGEST, BYTES_OF(digest_key), &record.base, fault);
}

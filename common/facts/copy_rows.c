#include "common/facts/copy_rows.h"

#include <string.h>

#include "common/access/credential.h"
#include "common/base/must.h"
#include "common/facts/copy_parts.h"
#include "common/facts/field.h"
#include "common/store/keybuf.h"
#include "schema/record.pb-c.h"
#include "schema/watch.h"

#define F(n)               (UINT64_C(1) << (n))
#define UP_TO(first, last) ((F((last) + 1) - 1) & ~(F(first) - 1))

/* Parents before what names them, so that a snapshot that is cut short is strict: a credential
 * comes after its holder, and before what lets it pass. */
static const struct copy_table tables[] = {
    {.table = TABLE_EMERGENCY,
     .shape = "b",
     .descriptor = &parkgate__emergency_record__descriptor,
     .kept = UP_TO(1, 4) | F(7)},
    {.table = TABLE_STAGE,
     .shape = "q",
     .descriptor = &parkgate__stage_record__descriptor,
     .kept = F(1)},
    {.table = TABLE_TENANT_STATE,
     .shape = "n",
     .descriptor = &parkgate__tenant_state__descriptor,
     .kept = UP_TO(1, 2)},
    {.table = TABLE_LANE_STATE,
     .shape = "n",
     .descriptor = &parkgate__lane_state__descriptor,
     .kept = UP_TO(1, 2)},
    {.table = TABLE_BAN,
     .shape = "h",
     .descriptor = &parkgate__ban_record__descriptor,
     .kept = F(1) | F(2) | F(4) | F(5) | F(11)},
    {.table = TABLE_HOLDER,
     .shape = "h",
     .descriptor = &parkgate__holder_record__descriptor,
     .kept = UP_TO(1, 4) | F(7) | UP_TO(9, 12) | UP_TO(14, 16),
     .previous = 15,
     .told_by = 18},
    {.table = TABLE_CREDENTIAL,
     .shape = "h",
     .descriptor = &parkgate__credential_record__descriptor,
     .kept = F(1) | UP_TO(3, 4) | UP_TO(6, 8) | UP_TO(12, 13),
     .previous = 13,
     .told_by = 14},
    {.table = TABLE_ASSIGNMENT,
     .shape = "hh",
     .descriptor = &parkgate__assignment_record__descriptor,
     .kept = UP_TO(1, 9),
     .previous = 9,
     .told_by = 10},
    {.table = TABLE_PRESENCE,
     .shape = "h",
     .descriptor = &parkgate__presence_record__descriptor,
     .kept = UP_TO(1, 10)},
    {.table = TABLE_ZONE_NOW,
     .shape = "n",
     .descriptor = &parkgate__count_record__descriptor,
     .kept = F(1)},
    {.table = TABLE_TENANT_NOW,
     .shape = "n",
     .descriptor = &parkgate__count_record__descriptor,
     .kept = F(1)},
    {.table = TABLE_STANDING,
     .shape = "n",
     .descriptor = &parkgate__standing_record__descriptor,
     .kept = UP_TO(1, 5)},
    {
     .table = TABLE_CROWD,
     .shape = "nwq",
     },
    {.table = TABLE_STARTED,
     .shape = "nd",
     .descriptor = &parkgate__start_record__descriptor,
     .kept = F(1)},
    {.table = TABLE_FORGIVEN,
     .shape = "h",
     .descriptor = &parkgate__forgive_record__descriptor,
     .kept = UP_TO(1, 2)},
    {.table = TABLE_CLEARANCE,
     .shape = "hn",
     .descriptor = &parkgate__clearance_record__descriptor,
     .kept = UP_TO(1, 2) | UP_TO(4, 6)},
    {.table = TABLE_BOOKING,
     .shape = "h",
     .descriptor = &parkgate__booking_record__descriptor,
     .kept = UP_TO(1, 8)},
    {
     .table = TABLE_BOOKING_OF,
     .shape = "hwh",
     },
    {.table = TABLE_VISIT,
     .shape = "h",
     .descriptor = &parkgate__visit_record__descriptor,
     .kept = UP_TO(1, 7)},
    {
     .table = TABLE_VISIT_OF,
     .shape = "hwh",
     },
    {.table = TABLE_AUTHORITY_STATE,
     .shape = "n",
     .descriptor = &parkgate__authority_state__descriptor,
     .kept = F(1)},
    {.table = TABLE_WATCH_TARGET,
     .shape = "hh",
     .descriptor = &parkgate__watch_match__descriptor,
     .kept = UP_TO(1, 4) | F(6) | UP_TO(8, 9),
     .previous = 9},
    {.table = TABLE_WATCH_MATCH,
     .shape = "bh",
     .descriptor = &parkgate__watch_match__descriptor,
     .kept = UP_TO(1, 4) | F(6) | UP_TO(8, 9),
     .previous = 9},
};

const enum table copy_tables[] = {
    TABLE_EMERGENCY,  TABLE_STAGE,      TABLE_TENANT_STATE, TABLE_LANE_STATE, TABLE_BAN,
    TABLE_HOLDER,     TABLE_CREDENTIAL, TABLE_ASSIGNMENT,   TABLE_PRESENCE,   TABLE_ZONE_NOW,
    TABLE_TENANT_NOW, TABLE_STANDING,   TABLE_CROWD,        TABLE_STARTED,    TABLE_FORGIVEN,
    TABLE_CLEARANCE,  TABLE_BOOKING,    TABLE_BOOKING_OF,   TABLE_VISIT,      TABLE_VISIT_OF,
    TABLE_AUTHORITY_STATE, TABLE_WATCH_TARGET, TABLE_WATCH_MATCH,
};
const size_t copy_table_count = ARRAY_LEN(copy_tables);
_Static_assert(ARRAY_LEN(copy_tables) == ARRAY_LEN(tables), "one list");

const struct copy_table *copy_table_of(uint32_t table)
{
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        if (tables[i].table == table) {
            return &tables[i];
        }
    }
    return NULL;
}

bool copy_replicates(uint32_t table)
{
    return copy_table_of(table) != NULL;
}

/* --- stripping: on the packed bytes, for it is done with every row that changes --- */

enum wire_type { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_RUN = 2, WIRE_32 = 5 };
enum { VARINT_MAX = 10, LENGTH_ROOM = 3, NESTED_MAX = 1024, FIELD_MAX = 63 };
_Static_assert(STORE_VALUE_MAX < 1 << (7 * LENGTH_ROOM), "the length of a kept record fits");

static uint64_t read_varint(struct reader *r)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < VARINT_MAX; i++) {
        uint8_t byte = reader_u8(r);
        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if ((byte & 0x80) == 0) {
            return value;
        }
    }
    r->bad = true;
    return 0;
}

static void write_varint(struct writer *w, uint64_t value)
{
    while (value >= 0x80) {
        writer_u8(w, (uint8_t)(value | 0x80));
        value >>= 7;
    }
    writer_u8(w, (uint8_t)value);
}

/* One field as it stands: its tag, its content, and both together. */
struct field {
    uint64_t tag;
    uint64_t number;
    struct bytes content; /* of a run */
    struct bytes whole;
};

static struct field read_field(struct reader *r)
{
    struct field field = {0};
    size_t begun = r->at;
    field.tag = read_varint(r);
    field.number = field.tag >> 3;
    switch ((enum wire_type)(field.tag & 7)) {
    case WIRE_VARINT:
        (void)read_varint(r);
        break;
    case WIRE_64:
        (void)reader_u64(r);
        break;
    case WIRE_32:
        (void)reader_u32(r);
        break;
    case WIRE_RUN: {
        uint64_t size = read_varint(r);
        field.content = reader_bytes(r, size <= r->in.size ? (size_t)size : SIZE_MAX);
        break;
    }
    default:
        r->bad = true;
    }
    field.whole = (struct bytes){.data = r->in.data + begun, .size = r->bad ? 0 : r->at - begun};
    return field;
}

struct bytes copy_row_run(const struct copy_row *row, uint64_t number)
{
    struct reader r = reader_of((struct bytes){.data = row->value, .size = row->value_size});
    while (!r.bad && r.at < r.in.size) {
        struct field field = read_field(&r);
        if (!r.bad && field.number == number) {
            return field.content;
        }
    }
    return (struct bytes){0};
}

static bool strip(const struct copy_table *table, struct bytes packed, unsigned depth,
                  struct writer *w, bool *ret_waits);

/* Older records are kept inside a record, one within the other. The length stands before the
 * content and is known after it: the content is moved up to it. One that waits to be confirmed is
 * not kept. */
static bool strip_previous(const struct copy_table *table, const struct field *field,
                           unsigned depth, struct writer *w)
{
    size_t begun = w->size;
    bool waits = false;
    write_varint(w, field->tag);
    if (w->bad || w->capacity - w->size < LENGTH_ROOM) {
        return false;
    }
    uint8_t *content = w->out + w->size + LENGTH_ROOM;
    struct writer nested = writer_of(content, w->capacity - w->size - LENGTH_ROOM);
    if (depth == NESTED_MAX || !strip(table, field->content, depth + 1, &nested, &waits)) {
        return false;
    }
    if (waits) {
        w->size = begun;
        return true;
    }
    write_varint(w, nested.size);
    memmove(w->out + w->size, content, nested.size);
    w->size += nested.size;
    return true;
}

static bool strip(const struct copy_table *table, struct bytes packed, unsigned depth,
                  struct writer *w, bool *ret_waits)
{
    struct reader r = reader_of(packed);
    while (!r.bad && r.at < packed.size) {
        struct field field = read_field(&r);
        *ret_waits |=
            table->told_by != 0 && field.number == table->told_by && field.content.size > 0;
        if (r.bad || field.number > FIELD_MAX || (table->kept & F(field.number)) == 0) {
            continue;
        }
        if (field.number != table->previous) {
            writer_bytes(w, field.whole);
        } else if (!strip_previous(table, &field, depth, w)) {
            return false;
        }
    }
    return !r.bad && !w->bad;
}

/* --- rows --- */

static enum err damaged(enum table table, struct fault *fault)
{
    return fault_set(fault, ERR_CORRUPT, "%s: a damaged record; run `parkgate journal verify`",
                     table_names[table]);
}

static void set_key(struct copy_row *row, struct bytes key)
{
    MUST(key.size <= sizeof(row->key));
    memcpy(row->key, key.data, key.size);
    row->key_size = key.size;
}

/* A credential is told under its handle. */
static enum err credential_key(struct copy_row *row, struct fault *fault)
{
    struct reader r = reader_of((struct bytes){.data = row->value, .size = row->value_size});
    bool is_pin = false;
    row->key_size = 0;
    while (!r.bad && r.at < r.in.size) {
        struct field field = read_field(&r);
        if (field.number == 1 && field.content.size == HANDLE_SIZE) {
            set_key(row, field.content);
        } else if (field.number == 3) {
            struct reader kind = reader_of(field.whole);
            (void)read_varint(&kind);
            is_pin = read_varint(&kind) == CREDENTIAL_KIND_PIN;
        }
    }
    if (row->key_size == 0) {
        return damaged(TABLE_CREDENTIAL, fault);
    }
    return is_pin ? ERR_NOT_FOUND : ERR_OK;
}

/* Only what makes a gate ask somebody to the guard's desk: it can tell nobody of anything else. An
 * identity that its holder is not known of never leaves the controller. A row of a plate or badge is
 * told under its matcher and entry. */
static enum err watch_row(struct copy_row *row, struct bytes stored_key, struct fault *fault)
{
    struct reader r = reader_of((struct bytes){.data = row->value, .size = row->value_size});
    bool reviews = false;
    while (!r.bad && r.at < r.in.size) {
        struct field field = read_field(&r);
        if (field.number == 2) {
            struct reader action = reader_of(field.whole);
            (void)read_varint(&action);
            reviews = read_varint(&action) == WATCH_ACTION_REVIEW;
        }
    }
    if (r.bad) {
        return damaged(row->table, fault);
    }
    if (!reviews) {
        return ERR_NOT_FOUND;
    }
    if (row->table == TABLE_WATCH_TARGET) {
        return ERR_OK;
    }
    if (stored_key.size != 1 + SEAL_HASH_SIZE + HANDLE_SIZE) {
        return damaged(row->table, fault);
    }
    row->key_size = COPY_WATCH_KEY_SIZE;
    memcpy(row->key + 1, stored_key.data + 1 + SEAL_HASH_SIZE, HANDLE_SIZE);
    return watch_matcher_is_person((enum watch_matcher)row->key[0]) &&
                   row->key[0] != WATCH_MATCHER_BADGE
               ? ERR_NOT_FOUND
               : ERR_OK;
}

/* Under which hash the entry's row stands here: at a gate its own index says it, at the controller
 * the entry. */
static enum err watch_stored_key(struct store_txn *txn, struct bytes told_key, struct keybuf *key,
                                 struct fault *fault)
{
    struct bytes hash;
    AUTO(store_message_destroy) ProtobufCMessage *message = NULL;
    if (told_key.size != COPY_WATCH_KEY_SIZE) {
        return ERR_NOT_FOUND;
    }
    struct bytes entry = {.data = told_key.data + 1, .size = HANDLE_SIZE};
    enum err err = store_get(txn, TABLE_WATCH_ID, entry, &hash, fault);
    if (err == ERR_NOT_FOUND) {
        TRY(store_get_message(txn, TABLE_WATCH, entry, &parkgate__watch_record__descriptor,
                              &message, fault));
        hash = field_view(&((const Parkgate__WatchRecord *)(const void *)message)->hash);
        err = ERR_OK;
    }
    TRY(err);
    keybuf_begin(key);
    keybuf_u8(key, told_key.data[0]);
    keybuf_bytes(key, hash);
    keybuf_bytes(key, entry);
    return ERR_OK;
}

enum err copy_row_of(enum table table, struct bytes key, struct bytes value, struct copy_row *ret,
                     struct fault *fault)
{
    const struct copy_table *known = copy_table_of(table);
    struct bytes packed;
    MUST(known != NULL);
    ret->table = table;
    ret->value_size = 0;
    set_key(ret, key);
    if (known->descriptor == NULL) {
        return value.size == 0 ? ERR_OK : damaged(table, fault);
    }
    TRY(store_packed_message(key, value, &packed, fault));
    struct writer w = writer_of(ret->value, sizeof(ret->value));
    bool waits = false;
    if (!strip(known, packed, 0, &w, &waits)) {
        return damaged(table, fault);
    }
    if (waits) {
        return ERR_NOT_FOUND;
    }
    ret->value_size = w.size;
    if (table == TABLE_WATCH_MATCH || table == TABLE_WATCH_TARGET) {
        return watch_row(ret, key, fault);
    }
    return table == TABLE_CREDENTIAL ? credential_key(ret, fault) : ERR_OK;
}

enum err copy_row_get(struct store_txn *txn, enum table table, struct bytes told_key,
                      struct copy_row *ret, struct fault *fault)
{
    struct bytes key = told_key;
    struct bytes value;
    struct keybuf watch;
    if (table == TABLE_CREDENTIAL) {
        TRY(store_get(txn, TABLE_CREDENTIAL_ID, told_key, &key, fault));
    } else if (table == TABLE_WATCH_MATCH) {
        TRY(watch_stored_key(txn, told_key, &watch, fault));
        key = keybuf_view(&watch);
    }
    TRY(store_get(txn, table, key, &value, fault));
    TRY(copy_row_of(table, key, value, ret, fault));
    /* Given to somebody else since: the same hash under another handle. */
    struct bytes now = {.data = ret->key, .size = ret->key_size};
    return bytes_equal(now, told_key) ? ERR_OK : ERR_NOT_FOUND;
}

/* --- the digest --- */

struct seal_hash copy_row_hash(const struct copy_row *row)
{
    uint8_t head[4];
    struct writer w = writer_of(head, sizeof(head));
    struct seal_hasher hasher;
    writer_u16(&w, (uint16_t)row->table);
    writer_u16(&w, (uint16_t)row->key_size);
    seal_hasher_begin(&hasher);
    seal_hasher_add(&hasher, writer_view(&w));
    seal_hasher_add(&hasher, (struct bytes){.data = row->key, .size = row->key_size});
    seal_hasher_add(&hasher, (struct bytes){.data = row->value, .size = row->value_size});
    return seal_hasher_end(&hasher);
}

void copy_digest_add_hash(struct copy_digest *digest, const struct seal_hash *hash)
{
    struct reader r = reader_of(BYTES_OF(hash->bytes));
    for (size_t i = 0; i < ARRAY_LEN(digest->lanes); i++) {
        digest->lanes[i] += reader_u64(&r);
    }
    digest->rows++;
}

void copy_digest_subtract_hash(struct copy_digest *digest, const struct seal_hash *hash)
{
    struct reader r = reader_of(BYTES_OF(hash->bytes));
    for (size_t i = 0; i < ARRAY_LEN(digest->lanes); i++) {
        digest->lanes[i] -= reader_u64(&r);
    }
    digest->rows--;
}

void copy_digest_add(struct copy_digest *digest, const struct copy_row *row)
{
    struct seal_hash hash = copy_row_hash(row);
    copy_digest_add_hash(digest, &hash);
}

void copy_digest_subtract(struct copy_digest *digest, const struct copy_row *row)
{
    struct seal_hash hash = copy_row_hash(row);
    copy_digest_subtract_hash(digest, &hash);
}

bool copy_digest_equal(const struct copy_digest *a, const struct copy_digest *b)
{
    return memcmp(a->lanes, b->lanes, sizeof(a->lanes)) == 0 && a->rows == b->rows;
}

struct seal_hash copy_digest_bytes(const struct copy_digest *digest)
{
    struct seal_hash bytes;
    struct writer w = writer_of(bytes.bytes, sizeof(bytes.bytes));
    for (size_t i = 0; i < ARRAY_LEN(digest->lanes); i++) {
        writer_u64(&w, digest->lanes[i]);
    }
    return bytes;
}

bool copy_digest_from_bytes(struct bytes bytes, uint64_t rows, struct copy_digest *ret)
{
    struct reader r = reader_of(bytes);
    struct copy_digest digest = {.rows = rows};
    for (size_t i = 0; i < ARRAY_LEN(digest.lanes); i++) {
        digest.lanes[i] = reader_u64(&r);
    }
    if (!reader_done(&r)) {
        return false;
    }
    *ret = digest;
    return true;
}

/* --- the walk --- */

/* Visits at most *left records of one table behind place->key. ERR_NOT_FOUND: its end. */
static enum err walk_table(struct store_txn *txn, struct copy_place *place, size_t *left,
                           copy_visitor *visit, void *ctx, struct fault *fault)
{
    enum table table = copy_tables[place->table];
    AUTO(store_iter_end) struct store_iter iter = {0};
    struct copy_row row;
    struct bytes from = {.data = place->key, .size = place->key_size};
    struct bytes key, value;
    TRY(store_iter_range(txn, table, from, (struct bytes){0}, UINT64_MAX, &iter, fault));
    while (*left > 0) {
        TRY(store_iter_next(&iter, &key, &value, fault));
        if (bytes_equal(key, (struct bytes){.data = place->key, .size = place->key_size})) {
            continue; /* visited last time */
        }
        --*left;
        enum err err = copy_row_of(table, key, value, &row, fault);
        if (err == ERR_OK) {
            TRY(visit(ctx, &row, key, fault));
        }
        memcpy(place->key, key.data, key.size);
        place->key_size = key.size;
        if (err != ERR_OK && err != ERR_NOT_FOUND) {
            return err;
        }
    }
    return ERR_OK;
}

enum err copy_walk(struct store_txn *txn, struct copy_place *place, size_t limit,
                   copy_visitor *visit, void *ctx, bool *ret_more, struct fault *fault)
{
    while (limit > 0 && place->table < copy_table_count) {
        enum err err = walk_table(txn, place, &limit, visit, ctx, fault);
        if (err == ERR_NOT_FOUND) {
            place->table++;
            place->key_size = 0;
        } else if (err != ERR_OK) {
            return err;
        }
    }
    *ret_more = place->table < copy_table_count;
    return ERR_OK;
}

enum err copy_visit_digest(void *ctx, const struct copy_row *row, struct bytes stored_key,
                           struct fault *fault)
{
    (void)stored_key;
    (void)fault;
    copy_digest_add(ctx, row);
    return ERR_OK;
}

/* --- hashes of credentials --- */

struct seal_key copy_credential_key(const struct seal_key *gates, const char *gate,
                                    uint64_t generation)
{
    uint8_t context[NAME_SIZE + sizeof(generation)];
    struct writer w = writer_of(context, sizeof(context));
    writer_u64(&w, generation);
    writer_bytes(&w, bytes_of_text(gate));
    MUST(!w.bad);
    return seal_derive(gates, "parkgate copy", writer_view(&w));
}

struct seal_hash copy_credential_hash(const struct seal_key *key, uint32_t kind,
                                      struct bytes canonical)
{
    uint8_t kind_byte[1] = {(uint8_t)kind};
    return seal_keyed_hash(key, "parkgate copy credential",
                           SEAL_PARTS(BYTES_OF(kind_byte), canonical));
}

/* Behind the other fields: a packed record may have them in any order. */
void copy_row_add_hash(struct copy_row *row, const struct seal_hash *hash)
{
    enum { HASH_FIELD = 2 };
    MUST(row->table == TABLE_CREDENTIAL);
    struct writer w = writer_of(row->value + row->value_size, sizeof(row->value) - row->value_size);
    write_varint(&w, HASH_FIELD << 3 | WIRE_RUN);
    write_varint(&w, sizeof(hash->bytes));
    writer_bytes(&w, BYTES_OF(hash->bytes));
    MUST(!w.bad);
    row->value_size += w.size;
}

#include "tests/unit/agent/world_roster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/access/credential.h"
#include "common/base/must.h"
#include "common/facts/copy_rows.h"
#include "common/facts/standing_store.h"
#include "common/store/keybuf.h"
#include "schema/kinds.h"
#include "schema/record.pb-c.h"

static char *text_of(const char *text)
{
    return (char *)(uintptr_t)text;
}

static void must(enum err err, const struct fault *fault)
{
    if (err != ERR_OK) {
        (void)fprintf(stderr, "world_roster: %s\n", fault->what);
        abort();
    }
}

enum { COPY_ROWS = 3 * WORLD_PERSONS + 8 };

struct roster {
    size_t count, used;
    struct bytes row[COPY_ROWS];
    uint8_t bytes[COPY_ROWS * 256];
    struct copy_digest digest;
    struct seal_key key;
};

void world_uid(unsigned person, uint8_t out[WORLD_UID_SIZE])
{
    struct writer w = writer_of(out, WORLD_UID_SIZE);
    writer_u8(&w, 4);
    writer_u16(&w, 0xfd00);
    writer_u32(&w, person);
}

static struct handle handle_of(uint8_t kind, unsigned person)
{
    struct handle handle = {
        {kind, (uint8_t)(person >> 8), (uint8_t)person, 1}
    };
    return handle;
}

static ProtobufCBinaryData field(const struct handle *handle)
{
    return (ProtobufCBinaryData){.len = HANDLE_SIZE, .data = (uint8_t *)(uintptr_t)handle->bytes};
}

/* `record` (NULL: the row has none) as it is told, without the hash that a credential's row brings
 * along. */
static void add_told(struct roster *roster, enum table table, struct bytes key,
                     const ProtobufCMessage *record, const struct seal_hash *hash)
{
    static struct copy_row told;
    Parkgate__CopyRow wire = PARKGATE__COPY_ROW__INIT;
    told.table = table;
    told.key_size = key.size;
    memcpy(told.key, key.data, told.key_size);
    told.value_size = record == NULL ? 0 : protobuf_c_message_pack(record, told.value);
    copy_digest_add(&roster->digest, &told);
    if (hash != NULL) {
        copy_row_add_hash(&told, hash);
    }
    wire.table = (uint32_t)table;
    wire.key = (ProtobufCBinaryData){.len = told.key_size, .data = told.key};
    wire.value = (ProtobufCBinaryData){.len = told.value_size, .data = told.value};
    size_t size = parkgate__copy_row__get_packed_size(&wire);
    MUST(roster->count < COPY_ROWS && roster->used + size <= sizeof(roster->bytes));
    uint8_t *to = roster->bytes + roster->used;
    roster->row[roster->count++] = (struct bytes){.data = to, .size = size};
    roster->used += parkgate__copy_row__pack(&wire, to);
}

static void add_holder(struct roster *roster, unsigned number, uint32_t kind)
{
    struct keybuf key;
    uint8_t uid[WORLD_UID_SIZE];
    struct handle person = handle_of(1, number);
    struct handle badge = handle_of(2, number);
    Parkgate__HolderRecord holder = PARKGATE__HOLDER_RECORD__INIT;
    Parkgate__CredentialRecord credential = PARKGATE__CREDENTIAL_RECORD__INIT;
    world_uid(number, uid);
    struct seal_hash hash =
        copy_credential_hash(&roster->key, CREDENTIAL_KIND_BADGE, BYTES_OF(uid));
    holder.holder = field(&person);
    holder.tenant = text_of("acme");
    holder.kind = kind;
    keybuf_begin(&key);
    keybuf_bytes(&key, BYTES_OF(person.bytes));
    add_told(roster, TABLE_HOLDER, keybuf_view(&key), &holder.base, NULL);
    credential.credential = field(&badge);
    credential.kind = CREDENTIAL_KIND_BADGE;
    credential.holder = field(&person);
    keybuf_begin(&key);
    keybuf_bytes(&key, BYTES_OF(badge.bytes));
    add_told(roster, TABLE_CREDENTIAL, keybuf_view(&key), &credential.base, &hash);
}

static void add_person(struct roster *roster, unsigned number)
{
    struct keybuf key;
    struct handle person = handle_of(1, number);
    struct handle duty = handle_of(3, number);
    Parkgate__AssignmentRecord assignment = PARKGATE__ASSIGNMENT_RECORD__INIT;
    add_holder(roster, number, PERSON_STAFF);
    assignment.assignment = field(&duty);
    assignment.person = field(&person);
    assignment.tenant = text_of("acme");
    assignment.shift = text_of("all");
    assignment.to_day = 100000;
    keybuf_begin(&key);
    keybuf_bytes(&key, BYTES_OF(person.bytes));
    keybuf_bytes(&key, BYTES_OF(duty.bytes));
    add_told(roster, TABLE_ASSIGNMENT, keybuf_view(&key), &assignment.base, NULL);
}

/* Invited by WORLD_HOST for a day around `now`. */
static void add_visitor(struct roster *roster, struct wall now)
{
    const int64_t day_us = INT64_C(86400000000);
    struct keybuf key;
    struct handle visitor = handle_of(1, WORLD_VISITOR);
    struct handle host = handle_of(1, WORLD_HOST);
    struct handle visit = handle_of(4, WORLD_VISITOR);
    Parkgate__VisitRecord record = PARKGATE__VISIT_RECORD__INIT;
    add_holder(roster, WORLD_VISITOR, PERSON_VISITOR);
    record.visit = field(&visit);
    record.tenant = text_of("acme");
    record.visitor = field(&visitor);
    record.host = field(&host);
    record.from_us = now.us - day_us;
    record.until_us = now.us + day_us;
    keybuf_begin(&key);
    keybuf_bytes(&key, BYTES_OF(visit.bytes));
    add_told(roster, TABLE_VISIT, keybuf_view(&key), &record.base, NULL);
    keybuf_begin(&key);
    keybuf_bytes(&key, BYTES_OF(visitor.bytes));
    keybuf_wall(&key, (struct wall){.us = record.until_us});
    keybuf_bytes(&key, BYTES_OF(visit.bytes));
    add_told(roster, TABLE_VISIT_OF, keybuf_view(&key), NULL, NULL);
}

static void add_count(struct roster *roster, enum table table, const char *name, int32_t value)
{
    struct keybuf key;
    Parkgate__CountRecord count = PARKGATE__COUNT_RECORD__INIT;
    count.value = value;
    keybuf_begin(&key);
    keybuf_text(&key, name);
    add_told(roster, table, keybuf_view(&key), &count.base, NULL);
}

static void take(struct copy_store *store, struct wall now, bool counts_only, int32_t inside)
{
    struct roster *roster = calloc(1, sizeof(*roster));
    struct fault fault = {0};
    MUST(roster != NULL);
    roster->key = (struct seal_key){{7}};
    for (unsigned i = 0; i < WORLD_PERSONS; i++) {
        add_person(roster, i);
    }
    add_visitor(roster, now);
    if (inside > 0) {
        add_count(roster, TABLE_ZONE_NOW, "yard", inside);
        add_count(roster, TABLE_TENANT_NOW, "acme", inside);
    }
    struct copy_about about = {.generation = 1,
                               .sequence = 1000,
                               .digest = copy_digest_bytes(&roster->digest),
                               .rows = roster->digest.rows,
                               .config_version = 1,
                               .wall = now,
                               .counts_only = counts_only,
                               .credential_key = roster->key};
    must(copy_store_begin_take(store, true, &fault), &fault);
    must(copy_store_take(store, roster->row, roster->count, &fault), &fault);
    must(copy_store_end_take(store, &about, &fault), &fault);
    free(roster);
}

void world_roster_take(struct copy_store *store, struct wall now)
{
    take(store, now, false, 0);
}

void world_roster_take_counts(struct copy_store *store, struct wall now, int32_t inside)
{
    take(store, now, true, inside);
}

static enum err take_news(struct copy_store *store, enum table table, struct bytes key,
                          const ProtobufCMessage *record, struct fault *fault)
{
    struct roster *roster = calloc(1, sizeof(*roster));
    struct copy_about about = *copy_store_about(store);
    MUST(roster != NULL &&
         copy_digest_from_bytes(BYTES_OF(about.digest.bytes), about.rows, &roster->digest));
    add_told(roster, table, key, record, NULL);
    about.digest = copy_digest_bytes(&roster->digest);
    about.rows = roster->digest.rows;
    about.sequence++;
    must(copy_store_begin_take(store, false, fault), fault);
    must(copy_store_take(store, roster->row, roster->count, fault), fault);
    free(roster);
    return copy_store_end_take(store, &about, fault);
}

enum err world_take_presence(struct copy_store *store, struct fault *fault)
{
    struct handle person = handle_of(1, 3);
    Parkgate__PresenceRecord record = PARKGATE__PRESENCE_RECORD__INIT;
    record.inside = true;
    record.zone = text_of("yard");
    return take_news(store, TABLE_PRESENCE, BYTES_OF(person.bytes), &record.base, fault);
}

void world_take_standing(struct copy_store *store, struct wall captured)
{
    enum { GRANTS = 3 };
    struct keybuf key;
    struct fault fault = {0};
    struct handle holders[GRANTS] = {standing_somebody(), standing_somebody(), {{0}}};
    uint64_t journals[GRANTS] = {901, 902, 903};
    int64_t times[GRANTS] = {captured.us, captured.us, captured.us};
    Parkgate__StandingRecord record = PARKGATE__STANDING_RECORD__INIT;
    record.n_journal = record.n_captured_us = GRANTS;
    record.journal = journals;
    record.captured_us = times;
    record.holder = (ProtobufCBinaryData){.len = sizeof(holders), .data = holders[0].bytes};
    keybuf_begin(&key);
    keybuf_text(&key, "in");
    must(take_news(store, TABLE_STANDING, keybuf_view(&key), &record.base, &fault), &fault);
}

uint64_t world_presence_rows(struct store_txn *txn)
{
    uint64_t rows = 0;
    must(store_count(txn, TABLE_PRESENCE, &rows, NULL), &(struct fault){.what = "count"});
    return rows;
}

struct seal_hash world_empty_digest(void)
{
    struct copy_digest none = {0};
    return copy_digest_bytes(&none);
}

#include "tests/unit/agent/world_roster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/access/credential.h"
#include "common/base/must.h"
#include "common/facts/copy_rows.h"
#include "common/store/keybuf.h"
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

enum { COPY_ROWS = 3 * WORLD_PERSONS };

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

/* `record` as it is told, without the hash that a credential's row brings along. */
static void add_told(struct roster *roster, enum table table, struct bytes key,
                     const ProtobufCMessage *record, const struct seal_hash *hash)
{
    static struct copy_row told;
    Parkgate__CopyRow wire = PARKGATE__COPY_ROW__INIT;
    told.table = table;
    told.key_size = key.size;
    memcpy(told.key, key.data, told.key_size);
    told.value_size = protobuf_c_message_pack(record, told.value);
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

static void add_person(struct roster *roster, unsigned number)
{
    struct keybuf key;
    uint8_t uid[WORLD_UID_SIZE];
    struct handle person = handle_of(1, number);
    struct handle badge = handle_of(2, number);
    struct handle duty = handle_of(3, number);
    Parkgate__HolderRecord holder = PARKGATE__HOLDER_RECORD__INIT;
    Parkgate__CredentialRecord credential = PARKGATE__CREDENTIAL_RECORD__INIT;
    Parkgate__AssignmentRecord assignment = PARKGATE__ASSIGNMENT_RECORD__INIT;
    world_uid(number, uid);
    struct seal_hash hash =
        copy_credential_hash(&roster->key, CREDENTIAL_KIND_BADGE, BYTES_OF(uid));
    holder.holder = field(&person);
    holder.tenant = text_of("acme");
    keybuf_begin(&key);
    keybuf_bytes(&key, BYTES_OF(person.bytes));
    add_told(roster, TABLE_HOLDER, keybuf_view(&key), &holder.base, NULL);
    credential.credential = field(&badge);
    credential.kind = CREDENTIAL_KIND_BADGE;
    credential.holder = field(&person);
    keybuf_begin(&key);
    keybuf_bytes(&key, BYTES_OF(badge.bytes));
    add_told(roster, TABLE_CREDENTIAL, keybuf_view(&key), &credential.base, &hash);
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

void world_roster_take(struct copy_store *store, struct wall now)
{
    struct roster *roster = calloc(1, sizeof(*roster));
    struct fault fault = {0};
    MUST(roster != NULL);
    roster->key = (struct seal_key){{7}};
    for (unsigned i = 0; i < WORLD_PERSONS; i++) {
        add_person(roster, i);
    }
    struct copy_about about = {.generation = 1,
                               .sequence = 1000,
                               .digest = copy_digest_bytes(&roster->digest),
                               .rows = roster->digest.rows,
                               .config_version = 1,
                               .wall = now,
                               .credential_key = roster->key};
    must(copy_store_begin_take(store, true, &fault), &fault);
    must(copy_store_take(store, roster->row, roster->count, &fault), &fault);
    must(copy_store_end_take(store, &about, &fault), &fault);
    free(roster);
}

struct seal_hash world_empty_digest(void)
{
    struct copy_digest none = {0};
    return copy_digest_bytes(&none);
}

#include "tests/unit/controller/small_journal.h"

#include "schema/kinds.h"
#include "schema/record.pb-c.h"

enum { ID_SIZE = 16 };

/* splitmix64 */
uint64_t journal_case_draw(struct journal_case *j)
{
    uint64_t z = (j->random += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void fill(void *ctx, uint8_t *out, size_t size)
{
    struct journal_case *j = ctx;
    for (size_t i = 0; i < size; i++) {
        out[i] = (uint8_t)(journal_case_draw(j) >> 24);
    }
}

static struct sign_key draw_key(struct journal_case *j)
{
    struct entropy entropy = {.fill = fill, .ctx = j};
    return sign_key_make(&entropy);
}

/* --- records --- */

static struct seal_hash hash_at(const struct journal_case *j, size_t index)
{
    struct seal_hash hash = {{0}};
    if (index > 0) {
        memcpy(hash.bytes, j->record[index - 1].bytes, sizeof(hash.bytes));
    }
    return hash;
}

static struct bytes packed_of(const struct small_record *record)
{
    return (struct bytes){.data = record->bytes + SEAL_HASH_SIZE,
                          .size = record->size - SEAL_HASH_SIZE};
}

static void fit(struct journal_case *j, size_t index)
{
    struct small_record *record = &j->record[index];
    struct seal_hash hash = journal_hash(hash_at(j, index), packed_of(record));
    memcpy(record->bytes, hash.bytes, sizeof(hash.bytes));
}

static void pack(struct small_record *record, const Parkgate__Entry *entry)
{
    size_t size = parkgate__entry__get_packed_size(entry);
    MUST(SEAL_HASH_SIZE + size <= sizeof(record->bytes));
    record->size = SEAL_HASH_SIZE + size;
    (void)parkgate__entry__pack(entry, record->bytes + SEAL_HASH_SIZE);
}

static Parkgate__Entry *unpack(const struct small_record *record)
{
    struct bytes packed = packed_of(record);
    Parkgate__Entry *entry = parkgate__entry__unpack(NULL, packed.size, packed.data);
    MUST(entry != NULL);
    return entry;
}

static void fill_record(struct journal_case *j, struct small_record *record, uint64_t sequence,
                        uint32_t kind, const ProtobufCMessage *body)
{
    uint8_t bytes[SMALL_RECORD_MAX];
    Parkgate__Entry entry = PARKGATE__ENTRY__INIT;
    size_t size = protobuf_c_message_get_packed_size(body);
    MUST(size <= sizeof(bytes));
    (void)protobuf_c_message_pack(body, bytes);
    j->time_us += 1 + (int64_t)(journal_case_draw(j) % 1000000);
    entry.sequence = sequence;
    entry.time_us = j->time_us;
    entry.kind = kind;
    entry.body = (ProtobufCBinaryData){.len = size, .data = bytes};
    pack(record, &entry);
}

static void append(struct journal_case *j, uint32_t kind, const ProtobufCMessage *body)
{
    MUST(j->count < SMALL_RECORDS_MAX);
    struct small_record *record = &j->record[j->count];
    record->key = j->count + 1;
    fill_record(j, record, record->key, kind, body);
    fit(j, j->count++);
}

/* --- the park --- */

static void plain_body(struct journal_case *j, Parkgate__BackupEntry *body, char dir[24])
{
    (void)snprintf(dir, 24, "/%llu", (unsigned long long)(journal_case_draw(j) % 1000000));
    body->dir = dir;
    body->at_sequence = journal_case_draw(j) % 1000;
}

void journal_case_grow(struct journal_case *j, size_t entries)
{
    for (size_t i = 0; i < entries; i++) {
        char dir[24];
        Parkgate__BackupEntry body = PARKGATE__BACKUP_ENTRY__INIT;
        plain_body(j, &body, dir);
        append(j, ENTRY_BACKUP, &body.base);
    }
}

void journal_case_anchor(struct journal_case *j, uint16_t keeper)
{
    char text[ANCHOR_LINE_SIZE];
    struct sign_public public = sign_public_of(&j->key);
    MUST(j->anchor_count < SMALL_ANCHORS_MAX && j->count > 0);
    struct kept_anchor kept = {
        .keeper = keeper, .anchor = {.sequence = j->count, .time = {.us = j->time_us}}
    };
    kept.anchor.hash = hash_at(j, j->count);
    memcpy(kept.anchor.branch, j->branch, sizeof(j->branch));
    sign_key_id(&public, kept.anchor.key);
    sign_make(&j->key, anchor_message(&kept.anchor, text), &kept.anchor.value);
    j->anchor[j->anchor_count++] = kept;
}

static void record_key(struct journal_case *j)
{
    Parkgate__SignKeyRecord body = PARKGATE__SIGN_KEY_RECORD__INIT;
    struct sign_public public = sign_public_of(&j->key);
    body.public_key = (ProtobufCBinaryData){.len = sizeof(public.bytes), .data = public.bytes};
    append(j, ENTRY_SIGN_KEY, &body.base);
}

void journal_case_replace_key(struct journal_case *j)
{
    j->former_key = j->key;
    j->key = draw_key(j);
    record_key(j);
}

void journal_case_restore(struct journal_case *j, uint64_t backup)
{
    Parkgate__Restored body = PARKGATE__RESTORED__INIT;
    MUST(backup <= j->count);
    j->count = backup;
    fill(j, j->branch, sizeof(j->branch));
    body.backup_sequence = backup;
    body.branch = (ProtobufCBinaryData){.len = sizeof(j->branch), .data = j->branch};
    append(j, ENTRY_RESTORED, &body.base);
    record_key(j); /* the backup may be older than the key */
}

struct journal_case *journal_case_open_of(uint64_t seed)
{
    struct journal_case *j = calloc(1, sizeof(*j));
    uint8_t id[ID_SIZE];
    Parkgate__EntryGenesis genesis = PARKGATE__ENTRY_GENESIS__INIT;
    char park[] = "park";
    MUST(j != NULL);
    j->random = seed;
    j->time_us = INT64_C(1777777777000000);
    j->key = draw_key(j);
    fill(j, id, sizeof(id));
    memcpy(j->branch, id, sizeof(j->branch));
    genesis.store_id = (ProtobufCBinaryData){.len = sizeof(id), .data = id};
    genesis.park = park;
    append(j, ENTRY_GENESIS, &genesis.base);
    record_key(j);
    while (j->count < SMALL_ENTRIES) {
        journal_case_grow(j, 1);
        if (j->count % SMALL_EVERY == 0) {
            journal_case_anchor(j, j->count / SMALL_EVERY % 2 == 0 ? ANCHOR_KEEPER_PARK : 1);
        }
    }
    return j;
}

struct journal_case *journal_case_open(void)
{
    return journal_case_open_of(1);
}

void journal_case_close(struct journal_case *j)
{
    free(j);
}

const struct chain_report *journal_case_check(struct journal_case *j)
{
    static const struct seal_hash none;
    memcpy(j->checked, j->anchor, sizeof(j->checked));
    chain_check_begin(&j->check, 1, &none, j->checked, j->anchor_count);
    for (size_t i = 0; i < j->count; i++) {
        struct bytes record = {.data = j->record[i].bytes, .size = j->record[i].size};
        if (!chain_check_add(&j->check, j->record[i].key, record)) {
            break;
        }
    }
    return chain_check_end(&j->check);
}

/* --- somebody with the disk --- */

void journal_case_alter(struct journal_case *j, size_t index)
{
    Parkgate__Entry *entry = unpack(&j->record[index]);
    entry->time_us += 1 + (int64_t)(journal_case_draw(j) % 1000);
    pack(&j->record[index], entry);
    parkgate__entry__free_unpacked(entry, NULL);
}

void journal_case_chain_anew(struct journal_case *j, size_t index)
{
    for (size_t i = index; i < j->count; i++) {
        fit(j, i);
    }
}

void journal_case_number_anew(struct journal_case *j, size_t index)
{
    for (size_t i = index; i < j->count; i++) {
        Parkgate__Entry *entry = unpack(&j->record[i]);
        entry->sequence = j->record[i].key = i + 1;
        pack(&j->record[i], entry);
        parkgate__entry__free_unpacked(entry, NULL);
    }
}

static void number_keys(struct journal_case *j, size_t index)
{
    for (size_t i = index; i < j->count; i++) {
        j->record[i].key = i + 1;
    }
}

void journal_case_remove(struct journal_case *j, size_t index, bool close_up)
{
    MUST(index < j->count);
    memmove(&j->record[index], &j->record[index + 1],
            (j->count - index - 1) * sizeof(j->record[0]));
    j->count--;
    if (close_up) {
        number_keys(j, index);
    }
}

static void make_room(struct journal_case *j, size_t index)
{
    MUST(j->count < SMALL_RECORDS_MAX && index <= j->count);
    memmove(&j->record[index + 1], &j->record[index], (j->count - index) * sizeof(j->record[0]));
    j->count++;
    number_keys(j, index);
}

void journal_case_insert(struct journal_case *j, size_t index, uint64_t sequence)
{
    char dir[24];
    Parkgate__BackupEntry body = PARKGATE__BACKUP_ENTRY__INIT;
    make_room(j, index);
    plain_body(j, &body, dir);
    fill_record(j, &j->record[index], sequence, ENTRY_BACKUP, &body.base);
    fit(j, index);
}

void journal_case_double(struct journal_case *j, size_t index)
{
    struct small_record twin = j->record[index];
    make_room(j, index);
    j->record[index] = twin;
    number_keys(j, index);
}

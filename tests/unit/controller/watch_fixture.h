/* watch_fixture: a morning at both gates (pairing_fixture.h) with an authority whose entries are
 * put into the tables by hand, as bundles would. */
#pragma once

#include "tests/unit/controller/pairing_fixture.h"

#include "common/facts/people_store.h"
#include "common/facts/watch_store.h"
#include "controller/app/alikes.h"
#include "controller/store/person_keys.h"
#include "schema/watch.h"
#include "schema/watch.pb-c.h"

#define STATION "hz-police"
#define CONTACT "duty desk 0571-110"
#define DAY_US  (INT64_C(86400) * SECOND_US)

struct listed {
    uint32_t matcher, action;
    const char *plate, *uid, *person; /* one of them: text, hex, handle */
    int64_t from_us, until_us;        /* 0: a day before and 30 days after now */
    bool test;
    size_t cases; /* case numbers of full length that its renewals brought */
};

/* One write transaction of the controller's own, for what no verb does. */
static inline void watch_begin(struct world *w)
{
    struct fault fault = {0};
    world_turn(w);
    if (store_begin_write(w->store, &w->ctl->txn, &fault) != ERR_OK) {
        fail_msg("%s", fault.what);
    }
}

static inline void watch_end(struct world *w)
{
    assert_int_equal(store_commit(&w->ctl->txn, NULL), ERR_OK);
    w->ctl->txn = NULL;
}

static inline void watch_record(struct world *w, uint32_t kind, const ProtobufCMessage *body)
{
    struct fault fault = {0};
    if (controller_record(w->ctl, kind, STATION, body, &fault) != ERR_OK) {
        fail_msg("%s", fault.what);
    }
}

/* The authority, with the key of its station; suspended or not. */
static inline void watch_authority_is(struct world *w, const char *key_name, bool suspended)
{
    Parkgate__AuthorityRecord authority = PARKGATE__AUTHORITY_RECORD__INIT;
    Parkgate__AuthorityRecord *known = NULL;
    watch_begin(w);
    if (watch_authority(w->ctl->txn, STATION, &known, NULL) == ERR_OK) {
        authority = *known;
    }
    authority.name = text_of(STATION);
    authority.generation = 1;
    authority.suspended = suspended;
    authority.key = text_of(key_name);
    watch_record(w, ENTRY_AUTHORITY, &authority.base);
    watch_end(w);
    if (known != NULL) {
        parkgate__authority_record__free_unpacked(known, NULL);
    }
}

static inline void watch_seal(struct world *w, struct handle handle, const char *id,
                              const struct listed *one, uint8_t *out, size_t capacity,
                              size_t *ret_size)
{
    struct seal_key key = {{9}};
    struct store_txn *keys = NULL;
    uint8_t uid[BADGE_UID_MAX];
    Parkgate__WatchEntry entry = PARKGATE__WATCH_ENTRY__INIT;
    entry.id = text_of(id);
    entry.matcher = one->matcher;
    entry.instruction = WATCH_INSTRUCTION_CHECK_DOCUMENT;
    entry.contact = text_of(CONTACT);
    if (one->plate != NULL) {
        entry.match = (ProtobufCBinaryData){.len = strlen(one->plate),
                                            .data = (uint8_t *)text_of(one->plate)};
    }
    if (one->uid != NULL) {
        MUST(bytes_from_hex(one->uid, uid, strlen(one->uid) / 2));
        entry.match = (ProtobufCBinaryData){.len = strlen(one->uid) / 2, .data = uid};
    }
    assert_int_equal(store_begin_write(w->keys, &keys, NULL), ERR_OK);
    assert_int_equal(watch_key_put(keys, handle, &key, NULL), ERR_OK);
    assert_int_equal(store_commit(&keys, NULL), ERR_OK);
    uint8_t packed[256];
    static char words[LIMIT_WATCH_NAME_BYTES + 1];
    char *cases[LIMIT_WATCH_RENEWALS + 1];
    Parkgate__WatchKept kept = PARKGATE__WATCH_KEPT__INIT;
    memset(words, 'A', LIMIT_WATCH_NAME_BYTES);
    for (kept.n_case_number = 0; kept.n_case_number < one->cases; kept.n_case_number++) {
        cases[kept.n_case_number] = words;
    }
    kept.case_number = cases;
    kept.entry =
        (ProtobufCBinaryData){.data = packed, .len = parkgate__watch_entry__pack(&entry, packed)};
    *ret_size = controller_seal(w->ctl, &key, &kept.base, out, capacity);
}

static inline struct seal_hash watch_hash(struct world *w, const struct listed *one)
{
    uint8_t uid[BADGE_UID_MAX];
    struct seal_hash hash = {{77}};
    if (one->plate != NULL) {
        return controller_credential_hash(w->ctl, CREDENTIAL_KIND_PLATE, bytes_of_text(one->plate));
    }
    if (one->uid != NULL) {
        MUST(bytes_from_hex(one->uid, uid, strlen(one->uid) / 2));
        return controller_credential_hash(
            w->ctl, CREDENTIAL_KIND_BADGE,
            (struct bytes){.data = uid, .size = strlen(one->uid) / 2});
    }
    return hash;
}

/* The person whom an identity entry names. */
static inline void watch_look_up(struct world *w, const struct listed *one, struct seal_hash hash)
{
    struct handle person;
    Parkgate__WatchStep step = PARKGATE__WATCH_STEP__INIT;
    assert_true(handle_from_text(one->person, &person));
    ProtobufCBinaryData handle = people_field(&person);
    ProtobufCBinaryData bytes = {.data = hash.bytes, .len = sizeof(hash.bytes)};
    step.step = WATCH_LOOKED;
    step.authority = text_of(STATION);
    step.n_handle = step.n_hash = 1;
    step.handle = &handle;
    step.hash = &bytes;
    watch_record(w, ENTRY_WATCH_STEP, &step.base);
}

/* Bundle `number` of one entry, whose id is "entry-NUMBER". */
static inline struct handle watch_list(struct world *w, uint64_t number, const struct listed *one)
{
    char id[32];
    uint8_t packed[2 * WATCH_KEPT_MAX], sealed[WATCH_KEPT_MAX + SEAL_OVERHEAD];
    uint32_t kind = WATCH_CHANGE_ADD;
    struct handle handle = {{0xee}};
    struct seal_hash alike;
    Parkgate__WatchBundle bundle = PARKGATE__WATCH_BUNDLE__INIT;
    Parkgate__WatchSlice slice = PARKGATE__WATCH_SLICE__INIT;
    Parkgate__WatchClose close = PARKGATE__WATCH_CLOSE__INIT;
    Parkgate__WatchRecord record = PARKGATE__WATCH_RECORD__INIT;
    handle.bytes[15] = (uint8_t)number;
    (void)snprintf(id, sizeof(id), "entry-%llu", (unsigned long long)number);
    watch_begin(w);
    struct seal_hash hash = watch_hash(w, one);
    hash.bytes[0] ^= one->person != NULL ? (uint8_t)number : 0;
    watch_seal(w, handle, id, one, sealed, sizeof(sealed), &record.sealed.len);
    record.sealed.data = sealed;
    bundle.authority = slice.authority = close.authority = record.authority = text_of(STATION);
    bundle.number = slice.number = close.number = record.number = number;
    bundle.stage = record.stage = number + 1000000;
    record.entry = people_field(&handle);
    record.matcher = one->matcher;
    record.action = one->action;
    record.from_us = one->from_us != 0 ? one->from_us : w->now.us - DAY_US;
    record.until_us = one->until_us != 0 ? one->until_us : w->now.us + 31 * DAY_US;
    record.state = WATCH_STATE_ACTING;
    record.since_us = w->now.us;
    record.hash = record.id_hash = (ProtobufCBinaryData){.data = hash.bytes, .len = SEAL_HASH_SIZE};
    record.test = one->test;
    if (one->plate != NULL) {
        alike = alike_hash_of(w->ctl, bytes_of_text(one->plate));
        record.alike_hash = (ProtobufCBinaryData){.data = alike.bytes, .len = SEAL_HASH_SIZE};
    }
    ProtobufCBinaryData row = {.data = packed,
                               .len = parkgate__watch_record__pack(&record, packed)};
    slice.n_kind = slice.n_record = slice.first = 1;
    slice.kind = &kind;
    slice.record = &row;
    watch_record(w, ENTRY_WATCH_BEGIN, &bundle.base);
    watch_record(w, ENTRY_WATCH_SLICE, &slice.base);
    watch_record(w, ENTRY_WATCH_CLOSE, &close.base);
    if (one->person != NULL) {
        watch_look_up(w, one, hash);
    }
    watch_end(w);
    return handle;
}

/* Its end is long past: bundle `number`'s entry is swept away. */
static inline void watch_swept(struct world *w, uint64_t number)
{
    struct handle handle = {{0xee}};
    Parkgate__WatchStep step = PARKGATE__WATCH_STEP__INIT;
    handle.bytes[15] = (uint8_t)number;
    ProtobufCBinaryData entry = people_field(&handle);
    step.step = WATCH_ENDED;
    step.authority = text_of(STATION);
    step.n_handle = 1;
    step.handle = &entry;
    watch_begin(w);
    watch_record(w, ENTRY_WATCH_STEP, &step.base);
    watch_end(w);
}

#define PLATE_ENTRY(text, what)                                                                    \
    (&(struct listed){.matcher = WATCH_MATCHER_PLATE, .action = (what), .plate = (text)})
#define BADGE_ENTRY(hex, what)                                                                     \
    (&(struct listed){.matcher = WATCH_MATCHER_BADGE, .action = (what), .uid = (hex)})
#define PERSON_ENTRY(handle, what)                                                                 \
    (&(struct listed){.matcher = WATCH_MATCHER_IDENTITY, .action = (what), .person = (handle)})
#define NOTIFY WATCH_ACTION_NOTIFY
#define REVIEW WATCH_ACTION_REVIEW

/* One chunk of a bundle becomes inert records. All of a chunk is one input, so its records stand
 * together or not at all; a large one takes several entries. */
#include <stdio.h>
#include <string.h>

#include "common/base/must.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "common/facts/versioned.h"
#include "common/watch/watch_text.h"
#include "controller/app/alikes.h"
#include "controller/app/watch.h"
#include "schema/kinds.h"

enum {
    PART_BYTES = 40 * 1024,
    RECORD_MAX = 16 * 1024,
    SEALED_MAX = WATCH_KEPT_MAX + SEAL_OVERHEAD,
    TERMS_MAX = 2, /* under one target and case number: the entry and its renewal */
};

/* The records of one entry on its way into the journal. */
struct part {
    Parkgate__WatchSlice entry;
    size_t used;
    uint32_t kinds[LIMIT_WATCH_CHANGES_PER_CHUNK];
    ProtobufCBinaryData records[LIMIT_WATCH_CHANGES_PER_CHUNK];
    uint8_t bytes[PART_BYTES + RECORD_MAX];
    /* what no table has yet: an addition's target, and what a person's takes a term of; else zero
     */
    struct seal_hash targets[LIMIT_WATCH_CHANGES_PER_CHUNK], terms[LIMIT_WATCH_CHANGES_PER_CHUNK];
};

struct staging {
    struct controller *ctl;
    const Parkgate__AuthorityRecord *authority;
    const Parkgate__WatchBundle *bundle;
    const char *actor;
    struct wall made;
    struct authority_keys keys;
    uint64_t vehicles;  /* of all authorities, with those of this bundle so far */
    size_t person_adds; /* of this bundle so far */
    struct part *part;
    enum err err;
    struct fault *fault;
};

static bool failed(struct staging *s, enum err err)
{
    s->err = err;
    return false;
}

static bool refuse(const struct watch_change *change, enum error_number number, const char *a3,
                   const char *a4, struct complaint *c)
{
    char place[12];
    (void)snprintf(place, sizeof(place), "%u", change->number);
    return complain(c, number, place, change->entry.id, a3, a4);
}

/* --- records on their way --- */

static void begin_part(struct staging *s, uint32_t first)
{
    parkgate__watch_slice__init(&s->part->entry);
    s->part->entry.authority = s->authority->name;
    s->part->entry.number = s->bundle->number;
    s->part->entry.kind = s->part->kinds;
    s->part->entry.record = s->part->records;
    s->part->entry.first = first;
    s->part->entry.chunks = s->bundle->chunks;
    s->part->used = 0;
}

static enum err flush(struct staging *s, bool last)
{
    size_t count = s->part->entry.n_record;
    s->part->entry.chunks += last;
    TRY(controller_record(s->ctl, ENTRY_WATCH_SLICE, s->actor, &s->part->entry.base, s->fault));
    begin_part(s, s->part->entry.first + (uint32_t)count);
    return ERR_OK;
}

static bool add_record(struct staging *s, enum watch_change_kind kind,
                       const Parkgate__WatchRecord *record)
{
    struct part *part = s->part;
    size_t size = parkgate__watch_record__get_packed_size(record);
    size_t at = part->entry.n_record;
    MUST(size <= RECORD_MAX && at < LIMIT_WATCH_CHANGES_PER_CHUNK);
    part->records[at] = (ProtobufCBinaryData){.data = part->bytes + part->used, .len = size};
    part->used += parkgate__watch_record__pack(record, part->bytes + part->used);
    part->kinds[at] = kind;
    part->entry.n_record = part->entry.n_kind = at + 1;
    gauges_rows(&s->ctl->gauges, 1);
    if (part->used <= PART_BYTES) {
        return true;
    }
    enum err err = flush(s, false);
    return err == ERR_OK || failed(s, err);
}

static void take_hash(struct seal_hash *hash, const ProtobufCBinaryData *field)
{
    *hash = (struct seal_hash){{0}};
    if (field != NULL && field->len == SEAL_HASH_SIZE) {
        memcpy(hash->bytes, field->data, SEAL_HASH_SIZE);
    }
}

/* Of the record that comes next: until its part is written no table counts it. */
static void note_target(struct part *part, const ProtobufCBinaryData *target,
                        const ProtobufCBinaryData *term)
{
    take_hash(&part->targets[part->entry.n_record], target);
    take_hash(&part->terms[part->entry.n_record], term);
}

/* --- what an entry is found by --- */

static struct seal_hash match_hash(const struct staging *s, const struct watch_entry *entry)
{
    struct bytes match = watch_entry_match(entry);
    switch (entry->matcher) {
    case WATCH_MATCHER_PLATE:
        return controller_credential_hash(s->ctl, CREDENTIAL_KIND_PLATE, match);
    case WATCH_MATCHER_BADGE:
        return controller_credential_hash(s->ctl, CREDENTIAL_KIND_BADGE, match);
    case WATCH_MATCHER_IDENTITY:
    case WATCH_MATCHER_NONE:
    case WATCH_MATCHER_COUNT:
        break;
    }
    return watch_own_hash(&s->keys, "identity", match);
}

static struct seal_hash id_hash(const struct staging *s, const struct watch_change *change)
{
    return watch_own_hash(&s->keys, "id", bytes_of_text(change->entry.id));
}

/* Of target and case number, so that who is listed under one case is found again. */
static struct seal_hash term_hash(const struct staging *s, uint32_t matcher, struct bytes match,
                                  const char *case_number)
{
    char same[WATCH_CASE_SIZE];
    uint8_t byte[1] = {(uint8_t)matcher};
    watch_text_case(bytes_of_text(case_number), same);
    return seal_keyed_hash(&s->keys.own, "parkgate watch term",
                           SEAL_PARTS(BYTES_OF(byte), match, bytes_of_text(same)));
}

/* The live entry of the change's id. ERR_OK with NULL: there is none. */
static enum err live_entry(struct staging *s, const struct watch_change *change,
                           Parkgate__WatchRecord **ret)
{
    struct seal_hash hash = id_hash(s, change);
    *ret = NULL;
    enum err err =
        watch_entry_of_id(s->ctl->txn, s->authority->name, BYTES_OF(hash.bytes), ret, s->fault);
    if (err == ERR_OK && !watch_is_live(*ret, s->ctl->now)) {
        parkgate__watch_record__free_unpacked(*ret, NULL);
        *ret = NULL;
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* --- sealing --- */

static enum err seal_kept(struct staging *s, struct handle entry, bool create,
                          const Parkgate__WatchKept *kept, uint8_t out[SEALED_MAX],
                          ProtobufCBinaryData *ret)
{
    struct seal_key key;
    if (create) {
        key = seal_key_draw(s->ctl->entropy);
        TRY(watch_key_put(s->ctl->keys_txn, entry, &key, s->fault));
    } else {
        TRY(watch_key_get(s->ctl->keys_txn, entry, &key, s->fault));
    }
    size_t size = controller_seal(s->ctl, &key, &kept->base, out, SEALED_MAX);
    seal_wipe(&key, sizeof(key));
    *ret = (ProtobufCBinaryData){.data = out, .len = size};
    return ERR_OK;
}

/* --- add --- */

static size_t count_in(const struct part *part, const struct seal_hash *hashes,
                       const struct seal_hash *hash)
{
    size_t count = 0;
    for (size_t i = 0; i < part->entry.n_record; i++) {
        count += bytes_equal(BYTES_OF(hashes[i].bytes), BYTES_OF(hash->bytes));
    }
    return count;
}

/* The valid row, or the one that this bundle wrote. ERR_NOT_FOUND: neither. */
static enum err row_so_far(struct staging *s, struct bytes key, struct bytes value,
                           ProtobufCMessage **ret, struct fault *fault)
{
    TRY(store_unpack_message(key, value, &parkgate__watch_match__descriptor, ret, fault));
    if (((const Parkgate__WatchMatch *)(const void *)*ret)->stage == s->bundle->stage) {
        return ERR_OK;
    }
    store_message_destroy(ret);
    return versioned_resolve(s->ctl->txn, VERSIONED_WATCH_MATCH, key, value, ret, fault);
}

/* Rows of this authority on the target, live or waiting for the sweep, with those of this bundle.
 */
static enum err count_alike(struct staging *s, uint32_t matcher, const struct seal_hash *hash,
                            size_t *ret, struct fault *fault)
{
    struct keybuf prefix;
    struct bytes key;
    struct bytes value;
    enum err err;
    AUTO(store_iter_end) struct store_iter iter = {0};
    *ret = count_in(s->part, s->part->targets, hash);
    TRY(store_iter_prefix(s->ctl->txn, TABLE_WATCH_MATCH,
                          watch_match_key(&prefix, matcher, BYTES_OF(hash->bytes), NULL),
                          WATCH_ALIKE_MAX * LIMIT_AUTHORITIES, &iter, fault));
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        AUTO(store_message_destroy) ProtobufCMessage *message = NULL;
        err = row_so_far(s, key, value, &message, fault);
        if (err != ERR_OK && err != ERR_NOT_FOUND) {
            return err;
        }
        const Parkgate__WatchMatch *match = (const void *)message;
        *ret += match != NULL && !match->ended && s->ctl->now.us < match->until_us &&
                strcmp(match->authority, s->authority->name) == 0;
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static bool is_new_id(struct staging *s, const struct watch_change *change, struct complaint *c)
{
    Parkgate__WatchRecord *known = NULL;
    enum err err = live_entry(s, change, &known);
    if (err != ERR_OK) {
        return failed(s, err);
    }
    if (known == NULL) {
        return true;
    }
    parkgate__watch_record__free_unpacked(known, NULL);
    return refuse(change, ERROR_WATCH_ID_TAKEN, NULL, NULL, c);
}

static bool fits_alike(struct staging *s, const struct watch_change *change,
                       const struct seal_hash *hash, struct complaint *c)
{
    size_t alike = 0;
    char text[16];
    enum err err = count_alike(s, change->entry.matcher, hash, &alike, s->fault);
    if (err != ERR_OK) {
        return failed(s, err);
    }
    (void)snprintf(text, sizeof(text), "%zu", alike);
    return alike < WATCH_ALIKE_MAX || refuse(change, ERROR_WATCH_ALIKE, text, NULL, c);
}

/* A person listed anew under the same case number goes on with the terms of before: a withdrawal,
 * or another id, does not begin them again, nor does a renewal under another number between. */
static bool fits_terms(struct staging *s, const struct watch_change *change,
                       const struct seal_hash *hash, struct handle but, uint32_t own,
                       struct complaint *c)
{
    uint32_t terms = 0;
    enum err err =
        watch_terms_of(s->ctl->txn, s->authority->name, hash, but, TERMS_MAX, &terms, s->fault);
    if (err != ERR_OK) {
        return failed(s, err);
    }
    terms += (uint32_t)count_in(s->part, s->part->terms, hash);
    return terms + own <= TERMS_MAX ||
           refuse(change, ERROR_WATCH_RENEWAL,
                  "this target had its two terms under this case number; a new one is needed", NULL,
                  c);
}

static bool fits_caps(struct staging *s, const struct watch_change *change, struct complaint *c)
{
    char most[16];
    if (watch_matcher_is_person(change->entry.matcher)) {
        (void)snprintf(most, sizeof(most), "%d", LIMIT_WATCH_PERSONS);
        /* what is withdrawn in the same bundle is known at its end; more could never be */
        return ++s->person_adds <= (size_t)2 * LIMIT_WATCH_PERSONS ||
               refuse(change, ERROR_WATCH_CAP, s->authority->name, most, c);
    }
    (void)snprintf(most, sizeof(most), "%d", LIMIT_WATCH_VEHICLES);
    return ++s->vehicles <= LIMIT_WATCH_VEHICLES ||
           refuse(change, ERROR_WATCH_VEHICLE_CAP, most, NULL, c);
}

static bool record_add(struct staging *s, const struct watch_change *change,
                       Parkgate__WatchRecord *record)
{
    uint8_t sealed[SEALED_MAX];
    char *cases[] = {field_text(change->entry.case_number)};
    Parkgate__WatchKept kept = PARKGATE__WATCH_KEPT__INIT;
    struct handle entry = controller_draw_handle(s->ctl);
    kept.entry = field_of(change->packed);
    kept.n_case_number = 1;
    kept.case_number = cases;
    record->entry = people_field(&entry);
    note_target(s->part, &record->hash, &record->term_hash);
    enum err err = seal_kept(s, entry, true, &kept, sealed, &record->sealed);
    return err == ERR_OK ? add_record(s, WATCH_CHANGE_ADD, record) : failed(s, err);
}

static bool take_add(struct staging *s, const struct watch_change *change, struct complaint *c)
{
    const struct watch_entry *entry = &change->entry;
    bool person = watch_matcher_is_person(entry->matcher);
    struct bytes match = watch_entry_match(entry);
    struct seal_hash hash = match_hash(s, entry);
    struct seal_hash id = id_hash(s, change);
    struct seal_hash term = term_hash(s, entry->matcher, match, entry->case_number);
    struct seal_hash alike;
    Parkgate__WatchRecord record = PARKGATE__WATCH_RECORD__INIT;
    if (!is_new_id(s, change, c) || !fits_caps(s, change, c) || !fits_alike(s, change, &hash, c) ||
        (person && !fits_terms(s, change, &term, (struct handle){{0}}, 1, c))) {
        return false;
    }
    record.authority = s->authority->name;
    record.category = entry->category;
    record.matcher = entry->matcher;
    record.action = entry->action;
    record.instruction = entry->instruction;
    record.from_us = entry->begin.us;
    record.until_us = entry->end.us;
    record.state = person ? WATCH_STATE_WAITING : WATCH_STATE_ACTING;
    record.hash = field_of(BYTES_OF(hash.bytes));
    record.id_hash = field_of(BYTES_OF(id.bytes));
    if (person) {
        record.term_hash = field_of(BYTES_OF(term.bytes));
        record.terms = 1;
    } else {
        alike = alike_hash_of(s->ctl, match);
        record.alike_hash = field_of(BYTES_OF(alike.bytes));
    }
    record.number = record.added = s->bundle->number;
    record.since_us = s->ctl->now.us;
    record.test = entry->matcher == WATCH_MATCHER_PLATE && watch_plate_is_test(match);
    record.stage = s->bundle->stage;
    return record_add(s, change, &record);
}

/* --- renew --- */

static bool may_renew(struct staging *s, const struct watch_change *change,
                      const Parkgate__WatchRecord *known, const Parkgate__WatchKept *kept,
                      struct complaint *c)
{
    struct watch_history history = {.matcher = (enum watch_matcher)known->matcher,
                                    .end = {known->until_us},
                                    .renewals = known->renewals,
                                    .cases = (const char *const *)kept->case_number,
                                    .case_count = kept->n_case_number};
    if (known->renewed_until_us != 0) {
        return refuse(change, ERROR_WATCH_RENEWAL,
                      "its last renewal still waits for the countersignature", NULL, c);
    }
    if (known->renewals >= LIMIT_WATCH_RENEWALS) {
        return refuse(change, ERROR_WATCH_RENEWAL, "it was renewed too often; add it anew", NULL,
                      c);
    }
    return watch_renewal_check(change, &history, s->made, c);
}

/* A vehicle's acts at once, a person's when it is countersigned. */
static bool record_renewal(struct staging *s, const struct watch_change *change,
                           const Parkgate__WatchRecord *known, const Parkgate__WatchKept *kept,
                           const struct watch_entry *entry, struct complaint *c)
{
    uint8_t sealed[SEALED_MAX];
    char *cases[LIMIT_WATCH_RENEWALS + 2];
    Parkgate__WatchRecord record = *known;
    Parkgate__WatchKept renewed = *kept;
    struct handle handle = people_handle(&known->entry);
    struct seal_hash term =
        term_hash(s, known->matcher, watch_entry_match(entry), change->entry.case_number);
    MUST(kept->n_case_number < ARRAY_LEN(cases));
    memcpy(cases, kept->case_number, kept->n_case_number * sizeof(cases[0]));
    cases[kept->n_case_number] = field_text(change->entry.case_number);
    renewed.n_case_number = kept->n_case_number + 1;
    renewed.case_number = cases;
    renewed.applicant = field_text(change->entry.applicant);
    renewed.legal_basis = field_text(change->entry.legal_basis);
    record.number = s->bundle->number;
    record.stage = s->bundle->stage;
    record.previous = (ProtobufCBinaryData){0};
    ProtobufCBinaryData packed;
    enum err err = seal_kept(s, handle, false, &renewed, sealed, &packed);
    if (err != ERR_OK) {
        return failed(s, err);
    }
    if (known->matcher == WATCH_MATCHER_PLATE) {
        record.sealed = packed;
        record.until_us = change->entry.end.us;
        record.renewals++;
        note_target(s->part, NULL, NULL);
        return add_record(s, WATCH_CHANGE_RENEW, &record);
    }
    err = watch_terms_of_entry(s->ctl->txn, s->authority->name, BYTES_OF(term.bytes), handle,
                               &record.renewed_terms, s->fault);
    if (err != ERR_OK) {
        return failed(s, err);
    }
    record.renewed_terms++;
    if (!fits_terms(s, change, &term, handle, record.renewed_terms, c)) {
        return false;
    }
    record.renewed_sealed = packed;
    record.renewed_until_us = change->entry.end.us;
    record.renewed_term_hash = field_of(BYTES_OF(term.bytes));
    note_target(s->part, NULL, &record.renewed_term_hash);
    return add_record(s, WATCH_CHANGE_RENEW, &record);
}

static bool renew(struct staging *s, const struct watch_change *change,
                  const Parkgate__WatchRecord *known, struct complaint *c)
{
    struct watch_entry entry;
    Parkgate__WatchKept *kept = NULL;
    enum err err = watch_open_kept(s->ctl, known, &known->sealed, &kept, s->fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? refuse(change, ERROR_WATCH_ID_UNKNOWN, NULL, NULL, c)
                                    : failed(s, err);
    }
    bool good = watch_entry_again(field_view(&kept->entry), &entry);
    if (!good) {
        (void)failed(s, fault_set(s->fault, ERR_CORRUPT, "watch: a kept entry is damaged"));
    }
    good = good && may_renew(s, change, known, kept, c) &&
           record_renewal(s, change, known, kept, &entry, c);
    parkgate__watch_kept__free_unpacked(kept, NULL);
    return good;
}

/* --- withdraw --- */

static bool withdraw(struct staging *s, const Parkgate__WatchRecord *known)
{
    Parkgate__WatchRecord record = *known;
    record.state = WATCH_STATE_WITHDRAWN;
    record.since_us = s->ctl->now.us;
    record.renewed_until_us = 0;
    record.renewed_sealed = (ProtobufCBinaryData){0};
    record.renewed_term_hash = (ProtobufCBinaryData){0};
    record.renewed_terms = 0;
    record.renewed_was = 0;
    record.number = s->bundle->number;
    record.stage = s->bundle->stage;
    record.previous = (ProtobufCBinaryData){0};
    s->vehicles -= record.matcher == WATCH_MATCHER_PLATE && s->vehicles > 0;
    note_target(s->part, NULL, NULL);
    return add_record(s, WATCH_CHANGE_WITHDRAW, &record);
}

/* --- a chunk --- */

static bool take(void *ctx, const struct watch_change *change, struct complaint *c)
{
    struct staging *s = ctx;
    Parkgate__WatchRecord *known = NULL;
    if (change->kind == WATCH_CHANGE_ADD) {
        return take_add(s, change, c);
    }
    enum err err = live_entry(s, change, &known);
    if (err != ERR_OK) {
        return failed(s, err);
    }
    if (known == NULL) {
        return refuse(change, ERROR_WATCH_ID_UNKNOWN, NULL, NULL, c);
    }
    bool good =
        change->kind == WATCH_CHANGE_RENEW ? renew(s, change, known, c) : withdraw(s, known);
    parkgate__watch_record__free_unpacked(known, NULL);
    return good;
}

enum err watch_count_vehicles(struct controller *ctl, uint64_t *ret, struct fault *fault)
{
    struct name at = {{0}};
    Parkgate__AuthorityRecord *authority = NULL;
    enum err err;
    *ret = 0;
    while ((err = watch_next_authority(ctl->txn, &at, &authority, fault)) == ERR_OK) {
        *ret += authority->vehicles;
        parkgate__authority_record__free_unpacked(authority, NULL);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* The station's own id of the last change that is staged: ids rise from there. */
static enum err last_id(struct controller *ctl, const Parkgate__WatchBundle *bundle,
                        struct watch_walk *walk, struct fault *fault)
{
    Parkgate__WatchRecord *record = NULL;
    enum err err = watch_change_entry(ctl, bundle, bundle->changes, NULL, &record, fault);
    if (err == ERR_OK) {
        err = watch_id_of(ctl, record, walk->last_id, fault);
        parkgate__watch_record__free_unpacked(record, NULL);
    }
    return err == ERR_NOT_FOUND
               ? fault_set(fault, ERR_CORRUPT, "watch: the last change of a bundle is missing")
               : err;
}

enum err watch_walk_of(struct controller *ctl, const Parkgate__WatchBundle *bundle,
                       struct watch_walk *ret, struct fault *fault)
{
    *ret = (struct watch_walk){.chunks = bundle->chunks, .changes = bundle->changes};
    ret->counts[WATCH_CHANGE_ADD] = bundle->adds;
    ret->counts[WATCH_CHANGE_RENEW] = bundle->renewals;
    ret->counts[WATCH_CHANGE_WITHDRAW] = bundle->withdrawals;
    return bundle->changes == 0 ? ERR_OK : last_id(ctl, bundle, ret, fault);
}

static bool stage(struct staging *s, const struct watch_manifest *manifest, struct bytes chunk,
                  struct complaint *c)
{
    struct watch_walk walk;
    struct watch_taker taker = {.take = take, .ctx = s};
    s->err = watch_walk_of(s->ctl, s->bundle, &walk, s->fault);
    if (s->err == ERR_OK) {
        s->err = watch_authority_keys(s->ctl, s->authority, &s->keys, s->fault);
    }
    if (s->err == ERR_OK) {
        s->err = watch_count_vehicles(s->ctl, &s->vehicles, s->fault);
    }
    if (s->err != ERR_OK) {
        return false;
    }
    s->vehicles += s->bundle->vehicles_added;
    s->vehicles -=
        s->bundle->vehicles_withdrawn < s->vehicles ? s->bundle->vehicles_withdrawn : s->vehicles;
    begin_part(s, walk.changes + 1);
    if (!watch_chunk_check(manifest, &walk, chunk, taker, c)) {
        return false;
    }
    s->err = flush(s, true);
    return s->err == ERR_OK;
}

bool watch_stage_chunk(struct controller *ctl, const Parkgate__AuthorityRecord *authority,
                       const Parkgate__WatchBundle *bundle, const struct watch_manifest *manifest,
                       struct bytes chunk, const char *actor, struct complaint *c,
                       enum err *ret_err, struct fault *fault)
{
    static struct part part; /* one thread; too large for the stack */
    struct staging s = {.ctl = ctl,
                        .authority = authority,
                        .bundle = bundle,
                        .actor = actor,
                        .made = manifest->made,
                        .person_adds = bundle->n_person_add,
                        .part = &part,
                        .fault = fault};
    *ret_err = controller_keys_begin(ctl, fault);
    if (*ret_err != ERR_OK) {
        return false;
    }
    controller_cluster_begin(ctl);
    bool good = stage(&s, manifest, chunk, c);
    controller_cluster_end(ctl);
    seal_wipe(&s.keys, sizeof(s.keys));
    *ret_err = s.err;
    return good;
}

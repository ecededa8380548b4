/* What a station says: begin, chunk, status, receipt, key. Only by a key of its authority. */
#include <stdio.h>
#include <string.h>

#include "common/base/must.h"
#include "common/facts/tables.h"
#include "controller/app/faults.h"
#include "controller/app/park_sign.h"
#include "controller/app/watch.h"
#include "controller/app/watch_receipts.h"
#include "controller/journal/journal.h"
#include "schema/kinds.h"

/* --- who asks --- */

/* The authority whose key it is. ERR_NOT_FOUND: nobody's. */
static enum err authority_of_key(struct controller *ctl, const char *key,
                                 Parkgate__AuthorityRecord **ret, struct fault *fault)
{
    struct name at = {{0}};
    for (;;) {
        TRY(watch_next_authority(ctl->txn, &at, ret, fault));
        if (strcmp((*ret)->key, key) == 0) {
            return ERR_OK;
        }
        parkgate__authority_record__free_unpacked(*ret, NULL);
        *ret = NULL;
    }
}

/* ERR_OK with NULL: refused. */
static enum err own_authority(struct controller *ctl, struct request *request,
                              Parkgate__AuthorityRecord **ret, struct fault *fault)
{
    *ret = NULL;
    enum err err = authority_of_key(ctl, request->key->name, ret, fault);
    if (err == ERR_NOT_FOUND) {
        (void)request_refuse(request, ERROR_WATCH_NO_AUTHORITY, request->key->name, NULL, NULL);
        return ERR_OK;
    }
    return err;
}

/* The same, one that may push. */
static enum err pushing_authority(struct controller *ctl, struct request *request,
                                  Parkgate__AuthorityRecord **ret, struct fault *fault)
{
    TRY(own_authority(ctl, request, ret, fault));
    if (*ret != NULL && (*ret)->suspended) {
        (void)request_refuse(request, ERROR_AUTHORITY_SUSPENDED, (*ret)->name, NULL, NULL);
        parkgate__authority_record__free_unpacked(*ret, NULL);
        *ret = NULL;
    }
    return ERR_OK;
}

static bool the_row(struct request *request, struct bytes *ret)
{
    if (request->message->n_row != 1) {
        return request_refuse(request, ERROR_FRAME_BODY, "32", "it has not one row", NULL);
    }
    *ret = field_view(&request->message->row[0]);
    return true;
}

/* --- closing --- */

static enum err record_close(struct controller *ctl, const char *actor, const char *authority,
                             uint64_t number, const struct complaint *c, struct fault *fault)
{
    char *args[ERROR_ARGS];
    Parkgate__WatchClose close = PARKGATE__WATCH_CLOSE__INIT;
    for (size_t i = 0; c != NULL && i < ERROR_ARGS; i++) {
        args[i] = field_text(c->arg[i]);
    }
    close.authority = field_text(authority);
    close.number = number;
    close.cancelled = c != NULL;
    close.error = c == NULL ? 0 : c->number;
    close.n_arg = c == NULL ? 0 : ERROR_ARGS;
    close.arg = args;
    return controller_record(ctl, ENTRY_WATCH_CLOSE, actor, &close.base, fault);
}

/* Which change brings the authority over its cap of persons, withdrawals taken off; 0: none. */
static uint32_t change_over_cap(const Parkgate__WatchBundle *bundle)
{
    size_t free_places = (size_t)LIMIT_WATCH_PERSONS + bundle->persons_withdrawn;
    free_places -= bundle->persons < free_places ? bundle->persons : free_places;
    return bundle->n_person_add > free_places ? bundle->person_add[free_places] : 0;
}

static enum err refuse_cap(struct controller *ctl, struct request *request,
                           const Parkgate__WatchBundle *bundle, uint32_t change,
                           enum error_number number, struct fault *fault)
{
    char place[12];
    char most[12];
    char id[LIMIT_WATCH_ID_BYTES + 1] = "?";
    Parkgate__WatchRecord *record = NULL;
    TRY(watch_change_entry(ctl, bundle, change, NULL, &record, fault));
    enum err err = watch_id_of(ctl, record, id, fault);
    parkgate__watch_record__free_unpacked(record, NULL);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    (void)snprintf(place, sizeof(place), "%u", change);
    (void)snprintf(most, sizeof(most), "%d",
                   number == ERROR_WATCH_CAP ? LIMIT_WATCH_PERSONS : LIMIT_WATCH_VEHICLES);
    (void)complain(&request->answer->complaint, number, place, id,
                   number == ERROR_WATCH_CAP ? bundle->authority : most, most);
    return ERR_OK;
}

/* All chunks are there: the bundle acts from this entry on, or nothing of it ever does. */
static enum err close_bundle(struct controller *ctl, struct request *request,
                             const Parkgate__WatchBundle *bundle,
                             const struct watch_manifest *manifest, struct fault *fault)
{
    struct watch_walk walk;
    TRY(watch_walk_of(ctl, bundle, &walk, fault));
    if (!watch_bundle_is_whole(manifest, &walk, &request->answer->complaint)) {
        return ERR_OK;
    }
    uint32_t change = change_over_cap(bundle);
    if (change != 0) {
        return refuse_cap(ctl, request, bundle, change, ERROR_WATCH_CAP, fault);
    }
    /* Another authority's may have been applied since this one's first chunk. */
    uint64_t vehicles = 0;
    TRY(watch_count_vehicles(ctl, &vehicles, fault));
    if (vehicles + bundle->vehicles_added > LIMIT_WATCH_VEHICLES + bundle->vehicles_withdrawn) {
        return refuse_cap(ctl, request, bundle, bundle->changes, ERROR_WATCH_VEHICLE_CAP, fault);
    }
    TRY(record_close(ctl, request->key->name, bundle->authority, bundle->number, NULL, fault));
    return watch_refreshed(ctl, bundle->authority, bundle->number, fault);
}

static void note_bundle(struct answer *a, const Parkgate__WatchBundle *bundle, uint32_t chunks)
{
    bool open = bundle->chunks < chunks;
    answer_note_number(a, "number", (int64_t)bundle->number);
    answer_note(a, "state", open ? "open" : "applied");
    answer_note_number(a, "chunks", chunks);
    answer_note_number(a, "next", open ? (int64_t)bundle->chunks + 1 : 0);
    answer_note_number(a, "changes", bundle->changes);
}

/* How many gates have it: a large one is on its way for a while. */
static void note_gates_of(struct controller *ctl, struct answer *a,
                          const Parkgate__WatchBundle *bundle)
{
    struct watch_gates gates = watch_gates_of(ctl, bundle->acts_at);
    answer_note_number(a, "gates_with_it", gates.have);
    answer_note_number(a, "gates_online", gates.online);
    if (bundle->gates_us != 0) {
        answer_note_number(a, "at_gates_us", bundle->gates_us);
    }
}

/* As it stands in the table now: closes it when it is whole, and says how far it is. */
static enum err go_on(struct controller *ctl, struct request *request, const char *authority,
                      const struct watch_manifest *manifest, struct fault *fault)
{
    enum err err = ERR_OK;
    Parkgate__WatchBundle *bundle = NULL;
    TRY(watch_bundle_get(ctl->txn, authority, manifest->number, &bundle, fault));
    if (bundle->chunks == manifest->chunk_count) {
        err = close_bundle(ctl, request, bundle, manifest, fault);
    }
    note_bundle(request->answer, bundle, manifest->chunk_count);
    parkgate__watch_bundle__free_unpacked(bundle, NULL);
    return err;
}

/* --- begin --- */

static bool read_signature(struct request *request, struct sign_value *ret)
{
    const char *text = NULL;
    if (!request_need(request, "signature", &text)) {
        return false;
    }
    return sign_from_base64(text, ret) ||
           (strlen(text) == 2 * sizeof(ret->bytes) &&
            bytes_from_hex(text, ret->bytes, sizeof(ret->bytes))) ||
           request_refuse(request, ERROR_ARG_BAD, "signature", "...",
                          "64 bytes as base64, or as hex digits");
}

static enum err expected_of(struct controller *ctl, const Parkgate__AuthorityRecord *authority,
                            struct watch_expected *ret, struct fault *fault)
{
    *ret = (struct watch_expected){.authority = name_or_none(authority->name),
                                   .last_number = authority->number,
                                   .now = ctl->now};
    if (authority->sign_key.len != SIGN_KEY_SIZE ||
        (authority->number > 0 && authority->digest.len != SEAL_HASH_SIZE)) {
        return fault_set(fault, ERR_CORRUPT, "authority: a damaged record");
    }
    memcpy(ret->key.bytes, authority->sign_key.data, SIGN_KEY_SIZE);
    if (authority->number > 0) {
        memcpy(ret->last_digest.bytes, authority->digest.data, SEAL_HASH_SIZE);
    }
    return watch_park_name(ctl, &ret->park, fault);
}

/* The bundle that is open, if any. ERR_OK with NULL: none. */
static enum err open_bundle(struct controller *ctl, const Parkgate__AuthorityRecord *authority,
                            Parkgate__WatchBundle **ret, struct fault *fault)
{
    *ret = NULL;
    return authority->open_number == 0
               ? ERR_OK
               : watch_bundle_get(ctl->txn, authority->name, authority->open_number, ret, fault);
}

static enum err record_begin(struct controller *ctl, struct request *request, const char *authority,
                             struct bytes manifest, const struct sign_value *signature,
                             const struct watch_manifest *read, struct fault *fault)
{
    struct journal_head head;
    struct watch_persons persons;
    Parkgate__WatchBundle bundle = PARKGATE__WATCH_BUNDLE__INIT;
    TRY(journal_head(ctl->txn, &head, fault));
    TRY(watch_persons_of(ctl->txn, authority, ctl->now, &persons, fault));
    bundle.authority = field_text(authority);
    bundle.number = read->number;
    bundle.stage = head.sequence + 1;
    bundle.manifest = field_of(manifest);
    bundle.signature = field_of(BYTES_OF(signature->bytes));
    bundle.digest = field_of(BYTES_OF(read->digest.bytes));
    bundle.persons = persons.waiting + persons.acting;
    bundle.begun_us = bundle.moved_us = ctl->now.us;
    bundle.state = STAGE_OPEN;
    return controller_record(ctl, ENTRY_WATCH_BEGIN, request->key->name, &bundle.base, fault);
}

/* Each bundle that is begun stays in the journal for ever. */
static bool fits_the_day(struct controller *ctl, struct request *request,
                         const Parkgate__AuthorityRecord *authority)
{
    char most[12];
    (void)snprintf(most, sizeof(most), "%d", LIMIT_WATCH_BUNDLES_DAY);
    return watch_begun_today(authority, ctl->now) < LIMIT_WATCH_BUNDLES_DAY ||
           request_refuse(request, ERROR_WATCH_A_DAY, authority->name, most, NULL);
}

/* A new one takes the place of another that was left. What the park makes itself, of what two named
 * operators entered or a library took back, is not counted against a station. */
static enum err begin(struct controller *ctl, struct request *request, bool of_park,
                      const Parkgate__AuthorityRecord *authority, struct bytes manifest,
                      const struct sign_value *signature, const struct watch_manifest *read,
                      struct fault *fault)
{
    static const struct complaint replaced; /* number 0: not refused */
    Parkgate__WatchBundle *open = NULL;
    enum err err = ERR_OK;
    TRY(open_bundle(ctl, authority, &open, fault));
    bool same = open != NULL && bytes_equal(field_view(&open->manifest), manifest);
    bool fits = same || of_park || fits_the_day(ctl, request, authority);
    if (fits && open != NULL && !same) {
        err =
            record_close(ctl, request->key->name, authority->name, open->number, &replaced, fault);
    }
    if (open != NULL) {
        parkgate__watch_bundle__free_unpacked(open, NULL);
    }
    TRY(err);
    if (!fits) {
        return ERR_OK;
    }
    if (!same) {
        TRY(record_begin(ctl, request, authority->name, manifest, signature, read, fault));
    }
    return go_on(ctl, request, authority->name, read, fault);
}

/* A station whose last answer was lost says the same bundle once more: it is told that it acts, and
 * since when, and which gates have it. Nothing is done again; the signed receipt is there for it.
 */
static enum err answer_if_applied(struct controller *ctl, struct request *request,
                                  const Parkgate__AuthorityRecord *authority, struct bytes manifest,
                                  const struct sign_value *signature, bool *ret_applied,
                                  struct fault *fault)
{
    static struct watch_manifest read; /* one thread; too large for the stack */
    struct complaint unused = {0};
    Parkgate__WatchBundle *bundle = NULL;
    *ret_applied = false;
    if (!watch_manifest_read(manifest, &read, &unused)) {
        return ERR_OK;
    }
    enum err err = watch_bundle_get(ctl->txn, authority->name, read.number, &bundle, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    *ret_applied = bundle->state == STAGE_CLOSED &&
                   bytes_equal(field_view(&bundle->manifest), manifest) &&
                   bytes_equal(field_view(&bundle->signature), BYTES_OF(signature->bytes));
    if (*ret_applied) {
        note_bundle(request->answer, bundle, bundle->chunks);
        answer_note(request->answer, "already", "yes");
        answer_note_number(request->answer, "applied_us", bundle->closed_us);
        note_gates_of(ctl, request->answer, bundle);
    }
    parkgate__watch_bundle__free_unpacked(bundle, NULL);
    return ERR_OK;
}

/* Told once as long as the day lasts; the refusal itself is remembered as any. */
static enum err tell_refused(struct controller *ctl, struct request *request, struct fault *fault)
{
    Parkgate__AuthorityRecord *authority = NULL;
    if (request->answer->complaint.number == ERROR_WATCH_A_DAY) {
        TRY(authority_of_key(ctl, request->key->name, &authority, fault));
        enum err err = fault_raise(ctl, &fault_watch_pushes, authority->name, "", "", fault);
        parkgate__authority_record__free_unpacked(authority, NULL);
        TRY(err);
    }
    return request_record_refusal(ctl, request, fault);
}

static enum err judge_begin(struct controller *ctl, struct request *request,
                            const Parkgate__AuthorityRecord *authority, struct bytes manifest,
                            const struct sign_value *signature, struct fault *fault)
{
    static struct watch_manifest read; /* one thread; too large for the stack */
    struct watch_expected expected;
    bool applied = false;
    TRY(answer_if_applied(ctl, request, authority, manifest, signature, &applied, fault));
    if (applied) {
        return ERR_OK;
    }
    request->refused = tell_refused;
    TRY(expected_of(ctl, authority, &expected, fault));
    return watch_manifest_check(manifest, signature, &expected, &read, &request->answer->complaint)
               ? begin(ctl, request, false, authority, manifest, signature, &read, fault)
               : ERR_OK;
}

static enum err on_watch_begin(struct controller *ctl, struct request *request, struct fault *fault)
{
    struct sign_value signature;
    struct bytes manifest = {0};
    Parkgate__AuthorityRecord *authority = NULL;
    if (!the_row(request, &manifest) || !read_signature(request, &signature)) {
        return ERR_OK;
    }
    TRY(pushing_authority(ctl, request, &authority, fault));
    if (authority == NULL) {
        return ERR_OK;
    }
    enum err err = judge_begin(ctl, request, authority, manifest, &signature, fault);
    parkgate__authority_record__free_unpacked(authority, NULL);
    return err;
}

/* --- chunk --- */

/* What the bundle holds can never be taken: it comes to nothing as a whole. A chunk that is not the
 * one that the manifest names says nothing of the bundle: the right one may come yet. */
static enum err drop_bundle(struct controller *ctl, struct request *request, struct fault *fault)
{
    Parkgate__AuthorityRecord *authority = NULL;
    const struct complaint *c = &request->answer->complaint;
    bool of_bundle = c->number != ERROR_WATCH_CHUNK && c->number != ERROR_WATCH_NOT_OPEN;
    if (!of_bundle || c->number < ERROR_WATCH_FORM || c->number > ERROR_WATCH_ID_UNKNOWN) {
        return ERR_OK;
    }
    TRY(authority_of_key(ctl, request->key->name, &authority, fault));
    enum err err = authority->open_number == 0
                       ? ERR_OK
                       : record_close(ctl, request->key->name, authority->name,
                                      authority->open_number, c, fault);
    parkgate__authority_record__free_unpacked(authority, NULL);
    return err;
}

struct chunk {
    uint64_t number, index;
    struct bytes bytes;
};

static bool read_chunk(struct request *request, struct chunk *ret)
{
    const char *unused = NULL;
    *ret = (struct chunk){0};
    return the_row(request, &ret->bytes) && request_need(request, "number", &unused) &&
           request_need(request, "chunk", &unused) &&
           request_number_or_none(request, "number", INT64_MAX, &ret->number) &&
           request_number_or_none(request, "chunk", LIMIT_WATCH_CHUNKS, &ret->index);
}

static bool is_the_next(struct request *request, const Parkgate__WatchBundle *bundle,
                        const struct chunk *chunk)
{
    char index[24];
    char next[64];
    if (chunk->index == (uint64_t)bundle->chunks + 1) {
        return true;
    }
    (void)snprintf(index, sizeof(index), "%llu", (unsigned long long)chunk->index);
    (void)snprintf(next, sizeof(next), "it is not the next one; go on with %u", bundle->chunks + 1);
    return request_refuse(request, ERROR_WATCH_CHUNK, index, next, NULL);
}

static enum err take_chunk(struct controller *ctl, struct request *request,
                           const Parkgate__AuthorityRecord *authority,
                           const Parkgate__WatchBundle *bundle, const struct chunk *chunk,
                           struct fault *fault)
{
    static struct watch_manifest manifest; /* one thread; too large for the stack */
    struct complaint *c = &request->answer->complaint;
    enum err err = ERR_OK;
    if (!watch_manifest_read(field_view(&bundle->manifest), &manifest, c)) {
        return fault_set(fault, ERR_CORRUPT, "watch: a kept manifest is damaged");
    }
    if (chunk->index > 0 && chunk->index <= bundle->chunks) {
        return go_on(ctl, request, authority->name, &manifest, fault); /* its answer was lost */
    }
    if (!is_the_next(request, bundle, chunk) ||
        !watch_stage_chunk(ctl, authority, bundle, &manifest, chunk->bytes, request->key->name, c,
                           &err, fault)) {
        return err;
    }
    return go_on(ctl, request, authority->name, &manifest, fault);
}

static enum err on_watch_chunk(struct controller *ctl, struct request *request, struct fault *fault)
{
    struct chunk chunk;
    Parkgate__AuthorityRecord *authority = NULL;
    Parkgate__WatchBundle *bundle = NULL;
    if (!read_chunk(request, &chunk)) {
        return ERR_OK;
    }
    TRY(pushing_authority(ctl, request, &authority, fault));
    if (authority == NULL) {
        return ERR_OK;
    }
    enum err err = open_bundle(ctl, authority, &bundle, fault);
    if (err == ERR_OK && (bundle == NULL || bundle->number != chunk.number)) {
        (void)request_refuse(request, ERROR_WATCH_NOT_OPEN, request_arg(request, "number"), NULL,
                             NULL);
    } else if (err == ERR_OK) {
        request->refused = drop_bundle;
        err = take_chunk(ctl, request, authority, bundle, &chunk, fault);
    }
    if (bundle != NULL) {
        parkgate__watch_bundle__free_unpacked(bundle, NULL);
    }
    parkgate__authority_record__free_unpacked(authority, NULL);
    return err;
}

/* --- the park's own --- */

enum err watch_apply(struct controller *ctl, struct request *request,
                     const Parkgate__AuthorityRecord *authority, struct bytes manifest,
                     const struct sign_value *signature, struct bytes chunk, struct fault *fault)
{
    static struct watch_manifest read; /* one thread; too large for the stack */
    struct watch_expected expected;
    Parkgate__WatchBundle *bundle = NULL;
    struct chunk first = {.number = authority->number + 1, .index = 1, .bytes = chunk};
    TRY(expected_of(ctl, authority, &expected, fault));
    if (!watch_manifest_check(manifest, signature, &expected, &read, &request->answer->complaint)) {
        return ERR_OK;
    }
    TRY(begin(ctl, request, true, authority, manifest, signature, &read, fault));
    TRY(watch_bundle_get(ctl->txn, authority->name, first.number, &bundle, fault));
    enum err err = take_chunk(ctl, request, authority, bundle, &first, fault);
    parkgate__watch_bundle__free_unpacked(bundle, NULL);
    return err;
}

/* --- status --- */

static void note_hex(struct answer *a, const char *name, struct bytes value)
{
    char hex[2 * SEAL_HASH_SIZE + 1] = "";
    if (value.size <= SEAL_HASH_SIZE) {
        bytes_to_hex(value, hex, sizeof(hex));
    }
    answer_note(a, name, hex);
}

static enum err note_open(struct controller *ctl, struct answer *a,
                          const Parkgate__AuthorityRecord *authority, struct fault *fault)
{
    Parkgate__WatchBundle *bundle = NULL;
    TRY(open_bundle(ctl, authority, &bundle, fault));
    if (bundle != NULL) {
        answer_note_number(a, "open", (int64_t)bundle->number);
        note_hex(a, "open_digest", field_view(&bundle->digest));
        answer_note_number(a, "next", (int64_t)bundle->chunks + 1);
        answer_note_number(a, "changes", bundle->changes);
        parkgate__watch_bundle__free_unpacked(bundle, NULL);
    }
    return ERR_OK;
}

/* Of the bundle applied last. */
static enum err note_gates(struct controller *ctl, struct answer *a,
                           const Parkgate__AuthorityRecord *authority, struct fault *fault)
{
    Parkgate__WatchBundle *bundle = NULL;
    enum err err = watch_bundle_get(ctl->txn, authority->name, authority->number, &bundle, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err; /* none was applied */
    }
    note_gates_of(ctl, a, bundle);
    parkgate__watch_bundle__free_unpacked(bundle, NULL);
    return ERR_OK;
}

/* The next number, if a bundle of it was refused last. */
static enum err note_refused(struct controller *ctl, struct answer *a,
                             const Parkgate__AuthorityRecord *authority, struct fault *fault)
{
    char text[512];
    Parkgate__WatchBundle *bundle = NULL;
    struct complaint c = {0};
    enum err err =
        watch_bundle_get(ctl->txn, authority->name, authority->number + 1, &bundle, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    if (bundle->state == STAGE_CANCELLED && bundle->error != 0) {
        c.number = (enum error_number)bundle->error;
        for (size_t i = 0; i < bundle->n_arg && i < ERROR_ARGS; i++) {
            (void)snprintf(c.arg[i], sizeof(c.arg[i]), "%s", bundle->arg[i]);
        }
        answer_note_number(a, "refused", (int64_t)bundle->number);
        answer_note_number(a, "refused_us", bundle->closed_us);
        error_sentence_en(&c, text, sizeof(text));
        answer_note(a, "refused_why", text);
        error_sentence_zh(&c, text, sizeof(text));
        answer_note(a, "refused_why_zh", text);
    }
    parkgate__watch_bundle__free_unpacked(bundle, NULL);
    return ERR_OK;
}

static enum err note_list(struct controller *ctl, struct answer *a,
                          const Parkgate__AuthorityRecord *authority, struct fault *fault)
{
    struct name park;
    struct watch_persons persons;
    TRY(watch_park_name(ctl, &park, fault));
    TRY(watch_persons_of(ctl->txn, authority->name, ctl->now, &persons, fault));
    answer_note(a, "authority", authority->name);
    answer_note(a, "park", park.text);
    answer_note(a, "state",
                authority->suspended                  ? "suspended"
                : watch_is_stale(authority, ctl->now) ? "stale"
                                                      : "active");
    answer_note_number(a, "number", (int64_t)authority->number);
    note_hex(a, "digest", field_view(&authority->digest));
    answer_note_number(a, "refreshed_us", authority->refreshed_us);
    answer_note_number(a, "refresh_h", authority->refresh_hours);
    answer_note_number(a, "waiting", persons.waiting);
    answer_note_number(a, "acting", persons.acting);
    answer_note_number(a, "vehicles", (int64_t)authority->vehicles);
    return ERR_OK;
}

static enum err on_watch_status(struct controller *ctl, struct request *request,
                                struct fault *fault)
{
    Parkgate__AuthorityRecord *authority = NULL;
    TRY(own_authority(ctl, request, &authority, fault));
    if (authority == NULL) {
        return ERR_OK;
    }
    enum err err = note_list(ctl, request->answer, authority, fault);
    if (err == ERR_OK) {
        err = note_gates(ctl, request->answer, authority, fault);
    }
    if (err == ERR_OK) {
        err = note_open(ctl, request->answer, authority, fault);
    }
    if (err == ERR_OK && authority->open_number == 0) {
        err = note_refused(ctl, request->answer, authority, fault);
    }
    parkgate__authority_record__free_unpacked(authority, NULL);
    return err;
}

/* --- what the station needs to have --- */

static enum err on_watch_key(struct controller *ctl, struct request *request, struct fault *fault)
{
    struct authority_keys keys;
    struct name park;
    struct sign_public sign = park_sign_public(ctl);
    Parkgate__AuthorityRecord *authority = NULL;
    TRY(own_authority(ctl, request, &authority, fault));
    if (authority == NULL) {
        return ERR_OK;
    }
    enum err err = watch_authority_keys(ctl, authority, &keys, fault);
    if (err == ERR_OK) {
        err = watch_park_name(ctl, &park, fault);
    }
    if (err == ERR_OK) {
        answer_note(request->answer, "authority", authority->name);
        answer_note(request->answer, "park", park.text);
        note_hex(request->answer, "park_sign", BYTES_OF(sign.bytes));
        answer_note_number(request->answer, "generation", authority->generation);
        note_hex(request->answer, "matching", BYTES_OF(keys.matching.bytes));
        seal_wipe(&keys, sizeof(keys));
    } else if (err == ERR_NOT_FOUND) {
        (void)request_refuse(request, ERROR_NOT_FOUND, "matching key of", authority->name, NULL);
        err = ERR_OK;
    }
    parkgate__authority_record__free_unpacked(authority, NULL);
    return err;
}

static enum err on_watch_receipt(struct controller *ctl, struct request *request,
                                 struct fault *fault)
{
    uint64_t number = 0;
    const char *unused = NULL;
    Parkgate__AuthorityRecord *authority = NULL;
    if (!request_need(request, "number", &unused) ||
        !request_number_or_none(request, "number", INT64_MAX, &number)) {
        return ERR_OK;
    }
    TRY(own_authority(ctl, request, &authority, fault));
    if (authority == NULL) {
        return ERR_OK;
    }
    enum err err = watch_receipts_answer(ctl, request, authority, number, fault);
    parkgate__authority_record__free_unpacked(authority, NULL);
    return err;
}

const struct verb_handler verbs_of_stations[] = {
    {"watch.begin",   on_watch_begin  },
    {"watch.chunk",   on_watch_chunk  },
    {"watch.key",     on_watch_key    },
    {"watch.receipt", on_watch_receipt},
    {"watch.status",  on_watch_status },
};
const size_t verbs_of_stations_count = ARRAY_LEN(verbs_of_stations);

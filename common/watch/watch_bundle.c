#include "common/watch/watch_bundle.h"

#include <stdio.h>
#include <string.h>

#include "common/access/civil.h"
#include "common/base/err.h"
#include "common/base/must.h"
#include "common/watch/watch_field.h"
#include "common/watch/watch_form.h"
#include "schema/watch.pb-c.h"

enum {
    MANIFEST_FIELDS = LIMIT_WATCH_CHUNKS + 16,
    CHUNK_FIELDS = LIMIT_WATCH_CHANGES_PER_CHUNK + 4
};
enum { WORD_SIZE = 24 };
#define SECOND_US INT64_C(1000000)

struct bytes watch_signed(const char *line, struct bytes body, uint8_t out[WATCH_SIGNED_MAX])
{
    struct writer w = writer_of(out, WATCH_SIGNED_MAX);
    writer_bytes(&w, bytes_of_text(line));
    writer_bytes(&w, body);
    MUST(!w.bad);
    return writer_view(&w);
}

static const char *number_text(char out[WORD_SIZE], uint64_t value)
{
    (void)snprintf(out, WORD_SIZE, "%llu", (unsigned long long)value);
    return out;
}

/* --- the manifest's form --- */

static bool take_hash(const ProtobufCBinaryData *from, struct seal_hash *ret)
{
    if (from->len != SEAL_HASH_SIZE) {
        return false;
    }
    memcpy(ret->bytes, from->data, SEAL_HASH_SIZE);
    return true;
}

static const char *wrong_with_counts(const struct watch_manifest *m)
{
    uint64_t sum = (uint64_t)m->counts[WATCH_CHANGE_ADD] + m->counts[WATCH_CHANGE_RENEW] +
                   m->counts[WATCH_CHANGE_WITHDRAW];
    if (sum != m->changes) {
        return "its counts are not those of its changes";
    }
    if (m->changes > LIMIT_WATCH_CHANGES) {
        return "it has too many changes for one bundle";
    }
    bool few = m->chunk_count > m->changes;
    bool many = m->changes > m->chunk_count * LIMIT_WATCH_CHANGES_PER_CHUNK;
    return few || many ? "so many changes do not fill so many chunks" : NULL;
}

static const char *take_chunks(const Parkgate__WatchManifest *from, struct watch_manifest *to)
{
    if (from->n_chunk > LIMIT_WATCH_CHUNKS) {
        return "it has too many chunks";
    }
    for (size_t i = 0; i < from->n_chunk; i++) {
        if (!take_hash(&from->chunk[i], &to->chunks[i])) {
            return "a chunk's digest is no SHA-256";
        }
    }
    to->chunk_count = (uint32_t)from->n_chunk;
    return wrong_with_counts(to);
}

static const char *take_manifest(const Parkgate__WatchManifest *from, struct watch_manifest *to)
{
    if (from->version != WATCH_VERSION) {
        return "its version is not 1";
    }
    if (!name_from_text(from->authority, &to->authority)) {
        return "its authority is no name";
    }
    if (!name_from_text(from->park, &to->park)) {
        return "its park is no name";
    }
    if (from->number == 0) {
        return "it has no number";
    }
    if (from->made_us <= 0 || from->made_us > WATCH_US_MAX) {
        return "it was made at no time between 1970 and 9999";
    }
    to->has_previous = from->previous.len > 0;
    if (to->has_previous != (from->number > 1) ||
        (to->has_previous && !take_hash(&from->previous, &to->previous))) {
        return "the first bundle has no bundle before it, every other one has its SHA-256";
    }
    to->number = from->number;
    to->made.us = from->made_us;
    to->changes = from->changes;
    to->counts[WATCH_CHANGE_ADD] = from->adds;
    to->counts[WATCH_CHANGE_RENEW] = from->renewals;
    to->counts[WATCH_CHANGE_WITHDRAW] = from->withdrawals;
    return take_chunks(from, to);
}

bool watch_manifest_read(struct bytes manifest, struct watch_manifest *ret, struct complaint *c)
{
    static const struct message_bounds bounds = {MANIFEST_FIELDS, LIMIT_TEXT_BYTES};
    const char *why = NULL;
    if (manifest.size > LIMIT_WATCH_CHUNK_BYTES) {
        return complain(c, ERROR_WATCH_FORM, "the manifest", "it is too long", NULL, NULL);
    }
    AUTO(watch_form_free)
    ProtobufCMessage *message =
        watch_form_read(&parkgate__watch_manifest__descriptor, manifest, bounds, &why);
    memset(ret, 0, sizeof(*ret));
    if (message != NULL) {
        why = take_manifest((const void *)message, ret);
    }
    if (why != NULL) {
        return complain(c, ERROR_WATCH_FORM, "the manifest", why, NULL, NULL);
    }
    ret->digest = seal_hash_of(manifest);
    return true;
}

/* --- may it come now, from them, here? --- */

static bool is_signed(struct bytes manifest, const struct sign_value *signature,
                      const struct sign_public *key)
{
    uint8_t text[WATCH_SIGNED_MAX];
    if (manifest.size > LIMIT_WATCH_CHUNK_BYTES) {
        return false;
    }
    return sign_is_good(key, watch_signed(WATCH_SIGN_MANIFEST, manifest, text), signature);
}

static bool is_next(const struct watch_manifest *m, const struct watch_expected *e,
                    struct complaint *c)
{
    char is[WORD_SIZE];
    char should[WORD_SIZE];
    if (e->last_number == UINT64_MAX || m->number != e->last_number + 1) {
        return complain(c, ERROR_WATCH_NUMBER, number_text(is, m->number), e->authority.text,
                        number_text(should, e->last_number + 1), NULL);
    }
    if (m->has_previous && memcmp(m->previous.bytes, e->last_digest.bytes, SEAL_HASH_SIZE) != 0) {
        return complain(c, ERROR_WATCH_BASE, number_text(is, m->number),
                        number_text(should, e->last_number), NULL, NULL);
    }
    return true;
}

static void stamp_text(struct wall when, char out[CIVIL_STAMP_SIZE])
{
    struct tz_table utc;
    tz_utc(&utc);
    civil_stamp_format(&utc, when, out);
}

static bool is_of_now(const struct watch_manifest *m, struct wall now, struct complaint *c)
{
    char made[CIVIL_STAMP_SIZE];
    char here[CIVIL_STAMP_SIZE];
    bool early = m->made.us - LIMIT_WATCH_EARLY_S * SECOND_US > now.us;
    bool late = m->made.us + LIMIT_WATCH_BUNDLE_S * SECOND_US < now.us;
    if (!early && !late) {
        return true;
    }
    stamp_text(m->made, made);
    stamp_text(now, here);
    return complain(c, ERROR_WATCH_MADE, made, here, NULL, NULL);
}

bool watch_manifest_check(struct bytes manifest, const struct sign_value *signature,
                          const struct watch_expected *expected, struct watch_manifest *ret,
                          struct complaint *c)
{
    if (!is_signed(manifest, signature, &expected->key)) {
        return complain(c, ERROR_WATCH_SIGNATURE, expected->authority.text, NULL, NULL, NULL);
    }
    if (!watch_manifest_read(manifest, ret, c)) {
        return false;
    }
    if (!name_equal(ret->authority, expected->authority)) {
        return complain(c, ERROR_WATCH_AUTHORITY, ret->authority.text, expected->authority.text,
                        NULL, NULL);
    }
    if (!name_equal(ret->park, expected->park)) {
        return complain(c, ERROR_WATCH_PARK, ret->park.text, expected->park.text, NULL, NULL);
    }
    return is_next(ret, expected, c) && is_of_now(ret, expected->now, c);
}

/* --- chunks --- */

/* One reading of one chunk. */
struct reading {
    const struct watch_manifest *manifest;
    struct watch_walk walk;
    struct watch_taker taker;
    struct complaint *c;
};

static bool refuse_chunk(const struct reading *r, const char *why)
{
    char index[WORD_SIZE];
    return complain(r->c, ERROR_WATCH_CHUNK, number_text(index, (uint64_t)r->walk.chunks + 1), why,
                    NULL, NULL);
}

static bool refuse_count(const struct reading *r, const char *what, uint32_t said, uint32_t found)
{
    char is[WORD_SIZE];
    char should[WORD_SIZE];
    return complain(r->c, ERROR_WATCH_COUNT, what, number_text(should, said),
                    number_text(is, found), NULL);
}

static const char *const count_words[WATCH_CHANGE_COUNT] = {
    [WATCH_CHANGE_NONE] = "",
    [WATCH_CHANGE_ADD] = "adds",
    [WATCH_CHANGE_RENEW] = "renewals",
    [WATCH_CHANGE_WITHDRAW] = "withdrawals",
};

static bool take_change(struct reading *r, struct bytes packed)
{
    struct watch_change change;
    char number[WORD_SIZE];
    struct watch_place place = {.change = r->walk.changes + 1, .made = r->manifest->made};
    if (!watch_change_read(packed, place, &change, r->c)) {
        return false;
    }
    if (strcmp(change.entry.id, r->walk.last_id) <= 0) {
        return complain(r->c, ERROR_WATCH_ORDER, number_text(number, place.change), change.entry.id,
                        NULL, NULL);
    }
    uint32_t said = r->manifest->counts[change.kind];
    if (++r->walk.counts[change.kind] > said) {
        return refuse_count(r, count_words[change.kind], said, r->walk.counts[change.kind]);
    }
    r->walk.changes++;
    memcpy(r->walk.last_id, change.entry.id, sizeof(r->walk.last_id));
    return r->taker.take == NULL || r->taker.take(r->taker.ctx, &change, r->c);
}

static bool is_the_next(const struct reading *r, struct bytes chunk)
{
    if (r->walk.chunks >= r->manifest->chunk_count) {
        return refuse_chunk(r, "the manifest names no such chunk");
    }
    if (chunk.size > LIMIT_WATCH_CHUNK_BYTES) {
        return refuse_chunk(r, "it is over 48 KiB");
    }
    _Static_assert(LIMIT_WATCH_CHUNK_BYTES == 48 * 1024, "the sentence says so");
    struct seal_hash hash = seal_hash_of(chunk);
    if (memcmp(hash.bytes, r->manifest->chunks[r->walk.chunks].bytes, SEAL_HASH_SIZE) != 0) {
        return refuse_chunk(r, "it is not the one that the manifest names");
    }
    return true;
}

static bool take_chunk(struct reading *r, const Parkgate__WatchChunk *chunk)
{
    if (chunk->index != r->walk.chunks + 1) {
        return refuse_chunk(r, "it says that it stands elsewhere");
    }
    if (chunk->n_change == 0 || chunk->n_change > LIMIT_WATCH_CHANGES_PER_CHUNK) {
        return refuse_chunk(r, "it holds no change, or over 200");
    }
    _Static_assert(LIMIT_WATCH_CHANGES_PER_CHUNK == 200, "the sentence says so");
    for (size_t i = 0; i < chunk->n_change; i++) {
        struct bytes packed = {.data = chunk->change[i].data, .size = chunk->change[i].len};
        if (!take_change(r, packed)) {
            return false;
        }
    }
    r->walk.chunks++;
    return true;
}

bool watch_chunk_check(const struct watch_manifest *manifest, struct watch_walk *walk,
                       struct bytes chunk, struct watch_taker taker, struct complaint *c)
{
    static const struct message_bounds bounds = {CHUNK_FIELDS, LIMIT_WATCH_ENTRY_BYTES};
    struct reading r = {.manifest = manifest, .walk = *walk, .taker = taker, .c = c};
    char where[WORD_SIZE + 8];
    const char *why = NULL;
    if (!is_the_next(&r, chunk)) {
        return false;
    }
    AUTO(watch_form_free)
    ProtobufCMessage *message =
        watch_form_read(&parkgate__watch_chunk__descriptor, chunk, bounds, &why);
    if (message == NULL) {
        (void)snprintf(where, sizeof(where), "chunk %u", walk->chunks + 1);
        return complain(c, ERROR_WATCH_FORM, where, why, NULL, NULL);
    }
    if (!take_chunk(&r, (const void *)message)) {
        return false;
    }
    *walk = r.walk;
    return true;
}

bool watch_bundle_is_whole(const struct watch_manifest *manifest, const struct watch_walk *walk,
                           struct complaint *c)
{
    struct reading r = {.manifest = manifest, .walk = *walk, .c = c};
    if (walk->chunks != manifest->chunk_count) {
        return refuse_chunk(&r, "it is missing");
    }
    for (int kind = WATCH_CHANGE_ADD; kind < WATCH_CHANGE_COUNT; kind++) {
        if (walk->counts[kind] != manifest->counts[kind]) {
            return refuse_count(&r, count_words[kind], manifest->counts[kind], walk->counts[kind]);
        }
    }
    MUST(walk->changes == manifest->changes);
    return true;
}

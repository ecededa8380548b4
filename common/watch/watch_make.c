#include "common/watch/watch_make.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "common/watch/watch_form.h"
#include "schema/watch.pb-c.h"

enum { LENGTH_SIZE = 4, MAGIC_SIZE = 8, PACKED_OVERHEAD = 4, INDEX_MAX = 8 };

static const char magic[MAGIC_SIZE] = {'P', 'G', 'W', 'A', 'T', 'C', 'H', '1'};

/* --- collecting --- */

struct watch_made_change {
    size_t at, size; /* packed, in the maker's data */
    char id[LIMIT_WATCH_ID_BYTES + 1];
    enum watch_change_kind kind;
};

static void *grown(void *data, size_t *capacity, size_t needed, size_t item)
{
    if (needed <= *capacity) {
        return data;
    }
    size_t more = *capacity == 0 ? 256 : *capacity * 2;
    *capacity = more > needed ? more : needed;
    data = realloc(data, *capacity * item);
    MUST(data != NULL);
    return data;
}

bool watch_maker_add(struct watch_maker *maker, const struct watch_change *change,
                     struct complaint *c)
{
    if (maker->count >= LIMIT_WATCH_CHANGES) {
        _Static_assert(LIMIT_WATCH_CHANGES == 204800, "the sentence says so");
        return complain(c, ERROR_LIMIT_REACHED, "changes of one bundle", "204800", NULL, NULL);
    }
    maker->changes =
        grown(maker->changes, &maker->change_capacity, maker->count + 1, sizeof(maker->changes[0]));
    maker->data = grown(maker->data, &maker->capacity, maker->size + LIMIT_WATCH_ENTRY_BYTES, 1);
    struct watch_made_change *made = &maker->changes[maker->count++];
    made->at = maker->size;
    made->size = watch_change_write(change, maker->data + maker->size);
    made->kind = change->kind;
    memcpy(made->id, change->entry.id, sizeof(made->id));
    maker->size += made->size;
    return true;
}

void watch_maker_destroy(struct watch_maker *maker)
{
    free(maker->data);
    free(maker->changes);
    *maker = (struct watch_maker){0};
}

static int compare_ids(const void *a, const void *b)
{
    return strcmp(((const struct watch_made_change *)a)->id,
                  ((const struct watch_made_change *)b)->id);
}

/* --- packing --- */

/* The file as it grows; chunks are told by their offsets, for it moves. */
struct packing {
    const struct watch_maker *maker;
    uint8_t *chunks; /* length, chunk, ... */
    size_t size, capacity;
    uint32_t count;
    size_t at[LIMIT_WATCH_CHUNKS], sizes[LIMIT_WATCH_CHUNKS];
    struct seal_hash hashes[LIMIT_WATCH_CHUNKS];
};

static void put_length(uint8_t *out, size_t size)
{
    struct writer w = writer_of(out, LENGTH_SIZE);
    writer_u32(&w, (uint32_t)size);
}

/* How many changes from `first` on go into one chunk. */
static size_t fitting(const struct watch_maker *maker, size_t first)
{
    size_t size = INDEX_MAX;
    size_t count = 0;
    while (first + count < maker->count && count < LIMIT_WATCH_CHANGES_PER_CHUNK) {
        size += maker->changes[first + count].size + PACKED_OVERHEAD;
        if (size > LIMIT_WATCH_CHUNK_BYTES) {
            break;
        }
        count++;
    }
    return count;
}

static void pack_chunk(struct packing *p, size_t first, size_t count)
{
    ProtobufCBinaryData packed[LIMIT_WATCH_CHANGES_PER_CHUNK];
    Parkgate__WatchChunk chunk = PARKGATE__WATCH_CHUNK__INIT;
    for (size_t i = 0; i < count; i++) {
        const struct watch_made_change *made = &p->maker->changes[first + i];
        packed[i] = (ProtobufCBinaryData){.len = made->size, .data = p->maker->data + made->at};
    }
    chunk.index = p->count + 1;
    chunk.n_change = count;
    chunk.change = packed;
    p->chunks = grown(p->chunks, &p->capacity, p->size + LENGTH_SIZE + LIMIT_WATCH_CHUNK_BYTES, 1);
    uint8_t *out = p->chunks + p->size;
    size_t size = watch_form_write(&chunk.base, out + LENGTH_SIZE, LIMIT_WATCH_CHUNK_BYTES);
    MUST(size != SIZE_MAX && count > 0);
    put_length(out, size);
    p->at[p->count] = p->size + LENGTH_SIZE;
    p->sizes[p->count] = size;
    p->hashes[p->count] = seal_hash_of((struct bytes){.data = out + LENGTH_SIZE, .size = size});
    p->size += LENGTH_SIZE + size;
    p->count++;
}

static bool pack_chunks(struct packing *p, struct complaint *c)
{
    for (size_t first = 0; first < p->maker->count;) {
        if (p->count == LIMIT_WATCH_CHUNKS) {
            _Static_assert(LIMIT_WATCH_CHUNKS == 1024, "the sentence says so");
            return complain(c, ERROR_LIMIT_REACHED, "chunks of one bundle", "1024", NULL, NULL);
        }
        size_t count = fitting(p->maker, first);
        pack_chunk(p, first, count);
        first += count;
    }
    return true;
}

static uint32_t count_of(const struct watch_maker *maker, enum watch_change_kind kind)
{
    uint32_t count = 0;
    for (size_t i = 0; i < maker->count; i++) {
        count += maker->changes[i].kind == kind;
    }
    return count;
}

static size_t pack_manifest(struct packing *p, const struct watch_plan *plan, uint8_t *out)
{
    ProtobufCBinaryData hashes[LIMIT_WATCH_CHUNKS];
    struct watch_plan copy = *plan;
    Parkgate__WatchManifest manifest = PARKGATE__WATCH_MANIFEST__INIT;
    for (uint32_t i = 0; i < p->count; i++) {
        hashes[i] = (ProtobufCBinaryData){.len = SEAL_HASH_SIZE, .data = p->hashes[i].bytes};
    }
    manifest.version = WATCH_VERSION;
    manifest.authority = copy.authority.text;
    manifest.park = copy.park.text;
    manifest.number = copy.number;
    if (copy.number > 1) {
        manifest.previous =
            (ProtobufCBinaryData){.len = SEAL_HASH_SIZE, .data = copy.previous.bytes};
    }
    manifest.made_us = copy.made.us;
    manifest.changes = (uint32_t)p->maker->count;
    manifest.adds = count_of(p->maker, WATCH_CHANGE_ADD);
    manifest.renewals = count_of(p->maker, WATCH_CHANGE_RENEW);
    manifest.withdrawals = count_of(p->maker, WATCH_CHANGE_WITHDRAW);
    manifest.n_chunk = p->count;
    manifest.chunk = hashes;
    size_t size = watch_form_write(&manifest.base, out, LIMIT_WATCH_CHUNK_BYTES);
    MUST(size != SIZE_MAX);
    return size;
}

/* --- the file --- */

static void build_file(const struct packing *p, struct bytes manifest, const struct sign_key *key,
                       struct watch_bundle *ret)
{
    uint8_t text[WATCH_SIGNED_MAX];
    sign_make(key, watch_signed(WATCH_SIGN_MANIFEST, manifest, text), &ret->signature);
    size_t head = MAGIC_SIZE + LENGTH_SIZE + manifest.size + SEAL_SIGNATURE_SIZE;
    ret->file_size = head + p->size;
    ret->file = malloc(ret->file_size);
    MUST(ret->file != NULL);
    struct writer w = writer_of(ret->file, ret->file_size);
    writer_bytes(&w, BYTES_OF(magic));
    writer_u32(&w, (uint32_t)manifest.size);
    writer_bytes(&w, manifest);
    writer_bytes(&w, BYTES_OF(ret->signature.bytes));
    writer_bytes(&w, (struct bytes){.data = p->chunks, .size = p->size});
    MUST(!w.bad && w.size == ret->file_size);
    ret->manifest =
        (struct bytes){.data = ret->file + MAGIC_SIZE + LENGTH_SIZE, .size = manifest.size};
    ret->chunk_count = p->count;
    for (uint32_t i = 0; i < p->count; i++) {
        ret->chunks[i] = (struct bytes){.data = ret->file + head + p->at[i], .size = p->sizes[i]};
    }
}

static struct watch_expected expected_of(const struct watch_plan *plan, const struct sign_key *key)
{
    return (struct watch_expected){.authority = plan->authority,
                                   .park = plan->park,
                                   .key = sign_public_of(key),
                                   .last_number = plan->number - 1,
                                   .last_digest = plan->previous,
                                   .now = plan->made};
}

bool watch_make(struct watch_maker *maker, const struct watch_plan *plan,
                const struct sign_key *key, struct watch_bundle *ret, struct complaint *c)
{
    MUST(plan->number > 0);
    struct packing *p = calloc(1, sizeof(*p));
    uint8_t *manifest = malloc(LIMIT_WATCH_CHUNK_BYTES);
    MUST(p != NULL && manifest != NULL);
    if (maker->count > 0) {
        qsort(maker->changes, maker->count, sizeof(maker->changes[0]), compare_ids);
    }
    p->maker = maker;
    *ret = (struct watch_bundle){0};
    bool good = pack_chunks(p, c);
    if (good) {
        size_t size = pack_manifest(p, plan, manifest);
        struct watch_expected expected = expected_of(plan, key);
        build_file(p, (struct bytes){.data = manifest, .size = size}, key, ret);
        good = watch_bundle_check(ret, &expected, (struct watch_taker){0}, c);
    }
    free(manifest);
    free(p->chunks);
    free(p);
    if (!good) {
        watch_bundle_destroy(ret);
    }
    return good;
}

static const char *open_parts(struct bytes file, struct watch_bundle *ret)
{
    struct reader r = reader_of(file);
    if (!bytes_equal(reader_bytes(&r, MAGIC_SIZE), BYTES_OF(magic))) {
        return "it is no bundle of parkgate watch sign";
    }
    ret->manifest = reader_bytes(&r, reader_u32(&r));
    struct bytes signature = reader_bytes(&r, SEAL_SIGNATURE_SIZE);
    if (r.bad) {
        return "it is cut short";
    }
    memcpy(ret->signature.bytes, signature.data, SEAL_SIGNATURE_SIZE);
    while (r.at < r.in.size) {
        if (ret->chunk_count == LIMIT_WATCH_CHUNKS) {
            return "it has too many chunks";
        }
        ret->chunks[ret->chunk_count++] = reader_bytes(&r, reader_u32(&r));
        if (r.bad) {
            return "it is cut short";
        }
    }
    return NULL;
}

bool watch_bundle_open(uint8_t *file, size_t size, struct watch_bundle *ret, const char **ret_why)
{
    *ret = (struct watch_bundle){.file = file, .file_size = size};
    *ret_why = open_parts((struct bytes){.data = file, .size = size}, ret);
    if (*ret_why != NULL) {
        watch_bundle_destroy(ret);
    }
    return *ret_why == NULL;
}

void watch_bundle_destroy(struct watch_bundle *bundle)
{
    free(bundle->file);
    *bundle = (struct watch_bundle){0};
}

bool watch_bundle_check(const struct watch_bundle *bundle, const struct watch_expected *expected,
                        struct watch_taker taker, struct complaint *c)
{
    struct watch_manifest *manifest = calloc(1, sizeof(*manifest));
    struct watch_walk walk = {0};
    MUST(manifest != NULL);
    bool good = watch_manifest_check(bundle->manifest, &bundle->signature, expected, manifest, c);
    for (size_t i = 0; good && i < bundle->chunk_count; i++) {
        good = watch_chunk_check(manifest, &walk, bundle->chunks[i], taker, c);
    }
    good = good && watch_bundle_is_whole(manifest, &walk, c);
    free(manifest);
    return good;
}

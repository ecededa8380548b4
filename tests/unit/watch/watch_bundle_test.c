/* Goal: a bundle is taken only whole, signed, next, on its base, for this park, in its one form;
 * and each other one is refused with the exact reason. Method: bundles built message by message and
 * signed, so that each may be wrong in one place while all else, its signature too, is right. */
#include "common/watch/watch_bundle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"
#include "common/watch/watch_form.h"
#include "tests/unit/watch/sample.h"

enum { CHUNKS_MOST = 4, CHANGES_MOST = 201, TAIL_MOST = 16 };

/* A bundle under construction. */
struct crafted {
    Parkgate__WatchManifest manifest;
    uint8_t hash[CHUNKS_MOST + 1][SEAL_HASH_SIZE];
    ProtobufCBinaryData hashes[LIMIT_WATCH_CHUNKS + 1];
    uint8_t previous[SEAL_HASH_SIZE];
    size_t chunk_count;
    uint8_t chunk[CHUNKS_MOST][LIMIT_WATCH_CHUNK_BYTES + 64];
    size_t chunk_size[CHUNKS_MOST];
    uint8_t packed[LIMIT_WATCH_CHUNK_BYTES];
    size_t packed_size;
    struct sign_value signature;
    struct watch_expected expected;
};

static char *text(const char *words)
{
    return (char *)(uintptr_t)words;
}

static size_t write_change(const struct watch_change *change, uint8_t out[LIMIT_WATCH_ENTRY_BYTES])
{
    return watch_change_write(change, out);
}

/* Packs these changes as the chunk `at`, which says it is the chunk `index`. */
static void put_chunk(struct crafted *b, size_t at, uint32_t index,
                      const struct watch_change *changes, size_t count)
{
    static uint8_t bytes[CHANGES_MOST][LIMIT_WATCH_ENTRY_BYTES];
    ProtobufCBinaryData packed[CHANGES_MOST];
    Parkgate__WatchChunk chunk = PARKGATE__WATCH_CHUNK__INIT;
    for (size_t i = 0; i < count; i++) {
        packed[i] =
            (ProtobufCBinaryData){.len = write_change(&changes[i], bytes[i]), .data = bytes[i]};
    }
    chunk.index = index;
    chunk.n_change = count;
    chunk.change = packed;
    b->chunk_size[at] = watch_form_write(&chunk.base, b->chunk[at], sizeof(b->chunk[at]));
    assert_true(b->chunk_size[at] != SIZE_MAX);
}

/* The digests of the chunks as they are now. */
static void put_hashes(struct crafted *b)
{
    for (size_t i = 0; i < b->chunk_count; i++) {
        struct seal_hash hash =
            seal_hash_of((struct bytes){.data = b->chunk[i], .size = b->chunk_size[i]});
        memcpy(b->hash[i], hash.bytes, SEAL_HASH_SIZE);
        b->hashes[i] = (ProtobufCBinaryData){.len = SEAL_HASH_SIZE, .data = b->hash[i]};
    }
    b->manifest.n_chunk = b->chunk_count;
    b->manifest.chunk = b->hashes;
}

static void sign_bytes(struct crafted *b)
{
    uint8_t line[WATCH_SIGNED_MAX];
    struct sign_key key = sample_key(7);
    struct bytes body = {.data = b->packed, .size = b->packed_size};
    sign_make(&key, watch_signed(WATCH_SIGN_MANIFEST, body, line), &b->signature);
}

static void sign(struct crafted *b)
{
    b->packed_size = watch_form_write(&b->manifest.base, b->packed, sizeof(b->packed));
    assert_true(b->packed_size != SIZE_MAX);
    sign_bytes(b);
}

static struct watch_change change_of(const char *id, enum watch_change_kind kind)
{
    struct watch_change change = sample_add(id, WATCH_MATCHER_PLATE, 12345);
    change.kind = kind;
    return change;
}

/* Two chunks, five changes: a b c, d e. */
static struct crafted *craft(void)
{
    static struct crafted b;
    struct watch_change first[] = {change_of("a", WATCH_CHANGE_ADD),
                                   change_of("b", WATCH_CHANGE_ADD),
                                   change_of("c", WATCH_CHANGE_RENEW)};
    struct watch_change second[] = {change_of("d", WATCH_CHANGE_WITHDRAW),
                                    change_of("e", WATCH_CHANGE_ADD)};
    memset(&b, 0, sizeof(b));
    b.expected = sample_expected();
    parkgate__watch_manifest__init(&b.manifest);
    b.manifest.version = 1;
    b.manifest.authority = text("west-station");
    b.manifest.park = text("north-park");
    b.manifest.number = 1;
    b.manifest.made_us = SAMPLE_MADE_US;
    b.manifest.changes = 5;
    b.manifest.adds = 3;
    b.manifest.renewals = 1;
    b.manifest.withdrawals = 1;
    b.chunk_count = 2;
    put_chunk(&b, 0, 1, first, ARRAY_LEN(first));
    put_chunk(&b, 1, 2, second, ARRAY_LEN(second));
    put_hashes(&b);
    sign(&b);
    return &b;
}

/* What came out of it, change by change: "a b c d e". */
struct taken {
    char ids[256];
    bool refuse;
};

static bool take(void *ctx, const struct watch_change *change, struct complaint *c)
{
    struct taken *taken = ctx;
    size_t used = strlen(taken->ids);
    (void)snprintf(taken->ids + used, sizeof(taken->ids) - used, "%s%s", used > 0 ? " " : "",
                   change->entry.id);
    return !taken->refuse || complain(c, ERROR_NOT_FOUND, "entry", change->entry.id, NULL, NULL);
}

static bool check(struct crafted *b, struct taken *taken, struct complaint *c)
{
    static struct watch_manifest manifest;
    struct watch_walk walk = {0};
    struct watch_taker taker = {.take = take, .ctx = taken};
    struct bytes packed = {.data = b->packed, .size = b->packed_size};
    if (!watch_manifest_check(packed, &b->signature, &b->expected, &manifest, c)) {
        return false;
    }
    for (size_t i = 0; i < b->chunk_count; i++) {
        struct bytes chunk = {.data = b->chunk[i], .size = b->chunk_size[i]};
        struct watch_walk before = walk;
        if (!watch_chunk_check(&manifest, &walk, chunk, taker, c)) {
            assert_memory_equal(&walk, &before, sizeof(walk));
            return false;
        }
    }
    return watch_bundle_is_whole(&manifest, &walk, c);
}

static void refused(struct crafted *b, enum error_number number, const char *en, const char *zh)
{
    struct taken taken = {0};
    struct complaint c = {0};
    assert_false(check(b, &taken, &c));
    sample_says(&c, number, en, zh);
}

static void test_a_good_bundle_is_taken(void **state)
{
    struct crafted *b = craft();
    struct taken taken = {0};
    struct complaint c = {0};
    (void)state;
    assert_true(check(b, &taken, &c));
    assert_string_equal(taken.ids, "a b c d e");
}

static void test_an_empty_bundle_says_the_list_is_as_it_was(void **state)
{
    struct crafted *b = craft();
    struct taken taken = {0};
    struct complaint c = {0};
    (void)state;
    b->manifest.changes = b->manifest.adds = b->manifest.renewals = b->manifest.withdrawals = 0;
    b->chunk_count = b->manifest.n_chunk = 0;
    sign(b);
    assert_true(check(b, &taken, &c));
    assert_string_equal(taken.ids, "");
}

#define NO_SIGNATURE                                                                               \
    ERROR_WATCH_SIGNATURE,                                                                         \
        "the bundle is not signed by the signing key of authority west-station; nothing was "      \
        "applied",                                                                                 \
        "该批布控不是由机关 west-station 的签名密钥签名；未作任何更改"

static void test_the_signature_is_of_these_bytes_and_this_key(void **state)
{
    struct crafted *b = craft();
    struct sign_key other = sample_key(8);
    uint8_t line[WATCH_SIGNED_MAX];
    (void)state;
    for (size_t i = 0; i < b->packed_size; i++) {
        b->packed[i] ^= 1;
        refused(b, NO_SIGNATURE);
        b->packed[i] ^= 1;
    }
    for (size_t i = 0; i < sizeof(b->signature.bytes); i++) {
        b->signature.bytes[i] ^= 0x80;
        refused(b, NO_SIGNATURE);
        b->signature.bytes[i] ^= 0x80;
    }
    b->packed_size--;
    refused(b, NO_SIGNATURE);
    b->packed_size++;
    struct bytes body = {.data = b->packed, .size = b->packed_size};
    sign_make(&other, watch_signed(WATCH_SIGN_MANIFEST, body, line), &b->signature);
    refused(b, NO_SIGNATURE);
    memset(&b->signature, 0, sizeof(b->signature));
    refused(b, NO_SIGNATURE);
    /* the right key over the same bytes, but as another thing */
    other = sample_key(7);
    sign_make(&other, watch_signed(WATCH_SIGN_RECEIPT, body, line), &b->signature);
    refused(b, NO_SIGNATURE);
    sign_make(&other, body, &b->signature);
    refused(b, NO_SIGNATURE);
}

static void test_of_this_authority_for_this_park(void **state)
{
    struct crafted *b = craft();
    (void)state;
    b->manifest.authority = text("east-station");
    sign(b);
    refused(b, ERROR_WATCH_AUTHORITY,
            "the bundle is of authority \"east-station\", and this key is of authority "
            "west-station",
            "该批布控属于机关“east-station”，而此密钥属于机关 west-station");
    b->manifest.authority = text("west-station");
    b->manifest.park = text("south-park");
    sign(b);
    refused(b, ERROR_WATCH_PARK,
            "the bundle is for park \"south-park\", and this is park north-park",
            "该批布控是给园区“south-park”的，而此处是园区 north-park");
}

static void test_numbers_rise_by_one(void **state)
{
    struct crafted *b = craft();
    struct taken taken = {0};
    struct complaint c = {0};
    char en[256];
    char zh[256];
    (void)state;
    memset(b->previous, 0x31, sizeof(b->previous));
    memset(b->expected.last_digest.bytes, 0x31, SEAL_HASH_SIZE);
    b->manifest.previous = (ProtobufCBinaryData){.len = SEAL_HASH_SIZE, .data = b->previous};
    b->expected.last_number = 7;
    for (uint64_t number = 2; number < 12; number++) {
        b->manifest.number = number;
        sign(b);
        if (number == 8) {
            assert_true(check(b, &taken, &c));
            continue;
        }
        (void)snprintf(en, sizeof(en),
                       "the bundle has number %d, and the next one of authority west-station is "
                       "number 8",
                       (int)number);
        (void)snprintf(zh, sizeof(zh), "该批布控编号为 %d，而机关 west-station 的下一批应为 8",
                       (int)number);
        refused(b, ERROR_WATCH_NUMBER, en, zh);
    }
    b->manifest.number = UINT64_MAX;
    b->expected.last_number = UINT64_MAX;
    sign(b);
    assert_false(check(b, &taken, &c));
    assert_int_equal(c.number, ERROR_WATCH_NUMBER);
    b->expected.last_number = UINT64_MAX - 1;
    assert_true(check(b, &taken, &c));
}

static void test_it_builds_on_the_bundle_before(void **state)
{
    struct crafted *b = craft();
    (void)state;
    b->expected.last_number = 7;
    memset(b->expected.last_digest.bytes, 0x31, SEAL_HASH_SIZE);
    memset(b->previous, 0x31, sizeof(b->previous));
    b->previous[31] = 0x32;
    b->manifest.number = 8;
    b->manifest.previous = (ProtobufCBinaryData){.len = SEAL_HASH_SIZE, .data = b->previous};
    sign(b);
    refused(b, ERROR_WATCH_BASE,
            "bundle 8 does not build on bundle 7 as it was applied here; sign it again on that one",
            "第 8 批不是建立在此处已生效的第 7 批之上；请在其基础上重新签名");
}

static void malformed(struct crafted *b, const char *why)
{
    char en[256];
    char zh[256];
    (void)snprintf(en, sizeof(en),
                   "the manifest is not in its one form: %s; encode it as schema/watch.proto says "
                   "and sign it again",
                   why);
    (void)snprintf(zh, sizeof(zh),
                   "the manifest 不是规定的唯一编码形式：%s；请按 schema/watch.proto "
                   "编码后重新签名",
                   why);
    refused(b, ERROR_WATCH_FORM, en, zh);
}

static void test_fields_of_the_manifest(void **state)
{
    struct crafted *b = NULL;
    (void)state;
#define SPOILT(field, value, why)                                                                  \
    b = craft();                                                                                   \
    b->manifest.field = (value);                                                                   \
    sign(b);                                                                                       \
    malformed(b, why)
    SPOILT(version, 0, "its version is not 1");
    SPOILT(version, 2, "its version is not 1");
    SPOILT(authority, text("West Station"), "its authority is no name");
    SPOILT(authority, text(""), "its authority is no name");
    SPOILT(park, text(""), "its park is no name");
    SPOILT(number, 0, "it has no number");
    SPOILT(made_us, 0, "it was made at no time between 1970 and 9999");
    SPOILT(made_us, -1, "it was made at no time between 1970 and 9999");
    SPOILT(made_us, INT64_MAX, "it was made at no time between 1970 and 9999");
    SPOILT(number, 2, "the first bundle has no bundle before it, every other one has its SHA-256");
    SPOILT(changes, 6, "its counts are not those of its changes");
    SPOILT(adds, UINT32_MAX, "its counts are not those of its changes");
    SPOILT(adds, 0, "its counts are not those of its changes");
    b = craft();
    b->manifest.previous = (ProtobufCBinaryData){.len = SEAL_HASH_SIZE, .data = b->previous};
    sign(b);
    malformed(b, "the first bundle has no bundle before it, every other one has its SHA-256");
    b = craft();
    b->manifest.number = 2;
    b->manifest.previous = (ProtobufCBinaryData){.len = SEAL_HASH_SIZE - 1, .data = b->previous};
    sign(b);
    malformed(b, "the first bundle has no bundle before it, every other one has its SHA-256");
    b = craft();
    b->hashes[1].len = 31;
    sign(b);
    malformed(b, "a chunk's digest is no SHA-256");
}

static void test_counts_that_sum_up_by_overflow(void **state)
{
    struct crafted *b = craft();
    (void)state;
    b->manifest.changes = 3; /* 2^31 + 2^31 + 3 in 32 bits */
    b->manifest.adds = 0x80000000U;
    b->manifest.renewals = 0x80000000U;
    b->manifest.withdrawals = 3;
    sign(b);
    malformed(b, "its counts are not those of its changes");
}

static void test_chunks_and_changes_are_bounded(void **state)
{
    struct crafted *b = craft();
    (void)state;
    b->manifest.changes = b->manifest.adds = 401;
    b->manifest.renewals = b->manifest.withdrawals = 0;
    sign(b);
    malformed(b, "so many changes do not fill so many chunks");
    b->manifest.changes = b->manifest.adds = 1;
    sign(b);
    malformed(b, "so many changes do not fill so many chunks");
    b->manifest.changes = b->manifest.adds = 204801;
    sign(b);
    malformed(b, "it has too many changes for one bundle");
    b->manifest.changes = b->manifest.adds = 0;
    sign(b);
    malformed(b, "so many changes do not fill so many chunks");
    b->manifest.changes = b->manifest.adds = 1025;
    for (size_t i = 0; i < ARRAY_LEN(b->hashes); i++) {
        b->hashes[i] = (ProtobufCBinaryData){.len = SEAL_HASH_SIZE, .data = b->hash[0]};
    }
    b->manifest.n_chunk = ARRAY_LEN(b->hashes);
    sign(b);
    malformed(b, "it has too many chunks");
}

/* Each of these says the same to a lenient reader. */
static void test_other_encodings_of_the_same_are_refused(void **state)
{
    static const struct {
        const char *what;
        size_t drop; /* first bytes that are left out */
        const char *head, *tail;
        const char *why;
    } rows[] = {
        {"version in two bytes",   2, "088100",       "",       "our encoder writes it differently"},
        {"version twice",          0, "0801",         "",       "our encoder writes it differently"},
        {"version last",           2, "",             "0801",   "our encoder writes it differently"},
        {"a zero that is written", 0, "",             "4800",   "our encoder writes it differently"},
        {"an unknown field",       0, "",             "6001",   "it has a field that is not known" },
        {"an unknown empty text",  0, "",             "fa0100", "it has a field that is not known" },
        {"a tag in two bytes",     2, "880001",       "",       "our encoder writes it differently"},
        {"a number over 32 bits",  2, "088180808010", "",       "our encoder writes it differently"},
        {"an empty chunk digest",  0, "",             "5a00",   "our encoder writes it differently"},
        {"cut in the middle",      0, "",             "5a20",   "a field is cut off"               },
        {"a group",                0, "",             "63",     "a field has an unknown wire type" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct crafted *b = craft();
        uint8_t head[TAIL_MOST];
        uint8_t tail[TAIL_MOST];
        size_t head_size = strlen(rows[i].head) / 2;
        size_t tail_size = strlen(rows[i].tail) / 2;
        assert_true(bytes_from_hex(rows[i].head, head, head_size));
        assert_true(bytes_from_hex(rows[i].tail, tail, tail_size));
        memmove(b->packed + head_size, b->packed + rows[i].drop, b->packed_size - rows[i].drop);
        memcpy(b->packed, head, head_size);
        b->packed_size += head_size - rows[i].drop;
        memcpy(b->packed + b->packed_size, tail, tail_size);
        b->packed_size += tail_size;
        sign_bytes(b);
        if (strcmp(rows[i].tail, "5a00") == 0) {
            malformed(b, "a chunk's digest is no SHA-256");
        } else {
            malformed(b, rows[i].why);
        }
    }
}

static void test_a_text_with_a_nul_is_no_text(void **state)
{
    struct crafted *b = craft();
    (void)state;
    /* authority "west-station" at 4: west-statio\0 would be read as a shorter one */
    assert_memory_equal(b->packed + 4, "west-station", 12);
    b->packed[15] = '\0';
    sign_bytes(b);
    malformed(b, "our encoder writes it differently");
}

static void test_age(void **state)
{
    struct crafted *b = craft();
    struct taken taken = {0};
    struct complaint c = {0};
    (void)state;
    b->expected.now.us = SAMPLE_MADE_US - LIMIT_WATCH_EARLY_S * INT64_C(1000000);
    assert_true(check(b, &taken, &c));
    b->expected.now.us--;
    assert_false(check(b, &taken, &c));
    b->expected.now.us = SAMPLE_MADE_US + LIMIT_WATCH_BUNDLE_S * INT64_C(1000000);
    assert_true(check(b, &taken, &c));
    b->expected.now.us = SAMPLE_MADE_US + 8 * SAMPLE_DAY_US;
    refused(b, ERROR_WATCH_MADE,
            "the bundle was made at 2026-05-01T04:00:00.000+00:00, and the park's clock says "
            "2026-05-09T04:00:00.000+00:00; sign it again, or set the clock",
            "该批布控生成于 2026-05-01T04:00:00.000+00:00，而园区时钟为 "
            "2026-05-09T04:00:00.000+00:00；请重新签名或校准时钟");
}

static void chunk_refused(struct crafted *b, int chunk, const char *why)
{
    char en[256];
    char zh[256];
    (void)snprintf(en, sizeof(en), "chunk %d of the bundle: %s", chunk, why);
    (void)snprintf(zh, sizeof(zh), "该批布控第 %d 块：%s", chunk, why);
    refused(b, ERROR_WATCH_CHUNK, en, zh);
}

static void test_chunks_are_those_of_the_manifest(void **state)
{
    struct crafted *b = craft();
    (void)state;
    for (size_t i = 0; i < b->chunk_size[1]; i++) {
        b->chunk[1][i] ^= 0x20;
        chunk_refused(b, 2, "it is not the one that the manifest names");
        b->chunk[1][i] ^= 0x20;
    }
    b->chunk_size[0]--; /* trimmed */
    chunk_refused(b, 1, "it is not the one that the manifest names");
    b = craft(); /* one of another bundle in its place */
    struct watch_change other = change_of("d", WATCH_CHANGE_ADD);
    put_chunk(b, 1, 2, &other, 1);
    chunk_refused(b, 2, "it is not the one that the manifest names");
    b = craft(); /* the second first */
    uint8_t *copy = malloc(sizeof(b->chunk[0]));
    assert_non_null(copy);
    memcpy(copy, b->chunk[0], sizeof(b->chunk[0]));
    memcpy(b->chunk[0], b->chunk[1], sizeof(b->chunk[0]));
    memcpy(b->chunk[1], copy, sizeof(b->chunk[0]));
    size_t size = b->chunk_size[0];
    b->chunk_size[0] = b->chunk_size[1];
    b->chunk_size[1] = size;
    chunk_refused(b, 1, "it is not the one that the manifest names");
    put_hashes(b); /* and the manifest says so, too */
    sign(b);
    chunk_refused(b, 1, "it says that it stands elsewhere");
    free(copy);
}

static void test_a_missing_chunk_and_one_too_many(void **state)
{
    struct crafted *b = craft();
    (void)state;
    b->chunk_count = 1;
    chunk_refused(b, 2, "it is missing");
    b = craft();
    b->chunk_count = 3;
    memcpy(b->chunk[2], b->chunk[1], sizeof(b->chunk[2]));
    b->chunk_size[2] = b->chunk_size[1];
    chunk_refused(b, 3, "the manifest names no such chunk");
    b = craft(); /* the first one twice, and the manifest says so */
    memcpy(b->chunk[1], b->chunk[0], sizeof(b->chunk[1]));
    b->chunk_size[1] = b->chunk_size[0];
    b->manifest.changes = 6;
    b->manifest.adds = 4;
    b->manifest.renewals = 2;
    b->manifest.withdrawals = 0;
    put_hashes(b);
    sign(b);
    chunk_refused(b, 2, "it says that it stands elsewhere");
}

static void test_a_chunk_is_bounded(void **state)
{
    static struct watch_change many[CHANGES_MOST];
    struct crafted *b = craft();
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(many); i++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "n-%03zu", i);
        many[i] = change_of(id, WATCH_CHANGE_WITHDRAW);
    }
    put_chunk(b, 1, 2, many, ARRAY_LEN(many));
    b->manifest.withdrawals = 201;
    b->manifest.changes = 205;
    put_hashes(b);
    sign(b);
    chunk_refused(b, 2, "it holds no change, or over 200");
    put_chunk(b, 1, 2, many, 0);
    b->manifest.withdrawals = 0;
    b->manifest.changes = 4;
    put_hashes(b);
    sign(b);
    chunk_refused(b, 2, "it holds no change, or over 200");
    b->chunk_size[1] = LIMIT_WATCH_CHUNK_BYTES + 1;
    put_hashes(b);
    sign(b);
    chunk_refused(b, 2, "it is over 48 KiB");
}

static void test_chunks_have_one_form(void **state)
{
    struct crafted *b = craft();
    (void)state;
    b->chunk[1][b->chunk_size[1]++] = 0x18; /* field 3: nobody knows it */
    b->chunk[1][b->chunk_size[1]++] = 0x01;
    put_hashes(b);
    sign(b);
    refused(b, ERROR_WATCH_FORM,
            "chunk 2 is not in its one form: it has a field that is not known; encode it as "
            "schema/watch.proto says and sign it again",
            "chunk 2 不是规定的唯一编码形式：it has a field that is not known；请按 "
            "schema/watch.proto 编码后重新签名");
}

static void test_ids_rise_through_the_bundle(void **state)
{
    static const char *const seconds[] = {"c", "b", "a", "C", "B"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(seconds); i++) {
        char en[128];
        char zh[128];
        struct crafted *b = craft();
        struct watch_change second[] = {change_of(seconds[i], WATCH_CHANGE_WITHDRAW),
                                        change_of("e", WATCH_CHANGE_ADD)};
        put_chunk(b, 1, 2, second, ARRAY_LEN(second));
        put_hashes(b);
        sign(b);
        (void)snprintf(en, sizeof(en),
                       "change 4: entry \"%s\" stands twice or out of order; ids rise through the "
                       "whole bundle",
                       seconds[i]);
        (void)snprintf(zh, sizeof(zh), "第 4 条：条目“%s”重复或次序错误；全批的条目编号须依次递增",
                       seconds[i]);
        refused(b, ERROR_WATCH_ORDER, en, zh);
    }
}

static void test_counts_are_those_of_the_chunks(void **state)
{
    struct crafted *b = craft();
    (void)state;
    b->manifest.adds = 2;
    b->manifest.withdrawals = 2;
    sign(b);
    refused(b, ERROR_WATCH_COUNT, "the manifest says 2 adds, and the chunks hold 3",
            "清单所述 adds 数为 2，而各块中为 3");
    b->manifest.adds = 4;
    b->manifest.withdrawals = 1;
    b->manifest.changes = 6;
    sign(b);
    refused(b, ERROR_WATCH_COUNT, "the manifest says 4 adds, and the chunks hold 3",
            "清单所述 adds 数为 4，而各块中为 3");
}

static void test_what_the_taker_refuses_is_refused(void **state)
{
    struct crafted *b = craft();
    struct taken taken = {.refuse = true};
    struct complaint c = {0};
    (void)state;
    assert_false(check(b, &taken, &c));
    assert_int_equal(c.number, ERROR_NOT_FOUND);
    assert_string_equal(taken.ids, "a");
}

static int setup(void **state)
{
    (void)state;
    return seal_init(NULL) == ERR_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_good_bundle_is_taken),
        cmocka_unit_test(test_an_empty_bundle_says_the_list_is_as_it_was),
        cmocka_unit_test(test_the_signature_is_of_these_bytes_and_this_key),
        cmocka_unit_test(test_of_this_authority_for_this_park),
        cmocka_unit_test(test_numbers_rise_by_one),
        cmocka_unit_test(test_it_builds_on_the_bundle_before),
        cmocka_unit_test(test_fields_of_the_manifest),
        cmocka_unit_test(test_counts_that_sum_up_by_overflow),
        cmocka_unit_test(test_chunks_and_changes_are_bounded),
        cmocka_unit_test(test_other_encodings_of_the_same_are_refused),
        cmocka_unit_test(test_a_text_with_a_nul_is_no_text),
        cmocka_unit_test(test_age),
        cmocka_unit_test(test_chunks_are_those_of_the_manifest),
        cmocka_unit_test(test_a_missing_chunk_and_one_too_many),
        cmocka_unit_test(test_a_chunk_is_bounded),
        cmocka_unit_test(test_chunks_have_one_form),
        cmocka_unit_test(test_ids_rise_through_the_bundle),
        cmocka_unit_test(test_counts_are_those_of_the_chunks),
        cmocka_unit_test(test_what_the_taker_refuses_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}

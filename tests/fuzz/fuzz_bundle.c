/* Fuzzes a bundle of the watch list as the park reads it: the bytes are a bundle's file, whose
 * manifest is signed by a key of our own, and whose digests and lengths of chunks are made good
 * where that is possible, so that what stands behind them is reached. Whatever is taken is packed
 * again to the same bytes. The same bytes are read as a receipt, and as texts. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "common/watch/watch_make.h"
#include "common/watch/watch_receipt.h"
#include "common/watch/watch_text.h"
#include "schema/watch.pb-c.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct sign_key key = {{7}};

static bool take(void *ctx, const struct watch_change *change, struct complaint *c)
{
    uint8_t out[LIMIT_WATCH_ENTRY_BYTES];
    struct watch_entry again;
    (void)ctx;
    (void)c;
    MUST(change->number > 0 && change->kind > 0 && change->kind < WATCH_CHANGE_COUNT);
    MUST(watch_text_is_id(bytes_of_text(change->entry.id)));
    if (change->kind == WATCH_CHANGE_ADD) {
        size_t size = watch_entry_write(&change->entry, out);
        MUST(bytes_equal((struct bytes){.data = out, .size = size}, change->packed));
        MUST(watch_entry_again(change->packed, &again));
        MUST(change->entry.end.us > change->entry.begin.us);
    }
    return true;
}

/* The digests of the chunks as they are, where the manifest has room for them. */
static void make_digests_good(struct watch_bundle *bundle, uint8_t *manifest)
{
    for (size_t i = 0; i < bundle->chunk_count; i++) {
        static const uint8_t tag[] = {0x5a, 0x20};
        struct seal_hash hash = seal_hash_of(bundle->chunks[i]);
        size_t back = (bundle->chunk_count - i) * (sizeof(tag) + SEAL_HASH_SIZE);
        if (back <= bundle->manifest.size) {
            memcpy(manifest + bundle->manifest.size - back, tag, sizeof(tag));
            memcpy(manifest + bundle->manifest.size - back + sizeof(tag), hash.bytes,
                   SEAL_HASH_SIZE);
        }
    }
}

static void expect_it(const struct watch_manifest *manifest, struct watch_expected *expected)
{
    *expected = (struct watch_expected){.authority = manifest->authority,
                                        .park = manifest->park,
                                        .key = sign_public_of(&key),
                                        .last_number = manifest->number - 1,
                                        .last_digest = manifest->previous,
                                        .now = manifest->made};
}

static void read_bundle(struct watch_bundle *bundle)
{
    static struct watch_manifest manifest;
    static uint8_t line[WATCH_SIGNED_MAX];
    struct watch_expected expected;
    struct complaint c;
    uint8_t *copy = bundle->file + (bundle->manifest.data - bundle->file);
    if (bundle->manifest.size > LIMIT_WATCH_CHUNK_BYTES) {
        MUST(!watch_manifest_read(bundle->manifest, &manifest, &c));
        return;
    }
    make_digests_good(bundle, copy);
    sign_make(&key, watch_signed(WATCH_SIGN_MANIFEST, bundle->manifest, line), &bundle->signature);
    if (!watch_manifest_read(bundle->manifest, &manifest, &c)) {
        MUST(c.number == ERROR_WATCH_FORM);
        return;
    }
    expect_it(&manifest, &expected);
    if (!watch_bundle_check(bundle, &expected, (struct watch_taker){.take = take}, &c)) {
        MUST(c.number >= ERROR_WATCH_FORM && c.number <= ERROR_WATCH_MADE);
    }
}

static void read_receipt(struct bytes bytes)
{
    static struct watch_receipt_row rows[WATCH_RECEIPT_ROWS];
    static uint8_t line[WATCH_SIGNED_MAX];
    struct sign_public park = sign_public_of(&key);
    struct sign_value signature;
    struct watch_receipt receipt;
    struct complaint c;
    if (bytes.size > WATCH_RECEIPT_BYTES) {
        return;
    }
    sign_make(&key, watch_signed(WATCH_SIGN_RECEIPT, bytes, line), &signature);
    if (watch_receipt_check(bytes, &signature, &park, &receipt, rows, &c)) {
        static uint8_t out[WATCH_RECEIPT_BYTES];
        size_t size = watch_receipt_write(&receipt, rows, out);
        MUST(bytes_equal((struct bytes){.data = out, .size = size}, bytes));
    }
}

static void read_texts(struct bytes bytes)
{
    char tidy[LIMIT_WATCH_NAME_BYTES + 1];
    char number[WATCH_CASE_SIZE];
    char again[WATCH_CASE_SIZE];
    (void)watch_text_check(bytes, LIMIT_WATCH_NAME_BYTES);
    if (watch_text_tidy(bytes, tidy, sizeof(tidy))) {
        MUST(watch_text_check(bytes_of_text(tidy), LIMIT_WATCH_NAME_BYTES) != WATCH_TEXT_BLANKS);
    }
    watch_text_case(bytes, number);
    watch_text_case(bytes_of_text(number), again);
    MUST(strcmp(number, again) == 0);
    (void)watch_plate_is_test(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct watch_bundle bundle;
    const char *why = NULL;
    if (size == 0 || seal_init(NULL) != ERR_OK) {
        return 0;
    }
    uint8_t *copy = malloc(size);
    MUST(copy != NULL);
    memcpy(copy, data, size);
    if (watch_bundle_open(copy, size, &bundle, &why)) {
        read_bundle(&bundle);
        watch_bundle_destroy(&bundle);
    }
    read_receipt((struct bytes){.data = data, .size = size});
    read_texts((struct bytes){.data = data, .size = size});
    return 0;
}

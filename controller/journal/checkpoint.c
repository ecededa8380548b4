#include "controller/journal/checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/must.h"

static bool take_hash(const ProtobufCBinaryData *field, struct seal_hash *ret)
{
    if (field->len != sizeof(ret->bytes)) {
        return false;
    }
    memcpy(ret->bytes, field->data, sizeof(ret->bytes));
    return true;
}

bool checkpoint_of_record(const Parkgate__CheckpointRecord *record, struct checkpoint *ret)
{
    *ret = (struct checkpoint){
        .sequence = record->at_sequence,
                                .size = record->size,
                                .time = {record->time_us},
                                .recorded_at = record->recorded_at};
    if (!take_hash(&record->hash, &ret->hash) || !take_hash(&record->digest, &ret->digest) ||
        record->branch.len != sizeof(ret->branch) || record->value.len != sizeof(ret->value) ||
        strlen(record->key) != SIGN_KEY_ID_SIZE - 1) {
        return false;
    }
    memcpy(ret->branch, record->branch.data, sizeof(ret->branch));
    memcpy(ret->value.bytes, record->value.data, sizeof(ret->value.bytes));
    memcpy(ret->key, record->key, sizeof(ret->key));
    return true;
}

static int fields(const struct checkpoint *checkpoint, const char *before, const char *after,
                  char out[CHECKPOINT_LINE_SIZE])
{
    char hash[2 * SEAL_HASH_SIZE + 1];
    char digest[2 * SEAL_HASH_SIZE + 1];
    char branch[2 * ANCHOR_BRANCH_SIZE + 1];
    bytes_to_hex(BYTES_OF(checkpoint->hash.bytes), hash, sizeof(hash));
    bytes_to_hex(BYTES_OF(checkpoint->digest.bytes), digest, sizeof(digest));
    bytes_to_hex(BYTES_OF(checkpoint->branch), branch, sizeof(branch));
    int size =
        snprintf(out, CHECKPOINT_LINE_SIZE, "%s%" PRIu64 " %s %s %" PRIu64 " %" PRId64 " %s %s%s",
                 before, checkpoint->sequence, hash, digest, checkpoint->size, checkpoint->time.us,
                 branch, checkpoint->key, after);
    MUST(size > 0 && size < CHECKPOINT_LINE_SIZE);
    return size;
}

struct bytes checkpoint_message(const struct checkpoint *checkpoint, char out[CHECKPOINT_LINE_SIZE])
{
    int size = fields(checkpoint, "parkgate checkpoint 1\n", "\n", out);
    return (struct bytes){.data = (const uint8_t *)out, .size = (size_t)size};
}

void checkpoint_to_line(const struct checkpoint *checkpoint, char out[CHECKPOINT_LINE_SIZE])
{
    char value[SIGN_BASE64_SIZE + 1] = " ";
    sign_to_base64(&checkpoint->value, value + 1);
    (void)fields(checkpoint, "", value, out);
}

bool checkpoint_is_good(const struct checkpoint *checkpoint, const struct sign_public *key)
{
    char id[SIGN_KEY_ID_SIZE];
    char text[CHECKPOINT_LINE_SIZE];
    sign_key_id(key, id);
    return strcmp(id, checkpoint->key) == 0 &&
           sign_is_good(key, checkpoint_message(checkpoint, text), &checkpoint->value);
}

#include "admin-cli/rows.h"

#include <stdlib.h>

#include "common/base/must.h"
#include "schema/limits.h"

static void *grown(void *old, size_t *capacity, size_t needed, size_t element)
{
    if (needed <= *capacity) {
        return old;
    }
    size_t next = *capacity == 0 ? 64 : *capacity * 2;
    while (next < needed) {
        next *= 2;
    }
    void *grown_to = reallocarray(old, next, element);
    MUST(grown_to != NULL);
    *capacity = next;
    return grown_to;
}

void rows_add(struct rows *rows, const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    rows->data = grown(rows->data, &rows->capacity, rows->size + size + 1, 1);
    rows->ends = grown(rows->ends, &rows->ends_capacity, rows->count + 1, sizeof(rows->ends[0]));
    (void)protobuf_c_message_pack(message, rows->data + rows->size);
    rows->size += size;
    rows->ends[rows->count++] = rows->size;
}

struct bytes rows_at(const struct rows *rows, size_t index)
{
    MUST(index < rows->count);
    size_t start = index == 0 ? 0 : rows->ends[index - 1];
    return (struct bytes){.data = rows->data + start, .size = rows->ends[index] - start};
}

size_t rows_slice(const struct rows *rows, size_t first)
{
    size_t bytes = 0;
    size_t count = 0;
    while (first + count < rows->count && count < LIMIT_ROWS_PER_MESSAGE) {
        bytes += rows_at(rows, first + count).size;
        if (bytes > ROWS_SLICE_BYTES && count > 0) {
            break;
        }
        count++;
    }
    return count;
}

struct seal_hash rows_digest(const struct rows *rows)
{
    struct seal_hash digest = {{0}};
    for (size_t i = 0; i < rows->count; i++) {
        struct seal_hasher hasher = {0};
        seal_hasher_begin(&hasher);
        seal_hasher_add(&hasher, BYTES_OF(digest.bytes));
        seal_hasher_add(&hasher, rows_at(rows, i));
        digest = seal_hasher_end(&hasher);
    }
    return digest;
}

void rows_destroy(struct rows *rows)
{
    free(rows->data);
    free(rows->ends);
    *rows = (struct rows){0};
}

/* rows: packed rows (ParkRow, RosterRow) on their way to the controller, in order. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "common/base/bytes.h"
#include "common/seal/seal.h"

enum { ROWS_SLICE_BYTES = 48 * 1024 }; /* of one request, rows only */

/* Zero-initialised: empty. One buffer; ends[i] is where row i ends in it. */
struct rows {
    uint8_t *data;
    size_t size, capacity;
    size_t *ends;
    size_t count, ends_capacity;
};

/* Packs and appends a copy. Memory run out aborts. */
void rows_add(struct rows *rows, const ProtobufCMessage *message);
/* Borrowed until the next rows_add(). */
struct bytes rows_at(const struct rows *rows, size_t index);
/* How many rows from `first` on fit into one request: LIMIT_ROWS_PER_MESSAGE and ROWS_SLICE_BYTES;
 * at least 1 while there is one. */
size_t rows_slice(const struct rows *rows, size_t first);
/* The chain over all rows in order that import.close proves: d(0) is 32 zero bytes, d(i) is
 * SHA-256 of d(i-1) and row i. Needs seal_init(). */
struct seal_hash rows_digest(const struct rows *rows);
/* Frees and empties; usable with AUTO. */
void rows_destroy(struct rows *rows);

/* snapshot: all tables of the controller's store at one entry of its journal, as a file.
 *
 *   "parkgate snapshot 1\n"
 *   u32 version of the store's layout, u64 sequence of the last entry in it, 32 bytes its hash
 *   then each table that has rows, in the order of enum table:
 *     u8 size of its name, the name
 *     each row in the order of keys: u16 size of the key (1 at least), u32 size of the value, both
 *     u16 0
 *   u8 0
 *
 * Numbers are big-endian. The journal itself is not in it, nor is table `change`, which is an index.
 * What is sealed stays sealed: the keys lie in an environment of their own.
 */
#pragma once

#include <stdio.h>

#include "common/seal/seal.h"
#include "common/store/store.h"

struct snapshot_head {
    uint32_t version; /* CONTROLLER_STORE_VERSION when it was made */
    uint64_t sequence;
    struct seal_hash hash;
};

struct snapshot_sum {
    struct seal_hash digest; /* over all bytes of the file */
    uint64_t size, rows;
};

/* Writes the tables that `txn` shows: a new file beside `path`, durable, then renamed to it, and the
 * directory synced. After a crash there is either the file whole or none of this name. ERR_IO. */
MUST_CHECK enum err snapshot_write(const char *path, struct store_txn *txn,
                                   const struct snapshot_head *head, struct snapshot_sum *ret,
                                   struct fault *fault);
/* Digest and size of a file. ERR_NOT_FOUND: there is none. */
MUST_CHECK enum err snapshot_sum_of(const char *path, struct snapshot_sum *ret,
                                    struct fault *fault);

/* One row; key and value are borrowed for the call. */
typedef enum err snapshot_visitor(void *ctx, size_t table, struct bytes key, struct bytes value,
                                  struct fault *fault);
/* Reads a snapshot to its end. ERR_CORRUPT: not one, cut short, or with something behind its end.
 * ERR_UNSUPPORTED: of a layout or with a table that this version does not know. */
MUST_CHECK enum err snapshot_read(FILE *in, struct snapshot_head *ret_head,
                                  snapshot_visitor *visit, void *ctx, struct fault *fault);

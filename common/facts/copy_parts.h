/* copy_parts: what copy_rows.c, copy_class.c and copy_take.c share. */
#pragma once

#include "common/facts/copy_rows.h"

struct copy_table {
    enum table table;
    /* Parts of its key as gates know it: h handle, n name, w wall, q u64, d u32, b u8. */
    const char *shape;
    const ProtobufCMessageDescriptor *descriptor; /* NULL: the value is empty */
    uint64_t kept;                                /* bit n: field n is told */
    unsigned previous; /* field that holds an older record of the same kind; 0 none */
    unsigned told_by;  /* field by which a record is not confirmed: it is not told; 0 none */
};

/* NULL: not replicated. */
const struct copy_table *copy_table_of(uint32_t table);

/* What the row adds to a digest. */
struct seal_hash copy_row_hash(const struct copy_row *row);
void copy_digest_add_hash(struct copy_digest *digest, const struct seal_hash *hash);
void copy_digest_subtract_hash(struct copy_digest *digest, const struct seal_hash *hash);
/* The first run of bytes with this field number, in row->value; empty: there is none. */
struct bytes copy_row_run(const struct copy_row *row, uint64_t number);

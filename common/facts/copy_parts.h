/* copy_parts: what copy_rows.c and copy_take.c share. */
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

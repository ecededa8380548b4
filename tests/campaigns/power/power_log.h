/* power_log: what a process wrote to its stores and when that became durable, in the order in which
 * it happened. The recorder (an LD_PRELOAD library) writes it, the replayer reads it.
 *
 * A file of records, each a struct power_record, `size` bytes and zeros up to a multiple of 8. Both
 * ends run on one machine: byte order and padding are its own.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { POWER_FILES_MAX = 4, POWER_NAME_MAX = 64, POWER_MARK_MAX = 64 };

enum power_op {
    POWER_OPEN = 1, /* the bytes are the file's name: the last directory's name and its own */
    POWER_WRITE,    /* the bytes went to `offset`; `durable`: by a descriptor opened with O_DSYNC */
    POWER_SYNC,     /* fsync or fdatasync came back */
    POWER_MARK,     /* the program told somebody something that must hold from here on */
};

struct power_record {
    uint64_t offset;
    uint32_t size;
    uint8_t op;
    uint8_t file; /* in the order of the first opening */
    uint8_t durable;
    uint8_t reserved;
};

/* Says into the log what was promised; the recorder defines it, so it is NULL when nothing records.
 * At most POWER_MARK_MAX bytes. */
__attribute__((weak)) void power_mark(const void *bytes, size_t size);

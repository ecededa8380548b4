/* tz: one time zone of the system's data (TZif, RFC 8536) as a plain value.
 *
 * base reads the file once at start-up; common/access/civil.h does the arithmetic on the table.
 * The version is the FNV-1a hash of the file's bytes, so that a journal entry can name the data by
 * which a date was found. Only files of version 2 and later (64-bit times) without leap seconds.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/err.h"

enum {
    TZ_NAME_SIZE = 64,
    TZ_TRANSITIONS_MAX = 1024,
    TZ_TYPES_MAX = 64,
    TZ_FILE_MAX = 64 * 1024, /* bytes */
};

#define TZ_DIRECTORY "/usr/share/zoneinfo"

struct tz_transition {
    int64_t at_s;     /* first second (UTC, since 1970) to which the offset applies */
    int32_t offset_s; /* local time minus UTC */
    bool dst;
};

/* How the footer names a day of the year. */
enum tz_day_kind {
    TZ_DAY_JULIAN,     /* Jn: day 1..365, 29 February never counted */
    TZ_DAY_ZERO,       /* n: day 0..365, 29 February counted */
    TZ_DAY_MONTH_WEEK, /* Mm.w.d: weekday d (0 Sunday) of week w (5: the last) of month m */
};

struct tz_change {
    enum tz_day_kind kind;
    uint16_t day;   /* n of Jn and n; weekday d of Mm.w.d */
    uint8_t month;  /* 1..12 */
    uint8_t week;   /* 1..5 */
    int32_t time_s; /* local time of the change, seconds from 00:00; -167 h to 167 h */
};

/* What holds after the last transition, from the footer's POSIX TZ text. */
struct tz_tail {
    bool present;
    bool has_dst;
    int32_t standard_s; /* offsets: local time minus UTC */
    int32_t dst_s;
    struct tz_change dst_begins;
    struct tz_change dst_ends;
};

struct tz_table {
    char name[TZ_NAME_SIZE];
    uint64_t version;       /* FNV-1a, 64 bits, of the whole file */
    int32_t first_offset_s; /* before the first transition */
    bool first_dst;
    uint32_t transition_count;
    struct tz_transition transitions[TZ_TRANSITIONS_MAX]; /* strictly rising */
    struct tz_tail tail;
};

/* Reads DIRECTORY/NAME, for example TZ_DIRECTORY and `Asia/Shanghai`.
 *
 * ERR_INPUT      `name` is no zone name (letters, digits, _ + - and single / inside)
 * ERR_NOT_FOUND  there is no such file; the fault is filled here too, it says what to install
 * ERR_IO         it cannot be read
 * ERR_CORRUPT    not a TZif file, cut short, or against the format
 * ERR_UNSUPPORTED version 1, leap seconds (a `right/` zone), or more than the bounds above
 */
MUST_CHECK enum err tz_load(const char *directory, const char *name, struct tz_table *ret_table,
                            struct fault *reterr_fault);

/* The same from the file's bytes, for tests and fuzzing. ERR_CORRUPT, ERR_UNSUPPORTED, ERR_INPUT.
 */
MUST_CHECK enum err tz_parse(const char *name, struct bytes file, struct tz_table *ret_table,
                             struct fault *reterr_fault);

/* UTC: no file is read; version 0. For tests and for programs that show no local time. */
void tz_utc(struct tz_table *ret_table);

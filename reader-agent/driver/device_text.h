/* device_text: what every parser of foreign text needs, and nothing that can crash on it.
 *
 * Devices lie about their character set, leave out fields, and type numbers as they like: "", "1",
 * 1, 1.0. These functions take any bytes, check ranges strictly and answer "not there" by value.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/ids.h"

/* What a parser made of one text part. */
enum parse_result {
    PARSE_READING,  /* a presentation: parsed.reading is filled */
    PARSE_NOTICE,   /* not a presentation, but the operator may hear of it: parsed.notice */
    PARSE_FOREIGN,  /* an event of another kind, well-formed: answered 200 and dropped */
    PARSE_FAILED,   /* somebody was not recognised ("stranger"): counted, never passed on */
    PARSE_UNUSABLE, /* as PARSE_READING, but of a credential that this driver cannot take: the
                     * reading has CREDENTIAL_KIND_NONE, so that an exit still turns for it */
    PARSE_BAD,      /* not understood: put aside, and only then answered 200 */
    PARSE_MISREAD,  /* a reader's line was read wrongly: no read, counted */
    PARSE_BOUNCE,   /* a reader's contact bounced: the read before was it, counted */
    PARSE_RESULTS
};

/* The text in UTF-8, with a NUL behind its *ret_size bytes; a byte order mark is dropped. Valid
 * UTF-8 is taken as such, a UTF-16 byte order mark as UTF-16, and everything else as GB18030 (which
 * holds GBK and GB2312), whatever the text declares about itself. NULL: not text in any of them,
 * empty, a NUL inside, or no memory. To be freed with device_text_free. */
char *device_text_decode(struct bytes from, size_t *ret_size);
void device_text_free(char **text); /* as AUTO(device_text_free) */

/* "2024-06-01T08:00:00+08:00", with a blank for T, a fraction, Z, +0800 or +08 allowed. Without an
 * offset, outside the years 1970 to 2199, or malformed: us 0 (the device's time is not known). */
struct wall device_text_time(const char *text);

/* A whole number 0..max in decimal, blanks around it and a zero fraction (".0") allowed. */
bool device_text_number(const char *text, uint64_t max, uint64_t *ret_number);

/* A percentage 0..100, fraction rounded to nearest; anything else is 0 (unknown). */
uint8_t device_text_percent(const char *text);

/* Cuts blanks (space, tab, CR, LF) off both ends, in place. */
void device_text_trim(char *text);

/* Turns %XX into its byte, in place; when what comes out is not UTF-8, as GBK into UTF-8. A text
 * without %XX, or one that does not decode or would grow, stays as it is. */
void device_text_unpercent(char *text);

/* Valid UTF-8 without control characters. */
bool device_text_is_printable(const char *text);

/* The id of a device's event that says nothing by itself: reader and parts go through FNV-1a of
 * 128 bits, each part with its length, and stand in `out` as hex. It is no secret and no
 * signature: it only tells a device's own repeats. */
enum { DEVICE_FINGERPRINT_SIZE = 33 };
void device_text_fingerprint(struct name reader, const char *const parts[], size_t part_count,
                             char out[DEVICE_FINGERPRINT_SIZE]);

/* csv_text: a CSV file of unknown origin, line by line, as UTF-8.
 *
 * The first line with a character beyond ASCII decides for the whole file: valid UTF-8, else GBK.
 * A byte-order mark decides for UTF-8. A later line that does not fit is an error with its number:
 * a file is never read half in one, half in the other. No GBK character holds a comma, semicolon,
 * tab, quotation mark or line end, so lines may be cut before they are converted.
 */
#pragma once

#include <iconv.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "schema/errors.h"

enum { CSV_LINE_MAX = 64 * 1024 }; /* bytes of one physical line */

enum csv_encoding { CSV_ASCII = 0, CSV_UTF8, CSV_GBK };

struct csv_text {
    const char *path; /* borrowed */
    FILE *file;
    enum csv_encoding encoding;
    iconv_t gbk;
    bool gbk_open;
    unsigned line; /* of the text last returned, from 1 */
    char *raw;
    size_t raw_capacity;
    char *utf8;
    size_t utf8_capacity;
};

/* Opens `path`. False: *c says why. Destroy in any case. */
bool csv_text_open(const char *path, struct csv_text *text, struct complaint *c);

enum csv_next { CSV_LINE, CSV_END, CSV_BAD };

/* The next physical line with its line end, borrowed until the next call. CSV_BAD: *c says why. */
enum csv_next csv_text_next(struct csv_text *text, const char **ret_line, size_t *ret_size,
                            struct complaint *c);

/* Bytes read so far, for a progress bar. */
long csv_text_offset(const struct csv_text *text);

void csv_text_destroy(struct csv_text *text);

/* Is this valid UTF-8 (RFC 3629) without NUL? */
bool csv_is_utf8(const char *text, size_t size);

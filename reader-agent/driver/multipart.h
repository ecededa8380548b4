/* multipart: splits a multipart body while it streams, so that pictures are never held.
 *
 * Takes multipart/form-data, multipart/mixed and multipart/x-mixed-replace as devices really send
 * them: part headers and delimiters that end in LF alone, parts without name or type, no preamble
 * line end, a last delimiter that is missing. What a part is, its first bytes say (magic numbers of
 * pictures, '<' or '{' of text), never its name or type.
 *
 * A part that is not text is skipped: by its Content-Length where that is told and can be true
 * (then a delimiter inside a picture ends nothing), else up to the next delimiter line. The length
 * of a text part is not believed: XML and JSON hold no delimiter line.
 *
 * libmicrohttpd's own post processor is not used: it wants CRLF, names and form-data.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/err.h"
#include "schema/limits.h"

enum multipart_kind {
    MULTIPART_EMPTY,   /* nothing but blanks */
    MULTIPART_TEXT,    /* begins like XML or JSON: its bytes are kept */
    MULTIPART_PICTURE, /* a known picture format: skipped */
    MULTIPART_OTHER,   /* neither: skipped */
};

enum {
    MULTIPART_BOUNDARY_BYTES = 70, /* RFC 2046 */
    MULTIPART_HEADER_BYTES = 4096, /* all headers of one part */
    MULTIPART_PARTS = 64,          /* of one body */
    MULTIPART_SNIFF_BYTES = 16,    /* decide a part's kind */
};

/* Guess by content what begins with these bytes; `size` may be less than MULTIPART_SNIFF_BYTES
 * only at the end of a part. */
enum multipart_kind multipart_kind_of(struct bytes begin);

/* The boundary of a Content-Type value, quotes taken off. False: no multipart type, or a boundary
 * that is missing, empty or too long. `out` is then untouched. */
bool multipart_boundary(const char *content_type, char out[MULTIPART_BOUNDARY_BYTES + 1]);
/* The value names a multipart type, with a good boundary or without. */
bool multipart_is_type(const char *content_type);

/* One part has ended. `text` is borrowed for the call and empty unless kind is MULTIPART_TEXT. */
struct multipart_sink {
    void (*part)(void *ctx, enum multipart_kind kind, struct bytes text);
    void *ctx;
};

struct multipart; /* the state of one body; about LIMIT_HTTP_TEXT_BYTES large */

/* body_size: the declared length of the whole body, 0 unknown; it is only used to see through part
 * lengths that cannot be true. NULL: no memory. */
struct multipart *multipart_create(const char *boundary, uint64_t body_size,
                                   struct multipart_sink sink);
void multipart_destroy(struct multipart **m);

/* The next bytes of the body, in pieces of any size. ERR_FULL: a text part over
 * LIMIT_HTTP_TEXT_BYTES, headers or a number of parts over their bound; nothing more is taken and
 * no further part is reported. */
MUST_CHECK enum err multipart_feed(struct multipart *m, struct bytes piece);

/* The body has ended; reports a last part that no delimiter closed. ERR_INPUT: not one delimiter
 * was found in it. ERR_FULL: as above. */
MUST_CHECK enum err multipart_end(struct multipart *m);

/* anchor: the journal's head, signed by the park, as a line of text.
 *
 * Whoever keeps such lines out of the controller's reach (gates, the export) can show later what
 * the journal was. A line says everything that is signed, so openssl can check it without us:
 *
 *   line     = SEQUENCE HASH TIME BRANCH KEY SIGNATURE          one blank between, no line end
 *   signed   = "parkgate journal head 1\n" SEQUENCE HASH TIME BRANCH KEY "\n"
 *
 *   SEQUENCE  of the newest entry, decimal, from 1
 *   HASH      that entry's chain hash, 64 hex digits
 *   TIME      when it was signed, microseconds since 1970
 *   BRANCH    16 hex digits, drawn for a new store and again each time a backup is restored: after
 *             that numbers come again, and this tells which is meant
 *   KEY       sign_key_id() of the key, 16 hex digits
 *   SIGNATURE Ed25519, base64
 *
 * A file of anchors holds such lines and, before the first of a key, a line of that key:
 *
 *   "key" KEY BASE64           SubjectPublicKeyInfo, as between the lines of a PEM file
 */
#pragma once

#include "common/base/clock.h"
#include "common/seal/sign.h"

enum {
    ANCHOR_BRANCH_SIZE = 8,
    ANCHOR_LINE_SIZE = 256,     /* with its NUL */
    ANCHOR_KEY_LINE_SIZE = 128, /* with its NUL */
    ANCHOR_SAMPLES_MAX = 4,     /* that a gate shows at once */
};

struct anchor {
    uint64_t sequence;
    struct seal_hash hash;
    struct wall time;
    uint8_t branch[ANCHOR_BRANCH_SIZE];
    char key[SIGN_KEY_ID_SIZE];
    struct sign_value value;
};

/* What is signed, into out: its bytes, borrowed from out. */
struct bytes anchor_message(const struct anchor *anchor, char out[ANCHOR_LINE_SIZE]);
void anchor_to_line(const struct anchor *anchor, char out[ANCHOR_LINE_SIZE]);
/* False: not such a line, or not written as anchor_to_line() writes it. */
bool anchor_from_line(const char *line, struct anchor *ret);
/* Is it signed by this key, and names it? */
bool anchor_is_good(const struct anchor *anchor, const struct sign_public *key);

/* The line of a key, and back. False: no such line, or KEY is not its id. */
void anchor_key_to_line(const struct sign_public *key, char out[ANCHOR_KEY_LINE_SIZE]);
bool anchor_key_from_line(const char *line, struct sign_public *ret);

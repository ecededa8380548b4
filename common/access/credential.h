/* credential: kinds, classes and the canonical byte form under which a credential is looked up.
 *
 * A credential is opaque bytes with a bound, never text in a query or a path. Every parser here
 * takes borrowed bytes, copies, and refuses what does not fit; none can fail otherwise.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"

struct plate;

/* Stored in journals and sent on the wire: append only, never renumber. */
enum credential_kind {
    CREDENTIAL_KIND_NONE = 0, /* no credential: an exit button, a vehicle without a plate */
    CREDENTIAL_KIND_BADGE = 1,
    CREDENTIAL_KIND_PLATE = 2,
    CREDENTIAL_KIND_FACE = 3, /* a terminal's subject id; never a picture or template */
    CREDENTIAL_KIND_QR = 4,
    CREDENTIAL_KIND_PIN = 5,
};

/* How hard a credential is to copy. Ordered: a zone names the least class it accepts, and
 * comparing the numbers is meant. Stored: never renumber. */
enum credential_class {
    CREDENTIAL_CLASS_BEARER = 0,        /* whoever holds or shows it: plate, QR, PIN */
    CREDENTIAL_CLASS_UID_ONLY = 1,      /* can be copied: a card read by its UID, a face */
    CREDENTIAL_CLASS_AUTHENTICATED = 2, /* proved itself by cryptography */
};

/* What the roster says about a credential, at the instant of the read. */
enum credential_state {
    CREDENTIAL_STATE_UNKNOWN = 0, /* nobody holds it */
    CREDENTIAL_STATE_VALID,
    CREDENTIAL_STATE_REVOKED,
    CREDENTIAL_STATE_NOT_YET_VALID,
    CREDENTIAL_STATE_EXPIRED,
    CREDENTIAL_STATE_NO_PLATE, /* the camera says that the vehicle carries none */
    CREDENTIAL_STATE_NOT_READ, /* the camera saw a vehicle and could not read its plate */
};

enum {
    BADGE_UID_MAX = 10,
    BADGE_UID_TEXT_SIZE = 2 * BADGE_UID_MAX + 1,
    BADGE_W26_SIZE = 13, /* "w26:123-45678": never as long as a UID */
    CREDENTIAL_BYTES_MAX = 64,
    FACE_SUBJECT_MAX = 32,
    QR_TOKEN_MAX = 64,
    PIN_MIN = 4,
    PIN_MAX = 12,
};

/* The canonical form: equal credentials have equal bytes, unused bytes are zero. */
struct credential {
    enum credential_kind kind;
    uint8_t size;
    uint8_t bytes[CREDENTIAL_BYTES_MAX];
};

/* All parsers: true and *ret_credential written, or false and nothing written. */

/* A card's UID as the reader gave it, in the order of transmission: 4, 7 or 10 bytes, not all
 * zero. */
bool credential_from_uid(struct bytes uid, struct credential *ret_credential);
/* The same typed or imported: hex digits of either case, single `:`, `-` or space between bytes
 * allowed, blanks around it trimmed. */
bool credential_from_uid_text(struct bytes text, struct credential *ret_credential);
/* What 26 bits of a Wiegand line name: a badge of its own form "w26:FFF-CCCCC", in decimal. Not
 * both zero. */
bool credential_from_w26(uint8_t facility, uint16_t card, struct credential *ret_credential);
/* A plate that was read whole and fits the grammar (plate_is_exact); else false. */
bool credential_from_plate(const struct plate *plate, struct credential *ret_credential);
/* A terminal's subject id: 1 to FACE_SUBJECT_MAX printable ASCII characters, without blanks. It is
 * text: `00042` keeps its zeros. */
bool credential_from_face(struct bytes subject, struct credential *ret_credential);
/* Opaque bytes, 1 to QR_TOKEN_MAX. */
bool credential_from_qr(struct bytes token, struct credential *ret_credential);
/* PIN_MIN to PIN_MAX ASCII digits. */
bool credential_from_pin(struct bytes pin, struct credential *ret_credential);

/* A PIN that others try first: one digit throughout, digits that count up or down by one, or one or
 * two groups said again (1212, 123123). */
bool pin_is_weak(struct bytes pin);

/* Does `bytes` have the canonical form of `kind`? For what comes from a peer or the store: a plate
 * is read and normalised again and must come out the same. */
bool credential_is_canonical(enum credential_kind kind, struct bytes bytes);

/* The canonical bytes, borrowed from the credential. */
struct bytes credential_view(const struct credential *credential);
bool credential_equal(const struct credential *a, const struct credential *b);

/* A 4-byte UID that begins with 08 is drawn anew at every read (ISO 14443-3): never enrol it. */
bool badge_uid_is_random(struct bytes uid);
/* Lower-case hex without separators. `uid` longer than BADGE_UID_MAX is our bug: aborts. */
void badge_uid_format(struct bytes uid, char out[BADGE_UID_TEXT_SIZE]);

/* The class that a read of this kind has by itself. A driver that authenticated a card says
 * CREDENTIAL_CLASS_AUTHENTICATED instead. */
enum credential_class credential_class_of(enum credential_kind kind);

/* Stable lower-case names: `badge`, `uid-only`. A number out of range: `unknown`. */
const char *credential_kind_name(enum credential_kind kind);
const char *credential_class_name(enum credential_class class);
bool credential_kind_from_name(const char *name, enum credential_kind *ret_kind);
bool credential_class_from_name(const char *name, enum credential_class *ret_class);

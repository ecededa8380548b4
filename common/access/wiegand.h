/* wiegand: what a badge reader's Wiegand line delivers, 26 or 34 bits with parity.
 *
 * 26 bits (H10301): even parity over bits 1 to 13, facility 8, card 16, odd parity over bits 14 to
 * 26. 34 bits: even parity over the first 16 data bits, 32 data bits, odd parity over the last 16.
 * Any single wrong bit is refused; a line that was read wrongly names nobody, and nothing is
 * guessed.
 *
 * 34 bits carry a 4-byte UID, so that such a reader means the same badge as one that reads the card
 * itself. 26 bits carry 24: many UIDs share them, so they are a credential of their own and no
 * alias of one (docs/decisions/011-wiegand-26.md).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/access/credential.h"
#include "common/base/bytes.h"
#include "common/base/clock.h"

enum {
    WIEGAND_SHORT = 26,
    WIEGAND_LONG = 34,
    WIEGAND_BOUNCE_MS = 300, /* the same bits again within this are a bounce of the contact */
};

/* One read as it came: never a number alone, as one number means different cards in two lengths or
 * orders. */
struct wiegand {
    uint8_t bit_count;
    uint32_t value; /* the data bits, the first one highest */
    bool reversed;  /* the reader sends the card's last byte first */
};

enum wiegand_status {
    WIEGAND_OK,
    WIEGAND_NOT_BITS,   /* a character that is neither 0 nor 1 */
    WIEGAND_BAD_LENGTH, /* neither 26 nor 34 bits */
    WIEGAND_BAD_PARITY, /* no read: count it, and wait for the next one */
};

/* `bits` as ASCII `0` and `1`, in the order of the line. Writes *ret_read for WIEGAND_OK only. */
enum wiegand_status wiegand_read(struct bytes bits, bool reversed, struct wiegand *ret_read);

/* The credential that the read names. False: all data bits are zero, which is no card. */
bool wiegand_credential(const struct wiegand *read, struct credential *ret_credential);

/* As a clerk writes it: "26:FACILITY-CARD" in decimal, 0-255 and 0-65535. */
bool wiegand_from_text(struct bytes text, struct credential *ret_credential);

/* What a line gave last. Zero: nothing yet. */
struct wiegand_line {
    bool any;
    struct wiegand read;
    struct mono taken;
};

/* Is this read a bounce of the one taken last? If not, it is the one taken last from now on. A card
 * that is held to the reader is read again after WIEGAND_BOUNCE_MS. */
bool wiegand_is_bounce(struct wiegand_line *line, const struct wiegand *read, struct mono now);

/* watch_receipt: what the park answers for a bundle, signed by the park.
 *
 *   signature = Ed25519 by the park's key over "parkgate watch receipt 1\n", receipt
 *   receipt   = packed WatchReceipt: park, authority, number and digest of the bundle, since when
 *               it is applied, when the last online gate had it, and for each change what became
 *               of its entry; WATCH_RECEIPT_ROWS changes at most, further ones in further parts
 */
#pragma once

#include "common/watch/watch_bundle.h"

/* A part fits one cell of an operator's reply. */
enum { WATCH_RECEIPT_ROWS = 64, WATCH_RECEIPT_BYTES = 16384 };

struct watch_receipt {
    struct name park, authority;
    uint64_t number;
    struct seal_hash digest; /* of the bundle's manifest */
    struct wall applied;
    uint32_t gates, gates_online;
    struct wall gates_at; /* 0: an online gate has it not yet */
    struct wall made;
    uint32_t changes; /* of the bundle */
    uint32_t first;   /* the change of the first row, from 1; 0: the bundle had none */
    uint32_t told;    /* rows */
};

struct watch_receipt_row {
    char id[LIMIT_WATCH_ID_BYTES + 1];
    enum watch_change_kind kind;
    enum watch_state state;
    struct wall since;                   /* acting: from when; waiting: 0; else when it ended */
    char by[LIMIT_WATCH_NAME_BYTES + 1]; /* the park officer; "" none was asked or has answered */
    struct wall by_at;
};

/* The one form of a part, into `out`; returns its size. `told` rows; over WATCH_RECEIPT_ROWS
 * aborts.
 */
size_t watch_receipt_write(const struct watch_receipt *receipt,
                           const struct watch_receipt_row *rows, uint8_t out[WATCH_RECEIPT_BYTES]);

/* Is it signed by the park, and what does it say? False: ERROR_WATCH_RECEIPT; *ret and the rows are
 * then undefined. */
bool watch_receipt_check(struct bytes receipt, const struct sign_value *signature,
                         const struct sign_public *park, struct watch_receipt *ret,
                         struct watch_receipt_row rows[WATCH_RECEIPT_ROWS], struct complaint *c);

#include "common/watch/watch_receipt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/must.h"
#include "common/watch/watch_field.h"
#include "common/watch/watch_form.h"
#include "common/watch/watch_text.h"
#include "schema/watch.pb-c.h"

enum { RECEIPT_FIELDS = WATCH_RECEIPT_ROWS + 16, ROW_FIELDS = 8, ROW_BYTES = 320 };

/* --- writing --- */

static size_t write_row(const struct watch_receipt_row *row, uint8_t out[ROW_BYTES])
{
    struct watch_receipt_row copy = *row;
    Parkgate__WatchReceiptRow packed = PARKGATE__WATCH_RECEIPT_ROW__INIT;
    packed.id = copy.id;
    packed.kind = (uint32_t)copy.kind;
    packed.state = (uint32_t)copy.state;
    packed.since_us = copy.since.us;
    packed.by = copy.by;
    packed.by_us = copy.by_at.us;
    size_t size = watch_form_write(&packed.base, out, ROW_BYTES);
    MUST(size != SIZE_MAX);
    return size;
}

size_t watch_receipt_write(const struct watch_receipt *receipt,
                           const struct watch_receipt_row *rows, uint8_t out[WATCH_RECEIPT_BYTES])
{
    struct watch_receipt copy = *receipt;
    ProtobufCBinaryData told[WATCH_RECEIPT_ROWS];
    Parkgate__WatchReceipt packed = PARKGATE__WATCH_RECEIPT__INIT;
    MUST(receipt->told <= WATCH_RECEIPT_ROWS);
    uint8_t *buffer = malloc((size_t)receipt->told * ROW_BYTES + 1);
    MUST(buffer != NULL);
    for (uint32_t i = 0; i < receipt->told; i++) {
        uint8_t *row = buffer + (size_t)i * ROW_BYTES;
        told[i] = (ProtobufCBinaryData){.len = write_row(&rows[i], row), .data = row};
    }
    packed.version = WATCH_VERSION;
    packed.park = copy.park.text;
    packed.authority = copy.authority.text;
    packed.number = copy.number;
    packed.digest = (ProtobufCBinaryData){.len = SEAL_HASH_SIZE, .data = copy.digest.bytes};
    packed.applied_us = copy.applied.us;
    packed.gates = copy.gates;
    packed.gates_online = copy.gates_online;
    packed.gates_us = copy.gates_at.us;
    packed.made_us = copy.made.us;
    packed.changes = copy.changes;
    packed.first = copy.first;
    packed.n_told = copy.told;
    packed.told = told;
    size_t size = watch_form_write(&packed.base, out, WATCH_RECEIPT_BYTES);
    free(buffer);
    MUST(size != SIZE_MAX); /* rows of the longest id and name fit */
    return size;
}

/* --- reading --- */

static const char *take_row(const Parkgate__WatchReceiptRow *from, struct watch_receipt_row *to)
{
    struct bytes id = bytes_of_text(from->id);
    struct bytes by = bytes_of_text(from->by);
    if (!watch_text_is_id(id)) {
        return "a row's id is none";
    }
    if (from->kind == 0 || from->kind >= WATCH_CHANGE_COUNT || from->state == 0 ||
        from->state >= WATCH_STATE_COUNT) {
        return "a row says what nobody knows";
    }
    if (by.size > LIMIT_WATCH_NAME_BYTES) {
        return "a row's officer has too long a name";
    }
    memset(to, 0, sizeof(*to));
    memcpy(to->id, id.data, id.size);
    to->kind = (enum watch_change_kind)from->kind;
    to->state = (enum watch_state)from->state;
    to->since.us = from->since_us;
    memcpy(to->by, by.data, by.size);
    to->by_at.us = from->by_us;
    return NULL;
}

static const char *take_rows(const Parkgate__WatchReceipt *from, struct watch_receipt_row *rows)
{
    static const struct message_bounds bounds = {ROW_FIELDS, LIMIT_TEXT_BYTES};
    for (size_t i = 0; i < from->n_told; i++) {
        const char *why = NULL;
        struct bytes packed = {.data = from->told[i].data, .size = from->told[i].len};
        AUTO(watch_form_free)
        ProtobufCMessage *message =
            watch_form_read(&parkgate__watch_receipt_row__descriptor, packed, bounds, &why);
        if (message != NULL) {
            why = take_row((const void *)message, &rows[i]);
        }
        if (why != NULL) {
            return why;
        }
    }
    return NULL;
}

static const char *take_head(const Parkgate__WatchReceipt *from, struct watch_receipt *to)
{
    if (from->version != WATCH_VERSION) {
        return "its version is not 1";
    }
    if (!name_from_text(from->park, &to->park) ||
        !name_from_text(from->authority, &to->authority)) {
        return "its park or authority is no name";
    }
    if (from->number == 0 || from->digest.len != SEAL_HASH_SIZE) {
        return "it names no bundle";
    }
    bool none = from->n_told == 0 && from->first == 0 && from->changes == 0;
    bool some = from->n_told > 0 && from->n_told <= WATCH_RECEIPT_ROWS && from->first > 0 &&
                from->first <= from->changes && from->n_told <= from->changes - from->first + 1;
    if (!none && !some) {
        return "its rows are not those that it says";
    }
    to->number = from->number;
    memcpy(to->digest.bytes, from->digest.data, SEAL_HASH_SIZE);
    to->applied.us = from->applied_us;
    to->gates = from->gates;
    to->gates_online = from->gates_online;
    to->gates_at.us = from->gates_us;
    to->made.us = from->made_us;
    to->changes = from->changes;
    to->first = from->first;
    to->told = (uint32_t)from->n_told;
    return NULL;
}

static const char *read_receipt(struct bytes receipt, struct watch_receipt *ret,
                                struct watch_receipt_row *rows)
{
    static const struct message_bounds bounds = {RECEIPT_FIELDS, LIMIT_WATCH_ENTRY_BYTES};
    const char *why = NULL;
    AUTO(watch_form_free)
    ProtobufCMessage *message =
        watch_form_read(&parkgate__watch_receipt__descriptor, receipt, bounds, &why);
    if (message == NULL) {
        return why;
    }
    const Parkgate__WatchReceipt *from = (const void *)message;
    why = take_head(from, ret);
    return why != NULL ? why : take_rows(from, rows);
}

bool watch_receipt_check(struct bytes receipt, const struct sign_value *signature,
                         const struct sign_public *park, struct watch_receipt *ret,
                         struct watch_receipt_row rows[WATCH_RECEIPT_ROWS], struct complaint *c)
{
    uint8_t text[WATCH_SIGNED_MAX];
    char number[24];
    if (receipt.size > WATCH_RECEIPT_BYTES ||
        !sign_is_good(park, watch_signed(WATCH_SIGN_RECEIPT, receipt, text), signature)) {
        return complain(c, ERROR_WATCH_RECEIPT, "?", "it is not signed by the park's key", NULL,
                        NULL);
    }
    memset(ret, 0, sizeof(*ret));
    const char *why = read_receipt(receipt, ret, rows);
    if (why == NULL) {
        return true;
    }
    (void)snprintf(number, sizeof(number), "%llu", (unsigned long long)ret->number);
    return complain(c, ERROR_WATCH_RECEIPT, number, why, NULL, NULL);
}

#include "controller/app/watch_receipts.h"

#include <stdio.h>
#include <string.h>

#include "common/base/must.h"
#include "common/facts/people_store.h"
#include "common/watch/watch_receipt.h"
#include "controller/app/park_sign.h"
#include "schema/kinds.h"

/* A part's rows: so that it stays within a cell, however long the ids and names. */
enum { PART_ROWS = 60, CELL_MAX = 16384 };

/* In place of an id that the park no longer has. */
#define ERASED_ID "0.erased"

/* --- one row --- */

/* A change that acts as a whole with its bundle has no time of its own. */
static int64_t since_of(const Parkgate__WatchRecord *record, const Parkgate__WatchBundle *bundle,
                        uint32_t state)
{
    int64_t since = record->since_us < bundle->closed_us ? bundle->closed_us : record->since_us;
    switch (state) {
    case WATCH_STATE_WAITING:
        return 0;
    case WATCH_STATE_ACTING:
        return since < record->from_us ? record->from_us : since;
    case WATCH_STATE_ENDED:
        return record->state == WATCH_STATE_ENDED ? record->since_us : record->until_us;
    default:
        return since;
    }
}

static enum err fill_row(struct controller *ctl, const Parkgate__WatchBundle *bundle, uint32_t kind,
                         const Parkgate__WatchRecord *record, struct watch_receipt_row *ret,
                         struct fault *fault)
{
    bool acts = false;
    TRY(watch_authority_acts(ctl->txn, bundle->authority, &acts, fault));
    uint32_t state = watch_state_now(record, acts, ctl->now);
    bool renewal_waits = kind == WATCH_CHANGE_RENEW && record->renewed_until_us != 0;
    enum err err = watch_id_of(ctl, record, ret->id, fault);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    if (err == ERR_NOT_FOUND) {
        (void)snprintf(ret->id, sizeof(ret->id), "%s", ERASED_ID);
    }
    ret->state = renewal_waits && state == WATCH_STATE_ACTING ? WATCH_STATE_WAITING
                                                              : (enum watch_state)state;
    ret->since.us = since_of(record, bundle, ret->state);
    (void)snprintf(ret->by, sizeof(ret->by), "%s", record->by);
    ret->by_at.us = record->by_us;
    return ERR_OK;
}

/* Of an entry that was swept away nothing is known but that it ended. */
static enum err row_of(struct controller *ctl, const Parkgate__WatchBundle *bundle, uint32_t change,
                       struct watch_receipt_row *ret, struct fault *fault)
{
    uint32_t kind = WATCH_CHANGE_NONE;
    Parkgate__WatchRecord *record = NULL;
    memset(ret, 0, sizeof(*ret));
    enum err err = watch_change_entry(ctl, bundle, change, &kind, &record, fault);
    ret->kind = (enum watch_change_kind)kind;
    ret->state = WATCH_STATE_ENDED;
    (void)snprintf(ret->id, sizeof(ret->id), "%s", ERASED_ID);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    err = fill_row(ctl, bundle, kind, record, ret, fault);
    parkgate__watch_record__free_unpacked(record, NULL);
    return err;
}

/* --- parts --- */

static enum err receipt_of(struct controller *ctl, const Parkgate__WatchBundle *bundle,
                           struct watch_receipt *ret, struct fault *fault)
{
    struct watch_gates gates = watch_gates_of(ctl, bundle->acts_at);
    *ret = (struct watch_receipt){.authority = name_or_none(bundle->authority),
                                  .number = bundle->number,
                                  .applied = {bundle->closed_us},
                                  .gates = gates.have,
                                  .gates_online = gates.online,
                                  .gates_at = {bundle->gates_us},
                                  .made = ctl->now,
                                  .changes = bundle->changes};
    if (bundle->digest.len != SEAL_HASH_SIZE) {
        return fault_set(fault, ERR_CORRUPT, "watch: a bundle without its digest");
    }
    memcpy(ret->digest.bytes, bundle->digest.data, SEAL_HASH_SIZE);
    return watch_park_name(ctl, &ret->park, fault);
}

static void answer_part(struct controller *ctl, struct answer *a,
                        const struct watch_receipt *receipt, const struct watch_receipt_row *rows)
{
    uint8_t packed[LIMIT_WATCH_CHUNK_BYTES];
    uint8_t text[WATCH_SIGNED_MAX];
    struct sign_value signature;
    size_t size = watch_receipt_write(receipt, rows, packed);
    struct bytes body = {.data = packed, .size = size};
    MUST(size <= CELL_MAX);
    park_sign(ctl, watch_signed(WATCH_SIGN_RECEIPT, body, text), &signature);
    answer_begin_row(a);
    answer_bytes(a, body);
    answer_bytes(a, BYTES_OF(signature.bytes));
    MUST(answer_end_row(a)); /* the only row of its answer */
}

/* From change `first` on, or from the bundle's end: no change. */
static enum err answer_from(struct controller *ctl, struct answer *a,
                            const Parkgate__WatchBundle *bundle, uint32_t first,
                            struct fault *fault)
{
    struct watch_receipt receipt;
    struct watch_receipt_row rows[PART_ROWS];
    TRY(receipt_of(ctl, bundle, &receipt, fault));
    receipt.first = first <= bundle->changes ? first : 0;
    while (receipt.told < PART_ROWS && first <= bundle->changes) {
        TRY(row_of(ctl, bundle, first++, &rows[receipt.told++], fault));
    }
    answer_part(ctl, a, &receipt, rows);
    return ERR_OK;
}

enum err watch_receipts_answer(struct controller *ctl, struct request *request,
                               const Parkgate__AuthorityRecord *authority, uint64_t number,
                               struct fault *fault)
{
    uint64_t first = 1;
    Parkgate__WatchBundle *bundle = NULL;
    if (!request_number_or_none(request, "first", LIMIT_WATCH_CHANGES, &first)) {
        return ERR_OK;
    }
    answer_columns(request->answer, "receipt,signature");
    enum err err = watch_bundle_get(ctl->txn, authority->name, number, &bundle, fault);
    if (err == ERR_NOT_FOUND || (err == ERR_OK && bundle->state != STAGE_CLOSED)) {
        (void)request_refuse(request, ERROR_NOT_FOUND, "receipt of bundle",
                             request_arg(request, "number"), NULL);
        err = ERR_OK;
    } else if (err == ERR_OK) {
        err = answer_from(ctl, request->answer, bundle, first == 0 ? 1 : (uint32_t)first, fault);
    }
    if (bundle != NULL) {
        parkgate__watch_bundle__free_unpacked(bundle, NULL);
    }
    return err;
}

/* Events that are refused for good, and kept aside. */
#include "controller/app/ingest_parts.h"

#include <stdio.h>

#include "common/base/must.h"
#include "controller/store/quarantine_store.h"

void ingest_number_text(char out[24], uint64_t value)
{
    (void)snprintf(out, 24, "%llu", (unsigned long long)value);
}

/* The event without its digits, when they are a PIN: that is kept nowhere. */
static struct bytes without_pin(const struct arrival *a, uint8_t out[LIMIT_FRAME_BYTES])
{
    Parkgate__Event bare = *a->event;
    if (bare.credential_kind != CREDENTIAL_KIND_PIN) {
        return a->packed;
    }
    bare.credential = bare.raw = (ProtobufCBinaryData){0};
    MUST(parkgate__event__get_packed_size(&bare) <= LIMIT_FRAME_BYTES);
    return (struct bytes){.data = out, .size = parkgate__event__pack(&bare, out)};
}

/* The event as it came, under the day key. */
static enum err seal_event(struct controller *ctl, struct arrival *a, int32_t *ret_day,
                           size_t *ret_size, struct fault *fault)
{
    struct seal_key key;
    uint8_t nonce[SEAL_NONCE_SIZE];
    uint8_t bare[LIMIT_FRAME_BYTES];
    struct bytes kept = without_pin(a, bare);
    TRY(controller_day_key(ctl, ret_day, &key, fault));
    entropy_fill(ctl->entropy, nonce, sizeof(nonce));
    *ret_size = kept.size + SEAL_OVERHEAD;
    MUST(*ret_size <= sizeof(a->sealed));
    seal_close(&key, nonce, (struct bytes){0}, kept, a->sealed, *ret_size);
    seal_wipe(&key, sizeof(key));
    return ERR_OK;
}

/* What this box has in quarantine stays; of more only that it came is remembered. The gate keeps
 * each that is refused, too. */
static enum err judge_room(struct controller *ctl, const struct arrival *a, bool *ret_full,
                           struct fault *fault)
{
    const char *gate = a->session->gate.text;
    TRY(quarantine_is_full(ctl->txn, gate, BYTES_OF(a->session->identity.bytes), ret_full, fault));
    return *ret_full ? fault_raise(ctl, &fault_quarantine_full, gate, gate, "", fault) : ERR_OK;
}

enum err ingest_refuse(struct controller *ctl, struct arrival *a, const struct complaint *c,
                       const struct fault_kind *kind, struct fault *fault)
{
    Parkgate__EventRefused refused = PARKGATE__EVENT_REFUSED__INIT;
    char *args[ERROR_ARGS];
    int32_t day = 0;
    size_t size = 0;
    bool full = false;
    if (a->recalled == NULL &&
        !bucket_take(&a->session->guard.refused, ctl->mono, GUARD_REFUSED_MS, GUARD_REFUSED)) {
        ingest_answer(ctl, a, ANSWER_RETRY, 0); /* it stays with its gate, and is not lost */
        return fault_raise(ctl, &fault_gate_floods, a->session->gate.text, a->session->gate.text,
                           "", fault);
    }
    for (size_t i = 0; i < ERROR_ARGS; i++) {
        args[i] = field_text(c->arg[i]);
    }
    TRY(judge_room(ctl, a, &full, fault));
    if (a->packed.size <= LIMIT_EVENT_BYTES && !full) { /* of a larger one the digest is enough */
        TRY(seal_event(ctl, a, &day, &size, fault));
    }
    refused.unkept = full;
    refused.gate = field_text(a->session->gate.text);
    refused.public_key = field_of(BYTES_OF(a->session->identity.bytes));
    refused.epoch = a->event->epoch;
    refused.event_sequence = a->event->sequence;
    refused.digest = field_of(BYTES_OF(a->kept.bytes));
    refused.error = c->number;
    refused.n_arg = ERROR_ARGS;
    refused.arg = args;
    refused.sealed = field_of((struct bytes){.data = a->sealed, .size = size});
    refused.day_key = day;
    TRY(controller_record(ctl, ENTRY_EVENT_REFUSED, a->session->gate.text, &refused.base, fault));
    TRY(fault_note(ctl, kind, a->session->gate.text, a->session->gate.text, "", fault));
    ingest_answer(ctl, a, ANSWER_REFUSED, c->number);
    return ERR_OK;
}

enum err ingest_refuse_bad(struct controller *ctl, struct arrival *a, const char *why,
                           struct fault *fault)
{
    struct complaint c;
    char sequence[24];
    ingest_number_text(sequence, a->event->sequence);
    (void)complain(&c, ERROR_EVENT_BAD, sequence, why, NULL, NULL);
    return ingest_refuse(ctl, a, &c, &fault_event_refused, fault);
}

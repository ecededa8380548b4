/* Bodies that nobody understood: kept sealed at the gate, and told to the controller. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "reader-agent/app/gate.h"
#include "reader-agent/store/aside.h"

static struct draft draft_of(struct gate *gate, const struct gate_reader *reader,
                             const struct aside_head *head)
{
    struct draft draft = {.kind = EVENT_ASIDE,
                          .lane = reader->lane,
                          .reader = reader->name,
                          .captured = head->at,
                          .received = gate_wall(gate),
                          .has_aside = true};
    memcpy(draft.aside_digest, head->digest, sizeof(draft.aside_digest));
    (void)snprintf(draft.note, sizeof(draft.note), "%llu: %s", (unsigned long long)head->number,
                   head->why);
    return draft;
}

/* Body and event are written by one transaction. */
static enum err keep(struct gate *gate, const struct gate_reader *reader, struct bytes body,
                     struct aside_item *item, struct fault *fault)
{
    struct grant_id id;
    item->head.number = agent_store_state(gate->store)->aside_last + 1;
    TRY(vault_seal_aside(gate->vault, body, gate_wall(gate), item, fault));
    struct draft draft = draft_of(gate, reader, &item->head);
    TRY(record_event(gate, &draft, false, NULL, &id, fault));
    gate->batch.aside = item;
    TRY(record_commit(gate, fault));
    log_warning("body_put_aside", LOG_TEXT("reader", reader->name.text),
                LOG_NUM("number", item->head.number), LOG_NUM("bytes", item->head.kept),
                LOG_TEXT("why", item->head.why), LOG_NUM("sequence", id.sequence));
    return ERR_OK;
}

enum err set_aside(void *ctx, struct name name, struct bytes body, const char *why,
                   struct fault *fault)
{
    struct gate *gate = ctx;
    const struct gate_reader *reader = gate_park_reader(gate->park, name);
    if (reader == NULL) {
        return fault_set(fault, ERR_REFUSED, "reader %s is not configured at this gate", name.text);
    }
    size_t whole = body.size;
    body.size = whole < LIMIT_ASIDE_BYTES ? whole : LIMIT_ASIDE_BYTES;
    struct seal_hash digest = seal_hash_of(body);
    bool known = false;
    if (aside_has(gate->store, name, digest.bytes, &known, NULL) == ERR_OK && known) {
        log_event("body_aside_again", LOG_TEXT("reader", name.text));
        return ERR_OK;
    }
    struct aside_item *item = calloc(1, sizeof(*item));
    MUST(item != NULL);
    item->head = (struct aside_head){.at = gate_wall(gate), .reader = name, .whole = whole};
    (void)snprintf(item->head.why, sizeof(item->head.why), "%s", why);
    enum err err = keep(gate, reader, body, item, fault);
    free(item);
    return err == ERR_OK ? ERR_OK : ERR_FULL;
}

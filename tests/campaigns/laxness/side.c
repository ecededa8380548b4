#include "tests/campaigns/laxness/side.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "reader-agent/app/gate.h"

struct side {
    struct gate *gate;
    char dir[128];
    char name[32];
    struct clock clock;
    const int64_t *wall_us, *mono_us;
};

static struct wall wall_of(void *ctx)
{
    return (struct wall){.us = *((const struct side *)ctx)->wall_us};
}

static struct mono mono_of(void *ctx)
{
    return (struct mono){.us = *((const struct side *)ctx)->mono_us};
}

static void must(enum err err, const struct fault *fault)
{
    if (err != ERR_OK) {
        fprintf(stderr, "side: %s\n", fault->what);
        abort();
    }
}

static enum err add_row(void *ctx, struct bytes row, struct fault *fault)
{
    struct gate *gate = ctx;
    return gate_park_add(gate->park, gate->settings.gate, row, fault);
}

static enum err load_park(struct gate *gate, struct fault *fault)
{
    memset(gate->park, 0, sizeof(*gate->park));
    TRY(park_copy_walk(gate->store, add_row, gate, fault));
    return gate_park_close(gate->park, fault);
}

static void begin(struct side *side)
{
    struct fault fault = {0};
    struct gate *gate = gate_create(side->dir, &side->clock, entropy_system(), NULL);
    MUST(name_from_text(side->name, &gate->settings.gate));
    gate->settings.outbox_events = LIMIT_OUTBOX_EVENTS;
    must(agent_store_open(gate->dir, gate->entropy, &gate->store, &fault), &fault);
    must(day_keys_open(gate->dir, gate->entropy, &gate->day_keys, &fault), &fault);
    must(vault_create(gate->day_keys, gate->entropy, &gate->vault, &fault), &fault);
    gate->park = calloc(1, sizeof(*gate->park));
    MUST(gate->park != NULL);
    must(load_park(gate, &fault), &fault);
    must(copy_begin(gate, &fault), &fault);
    must(loop_create(gate->clock, &gate->loop, &fault), &fault);
    side->gate = gate;
}

static void end(struct side *side)
{
    struct gate *gate = side->gate;
    copy_end(gate);
    loop_destroy(&gate->loop);
    vault_destroy(&gate->vault);
    day_keys_destroy(&gate->day_keys);
    agent_store_destroy(&gate->store);
    free(gate->park);
    free(gate);
    side->gate = NULL;
}

struct side *side_open(const char *dir, const char *gate, uint32_t epoch, const int64_t *wall_us,
                       const int64_t *mono_us)
{
    struct side *side = calloc(1, sizeof(*side));
    struct fault fault = {0};
    MUST(side != NULL && seal_init(NULL) == ERR_OK);
    (void)snprintf(side->dir, sizeof(side->dir), "%s", dir);
    (void)snprintf(side->name, sizeof(side->name), "%s", gate);
    side->wall_us = wall_us;
    side->mono_us = mono_us;
    side->clock = (struct clock){.wall = wall_of, .mono = mono_of, .ctx = side};
    begin(side);
    side->gate->batch.new_epoch = epoch;
    must(record_commit(side->gate, &fault), &fault);
    return side;
}

void side_close(struct side **side)
{
    end(*side);
    free(*side);
    *side = NULL;
}

void side_restart(struct side *side)
{
    end(side);
    begin(side);
}

void side_park(struct side *side, uint64_t version, const ProtobufCBinaryData *rows, size_t count)
{
    struct fault fault = {0};
    struct bytes *list = calloc(count, sizeof(*list));
    MUST(list != NULL);
    for (size_t i = 0; i < count; i++) {
        list[i] = (struct bytes){.data = rows[i].data, .size = rows[i].len};
    }
    must(park_copy_replace(side->gate->store, version, list, count, gate_wall(side->gate), &fault),
         &fault);
    free(list);
    must(load_park(side->gate, &fault), &fault);
    copy_park_changed(side->gate);
    MUST(side->gate->copy.park != NULL);
}

void side_hear(struct side *side, const Parkgate__CopyPart *part)
{
    alone_heard(side->gate, *side->wall_us, gate_mono(side->gate));
    copy_part_heard(side->gate, part);
}

void side_link_lost(struct side *side)
{
    copy_link_lost(side->gate);
}

uint64_t side_generation(const struct side *side)
{
    return copy_store_about(side->gate->copy.store)->generation;
}

uint64_t side_sequence(const struct side *side)
{
    return copy_store_about(side->gate->copy.store)->sequence;
}

bool side_check(struct side *side)
{
    bool done = false;
    struct fault fault = {0};
    uint64_t slices = copy_store_about(side->gate->copy.store)->rows + 4;
    for (uint64_t i = 0; i < slices && !done; i++) {
        if (copy_store_check(side->gate->copy.store, 8, &done, &fault) != ERR_OK) {
            return false;
        }
    }
    /* Once more from the beginning: the first may have begun before the damage. */
    done = false;
    for (uint64_t i = 0; i < slices && !done; i++) {
        if (copy_store_check(side->gate->copy.store, 8, &done, &fault) != ERR_OK) {
            return false;
        }
    }
    return true;
}

void side_set_alone(struct side *side, int64_t spent_us, bool clock_known)
{
    struct gate_lease *lease = &side->gate->copy.lease;
    lease_pass(lease, gate_mono(side->gate), gate_wall(side->gate));
    lease->now.spent_us = spent_us;
    lease->clock_known = clock_known;
}

uint32_t side_decide(struct side *side, const Parkgate__Event *read, uint32_t *ret_reason,
                     bool *ret_offline)
{
    struct facts own = {.direction = DIRECTION_IN, .freshness = FRESHNESS_LIVE};
    struct verdict verdict = presentation_own_verdict(&own);
    struct copy_stamp stamp = {0};
    *ret_offline = alone_decide(side->gate, read, &verdict, &stamp);
    if (ret_reason != NULL) {
        *ret_reason = verdict.reason;
    }
    return verdict.outcome;
}

uint64_t side_last(struct side *side)
{
    struct fault fault = {0};
    must(record_commit(side->gate, &fault), &fault);
    return agent_store_state(side->gate->store)->last_sequence;
}

/* --- own events --- */

static struct draft draft_of(const Parkgate__Event *event)
{
    struct draft draft = {
        .kind = (enum event_kind)event->kind,
        .captured = {.us = event->captured_us},
        .received = {                     .us = event->received_us                       },
        .offset_unknown = event->offset_unknown,
        .history = event->history,
        .credential_kind = event->credential_kind,
        .credential_class = event->credential_class,
        .credential_size = (uint8_t)event->credential.len,
        .proof = event->proof,
        .presentation = { .epoch = event->epoch,                        .sequence = event->presentation},
        .has_verdict = event->outcome != 0,
        .outcome = event->outcome - (event->outcome != 0),
        .reason = event->reason,
        .source = event->verdict_source,
        .passage = event->passage,
        .direction = event->direction
    };
    (void)name_from_text(event->lane, &draft.lane);
    (void)name_from_text(event->reader, &draft.reader);
    memcpy(draft.credential, event->credential.data, event->credential.len);
    if (event->presentation == 0) {
        draft.presentation = (struct grant_id){0};
    }
    return draft;
}

uint64_t side_other(struct side *side, const Parkgate__Event *event)
{
    struct draft draft = draft_of(event);
    struct fault fault = {0};
    struct grant_id id = {0};
    must(record_event(side->gate, &draft, false, NULL, &id, &fault), &fault);
    must(record_commit(side->gate, &fault), &fault);
    return id.sequence;
}

uint64_t side_read(struct side *side, const Parkgate__Event *read)
{
    uint64_t sequence = side_other(side, read);
    if (read->outcome != 0) {
        side_acted(side, sequence, read->outcome - 1, read->reason);
    }
    return sequence;
}

void side_acted(struct side *side, uint64_t sequence, uint32_t outcome, uint32_t reason)
{
    struct fault fault = {0};
    struct grant_id id = {.epoch = agent_store_state(side->gate->store)->epoch,
                          .sequence = sequence};
    MUST(batch_add_acted(&side->gate->batch, id,
                         (struct acted){.outcome = outcome, .reason = reason}));
    must(record_commit(side->gate, &fault), &fault);
}

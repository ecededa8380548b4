/* draft: an event of the agent as a plain value, before it has its place in the outbox. */
#pragma once

#include "common/base/clock.h"
#include "common/base/ids.h"
#include "reader-agent/core/presentation.h"
#include "schema/agent.pb-c.h"
#include "schema/grant.h"
#include "schema/kinds.h"
#include "schema/limits.h"

enum { DRAFT_NOTE_SIZE = 96 };

/* Zero says "not given" in every field, as in the Event message. */
struct draft {
    enum event_kind kind;
    struct name lane;
    struct name reader; /* or board */
    struct wall captured, received;
    bool offset_unknown, history, late;
    uint32_t credential_kind, credential_class;
    uint8_t credential[LIMIT_CREDENTIAL_BYTES], raw[LIMIT_CREDENTIAL_BYTES];
    uint8_t credential_size, raw_size;
    uint32_t plate_colour, confidence;
    uint32_t proof, exchange_ms; /* enum card_proof */
    char device_event[LIMIT_DEVICE_EVENT_BYTES + 1];
    struct grant_id presentation; /* that this event belongs to */
    bool has_verdict;
    struct copy_stamp stamp; /* of the copy that the verdict was found with */
    uint32_t outcome, reason, source;
    uint32_t passage;
    uint32_t fire; /* enum fire_change */
    uint64_t command_sequence;
    uint32_t command_result;
    uint32_t device_state;
    uint64_t order; /* a terminal's answer to this order about a subject ... */
    uint32_t subject_result;
    uint32_t direction; /* enum lane_direction */
    uint64_t press;     /* of the lane's exit button; not sent, kept beside the event */
    char note[DRAFT_NOTE_SIZE];
    uint64_t unrecorded_exits, unrecorded_entries;
    uint64_t carry;        /* number of a carried roster that was taken */
    int64_t clock_step_ms; /* how far the gate's clock jumped */
    bool has_aside;
    uint8_t aside_digest[32]; /* of a body put aside */
};

/* Packs the draft as the event `id`; bytes of out, at most LIMIT_EVENT_BYTES (a draft always fits).
 */
size_t draft_pack(const struct draft *draft, struct grant_id id, uint8_t out[LIMIT_EVENT_BYTES]);
/* Packs an unpacked event again under another place, with its presentation's new place; fields that
 * this version does not know stay. 0: it does not fit. */
size_t draft_pack_again(Parkgate__Event *event, struct grant_id id, struct grant_id presentation,
                        uint8_t out[LIMIT_EVENT_BYTES]);

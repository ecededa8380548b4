/* emergency_news: a fire or evacuation whose record the disk did not take is told to gates from
 * memory all the same. Only a beginning: what ends must be on record. Soft state.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/ids.h"
#include "schema/agent.pb-c.h"
#include "schema/limits.h"
#include "schema/record.pb-c.h"

struct controller;
struct link_peer;

struct emergency_told {
    bool set;
    bool admits;
    uint32_t state;
    uint64_t number;
    size_t size; /* of `frame`, a packed Emergency */
    uint8_t frame[LIMIT_ZONES * (NAME_SIZE + 2) + 256];
};

struct emergency_news {
    struct emergency_told staged; /* of the batch in work */
    struct emergency_told unkept; /* told without a record */
};

/* What a gate is told of `record`, whose strings it borrows. */
Parkgate__Emergency emergency_message(const Parkgate__EmergencyRecord *record);

/* `record` is new in the batch in work. */
void emergency_news_stage(struct controller *ctl, const Parkgate__EmergencyRecord *record);
/* The batch is durable; or it is not, and every gate is told at once. */
void emergency_news_kept(struct controller *ctl);
void emergency_news_lost(struct controller *ctl);
/* A gate showed a lower number than that of what was told without a record: it is told again. */
void emergency_news_shown(struct controller *ctl, const struct link_peer *peer, uint8_t version,
                          uint64_t number);

/* side: a gate's half of the laxness campaign: the agent's own object files around a copy, without
 * a link, readers or boards. Plain types, for the other half has a `struct gate` of its own. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/agent.pb-c.h"

struct side;

/* A box in `dir`, whose clocks are *wall_us and *mono_us. */
struct side *side_open(const char *dir, const char *gate, uint32_t epoch, const int64_t *wall_us,
                       const int64_t *mono_us);
void side_close(struct side **side);
/* The rows of the park that the controller sends to it: packed ParkRows. */
void side_park(struct side *side, uint64_t version, const ProtobufCBinaryData *rows, size_t count);

/* News, as they are heard. */
void side_hear(struct side *side, const Parkgate__CopyPart *part);
void side_link_lost(struct side *side);
uint64_t side_generation(const struct side *side); /* 0: it has no copy */
uint64_t side_sequence(const struct side *side);
/* Walks the whole copy. False: it was found damaged. */
bool side_check(struct side *side);
/* As after a crash: nothing that was not committed is left. */
void side_restart(struct side *side);

/* Alone since the copy was the controller's; or without knowing the time. */
void side_set_alone(struct side *side, int64_t spent_us, bool clock_known);

/* What the gate decides about a read: enum outcome. *ret_reason may be NULL. *ret_offline: from its
 * copy. */
uint32_t side_decide(struct side *side, const Parkgate__Event *read, uint32_t *ret_reason,
                     bool *ret_offline);

uint64_t side_last(struct side *side); /* sequence of its last event */
/* Its own events: each returns its sequence. */
uint64_t side_read(struct side *side, const Parkgate__Event *read);
void side_acted(struct side *side, uint64_t sequence, uint32_t outcome, uint32_t reason);
uint64_t side_other(struct side *side, const Parkgate__Event *event);

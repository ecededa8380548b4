/* emergency: fire and evacuation, one state for the park (docs/decisions/017-emergencies.md).
 *
 * A fire comes from a board's input and wins over an evacuation, which comes from a person's key.
 * All that holds stands in one record; each change is a journal entry, and every gate is told at
 * once, again at WELCOME and at each heartbeat until it shows that it has taken it.
 */
#pragma once

#include "controller/app/controller.h"
#include "schema/agent.pb-c.h"
#include "schema/errors.h"

enum {
    EMERGENCY_LATE_MS = 10000, /* a board's word that is older was told late ... */
    EMERGENCY_WAIT_MS = 30000, /* ... and counts when its gate has told all, or after this */
};

/* Numbers that gates show may be so far above ours and the journal's, when a backup was restored;
 * more is no number of ours, but somebody's who wants none to be left. */
#define EMERGENCY_AHEAD_MAX (UINT64_C(1) << 32)

/* What a board said of a fire, out of an event that is recorded. An older word than the newest
 * known says nothing. */
MUST_CHECK enum err emergency_word(struct controller *ctl, const struct session *session,
                                   const Parkgate__Event *event, struct fault *fault);

/* Evacuation of these zones, besides those that are evacuated already; none: of the whole park.
 * False: *c says why, or *ret_err is trouble of ours. */
MUST_CHECK bool emergency_start(struct controller *ctl, const char *actor, char *const *zones,
                                size_t zone_count, const char *reason, struct complaint *c,
                                enum err *ret_err, struct fault *fault);
/* Ends whatever is on. A fire only when no board's input says fire any more; `force` passes over
 * those that say so, and the record names the first. One that burns says so again. False: as above.
 */
MUST_CHECK bool emergency_end(struct controller *ctl, const char *actor, const char *reason,
                              bool force, struct complaint *c, enum err *ret_err,
                              struct fault *fault);

/* A gate said which state it has taken, by HELLO or HEARTBEAT: it is told when there is a newer
 * one. `all_told`: it has no event left to tell, so that words told late count now. */
MUST_CHECK enum err emergency_shown(struct controller *ctl, struct session *session,
                                    uint64_t number, bool all_told, struct fault *fault);
/* A box with a gate's key that is not welcomed, for another one has the session or it said HELLO
 * too often: it may be the gate's own, and whoever is inside must get out. It is told what holds
 * when it shows less; never an end. Nothing is taken from it. */
MUST_CHECK enum err emergency_tell_unwelcome(struct controller *ctl, const struct link_peer *peer,
                                             uint8_t version, uint64_t shown, struct fault *fault);

/* Boards that say fire, as their gate lists them in HELLO and HEARTBEAT; after emergency_shown().
 * What we do not know of it counts at once, whatever becomes of its event. Nothing ends by it. */
struct fire_list {
    char *const *boards;
    size_t count;
    const protobuf_c_boolean *quiet; /* the input says so no more */
    size_t quiet_count;
    uint64_t last_sequence; /* of the gate's outbox then */
};
MUST_CHECK enum err emergency_listed(struct controller *ctl, const struct session *session,
                                     const struct fire_list *list, struct fault *fault);

/* Once a second: words told late whose time has come. */
void emergency_tick(struct controller *ctl);

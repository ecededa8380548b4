/* copy: the gate's copy of what decisions read, and what the gate decides from it when it is alone.
 *
 *   copy_feed.c   news from the controller into the copy, its checks
 *   own_events.c  the gate's own events on top of it
 *   alone.c       the park that decisions read, the lease, the verdict
 */
#pragma once

#include <stdio.h>

#include "common/base/tz.h"
#include "common/facts/view.h"
#include "common/park/park.h"
#include "reader-agent/core/lease.h"
#include "reader-agent/core/presentation.h"
#include "reader-agent/store/copy_store.h"
#include "schema/agent.pb-c.h"

struct gate;

enum { COPY_WHY_SIZE = 96, OWN_EVENTS_TURN_US = 5000, OWN_EVENTS_ENTRY_TURNS = 50 };

/* Parts that have come and are not valid yet: in the file DIR/copy/parts, each behind its length.
 */
struct copy_coming {
    FILE *file;
    bool whole; /* the last one has come: they are being applied */
    bool snapshot;
    bool carried;    /* they came by hand, not from the controller's line */
    uint32_t number; /* of the last part kept; 0: none */
    struct copy_about about;
    long applied;   /* bytes of the file that are taken in */
    bool taking;    /* copy_store_begin_take() was called */
    unsigned grown; /* how often the map was grown for these */
};

/* The gate's own events, laid over the copy: all up to `next` that it lacks. */
struct own_events {
    bool begun;
    bool going_on; /* a timer lays more of them */
    bool missed;   /* one that only this gate knew cannot be read */
    uint32_t epoch;
    uint64_t next;
    uint64_t horizon; /* from here on grants and waiting reads are laid of all events */
};

struct gate_copy {
    struct copy_store *store;
    struct copy_coming coming;
    struct own_events own;

    bool wants_anew; /* the copy was refused, and the controller has not begun another */
    char why[COPY_WHY_SIZE];
    char damaged[FAULT_TEXT_SIZE]; /* a record was found damaged: to be told at the next tick */
    bool damage_told;              /* an event says that it is damaged */
    struct mono said;              /* COPY_HAVE, the last time */
    struct mono wait;              /* no part is taken before: the disk had no room */

    struct park *park; /* heap; NULL: the rows do not make one */
    struct tz_table *tz;
    uint64_t park_version;

    struct gate_lease lease;
    struct mono lease_written;
    uint64_t alone; /* decided from the copy, since the start */
};

/* Opens the copy and takes the lease up again, as far as the disk gives them. Errors as
 * copy_store_create(). Call before any socket or thread exists. */
MUST_CHECK enum err copy_begin(struct gate *gate, struct fault *fault);
void copy_end(struct gate *gate);
/* Every GATE_TICK_MS: time of the lease, checks, own events while the gate is alone. */
void copy_tick(struct gate *gate);
/* The park's rows have changed. */
void copy_park_changed(struct gate *gate);

/* --- copy_feed.c --- */

void copy_part_heard(struct gate *gate, const Parkgate__CopyPart *part);
/* WELCOME came: the controller is told where the copy stands, and feeds it from there. */
void copy_welcomed(struct gate *gate);
/* The connection is gone: parts on their way will not come. */
void copy_link_lost(struct gate *gate);
/* The copy is damaged: it is thrown away, the controller is asked for another. */
void copy_refuse(struct gate *gate, const char *why);
/* One record of it is damaged: it is told, and another copy is asked for. */
void copy_record_damaged(struct gate *gate, const char *why);
void copy_check_tick(struct gate *gate);

/* Of a carried roster: keeps its next part, number 1 first. False: it is not that. */
bool copy_part_carried(struct gate *gate, const Parkgate__CopyPart *part, uint64_t number);
/* Are parts of one on their way? Have all come? */
bool copy_carried_is_staged(const struct gate *gate);
bool copy_carried_is_whole(const struct gate *gate);
/* Makes them the copy; carry_taken() or carry_not_taken() follow. */
void copy_carried_apply(struct gate *gate);
void copy_carried_drop(struct gate *gate);

/* --- own_events.c --- */

enum laid { LAID_NOTHING, LAID_SOME, LAID_ALL };

/* Lays the gate's own events on top, for OWN_EVENTS_TURN_US at most; LAID_SOME: others are left,
 * and a timer goes on with them, a slice in each turn of the loop. LAID_NOTHING: it failed, or
 * there is nothing to lay them on. */
enum laid own_events_lay(struct gate *gate);
/* Events were written, and the verdicts on these presentations. Keeps up what is laid, and leaves a
 * long rest to the timer: an exit waits for this. */
void own_events_written(struct gate *gate, const struct grant_id *acted, size_t acted_count);
/* The event as it is in the outbox; free it with parkgate__event__free_unpacked(). ERR_NOT_FOUND:
 * it is gone, or is of a kind that changes nothing here. ERR_CORRUPT: it cannot be read. */
MUST_CHECK enum err own_event_read(struct gate *gate, struct grant_id id, Parkgate__Event **ret,
                                   struct fault *fault);
/* What was laid is gone. */
void own_events_drop(struct gate *gate);

/* --- alone.c --- */

/* The copy with what was laid over it so far. False: there is none, or no park to read it with. */
bool alone_look(struct gate *gate, struct facts_view *ret);
/* What the gate decides from its copy about a read; denied as long as not all of its own events are
 * laid over it (REASON_CATCHING_UP). False: it has no copy, and its own verdict holds. */
bool alone_decide(struct gate *gate, const Parkgate__Event *event, struct verdict *ret_verdict,
                  struct copy_stamp *ret_stamp);
/* For a verdict that asks nothing of the copy: which copy stands here. All zero: none. */
struct copy_stamp alone_stamp(struct gate *gate);
/* Seconds that are left of the lease of an ordinary zone; 0: over, or no copy. */
uint32_t alone_lease_left_s(const struct gate *gate);
/* The controller's clock, by an answer that has just come to what was asked then. */
void alone_heard(struct gate *gate, int64_t controller_us, struct mono asked);
/* The copy is the controller's now. */
void alone_renewed(struct gate *gate);
/* The box's clock jumped: what that took of the lease is kept at once, whatever comes next. */
void alone_clock_jumped(struct gate *gate);
/* The copy is what was carried here; it was the controller's so long ago. */
void alone_carried(struct gate *gate, int64_t ago_us);

/* presentation: the life of one presentation at the agent, from the read to the lane.
 *
 *   read -> storing -> waiting -> deciding -> done        the controller is asked
 *   read -> deciding -> done                              the agent decides at once
 *
 * storing   its event is on its way to the disk
 * waiting   sent; the controller's verdict or the deadline comes next
 * deciding  a verdict is on its way to the disk
 *
 * Functional core: no clock, disk, socket or heap. The shell reports what happened and performs the
 * step that it is told. A lane opens only by STEP_OPEN (verdict durable) and STEP_OPEN_LATE (an
 * exit whose commit failed: it opens all the same, and the event is stored late).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/access/decide.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "schema/grant.h"
#include "schema/kinds.h"
#include "schema/limits.h"

enum { PRESENTATIONS_MAX = 64 };

enum presentation_state {
    PRESENTATION_FREE = 0,
    PRESENTATION_STORING,
    PRESENTATION_WAITING,
    PRESENTATION_DECIDING,
};

/* What the shell has to do next. */
enum step {
    STEP_NONE = 0,  /* nothing */
    STEP_ASK,       /* send the event, the controller decides */
    STEP_COMMIT,    /* make the verdict durable, then say presentation_committed() */
    STEP_OPEN,      /* open the lane and show the verdict */
    STEP_OPEN_LATE, /* the same; nothing is durable: store the event as soon as that works */
    STEP_SHOW,      /* show the verdict; the lane stays closed */
};

/* The copy that a gate decided from. */
struct copy_stamp {
    bool offline;      /* false: from none */
    uint64_t sequence; /* of the journal */
    uint32_t age_s;    /* since it was the controller's */
};

struct presentation_row {
    enum presentation_state state;
    struct grant_id id; /* of its event; none while storing failed or did not begin */
    struct name lane;
    struct name reader;
    enum direction direction;
    struct facts facts; /* what the agent itself would decide from */
    uint32_t answer_ms; /* how long the verdict is waited for */
    struct mono deadline;
    struct verdict verdict; /* while deciding */
    enum verdict_source source;
    uint64_t ask; /* the shell's: the device itself opens by our answer to this; 0 no */
    struct copy_stamp stamp; /* of the copy that `verdict` was found with */
};

struct presentations {
    struct presentation_row rows[PRESENTATIONS_MAX];
};

/* The agent's own verdict without a copy to ask: decide() with nothing but what the gate knows by
 * itself, so never laxer than the controller: exits are granted when live, every entry is denied. */
struct verdict presentation_own_verdict(const struct facts *facts);

/* Does the agent decide a read with these facts by itself, without asking? When the controller does
 * not answer, and for reads that open nothing whoever decides (history, stale). */
bool presentation_is_own(const struct facts *facts, bool controller_answers);

/* Takes a slot for a read that the controller is to decide within answer_ms: storing. NULL: the table
 * is full, the agent decides by itself. */
struct presentation_row *presentation_begin(struct presentations *table, struct name lane,
                                            struct name reader, const struct facts *facts,
                                            uint32_t answer_ms);
/* Its event is durable as `id` (then STEP_ASK), or is not (then the agent's verdict holds:
 * STEP_OPEN_LATE for a live exit, STEP_SHOW else; the slot is free, the verdict in *row until it is
 * taken again). */
enum step presentation_stored(struct presentation_row *row, bool durable, struct grant_id id,
                              struct mono now);

/* The one that waits, or has waited, for the verdict on `id`. NULL: none. */
struct presentation_row *presentation_find(struct presentations *table, struct grant_id id);
/* The controller's verdict; whatever it says, a live exit is granted. STEP_COMMIT; STEP_NONE when
 * another one is already on its way. */
enum step presentation_answered(struct presentation_row *row, struct verdict verdict);
/* One whose deadline has passed; it decides by itself and is now deciding: STEP_COMMIT is due, and
 * an event "acted". Its verdict is that without a copy. NULL: none. */
struct presentation_row *presentation_due(struct presentations *table, struct mono now);
/* What the copy says of one that is due. A live exit stays granted. */
void presentation_due_verdict(struct presentation_row *row, struct verdict verdict,
                              struct copy_stamp stamp);
/* When the next deadline falls. False: none waits. */
bool presentation_next_deadline(const struct presentations *table, struct mono *ret_deadline);
/* The verdict is durable, or its commit failed. Frees the slot; *row keeps its values until it is
 * taken again. An exit opens in either case, an entry only when durable. */
enum step presentation_committed(struct presentation_row *row, bool durable);
/* What a verdict means for the lane once it is durable, or is not. Writes the verdict that is shown
 * to *verdict. */
enum step presentation_act(const struct facts *facts, struct verdict *verdict, bool durable);

/* How many are under way. */
size_t presentation_count(const struct presentations *table);
/* Events have moved to another place (a new epoch). */
void presentation_moved(struct presentations *table, struct grant_id from, struct grant_id to);

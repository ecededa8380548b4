/* copies: gates are fed their copies of the tables that decisions read (common/facts/copy_rows.h).
 *
 * A gate that can decide alone says COPY_HAVE; agents of before never do and are told nothing. Then
 * it gets deliveries: parts numbered from 1, the last of which says `complete`; with that part its
 * copy is the tables as they stood at that sequence. A delivery is a snapshot (a walk over all rows
 * in slices, then what changed meanwhile) or what changed since the gate's sequence. Rows carry
 * their values of the moment of reading; a delivery goes on until the changes it has told reach the
 * journal's head at reading, which makes it whole.
 *
 * Gates that stand near each other are served by one reading (a stream): one stream of changes for
 * all that stand near the journal's head, one for such as are far behind or slow, whoever was
 * served longest ago first, and one of snapshots at a time. So no gate, and no stolen key, keeps
 * the others from what is new. A turn builds at most one part of each. Changes are told once a
 * second, at once when they are few and urgent (copies_urgent). Events come first: see
 * copies_turn().
 *
 * All of it is soft state: no rule reads it, and a restart loses nothing but deliveries under way.
 * A copy's generation is drawn for each snapshot and signed with gates.key for gate, key and epoch,
 * so that it is known again after a restart, and void once the gate's key or outbox is another.
 */
#pragma once

#include "controller/app/controller.h"
#include "schema/agent.pb-c.h"

enum {
    COPY_WINDOW = 8,             /* parts on the way to one gate */
    COPY_PART_ROWS = 240,        /* with the ranges below within LIMIT_COPY_ROWS_PER_PART */
    COPY_PART_BYTES = 40 * 1024, /* of rows in one part */
    COPY_RANGES_MAX = 100,       /* of a gate's own events; with more it waits */
    COPY_HASHES_A_TURN = 1000,   /* credentials' hashes made for single gates */
    COPY_NEAR = 5000,            /* entries apart: still one stream */
    COPY_SNAPSHOTS = 4,          /* of one gate at once, and one each: */
    COPY_SNAPSHOT_MS = 60000,
    COPY_ROUND_MS = 1000,
    COPY_URGENT_MS = 50,  /* between deliveries of urgent changes */
    COPY_RENEW_MS = 5000, /* told so often that nothing changed: the copy is that young */
    COPY_STALL_MS = 1000, /* a stream waits so long for one gate's answers */
    COPY_RESEND_MS = 3000,
    COPY_REST_MS = 10000, /* and then that gate gets nothing for so long */
    /* So long a gate may keep others waiting in any COPY_HELD_MS; then it is served apart. */
    COPY_HOLD_MS = 1000,        /* such as stand near the journal's head */
    COPY_HOLD_BEHIND_MS = 5000, /* others that are behind as it is */
    COPY_HELD_MS = 60000,
    COPY_SLOW_MS = 300000,
    COPY_LAG_MS = 60000, /* behind for so long: a fault */
};

struct copies;

struct copies *copies_create(const struct seal_key *gates_key);
void copies_destroy(struct copies **copies);

/* Has this gate been heard, and its copy not been whole, for COPY_LAG_MS? */
bool copies_is_behind(const struct controller *ctl, const struct session *session);

/* COPY_HAVE of a gate, in ctl->txn. While the controller recovers nobody is fed; what was fed
 * before a recovery is none of ours afterwards. */
MUST_CHECK enum err copies_have(struct controller *ctl, struct session *session,
                                const Parkgate__CopyHave *have, struct fault *fault);
/* An entry of this kind was recorded: is it one that gates must know at once? */
void copies_recorded(struct controller *ctl, uint32_t kind);

/* After the turn's commit: begins streams that are due and moves those under way on by one part.
 * After many inputs it leaves its turn to the next ones, 20 times at most. Returns milliseconds
 * until it wants to be called again at the latest; -1: with the next tick. */
int64_t copies_turn(struct controller *ctl);

/* What it costs, for metrics. */
struct copies_figures {
    uint64_t parts, bytes;      /* sent */
    uint64_t rows;              /* read for parts */
    uint64_t snapshots, rounds; /* begun */
    uint64_t dropped;           /* deliveries given up: no answer, or room */
    uint64_t gates, whole; /* that can be fed; of these such as stand at the last round's end */
};
struct copies_figures copies_figures_of(const struct controller *ctl);

/* copies_inside: what the feed of copies remembers, and who is served. Between copies*.c only. */
#pragma once

#include "common/base/ids.h"
#include "controller/app/batch.h"
#include "controller/app/copies.h"
#include "controller/app/copies_part.h"
#include "schema/limits.h"

enum { COPIES_DAMAGED_TOLD = 16, COPIES_BODY_BYTES = LIMIT_FRAME_BYTES - 16 };

struct copies {
    struct seal_key gates_key;
    uint64_t recovery; /* journal number of the last one; 0: none ever was */
    uint64_t next_id;
    uint64_t head;           /* of the journal, when streams were last begun */
    bool urgent, look;       /* something urgent was recorded; a gate spoke, or a delivery ended */
    uint64_t urgent_commits; /* commits before the one that makes it readable */
    struct mono last_round;
    uint64_t inputs_seen;
    unsigned yielded;
    struct copies_figures figures;
    struct copy_stream changes, behind, snapshot;
    struct handle damaged; /* a credential; none: all is well */
    size_t damaged_told;
    struct handle damaged_before[COPIES_DAMAGED_TOLD]; /* each is told once a start */
    struct copy_covered covered[LIMIT_AGENTS];
    uint8_t body[COPIES_BODY_BYTES];
    uint8_t frame[LIMIT_FRAME_BYTES];
};

bool copies_is_after(struct mono now, struct mono since, int64_t ms);
/* Something urgent can be read by now: a turn may end while the batch that recorded it is open. */
bool copies_is_urgent(const struct controller *ctl);
/* The generation of the copy of its feed's class that this gate has by this nonce. */
uint64_t copies_generation_of(const struct copies *copies, const struct session *session,
                              uint32_t nonce);
/* Keeps the number of the last recovery; *ret_open: it goes on. */
MUST_CHECK enum err copies_look_for_recovery(struct copies *copies, struct store_txn *txn,
                                             bool *ret_open, struct fault *fault);

/* copies_served.c */
/* What a copy for this gate holds, by the park of now and what the gate can work with. */
enum copy_class copies_class_of(const struct controller *ctl, const struct session *session);
/* It is heard, keeps a copy and is of the park. */
bool copies_can_be_fed(const struct controller *ctl, const struct session *session);
/* It needs a snapshot and may have one now. */
bool copies_may_snapshot(const struct controller *ctl, const struct session *session);
/* It kept others waiting: it is served apart. */
bool copies_is_slow(const struct controller *ctl, const struct session *session);
/* It stands where all others stand: what is new is told to it with them. */
bool copies_is_near(const struct controller *ctl, const struct session *session, uint64_t head);
/* There is something to tell it. */
bool copies_is_due(const struct controller *ctl, const struct session *session, uint64_t head);
/* Begins what streams are due; round: of those near the head, too. */
MUST_CHECK enum err copies_begin(struct controller *ctl, struct store_txn *txn, bool round,
                                 struct fault *fault);

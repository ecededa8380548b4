/* turn: the controller as the shell drives it: times and frames in, frames out by the outlet.
 *
 * Order of one turn: turn_begin, then any number of turn_frame, turn_tick (once a second) and
 * turn_job_done, then turn_end, which says when to come back at the latest.
 */
#pragma once

#include "common/seal/box.h"
#include "common/seal/sign.h"
#include "controller/app/controller.h"
#include "schema/park.pb-c.h"

struct turn_options {
    struct store *store, *keys;          /* borrowed, open for writing */
    const struct entropy *entropy;       /* borrowed */
    struct seal_key gates_key;           /* of gates' copies; copied */
    struct index_keys index_keys;        /* copied */
    struct seal_box_secret recovery_key; /* the park's, private half; copied */
    struct sign_key sign_key;            /* the park's (park_sign.h); copied */
    bool has_former_sign_key;
    struct sign_key former_sign_key;  /* vouches for sign_key if that is new; copied */
    struct outlet outlet;             /* copied */
    struct endpoints endpoints;       /* copied */
    const char *zoneinfo;             /* directory of zone files */
    struct in_work *in_work;          /* shared mapping; borrowed */
    const Parkgate__Genesis *genesis; /* for an empty store; else ignored, may be NULL */
    struct wall now;
    struct mono mono;
};

/* Loads the park; an empty store gets its genesis first.
 * ERR_NOT_FOUND  the store is empty and there is no genesis
 * ERR_INPUT      the genesis cannot be used; the fault says why */
MUST_CHECK enum err turn_create(const struct turn_options *options, struct controller **ret_ctl,
                                struct fault *fault);
void turn_destroy(struct controller **ctl);

void turn_begin(struct controller *ctl, struct wall now, struct mono mono);
/* One frame, borrowed for the call. */
void turn_frame(struct controller *ctl, enum port port, const struct link_peer *peer,
                const struct link_key *key, struct bytes frame);
void turn_tick(struct controller *ctl);
void turn_job_done(struct controller *ctl, uint64_t job, int status, const char *output);
/* Commits when it is due, then feeds gates' copies. Returns milliseconds until it is to be called
 * again at the latest; -1: with the next frame or tick. */
int64_t turn_end(struct controller *ctl);

/* A store takes nothing more until it is opened anew: the process must end and be started again.
 * Nothing that was acknowledged is lost by that. */
bool turn_is_over(const struct controller *ctl);

/* Counts what the shell measured: a durable commit; the way of a frame to its verdict in the
 * socket; a whole turn, from the wait's end, its commits included. */
void turn_committed(struct controller *ctl, int64_t us);
void turn_verdict_sent(struct controller *ctl, int64_t us);
void turn_took(struct controller *ctl, int64_t us);
/* Batches that were ended well, so far. */
uint64_t turn_commits(const struct controller *ctl);
/* Were rows of bulk work done since the last turn_took()? */
bool turn_did_bulk(const struct controller *ctl);

/* What the process uses of its machine; for metrics alone. */
void turn_process(struct controller *ctl, const struct process_figures *figures);

/* May this key connect to the port at all? (ZAP; every message is checked again.) */
bool turn_allows(struct controller *ctl, enum port port, const struct link_key *key);

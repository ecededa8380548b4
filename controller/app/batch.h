/* batch: group commit. Inputs are worked off in one open write transaction, without a savepoint
 * each: when one fails, all of them are worked off again, each in a savepoint then.
 * Answers that promise something wait for the commit.
 *
 * A verdict goes out at once (batch_verdict). Acknowledgements, replies and commands wait until the
 * commit returned 0. When the map is full the batch is given up, the store grows and all its inputs
 * are worked off again; verdicts already sent are kept (input->verdict_sent). When the disk is full
 * nothing of the batch is acknowledged: agents are told to try again later, operators that nothing
 * was changed. An input that meets a row which cannot be read fails alone: an operator is told so,
 * an event stays at its gate, unanswered.
 */
#pragma once

#include "controller/app/controller.h"
#include "schema/errors.h"

struct input {
    enum port port;
    struct link_peer peer;
    struct link_key key;
    struct bytes frame; /* copied by the batch */
    bool spoiled; /* working it off failed for a reason of its own: only refusing it is left */
    bool verdict_sent;
    bool recalled;            /* what it gave was counted */
    uint32_t outcome, reason; /* of the verdict sent */
};

/* Works off one input in ctl->txn. ERR_OK also for what was refused (it answered so); any other
 * code is trouble of ours: what it wrote is undone, and the code decides what the batch does. It
 * must bear to be run again: the batch may be redone. */
typedef enum err input_worker(struct controller *ctl, struct input *input, struct fault *fault);

enum { BATCH_INPUTS_MAX = LIMIT_GROUP_COMMIT_ENTRIES };

struct batch *batch_create(input_worker *const workers[PORT_COUNT]);
void batch_destroy(struct batch **batch);

/* Takes one input: opens the batch if none is open, works it off, and commits when the batch is
 * full. The frame is copied. */
void batch_take(struct controller *ctl, const struct input *input);

/* Work that no frame asked for (a timer): runs `work` in the open batch, as an input does. It must
 * bear to be run again. */
void batch_run(struct controller *ctl,
               enum err (*work)(struct controller *, void *, struct fault *), void *ctx);

/* Milliseconds until the open batch must be committed: 0 now, -1 no batch is open. */
int64_t batch_due_ms(const struct controller *ctl);
/* Commits the open batch, if any, and sends what waited for it. */
void batch_commit(struct controller *ctl);

/* --- for input workers --- */

/* After the commit: the event's answer. */
void batch_ack(struct controller *ctl, const struct input *input, uint8_t version, uint32_t epoch,
               uint64_t sequence, uint32_t answer, uint32_t error);
/* After the commit: any frame. */
void batch_send(struct controller *ctl, enum port port, const struct link_peer *peer,
                uint8_t version, uint32_t kind, uint64_t sequence, const ProtobufCMessage *body);
/* Frames that batch_send() took since the mark are given up: what ordered them was undone. */
struct batch_mark {
    size_t frames, bytes;
};
struct batch_mark batch_mark_of(const struct controller *ctl);
void batch_take_back(struct controller *ctl, struct batch_mark mark);
/* At once. Kept in the input, so that working it off again gives the same. */
void batch_verdict(struct controller *ctl, struct input *input, uint8_t version, uint32_t epoch,
                   uint64_t sequence, uint32_t outcome, uint32_t reason);

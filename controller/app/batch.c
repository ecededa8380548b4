#include "controller/app/batch.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "controller/app/ballast.h"
#include "controller/app/waiters.h"
#include "schema/agent.pb-c.h"
#include "schema/envelope.h"
#include "schema/operator.pb-c.h"

struct ack {
    struct link_peer peer;
    uint8_t version;
    uint32_t epoch, answer, error;
    uint64_t sequence;
};

struct outgoing {
    enum port port;
    struct link_peer peer;
    size_t at, size; /* in the arena */
};

/* As long as slices of an import are all it holds, a batch waits this long for more of them: nobody
 * at a gate waits for it, and the pages that they share are written once. */
enum { ROOM_TRIES = 12 }; /* a commit makes room, by growing or by the ballast */
enum { BULK_COMMIT_MS = 4 * LIMIT_GROUP_COMMIT_MS };

enum { ARENA_SIZE = 8 * 1024 * 1024, OUTGOING_MAX = 1024 };

/* Frames in, then frames out: the arena is empty again after each commit. */
struct batch {
    input_worker *workers[PORT_COUNT];
    struct store_txn *txn; /* the batch's own; inputs run in its children */
    struct mono due;       /* of the commit */
    bool open;
    bool careful; /* an input failed: each works in a savepoint now */
    enum err (*work)(struct controller *, void *, struct fault *); /* a timer's; NULL: inputs' */
    void *work_ctx;
    size_t input_count, ack_count, outgoing_count;
    struct input inputs[BATCH_INPUTS_MAX];
    struct ack acks[BATCH_INPUTS_MAX];
    struct outgoing outgoing[OUTGOING_MAX];
    size_t in_used, out_used;
    uint8_t in_arena[BATCH_INPUTS_MAX * LIMIT_FRAME_BYTES];
    uint8_t out_arena[ARENA_SIZE];
};

struct batch *batch_create(input_worker *const workers[PORT_COUNT])
{
    struct batch *batch = calloc(1, sizeof(*batch));
    if (batch != NULL) {
        memcpy(batch->workers, workers, sizeof(batch->workers));
    }
    return batch;
}

void batch_destroy(struct batch **batch)
{
    if (*batch != NULL) {
        store_txn_destroy(&(*batch)->txn);
        free(*batch);
        *batch = NULL;
    }
}

static void forget(struct controller *ctl)
{
    struct batch *batch = ctl->batch;
    store_txn_destroy(&batch->txn);
    store_txn_destroy(&ctl->keys_txn);
    batch->ack_count = 0;
    batch->outgoing_count = 0;
    batch->out_used = 0;
    waiters_undone(ctl, NULL);
}

static void close_batch(struct controller *ctl)
{
    forget(ctl);
    ctl->batch->open = false;
    ctl->batch->careful = false;
    ctl->batch->work = NULL;
    ctl->batch->input_count = 0;
    ctl->batch->in_used = 0;
}

/* --- answers --- */

void batch_ack(struct controller *ctl, const struct input *input, uint8_t version, uint32_t epoch,
               uint64_t sequence, uint32_t answer, uint32_t error)
{
    struct batch *batch = ctl->batch;
    MUST(batch->ack_count < BATCH_INPUTS_MAX);
    batch->acks[batch->ack_count++] = (struct ack){.peer = input->peer,
                                                   .version = version,
                                                   .epoch = epoch,
                                                   .sequence = sequence,
                                                   .answer = answer,
                                                   .error = error};
}

void batch_send(struct controller *ctl, enum port port, const struct link_peer *peer,
                uint8_t version, uint32_t kind, uint64_t sequence, const ProtobufCMessage *body)
{
    struct batch *batch = ctl->batch;
    if (batch->outgoing_count == OUTGOING_MAX || ARENA_SIZE - batch->out_used < LIMIT_FRAME_BYTES) {
        log_warning("answer_dropped", LOG_NUM("kind", kind)); /* it will be asked for again */
        return;
    }
    size_t size = envelope_write(version, (enum message_kind)kind, sequence, body,
                                 batch->out_arena + batch->out_used, LIMIT_FRAME_BYTES);
    batch->outgoing[batch->outgoing_count++] =
        (struct outgoing){.port = port, .peer = *peer, .at = batch->out_used, .size = size};
    batch->out_used += size;
}

struct batch_mark batch_mark_of(const struct controller *ctl)
{
    return (struct batch_mark){.frames = ctl->batch->outgoing_count,
                               .bytes = ctl->batch->out_used};
}

void batch_take_back(struct controller *ctl, struct batch_mark mark)
{
    MUST(mark.frames <= ctl->batch->outgoing_count && mark.bytes <= ctl->batch->out_used);
    ctl->batch->outgoing_count = mark.frames;
    ctl->batch->out_used = mark.bytes;
}

void batch_verdict(struct controller *ctl, struct input *input, uint8_t version, uint32_t epoch,
                   uint64_t sequence, uint32_t outcome, uint32_t reason)
{
    uint8_t frame[256];
    Parkgate__Verdict verdict = PARKGATE__VERDICT__INIT;
    input->verdict_sent = true;
    input->outcome = outcome;
    input->reason = reason;
    verdict.epoch = epoch;
    verdict.sequence = sequence;
    verdict.outcome = outcome;
    verdict.reason = reason;
    size_t size =
        envelope_write(version, MESSAGE_VERDICT, sequence, &verdict.base, frame, sizeof(frame));
    ctl->outlet.send(ctl->outlet.ctx, input->port, &input->peer,
                     (struct bytes){.data = frame, .size = size});
}

static bool same_letter(const struct ack *a, const struct ack *b)
{
    return memcmp(a->peer.id, b->peer.id, sizeof(a->peer.id)) == 0 && a->version == b->version &&
           a->epoch == b->epoch;
}

/* One letter for each peer and epoch: its acknowledgements of this batch in parallel arrays. */
static void send_letter(struct controller *ctl, const struct ack *first, bool *sent, size_t count)
{
    uint64_t sequences[BATCH_INPUTS_MAX];
    uint32_t answers[BATCH_INPUTS_MAX];
    uint32_t errors[BATCH_INPUTS_MAX];
    uint8_t frame[LIMIT_FRAME_BYTES];
    Parkgate__Ack letter = PARKGATE__ACK__INIT;
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        if (!sent[i] && same_letter(first, &first[i])) {
            sequences[used] = first[i].sequence;
            answers[used] = first[i].answer;
            errors[used++] = first[i].error;
            sent[i] = true;
        }
    }
    letter.epoch = first->epoch;
    letter.n_sequence = letter.n_answer = letter.n_error = used;
    letter.sequence = sequences;
    letter.answer = answers;
    letter.error = errors;
    size_t size =
        envelope_write(first->version, MESSAGE_ACK, 0, &letter.base, frame, sizeof(frame));
    ctl->outlet.send(ctl->outlet.ctx, PORT_AGENTS, &first->peer,
                     (struct bytes){.data = frame, .size = size});
}

static void send_waiting(struct controller *ctl)
{
    struct batch *batch = ctl->batch;
    bool sent[BATCH_INPUTS_MAX] = {false};
    for (size_t i = 0; i < batch->ack_count; i++) {
        if (!sent[i]) {
            send_letter(ctl, &batch->acks[i], &sent[i], batch->ack_count - i);
        }
    }
    for (size_t i = 0; i < batch->outgoing_count; i++) {
        const struct outgoing *out = &batch->outgoing[i];
        ctl->outlet.send(ctl->outlet.ctx, out->port, &out->peer,
                         (struct bytes){.data = batch->out_arena + out->at, .size = out->size});
    }
}

/* --- trouble --- */

static void tell_operator(struct controller *ctl, const struct input *input,
                          const struct complaint *c)
{
    uint8_t frame[2048];
    struct envelope envelope;
    struct complaint ignored;
    Parkgate__Reply reply = PARKGATE__REPLY__INIT;
    char *args[ERROR_ARGS];
    for (size_t i = 0; i < ERROR_ARGS; i++) {
        args[i] = field_text(c->arg[i]);
    }
    if (!envelope_read(input->frame, &envelope, &ignored)) {
        return;
    }
    reply.error = c->number;
    reply.n_error_arg = ERROR_ARGS;
    reply.error_arg = args;
    size_t size = envelope_write(envelope.version, MESSAGE_REPLY, envelope.sequence, &reply.base,
                                 frame, sizeof(frame));
    ctl->outlet.send(ctl->outlet.ctx, input->port, &input->peer,
                     (struct bytes){.data = frame, .size = size});
}

/* Nothing of this input was kept: say so, so that nobody waits. */
static void tell_failed(struct controller *ctl, const struct input *input, enum err code,
                        const struct fault *fault)
{
    struct complaint c = {0};
    if (input->port == PORT_AGENTS) {
        return; /* unanswered events come again */
    }
    waiters_undone(ctl, input);
    if (ballast_is_full(ctl, code)) {
        (void)complain(&c, ERROR_STORE_FULL, store_dir(ctl->store), NULL, NULL, NULL);
    } else {
        (void)complain(&c, ERROR_INTERNAL, fault->what, NULL, NULL, NULL);
    }
    tell_operator(ctl, input, &c);
}

/* The park in memory as the store has it, when what changed it is undone. */
static enum err reload_committed(struct controller *ctl, struct fault *fault)
{
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    TRY(store_begin_read(ctl->store, &txn, fault));
    return controller_reload(ctl, txn, fault);
}

/* After a failed write of its root LMDB refuses everything until it is opened anew. */
static bool is_over(struct store *store)
{
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    return store_begin_read(store, &txn, NULL) == ERR_IO;
}

static void give_up(struct controller *ctl, enum err code, const struct fault *fault)
{
    struct batch *batch = ctl->batch;
    log_error("batch_failed", LOG_TEXT("error", err_name(code)), LOG_TEXT("what", fault->what),
              LOG_NUM("inputs", batch->input_count));
    ctl->store_full = ballast_is_full(ctl, code);
    for (size_t i = 0; i < batch->input_count; i++) {
        tell_failed(ctl, &batch->inputs[i], code, fault);
    }
    close_batch(ctl);
    emergency_news_lost(ctl);
    struct fault again = {0};
    if (reload_committed(ctl, &again) != ERR_OK) {
        log_error("reload_failed", LOG_TEXT("what", again.what));
    }
    ctl->stores_over = is_over(ctl->store) || is_over(ctl->keys);
}

/* --- working off --- */

static enum err open_txn(struct controller *ctl, struct fault *fault)
{
    return ctl->batch->txn != NULL ? ERR_OK
                                   : store_begin_write(ctl->store, &ctl->batch->txn, fault);
}

static bool is_dead(enum err code)
{
    return code == ERR_MAP_FULL || code == ERR_FULL || code == ERR_IO || code == ERR_CORRUPT;
}

/* A row that cannot be read is the trouble of the input that met it, not of the others. */
static bool ends_all(enum err code)
{
    return is_dead(code) && code != ERR_CORRUPT;
}

/* A timer's work, in a savepoint of its own: what it wrote is undone when it fails. */
static enum err run_work(struct controller *ctl, struct fault *fault)
{
    struct batch *batch = ctl->batch;
    TRY(open_txn(ctl, fault));
    TRY(store_begin_child(batch->txn, &ctl->txn, fault));
    enum err err = batch->work(ctl, batch->work_ctx, fault);
    if (err == ERR_OK) {
        return store_commit(&ctl->txn, fault);
    }
    store_txn_destroy(&ctl->txn);
    return err;
}

static enum err work_in_savepoint(struct controller *ctl, struct input *input, struct fault *fault)
{
    struct batch *batch = ctl->batch;
    size_t acks = batch->ack_count;
    size_t outgoing = batch->outgoing_count;
    size_t out_used = batch->out_used;
    TRY(store_begin_child(batch->txn, &ctl->txn, fault));
    enum err err = batch->workers[input->port](ctl, input, fault);
    if (err == ERR_OK) {
        return store_commit(&ctl->txn, fault);
    }
    store_txn_destroy(&ctl->txn);
    batch->ack_count = acks;
    batch->outgoing_count = outgoing;
    batch->out_used = out_used;
    struct fault again = {0};
    if (!ends_all(err) && controller_reload(ctl, batch->txn, &again) != ERR_OK) {
        log_error("reload_failed", LOG_TEXT("what", again.what));
    }
    return err;
}

static enum err work_input(struct controller *ctl, struct input *input, struct fault *fault)
{
    TRY(open_txn(ctl, fault));
    if (ctl->batch->careful) {
        return work_in_savepoint(ctl, input, fault);
    }
    ctl->txn = ctl->batch->txn;
    enum err err = ctl->batch->workers[input->port](ctl, input, fault);
    ctl->txn = NULL;
    return err;
}

/* An agent's event that cannot be worked off would come again for ever: it is refused instead. One
 * that met a damaged row is not (false): it stays at its gate until that row is restored. */
static bool spoil(struct input *input, enum err why, const struct fault *fault)
{
    if (input->port == PORT_AGENTS && why == ERR_CORRUPT) {
        return false;
    }
    input->spoiled = true;
    if (input->port == PORT_AGENTS) {
        log_error("event_spoiled", LOG_TEXT("error", err_name(why)), LOG_TEXT("what", fault->what));
    }
    return true;
}

/* Works off the inputs from number `first` on. A savepoint for each would copy every page that it
 * touches, and failures of ours are rare: so when one fails, the whole batch is undone and all its
 * inputs are worked off again, from then on each in a savepoint. */
static enum err work_from(struct controller *ctl, size_t first, struct fault *fault)
{
    struct batch *batch = ctl->batch;
    for (size_t i = first; i < batch->input_count; i++) {
        struct input *input = &batch->inputs[i];
        enum err err = work_input(ctl, input, fault);
        if (err != ERR_OK && !ends_all(err) && !input->spoiled) {
            bool once_more = spoil(input, err, fault);
            if (!batch->careful) {
                batch->careful = true;
                forget(ctl);
                TRY(reload_committed(ctl, fault));
                return work_from(ctl, 0, fault);
            }
            err = once_more ? work_input(ctl, input, fault) : err;
        }
        if (ends_all(err)) {
            return err;
        }
        if (err != ERR_OK) {
            log_error("input_failed", LOG_TEXT("error", err_name(err)),
                      LOG_TEXT("what", fault->what));
            tell_failed(ctl, input, err, fault);
        }
    }
    return ERR_OK;
}

static enum err redo_all(struct controller *ctl, struct fault *fault)
{
    return ctl->batch->work != NULL ? run_work(ctl, fault) : work_from(ctl, 0, fault);
}

static enum err grow(struct controller *ctl, struct fault *fault)
{
    TRY(store_grow(ctl->store, fault));
    TRY(store_grow(ctl->keys, fault));
    log_event("store_grown", LOG_TEXT("dir", store_dir(ctl->store)));
    return ERR_OK;
}

/* The map is full, or the disk while there is ballast: make room and work the whole batch off
 * again. ERR_OK: it is; any other code is what is left. */
static enum err make_room_and_redo(struct controller *ctl, enum err err, struct fault *fault)
{
    for (;;) {
        if (err != ERR_MAP_FULL && (err == ERR_OK || !is_dead(err))) {
            return err;
        }
        forget(ctl);
        if (err == ERR_MAP_FULL) {
            TRY(grow(ctl, fault));
        } else if (!ballast_spend(ctl, err)) {
            return err;
        }
        TRY(reload_committed(ctl, fault));
        err = redo_all(ctl, fault);
    }
}

static void open_batch(struct controller *ctl)
{
    if (!ctl->batch->open) {
        ctl->batch->open = true;
        ctl->batch->due = mono_after_ms(ctl->mono, BULK_COMMIT_MS);
    }
}

/* Something came that is no slice: its answer waits for the commit as long as ever. */
static void hasten(struct controller *ctl)
{
    struct mono due = mono_after_ms(ctl->mono, LIMIT_GROUP_COMMIT_MS);
    if (mono_before(due, ctl->batch->due)) {
        ctl->batch->due = due;
    }
}

void batch_take(struct controller *ctl, const struct input *taken)
{
    struct batch *batch = ctl->batch;
    struct fault fault = {0};
    if (batch->input_count == BATCH_INPUTS_MAX) {
        batch_commit(ctl);
    }
    open_batch(ctl);
    gauges_input(&ctl->gauges);
    struct input *input = &batch->inputs[batch->input_count++];
    *input = *taken;
    MUST(taken->frame.size <= LIMIT_FRAME_BYTES);
    memcpy(batch->in_arena + batch->in_used, taken->frame.data, taken->frame.size);
    input->frame.data = batch->in_arena + batch->in_used;
    batch->in_used += taken->frame.size;
    uint64_t rows = ctl->gauges.rows;
    enum err err = work_from(ctl, batch->input_count - 1, &fault);
    err = make_room_and_redo(ctl, err, &fault);
    if (err != ERR_OK) {
        give_up(ctl, err, &fault);
    }
    if (ctl->gauges.rows == rows) {
        hasten(ctl);
    }
    if (batch->input_count == BATCH_INPUTS_MAX) {
        batch_commit(ctl);
    }
}

void batch_run(struct controller *ctl,
               enum err (*work)(struct controller *, void *, struct fault *), void *ctx)
{
    struct fault fault = {0};
    batch_commit(
        ctl); /* a timer's work stands in a batch of its own, so that it need not be kept */
    open_batch(ctl);
    ctl->batch->work = work;
    ctl->batch->work_ctx = ctx;
    enum err err = make_room_and_redo(ctl, run_work(ctl, &fault), &fault);
    if (err != ERR_OK) {
        give_up(ctl, err, &fault);
    } else {
        batch_commit(ctl);
    }
}

int64_t batch_due_ms(const struct controller *ctl)
{
    if (!ctl->batch->open) {
        return -1;
    }
    int64_t left_us = ctl->batch->due.us - ctl->mono.us;
    return left_us <= 0 ? 0 : (left_us + 999) / 1000;
}

/* Person keys first: a key is durable before the first entry sealed under it is. */
static enum err commit_both(struct controller *ctl, struct fault *fault)
{
    if (ctl->keys_txn != NULL) {
        ctl->erasing.wanted_later |= late_keys_committing(&ctl->erasing.late, ctl->keys_txn);
        TRY(store_commit(&ctl->keys_txn, fault));
    }
    return ctl->batch->txn == NULL ? ERR_OK : store_commit(&ctl->batch->txn, fault);
}

/* A batch that only answered questions writes nothing, so its commit says nothing of the disk. */
static uint64_t writes_of(const struct controller *ctl)
{
    struct store_stats stats;
    store_stats_of(ctl->store, &stats);
    return stats.commits;
}

void batch_commit(struct controller *ctl)
{
    struct fault fault = {0};
    if (!ctl->batch->open) {
        return;
    }
    uint64_t writes = writes_of(ctl);
    enum err err = commit_both(ctl, &fault);
    for (int i = 0; err != ERR_OK && i < ROOM_TRIES; i++) {
        enum err again = make_room_and_redo(ctl, err, &fault);
        if (again != ERR_OK) {
            err = again;
            break;
        }
        err = commit_both(ctl, &fault);
    }
    if (err != ERR_OK) {
        give_up(ctl, err, &fault);
        return;
    }
    ctl->store_full = ctl->store_full && (writes_of(ctl) == writes || ballast_is_used_up(ctl));
    ctl->commits++;
    ctl->inputs += ctl->batch->input_count;
    if (ctl->batch->input_count > ctl->batch_inputs_most) {
        ctl->batch_inputs_most = ctl->batch->input_count;
    }
    emergency_news_kept(ctl);
    send_waiting(ctl);
    close_batch(ctl);
}

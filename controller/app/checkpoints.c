#include "controller/app/checkpoints.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "controller/app/faults.h"
#include "controller/app/park_sign.h"
#include "controller/app/truncation.h"
#include "controller/journal/checkpoint.h"
#include "controller/store/checkpoint_store.h"
#include "controller/store/sign_key_store.h"

/* --- what a job printed --- */

/* The value of a line `name=value`, into out. False: there is none, or it is too long. */
static bool value_of(const char *output, const char *name, char *out, size_t size)
{
    size_t name_size = strlen(name);
    for (const char *line = output; line != NULL && *line != '\0';) {
        if (strncmp(line, name, name_size) == 0 && line[name_size] == '=') {
            size_t used = strcspn(line + name_size + 1, "\n");
            if (used >= size) {
                return false;
            }
            memcpy(out, line + name_size + 1, used);
            out[used] = '\0';
            return true;
        }
        line = strchr(line, '\n');
        line = line == NULL ? NULL : line + 1;
    }
    return false;
}

bool checkpoints_number_of(const char *output, const char *name, uint64_t *ret)
{
    char text[24];
    char *rest = NULL;
    if (!value_of(output, name, text, sizeof(text)) || text[0] < '0' || text[0] > '9') {
        return false;
    }
    *ret = strtoull(text, &rest, 10);
    return *rest == '\0';
}

size_t checkpoints_hex_of(const char *output, const char *name, uint8_t *out, size_t capacity)
{
    static char text[8192]; /* one thread */
    if (!value_of(output, name, text, sizeof(text)) || strlen(text) / 2 > capacity) {
        return 0;
    }
    size_t size = strlen(text) / 2;
    return bytes_from_hex(text, out, size) ? size : 0;
}

/* --- a checkpoint is signed --- */

struct made {
    const char *actor, *output;
    uint64_t sequence;
    bool recorded;
};

static bool read_made(const struct made *made, struct checkpoint *ret, uint64_t *ret_rows)
{
    return checkpoints_number_of(made->output, "seq", &ret->sequence) &&
           checkpoints_number_of(made->output, "size", &ret->size) &&
           checkpoints_number_of(made->output, "rows", ret_rows) &&
           checkpoints_hex_of(made->output, "hash", ret->hash.bytes, SEAL_HASH_SIZE) ==
               SEAL_HASH_SIZE &&
           checkpoints_hex_of(made->output, "digest", ret->digest.bytes, SEAL_HASH_SIZE) ==
               SEAL_HASH_SIZE;
}

/* An older one, that another overtook, is of no use. */
static enum err is_newest(struct controller *ctl, uint64_t sequence, bool *ret, struct fault *fault)
{
    Parkgate__CheckpointRecord *newest = NULL;
    enum err err = checkpoint_newest(ctl->txn, &newest, fault);
    *ret = err == ERR_NOT_FOUND || (err == ERR_OK && newest->at_sequence < sequence);
    if (err == ERR_OK) {
        parkgate__checkpoint_record__free_unpacked(newest, NULL);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err record_made(struct controller *ctl, void *ctx, struct fault *fault)
{
    struct made *made = ctx;
    struct checkpoint checkpoint = {.time = ctl->now};
    char text[CHECKPOINT_LINE_SIZE];
    bool newest = false;
    struct sign_public key = park_sign_public(ctl);
    Parkgate__CheckpointRecord record = PARKGATE__CHECKPOINT_RECORD__INIT;
    made->recorded = false;
    if (!read_made(made, &checkpoint, &record.rows)) {
        return fault_set(fault, ERR_INPUT, "checkpoint: what the job said cannot be read");
    }
    TRY(fault_end(ctl, &fault_checkpoint_failed, FAULT_CHECKPOINTS, fault));
    TRY(is_newest(ctl, checkpoint.sequence, &newest, fault));
    if (!newest) {
        return ERR_OK;
    }
    TRY(journal_branch(ctl->txn, checkpoint.branch, fault));
    sign_key_id(&key, checkpoint.key);
    park_sign(ctl, checkpoint_message(&checkpoint, text), &checkpoint.value);
    record.at_sequence = checkpoint.sequence;
    record.hash = field_of(BYTES_OF(checkpoint.hash.bytes));
    record.digest = field_of(BYTES_OF(checkpoint.digest.bytes));
    record.size = checkpoint.size;
    record.time_us = checkpoint.time.us;
    record.branch = field_of(BYTES_OF(checkpoint.branch));
    record.key = checkpoint.key;
    record.value = field_of(BYTES_OF(checkpoint.value.bytes));
    made->sequence = checkpoint.sequence;
    made->recorded = true;
    return controller_record(ctl, ENTRY_CHECKPOINT, made->actor, &record.base, fault);
}

void checkpoints_made(struct controller *ctl, const char *actor, const char *output)
{
    struct made made = {.actor = actor, .output = output};
    if (strstr(output, "result=good") == NULL) {
        return;
    }
    batch_run(ctl, record_made, &made);
    if (made.recorded) {
        log_event("checkpoint_made", LOG_NUM("seq", made.sequence));
        ctl->checkpointing.tidy = true;
        ctl->checkpointing.look_at = ctl->mono;
    }
}

/* --- jobs of our own --- */

static const char *const job_names[] = {
    [CHECKPOINT_NOTHING] = "",
    [CHECKPOINT_MAKING] = "checkpoint",
    [CHECKPOINT_TIDYING] = "checkpoint-tidy",
    [CHECKPOINT_LOOKING] = "truncate",
};

/* It is begun again when the controller looks the next time. */
static void job_waits(enum checkpoint_work work, const char *why)
{
    log_warning("checkpoint_waits", LOG_TEXT("job", job_names[work]), LOG_TEXT("why", why));
}

static void start_job(struct controller *ctl, enum checkpoint_work work, const char *arg)
{
    struct fault fault = {0};
    const char *const args[] = {job_names[work], arg, NULL};
    ctl->checkpointing.work = work;
    if (ctl->outlet.job(ctl->outlet.ctx, CHECKPOINT_JOB, args, &fault) != ERR_OK) {
        job_waits(work, fault.what);
        ctl->checkpointing.work = CHECKPOINT_NOTHING;
    }
}

static enum err raise_failed(struct controller *ctl, void *ctx, struct fault *fault)
{
    (void)ctx;
    return fault_raise(ctl, &fault_checkpoint_failed, FAULT_CHECKPOINTS, "", "", fault);
}

/* Not at once again: it may load the disk, or fill it, each time. */
static void job_failed(struct controller *ctl, enum checkpoint_work work, const char *output)
{
    struct checkpointing *c = &ctl->checkpointing;
    char why[FAULT_TEXT_SIZE] = "the job's process died";
    (void)value_of(output, "failed", why, sizeof(why));
    log_error("checkpoint_failed", LOG_TEXT("what", why));
    if (work == CHECKPOINT_MAKING) {
        c->make_at = mono_after_ms(ctl->mono, CHECKPOINT_AGAIN_MS);
        batch_run(ctl, raise_failed, NULL);
    } else {
        c->tidy_at = mono_after_ms(ctl->mono, CHECKPOINT_TIDY_AGAIN_MS);
    }
}

bool checkpoints_job_done(struct controller *ctl, uint64_t job, int status, const char *output)
{
    struct checkpointing *c = &ctl->checkpointing;
    enum checkpoint_work work = c->work;
    if (job != CHECKPOINT_JOB) {
        return false;
    }
    c->work = CHECKPOINT_NOTHING;
    if (status == CHECKPOINT_JOB_REFUSED && output[0] == '\0') {
        job_waits(work, "as many jobs run as may");
    } else if (work == CHECKPOINT_LOOKING) {
        truncation_looked(ctl, status, output);
    } else if (status != 0) {
        job_failed(ctl, work, output);
    } else if (work == CHECKPOINT_MAKING) {
        checkpoints_made(ctl, "", output);
    } else {
        c->tidy = false;
        c->look_at = ctl->mono; /* what waited for it */
    }
    return true;
}

/* --- what is due --- */

static enum err is_due(struct controller *ctl, struct store_txn *txn, bool *ret_there, bool *ret,
                       struct fault *fault)
{
    Parkgate__CheckpointRecord *newest = NULL;
    enum err err = checkpoint_newest(txn, &newest, fault);
    *ret_there = err == ERR_OK;
    *ret = false;
    if (err == ERR_OK) {
        int64_t age_us = ctl->now.us - newest->time_us; /* below 0: the clock was ahead */
        *ret = age_us < 0 || age_us >= (int64_t)LIMIT_CHECKPOINT_DAYS * 86400 * 1000000;
        parkgate__checkpoint_record__free_unpacked(newest, NULL);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err look(struct controller *ctl, struct fault *fault)
{
    struct checkpointing *c = &ctl->checkpointing;
    bool there = false;
    bool due = false;
    char upto[24] = "";
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    TRY(store_begin_read(ctl->store, &txn, fault));
    TRY(is_due(ctl, txn, &there, &due, fault));
    TRY(truncation_look(ctl, txn, upto, sizeof(upto), fault));
    c->tidy |= !c->looked && there; /* a kill may have come before the tidying */
    c->looked = true;
    if (c->tidy && !mono_before(ctl->mono, c->tidy_at)) {
        start_job(ctl, CHECKPOINT_TIDYING, NULL);
    } else if (upto[0] != '\0') {
        start_job(ctl, CHECKPOINT_LOOKING, upto);
    } else if (due && !mono_before(ctl->mono, c->make_at)) {
        start_job(ctl, CHECKPOINT_MAKING, NULL);
    }
    return ERR_OK;
}

void checkpoints_tick(struct controller *ctl)
{
    struct checkpointing *c = &ctl->checkpointing;
    struct fault fault = {0};
    if (ctl->outlet.job == NULL || c->work != CHECKPOINT_NOTHING ||
        mono_before(ctl->mono, c->look_at)) {
        return;
    }
    c->look_at = mono_after_ms(ctl->mono, CHECKPOINT_LOOK_MS);
    if (look(ctl, &fault) != ERR_OK) {
        log_error("checkpoint_failed", LOG_TEXT("what", fault.what));
    }
}

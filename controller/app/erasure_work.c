/* What an erasure leads to, over restarts too: its steps, and the rewriting of the person keys. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "controller/app/batch.h"
#include "controller/app/erasure_parts.h"
#include "controller/app/faults.h"
#include "controller/app/subjects.h"
#include "controller/app/waiters.h"
#include "controller/store/person_keys.h"
#include "schema/kinds.h"

/* --- the steps --- */

typedef enum err erasure_work(struct controller *ctl, const Parkgate__ErasureRecord *record,
                              struct fault *fault);

static enum err work_at(struct controller *ctl, struct handle holder, erasure_work *work,
                        struct fault *fault)
{
    Parkgate__ErasureRecord *record = NULL;
    enum err err = erasure_get(ctl->txn, holder, &record, fault);
    if (err != ERR_OK) {
        return err;
    }
    err = work(ctl, record, fault);
    parkgate__erasure_record__free_unpacked(record, NULL);
    return err;
}

/* Those of one step, at most ERASURE_ROWS, behind `from`; what work() records does not disturb the
 * walk. *ret_next: the last of them; *ret_more: there are more. */
static enum err each_at(struct controller *ctl, uint32_t step, struct handle from,
                        erasure_work *work, struct handle *ret_next, bool *ret_more,
                        struct fault *fault)
{
    struct erasure_place place = {.step = step, .holder = from};
    enum err err = ERR_OK;
    *ret_next = from;
    *ret_more = true;
    for (size_t rows = 0; rows < ERASURE_ROWS; rows++) {
        err = erasure_next_open(ctl->txn, &place, fault);
        if (err == ERR_NOT_FOUND || (err == ERR_OK && place.step != step)) {
            *ret_more = false;
            return ERR_OK;
        }
        TRY(err);
        TRY(work_at(ctl, place.holder, work, fault));
        *ret_next = place.holder;
    }
    return ERR_OK;
}

static enum err delete_key(struct controller *ctl, const Parkgate__ErasureRecord *record,
                           struct fault *fault)
{
    return controller_forget_key(ctl, people_handle(&record->holder), fault);
}

static enum err delete_keys(struct controller *ctl, void *ctx, struct fault *fault)
{
    struct erasing *erasing = &ctl->erasing;
    (void)ctx;
    return each_at(ctl, ERASURE_BEGAN, erasing->from, delete_key, &erasing->next, &erasing->more,
                   fault);
}

/* One that was asked for meanwhile has its key still: it waits for the next time. */
static enum err note_key_gone(struct controller *ctl, const Parkgate__ErasureRecord *record,
                              struct fault *fault)
{
    struct seal_key key;
    Parkgate__ErasureRecord changed = *record;
    enum err err = controller_holder_key(ctl, people_handle(&record->holder), false, &key, fault);
    if (err != ERR_NOT_FOUND) {
        seal_wipe(&key, sizeof(key));
        ctl->erasing.wanted = true;
        return err;
    }
    changed.step = ERASURE_KEY_GONE;
    changed.key_gone_us = ctl->now.us;
    changed.backups_left = ctl->erasing.backups_left;
    return controller_record(ctl, ENTRY_ERASURE, "", &changed.base, fault);
}

static enum err keys_are_gone(struct controller *ctl, void *ctx, struct fault *fault)
{
    struct erasing *erasing = &ctl->erasing;
    (void)ctx;
    return each_at(ctl, ERASURE_BEGAN, erasing->from, note_key_gone, &erasing->next, &erasing->more,
                   fault);
}

/* --- who has confirmed, and who waits for too long --- */

static enum err end_if_confirmed(struct controller *ctl, const Parkgate__ErasureRecord *record,
                                 const struct erasure_gates *gates, struct fault *fault)
{
    size_t terminals = 0;
    Parkgate__ErasureRecord changed = *record;
    if (erasure_gates_behind(gates, record->at_sequence) > 0) {
        return ERR_OK;
    }
    TRY(subjects_waiting(ctl, people_handle(&record->holder), &terminals, fault));
    if (terminals > 0) {
        return ERR_OK;
    }
    TRY(controller_forget_key(ctl, people_handle(&record->order_key), fault));
    changed.step = ERASURE_ENDED;
    changed.ended_us = ctl->now.us;
    return controller_record(ctl, ENTRY_ERASURE, "", &changed.base, fault);
}

/* How much of the walk one look does: each asks for all orders that terminals have not confirmed.
 */
enum { LOOK_ROWS = 4000 };

static enum err end_confirmed(struct controller *ctl, const struct erasure_gates *gates,
                              struct fault *fault)
{
    uint64_t orders = 0;
    struct erasing *erasing = &ctl->erasing;
    struct erasure_place place = {.step = ERASURE_KEY_GONE, .holder = erasing->looked_from};
    TRY(store_count(ctl->txn, TABLE_SUBJECT_OPEN, &orders, fault));
    uint64_t cost = 1 + (orders < SUBJECTS_COUNT_MAX ? orders : SUBJECTS_COUNT_MAX);
    erasing->looked_next = erasing->looked_from;
    for (uint64_t done = 0, rows = 0; done < LOOK_ROWS && rows < ERASURE_ROWS; rows++) {
        Parkgate__ErasureRecord *record = NULL;
        enum err err = erasure_next_open(ctl->txn, &place, fault);
        if (err == ERR_NOT_FOUND || (err == ERR_OK && place.step != ERASURE_KEY_GONE)) {
            erasing->looked_next = (struct handle){{0}}; /* from the beginning again */
            return ERR_OK;
        }
        TRY(err);
        TRY(erasure_get(ctl->txn, place.holder, &record, fault));
        err = end_if_confirmed(ctl, record, gates, fault);
        parkgate__erasure_record__free_unpacked(record, NULL);
        TRY(err);
        erasing->looked_next = place.holder;
        done += cost;
    }
    return ERR_OK;
}

/* The person keys of backups that are too old are destroyed by what follows a rewriting: there is
 * one a day, whether keys were deleted or not. */
static enum err judge_backups(struct controller *ctl, struct fault *fault)
{
    uint64_t backups = 0;
    TRY(store_count(ctl->txn, TABLE_BACKUP, &backups, fault));
    ctl->erasing.wanted_later |= backups > 0 && !mono_before(ctl->mono, ctl->erasing.daily_at);
    return ERR_OK;
}

/* Of those that have begun a slice is enough: what keeps one from going on keeps all. */
static enum err judge_waiting(struct controller *ctl, struct fault *fault)
{
    bool is_late = false;
    enum err err = ERR_OK;
    struct erasure_place place = {.step = ERASURE_BEGAN};
    for (size_t rows = 0; err == ERR_OK && !is_late && rows < ERASURE_ROWS; rows++) {
        Parkgate__ErasureRecord *record = NULL;
        err = erasure_next_open(ctl->txn, &place, fault);
        if (err != ERR_OK || place.step != ERASURE_BEGAN) {
            break;
        }
        TRY(erasure_get(ctl->txn, place.holder, &record, fault));
        is_late = ctl->now.us - record->began_us > ERASURE_LATE_US;
        parkgate__erasure_record__free_unpacked(record, NULL);
    }
    TRY(err == ERR_NOT_FOUND ? ERR_OK : err);
    return is_late ? fault_raise(ctl, &fault_erasure_waits, FAULT_PERSON_KEYS, "", "", fault)
                   : fault_end(ctl, &fault_erasure_waits, FAULT_PERSON_KEYS, fault);
}

static enum err look(struct controller *ctl, void *ctx, struct fault *fault)
{
    static struct erasure_gates gates; /* one thread; too large for the stack */
    (void)ctx;
    TRY(judge_waiting(ctl, fault));
    TRY(judge_backups(ctl, fault));
    if (ctl->erasing.work != ERASING_NOTHING) {
        return ERR_OK;
    }
    TRY(erasure_gates_look(ctl, &gates, fault));
    return end_confirmed(ctl, &gates, fault);
}

/* After a start: is one under way? Of other keys nobody knows whether their file was written anew
 * since they were deleted. */
static enum err look_back(struct controller *ctl, void *ctx, struct fault *fault)
{
    static const enum table deleting[] = {TABLE_AUTHORITY, TABLE_RETENTION, TABLE_ERASURE,
                                          TABLE_BACKUP};
    struct erasure_place place = {.step = ERASURE_BEGAN};
    (void)ctx;
    enum err err = erasure_next_open(ctl->txn, &place, fault);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    ctl->erasing.wanted |= err == ERR_OK && place.step == ERASURE_BEGAN;
    for (size_t i = 0; i < ARRAY_LEN(deleting); i++) {
        uint64_t count = 0;
        TRY(store_count(ctl->txn, deleting[i], &count, fault));
        ctl->erasing.wanted_later |= count > 0;
    }
    return ERR_OK;
}

/* --- rewriting --- */

static void start_job(struct controller *ctl, enum erasing_work work, const char *name)
{
    struct fault fault = {0};
    const char *const args[] = {name, NULL};
    ctl->erasing.work = work;
    ctl->erasing.again = mono_after_ms(ctl->mono, ERASURE_AGAIN_MS);
    if (ctl->outlet.job(ctl->outlet.ctx, ERASURE_JOB, args, &fault) != ERR_OK) {
        log_warning("erasure_waits", LOG_TEXT("job", name), LOG_TEXT("why", fault.what));
        ctl->erasing.work = ERASING_NOTHING;
    }
}

static void give_up_copy(struct erasing *erasing)
{
    store_swap_destroy(&erasing->swap);
    late_keys_end(&erasing->late);
    erasing->work = ERASING_NOTHING;
}

static void again_later(struct controller *ctl, const char *why)
{
    log_warning("erasure_again", LOG_TEXT("why", why));
    give_up_copy(&ctl->erasing);
    ctl->erasing.wanted = true;
    ctl->erasing.again = mono_after_ms(ctl->mono, ERASURE_AGAIN_MS);
}

/* The keys are deleted and committed: what is written from now on may not be in the copy. */
static void begin_copy(struct controller *ctl)
{
    struct erasing *erasing = &ctl->erasing;
    MUST(ctl->keys_txn == NULL);
    erasing->wanted_later = false; /* this copy is without what was deleted so far */
    late_keys_begin(&erasing->late);
    start_job(ctl, ERASING_COPY, "rewrite-keys");
    if (erasing->work == ERASING_NOTHING) {
        give_up_copy(erasing);
        erasing->wanted = true;
    }
}

static void delete_slice(struct controller *ctl)
{
    struct erasing *erasing = &ctl->erasing;
    erasing->more = false;
    batch_run(ctl, delete_keys, NULL);
    erasing->from = erasing->next;
    if (!erasing->more) {
        begin_copy(ctl);
    }
}

static void begin_rewrite(struct controller *ctl)
{
    struct erasing *erasing = &ctl->erasing;
    erasing->wanted = false;
    erasing->later_at = mono_after_ms(ctl->mono, ERASURE_LATER_MS);
    erasing->daily_at = mono_after_ms(ctl->mono, ERASURE_DAILY_MS);
    erasing->from = (struct handle){{0}};
    erasing->work = ERASING_KEYS;
    delete_slice(ctl);
}

/* What was written since the copy was begun, so much of it at once. */
static enum err bring(struct controller *ctl, struct fault *fault)
{
    static struct store_place places[ERASURE_BRING]; /* one thread; too large for the stack */
    struct erasing *erasing = &ctl->erasing;
    size_t count = late_keys_next(&erasing->late, places, ERASURE_BRING);
    TRY(store_swap_bring(erasing->swap, places, count, fault));
    late_keys_brought(&erasing->late, count);
    return ERR_OK;
}

/* Few are left: the copy takes the file's place in this turn. */
static enum err take_place(struct controller *ctl, struct fault *fault)
{
    struct erasing *erasing = &ctl->erasing;
    batch_commit(ctl);
    while (late_keys_left(&erasing->late) > 0) {
        TRY(bring(ctl, fault));
    }
    if (erasing->late.lost) {
        return fault_set(fault, ERR_REFUSED, "too many keys were made meanwhile");
    }
    return store_swap_end(&erasing->swap, fault);
}

static void swapped(struct controller *ctl)
{
    struct erasing *erasing = &ctl->erasing;
    late_keys_end(&erasing->late);
    log_event("person_keys_rewritten", LOG_TEXT("dir", store_dir(ctl->keys)));
    start_job(ctl, ERASING_WIPE, "wipe-keys");
    erasing->wanted |= erasing->work == ERASING_NOTHING;
}

int64_t erasure_turn(struct controller *ctl)
{
    struct fault fault = {0};
    struct erasing *erasing = &ctl->erasing;
    if (erasing->work != ERASING_FOLLOW) {
        return -1;
    }
    bool is_last = late_keys_left(&erasing->late) <= ERASURE_BRING;
    enum err err = is_last ? take_place(ctl, &fault) : bring(ctl, &fault);
    if (err != ERR_OK || erasing->late.lost) {
        again_later(ctl, err != ERR_OK ? fault.what : "too many keys were made meanwhile");
        return -1;
    }
    if (!is_last) {
        return 0;
    }
    swapped(ctl);
    return -1;
}

static void take_copy(struct controller *ctl)
{
    struct fault fault = {0};
    char dir[STORE_PATH_SIZE];
    (void)snprintf(dir, sizeof(dir), "%.*s.rewrite", (int)sizeof(dir) - 16, store_dir(ctl->keys));
    if (store_swap_begin(ctl->keys, dir, &ctl->erasing.swap, &fault) != ERR_OK) {
        again_later(ctl, fault.what);
        return;
    }
    ctl->erasing.work = ERASING_FOLLOW;
    (void)erasure_turn(ctl);
}

static void note_slice(struct controller *ctl)
{
    struct erasing *erasing = &ctl->erasing;
    erasing->more = false;
    batch_run(ctl, keys_are_gone, NULL);
    erasing->from = erasing->next;
    if (!erasing->more) {
        erasing->work = ERASING_NOTHING;
        erasing->look_at = ctl->mono;
    }
}

static void wiped(struct controller *ctl, const char *output)
{
    static const char name[] = "backups_left=";
    struct erasing *erasing = &ctl->erasing;
    const char *at = strstr(output, name);
    erasing->backups_left = at == NULL ? 0 : (uint32_t)strtoul(at + sizeof(name) - 1, NULL, 10);
    erasing->from = (struct handle){{0}};
    erasing->work = ERASING_NOTE;
    note_slice(ctl);
}

bool erasure_job_done(struct controller *ctl, uint64_t job, int status, const char *output)
{
    if (job != ERASURE_JOB) {
        return false;
    }
    if (status != 0) {
        const char *why = strstr(output, "failed=");
        again_later(ctl, why == NULL ? "the job's process died" : why);
    } else if (ctl->erasing.work == ERASING_COPY) {
        take_copy(ctl);
    } else if (ctl->erasing.work == ERASING_WIPE) {
        wiped(ctl, output);
    }
    return true;
}

void erasure_keys_deleted(struct controller *ctl)
{
    ctl->erasing.wanted_later = true;
}

bool erasure_holds_jobs(const struct controller *ctl)
{
    return ctl->erasing.work != ERASING_NOTHING;
}

void erasure_end(struct controller *ctl)
{
    give_up_copy(&ctl->erasing);
}

static bool is_wanted(const struct controller *ctl)
{
    const struct erasing *erasing = &ctl->erasing;
    bool now = erasing->wanted && !mono_before(ctl->mono, erasing->again);
    bool later = erasing->wanted_later && !mono_before(ctl->mono, erasing->later_at);
    return (now || later) && waiters_load_of(ctl->waiters).jobs == 0;
}

void erasure_tick(struct controller *ctl)
{
    struct erasing *erasing = &ctl->erasing;
    if (!erasing->looked) {
        erasing->looked = true;
        batch_run(ctl, look_back, NULL);
        if (erasing->wanted_later) {
            erasing->later_at = mono_after_ms(ctl->mono, ERASURE_LATER_MS);
        }
        erasing->daily_at = mono_after_ms(ctl->mono, ERASURE_DAILY_MS);
    }
    if (!mono_before(ctl->mono, erasing->look_at)) {
        erasing->look_at = mono_after_ms(ctl->mono, ERASURE_LOOK_MS);
        batch_run(ctl, look, NULL);
        erasing->looked_from = erasing->looked_next;
    }
    if (erasing->work == ERASING_KEYS) {
        delete_slice(ctl);
    } else if (erasing->work == ERASING_NOTE) {
        note_slice(ctl);
    } else if (erasing->work == ERASING_NOTHING && is_wanted(ctl)) {
        begin_rewrite(ctl);
    }
}

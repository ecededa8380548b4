#include "controller/app/truncation.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/access/civil.h"
#include "common/base/log.h"
#include "common/base/must.h"
#include "common/facts/recall_store.h"
#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "controller/app/backups.h"
#include "controller/app/copies_part.h"
#include "controller/app/park_sign.h"
#include "controller/app/retention.h"
#include "controller/app/waiters.h"
#include "controller/journal/chain_check.h"
#include "controller/journal/journal.h"
#include "controller/store/checkpoint_store.h"
#include "controller/store/hold_store.h"
#include "controller/store/sign_key_store.h"

/* --- what stands against it --- */

static void number_text(uint64_t number, char out[24])
{
    (void)snprintf(out, 24, "%" PRIu64, number);
}

/* A check of entries up to `upto`. False: *c says why not, or *err. */
typedef bool check(struct controller *ctl, uint64_t upto, struct complaint *c, enum err *err,
                   struct fault *fault);

static bool none_runs(struct controller *ctl, uint64_t upto, struct complaint *c, enum err *err,
                      struct fault *fault)
{
    char text[24];
    Parkgate__TruncationRecord *base = NULL;
    uint64_t gone = 0;
    bool runs = false;
    *err = truncation_get(ctl->txn, TRUNCATION_BASE, &base, fault);
    if (*err == ERR_OK) {
        gone = base->upto;
        runs = base->step != TRUNCATION_ENDED;
        parkgate__truncation_record__free_unpacked(base, NULL);
    }
    if (*err != ERR_OK && *err != ERR_NOT_FOUND) {
        return false;
    }
    *err = ERR_OK;
    number_text(runs ? gone : upto + 1, text);
    return (!runs || complain(c, ERROR_TRUNCATION_RUNS, text, NULL, NULL, NULL)) &&
           (upto > gone || complain(c, ERROR_TRUNCATION_GONE, text, NULL, NULL, NULL));
}

static bool is_behind_checkpoint(struct controller *ctl, uint64_t upto, struct complaint *c,
                                 enum err *err, struct fault *fault)
{
    char text[24];
    Parkgate__CheckpointRecord *newest = NULL;
    uint64_t sequence = 0;
    number_text(upto, text);
    *err = checkpoint_newest(ctl->txn, &newest, fault);
    if (*err == ERR_OK) {
        sequence = newest->at_sequence;
        parkgate__checkpoint_record__free_unpacked(newest, NULL);
    }
    if (*err != ERR_OK && *err != ERR_NOT_FOUND) {
        return false;
    }
    *err = ERR_OK;
    return upto <= sequence || complain(c, ERROR_NO_CHECKPOINT, text, NULL, NULL, NULL);
}

static int64_t floor_us(const struct controller *ctl)
{
    return ctl->now.us - (int64_t)LIMIT_JOURNAL_DAYS * 86400 * 1000000;
}

static bool too_young(struct complaint *c, uint64_t upto)
{
    char text[24];
    char days[16];
    number_text(upto, text);
    (void)snprintf(days, sizeof(days), "%d", LIMIT_JOURNAL_DAYS);
    return !complain(c, ERROR_JOURNAL_TERM, text, days, NULL, NULL);
}

static bool is_old_enough(struct controller *ctl, uint64_t upto, struct complaint *c,
                          enum err *err, struct fault *fault)
{
    struct bytes packed;
    struct seal_hash hash;
    *err = journal_read(ctl->txn, upto, &packed, &hash, fault);
    if (*err != ERR_OK) {
        return false;
    }
    Parkgate__Entry *entry = parkgate__entry__unpack(NULL, packed.size, packed.data);
    bool old = entry != NULL && entry->time_us <= floor_us(ctl);
    if (entry != NULL) {
        parkgate__entry__free_unpacked(entry, NULL);
    }
    return old || !too_young(c, upto);
}

/* Whose records are held, of him nothing goes; entries are not told apart by person. */
static bool nobody_is_held(struct controller *ctl, uint64_t upto, struct complaint *c,
                           enum err *err, struct fault *fault)
{
    uint64_t at = 0;
    Parkgate__HoldRecord *hold = NULL;
    (void)upto;
    while ((*err = hold_next(ctl->txn, at, &hold, fault)) == ERR_OK) {
        char number[24];
        char date[CIVIL_DATE_SIZE];
        bool on = hold->ended_us == 0 && ctl->now.us < hold->until_us;
        at = hold->number;
        number_text(hold->number, number);
        civil_date_format(civil_of(&ctl->tz, (struct wall){hold->until_us}).day, date);
        parkgate__hold_record__free_unpacked(hold, NULL);
        if (on) {
            return complain(c, ERROR_TRUNCATION_HELD, number, date, NULL, NULL);
        }
    }
    *err = *err == ERR_NOT_FOUND ? ERR_OK : *err;
    return *err == ERR_OK;
}

static bool recovers_not(struct controller *ctl, uint64_t upto, struct complaint *c, enum err *err,
                         struct fault *fault)
{
    uint64_t number = 0;
    bool open = false;
    (void)upto;
    *err = copies_recovery(ctl->txn, &number, &open, fault);
    return *err == ERR_OK && (!open || complain(c, ERROR_TRUNCATION_RECOVERS, NULL, NULL, NULL, NULL));
}

/* One that was asked for and was not made holds nothing. */
static bool has_backup(struct controller *ctl, uint64_t upto, struct complaint *c, enum err *err,
                       struct fault *fault)
{
    char text[24];
    uint64_t newest = 0;
    number_text(upto, text);
    *err = backups_hold_upto(ctl->txn, &newest, fault);
    if (*err != ERR_OK) {
        return false;
    }
    return upto <= newest || complain(c, ERROR_TRUNCATION_BACKUP, text, NULL, NULL, NULL);
}

static bool may_go(struct controller *ctl, uint64_t upto, struct complaint *c, enum err *err,
                   struct fault *fault)
{
    static check *const checks[] = {none_runs,    is_behind_checkpoint, is_old_enough,
                                    has_backup,   nobody_is_held,       recovers_not};
    for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
        if (!checks[i](ctl, upto, c, err, fault)) {
            return false;
        }
    }
    return true;
}

/* Passages and reads of persons are found by their entries alone when their term ends. What was
 * walked over stays so: it is asked once. */
static bool is_walked_over(struct controller *ctl, uint64_t upto, struct complaint *c,
                           enum err *err, struct fault *fault)
{
    char text[24];
    uint64_t walked = 0;
    *err = retention_walked(ctl, &walked, fault);
    number_text(walked, text);
    return *err == ERR_OK &&
           (upto <= walked || complain(c, ERROR_TRUNCATION_RETENTION, text, NULL, NULL, NULL));
}

/* --- asking --- */

static enum err on_audit_truncate(struct controller *ctl, struct request *request,
                                  struct fault *fault)
{
    uint64_t before = 0;
    const char *text = NULL;
    const char *reason = NULL;
    enum err err = ERR_OK;
    Parkgate__TruncationRecord record = PARKGATE__TRUNCATION_RECORD__INIT;
    if (!request_need(request, "before", &text) || !request_need(request, "reason", &reason) ||
        !request_number_or_none(request, "before", INT64_MAX, &before)) {
        return ERR_OK;
    }
    if (before < 2) {
        (void)request_refuse(request, ERROR_ARG_BAD, "before", text, "an entry behind the first");
        return ERR_OK;
    }
    struct complaint *c = &request->answer->complaint;
    if (!may_go(ctl, before - 1, c, &err, fault) ||
        !is_walked_over(ctl, before - 1, c, &err, fault)) {
        return err;
    }
    record.upto = before - 1;
    record.step = TRUNCATION_ASKED;
    record.reason = field_text(reason);
    record.by = field_text(request->key->name);
    answer_note_number(request->answer, "upto", (int64_t)record.upto);
    answer_note(request->answer, "state", "asked");
    ctl->checkpointing.look_at = ctl->mono;
    return controller_record(ctl, ENTRY_TRUNCATION, request->key->name, &record.base, fault);
}

/* --- beginning --- */

struct looked {
    int status;
    const char *output;
    uint64_t upto;
    bool began;
};

static enum err refuse(struct controller *ctl, Parkgate__TruncationRecord *record, const char *why,
                       struct fault *fault)
{
    record->step = TRUNCATION_REFUSED;
    record->why = field_text(why);
    return controller_record(ctl, ENTRY_TRUNCATION, "", &record->base, fault);
}

/* The last entry that goes, as a signed head. */
static void sign_begin(struct controller *ctl, uint64_t upto, const struct seal_hash *hash,
                       const uint8_t branch[ANCHOR_BRANCH_SIZE], char line[ANCHOR_LINE_SIZE])
{
    char text[ANCHOR_LINE_SIZE];
    struct sign_public key = park_sign_public(ctl);
    struct anchor anchor = {.sequence = upto, .hash = *hash, .time = ctl->now};
    memcpy(anchor.branch, branch, sizeof(anchor.branch));
    sign_key_id(&key, anchor.key);
    park_sign(ctl, anchor_message(&anchor, text), &anchor.value);
    anchor_to_line(&anchor, line);
}

static enum err record_begin(struct controller *ctl, Parkgate__TruncationRecord *record,
                             const struct looked *looked, struct fault *fault)
{
    static struct chain_branch branches[CHAIN_BRANCHES_MAX]; /* one thread */
    uint8_t packed[64 * CHAIN_BRANCH_BYTES];
    struct seal_hash hash;
    char line[ANCHOR_LINE_SIZE];
    size_t count = 0;
    size_t size = checkpoints_hex_of(looked->output, "branches", packed, sizeof(packed));
    if (!chain_branches_read((struct bytes){.data = packed, .size = size}, branches, &count) ||
        count == 0 ||
        checkpoints_hex_of(looked->output, "hash", hash.bytes, sizeof(hash.bytes)) !=
            sizeof(hash.bytes) ||
        !checkpoints_number_of(looked->output, "checkpoint", &record->checkpoint)) {
        return refuse(ctl, record, "what the job said cannot be read", fault);
    }
    sign_begin(ctl, record->upto, &hash, branches[count - 1].id, line);
    record->step = TRUNCATION_BEGAN;
    record->hash = field_of(BYTES_OF(hash.bytes));
    record->branches = (ProtobufCBinaryData){.data = packed, .len = size};
    record->anchor = line;
    record->began_us = ctl->now.us;
    return controller_record(ctl, ENTRY_TRUNCATION, "", &record->base, fault);
}

/* What may have changed since it was asked for is looked at once more. */
static enum err judge(struct controller *ctl, Parkgate__TruncationRecord *record,
                      struct looked *looked, struct fault *fault)
{
    char why[512] = "the job's process died";
    struct complaint c = {0};
    enum err err = ERR_OK;
    uint64_t upto = 0;
    uint64_t newest_us = 0;
    const char *failed = strstr(looked->output, "failed=");
    if (looked->status != 0) {
        if (failed != NULL) {
            (void)snprintf(why, sizeof(why), "%.*s", (int)strcspn(failed + 7, "\n"), failed + 7);
        }
        return refuse(ctl, record, why, fault);
    }
    bool may = may_go(ctl, record->upto, &c, &err, fault);
    TRY(err);
    if (may && checkpoints_number_of(looked->output, "newest_us", &newest_us) &&
        (int64_t)newest_us > floor_us(ctl)) { /* a clock was set back: one in between is younger */
        may = !too_young(&c, record->upto);
    }
    if (!may) {
        error_sentence_en(&c, why, sizeof(why));
        return refuse(ctl, record, why, fault);
    }
    if (!checkpoints_number_of(looked->output, "upto", &upto) || upto != record->upto) {
        return refuse(ctl, record, "the job looked at another one", fault);
    }
    looked->upto = upto;
    looked->began = true;
    return record_begin(ctl, record, looked, fault);
}

static enum err take_looked(struct controller *ctl, void *ctx, struct fault *fault)
{
    struct looked *looked = ctx;
    Parkgate__TruncationRecord *record = NULL;
    looked->began = false;
    enum err err = truncation_get(ctl->txn, TRUNCATION_NEXT, &record, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    if (record->step == TRUNCATION_ASKED) {
        Parkgate__TruncationRecord changed = *record;
        err = judge(ctl, &changed, looked, fault);
    }
    parkgate__truncation_record__free_unpacked(record, NULL);
    return err;
}

void truncation_looked(struct controller *ctl, int status, const char *output)
{
    struct looked looked = {.status = status, .output = output};
    batch_run(ctl, take_looked, &looked);
    if (looked.began) {
        log_event("truncation_began", LOG_NUM("upto", looked.upto));
    } else {
        log_warning("truncation_refused");
    }
    ctl->checkpointing.look_at = ctl->mono; /* what it says now */
}

/* --- entries go --- */

static enum err end_it(struct controller *ctl, Parkgate__TruncationRecord *base,
                       struct fault *fault)
{
    Parkgate__TruncationRecord ended = *base;
    ended.step = TRUNCATION_ENDED;
    ended.ended_us = ctl->now.us;
    TRY(controller_record(ctl, ENTRY_TRUNCATION, "", &ended.base, fault));
    ctl->checkpointing.cutting = false;
    log_event("truncation_ended", LOG_NUM("upto", base->upto));
    return ERR_OK;
}

static enum err remove_rows(struct store_txn *txn, uint64_t upto, size_t *ret_removed,
                            struct fault *fault)
{
    struct bytes key;
    struct bytes record;
    struct keybuf until;
    enum err err;
    size_t removed = 0;
    keybuf_begin(&until);
    keybuf_u64(&until, upto + 1);
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_range(txn, TABLE_JOURNAL, (struct bytes){0}, keybuf_view(&until),
                         TRUNCATION_SLICE_ROWS, &iter, fault));
    while ((err = store_iter_next(&iter, &key, &record, fault)) == ERR_OK) {
        struct keybuf copy;
        keybuf_begin(&copy);
        keybuf_bytes(&copy, key);
        TRY(store_del(txn, TABLE_JOURNAL, keybuf_view(&copy), fault));
        removed++;
    }
    *ret_removed = removed;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Somebody's hold began since: nothing goes until it ends. */
static bool waits_for_hold(struct controller *ctl, uint64_t upto, enum err *err,
                           struct fault *fault)
{
    struct complaint c = {0};
    if (nobody_is_held(ctl, upto, &c, err, fault)) {
        return false;
    }
    ctl->checkpointing.slice_at = mono_after_ms(ctl->mono, CHECKPOINT_LOOK_MS);
    return true;
}

static enum err remove_slice(struct controller *ctl, void *ctx, struct fault *fault)
{
    size_t removed = 0;
    Parkgate__TruncationRecord *base = NULL;
    (void)ctx;
    enum err err = truncation_get(ctl->txn, TRUNCATION_BASE, &base, fault);
    if (err != ERR_OK || base->step != TRUNCATION_BEGAN) {
        ctl->checkpointing.cutting = false;
        err = err == ERR_NOT_FOUND ? ERR_OK : err;
    } else if (!waits_for_hold(ctl, base->upto, &err, fault)) {
        err = remove_rows(ctl->txn, base->upto, &removed, fault);
        if (err == ERR_OK && removed == 0) {
            err = end_it(ctl, base, fault);
        }
    }
    if (base != NULL) {
        parkgate__truncation_record__free_unpacked(base, NULL);
    }
    return err;
}

/* Retention walks along the journal: the run of a start is done before. */
static bool may_slice(const struct controller *ctl)
{
    return ctl->checkpointing.cutting && ctl->retaining.day != 0 && batch_due_ms(ctl) < 0;
}

int64_t checkpoints_turn(struct controller *ctl)
{
    struct checkpointing *c = &ctl->checkpointing;
    if (!may_slice(ctl)) {
        return -1;
    }
    if (!mono_before(ctl->mono, c->slice_at)) {
        c->slice_at = mono_after_ms(ctl->mono, TRUNCATION_SLICE_MS);
        batch_run(ctl, remove_slice, NULL);
    }
    if (!c->cutting) {
        return -1;
    }
    int64_t left_us = c->slice_at.us - ctl->mono.us;
    return left_us < 0 ? 0 : (left_us + 999) / 1000;
}

enum err truncation_look(struct controller *ctl, struct store_txn *txn, char *out, size_t size,
                         struct fault *fault)
{
    Parkgate__TruncationRecord *record = NULL;
    out[0] = '\0';
    enum err err = truncation_get(txn, TRUNCATION_BASE, &record, fault);
    if (err == ERR_OK) {
        ctl->checkpointing.cutting = record->step == TRUNCATION_BEGAN;
        parkgate__truncation_record__free_unpacked(record, NULL);
    } else if (err != ERR_NOT_FOUND) {
        return err;
    }
    err = truncation_get(txn, TRUNCATION_NEXT, &record, fault);
    if (err == ERR_OK) {
        if (record->step == TRUNCATION_ASKED) {
            (void)snprintf(out, size, "%" PRIu64, record->upto);
        }
        parkgate__truncation_record__free_unpacked(record, NULL);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* --- showing --- */

static enum err show_truncation(struct controller *ctl, struct answer *a, enum truncation_row row,
                                struct fault *fault)
{
    static const char *const words[] = {"", "asked", "refused", "removing", "ended"};
    Parkgate__TruncationRecord *record = NULL;
    enum err err = truncation_get(ctl->txn, row, &record, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    const char *word = record->step < ARRAY_LEN(words) ? words[record->step] : "";
    if (row == TRUNCATION_BASE) {
        answer_note_number(a, "first_seq", (int64_t)record->upto + 1);
        answer_note(a, "truncation", word);
    } else {
        answer_note_number(a, "asked_before", (int64_t)record->upto + 1);
        answer_note(a, "asked_state", word);
        answer_note(a, "asked_why", record->why);
    }
    parkgate__truncation_record__free_unpacked(record, NULL);
    return ERR_OK;
}

static enum err on_audit_checkpoints(struct controller *ctl, struct request *request,
                                     struct fault *fault)
{
    enum err err = ERR_OK;
    uint64_t at = UINT64_MAX;
    bool fits = true;
    struct answer *a = request->answer;
    Parkgate__CheckpointRecord *record = NULL;
    answer_columns(a, "seq,at_us,digest,bytes,rows,sign_key");
    while (fits && (err = checkpoint_before(ctl->txn, at, &record, fault)) == ERR_OK) {
        char hex[2 * SEAL_HASH_SIZE + 1] = "";
        bytes_to_hex(field_view(&record->digest), hex, sizeof(hex));
        answer_begin_row(a);
        answer_number(a, (int64_t)record->at_sequence);
        answer_wall(a, (struct wall){record->time_us});
        answer_text(a, hex);
        answer_number(a, (int64_t)record->size);
        answer_number(a, (int64_t)record->rows);
        answer_text(a, record->key);
        fits = answer_end_row(a);
        at = record->at_sequence;
        parkgate__checkpoint_record__free_unpacked(record, NULL);
    }
    TRY(fits && err != ERR_NOT_FOUND ? err : ERR_OK);
    TRY(show_truncation(ctl, a, TRUNCATION_BASE, fault));
    return show_truncation(ctl, a, TRUNCATION_NEXT, fault);
}

static enum err on_audit_checkpoint(struct controller *ctl, struct request *request,
                                    struct fault *fault)
{
    const char *const args[] = {"checkpoint", request->key->name, NULL};
    (void)fault;
    (void)waiters_start_job(ctl, request, args);
    return ERR_OK;
}

const struct verb_handler verbs_of_checkpoints[] = {
    {"audit.checkpoint",  on_audit_checkpoint },
    {"audit.checkpoints", on_audit_checkpoints},
    {"audit.truncate",    on_audit_truncate   },
};
const size_t verbs_of_checkpoints_count = ARRAY_LEN(verbs_of_checkpoints);

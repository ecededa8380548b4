#include "controller/journal/chain_check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "controller/journal/journal.h"
#include "schema/kinds.h"
#include "schema/record.pb-c.h"

const char *anchor_state_word(enum anchor_state state)
{
    static const char *const words[ANCHOR_STATES] = {
        [ANCHOR_NOT_REACHED] = "not-reached",
        [ANCHOR_FITS] = "fits",
        [ANCHOR_LEFT] = "left",
        [ANCHOR_OLD] = "old",
        [ANCHOR_FOREIGN_KEY] = "foreign-key",
        [ANCHOR_BAD_SIGNATURE] = "bad-signature",
        [ANCHOR_CONTRADICTS] = "contradicts",
        [ANCHOR_AHEAD] = "ahead",
    };
    MUST(state < ANCHOR_STATES);
    return words[state];
}

const char *chain_finding_word(enum chain_finding finding)
{
    static const char *const words[] = {
        [CHAIN_WHOLE] = "whole",
        [CHAIN_ALTERED] = "altered",
        [CHAIN_MISSING] = "missing",
        [CHAIN_INSERTED] = "inserted",
        [CHAIN_REWRITTEN] = "rewritten",
        [CHAIN_CUT] = "cut",
        [CHAIN_FOREIGN_KEY] = "foreign-key",
        [CHAIN_BEGINNING] = "beginning",
        [CHAIN_CHECKPOINT] = "checkpoint",
    };
    MUST(finding < ARRAY_LEN(words));
    return words[finding];
}

static int by_sequence(const void *a, const void *b)
{
    const struct kept_anchor *x = a;
    const struct kept_anchor *y = b;
    return x->anchor.sequence < y->anchor.sequence   ? -1
           : x->anchor.sequence > y->anchor.sequence ? 1
                                                     : (int)x->keeper - (int)y->keeper;
}

void chain_check_begin(struct chain_check *check, uint64_t first, const struct seal_hash *before,
                       struct kept_anchor *anchors, size_t count)
{
    *check = (struct chain_check){
        .anchors = anchors, .count = count, .expected = first, .hash = *before};
    check->report.first = first;
    if (count > 0) {
        qsort(anchors, count, sizeof(*anchors), by_sequence);
    }
    for (size_t i = 0; i < count; i++) {
        anchors[i].state = ANCHOR_NOT_REACHED;
    }
}

void chain_check_begin_at(struct chain_check *check, const struct chain_base *base,
                          struct kept_anchor *anchors, size_t count)
{
    chain_check_begin(check, base->upto + 1, &base->hash, anchors, count);
    check->base = *base;
    check->base_met = base->upto == 0;
    check->branch_count = base->branch_count;
    memcpy(check->branches, base->branches, base->branch_count * sizeof(base->branches[0]));
    check->report.restores = base->branch_count > 0 ? base->branch_count - 1 : 0;
    check->report.restored_at = base->restored_at;
    check->report.cut_at = base->recorded_at;
}

void chain_check_pin(struct chain_check *check, const struct checkpoint *checkpoint,
                     const struct sign_public *key)
{
    check->pin_sequence = checkpoint->sequence;
    checkpoint_claim_begin(&check->claim, checkpoint, key, check->base.recorded_at);
}

static void found(struct chain_check *check, enum chain_finding finding, uint64_t at)
{
    check->report.finding = finding;
    check->report.at = at;
    check->ended = true;
}

/* --- keys and branches, as the journal names them --- */

static const struct chain_key *key_of(const struct chain_check *check, const char *id)
{
    for (size_t i = check->key_count; i-- > 0;) {
        if (strcmp(check->keys[i].id, id) == 0) {
            return &check->keys[i];
        }
    }
    return NULL;
}

static void add_key(struct chain_check *check, struct bytes public)
{
    struct chain_key key;
    if (public.size != sizeof(key.key.bytes)) {
        return;
    }
    memcpy(key.key.bytes, public.data, public.size);
    sign_key_id(&key.key, key.id);
    if (check->key_count == CHAIN_KEYS_MAX) {
        memmove(check->keys, check->keys + 1, sizeof(check->keys) - sizeof(check->keys[0]));
        check->key_count--;
    }
    check->keys[check->key_count++] = key;
}

void chain_check_know_key(struct chain_check *check, const struct sign_public *key)
{
    add_key(check, BYTES_OF(key->bytes));
}

static void add_branch(struct chain_check *check, struct bytes id, const Parkgate__Entry *entry,
                       uint64_t left)
{
    struct chain_branch branch = {.from = entry->sequence, .time = {.us = entry->time_us}};
    if (id.size < sizeof(branch.id)) {
        return;
    }
    memcpy(branch.id, id.data, sizeof(branch.id));
    if (check->branch_count > 0) {
        check->branches[check->branch_count - 1].upto = left;
    }
    if (check->branch_count == CHAIN_BRANCHES_MAX) {
        memmove(check->branches, check->branches + 1,
                sizeof(check->branches) - sizeof(check->branches[0]));
        check->branch_count--;
    }
    check->branches[check->branch_count++] = branch;
}

static struct bytes view(const ProtobufCBinaryData *field)
{
    return (struct bytes){.data = field->data, .size = field->len};
}

static void learn_genesis(struct chain_check *check, const Parkgate__Entry *entry)
{
    Parkgate__EntryGenesis *body =
        parkgate__entry_genesis__unpack(NULL, entry->body.len, entry->body.data);
    if (body != NULL) {
        add_branch(check, view(&body->store_id), entry, 0);
        parkgate__entry_genesis__free_unpacked(body, NULL);
    }
}

static void learn_key(struct chain_check *check, const Parkgate__Entry *entry)
{
    Parkgate__SignKeyRecord *body =
        parkgate__sign_key_record__unpack(NULL, entry->body.len, entry->body.data);
    if (body != NULL) {
        add_key(check, view(&body->public_key));
        parkgate__sign_key_record__free_unpacked(body, NULL);
    }
}

static void learn_restore(struct chain_check *check, const Parkgate__Entry *entry)
{
    Parkgate__Restored *body = parkgate__restored__unpack(NULL, entry->body.len, entry->body.data);
    if (body != NULL) {
        add_branch(check, view(&body->branch), entry, body->backup_sequence);
        check->report.restores++;
        check->report.restored_at = entry->sequence;
        parkgate__restored__free_unpacked(body, NULL);
    }
}

/* Signed by a key of the park, the last entry that is gone: not only said by the chain, which
 * anybody with the store can write anew. */
static bool is_signed_base(const struct chain_check *check, const char *line)
{
    struct anchor anchor;
    if (!anchor_from_line(line, &anchor) || anchor.sequence != check->base.upto ||
        !seal_equal(BYTES_OF(anchor.hash.bytes), BYTES_OF(check->base.hash.bytes))) {
        return false;
    }
    const struct chain_key *key = key_of(check, anchor.key);
    return key != NULL && anchor_is_good(&anchor, &key->key);
}

/* By which the journal begins where it does: it must say what the check began with. */
static void learn_truncation(struct chain_check *check, const Parkgate__Entry *entry)
{
    Parkgate__TruncationRecord *body =
        parkgate__truncation_record__unpack(NULL, entry->body.len, entry->body.data);
    if (body == NULL) {
        return;
    }
    if (entry->sequence == check->base.recorded_at && body->step == TRUNCATION_BEGAN) {
        check->base_met = body->upto == check->base.upto &&
                          bytes_equal(view(&body->hash), BYTES_OF(check->base.hash.bytes)) &&
                          is_signed_base(check, body->anchor);
    }
    parkgate__truncation_record__free_unpacked(body, NULL);
}

static void learn(struct chain_check *check, const Parkgate__Entry *entry)
{
    static const struct {
        uint32_t kind;
        void (*learn)(struct chain_check *check, const Parkgate__Entry *entry);
    } kinds[] = {
        {ENTRY_GENESIS,  learn_genesis},
        {ENTRY_SIGN_KEY, learn_key    },
        {ENTRY_RESTORED, learn_restore},
        {ENTRY_TRUNCATION, learn_truncation},
    };
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (kinds[i].kind == entry->kind) {
            kinds[i].learn(check, entry);
        }
    }
}

size_t chain_branches_write(const struct chain_branch *branches, size_t count, uint8_t *out)
{
    struct writer w = writer_of(out, count * CHAIN_BRANCH_BYTES);
    for (size_t i = 0; i < count; i++) {
        writer_bytes(&w, BYTES_OF(branches[i].id));
        writer_u64(&w, (uint64_t)branches[i].time.us);
        writer_u64(&w, branches[i].from);
        writer_u64(&w, branches[i].upto);
    }
    return writer_view(&w).size;
}

bool chain_branches_read(struct bytes bytes, struct chain_branch *out, size_t *ret_count)
{
    size_t count = bytes.size / CHAIN_BRANCH_BYTES;
    struct reader r = reader_of(bytes);
    if (bytes.size % CHAIN_BRANCH_BYTES != 0 || count > CHAIN_BRANCHES_MAX) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        memcpy(out[i].id, reader_bytes(&r, sizeof(out[i].id)).data, sizeof(out[i].id));
        out[i].time.us = (int64_t)reader_u64(&r);
        out[i].from = reader_u64(&r);
        out[i].upto = reader_u64(&r);
    }
    *ret_count = count;
    return true;
}

/* --- anchors --- */

/* Is it signed by a key that the journal has named so far? Writes its state when not. Also by one
 * that was replaced since: which entry names a key when is what a forger may have changed. */
static bool is_proof(struct chain_check *check, struct kept_anchor *kept)
{
    const struct chain_key *key = key_of(check, kept->anchor.key);
    if (key == NULL) {
        kept->state = ANCHOR_FOREIGN_KEY;
    } else if (!anchor_is_good(&kept->anchor, &key->key)) {
        kept->state = ANCHOR_BAD_SIGNATURE;
    } else {
        return true;
    }
    return false;
}

static bool is_of_branch(const struct kept_anchor *kept, const struct chain_branch *branch)
{
    return memcmp(kept->anchor.branch, branch->id, sizeof(branch->id)) == 0;
}

static const struct chain_branch *newest_branch(const struct chain_check *check)
{
    return check->branch_count == 0 ? NULL : &check->branches[check->branch_count - 1];
}

/* All anchors of the entry that was just taken, and of those before the first. Those of another
 * branch wait for the end. */
static void hold_against(struct chain_check *check, uint64_t sequence)
{
    const struct chain_branch *branch = newest_branch(check);
    for (; check->next < check->count && !check->ended; check->next++) {
        struct kept_anchor *kept = &check->anchors[check->next];
        if (kept->anchor.sequence > sequence) {
            return;
        }
        if (kept->anchor.sequence < sequence) {
            kept->state = ANCHOR_OLD;
        } else if (branch != NULL && is_of_branch(kept, branch) && is_proof(check, kept)) {
            if (seal_equal(BYTES_OF(kept->anchor.hash.bytes), BYTES_OF(check->hash.bytes))) {
                kept->state = ANCHOR_FITS;
                check->report.surely_good = sequence;
            } else {
                kept->state = ANCHOR_CONTRADICTS;
                check->report.witness = kept;
                found(check, CHAIN_REWRITTEN, sequence);
            }
        }
    }
}

/* Of the entry that was just taken. */
static void hold_pin_against(struct chain_check *check, uint64_t sequence)
{
    if (!check->ended && check->pin_sequence == sequence &&
        !seal_equal(BYTES_OF(check->claim.checkpoint.hash.bytes), BYTES_OF(check->hash.bytes))) {
        found(check, CHAIN_CHECKPOINT, sequence);
    }
}

/* --- entries --- */

/* Why a record does not fit the one before it; what follows it may tell that it was put in. */
static enum chain_finding why(uint64_t sequence, struct bytes record)
{
    struct bytes packed = {.data = record.data + SEAL_HASH_SIZE,
                           .size = record.size - SEAL_HASH_SIZE};
    Parkgate__Entry *entry = parkgate__entry__unpack(NULL, packed.size, packed.data);
    enum chain_finding finding = entry == NULL || entry->sequence == 0 ? CHAIN_ALTERED
                                 : entry->sequence > sequence          ? CHAIN_MISSING
                                 : entry->sequence < sequence          ? CHAIN_INSERTED
                                                                       : CHAIN_ALTERED;
    if (entry != NULL) {
        parkgate__entry__free_unpacked(entry, NULL);
    }
    return finding;
}

static bool fits(struct seal_hash before, struct bytes record, struct seal_hash *ret)
{
    struct bytes stored = {.data = record.data, .size = SEAL_HASH_SIZE};
    struct bytes packed = {.data = record.data + SEAL_HASH_SIZE,
                           .size = record.size - SEAL_HASH_SIZE};
    *ret = journal_hash(before, packed);
    return seal_equal(BYTES_OF(ret->bytes), stored);
}

static void take(struct chain_check *check, uint64_t sequence, struct bytes record,
                 struct seal_hash hash)
{
    Parkgate__Entry *entry =
        parkgate__entry__unpack(NULL, record.size - SEAL_HASH_SIZE, record.data + SEAL_HASH_SIZE);
    if (entry == NULL || entry->sequence != sequence) {
        found(check, entry != NULL && entry->sequence > sequence ? CHAIN_MISSING : CHAIN_ALTERED,
              sequence);
    } else {
        learn(check, entry);
        checkpoint_claim_take(&check->claim, entry);
        check->hash_before = check->hash;
        check->hash = hash;
        check->expected = sequence + 1;
        check->report.entries++;
        check->report.last = sequence;
        check->report.last_hash = hash;
        hold_against(check, sequence);
        hold_pin_against(check, sequence);
    }
    if (entry != NULL) {
        parkgate__entry__free_unpacked(entry, NULL);
    }
}

/* A record fits the one before the last: then the last was put in between. Not when both are the
 * same: then it is this one. */
static bool last_was_put_in(const struct chain_check *check, struct bytes record)
{
    struct seal_hash hash;
    return check->report.entries > 0 && fits(check->hash_before, record, &hash) &&
           !seal_equal(BYTES_OF(hash.bytes), BYTES_OF(check->hash.bytes));
}

static void does_not_fit(struct chain_check *check, uint64_t sequence, struct bytes record)
{
    if (last_was_put_in(check, record)) {
        found(check, CHAIN_INSERTED, sequence - 1);
        return;
    }
    found(check, why(sequence, record), sequence);
    check->suspect = true;
    check->ended = check->report.finding != CHAIN_ALTERED;
}

bool chain_check_add(struct chain_check *check, uint64_t sequence, struct bytes record)
{
    struct seal_hash hash;
    if (!check->base_held && check->base.upto > 0) {
        check->base_held = true;
        hold_against(check, check->base.upto); /* an anchor of the last entry that is gone */
    }
    if (check->ended) {
        return false;
    }
    bool whole = record.size >= SEAL_HASH_SIZE;
    if (check->suspect) {
        if (whole && fits(check->hash, record, &hash)) {
            check->report.finding = CHAIN_INSERTED;
        }
        check->ended = true;
    } else if (sequence != check->expected) {
        found(check, sequence > check->expected ? CHAIN_MISSING : CHAIN_INSERTED,
              sequence > check->expected ? check->expected : sequence);
    } else if (!whole) {
        found(check, CHAIN_ALTERED, sequence);
    } else if (fits(check->hash, record, &hash)) {
        take(check, sequence, record, hash);
    } else {
        does_not_fit(check, sequence, record);
    }
    return !check->ended;
}

/* --- the end --- */

/* The restore that left what the anchor speaks of: made later, from a backup that ended before.
 * NULL: none. */
static const struct chain_branch *restore_that_left(const struct chain_check *check,
                                                    const struct kept_anchor *kept)
{
    for (size_t i = 1; i < check->branch_count; i++) {
        const struct chain_branch *after = &check->branches[i];
        if (after->time.us >= kept->anchor.time.us &&
            check->branches[i - 1].upto < kept->anchor.sequence) {
            return after;
        }
    }
    return NULL;
}

static void is_left(struct chain_check *check, struct kept_anchor *kept, bool believed)
{
    struct chain_report *report = &check->report;
    const struct chain_branch *after = restore_that_left(check, kept);
    uint64_t from = after[-1].upto + 1;
    kept->state = ANCHOR_LEFT;
    if (believed && (report->left_from == 0 || from < report->left_from)) {
        report->left_from = from;
    }
    if (believed && kept->anchor.sequence > report->left_upto) {
        report->left_upto = kept->anchor.sequence;
    }
}

/* What an anchor is that no entry was held against: of another branch, or behind the last entry. A
 * restored backup brings back the key that signed when it was made, so that what it left may be
 * signed by one that nobody knows any more. */
static void judge_left_over(struct chain_check *check, struct kept_anchor *kept)
{
    const struct chain_branch *branch = NULL;
    const struct chain_key *key = key_of(check, kept->anchor.key);
    for (size_t i = check->branch_count; i-- > 0 && branch == NULL;) {
        branch = is_of_branch(kept, &check->branches[i]) ? &check->branches[i] : NULL;
    }
    bool ended = branch == NULL || (branch->upto != 0 && kept->anchor.sequence > branch->upto);
    bool left = ended && restore_that_left(check, kept) != NULL;
    if (key == NULL && left) {
        is_left(check, kept, kept->keeper == ANCHOR_KEEPER_PARK);
    } else if (key == NULL) {
        kept->state = ANCHOR_FOREIGN_KEY;
    } else if (!anchor_is_good(&kept->anchor, &key->key)) {
        kept->state = ANCHOR_BAD_SIGNATURE;
    } else if (left) {
        is_left(check, kept, true);
    } else {
        bool behind = branch != NULL && !ended && kept->anchor.sequence > check->report.last;
        kept->state = behind ? ANCHOR_AHEAD : ANCHOR_CONTRADICTS;
    }
}

/* The first that contradicts, else the one that is farthest ahead. */
static void judge_all(struct chain_check *check)
{
    struct chain_report *report = &check->report;
    for (size_t i = 0; i < check->count; i++) {
        struct kept_anchor *kept = &check->anchors[i];
        if (kept->state == ANCHOR_NOT_REACHED) {
            judge_left_over(check, kept);
        }
        if (kept->state == ANCHOR_CONTRADICTS && report->finding != CHAIN_REWRITTEN) {
            report->witness = kept;
            found(check, CHAIN_REWRITTEN, kept->anchor.sequence);
        } else if (kept->state == ANCHOR_AHEAD && report->finding != CHAIN_REWRITTEN) {
            report->witness = kept;
            report->upto = kept->anchor.sequence;
            found(check, CHAIN_CUT, report->last + 1);
        }
    }
}

/* The park's own export, or two keepers, with a key that the journal does not name: the key was
 * exchanged and the journal made anew. One gate alone could have made it up. */
static void look_for_foreign_key(struct chain_check *check)
{
    const struct kept_anchor *first = NULL;
    for (size_t i = 0; i < check->count && check->report.finding == CHAIN_WHOLE; i++) {
        const struct kept_anchor *kept = &check->anchors[i];
        if (kept->state != ANCHOR_FOREIGN_KEY) {
            continue;
        }
        bool believed = kept->keeper == ANCHOR_KEEPER_PARK ||
                        (first != NULL && first->keeper != kept->keeper &&
                         strcmp(first->anchor.key, kept->anchor.key) == 0);
        if (believed) {
            check->report.witness = kept;
            found(check, CHAIN_FOREIGN_KEY, kept->anchor.sequence);
        }
        first = first == NULL ? kept : first;
    }
}

const struct chain_report *chain_check_end(struct chain_check *check)
{
    struct chain_report *report = &check->report;
    check->ended = true;
    if (report->finding == CHAIN_WHOLE) {
        judge_all(check);
    }
    if (report->finding == CHAIN_WHOLE) {
        look_for_foreign_key(check);
    }
    if (report->finding == CHAIN_WHOLE && !check->base_met && check->base.upto > 0) {
        found(check, CHAIN_BEGINNING, report->first);
    }
    if (report->finding == CHAIN_WHOLE && check->pin_sequence > 0) {
        report->lacks = checkpoint_claim_lacks(&check->claim);
        if (report->lacks != NULL || check->pin_sequence > report->last) {
            found(check, CHAIN_CHECKPOINT, check->pin_sequence);
        }
    }
    memset(report->states, 0, sizeof(report->states));
    for (size_t i = 0; i < check->count; i++) {
        report->states[check->anchors[i].state]++;
    }
    return report;
}

static void one_entry(const struct chain_report *report, const char *what, char *out, size_t size)
{
    (void)snprintf(out, size,
                   "entry %" PRIu64 " %s; the newest anchor that fits is of entry %" PRIu64,
                   report->at, what, report->surely_good);
}

void chain_report_sentence(const struct chain_report *report, const char *keeper, char *out,
                           size_t size)
{
    switch (report->finding) {
    case CHAIN_ALTERED:
        one_entry(report, "was altered: it does not fit the one before it", out, size);
        return;
    case CHAIN_MISSING:
        one_entry(report, "is missing", out, size);
        return;
    case CHAIN_INSERTED:
        one_entry(report, "was inserted", out, size);
        return;
    case CHAIN_REWRITTEN:
        (void)snprintf(out, size,
                       "the journal was rewritten: what %s keeps of entry %" PRIu64
                       " contradicts it; the first altered, missing or inserted entry is one of "
                       "%" PRIu64 " to %" PRIu64,
                       keeper, report->at, report->surely_good + 1, report->at);
        return;
    case CHAIN_CUT:
        (void)snprintf(out, size,
                       "the journal was cut off: entry %" PRIu64
                       " is missing, the first of those up to %" PRIu64
                       " at the least, which %s has seen; the newest anchor that fits is of entry "
                       "%" PRIu64,
                       report->at, report->upto, keeper, report->surely_good);
        return;
    case CHAIN_FOREIGN_KEY:
        (void)snprintf(out, size,
                       "the journal does not name the key %s that signed what %s keeps of entry "
                       "%" PRIu64
                       ": compare it with the keys that you noted; if it is one of them, "
                       "the journal was rewritten behind entry %" PRIu64,
                       report->witness->anchor.key, keeper, report->at, report->surely_good);
        return;
    case CHAIN_BEGINNING:
        (void)snprintf(out, size,
                       "the journal begins at entry %" PRIu64
                       ", and no entry of it says, signed by the park, that it was cut off there",
                       report->at);
        return;
    case CHAIN_CHECKPOINT:
        (void)snprintf(out, size,
                       "the checkpoint of entry %" PRIu64
                       " %s; the newest anchor that fits is of entry %" PRIu64,
                       report->at,
                       report->lacks == NULL ? "was made of another journal" : report->lacks,
                       report->surely_good);
        return;
    case CHAIN_WHOLE:
    case CHAIN_FINDINGS:
    default:
        (void)snprintf(out, size, "entries %" PRIu64 " to %" PRIu64 " are whole", report->first,
                       report->last);
        return;
    }
}

#include "controller/job/chain_walk.h"

#include <string.h>

#include "common/base/must.h"
#include "common/facts/field.h"
#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "controller/job/anchors_read.h"
#include "controller/job/checkpoint_file.h"
#include "controller/journal/checkpoint.h"
#include "controller/journal/journal.h"
#include "controller/store/checkpoint_store.h"
#include "controller/store/sign_key_store.h"

static bool take_branches(const Parkgate__TruncationRecord *record, struct chain_base *base)
{
    if (!chain_branches_read(field_view(&record->branches), base->branches, &base->branch_count)) {
        return false;
    }
    for (size_t i = 1; i < base->branch_count; i++) {
        base->restored_at = base->branches[i].from;
    }
    return true;
}

static enum err read_base(struct store_txn *txn, struct chain_base *base, struct fault *fault)
{
    Parkgate__TruncationRecord *record = NULL;
    *base = (struct chain_base){0};
    enum err err = truncation_get(txn, TRUNCATION_BASE, &record, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    bool good = record->hash.len == sizeof(base->hash.bytes) && take_branches(record, base);
    if (good) {
        memcpy(base->hash.bytes, record->hash.data, sizeof(base->hash.bytes));
        base->upto = record->upto;
        base->recorded_at = record->at_sequence;
    }
    parkgate__truncation_record__free_unpacked(record, NULL);
    return good ? ERR_OK
                : fault_set(fault, ERR_CORRUPT,
                            "the record of where the journal begins is not whole");
}

/* Entries that named a key may be gone; the table has them all. */
static enum err know_keys(struct store_txn *txn, struct chain_check *check, struct fault *fault)
{
    struct sign_public key;
    uint64_t at = 0;
    enum err err;
    while ((err = sign_key_next(txn, &at, &key, fault)) == ERR_OK) {
        chain_check_know_key(check, &key);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err pin_checkpoint(struct store_txn *txn, struct chain_check *check,
                               struct fault *fault)
{
    struct checkpoint checkpoint;
    struct sign_public key;
    Parkgate__CheckpointRecord *record = NULL;
    enum err err = checkpoint_newest(txn, &record, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    bool good = checkpoint_of_record(record, &checkpoint);
    parkgate__checkpoint_record__free_unpacked(record, NULL);
    if (!good) {
        return fault_set(fault, ERR_CORRUPT, "the checkpoint's record is not whole");
    }
    TRY(checkpoint_file_signer(txn, &checkpoint, &key, fault));
    chain_check_pin(check, &checkpoint, &key);
    return ERR_OK;
}

enum err chain_walk_begin(struct store_txn *txn, struct chain_check *check,
                          struct kept_anchor *anchors, size_t count, struct fault *fault)
{
    static struct chain_base base; /* large */
    TRY(read_base(txn, &base, fault));
    chain_check_begin_at(check, &base, anchors, count);
    TRY(base.upto > 0 ? know_keys(txn, check, fault) : ERR_OK);
    return pin_checkpoint(txn, check, fault);
}

static int64_t time_of(struct bytes record)
{
    int64_t us = 0;
    Parkgate__Entry *entry = record.size < SEAL_HASH_SIZE
                                 ? NULL
                                 : parkgate__entry__unpack(NULL, record.size - SEAL_HASH_SIZE,
                                                           record.data + SEAL_HASH_SIZE);
    if (entry != NULL) {
        us = entry->time_us;
        parkgate__entry__free_unpacked(entry, NULL);
    }
    return us;
}

enum err chain_walk(struct store_txn *txn, struct chain_check *check, uint64_t upto,
                    int64_t *ret_newest_us, struct fault *fault)
{
    struct bytes key;
    struct bytes record;
    struct keybuf from;
    int64_t newest_us = 0;
    AUTO(store_iter_end) struct store_iter iter = {0};
    keybuf_begin(&from);
    keybuf_u64(&from, check->base.upto + 1);
    TRY(store_iter_range(txn, TABLE_JOURNAL,
                         check->base.upto == 0 ? (struct bytes){0} : keybuf_view(&from),
                         (struct bytes){0}, UINT64_MAX, &iter, fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &record, fault)) == ERR_OK) {
        struct reader r = reader_of(key);
        uint64_t sequence = reader_u64(&r);
        if (sequence > upto || !chain_check_add(check, sequence, record)) {
            break;
        }
        int64_t us = ret_newest_us == NULL ? 0 : time_of(record);
        newest_us = us > newest_us ? us : newest_us;
    }
    if (ret_newest_us != NULL) {
        *ret_newest_us = newest_us;
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err hold_against(struct store_txn *txn, struct anchors_read *read,
                             struct fault *fault)
{
    static struct chain_check check; /* large */
    char sentence[320];
    TRY(chain_walk_begin(txn, &check, read->anchors, read->count, fault));
    TRY(chain_walk(txn, &check, UINT64_MAX, NULL, fault));
    const struct chain_report *report = chain_check_end(&check);
    if (report->finding == CHAIN_WHOLE) {
        return ERR_OK;
    }
    chain_report_sentence(report, anchors_read_witness(read, report), sentence, sizeof(sentence));
    return fault_set(fault, ERR_CORRUPT, "%s", sentence);
}

enum err chain_walk_whole(struct store_txn *txn, const char *anchor_dir, struct fault *fault)
{
    static struct anchors_read read; /* large */
    read = (struct anchors_read){0};
    enum err err = anchors_read(&read, anchor_dir, NULL, fault);
    if (err == ERR_OK) {
        err = hold_against(txn, &read, fault);
    }
    anchors_read_end(&read);
    return err;
}

#include "controller/app/backups.h"

#include <string.h>

#include "common/base/must.h"
#include "common/facts/tables.h"
#include "controller/app/truncation.h"

/* Rows newest first, until one that `is_it` likes. ERR_NOT_FOUND: none. */
typedef bool likes(void *ctx, uint64_t number, const Parkgate__BackupRecord *row);

static enum err find(struct store_txn *txn, likes *is_it, void *ctx, uint64_t *ret_number,
                     struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    bool found = false;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_range_back(txn, TABLE_BACKUP, (struct bytes){0}, (struct bytes){0}, UINT64_MAX,
                              &iter, fault));
    while (!found) {
        ProtobufCMessage *message = NULL;
        TRY(store_iter_next(&iter, &key, &value, fault));
        TRY(store_unpack_message(key, value, &parkgate__backup_record__descriptor, &message,
                                 fault));
        struct reader r = reader_of(key);
        *ret_number = reader_u64(&r);
        found = is_it(ctx, *ret_number, (const void *)message);
        store_message_destroy(&message);
    }
    return ERR_OK;
}

/* --- one was made --- */

struct made {
    const char *dir, *output;
    uint64_t upto;
};

/* The job began behind its entry, so the copy has it. */
static bool asked_for_it(void *ctx, uint64_t number, const Parkgate__BackupRecord *row)
{
    const struct made *made = ctx;
    return number <= made->upto && strcmp(row->dir, made->dir) == 0;
}

static enum err record_made(struct controller *ctl, void *ctx, struct fault *fault)
{
    struct made *made = ctx;
    Parkgate__BackupEntry entry = PARKGATE__BACKUP_ENTRY__INIT;
    if (!checkpoints_number_of(made->output, "seq", &made->upto)) {
        return fault_set(fault, ERR_INPUT, "backup: what the job said cannot be read");
    }
    enum err err = find(ctl->txn, asked_for_it, made, &entry.made_of, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err; /* retention was quicker */
    }
    entry.dir = field_text(made->dir);
    entry.made_upto = made->upto;
    return controller_record(ctl, ENTRY_BACKUP, "", &entry.base, fault);
}

void backups_made(struct controller *ctl, const char *dir, const char *output)
{
    struct made made = {.dir = dir, .output = output};
    if (strstr(output, "result=good") != NULL) {
        batch_run(ctl, record_made, &made);
    }
}

/* --- what they have --- */

static bool has_more(void *ctx, uint64_t number, const Parkgate__BackupRecord *row)
{
    uint64_t *most = ctx;
    (void)number;
    *most = row->made_upto > *most ? row->made_upto : *most;
    return false;
}

enum err backups_hold_upto(struct store_txn *txn, uint64_t *ret, struct fault *fault)
{
    uint64_t number = 0;
    *ret = 0;
    enum err err = find(txn, has_more, ret, &number, fault);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

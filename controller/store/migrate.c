#include "controller/store/migrate.h"

#include "common/base/must.h"
#include "common/facts/copy_rows.h"
#include "common/facts/tables.h"
#include "controller/journal/journal.h"
#include "controller/store/changes.h"
#include "controller/store/command_store.h"
#include "controller/store/quarantine_store.h"
#include "schema/kinds.h"

enum { SLICE_ROWS = 2000 };

/* Nobody writes meanwhile: the slices see one state. They are slices because a read transaction
 * must not stay open for long. */
static enum err sum_up(struct store *store, struct copy_digest *ret, struct fault *fault)
{
    struct copy_place place = {0};
    bool more = true;
    *ret = (struct copy_digest){0};
    while (more) {
        AUTO(store_txn_destroy) struct store_txn *txn = NULL;
        TRY(store_begin_read(store, &txn, fault));
        TRY(copy_walk(txn, &place, SLICE_ROWS, copy_visit_digest, ret, &more, fault));
    }
    return ERR_OK;
}

/* 1 to 2: the digest of what gates' copies hold; of the entries so far it is not known what they
 * touched. */
static enum err add_copies(struct store *store, struct fault *fault)
{
    struct copy_digest digest;
    struct journal_head head;
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    TRY(sum_up(store, &digest, fault));
    TRY(store_begin_write(store, &txn, fault));
    TRY(journal_head(txn, &head, fault));
    if (digest.rows > 0) { /* as a replay of the journal leaves it */
        TRY(copy_digest_put(txn, &digest, fault));
    }
    TRY(changes_set_floor(txn, head.sequence, fault));
    TRY(store_set_version(txn, 2, fault));
    return store_commit(&txn, fault);
}

/* What the tables of version 3 know of one entry. */
static enum err remember(struct store_txn *txn, uint32_t kind, const ProtobufCMessage *body,
                         struct fault *fault)
{
    if (kind == ENTRY_COMMAND) {
        return command_given(txn, (const void *)body, fault);
    }
    if (kind == ENTRY_EVENT_REFUSED) {
        return quarantine_count(txn, (const void *)body, fault);
    }
    const Parkgate__EventEntry *event = (const void *)body;
    return event->kind == EVENT_COMMAND ? command_answered(txn, event, fault) : ERR_OK;
}

static const struct {
    uint32_t kind;
    const ProtobufCMessageDescriptor *descriptor;
} remembered[] = {
    {ENTRY_COMMAND,       &parkgate__command_entry__descriptor},
    {ENTRY_EVENT,         &parkgate__event_entry__descriptor  },
    {ENTRY_EVENT_REFUSED, &parkgate__event_refused__descriptor},
};

static enum err remember_entry(struct store_txn *txn, uint64_t sequence, struct fault *fault)
{
    struct bytes packed;
    struct seal_hash hash;
    TRY(journal_read(txn, sequence, &packed, &hash, fault));
    Parkgate__Entry *entry = parkgate__entry__unpack(NULL, packed.size, packed.data);
    enum err err = entry != NULL ? ERR_OK
                                 : fault_set(fault, ERR_CORRUPT, "journal entry %llu is damaged",
                                             (unsigned long long)sequence);
    for (size_t i = 0; err == ERR_OK && i < ARRAY_LEN(remembered); i++) {
        if (remembered[i].kind != entry->kind) {
            continue;
        }
        ProtobufCMessage *body = protobuf_c_message_unpack(remembered[i].descriptor, NULL,
                                                           entry->body.len, entry->body.data);
        err = body != NULL ? remember(txn, entry->kind, body, fault)
                           : fault_set(fault, ERR_CORRUPT, "journal entry %llu is damaged",
                                       (unsigned long long)sequence);
        protobuf_c_message_free_unpacked(body, NULL);
    }
    if (entry != NULL) {
        parkgate__entry__free_unpacked(entry, NULL);
    }
    return err;
}

/* 2 to 3: which commands were given and how many events of each gate lie in quarantine, from the
 * journal. Nobody else reads or writes, so one transaction may last as long as it takes. */
static enum err add_commands(struct store *store, struct fault *fault)
{
    struct journal_head head;
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    TRY(store_begin_write(store, &txn, fault));
    TRY(journal_head(txn, &head, fault));
    for (uint64_t sequence = 1; sequence <= head.sequence; sequence++) {
        TRY(remember_entry(txn, sequence, fault));
    }
    TRY(store_set_version(txn, 3, fault));
    return store_commit(&txn, fault);
}

/* steps[i] brings version i + 1 to i + 2. */
static enum err (*const steps[])(struct store *, struct fault *) = {add_copies, add_commands};
_Static_assert(ARRAY_LEN(steps) == CONTROLLER_STORE_VERSION - 1, "each version has its step");

enum err migrate_store(struct store *store, uint32_t *ret_from, struct fault *fault)
{
    *ret_from = store_version(store);
    for (uint32_t from = *ret_from; from < CONTROLLER_STORE_VERSION; from++) {
        if (from == 0) {
            return fault_set(fault, ERR_CORRUPT, "store %s has version 0; restore a backup",
                             store_dir(store));
        }
        enum err err = steps[from - 1](store, fault);
        while (err == ERR_MAP_FULL) {
            TRY(store_grow(store, fault));
            err = steps[from - 1](store, fault);
        }
        TRY(err);
    }
    return ERR_OK;
}

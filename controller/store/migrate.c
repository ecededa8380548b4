#include "controller/store/migrate.h"

#include "common/base/ids.h"
#include "common/base/log.h"
#include "common/base/must.h"
#include "common/facts/copy_class.h"
#include "common/facts/event_effects.h"
#include "common/facts/tables.h"
#include "common/facts/watch_store.h"
#include "common/facts/people_store.h"
#include "controller/journal/journal.h"
#include "controller/store/alert_store.h"
#include "controller/store/candidate_store.h"
#include "controller/store/changes.h"
#include "controller/store/checkpoint_store.h"
#include "controller/store/command_store.h"
#include "controller/store/disposition_store.h"
#include "controller/store/erasure_store.h"
#include "controller/store/face_store.h"
#include "controller/store/hidden_store.h"
#include "controller/store/migrate_watch.h"
#include "controller/store/hit_store.h"
#include "controller/store/project_parts.h"
#include "controller/store/project_watch.h"
#include "controller/store/quarantine_store.h"
#include "controller/store/watch_sum.h"
#include "schema/kinds.h"
#include "schema/watch.h"

enum { SLICE_ROWS = 2000 };

/* Nobody writes meanwhile: the slices see one state. They are slices because a read transaction
 * must not stay open for long. `pass_over`: a damaged row is logged and left out. */
static enum err sum_up(struct store *store, bool pass_over, struct copy_digests *ret,
                       struct fault *fault)
{
    struct copy_place place = {0};
    struct fault local = {0};
    bool more = true;
    *ret = (struct copy_digests){0};
    while (more) {
        AUTO(store_txn_destroy) struct store_txn *txn = NULL;
        TRY(store_begin_read(store, &txn, fault));
        enum err err = copy_walk(txn, &place, SLICE_ROWS, copy_visit_digests, ret, &more, &local);
        if (err == ERR_CORRUPT && pass_over) {
            log_error("copy_row_damaged", LOG_TEXT("what", local.what));
        } else if (err != ERR_OK) {
            return fault_set(fault, err, "%s", local.what);
        }
    }
    return ERR_OK;
}

/* 1 to 2: the digest of what gates' copies hold; of the entries so far it is not known what they
 * touched. */
static enum err add_copies(struct store *store, struct fault *fault)
{
    struct copy_digests digests;
    struct journal_head head;
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    TRY(sum_up(store, false, &digests, fault));
    TRY(store_begin_write(store, &txn, fault));
    TRY(journal_head(txn, &head, fault));
    if (digests.of[COPY_PRESENCE].rows > 0) { /* as a replay of the journal leaves it */
        TRY(copy_digests_put(txn, &digests, fault));
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

/* Of more damaged entries than these only the number is told. */
enum { DAMAGED_LOGGED = 100, TENTHS = 10 };

/* Entries are read apart from what is written: a damaged page ends a transaction. */
struct walk {
    struct store *store;
    struct store_txn *read, *write;
    uint64_t damaged;
};

static void walk_end(struct walk *walk)
{
    store_txn_destroy(&walk->read);
    store_txn_destroy(&walk->write);
}

/* An entry in pieces; a piece that is NULL could not be read. */
struct piece {
    Parkgate__Entry *entry;
    ProtobufCMessage *body;
};

static void piece_destroy(struct piece *piece)
{
    if (piece->entry != NULL) {
        parkgate__entry__free_unpacked(piece->entry, NULL);
    }
    protobuf_c_message_free_unpacked(piece->body, NULL);
}

static enum err read_entry(struct walk *walk, uint64_t sequence, Parkgate__Entry **ret,
                           struct fault *fault)
{
    struct bytes packed = {0};
    struct seal_hash hash;
    if (walk->read == NULL) {
        TRY(store_begin_read(walk->store, &walk->read, fault));
    }
    enum err err = journal_read(walk->read, sequence, &packed, &hash, fault);
    if (err == ERR_OK) {
        *ret = parkgate__entry__unpack(NULL, packed.size, packed.data);
    } else {
        store_txn_destroy(&walk->read);
    }
    return err == ERR_CORRUPT || err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum { PUBLIC_KEY_MAX = 32 };

/* What becomes part of a key is as it must be. */
static bool is_sound(uint32_t kind, const ProtobufCMessage *body)
{
    struct name gate;
    if (body == NULL) {
        return false;
    }
    if (kind == ENTRY_COMMAND) {
        return name_from_text(((const Parkgate__CommandEntry *)(const void *)body)->gate, &gate);
    }
    if (kind == ENTRY_EVENT_REFUSED) {
        const Parkgate__EventRefused *refused = (const void *)body;
        return name_from_text(refused->gate, &gate) && refused->public_key.len <= PUBLIC_KEY_MAX;
    }
    const Parkgate__EventEntry *event = (const void *)body;
    return event->kind != EVENT_COMMAND || name_from_text(event->gate, &gate);
}

static void tell_damaged(struct walk *walk, uint64_t sequence)
{
    if (walk->damaged++ < DAMAGED_LOGGED) {
        log_error("journal_entry_damaged", LOG_NUM("sequence", sequence),
                  LOG_TEXT("do", "passed over; parkgate journal verify"));
    }
}

/* A damaged one is passed over: at most a command is forgotten by it, or one is not counted. */
static enum err remember_entry(struct walk *walk, uint64_t sequence, struct fault *fault)
{
    AUTO(piece_destroy) struct piece piece = {0};
    TRY(read_entry(walk, sequence, &piece.entry, fault));
    if (piece.entry == NULL) {
        tell_damaged(walk, sequence);
        return ERR_OK;
    }
    for (size_t i = 0; i < ARRAY_LEN(remembered); i++) {
        if (remembered[i].kind != piece.entry->kind) {
            continue;
        }
        piece.body = protobuf_c_message_unpack(remembered[i].descriptor, NULL,
                                               piece.entry->body.len, piece.entry->body.data);
        if (is_sound(piece.entry->kind, piece.body)) {
            return remember(walk->write, piece.entry->kind, piece.body, fault);
        }
        tell_damaged(walk, sequence);
        return ERR_OK;
    }
    return ERR_OK;
}

static void tell_progress(const struct walk *walk, uint64_t sequence, uint64_t head)
{
    if (sequence * TENTHS / head != (sequence - 1) * TENTHS / head) {
        log_event("store_migrating", LOG_NUM("percent", sequence * 100 / head),
                  LOG_NUM("sequence", sequence), LOG_NUM("damaged", walk->damaged));
    }
}

/* 2 to 3: which commands were given and how many events of each gate lie in quarantine, from the
 * journal. Nobody else reads or writes, so one transaction may last as long as it takes. */
static enum err add_commands(struct store *store, struct fault *fault)
{
    struct journal_head head;
    AUTO(walk_end) struct walk walk = {.store = store};
    TRY(store_begin_write(store, &walk.write, fault));
    TRY(journal_head(walk.write, &head, fault));
    log_event("store_migrating", LOG_NUM("percent", 0), LOG_NUM("entries", head.sequence));
    for (uint64_t sequence = 1; sequence <= head.sequence; sequence++) {
        TRY(remember_entry(&walk, sequence, fault));
        tell_progress(&walk, sequence, head.sequence);
    }
    store_txn_destroy(&walk.read);
    TRY(store_set_version(walk.write, 3, fault));
    return store_commit(&walk.write, fault);
}

/* What of one entry the tables of faces and backups know. One that cannot be read says nothing: the
 * program before did not read it either. */
static enum err take_privacy(struct store_txn *txn, const Parkgate__Entry *entry,
                             struct fault *fault)
{
    enum err err = ERR_OK;
    bool face = entry->kind == ENTRY_CREDENTIAL;
    if (!face && entry->kind != ENTRY_BACKUP) {
        return ERR_OK;
    }
    ProtobufCMessage *body = protobuf_c_message_unpack(
        face ? &parkgate__credential_record__descriptor : &parkgate__backup_entry__descriptor, NULL,
        entry->body.len, entry->body.data);
    if (body != NULL) {
        err = face ? face_count_credential(txn, (const void *)body, entry->time_us, fault)
                   : project_backup(txn, entry, body, fault);
        protobuf_c_message_free_unpacked(body, NULL);
    }
    return err;
}

/* Entries that cannot be read are passed over.
 *
 * For steps from versions before CHECKPOINT_FIRST_VERSION alone. A step from a later one brings the
 * snapshot of a checkpoint forward, too, where no entry stands, and a store whose first entries were
 * cut off: both must come to the same tables, so it has to do with tables alone. */
static enum err each_entry(const struct store *store, struct store_txn *txn,
                           enum err (*take)(struct store_txn *, const Parkgate__Entry *,
                                            struct fault *),
                           struct fault *fault)
{
    struct journal_head head;
    MUST(store_version(store) < CHECKPOINT_FIRST_VERSION);
    TRY(journal_head(txn, &head, fault));
    for (uint64_t sequence = 1; sequence <= head.sequence; sequence++) {
        struct bytes packed;
        struct seal_hash hash;
        enum err err = journal_read(txn, sequence, &packed, &hash, fault);
        Parkgate__Entry *entry =
            err == ERR_OK ? parkgate__entry__unpack(NULL, packed.size, packed.data) : NULL;
        if (entry == NULL) {
            continue;
        }
        err = take(txn, entry, fault);
        parkgate__entry__free_unpacked(entry, NULL);
        TRY(err);
    }
    return ERR_OK;
}

/* 3 to 4: a second digest, of copies that hold counts only. The first one stays as it was: gates
 * have copies by it. A damaged row keeps nobody from starting: the program before did not read it.
 */
static enum err add_counts(struct store *store, struct fault *fault)
{
    struct copy_digests kept;
    struct copy_digests summed;
    uint64_t rows = 0;
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    TRY(sum_up(store, true, &summed, fault));
    TRY(store_begin_write(store, &txn, fault));
    TRY(copy_digests_get(txn, &kept, fault));
    kept.of[COPY_COUNTS] = summed.of[COPY_COUNTS];
    TRY(store_count(txn, TABLE_COPY_DIGEST, &rows, fault));
    if (rows > 0) { /* else nothing was ever told */
        TRY(copy_digests_put(txn, &kept, fault));
    }
    TRY(each_entry(store, txn, take_privacy, fault));
    TRY(store_set_version(txn, 4, fault));
    return store_commit(&txn, fault);
}

/* --- 4 to 5 --- */

/* Rows of one table, each to be written into tables that version 4 did not have. */
struct reindex {
    size_t table;
    const ProtobufCMessageDescriptor *descriptor;
    enum err (*take)(struct store_txn *txn, struct bytes key, const ProtobufCMessage *message,
                     struct fault *fault);
};

static enum err index_candidate(struct store_txn *txn, struct bytes key,
                                const ProtobufCMessage *message, struct fault *fault)
{
    (void)key;
    return candidate_index(txn, (const void *)message, fault);
}

static enum err index_notice(struct store_txn *txn, struct bytes key,
                             const ProtobufCMessage *message, struct fault *fault)
{
    (void)key;
    const Parkgate__DispositionNotice *notice = (const void *)message;
    bool due = notice->sent_us == 0 && !notice->dropped;
    return due ? disposition_index(txn, notice, fault) : ERR_OK;
}

static enum err index_erasure(struct store_txn *txn, struct bytes key,
                              const ProtobufCMessage *message, struct fault *fault)
{
    (void)key;
    return erasure_put_open(txn, (const void *)message, fault);
}

static enum err index_label(struct store_txn *txn, struct bytes key,
                            const ProtobufCMessage *message, struct fault *fault)
{
    (void)key;
    return alert_label_put(txn, (const void *)message, fault);
}

/* When it was recorded is not known; it is over soon in any case. */
static enum err index_day(struct store_txn *txn, struct bytes key, const ProtobufCMessage *message,
                          struct fault *fault)
{
    struct keybuf at;
    struct keybuf near_at;
    struct reader of = reader_of(key);
    Parkgate__WatchDay day = *(const Parkgate__WatchDay *)(const void *)message;
    struct hit_near near = {.noted = {day.last_us}, .entry = keybuf_read_handle(&of)};
    near.day = (int32_t)reader_u32(&of);
    if (day.last_us == 0 || !reader_done(&of)) {
        return ERR_OK;
    }
    day.noted_us = day.last_us;
    keybuf_begin(&at);
    keybuf_bytes(&at, key);
    TRY(store_put(txn, TABLE_WATCH_NEAR, hit_near_key(&near_at, &near),
                  (struct bytes){.data = (const uint8_t *)"", .size = 0}, fault));
    return store_put_message(txn, TABLE_WATCH_DAY, keybuf_view(&at), &day.base, fault);
}

/* What is left of entries tells of them; those that were swept away are not in the sums. */
static enum err sum_entry(struct store_txn *txn, const Parkgate__WatchRecord *record,
                          struct fault *fault)
{
    bool over = record->state == WATCH_STATE_WITHDRAWN || record->state == WATCH_STATE_ENDED;
    bool acted = record->by_us != 0 || record->matcher == WATCH_MATCHER_PLATE;
    if (record->state != WATCH_STATE_ACTING && !(over && acted)) {
        return ERR_OK;
    }
    int64_t begun_us = record->by_us != 0 ? record->by_us : record->since_us;
    TRY(watch_sum_begun(txn, record, (struct wall){begun_us}, fault));
    return over ? watch_sum_ended(txn, record, (struct wall){record->since_us}, fault) : ERR_OK;
}

static enum err index_watch_sum(struct store_txn *txn, struct bytes key,
                                const ProtobufCMessage *message, struct fault *fault)
{
    (void)key;
    Parkgate__WatchRecord *valid = NULL;
    const Parkgate__WatchRecord *newest = (const void *)message;
    enum err err = watch_entry(txn, people_handle(&newest->entry), &valid, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    err = sum_entry(txn, valid, fault);
    parkgate__watch_record__free_unpacked(valid, NULL);
    return err;
}

static const struct reindex reindexes[] = {
    {TABLE_WATCH,              &parkgate__watch_record__descriptor,       index_watch_sum},
    {TABLE_ALERT,              &parkgate__alert_record__descriptor,       index_label    },
    {TABLE_CANDIDATE,          &parkgate__candidate__descriptor,          index_candidate},
    {TABLE_DISPOSITION_NOTICE, &parkgate__disposition_notice__descriptor, index_notice   },
    {TABLE_ERASURE,            &parkgate__erasure_record__descriptor,     index_erasure  },
    {TABLE_WATCH_DAY,          &parkgate__watch_day__descriptor,          index_day      },
};

/* The program before did not read a damaged row either, or failed by it: it keeps nobody from
 * starting. */
static enum err reindex_row(struct store_txn *txn, const struct reindex *with, struct bytes key,
                            struct bytes value, struct fault *fault)
{
    struct fault local = {0};
    AUTO(store_message_destroy) ProtobufCMessage *message = NULL;
    enum err err = store_unpack_message(key, value, with->descriptor, &message, &local);
    if (err == ERR_OK) {
        err = with->take(txn, key, message, &local);
    }
    if (err == ERR_CORRUPT) {
        log_error("store_row_damaged", LOG_TEXT("table", table_names[with->table]),
                  LOG_TEXT("what", local.what));
        return ERR_OK;
    }
    return err == ERR_OK ? ERR_OK : fault_set(fault, err, "%s", local.what);
}

static enum err reindex(struct store_txn *txn, const struct reindex *with, struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    enum err err;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_prefix(txn, with->table, (struct bytes){0}, UINT64_MAX, &iter, fault));
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        TRY(reindex_row(txn, with, key, value, fault));
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* What of one entry says that a gate acted late. */
static enum err take_late_act(struct store_txn *txn, const Parkgate__Entry *entry,
                              struct fault *fault)
{
    Parkgate__EventEntry *event =
        entry->kind == ENTRY_EVENT
            ? parkgate__event_entry__unpack(NULL, entry->body.len, entry->body.data)
            : NULL;
    if (event == NULL) {
        return ERR_OK;
    }
    enum err err = event_effects_mark_late(txn, entry->sequence, event, fault);
    parkgate__event_entry__free_unpacked(event, NULL);
    return err;
}

/* Entries that are not shown to most. */
static enum err take_hidden(struct store_txn *txn, const Parkgate__Entry *entry,
                            struct fault *fault)
{
    return hidden_kind(entry->kind) ? hidden_note(txn, entry->sequence, fault) : ERR_OK;
}

/* By whom each hash of an identity number is. */
static enum err index_identities(struct store_txn *txn, struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    enum err err;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_prefix(txn, TABLE_WATCH_IDENTITY, (struct bytes){0}, UINT64_MAX, &iter, fault));
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        struct keybuf hash;
        struct reader r = reader_of(value);
        struct handle holder = keybuf_read_handle(&r);
        keybuf_begin(&hash);
        keybuf_bytes(&hash, key);
        TRY(project_watch_identity_of(txn, keybuf_view(&hash), holder, fault));
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* 4 to 5: index rows of what stands, and which grants were acted on late. Nobody else reads or
 * writes, so one transaction may last as long as it takes. */
static enum err add_indexes(struct store *store, struct fault *fault)
{
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    TRY(store_begin_write(store, &txn, fault));
    for (size_t i = 0; i < ARRAY_LEN(reindexes); i++) {
        TRY(reindex(txn, &reindexes[i], fault));
    }
    TRY(each_entry(store, txn, take_late_act, fault));
    TRY(each_entry(store, txn, take_hidden, fault));
    TRY(index_identities(txn, fault));
    TRY(migrate_watch(txn, fault));
    TRY(store_set_version(txn, 5, fault));
    return store_commit(&txn, fault);
}

/* steps[i] brings version i + 1 to i + 2. */
static enum err (*const steps[])(struct store *, struct fault *) = {add_copies, add_commands,
                                                                    add_counts, add_indexes};
_Static_assert(ARRAY_LEN(steps) == CONTROLLER_STORE_VERSION - 1, "each version has its step");

/* On a full disk the ballast is given up, once. */
static enum err take_step(struct store *store, uint32_t from, struct fault *fault)
{
    for (;;) {
        enum err err = steps[from - 1](store, fault);
        if (err == ERR_MAP_FULL) {
            TRY(store_grow(store, fault));
        } else if (err == ERR_FULL && store_ballast_spend(store, NULL) == ERR_OK) {
            log_error("ballast_spent", LOG_TEXT("dir", store_dir(store)),
                      LOG_TEXT("do", "free disk space: the store is being brought forward"));
        } else {
            return err;
        }
    }
}

enum err migrate_store(struct store *store, uint32_t *ret_from, struct fault *fault)
{
    *ret_from = store_version(store);
    for (uint32_t from = *ret_from; from < CONTROLLER_STORE_VERSION; from++) {
        if (from == 0) {
            return fault_set(fault, ERR_CORRUPT, "store %s has version 0; restore a backup",
                             store_dir(store));
        }
        log_event("store_migrates", LOG_TEXT("dir", store_dir(store)), LOG_NUM("from", from),
                  LOG_NUM("to", from + 1));
        TRY(take_step(store, from, fault));
    }
    return ERR_OK;
}

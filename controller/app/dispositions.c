#include "controller/app/dispositions.h"

#include <stdio.h>
#include <string.h>

#include "common/base/must.h"
#include "common/facts/people_store.h"
#include "controller/app/batch.h"
#include "controller/app/erasure.h"
#include "controller/store/person_keys.h"
#include "schema/kinds.h"

#define DAY_US INT64_C(86400000000)

/* Of one turn: what is looked at, ended, and dropped. */
enum { TICK_MS = 60000, LOOKED_AT_ONCE = 200, ENDED_AT_ONCE = 20, DROPPED_AT_ONCE = 50 };

/* ---- words ---- */

const char *disposition_state_word(uint32_t state)
{
    static const char *const words[VIID_STATE_COUNT] = {
        [VIID_STATE_PENDING] = "pending",     [VIID_STATE_ENTERED] = "entered",
        [VIID_STATE_CONFIRMED] = "confirmed", [VIID_STATE_REFUSED] = "refused",
        [VIID_STATE_WITHDRAWN] = "withdrawn", [VIID_STATE_ENDED] = "ended",
    };
    return state < VIID_STATE_COUNT && words[state] != NULL ? words[state] : "";
}

const char *disposition_target_word(uint32_t target)
{
    static const char *const words[] = {
        [VIID_TARGET_UNKNOWN] = "unknown", [VIID_TARGET_PERSON] = "person",
        [VIID_TARGET_VEHICLE] = "vehicle", [VIID_TARGET_OTHER_VEHICLE] = "other-vehicle",
        [VIID_TARGET_KEYWORD] = "keyword",
    };
    return target < ARRAY_LEN(words) ? words[target] : "";
}

void disposition_doubt_words(uint32_t doubts, char *out, size_t size)
{
    static const char *const words[] = {"id", "category", "target", "applicant", "reason", "begin"};
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < ARRAY_LEN(words) && used < size; i++) {
        if ((doubts & 1U << i) != 0) {
            used +=
                (size_t)snprintf(out + used, size - used, "%s%s", used > 0 ? ", " : "", words[i]);
        }
    }
}

/* ---- keys and hashes ---- */

/* Of library, peer and id; without an id, of what it says, so that the same sent twice is one. */
static struct seal_hash hash_under(const struct seal_key *key, const char *library,
                                   const char *peer, struct bytes id, bool named)
{
    return seal_keyed_hash(key, named ? "parkgate disposition" : "parkgate disposition row",
                           SEAL_PARTS(bytes_of_text(library), bytes_of_text(peer), id));
}

static enum err find(struct controller *ctl, const char *library, const char *peer, struct bytes id,
                     bool named, Parkgate__DispositionRecord **ret, struct fault *fault)
{
    enum err err = ERR_NOT_FOUND;
    for (size_t i = 0; i < ctl->index_keys.count && err == ERR_NOT_FOUND; i++) {
        err = disposition_of_id(
            ctl->txn, hash_under(&ctl->index_keys.key[i], library, peer, id, named), ret, fault);
    }
    return err;
}

enum err disposition_find(struct controller *ctl, const char *library, const char *peer,
                          const char *id, struct bytes row, Parkgate__DispositionRecord **ret,
                          struct fault *fault)
{
    bool named = id[0] != '\0';
    return find(ctl, library, peer, named ? bytes_of_text(id) : row, named, ret, fault);
}

enum err disposition_open(struct controller *ctl, const Parkgate__DispositionRecord *record,
                          uint8_t out[DISPOSITION_PLAIN_MAX], size_t *ret_size, struct fault *fault)
{
    struct seal_key key;
    TRY(controller_keys_begin(ctl, fault));
    TRY(watch_key_get(ctl->keys_txn, people_handle(&record->handle), &key, fault));
    if (record->sealed.len > DISPOSITION_PLAIN_MAX) {
        return fault_set(fault, ERR_CORRUPT, "disposition: a sealed field is too long");
    }
    enum err err = seal_open(&key, (struct bytes){0}, field_view(&record->sealed), out,
                             DISPOSITION_PLAIN_MAX, ret_size, fault);
    seal_wipe(&key, sizeof(key));
    return err;
}

/* ---- steps ---- */

static enum err key_for(struct controller *ctl, struct handle handle, bool create,
                        struct seal_key *ret_key, struct fault *fault)
{
    TRY(controller_keys_begin(ctl, fault));
    if (!create) {
        return watch_key_get(ctl->keys_txn, handle, ret_key, fault);
    }
    *ret_key = seal_key_draw(ctl->entropy);
    return watch_key_put(ctl->keys_txn, handle, ret_key, fault);
}

static enum err begin_record(struct controller *ctl, struct request *request, const char *peer,
                             const Parkgate__DispositionRecord *before, struct handle *handle,
                             Parkgate__DispositionRecord *record, struct fault *fault)
{
    if (before != NULL) {
        *record = *before;
        *handle = people_handle(&before->handle);
        return ERR_OK;
    }
    *handle = controller_draw_handle(ctl);
    record->library = request->key->name;
    record->peer = field_text(peer);
    record->received_us = ctl->now.us;
    return disposition_next_number(ctl->txn, &record->number, fault);
}

enum err disposition_keep(struct controller *ctl, struct request *request,
                          const Parkgate__ViidDisposition *said, struct bytes row,
                          const Parkgate__DispositionRecord *before, struct fault *fault)
{
    struct handle handle;
    struct seal_key key;
    struct seal_hash hash;
    uint8_t sealed[DISPOSITION_PLAIN_MAX + SEAL_OVERHEAD];
    Parkgate__DispositionRecord record = PARKGATE__DISPOSITION_RECORD__INIT;
    const char *peer = request_arg(request, "peer");
    bool named = said->id[0] != '\0';
    MUST(row.size + SEAL_OVERHEAD <= DISPOSITION_PLAIN_MAX);
    TRY(begin_record(ctl, request, peer, before, &handle, &record, fault));
    TRY(key_for(ctl, handle, before == NULL, &key, fault));
    size_t size = controller_seal(ctl, &key, &said->base, sealed, sizeof(sealed));
    seal_wipe(&key, sizeof(key));
    if (before == NULL) {
        hash = hash_under(&ctl->index_keys.key[0], request->key->name, peer,
                          named ? bytes_of_text(said->id) : row, named);
        record.id_hash = field_of(BYTES_OF(hash.bytes));
    }
    record.state = VIID_STATE_PENDING;
    record.entered = (ProtobufCBinaryData){0};
    record.entered_by = record.authority = field_text("");
    record.handle = people_field(&handle);
    record.sealed = field_of((struct bytes){.data = sealed, .size = size});
    record.target = said->target;
    record.doubts = said->doubts;
    record.end_us = said->end_us;
    record.since_us = ctl->now.us;
    answer_note_number(request->answer, "disposition", (int64_t)record.number);
    return controller_record(ctl, ENTRY_DISPOSITION, request->key->name, &record.base, fault);
}

/* What is still to be told of one that is over is told no more: at most `max` of its notices now.
 * Those that are left are told to nobody (verbs_library.c), and dropped by the tick. */
static enum err drop_due(struct controller *ctl, uint64_t disposition, const char *actor,
                         size_t max, size_t *dropped, struct fault *fault)
{
    Parkgate__DispositionNotice *notice = NULL;
    for (; *dropped < max; ++*dropped) {
        enum err err = disposition_next_due_of(ctl->txn, disposition, &notice, fault);
        if (err != ERR_OK) {
            return err == ERR_NOT_FOUND ? ERR_OK : err;
        }
        notice->dropped = true;
        err = controller_record(ctl, ENTRY_DISPOSITION_NOTICE, actor, &notice->base, fault);
        parkgate__disposition_notice__free_unpacked(notice, NULL);
        TRY(err);
    }
    return ERR_OK;
}

enum err disposition_end(struct controller *ctl, const Parkgate__DispositionRecord *record,
                         enum viid_state state, const char *actor, const char *by,
                         const char *reason, struct fault *fault)
{
    size_t dropped = 0;
    Parkgate__DispositionRecord ended = *record;
    ended.state = state;
    ended.since_us = ctl->now.us;
    ended.by = field_text(by);
    ended.reason = field_text(reason);
    ended.sealed = ended.entered = (ProtobufCBinaryData){0};
    TRY(controller_keys_begin(ctl, fault));
    enum err err = watch_key_destroy(ctl->keys_txn, people_handle(&record->handle), fault);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    erasure_keys_deleted(ctl);
    TRY(drop_due(ctl, record->number, actor, DROPPED_AT_ONCE, &dropped, fault));
    return controller_record(ctl, ENTRY_DISPOSITION, actor, &ended.base, fault);
}

/* ---- time ---- */

/* One look; run again it finds the same. A place of 0: from the beginning, or there is no more. */
struct looking {
    uint64_t open, due;
    size_t ended, dropped;
};

static enum err end_if_over(struct controller *ctl, uint64_t number, struct looking *looking,
                            struct fault *fault)
{
    Parkgate__DispositionRecord *record = NULL;
    TRY(disposition_get(ctl->txn, number, &record, fault));
    enum err err = ERR_OK;
    /* Hits that a library did not take yet are kept for it a while. */
    int64_t kept_us = record->state == VIID_STATE_CONFIRMED ? DISPOSITION_KEPT_DAYS * DAY_US : 0;
    if (record->end_us + kept_us <= ctl->now.us) {
        looking->ended++;
        err = disposition_end(ctl, record, VIID_STATE_ENDED, "", "", "", fault);
    }
    parkgate__disposition_record__free_unpacked(record, NULL);
    return err;
}

static enum err end_over(struct controller *ctl, struct looking *looking, struct fault *fault)
{
    for (size_t looked = 0; looked < LOOKED_AT_ONCE && looking->ended < ENDED_AT_ONCE; looked++) {
        enum err err = disposition_next_open(ctl->txn, looking->open, &looking->open, fault);
        if (err == ERR_NOT_FOUND) {
            looking->open = 0;
            return ERR_OK;
        }
        TRY(err);
        TRY(end_if_over(ctl, looking->open, looking, fault));
    }
    return ERR_OK;
}

static enum err drop_if_over(struct controller *ctl, uint64_t number, struct looking *looking,
                             struct fault *fault)
{
    Parkgate__DispositionRecord *record = NULL;
    TRY(disposition_get(ctl->txn, number, &record, fault));
    bool lives = disposition_lives(record->state);
    parkgate__disposition_record__free_unpacked(record, NULL);
    return lives ? ERR_OK : drop_due(ctl, number, "", DROPPED_AT_ONCE, &looking->dropped, fault);
}

/* What disposition_end() left. */
static enum err drop_left(struct controller *ctl, struct looking *looking, struct fault *fault)
{
    for (size_t looked = 0; looked < LOOKED_AT_ONCE; looked++) {
        uint64_t next = 0;
        enum err err = disposition_next_with_due(ctl->txn, looking->due, &next, fault);
        if (err == ERR_NOT_FOUND) {
            looking->due = 0;
            return ERR_OK;
        }
        TRY(err);
        TRY(drop_if_over(ctl, next, looking, fault));
        if (looking->dropped == DROPPED_AT_ONCE) {
            return ERR_OK; /* more of the same may be there */
        }
        looking->due = next;
    }
    return ERR_OK;
}

static enum err look(struct controller *ctl, void *ctx, struct fault *fault)
{
    struct looking *looking = ctx;
    *looking = (struct looking){.open = ctl->dispositions.open, .due = ctl->dispositions.due};
    TRY(end_over(ctl, looking, fault));
    return drop_left(ctl, looking, fault);
}

/* Is there any? Most parks have none, and then nothing is written. */
static bool any_open(struct controller *ctl)
{
    struct fault fault;
    uint64_t number = 0;
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    return store_begin_read(ctl->store, &txn, &fault) == ERR_OK &&
           (disposition_next_open(txn, 0, &number, &fault) == ERR_OK ||
            disposition_next_with_due(txn, 0, &number, &fault) == ERR_OK);
}

void dispositions_tick(struct controller *ctl)
{
    struct looking looking = {0};
    if (mono_before(ctl->mono, ctl->dispositions.next) || !any_open(ctl)) {
        return;
    }
    batch_run(ctl, look, &looking);
    ctl->dispositions.open = looking.open;
    ctl->dispositions.due = looking.due;
    bool more = looking.open != 0 || looking.due != 0 || looking.dropped == DROPPED_AT_ONCE;
    ctl->dispositions.next = more ? ctl->mono : mono_after_ms(ctl->mono, TICK_MS);
}

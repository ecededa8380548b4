/* What time does to the watch list. Nothing here decides whether an entry acts: that is read with
 * the time at the decision; here rows are put away that no longer do. */
#include <string.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "common/facts/versioned.h"
#include "controller/app/erasure.h"
#include "controller/app/faults.h"
#include "controller/app/watch.h"
#include "schema/kinds.h"

enum { SWEEP_MS = 3600000, SWEEP_FIRST_MS = 60000, RECENT_BUNDLES = 16 };

#define DAY_US (INT64_C(86400) * 1000000)

/* --- bundles at the gates --- */

struct watch_gates watch_gates_of(const struct controller *ctl, uint64_t sequence)
{
    struct watch_gates gates = {0};
    for (size_t i = 0; i < LIMIT_AGENTS; i++) {
        const struct session *session = &ctl->sessions.items[i];
        if (session->used && !session->away && session->feed.asked) {
            gates.online++;
            gates.have += !session->feed.anew && session->feed.sequence >= sequence;
        }
    }
    return gates;
}

void watch_await_gates(struct controller *ctl, const char *authority, uint64_t number)
{
    struct watch_keep *keep = &ctl->watch;
    struct name name = name_or_none(authority);
    for (size_t i = 0; i < keep->pending_count; i++) {
        if (name_equal(keep->pending[i].authority, name) && keep->pending[i].number == number) {
            return;
        }
    }
    if (keep->pending_count < WATCH_PENDING_MAX) {
        keep->pending[keep->pending_count].authority = name;
        keep->pending[keep->pending_count++].number = number;
    }
}

/* *ret_done: it needs no more looking after. */
static enum err at_gates(struct controller *ctl, const char *authority, uint64_t number,
                         bool *ret_done, struct fault *fault)
{
    Parkgate__WatchBundle *bundle = NULL;
    Parkgate__WatchStep step = PARKGATE__WATCH_STEP__INIT;
    enum err err = watch_bundle_get(ctl->txn, authority, number, &bundle, fault);
    if (err != ERR_OK) {
        *ret_done = err == ERR_NOT_FOUND;
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    struct watch_gates gates = watch_gates_of(ctl, bundle->acts_at);
    bool wanted = bundle->state == STAGE_CLOSED && bundle->gates_us == 0;
    bool reached = gates.online > 0 && gates.have == gates.online;
    parkgate__watch_bundle__free_unpacked(bundle, NULL);
    *ret_done = !wanted || reached;
    if (!wanted || !reached) {
        return ERR_OK;
    }
    step.step = WATCH_AT_GATES;
    step.authority = field_text(authority);
    step.number = number;
    step.gates = gates.have;
    return controller_record(ctl, ENTRY_WATCH_STEP, "", &step.base, fault);
}

/* Worked off again it finds the same: what is done is taken off the list afterwards. */
struct gates_work {
    bool done[WATCH_PENDING_MAX];
};

static enum err all_at_gates(struct controller *ctl, void *ctx, struct fault *fault)
{
    struct gates_work *work = ctx;
    for (size_t i = 0; i < ctl->watch.pending_count; i++) {
        TRY(at_gates(ctl, ctl->watch.pending[i].authority.text, ctl->watch.pending[i].number,
                     &work->done[i], fault));
    }
    return ERR_OK;
}

static void look_at_gates(struct controller *ctl)
{
    struct gates_work work = {0};
    size_t left = 0;
    size_t count = ctl->watch.pending_count;
    if (count == 0) {
        return;
    }
    batch_run(ctl, all_at_gates, &work);
    for (size_t i = 0; i < count; i++) {
        if (!work.done[i]) {
            ctl->watch.pending[left++] = ctl->watch.pending[i];
        }
    }
    ctl->watch.pending_count = left;
}

/* After a start: bundles of late whose way to the gates was not seen to its end. */
static enum err find_pending(struct controller *ctl, const Parkgate__AuthorityRecord *authority,
                             struct fault *fault)
{
    uint64_t number = authority->number;
    for (size_t i = 0; i < RECENT_BUNDLES && number > 0; i++, number--) {
        Parkgate__WatchBundle *bundle = NULL;
        enum err err = watch_bundle_get(ctl->txn, authority->name, number, &bundle, fault);
        if (err != ERR_OK) {
            return err == ERR_NOT_FOUND ? ERR_OK : err;
        }
        if (bundle->gates_us == 0) {
            watch_await_gates(ctl, authority->name, number);
        }
        parkgate__watch_bundle__free_unpacked(bundle, NULL);
    }
    return ERR_OK;
}

/* --- authorities --- */

enum err watch_refreshed(struct controller *ctl, const char *authority, uint64_t number,
                         struct fault *fault)
{
    watch_await_gates(ctl, authority, number);
    return fault_end(ctl, &fault_watch_stale, authority, fault);
}

static enum err drop_if_left(struct controller *ctl, const Parkgate__AuthorityRecord *authority,
                             struct fault *fault)
{
    Parkgate__WatchBundle *bundle = NULL;
    Parkgate__WatchClose close = PARKGATE__WATCH_CLOSE__INIT;
    if (authority->open_number == 0) {
        return ERR_OK;
    }
    TRY(watch_bundle_get(ctl->txn, authority->name, authority->open_number, &bundle, fault));
    bool left = ctl->now.us - bundle->moved_us > (int64_t)LIMIT_WATCH_OPEN_S * 1000000;
    parkgate__watch_bundle__free_unpacked(bundle, NULL);
    close.authority = authority->name;
    close.number = authority->open_number;
    close.cancelled = true;
    return left ? controller_record(ctl, ENTRY_WATCH_CLOSE, "", &close.base, fault) : ERR_OK;
}

/* What was told of a day is over with it. */
static enum err judge_pushes(struct controller *ctl, const Parkgate__AuthorityRecord *authority,
                             struct fault *fault)
{
    return watch_begun_today(authority, ctl->now) < LIMIT_WATCH_BUNDLES_DAY
               ? fault_end(ctl, &fault_watch_pushes, authority->name, fault)
               : ERR_OK;
}

static enum err judge_refresh(struct controller *ctl, const Parkgate__AuthorityRecord *authority,
                              struct fault *fault)
{
    return watch_is_stale(authority, ctl->now)
               ? fault_raise(ctl, &fault_watch_stale, authority->name, "", "", fault)
               : fault_end(ctl, &fault_watch_stale, authority->name, fault);
}

static enum err look_after(struct controller *ctl, const Parkgate__AuthorityRecord *authority,
                           bool first, struct fault *fault)
{
    if (first) {
        TRY(find_pending(ctl, authority, fault));
    }
    ctl->watch.looks |= !authority->looked_all;
    TRY(drop_if_left(ctl, authority, fault));
    TRY(judge_pushes(ctl, authority, fault));
    return judge_refresh(ctl, authority, fault);
}

static enum err look_after_all(struct controller *ctl, void *ctx, struct fault *fault)
{
    struct name at = {{0}};
    const bool *first = ctx;
    Parkgate__AuthorityRecord *authority = NULL;
    enum err err;
    while ((err = watch_next_authority(ctl->txn, &at, &authority, fault)) == ERR_OK) {
        err = look_after(ctl, authority, *first, fault);
        parkgate__authority_record__free_unpacked(authority, NULL);
        TRY(err);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Is there anything to look after? A park without authorities has no work from them. */
static bool has_authorities(struct controller *ctl)
{
    uint64_t count = 0;
    struct fault fault = {0};
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    return store_begin_read(ctl->store, &txn, &fault) == ERR_OK &&
           store_count(txn, TABLE_AUTHORITY, &count, &fault) == ERR_OK && count > 0;
}

/* --- the sweep --- */

enum fate { STAYS, LAPSES, ENDS, IS_FORGOTTEN, FATES };

static bool is_over_for(int64_t since_us, struct wall now, int64_t days)
{
    return now.us - since_us > days * DAY_US;
}

static enum fate fate_of_valid(const Parkgate__WatchRecord *record, struct wall now)
{
    bool live = record->state == WATCH_STATE_WAITING || record->state == WATCH_STATE_ACTING;
    if (live) {
        return watch_is_live(record, now) ? STAYS : LAPSES;
    }
    if (record->sealed.len > 0) {
        return is_over_for(record->since_us, now, LIMIT_WATCH_KEPT_DAYS) ? ENDS : STAYS;
    }
    if (watch_never_acted(record)) { /* it took no terms that must be known */
        return is_over_for(record->since_us, now, LIMIT_WATCH_KEPT_DAYS) ? IS_FORGOTTEN : STAYS;
    }
    return is_over_for(record->since_us, now, LIMIT_WATCH_TERMS_DAYS) ? IS_FORGOTTEN : STAYS;
}

/* Of a bundle that is being taken nothing is touched. */
static enum err is_of_open_bundle(struct controller *ctl, const Parkgate__WatchRecord *record,
                                  bool *ret, struct fault *fault)
{
    Parkgate__AuthorityRecord *authority = NULL;
    Parkgate__WatchBundle *bundle = NULL;
    *ret = false;
    if (record->stage == 0) {
        return ERR_OK;
    }
    TRY(watch_authority(ctl->txn, record->authority, &authority, fault));
    enum err err = ERR_OK;
    if (authority->open_number != 0) {
        err = watch_bundle_get(ctl->txn, authority->name, authority->open_number, &bundle, fault);
    }
    if (bundle != NULL) {
        *ret = bundle->stage == record->stage;
        parkgate__watch_bundle__free_unpacked(bundle, NULL);
    }
    parkgate__authority_record__free_unpacked(authority, NULL);
    return err;
}

static enum err fate_of(struct controller *ctl, struct bytes key, struct bytes value,
                        enum fate *ret, struct fault *fault)
{
    bool is_open = false;
    AUTO(store_message_destroy) ProtobufCMessage *newest = NULL;
    AUTO(store_message_destroy) ProtobufCMessage *valid = NULL;
    *ret = STAYS;
    TRY(store_unpack_message(key, value, &parkgate__watch_record__descriptor, &newest, fault));
    TRY(is_of_open_bundle(ctl, (void *)newest, &is_open, fault));
    if (is_open) {
        return ERR_OK;
    }
    enum err err = versioned_get(ctl->txn, VERSIONED_WATCH, key, &valid, fault);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    *ret = err == ERR_NOT_FOUND ? ENDS : fate_of_valid((void *)valid, ctl->now);
    return ERR_OK;
}

struct swept {
    size_t counts[FATES];
    struct handle handles[FATES][LIMIT_WATCH_SWEEP_ROWS];
};

static enum err record_swept(struct controller *ctl, const struct swept *swept, enum fate fate,
                             struct fault *fault)
{
    ProtobufCBinaryData handles[LIMIT_WATCH_SWEEP_ROWS];
    Parkgate__WatchStep step = PARKGATE__WATCH_STEP__INIT;
    if (swept->counts[fate] == 0) {
        return ERR_OK;
    }
    for (size_t i = 0; i < swept->counts[fate]; i++) {
        handles[i] = people_field(&swept->handles[fate][i]);
        if (fate == ENDS) {
            TRY(controller_keys_begin(ctl, fault));
            enum err err = watch_key_destroy(ctl->keys_txn, swept->handles[fate][i], fault);
            if (err != ERR_OK && err != ERR_NOT_FOUND) {
                return err;
            }
            erasure_keys_deleted(ctl);
        }
    }
    step.step = fate == LAPSES ? WATCH_LAPSED : WATCH_ENDED;
    step.forget = fate == IS_FORGOTTEN;
    step.n_handle = swept->counts[fate];
    step.handle = handles;
    return controller_record(ctl, ENTRY_WATCH_STEP, "", &step.base, fault);
}

static enum err walk_slice(struct controller *ctl, struct watch_keep *keep, struct swept *swept,
                           struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    enum err err;
    AUTO(store_iter_end) struct store_iter iter = {0};
    keep->sweep_next = keep->sweep_from;
    TRY(store_iter_range(ctl->txn, TABLE_WATCH, BYTES_OF(keep->sweep_from.bytes), (struct bytes){0},
                         LIMIT_WATCH_SWEEP_ROWS + 1, &iter, fault));
    for (size_t rows = 0; (err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK; rows++) {
        enum fate fate = STAYS;
        struct reader r = reader_of(key);
        struct handle entry = keybuf_read_handle(&r);
        if (rows == LIMIT_WATCH_SWEEP_ROWS) {
            keep->sweep_next = entry;
            keep->sweep_more = true;
            return ERR_OK;
        }
        TRY(fate_of(ctl, key, value, &fate, fault));
        swept->handles[fate][swept->counts[fate]++] = entry;
    }
    keep->sweep_more = false;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Keys of before the newest generation open nothing that is needed. */
static enum err destroy_old_keys(struct controller *ctl, struct fault *fault)
{
    struct name at = {{0}};
    Parkgate__AuthorityRecord *authority = NULL;
    enum err err;
    while ((err = watch_next_authority(ctl->txn, &at, &authority, fault)) == ERR_OK) {
        err = controller_keys_begin(ctl, fault);
        for (uint32_t old = authority->generation; err == ERR_OK && old > 1; old--) {
            err = authority_keys_destroy(ctl->keys_txn, authority->name, old - 1, fault);
            if (err == ERR_OK) {
                erasure_keys_deleted(ctl);
            }
        }
        parkgate__authority_record__free_unpacked(authority, NULL);
        if (err != ERR_OK && err != ERR_NOT_FOUND) {
            return err;
        }
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* The authority's oldest bundle, if it is closed so long ago that nothing of it is asked for. */
static enum err oldest_over(struct controller *ctl, const char *authority, uint64_t *ret_number,
                            struct fault *fault)
{
    Parkgate__WatchBundle *bundle = NULL;
    *ret_number = 0;
    enum err err = watch_oldest_bundle(ctl->txn, authority, &bundle, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    if (bundle->state == STAGE_CLOSED &&
        is_over_for(bundle->closed_us, ctl->now, LIMIT_WATCH_TERMS_DAYS)) {
        *ret_number = bundle->number;
    }
    parkgate__watch_bundle__free_unpacked(bundle, NULL);
    return ERR_OK;
}

/* One slice of one bundle; the next turn goes on. */
static enum err put_away(struct controller *ctl, bool *ret_more, struct fault *fault)
{
    struct name at = {{0}};
    uint64_t number = 0;
    Parkgate__AuthorityRecord *authority = NULL;
    Parkgate__WatchStep step = PARKGATE__WATCH_STEP__INIT;
    enum err err = ERR_OK;
    *ret_more = false;
    while (number == 0 &&
           (err = watch_next_authority(ctl->txn, &at, &authority, fault)) == ERR_OK) {
        err = oldest_over(ctl, authority->name, &number, fault);
        parkgate__authority_record__free_unpacked(authority, NULL);
        TRY(err);
    }
    if (number == 0) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    step.step = WATCH_PUT_AWAY;
    step.authority = at.text;
    step.number = number;
    *ret_more = true;
    return controller_record(ctl, ENTRY_WATCH_STEP, "", &step.base, fault);
}

/* Run again it looks at the same rows. */
static enum err sweep_slice(struct controller *ctl, void *ctx, struct fault *fault)
{
    static struct swept swept; /* one thread; too large for the stack */
    (void)ctx;
    memset(&swept, 0, sizeof(swept));
    TRY(walk_slice(ctl, &ctl->watch, &swept, fault));
    for (int fate = LAPSES; fate < FATES; fate++) {
        TRY(record_swept(ctl, &swept, (enum fate)fate, fault));
    }
    if (ctl->watch.sweep_more) {
        return ERR_OK;
    }
    TRY(put_away(ctl, &ctl->watch.sweep_more, fault));
    return ctl->watch.sweep_more ? ERR_OK : destroy_old_keys(ctl, fault);
}

static void sweep(struct controller *ctl)
{
    struct watch_keep *keep = &ctl->watch;
    if (!keep->sweeping && mono_before(ctl->mono, keep->sweep_at)) {
        return;
    }
    if (!keep->sweeping) {
        keep->sweep_from = (struct handle){{0}};
        keep->sweep_at = mono_after_ms(ctl->mono, SWEEP_MS);
    } else {
        keep->sweep_from = keep->sweep_next; /* the slice before is committed by now */
    }
    batch_run(ctl, sweep_slice, NULL);
    keep->sweeping = keep->sweep_more;
}

void watch_tick(struct controller *ctl)
{
    bool first = !ctl->watch.begun;
    if (first) {
        ctl->watch.sweep_at = mono_after_ms(ctl->mono, SWEEP_FIRST_MS);
        ctl->watch.begun = true;
    }
    if (!has_authorities(ctl)) {
        return;
    }
    batch_run(ctl, look_after_all, &first);
    look_at_gates(ctl);
    sweep(ctl);
}

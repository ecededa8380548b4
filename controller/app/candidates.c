#include "controller/app/candidates.h"

#include <string.h>

#include "common/base/must.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "controller/app/batch.h"
#include "controller/store/candidate_store.h"
#include "controller/store/hit_store.h"
#include "schema/watch.h"

enum { SWEPT_AT_ONCE = 64 };

/* --- raising --- */

/* The lead of the open candidate of this entry at this lane; all zero: none. */
static enum err find_open(struct controller *ctl, const Parkgate__WatchHit *hit, struct handle *ret,
                          struct fault *fault)
{
    struct handle open;
    Parkgate__Candidate *candidate = NULL;
    *ret = (struct handle){{0}};
    enum err err = candidate_at(ctl->txn, people_handle(&hit->entry), hit->lane, &open, fault);
    if (err == ERR_OK) {
        err = candidate_get(ctl->txn, open, &candidate, fault);
    }
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    *ret = people_handle(&candidate->lead);
    parkgate__candidate__free_unpacked(candidate, NULL);
    return ERR_OK;
}

static enum err note_new(struct controller *ctl, struct hit_notes *notes,
                         const Parkgate__WatchHit *hit, const Parkgate__Event *event,
                         struct handle *lead, struct fault *fault)
{
    struct seal_key key;
    uint8_t packed[1024];
    uint8_t sealed[LIMIT_EVENT_BYTES + SEAL_OVERHEAD];
    Parkgate__SealedRead read = PARKGATE__SEALED_READ__INIT;
    Parkgate__Candidate candidate = PARKGATE__CANDIDATE__INIT;
    struct handle handle = controller_draw_handle(ctl);
    TRY(controller_candidate_key(ctl, handle, true, &key, fault));
    read.credential = event->credential;
    read.raw = event->raw;
    candidate.sealed.len = controller_seal(ctl, &key, &read.base, sealed, sizeof(sealed));
    candidate.sealed.data = sealed;
    seal_wipe(&key, sizeof(key));
    MUST(parkgate__watch_hit__get_packed_size(hit) <= sizeof(packed));
    candidate.hit.len = parkgate__watch_hit__pack(hit, packed);
    candidate.hit.data = packed;
    *lead = handle_is_none(*lead) ? handle : *lead;
    candidate.candidate = people_field(&handle);
    candidate.lead = people_field(lead);
    candidate.step = CANDIDATE_RAISED;
    candidate.raised_us = ctl->now.us;
    MUST(notes->message.n_candidate < WATCH_FOUND_MAX);
    notes->candidates[notes->message.n_candidate++] = hit_notes_keep(notes, &candidate.base);
    return ERR_OK;
}

/* Of a person whom the station was told of that day, nothing more is wanted. */
static enum err is_told_already(struct controller *ctl, const Parkgate__WatchHit *hit, bool *ret,
                                struct fault *fault)
{
    Parkgate__WatchDay *day = NULL;
    *ret = false;
    if (!watch_matcher_is_person((enum watch_matcher)hit->matcher)) {
        return ERR_OK;
    }
    TRY(hit_day_get(ctl->txn, people_handle(&hit->entry), hit->day, &day, fault));
    if (day != NULL) {
        *ret = day->told > 0;
        parkgate__watch_day__free_unpacked(day, NULL);
    }
    return ERR_OK;
}

/* What a read may be, and the candidate that its alert is about; all zero: none yet. A person has
 * one however many list him, a plate as well. */
struct group {
    struct seal_hash target;
    struct handle lead;
};

struct raising {
    enum watch_how how;
    bool flood_told;
    const Parkgate__Event *event;
    struct hit_notes *notes;
    size_t group_count;
    struct group groups[WATCH_FOUND_MAX];
};

static enum err group_of(struct controller *ctl, struct raising *r, struct handle entry,
                         struct group **ret, struct fault *fault)
{
    struct group group = {.lead = {{0}}};
    Parkgate__WatchRecord *record = NULL;
    if (r->how == WATCH_HOW_ALIKE) {
        TRY(watch_entry(ctl->txn, entry, &record, fault));
        memcpy(group.target.bytes, record->hash.data,
               record->hash.len < SEAL_HASH_SIZE ? record->hash.len : SEAL_HASH_SIZE);
        parkgate__watch_record__free_unpacked(record, NULL);
    }
    for (size_t i = 0; i < r->group_count; i++) {
        if (memcmp(&r->groups[i].target, &group.target, sizeof(group.target)) == 0) {
            *ret = &r->groups[i];
            return ERR_OK;
        }
    }
    r->groups[r->group_count] = group;
    *ret = &r->groups[r->group_count++];
    return ERR_OK;
}

/* Without bound they would be the store's, and the guards', end. */
static enum err has_room(struct controller *ctl, const struct hit_notes *notes, bool *ret,
                         struct fault *fault)
{
    uint64_t open = 0;
    TRY(candidate_count(ctl->txn, &open, fault));
    *ret = open + notes->message.n_candidate < LIMIT_CANDIDATES_OPEN;
    return ERR_OK;
}

static enum err tell_flood(struct controller *ctl, struct raising *r, struct fault *fault)
{
    struct hit_alert alert = {.kind = alert_flood};
    bool told = r->flood_told;
    r->flood_told = true;
    return told ? ERR_OK : hit_notes_alert(ctl, r->notes, &alert, fault);
}

static enum err raise_one(struct controller *ctl, struct raising *r,
                          const struct watch_found *found, struct fault *fault)
{
    bool told = false;
    bool acted = false;
    bool fits = true;
    struct group *group = NULL;
    struct handle lead;
    struct hit_alert alert = {.kind = alert_watch_candidate, .found = *found};
    Parkgate__WatchHit hit = hit_of(found, &r->notes->place, r->how);
    TRY(hit_acted_then(ctl, found->entry, r->notes->place.captured, &acted, fault));
    TRY(is_told_already(ctl, &hit, &told, fault));
    if (!acted || told) {
        return ERR_OK;
    }
    TRY(group_of(ctl, r, found->entry, &group, fault));
    bool is_first = handle_is_none(group->lead);
    TRY(find_open(ctl, &hit, &lead, fault));
    if (handle_is_none(lead)) {
        TRY(has_room(ctl, r->notes, &fits, fault));
        if (!fits) {
            return tell_flood(ctl, r, fault);
        }
        TRY(note_new(ctl, r->notes, &hit, r->event, &group->lead, fault));
    } else if (is_first) {
        group->lead = lead;
    }
    alert.subject = group->lead;
    return is_first ? hit_notes_alert(ctl, r->notes, &alert, fault) : ERR_OK;
}

enum err candidates_raise(struct controller *ctl, const struct watch_finds *finds,
                          enum watch_how how, const Parkgate__Event *event, struct hit_notes *notes,
                          struct fault *fault)
{
    struct raising raising = {.how = how, .event = event, .notes = notes};
    for (size_t i = 0; i < finds->count; i++) {
        enum err err = raise_one(ctl, &raising, &finds->items[i], fault);
        if (err != ERR_OK && !hits_pass_over(err, fault)) {
            return err;
        }
    }
    return ERR_OK;
}

/* --- the end --- */

static enum err end_one(struct controller *ctl, struct handle handle, enum candidate_step step,
                        const char *by, struct fault *fault)
{
    Parkgate__Candidate candidate = PARKGATE__CANDIDATE__INIT;
    TRY(controller_candidate_forget(ctl, handle, fault));
    candidate.candidate = people_field(&handle);
    candidate.step = step;
    candidate.by = field_text(by);
    return controller_record(ctl, ENTRY_WATCH_CANDIDATE, by, &candidate.base, fault);
}

/* It is the hit that it was taken for, if its entry still acts. */
static enum err confirm(struct controller *ctl, const Parkgate__Candidate *candidate,
                        struct fault *fault)
{
    bool told = false;
    bool acts = false;
    Parkgate__WatchHit *hit =
        parkgate__watch_hit__unpack(NULL, candidate->hit.len, candidate->hit.data);
    if (hit == NULL) {
        return fault_set(fault, ERR_CORRUPT, "candidate: a damaged record");
    }
    enum err err =
        hit_acted_then(ctl, people_handle(&hit->entry), (struct wall){hit->at_us}, &acts, fault);
    if (err == ERR_OK && acts) {
        err = hit_record(ctl, NULL, hit, &told, fault);
    }
    parkgate__watch_hit__free_unpacked(hit, NULL);
    return err;
}

static enum candidate_step step_of(enum alert_decision decision)
{
    return decision == ALERT_IS_TRUE    ? CANDIDATE_CONFIRMED
           : decision == ALERT_IS_FALSE ? CANDIDATE_REJECTED
                                        : CANDIDATE_LAPSED;
}

static enum err decide_one(struct controller *ctl, struct handle handle,
                           enum alert_decision decision, const char *actor, struct fault *fault)
{
    Parkgate__Candidate *candidate = NULL;
    enum err err = candidate_get(ctl->txn, handle, &candidate, fault);
    if (hits_pass_over(err, fault)) { /* whatever was said: what it would become is not known */
        return end_one(ctl, handle, CANDIDATE_LAPSED, "", fault);
    }
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    if (decision == ALERT_IS_TRUE) {
        err = confirm(ctl, candidate, fault);
        err = hits_pass_over(err, fault) ? ERR_OK : err;
    }
    if (err == ERR_OK) {
        err = end_one(ctl, handle, step_of(decision), actor, fault);
    }
    parkgate__candidate__free_unpacked(candidate, NULL);
    return err;
}

struct chosen {
    size_t count;
    struct handle items[SWEPT_AT_ONCE];
};

enum err candidate_decided(struct controller *ctl, const Parkgate__AlertRecord *alert,
                           enum alert_decision decision, const char *actor, struct fault *fault)
{
    struct chosen chosen;
    struct handle lead = people_handle(&alert->subject);
    if (handle_is_none(lead)) {
        return ERR_OK;
    }
    TRY(candidates_of_lead(ctl->txn, lead, ARRAY_LEN(chosen.items), chosen.items, &chosen.count,
                           fault));
    for (size_t i = 0; i < chosen.count; i++) {
        TRY(decide_one(ctl, chosen.items[i], decision, actor, fault));
    }
    return ERR_OK;
}

/* --- time --- */

/* Those that are over, the oldest first; more than these are taken at the next tick. */
static enum err find_over(struct store_txn *txn, struct wall now, struct chosen *over,
                          struct fault *fault)
{
    struct wall until = {now.us - LIMIT_CANDIDATE_S * INT64_C(1000000) + 1};
    return candidates_raised_before(txn, until, ARRAY_LEN(over->items), over->items, &over->count,
                                    fault);
}

static enum err sweep(struct controller *ctl, void *ctx, struct fault *fault)
{
    struct chosen over;
    (void)ctx;
    TRY(find_over(ctl->txn, ctl->now, &over, fault));
    for (size_t i = 0; i < over.count; i++) {
        TRY(decide_one(ctl, over.items[i], ALERT_UNDECIDED, "", fault));
    }
    return ERR_OK;
}

void candidates_tick(struct controller *ctl)
{
    struct chosen over;
    struct fault fault = {0};
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    if (store_begin_read(ctl->store, &txn, &fault) != ERR_OK ||
        find_over(txn, ctl->now, &over, &fault) != ERR_OK || over.count == 0) {
        return;
    }
    store_txn_destroy(&txn);
    batch_run(ctl, sweep, NULL);
}

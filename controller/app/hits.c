#include "controller/app/hits.h"

#include <stdio.h>
#include <string.h>

#include "common/access/civil.h"
#include "common/facts/people_store.h"
#include "common/facts/presence_now.h"
#include "controller/app/alerts.h"
#include "controller/store/hit_store.h"
#include "schema/kinds.h"
#include "schema/watch.h"

enum err hit_day(const struct facts_view *view, const struct subject *subject, struct wall captured,
                 int32_t *ret, struct fault *fault)
{
    struct presence_row row;
    struct counted_for counted;
    *ret = civil_of(view->tz, captured).day;
    if (handle_is_none(subject->holder) || subject->vehicle) {
        return ERR_OK;
    }
    TRY(presence_row_get(view->txn, subject->holder, &row, fault));
    if (row.state.inside && row.state.since.us <= captured.us) {
        *ret = row.state.day;
        return ERR_OK;
    }
    TRY(gather_attribution(view, subject->holder, subject->tenant, false, captured, &counted,
                           fault));
    *ret = counted.day;
    return ERR_OK;
}

/* --- one hit --- */

static bool is_same_approach(const Parkgate__WatchDay *day, const Parkgate__WatchHit *hit)
{
    int64_t apart_us = 0;
    const int64_t window_us = HIT_APPROACH_S * INT64_C(1000000);
    return day->direction == hit->direction && strcmp(day->lane, hit->lane) == 0 &&
           !__builtin_sub_overflow(hit->at_us, day->last_us, &apart_us) && apart_us < window_us &&
           apart_us > -window_us;
}

/* False: it is the approach that was counted already. */
static bool is_new(const Parkgate__WatchDay *day, const Parkgate__WatchHit *hit, bool *ret_told)
{
    bool person = watch_matcher_is_person((enum watch_matcher)hit->matcher);
    *ret_told = day == NULL || !person || day->told == 0;
    return day == NULL || !is_same_approach(day, hit) || (person && day->told == 0);
}

enum err hit_record(struct controller *ctl, Parkgate__WatchHit *hit, bool *ret_told,
                    struct fault *fault)
{
    uint64_t newest = 0;
    bool told = false;
    Parkgate__WatchDay *day = NULL;
    *ret_told = false;
    TRY(hit_day_get(ctl->txn, people_handle(&hit->entry), hit->day, &day, fault));
    bool counts = is_new(day, hit, &told);
    if (day != NULL) {
        parkgate__watch_day__free_unpacked(day, NULL);
    }
    if (!counts) {
        return ERR_OK;
    }
    TRY(hit_newest(ctl->txn, hit->authority, &newest, fault));
    hit->number = told ? newest + 1 : 0;
    hit->event = told ? hit->event : 0; /* a number is all that later ones are */
    *ret_told = told;
    return controller_record(ctl, ENTRY_WATCH_HIT, "", &hit->base, fault);
}

/* --- exact matches --- */

Parkgate__WatchHit hit_of(const struct watch_found *found, const struct hit_place *place,
                          enum watch_how how)
{
    Parkgate__WatchHit hit = PARKGATE__WATCH_HIT__INIT;
    hit.entry = people_field(&found->entry);
    hit.authority = field_text(found->authority.text);
    hit.event = place->event;
    hit.gate = field_text(place->gate);
    hit.lane = field_text(place->lane);
    hit.direction = place->direction;
    hit.at_us = place->captured.us;
    hit.matcher = found->matcher;
    hit.how = how;
    hit.day = place->day;
    hit.test = found->test;
    return hit;
}

/* One alert an entry and lane; who comes again there is counted. Nothing of whom it is about. */
static enum err tell_guard(struct controller *ctl, const struct watch_found *found,
                           const struct hit_place *place, struct fault *fault)
{
    char fold[HANDLE_TEXT_SIZE + 1 + NAME_SIZE];
    char entry[HANDLE_TEXT_SIZE];
    handle_to_text(found->entry, entry);
    (void)snprintf(fold, sizeof(fold), "%s/%s", entry, place->lane);
    struct alert_news news = {.kind = alert_watch_hit,
                              .about = place->lane,
                              .gate = place->gate,
                              .lane = place->lane,
                              .fold = fold,
                              .event = place->event,
                              .subject = found->entry,
                              .authority = found->authority.text,
                              .matcher = watch_matcher_name(found->matcher)};
    return alert_raise(ctl, &news, NULL, fault);
}

static enum err note_exact(struct controller *ctl, const struct watch_found *found,
                           const struct hit_place *place, struct fault *fault)
{
    bool told = false;
    Parkgate__WatchHit hit = hit_of(found, place, WATCH_HOW_EXACT);
    TRY(hit_record(ctl, &hit, &told, fault));
    bool asked = found->action == WATCH_ACTION_REVIEW && place->direction == LANE_IN;
    return told || asked ? tell_guard(ctl, found, place, fault) : ERR_OK;
}

enum err hit_acted_then(struct controller *ctl, struct handle entry, struct wall captured,
                        bool *ret, struct fault *fault)
{
    enum { LATE_US = 60000000 };
    bool acts = false;
    Parkgate__WatchRecord *record = NULL;
    *ret = false;
    enum err err = watch_entry(ctl->txn, entry, &record, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    err = watch_authority_acts(ctl->txn, record->authority, &acts, fault);
    if (err == ERR_OK && ctl->now.us - captured.us >= LATE_US) {
        acts = acts && captured.us >= record->since_us && captured.us >= record->from_us &&
               captured.us < record->until_us;
    }
    *ret = err == ERR_OK && watch_state_now(record, acts, ctl->now) == WATCH_STATE_ACTING &&
           ctl->now.us >= record->from_us;
    parkgate__watch_record__free_unpacked(record, NULL);
    return err;
}

enum err hits_exact(struct controller *ctl, const struct watch_finds *finds,
                    const struct hit_place *place, struct fault *fault)
{
    for (size_t i = 0; i < finds->count; i++) {
        bool acted = false;
        TRY(hit_acted_then(ctl, finds->items[i].entry, place->captured, &acted, fault));
        if (acted) {
            TRY(note_exact(ctl, &finds->items[i], place, fault));
        }
    }
    return ERR_OK;
}

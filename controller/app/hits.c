#include "controller/app/hits.h"

#include <stdio.h>
#include <string.h>

#include "common/access/civil.h"
#include "common/base/log.h"
#include "common/base/must.h"
#include "common/facts/people_store.h"
#include "common/facts/presence_now.h"
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

/* False: it is the approach that was counted already. `oldest`: the first day that is known still.
 */
static bool is_new(const Parkgate__WatchDay *day, const Parkgate__WatchHit *hit, int32_t oldest,
                   bool *ret_told)
{
    bool person = watch_matcher_is_person((enum watch_matcher)hit->matcher);
    *ret_told = !person || (hit->day >= oldest && (day == NULL || day->told == 0));
    return day == NULL || !is_same_approach(day, hit) || (person && *ret_told);
}

/* Two entries of one authority may be met by one read. */
static enum err next_number(struct controller *ctl, const struct hit_notes *notes,
                            const char *authority, uint64_t *ret, struct fault *fault)
{
    TRY(hit_newest(ctl->txn, authority, ret, fault));
    ++*ret;
    for (size_t i = 0; notes != NULL && i < notes->message.n_hit; i++) {
        Parkgate__WatchHit *noted =
            parkgate__watch_hit__unpack(NULL, notes->hits[i].len, notes->hits[i].data);
        MUST(noted != NULL);
        *ret += noted->number != 0 && strcmp(noted->authority, authority) == 0;
        parkgate__watch_hit__free_unpacked(noted, NULL);
    }
    return ERR_OK;
}

enum err hit_record(struct controller *ctl, struct hit_notes *notes, Parkgate__WatchHit *hit,
                    bool *ret_told, struct fault *fault)
{
    bool told = false;
    Parkgate__WatchDay *day = NULL;
    *ret_told = false;
    TRY(hit_day_get(ctl->txn, people_handle(&hit->entry), hit->day, &day, fault));
    bool counts = is_new(day, hit, controller_today(ctl) - HIT_DAYS_KEPT, &told);
    if (day != NULL) {
        parkgate__watch_day__free_unpacked(day, NULL);
    }
    if (!counts) {
        return ERR_OK;
    }
    if (told) {
        TRY(next_number(ctl, notes, hit->authority, &hit->number, fault));
    } else {
        hit->event = 0; /* a number is all that later ones are */
    }
    *ret_told = told;
    if (notes == NULL) {
        return controller_record(ctl, ENTRY_WATCH_HIT, "", &hit->base, fault);
    }
    MUST(notes->message.n_hit < WATCH_FOUND_MAX);
    notes->hits[notes->message.n_hit++] = hit_notes_keep(notes, &hit->base);
    return ERR_OK;
}

/* --- notes --- */

ProtobufCBinaryData hit_notes_keep(struct hit_notes *notes, const ProtobufCMessage *message)
{
    uint8_t *out = notes->bytes + notes->used;
    size_t size = protobuf_c_message_get_packed_size(message);
    MUST(size <= sizeof(notes->bytes) - notes->used);
    (void)protobuf_c_message_pack(message, out);
    notes->used += size;
    return (ProtobufCBinaryData){.data = out, .len = size};
}

/* What a statistic counts it under: a trial of the path is no hit of a plate. */
static const char *counted_as(const struct hit_alert *alert)
{
    return alert->found.test && alert->kind == alert_watch_hit
               ? "test"
               : watch_matcher_name(alert->found.matcher);
}

/* One alert an entry (or candidate) and lane; who comes again there is counted. Nothing of whom it
 * is about. */
static void news_of(const struct hit_alert *alert, const struct hit_place *place,
                    char fold[static HANDLE_TEXT_SIZE + 1 + NAME_SIZE], struct alert_news *ret)
{
    char subject[HANDLE_TEXT_SIZE];
    if (alert->kind == alert_flood) { /* as alerts.c says it of any kind; of whom is no matter */
        (void)snprintf(fold, HANDLE_TEXT_SIZE + 1 + NAME_SIZE, "%s", alert_watch_candidate->word);
        *ret = (struct alert_news){.kind = alert_flood, .about = alert_watch_candidate->word};
        return;
    }
    handle_to_text(alert->subject, subject);
    (void)snprintf(fold, HANDLE_TEXT_SIZE + 1 + NAME_SIZE, "%s/%s", subject, place->lane);
    *ret = (struct alert_news){.kind = alert->kind,
                               .about = place->lane,
                               .gate = place->gate,
                               .lane = place->lane,
                               .fold = fold,
                               .event = place->event,
                               .subject = alert->subject,
                               .authority = alert->found.authority.text,
                               .matcher = counted_as(alert),
                               .candidate = alert->kind == alert_watch_candidate};
}

enum err hit_notes_alert(struct controller *ctl, struct hit_notes *notes,
                         const struct hit_alert *alert, struct fault *fault)
{
    char fold[HANDLE_TEXT_SIZE + 1 + NAME_SIZE];
    struct alert_news news;
    if (notes->alert.made) {
        MUST(notes->more_count < ARRAY_LEN(notes->more));
        notes->more[notes->more_count++] = *alert;
        return ERR_OK;
    }
    news_of(alert, &notes->place, fold, &news);
    TRY(alert_draft_news(ctl, &news, &notes->alert, fault));
    notes->message.alert = hit_notes_keep(notes, &notes->alert.entry.base);
    alert_draft_end(&notes->alert);
    notes->alert.made = true;
    return ERR_OK;
}

ProtobufCBinaryData hit_notes_pack(struct hit_notes *notes)
{
    notes->message.hit = notes->hits;
    notes->message.candidate = notes->candidates;
    return hit_notes_keep(notes, &notes->message.base);
}

enum err hit_notes_rest(struct controller *ctl, struct hit_notes *notes, struct fault *fault)
{
    for (size_t i = 0; i < notes->more_count; i++) {
        char fold[HANDLE_TEXT_SIZE + 1 + NAME_SIZE];
        struct alert_news news;
        news_of(&notes->more[i], &notes->place, fold, &news);
        TRY(alert_raise(ctl, &news, NULL, fault));
    }
    return ERR_OK;
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

static enum err note_exact(struct controller *ctl, const struct watch_found *found,
                           struct hit_notes *notes, struct fault *fault)
{
    bool told = false;
    Parkgate__WatchHit hit = hit_of(found, &notes->place, WATCH_HOW_EXACT);
    struct hit_alert alert = {.kind = alert_watch_hit, .found = *found, .subject = found->entry};
    TRY(hit_record(ctl, notes, &hit, &told, fault));
    bool asked = found->action == WATCH_ACTION_REVIEW && notes->place.direction == LANE_IN;
    return (told || asked) && !notes->alert.made ? hit_notes_alert(ctl, notes, &alert, fault)
                                                 : ERR_OK;
}

/* Since when an entry acts: not before the bundle that brought it was closed, whenever its chunk
 * was staged. A bundle that is known no more was closed long ago. */
static enum err acts_since(struct controller *ctl, const Parkgate__WatchRecord *record,
                           int64_t *ret_us, struct fault *fault)
{
    Parkgate__WatchBundle *bundle = NULL;
    uint64_t number = record->added != 0 ? record->added : record->number;
    *ret_us = record->since_us;
    enum err err = watch_bundle_get(ctl->txn, record->authority, number, &bundle, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    *ret_us = bundle->closed_us > *ret_us ? bundle->closed_us : *ret_us;
    parkgate__watch_bundle__free_unpacked(bundle, NULL);
    return ERR_OK;
}

enum err hit_acted_then(struct controller *ctl, struct handle entry, struct wall captured,
                        bool *ret, struct fault *fault)
{
    enum { LATE_US = 60000000 };
    bool acts = false;
    int64_t since_us = 0;
    Parkgate__WatchRecord *record = NULL;
    *ret = false;
    enum err err = watch_entry(ctl->txn, entry, &record, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    err = watch_authority_acts(ctl->txn, record->authority, &acts, fault);
    if (err == ERR_OK && ctl->now.us - captured.us >= LATE_US) {
        err = acts_since(ctl, record, &since_us, fault);
        acts = acts && captured.us >= since_us && captured.us >= record->from_us &&
               captured.us < record->until_us;
    }
    *ret = err == ERR_OK && watch_state_now(record, acts, ctl->now) == WATCH_STATE_ACTING &&
           ctl->now.us >= record->from_us;
    parkgate__watch_record__free_unpacked(record, NULL);
    return err;
}

bool hits_pass_over(enum err err, const struct fault *what)
{
    if (err == ERR_CORRUPT) {
        log_error("store_row_damaged", LOG_TEXT("table", "watch"), LOG_TEXT("what", what->what));
    }
    return err == ERR_CORRUPT;
}

static enum err look_at_exact(struct controller *ctl, const struct watch_found *found,
                              struct hit_notes *notes, struct fault *fault)
{
    bool acted = false;
    TRY(hit_acted_then(ctl, found->entry, notes->place.captured, &acted, fault));
    return acted ? note_exact(ctl, found, notes, fault) : ERR_OK;
}

enum err hits_exact(struct controller *ctl, const struct watch_finds *finds,
                    struct hit_notes *notes, struct fault *fault)
{
    for (size_t i = 0; i < finds->count; i++) {
        enum err err = look_at_exact(ctl, &finds->items[i], notes, fault);
        if (err != ERR_OK && !hits_pass_over(err, fault)) {
            return err;
        }
    }
    return ERR_OK;
}

/* What a read of somebody listed leads to, and what it must not.
 *
 *   I6  a hit is of an entry that acts, for a read of whom or what it names; none of those is lost
 *       while it surely acts; an approach is one hit, and of a person the station is told the first
 *       of a business day alone; numbers have no gap
 *   I7  nobody is asked to the guard but at an entry and for an acting `review`; who is so listed
 * is not let in by the verdict; a way out is granted to everybody
 */
#include "tests/sim/list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/access/decide.h"
#include "schema/kinds.h"
#include "schema/reasons.h"
#include "tests/sim/alarms.h"

enum { APPROACH_S = 120, FOUND_MAX = 64 };

static struct {
    uint64_t told[AUTHORITIES], count, reviews;
} h;

void hits_reset(void)
{
    memset(&h, 0, sizeof(h));
}

uint64_t hits_told(unsigned authority)
{
    return h.told[authority];
}

uint64_t hits_count(void)
{
    return h.count;
}

uint64_t hits_reviews(void)
{
    return h.reviews;
}

/* One presentation, as the journal has it and as it was handed over. */
struct look {
    const Parkgate__Entry *entry;
    const Parkgate__EventEntry *event;
    struct truth_read read;
    unsigned gate;
    size_t count;
    Parkgate__WatchHit *hits[FOUND_MAX];
    bool has_alert;
};

/* --- days of one entry --- */

static struct listed_day *day_of(struct listed *listed, int32_t day)
{
    for (size_t i = 0; i < listed->day_count; i++) {
        if (listed->days[i].day == day) {
            return &listed->days[i];
        }
    }
    if (listed->day_count == LIST_DAYS) {
        memmove(&listed->days[0], &listed->days[1], (LIST_DAYS - 1) * sizeof(listed->days[0]));
        listed->day_count--;
    }
    listed->days[listed->day_count] = (struct listed_day){.day = day};
    return &listed->days[listed->day_count++];
}

static bool is_same_approach(const struct listed_day *day, unsigned gate, unsigned lane, int64_t at)
{
    int64_t apart = at > day->last ? at - day->last : day->last - at;
    return day->hits > 0 && day->gate == gate && day->lane == lane && apart < APPROACH_S * SECOND;
}

/* It was counted already, on one of its days. */
static bool may_be_counted(const struct listed *listed, unsigned gate, unsigned lane, int64_t at)
{
    for (size_t i = 0; i < listed->day_count; i++) {
        if (is_same_approach(&listed->days[i], gate, lane, at)) {
            return true;
        }
    }
    return false;
}

static void count_number(const struct listed *listed, uint64_t number)
{
    if (number == 0) {
        return;
    }
    if (number != h.told[listed->authority] + 1) {
        sim_fail("I6", "hit %llu of %s follows hit %llu", (unsigned long long)number,
                 list_authority_name(listed->authority),
                 (unsigned long long)h.told[listed->authority]);
    }
    h.told[listed->authority] = number;
}

static void count_hit(struct listed *listed, const Parkgate__WatchHit *hit, unsigned gate,
                      unsigned lane, int64_t now)
{
    struct listed_day *day = day_of(listed, hit->day);
    bool person = listed->matcher != WATCH_MATCHER_PLATE;
    if (is_same_approach(day, gate, lane, hit->at_us) && now < day->noted + APPROACH_S * SECOND) {
        sim_fail("I6", "one approach of entry %s at gate %u was counted twice", listed->id, gate);
    }
    if (person && (hit->number != 0) != (day->told == 0)) {
        sim_fail("I6", "of entry %s the station was told %u times on one day, and %s", listed->id,
                 day->told, hit->number != 0 ? "once more" : "never");
    }
    if (!person && hit->number == 0) {
        sim_fail("I6", "a hit of the vehicle of entry %s was not told", listed->id);
    }
    count_number(listed, hit->number);
    day->hits++;
    day->told += hit->number != 0;
    day->last = hit->at_us;
    day->noted = now;
    day->gate = gate;
    day->lane = lane;
    h.count++;
    sim_note("hit", hit->number, (uint64_t)hit->day);
}

/* --- hits of one read --- */

static void check_words(const struct look *look, const struct listed *listed,
                        const Parkgate__WatchHit *hit)
{
    const Parkgate__EventEntry *event = look->event;
    bool right =
        strcmp(hit->gate, event->gate) == 0 && strcmp(hit->lane, event->lane) == 0 &&
        hit->direction == event->direction && hit->at_us == event->captured_us &&
        (hit->event == look->entry->sequence || hit->number == 0) &&
        hit->matcher == (uint32_t)listed->matcher &&
        hit->test == (listed->matcher == WATCH_MATCHER_PLATE && plate_is_test(listed->target)) &&
        hit->how == WATCH_HOW_EXACT &&
        strcmp(hit->authority, list_authority_name(listed->authority)) == 0;
    if (!right) {
        sim_fail("I6", "a hit of entry %s says something else than its read", listed->id);
    }
    if (look->read.person < PEOPLE_MAX &&
        !counts_know_day(look->read.person, event->captured_us, hit->day)) {
        sim_fail("I6", "a hit of entry %s is of day %d, which is none of its person's", listed->id,
                 hit->day);
    }
}

static void check_hit(struct look *look, size_t i)
{
    const Parkgate__WatchHit *hit = look->hits[i];
    struct listed *listed = list_by_handle(&hit->entry);
    if (listed == NULL) {
        sim_fail("I6", "a hit of an entry that nobody pushed");
    }
    if (!listed_is_read(listed, &look->read)) {
        sim_fail("I6", "a hit of entry %s, which names somebody else than person %u", listed->id,
                 look->read.person);
    }
    if (!listed_acts(listed, look->entry->time_us, look->event->captured_us, false)) {
        sim_fail("I6",
                 "a hit of entry %s, which does not act: state %d, from %.1f s, until %.1f s, read "
                 "at %.1f s",
                 listed->id, (int)listed->state, (double)(listed->from - sim.began) / 1e6,
                 (double)(listed->until - sim.began) / 1e6,
                 (double)(look->event->captured_us - sim.began) / 1e6);
    }
    check_words(look, listed, hit);
    count_hit(listed, hit, look->gate, look->read.lane, look->entry->time_us);
}

static bool was_hit(const struct look *look, const struct listed *listed)
{
    for (size_t i = 0; i < look->count; i++) {
        if (list_by_handle(&look->hits[i]->entry) == listed) {
            return true;
        }
    }
    return false;
}

/* A guard is told of what the station is told of, and of whom he is asked to look at. */
static void check_alert(const struct look *look)
{
    bool told = false;
    bool any = false;
    for (size_t i = 0; i < look->count; i++) {
        told = told || look->hits[i]->number != 0;
    }
    for (size_t i = 0; i < list_count(); i++) {
        const struct listed *listed = list_at(i);
        any = any || (listed_is_read(listed, &look->read) &&
                      listed_acts(listed, look->entry->time_us, look->event->captured_us, false));
    }
    if (told && !look->has_alert) {
        sim_fail("alert", "a hit of person %u at gate %u, and no guard is told", look->read.person,
                 look->gate);
    }
    any = any || candidates_list(look->read.plate, look->entry->time_us, look->event->captured_us);
    if (look->has_alert && !any) {
        sim_fail("alert", "an alert about person %u at gate %u, whom nobody lists",
                 look->read.person, look->gate);
    }
}

/* So many are told of one read as docs/watch-list.md says, and more are left out. */
static bool is_full(const struct look *look)
{
    enum { READ_MOST = 32 };
    unsigned count = 0;
    for (size_t i = 0; i < list_count(); i++) {
        const struct listed *listed = list_at(i);
        count += listed_is_read(listed, &look->read) &&
                 listed_acts(listed, look->entry->time_us, look->event->captured_us, false);
    }
    return count > READ_MOST;
}

/* Nothing that surely acts is passed by. */
static void check_lost(const struct look *look)
{
    bool full = is_full(look);
    for (size_t i = 0; i < list_count(); i++) {
        const struct listed *listed = list_at(i);
        if (listed_is_read(listed, &look->read) &&
            listed_acts(listed, look->entry->time_us, look->event->captured_us, true) &&
            !full && !was_hit(look, listed) &&
            !may_be_counted(listed, look->gate, look->read.lane, look->event->captured_us)) {
            sim_fail("I6", "person %u was read at gate %u, and entry %s was not hit",
                     look->read.person, look->gate, listed->id);
        }
    }
}

/* --- what became of the read --- */

/* Does one for review act, with this much to spare? */
static bool reviews(const struct look *look, bool surely)
{
    int64_t at = look->entry->time_us;
    for (size_t i = 0; i < list_count(); i++) {
        const struct listed *listed = list_at(i);
        if (!listed->review || !listed_is_read(listed, &look->read)) {
            continue;
        }
        bool long_since = listed->changed < at - LIST_TURN_US &&
                          listed_acts(listed, at - LIST_TURN_US, at - LIST_TURN_US, true);
        bool acts = surely ? long_since && listed_acts(listed, at, at, true)
                           : listed_acts(listed, at, at, false) ||
                                 listed_acts(listed, at - LIST_TURN_US, at, false);
        if (acts) {
            return true;
        }
    }
    return false;
}

static bool is_own_reason(uint32_t reason)
{
    return reason == REASON_HISTORY || reason == REASON_REPLAYED || reason == REASON_STALE_READ;
}

static void check_way_out(const struct look *look)
{
    const Parkgate__EventEntry *event = look->event;
    if (event->outcome != 0 && event->outcome != OUTCOME_GRANT + 1 &&
        !is_own_reason(event->reason)) {
        sim_fail("I7", "person %u was not let out at gate %u: reason %u", look->read.person,
                 look->gate, event->reason);
    }
    if (event->acted_outcome != 0 && event->acted_reason == REASON_GUARD_CHECK) {
        sim_fail("I7", "gate %u asked person %u to the guard on the way out", look->gate,
                 look->read.person);
    }
}

/* Whom nothing else keeps out is let in, listed or not: but for what stands at the lane itself. */
static void check_without_list(const struct look *look)
{
    const struct person *person =
        look->read.person < PEOPLE_MAX ? person_of(look->read.person) : NULL;
    uint32_t reason = look->event->reason;
    bool of_lane = is_own_reason(reason) || reason == REASON_REPEAT ||
                   reason == REASON_REPEAT_PASSED || reason == REASON_STORE_FULL ||
                   (reason == REASON_EMERGENCY_CLOSED && fires_count() > 0);
    if (person == NULL || person->unknown || person->ends < look->entry->time_us + HOUR ||
        roster_touched(look->read.person, look->gate) || of_lane) {
        return;
    }
    if (look->event->outcome == OUTCOME_DENY + 1) {
        sim_fail("I7",
                 "person %u was not let in at gate %u for reason %u, and would be without a list",
                 look->read.person, look->gate, reason);
    }
}

static void check_way_in(const struct look *look)
{
    const Parkgate__EventEntry *event = look->event;
    bool asked = event->outcome == OUTCOME_REVIEW + 1 || event->reason == REASON_GUARD_CHECK;
    if (asked && !reviews(look, false)) {
        sim_fail("I7", "person %u was asked to the guard at gate %u, and no list says so",
                 look->read.person, look->gate);
    }
    h.reviews += asked;
    check_without_list(look);
    if (event->outcome == OUTCOME_GRANT + 1 && reviews(look, true)) {
        sim_fail("I7", "person %u was let in at gate %u, who is to be asked to the guard",
                 look->read.person, look->gate);
    }
    bool gate_asked = event->outcome == 0 && event->acted_reason == REASON_GUARD_CHECK;
    if (gate_asked && !list_may_ask_at_gate(look->read.person, event->captured_us)) {
        sim_fail("I7", "gate %u, alone, asked person %u to the guard, and no list says so",
                 look->gate, look->read.person);
    }
}

/* --- gates that are alone --- */

/* What a gate's clock may be off by, and what is under way to it. */
#define GATE_CLOCK_US (15 * MINUTE)

bool list_asks_at_gate(unsigned person, uint64_t copy, int64_t at)
{
    for (size_t i = 0; i < list_count(); i++) {
        const struct listed *listed = list_at(i);
        bool stands = listed->state == LISTED_ACTS && listed->acts_from <= copy &&
                      !list_is_suspended(listed->authority) &&
                      list_decided_at(listed->authority) < at - 2 * HOUR;
        if (listed->review && stands && listed->matcher == WATCH_MATCHER_BADGE &&
            listed_names(listed, person) && listed->from + GATE_CLOCK_US < at &&
            listed->until - GATE_CLOCK_US > at && listed->renewals == 0) {
            return true;
        }
    }
    return false;
}

bool list_may_ask_at_gate(unsigned person, int64_t at)
{
    for (size_t i = 0; i < list_count(); i++) {
        const struct listed *listed = list_at(i);
        if (listed->review && listed->acts_from != 0 && listed_names(listed, person) &&
            listed->from - GATE_CLOCK_US < at && listed->until + GATE_CLOCK_US > at) {
            return true;
        }
    }
    return false;
}

/* --- entries of the journal --- */

static void unpack_hits(struct look *look)
{
    const ProtobufCBinaryData *field = &look->event->watch;
    if (field->len == 0) {
        return;
    }
    Parkgate__EventWatch *watch = parkgate__event_watch__unpack(NULL, field->len, field->data);
    MUST(watch != NULL && watch->n_hit <= FOUND_MAX);
    for (size_t i = 0; i < watch->n_hit; i++) {
        look->hits[look->count] =
            parkgate__watch_hit__unpack(NULL, watch->hit[i].len, watch->hit[i].data);
        MUST(look->hits[look->count++] != NULL);
    }
    look->has_alert = watch->alert.len > 0;
    for (size_t i = 0; i < watch->n_candidate; i++) {
        candidates_raised(look->entry, look->event, look->read.plate, &watch->candidate[i]);
    }
    alarms_packed(look->entry, &watch->alert);
    parkgate__event_watch__free_unpacked(watch, NULL);
}

void hits_event(const Parkgate__Entry *entry, const Parkgate__EventEntry *event)
{
    struct look look = {
        .entry = entry, .event = event, .gate = (unsigned)strtoul(event->gate + 1, NULL, 10)};
    if (event->kind != EVENT_PRESENTATION) {
        if (event->watch.len > 0) {
            sim_fail("I6", "an event of kind %u is a hit", event->kind);
        }
        return;
    }
    if (!truth_read(look.gate, event->epoch, event->event_sequence, &look.read)) {
        sim_fail("wire", "the journal has event %u-%llu of gate %u, which was never handed over",
                 event->epoch, (unsigned long long)event->event_sequence, look.gate);
    }
    unpack_hits(&look);
    for (size_t i = 0; i < look.count; i++) {
        check_hit(&look, i);
    }
    check_alert(&look);
    if (event->same_sequence == 0) { /* else it was known under another place, and looked at then */
        check_lost(&look);
        candidates_check_read(entry, event, look.read.plate);
    }
    if (event->direction == LANE_OUT) {
        check_way_out(&look);
    } else {
        check_way_in(&look);
    }
    for (size_t i = 0; i < look.count; i++) {
        parkgate__watch_hit__free_unpacked(look.hits[i], NULL);
    }
}

/* By itself: of a candidate that was confirmed. */
void hits_entry(const Parkgate__Entry *entry, const Parkgate__WatchHit *hit)
{
    struct listed *listed = list_by_handle(&hit->entry);
    if (listed == NULL || !listed_acts(listed, entry->time_us, hit->at_us, false) ||
        !candidates_confirmed(listed, hit->lane)) {
        sim_fail(
            "I6",
            "a candidate became a hit that nobody confirmed, or of an entry that does not act");
    }
    count_hit(listed, hit, (unsigned)strtoul(hit->gate + 1, NULL, 10),
              strstr(hit->lane, "-out") != NULL, entry->time_us);
}

const char *list_counts(void)
{
    static char text[500];
    (void)snprintf(
        text, sizeof(text),
        "%llu bundles taken, %llu refused, %zu entries listed, %llu hits, %llu reviews, %s, %s",
        (unsigned long long)stations_applied(), (unsigned long long)stations_refused(),
        list_count(), (unsigned long long)hits_count(), (unsigned long long)hits_reviews(),
        candidates_counts(), alarms_counts());
    return text;
}

/* Vehicles and cameras: at the first gates a lane for vehicles with a camera and no barrier, at
 * which plates come by that nobody registered; some are as listed, some are what a camera makes of
 * them. And the candidates that those become:
 *
 *   I6  a candidate is of an entry that acts, for a plate that looks like it, one a lane at a time;
 *       it is a hit once a guard confirmed it, and else it is gone, its key with it
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/facts/people_store.h"
#include "controller/store/person_keys.h"
#include "tests/sim/alarms.h"
#include "tests/sim/list.h"

enum { LISTED_PLATES = 6, ALIKE = LISTED_PLATES, CANDIDATES_MAX = 4096, LAPSE_S = 600 };

/* What is alike differs in 2 and Z; no other two are. The last is of those that nobody gets. */
static const char *const plates[PLATES] = {
    "浙A29R9R", "浙A29P9R", "浙A29J9R", "浙A26R9P", "浙A26P9P", "浙A26J9P", "浙AZ9R9R",
    "浙AZ9P9R", "浙AZ9J9R", "浙AZ6R9P", "浙AZ6P9P", "浙AZ6J9P", "浙A00000",
};

struct candidate {
    struct handle handle, lead;
    struct listed *listed;
    char lane[24];
    int64_t raised;
    bool open;
};

static struct {
    struct random chance;
    struct candidate items[CANDIDATES_MAX];
    size_t count;
    uint64_t confirmed, rejected, lapsed;
} v;

void plates_reset(void)
{
    v.chance.state = sim.plan.seed ^ UINT64_C(0x706c61746573);
    v.count = 0;
    v.confirmed = v.rejected = v.lapsed = 0;
}

const char *plate_text(unsigned plate)
{
    return plates[plate];
}

bool plate_is_test(unsigned plate)
{
    return plate == PLATES - 1;
}

unsigned plate_to_list(struct random *chance)
{
    unsigned plate = (unsigned)random_below(chance, LISTED_PLATES + 1);
    return plate == LISTED_PLATES ? PLATES - 1 : plate;
}

unsigned plate_of(const uint8_t *text, size_t size)
{
    for (unsigned i = 0; i < PLATES; i++) {
        if (strlen(plates[i]) == size && memcmp(plates[i], text, size) == 0) {
            return i;
        }
    }
    return PLATES;
}

static bool is_like(const struct listed *listed, unsigned plate)
{
    return listed->matcher == WATCH_MATCHER_PLATE && plate >= ALIKE && plate < 2 * ALIKE &&
           listed->target == plate - ALIKE;
}

/* --- cameras --- */

static void pass(void *ctx, uint64_t gate, uint64_t b)
{
    (void)ctx;
    (void)b;
    if (sim.healing) {
        return;
    }
    gate_show_plate((unsigned)gate, (unsigned)random_below(&v.chance, PLATES));
    int64_t most = sim.plan.rush ? 5 * MINUTE : 90 * MINUTE;
    sim_after(random_between(&v.chance, 5 * SECOND, most), pass, NULL, gate, 0);
}

void plates_begin(void)
{
    for (unsigned i = 0; i < PLATE_GATES && i < sim.plan.gates; i++) {
        sim_after(random_between(&v.chance, MINUTE, 5 * MINUTE), pass, NULL, i, 0);
    }
}

/* --- candidates --- */

static struct candidate *open_one(const struct listed *listed, const char *lane)
{
    for (size_t i = 0; i < v.count; i++) {
        if (v.items[i].open && v.items[i].listed == listed && strcmp(v.items[i].lane, lane) == 0) {
            return &v.items[i];
        }
    }
    return NULL;
}

static struct candidate *candidate_of(const ProtobufCBinaryData *handle)
{
    for (size_t i = 0; i < v.count; i++) {
        if (handle_equal(v.items[i].handle, people_handle(handle))) {
            return &v.items[i];
        }
    }
    sim_fail("I6", "a candidate was decided, which nobody raised");
}

static void note_candidate(const Parkgate__Entry *entry, const Parkgate__EventEntry *event,
                           const Parkgate__Candidate *from, struct listed *listed)
{
    MUST(v.count < CANDIDATES_MAX);
    struct candidate *candidate = &v.items[v.count++];
    *candidate = (struct candidate){.handle = people_handle(&from->candidate),
                                    .lead = people_handle(&from->lead),
                                    .listed = listed,
                                    .raised = entry->time_us,
                                    .open = true};
    (void)snprintf(candidate->lane, sizeof(candidate->lane), "%s", event->lane);
    sim_note("candidate", v.count, entry->sequence);
}

void candidates_raised(const Parkgate__Entry *entry, const Parkgate__EventEntry *event,
                       unsigned plate, const ProtobufCBinaryData *packed)
{
    Parkgate__Candidate *from = parkgate__candidate__unpack(NULL, packed->len, packed->data);
    MUST(from != NULL);
    Parkgate__WatchHit *hit = parkgate__watch_hit__unpack(NULL, from->hit.len, from->hit.data);
    MUST(hit != NULL);
    struct listed *listed = list_by_handle(&hit->entry);
    if (listed == NULL || !is_like(listed, plate) ||
        !listed_acts(listed, entry->time_us, event->captured_us, false)) {
        sim_fail("I6", "a candidate of an entry that does not act, or is not like plate %u", plate);
    }
    if (open_one(listed, event->lane) != NULL || from->raised_us != entry->time_us ||
        hit->how != WATCH_HOW_ALIKE) {
        sim_fail("I6", "a second candidate of entry %s at %s", listed->id, event->lane);
    }
    note_candidate(entry, event, from, listed);
    parkgate__watch_hit__free_unpacked(hit, NULL);
    parkgate__candidate__free_unpacked(from, NULL);
}

void candidates_check_read(const Parkgate__Entry *entry, const Parkgate__EventEntry *event,
                           unsigned plate)
{
    for (size_t i = 0; i < list_count(); i++) {
        const struct listed *listed = list_at(i);
        if (is_like(listed, plate) &&
            listed_acts(listed, entry->time_us, event->captured_us, true) &&
            open_one(listed, event->lane) == NULL) {
            sim_fail("I6", "plate %u was read at %s, and is no candidate of entry %s", plate,
                     event->lane, listed->id);
        }
    }
}

bool candidates_list(unsigned plate, int64_t at, int64_t captured)
{
    for (size_t i = 0; i < list_count(); i++) {
        if (is_like(list_at(i), plate) && listed_acts(list_at(i), at, captured, false)) {
            return true;
        }
    }
    return false;
}

/* A guard said so of its alert. */
static bool was_said(const struct candidate *candidate, uint32_t decision)
{
    for (size_t i = 0; i < alarms_count(); i++) {
        const struct alarm *alarm = alarm_at(i);
        if (alarm->candidate && alarm->decision == decision &&
            handle_equal(alarm->subject, candidate->lead)) {
            return true;
        }
    }
    return false;
}

bool candidates_confirmed(const struct listed *listed, const char *lane)
{
    const struct candidate *candidate = open_one(listed, lane);
    return candidate != NULL && was_said(candidate, ALERT_IS_TRUE);
}

static void check_key_gone(const struct candidate *candidate)
{
    struct seal_key key;
    struct store_txn *txn = NULL;
    MUST(store_begin_read(controller_keys(), &txn, NULL) == ERR_OK);
    if (candidate_key_get(txn, candidate->handle, &key, NULL) != ERR_NOT_FOUND) {
        sim_fail("I6", "a candidate of entry %s is over, and its key is there",
                 candidate->listed->id);
    }
    store_txn_destroy(&txn);
}

void candidates_entry(const Parkgate__Entry *entry, const Parkgate__Candidate *from)
{
    struct candidate *candidate = candidate_of(&from->candidate);
    bool is_over = entry->time_us >= candidate->raised + LAPSE_S * SECOND;
    bool right = from->step == CANDIDATE_CONFIRMED ? was_said(candidate, ALERT_IS_TRUE)
                 : from->step == CANDIDATE_REJECTED
                     ? was_said(candidate, ALERT_IS_FALSE)
                     /* ... or what stands under the same alert is */
                     : is_over || was_said(candidate, ALERT_HAS_LAPSED);
    if (!candidate->open || !right) {
        sim_fail("I6", "a candidate of entry %s came to its end %u, and nobody said so",
                 candidate->listed->id, from->step);
    }
    candidate->open = false;
    v.confirmed += from->step == CANDIDATE_CONFIRMED;
    v.rejected += from->step == CANDIDATE_REJECTED;
    v.lapsed += from->step == CANDIDATE_LAPSED;
    check_key_gone(candidate);
}

void candidates_end(void)
{
    int64_t now = machine_wall(controller_machine()).us;
    for (size_t i = 0; i < v.count; i++) {
        if (v.items[i].open && v.items[i].raised + (LAPSE_S + 10) * SECOND < now) {
            sim_fail("I6", "a candidate of entry %s did not lapse", v.items[i].listed->id);
        }
    }
}

const char *candidates_counts(void)
{
    static char text[120];
    (void)snprintf(text, sizeof(text), "%zu candidates, %llu confirmed, %llu rejected, %llu lapsed",
                   v.count, (unsigned long long)v.confirmed, (unsigned long long)v.rejected,
                   (unsigned long long)v.lapsed);
    return text;
}

/* What the stations sign: new entries, renewals and withdrawals; now and then a bundle that must
 * not be taken. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/access/credential.h"
#include "common/access/idnumber.h"
#include "tests/sim/station.h"

enum {
    CHANGES_MAX = 6,
    BULK = 450, /* more than two chunks of changes */
    SPOILT_PER_MILLE = 250,
    REVIEW_PER_MILLE = 250,
    PLATE_PER_MILLE = 250,
    SOME = 3,
};

static struct {
    struct random chance;
    uint64_t cases;
} made;

void bundles_reset(void)
{
    made.chance.state = sim.plan.seed ^ UINT64_C(0x62756e646c65);
    made.cases = 0;
}

struct making {
    struct watch_maker maker;
    struct wall made;
    struct said_bundle said;
    struct listed_change changes[BULK];
};

static void put(struct making *making, const struct watch_change *change, unsigned listed)
{
    struct complaint c = {0};
    MUST(watch_maker_add(&making->maker, change, &c));
    making->changes[making->said.change_count++] = (struct listed_change){
        .kind = change->kind, .listed = listed, .until = change->entry.end.us};
}

/* No two under one case: how often a case may be renewed is shown elsewhere. */
static void fill_words(struct watch_entry *entry, const char *id)
{
    (void)snprintf(entry->id, sizeof(entry->id), "%s", id);
    (void)snprintf(entry->applicant, sizeof(entry->applicant), "Wang Bo 330100");
    (void)snprintf(entry->case_number, sizeof(entry->case_number), "A330100-2026-%llu",
                   (unsigned long long)++made.cases);
    (void)snprintf(entry->legal_basis, sizeof(entry->legal_basis),
                   "Criminal Procedure Law art. 155");
    (void)snprintf(entry->contact, sizeof(entry->contact), "duty desk 0571-110");
}

static void fill_match(const struct station *station, const struct listed *listed,
                       struct watch_entry *entry)
{
    char text[20];
    struct bytes match = {0};
    struct credential credential;
    struct idnumber number;
    struct seal_hash hash;
    if (listed->matcher == WATCH_MATCHER_PLATE) {
        match = bytes_of_text(plate_text(listed->target));
    } else if (listed->matcher == WATCH_MATCHER_BADGE) {
        person_uid(listed->target, text);
        MUST(credential_from_uid_text(bytes_of_text(text), &credential));
        match = credential_view(&credential);
    } else {
        person_id(listed->target, text);
        MUST(idnumber_read(bytes_of_text(text), &number) == IDNUMBER_OK);
        hash = watch_identity_of(&station->matching, &number);
        match = BYTES_OF(hash.bytes);
    }
    entry->match_size = (uint8_t)match.size;
    memcpy(entry->match, match.data, match.size);
}

static void draw_plate(struct listed *listed, struct watch_entry *entry)
{
    listed->target = plate_to_list(&made.chance);
    listed->matcher = WATCH_MATCHER_PLATE;
    entry->category = WATCH_CATEGORY_STOLEN_VEHICLE;
}

static void put_new(const struct station *station, struct making *making)
{
    struct watch_change change = {.kind = WATCH_CHANGE_ADD};
    struct watch_entry *entry = &change.entry;
    struct listed *listed = list_new(station->number);
    /* Some of them are never listed. */
    listed->target = SOME * (unsigned)random_below(&made.chance, people_count() / SOME + 1);
    listed->target = listed->target < people_count() ? listed->target : 0;
    bool identity = person_has_id(listed->target) && random_chance(&made.chance, 500);
    listed->matcher = identity ? WATCH_MATCHER_IDENTITY : WATCH_MATCHER_BADGE;
    entry->category = WATCH_CATEGORY_WARRANT;
    if (random_chance(&made.chance, PLATE_PER_MILLE)) {
        draw_plate(listed, entry);
    }
    listed->review = random_chance(&made.chance, REVIEW_PER_MILLE);
    listed->from = making->made.us + random_between(&made.chance, -10 * MINUTE, 15 * MINUTE);
    listed->until =
        listed->from + random_between(&made.chance, 12 * MINUTE, (sim.plan.rush ? 3 : 20) * HOUR);
    entry->matcher = listed->matcher;
    entry->begin.us = listed->from;
    entry->end.us = listed->until;
    entry->action = listed->review ? WATCH_ACTION_REVIEW : WATCH_ACTION_NOTIFY;
    entry->instruction = WATCH_INSTRUCTION_OBSERVE;
    fill_words(entry, listed->id);
    fill_match(station, listed, entry);
    put(making, &change, (unsigned)(list_count() - 1));
}

/* An entry that stands, to be changed; LISTED_MAX: there is none. */
static size_t one_that_stands(const struct station *station, const struct making *making)
{
    for (size_t tries = 0; tries < 20 && list_count() > 0; tries++) {
        size_t number = (size_t)random_below(&made.chance, list_count());
        const struct listed *listed = list_at(number);
        bool is_new = true;
        for (size_t i = 0; i < making->said.change_count; i++) {
            is_new = is_new && making->changes[i].listed != number;
        }
        bool stands = listed->state == LISTED_ACTS || listed->state == LISTED_WAITS;
        if (is_new && stands && listed->authority == station->number &&
            listed->renewed_until == 0 && listed->until > sim.now + 2 * MINUTE) {
            return number;
        }
    }
    return LISTED_MAX;
}

static void put_change(const struct station *station, struct making *making)
{
    size_t number = one_that_stands(station, making);
    if (number == LISTED_MAX || random_chance(&made.chance, 500)) {
        put_new(station, making);
        return;
    }
    const struct listed *listed = list_at(number);
    bool renews = listed->state == LISTED_ACTS && random_chance(&made.chance, 500);
    struct watch_change change = {.kind = renews ? WATCH_CHANGE_RENEW : WATCH_CHANGE_WITHDRAW};
    if (renews) {
        fill_words(&change.entry, listed->id);
        change.entry.end.us = listed->until + random_between(&made.chance, MINUTE, 2 * HOUR);
    } else {
        (void)snprintf(change.entry.id, sizeof(change.entry.id), "%s", listed->id);
    }
    put(making, &change, (unsigned)number);
}

/* --- a bundle --- */

static int compare_changes(const void *a, const void *b)
{
    const struct listed_change *x = a;
    const struct listed_change *y = b;
    return x->listed < y->listed ? -1 : x->listed > y->listed; /* ids rise with the number */
}

static void spoil(struct station *station, struct watch_plan *plan)
{
    switch (station->spoiling) {
    case OLD:
        plan->number = station->applied;
        break;
    case AHEAD:
        plan->number++;
        plan->previous = station->previous;
        break;
    case OTHER_BASE:
        plan->previous.bytes[0] ^= 1;
        break;
    case STALE:
        plan->made.us -= 8 * 24 * HOUR;
        break;
    case OTHER_PARK:
        (void)snprintf(plan->park.text, sizeof(plan->park.text), "elsewhere");
        break;
    default:
        break;
    }
}

static void spoil_made(struct station *station)
{
    struct watch_bundle *bundle = &station->bundle;
    if (station->spoiling == TAMPERED) {
        uint8_t *chunk = (uint8_t *)(uintptr_t)bundle->chunks[bundle->chunk_count - 1].data;
        chunk[bundle->chunks[bundle->chunk_count - 1].size / 2] ^= 0x20;
    } else if (station->spoiling == UNSIGNED) {
        memset(&bundle->signature, 0, sizeof(bundle->signature));
    }
}

void bundle_make(struct station *station)
{
    struct making *making = calloc(1, sizeof(*making));
    struct complaint c = {0};
    MUST(making != NULL);
    bool spoilt = random_chance(&made.chance, SPOILT_PER_MILLE) && station->applied > 0;
    station->spoiling =
        spoilt ? (enum spoiling)random_between(&made.chance, 1, SPOILINGS - 1) : WHOLE;
    making->made.us = sim.now - random_between(&made.chance, 0, 20 * MINUTE);
    struct watch_plan plan = {.authority = name_or_none(list_authority_name(station->number)),
                              .park = station->park,
                              .number = station->applied + 1,
                              .previous = station->previous,
                              .made = making->made};
    spoil(station, &plan);
    making->made = plan.made;
    uint64_t count = (uint64_t)random_between(&made.chance, spoilt ? 1 : 0, CHANGES_MAX);
    for (uint64_t i = 0; i < count; i++) {
        if (spoilt) {
            put_new(station, making);
        } else {
            put_change(station, making);
        }
    }
    const struct sign_key *key = station->spoiling == FOREIGN ? &station->foreign : &station->sign;
    watch_bundle_destroy(&station->bundle);
    if (!watch_make(&making->maker, &plan, key, &station->bundle, &c)) {
        char why[512];
        error_sentence_en(&c, why, sizeof(why));
        sim_fail("station", "a bundle cannot be made: %s", why);
    }
    spoil_made(station);
    qsort(making->changes, making->said.change_count, sizeof(making->changes[0]), compare_changes);
    making->said.authority = station->number;
    making->said.number = station->bundle_number = plan.number;
    making->said.digest = seal_hash_of(station->bundle.manifest);
    making->said.good_manifest = station->spoiling == WHOLE || station->spoiling == TAMPERED;
    making->said.whole = station->spoiling == WHOLE;
    making->said.changes = calloc(BULK, sizeof(making->changes[0]));
    MUST(making->said.changes != NULL);
    memcpy(making->said.changes, making->changes, sizeof(making->changes));
    station->said = list_says(&making->said);
    station->pushing = true;
    watch_maker_destroy(&making->maker);
    free(making);
    sim_note("bundle made", station->bundle_number, (uint64_t)station->spoiling);
}

#include "tests/sim/list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/facts/field.h"
#include "controller/journal/journal.h"
#include "schema/kinds.h"
#include "tests/sim/alarms.h"

/* What an admin asked for last, and what came of it. */
struct authority {
    bool suspended, asked, asked_claimed, looked_all;
    int64_t changed; /* suspended or resumed */
    uint64_t number, open;
    size_t open_said; /* of what was begun */
    uint64_t claimed; /* the newest that an answer says is applied */
};

static struct {
    struct listed *entries[LISTED_MAX];
    size_t count;
    struct said_bundle *said;
    size_t said_count, said_room;
    struct authority authorities[AUTHORITIES];
    uint64_t seen; /* of the journal */
    int64_t time;  /* of its newest entry */
} l;

static const char *const names[AUTHORITIES] = {"hz-police", "hz-court"};

void list_reset(void)
{
    for (size_t i = 0; i < l.count; i++) {
        free(l.entries[i]);
    }
    for (size_t i = 0; i < l.said_count; i++) {
        free(l.said[i].changes);
    }
    free(l.said);
    memset(&l, 0, sizeof(l));
}

const char *list_authority_name(unsigned authority)
{
    return names[authority];
}

unsigned list_authority_of(const char *name)
{
    for (unsigned i = 0; i < AUTHORITIES; i++) {
        if (strcmp(names[i], name) == 0) {
            return i;
        }
    }
    sim_fail("I6", "the journal tells of the authority %s, which nobody made", name);
}

/* --- what stations say --- */

struct listed *list_new(unsigned authority)
{
    MUST(l.count < LISTED_MAX);
    struct listed *listed = calloc(1, sizeof(*listed));
    MUST(listed != NULL);
    listed->authority = authority;
    (void)snprintf(listed->id, sizeof(listed->id), "e%06zu", l.count);
    l.entries[l.count++] = listed;
    return listed;
}

size_t list_count(void)
{
    return l.count;
}

struct listed *list_at(size_t number)
{
    MUST(number < l.count);
    return l.entries[number];
}

size_t list_says(const struct said_bundle *bundle)
{
    if (l.said_count == l.said_room) {
        l.said_room = l.said_room == 0 ? 64 : 2 * l.said_room;
        l.said = realloc(l.said, l.said_room * sizeof(l.said[0]));
        MUST(l.said != NULL);
    }
    l.said[l.said_count] = *bundle;
    return l.said_count++;
}

const struct said_bundle *list_said(size_t place)
{
    MUST(place < l.said_count);
    return &l.said[place];
}

/* Do so many entries of this authority name the same target, or did a moment ago, as
 * docs/watch-list.md allows? Those of its own bundle count. */
static bool is_named_often(const struct said_bundle *said, const struct listed *listed)
{
    enum { TARGET_MOST = 16, LATE_US = 5 * MINUTE };
    unsigned count = 0;
    for (size_t i = 0; i < l.count; i++) {
        const struct listed *other = l.entries[i];
        bool lives = other->state == LISTED_WAITS || other->state == LISTED_ACTS ||
                     (other->state == LISTED_OVER && other->changed + LATE_US > sim.now);
        for (size_t k = 0; !lives && k < said->change_count; k++) {
            lives = said->changes[k].listed == i;
        }
        count += lives && other != listed && other->authority == listed->authority &&
                 other->matcher == listed->matcher && other->target == listed->target &&
                 other->until + LATE_US > sim.now;
    }
    return count >= TARGET_MOST;
}

bool list_may_refuse(size_t place)
{
    const struct said_bundle *said = list_said(place);
    for (size_t i = 0; i < said->change_count; i++) {
        const struct listed *listed = l.entries[said->changes[i].listed];
        bool lives = listed->state == LISTED_WAITS || listed->state == LISTED_ACTS;
        if (said->changes[i].kind != WATCH_CHANGE_ADD &&
            (!lives || listed->until <= sim.now + MINUTE || listed->renewed_until != 0)) {
            return true;
        }
        if (said->changes[i].kind == WATCH_CHANGE_ADD && is_named_often(said, listed)) {
            return true;
        }
    }
    return false;
}

uint64_t list_number(unsigned authority)
{
    return l.authorities[authority].number;
}

bool list_is_suspended(unsigned authority)
{
    return l.authorities[authority].suspended;
}

int64_t list_decided_at(unsigned authority)
{
    return l.authorities[authority].changed;
}

void list_asks_suspended(unsigned authority, bool suspended)
{
    l.authorities[authority].asked = suspended;
    l.authorities[authority].asked_claimed = false;
}

void list_claims_applied(unsigned authority, uint64_t number)
{
    struct authority *of = &l.authorities[authority];
    of->claimed = number > of->claimed ? number : of->claimed;
}

void list_claims_asked(unsigned authority)
{
    l.authorities[authority].asked_claimed = true;
}

/* --- does it act? --- */

bool listed_acts(const struct listed *listed, int64_t at, int64_t captured, bool surely)
{
    const struct authority *of = &l.authorities[listed->authority];
    bool is_late = at - captured >= LIST_LATE_US;
    if (listed->state != LISTED_ACTS || of->suspended || at < listed->from || at >= listed->until) {
        return false;
    }
    if (is_late && (captured < listed->from || captured >= listed->until)) {
        return false;
    }
    if (!surely) {
        return !is_late || captured >= listed->staged;
    }
    return (!is_late || captured >= listed->since) &&
           (listed->matcher != WATCH_MATCHER_IDENTITY || of->looked_all);
}

bool listed_names(const struct listed *listed, unsigned person)
{
    if (person >= PEOPLE_MAX || listed->target != person) {
        return false;
    }
    return listed->matcher == WATCH_MATCHER_BADGE ||
           (listed->matcher == WATCH_MATCHER_IDENTITY && person_has_id(person));
}

bool listed_is_read(const struct listed *listed, const struct truth_read *read)
{
    return listed->matcher == WATCH_MATCHER_PLATE
               ? read->plate < PLATES && listed->target == read->plate
               : listed_names(listed, read->person);
}

struct listed *list_by_handle(const ProtobufCBinaryData *handle)
{
    for (size_t i = 0; i < l.count; i++) {
        struct listed *listed = l.entries[i];
        if (listed->has_handle && bytes_equal(field_view(handle), BYTES_OF(listed->handle.bytes))) {
            return listed;
        }
    }
    return NULL;
}

/* --- the journal --- */

static void see_authority(const Parkgate__Entry *entry, const void *body)
{
    const Parkgate__AuthorityRecord *record = body;
    struct authority *of = &l.authorities[list_authority_of(record->name)];
    if (record->suspended != of->suspended) {
        if (record->suspended != of->asked) {
            sim_fail("I6", "%s was %s, and nobody asked for it", record->name,
                     record->suspended ? "suspended" : "resumed");
        }
        of->suspended = record->suspended;
        of->changed = entry->time_us;
        sim_note(of->suspended ? "suspended" : "resumed", list_authority_of(record->name),
                 entry->sequence);
    }
}

static void see_begin(const Parkgate__Entry *entry, const void *body)
{
    const Parkgate__WatchBundle *bundle = body;
    unsigned authority = list_authority_of(bundle->authority);
    struct authority *of = &l.authorities[authority];
    (void)entry;
    for (size_t i = l.said_count; i-- > 0;) {
        const struct said_bundle *said = &l.said[i];
        if (!bytes_equal(field_view(&bundle->digest), BYTES_OF(said->digest.bytes))) {
            continue;
        }
        if (!said->good_manifest || said->authority != authority || of->suspended ||
            bundle->number != of->number + 1) {
            break;
        }
        of->open = bundle->number;
        of->open_said = i;
        return;
    }
    sim_fail("I6", "bundle %llu of %s was begun, and is none that may be",
             (unsigned long long)bundle->number, bundle->authority);
}

static void learn_handle(const struct said_bundle *said, size_t change,
                         const Parkgate__Entry *entry, const ProtobufCBinaryData *packed)
{
    Parkgate__WatchRecord *record = parkgate__watch_record__unpack(NULL, packed->len, packed->data);
    MUST(record != NULL);
    if (change >= said->change_count) {
        sim_fail("I6", "a bundle of %s has more changes than were signed", record->authority);
    }
    struct listed *listed = l.entries[said->changes[change].listed];
    bool same = listed->has_handle &&
                bytes_equal(field_view(&record->entry), BYTES_OF(listed->handle.bytes));
    if (said->changes[change].kind == WATCH_CHANGE_ADD) {
        MUST(record->entry.len == sizeof(listed->handle.bytes));
        memcpy(listed->handle.bytes, record->entry.data, sizeof(listed->handle.bytes));
        listed->has_handle = true;
        listed->staged = entry->time_us;
    } else if (!same) {
        sim_fail("I6", "change %zu of a bundle of %s is of another entry than it says", change + 1,
                 record->authority);
    }
    parkgate__watch_record__free_unpacked(record, NULL);
}

static void see_slice(const Parkgate__Entry *entry, const void *body)
{
    const Parkgate__WatchSlice *slice = body;
    const struct authority *of = &l.authorities[list_authority_of(slice->authority)];
    if (of->open != slice->number) {
        sim_fail("I6", "a chunk of bundle %llu of %s, which is not open",
                 (unsigned long long)slice->number, slice->authority);
    }
    for (size_t i = 0; i < slice->n_record; i++) {
        learn_handle(&l.said[of->open_said], slice->first - 1 + i, entry, &slice->record[i]);
    }
}

static void set_state(struct listed *listed, enum listed_state state, const Parkgate__Entry *entry)
{
    listed->state = state;
    listed->changed = entry->time_us;
    if (state == LISTED_ACTS) {
        listed->acts_from = entry->sequence;
        listed->since = entry->time_us;
    } else if (state == LISTED_OVER && listed->acts_from != 0) {
        listed->acts_end = entry->sequence;
    }
    sim_note("listed", (uint64_t)state, entry->sequence);
}

static void apply(const struct listed_change *change, const Parkgate__Entry *entry)
{
    struct listed *listed = l.entries[change->listed];
    bool person = listed->matcher != WATCH_MATCHER_PLATE;
    switch (change->kind) {
    case WATCH_CHANGE_ADD:
        set_state(listed, person ? LISTED_WAITS : LISTED_ACTS, entry);
        break;
    case WATCH_CHANGE_RENEW:
        listed->changed = entry->time_us;
        if (person) {
            listed->renewed_until = change->until;
            listed->asked_yes = listed->asked_no = false;
        } else {
            listed->until = change->until;
            listed->renewals++;
        }
        break;
    default:
        set_state(listed, LISTED_OVER, entry);
        listed->renewed_until = 0;
        break;
    }
}

static void see_close(const Parkgate__Entry *entry, const void *body)
{
    const Parkgate__WatchClose *close = body;
    struct authority *of = &l.authorities[list_authority_of(close->authority)];
    if (of->open != close->number) {
        sim_fail("I6", "bundle %llu of %s was closed, which is not open",
                 (unsigned long long)close->number, close->authority);
    }
    of->open = 0;
    if (close->cancelled) {
        return;
    }
    const struct said_bundle *said = &l.said[of->open_said];
    if (!said->whole || of->suspended) {
        sim_fail("I6", "bundle %llu of %s was taken, and must not be",
                 (unsigned long long)close->number, close->authority);
    }
    of->number = close->number;
    sim_note("bundle applied", close->number, entry->sequence);
    for (size_t i = 0; i < said->change_count; i++) {
        apply(&said->changes[i], entry);
    }
}

static void see_officer(const Parkgate__Entry *entry, const Parkgate__WatchStep *step)
{
    struct listed *listed = list_by_handle(&step->entry);
    bool yes = step->step == WATCH_COUNTERSIGNED;
    if (listed == NULL || !(yes ? listed->asked_yes : listed->asked_no)) {
        sim_fail("I6", "an entry was %s, and no officer asked for it",
                 yes ? "countersigned" : "refused");
    }
    bool waits = listed->state == LISTED_WAITS;
    if (!waits && listed->renewed_until == 0) {
        sim_fail("I6", "entry %s was %s, and waits for nobody", listed->id,
                 yes ? "countersigned" : "refused");
    }
    if (waits) {
        set_state(listed, yes ? LISTED_ACTS : LISTED_OVER, entry);
    }
    if (yes && listed->renewed_until != 0) {
        listed->until = listed->renewed_until;
        listed->renewals++;
    }
    listed->renewed_until = 0;
    listed->changed = entry->time_us;
    listed->asked_yes = listed->asked_no = false;
}

/* What is swept away had its end behind it. */
static void see_swept(const Parkgate__Entry *entry, const Parkgate__WatchStep *step)
{
    for (size_t i = 0; i < step->n_handle; i++) {
        struct listed *listed = list_by_handle(&step->handle[i]);
        bool was_applied = listed != NULL && listed->state != LISTED_SAID;
        if (was_applied && listed->state != LISTED_OVER && listed->until > entry->time_us) {
            sim_fail("I6", "entry %s was put away %.0f s before its end", listed->id,
                     (double)(listed->until - entry->time_us) / 1e6);
        }
    }
}

static void see_step(const Parkgate__Entry *entry, const void *body)
{
    const Parkgate__WatchStep *step = body;
    switch (step->step) {
    case WATCH_COUNTERSIGNED:
    case WATCH_REFUSED:
        see_officer(entry, step);
        break;
    case WATCH_LAPSED:
    case WATCH_ENDED:
        see_swept(entry, step);
        break;
    case WATCH_LOOKED:
        l.authorities[list_authority_of(step->authority)].looked_all = step->all;
        break;
    default:
        break;
    }
}

static void see_event(const Parkgate__Entry *entry, const void *body)
{
    hits_event(entry, body);
}

static void see_hit(const Parkgate__Entry *entry, const void *body)
{
    hits_entry(entry, body);
}

static void see_candidate(const Parkgate__Entry *entry, const void *body)
{
    candidates_entry(entry, body);
}

static void see_alert(const Parkgate__Entry *entry, const void *body)
{
    alarms_entry(entry, body);
}

static void see_fault(const Parkgate__Entry *entry, const void *body)
{
    const Parkgate__FaultRecord *record = body;
    alarms_packed(entry, &record->alert);
}

static const struct {
    uint32_t kind;
    const ProtobufCMessageDescriptor *descriptor;
    void (*see)(const Parkgate__Entry *entry, const void *body);
} kinds[] = {
    {ENTRY_EVENT,           &parkgate__event_entry__descriptor,      see_event    },
    {ENTRY_AUTHORITY,       &parkgate__authority_record__descriptor, see_authority},
    {ENTRY_WATCH_BEGIN,     &parkgate__watch_bundle__descriptor,     see_begin    },
    {ENTRY_WATCH_SLICE,     &parkgate__watch_slice__descriptor,      see_slice    },
    {ENTRY_WATCH_CLOSE,     &parkgate__watch_close__descriptor,      see_close    },
    {ENTRY_WATCH_STEP,      &parkgate__watch_step__descriptor,       see_step     },
    {ENTRY_ALERT,           &parkgate__alert_entry__descriptor,      see_alert    },
    {ENTRY_FAULT,           &parkgate__fault_record__descriptor,     see_fault    },
    {ENTRY_WATCH_CANDIDATE, &parkgate__candidate__descriptor,        see_candidate},
    {ENTRY_WATCH_HIT,       &parkgate__watch_hit__descriptor,        see_hit      },
};

static void see(const Parkgate__Entry *entry)
{
    if (entry->time_us < l.time || entry->time_us > machine_wall(controller_machine()).us) {
        sim_fail("I12", "entry %llu of the journal is of a time at which it was not written",
                 (unsigned long long)entry->sequence);
    }
    l.time = entry->time_us;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (kinds[i].kind == entry->kind) {
            ProtobufCMessage *body = protobuf_c_message_unpack(kinds[i].descriptor, NULL,
                                                               entry->body.len, entry->body.data);
            MUST(body != NULL);
            kinds[i].see(entry, body);
            protobuf_c_message_free_unpacked(body, NULL);
        }
    }
}

static void check_claims(void)
{
    alarms_check_claims();
    for (unsigned i = 0; i < AUTHORITIES; i++) {
        if (l.authorities[i].asked_claimed &&
            l.authorities[i].suspended != l.authorities[i].asked) {
            sim_fail("I6", "%s is said to be %s, and the journal has nothing of it", names[i],
                     l.authorities[i].asked ? "suspended" : "resumed");
        }
        if (l.authorities[i].claimed > l.authorities[i].number) {
            sim_fail("I6", "bundle %llu of %s is said to be applied, and its journal has it not",
                     (unsigned long long)l.authorities[i].claimed, names[i]);
        }
    }
}

void list_look(void)
{
    struct store_txn *txn = NULL;
    uint64_t head = controller_head().sequence;
    if (head < l.seen) {
        sim_fail("I1", "the journal is shorter than it was");
    }
    if (head == l.seen) {
        check_claims();
        return;
    }
    MUST(store_begin_read(controller_store(), &txn, NULL) == ERR_OK);
    while (l.seen < head) {
        struct bytes packed;
        struct seal_hash hash;
        MUST(journal_read(txn, ++l.seen, &packed, &hash, NULL) == ERR_OK);
        Parkgate__Entry *entry = parkgate__entry__unpack(NULL, packed.size, packed.data);
        MUST(entry != NULL);
        see(entry);
        parkgate__entry__free_unpacked(entry, NULL);
    }
    store_txn_destroy(&txn);
    check_claims();
}

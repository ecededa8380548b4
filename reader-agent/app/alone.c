/* What the gate decides when nobody answers: the same facts and the same table as the controller's,
 * from its copy. Whoever it does not know for sure, it does not let in; nobody is kept from
 * leaving. */
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "common/facts/event_outcome.h"
#include "common/facts/gather.h"
#include "common/facts/guard_check.h"
#include "common/facts/park_store.h"
#include "reader-agent/app/emergency.h"
#include "reader-agent/app/gate.h"
#include "reader-agent/store/lease_file.h"
#include "schema/errors.h"

/* --- the park that decisions read --- */

struct loading {
    struct park *park;
    bool broken;
};

/* Of other gates there are no readers and boards; of ours they are in gate_park.c. */
static enum err add_park_row(void *ctx, struct bytes packed, struct fault *fault)
{
    struct loading *loading = ctx;
    struct complaint c = {0};
    Parkgate__ParkRow *row = parkgate__park_row__unpack(NULL, packed.size, packed.data);
    (void)fault;
    if (row == NULL) {
        loading->broken = true;
        return ERR_OK;
    }
    if (row->kind != PARK_BOARD &&
        !park_add_row(loading->park, row->kind, row->name,
                      (struct bytes){.data = row->body.data, .size = row->body.len}, &c)) {
        char sentence[256];
        error_sentence_en(&c, sentence, sizeof(sentence));
        log_error("park_row_not_understood", LOG_TEXT("name", row->name),
                  LOG_TEXT("why", sentence));
        loading->broken = true;
    }
    parkgate__park_row__free_unpacked(row, NULL);
    return ERR_OK;
}

static bool zone_is_there(const struct park *park, struct name name)
{
    return name.text[0] == '\0' || park_zone(park, name) != NULL;
}

/* Is everything there that a rule asks for by name? A rule whose zone is missing would ask nothing.
 */
static bool is_whole(const struct park *park)
{
    bool whole = park->time_zone[0] != '\0' && park->zone_count > 0;
    for (size_t i = 0; i < park->zone_count; i++) {
        whole = whole && zone_is_there(park, park->zones[i].parent);
    }
    for (size_t i = 0; i < park->lane_count; i++) {
        const struct park_lane *lane = &park->lanes[i];
        whole = whole && zone_is_there(park, lane->zone) && zone_is_there(park, lane->outer_zone) &&
                (lane->interlock.text[0] == '\0' || park_lane(park, lane->interlock) != NULL);
    }
    return whole;
}

static void forget_park(struct gate *gate)
{
    free(gate->copy.park);
    free(gate->copy.tz);
    gate->copy.park = NULL;
    gate->copy.tz = NULL;
}

void copy_park_changed(struct gate *gate)
{
    struct fault fault = {0};
    struct loading loading = {.park = calloc(1, sizeof(*loading.park))};
    struct tz_table *tz = calloc(1, sizeof(*tz));
    MUST(loading.park != NULL && tz != NULL);
    own_events_drop(gate);
    forget_park(gate);
    enum err err = park_copy_walk(gate->store, add_park_row, &loading, &fault);
    park_finish(loading.park);
    bool whole = err == ERR_OK && !loading.broken && is_whole(loading.park);
    if (whole && tz_load(TZ_DIRECTORY, loading.park->time_zone, tz, &fault) == ERR_OK) {
        gate->copy.park = loading.park;
        gate->copy.tz = tz;
        gate->copy.park_version = agent_store_state(gate->store)->config_version;
        return;
    }
    if (agent_store_state(gate->store)->config_version != 0) {
        log_warning("park_not_whole", LOG_TEXT("why", fault.what),
                    LOG_TEXT("now", "alone this gate lets nobody in"));
    }
    free(loading.park);
    free(tz);
}

/* --- the copy as decisions see it --- */

static struct seal_hash credential_hash(const void *ctx, uint32_t kind, struct bytes canonical)
{
    return copy_hash_of(ctx, kind, canonical);
}

/* PINs are not copied: none fits. */
static struct seal_hash pin_hash(const void *ctx, struct handle holder, struct bytes digits)
{
    (void)ctx;
    (void)holder;
    (void)digits;
    return (struct seal_hash){{0}};
}

bool alone_look(struct gate *gate, struct facts_view *ret)
{
    const struct gate_copy *copy = &gate->copy;
    const struct copy_about *about = copy_store_about(copy->store);
    *ret = (struct facts_view){.txn = copy_store_own(copy->store),
                               .park = copy->park,
                               .tz = copy->tz,
                               .now = lease_wall(&copy->lease, gate_wall(gate)),
                               .credential_hash = credential_hash,
                               .pin_hash = pin_hash,
                               .ctx = about,
                               .has_presence = !about->counts_only,
                               .clock_unknown = !copy->lease.clock_known};
    return ret->txn != NULL && ret->park != NULL;
}

/* A copy of a newer park than ours would be read with rules that are not its own. */
static bool has_copy(const struct gate *gate)
{
    const struct gate_copy *copy = &gate->copy;
    const struct copy_about *about = copy_store_about(copy->store);
    return about->generation != 0 && !copy->coming.taking && copy->park != NULL &&
           copy->park_version >= about->config_version && copy->lease.now.fresh_ever;
}

/* --- the verdict --- */

static bool enters_risk(const struct park *park, const struct park_lane *lane)
{
    const struct park_zone *zones[PARK_ZONE_DEPTH_MAX];
    size_t count = park_zones_entered(park, lane, zones);
    bool risk = false;
    for (size_t i = 0; i < count; i++) {
        risk = risk || zones[i]->high_risk;
    }
    return risk;
}

/* Of what this gate did itself something is not known: who is inside, and how many, may be
 * anything.
 */
static void assume_the_worst(const struct park *park, const struct park_lane *lane,
                             struct facts *facts)
{
    const struct park_zone *zones[PARK_ZONE_DEPTH_MAX];
    size_t count = park_zones_entered(park, lane, zones);
    for (size_t i = 0; i < count; i++) {
        facts->crowd_admits = facts->crowd_admits && zones[i]->crowd == 0;
        facts->partner = zones[i]->two_person ? DEMAND_MISSING : facts->partner;
    }
    facts->zone_count = facts->zone_limit;
    facts->tenant_count = facts->tenant_limit;
    facts->passback = park->passback_count > 0 ? PASSBACK_INSIDE : facts->passback;
    facts->interlock_clear = facts->interlock_clear && lane->interlock.text[0] == '\0';
}

/* What only a gate alone must ask. */
static void add_own_facts(struct gate *gate, const struct facts_view *view,
                          const struct park_lane *lane, struct facts *facts)
{
    const struct gate_lane *ours = gate_park_lane(gate->park, lane->name);
    facts->lease = lease_state(&gate->copy.lease, view->park->lease_hours,
                               enters_risk(view->park, lane), lane->lease_over);
    facts->gate_clock_known = gate->copy.lease.clock_known;
    if (gate->copy.own.missed) {
        assume_the_worst(view->park, lane, facts);
    }
    if (emergency_at(gate, lane->name)) { /* a board's own fire is in no copy */
        facts->emergency = true;
        facts->emergency_admits = emergency_admits(gate);
    }
    if (ours == NULL || lane_mode_of(gate, ours) == LANE_MODE_LOCKED) {
        facts->mode = LANE_MODE_LOCKED;
    }
}

struct copy_stamp alone_stamp(struct gate *gate)
{
    lease_pass(&gate->copy.lease, gate_mono(gate), gate_wall(gate));
    if (!has_copy(gate)) {
        return (struct copy_stamp){0};
    }
    int64_t age_us = gate->copy.lease.now.spent_us;
    int64_t age_s = age_us / 1000000;
    return (struct copy_stamp){.offline = true,
                               .sequence = copy_store_about(gate->copy.store)->sequence,
                               .age_s = age_s > UINT32_MAX ? UINT32_MAX : (uint32_t)age_s};
}

/* Somebody waits at an entry: some turns' worth at once, so that a gate with a usual day's events
 * sends nobody away; the rest is left to the timer. */
static enum laid lay_for_entry(struct gate *gate)
{
    enum laid laid = LAID_SOME;
    for (int turn = 0; turn < OWN_EVENTS_ENTRY_TURNS && laid == LAID_SOME; turn++) {
        laid = own_events_lay(gate);
    }
    return laid;
}

static enum err find_facts(const struct facts_view *view, const Parkgate__Event *event,
                           const struct park_lane *lane, struct facts *ret_facts,
                           struct fault *fault)
{
    struct subject subject;
    struct watch_looked looked;
    enum lane_direction direction = event_direction(view->park, event, lane);
    TRY(gather_facts(view, event, lane, direction, ret_facts, &subject, fault));
    TRY(watch_look(view, event, &subject, &looked, fault));
    ret_facts->guard_check = guard_check_of(view, lane, direction, &subject, &looked);
    return ERR_OK;
}

bool alone_decide(struct gate *gate, const Parkgate__Event *event, struct verdict *ret_verdict,
                  struct copy_stamp *ret_stamp)
{
    struct facts_view view;
    struct facts facts;
    struct fault fault = {0};
    struct copy_stamp stamp = alone_stamp(gate);
    enum laid laid = stamp.offline ? lay_for_entry(gate) : LAID_NOTHING;
    if (laid == LAID_SOME) {
        *ret_verdict = (struct verdict){.outcome = OUTCOME_DENY, .reason = REASON_CATCHING_UP};
        *ret_stamp = stamp;
        return true;
    }
    if (laid == LAID_NOTHING || !alone_look(gate, &view)) {
        return false;
    }
    const struct park_lane *lane = park_lane(view.park, name_or_none(event->lane));
    if (lane == NULL) {
        return false;
    }
    if (find_facts(&view, event, lane, &facts, &fault) != ERR_OK) {
        copy_record_damaged(gate, fault.what);
        return false;
    }
    add_own_facts(gate, &view, lane, &facts);
    *ret_verdict = decide(&facts);
    *ret_stamp = stamp;
    gate->copy.alone++;
    return true;
}

/* --- lease and clock --- */

static void write_lease(struct gate *gate)
{
    struct fault fault = {0};
    gate->copy.lease_written = gate_mono(gate);
    if (lease_file_write(gate->dir, &gate->copy.lease.now, &fault) != ERR_OK) {
        log_warning("lease_not_written", LOG_TEXT("why", fault.what));
    }
}

uint32_t alone_lease_left_s(const struct gate *gate)
{
    uint32_t hours = gate->copy.park == NULL ? 0 : gate->copy.park->lease_hours;
    int64_t left_us = lease_left_us(&gate->copy.lease, lease_length_us(hours, false));
    return has_copy(gate) ? (uint32_t)(left_us / 1000000) : 0;
}

/* A clock that is far from the controller's is not trusted: it would judge who is valid. The answer
 * was given at some time since it was asked for, so that a slow link looks like a clock that is
 * ahead: what is ahead by less than it took says nothing. */
void alone_heard(struct gate *gate, int64_t controller_us, struct mono asked)
{
    const int64_t most_us = LIMIT_CLOCK_UNTRUSTED_MS * INT64_C(1000);
    struct gate_lease *lease = &gate->copy.lease;
    struct wall wall = gate_wall(gate);
    int64_t took_us = gate_mono(gate).us - asked.us;
    int64_t off_us = 0;
    bool known = lease->clock_known;
    bool absurd = __builtin_sub_overflow(wall.us, controller_us, &off_us);
    bool off = absurd || off_us < -most_us || off_us - took_us > most_us;
    if (!off && (off_us > most_us || off_us - took_us < -most_us)) {
        return;
    }
    if (off) {
        lease_distrust(lease, gate_mono(gate), wall, (struct wall){.us = controller_us});
    } else {
        lease_heard(lease, gate_mono(gate), wall);
    }
    if (known != lease->clock_known) {
        log_event("gate_clock", LOG_TEXT("known", off ? "no" : "yes"), LOG_NUM("off_us", off_us));
        write_lease(gate);
    }
}

void alone_renewed(struct gate *gate)
{
    struct gate_lease *lease = &gate->copy.lease;
    /* What is on the disk is older than it need be: a crash now would end a lease that holds. */
    bool stale = !lease->now.fresh_ever || lease->now.spent_us > LEASE_WRITE_MS * INT64_C(1000);
    lease_renew(lease, gate_mono(gate), gate_wall(gate));
    if (stale) {
        write_lease(gate);
    }
}

void alone_clock_jumped(struct gate *gate)
{
    lease_pass(&gate->copy.lease, gate_mono(gate), gate_wall(gate));
    if (gate->copy.lease.now.fresh_ever) {
        write_lease(gate);
    }
}

void alone_carried(struct gate *gate, int64_t ago_us)
{
    lease_pass(&gate->copy.lease, gate_mono(gate), gate_wall(gate));
    lease_carry(&gate->copy.lease, ago_us);
    write_lease(gate);
}

/* --- begin, tick, end --- */

/* What was kept of the lease. False: nothing is known of it, and it is over. */
static bool read_lease(const struct gate *gate, struct lease_saved *ret_saved)
{
    struct fault fault = {0};
    enum err err = lease_file_read(gate->dir, ret_saved, &fault);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        log_error("lease_not_read", LOG_TEXT("why", fault.what));
    }
    return err == ERR_OK;
}

/* Copy and lease are expendable: without them the gate alone lets nobody in, and works. */
enum err copy_begin(struct gate *gate, struct fault *fault)
{
    struct lease_saved saved;
    uint8_t boot[LEASE_BOOT_SIZE] = {0};
    struct fault local = {0};
    TRY(copy_store_create(gate->dir, &gate->copy.store, fault));
    if (copy_store_open(gate->copy.store, &local) != ERR_OK) {
        log_error("copy_not_opened", LOG_TEXT("why", local.what));
    }
    if (lease_boot_read(boot, &local) != ERR_OK) {
        log_error("lease_not_read", LOG_TEXT("why", local.what));
        entropy_fill(gate->entropy, boot, sizeof(boot)); /* of no other start */
    }
    bool known = read_lease(gate, &saved);
    lease_begin(&gate->copy.lease, known ? &saved : NULL, boot, gate_mono(gate), gate_wall(gate));
    if (gate->copy.lease.now.fresh_ever) {
        write_lease(gate); /* another boot may follow before the next tick */
    }
    if (!gate->copy.lease.clock_known) {
        log_warning("gate_clock", LOG_TEXT("known", "no"),
                    LOG_TEXT("until", "the controller is heard"));
    }
    copy_park_changed(gate);
    return ERR_OK;
}

void copy_end(struct gate *gate)
{
    if (gate->copy.store == NULL) {
        return;
    }
    copy_link_lost(gate);
    own_events_drop(gate);
    if (gate->copy.lease.now.fresh_ever) {
        write_lease(gate);
    }
    copy_store_destroy(&gate->copy.store);
    forget_park(gate);
}

void copy_tick(struct gate *gate)
{
    struct mono now = gate_mono(gate);
    lease_pass(&gate->copy.lease, now, gate_wall(gate));
    if (!mono_before(now, mono_after_ms(gate->copy.lease_written, LEASE_WRITE_MS)) &&
        gate->copy.lease.now.fresh_ever) {
        write_lease(gate);
    }
    copy_check_tick(gate);
    if (!link_state_answers(&gate->link_state, now) && has_copy(gate)) {
        (void)own_events_lay(gate);
    }
}

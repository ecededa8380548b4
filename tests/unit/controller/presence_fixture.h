/* presence_fixture: the morning of day_fixture.h in a park whose rules of presence a test sets. */
#pragma once

#include "tests/unit/controller/day_fixture.h"

static inline Parkgate__ParkZone *zone_row(struct world *w, const char *name)
{
    return (void *)rows_get(&w->rows, PARK_ZONE, name, &parkgate__park_zone__descriptor);
}

static inline void zone_put(struct world *w, const char *name, Parkgate__ParkZone *zone)
{
    rows_put(&w->rows, PARK_ZONE, name, &zone->base);
    parkgate__park_zone__free_unpacked(zone, NULL);
}

static inline void limit_zone(struct world *w, const char *name, uint32_t capacity)
{
    Parkgate__ParkZone *zone = zone_row(w, name);
    zone->capacity = capacity;
    zone_put(w, name, zone);
    park_apply(w);
}

/* One rule over one or two zones (the second may be NULL), for all. */
static inline Parkgate__ParkPassback passback_over_zones(char *zones[2], const char *first,
                                                         const char *second, uint32_t mode)
{
    Parkgate__ParkPassback rule = PARKGATE__PARK_PASSBACK__INIT;
    zones[0] = text_of(first);
    zones[1] = text_of(second);
    rule.zone = zones;
    rule.n_zone = second == NULL ? 1 : 2;
    rule.mode = mode;
    return rule;
}

static inline void set_passback(struct world *w, const char *name, const char *zone, uint32_t mode,
                                uint32_t minutes)
{
    char *zones[2];
    Parkgate__ParkPassback rule = passback_over_zones(zones, zone, NULL, mode);
    rule.minutes = minutes;
    rows_put(&w->rows, PARK_PASSBACK, name, &rule.base);
    park_apply(w);
}

static inline void limit_tenant(struct world *w, const char *name, uint32_t capacity)
{
    Parkgate__ParkTenant *tenant =
        (void *)rows_get(&w->rows, PARK_TENANT, name, &parkgate__park_tenant__descriptor);
    tenant->capacity = capacity;
    rows_put(&w->rows, PARK_TENANT, name, &tenant->base);
    parkgate__park_tenant__free_unpacked(tenant, NULL);
    park_apply(w);
}

/* Past every repeat window and pass time. */
static inline void wait_a_little(struct world *w)
{
    world_turn(w);
    world_pass(w, 10 * SECOND_US);
}

static inline void walk(struct park_day *d, const char *lane, const char *uid)
{
    gate_walk(d->w, lane[0] == 'a' ? &d->a : &d->b, lane, uid);
    wait_a_little(d->w);
}

/* Is asked, not walked: the grant is reported as not taken, so that it changes nothing. */
static inline uint32_t asks(struct park_day *d, const char *lane, const char *uid)
{
    uint32_t outcome = 0;
    struct gate *gate = lane[0] == 'a' ? &d->a : &d->b;
    uint64_t shown = gate_badge(d->w, gate, lane, uid);
    uint32_t reason = verdict_of(d->w, shown, &outcome);
    world_turn(d->w);
    if (outcome == OUTCOME_GRANT) {
        (void)gate_passage(d->w, gate, lane, shown, PASSAGE_NOT_TAKEN);
        world_turn(d->w);
    }
    return reason;
}

static inline uint64_t shows(struct park_day *d, const char *lane, const char *uid)
{
    return gate_badge(d->w, lane[0] == 'a' ? &d->a : &d->b, lane, uid);
}

/* The newest fault's words for people. */
static inline void assert_fault_says(struct world *w, const char *en, const char *zh)
{
    Parkgate__FaultRecord *said =
        (void *)newest_entry(w, ENTRY_FAULT, &parkgate__fault_record__descriptor);
    assert_string_equal(said->text, en);
    assert_string_equal(said->text_zh, zh);
    parkgate__fault_record__free_unpacked(said, NULL);
}

/* A passage report captured in the past, of a read shown and granted before. */
static inline void passes_at(struct park_day *d, struct gate *gate, const char *lane,
                             uint64_t shown, int64_t captured_us)
{
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    event.kind = EVENT_PASSAGE;
    event.lane = text_of(lane);
    event.presentation = shown;
    event.passage = PASSAGE_PASSED;
    event.captured_us = captured_us;
    event.received_us = d->w->now.us;
    (void)gate_event(d->w, gate, &event);
    world_turn(d->w);
}

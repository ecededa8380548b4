/* park: the park as configured, as one plain value, and the rules a park file must keep.
 *
 * Loaded from the rows of one configuration version (controller/store/park_store.h); decisions read
 * it, nothing writes it afterwards. Things are found by name with a binary search.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/access/credential.h"
#include "common/access/decide.h"
#include "common/access/schedule.h"
#include "common/base/ids.h"
#include "controller/core/park_card.h"
#include "schema/errors.h"
#include "schema/kinds.h"
#include "schema/limits.h"

enum { PARK_TITLE_SIZE = 96, PARK_NONE = -1, PARK_ZONE_DEPTH_MAX = 8, PARK_PATH_SIZE = 256 };

struct park_title {
    char en[PARK_TITLE_SIZE];
    char zh[PARK_TITLE_SIZE];
};

struct park_zone {
    struct name name;
    struct name parent; /* empty: outermost */
    struct park_title title;
    enum credential_class minimum_class;
    uint32_t capacity; /* persons; 0: unlimited */
    struct name schedule;
};

struct park_gate {
    struct name name;
    struct park_title title;
};

/* An optional input or output of a board. */
struct park_point {
    bool given;
    uint16_t number;
};

struct park_lane {
    struct name name;
    struct name gate;
    struct park_title title;
    enum lane_direction direction;
    enum lane_subject subject;
    struct name zone;       /* entered by `in` */
    struct name outer_zone; /* empty: outside the park */
    struct name board;      /* empty: none, decisions only */
    uint16_t open_coil;
    uint32_t open_ms, pass_ms;
    struct park_point passage, tamper, button, held, display;
    bool unknown_clock_grants;
    enum lane_mode mode; /* wanted by the park file */
};

struct park_reader {
    struct name name;
    struct name lane;
    enum reader_driver driver;
    enum lane_direction direction;
    bool has_device_id;
    char time_zone[64]; /* of its local times; empty: the park's */
    struct park_card card;
};

struct park_board {
    struct name name;
    struct name gate;
    bool rtu;          /* on a serial line, which it has to itself */
    char address[128]; /* HOST:PORT or the serial device */
    bool has_flash, has_counters;
    uint32_t poll_ms, shortest_pulse_ms;
};

struct park_tenant {
    struct name name;
    struct park_title title;
    uint16_t zone_count;
    struct name zones[LIMIT_ZONES_PER_TENANT];
    uint16_t cut_minute;
    struct name schedule; /* empty: always */
};

struct park_shift {
    struct name name;
    uint16_t start_minute, end_minute, early_minutes;
};

struct park_schedule {
    struct name name;
    struct schedule weekly;
};

/* Each array is sorted by name. */
struct park {
    uint64_t config_version;
    struct park_title title;
    char time_zone[64];
    size_t zone_count, gate_count, lane_count, reader_count, board_count, tenant_count, shift_count,
        schedule_count;
    struct park_zone zones[LIMIT_ZONES];
    struct park_gate gates[LIMIT_GATES];
    struct park_lane lanes[LIMIT_LANES];
    struct park_reader readers[LIMIT_READERS];
    struct park_board boards[LIMIT_BOARDS];
    struct park_tenant tenants[LIMIT_TENANTS];
    struct park_shift shifts[LIMIT_SHIFTS];
    struct park_schedule schedules[LIMIT_SCHEDULES];
    struct holidays holidays;
    struct name holiday_schedules[HOLIDAYS_MAX]; /* its hours that day; empty: closed */
};

/* NULL: there is none of that name. Borrowed from the park. */
const struct park_zone *park_zone(const struct park *park, struct name name);
const struct park_gate *park_gate(const struct park *park, struct name name);
const struct park_lane *park_lane(const struct park *park, struct name name);
const struct park_reader *park_reader(const struct park *park, struct name name);
const struct park_board *park_board(const struct park *park, struct name name);
const struct park_tenant *park_tenant(const struct park *park, struct name name);
const struct park_shift *park_shift(const struct park *park, struct name name);
const struct park_schedule *park_schedule(const struct park *park, struct name name);

/* The zone with all zones around it, outermost first, joined by '/': "yard/hall-2". Empty name:
 * empty text (outside). */
void park_zone_path(const struct park *park, struct name zone, char out[PARK_PATH_SIZE]);

/* Is `zone` one of the tenant's zones, or inside one of them? */
bool park_tenant_may_enter(const struct park *park, const struct park_tenant *tenant,
                           struct name zone);

enum { PARK_ROW_TEXT_SIZE = 256 };
/* What a row says, for people: a board without counters shows its poll period and what pulses it
 * needs. Empty when there is no such row. */
void park_row_text(const struct park *park, uint32_t kind, const char *name,
                   char out[PARK_ROW_TEXT_SIZE]);

/* Sorts the arrays and gives the holidays the hours of their schedules; call once after filling. */
void park_finish(struct park *park);

/* The rules between rows: every reference exists, no zone contains itself or nests deeper than
 * PARK_ZONE_DEPTH_MAX, no two lanes share a coil or an input, no exit is locked, no input pulse can
 * be missed by its board's polling, names stand once. First violation into *c; false then. Expects
 * a sorted park. */
MUST_CHECK bool park_check(const struct park *park, struct complaint *c);

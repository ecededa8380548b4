/* park: the park as configured, as one plain value, and the rules a park file must keep.
 *
 * Loaded from the rows of one configuration version (common/facts/park_store.h); decisions read
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
#include "common/park/park_card.h"
#include "schema/errors.h"
#include "schema/kinds.h"
#include "schema/limits.h"

enum { PARK_TITLE_SIZE = 96, PARK_NONE = -1, PARK_ZONE_DEPTH_MAX = 8, PARK_PATH_SIZE = 256 };
enum { PARK_MUSTER_KEY_SIZE = 32, SPOT_CHECK_WHOLE = 1000 };
enum { PASSBACK_MINUTES_MAX = 10080, PARK_TERMINAL_SIZE = 128 };

struct park_title {
    char en[PARK_TITLE_SIZE];
    char zh[PARK_TITLE_SIZE];
};

struct park_zone {
    struct name name;
    struct name parent; /* empty: outermost */
    struct park_title title;
    enum credential_class minimum_class;
    uint32_t capacity;                 /* persons; 0: unlimited */
    uint32_t capacity_soft;            /* above it a fault stands; 0: none */
    uint8_t alert_first, alert_second; /* percent of capacity, else of capacity_soft; 0: none */
    uint32_t crowd;                    /* entries in any minute; 0: unlimited */
    bool first_person;                 /* waits each day for the first holder of first_clearance */
    struct name first_clearance;
    uint16_t clearance_count; /* all of them must be held */
    struct name clearances[LIMIT_CLEARANCES_PER_ZONE];
    struct name schedule;
    bool two_person;     /* nobody enters it alone */
    bool escort;         /* visitors enter with their host */
    bool high_risk;      /* a gate decides alone for LIMIT_LEASE_RISK_HOURS only */
    uint16_t spot_check; /* of SPOT_CHECK_WHOLE entries so many are asked to the guard */
    bool open_by_two;    /* a guard opens an entry into it with a second person's consent */
};

struct park_clearance {
    struct name name;
    struct park_title title;
};

struct park_gate {
    struct name name;
    struct park_title title;
    bool muster_post;   /* its box keeps who is inside */
    bool asks_presence; /* worked out by park_finish(), see park_gate_asks_presence() */
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
    enum lane_mode mode;   /* wanted by the park file */
    struct name interlock; /* the entry lane that must be shut while this one opens; empty: none */
    enum second_credential second;
    uint32_t pair_ms; /* two reads that belong together: less than this lies between them */
    enum lane_actuator actuator;
    struct park_point crush, manual; /* something stands in the way; manual release pulled */
    bool driver;                     /* vehicles: entry needs plate and driver's badge */
    uint32_t answer_ms;              /* its gate waits so long for a verdict */
    enum lease_policy lease_over;    /* entries, when its gate was alone for too long */
};

struct park_reader {
    struct name name;
    struct name lane;
    enum reader_driver driver;
    enum lane_direction direction;
    bool has_device_id;
    char time_zone[64]; /* of its local times; empty: the park's */
    struct park_card card;
    enum terminal_control control;
    bool has_account;                  /* user and secret_file are given */
    char terminal[PARK_TERMINAL_SIZE]; /* where its gate speaks to it; "" nowhere */
};

struct park_board {
    struct name name;
    struct name gate;
    bool rtu;          /* on a serial line; boards of one gate and address share a bus */
    char address[128]; /* HOST:PORT or the serial device */
    bool has_flash, has_counters;
    uint32_t poll_ms, shortest_pulse_ms;
    uint32_t unit, baud;
    struct park_point fire, reset; /* the fire panel's loop; the key switch that ends the state */
    bool fire_closes, fire_broadcast;
};

struct park_tenant {
    struct name name;
    struct park_title title;
    uint16_t zone_count;
    struct name zones[LIMIT_ZONES_PER_TENANT];
    uint16_t cut_minute;
    struct name schedule; /* empty: always */
    uint32_t capacity;    /* its persons present at once; 0: unlimited */
};

/* Anti-passback: who is inside one of the zones does not enter one of them again from outside of
 * all. */
struct park_passback {
    struct name name;
    enum passback_mode mode;
    uint16_t zone_count, tenant_count;
    struct name zones[LIMIT_ZONES];
    uint32_t minutes; /* timed */
    uint32_t kinds;   /* bits by enum person_kind; with no kind and no vehicles: for all */
    bool vehicles;
    struct name tenants[LIMIT_TENANTS]; /* home tenants; none: all */
};

/* How alerts of a kind are handled. */
struct park_alert {
    struct name name;                    /* the kind; "default": what others do not say */
    uint8_t priority;                    /* 0: the kind's own */
    uint32_t limit_s[ALERT_LIMIT_COUNT]; /* 0: the default */
    bool has_reactivate;
    uint32_t reactivate_s;
    uint16_t tell_count;
    struct name tell[LIMIT_ALERT_TELL]; /* persons or roles, in the order in which they are told */
    char procedure[LIMIT_TEXT_BYTES + 1]; /* "" the kind's own */
    char procedure_zh[LIMIT_TEXT_BYTES + 1];
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
    bool emergency_admits; /* entries run on in an emergency */
    bool has_muster_key;
    uint8_t muster_key[PARK_MUSTER_KEY_SIZE]; /* public half */
    uint32_t lease_hours; /* how long a gate decides alone; 0: LIMIT_LEASE_HOURS */
    size_t zone_count, gate_count, lane_count, reader_count, board_count, tenant_count, shift_count,
        schedule_count, passback_count, clearance_count, alert_count;
    struct park_zone zones[LIMIT_ZONES];
    struct park_gate gates[LIMIT_GATES];
    struct park_lane lanes[LIMIT_LANES];
    struct park_reader readers[LIMIT_READERS];
    struct park_board boards[LIMIT_BOARDS];
    struct park_tenant tenants[LIMIT_TENANTS];
    struct park_shift shifts[LIMIT_SHIFTS];
    struct park_schedule schedules[LIMIT_SCHEDULES];
    struct park_clearance clearances[LIMIT_CLEARANCES];
    struct park_passback passbacks[LIMIT_PASSBACKS];
    struct park_alert alerts[LIMIT_ALERT_RULES];
    struct holidays holidays;
    struct name holiday_schedules[HOLIDAYS_MAX]; /* its hours that day; empty: closed */
    bool limits_tenants, watches_zones; /* some tenant has a capacity; some zone has alerts */
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
const struct park_clearance *park_clearance(const struct park *park, struct name name);
const struct park_passback *park_passback(const struct park *park, struct name name);
const struct park_alert *park_alert(const struct park *park, struct name name);

/* The zone with all zones around it, outermost first, joined by '/': "yard/hall-2". Empty name:
 * empty text (outside). */
void park_zone_path(const struct park *park, struct name zone, char out[PARK_PATH_SIZE]);

/* The zones that an entry at this lane newly enters, inmost first: the zone behind it and those
 * around that, without those that the lane's outer zone is or lies in. Returns how many. */
size_t park_zones_entered(const struct park *park, const struct park_lane *lane,
                          const struct park_zone *ret_zones[PARK_ZONE_DEPTH_MAX]);

/* Does the rule look at entries at this lane: from outside of all its zones into one of them? */
bool park_passback_at(const struct park *park, const struct park_passback *rule,
                      const struct park_lane *lane);
/* Is the rule for such a holder? */
bool park_passback_for(const struct park_passback *rule, bool vehicle, uint32_t person_kind,
                       struct name tenant);
bool park_passback_has_zone(const struct park_passback *rule, struct name zone);

/* Does a rule of entries at this lane ask where one certain person is? Anti-passback does, escort
 * of visitors, and the two-person rule, which must know that a zone is empty. Limits do not: how
 * many are inside is enough for them. */
bool park_lane_asks_presence(const struct park *park, const struct park_lane *lane);
/* Does one of the gate's lanes, or is the gate a muster post? Else its copy holds counts only. Of a
 * finished park. */
bool park_gate_asks_presence(const struct park *park, struct name gate);

/* Is the lane's zone one of `zones`, or inside of one? */
bool park_lane_leads_into(const struct park *park, const struct park_lane *lane, char *const *zones,
                          size_t count);

/* Does a guard's opening in this direction newly enter a zone that asks for a second person? Never
 * for leaving. */
bool park_opens_by_two(const struct park *park, const struct park_lane *lane,
                       enum lane_direction direction);

/* Is `zone` one of the tenant's zones, or inside one of them? */
bool park_tenant_may_enter(const struct park *park, const struct park_tenant *tenant,
                           struct name zone);

enum { PARK_ROW_TEXT_SIZE = 256 };
/* What a row says, for people: a board without counters shows its poll period and what pulses it
 * needs. Empty when there is no such row. */
void park_row_text(const struct park *park, uint32_t kind, const char *name,
                   char out[PARK_ROW_TEXT_SIZE]);

/* Sorts the arrays, gives the holidays the hours of their schedules and works out what is asked
 * again and again; call once after filling. */
void park_finish(struct park *park);

/* The rules between rows: every reference exists, no zone contains itself or nests deeper than
 * PARK_ZONE_DEPTH_MAX, no two lanes share a coil or an input, no exit is locked or interlocked,
 * no input pulse can be missed by its board's polling, fire opens every exit in time, alerts and
 * limits fit each other, names stand once. First violation into *c; false then. Expects a sorted
 * park. */
MUST_CHECK bool park_check(const struct park *park, struct complaint *c);
/* Its part about fire: every bus that drives an exit has a fire input, exits open in time, the
 * broadcast reaches no entry, boards of a bus are told apart. Lanes' boards exist already. */
MUST_CHECK bool park_check_fire(const struct park *park, struct complaint *c);
/* Boards `a` and `b` are served by one parkgate-board. */
bool park_same_bus(const struct park_board *a, const struct park_board *b);
/* From fire at an input of the bus of `board` to its last exit open, at worst; 0: it drives none.
 */
uint32_t park_fire_worst_ms(const struct park *park, const struct park_board *board);

/* Its part about face terminals: control, address and account fit, and every entry lane has a
 * reader for something else than a face. Readers' lanes exist already. */
MUST_CHECK bool park_check_faces(const struct park *park, struct complaint *c);

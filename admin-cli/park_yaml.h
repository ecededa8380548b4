/* park_yaml: a park file as libcyaml reads it, still in the file's own words.
 *
 * Only park_file.c looks at this: it turns the entries into rows. Optional texts and numbers are
 * NULL when the file does not have them. docs/park-file.md describes each key.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/errors.h"

struct yaml_site {
    char *name, *title, *title_zh, *time_zone;
    bool emergency_admits;
    char *muster_key;     /* 64 hex digits */
    uint32_t lease_hours; /* 0: the default */
};

struct yaml_zone {
    char *name, *title, *title_zh, *parent, *schedule;
    int minimum_class; /* enum credential_class */
    uint32_t capacity;
    uint32_t capacity_soft, alert_first, alert_second, crowd; /* 0: none */
    bool first_person, two_person, escort, high_risk, open_by_two;
    uint32_t spot_check;
    char *first_clearance;
    char **clearances;
    unsigned clearances_count;
};

struct yaml_clearance {
    char *name, *title, *title_zh;
};

struct yaml_gate {
    char *name, *title, *title_zh;
    bool muster_post;
};

struct yaml_lane {
    char *name, *title, *title_zh, *gate, *zone, *outer_zone, *board;
    int direction, subject, mode, unknown_clock;
    uint32_t *open_coil, *open_ms, *pass_ms;
    uint32_t *passage_input, *tamper_input, *button_input, *held_input, *display;
    char *interlock;
    int second; /* enum second_credential */
    uint32_t *pair_ms, *answer_ms;
    int lease_over; /* enum lease_policy */
    bool driver;
    int actuator; /* enum lane_actuator */
    uint32_t *crush_input, *manual_input;
};

struct yaml_reader {
    char *name, *lane, *device, *path, *user, *secret_file, *device_id, *time_zone, *terminal;
    int driver, direction, columns, control;
    bool *reversed;
    char *desfire_aid, *desfire_key_file, *desfire_system_id, *desfire_uid_key_file;
    uint32_t *desfire_key_no, *desfire_uid_key_no, *exchange_ms;
};

struct yaml_board {
    char *name, *gate, *address;
    int transport;
    uint32_t *unit, *baud, *poll_ms, *shortest_pulse_ms;
    bool *flash, *counters, *displays, *fire_closes, *fire_broadcast;
    uint32_t *flash_base, *counter_base, *display_base, *fire_input, *reset_input;
};

struct yaml_tenant {
    char *name, *title, *title_zh, *cut, *schedule;
    char **zones;
    unsigned zones_count;
    uint32_t capacity;
};

struct yaml_passback {
    char *name;
    int mode;
    char **zones, **tenants;
    unsigned zones_count, tenants_count;
    uint32_t *minutes;
    uint32_t whom; /* bit 0 vehicles, else by enum person_kind */
};

struct yaml_alert {
    char *kind;
    uint32_t *priority, *acknowledge_s, *dispatch_s, *decide_s, *reactivate_s;
    char **tell;
    unsigned tell_count;
    char *procedure, *procedure_zh;
};

struct yaml_shift {
    char *name, *from, *to;
    uint32_t early_minutes;
};

struct yaml_window {
    uint32_t days; /* bit 0 Monday */
    char *from, *to;
};

struct yaml_schedule {
    char *name;
    struct yaml_window *windows;
    unsigned windows_count;
};

struct yaml_holiday {
    char *date, *title, *title_zh, *schedule;
};

#define YAML_LIST(type, name)                                                                      \
    struct type *name;                                                                             \
    unsigned name##_count

struct yaml_park {
    struct yaml_site *park;
    YAML_LIST(yaml_zone, zones);
    YAML_LIST(yaml_gate, gates);
    YAML_LIST(yaml_lane, lanes);
    YAML_LIST(yaml_reader, readers);
    YAML_LIST(yaml_board, boards);
    YAML_LIST(yaml_tenant, tenants);
    YAML_LIST(yaml_shift, shifts);
    YAML_LIST(yaml_schedule, schedules);
    YAML_LIST(yaml_holiday, holidays);
    YAML_LIST(yaml_passback, passback);
    YAML_LIST(yaml_clearance, clearances);
    YAML_LIST(yaml_alert, alerts);
};

enum { YAML_TRANSPORT_TCP = 1, YAML_TRANSPORT_RTU = 2 };
enum { YAML_STATUS_VERIFY = 0, YAML_VERIFY_STATUS = 1 };

/* Reads `text`. `origin` is the file's name for people. NULL: *c says what, in which line, and what
 * to do. Free with park_yaml_destroy(). */
struct yaml_park *park_yaml_read(const char *origin, const char *text, size_t size,
                                 struct complaint *c);
void park_yaml_destroy(struct yaml_park **park);

/* The line of `key` in entry `index` (from 0) of the top-level list or mapping `list`, or of the
 * entry itself when it has no such key (or key is NULL), or of the list; 1 when nothing is found.
 * For block style, which everybody writes; entries in flow style give their list's line. */
unsigned park_yaml_line(const char *text, const char *list, size_t index, const char *key);

#include "admin-cli/park_yaml.h"

#include <cyaml/cyaml.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "admin-cli/cli.h"
#include "common/access/credential.h"
#include "common/access/decide.h"
#include "common/base/must.h"
#include "schema/kinds.h"
#include "schema/limits.h"

/* --- the keys --- */

static const cyaml_strval_t directions[] = {
    {"in",   LANE_IN  },
    {"out",  LANE_OUT },
    {"both", LANE_BOTH}
};
static const cyaml_strval_t subjects[] = {
    {"persons",  SUBJECT_PERSONS },
    {"vehicles", SUBJECT_VEHICLES}
};
static const cyaml_strval_t modes[] = {
    {"normal", LANE_MODE_NORMAL},
    {"free",   LANE_MODE_FREE  },
    {"locked", LANE_MODE_LOCKED}
};
static const cyaml_strval_t policies[] = {
    {"deny",  0},
    {"grant", 1}
};
static const cyaml_strval_t lease_policies[] = {
    {"deny",          LEASE_POLICY_DENY         },
    {"authenticated", LEASE_POLICY_AUTHENTICATED}
};
static const cyaml_strval_t classes[] = {
    {"bearer",        CREDENTIAL_CLASS_BEARER       },
    {"uid-only",      CREDENTIAL_CLASS_UID_ONLY     },
    {"authenticated", CREDENTIAL_CLASS_AUTHENTICATED}
};
static const cyaml_strval_t drivers[] = {
    {"nfc",        DRIVER_NFC       },
    {"hik-anpr",   DRIVER_HIK_ANPR  },
    {"hik-access", DRIVER_HIK_ACCESS},
    {"vzenith",    DRIVER_VZENITH   },
    {"dahua",      DRIVER_DAHUA     },
    {"uniview",    DRIVER_UNIVIEW   },
    {"zkteco-att", DRIVER_ZKTECO_ATT},
    {"zkteco-acc", DRIVER_ZKTECO_ACC},
    {"json",       DRIVER_JSON      }
};
static const cyaml_strval_t column_orders[] = {
    {"status-verify", YAML_STATUS_VERIFY},
    {"verify-status", YAML_VERIFY_STATUS}
};
static const cyaml_strval_t controls[] = {
    {"asks",     TERMINAL_ASKS    },
    {"no-relay", TERMINAL_NO_RELAY}
};
static const cyaml_strval_t seconds[] = {
    {"none", SECOND_NONE       },
    {"pin",  SECOND_PIN        },
    {"face", SECOND_FACE_OR_PIN}
};
static const cyaml_strval_t actuators[] = {
    {"turnstile", ACTUATOR_TURNSTILE},
    {"barrier",   ACTUATOR_BARRIER  },
    {"bollard",   ACTUATOR_BOLLARD  }
};
static const cyaml_strval_t transports[] = {
    {"tcp", YAML_TRANSPORT_TCP},
    {"rtu", YAML_TRANSPORT_RTU}
};
static const cyaml_strval_t weekdays[] = {
    {"mon", 1 },
    {"tue", 2 },
    {"wed", 4 },
    {"thu", 8 },
    {"fri", 16},
    {"sat", 32},
    {"sun", 64}
};

static const cyaml_strval_t passback_modes[] = {
    {"hard",  PASSBACK_MODE_HARD },
    {"soft",  PASSBACK_MODE_SOFT },
    {"timed", PASSBACK_MODE_TIMED}
};
static const cyaml_strval_t passback_whom[] = {
    {"vehicles", 1                  },
    {"staff",    1 << PERSON_STAFF  },
    {"day",      1 << PERSON_DAY    },
    {"driver",   1 << PERSON_DRIVER },
    {"visitor",  1 << PERSON_VISITOR}
};

enum { TITLE_BYTES = 95 };

#define MAYBE (CYAML_FLAG_OPTIONAL)
#define TEXT(struct_type, key)                                                                     \
    CYAML_FIELD_STRING_PTR(#key, CYAML_FLAG_POINTER, struct struct_type, key, 0, LIMIT_TEXT_BYTES)
#define TEXT_MAYBE(struct_type, key)                                                               \
    CYAML_FIELD_STRING_PTR(#key, CYAML_FLAG_POINTER | MAYBE, struct struct_type, key, 0,           \
                           LIMIT_TEXT_BYTES)
#define TITLE(struct_type, key)                                                                    \
    CYAML_FIELD_STRING_PTR(#key, CYAML_FLAG_POINTER | MAYBE, struct struct_type, key, 0,           \
                           TITLE_BYTES)
#define NUMBER_MAYBE(struct_type, key)                                                             \
    CYAML_FIELD_UINT_PTR(#key, CYAML_FLAG_POINTER | MAYBE, struct struct_type, key)
#define FLAG_MAYBE(struct_type, key)                                                               \
    CYAML_FIELD_BOOL_PTR(#key, CYAML_FLAG_POINTER | MAYBE, struct struct_type, key)
#define WORD(struct_type, key, flags, words)                                                       \
    CYAML_FIELD_ENUM(#key, CYAML_FLAG_STRICT | (flags), struct struct_type, key, words,            \
                     ARRAY_LEN(words))

static const cyaml_schema_field_t site_fields[] = {
    TEXT(yaml_site, name),
    TITLE(yaml_site, title),
    TITLE(yaml_site, title_zh),
    TEXT(yaml_site, time_zone),
    CYAML_FIELD_BOOL("emergency_admits", MAYBE, struct yaml_site, emergency_admits),
    TEXT_MAYBE(yaml_site, muster_key),
    CYAML_FIELD_UINT("lease_hours", MAYBE, struct yaml_site, lease_hours),
    CYAML_FIELD_END};

static const cyaml_schema_value_t name_value = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, LIMIT_TEXT_BYTES)};

static const cyaml_schema_field_t zone_fields[] = {
    TEXT(yaml_zone, name),
    TITLE(yaml_zone, title),
    TITLE(yaml_zone, title_zh),
    TEXT_MAYBE(yaml_zone, parent),
    TEXT_MAYBE(yaml_zone, schedule),
    WORD(yaml_zone, minimum_class, MAYBE, classes),
    CYAML_FIELD_UINT("capacity", MAYBE, struct yaml_zone, capacity),
    CYAML_FIELD_UINT("capacity_soft", MAYBE, struct yaml_zone, capacity_soft),
    CYAML_FIELD_UINT("alert_first", MAYBE, struct yaml_zone, alert_first),
    CYAML_FIELD_UINT("alert_second", MAYBE, struct yaml_zone, alert_second),
    CYAML_FIELD_UINT("crowd", MAYBE, struct yaml_zone, crowd),
    CYAML_FIELD_BOOL("first_person", MAYBE, struct yaml_zone, first_person),
    CYAML_FIELD_BOOL("two_person", MAYBE, struct yaml_zone, two_person),
    CYAML_FIELD_BOOL("escort", MAYBE, struct yaml_zone, escort),
    CYAML_FIELD_BOOL("high_risk", MAYBE, struct yaml_zone, high_risk),
    CYAML_FIELD_BOOL("open_by_two", MAYBE, struct yaml_zone, open_by_two),
    CYAML_FIELD_UINT("spot_check", MAYBE, struct yaml_zone, spot_check),
    TEXT_MAYBE(yaml_zone, first_clearance),
    CYAML_FIELD_SEQUENCE("clearances", CYAML_FLAG_POINTER | MAYBE, struct yaml_zone, clearances,
                         &name_value, 0, LIMIT_CLEARANCES_PER_ZONE),
    CYAML_FIELD_END};

static const cyaml_schema_field_t clearance_fields[] = {
    TEXT(yaml_clearance, name), TITLE(yaml_clearance, title), TITLE(yaml_clearance, title_zh),
    CYAML_FIELD_END};

static const cyaml_schema_field_t gate_fields[] = {
    TEXT(yaml_gate, name), TITLE(yaml_gate, title), TITLE(yaml_gate, title_zh),
    CYAML_FIELD_BOOL("muster_post", MAYBE, struct yaml_gate, muster_post), CYAML_FIELD_END};

static const cyaml_schema_field_t lane_fields[] = {
    TEXT(yaml_lane, name),
    TITLE(yaml_lane, title),
    TITLE(yaml_lane, title_zh),
    TEXT(yaml_lane, gate),
    TEXT(yaml_lane, zone),
    TEXT_MAYBE(yaml_lane, outer_zone),
    TEXT_MAYBE(yaml_lane, board),
    WORD(yaml_lane, direction, 0, directions),
    WORD(yaml_lane, subject, MAYBE, subjects),
    WORD(yaml_lane, mode, MAYBE, modes),
    WORD(yaml_lane, unknown_clock, MAYBE, policies),
    NUMBER_MAYBE(yaml_lane, open_coil),
    NUMBER_MAYBE(yaml_lane, open_ms),
    NUMBER_MAYBE(yaml_lane, pass_ms),
    NUMBER_MAYBE(yaml_lane, passage_input),
    NUMBER_MAYBE(yaml_lane, tamper_input),
    NUMBER_MAYBE(yaml_lane, button_input),
    NUMBER_MAYBE(yaml_lane, held_input),
    NUMBER_MAYBE(yaml_lane, display),
    TEXT_MAYBE(yaml_lane, interlock),
    WORD(yaml_lane, second, MAYBE, seconds),
    NUMBER_MAYBE(yaml_lane, pair_ms),
    NUMBER_MAYBE(yaml_lane, answer_ms),
    WORD(yaml_lane, lease_over, MAYBE, lease_policies),
    CYAML_FIELD_BOOL("driver", MAYBE, struct yaml_lane, driver),
    WORD(yaml_lane, actuator, MAYBE, actuators),
    NUMBER_MAYBE(yaml_lane, crush_input),
    NUMBER_MAYBE(yaml_lane, manual_input),
    CYAML_FIELD_END};

static const cyaml_schema_field_t reader_fields[] = {
    TEXT(yaml_reader, name),
    TEXT(yaml_reader, lane),
    WORD(yaml_reader, driver, 0, drivers),
    TEXT_MAYBE(yaml_reader, device),
    WORD(yaml_reader, direction, MAYBE, directions),
    TEXT_MAYBE(yaml_reader, path),
    TEXT_MAYBE(yaml_reader, user),
    TEXT_MAYBE(yaml_reader, secret_file),
    TEXT_MAYBE(yaml_reader, device_id),
    TEXT_MAYBE(yaml_reader, time_zone),
    WORD(yaml_reader, columns, MAYBE, column_orders),
    FLAG_MAYBE(yaml_reader, reversed),
    TEXT_MAYBE(yaml_reader, desfire_aid),
    NUMBER_MAYBE(yaml_reader, desfire_key_no),
    TEXT_MAYBE(yaml_reader, desfire_key_file),
    TEXT_MAYBE(yaml_reader, desfire_system_id),
    NUMBER_MAYBE(yaml_reader, desfire_uid_key_no),
    TEXT_MAYBE(yaml_reader, desfire_uid_key_file),
    NUMBER_MAYBE(yaml_reader, exchange_ms),
    WORD(yaml_reader, control, MAYBE, controls),
    TEXT_MAYBE(yaml_reader, terminal),
    CYAML_FIELD_END};

static const cyaml_schema_field_t board_fields[] = {TEXT(yaml_board, name),
                                                    TEXT(yaml_board, gate),
                                                    WORD(yaml_board, transport, 0, transports),
                                                    TEXT(yaml_board, address),
                                                    NUMBER_MAYBE(yaml_board, unit),
                                                    NUMBER_MAYBE(yaml_board, baud),
                                                    NUMBER_MAYBE(yaml_board, poll_ms),
                                                    NUMBER_MAYBE(yaml_board, shortest_pulse_ms),
                                                    FLAG_MAYBE(yaml_board, flash),
                                                    NUMBER_MAYBE(yaml_board, flash_base),
                                                    FLAG_MAYBE(yaml_board, counters),
                                                    NUMBER_MAYBE(yaml_board, counter_base),
                                                    FLAG_MAYBE(yaml_board, displays),
                                                    NUMBER_MAYBE(yaml_board, display_base),
                                                    NUMBER_MAYBE(yaml_board, fire_input),
                                                    NUMBER_MAYBE(yaml_board, reset_input),
                                                    FLAG_MAYBE(yaml_board, fire_closes),
                                                    FLAG_MAYBE(yaml_board, fire_broadcast),
                                                    CYAML_FIELD_END};

static const cyaml_schema_field_t tenant_fields[] = {
    TEXT(yaml_tenant, name),
    TITLE(yaml_tenant, title),
    TITLE(yaml_tenant, title_zh),
    TEXT_MAYBE(yaml_tenant, cut),
    TEXT_MAYBE(yaml_tenant, schedule),
    CYAML_FIELD_SEQUENCE("zones", CYAML_FLAG_POINTER, struct yaml_tenant, zones, &name_value, 0,
                         LIMIT_ZONES_PER_TENANT),
    CYAML_FIELD_UINT("capacity", MAYBE, struct yaml_tenant, capacity),
    CYAML_FIELD_END};

static const cyaml_schema_field_t passback_fields[] = {
    TEXT(yaml_passback, name),
    WORD(yaml_passback, mode, 0, passback_modes),
    CYAML_FIELD_SEQUENCE("zones", CYAML_FLAG_POINTER, struct yaml_passback, zones, &name_value, 1,
                         LIMIT_ZONES),
    NUMBER_MAYBE(yaml_passback, minutes),
    CYAML_FIELD_FLAGS("for", CYAML_FLAG_STRICT | MAYBE, struct yaml_passback, whom, passback_whom,
                      ARRAY_LEN(passback_whom)),
    CYAML_FIELD_SEQUENCE("tenants", CYAML_FLAG_POINTER | MAYBE, struct yaml_passback, tenants,
                         &name_value, 0, LIMIT_TENANTS),
    CYAML_FIELD_END};

static const cyaml_schema_field_t alert_fields[] = {
    TEXT(yaml_alert, kind),
    NUMBER_MAYBE(yaml_alert, priority),
    NUMBER_MAYBE(yaml_alert, acknowledge_s),
    NUMBER_MAYBE(yaml_alert, dispatch_s),
    NUMBER_MAYBE(yaml_alert, decide_s),
    NUMBER_MAYBE(yaml_alert, reactivate_s),
    CYAML_FIELD_SEQUENCE("tell", CYAML_FLAG_POINTER | MAYBE, struct yaml_alert, tell, &name_value,
                         0, LIMIT_ALERT_TELL),
    TEXT_MAYBE(yaml_alert, procedure),
    TEXT_MAYBE(yaml_alert, procedure_zh),
    CYAML_FIELD_END};

static const cyaml_schema_field_t shift_fields[] = {
    TEXT(yaml_shift, name), TEXT(yaml_shift, from), TEXT(yaml_shift, to),
    CYAML_FIELD_UINT("early_minutes", MAYBE, struct yaml_shift, early_minutes), CYAML_FIELD_END};

static const cyaml_schema_field_t window_fields[] = {
    CYAML_FIELD_FLAGS("days", CYAML_FLAG_STRICT | MAYBE, struct yaml_window, days, weekdays,
                      ARRAY_LEN(weekdays)),
    TEXT(yaml_window, from), TEXT(yaml_window, to), CYAML_FIELD_END};
static const cyaml_schema_value_t window_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct yaml_window, window_fields)};

static const cyaml_schema_field_t schedule_fields[] = {
    TEXT(yaml_schedule, name),
    CYAML_FIELD_SEQUENCE("windows", CYAML_FLAG_POINTER, struct yaml_schedule, windows,
                         &window_value, 0, LIMIT_WINDOWS_PER_SCHEDULE),
    CYAML_FIELD_END};

static const cyaml_schema_field_t holiday_fields[] = {
    TEXT(yaml_holiday, date), TITLE(yaml_holiday, title), TITLE(yaml_holiday, title_zh),
    TEXT_MAYBE(yaml_holiday, schedule), CYAML_FIELD_END};

#define ENTRY(word)                                                                                \
    static const cyaml_schema_value_t word##_value = {                                             \
        CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct yaml_##word, word##_fields)};
ENTRY(zone)
ENTRY(gate)
ENTRY(lane)
ENTRY(reader)
ENTRY(board)
ENTRY(tenant)
ENTRY(shift)
ENTRY(schedule)
ENTRY(holiday)
ENTRY(passback)
ENTRY(clearance)
ENTRY(alert)

#define LIST(list, entry, flags, limit)                                                            \
    CYAML_FIELD_SEQUENCE(#list, CYAML_FLAG_POINTER | (flags), struct yaml_park, list,              \
                         &entry##_value, 0, limit)

static const cyaml_schema_field_t park_fields[] = {
    CYAML_FIELD_MAPPING_PTR("park", CYAML_FLAG_POINTER, struct yaml_park, park, site_fields),
    LIST(zones, zone, 0, LIMIT_ZONES),
    LIST(gates, gate, 0, LIMIT_GATES),
    LIST(lanes, lane, 0, LIMIT_LANES),
    LIST(readers, reader, MAYBE, LIMIT_READERS),
    LIST(boards, board, MAYBE, LIMIT_BOARDS),
    LIST(tenants, tenant, MAYBE, LIMIT_TENANTS),
    LIST(shifts, shift, MAYBE, LIMIT_SHIFTS),
    LIST(schedules, schedule, MAYBE, LIMIT_SCHEDULES),
    LIST(holidays, holiday, MAYBE, LIMIT_HOLIDAYS),
    LIST(passback, passback, MAYBE, LIMIT_PASSBACKS),
    LIST(clearances, clearance, MAYBE, LIMIT_CLEARANCES),
    LIST(alerts, alert, MAYBE, LIMIT_ALERT_RULES),
    CYAML_FIELD_END};

static const cyaml_schema_value_t park_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct yaml_park, park_fields)};

/* --- where it went wrong: libcyaml tells by log lines, the innermost place first --- */

enum { STEPS_MAX = 8, STEP_SIZE = 48 };

struct step {
    char word[STEP_SIZE]; /* a key; empty for an entry of a list */
    unsigned entry;       /* from 1; 0 for a key */
    unsigned line;
};

struct trace {
    char message[FILENAME_MAX];
    struct step steps[STEPS_MAX];
    size_t count;
};

static unsigned number_after(const char *text, const char *before)
{
    const char *at = strstr(text, before);
    unsigned value = 0;
    if (at != NULL) {
        for (at += strlen(before); *at >= '0' && *at <= '9' && value < 100000000; at++) {
            value = value * 10 + (unsigned)(*at - '0');
        }
    }
    return value;
}

static void read_step(struct trace *trace, const char *text)
{
    if (trace->count == STEPS_MAX) {
        return;
    }
    struct step *step = &trace->steps[trace->count++];
    step->line = number_after(text, "(line: ");
    step->entry = number_after(text, "sequence entry '");
    const char *field = strstr(text, "mapping field '");
    if (field != NULL) {
        field += strlen("mapping field '");
        size_t size = strcspn(field, "'");
        (void)snprintf(step->word, sizeof(step->word), "%.*s", (int)size, field);
    }
}

static void on_log(cyaml_log_t level, void *ctx, const char *fmt, va_list args)
{
    struct trace *trace = ctx;
    char text[FILENAME_MAX];
    if (level < CYAML_LOG_ERROR || vsnprintf(text, sizeof(text), fmt, args) < 0) {
        return;
    }
    text[strcspn(text, "\n")] = '\0';
    if (strncmp(text, "  in ", 5) == 0) {
        read_step(trace, text);
    } else if (trace->message[0] == '\0' && strncmp(text, "Load: ", 6) == 0 &&
               strcmp(text, "Load: Backtrace:") != 0) {
        (void)snprintf(trace->message, sizeof(trace->message), "%s", text + 6);
    }
}

/* "lanes[2].open_coil" from steps[from..]; `entry` texts count from 1, as people do. */
static void write_path(const struct trace *trace, size_t from, char *out, size_t size)
{
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = trace->count; i > from && at < size; i--) {
        const struct step *step = &trace->steps[i - 1];
        int wrote = 0;
        if (step->entry != 0) {
            wrote = snprintf(out + at, size - at, "[%u]", step->entry);
        } else if (step->word[0] != '\0') {
            wrote = snprintf(out + at, size - at, "%s%s", at == 0 ? "" : ".", step->word);
        }
        at += wrote > 0 ? (size_t)wrote : 0;
    }
    if (out[0] == '\0') {
        (void)snprintf(out, size, "(top level / 顶层)");
    }
}

static const char *line_start(const char *text, unsigned line)
{
    const char *at = text;
    for (unsigned i = 1; i < line && at != NULL; i++) {
        at = strchr(at, '\n');
        at = at == NULL ? NULL : at + 1;
    }
    return at;
}

static bool has_key(const char *line, const char *key)
{
    line += strspn(line, " -");
    size_t size = strlen(key);
    return strncmp(line, key, size) == 0 && line[size] == ':';
}

/* libcyaml names the place before an unknown key: the key itself stands there or just below. */
static unsigned line_of_key(const char *text, unsigned from, const char *key)
{
    const char *at = line_start(text, from);
    for (unsigned line = from; at != NULL; line++) {
        if (has_key(at, key)) {
            return line;
        }
        at = strchr(at, '\n');
        at = at == NULL ? NULL : at + 1;
    }
    return from;
}

static const char *message_after(const char *message, const char *prefix)
{
    size_t size = strlen(prefix);
    return strncmp(message, prefix, size) == 0 ? message + size : NULL;
}

/* What could not be read: libcyaml quotes a bad scalar; else its sentence must do. */
static void write_value(const char *message, char *out, size_t size)
{
    const char *open = strchr(message, '\'');
    const char *got = strstr(message, "got event: ");
    const char *named = strstr(message, "value: ");
    named = named == NULL ? strstr(message, " flag: ") : named;
    if (open == NULL && named != NULL) {
        (void)snprintf(out, size, "\"%.200s\"", strstr(named, ": ") + 2);
    } else if (open != NULL) {
        (void)snprintf(out, size, "\"%.*s\"", (int)strcspn(open + 1, "'"), open + 1);
    } else if (got != NULL) {
        got += strlen("got event: ");
        (void)snprintf(out, size, "%s",
                       strncmp(got, "SCALAR", 6) == 0     ? "a single value"
                       : strncmp(got, "SEQUENCE", 8) == 0 ? "a list"
                                                          : "a group of keys");
    } else {
        (void)snprintf(out, size, "%.200s", message);
    }
}

static void explain(const char *origin, const char *text, cyaml_err_t err, struct trace *trace,
                    struct complaint *c)
{
    char path[256];
    char value[256];
    char line_text[24];
    unsigned line = trace->count == 0 ? 1 : trace->steps[0].line;
    const char *word = NULL;
    if ((word = message_after(trace->message, "Unexpected key: ")) != NULL) {
        write_path(trace, 0, path, sizeof(path));
        (void)complain(c, ERROR_PARK_UNKNOWN_KEY, origin,
                       cli_number(line_text, line_of_key(text, line == 0 ? 1 : line, word)), word,
                       path);
        return;
    }
    if ((word = message_after(trace->message, "Missing required mapping field: ")) != NULL) {
        size_t from = trace->count > 1 && trace->steps[0].entry == 0 ? 1 : 0;
        bool top = trace->count <= 1;
        write_path(trace, top ? trace->count : from, path, sizeof(path));
        (void)complain(c, ERROR_PARK_MISSING_KEY, origin,
                       cli_number(line_text, top ? 1 : trace->steps[from].line), word, path);
        return;
    }
    write_path(trace, 0, path, sizeof(path));
    (void)cli_number(line_text, line);
    if (err == CYAML_ERR_LIBYAML_PARSER) {
        word = message_after(trace->message, "libyaml: ");
        (void)complain(c, ERROR_PARK_YAML, origin, line_text, word == NULL ? "?" : word, NULL);
    } else if (err == CYAML_ERR_ALIAS) {
        (void)complain(c, ERROR_PARK_ALIAS, origin, line_text, NULL, NULL);
    } else if (err == CYAML_ERR_SEQUENCE_ENTRIES_MAX) {
        write_path(trace, 1, path, sizeof(path));
        (void)complain(c, ERROR_PARK_TOO_MANY, origin, line_text, path,
                       cli_number(value, number_after(trace->message, "entries (")));
    } else {
        write_value(trace->message, value, sizeof(value));
        (void)complain(c, ERROR_PARK_BAD_VALUE, origin, line_text, path, value);
    }
}

static cyaml_config_t config_for(struct trace *trace)
{
    return (cyaml_config_t){.log_fn = on_log,
                            .log_ctx = trace,
                            .mem_fn = cyaml_mem,
                            .log_level = CYAML_LOG_ERROR,
                            .flags = CYAML_CFG_NO_ALIAS};
}

struct yaml_park *park_yaml_read(const char *origin, const char *text, size_t size,
                                 struct complaint *c)
{
    struct trace trace = {0};
    cyaml_config_t config = config_for(&trace);
    struct yaml_park *park = NULL;
    cyaml_err_t err = cyaml_load_data((const uint8_t *)text, size, &config, &park_value,
                                      (cyaml_data_t **)&park, NULL);
    if (err != CYAML_OK) {
        explain(origin, text, err, &trace, c);
        return NULL;
    }
    if (park == NULL) {
        (void)complain(c, ERROR_PARK_EMPTY, origin, NULL, NULL, NULL);
    }
    return park;
}

void park_yaml_destroy(struct yaml_park **park)
{
    struct trace trace = {0};
    cyaml_config_t config = config_for(&trace);
    if (*park != NULL) {
        (void)cyaml_free(&config, &park_value, *park, 0);
        *park = NULL;
    }
}

/* --- lines of entries, for what is found after reading --- */

static size_t indent_of(const char *line)
{
    return strspn(line, " ");
}

static bool is_skipped(const char *line)
{
    const char *at = line + indent_of(line);
    return *at == '\n' || *at == '\r' || *at == '#' || *at == '\0';
}

static const char *next_line(const char *line)
{
    const char *end = strchr(line, '\n');
    return end == NULL || end[1] == '\0' ? NULL : end + 1;
}

/* The line of `key` from `start` to the first line that is indented by less than `indent`. */
static unsigned line_inside(const char *start, unsigned line, size_t indent, const char *key)
{
    unsigned here = line;
    for (const char *at = start; at != NULL; here++, at = next_line(at)) {
        if (here > line && !is_skipped(at) && indent_of(at) < indent) {
            break;
        }
        if (has_key(at, key)) {
            return here;
        }
    }
    return line;
}

unsigned park_yaml_line(const char *text, const char *list, size_t index, const char *key)
{
    unsigned line = line_of_key(text, 1, list);
    const char *at = line_start(text, line);
    if (at == NULL || !has_key(at, list)) {
        return 1;
    }
    unsigned list_line = line;
    size_t seen = 0;
    size_t indent = SIZE_MAX; /* of the list's marks */
    while ((at = next_line(at)) != NULL) {
        line++;
        size_t here = indent_of(at);
        if (is_skipped(at)) {
            continue;
        }
        if (at[here] != '-' && (here == 0 || indent == SIZE_MAX)) {
            /* the end of the list, or the mapping `park` */
            return here == 0 || key == NULL ? list_line : line_inside(at, line, here, key);
        }
        if (at[here] == '-' && (indent == SIZE_MAX || here == indent)) {
            indent = here;
            if (seen++ == index) {
                return key == NULL ? line : line_inside(at, line, here + 1, key);
            }
        }
    }
    return list_line;
}

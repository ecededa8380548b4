#include "common/park/park.h"

#include <stdio.h>
#include <string.h>

#include "common/access/civil.h"
#include "common/base/must.h"

/* Appends two texts; what does not fit is cut. */
static void append(char *out, size_t size, const char *first, const char *second)
{
    size_t used = strlen(out);
    (void)snprintf(out + used, size - used, "%s%s", first, second);
}

static void append_number(char *out, size_t size, const char *before, uint32_t number,
                          const char *after)
{
    char digits[16];
    (void)snprintf(digits, sizeof(digits), "%u", number);
    append(out, size, before, digits);
    append(out, size, after, "");
}

static void zone_limits_text(const struct park_zone *zone, char *out, size_t size)
{
    if (zone->capacity_soft > 0) {
        append_number(out, size, ", soft ", zone->capacity_soft, "");
    }
    if (zone->alert_first > 0) {
        append_number(out, size, ", alerts ", zone->alert_first, "");
        append_number(out, size, " ", zone->alert_second, " %");
    }
    if (zone->crowd > 0) {
        append_number(out, size, ", crowd ", zone->crowd, " a minute");
    }
    append(out, size, zone->clearance_count > 0 ? ", clearances" : "", "");
    for (size_t i = 0; i < zone->clearance_count; i++) {
        append(out, size, " ", zone->clearances[i].text);
    }
    if (zone->first_person) {
        append(out, size, ", first person by ", zone->first_clearance.text);
    }
    if (zone->two_person) {
        append(out, size, ", two persons", "");
    }
    if (zone->escort) {
        append(out, size, ", visitors with their host", "");
    }
    append(out, size, zone->high_risk ? ", high risk" : "", "");
    if (zone->spot_check > 0) {
        append_number(out, size, ", spot check ", zone->spot_check, " of 1000");
    }
    append(out, size, zone->open_by_two ? ", opened by two" : "", "");
}

static void zone_text(const struct park *park, struct name name, char *out, size_t size)
{
    const struct park_zone *zone = park_zone(park, name);
    char path[PARK_PATH_SIZE];
    if (zone != NULL) {
        park_zone_path(park, name, path);
        (void)snprintf(out, size, "%s, class %s, capacity %u, schedule %s", path,
                       credential_class_name(zone->minimum_class), zone->capacity,
                       zone->schedule.text[0] == '\0' ? "always" : zone->schedule.text);
        zone_limits_text(zone, out, size);
    }
}

static void lane_pairs_text(const struct park_lane *lane, char *out, size_t size)
{
    static const char *const seconds[] = {"", ", second pin", ", second face or pin"};
    append(out, size, seconds[lane->second <= SECOND_FACE_OR_PIN ? lane->second : 0],
           lane->driver ? ", plate and driver" : "");
    if (lane->second != SECOND_NONE || lane->driver || lane->pair_ms != LIMIT_PAIR_MS) {
        append_number(out, size, " within ", lane->pair_ms, " ms");
    }
}

static void lane_text(const struct park *park, struct name name, char *out, size_t size)
{
    static const char *const directions[] = {"", "in", "out", "in and out"};
    static const char *const actuators[] = {"", ", barrier", ", bollard"};
    const struct park_lane *lane = park_lane(park, name);
    if (lane != NULL) {
        (void)snprintf(out, size, "gate %s, %s, zone %s, board %s coil %u, open %u ms, %s%s",
                       lane->gate.text, directions[lane->direction & 3], lane->zone.text,
                       lane->board.text[0] == '\0' ? "none" : lane->board.text, lane->open_coil,
                       lane->open_ms, lane->passage.given ? "passages sensed" : "grants counted",
                       lane->unknown_clock_grants ? ", grants on unknown clocks" : "");
        if (lane->interlock.text[0] != '\0') {
            append(out, size, ", interlock ", lane->interlock.text);
        }
        append(out, size, actuators[lane->actuator <= ACTUATOR_BOLLARD ? lane->actuator : 0],
               lane->crush.given ? ", anti-crush" : "");
        lane_pairs_text(lane, out, size);
        if (lane->answer_ms != LIMIT_ANSWER_MS) {
            append_number(out, size, ", answer in ", lane->answer_ms, " ms");
        }
        append(out, size,
               lane->lease_over == LEASE_POLICY_AUTHENTICATED
                   ? ", after the lease authenticated only"
                   : "",
               "");
        if (lane->board.text[0] == '\0' && lane->direction != LANE_IN) {
            append(out, size, ", not opened in a fire by software: ", "wire its door to the loop");
        }
    }
}

static void badge_reader_text(const struct park *park, struct name name, char *out, size_t size)
{
    static const char *const drivers[] = {
        [DRIVER_NFC] = "badge (libnfc)",
        [DRIVER_HIK_ANPR] = "plate (Hikvision)",
        [DRIVER_HIK_ACCESS] = "terminal (Hikvision)",
        [DRIVER_VZENITH] = "plate (VZenith)",
        [DRIVER_DAHUA] = "plate (Dahua)",
        [DRIVER_UNIVIEW] = "terminal (Uniview)",
        [DRIVER_ZKTECO_ATT] = "attendance terminal (ZKTeco)",
        [DRIVER_ZKTECO_ACC] = "access terminal (ZKTeco)",
        [DRIVER_JSON] = "plain JSON",
    };
    const struct park_reader *reader = park_reader(park, name);
    if (reader != NULL) {
        static const char *const controls[] = {"", ", asks", ", no relay"};
        const struct park_card *card = &reader->card;
        (void)snprintf(out, size, "lane %s, %s%s%s%s%s%s%s", reader->lane.text,
                       drivers[reader->driver], controls[reader->control],
                       reader->terminal[0] == '\0' ? "" : " at ", reader->terminal,
                       card->aid[0] == '\0' ? "" : ", DESFire ", card->aid,
                       card->has_uid_key_file ? " with two keys" : "");
    }
}

/* Without counters an input is a level that is looked at from time to time: say how often. */
/* What its bus does in a fire, behind what stands there. */
static void fire_text(const struct park *park, const struct park_board *board, char *out,
                      size_t size)
{
    uint32_t worst_ms = park_fire_worst_ms(park, board);
    size_t used = strlen(out);
    if (board->fire.given) {
        (void)snprintf(out + used, size - used, ", fire input %u%s", board->fire.number,
                       board->fire_closes ? " (closes)" : "");
        used = strlen(out);
    }
    if (worst_ms > 0) {
        (void)snprintf(out + used, size - used, ", exits open in a fire within %u ms", worst_ms);
    }
}

static void board_text(const struct park *park, struct name name, char *out, size_t size)
{
    const struct park_board *board = park_board(park, name);
    if (board == NULL) {
        return;
    }
    if (board->has_counters) {
        (void)snprintf(out, size, "gate %s, %s %s, inputs counted by the board", board->gate.text,
                       board->rtu ? "rtu" : "tcp", board->address);
    } else {
        (void)snprintf(out, size, "gate %s, %s %s, inputs polled every %u ms, pulses from %u ms",
                       board->gate.text, board->rtu ? "rtu" : "tcp", board->address, board->poll_ms,
                       board->shortest_pulse_ms);
    }
    fire_text(park, board, out, size);
}

static void tenant_text(const struct park *park, struct name name, char *out, size_t size)
{
    const struct park_tenant *tenant = park_tenant(park, name);
    if (tenant == NULL) {
        return;
    }
    (void)snprintf(out, size, "%s, cut %02u:%02u", tenant->title.en, tenant->cut_minute / 60U,
                   tenant->cut_minute % 60U);
    if (tenant->capacity > 0) {
        append_number(out, size, ", capacity ", tenant->capacity, "");
    }
    append(out, size, ", zones", "");
    for (size_t i = 0; i < tenant->zone_count; i++) {
        append(out, size, " ", tenant->zones[i].text);
    }
}

static void shift_text(const struct park *park, struct name name, char *out, size_t size)
{
    const struct park_shift *shift = park_shift(park, name);
    if (shift != NULL) {
        (void)snprintf(out, size, "%02u:%02u to %02u:%02u, from %u minutes before",
                       shift->start_minute / 60U, shift->start_minute % 60U,
                       shift->end_minute / 60U, shift->end_minute % 60U, shift->early_minutes);
    }
}

static void schedule_text(const struct park *park, struct name name, char *out, size_t size)
{
    static const char letters[] = "MTWTFSS";
    const struct park_schedule *schedule = park_schedule(park, name);
    int used = 0;
    for (size_t i = 0; schedule != NULL && i < schedule->weekly.window_count && (size_t)used < size;
         i++) {
        const struct week_window *window = &schedule->weekly.windows[i];
        char days[8];
        for (size_t day = 0; day < 7; day++) {
            days[day] = '-';
            if ((window->weekdays >> day & 1) != 0) {
                days[day] = letters[day];
            }
        }
        days[7] = '\0';
        used +=
            snprintf(out + used, size - (size_t)used, "%s%s %02u:%02u-%02u:%02u", i > 0 ? ", " : "",
                     days, window->hours.start_minute / 60U, window->hours.start_minute % 60U,
                     window->hours.end_minute / 60U, window->hours.end_minute % 60U);
    }
}

static void clearance_text(const struct park *park, struct name name, char *out, size_t size)
{
    const struct park_clearance *clearance = park_clearance(park, name);
    if (clearance != NULL) {
        (void)snprintf(out, size, "%s", clearance->title.en);
    }
}

static void alert_text(const struct park *park, struct name name, char *out, size_t size)
{
    static const char *const limits[ALERT_LIMIT_COUNT] = {", acknowledged in ", ", dispatched in ",
                                                          ", decided in "};
    const struct park_alert *rule = park_alert(park, name);
    if (rule == NULL) {
        return;
    }
    append(out, size, "alerts", "");
    if (rule->priority > 0) {
        append_number(out, size, ", priority ", rule->priority, "");
    }
    for (size_t i = 0; i < ALERT_LIMIT_COUNT; i++) {
        if (rule->limit_s[i] > 0) {
            append_number(out, size, limits[i], rule->limit_s[i], " s");
        }
    }
    if (rule->has_reactivate) {
        append_number(out, size, ", counted for ", rule->reactivate_s, " s");
    }
    append(out, size, rule->tell_count > 0 ? ", told:" : "", "");
    for (size_t i = 0; i < rule->tell_count; i++) {
        append(out, size, " ", rule->tell[i].text);
    }
}

static void passback_text(const struct park *park, struct name name, char *out, size_t size)
{
    static const char *const modes[] = {"", "hard", "soft", "timed"};
    static const char *const kinds[] = {"", "staff", "day", "driver", "visitor"};
    const struct park_passback *rule = park_passback(park, name);
    if (rule == NULL) {
        return;
    }
    (void)snprintf(out, size, "%s", modes[rule->mode & 3]);
    if (rule->mode == PASSBACK_MODE_TIMED) {
        append_number(out, size, " ", rule->minutes, " minutes");
    }
    append(out, size, ", for", "");
    for (size_t i = 1; i < ARRAY_LEN(kinds); i++) {
        if ((rule->kinds >> i & 1) != 0) {
            append(out, size, " ", kinds[i]);
        }
    }
    append(out, size, rule->vehicles ? " vehicles" : rule->kinds == 0 ? " all" : "", ", zones");
    for (size_t i = 0; i < rule->zone_count; i++) {
        append(out, size, " ", rule->zones[i].text);
    }
    append(out, size, rule->tenant_count > 0 ? ", tenants" : "", "");
    for (size_t i = 0; i < rule->tenant_count; i++) {
        append(out, size, " ", rule->tenants[i].text);
    }
}

static void site_text(const struct park *park, struct name name, char *out, size_t size)
{
    (void)name;
    (void)snprintf(out, size, "%s, %s", park->title.en, park->time_zone);
}

static void gate_text(const struct park *park, struct name name, char *out, size_t size)
{
    const struct park_gate *gate = park_gate(park, name);
    if (gate != NULL) {
        (void)snprintf(out, size, "%s%s", gate->title.en, gate->muster_post ? ", muster post" : "");
    }
}

static void holiday_text(const struct park *park, struct name name, char *out, size_t size)
{
    int32_t day = 0;
    for (size_t i = 0; civil_date_parse(bytes_of_text(name.text), &day) && i < park->holidays.count;
         i++) {
        if (park->holidays.days[i].day == day) {
            (void)snprintf(out, size, "%s%s",
                           park->holidays.days[i].window_count == 0 ? "closed" : "as ",
                           park->holiday_schedules[i].text);
        }
    }
}

struct row_text {
    enum park_kind kind;
    void (*write)(const struct park *park, struct name name, char *out, size_t size);
};

static const struct row_text row_texts[] = {
    {PARK_SITE,      site_text        },
    {PARK_ZONE,      zone_text        },
    {PARK_GATE,      gate_text        },
    {PARK_LANE,      lane_text        },
    {PARK_READER,    badge_reader_text},
    {PARK_BOARD,     board_text       },
    {PARK_TENANT,    tenant_text      },
    {PARK_SHIFT,     shift_text       },
    {PARK_SCHEDULE,  schedule_text    },
    {PARK_HOLIDAY,   holiday_text     },
    {PARK_CLEARANCE, clearance_text   },
    {PARK_PASSBACK,  passback_text    },
    {PARK_ALERT,     alert_text       },
};

void park_row_text(const struct park *park, uint32_t kind, const char *name,
                   char out[PARK_ROW_TEXT_SIZE])
{
    out[0] = '\0';
    for (size_t i = 0; i < ARRAY_LEN(row_texts); i++) {
        if ((uint32_t)row_texts[i].kind == kind) {
            row_texts[i].write(park, name_or_none(name), out, PARK_ROW_TEXT_SIZE);
        }
    }
}

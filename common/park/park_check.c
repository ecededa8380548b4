#include "common/park/park.h"

#include <stdio.h>
#include <string.h>

#include "common/base/must.h"

static bool missing(struct complaint *c, const char *kind, struct name name, const char *what,
                    struct name wanted)
{
    return complain(c, ERROR_PARK_REF, kind, name.text, what, wanted.text);
}

static bool bad_value(struct complaint *c, const char *kind, struct name name, const char *field,
                      const char *why)
{
    return complain(c, ERROR_PARK_VALUE, kind, name.text, field, why);
}

static bool is_empty(struct name name)
{
    return name.text[0] == '\0';
}

#define ONCE(array, count, kind)                                                                   \
    for (size_t i = 1; i < park->count; i++) {                                                     \
        if (name_equal(park->array[i - 1].name, park->array[i].name)) {                            \
            return complain(c, ERROR_PARK_DUPLICATE, kind, park->array[i].name.text, NULL, NULL);  \
        }                                                                                          \
    }

static bool names_stand_once(const struct park *park, struct complaint *c)
{
    ONCE(zones, zone_count, "zone")
    ONCE(gates, gate_count, "gate")
    ONCE(lanes, lane_count, "lane")
    ONCE(readers, reader_count, "reader")
    ONCE(boards, board_count, "board")
    ONCE(tenants, tenant_count, "tenant")
    ONCE(shifts, shift_count, "shift")
    ONCE(schedules, schedule_count, "schedule")
    ONCE(clearances, clearance_count, "clearance")
    ONCE(passbacks, passback_count, "passback")
    return true;
}

/* Limits, alerts and the first person fit each other. */
static bool check_zone_limits(const struct park_zone *zone, struct complaint *c)
{
    bool limited = zone->capacity > 0 || zone->capacity_soft > 0;
    if (zone->capacity > 0 && zone->capacity_soft >= zone->capacity) {
        return bad_value(c, "zone", zone->name, "capacity_soft", "give less than the capacity");
    }
    if ((zone->alert_first > 0 || zone->alert_second > 0) && !limited) {
        return bad_value(c, "zone", zone->name, "alert_first, alert_second",
                         "they are percent of a limit: give capacity or capacity_soft");
    }
    if ((zone->alert_first > 0 && zone->alert_first < 10) || zone->alert_first > 100) {
        return bad_value(c, "zone", zone->name, "alert_first", "give 10 to 100");
    }
    if (zone->alert_second > 0 &&
        (zone->alert_first == 0 || zone->alert_second <= zone->alert_first ||
         zone->alert_second > 100)) {
        return bad_value(c, "zone", zone->name, "alert_second",
                         "give more than alert_first, at most 100");
    }
    if (zone->first_person != !is_empty(zone->first_clearance)) {
        return bad_value(c, "zone", zone->name, "first_person, first_clearance",
                         "give both or none");
    }
    return true;
}

static bool check_zone_clearances(const struct park *park, const struct park_zone *zone,
                                  struct complaint *c)
{
    if (!is_empty(zone->first_clearance) && park_clearance(park, zone->first_clearance) == NULL) {
        return missing(c, "zone", zone->name, "clearance", zone->first_clearance);
    }
    for (size_t i = 0; i < zone->clearance_count; i++) {
        if (park_clearance(park, zone->clearances[i]) == NULL) {
            return missing(c, "zone", zone->name, "clearance", zone->clearances[i]);
        }
    }
    return true;
}

static bool check_zone(const struct park *park, const struct park_zone *zone, struct complaint *c)
{
    if (!is_empty(zone->schedule) && park_schedule(park, zone->schedule) == NULL) {
        return missing(c, "zone", zone->name, "schedule", zone->schedule);
    }
    const struct park_zone *at = zone;
    for (size_t depth = 0; !is_empty(at->parent); depth++) {
        if (depth >= PARK_ZONE_DEPTH_MAX - 1) {
            return bad_value(c, "zone", zone->name, "parent",
                             "the zones contain each other or nest deeper than 8");
        }
        const struct park_zone *parent = park_zone(park, at->parent);
        if (parent == NULL) {
            return missing(c, "zone", at->name, "zone", at->parent);
        }
        at = parent;
    }
    return check_zone_clearances(park, zone, c) && check_zone_limits(zone, c);
}

static bool check_lane_places(const struct park *park, const struct park_lane *lane,
                              struct complaint *c)
{
    if (park_gate(park, lane->gate) == NULL) {
        return missing(c, "lane", lane->name, "gate", lane->gate);
    }
    if (park_zone(park, lane->zone) == NULL) {
        return missing(c, "lane", lane->name, "zone", lane->zone);
    }
    if (!is_empty(lane->outer_zone) && park_zone(park, lane->outer_zone) == NULL) {
        return missing(c, "lane", lane->name, "zone", lane->outer_zone);
    }
    if (lane->direction == LANE_NO_DIRECTION) {
        return bad_value(c, "lane", lane->name, "direction", "give in, out or both");
    }
    return true;
}

/* Two entry lanes name each other; nobody is kept from leaving. */
static bool check_interlock(const struct park *park, const struct park_lane *lane,
                            struct complaint *c)
{
    if (is_empty(lane->interlock)) {
        return true;
    }
    const struct park_lane *other = park_lane(park, lane->interlock);
    if (other == NULL) {
        return missing(c, "lane", lane->name, "interlock", lane->interlock);
    }
    if (other == lane) {
        return bad_value(c, "lane", lane->name, "interlock", "it names itself; name another lane");
    }
    if (lane->direction != LANE_IN || other->direction != LANE_IN) {
        return bad_value(c, "lane", lane->name, "interlock",
                         "only two entry lanes lock each other: nobody is kept from leaving");
    }
    if (!name_equal(other->interlock, lane->name)) {
        return bad_value(c, "lane", lane->name, "interlock",
                         "the other lane must name this one as its interlock");
    }
    return true;
}

/* What the readers of a lane's entry can give. */
struct gives {
    bool pin, badge, plate;
};

static struct gives entry_readers_give(const struct park *park, const struct park_lane *lane)
{
    static const struct gives by_driver[] = {
        [DRIVER_NFC] = {.badge = true                                  },
        [DRIVER_HIK_ANPR] = {                         .plate = true                                                                                       },
        [DRIVER_HIK_ACCESS] = {                         .badge = true                                                                },
        [DRIVER_VZENITH] = {                       .plate = true                                                                                                 },
        [DRIVER_DAHUA] = {            .plate = true},
        [DRIVER_UNIVIEW] = { .badge = true              },
        [DRIVER_ZKTECO_ATT] = {                          .badge = true                                                                                                                              },
        [DRIVER_ZKTECO_ACC] = {                                                                         .badge = true                                                                                                                                                                             },
        [DRIVER_JSON] = {                                                                         .pin = true,                                                                                                                                                                              .badge = true, .plate = true},
    };
    struct gives all = {0};
    for (size_t i = 0; i < park->reader_count; i++) {
        const struct park_reader *reader = &park->readers[i];
        bool enters = lane->direction == LANE_IN || reader->direction == LANE_IN;
        if (enters && name_equal(reader->lane, lane->name) &&
            (size_t)reader->driver < ARRAY_LEN(by_driver)) {
            all.pin |= by_driver[reader->driver].pin;
            all.badge |= by_driver[reader->driver].badge;
            all.plate |= by_driver[reader->driver].plate;
        }
    }
    return all;
}

/* Nobody needs a face: whoever may show one may give a PIN instead, so there must be a keypad. */
static bool check_second(const struct park *park, const struct park_lane *lane, struct complaint *c)
{
    const char *wrong = NULL;
    struct gives gives = entry_readers_give(park, lane);
    if (lane->second == SECOND_NONE) {
        return true;
    }
    if (lane->direction == LANE_OUT) {
        wrong = "an exit asks for nothing: nobody is kept from leaving";
    } else if (lane->subject == SUBJECT_VEHICLES) {
        wrong = "a lane for vehicles asks for the driver's badge: give driver: true";
    } else if (!gives.badge) {
        wrong = "its entry has no reader of badges; add one";
    } else if (!gives.pin) {
        wrong =
            "its entry has no reader that takes a PIN (driver json); add a keypad, nobody needs "
            "a face";
    }
    return wrong == NULL || bad_value(c, "lane", lane->name, "second", wrong);
}

static bool check_driver(const struct park *park, const struct park_lane *lane, struct complaint *c)
{
    const char *wrong = NULL;
    struct gives gives = entry_readers_give(park, lane);
    if (!lane->driver) {
        return true;
    }
    if (lane->direction == LANE_OUT) {
        wrong = "an exit asks for nothing: nobody is kept from leaving";
    } else if (lane->subject != SUBJECT_VEHICLES) {
        wrong = "only a lane for vehicles asks for a driver; for persons give second";
    } else if (!gives.plate || !gives.badge) {
        wrong = "its entry needs a reader of plates and one of badges";
    }
    return wrong == NULL || bad_value(c, "lane", lane->name, "driver", wrong);
}

/* A vehicle brings nobody whom we could count as the second person. */
static bool check_two_person(const struct park *park, const struct park_lane *lane,
                             struct complaint *c)
{
    const struct park_zone *zones[PARK_ZONE_DEPTH_MAX];
    size_t count = park_zones_entered(park, lane, zones);
    for (size_t i = 0; i < count && lane->subject == SUBJECT_VEHICLES; i++) {
        if (zones[i]->two_person && lane->direction != LANE_OUT) {
            return bad_value(c, "lane", lane->name, "subject",
                             "vehicles cannot enter a two-person zone: nobody sees who is in them");
        }
    }
    return true;
}

static bool check_pairs(const struct park *park, const struct park_lane *lane, struct complaint *c)
{
    if (lane->pair_ms < LIMIT_PAIR_MS_MIN || lane->pair_ms > LIMIT_PAIR_MS_MAX) {
        return bad_value(c, "lane", lane->name, "pair_ms", "give 1000 to 60000");
    }
    return check_second(park, lane, c) && check_driver(park, lane, c) &&
           check_two_person(park, lane, c);
}

/* A vehicle's way: what rises or falls there must see what stands in it, and open by hand. */
static bool check_actuator(const struct park_lane *lane, struct complaint *c)
{
    const char *inputs = lane->crush.given ? "manual_input" : "crush_input";
    if (lane->actuator == ACTUATOR_TURNSTILE) {
        bool guarded = lane->crush.given || lane->manual.given;
        return !guarded ||
               bad_value(c, "lane", lane->name, lane->crush.given ? "crush_input" : "manual_input",
                         "only a barrier or a bollard has one: give actuator");
    }
    if (lane->subject != SUBJECT_VEHICLES) {
        return bad_value(c, "lane", lane->name, "actuator",
                         "barriers and bollards are for vehicles: give subject: vehicles");
    }
    if (is_empty(lane->board)) {
        return bad_value(c, "lane", lane->name, "actuator",
                         "a barrier or bollard needs the board that moves it: give board");
    }
    if (lane->actuator == ACTUATOR_BOLLARD && (!lane->crush.given || !lane->manual.given)) {
        return bad_value(c, "lane", lane->name, inputs,
                         lane->crush.given
                             ? "a bollard needs a manual release that says when it is pulled"
                             : "a bollard needs an anti-crush input, or it rises under a vehicle");
    }
    return true;
}

/* What its gate does when nobody answers. */
static bool check_alone(const struct park_lane *lane, struct complaint *c)
{
    bool waits = lane->answer_ms != 0; /* else for the default */
    if (waits && (lane->answer_ms < LIMIT_ANSWER_MS_MIN || lane->answer_ms > LIMIT_ANSWER_MS_MAX)) {
        return bad_value(c, "lane", lane->name, "answer_ms", "give 100 to 1000");
    }
    if (lane->lease_over != LEASE_POLICY_DENY && lane->direction == LANE_OUT) {
        return bad_value(c, "lane", lane->name, "lease_over", "an exit always goes on; take it away");
    }
    return true;
}

static bool check_lane(const struct park *park, const struct park_lane *lane, struct complaint *c)
{
    if (!check_lane_places(park, lane, c)) {
        return false;
    }
    if (lane->mode == LANE_MODE_LOCKED && lane->direction != LANE_IN) {
        return complain(c, ERROR_PARK_LOCKED_EXIT, lane->name.text, NULL, NULL, NULL);
    }
    if (!check_interlock(park, lane, c) || !check_pairs(park, lane, c) ||
        !check_actuator(lane, c) || !check_alone(lane, c)) {
        return false;
    }
    if (is_empty(lane->board)) {
        return true;
    }
    const struct park_board *board = park_board(park, lane->board);
    if (board == NULL) {
        return missing(c, "lane", lane->name, "board", lane->board);
    }
    if (!name_equal(board->gate, lane->gate)) {
        return bad_value(c, "lane", lane->name, "board", "it belongs to another gate");
    }
    if (lane->open_ms < 100 || lane->open_ms > 60000 || lane->open_ms % 100 != 0) {
        return bad_value(c, "lane", lane->name, "open_ms", "give 100 to 60000 in steps of 100");
    }
    return true;
}

static void number_text(char out[16], uint32_t value)
{
    (void)snprintf(out, 16, "%u", value);
}

static bool point_used(const struct park_lane *lane, uint16_t number)
{
    const struct park_point points[] = {lane->passage, lane->tamper, lane->button,
                                        lane->held,    lane->crush,  lane->manual};
    for (size_t i = 0; i < ARRAY_LEN(points); i++) {
        if (points[i].given && points[i].number == number) {
            return true;
        }
    }
    return false;
}

static bool share_an_input(const struct park_lane *a, const struct park_lane *b,
                           struct complaint *c)
{
    const struct park_point points[] = {b->passage, b->tamper, b->button,
                                        b->held,    b->crush,  b->manual};
    for (size_t i = 0; i < ARRAY_LEN(points); i++) {
        if (points[i].given && point_used(a, points[i].number)) {
            char number[16];
            number_text(number, points[i].number);
            return complain(c, ERROR_PARK_INPUT_SHARED, a->name.text, b->name.text, number,
                            a->board.text);
        }
    }
    return true;
}

static bool wires_are_apart(const struct park *park, struct complaint *c)
{
    for (size_t i = 0; i < park->lane_count; i++) {
        for (size_t k = i + 1; k < park->lane_count; k++) {
            const struct park_lane *a = &park->lanes[i];
            const struct park_lane *b = &park->lanes[k];
            if (is_empty(a->board) || !name_equal(a->board, b->board)) {
                continue;
            }
            if (a->open_coil == b->open_coil) {
                char number[16];
                number_text(number, a->open_coil);
                return complain(c, ERROR_PARK_TWO_ON_COIL, a->name.text, b->name.text, number,
                                a->board.text);
            }
            if (!share_an_input(a, b, c)) {
                return false;
            }
        }
    }
    return true;
}

/* Digits up to `maximum`; *at moves behind them. */
static bool read_number(const char **at, uint32_t maximum)
{
    uint32_t value = 0;
    const char *from = *at;
    while (**at >= '0' && **at <= '9' && value <= maximum) {
        value = value * 10 + (uint32_t)(**at - '0');
        (*at)++;
    }
    return *at > from && value <= maximum;
}

static bool is_ipv4(const char **at)
{
    for (int part = 0; part < 4; part++) {
        if (!read_number(at, 255) || (part < 3 && *(*at)++ != '.')) {
            return false;
        }
    }
    return true;
}

/* A gate looks no name up (that could block for seconds), and a board that it cannot reach answers
 * no exit button: so a bad address is refused here, before any gate has it. */
static bool is_numeric_address(const char *text)
{
    const char *at = text;
    if (*at == '[') {
        at += 1 + strspn(at + 1, "0123456789abcdefABCDEF:.");
        if (*at++ != ']') {
            return false;
        }
    } else if (!is_ipv4(&at)) {
        return false;
    }
    return *at++ == ':' && *at != '0' && read_number(&at, 65535) && *at == '\0';
}

/* A level that is polled is seen for sure only if it lasts longer than one period. */
static bool check_board(const struct park *park, const struct park_board *board,
                        struct complaint *c)
{
    if (park_gate(park, board->gate) == NULL) {
        return missing(c, "board", board->name, "gate", board->gate);
    }
    if (board->rtu ? board->address[0] != '/' : !is_numeric_address(board->address)) {
        return bad_value(c, "board", board->name, "address",
                         board->rtu ? "give the serial device, for example /dev/ttyS1"
                                    : "give a numeric address and port, for example 10.0.0.7:502");
    }
    if (board->poll_ms < 5 || board->poll_ms > 1000) {
        return bad_value(c, "board", board->name, "poll_ms", "give 5 to 1000");
    }
    if (!board->has_counters && board->shortest_pulse_ms <= board->poll_ms) {
        char pulse[16];
        char poll[16];
        char wanted[16];
        number_text(pulse, board->shortest_pulse_ms);
        number_text(poll, board->poll_ms);
        number_text(wanted, board->shortest_pulse_ms / 2);
        return complain(c, ERROR_PARK_PULSE, board->name.text, pulse, poll, wanted);
    }
    return true;
}

/* Helper programs of a gate are told apart by their names. */
static bool boards_are_apart(const struct park *park, struct complaint *c)
{
    for (size_t i = 0; i < park->board_count; i++) {
        const struct park_board *a = &park->boards[i];
        if (park_reader(park, a->name) != NULL) {
            return bad_value(c, "board", a->name, "name", "a reader has this name, too");
        }
    }
    return true;
}

static bool check_reader(const struct park *park, const struct park_reader *reader,
                         struct complaint *c)
{
    const struct park_lane *lane = park_lane(park, reader->lane);
    if (lane == NULL) {
        return missing(c, "reader", reader->name, "lane", reader->lane);
    }
    if (lane->direction == LANE_BOTH && reader->direction != LANE_IN &&
        reader->direction != LANE_OUT) {
        return bad_value(c, "reader", reader->name, "direction",
                         "its lane goes both ways: give in or out");
    }
    bool zkteco = reader->driver == DRIVER_ZKTECO_ATT || reader->driver == DRIVER_ZKTECO_ACC;
    if (zkteco && !reader->has_device_id) {
        return bad_value(
            c, "reader", reader->name, "device_id",
            "give the terminal's serial number (SN); nothing else tells it from others");
    }
    return park_card_check(&reader->card, reader->name, reader->driver == DRIVER_NFC, c);
}

static bool check_tenant(const struct park *park, const struct park_tenant *tenant,
                         struct complaint *c)
{
    for (size_t i = 0; i < tenant->zone_count; i++) {
        if (park_zone(park, tenant->zones[i]) == NULL) {
            return missing(c, "tenant", tenant->name, "zone", tenant->zones[i]);
        }
    }
    if (!is_empty(tenant->schedule) && park_schedule(park, tenant->schedule) == NULL) {
        return missing(c, "tenant", tenant->name, "schedule", tenant->schedule);
    }
    return true;
}

static bool check_passback(const struct park *park, const struct park_passback *rule,
                           struct complaint *c)
{
    for (size_t i = 0; i < rule->zone_count; i++) {
        if (park_zone(park, rule->zones[i]) == NULL) {
            return missing(c, "passback", rule->name, "zone", rule->zones[i]);
        }
    }
    for (size_t i = 0; i < rule->tenant_count; i++) {
        if (park_tenant(park, rule->tenants[i]) == NULL) {
            return missing(c, "passback", rule->name, "tenant", rule->tenants[i]);
        }
    }
    if (rule->zone_count == 0) {
        return bad_value(c, "passback", rule->name, "zones", "name at least one zone");
    }
    if (rule->mode == PASSBACK_MODE_TIMED
            ? rule->minutes < 1 || rule->minutes > PASSBACK_MINUTES_MAX
            : rule->minutes != 0) {
        return bad_value(c, "passback", rule->name, "minutes",
                         "give 1 to 10080 with mode timed, and none with the others");
    }
    return true;
}

static bool check_times(const struct park *park, struct complaint *c)
{
    for (size_t i = 0; i < park->schedule_count; i++) {
        if (!schedule_is_valid(&park->schedules[i].weekly)) {
            return bad_value(c, "schedule", park->schedules[i].name, "windows",
                             "a window needs a start before 24:00 and another end");
        }
    }
    for (size_t i = 0; i < park->holidays.count; i++) {
        struct name wanted = park->holiday_schedules[i];
        if (!is_empty(wanted) && park_schedule(park, wanted) == NULL) {
            return missing(c, "holiday", wanted, "schedule", wanted);
        }
    }
    for (size_t i = 0; i < park->shift_count; i++) {
        const struct park_shift *shift = &park->shifts[i];
        if (shift->start_minute > 1439 || shift->end_minute > 1440 || shift->early_minutes > 720) {
            return bad_value(c, "shift", shift->name, "start, end, early_minutes",
                             "give times of day and at most 720 minutes");
        }
    }
    return true;
}

/* Names leave the controller sealed to somebody, or not at all. */
static bool check_muster(const struct park *park, struct complaint *c)
{
    for (size_t i = 0; i < park->gate_count && !park->has_muster_key; i++) {
        if (park->gates[i].muster_post) {
            return complain(c, ERROR_PARK_MUSTER_KEY, park->gates[i].name.text, NULL, NULL, NULL);
        }
    }
    return true;
}

bool park_check(const struct park *park, struct complaint *c)
{
    if (!names_stand_once(park, c) || !check_times(park, c) || !check_muster(park, c)) {
        return false;
    }
    for (size_t i = 0; i < park->zone_count; i++) {
        if (!check_zone(park, &park->zones[i], c)) {
            return false;
        }
    }
    for (size_t i = 0; i < park->board_count; i++) {
        if (!check_board(park, &park->boards[i], c)) {
            return false;
        }
    }
    for (size_t i = 0; i < park->lane_count; i++) {
        if (!check_lane(park, &park->lanes[i], c)) {
            return false;
        }
    }
    for (size_t i = 0; i < park->reader_count; i++) {
        if (!check_reader(park, &park->readers[i], c)) {
            return false;
        }
    }
    for (size_t i = 0; i < park->tenant_count; i++) {
        if (!check_tenant(park, &park->tenants[i], c)) {
            return false;
        }
    }
    for (size_t i = 0; i < park->passback_count; i++) {
        if (!check_passback(park, &park->passbacks[i], c)) {
            return false;
        }
    }
    return boards_are_apart(park, c) && wires_are_apart(park, c) && park_check_fire(park, c) &&
           park_check_faces(park, c);
}

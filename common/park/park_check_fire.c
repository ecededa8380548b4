#include <stdio.h>
#include <string.h>

#include "common/access/fire_time.h"
#include "common/base/must.h"
#include "common/park/park.h"

enum { POINTS_MAX = 64, BAUD_MIN = 1200, BAUD_MAX = 921600 };

static bool bad_board(struct complaint *c, const struct park_board *board, const char *field,
                      const char *why)
{
    return complain(c, ERROR_PARK_VALUE, "board", board->name.text, field, why);
}

bool park_same_bus(const struct park_board *a, const struct park_board *b)
{
    return a->rtu == b->rtu && name_equal(a->gate, b->gate) && strcmp(a->address, b->address) == 0;
}

static bool is_on(const struct park_lane *lane, const struct park_board *board)
{
    return name_equal(lane->board, board->name);
}

/* Whoever wants out goes through it. */
static bool is_exit(const struct park_lane *lane)
{
    return lane->direction != LANE_IN;
}

static void widen(struct park_point point, uint32_t *first, uint32_t *last)
{
    if (point.given) {
        *first = point.number < *first ? point.number : *first;
        *last = point.number > *last ? point.number : *last;
    }
}

/* One read reaches from the lowest to the highest input in use. */
static uint16_t inputs_of(const struct park *park, const struct park_board *board)
{
    uint32_t first = UINT16_MAX;
    uint32_t last = 0;
    for (size_t i = 0; i < park->lane_count; i++) {
        const struct park_lane *lane = &park->lanes[i];
        const struct park_point points[] = {lane->passage, lane->tamper, lane->button,
                                            lane->held,    lane->crush,  lane->manual};
        for (size_t k = 0; k < ARRAY_LEN(points) && is_on(lane, board); k++) {
            widen(points[k], &first, &last);
        }
    }
    widen(board->fire, &first, &last);
    widen(board->reset, &first, &last);
    return first > last ? 1 : (uint16_t)(last - first + 1);
}

static bool opens_exit(const struct park *park, const struct park_board *board, uint32_t coil)
{
    for (size_t i = 0; i < park->lane_count; i++) {
        const struct park_lane *lane = &park->lanes[i];
        if (is_on(lane, board) && is_exit(lane) && lane->open_coil == coil) {
            return true;
        }
    }
    return false;
}

/* Exits whose coil has no exit's coil before it. */
static uint16_t runs_of(const struct park *park, const struct park_board *board)
{
    uint16_t runs = 0;
    for (size_t i = 0; i < park->lane_count; i++) {
        const struct park_lane *lane = &park->lanes[i];
        if (is_on(lane, board) && is_exit(lane) &&
            (lane->open_coil == 0 || !opens_exit(park, board, lane->open_coil - 1U))) {
            runs++;
        }
    }
    return runs;
}

/* Coils of exits that have a neighbour. */
static uint16_t in_runs_of(const struct park *park, const struct park_board *board)
{
    uint16_t count = 0;
    for (size_t i = 0; i < park->lane_count; i++) {
        const struct park_lane *lane = &park->lanes[i];
        if (is_on(lane, board) && is_exit(lane) &&
            ((lane->open_coil > 0 && opens_exit(park, board, lane->open_coil - 1U)) ||
             opens_exit(park, board, lane->open_coil + 1U))) {
            count++;
        }
    }
    return count;
}

/* False: more boards than a bus can hold. */
static bool bus_of(const struct park *park, const struct park_board *board, struct fire_bus *bus)
{
    *bus = (struct fire_bus){.rtu = board->rtu, .baud = board->rtu ? board->baud : 0};
    for (size_t i = 0; i < park->board_count; i++) {
        const struct park_board *other = &park->boards[i];
        if (!park_same_bus(board, other)) {
            continue;
        }
        if (bus->count == FIRE_BOARDS_MAX) {
            return false;
        }
        bus->boards[bus->count++] = (struct fire_board){.has_fire_input = other->fire.given,
                                                        .has_counters = other->has_counters,
                                                        .inputs = inputs_of(park, other),
                                                        .runs = runs_of(park, other),
                                                        .in_runs = in_runs_of(park, other),
                                                        .poll_ms = other->poll_ms};
    }
    return true;
}

static bool drives_exit(const struct fire_bus *bus)
{
    for (uint16_t i = 0; i < bus->count; i++) {
        if (bus->boards[i].runs > 0) {
            return true;
        }
    }
    return false;
}

static bool hears_fire(const struct fire_bus *bus)
{
    for (uint16_t i = 0; i < bus->count; i++) {
        if (bus->boards[i].has_fire_input) {
            return true;
        }
    }
    return false;
}

uint32_t park_fire_worst_ms(const struct park *park, const struct park_board *board)
{
    struct fire_bus bus;
    return bus_of(park, board, &bus) && drives_exit(&bus) ? fire_worst_ms(&bus) : 0;
}

static bool is_point_of_a_lane(const struct park *park, const struct park_board *board,
                               uint16_t number)
{
    for (size_t i = 0; i < park->lane_count; i++) {
        const struct park_lane *lane = &park->lanes[i];
        const struct park_point points[] = {lane->passage, lane->tamper, lane->button,
                                            lane->held,    lane->crush,  lane->manual};
        for (size_t k = 0; k < ARRAY_LEN(points) && is_on(lane, board); k++) {
            if (points[k].given && points[k].number == number) {
                return true;
            }
        }
    }
    return false;
}

static bool check_points(const struct park *park, const struct park_board *board,
                         struct complaint *c)
{
    const struct {
        const char *field;
        struct park_point point;
    } points[] = {
        {"fire_input",  board->fire },
        {"reset_input", board->reset}
    };
    for (size_t i = 0; i < ARRAY_LEN(points); i++) {
        if (points[i].point.given && points[i].point.number >= POINTS_MAX) {
            return bad_board(c, board, points[i].field, "give 0 to 63");
        }
        if (points[i].point.given && is_point_of_a_lane(park, board, points[i].point.number)) {
            return bad_board(c, board, points[i].field,
                             "a lane uses this input; the fire loop needs its own");
        }
    }
    if (board->fire.given && board->reset.given && board->fire.number == board->reset.number) {
        return bad_board(c, board, "reset_input", "it is the fire input; give it one of its own");
    }
    if (!board->fire.given && (board->fire_closes || board->fire_broadcast)) {
        return bad_board(c, board, board->fire_closes ? "fire_closes" : "fire_broadcast",
                         "the board has no fire input; give fire_input");
    }
    return true;
}

/* Boards on one line are told apart by their units, and hear at one speed. */
static bool check_neighbours(const struct park *park, const struct park_board *board,
                             struct complaint *c)
{
    for (size_t i = 0; i < park->board_count; i++) {
        const struct park_board *other = &park->boards[i];
        if (other == board || !park_same_bus(board, other)) {
            continue;
        }
        if (other->unit == board->unit) {
            return bad_board(c, board, "unit",
                             "another board on this bus has it; give each its own");
        }
        if (board->rtu && other->baud != board->baud) {
            return bad_board(c, board, "baud", "boards on one serial line need the same");
        }
    }
    return true;
}

/* A broadcast opens this coil number on every board of the bus. */
static bool check_broadcast(const struct park *park, const struct park_board *board,
                            struct complaint *c)
{
    for (size_t i = 0; i < park->lane_count && board->fire_broadcast; i++) {
        const struct park_lane *entry = &park->lanes[i];
        const struct park_board *at = park_board(park, entry->board);
        if (at == NULL || is_exit(entry) || !park_same_bus(board, at)) {
            continue;
        }
        for (size_t k = 0; k < park->board_count; k++) {
            if (park_same_bus(board, &park->boards[k]) &&
                opens_exit(park, &park->boards[k], entry->open_coil)) {
                char coil[16];
                (void)snprintf(coil, sizeof(coil), "%u", entry->open_coil);
                return complain(c, ERROR_PARK_FIRE_BROADCAST, board->name.text, entry->name.text,
                                coil, NULL);
            }
        }
    }
    return true;
}

static bool check_bus(const struct park *park, const struct park_board *board, struct complaint *c)
{
    struct fire_bus bus;
    char worst[16];
    char limit[16];
    if (!bus_of(park, board, &bus)) {
        char most[48];
        (void)snprintf(most, sizeof(most), "more than %d boards on one bus", FIRE_BOARDS_MAX);
        return bad_board(c, board, "address", most);
    }
    if (!drives_exit(&bus)) {
        return true;
    }
    if (!hears_fire(&bus)) {
        return complain(c, ERROR_PARK_NO_FIRE_INPUT, board->name.text, NULL, NULL, NULL);
    }
    if (!fire_baud_is_enough(bus.baud)) {
        return bad_board(c, board, "baud",
                         "too slow to open exits in a fire: its boards cannot answer within 50 ms; "
                         "give 4800 or more");
    }
    (void)snprintf(worst, sizeof(worst), "%u", fire_worst_ms(&bus));
    (void)snprintf(limit, sizeof(limit), "%d", LIMIT_FIRE_MS);
    return fire_worst_ms(&bus) <= LIMIT_FIRE_MS ||
           complain(c, ERROR_PARK_FIRE_SLOW, board->name.text, worst, limit, NULL);
}

bool park_check_fire(const struct park *park, struct complaint *c)
{
    for (size_t i = 0; i < park->board_count; i++) {
        const struct park_board *board = &park->boards[i];
        if (board->rtu && (board->baud < BAUD_MIN || board->baud > BAUD_MAX)) {
            return bad_board(c, board, "baud", "give 1200 to 921600");
        }
        if (board->fire_broadcast && !board->rtu) {
            return bad_board(c, board, "fire_broadcast",
                             "only boards on a serial line (transport: rtu) hear a broadcast");
        }
        if (!check_points(park, board, c) || !check_neighbours(park, board, c) ||
            !check_broadcast(park, board, c) || !check_bus(park, board, c)) {
            return false;
        }
    }
    return true;
}

#include "common/access/fire_time.h"

#include "schema/limits.h"

enum {
    BITS_A_BYTE = 10,
    SILENCE_TENTHS = 35, /* of a character, before each frame */
    REQUEST_BYTES = 8,   /* a read, or a write of one coil */
    RELEASE_BYTES = 11,  /* a write of up to 16 coils */
    RELEASE_ANSWER_BYTES = 8,
    ANSWER_HEAD_BYTES = 5, /* unit, function, count, CRC */
};

uint32_t fire_wire_ms(uint32_t baud, uint32_t bytes)
{
    if (baud == 0) {
        return 0;
    }
    uint64_t tenths = (uint64_t)bytes * 10 + SILENCE_TENTHS;
    return (uint32_t)((tenths * BITS_A_BYTE * 1000 / 10 + baud - 1) / baud);
}

uint32_t fire_look_wait_ms(bool alone, uint32_t baud, uint32_t request, uint32_t answer)
{
    uint32_t wire_ms = fire_wire_ms(baud, request) + fire_wire_ms(baud, answer);
    return wire_ms + (alone ? FIRE_LOOK_ALONE_MS : FIRE_LOOK_MS);
}

uint32_t fire_write_wait_ms(uint32_t baud)
{
    return fire_wire_ms(baud, RELEASE_BYTES) + LIMIT_FIRE_UNIT_MS;
}

bool fire_baud_is_enough(uint32_t baud)
{
    return fire_wire_ms(baud, RELEASE_ANSWER_BYTES) + FIRE_ANSWER_MS <= LIMIT_FIRE_UNIT_MS;
}

static uint32_t levels_ms(const struct fire_bus *bus, const struct fire_board *board)
{
    uint32_t answer = ANSWER_HEAD_BYTES + (board->inputs + 7U) / 8U;
    return fire_look_wait_ms(bus->count == 1, bus->baud, REQUEST_BYTES, answer);
}

static uint32_t counters_ms(const struct fire_bus *bus, const struct fire_board *board)
{
    uint32_t answer = ANSWER_HEAD_BYTES + 2U * board->inputs;
    return board->has_counters
               ? fire_look_wait_ms(bus->count == 1, bus->baud, REQUEST_BYTES, answer)
               : 0;
}

/* A board alone on its line gives it up after a call without an answer: one such call. */
static uint32_t other_turn_ms(const struct fire_bus *bus)
{
    uint32_t longest = 0;
    for (uint16_t i = 0; i < bus->count; i++) {
        uint32_t both = levels_ms(bus, &bus->boards[i]);
        both += bus->count == 1 ? 0 : counters_ms(bus, &bus->boards[i]);
        longest = both > longest ? both : longest;
    }
    return longest;
}

/* It answers, or it would not have refused. */
static uint32_t one_by_one_ms(const struct fire_bus *bus, const struct fire_board *board)
{
    return board->in_runs * (2 * fire_wire_ms(bus->baud, REQUEST_BYTES) + FIRE_ANSWER_MS);
}

uint32_t fire_worst_ms(const struct fire_bus *bus)
{
    uint32_t poll_ms = 0;
    uint32_t looks_ms = 0;
    uint32_t writes_ms = 0;
    for (uint16_t i = 0; i < bus->count; i++) {
        const struct fire_board *board = &bus->boards[i];
        if (board->has_fire_input) {
            poll_ms = board->poll_ms > poll_ms ? board->poll_ms : poll_ms;
            looks_ms += levels_ms(bus, board);
        }
        writes_ms += board->runs * fire_write_wait_ms(bus->baud) + one_by_one_ms(bus, board);
    }
    return poll_ms + other_turn_ms(bus) + looks_ms + writes_ms;
}

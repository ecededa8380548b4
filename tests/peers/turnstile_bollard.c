#include "tests/peers/turnstile_bollard.h"

#include "tests/peers/peer_util.h"

const char *bollard_word(const struct board_lane *lane)
{
    static const char *const words[] = {"up", "sinking", "down", "rising"};

    return words[lane->position];
}

bool bollard_is_down(const struct board_lane *lane)
{
    return lane->position == BOLLARD_DOWN;
}

static void log_violation(struct board *board, struct board_lane *lane)
{
    lane->violations++;
    if (board->turn_log == NULL)
        return;
    fprintf(board->turn_log, "t_us=%lld lane=%s turn=%u pulse=%u kind=crushed\n",
            (long long)peer_wall_us(), lane->name, lane->turns, lane->pulses);
    if (fflush(board->turn_log) != 0)
        peer_die("the turn log cannot be written");
}

static void begin(struct board_lane *lane, enum bollard_position position, int64_t arrives_us)
{
    lane->position = position;
    lane->arrives_us = arrives_us;
}

void bollard_move(struct board *board, struct board_lane *lane, int64_t now_us)
{
    bool open = board->relays[lane->coil].on || lane->released;
    bool high = lane->position == BOLLARD_UP || lane->position == BOLLARD_RISING;

    if (!lane->bollard)
        return;
    if (open && high) {
        begin(lane, BOLLARD_SINKING, now_us + BOLLARD_SINK_US);
    } else if (!open && !high) {
        if (lane->vehicles > 0)
            log_violation(board, lane);
        begin(lane, BOLLARD_RISING, now_us + BOLLARD_RISE_US);
    } else if (lane->arrives_us <= now_us) {
        begin(lane, open ? BOLLARD_DOWN : BOLLARD_UP, PEER_NEVER);
    }
}

int64_t bollard_next(const struct board_lane *lane)
{
    return lane->bollard ? lane->arrives_us : PEER_NEVER;
}

void bollard_drive_on(struct board *board, struct board_lane *lane)
{
    lane->vehicles++;
    board_set_input(board, lane->crush, true);
}

void bollard_drive_off(struct board *board, struct board_lane *lane, int64_t now_us)
{
    if (lane->vehicles > 0)
        lane->vehicles--;
    board_set_input(board, lane->crush, lane->vehicles > 0);
    board_turn(board, lane, TURN_PASS, now_us);
}

void bollard_release(struct board *board, struct board_lane *lane, bool pulled, int64_t now_us)
{
    lane->released = pulled;
    board_set_input(board, lane->manual, pulled);
    bollard_move(board, lane, now_us);
}

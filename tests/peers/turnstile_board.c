#include "tests/peers/turnstile_board.h"

#include <string.h>

#include "tests/peers/peer_util.h"
#include "tests/peers/turnstile_bollard.h"

#define SOUND_US      50000 /* how long the register shows a sound before the board clears it */
#define FOLLOW_GAP_US 60000 /* between the first person and the tailgater */

static const char *const turn_names[] = {"pass", "tailgate", "forced"};

void board_power_up(struct board *board)
{
    for (size_t i = 0; i < BOARD_RELAYS; i++)
        board->relays[i] = (struct board_relay){.off_at_us = PEER_NEVER};
    for (size_t i = 0; i < BOARD_INPUTS; i++) {
        board->inputs[i].low_at_us =
            board->inputs[i].level ? board->inputs[i].low_at_us : PEER_NEVER;
        board->inputs[i].edges = board->counter_start;
    }
    for (size_t i = 0; i < BOARD_DISPLAYS; i++)
        board->displays[i] = (struct board_display){.quiet_at_us = PEER_NEVER};
    for (size_t i = 0; i < board->lane_count; i++)
        board->lanes[i].walk_at_us = PEER_NEVER;
}

/* --- lanes --- */

static const char *set_part(struct board_lane *lane, const char *part)
{
    const struct {
        const char *name;
        int *place;
        long limit;
    } parts[] = {
        {"coil=",    &lane->coil,    BOARD_RELAYS  },
        {"passage=", &lane->passage, BOARD_INPUTS  },
        {"tamper=",  &lane->tamper,  BOARD_INPUTS  },
        {"button=",  &lane->button,  BOARD_INPUTS  },
        {"held=",    &lane->held,    BOARD_INPUTS  },
        {"display=", &lane->display, BOARD_DISPLAYS},
        {"crush=",   &lane->crush,   BOARD_INPUTS  },
        {"manual=",  &lane->manual,  BOARD_INPUTS  },
    };

    if (strcmp(part, "frees") == 0) {
        lane->frees = true;
        return NULL;
    }
    if (strcmp(part, "bollard") == 0) {
        lane->bollard = true;
        return NULL;
    }

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        size_t length = strlen(parts[i].name);
        long value;

        if (strncmp(part, parts[i].name, length) != 0)
            continue;
        if (!peer_parse_long(part + length, 0, parts[i].limit - 1, &value))
            return "a number that the board has no relay, input or display for";
        *parts[i].place = (int)value;
        return NULL;
    }
    return "only coil=, passage=, tamper=, button=, held=, display=, crush=, manual=, frees and bollard are known";
}

static const char *parse_lane(struct board_lane *lane, const char *text)
{
    char copy[256];
    char *rest, *part;
    const char *wrong;

    if (strlen(text) >= sizeof copy)
        return "too long";
    snprintf(copy, sizeof copy, "%s", text);
    rest = strchr(copy, ':');
    if (rest == NULL || rest == copy || rest - copy >= (long)sizeof lane->name)
        return "a lane is NAME:coil=N,...";
    *rest++ = '\0';
    memcpy(lane->name, copy, strlen(copy) + 1);
    while ((part = strsep(&rest, ",")) != NULL) {
        wrong = set_part(lane, part);
        if (wrong != NULL)
            return wrong;
    }
    return lane->coil < 0 ? "coil= is missing" : NULL;
}

const char *board_add_lane(struct board *board, const char *text)
{
    struct board_lane lane = {
        .coil = -1,
        .passage = -1,
        .tamper = -1,
        .button = -1,
        .held = -1,
        .display = -1,
        .crush = -1,
        .manual = -1,
        .arrives_us = PEER_NEVER,
        .walk_at_us = PEER_NEVER,
        .follow_at_us = PEER_NEVER,
    };
    const char *wrong = parse_lane(&lane, text);

    if (wrong != NULL)
        return wrong;
    if (board->lane_count == BOARD_LANES_MAX)
        return "the board has 8 lanes";
    if (board_lane_find(board, lane.name) != NULL)
        return "there is a lane of this name already";
    for (size_t i = 0; i < board->lane_count; i++)
        if (board->lanes[i].coil == lane.coil)
            return "another lane has this coil";
    if (lane.display < 0)
        lane.display = lane.coil;
    lane.board = board;
    board->lanes[board->lane_count++] = lane;
    return NULL;
}

struct board_lane *board_lane_find(struct board *board, const char *name)
{
    for (; board != NULL; board = board->next)
        for (size_t i = 0; i < board->lane_count; i++)
            if (strcmp(board->lanes[i].name, name) == 0)
                return &board->lanes[i];
    return NULL;
}

/* --- relays and displays --- */

/* A new pulse: the arm may turn once, and whoever walks by himself sets out. */
static void begin_pulse(struct board *board, size_t relay, int64_t now_us)
{
    for (size_t i = 0; i < board->lane_count; i++) {
        struct board_lane *lane = &board->lanes[i];

        if ((size_t)lane->coil != relay)
            continue;
        lane->pulses++;
        lane->used = false;
        if (lane->walks)
            lane->walk_at_us = now_us + lane->walk_delay_us;
    }
}

static void switch_relay(struct board *board, size_t relay, bool on, int64_t off_at_us,
                         int64_t now_us)
{
    struct board_relay *r = &board->relays[relay];
    bool rises = on && !r->on;

    r->on = on;
    r->off_at_us = off_at_us;
    if (rises)
        begin_pulse(board, relay, now_us);
    for (size_t i = 0; i < board->lane_count; i++)
        if ((size_t)board->lanes[i].coil == relay)
            bollard_move(board, &board->lanes[i], now_us);
}

void board_set_relay(struct board *board, size_t relay, bool on, int64_t now_us)
{
    int64_t off_at_us = board->relays[relay].off_at_us;

    switch_relay(board, relay, on, board->stubborn && on ? off_at_us : PEER_NEVER, now_us);
}

void board_flash(struct board *board, size_t relay, uint16_t tenths, int64_t now_us)
{
    switch_relay(board, relay, true, now_us + (int64_t)tenths * 100000, now_us);
}

uint16_t board_flash_left(const struct board *board, size_t relay, int64_t now_us)
{
    const struct board_relay *r = &board->relays[relay];

    if (!r->on || r->off_at_us == PEER_NEVER || r->off_at_us <= now_us)
        return 0;
    return (uint16_t)((r->off_at_us - now_us + 99999) / 100000);
}

void board_set_sound(struct board *board, size_t display, uint16_t sound, int64_t now_us)
{
    struct board_display *d = &board->displays[display];

    d->sound = sound;
    d->quiet_at_us = PEER_NEVER;
    if (sound == SOUND_NONE)
        return;
    d->last_sound = sound;
    d->sounds++;
    d->quiet_at_us = now_us + SOUND_US;
}

/* --- inputs --- */

static void raise_input(struct board_input *input, int64_t low_at_us)
{
    if (!input->level)
        input->edges++;
    input->level = true;
    input->low_at_us = low_at_us;
}

void board_set_input(struct board *board, int input, bool level)
{
    if (input < 0)
        return;
    if (level)
        raise_input(&board->inputs[input], PEER_NEVER);
    else
        board->inputs[input].level = false;
}

void board_pulse_input(struct board *board, int input, int64_t length_us, int64_t now_us)
{
    if (input >= 0)
        raise_input(&board->inputs[input], now_us + length_us);
}

/* --- arms --- */

bool board_arm_is_turning(const struct board *board, const struct board_lane *lane)
{
    return lane->follow_at_us != PEER_NEVER ||
           (lane->passage >= 0 && board->inputs[lane->passage].level);
}

bool board_arm_is_free(const struct board *board, const struct board_lane *lane)
{
    return board->relays[lane->coil].on && !lane->used && !board_arm_is_turning(board, lane);
}

void board_turn(struct board *board, struct board_lane *lane, enum board_turn kind, int64_t now_us)
{
    lane->turns++;
    if (kind == TURN_PASS)
        lane->used = !(lane->frees && board->relays[lane->coil].off_at_us == PEER_NEVER);
    if (board->turn_log != NULL) {
        fprintf(board->turn_log, "t_us=%lld lane=%s turn=%u pulse=%u kind=%s\n",
                (long long)peer_wall_us(), lane->name, lane->turns, lane->pulses, turn_names[kind]);
        if (fflush(board->turn_log) != 0)
            peer_die("the turn log cannot be written");
    }
    board_pulse_input(board, lane->passage, board->pulse_us, now_us);
}

void board_follow(struct board *board, struct board_lane *lane, int64_t now_us)
{
    lane->follow_at_us = now_us + board->pulse_us + FOLLOW_GAP_US;
}

static void step_lane(struct board *board, struct board_lane *lane, int64_t now_us)
{
    if (lane->follow_at_us <= now_us) {
        lane->follow_at_us = PEER_NEVER;
        board_turn(board, lane, TURN_TAILGATE, now_us);
    }
    if (lane->walk_at_us > now_us)
        return;
    if (board_arm_is_free(board, lane)) {
        lane->walk_at_us = PEER_NEVER;
        board_turn(board, lane, TURN_PASS, now_us);
    } else if (!board->relays[lane->coil].on || lane->used) {
        lane->walk_at_us = PEER_NEVER; /* locked again before he came, or another went through */
    }
}

void board_step(struct board *board, int64_t now_us)
{
    for (size_t i = 0; i < BOARD_INPUTS; i++) {
        struct board_input *input = &board->inputs[i];

        if (input->level && input->low_at_us <= now_us) {
            input->level = false;
            input->low_at_us = PEER_NEVER;
        }
    }
    for (size_t i = 0; i < board->lane_count; i++)
        step_lane(board, &board->lanes[i], now_us);
    for (size_t i = 0; i < BOARD_RELAYS; i++)
        if (board->relays[i].on && board->relays[i].off_at_us <= now_us)
            switch_relay(board, i, false, PEER_NEVER, now_us);
    for (size_t i = 0; i < board->lane_count; i++)
        bollard_move(board, &board->lanes[i], now_us);
    for (size_t i = 0; i < BOARD_DISPLAYS; i++)
        if (board->displays[i].quiet_at_us <= now_us) {
            board->displays[i].sound = SOUND_NONE;
            board->displays[i].quiet_at_us = PEER_NEVER;
        }
}

int64_t board_next(const struct board *board)
{
    int64_t next = PEER_NEVER;

    for (size_t i = 0; i < BOARD_RELAYS; i++)
        next = peer_sooner(next, board->relays[i].on ? board->relays[i].off_at_us : PEER_NEVER);
    for (size_t i = 0; i < BOARD_INPUTS; i++)
        next = peer_sooner(next, board->inputs[i].level ? board->inputs[i].low_at_us : PEER_NEVER);
    for (size_t i = 0; i < BOARD_DISPLAYS; i++)
        next = peer_sooner(next, board->displays[i].quiet_at_us);
    for (size_t i = 0; i < board->lane_count; i++) {
        const struct board_lane *lane = &board->lanes[i];

        next = peer_sooner(next, lane->follow_at_us);
        next = peer_sooner(next, bollard_next(lane));
        if (!board_arm_is_turning(board, lane)) /* else the end of the turn wakes us */
            next = peer_sooner(next, lane->walk_at_us);
    }
    return next;
}

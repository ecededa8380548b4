/* The turnstile board: relays, inputs, counters, displays, and the arms behind them. No descriptors
 * and no clock here; times are microseconds of the monotonic clock, given by the caller.
 *
 * An arm: each time a lane's relay goes from off to on (a pulse) the arm lets one person through
 * for as long as the relay stays on. Writing flash-on again while the relay is on lengthens the
 * pulse and starts no new one. A turn holds the passage input high for pulse_us. */
#ifndef PEERS_TURNSTILE_BOARD_H
#define PEERS_TURNSTILE_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define BOARD_RELAYS     8
#define BOARD_INPUTS     32
#define BOARD_DISPLAYS   8
#define BOARD_LANES_MAX  8
#define BOARD_LINES      2
#define BOARD_LINE_UNITS 32
#define BOARD_FLASH_MAX  600

enum board_colour { COLOUR_OFF, COLOUR_GREEN, COLOUR_RED, COLOUR_YELLOW, COLOUR_COUNT };
enum board_sound { SOUND_NONE, SOUND_SHORT, SOUND_LONG, SOUND_DOUBLE, SOUND_COUNT };
enum bollard_position { BOLLARD_UP, BOLLARD_SINKING, BOLLARD_DOWN, BOLLARD_RISING };
enum board_turn { TURN_PASS, TURN_TAILGATE, TURN_FORCED };

struct board_relay {
    bool on;
    int64_t off_at_us; /* PEER_NEVER: stays until written */
};

struct board_input {
    bool level;
    int64_t low_at_us; /* end of a pulse; PEER_NEVER: a level */
    uint16_t edges;
};

struct board_display {
    uint16_t colour;
    uint16_t sound;      /* what the register shows: cleared when played */
    uint16_t last_sound; /* what was played last */
    uint32_t sounds;     /* how many were played */
    int64_t quiet_at_us;
    uint16_t line[BOARD_LINES][BOARD_LINE_UNITS];
};

struct board_lane {
    char name[64];
    struct board *board; /* that it is on */
    int coil; /* -1: none; the same for the others */
    int passage;
    int tamper;
    int button;
    int held;
    int display;
    uint32_t pulses;
    bool frees; /* turns for everybody while the relay is held on, not pulsed */
    bool used;  /* the turn of this pulse has been taken */
    uint32_t turns;
    uint32_t refused; /* pushes against a locked arm */
    bool walks;       /* somebody walks through at each pulse */
    int64_t walk_delay_us;
    int64_t walk_at_us;   /* PEER_NEVER: nobody is on the way */
    int64_t follow_at_us; /* the tailgater's turn */
    bool bollard;         /* the rest is its */
    int crush, manual;    /* inputs; -1: none */
    bool released;        /* by hand */
    enum bollard_position position;
    int64_t arrives_us; /* where it is moving to */
    uint32_t vehicles;  /* stand on it */
    uint32_t violations; /* began to rise under a vehicle */
};

struct board {
    int unit;
    int mute;           /* enum wire_mute */
    struct board *next; /* on the same line; NULL: the last */
    struct board_relay relays[BOARD_RELAYS];
    struct board_input inputs[BOARD_INPUTS];
    struct board_display displays[BOARD_DISPLAYS];
    struct board_lane lanes[BOARD_LANES_MAX];
    size_t lane_count;
    int64_t pulse_us;
    uint16_t counter_start;
    int fire;  /* input of the fire panel's closed loop; -1: none */
    int reset; /* of the key switch */
    bool stubborn; /* a running flash-on ends in off, whatever was written to the coil meanwhile */
    FILE *turn_log; /* NULL: none */
};

/* Power-up: relays off, displays dark, counters at counter_start. Lanes and the arms' own counts of
 * turns and pulses stay: the arm is not the board. */
void board_power_up(struct board *board);

/* Adds a lane from
 * NAME:coil=0,passage=0[,tamper=1][,button=2][,held=3][,display=0][,frees][,bollard,crush=4,manual=5]. Without
 * display= it has the display of its coil's number. NULL if it is sound, else what is wrong. */
const char *board_add_lane(struct board *board, const char *text);
/* NULL if there is no lane of this name on this board or those behind it. */
struct board_lane *board_lane_find(struct board *board, const char *name);

/* Writes to the board, as the wire or the board's own timer does. */
void board_set_relay(struct board *board, size_t relay, bool on, int64_t now_us);
void board_flash(struct board *board, size_t relay, uint16_t tenths, int64_t now_us);
/* What the flash-on register reads: tenths of a second left, rounded up. */
uint16_t board_flash_left(const struct board *board, size_t relay, int64_t now_us);
void board_set_sound(struct board *board, size_t display, uint16_t sound, int64_t now_us);

/* An input: a level that stays, or a pulse. A rising edge counts. */
void board_set_input(struct board *board, int input, bool level);
void board_pulse_input(struct board *board, int input, int64_t length_us, int64_t now_us);

/* True if a person who pushes now would get through. */
bool board_arm_is_free(const struct board *board, const struct board_lane *lane);
/* True while the arm is turning or the passage input is high. */
bool board_arm_is_turning(const struct board *board, const struct board_lane *lane);
/* Turns the arm, whatever its state; counts, pulses the passage input and writes the turn log. */
void board_turn(struct board *board, struct board_lane *lane, enum board_turn kind, int64_t now_us);
/* A second person follows through the same opening as soon as the first has passed. */
void board_follow(struct board *board, struct board_lane *lane, int64_t now_us);

/* Does all that is due by now_us. */
void board_step(struct board *board, int64_t now_us);
/* When the next thing is due; PEER_NEVER: nothing is. */
int64_t board_next(const struct board *board);

#endif

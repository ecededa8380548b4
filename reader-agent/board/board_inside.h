/* board_inside: what the two halves of board share: board.c, its turn; board_fire.c, what fire and
 * evacuation do to it. For nobody else. */
#pragma once

#include "reader-agent/board/board.h"
#include "reader-agent/board/bus.h"
#include "reader-agent/board/hold.h"
#include "reader-agent/board/opener.h"
#include "reader-agent/board/panel.h"
#include "reader-agent/board/station.h"

enum { BOARD_CONNECT_FIRST_MS = 100, BOARD_CONNECT_MOST_MS = 5000 };

/* The inputs that are looked at: one read of each kind. */
struct range {
    uint16_t first;
    uint16_t count;
};

struct board {
    struct board_ops ops;
    struct name name;
    bool has_setup;
    struct helper_board setup;
    bool has_counters; /* the setup says so, and the board did not say otherwise */
    struct bus *bus;
    struct bus_unit unit;
    struct station *station;
    struct opener opener;
    struct panel panel;
    struct range inputs;
    bool up;     /* connected, as the station knows it */
    bool looked; /* since the last connect */
    struct mono look_at;
    struct mono connect_at;
    uint32_t connect_wait_ms;
    struct station_counts counts;
    bool watched;               /* a device test wants to see the inputs */
    struct helper_message seen; /* LEVELS as said last; kind 0: not yet */
    struct board_fire fire;
    bool key_level, key_known; /* of the key switch, at the last look */
    struct fire_kept kept;
    bool to_keep; /* not written yet */
    struct hold hold;
    uint32_t released; /* lanes whose coil is ours: held, or to be let go */
    bool reached;      /* the board confirmed the last release of every exit */
    bool refuses;      /* ... answered, but refused one */
    uint8_t misses;    /* running */
    bool miss_told;
    unsigned shows;      /* what people were told of it */
    struct mono hold_at; /* then it is written again */
};

/* board.c */
struct station_now board_now(const struct board *board);
/* To people: what fire and evacuation hold comes before `what`. */
void board_say_up(struct board *board, const char *what);
void board_say_down(struct board *board, const char *what);
/* After every call of the bus: one that broke it ends the connection of this board. */
void board_check_line(struct board *board, const struct fault *fault);
/* The calls of the bus are this board's; the line is made anew if a neighbour broke it. */
bool board_has_line(struct board *board, struct fault *fault);

/* board_fire.c */
/* Lanes that are held no more, as far as the board hears it; ERR_IO: it does not. */
MUST_CHECK enum err board_let_go(struct board *board, struct fault *fault);
/* Before another setup is taken: coils that are held stay so under the names of their lanes. One
 * that belongs to no exit of `setup` is switched off, if the board hears it. */
void board_move_held(struct board *board, const struct helper_board *setup);
/* What fire and evacuation ask of the lanes that there are now. Nothing is written here. */
void board_hold_anew(struct board *board);
void board_take_order(struct board *board, const struct helper_release *order);
/* The loop is closed while all is well; the key counts when it is turned, not while it is held. */
void board_note_fire(struct board *board, const struct sensed *sensed);
/* A coil that is held is written again; a board that came back hears of what is over. */
void board_tend_hold(struct board *board);

/* outer: the seams between what stands in for the outermost shell and the simulation. */
#pragma once

#include "common/base/loop.h"
#include "schema/helper.h"

/* --- outer_loop.c --- */

/* When its next timer is due, by its own clock; INT64_MAX: never. */
int64_t outer_loop_next(const struct loop *loop);
/* Timers of this period come later: nothing happens there, and time is dear. */
void outer_loop_put_off(struct loop *loop, int64_t period_ms, int64_t by_ms);
/* One turn: due timers, ready sources, the end of the turn. `ran`: a source was worked off already.
 */
void outer_loop_turn(struct loop *loop, bool ran);

/* --- wire.c --- */
bool outer_socket_is_ready(const void *socket);

/* --- port.c --- */
bool outer_fd_is_ready(int fd);
struct helper_port;
/* Messages of a gate's helpers, given to its drivers. */
void outer_port_joined(unsigned gate, enum helper_program program, struct name name);
void outer_port_heard(unsigned gate, struct name name, const struct helper_message *message);
void outer_port_lost(unsigned gate, struct name name, const char *what);

/* --- gates.c: a helper speaks to its gate, after so long --- */
void outer_say_joined(unsigned gate, enum helper_program program, struct name name,
                      int64_t after_us);
void outer_say_lost(unsigned gate, struct name name, int64_t after_us);
void outer_say(unsigned gate, struct name name, const struct helper_message *message,
               int64_t after_us);

/* --- boards.c: what the gate's end of the socket tells the helper, and whom it wants --- */
void outer_helper_wanted(unsigned gate, enum helper_program program, struct name name);
/* False: that helper is not there. */
bool outer_helper_told(unsigned gate, struct name name, const struct helper_message *message);
void outer_helpers_left(unsigned gate); /* the agent's end is gone */

/* --- boards.c and iron.c, to each other --- */
/* A relay was switched on for one person. */
void outer_relay_on(unsigned gate, unsigned lane);
/* The board's process looks at its inputs, as far as it says. */
bool outer_board_sees(unsigned gate);
void outer_board_looks(unsigned gate);
void outer_board_look_soon(unsigned gate);
/* By its process; true: also while there is none. */
bool outer_board_is_latched(unsigned gate);
/* Since when its process runs, knows its lanes, and is answered; INT64_MAX: it is not so. */
int64_t outer_board_whole_since(unsigned gate);
void iron_reset(void);
void iron_mute(unsigned gate, bool mute);
bool iron_is_mute(unsigned gate);
void iron_fire(unsigned gate, bool fire);
bool iron_burns(unsigned gate);
void iron_turn_key(unsigned gate);

/* The gate whose code runs now. */
unsigned outer_gate_now(void);

/* loop: one thread, one loop, over file descriptors, ZeroMQ sockets and timers.
 *
 * A turn is: wait; read both clocks once; run due timers; run the handlers of what is ready; run
 * the end-of-turn handlers (where a batch is committed). A handler does a bounded piece of work and
 * returns; it may add and remove sources and timers, its own included.
 *
 * Caveats: all calls from the thread that runs the loop. Handlers must drain a bounded number of
 * messages: the loop polls level-triggered, so what is left wakes the next turn.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/err.h"

enum { LOOP_SOURCES_MAX = 256, LOOP_TIMERS_MAX = 512, LOOP_TURN_ENDS_MAX = 8 };
enum loop_events { LOOP_READ = 1, LOOP_WRITE = 2 };

struct loop;

/* Borrowed for the loop's life: clock. ERR_IO: out of memory. */
MUST_CHECK enum err loop_create(const struct clock *clock, struct loop **ret_loop,
                                struct fault *fault);
void loop_destroy(struct loop **loop);

/* `ready` gets LOOP_READ and/or LOOP_WRITE; errors and hang-ups arrive as LOOP_READ. ERR_FULL: over
 * LOOP_SOURCES_MAX. The fd stays the caller's; remove it before closing it. */
MUST_CHECK enum err loop_add_fd(struct loop *loop, int fd, unsigned events,
                                void (*ready)(void *ctx, unsigned events), void *ctx);
/* Changes what a known fd waits for. Unknown: aborts. */
void loop_want_fd(struct loop *loop, int fd, unsigned events);
void loop_remove_fd(struct loop *loop, int fd);
MUST_CHECK enum err loop_add_socket(struct loop *loop, void *zmq_socket,
                                    void (*ready)(void *ctx, unsigned events), void *ctx);
void loop_remove_socket(struct loop *loop, void *zmq_socket);

/* Runs `due` after `delay_ms`, then every `period_ms` (0: once). Returns an id above 0 for
 * loop_cancel. Over LOOP_TIMERS_MAX is our own bug: aborts. */
uint64_t loop_after(struct loop *loop, int64_t delay_ms, int64_t period_ms, void (*due)(void *ctx),
                    void *ctx);
/* Unknown or done ids are ignored. */
void loop_cancel(struct loop *loop, uint64_t timer);

/* Runs at the end of every turn in which something ran. */
void loop_at_turn_end(struct loop *loop, void (*end)(void *ctx), void *ctx);

/* Times of this turn. */
struct mono loop_mono(const struct loop *loop);
struct wall loop_wall(const struct loop *loop);

/* Stops the loop on SIGTERM and SIGINT (blocked and read by signalfd). SIGPIPE is ignored. */
MUST_CHECK enum err loop_stop_on_signals(struct loop *loop, struct fault *fault);

/* Runs until loop_stop(). ERR_IO: waiting failed. */
MUST_CHECK enum err loop_run(struct loop *loop, struct fault *fault);
void loop_stop(struct loop *loop);

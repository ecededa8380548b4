/* agent_line: a helper program's line to the agent: connects, says HELLO, keeps the heartbeat, and
 * connects again whenever the agent went away. Never blocks. */
#pragma once

#include "common/base/clock.h"
#include "schema/helper.h"

struct agent_line;

struct agent_ear {
    /* WELCOME was heard: say your state, resend what waits. */
    void (*up)(void *ctx);
    void (*message)(void *ctx, const struct helper_message *message);
    /* NULL: none. True: this one, and whatever comes after it, waits for agent_line_take(). */
    bool (*waits)(void *ctx, const struct helper_message *message);
    void *ctx;
};

/* `socket_path` is copied. Goes to its directory, so that the line can be made anew after
 * privileges were given up. Never fails; aborts without memory. */
struct agent_line *agent_line_create(const char *socket_path, enum helper_program program,
                                     struct name name, struct agent_ear ear);
void agent_line_destroy(struct agent_line **line);

/* Does what is due and hears what came, up to a message that waits: call it when agent_line_fd() is
 * readable and after agent_line_wait_ms(). */
void agent_line_turn(struct agent_line *line, struct mono now);

/* There is a message that waits: nothing behind it is heard, nor is the agent found silent. */
bool agent_line_has_message(const struct agent_line *line);
/* Hears that message now. */
void agent_line_take(struct agent_line *line, struct mono now);

/* -1 while there is no connection. Changes with every agent_line_turn() and agent_line_say(). */
int agent_line_fd(const struct agent_line *line);
int64_t agent_line_wait_ms(const struct agent_line *line, struct mono now);

/* The agent said WELCOME and is heard. */
bool agent_line_is_up(const struct agent_line *line);

/* False: there is no agent, or it does not read; nothing was sent. */
bool agent_line_say(struct agent_line *line, const struct helper_message *message);

#include "reader-agent/helper/agent_line.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/must.h"
#include "common/base/packet.h"

enum { RETRY_MS = 100, MESSAGES_PER_TURN = 64 };

struct agent_line {
    char path[PATH_MAX];
    const char *file; /* of the path */
    enum helper_program program;
    struct name name;
    struct agent_ear ear;
    int fd;
    bool up;
    struct mono next_try;  /* not connected */
    struct mono heartbeat; /* connected: say one then */
    struct mono silent_at; /* connected: the agent is gone then */
    bool holds;
    struct helper_message held; /* waits for agent_line_take() */
};

/* Privileges are given up later, and with them perhaps the way here. */
static void enter_directory(struct agent_line *line)
{
    char *slash = strrchr(line->path, '/');
    line->file = line->path;
    if (slash == NULL || slash == line->path) {
        return;
    }
    *slash = '\0';
    if (chdir(line->path) == 0) {
        line->file = slash + 1;
    }
    *slash = '/';
}

struct agent_line *agent_line_create(const char *socket_path, enum helper_program program,
                                     struct name name, struct agent_ear ear)
{
    struct agent_line *line = calloc(1, sizeof(*line));
    MUST(line != NULL);
    /* A path that is cut here does not exist, and is told of by every connect. */
    (void)snprintf(line->path, sizeof(line->path), "%s", socket_path);
    enter_directory(line);
    line->program = program;
    line->name = name;
    line->ear = ear;
    line->fd = -1;
    return line;
}

static void hang_up(struct agent_line *line)
{
    if (line->fd >= 0) {
        close(line->fd);
        line->fd = -1;
    }
    line->up = false;
}

void agent_line_destroy(struct agent_line **line)
{
    if (*line != NULL) {
        hang_up(*line);
        free(*line);
        *line = NULL;
    }
}

static enum err send_message(struct agent_line *line, const struct helper_message *message)
{
    uint8_t frame[HELPER_FRAME_BYTES];
    size_t size = helper_pack(message, frame);
    return packet_send(line->fd, (struct bytes){.data = frame, .size = size});
}

static void call_agent(struct agent_line *line, struct mono now)
{
    line->next_try = mono_after_ms(now, RETRY_MS);
    if (packet_connect(line->path, &line->fd, NULL) != ERR_OK &&
        packet_connect(line->file, &line->fd, NULL) != ERR_OK) {
        return;
    }
    const struct helper_message hello = {
        .kind = HELPER_SAYS_HELLO,
        .hello = {.program = line->program, .name = line->name, .pid = (uint32_t)getpid()}
    };
    if (send_message(line, &hello) != ERR_OK) {
        hang_up(line);
        return;
    }
    line->heartbeat = mono_after_ms(now, HELPER_HEARTBEAT_MS);
    line->silent_at = mono_after_ms(now, HELPER_SILENCE_MS);
}

static void take(struct agent_line *line, const struct helper_message *message)
{
    if (message->kind == HELPER_SAYS_WELCOME) {
        line->up = true;
        line->ear.up(line->ear.ctx);
    } else if (message->kind != HELPER_SAYS_HEARTBEAT && line->up) {
        line->holds = line->ear.waits != NULL && line->ear.waits(line->ear.ctx, message);
        if (line->holds) {
            line->held = *message;
        } else {
            line->ear.message(line->ear.ctx, message);
        }
    }
}

/* False: nothing more to take now. */
static bool take_one(struct agent_line *line, struct mono now)
{
    uint8_t frame[HELPER_FRAME_BYTES];
    size_t size = 0;
    enum err err = packet_receive(line->fd, frame, sizeof(frame), &size);
    if (err == ERR_NOT_FOUND) {
        return false;
    }
    struct helper_message message;
    if (err == ERR_OK) {
        err = helper_unpack((struct bytes){.data = frame, .size = size}, &message, NULL);
    }
    if (err == ERR_OK) {
        line->silent_at = mono_after_ms(now, HELPER_SILENCE_MS);
        take(line, &message);
        /* It may have been a card's key. */
        explicit_bzero(frame, size);
        explicit_bzero(&message, sizeof(message));
    } else if (err != ERR_UNSUPPORTED) {
        hang_up(line);
    }
    return line->fd >= 0;
}

static void keep_alive(struct agent_line *line, struct mono now)
{
    if (!line->holds && !mono_before(now, line->silent_at)) { /* else its beats are not heard yet */
        hang_up(line);
        return;
    }
    if (!mono_before(now, line->heartbeat)) {
        const struct helper_message beat = {.kind = HELPER_SAYS_HEARTBEAT};
        line->heartbeat = mono_after_ms(now, HELPER_HEARTBEAT_MS);
        if (send_message(line, &beat) == ERR_IO) {
            hang_up(line);
        }
    }
}

void agent_line_turn(struct agent_line *line, struct mono now)
{
    if (line->fd < 0 && !mono_before(now, line->next_try)) {
        call_agent(line, now);
    }
    for (int i = 0; i < MESSAGES_PER_TURN && line->fd >= 0 && !line->holds; i++) {
        if (!take_one(line, now)) {
            break;
        }
    }
    if (line->fd >= 0) {
        keep_alive(line, now);
    }
}

bool agent_line_has_message(const struct agent_line *line)
{
    return line->holds;
}

void agent_line_take(struct agent_line *line, struct mono now)
{
    struct helper_message message = line->held;
    MUST(line->holds);
    line->holds = false;
    line->silent_at = mono_after_ms(now, HELPER_SILENCE_MS);
    line->ear.message(line->ear.ctx, &message);
}

int agent_line_fd(const struct agent_line *line)
{
    return line->fd;
}

int64_t agent_line_wait_ms(const struct agent_line *line, struct mono now)
{
    struct mono due = line->next_try;
    if (line->fd >= 0) {
        due = mono_before(line->heartbeat, line->silent_at) ? line->heartbeat : line->silent_at;
    }
    return mono_before(now, due) ? (due.us - now.us + 999) / 1000 : 0;
}

bool agent_line_is_up(const struct agent_line *line)
{
    return line->up;
}

bool agent_line_say(struct agent_line *line, const struct helper_message *message)
{
    if (!line->up) {
        return false;
    }
    enum err err = send_message(line, message);
    if (err == ERR_IO) {
        hang_up(line);
    }
    return err == ERR_OK;
}

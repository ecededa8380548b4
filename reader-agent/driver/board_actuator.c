#include "reader-agent/driver/board_actuator.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "reader-agent/driver/board_indicator.h"
#include "reader-agent/driver/device_states.h"

enum { OPENINGS_MAX = 64 };

/* Sent to a helper, not answered yet. */
struct sent {
    bool used;
    struct name board;
    struct name lane;
    struct grant_id grant;
};

struct board_actuator {
    struct helper_port *port;
    struct driver_sink states_sink;
    struct actuator_sink sink;
    struct device_states states;
    size_t count;
    struct board_config boards[LIMIT_HELPERS_PER_AGENT];
    struct sent sent[OPENINGS_MAX];
    bool has_emergency; /* the agent said one */
    struct board_emergency emergency;
    bool (*concerns)(void *ctx, struct name lane);
    void *concerns_ctx;
};

static struct board_config *find_board(struct board_actuator *boards, struct name name)
{
    for (size_t i = 0; i < boards->count; i++) {
        if (name_equal(boards->boards[i].board, name)) {
            return &boards->boards[i];
        }
    }
    return NULL;
}

static const struct helper_lane *find_lane(const struct board_actuator *boards, struct name lane,
                                           const struct board_config **ret_board)
{
    for (size_t i = 0; i < boards->count; i++) {
        const struct helper_board *setup = &boards->boards[i].setup;
        for (size_t k = 0; k < setup->lane_count; k++) {
            if (name_equal(setup->lanes[k].name, lane)) {
                *ret_board = &boards->boards[i];
                return &setup->lanes[k];
            }
        }
    }
    return NULL;
}

/* What a board does not hear now it is told again: a setup when it joins, an acknowledgement when
 * it repeats its report. */
static void tell(struct board_actuator *boards, struct name board,
                 const struct helper_message *message)
{
    struct fault fault = {.code = ERR_OK};
    if (helper_port_send(boards->port, board, message, &fault) == ERR_BUSY) {
        log_warning("board_not_told", LOG_TEXT("board", board.text), LOG_TEXT("why", fault.what));
    }
}

static void send_setup(struct board_actuator *boards, const struct board_config *config)
{
    const struct helper_message message = {.kind = helper_board_kind(&config->setup),
                                           .board = config->setup};
    tell(boards, config->board, &message);
}

/* What of the emergency is this board's. */
static void send_release(struct board_actuator *boards, const struct board_config *config)
{
    const struct board_emergency *emergency = &boards->emergency;
    struct helper_message message = {
        .kind = HELPER_SAYS_RELEASE,
        .release = {.number = emergency->number,
                    .state = emergency->state,
                    .end = emergency->end,
                    .admits = emergency->admits}
    };
    if (!boards->has_emergency) {
        return;
    }
    for (size_t i = 0; i < config->setup.lane_count; i++) {
        struct name lane = config->setup.lanes[i].name;
        if (emergency->state != EMERGENCY_NONE &&
            (boards->concerns == NULL || boards->concerns(boards->concerns_ctx, lane))) {
            message.release.lanes[message.release.lane_count++] = lane;
        }
    }
    tell(boards, config->board, &message);
}

void board_actuator_emergency(struct board_actuator *boards,
                              const struct board_emergency *emergency,
                              bool (*concerns)(void *ctx, struct name lane), void *ctx)
{
    boards->emergency = *emergency;
    boards->has_emergency = true;
    boards->concerns = concerns;
    boards->concerns_ctx = ctx;
    for (size_t i = 0; i < boards->count; i++) {
        send_release(boards, &boards->boards[i]);
    }
}

/* What helpers say */

static void board_joined(void *self, struct name name)
{
    struct board_actuator *boards = self;
    const struct board_config *config = find_board(boards, name);
    if (config != NULL) {
        send_setup(boards, config);
        send_release(boards, config);
    }
}

static void board_lost(void *self, struct name name, const char *what)
{
    struct board_actuator *boards = self;
    for (size_t i = 0; i < OPENINGS_MAX; i++) {
        struct sent *sent = &boards->sent[i];
        if (sent->used && name_equal(sent->board, name)) {
            sent->used = false;
            boards->sink.opened(boards->sink.ctx, sent->lane, sent->grant, OPEN_LOST);
        }
    }
    device_states_say(&boards->states, &boards->states_sink, name, DEVICE_DOWN, what);
}

static void take_state(struct board_actuator *boards, struct name board,
                       const struct helper_message *message)
{
    device_states_say(&boards->states, &boards->states_sink, board, message->state.state,
                      message->state.what);
}

static void take_open_result(struct board_actuator *boards, struct name board,
                             const struct helper_message *message)
{
    const struct helper_open_result *result = &message->open_result;
    for (size_t i = 0; i < OPENINGS_MAX; i++) {
        struct sent *sent = &boards->sent[i];
        if (sent->used && name_equal(sent->board, board) &&
            grant_id_equal(sent->grant, result->grant)) {
            sent->used = false;
            boards->sink.opened(boards->sink.ctx, sent->lane, sent->grant, result->result);
            return;
        }
    }
}

/* A board speaks for its own lanes only. */
static bool is_lane_of(const struct board_actuator *boards, struct name board, struct name lane)
{
    const struct board_config *config = NULL;
    return find_lane(boards, lane, &config) != NULL && name_equal(config->board, board);
}

static void take_button(struct board_actuator *boards, struct name board,
                        const struct helper_message *message)
{
    const struct helper_button *button = &message->button;
    if (is_lane_of(boards, board, button->lane)) {
        boards->sink.button(boards->sink.ctx, button->lane, button->press, button->at);
    }
}

static void take_report(struct board_actuator *boards, struct name board,
                        const struct helper_message *message)
{
    const struct helper_message ack = {.kind = HELPER_SAYS_REPORT_ACK,
                                       .report_ack = {.number = message->report.number}};
    /* A lane that is no longer configured is the agent's to judge: the turn did happen. */
    if (boards->sink.report(boards->sink.ctx, board, &message->report, NULL) == ERR_OK) {
        tell(boards, board, &ack);
    }
}

static void board_message(void *self, struct name name, const struct helper_message *message)
{
    static void (*const handlers[])(struct board_actuator *, struct name,
                                    const struct helper_message *) = {
        [HELPER_SAYS_STATE] = take_state,
        [HELPER_SAYS_OPEN_RESULT] = take_open_result,
        [HELPER_SAYS_BUTTON] = take_button,
        [HELPER_SAYS_REPORT] = take_report,
    };
    if (message->kind < ARRAY_LEN(handlers) && handlers[message->kind] != NULL) {
        handlers[message->kind](self, name, message);
    }
}

/* Making and configuring */

struct board_actuator *board_actuator_create(struct helper_port *port,
                                             const struct driver_sink *states,
                                             const struct actuator_sink *sink)
{
    struct board_actuator *boards = calloc(1, sizeof(*boards));
    MUST(boards != NULL);
    boards->port = port;
    boards->states_sink = *states;
    boards->sink = *sink;
    helper_port_listen(port, (struct helper_ear){.program = HELPER_BOARD,
                                                 .joined = board_joined,
                                                 .lost = board_lost,
                                                 .message = board_message,
                                                 .self = boards});
    return boards;
}

void board_actuator_destroy(struct board_actuator **boards)
{
    if (*boards != NULL) {
        helper_port_listen((*boards)->port, (struct helper_ear){.program = HELPER_BOARD});
        free(*boards);
        *boards = NULL;
    }
}

static void drop_unlisted(struct board_actuator *boards, const struct board_config *list,
                          size_t count)
{
    for (size_t i = 0; i < boards->count; i++) {
        struct name name = boards->boards[i].board;
        bool listed = false;
        for (size_t k = 0; k < count && !listed; k++) {
            listed = name_equal(list[k].board, name);
        }
        if (!listed) {
            board_lost(boards, name, "no longer configured");
            helper_port_drop(boards->port, name);
            device_states_forget(&boards->states, name);
        }
    }
}

static bool same_bus(const struct helper_board *a, const struct helper_board *b)
{
    return a->transport == b->transport && strcmp(a->address, b->address) == 0;
}

/* The first board of a bus gives its process the name. */
static const struct board_config *carrier_of(const struct board_actuator *boards,
                                             const struct board_config *config)
{
    const struct board_config *first = boards->boards;
    while (!same_bus(&first->setup, &config->setup)) {
        first++;
    }
    return first;
}

static enum err count_neighbours(struct board_actuator *boards, struct fault *fault)
{
    for (size_t i = 0; i < boards->count; i++) {
        size_t count = 0;
        for (size_t k = 0; k < boards->count; k++) {
            if (same_bus(&boards->boards[i].setup, &boards->boards[k].setup)) {
                count++;
            }
        }
        if (count > HELPER_BOARDS_PER_BUS) {
            return fault_set(fault, ERR_FULL, "over %d boards on the bus of %s",
                             HELPER_BOARDS_PER_BUS, boards->boards[i].board.text);
        }
        boards->boards[i].setup.bus_boards = (uint8_t)count;
    }
    return ERR_OK;
}

/* Who is served by another's process first: that one's command line names them. */
static enum err want_processes(struct board_actuator *boards, struct fault *fault)
{
    for (size_t i = 0; i < boards->count; i++) {
        const struct board_config *config = &boards->boards[i];
        const struct board_config *carrier = carrier_of(boards, config);
        if (carrier != config) {
            TRY(helper_port_carry(boards->port, HELPER_BOARD, config->board, carrier->board,
                                  fault));
        }
    }
    for (size_t i = 0; i < boards->count; i++) {
        const struct board_config *config = &boards->boards[i];
        if (carrier_of(boards, config) == config) {
            TRY(helper_port_want(boards->port, HELPER_BOARD, config->board, NULL, fault));
        }
    }
    return ERR_OK;
}

enum err board_actuator_configure(struct board_actuator *boards, const struct board_config *list,
                                  size_t count, struct fault *fault)
{
    if (count > LIMIT_HELPERS_PER_AGENT) {
        return fault_set(fault, ERR_FULL, "over %d boards at one gate", LIMIT_HELPERS_PER_AGENT);
    }
    drop_unlisted(boards, list, count);
    memcpy(boards->boards, list, count * sizeof(list[0]));
    boards->count = count;
    TRY(count_neighbours(boards, fault));
    TRY(want_processes(boards, fault));
    for (size_t i = 0; i < count; i++) {
        send_setup(boards, &boards->boards[i]); /* the helper sees for itself whether it is news */
    }
    return ERR_OK;
}

/* Actuator and indicator */

static struct sent *free_sent(struct board_actuator *boards)
{
    for (size_t i = 0; i < OPENINGS_MAX; i++) {
        if (!boards->sent[i].used) {
            return &boards->sent[i];
        }
    }
    return NULL;
}

/* Sends `message`, which its board answers by OPEN_RESULT. */
static enum err send_opening(struct board_actuator *boards, struct name lane, struct grant_id grant,
                             const struct helper_message *message, struct fault *fault)
{
    const struct board_config *config = NULL;
    MUST(!grant_id_is_none(grant));
    if (find_lane(boards, lane, &config) == NULL) {
        return fault_set(fault, ERR_NOT_FOUND, "lane %s is on no board of this gate", lane.text);
    }
    struct sent *sent = free_sent(boards);
    if (sent == NULL) {
        return fault_set(fault, ERR_BUSY, "over %d openings wait for an answer", OPENINGS_MAX);
    }
    if (helper_port_send(boards->port, config->board, message, fault) != ERR_OK) {
        return ERR_IO;
    }
    *sent = (struct sent){.used = true, .board = config->board, .lane = lane, .grant = grant};
    return ERR_OK;
}

static enum err open_lane(void *self, const struct opening *opening, struct fault *fault)
{
    const struct helper_message message = {
        .kind = HELPER_SAYS_OPEN,
        .open = {.lane = opening->lane,
                 .grant = opening->grant,
                 .expires = opening->expires,
                 .direction = opening->direction}
    };
    return send_opening(self, opening->lane, opening->grant, &message, fault);
}

static enum err answer_button(void *self, struct name lane, uint64_t press, struct grant_id grant,
                              struct fault *fault)
{
    const struct helper_message message = {
        .kind = HELPER_SAYS_BUTTON_ANSWER,
        .button_answer = {.lane = lane, .press = press, .grant = grant}
    };
    return send_opening(self, lane, grant, &message, fault);
}

const struct actuator_ops board_actuator_ops = {
    .name = "board", .open = open_lane, .answer_button = answer_button};

/* Cuts between characters. */
static void copy_line(const char *text, char out[HELPER_LINE_SIZE])
{
    size_t size = strlen(text);
    if (size >= HELPER_LINE_SIZE) {
        size = HELPER_LINE_SIZE - 1;
        while (size > 0 && ((unsigned char)text[size] & 0xC0) == 0x80) {
            size--;
        }
    }
    memcpy(out, text, size);
    out[size] = '\0';
}

static enum err show(void *self, struct name lane, const struct indication *indication,
                     struct fault *fault)
{
    struct board_actuator *boards = self;
    const struct board_config *config = NULL;
    const struct helper_lane *found = find_lane(boards, lane, &config);
    if (found == NULL || !found->display.present || !config->setup.has_displays) {
        return ERR_NOT_FOUND;
    }
    struct helper_message message = {
        .kind = HELPER_SAYS_INDICATE,
        .indicate = {.lane = lane,
                     .colour = indication->colour,
                     .sound = indication->sound,
                     .show_ms = indication->show_ms}
    };
    copy_line(indication->line1, message.indicate.line1);
    copy_line(indication->line2, message.indicate.line2);
    return helper_port_send(boards->port, config->board, &message, fault) == ERR_OK ? ERR_OK
                                                                                    : ERR_IO;
}

const struct indicator_ops board_indicator_ops = {.name = "board", .show = show};

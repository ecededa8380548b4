#include "reader-agent/driver/face_terminal.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "reader-agent/driver/device_states.h"

enum { CHECKS_MAX = 64 };

struct order {
    struct name reader;
    struct helper_subject subject;
    bool handed;              /* in the helper's hands */
    enum subject_state state; /* as the outbox has it */
    char what[HELPER_WORD_SIZE];
    struct mono due;
    int64_t retry_ms;
};

struct terminal {
    struct face_terminal_config config;
    enum device_state control; /* as last told; DEVICE_UNKNOWN: not yet */
    bool settings_known;
    struct helper_settings settings;
};

/* A grant that its helper has not answered yet. */
struct sent {
    bool used;
    struct name reader, lane;
    struct grant_id grant;
};

struct face_terminals {
    struct helper_port *port;
    const struct clock *clock;
    struct driver_sink states_sink;
    struct face_terminal_sink sink;
    struct device_states states;
    size_t count;
    struct terminal terminals[FACE_TERMINALS_MAX];
    struct sent sent[CHECKS_MAX];
    size_t order_count;
    struct order orders[FACE_ORDERS_MAX]; /* oldest first */
};

static struct mono now_of(const struct face_terminals *terminals)
{
    return terminals->clock->mono(terminals->clock->ctx);
}

static struct terminal *find_terminal(struct face_terminals *terminals, struct name reader)
{
    for (size_t i = 0; i < terminals->count; i++) {
        if (name_equal(terminals->terminals[i].config.reader, reader)) {
            return &terminals->terminals[i];
        }
    }
    return NULL;
}

/* --- who decides --- */

/* What cannot be read may be anything: then it decides alone. */
static const char *wrong_setting(const struct helper_settings *settings)
{
    return !settings->read           ? "its settings cannot be read"
           : !settings->remote_check ? "remoteCheckDoorEnabled is off: it opens without asking"
           : settings->offline_opens ? "offlineDevCheckOpenDoorEnabled is on: unanswered, it opens"
                                     : NULL;
}

static void judge(struct face_terminals *terminals, struct terminal *terminal)
{
    if (terminal->config.asks && !terminal->settings_known) {
        return;
    }
    const char *wrong = terminal->config.asks ? wrong_setting(&terminal->settings) : NULL;
    enum device_state control = wrong == NULL ? DEVICE_HEEDS : DEVICE_ALONE;
    if (control != terminal->control) {
        terminal->control = control;
        terminals->sink.control(terminals->sink.ctx, terminal->config.reader, control,
                                wrong == NULL ? "" : wrong);
    }
}

/* --- orders --- */

static struct order *find_order(struct face_terminals *terminals, struct name reader,
                                uint64_t number)
{
    for (size_t i = 0; i < terminals->order_count; i++) {
        struct order *order = &terminals->orders[i];
        if (order->subject.number == number && name_equal(order->reader, reader)) {
            return order;
        }
    }
    return NULL;
}

static bool is_listed(const struct order *order, const struct face_order *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i].subject.number == order->subject.number &&
            name_equal(list[i].reader, order->reader)) {
            return true;
        }
    }
    return false;
}

static void forget_unlisted(struct face_terminals *terminals, const struct face_order *list,
                            size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < terminals->order_count; i++) {
        const struct order *order = &terminals->orders[i];
        if (order->handed || is_listed(order, list, count)) {
            terminals->orders[kept++] = *order;
        }
    }
    terminals->order_count = kept;
}

static void insert(struct face_terminals *terminals, const struct face_order *order)
{
    size_t at = terminals->order_count;
    if (at == FACE_ORDERS_MAX) {
        return;
    }
    while (at > 0 && terminals->orders[at - 1].subject.number > order->subject.number) {
        terminals->orders[at] = terminals->orders[at - 1];
        at--;
    }
    terminals->orders[at] = (struct order){.reader = order->reader,
                                           .subject = order->subject,
                                           .state = SUBJECT_WANTED,
                                           .due = now_of(terminals),
                                           .retry_ms = FACE_RETRY_FIRST_MS};
    terminals->order_count++;
}

void face_terminals_order(struct face_terminals *terminals, const struct face_order *orders,
                          size_t count)
{
    forget_unlisted(terminals, orders, count);
    for (size_t i = 0; i < count; i++) {
        if (find_terminal(terminals, orders[i].reader) != NULL &&
            find_order(terminals, orders[i].reader, orders[i].subject.number) == NULL) {
            insert(terminals, &orders[i]);
        }
    }
    face_terminals_turn(terminals);
}

static bool is_busy(const struct face_terminals *terminals, struct name reader)
{
    for (size_t i = 0; i < terminals->order_count; i++) {
        if (terminals->orders[i].handed && name_equal(terminals->orders[i].reader, reader)) {
            return true;
        }
    }
    return false;
}

/* A younger order of the same subject waits for the older one, whatever became of that. */
static bool follows(const struct face_terminals *terminals, const struct order *order)
{
    for (const struct order *older = terminals->orders; older < order; older++) {
        if (name_equal(older->reader, order->reader) && older->state != SUBJECT_DONE &&
            strcmp(older->subject.subject, order->subject.subject) == 0) {
            return true;
        }
    }
    return false;
}

void face_terminals_turn(struct face_terminals *terminals)
{
    struct mono now = now_of(terminals);
    for (size_t i = 0; i < terminals->order_count; i++) {
        struct order *order = &terminals->orders[i];
        if (order->handed || order->state == SUBJECT_DONE || mono_before(now, order->due) ||
            is_busy(terminals, order->reader) || follows(terminals, order)) {
            continue;
        }
        const struct helper_message message = {.kind = HELPER_SAYS_SUBJECT,
                                               .subject = order->subject};
        order->handed = helper_port_send(terminals->port, order->reader, &message, NULL) == ERR_OK;
        order->due = mono_after_ms(now, FACE_RETRY_FIRST_MS);
    }
}

static void try_later(struct face_terminals *terminals, struct order *order)
{
    order->due = mono_after_ms(now_of(terminals), order->retry_ms);
    order->retry_ms = order->retry_ms * 2 < FACE_RETRY_MS ? order->retry_ms * 2 : FACE_RETRY_MS;
}

static void take_result(struct face_terminals *terminals, struct name reader,
                        const struct helper_subject_result *result)
{
    struct order *order = find_order(terminals, reader, result->number);
    if (order == NULL || !order->handed) {
        return; /* given to an earlier agent: the order comes again, and is then answered to us */
    }
    order->handed = false;
    bool known = order->state == result->state && strcmp(order->what, result->what) == 0;
    if (result->state == SUBJECT_WANTED ||
        (!known && terminals->sink.subject(terminals->sink.ctx, reader, result->number,
                                           result->state, result->what) != ERR_OK)) {
        try_later(terminals, order);
        return;
    }
    order->state = result->state;
    memcpy(order->what, result->what, sizeof(order->what));
    order->due = mono_after_ms(now_of(terminals), FACE_REFUSED_MS);
    order->retry_ms = FACE_RETRY_FIRST_MS;
}

/* --- what helpers say --- */

static void send_where(struct face_terminals *terminals, const struct terminal *terminal)
{
    struct helper_message message = {.kind = HELPER_SAYS_TERMINAL,
                                     .terminal = terminal->config.where};
    if (helper_port_send(terminals->port, terminal->config.reader, &message, NULL) == ERR_BUSY) {
        log_warning("terminal_not_told", LOG_TEXT("reader", terminal->config.reader.text));
    }
    explicit_bzero(&message, sizeof(message));
}

static void joined(void *self, struct name name)
{
    struct face_terminals *terminals = self;
    const struct terminal *terminal = find_terminal(terminals, name);
    if (terminal != NULL) {
        send_where(terminals, terminal);
        face_terminals_turn(terminals);
    }
}

/* What its helper was at is not known: orders are given again, openings are lost. */
static void lost(void *self, struct name name, const char *what)
{
    struct face_terminals *terminals = self;
    for (size_t i = 0; i < terminals->order_count; i++) {
        struct order *order = &terminals->orders[i];
        order->handed = order->handed && !name_equal(order->reader, name);
    }
    for (size_t i = 0; i < CHECKS_MAX; i++) {
        struct sent *sent = &terminals->sent[i];
        if (sent->used && name_equal(sent->reader, name)) {
            sent->used = false;
            terminals->sink.opened(terminals->sink.ctx, sent->lane, sent->grant, OPEN_LOST);
        }
    }
    device_states_say(&terminals->states, &terminals->states_sink, name, DEVICE_DOWN, what);
}

static void take_opened(struct face_terminals *terminals, struct name reader,
                        const struct helper_open_result *result)
{
    for (size_t i = 0; i < CHECKS_MAX; i++) {
        struct sent *sent = &terminals->sent[i];
        if (sent->used && name_equal(sent->reader, reader) &&
            grant_id_equal(sent->grant, result->grant)) {
            sent->used = false;
            terminals->sink.opened(terminals->sink.ctx, sent->lane, sent->grant, result->result);
            return;
        }
    }
}

static void heard(void *self, struct name name, const struct helper_message *message)
{
    struct face_terminals *terminals = self;
    struct terminal *terminal = find_terminal(terminals, name);
    if (terminal == NULL) {
        return;
    }
    switch (message->kind) {
    case HELPER_SAYS_STATE:
        device_states_say(&terminals->states, &terminals->states_sink, name, message->state.state,
                          message->state.what);
        break;
    case HELPER_SAYS_SETTINGS:
        terminal->settings = message->settings;
        terminal->settings_known = true;
        judge(terminals, terminal);
        break;
    case HELPER_SAYS_OPEN_RESULT:
        take_opened(terminals, name, &message->open_result);
        break;
    case HELPER_SAYS_SUBJECT_RESULT:
        take_result(terminals, name, &message->subject_result);
        break;
    default:
        break;
    }
}

/* --- making and configuring --- */

struct face_terminals *face_terminals_create(struct helper_port *port, const struct clock *clock,
                                             const struct driver_sink *states,
                                             const struct face_terminal_sink *sink)
{
    struct face_terminals *terminals = calloc(1, sizeof(*terminals));
    MUST(terminals != NULL);
    terminals->port = port;
    terminals->clock = clock;
    terminals->states_sink = *states;
    terminals->sink = *sink;
    helper_port_listen(port, (struct helper_ear){.program = HELPER_TERMINAL,
                                                 .joined = joined,
                                                 .lost = lost,
                                                 .message = heard,
                                                 .self = terminals});
    return terminals;
}

void face_terminals_destroy(struct face_terminals **terminals)
{
    if (*terminals != NULL) {
        helper_port_listen((*terminals)->port, (struct helper_ear){.program = HELPER_TERMINAL});
        explicit_bzero((*terminals)->terminals, sizeof((*terminals)->terminals));
        free(*terminals);
        *terminals = NULL;
    }
}

static const struct face_terminal_config *in_list(const struct face_terminal_config *list,
                                                  size_t count, struct name reader)
{
    for (size_t i = 0; i < count; i++) {
        if (name_equal(list[i].reader, reader)) {
            return &list[i];
        }
    }
    return NULL;
}

/* What was told of a reader stands; what a terminal said of itself does where it is the same one.
 */
static void take_over(struct terminal *terminal, const struct terminal *before)
{
    if (name_equal(before->config.reader, terminal->config.reader)) {
        terminal->control = before->control;
        terminal->settings = before->settings;
        terminal->settings_known =
            before->settings_known && memcmp(&before->config.where, &terminal->config.where,
                                             sizeof(terminal->config.where)) == 0;
    }
}

static void drop_unlisted(struct face_terminals *terminals, const struct face_terminal_config *list,
                          size_t count)
{
    for (size_t i = 0; i < terminals->count; i++) {
        const struct face_terminal_config *config = &terminals->terminals[i].config;
        if (in_list(list, count, config->reader) == NULL) {
            lost(terminals, config->reader, "no longer configured");
            helper_port_drop(terminals->port, config->reader);
            device_states_forget(&terminals->states, config->reader);
        }
    }
}

enum err face_terminals_configure(struct face_terminals *terminals,
                                  const struct face_terminal_config *list, size_t count,
                                  struct fault *fault)
{
    if (count > FACE_TERMINALS_MAX) {
        return fault_set(fault, ERR_FULL, "over %d terminals at one gate", FACE_TERMINALS_MAX);
    }
    drop_unlisted(terminals, list, count);
    struct terminal before[FACE_TERMINALS_MAX];
    size_t before_count = terminals->count;
    memcpy(before, terminals->terminals, before_count * sizeof(before[0]));
    terminals->count = count;
    for (size_t i = 0; i < count; i++) {
        terminals->terminals[i] = (struct terminal){.config = list[i]};
        for (size_t k = 0; k < before_count; k++) {
            take_over(&terminals->terminals[i], &before[k]);
        }
    }
    explicit_bzero(before, sizeof(before));
    for (size_t i = 0; i < count; i++) {
        TRY(helper_port_want(terminals->port, HELPER_TERMINAL, list[i].reader, NULL, fault));
        send_where(terminals, &terminals->terminals[i]);
        judge(terminals, &terminals->terminals[i]);
    }
    return ERR_OK;
}

enum err face_terminals_answer(struct face_terminals *terminals, struct name reader,
                               const struct helper_check *check, struct fault *fault)
{
    if (find_terminal(terminals, reader) == NULL) {
        return fault_set(fault, ERR_NOT_FOUND, "%s is no terminal of this gate", reader.text);
    }
    struct sent *sent = NULL;
    for (size_t i = 0; i < CHECKS_MAX && sent == NULL; i++) {
        sent = terminals->sent[i].used ? NULL : &terminals->sent[i];
    }
    if (sent == NULL) {
        return fault_set(fault, ERR_BUSY, "over %d answers wait", CHECKS_MAX);
    }
    const struct helper_message message = {.kind = HELPER_SAYS_CHECK, .check = *check};
    if (helper_port_send(terminals->port, reader, &message, fault) != ERR_OK) {
        return ERR_IO;
    }
    if (check->granted) {
        *sent = (struct sent){
            .used = true, .reader = reader, .lane = check->lane, .grant = check->grant};
    }
    return ERR_OK;
}

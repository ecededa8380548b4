#include "reader-agent/terminal/work.h"

#include <stdio.h>
#include <string.h>

#include "common/base/must.h"

enum { WAIT_MAX_MS = 1000, CHECK_MIN_MS = 200, HTTP_UNAUTHORIZED = 401 };

static void say(struct work *work, const struct helper_message *message)
{
    (void)work->out.say(work->out.ctx, message);
}

static void ask(struct work *work, enum work_slot slot, const struct isapi_request *request,
                int64_t timeout_ms)
{
    MUST(!work->busy[slot]);
    work->busy[slot] = true;
    work->out.ask(work->out.ctx, slot, request, timeout_ms);
}

static int64_t ms_until(struct mono now, struct mono due)
{
    return mono_before(now, due) ? (due.us - now.us + 999) / 1000 : 0;
}

/* --- what the agent hears --- */

static void say_state(struct work *work)
{
    if (work->state.state != DEVICE_UNKNOWN) {
        say(work, &(struct helper_message){.kind = HELPER_SAYS_STATE, .state = work->state});
    }
}

static void say_settings(struct work *work)
{
    if (work->settings_known) {
        say(work,
            &(struct helper_message){.kind = HELPER_SAYS_SETTINGS, .settings = work->settings});
    }
}

static void set_state(struct work *work, enum device_state state, const char *what)
{
    struct helper_state next = {.state = state};
    (void)snprintf(next.what, sizeof(next.what), "%s", what);
    if (next.state != work->state.state || strcmp(next.what, work->state.what) != 0) {
        work->state = next;
        say_state(work);
    }
}

static void say_result(struct work *work, uint64_t number, enum subject_state state,
                       const char *what)
{
    struct helper_message message = {
        .kind = HELPER_SAYS_SUBJECT_RESULT, .subject_result = {.number = number, .state = state}
    };
    (void)snprintf(message.subject_result.what, sizeof(message.subject_result.what), "%s", what);
    say(work, &message);
}

static void say_opened(struct work *work, const struct helper_check *check, enum open_result result)
{
    if (check->granted) {
        say(work,
            &(struct helper_message){
                .kind = HELPER_SAYS_OPEN_RESULT,
                .open_result = {.lane = check->lane, .grant = check->grant, .result = result}
        });
    }
}

void work_welcomed(struct work *work)
{
    say_state(work);
    say_settings(work);
}

/* --- checks --- */

static void drop_check(struct work *work)
{
    work->check_count--;
    memmove(&work->checks[0], &work->checks[1], work->check_count * sizeof(work->checks[0]));
}

static void turn_checks(struct work *work, struct mono now)
{
    while (!work->busy[WORK_CHECK] && work->check_count > 0) {
        const struct helper_check *check = &work->checks[0];
        if (!mono_before(now, check->expires)) {
            say_opened(work, check, OPEN_EXPIRED);
            drop_check(work);
            continue;
        }
        struct isapi_request request = check->serial == 0
                                           ? isapi_open_door()
                                           : isapi_answer_check(check->serial, check->granted);
        int64_t left_ms = ms_until(now, check->expires);
        ask(work, WORK_CHECK, &request, left_ms < CHECK_MIN_MS ? CHECK_MIN_MS : left_ms);
    }
}

/* With no answer it may have opened all the same: then its door event follows. */
static void check_answered(struct work *work, const struct isapi_answer *answer)
{
    char what[HELPER_WORD_SIZE];
    enum isapi_result result = isapi_result_of(answer, what);
    MUST(work->check_count > 0);
    say_opened(work, &work->checks[0],
               result == ISAPI_DONE         ? OPEN_DONE
               : result == ISAPI_UNREADABLE ? OPEN_SILENT
                                            : OPEN_REFUSED);
    drop_check(work);
}

static void take_check(struct work *work, const struct helper_check *check)
{
    if (!work->aimed || (check->serial == 0 && !check->granted)) {
        say_opened(work, check, OPEN_REFUSED);
    } else if (work->check_count == WORK_CHECKS_MAX) {
        say_opened(work, check, OPEN_QUEUE_FULL);
    } else {
        work->checks[work->check_count++] = *check;
    }
}

/* --- settings --- */

static bool settings_are_right(const struct helper_settings *settings)
{
    return settings->read && settings->remote_check && !settings->offline_opens;
}

static void settings_answered(struct work *work, const struct isapi_answer *answer, struct mono now)
{
    struct helper_settings read;
    isapi_read_settings(answer, &read);
    bool refused = answer->status == HTTP_UNAUTHORIZED;
    /* Terminals lock an account that fails too often. */
    bool often = !refused && !settings_are_right(&read);
    work->settings_due = mono_after_ms(now, often ? WORK_WRONG_MS : WORK_SETTINGS_MS);
    if (answer->status != 0) {
        set_state(work, refused ? DEVICE_DOWN : DEVICE_UP,
                  refused ? "the terminal refuses the account" : "");
    }
    bool same = work->settings_known && work->settings.read == read.read &&
                work->settings.remote_check == read.remote_check &&
                work->settings.offline_opens == read.offline_opens;
    work->settings = read;
    work->settings_known = true;
    if (!same) {
        say_settings(work);
    }
}

/* --- the order in hand --- */

static void end_order(struct work *work, enum subject_state state, const char *what)
{
    work->has_order = false;
    say_result(work, work->order.number, state, what);
}

static void next_step(struct work *work, enum work_step step, struct mono due)
{
    work->step = step;
    work->step_due = due;
}

static void take_subject(struct work *work, const struct helper_subject *subject, struct mono now)
{
    if (work->has_order) {
        if (work->order.number != subject->number) {
            say_result(work, subject->number, SUBJECT_WANTED, "busy with another order");
        }
        return;
    }
    if (!work->aimed) {
        say_result(work, subject->number, SUBJECT_WANTED, "it is not known yet where it is");
        return;
    }
    work->has_order = true;
    work->order = *subject;
    work->refusal[0] = '\0';
    next_step(work, subject->order == SUBJECT_ADD ? WORK_ADD : WORK_DELETE, now);
}

static struct isapi_request request_of(const struct work *work)
{
    const struct helper_subject *order = &work->order;
    switch (work->step) {
    case WORK_ADD:
        return isapi_add_person(order->subject, order->until);
    case WORK_CHANGE:
        return isapi_change_person(order->subject, order->until);
    case WORK_DELETE:
        return isapi_delete_person(order->subject);
    case WORK_DELETE_PLAIN:
        return isapi_delete_person_plain(order->subject);
    case WORK_DELETION:
        return isapi_ask_deletion();
    case WORK_FIND:
        break;
    }
    return isapi_find_person(order->subject);
}

static enum subject_state state_by(enum isapi_result result)
{
    return result == ISAPI_DONE         ? SUBJECT_DONE
           : result == ISAPI_UNREADABLE ? SUBJECT_WANTED
                                        : SUBJECT_FAILED;
}

static void add_answered(struct work *work, const struct isapi_answer *answer, struct mono now)
{
    char what[HELPER_WORD_SIZE];
    enum isapi_result result = isapi_result_of(answer, what);
    if (work->step == WORK_ADD && result == ISAPI_EXISTS) {
        next_step(work, WORK_CHANGE, now);
    } else {
        end_order(work, state_by(result), what);
    }
}

/* Refused may mean that it never knew the number: the search will tell. */
static void delete_answered(struct work *work, const struct isapi_answer *answer, struct mono now)
{
    char what[HELPER_WORD_SIZE];
    enum isapi_result result = isapi_result_of(answer, what);
    if (result == ISAPI_UNREADABLE || answer->status == HTTP_UNAUTHORIZED) {
        end_order(work, state_by(result), what);
    } else if (work->step == WORK_DELETE && result == ISAPI_UNSUPPORTED) {
        next_step(work, WORK_DELETE_PLAIN, now);
    } else if (work->step == WORK_DELETE && result == ISAPI_DONE) {
        work->deletion_end = mono_after_ms(now, WORK_DELETION_MS);
        next_step(work, WORK_DELETION, now);
    } else {
        memcpy(work->refusal, what, sizeof(work->refusal));
        next_step(work, WORK_FIND, now);
    }
}

static void deletion_answered(struct work *work, const struct isapi_answer *answer, struct mono now)
{
    enum isapi_deletion deletion = isapi_read_deletion(answer);
    if (answer->status == 0) {
        end_order(work, SUBJECT_WANTED, answer->why == NULL ? "no answer" : answer->why);
    } else if (deletion == ISAPI_DELETES && mono_before(now, work->deletion_end)) {
        next_step(work, WORK_DELETION, mono_after_ms(now, WORK_DELETION_POLL_MS));
    } else {
        (void)snprintf(work->refusal, sizeof(work->refusal), "%s",
                       deletion == ISAPI_NOT_DELETED ? "the deletion failed" : "");
        next_step(work, WORK_FIND, now);
    }
}

static void find_answered(struct work *work, const struct isapi_answer *answer)
{
    bool there = true;
    if (!isapi_read_person(answer, work->order.subject, &there)) {
        end_order(work, SUBJECT_WANTED,
                  answer->status == 0 && answer->why != NULL ? answer->why
                                                             : "the search was not understood");
    } else if (there) {
        end_order(work, SUBJECT_FAILED,
                  work->refusal[0] == '\0' ? "the terminal still knows it" : work->refusal);
    } else {
        end_order(work, SUBJECT_DONE, "");
    }
}

static void order_answered(struct work *work, const struct isapi_answer *answer, struct mono now)
{
    MUST(work->has_order);
    switch (work->step) {
    case WORK_ADD:
    case WORK_CHANGE:
        add_answered(work, answer, now);
        break;
    case WORK_DELETE:
    case WORK_DELETE_PLAIN:
        delete_answered(work, answer, now);
        break;
    case WORK_DELETION:
        deletion_answered(work, answer, now);
        break;
    case WORK_FIND:
        find_answered(work, answer);
        break;
    }
}

/* --- */

static void take_terminal(struct work *work, const struct helper_terminal *terminal,
                          struct mono now)
{
    if (work->aimed && strcmp(work->terminal.url, terminal->url) == 0 &&
        strcmp(work->terminal.user, terminal->user) == 0 &&
        strcmp(work->terminal.password, terminal->password) == 0 &&
        strcmp(work->terminal.ca_file, terminal->ca_file) == 0) {
        return;
    }
    while (work->check_count > 0) {
        say_opened(work, &work->checks[0], OPEN_REFUSED);
        drop_check(work);
    }
    if (work->has_order) {
        end_order(work, SUBJECT_WANTED, "the terminal's address changed");
    }
    work->terminal = *terminal;
    work->aimed = true;
    work->busy[WORK_CHECK] = false;
    work->busy[WORK_UPKEEP] = false;
    work->settings_known = false;
    work->settings_due = now;
    work->out.aim(work->out.ctx, terminal);
}

void work_heard(struct work *work, const struct helper_message *message, struct mono now)
{
    switch (message->kind) {
    case HELPER_SAYS_TERMINAL:
        take_terminal(work, &message->terminal, now);
        break;
    case HELPER_SAYS_CHECK:
        take_check(work, &message->check);
        break;
    case HELPER_SAYS_SUBJECT:
        take_subject(work, &message->subject, now);
        break;
    default:
        break;
    }
}

void work_answered(struct work *work, enum work_slot slot, const struct isapi_answer *answer,
                   struct mono now)
{
    MUST(work->busy[slot]);
    work->busy[slot] = false;
    if (answer->status == 0) {
        struct mono soon = mono_after_ms(now, WORK_WRONG_MS);
        set_state(work, DEVICE_DOWN, answer->why == NULL ? "no answer" : answer->why);
        work->settings_due = mono_before(soon, work->settings_due) ? soon : work->settings_due;
    }
    if (slot == WORK_CHECK) {
        check_answered(work, answer);
    } else if (work->asked_settings) {
        settings_answered(work, answer, now);
    } else {
        order_answered(work, answer, now);
    }
}

void work_turn(struct work *work, struct mono now)
{
    if (!work->aimed) {
        return;
    }
    turn_checks(work, now);
    if (work->busy[WORK_UPKEEP]) {
        return;
    }
    bool settings_due = !mono_before(now, work->settings_due);
    if (settings_due || (work->has_order && !mono_before(now, work->step_due))) {
        struct isapi_request request = settings_due ? isapi_ask_settings() : request_of(work);
        work->asked_settings = settings_due;
        ask(work, WORK_UPKEEP, &request, WORK_REQUEST_MS);
    }
}

int64_t work_wait_ms(const struct work *work, struct mono now)
{
    int64_t wait_ms = WAIT_MAX_MS;
    if (work->aimed && !work->busy[WORK_UPKEEP]) {
        int64_t settings_ms = ms_until(now, work->settings_due);
        wait_ms = settings_ms < wait_ms ? settings_ms : wait_ms;
        if (work->has_order) {
            int64_t step_ms = ms_until(now, work->step_due);
            wait_ms = step_ms < wait_ms ? step_ms : wait_ms;
        }
    }
    return wait_ms;
}

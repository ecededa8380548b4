/* work: what parkgate-terminal does for its terminal, one request after the other in two slots:
 * answers to people who wait have one of their own, so that nothing else delays them.
 *
 *   check    remoteCheck, while its grant lives
 *   upkeep   the settings (every WORK_SETTINGS_MS, every WORK_WRONG_MS while they are not right),
 *            and the one subject order in hand
 *
 * No clock, socket or heap: the shell (main.c) tells the time, performs requests and tells their
 * answers. A deletion is done when a search finds the number no more, whatever was said before.
 */
#pragma once

#include "common/base/clock.h"
#include "reader-agent/terminal/isapi.h"
#include "schema/helper.h"

enum {
    WORK_CHECKS_MAX = 8, /* that wait for their turn */
    WORK_SETTINGS_MS = 60000,
    WORK_WRONG_MS = 5000,
    WORK_REQUEST_MS = 4000,
    WORK_DELETION_POLL_MS = 200,
    WORK_DELETION_MS = 20000,
};

enum work_slot { WORK_CHECK, WORK_UPKEEP, WORK_SLOTS };

/* All calls return at once. */
struct work_outlet {
    /* Performs the request; its end comes as work_answered(). Called only while the slot is free.
     */
    void (*ask)(void *ctx, enum work_slot slot, const struct isapi_request *request,
                int64_t timeout_ms);
    /* Gives up what is under way in both slots and speaks to `terminal` from now on. */
    void (*aim)(void *ctx, const struct helper_terminal *terminal);
    /* To the agent. False: nobody hears. */
    bool (*say)(void *ctx, const struct helper_message *message);
    void *ctx;
};

enum work_step {
    WORK_ADD,
    WORK_CHANGE,
    WORK_DELETE,
    WORK_DELETE_PLAIN,
    WORK_DELETION,
    WORK_FIND,
};

/* Zero-initialised but for `out`. */
struct work {
    struct work_outlet out;
    bool aimed;
    struct helper_terminal terminal;

    size_t check_count; /* checks[0] is under way while busy[WORK_CHECK] */
    struct helper_check checks[WORK_CHECKS_MAX];

    bool busy[WORK_SLOTS];
    bool asked_settings; /* what the upkeep slot is busy with: these, or the order */
    struct mono settings_due;
    bool settings_known;
    struct helper_settings settings;
    struct helper_state state;

    bool has_order;
    struct helper_subject order;
    enum work_step step;
    struct mono step_due, deletion_end;
    char refusal[HELPER_WORD_SIZE]; /* of a deletion, until the search has said what is */
};

/* The agent is there (again): says what is known. */
void work_welcomed(struct work *work);
/* TERMINAL, CHECK, SUBJECT; others are ignored. */
void work_heard(struct work *work, const struct helper_message *message, struct mono now);
/* The end of the request in `slot`. */
void work_answered(struct work *work, enum work_slot slot, const struct isapi_answer *answer,
                   struct mono now);
/* Begins what is due. Call it after each of the former, and after work_wait_ms(). */
void work_turn(struct work *work, struct mono now);
/* At most so long until the next work_turn(). */
int64_t work_wait_ms(const struct work *work, struct mono now);

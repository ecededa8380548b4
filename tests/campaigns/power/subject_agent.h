/* subject_agent: a gate's stores as reader-agent/app works with them, what it promises, and whether
 * its stores hold that.
 */
#pragma once

#include "reader-agent/app/vault.h"
#include "tests/campaigns/power/replay.h"
#include "tests/campaigns/power/subject_copy.h"

enum { GATE_OPEN_MAX = 64 };

enum promise_kind {
    PROMISE_EVENT = 1, /* its commit came back, so that it is sent */
    PROMISE_VERDICT,   /* the same; the arm opens */
    PROMISE_ANSWER,    /* the controller's answer was taken */
    PROMISE_COMMAND,   /* this command was carried out */
    PROMISE_COPY,      /* the controller was told that the copy stands at this sequence */
};

struct promise {
    uint64_t sequence; /* of the event; PROMISE_COMMAND: the command's; PROMISE_COPY: the copy's */
    uint32_t kind, epoch, value, reserved;
    uint8_t digest[EVENT_DIGEST_SIZE];
};

struct gate {
    char dir[128];
    struct agent_store *store;
    struct day_keys *keys;
    struct vault *vault;
    struct copied copy;
    struct batch batch;
    struct wall now;
    uint64_t random;
    uint64_t command;
    void (*promised)(const struct promise *promise);
    size_t open_count;
    struct grant_id open[GATE_OPEN_MAX]; /* presentations without a verdict */
};

/* g->dir and g->promised are set. */
enum err gate_open(struct gate *g, struct fault *fault);
void gate_close(struct gate *g);
/* One turn: events sealed and committed, verdicts, answers of the controller; now and then a
 * restart. A call of the store that fails ends the program with status 3. */
void gate_turn(struct gate *g);
/* Removes g->dir and the stores in it. */
void gate_remove(const char *dir);

/* A power_judge. All stores open as the agent opens them; every promise is there, its bytes whole
 * and opened under the key of its day; sequences have no gap; the copy
 * is of one sequence, and whole. */
bool agent_judge(const char *dir, const struct power_marks *marks, uint64_t number,
                 char why[POWER_WHY_SIZE]);

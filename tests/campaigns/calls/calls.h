/* calls: every Nth call of a kind fails in turn, in each of some scenarios.
 *
 * A case is a process of its own: it sets the scene, arms the library, plays the scenario, and says
 * into memory that outlives it what it promised. It may end well, with an error, or by abort (the
 * launcher starts it again), not by another signal and not never. Afterwards another process judges
 * its stores by what was promised.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/campaigns/power/replay.h"

enum { CALLS_PROMISES_MAX = 8192, CALLS_DIR_SIZE = 128 };

/* Shared between the case, its judge and the loop. */
struct calls_case {
    char dir[CALLS_DIR_SIZE]; /* of the stores; set by the case before anything can fail */
    bool granted;             /* somebody got in who must not, whatever fails */
    bool hit;
    uint64_t seen; /* calls of this kind in the scenario */
    uint64_t promise_count;
    struct {
        struct power_record head;
        uint8_t bytes[POWER_MARK_MAX];
    } promises[CALLS_PROMISES_MAX];
    char why[POWER_WHY_SIZE];
};

void calls_promise(struct calls_case *c, const void *bytes, size_t size);

struct calls_subject {
    const char *const *scenarios; /* names, ended by NULL */
    /* Sets the scene, calls calls_begin(), plays. Runs in the case's process. */
    void (*play)(struct calls_case *c, size_t scenario);
    power_judge *judge;
    /* Removes c->dir. */
    void (*clear)(const char *dir);
};

/* The scene is set: from here on a call may fail. */
void calls_begin(struct calls_case *c);

/*   PROGRAM run SECONDS SEED               cases in random order until the time is over
 *   PROGRAM one SCENARIO FAILURE NTH       one, loudly; FAILURE is the row of the table in calls.c
 * Prints `cases=N of M`; status 1 when something did not hold. */
int calls_main(int argc, char **argv, const struct calls_subject *subject);

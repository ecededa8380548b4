/* replay: every state in which a power cut may leave the files of a log, and a judge for each.
 *
 * A write is pending until its file is synced; one by an O_DSYNC descriptor is durable once it is
 * done, and takes nothing else with it. At every operation the pending writes survive: none, all,
 * each alone, all but one (of the first 12), and six random subsets torn into sectors of 512 bytes.
 * Bytes that nobody wrote are zero. Not modelled: the directory, and that a disk loses what it said
 * it had.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/campaigns/power/power_log.h"

enum { POWER_WHY_SIZE = 512 };

/* Promises made before the cut, oldest first. */
struct power_marks {
    size_t count;
    const struct power_record *const *mark;
};

static inline const void *power_mark_bytes(const struct power_record *mark)
{
    return mark + 1;
}

/* Opens the stores in `dir` as the product does and compares with what was promised. Runs in a
 * child process of its own; `number` is the state's, for checks that are too slow for each. False:
 * something is lost; `why` says what. */
typedef bool power_judge(const char *dir, const struct power_marks *marks, uint64_t number,
                         char why[POWER_WHY_SIZE]);

struct replay_options {
    const char *log, *dir; /* dir: a directory on tmpfs where the images are put */
    uint64_t states;       /* judge about so many, evenly over the log */
    uint64_t seed;
    bool one;      /* judge only ... */
    uint64_t only; /* ... this one */
    bool all;      /* go on after a loss, and count them */
};

struct replay_result {
    uint64_t operations, possible, judged, lost;
    uint64_t first; /* the first state that lost something, and why */
    char why[POWER_WHY_SIZE];
};

/* False: the log cannot be read; why is in ret_result. */
bool replay_run(const struct replay_options *options, power_judge *judge,
                struct replay_result *ret_result);

/* What both power programs do:
 *   PROGRAM work SEED INPUTS          plays (under the recorder)
 *   PROGRAM replay LOG --states N --seed S [--only STATE] [--all]
 * Prints one line `operations=... possible=... judged=... lost=...`; status 1 when a state lost
 * something. */
int power_main(int argc, char **argv, void (*work)(uint64_t seed, size_t inputs),
               power_judge *judge);

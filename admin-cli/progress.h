/* progress: a bar on a terminal's standard error, for work that lasts over two seconds. */
#pragma once

#include "admin-cli/cli.h"
#include "common/base/clock.h"

enum { PROGRESS_AFTER_MS = 2000, PROGRESS_EVERY_MS = 100, PROGRESS_CELLS = 40 };

struct progress {
    const struct cli *cli;
    const struct clock *clock;
    size_t whole;
    const char *what; /* behind the figures; NULL: nothing */
    struct mono begun, shown;
    bool drawn;
};

/* Borrowed until progress_end(): cli, clock. `whole`: what `done` rises to. */
void progress_begin(struct progress *progress, const struct cli *cli, const struct clock *clock,
                    size_t whole);
/* Draws at most every PROGRESS_EVERY_MS, and nothing before PROGRESS_AFTER_MS. */
void progress_show(struct progress *progress, size_t done);
void progress_end(struct progress *progress);

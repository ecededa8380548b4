/* roster: a CSV file of persons or vehicles, read and checked whole before anything is sent.
 *
 * Streaming: one line and one row are in memory, and the packed rows. All problems are found, the
 * first ROSTER_PROBLEMS_SHOWN are kept.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "admin-cli/cli.h"
#include "admin-cli/roster_header.h"
#include "admin-cli/rows.h"

enum {
    ROSTER_PROBLEMS_SHOWN = 100,
    ROSTER_COLUMNS_MAX = 64,
    ROSTER_HEADING_SIZE = 64,
    ROSTER_SENTENCE_SIZE = 256,
};

struct roster_problem {
    unsigned line;
    char column[ROSTER_HEADING_SIZE]; /* as the file calls it */
    char sentence[LANG_COUNT][ROSTER_SENTENCE_SIZE];
};

struct roster_options {
    enum roster_kind kind;
    const char *tenant;      /* for all rows without one; NULL: none */
    const char *person_kind; /* for rows without one; NULL: "day" */
    const char *shift;       /* for rows without one; NULL: none */
};

struct roster {
    struct rows rows; /* packed RosterRow of the good rows, in order */
    size_t row_count; /* good and bad */
    size_t problem_count;
    struct roster_problem *problems; /* at most ROSTER_PROBLEMS_SHOWN */
    size_t unused_count;
    char unused[ROSTER_COLUMNS_MAX][ROSTER_HEADING_SIZE]; /* headings that nobody knows */
};

/* False: the file as a whole cannot be read, *c says why. True: look at problem_count. Destroy in
 * both cases. */
bool roster_read(const char *path, const struct roster_options *options, struct roster *ret_roster,
                 struct complaint *c);
void roster_destroy(struct roster *roster);

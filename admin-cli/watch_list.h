/* watch_list: a station's list of changes, a CSV or JSON file, read and checked whole.
 *
 * CSV: the first line names the columns (watch_row.h), in any order; UTF-8 or GBK. JSON: an array
 * of objects whose keys are the same names and whose values are texts. A file that begins with [ is
 * JSON. docs/watch-list.md shows both.
 */
#pragma once

#include "admin-cli/watch_row.h"
#include "common/watch/watch_make.h"

enum { WATCH_PROBLEMS_SHOWN = 100 };

struct watch_list_problem {
    unsigned line;
    struct watch_row_problem problem;
};

struct watch_list {
    struct watch_maker maker; /* the good rows */
    size_t row_count;         /* good and bad */
    size_t problem_count;
    struct watch_list_problem problems[WATCH_PROBLEMS_SHOWN];
};

/* False: the file as a whole cannot be read, *c says why. True: look at problem_count. Destroy in
 * both cases. */
bool watch_list_read(const char *path, const struct watch_row_options *options,
                     struct watch_list *list, struct complaint *c);
void watch_list_destroy(struct watch_list *list);

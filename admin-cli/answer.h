/* answer: what the controller replied, all pages of it, and how it is shown.
 *
 * Text tables are for people: titles and words in the language of the run, times local to the park.
 * JSON and CSV are for programs: stable ids and words; JSON is always one object
 * {"notes": {...}, "rows": [{...}]}, where each `x_us` is joined by `x` as ISO 8601 local time.
 */
#pragma once

#include "admin-cli/cli.h"
#include "schema/operator.pb-c.h"

enum { ANSWER_COLUMNS_MAX = 32, ANSWER_NOTES_MAX = 64, ANSWER_ROWS_MAX = 200000 };

struct answer {
    size_t column_count;
    char *columns[ANSWER_COLUMNS_MAX];
    size_t row_count;
    char **cells; /* row by row */
    size_t cells_capacity;
    size_t note_count;
    char *note_names[ANSWER_NOTES_MAX];
    char *note_values[ANSWER_NOTES_MAX];
};

/* Appends a reply's rows; its notes take the place of earlier ones with the same name. False: the
 * reply makes no sense, *c says how (ERROR_REPLY_BAD). */
bool answer_take(struct answer *answer, const Parkgate__Reply *reply, struct complaint *c);
/* NULL: no such note. */
const char *answer_note(const struct answer *answer, const char *name);
void answer_add_note(struct answer *answer, const char *name, const char *value);
void answer_drop_note(struct answer *answer, const char *name);
/* Prints on cli->out as cli->format says. */
void answer_print(const struct cli *cli, const struct answer *answer);
void answer_destroy(struct answer *answer);

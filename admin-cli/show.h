/* show: the three forms of an answer (answer.h), and the single values in them. */
#pragma once

#include "admin-cli/answer.h"

void show_table(const struct cli *cli, const struct answer *answer);
void show_json(const struct cli *cli, const struct answer *answer);
void show_csv(const struct cli *cli, const struct answer *answer);

/* One JSON object a row, each on a line of its own: for `events --follow`. */
void show_json_lines(const struct cli *cli, const struct answer *answer);
/* Aligned lines with fixed widths, for `events --follow`; with_head: the titles first. */
void show_lines(const struct cli *cli, const struct answer *answer, bool with_head);

enum { SHOW_VALUE_SIZE = 64 };
/* A value for people: time as local text, words translated, the rest as it is. Returns `value`, a
 * static text, or `out`. */
const char *show_value(const struct cli *cli, const char *id, const char *value,
                       char out[SHOW_VALUE_SIZE]);
/* One CSV field: quoted where needed; a formula is made text by a leading apostrophe. */
void show_csv_field(FILE *out, const char *value);

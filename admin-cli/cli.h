/* cli: one run of the command line: what its global options said, where it writes.
 *
 * Everything a command prints goes through `out`; what it says about itself (errors, progress,
 * questions) goes to `err`. Every sentence exists in English and Chinese; `lang` decides the order
 * of errors and the language of all else.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "schema/errors.h"

enum lang { LANG_EN = 0, LANG_ZH = 1, LANG_COUNT = 2 };
enum format { FORMAT_TABLE = 0, FORMAT_JSON, FORMAT_CSV };

/* A text in both languages; static. */
struct bilingual {
    const char *text[LANG_COUNT];
};

struct client;
struct tz_table;

struct cli {
    enum lang lang;
    enum format format;
    bool yes;
    /* Given by options; NULL: not given. Borrowed from argv and the environment. */
    const char *dir, *endpoint, *server_key, *key_file;
    struct tz_table *zone; /* the park's; UTC with an empty name until it is known */
    FILE *in, *out, *err;
    bool in_terminal, out_terminal, err_terminal;
    struct client *client; /* made by the first request; client_destroy() */
};

/* A run with its streams, English, tables, UTC; destroy frees what the run made (not the streams).
 */
void cli_init(struct cli *cli, FILE *in, FILE *out, FILE *err);
void cli_destroy(struct cli *cli);

/* Times are shown in this IANA zone from now on; an unknown one changes nothing. */
void cli_set_zone(struct cli *cli, const char *name);

/* Runs the command line of argv (without the program's name) and returns its exit code. */
enum exit_code cli_run(struct cli *cli, int argc, char **argv);

/* Prints the refusal on `err`: two lines, each with `parkgate: ` before it, the language of the run
 * first; as one JSON object with --json. Returns its exit code. */
enum exit_code cli_say(const struct cli *cli, const struct complaint *c);

/* The same for a refusal whose arguments are themselves sentences: one complaint a language, with
 * the same number. */
enum exit_code cli_say_pair(const struct cli *cli, const struct complaint *en,
                            const struct complaint *zh);

/* complain() and cli_say() in one. */
enum exit_code cli_refuse(const struct cli *cli, enum error_number number, const char *a1,
                          const char *a2, const char *a3, const char *a4);

/* A line for a person on `err`, in the language of the run; nothing with --json or --csv. */
void cli_tell(const struct cli *cli, struct bilingual text);

/* Asks on `err` and reads one line from `in`. True: y, yes, 是. */
bool cli_confirm(const struct cli *cli, struct bilingual question);

/* Decimal text of `value` in `out`, which is returned. */
const char *cli_number(char out[24], uint64_t value);

/* command: the one table of commands. Dispatch, usage, help, completion and the manual are made of
 * it; nothing else knows a command's name or arguments.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "admin-cli/cli.h"

enum { COMMAND_ARGS_MAX = 12 };

enum arg_kind {
    ARG_TEXT = 0,
    ARG_NAME,   /* a name of the park file */
    ARG_NAMES,  /* several, with commas */
    ARG_DATE,   /* YYYY-MM-DD */
    ARG_TIME,   /* HH:MM */
    ARG_NUMBER, /* decimal, not negative */
    ARG_FLAG,   /* an option without a value; sent as "yes" */
    ARG_WORD,   /* one of `choices` */
    ARG_WORDS,  /* several of `choices`, with commas */
    ARG_FILE,   /* a file that this program reads */
    ARG_PATH,   /* a directory of the controller's machine; made absolute here */
    ARG_SECRET, /* "-" reads one line from standard input, so that `ps` never shows it */
};

struct arg_spec {
    const char *name; /* as in Request.arg; the option is --name with - for _. NULL ends the list */
    enum arg_kind kind;
    bool operand; /* given by its place, without --name; operands come first in the list */
    bool required;
    const char *choices; /* ARG_WORD, ARG_WORDS: "in|out" */
    struct bilingual help;
};

/* Who may take the answer away as CSV (DESIGN: no bulk export of persons or movements). */
enum csv_policy { CSV_FIGURES = 0, CSV_OWN_ROSTER, CSV_NEVER };

/* How many pages of a long answer are fetched. */
enum page_policy { PAGES_ALL = 0, PAGES_ONE_WITH_REASON };

struct command;

/* One call: the values by their place in command->args; NULL: not given. */
struct call {
    const struct command *command;
    const char *values[COMMAND_ARGS_MAX];
};

struct command {
    const char *noun;
    const char *verb;    /* "" for a noun that is a command by itself */
    const char *request; /* Request.verb; NULL for what is done here alone */
    enum exit_code (*run)(struct cli *cli, const struct call *call);
    enum csv_policy csv;
    enum page_policy pages;
    unsigned timeout_s; /* 0: CLIENT_TIMEOUT_MS */
    struct bilingual help;
    struct arg_spec args[COMMAND_ARGS_MAX];
};

const struct command *command_table(size_t *ret_count);
/* NULL: none. */
const struct command *command_find(const char *noun, const char *verb);

/* "person add", "status": as it is typed. */
void command_name(const struct command *command, char *out, size_t size);
/* --id-number */
void option_name(const struct arg_spec *arg, char *out, size_t size);
/* ID-NUMBER: as usage texts call an operand. */
void operand_name(const struct arg_spec *arg, char *out, size_t size);
/* The value of the argument with this name; NULL: not given. A name that the command does not have
 * is our own bug: aborts. */
const char *call_value(const struct call *call, const char *name);

/* Global options, for help and completion. */
struct global_option {
    const char *name;  /* "--dir" */
    const char *value; /* "DIR"; NULL: none */
    struct bilingual help;
};
const struct global_option *global_options(size_t *ret_count);

/* The handlers of single commands; each file of admin-cli/ that holds one includes this. */
enum exit_code run_request(struct cli *cli, const struct call *call); /* any plain verb */
enum exit_code run_status(struct cli *cli, const struct call *call);
enum exit_code run_help(struct cli *cli, const struct call *call);
enum exit_code run_completion(struct cli *cli, const struct call *call);
enum exit_code run_init(struct cli *cli, const struct call *call);
enum exit_code run_apply(struct cli *cli, const struct call *call);
enum exit_code run_import(struct cli *cli, const struct call *call);
enum exit_code run_key_make(struct cli *cli, const struct call *call);
enum exit_code run_key_add(struct cli *cli, const struct call *call);
enum exit_code run_pin_set(struct cli *cli, const struct call *call);
enum exit_code run_muster(struct cli *cli, const struct call *call);
enum exit_code run_muster_key(struct cli *cli, const struct call *call);
enum exit_code run_watch_keygen(struct cli *cli, const struct call *call);
enum exit_code run_watch_key(struct cli *cli, const struct call *call);
enum exit_code run_watch_sign(struct cli *cli, const struct call *call);
enum exit_code run_watch_push(struct cli *cli, const struct call *call);
enum exit_code run_watch_receipt(struct cli *cli, const struct call *call);
enum exit_code run_authority_keys(struct cli *cli, const struct call *call);
enum exit_code run_disclose_file(struct cli *cli, const struct call *call);
enum exit_code run_disclose_check(struct cli *cli, const struct call *call);
enum exit_code run_events(struct cli *cli, const struct call *call);
enum exit_code run_alert_follow(struct cli *cli, const struct call *call);
enum exit_code run_admin_recover(struct cli *cli, const struct call *call);
enum exit_code run_desk_add(struct cli *cli, const struct call *call);
enum exit_code run_desk_badge(struct cli *cli, const struct call *call);
enum exit_code run_desk_unlock(struct cli *cli, const struct call *call);
enum exit_code run_desk_lock(struct cli *cli, const struct call *call);
enum exit_code run_desk_show(struct cli *cli, const struct call *call);
enum exit_code run_server_rekey(struct cli *cli, const struct call *call);
enum exit_code run_server_switch(struct cli *cli, const struct call *call);
enum exit_code run_server_reindex(struct cli *cli, const struct call *call);
enum exit_code run_server_resign(struct cli *cli, const struct call *call);

/* A fresh key of the keyed hashes, as its file holds it: hex digits and a line feed. */
enum { INDEX_KEY_TEXT_SIZE = 66 };
void index_key_draw(char out[INDEX_KEY_TEXT_SIZE]);
enum exit_code run_device_test(struct cli *cli, const struct call *call);
enum exit_code run_restore(struct cli *cli, const struct call *call);

#include "admin-cli/args.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/access/civil.h"
#include "common/base/ids.h"
#include "common/base/must.h"
#include "schema/limits.h"

enum { NAME_TEXT_SIZE = 64 };

/* --- values --- */

static bool is_choice(const char *choices, const char *text, size_t size)
{
    for (const char *at = choices;; at++) {
        size_t length = strcspn(at, "|");
        if (length == size && memcmp(at, text, size) == 0) {
            return true;
        }
        at += length;
        if (*at == '\0') {
            return false;
        }
    }
}

static bool are_choices(const char *choices, const char *text)
{
    for (;; text++) {
        size_t size = strcspn(text, ",");
        if (!is_choice(choices, text, size)) {
            return false;
        }
        text += size;
        if (*text == '\0') {
            return true;
        }
    }
}

static bool is_name_text(const char *text, size_t size)
{
    char copy[NAME_SIZE + 1];
    struct name name;
    if (size >= sizeof(copy)) {
        return false;
    }
    memcpy(copy, text, size);
    copy[size] = '\0';
    return name_from_text(copy, &name);
}

static bool are_names(const char *text)
{
    for (;; text++) {
        size_t size = strcspn(text, ",");
        if (!is_name_text(text, size)) {
            return false;
        }
        text += size;
        if (*text == '\0') {
            return true;
        }
    }
}

static bool is_number(const char *text)
{
    size_t size = strlen(text);
    return size > 0 && size <= 19 && strspn(text, "0123456789") == size;
}

static bool is_time(const char *text)
{
    if (strlen(text) != 5 || text[2] != ':' || strspn(text, "0123456789:") != 5) {
        return false;
    }
    return (text[0] < '2' || (text[0] == '2' && text[1] < '4')) && text[3] < '6' &&
           text[1] != ':' && text[4] != ':' && text[0] != ':' && text[3] != ':';
}

/* NULL: good. Else what a good value looks like. */
static const char *value_problem(const struct arg_spec *arg, const char *value)
{
    int32_t day = 0;
    if (strlen(value) > LIMIT_ARG_BYTES && arg->kind != ARG_FILE) {
        return "at most 1024 bytes";
    }
    switch (arg->kind) {
    case ARG_NAME:
        return is_name_text(value, strlen(value)) ? NULL : "a-z 0-9 - .";
    case ARG_NAMES:
        return are_names(value) ? NULL : "a-z 0-9 - . , a,b,c";
    case ARG_DATE:
        return civil_date_parse(bytes_of_text(value), &day) ? NULL : "YYYY-MM-DD";
    case ARG_TIME:
        return is_time(value) ? NULL : "HH:MM";
    case ARG_NUMBER:
        return is_number(value) ? NULL : "0 1 2 ...";
    case ARG_WORD:
        return is_choice(arg->choices, value, strlen(value)) ? NULL : arg->choices;
    case ARG_WORDS:
        return are_choices(arg->choices, value) ? NULL : arg->choices;
    case ARG_TEXT:
    case ARG_FLAG:
    case ARG_FILE:
    case ARG_PATH:
    case ARG_SECRET:
        break;
    }
    return value[0] == '\0' ? "\"\"" : NULL;
}

/* Keeps `size` bytes of text for the rest of the run; NULL: no room. */
static const char *keep(struct args *args, const char *text, size_t size)
{
    if (size + 1 > sizeof(args->store) - args->stored) {
        return NULL;
    }
    char *at = args->store + args->stored;
    memcpy(at, text, size);
    at[size] = '\0';
    args->stored += size + 1;
    return at;
}

static const char *line_of_input(struct cli *cli, struct args *args)
{
    char line[LIMIT_ARG_BYTES + 2];
    if (fgets(line, sizeof(line), cli->in) == NULL) {
        return "";
    }
    return keep(args, line, strcspn(line, "\r\n"));
}

static const char *absolute(struct args *args, const char *path)
{
    char here[2048];
    if (path[0] == '/' || getcwd(here, sizeof(here) / 2) == NULL) {
        return path;
    }
    size_t size = strlen(here);
    if (size + 1 + strlen(path) >= sizeof(here)) {
        return path;
    }
    here[size] = '/';
    memcpy(here + size + 1, path, strlen(path) + 1);
    return keep(args, here, strlen(here));
}

static bool set_value(struct cli *cli, struct args *args, size_t index, const char *value,
                      struct complaint *c)
{
    const struct arg_spec *arg = &args->command->args[index];
    char option[NAME_TEXT_SIZE];
    option_name(arg, option, sizeof(option));
    if (args->call.values[index] != NULL) {
        return complain(c, ERROR_OPTION_TWICE, option, NULL, NULL, NULL);
    }
    if (arg->kind == ARG_SECRET && strcmp(value, "-") == 0) {
        value = line_of_input(cli, args);
    } else if (arg->kind == ARG_PATH && value[0] != '\0') {
        value = absolute(args, value);
    }
    const char *good = value == NULL ? "at most 1024 bytes" : value_problem(arg, value);
    if (good != NULL) {
        if (arg->operand) {
            operand_name(arg, option, sizeof(option));
        }
        return complain(c, ERROR_ARG_BAD, option,
                        arg->kind == ARG_SECRET || value == NULL ? "..." : value, good, NULL);
    }
    args->call.values[index] = value;
    return true;
}

/* --- options --- */

/* Does `word` begin with `name`, then end or =? *ret_value: after the =, else NULL. */
static bool is_option(const char *word, const char *name, const char **ret_value)
{
    size_t size = strlen(name);
    if (strncmp(word, name, size) != 0 || (word[size] != '\0' && word[size] != '=')) {
        return false;
    }
    *ret_value = word[size] == '=' ? word + size + 1 : NULL;
    return true;
}

static bool set_lang(struct cli *cli, const char *value, struct complaint *c)
{
    if (strcmp(value, "en") != 0 && strcmp(value, "zh") != 0) {
        return complain(c, ERROR_ARG_BAD, "--lang", value, "en|zh", NULL);
    }
    cli->lang = value[0] == 'z' ? LANG_ZH : LANG_EN;
    return true;
}

enum taken { TAKEN_NOT, TAKEN_ONE, TAKEN_TWO, TAKEN_BAD };

/* The options with a value; `next` is the word after, NULL at the end. */
static enum taken take_global_value(struct cli *cli, const char *word, const char *next,
                                    struct complaint *c)
{
    const struct {
        const char *name;
        const char **into; /* NULL: --lang */
    } options[] = {
        {"--dir",        &cli->dir       },
        {"--controller", &cli->endpoint  },
        {"--server-key", &cli->server_key},
        {"--key",        &cli->key_file  },
        {"--lang",       NULL            }
    };
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        const char *value = NULL;
        if (!is_option(word, options[i].name, &value)) {
            continue;
        }
        enum taken taken = value != NULL ? TAKEN_ONE : TAKEN_TWO;
        value = value != NULL ? value : next;
        if (value == NULL || value[0] == '\0') {
            (void)complain(c, ERROR_OPTION_VALUE, options[i].name, NULL, NULL, NULL);
            return TAKEN_BAD;
        }
        if (options[i].into != NULL) {
            *options[i].into = value;
            return taken;
        }
        return set_lang(cli, value, c) ? taken : TAKEN_BAD;
    }
    return TAKEN_NOT;
}

static enum taken take_global(struct cli *cli, struct args *args, const char *word,
                              const char *next, struct complaint *c)
{
    if (strcmp(word, "--json") == 0) {
        cli->format = FORMAT_JSON;
    } else if (strcmp(word, "--csv") == 0) {
        cli->format = FORMAT_CSV;
    } else if (strcmp(word, "--yes") == 0) {
        cli->yes = true;
    } else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        args->wants_help = true;
    } else if (strcmp(word, "--version") == 0) {
        args->wants_version = true;
    } else {
        return take_global_value(cli, word, next, c);
    }
    return TAKEN_ONE;
}

static enum taken take_option(struct cli *cli, struct args *args, const char *word,
                              const char *next, struct complaint *c)
{
    for (size_t i = 0; i < COMMAND_ARGS_MAX && args->command->args[i].name != NULL; i++) {
        const struct arg_spec *arg = &args->command->args[i];
        char option[NAME_TEXT_SIZE];
        const char *value = NULL;
        option_name(arg, option, sizeof(option));
        if (arg->operand || !is_option(word, option, &value)) {
            continue;
        }
        if (arg->kind == ARG_FLAG) {
            return set_value(cli, args, i, "yes", c) ? TAKEN_ONE : TAKEN_BAD;
        }
        enum taken taken = value != NULL ? TAKEN_ONE : TAKEN_TWO;
        value = value != NULL ? value : next;
        if (value == NULL) {
            (void)complain(c, ERROR_OPTION_VALUE, option, NULL, NULL, NULL);
            return TAKEN_BAD;
        }
        return set_value(cli, args, i, value, c) ? taken : TAKEN_BAD;
    }
    return TAKEN_NOT;
}

static bool take_operand(struct cli *cli, struct args *args, const char *word, struct complaint *c)
{
    for (size_t i = 0; i < COMMAND_ARGS_MAX && args->command->args[i].name != NULL; i++) {
        if (args->command->args[i].operand && args->call.values[i] == NULL) {
            return set_value(cli, args, i, word, c);
        }
    }
    char name[NAME_TEXT_SIZE];
    command_name(args->command, name, sizeof(name));
    return complain(c, ERROR_ARG_SURPLUS, name, word, NULL, NULL);
}

/* --- the command --- */

static bool is_noun(const char *word)
{
    size_t count = 0;
    const struct command *commands = command_table(&count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(commands[i].noun, word) == 0) {
            return true;
        }
    }
    return false;
}

/* `headcount --why P` is `headcount why P`. */
static const struct command *verb_of(const char *noun, const char *word)
{
    return word == NULL ? NULL : command_find(noun, strncmp(word, "--", 2) == 0 ? word + 2 : word);
}

/* Words taken (1 or 2); 0: *c filled. With help wanted a noun alone is enough. */
static int take_command(struct args *args, const char *noun, const char *next, struct complaint *c)
{
    char both[NAME_TEXT_SIZE * 2];
    args->command = next == NULL || next[0] == '\0' ? NULL : verb_of(noun, next);
    int words = 2;
    if (args->command == NULL) {
        args->command = command_find(noun, "");
        words = 1;
    }
    if (args->command == NULL && is_noun(noun) && next != NULL && strcmp(next, "--help") == 0) {
        args->command = command_find("help", ""); /* `parkgate lane --help` */
        args->call.values[0] = noun;
        args->wants_noun = true;
    }
    if (args->command == NULL) {
        bool show = next != NULL && next[0] != '-' && is_noun(noun);
        (void)snprintf(both, sizeof(both), "%.60s%s%.60s", noun, show ? " " : "", show ? next : "");
        (void)complain(c, ERROR_COMMAND_UNKNOWN, both, NULL, NULL, NULL);
        return 0;
    }
    args->call.command = args->command;
    return words;
}

static bool has_all(const struct args *args, struct complaint *c)
{
    char command[NAME_TEXT_SIZE];
    char option[NAME_TEXT_SIZE];
    command_name(args->command, command, sizeof(command));
    for (size_t i = 0; i < COMMAND_ARGS_MAX && args->command->args[i].name != NULL; i++) {
        const struct arg_spec *arg = &args->command->args[i];
        if (!arg->required || args->call.values[i] != NULL) {
            continue;
        }
        if (arg->operand) {
            operand_name(arg, option, sizeof(option));
            return complain(c, ERROR_OPERAND_MISSING, command, option, NULL, NULL);
        }
        if (strcmp(arg->name, "reason") == 0) {
            return complain(c, ERROR_REASON_NEEDED, NULL, NULL, NULL, NULL);
        }
        option_name(arg, option, sizeof(option));
        return complain(c, ERROR_ARG_MISSING, option + 2, NULL, NULL, NULL);
    }
    return true;
}

static bool unknown_option(const struct args *args, const char *word, struct complaint *c)
{
    char name[NAME_TEXT_SIZE];
    if (args->command == NULL) {
        return complain(c, ERROR_COMMAND_UNKNOWN, word, NULL, NULL, NULL);
    }
    command_name(args->command, name, sizeof(name));
    return complain(c, ERROR_OPTION_UNKNOWN, name, word, NULL, NULL);
}

bool args_read(struct cli *cli, int argc, char **argv, struct args *args, struct complaint *c)
{
    *args = (struct args){0};
    bool only_operands = false;
    for (int i = 0; i < argc;) {
        const char *word = argv[i];
        const char *next = i + 1 < argc ? argv[i + 1] : NULL;
        enum taken taken = TAKEN_NOT;
        if (args->command != NULL && !only_operands && strcmp(word, "--") == 0) {
            only_operands = true;
            i++;
            continue;
        }
        if (!only_operands && word[0] == '-' && word[1] != '\0') {
            taken = args->command == NULL ? TAKEN_NOT : take_option(cli, args, word, next, c);
            taken = taken == TAKEN_NOT ? take_global(cli, args, word, next, c) : taken;
            if (taken == TAKEN_NOT) {
                return unknown_option(args, word, c);
            }
            if (taken == TAKEN_BAD) {
                return false;
            }
            i += taken == TAKEN_TWO ? 2 : 1;
        } else if (args->command == NULL) {
            int words = take_command(args, word, next, c);
            if (words == 0) {
                return false;
            }
            i += words;
        } else if (take_operand(cli, args, word, c)) {
            i++;
        } else {
            return false;
        }
    }
    return args->command == NULL || args->wants_help || has_all(args, c);
}

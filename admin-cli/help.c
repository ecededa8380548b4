#include "admin-cli/help.h"

#include <stdarg.h>
#include <string.h>

#include "common/base/must.h"

enum { USAGE_SIZE = 512, OPTION_SIZE = 64 };

static const char *value_word(const struct arg_spec *arg)
{
    switch (arg->kind) {
    case ARG_NAMES:
        return "A,B,...";
    case ARG_DATE:
        return "YYYY-MM-DD";
    case ARG_TIME:
        return "HH:MM";
    case ARG_NUMBER:
        return "N";
    case ARG_FILE:
        return "FILE";
    case ARG_PATH:
        return "DIR";
    case ARG_WORD:
    case ARG_WORDS:
        return arg->choices;
    case ARG_NAME:
        return "NAME";
    case ARG_FLAG:
    case ARG_TEXT:
    case ARG_SECRET:
        break;
    }
    return "TEXT";
}

__attribute__((format(printf, 4, 5))) static void put(char *out, size_t size, size_t *at,
                                                      const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int wrote = *at < size ? vsnprintf(out + *at, size - *at, fmt, args) : 0;
    va_end(args);
    *at += wrote > 0 ? (size_t)wrote : 0;
}

void help_usage(const struct command *command, char *out, size_t size)
{
    size_t at = 0;
    char option[OPTION_SIZE];
    command_name(command, option, sizeof(option));
    put(out, size, &at, "%s", option);
    for (size_t i = 0; i < COMMAND_ARGS_MAX && command->args[i].name != NULL; i++) {
        const struct arg_spec *arg = &command->args[i];
        put(out, size, &at, arg->required ? " " : " [");
        if (arg->operand) {
            operand_name(arg, option, sizeof(option));
            put(out, size, &at, "%s", option);
        } else {
            option_name(arg, option, sizeof(option));
            put(out, size, &at, "%s", option);
            if (arg->kind != ARG_FLAG) {
                put(out, size, &at, " %s", value_word(arg));
            }
        }
        put(out, size, &at, "%s", arg->required ? "" : "]");
    }
    MUST(at < size);
}

static void print_globals(const struct cli *cli, FILE *out)
{
    size_t count = 0;
    const struct global_option *options = global_options(&count);
    for (size_t i = 0; i < count; i++) {
        char left[OPTION_SIZE];
        (void)snprintf(left, sizeof(left), "%s%s%s", options[i].name,
                       options[i].value == NULL ? "" : " ",
                       options[i].value == NULL ? "" : options[i].value);
        (void)fprintf(out, "  %-24s %s\n", left, options[i].help.text[cli->lang]);
    }
}

static void print_line(const struct cli *cli, FILE *out, const struct command *command)
{
    char name[OPTION_SIZE];
    command_name(command, name, sizeof(name));
    (void)fprintf(out, "  %-20s %s\n", name, command->help.text[cli->lang]);
}

void help_all(const struct cli *cli, FILE *out)
{
    static const struct bilingual heads[] = {
        {{"usage: parkgate [options] NOUN [VERB] [arguments]",
          "用法：parkgate [选项] 名词 [动词] [参数]"}},
        {{"commands (parkgate help NOUN, parkgate NOUN VERB --help):",
          "命令（parkgate help 名词，parkgate 名词 动词 --help）："}},
        {{"options:", "选项："}},
        {{"exit codes: 0 done, 1 refused or not found, 2 usage, 3 controller not reachable, "
          "4 not permitted, 5 bad input file",
          "退出码：0 完成，1 被拒绝或未找到，2 用法错误，3 控制器不可达，4 无权限，5 "
          "输入文件有误"}},
    };
    size_t count = 0;
    const struct command *commands = command_table(&count);
    (void)fprintf(out, "%s\n\n%s\n", heads[0].text[cli->lang], heads[1].text[cli->lang]);
    for (size_t i = 0; i < count; i++) {
        print_line(cli, out, &commands[i]);
    }
    (void)fprintf(out, "\n%s\n", heads[2].text[cli->lang]);
    print_globals(cli, out);
    (void)fprintf(out, "\n%s\n", heads[3].text[cli->lang]);
}

void help_command(const struct cli *cli, const struct command *command)
{
    static const struct bilingual usage = {
        {"usage: ", "用法："}
    };
    char text[USAGE_SIZE];
    help_usage(command, text, sizeof(text));
    (void)fprintf(cli->out, "%sparkgate %s\n%s\n", usage.text[cli->lang], text,
                  command->help.text[cli->lang]);
    for (size_t i = 0; i < COMMAND_ARGS_MAX && command->args[i].name != NULL; i++) {
        const struct arg_spec *arg = &command->args[i];
        char left[OPTION_SIZE];
        if (arg->operand) {
            operand_name(arg, left, sizeof(left));
        } else {
            option_name(arg, left, sizeof(left));
        }
        (void)fprintf(cli->out, "%s  %-16s %s%s%s%s\n", i == 0 ? "\n" : "", left,
                      arg->help.text[cli->lang], arg->choices == NULL ? "" : " (",
                      arg->choices == NULL ? "" : arg->choices, arg->choices == NULL ? "" : ")");
    }
}

enum exit_code run_help(struct cli *cli, const struct call *call)
{
    const char *noun = call_value(call, "noun");
    size_t count = 0;
    size_t shown = 0;
    const struct command *commands = command_table(&count);
    if (noun == NULL) {
        help_all(cli, cli->out);
        return EXIT_DONE;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(commands[i].noun, noun) == 0) {
            (void)fputs(shown++ > 0 ? "\n" : "", cli->out);
            help_command(cli, &commands[i]);
        }
    }
    return shown > 0 ? EXIT_DONE : cli_refuse(cli, ERROR_COMMAND_UNKNOWN, noun, NULL, NULL, NULL);
}

/* completion: the table of commands as a bash script, and as source of the manual. */
#include <string.h>

#include "admin-cli/help.h"
#include "common/base/must.h"

enum { USAGE_SIZE = 512, OPTION_SIZE = 64 };

static bool first_of_noun(const struct command *commands, size_t index)
{
    return index == 0 || strcmp(commands[index].noun, commands[index - 1].noun) != 0;
}

static void print_words(FILE *out, const struct command *command)
{
    for (size_t i = 0; i < COMMAND_ARGS_MAX && command->args[i].name != NULL; i++) {
        char option[OPTION_SIZE];
        option_name(&command->args[i], option, sizeof(option));
        if (!command->args[i].operand) {
            (void)fprintf(out, " %s", option);
        }
    }
}

/* Nouns; the verbs of a noun; the options of a command; else file names. */
static void print_bash(FILE *out)
{
    size_t count = 0;
    size_t global_count = 0;
    const struct command *commands = command_table(&count);
    const struct global_option *globals = global_options(&global_count);
    (void)fputs("# bash completion for parkgate: source this file\n"
                "_parkgate() {\n"
                "    local word=\"${COMP_WORDS[COMP_CWORD]}\" noun=\"\" verb=\"\" i words=\"\"\n"
                "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
                "        case \"${COMP_WORDS[i]}\" in\n"
                "        --dir|--controller|--server-key|--key|--lang) ((i++)) ;;\n"
                "        -*) ;;\n"
                "        *) if [ -z \"$noun\" ]; then noun=\"${COMP_WORDS[i]}\"\n"
                "           elif [ -z \"$verb\" ]; then verb=\"${COMP_WORDS[i]}\"; fi ;;\n"
                "        esac\n"
                "    done\n"
                "    case \"$noun\" in\n"
                "    '') words=\"",
                out);
    for (size_t i = 0; i < count; i++) {
        if (first_of_noun(commands, i)) {
            (void)fprintf(out, "%s ", commands[i].noun);
        }
    }
    (void)fputs("\" ;;\n", out);
    for (size_t i = 0; i < count; i++) {
        if (!first_of_noun(commands, i)) {
            continue;
        }
        (void)fprintf(out, "    %s) case \"$verb\" in\n", commands[i].noun);
        for (size_t j = i; j < count && (j == i || !first_of_noun(commands, j)); j++) {
            if (commands[j].verb[0] != '\0') {
                (void)fprintf(out, "        %s) words=\"", commands[j].verb);
                print_words(out, &commands[j]);
                (void)fputs("\" ;;\n", out);
            }
        }
        (void)fputs("        *) words=\"", out);
        for (size_t j = i; j < count && (j == i || !first_of_noun(commands, j)); j++) {
            (void)fprintf(out, " %s", commands[j].verb);
            if (commands[j].verb[0] == '\0') {
                print_words(out, &commands[j]);
            }
        }
        (void)fputs("\" ;;\n        esac ;;\n", out);
    }
    (void)fputs("    esac\n    words=\"$words", out);
    for (size_t i = 0; i < global_count; i++) {
        (void)fprintf(out, " %s", globals[i].name);
    }
    (void)fputs("\"\n"
                "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
                "    [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- \"$word\"))\n"
                "}\n"
                "complete -F _parkgate parkgate\n",
                out);
}

/* scdoc reads _ and * as marks. */
static void put_escaped(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        (void)fputs(*text == '_' || *text == '*' || *text == '<' ? "\\" : "", out);
        (void)fputc(*text, out);
    }
}

static void print_scdoc(FILE *out)
{
    size_t count = 0;
    const struct command *commands = command_table(&count);
    for (size_t i = 0; i < count; i++) {
        char usage[USAGE_SIZE];
        help_usage(&commands[i], usage, sizeof(usage));
        (void)fputs("*parkgate ", out);
        put_escaped(out, usage);
        (void)fputs("*\n\t", out);
        put_escaped(out, commands[i].help.text[LANG_EN]);
        (void)fputs(". ", out);
        put_escaped(out, commands[i].help.text[LANG_ZH]);
        (void)fputs("。\n\n", out);
    }
}

enum exit_code run_completion(struct cli *cli, const struct call *call)
{
    if (strcmp(call_value(call, "shell"), "bash") == 0) {
        print_bash(cli->out);
    } else {
        print_scdoc(cli->out);
    }
    return EXIT_DONE;
}

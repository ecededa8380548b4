/* One run: arguments, language, dispatch. */
#include <string.h>

#include "admin-cli/args.h"
#include "admin-cli/help.h"
#include "common/base/must.h"

#define PROGRAM_VERSION "0.1.0"

static enum exit_code refuse_csv(struct cli *cli, const struct command *command)
{
    char name[64];
    command_name(command, name, sizeof(name));
    cli->format = FORMAT_TABLE; /* errors have no CSV form */
    return cli_refuse(cli, ERROR_NO_CSV, name, NULL, NULL, NULL);
}

/* Options behind a mistake were not read any more; a program still wants its error as JSON. */
static void settle_format(struct cli *cli, int argc, char **argv)
{
    cli->format = FORMAT_TABLE;
    for (int i = 0; i < argc; i++) {
        cli->format = strcmp(argv[i], "--json") == 0 ? FORMAT_JSON : cli->format;
    }
}

enum exit_code cli_run(struct cli *cli, int argc, char **argv)
{
    struct args args;
    struct complaint c = {0};
    if (!args_read(cli, argc, argv, &args, &c)) {
        settle_format(cli, argc, argv);
        return cli_say(cli, &c);
    }
    if (args.wants_version) {
        (void)fprintf(cli->out, "parkgate %s\n", PROGRAM_VERSION);
        return EXIT_DONE;
    }
    if (args.command == NULL) {
        help_all(cli, args.wants_help ? cli->out : cli->err);
        return args.wants_help ? EXIT_DONE : EXIT_USAGE;
    }
    if (args.wants_help && !args.wants_noun) {
        help_command(cli, args.command);
        return EXIT_DONE;
    }
    if (cli->format == FORMAT_CSV && args.command->csv == CSV_NEVER) {
        return refuse_csv(cli, args.command);
    }
    return args.command->run(cli, &args.call);
}

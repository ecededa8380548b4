/* help: usage, help and completion, all from the table of commands. */
#pragma once

#include "admin-cli/command.h"

/* Every command on a line, by noun. */
void help_all(const struct cli *cli, FILE *out);
/* One command with its arguments. */
void help_command(const struct cli *cli, const struct command *command);
/* "person add --tenant TENANT [--phone PHONE]": what stands after `parkgate`. */
void help_usage(const struct command *command, char *out, size_t size);

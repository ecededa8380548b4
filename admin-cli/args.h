/* args: argv to one checked call of one command. */
#pragma once

#include "admin-cli/command.h"

enum { ARGS_STORE_SIZE = 16384 };

/* What argv said. Values are borrowed from argv or from `store`. */
struct args {
    const struct command *command; /* NULL: none given */
    struct call call;
    bool wants_help, wants_version;
    bool wants_noun;             /* NOUN --help: the command is `help NOUN` */
    char store[ARGS_STORE_SIZE]; /* values made here: absolute paths, lines of standard input */
    size_t stored;
};

/* Reads argv (without the program's name) into *args and the global options into *cli. False: *c
 * says why; exit code by its number. With wants_help nothing required is asked for. */
bool args_read(struct cli *cli, int argc, char **argv, struct args *args, struct complaint *c);

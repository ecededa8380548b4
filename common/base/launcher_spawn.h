/* launcher_spawn: how the launcher makes a process. For launcher*.c only. */
#pragma once

#include <sys/types.h>

#include "common/base/launcher.h"

/* Opens /dev/null for whichever of the descriptors 0, 1, 2 is closed. */
void launcher_open_standard(void);

/* In a child: signals as a fresh program has them. */
void launcher_reset_signals(void);

/* In a child: closes all descriptors from 3 on except `keep` (-1: none). */
void launcher_close_others(int keep);

/* Starts `args` (texts with NULs, `args_size` bytes) from `dir`; the first is the program. Its
 * standard input is /dev/null, its standard output `output` (-1: ours). It can gain no privileges
 * and holds nothing else of ours. Returns its pid, or -1. A program that cannot be executed ends
 * with status 255. */
pid_t launcher_spawn(const char *dir, const char *args, size_t args_size, int output);

/* options: the command line that both helper programs share. */
#pragma once

#include <stdint.h>

#include "common/base/err.h"
#include "common/base/ids.h"
#include "schema/helper.h"

enum { HELPER_WITH_MAX = HELPER_BOARDS_PER_BUS - 1 };

struct helper_options {
    struct name name;        /* --name: of the reader or board in the park file */
    const char *socket_path; /* --socket: the agent's */
    const char *run_dir;     /* --run: for device locks */
    const char *device;      /* --device: libnfc connstring; NULL not given */
    const char *user;        /* --user: become that user when started as root; NULL not given */
    uint32_t poll_ms;        /* --poll-ms, 0 not given */
    struct name with[HELPER_WITH_MAX]; /* --with: more boards on the same bus */
    uint8_t with_count;
};

/* Texts are borrowed from argv. ERR_INPUT: the fault says which argument is wrong or missing. */
MUST_CHECK enum err helper_options_of(int argc, char **argv, struct helper_options *ret_options,
                                      struct fault *fault);

/* launcher_wire: the datagrams between launcher and worker. Plain structs: both ends are the same
 * program image (fork without exec), so nothing is ever parsed. For launcher*.c only. */
#pragma once

#include <stddef.h>

#include "common/base/launcher.h"

enum launcher_order_kind {
    ORDER_WANT = 1,
    ORDER_DROP = 2,
    ORDER_RESTART = 3,
    ORDER_SETTLE = 4,
    ORDER_JOB = 5,
    ORDER_DONE = 6, /* the worker returned `status` and ends now */
};

/* Sent up to the end of args_size bytes of args: argument texts, each with its NUL. */
struct launcher_order {
    enum launcher_order_kind kind;
    struct name name;
    uint64_t job;
    int status;
    uint32_t args_size;
    char args[LAUNCHER_ARG_BYTES];
};

/* Sent up to the end of output_size bytes of output. */
struct launcher_answer {
    enum launcher_report_kind kind;
    struct name name;
    uint64_t job;
    pid_t pid;
    int status;
    uint32_t output_size;
    char output[LAUNCHER_OUTPUT_BYTES + 1];
};

struct launcher_link {
    int fd;
};

/* The worker's last word. */
void launcher_done(struct launcher_link *link, int status);

/* device test: the gate's own program talks to the device; this program becomes it. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "admin-cli/command.h"

enum { PROGRAM_PATH_SIZE = 1024, ARGUMENTS_MAX = 16 };

static const char program[] = "parkgate-agent";

/* The one that stands beside this program; false: look in PATH. */
static bool beside_us(char out[PROGRAM_PATH_SIZE])
{
    ssize_t size = readlink("/proc/self/exe", out, PROGRAM_PATH_SIZE - sizeof(program) - 1);
    if (size <= 0) {
        return false;
    }
    out[size] = '\0';
    char *slash = strrchr(out, '/');
    if (slash == NULL) {
        return false;
    }
    memcpy(slash + 1, program, sizeof(program));
    return access(out, X_OK) == 0;
}

struct arguments {
    const char *list[ARGUMENTS_MAX];
    size_t count;
};

static void add(struct arguments *arguments, const char *option, const char *value)
{
    if (value != NULL) {
        arguments->list[arguments->count++] = option;
        arguments->list[arguments->count++] = value;
    }
}

enum exit_code run_device_test(struct cli *cli, const struct call *call)
{
    static const struct bilingual question = {
        {"This opens the lane for real. Is nobody in its way?",
         "将真实打开通道。通道内确认无人、无车？"}
    };
    char path[PROGRAM_PATH_SIZE];
    struct arguments arguments = {.list = {program}, .count = 1};
    add(&arguments, "--dir", call_value(call, "gate_dir"));
    add(&arguments, "--test", call_value(call, "device"));
    add(&arguments, "--record", call_value(call, "record"));
    add(&arguments, "--seconds", call_value(call, "seconds"));
    if (call_value(call, "pulse") != NULL) {
        add(&arguments, "--pulse", call_value(call, "pulse"));
        if (cli->yes || cli_confirm(cli, question)) {
            arguments.list[arguments.count++] = "--yes";
        }
    }
    (void)fflush(cli->out);
    (void)fflush(cli->err);
    if (beside_us(path)) {
        (void)execv(path, (char *const *)(uintptr_t)arguments.list);
    } else {
        (void)execvp(program, (char *const *)(uintptr_t)arguments.list);
    }
    return cli_refuse(cli, ERROR_EXEC, program, strerror(errno), NULL, NULL);
}

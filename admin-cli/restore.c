/* restore: the controller itself makes its store again; this program becomes it. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "admin-cli/command.h"

enum { PROGRAM_PATH_SIZE = 1024 };

static const char program[] = "parkgate-controller";

/* The controller that stands beside this program; false: look in PATH. */
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

enum exit_code run_restore(struct cli *cli, const struct call *call)
{
    char path[PROGRAM_PATH_SIZE];
    const char *argv[] = {program, "--restore", call_value(call, "from"), call_value(call, "dir"),
                          call_value(call, "erased"), NULL};
    (void)fflush(cli->out);
    (void)fflush(cli->err);
    if (beside_us(path)) {
        (void)execv(path, (char *const *)(uintptr_t)argv);
    } else {
        (void)execvp(program, (char *const *)(uintptr_t)argv);
    }
    return cli_refuse(cli, ERROR_EXEC, program, strerror(errno), NULL, NULL);
}

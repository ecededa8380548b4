#include "common/base/launcher_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/must.h"

void launcher_open_standard(void)
{
    int fd = 0;
    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0) {
        close(fd);
    }
}

void launcher_reset_signals(void)
{
    sigset_t none;
    sigemptyset(&none);
    for (int number = 1; number < NSIG; number++) {
        if (number != SIGKILL && number != SIGSTOP) {
            (void)signal(number, SIG_DFL);
        }
    }
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

void launcher_close_others(int keep)
{
    if (keep < 0) {
        (void)close_range(STDERR_FILENO + 1, UINT_MAX, 0);
        return;
    }
    MUST(keep > STDERR_FILENO);
    if (keep > STDERR_FILENO + 1) {
        (void)close_range(STDERR_FILENO + 1, (unsigned)keep - 1, 0);
    }
    (void)close_range((unsigned)keep + 1, UINT_MAX, 0);
}

static void split_args(const char *args, size_t args_size, char *argv[LAUNCHER_ARGS_MAX + 1])
{
    size_t count = 0;
    for (size_t at = 0; at < args_size && count < LAUNCHER_ARGS_MAX; count++) {
        argv[count] = (char *)(uintptr_t)(args + at);
        at += strlen(args + at) + 1;
    }
    argv[count] = NULL;
}

static void set_descriptors(int output)
{
    int null = open("/dev/null", O_RDONLY);
    if (null >= 0) {
        (void)dup2(null, STDIN_FILENO);
    }
    if (output >= 0) {
        (void)dup2(output, STDOUT_FILENO);
    }
    launcher_close_others(-1);
}

__attribute__((noreturn)) static void become(const char *dir, const char *args, size_t args_size,
                                             int output)
{
    char path[PATH_MAX];
    char *argv[LAUNCHER_ARGS_MAX + 1];
    split_args(args, args_size, argv);
    launcher_reset_signals();
    /* Ctrl-C at a terminal is for the launcher, which stops things in their order. */
    (void)setpgid(0, 0);
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    (void)unsetenv("NOTIFY_SOCKET");
    set_descriptors(output);
    int length = snprintf(path, sizeof(path), "%s/%s", dir, argv[0]);
    if (length > 0 && (size_t)length < sizeof(path)) {
        execv(path, argv);
    }
    log_error("helper_not_started", LOG_TEXT("program", argv[0]), LOG_TEXT("dir", dir),
              LOG_TEXT("why", strerror(errno)));
    _exit(255);
}

pid_t launcher_spawn(const char *dir, const char *args, size_t args_size, int output)
{
    pid_t pid = fork();
    if (pid == 0) {
        become(dir, args, args_size, output);
    }
    return pid;
}

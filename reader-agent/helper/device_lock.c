#include "reader-agent/helper/device_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"

enum { LOOK_EVERY_MS = 10 };

/* 0: the file does not say. */
static pid_t holder_of(int fd)
{
    char text[32] = "";
    if (pread(fd, text, sizeof(text) - 1, 0) <= 0) {
        return 0;
    }
    char *end = NULL;
    long pid = strtol(text, &end, 10);
    return end != text && pid > 1 && pid <= INT_MAX ? (pid_t)pid : 0;
}

static bool read_name(const char *path, char out[32])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd >= 0 ? read(fd, out, 31) : -1;
    out[size > 0 ? size : 0] = '\0';
    if (fd >= 0) {
        (void)close(fd);
    }
    return size > 0;
}

/* The file may say the pid of one who died long ago, where the disk did not take the next one's:
 * whoever has that number now is left alone unless it is this program. */
static bool is_one_of_us(pid_t pid)
{
    char path[64];
    char theirs[32];
    char ours[32];
    (void)snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
    return read_name(path, theirs) && read_name("/proc/self/comm", ours) &&
           strcmp(theirs, ours) == 0;
}

static bool is_taken(int fd)
{
    return flock(fd, LOCK_EX | LOCK_NB) == 0;
}

/* flock has no waiting with an end, so it is asked for again. */
static bool wait_for_it(int fd)
{
    const struct clock *clock = clock_system();
    struct mono end = mono_after_ms(clock->mono(clock->ctx), DEVICE_LOCK_WAIT_MS);
    while (mono_before(clock->mono(clock->ctx), end)) {
        if (is_taken(fd)) {
            return true;
        }
        (void)poll(NULL, 0, LOOK_EVERY_MS);
    }
    return is_taken(fd);
}

/* One that hangs hears no SIGTERM, and nobody else would ever end it: exit buttons wait. */
static bool take_from_holder(int fd)
{
    static const int signals[] = {SIGTERM, SIGKILL};
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        pid_t holder = holder_of(fd);
        if (holder > 0 && is_one_of_us(holder)) {
            (void)kill(holder, signals[i]);
        }
        if (wait_for_it(fd)) {
            return true;
        }
    }
    return false;
}

/* Only for whoever comes next: the lock is held without it. */
static void write_own_pid(int fd, const char *path)
{
    char text[32];
    int length = snprintf(text, sizeof(text), "%d\n", (int)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)length, 0) != length) {
        log_warning("device_lock_not_named", LOG_TEXT("file", path),
                    LOG_TEXT("why", strerror(errno)));
    }
}

/* A disk that takes nothing is no reason to keep exits shut. */
static int open_lock(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    int why = errno;
    if (fd < 0) {
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        errno = why;
    }
    return fd;
}

/* Where no file can be made, nobody before us can hold it. */
static bool is_disk_trouble(int number)
{
    return number == EROFS || number == ENOSPC || number == EDQUOT || number == EIO;
}

enum err device_lock_take(const char *run_dir, const char *name, bool take_over,
                          struct fault *fault)
{
    char path[PATH_MAX];
    int length = snprintf(path, sizeof(path), "%s/%s.lock", run_dir, name);
    if (length < 0 || (size_t)length >= sizeof(path)) {
        return fault_set(fault, ERR_INPUT, "the path of the lock of %s is too long", name);
    }
    int fd = open_lock(path);
    if (fd < 0 && is_disk_trouble(errno)) {
        log_error("device_lock_not_made", LOG_TEXT("file", path), LOG_TEXT("why", strerror(errno)));
        return ERR_OK;
    }
    if (fd < 0) {
        return fault_set(fault, ERR_IO, "cannot open %s: %s", path, strerror(errno));
    }
    if (!is_taken(fd) && !(take_over && take_from_holder(fd))) {
        int holder = (int)holder_of(fd);
        close(fd);
        return fault_set(fault, ERR_BUSY, "%s is held by process %d: stop it first", path, holder);
    }
    write_own_pid(fd, path);
    return ERR_OK;
}

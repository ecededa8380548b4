#include "tests/peers/peer_util.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static int64_t clock_us(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t peer_mono_us(void)
{
    return clock_us(CLOCK_MONOTONIC);
}

int64_t peer_wall_us(void)
{
    return clock_us(CLOCK_REALTIME);
}

_Noreturn void peer_die(const char *format, ...)
{
    va_list args;

    fprintf(stderr, "%s: ", program_invocation_short_name);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

bool peer_parse_long(const char *text, long low, long high, long *ret)
{
    char *end = NULL;
    long value;

    if (text == NULL || *text == '\0')
        return false;
    errno = 0;
    value = strtol(text, &end, strncmp(text, "0x", 2) == 0 ? 16 : 10);
    if (errno != 0 || *end != '\0' || value < low || value > high)
        return false;
    *ret = value;
    return true;
}

/* Ends one word that starts at *cursor, unquoting it in place; *cursor moves behind it. */
static char *take_word(char **cursor)
{
    char *in = *cursor, *out = *cursor, *word = *cursor;
    char quote = '\0';

    while (*in != '\0' && (quote != '\0' || !isspace((unsigned char)*in))) {
        if (quote == '\0' && (*in == '"' || *in == '\''))
            quote = *in;
        else if (quote != '\0' && *in == quote)
            quote = '\0';
        else
            *out++ = *in;
        in++;
    }
    *cursor = *in == '\0' ? in : in + 1;
    *out = '\0';
    return word;
}

size_t peer_split(char *line, char **words, size_t max)
{
    size_t count = 0;

    for (;;) {
        while (isspace((unsigned char)*line))
            line++;
        if (*line == '\0' || count == max)
            return count;
        words[count++] = take_word(&line);
    }
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

size_t peer_unhex(const char *text, uint8_t *out, size_t max)
{
    size_t count = 0;

    while (*text != '\0') {
        int high = hex_digit(text[0]);
        int low = high < 0 ? -1 : hex_digit(text[1]);

        if (low < 0 || count == max)
            return 0;
        out[count++] = (uint8_t)(high * 16 + low);
        text += 2;
        if (*text == ':')
            text++;
    }
    return count;
}

int64_t peer_sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

void peer_poll(struct pollfd *fds, size_t count, int64_t until_us)
{
    struct timespec wait = {0};
    int64_t left;

    if (until_us != PEER_NEVER) {
        left = until_us - peer_mono_us();
        left = left < 0 ? 0 : left;
        wait.tv_sec = left / 1000000;
        wait.tv_nsec = left % 1000000 * 1000;
    }
    if (ppoll(fds, count, until_us == PEER_NEVER ? NULL : &wait, NULL) >= 0)
        return;
    if (errno != EINTR)
        peer_die("ppoll: %s", strerror(errno));
    for (size_t i = 0; i < count; i++)
        fds[i].revents = 0;
}

int peer_signals(bool die_with_parent)
{
    sigset_t set;
    int fd;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        peer_die("signalfd: %s", strerror(errno));
    if (die_with_parent) {
        pid_t parent = getppid();

        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent)
            peer_die("the parent has ended already");
    }
    return fd;
}

/* A link that appears in one step: nobody ever opens the old slave by the new name. */
static void place_link(const char *target, const char *link)
{
    char fresh[PEER_PATH_SIZE + 8];

    snprintf(fresh, sizeof fresh, "%s.new", link);
    unlink(fresh);
    if (symlink(target, fresh) != 0 || rename(fresh, link) != 0)
        peer_die("cannot make the link %s: %s", link, strerror(errno));
}

void peer_pty_open(struct peer_pty *pty, const char *link)
{
    char slave[128];
    struct termios raw;

    if (strlen(link) >= sizeof pty->link)
        peer_die("the path %s is too long", link);
    pty->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (pty->master < 0 || grantpt(pty->master) != 0 || unlockpt(pty->master) != 0 ||
        ptsname_r(pty->master, slave, sizeof slave) != 0)
        peer_die("cannot open a pseudo-terminal: %s", strerror(errno));
    pty->slave = open(slave, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (pty->slave < 0 || tcgetattr(pty->slave, &raw) != 0)
        peer_die("cannot open %s: %s", slave, strerror(errno));
    cfmakeraw(&raw); /* else the driver's bytes come back as an echo before it sets the mode */
    if (tcsetattr(pty->slave, TCSANOW, &raw) != 0)
        peer_die("cannot set %s raw: %s", slave, strerror(errno));
    snprintf(pty->link, sizeof pty->link, "%s", link);
    place_link(slave, link);
}

void peer_pty_close(struct peer_pty *pty)
{
    if (pty->master < 0)
        return;
    unlink(pty->link);
    close(pty->slave);
    close(pty->master);
    pty->master = pty->slave = -1;
}

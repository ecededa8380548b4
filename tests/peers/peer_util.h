/* What the emulated devices share among themselves: clocks, ends, words, pseudo-terminals, one
 * poll.
 *
 * Nothing of Parkgate is used here, so that a mistake in a driver cannot hide in its own peer.
 * These are test programs: a condition that makes the peer useless ends it with a sentence on
 * stderr. */
#ifndef PEERS_PEER_UTIL_H
#define PEERS_PEER_UTIL_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A moment that never comes. */
#define PEER_NEVER     INT64_MAX
#define PEER_WORDS_MAX 64
#define PEER_PATH_SIZE 256

/* Microseconds of CLOCK_MONOTONIC: for everything that is timed. */
int64_t peer_mono_us(void);
/* Microseconds since 1970 by the wall clock: for logs only. */
int64_t peer_wall_us(void);

/* Prints "program: text" to stderr and ends the process with status 1. */
_Noreturn void peer_die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* True and *ret written if the whole text is a decimal or 0x number within low..high. */
bool peer_parse_long(const char *text, long low, long high, long *ret);

/* Cuts line in place into words at blanks; "..." and '...' keep blanks. At most max words are
 * written, the rest of the line is dropped. Returns how many. */
size_t peer_split(char *line, char **words, size_t max);

/* Hex digits (colons allowed between bytes) into out. Returns the number of bytes, 0 if the text is
 * not hex or does not fit. */
size_t peer_unhex(const char *text, uint8_t *out, size_t max);

/* Takes the lower of two moments. */
int64_t peer_sooner(int64_t a, int64_t b);

/* Polls until a descriptor is ready or the monotonic moment until_us has come. A signal ends it
 * too. revents of all fds are valid afterwards. */
void peer_poll(struct pollfd *fds, size_t count, int64_t until_us);

/* Blocks SIGTERM, SIGINT and SIGHUP and returns a descriptor that is readable when one of them
 * came; ignores SIGPIPE. With die_with_parent the kernel sends SIGTERM when the parent ends. */
int peer_signals(bool die_with_parent);

/* A pseudo-terminal set raw. The peer holds the slave end open too, so that a driver that closes it
 * does not hang up the master. master is -1 while closed. */
struct peer_pty {
    int master;
    int slave;
    char link[PEER_PATH_SIZE];
};

/* Opens a pseudo-terminal and points the symbolic link at its slave, replacing an older link. */
void peer_pty_open(struct peer_pty *pty, const char *link);
/* Closes both ends and removes the link; a program that has the slave open sees a hang-up. */
void peer_pty_close(struct peer_pty *pty);

#endif

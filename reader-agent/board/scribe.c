#include "reader-agent/board/scribe.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "common/base/privilege.h"

enum { HEAD_BYTES = 5 };

/* What a file was given last. */
struct page {
    bool given;
    bool to_give; /* to the process that there is now: it did not take it yet */
    bool waits;  /* the process: it is not on the disk yet */
    bool failed; /* ... and the disk said no, which was told */
    uint32_t offset;
    size_t size;
    uint8_t data[SCRIBE_BYTES];
};

struct scribe {
    int fd; /* -1: there is no process */
    pid_t pid;
    pid_t ended; /* to be waited for; 0 none */
    struct mono next_try;
    const int *fds;
    uint8_t count;
    const char *user;
    struct page pages[SCRIBE_FILES_MAX];
};

/* The process */

static void write_page(int fd, uint8_t index, struct page *page)
{
    bool done = pwrite(fd, page->data, page->size, (off_t)page->offset) == (ssize_t)page->size &&
                fdatasync(fd) == 0;
    if (!done && !page->failed) {
        log_warning("board_file_not_kept", LOG_NUM("file", index),
                    LOG_TEXT("why", strerror(errno)));
    }
    page->failed = !done;
    page->waits = !done;
}

static void take_frame(struct scribe *scribe, struct bytes frame)
{
    struct reader r = reader_of(frame);
    uint8_t index = reader_u8(&r);
    uint32_t offset = reader_u32(&r);
    if (r.bad || index >= scribe->count) {
        return;
    }
    struct page *page = &scribe->pages[index];
    page->waits = true;
    page->offset = offset;
    page->size = frame.size - HEAD_BYTES;
    memcpy(page->data, frame.data + HEAD_BYTES, page->size);
    write_page(scribe->fds[index], index, page);
}

static void write_again(struct scribe *scribe)
{
    for (uint8_t i = 0; i < scribe->count; i++) {
        if (scribe->pages[i].waits) {
            write_page(scribe->fds[i], i, &scribe->pages[i]);
        }
    }
}

static bool has_waiting(const struct scribe *scribe)
{
    for (uint8_t i = 0; i < scribe->count; i++) {
        if (scribe->pages[i].waits) {
            return true;
        }
    }
    return false;
}

_Noreturn static void write_for(struct scribe *scribe, int fd)
{
    uint8_t frame[HEAD_BYTES + SCRIBE_BYTES];
    if (scribe->user != NULL && privilege_drop(scribe->user, NULL) != ERR_OK) {
        log_warning("privileges_kept", LOG_TEXT("who", "scribe"));
    }
    for (;;) {
        struct pollfd at = {.fd = fd, .events = POLLIN};
        if (poll(&at, 1, has_waiting(scribe) ? SCRIBE_RETRY_MS : -1) == 0) {
            write_again(scribe);
            continue;
        }
        ssize_t size = recv(fd, frame, sizeof(frame), MSG_DONTWAIT);
        if (size > 0) {
            take_frame(scribe, (struct bytes){.data = frame, .size = (size_t)size});
        } else if (size == 0 || (errno != EINTR && errno != EAGAIN)) {
            write_again(scribe);
            _exit(0); /* the parent is gone */
        }
    }
}

/* Of a parent that holds locks: none of them may live on with us. */
static void close_all_but(const struct scribe *scribe, int fd)
{
    long most = sysconf(_SC_OPEN_MAX);
    for (int i = STDERR_FILENO + 1; i < (most > 0 && most < 4096 ? most : 4096); i++) {
        bool ours = i == fd;
        for (uint8_t k = 0; k < scribe->count; k++) {
            ours = ours || i == scribe->fds[k];
        }
        if (!ours) {
            (void)close(i);
        }
    }
}

/* The parent */

static bool give(const struct scribe *scribe, uint8_t index, const struct page *page)
{
    uint8_t frame[HEAD_BYTES + SCRIBE_BYTES];
    struct writer w = writer_of(frame, sizeof(frame));
    writer_u8(&w, index);
    writer_u32(&w, page->offset);
    memcpy(frame + HEAD_BYTES, page->data, page->size);
    size_t size = HEAD_BYTES + page->size;
    return send(scribe->fd, frame, size, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)size;
}

/* What is on nobody's disk yet is the newest of its file. */
static void give_again(struct scribe *scribe)
{
    for (uint8_t i = 0; i < scribe->count; i++) {
        struct page *page = &scribe->pages[i];
        if (page->to_give && !give(scribe, i, page)) {
            return;
        }
        page->to_give = false;
    }
}

static void begin(struct scribe *scribe)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        log_error("scribe_not_started", LOG_TEXT("why", strerror(errno)));
        return;
    }
    scribe->pid = fork();
    if (scribe->pid == 0) {
        /* Only the end of the parent ends it: what it was told may be all that is left of a fire.
         */
        (void)signal(SIGTERM, SIG_IGN);
        (void)signal(SIGINT, SIG_IGN);
        close_all_but(scribe, ends[1]);
        write_for(scribe, ends[1]);
    }
    close(ends[1]);
    if (scribe->pid < 0) {
        log_error("scribe_not_started", LOG_TEXT("why", strerror(errno)));
        scribe->pid = 0;
        close(ends[0]);
        return;
    }
    scribe->fd = ends[0];
    for (uint8_t i = 0; i < scribe->count; i++) {
        scribe->pages[i].to_give = scribe->pages[i].given;
    }
    give_again(scribe);
}

struct scribe *scribe_start(const int *fds, uint8_t count, const char *user, struct mono now)
{
    struct scribe *scribe = calloc(1, sizeof(*scribe));
    MUST(scribe != NULL && count <= SCRIBE_FILES_MAX);
    scribe->fd = -1;
    scribe->fds = fds;
    scribe->count = count;
    scribe->user = user;
    scribe->next_try = mono_after_ms(now, SCRIBE_RETRY_MS);
    begin(scribe);
    return scribe;
}

void scribe_destroy(struct scribe **scribe)
{
    if (*scribe != NULL) {
        if ((*scribe)->fd >= 0) {
            close((*scribe)->fd);
        }
        free(*scribe);
        *scribe = NULL;
    }
}

static bool is_gone(const struct scribe *scribe)
{
    uint8_t byte;
    ssize_t size = recv(scribe->fd, &byte, sizeof(byte), MSG_DONTWAIT);
    return size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR);
}

void scribe_tend(struct scribe *scribe, struct mono now)
{
    if (scribe->fd >= 0 && is_gone(scribe)) {
        close(scribe->fd);
        scribe->fd = -1;
        scribe->ended = scribe->pid;
        log_error("scribe_ended", LOG_NUM("pid", scribe->pid));
    }
    if (scribe->ended > 0 && waitpid(scribe->ended, NULL, WNOHANG) != 0) {
        scribe->ended = 0;
    }
    if (scribe->fd >= 0) {
        give_again(scribe);
        return;
    }
    if (mono_before(now, scribe->next_try)) {
        return;
    }
    scribe->next_try = mono_after_ms(now, SCRIBE_RETRY_MS);
    begin(scribe);
}

bool scribe_write(struct scribe *scribe, uint8_t index, uint32_t offset, struct bytes data)
{
    MUST(index < scribe->count && data.size <= SCRIBE_BYTES);
    struct page page = {.given = true, .offset = offset, .size = data.size};
    memcpy(page.data, data.data, data.size);
    if (scribe->fd >= 0 && !give(scribe, index, &page) && (errno == EAGAIN || errno == ENOBUFS)) {
        return false;
    }
    scribe->pages[index] = page;
    return true;
}

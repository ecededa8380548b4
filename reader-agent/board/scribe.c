#include "reader-agent/board/scribe.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "reader-agent/helper/privilege.h"

enum { HEAD_BYTES = 5 };

struct scribe {
    int fd;
};

/* The process */

static void write_one(const int *fds, uint8_t count, struct bytes frame)
{
    struct reader r = reader_of(frame);
    uint8_t index = reader_u8(&r);
    uint32_t offset = reader_u32(&r);
    if (r.bad || index >= count) {
        return;
    }
    const uint8_t *data = frame.data + HEAD_BYTES;
    size_t size = frame.size - HEAD_BYTES;
    if (pwrite(fds[index], data, size, (off_t)offset) != (ssize_t)size ||
        fdatasync(fds[index]) != 0) {
        log_warning("board_file_not_kept", LOG_NUM("file", index),
                    LOG_TEXT("why", strerror(errno)));
    }
}

_Noreturn static void write_for(int fd, const int *fds, uint8_t count, const char *user)
{
    uint8_t frame[HEAD_BYTES + SCRIBE_BYTES];
    if (user != NULL && privilege_drop(user, NULL) != ERR_OK) {
        log_warning("privileges_kept", LOG_TEXT("who", "scribe"));
    }
    for (;;) {
        ssize_t size = recv(fd, frame, sizeof(frame), 0);
        if (size > 0) {
            write_one(fds, count, (struct bytes){.data = frame, .size = (size_t)size});
        } else if (size == 0 || errno != EINTR) {
            _exit(0); /* the parent is gone */
        }
    }
}

/* The parent */

enum err scribe_start(const int *fds, uint8_t count, const char *user, struct scribe **ret_scribe,
                      struct fault *fault)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return fault_set(fault, ERR_IO, "socketpair: %s", strerror(errno));
    }
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        /* Only the end of the parent ends it: what it was told may be all that is left of a fire.
         */
        (void)signal(SIGTERM, SIG_IGN);
        (void)signal(SIGINT, SIG_IGN);
        write_for(ends[1], fds, count, user);
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return fault_set(fault, ERR_IO, "fork: %s", strerror(errno));
    }
    struct scribe *scribe = calloc(1, sizeof(*scribe));
    MUST(scribe != NULL);
    scribe->fd = ends[0];
    *ret_scribe = scribe;
    return ERR_OK;
}

void scribe_destroy(struct scribe **scribe)
{
    if (*scribe != NULL) {
        close((*scribe)->fd);
        free(*scribe);
        *scribe = NULL;
    }
}

bool scribe_write(struct scribe *scribe, uint8_t index, uint32_t offset, struct bytes data)
{
    uint8_t frame[HEAD_BYTES + SCRIBE_BYTES];
    struct writer w = writer_of(frame, sizeof(frame));
    MUST(data.size <= SCRIBE_BYTES);
    if (scribe == NULL) {
        return false;
    }
    writer_u8(&w, index);
    writer_u32(&w, offset);
    memcpy(frame + HEAD_BYTES, data.data, data.size);
    size_t size = HEAD_BYTES + data.size;
    return send(scribe->fd, frame, size, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)size;
}

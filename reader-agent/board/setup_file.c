#include "reader-agent/board/setup_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum err setup_file_open(const char *run_dir, struct name name, int *ret_fd, struct fault *fault)
{
    char path[PATH_MAX];
    int length = snprintf(path, sizeof(path), "%s/%s.board", run_dir, name.text);
    if (length < 0 || (size_t)length >= sizeof(path)) {
        return fault_set(fault, ERR_INPUT, "the directory %s has too long a path", run_dir);
    }
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return fault_set(fault, ERR_IO, "cannot open %s: %s", path, strerror(errno));
    }
    *ret_fd = fd;
    return ERR_OK;
}

enum err setup_file_read(int fd, struct helper_board *ret_setup)
{
    uint8_t frame[HELPER_FRAME_BYTES];
    struct helper_message message;
    ssize_t size = pread(fd, frame, sizeof(frame), 0);
    if (size <= 0 ||
        helper_unpack((struct bytes){.data = frame, .size = (size_t)size}, &message, NULL) !=
            ERR_OK ||
        !helper_says_board(&message)) {
        return ERR_NOT_FOUND;
    }
    *ret_setup = message.board;
    return ERR_OK;
}

size_t setup_file_pack(const struct helper_board *setup, uint8_t out[HELPER_FRAME_BYTES])
{
    const struct helper_message message = {.kind = helper_board_kind(setup), .board = *setup};
    return helper_pack(&message, out);
}

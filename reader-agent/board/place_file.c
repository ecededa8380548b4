#include "reader-agent/board/place_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/must.h"

enum { SUM_BYTES = 8, HEAD_BYTES = 12, PLACE_MOST = 4096 };

/* FNV-1a: against tears, not against people. */
static uint64_t sum_of(const uint8_t *data, size_t size)
{
    uint64_t sum = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < size; i++) {
        sum = (sum ^ data[i]) * UINT64_C(1099511628211);
    }
    return sum;
}

/* Its blocks are there from now on: a full disk keeps no later write from them. */
static bool make_room(const struct place_file *file, int fd)
{
    static const uint8_t zeros[PLACE_MOST];
    off_t end = lseek(fd, 0, SEEK_END);
    for (uint32_t place = 0; place < PLACE_FILE_PLACES; place++) {
        off_t at = (off_t)place * (off_t)file->size;
        if (end < at + (off_t)file->size &&
            pwrite(fd, zeros, file->size, at) != (ssize_t)file->size) {
            return false;
        }
    }
    return true;
}

enum err place_file_open(const struct place_file *file, const char *run_dir, struct name name,
                         int *ret_fd, struct fault *fault)
{
    char path[PATH_MAX];
    int length = snprintf(path, sizeof(path), "%s/%s.%s", run_dir, name.text, file->ending);
    if (length < 0 || (size_t)length >= sizeof(path)) {
        return fault_set(fault, ERR_INPUT, "the directory %s has too long a path", run_dir);
    }
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || !make_room(file, fd)) {
        log_error("board_file_not_kept", LOG_TEXT("file", path), LOG_TEXT("why", strerror(errno)));
    }
    *ret_fd = fd >= 0 ? fd : open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    return ERR_OK;
}

uint32_t place_file_offset(const struct place_file *file, uint64_t count)
{
    return (uint32_t)(count % PLACE_FILE_PLACES) * file->size;
}

void place_file_pack(const struct place_file *file, uint64_t count, struct bytes body, uint8_t *out)
{
    MUST(file->size <= PLACE_MOST && body.size <= file->size - PLACE_FILE_EXTRA);
    memset(out, 0, file->size);
    struct writer w = writer_of(out, file->size - SUM_BYTES);
    writer_u32(&w, file->magic);
    writer_u64(&w, count);
    memcpy(out + HEAD_BYTES, body.data, body.size);
    struct writer sum = writer_of(out + file->size - SUM_BYTES, SUM_BYTES);
    writer_u64(&sum, sum_of(out, file->size - SUM_BYTES));
}

static bool is_whole(const struct place_file *file, const uint8_t *place, uint64_t *ret_count)
{
    struct reader sum =
        reader_of((struct bytes){.data = place + file->size - SUM_BYTES, .size = SUM_BYTES});
    struct reader r = reader_of((struct bytes){.data = place, .size = HEAD_BYTES});
    if (reader_u64(&sum) != sum_of(place, file->size - SUM_BYTES) ||
        reader_u32(&r) != file->magic) {
        return false;
    }
    *ret_count = reader_u64(&r);
    return true;
}

void place_file_read(const struct place_file *file, int fd,
                     bool (*take)(void *ctx, struct bytes body), void *ctx, uint64_t *ret_count)
{
    uint8_t place[PLACE_MOST];
    *ret_count = 0;
    MUST(file->size <= PLACE_MOST);
    for (uint32_t i = 0; i < PLACE_FILE_PLACES; i++) {
        uint64_t count = 0;
        ssize_t size = pread(fd, place, file->size, (off_t)i * (off_t)file->size);
        const struct bytes body = {.data = place + HEAD_BYTES,
                                   .size = file->size - PLACE_FILE_EXTRA};
        if (size == (ssize_t)file->size && is_whole(file, place, &count) && count > *ret_count &&
            take(ctx, body)) {
            *ret_count = count;
        }
    }
}

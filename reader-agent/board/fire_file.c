#include "reader-agent/board/fire_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/bytes.h"
#include "common/base/must.h"

enum { MAGIC = 0x46495245, SUM_BYTES = 8 };

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
static bool make_room(int fd)
{
    static const uint8_t zeros[FIRE_FILE_PLACE];
    off_t end = lseek(fd, 0, SEEK_END);
    for (int place = 0; place < FIRE_FILE_PLACES; place++) {
        off_t at = (off_t)place * FIRE_FILE_PLACE;
        if (end < at + FIRE_FILE_PLACE &&
            pwrite(fd, zeros, sizeof(zeros), at) != (ssize_t)sizeof(zeros)) {
            return false;
        }
    }
    return true;
}

enum err fire_file_open(const char *run_dir, struct name name, int *ret_fd, struct fault *fault)
{
    char path[PATH_MAX];
    int length = snprintf(path, sizeof(path), "%s/%s.fire", run_dir, name.text);
    if (length < 0 || (size_t)length >= sizeof(path)) {
        return fault_set(fault, ERR_INPUT, "the directory %s has too long a path", run_dir);
    }
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return fault_set(fault, ERR_IO, "cannot open %s: %s", path, strerror(errno));
    }
    *ret_fd = fd;
    return make_room(fd) ? ERR_OK
                         : fault_set(fault, ERR_IO, "cannot write %s: %s", path, strerror(errno));
}

static void pack_order(const struct helper_release *order, struct writer *w)
{
    uint8_t frame[HELPER_FRAME_BYTES];
    const struct helper_message message = {.kind = HELPER_SAYS_RELEASE, .release = *order};
    size_t size = helper_pack(&message, frame);
    writer_run(w, (struct bytes){.data = frame, .size = size});
}

void fire_file_pack(const struct fire_kept *kept, uint64_t count, uint8_t out[FIRE_FILE_PLACE])
{
    memset(out, 0, FIRE_FILE_PLACE);
    struct writer w = writer_of(out, FIRE_FILE_PLACE - SUM_BYTES);
    writer_u32(&w, MAGIC);
    writer_u64(&w, count);
    writer_u8(&w, kept->latched ? 1 : 0);
    writer_u8(&w, kept->told ? 1 : 0);
    writer_u8(&w, kept->held ? 1 : 0);
    writer_u64(&w, kept->number);
    pack_order(&kept->order, &w);
    writer_u8(&w, kept->ended ? 1 : 0);
    MUST(!w.bad);
    struct writer sum = writer_of(out + FIRE_FILE_PLACE - SUM_BYTES, SUM_BYTES);
    writer_u64(&sum, sum_of(out, FIRE_FILE_PLACE - SUM_BYTES));
}

static bool unpack(const uint8_t place[FIRE_FILE_PLACE], struct fire_kept *kept, uint64_t *count)
{
    struct reader sum =
        reader_of((struct bytes){.data = place + FIRE_FILE_PLACE - SUM_BYTES, .size = SUM_BYTES});
    struct reader r = reader_of((struct bytes){.data = place, .size = FIRE_FILE_PLACE - SUM_BYTES});
    struct helper_message message;
    if (reader_u64(&sum) != sum_of(place, FIRE_FILE_PLACE - SUM_BYTES) || reader_u32(&r) != MAGIC) {
        return false;
    }
    *count = reader_u64(&r);
    kept->latched = reader_u8(&r) != 0;
    kept->told = reader_u8(&r) != 0;
    kept->held = reader_u8(&r) != 0;
    kept->number = reader_u64(&r);
    struct bytes frame = reader_run(&r);
    kept->ended = reader_u8(&r) != 0; /* 0 in a file of the version before */
    if (r.bad || helper_unpack(frame, &message, NULL) != ERR_OK ||
        message.kind != HELPER_SAYS_RELEASE) {
        return false;
    }
    kept->order = message.release;
    return true;
}

struct fire_kept fire_file_read(int fd, uint64_t *ret_count)
{
    struct fire_kept newest = {.latched = false};
    *ret_count = 0;
    for (int i = 0; i < FIRE_FILE_PLACES; i++) {
        uint8_t place[FIRE_FILE_PLACE];
        struct fire_kept kept = {.latched = false};
        uint64_t count = 0;
        ssize_t size = pread(fd, place, sizeof(place), (off_t)i * FIRE_FILE_PLACE);
        if (size == (ssize_t)sizeof(place) && unpack(place, &kept, &count) && count > *ret_count) {
            newest = kept;
            *ret_count = count;
        }
    }
    return newest;
}

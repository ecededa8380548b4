#include "reader-agent/board/fire_file.h"

#include "common/base/must.h"

static const struct place_file file = {
    .ending = "fire", .magic = 0x46495245, .size = FIRE_FILE_PLACE};

enum err fire_file_open(const char *run_dir, struct name name, int *ret_fd, struct fault *fault)
{
    return place_file_open(&file, run_dir, name, ret_fd, fault);
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
    uint8_t body[FIRE_FILE_PLACE - PLACE_FILE_EXTRA];
    struct writer w = writer_of(body, sizeof(body));
    writer_u8(&w, kept->latched ? 1 : 0);
    writer_u8(&w, kept->told ? 1 : 0);
    writer_u8(&w, kept->held ? 1 : 0);
    writer_u64(&w, kept->number);
    pack_order(&kept->order, &w);
    writer_u8(&w, kept->ended ? 1 : 0);
    MUST(!w.bad);
    place_file_pack(&file, count, writer_view(&w), out);
}

uint32_t fire_file_offset(uint64_t count)
{
    return place_file_offset(&file, count);
}

static bool unpack(void *ctx, struct bytes body)
{
    struct fire_kept kept = {.latched = false};
    struct reader r = reader_of(body);
    struct helper_message message;
    kept.latched = reader_u8(&r) != 0;
    kept.told = reader_u8(&r) != 0;
    kept.held = reader_u8(&r) != 0;
    kept.number = reader_u64(&r);
    struct bytes frame = reader_run(&r);
    kept.ended = reader_u8(&r) != 0; /* 0 in a file of the version before */
    if (r.bad || helper_unpack(frame, &message, NULL) != ERR_OK ||
        message.kind != HELPER_SAYS_RELEASE) {
        return false;
    }
    kept.order = message.release;
    *(struct fire_kept *)ctx = kept;
    return true;
}

struct fire_kept fire_file_read(int fd, uint64_t *ret_count)
{
    struct fire_kept newest = {.latched = false};
    place_file_read(&file, fd, unpack, &newest, ret_count);
    return newest;
}

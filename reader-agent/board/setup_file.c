#include "reader-agent/board/setup_file.h"

#include "common/base/must.h"

static const struct place_file file = {
    .ending = "board", .magic = 0x53455455, .size = SETUP_FILE_PLACE};

enum err setup_file_open(const char *run_dir, struct name name, int *ret_fd, struct fault *fault)
{
    return place_file_open(&file, run_dir, name, ret_fd, fault);
}

static bool unpack(void *ctx, struct bytes body)
{
    struct reader r = reader_of(body);
    struct helper_message message;
    struct bytes frame = reader_run(&r);
    if (r.bad || helper_unpack(frame, &message, NULL) != ERR_OK || !helper_says_board(&message)) {
        return false;
    }
    *(struct helper_board *)ctx = message.board;
    return true;
}

enum err setup_file_read(int fd, struct helper_board *ret_setup, uint64_t *ret_count)
{
    place_file_read(&file, fd, unpack, ret_setup, ret_count);
    return *ret_count > 0 ? ERR_OK : ERR_NOT_FOUND;
}

void setup_file_pack(const struct helper_board *setup, uint64_t count,
                     uint8_t out[SETUP_FILE_PLACE])
{
    uint8_t frame[HELPER_FRAME_BYTES];
    uint8_t body[SETUP_FILE_PLACE - PLACE_FILE_EXTRA];
    const struct helper_message message = {.kind = helper_board_kind(setup), .board = *setup};
    struct writer w = writer_of(body, sizeof(body));
    writer_run(&w, (struct bytes){.data = frame, .size = helper_pack(&message, frame)});
    MUST(!w.bad);
    place_file_pack(&file, count, writer_view(&w), out);
}

uint32_t setup_file_offset(uint64_t count)
{
    return place_file_offset(&file, count);
}

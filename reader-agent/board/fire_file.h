/* fire_file: what a board must still know of fire and evacuation after a crash, a restart or a
 * power cut: beside the lock and the setup, in `run_dir`/`name`.fire. Holds nothing personal.
 *
 * Nothing that opens an exit reads it, waits for it, or fails with it; it is read at the start
 * alone. Its two places: place_file.h.
 */
#pragma once

#include "reader-agent/board/place_file.h"
#include "schema/helper.h"

enum { FIRE_FILE_PLACE = 1024 };

struct fire_kept {
    bool latched;    /* fire, not reset yet */
    bool told;       /* this board's input began it, and its reports say so */
    bool ended;      /* ... and that its input is quiet again */
    bool held;       /* the coils of its exits may be on by that */
    uint64_t number; /* of the newest order when it latched: only a later one may end it */
    struct helper_release order; /* the newest */
};

/* Opens or makes the file; done before privileges are given up. As place_file_open() says. */
MUST_CHECK enum err fire_file_open(const char *run_dir, struct name name, int *ret_fd,
                                   struct fault *fault);
/* Nothing kept, or nothing readable: all zero. *ret_count is what fire_file_pack() goes on from. */
struct fire_kept fire_file_read(int fd, uint64_t *ret_count);
/* The bytes of the `count`-th write, for fire_file_offset(). */
void fire_file_pack(const struct fire_kept *kept, uint64_t count, uint8_t out[FIRE_FILE_PLACE]);
uint32_t fire_file_offset(uint64_t count);

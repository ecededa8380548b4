/* fire_file: what a board must still know of fire and evacuation after a crash, a restart or a
 * power cut: beside the lock and the setup, in `run_dir`/`name`.fire. Holds nothing personal.
 *
 * Two places are written in turn, each with a number and a checksum, and were both there before: a
 * write that a power cut tears leaves the one before, and a full disk refuses none. Nothing that
 * opens an exit reads it, waits for it, or fails with it; it is read at the start alone.
 */
#pragma once

#include "schema/helper.h"

enum { FIRE_FILE_PLACE = 1024, FIRE_FILE_PLACES = 2 };

struct fire_kept {
    bool latched;    /* fire, not reset yet */
    bool told;       /* this board's input began it, and its reports say so */
    bool ended;      /* ... and that its input is quiet again */
    bool held;       /* the coils of its exits may be on by that */
    uint64_t number; /* of the newest order when it latched: only a later one may end it */
    struct helper_release order; /* the newest */
};

/* Opens or makes the file at its full size; done before privileges are given up. ERR_IO. */
MUST_CHECK enum err fire_file_open(const char *run_dir, struct name name, int *ret_fd,
                                   struct fault *fault);
/* Nothing kept, or nothing readable: all zero. *ret_count is what fire_file_pack() goes on from. */
struct fire_kept fire_file_read(int fd, uint64_t *ret_count);
/* The bytes of the `count`-th write, for FIRE_FILE_PLACE * (count % FIRE_FILE_PLACES). */
void fire_file_pack(const struct fire_kept *kept, uint64_t count, uint8_t out[FIRE_FILE_PLACE]);

/* setup_file: the last setup that the agent gave, kept beside the lock, so that a board whose
 * helper is started again while the agent is dead still answers its exit buttons. Holds nothing
 * personal. */
#pragma once

#include "schema/helper.h"

/* Opens or makes `run_dir`/`name`.board; done before privileges are given up. ERR_IO. */
MUST_CHECK enum err setup_file_open(const char *run_dir, struct name name, int *ret_fd,
                                    struct fault *fault);
/* ERR_NOT_FOUND: empty, or not one of ours. */
MUST_CHECK enum err setup_file_read(int fd, struct helper_board *ret_setup);
/* The whole of its bytes. A failed write is no reason to stop: the agent has the setup. */
size_t setup_file_pack(const struct helper_board *setup, uint8_t out[HELPER_FRAME_BYTES]);

/* setup_file: the last setup that the agent gave, kept beside the lock, so that a board whose
 * helper is started again while the agent is dead still answers its exit buttons. Holds nothing
 * personal. Its two places: place_file.h.
 */
#pragma once

#include "reader-agent/board/place_file.h"
#include "schema/helper.h"

enum { SETUP_FILE_PLACE = 4096 };

/* Opens or makes `run_dir`/`name`.board; done before privileges are given up. As
 * place_file_open() says. */
MUST_CHECK enum err setup_file_open(const char *run_dir, struct name name, int *ret_fd,
                                    struct fault *fault);
/* ERR_NOT_FOUND: empty, or not one of ours. *ret_count is what setup_file_pack() goes on from. */
MUST_CHECK enum err setup_file_read(int fd, struct helper_board *ret_setup, uint64_t *ret_count);
/* The bytes of the `count`-th write, for setup_file_offset(). A failed write is no reason to stop:
 * the agent has the setup. */
void setup_file_pack(const struct helper_board *setup, uint64_t count,
                     uint8_t out[SETUP_FILE_PLACE]);
uint32_t setup_file_offset(uint64_t count);

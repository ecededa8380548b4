/* truncation: the journal's beginning goes, as checkpoints.h says. For checkpoints.c. */
#pragma once

#include "controller/app/checkpoints.h"

/* What stands in table `truncation`: an asked one's `upto` as the job's argument into out ("": none),
 * and whether entries are to go. */
MUST_CHECK enum err truncation_look(struct controller *ctl, struct store_txn *txn, char *out,
                                    size_t size, struct fault *fault);
/* The job `truncate` ended: it begins, or is refused. */
void truncation_looked(struct controller *ctl, int status, const char *output);

/* Of a job's output: the number in a line `name=`, the bytes (0: none, or no hex). */
bool checkpoints_number_of(const char *output, const char *name, uint64_t *ret);
size_t checkpoints_hex_of(const char *output, const char *name, uint8_t *out, size_t capacity);

/* failing: an LD_PRELOAD library in which the Nth call of a kind fails, and some after it.
 *
 * Kinds: write (to regular files), sync, open, malloc. A program arms it by the functions below, or
 * is started with FAILING=KIND:NTH:ERRNO:FILE, which counts while FILE is there (malloc: from the
 * start), fails once, and removes FILE, so that what is started again does not fail again.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* From now on the calls of this kind are counted, and from the `nth` on `times` of them fail with
 * `error`. NULL where the library is not loaded. */
__attribute__((weak)) void failing_arm(const char *kind, uint64_t nth, int error, uint64_t times);
/* No call fails any more. Returns how many were counted; *ret_hit: one failed. */
__attribute__((weak)) uint64_t failing_disarm(bool *ret_hit);

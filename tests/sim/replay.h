/* replay: the journal once more, into an empty store, and both ways of counting compared. */
#pragma once

#include <stdint.h>

#include "common/store/store.h"

/* Fails the seed when a table differs, or when recount finds another figure. Returns the entries.
 */
uint64_t replay_check(struct store *store);

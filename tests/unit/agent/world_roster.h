/* world_roster: the copy of gate_world, as the controller would have told it. */
#pragma once

#include "reader-agent/store/copy_store.h"

enum { WORLD_PERSONS = 200, WORLD_UID_SIZE = 7 };

/* The badge of a person, numbered from 0. */
void world_uid(unsigned person, uint8_t out[WORLD_UID_SIZE]);
/* Makes the roster the copy; aborts when that fails. */
void world_roster_take(struct copy_store *store, struct wall now);
/* The digest of a copy without rows. */
struct seal_hash world_empty_digest(void);

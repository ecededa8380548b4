/* world_roster: the copy of gate_world, as the controller would have told it. */
#pragma once

#include "reader-agent/store/copy_store.h"

enum { WORLD_PERSONS = 200, WORLD_VISITOR = WORLD_PERSONS, WORLD_HOST = 1, WORLD_UID_SIZE = 7 };

/* The badge of a person, numbered from 0. */
void world_uid(unsigned person, uint8_t out[WORLD_UID_SIZE]);
/* Makes the roster the copy; aborts when that fails. Nobody is inside. */
void world_roster_take(struct copy_store *store, struct wall now);
/* The same of a copy that holds counts only; `inside` persons are in the yard, and of acme. */
void world_roster_take_counts(struct copy_store *store, struct wall now, int32_t inside);
/* News of a person inside, with the digest that fits. Errors as copy_store_end_take(). */
enum err world_take_presence(struct copy_store *store, struct fault *fault);
/* News for a copy that holds counts only: grants of two persons and of a vehicle, read then, stand
 * open at lane `in`. */
void world_take_standing(struct copy_store *store, struct wall captured);
uint64_t world_presence_rows(struct store_txn *txn);
/* The digest of a copy without rows. */
struct seal_hash world_empty_digest(void);

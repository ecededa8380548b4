/* desk_keeper: the process that holds an unlocked key for a shared desk, and only so long.
 *
 * It listens at DESK/desk.sock (directory 0700) and serves its own user only. It ends, wiping the
 * key, LIMIT_DESK_IDLE_S after the last command, LIMIT_DESK_S after the unlocking, when it is told
 * to, or when another key is unlocked. Its clock runs on while the machine sleeps.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/link/key.h"
#include "schema/errors.h"

struct desk_state {
    char name[64];
    uint32_t left_s; /* until it locks by itself */
};

/* Forks the keeper; returns once it listens. `idle_s` 1 to LIMIT_DESK_IDLE_S. False: *c says why.
 */
bool desk_keeper_start(const char *dir, const char *name, const struct link_key_pair *pair,
                       unsigned idle_s, struct complaint *c);

/* False: nothing is unlocked. */
bool desk_keeper_state(const char *dir, struct desk_state *ret);
/* The unlocked key; counts as a command. False: nothing is unlocked. */
bool desk_keeper_key(const char *dir, struct link_key_pair *ret_pair);
/* Returns once the keeper is gone. False: nothing was unlocked. */
bool desk_keeper_lock(const char *dir);

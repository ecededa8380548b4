/* scenario: a busy, seeded time at the park, for tests that judge what is left of it: the replay of
 * its journal, what stands in its files, the journal that is kept. Two gates, twelve persons with
 * badges, a truck and operators of several roles do random things, right and wrong ones. */
#pragma once

#include "tests/unit/controller/harness.h"

/* What must stand in clear nowhere. */
extern const char *const scenario_secrets[];
extern const size_t scenario_secret_count;

/* `inputs` random steps drawn from `seed`, in a world of its own: close it with world_close(). */
struct world *scenario_run(uint64_t seed, size_t inputs);

/* gate_world: a gate with its stores and a copy of a small park, without line, devices and helpers.
 *
 * The park has a zone `yard`, the tenant `acme` with a shift `all`, an entry `in` and an exit `out`
 * with the readers `in-reader` and `out-reader`. The copy knows WORLD_PERSONS people of acme, each
 * with a badge, who may enter today, and a visitor of person 1.
 */
#pragma once

#include "reader-agent/app/gate.h"
#include "tests/unit/agent/world_roster.h"

struct gate_world {
    char dir[64];
    bool real_clock; /* else time stands still but for what a test does to these */
    struct wall wall;
    struct mono mono;
    struct clock clock;
    struct gate *gate;
};

/* Makes everything anew in a temporary directory; aborts when that fails. */
struct gate_world *gate_world_open(bool real_clock);
/* The process ends without closing what it would lose, and begins again: stores and copy are opened
 * from the disk. */
void gate_world_restart(struct gate_world *world);
/* Its two halves. */
void gate_world_end(struct gate_world *world);
void gate_world_begin(struct gate_world *world);
void gate_world_close(struct gate_world **world);

/* A live read of this person's badge now, as the reader of `lane` gives it. */
struct draft gate_world_read(struct gate_world *world, const char *lane, unsigned person);
/* Writes `rounds` own events each of a read that was granted and of its passage, in turns in and
 * out, of all people but the first. */
void gate_world_live(struct gate_world *world, size_t rounds);
/* This person is granted at `lane` now, and goes through. */
void gate_world_walk(struct gate_world *world, const char *lane, unsigned person);
/* What the gate decides of such a read from its copy. False: it has none to decide from. */
bool gate_world_decide(struct gate_world *world, const char *lane, unsigned person,
                       struct verdict *ret_verdict);

/* carry: a roster that somebody brings on a stick (common/facts/carry.h), taken at the gate's
 * console.
 *
 *   parkgate-agent --carry FILE   carry_console.c: lays the file into DIR/carry.in, waits for
 *                                 DIR/carry.out and says what it says
 *   the agent                     carry.c: looks for DIR/carry.in once a second, judges it, takes
 *                                 it as it would take a snapshot, and writes DIR/carry.out
 *
 * Nothing changes before the whole file was found to be the controller's. The lease counts from the
 * moment in which the file was made.
 */
#pragma once

#include <stdbool.h>

#include "common/base/err.h"

struct gate;

#define CARRY_IN  "carry.in"
#define CARRY_OUT "carry.out"

enum { CARRY_WAIT_S = 60 };

/* Each tick. */
void carry_tick(struct gate *gate);
/* What was staged of the file became the copy. */
void carry_taken(struct gate *gate);
/* It did not; the copy is as it was. */
void carry_not_taken(struct gate *gate, enum err err, const char *why);
/* Before the roster becomes the copy: makes the park's rows of the file the gate's, where they are
 * newer; a copy is read with rows that are not older than it. ERR_INPUT: the file has no such rows.
 * Else as uplink_config_store(). */
MUST_CHECK enum err carry_take_rows(struct gate *gate, struct fault *fault);
/* Gives up what is on its way; the file is looked at again at the next start. */
void carry_end(struct gate *gate);

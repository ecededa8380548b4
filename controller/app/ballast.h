/* ballast: what a disk that fills up takes away first, and last.
 *
 * A file of ballast lies beside the journal. While the disk has less room than twice the ballast,
 * what adds is refused (ERROR_STORE_SHORT): what gates and guards do goes on. A commit that
 * finds no room spends the ballast and is done again. After that the store is full: nothing is
 * acknowledged, entries are denied (REASON_STORE_FULL), exits granted, and gates keep their events
 * until there is room. Then all goes on by itself, and the ballast is made again.
 */
#pragma once

#include "controller/app/controller.h"
#include "schema/verbs.h"

enum { BALLAST_BYTES = 16 << 20 };

/* Makes it, or finds that the disk is short already. Once, before the first frame; without it there
 * is none, as in a simulation. */
void ballast_begin(struct controller *ctl, size_t bytes);
/* Once a second: how much room there is; makes it again. */
void ballast_tick(struct controller *ctl);
/* A commit failed with `code`. True: room was made, try again. No transaction may be live. */
bool ballast_spend(struct controller *ctl, enum err code);
/* Is that the code of a full disk? Some file systems say ERR_IO. */
bool ballast_is_full(const struct controller *ctl, enum err code);
/* The ballast is spent, and nothing to speak of is left: the next commit may fail. */
bool ballast_is_used_up(const struct controller *ctl);
/* May this verb be worked off now? What adds to the park or to rights, and a backup, is the first to
 * go (schema/verbs.c); taking rights away, letting people out and looking go on. */
bool ballast_allows(const struct controller *ctl, const struct verb_spec *verb);

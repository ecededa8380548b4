/* retention: how long each class of records is kept, and the daily run that ends it.
 *
 * Each class has a floor (the park cannot set less), a default and a ceiling. Once a local day
 * every class is gone through in slices of at most RETENTION_ROWS rows, one a tick, between live
 * batches; what a slice removes stands in its own entry (ENTRY_RETENTION), row by row, so that a
 * replay removes the same. Who is held (hold.add) is left out, and what is open: an alert that is
 * not closed, a notification that nobody took, a disposition whose entry acts. Run again it does
 * what is left.
 */
#pragma once

#include "controller/app/request.h"
#include "controller/app/retaining.h"

enum { RETENTION_ROWS = 200, RETENTION_BYTES = 48 * 1024 };

struct retention_spec {
    const char *name;
    uint32_t floor, normal, ceiling; /* days */
    bool needs_basis;                /* longer than `normal` only with the law or agreement named */
    const char *en, *zh;
};
extern const struct retention_spec retention_specs[RETAIN_COUNT];

/* Days that a class is kept. *ret_basis (may be NULL): true when a basis is entered. */
MUST_CHECK enum err retention_days(struct controller *ctl, enum retention_class class,
                                   uint32_t *ret_days, bool *ret_basis, struct fault *fault);

/* Whoever sees when rows of this class go learns when there were hits: its entries and numbers are
 * for them alone who see hits. */
bool retention_tells_of_hits(enum retention_class class);

/* Entries up to there are not needed any more to find passages and reads whose term is over. After
 * a start it is what the table says, until a run comes farther. */
MUST_CHECK enum err retention_walked(struct controller *ctl, uint64_t *ret_upto,
                                     struct fault *fault);

/* Once a second: begins the run of a day that has begun (and at a start), and goes on with it. */
void retention_tick(struct controller *ctl);

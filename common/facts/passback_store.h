/* passback_store: what anti-passback remembers beside presence: until when it was forgiven, and who
 * was refused by it last. Tables FORGIVEN, PASSBACK. */
#pragma once

#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/store/store.h"
#include "schema/record.pb-c.h"

/* Passages of `holder` captured before this say nothing to anti-passback: the later of its own
 * forgiving and the last one of all. us INT64_MIN: never forgiven. */
MUST_CHECK enum err passback_forgiven(struct store_txn *txn, struct handle holder,
                                      struct wall *ret_at, struct fault *fault);

/* Projections only: `forgiven` ends what is told of its holder (of all, when it names none). */
MUST_CHECK enum err passback_forgive(struct store_txn *txn, const Parkgate__ForgiveRecord *forgiven,
                                     struct fault *fault);
MUST_CHECK enum err passback_refused(struct store_txn *txn, struct handle holder,
                                     const Parkgate__RefusedRecord *refused, struct fault *fault);
/* The holder went in. */
MUST_CHECK enum err passback_over(struct store_txn *txn, struct handle holder, struct fault *fault);

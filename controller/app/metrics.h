/* metrics: the controller's figures, for `parkgate status --metrics` and the port for monitoring.
 *
 * Reads what is there: tables by their counts, walks of a bounded number of rows, soft state. It
 * changes nothing. Which figures there are stands in schema/metrics.c.
 */
#pragma once

#include "common/metrics/metric.h"
#include "controller/app/answer.h"
#include "controller/app/controller.h"

/* Figures come in groups; each fits a reply that is half empty. */
size_t metrics_group_count(void);
/* Puts one group, read in `txn`. */
MUST_CHECK enum err metrics_group(struct controller *ctl, struct store_txn *txn, size_t group,
                                  const struct metric_out *out, struct fault *fault);

/* All groups, on a read transaction of its own: what was committed last. */
MUST_CHECK enum err metrics_all(struct controller *ctl, const struct metric_out *out,
                                struct fault *fault);

/* metrics_park: figures of the park's zones and gates. Groups of metrics.h. */
#pragma once

#include "common/metrics/metric.h"
#include "controller/app/controller.h"

/* What the park file has, each kind beside its bound. */
MUST_CHECK enum err metrics_park_rows(struct controller *ctl, struct store_txn *txn,
                                      const struct metric_out *out, struct fault *fault);
/* Who is in each zone, beside its capacity. */
MUST_CHECK enum err metrics_zones(struct controller *ctl, struct store_txn *txn,
                                  const struct metric_out *out, struct fault *fault);
/* How many entered each zone that has a crowd limit within the last minute, beside it. */
MUST_CHECK enum err metrics_crowds(struct controller *ctl, struct store_txn *txn,
                                   const struct metric_out *out, struct fault *fault);
/* Of each gate that is connected: heard, silent for how long. */
MUST_CHECK enum err metrics_gates_heard(struct controller *ctl, struct store_txn *txn,
                                        const struct metric_out *out, struct fault *fault);
/* Its clock, its outbox. */
MUST_CHECK enum err metrics_gates_outbox(struct controller *ctl, struct store_txn *txn,
                                         const struct metric_out *out, struct fault *fault);
/* Its devices by state. */
MUST_CHECK enum err metrics_gates_devices(struct controller *ctl, struct store_txn *txn,
                                          const struct metric_out *out, struct fault *fault);

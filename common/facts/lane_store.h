/* lane_store: the state of a lane, and how many persons are in a zone or of a tenant present. */
#pragma once

#include "common/access/decide.h"
#include "common/base/ids.h"
#include "common/store/store.h"

/* The mode a command set last; `configured` when none ever did. */
MUST_CHECK enum err lane_mode_get(struct store_txn *txn, struct name lane,
                                  enum lane_mode configured, enum lane_mode *ret_mode,
                                  struct fault *fault);

/* Persons inside the zone now, its inner zones included. */
MUST_CHECK enum err zone_persons_get(struct store_txn *txn, struct name zone, uint32_t *ret_count,
                                     struct fault *fault);
/* Persons of the tenant present in the park now, whatever day they count for. */
MUST_CHECK enum err tenant_persons_get(struct store_txn *txn, struct name tenant,
                                       uint32_t *ret_count, struct fault *fault);

/* disposition_store: what view libraries handed over, and what became of it. */
#pragma once

#include "common/seal/seal.h"
#include "common/store/store.h"
#include "schema/record.pb-c.h"
#include "schema/viid.h"

/* ERR_NOT_FOUND: no such number. Free with parkgate__disposition_record__free_unpacked(). */
MUST_CHECK enum err disposition_get(struct store_txn *txn, uint64_t number,
                                    Parkgate__DispositionRecord **ret_record, struct fault *fault);
/* The newest under this hash of library, peer and the peer's id. ERR_NOT_FOUND: none. */
MUST_CHECK enum err disposition_of_id(struct store_txn *txn, struct seal_hash hash,
                                      Parkgate__DispositionRecord **ret_record,
                                      struct fault *fault);
/* The number that the next one gets. */
MUST_CHECK enum err disposition_next_number(struct store_txn *txn, uint64_t *ret_number,
                                            struct fault *fault);
/* How many are not over. */
MUST_CHECK enum err disposition_count_open(struct store_txn *txn, uint64_t *ret_count,
                                           struct fault *fault);
/* The next that is not over, behind `number` (0: the first). ERR_NOT_FOUND: no more. */
MUST_CHECK enum err disposition_next_open(struct store_txn *txn, uint64_t number,
                                          uint64_t *ret_number, struct fault *fault);
/* Pending or entered. */
bool disposition_is_open(uint32_t state);
/* These, and confirmed. */
bool disposition_lives(uint32_t state);

/* ERR_NOT_FOUND: no such number. Free with parkgate__disposition_notice__free_unpacked(). */
MUST_CHECK enum err disposition_notice_get(struct store_txn *txn, uint64_t number,
                                           Parkgate__DispositionNotice **ret_notice,
                                           struct fault *fault);
/* The next notice that is due, behind `number` (0: the first). ERR_NOT_FOUND: no more. */
MUST_CHECK enum err disposition_next_due(struct store_txn *txn, uint64_t number,
                                         Parkgate__DispositionNotice **ret_notice,
                                         struct fault *fault);
/* The first that is due of this disposition. ERR_NOT_FOUND: none. */
MUST_CHECK enum err disposition_next_due_of(struct store_txn *txn, uint64_t disposition,
                                            Parkgate__DispositionNotice **ret_notice,
                                            struct fault *fault);
/* The next disposition behind this (0: the first) of which something is due. ERR_NOT_FOUND: none.
 */
MUST_CHECK enum err disposition_next_with_due(struct store_txn *txn, uint64_t disposition,
                                              uint64_t *ret_number, struct fault *fault);
/* By what one that is due is found, for a store of before it was (migrate.h). */
MUST_CHECK enum err disposition_index(struct store_txn *txn,
                                      const Parkgate__DispositionNotice *notice,
                                      struct fault *fault);

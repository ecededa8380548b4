/* command_store: the commands to lanes that were given, so that a gate can say of no other that
 * staff opened. */
#pragma once

#include "common/store/store.h"
#include "schema/record.pb-c.h"

/* ERR_NOT_FOUND: no such command was given, or LIMIT_COMMANDS_KEPT came after it. Free with
 * parkgate__command_record__free_unpacked(). */
MUST_CHECK enum err command_get(struct store_txn *txn, const char *gate, uint64_t sequence,
                                Parkgate__CommandRecord **ret_record, struct fault *fault);

/* A command was given; what is too old is dropped (projections only). */
MUST_CHECK enum err command_given(struct store_txn *txn, const Parkgate__CommandEntry *command,
                                  struct fault *fault);
/* An event of kind command was applied (projections only). The first one that fits answers it. */
MUST_CHECK enum err command_answered(struct store_txn *txn, const Parkgate__EventEntry *event,
                                     struct fault *fault);

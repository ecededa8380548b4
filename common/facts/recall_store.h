/* recall_store: table `recall`: how far a recovery is (schema/record.proto, RecallRecord). */
#pragma once

#include "common/store/keybuf.h"
#include "common/store/store.h"
#include "schema/record.pb-c.h"

/* The key of a gate's part; gate "": of the recovery itself. */
struct bytes recall_key(struct keybuf *key, const char *gate);
/* *ret NULL: there is none. Free with parkgate__recall_record__free_unpacked(). */
MUST_CHECK enum err recall_get(struct store_txn *txn, const char *gate,
                               Parkgate__RecallRecord **ret, struct fault *fault);

#include "common/facts/passback_store.h"
#include "controller/store/project_parts.h"

enum err project_forgive(struct store_txn *txn, const Parkgate__Entry *entry,
                         const ProtobufCMessage *body, struct fault *fault)
{
    (void)entry;
    return passback_forgive(txn, (const void *)body, fault);
}

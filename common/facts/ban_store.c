#include "common/facts/ban_store.h"

#include "common/facts/field.h"

#include "common/facts/tables.h"
#include "schema/kinds.h"

enum err ban_get(struct store_txn *txn, struct handle holder, Parkgate__BanRecord **ret_ban,
                 struct fault *fault)
{
    ProtobufCMessage *message = NULL;
    TRY(store_get_message(txn, TABLE_BAN, BYTES_OF(holder.bytes), &parkgate__ban_record__descriptor,
                          &message, fault));
    *ret_ban = (void *)message;
    return ERR_OK;
}

bool ban_in_force(const Parkgate__BanRecord *ban, struct wall when)
{
    return when.us >= ban->from_us && when.us < ban->until_us &&
           ban->appeal_result != APPEAL_LIFTED;
}

enum err ban_holds(struct store_txn *txn, struct handle holder, struct wall when, bool *ret_holds,
                   struct fault *fault)
{
    Parkgate__BanRecord *ban = NULL;
    enum err err = ban_get(txn, holder, &ban, fault);
    *ret_holds = err == ERR_OK && ban_in_force(ban, when);
    if (ban != NULL) {
        parkgate__ban_record__free_unpacked(ban, NULL);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

#include "controller/app/recovery.h"

#include <string.h>

#include "controller/app/faults.h"
#include "controller/store/key_store.h"
#include "schema/verbs.h"

static enum err check(struct controller *ctl, const Parkgate__Recovery *recovery, bool *ret_done,
                      struct fault *fault)
{
    struct name name;
    Parkgate__KeyRecord *known = NULL;
    *ret_done = false;
    if (!name_from_text(recovery->name, &name) || recovery->public_key.len != LINK_KEY_SIZE ||
        recovery->reason[0] == '\0') {
        return fault_set(fault, ERR_INPUT, "recovery.pb: no name, public key or reason");
    }
    enum err err = key_get(ctl->txn, field_view(&recovery->public_key), &known, fault);
    if (err == ERR_NOT_FOUND) {
        err = key_by_name(ctl->txn, recovery->name, &known, fault);
    }
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    *ret_done = known->revoked_us == 0 && strcmp(known->name, recovery->name) == 0 &&
                (known->roles & 1U << ROLE_ADMIN) != 0 &&
                bytes_equal(field_view(&known->public_key), field_view(&recovery->public_key));
    parkgate__key_record__free_unpacked(known, NULL);
    return *ret_done
               ? ERR_OK
               : fault_set(fault, ERR_INPUT,
                           "recovery.pb: key or name %s is in use; make it again with another",
                           recovery->name);
}

static enum err record(struct controller *ctl, const Parkgate__Recovery *recovery,
                       struct fault *fault)
{
    Parkgate__KeyRecord key = PARKGATE__KEY_RECORD__INIT;
    key.name = recovery->name;
    key.public_key = recovery->public_key;
    key.roles = 1U << ROLE_ADMIN;
    key.added_us = ctl->now.us;
    key.reason = recovery->reason;
    TRY(controller_record(ctl, ENTRY_RECOVERY, "", &recovery->base, fault));
    TRY(controller_record(ctl, ENTRY_KEY, "", &key.base, fault));
    return fault_note(ctl, &fault_admin_recovered, recovery->name, "", "", fault);
}

enum err recovery_apply(struct controller *ctl, const Parkgate__Recovery *recovery,
                        struct fault *fault)
{
    bool done = false;
    TRY(store_begin_write(ctl->store, &ctl->txn, fault));
    enum err err = check(ctl, recovery, &done, fault);
    if (err == ERR_OK && !done) {
        err = record(ctl, recovery, fault);
    }
    if (err == ERR_OK && !done) {
        return store_commit(&ctl->txn, fault);
    }
    store_txn_destroy(&ctl->txn);
    return err;
}

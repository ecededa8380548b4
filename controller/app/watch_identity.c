#include "controller/app/watch_identity.h"

#include "common/access/idnumber.h"
#include "common/facts/tables.h"
#include "common/facts/watch_store.h"
#include "common/store/keybuf.h"

struct seal_hash watch_own_hash(const struct authority_keys *keys, const char *what,
                                struct bytes value)
{
    return seal_keyed_hash(&keys->own, "parkgate watch own",
                           SEAL_PARTS(bytes_of_text(what), value));
}

enum err watch_authority_keys(struct controller *ctl, const Parkgate__AuthorityRecord *authority,
                              struct authority_keys *ret, struct fault *fault)
{
    TRY(controller_keys_begin(ctl, fault));
    return authority_keys_get(ctl->keys_txn, authority->name, authority->generation, ret, fault);
}

enum err watch_next_authority(struct store_txn *txn, struct name *at,
                              Parkgate__AuthorityRecord **ret, struct fault *fault)
{
    struct keybuf from;
    struct bytes key;
    struct bytes value;
    ProtobufCMessage *message = NULL;
    AUTO(store_iter_end) struct store_iter iter = {0};
    keybuf_begin(&from);
    if (at->text[0] != '\0') {
        keybuf_name(&from, *at);
        keybuf_u8(&from, 0); /* the key after it */
    }
    TRY(store_iter_range(txn, TABLE_AUTHORITY, keybuf_view(&from), (struct bytes){0}, 1, &iter,
                         fault));
    TRY(store_iter_next(&iter, &key, &value, fault));
    TRY(store_unpack_message(key, value, &parkgate__authority_record__descriptor, &message, fault));
    *ret = (void *)message;
    *at = name_or_none((*ret)->name);
    return ERR_OK;
}

bool watch_identity_hash(const struct authority_keys *keys, const char *id_number,
                         struct seal_hash *ret)
{
    struct idnumber number;
    if (id_number[0] == '\0' || idnumber_read(bytes_of_text(id_number), &number) != IDNUMBER_OK) {
        return false;
    }
    struct seal_hash named = watch_identity_of(&keys->matching, &number);
    *ret = watch_own_hash(keys, "identity", BYTES_OF(named.bytes));
    return true;
}

enum err watch_hashes_of(struct controller *ctl, const char *id_number, struct watch_hashes *ret,
                         struct fault *fault)
{
    struct name at = {{0}};
    Parkgate__AuthorityRecord *authority = NULL;
    enum err err = ERR_OK;
    ret->count = 0;
    while (ret->count < LIMIT_AUTHORITIES &&
           (err = watch_next_authority(ctl->txn, &at, &authority, fault)) == ERR_OK) {
        struct authority_keys keys;
        err = watch_authority_keys(ctl, authority, &keys, fault);
        parkgate__authority_record__free_unpacked(authority, NULL);
        if (err == ERR_OK) {
            ret->count += watch_identity_hash(&keys, id_number, &ret->items[ret->count]);
            seal_wipe(&keys, sizeof(keys));
        } else if (err != ERR_NOT_FOUND) {
            return err;
        }
    }
    return ret->count == LIMIT_AUTHORITIES || err == ERR_NOT_FOUND ? ERR_OK : err;
}

#include "controller/app/approaches.h"

#include "common/base/must.h"
#include "common/facts/tables.h"
#include "controller/app/batch.h"
#include "controller/app/hits.h"
#include "controller/store/hit_store.h"

enum { ENDED_AT_ONCE = 200 };

/* Approaches noted before *ret are over, and not many more than ENDED_AT_ONCE of them.
 * ERR_NOT_FOUND: none. */
static enum err over_until(struct store_txn *txn, struct wall now, struct wall *ret,
                           struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    struct wall limit = {now.us - HIT_APPROACH_S * INT64_C(1000000)};
    *ret = (struct wall){0};
    TRY(store_iter_prefix(txn, TABLE_WATCH_NEAR, (struct bytes){0}, ENDED_AT_ONCE, &iter, fault));
    enum err err = ERR_OK;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        struct reader r = reader_of(key);
        struct wall noted = keybuf_read_wall(&r);
        if (!wall_before(noted, limit)) {
            break;
        }
        ret->us = noted.us + 1;
    }
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    return ret->us != 0 ? ERR_OK : ERR_NOT_FOUND;
}

static enum err end_them(struct controller *ctl, void *ctx, struct fault *fault)
{
    struct wall until;
    Parkgate__RetentionEntry entry = PARKGATE__RETENTION_ENTRY__INIT;
    (void)ctx;
    enum err err = over_until(ctl->txn, ctl->now, &until, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    entry.class_ = field_text("approaches");
    entry.approaches_us = until.us;
    entry.day = controller_today(ctl);
    return controller_record(ctl, ENTRY_WATCH_RETENTION, "", &entry.base, fault);
}

void approaches_tick(struct controller *ctl)
{
    struct wall until;
    struct fault fault = {0};
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    if (store_begin_read(ctl->store, &txn, &fault) != ERR_OK ||
        over_until(txn, ctl->now, &until, &fault) != ERR_OK) {
        return;
    }
    store_txn_destroy(&txn);
    batch_run(ctl, end_them, NULL);
}

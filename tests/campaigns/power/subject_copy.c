#include "tests/campaigns/power/subject_copy.h"

#include <stdio.h>
#include <string.h>

#include "common/base/must.h"
#include "common/facts/copy_rows.h"
#include "common/store/keybuf.h"
#include "schema/record.pb-c.h"

enum { SNAPSHOT_ONE_IN = 12, DROPPED_ONE_IN = 6, CHANGES = 3 };

/* --- rows: tenants --- */

struct told {
    struct copy_row row;
    uint8_t packed[256];
    size_t packed_size;
};

static void tell(struct told *told, size_t number, unsigned state)
{
    char text[32];
    struct name name;
    struct keybuf key;
    Parkgate__TenantState record = PARKGATE__TENANT_STATE__INIT;
    Parkgate__CopyRow wire = PARKGATE__COPY_ROW__INIT;
    (void)snprintf(text, sizeof(text), "tenant-%zu", number);
    MUST(name_from_text(text, &name));
    keybuf_begin(&key);
    keybuf_name(&key, name);
    told->row.table = TABLE_TENANT_STATE;
    told->row.key_size = keybuf_view(&key).size;
    memcpy(told->row.key, keybuf_view(&key).data, told->row.key_size);
    record.tenant = text;
    record.suspended = state == TENANT_SUSPENDED;
    told->row.value_size = parkgate__tenant_state__pack(&record, told->row.value);
    wire.table = TABLE_TENANT_STATE;
    wire.key = (ProtobufCBinaryData){.data = told->row.key, .len = told->row.key_size};
    wire.gone = state == TENANT_GONE;
    if (!wire.gone) {
        wire.value = (ProtobufCBinaryData){.data = told->row.value, .len = told->row.value_size};
    }
    told->packed_size = parkgate__copy_row__pack(&wire, told->packed);
}

static void count(struct copied *c, const struct copy_row *row, bool add)
{
    struct copy_digest sum = {.rows = c->rows};
    memcpy(sum.lanes, c->lanes, sizeof(sum.lanes));
    if (add) {
        copy_digest_add(&sum, row);
    } else {
        copy_digest_subtract(&sum, row);
    }
    memcpy(c->lanes, sum.lanes, sizeof(sum.lanes));
    c->rows = sum.rows;
    c->digest = copy_digest_bytes(&sum);
}

static enum err change(struct copied *c, size_t number, unsigned state, struct fault *fault)
{
    static struct told was, is;
    struct bytes packed = {.data = is.packed};
    tell(&was, number, c->tenants[number]);
    tell(&is, number, state);
    packed.size = is.packed_size;
    TRY(copy_store_take(c->store, &packed, 1, fault));
    if (c->tenants[number] != TENANT_GONE) {
        count(c, &was.row, false);
    }
    if (state != TENANT_GONE) {
        count(c, &is.row, true);
    }
    c->tenants[number] = state;
    return ERR_OK;
}

static enum err take_rows(struct copied *c, bool snapshot, uint64_t random, struct fault *fault)
{
    if (snapshot) {
        c->rows = 0;
        memset(c->lanes, 0, sizeof(c->lanes));
        memset(c->tenants, 0, sizeof(c->tenants));
        c->generation++;
    }
    TRY(copy_store_begin_take(c->store, snapshot, fault));
    for (size_t i = 0; i < (snapshot ? COPY_TENANTS : CHANGES); i++) {
        size_t number = snapshot ? i : (size_t)(random >> 8 * i) % COPY_TENANTS;
        TRY(change(c, number, 1 + (unsigned)((random >> (24 + i)) % 2), fault));
    }
    return ERR_OK;
}

enum err copied_take(struct copied *c, uint64_t random, struct fault *fault)
{
    struct copied before = *c;
    bool snapshot = copy_store_about(c->store)->generation == 0 || random % SNAPSHOT_ONE_IN == 0;
    TRY(take_rows(c, snapshot, random, fault));
    if (!snapshot && (random >> 40) % DROPPED_ONE_IN == 0) {
        copy_store_drop_take(c->store);
        *c = before;
        return ERR_OK;
    }
    c->sequence++;
    struct copy_about about = {.generation = c->generation,
                               .sequence = c->sequence,
                               .digest = c->digest,
                               .rows = c->rows,
                               .config_version = 1,
                               .credential_key = {{9}}};
    return copy_store_end_take(c->store, &about, fault);
}

enum err copied_lay(struct copied *c, struct fault *fault)
{
    static struct told over;
    struct store_txn *txn = NULL;
    tell(&over, 0, TENANT_SUSPENDED);
    TRY(copy_store_begin_own(c->store, &txn, fault));
    enum err err = store_put(txn, TABLE_TENANT_STATE,
                             (struct bytes){.data = over.row.key, .size = over.row.key_size},
                             (struct bytes){.data = over.row.value, .size = over.row.value_size},
                             fault);
    copy_store_drop_own(c->store);
    return err;
}

bool copied_is_whole(struct copy_store *store)
{
    bool done = copy_store_about(store)->generation == 0;
    for (size_t i = 0; i < 2 * COPY_TENANTS && !done; i++) {
        if (copy_store_check(store, COPY_TENANTS, &done, NULL) != ERR_OK) {
            return false;
        }
    }
    return done;
}

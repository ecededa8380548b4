#include "reader-agent/store/park_copy.h"

#include "common/base/must.h"
#include "common/store/keybuf.h"
#include "schema/park.pb-c.h"

struct replace_context {
    const struct bytes *rows;
    size_t count;
    struct agent_state state;
};

static enum err put_row(struct store_txn *txn, struct bytes packed, struct fault *fault)
{
    AUTO(store_message_destroy)
    ProtobufCMessage *message =
        protobuf_c_message_unpack(&parkgate__park_row__descriptor, NULL, packed.size, packed.data);
    if (message == NULL) {
        return fault_set(fault, ERR_INPUT, "a row of the park cannot be read");
    }
    const Parkgate__ParkRow *row = (const Parkgate__ParkRow *)message;
    struct name name;
    if (!name_from_text(row->name, &name)) {
        return fault_set(fault, ERR_INPUT, "a row of the park has no proper name");
    }
    struct keybuf key;
    keybuf_begin(&key);
    keybuf_u32(&key, row->kind);
    keybuf_name(&key, name);
    struct bytes there;
    enum err err = store_get(txn, TABLE_PARK, keybuf_view(&key), &there, fault);
    if (err == ERR_OK) {
        return fault_set(fault, ERR_INPUT, "the park's row %s stands twice", name.text);
    }
    if (err != ERR_NOT_FOUND) {
        return err;
    }
    return store_put(txn, TABLE_PARK, keybuf_view(&key), packed, fault);
}

static enum err replace(struct store_txn *txn, void *opaque, struct fault *fault)
{
    const struct replace_context *ctx = opaque;
    TRY(store_clear(txn, TABLE_PARK, fault));
    for (size_t i = 0; i < ctx->count; i++) {
        TRY(put_row(txn, ctx->rows[i], fault));
    }
    return agent_state_put(txn, &ctx->state, fault);
}

enum err park_copy_replace(struct agent_store *store, uint64_t version, const struct bytes *rows,
                           size_t count, struct wall now, struct fault *fault)
{
    struct replace_context ctx = {.rows = rows, .count = count, .state = *agent_store_state(store)};
    ctx.state.config_version = version;
    if (wall_before(ctx.state.wall_high, now)) {
        ctx.state.wall_high = now;
    }
    TRY(agent_store_write(store, replace, &ctx, fault));
    agent_store_remember(store, &ctx.state);
    return ERR_OK;
}

enum err park_copy_walk(struct agent_store *store,
                        enum err (*each)(void *ctx, struct bytes row, struct fault *fault),
                        void *ctx, struct fault *fault)
{
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    TRY(agent_store_read(store, &txn, fault));
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_prefix(txn, TABLE_PARK, (struct bytes){.data = (const uint8_t *)"", .size = 0},
                          PARK_COPY_ROWS_MAX, &iter, fault));
    struct bytes key;
    struct bytes row;
    enum err err;
    while ((err = store_iter_next(&iter, &key, &row, fault)) == ERR_OK) {
        TRY(each(ctx, row, fault));
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err lane_order_get(struct agent_store *store, struct name lane, uint32_t *ret_mode,
                       struct fault *fault)
{
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    TRY(agent_store_read(store, &txn, fault));
    struct bytes value;
    TRY(store_get(txn, TABLE_LANE_MODE, bytes_of_text(lane.text), &value, fault));
    if (value.size != 1) {
        return fault_set(fault, ERR_CORRUPT, "the mode of lane %s is damaged", lane.text);
    }
    *ret_mode = value.data[0];
    return ERR_OK;
}

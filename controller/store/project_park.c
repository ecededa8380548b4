#include "common/base/must.h"
#include "common/facts/emergency_store.h"
#include "common/facts/field.h"
#include "controller/store/command_store.h"
#include "controller/store/project_parts.h"
#include "schema/kinds.h"
#include "schema/limits.h"
#include "schema/park.pb-c.h"

#include <string.h>

enum err project_genesis(struct store_txn *txn, const Parkgate__Entry *entry,
                         const ProtobufCMessage *body, struct fault *fault)
{
    const Parkgate__EntryGenesis *genesis = (const void *)body;
    struct keybuf key;
    (void)entry;
    return store_put(txn, TABLE_META, project_name_key(&key, "store_id"),
                     field_view(&genesis->store_id), fault);
}

enum err project_key(struct store_txn *txn, const Parkgate__Entry *entry,
                     const ProtobufCMessage *body, struct fault *fault)
{
    const Parkgate__KeyRecord *record = (const void *)body;
    struct keybuf name;
    (void)entry;
    TRY(store_put_message(txn, TABLE_KEY, field_view(&record->public_key), body, fault));
    struct bytes name_key = project_name_key(&name, record->name);
    if (record->revoked_us == 0) {
        return store_put(txn, TABLE_KEY_NAME, name_key, field_view(&record->public_key), fault);
    }
    struct bytes now = {0};
    enum err err = store_get(txn, TABLE_KEY_NAME, name_key, &now, fault);
    if (err == ERR_OK && bytes_equal(now, field_view(&record->public_key))) {
        err = store_del(txn, TABLE_KEY_NAME, name_key, fault);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err project_enrol_code(struct store_txn *txn, const Parkgate__Entry *entry,
                            const ProtobufCMessage *body, struct fault *fault)
{
    struct keybuf key;
    (void)entry;
    return store_put_message(
        txn, TABLE_ENROL_CODE,
        project_name_key(&key, ((const Parkgate__EnrolCode *)(const void *)body)->gate), body,
        fault);
}

static struct bytes staged_key(struct keybuf *key, uint64_t stage, uint32_t number)
{
    keybuf_begin(key);
    keybuf_u64(key, stage);
    keybuf_u32(key, number);
    return keybuf_view(key);
}

enum err project_park_slice(struct store_txn *txn, const Parkgate__Entry *entry,
                            const ProtobufCMessage *body, struct fault *fault)
{
    const Parkgate__ParkSlice *slice = (const void *)body;
    struct keybuf key;
    (void)entry;
    for (size_t i = 0; i < slice->n_row; i++) {
        TRY(store_put(txn, TABLE_STAGED_ROW,
                      staged_key(&key, slice->stage, slice->first + (uint32_t)i),
                      field_view(&slice->row[i]), fault));
    }
    return ERR_OK;
}

static enum err put_park_row(struct store_txn *txn, uint64_t version, const Parkgate__ParkRow *row,
                             struct fault *fault)
{
    struct keybuf key;
    keybuf_begin(&key);
    keybuf_u64(&key, version);
    keybuf_u8(&key, (uint8_t)row->kind);
    keybuf_text(&key, row->name);
    return store_put(txn, TABLE_PARK, keybuf_view(&key), field_view(&row->body), fault);
}

static enum err put_staged_row(struct store_txn *txn, uint64_t version, struct bytes packed,
                               struct fault *fault)
{
    Parkgate__ParkRow *row = parkgate__park_row__unpack(NULL, packed.size, packed.data);
    if (row == NULL) {
        return fault_set(fault, ERR_CORRUPT, "journal: a park row cannot be read");
    }
    enum err err = put_park_row(txn, version, row, fault);
    parkgate__park_row__free_unpacked(row, NULL);
    return err;
}

/* A tenant made by command joins the park of the day; no gate needs to hear of it. */
enum err project_tenant(struct store_txn *txn, const Parkgate__Entry *entry,
                        const ProtobufCMessage *body, struct fault *fault)
{
    return put_park_row(txn, entry->config_version, (const void *)body, fault);
}

static enum err clear_prefix(struct store_txn *txn, enum table table, uint64_t prefix_number,
                             struct fault *fault)
{
    struct keybuf prefix;
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    keybuf_begin(&prefix);
    keybuf_u64(&prefix, prefix_number);
    TRY(store_iter_prefix(txn, table, keybuf_view(&prefix), UINT64_MAX, &iter, fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        uint8_t copy[STORE_KEY_MAX];
        struct bytes found = {.data = copy, .size = key.size};
        memcpy(copy, key.data, key.size);
        TRY(store_del(txn, table, found, fault));
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* The staged rows become the park; the one before is dropped from the tables (the journal has it).
 */
enum err project_park_commit(struct store_txn *txn, const Parkgate__Entry *entry,
                             const ProtobufCMessage *body, struct fault *fault)
{
    const Parkgate__ParkCommit *commit = (const void *)body;
    struct keybuf key;
    (void)entry;
    for (uint32_t i = 0; i < commit->count; i++) {
        struct bytes row;
        TRY(store_get(txn, TABLE_STAGED_ROW, staged_key(&key, commit->stage, i), &row, fault));
        TRY(put_staged_row(txn, commit->config_version, row, fault));
    }
    TRY(clear_prefix(txn, TABLE_STAGED_ROW, commit->stage, fault));
    if (commit->config_version > 1) {
        TRY(clear_prefix(txn, TABLE_PARK, commit->config_version - 1, fault));
    }
    uint8_t number[8];
    struct writer w = writer_of(number, sizeof(number));
    writer_u64(&w, commit->config_version);
    return store_put(txn, TABLE_META, project_name_key(&key, "config_version"), BYTES_OF(number),
                     fault);
}

enum err project_tenant_state(struct store_txn *txn, const Parkgate__Entry *entry,
                              const ProtobufCMessage *body, struct fault *fault)
{
    struct keybuf key;
    (void)entry;
    return store_put_message(
        txn, TABLE_TENANT_STATE,
        project_name_key(&key, ((const Parkgate__TenantState *)(const void *)body)->tenant), body,
        fault);
}

enum err project_lane_state(struct store_txn *txn, const Parkgate__Entry *entry,
                            const ProtobufCMessage *body, struct fault *fault)
{
    struct keybuf key;
    (void)entry;
    return store_put_message(
        txn, TABLE_LANE_STATE,
        project_name_key(&key, ((const Parkgate__LaneState *)(const void *)body)->lane), body,
        fault);
}

enum err project_emergency(struct store_txn *txn, const Parkgate__Entry *entry,
                           const ProtobufCMessage *body, struct fault *fault)
{
    struct keybuf key;
    (void)entry;
    return store_put_message(txn, TABLE_EMERGENCY, emergency_key(&key), body, fault);
}

/* A command raises the gate's command number, and is remembered until others came after it. */
enum err project_command(struct store_txn *txn, const Parkgate__Entry *entry,
                         const ProtobufCMessage *body, struct fault *fault)
{
    const Parkgate__CommandEntry *command = (const void *)body;
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    (void)entry;
    struct bytes gate = project_name_key(&key, command->gate);
    TRY(store_get_message(txn, TABLE_AGENT, gate, &parkgate__agent_record__descriptor, &message,
                          fault));
    Parkgate__AgentRecord *agent = (void *)message;
    agent->command_sequence = command->command_sequence;
    enum err err = store_put_message(txn, TABLE_AGENT, gate, message, fault);
    store_message_destroy(&message);
    TRY(err);
    return command_given(txn, command, fault);
}

/* Protobuf messages as records: CRC-32 of key and message (4 bytes, big-endian), then the message.
 */
#include <stdlib.h>

#include "common/base/must.h"
#include "common/store/crc32.h"
#include "common/store/internal.h"

enum { CRC_SIZE = 4 };

static uint32_t crc_of(struct bytes key, struct bytes packed)
{
    return crc32_add(crc32_add(0, key), packed);
}

enum err store_put_message(struct store_txn *txn, size_t table, struct bytes key,
                           const ProtobufCMessage *message, struct fault *fault)
{
    uint8_t *room = NULL;
    size_t size = protobuf_c_message_get_packed_size(message);
    if (size > STORE_VALUE_MAX - CRC_SIZE) {
        return fault_set(fault, ERR_INPUT, "store %s: %s: a record of %zu bytes is too large",
                         txn->store->dir, message->descriptor->short_name, size);
    }
    TRY(store_reserve(txn, table, key, CRC_SIZE + size, 0, &room, fault));
    MUST(protobuf_c_message_pack(message, room + CRC_SIZE) == size);
    struct writer w = writer_of(room, CRC_SIZE);
    writer_u32(&w, crc_of(key, (struct bytes){.data = room + CRC_SIZE, .size = size}));
    return ERR_OK;
}

/* Heap that one unpack may still take. protobuf-c can blow 1 MiB of input up to 37 MiB. What it
 * hands out comes from malloc, so the ordinary free functions fit. */
static void *budget_alloc(void *budget, size_t size)
{
    size_t *left = budget;
    if (size > *left) {
        return NULL;
    }
    *left -= size;
    return malloc(size);
}

static void budget_free(void *budget, void *pointer)
{
    (void)budget;
    free(pointer);
}

/* False: the CRC does not fit. */
static bool packed_of(struct bytes key, struct bytes value, struct bytes *ret)
{
    struct reader r = reader_of(value);
    uint32_t crc = reader_u32(&r);
    struct bytes packed = reader_bytes(&r, r.bad ? 0 : value.size - CRC_SIZE);
    if (r.bad || crc != crc_of(key, packed)) {
        return false;
    }
    *ret = packed;
    return true;
}

enum err store_packed_message(struct bytes key, struct bytes value, struct bytes *ret_packed,
                              struct fault *fault)
{
    return packed_of(key, value, ret_packed)
               ? ERR_OK
               : fault_set(fault, ERR_CORRUPT, "a record is damaged (CRC); restore a backup");
}

enum err store_unpack_message(struct bytes key, struct bytes value,
                              const ProtobufCMessageDescriptor *descriptor,
                              ProtobufCMessage **ret_message, struct fault *fault)
{
    size_t budget = STORE_UNPACK_MAX;
    ProtobufCAllocator allocator = {
        .alloc = budget_alloc, .free = budget_free, .allocator_data = &budget};
    struct bytes packed;
    if (!packed_of(key, value, &packed)) {
        return fault_set(fault, ERR_CORRUPT,
                         "a record of type %s is damaged (CRC); restore a backup",
                         descriptor->short_name);
    }
    ProtobufCMessage *message =
        protobuf_c_message_unpack(descriptor, &allocator, packed.size, packed.data);
    if (message == NULL) {
        return fault_set(fault, ERR_CORRUPT, "a record is no message of type %s",
                         descriptor->short_name);
    }
    *ret_message = message;
    return ERR_OK;
}

enum err store_get_message(struct store_txn *txn, size_t table, struct bytes key,
                           const ProtobufCMessageDescriptor *descriptor,
                           ProtobufCMessage **ret_message, struct fault *fault)
{
    struct bytes value;
    TRY(store_get(txn, table, key, &value, fault));
    return store_unpack_message(key, value, descriptor, ret_message, fault);
}

void store_message_destroy(ProtobufCMessage **message)
{
    if (*message != NULL) {
        protobuf_c_message_free_unpacked(*message, NULL);
        *message = NULL;
    }
}

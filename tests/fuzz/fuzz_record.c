/* Fuzzes stored records: a value as it lies in a table, of any kind, with its right check sum or
 * with whatever it carries. What can be read packs and reads again to the same bytes; what does not
 * fit its check sum is never read. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "common/store/crc32.h"
#include "common/store/store.h"
#include "schema/agent.pb-c.h"
#include "schema/agent_store.pb-c.h"
#include "schema/park.pb-c.h"
#include "schema/record.pb-c.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CRC_SIZE = 4, KEY_SIZE = 4 };

/* Every message that is stored; in the order in which they came, for the corpus counts by it. */
static const ProtobufCMessageDescriptor *const kinds[] = {
    &parkgate__entry__descriptor,
    &parkgate__event_entry__descriptor,
    &parkgate__event_refused__descriptor,
    &parkgate__holder_record__descriptor,
    &parkgate__credential_record__descriptor,
    &parkgate__assignment_record__descriptor,
    &parkgate__key_record__descriptor,
    &parkgate__agent_record__descriptor,
    &parkgate__lane_state__descriptor,
    &parkgate__tenant_state__descriptor,
    &parkgate__presence_record__descriptor,
    &parkgate__passage_record__descriptor,
    &parkgate__attendance_record__descriptor,
    &parkgate__day_record__descriptor,
    &parkgate__fault_record__descriptor,
    &parkgate__stage_record__descriptor,
    &parkgate__ban_record__descriptor,
    &parkgate__clearance_record__descriptor,
    &parkgate__event__descriptor,
    &parkgate__park_row__descriptor,
    &parkgate__entry_genesis__descriptor,
    &parkgate__enrol_code__descriptor,
    &parkgate__park_slice__descriptor,
    &parkgate__park_commit__descriptor,
    &parkgate__identity__descriptor,
    &parkgate__import_slice__descriptor,
    &parkgate__stage_begin__descriptor,
    &parkgate__stage_close__descriptor,
    &parkgate__command_entry__descriptor,
    &parkgate__sealed_read__descriptor,
    &parkgate__event_index__descriptor,
    &parkgate__grant_record__descriptor,
    &parkgate__refusal__descriptor,
    &parkgate__lookup__descriptor,
    &parkgate__lookup_sum__descriptor,
    &parkgate__backup_entry__descriptor,
    &parkgate__quarter_record__descriptor,
    &parkgate__count_record__descriptor,
    &parkgate__booking_record__descriptor,
    &parkgate__visit_record__descriptor,
    &parkgate__forgive_record__descriptor,
    &parkgate__standing_record__descriptor,
    &parkgate__start_record__descriptor,
    &parkgate__refused_record__descriptor,
    &parkgate__pending_read__descriptor,
    &parkgate__approval_record__descriptor,
    &parkgate__subject_record__descriptor,
    &parkgate__notice_record__descriptor,
    &parkgate__recovery__descriptor,
    &parkgate__muster_entry__descriptor,
    &parkgate__key_replace__descriptor,
    &parkgate__emergency_record__descriptor,
    &parkgate__change_record__descriptor,
    &parkgate__copy_digest_record__descriptor,
    &parkgate__recalled__descriptor,
    &parkgate__recall_record__descriptor,
    &parkgate__agent_state__descriptor,
    &parkgate__outbox_row__descriptor,
    &parkgate__acted_row__descriptor,
    &parkgate__quarantine_row__descriptor,
    &parkgate__aside_row__descriptor,
    &parkgate__copy_state__descriptor,
    &parkgate__agent_emergency__descriptor,
    &parkgate__sign_key_record__descriptor,
    &parkgate__restored__descriptor,
    &parkgate__audit_export__descriptor,
};

static void check_repack(const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);
    uint8_t *first = malloc(size + 1);
    uint8_t *second = malloc(size + 1);
    MUST(first != NULL && second != NULL && protobuf_c_message_pack(message, first) == size);
    ProtobufCMessage *again = protobuf_c_message_unpack(message->descriptor, NULL, size, first);
    if (again != NULL) { /* a field numbered 0 is kept as unknown, and not read again */
        MUST(protobuf_c_message_pack(again, second) == size && memcmp(first, second, size) == 0);
        protobuf_c_message_free_unpacked(again, NULL);
    }
    free(first);
    free(second);
}

/* A byte for the kind, one that says whether the check sum is put right, and the value. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t value[STORE_VALUE_MAX];
    static const uint8_t key[KEY_SIZE] = {1, 2, 3, 4};
    if (size < 2 + CRC_SIZE || size - 2 > sizeof(value)) {
        return 0;
    }
    size_t value_size = size - 2;
    memcpy(value, data + 2, value_size);
    struct bytes packed = {.data = value + CRC_SIZE, .size = value_size - CRC_SIZE};
    uint32_t crc = crc32_add(crc32_add(0, BYTES_OF(key)), packed);
    struct writer w = writer_of(value, CRC_SIZE);
    if (data[1] % 4 != 0) {
        writer_u32(&w, crc);
    }
    struct reader r = reader_of((struct bytes){.data = value, .size = CRC_SIZE});
    bool fits = reader_u32(&r) == crc;
    ProtobufCMessage *message = NULL;
    enum err err =
        store_unpack_message(BYTES_OF(key), (struct bytes){.data = value, .size = value_size},
                             kinds[data[0] % ARRAY_LEN(kinds)], &message, NULL);
    MUST(err == ERR_OK || err == ERR_CORRUPT);
    MUST(fits || err == ERR_CORRUPT);
    if (err == ERR_OK) {
        check_repack(message);
        store_message_destroy(&message);
    }
    return 0;
}

/* Goal: a message comes back as it went in, or is called corrupt; never half. Method: round trip,
 * every byte of a record changed, a record under another key, a message too large, a heap bomb. */
#include "tests/unit/store/fixture.h"

#include "schema/agent.pb-c.h"

static const char key_text[] = "ack";

static struct bytes the_key(void)
{
    return bytes_of_text(key_text);
}

static Parkgate__Ack *ack_of(size_t count)
{
    static uint64_t sequences[20000];
    static Parkgate__Ack ack;
    ack = (Parkgate__Ack)PARKGATE__ACK__INIT;
    for (size_t i = 0; i < count; i++) {
        sequences[i] = UINT64_MAX - i;
    }
    ack.epoch = 7;
    ack.sequence = sequences;
    ack.n_sequence = count;
    return &ack;
}

static enum err get(struct store_txn *txn, ProtobufCMessage **ret_message)
{
    return store_get_message(txn, TABLE_A, the_key(), &parkgate__ack__descriptor, ret_message,
                             NULL);
}

static void round_trip_is_deterministic(void **state)
{
    struct store_options options = options_of(*state);
    struct store *store = open_or_fail(&options);
    struct store_txn *txn = begin_write(store);
    struct bytes stored;
    uint8_t first[256];
    ProtobufCMessage *message = NULL;
    assert_int_equal(get(txn, &message), ERR_NOT_FOUND);
    assert_int_equal(store_put_message(txn, TABLE_A, the_key(), &ack_of(3)->base, NULL), ERR_OK);
    assert_int_equal(store_get(txn, TABLE_A, the_key(), &stored, NULL), ERR_OK);
    size_t size = stored.size;
    memcpy(first, stored.data, size);
    assert_int_equal(get(txn, &message), ERR_OK);
    const Parkgate__Ack *ack = (const Parkgate__Ack *)message;
    assert_int_equal(ack->epoch, 7);
    assert_int_equal(ack->n_sequence, 3);
    assert_true(ack->sequence[2] == UINT64_MAX - 2);
    assert_int_equal(store_put_message(txn, TABLE_A, the_key(), message, NULL), ERR_OK);
    assert_int_equal(store_get(txn, TABLE_A, the_key(), &stored, NULL), ERR_OK);
    assert_int_equal(stored.size, size);
    assert_memory_equal(stored.data, first, size);
    store_message_destroy(&message);
    assert_null(message);
    store_message_destroy(&message);
    store_txn_destroy(&txn);
    store_destroy(&store);
}

static void every_changed_byte_is_corrupt(void **state)
{
    struct store_options options = options_of(*state);
    struct store *store = open_or_fail(&options);
    struct store_txn *txn = begin_write(store);
    struct bytes stored;
    uint8_t good[256];
    ProtobufCMessage *message = NULL;
    assert_int_equal(store_put_message(txn, TABLE_A, the_key(), &ack_of(3)->base, NULL), ERR_OK);
    assert_int_equal(store_get(txn, TABLE_A, the_key(), &stored, NULL), ERR_OK);
    size_t size = stored.size;
    memcpy(good, stored.data, size);
    for (size_t at = 0; at < size; at++) {
        good[at] ^= 0x40;
        struct bytes bad = {.data = good, .size = size};
        assert_int_equal(store_put(txn, TABLE_A, the_key(), bad, NULL), ERR_OK);
        assert_int_equal(get(txn, &message), ERR_CORRUPT);
        good[at] ^= 0x40;
        bad.size = at;
        assert_int_equal(store_put(txn, TABLE_A, the_key(), bad, NULL), ERR_OK);
        assert_int_equal(get(txn, &message), ERR_CORRUPT);
    }
    struct bytes moved = {.data = good, .size = size};
    assert_int_equal(store_unpack_message(bytes_of_text("acl"), moved, &parkgate__ack__descriptor,
                                          &message, NULL),
                     ERR_CORRUPT);
    assert_int_equal(
        store_unpack_message(the_key(), moved, &parkgate__ack__descriptor, &message, NULL), ERR_OK);
    store_message_destroy(&message);
    store_txn_destroy(&txn);
    store_destroy(&store);
}

static void too_large_is_refused_and_changes_nothing(void **state)
{
    struct store_options options = options_of(*state);
    struct store *store = open_or_fail(&options);
    struct store_txn *txn = begin_write(store);
    struct fault fault = {0};
    uint64_t count = 9;
    assert_int_equal(store_put_message(txn, TABLE_A, the_key(), &ack_of(20000)->base, &fault),
                     ERR_INPUT);
    assert_non_null(strstr(fault.what, "Ack: a record of "));
    assert_int_equal(store_count(txn, TABLE_A, &count, NULL), ERR_OK);
    assert_int_equal(count, 0);
    assert_int_equal(store_put_message(txn, TABLE_A, the_key(), &ack_of(6000)->base, NULL), ERR_OK);
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
    store_destroy(&store);
}

/* 32 Ki empty fields in 64 KiB take protobuf-c several MiB to unpack: more than the budget. */
static void a_heap_bomb_is_corrupt(void **state)
{
    struct store_options options = options_of(*state);
    struct store *store = open_or_fail(&options);
    struct store_txn *txn = begin_write(store);
    static uint8_t rows[STORE_VALUE_MAX - 4];
    static ProtobufCBinaryData row[sizeof(rows) / 2];
    Parkgate__Config bomb = PARKGATE__CONFIG__INIT;
    ProtobufCMessage *message = NULL;
    bomb.n_row = ARRAY_LEN(row);
    bomb.row = row;
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        row[i] = (ProtobufCBinaryData){.len = 0, .data = rows};
    }
    assert_int_equal(store_put_message(txn, TABLE_A, the_key(), &bomb.base, NULL), ERR_OK);
    assert_int_equal(
        store_get_message(txn, TABLE_A, the_key(), &parkgate__config__descriptor, &message, NULL),
        ERR_CORRUPT);
    assert_null(message);
    store_txn_destroy(&txn);
    store_destroy(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(round_trip_is_deterministic),
        STORE_TEST(every_changed_byte_is_corrupt),
        STORE_TEST(too_large_is_refused_and_changes_nothing),
        STORE_TEST(a_heap_bomb_is_corrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

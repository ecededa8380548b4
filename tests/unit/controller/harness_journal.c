#include "tests/unit/controller/harness.h"

#include "controller/store/project.h"

static struct store_txn *begin_read(struct store *store)
{
    struct store_txn *txn = NULL;
    struct fault fault = {0};
    if (store_begin_read(store, &txn, &fault) != ERR_OK) {
        fail_msg("%s", fault.what);
    }
    return txn;
}

struct journal_head head_of(struct world *w)
{
    struct journal_head head;
    struct store_txn *txn = begin_read(w->store);
    assert_int_equal(journal_head(txn, &head, NULL), ERR_OK);
    store_txn_destroy(&txn);
    return head;
}

static Parkgate__Entry *read_entry(struct store_txn *txn, uint64_t sequence)
{
    struct bytes packed;
    struct seal_hash hash;
    assert_int_equal(journal_read(txn, sequence, &packed, &hash, NULL), ERR_OK);
    Parkgate__Entry *entry = parkgate__entry__unpack(NULL, packed.size, packed.data);
    assert_non_null(entry);
    return entry;
}

size_t entries_of(struct world *w, uint32_t kind, uint64_t after)
{
    size_t count = 0;
    uint64_t last = head_of(w).sequence;
    struct store_txn *txn = begin_read(w->store);
    for (uint64_t i = after + 1; i <= last; i++) {
        Parkgate__Entry *entry = read_entry(txn, i);
        count += entry->kind == kind;
        parkgate__entry__free_unpacked(entry, NULL);
    }
    store_txn_destroy(&txn);
    return count;
}

ProtobufCMessage *newest_entry(struct world *w, uint32_t kind,
                               const ProtobufCMessageDescriptor *descriptor)
{
    ProtobufCMessage *body = NULL;
    uint64_t last = head_of(w).sequence;
    struct store_txn *txn = begin_read(w->store);
    for (uint64_t i = last; i > 0 && body == NULL; i--) {
        Parkgate__Entry *entry = read_entry(txn, i);
        if (entry->kind == kind) {
            body = protobuf_c_message_unpack(descriptor, NULL, entry->body.len, entry->body.data);
        }
        parkgate__entry__free_unpacked(entry, NULL);
    }
    store_txn_destroy(&txn);
    assert_non_null(body);
    return body;
}

size_t faults_of(struct world *w, const char *word, uint64_t after)
{
    size_t count = 0;
    uint64_t last = head_of(w).sequence;
    struct store_txn *txn = begin_read(w->store);
    for (uint64_t i = after + 1; i <= last; i++) {
        Parkgate__Entry *entry = read_entry(txn, i);
        if (entry->kind == ENTRY_FAULT) {
            Parkgate__FaultRecord *fault =
                parkgate__fault_record__unpack(NULL, entry->body.len, entry->body.data);
            assert_non_null(fault);
            count += strcmp(fault->word, word) == 0;
            parkgate__fault_record__free_unpacked(fault, NULL);
        }
        parkgate__entry__free_unpacked(entry, NULL);
    }
    store_txn_destroy(&txn);
    return count;
}

/* --- replay --- */

void tables_digest(struct store *store, char out[TABLE_DIGEST_SIZE])
{
    struct seal_hasher hasher;
    struct store_txn *txn = begin_read(store);
    seal_hasher_begin(&hasher);
    for (size_t table = 0; table < TABLE_COUNT; table++) {
        struct bytes key;
        struct bytes value;
        struct store_iter iter = {0};
        if (table == TABLE_JOURNAL || table == TABLE_CHANGE) { /* the latter is an index */
            continue;
        }
        assert_int_equal(store_iter_prefix(txn, table, (struct bytes){0}, UINT64_MAX, &iter, NULL),
                         ERR_OK);
        bool named = false;
        while (store_iter_next(&iter, &key, &value, NULL) == ERR_OK) {
            uint8_t sizes[8];
            struct writer sizes_writer = writer_of(sizes, sizeof(sizes));
            if (!named) {
                seal_hasher_add(&hasher, bytes_of_text(table_names[table]));
                named = true;
            }
            writer_u32(&sizes_writer, (uint32_t)key.size);
            writer_u32(&sizes_writer, (uint32_t)value.size);
            seal_hasher_add(&hasher, BYTES_OF(sizes));
            seal_hasher_add(&hasher, key);
            seal_hasher_add(&hasher, value);
        }
        store_iter_end(&iter);
    }
    struct seal_hash hash = seal_hasher_end(&hasher);
    bytes_to_hex(BYTES_OF(hash.bytes), out, TABLE_DIGEST_SIZE);
    store_txn_destroy(&txn);
}

uint64_t replay_into(struct store *from, struct store *to)
{
    struct fault fault = {0};
    struct journal_head head;
    struct seal_hash chain = {{0}};
    struct store_txn *write = NULL;
    struct store_txn *read = begin_read(from);
    assert_int_equal(journal_head(read, &head, &fault), ERR_OK);
    assert_int_equal(store_begin_write(to, &write, &fault), ERR_OK);
    for (uint64_t i = 1; i <= head.sequence; i++) {
        struct bytes packed;
        struct seal_hash hash;
        assert_int_equal(journal_read(read, i, &packed, &hash, &fault), ERR_OK);
        chain = journal_hash(chain, packed);
        assert_memory_equal(chain.bytes, hash.bytes, SEAL_HASH_SIZE);
        Parkgate__Entry *entry = parkgate__entry__unpack(NULL, packed.size, packed.data);
        assert_non_null(entry);
        assert_int_equal(entry->sequence, i);
        if (project_entry(write, entry, &fault) != ERR_OK) {
            fail_msg("entry %llu: %s", (unsigned long long)i, fault.what);
        }
        parkgate__entry__free_unpacked(entry, NULL);
    }
    assert_int_equal(store_commit(&write, &fault), ERR_OK);
    store_txn_destroy(&read);
    return head.sequence;
}

static void assert_same_table(struct store_txn *a, struct store_txn *b, size_t table)
{
    struct bytes a_key;
    struct bytes a_value;
    struct bytes b_key;
    struct bytes b_value;
    struct store_iter left = {0};
    struct store_iter right = {0};
    size_t row = 0;
    assert_int_equal(store_iter_prefix(a, table, (struct bytes){0}, UINT64_MAX, &left, NULL),
                     ERR_OK);
    assert_int_equal(store_iter_prefix(b, table, (struct bytes){0}, UINT64_MAX, &right, NULL),
                     ERR_OK);
    for (;; row++) {
        enum err a_err = store_iter_next(&left, &a_key, &a_value, NULL);
        enum err b_err = store_iter_next(&right, &b_key, &b_value, NULL);
        if (a_err != b_err) {
            fail_msg("table %s: one ends at row %zu", table_names[table], row);
        }
        if (a_err != ERR_OK) {
            break;
        }
        if (!bytes_equal(a_key, b_key) || !bytes_equal(a_value, b_value)) {
            char hex[2 * STORE_KEY_MAX + 1];
            bytes_to_hex(a_key, hex, sizeof(hex));
            fail_msg("table %s, key %s: another %s", table_names[table], hex,
                     bytes_equal(a_key, b_key) ? "value" : "key");
        }
    }
    store_iter_end(&left);
    store_iter_end(&right);
}

void assert_same_tables(struct store *a, struct store *b)
{
    struct store_txn *left = begin_read(a);
    struct store_txn *right = begin_read(b);
    for (size_t table = 0; table < TABLE_COUNT; table++) {
        if (table != TABLE_JOURNAL && table != TABLE_CHANGE) {
            assert_same_table(left, right, table);
        }
    }
    store_txn_destroy(&left);
    store_txn_destroy(&right);
}

uint64_t assert_replays(struct world *w)
{
    char dir[96];
    (void)snprintf(dir, sizeof(dir), "%s/replay", w->dir);
    struct store *copy = empty_store(dir);
    uint64_t entries = replay_into(w->store, copy);
    assert_same_tables(w->store, copy);
    store_destroy(&copy);
    remove_tree(dir);
    return entries;
}

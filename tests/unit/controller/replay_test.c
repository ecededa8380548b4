/* Goal: tables are projections: a replay of the journal into an empty store gives the same keys and
 * values in every table, today and in every later version. Method: busy seeded scenarios are
 * replayed and recounted; a journal that was kept (tests/data/journal-v1) is replayed and its
 * tables' digest compared with the one written here.
 *
 * With an argument the program writes such a journal into that directory and prints the digest:
 * only ever for a new version of the journal, beside the old one. */
#include "tests/unit/controller/scenario.h"

#include <unistd.h>

#include "common/facts/lane_store.h"
#include "common/store/keybuf.h"
#include "controller/app/recount.h"
#include "controller/store/project.h"

#define KEPT_DIR    PARKGATE_SOURCE_DIR "/tests/data/journal-v1"
#define KEPT_TABLES "a7fd1e3faad4f4de79ae81806a5a4d4ffd82921fd78a893ac17591ee663c48f3"

enum { SCENARIOS = 6, INPUTS = 500, KEPT_SEED = 20260303, KEPT_INPUTS = 160, KEPT_MAX = 2 << 20 };

/* A scenario that does not do everything proves little. */
static void count_kinds(struct world *w, size_t kinds[ENTRY_TENANT + 1])
{
    for (uint32_t kind = ENTRY_GENESIS; kind <= ENTRY_TENANT; kind++) {
        kinds[kind] += entries_of(w, kind, 0);
    }
}

/* A table that stays empty is not compared with anything. */
static void count_rows(struct world *w, uint64_t rows[TABLE_COUNT])
{
    struct store_txn *txn = NULL;
    assert_int_equal(store_begin_read(w->store, &txn, NULL), ERR_OK);
    for (size_t table = 0; table < TABLE_COUNT; table++) {
        uint64_t count = 0;
        assert_int_equal(store_count(txn, table, &count, NULL), ERR_OK);
        rows[table] += count;
    }
    store_txn_destroy(&txn);
}

/* Who is present of a tenant, counted by name, is its figure. */
static void assert_tenants_add_up(struct world *w)
{
    struct store_txn *txn = NULL;
    assert_int_equal(store_begin_read(w->store, &txn, NULL), ERR_OK);
    for (size_t i = 0; i < w->ctl->park->tenant_count; i++) {
        struct keybuf key;
        struct bytes unused;
        struct store_iter iter = {0};
        uint32_t figure = 0;
        uint32_t counted = 0;
        keybuf_begin(&key);
        keybuf_name(&key, w->ctl->park->tenants[i].name);
        assert_int_equal(
            store_iter_prefix(txn, TABLE_INSIDE, keybuf_view(&key), UINT64_MAX, &iter, NULL),
            ERR_OK);
        while (store_iter_next(&iter, &unused, &unused, NULL) == ERR_OK) {
            counted++;
        }
        store_iter_end(&iter);
        assert_int_equal(tenant_persons_get(txn, w->ctl->park->tenants[i].name, &figure, NULL),
                         ERR_OK);
        assert_int_equal(figure, counted);
    }
    store_txn_destroy(&txn);
}

static void busy_times_replay_and_recount_equal(void **state)
{
    static struct recount_report report;
    uint64_t entries = 0;
    uint64_t passages = 0;
    size_t kinds[ENTRY_TENANT + 1] = {0};
    uint64_t rows[TABLE_COUNT] = {0};
    static const enum table needed[] = {TABLE_STANDING, TABLE_CROWD, TABLE_FORGIVEN, TABLE_PASSBACK,
                                        TABLE_TENANT_NOW};
    (void)state;
    for (uint64_t seed = 1; seed <= SCENARIOS; seed++) {
        struct fault fault = {0};
        print_message("seed %llu\n", (unsigned long long)seed);
        struct world *w = scenario_run(seed, INPUTS);
        entries += assert_replays(w);
        if (recount_run(w->store, &report, &fault) != ERR_OK) {
            fail_msg("%s", fault.what);
        }
        if (report.differences > 0) {
            fail_msg("%s %s: %lld in the table, %lld recounted", report.listed[0].scope,
                     report.listed[0].field, (long long)report.listed[0].table,
                     (long long)report.listed[0].recount);
        }
        passages += report.passages;
        count_kinds(w, kinds);
        count_rows(w, rows);
        assert_tenants_add_up(w);
        world_close(w);
    }
    print_message("%llu entries replayed, %llu passages recounted\n", (unsigned long long)entries,
                  (unsigned long long)passages);
    assert_true(entries > 1000 && passages > 100);
    for (uint32_t kind = ENTRY_GENESIS; kind <= ENTRY_TENANT; kind++) {
        if (kinds[kind] == 0) {
            fail_msg("no entry of kind %u came about", kind);
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
        if (rows[needed[i]] == 0) {
            fail_msg("table %s stayed empty", table_names[needed[i]]);
        }
    }
}

static void same_seed_gives_the_same_journal(void **state)
{
    (void)state;
    struct world *a = scenario_run(9, 120);
    struct world *b = scenario_run(9, 120);
    assert_int_equal(head_of(a).sequence, head_of(b).sequence);
    assert_memory_equal(head_of(a).hash.bytes, head_of(b).hash.bytes, SEAL_HASH_SIZE);
    assert_same_tables(a->store, b->store);
    world_close(a);
    world_close(b);
}

/* A byte that changes anywhere in the journal is found by the chain. */
static void an_altered_entry_breaks_the_chain(void **state)
{
    (void)state;
    struct world *w = scenario_run(3, 20);
    struct store_txn *txn = NULL;
    struct bytes packed;
    struct seal_hash before;
    struct seal_hash hash;
    assert_int_equal(store_begin_read(w->store, &txn, NULL), ERR_OK);
    assert_int_equal(journal_read(txn, 7, &packed, &before, NULL), ERR_OK);
    assert_int_equal(journal_read(txn, 8, &packed, &hash, NULL), ERR_OK);
    uint8_t copy[STORE_VALUE_MAX];
    for (size_t i = 0; i < packed.size; i++) {
        memcpy(copy, packed.data, packed.size);
        copy[i] ^= 1;
        struct seal_hash other =
            journal_hash(before, (struct bytes){.data = copy, .size = packed.size});
        assert_memory_not_equal(other.bytes, hash.bytes, SEAL_HASH_SIZE);
    }
    store_txn_destroy(&txn);
    world_close(w);
}

/* --- the kept journal: u32 size and a packed entry, again and again; at last 0 and the head's hash
 * --- */

static void put_u32(FILE *out, uint32_t value)
{
    uint8_t bytes[4];
    struct writer writer = writer_of(bytes, sizeof(bytes));
    writer_u32(&writer, value);
    MUST(fwrite(bytes, 1, sizeof(bytes), out) == sizeof(bytes));
}

static FILE *open_in(const char *dir, const char *name)
{
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *out = fopen(path, "wb");
    MUST(out != NULL);
    return out;
}

static void write_journal(struct world *w, const char *dir)
{
    struct store_txn *txn = NULL;
    struct journal_head head = head_of(w);
    FILE *out = open_in(dir, "journal.bin");
    assert_int_equal(store_begin_read(w->store, &txn, NULL), ERR_OK);
    for (uint64_t i = 1; i <= head.sequence; i++) {
        struct bytes packed;
        struct seal_hash hash;
        assert_int_equal(journal_read(txn, i, &packed, &hash, NULL), ERR_OK);
        put_u32(out, (uint32_t)packed.size);
        MUST(fwrite(packed.data, 1, packed.size, out) == packed.size);
    }
    put_u32(out, 0);
    MUST(fwrite(head.hash.bytes, 1, SEAL_HASH_SIZE, out) == SEAL_HASH_SIZE && fclose(out) == 0);
    store_txn_destroy(&txn);
    char hex[2 * SEAL_KEY_SIZE + 1];
    bytes_to_hex(BYTES_OF(w->ctl->index_keys.key[0].bytes), hex, sizeof(hex));
    out = open_in(dir, "index.key");
    MUST(fprintf(out, "%s\n", hex) > 0 && fclose(out) == 0);
}

static int make_journal(const char *dir)
{
    char digest[TABLE_DIGEST_SIZE];
    struct world *w = scenario_run(KEPT_SEED, KEPT_INPUTS);
    (void)assert_replays(w);
    write_journal(w, dir);
    tables_digest(w->store, digest);
    (void)printf("%llu entries, tables %s\n", (unsigned long long)head_of(w).sequence, digest);
    world_close(w);
    return 0;
}

static size_t read_kept(const char *name, uint8_t *out, size_t size)
{
    char path[512];
    (void)snprintf(path, sizeof(path), "%s/%s", KEPT_DIR, name);
    FILE *in = fopen(path, "rb");
    if (in == NULL) {
        fail_msg("%s is missing", path);
        return 0;
    }
    size_t got = fread(out, 1, size, in);
    MUST(fclose(in) == 0);
    return got;
}

/* Applies one kept entry and goes on with the chain. */
static void apply_kept(struct store_txn *txn, struct bytes packed, uint64_t sequence,
                       struct seal_hash *chain)
{
    struct fault fault = {0};
    Parkgate__Entry *entry = parkgate__entry__unpack(NULL, packed.size, packed.data);
    assert_non_null(entry);
    assert_int_equal(entry->sequence, sequence);
    *chain = journal_hash(*chain, packed);
    if (project_entry(txn, entry, &fault) != ERR_OK) {
        fail_msg("entry %llu of kind %u: %s", (unsigned long long)sequence, entry->kind,
                 fault.what);
    }
    parkgate__entry__free_unpacked(entry, NULL);
}

static void the_kept_journal_replays_to_the_same_tables(void **state)
{
    static uint8_t kept[KEPT_MAX];
    char dir[] = "/tmp/parkgate-kept-XXXXXX";
    char store_dir[64];
    char digest[TABLE_DIGEST_SIZE];
    struct seal_hash chain = {{0}};
    struct store_txn *txn = NULL;
    struct fault fault = {0};
    uint64_t count = 0;
    (void)state;
    assert_int_equal(seal_init(&fault), ERR_OK);
    assert_non_null(mkdtemp(dir));
    (void)snprintf(store_dir, sizeof(store_dir), "%s/store", dir);
    struct store *store = empty_store(store_dir);
    struct reader in = reader_of(
        (struct bytes){.data = kept, .size = read_kept("journal.bin", kept, sizeof(kept))});
    assert_int_equal(store_begin_write(store, &txn, &fault), ERR_OK);
    for (uint32_t size = reader_u32(&in); size != 0 && !in.bad; size = reader_u32(&in)) {
        struct bytes packed = reader_bytes(&in, size);
        assert_false(in.bad);
        apply_kept(txn, packed, ++count, &chain);
    }
    struct bytes head = reader_bytes(&in, SEAL_HASH_SIZE);
    assert_true(reader_done(&in));
    assert_memory_equal(chain.bytes, head.data, SEAL_HASH_SIZE);
    assert_int_equal(store_commit(&txn, &fault), ERR_OK);
    tables_digest(store, digest);
    print_message("%llu kept entries\n", (unsigned long long)count);
    assert_true(count > 100);
    assert_string_equal(digest, KEPT_TABLES);
    store_destroy(&store);
    static const char *const files[] = {"store/data.mdb", "store/lock.mdb", "store/owner"};
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char path[128];
        (void)snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
        (void)unlink(path);
    }
    (void)rmdir(store_dir);
    (void)rmdir(dir);
}

static void the_kept_index_key_is_a_key(void **state)
{
    uint8_t text[2 * SEAL_KEY_SIZE + 2];
    uint8_t key[SEAL_KEY_SIZE];
    (void)state;
    assert_int_equal(read_kept("index.key", text, sizeof(text)), 2 * SEAL_KEY_SIZE + 1);
    text[2 * SEAL_KEY_SIZE] = '\0';
    assert_true(bytes_from_hex((const char *)text, key, sizeof(key)));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(busy_times_replay_and_recount_equal),
        cmocka_unit_test(same_seed_gives_the_same_journal),
        cmocka_unit_test(an_altered_entry_breaks_the_chain),
        cmocka_unit_test(the_kept_journal_replays_to_the_same_tables),
        cmocka_unit_test(the_kept_index_key_is_a_key),
    };
    return argc > 1 ? make_journal(argv[1]) : cmocka_run_group_tests(tests, NULL, NULL);
}

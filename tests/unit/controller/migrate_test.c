/* Goal: a store of an older program is brought forward without loss, wherever the process is
 * killed, and a store of a newer one is refused. Method: a kept store of version 1
 * (tests/data/store-v1) is copied and migrated, in a child that ends at its Nth write, for every N;
 * afterwards its tables are those of a replay of its journal. The person-key store likewise. */
#include "tests/unit/controller/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/facts/copy_class.h"
#include "common/store/keybuf.h"
#include "controller/store/candidate_store.h"
#include "controller/store/erasure_store.h"
#include "controller/store/changes.h"
#include "controller/store/disposition_store.h"
#include "controller/store/migrate.h"
#include "controller/store/person_keys.h"
#include "controller/store/project_parts.h"
#include "controller/store/watch_person_store.h"
#include "schema/kinds.h"

#define KEPT PARKGATE_SOURCE_DIR "/tests/data/store-v1/data.mdb"

enum { KILLED = 77, WRITES_MAX = 500 };

/* --- a process that ends at its Nth write; LMDB's calls come here --- */

static int writes_left = -1;   /* below 0: no end */
static const char *ballast_of; /* the disk is full as long as this file is there; NULL: never */

/* The first pages of the file are there: to write them again takes no room. */
static bool disk_is_full_at(off_t at)
{
    errno = ENOSPC;
    return at >= 8192 && ballast_of != NULL && access(ballast_of, F_OK) == 0;
}

static void count_write(void)
{
    if (writes_left >= 0 && writes_left-- == 0) {
        _exit(KILLED);
    }
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at);
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at)
{
    count_write();
    if (disk_is_full_at(at)) {
        return -1;
    }
    return syscall(SYS_pwrite64, fd, bytes, size, at);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at);
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at)
{
    count_write();
    if (disk_is_full_at(at)) {
        return -1;
    }
    return syscall(SYS_pwritev, fd, parts, count, (long)at, 0L);
}

int fdatasync(int fd)
{
    count_write();
    return (int)syscall(SYS_fdatasync, fd);
}

/* --- the store --- */

struct old_store {
    char root[64];
    char dir[96];
};

static void copy_file(const struct old_store *o, const char *from)
{
    static char bytes[1 << 20];
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/data.mdb", o->dir);
    remove_tree(o->dir);
    MUST(mkdir(o->dir, 0700) == 0);
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ssize_t size = in < 0 ? -1 : read(in, bytes, sizeof(bytes));
    assert_true(out >= 0 && size > 0 && (size_t)size < sizeof(bytes));
    assert_int_equal(write(out, bytes, (size_t)size), size);
    (void)close(in);
    (void)close(out);
}

static void copy_kept(const struct old_store *o)
{
    copy_file(o, KEPT);
}

static int old_make(void **state)
{
    struct old_store *o = calloc(1, sizeof(*o));
    MUST(o != NULL && seal_init(NULL) == ERR_OK);
    (void)snprintf(o->root, sizeof(o->root), "/tmp/parkgate-migrate-XXXXXX");
    MUST(mkdtemp(o->root) != NULL);
    (void)snprintf(o->dir, sizeof(o->dir), "%s/store", o->root);
    copy_kept(o);
    *state = o;
    return 0;
}

static int old_remove(void **state)
{
    struct old_store *o = *state;
    remove_tree(o->root);
    free(o);
    return 0;
}

static struct store_options options_of(const struct old_store *o)
{
    return (struct store_options){.dir = o->dir,
                                  .kind = CONTROLLER_STORE_KIND,
                                  .version = CONTROLLER_STORE_VERSION,
                                  .tables = table_names,
                                  .table_count = TABLE_COUNT,
                                  .map_size = 16U << 20};
}

static struct store *open_and_migrate(const struct old_store *o, uint32_t *ret_from)
{
    struct fault fault = {0};
    struct store *store = NULL;
    struct store_options options = options_of(o);
    if (store_open(&options, &store, &fault) != ERR_OK ||
        migrate_store(store, ret_from, &fault) != ERR_OK) {
        fail_msg("%s", fault.what);
    }
    return store;
}

/* All tables are those of a replay by this program. */
static void assert_as_replayed(const struct old_store *o, struct store *store)
{
    char dir[96];
    (void)snprintf(dir, sizeof(dir), "%s/replay", o->root);
    struct store *copy = empty_store(dir);
    assert_int_equal(replay_into(store, copy), 12);
    assert_same_tables(store, copy);
    store_destroy(&copy);
    remove_tree(dir);
}

static void version_1_is_brought_forward(void **state)
{
    const struct old_store *o = *state;
    uint32_t from = 0;
    struct copy_digests digests;
    uint64_t floor = 0;
    struct store_txn *txn = NULL;
    struct store *store = open_and_migrate(o, &from);
    assert_int_equal(from, 1);
    assert_int_equal(store_version(store), CONTROLLER_STORE_VERSION);
    assert_as_replayed(o, store);
    assert_int_equal(store_begin_read(store, &txn, NULL), ERR_OK);
    assert_int_equal(copy_digests_get(txn, &digests, NULL), ERR_OK);
    assert_true(digests.of[COPY_PRESENCE].rows >= 6);
    assert_int_equal(changes_floor(txn, 12, &floor, NULL), ERR_OK);
    assert_int_equal(floor, 12);
    store_txn_destroy(&txn);
    store_destroy(&store);
    store = open_and_migrate(o, &from); /* the second time there is nothing to do */
    assert_int_equal(from, CONTROLLER_STORE_VERSION);
    store_destroy(&store);
}

static void empty_table(struct store_txn *txn, size_t table)
{
    struct bytes key;
    struct bytes value;
    for (;;) {
        struct keybuf first;
        struct store_iter iter = {0};
        assert_int_equal(store_iter_prefix(txn, table, (struct bytes){0}, 1, &iter, NULL), ERR_OK);
        enum err err = store_iter_next(&iter, &key, &value, NULL);
        if (err == ERR_OK) {
            keybuf_begin(&first);
            keybuf_bytes(&first, key);
        }
        store_iter_end(&iter);
        if (err != ERR_OK) {
            return;
        }
        assert_int_equal(store_del(txn, table, keybuf_view(&first), NULL), ERR_OK);
    }
}

/* A store of today is made one of version 2: without what that did not have. */
static void version_2_learns_its_commands_from_the_journal(void **state)
{
    struct world *w = *state;
    struct gate gate;
    struct store_txn *txn = NULL;
    uint32_t from = 0;
    uint64_t rows = 0;
    gate_join(w, &gate, "gate-a", 1);
    for (int i = 0; i < 3; i++) {
        (void)admin(w, "lane.open", "lane", "a-in", "reason", "visitor", NULL);
        Parkgate__Event event = PARKGATE__EVENT__INIT;
        event.kind = i == 2 ? 9999 : EVENT_COMMAND;
        event.lane = text_of("a-in");
        event.command_sequence = i == 1 ? 99 : 1; /* one was never ordered */
        event.command_result = COMMAND_DONE;
        (void)gate_event(w, &gate, &event);
        world_turn(w);
    }
    assert_int_equal(store_begin_write(w->store, &txn, NULL), ERR_OK);
    empty_table(txn, TABLE_COMMAND);
    empty_table(txn, TABLE_QUARANTINE_SUM);
    assert_int_equal(store_set_version(txn, 2, NULL), ERR_OK);
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
    assert_int_equal(migrate_store(w->store, &from, NULL), ERR_OK);
    assert_int_equal(from, 2);
    assert_int_equal(store_version(w->store), CONTROLLER_STORE_VERSION);
    assert_int_equal(store_begin_read(w->store, &txn, NULL), ERR_OK);
    assert_int_equal(store_count(txn, TABLE_COMMAND, &rows, NULL), ERR_OK);
    store_txn_destroy(&txn);
    assert_int_equal(rows, 3);
    (void)assert_replays(w);
}

/* The sequence of the nth command, from 0. */
static uint64_t command_entry(struct store_txn *txn, size_t nth)
{
    for (uint64_t sequence = 1;; sequence++) {
        struct bytes packed;
        struct seal_hash hash;
        assert_int_equal(journal_read(txn, sequence, &packed, &hash, NULL), ERR_OK);
        Parkgate__Entry *entry = parkgate__entry__unpack(NULL, packed.size, packed.data);
        assert_non_null(entry);
        bool is_one = entry->kind == ENTRY_COMMAND;
        parkgate__entry__free_unpacked(entry, NULL);
        if (is_one && nth-- == 0) {
            return sequence;
        }
    }
}

/* The row is cut; without bytes it is gone. */
static void damage(struct store_txn *txn, uint64_t sequence, size_t size)
{
    static const uint8_t rest[SEAL_HASH_SIZE + 8] = {0xff, 0xff};
    struct keybuf key;
    keybuf_begin(&key);
    keybuf_u64(&key, sequence);
    if (size == 0) {
        assert_int_equal(store_del(txn, journal_table, keybuf_view(&key), NULL), ERR_OK);
        return;
    }
    assert_int_equal(store_put(txn, journal_table, keybuf_view(&key),
                               (struct bytes){.data = rest, .size = size}, NULL),
                     ERR_OK);
}

/* Nobody read that entry before: it must not keep the newer program down. */
static void version_2_with_damaged_entries_starts(void **state)
{
    struct world *w = *state;
    struct gate gate;
    struct store_txn *txn = NULL;
    uint32_t from = 0;
    uint64_t rows = 0;
    uint64_t entries[4];
    gate_join(w, &gate, "gate-a", 1);
    for (int i = 0; i < 5; i++) {
        (void)admin(w, "lane.open", "lane", "a-in", "reason", "visitor", NULL);
    }
    (void)admin(w, "lane.lock", "lane", "a-in", "reason", "x", NULL);
    assert_int_equal(store_begin_write(w->store, &txn, NULL), ERR_OK);
    for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
        entries[i] = command_entry(txn, i);
    }
    damage(txn, entries[0], 10);                 /* cut in its hash */
    damage(txn, entries[1], SEAL_HASH_SIZE + 8); /* no entry any more */
    damage(txn, entries[3], 0);
    empty_table(txn, TABLE_COMMAND);
    empty_table(txn, TABLE_QUARANTINE_SUM);
    assert_int_equal(store_set_version(txn, 2, NULL), ERR_OK);
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
    assert_int_equal(migrate_store(w->store, &from, NULL), ERR_OK);
    assert_int_equal(store_version(w->store), CONTROLLER_STORE_VERSION);
    assert_int_equal(store_begin_read(w->store, &txn, NULL), ERR_OK);
    assert_int_equal(store_count(txn, TABLE_COMMAND, &rows, NULL), ERR_OK);
    store_txn_destroy(&txn);
    assert_true(rows >= 2); /* what can be read is known */
    world_restart(w);
}

/* In a child: 0 done, KILLED. */
static int migrate_until(const struct old_store *o, int writes)
{
    int status = 0;
    pid_t child = fork();
    MUST(child >= 0);
    if (child == 0) {
        uint32_t from = 0;
        writes_left = writes;
        struct store *store = open_and_migrate(o, &from);
        store_destroy(&store);
        _exit(0);
    }
    MUST(waitpid(child, &status, 0) == child && WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void killed_at_each_write_nothing_is_lost(void **state)
{
    const struct old_store *o = *state;
    int writes = 0;
    for (; writes < WRITES_MAX; writes++) {
        uint32_t from = 0;
        copy_kept(o);
        int ended = migrate_until(o, writes);
        struct store *store = open_and_migrate(o, &from);
        assert_as_replayed(o, store);
        store_destroy(&store);
        if (ended == 0) {
            break;
        }
        assert_int_equal(ended, KILLED);
    }
    print_message("killed at %d writes\n", writes);
    assert_true(writes >= 4 && writes < WRITES_MAX);
}

/* --- 3 to 4 --- */

static void take_second_sum_away(struct world *w)
{
    struct copy_digests digests;
    const uint8_t key[] = {COPY_DIGEST_ROW};
    Parkgate__CopyDigestRecord record = PARKGATE__COPY_DIGEST_RECORD__INIT;
    struct store_txn *txn = NULL;
    assert_int_equal(store_begin_write(w->store, &txn, NULL), ERR_OK);
    assert_int_equal(copy_digests_get(txn, &digests, NULL), ERR_OK);
    struct seal_hash bytes = copy_digest_bytes(&digests.of[COPY_PRESENCE]);
    record.digest = (ProtobufCBinaryData){.len = sizeof(bytes.bytes), .data = bytes.bytes};
    record.rows = digests.of[COPY_PRESENCE].rows;
    assert_int_equal(store_put_message(txn, TABLE_COPY_DIGEST, BYTES_OF(key), &record.base, NULL),
                     ERR_OK);
    assert_int_equal(store_set_version(txn, 3, NULL), ERR_OK);
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
}

/* Somebody is inside, and somebody's grant stands open, so that the two sums are not the same. */
static void live_a_little(struct world *w)
{
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    person_with_badge(w, "acme", "Ma Xiaoming", "04a1b2c3d4e5f6", "day", NULL);
    person_with_badge(w, "acme", "Li Wei", "04a1b2c3d4e5f7", "day", NULL);
    gate_walk(w, &gate, "a-in", "04a1b2c3d4e5f6");
    (void)gate_badge(w, &gate, "a-bare", "04a1b2c3d4e5f7");
    world_turn(w);
}

static struct copy_digests digests_of(struct store *store)
{
    struct copy_digests digests;
    struct store_txn *txn = NULL;
    assert_int_equal(store_begin_read(store, &txn, NULL), ERR_OK);
    assert_int_equal(copy_digests_get(txn, &digests, NULL), ERR_OK);
    store_txn_destroy(&txn);
    return digests;
}

static void version_3_gets_a_sum_of_counts(void **state)
{
    struct world *w = *state;
    struct gate gate;
    uint32_t from = 0;
    live_a_little(w);
    struct copy_digests before = digests_of(w->store);
    assert_false(copy_digest_equal(&before.of[COPY_PRESENCE], &before.of[COPY_COUNTS]));
    take_second_sum_away(w);
    assert_int_equal(digests_of(w->store).of[COPY_COUNTS].rows, 0);
    assert_int_equal(migrate_store(w->store, &from, NULL), ERR_OK);
    assert_int_equal(from, 3);
    assert_int_equal(store_version(w->store), CONTROLLER_STORE_VERSION);
    struct copy_digests after = digests_of(w->store);
    assert_true(copy_digests_equal(&before, &after));
    (void)assert_replays(w);
    world_restart(w); /* and what comes moves both on */
    gate_join(w, &gate, "gate-b", 2);
    gate_walk(w, &gate, "b-in", "04a1b2c3d4e5f7");
    after = digests_of(w->store);
    assert_int_equal(after.of[COPY_PRESENCE].rows - after.of[COPY_COUNTS].rows, 2);
    (void)assert_replays(w);
}

static void version_3_killed_at_each_write(void **state)
{
    struct world *w = *state;
    struct old_store o = {.dir = ""};
    char path[160];
    int writes = 0;
    live_a_little(w);
    struct copy_digests before = digests_of(w->store);
    take_second_sum_away(w);
    (void)snprintf(o.root, sizeof(o.root), "/tmp/parkgate-migrate-XXXXXX");
    MUST(mkdtemp(o.root) != NULL);
    (void)snprintf(o.dir, sizeof(o.dir), "%s/store", o.root);
    (void)snprintf(path, sizeof(path), "%s/data.mdb", store_dir(w->store));
    for (; writes < WRITES_MAX; writes++) {
        uint32_t from = 0;
        copy_file(&o, path);
        int ended = migrate_until(&o, writes);
        struct store *store = open_and_migrate(&o, &from);
        assert_true(from >= 3 && from <= CONTROLLER_STORE_VERSION);
        struct copy_digests after = digests_of(store);
        assert_true(copy_digests_equal(&before, &after));
        store_destroy(&store);
        if (ended == 0) {
            break;
        }
        assert_int_equal(ended, KILLED);
    }
    print_message("killed at %d writes\n", writes);
    assert_true(writes >= 2 && writes < WRITES_MAX);
    remove_tree(o.root);
}

/* The program before did not read it: it must not keep the newer one down. */
static void version_3_with_a_damaged_row_starts(void **state)
{
    struct world *w = *state;
    struct store_txn *txn = NULL;
    uint32_t from = 0;
    struct keybuf key;
    live_a_little(w);
    struct copy_digests before = digests_of(w->store);
    take_second_sum_away(w);
    assert_int_equal(store_begin_write(w->store, &txn, NULL), ERR_OK);
    keybuf_begin(&key);
    keybuf_text(&key, "yard");
    assert_int_equal(store_put(txn, TABLE_ZONE_NOW, keybuf_view(&key), bytes_of_text("??"), NULL),
                     ERR_OK);
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
    assert_int_equal(migrate_store(w->store, &from, NULL), ERR_OK);
    struct copy_digests after = digests_of(w->store);
    assert_true(copy_digest_equal(&after.of[COPY_PRESENCE], &before.of[COPY_PRESENCE]));
    assert_int_equal(after.of[COPY_COUNTS].rows, before.of[COPY_COUNTS].rows - 1);
}

/* --- 4 to 5 --- */

static const size_t indexes[] = {TABLE_CANDIDATE_AT, TABLE_CANDIDATE_LEAD, TABLE_CANDIDATE_DUE,
                                 TABLE_DISPOSITION_DUE_OF, TABLE_ERASURE_OPEN,
                                 TABLE_WATCH_IDENTITY_OF};

static void put_candidate(struct world *w, uint8_t n)
{
    uint8_t packed[256];
    struct handle handle = {{n}};
    struct handle entry = {
        {9, n}
    };
    struct store_txn *txn = NULL;
    Parkgate__Entry entry_of = PARKGATE__ENTRY__INIT;
    Parkgate__WatchHit hit = PARKGATE__WATCH_HIT__INIT;
    Parkgate__Candidate candidate = PARKGATE__CANDIDATE__INIT;
    hit.entry = (ProtobufCBinaryData){.len = HANDLE_SIZE, .data = entry.bytes};
    hit.lane = text_of("a-in");
    candidate.candidate = (ProtobufCBinaryData){.len = HANDLE_SIZE, .data = handle.bytes};
    candidate.lead = candidate.candidate;
    candidate.step = CANDIDATE_RAISED;
    candidate.raised_us = n;
    candidate.hit.len = parkgate__watch_hit__pack(&hit, packed);
    candidate.hit.data = packed;
    assert_int_equal(store_begin_write(w->store, &txn, NULL), ERR_OK);
    assert_int_equal(project_watch_candidate(txn, &entry_of, &candidate.base, NULL), ERR_OK);
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
}

/* One that is due, one that is not, of the same disposition. */
static void put_notices(struct world *w)
{
    struct store_txn *txn = NULL;
    Parkgate__Entry entry = PARKGATE__ENTRY__INIT;
    assert_int_equal(store_begin_write(w->store, &txn, NULL), ERR_OK);
    for (uint64_t number = 1; number <= 2; number++) {
        Parkgate__DispositionNotice notice = PARKGATE__DISPOSITION_NOTICE__INIT;
        notice.number = number;
        notice.disposition = 7;
        notice.dropped = number == 2;
        assert_int_equal(project_disposition_notice(txn, &entry, &notice.base, NULL), ERR_OK);
    }
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
}

/* One whose key is gone, one that has ended. */
static void put_erasures(struct world *w)
{
    struct store_txn *txn = NULL;
    Parkgate__Entry entry = PARKGATE__ENTRY__INIT;
    assert_int_equal(store_begin_write(w->store, &txn, NULL), ERR_OK);
    for (uint8_t step = ERASURE_KEY_GONE; step <= ERASURE_ENDED; step++) {
        struct handle holder = {{step}};
        Parkgate__ErasureRecord erasure = PARKGATE__ERASURE_RECORD__INIT;
        erasure.holder = (ProtobufCBinaryData){.len = HANDLE_SIZE, .data = holder.bytes};
        erasure.step = step;
        assert_int_equal(project_erasure(txn, &entry, &erasure.base, NULL), ERR_OK);
    }
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
}

static void put_identity(struct world *w)
{
    struct store_txn *txn = NULL;
    struct seal_hash hash = {{5}};
    assert_int_equal(store_begin_write(w->store, &txn, NULL), ERR_OK);
    assert_int_equal(project_watch_identity(txn, BYTES_OF(hash.bytes), (struct handle){{6}}, NULL),
                     ERR_OK);
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
}

static void take_indexes_away(struct world *w)
{
    struct store_txn *txn = NULL;
    assert_int_equal(store_begin_write(w->store, &txn, NULL), ERR_OK);
    for (size_t i = 0; i < ARRAY_LEN(indexes); i++) {
        empty_table(txn, indexes[i]);
    }
    assert_int_equal(store_set_version(txn, 4, NULL), ERR_OK);
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
}

static void assert_indexed(struct store *store)
{
    struct handle found;
    size_t count = 0;
    struct store_txn *txn = NULL;
    Parkgate__DispositionNotice *notice = NULL;
    const struct handle entry = {
        {9, 2}
    };
    const struct handle second = {{2}};
    assert_int_equal(store_begin_read(store, &txn, NULL), ERR_OK);
    assert_int_equal(candidate_at(txn, entry, "a-in", &found, NULL), ERR_OK);
    assert_true(handle_equal(found, second));
    assert_int_equal(candidates_of_lead(txn, second, 1, &found, &count, NULL), ERR_OK);
    assert_int_equal(count, 1);
    assert_true(handle_equal(found, second));
    assert_int_equal(candidates_raised_before(txn, (struct wall){3}, 1, &found, &count, NULL),
                     ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(found.bytes[0], 1);
    assert_int_equal(disposition_next_due_of(txn, 7, &notice, NULL), ERR_OK);
    assert_int_equal(notice->number, 1);
    parkgate__disposition_notice__free_unpacked(notice, NULL);
    struct erasure_place place = {0};
    assert_int_equal(erasure_next_open(txn, &place, NULL), ERR_OK);
    assert_int_equal(place.step, ERASURE_KEY_GONE);
    assert_int_equal(place.holder.bytes[0], ERASURE_KEY_GONE);
    assert_int_equal(erasure_next_open(txn, &place, NULL), ERR_NOT_FOUND);
    const uint8_t identity_of[HANDLE_SIZE + SEAL_HASH_SIZE] = {6, [HANDLE_SIZE] = 5};
    struct bytes nothing;
    assert_int_equal(
        store_get(txn, TABLE_WATCH_IDENTITY_OF, BYTES_OF(identity_of), &nothing, NULL), ERR_OK);
    store_txn_destroy(&txn);
}

static void live_with_candidates(struct world *w)
{
    for (uint8_t n = 1; n <= 3; n++) {
        put_candidate(w, n);
    }
    put_notices(w);
    put_erasures(w);
    put_identity(w);
}

static uint64_t rows_in(struct store *store, size_t table)
{
    uint64_t rows = 0;
    struct store_txn *txn = NULL;
    assert_int_equal(store_begin_read(store, &txn, NULL), ERR_OK);
    assert_int_equal(store_count(txn, table, &rows, NULL), ERR_OK);
    store_txn_destroy(&txn);
    return rows;
}

static void version_4_gets_its_indexes(void **state)
{
    struct world *w = *state;
    uint32_t from = 0;
    uint64_t before[ARRAY_LEN(indexes)];
    live_with_candidates(w);
    for (size_t i = 0; i < ARRAY_LEN(indexes); i++) {
        before[i] = rows_in(w->store, indexes[i]);
        assert_true(before[i] > 0);
    }
    take_indexes_away(w);
    assert_int_equal(migrate_store(w->store, &from, NULL), ERR_OK);
    assert_int_equal(from, 4);
    assert_int_equal(store_version(w->store), CONTROLLER_STORE_VERSION);
    for (size_t i = 0; i < ARRAY_LEN(indexes); i++) {
        assert_int_equal(rows_in(w->store, indexes[i]), before[i]);
    }
    assert_indexed(w->store);
}

static void read_that_waited(struct world *w, struct gate *gate, const char *lane, uint8_t last,
                             int64_t ago_us)
{
    uint8_t uid[] = {0x04, 0xa1, 0xb2, 0xc3, 0xd4, 0xe5, last};
    Parkgate__Event read = PARKGATE__EVENT__INIT;
    read.kind = EVENT_PRESENTATION;
    read.lane = text_of(lane);
    read.credential_kind = CREDENTIAL_KIND_BADGE;
    read.credential_class = CREDENTIAL_CLASS_UID_ONLY;
    read.credential = (ProtobufCBinaryData){.len = sizeof(uid), .data = uid};
    read.captured_us = w->now.us - ago_us;
    read.received_us = w->now.us;
    (void)gate_event(w, gate, &read);
    world_turn(w);
}

/* Grants that were acted on late, by the read's own receipt and by a word of the gate's later. */
static void live_with_late_acts(struct world *w)
{
    struct gate gate;
    Parkgate__Event late = PARKGATE__EVENT__INIT;
    gate_join(w, &gate, "gate-a", 1);
    person_with_badge(w, "acme", "Ma Xiaoming", "04a1b2c3d4e5f6", "day", NULL);
    person_with_badge(w, "acme", "Li Wei", "04a1b2c3d4e5f7", "day", NULL);
    person_with_badge(w, "acme", "Wang Fang", "04a1b2c3d4e5f8", "day", NULL);
    read_that_waited(w, &gate, "a-in", 0xf6, 4700000);
    read_that_waited(w, &gate, "a-in", 0xf8, 1000);
    read_that_waited(w, &gate, "a-bare", 0xf7, 1000);
    late.kind = EVENT_ACTED;
    late.lane = text_of("a-bare");
    late.presentation = gate.sequence;
    late.outcome = OUTCOME_GRANT + 1;
    late.reason = REASON_GRANTED;
    late.verdict_source = SOURCE_AGENT;
    world_pass(w, 3000000);
    (void)gate_event(w, &gate, &late);
    world_turn(w);
}

/* As version 4 knew grants. Returns how many were acted on late. */
static size_t forget_late_acts(struct world *w)
{
    struct store_txn *txn = NULL;
    struct store_iter iter = {0};
    struct bytes key, value;
    size_t late = 0;
    assert_int_equal(store_begin_write(w->store, &txn, NULL), ERR_OK);
    assert_int_equal(
        store_iter_prefix(txn, TABLE_GRANT, (struct bytes){0}, UINT64_MAX, &iter, NULL), ERR_OK);
    while (store_iter_next(&iter, &key, &value, NULL) == ERR_OK) {
        ProtobufCMessage *message = NULL;
        assert_int_equal(
            store_unpack_message(key, value, &parkgate__grant_record__descriptor, &message, NULL),
            ERR_OK);
        Parkgate__GrantRecord *grant = (void *)message;
        late += grant->opened_us != 0;
        grant->opened_us = 0;
        struct keybuf kept;
        keybuf_begin(&kept);
        keybuf_bytes(&kept, key);
        assert_int_equal(
            store_put_message(txn, TABLE_GRANT, keybuf_view(&kept), &grant->base, NULL), ERR_OK);
        store_message_destroy(&message);
    }
    store_iter_end(&iter);
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
    return late;
}

static void version_4_learns_from_when_its_grants_stand(void **state)
{
    struct world *w = *state;
    uint32_t from = 0;
    live_with_late_acts(w);
    assert_int_equal(forget_late_acts(w), 2);
    take_indexes_away(w);
    assert_int_equal(migrate_store(w->store, &from, NULL), ERR_OK);
    assert_int_equal(from, 4);
    (void)assert_replays(w);
}

static void version_4_killed_at_each_write(void **state)
{
    struct world *w = *state;
    struct old_store o = {.dir = ""};
    char path[160];
    int writes = 0;
    live_with_candidates(w);
    take_indexes_away(w);
    (void)snprintf(o.root, sizeof(o.root), "/tmp/parkgate-migrate-XXXXXX");
    MUST(mkdtemp(o.root) != NULL);
    (void)snprintf(o.dir, sizeof(o.dir), "%s/store", o.root);
    (void)snprintf(path, sizeof(path), "%s/data.mdb", store_dir(w->store));
    for (; writes < WRITES_MAX; writes++) {
        uint32_t from = 0;
        copy_file(&o, path);
        int ended = migrate_until(&o, writes);
        struct store *store = open_and_migrate(&o, &from);
        assert_true(from == 4 || from == CONTROLLER_STORE_VERSION);
        assert_indexed(store);
        store_destroy(&store);
        if (ended == 0) {
            break;
        }
        assert_int_equal(ended, KILLED);
    }
    print_message("killed at %d writes\n", writes);
    assert_true(writes >= 2 && writes < WRITES_MAX);
    remove_tree(o.root);
}

#define KEPT_4    PARKGATE_SOURCE_DIR "/tests/data/store-v4/data.mdb"
#define AUTHORITY "hz-police"

/* Its last entry is of then. */
static struct wall end_of_journal(struct store *store)
{
    struct journal_head head;
    struct bytes packed;
    struct seal_hash hash;
    struct store_txn *txn = NULL;
    assert_int_equal(store_begin_read(store, &txn, NULL), ERR_OK);
    assert_int_equal(journal_head(txn, &head, NULL), ERR_OK);
    assert_int_equal(journal_read(txn, head.sequence, &packed, &hash, NULL), ERR_OK);
    Parkgate__Entry *entry = parkgate__entry__unpack(NULL, packed.size, packed.data);
    assert_non_null(entry);
    struct wall at = {entry->time_us};
    parkgate__entry__free_unpacked(entry, NULL);
    store_txn_destroy(&txn);
    return at;
}

/* Of persons: who waits, who acts; how many terms stand at all. */
static void assert_persons(struct store *store)
{
    struct watch_persons persons;
    struct store_txn *txn = NULL;
    struct wall now = end_of_journal(store);
    assert_int_equal(store_begin_read(store, &txn, NULL), ERR_OK);
    assert_int_equal(watch_persons_of(txn, AUTHORITY, now, &persons, NULL), ERR_OK);
    store_txn_destroy(&txn);
    assert_int_equal(persons.waiting, 1);
    assert_int_equal(persons.acting, 2); /* one of them is withdrawn by a bundle that is open */
    /* two case numbers of the first, one each of e0004, e0005, e0006, and of the open bundle's */
    assert_int_equal(rows_in(store, TABLE_WATCH_PERSON), 6);
}

/* Written by the program of then: with what it had, and as a replay of its journal says it. */
static void the_kept_store_of_version_4_is_brought_forward(void **state)
{
    const struct old_store *o = *state;
    char dir[96];
    uint32_t from = 0;
    copy_file(o, KEPT_4);
    struct store *store = open_and_migrate(o, &from);
    assert_int_equal(from, 4);
    (void)snprintf(dir, sizeof(dir), "%s/replay", o->root);
    struct store *copy = empty_store(dir);
    assert_true(replay_into(store, copy) > 40);
    assert_same_tables(store, copy);
    store_destroy(&copy);
    assert_persons(store);
    assert_int_equal(rows_in(store, TABLE_CANDIDATE_AT), 3);
    store_destroy(&store);
}

static void the_kept_store_of_version_4_killed_at_each_write(void **state)
{
    const struct old_store *o = *state;
    int writes = 0;
    for (; writes < WRITES_MAX; writes++) {
        uint32_t from = 0;
        copy_file(o, KEPT_4);
        int ended = migrate_until(o, writes);
        struct store *store = open_and_migrate(o, &from);
        assert_true(from == 4 || from == CONTROLLER_STORE_VERSION);
        assert_persons(store);
        store_destroy(&store);
        if (ended == 0) {
            break;
        }
        assert_int_equal(ended, KILLED);
    }
    print_message("killed at %d writes\n", writes);
    assert_true(writes >= 2 && writes < WRITES_MAX);
}

/* Nobody could decide on it before, either. */
static void version_4_with_a_damaged_candidate_starts(void **state)
{
    struct world *w = *state;
    struct store_txn *txn = NULL;
    uint32_t from = 0;
    const struct handle first = {{1}};
    live_with_candidates(w);
    take_indexes_away(w);
    assert_int_equal(store_begin_write(w->store, &txn, NULL), ERR_OK);
    assert_int_equal(
        store_put(txn, TABLE_CANDIDATE, BYTES_OF(first.bytes), bytes_of_text("??"), NULL), ERR_OK);
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
    assert_int_equal(migrate_store(w->store, &from, NULL), ERR_OK);
    assert_int_equal(rows_in(w->store, TABLE_CANDIDATE_AT), 2);
}

static void on_a_full_disk_the_ballast_is_given_up(void **state)
{
    const struct old_store *o = *state;
    char ballast[128];
    uint32_t from = 0;
    struct store *store = NULL;
    struct store_options options = options_of(o);
    (void)snprintf(ballast, sizeof(ballast), "%s/ballast", o->dir);
    assert_int_equal(store_open(&options, &store, NULL), ERR_OK);
    assert_int_equal(store_ballast_make(store, 1 << 16, NULL), ERR_OK);
    ballast_of = ballast;
    struct fault fault = {0};
    enum err err = migrate_store(store, &from, &fault);
    ballast_of = NULL;
    if (err != ERR_OK) {
        fail_msg("%s", fault.what);
    }
    assert_int_equal(access(ballast, F_OK), -1);
    assert_int_equal(store_version(store), CONTROLLER_STORE_VERSION);
    assert_as_replayed(o, store);
    store_destroy(&store);
}

static void a_newer_store_is_refused(void **state)
{
    const struct old_store *o = *state;
    uint32_t from = 0;
    struct fault fault = {0};
    struct store *store = open_and_migrate(o, &from);
    store_destroy(&store);
    struct store_options options = options_of(o);
    options.version = 1; /* the program of before */
    assert_int_equal(store_open(&options, &store, &fault), ERR_UNSUPPORTED);
    char expected[256];
    (void)snprintf(expected, sizeof(expected),
                   "store %s has version 5, this program knows 1; install the newer program",
                   o->dir);
    assert_string_equal(fault.what, expected);
}

/* An older program at a store whose migration was killed: it is still its own. */
static void a_store_that_was_not_brought_forward_is_the_older_programs(void **state)
{
    const struct old_store *o = *state;
    assert_int_equal(migrate_until(o, 0), KILLED);
    struct store *store = NULL;
    struct store_options options = options_of(o);
    options.version = 1;
    assert_int_equal(store_open(&options, &store, NULL), ERR_OK);
    assert_int_equal(store_version(store), 1);
    store_destroy(&store);
}

/* --- the person-key store: its layout never changed; an older one may lack its last table --- */

static const struct handle somebody = {
    {1, 2, 3}
};
static const struct seal_key his_key = {
    {4, 5, 6}
};

static struct store *open_keys(const struct old_store *o, size_t tables, bool create)
{
    char dir[96];
    struct fault fault = {0};
    struct store *keys = NULL;
    (void)snprintf(dir, sizeof(dir), "%s/keys", o->root);
    struct store_options options = {.dir = dir,
                                    .kind = KEY_STORE_KIND,
                                    .version = KEY_STORE_VERSION,
                                    .tables = key_table_names,
                                    .table_count = tables,
                                    .map_size = 16U << 20,
                                    .create = create};
    if (store_open(&options, &keys, &fault) != ERR_OK) {
        fail_msg("%s", fault.what);
    }
    return keys;
}

static void make_old_keys(const struct old_store *o)
{
    char dir[96];
    struct store_txn *txn = NULL;
    (void)snprintf(dir, sizeof(dir), "%s/keys", o->root);
    remove_tree(dir);
    struct store *keys = open_keys(o, KEY_TABLE_DAY, true);
    assert_int_equal(store_begin_write(keys, &txn, NULL), ERR_OK);
    assert_int_equal(person_key_put(txn, somebody, &his_key, NULL), ERR_OK);
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
    store_destroy(&keys);
}

/* Opens it as this program does, and adds the key of a day. */
static void use_keys(const struct old_store *o)
{
    struct store_txn *txn = NULL;
    struct store *keys = open_keys(o, KEY_TABLE_COUNT, false);
    assert_int_equal(store_begin_write(keys, &txn, NULL), ERR_OK);
    assert_int_equal(day_key_put(txn, 20000, &his_key, NULL), ERR_OK);
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
    store_destroy(&keys);
}

static int use_keys_until(const struct old_store *o, int writes)
{
    int status = 0;
    pid_t child = fork();
    MUST(child >= 0);
    if (child == 0) {
        writes_left = writes;
        use_keys(o);
        _exit(0);
    }
    MUST(waitpid(child, &status, 0) == child && WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void assert_keys(const struct old_store *o, enum err day)
{
    struct seal_key key;
    struct store_txn *txn = NULL;
    struct store *keys = open_keys(o, KEY_TABLE_COUNT, false);
    assert_int_equal(store_begin_read(keys, &txn, NULL), ERR_OK);
    assert_int_equal(person_key_get(txn, somebody, &key, NULL), ERR_OK);
    assert_memory_equal(key.bytes, his_key.bytes, SEAL_KEY_SIZE);
    assert_int_equal(day_key_get(txn, 20000, &key, NULL), day);
    store_txn_destroy(&txn);
    store_destroy(&keys);
}

static void person_keys_of_before_are_kept_at_each_write(void **state)
{
    const struct old_store *o = *state;
    int writes = 0;
    for (; writes < WRITES_MAX; writes++) {
        make_old_keys(o);
        int ended = use_keys_until(o, writes);
        if (ended == 0) {
            assert_keys(o, ERR_OK);
            break;
        }
        assert_int_equal(ended, KILLED);
        use_keys(o);
        assert_keys(o, ERR_OK);
    }
    print_message("killed at %d writes\n", writes);
    assert_true(writes >= 4 && writes < WRITES_MAX);
}

static void a_killed_write_of_keys_takes_none_away(void **state)
{
    const struct old_store *o = *state;
    make_old_keys(o);
    assert_int_equal(use_keys_until(o, 0), KILLED);
    assert_keys(o, ERR_NOT_FOUND);
}

#define OLD_TEST(name) cmocka_unit_test_setup_teardown(name, old_make, old_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OLD_TEST(version_1_is_brought_forward),
        WORLD_TEST(version_2_learns_its_commands_from_the_journal),
        WORLD_TEST(version_2_with_damaged_entries_starts),
        WORLD_TEST(version_3_gets_a_sum_of_counts),
        WORLD_TEST(version_3_killed_at_each_write),
        WORLD_TEST(version_3_with_a_damaged_row_starts),
        WORLD_TEST(version_4_gets_its_indexes),
        WORLD_TEST(version_4_learns_from_when_its_grants_stand),
        WORLD_TEST(version_4_killed_at_each_write),
        WORLD_TEST(version_4_with_a_damaged_candidate_starts),
        OLD_TEST(the_kept_store_of_version_4_is_brought_forward),
        OLD_TEST(the_kept_store_of_version_4_killed_at_each_write),
        OLD_TEST(on_a_full_disk_the_ballast_is_given_up),
        OLD_TEST(killed_at_each_write_nothing_is_lost),
        OLD_TEST(a_newer_store_is_refused),
        OLD_TEST(a_store_that_was_not_brought_forward_is_the_older_programs),
        OLD_TEST(person_keys_of_before_are_kept_at_each_write),
        OLD_TEST(a_killed_write_of_keys_takes_none_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

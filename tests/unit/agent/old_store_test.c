/* Goal: a gate's store of the version before is taken on without loss, wherever the process is
 * killed. Method: a store with events in every state is written again with the tables that there
 * were; a child begins a gate on it, is told the recovery key and records an event, and ends at its
 * Nth write, for every N; afterwards everything is there that was. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/must.h"
#include "common/seal/box.h"
#include "tests/unit/agent/gate_world.h"

enum {
    KILLED = 77,
    WRITES_MAX = 500,
    ROUNDS = 5,
    EVENTS = 2 * ROUNDS + 1,
    REFUSED = 3,
    ROWS_MAX = 4096
};

/* --- a process that ends at its Nth write; LMDB's calls come here --- */

static int writes_left = -1; /* below 0: no end */

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
    return syscall(SYS_pwrite64, fd, bytes, size, at);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at);
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at)
{
    count_write();
    return syscall(SYS_pwritev, fd, parts, count, (long)at, 0L);
}

int fdatasync(int fd)
{
    count_write();
    return (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
    count_write();
    return (int)syscall(SYS_fsync, fd);
}

/* --- the store as it was --- */

static const char *const tables_then[] = {
    "state", "outbox",     "pending", "answered",  "open", "acted",     "moved",
    "days",  "quarantine", "seen",    "seen-ring", "park", "lane-mode",
};

/* Files of the stores as they were, to begin anew from. */
struct kept_file {
    const char *name;
    size_t size;
    uint8_t bytes[1 << 20];
};

static struct kept_file kept[] = {{.name = "store/data.mdb"}, {.name = "keys/data.mdb"}};

struct old {
    struct gate_world *world;
    uint8_t digests[EVENTS][EVENT_DIGEST_SIZE]; /* of the events, by their sequence */
    uint64_t depth;
};

static void path_of(const struct old *old, const char *name, char out[128])
{
    (void)snprintf(out, 128, "%s/%s", old->world->dir, name);
}

static struct store *open_tables_then(const char *dir, bool create)
{
    struct fault fault = {0};
    struct store *store = NULL;
    struct store_options options = {.dir = dir,
                                    .kind = "agent",
                                    .version = 1,
                                    .tables = tables_then,
                                    .table_count = ARRAY_LEN(tables_then),
                                    .map_size = AGENT_STORE_MAP_BYTES,
                                    .create = create};
    if (store_open(&options, &store, &fault) != ERR_OK) {
        fail_msg("%s", fault.what);
    }
    return store;
}

static void copy_table(struct store_txn *from, struct store_txn *to, size_t table)
{
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    assert_int_equal(store_iter_prefix(from, table, (struct bytes){0}, ROWS_MAX, &iter, NULL),
                     ERR_OK);
    while (store_iter_next(&iter, &key, &value, NULL) == ERR_OK) {
        assert_int_equal(store_put(to, table, key, value, NULL), ERR_OK);
    }
}

/* Writes the store again without what came since. */
static void make_old(const struct old *old)
{
    char now[128];
    char then[128];
    char data[160];
    path_of(old, "store", now);
    path_of(old, "then", then);
    struct store *from = open_tables_then(now, false);
    struct store *to = open_tables_then(then, true);
    {
        AUTO(store_txn_destroy) struct store_txn *reading = NULL;
        AUTO(store_txn_destroy) struct store_txn *writing = NULL;
        assert_int_equal(store_begin_read(from, &reading, NULL), ERR_OK);
        assert_int_equal(store_begin_write(to, &writing, NULL), ERR_OK);
        for (size_t i = 0; i < ARRAY_LEN(tables_then); i++) {
            copy_table(reading, writing, i);
        }
        assert_int_equal(store_commit(&writing, NULL), ERR_OK);
    }
    store_destroy(&from);
    store_destroy(&to);
    (void)snprintf(data, sizeof(data), "%s/data.mdb", then);
    (void)snprintf(now, sizeof(now), "%s/store/data.mdb", old->world->dir);
    assert_int_equal(rename(data, now), 0);
    for (size_t i = 0; i < 2; i++) {
        static const char *const rest[] = {"lock.mdb", "owner"};
        (void)snprintf(data, sizeof(data), "%s/%s", then, rest[i]);
        (void)remove(data);
    }
    (void)remove(then);
}

static void keep(const struct old *old)
{
    for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
        char path[128];
        path_of(old, kept[i].name, path);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t size = fd < 0 ? -1 : read(fd, kept[i].bytes, sizeof(kept[i].bytes));
        assert_true(size > 0 && (size_t)size < sizeof(kept[i].bytes));
        kept[i].size = (size_t)size;
        (void)close(fd);
    }
}

static void put_back(const struct old *old)
{
    for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
        char path[128];
        path_of(old, kept[i].name, path);
        int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, kept[i].bytes, kept[i].size), kept[i].size);
        (void)close(fd);
    }
}

static struct grant_id place(uint64_t sequence)
{
    return (struct grant_id){.epoch = 1, .sequence = sequence};
}

static int old_make(void **state)
{
    struct old *old = calloc(1, sizeof(*old));
    struct grant_id waiting = {0};
    MUST(old != NULL);
    old->world = gate_world_open(false);
    struct gate *gate = old->world->gate;
    gate_world_live(old->world, ROUNDS);
    struct draft read = gate_world_read(old->world, "in", 0);
    assert_int_equal(record_event(gate, &read, true, NULL, &waiting, NULL), ERR_OK);
    assert_int_equal(record_commit(gate, NULL), ERR_OK);
    for (uint64_t i = 1; i <= REFUSED; i++) {
        assert_true(batch_add_answer(&gate->batch, place(i),
                                     i == REFUSED ? ANSWER_REFUSED : ANSWER_APPLIED, 0));
    }
    assert_int_equal(record_commit(gate, NULL), ERR_OK);
    assert_int_equal(outbox_depth(gate->store, &old->depth, NULL), ERR_OK);
    for (uint64_t i = 1; i <= EVENTS; i++) {
        struct outbox_event event;
        if (outbox_get(gate->store, place(i), &event, NULL) == ERR_OK) {
            memcpy(old->digests[i - 1], event.digest, EVENT_DIGEST_SIZE);
        }
    }
    gate_world_end(old->world);
    make_old(old);
    keep(old);
    *state = old;
    return 0;
}

static int old_remove(void **state)
{
    struct old *old = *state;
    gate_world_close(&old->world);
    free(old);
    return 0;
}

/* --- taking it on --- */

/* A gate begins on it as the daemon does, hears the controller and records something. */
static void take_on(struct old *old)
{
    static const struct seal_box_secret secret = {
        {1, 2, 3}
    };
    struct seal_box_public public = seal_box_public_of(&secret);
    gate_world_begin(old->world);
    recovery_key_told(old->world->gate, BYTES_OF(public.bytes));
}

static void assert_nothing_is_lost(struct old *old, bool recorded)
{
    struct gate *gate = old->world->gate;
    const struct agent_state *is = agent_store_state(gate->store);
    uint64_t depth = 0;
    uint64_t refused = 0;
    struct grant_id open_ids[4];
    size_t open_count = 0;
    uint32_t days[4];
    size_t day_count = 0;
    uint8_t boxes[DAY_BOXES_MAX * DAY_BOX_SIZE];
    assert_int_equal(is->epoch, 1);
    assert_int_equal(is->last_sequence, EVENTS + recorded);
    assert_int_equal(is->config_version, 1);
    assert_int_equal(outbox_depth(gate->store, &depth, NULL), ERR_OK);
    assert_int_equal(depth, old->depth + recorded);
    assert_int_equal(outbox_open_presentations(gate->store, 4, open_ids, &open_count, NULL),
                     ERR_OK);
    assert_int_equal(open_count, 1);
    assert_int_equal(outbox_quarantined(gate->store, &refused, NULL), ERR_OK);
    assert_int_equal(refused, 1);
    for (uint64_t i = 1; i <= EVENTS; i++) {
        struct outbox_event event;
        uint8_t packed[LIMIT_EVENT_BYTES];
        size_t size = 0;
        if (i == REFUSED) {
            continue;
        }
        assert_int_equal(outbox_get(gate->store, place(i), &event, NULL), ERR_OK);
        assert_memory_equal(event.digest, old->digests[i - 1], EVENT_DIGEST_SIZE);
        assert_int_equal(vault_open(gate->vault, &event, packed, &size, NULL), ERR_OK);
    }
    assert_int_equal(day_boxes_days(gate->store, 0, 4, days, &day_count, NULL), ERR_OK);
    assert_true(day_count > 0 && is->has_recovery_key);
    for (size_t i = 0; i < day_count; i++) {
        size_t count = 0;
        assert_int_equal(day_boxes_get(gate->store, days[i], boxes, &count, NULL), ERR_OK);
        assert_int_equal(count, 1);
    }
}

/* In a child: 0 done, KILLED. */
static int take_on_until(struct old *old, int writes)
{
    int status = 0;
    pid_t child = fork();
    MUST(child >= 0);
    if (child == 0) {
        writes_left = writes;
        take_on(old);
        gate_world_end(old->world);
        _exit(0);
    }
    MUST(waitpid(child, &status, 0) == child && WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void killed_at_each_write_nothing_is_lost(void **state)
{
    struct old *old = *state;
    int writes = 0;
    for (; writes < WRITES_MAX; writes++) {
        put_back(old);
        int ended = take_on_until(old, writes);
        take_on(old);
        assert_nothing_is_lost(old, false);
        gate_world_end(old->world);
        if (ended == 0) {
            break;
        }
        assert_int_equal(ended, KILLED);
    }
    print_message("killed at %d writes\n", writes);
    assert_true(writes >= 4 && writes < WRITES_MAX);
}

static void what_comes_next_has_the_next_number(void **state)
{
    struct old *old = *state;
    struct grant_id id = {0};
    take_on(old);
    struct draft read = gate_world_read(old->world, "out", 1);
    assert_int_equal(record_event(old->world->gate, &read, false, NULL, &id, NULL), ERR_OK);
    assert_int_equal(record_commit(old->world->gate, NULL), ERR_OK);
    assert_int_equal(id.sequence, EVENTS + 1);
    gate_world_restart(old->world);
    assert_nothing_is_lost(old, true);
    gate_world_end(old->world);
}

#define OLD_TEST(name) cmocka_unit_test_setup_teardown(name, old_make, old_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OLD_TEST(killed_at_each_write_nothing_is_lost),
        OLD_TEST(what_comes_next_has_the_next_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

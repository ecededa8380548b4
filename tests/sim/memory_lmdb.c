#include "tests/sim/memory_lmdb.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/must.h"

enum {
    DBS_MAX = 136,
    DISKS_MAX = 512,
    NAME_MAX_SIZE = 32,
    PATH_SIZE = 512,
    PAGE = 4096,
    KEY_MAX = 511
};

/* --- trees --- */

struct record {
    uint32_t refs;
    uint32_t key_size;
    uint32_t value_size;
    uint64_t priority; /* by the key alone: a tree's shape depends on its keys alone */
    uint8_t bytes[];   /* key, padding to 8, value */
};

struct node {
    uint32_t refs;
    uint64_t prefix; /* the key's first bytes, so that most steps need not look at the record */
    struct record *record;
    struct node *left, *right;
};

struct tree {
    struct node *root;
    uint64_t count;
    bool exists;
};

struct version {
    uint32_t refs;
    uint64_t number;
    struct tree trees[DBS_MAX];
};

static uint64_t fnv(uint64_t sum, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; i++) {
        sum = (sum ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
    return sum;
}

static size_t padded(size_t size)
{
    return (size + 7) & ~(size_t)7;
}

static uint8_t *value_of(struct record *record)
{
    return record->bytes + padded(record->key_size);
}

/* Orders as the bytes do: what is missing counts as zero, and equal ones are compared whole. */
static uint64_t prefix_of(const void *data, size_t size)
{
    uint64_t prefix = 0;
    memcpy(&prefix, data, size < sizeof(prefix) ? size : sizeof(prefix));
    return __builtin_bswap64(prefix);
}

static struct record *record_create(const MDB_val *key, size_t value_size)
{
    struct record *record = malloc(sizeof(*record) + padded(key->mv_size) + value_size);
    MUST(record != NULL);
    *record = (struct record){
        .refs = 1, .key_size = (uint32_t)key->mv_size, .value_size = (uint32_t)value_size};
    memcpy(record->bytes, key->mv_data, key->mv_size);
    uint64_t z = fnv(UINT64_C(0xcbf29ce484222325), key->mv_data, key->mv_size);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    record->priority = z ^ z >> 27;
    return record;
}

static void record_drop(struct record *record)
{
    if (--record->refs == 0) {
        free(record);
    }
}

static struct node *node_keep(struct node *node)
{
    if (node != NULL) {
        node->refs++;
    }
    return node;
}

static void node_drop(struct node *node)
{
    while (node != NULL && --node->refs == 0) {
        struct node *right = node->right;
        node_drop(node->left);
        record_drop(node->record);
        free(node);
        node = right;
    }
}

static struct node *node_create(struct record *record, struct node *left, struct node *right)
{
    struct node *node = malloc(sizeof(*node));
    MUST(node != NULL);
    *node = (struct node){.refs = 1,
                          .prefix = prefix_of(record->bytes, record->key_size),
                          .record = record,
                          .left = left,
                          .right = right};
    return node;
}

/* The same node, ours alone to change. */
static struct node *node_own(struct node *node)
{
    if (node->refs == 1) {
        return node;
    }
    node->record->refs++;
    struct node *copy = node_create(node->record, node_keep(node->left), node_keep(node->right));
    node_drop(node);
    return copy;
}

static int compare(const void *a, size_t a_size, const void *b, size_t b_size)
{
    int order = memcmp(a, b, a_size < b_size ? a_size : b_size);
    return order != 0 ? order : (a_size > b_size) - (a_size < b_size);
}

static int compare_key(const MDB_val *key, const struct record *record)
{
    return compare(key->mv_data, key->mv_size, record->bytes, record->key_size);
}

static int compare_node(const MDB_val *key, uint64_t prefix, const struct node *node)
{
    return prefix != node->prefix ? (prefix < node->prefix ? -1 : 1)
                                  : compare_key(key, node->record);
}

static struct node *turn_right(struct node *node)
{
    struct node *up = node->left;
    node->left = up->right;
    up->right = node;
    return up;
}

static struct node *turn_left(struct node *node)
{
    struct node *up = node->right;
    node->right = up->left;
    up->left = node;
    return up;
}

static struct node *insert(struct node *node, struct record *record, const MDB_val *key,
                           uint64_t prefix, bool *added)
{
    if (node == NULL) {
        *added = true;
        return node_create(record, NULL, NULL);
    }
    node = node_own(node);
    int order = compare_node(key, prefix, node);
    if (order == 0) {
        record_drop(node->record);
        node->record = record;
    } else if (order < 0) {
        node->left = insert(node->left, record, key, prefix, added);
        node = node->left->record->priority > node->record->priority ? turn_right(node) : node;
    } else {
        node->right = insert(node->right, record, key, prefix, added);
        node = node->right->record->priority > node->record->priority ? turn_left(node) : node;
    }
    return node;
}

static struct node *join(struct node *left, struct node *right)
{
    if (left == NULL || right == NULL) {
        return left == NULL ? right : left;
    }
    if (left->record->priority > right->record->priority) {
        left = node_own(left);
        left->right = join(left->right, right);
        return left;
    }
    right = node_own(right);
    right->left = join(left, right->left);
    return right;
}

/* The key must be there. */
static struct node *take_out(struct node *node, const MDB_val *key)
{
    node = node_own(node);
    int order = compare_key(key, node->record);
    if (order == 0) {
        struct node *rest = join(node->left, node->right);
        node->left = node->right = NULL;
        node_drop(node);
        return rest;
    }
    if (order < 0) {
        node->left = take_out(node->left, key);
    } else {
        node->right = take_out(node->right, key);
    }
    return node;
}

static struct record *find(const struct tree *tree, const MDB_val *key)
{
    struct node *node = tree->root;
    uint64_t prefix = prefix_of(key->mv_data, key->mv_size);
    while (node != NULL) {
        int order = compare_node(key, prefix, node);
        if (order == 0) {
            return node->record;
        }
        node = order < 0 ? node->left : node->right;
    }
    return NULL;
}

/* The first at (or_equal) or after `key`; NULL key: the first of all. */
static struct record *first_after(const struct tree *tree, const MDB_val *key, bool or_equal)
{
    struct record *best = NULL;
    uint64_t prefix = key == NULL ? 0 : prefix_of(key->mv_data, key->mv_size);
    for (struct node *node = tree->root; node != NULL;) {
        int order = key == NULL ? -1 : compare_node(key, prefix, node);
        if (order < 0 || (order == 0 && or_equal)) {
            best = node->record;
            node = node->left;
        } else {
            node = node->right;
        }
    }
    return best;
}

/* The last before `key`; NULL key: the last of all. */
static struct record *last_before(const struct tree *tree, const MDB_val *key)
{
    struct record *best = NULL;
    uint64_t prefix = key == NULL ? 0 : prefix_of(key->mv_data, key->mv_size);
    for (struct node *node = tree->root; node != NULL;) {
        int order = key == NULL ? 1 : compare_node(key, prefix, node);
        if (order > 0) {
            best = node->record;
            node = node->right;
        } else {
            node = node->left;
        }
    }
    return best;
}

static struct version *version_create(const struct version *from)
{
    struct version *version = calloc(1, sizeof(*version));
    MUST(version != NULL);
    version->refs = 1;
    if (from != NULL) {
        version->number = from->number;
        for (size_t i = 0; i < DBS_MAX; i++) {
            version->trees[i] = from->trees[i];
            (void)node_keep(version->trees[i].root);
        }
    }
    return version;
}

static void version_drop(struct version *version)
{
    if (version == NULL || --version->refs > 0) {
        return;
    }
    for (size_t i = 0; i < DBS_MAX; i++) {
        node_drop(version->trees[i].root);
    }
    free(version);
}

/* --- disks --- */

/* The room above looks for the file, and takes one of two pages for the beginning of one. */
static void name_file(const char *path, char out[PATH_SIZE + 16])
{
    (void)snprintf(out, PATH_SIZE + 16, "%s/data.mdb", path);
}

static void make_file(const char *path, mode_t mode)
{
    char file[PATH_SIZE + 16];
    name_file(path, file);
    int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, mode);
    if (fd >= 0) {
        (void)!ftruncate(fd, (off_t)4 * PAGE);
        (void)close(fd);
    }
}

static void remove_file(const char *path)
{
    char file[PATH_SIZE + 16];
    name_file(path, file);
    (void)unlink(file);
}

struct disk {
    char path[PATH_SIZE];
    char names[DBS_MAX][NAME_MAX_SIZE]; /* the first is the unnamed one */
    size_t name_count;
    struct version *committed, *synced;
    size_t map_size;
    unsigned environments;
};

static struct {
    struct disk *disks[DISKS_MAX];
    size_t count;
    disk_judge *judge;
    void *judge_ctx;
    void (*committed)(void *ctx, const char *path);
    void *committed_ctx;
    uint64_t puts_to_map_full;
} memory;

void memory_lmdb_judge(disk_judge *judge, void *ctx)
{
    memory.judge = judge;
    memory.judge_ctx = ctx;
}

void memory_lmdb_watch(void (*committed)(void *ctx, const char *path), void *ctx)
{
    memory.committed = committed;
    memory.committed_ctx = ctx;
}

void memory_lmdb_map_full(uint64_t after_puts)
{
    memory.puts_to_map_full = after_puts;
}

static struct disk *disk_of(const char *path)
{
    for (size_t i = 0; i < memory.count; i++) {
        if (strcmp(memory.disks[i]->path, path) == 0) {
            return memory.disks[i];
        }
    }
    MUST(memory.count < DISKS_MAX && strlen(path) < PATH_SIZE);
    struct disk *disk = calloc(1, sizeof(*disk));
    MUST(disk != NULL);
    memcpy(disk->path, path, strlen(path) + 1);
    disk->committed = version_create(NULL);
    disk->synced = disk->committed;
    disk->synced->refs++;
    disk->name_count = 1;
    disk->map_size = (size_t)1 << 20;
    memory.disks[memory.count++] = disk;
    return disk;
}

static bool begins_with(const char *path, const char *prefix)
{
    size_t size = strlen(prefix);
    return strncmp(path, prefix, size) == 0 && (path[size] == '/' || path[size] == '\0');
}

void memory_lmdb_power_cut(const char *prefix)
{
    for (size_t i = 0; i < memory.count; i++) {
        struct disk *disk = memory.disks[i];
        if (begins_with(disk->path, prefix) && disk->committed != disk->synced) {
            version_drop(disk->committed);
            disk->committed = disk->synced;
            disk->synced->refs++;
        }
    }
}

void memory_lmdb_wipe(const char *prefix)
{
    for (size_t i = 0; i < memory.count;) {
        struct disk *disk = memory.disks[i];
        if (!begins_with(disk->path, prefix)) {
            i++;
            continue;
        }
        MUST(disk->environments == 0);
        remove_file(disk->path);
        version_drop(disk->committed);
        version_drop(disk->synced);
        free(disk);
        memory.disks[i] = memory.disks[--memory.count];
    }
}

static uint64_t sum_node(const struct node *node, uint64_t sum)
{
    while (node != NULL) {
        sum = sum_node(node->left, sum);
        sum = fnv(sum, node->record->bytes, node->record->key_size);
        sum = fnv(sum, value_of(node->record), node->record->value_size);
        node = node->right;
    }
    return sum;
}

uint64_t memory_lmdb_digest(const char *path, uint64_t sum)
{
    const struct disk *disk = disk_of(path);
    for (size_t i = 0; i < disk->name_count; i++) {
        sum = fnv(sum, disk->names[i], strlen(disk->names[i]));
        sum = sum_node(disk->committed->trees[i].root, sum);
    }
    return sum;
}

uint64_t memory_lmdb_records(void)
{
    uint64_t count = 0;
    for (size_t i = 0; i < memory.count; i++) {
        for (size_t k = 0; k < DBS_MAX; k++) {
            count += memory.disks[i]->committed->trees[k].count;
        }
    }
    return count;
}

/* --- environments --- */

struct MDB_env {
    struct disk *disk; /* NULL: not open */
    unsigned flags;
    size_t map_size; /* set before the open */
    bool panics;
};

int mdb_env_create(MDB_env **env)
{
    *env = calloc(1, sizeof(**env));
    return *env == NULL ? ENOMEM : 0;
}

int mdb_env_set_maxdbs(MDB_env *env, MDB_dbi dbs)
{
    (void)env;
    return dbs < DBS_MAX ? 0 : EINVAL;
}

int mdb_env_set_maxreaders(MDB_env *env, unsigned readers)
{
    (void)env;
    (void)readers;
    return 0;
}

int mdb_env_set_mapsize(MDB_env *env, size_t size)
{
    if (env->disk != NULL && size != 0) {
        env->disk->map_size = size;
    }
    env->map_size = size;
    return 0;
}

int mdb_env_open(MDB_env *env, const char *path, unsigned flags, mdb_mode_t mode)
{
    env->disk = disk_of(path);
    env->flags = flags;
    env->disk->environments++;
    if (env->disk->committed->number == 0) {
        make_file(path, mode);
    }
    return 0;
}

int mdb_env_sync(MDB_env *env, int force)
{
    (void)force;
    if (env->disk->synced != env->disk->committed) {
        version_drop(env->disk->synced);
        env->disk->synced = env->disk->committed;
        env->disk->synced->refs++;
    }
    return 0;
}

void mdb_env_close(MDB_env *env)
{
    if (env->disk != NULL) {
        env->disk->environments--;
    }
    free(env);
}

int mdb_env_info(MDB_env *env, MDB_envinfo *info)
{
    uint64_t records = 0;
    for (size_t i = 0; i < DBS_MAX; i++) {
        records += env->disk->committed->trees[i].count;
    }
    *info = (MDB_envinfo){.me_mapsize = env->disk->map_size,
                          .me_last_pgno = records / 8 + 1,
                          .me_last_txnid = env->disk->committed->number,
                          .me_maxreaders = 64};
    return 0;
}

int mdb_env_stat(MDB_env *env, MDB_stat *stat)
{
    *stat = (MDB_stat){.ms_psize = PAGE, .ms_entries = env->disk->name_count - 1};
    return 0;
}

int mdb_env_copyfd2(MDB_env *env, mdb_filehandle_t fd, unsigned flags)
{
    (void)env;
    (void)fd;
    (void)flags;
    return ENOTSUP;
}

int mdb_reader_check(MDB_env *env, int *dead)
{
    (void)env;
    *dead = 0;
    return 0;
}

char *mdb_strerror(int error)
{
    return error > 0 ? strerror(error)
                     : (char *)(uintptr_t)(error == 0 ? "done" : "an answer of LMDB");
}

/* What common/store was tested with. */
char *mdb_version(int *major, int *minor, int *patch)
{
    *major = 0;
    *minor = 9;
    *patch = 24;
    return (char *)(uintptr_t) "LMDB 0.9.24 in memory";
}

/* --- transactions --- */

struct MDB_txn {
    MDB_env *env;
    MDB_txn *parent;
    struct version *version; /* a reader's is shared, a writer's is its own */
    bool write;
    uint64_t writes;
};

int mdb_txn_begin(MDB_env *env, MDB_txn *parent, unsigned flags, MDB_txn **ret)
{
    if (env->panics) {
        return MDB_PANIC;
    }
    MDB_txn *txn = calloc(1, sizeof(*txn));
    MUST(txn != NULL);
    txn->env = env;
    txn->parent = parent;
    txn->write = (flags & MDB_RDONLY) == 0;
    const struct version *from = parent != NULL ? parent->version : env->disk->committed;
    if (txn->write) {
        txn->version = version_create(from);
    } else {
        txn->version = env->disk->committed;
        txn->version->refs++;
    }
    *ret = txn;
    return 0;
}

void mdb_txn_abort(MDB_txn *txn)
{
    version_drop(txn->version);
    free(txn);
}

static void commit_into_parent(MDB_txn *txn)
{
    struct version *former = txn->parent->version;
    txn->parent->version = txn->version;
    txn->parent->writes += txn->writes;
    version_drop(former);
    free(txn);
}

static void make_committed(struct disk *disk, struct version *version, unsigned flags)
{
    struct version *former = disk->committed;
    version->number++;
    disk->committed = version;
    if ((flags & MDB_NOSYNC) == 0) {
        struct version *on_disk = (flags & MDB_NOMETASYNC) != 0 ? former : version;
        on_disk->refs++;
        version_drop(disk->synced);
        disk->synced = on_disk;
    }
    version_drop(former);
}

int mdb_txn_commit(MDB_txn *txn)
{
    static const int answers[] = {[DISK_WORKS] = 0,
                                  [DISK_FULL] = ENOSPC,
                                  [DISK_FAILS] = EIO,
                                  [DISK_DIES] = EIO,
                                  [DISK_DIES_DONE] = EIO};
    struct disk *disk = txn->env->disk;
    if (txn->parent != NULL) {
        commit_into_parent(txn);
        return 0;
    }
    if (!txn->write || txn->writes == 0) {
        mdb_txn_abort(txn);
        return 0;
    }
    enum disk_fate fate =
        memory.judge == NULL ? DISK_WORKS : memory.judge(memory.judge_ctx, disk->path);
    if (fate != DISK_WORKS && fate != DISK_DIES_DONE) {
        txn->env->panics = fate == DISK_FAILS;
        mdb_txn_abort(txn);
        return answers[fate];
    }
    make_committed(disk, txn->version, txn->env->flags);
    free(txn);
    if (memory.committed != NULL) {
        memory.committed(memory.committed_ctx, disk->path);
    }
    return answers[fate];
}

/* --- records --- */

int mdb_dbi_open(MDB_txn *txn, const char *name, unsigned flags, MDB_dbi *dbi)
{
    struct disk *disk = txn->env->disk;
    size_t i = 0;
    for (i = 1; name != NULL && i < disk->name_count && strcmp(disk->names[i], name) != 0; i++) {
    }
    if (name == NULL) {
        i = 0;
    } else if (i == disk->name_count || !txn->version->trees[i].exists) {
        if ((flags & MDB_CREATE) == 0) {
            return MDB_NOTFOUND;
        }
        MUST(i < DBS_MAX && strlen(name) < NAME_MAX_SIZE);
        memcpy(disk->names[i], name, strlen(name) + 1);
        disk->name_count = i == disk->name_count ? i + 1 : disk->name_count;
        txn->version->trees[i].exists = true;
        txn->version->trees[0].count++; /* as LMDB's unnamed table counts the named ones */
        txn->writes++;
    }
    *dbi = (MDB_dbi)i;
    return 0;
}

static int bad_key(const MDB_val *key)
{
    return key->mv_size == 0 || key->mv_size > KEY_MAX ? MDB_BAD_VALSIZE : 0;
}

int mdb_get(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data)
{
    struct record *record = bad_key(key) ? NULL : find(&txn->version->trees[dbi], key);
    if (record == NULL) {
        return bad_key(key) ? MDB_BAD_VALSIZE : MDB_NOTFOUND;
    }
    *data = (MDB_val){.mv_size = record->value_size, .mv_data = value_of(record)};
    return 0;
}

int mdb_put(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data, unsigned flags)
{
    struct tree *tree = &txn->version->trees[dbi];
    bool added = false;
    MUST(txn->write);
    if (bad_key(key)) {
        return MDB_BAD_VALSIZE;
    }
    if (memory.puts_to_map_full > 0 && --memory.puts_to_map_full == 0) {
        return MDB_MAP_FULL;
    }
    if ((flags & MDB_APPEND) != 0) {
        const struct record *last = last_before(tree, NULL);
        if (last != NULL && compare_key(key, last) <= 0) {
            return MDB_KEYEXIST;
        }
    }
    struct record *record = record_create(key, data->mv_size);
    if ((flags & MDB_RESERVE) != 0) {
        data->mv_data = value_of(record);
    } else if (data->mv_size > 0) {
        memcpy(value_of(record), data->mv_data, data->mv_size);
    }
    tree->root = insert(tree->root, record, key, prefix_of(key->mv_data, key->mv_size), &added);
    tree->count += added ? 1 : 0;
    txn->writes++;
    return 0;
}

int mdb_del(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data)
{
    struct tree *tree = &txn->version->trees[dbi];
    (void)data;
    if (bad_key(key) || find(tree, key) == NULL) {
        return bad_key(key) ? MDB_BAD_VALSIZE : MDB_NOTFOUND;
    }
    tree->root = take_out(tree->root, key);
    tree->count--;
    txn->writes++;
    return 0;
}

int mdb_drop(MDB_txn *txn, MDB_dbi dbi, int del)
{
    struct tree *tree = &txn->version->trees[dbi];
    MUST(del == 0);
    node_drop(tree->root);
    tree->root = NULL;
    tree->count = 0;
    txn->writes++;
    return 0;
}

int mdb_stat(MDB_txn *txn, MDB_dbi dbi, MDB_stat *stat)
{
    *stat = (MDB_stat){.ms_psize = PAGE, .ms_entries = txn->version->trees[dbi].count};
    return 0;
}

/* --- cursors --- */

struct MDB_cursor {
    MDB_txn *txn;
    MDB_dbi dbi;
    struct record *at; /* kept, so that the step from it does not depend on what was deleted */
};

int mdb_cursor_open(MDB_txn *txn, MDB_dbi dbi, MDB_cursor **ret)
{
    *ret = calloc(1, sizeof(**ret));
    MUST(*ret != NULL);
    **ret = (MDB_cursor){.txn = txn, .dbi = dbi};
    return 0;
}

static void cursor_leave(MDB_cursor *cursor)
{
    if (cursor->at != NULL) {
        record_drop(cursor->at);
        cursor->at = NULL;
    }
}

void mdb_cursor_close(MDB_cursor *cursor)
{
    cursor_leave(cursor);
    free(cursor);
}

static struct record *cursor_find(const MDB_cursor *cursor, const MDB_val *key, MDB_cursor_op op)
{
    const struct tree *tree = &cursor->txn->version->trees[cursor->dbi];
    MDB_val here = {0};
    if (cursor->at != NULL) {
        here = (MDB_val){.mv_size = cursor->at->key_size, .mv_data = cursor->at->bytes};
    }
    switch (op) {
    case MDB_FIRST:
        return first_after(tree, NULL, true);
    case MDB_LAST:
        return last_before(tree, NULL);
    case MDB_SET_RANGE:
        return first_after(tree, key, true);
    case MDB_NEXT:
        return first_after(tree, cursor->at == NULL ? NULL : &here, false);
    case MDB_PREV:
        return last_before(tree, cursor->at == NULL ? NULL : &here);
    default:
        must_fail("a cursor operation that is known", __FILE__, __LINE__);
    }
}

int mdb_cursor_get(MDB_cursor *cursor, MDB_val *key, MDB_val *data, MDB_cursor_op op)
{
    struct record *record = cursor_find(cursor, key, op);
    if (record == NULL) {
        return MDB_NOTFOUND;
    }
    record->refs++;
    cursor_leave(cursor);
    cursor->at = record;
    *key = (MDB_val){.mv_size = record->key_size, .mv_data = record->bytes};
    *data = (MDB_val){.mv_size = record->value_size, .mv_data = value_of(record)};
    return 0;
}

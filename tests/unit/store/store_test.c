/* Goal: a store opens only where it is safe, once, by one owner, in its own kind and version.
 * Method: open real directories, each with one thing wrong, and compare the exact refusal. */
#include "tests/unit/store/fixture.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>

static void refused(const struct store_options *options, enum err code, const char *what)
{
    struct store *store = NULL;
    struct fault fault = {0};
    assert_int_equal(store_open(options, &store, &fault), code);
    assert_null(store);
    assert_int_equal(fault.code, code);
    assert_string_equal(fault.what, what);
}

static void data_survives_close_and_open(void **state)
{
    struct place *place = *state;
    struct store_options options = options_of(place);
    struct store *store = open_or_fail(&options);
    struct store_txn *txn = begin_write(store);
    put_text(txn, TABLE_A, "k", "v");
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
    assert_null(txn);
    store_destroy(&store);
    assert_null(store);
    options.create = false;
    store = open_or_fail(&options);
    txn = begin_read(store);
    assert_true(holds(txn, TABLE_A, "k", "v"));
    assert_false(holds(txn, TABLE_B, "k", "v"));
    store_txn_destroy(&txn);
    assert_int_equal(store_version(store), 3);
    assert_string_equal(store_dir(store), place->dir);
    store_destroy(&store);
    store_destroy(&store);
}

static struct stat stat_of(const char *dir, const char *name)
{
    char path[256];
    struct stat info;
    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    assert_int_equal(stat(path, &info), 0);
    return info;
}

static mode_t mode_of(const char *dir, const char *name)
{
    return stat_of(dir, name).st_mode & 07777;
}

static off_t size_of(const char *dir, const char *name)
{
    return stat_of(dir, name).st_size;
}

static void files_are_for_the_owner_only(void **state)
{
    struct place *place = *state;
    struct store_options options = options_of(place);
    mode_t before = umask(0);
    struct store *store = open_or_fail(&options);
    (void)umask(before);
    assert_int_equal(mode_of(place->dir, "."), 0700);
    assert_int_equal(mode_of(place->dir, "data.mdb"), 0600);
    assert_int_equal(mode_of(place->dir, "lock.mdb"), 0600);
    assert_int_equal(mode_of(place->dir, "owner"), 0600);
    store_destroy(&store);
}

static void readable_by_others_is_refused(void **state)
{
    struct place *place = *state;
    char path[256];
    char what[600];
    struct store_options options = options_of(place);
    struct store *store = open_or_fail(&options);
    store_destroy(&store);
    assert_int_equal(chmod(place->dir, 0750), 0);
    (void)snprintf(what, sizeof(what),
                   "store %s is open to other users (mode 0750); run: chmod 700 %s", place->dir,
                   place->dir);
    refused(&options, ERR_REFUSED, what);
    assert_int_equal(chmod(place->dir, 0700), 0);
    (void)snprintf(path, sizeof(path), "%s/data.mdb", place->dir);
    assert_int_equal(chmod(path, 0604), 0);
    (void)snprintf(what, sizeof(what),
                   "%s can be read by other users (mode 0604); run: chmod 600 %s", path, path);
    refused(&options, ERR_REFUSED, what);
    assert_int_equal(chmod(path, 0600), 0);
    store = open_or_fail(&options);
    store_destroy(&store);
}

static uint64_t pretended_fs;

static enum err pretend(const char *dir, uint64_t *ret_type, struct fault *fault)
{
    (void)dir;
    (void)fault;
    *ret_type = pretended_fs;
    return ERR_OK;
}

static void network_file_systems_are_refused(void **state)
{
    struct place *place = *state;
    char what[600];
    struct store_options options = options_of(place);
    options.fs_type = pretend;
    pretended_fs = 0x6969;
    (void)snprintf(what, sizeof(what),
                   "store %s is on NFS, a network or shared file system, where data would be lost; "
                   "move it to a local disk",
                   place->dir);
    refused(&options, ERR_REFUSED, what);
    assert_string_equal(store_network_fs_name(0xff534d42), "CIFS");
    assert_string_equal(store_network_fs_name(0xfe534d42), "SMB2");
    assert_string_equal(store_network_fs_name(0x65735546), "FUSE");
    assert_null(store_network_fs_name(0xef53));     /* ext4 */
    assert_null(store_network_fs_name(0x58465342)); /* xfs */
    pretended_fs = 0x794c7630;                      /* overlay */
    struct store *store = open_or_fail(&options);
    assert_true(store_is_on_volatile_fs(store));
    store_destroy(&store);
    pretended_fs = 0xef53;
    store = open_or_fail(&options);
    assert_false(store_is_on_volatile_fs(store));
    store_destroy(&store);
}

/* A failed test leaves no process behind. */
static void die_with_parent(void)
{
    MUST(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
}

static void a_second_owner_is_told_who_the_first_is(void **state)
{
    struct place *place = *state;
    struct store_options options = options_of(place);
    int ready[2];
    char byte = 0;
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        die_with_parent();
        struct store *mine = open_or_fail(&options);
        MUST(mine != NULL && write(ready[1], "x", 1) == 1);
        (void)pause();
        _exit(1);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    char what[600];
    (void)snprintf(what, sizeof(what), "store %s is owned by process %ld; stop it first",
                   place->dir, (long)child);
    refused(&options, ERR_BUSY, what);
    options.read_only = true; /* a reader may come in beside the owner */
    struct store *reader = open_or_fail(&options);
    store_destroy(&reader);
    options.read_only = false;
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    struct store *store = open_or_fail(&options); /* a dead owner owns nothing */
    store_destroy(&store);
    (void)close(ready[0]);
    (void)close(ready[1]);
}

static void an_owner_that_is_just_going_is_waited_for(void **state)
{
    struct place *place = *state;
    struct store_options options = options_of(place);
    int ready[2];
    char byte = 0;
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        die_with_parent();
        struct store *mine = open_or_fail(&options);
        MUST(mine != NULL && write(ready[1], "x", 1) == 1);
        (void)poll(NULL, 0, 300); /* so long is its going */
        _exit(0);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    struct store *store = open_or_fail(&options);
    store_destroy(&store);
    assert_int_equal(waitpid(child, NULL, 0), child);
    (void)close(ready[0]);
    (void)close(ready[1]);
}

static void open_twice(const struct place *place)
{
    struct store_options options = options_of(place);
    struct store *first = NULL;
    struct store *second = NULL;
    if (store_open(&options, &first, NULL) == ERR_OK) {
        options.read_only = true;
        enum err err = store_open(&options, &second, NULL);
        (void)err;
    }
}

static void use_after_fork(const struct place *place)
{
    struct store_options options = options_of(place);
    struct store *store = NULL;
    struct store_txn *txn = NULL;
    MUST(store_open(&options, &store, NULL) == ERR_OK);
    pid_t child = fork();
    if (child == 0) {
        enum err err = store_begin_read(store, &txn, NULL);
        (void)err;
        _exit(0);
    }
    int status = 0;
    (void)waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) {
        abort();
    }
}

static void misuse_of_the_environment_aborts(void **state)
{
    struct place *place = *state;
    assert_true(aborts(open_twice, place));
    assert_true(aborts(use_after_fork, place));
}

static void newer_version_and_other_kind_are_refused(void **state)
{
    struct place *place = *state;
    char what[600];
    struct store_options options = options_of(place);
    struct store *store = open_or_fail(&options);
    store_destroy(&store);
    options.version = 2;
    (void)snprintf(what, sizeof(what),
                   "store %s has version 3, this program knows 2; install the newer program",
                   place->dir);
    refused(&options, ERR_UNSUPPORTED, what);
    options.version = 4;
    store = open_or_fail(&options);
    assert_int_equal(store_version(store), 3);
    store_destroy(&store);
    options.kind = "agent";
    (void)snprintf(what, sizeof(what),
                   "store %s is of kind \"test\", not \"agent\"; name the right directory",
                   place->dir);
    refused(&options, ERR_UNSUPPORTED, what);
}

static void absent_store_and_parent_are_named(void **state)
{
    struct place *place = *state;
    char what[600];
    struct store_options options = options_of(place);
    options.create = false;
    (void)snprintf(what, sizeof(what), "there is no store in %s", place->dir);
    refused(&options, ERR_NOT_FOUND, what);
    options.read_only = true;
    refused(&options, ERR_NOT_FOUND, what);
    assert_int_equal(mkdir(place->dir, 0700), 0);
    refused(&options, ERR_NOT_FOUND, what);
    options = options_of(place);
    char deep[200];
    (void)snprintf(deep, sizeof(deep), "%s/x/y", place->dir);
    options.dir = deep;
    (void)snprintf(what, sizeof(what),
                   "store %s: the directory above it does not exist; make it first", deep);
    refused(&options, ERR_NOT_FOUND, what);
}

static void write_file(const struct place *place, const char *name, size_t at, const char *text)
{
    char path[256];
    (void)snprintf(path, sizeof(path), "%s/%s", place->dir, name);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_true(pwrite(fd, text, strlen(text), (off_t)at) == (ssize_t)strlen(text));
    (void)close(fd);
}

static void garbage_is_corrupt(void **state)
{
    struct place *place = *state;
    static char garbage[9000];
    struct store *store = NULL;
    struct store_options options = options_of(place);
    memset(garbage, 'g', sizeof(garbage) - 1);
    assert_int_equal(mkdir(place->dir, 0700), 0);
    write_file(place, "data.mdb", 0, garbage);
    assert_int_equal(store_open(&options, &store, NULL), ERR_CORRUPT);
    assert_int_equal(store_check(&options, NULL), ERR_CORRUPT);
}

/* A power cut or a full disk in the first making must not shut the store for good. */
static void a_cut_making_is_made_anew(void **state)
{
    static const size_t sizes[] = {0, 1, 4096, 8192};
    static char rest[8193];
    struct place *place = *state;
    struct store_options options = options_of(place);
    assert_int_equal(mkdir(place->dir, 0700), 0);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        char path[256];
        struct store *store = NULL;
        memset(rest, 'r', sizeof(rest) - 1);
        rest[sizes[i]] = '\0';
        (void)snprintf(path, sizeof(path), "%s/data.mdb", place->dir);
        (void)unlink(path);
        write_file(place, "data.mdb", 0, rest);
        assert_int_equal(store_check(&options, NULL), ERR_NOT_FOUND);
        options.create = false;
        assert_int_equal(store_open(&options, &store, NULL), ERR_NOT_FOUND);
        options.create = true;
        assert_int_equal(store_open(&options, &store, NULL), ERR_OK);
        store_destroy(&store);
        assert_int_equal(store_check(&options, NULL), ERR_OK);
    }
}

static void fill_rows(struct store *store, int rows)
{
    struct store_txn *txn = begin_write(store);
    for (int i = 0; i < rows; i++) {
        char key[16];
        char value[200];
        (void)snprintf(key, sizeof(key), "%06d", i);
        memset(value, 'v', sizeof(value));
        value[sizeof(value) - 1] = '\0';
        put_text(txn, TABLE_A, key, value);
    }
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
}

static void a_damaged_page_kills_only_the_checking_child(void **state)
{
    struct place *place = *state;
    static char zeros[4000];
    struct fault fault = {0};
    struct store_options options = options_of(place);
    struct store *store = open_or_fail(&options);
    fill_rows(store, 1000);
    store_destroy(&store);
    assert_int_equal(store_check(&options, &fault), ERR_OK);
    memset(zeros, 0xff, sizeof(zeros) - 1);
    for (size_t page = 2; page < 60; page++) {
        write_file(place, "data.mdb", page * 4096, zeros);
    }
    int saved = dup(STDERR_FILENO); /* LMDB says its last words there */
    assert_non_null(freopen("/dev/null", "w", stderr));
    assert_int_equal(store_check(&options, &fault), ERR_CORRUPT);
    (void)dup2(saved, STDERR_FILENO);
    (void)close(saved);
    assert_non_null(strstr(fault.what, "restore a backup"));
}

static void copy_is_complete_compact_and_private(void **state)
{
    struct place *place = *state;
    char copy_dir[128];
    struct fault fault = {0};
    struct store_options options = options_of(place);
    struct store *store = open_or_fail(&options);
    fill_rows(store, 2000);
    struct store_txn *clearing = begin_write(store);
    assert_int_equal(store_clear(clearing, TABLE_A, NULL), ERR_OK);
    assert_int_equal(store_commit(&clearing, NULL), ERR_OK);
    fill_rows(store, 500);
    (void)snprintf(copy_dir, sizeof(copy_dir), "%s/copy", place->root);
    assert_int_equal(store_copy(store, copy_dir, &fault), ERR_OK);
    assert_int_equal(store_copy(store, copy_dir, &fault), ERR_REFUSED);
    assert_int_equal(mode_of(copy_dir, "."), 0700);
    assert_int_equal(mode_of(copy_dir, "data.mdb"), 0600);
    assert_true(size_of(copy_dir, "data.mdb") < size_of(place->dir, "data.mdb") / 2);
    store_destroy(&store);
    options.dir = copy_dir;
    options.create = false;
    store = open_or_fail(&options);
    struct store_txn *txn = begin_read(store);
    uint64_t count = 0;
    assert_int_equal(store_count(txn, TABLE_A, &count, NULL), ERR_OK);
    assert_int_equal(count, 500);
    store_txn_destroy(&txn);
    store_destroy(&store);
}

static void ballast_is_made_once_and_spent_once(void **state)
{
    struct place *place = *state;
    struct stat info;
    char path[256];
    struct store_options options = options_of(place);
    struct store *store = open_or_fail(&options);
    (void)snprintf(path, sizeof(path), "%s/ballast", place->dir);
    assert_int_equal(store_ballast_make(store, 65536, NULL), ERR_OK);
    assert_int_equal(store_ballast_make(store, 65536, NULL), ERR_OK);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_size, 65536);
    assert_true(info.st_blocks * 512 >= 65536);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_int_equal(store_ballast_spend(store, NULL), ERR_OK);
    assert_int_equal(store_ballast_spend(store, NULL), ERR_NOT_FOUND);
    store_destroy(&store);
}

static void dead_readers_are_freed(void **state)
{
    struct place *place = *state;
    struct store_options options = options_of(place);
    struct store *store = open_or_fail(&options);
    int ready[2];
    char byte = 0;
    unsigned freed = 0;
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        /* A program of its own, as the environment must not cross the fork. */
        char fd_text[16];
        (void)snprintf(fd_text, sizeof(fd_text), "%d", ready[1]);
        _exit(execl("/proc/self/exe", "store_test", "--read-and-wait", place->dir, fd_text,
                    (char *)NULL));
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(store_check_readers(store, &freed, NULL), ERR_OK);
    assert_int_equal(freed, 0);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(store_check_readers(store, &freed, NULL), ERR_OK);
    assert_int_equal(freed, 1);
    store_destroy(&store);
    (void)close(ready[0]);
    (void)close(ready[1]);
}

/* The other process of dead_readers_are_freed: holds a read transaction until it is killed. */
static int read_and_wait(const char *dir, const char *fd_text)
{
    die_with_parent();
    struct place place = {0};
    (void)snprintf(place.dir, sizeof(place.dir), "%s", dir);
    struct store_options options = options_of(&place);
    options.read_only = true;
    struct store *store = NULL;
    struct store_txn *txn = NULL;
    MUST(store_open(&options, &store, NULL) == ERR_OK);
    MUST(store_begin_read(store, &txn, NULL) == ERR_OK);
    MUST(write((int)strtol(fd_text, NULL, 10), "x", 1) == 1);
    (void)pause();
    return 1;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "--read-and-wait") == 0) {
        return read_and_wait(argv[2], argv[3]);
    }
    const struct CMUnitTest tests[] = {
        STORE_TEST(data_survives_close_and_open),
        STORE_TEST(files_are_for_the_owner_only),
        STORE_TEST(readable_by_others_is_refused),
        STORE_TEST(network_file_systems_are_refused),
        STORE_TEST(a_second_owner_is_told_who_the_first_is),
        STORE_TEST(an_owner_that_is_just_going_is_waited_for),
        STORE_TEST(misuse_of_the_environment_aborts),
        STORE_TEST(newer_version_and_other_kind_are_refused),
        STORE_TEST(absent_store_and_parent_are_named),
        STORE_TEST(garbage_is_corrupt),
        STORE_TEST(a_cut_making_is_made_anew),
        STORE_TEST(a_damaged_page_kills_only_the_checking_child),
        STORE_TEST(copy_is_complete_compact_and_private),
        STORE_TEST(ballast_is_made_once_and_spent_once),
        STORE_TEST(dead_readers_are_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

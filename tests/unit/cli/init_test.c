/* Goal: `init` makes a whole park directory or nothing. Method: the example file into a scratch
 * directory, every file read back; then each way to fail, with exact text, and nothing left behind.
 */
#include "tests/unit/cli/run.h"

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "admin-cli/file.h"
#include "common/link/key.h"
#include "schema/park.pb-c.h"

#define PARK PARKGATE_SOURCE_DIR "/packaging/park.example.yaml"

static struct scratch scratch;

static const char *in_scratch(const char *name)
{
    static char path[256];
    (void)snprintf(path, sizeof(path), "%s/%s", scratch.path, name);
    return path;
}

static char *content_of(const char *name, size_t *ret_size)
{
    struct complaint c = {0};
    char *text = file_read(in_scratch(name), 1 << 20, ret_size, &c);
    assert_non_null(text);
    return text;
}

static unsigned mode_of(const char *name)
{
    struct stat info;
    assert_int_equal(stat(in_scratch(name), &info), 0);
    return info.st_mode & 0777;
}

static void remove_park(void)
{
    static const char *const names[] = {"p/controller.conf",
                                        "p/operator.conf",
                                        "p/genesis.pb",
                                        "p/index.key",
                                        "p/controller.key",
                                        "p/controller.pub",
                                        "p/wang.key",
                                        "p/wang.pub",
                                        "p/store",
                                        "p/keys",
                                        "p"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        scratch_remove(&scratch, names[i]);
    }
}

/* Entries of the scratch directory, without . and .. */
static size_t left_behind(void)
{
    size_t count = 0;
    DIR *dir = opendir(scratch.path);
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        count += entry->d_name[0] != '.';
    }
    (void)closedir(dir);
    return count;
}

static void make_park(void)
{
    char line[512];
    (void)snprintf(line, sizeof(line),
                   "init %s/p --park %s --admin wang --port-base 9100 --bind 10.0.0.1",
                   scratch.path, PARK);
    struct run run = run_line(line);
    assert_string_equal(run.err, "");
    assert_int_equal(run.code, 0);
    assert_non_null(strstr(run.out, "park east-port is made in "));
    run_free(&run);
}

static void test_files_and_rights(void **state)
{
    (void)state;
    make_park();
    assert_int_equal(mode_of("p"), 0700);
    assert_int_equal(mode_of("p/store"), 0700);
    assert_int_equal(mode_of("p/keys"), 0700);
    static const char *const secret[] = {"p/controller.key",  "p/wang.key",
                                         "p/index.key",       "p/genesis.pb",
                                         "p/controller.conf", "p/operator.conf"};
    for (size_t i = 0; i < ARRAY_LEN(secret); i++) {
        assert_int_equal(mode_of(secret[i]), 0600);
    }
    size_t size = 0;
    char *index = content_of("p/index.key", &size);
    assert_int_equal(size, 65);
    assert_int_equal(strspn(index, "0123456789abcdef"), 64);
    free(index);
    remove_park();
    assert_int_equal(left_behind(), 0);
}

static void test_configuration(void **state)
{
    (void)state;
    size_t size = 0;
    char expected[2048];
    char z85[LINK_KEY_Z85_SIZE];
    struct link_key key;
    struct fault fault = {0};
    make_park();
    char *conf = content_of("p/controller.conf", &size);
    const char *s = scratch.path;
    (void)snprintf(expected, sizeof(expected),
                   "# The controller of park east-port. Made by parkgate init.\n"
                   "store = %s/p/store\nkeys = %s/p/keys\n"
                   "agents = tcp://10.0.0.1:9100\noperators = tcp://10.0.0.1:9101\n"
                   "enrol = tcp://10.0.0.1:9102\nstations = tcp://10.0.0.1:9103\nkey_file = %s/p/controller.key\n"
                   "index_key_file = %s/p/index.key\ngenesis = %s/p/genesis.pb\n",
                   s, s, s, s, s);
    assert_string_equal(conf, expected);
    free(conf);
    assert_int_equal(link_key_read(in_scratch("p/controller.pub"), &key, &fault), ERR_OK);
    link_key_to_z85(key, z85);
    conf = content_of("p/operator.conf", &size);
    (void)snprintf(expected, sizeof(expected),
                   "# How wang reaches the controller of park east-port. Made by parkgate init.\n"
                   "endpoint = tcp://10.0.0.1:9101\nserver_key = %s\nkey_file = wang.key\n"
                   "time_zone = Asia/Shanghai\n",
                   z85);
    assert_string_equal(conf, expected);
    free(conf);
    remove_park();
}

static void test_genesis(void **state)
{
    (void)state;
    size_t size = 0;
    struct link_key_pair pair;
    struct fault fault = {0};
    make_park();
    char *packed = content_of("p/genesis.pb", &size);
    Parkgate__Genesis *genesis = parkgate__genesis__unpack(NULL, size, (uint8_t *)packed);
    assert_non_null(genesis);
    assert_string_equal(genesis->park, "east-port");
    assert_string_equal(genesis->admin_name, "wang");
    assert_int_equal(genesis->n_row, 37);
    assert_int_equal(genesis->admin_public.len, LINK_KEY_SIZE);
    assert_int_equal(link_key_pair_read(in_scratch("p/wang.key"), &pair, &fault), ERR_OK);
    assert_memory_equal(genesis->admin_public.data, pair.public_key.bytes, LINK_KEY_SIZE);
    link_key_pair_destroy(&pair);
    parkgate__genesis__free_unpacked(genesis, NULL);
    free(packed);
    remove_park();
}

static void test_a_full_directory_is_refused(void **state)
{
    (void)state;
    char line[512];
    char err[512];
    make_park();
    (void)snprintf(line, sizeof(line), "init %s/p --park %s", scratch.path, PARK);
    (void)snprintf(err, sizeof(err),
                   "parkgate: %s/p exists and is not empty; name another directory\n"
                   "parkgate: %s/p 已存在且不为空；请另选目录\n",
                   scratch.path, scratch.path);
    expect_run(line, 1, "", err);
    assert_int_equal(mode_of("p/wang.key"), 0600); /* untouched */
    remove_park();
    assert_int_equal(mkdir(in_scratch("p"), 0755), 0); /* an empty one is taken */
    make_park();
    assert_int_equal(mode_of("p"), 0700);
    remove_park();
}

static void test_a_bad_park_file_leaves_nothing(void **state)
{
    (void)state;
    char line[512];
    char err[1024];
    scratch_write(&scratch, "bad.yaml", "park:\n  nam: x\n", 15);
    (void)snprintf(line, sizeof(line), "init %s/p --park %s/bad.yaml", scratch.path, scratch.path);
    (void)snprintf(err, sizeof(err),
                   "parkgate: %s/bad.yaml, line 2: \"nam\" is not a key of park; correct or remove "
                   "it\n"
                   "parkgate: %s/bad.yaml，第 2 行：“nam”不是 park 的键；请改正或删除\n",
                   scratch.path, scratch.path);
    expect_run(line, 5, "", err);
    scratch_remove(&scratch, "bad.yaml");
    assert_int_equal(left_behind(), 0);
    (void)snprintf(line, sizeof(line), "init %s/p --park %s/none.yaml", scratch.path, scratch.path);
    (void)snprintf(err, sizeof(err),
                   "parkgate: %s/none.yaml: cannot be read: No such file or directory\n"
                   "parkgate: %s/none.yaml：无法读取：No such file or directory\n",
                   scratch.path, scratch.path);
    expect_run(line, 5, "", err);
    assert_int_equal(left_behind(), 0);
}

/* The disk ends in the middle: a limit on the size of files stands for it. */
static void test_a_full_disk_leaves_nothing(void **state)
{
    (void)state;
    char line[512];
    char err[512];
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit small = {.rlim_cur = 500, .rlim_max = before.rlim_max};
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    (void)snprintf(line, sizeof(line), "init %s/p --park %s", scratch.path, PARK);
    struct run run = run_line(line);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    (void)snprintf(err, sizeof(err),
                   "parkgate: %s/p.tmp/genesis.pb: cannot be made: File too large\n"
                   "parkgate: %s/p.tmp/genesis.pb：无法创建：File too large\n",
                   scratch.path, scratch.path);
    assert_string_equal(run.err, err);
    assert_int_equal(run.code, 1);
    assert_int_equal(left_behind(), 0);
    run_free(&run);
}

static void test_bad_arguments(void **state)
{
    (void)state;
    expect_run("init /tmp/x --park y --port-base 70000", 2, "",
               "parkgate: --port-base: \"70000\" is not valid: 1 ... 65532\n"
               "parkgate: --port-base：“70000”无效：1 ... 65532\n");
    expect_run("init /tmp/x", 2, "",
               "parkgate: park is missing; give --park\nparkgate: 缺少 park；请用 --park 给出\n");
}

/* Nobody listens there: the one test that waits, for the real time limit of a reply. */
static void test_no_controller(void **state)
{
    (void)state;
    char line[256];
    make_park();
    (void)snprintf(line, sizeof(line), "--dir %s/p --controller tcp://127.0.0.1:9 status",
                   scratch.path);
    expect_run(line, 3, "",
               "parkgate: controller tcp://127.0.0.1:9 does not answer; is it running?\n"
               "parkgate: 控制器 tcp://127.0.0.1:9 无应答；是否在运行？\n");
    remove_park();
}

static void test_a_key_that_others_can_read(void **state)
{
    (void)state;
    char line[256];
    make_park();
    assert_int_equal(chmod(in_scratch("p/wang.key"), 0644), 0);
    (void)snprintf(line, sizeof(line), "--dir %s/p status", scratch.path);
    struct run run = run_line(line);
    assert_int_equal(run.code, 1);
    assert_non_null(strstr(run.err, "chmod"));
    run_free(&run);
    remove_park();
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files_and_rights),
        cmocka_unit_test(test_configuration),
        cmocka_unit_test(test_genesis),
        cmocka_unit_test(test_a_full_directory_is_refused),
        cmocka_unit_test(test_a_bad_park_file_leaves_nothing),
        cmocka_unit_test(test_a_full_disk_leaves_nothing),
        cmocka_unit_test(test_bad_arguments),
        cmocka_unit_test(test_no_controller),
        cmocka_unit_test(test_a_key_that_others_can_read),
    };
    start_seal();
    scratch_create(&scratch);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    scratch_destroy(&scratch);
    return failed;
}

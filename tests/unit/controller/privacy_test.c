/* Goal: no name, number, plate or badge stands in clear in any file or log of the controller.
 * Method: a busy scenario with known persons runs with standard error in a file; then every file of
 * its directory is searched for each of them, as text and as the bytes a reader gives. */
#include "tests/unit/controller/scenario.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 64 << 20, SEEDS = 3, INPUTS = 300 };

struct search {
    size_t files, bytes, found;
};

static void search_one(const char *path, struct bytes all, const char *what, struct bytes secret,
                       struct search *search)
{
    if (secret.size > 0 && memmem(all.data, all.size, secret.data, secret.size) != NULL) {
        print_error("%s: %s stands in clear\n", path, what);
        search->found++;
    }
}

static void search_bytes(const char *path, struct bytes all, struct search *search)
{
    for (size_t i = 0; i < scenario_secret_count; i++) {
        uint8_t binary[32];
        const char *secret = scenario_secrets[i];
        size_t half = strlen(secret) / 2;
        search_one(path, all, secret, bytes_of_text(secret), search);
        if (half >= 4 && half <= sizeof(binary) && bytes_from_hex(secret, binary, half)) {
            search_one(path, all, secret, (struct bytes){.data = binary, .size = half}, search);
        }
    }
}

static void search_file(const char *path, struct search *search)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0 && fstat(fd, &info) == 0 && info.st_size <= FILE_MAX);
    uint8_t *all = malloc((size_t)info.st_size + 1);
    assert_non_null(all);
    ssize_t got = read(fd, all, (size_t)info.st_size);
    assert_int_equal(got, info.st_size);
    (void)close(fd);
    search->files++;
    search->bytes += (size_t)got;
    search_bytes(path, (struct bytes){.data = all, .size = (size_t)got}, search);
    free(all);
}

static void search_dir(const char *dir, struct search *search)
{
    struct dirent *entry;
    DIR *stream = opendir(dir);
    assert_non_null(stream);
    while ((entry = readdir(stream)) != NULL) {
        char path[512];
        (void)snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
        if (entry->d_name[0] == '.') {
            continue;
        }
        if (entry->d_type == DT_DIR) {
            search_dir(path, search);
        } else {
            search_file(path, search);
        }
    }
    (void)closedir(stream);
}

static void nothing_personal_stands_in_clear(void **state)
{
    struct search search = {0};
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        char log_path[] = "/tmp/parkgate-privacy-XXXXXX";
        int kept = dup(STDERR_FILENO);
        int log = mkstemp(log_path);
        assert_true(kept >= 0 && log >= 0 && dup2(log, STDERR_FILENO) >= 0);
        struct world *w = scenario_run(seed, INPUTS);
        assert_true(dup2(kept, STDERR_FILENO) >= 0);
        (void)close(kept);
        (void)close(log);
        search_dir(w->dir, &search);
        search_file(log_path, &search);
        (void)unlink(log_path);
        world_close(w);
    }
    print_message("%zu secrets, %zu files, %zu bytes\n", scenario_secret_count, search.files,
                  search.bytes);
    assert_true(search.files >= 7 * SEEDS && search.bytes > 1000000);
    assert_int_equal(search.found, 0);
}

/* The search itself finds what is there. */
static void the_search_finds_text_and_bytes(void **state)
{
    static const uint8_t uid[] = {1, 0x7f, 0x3b, 0x9d, 0x21, 2};
    static const char name[] = "xx 诸葛亮 xx";
    struct search search = {0};
    (void)state;
    search_bytes("a test", BYTES_OF(uid), &search);
    assert_int_equal(search.found, 1);
    search_bytes("a test", BYTES_OF(name), &search);
    assert_int_equal(search.found, 2);
}

/* What people said of themselves is still there for those who may ask: sealed, not lost. */
static void what_is_sealed_can_be_opened(void **state)
{
    (void)state;
    struct world *w = scenario_run(1, 10);
    const Parkgate__Reply *reply =
        admin(w, "person.list", "tenant", "acme", "reason", "roster", NULL);
    assert_true(row_with(reply, "name", "诸葛亮") != SIZE_MAX);
    reply = admin(w, "vehicle.list", "tenant", "acme", "reason", "roster", NULL);
    assert_string_equal(cell(reply, 0, "plate"), "浙A8K6Q2");
    world_close(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_personal_stands_in_clear),
        cmocka_unit_test(the_search_finds_text_and_bytes),
        cmocka_unit_test(what_is_sealed_can_be_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

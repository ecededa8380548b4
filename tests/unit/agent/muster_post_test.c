/* Goal: a muster post's list is replaced by none that is older, and is followed by the next one
 * behind a recovery; of one that is replaced no key is left, and openings are on record. Method:
 * lists of one part, said to a gate that has not begun; what it keeps stands in its file. */
#include "reader-agent/app/gate.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "reader-agent/app/agent.h"
#include "reader-agent/store/muster_file.h"
#include "schema/errors.h"

struct post {
    char dir[64];
    struct gate *gate;
};

static void start(struct post *post)
{
    post->gate = gate_create(post->dir, clock_system(), entropy_system(), NULL);
    post->gate->park = calloc(1, sizeof(*post->gate->park));
    assert_non_null(post->gate->park);
    post->gate->park->muster_post = true;
    muster_begin(post->gate, NULL);
}

static void stop(struct post *post)
{
    muster_end(post->gate);
    free(post->gate->park);
    free(post->gate);
}

static int set_up(void **state)
{
    struct post *post = calloc(1, sizeof(*post));
    assert_non_null(post);
    (void)snprintf(post->dir, sizeof(post->dir), "/tmp/parkgate-post-XXXXXX");
    assert_non_null(mkdtemp(post->dir));
    start(post);
    *state = post;
    return 0;
}

static int tear_down(void **state)
{
    struct post *post = *state;
    assert_true(muster_file_remove(post->dir));
    stop(post);
    assert_int_equal(rmdir(post->dir), 0);
    free(post);
    return 0;
}

/* Of one part. */
static void hear_list(struct post *post, const Parkgate__Muster *list)
{
    Parkgate__Muster whole = *list;
    uint8_t key[SEAL_KEY_SIZE] = {1};
    uint8_t box[MUSTER_KEY_BOX_SIZE] = {2};
    whole.part = whole.parts = 1;
    whole.fire_key = (ProtobufCBinaryData){.data = key, .len = sizeof(key)};
    whole.key_box = (ProtobufCBinaryData){.data = box, .len = sizeof(box)};
    muster_heard(post->gate, &whole);
}

static void hear(struct post *post, uint64_t sequence, uint64_t recovery)
{
    Parkgate__Muster list = PARKGATE__MUSTER__INIT;
    list.sequence = sequence;
    list.recovery = recovery;
    hear_list(post, &list);
}

/* The sequence of the list that lies there; 0: none does. */
static uint64_t kept(const struct post *post)
{
    struct muster_file file = {.open = false};
    struct fault fault = {0};
    enum err err = muster_file_read(post->dir, &file, &fault);
    if (err == ERR_NOT_FOUND) {
        return 0;
    }
    assert_int_equal(err, ERR_OK);
    Parkgate__Muster *part =
        parkgate__muster__unpack(NULL, file.kept->part[0].len, file.kept->part[0].data);
    assert_non_null(part);
    uint64_t sequence = part->sequence;
    parkgate__muster__free_unpacked(part, NULL);
    muster_file_free(&file);
    return sequence;
}

static void an_older_list_replaces_none(void **state)
{
    struct post *post = *state;
    hear(post, 100, 0);
    assert_int_equal(kept(post), 100);
    hear(post, 100, 0); /* nothing happened meanwhile */
    hear(post, 99, 0);
    assert_int_equal(kept(post), 100);
    hear(post, 101, 0);
    assert_int_equal(kept(post), 101);
}

static void a_post_started_anew_knows_which_is_newer(void **state)
{
    struct post *post = *state;
    hear(post, 100, 5);
    stop(post);
    start(post);
    hear(post, 99, 5);
    assert_int_equal(kept(post), 100);
    hear(post, 80, 6); /* of the recovery this box was told nothing */
    assert_int_equal(kept(post), 80);
}

static void in_a_recovery_the_last_true_list_stays(void **state)
{
    struct post *post = *state;
    hear(post, 100, 0);
    post->gate->recovering = true;
    hear(post, 60, 5);
    hear(post, 160, 5);
    assert_int_equal(kept(post), 100);
    post->gate->recovering = false;
    hear(post, 70, 5);
    assert_int_equal(kept(post), 70);
}

/* What `parkgate-agent --muster` prints. */
static int look(const struct post *post, char *out, size_t size)
{
    FILE *file = tmpfile();
    int own = dup(STDOUT_FILENO);
    assert_non_null(file);
    (void)fflush(stdout);
    assert_true(own >= 0 && dup2(fileno(file), STDOUT_FILENO) >= 0);
    int status = agent_look_muster(post->dir, NULL);
    (void)fflush(stdout);
    assert_true(dup2(own, STDOUT_FILENO) >= 0);
    (void)close(own);
    rewind(file);
    out[fread(out, 1, size - 1, file)] = '\0';
    (void)fclose(file);
    return status;
}

static void what_has_no_room_is_counted_in_the_first_line(void **state)
{
    struct post *post = *state;
    char out[1024];
    uint8_t packed[64];
    Parkgate__MusterCount count = PARKGATE__MUSTER_COUNT__INIT;
    count.tenant = count.zone = (char *)(uintptr_t) "x";
    count.persons = 3;
    ProtobufCBinaryData counts = {.data = packed,
                                  .len = parkgate__muster_count__pack(&count, packed)};
    Parkgate__Muster list = PARKGATE__MUSTER__INIT;
    list.n_counts = 1;
    list.counts = &counts;
    list.sequence = 100;
    hear_list(post, &list);
    assert_int_equal(look(post, out, sizeof(out)), EXIT_REFUSED); /* names are closed */
    assert_ptr_equal(strstr(out, "inside 在园: 3\n"), out);
    list.left_out = 5;
    hear_list(post, &list);
    assert_int_equal(look(post, out, sizeof(out)), EXIT_REFUSED); /* names are closed */
    assert_ptr_equal(strstr(out, "inside 在园: 8, and this list has room for 3 of them "
                                 "名单仅列其中 3 人\n"),
                     out);
}

/* Whatever is left of a list that was replaced, its key is not. */
static void no_key_is_left_of_a_list_that_was_replaced(void **state)
{
    struct post *post = *state;
    char path[96];
    uint8_t head[8 + SEAL_KEY_SIZE];
    static const uint8_t none[SEAL_KEY_SIZE];
    post->gate->emergency.state = EMERGENCY_FIRE;
    hear(post, 100, 0);
    (void)snprintf(path, sizeof(path), "%s/muster", post->dir);
    int old = open(path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(pread(old, head, sizeof(head), 0), sizeof(head));
    assert_memory_not_equal(head + 8, none, sizeof(none));
    hear(post, 101, 0);
    assert_int_equal(kept(post), 101);
    assert_int_equal(pread(old, head, sizeof(head), 0), sizeof(head));
    assert_memory_equal(head + 8, none, sizeof(none));
    (void)close(old);
}

/* The environment is the caller's own word. */
static void a_note_names_who_logged_in(void **state)
{
    struct post *post = *state;
    char out[1024];
    char name[64];
    char note[MUSTER_NOTE_SIZE];
    struct wall at;
    struct fault fault = {0};
    post->gate->emergency.state = EMERGENCY_FIRE;
    hear(post, 100, 0);
    assert_int_equal(setenv("SUDO_USER", "somebody-else", 1), 0);
    (void)look(post, out, sizeof(out));
    assert_int_equal(unsetenv("SUDO_USER"), 0);
    assert_int_equal(muster_note_next(post->dir, name, &at, note, &fault), ERR_OK);
    assert_non_null(strstr(note, ", user "));
    assert_null(strstr(note, "somebody-else"));
    muster_note_remove(post->dir, name);
}

/* One that cannot be read now is read later; one that is no note is told as such. */
static void a_note_that_cannot_be_read_waits(void **state)
{
    struct post *post = *state;
    char name[64];
    char path[128];
    char note[MUSTER_NOTE_SIZE];
    struct wall at;
    struct fault fault = {0};
    assert_int_equal(
        muster_note_write(post->dir, entropy_system(), (struct wall){7}, "by x", &fault), ERR_OK);
    assert_int_equal(muster_note_next(post->dir, name, &at, note, &fault), ERR_OK);
    assert_string_equal(note, "by x");
    (void)snprintf(path, sizeof(path), "%s/%s", post->dir, name);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0); /* opens, and no byte of it can be read */
    assert_int_equal(muster_note_next(post->dir, name, &at, note, &fault), ERR_IO);
    assert_int_equal(rmdir(path), 0);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, "half", 4), 4);
    (void)close(fd);
    assert_int_equal(muster_note_next(post->dir, name, &at, note, &fault), ERR_CORRUPT);
    muster_note_remove(post->dir, name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_older_list_replaces_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_post_started_anew_knows_which_is_newer, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(in_a_recovery_the_last_true_list_stays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_key_is_left_of_a_list_that_was_replaced, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_note_names_who_logged_in, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_note_that_cannot_be_read_waits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_has_no_room_is_counted_in_the_first_line, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

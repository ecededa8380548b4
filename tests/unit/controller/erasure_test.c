/* Goal: an erased person's key is on no page of any file, whatever was cut short on the way; the
 * roster, gates and terminals have forgotten him; what the floors keep is said; who comes again is
 * somebody new. Method: a whole controller over real stores, whose jobs the test does with the same
 * calls as the job processes; all files searched for the key's bytes; a restart between any two
 * steps. */
#include "tests/unit/controller/harness.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/store/keybuf.h"
#include "controller/app/erasure.h"
#include "controller/store/person_keys.h"

#define LI    "04010203"
#define LI_ID "11010519491231002X"

struct erasing_world {
    struct world *w;
    struct gate gate;
    char li[HANDLE_TEXT_SIZE];
    struct handle handle;
    uint8_t key[SEAL_KEY_SIZE];
};

static void key_of_holder(struct world *w, struct handle holder, uint8_t out[SEAL_KEY_SIZE])
{
    struct seal_key key;
    struct store_txn *txn = NULL;
    assert_int_equal(store_begin_read(w->keys, &txn, NULL), ERR_OK);
    assert_int_equal(person_key_get(txn, holder, &key, NULL), ERR_OK);
    store_txn_destroy(&txn);
    memcpy(out, key.bytes, SEAL_KEY_SIZE);
}

static struct erasing_world begin(void **state)
{
    struct erasing_world e = {.w = *state};
    gate_join(e.w, &e.gate, "gate-a", 1);
    (void)snprintf(e.li, sizeof(e.li), "%s",
                   note(admin(e.w, "person.add", "tenant", "acme", "kind", "day", "name", "Li Wei",
                              "id_number", LI_ID, "external", "E17", NULL),
                        "person"));
    (void)admin(e.w, "badge.add", "person", e.li, "uid", LI, NULL);
    (void)admin(e.w, "assignment.add", "person", e.li, "tenant", "acme", "shift", "day", "from",
                "2026-03-02", "to", "2026-03-31", NULL);
    gate_walk(e.w, &e.gate, "a-in", LI);
    world_pass(e.w, MINUTE_US);
    assert_true(handle_from_text(e.li, &e.handle));
    key_of_holder(e.w, e.handle, e.key);
    return e;
}

static void leave(struct erasing_world *e)
{
    gate_walk(e->w, &e->gate, "a-out", LI);
    world_pass(e->w, MINUTE_US);
}

/* --- the search --- */

static size_t found_in_file(const char *path, struct bytes secret)
{
    struct stat info;
    size_t found = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0 && fstat(fd, &info) == 0);
    uint8_t *all = malloc((size_t)info.st_size + 1);
    assert_non_null(all);
    assert_int_equal(read(fd, all, (size_t)info.st_size), info.st_size);
    (void)close(fd);
    found = memmem(all, (size_t)info.st_size, secret.data, secret.size) != NULL;
    free(all);
    return found;
}

static size_t found_in(const char *dir, struct bytes secret)
{
    struct dirent *entry;
    size_t found = 0;
    DIR *stream = opendir(dir);
    assert_non_null(stream);
    while ((entry = readdir(stream)) != NULL) {
        char path[512];
        (void)snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
        if (entry->d_name[0] != '.') {
            found += entry->d_type == DT_DIR ? found_in(path, secret) : found_in_file(path, secret);
        }
    }
    (void)closedir(stream);
    return found;
}

static size_t keys_found(const struct erasing_world *e)
{
    return found_in(e->w->dir, BYTES_OF(e->key));
}

/* --- time and jobs --- */

static void tick(struct world *w)
{
    world_pass(w, SECOND_US);
    turn_tick(w->ctl);
    world_turn(w);
}

static void rewrite_dir(const struct world *w, char out[128])
{
    (void)snprintf(out, 128, "%s.rewrite", w->keys_dir);
}

/* What the job process does; the copy's transaction as it prints it. */
static void do_copy(struct world *w, char output[64])
{
    char dir[128];
    struct store_stats stats;
    rewrite_dir(w, dir);
    remove_tree(dir);
    world_turn(w);
    store_stats_of(w->keys, &stats);
    assert_int_equal(store_copy(w->keys, dir, NULL), ERR_OK);
    (void)snprintf(output, 64, "txn=%llu\n", (unsigned long long)stats.commits);
}

static void finish_copy(struct world *w)
{
    char output[64];
    assert_string_equal(w->job_name, "rewrite-keys");
    do_copy(w, output);
    turn_job_done(w->ctl, w->last_job, 0, output);
    world_turn(w);
}

static void finish_wipe(struct world *w)
{
    assert_string_equal(w->job_name, "wipe-keys");
    assert_int_equal(store_wipe_old(w->keys_dir, NULL), ERR_OK);
    turn_job_done(w->ctl, w->last_job, 0, "backups_left=2\n");
    world_turn(w);
}

/* Ticks and jobs until nothing is left to do here. */
static void finish(struct world *w)
{
    for (int i = 0; i < 60; i++) {
        uint64_t jobs = w->jobs;
        tick(w);
        if (w->jobs != jobs && strcmp(w->job_name, "rewrite-keys") == 0) {
            finish_copy(w);
        }
        if (w->jobs != jobs && strcmp(w->job_name, "wipe-keys") == 0) {
            finish_wipe(w);
        }
    }
}

static const Parkgate__Reply *erase(struct erasing_world *e)
{
    return assert_done(
        ask(e->w, e->w->admin, "person.erase", "person", e->li, "reason", "he asked", NULL));
}

static void expect_step(struct erasing_world *e, const char *step)
{
    const Parkgate__Reply *reply = admin(e->w, "person.erasures", "all", "yes", NULL);
    size_t row = row_with(reply, "person", e->li);
    assert_true(row != SIZE_MAX);
    assert_string_equal(cell(reply, row, "state"), step);
}

static void beat(struct erasing_world *e)
{
    Parkgate__Heartbeat heartbeat = PARKGATE__HEARTBEAT__INIT;
    heartbeat.last_sequence = e->gate.sequence;
    gate_send(e->w, &e->gate, MESSAGE_HEARTBEAT, 0, &heartbeat.base);
    world_turn(e->w);
}

/* --- tests --- */

static void the_key_is_on_no_page_of_any_file(void **state)
{
    struct erasing_world e = begin(state);
    leave(&e);
    world_turn(e.w);
    assert_true(keys_found(&e) > 0); /* the search finds what is there */
    (void)erase(&e);
    expect_step(&e, "begun");
    tick(e.w); /* the key is deleted, and stands on a free page */
    assert_true(keys_found(&e) > 0);
    finish_copy(e.w); /* swapped: only the old file has it */
    assert_true(keys_found(&e) > 0);
    finish_wipe(e.w);
    assert_int_equal(keys_found(&e), 0);
    expect_step(&e, "key-gone");
    beat(&e);
    finish(e.w);
    expect_step(&e, "ended");
    (void)assert_replays(e.w);
}

static void the_roster_has_forgotten_him(void **state)
{
    struct erasing_world e = begin(state);
    leave(&e);
    (void)erase(&e);
    assert_refused(ask(e.w, e.w->admin, "person.show", "person", e.li, "reason", "x", NULL),
                   ERROR_NOT_FOUND);
    assert_refused(ask(e.w, e.w->admin, "person.find", "id_number", LI_ID, "reason", "x", NULL),
                   ERROR_NOT_FOUND);
    assert_refused(ask(e.w, e.w->admin, "person.export", "person", e.li, "reason", "x", NULL),
                   ERROR_NOT_FOUND);
    assert_int_equal(row_count(admin(e.w, "person.list", "tenant", "acme", "reason", "x", NULL)),
                     0);
    uint64_t sequence = gate_badge(e.w, &e.gate, "a-in", LI);
    world_turn(e.w);
    assert_denied(e.w, sequence, REASON_CREDENTIAL_UNKNOWN);
    assert_refused(ask(e.w, e.w->admin, "person.erase", "person", e.li, "reason", "x", NULL),
                   ERROR_NOT_FOUND);
    (void)assert_replays(e.w);
}

static void who_comes_again_is_somebody_new(void **state)
{
    char again[HANDLE_TEXT_SIZE];
    struct erasing_world e = begin(state);
    leave(&e);
    (void)erase(&e);
    finish(e.w);
    (void)snprintf(again, sizeof(again), "%s",
                   note(admin(e.w, "person.add", "tenant", "acme", "kind", "day", "name", "Li Wei",
                              "id_number", LI_ID, "external", "E17", NULL),
                        "person"));
    assert_string_not_equal(again, e.li);
    (void)admin(e.w, "badge.add", "person", again, "uid", LI, NULL);
    assert_int_equal(row_count(admin(e.w, "headcount.why", "person", again, "reason", "x", NULL)),
                     0);
    (void)assert_replays(e.w);
}

static void what_is_kept_is_said_with_why_and_until_when(void **state)
{
    struct erasing_world e = begin(state);
    leave(&e);
    const Parkgate__Reply *reply = erase(&e);
    assert_string_equal(note(reply, "last_day"), "2026-04-03"); /* 31 days on */
    size_t passages = row_with(reply, "kept", "passages");
    assert_string_equal(cell(reply, passages, "until"), "2026-08-30"); /* 180 days on */
    assert_non_null(strstr(cell(reply, passages, "why"), "GB 50396"));
    assert_true(row_with(reply, "kept", "attendance") != SIZE_MAX);
    assert_string_equal(cell(reply, row_with(reply, "kept", "disclosures"), "until"), "2029-03-02");
}

/* Whoever it is and whatever else is held on him: the same words in the same size. */
static void everybody_gets_the_same_answer(void **state)
{
    char wu[HANDLE_TEXT_SIZE];
    struct erasing_world e = begin(state);
    leave(&e);
    (void)snprintf(
        wu, sizeof(wu), "%s",
        note(admin(e.w, "person.add", "tenant", "beta", "kind", "staff", "name", "Wu", NULL),
             "person"));
    size_t size = parkgate__reply__get_packed_size(erase(&e));
    const Parkgate__Reply *other =
        assert_done(ask(e.w, e.w->admin, "person.erase", "person", wu, "reason", "x", NULL));
    assert_int_equal(parkgate__reply__get_packed_size(other), size);
}

static void who_is_inside_or_banned_is_not_erased(void **state)
{
    struct erasing_world e = begin(state);
    const Parkgate__Reply *reply =
        ask(e.w, e.w->admin, "person.erase", "person", e.li, "reason", "x", NULL);
    assert_refused(reply, ERROR_ERASE_INSIDE);
    assert_string_equal(reply->error_arg[0], e.li);
    leave(&e);
    (void)admin(e.w, "ban.add", "who", e.li, "reason", "theft", "until", "2026-05-20", "notice",
                "N-1", NULL);
    reply = ask(e.w, e.w->admin, "person.erase", "person", e.li, "reason", "x", NULL);
    assert_refused(reply, ERROR_ERASE_BANNED);
    assert_string_equal(reply->error_arg[1], "2026-05-21");
    assert_int_equal(entries_of(e.w, ENTRY_ERASURE, 0), 0);
    assert_refused(ask(e.w, e.w->admin, "person.erase", "person", e.li, NULL), ERROR_REASON_NEEDED);
}

/* The controller dies between any two steps; whatever was done before is done again or left. */
static void a_crash_at_any_step_changes_nothing(void **state)
{
    for (int step = 0; step < 6; step++) {
        char output[64];
        if (step > 0) {
            assert_int_equal(world_teardown(state), 0);
            assert_int_equal(world_setup(state), 0);
        }
        struct erasing_world e = begin(state);
        leave(&e);
        (void)erase(&e);
        if (step >= 1) {
            tick(e.w);
        }
        if (step == 2) {
            do_copy(e.w, output); /* made, and never taken */
        } else if (step >= 3) {
            finish_copy(e.w);
        }
        if (step == 4) {
            assert_int_equal(store_wipe_old(e.w->keys_dir, NULL), ERR_OK);
        } else if (step == 5) {
            finish_wipe(e.w);
        }
        world_restart(e.w);
        finish(e.w);
        assert_int_equal(keys_found(&e), 0);
        assert_true(entries_of(e.w, ENTRY_ERASURE, 0) >= 2);
        (void)assert_replays(e.w);
    }
}

/* A swap cut short between its two names: the second name of the living file is no old file. */
static void a_half_swap_loses_no_key(void **state)
{
    char data[160];
    char old[160];
    uint8_t after[SEAL_KEY_SIZE];
    struct erasing_world e = begin(state);
    (void)snprintf(data, sizeof(data), "%s/data.mdb", e.w->keys_dir);
    (void)snprintf(old, sizeof(old), "%s/data.old", e.w->keys_dir);
    assert_int_equal(link(data, old), 0);
    assert_int_equal(store_wipe_old(e.w->keys_dir, NULL), ERR_OK);
    key_of_holder(e.w, e.handle, after);
    assert_memory_equal(after, e.key, sizeof(after));
    assert_int_not_equal(access(old, F_OK), 0);
}

/* A key that is made while the copy is made is not in it: the copy is thrown away. */
static void keys_made_meanwhile_are_not_lost(void **state)
{
    char output[64];
    char wu[HANDLE_TEXT_SIZE];
    uint8_t key[SEAL_KEY_SIZE];
    struct handle handle;
    struct erasing_world e = begin(state);
    leave(&e);
    (void)erase(&e);
    tick(e.w);
    do_copy(e.w, output);
    (void)snprintf(
        wu, sizeof(wu), "%s",
        note(admin(e.w, "person.add", "tenant", "beta", "kind", "staff", "name", "Wu", NULL),
             "person"));
    turn_job_done(e.w->ctl, e.w->last_job, 0, output);
    expect_step(&e, "begun");
    finish(e.w);
    expect_step(&e, "key-gone");
    assert_int_equal(keys_found(&e), 0);
    assert_true(handle_from_text(wu, &handle));
    key_of_holder(e.w, handle, key);
    assert_string_equal(
        cell(admin(e.w, "person.list", "tenant", "beta", "reason", "x", NULL), 0, "name"), "Wu");
}

/* While a backup runs the environment stays; while it is rewritten no backup begins. */
static void a_backup_and_a_rewriting_wait_for_each_other(void **state)
{
    struct erasing_world e = begin(state);
    leave(&e);
    send_rows(e.w, e.w->admin, "backup", NULL, 0, "dir", "/backup-1", NULL);
    world_turn(e.w);
    assert_string_equal(e.w->job_name, "backup");
    uint64_t backup = e.w->last_job;
    (void)erase(&e);
    for (int i = 0; i < 20; i++) {
        tick(e.w);
    }
    assert_string_equal(e.w->job_name, "backup");
    turn_job_done(e.w->ctl, backup, 0, "result=good\n");
    tick(e.w);
    assert_string_equal(e.w->job_name, "rewrite-keys");
    send_rows(e.w, e.w->admin, "backup", NULL, 0, "dir", "/backup-2", NULL);
    world_turn(e.w);
    tick(e.w);
    assert_string_equal(e.w->job_name, "rewrite-keys");
    finish_copy(e.w);
    finish_wipe(e.w);
    tick(e.w);
    assert_string_equal(e.w->job_name, "backup");
}

static void a_job_that_fails_is_done_again(void **state)
{
    struct erasing_world e = begin(state);
    leave(&e);
    (void)erase(&e);
    tick(e.w);
    uint64_t jobs = e.w->jobs;
    turn_job_done(e.w->ctl, e.w->last_job, 1, "failed=no space\n");
    tick(e.w);
    assert_int_equal(e.w->jobs, jobs); /* not at once */
    finish(e.w);
    expect_step(&e, "key-gone");
    assert_int_equal(keys_found(&e), 0);
}

static void it_ends_when_every_gate_has_confirmed(void **state)
{
    struct erasing_world e = begin(state);
    leave(&e);
    (void)erase(&e);
    finish(e.w);
    expect_step(&e, "key-gone");
    const Parkgate__Reply *reply = admin(e.w, "person.erasures", NULL);
    assert_string_equal(cell(reply, 0, "gates_left"), "1");
    assert_string_equal(cell(reply, 0, "backups_left"), "2");
    beat(&e);
    finish(e.w);
    expect_step(&e, "ended");
    assert_int_equal(row_count(admin(e.w, "person.erasures", NULL)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(the_key_is_on_no_page_of_any_file),
        WORLD_TEST(the_roster_has_forgotten_him),
        WORLD_TEST(who_comes_again_is_somebody_new),
        WORLD_TEST(what_is_kept_is_said_with_why_and_until_when),
        WORLD_TEST(everybody_gets_the_same_answer),
        WORLD_TEST(who_is_inside_or_banned_is_not_erased),
        WORLD_TEST(a_crash_at_any_step_changes_nothing),
        WORLD_TEST(a_half_swap_loses_no_key),
        WORLD_TEST(keys_made_meanwhile_are_not_lost),
        WORLD_TEST(a_backup_and_a_rewriting_wait_for_each_other),
        WORLD_TEST(a_job_that_fails_is_done_again),
        WORLD_TEST(it_ends_when_every_gate_has_confirmed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* erasing_fixture: what a test of erasing does in the place of the job processes, and the search of
 * all files for a key's bytes. */
#pragma once

#include "tests/unit/controller/harness.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/app/erasure.h"
#include "controller/store/person_keys.h"

static inline void key_of_holder(struct world *w, struct handle holder, uint8_t out[SEAL_KEY_SIZE])
{
    struct seal_key key;
    struct store_txn *txn = NULL;
    assert_int_equal(store_begin_read(w->keys, &txn, NULL), ERR_OK);
    assert_int_equal(person_key_get(txn, holder, &key, NULL), ERR_OK);
    store_txn_destroy(&txn);
    memcpy(out, key.bytes, SEAL_KEY_SIZE);
}

/* --- the search --- */

static inline size_t found_in_file(const char *path, struct bytes secret)
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

static inline size_t found_in(const char *dir, struct bytes secret)
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

/* --- time and jobs --- */

static inline void tick(struct world *w)
{
    world_pass(w, SECOND_US);
    turn_tick(w->ctl);
    world_turn(w);
}

static inline void rewrite_dir(const struct world *w, char out[128])
{
    (void)snprintf(out, 128, "%s.rewrite", w->keys_dir);
}

/* What the job process does. */
static inline void do_copy(struct world *w)
{
    char dir[128];
    assert_string_equal(w->job_name, "rewrite-keys");
    rewrite_dir(w, dir);
    remove_tree(dir);
    world_turn(w);
    assert_int_equal(store_copy(w->keys, dir, NULL), ERR_OK);
}

static inline void copy_is_done(struct world *w)
{
    turn_job_done(w->ctl, w->last_job, 0, "");
    world_turn(w);
}

static inline void finish_copy(struct world *w)
{
    do_copy(w);
    copy_is_done(w);
}

static inline void finish_wipe(struct world *w)
{
    assert_string_equal(w->job_name, "wipe-keys");
    assert_int_equal(store_wipe_old(w->keys_dir, NULL), ERR_OK);
    turn_job_done(w->ctl, w->last_job, 0, "backups_left=2\n");
    world_turn(w);
}

/* Ticks and jobs until nothing is left to do here. */
static inline void finish(struct world *w)
{
    for (int i = 0; i < 60; i++) {
        uint64_t jobs = w->jobs;
        tick(w);
        if (w->jobs != jobs && strcmp(w->job_name, "rewrite-keys") == 0) {
            finish_copy(w);
        }
        if (w->ctl->erasing.work == ERASING_WIPE) {
            finish_wipe(w);
        }
    }
}

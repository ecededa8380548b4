/* Goal: a file of anchors is only added to, names its keys, survives a cut line, stays below its
 * bound, and gives back what stands in it. Method: real files in a directory of its own.
 */
#include "common/seal/anchor_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/must.h"

struct place {
    char dir[64], path[96], old[96];
    struct sign_key key;
    struct sign_public public;
    struct anchor_file file;
    uint64_t sum, count;
};

static int set_up(void **state)
{
    struct place *p = calloc(1, sizeof(*p));
    MUST(p != NULL && seal_init(NULL) == ERR_OK);
    (void)snprintf(p->dir, sizeof(p->dir), "/tmp/parkgate-anchors-XXXXXX");
    assert_non_null(mkdtemp(p->dir));
    (void)snprintf(p->path, sizeof(p->path), "%s/park", p->dir);
    (void)snprintf(p->old, sizeof(p->old), "%s/park.old", p->dir);
    p->key = sign_key_make(entropy_system());
    p->public = sign_public_of(&p->key);
    p->file.path = p->path;
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    struct place *p = *state;
    (void)unlink(p->path);
    (void)unlink(p->old);
    assert_int_equal(rmdir(p->dir), 0);
    free(p);
    return 0;
}

static void line_of(const struct place *p, uint64_t sequence, char out[ANCHOR_LINE_SIZE])
{
    char text[ANCHOR_LINE_SIZE];
    struct anchor anchor = {.sequence = sequence, .time = {.us = 1}};
    sign_key_id(&p->public, anchor.key);
    sign_make(&p->key, anchor_message(&anchor, text), &anchor.value);
    anchor_to_line(&anchor, out);
}

static void add(struct place *p, uint64_t sequence)
{
    char line[ANCHOR_LINE_SIZE];
    line_of(p, sequence, line);
    assert_int_equal(anchor_file_add(&p->file, &p->public, line, NULL), ERR_OK);
}

static enum err take(void *ctx, const struct anchor *anchor)
{
    struct place *p = ctx;
    assert_true(anchor_is_good(anchor, &p->public));
    p->sum += anchor->sequence;
    p->count++;
    return ERR_OK;
}

static size_t read_back(struct place *p)
{
    size_t bad = 99;
    p->sum = p->count = 0;
    assert_int_equal(anchor_file_read(p->path, take, p, &bad, NULL), ERR_OK);
    return bad;
}

static void gives_back_what_was_added(void **state)
{
    struct place *p = *state;
    struct stat info;
    size_t bad = 0;
    assert_int_equal(anchor_file_read(p->path, take, p, &bad, NULL), ERR_NOT_FOUND);
    add(p, 3);
    add(p, 4);
    p->file.key[0] = '\0'; /* another process */
    add(p, 10);
    assert_int_equal(read_back(p), 0);
    assert_int_equal(p->count, 3);
    assert_int_equal(p->sum, 17);
    assert_int_equal(stat(p->path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
}

static void names_its_key_once(void **state)
{
    struct place *p = *state;
    char text[4096];
    add(p, 3);
    add(p, 4);
    FILE *file = fopen(p->path, "r");
    assert_non_null(file);
    size_t size = fread(text, 1, sizeof(text) - 1, file);
    text[size] = '\0';
    (void)fclose(file);
    assert_int_equal(strncmp(text, "key ", 4), 0);
    assert_null(strstr(text + 4, "key "));
}

static void a_cut_line_costs_itself_alone(void **state)
{
    struct place *p = *state;
    struct stat info;
    add(p, 3);
    add(p, 4);
    assert_int_equal(stat(p->path, &info), 0);
    assert_int_equal(truncate(p->path, info.st_size - 20), 0);
    add(p, 5);
    assert_int_equal(read_back(p), 1);
    assert_int_equal(p->sum, 8);
}

static void stays_below_its_bound(void **state)
{
    struct place *p = *state;
    struct stat info;
    p->file.max_bytes = 2000;
    for (uint64_t i = 1; i <= 40; i++) {
        add(p, i);
        assert_int_equal(stat(p->path, &info), 0);
        assert_true(info.st_size < 2000 + 400);
    }
    assert_int_equal(read_back(p), 0); /* its key stands in the fresh one, too */
    assert_true(p->count >= 1 && p->count < 12);
    assert_int_equal(stat(p->old, &info), 0);
}

static void a_sample_begins_with_the_newest(void **state)
{
    struct place *p = *state;
    char lines[ANCHOR_SAMPLES_MAX][ANCHOR_LINE_SIZE];
    char newest[ANCHOR_LINE_SIZE];
    struct anchor anchor;
    size_t count = 0;
    size_t others = 0;
    assert_int_equal(anchor_file_sample(p->path, entropy_system(), lines, &count, NULL),
                     ERR_NOT_FOUND);
    add(p, 1);
    assert_int_equal(anchor_file_sample(p->path, entropy_system(), lines, &count, NULL), ERR_OK);
    assert_int_equal(count, 1);
    for (uint64_t i = 2; i <= 60; i++) {
        add(p, i);
    }
    line_of(p, 60, newest);
    for (size_t i = 0; i < 20; i++) {
        assert_int_equal(anchor_file_sample(p->path, entropy_system(), lines, &count, NULL),
                         ERR_OK);
        assert_string_equal(lines[0], newest);
        for (size_t j = 1; j < count; j++) {
            assert_true(anchor_from_line(lines[j], &anchor) && anchor.sequence < 60);
            others++;
        }
    }
    assert_true(others > 20);
}

static void a_file_that_cannot_be_written_is_told(void **state)
{
    struct place *p = *state;
    char line[ANCHOR_LINE_SIZE];
    struct fault fault = {0};
    struct anchor_file nowhere = {.path = "/nowhere/at/all"};
    line_of(p, 1, line);
    assert_int_equal(anchor_file_add(&nowhere, &p->public, line, &fault), ERR_IO);
    assert_string_equal(fault.what, "/nowhere/at/all: No such file or directory");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(gives_back_what_was_added),       CASE(names_its_key_once),
        CASE(a_cut_line_costs_itself_alone),   CASE(stays_below_its_bound),
        CASE(a_sample_begins_with_the_newest), CASE(a_file_that_cannot_be_written_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

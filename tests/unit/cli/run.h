/* run: the command line inside a test, with its output and exit code caught. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "admin-cli/cli.h"
#include "common/base/must.h"
#include "common/seal/seal.h"

/* One finished run; run_free() when done. */
struct run {
    int code;
    char *out, *err;
};

static inline int words_of(char *line, char **argv, int max)
{
    int count = 0;
    for (char *save = NULL, *word = strtok_r(line, " ", &save); word != NULL && count < max;
         word = strtok_r(NULL, " ", &save)) {
        argv[count++] = word;
    }
    return count;
}

/* Runs `parkgate LINE`; words are cut at blanks, `~` in a word stands for one. `input` is its
 * standard input, as from a terminal when `terminal`. */
static inline struct run run_with(const char *line, const char *input, bool terminal)
{
    struct run run = {0};
    struct cli cli;
    size_t out_size = 0;
    size_t err_size = 0;
    char copy[1024];
    char *argv[32];
    (void)snprintf(copy, sizeof(copy), "%s", line);
    int argc = words_of(copy, argv, 32);
    for (int i = 0; i < argc; i++) {
        for (char *p = argv[i]; *p != '\0'; p++) {
            *p = *p == '~' ? ' ' : *p;
        }
    }
    FILE *in = fmemopen((void *)(uintptr_t)(input[0] == '\0' ? "\n" : input),
                        input[0] == '\0' ? 1 : strlen(input), "r");
    FILE *out = open_memstream(&run.out, &out_size);
    FILE *err = open_memstream(&run.err, &err_size);
    MUST(in != NULL && out != NULL && err != NULL);
    cli_init(&cli, in, out, err);
    cli.in_terminal = terminal;
    run.code = (int)cli_run(&cli, argc, argv);
    cli_destroy(&cli);
    (void)fclose(in);
    (void)fclose(out);
    (void)fclose(err);
    return run;
}

static inline struct run run_line(const char *line)
{
    return run_with(line, "", false);
}

static inline void run_free(struct run *run)
{
    free(run->out);
    free(run->err);
}

/* Runs and compares all three, then frees. */
static inline void expect_run(const char *line, int code, const char *out, const char *err)
{
    struct run run = run_line(line);
    assert_string_equal(run.err, err);
    assert_string_equal(run.out, out);
    assert_int_equal(run.code, code);
    run_free(&run);
}

/* A directory of this test; removed by scratch_destroy(). */
struct scratch {
    char path[64];
};

static inline void scratch_create(struct scratch *scratch)
{
    (void)snprintf(scratch->path, sizeof(scratch->path), "/tmp/parkgate-cli-XXXXXX");
    MUST(mkdtemp(scratch->path) != NULL);
}

static inline void scratch_write(const struct scratch *scratch, const char *name, const void *data,
                                 size_t size)
{
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/%s", scratch->path, name);
    FILE *file = fopen(path, "we");
    MUST(file != NULL && fwrite(data, 1, size, file) == size && fclose(file) == 0);
}

/* Removes the files in it (not below). */
static inline void scratch_remove(const struct scratch *scratch, const char *name)
{
    char path[160];
    (void)snprintf(path, sizeof(path), "%s/%s", scratch->path, name);
    (void)remove(path);
}

static inline void scratch_destroy(const struct scratch *scratch)
{
    (void)rmdir(scratch->path);
}

static inline void start_seal(void)
{
    struct fault fault = {0};
    MUST(seal_init(&fault) == ERR_OK);
}

/* watch_fixture: a station's directory with its keys, and the command that signs a list in it. */
#pragma once

#include "tests/unit/cli/run.h"

#include <sys/stat.h>

/* What the park would give a station for its identity numbers. */
#define MATCHING "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static struct scratch scratch;

static inline const char *inside(const char *name)
{
    static char paths[4][160];
    static int next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, 160, "%s/%s", scratch.path, name);
    return path;
}

static inline void write_list(const char *text)
{
    scratch_write(&scratch, "list", text, strlen(text));
}

static inline struct run sign(const char *more)
{
    char line[1024];
    (void)remove(inside("bundle"));
    (void)snprintf(line, sizeof(line),
                   "watch sign %s --authority west --park north --sign-key %s --out %s %s",
                   inside("list"), inside("k/sign.key"), inside("bundle"), more);
    return run_line(line);
}

static inline int setup(void **state)
{
    char line[256];
    (void)state;
    start_seal();
    scratch_create(&scratch);
    (void)snprintf(line, sizeof(line), "watch keygen %s", inside("k"));
    struct run run = run_line(line);
    int code = run.code;
    run_free(&run);
    scratch_write(&scratch, "k/match.key", MATCHING "\n", strlen(MATCHING) + 1);
    return code != 0 || chmod(inside("k/match.key"), 0600) != 0;
}

static inline int teardown(void **state)
{
    static const char *const files[] = {"k/link.key", "k/link.pub",  "k/sign.key",
                                        "k/sign.pub", "k/match.key", "k/park.pub",
                                        "k",          "list",        "bundle"};
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        scratch_remove(&scratch, files[i]);
    }
    scratch_destroy(&scratch);
    return 0;
}

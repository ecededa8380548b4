#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "controller/app/recount.h"
#include "controller/job/replay.h"

enum { DIFFERENCES_SHOWN = 50, FIRST_SIZE = 2 * STORE_KEY_MAX + 128 };

static int failed(const char *what)
{
    (void)printf("failed=%s\n", what);
    return 1;
}

int job_verify(const struct job_paths *paths)
{
    struct replay replay = {0};
    struct fault fault = {0};
    uint64_t tables = 0;
    uint64_t differences = 0;
    char first[FIRST_SIZE] = "";
    enum err err = replay_open(paths, &replay, &fault);
    if (err == ERR_OK) {
        err = replay_run(&replay, paths->checkpoint_dir, &fault);
    }
    if (err == ERR_OK) {
        err = replay_compare(&replay, &tables, &differences, first, sizeof(first), &fault);
    }
    (void)printf("entries=%" PRIu64 "\ntables=%" PRIu64 "\ndifferences=%" PRIu64 "\n",
                 replay.entries, tables, differences);
    if (replay.begins_behind > 0) {
        (void)printf("first_seq=%" PRIu64 "\ncheckpoint_seq=%" PRIu64 "\n",
                     replay.begins_behind + 1, replay.from);
    }
    replay_end(&replay);
    if (err != ERR_OK) {
        return failed(fault.what);
    }
    if (differences > 0) {
        char what[sizeof(first) + 96];
        (void)snprintf(what, sizeof(what),
                       "%" PRIu64 " records differ from the journal's replay; first %s",
                       differences, first);
        return failed(what);
    }
    (void)printf("result=good\n");
    return 0;
}

static enum err recount(const struct job_paths *paths, struct recount_report *report,
                        struct fault *fault)
{
    struct replay replay = {0};
    enum err err = replay_open(paths, &replay, fault);
    if (err == ERR_OK) {
        err = replay_load(&replay, paths->checkpoint_dir, fault);
    }
    if (err == ERR_OK) {
        err = replay.begins_behind == 0
                  ? recount_run(replay.live, report, fault)
                  : recount_run_behind(replay.live, replay.copy, replay.from, report, fault);
    }
    replay_end(&replay);
    return err;
}

int job_recount(const struct job_paths *paths)
{
    static struct recount_report report;
    struct fault fault = {0};
    enum err err = recount(paths, &report, &fault);
    if (err != ERR_OK) {
        return failed(fault.what);
    }
    (void)printf("columns=scope,field,table,recount\n");
    for (size_t i = 0; i < report.differences && i < DIFFERENCES_SHOWN; i++) {
        (void)printf("%s\t%s\t%lld\t%lld\n", report.listed[i].scope, report.listed[i].field,
                     (long long)report.listed[i].table, (long long)report.listed[i].recount);
    }
    (void)printf("entries=%llu\npassages=%llu\nfigures=%llu\ndifferences=%llu\n",
                 (unsigned long long)report.entries, (unsigned long long)report.passages,
                 (unsigned long long)report.figures, (unsigned long long)report.differences);
    if (report.differences > 0) {
        char what[256];
        const struct recount_difference *first = &report.listed[0];
        (void)snprintf(what, sizeof(what),
                       "%llu figures differ from the recount; first %s %s: %lld, recount %lld",
                       (unsigned long long)report.differences, first->scope, first->field,
                       (long long)first->table, (long long)first->recount);
        return failed(what);
    }
    (void)printf("result=good\n");
    return 0;
}

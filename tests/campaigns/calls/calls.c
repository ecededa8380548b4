#include "tests/campaigns/calls/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/base/must.h"
#include "tests/campaigns/calls/failing.h"

enum { CASE_SECONDS = 30, CASES_MAX = 1 << 17, SCENARIOS_MAX = 16 };

static const struct {
    const char *kind;
    int error;
    uint64_t times;
} failures[] = {
    {"write",  EIO,    1         },
    {"write",  ENOSPC, UINT64_MAX},
    {"sync",   EIO,    1         },
    {"sync",   EIO,    UINT64_MAX},
    {"open",   EMFILE, 1         },
    {"open",   EIO,    UINT64_MAX},
    {"malloc", ENOMEM, 1         },
};

struct one {
    uint32_t scenario, failure;
    uint64_t nth;
    size_t turn, place; /* cases of its scenario and failure before it; where the shuffle put it */
};

/* Of the case in this process. */
static struct {
    const char *kind;
    uint64_t nth, times;
    int error;
} to_fail;

void calls_begin(struct calls_case *c)
{
    (void)c;
    MUST(failing_arm != NULL);
    failing_arm(to_fail.kind, to_fail.nth, to_fail.error, to_fail.times);
}

void calls_promise(struct calls_case *c, const void *bytes, size_t size)
{
    MUST(c->promise_count < CALLS_PROMISES_MAX && size <= POWER_MARK_MAX);
    c->promises[c->promise_count].head =
        (struct power_record){.op = POWER_MARK, .size = (uint32_t)size};
    memcpy(c->promises[c->promise_count].bytes, bytes, size);
    c->promise_count++;
}

static void be_quiet(void)
{
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    (void)dup2(nowhere, STDOUT_FILENO);
    (void)dup2(nowhere, STDERR_FILENO);
}

/* The status of a child that does `work`. */
static int in_child(void (*work)(const struct calls_subject *, struct calls_case *, size_t),
                    const struct calls_subject *subject, struct calls_case *c, size_t scenario,
                    bool loud)
{
    int status = 0;
    (void)fflush(NULL);
    pid_t child = fork();
    MUST(child >= 0);
    if (child == 0) {
        (void)alarm(CASE_SECONDS);
        if (!loud) {
            be_quiet();
        }
        work(subject, c, scenario);
        (void)fflush(NULL);
        _exit(0);
    }
    MUST(waitpid(child, &status, 0) == child);
    return status;
}

static void play_it(const struct calls_subject *subject, struct calls_case *c, size_t scenario)
{
    subject->play(c, scenario);
    c->seen = failing_disarm(&c->hit);
}

static void judge_it(const struct calls_subject *subject, struct calls_case *c, size_t scenario)
{
    static const struct power_record *marks[CALLS_PROMISES_MAX];
    (void)scenario;
    for (size_t i = 0; i < c->promise_count; i++) {
        marks[i] = &c->promises[i].head;
    }
    struct power_marks all = {.count = c->promise_count, .mark = marks};
    if (!subject->judge(c->dir, &all, 0, c->why)) {
        (void)fprintf(stderr, "%s\n", c->why);
        _exit(1);
    }
}

/* False: something did not hold; c->why says what. */
static bool play_case(const struct calls_subject *subject, struct calls_case *c,
                      const struct one *one, bool loud)
{
    memset(c, 0, offsetof(struct calls_case, promises));
    to_fail.kind = failures[one->failure].kind;
    to_fail.error = failures[one->failure].error;
    to_fail.nth = one->nth;
    to_fail.times = failures[one->failure].times;
    int status = in_child(play_it, subject, c, one->scenario, loud);
    if (WIFSIGNALED(status) && WTERMSIG(status) != SIGABRT) {
        (void)snprintf(c->why, POWER_WHY_SIZE, "signal %d ended it", WTERMSIG(status));
        return false;
    }
    if (c->granted) {
        (void)snprintf(c->why, POWER_WHY_SIZE, "somebody got in who must not");
        return false;
    }
    c->why[0] = '\0';
    status = in_child(judge_it, subject, c, 0, loud);
    if (WIFSIGNALED(status)) {
        (void)snprintf(c->why, POWER_WHY_SIZE, "signal %d ended the judge", WTERMSIG(status));
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static uint64_t mix(uint64_t z)
{
    z += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* Every case there is; the first plays of each scenario and kind count its calls. */
static size_t all_cases(const struct calls_subject *subject, struct calls_case *c, const char *only,
                        struct one *out)
{
    size_t count = 0;
    for (uint32_t s = 0; subject->scenarios[s] != NULL; s++) {
        bool plays = only == NULL || strcmp(only, subject->scenarios[s]) == 0;
        for (uint32_t f = 0; plays && f < ARRAY_LEN(failures); f++) {
            struct one none = {.scenario = s, .failure = f, .nth = UINT64_MAX};
            if (!play_case(subject, c, &none, false)) {
                (void)printf("FAILED without any failure: %s: %s\n", subject->scenarios[s], c->why);
                exit(1);
            }
            subject->clear(c->dir);
            for (uint64_t n = 1; n <= c->seen && count < CASES_MAX; n++) {
                out[count++] = (struct one){.scenario = s, .failure = f, .nth = n};
            }
        }
    }
    return count;
}

static void shuffle(struct one *cases, size_t count, uint64_t seed)
{
    for (size_t i = count; i > 1; i--) {
        seed = mix(seed);
        struct one kept = cases[i - 1];
        cases[i - 1] = cases[seed % i];
        cases[seed % i] = kept;
    }
}

static int by_turn(const void *a, const void *b)
{
    const struct one *x = a;
    const struct one *y = b;
    int by = (x->turn > y->turn) - (x->turn < y->turn);
    return by != 0 ? by : (x->place > y->place) - (x->place < y->place);
}

/* A short run sees every scenario with every failure: most cases by far are mallocs. */
static void take_turns(struct one *cases, size_t count)
{
    static size_t turns[SCENARIOS_MAX][ARRAY_LEN(failures)];
    for (size_t i = 0; i < count; i++) {
        MUST(cases[i].scenario < SCENARIOS_MAX);
        cases[i].place = i;
        cases[i].turn = turns[cases[i].scenario][cases[i].failure]++;
    }
    qsort(cases, count, sizeof(*cases), by_turn);
}

static void say_failed(const struct calls_subject *subject, const struct calls_case *c,
                       const struct one *one)
{
    (void)printf("FAILED: %s\nagain: one %s %u %llu (%s)\n", c->why,
                 subject->scenarios[one->scenario], one->failure, (unsigned long long)one->nth,
                 failures[one->failure].kind);
}

static int run(const struct calls_subject *subject, struct calls_case *c, long seconds,
               uint64_t seed, const char *only)
{
    struct timespec begun;
    struct timespec now;
    static struct one cases[CASES_MAX];
    MUST(clock_gettime(CLOCK_MONOTONIC, &begun) == 0);
    size_t count = all_cases(subject, c, only, cases);
    shuffle(cases, count, seed);
    take_turns(cases, count);
    size_t played = 0;
    size_t missed = 0;
    for (; played < count; played++) {
        MUST(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
        if (now.tv_sec - begun.tv_sec >= seconds) {
            break;
        }
        if (!play_case(subject, c, &cases[played], false)) {
            say_failed(subject, c, &cases[played]);
            return 1;
        }
        subject->clear(c->dir);
        missed += !c->hit;
    }
    (void)printf("cases=%zu of %zu; in %zu of them the program ended by itself\n", played, count,
                 missed);
    return played == 0 ? 1 : 0;
}

static int one(const struct calls_subject *subject, struct calls_case *c, char **argv)
{
    struct one case_ = {.nth = strtoull(argv[4], NULL, 10)};
    while (strcmp(subject->scenarios[case_.scenario], argv[2]) != 0) {
        case_.scenario++;
        MUST(subject->scenarios[case_.scenario] != NULL);
    }
    case_.failure = (uint32_t)strtoul(argv[3], NULL, 10);
    MUST(case_.failure < ARRAY_LEN(failures));
    bool good = play_case(subject, c, &case_, true);
    (void)printf("%s; stores in %s\n", good ? "all holds" : c->why, c->dir);
    return good ? 0 : 1;
}

int calls_main(int argc, char **argv, const struct calls_subject *subject)
{
    struct calls_case *c =
        mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    MUST(c != MAP_FAILED);
    if ((argc == 4 || argc == 5) && strcmp(argv[1], "run") == 0) {
        return run(subject, c, strtol(argv[2], NULL, 10), strtoull(argv[3], NULL, 10), argv[4]);
    }
    if (argc == 5 && strcmp(argv[1], "one") == 0) {
        return one(subject, c, argv);
    }
    (void)fprintf(stderr, "usage: %s run SECONDS SEED [SCENARIO] | one SCENARIO FAILURE NTH\n",
                  argv[0]);
    return 2;
}

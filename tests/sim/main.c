/* sim: plays seeds. See docs/campaigns.md. */
#include <ftw.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/seal/seal.h"
#include "tests/sim/alarms.h"
#include "tests/sim/list.h"
#include "tests/sim/memory_lmdb.h"
#include "tests/sim/sim.h"

/* In the morning, or a while before midnight: then badges end, and days change. */
static int64_t begin_of(const struct plan *plan)
{
    return FIRST_NIGHT - (plan->seed % 2 == 0 ? 19 * HOUR : HOUR + 20 * MINUTE);
}

enum { REST_LEAST_S = 90, REST_MOST_S = 3600, REST_STEP_S = 5, REST_WALK_S = 900, LONG_EVERY = 32 };

struct options {
    uint64_t seed, seeds;
    int64_t hours;
    unsigned gates, people;
    int64_t seconds; /* of the wall; 0: no end by time */
    int64_t fail_at;
    int64_t within; /* seconds of the processor that it may take; 0: any */
    bool calm, working_day, verbose, twice, help;
    const char *total;
};

struct totals {
    uint64_t seeds, hours, seconds;
    uint64_t alone, fires; /* entries by gates alone; not kept */
};

static struct plan plan_of(const struct options *options, uint64_t seed)
{
    struct random random = {.state = seed ^ UINT64_C(0x706c616e)};
    struct plan plan = {.seed = seed,
                        .calm = options->calm,
                        .fails_at = options->fail_at,
                        .verbose = options->verbose};
    plan.gates = (unsigned)random_between(&random, 2, 5);
    plan.people = (unsigned)random_between(&random, 4, 40);
    plan.hours = random_between(&random, 1, 3);
    plan.rush = !options->working_day;
    if (seed % LONG_EVERY == LONG_EVERY - 1) { /* leases end, and days */
        plan.gates = 2;
        plan.people = (unsigned)random_between(&random, 4, 10);
        plan.hours = random_between(&random, 26, 32);
    }
    plan.gates = options->gates > 0 ? options->gates : plan.gates;
    plan.people = options->people > 0 ? options->people : plan.people;
    plan.hours = options->hours > 0 ? options->hours : plan.hours;
    return plan;
}

static void set_up(const struct plan *plan)
{
    sim.plan = *plan;
    sim.now = sim.began = begin_of(plan);
    sim.ends = sim.began + plan->hours * HOUR;
    sim.healing = false;
    sim.events = sim.digest = 0;
    sim.chance.state = plan->seed;
    sim_forget_events();
    gates_reset();
    controller_reset();
    memory_lmdb_wipe(sim.dir);
    wires_reset();
    boards_reset();
    fires_reset();
    truth_reset();
    counts_reset();
    people_reset();
    roster_reset();
    entries_reset();
    list_reset();
    hits_reset();
    stations_reset();
    officer_reset();
    alarms_reset();
    plates_reset();
    guards_reset();
    faults_begin();
    controller_begin(true);
    for (unsigned i = 0; i < plan->gates; i++) {
        char name[16];
        char code[32] = "";
        (void)snprintf(name, sizeof(name), "g%u", i);
        if (controller_ask("code", code, sizeof(code), "agent.enroll", "gate", name, NULL) != 0) {
            sim_fail("start", "gate %u cannot be enrolled", i);
        }
        controller_enrol(i, code);
        gate_boot(i);
    }
    people_begin();
    roster_begin();
    officer_begin();
    guards_begin();
    plates_begin();
    stations_begin();
}

static bool is_at_rest(void)
{
    if (!controller_machine()->on || !truth_is_settled() || !fires_are_over() ||
        !stations_are_done()) {
        return false;
    }
    for (unsigned i = 0; i < sim.plan.gates; i++) {
        struct gate_facts facts;
        if (!gate_look(i, &facts) || !facts.linked || facts.pending > 0 ||
            gate_copy_sequence(i) < roster_last_sequence()) {
            return false;
        }
    }
    return true;
}

/* Somebody looks at what the controller shows, and ends what only a person may: a state that is not
 * on record; and, having walked there, a fire whose reset went down with its helper while its
 * gate's disk took nothing. What ends by itself has the time for it. */
static void officer_looks(int64_t rested_s)
{
    char unrecorded[16] = "";
    char state[16] = "";
    if (!controller_machine()->on || fires_any() ||
        controller_ask("unrecorded", unrecorded, sizeof(unrecorded), "emergency.show", NULL) != 0 ||
        controller_ask("emergency", state, sizeof(state), "emergency.show", NULL) != 0) {
        return;
    }
    bool stands = strcmp(state, "none") != 0 && rested_s >= REST_WALK_S;
    if (stands || strcmp(unrecorded, "0") != 0) {
        sim_note("officer ends the emergency", stands, 0);
        (void)controller_ask(NULL, NULL, 0, "emergency.end", "reason", "nothing burns", "force",
                             stands ? "yes" : "no", NULL);
    }
}

static void come_to_rest(void)
{
    sim.healing = true;
    faults_end();
    stations_heal();
    sim_note("all is mended", 0, 0);
    for (int64_t s = 0; s < REST_MOST_S; s += REST_STEP_S) {
        int64_t until = sim.now + REST_STEP_S * SECOND;
        while (sim_step(until)) {
        }
        if (s >= REST_LEAST_S && is_at_rest()) {
            return;
        }
        if (s >= REST_LEAST_S) {
            officer_looks(s);
        }
    }
    for (unsigned i = 0; i < sim.plan.gates; i++) {
        struct gate_facts facts = {0};
        bool runs = gate_look(i, &facts);
        (void)printf("gate %u: runs %d linked %d pending %" PRIu64 " last %" PRIu64 " copy %" PRIu64
                     " of %" PRIu64 ", exit held %d\n",
                     i, runs, facts.linked, facts.pending, facts.last_sequence,
                     gate_copy_sequence(i), roster_last_sequence(), arm_is_held(i, 1));
    }
    truth_say_open();
    (void)printf("controller runs %d, all answered %d, fires over %d, stations done %d\n",
                 controller_machine()->on, truth_is_settled(), fires_are_over(),
                 stations_are_done());
    sim_fail("rest", "an hour after all was mended something is still on its way");
}

/* So that a test sees what a failure looks like. */
static void fail(void *ctx, uint64_t a, uint64_t b)
{
    (void)ctx;
    (void)a;
    (void)b;
    sim_fail("asked", "as it was told to, digest %016" PRIx64, sim.digest);
}

/* Returns the digest. */
static uint64_t play(const struct plan *plan)
{
    set_up(plan);
    if (plan->fails_at > 0) {
        sim_after(plan->fails_at * SECOND, fail, NULL, 0, 0);
    }
    while (sim_step(sim.ends)) {
    }
    come_to_rest();
    controller_rest();
    truth_end();
    return sim.digest;
}

/* --- the kept total --- */

static void add_total(const char *path, struct totals *totals)
{
    struct totals kept = {0};
    FILE *file = fopen(path, "re");
    if (file != NULL) {
        if (fscanf(file, "seeds=%" SCNu64 "\nhours=%" SCNu64 "\nseconds=%" SCNu64, &kept.seeds,
                   &kept.hours, &kept.seconds) != 3) {
            kept = (struct totals){0};
        }
        (void)fclose(file);
    }
    totals->seeds += kept.seeds;
    totals->hours += kept.hours;
    totals->seconds += kept.seconds;
    file = fopen(path, "we");
    if (file == NULL || fprintf(file, "seeds=%" PRIu64 "\nhours=%" PRIu64 "\nseconds=%" PRIu64 "\n",
                                totals->seeds, totals->hours, totals->seconds) < 0) {
        (void)fprintf(stderr, "sim: %s cannot be written\n", path);
        exit(1);
    }
    (void)fclose(file);
}

/* --- the command line --- */

static double seconds_since(const struct timespec *begun)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - begun->tv_sec) + (double)(now.tv_nsec - begun->tv_nsec) / 1e9;
}

static int run(const struct options *options)
{
    struct timespec begun;
    struct totals totals = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &begun);
    for (uint64_t i = 0; options->seeds == 0 || i < options->seeds; i++) {
        if (options->seconds > 0 && seconds_since(&begun) >= (double)options->seconds) {
            break;
        }
        struct plan plan = plan_of(options, options->seed + i);
        uint64_t digest = play(&plan);
        if (options->twice && play(&plan) != digest) {
            sim_fail("digest", "the same seed twice gave two digests");
        }
        totals.seeds++;
        totals.hours += (uint64_t)plan.hours;
        totals.alone += entries_alone();
        totals.fires += fires_count();
        if (options->seeds == 1 || options->verbose) {
            (void)printf("sim: seed %" PRIu64 ", %u gates, %u people, %" PRId64
                         " h: %s, %s, %" PRIu64 " steps, digest %016" PRIx64 "\n",
                         plan.seed, plan.gates, plan.people, plan.hours, truth_counts(),
                         faults_count(), sim.events, digest);
        }
    }
    double took = seconds_since(&begun);
    totals.seconds = (uint64_t)took;
    double busy = (double)clock() / CLOCKS_PER_SEC;
    (void)printf("sim: %" PRIu64 " seeds from %" PRIu64 ", %" PRIu64 " simulated hours, %" PRIu64
                 " entries by gates alone, %" PRIu64 " fires in %.1f s, %.1f s of the processor\n",
                 totals.seeds, options->seed, totals.hours, totals.alone, totals.fires, took, busy);
    if (options->within > 0 && busy > (double)options->within) {
        (void)printf("sim: FAILED: %" PRId64 " s are what it may take\n", options->within);
        return 1;
    }
    if (options->total != NULL) {
        add_total(options->total, &totals);
        (void)printf("sim: in all %" PRIu64 " seeds, %" PRIu64 " simulated hours, %" PRIu64 " s\n",
                     totals.seeds, totals.hours, totals.seconds);
    }
    if (totals.seeds == 0) {
        (void)fprintf(stderr, "sim: no seed was played, which shows nothing\n");
        return 1;
    }
    return 0;
}

static bool parse(int argc, char **argv, struct options *options)
{
    static const struct option table[] = {
        {"seed",        required_argument, NULL, 's'},
        {"seeds",       required_argument, NULL, 'k'},
        {"hours",       required_argument, NULL, 'h'},
        {"gates",       required_argument, NULL, 'g'},
        {"people",      required_argument, NULL, 'p'},
        {"seconds",     required_argument, NULL, 't'},
        {"fail-at",     required_argument, NULL, 'x'},
        {"within",      required_argument, NULL, 'm'},
        {"total",       required_argument, NULL, 'f'},
        {"calm",        no_argument,       NULL, 'c'},
        {"working-day", no_argument,       NULL, 'w'},
        {"twice",       no_argument,       NULL, '2'},
        {"verbose",     no_argument,       NULL, 'v'},
        {NULL,          0,                 NULL, 0  },
    };
    int found;
    while ((found = getopt_long(argc, argv, "", table, NULL)) != -1) {
        uint64_t number = optarg == NULL ? 0 : strtoull(optarg, NULL, 10);
        switch (found) {
        case 's':
            options->seed = number;
            break;
        case 'k':
            options->seeds = number;
            break;
        case 'h':
            options->hours = (int64_t)number;
            break;
        case 'g':
            options->gates = (unsigned)number;
            break;
        case 'p':
            options->people = (unsigned)number;
            break;
        case 't':
            options->seconds = (int64_t)number;
            break;
        case 'x':
            options->fail_at = (int64_t)number;
            break;
        case 'm':
            options->within = (int64_t)number;
            break;
        case 'f':
            options->total = optarg;
            break;
        case 'c':
            options->calm = true;
            break;
        case 'w':
            options->working_day = true;
            break;
        case '2':
            options->twice = true;
            break;
        case 'v':
            options->verbose = true;
            break;
        default:
            return false;
        }
    }
    return optind == argc && options->gates <= GATES_MAX && options->people <= PEOPLE_MAX;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info;
    (void)kind;
    (void)where;
    return remove(path);
}

static void clean_up(void)
{
    (void)nftw(sim.dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int main(int argc, char **argv)
{
    struct options options = {.seed = 1};
    struct fault fault = {0};
    if (!parse(argc, argv, &options)) {
        (void)fprintf(
            stderr,
            "usage: sim [--seed N] [--seeds K] [--hours H] [--gates N] [--people N] [--seconds S]\n"
            "           [--within S] [--fail-at S] [--total FILE] [--calm] [--working-day] "
            "[--twice] [--verbose]\n");
        return 2;
    }
    if (options.seeds == 0 && options.seconds == 0) {
        options.seeds = 1;
    }
    (void)snprintf(sim.dir, sizeof(sim.dir), "%s/parkgate-sim-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (mkdtemp(sim.dir) == NULL || seal_init(&fault) != ERR_OK) {
        (void)fprintf(stderr, "sim: cannot begin: %s\n", fault.what);
        return 1;
    }
    (void)atexit(clean_up);
    return run(&options);
}

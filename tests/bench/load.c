/* bench-load: fleets of emulated gate boxes, driven by lines on standard input.
 *
 *   open NAME bare|gate|fed|plates ENDPOINT SERVER_KEY KEY_DIR BOXES PERSONS
 *                                answers when all boxes were welcomed; fed: when their copies are
 *                                whole; plates: PERSONS vehicles, whose plates are read alone
 *   return NAME bare|gate|fed ENDPOINT SERVER_KEY KEY_DIR TIMES
 *                                every box of it leaves and comes back by so many connections at
 *                                once; answers when all were welcomed
 *   run NAME RATE SECONDS        events a second over all boxes; the first second does not count
 *   revoke NAME RATE SECONDS FIRST SLOT_MS
 *                                as run; beside it person FIRST (or vehicle: fleet.h) is shown
 *                                once at each box within the first slot, the next one within the
 *                                second slot, and so on. Says {"begin_ns":..} first, then the
 *                                probes, and when which box had which copy; times are those of
 *                                CLOCK_MONOTONIC
 *   flood NAME WINDOW SECONDS    each box keeps WINDOW events unacknowledged: the highest rate
 *   first NAME                   one presentation of the first box, and its verdict
 *   close NAME
 *   quit
 *
 * Each answers with one line of JSON. Between the commands all gates keep up their heartbeats.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <zmq.h>

#include "common/base/must.h"
#include "common/seal/seal.h"
#include "tests/bench/fleet.h"

enum {
    FLEETS_MAX = 8,
    NAME_MAX_SIZE = 32,
    LINE_SIZE = 1024,
    WORDS_MAX = 8,
    BEAT_MS = 1000,
    WELCOME_S = 30,
    SETTLE_S = 10,
};

#define NS_PER_S INT64_C(1000000000)

struct named {
    char name[NAME_MAX_SIZE];
    struct fleet *fleet;
};

struct load {
    struct link *link;
    int timer_fd;
    int64_t beat_due_ns;
    struct named fleets[FLEETS_MAX];
};

static int64_t now_ns(void)
{
    struct timespec now;
    MUST(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

static void beat_when_due(struct load *load)
{
    int64_t now = now_ns();
    if (now < load->beat_due_ns) {
        return;
    }
    load->beat_due_ns = now + (int64_t)BEAT_MS * 1000000;
    for (size_t i = 0; i < FLEETS_MAX; i++) {
        if (load->fleets[i].fleet != NULL) {
            fleet_beat(load->fleets[i].fleet);
        }
    }
}

/* Waits for the fleet's sockets until `until_ns` at the latest, and takes what came. */
static void wait_and_drain(struct load *load, struct fleet *fleet, int64_t until_ns)
{
    zmq_pollitem_t items[FLEET_MAX + 1];
    size_t count = fleet_count(fleet);
    struct itimerspec at = {
        .it_value = {.tv_sec = until_ns / NS_PER_S, .tv_nsec = until_ns % NS_PER_S}
    };
    MUST(timerfd_settime(load->timer_fd, TFD_TIMER_ABSTIME, &at, NULL) == 0);
    for (size_t i = 0; i < count; i++) {
        items[i] = (zmq_pollitem_t){.socket = fleet_socket(fleet, i), .events = ZMQ_POLLIN};
    }
    items[count] = (zmq_pollitem_t){.fd = load->timer_fd, .events = ZMQ_POLLIN};
    if (zmq_poll(items, (int)count + 1, BEAT_MS) <= 0) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if ((items[i].revents & ZMQ_POLLIN) != 0) {
            fleet_drain(fleet, i, now_ns());
        }
    }
}

static void settle(struct load *load, struct fleet *fleet)
{
    int64_t end_ns = now_ns() + SETTLE_S * NS_PER_S;
    while (fleet_unanswered_all(fleet) > 0 && now_ns() < end_ns) {
        wait_and_drain(load, fleet, now_ns() + NS_PER_S / 100);
        beat_when_due(load);
    }
}

static void print_figures(struct fleet *fleet, double seconds, struct series *late)
{
    struct fleet_figures *f = fleet_figures(fleet);
    (void)printf("{\"seconds\":%.3f,\"sent\":%llu,\"acks\":%llu,\"acks_per_s\":%.1f,"
                 "\"granted\":%llu,\"denied\":%llu,\"refused\":%llu,\"retried\":%llu,"
                 "\"not_sent\":%llu,\"unanswered\":%zu,\"verdict\":",
                 seconds, (unsigned long long)f->sent, (unsigned long long)f->acks,
                 (double)f->acks / seconds, (unsigned long long)f->granted,
                 (unsigned long long)f->denied, (unsigned long long)f->refused,
                 (unsigned long long)f->retried, (unsigned long long)f->busy,
                 fleet_unanswered_all(fleet));
    series_print(&f->verdict, stdout);
    (void)fputs(",\"ack\":", stdout);
    series_print(&f->ack, stdout);
    (void)fputs(",\"late\":", stdout);
    series_print(late, stdout);
    (void)puts("}");
}

/* --- commands --- */

static struct fleet **find_fleet(struct load *load, const char *name)
{
    for (size_t i = 0; i < FLEETS_MAX; i++) {
        if (load->fleets[i].fleet != NULL && strcmp(load->fleets[i].name, name) == 0) {
            return &load->fleets[i].fleet;
        }
    }
    return NULL;
}

static bool say_error(const char *what)
{
    (void)printf("{\"error\":\"%s\"}\n", what);
    return true;
}

static bool wait_welcome(struct load *load, struct fleet *fleet)
{
    int64_t end_ns = now_ns() + WELCOME_S * NS_PER_S;
    while (fleet_ready(fleet) < fleet_count(fleet) && now_ns() < end_ns) {
        fleet_beat(fleet);
        wait_and_drain(load, fleet, now_ns() + NS_PER_S / 20);
    }
    return fleet_ready(fleet) == fleet_count(fleet);
}

static bool wait_whole(struct load *load, struct fleet *fleet)
{
    int64_t end_ns = now_ns() + WELCOME_S * NS_PER_S;
    while (fleet_whole(fleet) < fleet_count(fleet) && now_ns() < end_ns) {
        beat_when_due(load);
        wait_and_drain(load, fleet, now_ns() + NS_PER_S / 20);
    }
    return fleet_whole(fleet) == fleet_count(fleet);
}

/* words: COMMAND NAME bare|gate|fed|plates ENDPOINT SERVER_KEY KEY_DIR ... */
static bool read_options(struct load *load, char **words, struct fleet_options *ret)
{
    *ret = (struct fleet_options){.link = load->link,
                                  .bare = strcmp(words[2], "bare") == 0,
                                  .fed = strcmp(words[2], "fed") == 0,
                                  .plates = strcmp(words[2], "plates") == 0,
                                  .endpoint = words[3],
                                  .key_dir = words[5]};
    return link_key_from_z85(words[4], &ret->server_key);
}

static double seconds_since(int64_t begun_ns)
{
    return (double)(now_ns() - begun_ns) / (double)NS_PER_S;
}

static bool on_open(struct load *load, char **words)
{
    struct fault fault = {0};
    struct fleet_options options;
    bool good = read_options(load, words, &options);
    options.count = strtoul(words[6], NULL, 10);
    options.persons = (uint32_t)strtoul(words[7], NULL, 10);
    size_t slot = 0;
    while (slot < FLEETS_MAX && load->fleets[slot].fleet != NULL) {
        slot++;
    }
    if (!good || slot == FLEETS_MAX || options.count == 0 || options.count > FLEET_MAX ||
        options.persons == 0) {
        return say_error("bad words");
    }
    struct named *named = &load->fleets[slot];
    int64_t begun_ns = now_ns();
    if (fleet_create(&options, &named->fleet, &fault) != ERR_OK) {
        return say_error(fault.what);
    }
    (void)snprintf(named->name, sizeof(named->name), "%s", words[1]);
    if (!wait_welcome(load, named->fleet)) {
        return say_error("not all boxes were welcomed");
    }
    if (options.fed && !wait_whole(load, named->fleet)) {
        return say_error("not all copies are whole");
    }
    (void)printf("{\"boxes\":%zu,\"seconds\":%.3f}\n", fleet_count(named->fleet),
                 seconds_since(begun_ns));
    return true;
}

/* Until all connections of the return were welcomed. */
static size_t wait_returned(struct fleet *fleet, size_t *ret_anew)
{
    enum { TURN_MS = 50 };
    zmq_pollitem_t items[FLEET_MAX * FLEET_RETURNS_MAX];
    size_t count = fleet_returning(fleet);
    int64_t end_ns = now_ns() + WELCOME_S * NS_PER_S;
    for (size_t i = 0; i < count; i++) {
        items[i] =
            (zmq_pollitem_t){.socket = fleet_returning_socket(fleet, i), .events = ZMQ_POLLIN};
    }
    size_t welcomed = fleet_return_turn(fleet, ret_anew);
    while (welcomed < count && now_ns() < end_ns) {
        (void)zmq_poll(items, (int)count, TURN_MS);
        welcomed = fleet_return_turn(fleet, ret_anew);
    }
    return welcomed;
}

static bool on_return(struct load *load, char **words)
{
    struct fault fault = {0};
    struct fleet_options options;
    struct fleet **fleet = find_fleet(load, words[1]);
    bool good = read_options(load, words, &options);
    size_t times = strtoul(words[6], NULL, 10);
    size_t anew = 0;
    if (!good || fleet == NULL || options.bare || times == 0 || times > FLEET_RETURNS_MAX) {
        return say_error("bad words");
    }
    if (fleet_unanswered_all(*fleet) > 0) {
        return say_error("events are unanswered");
    }
    int64_t begun_ns = now_ns();
    if (fleet_return(*fleet, &options, times, &fault) != ERR_OK) {
        return say_error(fault.what);
    }
    if (wait_returned(*fleet, &anew) < fleet_count(*fleet) * times) {
        return say_error("not all returns were welcomed");
    }
    double seconds = seconds_since(begun_ns);
    if (!wait_welcome(load, *fleet)) {
        return say_error("not all boxes were welcomed");
    }
    (void)printf("{\"returns\":%zu,\"anew\":%zu,\"seconds\":%.3f}\n", fleet_count(*fleet) * times,
                 anew, seconds);
    return true;
}

/* What is shown beside the flow: in each slot one person's or vehicle's, at box after box. */
struct probing {
    int64_t begin_ns, slot_ns; /* slot 0: no probes */
    uint32_t first;
    uint64_t done; /* over all slots */
};

static void probe_when_due(struct fleet *fleet, struct probing *probing)
{
    size_t boxes = fleet_count(fleet);
    int64_t now = now_ns();
    while (probing->slot_ns != 0) {
        int64_t due = probing->begin_ns + (int64_t)(probing->done / boxes) * probing->slot_ns +
                      (int64_t)(probing->done % boxes) * (probing->slot_ns / (int64_t)boxes);
        if (now < due) {
            return;
        }
        uint32_t person = probing->first + (uint32_t)(probing->done / boxes);
        if (!fleet_probe(fleet, probing->done % boxes, person, now_ns())) {
            return;
        }
        probing->done++;
    }
}

static void flow(struct load *load, struct fleet *fleet, double rate, int64_t seconds,
                 struct probing *probing, struct series *late)
{
    double step_ns = (double)NS_PER_S / rate;
    int64_t begin_ns = now_ns() + NS_PER_S / 100;
    int64_t measure_ns = begin_ns + NS_PER_S;
    int64_t end_ns = measure_ns + seconds * NS_PER_S;
    fleet_measure(fleet, measure_ns);
    probing->begin_ns = measure_ns;
    if (probing->slot_ns != 0) {
        (void)printf("{\"begin_ns\":%lld}\n", (long long)measure_ns);
        (void)fflush(stdout);
    }
    for (uint64_t turn = 0;; turn++) {
        int64_t due_ns = begin_ns + (int64_t)((double)turn * step_ns);
        if (due_ns >= end_ns) {
            break;
        }
        while (now_ns() < due_ns) {
            wait_and_drain(load, fleet, due_ns);
        }
        if (due_ns >= measure_ns) {
            series_add(late, now_ns() - due_ns);
        }
        (void)fleet_send(fleet, turn % fleet_count(fleet), due_ns);
        probe_when_due(fleet, probing);
        beat_when_due(load);
    }
    settle(load, fleet);
}

static bool on_run(struct load *load, char **words)
{
    struct fleet **fleet = find_fleet(load, words[1]);
    double rate = strtod(words[2], NULL);
    int64_t seconds = strtol(words[3], NULL, 10);
    struct probing none = {0};
    AUTO(series_destroy) struct series late = {0};
    if (fleet == NULL || rate <= 0 || seconds <= 0) {
        return say_error("bad words");
    }
    flow(load, *fleet, rate, seconds, &none, &late);
    print_figures(*fleet, (double)seconds, &late);
    return true;
}

static void print_probes(const struct fleet *fleet)
{
    size_t probes = 0;
    size_t copies = 0;
    const struct fleet_probe *probe = fleet_probes(fleet, &probes);
    const struct fleet_copy *copy = fleet_copies(fleet, &copies);
    (void)fputs("{\"probes\":[", stdout);
    for (size_t i = 0; i < probes; i++) {
        (void)printf("%s[%zu,%u,%lld,%lld,%u]", i == 0 ? "" : ",", probe[i].box, probe[i].person,
                     (long long)probe[i].sent_ns, (long long)probe[i].answered_ns,
                     probe[i].outcome);
    }
    (void)fputs("],\"copies\":[", stdout);
    for (size_t i = 0; i < copies; i++) {
        (void)printf("%s[%zu,%llu,%lld]", i == 0 ? "" : ",", copy[i].box,
                     (unsigned long long)copy[i].sequence, (long long)copy[i].at_ns);
    }
    (void)fputs("]}\n", stdout);
}

static bool on_revoke(struct load *load, char **words)
{
    struct fleet **fleet = find_fleet(load, words[1]);
    double rate = strtod(words[2], NULL);
    int64_t seconds = strtol(words[3], NULL, 10);
    struct probing probing = {.first = (uint32_t)strtoul(words[4], NULL, 10),
                              .slot_ns = strtol(words[5], NULL, 10) * 1000000};
    AUTO(series_destroy) struct series late = {0};
    if (fleet == NULL || rate <= 0 || seconds <= 0 || probing.slot_ns <= 0) {
        return say_error("bad words");
    }
    flow(load, *fleet, rate, seconds, &probing, &late);
    print_probes(*fleet);
    print_figures(*fleet, (double)seconds, &late);
    return true;
}

/* Acks of the whole time count here, against the time until the last one. */
static bool on_flood(struct load *load, char **words)
{
    struct fleet **fleet = find_fleet(load, words[1]);
    size_t window = strtoul(words[2], NULL, 10);
    int64_t seconds = strtol(words[3], NULL, 10);
    AUTO(series_destroy) struct series late = {0};
    if (fleet == NULL || window == 0 || window >= FLEET_OPEN_MAX || seconds <= 0) {
        return say_error("bad words");
    }
    int64_t begin_ns = now_ns();
    int64_t end_ns = begin_ns + seconds * NS_PER_S;
    fleet_measure(*fleet, begin_ns);
    while (now_ns() < end_ns) {
        for (size_t i = 0; i < fleet_count(*fleet); i++) {
            for (size_t open = fleet_unanswered(*fleet, i); open < window; open++) {
                if (!fleet_send(*fleet, i, now_ns())) {
                    break;
                }
            }
        }
        wait_and_drain(load, *fleet, now_ns() + NS_PER_S / 100);
        beat_when_due(load);
    }
    settle(load, *fleet);
    print_figures(*fleet, (double)(now_ns() - begin_ns) / (double)NS_PER_S, &late);
    return true;
}

static bool on_first(struct load *load, char **words)
{
    struct fleet **fleet = find_fleet(load, words[1]);
    if (fleet == NULL) {
        return say_error("bad words");
    }
    int64_t end_ns = now_ns() + SETTLE_S * NS_PER_S;
    fleet_measure(*fleet, 0);
    while (!fleet_send(*fleet, 0, now_ns()) && now_ns() < end_ns) {
        wait_and_drain(load, *fleet, now_ns() + NS_PER_S / 100);
    }
    while (fleet_figures(*fleet)->verdict.count == 0 && now_ns() < end_ns) {
        wait_and_drain(load, *fleet, now_ns() + NS_PER_S / 100);
    }
    (void)printf("{\"verdicts\":%zu}\n", fleet_figures(*fleet)->verdict.count);
    return true;
}

static bool on_close(struct load *load, char **words)
{
    struct fleet **fleet = find_fleet(load, words[1]);
    if (fleet != NULL) {
        fleet_destroy(fleet);
    }
    (void)puts("{}");
    return true;
}

static bool on_quit(struct load *load, char **words)
{
    (void)load;
    (void)words;
    return false;
}

static const struct command {
    const char *word;
    size_t words;
    bool (*run)(struct load *load, char **words);
} commands[] = {
    {"open",   8, on_open  },
    {"return", 7, on_return},
    {"run",    4, on_run   },
    {"revoke", 6, on_revoke},
    {"flood",  4, on_flood },
    {"first",  2, on_first },
    {"close",  2, on_close },
    {"quit",   1, on_quit  },
};

/* False: the end. */
static bool obey(struct load *load, char *line)
{
    char *words[WORDS_MAX] = {0};
    char *rest = NULL;
    size_t count = 0;
    for (char *word = strtok_r(line, " \n", &rest); word != NULL && count < WORDS_MAX;
         word = strtok_r(NULL, " \n", &rest)) {
        words[count++] = word;
    }
    for (size_t i = 0; count > 0 && i < ARRAY_LEN(commands); i++) {
        if (strcmp(words[0], commands[i].word) == 0 && count == commands[i].words) {
            return commands[i].run(load, words);
        }
    }
    return say_error("no such command");
}

/* Heartbeats go on until a line is there. */
static void idle(struct load *load)
{
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    while (poll(&in, 1, BEAT_MS) == 0) {
        beat_when_due(load);
        for (size_t i = 0; i < FLEETS_MAX; i++) {
            struct fleet *fleet = load->fleets[i].fleet;
            for (size_t box = 0; fleet != NULL && box < fleet_count(fleet); box++) {
                fleet_drain(fleet, box, now_ns());
            }
        }
    }
}

static enum err start(struct load *load, struct fault *fault)
{
    TRY(seal_init(fault));
    TRY(link_raise_fds(LINK_FDS_MIN, fault));
    TRY(link_create(&load->link, fault));
    load->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    return load->timer_fd >= 0 ? ERR_OK : fault_set(fault, ERR_IO, "timerfd: %s", strerror(errno));
}

int main(void)
{
    static struct load load;
    struct fault fault = {0};
    char line[LINE_SIZE];
    if (start(&load, &fault) != ERR_OK) {
        (void)fprintf(stderr, "bench-load: %s\n", fault.what);
        return 1;
    }
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    (void)setvbuf(stdin, NULL, _IONBF, 0);
    for (bool on = true; on;) {
        idle(&load);
        on = fgets(line, sizeof(line), stdin) != NULL && obey(&load, line);
    }
    for (size_t i = 0; i < FLEETS_MAX; i++) {
        fleet_destroy(&load.fleets[i].fleet);
    }
    link_destroy(&load.link);
    return 0;
}

/* bench-bare: what the unavoidable work alone costs, to put beside the controller.
 *
 *   bench-bare echo ENDPOINT                             a ROUTER with CURVE that sends frames back
 *   bench-bare joined ENDPOINT DIR LIST PERSONS          the same with the store behind it: a
 * verdict at once, acknowledgements after the commit bench-bare loop DIR LIST PERSONS the store
 * alone, no socket. Reads lines `run RATE SECONDS` and `flood SECONDS`
 *
 * A server prints one line of JSON with its endpoint and key and runs until SIGTERM. Frames:
 * fleet.h. LIST and the work: bare_work.h.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <zmq.h>

#include "common/base/must.h"
#include "common/link/link.h"
#include "common/link/zap.h"
#include "common/seal/seal.h"
#include "tests/bench/bare_work.h"
#include "tests/bench/fleet.h"

enum { FRAMES_A_TURN = 128, LINE_SIZE = 256, BOXES = 50 };

#define NS_PER_S  INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)

static volatile sig_atomic_t stopping;

static void on_stop(int signal_number)
{
    (void)signal_number;
    stopping = 1;
}

static int64_t now_ns(void)
{
    struct timespec now;
    MUST(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* --- a server --- */

struct waiting {
    struct link_peer peer;
    uint64_t sequence;
};

struct server {
    struct link *link;
    struct link_zap *zap;
    struct link_server *server;
    struct bare_work *work; /* NULL: an echo */
    int64_t batch_due_ns;
    size_t waiting_count;
    struct waiting waiting[BARE_BATCH_EVENTS];
};

static bool allow(void *ctx, const char *domain, const struct link_key *key)
{
    (void)ctx;
    (void)domain;
    (void)key;
    return true;
}

static enum err open_server(struct server *s, const char *endpoint, struct fault *fault)
{
    AUTO(link_key_pair_destroy) struct link_key_pair keys = {0};
    char bound[LINK_ENDPOINT_SIZE];
    char key[LINK_KEY_Z85_SIZE];
    struct link_server_options options = {
        .keys = &keys, .domain = "bench", .hwm_messages = FLEET_OPEN_MAX};
    TRY(link_key_pair_draw(&keys, fault));
    TRY(link_create(&s->link, fault));
    TRY(link_zap_create(s->link, (struct link_zap_policy){.allow = allow}, &s->zap, fault));
    TRY(link_zap_self_test(s->zap, fault));
    TRY(link_server_create(s->link, s->zap, &options, &s->server, fault));
    TRY(link_server_bind(s->server, endpoint, bound, fault));
    link_key_to_z85(keys.public_key, key);
    (void)printf("{\"endpoint\":\"%s\",\"key\":\"%s\"}\n", bound, key);
    return ERR_OK;
}

static void close_server(struct server *s)
{
    link_server_destroy(&s->server);
    link_zap_destroy(&s->zap);
    link_destroy(&s->link);
    bare_work_close(&s->work);
}

static void answer(struct server *s, const struct link_peer *peer, struct bytes frame)
{
    struct fault fault = {0};
    enum err err = link_server_send(s->server, peer, frame, &fault);
    (void)err; /* a peer that is gone loses it */
}

/* One letter a box, as the controller does. */
static void acknowledge(struct server *s)
{
    bool told[BARE_BATCH_EVENTS] = {false};
    for (size_t i = 0; i < s->waiting_count; i++) {
        uint8_t frame[3 + BARE_BATCH_EVENTS * sizeof(uint64_t)];
        struct writer w = writer_of(frame, sizeof(frame));
        uint16_t count = 0;
        if (told[i]) {
            continue;
        }
        writer_u8(&w, 'A');
        writer_u16(&w, 0);
        for (size_t k = i; k < s->waiting_count; k++) {
            if (memcmp(&s->waiting[k].peer, &s->waiting[i].peer, sizeof(struct link_peer)) == 0) {
                writer_u64(&w, s->waiting[k].sequence);
                told[k] = true;
                count++;
            }
        }
        frame[1] = (uint8_t)(count >> 8);
        frame[2] = (uint8_t)count;
        answer(s, &s->waiting[i].peer, writer_view(&w));
    }
    s->waiting_count = 0;
}

static enum err end_batch(struct server *s, struct fault *fault)
{
    TRY(bare_work_commit(s->work, fault));
    acknowledge(s);
    return ERR_OK;
}

static enum err work_off(struct server *s, const struct link_msg *msg, struct fault *fault)
{
    struct reader r = reader_of(msg->payload);
    (void)reader_u8(&r);
    struct bare_event event = {.number = bare_work_next_number(s->work)};
    event.sequence = reader_u64(&r);
    event.person = (uint32_t)reader_u64(&r);
    event.box = reader_u16(&r);
    TRY(bare_work_event(s->work, &event, fault));
    uint8_t frame[9];
    struct writer w = writer_of(frame, sizeof(frame));
    writer_u8(&w, 'V');
    writer_u64(&w, event.sequence);
    answer(s, &msg->peer, BYTES_OF(frame));
    if (s->waiting_count == 0) {
        s->batch_due_ns = now_ns() + BARE_BATCH_MS * NS_PER_MS;
    }
    s->waiting[s->waiting_count++] = (struct waiting){msg->peer, event.sequence};
    return s->waiting_count == BARE_BATCH_EVENTS ? end_batch(s, fault) : ERR_OK;
}

static enum err take_frames(struct server *s, struct fault *fault)
{
    struct link_msg msg;
    for (int i = 0; i < FRAMES_A_TURN; i++) {
        enum err err = link_server_recv(s->server, &msg, fault);
        if (err != ERR_OK) {
            return err == ERR_NOT_FOUND ? ERR_OK : err;
        }
        if (s->work == NULL) {
            answer(s, &msg.peer, msg.payload);
        } else {
            TRY(work_off(s, &msg, fault));
        }
    }
    return ERR_OK;
}

static long wait_ms(const struct server *s)
{
    if (s->waiting_count == 0) {
        return 1000;
    }
    int64_t left_ns = s->batch_due_ns - now_ns();
    return left_ns <= 0 ? 0 : (long)((left_ns + NS_PER_MS - 1) / NS_PER_MS);
}

static enum err serve(struct server *s, struct fault *fault)
{
    while (!stopping) {
        zmq_pollitem_t items[] = {
            {.socket = link_server_socket(s->server), .events = ZMQ_POLLIN},
            {.socket = link_zap_socket(s->zap),       .events = ZMQ_POLLIN},
        };
        if (zmq_poll(items, ARRAY_LEN(items), wait_ms(s)) < 0) {
            continue; /* a signal */
        }
        if (items[1].revents != 0) {
            TRY(link_zap_turn(s->zap, fault));
        }
        if (items[0].revents != 0) {
            TRY(take_frames(s, fault));
        }
        if (s->waiting_count > 0 && now_ns() >= s->batch_due_ns) {
            TRY(end_batch(s, fault));
        }
    }
    return ERR_OK;
}

static enum err run_server(int argc, char **argv, struct fault *fault)
{
    static struct server server;
    enum err err = ERR_OK;
    if (argc == 6) {
        err = bare_work_open(argv[3], argv[4], (uint32_t)strtoul(argv[5], NULL, 10), &server.work,
                             fault);
    }
    if (err == ERR_OK) {
        err = open_server(&server, argv[2], fault);
    }
    if (err == ERR_OK) {
        err = serve(&server, fault);
    }
    close_server(&server);
    return err;
}

/* --- the loop without sockets --- */

struct pace {
    struct bare_work *work;
    uint32_t persons;
    uint64_t turn;
    struct series verdict, ack;
    int timer_fd;
    size_t batch_count;
    int64_t batch_due_ns;
    int64_t due_ns[BARE_BATCH_EVENTS]; /* of the batch */
};

static enum err end_paced_batch(struct pace *p, struct fault *fault)
{
    TRY(bare_work_commit(p->work, fault));
    int64_t now = now_ns();
    for (size_t i = 0; i < p->batch_count; i++) {
        series_add(&p->ack, now - p->due_ns[i]);
    }
    p->batch_count = 0;
    return ERR_OK;
}

static enum err paced_event(struct pace *p, int64_t due_ns, struct fault *fault)
{
    uint64_t pair = p->turn / 2;
    struct bare_event event = {.number = bare_work_next_number(p->work),
                               .sequence = pair / BOXES * 2 + p->turn % 2 + 1,
                               .person = (uint32_t)(pair * 618033 % p->persons),
                               .box = (uint16_t)(pair % BOXES)};
    p->turn++;
    TRY(bare_work_event(p->work, &event, fault));
    series_add(&p->verdict, now_ns() - due_ns);
    if (p->batch_count == 0) {
        p->batch_due_ns = now_ns() + BARE_BATCH_MS * NS_PER_MS;
    }
    p->due_ns[p->batch_count++] = due_ns;
    return p->batch_count == BARE_BATCH_EVENTS ? end_paced_batch(p, fault) : ERR_OK;
}

static void wait_until(const struct pace *p, int64_t ns)
{
    uint64_t times = 0;
    struct itimerspec at = {
        .it_value = {.tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S}
    };
    MUST(timerfd_settime(p->timer_fd, TFD_TIMER_ABSTIME, &at, NULL) == 0);
    ssize_t got = read(p->timer_fd, &times, sizeof(times));
    (void)got; /* a signal: the caller looks at the clock */
}

/* step_ns 0: as fast as it goes. */
static enum err run_paced(struct pace *p, double step_ns, int64_t seconds, struct fault *fault)
{
    int64_t begin_ns = now_ns();
    int64_t end_ns = begin_ns + seconds * NS_PER_S;
    uint64_t events = 0;
    for (int64_t due_ns = begin_ns; due_ns < end_ns; events++) {
        while (now_ns() < due_ns) {
            bool commits = p->batch_count > 0 && p->batch_due_ns < due_ns;
            wait_until(p, commits ? p->batch_due_ns : due_ns);
            if (commits) {
                TRY(end_paced_batch(p, fault));
            }
        }
        TRY(paced_event(p, due_ns, fault));
        due_ns = step_ns > 0 ? begin_ns + (int64_t)((double)(events + 1) * step_ns) : now_ns();
    }
    TRY(end_paced_batch(p, fault));
    double took = (double)(now_ns() - begin_ns) / (double)NS_PER_S;
    (void)printf("{\"seconds\":%.3f,\"acks\":%llu,\"acks_per_s\":%.1f,\"verdict\":", took,
                 (unsigned long long)events, (double)events / took);
    series_print(&p->verdict, stdout);
    (void)fputs(",\"ack\":", stdout);
    series_print(&p->ack, stdout);
    (void)puts("}");
    return ERR_OK;
}

static enum err run_loop(char **argv, struct fault *fault)
{
    static struct pace pace;
    char line[LINE_SIZE];
    pace.persons = (uint32_t)strtoul(argv[4], NULL, 10);
    pace.timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    MUST(pace.timer_fd >= 0);
    TRY(bare_work_open(argv[2], argv[3], pace.persons, &pace.work, fault));
    (void)puts("{\"ready\":true}");
    enum err err = ERR_OK;
    while (err == ERR_OK && fgets(line, sizeof(line), stdin) != NULL) {
        unsigned rate = 0;
        unsigned seconds = 0;
        series_clear(&pace.verdict);
        series_clear(&pace.ack);
        if (sscanf(line, "run %u %u", &rate, &seconds) == 2 && rate > 0) {
            err = run_paced(&pace, (double)NS_PER_S / rate, seconds, fault);
        } else if (sscanf(line, "flood %u", &seconds) == 1) {
            err = run_paced(&pace, 0, seconds, fault);
        } else {
            break;
        }
    }
    series_destroy(&pace.verdict);
    series_destroy(&pace.ack);
    bare_work_close(&pace.work);
    return err;
}

int main(int argc, char **argv)
{
    struct fault fault = {0};
    bool echo = argc == 3 && strcmp(argv[1], "echo") == 0;
    bool joined = argc == 6 && strcmp(argv[1], "joined") == 0;
    bool loop = argc == 5 && strcmp(argv[1], "loop") == 0;
    if (!echo && !joined && !loop) {
        (void)fputs("usage: bench-bare echo ENDPOINT | joined ENDPOINT DIR LIST PERSONS | "
                    "loop DIR LIST PERSONS\n",
                    stderr);
        return 2;
    }
    (void)signal(SIGTERM, on_stop);
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    enum err err = seal_init(&fault);
    if (err == ERR_OK) {
        err = loop ? run_loop(argv, &fault) : run_server(argc, argv, &fault);
    }
    if (err != ERR_OK) {
        (void)fprintf(stderr, "bench-bare: %s\n", fault.what);
        return 1;
    }
    return 0;
}

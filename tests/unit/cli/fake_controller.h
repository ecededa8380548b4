/* fake_controller: answers requests over the real link, in a thread of its own, as a test says. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <zmq.h>

#include "common/link/link.h"
#include "common/link/zap.h"
#include "schema/envelope.h"
#include "schema/operator.pb-c.h"
#include "tests/unit/cli/run.h"

enum { FAKE_CELLS_MAX = 1024, FAKE_TEXT_SIZE = 16384, FAKE_LOG_SIZE = 65536 };

/* A reply being put together; texts are copied into `text`. */
struct fake_reply {
    Parkgate__Reply message;
    char *columns[16], *notes[16], *args[4];
    ProtobufCBinaryData cells[FAKE_CELLS_MAX], values[16];
    char text[FAKE_TEXT_SIZE];
    size_t used;
};

struct fake {
    pthread_t thread;
    struct link_key_pair keys, person;
    char endpoint[LINK_ENDPOINT_SIZE];
    atomic_bool ready, stop;
    void (*answer)(struct fake *fake, const Parkgate__Request *request, struct fake_reply *reply);
    /* what the answers keep of the requests; read it after the run */
    char log[FAKE_LOG_SIZE];
    int step;
    size_t rows;
    void *ctx;
};

static inline char *fake_text(struct fake_reply *reply, const char *text)
{
    size_t size = strlen(text) + 1;
    MUST(reply->used + size <= FAKE_TEXT_SIZE);
    char *at = reply->text + reply->used;
    memcpy(at, text, size);
    reply->used += size;
    return at;
}

static inline ProtobufCBinaryData fake_data(struct fake_reply *reply, const char *text)
{
    return (ProtobufCBinaryData){.len = strlen(text), .data = (uint8_t *)fake_text(reply, text)};
}

static inline void fake_note(struct fake_reply *reply, const char *name, const char *value)
{
    reply->notes[reply->message.n_note++] = fake_text(reply, name);
    reply->values[reply->message.n_note_value++] = fake_data(reply, value);
}

/* Columns and cells with blanks between; `_` alone is an empty cell. */
static inline void fake_words(struct fake_reply *reply, const char *words, bool columns)
{
    char copy[1024];
    (void)snprintf(copy, sizeof(copy), "%s", words);
    char *save = NULL;
    for (char *w = strtok_r(copy, "|", &save); w != NULL; w = strtok_r(NULL, "|", &save)) {
        const char *text = strcmp(w, "_") == 0 ? "" : w;
        if (columns) {
            reply->columns[reply->message.n_column++] = fake_text(reply, text);
        } else {
            MUST(reply->message.n_cell < FAKE_CELLS_MAX);
            reply->cells[reply->message.n_cell++] = fake_data(reply, text);
        }
    }
}

static inline void fake_columns(struct fake_reply *reply, const char *words)
{
    fake_words(reply, words, true);
}

static inline void fake_row(struct fake_reply *reply, const char *words)
{
    fake_words(reply, words, false);
}

static inline void fake_refuse(struct fake_reply *reply, enum error_number number, const char *a1,
                               const char *a2, const char *a3)
{
    const char *args[] = {a1, a2, a3};
    reply->message.error = number;
    for (size_t i = 0; i < 3 && args[i] != NULL; i++) {
        reply->args[reply->message.n_error_arg++] = fake_text(reply, args[i]);
    }
}

/* The value of an argument as text, "" when it is not given. */
static inline const char *fake_arg(const Parkgate__Request *request, const char *name,
                                   char out[1100])
{
    out[0] = '\0';
    for (size_t i = 0; i < request->n_arg; i++) {
        if (strcmp(request->arg[i], name) == 0) {
            (void)snprintf(out, 1100, "%.*s", (int)request->value[i].len,
                           (const char *)request->value[i].data);
        }
    }
    return out;
}

/* Appends "verb name=value ...\n" to the log. */
static inline void fake_log(struct fake *fake, const Parkgate__Request *request)
{
    size_t at = strlen(fake->log);
    at += (size_t)snprintf(fake->log + at, FAKE_LOG_SIZE - at, "%s", request->verb);
    for (size_t i = 0; i < request->n_arg; i++) {
        at += (size_t)snprintf(fake->log + at, FAKE_LOG_SIZE - at, " %s=%.*s", request->arg[i],
                               (int)request->value[i].len, (const char *)request->value[i].data);
    }
    (void)snprintf(fake->log + at, FAKE_LOG_SIZE - at, "\n");
}

static inline bool fake_allow(void *ctx, const char *domain, const struct link_key *key)
{
    (void)ctx;
    (void)domain;
    (void)key;
    return true;
}

static inline void fake_work(struct fake *fake, struct link_server *server)
{
    static uint8_t frame[LIMIT_FRAME_BYTES];
    struct link_msg message;
    struct envelope envelope;
    struct complaint c = {0};
    struct fault fault = {0};
    while (link_server_recv(server, &message, &fault) == ERR_OK) {
        MUST(envelope_read(message.payload, &envelope, &c) && envelope.kind == MESSAGE_REQUEST);
        Parkgate__Request *request = (Parkgate__Request *)envelope_unpack(&envelope, &c);
        struct fake_reply *reply = calloc(1, sizeof(*reply));
        MUST(request != NULL && reply != NULL);
        parkgate__reply__init(&reply->message);
        reply->message.column = reply->columns;
        reply->message.cell = reply->cells;
        reply->message.note = reply->notes;
        reply->message.note_value = reply->values;
        reply->message.error_arg = reply->args;
        fake_log(fake, request);
        fake->answer(fake, request, reply);
        /* an answer to an older request comes first; it must be passed over */
        Parkgate__Reply stale = PARKGATE__REPLY__INIT;
        stale.error = ERROR_INTERNAL;
        size_t stale_size = envelope_write(PROTOCOL_VERSION, MESSAGE_REPLY, envelope.sequence - 1,
                                           &stale.base, frame, sizeof(frame));
        MUST(link_server_send(server, &message.peer, (struct bytes){frame, stale_size}, &fault) ==
             ERR_OK);
        size_t size = envelope_write(PROTOCOL_VERSION, MESSAGE_REPLY, envelope.sequence,
                                     &reply->message.base, frame, sizeof(frame));
        MUST(link_server_send(server, &message.peer, (struct bytes){frame, size}, &fault) ==
             ERR_OK);
        parkgate__request__free_unpacked(request, NULL);
        free(reply);
    }
}

static inline void *fake_main(void *ctx)
{
    struct fake *fake = ctx;
    struct fault fault = {0};
    struct link *link = NULL;
    struct link_zap *zap = NULL;
    struct link_server *server = NULL;
    struct link_zap_policy policy = {.allow = fake_allow};
    struct link_server_options options = {.keys = &fake->keys, .domain = "operators"};
    MUST(link_create(&link, &fault) == ERR_OK);
    MUST(link_zap_create(link, policy, &zap, &fault) == ERR_OK);
    MUST(link_zap_self_test(zap, &fault) == ERR_OK);
    MUST(link_server_create(link, zap, &options, &server, &fault) == ERR_OK);
    MUST(link_server_bind(server, "tcp://127.0.0.1:*", fake->endpoint, &fault) == ERR_OK);
    atomic_store(&fake->ready, true);
    while (!atomic_load(&fake->stop)) {
        zmq_pollitem_t items[] = {
            {.socket = link_zap_socket(zap),       .events = ZMQ_POLLIN},
            {.socket = link_server_socket(server), .events = ZMQ_POLLIN}
        };
        (void)zmq_poll(items, 2, 20);
        MUST(link_zap_turn(zap, &fault) == ERR_OK);
        fake_work(fake, server);
    }
    link_server_destroy(&server);
    link_zap_destroy(&zap);
    link_destroy(&link);
    return NULL;
}

/* Starts the thread and writes operator.conf and person.key into the scratch directory. */
static inline void fake_start(struct fake *fake, const struct scratch *scratch)
{
    char conf[512];
    char path[128];
    char key[LINK_KEY_Z85_SIZE];
    struct fault fault = {0};
    MUST(link_key_pair_draw(&fake->keys, &fault) == ERR_OK);
    MUST(link_key_pair_draw(&fake->person, &fault) == ERR_OK);
    MUST(pthread_create(&fake->thread, NULL, fake_main, fake) == 0);
    while (!atomic_load(&fake->ready)) {
        (void)sched_yield();
    }
    link_key_to_z85(fake->keys.public_key, key);
    (void)snprintf(conf, sizeof(conf),
                   "endpoint = %s\nserver_key = %s\nkey_file = person.key\n"
                   "time_zone = Asia/Shanghai\n",
                   fake->endpoint, key);
    scratch_write(scratch, "operator.conf", conf, strlen(conf));
    (void)snprintf(path, sizeof(path), "%s/person.key", scratch->path);
    MUST(link_key_pair_write(path, &fake->person, &fault) == ERR_OK);
}

static inline void fake_stop(struct fake *fake)
{
    atomic_store(&fake->stop, true);
    MUST(pthread_join(fake->thread, NULL) == 0);
}

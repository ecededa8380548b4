#include "controller/viid/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zmq.h>

#include "common/base/must.h"
#include "schema/envelope.h"

enum { RECONNECT_MS = 2000, UP_MS = LIMIT_SILENCE_MS };

struct asked {
    uint64_t sequence; /* 0: free */
    struct mono deadline;
    desk_done *done;
    void *ctx;
};

struct desk {
    struct link *link;
    struct link_client *client;
    struct link_key_pair keys;
    struct link_key server_key;
    char endpoint[LINK_ENDPOINT_SIZE];
    uint64_t sequence;
    struct asked asked[DESK_ASKED_MAX];
    bool heard, refused;
    struct mono heard_at, connect_at;
    uint8_t frame[LIMIT_FRAME_BYTES];
};

static enum err connect(struct desk *desk, struct fault *fault)
{
    struct link_client_options options = {.keys = &desk->keys,
                                          .server_key = desk->server_key,
                                          .endpoint = desk->endpoint,
                                          .watch_refusal = true};
    link_client_destroy(&desk->client);
    return link_client_create(desk->link, &options, &desk->client, fault);
}

enum err desk_create(const struct desk_options *options, struct desk **ret_desk,
                     struct fault *fault)
{
    AUTO(desk_destroy) struct desk *desk = calloc(1, sizeof(*desk));
    MUST(desk != NULL);
    desk->keys = *options->keys;
    desk->server_key = options->server_key;
    int size = snprintf(desk->endpoint, sizeof(desk->endpoint), "%s", options->endpoint);
    MUST(size > 0 && (size_t)size < sizeof(desk->endpoint));
    TRY(link_create(&desk->link, fault));
    TRY(connect(desk, fault));
    *ret_desk = desk;
    desk = NULL;
    return ERR_OK;
}

static void end(struct asked *asked, const Parkgate__Reply *reply)
{
    struct asked ended = *asked;
    *asked = (struct asked){.sequence = 0};
    ended.done(ended.ctx, reply);
}

void desk_destroy(struct desk **desk)
{
    if (*desk == NULL) {
        return;
    }
    for (size_t i = 0; i < DESK_ASKED_MAX; i++) {
        if ((*desk)->asked[i].sequence != 0) {
            end(&(*desk)->asked[i], NULL);
        }
    }
    link_client_destroy(&(*desk)->client);
    link_destroy(&(*desk)->link);
    link_key_pair_destroy(&(*desk)->keys);
    free(*desk);
    *desk = NULL;
}

static struct asked *free_slot(struct desk *desk)
{
    for (size_t i = 0; i < DESK_ASKED_MAX; i++) {
        if (desk->asked[i].sequence == 0) {
            return &desk->asked[i];
        }
    }
    return NULL;
}

static size_t write_request(struct desk *desk, const struct desk_request *request)
{
    ProtobufCBinaryData values[DESK_ARGS_MAX];
    ProtobufCBinaryData row = {.len = request->row.size,
                               .data = (uint8_t *)(uintptr_t)request->row.data};
    Parkgate__Request message = PARKGATE__REQUEST__INIT;
    MUST(request->count <= DESK_ARGS_MAX);
    for (size_t i = 0; i < request->count; i++) {
        values[i] = (ProtobufCBinaryData){.len = strlen(request->values[i]),
                                          .data = (uint8_t *)(uintptr_t)request->values[i]};
    }
    message.verb = (char *)(uintptr_t)request->verb;
    message.n_arg = message.n_value = request->count;
    message.arg = (char **)(uintptr_t)request->names;
    message.value = values;
    message.n_row = request->row.size > 0 ? 1 : 0;
    message.row = &row;
    message.version = PROTOCOL_VERSION;
    return envelope_write(PROTOCOL_VERSION, MESSAGE_REQUEST, ++desk->sequence, &message.base,
                          desk->frame, sizeof(desk->frame));
}

bool desk_ask(struct desk *desk, const struct desk_request *request, desk_done *done, void *ctx,
              struct mono now)
{
    struct fault fault;
    struct asked *slot = free_slot(desk);
    if (slot == NULL) {
        return false;
    }
    size_t size = write_request(desk, request);
    if (link_client_send(desk->client, (struct bytes){.data = desk->frame, .size = size}, &fault) !=
        ERR_OK) {
        return false;
    }
    *slot = (struct asked){.sequence = desk->sequence,
                           .deadline = mono_after_ms(now, DESK_TIMEOUT_MS),
                           .done = done,
                           .ctx = ctx};
    return true;
}

/* ---- replies ---- */

static bool copy_text(ProtobufCBinaryData value, char *out, size_t size)
{
    if (value.len >= size || (value.len > 0 && memchr(value.data, '\0', value.len) != NULL)) {
        return false;
    }
    if (value.len > 0) { /* an empty one has no bytes at all */
        memcpy(out, value.data, value.len);
    }
    out[value.len] = '\0';
    return true;
}

const char *desk_note(const Parkgate__Reply *reply, const char *name, char *out, size_t size)
{
    for (size_t i = 0; i < reply->n_note && i < reply->n_note_value; i++) {
        if (strcmp(reply->note[i], name) == 0) {
            return copy_text(reply->note_value[i], out, size) ? out : NULL;
        }
    }
    return NULL;
}

size_t desk_rows(const Parkgate__Reply *reply)
{
    return reply->n_column == 0 ? 0 : reply->n_cell / reply->n_column;
}

const char *desk_cell(const Parkgate__Reply *reply, size_t row, const char *column, char *out,
                      size_t size)
{
    out[0] = '\0';
    for (size_t i = 0; i < reply->n_column; i++) {
        if (strcmp(reply->column[i], column) == 0) {
            (void)copy_text(reply->cell[row * reply->n_column + i], out, size);
        }
    }
    return out;
}

static void take(struct desk *desk, struct bytes payload, struct mono now)
{
    struct envelope envelope;
    struct complaint why;
    if (!envelope_read(payload, &envelope, &why) || envelope.kind != MESSAGE_REPLY) {
        return;
    }
    ProtobufCMessage *message = envelope_unpack(&envelope, &why);
    if (message == NULL) {
        return;
    }
    desk->heard = true;
    desk->heard_at = now;
    for (size_t i = 0; i < DESK_ASKED_MAX; i++) {
        if (desk->asked[i].sequence == envelope.sequence && envelope.sequence != 0) {
            end(&desk->asked[i], (const Parkgate__Reply *)(const void *)message);
            break;
        }
    }
    protobuf_c_message_free_unpacked(message, NULL);
}

static void end_overdue(struct desk *desk, struct mono now)
{
    for (size_t i = 0; i < DESK_ASKED_MAX; i++) {
        if (desk->asked[i].sequence != 0 && !mono_before(now, desk->asked[i].deadline)) {
            end(&desk->asked[i], NULL);
        }
    }
}

int desk_fd(const struct desk *desk)
{
    int fd = -1;
    size_t size = sizeof(fd);
    return zmq_getsockopt(link_client_socket(desk->client), ZMQ_FD, &fd, &size) == 0 ? fd : -1;
}

void desk_turn(struct desk *desk, struct mono now)
{
    struct bytes payload;
    struct fault fault;
    while (link_client_recv(desk->client, &payload, &fault) == ERR_OK) {
        take(desk, payload, now);
    }
    end_overdue(desk, now);
    if (link_client_is_refused(desk->client) && !mono_before(now, desk->connect_at)) {
        desk->refused = true;
        desk->connect_at = mono_after_ms(now, RECONNECT_MS);
        MUST(connect(desk, &fault) == ERR_OK);
    } else if (desk_is_up(desk, now)) {
        desk->refused = false;
    }
}

bool desk_is_up(const struct desk *desk, struct mono now)
{
    return desk->heard && mono_before(now, mono_after_ms(desk->heard_at, UP_MS));
}

bool desk_is_refused(const struct desk *desk)
{
    return desk->refused;
}

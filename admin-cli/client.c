#include "admin-cli/client.h"

#include <stdlib.h>
#include <string.h>

#include <zmq.h>

#include "admin-cli/desk_file.h"
#include "admin-cli/desk_keeper.h"
#include "admin-cli/operator_conf.h"
#include "common/base/clock.h"
#include "common/base/must.h"
#include "common/link/link.h"
#include "schema/envelope.h"

enum { SEND_RETRY_MS = 20 };

struct client {
    struct link *link;
    struct link_client *socket;
    struct operator_conf conf;
    uint64_t sequence;
    uint8_t frame[LIMIT_FRAME_BYTES];
};

/* --- requests --- */

void request_bytes(struct request *request, const char *name, struct bytes value)
{
    MUST(request->arg_count < CLIENT_ARGS_MAX);
    request->names[request->arg_count] = (char *)(uintptr_t)name;
    request->values[request->arg_count++] =
        (ProtobufCBinaryData){.len = value.size, .data = (uint8_t *)(uintptr_t)value.data};
}

void request_arg(struct request *request, const char *name, const char *value)
{
    if (value != NULL) {
        request_bytes(request, name, bytes_of_text(value));
    }
}

void request_row(struct request *request, struct bytes row)
{
    MUST(request->row_count < CLIENT_ROWS_MAX);
    request->rows[request->row_count++] =
        (ProtobufCBinaryData){.len = row.size, .data = (uint8_t *)(uintptr_t)row.data};
}

/* --- the connection --- */

/* The person's key: of a file, or the one that is unlocked at this desk (`key_file = desk`). */
static bool read_keys(struct cli *cli, const struct operator_conf *conf,
                      struct link_key_pair *ret_pair, struct complaint *c)
{
    char dir[OPERATOR_PATH_SIZE];
    struct fault fault = {0};
    if (conf->at_desk) {
        return desk_dir(cli, dir, c) && (desk_keeper_key(dir, ret_pair) ||
                                         complain(c, ERROR_DESK_LOCKED, NULL, NULL, NULL, NULL));
    }
    return link_key_pair_read(conf->key_file, ret_pair, &fault) == ERR_OK ||
           complain(c, ERROR_KEY_FILE, fault.what, NULL, NULL, NULL);
}

static bool connect_client(struct cli *cli, struct complaint *c)
{
    struct client *client = calloc(1, sizeof(*client));
    struct fault fault = {0};
    struct link_key_pair pair;
    MUST(client != NULL);
    cli->client = client;
    if (!operator_conf_read(cli, &client->conf, c)) {
        return false;
    }
    if (!read_keys(cli, &client->conf, &pair, c)) {
        return false;
    }
    struct link_client_options options = {.keys = &pair,
                                          .server_key = client->conf.server_key,
                                          .endpoint = client->conf.endpoint,
                                          .watch_refusal = true};
    enum err err = link_create(&client->link, &fault);
    if (err == ERR_OK) {
        err = link_client_create(client->link, &options, &client->socket, &fault);
    }
    link_key_pair_destroy(&pair);
    return err == ERR_OK || complain(c, ERROR_CONFIG_FILE, fault.what, NULL, NULL, NULL);
}

void client_destroy(struct client **client)
{
    if (*client != NULL) {
        link_client_destroy(&(*client)->socket);
        link_destroy(&(*client)->link);
        free(*client);
        *client = NULL;
    }
}

static int64_t left_ms(struct mono deadline)
{
    const struct clock *clock = clock_system();
    return (deadline.us - clock->mono(clock->ctx).us) / 1000;
}

/* No answer in time, or the handshake was refused. */
static bool unreachable(const struct client *client, struct complaint *c)
{
    if (link_client_is_refused(client->socket)) {
        return complain(c, ERROR_KEY_UNKNOWN, NULL, NULL, NULL, NULL);
    }
    return complain(c, ERROR_UNREACHABLE, client->conf.endpoint, NULL, NULL, NULL);
}

/* Waits until the socket may be read or `ms` are over. */
static void wait_for(struct client *client, int64_t ms)
{
    zmq_pollitem_t item = {.socket = link_client_socket(client->socket), .events = ZMQ_POLLIN};
    (void)zmq_poll(&item, 1, (long)(ms < 0 ? 0 : ms));
}

static bool send_frame(struct client *client, size_t size, struct mono deadline,
                       struct complaint *c)
{
    struct bytes frame = {.data = client->frame, .size = size};
    struct fault fault = {0};
    for (;;) {
        enum err err = link_client_send(client->socket, frame, &fault);
        if (err == ERR_OK) {
            return true;
        }
        if (err != ERR_BUSY || left_ms(deadline) <= 0 || link_client_is_refused(client->socket)) {
            return unreachable(client, c);
        }
        wait_for(client, SEND_RETRY_MS);
    }
}

/* NULL: *c filled. Replies to earlier requests are passed over. */
static Parkgate__Reply *await_reply(struct client *client, uint64_t sequence, struct mono deadline,
                                    struct complaint *c)
{
    for (;;) {
        struct bytes payload;
        struct envelope envelope;
        struct fault fault = {0};
        struct complaint why = {0};
        if (link_client_recv(client->socket, &payload, &fault) != ERR_OK) {
            int64_t left = left_ms(deadline);
            if (left <= 0) {
                (void)unreachable(client, c);
                return NULL;
            }
            wait_for(client, left);
            continue;
        }
        if (!envelope_read(payload, &envelope, &why)) {
            char text[ERROR_ARG_SIZE];
            error_sentence_en(&why, text, sizeof(text));
            (void)complain(c, ERROR_REPLY_BAD, text, NULL, NULL, NULL);
            return NULL;
        }
        if (envelope.kind != MESSAGE_REPLY || envelope.sequence != sequence) {
            continue;
        }
        ProtobufCMessage *reply = envelope_unpack(&envelope, &why);
        if (reply == NULL) {
            char text[ERROR_ARG_SIZE];
            error_sentence_en(&why, text, sizeof(text));
            (void)complain(c, ERROR_REPLY_BAD, text, NULL, NULL, NULL);
        }
        return (Parkgate__Reply *)reply;
    }
}

static bool is_refused(const Parkgate__Reply *reply, struct complaint *c)
{
    const char *args[ERROR_ARGS] = {NULL};
    for (size_t i = 0; i < reply->n_error_arg && i < ERROR_ARGS; i++) {
        args[i] = reply->error_arg[i];
    }
    (void)complain(c, (enum error_number)reply->error, args[0], args[1], args[2], args[3]);
    return reply->error != ERROR_NONE;
}

static struct mono deadline_of(const struct request *request)
{
    const struct clock *clock = clock_system();
    int timeout_ms = request->timeout_ms == 0 ? CLIENT_TIMEOUT_MS : request->timeout_ms;
    return mono_after_ms(clock->mono(clock->ctx), timeout_ms);
}

bool client_begin(struct cli *cli, const struct request *request, struct asked *ret_asked,
                  struct complaint *c)
{
    if (cli->client == NULL && !connect_client(cli, c)) {
        client_destroy(&cli->client);
        return false;
    }
    struct client *client = cli->client;
    Parkgate__Request message = PARKGATE__REQUEST__INIT;
    message.verb = (char *)(uintptr_t)request->verb;
    message.n_arg = message.n_value = request->arg_count;
    message.arg = (char **)(uintptr_t)request->names;
    message.value = (ProtobufCBinaryData *)(uintptr_t)request->values;
    message.n_row = request->row_count;
    message.row = (ProtobufCBinaryData *)(uintptr_t)request->rows;
    message.version = PROTOCOL_VERSION;
    size_t size = envelope_write(PROTOCOL_VERSION, MESSAGE_REQUEST, ++client->sequence,
                                 &message.base, client->frame, sizeof(client->frame));
    *ret_asked = (struct asked){.sequence = client->sequence, .deadline = deadline_of(request)};
    return send_frame(client, size, ret_asked->deadline, c);
}

bool client_finish(struct cli *cli, const struct asked *asked, Parkgate__Reply **ret_reply,
                   struct complaint *c)
{
    Parkgate__Reply *reply = await_reply(cli->client, asked->sequence, asked->deadline, c);
    if (reply == NULL) {
        return false;
    }
    if (is_refused(reply, c)) {
        parkgate__reply__free_unpacked(reply, NULL);
        return false;
    }
    *ret_reply = reply;
    return true;
}

bool client_ask(struct cli *cli, const struct request *request, Parkgate__Reply **ret_reply,
                struct complaint *c)
{
    struct asked asked;
    return client_begin(cli, request, &asked, c) && client_finish(cli, &asked, ret_reply, c);
}

static void learn_zone(struct cli *cli, struct answer *answer)
{
    const char *zone = answer_note(answer, "time_zone");
    if (zone != NULL) {
        cli_set_zone(cli, zone);
    }
}

/* Our own start gives way to the cursor of the page before. */
static void set_cursor(struct request *page, struct bytes cursor)
{
    for (size_t i = 0; i < page->arg_count; i++) {
        if (strcmp(page->names[i], "after") == 0) {
            page->arg_count--;
            page->names[i] = page->names[page->arg_count];
            page->values[i] = page->values[page->arg_count];
            break;
        }
    }
    request_bytes(page, "after", cursor);
}

bool client_ask_all(struct cli *cli, const struct request *request, struct answer *answer,
                    struct complaint *c)
{
    struct request page = *request;
    char cursor[LIMIT_ARG_BYTES + 1];
    for (;;) {
        Parkgate__Reply *reply = NULL;
        if (!client_ask(cli, &page, &reply, c)) {
            return false;
        }
        bool good = answer_take(answer, reply, c);
        bool more = reply->more;
        size_t size = reply->cursor.len;
        bool fits = !more || (size > 0 && size <= LIMIT_ARG_BYTES);
        if (more && fits) {
            memcpy(cursor, reply->cursor.data, size);
            cursor[size] = '\0';
        }
        parkgate__reply__free_unpacked(reply, NULL);
        learn_zone(cli, answer);
        if (!good || !more) {
            return good;
        }
        if (!fits) {
            return complain(c, ERROR_REPLY_BAD, "no cursor", NULL, NULL, NULL);
        }
        if (request->one_page) {
            answer_add_note(answer, "more", cursor);
            return true;
        }
        page = *request;
        set_cursor(&page, (struct bytes){.data = (const uint8_t *)cursor, .size = size});
    }
}

#include "reader-agent/net/controller_link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "schema/envelope.h"

struct controller_link {
    struct link *link;
    struct link_key_pair keys;
    struct link_key server_key;
    char endpoint[LINK_ENDPOINT_SIZE];
    struct link_client *client;
    uint8_t version;
    uint8_t frame[LIMIT_FRAME_BYTES];
};

static enum err connect_client(struct controller_link *link, struct fault *fault)
{
    struct link_client_options options = {
        .keys = &link->keys, .server_key = link->server_key, .endpoint = link->endpoint};
    return link_client_create(link->link, &options, &link->client, fault);
}

enum err controller_link_create(const struct controller_link_options *options,
                                struct controller_link **ret_link, struct fault *fault)
{
    if (strlen(options->endpoint) >= LINK_ENDPOINT_SIZE) {
        return fault_set(fault, ERR_INPUT, "the controller's address is too long: %s",
                         options->endpoint);
    }
    AUTO(controller_link_destroy) struct controller_link *link = calloc(1, sizeof(*link));
    if (link == NULL) {
        return fault_set(fault, ERR_IO, "out of memory");
    }
    link->link = options->link;
    link->keys = *options->keys;
    link->server_key = options->server_key;
    link->version = PROTOCOL_VERSION;
    (void)snprintf(link->endpoint, sizeof(link->endpoint), "%s", options->endpoint);
    TRY(connect_client(link, fault));
    *ret_link = link;
    link = NULL;
    return ERR_OK;
}

void controller_link_destroy(struct controller_link **link)
{
    if (*link == NULL) {
        return;
    }
    link_client_destroy(&(*link)->client);
    link_key_pair_destroy(&(*link)->keys);
    free(*link);
    *link = NULL;
}

void *controller_link_socket(const struct controller_link *link)
{
    return link_client_socket(link->client);
}

enum err controller_link_renew(struct controller_link *link, struct fault *fault)
{
    struct link_client *old = link->client;
    link->client = NULL;
    enum err err = connect_client(link, fault);
    if (err != ERR_OK) {
        link->client = old;
        return err;
    }
    link_client_destroy(&old);
    link->version = PROTOCOL_VERSION;
    return ERR_OK;
}

void controller_link_set_keys(struct controller_link *link, const struct link_key_pair *keys)
{
    link->keys = *keys;
}

void controller_link_set_server(struct controller_link *link, struct link_key server_key)
{
    link->server_key = server_key;
}

void controller_link_speak(struct controller_link *link, uint8_t version)
{
    MUST(version >= PROTOCOL_VERSION_OLDEST && version <= PROTOCOL_VERSION);
    link->version = version;
}

enum err controller_link_send(struct controller_link *link, enum message_kind kind,
                              const ProtobufCMessage *message, struct fault *fault)
{
    size_t size = envelope_write(link->version, kind, 0, message, link->frame, sizeof(link->frame));
    return link_client_send(link->client, (struct bytes){.data = link->frame, .size = size}, fault);
}

enum err controller_link_send_event(struct controller_link *link, uint64_t sequence,
                                    struct bytes packed, struct fault *fault)
{
    size_t size = envelope_wrap(link->version, MESSAGE_EVENT, sequence, packed, link->frame,
                                sizeof(link->frame));
    return link_client_send(link->client, (struct bytes){.data = link->frame, .size = size}, fault);
}

static void log_complaint(const struct complaint *complaint)
{
    char sentence[512];
    error_sentence_en(complaint, sentence, sizeof(sentence));
    log_warning("controller_frame_dropped", LOG_NUM("error", complaint->number),
                LOG_TEXT("why", sentence));
}

static void take_frame(struct bytes frame,
                       void (*heard)(void *, uint16_t, const ProtobufCMessage *), void *ctx)
{
    struct complaint complaint = {0};
    struct envelope envelope;
    if (!envelope_read(frame, &envelope, &complaint)) {
        log_complaint(&complaint);
        return;
    }
    ProtobufCMessage *message = envelope_unpack(&envelope, &complaint);
    if (message == NULL) {
        log_complaint(&complaint);
        return;
    }
    heard(ctx, envelope.kind, message);
    protobuf_c_message_free_unpacked(message, NULL);
}

enum err controller_link_turn(struct controller_link *link,
                              void (*heard)(void *, uint16_t, const ProtobufCMessage *), void *ctx,
                              struct fault *fault)
{
    for (int i = 0; i < CONTROLLER_LINK_A_TURN; i++) {
        struct bytes frame;
        enum err err = link_client_recv(link->client, &frame, fault);
        if (err == ERR_NOT_FOUND) {
            return ERR_OK;
        }
        TRY(err);
        take_frame(frame, heard, ctx);
    }
    return ERR_OK;
}

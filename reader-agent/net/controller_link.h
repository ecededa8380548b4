/* controller_link: the agent's connection to the controller's port for agents.
 *
 * Packs, sends, receives, checks and unpacks; what it means is the app's. Nothing blocks. Messages
 * that cannot be read are dropped and logged: a controller that sends them is broken, not we.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>

#include "common/base/bytes.h"
#include "common/base/err.h"
#include "common/link/link.h"
#include "schema/kinds.h"

enum { CONTROLLER_LINK_A_TURN = 64 }; /* messages taken in one turn */

struct controller_link;

struct controller_link_options {
    struct link *link;                /* borrowed */
    const struct link_key_pair *keys; /* copied */
    struct link_key server_key;
    const char *endpoint; /* copied */
};

/* Errors as link_client_create(). */
MUST_CHECK enum err controller_link_create(const struct controller_link_options *options,
                                           struct controller_link **ret_link, struct fault *fault);
void controller_link_destroy(struct controller_link **link);
/* For the loop; changes with controller_link_renew(). */
void *controller_link_socket(const struct controller_link *link);
/* Closes the connection and makes a new one. Take the old socket out of the loop before. */
MUST_CHECK enum err controller_link_renew(struct controller_link *link, struct fault *fault);
/* For the next connection. */
void controller_link_set_keys(struct controller_link *link, const struct link_key_pair *keys);
void controller_link_set_server(struct controller_link *link, struct link_key server_key);
/* The version spoken from now on, 1 to PROTOCOL_VERSION. */
void controller_link_speak(struct controller_link *link, uint8_t version);

/* ERR_BUSY: not sent, nothing is queued. */
MUST_CHECK enum err controller_link_send(struct controller_link *link, enum message_kind kind,
                                         const ProtobufCMessage *message, struct fault *fault);
/* An event as it stands in the outbox, at most LIMIT_EVENT_BYTES. */
MUST_CHECK enum err controller_link_send_event(struct controller_link *link, uint64_t sequence,
                                               struct bytes packed, struct fault *fault);

/* Takes up to CONTROLLER_LINK_A_TURN messages. `heard` gets each one's kind and unpacked body,
 * borrowed for the call. */
MUST_CHECK enum err controller_link_turn(struct controller_link *link,
                                         void (*heard)(void *ctx, uint16_t kind,
                                                       const ProtobufCMessage *message),
                                         void *ctx, struct fault *fault);

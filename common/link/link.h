/* link: authenticated messages between our programs, over ZeroMQ with CURVE.
 *
 * One context, one thread. A server (ROUTER) knows each message's sender by its CURVE key, which
 * libzmq carries as User-Id; a client (DEALER) knows the server by its public key. The ZAP handler
 * of zap.h says which keys may connect at all. Wire: one message is one frame of 1 to
 * LINK_FRAME_MAX bytes, opaque here.
 *
 * Caveats
 * - A socket is never a queue that must not lose: in-flight messages die with a connection without
 *   an error. Keep what matters in the store and resend until it is answered.
 * - ZAP judges the handshake only. A key revoked later stays connected: check link_msg.key against
 *   the live key table on EVERY message.
 * - Never identify a peer by its routing id; it names one connection for an answer, nothing more.
 * - Nothing here blocks. ERR_BUSY from a send means not sent; keep the message and try again later.
 * - A client whose key was refused does not try again by itself (libzmq ends that connection for
 *   good): destroy the client and create it anew, with a back-off of your own.
 * - Never across fork; create the link after it.
 * - An allowed peer can still send one endless multi-part message; its memory is bounded only by
 * the process limit. Revoke such a key.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/err.h"
#include "common/link/key.h"
#include "schema/limits.h"

enum {
    LINK_FRAME_MAX = LIMIT_FRAME_BYTES,        /* bytes; a larger frame closes the connection */
    LINK_ENDPOINT_SIZE = 128,                  /* with the final NUL */
    LINK_ADDRESS_SIZE = 48,                    /* an IP address, with the final NUL */
    LINK_DOMAIN_SIZE = 32,                     /* of a ZAP domain, with the final NUL */
    LINK_HWM_DEFAULT = 1000,                   /* messages a peer and direction */
    LINK_HEARTBEAT_MS = LIMIT_HEARTBEAT_MS,    /* ping every */
    LINK_HEARTBEAT_DEAD_MS = LIMIT_SILENCE_MS, /* silence after which a connection is given up */
    LINK_HANDSHAKE_MS = 5000,
    LINK_RECONNECT_MS = 100, /* first; doubles up to the next */
    LINK_RECONNECT_MAX_MS = 10000,
    LINK_BACKLOG = 1024,
    LINK_DROPS_A_TURN = 64, /* bad messages that one receive passes over */
};

struct link; /* the process's one context */
struct link_zap;
struct link_server;
struct link_client;

/* Starts ZeroMQ. ERR_UNSUPPORTED: libzmq older than 4.3.4, or without CURVE: do not start. */
MUST_CHECK enum err link_create(struct link **ret_link, struct fault *fault);
/* All sockets must be destroyed before (aborts). */
void link_destroy(struct link **link);

/* --- server --- */

struct link_server_options {
    const struct link_key_pair *keys; /* copied */
    const char *domain;               /* ZAP domain: names this port to the allow callback */
    int hwm_messages;                 /* 0: LINK_HWM_DEFAULT */
};

/* Makes the socket, sets every option and reads it back; does not bind yet. `zap` must have passed
 * link_zap_self_test() (aborts), so no port is ever open without a judge. */
MUST_CHECK enum err link_server_create(struct link *link, const struct link_zap *zap,
                                       const struct link_server_options *options,
                                       struct link_server **ret_server, struct fault *fault);
/* Listens at "tcp://ADDRESS:PORT" or "ipc://PATH"; may be called for several. Port "*": the system
 * picks. ret_endpoint (may be NULL): what it became.
 * ERR_INPUT: no such endpoint      ERR_BUSY: the address is in use */
MUST_CHECK enum err link_server_bind(struct link_server *server, const char *endpoint,
                                     char ret_endpoint[LINK_ENDPOINT_SIZE], struct fault *fault);
void link_server_destroy(struct link_server **server);
/* For the loop's poller. Borrowed; do not send or receive on it. */
void *link_server_socket(const struct link_server *server);

/* Where an answer goes: one connection. A copy may be kept; it goes stale with the connection. */
struct link_peer {
    uint8_t id[5]; /* picked by ROUTER; peers that name themselves are dropped */
    char address[LINK_ADDRESS_SIZE]; /* where it comes from, for the record; "" not known */
};

struct link_msg {
    struct link_peer peer;
    struct link_key key;  /* the sender's CURVE key, proved by the handshake */
    struct bytes payload; /* borrowed until the next receive on this server */
};

/* One message if there is one. ERR_NOT_FOUND: none now. Messages that are not exactly one frame,
 * are empty, or carry no proved key are dropped and counted. */
MUST_CHECK enum err link_server_recv(struct link_server *server, struct link_msg *ret_msg,
                                     struct fault *fault);
/* Hands `payload` (1 to LINK_FRAME_MAX bytes, copied) to the connection of `peer`.
 * ERR_BUSY: its queue is full, not sent      ERR_NOT_FOUND: that connection is gone, not sent
 * Both are answers: `fault` stays untouched. */
MUST_CHECK enum err link_server_send(struct link_server *server, const struct link_peer *peer,
                                     struct bytes payload, struct fault *fault);

struct link_counters {
    uint64_t received, sent;
    uint64_t dropped_shape; /* not one frame of 1 to LINK_FRAME_MAX bytes */
    uint64_t dropped_peer;  /* a routing id chosen by the peer itself */
    uint64_t dropped_key;   /* no User-Id, or one that is no key */
    uint64_t send_busy, send_gone;
};

struct link_counters link_server_counters(const struct link_server *server);

/* --- client --- */

struct link_client_options {
    const struct link_key_pair *keys; /* ours; copied */
    struct link_key server_key;       /* the only server that will be talked to */
    const char *endpoint;             /* "tcp://HOST:PORT" or "ipc://PATH" */
    int hwm_messages;                 /* 0: LINK_HWM_DEFAULT */
    bool watch_refusal;               /* so that link_client_is_refused() can tell */
};

/* Makes the socket and starts to connect; goes on for ever, 100 ms to 10 s between attempts. */
MUST_CHECK enum err link_client_create(struct link *link, const struct link_client_options *options,
                                       struct link_client **ret_client, struct fault *fault);
void link_client_destroy(struct link_client **client);
void *link_client_socket(const struct link_client *client);
/* Did the server's judge refuse our key? It stays so for this client: see Caveats. False without
 * watch_refusal. */
bool link_client_is_refused(struct link_client *client);
/* ERR_BUSY: not connected now, or the queue is full; not sent. `fault` stays untouched. */
MUST_CHECK enum err link_client_send(struct link_client *client, struct bytes payload,
                                     struct fault *fault);
/* *ret_payload is borrowed until the next receive on this client. ERR_NOT_FOUND: none now. */
MUST_CHECK enum err link_client_recv(struct link_client *client, struct bytes *ret_payload,
                                     struct fault *fault);

/* --- descriptors --- */

enum { LINK_FDS_MIN = LIMIT_FDS_MIN };

/* Raises the soft limit of open files to the hard one. ERR_REFUSED: still under `minimum`; do not
 * start. The text says what to do. */
MUST_CHECK enum err link_raise_fds(uint64_t minimum, struct fault *fault);

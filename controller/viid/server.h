/* server: the port that view libraries come to (libmicrohttpd): HTTP and nothing of what it
 * carries.
 *
 * No thread and no wait: the program's loop polls one descriptor and calls turn. A request is
 * admitted by its headers, its body is then read (or thrown away) to its end, and it is answered
 * now or later: a later one is suspended, never the loop.
 *
 * Bounds: SERVER_CONNECTIONS, SERVER_PER_SOURCE of one address, the body size that admitting says,
 * and SERVER_REQUEST_S of silence.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/err.h"

enum {
    SERVER_CONNECTIONS = 64,
    SERVER_PER_SOURCE = 16,
    SERVER_REQUEST_S = 30,
    SERVER_SOURCE_SIZE = 64,
    SERVER_TARGET_SIZE = 1024,
};

struct server;

/* One request, ours until it is answered. */
struct server_request;

const char *server_method(const struct server_request *request);
/* As in the request line, with its query. */
const char *server_target(const struct server_request *request);
/* Without query, decoded. */
const char *server_path(const struct server_request *request);
/* Where it comes from: a numeric address. */
const char *server_source(const struct server_request *request);
/* NULL: not there. Borrowed. */
const char *server_header(const struct server_request *request, const char *name);
const char *server_query(const struct server_request *request, const char *name);
/* The whole body; of a request that is served. */
struct bytes server_body(const struct server_request *request);
/* Kept with the request for whoever admits and serves it. */
void server_keep(struct server_request *request, void *kept);
void *server_kept(const struct server_request *request);

/* Answers it, once. Takes `body` (NULL: none). `challenge`: a WWW-Authenticate header, or NULL. */
void server_answer(struct server_request *request, unsigned status, json_t *body,
                   const char *challenge);

struct server_hooks {
    /* Headers are there. True: the body is read, at most *ret_body_max bytes (more is answered
     * 413), and serve follows. False: it has been answered. */
    bool (*admit)(void *ctx, struct server_request *request, size_t *ret_body_max);
    /* It is whole. It may be answered after this returned. */
    void (*serve)(void *ctx, struct server_request *request);
    void *ctx;
};

struct server_options {
    const char *address;              /* numeric IPv4 or IPv6 */
    uint16_t port;                    /* 0: the system chooses */
    const char *cert_file, *key_file; /* PEM; NULL: plain HTTP */
    struct server_hooks hooks;
};

/* ERR_INPUT: no such address. ERR_REFUSED: the key file can be read by others. ERR_IO. */
MUST_CHECK enum err server_create(const struct server_options *options, struct server **ret_server,
                                  struct fault *fault);
/* All requests must have been answered before. */
void server_destroy(struct server **server);
int server_fd(const struct server *server);
/* How long the loop may sleep before it calls turn all the same; -1 for ever. */
int server_timeout_ms(const struct server *server);
void server_turn(struct server *server);
uint16_t server_port(const struct server *server);

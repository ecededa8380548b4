/* internal: what the files of this room share. Not for others. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/link/link.h"
#include "common/link/zap.h"

struct link {
    void *context;
    pthread_t owner; /* the one thread that may use the link and its sockets */
    unsigned sockets;
    uint64_t clients_made;
};

struct link_zap {
    struct link *link;
    void *socket;
    struct link_zap_policy policy;
    const struct link_key *self_test_key; /* set while the self-test runs: the one key allowed */
    bool proved;
    struct link_zap_counters counters;
};

#define LINK_SELF_TEST_DOMAIN "self-test"

/* An integer option of a socket and the value it must have. */
struct link_option {
    int option;
    int value;
    const char *name;
    bool write_only; /* libzmq cannot read it back */
};

/* Aborts unless called by the thread that made the link. */
void link_check_thread(const struct link *link);

/* A socket with the options that all our sockets share, counted in link->sockets. ERR_FULL: no
 * descriptor or socket is left. */
MUST_CHECK enum err link_socket_open(struct link *link, int type, int hwm_messages,
                                     void **ret_socket, struct fault *fault);
void link_socket_close(struct link *link, void **socket);

/* Sets each option and reads it back. */
MUST_CHECK enum err link_set_options(void *socket, const struct link_option *options, size_t count,
                                     struct fault *fault);
MUST_CHECK enum err link_set_key(void *socket, int option, const char *name,
                                 const struct link_key *key, struct fault *fault);
/* The fault for a failed libzmq call, from zmq_errno(). */
enum err link_fault(const char *where, const char *what, struct fault *fault);

/* link_server_create() without asking whether the ZAP handler was proved: the proof needs it. */
MUST_CHECK enum err link_server_make(struct link *link, const struct link_server_options *options,
                                     struct link_server **ret_server, struct fault *fault);

/* zap: the judge of CURVE handshakes (ZeroMQ RFC 27), in our own single thread.
 *
 * libzmq asks over inproc://zeromq.zap.01 which keys may connect. The loop polls link_zap_socket()
 * and calls link_zap_turn() when it is readable; until then a connecting peer waits.
 */
#pragma once

#include "common/link/link.h"

/* May `key` connect to the server with this ZAP domain? Called from link_zap_turn() only. */
struct link_zap_policy {
    bool (*allow)(void *ctx, const char *domain, const struct link_key *key);
    void *ctx; /* borrowed, outlives the zap */
};

/* Takes the ZAP address of this context. One per link (a second one is ERR_BUSY). */
MUST_CHECK enum err link_zap_create(struct link *link, struct link_zap_policy policy,
                                    struct link_zap **ret_zap, struct fault *fault);
void link_zap_destroy(struct link_zap **zap);
void *link_zap_socket(const struct link_zap *zap);

/* Proves on a loopback port, in well under a second, that a known key gets through and an unknown
 * one does not. Needs no running loop, asks nothing of the policy. Do this before any bind.
 * ERR_REFUSED: the wrong key got through, or the right one did not: do not start. */
MUST_CHECK enum err link_zap_self_test(struct link_zap *zap, struct fault *fault);
/* Has the self-test passed? */
bool link_zap_is_proved(const struct link_zap *zap);

enum { LINK_ZAP_A_TURN = 64 }; /* requests answered in one turn */

/* Answers the requests that wait, at most LINK_ZAP_A_TURN of them. */
MUST_CHECK enum err link_zap_turn(struct link_zap *zap, struct fault *fault);

struct link_zap_counters {
    uint64_t allowed, refused;
    uint64_t malformed; /* not a CURVE request of ZAP 1.0; refused too */
};

struct link_zap_counters link_zap_counters(const struct link_zap *zap);

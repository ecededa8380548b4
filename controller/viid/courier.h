/* courier: between the controller's list of notifications that are due and the peers' outboxes.
 *
 * Asks for what is due every COURIER_POLL_MS for each peer, which is also how the controller hears
 * that we live; tells it what a peer has acknowledged until it knows. Keeps nothing that the
 * controller does not have: after a restart the same notices come again, under the same ids.
 */
#pragma once

#include "common/base/clock.h"
#include "controller/viid/desk.h"
#include "controller/viid/settings.h"
#include "controller/viid/upper.h"

enum { COURIER_POLL_MS = 2000 };

struct courier {
    struct desk *desk;    /* borrowed */
    struct upper *uppers; /* borrowed; by the peer's place in settings */
    const struct viid_settings *settings;
    struct courier_peer {
        struct courier *courier;
        size_t place;
        struct mono next;
        bool asks, tells;
        uint64_t after; /* notices up to this number were looked at in this round */
        uint64_t telling;
    } peers[VIID_PEERS_MAX];
};

void courier_begin(struct courier *courier, const struct viid_settings *settings, struct desk *desk,
                   struct upper *uppers);
void courier_turn(struct courier *courier, struct mono now);

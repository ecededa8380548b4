/* link_state: does the controller answer, and what is to be said to it now?
 *
 * Functional core: times come in as values. The controller "answers" after WELCOME, until 6 s of
 * silence or three missed deadlines in a row; while it does not, the gate decides at once. It
 * answers again when it served an event in time (a verdict or an acknowledgement within the
 * deadline), or with the WELCOME after it was away. A controller that is merely slow says WELCOME
 * too: that alone gives it no second chance.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "schema/limits.h"

enum {
    LINK_HELLO_NOT_SENT_MS = 250, /* until the next try when there is no connection yet */
    LINK_HELLO_FIRST_MS = 1000,   /* until the next one when one was sent; doubles: a second HELLO
                                     on its way could be taken for that of a restored box */
    LINK_HELLO_LAST_MS = 4000,
    LINK_QUIET_MS = 2 * LIMIT_HEARTBEAT_MS + 500, /* then HELLO again: it may have forgotten us */
    LINK_RENEW_FIRST_MS = 10000,                  /* unheard so long: a new connection; doubles */
    LINK_RENEW_LAST_MS = 60000,
};

struct link_state {
    bool welcome;    /* WELCOME came, and no silence since */
    bool want_hello; /* the controller may not know this connection */
    bool forgotten;  /* it said so */
    uint32_t misses; /* deadlines in a row without a verdict */
    uint32_t hello_ms, renew_ms;
    struct mono heard, next_hello, next_heartbeat, renew_at;
};

/* What is due, as bits. */
enum link_due {
    LINK_DUE_NONE = 0,
    LINK_DUE_HELLO = 1,
    LINK_DUE_HEARTBEAT = 2,
    LINK_DUE_RENEW = 4,  /* close the connection and make a new one */
    LINK_DUE_SILENT = 8, /* the controller has just fallen silent; once */
};

void link_state_begin(struct link_state *state, struct mono now);
/* Call at least every 250 ms; perform what comes back. */
unsigned link_state_tick(struct link_state *state, struct mono now);
/* What became of a HELLO that was due. */
void link_state_hello_sent(struct link_state *state, bool sent, struct mono now);
/* Any message of the controller. */
void link_state_heard(struct link_state *state, struct mono now);
void link_state_welcomed(struct link_state *state, struct mono now);
/* HELLO was refused: try again with the slow back-off. */
void link_state_refused(struct link_state *state, struct mono now);
/* A verdict or an acknowledgement came within the deadline. */
void link_state_served(struct link_state *state);
/* An event was answered `retry`: it may not know this connection (it was started again). */
void link_state_unknown(struct link_state *state);
/* A presentation's deadline passed without a verdict. */
void link_state_missed(struct link_state *state);
/* Is a verdict in time to be hoped for? */
bool link_state_answers(const struct link_state *state, struct mono now);
/* May events be sent: after WELCOME and not silent. */
bool link_state_is_up(const struct link_state *state, struct mono now);

/* fleet: emulated gate boxes over real CURVE sockets, and what they measure.
 *
 * A gate's box says HELLO, then sends presentations of badges and, for each grant, the passage that
 * follows it, each with its sequence; it takes verdicts and acknowledgements. It keeps nothing on
 * disk: a fleet that is created again is of boxes whose outboxes were wiped. A bare fleet sends
 * frames of the same size that carry only a number and a person, to measure an echo or a bare store
 * behind the same sockets.
 *
 * A person is a number below the population's; its badge is fleet_badge(). Persons come in an order
 * that touches all of the population evenly. Who was let in is sent out the next time.
 *
 * Times: a latency begins when the event was due to be sent, not when it was, so that a slow answer
 * cannot hide the waiting of those behind it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/link/link.h"
#include "tests/bench/series.h"

enum {
    FLEET_MAX = 200,          /* boxes */
    FLEET_OPEN_MAX = 8192,    /* events of a box that are not acknowledged; a power of two */
    FLEET_BADGE_SIZE = 7,     /* bytes of a UID */
    FLEET_BARE_FRAME = 176,   /* bytes: what an event of a gate has, all around it included */
    FLEET_VEHICLES = 1 << 30, /* the first person that is a vehicle: it shows fleet_plate() */
    FLEET_VEHICLES_MAX = 2400000,
    FLEET_PLATE_SIZE = 16,
};

/* Bare frames: 'E', number u64, person u64, box u16, zeros. Replies: the frame itself (echo), or
 * 'V', number u64 and then, after the commit, 'A', count u16, numbers u64. */

struct fleet_options {
    struct link *link;
    bool bare;
    bool fed;    /* gates that keep copies: they are fed, and say how far they are */
    bool plates; /* persons are vehicles: their plates are read at entries, and nobody goes through
                  */
    const char *endpoint;
    struct link_key server_key;
    const char *key_dir; /* DIR/g-001/agent.key, ... of boxes that joined; bare: not used */
    size_t count;
    uint32_t persons;
};

struct fleet_figures {
    struct series verdict, ack;
    uint64_t sent, acks, granted, denied, refused, retried, busy, dropped;
};

/* A badge or plate that is shown once beside the flow, and what became of it. */
struct fleet_probe {
    size_t box;
    uint32_t person;
    int64_t sent_ns, answered_ns; /* 0: no verdict came */
    uint32_t outcome;             /* enum outcome */
};

/* The copy of a box became that of a sequence. */
struct fleet_copy {
    size_t box;
    uint64_t sequence;
    int64_t at_ns;
};

enum { FLEET_PROBES_MAX = 16384, FLEET_COPIES_MAX = 65536 };

struct fleet;

MUST_CHECK enum err fleet_create(const struct fleet_options *options, struct fleet **ret_fleet,
                                 struct fault *fault);
void fleet_destroy(struct fleet **fleet);

enum { FLEET_RETURNS_MAX = 4 };

/* Every box leaves, and comes back by `times` new connections at once, as over a link that flaps:
 * the same key, the same outbox. Each says HELLO until it is welcomed; then the last one of a box
 * is its connection, and the box is not ready until it was welcomed by it once more. Nothing may be
 * unanswered. fleet_return_turn() does it: call it often until all have come. */
MUST_CHECK enum err fleet_return(struct fleet *fleet, const struct fleet_options *options,
                                 size_t times, struct fault *fault);
/* How many were welcomed; *ret_anew: of these so many as boxes whose outbox is another. */
size_t fleet_return_turn(struct fleet *fleet, size_t *ret_anew);
/* Of the return: connections, and each one's socket for zmq_poll. */
size_t fleet_returning(const struct fleet *fleet);
void *fleet_returning_socket(const struct fleet *fleet, size_t number);

size_t fleet_count(const struct fleet *fleet);
/* For zmq_poll. */
void *fleet_socket(const struct fleet *fleet, size_t box);
/* Boxes that were welcomed (bare: all). */
size_t fleet_ready(const struct fleet *fleet);
/* Says HELLO for those that were not, heartbeats for the others. Call every second or two. */
void fleet_beat(struct fleet *fleet);

/* From now on: events that are due at `from_ns` (monotonic) or later count in the figures. */
void fleet_measure(struct fleet *fleet, int64_t from_ns);
/* Sends the box's next event, due at `due_ns`. False: its window or its socket is full. */
bool fleet_send(struct fleet *fleet, size_t box, int64_t due_ns);
/* Shows a person's badge, or a vehicle's plate, at the box's entry, beside what it sends; nobody
 * goes through. False: as fleet_send(), or there is no more room. */
bool fleet_probe(struct fleet *fleet, size_t box, uint32_t person, int64_t now_ns);
/* All since fleet_measure(). Borrowed. */
const struct fleet_probe *fleet_probes(const struct fleet *fleet, size_t *ret_count);
const struct fleet_copy *fleet_copies(const struct fleet *fleet, size_t *ret_count);
/* Boxes whose copy is whole. */
size_t fleet_whole(const struct fleet *fleet);
/* Takes whatever has come for this box. */
void fleet_drain(struct fleet *fleet, size_t box, int64_t now_ns);
/* Events of the box, or of all, that are not acknowledged yet. */
size_t fleet_unanswered(const struct fleet *fleet, size_t box);
size_t fleet_unanswered_all(const struct fleet *fleet);
struct fleet_figures *fleet_figures(struct fleet *fleet);

void fleet_badge(uint32_t person, uint8_t out[FLEET_BADGE_SIZE]);
/* Of the vehicle of this number, from 0. */
void fleet_plate(uint32_t vehicle, char out[FLEET_PLATE_SIZE]);

/* face_terminal: the agent's end of parkgate-terminal, one helper for each face terminal that we
 * speak to.
 *
 * Who decides at a terminal's door, answers to a terminal that asks, and the subjects that it must
 * know or no longer know. Orders are kept here in memory only: the controller gives them again
 * until it has heard of their end, so nothing is lost by a restart, and an order carried out twice
 * changes nothing. At most one order of a terminal is in its helper's hands.
 */
#pragma once

#include "common/base/clock.h"
#include "common/base/err.h"
#include "reader-agent/driver/driver.h"
#include "reader-agent/driver/helper_port.h"

enum {
    FACE_TERMINALS_MAX = LIMIT_HELPERS_PER_AGENT,
    FACE_ORDERS_MAX = 256,      /* of a gate; what is over this waits at the controller */
    FACE_RETRY_FIRST_MS = 1000, /* a terminal that does not answer; doubled up to ... */
    FACE_RETRY_MS = 60000,
    FACE_REFUSED_MS = 600000, /* an order that the terminal refused is tried again after this */
};

struct face_terminal_config {
    struct name reader;
    struct helper_terminal where;
    bool asks; /* its relay is on the lane, and it is to ask before it opens */
};

/* What the controller wants of a terminal. */
struct face_order {
    struct name reader;
    struct helper_subject subject;
};

/* All calls return at once. */
struct face_terminal_sink {
    /* DEVICE_ALONE or DEVICE_HEEDS: once at each change. */
    void (*control)(void *ctx, struct name reader, enum device_state state, const char *what);
    /* What became of a check that granted; as actuator_sink.opened. */
    void (*opened)(void *ctx, struct name lane, struct grant_id grant, enum open_result result);
    /* The terminal's answer to an order: done or failed. ERR_OK: it is on its way to the outbox.
     * Else it is asked and told again later. A failure is told again only when its word changes. */
    enum err (*subject)(void *ctx, struct name reader, uint64_t number, enum subject_state state,
                        const char *what);
    void *ctx;
};

struct face_terminals;

/* Registers itself at the port. Both sinks are copied. */
struct face_terminals *face_terminals_create(struct helper_port *port, const struct clock *clock,
                                             const struct driver_sink *states,
                                             const struct face_terminal_sink *sink);
void face_terminals_destroy(struct face_terminals **terminals);

/* All terminals of the gate; the list is copied. Those no longer in it are let go. ERR_FULL: too
 * many helpers. */
MUST_CHECK enum err face_terminals_configure(struct face_terminals *terminals,
                                             const struct face_terminal_config *list, size_t count,
                                             struct fault *fault);

/* Answers a terminal that asks. A granted check is followed by one sink.opened, never from inside.
 * ERR_NOT_FOUND: no such terminal. ERR_IO: its helper is not there; ERR_BUSY: too many wait:
 * nothing was answered, so it does not open, and sink.opened is not called. */
MUST_CHECK enum err face_terminals_answer(struct face_terminals *terminals, struct name reader,
                                          const struct helper_check *check, struct fault *fault);

/* The orders that the controller has not heard the end of, all or its oldest; others are forgotten.
 * One that is known keeps its state. Entries of terminals that are not ours are ignored. */
void face_terminals_order(struct face_terminals *terminals, const struct face_order *orders,
                          size_t count);

/* Hands out what is due. Call it every HELPER_HEARTBEAT_MS or so. */
void face_terminals_turn(struct face_terminals *terminals);

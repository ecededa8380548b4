/* ingest_parts: one event on its way, and the workers of its kinds. Between ingest*.c only. */
#pragma once

#include "common/facts/event_outcome.h"
#include "controller/app/faults.h"
#include "controller/app/ingest.h"

/* One event on its way, with what the steps found out. Buffers outlive the entry's recording. */
struct arrival {
    struct input *input;
    struct session *session;
    const Parkgate__Event *event;
    struct bytes packed;
    struct seal_hash digest;      /* as it came */
    struct seal_hash kept;        /* of it, in what is recorded */
    const struct park_lane *lane; /* NULL: the event names none */
    enum lane_direction direction;
    struct event_outcome out;
    const Parkgate__RecalledEvent
        *recalled;     /* given again: what was done; NULL: it came by itself */
    uint32_t answered; /* enum event_answer */
    size_t unknown_size;
    /* From here on not cleared for each event. */
    uint8_t sealed[LIMIT_FRAME_BYTES +
                   SEAL_OVERHEAD]; /* an event that is refused is kept aside whole */
    uint8_t unknown[LIMIT_EVENT_BYTES];
};

/* Works off one event whose shape and lane are good: records it and answers. */
typedef enum err ingest_worker(struct controller *ctl, struct arrival *a, struct fault *fault);

/* ingest_read.c */
ingest_worker ingest_presentation, ingest_acted;
/* ingest_passage.c */
ingest_worker ingest_passage, ingest_button;
/* ingest_order.c */
ingest_worker ingest_command;
/* ingest_device.c */
ingest_worker ingest_device, ingest_tamper, ingest_aside, ingest_subject, ingest_unasked,
    ingest_fire, ingest_unrecorded, ingest_clock;
/* ingest.c: nothing but recorded, as it is filled, and answered `applied`. */
ingest_worker ingest_applied;

/* After the commit; nothing for an event that is given again. kind: enum event_answer. */
void ingest_answer(struct controller *ctl, struct arrival *a, uint32_t kind, uint32_t error);
/* What the rules may see of the tables for this event. */
struct facts_view ingest_view(const struct controller *ctl, const struct arrival *a);

/* Refuses it for good: kept aside (what is over a bound is only counted, or waits at its gate),
 * told by a fault of this kind, and answered. */
MUST_CHECK enum err ingest_refuse(struct controller *ctl, struct arrival *a,
                                  const struct complaint *c, const struct fault_kind *kind,
                                  struct fault *fault);
/* The same for an event that is wrong by itself: why. */
MUST_CHECK enum err ingest_refuse_bad(struct controller *ctl, struct arrival *a, const char *why,
                                      struct fault *fault);
void ingest_number_text(char out[24], uint64_t value);

/* The event that `presentation` names, which may be of an earlier epoch of the same outbox.
 * ERR_NOT_FOUND: it has not come. */
MUST_CHECK enum err ingest_named_event(struct controller *ctl, const struct arrival *a,
                                       Parkgate__EventIndex **ret_index, struct fault *fault);
/* Whom a report is about: of the presentation that it names, which has not come yet where
 * *ret_wait. *ret_passed: passages counted on it. */
MUST_CHECK enum err ingest_find_presentation(struct controller *ctl, struct arrival *a,
                                             bool *ret_wait, uint32_t *ret_passed,
                                             struct fault *fault);
/* Somebody whom the gate let in from outside while it was apart, and who was inside by then. */
MUST_CHECK enum err ingest_is_inside_twice(struct controller *ctl, const struct arrival *a,
                                           struct handle holder, bool *ret, struct fault *fault);
/* Tells it, if it is so. */
MUST_CHECK enum err ingest_note_conflict(struct controller *ctl, const struct arrival *a,
                                         bool conflict, struct fault *fault);

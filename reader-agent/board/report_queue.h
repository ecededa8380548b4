/* report_queue: reports that the agent has not made durable yet, oldest first. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "schema/helper.h"

struct report_queue {
    struct helper_report ring[HELPER_REPORTS_KEPT];
    uint16_t first;
    uint16_t count;
    uint64_t lost;   /* dropped because the queue was full */
    uint64_t number; /* of the youngest report ever added */
};

/* Gives the report its number and keeps it; when full the oldest that is not of a fire is dropped.
 * Numbers rise and are never below the wall clock's microseconds at the start, so that a restarted
 * helper repeats none. Returns the kept report, borrowed until the next add or ack. */
const struct helper_report *report_queue_add(struct report_queue *queue,
                                             const struct helper_report *report);

/* The agent has it: forgets it. Unknown numbers are ignored. */
void report_queue_ack(struct report_queue *queue, uint64_t number);

/* The index-th that waits, or NULL at the end. */
const struct helper_report *report_queue_at(const struct report_queue *queue, uint16_t index);

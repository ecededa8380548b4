#include "reader-agent/board/report_queue.h"

#include <stddef.h>

static struct helper_report *place_of(struct report_queue *queue, uint16_t index)
{
    return &queue->ring[(queue->first + index) % HELPER_REPORTS_KEPT];
}

static void remove_at(struct report_queue *queue, uint16_t index)
{
    for (; index + 1 < queue->count; index++) {
        *place_of(queue, index) = *place_of(queue, (uint16_t)(index + 1));
    }
    queue->count--;
}

/* The oldest that is not of a fire; when all are, the oldest but one: the newest words of a fire
 * say what is so now, the first that it began. */
static uint16_t least_needed(struct report_queue *queue)
{
    for (uint16_t i = 0; i < queue->count; i++) {
        if (place_of(queue, i)->kind != REPORT_FIRE) {
            return i;
        }
    }
    return 1;
}

const struct helper_report *report_queue_add(struct report_queue *queue,
                                             const struct helper_report *report)
{
    uint64_t clock_number = report->at.us > 0 ? (uint64_t)report->at.us : 0;
    queue->number = clock_number > queue->number ? clock_number : queue->number + 1;
    if (queue->count == HELPER_REPORTS_KEPT) {
        remove_at(queue, least_needed(queue));
        queue->lost++;
    }
    struct helper_report *place = place_of(queue, queue->count);
    *place = *report;
    place->number = queue->number;
    queue->count++;
    return place;
}

void report_queue_ack(struct report_queue *queue, uint64_t number)
{
    uint16_t index = 0;
    while (index < queue->count && place_of(queue, index)->number != number) {
        index++;
    }
    if (index < queue->count) {
        remove_at(queue, index);
    }
}

const struct helper_report *report_queue_at(const struct report_queue *queue, uint16_t index)
{
    return index < queue->count ? &queue->ring[(queue->first + index) % HELPER_REPORTS_KEPT] : NULL;
}

#include "reader-agent/board/report_queue.h"

#include <stddef.h>

static struct helper_report *place_of(struct report_queue *queue, uint16_t index)
{
    return &queue->ring[(queue->first + index) % HELPER_REPORTS_KEPT];
}

const struct helper_report *report_queue_add(struct report_queue *queue,
                                             const struct helper_report *report)
{
    uint64_t clock_number = report->at.us > 0 ? (uint64_t)report->at.us : 0;
    queue->number = clock_number > queue->number ? clock_number : queue->number + 1;
    if (queue->count == HELPER_REPORTS_KEPT) {
        queue->first = (uint16_t)((queue->first + 1) % HELPER_REPORTS_KEPT);
        queue->count--;
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
    if (index == queue->count) {
        return;
    }
    for (; index + 1 < queue->count; index++) {
        *place_of(queue, index) = *place_of(queue, (uint16_t)(index + 1));
    }
    queue->count--;
}

const struct helper_report *report_queue_at(const struct report_queue *queue, uint16_t index)
{
    return index < queue->count ? &queue->ring[(queue->first + index) % HELPER_REPORTS_KEPT] : NULL;
}

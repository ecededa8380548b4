/* Goal: a queue that is full loses what matters least, and never that it burns. Method: more
 * reports than it holds. */
#include "reader-agent/board/report_queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static uint64_t add(struct report_queue *queue, enum report_kind kind, enum fire_change fire)
{
    const struct helper_report report = {.kind = kind, .fire = fire};
    return report_queue_add(queue, &report)->number;
}

static void a_full_queue_keeps_its_fire(void **state)
{
    (void)state;
    struct report_queue queue = {.count = 0};
    uint64_t first = add(&queue, REPORT_PASSAGE, 0);
    uint64_t fire = add(&queue, REPORT_FIRE, FIRE_ON);
    uint64_t next = add(&queue, REPORT_PASSAGE, 0);
    for (int i = 0; i < 2 * HELPER_REPORTS_KEPT; i++) {
        (void)add(&queue, REPORT_PASSAGE, 0);
    }
    assert_int_equal(queue.count, HELPER_REPORTS_KEPT);
    assert_int_equal(queue.lost, HELPER_REPORTS_KEPT + 3);
    assert_int_equal(report_queue_at(&queue, 0)->number, fire);
    assert_true(report_queue_at(&queue, 1)->number > next && next > first);
    for (uint16_t i = 1; i < queue.count; i++) {
        assert_true(report_queue_at(&queue, i)->number >
                    report_queue_at(&queue, (uint16_t)(i - 1))->number);
    }
    report_queue_ack(&queue, fire);
    assert_int_equal(report_queue_at(&queue, 0)->kind, REPORT_PASSAGE);
    assert_int_equal(queue.count, HELPER_REPORTS_KEPT - 1);
}

static void an_input_that_chatters_loses_neither_its_beginning_nor_its_end(void **state)
{
    (void)state;
    struct report_queue queue = {.count = 0};
    uint64_t first = add(&queue, REPORT_FIRE, FIRE_ON);
    uint64_t last = first;
    for (int i = 0; i < HELPER_REPORTS_KEPT + 9; i++) {
        last = add(&queue, REPORT_FIRE, i % 2 == 0 ? FIRE_INPUT_ENDED : FIRE_ON);
    }
    assert_int_equal(report_queue_at(&queue, 0)->number, first);
    assert_int_equal(report_queue_at(&queue, HELPER_REPORTS_KEPT - 1)->number, last);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_queue_keeps_its_fire),
        cmocka_unit_test(an_input_that_chatters_loses_neither_its_beginning_nor_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Goal: a gate that is alone and has much of its own to lay over its copy lets known people in
 * soon, and says why it does not yet. Method: an outbox of 20,000 own events under a copy of a
 * small park; the turns are counted until a known person is granted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "common/base/must.h"
#include "tests/unit/agent/gate_world.h"

enum { ROUNDS = 10000, TURNS_MOST = 2 * ROUNDS / 256 + 1, DEADLINE_MS = 60000, ASK_MS = 100 };

/* --- a gate whose clock stands still: a turn lays what one turn may --- */

/* What the lane showed last. */
struct shown {
    unsigned count;
    const char *line;
};

static enum err show(void *self, struct name lane, const struct indication *indication,
                     struct fault *fault)
{
    struct shown *shown = self;
    (void)lane;
    (void)fault;
    shown->count++;
    shown->line = indication->line2;
    return ERR_OK;
}

static const struct indicator_ops indicator = {.name = "test", .show = show};

static struct gate_world *world_with_own_events(struct shown *shown)
{
    struct gate_world *world = gate_world_open(false);
    gate_world_live(world, ROUNDS);
    gate_world_restart(world);
    world->gate->indicator = &indicator;
    world->gate->indicator_self = shown;
    return world;
}

static void read_badge(struct gate_world *world, const char *reader, unsigned person)
{
    struct driver_sink sink = readings_sink(world->gate);
    struct reading reading = {.kind = CREDENTIAL_KIND_BADGE,
                              .cclass = CREDENTIAL_CLASS_UID_ONLY,
                              .id_size = WORLD_UID_SIZE,
                              .captured = world->wall,
                              .live_by_read = true};
    struct fault fault = {0};
    assert_true(name_from_text(reader, &reading.reader));
    world_uid(person, reading.id);
    if (sink.reading(sink.ctx, &reading, &fault) != ERR_OK) {
        fail_msg("%s", fault.what);
    }
}

static void a_known_person_enters_within_turns(void **state)
{
    (void)state;
    struct shown shown = {0};
    struct gate_world *world = world_with_own_events(&shown);
    unsigned turns = 0;
    read_badge(world, "in-reader", 0);
    assert_int_equal(shown.count, 1);
    assert_string_equal(shown.line, reason_text(REASON_CATCHING_UP)->lane_en);
    while (own_events_lay(world->gate) == LAID_SOME) {
        turns++;
    }
    assert_true(turns <= TURNS_MOST);
    read_badge(world, "in-reader", 0);
    assert_int_equal(shown.count, 2);
    assert_string_equal(shown.line, reason_text(REASON_GRANTED)->lane_en);
    gate_world_close(&world);
}

static void what_was_laid_stays_and_is_kept_up(void **state)
{
    (void)state;
    struct shown shown = {0};
    struct gate_world *world = world_with_own_events(&shown);
    while (own_events_lay(world->gate) == LAID_SOME) {
    }
    gate_world_live(world, 100); /* more than one commit */
    assert_true(world->gate->copy.own.begun);
    assert_true(world->gate->copy.own.next > agent_store_state(world->gate->store)->last_sequence);
    gate_world_close(&world);
}

static void an_exit_waits_for_nothing_to_be_laid(void **state)
{
    (void)state;
    struct shown shown = {0};
    struct gate_world *world = world_with_own_events(&shown);
    read_badge(world, "out-reader", 0);
    assert_int_equal(shown.count, 1);
    assert_string_equal(shown.line, reason_text(REASON_EXIT)->lane_en);
    assert_false(world->gate->copy.own.begun);
    (void)own_events_lay(world->gate);
    uint64_t next = world->gate->copy.own.next;
    read_badge(world, "out-reader", 1);
    assert_string_equal(shown.line, reason_text(REASON_EXIT)->lane_en);
    assert_true(world->gate->copy.own.next == next);
    gate_world_close(&world);
}

static void an_exit_says_which_copy_stands_here(void **state)
{
    (void)state;
    struct shown shown = {0};
    struct gate_world *world = world_with_own_events(&shown);
    struct grant_id id = {.epoch = 1,
                          .sequence = agent_store_state(world->gate->store)->last_sequence + 1};
    Parkgate__Event *event = NULL;
    read_badge(world, "out-reader", 0);
    assert_int_equal(own_event_read(world->gate, id, &event, NULL), ERR_OK);
    assert_true(event->offline && event->copy_sequence == 1000);
    parkgate__event__free_unpacked(event, NULL);
    gate_world_close(&world);
}

/* --- with the clock of the machine: what it takes, printed --- */

struct asking {
    struct gate_world *world;
    struct mono begun, last;
    int64_t late_us; /* how long this timer waited for others, at most */
    unsigned asked;
    bool granted;
};

static void ask(void *ctx)
{
    struct asking *asking = ctx;
    struct verdict verdict = {0};
    struct mono now = gate_mono(asking->world->gate);
    int64_t late_us = now.us - asking->last.us - ASK_MS * INT64_C(1000);
    asking->late_us = late_us > asking->late_us ? late_us : asking->late_us;
    asking->asked++;
    asking->granted =
        gate_world_decide(asking->world, "in", 0, &verdict) && verdict.outcome == OUTCOME_GRANT;
    asking->last = gate_mono(asking->world->gate);
    if (asking->granted || asking->last.us - asking->begun.us > DEADLINE_MS * INT64_C(1000)) {
        loop_stop(asking->world->gate->loop);
    }
}

static long long cpu_ms(void)
{
    struct timespec at;
    MUST(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at) == 0);
    return at.tv_sec * 1000LL + at.tv_nsec / 1000000;
}

static void tick(void *ctx)
{
    copy_tick(((struct asking *)ctx)->world->gate);
}

static void what_it_takes(void **state)
{
    (void)state;
    struct gate_world *world = gate_world_open(true);
    struct asking asking = {.world = world};
    gate_world_live(world, ROUNDS);
    gate_world_restart(world);
    asking.begun = asking.last = gate_mono(world->gate);
    long long cpu = cpu_ms();
    (void)loop_after(world->gate->loop, GATE_TICK_MS, GATE_TICK_MS, tick, &asking);
    (void)loop_after(world->gate->loop, ASK_MS, ASK_MS, ask, &asking);
    assert_int_equal(loop_run(world->gate->loop, NULL), ERR_OK);
    assert_true(asking.granted);
    print_message("%d own events: granted after %lld ms, %lld ms of it at work; shown %u times; a "
                  "timer waited %lld us\n",
                  2 * ROUNDS, (long long)(asking.last.us - asking.begun.us) / 1000, cpu_ms() - cpu,
                  asking.asked, (long long)asking.late_us);
    gate_world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_known_person_enters_within_turns),
        cmocka_unit_test(what_was_laid_stays_and_is_kept_up),
        cmocka_unit_test(an_exit_waits_for_nothing_to_be_laid),
        cmocka_unit_test(an_exit_says_which_copy_stands_here),
        cmocka_unit_test(what_it_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

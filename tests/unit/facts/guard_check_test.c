/* Goal: the draw of a spot check has the share that the park gives it and cannot be tried again.
 * Method: many holders, times and zones under a keyed hash of a fixed key, with no store at all. */
#include "common/facts/guard_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "common/base/must.h"
#include "schema/watch.h"

static const struct seal_key key = {{7}};

static struct seal_hash hash(const void *ctx, uint32_t kind, struct bytes canonical)
{
    uint8_t byte[1] = {(uint8_t)kind};
    (void)ctx;
    return seal_keyed_hash(&key, "parkgate credential", SEAL_PARTS(BYTES_OF(byte), canonical));
}

struct small_park {
    struct park park;
    struct facts_view view;
    const struct park_lane *in, *in_too, *hall;
};

static struct name name_of(const char *text)
{
    struct name name;
    MUST(name_from_text(text, &name));
    return name;
}

/* The hall lies in the yard; two lanes into the yard, one from the yard into the hall. */
static struct small_park *park_with(uint16_t yard, uint16_t hall)
{
    static struct small_park p;
    p = (struct small_park){
        .park = {.zone_count = 2, .lane_count = 3}
    };
    p.park.zones[0] =
        (struct park_zone){.name = name_of("hall"), .parent = name_of("yard"), .spot_check = hall};
    p.park.zones[1] = (struct park_zone){.name = name_of("yard"), .spot_check = yard};
    p.park.lanes[0] = (struct park_lane){.name = name_of("in-1"), .zone = name_of("yard")};
    p.park.lanes[1] = (struct park_lane){.name = name_of("in-2"), .zone = name_of("yard")};
    p.park.lanes[2] = (struct park_lane){
        .name = name_of("into-hall"), .zone = name_of("hall"), .outer_zone = name_of("yard")};
    park_finish(&p.park);
    p.in = park_lane(&p.park, name_of("in-1"));
    p.in_too = park_lane(&p.park, name_of("in-2"));
    p.hall = park_lane(&p.park, name_of("into-hall"));
    p.view = (struct facts_view){
        .park = &p.park, .now = {.us = INT64_C(1800000000) * 1000000}, .credential_hash = hash};
    return &p;
}

static struct handle holder_of(uint32_t number)
{
    struct handle handle = {{1}};
    struct writer w = writer_of(handle.bytes + 8, 8);
    writer_u32(&w, number);
    return handle;
}

static unsigned drawn(const struct small_park *p, const struct park_lane *lane, unsigned holders)
{
    unsigned count = 0;
    for (unsigned i = 0; i < holders; i++) {
        count += guard_check_is_drawn(&p->view, lane, holder_of(i));
    }
    return count;
}

/* Within five standard deviations. */
static void the_share_is_the_parks(void **state)
{
    (void)state;
    enum { HOLDERS = 20000 };
    static const struct {
        uint16_t share;
        unsigned least, most;
    } rows[] = {
        {0,    0,     0    },
        {1,    1,     43   },
        {20,   301,   499  },
        {500,  9646,  10354},
        {1000, 20000, 20000}
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        unsigned count =
            drawn(park_with(rows[i].share, 0), park_with(rows[i].share, 0)->in, HOLDERS);
        if (count < rows[i].least || count > rows[i].most) {
            fail_msg("a share of %u in 1000: %u of %u", rows[i].share, count, (unsigned)HOLDERS);
        }
    }
}

static void who_tries_again_meets_the_same(void **state)
{
    (void)state;
    struct small_park *p = park_with(300, 0);
    const int64_t period_us = SPOT_CHECK_PERIOD_MS * INT64_C(1000);
    int64_t begun_us = p->view.now.us - p->view.now.us % period_us;
    unsigned changed = 0;
    for (unsigned i = 0; i < 1000; i++) {
        p->view.now.us = begun_us;
        bool first = guard_check_is_drawn(&p->view, p->in, holder_of(i));
        p->view.now.us = begun_us + period_us - 1;
        assert_int_equal(guard_check_is_drawn(&p->view, p->in, holder_of(i)), first);
        assert_int_equal(guard_check_is_drawn(&p->view, p->in_too, holder_of(i)), first);
        p->view.now.us = begun_us + period_us;
        changed += guard_check_is_drawn(&p->view, p->in, holder_of(i)) != first;
    }
    assert_true(changed > 300); /* 42 of 100 */
}

static void zones_draw_for_themselves(void **state)
{
    (void)state;
    struct small_park *p = park_with(300, 300);
    unsigned differ = 0;
    for (unsigned i = 0; i < 1000; i++) {
        differ += guard_check_is_drawn(&p->view, p->in, holder_of(i)) !=
                  guard_check_is_drawn(&p->view, p->hall, holder_of(i));
    }
    assert_true(differ > 300);
    p = park_with(300, 0); /* the yard is not newly entered at the hall's door */
    assert_int_equal(drawn(p, p->hall, 1000), 0);
    p = park_with(0, 1000);
    assert_int_equal(drawn(p, p->in, 1000), 0);
    assert_int_equal(drawn(p, p->hall, 1000), 1000);
}

static void only_known_holders_at_entries(void **state)
{
    (void)state;
    struct small_park *p = park_with(1000, 0);
    struct subject subject = {.holder = holder_of(1), .doubted = true};
    static struct watch_looked looked;
    assert_int_equal(guard_check_of(&p->view, p->in, LANE_IN, &subject, &looked),
                     GUARD_CHECK_WANTED);
    assert_int_equal(guard_check_of(&p->view, p->in, LANE_OUT, &subject, &looked),
                     GUARD_CHECK_NONE);
    subject.holder = (struct handle){{0}};
    assert_int_equal(guard_check_of(&p->view, p->in, LANE_IN, &subject, &looked), GUARD_CHECK_NONE);
    p = park_with(0, 0);
    subject.holder = holder_of(1);
    assert_int_equal(guard_check_of(&p->view, p->in, LANE_IN, &subject, &looked),
                     GUARD_CHECK_WANTED);
    subject.doubted = false;
    assert_int_equal(guard_check_of(&p->view, p->in, LANE_IN, &subject, &looked), GUARD_CHECK_NONE);
}

/* By exact match alone, at entries alone. */
static void a_review_entry_asks_and_a_notify_one_does_not(void **state)
{
    (void)state;
    static struct watch_looked looked;
    struct small_park *p = park_with(0, 0);
    struct subject subject = {.holder = holder_of(1)};
    struct watch_finds *const finds[] = {&looked.exact, &looked.other, &looked.face};
    for (size_t i = 0; i < ARRAY_LEN(finds); i++) {
        for (uint32_t action = 0; action < WATCH_ACTION_COUNT; action++) {
            bool asks = finds[i] != &looked.face && action == WATCH_ACTION_REVIEW;
            finds[i]->count = 2;
            finds[i]->items[0].action = WATCH_ACTION_NOTIFY;
            finds[i]->items[1].action = action;
            assert_int_equal(guard_check_of(&p->view, p->in, LANE_IN, &subject, &looked),
                             asks ? GUARD_CHECK_WANTED : GUARD_CHECK_NONE);
            assert_int_equal(guard_check_of(&p->view, p->in, LANE_OUT, &subject, &looked),
                             GUARD_CHECK_NONE);
        }
        finds[i]->count = 0;
    }
}

static int begin(void **state)
{
    (void)state;
    return seal_init(NULL) == ERR_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_share_is_the_parks),
        cmocka_unit_test(who_tries_again_meets_the_same),
        cmocka_unit_test(zones_draw_for_themselves),
        cmocka_unit_test(only_known_holders_at_entries),
        cmocka_unit_test(a_review_entry_asks_and_a_notify_one_does_not),
    };
    return cmocka_run_group_tests(tests, begin, NULL);
}

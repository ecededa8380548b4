/* day_fixture: a morning at both gates with three persons: Li and Wang of acme, Zhao of beta. Each
 * test ends with a replay of its journal. */
#pragma once

#include "tests/unit/controller/harness.h"

#define LI   "04010203"
#define WANG "04a1b2c3d4e5f6"
#define ZHAO "0403020100aabb"

struct park_day {
    struct world *w;
    struct gate a, b;
    char li[HANDLE_TEXT_SIZE], wang[HANDLE_TEXT_SIZE], zhao[HANDLE_TEXT_SIZE];
};

static inline int day_setup(void **state)
{
    static struct park_day the_day;
    struct park_day *d = &the_day;
    *d = (struct park_day){.w = world_open(&(struct world_options){0})};
    person_with_badge(d->w, "acme", "Li Wei", LI, "day", d->li);
    person_with_badge(d->w, "acme", "Wang Fang", WANG, "day", d->wang);
    person_with_badge(d->w, "beta", "Zhao Lei", ZHAO, "day", d->zhao);
    gate_join(d->w, &d->a, "gate-a", 1);
    gate_join(d->w, &d->b, "gate-b", 2);
    *state = d;
    return 0;
}

static inline int day_teardown(void **state)
{
    struct park_day *d = *state;
    if (head_of(d->w).sequence > 0) {
        (void)assert_replays(d->w);
    }
    world_close(d->w);
    return 0;
}

/* A figure of acme's day as the verb shows it. */
static inline long figure(struct park_day *d, const char *tenant, const char *column)
{
    return strtol(cell(admin(d->w, "headcount.show", "tenant", tenant, NULL), 0, column), NULL, 10);
}

#define DAY_TEST(name) cmocka_unit_test_setup_teardown(name, day_setup, day_teardown)

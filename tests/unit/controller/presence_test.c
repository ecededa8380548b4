/* Goal: pin what a passage does to a holder's state and to the counts. Method: one row per state
 * and passage with the changes written by hand, then every pair of states: taking one's changes
 * back and adding the other's gives the difference. */
#include "common/park/presence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"

static struct name name_of(const char *text)
{
    struct name name;
    MUST(name_from_text(text, &name));
    return name;
}

static struct zone_path path_of(const char *text)
{
    struct zone_path path;
    MUST(zone_path_from_text(text, &path));
    return path;
}

static const char *const state_text[] = {NULL, "a:1:yard", "a:1:yard/hall", "b:2:yard/hall"};

/* "tenant:day:zone", each of the first two one character; NULL: outside. */
static struct presence state_of(const char *text)
{
    struct presence state = {0};
    if (text != NULL) {
        state.inside = true;
        state.tenant = name_of(text[0] == 'a' ? "a" : "b");
        state.day = text[2] - '0';
        state.zone = path_of(text + 4);
        state.since = (struct wall){5};
    }
    return state;
}

static void state_to_text(const struct presence *state, char *out, size_t size)
{
    char zone[ZONE_PATH_SIZE];
    zone_path_to_text(&state->zone, zone);
    (void)snprintf(out, size, state->inside ? "%s:%d:%s" : "-", state->tenant.text, (int)state->day,
                   zone);
}

static size_t change_to_text(const struct presence_change *c, char *out, size_t size)
{
    const struct {
        const char *word;
        int by;
    } parts[] = {
        {"present",  c->present },
        {"in",       c->entries },
        {"out",      c->exits   },
        {"unpaired", c->unpaired},
        {"unsensed", c->unsensed},
        {"came",     c->came    },
        {"left",     c->left    },
    };
    size_t at = (size_t)snprintf(out, size, "%s", c->scope.name.text);
    if (!c->scope.is_zone) {
        at += (size_t)snprintf(out + at, size - at, "%d", (int)c->scope.day);
    }
    for (size_t p = 0; p < ARRAY_LEN(parts); p++) {
        if (parts[p].by != 0) {
            at += (size_t)snprintf(out + at, size - at, " %s%+d", parts[p].word, parts[p].by);
        }
    }
    return at;
}

static void changes_to_text(const struct presence_changes *changes, char *out, size_t size)
{
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < changes->count; i++) {
        if (i > 0) {
            at += (size_t)snprintf(out + at, size - at, " | ");
        }
        at += change_to_text(&changes->change[i], out + at, size - at);
    }
}

#define IN  false
#define OUT true
/* All passages have the attribution a, day 1. */
/* clang-format off */
static const struct {
    const char *label, *before;
    bool out;
    const char *from, *to;
    bool unsensed;
    const char *after, *changes;
} cases[] = {
    {"entry", NULL, IN, "", "yard", false, "a:1:yard",
     "a1 present+1 in+1 came+1 | yard present+1 in+1"},
    {"entry straight into the hall", NULL, IN, "", "yard/hall", false, "a:1:yard/hall",
     "a1 present+1 in+1 came+1 | yard present+1 in+1 | hall present+1 in+1"},
    {"entry into no zone", NULL, IN, "", "", false, "a:1:",
     "a1 present+1 in+1 came+1"},
    {"entry at a lane without a sensor", NULL, IN, "", "yard", true, "a:1:yard",
     "a1 present+1 in+1 unsensed+1 came+1 | yard present+1 in+1"},
    {"exit", "a:1:yard", OUT, "yard", "", false, "-",
     "a1 present-1 out+1 left+1 | yard present-1 out+1"},
    {"exit counts where the holder was inside", "b:2:yard/hall", OUT, "yard", "", false, "-",
     "b2 present-1 out+1 left+1 | yard present-1 out+1 | hall present-1 out+1"},
    {"exit without entry", NULL, OUT, "yard", "", false, "-",
     "a1 out+1 unpaired+1"},
    {"missed exit, same tenant and day: was and is inside", "a:1:yard", IN, "", "yard", false,
     "a:1:yard", "a1 in+1 unpaired+1 came+1"},
    {"missed exit, another tenant", "b:2:yard/hall", IN, "", "yard", false, "a:1:yard",
     "b2 present-1 unpaired+1 | a1 present+1 in+1 came+1 | hall present-1 out+1"},
    {"inner gate", "a:1:yard", IN, "yard", "yard/hall", false, "a:1:yard/hall",
     "hall present+1 in+1"},
    {"inner gate keeps tenant and day", "b:2:yard/hall", IN, "yard", "yard/lab", false,
     "b:2:yard/lab", "hall present-1 out+1 | lab present+1 in+1"},
    {"inner gate by somebody whose entry was not seen", NULL, IN, "yard", "yard/hall", false,
     "a:1:yard/hall",
     "a1 present+1 in+1 unpaired+1 came+1 | yard present+1 in+1 | hall present+1 in+1"},
    {"back out of the hall", "a:1:yard/hall", OUT, "yard/hall", "yard", false, "a:1:yard",
     "hall present-1 out+1"},
    {"out of the hall by somebody outside", NULL, OUT, "yard/hall", "yard", false, "-", ""},
    {"the same, unsensed", NULL, OUT, "yard/hall", "yard", true, "-", "a1 unsensed+1"},
};
/* clang-format on */

static void each_case(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char got[512], state[300];
        struct presence_changes changes;
        struct presence before = state_of(cases[i].before), after;
        const struct passage passage = {.at = {9},
                                        .out = cases[i].out,
                                        .unsensed = cases[i].unsensed,
                                        .tenant = name_of("a"),
                                        .day = 1,
                                        .to = path_of(cases[i].to),
                                        .from = path_of(cases[i].from)};
        presence_apply(&before, &passage, &after, &changes);
        state_to_text(&after, state, sizeof(state));
        changes_to_text(&changes, got, sizeof(got));
        if (strcmp(state, cases[i].after) != 0 || strcmp(got, cases[i].changes) != 0) {
            fail_msg("%s: %s; %s", cases[i].label, state, got);
        }
        if (passage_is_definite(&passage)) {
            struct presence other = state_of("b:2:yard/hall");
            presence_apply(&other, &passage, &other, &changes);
            assert_true(presence_equal(&other, &after));
        }
    }
}

static void since_is_that_of_the_entry_into_the_park(void **unused)
{
    (void)unused;
    struct presence_changes changes;
    struct presence state = state_of("a:1:yard");
    const struct passage inner = {
        .at = {9}, .tenant = name_of("a"), .day = 1, .to = path_of("hall"), .from = path_of("x")};
    presence_apply(&state, &inner, &state, &changes);
    assert_int_equal(state.since.us, 5);
    struct passage entry = inner;
    entry.from.depth = 0;
    presence_apply(&state, &entry, &state, &changes);
    assert_int_equal(state.since.us, 9);
}

static int sum_of(const struct presence_changes *changes, const struct presence_scope *scope)
{
    for (size_t i = 0; i < changes->count; i++) {
        const struct presence_change *c = &changes->change[i];
        if (presence_scope_equal(&c->scope, scope)) {
            return c->present * 10000 + c->unpaired * 1000 + c->exits * 100 + c->came * 10 +
                   c->left;
        }
    }
    return 0;
}

static void changes_can_be_taken_back(void **unused)
{
    (void)unused;
    const struct passage passages[] = {
        {.tenant = name_of("a"), .day = 1,                   .to = path_of("yard")  },
        { .tenant = name_of("a"),              .day = 1, .to = path_of("yard/hall"), .from = path_of("yard")},
        { .tenant = name_of("a"),              .day = 1,                .out = true, .from = path_of("yard")},
    };
    enum { STATES = ARRAY_LEN(state_text) };
    for (size_t i = 0; i < ARRAY_LEN(passages) * STATES * STATES; i++) {
        const struct passage *passage = &passages[i / STATES / STATES];
        struct presence was = state_of(state_text[i / STATES % STATES]);
        struct presence is = state_of(state_text[i % STATES]);
        bool same = presence_equal(&was, &is);
        struct presence_changes old, new, both;
        presence_apply(&was, passage, &was, &old);
        presence_apply(&is, passage, &is, &new);
        both = new;
        presence_changes_subtract(&both, &old);
        for (size_t c = 0; c < both.count; c++) {
            const struct presence_scope *scope = &both.change[c].scope;
            assert_int_equal(sum_of(&both, scope), sum_of(&new, scope) - sum_of(&old, scope));
            assert_false(presence_change_is_none(&both.change[c]));
        }
        for (size_t c = 0; c < old.count; c++) {
            const struct presence_scope *scope = &old.change[c].scope;
            assert_int_equal(sum_of(&both, scope), sum_of(&new, scope) - sum_of(&old, scope));
        }
        assert_true(!same || both.count == 0);
    }
}

static void zone_paths(void **unused)
{
    (void)unused;
    static const char *const good[] = {"", "yard", "yard/hall-2", "1/2/3/4/5/6/7/8"};
    static const char *const bad[] = {"/",
                                      "yard/",
                                      "/yard",
                                      "yard//hall",
                                      "Yard",
                                      "yard/hall/yard",
                                      "1/2/3/4/5/6/7/8/9",
                                      "a234567890123456789012345678901234567890"};
    struct zone_path path;
    char text[ZONE_PATH_SIZE];
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_true(zone_path_from_text(good[i], &path));
        zone_path_to_text(&path, text);
        assert_string_equal(text, good[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_false(zone_path_from_text(bad[i], &path));
    }
    assert_true(zone_path_from_text("yard/hall", &path));
    assert_true(zone_path_holds(&path, name_of("hall")));
    assert_false(zone_path_holds(&path, name_of("lab")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_case),
        cmocka_unit_test(since_is_that_of_the_entry_into_the_park),
        cmocka_unit_test(changes_can_be_taken_back),
        cmocka_unit_test(zone_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

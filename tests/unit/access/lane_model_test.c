/* Goal: the lane machine means by each sensor script what its contract says. Method: 1,000 scripts
 * drawn from a seed, each step held against a small reference automaton below, written from the
 * table in lane.h, ARCHITECTURE 8 and helpers.md alone; it shares no code with lane.c. The seed and
 * what was played are printed; LANE_MODEL_SEED and LANE_MODEL_SCRIPTS play others. */
#include "common/access/lane.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"

enum { SCRIPTS = 1000, STEPS_LEAST = 20, STEPS_MOST = 120, SEED = 20260103, KINDS = 13 };

/* --- the reference: a list of all grants ever, looked through from the front each time --- */

enum fate { WAITS, PASSED, ENDED };

struct walker {
    struct lane_grant grant;
    int64_t deadline_ms;
    enum fate fate;
};

struct reference {
    struct lane_rules rules;
    size_t walker_count;
    struct walker walkers[STEPS_MOST + 1];
    size_t last_passed; /* place of the grant used last + 1; 0: none */
    bool held, told;
    int64_t held_since_ms;
    bool crush, crush_told,
        was_clear; /* something stands there; its report is out; was seen free */
    int64_t crush_since_ms;
    bool by_hand, looked; /* the release is pulled; it was looked at */
};

struct expected {
    size_t count;
    struct lane_report list[64];
};

static void say(struct expected *out, enum passage_kind kind, struct lane_grant grant, bool late)
{
    assert_true(out->count < ARRAY_LEN(out->list));
    out->list[out->count++] = (struct lane_report){.kind = kind, .grant = grant, .late = late};
}

static struct lane_grant nobody(const struct reference *r)
{
    return (struct lane_grant){.direction = r->rules.direction};
}

static struct walker *oldest_waiting(struct reference *r)
{
    for (size_t i = 0; i < r->walker_count; i++) {
        if (r->walkers[i].fate == WAITS) {
            return &r->walkers[i];
        }
    }
    return NULL;
}

static size_t waiting_count(const struct reference *r)
{
    size_t count = 0;
    for (size_t i = 0; i < r->walker_count; i++) {
        count += r->walkers[i].fate == WAITS;
    }
    return count;
}

static void reference_grant(struct reference *r, struct lane_grant grant, int64_t now_ms,
                            struct expected *out)
{
    if (!r->rules.sensed) {
        say(out, PASSAGE_UNSENSED, grant, false);
        return;
    }
    r->walkers[r->walker_count++] =
        (struct walker){.grant = grant, .deadline_ms = now_ms + r->rules.pass_ms, .fate = WAITS};
}

static void reference_pulse(struct reference *r, bool late, int64_t now_ms, struct expected *out)
{
    struct walker *walker = oldest_waiting(r);
    if (walker != NULL) {
        walker->fate = PASSED;
        r->last_passed = (size_t)(walker - r->walkers) + 1;
        say(out, PASSAGE_PASSED, walker->grant, late);
        struct walker *next = oldest_waiting(r);
        if (next != NULL) { /* it is opened for anew */
            next->deadline_ms = now_ms + r->rules.pass_ms;
        }
        return;
    }
    if (r->by_hand) {
        say(out, PASSAGE_BY_HAND, nobody(r), late);
        return;
    }
    const struct walker *last = r->last_passed == 0 ? NULL : &r->walkers[r->last_passed - 1];
    if (last != NULL && !late && now_ms < last->deadline_ms) {
        say(out, PASSAGE_TAILGATED, last->grant, false);
    } else {
        say(out, PASSAGE_FORCED, nobody(r), late);
    }
}

static void reference_make_room(struct reference *r, struct expected *out)
{
    struct walker *walker = oldest_waiting(r);
    if (walker != NULL) {
        walker->fate = ENDED;
        say(out, PASSAGE_NOT_TAKEN, walker->grant, false);
    }
}

/* Each grant has a number of its own, as an event's sequence or as a press. */
static uint64_t number_of(const struct lane_grant *grant)
{
    return grant->press != 0 ? grant->press : grant->id.sequence;
}

static void reference_held(struct reference *r, bool level, int64_t now_ms, struct expected *out)
{
    if (level && !r->held) {
        r->held_since_ms = now_ms;
        r->told = false;
    }
    if (!level && r->held && r->told) {
        say(out, PASSAGE_HELD_ENDED, nobody(r), false);
    }
    r->held = level;
}

static void reference_crush(struct reference *r, bool level, int64_t now_ms, struct expected *out)
{
    if (!level) {
        if (!r->was_clear || r->crush_told) {
            say(out, PASSAGE_BLOCKED_ENDED, nobody(r), false);
        }
        r->was_clear = true;
        r->crush_told = false;
    } else if (!r->crush) {
        r->crush_since_ms = now_ms;
    }
    r->crush = level;
}

static void reference_manual(struct reference *r, bool pulled, bool late, struct expected *out)
{
    if (!r->looked || pulled != r->by_hand) {
        say(out, pulled ? PASSAGE_MANUAL : PASSAGE_MANUAL_ENDED, nobody(r), late);
    }
    r->looked = true;
    r->by_hand = pulled;
}

static void reference_tick(struct reference *r, bool late, int64_t now_ms, struct expected *out)
{
    for (size_t i = 0; i < r->walker_count; i++) {
        if (r->walkers[i].fate == WAITS && now_ms >= r->walkers[i].deadline_ms) {
            r->walkers[i].fate = ENDED;
            say(out, PASSAGE_NOT_TAKEN, r->walkers[i].grant, late);
        }
    }
    if (r->held && !r->told && now_ms - r->held_since_ms >= r->rules.held_ms) {
        r->told = true;
        say(out, PASSAGE_HELD, nobody(r), late);
    }
    if (r->crush && !r->crush_told && now_ms - r->crush_since_ms >= r->rules.blocked_ms) {
        r->crush_told = true;
        say(out, PASSAGE_BLOCKED, nobody(r), late);
    }
}

/* --- drawn scripts --- */

static uint64_t draw(uint64_t *state, uint64_t below)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (z ^ z >> 31) % below;
}

static struct lane_rules draw_rules(uint64_t *random)
{
    static const uint32_t pass[] = {1, 700, 2000, 5000, 8000};
    static const uint32_t held[] = {1, 3000, LANE_HELD_MS};
    return (struct lane_rules){
        .sensed = draw(random, 10) > 0,
        .pass_ms = pass[draw(random, ARRAY_LEN(pass))],
        .held_ms = held[draw(random, ARRAY_LEN(held))],
        .blocked_ms = held[draw(random, ARRAY_LEN(held))],
        .direction = draw(random, 2) == 0 ? LANE_IN : LANE_OUT,
    };
}

/* g grant  G grant of a press  p pulses  l late pulses  m make room  h H held on, off
 * c C crush input on, off  y Y manual release pulled, put back  t tick  T tick after an outage
 * r new rules */
static char draw_input(uint64_t *random)
{
    static const char inputs[] = "gggggggGppppppplmhHcCcCyYYtttttttttTr";
    return inputs[draw(random, sizeof(inputs) - 1)];
}

/* Mostly short, often none, now and then to the very end of a time that runs. */
static int64_t draw_pause_ms(uint64_t *random, const struct reference *r, int64_t now_ms)
{
    uint64_t kind = draw(random, 8);
    if (kind < 2) {
        return 0;
    }
    if (kind == 2 && r->walker_count > 0) {
        const struct walker *walker = &r->walkers[draw(random, r->walker_count)];
        int64_t left = walker->deadline_ms - now_ms - (int64_t)draw(random, 2);
        return left > 0 ? left : 0;
    }
    if (kind == 3 && r->held && r->held_since_ms + r->rules.held_ms > now_ms) {
        int64_t left = r->held_since_ms + r->rules.held_ms - now_ms;
        return left - (int64_t)draw(random, 2);
    }
    return (int64_t)draw(random, kind == 4 ? 9000 : 900);
}

struct play {
    struct lane lane;
    struct reference reference;
    uint64_t random;
    int64_t now_ms;
    uint64_t grants;
    size_t steps, reports[KINDS];
    char told[8192]; /* the script so far, for who has to look at it */
};

static struct mono mono_of(const struct play *play)
{
    return (struct mono){.us = (play->now_ms + 1000) * 1000};
}

static struct lane_grant new_grant(struct play *play, bool press)
{
    struct lane_grant grant = {.direction = draw(&play->random, 2) == 0 ? LANE_IN : LANE_OUT};
    play->grants++;
    if (press) {
        grant.press = play->grants;
    } else {
        grant.id = (struct grant_id){.epoch = 1, .sequence = play->grants};
    }
    return grant;
}

static struct lane_reports apply(struct play *play, char input, struct expected *out)
{
    struct lane_reports none = {.count = 0};
    struct reference *r = &play->reference;
    struct mono now = mono_of(play);
    uint32_t count = 0;
    uint64_t number = 0;
    switch (input) {
    case 'g':
    case 'G': {
        struct lane_grant grant = new_grant(play, input == 'G');
        if (lane_is_full(&play->lane)) {
            return none;
        }
        reference_grant(r, grant, play->now_ms, out);
        return lane_grant(&play->lane, grant, now);
    }
    case 'p':
    case 'l':
        if (!r->rules.sensed) {
            return none; /* what cannot be sensed sends no pulse */
        }
        count =
            (uint32_t)draw(&play->random, draw(&play->random, 6) == 0 ? LANE_PULSES_MAX + 1 : 3);
        for (uint32_t i = 0; i < count; i++) {
            reference_pulse(r, input == 'l', play->now_ms, out);
        }
        return lane_pulses(&play->lane, count, input == 'l', now);
    case 'm':
        reference_make_room(r, out);
        return lane_make_room(&play->lane);
    case 'h':
    case 'H':
        reference_held(r, input == 'h', play->now_ms, out);
        return lane_held(&play->lane, input == 'h', now);
    case 'c':
    case 'C':
        reference_crush(r, input == 'c', play->now_ms, out);
        return lane_crush(&play->lane, input == 'c', now);
    case 'y':
    case 'Y':
        number = draw(&play->random, 4);
        reference_manual(r, input == 'y', number == 0, out);
        return lane_manual(&play->lane, input == 'y', number == 0);
    case 't':
    case 'T':
        reference_tick(r, input == 'T', play->now_ms, out);
        return lane_tick(&play->lane, input == 'T', now);
    default:
        r->rules = draw_rules(&play->random);
        lane_set_rules(&play->lane, r->rules);
        return none;
    }
}

static void tell(char *out, size_t size, const struct lane_report *list, size_t count)
{
    static const char letters[KINDS] = {
        [PASSAGE_PASSED] = 'p',       [PASSAGE_NOT_TAKEN] = 'n', [PASSAGE_FORCED] = 'f',
        [PASSAGE_HELD] = 'h',         [PASSAGE_TAILGATED] = 't', [PASSAGE_UNSENSED] = 'u',
        [PASSAGE_HELD_ENDED] = 'e',   [PASSAGE_BY_HAND] = 'y',   [PASSAGE_MANUAL] = 'M',
        [PASSAGE_MANUAL_ENDED] = 'm', [PASSAGE_BLOCKED] = 'B',   [PASSAGE_BLOCKED_ENDED] = 'b',
    };
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < count && used + 1 < size; i++) {
        const struct lane_grant *grant = &list[i].grant;
        used += (size_t)snprintf(out + used, size - used, "%s%c%llu%s%s%s", i > 0 ? " " : "",
                                 letters[list[i].kind], (unsigned long long)number_of(grant),
                                 grant->press != 0 ? "b" : "",
                                 grant->direction == LANE_IN ? "<" : ">", list[i].late ? "!" : "");
    }
}

/* One step of both; what they say must be the same, word by word, and so must "full". */
static void step(struct play *play, uint64_t script)
{
    struct expected expected = {0};
    char want[512];
    char have[512];
    play->now_ms += draw_pause_ms(&play->random, &play->reference, play->now_ms);
    char input = draw_input(&play->random);
    size_t used = strlen(play->told);
    (void)snprintf(play->told + used, sizeof(play->told) - used, " %lld%c", (long long)play->now_ms,
                   input);
    struct lane_reports reports = apply(play, input, &expected);
    tell(want, sizeof(want), expected.list, expected.count);
    tell(have, sizeof(have), reports.list, reports.count);
    bool full = play->reference.rules.sensed && waiting_count(&play->reference) >= LANE_QUEUE_MAX;
    bool stays = play->reference.crush || waiting_count(&play->reference) > 0;
    if (strcmp(want, have) != 0 || lane_is_full(&play->lane) != full ||
        lane_must_stay_open(&play->lane) != stays) {
        fail_msg("script %llu:%s\n  the machine says \"%s\"%s\n  the model says   \"%s\"%s",
                 (unsigned long long)script, play->told, have,
                 lane_is_full(&play->lane) ? ", full" : "", want, full ? ", full" : "");
    }
    for (size_t i = 0; i < reports.count; i++) {
        play->reports[reports.list[i].kind]++;
    }
    play->steps++;
}

static void run_script(struct play *play, uint64_t seed, uint64_t script)
{
    play->random = seed ^ script * UINT64_C(0xd1342543de82ef95);
    play->reference = (struct reference){.rules = draw_rules(&play->random)};
    play->lane = lane_of(play->reference.rules);
    play->now_ms = 0;
    play->grants = 0;
    play->told[0] = '\0';
    size_t steps = STEPS_LEAST + (size_t)draw(&play->random, STEPS_MOST - STEPS_LEAST + 1);
    for (size_t i = 0; i < steps; i++) {
        step(play, script);
    }
}

static uint64_t number_from(const char *name, uint64_t usual)
{
    const char *text = getenv(name);
    return text == NULL ? usual : strtoull(text, NULL, 10);
}

static void a_thousand_sensor_scripts(void **state)
{
    static struct play play; /* large */
    uint64_t seed = number_from("LANE_MODEL_SEED", SEED);
    uint64_t scripts = number_from("LANE_MODEL_SCRIPTS", SCRIPTS);
    (void)state;
    print_message("LANE_MODEL_SEED=%llu, %llu scripts\n", (unsigned long long)seed,
                  (unsigned long long)scripts);
    for (uint64_t i = 0; i < scripts; i++) {
        run_script(&play, seed, i);
    }
    print_message("%zu steps; passed %zu, not taken %zu, forced %zu, held %zu, tailgated %zu, "
                  "unsensed %zu, held ended %zu, by hand %zu, manual %zu, blocked %zu\n",
                  play.steps, play.reports[PASSAGE_PASSED], play.reports[PASSAGE_NOT_TAKEN],
                  play.reports[PASSAGE_FORCED], play.reports[PASSAGE_HELD],
                  play.reports[PASSAGE_TAILGATED], play.reports[PASSAGE_UNSENSED],
                  play.reports[PASSAGE_HELD_ENDED], play.reports[PASSAGE_BY_HAND],
                  play.reports[PASSAGE_MANUAL], play.reports[PASSAGE_BLOCKED]);
    for (size_t kind = PASSAGE_PASSED; scripts >= SCRIPTS && kind <= PASSAGE_BLOCKED_ENDED;
         kind++) {
        assert_true(play.reports[kind] >= 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thousand_sensor_scripts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Goal: each sequence of grants, pulses, levels and times gives the reports a person expects.
 * Method: written scripts with expectations made by hand; then all short sequences of inputs, held
 * against counts that must come out whatever the order. */
#include "common/access/lane.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"

enum { PASS_MS = 5000, HELD_MS = 10000 };

/* A script is a text of steps, "<time in ms><input>", and what they report:
 *   g grant (numbered 1, 2, ... as they come)   p pulse   l late pulse   t time   T time after
 * outage c crush input on  C off  y manual release pulled  Y put back
 *   h held input on   H held input off   q is the lane full? Reports: p passed, n not taken,
 * f forced, t tailgated, h held, e held ended, u unsensed, each with its grant's number (0 none)
 * and ! when late. Q: full. */
struct script {
    const char *steps;
    const char *expected;
};

static const struct script sensed[] = {
    {"0g 900p",                               "p1"            },
    {"0g 4999t 5000t 5000t",                  "n1"            },
    {"0g 4999p",                              "p1"            },
    {"0p",                                    "f0"            },
    {"0g 900p 1500p",                         "p1 t1"         },
    {"0g 900p 4999p 5000p",                   "p1 t1 f0"      },
    {"0g 5000t 5001p",                        "n1 f0"         },
 /* two grants wait: the oldest is used, each has its own time */
    {"0g 1000g 1500p 1600p",                  "p1 p2"         },
    {"0g 1000g 1500p 1600p 1700p",            "p1 p2 t2"      },
    {"0g 1000g 5000t 5500p",                  "n1 p2"         },
    {"0g 1000g 1500p 6499t 6500t",            "p1 n2"         },
    {"0g 1000g 6000t",                        "n1 n2"         },
    {"0g 0g 0g 0q 0g 0q 100p 100q",           "Q p1"          },
    {"0g 0g 0g 0g 50m 0q 60m 100p",           "n1 n2 p3"      },
    {"50m",                                   ""              },
    {"0g 0g 0g 0g 1p 2p 3p 4p 5p",            "p1 p2 p3 p4 t4"},
 /* a grant that opened nothing is as if it had never been */
  /* an outage: nobody knows when late pulses were */
    {"0g 90000l 90000T",                      "p1!"           },
    {"0g 90000T",                             "n1!"           },
    {"0g 90000l 90000l 90000T",               "p1! f0!"       },
    {"90000l",                                "f0!"           },
    {"0g 900p 1500l",                         "p1 f0!"        },
 /* held open */
    {"0h 9999t 10000t 15000t 20000H",         "h0 e0"         },
    {"0h 9999H 30000t",                       ""              },
    {"0h 5000h 10000t",                       "h0"            },
    {"0h 10000t 11000H 12000h 21999t 22000t", "h0 e0 h0"      },
    {"0g 500p 500h 10500t 10600p",            "p1 h0 f0"      },
 /* something stands there: told once, after its time */
    {"0C",                                    "b0"            },
    {"0C 10c 10009t 10010t 20000t 30000C",    "b0 B0 b0"      },
    {"0C 10c 9999C 30000t",                   "b0"            },
    {"0c 10000t 11000C 12000c 12001C",        "B0 b0"         },
 /* the manual release: who passes then forced nothing; who has a grant, uses it */
    {"0Y 10y 20p 30Y 40p",                    "m0 M0 y0 m0 f0"},
    {"0y 10g 20p 30p",                        "M0 p1 y0"      },
};

static const struct script unsensed[] = {
    {"0g 100g 6000t",        "u1 u2"            },
    {"0g 0g 0g 0g 0g 0g 0q", "u1 u2 u3 u4 u5 u6"},
};

static void tell(char *out, size_t size, const struct lane_reports *reports)
{
    static const char letters[] = {
        [PASSAGE_PASSED] = 'p',       [PASSAGE_NOT_TAKEN] = 'n', [PASSAGE_FORCED] = 'f',
        [PASSAGE_HELD] = 'h',         [PASSAGE_TAILGATED] = 't', [PASSAGE_UNSENSED] = 'u',
        [PASSAGE_HELD_ENDED] = 'e',   [PASSAGE_BY_HAND] = 'y',   [PASSAGE_MANUAL] = 'M',
        [PASSAGE_MANUAL_ENDED] = 'm', [PASSAGE_BLOCKED] = 'B',   [PASSAGE_BLOCKED_ENDED] = 'b',
    };
    for (size_t i = 0; i < reports->count; i++) {
        const struct lane_report *report = &reports->list[i];
        size_t at = strlen(out);
        snprintf(out + at, size - at, "%s%c%u%s", at > 0 ? " " : "", letters[report->kind],
                 (unsigned)report->grant.id.sequence, report->late ? "!" : "");
        assert_int_equal(report->grant.direction,
                         grant_id_is_none(report->grant.id) ? LANE_IN : LANE_OUT);
    }
}

static struct lane_grant grant_number(uint64_t number)
{
    return (struct lane_grant){
        .id = {.epoch = 1, .sequence = number},
          .direction = LANE_OUT
    };
}

static struct lane_reports step(struct lane *lane, char input, struct mono now, uint64_t *granted)
{
    switch (input) {
    case 'g':
        return lane_grant(lane, grant_number(++*granted), now);
    case 'm':
        return lane_make_room(lane);
    case 'p':
    case 'l':
        return lane_pulses(lane, 1, input == 'l', now);
    case 'h':
    case 'H':
        return lane_held(lane, input == 'h', now);
    case 'c':
    case 'C':
        return lane_crush(lane, input == 'c', now);
    case 'y':
    case 'Y':
        return lane_manual(lane, input == 'y', false);
    case 't':
    case 'T':
        return lane_tick(lane, input == 'T', now);
    default:
        fail();
    }
    return (struct lane_reports){.count = 0};
}

static void play(const struct script *script, bool with_sensor)
{
    struct lane lane = lane_of((struct lane_rules){.sensed = with_sensor,
                                                   .pass_ms = PASS_MS,
                                                   .held_ms = HELD_MS,
                                                   .blocked_ms = HELD_MS,
                                                   .direction = LANE_IN});
    char got[256] = "";
    uint64_t granted = 0;
    const char *at = script->steps;
    int ms = 0;
    char input = 0;
    int used = 0;
    while (sscanf(at, "%d%c%n", &ms, &input, &used) == 2) {
        at += used;
        if (input == 'q') {
            size_t end = strlen(got);
            if (lane_is_full(&lane)) {
                snprintf(got + end, sizeof(got) - end, "%sQ", end > 0 ? " " : "");
            }
            continue;
        }
        struct lane_reports reports =
            step(&lane, input, (struct mono){.us = 1000000 + (int64_t)ms * 1000}, &granted);
        tell(got, sizeof(got), &reports);
    }
    if (strcmp(got, script->expected) != 0) {
        fail_msg("%s: got \"%s\", expected \"%s\"", script->steps, got, script->expected);
    }
}

static void scripts_by_hand(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sensed); i++) {
        play(&sensed[i], true);
    }
    for (size_t i = 0; i < ARRAY_LEN(unsensed); i++) {
        play(&unsensed[i], false);
    }
}

/* Each grant ends exactly once, each pulse is reported exactly once, nothing comes from nothing. */
static void every_short_sequence(void **state)
{
    (void)state;
    static const char inputs[] = {'g', 'p', 'l', 't', 'T'};
    enum { STEPS = 7 };
    size_t total = 1;
    for (int i = 0; i < STEPS; i++) {
        total *= ARRAY_LEN(inputs);
    }
    for (size_t number = 0; number < total; number++) {
        struct lane lane = lane_of((struct lane_rules){
            .sensed = true, .pass_ms = PASS_MS, .held_ms = HELD_MS, .direction = LANE_IN});
        uint64_t granted = 0;
        unsigned pulses = 0;
        unsigned count[PASSAGE_HELD_ENDED + 1] = {0};
        size_t code = number;
        for (int i = 0; i < STEPS; i++, code /= ARRAY_LEN(inputs)) {
            char input = inputs[code % ARRAY_LEN(inputs)];
            if (input == 'g' && lane_is_full(&lane)) {
                continue;
            }
            struct lane_reports reports =
                step(&lane, input, (struct mono){.us = 1 + (int64_t)i * 1700000}, &granted);
            pulses += input == 'p' || input == 'l' ? 1 : 0;
            for (size_t r = 0; r < reports.count; r++) {
                count[reports.list[r].kind]++;
            }
        }
        assert_int_equal(count[PASSAGE_PASSED] + count[PASSAGE_TAILGATED] + count[PASSAGE_FORCED],
                         pulses);
        assert_int_equal(count[PASSAGE_PASSED] + count[PASSAGE_NOT_TAKEN] + lane.waiting_count,
                         granted);
        assert_int_equal(count[PASSAGE_HELD] + count[PASSAGE_HELD_ENDED] + count[PASSAGE_UNSENSED],
                         0);
    }
}

/* The guard of a bollard: down while somebody may come or stands there, whatever else happens. */
static void what_is_open_stays_open_while_it_must(void **state)
{
    (void)state;
    struct lane lane = lane_of((struct lane_rules){
        .sensed = true, .pass_ms = PASS_MS, .held_ms = HELD_MS, .blocked_ms = HELD_MS});
    uint64_t granted = 0;
    const struct mono now = {.us = 1000000};
    assert_false(lane_must_stay_open(&lane));
    (void)step(&lane, 'g', now, &granted);
    assert_true(lane_must_stay_open(&lane));
    (void)step(&lane, 'c', now, &granted);
    (void)step(&lane, 'p', now, &granted);
    assert_true(lane_must_stay_open(&lane)); /* its rear axle */
    (void)step(&lane, 't', mono_after_ms(now, 3600000), &granted);
    assert_true(lane_must_stay_open(&lane)); /* for as long as it stands there */
    (void)step(&lane, 'C', mono_after_ms(now, 3600000), &granted);
    assert_false(lane_must_stay_open(&lane));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scripts_by_hand),
        cmocka_unit_test(every_short_sequence),
        cmocka_unit_test(what_is_open_stays_open_while_it_must),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

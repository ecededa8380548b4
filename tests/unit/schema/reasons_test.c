/* Goal: every reason keeps its number and can be shown at a lane. Method: the numbers are pinned
 * one by one, then each text is measured in UTF-16 units and looked up by its name. */
#include "schema/reasons.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"

/* These stand in journals. A changed line here is a broken journal. */
static const struct {
    int number;
    const char *name;
} pinned[] = {
    {0,  "no-rule"                 },
    {1,  "granted"                 },
    {2,  "exit"                    },
    {3,  "exit-button"             },
    {4,  "lane-set-free"           },
    {5,  "opened-by-staff"         },
    {6,  "agent-error"             },
    {7,  "history"                 },
    {8,  "replayed"                },
    {9,  "stale-read"              },
    {10, "clock-unknown"           },
    {11, "lane-locked"             },
    {12, "emergency-closed"        },
    {13, "controller-silent"       },
    {14, "repeat"                  },
    {15, "repeat-passed"           },
    {16, "no-plate"                },
    {17, "plate-not-read"          },
    {18, "credential-unknown"      },
    {19, "credential-revoked"      },
    {20, "credential-not-yet-valid"},
    {21, "credential-expired"      },
    {22, "class-too-weak"          },
    {23, "park-ban"                },
    {24, "tenant-suspended"        },
    {25, "person-suspended"        },
    {26, "no-assignment"           },
    {27, "zone-not-allowed"        },
    {28, "holiday"                 },
    {29, "out-of-schedule"         },
    {30, "zone-full"               },
    {31, "card-random-id"          },
    {32, "card-not-authentic"      },
    {33, "relay-suspected"         },
    {34, "first-person-missing"    },
    {35, "clearance-missing"       },
    {36, "clearance-expired"       },
    {37, "second-needed"           },
    {38, "second-wrong"            },
    {39, "driver-needed"           },
    {40, "driver-wrong"            },
    {41, "partner-needed"          },
    {42, "anti-passback"           },
    {43, "tenant-full"             },
    {44, "crowd-limit"             },
    {45, "passback-timed"          },
    {46, "escort-needed"           },
    {47, "interlock"               },
    {48, "granted-passback"        },
    {49, "lease-over"              },
    {50, "lease-class"             },
    {51, "gate-clock-unknown"      },
    {52, "outbox-full"             },
    {53, "store-full"              },
    {54, "catching-up"             },
    {55, "guard-check"             },
};

/* UTF-16 units of UTF-8 text; -1 when it is not UTF-8 of one, two or three bytes (all a display of
 * UCS-2 registers can show). */
static int utf16_units(const char *text)
{
    int units = 0;
    for (const uint8_t *at = (const uint8_t *)text; *at != 0; units++) {
        int more = *at < 0x80 ? 0 : (*at & 0xe0) == 0xc0 ? 1 : (*at & 0xf0) == 0xe0 ? 2 : -1;
        if (more < 0) {
            return -1;
        }
        for (at++; more > 0; more--, at++) {
            if ((*at & 0xc0) != 0x80) {
                return -1;
            }
        }
    }
    return units;
}

static bool is_ascii(const char *text)
{
    return (int)strlen(text) == utf16_units(text);
}

static void numbers_are_pinned(void **state)
{
    (void)state;
    assert_int_equal(ARRAY_LEN(pinned), REASON_COUNT);
    for (size_t i = 0; i < ARRAY_LEN(pinned); i++) {
        const struct reason_text *text = reason_at(i);
        assert_non_null(text);
        assert_int_equal(text->reason, pinned[i].number);
        assert_string_equal(text->name, pinned[i].name);
        assert_ptr_equal(reason_by_name(pinned[i].name), text);
        assert_ptr_equal(reason_text(text->reason), text);
    }
    assert_null(reason_at(REASON_COUNT));
    assert_null(reason_by_name("guard"));
}

static void each_line_fits_its_display(void **state)
{
    (void)state;
    for (size_t i = 0; reason_at(i) != NULL; i++) {
        const struct reason_text *text = reason_at(i);
        int zh = utf16_units(text->lane_zh);
        int en = utf16_units(text->lane_en);
        if (zh < 1 || zh > REASON_LANE_UNITS_MAX || en < 1 || en > REASON_LANE_UNITS_MAX) {
            fail_msg("%s: %d and %d units", text->name, zh, en);
        }
        assert_true(is_ascii(text->lane_en) && is_ascii(text->operator_en));
        assert_false(is_ascii(text->lane_zh) || is_ascii(text->operator_zh));
        assert_true(utf16_units(text->operator_zh) > zh || text->reason == REASON_GRANTED);
        assert_true(strlen(text->operator_en) > strlen(text->lane_en));
    }
}

static void the_display_blames_nobody(void **state)
{
    (void)state;
    const struct reason_text *ban = reason_text(REASON_PARK_BAN);
    const struct reason_text *suspended = reason_text(REASON_PERSON_SUSPENDED);
    assert_string_equal(ban->lane_zh, suspended->lane_zh);
    assert_string_equal(ban->lane_en, suspended->lane_en);
    assert_int_equal(ban->light, suspended->light);
}

static void an_unknown_number_has_a_text(void **state)
{
    (void)state;
    assert_string_equal(reason_text((enum reason)REASON_COUNT)->name, "unknown-reason");
    assert_string_equal(reason_text((enum reason)4000000000U)->name, "unknown-reason");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_pinned),
        cmocka_unit_test(each_line_fits_its_display),
        cmocka_unit_test(the_display_blames_nobody),
        cmocka_unit_test(an_unknown_number_has_a_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

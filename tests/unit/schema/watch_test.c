/* Goal: the closed lists of the watch list keep their numbers and names, hold no more than they
 * may, and nothing that they tell a guard holds anybody. Method: every row pinned, both directions,
 * every pair of category and matcher, and the words of the instructions. */
#include "schema/watch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"

/* These are signed and stored. A changed line here is a broken list. */
static const char *const categories[] = {"unknown",        "warrant",        "court-order",
                                         "missing-person", "stolen-vehicle", "wanted-vehicle",
                                         "unknown"};
static const char *const matchers[] = {"unknown", "plate", "badge", "identity", "unknown"};
static const char *const actions[] = {"unknown", "notify", "review", "unknown"};
static const char *const changes[] = {"unknown", "add", "renew", "withdraw", "unknown"};
static const char *const states[] = {"unknown", "waiting", "acting",    "withdrawn",
                                     "refused", "ended",   "suspended", "unknown"};
static const char *const instructions[] = {"unknown",     "call",           "observe",
                                           "ask-to-desk", "check-document", "check-vehicle",
                                           "offer-help",  "keep-distance",  "unknown"};

static void test_numbers_and_names_are_pinned(void **state)
{
    (void)state;
#define PINNED(stem, names)                                                                        \
    for (uint32_t i = 0; i < ARRAY_LEN(names); i++) {                                              \
        assert_string_equal(watch_##stem##_name(i), names[i]);                                     \
    }                                                                                              \
    assert_string_equal(watch_##stem##_name(UINT32_MAX), "unknown")
    PINNED(category, categories);
    PINNED(matcher, matchers);
    PINNED(action, actions);
    PINNED(change, changes);
    PINNED(state, states);
    PINNED(instruction, instructions);
}

static void test_names_are_found_again(void **state)
{
    (void)state;
#define FOUND(stem, type, names)                                                                   \
    for (uint32_t i = 1; i + 1 < ARRAY_LEN(names); i++) {                                          \
        enum type found = (enum type)0;                                                            \
        assert_true(watch_##stem##_from_name(names[i], &found));                                   \
        assert_int_equal(found, i);                                                                \
    }                                                                                              \
    assert_false(watch_##stem##_from_name("unknown", &(enum type){0}));                            \
    assert_false(watch_##stem##_from_name("", &(enum type){0}))
    FOUND(category, watch_category, categories);
    FOUND(matcher, watch_matcher, matchers);
    FOUND(action, watch_action, actions);
    FOUND(change, watch_change_kind, changes);
    FOUND(instruction, watch_instruction, instructions);
}

/* No other categories: none for opinion, petition, belief, ethnicity, health or a class of people.
 */
static void test_there_are_five_categories_two_actions_three_matchers(void **state)
{
    (void)state;
    assert_int_equal(WATCH_CATEGORY_COUNT, 6);
    assert_int_equal(WATCH_ACTION_COUNT, 3);
    assert_int_equal(WATCH_MATCHER_COUNT, 4);
}

static void test_categories_go_with_matchers(void **state)
{
    static const bool fits[WATCH_CATEGORY_COUNT][WATCH_MATCHER_COUNT] = {
        [WATCH_CATEGORY_WARRANT] = {false, false, true,  true },
        [WATCH_CATEGORY_COURT_ORDER] = {false, true,  true,  true },
        [WATCH_CATEGORY_MISSING_PERSON] = {false, false, true,  true },
        [WATCH_CATEGORY_STOLEN_VEHICLE] = {false, true,  false, false},
        [WATCH_CATEGORY_WANTED_VEHICLE] = {false, true,  false, false},
    };
    (void)state;
    for (int category = 0; category < WATCH_CATEGORY_COUNT; category++) {
        for (int matcher = 0; matcher < WATCH_MATCHER_COUNT; matcher++) {
            assert_int_equal(
                watch_category_fits((enum watch_category)category, (enum watch_matcher)matcher),
                fits[category][matcher]);
        }
    }
}

static void test_instructions_speak_both_languages_and_hold_nobody(void **state)
{
    static const char *const never[] = {"detain", "arrest", "hold the",  "lock", "block",
                                        "stop",   "seize",  "扣",        "拘",   "抓",
                                        "锁",     "拦",     "do not let"};
    (void)state;
    for (uint32_t i = 1; i < WATCH_INSTRUCTION_COUNT; i++) {
        assert_true(strlen(watch_instruction_en(i)) > 20 && strlen(watch_instruction_zh(i)) > 20);
        for (size_t word = 0; word < ARRAY_LEN(never); word++) {
            assert_null(strstr(watch_instruction_en(i), never[word]));
            assert_null(strstr(watch_instruction_zh(i), never[word]));
        }
    }
    assert_string_equal(watch_instruction_en(0), "");
    assert_string_equal(watch_instruction_zh(WATCH_INSTRUCTION_COUNT), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_and_names_are_pinned),
        cmocka_unit_test(test_names_are_found_again),
        cmocka_unit_test(test_there_are_five_categories_two_actions_three_matchers),
        cmocka_unit_test(test_categories_go_with_matchers),
        cmocka_unit_test(test_instructions_speak_both_languages_and_hold_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

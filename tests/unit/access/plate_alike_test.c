/* Goal: plates are alike exactly as the groups of confusion say, and the index finds all that are.
 * Method: a model of pairs written out anew; every change of one and of two characters over the
 * whole alphabet; every listed plate like a read stands under one of the read's skeletons. */
#include "common/access/plate_alike.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/access/utf8.h"
#include "common/base/must.h"

/* Pairs, as a person would write them down: no groups, no skeletons. */
static const uint32_t *const pairs[] = {
    U"0O",   U"0D",   U"0Q",   U"OD",   U"OQ",   U"DQ",   U"8B",   U"83",   U"B3",   U"1I",
    U"1L",   U"1T",   U"17",   U"IL",   U"IT",   U"I7",   U"LT",   U"L7",   U"T7",   U"UV",
    U"UY",   U"VY",   U"2Z",   U"MN",   U"MH",   U"MW",   U"NH",   U"NW",   U"HW",   U"5S",
    U"EF",   U"6G",   U"6C",   U"GC",   U"KX",   U"4A",   U"浙沪", U"浙渝", U"沪渝", U"苏粤",
    U"苏鲁", U"粤鲁", U"皖赣", U"皖晋", U"赣晋", U"川京", U"冀翼",
};

static const uint32_t alphabet[] = U"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                   U"京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
                                   U"警使领学挂港澳应急超临民航翼?";
enum { LETTERS = ARRAY_LEN(alphabet) - 1 };

static unsigned model_of_two(uint32_t read, uint32_t listed)
{
    if (read == listed) {
        return 0;
    }
    if (read == '?') {
        return 1;
    }
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        if ((pairs[i][0] == read && pairs[i][1] == listed) ||
            (pairs[i][1] == read && pairs[i][0] == listed)) {
            return 1;
        }
    }
    return 100;
}

struct text {
    uint32_t at[PLATE_POINTS_MAX];
    size_t count;
};

static struct text text_of(const char *utf8)
{
    struct text text = {.count = 0};
    struct bytes bytes = bytes_of_text(utf8);
    size_t at = 0;
    while (at < bytes.size) {
        assert_true(utf8_next(bytes, &at, &text.at[text.count++]));
    }
    return text;
}

static struct bytes write(const struct text *text, char out[PLATE_TEXT_SIZE])
{
    size_t size = 0;
    for (size_t i = 0; i < text->count; i++) {
        size += utf8_put(text->at[i], out + size);
    }
    return (struct bytes){.data = (const uint8_t *)out, .size = size};
}

static unsigned model(const struct text *read, const struct text *listed)
{
    unsigned sum = 0;
    for (size_t i = 0; i < read->count; i++) {
        sum += model_of_two(read->at[i], listed->at[i]);
    }
    return sum <= 2 ? sum : PLATE_ALIKE_NOT;
}

static unsigned judged(const struct text *read, const struct text *listed)
{
    char a[PLATE_TEXT_SIZE];
    char b[PLATE_TEXT_SIZE];
    return plate_alike(write(read, a), write(listed, b));
}

/* One plate of each shape; the last is as long as a plate gets. */
static const char *const plates[] = {"浙A12345",    "京O8B7S2",  "沪AD12345",
                                     "粤Z1M34港",   "WJ浙1234T", "224578使",
                                     "浙X0001应急", "民航A1234", "川K6E5Z挂"};

static void every_pair_of_characters(void **state)
{
    (void)state;
    unsigned alike = 0;
    for (size_t i = 0; i < LETTERS; i++) {
        for (size_t k = 0; k < LETTERS; k++) {
            struct text read = {
                .at = {alphabet[i], 'J'},
                  .count = 2
            };
            struct text listed = {
                .at = {alphabet[k], 'J'},
                  .count = 2
            };
            if (judged(&read, &listed) != model(&read, &listed)) {
                fail_msg("characters %zu and %zu", i, k);
            }
            alike += judged(&read, &listed) == 1;
        }
    }
    /* each pair both ways, and what was not read beside every character but itself */
    assert_int_equal(alike, 2 * ARRAY_LEN(pairs) + LETTERS - 1);
}

static void every_change_of_one_and_two(void **state)
{
    (void)state;
    unsigned long count = 0;
    for (size_t p = 0; p < ARRAY_LEN(plates); p++) {
        const struct text listed = text_of(plates[p]);
        for (size_t i = 0; i < listed.count; i++) {
            for (size_t k = i; k < listed.count; k++) {
                for (size_t n = 0; n < LETTERS * LETTERS; n++) {
                    struct text read = listed;
                    read.at[i] = alphabet[n % LETTERS];
                    read.at[k] = alphabet[n / LETTERS];
                    count++;
                    if (judged(&read, &listed) != model(&read, &listed)) {
                        fail_msg("%s, places %zu and %zu, change %zu", plates[p], i, k, n);
                    }
                }
            }
        }
    }
    print_message("changes judged: %lu\n", count);
    assert_true(count > 1000000);
}

static void three_are_too_many(void **state)
{
    (void)state;
    static const struct {
        const char *read, *listed;
        unsigned expected;
    } rows[] = {
        {"浙A12345",  "浙A12345", 0              },
        {"浙A1Z345",  "浙A12345", 1              },
        {"沪A1Z345",  "浙A12345", 2              },
        {"沪A7Z345",  "浙A12345", PLATE_ALIKE_NOT},
        {"浙A1?345",  "浙A12345", 1              },
        {"沪A1?345",  "浙A12345", 2              },
        {"浙A????5",  "浙A12345", PLATE_ALIKE_NOT},
        {"浙A1234",   "浙A12345", PLATE_ALIKE_NOT},
        {"浙A123456", "浙A12345", PLATE_ALIKE_NOT},
        {"浙A12346",  "浙A12345", PLATE_ALIKE_NOT},
        {"翼A12345",  "冀A12345", 1              },
        {"浙012345",  "浙O12345", 1              },
        {"",           "浙A12345", PLATE_ALIKE_NOT},
        {"浙A12345",  "",          PLATE_ALIKE_NOT},
        {"浙A12345",  "浙A1?345", PLATE_ALIKE_NOT},
        {"\xff\xfe",   "浙A12345", PLATE_ALIKE_NOT},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        unsigned got = plate_alike(bytes_of_text(rows[i].read), bytes_of_text(rows[i].listed));
        if (got != rows[i].expected) {
            fail_msg("%s beside %s: %u", rows[i].read, rows[i].listed, got);
        }
    }
}

/* --- the index --- */

struct search {
    struct bytes wanted;
    unsigned long shown;
    bool found;
};

static bool look(void *ctx, struct bytes skeleton)
{
    struct search *search = ctx;
    search->shown++;
    search->found |= bytes_equal(skeleton, search->wanted);
    return true;
}

static bool keep(void *ctx, struct bytes skeleton)
{
    char *out = ctx;
    memcpy(out, skeleton.data, skeleton.size);
    out[skeleton.size] = '\0';
    return true;
}

/* Every read that is like a listed plate asks for the skeleton that the plate stands under. */
static void all_that_is_alike_is_found(void **state)
{
    (void)state;
    unsigned long found = 0;
    for (size_t p = 0; p < ARRAY_LEN(plates); p++) {
        const struct text listed = text_of(plates[p]);
        char bones[PLATE_TEXT_SIZE];
        char raw[PLATE_TEXT_SIZE];
        assert_true(plate_alike_skeletons(bytes_of_text(plates[p]), keep, bones));
        for (size_t i = 0; i < listed.count; i++) {
            for (size_t k = i; k < listed.count; k++) {
                for (size_t n = 0; n < LETTERS * LETTERS; n++) {
                    struct text read = listed;
                    read.at[i] = alphabet[n % LETTERS];
                    read.at[k] = alphabet[n / LETTERS];
                    if (model(&read, &listed) == PLATE_ALIKE_NOT) {
                        continue;
                    }
                    struct search search = {.wanted = bytes_of_text(bones)};
                    assert_true(plate_alike_skeletons(write(&read, raw), look, &search));
                    if (!search.found) {
                        fail_msg("%s is not found by %s", plates[p], raw);
                    }
                    found++;
                }
            }
        }
    }
    print_message("found by their skeleton: %lu\n", found);
    assert_true(found > 1000);
}

static void what_is_asked_is_bounded(void **state)
{
    (void)state;
    static const struct {
        const char *read;
        unsigned long shown;
    } rows[] = {
        {"浙A12345",       1      },
        {"浙A1?345",       15     },
        {"浙A1??45",       15 * 15},
        {"?A12345",         40     },
        {"?A1234?",         40 * 25},
        {"浙A12?4?应急", 15 * 15},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct search search = {.wanted = {0}};
        assert_true(plate_alike_skeletons(bytes_of_text(rows[i].read), look, &search));
        assert_int_equal(search.shown, rows[i].shown);
    }
    struct search none = {.wanted = {0}};
    assert_false(plate_alike_skeletons(bytes_of_text("浙A???45"), look, &none));
    assert_false(plate_alike_skeletons(bytes_of_text("??"), look, &none));
    assert_false(plate_alike_skeletons(bytes_of_text(""), look, &none));
    assert_false(plate_alike_skeletons(bytes_of_text("\xff"), look, &none));
    assert_false(plate_alike_skeletons(bytes_of_text("1234567890123"), look, &none));
    assert_int_equal(none.shown, 0);
}

static bool stop(void *ctx, struct bytes skeleton)
{
    (void)skeleton;
    ++*(unsigned *)ctx;
    return false;
}

static void a_visitor_ends_the_walk(void **state)
{
    (void)state;
    unsigned shown = 0;
    assert_true(plate_alike_skeletons(bytes_of_text("浙A1??45"), stop, &shown));
    assert_int_equal(shown, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_of_characters), cmocka_unit_test(every_change_of_one_and_two),
        cmocka_unit_test(three_are_too_many),       cmocka_unit_test(all_that_is_alike_is_found),
        cmocka_unit_test(what_is_asked_is_bounded), cmocka_unit_test(a_visitor_ends_the_walk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Goal: each card is told when it comes and once only. Method: written sequences of polls, one
 * letter a poll (a card's name, . for none), and where a card must be told. */
#include "reader-agent/nfc/card_watch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"

struct sequence {
    const char *polls;
    const char *told; /* ! where it is told */
};

static const struct sequence sequences[] = {
    {"....",          "    "         },
    {"AAAA",          "!   "         },
    {"A..A...A",      "!      !"     },
    {"A.A.A.A",       "!      "      },
    {"AABB",          "! ! "         },
    {"ABABAB",        "!!    "       },
    {"ABBBA",         "!!  !"        },
    {"ABCDABCD",      "!!!!!!!!"     }, /* three polls without it: it left */
    {"...AAA....AAA", "   !      !  "},
};

static struct card card_named(char letter)
{
    struct card card = {
        .uid = {(uint8_t)letter, 1, 2, 3},
          .uid_size = letter == '.' ? 0 : 4
    };
    return card;
}

static void sequences_by_hand(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(sequences); i++) {
        struct card_watch watch = {.misses = {0}};
        assert_int_equal(strlen(sequences[i].polls), strlen(sequences[i].told));
        for (size_t at = 0; sequences[i].polls[at] != '\0'; at++) {
            struct card card = card_named(sequences[i].polls[at]);
            if (card_watch_poll(&watch, &card) != (sequences[i].told[at] == '!')) {
                fail_msg("%s at poll %zu", sequences[i].polls, at);
            }
        }
    }
}

static void a_forgotten_card_is_told_again(void **state)
{
    (void)state;
    struct card_watch watch = {.misses = {0}};
    struct card a = card_named('A');
    struct card none = card_named('.');
    assert_true(card_watch_poll(&watch, &a));
    assert_false(card_watch_poll(&watch, &a));
    card_watch_forget(&watch, &a);
    card_watch_forget(&watch, &none);
    assert_true(card_watch_poll(&watch, &a));
}

static void uids_of_different_length_differ(void **state)
{
    (void)state;
    struct card_watch watch = {.misses = {0}};
    struct card four = {
        .uid = {1, 2, 3, 4},
          .uid_size = 4
    };
    struct card seven = {
        .uid = {1, 2, 3, 4, 0, 0, 0},
          .uid_size = 7
    };
    assert_true(card_watch_poll(&watch, &four));
    assert_true(card_watch_poll(&watch, &seven));
}

static void random_uids_are_known_by_their_first_byte(void **state)
{
    (void)state;
    struct card random = {
        .uid = {0x08, 2, 3, 4},
          .uid_size = 4
    };
    struct card fixed = {
        .uid = {0x04, 2, 3, 4},
          .uid_size = 4
    };
    struct card seven = {
        .uid = {0x08, 2, 3, 4, 5, 6, 7},
          .uid_size = 7
    };
    assert_true(card_is_random(&random));
    assert_false(card_is_random(&fixed));
    assert_false(card_is_random(&seven));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sequences_by_hand),
        cmocka_unit_test(a_forgotten_card_is_told_again),
        cmocka_unit_test(uids_of_different_length_differ),
        cmocka_unit_test(random_uids_are_known_by_their_first_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

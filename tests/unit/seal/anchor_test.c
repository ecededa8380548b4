/* Goal: an anchor's line says what was signed, and nothing else reads as one.
 * Method: there and back, every byte changed, every cut, and lines that are nearly such.
 */
#include "common/seal/anchor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"

static struct sign_key key;
static struct sign_public public;

static struct anchor an_anchor(void)
{
    struct anchor anchor = {
        .sequence = 4711, .time = {.us = INT64_C(1777777777000001)},
             .branch = { 0xab, 1, 2, 3}
    };
    char text[ANCHOR_LINE_SIZE];
    anchor.hash = seal_hash_of(bytes_of_text("an entry"));
    sign_key_id(&public, anchor.key);
    sign_make(&key, anchor_message(&anchor, text), &anchor.value);
    return anchor;
}

static void says_what_is_signed(void **state)
{
    (void)state;
    struct anchor anchor = an_anchor();
    char text[ANCHOR_LINE_SIZE];
    char wanted[ANCHOR_LINE_SIZE];
    char line[ANCHOR_LINE_SIZE];
    struct bytes message = anchor_message(&anchor, text);
    anchor_to_line(&anchor, line);
    int size = snprintf(wanted, sizeof(wanted), "parkgate journal head 1\n%.*s\n",
                        (int)(strrchr(line, ' ') - line), line);
    assert_int_equal(message.size, size);
    assert_memory_equal(message.data, wanted, message.size);
    assert_int_equal(strncmp(line, "4711 ", 5), 0);
    assert_non_null(strstr(line, " 1777777777000001 ab01020300000000 "));
}

static void goes_there_and_back(void **state)
{
    (void)state;
    struct anchor anchor = an_anchor();
    struct anchor got;
    char line[ANCHOR_LINE_SIZE];
    anchor_to_line(&anchor, line);
    assert_true(anchor_from_line(line, &got));
    assert_true(anchor_is_good(&got, &public));
    assert_int_equal(got.sequence, anchor.sequence);
    assert_int_equal(got.time.us, anchor.time.us);
    anchor.sequence = INT64_MAX;
    anchor.time.us = INT64_MAX;
    anchor_to_line(&anchor, line);
    assert_true(anchor_from_line(line, &got));
    assert_false(anchor_is_good(&got, &public));
}

static void one_changed_character_is_found(void **state)
{
    (void)state;
    struct anchor anchor = an_anchor();
    struct anchor got;
    char line[ANCHOR_LINE_SIZE];
    anchor_to_line(&anchor, line);
    for (size_t i = 0; line[i] != '\0'; i++) {
        for (char with = ' '; with <= '~'; with++) {
            char was = line[i];
            if (with == was) {
                continue;
            }
            line[i] = with;
            assert_false(anchor_from_line(line, &got) && anchor_is_good(&got, &public));
            line[i] = was;
        }
    }
}

static void nothing_else_is_a_line(void **state)
{
    (void)state;
    struct anchor anchor = an_anchor();
    struct anchor got;
    char line[ANCHOR_LINE_SIZE];
    char other[ANCHOR_LINE_SIZE + 8];
    anchor_to_line(&anchor, line);
    for (size_t cut = 0; cut < strlen(line); cut++) {
        (void)snprintf(other, sizeof(other), "%.*s", (int)cut, line);
        assert_false(anchor_from_line(other, &got));
    }
    static const char *const around[][2] = {
        {"0",                  ""  },
        {" ",                  ""  },
        {"",                   " " },
        {"",                   "\n"},
        {"+",                  ""  },
        {"-",                  ""  },
        {"999999999999999999", ""  }
    };
    for (size_t i = 0; i < ARRAY_LEN(around); i++) {
        (void)snprintf(other, sizeof(other), "%s%s%s", around[i][0], line, around[i][1]);
        assert_false(anchor_from_line(other, &got));
    }
    (void)snprintf(other, sizeof(other), "0%s", line + 4); /* entry 0 */
    assert_false(anchor_from_line(other, &got));
}

static void another_key_is_another(void **state)
{
    (void)state;
    struct anchor anchor = an_anchor();
    struct sign_key other = sign_key_make(entropy_system());
    struct sign_public other_public = sign_public_of(&other);
    char text[ANCHOR_LINE_SIZE];
    assert_false(anchor_is_good(&anchor, &other_public));
    /* signed by another key in this one's name */
    sign_make(&other, anchor_message(&anchor, text), &anchor.value);
    assert_false(anchor_is_good(&anchor, &other_public));
    assert_false(anchor_is_good(&anchor, &public));
}

static void a_key_has_its_line(void **state)
{
    (void)state;
    struct sign_public got;
    char line[ANCHOR_KEY_LINE_SIZE];
    anchor_key_to_line(&public, line);
    assert_true(anchor_key_from_line(line, &got));
    assert_memory_equal(got.bytes, public.bytes, sizeof(got.bytes));
    for (size_t i = 0; line[i] != '\0'; i++) {
        char was = line[i];
        line[i] = was == 'A' ? 'B' : 'A';
        assert_false(anchor_key_from_line(line, &got));
        line[i] = '\0';
        assert_false(anchor_key_from_line(line, &got));
        line[i] = was;
    }
}

static int set_up(void **state)
{
    (void)state;
    MUST(seal_init(NULL) == ERR_OK);
    key = sign_key_make(entropy_system());
    public = sign_public_of(&key);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_is_signed),
        cmocka_unit_test(goes_there_and_back),
        cmocka_unit_test(one_changed_character_is_found),
        cmocka_unit_test(nothing_else_is_a_line),
        cmocka_unit_test(another_key_is_another),
        cmocka_unit_test(a_key_has_its_line),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}

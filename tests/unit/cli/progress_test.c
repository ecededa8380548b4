/* Goal: long work shows a bar, short work and files get none. Method: a clock moved by hand, and
 * what was written to the error stream. */
#include "admin-cli/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct mono hand;

static struct mono read_hand(void *ctx)
{
    (void)ctx;
    return hand;
}

static const struct clock clock_by_hand = {.wall = NULL, .mono = read_hand, .ctx = NULL};

/* What a terminal (or a file) gets of 100 rows in `steps` of `step_ms`. Freed by the caller. */
static char *drawn_with(const char *what, bool terminal, enum format format, int steps,
                        int64_t step_ms)
{
    char *text = NULL;
    size_t size = 0;
    struct cli cli = {.err_terminal = terminal, .format = format};
    struct progress progress;
    cli.err = open_memstream(&text, &size);
    assert_non_null(cli.err);
    hand = (struct mono){.us = 1000};
    progress_begin(&progress, &cli, &clock_by_hand, 100);
    progress.what = what;
    for (int i = 1; i <= steps; i++) {
        hand = mono_after_ms(hand, step_ms);
        progress_show(&progress, (size_t)(100 * i / steps));
    }
    progress_end(&progress);
    (void)fclose(cli.err);
    return text;
}

static char *drawn(bool terminal, enum format format, int steps, int64_t step_ms)
{
    return drawn_with(NULL, terminal, format, steps, step_ms);
}

static void it_says_what_it_counts(void **state)
{
    (void)state;
    char *text = drawn_with(" gates 个出入口", true, FORMAT_TABLE, 2, 1500);
    assert_string_equal(text,
                        "\r[########################################] 100 / 100 gates 个出入口\n");
    free(text);
}

static void work_over_two_seconds_shows_a_bar(void **state)
{
    (void)state;
    char *text = drawn(true, FORMAT_TABLE, 4, 1000);
    assert_string_equal(text, "\r[####################....................] 50 / 100"
                              "\r[##############################..........] 75 / 100"
                              "\r[########################################] 100 / 100\n");
    free(text);
}

static void short_work_shows_nothing(void **state)
{
    (void)state;
    char *text = drawn(true, FORMAT_TABLE, 19, 100);
    assert_string_equal(text, "");
    free(text);
}

static void it_is_drawn_ten_times_a_second_at_the_most(void **state)
{
    (void)state;
    size_t bars = 0;
    char *text = drawn(true, FORMAT_TABLE, 1000, 3); /* 3 s: one second with a bar */
    for (const char *at = text; (at = strchr(at, '\r')) != NULL; at++) {
        bars++;
    }
    assert_in_range(bars, 9, 11);
    free(text);
}

static void files_and_programs_get_none(void **state)
{
    (void)state;
    char *to_file = drawn(false, FORMAT_TABLE, 4, 1000);
    char *as_json = drawn(true, FORMAT_JSON, 4, 1000);
    assert_string_equal(to_file, "");
    assert_string_equal(as_json, "");
    free(to_file);
    free(as_json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(work_over_two_seconds_shows_a_bar),
        cmocka_unit_test(it_says_what_it_counts),
        cmocka_unit_test(short_work_shows_nothing),
        cmocka_unit_test(it_is_drawn_ten_times_a_second_at_the_most),
        cmocka_unit_test(files_and_programs_get_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

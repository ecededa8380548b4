/* Goal: a log line is always one bounded line that can be taken apart again. Method: lines with
 * plain, odd and too long values against their exact text; then one real write down a pipe. */
#include "common/base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void shows(const struct log_line *line, const char *expected)
{
    char out[LOG_LINE_SIZE];
    size_t size = log_format(LOG_LEVEL_INFO, line, 0, out, sizeof(out));
    assert_string_equal(out, expected);
    assert_int_equal(size, strlen(expected));
}

static void lines_have_their_exact_text(void **state)
{
    (void)state;
    shows(&(struct log_line){.event = "started"}, "started\n");
    shows(
        &(struct log_line){
            .event = "hello", .fields = {LOG_TEXT("gate", "g-1"), LOG_NUM("sequence", -7)}
    },
        "hello gate=g-1 sequence=-7\n");
    shows(&(struct log_line){.event = "x", .fields = {LOG_TEXT("why", "a \"b\"\\=\n\t\x7f")}},
          "x why=\"a \\\"b\\\"\\\\=\\n\\x09\\x7f\"\n");
    shows(
        &(struct log_line){
            .event = "x", .fields = {LOG_TEXT("a", ""), LOG_TEXT("b", NULL)}
    },
        "x a=\"\" b=\"\"\n");
    shows(&(struct log_line){.event = "x", .fields = {LOG_TEXT("zh", "园区")}}, "x zh=园区\n");
}

static void long_values_are_cut_between_characters(void **state)
{
    (void)state;
    char value[4000] = {0};
    for (size_t i = 0; i + 3 < sizeof(value); i += 3) {
        memcpy(value + i, "\xe5\x9b\xad", 3);
    }
    for (size_t room = 64; room < 80; room++) {
        char out[80];
        struct log_line line = {
            .event = "e", .fields = {LOG_TEXT("v", value), LOG_NUM("n", 1)}
        };
        size_t size = log_format(LOG_LEVEL_INFO, &line, 0, out, room);
        assert_true(size < room && strlen(out) == size);
        assert_string_equal(out + size - 4, "...\n");
        assert_int_equal((size - strlen("e v=") - 4) % 3, 0);
    }
}

static void writes_to_standard_error_with_level_for_the_journal(void **state)
{
    (void)state;
    int ends[2];
    char got[200] = {0};
    int saved = dup(STDERR_FILENO);
    assert_int_equal(pipe(ends), 0);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    (void)unsetenv("JOURNAL_STREAM");
    log_event("plain", LOG_NUM("n", 1));
    (void)setenv("JOURNAL_STREAM", "8:1", 1);
    log_error("bad");
    log_warning("odd", LOG_TEXT("k", "v"));
    (void)unsetenv("JOURNAL_STREAM");
    (void)dup2(saved, STDERR_FILENO);
    assert_true(read(ends[0], got, sizeof(got) - 1) > 0);
    assert_string_equal(got, "plain n=1\n<3>bad\n<4>odd k=v\n");
    (void)close(ends[0]);
    (void)close(ends[1]);
    (void)close(saved);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_have_their_exact_text),
        cmocka_unit_test(long_values_are_cut_between_characters),
        cmocka_unit_test(writes_to_standard_error_with_level_for_the_journal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Goal: the live view rings for what this key is told, at a terminal, and never where it would be a
 * byte in somebody's file. Method: answers made by hand; every mix of row, terminal, option and
 * format; what was written. */
#include "admin-cli/alerts.h"

#include "admin-cli/answer.h"
#include "tests/unit/cli/run.h"

/* How many bells one answer rings. */
static size_t bells(const char *first, const char *second, bool terminal, bool quiet,
                    enum format format)
{
    char *text = NULL;
    size_t size = 0;
    size_t count = 0;
    char word[2][8];
    (void)snprintf(word[0], sizeof(word[0]), "%s", first);
    (void)snprintf(word[1], sizeof(word[1]), "%s", second);
    char *cells[] = {(char[]){"yes"}, word[0], (char[]){"2"}, word[1]};
    struct answer answer = {.column_count = 2,
                            .columns = {(char[]){"alert"}, (char[]){"rings"}},
                            .row_count = 2,
                            .cells = cells};
    struct cli cli = {.out_terminal = terminal, .format = format};
    cli.out = open_memstream(&text, &size);
    assert_non_null(cli.out);
    alerts_ring(&cli, &answer, quiet);
    (void)fclose(cli.out);
    for (size_t i = 0; i < size; i++) {
        assert_int_equal(text[i], '\a');
        count++;
    }
    free(text);
    return count;
}

static void it_rings_for_what_this_key_is_told(void **state)
{
    (void)state;
    assert_int_equal(bells("yes", "no", true, false, FORMAT_TABLE), 1);
    assert_int_equal(bells("no", "yes", true, false, FORMAT_TABLE), 1);
    assert_int_equal(bells("yes", "yes", true, false, FORMAT_TABLE), 1); /* once an answer */
    assert_int_equal(bells("no", "no", true, false, FORMAT_TABLE), 0);
}

static void it_is_silent_when_asked_to_be_and_for_programs(void **state)
{
    (void)state;
    assert_int_equal(bells("yes", "no", true, true, FORMAT_TABLE), 0);
    assert_int_equal(bells("yes", "no", true, false, FORMAT_JSON), 0);
    assert_int_equal(bells("yes", "no", false, false, FORMAT_TABLE), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_rings_for_what_this_key_is_told),
        cmocka_unit_test(it_is_silent_when_asked_to_be_and_for_programs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

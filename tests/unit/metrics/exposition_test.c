/* Goal: a page is what Prometheus' text format says, each metric one family and its bounds the
 * next. Method: samples of the real registry put by hand, whole pages compared byte for byte; pages
 * that do not fit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"
#include "common/metrics/exposition.h"
#include "common/metrics/process.h"
#include "common/metrics/times.h"

static int setup(void **state)
{
    struct exposition *page = exposition_create(EXPOSITION_EN);
    *state = page;
    return page == NULL;
}

static int teardown(void **state)
{
    struct exposition *page = *state;
    exposition_destroy(&page);
    return 0;
}

static void expect_page(struct exposition *page, const char *text)
{
    size_t size = 0;
    const char *have = exposition_end(page, &size);
    assert_non_null(have);
    assert_int_equal(strlen(have), size);
    assert_string_equal(have, text);
}

static void values_in_their_units(void **state)
{
    static const struct {
        enum metric_unit unit;
        int64_t value;
        const char *text;
    } rows[] = {
        {METRIC_PLAIN,   0,         "0"                    },
        {METRIC_PLAIN,   -7,        "-7"                   },
        {METRIC_BYTES,   INT64_MAX, "9223372036854775807"  },
        {METRIC_SECONDS, 0,         "0"                    },
        {METRIC_SECONDS, 1,         "0.000001"             },
        {METRIC_SECONDS, 1500000,   "1.5"                  },
        {METRIC_SECONDS, -250000,   "-0.25"                },
        {METRIC_SECONDS, 10000000,  "10"                   },
        {METRIC_SECONDS, INT64_MIN, "-9223372036854.775808"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char text[METRIC_VALUE_SIZE];
        metric_value_text(rows[i].unit, rows[i].value, text);
        assert_string_equal(text, rows[i].text);
    }
}

static void labels_are_escaped_and_cut(void **state)
{
    char labels[METRIC_LABELS_SIZE] = "";
    char longest[2 * METRIC_LABELS_SIZE];
    (void)state;
    metric_label(labels, "gate", "gate-a");
    metric_label(labels, "state", "a\"b\\c\nd");
    assert_string_equal(labels, "gate=\"gate-a\",state=\"a\\\"b\\\\c\\nd\"");
    memset(longest, '"', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    labels[0] = '\0';
    metric_label(labels, "gate", longest);
    size_t size = strlen(labels);
    assert_in_range(size, METRIC_LABELS_SIZE - 4, METRIC_LABELS_SIZE - 1);
    assert_memory_equal(labels + size - 3, "\\\"\"", 3); /* no escape is cut in two */
}

static void a_family_and_its_bounds(void **state)
{
    struct exposition *page = *state;
    struct metric_out out = exposition_out(page);
    metric_put(&out, METRIC_AGENTS, "", 2);
    metric_put_bound(&out, METRIC_ZONE_PERSONS, "zone=\"hall\"", 3, 5);
    metric_put_bound(&out, METRIC_ZONE_PERSONS, "zone=\"yard\"", 40, 0);
    metric_put(&out, METRIC_GATE_SILENCE, "gate=\"a\"", 1250000);
    metric_put(&out, METRIC_JOURNAL, "", 9);
    expect_page(page, "# HELP parkgate_agents Gates' boxes that said HELLO.\n"
                      "# TYPE parkgate_agents gauge\n"
                      "parkgate_agents 2\n"
                      "# HELP parkgate_agents_limit Bound of parkgate_agents.\n"
                      "# TYPE parkgate_agents_limit gauge\n"
                      "parkgate_agents_limit 200\n"
                      "# HELP parkgate_zone_persons Persons in a zone now, beside its capacity.\n"
                      "# TYPE parkgate_zone_persons gauge\n"
                      "parkgate_zone_persons{zone=\"hall\"} 3\n"
                      "parkgate_zone_persons{zone=\"yard\"} 40\n"
                      "# HELP parkgate_zone_persons_limit Bound of parkgate_zone_persons.\n"
                      "# TYPE parkgate_zone_persons_limit gauge\n"
                      "parkgate_zone_persons_limit{zone=\"hall\"} 5\n"
                      "# HELP parkgate_gate_silence_seconds "
                      "Time since a gate's box was last heard.\n"
                      "# TYPE parkgate_gate_silence_seconds gauge\n"
                      "parkgate_gate_silence_seconds{gate=\"a\"} 1.25\n"
                      "# HELP parkgate_gate_silence_seconds_limit "
                      "Bound of parkgate_gate_silence_seconds.\n"
                      "# TYPE parkgate_gate_silence_seconds_limit gauge\n"
                      "parkgate_gate_silence_seconds_limit{gate=\"a\"} 6\n"
                      "# HELP parkgate_journal_entries_total Entries of the journal, but for those that tell of hits.\n"
                      "# TYPE parkgate_journal_entries_total counter\n"
                      "parkgate_journal_entries_total 9\n");
}

static void a_histogram(void **state)
{
    struct exposition *page = *state;
    struct metric_out out = exposition_out(page);
    static const struct metric_bucket buckets[] = {
        {64,   3},
        {1024, 4},
    };
    metric_put_histogram(&out, METRIC_COMMIT, buckets, ARRAY_LEN(buckets), 6, 2500000);
    expect_page(page, "# HELP parkgate_commit_seconds "
                      "Durable commits, two syncs of the disk each.\n"
                      "# TYPE parkgate_commit_seconds histogram\n"
                      "parkgate_commit_seconds_bucket{le=\"0.000064\"} 3\n"
                      "parkgate_commit_seconds_bucket{le=\"0.001024\"} 4\n"
                      "parkgate_commit_seconds_bucket{le=\"+Inf\"} 6\n"
                      "parkgate_commit_seconds_sum 2.5\n"
                      "parkgate_commit_seconds_count 6\n");
}

static void times_in_their_buckets(void **state)
{
    struct exposition *page = *state;
    struct metric_out out = exposition_out(page);
    struct metric_times times = {0};
    size_t size = 0;
    static const int64_t taken[] = {-5, 256, 257, 4194304, 4194305};
    for (size_t i = 0; i < ARRAY_LEN(taken); i++) {
        metric_times_add(&times, taken[i]);
    }
    assert_int_equal(times.longest_us, 4194305);
    metric_times_put(&out, METRIC_AGENT_ANSWER, &times);
    const char *text = exposition_end(page, &size);
    assert_non_null(text);
    assert_non_null(strstr(text, "_bucket{le=\"0.000256\"} 2\n"));
    assert_non_null(strstr(text, "_bucket{le=\"0.000512\"} 3\n"));
    assert_non_null(strstr(text, "_bucket{le=\"4.194304\"} 4\n"));
    assert_non_null(strstr(text, "_bucket{le=\"+Inf\"} 5\n"));
    assert_non_null(strstr(text, "_sum 8.389122\n"));
}

/* A newer program's metric stands without HELP and TYPE, and without a bound that had neither. */
static void an_unknown_name_and_a_second_page(void **state)
{
    struct exposition *page = *state;
    struct metric_out out = exposition_out(page);
    metric_put(&out, METRIC_AGENTS, "", 2);
    exposition_begin(page);
    out.sample(out.ctx, "parkgate_of_tomorrow", "", "1", "2");
    out.sample(out.ctx, "parkgate_of_tomorrow_sum", "x=\"y\"", "3", "");
    expect_page(page, "parkgate_of_tomorrow 1\nparkgate_of_tomorrow_sum{x=\"y\"} 3\n");
}

static void chinese_help(void **state)
{
    struct exposition *page = exposition_create(EXPOSITION_ZH);
    (void)state;
    assert_non_null(page);
    struct metric_out out = exposition_out(page);
    metric_put(&out, METRIC_AGENTS, "", 2);
    expect_page(page, "# HELP parkgate_agents 已握手的出入口代理数。\n"
                      "# TYPE parkgate_agents gauge\n"
                      "parkgate_agents 2\n"
                      "# HELP parkgate_agents_limit parkgate_agents 的上限。\n"
                      "# TYPE parkgate_agents_limit gauge\n"
                      "parkgate_agents_limit 200\n");
    exposition_destroy(&page);
    assert_null(page);
}

static void a_page_that_does_not_fit_is_none(void **state)
{
    struct exposition *page = *state;
    struct metric_out out = exposition_out(page);
    size_t size = 0;
    for (int i = 0; i < EXPOSITION_PAGE_SIZE / 16; i++) {
        metric_put(&out, METRIC_COMMITS, "", i);
    }
    assert_null(exposition_end(page, &size));
    exposition_begin(page);
    for (int i = 0; i < EXPOSITION_BOUNDS_SIZE / 16; i++) {
        metric_put(&out, METRIC_AGENTS, "", i);
    }
    assert_null(exposition_end(page, &size));
    exposition_begin(page);
    expect_page(page, "");
}

static void the_process_and_its_stores(void **state)
{
    struct exposition *page = *state;
    struct metric_out out = exposition_out(page);
    struct process_figures figures = {0};
    struct fault fault = {0};
    static const struct store_figures stores[] = {
        {"store", 100, 400, 30, 7, 2, 64},
        {"keys",  10,  40,  3,  7, 1, 64},
    };
    assert_int_equal(process_figures_read(&figures, &fault), ERR_OK);
    assert_in_range(figures.open_fds, 3, 1000);
    assert_true(figures.fd_limit >= figures.open_fds);
    assert_in_range(figures.anonymous_bytes, 1024, INT64_C(1) << 36);
    assert_in_range(figures.cpu_us, 1, INT64_C(600000000));
    figures = (struct process_figures){.open_fds = 5, .fd_limit = 9, .cpu_us = 1000};
    process_figures_put(&out, &figures, 2000000);
    store_figures_put(&out, stores, ARRAY_LEN(stores));
    size_t size = 0;
    const char *text = exposition_end(page, &size);
    assert_non_null(text);
    static const char *const lines[] = {
        "\nparkgate_uptime_seconds 2\n",
        "\nparkgate_open_fds 5\n",
        "\nparkgate_open_fds_limit 9\n",
        "\nparkgate_anonymous_bytes 0\n",
        "\nparkgate_cpu_seconds_total 0.001\n",
        "\nparkgate_store_map_bytes{store=\"store\"} 100\nparkgate_store_map_bytes{store=\"keys\"} ",
        "\nparkgate_store_map_bytes_limit{store=\"store\"} 400\n",
        "\nparkgate_store_used_bytes{store=\"keys\"} 3\n",
        "\nparkgate_store_used_bytes_limit{store=\"keys\"} 10\n",
        "\nparkgate_store_disk_free_bytes{store=\"store\"} 7\n",
        "\nparkgate_store_readers_limit{store=\"store\"} 64\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        assert_non_null(strstr(text, lines[i]));
    }
}

#define PAGE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_in_their_units), cmocka_unit_test(labels_are_escaped_and_cut),
        PAGE_TEST(a_family_and_its_bounds),      PAGE_TEST(a_histogram),
        PAGE_TEST(times_in_their_buckets),       PAGE_TEST(an_unknown_name_and_a_second_page),
        cmocka_unit_test(chinese_help),          PAGE_TEST(a_page_that_does_not_fit_is_none),
        PAGE_TEST(the_process_and_its_stores),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Goal: the answers of headcount.show, headcount.why and who say what the tables hold, whole and in
 * pages. Method: one day by hand, each answer compared as text in a zone eight hours ahead; then
 * more tenants and persons than one answer takes, read page by page. */
#include "tests/unit/controller/headcount_fixture.h"

#include "controller/app/headcount_query.h"

struct world {
    struct fixture f;
    struct tz_table tz;
    struct answer answer;
    char text[1 << 20];
};

/* Every local time is 8 hours ahead: Monday 16:00 UTC is Tuesday 00:00. */
static int open_world(void **state)
{
    static struct world w;
    fixture_open(&w.f);
    tz_utc(&w.tz);
    w.tz.first_offset_s = 8 * 3600;
    *state = &w;
    return 0;
}

static int close_world(void **state)
{
    struct world *w = *state;
    fixture_close(&w->f);
    return 0;
}

static void add_text(struct world *w, struct bytes text, char end)
{
    size_t at = strlen(w->text);
    MUST(at + text.size + 2 < sizeof(w->text));
    memcpy(w->text + at, text.data, text.size);
    w->text[at + text.size] = end;
    w->text[at + text.size + 1] = '\0';
}

/* The rows, one a line, behind what is there. */
static void add_rows(struct world *w)
{
    Parkgate__Reply reply;
    answer_message(&w->answer, &reply);
    assert_int_equal(reply.error, 0);
    for (size_t i = 0; i < reply.n_cell; i++) {
        bool ends = (i + 1) % reply.n_column == 0;
        add_text(w, (struct bytes){reply.cell[i].data, reply.cell[i].len}, ends ? '\n' : ' ');
    }
}

static void check_text(struct world *w, const char *want, int line)
{
    if (strcmp(w->text, want) != 0) {
        print_error("line %d, got:\n%s", line, w->text);
        assert_string_equal(w->text, want);
    }
}

static void check_show(struct world *w, const struct headcount_question *question, const char *want,
                       int line)
{
    struct fault fault = {0};
    w->text[0] = '\0';
    answer_reset(&w->answer);
    if (headcount_show(w->f.txn, &w->tz, question, &w->answer, &fault) != ERR_OK) {
        fail_msg("line %d: %s", line, fault.what);
    }
    assert_false(w->answer.more);
    add_rows(w);
    check_text(w, want, line);
}

#define SHOW(want, days, ...)                                                                      \
    check_show(w, &(const struct headcount_question){.date = MONDAY + (days), __VA_ARGS__}, want,  \
               __LINE__)

/* clang-format off */
static void record_a_day(struct world *w)
{
    static const struct step steps[] = {
        {1, AT(0, 8, 0), LANE_IN, "acme", 0, .to = "yard", .shift = "early"},
        {2, AT(0, 8, 50), LANE_IN, "acme", 0, .to = "yard/hall", .kind = PERSON_DAY, .unsensed = true},
        {1, AT(0, 9, 10), LANE_OUT, "acme", 0, .from = "yard"},
        {1, AT(0, 9, 20), LANE_IN, "bolt", 0, .to = "yard", .shift = "noon",
         .attribution = BUSINESS_DAY_NEAREST_SHIFT},
        {3, AT(0, 16, 10), LANE_IN, "acme", 0, .to = "yard", .delay_us = 5 * MINUTE_US},
        {3, AT(0, 17, 0), LANE_OUT, "acme", 1, .from = "yard"},
        {4, AT(0, 17, 1), LANE_OUT, "acme", 0, .from = "yard"},
    };
    apply_steps(&w->f, steps);
}
/* clang-format on */

static void tenants_of_a_date(void **state)
{
    struct world *w = *state;
    record_a_day(w);
    SHOW("acme 2026-03-02 3 3 3 1 2 1772441400000000 1 1 1\n"
         "bolt 2026-03-02 1 1 0 1 1 1772443200000000 0 0 0\n",
         0);
    SHOW("bolt 2026-03-02 1 1 0 1 1 1772443200000000 0 0 0\n", 0, .tenant = name_of("bolt"));
    SHOW("coal 2026-03-02 0 0 0 0 0  0 0 0\n", 0, .tenant = name_of("coal"));
    SHOW("", -1);
    SHOW("", 1);
    assert_int_equal(AT(0, 8, 50), 1772441400000000);
}

static void each_date_is_found_among_others(void **state)
{
    struct world *w = *state;
    static const char *const tenants[] = {"acme", "acme-2", "bolt"};
    for (size_t i = 0; i < ARRAY_LEN(tenants); i++) {
        for (int32_t day = -2; day <= 2; day++) {
            const struct step step = {(uint8_t)(1 + i), AT(day, 1, 0), LANE_IN,
                                      tenants[i],       day,           .to = "yard"};
            apply_step(&w->f, &step);
        }
    }
    for (int32_t day = -2; day <= 2; day++) {
        struct headcount_question question = {.date = MONDAY + day, .by = HEADCOUNT_BY_KIND};
        answer_reset(&w->answer);
        assert_int_equal(headcount_show(w->f.txn, &w->tz, &question, &w->answer, NULL), ERR_OK);
        assert_int_equal(w->answer.cell_count, 4 * ARRAY_LEN(tenants));
    }
}

static void by_kind_and_by_hour(void **state)
{
    struct world *w = *state;
    record_a_day(w);
    SHOW("acme 2026-03-02 staff 2\nacme 2026-03-02 day 1\nbolt 2026-03-02 staff 1\n", 0,
         .by = HEADCOUNT_BY_KIND);
    SHOW("acme 2026-03-02 2026-03-02 16:00 2 0 2 2\n"
         "acme 2026-03-02 2026-03-02 17:00 0 1 1 2\n"
         "acme 2026-03-02 2026-03-03 00:00 1 0 2 2\n"
         "acme 2026-03-02 2026-03-03 01:00 0 2 1 2\n",
         0, .by = HEADCOUNT_BY_HOUR, .tenant = name_of("acme"));
}

static void zones_of_a_date(void **state)
{
    struct world *w = *state;
    record_a_day(w);
    SHOW("yard 2026-03-02 2 2 1772441400000000\n", 0, .zone = name_of("yard"));
    SHOW("yard 2026-03-03 2 3 1772467800000000\n", 1, .zone = name_of("yard"));
    SHOW("hall 2026-03-03 1 1 1772467200000000\n", 1, .zone = name_of("hall"));
    SHOW("yard 2026-03-02 2026-03-02 16:00 2 0 2 2\n"
         "yard 2026-03-02 2026-03-02 17:00 1 1 2 2\n",
         0, .zone = name_of("yard"), .by = HEADCOUNT_BY_HOUR);
    SHOW("yard 2026-03-03 2026-03-03 00:00 1 0 3 3\n"
         "yard 2026-03-03 2026-03-03 01:00 0 1 2 3\n",
         1, .zone = name_of("yard"), .by = HEADCOUNT_BY_HOUR);
    assert_int_equal(AT(0, 16, 10), 1772467800000000);
}

static void questions_without_sense(void **state)
{
    struct world *w = *state;
    static const uint8_t junk[] = {'a', 'b'};
    const struct headcount_question questions[] = {
        {.zone = name_of("yard"),  .tenant = name_of("acme")},
        {.zone = name_of("yard"),                        .by = HEADCOUNT_BY_KIND},
        {.after = BYTES_OF(junk)},
    };
    for (size_t i = 0; i < ARRAY_LEN(questions); i++) {
        answer_reset(&w->answer);
        assert_int_equal(headcount_show(w->f.txn, &w->tz, &questions[i], &w->answer, NULL), ERR_OK);
        assert_int_equal(w->answer.complaint.number, ERROR_ARG_BAD);
        assert_int_equal(w->answer.cell_count, 0);
    }
    answer_reset(&w->answer);
    const struct who_question who = {.after = BYTES_OF(junk)};
    assert_int_equal(who_list(w->f.txn, &who, &w->answer, NULL), ERR_OK);
    assert_int_equal(w->answer.complaint.number, ERROR_ARG_BAD);

    enum headcount_by by;
    assert_true(headcount_by_from_text("", &by) && by == HEADCOUNT_BY_NONE);
    assert_true(headcount_by_from_text("kind", &by) && by == HEADCOUNT_BY_KIND);
    assert_true(headcount_by_from_text("hour", &by) && by == HEADCOUNT_BY_HOUR);
    assert_false(headcount_by_from_text("hours", &by));
}

static void why_names_the_row(void **state)
{
    struct world *w = *state;
    record_a_day(w);
    static const int32_t monday = MONDAY, sunday = MONDAY - 1;
    const int32_t *const dates[] = {&monday, NULL};
    for (size_t i = 0; i < ARRAY_LEN(dates); i++) {
        char want[2048];
        const enum business_day_row nearest = BUSINESS_DAY_NEAREST_SHIFT,
                                    shift = BUSINESS_DAY_IN_SHIFT;
        (void)snprintf(want, sizeof(want),
                       "2026-03-02 bolt noon nearest-shift %s %s %lld  1 0\n"
                       "2026-03-02 acme early in-shift %s %s %lld %lld 1 1\n",
                       business_day_row_en(nearest), business_day_row_zh(nearest),
                       (long long)AT(0, 9, 20), business_day_row_en(shift),
                       business_day_row_zh(shift), (long long)AT(0, 8, 0), (long long)AT(0, 9, 10));
        w->text[0] = '\0';
        answer_reset(&w->answer);
        assert_int_equal(
            headcount_why(w->f.txn, &w->tz, handle_of(1), NULL, dates[i], &w->answer, NULL),
            ERR_OK);
        add_rows(w);
        check_text(w, want, __LINE__);
    }
    answer_reset(&w->answer);
    assert_int_equal(headcount_why(w->f.txn, &w->tz, handle_of(1), NULL, &sunday, &w->answer, NULL),
                     ERR_OK);
    assert_int_equal(w->answer.cell_count, 0);
    answer_reset(&w->answer); /* only went out */
    assert_int_equal(headcount_why(w->f.txn, &w->tz, handle_of(4), NULL, NULL, &w->answer, NULL),
                     ERR_OK);
    assert_int_equal(w->answer.cell_count, 0);
}

/* --- who --- */

static void name_by_handle(void *ctx, struct handle person, char *out, size_t size)
{
    (void)snprintf(out, size, "%s-%u", (const char *)ctx, person.bytes[0]);
}

static void check_who(struct world *w, const struct who_question *question, const char *want,
                      const char *inside, int line)
{
    w->text[0] = '\0';
    answer_reset(&w->answer);
    assert_int_equal(who_list(w->f.txn, question, &w->answer, NULL), ERR_OK);
    assert_int_equal(w->answer.note_count, inside != NULL ? 1 : 0);
    if (inside != NULL) {
        assert_string_equal(w->answer.note_names[0], "inside");
        assert_string_equal((const char *)w->answer.note_values[0].data, inside);
    }
    assert_false(w->answer.more);
    add_rows(w);
    check_text(w, want, line);
}

#define WHO(want, inside, ...)                                                                     \
    check_who(w, &(const struct who_question){__VA_ARGS__}, want, inside, __LINE__)
#define ONE "01aa0000000000000000000000000000 bolt yard 1772443200000000"
#define TWO "02aa0000000000000000000000000000 acme yard/hall 1772441400000000"

static void who_is_inside(void **state)
{
    struct world *w = *state;
    record_a_day(w);
    WHO(TWO "\n" ONE "\n", "2");
    WHO(ONE "\n", "1", .tenant = name_of("bolt"));
    WHO("", "0", .tenant = name_of("bol"));
    WHO(TWO "\n" ONE "\n", "2", .zone = name_of("yard"));
    WHO(TWO "\n", "1", .zone = name_of("hall"));
    WHO(TWO "\n", NULL, .zone = name_of("hall"), .tenant = name_of("acme"));
    WHO("", NULL, .zone = name_of("hall"), .tenant = name_of("bolt"));
    char ctx[] = "name";
    WHO(ONE " name-1\n", "1", .tenant = name_of("bolt"), .name_of = name_by_handle, .ctx = ctx);
}

/* --- pages --- */

enum { TENANTS = 190, PAGES_MAX = 100 };

/* A hundred and ninety tenants, one of four persons each, in over four hours. */
static void record_many(struct world *w)
{
    for (int i = 0; i < TENANTS; i++) {
        for (int hour = 0; hour < 5; hour++) {
            char tenant[24];
            (void)snprintf(tenant, sizeof(tenant), "tenant-%03d", i);
            const struct step step = {(uint8_t)(1 + i),
                                      AT(0, 1 + hour, 0),
                                      LANE_IN,
                                      tenant,
                                      0,
                                      .kind = (uint32_t)(1 + i % 4),
                                      .to = "yard"};
            apply_step(&w->f, &step);
        }
    }
}

static size_t count_lines(const char *text)
{
    size_t lines = 0;
    for (; *text != '\0'; text++) {
        lines += *text == '\n';
    }
    return lines;
}

/* As it comes back in the next request. */
static struct bytes cursor_of(struct world *w, uint8_t out[ANSWER_CURSOR_MAX])
{
    size_t size = w->answer.cursor_size / 2;
    assert_true(!w->answer.more || (size > 0 && bytes_from_hex(w->answer.cursor, out, size)));
    return (struct bytes){out, size};
}

/* All lines rise strictly: none is missing its place, none comes twice. */
static void check_rising(char *text)
{
    const char *before = "";
    for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        assert_true(strcmp(before, line) < 0);
        before = line;
    }
}

static void all_pages_make_one_list(void **state)
{
    struct world *w = *state;
    static const struct {
        enum headcount_by by;
        size_t rows;
    } cases[] = {
        {HEADCOUNT_BY_NONE, TENANTS    },
        {HEADCOUNT_BY_KIND, TENANTS    },
        {HEADCOUNT_BY_HOUR, TENANTS * 5},
    };
    record_many(w);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct headcount_question question = {.date = MONDAY, .by = cases[i].by};
        uint8_t cursor[ANSWER_CURSOR_MAX];
        int pages = 0;
        w->text[0] = '\0';
        do {
            answer_reset(&w->answer);
            assert_int_equal(headcount_show(w->f.txn, &w->tz, &question, &w->answer, NULL), ERR_OK);
            add_rows(w);
            question.after = cursor_of(w, cursor);
        } while (w->answer.more && ++pages < PAGES_MAX);
        assert_int_equal(count_lines(w->text), cases[i].rows);
        assert_true(pages > 0 || cases[i].by != HEADCOUNT_BY_HOUR);
        check_rising(w->text);
    }
}

static void who_in_pages(void **state)
{
    struct world *w = *state;
    static const size_t limits[] = {0, 1, 20};
    record_many(w);
    for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
        struct who_question question = {.row_limit = limits[i]};
        uint8_t cursor[ANSWER_CURSOR_MAX];
        int pages = 0;
        w->text[0] = '\0';
        do {
            answer_reset(&w->answer);
            assert_int_equal(who_list(w->f.txn, &question, &w->answer, NULL), ERR_OK);
            assert_true(limits[i] == 0 || w->answer.cell_count <= limits[i] * 4);
            add_rows(w);
            question.after = cursor_of(w, cursor);
        } while (w->answer.more && ++pages < 2 * TENANTS);
        assert_int_equal(count_lines(w->text), TENANTS);
        assert_int_equal(pages, limits[i] == 0 ? 0 : (int)((TENANTS - 1) / limits[i]));
        check_rising(w->text);
    }
}

#define world_test(function) cmocka_unit_test_setup_teardown(function, open_world, close_world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        world_test(tenants_of_a_date),
        world_test(each_date_is_found_among_others),
        world_test(by_kind_and_by_hour),
        world_test(zones_of_a_date),
        world_test(questions_without_sense),
        world_test(why_names_the_row),
        world_test(who_is_inside),
        world_test(all_pages_make_one_list),
        world_test(who_in_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Goal: what a guard sees of a muster, in both languages, and what programs get. Method: a
 * controller that answers canned replies over the real link; exact text. */
#include "tests/unit/cli/fake_controller.h"

#include <locale.h>

static struct scratch scratch;
static struct fake fake;
static size_t more_gates; /* that are not heard, either */

static void expect_answer(const char *line, int code, const char *out, const char *err)
{
    char whole[512];
    (void)snprintf(whole, sizeof(whole), "--dir %s %s", scratch.path, line);
    expect_run(whole, code, out, err);
}

static const char *arg_of(const Parkgate__Request *request, const char *name)
{
    for (size_t i = 0; i < request->n_arg; i++) {
        if (strcmp(request->arg[i], name) == 0) {
            return "given";
        }
    }
    return NULL;
}

static void answer_gates(struct fake_reply *reply)
{
    fake_columns(reply, "gate|state|heard_us|pending|told");
    fake_row(reply, "gate-a|online|1767898800000000|0|yes");
    fake_row(reply, "gate-b|away|1767898800000000|12|no");
    fake_row(reply, "gate-c|away|_|0|no");
    for (size_t i = 0; i < more_gates; i++) {
        fake_row(reply, "a-gate-of-a-long-name|away|1767898800000000|12|no");
    }
}

static void answer_people(struct fake_reply *reply, bool names, bool first)
{
    fake_columns(reply, names ? "person|tenant|zone|since_us|name" : "person|tenant|zone|since_us");
    if (first) {
        fake_note(reply, "inside", "3");
        fake_note(reply, "time_us", "1767898860000000");
        fake_note(reply, "time_zone", "Asia/Shanghai");
        fake_row(reply, names ? "a1|acme|yard/hall|1767895200000000|Li Wei"
                              : "a1|acme|yard/hall|1767895200000000");
        fake_row(reply, names ? "a2|acme|yard|1767895200000000|Zhao Min"
                              : "a2|acme|yard|1767895200000000");
        reply->message.more = true;
        reply->message.cursor = fake_data(reply, "00ff");
    } else {
        fake_row(reply, names ? "b1|beta|yard|1767895200000000|Wang Fang"
                              : "b1|beta|yard|1767895200000000");
    }
}

static void answer_muster(struct fake *f, const Parkgate__Request *request,
                          struct fake_reply *reply)
{
    (void)f;
    if (strcmp(request->verb, "muster.gates") == 0) {
        answer_gates(reply);
    } else {
        answer_people(reply, arg_of(request, "names") != NULL, arg_of(request, "after") == NULL);
    }
}

static void test_counts_and_gates_not_heard(void **state)
{
    (void)state;
    expect_answer("muster", 0,
                  "inside          3\n"
                  "time            2026-01-09 03:01:00\n"
                  "gates not heard 2\n"
                  "not heard       gate-b (heard 2026-01-09 03:00:00, 12 pending), gate-c (heard "
                  "never, 0 pending)\n"
                  "\n"
                  "tenant zone      persons\n"
                  "acme   yard            1\n"
                  "acme   yard/hall       1\n"
                  "beta   yard            1\n",
                  "");
    expect_answer("muster --lang zh", 0,
                  "在园     3\n"
                  "时间     2026-01-09 03:01:00\n"
                  "未报全数 2\n"
                  "未报全   gate-b（最近联系 2026-01-09 03:00:00，待报 12）, gate-c（最近联系 "
                  "无，待报 0）\n"
                  "\n"
                  "租户 区域      人数\n"
                  "acme yard         1\n"
                  "acme yard/hall    1\n"
                  "beta yard         1\n",
                  "");
}

static void test_names_follow_the_counts(void **state)
{
    (void)state;
    expect_answer("muster --names --reason drill", 0,
                  "inside          3\n"
                  "time            2026-01-09 03:01:00\n"
                  "gates not heard 2\n"
                  "not heard       gate-b (heard 2026-01-09 03:00:00, 12 pending), gate-c (heard "
                  "never, 0 pending)\n"
                  "\n"
                  "tenant zone      persons\n"
                  "acme   yard            1\n"
                  "acme   yard/hall       1\n"
                  "beta   yard            1\n"
                  "person tenant zone      since               name\n"
                  "a1     acme   yard/hall 2026-01-09 02:00:00 Li Wei\n"
                  "a2     acme   yard      2026-01-09 02:00:00 Zhao Min\n"
                  "b1     beta   yard      2026-01-09 02:00:00 Wang Fang\n",
                  "");
}

static void test_programs_get_counts_or_the_list(void **state)
{
    (void)state;
    expect_answer("muster --csv", 0,
                  "tenant,zone,persons\r\n"
                  "acme,yard,1\r\n"
                  "acme,yard/hall,1\r\n"
                  "beta,yard,1\r\n",
                  "");
    char whole[512];
    (void)snprintf(whole, sizeof(whole), "--dir %s muster --list --json", scratch.path);
    struct run run = run_line(whole);
    assert_int_equal(run.code, 0);
    assert_non_null(strstr(run.out, "\"gates_unheard\": 2"));
    assert_non_null(strstr(run.out, "\"person\": \"b1\""));
    assert_null(strstr(run.out, "\"name\""));
    run_free(&run);
    /* Persons never leave as CSV. */
    (void)snprintf(whole, sizeof(whole), "--dir %s muster --names --csv", scratch.path);
    run = run_line(whole);
    assert_null(strstr(run.out, "Li Wei"));
    run_free(&run);
}

/* Each is counted; those that have no room are left to `muster gates`. */
static void test_many_gates_not_heard(void **state)
{
    (void)state;
    static const char *const languages[] = {"--lang en", "--lang zh"};
    more_gates = 98;
    for (size_t i = 0; i < ARRAY_LEN(languages); i++) {
        char whole[512];
        (void)snprintf(whole, sizeof(whole), "--dir %s %s muster --list --json", scratch.path,
                       languages[i]);
        struct run run = run_line(whole);
        assert_int_equal(run.code, 0);
        assert_non_null(strstr(run.out, "\"gates_unheard\": 100"));
        assert_non_null(strstr(run.out, i == 0 ? "12 pending), ...\"" : "待报 12）, ...\""));
        run_free(&run);
    }
    more_gates = 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_and_gates_not_heard),
        cmocka_unit_test(test_names_follow_the_counts),
        cmocka_unit_test(test_programs_get_counts_or_the_list),
        cmocka_unit_test(test_many_gates_not_heard),
    };
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    start_seal();
    scratch_create(&scratch);
    fake.answer = answer_muster;
    fake_start(&fake, &scratch);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    fake_stop(&fake);
    scratch_remove(&scratch, "operator.conf");
    scratch_remove(&scratch, "person.key");
    scratch_destroy(&scratch);
    return failed;
}

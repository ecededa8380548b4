/* Goal: what staff see and what programs get of each kind of answer, with its exit code. Method: a
 * controller that answers canned replies over the real link; exact text of tables, JSON and CSV. */
#include "tests/unit/cli/fake_controller.h"

#include <locale.h>

static struct scratch scratch;
static struct fake fake;

/* Runs with --dir; compares output, messages and exit code. */
static void expect_answer(const char *line, int code, const char *out, const char *err)
{
    char whole[512];
    (void)snprintf(whole, sizeof(whole), "--dir %s %s", scratch.path, line);
    expect_run(whole, code, out, err);
}

static struct run ask(const char *line, const char *input, bool terminal)
{
    char whole[512];
    (void)snprintf(whole, sizeof(whole), "--dir %s %s", scratch.path, line);
    return run_with(whole, input, terminal);
}

static void start(void (*answer)(struct fake *, const Parkgate__Request *, struct fake_reply *))
{
    fake.answer = answer;
    fake.log[0] = '\0';
    fake.step = 0;
    fake.rows = 0;
}

static void answer_status(struct fake *f, const Parkgate__Request *request,
                          struct fake_reply *reply)
{
    (void)f;
    (void)request;
    fake_note(reply, "park", "East Port");
    fake_note(reply, "park_zh", "东港");
    fake_note(reply, "time_zone", "Asia/Shanghai");
    fake_note(reply, "state", "faults");
    fake_note(reply, "open_faults", "1");
    fake_columns(reply, "fault|since_us|text|text_zh");
    fake_row(reply, "reader-down|1767898800000000|north-in-badge is down|north-in-badge 故障");
}

static void test_status_as_table(void **state)
{
    (void)state;
    start(answer_status);
    expect_answer("status", 0,
                  "park        East Port\n"
                  "state       faults\n"
                  "open faults 1\n"
                  "\n"
                  "fault       since               text\n"
                  "reader-down 2026-01-09 03:00:00 north-in-badge is down\n",
                  "");
    expect_answer("status --lang zh", 0,
                  "园区     东港\n"
                  "状态     有故障\n"
                  "未结故障 1\n"
                  "\n"
                  "故障        自                  说明\n"
                  "reader-down 2026-01-09 03:00:00 north-in-badge 故障\n",
                  "");
    assert_string_equal(fake.log, "status\nstatus\n");
}

static void test_status_as_json(void **state)
{
    (void)state;
    start(answer_status);
    expect_answer("status --json", 0,
                  "{\n"
                  "  \"notes\": {\n"
                  "    \"park\": \"East Port\",\n"
                  "    \"park_zh\": \"东港\",\n"
                  "    \"state\": \"faults\",\n"
                  "    \"open_faults\": 1\n"
                  "  },\n"
                  "  \"rows\": [\n"
                  "    {\n"
                  "      \"fault\": \"reader-down\",\n"
                  "      \"since_us\": 1767898800000000,\n"
                  "      \"since\": \"2026-01-09T03:00:00.000+08:00\",\n"
                  "      \"text\": \"north-in-badge is down\",\n"
                  "      \"text_zh\": \"north-in-badge 故障\"\n"
                  "    }\n"
                  "  ]\n"
                  "}\n",
                  "");
}

static void answer_metrics(struct fake *f, const Parkgate__Request *request,
                           struct fake_reply *reply)
{
    fake_columns(reply, "metric|labels|value|bound");
    char after[1100];
    (void)f;
    if (fake_arg(request, "after", after)[0] == '\0') {
        fake_row(reply, "parkgate_agents|_|2|200");
        reply->message.more = true;
        reply->message.cursor = fake_data(reply, "04");
        return;
    }
    fake_row(reply, "parkgate_zone_persons|zone=\"hall\"|3|5");
    fake_row(reply, "parkgate_zone_persons|zone=\"yard\"|40|_");
    fake_row(reply, "parkgate_of_tomorrow|_|1|2");
}

static void test_metrics_as_page(void **state)
{
    (void)state;
    start(answer_metrics);
    expect_answer("status --metrics", 0,
                  "# HELP parkgate_agents Gates' boxes that said HELLO.\n"
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
                  "parkgate_of_tomorrow 1\n",
                  "");
    assert_string_equal(fake.log, "status.metrics\nstatus.metrics after=04\n");
}

static void test_metrics_as_csv(void **state)
{
    (void)state;
    start(answer_metrics);
    expect_answer("status --metrics --csv", 0,
                  "metric,labels,value,bound\r\n"
                  "parkgate_agents,,2,200\r\n"
                  "parkgate_zone_persons,\"zone=\"\"hall\"\"\",3,5\r\n"
                  "parkgate_zone_persons,\"zone=\"\"yard\"\"\",40,\r\n"
                  "parkgate_of_tomorrow,,1,2\r\n",
                  "");
}

static void answer_no_metrics(struct fake *f, const Parkgate__Request *request,
                              struct fake_reply *reply)
{
    (void)f;
    (void)request;
    fake_columns(reply, "metric|value");
    fake_row(reply, "parkgate_agents|2");
}

static void test_metrics_that_are_none(void **state)
{
    (void)state;
    start(answer_no_metrics);
    struct run run = ask("status --metrics", "", false);
    assert_int_equal(run.code, error_exit(ERROR_REPLY_BAD));
    assert_string_equal(run.out, "");
    assert_non_null(strstr(run.err, "these are no figures"));
    run_free(&run);
}

static void answer_headcount(struct fake *f, const Parkgate__Request *request,
                             struct fake_reply *reply)
{
    (void)f;
    (void)request;
    fake_columns(reply, "tenant|date|persons|peak_us");
    fake_row(reply, "sun|2026-01-09|120|1767898800000000");
    fake_row(reply, "=cmd()|2026-01-09|7|_");
    fake_row(reply, "a,\"b\"|2026-01-09|-1|0");
}

static void test_headcount_as_csv(void **state)
{
    (void)state;
    start(answer_headcount);
    expect_answer("headcount --date 2026-01-09 --csv", 0,
                  "tenant,date,persons,peak_us\r\n"
                  "sun,2026-01-09,120,2026-01-09 03:00:00\r\n"
                  "\"'=cmd()\",2026-01-09,7,\r\n"
                  "\"a,\"\"b\"\"\",2026-01-09,-1,\r\n",
                  "");
    assert_string_equal(fake.log, "headcount.show date=2026-01-09\n");
}

static void answer_roster(struct fake *f, const Parkgate__Request *request,
                          struct fake_reply *reply)
{
    char tenant[1100];
    (void)f;
    fake_columns(reply, "person|tenant");
    fake_row(reply, "0a0b|sun");
    if (strcmp(fake_arg(request, "tenant", tenant), "sun") == 0) {
        fake_note(reply, "own_roster", "yes");
    }
}

static void test_persons_as_csv_only_for_the_own_roster(void **state)
{
    (void)state;
    start(answer_roster);
    expect_answer("person list --tenant sun --csv", 0, "person,tenant\r\n0a0b,sun\r\n", "");
    expect_answer("person list --tenant moon --csv", 4, "",
                  "parkgate: person list lists persons or their movements: --csv is only given for "
                  "figures and a tenant's own roster\n"
                  "parkgate: person list 列出人员或其通行记录：--csv "
                  "仅用于统计数字和租户自己的名册\n");
    fake.log[0] = '\0';
    static const char *const never[] = {"who", "events", "person show x --reason y",
                                        "headcount why x --reason y"};
    for (size_t i = 0; i < ARRAY_LEN(never); i++) {
        char line[128];
        (void)snprintf(line, sizeof(line), "--csv %s", never[i]);
        struct run run = ask(line, "", false);
        assert_int_equal(run.code, 4);
        assert_string_equal(run.out, "");
        run_free(&run);
    }
    assert_string_equal(fake.log, ""); /* nothing was even asked */
}

static void answer_refused(struct fake *f, const Parkgate__Request *request,
                           struct fake_reply *reply)
{
    (void)f;
    fake_refuse(reply, ERROR_VERB_NOT_PERMITTED, request->verb, "guard", "admin");
}

static void test_refusals(void **state)
{
    (void)state;
    start(answer_refused);
    expect_answer("key list", 4, "",
                  "parkgate: key.list is not permitted to guard (needs admin)\n"
                  "parkgate: guard 无权执行 key.list（需要 admin）\n");
    expect_answer("key list --lang zh", 4, "",
                  "parkgate: guard 无权执行 key.list（需要 admin）\n"
                  "parkgate: key.list is not permitted to guard (needs admin)\n");
    expect_answer("--json key list", 4, "",
                  "{\"error\":{\"number\":108,\"en\":\"key.list is not permitted to guard (needs "
                  "admin)\",\"zh\":\"guard 无权执行 key.list（需要 admin）\"}}\n");
}

static void answer_pages(struct fake *f, const Parkgate__Request *request, struct fake_reply *reply)
{
    char after[1100];
    (void)f;
    fake_columns(reply, "lane|mode");
    if (fake_arg(request, "after", after)[0] == '\0') {
        fake_row(reply, "a|normal");
        reply->message.more = true;
        reply->message.cursor = fake_data(reply, "a");
    } else {
        fake_row(reply, "b|free");
    }
}

static void test_pages_become_one_table(void **state)
{
    (void)state;
    start(answer_pages);
    expect_answer("lane list", 0, "lane mode\na    normal\nb    free\n", "");
    assert_string_equal(fake.log, "lane.list\nlane.list after=a\n");
    expect_answer("lane list --lang zh", 0, "通道 模式\na    正常\nb    自由通行\n", "");
}

static void test_names_come_one_page_a_call(void **state)
{
    (void)state;
    start(answer_pages);
    expect_answer("person list --tenant sun --reason audit", 0,
                  "more with --after a\n\nlane mode\na    normal\n", "");
    assert_string_equal(fake.log, "person.list tenant=sun reason=audit\n");
    start(answer_pages);
    expect_answer("who --after a", 0, "lane mode\nb    free\n", "");
}

static void answer_nothing(struct fake *f, const Parkgate__Request *request,
                           struct fake_reply *reply)
{
    (void)f;
    if (strcmp(request->verb, "tenant.list") == 0) {
        fake_columns(reply, "tenant");
    }
}

static void test_empty_answers(void **state)
{
    (void)state;
    start(answer_nothing);
    expect_answer("lane lock north-in --reason fire~drill", 0, "done\n", "");
    expect_answer("lane free north-in --reason x --lang zh", 0, "完成\n", "");
    expect_answer("tenant list", 0, "none\n", "");
    assert_string_equal(fake.log, "lane.lock lane=north-in reason=fire drill\n"
                                  "lane.free lane=north-in reason=x\ntenant.list\n");
}

static void test_secrets_come_from_standard_input(void **state)
{
    (void)state;
    start(answer_nothing);
    struct run run = ask("person add --tenant sun --kind day --name 张三 --id-number -",
                         "11010519491231002X\nrest\n", false);
    assert_int_equal(run.code, 0);
    assert_string_equal(fake.log,
                        "person.add tenant=sun kind=day name=张三 id_number=11010519491231002X\n");
    run_free(&run);
}

static void answer_nasty(struct fake *f, const Parkgate__Request *request, struct fake_reply *reply)
{
    (void)f;
    (void)request;
    fake_columns(reply, "tenant|title");
    fake_row(reply, "sun|\x1b[31mred\x07");
}

static void test_control_characters_never_reach_a_terminal(void **state)
{
    (void)state;
    start(answer_nasty);
    struct run run = ask("tenant list", "", false);
    assert_int_equal(run.code, 0);
    assert_null(strchr(run.out, '\x1b'));
    assert_null(strchr(run.out, '\x07'));
    run_free(&run);
}

static void answer_events(struct fake *f, const Parkgate__Request *request,
                          struct fake_reply *reply)
{
    (void)request;
    fake_columns(reply, "seq|time_us|verdict|reason|text");
    if (f->step == 0) {
        fake_row(reply, "41|1767898800000000|deny|zone-full|_");
        fake_note(reply, "after", "41");
    } else if (f->step == 1) {
        fake_note(reply, "after", "41");
    } else if (f->step == 2) {
        fake_row(reply, "42|1767898801000000|grant|granted|ok");
        fake_note(reply, "after", "42");
    } else {
        fake_refuse(reply, ERROR_KEY_REVOKED, NULL, NULL, NULL);
    }
    f->step++;
}

static void test_events_are_followed_until_refused(void **state)
{
    (void)state;
    start(answer_events);
    expect_answer("events --follow --lane north-in", 4,
                  "seq     time                verdict reason               text\n"
                  "41      2026-01-09 03:00:00 deny    zone-full            \n"
                  "42      2026-01-09 03:00:01 grant   granted              ok\n",
                  "parkgate: this key was revoked; ask an admin for a new one\n"
                  "parkgate: 此密钥已吊销；请向管理员申请新密钥\n");
    assert_string_equal(fake.log, "events follow=yes lane=north-in\n"
                                  "events follow=yes lane=north-in after=41\n"
                                  "events follow=yes lane=north-in after=41\n"
                                  "events follow=yes lane=north-in after=42\n");
    start(answer_events);
    struct run run = ask("events --follow --json", "", false);
    assert_string_equal(
        run.out,
        "{\"seq\":41,\"time_us\":1767898800000000,\"time\":\"2026-01-09T03:00:00.000+08:00\","
        "\"verdict\":\"deny\",\"reason\":\"zone-full\",\"text\":\"\"}\n"
        "{\"seq\":42,\"time_us\":1767898801000000,\"time\":\"2026-01-09T03:00:01.000+08:00\","
        "\"verdict\":\"grant\",\"reason\":\"granted\",\"text\":\"ok\"}\n");
    run_free(&run);
}

/* A journal of 450 entries, of which one request looks at 200. */
static void answer_journal(struct fake *f, const Parkgate__Request *request,
                           struct fake_reply *reply)
{
    char text[1100];
    (void)f;
    uint64_t limit = strtoull(fake_arg(request, "limit", text), NULL, 10);
    limit = text[0] == '\0' ? 50 : limit;
    uint64_t after = strtoull(fake_arg(request, "after", text), NULL, 10);
    after = text[0] == '\0' ? 450 - limit : after;
    fake_columns(reply, "seq|kind");
    for (uint64_t i = 0; i < limit && after < 450; i++) {
        (void)snprintf(text, sizeof(text), "%llu|event", (unsigned long long)++after);
        fake_row(reply, text);
    }
    (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)after);
    fake_note(reply, "after", text);
    fake_note(reply, "head", "450");
}

static void test_events_are_asked_for_to_the_head(void **state)
{
    (void)state;
    start(answer_journal);
    struct run run = ask("events", "", false);
    assert_memory_equal(run.out, "seq kind\n401 event\n", 19);
    assert_string_equal(fake.log, "events\n");
    run_free(&run);
    start(answer_journal);
    run = ask("events --after 40", "", false);
    assert_memory_equal(run.out, "seq kind\n 41 event\n", 19);
    assert_non_null(strstr(run.out, "\n450 event\n"));
    assert_string_equal(fake.log, "events after=40 limit=200\nevents after=240 limit=200\n"
                                  "events after=440 limit=200\n");
    run_free(&run);
    start(answer_journal);
    run = ask("events --limit 300", "", false);
    assert_memory_equal(run.out, "seq kind\n151 event\n", 19);
    assert_string_equal(fake.log, "events limit=1\nevents after=150 limit=200\n"
                                  "events after=350 limit=100\n");
    run_free(&run);
    start(answer_journal);
    run = ask("events --after 10 --limit 2", "", false);
    assert_string_equal(run.out, "more with --after 12\n\nseq kind\n 11 event\n 12 event\n");
    run_free(&run);
}

static void answer_broken(struct fake *f, const Parkgate__Request *request,
                          struct fake_reply *reply)
{
    (void)f;
    (void)request;
    fake_columns(reply, "a|b");
    fake_row(reply, "1|2|3");
}

static void test_a_broken_answer(void **state)
{
    (void)state;
    start(answer_broken);
    expect_answer("lane list", 3, "",
                  "parkgate: the controller's answer cannot be read: columns and cells do not "
                  "fit\n"
                  "parkgate: 无法解析控制器的应答：columns and cells do not fit\n");
}

static void test_keys_travel_as_hex(void **state)
{
    (void)state;
    char line[256];
    char key_path[128];
    char hex[LINK_KEY_HEX_SIZE];
    char expected[256];
    struct link_key key;
    struct fault fault = {0};
    start(answer_nothing);
    (void)snprintf(line, sizeof(line), "key make %s/mine", scratch.path);
    struct run run = run_line(line);
    assert_int_equal(run.code, 0);
    assert_memory_equal(run.out, "public key ", 11);
    run_free(&run);
    (void)snprintf(key_path, sizeof(key_path), "%s/mine.pub", scratch.path);
    assert_int_equal(link_key_read(key_path, &key, &fault), ERR_OK);
    link_key_to_hex(key, hex);
    (void)snprintf(line, sizeof(line), "key add wang --public %s --role guard,tenant", key_path);
    expect_answer(line, 0, "done\n", "");
    (void)snprintf(expected, sizeof(expected), "key.add name=wang public=%s role=guard,tenant\n",
                   hex);
    assert_string_equal(fake.log, expected);
    scratch_remove(&scratch, "mine");
    scratch_remove(&scratch, "mine.pub");
}

/* --- import --- */

struct import_seen {
    struct seal_hash chain;
    char digest[65];
};

static void answer_import(struct fake *f, const Parkgate__Request *request,
                          struct fake_reply *reply)
{
    struct import_seen *seen = f->ctx;
    if (strcmp(request->verb, "import.begin") == 0) {
        memset(&seen->chain, 0, sizeof(seen->chain));
        fake_note(reply, "import", "77");
    } else if (strcmp(request->verb, "import.slice") == 0) {
        for (size_t i = 0; i < request->n_row; i++) {
            struct seal_hasher hasher = {0};
            seal_hasher_begin(&hasher);
            seal_hasher_add(&hasher, BYTES_OF(seen->chain.bytes));
            seal_hasher_add(&hasher, (struct bytes){request->row[i].data, request->row[i].len});
            seen->chain = seal_hasher_end(&hasher);
        }
        f->rows += request->n_row;
    } else {
        bytes_to_hex(BYTES_OF(seen->chain.bytes), seen->digest, sizeof(seen->digest));
        fake_note(reply, "persons", "450");
    }
}

static void write_roster(int rows)
{
    char *text = calloc(1, 64 + (size_t)rows * 24);
    MUST(text != NULL);
    size_t at = (size_t)snprintf(text, 64, "name,external\n");
    for (int i = 0; i < rows; i++) {
        at += (size_t)snprintf(text + at, 24, "W%d,%d\n", i, i);
    }
    scratch_write(&scratch, "r.csv", text, at);
    free(text);
}

static void test_import_goes_in_slices_with_digest(void **state)
{
    (void)state;
    struct import_seen seen = {0};
    char line[160];
    char expected[600];
    start(answer_import);
    fake.ctx = &seen;
    write_roster(450);
    (void)snprintf(line, sizeof(line), "person import %s/r.csv --tenant sun", scratch.path);
    expect_answer(line, 0, "persons 450\n", "");
    assert_int_equal(fake.rows, 450);
    (void)snprintf(expected, sizeof(expected),
                   "import.begin tenant=sun file=r.csv rows=450 digest=%s\n"
                   "import.slice import=77 first=0\n"
                   "import.slice import=77 first=100\n"
                   "import.slice import=77 first=200\n"
                   "import.slice import=77 first=300\n"
                   "import.slice import=77 first=400\n"
                   "import.close import=77 rows=450 digest=%s\n",
                   seen.digest, seen.digest);
    assert_string_equal(fake.log, expected);
}

static void answer_unknown_tenant(struct fake *f, const Parkgate__Request *request,
                                  struct fake_reply *reply)
{
    (void)f;
    if (strcmp(request->verb, "import.begin") == 0) {
        fake_note(reply, "import", "78");
    } else if (strcmp(request->verb, "import.slice") == 0) {
        fake_refuse(reply, ERROR_ROW_BAD, "2", "tenant", "tenant sun not found");
    }
}

static void test_import_refused_by_the_controller(void **state)
{
    (void)state;
    char line[160];
    start(answer_unknown_tenant);
    write_roster(1);
    (void)snprintf(line, sizeof(line), "person import %s/r.csv --tenant sun", scratch.path);
    expect_answer(line, 5, "",
                  "parkgate: line 2, column tenant: tenant sun not found\n"
                  "parkgate: 第 2 行，“tenant”列：tenant sun not found\n");
    assert_non_null(strstr(fake.log, "import.cancel import=78\n"));
}

static void test_a_bad_file_sends_nothing(void **state)
{
    (void)state;
    char line[160];
    start(answer_nothing);
    scratch_write(&scratch, "r.csv", "name,external\n,1\n", 17);
    (void)snprintf(line, sizeof(line), "person import %s/r.csv --tenant sun", scratch.path);
    struct run run = ask(line, "", false);
    assert_int_equal(run.code, 5);
    assert_string_equal(fake.log, "");
    run_free(&run);
}

/* --- apply --- */

static void answer_apply(struct fake *f, const Parkgate__Request *request, struct fake_reply *reply)
{
    f->rows += request->n_row;
    if (strcmp(request->verb, "park.stage") == 0) {
        fake_note(reply, "stage", "5");
    } else if (strcmp(request->verb, "park.diff") == 0) {
        fake_note(reply, "config_version", "3");
        fake_note(reply, "changes", "1");
        fake_columns(reply, "change|kind|name|text");
        fake_row(reply, "add|lane|north-in|North in");
    } else {
        fake_note(reply, "config_version", "4");
    }
}

#define APPLY "apply " PARKGATE_SOURCE_DIR "/packaging/park.example.yaml"
#define DIFF                                                                                       \
    "config version 3\nchanges        1\n\nchange kind name     text\nadd    lane north-in North " \
    "in\n"

static void test_apply_asks(void **state)
{
    (void)state;
    start(answer_apply);
    expect_answer(APPLY, 2, DIFF,
                  "parkgate: nobody can be asked here (no terminal); give --yes to apply\n"
                  "parkgate: 此处无法询问（不是终端）；请用 --yes 确认\n");
    assert_null(strstr(fake.log, "park.commit"));
    struct run run = ask(APPLY, "n\n", true);
    assert_int_equal(run.code, 1);
    assert_string_equal(run.err, "Apply these changes? [y/N] "
                                 "parkgate: not confirmed; nothing was changed\n"
                                 "parkgate: 未确认；未作任何更改\n");
    assert_null(strstr(fake.log, "park.commit"));
    run_free(&run);
    start(answer_apply);
    run = ask(APPLY, "y\n", true);
    assert_int_equal(run.code, 0);
    assert_non_null(strstr(fake.log, "park.commit stage=5 config_version=3 count=37\n"));
    assert_int_equal(fake.rows, 37);
    run_free(&run);
}

static void test_apply_with_yes(void **state)
{
    (void)state;
    start(answer_apply);
    expect_answer(APPLY " --yes", 0, DIFF "config version 4\n", "");
}

static void answer_locked_exit(struct fake *f, const Parkgate__Request *request,
                               struct fake_reply *reply)
{
    answer_apply(f, request, reply);
    if (strcmp(request->verb, "park.diff") == 0) {
        reply->message.n_note = reply->message.n_note_value = 0;
        reply->message.n_column = reply->message.n_cell = 0;
        fake_refuse(reply, ERROR_PARK_LOCKED_EXIT, "north-out", NULL, NULL);
    }
}

static void test_apply_refused_by_the_controller(void **state)
{
    (void)state;
    start(answer_locked_exit);
    expect_answer(APPLY " --yes", 5, "",
                  "parkgate: lane north-out: an exit cannot be locked; remove its mode\n"
                  "parkgate: 通道 north-out：出口不得锁闭；请删除其模式\n");
    assert_null(strstr(fake.log, "park.commit"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status_as_table),
        cmocka_unit_test(test_status_as_json),
        cmocka_unit_test(test_metrics_as_page),
        cmocka_unit_test(test_metrics_as_csv),
        cmocka_unit_test(test_metrics_that_are_none),
        cmocka_unit_test(test_headcount_as_csv),
        cmocka_unit_test(test_persons_as_csv_only_for_the_own_roster),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_pages_become_one_table),
        cmocka_unit_test(test_names_come_one_page_a_call),
        cmocka_unit_test(test_empty_answers),
        cmocka_unit_test(test_secrets_come_from_standard_input),
        cmocka_unit_test(test_control_characters_never_reach_a_terminal),
        cmocka_unit_test(test_events_are_followed_until_refused),
        cmocka_unit_test(test_events_are_asked_for_to_the_head),
        cmocka_unit_test(test_a_broken_answer),
        cmocka_unit_test(test_keys_travel_as_hex),
        cmocka_unit_test(test_import_goes_in_slices_with_digest),
        cmocka_unit_test(test_import_refused_by_the_controller),
        cmocka_unit_test(test_a_bad_file_sends_nothing),
        cmocka_unit_test(test_apply_asks),
        cmocka_unit_test(test_apply_with_yes),
        cmocka_unit_test(test_apply_refused_by_the_controller),
    };
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    start_seal();
    scratch_create(&scratch);
    fake.answer = answer_nothing;
    fake_start(&fake, &scratch);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    fake_stop(&fake);
    scratch_remove(&scratch, "r.csv");
    scratch_remove(&scratch, "operator.conf");
    scratch_remove(&scratch, "person.key");
    scratch_destroy(&scratch);
    return failed;
}

/* Goal: the table of commands is whole, and what is made of it cannot drift. Method: every row
 * against the verbs of schema/, the help, the completion and the manual; wrong command lines with
 * exact text and exit code 2. */
#include "tests/unit/cli/run.h"

#include "admin-cli/args.h"
#include "admin-cli/file.h"
#include "admin-cli/help.h"
#include "schema/verbs.h"

/* Verbs of the controller that a command uses beside its own. */
static const char *const inner_verbs[] = {"park.stage",     "park.diff",    "park.commit",
                                          "status.metrics", "import.slice", "import.close",
                                          "import.cancel",  "watch.begin",  "watch.chunk",
                                          "watch.key",      "watch.receipt"};

static bool is_used(const char *verb)
{
    size_t count = 0;
    const struct command *commands = command_table(&count);
    for (size_t i = 0; i < count; i++) {
        if (commands[i].request != NULL && strcmp(commands[i].request, verb) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(inner_verbs); i++) {
        if (strcmp(inner_verbs[i], verb) == 0) {
            return true;
        }
    }
    return false;
}

static void test_every_verb_has_a_command(void **state)
{
    (void)state;
    size_t count = 0;
    const struct verb_spec *verbs = verb_table(&count);
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++) {
        bool programs_own = verbs[i].roles == 1U << ROLE_LIBRARY; /* parkgate-viid's */
        if (!programs_own && !is_used(verbs[i].name)) {
            fail_msg("no command for %s", verbs[i].name);
        }
    }
}

static void test_every_row_is_sound(void **state)
{
    (void)state;
    size_t count = 0;
    const struct command *commands = command_table(&count);
    for (size_t i = 0; i < count; i++) {
        const struct command *command = &commands[i];
        print_message("  %s %s\n", command->noun, command->verb);
        assert_ptr_equal(command_find(command->noun, command->verb), command);
        assert_non_null(command->run);
        assert_true(command->request == NULL || verb_find(command->request) != NULL);
        bool options = false;
        bool optional = false;
        for (size_t a = 0; a < COMMAND_ARGS_MAX && command->args[a].name != NULL; a++) {
            const struct arg_spec *arg = &command->args[a];
            for (int lang = 0; lang < LANG_COUNT; lang++) {
                assert_non_null(arg->help.text[lang]);
                assert_non_null(command->help.text[lang]);
            }
            assert_false(arg->operand && options);                   /* operands come first */
            assert_false(arg->operand && arg->required && optional); /* the needed ones before */
            assert_int_equal(arg->choices != NULL, arg->kind == ARG_WORD || arg->kind == ARG_WORDS);
            options = options || !arg->operand;
            optional = optional || !arg->required;
            for (size_t b = 0; b < a; b++) {
                assert_string_not_equal(arg->name, command->args[b].name);
            }
        }
    }
}

/* A noun's commands stand together, so that completion and help find them. */
static void test_nouns_stand_together(void **state)
{
    (void)state;
    size_t count = 0;
    const struct command *commands = command_table(&count);
    for (size_t i = 1; i < count; i++) {
        bool fresh = strcmp(commands[i].noun, commands[i - 1].noun) != 0;
        for (size_t j = 0; fresh && j < i; j++) {
            assert_string_not_equal(commands[i].noun, commands[j].noun);
        }
    }
}

/* Movements and persons never leave as CSV. */
static void test_csv_policy(void **state)
{
    (void)state;
    static const char *const figures[] = {"init",  "apply",  "park",    "status",     "tenant",
                                          "agent", "key",    "lane",    "journal",    "headcount",
                                          "help",  "backup", "restore", "completion", "approval",
                                          "admin", "zone",   "desk",    "server",     "muster",
                                          "audit", "authority", "retention"};
    size_t count = 0;
    const struct command *commands = command_table(&count);
    for (size_t i = 0; i < count; i++) {
        bool listed = false;
        for (size_t f = 0; f < ARRAY_LEN(figures); f++) {
            listed = listed || strcmp(commands[i].noun, figures[f]) == 0;
        }
        bool counts =
            (strcmp(commands[i].noun, "face") == 0 && strcmp(commands[i].verb, "count") == 0) ||
            (strcmp(commands[i].noun, "alert") == 0 && strcmp(commands[i].verb, "stats") == 0);
        if (commands[i].csv == CSV_FIGURES && !listed && !counts) {
            fail_msg("%s %s gives CSV", commands[i].noun, commands[i].verb);
        }
    }
}

static void test_help_shows_every_command(void **state)
{
    (void)state;
    size_t count = 0;
    const struct command *commands = command_table(&count);
    struct run all = run_line("help");
    struct run completion = run_line("completion bash");
    assert_int_equal(all.code, 0);
    assert_int_equal(completion.code, 0);
    for (size_t i = 0; i < count; i++) {
        char name[64];
        char line[128];
        char usage[512];
        command_name(&commands[i], name, sizeof(name));
        assert_non_null(strstr(all.out, name));
        assert_non_null(strstr(completion.out, commands[i].noun));
        help_usage(&commands[i], usage, sizeof(usage));
        (void)snprintf(line, sizeof(line), "%s --help", name);
        struct run one = run_line(line);
        assert_int_equal(one.code, 0);
        assert_non_null(strstr(one.out, usage));
        assert_non_null(strstr(one.out, commands[i].help.text[LANG_EN]));
        run_free(&one);
    }
    run_free(&all);
    run_free(&completion);
}

/* The manual's list is the output of `parkgate completion scdoc`, word by word. */
static void test_the_manual_has_every_command(void **state)
{
    (void)state;
    struct complaint c = {0};
    size_t size = 0;
    char *manual = file_read(PARKGATE_SOURCE_DIR "/docs/man/parkgate.1.scd", 1 << 20, &size, &c);
    assert_non_null(manual);
    struct run list = run_line("completion scdoc");
    assert_int_equal(list.code, 0);
    assert_non_null(strstr(manual, list.out));
    run_free(&list);
    free(manual);
}

static void test_wrong_command_lines(void **state)
{
    (void)state;
    expect_run("fly", 2, "",
               "parkgate: no such command: fly; see: parkgate help\n"
               "parkgate: 没有此命令：fly；请看：parkgate help\n");
    expect_run("lane fly north", 2, "",
               "parkgate: no such command: lane fly; see: parkgate help\n"
               "parkgate: 没有此命令：lane fly；请看：parkgate help\n");
    expect_run("lane open", 2, "",
               "parkgate: LANE is missing; see: parkgate lane open --help\n"
               "parkgate: 缺少 LANE；请看：parkgate lane open --help\n");
    expect_run("lane open north-in", 2, "",
               "parkgate: a reason is needed; give --reason \"...\"\n"
               "parkgate: 需要理由；请用 --reason \"...\" 给出\n");
    expect_run(
        "lane open north-in --reason x extra", 2, "",
        "parkgate: \"extra\" is one argument too many for lane open; see: parkgate lane open "
        "--help\n"
        "parkgate: lane open 的参数过多：“extra”；请看：parkgate lane open --help\n");
    expect_run("lane open north-in --why x", 2, "",
               "parkgate: lane open has no option --why; see: parkgate lane open --help\n"
               "parkgate: lane open 没有选项 --why；请看：parkgate lane open --help\n");
    expect_run("lane open north-in --reason", 2, "",
               "parkgate: option --reason needs a value\nparkgate: 选项 --reason 需要一个值\n");
    expect_run("lane open north-in --reason a --reason b", 2, "",
               "parkgate: option --reason is given twice\nparkgate: 选项 --reason 给出了两次\n");
    expect_run("lane open North --reason x", 2, "",
               "parkgate: LANE: \"North\" is not valid: a-z 0-9 - .\n"
               "parkgate: LANE：“North”无效：a-z 0-9 - .\n");
    expect_run("person add --tenant sun --kind boss --name x", 2, "",
               "parkgate: --kind: \"boss\" is not valid: staff|day|driver|visitor\n"
               "parkgate: --kind：“boss”无效：staff|day|driver|visitor\n");
    expect_run("person add --tenant sun --kind day", 2, "",
               "parkgate: name is missing; give --name\nparkgate: 缺少 name；请用 --name 给出\n");
    expect_run("headcount --date 2026-02-30", 2, "",
               "parkgate: --date: \"2026-02-30\" is not valid: YYYY-MM-DD\n"
               "parkgate: --date：“2026-02-30”无效：YYYY-MM-DD\n");
    expect_run("tenant add sun --title S --zones yard --cut 25:00", 2, "",
               "parkgate: --cut: \"25:00\" is not valid: HH:MM\n"
               "parkgate: --cut：“25:00”无效：HH:MM\n");
    expect_run("--lang fr status", 2, "",
               "parkgate: --lang: \"fr\" is not valid: en|zh\nparkgate: --lang：“fr”无效：en|zh\n");
    expect_run("--flag status", 2, "",
               "parkgate: no such command: --flag; see: parkgate help\n"
               "parkgate: 没有此命令：--flag；请看：parkgate help\n");
    expect_run("status", 2, "",
               "parkgate: which park? give --dir DIR, set PARKGATE_DIR, or give --controller, "
               "--server-key and --key\n"
               "parkgate: 哪个园区？请给出 --dir DIR、设置 PARKGATE_DIR，或给出 "
               "--controller、--server-key 和 --key\n");
    expect_run("fly --json", 2, "",
               "{\"error\":{\"number\":120,\"en\":\"no such command: fly; see: parkgate help\","
               "\"zh\":\"没有此命令：fly；请看：parkgate help\"}}\n");
}

static void test_nothing_given_is_usage(void **state)
{
    (void)state;
    struct run run = run_line("");
    assert_int_equal(run.code, 2);
    assert_string_equal(run.out, "");
    assert_memory_equal(run.err, "usage: parkgate", 15);
    run_free(&run);
    run = run_line("--help --lang zh");
    assert_int_equal(run.code, 0);
    assert_memory_equal(run.out, "用法：parkgate", 17);
    run_free(&run);
    expect_run("--version", 0, "parkgate 0.1.0\n", "");
}

static void test_restore_without_a_controller_program(void **state)
{
    (void)state;
    char *path = strdup(getenv("PATH"));
    assert_int_equal(setenv("PATH", "/nonexistent", 1), 0);
    expect_run("restore /backup /park", 1, "",
               "parkgate: parkgate-controller cannot be started: No such file or directory; is it "
               "installed?\n"
               "parkgate: 无法启动 parkgate-controller：No such file or directory；是否已安装？\n");
    assert_int_equal(setenv("PATH", path, 1), 0);
    free(path);
}

static void test_values_and_aliases(void **state)
{
    (void)state;
    struct cli cli;
    struct args *args = calloc(1, sizeof(*args));
    struct complaint c = {0};
    char *why[] = {"headcount", "--why", "0a0b", "--date=2026-01-09", "--json", "--reason=y"};
    char *after[] = {"lane", "open", "--reason=-x", "--", "north-in"};
    cli_init(&cli, stdin, stdout, stderr);
    assert_true(args_read(&cli, 6, why, args, &c));
    assert_string_equal(args->command->request, "headcount.why");
    assert_string_equal(call_value(&args->call, "person"), "0a0b");
    assert_string_equal(call_value(&args->call, "date"), "2026-01-09");
    assert_int_equal(cli.format, FORMAT_JSON);
    assert_true(args_read(&cli, 5, after, args, &c));
    assert_string_equal(call_value(&args->call, "reason"), "-x");
    assert_string_equal(call_value(&args->call, "lane"), "north-in");
    cli_destroy(&cli);
    free(args);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_verb_has_a_command),
        cmocka_unit_test(test_every_row_is_sound),
        cmocka_unit_test(test_nouns_stand_together),
        cmocka_unit_test(test_csv_policy),
        cmocka_unit_test(test_help_shows_every_command),
        cmocka_unit_test(test_the_manual_has_every_command),
        cmocka_unit_test(test_wrong_command_lines),
        cmocka_unit_test(test_nothing_given_is_usage),
        cmocka_unit_test(test_restore_without_a_controller_program),
        cmocka_unit_test(test_values_and_aliases),
    };
    start_seal();
    return cmocka_run_group_tests(tests, NULL, NULL);
}

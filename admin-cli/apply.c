/* apply: stage the park file's rows, show what would change, ask, commit. */
#include <string.h>

#include "admin-cli/park_file.h"
#include "admin-cli/request.h"
#include "common/base/must.h"

enum { APPLY_COMMIT_MS = 60000, STAGE_SIZE = 64 };

static bool stage_rows(struct cli *cli, const struct rows *rows, char stage[STAGE_SIZE],
                       struct complaint *c)
{
    stage[0] = '\0';
    for (size_t first = 0; first < rows->count;) {
        struct request request = {.verb = "park.stage"};
        AUTO(answer_destroy) struct answer answer = {0};
        size_t count = rows_slice(rows, first);
        request_arg(&request, "stage", stage[0] == '\0' ? NULL : stage);
        for (size_t i = 0; i < count; i++) {
            request_row(&request, rows_at(rows, first + i));
        }
        if (!client_ask_all(cli, &request, &answer, c)) {
            return false;
        }
        const char *made = answer_note(&answer, "stage");
        if (stage[0] == '\0' && (made == NULL || strlen(made) >= STAGE_SIZE)) {
            return complain(c, ERROR_REPLY_BAD, "no stage", NULL, NULL, NULL);
        }
        if (stage[0] == '\0') {
            (void)snprintf(stage, STAGE_SIZE, "%s", made);
        }
        first += count;
    }
    return true;
}

static bool ask_diff(struct cli *cli, const char *stage, struct answer *answer, struct complaint *c)
{
    struct request request = {.verb = "park.diff"};
    request_arg(&request, "stage", stage);
    if (!client_ask_all(cli, &request, answer, c)) {
        return false;
    }
    return answer_note(answer, "config_version") != NULL ||
           complain(c, ERROR_REPLY_BAD, "no config_version", NULL, NULL, NULL);
}

static enum exit_code commit(struct cli *cli, const struct call *call, const char *stage,
                             const char *config_version, size_t rows)
{
    struct request request = {.verb = "park.commit", .timeout_ms = APPLY_COMMIT_MS};
    AUTO(answer_destroy) struct answer answer = {0};
    struct complaint c = {0};
    char count[24];
    request_arg(&request, "stage", stage);
    request_arg(&request, "config_version", config_version);
    request_arg(&request, "count", cli_number(count, rows));
    if (!client_ask_all(cli, &request, &answer, &c)) {
        return cli_say(cli, &c);
    }
    return request_show(cli, call, &answer);
}

/* The difference goes to standard error when the result is for a program. */
static void show_diff(const struct cli *cli, const struct answer *diff)
{
    struct cli aside = *cli;
    if (cli->format != FORMAT_TABLE) {
        aside.out = cli->err;
        aside.out_terminal = cli->err_terminal;
        aside.format = FORMAT_TABLE;
    }
    answer_print(&aside, diff);
}

static bool may_go_on(struct cli *cli, enum exit_code *ret_code)
{
    static const struct bilingual question = {
        {"Apply these changes?", "应用以上更改？"}
    };
    if (cli->yes) {
        return true;
    }
    if (!cli->in_terminal) {
        *ret_code = cli_refuse(cli, ERROR_NEEDS_YES, NULL, NULL, NULL, NULL);
        return false;
    }
    if (!cli_confirm(cli, question)) {
        *ret_code = cli_refuse(cli, ERROR_NOT_CONFIRMED, NULL, NULL, NULL, NULL);
        return false;
    }
    return true;
}

enum exit_code run_apply(struct cli *cli, const struct call *call)
{
    static const struct bilingual same = {
        {"nothing to change", "没有更改"}
    };
    AUTO(park_file_destroy) struct park_file file = {0};
    AUTO(answer_destroy) struct answer diff = {0};
    struct complaint c = {0};
    char stage[STAGE_SIZE];
    if (!park_file_read(call_value(call, "file"), &file, &c) ||
        !stage_rows(cli, &file.rows, stage, &c) || !ask_diff(cli, stage, &diff, &c)) {
        return cli_say(cli, &c);
    }
    const char *changes = answer_note(&diff, "changes");
    if (diff.row_count == 0 && (changes == NULL || strcmp(changes, "0") == 0)) {
        cli_tell(cli, same);
        if (cli->format == FORMAT_JSON) {
            answer_print(cli, &diff);
        }
        return EXIT_DONE;
    }
    show_diff(cli, &diff);
    enum exit_code code = EXIT_DONE;
    if (!may_go_on(cli, &code)) {
        return code;
    }
    return commit(cli, call, stage, answer_note(&diff, "config_version"), file.rows.count);
}

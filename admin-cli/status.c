/* status, and its figures for a monitoring system. */
#include <string.h>

#include "admin-cli/answer.h"
#include "admin-cli/request.h"
#include "common/base/must.h"
#include "common/metrics/exposition.h"

static const char *const columns[] = {"metric", "labels", "value", "bound"};

static bool has_columns(const struct answer *answer)
{
    for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
        if (answer->column_count != ARRAY_LEN(columns) ||
            strcmp(answer->columns[i], columns[i]) != 0) {
            return false;
        }
    }
    return true;
}

/* As the port for monitoring writes them. False: they are too many. */
static bool print_page(const struct cli *cli, const struct answer *answer)
{
    size_t size = 0;
    AUTO(exposition_destroy)
    struct exposition *page =
        exposition_create(cli->lang == LANG_ZH ? EXPOSITION_ZH : EXPOSITION_EN);
    MUST(page != NULL);
    struct metric_out out = exposition_out(page);
    for (size_t row = 0; row < answer->row_count; row++) {
        char *const *cells = answer->cells + row * ARRAY_LEN(columns);
        out.sample(out.ctx, cells[0], cells[1], cells[2], cells[3]);
    }
    const char *text = exposition_end(page, &size);
    return text != NULL && fwrite(text, 1, size, cli->out) == size;
}

static enum exit_code show_metrics(struct cli *cli, const struct call *call)
{
    struct request request = {.verb = "status.metrics"};
    struct complaint c = {0};
    AUTO(answer_destroy) struct answer answer = {0};
    if (!client_ask_all(cli, &request, &answer, &c)) {
        return cli_say(cli, &c);
    }
    if (cli->format != FORMAT_TABLE) {
        return request_show(cli, call, &answer);
    }
    if (!has_columns(&answer) || !print_page(cli, &answer)) {
        return cli_refuse(cli, ERROR_REPLY_BAD, "these are no figures", NULL, NULL, NULL);
    }
    return EXIT_DONE;
}

enum exit_code run_status(struct cli *cli, const struct call *call)
{
    return call_value(call, "metrics") != NULL ? show_metrics(cli, call) : run_request(cli, call);
}

/* alert follow: what is open, then what happens, on and on; the terminal's bell for what this key
 * is told. */
#include "admin-cli/alerts.h"

#include <string.h>

#include "admin-cli/request.h"
#include "admin-cli/show.h"
#include "common/base/must.h"
#include "schema/limits.h"

enum { FOLLOW_GRACE_MS = 5000, AFTER_SIZE = 128 };

struct follow {
    char after[AFTER_SIZE]; /* the controller's mark, passed on as it is */
    bool head_shown, was_there, quiet;
};

static bool has_ringing(const struct answer *answer)
{
    for (size_t i = 0; i < answer->row_count * answer->column_count; i++) {
        const char *column = answer->columns[i % answer->column_count];
        if (strcmp(column, "rings") == 0 && strcmp(answer->cells[i], "yes") == 0) {
            return true;
        }
    }
    return false;
}

void alerts_ring(const struct cli *cli, const struct answer *answer, bool quiet)
{
    if (!quiet && cli->out_terminal && cli->format != FORMAT_JSON && has_ringing(answer)) {
        (void)fputc('\a', cli->out);
        (void)fflush(cli->out);
    }
}

static void show(const struct cli *cli, const struct answer *answer, struct follow *f)
{
    if (answer->row_count == 0) {
        return;
    }
    if (cli->format == FORMAT_JSON) {
        show_json_lines(cli, answer);
    } else {
        show_lines(cli, answer, !f->head_shown);
        f->head_shown = true;
    }
    alerts_ring(cli, answer, f->quiet);
}

static void keep_after(const struct answer *answer, struct follow *f)
{
    const char *note = answer_note(answer, "after");
    if (note != NULL && strlen(note) < AFTER_SIZE) {
        (void)snprintf(f->after, AFTER_SIZE, "%s", note);
    }
}

static bool ask(struct cli *cli, struct follow *f, struct answer *answer, struct complaint *c)
{
    struct request request = {.verb = "alert.follow",
                              .timeout_ms = LIMIT_FOLLOW_MS + FOLLOW_GRACE_MS};
    request_arg(&request, "after", f->after[0] == '\0' ? NULL : f->after);
    if (!client_ask_all(cli, &request, answer, c)) {
        return false;
    }
    keep_after(answer, f);
    return true;
}

/* Where the journal stands, then what is open: between the two nothing is lost. */
static bool begin(struct cli *cli, struct follow *f, struct complaint *c)
{
    struct request request = {.verb = "alert.list"};
    AUTO(answer_destroy) struct answer place = {0};
    AUTO(answer_destroy) struct answer open = {0};
    if (f->after[0] != '\0') {
        return true;
    }
    if (!ask(cli, f, &place, c) || !client_ask_all(cli, &request, &open, c)) {
        return false;
    }
    show(cli, &open, f);
    f->head_shown = false; /* what follows has columns of its own */
    f->was_there = true;
    return true;
}

enum exit_code run_alert_follow(struct cli *cli, const struct call *call)
{
    static const struct bilingual waiting = {
        {"the controller does not answer; waiting for it", "控制器无应答；正在等待"}
    };
    struct complaint c = {0};
    struct follow f = {.quiet = call_value(call, "quiet") != NULL};
    const char *given = call_value(call, "after");
    (void)snprintf(f.after, sizeof(f.after), "%s", given == NULL ? "" : given);
    if (!begin(cli, &f, &c)) {
        return cli_say(cli, &c);
    }
    while (!ferror(cli->out)) {
        AUTO(answer_destroy) struct answer answer = {0};
        if (ask(cli, &f, &answer, &c)) {
            f.was_there = true;
            show(cli, &answer, &f);
        } else if (c.number == ERROR_UNREACHABLE && f.was_there) {
            cli_tell(cli, waiting);
            client_destroy(&cli->client);
        } else {
            return cli_say(cli, &c);
        }
    }
    return EXIT_DONE;
}

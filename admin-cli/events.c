/* events: one answer, or --follow: ask again with what was seen, for ever. */
#include <string.h>

#include "admin-cli/request.h"
#include "admin-cli/show.h"
#include "common/base/must.h"
#include "schema/limits.h"

enum { FOLLOW_GRACE_MS = 5000, AFTER_SIZE = 64 };

static void show_batch(const struct cli *cli, const struct answer *answer, bool *head_shown)
{
    if (answer->row_count == 0) {
        return;
    }
    if (cli->format == FORMAT_JSON) {
        show_json_lines(cli, answer);
        return;
    }
    show_lines(cli, answer, !*head_shown);
    *head_shown = true;
}

static void keep_after(const struct answer *answer, char after[AFTER_SIZE])
{
    const char *note = answer_note(answer, "after");
    if (note != NULL && strlen(note) < AFTER_SIZE) {
        (void)snprintf(after, AFTER_SIZE, "%s", note);
    }
}

static void request_events(const struct call *call, const char *after, struct request *request)
{
    *request = (struct request){.verb = call->command->request,
                                .timeout_ms = LIMIT_FOLLOW_MS + FOLLOW_GRACE_MS};
    request_arg(request, "follow", "yes");
    request_arg(request, "kind", call_value(call, "kind"));
    request_arg(request, "lane", call_value(call, "lane"));
    request_arg(request, "after", after[0] == '\0' ? NULL : after);
    request_arg(request, "limit", call_value(call, "limit"));
}

static enum exit_code follow(struct cli *cli, const struct call *call)
{
    static const struct bilingual waiting = {
        {"the controller does not answer; waiting for it", "控制器无应答；正在等待"}
    };
    char after[AFTER_SIZE] = "";
    const char *given = call_value(call, "after");
    bool head_shown = false;
    bool was_there = false;
    if (given != NULL) {
        (void)snprintf(after, sizeof(after), "%s", given);
    }
    while (!ferror(cli->out)) {
        struct request request;
        struct complaint c = {0};
        AUTO(answer_destroy) struct answer answer = {0};
        request_events(call, after, &request);
        if (!client_ask_all(cli, &request, &answer, &c)) {
            if (c.number != ERROR_UNREACHABLE || !was_there) {
                return cli_say(cli, &c);
            }
            cli_tell(cli, waiting);
            client_destroy(&cli->client);
            continue;
        }
        was_there = true;
        show_batch(cli, &answer, &head_shown);
        keep_after(&answer, after);
    }
    return EXIT_DONE;
}

enum exit_code run_events(struct cli *cli, const struct call *call)
{
    return call_value(call, "follow") != NULL ? follow(cli, call) : run_request(cli, call);
}

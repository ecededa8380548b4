/* events: from --after (or the newest few) to the journal's head, or --follow: on and on.
 *
 * The controller looks at a bounded piece of the journal per request and says with the notes
 * `after` and `head` how far it came; this program asks on. */
#include <stdlib.h>
#include <string.h>

#include "admin-cli/request.h"
#include "admin-cli/show.h"
#include "common/base/must.h"
#include "schema/limits.h"

enum { FOLLOW_GRACE_MS = 5000, AFTER_SIZE = 64, EVENTS_MOST = 10000 };

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

/* --- without --follow --- */

static uint64_t number_note(const struct answer *answer, const char *name)
{
    const char *text = answer_note(answer, name);
    return text == NULL ? 0 : strtoull(text, NULL, 10);
}

static bool ask_batch(struct cli *cli, const struct call *call, const char *after, uint64_t limit,
                      struct answer *answer, struct complaint *c)
{
    struct request request = {.verb = call->command->request};
    char most[24];
    request_arg(&request, "kind", call_value(call, "kind"));
    request_arg(&request, "lane", call_value(call, "lane"));
    request_arg(&request, "reason", call_value(call, "reason"));
    request_arg(&request, "from", after[0] == '\0' ? call_value(call, "from") : NULL);
    request_arg(&request, "after", after[0] == '\0' ? NULL : after);
    request_arg(&request, "limit", limit == 0 ? NULL : cli_number(most, limit));
    return client_ask_all(cli, &request, answer, c);
}

/* The newest `limit` entries begin there; one request carries LIMIT_ROWS_PER_MESSAGE only. */
static bool find_start(struct cli *cli, const struct call *call, uint64_t limit,
                       char after[AFTER_SIZE], struct complaint *c)
{
    AUTO(answer_destroy) struct answer answer = {0};
    if (after[0] != '\0' || limit <= LIMIT_ROWS_PER_MESSAGE || call_value(call, "from") != NULL) {
        return true;
    }
    if (!ask_batch(cli, call, "", 1, &answer, c)) {
        return false;
    }
    uint64_t head = number_note(&answer, "head");
    (void)cli_number(after, head > limit ? head - limit : 0);
    return true;
}

static bool collect(struct cli *cli, const struct call *call, uint64_t limit,
                    char after[AFTER_SIZE], struct answer *answer, struct complaint *c)
{
    uint64_t most = limit == 0 ? EVENTS_MOST : limit;
    for (;;) {
        uint64_t left = most - answer->row_count;
        uint64_t page = left < LIMIT_ROWS_PER_MESSAGE ? left : LIMIT_ROWS_PER_MESSAGE;
        uint64_t before = number_note(answer, "after");
        if (!ask_batch(cli, call, after, limit == 0 && after[0] == '\0' ? 0 : page, answer, c)) {
            return false;
        }
        uint64_t reached = number_note(answer, "after");
        keep_after(answer, after);
        bool one_page = call_value(call, "reason") != NULL; /* each further one is a look-up */
        if (one_page || reached >= number_note(answer, "head") || reached <= before ||
            answer->row_count >= most) {
            return true;
        }
    }
}

static enum exit_code list(struct cli *cli, const struct call *call)
{
    AUTO(answer_destroy) struct answer answer = {0};
    struct complaint c = {0};
    char after[AFTER_SIZE] = "";
    const char *given = call_value(call, "after");
    const char *most = call_value(call, "limit");
    uint64_t limit = most == NULL ? 0 : strtoull(most, NULL, 10);
    if (given != NULL) {
        (void)snprintf(after, sizeof(after), "%s", given);
    }
    if (!find_start(cli, call, limit, after, &c) ||
        !collect(cli, call, limit, after, &answer, &c)) {
        return cli_say(cli, &c);
    }
    if (number_note(&answer, "after") < number_note(&answer, "head")) {
        answer_add_note(&answer, "more", after);
    }
    if (cli->format == FORMAT_TABLE) {
        answer_drop_note(&answer, "after");
        answer_drop_note(&answer, "head");
    }
    return request_show(cli, call, &answer);
}

enum exit_code run_events(struct cli *cli, const struct call *call)
{
    return call_value(call, "follow") != NULL ? follow(cli, call) : list(cli, call);
}

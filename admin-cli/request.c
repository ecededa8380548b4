/* The plain commands: arguments to a request, the reply to the screen. */
#include "admin-cli/request.h"
#include "admin-cli/client.h"
#include "admin-cli/command.h"

#include <string.h>

#include "common/base/must.h"

void request_of_call(const struct call *call, struct request *request)
{
    *request = (struct request){.verb = call->command->request,
                                .timeout_ms = (int)call->command->timeout_s * 1000};
    /* names are limited per call and per day: never fetch more pages of them than were asked for */
    request->one_page =
        call->command->pages == PAGES_ONE_WITH_REASON && call_value(call, "reason") != NULL;
    for (size_t i = 0; i < COMMAND_ARGS_MAX && call->command->args[i].name != NULL; i++) {
        request_arg(request, call->command->args[i].name, call->values[i]);
    }
}

enum exit_code request_show(struct cli *cli, const struct call *call, struct answer *answer)
{
    const char *own = answer_note(answer, "own_roster");
    bool is_own = own != NULL && strcmp(own, "yes") == 0;
    if (cli->format == FORMAT_CSV && call->command->csv != CSV_FIGURES && !is_own) {
        char name[64];
        command_name(call->command, name, sizeof(name));
        return cli_refuse(cli, ERROR_NO_CSV, name, NULL, NULL, NULL);
    }
    answer_drop_note(answer, "own_roster");
    answer_drop_note(answer, "time_zone");
    answer_print(cli, answer);
    return EXIT_DONE;
}

enum exit_code run_request(struct cli *cli, const struct call *call)
{
    static const struct bilingual patience = {
        {"this may take some minutes", "这可能需要几分钟"}
    };
    struct request request;
    struct complaint c = {0};
    AUTO(answer_destroy) struct answer answer = {0};
    request_of_call(call, &request);
    if (call->command->timeout_s != 0) {
        cli_tell(cli, patience);
    }
    if (!client_ask_all(cli, &request, &answer, &c)) {
        return cli_say(cli, &c);
    }
    return request_show(cli, call, &answer);
}

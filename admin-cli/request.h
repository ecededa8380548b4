/* request: from a call of the command table to a request, and from an answer to the screen. */
#pragma once

#include "admin-cli/client.h"
#include "admin-cli/command.h"

/* Every given argument by its name; values are borrowed from the call. */
void request_of_call(const struct call *call, struct request *request);
/* Prints, unless that would be a list of persons as CSV. */
enum exit_code request_show(struct cli *cli, const struct call *call, struct answer *answer);

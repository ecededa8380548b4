/* client: requests to the controller, over CURVE: one at a time, or several on their way.
 *
 * Which controller and which key: the options --controller, --server-key and --key; what they do
 * not say comes from operator.conf in --dir or PARKGATE_DIR.
 */
#pragma once

#include "admin-cli/answer.h"
#include "admin-cli/cli.h"
#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/err.h"
#include "schema/operator.pb-c.h"

enum { CLIENT_TIMEOUT_MS = 5000, CLIENT_ARGS_MAX = 32, CLIENT_ROWS_MAX = 200 };

/* A request being put together. Names and values are borrowed until it is sent. */
struct request {
    const char *verb;
    size_t arg_count;
    char *names[CLIENT_ARGS_MAX];
    ProtobufCBinaryData values[CLIENT_ARGS_MAX];
    size_t row_count;
    ProtobufCBinaryData rows[CLIENT_ROWS_MAX];
    int timeout_ms; /* 0: CLIENT_TIMEOUT_MS */
    bool one_page;  /* client_ask_all() stops after one; the note `more` then holds the cursor */
};

/* NULL value: not given, nothing is added. */
void request_arg(struct request *request, const char *name, const char *value);
void request_bytes(struct request *request, const char *name, struct bytes value);
void request_row(struct request *request, struct bytes row);

/* Sends and waits for the one reply. False: the controller cannot be reached, or it refused, or its
 * answer makes no sense: *c says which. The reply is freed by parkgate__reply__free_unpacked(). */
bool client_ask(struct cli *cli, const struct request *request, Parkgate__Reply **ret_reply,
                struct complaint *c);
/* The two halves of client_ask(), for requests that follow each other without waiting. The
 * controller answers in the order of asking; finish them in that order, too. */
struct asked {
    uint64_t sequence;
    struct mono deadline;
};
bool client_begin(struct cli *cli, const struct request *request, struct asked *ret_asked,
                  struct complaint *c);
bool client_finish(struct cli *cli, const struct asked *asked, Parkgate__Reply **ret_reply,
                   struct complaint *c);
/* As client_ask(), page after page, into *answer, for as long as the controller has more. */
bool client_ask_all(struct cli *cli, const struct request *request, struct answer *answer,
                    struct complaint *c);
/* NULLs and accepts NULL. The next request connects anew. */
void client_destroy(struct client **client);

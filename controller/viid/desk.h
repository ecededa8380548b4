/* desk: the line to the controller: requests of role `library`, several on their way, each with its
 * end. Nothing here blocks. What is on its way when the line breaks ends without a reply, and its
 * asker decides: a peer is told to come again.
 */
#pragma once

#include <stdbool.h>

#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/link/link.h"
#include "schema/operator.pb-c.h"

enum { DESK_ASKED_MAX = 256, DESK_TIMEOUT_MS = 5000, DESK_ARGS_MAX = 8 };

struct desk;

struct desk_request {
    const char *verb;
    size_t count;
    const char *names[DESK_ARGS_MAX];
    const char *values[DESK_ARGS_MAX];
    struct bytes row; /* empty: none */
};

/* reply NULL: none came in time. Else reply->error says what the controller made of it. Valid
 * during the call. */
typedef void desk_done(void *ctx, const Parkgate__Reply *reply);

struct desk_options {
    const struct link_key_pair *keys; /* copied */
    struct link_key server_key;
    const char *endpoint; /* copied */
};

MUST_CHECK enum err desk_create(const struct desk_options *options, struct desk **ret_desk,
                                struct fault *fault);
/* Ends all that is on its way without a reply. */
void desk_destroy(struct desk **desk);

/* Sends it. False: too many on their way, or not connected; `done` is then not called. */
bool desk_ask(struct desk *desk, const struct desk_request *request, desk_done *done, void *ctx,
              struct mono now);
/* The value of a note; NULL: none. */
const char *desk_note(const Parkgate__Reply *reply, const char *name, char *out, size_t size);
/* The cell of a row and column, as text; "": there is none. */
const char *desk_cell(const Parkgate__Reply *reply, size_t row, const char *column, char *out,
                      size_t size);
size_t desk_rows(const Parkgate__Reply *reply);

/* To be polled for reading; call desk_turn() before each wait, whether it is readable or not. */
int desk_fd(const struct desk *desk);
/* Takes replies, ends what is overdue, connects anew after a refusal. */
void desk_turn(struct desk *desk, struct mono now);
/* Has it answered lately? */
bool desk_is_up(const struct desk *desk, struct mono now);
/* Our key is not (or no more) known to the controller. */
bool desk_is_refused(const struct desk *desk);

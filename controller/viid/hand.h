/* hand: the dispositions of one request, each handed to the controller, and one status for each in
 * the answer, when the last of them is known.
 *
 * A refusal of the controller becomes a status; no answer of it becomes "Device Busy", so that the
 * peer sends that one again. Sent again it changes nothing: the controller knows it by its id.
 */
#pragma once

#include "common/base/clock.h"
#include "controller/viid/desk.h"
#include "controller/viid/server.h"
#include "controller/viid/settings.h"

/* All borrowed; the request is answered, now or later, by each of these calls. */
struct hand_place {
    const struct viid_peer *peer;
    struct desk *desk;
    const struct clock *clock;
    struct server_request *request;
};

/* Each object of the list; one without an id gets `id` ("": none), where the list has one object.
 */
void hand_list(const struct hand_place *place, const json_t *body, const char *id);
/* Withdraws each of a list of ids, with commas between. */
void hand_withdraw(const struct hand_place *place, const char *ids);
/* What became of one. */
void hand_look(const struct hand_place *place, const char *id);

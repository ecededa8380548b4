/* rekey: keys of gates and of the controller itself, replaced while everything works.
 *
 * A gate keeps its identity, the first key of its box: under it stand its events, so that the same
 * event is known again whichever key brings it. The order of a rekey and the telling of the
 * controller's next key are soft: after a restart they are given again.
 */
#pragma once

#include "controller/app/batch.h"
#include "schema/agent.pb-c.h"

/* The first key of the box that speaks with this key. */
struct link_key rekey_identity(const Parkgate__KeyRecord *key);

/* Tells a gate to draw its own next key. False: it is not online and *c says so, or *ret_err. */
bool rekey_order(struct controller *ctl, struct name gate, const char *actor, const char *reason,
                 struct complaint *c, enum err *ret_err, struct fault *fault);

/* A gate said HELLO with `key`: the one that it replaces ends. */
MUST_CHECK enum err rekey_spoken(struct controller *ctl, const Parkgate__KeyRecord *key,
                                 struct fault *fault);
/* A REKEY of a gate. */
MUST_CHECK enum err rekey_heard(struct controller *ctl, struct session *session,
                                const Parkgate__KeyRecord *key, const Parkgate__Rekey *message,
                                struct fault *fault);
/* Ends every live key of the gate. */
MUST_CHECK enum err rekey_end_all(struct controller *ctl, const char *gate, const char *actor,
                                  const char *reason, struct fault *fault);

/* Says to this gate what it should know of the controller's next key. */
void rekey_tell(struct controller *ctl, struct session *session);
/* The controller will answer by `next`: journalled, told to all gates now and at each HELLO. */
void rekey_server_next(struct controller *ctl, struct link_key next);
/* It does from now on: journalled, and told to all gates. */
void rekey_server_now(struct controller *ctl);

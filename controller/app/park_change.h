/* park_change: staging rows of a park file, comparing them with the park of the day, making them
 * valid. Used by the verbs park.* and by the first start. */
#pragma once

#include "controller/app/controller.h"
#include "schema/park.pb-c.h"

/* Records rows as inert. *stage 0: a new stage is made and written there. False: *c says which row
 * is bad; *ret_err is trouble of ours. */
bool park_change_stage(struct controller *ctl, uint64_t *stage, const ProtobufCBinaryData *rows,
                       size_t count, const char *actor, struct complaint *c, enum err *ret_err,
                       struct fault *fault);

/* The staged park, with the tenants of the day that it does not name (they stay), sorted and
 * checked. `ret_park` is large: give static memory. */
bool park_change_check(struct controller *ctl, uint64_t stage, struct park *ret_park,
                       uint32_t *ret_count, struct complaint *c, enum err *ret_err,
                       struct fault *fault);

/* Makes the checked stage the park of the day and loads it. */
bool park_change_commit(struct controller *ctl, uint64_t stage, const char *actor,
                        struct complaint *c, enum err *ret_err, struct fault *fault);

/* Is there a row of this kind and name? */
bool park_change_has(const struct park *park, uint32_t kind, const char *name);

/* First start: genesis entry, first admin, first park. False: *c says what is wrong with it. */
bool park_change_genesis(struct controller *ctl, const Parkgate__Genesis *genesis,
                         struct complaint *c, enum err *ret_err, struct fault *fault);

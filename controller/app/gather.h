/* gather: from a presentation to the facts that decide() needs, and to who it is. */
#pragma once

#include "common/access/business_day.h"
#include "common/access/decide.h"
#include "controller/app/controller.h"
#include "schema/agent.pb-c.h"

/* Who a credential belongs to, found before the decision. Handles all zero: unknown. */
struct subject {
    struct handle credential;
    struct handle holder;
    bool vehicle;
    uint32_t person_kind;
    struct name tenant; /* home tenant */
};

/* Fills facts and subject of one presentation at `lane` in `direction`, from the tables of
 * ctl->txn. */
MUST_CHECK enum err gather_facts(struct controller *ctl, const Parkgate__Event *event,
                                 const struct park_lane *lane, enum lane_direction direction,
                                 struct facts *ret_facts, struct subject *ret_subject,
                                 struct fault *fault);

/* When an event was captured: by the device's corrected clock where it is known, else when the gate
 * received it; never later than `now`, for a passage of the future would stay its holder's latest.
 */
struct wall gather_captured(const Parkgate__Event *event, struct wall now);

/* For which tenant, day and shift a passage of `holder` at `captured` counts. */
struct counted_for {
    struct name tenant;
    int32_t day;
    enum business_day_row row;
    struct name shift; /* empty: undeclared */
};
MUST_CHECK enum err gather_attribution(struct controller *ctl, struct handle holder,
                                       struct name home, struct wall captured,
                                       struct counted_for *ret, struct fault *fault);

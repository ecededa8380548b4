/* gather: from a presentation to the facts that decide() needs, and to who it is. */
#pragma once

#include "common/access/business_day.h"
#include "common/access/decide.h"
#include "common/facts/view.h"
#include "schema/agent.pb-c.h"
#include "schema/record.pb-c.h"

/* Who a read is about, found before the decision. Handles all zero: unknown, or none. */
struct subject {
    struct handle credential; /* of this read */
    struct handle owner;      /* whose credential that is: the read is sealed under this key */
    struct handle holder;     /* who passes: of a read that completes another, the first one's */
    bool vehicle;
    uint32_t person_kind;
    struct name tenant; /* home tenant */

    /* Reads that belong together (docs/decision-rules.md, "the window"). */
    struct handle
        first;      /* credential of the read that waited, and that this one was held against */
    bool may_wait;  /* it waits for its second when the verdict says so */
    bool completes; /* it is the right second */
    struct handle companion; /* a vehicle's driver, where a badge was shown with it */
    uint32_t companion_kind;
    struct name
        companion_tenant;  /* for whom he comes: of the booking or the vehicle, else his own */
    struct handle partner; /* holder of the read that waited for a partner, and is met */
    bool doubted; /* a guard shall look: of this read's plate colour, or since the one that waited
                   * was asked for */
};

/* The class of a read: a badge is authenticated by its proof, whatever else is said of it. */
enum credential_class gather_class_of(const Parkgate__Event *event);

/* Fills facts and subject of one presentation at `lane` in `direction`, from the tables of
 * view->txn. */
MUST_CHECK enum err gather_facts(const struct facts_view *view, const Parkgate__Event *event,
                                 const struct park_lane *lane, enum lane_direction direction,
                                 struct facts *ret_facts, struct subject *ret_subject,
                                 struct fault *fault);

/* What a presentation decided so does to the reads that wait at its lane: bits of enum
 * pairing_effect. */
uint32_t gather_pairing_effect(const struct subject *subject, struct verdict verdict);

/* When the event was captured: by the device's corrected clock where it is known, else when the
 * gate received it; never later than now, for a passage of the future would stay its holder's
 * latest. */
struct wall gather_captured(const Parkgate__Event *event, struct wall now);

/* The driver who came in with `vehicle` and is inside now: he goes where it goes. *ret all zero:
 * none. */
MUST_CHECK enum err gather_driver_inside(const struct facts_view *view, struct handle vehicle,
                                         struct handle *ret, struct fault *fault);

/* For which tenant, day and shift a passage of `holder` at `captured` counts. `home` counts where
 * no assignment and no visit does; `invited`: it expects him. */
struct counted_for {
    struct name tenant;
    int32_t day;
    enum business_day_row row;
    struct name shift; /* empty: in none */
};
MUST_CHECK enum err gather_attribution(const struct facts_view *view, struct handle holder,
                                       struct name home, bool invited, struct wall captured,
                                       struct counted_for *ret, struct fault *fault);

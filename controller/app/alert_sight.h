/* alert_sight: who may see and handle which alert.
 *
 * Alerts about somebody who is looked for are for security and the guard of that lane alone; to
 * everybody else they are not there. A guard sees of the others those at the lanes of the key and
 * those of no lane.
 */
#pragma once

#include "controller/app/alerts.h"
#include "controller/app/request.h"

bool alert_is_seen(const struct controller *ctl, const struct request *request,
                   const Parkgate__AlertRecord *record);

/* Is the key of this request among those who are told by now: by role, name or person? */
bool alert_rings(const struct controller *ctl, const struct request *request,
                 const Parkgate__AlertRecord *record);

/* The alert that argument `alert` names, if this key may see it. ERR_OK with *ret NULL: refused.
 * Free with parkgate__alert_record__free_unpacked(). */
MUST_CHECK enum err alert_asked_for(struct controller *ctl, struct request *request,
                                    Parkgate__AlertRecord **ret, struct fault *fault);

/* Is it about a person who may be one of the list, so that only a document shown at the desk
 * decides? */
bool alert_wants_document(const Parkgate__AlertRecord *record);

/* A row under this heading; the row is ended. False: it did not fit. */
#define ALERT_COLUMNS                                                                              \
    "alert,state,priority,kind,gate,lane,about,count,raised_us,due_us,whom,handler,late,decision," \
    "text,text_zh"
bool alert_row(const struct controller *ctl, struct answer *a, const Parkgate__AlertRecord *record);

/* exported: the register of files that left.
 *
 * What somebody took away as a file no program here can delete. Each is noted with who took it, of
 * what kind it is, why, when, and the day by which it is to be deleted (retention class `exports`);
 * who deleted it says so (retention.deleted). verbs_exported.c lists those past their day.
 */
#pragma once

#include "controller/app/request.h"

/* Notes that the asker of `request` takes a file of this kind. *ret_last_day (may be NULL): the day
 * by which it is to be deleted; the answer says it too (note `delete_by`). */
MUST_CHECK enum err exported_note(struct controller *ctl, struct request *request, const char *kind,
                                  const char *reason, int32_t *ret_last_day, struct fault *fault);

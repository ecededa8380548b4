/* anchors: the journal's head, signed, is kept where who can write this disk cannot: at each gate,
 * and in a file that is only added to (the export).
 *
 * Once a minute, when the journal has grown, its durable head is signed (common/seal/anchor.h),
 * added to the export and told to every gate. Nothing of it is journalled: it speaks of the
 * journal. A gate that says HELLO shows the newest anchor that it keeps and some older ones; one
 * that the journal contradicts is the fault `audit-break`. A gate can show true ones or none: what
 * this park's key did not sign is told and proves nothing. The whole check is the job `audit`
 * (job/audit.c).
 *
 * The journal names the keys that it is signed with (entry SIGN_KEY). A new one is vouched for by
 * the one before:
 *
 *   "parkgate sign key 1\n" PUBLIC "\n"       PUBLIC: the new key's 32 bytes in hex
 *
 * One that is not is the fault `sign-key-changed`: whoever can write the disk could have put it
 * there.
 */
#pragma once

#include "controller/app/controller.h"
#include "schema/agent.pb-c.h"

enum { ANCHOR_EVERY_MS = 60000, ANCHOR_FIRST_MS = 2000 /* after the start */ };

/* At the start, before the first frame: the journal names the key that signs. What cannot be written
 * now is by a tick. */
void anchors_begin(struct controller *ctl);
/* Once a second. Without an outlet for anchors it does nothing. */
void anchors_tick(struct controller *ctl);
/* A gate's HELLO: what it showed is kept in its session. In ctl->txn. */
MUST_CHECK enum err anchors_shown(struct controller *ctl, struct session *session,
                                  const Parkgate__Hello *hello, struct fault *fault);
/* The store was made from a backup whose journal ended there: numbers come again from here. Call it
 * between turn_create() and the first frame; a second call for one backup does nothing. */
MUST_CHECK enum err anchors_restored(struct controller *ctl, uint64_t backup_sequence,
                                     struct fault *fault);
/* From the next tick on the park signs with `key`; the one of now vouches for it. */
void anchors_use_key(struct controller *ctl, const struct sign_key *key);
/* The journal names the key that signs: the one before is of no use any more. */
bool anchors_key_is_named(const struct controller *ctl);
/* The job `audit` ended, with this output: what it found raises or ends the fault. Without a line
 * `finding=` it found nothing. */
void anchors_job_done(struct controller *ctl, const char *output);

/* faults: what is wrong until its cause ends, as journal entries of kind `fault`.
 *
 * Each is an alert of the same word by the same entry (alerts.h): the fault is the condition, the
 * alert its handling. A new kind gets its row in controller/core/alert_kind.c, too.
 *
 * One cause has one id, so raising it again while it is open changes nothing. A momentary fault (a
 * forced lane) is recorded with no duration: `events` shows it, `status` does not.
 */
#pragma once

#include "controller/app/controller.h"

/* A kind of fault: stable word and the sentence for people; %s is the thing it is about. */
struct fault_kind {
    const char *word;
    const char *en, *zh;
};

extern const struct fault_kind fault_terminal_decides, fault_unasked_opening;
extern const struct fault_kind fault_fire, fault_fire_unreached, fault_emergency_unrecorded;
extern const struct fault_kind fault_gate_away, fault_device_down, fault_device_tamper,
    fault_forced, fault_tailgated, fault_held, fault_manual, fault_blocked, fault_late_opening,
    fault_sequence_changed, fault_event_refused, fault_verdict_differs, fault_offline_conflict,
    fault_clock_off, fault_key_revoked_used, fault_admin_recovered, fault_outbox_restored,
    fault_poison, fault_body_aside, fault_passback_soft, fault_zone_filling, fault_zone_nearly_full,
    fault_zone_over, fault_wrong_tries, fault_outbox_full, fault_outbox_gap, fault_unrecorded,
    fault_clock_jumped, fault_controller_clock, fault_clock_untrusted, fault_gate_clock_unknown,
    fault_recovering, fault_credential_damaged, fault_store_short, fault_copy_behind,
    fault_gate_floods, fault_two_boxes, fault_recall_lost,
    fault_not_ordered, fault_quarantine_full, fault_faces_many, fault_audit_break,
    fault_sign_key_changed, fault_watch_stale, fault_erasure_waits, fault_watch_pushes,
    fault_export_overdue, fault_checkpoint_failed;
#define FAULT_CHECKPOINTS "journal" /* what fault_checkpoint_failed is about */
#define FAULT_EXPORTS "register" /* what fault_export_overdue is about */
#define FAULT_PERSON_KEYS "person-keys" /* what fault_erasure_waits is about */

/* `about`: a gate, lane or device name. gate and lane may be "". */
MUST_CHECK enum err fault_raise(struct controller *ctl, const struct fault_kind *kind,
                                const char *about, const char *gate, const char *lane,
                                struct fault *fault);
MUST_CHECK enum err fault_is_open(struct controller *ctl, const struct fault_kind *kind,
                                  const char *about, bool *ret, struct fault *fault);
/* Ends it if it is open; else nothing. */
MUST_CHECK enum err fault_end(struct controller *ctl, const struct fault_kind *kind,
                              const char *about, struct fault *fault);
/* The park has changed: what is about a thing that it no longer has is ended, for nobody will tell
 * its end. */
MUST_CHECK enum err faults_after_change(struct controller *ctl, struct fault *fault);
/* Recorded as begun and ended now. */
MUST_CHECK enum err fault_note(struct controller *ctl, const struct fault_kind *kind,
                               const char *about, const char *gate, const char *lane,
                               struct fault *fault);

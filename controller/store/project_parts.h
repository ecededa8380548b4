/* project_parts: one projection a record family; project.c dispatches to them. */
#pragma once

#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "common/store/store.h"
#include "schema/record.pb-c.h"

typedef enum err projection(struct store_txn *txn, const Parkgate__Entry *entry,
                            const ProtobufCMessage *body, struct fault *fault);

/* project_park.c: genesis, keys, codes, park rows, lane states */
projection project_genesis, project_key, project_enrol_code, project_park_slice,
    project_park_commit, project_tenant, project_tenant_state, project_lane_state, project_command;
/* project_people.c: holders, credentials, assignments, imports */
projection project_holder, project_credential, project_assignment, project_import_begin,
    project_import_slice, project_import_close;
/* project_clearance.c: clearances, notices of their end, park bans */
projection project_clearance, project_notice, project_ban;
/* project_event.c: agents, events, refused events, faults, look-ups */
projection project_agent_epoch, project_event, project_event_refused, project_fault, project_lookup,
    project_nothing;
/* project_expected.c: bookings and visits */
projection project_booking, project_visit;
/* project_subject.c: orders about subjects of face terminals, and the answers to them */
projection project_subject_order;
enum err project_subject_answer(struct store_txn *txn, const Parkgate__Entry *entry,
                                const Parkgate__EventEntry *event, struct fault *fault);

/* project_park.c */
projection project_emergency;

/* sign_key_store.c: with what the park signs, and on which branch of its journal it is */
projection project_sign_key, project_restored;

/* project_recall.c: how far a recovery is */
projection project_recalled;

/* project_alert.c: alerts; `alert_apply` for what an entry of another kind says of one */
projection project_alert;
enum err alert_apply(struct store_txn *txn, const Parkgate__Entry *entry,
                     const ProtobufCBinaryData *packed, struct fault *fault);

/* approval_store.c */
projection project_approval;

/* project_presence.c: what anti-passback forgives */
projection project_forgive;

/* face_store.c */
projection project_face_filing;

/* project_watch.c, project_watch_step.c: authorities, bundles of the watch list, and what became of
 * their entries */
projection project_authority, project_watch_begin, project_watch_slice, project_watch_close,
    project_watch_step;
/* project_hit.c: hits of the watch list; candidate_store.c: candidates until somebody decided */
projection project_watch_hit, project_watch_candidate;
/* Rows of WATCH_DAY say no more where and when what was noted before `until` was. */
enum err project_approaches_over(struct store_txn *txn, struct wall until, struct fault *fault);
/* The entry acts no more: its days go. */
enum err project_watch_days_end(struct store_txn *txn, struct handle entry, struct fault *fault);
/* The same within an event's entry (EventWatch), and its alert. */
enum err project_event_watch(struct store_txn *txn, const Parkgate__Entry *entry,
                             const ProtobufCBinaryData *packed, struct fault *fault);
/* From now on entries that name this identity are of that holder. */
enum err project_watch_identity(struct store_txn *txn, struct bytes hash, struct handle holder,
                                struct fault *fault);
/* The row by which a hash is found again from its holder: project_watch_identity() writes it; else
 * for a store of before alone. */
MUST_CHECK enum err project_watch_identity_of(struct store_txn *txn, struct bytes hash,
                                              struct handle holder, struct fault *fault);
/* No hash of an identity number is this holder's any more. */
MUST_CHECK enum err project_watch_forget_identities(struct store_txn *txn, struct handle holder,
                                                    struct fault *fault);
/* erasure_store.c */
projection project_erasure, project_backup;
/* retention_store.c, hold_store.c, disclosure_store.c */
projection project_retention, project_retention_term, project_hold, project_disclosure;
/* export_store.c */
projection project_export;
/* So many names more were shown to this key on that day. */
enum err project_names_shown(struct store_txn *txn, const char *key_name, int32_t day,
                             uint32_t names, struct fault *fault);

/* disposition_store.c: what view libraries handed over */
projection project_disposition, project_disposition_notice;
/* A hit with a number was written: if its entry was a disposition, it is to be notified. */
enum err project_disposition_hit(struct store_txn *txn, const Parkgate__WatchHit *hit,
                                 struct fault *fault);

/* checkpoint_store.c: checkpoints of the journal, and where it was cut off */
projection project_checkpoint, project_truncation;

struct bytes project_name_key(struct keybuf *key, const char *name);

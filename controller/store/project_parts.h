/* project_parts: one projection a record family; project.c dispatches to them. */
#pragma once

#include "common/store/keybuf.h"
#include "common/store/store.h"
#include "controller/store/tables.h"
#include "schema/record.pb-c.h"

typedef enum err projection(struct store_txn *txn, const Parkgate__Entry *entry,
                            const ProtobufCMessage *body, struct fault *fault);

/* project_park.c: genesis, keys, codes, park rows, lane states */
projection project_genesis, project_key, project_enrol_code, project_park_slice,
    project_park_commit, project_tenant, project_tenant_state, project_lane_state, project_command;
/* project_people.c: holders, credentials, assignments, clearances, imports */
projection project_holder, project_credential, project_assignment, project_clearance,
    project_import_begin, project_import_slice, project_import_close;
/* project_event.c: agents, events, refused events, faults, look-ups */
projection project_agent_epoch, project_event, project_event_refused, project_fault, project_lookup,
    project_nothing;

/* ban_store.c, approval_store.c */
projection project_ban, project_approval;

struct bytes project_name_key(struct keybuf *key, const char *name);

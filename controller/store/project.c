#include "controller/store/project.h"

#include "common/base/must.h"
#include "controller/store/changes.h"
#include "controller/store/hidden_store.h"
#include "controller/store/project_parts.h"
#include "schema/kinds.h"
#include "schema/park.pb-c.h"

struct projector {
    enum entry_kind kind;
    const ProtobufCMessageDescriptor *descriptor;
    projection *apply;
};

static const struct projector projectors[] = {
    {ENTRY_GENESIS,       &parkgate__entry_genesis__descriptor,     project_genesis      },
    {ENTRY_KEY,           &parkgate__key_record__descriptor,        project_key          },
    {ENTRY_ENROL_CODE,    &parkgate__enrol_code__descriptor,        project_enrol_code   },
    {ENTRY_PARK_SLICE,    &parkgate__park_slice__descriptor,        project_park_slice   },
    {ENTRY_PARK_COMMIT,   &parkgate__park_commit__descriptor,       project_park_commit  },
    {ENTRY_HOLDER,        &parkgate__holder_record__descriptor,     project_holder       },
    {ENTRY_CREDENTIAL,    &parkgate__credential_record__descriptor, project_credential   },
    {ENTRY_ASSIGNMENT,    &parkgate__assignment_record__descriptor, project_assignment   },
    {ENTRY_IMPORT_BEGIN,  &parkgate__stage_begin__descriptor,       project_import_begin },
    {ENTRY_IMPORT_SLICE,  &parkgate__import_slice__descriptor,      project_import_slice },
    {ENTRY_IMPORT_CLOSE,  &parkgate__stage_close__descriptor,       project_import_close },
    {ENTRY_TENANT_STATE,  &parkgate__tenant_state__descriptor,      project_tenant_state },
    {ENTRY_LANE_STATE,    &parkgate__lane_state__descriptor,        project_lane_state   },
    {ENTRY_COMMAND,       &parkgate__command_entry__descriptor,     project_command      },
    {ENTRY_AGENT_EPOCH,   &parkgate__agent_record__descriptor,      project_agent_epoch  },
    {ENTRY_EVENT,         &parkgate__event_entry__descriptor,       project_event        },
    {ENTRY_EVENT_REFUSED, &parkgate__event_refused__descriptor,     project_event_refused},
    {ENTRY_FAULT,         &parkgate__fault_record__descriptor,      project_fault        },
    {ENTRY_REFUSAL,       &parkgate__refusal__descriptor,           project_nothing      },
    {ENTRY_LOOKUP,        &parkgate__lookup__descriptor,            project_lookup       },
    {ENTRY_CARRY,         &parkgate__carry_entry__descriptor,       project_nothing      },
    {ENTRY_BACKUP,        &parkgate__backup_entry__descriptor,      project_backup       },
    {ENTRY_TENANT,        &parkgate__park_row__descriptor,          project_tenant       },
    {ENTRY_FORGIVE,       &parkgate__forgive_record__descriptor,    project_forgive      },
    {ENTRY_CLEARANCE,     &parkgate__clearance_record__descriptor,  project_clearance    },
    {ENTRY_NOTICE,        &parkgate__notice_record__descriptor,     project_notice       },
    {ENTRY_BAN,           &parkgate__ban_record__descriptor,        project_ban          },
    {ENTRY_KEY_REPLACE,   &parkgate__key_replace__descriptor,       project_nothing      },
    {ENTRY_RECALLED,      &parkgate__recalled__descriptor,          project_recalled     },
    {ENTRY_RECOVERY,      &parkgate__recovery__descriptor,          project_nothing      },
    {ENTRY_APPROVAL,      &parkgate__approval_record__descriptor,   project_approval     },
    {ENTRY_BOOKING,       &parkgate__booking_record__descriptor,    project_booking      },
    {ENTRY_VISIT,         &parkgate__visit_record__descriptor,      project_visit        },
    {ENTRY_SUBJECT_ORDER, &parkgate__subject_record__descriptor,    project_subject_order},
    {ENTRY_MUSTER,        &parkgate__muster_entry__descriptor,      project_nothing      },
    {ENTRY_EMERGENCY,     &parkgate__emergency_record__descriptor,  project_emergency    },
    {ENTRY_RETENTION, &parkgate__retention_entry__descriptor, project_retention},
    {ENTRY_WATCH_RETENTION, &parkgate__retention_entry__descriptor, project_retention},
    {ENTRY_RETENTION_TERM, &parkgate__retention_term__descriptor, project_retention_term},
    {ENTRY_HOLD, &parkgate__hold_record__descriptor, project_hold},
    {ENTRY_EXPORT,        &parkgate__export_record__descriptor,     project_export       },
    {ENTRY_DISCLOSURE,    &parkgate__disclosure_record__descriptor, project_disclosure   },
    {ENTRY_ERASURE,       &parkgate__erasure_record__descriptor,    project_erasure      },
    {ENTRY_FACE_FILING,   &parkgate__face_filing__descriptor,       project_face_filing  },
    {ENTRY_ALERT,         &parkgate__alert_entry__descriptor,       project_alert        },
    {ENTRY_AUTHORITY,     &parkgate__authority_record__descriptor,  project_authority    },
    {ENTRY_WATCH_BEGIN,   &parkgate__watch_bundle__descriptor,      project_watch_begin  },
    {ENTRY_WATCH_SLICE,   &parkgate__watch_slice__descriptor,       project_watch_slice  },
    {ENTRY_WATCH_CLOSE,   &parkgate__watch_close__descriptor,       project_watch_close  },
    {ENTRY_WATCH_STEP,    &parkgate__watch_step__descriptor,        project_watch_step   },
    {ENTRY_WATCH_HIT,     &parkgate__watch_hit__descriptor,         project_watch_hit    },
    {ENTRY_WATCH_CANDIDATE, &parkgate__candidate__descriptor,       project_watch_candidate},
    {ENTRY_SIGN_KEY,      &parkgate__sign_key_record__descriptor,   project_sign_key     },
    {ENTRY_RESTORED,      &parkgate__restored__descriptor,          project_restored     },
    {ENTRY_DISPOSITION,   &parkgate__disposition_record__descriptor, project_disposition },
    {ENTRY_AUDIT_EXPORT,  &parkgate__audit_export__descriptor,      project_nothing      },
    {ENTRY_DISPOSITION_NOTICE, &parkgate__disposition_notice__descriptor, project_disposition_notice},
    {ENTRY_CHECKPOINT,    &parkgate__checkpoint_record__descriptor, project_checkpoint   },
    {ENTRY_TRUNCATION,    &parkgate__truncation_record__descriptor, project_truncation   },
};

static enum err apply(struct store_txn *txn, const Parkgate__Entry *entry, struct fault *fault)
{
    for (size_t i = 0; i < ARRAY_LEN(projectors); i++) {
        if (projectors[i].kind != entry->kind) {
            continue;
        }
        ProtobufCMessage *body = protobuf_c_message_unpack(projectors[i].descriptor, NULL,
                                                           entry->body.len, entry->body.data);
        if (body == NULL) {
            break;
        }
        enum err err = projectors[i].apply(txn, entry, body, fault);
        protobuf_c_message_free_unpacked(body, NULL);
        return err;
    }
    return fault_set(fault, ERR_CORRUPT,
                     "journal: entry %llu of kind %u is not readable by this version",
                     (unsigned long long)entry->sequence, entry->kind);
}

enum err project_entry(struct store_txn *txn, const Parkgate__Entry *entry, struct fault *fault)
{
    MUST(entry->sequence != 0);
    changes_begin(txn);
    enum err err = apply(txn, entry, fault);
    if (err == ERR_OK && hidden_kind(entry->kind)) {
        err = hidden_note(txn, entry->sequence, fault);
    }
    if (err == ERR_OK) {
        err = changes_record(txn, entry->sequence, fault);
    }
    changes_end(txn);
    return err;
}

struct bytes project_name_key(struct keybuf *key, const char *name)
{
    keybuf_begin(key);
    keybuf_text(key, name);
    return keybuf_view(key);
}

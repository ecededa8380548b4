/* tables: the controller's tables, and which of them a replay of the journal must give again.
 *
 * Key shapes (common/store/keybuf.h), records in schema/record.proto. All but JOURNAL are
 * projections: written by controller/store/project.c and nobody else.
 */
#pragma once

#include <stddef.h>

enum table {
    TABLE_JOURNAL,       /* u64 sequence -> 32 bytes chain hash, packed Entry */
    TABLE_META,          /* text -> bytes */
    TABLE_KEY,           /* 32 bytes public key -> KeyRecord */
    TABLE_KEY_NAME,      /* text name (live keys) -> 32 bytes */
    TABLE_ENROL_CODE,    /* name gate -> EnrolCode */
    TABLE_PARK,          /* u64 config version, u8 kind, text name -> packed body */
    TABLE_STAGE,         /* u64 stage -> StageRecord */
    TABLE_STAGED_ROW,    /* u64 stage, u32 n -> packed ParkRow */
    TABLE_HOLDER,        /* handle -> HolderRecord */
    TABLE_HOLDER_ID,     /* 32 bytes id hash -> handle */
    TABLE_TENANT_HOLDER, /* name tenant, handle -> empty */
    TABLE_CREDENTIAL,    /* 32 bytes hash -> CredentialRecord */
    TABLE_CREDENTIAL_OF, /* handle holder, handle credential -> 32 bytes hash */
    TABLE_CREDENTIAL_ID, /* handle credential -> 32 bytes hash */
    TABLE_ASSIGNMENT,    /* handle person, handle assignment -> AssignmentRecord */
    TABLE_ASSIGNMENT_ID, /* handle assignment -> handle person */
    TABLE_TENANT_STATE,  /* name -> TenantState */
    TABLE_LANE_STATE,    /* name -> LaneState */
    TABLE_AGENT,         /* name gate -> AgentRecord */
    TABLE_APPLIED,       /* 32 bytes key, u32 epoch, u64 first -> u64 last (ranges) */
    TABLE_EVENT,         /* 32 bytes key, u32 epoch, u64 sequence -> EventIndex */
    TABLE_QUARANTINE,    /* u64 journal sequence -> EventRefused */
    TABLE_GRANT,         /* name lane, u8 direction, handle credential -> GrantRecord */
    TABLE_PRESENCE,      /* handle -> PresenceRecord */
    TABLE_INSIDE,        /* name tenant, handle -> empty (persons inside now) */
    TABLE_PASSAGE,       /* handle, wall captured, u64 journal -> PassageRecord */
    TABLE_ATTENDANCE,    /* name tenant, u32 day, handle -> AttendanceRecord */
    TABLE_DAY,           /* name tenant, u32 day -> DayRecord */
    TABLE_MOVE,          /* scope, wall quarter, wall when, u64 journal -> CountRecord */
    TABLE_QUARTER,       /* scope, wall quarter -> QuarterRecord; minutes too, see move_store.h */
    TABLE_ZONE_NOW,      /* name zone -> CountRecord (persons) */
    TABLE_FAULT,         /* text id -> FaultRecord */
    TABLE_LOOKUP,        /* text key name, u32 day -> LookupSum */
    TABLE_TENANT_NOW,    /* name tenant -> CountRecord (persons present in the park) */
    TABLE_STANDING,      /* name lane -> StandingRecord */
    TABLE_CROWD,         /* name zone, wall captured, u64 journal -> empty (entries of 2 minutes) */
    TABLE_STARTED,       /* name zone, u32 local day -> StartRecord */
    TABLE_FORGIVEN,      /* handle (zero: all) -> ForgiveRecord */
    TABLE_PASSBACK,      /* handle -> RefusedRecord (until an entry or its forgiving) */
    TABLE_CLEARANCE,     /* handle person, name clearance -> ClearanceRecord */
    TABLE_BAN,           /* handle -> BanRecord, the newest of this holder */
    TABLE_APPROVAL,      /* u64 number -> ApprovalRecord */
    TABLE_PENDING,       /* name lane, u8 direction, u8 wait -> PendingRead */
    TABLE_BOOKING,       /* handle booking -> BookingRecord */
    TABLE_BOOKING_OF,    /* handle vehicle, wall until, handle booking -> empty (not cancelled) */
    TABLE_BOOKING_TENANT, /* name tenant, wall until, handle booking -> empty (not cancelled) */
    TABLE_VISIT,          /* handle visit -> VisitRecord */
    TABLE_VISIT_OF,       /* handle visitor, wall until, handle visit -> empty (not cancelled) */
    TABLE_VISIT_TENANT,   /* name tenant, wall until, handle visit -> empty (not cancelled) */
    TABLE_CLEARANCE_END,  /* wall until, handle person, name clearance -> empty */
    TABLE_NOTICE,  /* name tenant, wall ends, handle person, name clearance, u8 days -> NoticeRecord
                    */
    TABLE_SUBJECT, /* name reader, 32 bytes credential hash -> SubjectRecord */
    TABLE_SUBJECT_OPEN, /* name gate, name reader, u8 failed, u64 order -> key in TABLE_SUBJECT (not
                           confirmed) */
    TABLE_EMERGENCY,    /* u8 EMERGENCY_ROW -> EmergencyRecord; none: it never was */
    TABLE_CHANGE,       /* u64 sequence, u32 part -> ChangeRecord: an index, of rows by entry */
    TABLE_COPY_DIGEST,  /* u8 COPY_DIGEST_ROW -> CopyDigestRecord */
    TABLE_RECALL,       /* name gate, "" the recovery itself -> RecallRecord */
    TABLE_COMMAND,      /* name gate, u64 command sequence -> CommandRecord (the newest
                           LIMIT_COMMANDS_KEPT of a gate) */
    TABLE_QUARANTINE_SUM, /* name gate, 32 bytes identity -> QuarantineSum */
    TABLE_FACE,           /* 32 bytes credential hash -> FaceRecord */
    TABLE_FACE_PERSON,    /* handle person -> FacePersonRecord */
    TABLE_FACE_COUNT,     /* u8 FACE_COUNT_ROW -> FaceCountRecord */
    TABLE_ERASURE,        /* handle -> ErasureRecord */
    TABLE_BACKUP,         /* u64 sequence of its entry -> BackupRecord */
    TABLE_RETENTION,      /* name class -> RetentionRecord */
    TABLE_DISCLOSURE,     /* u64 number -> DisclosureRecord */
    TABLE_HOLD,           /* u64 number -> HoldRecord */
    TABLE_HOLD_OF,        /* handle, u64 number -> empty (not ended) */
    TABLE_ALERT,          /* u64 number -> AlertRecord */
    TABLE_ALERT_STEP,     /* u64 number, u64 journal -> AlertStep */
    TABLE_ALERT_FOLD,     /* text fold -> u64 number of the newest */
    TABLE_ALERT_OPEN,     /* u8 priority, u64 number -> empty (not closed) */
    TABLE_ALERT_DUE,      /* wall due, u64 number -> empty */
    TABLE_ALERT_NEWS,     /* u64 journal -> AlertNews (the newest LIMIT_ALERT_NEWS) */
    TABLE_ALERT_SUM,      /* u32 month, text kind, text authority, text matcher -> AlertSum */
    TABLE_AUTHORITY,      /* name authority -> AuthorityRecord */
    TABLE_AUTHORITY_STATE, /* name authority -> AuthorityState */
    TABLE_WATCH,           /* handle entry -> WatchRecord */
    TABLE_WATCH_ID,        /* name authority, 32 bytes hash of the station's id -> handle entry */
    TABLE_WATCH_MATCH,     /* u8 enum watch_matcher, 32 bytes hash, handle entry -> WatchMatch: those
                              that act, or did and will not again */
    TABLE_WATCH_TARGET,    /* handle holder, handle entry -> WatchMatch: persons by identity */
    TABLE_WATCH_IDENTITY,  /* 32 bytes hash of an identity number -> handle holder */
    TABLE_WATCH_PERSON,    /* name authority, 32 bytes hash of target and case number, handle entry ->
                              u32 terms that it took under it */
    TABLE_WATCH_BUNDLE,    /* name authority, u64 number -> WatchBundle */
    TABLE_WATCH_CHANGE,    /* name authority, u64 number, u32 change -> u8 kind, handle entry */
    TABLE_WATCH_HIT,       /* name authority, u64 number -> WatchHit */
    TABLE_WATCH_DAY,       /* handle entry, u32 day -> WatchDay */
    TABLE_WATCH_TOLD,      /* name authority -> WatchTold */
    TABLE_WATCH_ALIKE,     /* 32 bytes hash of a plate's skeleton, handle entry -> empty */
    TABLE_CANDIDATE,       /* handle candidate -> Candidate */
    TABLE_DISPOSITION,     /* u64 number -> DispositionRecord */
    TABLE_DISPOSITION_ID,  /* 32 bytes hash of library, peer and the peer's id -> u64 number, the newest */
    TABLE_DISPOSITION_OPEN, /* u64 number -> empty (not over) */
    TABLE_DISPOSITION_ENTRY, /* handle watch entry -> u64 number of its disposition */
    TABLE_DISPOSITION_NOTICE, /* u64 number -> DispositionNotice */
    TABLE_DISPOSITION_DUE, /* u64 number -> empty (not acknowledged) */
    TABLE_CANDIDATE_AT,    /* handle entry, name lane -> handle candidate */
    TABLE_CANDIDATE_LEAD,  /* handle lead, handle candidate -> empty */
    TABLE_CANDIDATE_DUE,   /* wall raised, handle candidate -> empty */
    TABLE_DISPOSITION_DUE_OF, /* u64 disposition, u64 number -> empty: DISPOSITION_DUE of one */
    TABLE_ERASURE_OPEN,    /* u8 enum erasure_step, handle -> empty (not ended) */
    TABLE_HIDDEN,          /* entries that tell of hits, see hidden_store.h: u8 0, u64 journal, or
                              u8 1, u64 how many others came before -> u64 how many so far */
    TABLE_ALERT_LABEL,     /* u64 number that people say -> u64 number of the alert */
    TABLE_WATCH_IDENTITY_OF, /* handle holder, 32 bytes hash -> empty: WATCH_IDENTITY of one */
    TABLE_WATCH_LIVE, /* name authority, wall end, handle entry -> u8 enum watch_state: persons who
                         wait or act */
    TABLE_WATCH_NEAR,      /* wall noted, handle entry, u32 day -> empty: rows of WATCH_DAY that say
                              where and when */
    TABLE_HELD_READ,       /* handle held, u64 journal -> HeldRead: past its term */
    TABLE_EXPORTED, /* u64 number -> ExportRecord */
    TABLE_CHECKPOINT,      /* u64 sequence of the last entry in it -> CheckpointRecord */
    TABLE_TRUNCATION,      /* u8 enum truncation_row -> TruncationRecord */
    TABLE_WATCH_SUM,       /* u32 year, text authority, text matcher -> WatchSum */
    TABLE_COUNT,
};
enum { EMERGENCY_ROW = 1, COPY_DIGEST_ROW = 1, FACE_COUNT_ROW = 1 };
/* The one by which the journal begins where it does, and the one that is asked for. */
enum truncation_row { TRUNCATION_BASE = 1, TRUNCATION_NEXT = 2 };
/* A scope is u8 'T', name tenant, u32 day, or u8 'Z', name zone. */

extern const char *const table_names[TABLE_COUNT];
/* The journal's, for controller/journal, which knows no other. */
extern const size_t journal_table;

/* 2: CHANGE, COPY_DIGEST, EMERGENCY. 3: COMMAND, QUARANTINE_SUM. 4: the digest of copies that hold
 * counts only. 5: by what candidates, and what is due of a disposition, are found; who is live on the
 * watch list, and terms by case number. Older stores are
 * brought forward by controller/store/migrate.h. */
enum { CONTROLLER_STORE_VERSION = 5 };
#define CONTROLLER_STORE_KIND "controller"

/* The person-key environment: a store of its own (kind "person-keys"). */
enum key_table {
    KEY_TABLE_HOLDER, /* handle -> 32 bytes */
    KEY_TABLE_DAY,    /* u32 day -> 32 bytes */
    KEY_TABLE_WATCH,  /* handle entry -> 32 bytes */
    KEY_TABLE_AUTHORITY, /* name authority, u32 generation -> 32 bytes matching key, 32 own */
    KEY_TABLE_CANDIDATE, /* handle candidate -> 32 bytes */
    KEY_TABLE_COUNT,
};
extern const char *const key_table_names[KEY_TABLE_COUNT];
enum { KEY_STORE_VERSION = 1 };
#define KEY_STORE_KIND "person-keys"

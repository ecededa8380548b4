#include "controller/store/tables.h"

#include "controller/journal/journal.h"

const size_t journal_table = TABLE_JOURNAL;

const char *const table_names[TABLE_COUNT] = {
    [TABLE_JOURNAL] = "journal",
    [TABLE_META] = "meta",
    [TABLE_KEY] = "key",
    [TABLE_KEY_NAME] = "key_name",
    [TABLE_ENROL_CODE] = "enrol_code",
    [TABLE_PARK] = "park",
    [TABLE_STAGE] = "stage",
    [TABLE_STAGED_ROW] = "staged_row",
    [TABLE_HOLDER] = "holder",
    [TABLE_HOLDER_ID] = "holder_id",
    [TABLE_TENANT_HOLDER] = "tenant_holder",
    [TABLE_CREDENTIAL] = "credential",
    [TABLE_CREDENTIAL_OF] = "credential_of",
    [TABLE_CREDENTIAL_ID] = "credential_id",
    [TABLE_ASSIGNMENT] = "assignment",
    [TABLE_ASSIGNMENT_ID] = "assignment_id",
    [TABLE_TENANT_STATE] = "tenant_state",
    [TABLE_LANE_STATE] = "lane_state",
    [TABLE_AGENT] = "agent",
    [TABLE_APPLIED] = "applied",
    [TABLE_EVENT] = "event",
    [TABLE_QUARANTINE] = "quarantine",
    [TABLE_GRANT] = "grant",
    [TABLE_PRESENCE] = "presence",
    [TABLE_INSIDE] = "inside",
    [TABLE_PASSAGE] = "passage",
    [TABLE_ATTENDANCE] = "attendance",
    [TABLE_DAY] = "day",
    [TABLE_MOVE] = "move",
    [TABLE_QUARTER] = "quarter",
    [TABLE_ZONE_NOW] = "zone_now",
    [TABLE_FAULT] = "fault",
    [TABLE_LOOKUP] = "lookup",
    [TABLE_TENANT_NOW] = "tenant_now",
    [TABLE_STANDING] = "standing",
    [TABLE_CROWD] = "crowd",
    [TABLE_STARTED] = "started",
    [TABLE_FORGIVEN] = "forgiven",
    [TABLE_PASSBACK] = "passback",
    [TABLE_CLEARANCE] = "clearance",
    [TABLE_BAN] = "ban",
    [TABLE_APPROVAL] = "approval",
};

const char *const key_table_names[KEY_TABLE_COUNT] = {
    [KEY_TABLE_HOLDER] = "holder",
    [KEY_TABLE_DAY] = "day",
};

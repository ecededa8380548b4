/* kinds: the plain numbers of the contract. Append only, never renumber: they are stored and sent. */
#pragma once

enum park_kind {
    PARK_SITE = 1,
    PARK_ZONE = 2,
    PARK_GATE = 3,
    PARK_LANE = 4,
    PARK_READER = 5,
    PARK_BOARD = 6,
    PARK_TENANT = 7,
    PARK_SHIFT = 8,
    PARK_SCHEDULE = 9,
    PARK_HOLIDAY = 10,
};

/* Of a configured lane or reader, and of an event. decide.h has its own enum direction. */
enum lane_direction { LANE_NO_DIRECTION = 0, LANE_IN = 1, LANE_OUT = 2, LANE_BOTH = 3 };
enum lane_subject { SUBJECT_PERSONS = 0, SUBJECT_VEHICLES = 1 };
enum lane_verb { VERB_OPEN = 1, VERB_LOCK = 2, VERB_FREE = 3, VERB_NORMAL = 4 };

enum reader_driver { DRIVER_NFC = 1, DRIVER_HIK_ANPR = 2, DRIVER_HIK_ACCESS = 3 };

/* Credential kinds and classes: common/access/credential.h. Lane modes, outcomes: decide.h. Plate
 * colours: plate.h. Reasons: schema/reasons.h. */

enum event_kind {
    EVENT_PRESENTATION = 1,
    EVENT_PASSAGE = 2,     /* a lane machine's report: enum passage_kind */
    EVENT_BUTTON = 3,      /* exit button; carries the verdict acted on */
    EVENT_ACTED = 4,       /* the verdict the agent acted on was not the controller's in time */
    EVENT_COMMAND = 5,     /* what became of a command */
    EVENT_DEVICE = 6,      /* a reader or board went down or came back */
    EVENT_TAMPER = 7,
};

/* Who made the verdict that the agent acted on. */
enum verdict_source { SOURCE_NONE = 0, SOURCE_CONTROLLER = 1, SOURCE_AGENT = 2, SOURCE_BOARD = 3 };

enum passage_kind {
    PASSAGE_NONE = 0,
    PASSAGE_PASSED = 1,
    PASSAGE_NOT_TAKEN = 2,
    PASSAGE_FORCED = 3,      /* went through without a grant */
    PASSAGE_HELD = 4,        /* held open too long */
    PASSAGE_TAILGATED = 5,   /* one more than the grants */
    PASSAGE_UNSENSED = 6,    /* lane without sensor: the grant counts, marked so */
    PASSAGE_HELD_ENDED = 7,
};

enum command_result { COMMAND_DONE = 1, COMMAND_EXPIRED = 2, COMMAND_REFUSED = 3, COMMAND_FAILED = 4 };

enum device_state { DEVICE_UNKNOWN = 0, DEVICE_UP = 1, DEVICE_DOWN = 2, DEVICE_TAMPER = 3 };

enum event_answer { ANSWER_APPLIED = 1, ANSWER_REFUSED = 2, ANSWER_RETRY = 3 };

enum person_kind { PERSON_STAFF = 1, PERSON_DAY = 2, PERSON_DRIVER = 3, PERSON_VISITOR = 4 };

/* Kinds of envelope. */
enum message_kind {
    MESSAGE_HELLO = 1,
    MESSAGE_WELCOME = 2,
    MESSAGE_HELLO_REFUSED = 3,
    MESSAGE_CONFIG = 4,
    MESSAGE_EVENT = 5,
    MESSAGE_VERDICT = 6,
    MESSAGE_ACK = 7,
    MESSAGE_COMMAND = 8,
    MESSAGE_HEARTBEAT = 9,
    MESSAGE_REQUEST = 32,
    MESSAGE_REPLY = 33,
    MESSAGE_ENROL = 48,       /* a Request on the enrol port, verb "agent.join" */
    MESSAGE_ENROLLED = 49,
};

/* Kinds of journal entries. */
enum entry_kind {
    ENTRY_GENESIS = 1,
    ENTRY_KEY = 2,
    ENTRY_ENROL_CODE = 3,
    ENTRY_PARK_SLICE = 4,
    ENTRY_PARK_COMMIT = 5,
    ENTRY_HOLDER = 6,
    ENTRY_CREDENTIAL = 7,
    ENTRY_ASSIGNMENT = 8,
    ENTRY_IMPORT_BEGIN = 9,
    ENTRY_IMPORT_SLICE = 10,
    ENTRY_IMPORT_CLOSE = 11,
    ENTRY_TENANT_STATE = 12,
    ENTRY_LANE_STATE = 13,
    ENTRY_COMMAND = 14,
    ENTRY_AGENT_EPOCH = 15,
    ENTRY_EVENT = 16,
    ENTRY_EVENT_REFUSED = 17,
    ENTRY_FAULT = 18,
    ENTRY_REFUSAL = 19,
    ENTRY_LOOKUP = 20,
    ENTRY_BACKUP = 21,
    ENTRY_TENANT = 22, /* a ParkRow outside a park file */
};

enum stage_state { STAGE_OPEN = 1, STAGE_CLOSED = 2, STAGE_CANCELLED = 3 };

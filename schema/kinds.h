/* kinds: the plain numbers of the contract. Append only, never renumber: they are stored and sent.
 */
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
    PARK_CLEARANCE = 11,
    PARK_PASSBACK = 12,
    PARK_ALERT = 13,
};

/* Of a configured lane or reader, and of an event. decide.h has its own enum direction. */
enum lane_direction { LANE_NO_DIRECTION = 0, LANE_IN = 1, LANE_OUT = 2, LANE_BOTH = 3 };
enum lane_subject { SUBJECT_PERSONS = 0, SUBJECT_VEHICLES = 1 };
enum lane_verb { VERB_OPEN = 1, VERB_LOCK = 2, VERB_FREE = 3, VERB_NORMAL = 4 };

enum reader_driver {
    DRIVER_NFC = 1,
    DRIVER_HIK_ANPR = 2,
    DRIVER_HIK_ACCESS = 3,
    DRIVER_VZENITH = 4,    /* its HTTP answer opens the gate */
    DRIVER_DAHUA = 5,      /* ITSAPI */
    DRIVER_UNIVIEW = 6,    /* PersonVerification */
    DRIVER_ZKTECO_ATT = 7, /* attendance push */
    DRIVER_ZKTECO_ACC = 8, /* access push */
    DRIVER_JSON = 9,       /* the plain JSON of docs/plain-json.md */
};

/* What a lane opens: schema of its inputs and of its movement. */
enum lane_actuator { ACTUATOR_TURNSTILE = 0, ACTUATOR_BARRIER = 1, ACTUATOR_BOLLARD = 2 };

/* Who decides at a face terminal's door. */
enum terminal_control {
    TERMINAL_UNSET = 0,   /* not a face terminal */
    TERMINAL_ASKS = 1,    /* it asks us before its relay moves */
    TERMINAL_NO_RELAY = 2 /* its relay is not wired to the lane */
};

/* What proof a card gave at a reader that asks for it (struct facts, decide.h). */
enum card_proof {
    CARD_PROOF_NONE = 0,      /* not asked */
    CARD_PROOF_GIVEN = 1,     /* authenticated within its time */
    CARD_PROOF_FAILED = 2,    /* asked, and could not: perhaps a clone */
    CARD_PROOF_SLOW = 3,      /* proved, but slower than the card's own limit: perhaps a relay */
    CARD_PROOF_RANDOM_ID = 4, /* draws a new id each time, and no key scheme reads its own */
};

/* What a second read at a lane must be (ParkLane.second). Who may show a face may give a PIN. */
enum second_credential { SECOND_NONE = 0, SECOND_PIN = 1, SECOND_FACE_OR_PIN = 2 };

/* What a read waits for at its lane (table `pending`). */
enum pending_wait {
    WAIT_PAIR = 1,    /* the same person's second credential, or the other of plate and driver */
    WAIT_PARTNER = 2, /* another person, at a two-person zone */
};

/* What a presentation does to the reads that wait at its lane; bits of EventEntry.pairing. */
enum pairing_effect {
    PAIRING_WAITS = 1,          /* it waits for its second from now on */
    PAIRING_WRONG = 2,          /* it was a wrong second */
    PAIRING_ENDS = 4,           /* it completed the one that waited */
    PAIRING_WAITS_PARTNER = 8,  /* it waits for a partner */
    PAIRING_MEETS_PARTNER = 16, /* it let in beside the one that waited for a partner */
    PAIRING_DOUBTED = 32        /* it waits, and a guard shall look when it is completed */
};

enum passback_mode { PASSBACK_MODE_HARD = 1, PASSBACK_MODE_SOFT = 2, PASSBACK_MODE_TIMED = 3 };

/* What the controller orders of a terminal (SubjectOrder), and how far that is. */
enum subject_order { SUBJECT_ADD = 1, SUBJECT_DELETE = 2 };
enum subject_state {
    SUBJECT_WANTED = 1, /* ordered, the terminal has not answered yet */
    SUBJECT_DONE = 2,   /* the terminal confirmed */
    SUBJECT_FAILED = 3, /* the terminal refused; ordered again */
};

/* Credential kinds and classes: common/access/credential.h. Lane modes, outcomes: decide.h. Plate
 * colours: plate.h. Reasons: schema/reasons.h. */

enum event_kind {
    EVENT_PRESENTATION = 1,
    EVENT_PASSAGE = 2, /* a lane machine's report: enum passage_kind */
    EVENT_BUTTON = 3,  /* exit button; carries the verdict acted on */
    EVENT_ACTED = 4,   /* the verdict the agent acted on was not the controller's in time */
    EVENT_COMMAND = 5, /* what became of a command */
    EVENT_DEVICE = 6,  /* a reader or board went down or came back */
    EVENT_TAMPER = 7,
    EVENT_SUBJECT = 8, /* a terminal's answer to a SubjectOrder */
    EVENT_UNASKED = 9, /* a device did what we did not order: a door unlocked without our grant */
    EVENT_ASIDE = 10,  /* a body that was not understood was put aside at the gate */
    EVENT_FIRE = 11,   /* a board's fire input, its latch, its reset: enum fire_change */
    EVENT_CARRY = 12,  /* a carried roster was taken at the gate's console */
    EVENT_CLOCK = 13,  /* the gate's clock jumped */
    EVENT_UNRECORDED = 14, /* the outbox was full: how much was done without an event */
    EVENT_MUSTER = 15,     /* names were opened at a muster post */
};

enum fire_change {
    FIRE_ON = 1,          /* the input says fire: exits are released, the state latches */
    FIRE_INPUT_ENDED = 2, /* the input says so no more; the state stays */
    FIRE_RESET = 3,       /* the key switch, or a person's key: the state ended */
    FIRE_UNREACHED = 4,   /* the board did not answer while exits were released */
};

/* States of the park beyond each lane's own (decide.h: who wins). Fire comes from a board's input,
 * evacuation from a person's key. */
enum emergency_state { EMERGENCY_NONE = 0, EMERGENCY_FIRE = 1, EMERGENCY_EVACUATION = 2 };

/* What an entry does when its gate's lease is over. */
enum lease_policy { LEASE_POLICY_DENY = 0, LEASE_POLICY_AUTHENTICATED = 1 };

/* Who made the verdict that the agent acted on. */
enum verdict_source { SOURCE_NONE = 0, SOURCE_CONTROLLER = 1, SOURCE_AGENT = 2, SOURCE_BOARD = 3 };

enum passage_kind {
    PASSAGE_NONE = 0,
    PASSAGE_PASSED = 1,
    PASSAGE_NOT_TAKEN = 2,
    PASSAGE_FORCED = 3,    /* went through without a grant */
    PASSAGE_HELD = 4,      /* held open too long */
    PASSAGE_TAILGATED = 5, /* one more than the grants */
    PASSAGE_UNSENSED = 6,  /* lane without sensor: the grant counts, marked so */
    PASSAGE_HELD_ENDED = 7,
    PASSAGE_BY_HAND = 8, /* without a grant, while the manual release is pulled: nobody broke in */
    PASSAGE_MANUAL = 9,  /* the manual release was pulled: the lane is open by hand */
    PASSAGE_MANUAL_ENDED = 10,
    PASSAGE_BLOCKED = 11, /* something stands on the anti-crush input for too long */
    PASSAGE_BLOCKED_ENDED = 12,
};

enum command_result {
    COMMAND_DONE = 1,
    COMMAND_EXPIRED = 2,
    COMMAND_REFUSED = 3,
    COMMAND_FAILED = 4
};

enum device_state {
    DEVICE_UNKNOWN = 0,
    DEVICE_UP = 1,
    DEVICE_DOWN = 2,
    DEVICE_TAMPER = 3,
    /* Of face terminals, beside the above and in events only: who decides at its door. */
    DEVICE_ALONE = 4, /* the terminal itself, or it does not say */
    DEVICE_HEEDS = 5, /* we do: it asks, and opens for nobody else */
};

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
    MESSAGE_SUBJECTS = 10,
    MESSAGE_REKEY = 11,
    MESSAGE_COPY_PART = 12,
    MESSAGE_COPY_HAVE = 13,
    MESSAGE_EMERGENCY = 14,
    MESSAGE_MUSTER = 15,
    MESSAGE_RECALL = 16,
    MESSAGE_ANCHOR = 17,
    MESSAGE_REQUEST = 32,
    MESSAGE_REPLY = 33,
    MESSAGE_ENROL = 48, /* a Request on the enrol port, verb "agent.join" */
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
    ENTRY_CLEARANCE = 23,
    ENTRY_BOOKING = 24,
    ENTRY_VISIT = 25,
    ENTRY_FORGIVE = 26,
    ENTRY_BAN = 27,
    ENTRY_APPROVAL = 28,
    ENTRY_SUBJECT_ORDER = 29,
    ENTRY_NOTICE = 30,
    ENTRY_KEY_REPLACE = 31,
    ENTRY_RECOVERY = 32,
    ENTRY_EMERGENCY = 33,
    ENTRY_CARRY = 34,
    ENTRY_MUSTER = 35,
    ENTRY_RECALLED = 36,
    /* 37 was never recorded */
    ENTRY_REINDEX = 38,
    ENTRY_ALERT = 45,
    ENTRY_AUTHORITY = 40,
    ENTRY_WATCH_BEGIN = 41,
    ENTRY_WATCH_SLICE = 42,
    ENTRY_WATCH_CLOSE = 43,
    ENTRY_WATCH_STEP = 44,
    ENTRY_SIGN_KEY = 48,
    ENTRY_RESTORED = 49,
    ENTRY_AUDIT_EXPORT = 50,
    ENTRY_FACE_FILING = 54,
    ENTRY_ERASURE = 55,
    ENTRY_RETENTION = 56,
    ENTRY_DISCLOSURE = 57,
    ENTRY_HOLD = 58,
    ENTRY_RETENTION_TERM = 59,
    ENTRY_WATCH_HIT = 51,
    ENTRY_WATCH_CANDIDATE = 52,
    ENTRY_EXPORT = 65,
    ENTRY_DISPOSITION = 60,
    ENTRY_DISPOSITION_NOTICE = 61,
    ENTRY_WATCH_RETENTION = 69, /* a RetentionEntry that only they see who see hits */
    ENTRY_CHECKPOINT = 67,
    ENTRY_TRUNCATION = 68,
};

enum disclosure_step {
    DISCLOSURE_AGREED = 1,
    DISCLOSURE_BEGUN = 2, /* its file is being taken */
    DISCLOSURE_HANDED = 3,
    DISCLOSURE_TOLD = 4, /* somebody was told of it */
};

enum stage_state { STAGE_OPEN = 1, STAGE_CLOSED = 2, STAGE_CANCELLED = 3 };

/* A park ban: closed list; nothing else is a reason. */
enum ban_reason {
    BAN_VIOLENCE = 1,
    BAN_THEFT = 2,
    BAN_FORGED_PASS = 3,
    BAN_SAFETY_BREACH = 4,
};
enum appeal_result { APPEAL_OPEN = 0, APPEAL_UPHELD = 1, APPEAL_LIFTED = 2 };

/* Alerts (controller/core/alert.h). */
enum alert_state {
    ALERT_RAISED = 1,
    ALERT_ACKNOWLEDGED = 2,
    ALERT_DISPATCHED = 3,
    ALERT_CONFIRMED = 4,
    ALERT_REJECTED = 5,
    ALERT_CLOSED = 6,
};
enum alert_step {
    ALERT_STEP_RAISE = 1,
    ALERT_STEP_REPEAT = 2, /* the same again: counted */
    ALERT_STEP_ACKNOWLEDGE = 3,
    ALERT_STEP_DISPATCH = 4,
    ALERT_STEP_CONFIRM = 5,
    ALERT_STEP_REJECT = 6,
    ALERT_STEP_CLOSE = 7,
    ALERT_STEP_ESCALATE = 8, /* a limit passed: the next one is told */
    ALERT_STEP_LAPSE = 9,    /* a candidate that nobody confirmed in time */
    ALERT_STEP_ENDED = 10,   /* its cause ended by itself; a person closes it */
    ALERT_STEP_HANDOVER = 11,
};
enum alert_decision {
    ALERT_UNDECIDED = 0,
    ALERT_IS_TRUE = 1,
    ALERT_IS_FALSE = 2,
    ALERT_HAS_LAPSED = 3,
};
/* What a person must do in time. */
enum alert_limit {
    ALERT_LIMIT_ACKNOWLEDGE = 0,
    ALERT_LIMIT_DISPATCH = 1,
    ALERT_LIMIT_DECIDE = 2,
    ALERT_LIMIT_COUNT = 3,
};

/* How far a recovery is (entry RECALLED). */
enum recall_step {
    RECALL_BEGAN = 1, /* a backup was restored: no verdicts, no events until its gates were asked */
    RECALL_ASKED = 2, /* `parkgate recover`: they are */
    /* 3 was never recorded */
    RECALL_GATE = 4, /* a gate gave all it keeps */
    RECALL_ENDED = 5,
    RECALL_WAITS = 6,     /* a gate alone told of a holder, credential or assignment: inert */
    RECALL_CONFIRMED = 7, /* ... another gate told the same, or a person confirmed it */
};

/* How far an erasure is (entry ERASURE). */
enum erasure_step {
    ERASURE_BEGAN = 1,    /* the roster has forgotten him, terminals are ordered to */
    ERASURE_KEY_GONE = 2, /* no file of the controller's machine holds his key */
    ERASURE_ENDED = 3,    /* all gates and terminals have confirmed */
};

/* What became of entries of the watch list after their bundle (entry WATCH_STEP). */
enum watch_step {
    WATCH_COUNTERSIGNED = 1, /* a park officer did: it acts, or its renewal does */
    WATCH_REFUSED = 2,       /* a park officer did, for a reason */
    WATCH_ENDED = 3,         /* long over: its key is destroyed */
    WATCH_LOOKED = 4,        /* holders' identity numbers were hashed under an authority's key */
    WATCH_AT_GATES = 5,      /* the copy of the last online gate has it */
    WATCH_LAPSED = 6,        /* its end has passed: it stands nowhere as acting any more */
    WATCH_PUT_AWAY = 7,      /* a bundle of long ago: WATCH_PUT_AWAY_ROWS of its changes, then itself */
};

enum { WATCH_PUT_AWAY_ROWS = 200 };

/* How a hit was found. A candidate is none until a person confirmed it. */
enum watch_how {
    WATCH_HOW_EXACT = 1, /* plate, badge, or the person who holds what was shown */
    WATCH_HOW_ALIKE = 2, /* a plate that cameras take for the listed one */
    WATCH_HOW_FACE = 3,  /* a person known by a face alone */
};

/* How far a candidate is (entry WATCH_CANDIDATE). */
enum candidate_step {
    CANDIDATE_RAISED = 1,
    CANDIDATE_CONFIRMED = 2,
    CANDIDATE_REJECTED = 3, /* its key is destroyed */
    CANDIDATE_LAPSED = 4,   /* nobody confirmed it in time: as rejected */
};

/* How far a truncation of the journal is (entry TRUNCATION). */
enum truncation_step {
    TRUNCATION_ASKED = 1,   /* two persons want it; a job looks whether it may be */
    TRUNCATION_REFUSED = 2, /* it may not */
    TRUNCATION_BEGAN = 3,   /* from now on the journal begins behind it */
    TRUNCATION_ENDED = 4,   /* all entries up to it are gone */
};

enum approval_state { APPROVAL_WAITING = 1, APPROVAL_GRANTED = 2, APPROVAL_REFUSED = 3 };

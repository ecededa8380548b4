/* limits: every bound of the contract, in one place. Where a bound is enforced stands beside it. */
#pragma once

enum {
    /* the wire (schema/envelope.c, schema/precheck.c, common/link) */
    LIMIT_FRAME_BYTES = 65536,
    LIMIT_ROWS_PER_MESSAGE = 200,     /* slices of an import or a park file; answers of a list */
    LIMIT_CELLS_PER_REPLY = 4000,     /* rows x columns of one operator reply */
    LIMIT_ARGS_PER_REQUEST = 32,      /* named arguments of one operator request */
    LIMIT_ARG_BYTES = 1024,           /* one argument's value */
    LIMIT_ROW_BYTES = 2048,           /* a row of a request, but for parts of a bundle */
    LIMIT_COPY_ROWS_PER_PART = 512,   /* of a gate's copy, and ranges of its own events */
    LIMIT_RECALL_EVENTS = 100,        /* a gate gives a restored controller at once, or rows */
    LIMIT_RECALL_ITEM_BYTES = 6144,   /* one of these, packed */
    LIMIT_SEQS_PER_ACK = 512,         /* events answered by one acknowledgement */
    LIMIT_SUBJECTS_PER_MESSAGE = 128, /* open orders of a gate's face terminals told at once */
    LIMIT_EVENT_BYTES = 4096,         /* one agent event, packed */
    LIMIT_CREDENTIAL_BYTES = 64,      /* badge UID, plate text, face subject id */
    LIMIT_QUARANTINE_ROWS = 10000,    /* events of one gate that are kept aside: controller/app */
    LIMIT_TEXT_BYTES = 256,           /* a name for people, a reason, a note */
    LIMIT_DEVICE_EVENT_BYTES = 64,    /* a device's own id of an event */
    LIMIT_DEVICE_ID_BYTES = 63,       /* a device's own id of itself: serial number, device code */

    /* the park file (common/park/park_check.c) */
    LIMIT_ZONES = 64,
    LIMIT_GATES = 100,
    LIMIT_LANES = 400,
    LIMIT_READERS = 800,
    LIMIT_BOARDS = 200,
    LIMIT_TENANTS = 200,
    LIMIT_SHIFTS = 64,
    LIMIT_SCHEDULES = 64,
    LIMIT_WINDOWS_PER_SCHEDULE = 16,
    LIMIT_HOLIDAYS = 128,
    LIMIT_CLEARANCES = 32,
    LIMIT_CLEARANCES_PER_ZONE = 8,
    LIMIT_ZONES_PER_TENANT = 64,
    LIMIT_PASSBACKS = 16,

    /* people (controller/app) */
    LIMIT_ASSIGNMENTS_PER_PERSON = 8, /* valid on one day */
    LIMIT_NAMES_PER_LOOKUP = 20,      /* names shown by one call that gives a reason */
    LIMIT_NAMES_PER_DAY = 200,        /* names shown to one key in one park day */
    LIMIT_LIVE_S = 3600, /* an older entry says who passed to a look-up only: lookup.c */
    LIMIT_LANE_HOUR_S = 3600,      /* one look-up of passages: one lane, so long */
    LIMIT_AGE_MIN = 16,            /* younger persons are not registered: roster.c */
    LIMIT_FACE_PERSONS = 100000,   /* with a face; more only with the filing's number: faces.c */
    LIMIT_FACE_PERSONS_WARN = 80000,
    LIMIT_JOURNAL_DAYS = 1095, /* no entry is cut off before (PIPL 56: 3 years): app/truncation.c */
    LIMIT_CHECKPOINT_DAYS = 28, /* then a checkpoint is made anew: app/checkpoints.c */
    LIMIT_BACKUP_KEYS_DAYS = 30, /* person keys of a backup: controller/job/backup.c */
    LIMIT_IMPORT_ROWS = 1000000,
    LIMIT_BAN_MONTHS = 12,
    LIMIT_DRIVERS_PER_VEHICLE = 16,
    LIMIT_BOOKINGS_PER_VEHICLE = 16, /* not yet over */
    LIMIT_VISITS_PER_PERSON = 16,    /* not yet over */
    LIMIT_VISIT_DAYS = 31,           /* one booking or visit lasts at most so long */
    LIMIT_DISPOSITIONS_OPEN = 1000,  /* of view libraries, that wait: verbs_library.c */

    /* two persons (controller/app/approvals.c) */
    LIMIT_APPROVALS_WAITING = 64,
    LIMIT_APPROVAL_S = 86400, /* not answered within this: expired, nothing is done */

    /* disclosures (controller/app/disclosure.c) */
    LIMIT_DISCLOSE_PERSONS = 20,       /* of one document, however many requests name it */
    LIMIT_DISCLOSE_DAYS = 366,         /* a period of persons; of a lane it is one day */
    LIMIT_DISCLOSE_SILENT_DAYS = 1095, /* a document forbids to tell at most so long */
    LIMIT_DISCLOSE_FILE_DAYS = 7,      /* the file can be taken */

    /* alerts (controller/app/alerts.c) */
    LIMIT_ALERTS_OPEN = 10000,  /* more are counted in one alert a kind ... */
    LIMIT_ALERTS_URGENT = 1000, /* ... but these beyond, of priority 1 */
    LIMIT_ALERT_NEWS = 100000,  /* kept for receivers outside */
    LIMIT_ALERT_RULES = 64,     /* of the park file (common/park/park_check.c) */
    LIMIT_ALERT_TELL = 8,       /* who is told, one after the other */
    LIMIT_ALERT_S_MAX = 86400,  /* a limit, or a reactivation threshold */
    LIMIT_ALERT_ACKNOWLEDGE_S = 60,
    LIMIT_ALERT_DISPATCH_S = 180,
    LIMIT_ALERT_DECIDE_S = 300,
    LIMIT_ALERT_REACTIVATE_S = 60,
    LIMIT_CANDIDATES_OPEN = 2000, /* more are not raised; an alert says so */
    LIMIT_CANDIDATE_S = 600, /* not confirmed by then, it lapses */

    /* reads that belong together (common/facts/gather_pairing.c) */
    LIMIT_PAIR_MS = 10000,    /* less than this lies between them; a lane may say another */
    LIMIT_PAIR_MS_MIN = 1000, /* common/park/park_check.c */
    LIMIT_PAIR_MS_MAX = 60000,
    LIMIT_WRONG_SECONDS = 3, /* then the first read waits no longer */
    LIMIT_WRONG_AT_LANE = 5, /* wrong ones in a row at one lane raise a fault */

    /* the watch list (common/watch; the caps: controller/app) */
    LIMIT_WATCH_CHUNK_BYTES = 49152, /* of a bundle; its manifest, too */
    LIMIT_WATCH_CHUNKS = 1024,
    LIMIT_WATCH_CHANGES_PER_CHUNK = 200, /* one slice of staged work */
    LIMIT_WATCH_CHANGES = LIMIT_WATCH_CHUNKS * LIMIT_WATCH_CHANGES_PER_CHUNK,
    LIMIT_WATCH_ENTRY_BYTES = 1024, /* one change, packed */
    LIMIT_WATCH_ID_BYTES = 64,
    LIMIT_WATCH_NAME_BYTES = 128,   /* applicant, contact, case number */
    LIMIT_WATCH_BASIS_BYTES = 256,  /* legal basis */
    LIMIT_WATCH_PERSONS = 200,      /* badge and identity entries of one authority */
    LIMIT_WATCH_VEHICLES = 1000000, /* plate entries of all authorities */
    LIMIT_WATCH_PERSON_DAYS = 90,   /* from begin to end, and from a renewal to its end */
    LIMIT_WATCH_PERSON_DAYS_DEFAULT = 30,
    LIMIT_WATCH_VEHICLE_DAYS = 365,
    LIMIT_WATCH_AHEAD_DAYS = 30,   /* an entry may begin so long after its bundle was made */
    LIMIT_WATCH_BUNDLE_S = 604800, /* a bundle is taken so long after it was made */
    LIMIT_WATCH_EARLY_S = 300,     /* and so much before, by the park's clock */
    LIMIT_AUTHORITIES = 8,           /* of the park: controller/app/verbs_authority.c */
    LIMIT_WATCH_BUNDLES_DAY = 1000, /* of one authority, begun on a day (UTC) */
    LIMIT_WATCH_OPEN_S = 3600,       /* a bundle whose next chunk did not come comes to nothing */
    LIMIT_WATCH_KEPT_DAYS = 180,     /* after an entry's end its key is destroyed */
    LIMIT_WATCH_TERMS_DAYS = 730,    /* after a person's entry ended its terms are forgotten */
    LIMIT_WATCH_RENEWALS = 32,       /* of one entry; then it is pushed anew */
    LIMIT_WATCH_REFRESH_HOURS = 720, /* the longest interval that may be agreed */
    LIMIT_WATCH_SWEEP_ROWS = 200,    /* holders hashed, or entries swept, in one slice */

    /* time (milliseconds unless said) */
    LIMIT_ANSWER_MS = 300, /* an agent waits this long for a verdict, unless its lane says else */
    LIMIT_ANSWER_MS_MIN = 100, /* common/park/park_check.c */
    LIMIT_ANSWER_MS_MAX = 1000,
    /* stale reads and repeats: common/access/decide.h */
    LIMIT_COMMAND_MS = 2000,   /* a command to a lane is void after this */
    LIMIT_COMMANDS_KEPT = 256, /* of a gate, to compare with what it says: controller/store */
    LIMIT_GROUP_COMMIT_MS = 5, /* a batch is committed at the latest after this */
    LIMIT_GROUP_COMMIT_ENTRIES = 250,
    LIMIT_TURN_MS = 10, /* a turn of the loop without its commits: common/park/gauges.h */
    LIMIT_HEARTBEAT_MS = 2000,
    LIMIT_SILENCE_MS = 6000,     /* a peer not heard for this long is down */
    LIMIT_READER_DOWN_MS = 5000, /* a dead reader is reported within this */
    LIMIT_MISSED_DEADLINES = 3,  /* then an agent decides at once */
    LIMIT_BUTTON_MS = 300,       /* then parkgate-board answers an exit button itself */
    LIMIT_DESFIRE_MS = 150,      /* a DESFire card's proof; a slower one may be relayed */
    LIMIT_EXCHANGE_MS = 1000,    /* most that a park file may allow for it */
    LIMIT_ENROL_CODE_S = 900,    /* one-time code, seconds */
    LIMIT_ENROL_TRIES = 5,       /* wrong codes, then the code is void */
    LIMIT_CLOCK_ALARM_MS = 1000,
    LIMIT_CLOCK_UNTRUSTED_MS = 5000,
    LIMIT_LEASE_HOURS = 24, /* a gate decides alone so long, unless the park says otherwise */
    LIMIT_LEASE_HOURS_MAX = 72,
    LIMIT_LEASE_RISK_HOURS = 1,   /* into a high-risk zone */
    LIMIT_CHANGES_KEPT = 1000000, /* journal entries whose changes can be told; older: a snapshot */
    LIMIT_COPY_CHECK_MS = 60000,  /* the copy is compared and walked at least so often */
    LIMIT_OUTBOX_EVENTS = 1000000, /* not answered, or answered less than so many days ago */
    LIMIT_OUTBOX_DAYS = 30,
    LIMIT_OUTBOX_RESERVE = 50000, /* above: what follows reads that are on record, and devices */
    LIMIT_COPY_OWN_EVENTS = 1000, /* on the way: with more a gate takes no news into its copy */
    LIMIT_FIRE_MS = 1000,    /* every exit of a bus is open, worst case; park_check refuses more */
    LIMIT_FIRE_UNIT_MS = 50, /* waited for each unit of a serial bus */
    LIMIT_FOLLOW_MS = 20000, /* a waiting `events --follow` request is answered by then */

    /* a shared desk (admin-cli/desk_keeper.c), seconds */
    LIMIT_DESK_IDLE_S = 300, /* after the last command it locks */
    LIMIT_DESK_S = 3600,     /* after the unlocking, whatever is done */

    /* machines */
    LIMIT_FDS_MIN = 1024,
    LIMIT_HTTP_BODY_BYTES = 4194304, /* one device push, pictures included */
    LIMIT_HTTP_TEXT_BYTES = 65536,   /* its XML or JSON part */
    LIMIT_HTTP_CONNECTIONS = 256,
    LIMIT_REPLY_MS = 1000,     /* a request that a verdict answers waits this long: replies.c */
    LIMIT_ASIDE_BYTES = 65280, /* one body put aside; sealed it fits a record: aside.c */
    LIMIT_ASIDE_COUNT = 256,   /* bodies kept at a gate; the oldest go first */
    LIMIT_ASIDE_TOTAL_BYTES = 8388608,
    LIMIT_HELPERS_PER_AGENT = 32, /* parkgate-nfc and parkgate-board processes */
    LIMIT_AGENTS = 200,
    LIMIT_OPERATORS = 64, /* operator connections served at once */
};

/* Versions of the agent conversation. Version 1 was never shipped; a test plays it. */
enum { PROTOCOL_VERSION = 2, PROTOCOL_VERSION_OLDEST = 1 };

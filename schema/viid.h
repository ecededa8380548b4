/* viid: what a view library (GA/T 1400) asks of the park and is told, as both parkgate-viid and the
 * controller know it. Numbers are stored: append only.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
    VIID_ID_SIZE = 65,       /* a peer's id of anything: opaque, at most 64 bytes, with its NUL */
    VIID_TEXT_SIZE = 257,    /* title, reason, names, organisations */
    VIID_FEATURE_SIZE = 257, /* TargetFeature as sent */
    VIID_TIME_SIZE = 32,     /* a time as sent */
    VIID_URL_SIZE = 257,
};

/* What a disposition looks for. */
enum viid_target {
    VIID_TARGET_UNKNOWN = 0,
    VIID_TARGET_PERSON = 1,
    VIID_TARGET_VEHICLE = 2,
    VIID_TARGET_OTHER_VEHICLE = 3, /* not motorised: the park has no such entries */
    VIID_TARGET_KEYWORD = 4,
};

enum viid_operate { VIID_SET = 0, VIID_WITHDRAW = 1 };

/* What became of a disposition. */
enum viid_state {
    VIID_STATE_NONE = 0,
    VIID_STATE_PENDING = 1,   /* held for two persons; matched by nothing */
    VIID_STATE_ENTERED = 2,   /* one person entered what the order says */
    VIID_STATE_CONFIRMED = 3, /* another one confirmed it: it is an entry of the watch list */
    VIID_STATE_REFUSED = 4,   /* by a person of the park */
    VIID_STATE_WITHDRAWN = 5, /* by the peer */
    VIID_STATE_ENDED = 6,     /* its end passed before it was confirmed */
    VIID_STATE_COUNT,
};

/* What is missing or does not fit, as bits: for the persons who compare it with the order. */
enum viid_doubt {
    VIID_DOUBT_ID = 1,        /* no DispositionID: it can never be withdrawn */
    VIID_DOUBT_CATEGORY = 2,  /* none that this peer's list knows */
    VIID_DOUBT_TARGET = 4,    /* the category says another kind than feature or pictures */
    VIID_DOUBT_APPLICANT = 8, /* applicant or their organisation missing */
    VIID_DOUBT_REASON = 16,
    VIID_DOUBT_BEGIN = 32, /* missing, unreadable, or by a clock that was never set */
    VIID_DOUBTS = 63,
};

/* One disposition as it was read: texts as sent, trimmed. */
struct viid_disposition {
    enum viid_operate operate;
    enum viid_target target;
    uint32_t doubts;
    char id[VIID_ID_SIZE];
    char title[VIID_TEXT_SIZE];
    char category[VIID_ID_SIZE]; /* as sent */
    char feature[VIID_FEATURE_SIZE];
    char value[VIID_FEATURE_SIZE]; /* of the feature, behind its =; else the feature */
    uint32_t priority;             /* 1 is highest; 0 not given */
    char applicant[VIID_TEXT_SIZE];
    char organisation[VIID_TEXT_SIZE];
    char contact[VIID_TEXT_SIZE];
    char reason[VIID_TEXT_SIZE];
    char range[VIID_TEXT_SIZE]; /* tollgates or area as sent */
    char receive_addr[VIID_URL_SIZE];
    char begin_text[VIID_TIME_SIZE], end_text[VIID_TIME_SIZE];
    int64_t begin_us, end_us; /* begin 0: see VIID_DOUBT_BEGIN */
};

/* upper: what we say to one view library of our own accord: Register, Keepalive, notifications.
 * Pure: no clock, no socket. The shell performs the one call that is under way and tells its end.
 *
 *   down --register, its challenge answered--> up --keepalive each keepalive_s--> up
 *   up --401 or 403 to anything, or `missed` keepalives without an answer--> down
 *
 * A notification is sent until the library has taken it: HTTP 200 and a status of 0 with its id.
 * Its id is made of the controller's number and time alone, so that it is the same in each try and
 * after each restart. After a 401 or 403 the library is registered at again, then it is sent again.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "controller/viid/digest.h"
#include "controller/viid/settings.h"

enum {
    UPPER_NOTICES_MAX = 64,
    UPPER_BATCH = 8, /* notifications of one call */
    UPPER_RETRY_MS = 2000,
    UPPER_RETRY_MAX_MS = 60000,
    UPPER_CALL_MS = 10000,
    UPPER_NOTIFICATION_ID_SIZE = 34,
    UPPER_BODY_SIZE = 16384,
    UPPER_HEADER_SIZE = DIGEST_HEADER_SIZE,
};

/* A hit that the library is to be told. */
struct upper_notice {
    uint64_t number; /* the controller's, never used twice */
    struct wall when;
    bool vehicle; /* else a person */
    char disposition[VIID_ID_SIZE];
    char title[VIID_TEXT_SIZE];
    char plate[VIID_ID_SIZE];
    char receive_addr[VIID_URL_SIZE]; /* as the disposition asked for */
};

enum upper_what { UPPER_NOTHING, UPPER_REGISTER, UPPER_KEEPALIVE, UPPER_NOTIFY };

/* A call to be made: POST. */
struct upper_call {
    enum upper_what what;
    char url[2 * VIID_URL_SIZE];
    char authorization[UPPER_HEADER_SIZE]; /* "": none */
    char body[UPPER_BODY_SIZE];
};

struct upper_answer {
    long status;           /* HTTP's; 0: there was none */
    const char *challenge; /* WWW-Authenticate; "": none */
    struct bytes body;
};

struct upper_waiting {
    struct upper_notice notice; /* number 0: free */
    bool acknowledged;          /* the library has it; the controller is to be told */
    bool under_way;
    bool sent_again; /* at once, behind a new Register: not twice running */
    struct mono next;
    int64_t retry_ms;
};

struct upper {
    const struct viid_settings *settings; /* borrowed */
    const struct viid_peer *peer;         /* borrowed */
    bool up, busy, tried_digest, answer_each;
    enum upper_what what;
    struct mono next_register, next_keepalive;
    int64_t retry_ms;
    int64_t missed;
    struct digest_fields challenge; /* nonce "": none */
    uint32_t nc;
    struct upper_waiting waiting[UPPER_NOTICES_MAX];
};

void upper_begin(struct upper *upper, const struct viid_settings *settings,
                 const struct viid_peer *peer);

/* What is due now, if nothing is under way. False: nothing. `cnonce` is fresh random text. */
bool upper_turn(struct upper *upper, struct mono now, const char *cnonce,
                struct upper_call *ret_call);
/* The end of that call. */
void upper_answered(struct upper *upper, const struct upper_answer *answer, struct mono now);

/* Takes a notice; one that waits already is left alone. False: no room now. */
bool upper_take(struct upper *upper, const struct upper_notice *notice);
/* A number that the library has and that the controller was not told; 0: none. */
uint64_t upper_acknowledged(const struct upper *upper);
/* The controller knows. */
void upper_forget(struct upper *upper, uint64_t number);

/* Organisation 12 (of our device id), 02, time 14, serial 5. */
void upper_notification_id(const struct viid_settings *settings, const struct upper_notice *notice,
                           char out[UPPER_NOTIFICATION_ID_SIZE]);

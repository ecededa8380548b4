/* driver: what readers, actuators and indicators are to the agent.
 *
 * One device family a file, one const ops table each (driver_table.c). A driver runs in the agent's
 * single thread, never blocks, and reports through the sink it was started with. Devices that can
 * block or crash live in helper processes; their driver is the agent's end of the helper's socket.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/access/credential.h"
#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/err.h"
#include "common/base/ids.h"
#include "common/base/tz.h"
#include "schema/grant.h"
#include "schema/helper.h"
#include "schema/kinds.h"
#include "schema/limits.h"

/* One presentation as a device reported it. Pictures and demographic attributes never get here. */
struct reading {
    struct name reader;
    enum credential_kind kind;          /* CREDENTIAL_KIND_NONE: seen, not read */
    enum credential_class cclass;       /* what this reader can vouch for */
    uint8_t id[LIMIT_CREDENTIAL_BYTES]; /* normal form: UID bytes, plate UTF-8, subject id */
    uint8_t id_size;
    uint8_t raw[LIMIT_CREDENTIAL_BYTES]; /* as read, where it differs from id */
    uint8_t raw_size;
    struct wall captured;          /* the device's own time as sent; us 0 when it sent none */
    bool history;                  /* the device says that this is not live */
    bool live_by_read;             /* our own helper read it just now: captured is our clock */
    uint8_t plate_colour;          /* enum plate_colour of common/access/plate.h, 0 unknown */
    uint8_t confidence;            /* percent, 0 unknown */
    enum lane_direction direction; /* from the device where it knows; else LANE_NO_DIRECTION */
    char device_event[LIMIT_DEVICE_EVENT_BYTES + 1]; /* the device's own id of it; "" none */
    char body[LIMIT_DEVICE_EVENT_BYTES + 1]; /* without such an id, where its answer opens: digest
                                                of the whole body; stays here. "" none */
    enum card_proof proof;                   /* of a badge that was asked for one */
    uint32_t exchange_ms;                    /* how long its proof took */
    bool batched;    /* history, one of many: the driver calls sink.settle before it answers */
    uint64_t ticket; /* the device's request waits for what becomes of it (replies.h); 0 none */
    uint64_t ask;  /* the device waits for our answer and opens by it: its number for that; 0 no */
    bool unlocked; /* no presentation: the device says that it unlocked its door */
};

/* Where drivers report. All calls return at once. */
struct driver_sink {
    /* Commits the reading to the outbox before it returns (persist first, answer afterwards).
     * ERR_OK      durable, or a repeat of a device_event already durable
     * ERR_FULL    no room: the device is told to try again later
     * ERR_REFUSED the reader is not configured at this gate */
    enum err (*reading)(void *ctx, const struct reading *reading, struct fault *fault);
    /* Makes durable what was reported as `batched`. ERR_OK, or ERR_FULL: none of it may be
     * answered. NULL: nothing may be batched. */
    enum err (*settle)(void *ctx, struct fault *fault);
    /* A reader or board went up or down; `what` is a plain word for the operator. */
    void (*state)(void *ctx, struct name device, enum device_state state, const char *what);
    /* Puts a body aside that `reader` posted and nobody understood: sealed, at most
     * LIMIT_ASIDE_BYTES of it (pictures are cut by the caller), durable before it returns. Only
     * then may the device get the answer that stops its re-sends. `why` is a sentence of ours for
     * the operator, with nothing of the body in it. The same body again is ERR_OK and changes
     * nothing. ERR_FULL: no room, the device sends again. ERR_REFUSED: the reader is not configured
     * at this gate. */
    enum err (*aside)(void *ctx, struct name reader, struct bytes body, const char *why,
                      struct fault *fault);
    void *ctx;
};

/* What an HTTP device is configured with. Copied by the listener. */
struct http_device {
    struct name reader;
    enum reader_driver driver;
    char path[LIMIT_TEXT_BYTES]; /* of its posts; some families have more behind it */
    char source[64];             /* address it may come from, numeric; "any" only on loopback */
    char user[64];               /* digest user; "" no authentication */
    char password[128];          /* read from its secret file by the shell */
    char device_id[LIMIT_DEVICE_ID_BYTES + 1]; /* its own id of itself; "" not compared */
    char time_zone[TZ_NAME_SIZE];              /* of local times that it sends; "" the park's */
    const struct tz_table *zone;               /* that zone, borrowed; NULL: not known */
    bool verify_first;                         /* ZKTeco attendance: verify stands before status */
    bool reversed;                             /* gives a card's bytes in the other order */
    struct name opens;                         /* the lane that its answer opens; "" none */
};

/* One opening of a lane. The verdict it acts on is durable already (DESIGN of a passage, step 4).
 */
struct opening {
    struct name lane;
    struct grant_id grant;         /* the committed event it belongs to; never none */
    enum lane_direction direction; /* of the presentation */
    struct mono expires;           /* opens nothing at or after this */
    uint64_t ticket;               /* of the reading, where its reader's answer opens; 0 none */
};

/* Where actuators report. All calls return at once. */
struct actuator_sink {
    /* What became of one opening: exactly one call for each actuator_ops.open and answer_button
     * that gave ERR_OK, never from inside those. OPEN_DUPLICATE to an answer: the board had opened
     * by itself already, and a report of that comes too. */
    void (*opened)(void *ctx, struct name lane, struct grant_id grant, enum open_result result);
    /* Somebody presses the exit button. The agent commits the event, then calls answer_button. The
     * lane opens after LIMIT_BUTTON_MS all the same. */
    void (*button)(void *ctx, struct name lane, uint64_t press, struct wall at);
    /* A passage, late opening or tamper, to be made durable. With ERR_OK the board may forget it;
     * with anything else it is sent again. One that is durable already is answered ERR_OK (numbers
     * rise for each board, but after a resend older ones may follow). */
    enum err (*report)(void *ctx, struct name board, const struct helper_report *report,
                       struct fault *fault);
    void *ctx;
};

/* An actuator family. `self` is its driver. */
struct actuator_ops {
    const char *name;
    /* Sends the command; sink.opened follows within the time of its expiry plus HELPER_SILENCE_MS.
     * ERR_NOT_FOUND: no such lane. ERR_IO: its board's helper is not there: nothing was opened and
     * sink.opened is not called. ERR_BUSY: too many openings wait for their answer; the same. A
     * grant is never sent twice by itself, and a caller never repeats one. */
    enum err (*open)(void *self, const struct opening *opening, struct fault *fault);
    /* The press is durable under `grant`; opens. A press answered too late opens nothing twice.
     * Errors as open's. */
    enum err (*answer_button)(void *self, struct name lane, uint64_t press, struct grant_id grant,
                              struct fault *fault);
};

/* What a lane shows to the person in front of it. */
struct indication {
    enum indicator_colour colour;
    enum indicator_sound sound;
    const char *line1; /* UTF-8, borrowed; a display cuts what it cannot show */
    const char *line2;
    uint32_t show_ms; /* then dark; 0: until the next one */
};

/* An indicator family. `self` is its driver. */
struct indicator_ops {
    const char *name;
    /* ERR_NOT_FOUND: the lane has no display. ERR_IO: out of reach. Nobody is kept waiting by it:
     * an opening always goes first. */
    enum err (*show)(void *self, struct name lane, const struct indication *indication,
                     struct fault *fault);
};

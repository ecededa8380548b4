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
#include "schema/kinds.h"
#include "schema/limits.h"

/* One presentation as a device reported it. Pictures and demographic attributes never get here. */
struct reading {
    struct name reader;
    enum credential_kind kind;    /* CREDENTIAL_KIND_NONE: seen, not read */
    enum credential_class cclass; /* what this reader can vouch for */
    uint8_t id[LIMIT_CREDENTIAL_BYTES]; /* normal form: UID bytes, plate UTF-8, subject id */
    uint8_t id_size;
    uint8_t raw[LIMIT_CREDENTIAL_BYTES]; /* as read, where it differs from id */
    uint8_t raw_size;
    struct wall captured;  /* the device's own time as sent; us 0 when it sent none */
    bool history;          /* the device says that this is not live */
    bool live_by_read;     /* our own helper read it just now: captured is our clock */
    uint8_t plate_colour;  /* enum plate_colour of common/access/plate.h, 0 unknown */
    uint8_t confidence;    /* percent, 0 unknown */
    enum lane_direction direction; /* from the device where it knows; else LANE_NO_DIRECTION */
    char device_event[LIMIT_DEVICE_EVENT_BYTES + 1]; /* the device's own id of it; "" none */
};

/* Where drivers report. Both calls return at once. */
struct driver_sink {
    /* Commits the reading to the outbox before it returns (persist first, answer afterwards).
     * ERR_OK      durable, or a repeat of a device_event already durable
     * ERR_FULL    no room: the device is told to try again later
     * ERR_REFUSED the reader is not configured at this gate */
    enum err (*reading)(void *ctx, const struct reading *reading, struct fault *fault);
    /* A reader or board went up or down; `what` is a plain word for the operator. */
    void (*state)(void *ctx, struct name device, enum device_state state, const char *what);
    void *ctx;
};

/* What an HTTP device is configured with. Copied by the listener. */
struct http_device {
    struct name reader;
    enum reader_driver driver;
    char path[LIMIT_TEXT_BYTES];     /* exact path of its posts */
    char source[64];                 /* address it may come from, numeric; "any" only on loopback */
    char user[64];                   /* digest user; "" no authentication */
    char password[128];              /* read from its secret file by the shell */
};

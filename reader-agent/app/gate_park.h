/* gate_park: the park as this gate needs it, as plain values made from the controller's rows.
 *
 * A row that makes no sense is left out and logged, so that one bad device does not take the gate
 * down; the controller checked the park file before it sent it.
 */
#pragma once

#include "common/access/decide.h"
#include "common/base/bytes.h"
#include "common/base/err.h"
#include "reader-agent/app/card_setup.h"
#include "reader-agent/driver/board_actuator.h"
#include "reader-agent/driver/driver.h"
#include "reader-agent/driver/nfc_reader.h"

enum {
    GATE_LANES_MAX = 64,
    GATE_READERS_MAX = 128,
    GATE_BOARDS_MAX = 16,
    GATE_HTTP_MAX = 96,
};

struct gate_lane {
    struct name name;
    struct name board; /* "" none: the lane decides and opens nothing */
    enum lane_direction direction;
    enum lane_mode mode; /* of the park file; a command may have set another */
    bool unknown_clock_grants;
    bool has_display;
    uint32_t open_ms, pass_ms;
    uint32_t answer_ms;  /* how long a verdict is waited for */
    bool opens_by_reply; /* no board: the answer of `camera` opens it */
    struct name camera;
    struct name zone, outer_zone; /* outer empty: outside the park */
};

struct gate_reader {
    struct name name;
    struct name lane;
    enum reader_driver driver;
    enum lane_direction direction; /* LANE_NO_DIRECTION: the lane's */
    struct http_device http;       /* of drivers that post; password still empty */
    char secret_file[LIMIT_TEXT_BYTES];
    char device[LIMIT_TEXT_BYTES + 1]; /* nfc: the connstring */
    struct card_setup cards;           /* nfc */
    enum terminal_control control;
    char terminal[HELPER_ADDRESS_SIZE]; /* where we speak to it; "" nowhere */
};

struct gate_zone {
    struct name name;
    struct name parent; /* "" none */
};

struct gate_park {
    bool emergency_admits; /* entries run on in an emergency */
    bool muster_post;      /* this gate's box keeps who is inside */
    size_t zone_count;
    struct gate_zone zones[LIMIT_ZONES];
    char time_zone[TZ_NAME_SIZE]; /* the park's */
    size_t lane_count, reader_count, board_count;
    struct gate_lane lanes[GATE_LANES_MAX];
    struct gate_reader readers[GATE_READERS_MAX];
    struct board_config boards[GATE_BOARDS_MAX]; /* with their lanes */
};

/* Adds one packed ParkRow; lanes may come before or after their board. ERR_INPUT: the row is left
 * out, the fault says why. ERR_FULL: too many of a kind. */
MUST_CHECK enum err gate_park_add(struct gate_park *park, struct name gate, struct bytes row,
                                  struct fault *fault);
/* After the last row: gives each board its lanes. */
MUST_CHECK enum err gate_park_close(struct gate_park *park, struct fault *fault);

/* NULL: none. */
const struct gate_lane *gate_park_lane(const struct gate_park *park, struct name name);
const struct gate_reader *gate_park_reader(const struct gate_park *park, struct name name);
/* Does the lane lead into or out of one of these zones, or what is inside them? Of zones that this
 * gate was not told of: true, since nobody is harmed by an exit too many that is open. */
bool gate_park_lane_in(const struct gate_park *park, const struct gate_lane *lane,
                       const struct name *zones, size_t count);
/* Which way a read at this reader asks to go. */
enum lane_direction gate_park_direction(const struct gate_lane *lane,
                                        const struct gate_reader *reader,
                                        enum lane_direction by_device);

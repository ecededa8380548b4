/* station: what a board's lanes do: grants, passages, exit buttons, reports. No socket, no Modbus,
 * no clock: times are values, the board and the agent are two calls of station_ops.
 *
 * Link loss and return never make a passage or an opening: the first look after a (re)connect is a
 * baseline. Where the board has edge counters, turns during an outage are found by their difference
 * and reported late; presses of that time are answered only after STATION_SHORT_OUTAGE_MS at most:
 * later the person is gone, and the lane would open for nobody.
 *
 * A press is an edge of its counter or a level that rose between two looks: a dead counter, or one
 * that jumps, holds nobody.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/access/lane.h"
#include "schema/helper.h"

enum {
    STATION_INPUTS_MAX = 64,
    STATION_SHORT_OUTAGE_MS = 1000,
    STATION_OUTAGE_MS = 30000, /* after so long without the board waiting grants end */
    STATION_RESEND_MS = 2000,  /* an unacknowledged report is said again */
};

struct station_now {
    struct mono mono;
    struct wall wall;
};

struct station_ops {
    /* Opens the lane by one write; `fresh`: ends a running pulse first, so that the arm lets one
     * more through. ERR_OK done; ERR_REFUSED certainly not; ERR_IO not known. */
    enum err (*open)(void *ctx, const struct helper_lane *lane, bool fresh);
    /* Ends a running pulse of an entry. */
    void (*shut)(void *ctx, const struct helper_lane *lane);
    /* A lane with a guard must not close now, nor within LANE_CLEAR_MS; said at each look. Opens
     * nothing that is shut. */
    void (*keep_open)(void *ctx, const struct helper_lane *lane);
    /* False: the agent is not there. */
    bool (*say)(void *ctx, const struct helper_message *message);
    void *ctx;
};

/* One look at all inputs. */
struct sensed {
    bool levels[STATION_INPUTS_MAX];
    bool has_counters; /* else edges are taken from the levels */
    uint16_t counters[STATION_INPUTS_MAX];
};

struct station;

struct station *station_create(struct station_ops ops);
void station_destroy(struct station **station);

/* Lanes of the same name keep their grants. ERR_INPUT: an input over STATION_INPUTS_MAX; nothing
 * was changed. */
MUST_CHECK enum err station_configure(struct station *station, const struct helper_board *setup,
                                      struct fault *fault);
/* Its index in the setup, or -1. */
int station_find_lane(const struct station *station, struct name lane);

/* OPEN, BUTTON_ANSWER, REPORT_ACK; others are ignored. */
void station_hear(struct station *station, const struct helper_message *message,
                  struct station_now now);
/* The agent is back: says again what it may not know. */
void station_agent_up(struct station *station, struct station_now now);

/* Fire or evacuation. The lane is held open for everybody, or no more. */
void station_release(struct station *station, size_t index, bool released);
/* Entries of these lanes (bit by index) stay closed: waiting grants are void, their pulses end,
 * OPEN is answered OPEN_EMERGENCY. 0: they run as ever. */
void station_close_entries(struct station *station, uint32_t lanes, struct station_now now);
/* REPORT_FIRE, in the order of all reports. `on`: by the board's inputs. */
void station_report_fire(struct station *station, struct name board, enum fire_change change,
                         bool on, bool late, struct station_now now);

/* The line to the board came up or went down. */
void station_link(struct station *station, bool up, struct station_now now);
void station_sense(struct station *station, const struct sensed *sensed, struct station_now now);

/* Answers buttons that nobody answered, ends what waited too long. */
void station_tick(struct station *station, struct station_now now);
/* Until station_tick has something to do, at most STATION_RESEND_MS. */
int64_t station_wait_ms(const struct station *station, struct mono now);

/* Reports dropped for want of room, and how often the board was seen to begin anew. */
struct station_counts {
    uint16_t reports_waiting; /* for the agent to acknowledge them */
    uint64_t reports_lost;
    uint32_t restarts;
};
struct station_counts station_counts(const struct station *station);

/* emergency: fire and evacuation as this gate knows them: what the controller said last, and which
 * of its boards say fire. Kept in the file DIR/emergency, so that boards are told of it after every
 * restart, whatever became of the controller, the link and the store. A board's own fire needs
 * nothing of this (reader-agent/board/line.h).
 */
#pragma once

#include "common/base/clock.h"
#include "common/base/ids.h"
#include "schema/agent.pb-c.h"
#include "schema/grant.h"
#include "schema/kinds.h"
#include "schema/limits.h"

/* A fire says three things: it began, its input ended, it was reset. */
enum {
    EMERGENCY_BOARDS_MAX = LIMIT_HELPERS_PER_AGENT, /* a gate's boards, and some it had before */
    EMERGENCY_HEARD_MAX = 3 * EMERGENCY_BOARDS_MAX,
};

struct gate;

/* One of its boards that says fire. */
struct burning {
    struct name board;
    bool quiet;            /* its input says so no more */
    bool late;             /* said again by a helper that began anew; perhaps it is so no more */
    bool recorded;         /* that it began is on record, ... */
    struct grant_id event; /* ... as this event, or, where that is not known, ... */
    bool earlier;          /* ... as this one or an earlier one */
    uint64_t number;       /* of the report that it began; 0: not known */
    struct mono said;      /* when that report came last */
};

/* A report of fire that was heard: repeated until it is on record, it says nothing new. */
struct fire_heard {
    struct name board;
    uint64_t number;
    struct mono at; /* newest */
    bool recorded;
};

struct gate_emergency {
    uint64_t number; /* of the newest state taken; 0: none ever */
    uint64_t shown;  /* of the newest that is durable: what HELLO and HEARTBEAT say */
    enum emergency_state state;
    bool admits;
    size_t zone_count; /* 0: the whole park */
    struct name zones[LIMIT_ZONES];
    size_t board_count;
    struct burning boards[EMERGENCY_BOARDS_MAX];  /* latched by their own inputs */
    struct fire_heard heard[EMERGENCY_HEARD_MAX]; /* those that were said last */
    uint64_t ended; /* of the newest end that boards were told: what burned before is over */
    bool unwritten; /* the disk did not take it */
    bool end_waits; /* it is over, but the controller has not taken each of those fires yet */
};

/* Reads what was kept. Before the park's rows are applied, which tells the boards. */
void emergency_begin(struct gate *gate);
/* MESSAGE_EMERGENCY: a number that is not higher says nothing. */
void emergency_heard(struct gate *gate, const Parkgate__Emergency *message);
struct helper_report;
/* A board's report of fire, also one that is on record already. It needs neither disk nor link and
 * holds at once for all lanes of the gate: that it cannot be put on record changes nothing. */
void emergency_of_board(struct gate *gate, struct name board, const struct helper_report *report);
/* Is an earlier report of the board still to be recorded? A reset must not stand before its fire.
 */
bool emergency_waits_for_earlier(const struct gate *gate, struct name board, uint64_t number);
/* That report is on record as event `id`. */
void emergency_recorded(struct gate *gate, struct name board, const struct helper_report *report,
                        struct grant_id id);
/* It was on record when it came: as which event is not known. */
void emergency_was_recorded(struct gate *gate, struct name board,
                            const struct helper_report *report);
/* Its boards that say fire, for HELLO and HEARTBEAT; the arrays hold EMERGENCY_BOARDS_MAX. */
size_t emergency_burning(struct gate *gate, char **boards, protobuf_c_boolean *quiet);
/* The park's rows changed: other lanes may be concerned. */
void emergency_tell_boards(struct gate *gate);
/* Writes again what could not be written, and tells of an end that waited. */
void emergency_tick(struct gate *gate);
/* Do entries of the lane stay closed, as far as this gate knows? */
bool emergency_at(const struct gate *gate, struct name lane);
bool emergency_admits(const struct gate *gate);

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

enum { EMERGENCY_BOARDS_MAX = 16, EMERGENCY_HEARD_MAX = 32 };

struct gate;

/* One of its boards that says fire. */
struct burning {
    struct name board;
    bool quiet; /* its input says so no more */
    bool late;  /* said again by a helper that began anew; whether it is so still is not known */
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
    struct fire_heard heard[EMERGENCY_HEARD_MAX]; /* the newest ones, in turn */
    size_t next_heard;
    uint64_t ended; /* of the newest end that boards were told: what burned before is over */
    bool has_fire;  /* `fire` is the event of the newest fire of a board */
    struct grant_id fire;
    bool unrecorded; /* ... or it is not on record yet */
    bool unwritten;  /* the disk did not take it */
    bool end_waits;  /* it is over, but the controller has not taken that fire yet */
};

/* Reads what was kept. Before the park's rows are applied, which tells the boards. */
void emergency_begin(struct gate *gate);
/* MESSAGE_EMERGENCY: a number that is not higher says nothing. */
void emergency_heard(struct gate *gate, const Parkgate__Emergency *message);
struct helper_report;
/* A board's report of fire. It holds at once for all lanes of the gate: that it
 * cannot be put on record changes nothing. */
void emergency_of_board(struct gate *gate, struct name board, const struct helper_report *report);
/* Is an earlier report of the board still to be recorded? A reset must not stand before its fire.
 */
bool emergency_waits_for_earlier(const struct gate *gate, struct name board, uint64_t number);
/* That report is on record as event `id`. */
void emergency_recorded(struct gate *gate, struct name board, const struct helper_report *report,
                        struct grant_id id);
/* Its boards that say fire, for HELLO and HEARTBEAT; the arrays hold EMERGENCY_BOARDS_MAX. */
size_t emergency_burning(struct gate *gate, char **boards, protobuf_c_boolean *quiet);
/* The park's rows changed: other lanes may be concerned. */
void emergency_tell_boards(struct gate *gate);
/* Writes again what could not be written, and tells of an end that waited. */
void emergency_tick(struct gate *gate);
/* Do entries of the lane stay closed, as far as this gate knows? */
bool emergency_at(const struct gate *gate, struct name lane);
bool emergency_admits(const struct gate *gate);

/* gate: the agent's one object. Each file of this room does one part of its work; all run in the
 * loop's single thread.
 *
 *   record.c     events and verdicts into the batch, its commit, and what waits for that commit
 *   readings.c   what readers report
 *   set_aside.c  bodies that nobody understood
 *   replying.c   readers whose answer opens their lane
 *   lanes.c      what boards report; opening and showing
 *   terminals.c  face terminals that ask, their unlocked doors, their subjects
 *   commands.c   what the controller orders
 *   uplink.c     the conversation with the controller; backlog.c: what it has not answered yet
 *   devices.c    readers and boards by the park's rows
 *   recover.c    what a crash left open
 *   recalling.c  what a controller that was built again asks for
 *   recovery_key.c  the park's key that day keys are closed to
 *   clock_watch.c  jumps of the box's clock
 *   outbox_room.c  how full the outbox is, and what is done while it is
 *   carry.c      a roster that comes by hand
 *   anchors.c    signed heads of the controller's journal, kept for whoever checks it
 *   muster_post.h  a muster post: who is inside, closed until there is fire
 *   copy.h       its copy of what decisions read, and what it decides alone
 *   figures.c    what is shown to a monitoring system
 *   agent.c      putting it together, timers, the end
 */
#pragma once

#include "common/base/bucket.h"
#include "common/base/clock.h"
#include "common/base/entropy.h"
#include "common/base/launcher.h"
#include "common/base/loop.h"
#include "common/link/link.h"
#include "common/metrics/times.h"
#include "common/seal/anchor_file.h"
#include "reader-agent/app/carry.h"
#include "reader-agent/app/copy.h"
#include "reader-agent/app/draft.h"
#include "reader-agent/app/emergency.h"
#include "reader-agent/app/gate_park.h"
#include "reader-agent/app/muster_post.h"
#include "reader-agent/app/settings.h"
#include "reader-agent/app/vault.h"
#include "reader-agent/core/beats.h"
#include "reader-agent/core/controller_clock.h"
#include "reader-agent/core/device_clock.h"
#include "reader-agent/core/link_state.h"
#include "reader-agent/core/presentation.h"
#include "reader-agent/driver/board_actuator.h"
#include "reader-agent/driver/driver.h"
#include "reader-agent/driver/face_terminal.h"
#include "reader-agent/driver/helper_port.h"
#include "reader-agent/driver/http_listener.h"
#include "reader-agent/driver/nfc_reader.h"
#include "reader-agent/driver/replies.h"
#include "reader-agent/net/controller_link.h"
#include "reader-agent/store/outbox.h"
#include "reader-agent/store/park_copy.h"

enum {
    GATE_DEVICES_MAX = GATE_READERS_MAX + GATE_BOARDS_MAX,
    GATE_AFTERS_MAX = 160,
    GATE_LATE_MAX = 64,
    RECALL_CREDENTIAL_MAX = 256,
    GATE_ZONES_MAX = 8,
    GATE_UNLOCKS_MAX = 64,
    GATE_UNLOCK_MS = 10000, /* a door that unlocks within this did so by our answer */
    GATE_TICK_MS = HELPER_HEARTBEAT_MS / 2,
    BACKLOG_WINDOW = 256, /* sent and not answered */
    BACKLOG_SLICE = 64,   /* sent in one turn */
    BACKLOG_STALL_MS = 5000,
    BACKLOG_RETRY_MS = 1000,
};

/* A reader or board: what is known of it while the agent runs. */
struct gate_device {
    struct name name;
    bool configured;
    enum device_state state;
    struct device_clock clock;
};

/* Something to be done once the batch is written, or could not be. */
enum after_kind { AFTER_VERDICT, AFTER_BUTTON, AFTER_COMMAND, AFTER_MOVED, AFTER_LATE };

struct after {
    enum after_kind kind;
    struct grant_id id;
    struct grant_id from;          /* moved */
    struct presentation_row *row;  /* verdict */
    struct name lane;              /* button, command */
    enum lane_direction direction; /* command */
    uint64_t press;                /* button */
    struct mono expires;           /* command */
    size_t index;                  /* late */
};

/* An exit that opened although nothing could be written: its event, until that works. */
struct late_event {
    bool used, waits;
    struct grant_id marker; /* what the board was told */
    struct grant_id stored;
    struct draft draft;
};

/* An answer by which a terminal may unlock its door once. */
struct unlock {
    bool used;
    bool seen;   /* it said that it did */
    bool silent; /* it did not answer: whether it opened, its door event tells */
    struct name reader, lane;
    struct grant_id grant;
    struct mono until;
};

/* A device that itself waits for the verdict and opens by our answer. ask 0: none does. */
struct asker {
    struct name reader;
    uint64_t ask;
};

struct backlog {
    struct grant_id cursor; /* the last one looked at */
    uint64_t end;           /* sequences up to here are backlog, above are sent live */
    uint64_t applied;       /* by WELCOME */
    bool renumber;          /* events of older epochs wait for their new place */
    size_t in_flight_count;
    uint64_t in_flight[BACKLOG_WINDOW];
    struct mono progress; /* the last answer, or begin */
    bool retry_wanted;
    struct mono retry_at;
    uint64_t probe; /* a live event's sequence, and when it was sent: does the controller serve? */
    struct mono probe_sent;
};

struct config_parts {
    uint64_t version;
    uint32_t parts, next;
    size_t count;
    struct bytes rows[PARK_COPY_ROWS_MAX]; /* heap copies */
};

/* Devices choose: the first listener speaks HTTP, the second TLS (https_port). With a certificate
 * and no https_port, the first speaks TLS and there is no second. */
enum { GATE_LISTENERS = 2 };
struct gate_listener {
    struct gate *gate;
    struct http_listener *listener; /* NULL: does not run */
    uint64_t again;                 /* timer: it has more in hand than it worked off; 0 none */
};

/* A request that waits for what becomes of an event. */
struct reply_ticket {
    struct grant_id id;
    uint64_t ticket; /* 0: free */
};

/* What the box shows of itself: figures.h. */
struct gate_figures {
    struct metrics_port *port; /* NULL: none */
    struct mono begun;
    struct metric_times answers; /* from an event sent to its verdict */
    uint64_t missed;             /* verdicts that did not come in time */
};

/* Keys on their way (rekey.c). */
struct rekey {
    struct link_key_pair next; /* of the gate; while drawn */
    bool drawn, known;         /* on disk; the controller knows it */
    struct mono offer_at, until;
    struct link_key server_now, server_next;
    bool has_server_next, tries_next;
};

/* anchors.h */
struct gate_anchors {
    struct anchor_file file;
    struct bucket room; /* how many more are kept now */
    bool failing;
};

struct gate {
    char dir[SETTINGS_PATH_SIZE];
    struct settings settings;
    struct link_key_pair keys;
    const struct clock *clock;
    const struct entropy *entropy;
    struct launcher_link *launcher;
    struct loop *loop;

    struct agent_store *store;
    struct day_keys *day_keys;
    struct vault *vault;
    struct batch batch;
    size_t after_count;
    struct after afters[GATE_AFTERS_MAX];
    bool store_failing;
    bool unrecovered; /* what a crash left open could not be closed yet */
    struct late_event late[GATE_LATE_MAX];
    uint64_t late_markers;
    bool recovering;           /* the controller: it gives no verdict and takes no event */
    int64_t wall_over_mono_us; /* at the last tick; it changes when the clock is set */
    bool outbox_full;          /* of events not answered: entries are denied */
    uint64_t uncounted_exits, uncounted_entries; /* done without an event, not on disk yet */

    struct gate_park *park; /* heap, replaced as a whole */
    struct gate_copy copy;
    size_t device_count;
    struct gate_device devices[GATE_DEVICES_MAX];
    struct presentations presentations;
    bool deadline_armed;

    struct link *link;
    struct controller_link *controller;
    struct link_state link_state;
    struct rekey rekey;
    struct backlog backlog;
    struct config_parts config;
    struct gate_anchors anchors;
    struct carrying *carry; /* carry.c; NULL: none is being taken */
    struct mono carry_looked;
    int64_t echo_us;
    struct controller_clock controller_clock;
    uint32_t
        hellos; /* of this connection, not answered; which one an answer is for it does not say */
    struct mono hello_asked; /* the first of them, or one before it */
    struct beats beats;
    uint64_t commands_again; /* taken before, and sent again */

    struct helper_port *port;
    struct nfc_reader *nfc;
    struct board_actuator *boards;
    struct gate_emergency emergency;
    struct muster_post muster;
    struct face_terminals *terminals;
    struct unlock unlocks[GATE_UNLOCKS_MAX];
    struct gate_listener http[GATE_LISTENERS];
    struct mono http_retry; /* a listener did not start: try again then */
    size_t http_count;
    struct http_device http_devices[GATE_HTTP_MAX]; /* what the listeners run with */
    struct tz_table *zones[GATE_ZONES_MAX];         /* of devices' local times; loaded once, heap */
    struct replies *replies;
    struct reply_ticket tickets[REPLIES_MAX];
    const struct actuator_ops *actuator;
    void *actuator_self;
    const struct indicator_ops *indicator;
    void *indicator_self;
    struct gate_figures figures;
    int status; /* what the worker returns */
};

/* --- agent.c --- */

/* A gate that has not begun. `dir` is copied, the others are borrowed; launcher may be NULL. Aborts
 * without memory. A simulation begins its gates by these calls, too, and turns their loops. */
struct gate *gate_create(const char *dir, const struct clock *clock, const struct entropy *entropy,
                         struct launcher_link *launcher);
/* Opens stores, loop, devices and line. After an error only gate_end() is left. */
MUST_CHECK enum err gate_begin(struct gate *gate, struct fault *fault);
/* Commits what is staged, closes all and frees; nulls. */
void gate_end(struct gate **gate);

struct wall gate_wall(const struct gate *gate);
struct mono gate_mono(const struct gate *gate);

/* --- record.c --- */

/* A device's own id of an event, to be remembered with it. */
struct seen_mark {
    struct name device;
    uint8_t hash[SEEN_HASH_SIZE];
};

/* Stages an event; commits what is staged when there is no room. *ret_id: its place, once
 * committed. `open`: a presentation that waits for its verdict. `mark` may be NULL. */
MUST_CHECK enum err record_event(struct gate *gate, const struct draft *draft, bool open,
                                 const struct seen_mark *mark, struct grant_id *ret_id,
                                 struct fault *fault);
/* Stages the verdict of a deciding presentation and what follows its commit. */
void record_verdict(struct gate *gate, struct presentation_row *row);
/* Stages that this happens after the commit. */
void record_after(struct gate *gate, struct after after);
/* Writes what is staged, does what waited for it, sends what is new. ERR_OK also when there was
 * nothing. */
MUST_CHECK enum err record_commit(struct gate *gate, struct fault *fault);
/* An event that could not be written: kept in memory until it can. Returns what a board may be told
 * in place of its id. */
struct grant_id record_late(struct gate *gate, const struct draft *draft);
/* Tries again to write what is late. */
void record_late_again(struct gate *gate);
/* The place of the event that a board knows as `grant`. False: it is late and has none yet. */
bool record_place(struct gate *gate, struct grant_id grant, struct grant_id *ret_id);

/* --- readings.c, lanes.c --- */

struct driver_sink readings_sink(struct gate *gate);
/* The sink's call `aside`. */
enum err set_aside(void *ctx, struct name reader, struct bytes body, const char *why,
                   struct fault *fault);
struct actuator_sink lanes_sink(struct gate *gate);
/* Performs STEP_OPEN, STEP_OPEN_LATE or STEP_SHOW: at the asker where there is one, else at the
 * lane's board. `due`: when the verdict was wanted; an entry is not opened long after that, however
 * long its commit took. */
void lane_perform(struct gate *gate, enum step step, struct name lane,
                  enum lane_direction direction, struct grant_id id, struct verdict verdict,
                  struct mono due, struct asker asker);
/* Opens under a committed grant; says in an event when that cannot be. */
void lane_open(struct gate *gate, struct name lane, enum lane_direction direction,
               struct grant_id id, struct mono expires);
void lane_show(struct gate *gate, struct name lane, enum reason reason);
void lane_button_committed(struct gate *gate, const struct after *after, bool durable);
enum lane_mode lane_mode_of(struct gate *gate, const struct gate_lane *lane);
/* What became of an opening: of boards, and of answers. */
void lane_opened(void *ctx, struct name lane, struct grant_id grant, enum open_result result);

/* --- replying.c --- */

/* The request of this ticket waits for what becomes of the event. */
void reply_expect(struct gate *gate, struct grant_id id, uint64_t ticket);
bool reply_is_expected(const struct gate *gate, struct grant_id id);
/* The event's ticket, taken out; 0: none. */
uint64_t reply_ticket_of(struct gate *gate, struct grant_id id);
void reply_moved(struct gate *gate, struct grant_id from, struct grant_id to);
/* The event opens nothing: its request need not wait. */
void reply_closed(struct gate *gate, struct grant_id id);

/* A grant whose lane did not open: nobody went through. */
void lane_not_opened(struct gate *gate, struct name lane, struct grant_id grant, const char *why);
/* A grant at a lane without a sensor: it counts as taken. */
void lane_unsensed(struct gate *gate, struct name lane, enum lane_direction direction,
                   struct grant_id grant, const char *note);

/* --- terminals.c --- */

struct face_terminal_sink terminals_sink(struct gate *gate);
/* The terminal whose relay opens this lane; NULL: none does. */
const struct gate_reader *terminal_of_lane(const struct gate *gate, struct name lane);
/* Lets a terminal open: by the answer it waits for (ask), or (0) of our own accord. Says in an
 * event when that cannot be. */
void terminal_open(struct gate *gate, struct asker asker, struct name lane, struct grant_id id,
                   struct mono expires);
/* Tells a terminal that asks that it is not to open. */
void terminal_deny(struct gate *gate, struct asker asker, struct name lane, struct grant_id id);
/* A terminal says that it unlocked its door: with our answer that is what was meant, else an event
 * `unasked`. Errors as driver_sink.reading. */
MUST_CHECK enum err terminal_unlocked(struct gate *gate, const struct gate_reader *reader,
                                      const struct seen_mark *mark, struct fault *fault);
/* The controller's orders about subjects. */
void terminals_heard(struct gate *gate, const Parkgate__Subjects *subjects);
void terminals_tick(struct gate *gate);

/* --- commands.c --- */
void command_heard(struct gate *gate, const Parkgate__Command *command);
void command_committed(struct gate *gate, const struct after *after, bool durable);

/* --- uplink.c, backlog.c --- */

/* Connects. Errors as controller_link_create(). */
MUST_CHECK enum err uplink_begin(struct gate *gate, struct fault *fault);
void uplink_end(struct gate *gate);
void uplink_tick(struct gate *gate);
/* One message of the controller; ctx: the gate. */
void uplink_heard(void *ctx, uint16_t kind, const ProtobufCMessage *message);
/* Sends an event that has just been written. */
/* Rows of the park in parts. Kept: false, and all are dropped, when a part is not the next one. */
bool uplink_config_kept(struct config_parts *parts, const Parkgate__Config *config);
bool uplink_config_is_whole(const struct config_parts *parts);
/* Makes them the gate's rows; frees nothing. ERR_FULL, ERR_IO: the disk does not take them.
 * ERR_INPUT: they are no rows. The rows are as they were then. */
MUST_CHECK enum err uplink_config_store(struct gate *gate, const struct config_parts *parts,
                                        struct fault *fault);
void uplink_config_drop(struct config_parts *parts);
void uplink_send_live(struct gate *gate, struct grant_id id);
/* ERR_BUSY: not sent. ERR_OK also for an event that cannot be read: it is set aside. */
MUST_CHECK enum err backlog_send(struct gate *gate, struct grant_id id, struct fault *fault);
void backlog_restart(struct gate *gate, struct mono now);
void backlog_missed(struct gate *gate, struct grant_id id);
void backlog_turn(struct gate *gate, struct mono now);
void backlog_answered(struct gate *gate, const Parkgate__Ack *ack);
void backlog_new_epoch(struct gate *gate, uint32_t epoch);

/* --- devices.c --- */

/* Creates drivers and port; configures them by the stored rows. */
MUST_CHECK enum err devices_begin(struct gate *gate, struct fault *fault);
/* Ends what devices ask of us; what became of it is staged. */
void devices_hang_up(struct gate *gate);
void devices_end(struct gate *gate);
/* Reads the stored rows again and applies what changed. */
void devices_apply(struct gate *gate);
void devices_tick(struct gate *gate);
/* NULL: not configured. */
/* The first line of a secret file. ERR_IO, ERR_INPUT (empty), ERR_REFUSED (others may read it). */
MUST_CHECK enum err device_secret_read(const char *path, char *out, size_t size,
                                       struct fault *fault);
struct gate_device *device_find(struct gate *gate, struct name name);
void device_state_heard(struct gate *gate, struct name name, enum device_state state,
                        const char *what);

/* Closes the connection and begins anew, with the keys of now. */
void uplink_renew(struct gate *gate);

/* --- rekey.c --- */

/* The key that the controller answers by. ERR_INPUT: agent.conf has none. */
MUST_CHECK enum err rekey_begin(struct gate *gate, struct link_key *ret_server,
                                struct fault *fault);
void rekey_heard(struct gate *gate, const Parkgate__Rekey *message);
void rekey_tick(struct gate *gate);
/* Nothing is heard: perhaps the controller answers by its next key already. */
void rekey_server_silent(struct gate *gate);
/* WELCOME came by the key that is in use. */
void rekey_welcomed(struct gate *gate);

/* --- recalling.c --- */

/* Gives the next slice of what the outbox keeps. */
void recalling_heard(struct gate *gate, const Parkgate__Recall *asked);
/* recalling_rows.c: the next slice of what its copy says of holders, and of whom a read is. What
 * this gives lies in `out`; empty: nothing is known. */
void recalling_rows_heard(struct gate *gate, const Parkgate__Recall *asked);
ProtobufCBinaryData recalling_credential(struct gate *gate, uint32_t kind,
                                         ProtobufCBinaryData event,
                                         uint8_t out[RECALL_CREDENTIAL_MAX]);
/* Whether the controller recovers, by its last word. */
void recalling_told(struct gate *gate, bool recovering);

/* --- recovery_key.c --- */

/* The key that was told last. ERR_INPUT: it is damaged. */
MUST_CHECK enum err recovery_key_begin(struct gate *gate, struct fault *fault);
/* WELCOME says it; empty from a controller of the version before. A new one is kept, and all day
 * keys that are there are closed to it. */
void recovery_key_told(struct gate *gate, struct bytes key);

/* --- clock_watch.c --- */

/* Once the outbox can be written to, and then every tick. */
void clock_watch_begin(struct gate *gate);
void clock_watch_tick(struct gate *gate);

/* --- outbox_room.c --- */

/* May one more event be recorded? Reads at entries only while the outbox is not full; what follows
 * them, exits and devices have LIMIT_OUTBOX_RESERVE above that (ERR_FULL when it is used up). */
bool outbox_takes_entries(struct gate *gate);
MUST_CHECK enum err outbox_takes(struct gate *gate, struct fault *fault);
/* Something was done without an event: it is counted, and told when there is room. */
void outbox_unrecorded(struct gate *gate, enum lane_direction direction);
/* All of it goes with the batch that is to be written. */
void outbox_count_in(struct gate *gate);
/* Looks how full it is; says what was unrecorded once there is room. */
void outbox_tick(struct gate *gate);
/* Answered rows make room, oldest first. */
void outbox_make_room(struct gate *gate);
/* How many thousandths of it are taken by events that are not answered; 0 when it cannot be read.
 */
uint32_t outbox_permille(struct gate *gate);
uint64_t outbox_most_rows(const struct gate *gate);

/* --- recover.c --- */

/* Closes the presentations that a crash left open. What cannot be written now keeps nobody from
 * leaving: the gate goes on, and recover_again() tries again. */
void recover(struct gate *gate);
void recover_again(struct gate *gate);

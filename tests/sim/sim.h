/* sim: a park in one process, one thread and one seed: the controller, gates with their boards and
 * readers, links, clocks, disks, arms and people.
 *
 * Controller, gates and boards are the daemons' own object files. What stands in for the outermost
 * shell: LMDB's calls (memory_lmdb), the loop, ZeroMQ's client (wire), the helpers' socket (port),
 * the log. Everything that happens is an event of one queue; time goes from one to the next.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/entropy.h"
#include "common/base/ids.h"
#include "common/base/must.h"
#include "common/link/key.h"
#include "common/link/link.h"
#include "schema/grant.h"
#include "schema/kinds.h"

#define MS     INT64_C(1000)
#define SECOND INT64_C(1000000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)

/* Monday, 2 March 2026, ends then in the park. */
#define FIRST_NIGHT      (INT64_C(1772467200) * SECOND)
#define FIRST_NIGHT_DATE "2026-03-02"

enum {
    GATES_MAX = 100,
    LANES_A_GATE = 2, /* one in, one out */
    LANES_MAX = GATES_MAX * LANES_A_GATE,
    PEOPLE_MAX = 20000,
    SIM_PATH_SIZE = 200,
    PLATES = 13,
    PLATE_GATES = 2, /* so many gates have a lane for vehicles */
};

/* --- random: splitmix64, one stream a purpose, so that one more draw here moves nothing there ---
 */

struct random {
    uint64_t state;
};
uint64_t random_next(struct random *random);
/* 0..below-1 */
uint64_t random_below(struct random *random, uint64_t below);
/* from..to */
int64_t random_between(struct random *random, int64_t from, int64_t to);
bool random_chance(struct random *random, unsigned per_mille);

/* --- what is asked for --- */

struct plan {
    uint64_t seed;
    int64_t hours; /* simulated */
    unsigned gates, people;
    bool calm;        /* no faults */
    bool rush;        /* people come every few minutes, else as in a working day */
    int64_t fails_at; /* fails on purpose so many seconds after its begin; 0: it does not */
    bool verbose;     /* tells what happens */
};

/* --- time and events --- */

typedef void event_run(void *ctx, uint64_t a, uint64_t b);

struct sim {
    struct plan plan;
    int64_t now; /* true time: microseconds since 1970 */
    int64_t began, ends;
    bool healing; /* faults are over, all is to come to rest */
    struct random chance;
    char dir[SIM_PATH_SIZE];
    uint64_t events;
    uint64_t digest; /* of everything that was seen from outside */
};
extern struct sim sim;

/* Runs `run` at `at` (not before now). Equal times run in the order in which they were asked for.
 */
void sim_at(int64_t at, event_run *run, void *ctx, uint64_t a, uint64_t b);
static inline void sim_after(int64_t us, event_run *run, void *ctx, uint64_t a, uint64_t b)
{
    sim_at(sim.now + us, run, ctx, a, b);
}
/* The same; `ctx` is of the heap, and freed when the event is forgotten. */
void sim_at_owned(int64_t at, event_run *run, void *ctx, uint64_t a, uint64_t b);
/* Runs one event. False: there is none before `until`. */
bool sim_step(int64_t until);
void sim_forget_events(void);
void sim_note(const char *what, uint64_t a,
              uint64_t b); /* into the digest, and told when verbose */
/* An invariant does not hold: says what and where, with the command that plays it again; ends. */
__attribute__((noreturn, format(printf, 2, 3))) void sim_fail(const char *invariant,
                                                              const char *format, ...);
void sim_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* --- machines: what has a clock, a power plug and disks --- */

struct machine {
    char name[16];
    char dir[SIM_PATH_SIZE]; /* its disks begin with it */
    bool on;                 /* its process runs */
    bool dying;              /* it ends once this event is over; nothing leaves it any more */
    unsigned effects_left;   /* until it dies; 0: no such plan */
    int64_t booted;
    int64_t offset;    /* of its wall clock */
    int64_t drift_ppm; /* since `set` */
    int64_t set;
    int64_t stalled_until; /* hangs: SIGSTOP, or a disk that is slow */
    bool disk_full;
    int64_t sick_until;  /* its disk was not well, and it may still suffer */
    unsigned disk_fails; /* so many commits fail */
    struct random random;
    struct clock clock;
    struct entropy entropy;
};

void machine_init(struct machine *machine, const char *name, uint64_t stream);
struct wall machine_wall(const struct machine *machine);
struct mono machine_mono(const struct machine *machine);
/* Something leaves the machine, or is made durable. False: it does not, for the machine is dead. */
bool machine_effect(struct machine *machine);
/* The machine whose disk or process this path belongs to; NULL: none. */
struct machine *machine_of_path(const char *path);
/* Whose code runs just now; NULL: none. */
extern struct machine *machine_now;

/* --- the controller --- */

struct machine *controller_machine(void);
void controller_reset(void);
void controller_begin(bool with_genesis);
/* Ends the process; with `power` also what its disk had not synced. */
void controller_crash(bool power);
void controller_frame(const struct link_peer *peer, const struct link_key *key, struct bytes frame);
bool controller_lets_in(const struct link_key *key);
/* Asks as the first admin, up to a NULL: names and values. The error number; 0 done. `ret_note`
 * (may be NULL) gets the value of the note `note`. */
unsigned controller_ask(const char *note, char *ret_note, size_t note_size, const char *verb, ...);
/* The first admin's, as another person agreed to it (tests/unit/controller/agreed.h). */
unsigned controller_agreed(const char *verb, ...);
/* The same as somebody else. */
unsigned controller_ask_as(const struct link_key *key, const char *note, char *ret_note,
                           size_t note_size, const char *verb, ...);
const struct link_key *controller_admin(void);
/* A frame of a station's connection. */
void controller_station(const struct link_peer *peer, const struct link_key *key,
                        struct bytes frame);
void controller_enrol(unsigned gate, const char *code);
struct store *controller_store(void);
struct store *controller_keys(void);
struct journal_place {
    uint64_t sequence;
    uint8_t hash[32];
};
struct journal_place controller_head(void);
/* The batch that is open. */
void controller_rest(void);
struct park;
const struct park *controller_park(void);

/* --- gates --- */

struct gate_facts {
    uint32_t epoch;
    uint64_t last_sequence, pending, applied, config_version;
    bool linked; /* WELCOME came and the controller is heard */
};
struct gate_decision {
    bool dead;  /* the gate's process does not run: not looked */
    bool found; /* a durable event of that place */
    bool acted; /* ... with a durable verdict */
    uint32_t kind, outcome;
    bool own; /* the gate's own verdict */
};

void gates_reset(void);
struct machine *gate_machine(unsigned gate);
void gate_boot(unsigned gate);
void gate_crash(unsigned gate, bool power);
/* Its outbox and all else on its disk is lost. The machine must be off. */
void gate_wipe(unsigned gate);
bool gate_look(unsigned gate, struct gate_facts *ret_facts);
/* As it stands on the gate's disk. */
struct gate_decision gate_decision_of(unsigned gate, struct grant_id id);
/* Since when its process runs; INT64_MAX: it does not. */
int64_t gate_up_since(unsigned gate);
/* Of its copy; 0: it has none, or its process does not run. */
uint64_t gate_copy_sequence(unsigned gate);
/* Everything that the loop has to do now. */
void gate_turn(unsigned gate);
const struct link_key *gate_key(unsigned gate);
/* A card is shown. */
void gate_show_card(unsigned gate, unsigned lane, const uint8_t *uid, size_t size);

/* A camera reads this plate. */
void gate_show_plate(unsigned gate, unsigned plate);

/* --- links between gates and the controller --- */

void wires_reset(void);
/* The connection breaks: what is under way is lost, but for a part that had arrived. */
void wire_break(unsigned gate);
/* Nothing passes until then. One way: 1 only to the controller, 2 only from it, 3 both. */
void wire_cut(unsigned gate, int64_t until, unsigned ways);
/* Slow from now on: up to so much for each frame. */
void wire_slow(unsigned gate, int64_t most_us);
/* Frames are lost, doubled, overtaken one by one until then. */
enum oddity { WIRE_LOSES = 1, WIRE_DOUBLES = 2, WIRE_OVERTAKES = 4 };
void wire_is_odd(unsigned gate, int64_t until, unsigned oddities);
void wires_heal(void);
/* Of the controller's process. */
void wires_controller_gone(void);
bool wire_is_up(unsigned gate);
/* Since when the line has worked without a break; INT64_MAX: it does not. */
int64_t wire_up_since(unsigned gate);
/* When it last got anything from the controller; 0: never. */
int64_t wire_heard_at(unsigned gate);
/* Whose connection it is; GATES_MAX: nobody's any more. */
unsigned wire_of_peer(const struct link_peer *peer);
void wire_to_gate(const struct link_peer *peer, struct bytes frame);

/* --- helpers and boards --- */

void boards_reset(void);
/* The process of a gate's board ends; another one follows by itself. `power`: what it was writing
 * is lost. */
void board_crash(unsigned gate, bool power);
/* Its files are lost. */
void board_forget(unsigned gate);
/* Between the board's process and the board: nobody answers. */
void board_mute(unsigned gate, bool mute);
void boards_heal(void);
/* Somebody is at the arm: it can be turned. */
bool arm_is_free(unsigned gate, unsigned lane);
/* For everybody, by fire. */
bool arm_is_held(unsigned gate, unsigned lane);
/* Turns it; `person` PEOPLE_MAX: nobody known. */
void arm_turn(unsigned gate, unsigned lane, unsigned person, bool sure, bool tailgates);
void arm_press(unsigned gate, unsigned lane);

/* --- fires.c --- */

void fires_reset(void);
/* The panel's loop at this gate's board opens for so long; then the key is turned. */
void fire_begin(unsigned gate, int64_t lasts);
bool fire_is_open(unsigned gate); /* not reset yet */
/* Its entry must not open now. */
bool fire_shuts(unsigned gate);
uint64_t fires_count(void);
bool fires_any(void);
/* No fire, and no exit is held. */
bool fires_are_over(void);

/* --- people --- */

struct person {
    char handle[HANDLE_TEXT_SIZE];
    uint8_t uid[4];
    unsigned tenant; /* 0 acme, 1 beta */
    bool night;
    bool inside;        /* where he thinks he is */
    int64_t revoked_at; /* the controller said yes to it; INT64_MAX: it never did */
    int64_t ends;       /* his badge does; INT64_MAX: never */
    bool unknown;       /* has no badge of this park */
};
void people_reset(void);
void people_begin(void);
unsigned people_count(void);
struct person *person_of(unsigned number);
/* In hex. */
void person_uid(unsigned number, char out[16]);
/* His identity number; half of those who have a badge gave theirs. */
bool person_has_id(unsigned number);
void person_id(unsigned number, char out[20]);
/* PEOPLE_MAX: nobody's. */
unsigned person_by_uid(const uint8_t *uid, size_t size);

/* PLATES: none of them (plates.c). */
unsigned plate_of(const uint8_t *text, size_t size);

/* --- counts.c: the headcount --- */

void counts_reset(void);
/* A passage that counts; `order` decides between equal times. */
void counts_add(unsigned person, int64_t at, uint64_t order, bool out);
/* Would an entry of this person now count for this day, or did one at which he went in? For whom
 * nobody knows it is the park's date. */
bool counts_know_day(unsigned person, int64_t at, int32_t day);
/* Something changed since it was compared last. */
bool counts_are_new(void);
/* Compares the controller's tables with it. */
void counts_check(bool changed_only);
uint64_t counts_checks(void);

/* --- roster.c: the operator --- */

enum forbidding { FORBIDS_BADGE, FORBIDS_PERSON, FORBIDS_TENANT, FORBIDS_LANE };
void roster_reset(void);
void roster_begin(void);
/* Something was ever said about this person, his tenant or this entry. */
bool roster_touched(unsigned person, unsigned gate);
/* Why nobody may let this person in at this gate who knows the journal up to `sequence`; NULL:
 * nothing that is known for sure. */
const char *roster_forbids(unsigned person, unsigned gate, uint64_t sequence);
/* Of the journal, when the operator last changed anything. */
uint64_t roster_last_sequence(void);

/* --- entries.c: what must hold when a way in opens --- */

struct entry_shown {
    unsigned person; /* who showed a card last; PEOPLE_MAX: nobody */
    int64_t at;
    uint64_t sequence; /* of the gate's copy then */
    bool stands;       /* a grant of his that was not used */
    int64_t granted_at;
};
void entries_reset(void);
void entry_opens(unsigned gate, const struct entry_shown *shown, struct grant_id grant);
/* It did not open for him. */
void entry_refused(unsigned gate, const struct entry_shown *shown);
/* The controller's verdict left. */
void entry_granted(unsigned gate, unsigned person);
/* How many were let in by a gate that was alone. */
uint64_t entries_alone(void);
/* Of this seed's park. */
int64_t entries_lease_us(void);

/* --- faults --- */

void faults_begin(void);
void faults_end(void);
const char *faults_count(void);

/* --- truth: what must hold --- */

void truth_reset(void);
/* A turn of an arm. Returns its number. */
unsigned truth_turned(unsigned gate, unsigned lane, unsigned person, bool sure, bool tailgates);
/* The board saw all turns of this lane up to now, at this time of its clock. */
void truth_sensed(unsigned gate, unsigned lane, struct wall at);
/* Turns of this gate that nobody may have noted: they need not be counted. */
void truth_unsure(unsigned gate);
/* Only those that the board has not seen yet. */
void truth_unseen(unsigned gate);
/* Its agent ended, and with it what it could not write. */
void truth_agent_gone(unsigned gate);
/* Its box lost its disk: events that the controller has not are gone. */
void truth_wiped(unsigned gate);
/* Fire holds the lane open: whose turn it is cannot be known. */
void truth_released(unsigned gate, unsigned lane);
void truth_shown(unsigned gate, unsigned lane, unsigned person);
void truth_pressed(unsigned gate, unsigned lane);
/* Who showed a card at this entry last goes away: it did not open. */
void truth_refused(unsigned gate);
/* A relay was switched on. `why`: what the board's process did just now. */
enum pulse_why { PULSE_NONE = 0, PULSE_OPEN, PULSE_ANSWER, PULSE_ALONE, PULSE_NEXT };
void truth_pulsed(unsigned gate, unsigned lane, enum pulse_why why, struct grant_id grant);
/* An event on its way to the controller's process, as it was handed over. */
void truth_delivered(unsigned gate, struct bytes packed);
/* The controller's answer as it left. */
void truth_answered(unsigned gate, uint32_t epoch, uint64_t sequence, uint32_t answer,
                    uint32_t error);
/* The controller says that it has all up to there. */
void truth_welcomed(unsigned gate, uint32_t epoch, uint64_t applied);
/* What an event that was handed over told of; false: it never was. */
struct truth_read {
    unsigned person, plate, lane; /* PEOPLE_MAX, PLATES: none of them */
    int64_t captured;
};
bool truth_read(unsigned gate, uint32_t epoch, uint64_t sequence, struct truth_read *ret);
/* A verdict as it left. */
void truth_verdict(unsigned gate, uint32_t epoch, uint64_t sequence, uint32_t outcome);
/* After the end of a turn of the controller in which nothing is left open. */
void truth_check(void);
void truth_controller_back(void);
/* All is at rest. */
void truth_end(void);
const char *truth_counts(void);
bool truth_is_settled(void);
/* Prints events that were handed over and not answered. */
void truth_say_open(void);

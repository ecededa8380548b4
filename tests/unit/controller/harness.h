/* harness: a whole controller without its shell, for tests.
 *
 * A park with two gates in Asia/Shanghai, real stores in a temporary directory, a clock that only
 * the test moves, seeded random bytes, and an outlet that keeps every frame in the order in which
 * it left, each with the journal's committed head at that moment. Everything here fails the running
 * test when something is not as said.
 *
 * The park: zone yard; in it hall (at most 3 persons), bonded (class authenticated) and depot (open
 * by schedule "depot-hours"). Gate gate-a: a-in, a-out, a-hall (yard to hall), a-bonded, a-depot,
 * a-both, a-bare (no sensor), a-truck (vehicles, a camera). Gate gate-b: b-in, b-out. Tenants acme
 * (cut 06:00) and beta (cut 04:00) everywhere but bonded is acme's alone; solo has only yard.
 * Shifts day 08-17 and night 22-07, both with 30 minutes of margin. 2026-05-01 is a holiday.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/access/credential.h"
#include "common/access/decide.h"
#include "common/base/must.h"
#include "common/facts/tables.h"
#include "controller/app/turn.h"
#include "controller/journal/journal.h"
#include "schema/agent.pb-c.h"
#include "schema/envelope.h"
#include "schema/kinds.h"
#include "schema/operator.pb-c.h"
#include "schema/park.pb-c.h"
#include "schema/record.pb-c.h"
#include "schema/verbs.h"

enum { SENT_MAX = 16384, PARK_ROWS_MAX = 128, PARK_BYTES_MAX = 32 * 1024, TABLE_DIGEST_SIZE = 65 };

#define MS_US     INT64_C(1000)
#define SECOND_US INT64_C(1000000)
#define MINUTE_US (60 * SECOND_US)

/* A frame that left the controller. */
struct sent {
    enum port port;
    struct link_peer peer;
    uint8_t version;
    uint16_t kind;
    uint64_t sequence;      /* of the envelope */
    uint64_t committed;     /* the journal's durable head when it left */
    ProtobufCMessage *body; /* owned by the world */
};

/* Rows of a park file, packed. */
struct park_rows {
    size_t count, used;
    ProtobufCBinaryData row[PARK_ROWS_MAX];
    uint8_t bytes[PARK_BYTES_MAX];
};

struct world {
    char dir[64];
    char store_dir[96], keys_dir[96];
    struct store *store, *keys;
    uint64_t random; /* state of the seeded source */
    struct entropy entropy;
    struct in_work in_work;
    struct controller *ctl;
    struct wall now;
    struct mono mono;
    struct link_key admin;
    struct index_keys index_keys; /* that a controller is made with */
    uint64_t last_request;
    Parkgate__Reply *reply; /* the newest answer */
    size_t sent_count;
    struct sent sent[SENT_MAX];
    uint64_t jobs; /* started */
    uint64_t last_job;
    char job_name[32];
    struct park_rows rows;
};

/* Called for every frame as it leaves, where the program defines it: what the frame promises must
 * hold from then on. */
__attribute__((weak)) void world_sees(const struct sent *sent);

struct world_options {
    uint64_t seed;         /* 0: 1 */
    int64_t start_us;      /* 0: MORNING */
    size_t map_size;       /* 0: the store's default */
    const char *time_zone; /* NULL: Asia/Shanghai */
};

/* Tuesday 2026-03-03, midnight in Shanghai (UTC+8); the tests' clock begins at 07:50. */
enum { TUESDAY = 20515 };
int64_t at_shanghai(int32_t day, int hour, int minute); /* day: days since 1970 */
#define MORNING at_shanghai(TUESDAY, 7, 50)

struct world *world_open(const struct world_options *options);
void world_close(struct world *w);
/* cmocka's: a world of no options in *state. */
int world_setup(void **state);
int world_teardown(void **state);
/* Ends the controller, as a crash would, and makes a new one over the same stores. */
void world_restart(struct world *w);

/* Moves both clocks. */
void world_pass(struct world *w, int64_t us);
/* Lets 5 ms go by, 20 after slices of an import alone, and ends the turn: what is open is committed
 * and answered. */
void world_turn(struct world *w);

/* Of the harness's own parts. */
void forget_reply(struct world *w);
void remove_tree(const char *path);
static inline char *text_of(const char *text)
{
    return (char *)(uintptr_t)text;
}

/* --- the park --- */

void rows_add(struct park_rows *rows, uint32_t kind, const char *name,
              const ProtobufCMessage *body);
/* The body of a row, unpacked; free with store_message_destroy(). Fails when there is none. */
ProtobufCMessage *rows_get(const struct park_rows *rows, uint32_t kind, const char *name,
                           const ProtobufCMessageDescriptor *descriptor);
/* Puts it in place of the row of that kind and name, if there is one. */
void rows_put(struct park_rows *rows, uint32_t kind, const char *name,
              const ProtobufCMessage *body);
/* Brings the running park to w->rows, as an admin's `apply` does. */
void park_apply(struct world *w);
/* The standard park. */
void rows_of_park(struct park_rows *rows, const char *time_zone);

/* --- gates --- */

struct gate {
    const char *name;
    struct link_key key;
    struct link_peer peer;
    uint8_t store_id[16];
    uint32_t epoch;
    uint64_t sequence; /* of the last event */
    uint8_t version;   /* spoken */
    struct seal_hash last_digest;
    size_t last_size; /* the last frame as sent, to send it again */
    uint8_t last_frame[8192];
};

struct link_key key_of(uint8_t number);
struct link_peer peer_of(uint8_t number);
/* Enrols and says HELLO: the gate is online and its outbox empty. */
void gate_join(struct world *w, struct gate *gate, const char *name, uint8_t number);
/* The one-time code of a gate's enrolment, for the reply of agent.enroll. */
void gate_enrol(struct world *w, const char *name, struct link_key key);
/* The box's side of it; fails unless the code is good. */
void gate_use_code(struct world *w, const char *name, struct link_key key, const char *code);
/* A HELLO that says what the gate is; the caller may change it. Body borrowed from the gate. */
Parkgate__Hello gate_hello_message(struct world *w, struct gate *gate);
/* Sends it and ends the turn. The answer, WELCOME or HELLO_REFUSED, is the newest frame of that
 * kind. */
void gate_send_hello(struct world *w, struct gate *gate, const Parkgate__Hello *hello);

/* Any frame of the gate. */
void gate_send(struct world *w, struct gate *gate, uint16_t kind, uint64_t sequence,
               const ProtobufCMessage *body);
void world_frame(struct world *w, enum port port, struct link_key key, struct link_peer peer,
                 struct bytes frame);

/* Events. Each gets epoch, the next sequence and times of now, is sent, and the turn goes on open:
 * world_turn() commits. Each returns the sequence. */
uint64_t gate_event(struct world *w, struct gate *gate, Parkgate__Event *event);
/* Sends the last event's frame again, byte for byte. */
void gate_again(struct world *w, struct gate *gate);
uint64_t gate_badge(struct world *w, struct gate *gate, const char *lane, const char *uid_hex);
uint64_t gate_plate(struct world *w, struct gate *gate, const char *lane, const char *plate,
                    const char *raw);
uint64_t gate_passage(struct world *w, struct gate *gate, const char *lane, uint64_t presentation,
                      uint32_t passage);
/* A badge read, its verdict, and the passage, all committed. Fails unless granted. */
void gate_walk(struct world *w, struct gate *gate, const char *lane, const char *uid_hex);

/* --- what left --- */

/* The newest frame of this kind; NULL: none since sent_forget(). */
const struct sent *sent_last(const struct world *w, uint16_t kind);
size_t sent_count(const struct world *w, uint16_t kind);
void sent_forget(struct world *w);
/* The verdict on a sequence: outcome in *ret_outcome, the reason returned. Fails when there is
 * none. */
uint32_t verdict_of(const struct world *w, uint64_t sequence, uint32_t *ret_outcome);
bool has_verdict(const struct world *w, uint64_t sequence);
/* The answers to a sequence, newest last: enum event_answer; 0: none. *ret_error may be NULL. */
uint32_t answer_of(const struct world *w, uint64_t sequence, uint32_t *ret_error);
size_t answers_to(const struct world *w, uint64_t sequence);

#define assert_granted(w, sequence, why) assert_verdict(w, sequence, OUTCOME_GRANT, why)
#define assert_denied(w, sequence, why)  assert_verdict(w, sequence, OUTCOME_DENY, why)
#define assert_verdict(w, sequence, want_outcome, why)                                             \
    do {                                                                                           \
        uint32_t outcome_ = 99;                                                                    \
        assert_int_equal(verdict_of((w), (sequence), &outcome_), (why));                           \
        assert_int_equal(outcome_, (want_outcome));                                                \
    } while (0)

/* --- operators --- */

/* The admin's, as another person agreed to it (agreed.h); what refuses it fails the test. */
void agreed(struct world *w, const char *verb, ...);
/* Asks with a key and pairs of argument and value up to a NULL, and commits. The reply is borrowed
 * until the next question; NULL: none came. */
const Parkgate__Reply *ask(struct world *w, struct link_key key, const char *verb, ...);
/* The same with rows. */
const Parkgate__Reply *ask_rows(struct world *w, struct link_key key, const char *verb,
                                const ProtobufCBinaryData *rows, size_t count, ...);
/* As ask_rows, but ends no turn and has no answer yet. */
void send_rows(struct world *w, struct link_key key, const char *verb,
               const ProtobufCBinaryData *rows, size_t count, ...);
/* As admin; fails unless done. */
#define admin(w, ...) assert_done(ask((w), (w)->admin, __VA_ARGS__))
const Parkgate__Reply *assert_done(const Parkgate__Reply *reply);
/* A note's value, kept until 16 further notes were asked for; fails when there is none. */
const char *note(const Parkgate__Reply *reply, const char *name);
size_t row_count(const Parkgate__Reply *reply);
/* A cell by row and column id; kept like notes. */
const char *cell(const Parkgate__Reply *reply, size_t row, const char *column);
/* The row whose `column` is `value`; SIZE_MAX: none. */
size_t row_with(const Parkgate__Reply *reply, const char *column, const char *value);
#define assert_refused(reply, number) assert_int_equal((reply)->error, (number))

/* The number by which people are told of an alert. */
uint64_t label_of(struct world *w, uint64_t alert);

/* Adds a key of this role; scope may be NULL. The key is key_of(number). */
struct link_key operator_key(struct world *w, uint8_t number, const char *role, const char *tenant,
                             const char *lanes, const char *hours);
/* A person of the tenant with a badge and, unless shift is NULL, an assignment from Monday to the
 * end of March 2026. Writes the handle as text to out unless NULL. */
void person_with_badge(struct world *w, const char *tenant, const char *name, const char *uid,
                       const char *shift, char out[HANDLE_TEXT_SIZE]);

/* --- the journal and the tables --- */

struct journal_head head_of(struct world *w);
/* Entries of this kind behind `after`. */
size_t entries_of(struct world *w, uint32_t kind, uint64_t after);
/* The body of the newest entry of this kind; fails when there is none. Freed by the caller. */
ProtobufCMessage *newest_entry(struct world *w, uint32_t kind,
                               const ProtobufCMessageDescriptor *descriptor);
/* Faults noted or raised of this word behind `after`. */
size_t faults_of(struct world *w, const char *word, uint64_t after);

/* SHA-256 over name, keys and values of every table that has a row, but the journal, as hex. */
void tables_digest(struct store *store, char out[TABLE_DIGEST_SIZE]);
struct store *empty_store(const char *dir);
/* Applies every entry to the empty store, checking the chain. Returns how many. */
uint64_t replay_into(struct store *from, struct store *to);
/* Fails at the first table, key or value that differs. */
void assert_same_tables(struct store *a, struct store *b);
/* Replays w's journal into a new store and compares; returns the number of entries. */
uint64_t assert_replays(struct world *w);

#define WORLD_TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

/* Goal: fire and evacuation have one winner, hold at every gate until it shows that it knows,
 * survive a restart and end only as they may. Method: a whole controller without its shell, boards
 * played by events of their gates. */
#include "tests/unit/controller/harness.h"

#include <signal.h>
#include <sys/resource.h>

#include "common/facts/emergency_store.h"
#include "controller/app/batch.h"
#include "controller/app/emergency.h"

#define LI "04010203"

struct fire {
    struct world *w;
    struct gate a, b;
};

static struct fire begin(void **state)
{
    struct fire f = {.w = *state};
    gate_join(f.w, &f.a, "gate-a", 1);
    gate_join(f.w, &f.b, "gate-b", 2);
    person_with_badge(f.w, "acme", "Li Wei", LI, "day", NULL);
    return f;
}

static void word_at(struct fire *f, struct gate *gate, const char *board, uint32_t change,
                    int64_t ago_us)
{
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    event.kind = EVENT_FIRE;
    event.reader = text_of(board);
    event.fire = change;
    event.received_us = f->w->now.us - ago_us;
    event.captured_us = event.received_us;
    (void)gate_event(f->w, gate, &event);
    world_turn(f->w);
}

static void word(struct fire *f, struct gate *gate, const char *board, uint32_t change)
{
    word_at(f, gate, board, change, 0);
}

static void beat(struct fire *f, struct gate *gate, uint64_t shown, uint64_t pending)
{
    Parkgate__Heartbeat message = PARKGATE__HEARTBEAT__INIT;
    message.wall_us = f->w->now.us;
    message.emergency = shown;
    message.pending = pending;
    gate_send(f->w, gate, MESSAGE_HEARTBEAT, 0, &message.base);
    world_turn(f->w);
}

static void expect_state(struct fire *f, const char *state)
{
    assert_string_equal(note(admin(f->w, "emergency.show", NULL), "emergency"), state);
}

static const Parkgate__Emergency *told(struct fire *f)
{
    const struct sent *sent = sent_last(f->w, MESSAGE_EMERGENCY);
    assert_non_null(sent);
    return (const void *)sent->body;
}

static uint32_t read_at(struct fire *f, struct gate *gate, const char *lane)
{
    uint32_t outcome = 99;
    world_pass(f->w, MINUTE_US);
    uint32_t reason = verdict_of(f->w, gate_badge(f->w, gate, lane, LI), &outcome);
    world_turn(f->w);
    return reason;
}

static void fire_of_one_board_is_the_parks(void **state)
{
    struct fire f = begin(state);
    sent_forget(f.w);
    word(&f, &f.a, "board-a", FIRE_ON);
    assert_int_equal(sent_count(f.w, MESSAGE_EMERGENCY), 2); /* both gates, at once */
    assert_int_equal(told(&f)->state, EMERGENCY_FIRE);
    assert_int_equal(told(&f)->n_zone, 0);
    assert_string_equal(told(&f)->by, "gate-a/board-a");
    expect_state(&f, "fire");
    assert_int_equal(read_at(&f, &f.b, "b-in"), REASON_EMERGENCY_CLOSED);
    assert_int_equal(read_at(&f, &f.b, "b-out"), REASON_EXIT);
    const Parkgate__Reply *status = admin(f.w, "status", NULL);
    assert_string_equal(note(status, "state"), "fire");
    assert_string_equal(note(status, "emergency_entries"), "closed");
    assert_true(row_with(status, "fault", "fire") != SIZE_MAX);
    world_restart(f.w);
    expect_state(&f, "fire");
    (void)assert_replays(f.w);
}

static void told_after_the_commit_and_until_shown(void **state)
{
    struct fire f = begin(state);
    (void)assert_done(ask(f.w, f.w->admin, "emergency.start", "reason", "drill", NULL));
    const struct sent *sent = sent_last(f.w, MESSAGE_EMERGENCY);
    assert_non_null(sent);
    assert_true(sent->committed >= told(&f)->number);
    uint64_t number = told(&f)->number;
    sent_forget(f.w);
    beat(&f, &f.a, 0, 0);
    beat(&f, &f.b, number - 1, 0);
    assert_int_equal(sent_count(f.w, MESSAGE_EMERGENCY), 2);
    sent_forget(f.w);
    beat(&f, &f.a, number, 0);
    assert_int_equal(sent_count(f.w, MESSAGE_EMERGENCY), 0);
    Parkgate__Hello hello = gate_hello_message(f.w, &f.b);
    gate_send_hello(f.w, &f.b, &hello);
    assert_int_equal(sent_count(f.w, MESSAGE_EMERGENCY), 1);
    sent_forget(f.w);
    hello = gate_hello_message(f.w, &f.b);
    hello.emergency = number;
    gate_send_hello(f.w, &f.b, &hello);
    assert_int_equal(sent_count(f.w, MESSAGE_EMERGENCY), 0);
    const Parkgate__Reply *show = admin(f.w, "emergency.show", NULL);
    assert_string_equal(cell(show, row_with(show, "gate", "gate-b"), "taken"), "yes");
}

static void fire_wins_and_evacuation_stays(void **state)
{
    struct fire f = begin(state);
    (void)assert_done(
        ask(f.w, f.w->admin, "emergency.start", "zones", "hall", "reason", "gas", NULL));
    assert_int_equal(told(&f)->n_zone, 1);
    assert_int_equal(read_at(&f, &f.a, "a-hall"), REASON_EMERGENCY_CLOSED);
    assert_int_equal(read_at(&f, &f.a, "a-in"), REASON_GRANTED); /* the yard is around it */
    word(&f, &f.a, "board-a", FIRE_ON);
    expect_state(&f, "fire");
    assert_int_equal(told(&f)->n_zone, 0);
    word(&f, &f.a, "board-a", FIRE_INPUT_ENDED);
    expect_state(&f, "fire"); /* it latches */
    word(&f, &f.a, "board-a", FIRE_RESET);
    expect_state(&f, "evacuation");
    assert_int_equal(told(&f)->n_zone, 1);
    assert_string_equal(note(admin(f.w, "status", NULL), "state"), "evacuation");
    assert_int_equal(faults_of(f.w, "fire", 0), 2); /* begun and ended */
    (void)assert_done(ask(f.w, f.w->admin, "emergency.end", "reason", "over", NULL));
    expect_state(&f, "none");
    assert_int_equal(told(&f)->state, EMERGENCY_NONE);
    (void)assert_replays(f.w);
}

static void starting_again_widens(void **state)
{
    struct fire f = begin(state);
    struct world *w = f.w;
    (void)assert_done(ask(w, w->admin, "emergency.start", "zones", "hall", "reason", "x", NULL));
    assert_refused(ask(w, w->admin, "emergency.start", "zones", "hall", "reason", "x", NULL),
                   ERROR_SAME_STATE);
    (void)assert_done(ask(w, w->admin, "emergency.start", "zones", "depot", "reason", "x", NULL));
    assert_int_equal(told(&f)->n_zone, 2);
    (void)assert_done(ask(w, w->admin, "emergency.start", "reason", "x", NULL));
    assert_int_equal(told(&f)->n_zone, 0);
    assert_refused(ask(w, w->admin, "emergency.start", "zones", "hall", "reason", "x", NULL),
                   ERROR_SAME_STATE);
    assert_refused(ask(w, w->admin, "emergency.start", "zones", "moon", "reason", "x", NULL),
                   ERROR_NOT_FOUND);
    assert_refused(ask(w, w->admin, "emergency.end", NULL), ERROR_REASON_NEEDED);
}

static void a_fire_ends_when_no_board_says_fire(void **state)
{
    struct fire f = begin(state);
    struct world *w = f.w;
    word(&f, &f.a, "board-a", FIRE_ON);
    word(&f, &f.b, "board-b", FIRE_ON);
    assert_refused(ask(w, w->admin, "emergency.end", "reason", "x", NULL), ERROR_FIRE_STANDS);
    word(&f, &f.a, "board-a", FIRE_RESET);
    expect_state(&f, "fire");
    word(&f, &f.b, "board-b", FIRE_INPUT_ENDED);
    (void)assert_done(ask(w, w->admin, "emergency.end", "reason", "seen", NULL));
    expect_state(&f, "none");
    word(&f, &f.b, "board-b", FIRE_ON); /* again */
    expect_state(&f, "fire");
    word(&f, &f.b, "board-b", FIRE_RESET); /* the key switch of the last board */
    expect_state(&f, "none");
}

static void force_ends_it_over_a_gate_not_heard(void **state)
{
    struct fire f = begin(state);
    struct world *w = f.w;
    word(&f, &f.a, "board-a", FIRE_ON);
    world_pass(w, (LIMIT_SILENCE_MS + 1000) * MS_US);
    turn_tick(w->ctl);
    world_turn(w);
    assert_refused(ask(w, w->admin, "emergency.end", "reason", "x", NULL), ERROR_FIRE_UNHEARD);
    expect_state(&f, "fire");
    (void)assert_done(ask(w, w->admin, "emergency.end", "reason", "seen", "force", "yes", NULL));
    expect_state(&f, "none");
    assert_refused(ask(w, w->admin, "emergency.end", "reason", "x", NULL), ERROR_SAME_STATE);
}

/* Each character of it is three bytes, so that none ends where a buffer of 256 or 320 does. */
static void a_long_reason_is_kept_whole(void **state)
{
    struct fire f = begin(state);
    char reason[LIMIT_ARG_BYTES + 1] = "";
    char kept[2 * LIMIT_ARG_BYTES];
    for (size_t i = 0; i + 3 <= LIMIT_ARG_BYTES; i += 3) {
        memcpy(reason + i, "火", sizeof("火"));
    }
    word(&f, &f.a, "board-a", FIRE_ON);
    (void)assert_done(
        ask(f.w, f.w->admin, "emergency.end", "reason", reason, "force", "yes", NULL));
    (void)snprintf(kept, sizeof(kept), "over the word of board board-a: %s", reason);
    assert_string_equal(note(admin(f.w, "emergency.show", NULL), "reason"), kept);
    const Parkgate__Reply *events = admin(f.w, "events", "kind", "emergency", NULL);
    for (size_t i = 0; i < 2;
         i++) { /* a line of events has less room: it ends at a character's end */
        const char *text = cell(events, 1, i == 0 ? "text" : "text_zh");
        assert_string_equal(text + strlen(text) - 3, "火");
    }
    (void)assert_replays(f.w);
}

static void what_a_board_says_of_itself_is_said_in_both_languages(void **state)
{
    struct fire f = begin(state);
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    word(&f, &f.a, "board-a", FIRE_ON);
    event.kind = EVENT_FIRE;
    event.reader = text_of("board-a");
    event.fire = FIRE_RESET;
    event.note = text_of("by the key switch");
    event.received_us = event.captured_us = f.w->now.us;
    (void)gate_event(f.w, &f.a, &event);
    world_turn(f.w);
    const Parkgate__Reply *events = admin(f.w, "events", "kind", "fire", NULL);
    assert_string_equal(cell(events, 1, "text"), "board-a fire-reset by the key switch");
    assert_string_equal(cell(events, 1, "text_zh"), "board-a fire-reset 由复位钥匙复位");
}

static enum err start_in_many_zones(struct controller *ctl, void *ctx, struct fault *fault)
{
    char names[LIMIT_ZONES][NAME_SIZE];
    char *zones[LIMIT_ZONES];
    struct complaint c = {0};
    enum err err = ERR_OK;
    for (size_t i = 0; i < LIMIT_ZONES; i++) {
        (void)snprintf(names[i], NAME_SIZE, "a-zone-with-a-rather-long-nm-%02zu", i);
        zones[i] = names[i];
    }
    (void)snprintf(ctx, NAME_SIZE, "%s", names[LIMIT_ZONES - 1]);
    MUST(emergency_start(ctl, "test", zones, LIMIT_ZONES, "gas", &c, &err, fault));
    return err;
}

static void all_zones_are_shown(void **state)
{
    struct fire f = begin(state);
    char last[NAME_SIZE];
    batch_run(f.w->ctl, start_in_many_zones, last);
    world_turn(f.w);
    const char *zones = note(admin(f.w, "emergency.show", NULL), "zones");
    assert_int_equal(strlen(zones), LIMIT_ZONES * (strlen(last) + 1) - 1);
    assert_string_equal(zones + strlen(zones) - strlen(last), last);
}

/* The board burnt, or another box stands in its place: nobody will ever take its word back. */
static void force_passes_over_any_board_and_is_on_record(void **state)
{
    struct fire f = begin(state);
    struct world *w = f.w;
    word(&f, &f.a, "board-a", FIRE_ON);
    assert_refused(ask(w, w->admin, "emergency.end", "reason", "x", NULL), ERROR_FIRE_STANDS);
    (void)assert_done(ask(w, w->admin, "emergency.end", "reason", "burnt", "force", "yes", NULL));
    const Parkgate__Reply *show = admin(w, "emergency.show", NULL);
    assert_string_equal(note(show, "emergency"), "none");
    assert_string_equal(note(show, "reason"), "over the word of board board-a: burnt");
    word(&f, &f.a, "board-a", FIRE_ON); /* it burns all the same, and says so again */
    expect_state(&f, "fire");
    (void)assert_replays(w);
}

static void join_as_another_box(struct fire *f, struct gate *gate)
{
    memset(gate->store_id, 0xee, sizeof(gate->store_id));
    uint32_t before = gate->epoch;
    gate->epoch = 0;
    gate->sequence = 0;
    Parkgate__Hello hello = gate_hello_message(f->w, gate);
    gate_send_hello(f->w, gate, &hello);
    gate->epoch =
        ((const Parkgate__Welcome *)(const void *)sent_last(f->w, MESSAGE_WELCOME)->body)->epoch;
    assert_true(gate->epoch > before);
}

static void a_box_with_a_stolen_key_ends_no_fire(void **state)
{
    struct fire f = begin(state);
    word(&f, &f.a, "board-a", FIRE_ON);
    join_as_another_box(&f, &f.a);
    word(&f, &f.a, "board-a", FIRE_RESET);
    expect_state(&f, "fire");
    word(&f, &f.a, "board-a", FIRE_INPUT_ENDED);
    word(&f, &f.a, "board-a", FIRE_RESET);
    expect_state(&f, "fire");
    word(&f, &f.a, "board-a", FIRE_ON); /* its own does not make the older one its own */
    word(&f, &f.a, "board-a", FIRE_INPUT_ENDED);
    word(&f, &f.a, "board-a", FIRE_RESET);
    expect_state(&f, "fire");
    assert_refused(ask(f.w, f.w->admin, "emergency.end", "reason", "x", NULL), ERROR_FIRE_STANDS);
    (void)assert_done(
        ask(f.w, f.w->admin, "emergency.end", "reason", "seen", "force", "yes", NULL));
    word(&f, &f.a, "board-a", FIRE_ON); /* from now on it is that box's */
    word(&f, &f.a, "board-a", FIRE_INPUT_ENDED);
    word(&f, &f.a, "board-a", FIRE_RESET);
    expect_state(&f, "none");
    (void)assert_replays(f.w);
}

static void another_box_ends_no_fire_whose_reset_waits(void **state)
{
    struct fire f = begin(state);
    word(&f, &f.a, "board-a", FIRE_ON);
    word_at(&f, &f.a, "board-a", FIRE_RESET, 10 * MINUTE_US);
    join_as_another_box(&f, &f.a);
    word(&f, &f.a, "board-a", FIRE_RESET);
    expect_state(&f, "fire");
    word_at(&f, &f.a, "board-a", FIRE_ON, MINUTE_US);
    expect_state(&f, "fire"); /* it counts on, and waits for nothing */
    world_pass(f.w, EMERGENCY_WAIT_MS * MS_US);
    turn_tick(f.w->ctl);
    world_turn(f.w);
    expect_state(&f, "fire");
    (void)assert_replays(f.w);
}

static void said_again(struct fire *f, uint32_t change)
{
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    event.kind = EVENT_FIRE;
    event.reader = text_of("board-a");
    event.fire = change;
    event.late = true;
    (void)gate_event(f->w, &f->a, &event);
    world_turn(f->w);
}

/* Power returns to a board whose fire a person ended meanwhile. */
static void a_fire_said_again_waits_until_its_end_is_known_there(void **state)
{
    struct fire f = begin(state);
    word(&f, &f.a, "board-a", FIRE_ON);
    word(&f, &f.a, "board-a", FIRE_INPUT_ENDED);
    (void)assert_done(ask(f.w, f.w->admin, "emergency.end", "reason", "seen", NULL));
    uint64_t ended = told(&f)->number;
    sent_forget(f.w);
    said_again(&f, FIRE_ON);
    said_again(&f, FIRE_INPUT_ENDED);
    beat(&f, &f.a, ended, 0);
    expect_state(&f, "none"); /* though all is told */
    word(&f, &f.a, "board-a", FIRE_RESET);
    world_pass(f.w, EMERGENCY_WAIT_MS * MS_US);
    turn_tick(f.w->ctl);
    world_turn(f.w);
    expect_state(&f, "none");
    assert_int_equal(sent_count(f.w, MESSAGE_EMERGENCY), 0);
    said_again(&f, FIRE_ON); /* nobody ends this one */
    world_pass(f.w, EMERGENCY_WAIT_MS * MS_US);
    turn_tick(f.w->ctl);
    world_turn(f.w);
    expect_state(&f, "fire");
    said_again(&f, FIRE_ON); /* it counts already */
    expect_state(&f, "fire");
    (void)assert_replays(f.w);
}

static void list(struct fire *f, struct gate *gate, const char *board, bool quiet, uint64_t shown)
{
    Parkgate__Heartbeat message = PARKGATE__HEARTBEAT__INIT;
    char *boards[] = {text_of(board)};
    protobuf_c_boolean is_quiet = quiet;
    message.wall_us = f->w->now.us;
    message.emergency = shown;
    message.pending = 9;
    message.last_sequence = gate->sequence;
    message.n_fire_board = message.n_fire_quiet = 1;
    message.fire_board = boards;
    message.fire_quiet = &is_quiet;
    gate_send(f->w, gate, MESSAGE_HEARTBEAT, 0, &message.base);
    world_turn(f->w);
}

/* Its disk is full, or the controller takes no events yet. */
static void a_fire_that_is_only_listed_is_a_fire(void **state)
{
    struct fire f = begin(state);
    list(&f, &f.a, "board-b", false, 0); /* another gate's */
    list(&f, &f.a, "board-9", false, 0);
    expect_state(&f, "none");
    list(&f, &f.a, "board-a", false, 0);
    expect_state(&f, "fire");
    uint64_t number = told(&f)->number;
    list(&f, &f.a, "board-a", true, number);
    beat(&f, &f.a, number, 0);
    expect_state(&f, "fire"); /* nothing ends by a list */
    word(&f, &f.a, "board-a", FIRE_INPUT_ENDED);
    (void)assert_done(ask(f.w, f.w->admin, "emergency.end", "reason", "seen", NULL));
    list(&f, &f.a, "board-a", true, number); /* it has not heard of the end */
    expect_state(&f, "none");
    Parkgate__Hello hello = gate_hello_message(f.w, &f.b);
    char *boards[] = {text_of("board-b")};
    hello.emergency = told(&f)->number;
    hello.n_fire_board = 1;
    hello.fire_board = boards;
    gate_send_hello(f.w, &f.b, &hello);
    expect_state(&f, "fire");
    word(&f, &f.b, "board-b", FIRE_INPUT_ENDED);
    word(&f, &f.b, "board-b", FIRE_RESET);
    expect_state(&f, "none");
    (void)assert_replays(f.w);
}

static void what_holds_stands_above_what_a_gate_shows(void **state)
{
    struct fire f = begin(state);
    (void)assert_done(ask(f.w, f.w->admin, "emergency.start", "reason", "x", NULL));
    uint64_t number = told(&f)->number;
    sent_forget(f.w);
    beat(&f, &f.b, number + 1000, 0); /* told by a controller that was lost */
    assert_int_equal(sent_count(f.w, MESSAGE_EMERGENCY), 2);
    assert_true(told(&f)->number > number + 1000);
    assert_int_equal(told(&f)->state, EMERGENCY_EVACUATION);
    number = told(&f)->number;
    sent_forget(f.w);
    beat(&f, &f.b, number + EMERGENCY_AHEAD_MAX + 1, 0); /* by nobody of ours */
    assert_int_equal(sent_count(f.w, MESSAGE_EMERGENCY), 0);
    (void)assert_replays(f.w);
}

static void a_fire_that_no_disk_takes_is_told_from_memory(void **state)
{
    struct fire f = begin(state);
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit full = {.rlim_cur = 8192, .rlim_max = before.rlim_max};
    sent_forget(f.w);
    (void)signal(SIGXFSZ, SIG_IGN);
    (void)fflush(NULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
    word(&f, &f.a, "board-a", FIRE_ON);
    size_t at_once = sent_count(f.w, MESSAGE_EMERGENCY);
    gate_again(f.w, &f.a);
    world_turn(f.w);
    size_t again_told = sent_count(f.w, MESSAGE_EMERGENCY);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    (void)signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(at_once, 2);
    assert_int_equal(again_told, 2); /* not each time that it comes again */
    assert_int_equal(told(&f)->state, EMERGENCY_FIRE);
    assert_string_equal(told(&f)->by, "gate-a/board-a");
    uint64_t number = told(&f)->number;
    expect_state(&f, "none"); /* nothing is on record */
    beat(&f, &f.b, 0, 0);     /* one that missed it */
    assert_int_equal(sent_count(f.w, MESSAGE_EMERGENCY), 3);
    gate_again(f.w, &f.a);
    world_turn(f.w);
    expect_state(&f, "fire");
    assert_true(told(&f)->number > number);
    (void)assert_replays(f.w);
}

static void words_count_in_the_order_of_their_outbox(void **state)
{
    struct fire f = begin(state);
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    event.kind = EVENT_FIRE;
    event.reader = text_of("board-a");
    event.fire = FIRE_ON;
    uint64_t first = f.a.sequence + 1;
    f.a.sequence++; /* this one is on its way */
    word(&f, &f.a, "board-a", FIRE_RESET);
    f.a.sequence = first - 1;
    (void)gate_event(f.w, &f.a, &event);
    world_turn(f.w);
    expect_state(&f, "none");
}

static void a_fire_told_late_waits_for_its_reset(void **state)
{
    struct fire f = begin(state);
    sent_forget(f.w);
    word_at(&f, &f.a, "board-a", FIRE_ON, 48 * 60 * MINUTE_US);
    expect_state(&f, "none");
    beat(&f, &f.a, 0, 17); /* more is to come */
    turn_tick(f.w->ctl);
    world_turn(f.w);
    expect_state(&f, "none");
    word_at(&f, &f.a, "board-a", FIRE_RESET, 47 * 60 * MINUTE_US);
    beat(&f, &f.a, 0, 0);
    world_pass(f.w, EMERGENCY_WAIT_MS * MS_US);
    turn_tick(f.w->ctl);
    world_turn(f.w);
    expect_state(&f, "none");
    assert_int_equal(sent_count(f.w, MESSAGE_EMERGENCY), 0);
    assert_int_equal(faults_of(f.w, "fire", 0), 0);
}

/* The key was turned while the link was cut: input quiet and reset are young, the fire is not. */
static void an_input_that_ended_does_not_count_before_its_reset(void **state)
{
    struct fire f = begin(state);
    sent_forget(f.w);
    word_at(&f, &f.a, "board-a", FIRE_ON, 10 * MINUTE_US);
    word(&f, &f.a, "board-a", FIRE_INPUT_ENDED);
    expect_state(&f, "none");
    word(&f, &f.a, "board-a", FIRE_RESET);
    beat(&f, &f.a, 0, 0);
    expect_state(&f, "none");
    assert_int_equal(sent_count(f.w, MESSAGE_EMERGENCY), 0);
}

static void a_fire_told_late_and_not_reset_counts(void **state)
{
    struct fire f = begin(state);
    word_at(&f, &f.a, "board-a", FIRE_ON, 10 * MINUTE_US);
    expect_state(&f, "none");
    beat(&f, &f.a, 0, 0); /* all is told */
    expect_state(&f, "fire");
    word(&f, &f.a, "board-a", FIRE_RESET);
    word_at(&f, &f.a, "board-a", FIRE_ON, 10 * MINUTE_US);
    world_restart(f.w);
    expect_state(&f, "none");
    world_pass(f.w, EMERGENCY_WAIT_MS * MS_US); /* it never says that it has told all */
    turn_tick(f.w->ctl);
    world_turn(f.w);
    expect_state(&f, "fire");
    (void)assert_replays(f.w);
}

/* While the link was cut the key ended one fire, and another began. */
static void a_reset_told_late_ends_no_newer_fire(void **state)
{
    struct fire f = begin(state);
    word(&f, &f.a, "board-a", FIRE_ON);
    expect_state(&f, "fire");
    uint64_t number = told(&f)->number;
    sent_forget(f.w);
    word_at(&f, &f.a, "board-a", FIRE_RESET, 10 * MINUTE_US);
    expect_state(&f, "fire");
    beat(&f, &f.a, number, 2); /* more is to come */
    word_at(&f, &f.a, "board-a", FIRE_ON, 5 * MINUTE_US);
    word_at(&f, &f.a, "board-a", FIRE_INPUT_ENDED, 4 * MINUTE_US);
    beat(&f, &f.a, number, 0);
    world_pass(f.w, EMERGENCY_WAIT_MS * MS_US);
    turn_tick(f.w->ctl);
    world_turn(f.w);
    expect_state(&f, "fire");
    assert_int_equal(sent_count(f.w, MESSAGE_EMERGENCY), 0); /* it never ended */
    word(&f, &f.a, "board-a", FIRE_RESET);
    expect_state(&f, "none");
    (void)assert_replays(f.w);
}

static void a_reset_told_late_counts_when_all_is_told(void **state)
{
    struct fire f = begin(state);
    word(&f, &f.a, "board-a", FIRE_ON);
    uint64_t number = told(&f)->number;
    word_at(&f, &f.a, "board-a", FIRE_RESET, 10 * MINUTE_US);
    expect_state(&f, "fire");
    beat(&f, &f.a, number, 0);
    expect_state(&f, "none");
    word(&f, &f.a, "board-a", FIRE_ON);
    word_at(&f, &f.a, "board-a", FIRE_RESET, 10 * MINUTE_US);
    expect_state(&f, "fire");
    world_pass(f.w, EMERGENCY_WAIT_MS * MS_US); /* it never says that it has told all */
    turn_tick(f.w->ctl);
    world_turn(f.w);
    expect_state(&f, "none");
    (void)assert_replays(f.w);
}

/* The end is told to all gates: one would shut what its own fire holds open. */
static void nothing_ends_while_another_fire_waits(void **state)
{
    struct fire f = begin(state);
    word(&f, &f.b, "board-b", FIRE_ON);
    uint64_t number = told(&f)->number;
    word_at(&f, &f.a, "board-a", FIRE_ON, 10 * MINUTE_US);
    sent_forget(f.w);
    word(&f, &f.b, "board-b", FIRE_RESET);
    expect_state(&f, "fire");
    beat(&f, &f.a, number, 0);
    expect_state(&f, "fire");
    assert_int_equal(sent_count(f.w, MESSAGE_EMERGENCY), 0);
    word(&f, &f.a, "board-a", FIRE_RESET);
    expect_state(&f, "none");
    (void)assert_replays(f.w);
}

static void a_silent_board_is_named(void **state)
{
    struct fire f = begin(state);
    word(&f, &f.a, "board-a", FIRE_UNREACHED);
    expect_state(&f, "none");
    const Parkgate__Reply *status = admin(f.w, "status", NULL);
    size_t row = row_with(status, "fault", "fire-unreached");
    assert_true(row != SIZE_MAX);
    assert_non_null(strstr(cell(status, row, "text"), "board-a"));
    Parkgate__Event up = PARKGATE__EVENT__INIT;
    up.kind = EVENT_DEVICE;
    up.reader = text_of("board-a");
    up.device_state = DEVICE_UP;
    (void)gate_event(f.w, &f.a, &up);
    world_turn(f.w);
    assert_true(row_with(admin(f.w, "status", NULL), "fault", "fire-unreached") == SIZE_MAX);
}

static void words_that_make_no_sense_are_refused(void **state)
{
    struct fire f = begin(state);
    word(&f, &f.a, "board-b", FIRE_ON); /* another gate's */
    word(&f, &f.a, "", FIRE_ON);
    word(&f, &f.a, "board-a", 0);
    word(&f, &f.a, "board-a", FIRE_UNREACHED + 1);
    assert_int_equal(entries_of(f.w, ENTRY_EVENT_REFUSED, 0), 4);
    word(&f, &f.a, "board-9", FIRE_ON); /* dropped from the park meanwhile: recorded, no more */
    assert_int_equal(entries_of(f.w, ENTRY_EMERGENCY, 0), 0);
    expect_state(&f, "none");
}

static void a_park_may_let_entries_run_on(void **state)
{
    struct fire f = begin(state);
    Parkgate__ParkSite site = PARKGATE__PARK_SITE__INIT;
    site.title = text_of("The park");
    site.time_zone = text_of("Asia/Shanghai");
    site.emergency_admits = true;
    rows_put(&f.w->rows, PARK_SITE, "park", &site.base);
    park_apply(f.w);
    word(&f, &f.a, "board-a", FIRE_ON);
    assert_true(told(&f)->admits);
    assert_int_equal(read_at(&f, &f.a, "a-in"), REASON_GRANTED);
    assert_string_equal(note(admin(f.w, "status", NULL), "emergency_entries"), "run-on");
}

static void a_number_is_above_all_that_gates_show(void **state)
{
    struct fire f = begin(state);
    beat(&f, &f.b, 5000000, 0); /* told by a controller that was lost */
    assert_int_equal(sent_count(f.w, MESSAGE_EMERGENCY), 0);
    size_t row = row_with(admin(f.w, "status", NULL), "fault", "emergency-unrecorded");
    assert_true(row != SIZE_MAX); /* it may hold its exits open and its entries closed */
    (void)assert_done(ask(f.w, f.w->admin, "emergency.end", "reason", "rebuilt", NULL));
    assert_true(told(&f)->number > 5000000);
    assert_int_equal(told(&f)->state, EMERGENCY_NONE);
    row = row_with(admin(f.w, "status", NULL), "fault", "emergency-unrecorded");
    assert_true(row != SIZE_MAX); /* until the gate shows that it took the end */
    beat(&f, &f.b, told(&f)->number, 0);
    row = row_with(admin(f.w, "status", NULL), "fault", "emergency-unrecorded");
    assert_true(row == SIZE_MAX);
    beat(&f, &f.b, UINT64_MAX, 0); /* no number that leaves room */
    (void)assert_done(ask(f.w, f.w->admin, "emergency.start", "reason", "x", NULL));
    assert_true(told(&f)->number < 6000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(fire_of_one_board_is_the_parks),
        WORLD_TEST(told_after_the_commit_and_until_shown),
        WORLD_TEST(fire_wins_and_evacuation_stays),
        WORLD_TEST(starting_again_widens),
        WORLD_TEST(a_fire_ends_when_no_board_says_fire),
        WORLD_TEST(force_ends_it_over_a_gate_not_heard),
        WORLD_TEST(force_passes_over_any_board_and_is_on_record),
        WORLD_TEST(a_long_reason_is_kept_whole),
        WORLD_TEST(all_zones_are_shown),
        WORLD_TEST(what_a_board_says_of_itself_is_said_in_both_languages),
        WORLD_TEST(a_box_with_a_stolen_key_ends_no_fire),
        WORLD_TEST(a_fire_said_again_waits_until_its_end_is_known_there),
        WORLD_TEST(a_fire_that_is_only_listed_is_a_fire),
        WORLD_TEST(what_holds_stands_above_what_a_gate_shows),
        WORLD_TEST(a_fire_that_no_disk_takes_is_told_from_memory),
        WORLD_TEST(words_count_in_the_order_of_their_outbox),
        WORLD_TEST(a_fire_told_late_waits_for_its_reset),
        WORLD_TEST(an_input_that_ended_does_not_count_before_its_reset),
        WORLD_TEST(a_fire_told_late_and_not_reset_counts),
        WORLD_TEST(a_reset_told_late_ends_no_newer_fire),
        WORLD_TEST(a_reset_told_late_counts_when_all_is_told),
        WORLD_TEST(nothing_ends_while_another_fire_waits),
        WORLD_TEST(another_box_ends_no_fire_whose_reset_waits),
        WORLD_TEST(a_silent_board_is_named),
        WORLD_TEST(words_that_make_no_sense_are_refused),
        WORLD_TEST(a_park_may_let_entries_run_on),
        WORLD_TEST(a_number_is_above_all_that_gates_show),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

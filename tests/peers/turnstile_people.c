#include "tests/peers/turnstile_people.h"

#include <stdio.h>
#include <string.h>

#include "tests/peers/peer_util.h"
#include "tests/peers/turnstile_bollard.h"
#include "tests/peers/turnstile_view.h"

#define BUTTON_US       200000
#define PUSH_DEFAULT_MS 2000
#define WAIT_DEFAULT_MS 5000
#define MS_MAX          3600000

/* --- those who wait --- */

/* Returns true when the person is done with. */
static bool step_push(struct people *people, struct person *person, int64_t now_us)
{
    struct board_lane *lane = person->lane;

    if (board_arm_is_free(lane->board, lane)) {
        board_turn(lane->board, lane, TURN_PASS, now_us);
        peer_control_answer(people->control, person->from, "ok turned turn=%u pulse=%u",
                            lane->turns, lane->pulses);
        return true;
    }
    if (now_us < person->deadline_us)
        return false;
    lane->refused++;
    peer_control_answer(people->control, person->from, "ok blocked");
    return true;
}

static bool step_bring(struct people *people, struct person *person, int64_t now_us)
{
    struct board *board = person->lane->board;
    struct board_lane *lane = person->lane;

    if (board_arm_is_free(board, lane)) {
        board_turn(board, lane, TURN_PASS, now_us);
        board_follow(board, lane, now_us);
        person->kind = PERSON_FOLLOWED;
        return false;
    }
    if (board->relays[lane->coil].on && lane->used && !board_arm_is_turning(board, lane)) {
        board_turn(board, lane, TURN_TAILGATE, now_us); /* behind one who has just gone through */
        person->kind = PERSON_FOLLOWED;
        return false;
    }
    return step_push(people, person, now_us);
}

static bool step_followed(struct people *people, struct person *person)
{
    if (board_arm_is_turning(person->lane->board, person->lane))
        return false;
    peer_control_answer(people->control, person->from, "ok turned turn=%u pulse=%u",
                        person->lane->turns, person->lane->pulses);
    return true;
}

static bool step_watch(struct people *people, struct person *person, int64_t now_us)
{
    char value[VIEW_VALUE_SIZE];

    if (view_is(person->lane->board, person->lane, person->key, person->value, value)) {
        peer_control_answer(people->control, person->from, "ok %s=%s", person->key, value);
        return true;
    }
    if (now_us < person->deadline_us)
        return false;
    peer_control_answer(people->control, person->from, "error timeout %s=%s", person->key, value);
    return true;
}

static bool step_drive(struct people *people, struct person *person, int64_t now_us)
{
    struct board_lane *lane = person->lane;

    if (bollard_is_down(lane)) {
        bollard_drive_on(lane->board, lane);
        peer_control_answer(people->control, person->from, "ok on vehicles=%u", lane->vehicles);
        return true;
    }
    if (now_us < person->deadline_us)
        return false;
    lane->refused++;
    peer_control_answer(people->control, person->from, "ok blocked");
    return true;
}

static bool step_person(struct people *people, struct person *person, int64_t now_us)
{
    if (!peer_control_alive(people->control, person->from))
        return true;
    switch (person->kind) {
    case PERSON_PUSHES:
        return step_push(people, person, now_us);
    case PERSON_BRINGS_ONE:
        return step_bring(people, person, now_us);
    case PERSON_FOLLOWED:
        return step_followed(people, person);
    case PERSON_DRIVES:
        return step_drive(people, person, now_us);
    case PERSON_WATCHES:
        return step_watch(people, person, now_us);
    }
    return true;
}

int64_t people_step(struct people *people, int64_t now_us)
{
    int64_t next = PEER_NEVER;
    size_t kept = 0;

    for (size_t i = 0; i < people->waiting_count; i++) {
        struct person person = people->waiting[i];

        if (step_person(people, &person, now_us))
            continue;
        if (person.kind != PERSON_FOLLOWED) /* the end of the turn wakes us */
            next = peer_sooner(next, person.deadline_us);
        people->waiting[kept++] = person;
    }
    people->waiting_count = kept;
    return next;
}

/* --- commands --- */

struct call {
    struct people *people;
    struct board_lane *lane; /* NULL where the command takes none */
    char **words;            /* behind the lane */
    size_t count;
    peer_ticket from;
};

static void answer(const struct call *call, const char *text)
{
    peer_control_answer(call->people->control, call->from, "%s", text);
}

static void wait_for(const struct call *call, const struct person *person)
{
    struct people *people = call->people;

    if (people->waiting_count == PEOPLE_MAX)
        answer(call, "error too many are waiting");
    else
        people->waiting[people->waiting_count++] = *person;
}

static bool parse_ms(const struct call *call, size_t index, long standard, long *ret)
{
    *ret = standard;
    if (call->count <= index || peer_parse_long(call->words[index], 0, MS_MAX, ret))
        return true;
    answer(call, "error milliseconds are 0 to 3600000");
    return false;
}

static bool parse_on_off(const struct call *call, bool *ret)
{
    *ret = strcmp(call->words[0], "on") == 0;
    if (*ret || strcmp(call->words[0], "off") == 0)
        return true;
    answer(call, "error on or off is needed");
    return false;
}

static void queue_push(const struct call *call, enum person_kind kind)
{
    long wait_ms;

    if (!parse_ms(call, 0, PUSH_DEFAULT_MS, &wait_ms))
        return;
    wait_for(call, &(struct person){
                       .kind = kind,
                       .lane = call->lane,
                       .deadline_us = peer_mono_us() + wait_ms * 1000,
                       .from = call->from,
                   });
}

static void do_push(const struct call *call)
{
    queue_push(call, PERSON_PUSHES);
}

static void do_tailgate(const struct call *call)
{
    queue_push(call, PERSON_BRINGS_ONE);
}

static bool is_bollard(const struct call *call)
{
    if (!call->lane->bollard)
        answer(call, "error the lane has no bollard");
    return call->lane->bollard;
}

static void do_drive(const struct call *call)
{
    if (is_bollard(call))
        queue_push(call, PERSON_DRIVES);
}

static void do_leave(const struct call *call)
{
    if (!is_bollard(call))
        return;
    if (call->lane->vehicles == 0) {
        answer(call, "error nothing stands on it");
        return;
    }
    bollard_drive_off(call->lane->board, call->lane, peer_mono_us());
    peer_control_answer(call->people->control, call->from, "ok turn=%u", call->lane->turns);
}

static void do_release(const struct call *call)
{
    bool on;

    if (!is_bollard(call) || !parse_on_off(call, &on))
        return;
    bollard_release(call->lane->board, call->lane, on, peer_mono_us());
    answer(call, "ok");
}

static void do_auto(const struct call *call)
{
    long delay_ms;
    bool on;

    if (!parse_on_off(call, &on) || !parse_ms(call, 1, 0, &delay_ms))
        return;
    call->lane->walks = on;
    call->lane->walk_delay_us = delay_ms * 1000;
    if (!on)
        call->lane->walk_at_us = PEER_NEVER;
    answer(call, "ok");
}

static void do_force(const struct call *call)
{
    board_turn(call->lane->board, call->lane, TURN_FORCED, peer_mono_us());
    peer_control_answer(call->people->control, call->from, "ok turned turn=%u pulse=%u",
                        call->lane->turns, call->lane->pulses);
}

static void do_button(const struct call *call)
{
    long pulse_ms;

    if (!parse_ms(call, 0, BUTTON_US / 1000, &pulse_ms))
        return;
    if (call->lane->button < 0) {
        answer(call, "error the lane has no button");
        return;
    }
    board_pulse_input(call->lane->board, call->lane->button, pulse_ms * 1000, peer_mono_us());
    answer(call, "ok");
}

static void set_level(const struct call *call, int input)
{
    bool on;

    if (!parse_on_off(call, &on))
        return;
    if (input < 0) {
        answer(call, "error the lane has no such input");
        return;
    }
    board_set_input(call->lane->board, input, on);
    answer(call, "ok");
}

static void do_tamper(const struct call *call)
{
    set_level(call, call->lane->tamper);
}

static void do_hold(const struct call *call)
{
    set_level(call, call->lane->held);
}

/* Of the unit that the words name from `index` on; without one the first. NULL: answered. */
static struct board *board_of(const struct call *call, size_t index)
{
    struct board *board = call->people->board;
    long unit = board->unit;

    if (call->count > index && !peer_parse_long(call->words[index], 1, 247, &unit))
        unit = -1;
    while (board != NULL && board->unit != unit)
        board = board->next;
    if (board == NULL)
        answer(call, "error no such unit");
    return board;
}

/* The loop opens in a fire, and when its wire breaks. */
static void do_fire(const struct call *call)
{
    struct board *board = board_of(call, 1);
    bool on;

    if (board == NULL || !parse_on_off(call, &on))
        return;
    if (board->fire < 0) {
        answer(call, "error the board has no fire input");
        return;
    }
    if (call->people->wire->log != NULL) {
        fprintf(call->people->wire->log, "t_us=%lld fire=%s unit=%d\n", (long long)peer_wall_us(),
                on ? "on" : "off", board->unit);
        fflush(call->people->wire->log);
    }
    board_set_input(board, board->fire, !on);
    answer(call, "ok");
}

static void do_reset(const struct call *call)
{
    struct board *board = board_of(call, 1);
    bool on;

    if (board == NULL || !parse_on_off(call, &on))
        return;
    if (board->reset < 0) {
        answer(call, "error the board has no key switch");
        return;
    }
    board_set_input(board, board->reset, on);
    answer(call, "ok");
}

static void do_turns(const struct call *call)
{
    peer_control_answer(call->people->control, call->from, "ok %u", call->lane->turns);
}

static void do_show(const struct call *call)
{
    char text[VIEW_ALL_SIZE];

    view_all(call->lane->board, call->lane, text);
    peer_control_answer(call->people->control, call->from, "ok lane=%s %s", call->lane->name, text);
}

static void do_wait(const struct call *call)
{
    struct person person = {.kind = PERSON_WATCHES, .lane = call->lane, .from = call->from};
    long wait_ms;

    if (!view_has(call->words[0]) || strlen(call->words[1]) >= sizeof person.value) {
        answer(call, "error no such value; see show");
        return;
    }
    if (!parse_ms(call, 2, WAIT_DEFAULT_MS, &wait_ms))
        return;
    snprintf(person.key, sizeof person.key, "%s", call->words[0]);
    snprintf(person.value, sizeof person.value, "%s", call->words[1]);
    person.deadline_us = peer_mono_us() + wait_ms * 1000;
    wait_for(call, &person);
}

static void do_mute(const struct call *call)
{
    static const char *const names[] = {"off", "on", "acts"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], call->words[0]) != 0)
            continue;
        struct board *named = call->count > 1 ? board_of(call, 1) : NULL;

        if (call->count > 1 && named == NULL)
            return;
        for (struct board *board = call->people->board; board != NULL; board = board->next)
            if (named == NULL || board == named)
                board->mute = (int)i;
        answer(call, "ok");
        return;
    }
    answer(call, "error mute on|off|acts");
}

static void do_vanish(const struct call *call)
{
    wire_vanish(call->people->wire);
    answer(call, "ok");
}

static void do_return(const struct call *call)
{
    wire_return(call->people->wire);
    answer(call, "ok");
}

static void do_restart(const struct call *call)
{
    wire_vanish(call->people->wire);
    for (struct board *board = call->people->board; board != NULL; board = board->next)
        board_power_up(board);
    wire_return(call->people->wire);
    answer(call, "ok");
}

static void do_board(const struct call *call)
{
    const struct wire *wire = call->people->wire;

    peer_control_answer(call->people->control, call->from,
                        "ok lanes=%zu connections=%zu requests=%llu writes=%llu",
                        call->people->board->lane_count, wire_connection_count(wire),
                        (unsigned long long)wire->requests, (unsigned long long)wire->writes);
}

static void do_quit(const struct call *call)
{
    call->people->quit = true;
    answer(call, "ok");
}

static const struct command {
    const char *name;
    bool lane;
    size_t words; /* at least, behind the lane */
    void (*run)(const struct call *call);
    const char *usage;
} commands[] = {
    {"push",     true,  0, do_push,     "push LANE [MS]"             },
    {"tailgate", true,  0, do_tailgate, "tailgate LANE [MS]"         },
    {"force",    true,  0, do_force,    "force LANE"                 },
    {"auto",     true,  1, do_auto,     "auto LANE on|off [DELAY-MS]"},
    {"button",   true,  0, do_button,   "button LANE [MS]"           },
    {"tamper",   true,  1, do_tamper,   "tamper LANE on|off"         },
    {"hold",     true,  1, do_hold,     "hold LANE on|off"           },
    {"drive",    true,  0, do_drive,    "drive LANE [MS]"            },
    {"leave",    true,  0, do_leave,    "leave LANE"                 },
    {"release",  true,  1, do_release,  "release LANE on|off"        },
    {"show",     true,  0, do_show,     "show LANE"                  },
    {"turns",    true,  0, do_turns,    "turns LANE"                 },
    {"wait",     true,  2, do_wait,     "wait LANE KEY VALUE [MS]"   },
    {"mute",     false, 1, do_mute,     "mute on|off|acts [UNIT]"    },
    {"fire",     false, 1, do_fire,     "fire on|off [UNIT]"         },
    {"reset",    false, 1, do_reset,    "reset on|off [UNIT]"        },
    {"vanish",   false, 0, do_vanish,   "vanish"                     },
    {"return",   false, 0, do_return,   "return"                     },
    {"restart",  false, 0, do_restart,  "restart"                    },
    {"board",    false, 0, do_board,    "board"                      },
    {"quit",     false, 0, do_quit,     "quit"                       },
};

static const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static void list_commands(const struct call *call)
{
    char text[1024];
    size_t length = 0;

    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%s", i == 0 ? "" : ", ",
                                   commands[i].usage);
    peer_control_answer(call->people->control, call->from, "error commands: %s", text);
}

void people_command(void *context, peer_ticket from, char *line)
{
    char *words[PEER_WORDS_MAX];
    size_t count = peer_split(line, words, PEER_WORDS_MAX);
    struct call call = {.people = context, .from = from};
    const struct command *command = count == 0 ? NULL : command_find(words[0]);
    size_t skip;

    if (command == NULL) {
        list_commands(&call);
        return;
    }
    skip = command->lane ? 2 : 1;
    if (count < skip + command->words) {
        peer_control_answer(call.people->control, from, "error usage: %s", command->usage);
        return;
    }
    if (command->lane) {
        call.lane = board_lane_find(call.people->board, words[1]);
        if (call.lane == NULL) {
            peer_control_answer(call.people->control, from, "error no lane %.64s", words[1]);
            return;
        }
    }
    call.words = words + skip;
    call.count = count - skip;
    command->run(&call);
}

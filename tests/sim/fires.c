/* Fires: the panel's loop at a gate's board opens for a while, later somebody turns the key until
 * the board says that it is over. While it burns, the gate's exit is open within a second, whatever
 * else is broken, and its entry is shut. */
#include <string.h>

#include "tests/sim/outer.h"
#include "tests/sim/sim.h"

enum { KEY_AFTER_S = 3, KEY_AGAIN_S = 15, END_MOST_MIN = 30 };
/* A board that answers again is connected to by then, as its back-off has it. */
#define CONNECT_US (8 * SECOND)
#define OPEN_US    SECOND
#define LOOK_US    (200 * MS)
#define WRITTEN_US SECOND

struct fire {
    bool open;     /* not reset yet */
    int64_t began; /* of the input */
    int64_t ends;
    int64_t first_open, seen_open; /* 0: not yet */
    int64_t key_at;
    bool turned; /* the key, once at least */
};

static struct {
    struct fire gates[GATES_MAX];
    uint64_t count;
    int64_t over_at; /* the last one */
} f;

void fires_reset(void)
{
    memset(&f, 0, sizeof(f));
}

uint64_t fires_count(void)
{
    return f.count;
}

bool fires_any(void)
{
    for (unsigned i = 0; i < sim.plan.gates; i++) {
        if (f.gates[i].open) {
            return true;
        }
    }
    return false;
}

bool fire_is_open(unsigned gate)
{
    return f.gates[gate].open;
}

/* From then on it must be open, within OPEN_US; INT64_MAX: its board cannot be reached. */
static int64_t must_hold_from(unsigned gate)
{
    int64_t whole = outer_board_whole_since(gate);
    if (whole == INT64_MAX) {
        return INT64_MAX;
    }
    return whole + CONNECT_US <= f.gates[gate].began ? f.gates[gate].began : whole + CONNECT_US;
}

static void check_exit(unsigned gate)
{
    struct fire *fire = &f.gates[gate];
    int64_t from = must_hold_from(gate);
    if (from == INT64_MAX) {
        return;
    }
    if (arm_is_held(gate, 1)) {
        fire->seen_open = sim.now;
        fire->first_open = fire->first_open == 0 ? sim.now : fire->first_open;
    }
    from = fire->seen_open > from ? fire->seen_open : from;
    if (sim.now > from + OPEN_US) {
        sim_fail("I10", "fire at gate %u for %.3f s, and its way out is shut", gate,
                 (double)(sim.now - fire->began) / 1e6);
    }
}

/* The input says fire no more, nobody turned the key: what was latched stays, over a restart, too.
 */
static bool is_latched(unsigned gate)
{
    const struct fire *fire = &f.gates[gate];
    int64_t whole = outer_board_whole_since(gate);
    return !fire->turned && fire->first_open != 0 &&
           (whole <= fire->began || whole > fire->first_open + WRITTEN_US);
}

bool fire_shuts(unsigned gate)
{
    const struct fire *fire = &f.gates[gate];
    /* Once nothing burns any more, the end of the emergency may be told to the agent a moment
     * before the board lets go of the exit. */
    if (arm_is_held(gate, 1) && fires_any()) {
        return true;
    }
    int64_t from = iron_burns(gate) ? must_hold_from(gate) : INT64_MAX;
    return fire->open && from != INT64_MAX && sim.now > from + OPEN_US;
}

static void tend(void *ctx, uint64_t gate, uint64_t number)
{
    struct fire *fire = &f.gates[gate];
    (void)ctx;
    if (iron_burns((unsigned)gate)) {
        check_exit((unsigned)gate);
        if (sim.now >= fire->ends || sim.healing) {
            iron_fire((unsigned)gate, false);
            fire->key_at = sim.now + KEY_AFTER_S * SECOND;
            sim_note("fire is out", gate, 0);
        }
    } else if (is_latched((unsigned)gate) && sim.now < fire->key_at) {
        check_exit((unsigned)gate);
    } else if (fire->turned && !outer_board_is_latched((unsigned)gate)) {
        fire->open = false;
        f.over_at = sim.now;
        sim_note("fire is over", gate, 0);
        return;
    } else if (sim.now >= fire->key_at) {
        fire->key_at = sim.now + KEY_AGAIN_S * SECOND;
        fire->turned = true;
        iron_turn_key((unsigned)gate);
    }
    sim_after(LOOK_US, tend, NULL, gate, number);
}

void fire_begin(unsigned gate, int64_t lasts)
{
    struct fire *fire = &f.gates[gate];
    if (fire->open) {
        return;
    }
    *fire = (struct fire){.open = true, .began = sim.now, .ends = sim.now + lasts};
    f.count++;
    sim_note("fire", gate, 0);
    iron_fire(gate, true);
    sim_after(LOOK_US, tend, NULL, gate, f.count);
}

bool fires_are_over(void)
{
    if (fires_any()) {
        return false;
    }
    for (unsigned i = 0; i < sim.plan.gates; i++) {
        if (arm_is_held(i, 1)) {
            return false;
        }
    }
    return true;
}

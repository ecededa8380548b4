#include "reader-agent/board/station.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "reader-agent/board/counter.h"
#include "reader-agent/board/grants_seen.h"
#include "reader-agent/board/opener.h"
#include "reader-agent/board/report_queue.h"

struct button {
    bool pending; /* said to the agent, not answered yet */
    uint64_t press;
    struct wall at;
    struct mono due;         /* then the board answers it itself */
    struct mono quiet_until; /* until then more edges are the same press */
};

struct station_lane {
    struct helper_lane setup;
    struct lane machine;
    bool opened;             /* by this process, which then knows of the pulse */
    struct mono relay_until; /* the pulse may run until then */
    struct button button;
    bool tampered;
    bool entry_closed; /* fire or evacuation */
};

struct station {
    struct station_ops ops;
    uint8_t lane_count;
    struct station_lane lanes[HELPER_LANES_PER_BOARD];
    struct grants_seen seen;
    struct report_queue reports;
    struct mono resend_at;
    uint64_t press; /* number of the last one */
    uint32_t restarts;
    bool linked;
    bool known;             /* `last` holds a look, perhaps from before an outage */
    bool outage;            /* no look since the link came up */
    struct mono down_since; /* not linked */
    struct mono sensed_at;
    struct sensed last;
};

struct station *station_create(struct station_ops ops)
{
    struct station *station = calloc(1, sizeof(*station));
    MUST(station != NULL);
    station->ops = ops;
    return station;
}

void station_destroy(struct station **station)
{
    free(*station);
    *station = NULL;
}

/* Reports */

static void say_report(struct station *station, const struct helper_report *report)
{
    const struct helper_message message = {.kind = HELPER_SAYS_REPORT, .report = *report};
    (void)station->ops.say(station->ops.ctx, &message);
}

static void add_report(struct station *station, const struct helper_report *report,
                       struct station_now now)
{
    if (station->reports.count == 0) {
        station->resend_at = mono_after_ms(now.mono, STATION_RESEND_MS);
    }
    say_report(station, report_queue_add(&station->reports, report));
}

static void resend_reports(struct station *station, struct station_now now)
{
    const struct helper_report *report = NULL;
    for (uint16_t i = 0; (report = report_queue_at(&station->reports, i)) != NULL; i++) {
        say_report(station, report);
    }
    station->resend_at = mono_after_ms(now.mono, STATION_RESEND_MS);
}

static void add_lane_reports(struct station *station, const struct station_lane *lane,
                             const struct lane_reports *reports, struct station_now now)
{
    for (size_t i = 0; i < reports->count; i++) {
        const struct lane_report *from = &reports->list[i];
        const struct helper_report report = {
            .kind = REPORT_PASSAGE,
            .lane = lane->setup.name,
            .at = now.wall,
            .late = from->late,
            .passage = from->kind,
            .direction = from->grant.direction,
            .grant = from->grant.id,
            .press = from->grant.press,
        };
        add_report(station, &report, now);
    }
}

/* Configuration */

static struct lane_rules rules_of(const struct helper_lane *setup)
{
    return (struct lane_rules){.sensed = setup->passage.present,
                               .pass_ms = setup->pass_ms,
                               .held_ms = LANE_HELD_MS,
                               .blocked_ms = LANE_BLOCKED_MS,
                               .direction = setup->direction};
}

static bool is_input(struct helper_number number)
{
    return !number.present || number.number < STATION_INPUTS_MAX;
}

int station_find_lane(const struct station *station, struct name lane)
{
    for (int i = 0; i < station->lane_count; i++) {
        if (name_equal(station->lanes[i].setup.name, lane)) {
            return i;
        }
    }
    return -1;
}

static struct station_lane new_lane(const struct station *station, const struct helper_lane *setup)
{
    int known = station_find_lane(station, setup->name);
    struct station_lane lane = {.machine = lane_of(rules_of(setup))};
    if (known >= 0) {
        lane = station->lanes[known];
        lane_set_rules(&lane.machine, rules_of(setup));
    }
    lane.setup = *setup;
    return lane;
}

enum err station_configure(struct station *station, const struct helper_board *setup,
                           struct fault *fault)
{
    struct station_lane lanes[HELPER_LANES_PER_BOARD];
    MUST(setup->lane_count <= HELPER_LANES_PER_BOARD);
    for (size_t i = 0; i < setup->lane_count; i++) {
        const struct helper_lane *lane = &setup->lanes[i];
        if (!is_input(lane->passage) || !is_input(lane->tamper) || !is_input(lane->button) ||
            !is_input(lane->held) || !is_input(lane->crush) || !is_input(lane->manual)) {
            return fault_set(fault, ERR_INPUT, "lane %s: an input is %d or more", lane->name.text,
                             STATION_INPUTS_MAX);
        }
        lanes[i] = new_lane(station, lane);
    }
    memcpy(station->lanes, lanes, setup->lane_count * sizeof(lanes[0]));
    station->lane_count = setup->lane_count;
    station->known = false; /* other inputs may be looked at: a new baseline */
    return ERR_OK;
}

/* Opening */

static void remember_grant(struct station *station, struct station_lane *lane,
                           struct lane_grant grant, struct station_now now)
{
    struct lane_reports reports = lane_grant(&lane->machine, grant, now.mono);
    add_lane_reports(station, lane, &reports, now);
}

/* The lane must have room. */
static enum open_result open_lane(struct station *station, struct station_lane *lane,
                                  struct lane_grant grant, struct station_now now)
{
    if (!station->linked) {
        return OPEN_REFUSED; /* nothing was written: nobody will report of it */
    }
    bool sensed = lane->machine.rules.sensed;
    /* The arm of a running pulse may be used up: this person needs one of his own. While another
     * grant still waits, its pulse is only made longer, and this one's follows its passage. A
     * process before this one may have left a pulse running. */
    bool running = !lane->opened || mono_before(now.mono, lane->relay_until);
    bool fresh =
        sensed && lane->machine.waiting_count == 0 && running && !opener_guards(&lane->setup);
    enum err err = station->ops.open(station->ops.ctx, &lane->setup, fresh);
    if (err == ERR_REFUSED) {
        return OPEN_REFUSED;
    }
    if (err != ERR_OK && !sensed) {
        return OPEN_SILENT; /* nobody will ever know: it does not count as used */
    }
    lane->opened = true;
    lane->relay_until = mono_after_ms(now.mono, lane->setup.open_ms);
    remember_grant(station, lane, grant, now);
    return err == ERR_OK ? OPEN_DONE : OPEN_SILENT;
}

/* Somebody wants out: four before him who did not walk are no reason to keep him. */
static void make_room(struct station *station, struct station_lane *lane, struct station_now now)
{
    if (lane_is_full(&lane->machine)) {
        struct lane_reports reports = lane_make_room(&lane->machine);
        add_lane_reports(station, lane, &reports, now);
    }
}

/* Nobody is kept from leaving: a grant that does not say its way at a lane of both is one out. */
static bool enters(const struct station_lane *lane, enum lane_direction direction)
{
    return direction == LANE_IN || lane->setup.direction == LANE_IN;
}

static enum open_result judge_open(struct station *station, const struct helper_open *open,
                                   struct station_now now)
{
    int index = station_find_lane(station, open->lane);
    if (index < 0) {
        return OPEN_UNKNOWN_LANE;
    }
    if (grants_seen_has(&station->seen, open->grant)) {
        return OPEN_DUPLICATE;
    }
    grants_seen_add(&station->seen, open->grant);
    if (!mono_before(now.mono, open->expires)) {
        return OPEN_EXPIRED;
    }
    struct station_lane *lane = &station->lanes[index];
    if (lane->entry_closed && enters(lane, open->direction)) {
        return OPEN_EMERGENCY;
    }
    if (open->direction == LANE_OUT) {
        make_room(station, lane, now);
    }
    if (lane_is_full(&lane->machine)) {
        return OPEN_QUEUE_FULL;
    }
    const struct lane_grant grant = {.id = open->grant, .direction = open->direction};
    return open_lane(station, lane, grant, now);
}

static void say_result(struct station *station, struct name lane, struct grant_id grant,
                       enum open_result result)
{
    const struct helper_message message = {
        .kind = HELPER_SAYS_OPEN_RESULT,
        .open_result = {.lane = lane, .grant = grant, .result = result}
    };
    (void)station->ops.say(station->ops.ctx, &message);
}

static void hear_open(struct station *station, const struct helper_message *message,
                      struct station_now now)
{
    const struct helper_open *open = &message->open;
    say_result(station, open->lane, open->grant, judge_open(station, open, now));
}

/* Exit buttons */

static void say_button(struct station *station, const struct station_lane *lane)
{
    const struct helper_message message = {
        .kind = HELPER_SAYS_BUTTON,
        .button = {.lane = lane->setup.name, .press = lane->button.press, .at = lane->button.at}
    };
    (void)station->ops.say(station->ops.ctx, &message);
}

static void press_button(struct station *station, struct station_lane *lane, struct station_now now)
{
    struct button *button = &lane->button;
    if (button->pending || mono_before(now.mono, button->quiet_until)) {
        return;
    }
    uint64_t clock_number = now.wall.us > 0 ? (uint64_t)now.wall.us : 0;
    station->press = clock_number > station->press ? clock_number : station->press + 1;
    *button = (struct button){.pending = true,
                              .press = station->press,
                              .at = now.wall,
                              .due = mono_after_ms(now.mono, LIMIT_BUTTON_MS),
                              .quiet_until = mono_after_ms(now.mono, LIMIT_BUTTON_MS)};
    say_button(station, lane);
}

static enum open_result open_for_button(struct station *station, struct station_lane *lane,
                                        struct grant_id id, struct station_now now)
{
    const struct lane_grant grant = {.id = id, .press = lane->button.press, .direction = LANE_OUT};
    lane->button.pending = false;
    make_room(station, lane, now);
    return open_lane(station, lane, grant, now);
}

static enum open_result judge_answer(struct station *station,
                                     const struct helper_button_answer *answer,
                                     struct station_now now)
{
    int index = station_find_lane(station, answer->lane);
    if (index < 0) {
        return OPEN_UNKNOWN_LANE;
    }
    struct station_lane *lane = &station->lanes[index];
    if (!lane->button.pending || lane->button.press != answer->press) {
        return OPEN_DUPLICATE;
    }
    grants_seen_add(&station->seen, answer->grant);
    return open_for_button(station, lane, answer->grant, now);
}

static void hear_button_answer(struct station *station, const struct helper_message *message,
                               struct station_now now)
{
    const struct helper_button_answer *answer = &message->button_answer;
    say_result(station, answer->lane, answer->grant, judge_answer(station, answer, now));
}

/* The agent is dead or its disk hangs: nobody is kept from leaving by that. */
static void answer_alone(struct station *station, struct station_lane *lane, struct station_now now)
{
    const struct helper_report report = {.kind = REPORT_LATE_OPEN,
                                         .lane = lane->setup.name,
                                         .at = now.wall,
                                         .late = true,
                                         .direction = LANE_OUT,
                                         .press = lane->button.press};
    bool linked = station->linked;
    enum open_result result = open_for_button(station, lane, (struct grant_id){.sequence = 0}, now);
    /* A write without an answer may have opened it: that is told too. */
    if (result == OPEN_DONE || (result == OPEN_SILENT && linked)) {
        add_report(station, &report, now);
    }
}

static void hear_report_ack(struct station *station, const struct helper_message *message,
                            struct station_now now)
{
    (void)now;
    report_queue_ack(&station->reports, message->report_ack.number);
}

void station_hear(struct station *station, const struct helper_message *message,
                  struct station_now now)
{
    static void (*const handlers[])(struct station *, const struct helper_message *,
                                    struct station_now) = {
        [HELPER_SAYS_OPEN] = hear_open,
        [HELPER_SAYS_BUTTON_ANSWER] = hear_button_answer,
        [HELPER_SAYS_REPORT_ACK] = hear_report_ack,
    };
    if (message->kind < ARRAY_LEN(handlers) && handlers[message->kind] != NULL) {
        handlers[message->kind](station, message, now);
    }
}

void station_agent_up(struct station *station, struct station_now now)
{
    resend_reports(station, now);
    for (size_t i = 0; i < station->lane_count; i++) {
        if (station->lanes[i].button.pending) {
            say_button(station, &station->lanes[i]);
        }
    }
}

/* Sensing */

void station_link(struct station *station, bool up, struct station_now now)
{
    if (up && !station->linked) {
        station->outage = true;
    }
    if (!up && station->linked) {
        station->down_since = now.mono;
    }
    station->linked = up;
}

struct edges {
    uint32_t count[STATION_INPUTS_MAX];
};

/* The outage is no reason to miss a turn, where the board counted it. False: an input's counter
 * jumped, since the board began anew or the input chatters; the others count all the same, and
 * never more than happened. */
static bool count_edges(const struct station *station, const struct sensed *sensed,
                        struct station_now now, struct edges *edges)
{
    int64_t elapsed_ms = (now.mono.us - station->sensed_at.us) / 1000;
    bool restarted = false;
    for (size_t i = 0; i < STATION_INPUTS_MAX; i++) {
        bool fell_out = false;
        edges->count[i] =
            counter_advance(station->last.counters[i], sensed->counters[i], elapsed_ms, &fell_out);
        restarted = restarted || fell_out;
    }
    return !restarted;
}

static void compare_levels(const struct station *station, const struct sensed *sensed,
                           struct edges *edges)
{
    for (size_t i = 0; i < STATION_INPUTS_MAX; i++) {
        edges->count[i] = sensed->levels[i] && !station->last.levels[i] ? 1 : 0;
    }
}

static struct edges edges_of(struct station *station, const struct sensed *sensed,
                             struct station_now now)
{
    static const struct edges none = {.count = {0}};
    struct edges edges = none;
    if (!station->known) {
        return none;
    }
    if (sensed->has_counters && station->last.has_counters) {
        if (!count_edges(station, sensed, now, &edges)) {
            station->restarts++;
        }
    } else if (!station->outage) {
        compare_levels(station, sensed, &edges);
    }
    return edges;
}

/* An arm that let somebody through is opened again for the next who waits. */
static void open_for_next(struct station *station, struct station_lane *lane,
                          struct station_now now)
{
    if (lane->machine.waiting_count > 0 && station->linked &&
        station->ops.open(station->ops.ctx, &lane->setup, !opener_guards(&lane->setup)) !=
            ERR_REFUSED) {
        lane->relay_until = mono_after_ms(now.mono, lane->setup.open_ms);
    }
}

static void take_turns(struct station *station, struct station_lane *lane, uint32_t turns,
                       struct station_now now)
{
    bool waited = lane->machine.waiting_count > 0;
    for (uint32_t left = turns; left > 0;) {
        uint32_t some = left < LANE_PULSES_MAX ? left : LANE_PULSES_MAX;
        struct lane_reports reports = lane_pulses(&lane->machine, some, station->outage, now.mono);
        add_lane_reports(station, lane, &reports, now);
        left -= some;
    }
    if (turns > 0 && waited && !station->outage) {
        open_for_next(station, lane, now);
    }
}

static void take_tamper(struct station *station, struct station_lane *lane, bool level,
                        struct station_now now)
{
    if (level == lane->tampered) {
        return;
    }
    lane->tampered = level;
    const struct helper_report report = {.kind = REPORT_TAMPER,
                                         .lane = lane->setup.name,
                                         .at = now.wall,
                                         .late = station->outage && station->known,
                                         .on = level,
                                         .direction = lane->setup.direction};
    add_report(station, &report, now);
}

/* Whoever pressed in it still stands there. */
static bool was_short(const struct station *station, struct station_now now)
{
    return now.mono.us - station->sensed_at.us <= (int64_t)STATION_SHORT_OUTAGE_MS * 1000;
}

/* A finger on the button is enough, whatever its counter says. */
static bool is_pressed(const struct station *station, uint16_t input, const struct sensed *sensed,
                       const struct edges *edges, struct station_now now)
{
    bool live = !station->outage || was_short(station, now);
    bool held_down = station->known && sensed->levels[input] && !station->last.levels[input];
    return live && (held_down || edges->count[input] > 0);
}

/* Something that crossed between two looks counts, too: it may be a wheel of a vehicle. */
static void sense_guard(struct station *station, struct station_lane *lane,
                        const struct sensed *sensed, const struct edges *edges,
                        struct station_now now)
{
    const struct helper_lane *setup = &lane->setup;
    bool crossed = false;
    if (setup->manual.present) {
        struct lane_reports manual =
            lane_manual(&lane->machine, sensed->levels[setup->manual.number],
                        station->outage && station->known);
        add_lane_reports(station, lane, &manual, now);
    }
    if (setup->crush.present) {
        struct lane_reports crush =
            lane_crush(&lane->machine, sensed->levels[setup->crush.number], now.mono);
        add_lane_reports(station, lane, &crush, now);
        crossed = edges->count[setup->crush.number] > 0;
    }
    if (opener_guards(setup) && (crossed || lane_must_stay_open(&lane->machine))) {
        station->ops.keep_open(station->ops.ctx, setup);
    }
}

static void sense_lane(struct station *station, struct station_lane *lane,
                       const struct sensed *sensed, const struct edges *edges,
                       struct station_now now)
{
    const struct helper_lane *setup = &lane->setup;
    if (setup->manual.present && sensed->levels[setup->manual.number]) {
        /* Before the turns of the same look: nobody forced what is open by hand. */
        struct lane_reports pulled =
            lane_manual(&lane->machine, true, station->outage && station->known);
        add_lane_reports(station, lane, &pulled, now);
    }
    if (setup->passage.present) {
        take_turns(station, lane, edges->count[setup->passage.number], now);
    }
    if (setup->button.present && is_pressed(station, setup->button.number, sensed, edges, now)) {
        press_button(station, lane, now);
    }
    if (setup->tamper.present) {
        take_tamper(station, lane, sensed->levels[setup->tamper.number], now);
    }
    if (setup->held.present && !lane->machine.released) {
        struct lane_reports held =
            lane_held(&lane->machine, sensed->levels[setup->held.number], now.mono);
        add_lane_reports(station, lane, &held, now);
    }
    struct lane_reports ended = lane_tick(&lane->machine, station->outage, now.mono);
    add_lane_reports(station, lane, &ended, now);
    sense_guard(station, lane, sensed, edges, now);
}

void station_sense(struct station *station, const struct sensed *sensed, struct station_now now)
{
    struct edges edges = edges_of(station, sensed, now);
    for (size_t i = 0; i < station->lane_count; i++) {
        sense_lane(station, &station->lanes[i], sensed, &edges, now);
    }
    station->last = *sensed;
    station->sensed_at = now.mono;
    station->known = true;
    station->outage = false;
}

/* Fire and evacuation */

void station_release(struct station *station, size_t index, bool released)
{
    MUST(index < station->lane_count);
    lane_release(&station->lanes[index].machine, released);
}

static void close_entry(struct station *station, struct station_lane *lane, struct station_now now)
{
    bool pulse = mono_before(now.mono, lane->relay_until);
    struct lane_reports voided = lane_void(&lane->machine, LANE_IN);
    add_lane_reports(station, lane, &voided, now);
    if (lane->setup.direction == LANE_IN && (pulse || voided.count > 0)) {
        lane->relay_until = now.mono;
        station->ops.shut(station->ops.ctx, &lane->setup);
    }
}

void station_close_entries(struct station *station, uint32_t lanes, struct station_now now)
{
    for (size_t i = 0; i < station->lane_count; i++) {
        bool closed = (lanes >> i & 1) != 0;
        if (closed && !station->lanes[i].entry_closed) {
            close_entry(station, &station->lanes[i], now);
        }
        station->lanes[i].entry_closed = closed;
    }
}

void station_report_fire(struct station *station, struct name board, enum fire_change change,
                         bool on, bool late, struct station_now now)
{
    const struct helper_report report = {
        .kind = REPORT_FIRE, .lane = board, .at = now.wall, .late = late, .on = on, .fire = change};
    add_report(station, &report, now);
}

/* Time */

static void end_what_waits(struct station *station, struct station_now now)
{
    for (size_t i = 0; i < station->lane_count; i++) {
        struct lane_reports ended = lane_tick(&station->lanes[i].machine, true, now.mono);
        add_lane_reports(station, &station->lanes[i], &ended, now);
    }
}

void station_tick(struct station *station, struct station_now now)
{
    for (size_t i = 0; i < station->lane_count; i++) {
        struct button *button = &station->lanes[i].button;
        if (button->pending && !mono_before(now.mono, button->due)) {
            answer_alone(station, &station->lanes[i], now);
        }
    }
    if (!station->linked &&
        !mono_before(now.mono, mono_after_ms(station->down_since, STATION_OUTAGE_MS))) {
        end_what_waits(station, now);
    }
    if (station->reports.count > 0 && !mono_before(now.mono, station->resend_at)) {
        resend_reports(station, now);
    }
}

int64_t station_wait_ms(const struct station *station, struct mono now)
{
    int64_t wait_ms = STATION_RESEND_MS;
    for (size_t i = 0; i < station->lane_count; i++) {
        const struct button *button = &station->lanes[i].button;
        int64_t due_ms = (button->due.us - now.us + 999) / 1000;
        if (button->pending && due_ms < wait_ms) {
            wait_ms = due_ms > 0 ? due_ms : 0;
        }
    }
    return wait_ms;
}

struct station_counts station_counts(const struct station *station)
{
    return (struct station_counts){.reports_waiting = station->reports.count,
                                   .reports_lost = station->reports.lost,
                                   .restarts = station->restarts};
}

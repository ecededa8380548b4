/* What boards report, and what lanes are told. */
#include <stdio.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "reader-agent/app/gate.h"
#include "reader-agent/store/press.h"
#include "reader-agent/store/seen.h"

enum { OPENING_MS = LIMIT_COMMAND_MS, SHOW_MS = 4000, PRESS_WAIT_MS = 60000 };

enum lane_mode lane_mode_of(struct gate *gate, const struct gate_lane *lane)
{
    uint32_t mode = LANE_MODE_NORMAL;
    if (lane_order_get(gate->store, lane->name, &mode, NULL) == ERR_OK &&
        mode <= LANE_MODE_LOCKED) {
        return (enum lane_mode)mode;
    }
    return lane->mode;
}

static enum indicator_colour colour_of(enum reason_light light)
{
    switch (light) {
    case REASON_LIGHT_GREEN:
        return COLOUR_GREEN;
    case REASON_LIGHT_YELLOW:
        return COLOUR_YELLOW;
    case REASON_LIGHT_RED:
        break;
    }
    return COLOUR_RED;
}

static enum indicator_sound sound_of(enum indicator_colour colour)
{
    switch (colour) {
    case COLOUR_GREEN:
        return SOUND_SHORT;
    case COLOUR_YELLOW:
        return SOUND_DOUBLE;
    case COLOUR_RED:
    case COLOUR_OFF:
        break;
    }
    return SOUND_LONG;
}

void lane_show(struct gate *gate, struct name lane, enum reason reason)
{
    const struct reason_text *text = reason_text(reason);
    struct indication indication = {.colour = colour_of(text->light),
                                    .line1 = text->lane_zh,
                                    .line2 = text->lane_en,
                                    .show_ms = SHOW_MS};
    indication.sound = sound_of(indication.colour);
    struct fault fault = {0};
    enum err err = gate->indicator->show(gate->indicator_self, lane, &indication, &fault);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        log_warning("not_shown", LOG_TEXT("lane", lane.text), LOG_TEXT("why", fault.what));
    }
}

static void record_passage(struct gate *gate, struct name lane, enum lane_direction direction,
                           struct grant_id grant, enum passage_kind passage, const char *note)
{
    struct draft draft = {.kind = EVENT_PASSAGE,
                          .lane = lane,
                          .captured = gate_wall(gate),
                          .received = gate_wall(gate),
                          .passage = (uint32_t)passage,
                          .direction = (uint32_t)direction};
    struct fault fault = {0};
    struct grant_id id;
    if (!record_place(gate, grant, &draft.presentation)) {
        return;
    }
    (void)snprintf(draft.note, sizeof(draft.note), "%s", note);
    if (record_event(gate, &draft, false, NULL, &id, &fault) != ERR_OK) {
        log_error("event_lost", LOG_TEXT("lane", lane.text), LOG_TEXT("why", fault.what));
    }
}

void lane_unsensed(struct gate *gate, struct name lane, enum lane_direction direction,
                   struct grant_id grant, const char *note)
{
    record_passage(gate, lane, direction, grant, PASSAGE_UNSENSED, note);
}

void lane_not_opened(struct gate *gate, struct name lane, struct grant_id grant, const char *why)
{
    char note[DRAFT_NOTE_SIZE];
    (void)snprintf(note, sizeof(note), "not opened: %s", why);
    record_passage(gate, lane, LANE_NO_DIRECTION, grant, PASSAGE_NOT_TAKEN, note);
}

/* By the answer of the lane's own camera. There is no sensor: what was answered counts as passed,
 * marked so (lane_opened); what was not, as not taken. */
static void open_by_reply(struct gate *gate, const struct opening *opening)
{
    struct fault fault = {0};
    if (replies_ops.open(gate->replies, opening, &fault) != ERR_OK) {
        log_error("lane_not_opened", LOG_TEXT("lane", opening->lane.text),
                  LOG_NUM("sequence", opening->grant.sequence), LOG_TEXT("why", fault.what));
        lane_not_opened(gate, opening->lane, opening->grant, "its camera does not wait for it");
    }
}

void lane_open(struct gate *gate, struct name lane, enum lane_direction direction,
               struct grant_id id, struct mono expires)
{
    const struct gate_lane *row = gate_park_lane(gate->park, lane);
    struct opening opening = {.lane = lane,
                              .grant = id,
                              .direction = direction,
                              .expires = expires,
                              .ticket = reply_ticket_of(gate, id)};
    struct fault fault = {0};
    if (row != NULL && row->opens_by_reply) {
        open_by_reply(gate, &opening);
        return;
    }
    if (row == NULL || row->board.text[0] == '\0') {
        const struct gate_reader *terminal = terminal_of_lane(gate, lane);
        if (terminal != NULL) {
            terminal_open(gate, (struct asker){.reader = terminal->name}, lane, id, expires);
        } else {
            /* No sensor either: its grants are counted, and marked so. */
            lane_unsensed(gate, lane, direction, id, "the lane has no board");
        }
        return;
    }
    enum err err = gate->actuator->open(gate->actuator_self, &opening, &fault);
    if (err != ERR_OK) {
        log_error("lane_not_opened", LOG_TEXT("lane", lane.text), LOG_NUM("sequence", id.sequence),
                  LOG_TEXT("why", fault.what));
        lane_not_opened(gate, lane, id, "its board is not there");
    }
}

/* Is it the entry of a camera whose request waits no more, or never found room to? Only what a
 * person ordered, or another reader at the lane read, goes with the camera's next poll; an exit
 * does too, since nobody is kept in. */
static bool is_void(struct gate *gate, struct name lane, enum lane_direction direction,
                    struct grant_id id, struct asker asker)
{
    const struct gate_reader *reader = gate_park_reader(gate->park, asker.reader);
    return direction != LANE_OUT && reader != NULL && name_equal(reader->http.opens, lane) &&
           !reply_is_expected(gate, id);
}

void lane_perform(struct gate *gate, enum step step, struct name lane,
                  enum lane_direction direction, struct grant_id id, struct verdict verdict,
                  struct mono due, struct asker asker)
{
    bool opens = step == STEP_OPEN || step == STEP_OPEN_LATE;
    struct mono expires = mono_after_ms(direction == LANE_OUT ? gate_mono(gate) : due, OPENING_MS);
    if (opens && asker.ask != 0) {
        terminal_open(gate, asker, lane, id, expires);
    } else if (opens && is_void(gate, lane, direction, id, asker)) {
        lane_not_opened(gate, lane, id, "its camera does not wait for it");
    } else if (opens) {
        lane_open(gate, lane, direction, id, expires);
    } else if (step == STEP_SHOW && asker.ask != 0) {
        terminal_deny(gate, asker, lane, id);
    }
    if (step == STEP_NONE || step == STEP_ASK || step == STEP_COMMIT) {
        return;
    }
    reply_closed(gate, id); /* no more than a lookup where the lane was opened */
    lane_show(gate, lane, verdict.reason);
    log_event("verdict", LOG_TEXT("lane", lane.text), LOG_NUM("sequence", id.sequence),
              LOG_TEXT("outcome", outcome_name(verdict.outcome)),
              LOG_TEXT("reason", reason_text(verdict.reason)->name),
              LOG_TEXT("late", step == STEP_OPEN_LATE ? "yes" : "no"));
}

/* What of these is an opening that did not happen; the others happened, or nobody knows. */
static bool is_failure(enum open_result result)
{
    return result == OPEN_EXPIRED || result == OPEN_UNKNOWN_LANE || result == OPEN_REFUSED ||
           result == OPEN_QUEUE_FULL || result == OPEN_HUNG_UP || result == OPEN_EMERGENCY;
}

void lane_opened(void *ctx, struct name lane, struct grant_id grant, enum open_result result)
{
    struct gate *gate = ctx;
    if (result == OPEN_DONE) {
        const struct gate_lane *row = gate_park_lane(gate->park, lane);
        if (row != NULL && row->opens_by_reply) {
            record_passage(gate, lane, LANE_NO_DIRECTION, grant, PASSAGE_UNSENSED,
                           "opened by its camera's answer");
        }
        return;
    }
    log_warning("opening_answered", LOG_TEXT("lane", lane.text),
                LOG_NUM("sequence", grant.sequence),
                LOG_TEXT("result", helper_open_result_name(result)));
    if (is_failure(result)) {
        lane_not_opened(gate, lane, grant, helper_open_result_name(result));
    }
}

/* The event of a press, where it stands now. */
static bool press_place(struct gate *gate, struct name lane, uint64_t press,
                        struct grant_id *ret_id)
{
    struct grant_id id;
    return press != 0 && press_get(gate->store, lane, press, &id, NULL) == ERR_OK &&
           record_place(gate, id, ret_id);
}

static struct draft button_draft(struct gate *gate, struct name lane, uint64_t press,
                                 struct wall at)
{
    return (struct draft){.kind = EVENT_BUTTON,
                          .lane = lane,
                          .press = press,
                          .captured = at,
                          .received = gate_wall(gate),
                          .has_verdict = true,
                          .outcome = OUTCOME_GRANT,
                          .reason = REASON_EXIT_BUTTON,
                          .source = SOURCE_AGENT,
                          .direction = LANE_OUT};
}

/* When nothing can be written, silence is the right answer: the board opens by itself after
 * LIMIT_BUTTON_MS and reports it until that is on record. */
static void lane_button(void *ctx, struct name lane, uint64_t number, struct wall at)
{
    struct gate *gate = ctx;
    struct grant_id id;
    bool answered_alone = gate_wall(gate).us - at.us > (int64_t)LIMIT_BUTTON_MS * 1000;
    if (gate_park_lane(gate->park, lane) == NULL || answered_alone ||
        press_place(gate, lane, number, &id)) {
        return; /* what the board did alone comes as a report, and is recorded as that */
    }
    struct draft draft = button_draft(gate, lane, number, at);
    struct fault fault = {0};
    if (record_event(gate, &draft, false, NULL, &id, &fault) != ERR_OK) {
        log_error("button_not_recorded", LOG_TEXT("lane", lane.text), LOG_TEXT("why", fault.what));
        return;
    }
    record_after(gate,
                 (struct after){.kind = AFTER_BUTTON, .id = id, .lane = lane, .press = number});
}

void lane_button_committed(struct gate *gate, const struct after *after, bool durable)
{
    if (!durable) {
        return;
    }
    struct fault fault = {0};
    enum err err = gate->actuator->answer_button(gate->actuator_self, after->lane, after->press,
                                                 after->id, &fault);
    if (err != ERR_OK) {
        log_warning("button_not_answered", LOG_TEXT("lane", after->lane.text),
                    LOG_TEXT("why", fault.what));
    }
    lane_show(gate, after->lane, REASON_EXIT_BUTTON);
}

static void draft_of_passage(struct gate *gate, const struct helper_report *report,
                             struct grant_id presentation, struct draft *draft)
{
    *draft = (struct draft){.kind = EVENT_PASSAGE,
                            .lane = report->lane,
                            .captured = report->at,
                            .received = gate_wall(gate),
                            .presentation = presentation,
                            .passage = (uint32_t)report->passage,
                            .direction = (uint32_t)report->direction,
                            .late = report->late};
}

/* What a passage belongs to: the grant it names, or the press that the board answered itself. That
 * press is reported too and may come after it: wait for it (ERR_BUSY), but not for ever. */
static enum err owner_of(struct gate *gate, const struct helper_report *report,
                         struct grant_id *ret_owner, struct fault *fault)
{
    *ret_owner = (struct grant_id){0};
    if (!grant_id_is_none(report->grant)) {
        return record_place(gate, report->grant, ret_owner)
                   ? ERR_OK
                   : fault_set(fault, ERR_BUSY, "its opening is not on record yet");
    }
    if (report->press == 0 || press_place(gate, report->lane, report->press, ret_owner)) {
        return ERR_OK;
    }
    bool old = gate_wall(gate).us - report->at.us > (int64_t)PRESS_WAIT_MS * 1000;
    return old ? ERR_OK : fault_set(fault, ERR_BUSY, "its button press is not on record yet");
}

static const char *fire_note(const struct helper_report *report)
{
    if (report->fire != FIRE_RESET) {
        return "";
    }
    return report->on ? "by the key switch" : "by order of the controller";
}

/* ERR_NOT_FOUND: there is nothing to be recorded. */
static enum err draft_of_report(struct gate *gate, const struct helper_report *report,
                                struct draft *draft, struct fault *fault)
{
    struct grant_id owner = {0};
    switch (report->kind) {
    case REPORT_PASSAGE:
        TRY(owner_of(gate, report, &owner, fault));
        draft_of_passage(gate, report, owner, draft);
        return ERR_OK;
    case REPORT_LATE_OPEN:
        if (press_place(gate, report->lane, report->press, &owner)) {
            return ERR_NOT_FOUND; /* it is on record; our answer only came too late */
        }
        *draft = button_draft(gate, report->lane, report->press, report->at);
        draft->source = SOURCE_BOARD;
        draft->late = true;
        return ERR_OK;
    case REPORT_FIRE:
        *draft = (struct draft){.kind = EVENT_FIRE,
                                .captured = report->at,
                                .received = gate_wall(gate),
                                .fire = (uint32_t)report->fire,
                                .late = report->late};
        (void)snprintf(draft->note, sizeof(draft->note), "%s", fire_note(report));
        return ERR_OK;
    case REPORT_TAMPER:
        *draft = (struct draft){.kind = EVENT_TAMPER,
                                .lane = report->lane,
                                .captured = report->at,
                                .received = gate_wall(gate),
                                .device_state = report->on ? DEVICE_TAMPER : DEVICE_UP,
                                .late = report->late};
        return ERR_OK;
    }
    return ERR_NOT_FOUND;
}

static void mark_of_report(const struct gate *gate, struct name board,
                           const struct helper_report *report, struct seen_mark *mark)
{
    uint8_t what[9];
    struct writer w = writer_of(what, sizeof(what));
    writer_u8(&w, 3);
    writer_u64(&w, report->number);
    mark->device = board;
    vault_hash(gate->vault, board, writer_view(&w), mark->hash);
}

static enum err lane_report(void *ctx, struct name board, const struct helper_report *report,
                            struct fault *fault)
{
    struct gate *gate = ctx;
    struct seen_mark mark;
    bool seen = false;
    bool fire = report->kind == REPORT_FIRE;
    if (fire) {
        emergency_of_board(gate, board, report); /* whatever becomes of the disk */
    }
    mark_of_report(gate, board, report, &mark);
    TRY(seen_has(gate->store, board, mark.hash, &seen, fault));
    if (seen && fire) {
        emergency_was_recorded(gate, board, report);
    }
    if (seen || (!fire && gate_park_lane(gate->park, report->lane) == NULL)) {
        return ERR_OK;
    }
    if (fire && emergency_waits_for_earlier(gate, board, report->number)) {
        return fault_set(fault, ERR_BUSY, "an earlier word of fire is not on record yet");
    }
    struct draft draft;
    TRY(record_commit(gate, fault)); /* the press that it belongs to may only be staged */
    enum err err = draft_of_report(gate, report, &draft, fault);
    if (err == ERR_NOT_FOUND) {
        return ERR_OK;
    }
    TRY(err);
    draft.reader = board;
    struct grant_id id;
    TRY(record_event(gate, &draft, false, &mark, &id, fault));
    TRY(record_commit(gate, fault));
    if (fire) {
        emergency_recorded(gate, board, report, id);
    }
    log_event("lane_reported", LOG_TEXT("lane", report->lane.text), LOG_NUM("kind", report->kind),
              LOG_NUM("passage", report->passage), LOG_NUM("sequence", id.sequence));
    return ERR_OK;
}

struct actuator_sink lanes_sink(struct gate *gate)
{
    return (struct actuator_sink){
        .opened = lane_opened, .button = lane_button, .report = lane_report, .ctx = gate};
}

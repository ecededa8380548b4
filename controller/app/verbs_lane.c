#include <string.h>

#include "common/access/civil.h"
#include "common/base/must.h"
#include "common/facts/lane_store.h"
#include "controller/app/agents.h"
#include "controller/app/sight.h"
#include "controller/journal/journal.h"

enum { READ_WAITS_S = 120 }; /* who was read stands there so long at most */

/* A guard's lanes and hours; every other role acts on all lanes. */
bool request_lane_is_permitted(const struct controller *ctl, const struct request *request,
                               struct name lane)
{
    const Parkgate__KeyRecord *key = request->key;
    uint32_t minute = civil_of(&ctl->tz, ctl->now).minute;
    if ((request->verb->roles & key->roles & ~(1U << ROLE_GUARD)) != 0) {
        return true;
    }
    bool all_day = key->from_minute == key->until_minute;
    bool inside = key->from_minute < key->until_minute
                      ? minute >= key->from_minute && minute < key->until_minute
                      : minute >= key->from_minute || minute < key->until_minute;
    for (size_t i = 0; (all_day || inside) && i < key->n_lane; i++) {
        if (strcmp(key->lane[i], lane.text) == 0) {
            return true;
        }
    }
    return false;
}

bool request_lane(struct controller *ctl, struct request *request,
                  const struct park_lane **ret_lane)
{
    struct name name;
    if (!request_name(request, "lane", &name)) {
        return false;
    }
    *ret_lane = park_lane(ctl->park, name);
    if (*ret_lane == NULL) {
        return request_refuse(request, ERROR_NOT_FOUND, "lane", name.text, NULL);
    }
    return request_lane_is_permitted(ctl, request, name) ||
           request_refuse(request, ERROR_NOT_YOUR_LANE, name.text, NULL, NULL);
}

static enum err on_lane_list(struct controller *ctl, struct request *request, struct fault *fault)
{
    static const char *const directions[] = {"", "in", "out", "both"};
    struct answer *a = request->answer;
    answer_columns(a, "lane,gate,direction,subject,mode,state");
    for (size_t i = 0; i < ctl->park->lane_count; i++) {
        const struct park_lane *lane = &ctl->park->lanes[i];
        enum lane_mode mode = LANE_MODE_NORMAL;
        if (!request_lane_is_permitted(ctl, request, lane->name)) {
            continue;
        }
        TRY(lane_mode_get(ctl->txn, lane->name, lane->mode, &mode, fault));
        const struct session *session = session_of_gate(&ctl->sessions, lane->gate);
        answer_begin_row(a);
        answer_text(a, lane->name.text);
        answer_text(a, lane->gate.text);
        answer_text(a, directions[lane->direction & 3]);
        answer_text(a, lane->subject == SUBJECT_VEHICLES ? "vehicles" : "persons");
        answer_text(a, lane_mode_name(mode));
        answer_text(a, session != NULL && !session->away ? "online" : "away");
        (void)answer_end_row(a);
    }
    return ERR_OK;
}

/* A read that waits in front of the lane: by its place in the journal, of that lane and of the last
 * two minutes. False: refused, or *ret_err. */
static bool find_read(struct controller *ctl, struct request *request, struct lane_command *command,
                      enum err *ret_err, struct fault *fault)
{
    uint64_t journal = 0;
    uint64_t number = 0;
    struct bytes packed;
    struct seal_hash hash;
    if (!request_number_or_none(request, "presentation", INT64_MAX, &number) || number == 0) {
        return request->answer->complaint.number == ERROR_NONE;
    }
    *ret_err = sight_meant(ctl, request, number, &journal, fault);
    if (*ret_err != ERR_OK) {
        return false;
    }
    enum err err = journal_read(ctl->txn, journal, &packed, &hash, fault);
    Parkgate__Entry *entry =
        err == ERR_OK ? parkgate__entry__unpack(NULL, packed.size, packed.data) : NULL;
    Parkgate__EventEntry *event =
        entry == NULL || entry->kind != ENTRY_EVENT
            ? NULL
            : parkgate__event_entry__unpack(NULL, entry->body.len, entry->body.data);
    bool waits = event != NULL && event->kind == EVENT_PRESENTATION &&
                 strcmp(event->lane, command->lane->name.text) == 0 &&
                 strcmp(event->gate, command->lane->gate.text) == 0 &&
                 ctl->now.us - entry->time_us <= READ_WAITS_S * INT64_C(1000000);
    if (waits) {
        command->presentation = event->event_sequence;
        command->presentation_epoch = event->epoch;
    }
    if (event != NULL) {
        parkgate__event_entry__free_unpacked(event, NULL);
    }
    if (entry != NULL) {
        parkgate__entry__free_unpacked(entry, NULL);
    }
    *ret_err = err == ERR_NOT_FOUND ? ERR_OK : err;
    return *ret_err == ERR_OK &&
           (waits || request_refuse(request, ERROR_ARG_BAD, "presentation",
                                    request_arg(request, "presentation"),
                                    "no read at this lane of the last two minutes"));
}

static enum err on_lane_open(struct controller *ctl, struct request *request, struct fault *fault)
{
    struct lane_command command = {.verb = VERB_OPEN, .actor = request->key->name};
    const char *way = request_arg(request, "direction");
    uint64_t sequence = 0;
    enum err err = ERR_OK;
    if (!request_lane(ctl, request, &command.lane) ||
        !request_need(request, "reason", &command.reason) ||
        !find_read(ctl, request, &command, &err, fault)) {
        return err;
    }
    command.direction = command.lane->direction != LANE_BOTH     ? command.lane->direction
                        : way != NULL && strcmp(way, "out") == 0 ? LANE_OUT
                                                                 : LANE_IN;
    if (agents_command(ctl, &command, &sequence, &request->answer->complaint, &err, fault)) {
        answer_note_number(request->answer, "command", (int64_t)sequence);
    }
    return err;
}

static enum err set_lane_mode(struct controller *ctl, struct request *request, enum lane_mode mode,
                              struct fault *fault)
{
    const struct park_lane *lane = NULL;
    const char *reason = NULL;
    enum lane_mode now = LANE_MODE_NORMAL;
    Parkgate__LaneState state = PARKGATE__LANE_STATE__INIT;
    if (!request_lane(ctl, request, &lane) || !request_need(request, "reason", &reason)) {
        return ERR_OK;
    }
    if (mode == LANE_MODE_LOCKED && lane->direction != LANE_IN) {
        (void)request_refuse(request, ERROR_EXIT_LOCK, lane->name.text, NULL, NULL);
        return ERR_OK;
    }
    TRY(lane_mode_get(ctl->txn, lane->name, lane->mode, &now, fault));
    if (now == mode) {
        (void)request_refuse(request, ERROR_SAME_STATE, "lane", lane->name.text, NULL);
        return ERR_OK;
    }
    state.lane = field_text(lane->name.text);
    state.mode = mode;
    state.reason = field_text(reason);
    return controller_record(ctl, ENTRY_LANE_STATE, request->key->name, &state.base, fault);
}

static enum err on_lane_lock(struct controller *ctl, struct request *request, struct fault *fault)
{
    return set_lane_mode(ctl, request, LANE_MODE_LOCKED, fault);
}

static enum err on_lane_free(struct controller *ctl, struct request *request, struct fault *fault)
{
    return set_lane_mode(ctl, request, LANE_MODE_FREE, fault);
}

static enum err on_lane_normal(struct controller *ctl, struct request *request, struct fault *fault)
{
    return set_lane_mode(ctl, request, LANE_MODE_NORMAL, fault);
}

const struct verb_handler verbs_of_lanes[] = {
    {"lane.list",   on_lane_list  },
    {"lane.open",   on_lane_open  },
    {"lane.lock",   on_lane_lock  },
    {"lane.free",   on_lane_free  },
    {"lane.normal", on_lane_normal},
};
const size_t verbs_of_lanes_count = ARRAY_LEN(verbs_of_lanes);

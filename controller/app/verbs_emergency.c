/* Fire and evacuation by a person's key, and what holds now. */
#include <stdio.h>
#include <string.h>

#include "common/base/must.h"
#include "common/facts/emergency_store.h"
#include "controller/app/emergency.h"
#include "controller/app/faults.h"
#include "controller/app/request.h"

/* `given` cut into names of zones, in `list`. */
static bool read_zones(const struct controller *ctl, struct request *request,
                       char list[LIMIT_ARG_BYTES + 1], char *zones[LIMIT_ZONES], size_t *ret_count)
{
    const char *given = request_arg(request, "zones");
    (void)snprintf(list, LIMIT_ARG_BYTES + 1, "%s", given == NULL ? "" : given);
    return request_names(request, "zone", list, request_zone_exists, ctl->park, zones, LIMIT_ZONES,
                         ret_count);
}

static enum err note_state(struct controller *ctl, struct answer *a, struct fault *fault)
{
    Parkgate__EmergencyRecord *record = NULL;
    TRY(emergency_get(ctl->txn, &record, fault));
    answer_note(a, "emergency", emergency_name(record == NULL ? 0 : record->state));
    answer_note_number(a, "number", record == NULL ? 0 : (int64_t)record->number);
    if (record != NULL) {
        parkgate__emergency_record__free_unpacked(record, NULL);
    }
    return ERR_OK;
}

/* Starting is easy: whoever works at the park may, and one word of why is enough. */
static enum err on_emergency_start(struct controller *ctl, struct request *request,
                                   struct fault *fault)
{
    char list[LIMIT_ARG_BYTES + 1];
    char *zones[LIMIT_ZONES];
    size_t count = 0;
    const char *reason = NULL;
    enum err err = ERR_OK;
    if (!read_zones(ctl, request, list, zones, &count) ||
        !request_need(request, "reason", &reason) ||
        !emergency_start(ctl, request->key->name, zones, count, reason, &request->answer->complaint,
                         &err, fault)) {
        return err;
    }
    return note_state(ctl, request->answer, fault);
}

static enum err on_emergency_end(struct controller *ctl, struct request *request,
                                 struct fault *fault)
{
    const char *reason = NULL;
    const char *force = request_arg(request, "force");
    enum err err = ERR_OK;
    if (!request_need(request, "reason", &reason) ||
        !emergency_end(ctl, request->key->name, reason, force != NULL && strcmp(force, "yes") == 0,
                       &request->answer->complaint, &err, fault)) {
        return err;
    }
    return note_state(ctl, request->answer, fault);
}

/* --- showing --- */

static void join(char *out, size_t size, const char *text)
{
    size_t used = strlen(out);
    if (used < size) {
        (void)snprintf(out + used, size - used, "%s%s", used > 0 ? "," : "", text);
    }
}

/* The boards of a gate that say fire: a star at those whose input says so no more, brackets around
 * those that do not count yet. */
static void fire_of(const Parkgate__EmergencyRecord *record, const char *gate, char *out,
                    size_t size)
{
    out[0] = '\0';
    for (size_t i = 0; record != NULL && i < record->n_board && i < record->n_change; i++) {
        char word[NAME_SIZE + 4];
        bool waits = i < record->n_waits_until_us && record->waits_until_us[i] != 0;
        if (i >= record->n_board_gate || strcmp(record->board_gate[i], gate) != 0 ||
            (record->change[i] != FIRE_ON && record->change[i] != FIRE_INPUT_ENDED)) {
            continue;
        }
        (void)snprintf(word, sizeof(word), "%s%s%s%s", waits ? "(" : "", record->board[i],
                       record->change[i] == FIRE_INPUT_ENDED ? "*" : "", waits ? ")" : "");
        join(out, size, word);
    }
}

/* Where two boxes speak, the word of one is not the gate's: somebody has to walk there. */
static enum err gate_row(struct controller *ctl, const struct park_gate *gate,
                         const Parkgate__EmergencyRecord *record, struct answer *a,
                         struct fault *fault)
{
    char fire[512];
    bool two_boxes = false;
    const struct session *session = session_of_gate(&ctl->sessions, gate->name);
    TRY(fault_is_open(ctl, &fault_two_boxes, gate->name.text, &two_boxes, fault));
    bool taken =
        session != NULL && !two_boxes && (record == NULL || session->emergency >= record->number);
    fire_of(record, gate->name.text, fire, sizeof(fire));
    answer_begin_row(a);
    answer_text(a, gate->name.text);
    answer_text(a, session != NULL && !session->away ? "online" : "away");
    answer_wall(a, session == NULL ? (struct wall){0} : session->heard_wall);
    answer_text(a, taken ? "yes" : "no");
    answer_text(a, fire);
    (void)answer_end_row(a);
    return ERR_OK;
}

static void note_record(const Parkgate__EmergencyRecord *record, struct answer *a)
{
    char zones[LIMIT_ZONES * NAME_SIZE] = "";
    for (size_t i = 0; i < record->n_zone; i++) {
        join(zones, sizeof(zones), record->zone[i]);
    }
    answer_note_number(a, "since_us", record->state == EMERGENCY_NONE ? 0 : record->at_us);
    answer_note(a, "by", record->by);
    answer_note(a, "reason", record->reason);
    answer_note(a, "zones", zones);
    answer_note(a, "evacuation", record->evacuation ? "yes" : "no");
    answer_note(a, "admits", record->admits ? "yes" : "no");
}

/* How many gates were told of what is not on record: they may hold it, and only a person ends it.
 */
static int64_t count_unrecorded(const struct controller *ctl,
                                const Parkgate__EmergencyRecord *record)
{
    int64_t count = 0;
    for (size_t i = 0; i < LIMIT_AGENTS; i++) {
        const struct session *session = &ctl->sessions.items[i];
        count += session->used && session->emergency > (record == NULL ? 0 : record->number);
    }
    return count;
}

static enum err on_emergency_show(struct controller *ctl, struct request *request,
                                  struct fault *fault)
{
    Parkgate__EmergencyRecord *record = NULL;
    TRY(note_state(ctl, request->answer, fault));
    TRY(emergency_get(ctl->txn, &record, fault));
    answer_columns(request->answer, "gate,state,heard_us,taken,fire");
    enum err err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < ctl->park->gate_count; i++) {
        err = gate_row(ctl, &ctl->park->gates[i], record, request->answer, fault);
    }
    answer_note_number(request->answer, "unrecorded", count_unrecorded(ctl, record));
    if (record != NULL) {
        note_record(record, request->answer);
        parkgate__emergency_record__free_unpacked(record, NULL);
    }
    return err;
}

const struct verb_handler verbs_of_emergency[] = {
    {"emergency.start", on_emergency_start},
    {"emergency.end",   on_emergency_end  },
    {"emergency.show",  on_emergency_show },
};
const size_t verbs_of_emergency_count = ARRAY_LEN(verbs_of_emergency);

#include "controller/app/alert_sight.h"

#include <string.h>

#include "common/base/must.h"
#include "controller/app/approvals.h"
#include "controller/store/alert_store.h"
#include "schema/watch.h"

bool alert_is_seen(const struct controller *ctl, const struct request *request,
                   const Parkgate__AlertRecord *record)
{
    const struct alert_kind *kind = alert_kind(record->kind);
    uint32_t roles = request->key->roles & request->verb->roles;
    bool guards_lane = record->lane[0] == '\0'
                           ? !kind->secret
                           : request_lane_is_permitted(ctl, request, name_or_none(record->lane));
    if ((roles & 1U << ROLE_SECURITY) != 0) {
        return true;
    }
    if (kind->secret) {
        return (roles & 1U << ROLE_GUARD) != 0 && (roles & ~(1U << ROLE_GUARD)) == 0 && guards_lane;
    }
    return (roles & ~(1U << ROLE_GUARD)) != 0 || guards_lane;
}

static bool is_told(const struct request *request, const char *told)
{
    uint32_t mask = 0;
    if (role_mask_from_text(told, &mask)) {
        return (mask & request->key->roles) != 0;
    }
    return strcmp(told, request->key->name) == 0 || strcmp(told, key_person(request->key)) == 0;
}

bool alert_rings(const struct controller *ctl, const struct request *request,
                 const Parkgate__AlertRecord *record)
{
    const struct alert_kind *kind = alert_kind(record->kind);
    for (uint32_t level = 0; level <= record->level; level++) {
        if (is_told(request, alert_told(ctl->park, kind, level))) {
            return true;
        }
    }
    return false;
}

enum err alert_asked_for(struct controller *ctl, struct request *request,
                         Parkgate__AlertRecord **ret, struct fault *fault)
{
    uint64_t number = 0;
    const char *text = NULL;
    *ret = NULL;
    if (!request_need(request, "alert", &text) ||
        !request_number_or_none(request, "alert", INT64_MAX, &number)) {
        return ERR_OK;
    }
    enum err err = alert_of_label(ctl->txn, number, ret, fault);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    if (err == ERR_OK && alert_is_seen(ctl, request, *ret)) {
        return ERR_OK;
    }
    bool another_lane = err == ERR_OK && !alert_kind((*ret)->kind)->secret;
    (void)request_refuse(request, another_lane ? ERROR_NOT_YOUR_LANE : ERROR_NOT_FOUND,
                         another_lane ? (*ret)->lane : "alert", text, NULL);
    if (*ret != NULL) {
        parkgate__alert_record__free_unpacked(*ret, NULL);
        *ret = NULL;
    }
    return ERR_OK;
}

bool alert_wants_document(const Parkgate__AlertRecord *record)
{
    return record->candidate &&
           strcmp(record->matcher, watch_matcher_name(WATCH_MATCHER_PLATE)) != 0;
}

bool alert_row(const struct controller *ctl, struct answer *a, const Parkgate__AlertRecord *record)
{
    const struct alert_kind *kind = alert_kind(record->kind);
    answer_begin_row(a);
    answer_number(a, (int64_t)alert_label(record));
    answer_text(a, alert_state_word(record->state));
    answer_number(a, record->priority);
    answer_text(a, record->kind);
    answer_text(a, record->gate);
    answer_text(a, record->lane);
    answer_text(a, record->about);
    answer_number(a, record->count);
    answer_wall(a, (struct wall){record->raised_us});
    answer_wall(a, (struct wall){record->due_us});
    answer_text(a, alert_told(ctl->park, kind, record->level));
    answer_text(a, record->handler);
    answer_text(a, record->late != 0 ? "yes" : "");
    answer_text(a, alert_decision_word(record->decision));
    answer_text(a, kind->title);
    answer_text(a, kind->title_zh);
    return answer_end_row(a);
}

/* hold.*: named records are kept past their term: one person or vehicle, a document, an end. */
#include <stdio.h>
#include <string.h>

#include "common/access/civil.h"
#include "common/base/must.h"
#include "common/facts/people_store.h"
#include "controller/app/request.h"
#include "controller/journal/journal.h"
#include "controller/store/hold_store.h"
#include "schema/kinds.h"

enum { HOLD_DAYS_MAX = 366 };

static bool read_term(struct controller *ctl, struct request *request, int64_t *ret_until_us)
{
    int32_t day = 0;
    char most[16];
    int32_t today = controller_today(ctl);
    if (request_arg(request, "until") == NULL) {
        return request_refuse(request, ERROR_ARG_MISSING, "until", NULL, NULL);
    }
    if (!request_date(request, "until", &day)) {
        return false;
    }
    (void)snprintf(most, sizeof(most), "%d", HOLD_DAYS_MAX);
    *ret_until_us = civil_to_wall(&ctl->tz, day + 1, 0).us;
    return (day >= today && day <= today + HOLD_DAYS_MAX) ||
           request_refuse(request, ERROR_HOLD_TERM, most, NULL, NULL);
}

static enum err on_hold_add(struct controller *ctl, struct request *request, struct fault *fault)
{
    struct handle handle;
    const char *reason = NULL;
    const char *document = NULL;
    struct journal_head head;
    Parkgate__HolderRecord *holder = NULL;
    Parkgate__HoldRecord record = PARKGATE__HOLD_RECORD__INIT;
    if (!request_handle(request, "person", &handle) || !request_need(request, "reason", &reason) ||
        !request_need(request, "document", &document) ||
        !read_term(ctl, request, &record.until_us)) {
        return ERR_OK;
    }
    TRY(request_holder(ctl, request, handle, "person", &holder, fault));
    if (holder == NULL) {
        return ERR_OK;
    }
    parkgate__holder_record__free_unpacked(holder, NULL);
    TRY(journal_head(ctl->txn, &head, fault));
    record.number = head.sequence + 1;
    record.holder = people_field(&handle);
    record.reason = field_text(reason);
    record.document = field_text(document);
    record.from_us = ctl->now.us;
    record.asker = field_text(request->key->name);
    record.decider = field_text(request->agreed_by == NULL ? "" : request->agreed_by);
    answer_note_number(request->answer, "hold", (int64_t)record.number);
    return controller_record(ctl, ENTRY_HOLD, request->key->name, &record.base, fault);
}

static const char *state_of(const Parkgate__HoldRecord *record, struct wall now)
{
    return record->ended_us != 0 ? "ended" : now.us >= record->until_us ? "over" : "on";
}

static enum err on_hold_list(struct controller *ctl, struct request *request, struct fault *fault)
{
    uint64_t at = 0;
    bool fits = true;
    enum err err;
    Parkgate__HoldRecord *record = NULL;
    const char *all = request_arg(request, "all");
    answer_columns(request->answer, "hold,state,person,document,reason,from_us,until_us,asker,"
                                    "agreed_by,ended_us,ended_by,end_reason");
    if (!request_number_or_none(request, "after", INT64_MAX, &at)) {
        return ERR_OK;
    }
    for (size_t rows = 0; fits && (err = hold_next(ctl->txn, at, &record, fault)) == ERR_OK;) {
        struct answer *a = request->answer;
        const char *state = state_of(record, ctl->now);
        if (all != NULL || strcmp(state, "on") == 0) {
            answer_begin_row(a);
            answer_number(a, (int64_t)record->number);
            answer_text(a, state);
            answer_handle(a, people_handle(&record->holder));
            answer_text(a, record->document);
            answer_text(a, record->reason);
            answer_wall(a, (struct wall){record->from_us});
            answer_wall(a, (struct wall){record->until_us});
            answer_text(a, record->asker);
            answer_text(a, record->decider);
            answer_wall(a, (struct wall){record->ended_us});
            answer_text(a, record->ended_by);
            answer_text(a, record->end_reason);
            fits = answer_end_row(a) && ++rows < LIMIT_ROWS_PER_MESSAGE;
        }
        at = record->number;
        parkgate__hold_record__free_unpacked(record, NULL);
    }
    return !fits || err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err on_hold_end(struct controller *ctl, struct request *request, struct fault *fault)
{
    uint64_t number = 0;
    const char *text = NULL;
    const char *reason = NULL;
    Parkgate__HoldRecord *found = NULL;
    if (!request_need(request, "hold", &text) || !request_need(request, "reason", &reason) ||
        !request_number_or_none(request, "hold", INT64_MAX, &number)) {
        return ERR_OK;
    }
    enum err err = hold_get(ctl->txn, number, &found, fault);
    if (err == ERR_NOT_FOUND) {
        (void)request_refuse(request, ERROR_NOT_FOUND, "hold", text, NULL);
        return ERR_OK;
    }
    TRY(err);
    Parkgate__HoldRecord changed = *found;
    if (found->ended_us != 0) {
        (void)request_refuse(request, ERROR_SAME_STATE, "hold", text, NULL);
    } else {
        changed.ended_us = ctl->now.us;
        changed.ended_by = field_text(request->key->name);
        changed.end_reason = field_text(reason);
        err = controller_record(ctl, ENTRY_HOLD, request->key->name, &changed.base, fault);
    }
    parkgate__hold_record__free_unpacked(found, NULL);
    return err;
}

const struct verb_handler verbs_of_holds[] = {
    {"hold.add",  on_hold_add },
    {"hold.list", on_hold_list},
    {"hold.end",  on_hold_end },
};
const size_t verbs_of_holds_count = ARRAY_LEN(verbs_of_holds);

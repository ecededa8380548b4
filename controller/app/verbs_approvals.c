/* approval.list, approval.show: what waits for another person, and what exactly it is. */
#include <stdio.h>
#include <string.h>

#include "common/base/must.h"
#include "controller/app/approvals.h"
#include "controller/store/approval_store.h"

bool approval_is_waiting(const Parkgate__ApprovalRecord *record, struct wall now)
{
    return record->state == APPROVAL_WAITING && now.us < record->expires_us;
}

const char *approval_state_word(const Parkgate__ApprovalRecord *record, struct wall now)
{
    switch (record->state) {
    case APPROVAL_GRANTED:
        return "granted";
    case APPROVAL_REFUSED:
        return "refused";
    default:
        return approval_is_waiting(record, now) ? "waiting" : "expired";
    }
}

void approval_deciders(const Parkgate__ApprovalRecord *record, const char *last, char *out,
                       size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i <= record->n_granted && used < size; i++) {
        const char *name = i < record->n_granted ? record->granted[i] : last;
        if (name[0] != '\0') {
            used += (size_t)snprintf(out + used, size - used, "%s%s", used > 0 ? ", " : "", name);
        }
    }
}

static bool approval_row(struct controller *ctl, struct answer *a,
                         const Parkgate__ApprovalRecord *record)
{
    char deciders[LIMIT_TEXT_BYTES];
    char hex[2 * SEAL_HASH_SIZE + 1] = "";
    if (record->digest.len == SEAL_HASH_SIZE) {
        bytes_to_hex(field_view(&record->digest), hex, sizeof(hex));
    }
    answer_begin_row(a);
    answer_number(a, (int64_t)record->number);
    answer_text(a, approval_state_word(record, ctl->now));
    answer_text(a, record->asker);
    answer_text(a, record->text);
    answer_wall(a, (struct wall){record->asked_us});
    answer_wall(a, (struct wall){record->expires_us});
    approval_deciders(record, record->decider, deciders, sizeof(deciders));
    answer_text(a, deciders);
    answer_text(a, record->reason);
    answer_text(a, hex);
    return answer_end_row(a);
}

/* Those that wait; with `all` the others, too. */
static enum err on_approval_list(struct controller *ctl, struct request *request,
                                 struct fault *fault)
{
    uint64_t at = 0;
    enum err err;
    bool fits = true;
    Parkgate__ApprovalRecord *record = NULL;
    const char *all = request_arg(request, "all");
    answer_columns(request->answer,
                   "approval,state,asker,text,asked_us,expires_us,decider,reason,digest");
    if (all == NULL) {
        TRY(approval_before(ctl->txn, approval_oldest_us(ctl->now), &at, fault));
    }
    while (fits && (err = approval_next(ctl->txn, at, &record, fault)) == ERR_OK) {
        at = record->number;
        if (all != NULL || approval_is_waiting(record, ctl->now)) {
            fits = approval_row(ctl, request->answer, record);
        }
        parkgate__approval_record__free_unpacked(record, NULL);
    }
    return !fits || err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* --- one of them --- */

/* The very arguments that will be worked off: who agrees must have seen to what. */
static void show_request(struct answer *a, const Parkgate__Request *message)
{
    answer_columns(a, "field,value");
    for (size_t i = 0; i < message->n_arg && i < message->n_value; i++) {
        answer_begin_row(a);
        answer_text(a, message->arg[i]);
        answer_bytes(a, field_view(&message->value[i]));
        (void)answer_end_row(a); /* LIMIT_ARGS_PER_REQUEST of them fit */
    }
}

static enum err on_approval_show(struct controller *ctl, struct request *request,
                                 struct fault *fault)
{
    uint64_t number = 0;
    char deciders[LIMIT_TEXT_BYTES];
    const char *text = NULL;
    Parkgate__ApprovalRecord *record = NULL;
    if (!request_need(request, "approval", &text) ||
        !request_number_or_none(request, "approval", INT64_MAX, &number)) {
        return ERR_OK;
    }
    enum err err = approval_get(ctl->txn, number, &record, fault);
    if (err == ERR_NOT_FOUND) {
        (void)request_refuse(request, ERROR_NOT_FOUND, "approval", text, NULL);
        return ERR_OK;
    }
    TRY(err);
    Parkgate__Request *message =
        parkgate__request__unpack(NULL, record->request.len, record->request.data);
    if (message == NULL) {
        err = fault_set(fault, ERR_CORRUPT, "approval: a kept request cannot be read");
    } else {
        struct answer *a = request->answer;
        show_request(a, message);
        approval_deciders(record, record->decider, deciders, sizeof(deciders));
        answer_note_number(a, "approval", (int64_t)record->number);
        answer_note(a, "verb", message->verb);
        answer_note(a, "state", approval_state_word(record, ctl->now));
        answer_note(a, "asker", record->asker);
        answer_note(a, "agreed_by", deciders);
        answer_note_number(a, "needed", record->needs == 0 ? 1 : record->needs);
        answer_note_number(a, "expires_us", record->expires_us);
        parkgate__request__free_unpacked(message, NULL);
    }
    parkgate__approval_record__free_unpacked(record, NULL);
    return err;
}

const struct verb_handler verbs_of_approval_lists[] = {
    {"approval.list", on_approval_list},
    {"approval.show", on_approval_show},
};
const size_t verbs_of_approval_lists_count = ARRAY_LEN(verbs_of_approval_lists);

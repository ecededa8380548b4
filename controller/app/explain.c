/* explain: what a lane would answer a person or vehicle, and every rule that was looked at on the
 * way.
 *
 * It asks the same gather_facts() and decide() as a read does, so it cannot say anything else than
 * the lane. It records nothing, opens nothing, and never looks at the watch list. */
#include <stdio.h>
#include <string.h>

#include "common/access/civil.h"
#include "common/base/must.h"
#include "common/facts/gather.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "controller/app/request.h"

/* What somebody would show. `bytes` is wiped by the caller. */
struct shown {
    uint32_t kind;
    struct handle credential;
    size_t size;
    uint8_t bytes[LIMIT_CREDENTIAL_BYTES];
};

/* The kinds in the order in which one of them is taken for the read. */
static uint32_t preference(uint32_t kind)
{
    static const uint32_t order[] = {CREDENTIAL_KIND_QR, CREDENTIAL_KIND_FACE,
                                     CREDENTIAL_KIND_PLATE, CREDENTIAL_KIND_BADGE};
    for (uint32_t i = 0; i < ARRAY_LEN(order); i++) {
        if (order[i] == kind) {
            return i + 1;
        }
    }
    return 0;
}

/* A live one before one that was taken back, then by kind. */
static uint32_t rank(const Parkgate__CredentialRecord *record, struct wall when)
{
    bool live = record->revoked_us == 0 && record->told_by[0] == '\0' &&
                (record->until_us == 0 || when.us < record->until_us);
    uint32_t by_kind = preference(record->kind);
    return by_kind == 0 ? 0 : by_kind + (live ? 100U : 0U);
}

static enum err open_sealed(struct controller *ctl, struct handle holder,
                            const Parkgate__CredentialRecord *record, struct shown *ret,
                            struct fault *fault)
{
    struct seal_key key;
    uint8_t plain[LIMIT_EVENT_BYTES];
    size_t size = 0;
    if (record->sealed.len > sizeof(plain)) {
        return fault_set(fault, ERR_CORRUPT, "credential: a sealed field is too long");
    }
    TRY(controller_holder_key(ctl, holder, false, &key, fault));
    enum err err = seal_open(&key, (struct bytes){0}, field_view(&record->sealed), plain,
                             sizeof(plain), &size, fault);
    seal_wipe(&key, sizeof(key));
    TRY(err);
    Parkgate__SealedRead *read = parkgate__sealed_read__unpack(NULL, size, plain);
    seal_wipe(plain, sizeof(plain));
    if (read == NULL || read->credential.len > sizeof(ret->bytes)) {
        return fault_set(fault, ERR_CORRUPT, "credential: a sealed read is damaged");
    }
    memcpy(ret->bytes, read->credential.data, read->credential.len);
    ret->size = read->credential.len;
    ret->kind = record->kind;
    ret->credential = people_handle(&record->credential);
    seal_wipe(read->credential.data, read->credential.len);
    parkgate__sealed_read__free_unpacked(read, NULL);
    return ERR_OK;
}

/* The holder's credential that would be shown; size 0: there is none. */
static enum err choose(struct controller *ctl, struct handle holder, struct wall when,
                       struct shown *ret, struct fault *fault)
{
    struct keybuf prefix;
    struct bytes key;
    struct bytes value;
    uint32_t best = 0;
    AUTO(store_iter_end) struct store_iter iter = {0};
    keybuf_begin(&prefix);
    keybuf_handle(&prefix, holder);
    *ret = (struct shown){0};
    TRY(store_iter_prefix(ctl->txn, TABLE_CREDENTIAL_OF, keybuf_view(&prefix),
                          LIMIT_ROWS_PER_MESSAGE, &iter, fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        Parkgate__CredentialRecord *record = NULL;
        enum err got = people_credential(ctl->txn, value, &record, fault);
        if (got == ERR_NOT_FOUND) {
            continue;
        }
        TRY(got);
        if (handle_equal(people_handle(&record->holder), holder) && rank(record, when) > best) {
            best = rank(record, when);
            got = open_sealed(ctl, holder, record, ret, fault);
        }
        parkgate__credential_record__free_unpacked(record, NULL);
        TRY(got);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* What the lane's own readers would vouch for. */
static void add_class(const struct controller *ctl, const struct park_lane *lane,
                      Parkgate__Event *event)
{
    event->credential_class = credential_class_of((enum credential_kind)event->credential_kind);
    for (size_t i = 0; i < ctl->park->reader_count; i++) {
        const struct park_reader *reader = &ctl->park->readers[i];
        if (name_equal(reader->lane, lane->name) && reader->card.aid[0] != '\0' &&
            event->credential_kind == CREDENTIAL_KIND_BADGE) {
            event->credential_class = CREDENTIAL_CLASS_AUTHENTICATED;
            event->proof = CARD_PROOF_GIVEN;
        }
    }
}

static void rule_row(struct answer *a, const struct decision_rule *rule, bool applies)
{
    char number[8];
    const struct reason_text *text = reason_text(rule->reason);
    (void)snprintf(number, sizeof(number), "R%u", rule->number);
    answer_begin_row(a);
    answer_text(a, number);
    answer_text(a, applies ? "yes" : "no");
    answer_text(a, applies ? outcome_name(rule->outcome) : "");
    answer_text(a, text->name);
    answer_text(a, applies ? text->operator_en : "");
    answer_text(a, applies ? text->operator_zh : "");
    (void)answer_end_row(a);
}

static void tell(struct answer *a, const struct facts *facts, const struct shown *shown)
{
    struct decision_rule rule;
    struct verdict verdict = decide(facts);
    const struct reason_text *text = reason_text(verdict.reason);
    answer_columns(a, "rule,applies,verdict,reason,text,text_zh");
    for (size_t i = 0; decide_rule_at(i, &rule); i++) {
        bool applies = decide_rule_applies(i, facts);
        rule_row(a, &rule, applies);
        if (applies) {
            break;
        }
    }
    answer_note(a, "verdict", outcome_name(verdict.outcome));
    answer_note(a, "reason", text->name);
    answer_note(a, "shown", shown->size == 0 ? "none" : credential_kind_name(shown->kind));
    answer_note_handle(a, "credential", shown->credential);
    answer_note(a, "lane_text", text->lane_en);
    answer_note(a, "lane_text_zh", text->lane_zh);
    if (facts->direction == DIRECTION_IN) {
        answer_note(a, "check", "the guard may ask for a check");
        answer_note(a, "check_zh", "保安可能要求核查");
    }
}

/* YYYY-MM-DD HH:MM of the park's zone; without it now. */
static bool read_time(const struct controller *ctl, struct request *request, struct wall *ret_when)
{
    int32_t day = 0;
    unsigned hour = 0;
    unsigned minute = 0;
    char rest = 0;
    const char *text = request_arg(request, "at");
    *ret_when = ctl->now;
    if (text == NULL || text[0] == '\0') {
        return true;
    }
    size_t size = strlen(text);
    if (size != 16 || (text[10] != ' ' && text[10] != 'T') ||
        !civil_date_parse((struct bytes){.data = (const uint8_t *)text, .size = 10}, &day) ||
        sscanf(text + 11, "%2u:%2u%c", &hour, &minute, &rest) != 2 || hour > 23 || minute > 59) {
        return request_refuse(request, ERROR_ARG_BAD, "at", text, "\"YYYY-MM-DD HH:MM\"");
    }
    *ret_when = civil_to_wall(&ctl->tz, day, (int32_t)(hour * 60 + minute));
    return true;
}

/* As if `shown` were read at the lane at `when`. */
static enum err facts_at(struct controller *ctl, const struct park_lane *lane,
                         enum lane_direction direction, const struct shown *shown, struct wall when,
                         struct facts *ret_facts, struct fault *fault)
{
    struct facts_view view = controller_view(ctl);
    struct subject ignored;
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    event.kind = EVENT_PRESENTATION;
    event.lane = field_text(lane->name.text);
    event.credential_kind = shown->kind;
    event.credential = field_of((struct bytes){.data = shown->bytes, .size = shown->size});
    event.captured_us = event.received_us = when.us;
    add_class(ctl, lane, &event);
    view.now = when;
    return gather_facts(&view, &event, lane, direction, ret_facts, &ignored, fault);
}

/* The name, where a reason for it is given: counted and journalled as each look-up is. */
static enum err show_name(struct controller *ctl, struct request *request, struct handle holder,
                          const Parkgate__HolderRecord *record, struct fault *fault)
{
    Parkgate__Identity *identity = NULL;
    enum err err = ERR_OK;
    const char *reason = request_arg(request, "reason");
    if (reason == NULL || reason[0] == '\0' || record->vehicle ||
        !request_lookup(ctl, request, &holder, 1, reason, &err, fault)) {
        return err;
    }
    err = request_identity(ctl, record, &identity, fault);
    if (err == ERR_OK) {
        answer_note(request->answer, "name", identity->name);
        parkgate__identity__free_unpacked(identity, NULL);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err explain(struct controller *ctl, struct request *request,
                        const struct park_lane *lane, struct handle holder,
                        const Parkgate__HolderRecord *record, struct fault *fault)
{
    struct wall when;
    struct shown shown;
    struct facts facts;
    const char *way = request_arg(request, "direction");
    enum lane_direction direction = lane->direction != LANE_BOTH             ? lane->direction
                                    : way != NULL && strcmp(way, "out") == 0 ? LANE_OUT
                                                                             : LANE_IN;
    if (!read_time(ctl, request, &when)) {
        return ERR_OK;
    }
    TRY(choose(ctl, holder, when, &shown, fault));
    enum err err = facts_at(ctl, lane, direction, &shown, when, &facts, fault);
    seal_wipe(shown.bytes, sizeof(shown.bytes));
    TRY(err);
    tell(request->answer, &facts, &shown);
    return show_name(ctl, request, holder, record, fault);
}

static enum err on_explain(struct controller *ctl, struct request *request, struct fault *fault)
{
    struct handle holder;
    const struct park_lane *lane = NULL;
    Parkgate__HolderRecord *record = NULL;
    if (!request_handle(request, "person", &holder) || !request_lane(ctl, request, &lane)) {
        return ERR_OK;
    }
    TRY(request_holder(ctl, request, holder, "person or vehicle", &record, fault));
    if (record == NULL) {
        return ERR_OK;
    }
    enum err err = explain(ctl, request, lane, holder, record, fault);
    parkgate__holder_record__free_unpacked(record, NULL);
    return err;
}

const struct verb_handler verbs_of_explain[] = {
    {"explain", on_explain},
};
const size_t verbs_of_explain_count = ARRAY_LEN(verbs_of_explain);

/* The park's own ban: a closed list of reasons, a term, a named decider, a notice to the person,
 * and an appeal that another person decides. It is no watch entry and no tenant's suspension. */
#include <stdio.h>
#include <string.h>

#include "common/access/civil.h"
#include "common/base/must.h"
#include "common/facts/ban_store.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "controller/app/approvals.h"
#include "controller/app/request.h"

static const char *const reason_words[] = {
    [BAN_VIOLENCE] = "violence",
    [BAN_THEFT] = "theft",
    [BAN_FORGED_PASS] = "forged-pass",
    [BAN_SAFETY_BREACH] = "safety-breach",
};

static const char *const result_words[] = {
    [APPEAL_OPEN] = "",
    [APPEAL_UPHELD] = "upheld",
    [APPEAL_LIFTED] = "lifted",
};

static bool read_reason(struct request *request, uint32_t *ret_reason)
{
    const char *text = NULL;
    if (!request_need(request, "reason", &text)) {
        return false;
    }
    for (uint32_t i = BAN_VIOLENCE; i < ARRAY_LEN(reason_words); i++) {
        if (strcmp(reason_words[i], text) == 0) {
            *ret_reason = i;
            return true;
        }
    }
    return request_refuse(request, ERROR_BAN_REASON, text, NULL, NULL);
}

/* The last day a ban that begins today may cover: the same date of the next year, or the day before
 * where that year has no such date. */
static int32_t last_day(int32_t today)
{
    struct civil_date date = civil_date_of(today);
    int32_t day = 0;
    _Static_assert(LIMIT_BAN_MONTHS == 12, "one year");
    date.year++;
    while (!civil_day_of(date, &day)) {
        date.day--;
    }
    return day;
}

static bool read_term(struct controller *ctl, struct request *request, int64_t *ret_until_us)
{
    int32_t day = 0;
    int32_t today = controller_today(ctl);
    char months[8];
    char latest[CIVIL_DATE_SIZE];
    if (!request_date(request, "until", &day)) {
        return false;
    }
    if (day < today) {
        return request_refuse(request, ERROR_ARG_BAD, "until", request_arg(request, "until"),
                              "today or later");
    }
    if (day > last_day(today)) {
        (void)snprintf(months, sizeof(months), "%d", LIMIT_BAN_MONTHS);
        civil_date_format(last_day(today), latest);
        return request_refuse(request, ERROR_BAN_TERM, months, latest, NULL);
    }
    *ret_until_us = civil_to_wall(&ctl->tz, day + 1, 0).us;
    return true;
}

/* The newest ban of the person named in the request, if it is in force. *ret NULL: refused. */
static enum err standing_ban(struct controller *ctl, struct request *request,
                             Parkgate__BanRecord **ret, struct fault *fault)
{
    struct handle holder;
    char text[HANDLE_TEXT_SIZE];
    *ret = NULL;
    if (!request_handle(request, "who", &holder)) {
        return ERR_OK;
    }
    enum err err = ban_get(ctl->txn, holder, ret, fault);
    if (err == ERR_OK && ban_in_force(*ret, ctl->now)) {
        return ERR_OK;
    }
    if (err == ERR_OK) {
        parkgate__ban_record__free_unpacked(*ret, NULL);
        *ret = NULL;
    }
    handle_to_text(holder, text);
    (void)request_refuse(request, ERROR_NOT_FOUND, "ban of", text, NULL);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err not_banned_yet(struct controller *ctl, struct request *request,
                               struct handle holder, bool *ret_free, struct fault *fault)
{
    bool holds = false;
    char text[HANDLE_TEXT_SIZE];
    TRY(ban_holds(ctl->txn, holder, ctl->now, &holds, fault));
    *ret_free = !holds;
    if (holds) {
        handle_to_text(holder, text);
        (void)request_refuse(request, ERROR_EXISTS, "ban of", text, NULL);
    }
    return ERR_OK;
}

static enum err on_ban_add(struct controller *ctl, struct request *request, struct fault *fault)
{
    struct handle holder;
    struct handle ban = controller_draw_handle(ctl);
    const char *notice = NULL;
    bool is_free = false;
    Parkgate__HolderRecord *known = NULL;
    Parkgate__BanRecord record = PARKGATE__BAN_RECORD__INIT;
    if (!request_handle(request, "who", &holder) || !read_reason(request, &record.reason) ||
        !read_term(ctl, request, &record.until_us) || !request_need(request, "notice", &notice)) {
        return ERR_OK;
    }
    TRY(request_holder(ctl, request, holder, "person or vehicle", &known, fault));
    if (known == NULL) {
        return ERR_OK;
    }
    parkgate__holder_record__free_unpacked(known, NULL);
    TRY(not_banned_yet(ctl, request, holder, &is_free, fault));
    if (!is_free) {
        return ERR_OK;
    }
    const char *document = request_arg(request, "document");
    record.ban = people_field(&ban);
    record.holder = people_field(&holder);
    record.from_us = ctl->now.us;
    record.decider = field_text(key_person(request->key));
    record.notice = field_text(notice);
    record.document = field_text(document == NULL ? "" : document);
    answer_note_handle(request->answer, "ban", ban);
    return controller_record(ctl, ENTRY_BAN, request->key->name, &record.base, fault);
}

static enum err on_ban_appeal(struct controller *ctl, struct request *request, struct fault *fault)
{
    const char *document = NULL;
    Parkgate__BanRecord *ban = NULL;
    if (!request_need(request, "document", &document)) {
        return ERR_OK;
    }
    TRY(standing_ban(ctl, request, &ban, fault));
    if (ban == NULL) {
        return ERR_OK;
    }
    Parkgate__BanRecord changed = *ban;
    changed.appeal = field_text(document);
    changed.appealed_us = ctl->now.us;
    changed.appeal_decider = field_text("");
    changed.appeal_result = APPEAL_OPEN;
    enum err err = controller_record(ctl, ENTRY_BAN, request->key->name, &changed.base, fault);
    parkgate__ban_record__free_unpacked(ban, NULL);
    return err;
}

static bool may_decide(struct request *request, const Parkgate__BanRecord *ban)
{
    if (ban->appealed_us == 0 || ban->appeal_decider[0] != '\0') {
        return request_refuse(request, ERROR_NOT_FOUND, "open appeal against this", "ban", NULL);
    }
    return strcmp(ban->decider, key_person(request->key)) != 0 ||
           request_refuse(request, ERROR_SAME_PERSON, ban->decider, NULL, NULL);
}

static enum err on_ban_decide(struct controller *ctl, struct request *request, struct fault *fault)
{
    const char *result = NULL;
    const char *reason = NULL;
    Parkgate__BanRecord *ban = NULL;
    if (!request_need(request, "result", &result) || !request_need(request, "reason", &reason)) {
        return ERR_OK;
    }
    bool lifted = strcmp(result, result_words[APPEAL_LIFTED]) == 0;
    if (!lifted && strcmp(result, result_words[APPEAL_UPHELD]) != 0) {
        (void)request_refuse(request, ERROR_ARG_BAD, "result", result, "upheld or lifted");
        return ERR_OK;
    }
    TRY(standing_ban(ctl, request, &ban, fault));
    if (ban == NULL) {
        return ERR_OK;
    }
    enum err err = ERR_OK;
    if (may_decide(request, ban)) {
        Parkgate__BanRecord changed = *ban;
        changed.appeal_decider = field_text(key_person(request->key));
        changed.appeal_result = lifted ? APPEAL_LIFTED : APPEAL_UPHELD;
        changed.document = field_text(reason);
        err = controller_record(ctl, ENTRY_BAN, request->key->name, &changed.base, fault);
    }
    parkgate__ban_record__free_unpacked(ban, NULL);
    return err;
}

static const char *state_of(const Parkgate__BanRecord *ban, struct wall now)
{
    if (ban->appeal_result == APPEAL_LIFTED) {
        return "lifted";
    }
    return ban_in_force(ban, now) ? "in-force" : "over";
}

static bool ban_row(struct controller *ctl, struct answer *a, const Parkgate__BanRecord *ban)
{
    answer_begin_row(a);
    answer_handle(a, people_handle(&ban->holder));
    answer_text(a, ban->reason < ARRAY_LEN(reason_words) ? reason_words[ban->reason] : "");
    answer_text(a, state_of(ban, ctl->now));
    answer_wall(a, (struct wall){ban->from_us});
    answer_wall(a, (struct wall){ban->until_us});
    answer_text(a, ban->decider);
    answer_text(a, ban->notice);
    answer_text(a, ban->appeal);
    answer_text(a, ban->appeal_decider);
    answer_text(a, ban->appeal_result < ARRAY_LEN(result_words) ? result_words[ban->appeal_result]
                                                                : "");
    return answer_end_row(a);
}

static enum err on_ban_list(struct controller *ctl, struct request *request, struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    uint8_t after[ANSWER_CURSOR_MAX];
    size_t after_size = 0;
    AUTO(store_iter_end) struct store_iter iter = {0};
    struct answer *a = request->answer;
    answer_columns(a, "who,reason,state,from_us,until_us,decider,notice,appeal,appeal_decider,"
                      "appeal_result");
    if (!request_cursor(request, after, &after_size)) {
        return ERR_OK;
    }
    TRY(store_iter_range(ctl->txn, TABLE_BAN, (struct bytes){.data = after, .size = after_size},
                         (struct bytes){0}, LIMIT_ROWS_PER_MESSAGE, &iter, fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        ProtobufCMessage *message = NULL;
        TRY(store_unpack_message(key, value, &parkgate__ban_record__descriptor, &message, fault));
        bool fits = ban_row(ctl, a, (void *)message);
        store_message_destroy(&message);
        if (!fits) {
            answer_more(a, key);
            return ERR_OK;
        }
    }
    if (err == ERR_NOT_FOUND && iter.cut) {
        uint8_t next[STORE_KEY_MAX + 1] = {0};
        memcpy(next, iter.last, iter.last_size);
        answer_more(a, (struct bytes){.data = next, .size = iter.last_size + 1U});
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

const struct verb_handler verbs_of_bans[] = {
    {"ban.add",    on_ban_add   },
    {"ban.appeal", on_ban_appeal},
    {"ban.decide", on_ban_decide},
    {"ban.list",   on_ban_list  },
};
const size_t verbs_of_bans_count = ARRAY_LEN(verbs_of_bans);

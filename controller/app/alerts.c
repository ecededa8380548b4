#include "controller/app/alerts.h"

#include <stdio.h>
#include <string.h>

#include "common/access/civil.h"
#include "common/base/must.h"
#include "common/facts/field.h"
#include "controller/app/batch.h"
#include "controller/journal/journal.h"
#include "controller/store/alert_store.h"
#include "schema/kinds.h"

enum { DUE_PER_TURN = 20 }; /* alerts whose limit passed, looked at in one turn */

/* --- how a kind is handled --- */

static const struct park_alert *rule_named(const struct park *park, const char *word)
{
    return park_alert(park, name_or_none(word));
}

/* The value of the kind's own rule, else of the park's default, else `otherwise`. */
static uint32_t limit_of(const struct park *park, const char *word, enum alert_limit limit,
                         uint32_t otherwise)
{
    const struct park_alert *own = rule_named(park, word);
    const struct park_alert *general = rule_named(park, "default");
    return own != NULL && own->limit_s[limit] > 0           ? own->limit_s[limit]
           : general != NULL && general->limit_s[limit] > 0 ? general->limit_s[limit]
                                                            : otherwise;
}

static const struct park_alert *who_rule(const struct park *park, const char *word)
{
    const struct park_alert *own = rule_named(park, word);
    const struct park_alert *general = rule_named(park, "default");
    return own != NULL && own->tell_count > 0           ? own
           : general != NULL && general->tell_count > 0 ? general
                                                        : NULL;
}

/* Where the park file says nothing. */
static const char *const told_always[] = {"guard", "security"};

static uint32_t levels_of(const struct park *park, const char *word)
{
    const struct park_alert *rule = who_rule(park, word);
    return rule != NULL ? rule->tell_count : (uint32_t)ARRAY_LEN(told_always);
}

struct alert_rule alert_rule_of(const struct park *park, const struct alert_kind *kind)
{
    static const uint32_t otherwise[ALERT_LIMIT_COUNT] = {
        LIMIT_ALERT_ACKNOWLEDGE_S, LIMIT_ALERT_DISPATCH_S, LIMIT_ALERT_DECIDE_S};
    const struct park_alert *own = rule_named(park, kind->word);
    const struct park_alert *general = rule_named(park, "default");
    struct alert_rule rule = {.levels = levels_of(park, kind->word)};
    for (size_t i = 0; i < ALERT_LIMIT_COUNT; i++) {
        rule.limit_s[i] = limit_of(park, kind->word, (enum alert_limit)i, otherwise[i]);
    }
    rule.reactivate_s = own != NULL && own->has_reactivate           ? own->reactivate_s
                        : general != NULL && general->has_reactivate ? general->reactivate_s
                                                                     : LIMIT_ALERT_REACTIVATE_S;
    return rule;
}

uint8_t alert_priority_of(const struct park *park, const struct alert_kind *kind)
{
    const struct park_alert *own = rule_named(park, kind->word);
    return own != NULL && own->priority > 0 ? own->priority : kind->priority;
}

const char *alert_told(const struct park *park, const struct alert_kind *kind, uint32_t level)
{
    const struct park_alert *rule = who_rule(park, kind->word);
    uint32_t last = levels_of(park, kind->word) - 1;
    uint32_t at = level < last ? level : last;
    return rule != NULL ? rule->tell[at].text : told_always[at];
}

const char *alert_procedure(const struct park *park, const struct alert_kind *kind, bool zh)
{
    const struct park_alert *own = rule_named(park, kind->word);
    const char *said = own == NULL ? "" : zh ? own->procedure_zh : own->procedure;
    return said[0] != '\0' ? said : zh ? kind->procedure_zh : kind->procedure;
}

bool alert_rules_check(const struct park *park, struct complaint *c)
{
    for (size_t i = 0; i < park->alert_count; i++) {
        const char *word = park->alerts[i].name.text;
        if (!alert_kind_exists(word) && strcmp(word, "default") != 0) {
            return complain(c, ERROR_PARK_VALUE, "alert", word, "kind",
                            "no such kind of alert; see docs/operating.md, or \"default\"");
        }
    }
    return true;
}

/* --- drafts: a change of an alert, not recorded yet --- */

static const char *or_none(const char *text)
{
    return text != NULL ? text : "";
}

static void fold_of(char out[static 160], const char *kind, const char *fold)
{
    (void)snprintf(out, 160, "%s:%s", kind, fold);
}

static void take_known(struct alert_draft *draft, Parkgate__AlertRecord *known)
{
    draft->known = known;
    draft->record = *known;
}

static ProtobufCBinaryData pack_record(const Parkgate__AlertRecord *record,
                                       uint8_t out[ALERT_RECORD_MAX])
{
    MUST(parkgate__alert_record__get_packed_size(record) <= ALERT_RECORD_MAX);
    return (ProtobufCBinaryData){.len = parkgate__alert_record__pack(record, out), .data = out};
}

static void finish_draft(struct alert_draft *draft, const struct alert *alert, enum alert_step step)
{
    parkgate__alert_entry__init(&draft->entry);
    alert_into_record(alert, &draft->record);
    draft->entry.alert = pack_record(&draft->record, draft->packed);
    draft->entry.step = step;
    draft->made = true;
}

static uint32_t month_of(const struct controller *ctl)
{
    struct civil_date date = civil_date_of(controller_today(ctl));
    return (uint32_t)date.year * 12U + date.month - 1U;
}

/* See alert_store.h. Recorded with the alert: a replay draws nothing. */
static enum err draw_label(struct controller *ctl, const struct alert_kind *kind, uint64_t number,
                           uint64_t *ret, struct fault *fault)
{
    bool is_free = false;
    if (!kind->secret) {
        return alert_next_label(ctl->txn, ret, fault);
    }
    for (uint8_t again = 0; !is_free; again++) {
        uint8_t place[9];
        struct writer w = writer_of(place, sizeof(place));
        writer_u64(&w, number);
        writer_u8(&w, again);
        struct seal_hash hash = seal_keyed_hash(&ctl->index_keys.key[0], "parkgate alert",
                                                SEAL_PARTS(BYTES_OF(place)));
        struct reader r = reader_of(BYTES_OF(hash.bytes));
        *ret = ALERT_LABEL_DRAWN + reader_u64(&r) % (9 * ALERT_LABEL_DRAWN);
        TRY(alert_label_is_free(ctl->txn, *ret, &is_free, fault));
    }
    return ERR_OK;
}

static enum err draft_raise(struct controller *ctl, const struct alert_news *news,
                            const struct alert_rule *rule, struct alert_draft *draft,
                            struct fault *fault)
{
    struct journal_head head;
    Parkgate__AlertRecord *record = &draft->record;
    struct alert alert = alert_raised(rule, news->candidate, news->lasting, ctl->now);
    TRY(journal_head(ctl->txn, &head, fault));
    parkgate__alert_record__init(record);
    record->number = head.sequence + 1; /* of the entry that this becomes */
    record->kind = field_text(news->kind->word);
    record->priority = alert_priority_of(ctl->park, news->kind);
    record->about = field_text(or_none(news->about));
    record->gate = field_text(or_none(news->gate));
    record->lane = field_text(or_none(news->lane));
    record->fold = draft->fold;
    record->event = news->event;
    record->authority = field_text(or_none(news->authority));
    record->matcher = field_text(or_none(news->matcher));
    record->month = month_of(ctl);
    TRY(draw_label(ctl, news->kind, record->number, &record->label, fault));
    if (!handle_is_none(news->subject)) {
        record->subject = field_of(BYTES_OF(news->subject.bytes));
    }
    finish_draft(draft, &alert, ALERT_STEP_RAISE);
    return ERR_OK;
}

/* Is there room for one more that is open? */
static enum err has_room(struct controller *ctl, const struct alert_kind *kind, bool *ret,
                         struct fault *fault)
{
    uint64_t open = 0;
    bool urgent = alert_priority_of(ctl->park, kind) == ALERT_PRIORITY_MOST;
    uint64_t most = LIMIT_ALERTS_OPEN + (urgent ? LIMIT_ALERTS_URGENT : 0);
    TRY(alert_open_count(ctl->txn, &open, fault));
    *ret = open < most || kind == alert_flood;
    return ERR_OK;
}

enum err alert_draft_news(struct controller *ctl, const struct alert_news *news,
                          struct alert_draft *draft, struct fault *fault)
{
    bool fits = true;
    Parkgate__AlertRecord *last = NULL;
    struct alert before;
    struct alert_rule rule = alert_rule_of(ctl->park, news->kind);
    const char *fold = or_none(news->fold);
    *draft = (struct alert_draft){0};
    fold_of(draft->fold, news->kind->word, fold[0] != '\0' ? fold : or_none(news->about));
    TRY(alert_of_fold(ctl->txn, draft->fold, &last, fault));
    if (last != NULL) {
        before = alert_of_record(last);
    }
    if (alert_again(last == NULL ? NULL : &before, &rule, news->lasting, ctl->now) ==
        ALERT_AGAIN_COUNTS) {
        struct alert after = alert_repeated(&before, news->lasting, ctl->now);
        take_known(draft, last);
        finish_draft(draft, &after, ALERT_STEP_REPEAT);
        return ERR_OK;
    }
    if (last != NULL) {
        parkgate__alert_record__free_unpacked(last, NULL);
    }
    TRY(has_room(ctl, news->kind, &fits, fault));
    if (!fits) {
        struct alert_news flood = {.kind = alert_flood, .about = news->kind->word};
        return alert_draft_news(ctl, &flood, draft, fault);
    }
    return draft_raise(ctl, news, &rule, draft, fault);
}

enum err alert_draft_ended(struct controller *ctl, const struct alert_kind *kind, const char *fold,
                           struct alert_draft *draft, struct fault *fault)
{
    Parkgate__AlertRecord *last = NULL;
    *draft = (struct alert_draft){0};
    fold_of(draft->fold, kind->word, or_none(fold));
    TRY(alert_of_fold(ctl->txn, draft->fold, &last, fault));
    if (last == NULL) {
        return ERR_OK;
    }
    if (last->state == ALERT_CLOSED || !last->lasting) {
        parkgate__alert_record__free_unpacked(last, NULL);
        return ERR_OK;
    }
    struct alert before = alert_of_record(last);
    struct alert after = alert_ended(&before, ctl->now);
    take_known(draft, last);
    finish_draft(draft, &after, ALERT_STEP_ENDED);
    return ERR_OK;
}

void alert_draft_end(struct alert_draft *draft)
{
    if (draft->known != NULL) {
        parkgate__alert_record__free_unpacked(draft->known, NULL);
        draft->known = NULL;
    }
}

/* --- raised by themselves --- */

enum err alert_raise(struct controller *ctl, const struct alert_news *news, uint64_t *ret_number,
                     struct fault *fault)
{
    AUTO(alert_draft_end) struct alert_draft draft = {0};
    TRY(alert_draft_news(ctl, news, &draft, fault));
    if (ret_number != NULL) {
        *ret_number = draft.record.number;
    }
    return controller_record(ctl, ENTRY_ALERT, "", &draft.entry.base, fault);
}

enum err alert_cause_ended(struct controller *ctl, const struct alert_kind *kind, const char *fold,
                           struct fault *fault)
{
    AUTO(alert_draft_end) struct alert_draft draft = {0};
    TRY(alert_draft_ended(ctl, kind, fold, &draft, fault));
    return draft.made ? controller_record(ctl, ENTRY_ALERT, "", &draft.entry.base, fault) : ERR_OK;
}

/* --- steps --- */

static enum err record_step(struct controller *ctl, const Parkgate__AlertRecord *record,
                            const struct alert *after, enum alert_step step,
                            const struct alert_hand *hand, const char *handler, struct fault *fault)
{
    Parkgate__AlertRecord next = *record;
    uint8_t packed[ALERT_RECORD_MAX];
    Parkgate__AlertEntry entry = PARKGATE__ALERT_ENTRY__INIT;
    alert_into_record(after, &next);
    next.handler = field_text(handler);
    entry.alert = pack_record(&next, packed);
    entry.step = step;
    entry.person = field_text(hand->person);
    entry.from = field_text(hand->from);
    entry.reason = field_text(hand->reason);
    entry.document = field_text(or_none(hand->document));
    return controller_record(ctl, ENTRY_ALERT, hand->actor, &entry.base, fault);
}

static enum err tell_decided(struct controller *ctl, const Parkgate__AlertRecord *record,
                             enum alert_decision decision, const char *actor, struct fault *fault)
{
    for (size_t i = 0; i < alert_hook_count; i++) {
        if (strcmp(alert_hooks[i].kind, record->kind) == 0) {
            TRY(alert_hooks[i].decided(ctl, record, decision, actor, fault));
        }
    }
    return ERR_OK;
}

enum err alert_make_step(struct controller *ctl, const Parkgate__AlertRecord *record,
                         enum alert_step step, const struct alert_hand *hand, const char *handler,
                         bool *ret_made, struct fault *fault)
{
    struct alert before = alert_of_record(record);
    struct alert after;
    struct alert_rule rule = alert_rule_of(ctl->park, alert_kind(record->kind));
    *ret_made = alert_step(&before, step, &rule, ctl->now, &after);
    if (!*ret_made) {
        return ERR_OK;
    }
    TRY(record_step(ctl, record, &after, step, hand, handler, fault));
    bool decides = step == ALERT_STEP_CONFIRM || step == ALERT_STEP_REJECT;
    return decides ? tell_decided(ctl, record, after.decision, hand->actor, fault) : ERR_OK;
}

/* --- time --- */

static enum err time_passed(struct controller *ctl, const Parkgate__AlertRecord *record,
                            struct fault *fault)
{
    static const struct alert_hand nobody = {.actor = "", .person = "", .from = "", .reason = ""};
    enum alert_step step = ALERT_STEP_ESCALATE;
    struct alert before = alert_of_record(record);
    struct alert after;
    struct alert_rule rule = alert_rule_of(ctl->park, alert_kind(record->kind));
    if (!alert_time(&before, &rule, ctl->now, &step, &after)) {
        return fault_set(fault, ERR_CORRUPT, "alert %llu: its limit is none of its state",
                         (unsigned long long)record->number);
    }
    TRY(record_step(ctl, record, &after, step, &nobody, record->handler, fault));
    return step == ALERT_STEP_LAPSE ? tell_decided(ctl, record, after.decision, "", fault) : ERR_OK;
}

static enum err work_due(struct controller *ctl, void *ctx, struct fault *fault)
{
    uint64_t number = 0;
    enum err err = ERR_OK;
    (void)ctx;
    for (size_t i = 0; i < DUE_PER_TURN; i++) {
        Parkgate__AlertRecord *record = NULL;
        err = alert_first_due(ctl->txn, ctl->now, &number, fault);
        if (err != ERR_OK) {
            return err == ERR_NOT_FOUND ? ERR_OK : err;
        }
        TRY(alert_get(ctl->txn, number, &record, fault));
        err = time_passed(ctl, record, fault);
        parkgate__alert_record__free_unpacked(record, NULL);
        TRY(err);
    }
    return ERR_OK;
}

void alerts_tick(struct controller *ctl)
{
    uint64_t number = 0;
    struct fault fault = {0};
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    if (store_begin_read(ctl->store, &txn, &fault) != ERR_OK ||
        alert_first_due(txn, ctl->now, &number, &fault) != ERR_OK) {
        return;
    }
    store_txn_destroy(&txn);
    batch_run(ctl, work_due, NULL);
}

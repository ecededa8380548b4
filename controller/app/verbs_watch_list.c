/* What a park officer says: list, show, countersign, refuse. */
#include <stdio.h>
#include <string.h>

#include "common/base/must.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "common/facts/versioned.h"
#include "controller/app/approvals.h"
#include "controller/app/erasure.h"
#include "controller/app/watch.h"
#include "schema/kinds.h"

/* --- listing --- */

struct listing {
    struct request *request;
    const char *authority; /* NULL: all */
    bool waiting;          /* only those that an officer is asked for */
    bool persons;          /* only persons */
};

static bool waits(const Parkgate__WatchRecord *record, struct wall now)
{
    return watch_is_live(record, now) &&
           (record->state == WATCH_STATE_WAITING || record->renewed_until_us != 0);
}

static enum err state_of(struct controller *ctl, const Parkgate__WatchRecord *record,
                         uint32_t *ret_state, struct fault *fault)
{
    bool acts = false;
    TRY(watch_authority_acts(ctl->txn, record->authority, &acts, fault));
    *ret_state = watch_state_now(record, acts, ctl->now);
    return ERR_OK;
}

static enum err list_row(struct controller *ctl, struct answer *a,
                         const Parkgate__WatchRecord *record, bool *ret_fits, struct fault *fault)
{
    uint32_t state = 0;
    TRY(state_of(ctl, record, &state, fault));
    answer_begin_row(a);
    answer_handle(a, people_handle(&record->entry));
    answer_text(a, record->authority);
    answer_text(a, watch_category_name(record->category));
    answer_text(a, watch_matcher_name(record->matcher));
    answer_text(a, watch_action_name(record->action));
    answer_text(a, watch_state_name(state));
    answer_text(a, waits(record, ctl->now) ? "yes" : "no");
    answer_wall(a, (struct wall){record->from_us});
    answer_wall(a, (struct wall){record->until_us});
    answer_wall(a, (struct wall){record->renewed_until_us});
    answer_number(a, (int64_t)record->number);
    answer_text(a, record->by);
    answer_wall(a, (struct wall){record->by_us});
    answer_text(a, record->test ? "yes" : "no");
    *ret_fits = answer_end_row(a);
    return ERR_OK;
}

static bool is_asked_for(const struct listing *listing, const Parkgate__WatchRecord *record,
                         struct wall now)
{
    return (listing->authority == NULL || strcmp(listing->authority, record->authority) == 0) &&
           (!listing->waiting || waits(record, now)) &&
           (!listing->persons || record->matcher != WATCH_MATCHER_PLATE);
}

/* One row of the table; *ret_fits false: the answer is full. */
static enum err visit(struct controller *ctl, const struct listing *listing, struct bytes key,
                      struct bytes value, bool *ret_fits, struct fault *fault)
{
    AUTO(store_message_destroy) ProtobufCMessage *message = NULL;
    enum err err = versioned_resolve(ctl->txn, VERSIONED_WATCH, key, value, &message, fault);
    *ret_fits = true;
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    return is_asked_for(listing, (void *)message, ctl->now)
               ? list_row(ctl, listing->request->answer, (void *)message, ret_fits, fault)
               : ERR_OK;
}

/* A million vehicles are gone through LIST_ROWS at a time: a page may be empty, and say that there
 * is more. */
enum { LIST_ROWS = 2000 };

static enum err list(struct controller *ctl, const struct listing *listing, struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    uint8_t after[ANSWER_CURSOR_MAX];
    size_t after_size = 0;
    enum err err;
    bool fits = true;
    AUTO(store_iter_end) struct store_iter iter = {0};
    struct answer *a = listing->request->answer;
    if (!request_cursor(listing->request, after, &after_size)) {
        return ERR_OK;
    }
    TRY(store_iter_range(ctl->txn, TABLE_WATCH, (struct bytes){.data = after, .size = after_size},
                         (struct bytes){0}, LIST_ROWS, &iter, fault));
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        TRY(visit(ctl, listing, key, value, &fits, fault));
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

static enum err on_watch_list(struct controller *ctl, struct request *request, struct fault *fault)
{
    struct name authority = {{0}};
    struct listing listing = {.request = request};
    if (!request_name_or_none(request, "authority", &authority)) {
        return ERR_OK;
    }
    listing.authority = authority.text[0] != '\0' ? authority.text : NULL;
    listing.waiting = request_arg(request, "waiting") != NULL;
    listing.persons = request_arg(request, "persons") != NULL;
    answer_columns(request->answer,
                   "entry,authority,category,matcher,action,state,waits,from_us,until_us,"
                   "renewed_until_us,number,by,by_us,test");
    return list(ctl, &listing, fault);
}

/* --- one entry --- */

/* The entry that the request names. ERR_OK with NULL: refused. */
static enum err named_entry(struct controller *ctl, struct request *request,
                            Parkgate__WatchRecord **ret, struct fault *fault)
{
    struct handle entry;
    char text[HANDLE_TEXT_SIZE];
    *ret = NULL;
    if (!request_handle(request, "entry", &entry)) {
        return ERR_OK;
    }
    enum err err = watch_entry(ctl->txn, entry, ret, fault);
    if (err == ERR_NOT_FOUND) {
        handle_to_text(entry, text);
        (void)request_refuse(request, ERROR_NOT_FOUND, "watch entry", text, NULL);
        return ERR_OK;
    }
    return err;
}

static void field_row(struct answer *a, const char *field, const char *value)
{
    if (value[0] != '\0') {
        answer_begin_row(a);
        answer_text(a, field);
        answer_text(a, value);
        (void)answer_end_row(a);
    }
}

/* An identity is a hash: nobody at the park can say whose. */
static void match_row(struct answer *a, const struct watch_entry *entry)
{
    char text[2 * CREDENTIAL_BYTES_MAX + 1] = "";
    struct bytes match = watch_entry_match(entry);
    if (entry->matcher == WATCH_MATCHER_PLATE) {
        (void)snprintf(text, sizeof(text), "%.*s", (int)match.size, (const char *)match.data);
    } else if (entry->matcher == WATCH_MATCHER_BADGE) {
        bytes_to_hex(match, text, sizeof(text));
    }
    field_row(a, "target", text);
}

static void entry_rows(struct answer *a, const Parkgate__WatchRecord *record,
                       const struct watch_entry *entry)
{
    field_row(a, "id", entry->id);
    match_row(a, entry);
    field_row(a, "applicant", entry->applicant);
    field_row(a, "case_number", entry->case_number);
    field_row(a, "legal_basis", entry->legal_basis);
    field_row(a, "contact", entry->contact);
    field_row(a, "instruction", watch_instruction_en(record->instruction));
    field_row(a, "instruction_zh", watch_instruction_zh(record->instruction));
}

/* What a renewal that waits would change. */
static enum err renewal_rows(struct controller *ctl, struct answer *a,
                             const Parkgate__WatchRecord *record, struct fault *fault)
{
    Parkgate__WatchKept *kept = NULL;
    if (record->renewed_until_us == 0) {
        return ERR_OK;
    }
    enum err err = watch_open_kept(ctl, record, &record->renewed_sealed, &kept, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    field_row(a, "renewal_applicant", kept->applicant);
    field_row(a, "renewal_case_number",
              kept->n_case_number > 0 ? kept->case_number[kept->n_case_number - 1] : "");
    field_row(a, "renewal_legal_basis", kept->legal_basis);
    parkgate__watch_kept__free_unpacked(kept, NULL);
    return ERR_OK;
}

static enum err show(struct controller *ctl, struct request *request,
                     const Parkgate__WatchRecord *record, struct fault *fault)
{
    uint32_t state = 0;
    struct watch_entry entry;
    struct answer *a = request->answer;
    TRY(state_of(ctl, record, &state, fault));
    answer_columns(a, "field,value");
    field_row(a, "authority", record->authority);
    field_row(a, "category", watch_category_name(record->category));
    field_row(a, "matcher", watch_matcher_name(record->matcher));
    field_row(a, "action", watch_action_name(record->action));
    field_row(a, "state", watch_state_name(state));
    field_row(a, "reason", record->reason);
    enum err err = watch_entry_of(ctl, record, &entry, fault);
    if (err == ERR_NOT_FOUND) {
        field_row(a, "id", "(erased)");
        return ERR_OK;
    }
    TRY(err);
    entry_rows(a, record, &entry);
    seal_wipe(&entry, sizeof(entry));
    return renewal_rows(ctl, a, record, fault);
}

static enum err on_watch_show(struct controller *ctl, struct request *request, struct fault *fault)
{
    const char *reason = NULL;
    enum err err = ERR_OK;
    Parkgate__WatchRecord *record = NULL;
    if (!request_need(request, "reason", &reason)) {
        return ERR_OK;
    }
    TRY(named_entry(ctl, request, &record, fault));
    if (record == NULL) {
        return ERR_OK;
    }
    struct handle entry = people_handle(&record->entry);
    if (request_lookup(ctl, request, &entry, 1, reason, &err, fault)) {
        err = show(ctl, request, record, fault);
    }
    parkgate__watch_record__free_unpacked(record, NULL);
    return err;
}

/* --- deciding --- */

/* Not while a bundle that is open says something of the same entry: it would be lost. */
static enum err is_free(struct controller *ctl, struct request *request,
                        const Parkgate__WatchRecord *record, bool *ret_free, struct fault *fault)
{
    ProtobufCMessage *message = NULL;
    Parkgate__AuthorityRecord *authority = NULL;
    Parkgate__WatchBundle *bundle = NULL;
    *ret_free = true;
    TRY(versioned_newest(ctl->txn, VERSIONED_WATCH, field_view(&record->entry), &message, fault));
    uint64_t stage = ((Parkgate__WatchRecord *)(void *)message)->stage;
    store_message_destroy(&message);
    TRY(watch_authority(ctl->txn, record->authority, &authority, fault));
    enum err err = ERR_OK;
    if (authority->open_number != 0) {
        err = watch_bundle_get(ctl->txn, authority->name, authority->open_number, &bundle, fault);
    }
    if (err == ERR_OK && bundle != NULL && stage == bundle->stage) {
        *ret_free = request_refuse(request, ERROR_TRY_LATER,
                                   "a bundle of its authority is being taken", NULL, NULL);
    }
    if (bundle != NULL) {
        parkgate__watch_bundle__free_unpacked(bundle, NULL);
    }
    parkgate__authority_record__free_unpacked(authority, NULL);
    return err;
}

static bool may_decide(struct request *request, const Parkgate__WatchRecord *record,
                       bool authority_acts, struct wall now)
{
    char text[HANDLE_TEXT_SIZE];
    uint32_t state = watch_state_now(record, authority_acts, now);
    if (waits(record, now) && authority_acts) {
        return true;
    }
    handle_to_text(people_handle(&record->entry), text);
    return request_refuse(request, ERROR_WATCH_NOT_WAITING, text, watch_state_name(state), NULL);
}

static enum err record_step(struct controller *ctl, struct request *request,
                            const Parkgate__WatchRecord *record, enum watch_step what,
                            const char *reason, struct fault *fault)
{
    Parkgate__WatchStep step = PARKGATE__WATCH_STEP__INIT;
    step.step = what;
    step.authority = record->authority;
    step.entry = record->entry;
    step.by = field_text(key_person(request->key));
    step.reason = field_text(reason);
    return controller_record(ctl, ENTRY_WATCH_STEP, request->key->name, &step.base, fault);
}

/* One that never acted is not needed by anybody. */
static enum err destroy_key(struct controller *ctl, const Parkgate__WatchRecord *record,
                            struct fault *fault)
{
    TRY(controller_keys_begin(ctl, fault));
    enum err err = watch_key_destroy(ctl->keys_txn, people_handle(&record->entry), fault);
    erasure_keys_deleted(ctl);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err decide_on(struct controller *ctl, struct request *request,
                          const Parkgate__WatchRecord *record, enum watch_step what,
                          const char *reason, struct fault *fault)
{
    bool acts = false;
    bool is_open = false;
    TRY(watch_authority_acts(ctl->txn, record->authority, &acts, fault));
    if (!may_decide(request, record, acts, ctl->now)) {
        return ERR_OK;
    }
    TRY(is_free(ctl, request, record, &is_open, fault));
    if (!is_open) {
        return ERR_OK;
    }
    TRY(record_step(ctl, request, record, what, reason, fault));
    if (what == WATCH_COUNTERSIGNED) {
        watch_await_gates(ctl, record->authority, record->number);
    }
    return what == WATCH_REFUSED && record->state == WATCH_STATE_WAITING
               ? destroy_key(ctl, record, fault)
               : ERR_OK;
}

static enum err settle(struct controller *ctl, struct request *request, enum watch_step what,
                       const char *reason, struct fault *fault)
{
    Parkgate__WatchRecord *record = NULL;
    TRY(named_entry(ctl, request, &record, fault));
    if (record == NULL) {
        return ERR_OK;
    }
    enum err err = decide_on(ctl, request, record, what, reason, fault);
    parkgate__watch_record__free_unpacked(record, NULL);
    return err;
}

static enum err on_watch_countersign(struct controller *ctl, struct request *request,
                                     struct fault *fault)
{
    return settle(ctl, request, WATCH_COUNTERSIGNED, "", fault);
}

static enum err on_watch_refuse(struct controller *ctl, struct request *request,
                                struct fault *fault)
{
    const char *reason = NULL;
    return request_need(request, "reason", &reason)
               ? settle(ctl, request, WATCH_REFUSED, reason, fault)
               : ERR_OK;
}

const struct verb_handler verbs_of_watch[] = {
    {"watch.countersign", on_watch_countersign},
    {"watch.list",        on_watch_list       },
    {"watch.refuse",      on_watch_refuse     },
    {"watch.show",        on_watch_show       },
};
const size_t verbs_of_watch_count = ARRAY_LEN(verbs_of_watch);

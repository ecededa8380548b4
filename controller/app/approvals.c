#include "controller/app/approvals.h"

#include <stdio.h>
#include <string.h>

#include "common/base/must.h"
#include "common/facts/tables.h"
#include "controller/journal/journal.h"
#include "controller/store/approval_store.h"
#include "controller/store/key_store.h"

const char *key_person(const Parkgate__KeyRecord *key)
{
    return key->person[0] != '\0' ? key->person : key->name;
}

/* --- which requests --- */

/* A key that may make keys, lift orders or hear everything. */
static bool makes_a_strong_key(const struct controller *ctl, struct request *request)
{
    (void)ctl;
    uint32_t roles = 0;
    const char *text = request_arg(request, "role");
    return text != NULL && role_mask_from_text(text, &roles) &&
           (roles & (1U << ROLE_ADMIN | 1U << ROLE_SECURITY | 1U << ROLE_STATION |
                     1U << ROLE_LIBRARY)) != 0;
}

/* Whoever replaces another's key could be that person from then on. */
static bool replaces_anothers_key(const struct controller *ctl, struct request *request)
{
    (void)ctl;
    const char *name = request_arg(request, "name");
    return name != NULL && strcmp(name, request->key->name) != 0;
}

/* An entry into a zone that asks for two. Nobody waits to be let out. */
static bool opens_into_a_zone_of_two(const struct controller *ctl, struct request *request)
{
    const char *way = request_arg(request, "direction");
    const char *name = request_arg(request, "lane");
    const struct park_lane *lane = name == NULL ? NULL : park_lane(ctl->park, name_or_none(name));
    bool out = way != NULL && strcmp(way, "out") == 0;
    return lane != NULL && lane->direction != LANE_OUT && !(lane->direction == LANE_BOTH && out) &&
           park_opens_by_two(ctl->park, lane, LANE_IN);
}

static bool always(const struct controller *ctl, struct request *request)
{
    (void)ctl;
    (void)request;
    return true;
}

struct two_person_verb {
    const char *verb;
    bool (*applies)(const struct controller *ctl, struct request *request);
    const char *subject; /* the argument that says of whom or what */
};

static const struct two_person_verb two_person_verbs[] = {
    {"key.add",         makes_a_strong_key,       "name"  },
    {"key.replace",     replaces_anothers_key,    "name"  },
    {"lane.open",       opens_into_a_zone_of_two, "lane"  },
    {"recover.confirm", always,                   "person"},
    {"authority.add",     always,                   "name"  },
    {"authority.replace", always,                   "name"  },
    {"authority.resume",  always,                   "name"  },
    {"hold.add",          always,                   "person"},
};

static const struct two_person_verb *two_person(const struct request *request)
{
    for (size_t i = 0; i < ARRAY_LEN(two_person_verbs); i++) {
        if (strcmp(two_person_verbs[i].verb, request->verb->name) == 0) {
            return &two_person_verbs[i];
        }
    }
    return NULL;
}

/* One that was revoked counts on for as long as a request waits: nobody makes himself the only one
 * by revoking the others first. */
static bool counts_still(const Parkgate__KeyRecord *key, struct wall now)
{
    return key->revoked_us == 0 || now.us - key->revoked_us < (int64_t)LIMIT_APPROVAL_S * 1000000;
}

/* Is there a key of another person that may say the verb, or could until lately? */
static enum err another_could_grant(struct controller *ctl, const struct request *request,
                                    bool *ret_could, struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_prefix(ctl->txn, TABLE_KEY, (struct bytes){0}, UINT64_MAX, &iter, fault));
    enum err err;
    *ret_could = false;
    while (!*ret_could && (err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        ProtobufCMessage *message = NULL;
        TRY(store_unpack_message(key, value, &parkgate__key_record__descriptor, &message, fault));
        const Parkgate__KeyRecord *other = (const void *)message;
        *ret_could = counts_still(other, ctl->now) && (other->roles & request->verb->roles) != 0 &&
                     strcmp(key_person(other), key_person(request->key)) != 0;
        store_message_destroy(&message);
    }
    return *ret_could || err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err approval_is_needed(struct controller *ctl, const struct request *request, bool *ret_needed,
                            struct fault *fault)
{
    struct request copy = *request;
    const struct two_person_verb *rule = two_person(request);
    *ret_needed = false;
    if (rule == NULL || !rule->applies(ctl, &copy)) {
        return ERR_OK;
    }
    if (rule->applies == opens_into_a_zone_of_two) {
        *ret_needed = true; /* while nobody else could agree, nobody opens it */
        return ERR_OK;
    }
    return another_could_grant(ctl, request, ret_needed, fault);
}

/* --- asking --- */

static bool is_waiting(const Parkgate__ApprovalRecord *record, struct wall now)
{
    return record->state == APPROVAL_WAITING && now.us < record->expires_us;
}

static enum err waiting_now(struct controller *ctl, size_t *ret_count, struct fault *fault)
{
    uint64_t at = 0;
    enum err err;
    Parkgate__ApprovalRecord *record = NULL;
    *ret_count = 0;
    while ((err = approval_next(ctl->txn, at, &record, fault)) == ERR_OK) {
        at = record->number;
        *ret_count += is_waiting(record, ctl->now);
        parkgate__approval_record__free_unpacked(record, NULL);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err approval_ask(struct controller *ctl, struct request *request, struct fault *fault)
{
    static uint8_t packed[LIMIT_FRAME_BYTES];
    size_t waiting = 0;
    char most[16];
    char text[LIMIT_TEXT_BYTES];
    struct journal_head head;
    Parkgate__ApprovalRecord record = PARKGATE__APPROVAL_RECORD__INIT;
    TRY(waiting_now(ctl, &waiting, fault));
    if (waiting >= LIMIT_APPROVALS_WAITING) {
        (void)snprintf(most, sizeof(most), "%d", LIMIT_APPROVALS_WAITING);
        (void)request_refuse(request, ERROR_LIMIT_REACHED, "requests that wait for approval", most,
                             NULL);
        return ERR_OK;
    }
    MUST(parkgate__request__get_packed_size(request->message) <= sizeof(packed));
    struct bytes bytes = {.data = packed,
                          .size = parkgate__request__pack(request->message, packed)};
    struct seal_hash digest = seal_hash_of(bytes);
    TRY(journal_head(ctl->txn, &head, fault));
    const char *subject = request_arg(request, two_person(request)->subject);
    (void)snprintf(text, sizeof(text), "%s %s", request->verb->name,
                   subject == NULL ? "" : subject);
    record.number = head.sequence + 1;
    record.asker = field_text(request->key->name);
    record.state = APPROVAL_WAITING;
    record.request = field_of(bytes);
    record.asked_us = ctl->now.us;
    record.expires_us = ctl->now.us + (int64_t)LIMIT_APPROVAL_S * 1000000;
    record.digest = field_of(BYTES_OF(digest.bytes));
    record.text = field_text(text);
    answer_note_number(request->answer, "approval", (int64_t)record.number);
    answer_note(request->answer, "state", "waiting");
    answer_note_number(request->answer, "expires_us", record.expires_us);
    return controller_record(ctl, ENTRY_APPROVAL, request->key->name, &record.base, fault);
}

/* --- listing --- */

static const char *state_word(const Parkgate__ApprovalRecord *record, struct wall now)
{
    switch (record->state) {
    case APPROVAL_GRANTED:
        return "granted";
    case APPROVAL_REFUSED:
        return "refused";
    default:
        return is_waiting(record, now) ? "waiting" : "expired";
    }
}

static bool approval_row(struct controller *ctl, struct answer *a,
                         const Parkgate__ApprovalRecord *record)
{
    char hex[2 * SEAL_HASH_SIZE + 1] = "";
    if (record->digest.len == SEAL_HASH_SIZE) {
        bytes_to_hex(field_view(&record->digest), hex, sizeof(hex));
    }
    answer_begin_row(a);
    answer_number(a, (int64_t)record->number);
    answer_text(a, state_word(record, ctl->now));
    answer_text(a, record->asker);
    answer_text(a, record->text);
    answer_wall(a, (struct wall){record->asked_us});
    answer_wall(a, (struct wall){record->expires_us});
    answer_text(a, record->decider);
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
    while (fits && (err = approval_next(ctl->txn, at, &record, fault)) == ERR_OK) {
        at = record->number;
        if (all != NULL || is_waiting(record, ctl->now)) {
            fits = approval_row(ctl, request->answer, record);
        }
        parkgate__approval_record__free_unpacked(record, NULL);
    }
    return !fits || err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* --- deciding --- */

/* What a decision needs; owned by decide(). */
struct decision {
    Parkgate__ApprovalRecord *record;
    Parkgate__KeyRecord *asker;
    Parkgate__Request *message;
    const struct verb_spec *verb;
};

static void decision_end(struct decision *d)
{
    if (d->record != NULL) {
        parkgate__approval_record__free_unpacked(d->record, NULL);
    }
    if (d->asker != NULL) {
        parkgate__key_record__free_unpacked(d->asker, NULL);
    }
    if (d->message != NULL) {
        parkgate__request__free_unpacked(d->message, NULL);
    }
}

static void role_list(uint32_t mask, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (uint32_t role = 0; role < ROLE_COUNT && used < size; role++) {
        if ((mask & 1U << role) != 0) {
            used += (size_t)snprintf(out + used, size - used, "%s%s", used > 0 ? ", " : "",
                                     role_name((enum role)role));
        }
    }
}

static bool may_decide(struct controller *ctl, struct request *request, const struct decision *d)
{
    char number[24];
    char needs[128];
    (void)snprintf(number, sizeof(number), "%llu", (unsigned long long)d->record->number);
    if (!is_waiting(d->record, ctl->now)) {
        return request_refuse(request, ERROR_APPROVAL_ENDED, number,
                              state_word(d->record, ctl->now), NULL);
    }
    if ((request->key->roles & d->verb->roles) == 0) {
        role_list(d->verb->roles, needs, sizeof(needs));
        return request_refuse(request, ERROR_APPROVAL_ROLE, d->verb->name, needs, NULL);
    }
    return d->asker == NULL || strcmp(key_person(d->asker), key_person(request->key)) != 0 ||
           request_refuse(request, ERROR_SAME_PERSON, key_person(request->key), NULL, NULL);
}

/* The request that is to be decided on, and who asked. False: refused, or *ret_err. */
static bool find(struct controller *ctl, struct request *request, struct decision *d,
                 enum err *ret_err, struct fault *fault)
{
    uint64_t number = 0;
    const char *text = NULL;
    *ret_err = ERR_OK;
    if (!request_need(request, "approval", &text) ||
        !request_number_or_none(request, "approval", INT64_MAX, &number)) {
        return false;
    }
    *ret_err = approval_get(ctl->txn, number, &d->record, fault);
    if (*ret_err == ERR_NOT_FOUND) {
        *ret_err = ERR_OK;
        return request_refuse(request, ERROR_NOT_FOUND, "approval", text, NULL);
    }
    if (*ret_err == ERR_OK) {
        *ret_err = key_by_name(ctl->txn, d->record->asker, &d->asker, fault);
        *ret_err = *ret_err == ERR_NOT_FOUND ? ERR_OK : *ret_err;
    }
    if (*ret_err != ERR_OK) {
        return false;
    }
    d->message = parkgate__request__unpack(NULL, d->record->request.len, d->record->request.data);
    d->verb = d->message == NULL ? NULL : verb_find(d->message->verb);
    if (d->verb == NULL) {
        *ret_err = fault_set(fault, ERR_CORRUPT, "approval: a kept request cannot be read");
        return false;
    }
    return may_decide(ctl, request, d);
}

static enum err record_decision(struct controller *ctl, struct request *request,
                                const struct decision *d, enum approval_state state,
                                const char *reason, struct fault *fault)
{
    Parkgate__ApprovalRecord changed = *d->record;
    changed.state = state;
    changed.decider = field_text(request->key->name);
    changed.reason = field_text(reason);
    return controller_record(ctl, ENTRY_APPROVAL, request->key->name, &changed.base, fault);
}

/* Works the kept request off in the asker's name. */
static enum err carry_out(struct controller *ctl, struct request *request, const struct decision *d,
                          struct fault *fault)
{
    char number[24];
    char why[512] = "the asker's key is gone or has lost its role";
    struct request inner = {.message = d->message,
                            .key = d->asker,
                            .verb = d->verb,
                            .input = request->input,
                            .version = request->version,
                            .sequence = request->sequence,
                            .answer = request->answer};
    (void)snprintf(number, sizeof(number), "%llu", (unsigned long long)d->record->number);
    if (d->asker == NULL || (d->asker->roles & d->verb->roles) == 0) {
        (void)request_refuse(request, ERROR_APPROVAL_FAILED, number, why, NULL);
        return ERR_OK;
    }
    TRY(request_handler_of(d->verb->name)(ctl, &inner, fault));
    if (request->answer->complaint.number != 0) {
        struct complaint failed = request->answer->complaint;
        error_sentence_en(&failed, why, sizeof(why));
        (void)request_refuse(request, ERROR_APPROVAL_FAILED, number, why, NULL);
    }
    return ERR_OK;
}

static enum err settle(struct controller *ctl, struct request *request, enum approval_state state,
                       struct fault *fault)
{
    enum err err = ERR_OK;
    char reason[LIMIT_ARG_BYTES + 1] = "";
    const char *text = request_arg(request, "reason");
    AUTO(decision_end) struct decision d = {0};
    if (state == APPROVAL_REFUSED && !request_need(request, "reason", &text)) {
        return ERR_OK;
    }
    (void)snprintf(reason, sizeof(reason), "%s", text == NULL ? "" : text);
    if (!find(ctl, request, &d, &err, fault)) {
        return err;
    }
    TRY(record_decision(ctl, request, &d, state, reason, fault));
    return state == APPROVAL_GRANTED ? carry_out(ctl, request, &d, fault) : ERR_OK;
}

static enum err on_approval_grant(struct controller *ctl, struct request *request,
                                  struct fault *fault)
{
    return settle(ctl, request, APPROVAL_GRANTED, fault);
}

static enum err on_approval_refuse(struct controller *ctl, struct request *request,
                                   struct fault *fault)
{
    return settle(ctl, request, APPROVAL_REFUSED, fault);
}

const struct verb_handler verbs_of_approvals[] = {
    {"approval.list",   on_approval_list  },
    {"approval.grant",  on_approval_grant },
    {"approval.refuse", on_approval_refuse},
};
const size_t verbs_of_approvals_count = ARRAY_LEN(verbs_of_approvals);

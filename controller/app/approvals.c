#include "controller/app/approvals.h"

#include <stdio.h>
#include <string.h>

#include "common/base/must.h"
#include "common/facts/tables.h"
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
    uint32_t others;     /* persons that must agree; 0: one, and none while there is none */
};

static const struct two_person_verb two_person_verbs[] = {
    {"key.add",           makes_a_strong_key,       "name",     0},
    {"key.replace",       replaces_anothers_key,    "name",     0},
    {"lane.open",         opens_into_a_zone_of_two, "lane",     0},
    {"recover.confirm",   always,                   "person",   0},
    {"authority.add",     always,                   "name",     1},
    {"authority.replace", always,                   "name",     1},
    {"authority.resume",  always,                   "name",     1},
    {"hold.add",          always,                   "person",   2},
    {"disclose.ask",      always,                   "document", 2},
    {"audit.truncate",    always,                   "before",   1},
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
    if (rule->applies == opens_into_a_zone_of_two || rule->others > 0) {
        *ret_needed = true; /* while nobody else could agree, nobody does it */
        return ERR_OK;
    }
    return another_could_grant(ctl, request, ret_needed, fault);
}

/* --- asking --- */

int64_t approval_oldest_us(struct wall now)
{
    return now.us - (int64_t)LIMIT_APPROVAL_S * 1000000;
}

static enum err waiting_now(struct controller *ctl, size_t *ret_count, struct fault *fault)
{
    uint64_t at = 0;
    enum err err;
    Parkgate__ApprovalRecord *record = NULL;
    *ret_count = 0;
    TRY(approval_before(ctl->txn, approval_oldest_us(ctl->now), &at, fault));
    while ((err = approval_next(ctl->txn, at, &record, fault)) == ERR_OK) {
        at = record->number;
        *ret_count += approval_is_waiting(record, ctl->now);
        parkgate__approval_record__free_unpacked(record, NULL);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum { OTHERS_MAX = 2 };

/* Distinct other persons with a live key that may say the verb: at most `wanted` are counted. */
static enum err count_others(struct controller *ctl, const struct request *request, uint32_t wanted,
                             uint32_t *ret_count, struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    char persons[OTHERS_MAX][LIMIT_TEXT_BYTES + 1];
    AUTO(store_iter_end) struct store_iter iter = {0};
    MUST(wanted <= OTHERS_MAX);
    TRY(store_iter_prefix(ctl->txn, TABLE_KEY, (struct bytes){0}, UINT64_MAX, &iter, fault));
    enum err err = ERR_OK;
    *ret_count = 0;
    while (*ret_count < wanted && (err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        ProtobufCMessage *message = NULL;
        TRY(store_unpack_message(key, value, &parkgate__key_record__descriptor, &message, fault));
        const Parkgate__KeyRecord *other = (const void *)message;
        const char *person = key_person(other);
        bool is_new = other->revoked_us == 0 && (other->roles & request->verb->roles) != 0 &&
                      strcmp(person, key_person(request->key)) != 0;
        for (uint32_t i = 0; i < *ret_count; i++) {
            is_new = is_new && strcmp(persons[i], person) != 0;
        }
        if (is_new) {
            (void)snprintf(persons[(*ret_count)++], sizeof(persons[0]), "%s", person);
        }
        store_message_destroy(&message);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* False: refused, or *ret_err. Nobody is told to wait for persons that there are not. */
static bool others_exist(struct controller *ctl, struct request *request, enum err *ret_err,
                         struct fault *fault)
{
    char wanted_text[16];
    char count_text[16];
    uint32_t count = 0;
    uint32_t wanted = two_person(request)->others;
    *ret_err = wanted == 0 ? ERR_OK : count_others(ctl, request, wanted, &count, fault);
    if (*ret_err != ERR_OK) {
        return false;
    }
    (void)snprintf(wanted_text, sizeof(wanted_text), "%u", wanted);
    (void)snprintf(count_text, sizeof(count_text), "%u", count);
    return count >= wanted || request_refuse(request, ERROR_APPROVERS_FEW, request->verb->name,
                                             wanted_text, count_text);
}

enum err approval_ask(struct controller *ctl, struct request *request, struct fault *fault)
{
    enum err err = ERR_OK;
    static uint8_t packed[LIMIT_FRAME_BYTES];
    size_t waiting = 0;
    char most[16];
    char text[LIMIT_TEXT_BYTES];
    uint64_t last = 0;
    Parkgate__ApprovalRecord record = PARKGATE__APPROVAL_RECORD__INIT;
    if (!others_exist(ctl, request, &err, fault)) {
        return err;
    }
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
    TRY(approval_last(ctl->txn, &last, fault));
    const char *subject = request_arg(request, two_person(request)->subject);
    (void)snprintf(text, sizeof(text), "%s %s", request->verb->name,
                   subject == NULL ? "" : subject);
    record.number = last + 1; /* a journal sequence would tell how many hits there were */
    record.asker = field_text(request->key->name);
    record.state = APPROVAL_WAITING;
    record.request = field_of(bytes);
    record.asked_us = ctl->now.us;
    record.expires_us = ctl->now.us + (int64_t)LIMIT_APPROVAL_S * 1000000;
    record.digest = field_of(BYTES_OF(digest.bytes));
    record.text = field_text(text);
    record.needs = two_person(request)->others;
    answer_note_number(request->answer, "approval", (int64_t)record.number);
    answer_note(request->answer, "state", "waiting");
    answer_note_number(request->answer, "expires_us", record.expires_us);
    return controller_record(ctl, ENTRY_APPROVAL, request->key->name, &record.base, fault);
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
    if (!approval_is_waiting(d->record, ctl->now)) {
        return request_refuse(request, ERROR_APPROVAL_ENDED, number,
                              approval_state_word(d->record, ctl->now), NULL);
    }
    if ((request->key->roles & d->verb->roles) == 0) {
        role_list(d->verb->roles, needs, sizeof(needs));
        return request_refuse(request, ERROR_APPROVAL_ROLE, d->verb->name, needs, NULL);
    }
    return d->asker == NULL || strcmp(key_person(d->asker), key_person(request->key)) != 0 ||
           request_refuse(request, ERROR_SAME_PERSON, key_person(request->key), NULL, NULL);
}

/* Nobody agrees twice, and who agreed must still be somebody who may. False: refused, or
 * *ret_err. */
static bool is_another(struct controller *ctl, struct request *request, const struct decision *d,
                       enum err *ret_err, struct fault *fault)
{
    *ret_err = ERR_OK;
    for (size_t i = 0; i < d->record->n_granted; i++) {
        char number[24];
        Parkgate__KeyRecord *key = NULL;
        enum err err = key_by_name(ctl->txn, d->record->granted[i], &key, fault);
        if (err != ERR_OK && err != ERR_NOT_FOUND) {
            *ret_err = err;
            return false;
        }
        bool may = err == ERR_OK && (key->roles & d->verb->roles) != 0;
        bool same = err == ERR_OK && strcmp(key_person(key), key_person(request->key)) == 0;
        if (key != NULL) {
            parkgate__key_record__free_unpacked(key, NULL);
        }
        (void)snprintf(number, sizeof(number), "%llu", (unsigned long long)d->record->number);
        if (!may) {
            return request_refuse(request, ERROR_APPROVAL_FAILED, number,
                                  "the key of one who agreed is gone or has lost its role", NULL);
        }
        if (same) {
            return request_refuse(request, ERROR_SAME_PERSON, key_person(request->key), NULL, NULL);
        }
    }
    return true;
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

/* The first of two: the request waits on. */
static enum err record_one_of_two(struct controller *ctl, struct request *request,
                                  const struct decision *d, struct fault *fault)
{
    char *granted[OTHERS_MAX];
    Parkgate__ApprovalRecord changed = *d->record;
    MUST(d->record->n_granted < OTHERS_MAX);
    for (size_t i = 0; i < d->record->n_granted; i++) {
        granted[i] = d->record->granted[i];
    }
    granted[changed.n_granted++] = field_text(request->key->name);
    changed.granted = granted;
    answer_note_number(request->answer, "approval", (int64_t)changed.number);
    answer_note(request->answer, "state", "waiting");
    answer_note_number(request->answer, "agreed", (int64_t)changed.n_granted);
    answer_note_number(request->answer, "needed", changed.needs);
    return controller_record(ctl, ENTRY_APPROVAL, request->key->name, &changed.base, fault);
}

/* Works the kept request off in the asker's name. */
static enum err carry_out(struct controller *ctl, struct request *request, const struct decision *d,
                          struct fault *fault)
{
    char number[24];
    char why[512] = "the asker's key is gone or has lost its role";
    char agreed_by[LIMIT_TEXT_BYTES];
    approval_deciders(d->record, request->key->name, agreed_by, sizeof(agreed_by));
    struct request inner = {.message = d->message,
                            .key = d->asker,
                            .verb = d->verb,
                            .input = request->input,
                            .version = request->version,
                            .sequence = request->sequence,
                            .answer = request->answer,
                            .agreed_by = agreed_by};
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
    if (state == APPROVAL_GRANTED && !is_another(ctl, request, &d, &err, fault)) {
        return err;
    }
    if (state == APPROVAL_GRANTED && d.record->n_granted + 1 < d.record->needs) {
        return record_one_of_two(ctl, request, &d, fault);
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
    {"approval.grant",  on_approval_grant },
    {"approval.refuse", on_approval_refuse},
};
const size_t verbs_of_approvals_count = ARRAY_LEN(verbs_of_approvals);

#include <stdio.h>
#include <string.h>

#include "common/base/must.h"
#include "common/facts/agent_store.h"
#include "common/facts/tables.h"
#include "controller/app/exported.h"
#include "controller/app/agents.h"
#include "controller/app/approvals.h"
#include "controller/app/faults.h"
#include "controller/app/rekey.h"
#include "controller/app/request.h"
#include "controller/app/waiters.h"
#include "controller/journal/journal.h"
#include "controller/store/hidden_store.h"
#include "controller/store/key_store.h"

/* --- gates --- */

/* Ten characters without those that look alike: 50 random bits. */
static void draw_code(struct controller *ctl, char out[12])
{
    static const char letters[] = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    uint8_t random[10];
    entropy_fill(ctl->entropy, random, sizeof(random));
    for (size_t i = 0, at = 0; i < sizeof(random); i++) {
        if (i == 5) {
            out[at++] = '-';
        }
        out[at++] = letters[random[i] & 31];
    }
    out[11] = '\0';
}

static enum err on_agent_enroll(struct controller *ctl, struct request *request,
                                struct fault *fault)
{
    struct name gate;
    char code[12];
    Parkgate__EnrolCode record = PARKGATE__ENROL_CODE__INIT;
    if (!request_name(request, "gate", &gate)) {
        return ERR_OK;
    }
    if (park_gate(ctl->park, gate) == NULL) {
        (void)request_refuse(request, ERROR_NOT_FOUND, "gate", gate.text, NULL);
        return ERR_OK;
    }
    draw_code(ctl, code);
    struct seal_hash hash = agents_code_hash(ctl, gate.text, code);
    record.gate = gate.text;
    record.code_hash = field_of(BYTES_OF(hash.bytes));
    record.expires_us = ctl->now.us + (int64_t)LIMIT_ENROL_CODE_S * 1000000;
    TRY(controller_record(ctl, ENTRY_ENROL_CODE, request->key->name, &record.base, fault));
    answer_note(request->answer, "code", code);
    answer_note(request->answer, "server_key", ctl->endpoints.server_key);
    answer_note(request->answer, "enrol", ctl->endpoints.enrol);
    answer_note(request->answer, "agents", ctl->endpoints.agents);
    answer_note_number(request->answer, "expires_us", record.expires_us);
    return ERR_OK;
}

static const char *gate_state(const struct controller *ctl, const Parkgate__KeyRecord *key,
                              const struct session *session)
{
    (void)ctl;
    if (key == NULL) {
        return "not-enrolled";
    }
    if (key->revoked_us != 0) {
        return "quarantined";
    }
    return session == NULL || session->away ? "away" : "online";
}

static enum err gate_key(struct controller *ctl, const Parkgate__AgentRecord *agent,
                         Parkgate__KeyRecord **ret, struct fault *fault)
{
    char name[NAME_SIZE + 8];
    *ret = NULL;
    if (agent == NULL) {
        return ERR_OK;
    }
    (void)snprintf(name, sizeof(name), "gate:%s", agent->gate);
    enum err err = key_by_name(ctl->txn, name, ret, fault); /* the live one */
    if (err == ERR_NOT_FOUND) {
        err = key_get(ctl->txn, field_view(&agent->public_key), ret, fault);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* How far a gate's copy is, and how far behind that is; in numbers of shown entries. */
struct copy_reach {
    uint64_t at, lag;
};

static enum err reach_of(struct controller *ctl, const struct session *session, uint64_t head,
                         struct copy_reach *ret, struct fault *fault)
{
    const struct copy_feed *feed = session == NULL ? NULL : &session->feed;
    *ret = (struct copy_reach){0};
    if (feed == NULL || !feed->asked) {
        return ERR_OK;
    }
    if (!feed->anew) {
        TRY(hidden_shown(ctl->txn, feed->sequence, &ret->at, fault));
    }
    ret->lag = ret->at > head ? head : head - ret->at;
    return ERR_OK;
}

/* Of gates that can decide alone; else the cells are empty. */
static void copy_cells(struct controller *ctl, struct answer *a, const struct session *session,
                       struct copy_reach reach)
{
    const struct copy_feed *feed = session == NULL ? NULL : &session->feed;
    if (feed == NULL || !feed->asked) {
        for (int i = 0; i < 5; i++) {
            answer_text(a, "");
        }
        return;
    }
    bool whole = !feed->anew && feed->whole_at.us != 0;
    answer_number(a, (int64_t)reach.at);
    answer_number(a, (int64_t)reach.lag);
    if (whole) {
        answer_number(a, (ctl->mono.us - feed->whole_at.us) / 1000000);
    } else {
        answer_text(a, ""); /* of this connection nothing is known yet */
    }
    answer_number(a, session->lease_left_s);
    answer_text(a, session->clock_unknown ? "yes" : "no");
}

static void gate_row(struct controller *ctl, struct answer *a, struct name gate,
                     const Parkgate__AgentRecord *agent, const Parkgate__KeyRecord *key,
                     struct copy_reach reach)
{
    const struct session *session = session_of_gate(&ctl->sessions, gate);
    answer_begin_row(a);
    answer_text(a, gate.text);
    answer_text(a, gate_state(ctl, key, session));
    answer_wall(a, session == NULL ? (struct wall){0} : session->heard_wall);
    answer_number(a, agent == NULL ? 0 : agent->epoch);
    answer_number(a, agent == NULL ? 0 : (int64_t)agent->last_sequence);
    answer_number(a, session == NULL ? 0 : (int64_t)session->pending);
    answer_number(a, session == NULL ? 0 : session->offset_ms);
    answer_number(a, session == NULL ? 0 : session->devices_down);
    answer_text(a, !ctl->has_next_server_key                     ? ""
                   : session != NULL && session->kept_server_key ? "kept"
                                                                 : "waiting");
    copy_cells(ctl, a, session, reach);
    answer_number(a, session == NULL ? 0 : session->outbox_permille);
    answer_number(a, session == NULL ? 0 : session->devices_down - session->boards_down);
    answer_number(a, session == NULL ? 0 : session->boards_down);
    (void)answer_end_row(a);
}

static enum err on_agent_list(struct controller *ctl, struct request *request, struct fault *fault)
{
    struct journal_head head;
    uint64_t newest = 0;
    answer_columns(request->answer,
                   "gate,state,heard_us,epoch,sequence,pending,offset_ms,devices_down,server_key,"
                   "copy_sequence,copy_lag,copy_age_s,lease_left_s,clock_unknown,outbox_permille,"
                   "readers_down,boards_down");
    TRY(journal_head(ctl->txn, &head, fault));
    TRY(hidden_shown(ctl->txn, head.sequence, &newest, fault));
    for (size_t i = 0; i < ctl->park->gate_count; i++) {
        struct copy_reach reach;
        Parkgate__AgentRecord *agent = NULL;
        Parkgate__KeyRecord *key = NULL;
        struct name gate = ctl->park->gates[i].name;
        enum err err = agent_get(ctl->txn, gate.text, &agent, fault);
        if (err != ERR_OK && err != ERR_NOT_FOUND) {
            return err;
        }
        err = gate_key(ctl, agent, &key, fault);
        if (err == ERR_OK) {
            err = reach_of(ctl, session_of_gate(&ctl->sessions, gate), newest, &reach, fault);
        }
        if (err == ERR_OK) {
            gate_row(ctl, request->answer, gate, agent, key, reach);
        }
        if (key != NULL) {
            parkgate__key_record__free_unpacked(key, NULL);
        }
        if (agent != NULL) {
            parkgate__agent_record__free_unpacked(agent, NULL);
        }
        TRY(err);
    }
    return ERR_OK;
}

/* --- keys --- */

/* The gate of a key that was revoked is not spoken to any more. */
static enum err quarantine(struct controller *ctl, const char *gate, struct fault *fault)
{
    struct name name = {{0}};
    (void)name_from_text(gate, &name);
    struct session *session = session_of_gate(&ctl->sessions, name);
    if (session != NULL) {
        session_close(session);
    }
    return fault_raise(ctl, &fault_key_revoked_used, gate, gate, "", fault);
}

static enum err revoke_named(struct controller *ctl, struct request *request, const char *word,
                             const char *name, const char *shown, struct fault *fault)
{
    const char *reason = NULL;
    Parkgate__KeyRecord *key = NULL;
    if (!request_need(request, "reason", &reason)) {
        return ERR_OK;
    }
    enum err err = key_by_name(ctl->txn, name, &key, fault);
    if (err == ERR_NOT_FOUND) {
        (void)request_refuse(request, ERROR_NOT_FOUND, word, shown, NULL);
        return ERR_OK;
    }
    TRY(err);
    Parkgate__KeyRecord changed = *key;
    changed.revoked_us = ctl->now.us;
    changed.reason = field_text(reason);
    err = key->gate[0] != '\0' /* one that is being replaced has two */
              ? rekey_end_all(ctl, key->gate, request->key->name, reason, fault)
              : controller_record(ctl, ENTRY_KEY, request->key->name, &changed.base, fault);
    if (err == ERR_OK && key->gate[0] != '\0') {
        err = quarantine(ctl, key->gate, fault);
    }
    parkgate__key_record__free_unpacked(key, NULL);
    return err;
}

static enum err on_agent_revoke(struct controller *ctl, struct request *request,
                                struct fault *fault)
{
    struct name gate;
    char name[NAME_SIZE + 8];
    if (!request_name(request, "gate", &gate)) {
        return ERR_OK;
    }
    (void)snprintf(name, sizeof(name), "gate:%s", gate.text);
    return revoke_named(ctl, request, "gate", name, gate.text, fault);
}

/* The roster is as of the moment in which the job begins to read, and said to be as of now: what is
 * older than it says grants less. */
static enum err on_agent_carry(struct controller *ctl, struct request *request, struct fault *fault)
{
    char job[LIMIT_ARG_BYTES + 128];
    struct name gate;
    const char *file = NULL;
    const char *reason = NULL;
    Parkgate__AgentRecord *agent = NULL;
    Parkgate__KeyRecord *key = NULL;
    Parkgate__CarryEntry entry = PARKGATE__CARRY_ENTRY__INIT;
    struct journal_head head;
    if (!request_name(request, "gate", &gate) || !request_need(request, "file", &file) ||
        !request_need(request, "reason", &reason)) {
        return ERR_OK;
    }
    if (file[0] != '/') {
        (void)request_refuse(request, ERROR_ARG_BAD, "file", file,
                             "a path from the root, on the controller's machine");
        return ERR_OK;
    }
    enum err err = agent_get(ctl->txn, gate.text, &agent, fault);
    if (err == ERR_OK) {
        err = gate_key(ctl, agent, &key, fault);
        parkgate__agent_record__free_unpacked(agent, NULL);
    }
    bool enrolled = key != NULL && key->revoked_us == 0;
    if (key != NULL) {
        parkgate__key_record__free_unpacked(key, NULL);
    }
    if (err == ERR_NOT_FOUND || (err == ERR_OK && !enrolled) ||
        park_gate(ctl->park, gate) == NULL) {
        (void)request_refuse(request, ERROR_NOT_FOUND, "gate", gate.text, NULL);
        return ERR_OK;
    }
    TRY(err);
    TRY(exported_note(ctl, request, "carry", reason, NULL, fault));
    entry.gate = gate.text;
    entry.file = field_text(file);
    entry.made_us = ctl->now.us;
    entry.reason = field_text(reason);
    TRY(controller_record(ctl, ENTRY_CARRY, request->key->name, &entry.base, fault));
    TRY(journal_head(ctl->txn, &head, fault));
    (void)snprintf(job, sizeof(job), "%llu:%lld:%s:%s", (unsigned long long)head.sequence,
                   (long long)ctl->now.us, gate.text, file);
    const char *const args[] = {"carry", job, NULL};
    (void)waiters_start_job(ctl, request, args);
    return ERR_OK;
}

static enum err on_agent_rekey(struct controller *ctl, struct request *request, struct fault *fault)
{
    struct name gate;
    const char *reason = NULL;
    enum err err = ERR_OK;
    if (!request_name(request, "gate", &gate) || !request_need(request, "reason", &reason)) {
        return ERR_OK;
    }
    if (park_gate(ctl->park, gate) == NULL) {
        (void)request_refuse(request, ERROR_NOT_FOUND, "gate", gate.text, NULL);
        return ERR_OK;
    }
    (void)rekey_order(ctl, gate, request->key->name, reason, &request->answer->complaint, &err,
                      fault);
    return err;
}

static enum err on_key_revoke(struct controller *ctl, struct request *request, struct fault *fault)
{
    const char *name = NULL;
    if (!request_need(request, "name", &name)) {
        return ERR_OK;
    }
    if (strcmp(name, request->key->name) == 0) {
        (void)request_refuse(request, ERROR_ARG_BAD, "name", name,
                             "a key does not revoke itself; another admin does");
        return ERR_OK;
    }
    return revoke_named(ctl, request, "key", name, name, fault);
}

static bool read_public(struct request *request, struct link_key *ret)
{
    const char *text = NULL;
    if (!request_need(request, "public", &text)) {
        return false;
    }
    return link_key_from_z85(text, ret) || link_key_from_hex(text, ret) ||
           request_refuse(request, ERROR_ARG_BAD, "public", text, "a public key of key make");
}

static bool read_hours(struct request *request, Parkgate__KeyRecord *record)
{
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    char rest = 0;
    const char *text = request_arg(request, "hours");
    if (text == NULL || text[0] == '\0') {
        return true;
    }
    if (sscanf(text, "%2u:%2u-%2u:%2u%c", &a, &b, &c, &d, &rest) != 4 || a > 23 || b > 59 ||
        c > 24 || d > 59) {
        return request_refuse(request, ERROR_ARG_BAD, "hours", text, "HH:MM-HH:MM");
    }
    record->from_minute = a * 60 + b;
    record->until_minute = (c * 60 + d) % 1440;
    return true;
}

/* Roles that are bound to something need it. */
static bool role_has_its_scope(struct request *request, const Parkgate__KeyRecord *record)
{
    bool of_tenant = (record->roles & (1U << ROLE_TENANT | 1U << ROLE_AGENCY)) != 0;
    bool of_lanes = (record->roles & 1U << ROLE_GUARD) != 0;
    if ((record->roles & 1U << ROLE_AGENT) != 0) {
        return request_refuse(request, ERROR_ARG_BAD, "role", "agent",
                              "a gate's key is made by agent enroll");
    }
    if (of_tenant && record->tenant[0] == '\0') {
        return request_refuse(request, ERROR_ARG_MISSING, "tenant", NULL, NULL);
    }
    return !of_lanes || record->n_lane > 0 ||
           request_refuse(request, ERROR_ARG_MISSING, "lanes", NULL, NULL);
}

static enum err key_is_new(struct controller *ctl, struct request *request, const char *name,
                           struct link_key public_key, bool *ret_new, struct fault *fault)
{
    Parkgate__KeyRecord *known = NULL;
    enum err err = key_by_name(ctl->txn, name, &known, fault);
    if (err == ERR_NOT_FOUND) {
        err = key_get(ctl->txn, BYTES_OF(public_key.bytes), &known, fault);
    }
    *ret_new = err == ERR_NOT_FOUND;
    if (err == ERR_OK) {
        (void)request_refuse(request, ERROR_EXISTS, "key", known->name, NULL);
        parkgate__key_record__free_unpacked(known, NULL);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err on_key_add(struct controller *ctl, struct request *request, struct fault *fault)
{
    struct name name;
    struct name tenant = {{0}};
    struct link_key public_key;
    const char *roles = NULL;
    const char *lane_text = request_arg(request, "lanes");
    char list[LIMIT_ARG_BYTES + 1] = "";
    char *lanes[LIMIT_ARGS_PER_REQUEST];
    bool is_new = false;
    Parkgate__KeyRecord record = PARKGATE__KEY_RECORD__INIT;
    if (!request_name(request, "name", &name) || !read_public(request, &public_key) ||
        !request_need(request, "role", &roles) ||
        !request_name_or_none(request, "tenant", &tenant) || !read_hours(request, &record)) {
        return ERR_OK;
    }
    if (!role_mask_from_text(roles, &record.roles)) {
        (void)request_refuse(request, ERROR_ARG_BAD, "role", roles,
                             "admin, operator, security, guard, tenant, agency or auditor");
        return ERR_OK;
    }
    if (tenant.text[0] != '\0' && park_tenant(ctl->park, tenant) == NULL) {
        (void)request_refuse(request, ERROR_NOT_FOUND, "tenant", tenant.text, NULL);
        return ERR_OK;
    }
    const char *person = request_arg(request, "person");
    record.person = field_text(person == NULL ? "" : person);
    (void)snprintf(list, sizeof(list), "%s", lane_text == NULL ? "" : lane_text);
    record.tenant = tenant.text;
    record.lane = lanes;
    if (!request_names(request, "lane", list, request_lane_exists, ctl->park, lanes,
                       LIMIT_ARGS_PER_REQUEST, &record.n_lane) ||
        !role_has_its_scope(request, &record)) {
        return ERR_OK;
    }
    TRY(key_is_new(ctl, request, name.text, public_key, &is_new, fault));
    record.name = name.text;
    record.public_key = field_of(BYTES_OF(public_key.bytes));
    record.added_us = ctl->now.us;
    return is_new ? controller_record(ctl, ENTRY_KEY, request->key->name, &record.base, fault)
                  : ERR_OK;
}

/* --- replacing --- */

/* Only an admin replaces another's key. */
static bool may_replace(struct request *request, const char *name)
{
    char have[128];
    if (strcmp(name, request->key->name) == 0 || (request->key->roles & 1U << ROLE_ADMIN) != 0) {
        return true;
    }
    role_mask_to_text(request->key->roles, ", ", have, sizeof(have));
    return request_refuse(request, ERROR_VERB_NOT_PERMITTED, "key.replace", have,
                          role_name(ROLE_ADMIN));
}

/* The old key ends and the new one takes its name, roles and scope, in one step. */
static enum err replace(struct controller *ctl, struct request *request,
                        const Parkgate__KeyRecord *old, struct link_key public_key,
                        const char *reason, struct fault *fault)
{
    Parkgate__KeyRecord ended = *old;
    Parkgate__KeyRecord begun = *old;
    ended.revoked_us = ctl->now.us;
    ended.reason = field_text(reason);
    TRY(controller_record(ctl, ENTRY_KEY, request->key->name, &ended.base, fault));
    begun.public_key = field_of(BYTES_OF(public_key.bytes));
    begun.added_us = ctl->now.us;
    begun.reason = field_text(reason);
    return controller_record(ctl, ENTRY_KEY, request->key->name, &begun.base, fault);
}

static enum err public_key_is_new(struct controller *ctl, struct request *request,
                                  struct link_key public_key, bool *ret_new, struct fault *fault)
{
    Parkgate__KeyRecord *known = NULL;
    enum err err = key_get(ctl->txn, BYTES_OF(public_key.bytes), &known, fault);
    *ret_new = err == ERR_NOT_FOUND;
    if (err == ERR_OK) {
        (void)request_refuse(request, ERROR_EXISTS, "key", known->name, NULL);
        parkgate__key_record__free_unpacked(known, NULL);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err on_key_replace(struct controller *ctl, struct request *request, struct fault *fault)
{
    struct link_key public_key;
    const char *name = NULL;
    const char *reason = NULL;
    bool is_new = false;
    Parkgate__KeyRecord *old = NULL;
    if (!request_need(request, "name", &name) || !read_public(request, &public_key) ||
        !request_need(request, "reason", &reason) || !may_replace(request, name)) {
        return ERR_OK;
    }
    TRY(public_key_is_new(ctl, request, public_key, &is_new, fault));
    if (!is_new) {
        return ERR_OK;
    }
    enum err err = key_by_name(ctl->txn, name, &old, fault);
    if (err == ERR_NOT_FOUND || (err == ERR_OK && old->gate[0] != '\0')) {
        (void)request_refuse(request, ERROR_NOT_FOUND, "key", name, NULL);
        err = ERR_OK;
    } else if (err == ERR_OK) {
        err = replace(ctl, request, old, public_key, reason, fault);
    }
    if (old != NULL) {
        parkgate__key_record__free_unpacked(old, NULL);
    }
    return err;
}

static void scope_of(const Parkgate__KeyRecord *record, char *out, size_t size)
{
    size_t used = (size_t)snprintf(out, size, "%s%s", record->tenant, record->gate);
    for (size_t i = 0; i < record->n_lane && used < size; i++) {
        used +=
            (size_t)snprintf(out + used, size - used, "%s%s", used > 0 ? "," : "", record->lane[i]);
    }
}

static bool key_row(struct answer *a, const Parkgate__KeyRecord *record)
{
    char text[512];
    char z85[LINK_KEY_Z85_SIZE] = "";
    struct link_key public_key;
    answer_begin_row(a);
    answer_text(a, record->name);
    role_mask_to_text(record->roles, ",", text, sizeof(text));
    answer_text(a, text);
    scope_of(record, text, sizeof(text));
    answer_text(a, text);
    answer_text(a, record->revoked_us == 0 ? "live" : "revoked");
    answer_wall(a, (struct wall){record->added_us});
    if (record->public_key.len == LINK_KEY_SIZE) {
        memcpy(public_key.bytes, record->public_key.data, LINK_KEY_SIZE);
        link_key_to_z85(public_key, z85);
    }
    answer_text(a, z85);
    answer_text(a, key_person(record));
    return answer_end_row(a);
}

static enum err on_key_list(struct controller *ctl, struct request *request, struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    answer_columns(request->answer, "name,role,scope,state,added_us,public,person");
    TRY(store_iter_prefix(ctl->txn, TABLE_KEY, (struct bytes){0}, LIMIT_CELLS_PER_REPLY / 7, &iter,
                          fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        ProtobufCMessage *message = NULL;
        TRY(store_unpack_message(key, value, &parkgate__key_record__descriptor, &message, fault));
        bool fits = key_row(request->answer, (void *)message);
        store_message_destroy(&message);
        if (!fits) {
            return ERR_OK;
        }
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

const struct verb_handler verbs_of_keys[] = {
    {"agent.enroll", on_agent_enroll},
    {"agent.list",   on_agent_list  },
    {"agent.carry",  on_agent_carry },
    {"agent.rekey",  on_agent_rekey },
    {"agent.revoke", on_agent_revoke},
    {"key.add",      on_key_add     },
    {"key.list",     on_key_list    },
    {"key.replace",  on_key_replace },
    {"key.revoke",   on_key_revoke  },
};
const size_t verbs_of_keys_count = ARRAY_LEN(verbs_of_keys);

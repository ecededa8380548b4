#include "controller/app/request.h"

#include <stdio.h>
#include <string.h>

#include "common/access/utf8.h"
#include "common/base/log.h"
#include "common/base/must.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "controller/app/approvals.h"
#include "controller/app/ballast.h"
#include "controller/store/key_store.h"
#include "controller/store/person_keys.h"
#include "schema/envelope.h"

bool request_refuse(struct request *request, enum error_number number, const char *a1,
                    const char *a2, const char *a3)
{
    return complain(&request->answer->complaint, number, a1, a2, a3, NULL);
}

/* --- who may see what --- */

const char *request_bound_tenant(const struct request *request)
{
    uint32_t free_roles = request->key->roles & ~(1U << ROLE_TENANT | 1U << ROLE_AGENCY);
    bool bound = request->verb->own_tenant && (request->verb->roles & free_roles) == 0;
    return bound ? request->key->tenant : NULL;
}

bool request_owns(struct request *request, const char *tenant)
{
    const char *bound = request_bound_tenant(request);
    return bound == NULL || strcmp(bound, tenant) == 0 ||
           request_refuse(request, ERROR_NOT_YOUR_TENANT, bound, NULL, NULL);
}

bool request_tenant(struct controller *ctl, struct request *request,
                    const struct park_tenant **ret_tenant)
{
    struct name name = {{0}};
    const char *bound = request_bound_tenant(request);
    if (bound != NULL && request_arg(request, "tenant") == NULL) {
        (void)name_from_text(bound, &name);
    } else if (!request_name(request, "tenant", &name)) {
        return false;
    }
    if (!request_owns(request, name.text)) {
        return false;
    }
    *ret_tenant = park_tenant(ctl->park, name);
    return *ret_tenant != NULL ||
           request_refuse(request, ERROR_NOT_FOUND, "tenant", name.text, NULL);
}

/* Home tenant, or one that has an assignment for the person. */
static enum err belongs(struct controller *ctl, const char *tenant, struct handle holder,
                        bool *ret_belongs, struct fault *fault)
{
    struct keybuf key;
    struct bytes value;
    keybuf_begin(&key);
    keybuf_text(&key, tenant);
    keybuf_handle(&key, holder);
    enum err err = store_get(ctl->txn, TABLE_TENANT_HOLDER, keybuf_view(&key), &value, fault);
    *ret_belongs = err == ERR_OK;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err request_holder(struct controller *ctl, struct request *request, struct handle handle,
                        const char *word, Parkgate__HolderRecord **ret, struct fault *fault)
{
    char text[HANDLE_TEXT_SIZE];
    const char *bound = request_bound_tenant(request);
    bool seen = true;
    Parkgate__HolderRecord *record = NULL;
    *ret = NULL;
    enum err err = people_holder(ctl->txn, handle, &record, fault);
    if (err == ERR_OK && bound != NULL) {
        err = belongs(ctl, bound, handle, &seen, fault);
    }
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    if (err == ERR_OK && seen && !record->removed) {
        *ret = record;
        return ERR_OK;
    }
    if (record != NULL) {
        parkgate__holder_record__free_unpacked(record, NULL);
    }
    handle_to_text(handle, text);
    (void)request_refuse(request, ERROR_NOT_FOUND, word, text, NULL);
    return ERR_OK;
}

enum err request_person(struct controller *ctl, struct request *request, struct handle person,
                        const char *word, Parkgate__HolderRecord **ret, struct fault *fault)
{
    char text[HANDLE_TEXT_SIZE];
    *ret = NULL;
    enum err err = people_holder(ctl->txn, person, ret, fault);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    if (err == ERR_OK && !(*ret)->vehicle && !(*ret)->removed) {
        return ERR_OK;
    }
    if (*ret != NULL) {
        parkgate__holder_record__free_unpacked(*ret, NULL);
        *ret = NULL;
    }
    handle_to_text(person, text);
    (void)request_refuse(request, ERROR_NOT_FOUND, word, text, NULL);
    return ERR_OK;
}

enum err request_identity(struct controller *ctl, const Parkgate__HolderRecord *holder,
                          Parkgate__Identity **ret, struct fault *fault)
{
    struct seal_key key;
    uint8_t plain[LIMIT_EVENT_BYTES * 2];
    size_t size = 0;
    if (holder->sealed.len == 0) {
        return fault_set(fault, ERR_NOT_FOUND, "holder: no name is known since a recovery");
    }
    TRY(controller_holder_key(ctl, people_handle(&holder->holder), false, &key, fault));
    if (holder->sealed.len > sizeof(plain)) {
        return fault_set(fault, ERR_CORRUPT, "holder: a sealed field is too long");
    }
    enum err err = seal_open(&key, (struct bytes){0}, field_view(&holder->sealed), plain,
                             sizeof(plain), &size, fault);
    seal_wipe(&key, sizeof(key));
    TRY(err);
    *ret = parkgate__identity__unpack(NULL, size, plain);
    seal_wipe(plain, sizeof(plain));
    return *ret != NULL ? ERR_OK : fault_set(fault, ERR_CORRUPT, "holder: an identity is damaged");
}

/* --- one frame --- */

struct verb_table {
    const struct verb_handler *rows;
    const size_t *count;
};

request_handler *request_handler_of(const char *verb)
{
    static const struct verb_table tables[] = {
        {verbs_of_park,        &verbs_of_park_count       },
        {verbs_of_lanes,       &verbs_of_lanes_count      },
        {verbs_of_people,      &verbs_of_people_count     },
        {verbs_of_credentials, &verbs_of_credentials_count},
        {verbs_of_assignments, &verbs_of_assignments_count},
        {verbs_of_import,      &verbs_of_import_count     },
        {verbs_of_keys,        &verbs_of_keys_count       },
        {verbs_of_records,     &verbs_of_records_count    },
        {verbs_of_approvals,   &verbs_of_approvals_count  },
        {verbs_of_approval_lists, &verbs_of_approval_lists_count},
        {verbs_of_disclosures, &verbs_of_disclosures_count},
        {verbs_of_exported,    &verbs_of_exported_count   },
        {verbs_of_disclosure_asks, &verbs_of_disclosure_asks_count},
        {verbs_of_disclosure_files, &verbs_of_disclosure_files_count},
        {verbs_of_bans,        &verbs_of_bans_count       },
        {verbs_of_explain,     &verbs_of_explain_count    },
        {verbs_of_metrics,     &verbs_of_metrics_count    },
        {verbs_of_presence,    &verbs_of_presence_count   },
        {verbs_of_clearances,  &verbs_of_clearances_count },
        {verbs_of_faces,       &verbs_of_faces_count      },
        {verbs_of_vehicles,    &verbs_of_vehicles_count   },
        {verbs_of_visits,      &verbs_of_visits_count     },
        {verbs_of_pins,        &verbs_of_pins_count       },
        {verbs_of_recall,      &verbs_of_recall_count     },
        {verbs_of_muster,      &verbs_of_muster_count     },
        {verbs_of_emergency,   &verbs_of_emergency_count  },
        {verbs_of_alerts,      &verbs_of_alerts_count     },
        {verbs_of_alert_news,  &verbs_of_alert_news_count },
        {verbs_of_authorities, &verbs_of_authorities_count},
        {verbs_of_stations,    &verbs_of_stations_count   },
        {verbs_of_watch,       &verbs_of_watch_count      },
        {verbs_of_face_counts, &verbs_of_face_counts_count},
        {verbs_of_hits,        &verbs_of_hits_count       },
        {verbs_of_holds,       &verbs_of_holds_count      },
        {verbs_of_retention,   &verbs_of_retention_count  },
        {verbs_of_exports,     &verbs_of_exports_count    },
        {verbs_of_erasures,    &verbs_of_erasures_count   },
        {verbs_of_library,     &verbs_of_library_count    },
        {verbs_of_dispositions, &verbs_of_dispositions_count},
        {verbs_of_audit,       &verbs_of_audit_count      },
        {verbs_of_checkpoints, &verbs_of_checkpoints_count},
    };
    for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
        for (size_t k = 0; k < *tables[i].count; k++) {
            if (strcmp(tables[i].rows[k].verb, verb) == 0) {
                return tables[i].rows[k].handle;
            }
        }
    }
    return NULL;
}

/* A refused right is remembered: who, what, why. */
enum err request_record_refusal(struct controller *ctl, struct request *request,
                                struct fault *fault)
{
    Parkgate__Refusal refusal = PARKGATE__REFUSAL__INIT;
    char *args[ERROR_ARGS];
    struct complaint *c = &request->answer->complaint;
    for (size_t i = 0; i < ERROR_ARGS; i++) {
        args[i] = c->arg[i];
    }
    refusal.verb = request->message->verb;
    refusal.error = c->number;
    refusal.n_arg = ERROR_ARGS;
    refusal.arg = args;
    refusal.public_key = field_of(BYTES_OF(request->input->key.bytes));
    return controller_record(ctl, ENTRY_REFUSAL, request->key->name, &refusal.base, fault);
}

/* A station's key is heard at its own port, and nobody else's there. */
static uint32_t roles_at(enum port port, uint32_t roles)
{
    const uint32_t station = 1U << ROLE_STATION;
    if (port == PORT_STATIONS) {
        return roles & station;
    }
    return (roles & station) != 0 ? 0 : roles;
}

static bool is_permitted(struct request *request)
{
    char have[128];
    char needs[128];
    if ((roles_at(request->input->port, request->key->roles) & request->verb->roles) != 0) {
        return true;
    }
    role_mask_to_text(request->key->roles, ", ", have, sizeof(have));
    role_mask_to_text(request->verb->roles, ", ", needs, sizeof(needs));
    return request_refuse(request, ERROR_VERB_NOT_PERMITTED, request->verb->name, have, needs);
}

bool request_is_plain(struct bytes text)
{
    uint32_t point = 0;
    size_t at = 0;
    while (at < text.size) {
        if (!utf8_next(text, &at, &point) || point < 0x20 || (point >= 0x7f && point < 0xa0)) {
            return false;
        }
    }
    return true;
}

/* Values are text within their bound. */
static bool args_are_text(struct request *request)
{
    const Parkgate__Request *message = request->message;
    if (message->n_arg > LIMIT_ARGS_PER_REQUEST || message->n_value != message->n_arg) {
        return request_refuse(request, ERROR_FRAME_BODY, "32", "its arguments do not pair", NULL);
    }
    for (size_t i = 0; i < message->n_value; i++) {
        const ProtobufCBinaryData *value = &message->value[i];
        if (value->len > LIMIT_ARG_BYTES || !request_is_plain(field_view(value))) {
            return request_refuse(request, ERROR_ARG_BAD, message->arg[i], "",
                                  "too long, or not plain text in UTF-8");
        }
    }
    return true;
}

/* Only parts of a bundle are long; all other rows are kept to what their readers have room for. */
static bool rows_are_short(struct request *request)
{
    const Parkgate__Request *message = request->message;
    bool watch = strncmp(message->verb, "watch.", strlen("watch.")) == 0;
    for (size_t i = 0; !watch && i < message->n_row; i++) {
        if (message->row[i].len > LIMIT_ROW_BYTES) {
            return request_refuse(request, ERROR_FRAME_BODY, "32", "a field is too long", NULL);
        }
    }
    return true;
}

/* In savepoints of its own: what a refused request wrote is undone, and what one on trial did; the
 * keys that it made, too, which nothing would ever find. */
static enum err run_handler(struct controller *ctl, struct request *request,
                            request_handler *handle, bool trial, struct fault *fault)
{
    struct store_txn *outer = ctl->txn;
    struct store_txn *child = NULL;
    struct batch_mark sent = batch_mark_of(ctl);
    TRY(store_begin_child(outer, &child, fault));
    ctl->txn = child;
    controller_keys_scope_begin(ctl);
    enum err err = handle(ctl, request, fault);
    ctl->txn = outer;
    bool keep = err == ERR_OK && request->answer->complaint.number == 0 && !trial;
    enum err kept = controller_keys_scope_end(ctl, keep, fault);
    if (!keep || kept != ERR_OK) {
        store_txn_destroy(&child);
        batch_take_back(ctl, sent); /* an order to a lane, too */
        return err != ERR_OK ? err : kept;
    }
    return store_commit(&child, fault);
}

/* At once, or, where another person must agree, kept for that person. */
static enum err run(struct controller *ctl, struct request *request, request_handler *handle,
                    struct fault *fault)
{
    bool needs_another = false;
    TRY(approval_is_needed(ctl, request, &needs_another, fault));
    TRY(run_handler(ctl, request, handle, needs_another, fault));
    if (!needs_another || request->answer->complaint.number != 0) {
        return ERR_OK;
    }
    answer_reset(request->answer);
    return approval_ask(ctl, request, fault);
}

static bool is_about_rights(uint32_t error)
{
    return error_exit(error) == EXIT_NOT_PERMITTED;
}

static bool has_room(const struct controller *ctl, struct request *request)
{
    return ballast_allows(ctl, request->verb) ||
           request_refuse(request, ERROR_STORE_SHORT, store_dir(ctl->store), NULL, NULL);
}

static enum err serve(struct controller *ctl, struct request *request, struct fault *fault)
{
    request_handler *handle = NULL;
    if (args_are_text(request) && rows_are_short(request)) {
        request->verb = verb_find(request->message->verb);
        handle = request->verb == NULL ? NULL : request_handler_of(request->verb->name);
        if (handle == NULL) {
            (void)request_refuse(request, ERROR_VERB_UNKNOWN, request->message->verb, NULL, NULL);
        } else if (is_permitted(request) && has_room(ctl, request)) {
            TRY(run(ctl, request, handle, fault));
            TRY(request_searched(ctl, request, fault));
        }
    }
    uint32_t error = request->answer->complaint.number;
    if (is_about_rights(error)) {
        return request_record_refusal(ctl, request, fault);
    }
    return error != 0 && request->refused != NULL ? request->refused(ctl, request, fault) : ERR_OK;
}

static void reply(struct controller *ctl, struct request *request)
{
    Parkgate__Reply message;
    answer_message(request->answer, &message);
    batch_send(ctl, request->input->port, &request->input->peer, request->version, MESSAGE_REPLY,
               request->sequence, &message.base);
}

static enum err serve_known_key(struct controller *ctl, struct input *input,
                                const struct envelope *envelope, const Parkgate__KeyRecord *key,
                                struct answer *answer, struct fault *fault)
{
    struct request request = {.key = key,
                              .input = input,
                              .version = envelope->version,
                              .sequence = envelope->sequence,
                              .answer = answer};
    ProtobufCMessage *body =
        envelope->kind == MESSAGE_REQUEST ? envelope_unpack(envelope, &answer->complaint) : NULL;
    if (body == NULL) {
        if (answer->complaint.number == 0) {
            char kind[8];
            (void)snprintf(kind, sizeof(kind), "%u", envelope->kind);
            (void)complain(&answer->complaint, ERROR_FRAME_KIND, kind, NULL, NULL, NULL);
        }
        reply(ctl, &request);
        return ERR_OK;
    }
    request.message = (void *)body;
    enum err err = serve(ctl, &request, fault);
    if (err == ERR_OK && !request.waits) {
        reply(ctl, &request);
    }
    protobuf_c_message_free_unpacked(body, NULL);
    return err;
}

enum err requests_input(struct controller *ctl, struct input *input, struct fault *fault)
{
    static struct answer answer; /* one thread; too large for the stack */
    struct envelope envelope;
    Parkgate__KeyRecord *key = NULL;
    answer_reset(&answer);
    if (!envelope_read(input->frame, &envelope, &answer.complaint)) {
        ctl->frames_refused++;
        log_warning("frame_refused", LOG_NUM("error", answer.complaint.number));
        return ERR_OK; /* no sequence to answer to */
    }
    enum err err = key_get(ctl->txn, BYTES_OF(input->key.bytes), &key, fault);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    if (err == ERR_OK && key->revoked_us == 0) {
        err = serve_known_key(ctl, input, &envelope, key, &answer, fault);
    } else {
        struct request request = {.input = input,
                                  .version = envelope.version,
                                  .sequence = envelope.sequence,
                                  .answer = &answer};
        (void)request_refuse(&request, err == ERR_OK ? ERROR_KEY_REVOKED : ERROR_KEY_UNKNOWN, NULL,
                             NULL, NULL);
        reply(ctl, &request);
        err = ERR_OK;
    }
    if (key != NULL) {
        parkgate__key_record__free_unpacked(key, NULL);
    }
    return err;
}

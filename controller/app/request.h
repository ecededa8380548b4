/* request: one operator's request while it is worked off, and its arguments.
 *
 * A handler fills request->answer. To refuse it calls request_refuse() (or one of the argument
 * helpers that do) and returns ERR_OK; whatever it wrote is then undone. Any other code is trouble
 * of ours.
 */
#pragma once

#include "common/access/credential.h"
#include "controller/app/answer.h"
#include "controller/app/batch.h"
#include "schema/verbs.h"

struct request;
typedef enum err request_handler(struct controller *ctl, struct request *request,
                                 struct fault *fault);

struct request {
    const Parkgate__Request *message;
    const Parkgate__KeyRecord *key; /* live */
    const struct verb_spec *verb;
    const struct input *input;
    uint8_t version;
    uint64_t sequence; /* of the envelope; replies carry it */
    struct answer *answer;
    bool waits; /* no reply now: a waiter took it over (waiters.h) */
    const char *search_reason; /* request_search() was asked; else NULL */
    /* What is done when it was refused, after what it wrote was undone; NULL: nothing. Set by the
     * handler. */
    request_handler *refused;
    const char *agreed_by; /* the keys of others that agreed, with commas; NULL: nobody was asked */
};

/* For `refused`: the refusal is remembered, though it is not about rights. */
request_handler request_record_refusal;

struct verb_handler {
    const char *verb;
    request_handler *handle;
};

/* Each file of verbs has one table. */
/* clang-format off */
extern const struct verb_handler verbs_of_audit[]; extern const size_t verbs_of_audit_count;
extern const struct verb_handler verbs_of_checkpoints[];
extern const size_t verbs_of_checkpoints_count;
extern const struct verb_handler verbs_of_park[]; extern const size_t verbs_of_park_count;
extern const struct verb_handler verbs_of_lanes[]; extern const size_t verbs_of_lanes_count;
extern const struct verb_handler verbs_of_people[]; extern const size_t verbs_of_people_count;
extern const struct verb_handler verbs_of_credentials[]; extern const size_t verbs_of_credentials_count;
extern const struct verb_handler verbs_of_assignments[]; extern const size_t verbs_of_assignments_count;
extern const struct verb_handler verbs_of_import[]; extern const size_t verbs_of_import_count;
extern const struct verb_handler verbs_of_keys[]; extern const size_t verbs_of_keys_count;
extern const struct verb_handler verbs_of_records[]; extern const size_t verbs_of_records_count;
extern const struct verb_handler verbs_of_approvals[]; extern const size_t verbs_of_approvals_count;
extern const struct verb_handler verbs_of_approval_lists[]; extern const size_t verbs_of_approval_lists_count;
extern const struct verb_handler verbs_of_disclosures[]; extern const size_t verbs_of_disclosures_count;
extern const struct verb_handler verbs_of_exported[]; extern const size_t verbs_of_exported_count;
extern const struct verb_handler verbs_of_disclosure_asks[]; extern const size_t verbs_of_disclosure_asks_count;
extern const struct verb_handler verbs_of_disclosure_files[]; extern const size_t verbs_of_disclosure_files_count;
extern const struct verb_handler verbs_of_bans[]; extern const size_t verbs_of_bans_count;
extern const struct verb_handler verbs_of_metrics[]; extern const size_t verbs_of_metrics_count;
extern const struct verb_handler verbs_of_presence[]; extern const size_t verbs_of_presence_count;
extern const struct verb_handler verbs_of_clearances[]; extern const size_t verbs_of_clearances_count;
extern const struct verb_handler verbs_of_faces[]; extern const size_t verbs_of_faces_count;
extern const struct verb_handler verbs_of_explain[]; extern const size_t verbs_of_explain_count;
extern const struct verb_handler verbs_of_vehicles[]; extern const size_t verbs_of_vehicles_count;
extern const struct verb_handler verbs_of_visits[]; extern const size_t verbs_of_visits_count;
extern const struct verb_handler verbs_of_pins[]; extern const size_t verbs_of_pins_count;
extern const struct verb_handler verbs_of_recall[]; extern const size_t verbs_of_recall_count;
extern const struct verb_handler verbs_of_muster[]; extern const size_t verbs_of_muster_count;
extern const struct verb_handler verbs_of_emergency[]; extern const size_t verbs_of_emergency_count;
extern const struct verb_handler verbs_of_alerts[]; extern const size_t verbs_of_alerts_count;
extern const struct verb_handler verbs_of_alert_news[]; extern const size_t verbs_of_alert_news_count;
extern const struct verb_handler verbs_of_erasures[]; extern const size_t verbs_of_erasures_count;
extern const struct verb_handler verbs_of_exports[]; extern const size_t verbs_of_exports_count;
extern const struct verb_handler verbs_of_authorities[]; extern const size_t verbs_of_authorities_count;
extern const struct verb_handler verbs_of_stations[]; extern const size_t verbs_of_stations_count;
extern const struct verb_handler verbs_of_watch[]; extern const size_t verbs_of_watch_count;
extern const struct verb_handler verbs_of_holds[]; extern const size_t verbs_of_holds_count;
extern const struct verb_handler verbs_of_retention[]; extern const size_t verbs_of_retention_count;
extern const struct verb_handler verbs_of_face_counts[]; extern const size_t verbs_of_face_counts_count;
extern const struct verb_handler verbs_of_hits[]; extern const size_t verbs_of_hits_count;
extern const struct verb_handler verbs_of_library[]; extern const size_t verbs_of_library_count;
extern const struct verb_handler verbs_of_dispositions[]; extern const size_t verbs_of_dispositions_count;
/* clang-format on */

/* NULL: no such verb. */
request_handler *request_handler_of(const char *verb);

/* Sets the refusal; false, so that checks chain. */
bool request_refuse(struct request *request, enum error_number number, const char *a1,
                    const char *a2, const char *a3);

/* Whole UTF-8 without control characters: what is kept and shown on terminals. Each argument is. */
bool request_is_plain(struct bytes text);

/* The argument's text; NULL: not given. Borrowed for the request. */
const char *request_arg(struct request *request, const char *name);
/* Given and not empty, else refused (ARG_MISSING; a missing `reason` as REASON_NEEDED). */
bool request_need(struct request *request, const char *name, const char **ret_text);
/* Typed arguments: false: refused. `_or_none` accept a missing one and leave *ret as it was. */
bool request_name(struct request *request, const char *name, struct name *ret);
bool request_name_or_none(struct request *request, const char *name, struct name *ret);
bool request_handle(struct request *request, const char *name, struct handle *ret);
bool request_date(struct request *request, const char *name, int32_t *ret_day);
bool request_date_or_none(struct request *request, const char *name, int32_t *ret_day);
bool request_number_or_none(struct request *request, const char *name, uint64_t maximum,
                            uint64_t *ret);

/* A date argument as the instant at which that local day begins, or (end) the next one does; a
 * missing one leaves *ret_us. */
bool request_day_us(const struct controller *ctl, struct request *request, const char *name,
                    bool end, int64_t *ret_us);

/* A moment of the park's local time, as YYYY-MM-DDTHH:MM (or with a blank between), or a day as
 * request_day_us() takes it. Must be given. */
bool request_moment(const struct controller *ctl, struct request *request, const char *name,
                    bool end, int64_t *ret_us);
/* `from` and `until` of something expected: not over yet, until after from, at most
 * LIMIT_VISIT_DAYS long. */
bool request_window(const struct controller *ctl, struct request *request, int64_t *ret_from_us,
                    int64_t *ret_until_us);

/* The cursor of the page before, from `after`; *ret_size 0: the first page. */
bool request_cursor(struct request *request, uint8_t out[ANSWER_CURSOR_MAX], size_t *ret_size);

/* The items of a comma-separated list of names, cut out of `list` (which is changed; ends in NUL),
 * each of them judged by `exists`. False: refused, `word` says what is not there. */
bool request_names(struct request *request, const char *word, char *list,
                   bool (*exists)(const struct park *park, struct name name),
                   const struct park *park, char **ret_items, size_t limit, size_t *ret_count);
bool request_zone_exists(const struct park *park, struct name name);
bool request_lane_exists(const struct park *park, struct name name);

/* A tenant argument: it is in the park, and this key may act for it. With a tenant's key the
 * argument may be left out. *ret is borrowed from the park. */
bool request_tenant(struct controller *ctl, struct request *request,
                    const struct park_tenant **ret_tenant);
/* May this key act for `tenant`? Else refused. */
bool request_owns(struct request *request, const char *tenant);
/* The tenant that this key is bound to; NULL: any. */
const char *request_bound_tenant(const struct request *request);

/* A person or vehicle that this key may act on; refused when unknown or of another tenant (both
 * read the same). ERR_OK with *ret NULL: refused. Free with
 * parkgate__holder_record__free_unpacked(). */
MUST_CHECK enum err request_holder(struct controller *ctl, struct request *request,
                                   struct handle handle, const char *word,
                                   Parkgate__HolderRecord **ret, struct fault *fault);

/* A person of the park, of whatever tenant: who names him had the handle from him. Refused when
 * there is none; ERR_OK with *ret NULL then. Free with parkgate__holder_record__free_unpacked(). */
MUST_CHECK enum err request_person(struct controller *ctl, struct request *request,
                                   struct handle person, const char *word,
                                   Parkgate__HolderRecord **ret, struct fault *fault);

/* A plate argument: whole, in its normal form. */
struct plate;
bool request_plate(struct request *request, struct credential *ret_credential,
                   struct plate *ret_plate);
/* The holder of a plate, as roster_make_holder() finds or makes it; *ret_before is the caller's. */
struct roster_holder;
MUST_CHECK enum err request_vehicle(struct controller *ctl, const char *tenant,
                                    const struct plate *plate, struct roster_holder *ret,
                                    Parkgate__HolderRecord **ret_before, struct fault *fault);

/* The rows of a tenant's bookings or visits that are not over, in the order in which they end;
 * `table` is the index by tenant. */
typedef enum err expected_row(struct controller *ctl, struct answer *a, struct handle handle,
                              bool *ret_fits, struct fault *fault);
MUST_CHECK enum err request_expected(struct controller *ctl, struct request *request, size_t table,
                                     expected_row *row, struct fault *fault);

/* Opens what is kept of a holder. ERR_NOT_FOUND: erased. Free with identity's free_unpacked. */
MUST_CHECK enum err request_identity(struct controller *ctl, const Parkgate__HolderRecord *holder,
                                     Parkgate__Identity **ret, struct fault *fault);

/* A lane argument on which this key may act (verbs_lane.c). *ret is borrowed from the park. */
bool request_lane(struct controller *ctl, struct request *request,
                  const struct park_lane **ret_lane);

/* May this key act there, now? Guards on their lanes in their hours, others everywhere. */
bool request_lane_is_permitted(const struct controller *ctl, const struct request *request,
                               struct name lane);

/* Counts `names` names shown to this key with its reason and records the look-up. False: over a
 * limit, refused; *ret_err is trouble of ours. */
bool request_lookup(struct controller *ctl, struct request *request, const struct handle *holders,
                    size_t names, const char *reason, enum err *ret_err, struct fault *fault);

/* The same for the passages of one lane within LIMIT_LANE_HOUR_S: as many persons as a page has
 * rows (LIMIT_ROWS_PER_MESSAGE). */
bool request_lookup_lane(struct controller *ctl, struct request *request,
                         const struct handle *holders, size_t names, const char *reason,
                         enum err *ret_err, struct fault *fault);

/* May so many names more be shown to this key today? Nothing is recorded: the caller's own entry
 * counts them (project_names_shown). */
bool request_may_name(struct controller *ctl, struct request *request, size_t names,
                      enum err *ret_err, struct fault *fault);

/* Before somebody is searched for by a number: who finds nobody has looked up, too, or the roster
 * could be tried number by number. False: over a limit, refused; *ret_err is trouble of ours. */
bool request_search(struct controller *ctl, struct request *request, const char *reason,
                    enum err *ret_err, struct fault *fault);
/* After such a request: records the look-up if it found nobody. Outside of its savepoint. */
MUST_CHECK enum err request_searched(struct controller *ctl, struct request *request,
                                     struct fault *fault);

/* Works off one frame of the operators' port. */
input_worker requests_input;

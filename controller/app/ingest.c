#include "controller/app/ingest.h"

#include <string.h>

#include "common/base/must.h"
#include "common/facts/agent_store.h"
#include "controller/app/ingest_parts.h"
#include "controller/app/recall_rows.h"
#include "schema/kinds.h"

void ingest_answer(struct controller *ctl, struct arrival *a, uint32_t kind, uint32_t error)
{
    a->answered = kind;
    if (a->recalled != NULL) {
        return;
    }
    batch_ack(ctl, a->input, a->session->version, a->event->epoch, a->event->sequence, kind, error);
}

struct facts_view ingest_view(const struct controller *ctl, const struct arrival *a)
{
    struct facts_view view = controller_view(ctl);
    view.recalled = a->recalled != NULL;
    return view;
}

enum err ingest_applied(struct controller *ctl, struct arrival *a, struct fault *fault)
{
    TRY(controller_record(ctl, ENTRY_EVENT, a->session->gate.text, &a->out.entry.base, fault));
    ingest_answer(ctl, a, ANSWER_APPLIED, 0);
    return ERR_OK;
}

/* --- checks --- */

static bool kind_is_known(uint32_t kind);

/* What is about the gate itself, or a device of it, is at no lane. */
static bool needs_lane(uint32_t kind)
{
    return kind != EVENT_DEVICE && kind != EVENT_FIRE && kind != EVENT_UNRECORDED &&
           kind != EVENT_CLOCK && kind != EVENT_CARRY && kind != EVENT_MUSTER;
}

/* Empty, or the name of a thing: it becomes part of keys. */
static bool is_name_or_empty(const char *text)
{
    return text[0] == '\0' || name_or_none(text).text[0] != '\0';
}

/* What is wrong with the event by itself; NULL: nothing. */
static const char *shape_of(const Parkgate__Event *event)
{
    if (!kind_is_known(event->kind)) {
        return "its kind is unknown";
    }
    if (event->kind == EVENT_ASIDE && event->aside_digest.len != SEAL_HASH_SIZE) {
        return "it names no body";
    }
    if (event->credential.len > LIMIT_CREDENTIAL_BYTES || event->raw.len > LIMIT_CREDENTIAL_BYTES ||
        strlen(event->device_event) > LIMIT_DEVICE_EVENT_BYTES) {
        return "a credential is too long";
    }
    /* A foreign plate has no normal form of ours; it is looked up as it is and matches nobody. */
    if (event->credential.len > 0 && event->credential_kind != CREDENTIAL_KIND_PLATE &&
        !credential_is_canonical((enum credential_kind)event->credential_kind,
                                 field_view(&event->credential))) {
        return "its credential is not in normal form";
    }
    if (event->proof > CARD_PROOF_RANDOM_ID) {
        return "its proof is unknown";
    }
    if (event->received_us <= 0 || event->captured_us < 0) {
        return "its time is missing";
    }
    return needs_lane(event->kind) && event->lane[0] == '\0' ? "its lane is missing" : NULL;
}

/* Finds the lane and checks that it is the speaker's. False: refused, *ret_err says how that went.
 */
static bool lane_is_ours(struct controller *ctl, struct arrival *a, enum err *ret_err,
                         struct fault *fault)
{
    struct complaint c;
    if (a->event->lane[0] == '\0') {
        return true;
    }
    a->lane = park_lane(ctl->park, name_or_none(a->event->lane));
    if (a->lane == NULL || !name_equal(a->lane->gate, a->session->gate)) {
        a->lane = NULL;
        *ret_err = ERR_OK;
        if (a->recalled != NULL) { /* the park of the backup is older: not refused for good */
            return false;
        }
        (void)complain(&c, ERROR_LANE_NOT_YOURS, a->event->lane, a->session->gate.text, NULL, NULL);
        *ret_err = ingest_refuse(ctl, a, &c, &fault_event_refused, fault);
        return false;
    }
    a->direction = event_direction(ctl->park, a->event, a->lane);
    return true;
}

/* --- the entry --- */

/* Fields that this version does not know, in wire form, so that they survive here. */
static void keep_unknown(struct arrival *a)
{
    Parkgate__Event bare = PARKGATE__EVENT__INIT;
    bare.base.n_unknown_fields = a->event->base.n_unknown_fields;
    bare.base.unknown_fields = a->event->base.unknown_fields;
    size_t size = parkgate__event__get_packed_size(&bare);
    if (size > 0 && size <= sizeof(a->unknown)) {
        a->unknown_size = parkgate__event__pack(&bare, a->unknown);
    }
}

static void fill_input(struct arrival *a, struct wall now)
{
    Parkgate__EventEntry *entry = &a->out.entry;
    event_outcome_begin(&a->out, a->event, a->lane, a->direction, now);
    keep_unknown(a);
    entry->gate = field_text(a->session->gate.text);
    entry->public_key = field_of(BYTES_OF(a->session->identity.bytes));
    entry->digest = field_of(BYTES_OF(a->kept.bytes));
    entry->recalled = a->recalled != NULL;
    entry->unknown_fields = field_of((struct bytes){.data = a->unknown, .size = a->unknown_size});
}

/* --- kinds --- */

static ingest_worker *const event_workers[] = {
    [EVENT_PRESENTATION] = ingest_presentation,
    [EVENT_PASSAGE] = ingest_passage,
    [EVENT_BUTTON] = ingest_button,
    [EVENT_ACTED] = ingest_acted,
    [EVENT_COMMAND] = ingest_command,
    [EVENT_DEVICE] = ingest_device,
    [EVENT_TAMPER] = ingest_tamper,
    [EVENT_SUBJECT] = ingest_subject,
    [EVENT_UNASKED] = ingest_unasked,
    [EVENT_ASIDE] = ingest_aside,
    [EVENT_FIRE] = ingest_fire,
    [EVENT_CARRY] = ingest_applied,
    [EVENT_CLOCK] = ingest_clock,
    [EVENT_UNRECORDED] = ingest_unrecorded,
    [EVENT_MUSTER] = ingest_applied,
};

static bool kind_is_known(uint32_t kind)
{
    return kind < ARRAY_LEN(event_workers) && event_workers[kind] != NULL;
}

/* --- known sequences --- */

static enum err answer_known(struct controller *ctl, struct arrival *a,
                             const Parkgate__EventIndex *index, struct fault *fault)
{
    struct complaint c;
    char sequence[24];
    char epoch[24];
    if (controller_event_matches(ctl, field_view(&index->digest), BYTES_OF(a->digest.bytes))) {
        ingest_answer(ctl, a, index->refused ? ANSWER_REFUSED : ANSWER_APPLIED,
                      index->refused ? ERROR_EVENT_BAD : 0);
        return ERR_OK;
    }
    ingest_number_text(sequence, a->event->sequence);
    ingest_number_text(epoch, a->event->epoch);
    (void)complain(&c, ERROR_SEQUENCE_CHANGED, sequence, epoch, NULL, NULL);
    return ingest_refuse(ctl, a, &c, &fault_sequence_changed, fault);
}

static enum err work_off(struct controller *ctl, struct arrival *a, struct fault *fault)
{
    enum err err = ERR_OK;
    const char *wrong = shape_of(a->event);
    if (wrong != NULL) {
        return ingest_refuse_bad(ctl, a, wrong, fault);
    }
    if (!lane_is_ours(ctl, a, &err, fault)) {
        return err;
    }
    if (!is_name_or_empty(a->event->reader)) {
        return ingest_refuse_bad(ctl, a, "its device has no valid name", fault);
    }
    if (a->recalled != NULL) {
        TRY(recall_credential(ctl, a->session, a->event, &a->recalled->credential, fault));
    }
    fill_input(a, ctl->now);
    return event_workers[a->event->kind](ctl, a, fault);
}

static enum err refuse_poison(struct controller *ctl, struct arrival *a, struct fault *fault)
{
    struct complaint c;
    char sequence[24];
    ingest_number_text(sequence, a->event->sequence);
    (void)complain(&c, ERROR_EVENT_POISON, sequence, NULL, NULL, NULL);
    return ingest_refuse(ctl, a, &c, &fault_poison, fault);
}

static enum err refuse_oversized(struct controller *ctl, struct arrival *a, struct fault *fault)
{
    struct complaint c;
    char size[24];
    char limit[24];
    ingest_number_text(size, a->packed.size);
    ingest_number_text(limit, LIMIT_EVENT_BYTES);
    (void)complain(&c, ERROR_FRAME_OVERSIZED, size, limit, NULL, NULL);
    return ingest_refuse(ctl, a, &c, &fault_event_refused, fault);
}

static enum err ingest(struct controller *ctl, struct arrival *a, bool *ret_known,
                       struct fault *fault)
{
    Parkgate__EventIndex *index = NULL;
    a->digest = seal_hash_of(a->packed);
    a->kept = controller_event_hash(ctl, BYTES_OF(a->digest.bytes));
    enum err err = agent_event(ctl->txn, BYTES_OF(a->session->identity.bytes), a->event->epoch,
                               a->event->sequence, &index, fault);
    *ret_known = err == ERR_OK;
    if (err == ERR_OK) {
        err = answer_known(ctl, a, index, fault);
        parkgate__event_index__free_unpacked(index, NULL);
        return err;
    }
    if (err != ERR_NOT_FOUND) {
        return err;
    }
    if (a->packed.size > LIMIT_EVENT_BYTES) {
        return refuse_oversized(ctl, a, fault);
    }
    if (a->input->spoiled) {
        return ingest_refuse_bad(ctl, a, "it cannot be recorded", fault);
    }
    if (!in_work_begin(ctl->in_work, &a->digest)) {
        return refuse_poison(ctl, a, fault);
    }
    err = work_off(ctl, a, fault);
    in_work_end(ctl->in_work);
    return err;
}

/* One thread; clearing its buffers would cost more than the event. */
static struct arrival *arrival_of(struct input *input, struct session *session,
                                  const Parkgate__Event *event, struct bytes packed)
{
    static struct arrival a;
    memset(&a, 0, offsetof(struct arrival, sealed));
    a.input = input;
    a.session = session;
    a.event = event;
    a.packed = packed;
    return &a;
}

enum err ingest_event(struct controller *ctl, struct input *input, struct session *session,
                      const Parkgate__Event *event, struct bytes packed, struct fault *fault)
{
    bool known = false;
    return ingest(ctl, arrival_of(input, session, event, packed), &known, fault);
}

enum err ingest_recalled(struct controller *ctl, struct input *input, struct session *session,
                         const Parkgate__RecalledEvent *item, const Parkgate__Event *event,
                         struct bytes packed, enum recalled_end *ret_end, struct fault *fault)
{
    bool known = false;
    struct arrival *a = arrival_of(input, session, event, packed);
    a->recalled = item;
    TRY(ingest(ctl, a, &known, fault));
    if (a->answered == ANSWER_APPLIED) {
        *ret_end = known ? RECALLED_KNOWN : RECALLED_FRESH;
    } else {
        *ret_end = a->answered == 0 ? RECALLED_NO_LANE : RECALLED_UNREADABLE;
    }
    return ERR_OK;
}

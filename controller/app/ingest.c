#include "controller/app/ingest.h"

#include <stdio.h>
#include <string.h>

#include "common/base/must.h"
#include "common/facts/agent_store.h"
#include "common/facts/event_outcome.h"
#include "common/facts/pending_store.h"
#include "common/facts/people_store.h"
#include "common/facts/presence_now.h"
#include "controller/app/emergency.h"
#include "controller/app/faults.h"
#include "controller/app/recall_rows.h"
#include "controller/app/zone_alerts.h"
#include "controller/store/command_store.h"
#include "controller/store/quarantine_store.h"
#include "schema/kinds.h"

/* One event on its way, with what the steps found out. Buffers outlive the entry's recording. */
struct arrival {
    struct input *input;
    struct session *session;
    const Parkgate__Event *event;
    struct bytes packed;
    struct seal_hash digest;      /* as it came */
    struct seal_hash kept;        /* of it, in what is recorded */
    const struct park_lane *lane; /* NULL: the event names none */
    enum lane_direction direction;
    struct event_outcome out;
    const Parkgate__RecalledEvent
        *recalled;     /* given again: what was done; NULL: it came by itself */
    uint32_t answered; /* enum event_answer */
    size_t unknown_size;
    /* From here on not cleared for each event. */
    uint8_t sealed[LIMIT_FRAME_BYTES +
                   SEAL_OVERHEAD]; /* an event that is refused is kept aside whole */
    uint8_t unknown[LIMIT_EVENT_BYTES];
};

static void number_text(char out[24], uint64_t value)
{
    (void)snprintf(out, 24, "%llu", (unsigned long long)value);
}

static void answer(struct controller *ctl, struct arrival *a, uint32_t kind, uint32_t error)
{
    a->answered = kind;
    if (a->recalled != NULL) {
        return;
    }
    batch_ack(ctl, a->input, a->session->version, a->event->epoch, a->event->sequence, kind, error);
}

static struct facts_view view_of(const struct controller *ctl, const struct arrival *a)
{
    struct facts_view view = controller_view(ctl);
    view.recalled = a->recalled != NULL;
    return view;
}

/* --- refusing --- */

/* The event without its digits, when they are a PIN: that is kept nowhere. */
static struct bytes without_pin(const struct arrival *a, uint8_t out[LIMIT_FRAME_BYTES])
{
    Parkgate__Event bare = *a->event;
    if (bare.credential_kind != CREDENTIAL_KIND_PIN) {
        return a->packed;
    }
    bare.credential = bare.raw = (ProtobufCBinaryData){0};
    MUST(parkgate__event__get_packed_size(&bare) <= LIMIT_FRAME_BYTES);
    return (struct bytes){.data = out, .size = parkgate__event__pack(&bare, out)};
}

/* The event as it came, under the day key. */
static enum err seal_event(struct controller *ctl, struct arrival *a, int32_t *ret_day,
                           size_t *ret_size, struct fault *fault)
{
    struct seal_key key;
    uint8_t nonce[SEAL_NONCE_SIZE];
    uint8_t bare[LIMIT_FRAME_BYTES];
    struct bytes kept = without_pin(a, bare);
    TRY(controller_day_key(ctl, ret_day, &key, fault));
    entropy_fill(ctl->entropy, nonce, sizeof(nonce));
    *ret_size = kept.size + SEAL_OVERHEAD;
    MUST(*ret_size <= sizeof(a->sealed));
    seal_close(&key, nonce, (struct bytes){0}, kept, a->sealed, *ret_size);
    seal_wipe(&key, sizeof(key));
    return ERR_OK;
}

/* What its gate has in quarantine stays; of more only that it came is remembered. The gate keeps
 * each that is refused, too. */
static enum err quarantine_is_full(struct controller *ctl, const struct arrival *a, bool *ret_full,
                                   struct fault *fault)
{
    const char *gate = a->session->gate.text;
    Parkgate__QuarantineSum sum;
    TRY(quarantine_sum(ctl->txn, gate, &sum, fault));
    *ret_full = sum.rows >= LIMIT_QUARANTINE_ROWS;
    return *ret_full ? fault_raise(ctl, &fault_quarantine_full, gate, gate, "", fault) : ERR_OK;
}

static enum err refuse(struct controller *ctl, struct arrival *a, const struct complaint *c,
                       const struct fault_kind *kind, struct fault *fault)
{
    Parkgate__EventRefused refused = PARKGATE__EVENT_REFUSED__INIT;
    char *args[ERROR_ARGS];
    int32_t day = 0;
    size_t size = 0;
    bool full = false;
    if (a->recalled == NULL &&
        !bucket_take(&a->session->guard.refused, ctl->mono, GUARD_REFUSED_MS, GUARD_REFUSED)) {
        answer(ctl, a, ANSWER_RETRY, 0); /* it stays with its gate, and is not lost */
        return fault_raise(ctl, &fault_gate_floods, a->session->gate.text, a->session->gate.text,
                           "", fault);
    }
    for (size_t i = 0; i < ERROR_ARGS; i++) {
        args[i] = field_text(c->arg[i]);
    }
    TRY(quarantine_is_full(ctl, a, &full, fault));
    if (a->packed.size <= LIMIT_EVENT_BYTES && !full) { /* of a larger one the digest is enough */
        TRY(seal_event(ctl, a, &day, &size, fault));
    }
    refused.unkept = full;
    refused.gate = field_text(a->session->gate.text);
    refused.public_key = field_of(BYTES_OF(a->session->identity.bytes));
    refused.epoch = a->event->epoch;
    refused.event_sequence = a->event->sequence;
    refused.digest = field_of(BYTES_OF(a->kept.bytes));
    refused.error = c->number;
    refused.n_arg = ERROR_ARGS;
    refused.arg = args;
    refused.sealed = field_of((struct bytes){.data = a->sealed, .size = size});
    refused.day_key = day;
    TRY(controller_record(ctl, ENTRY_EVENT_REFUSED, a->session->gate.text, &refused.base, fault));
    TRY(fault_note(ctl, kind, a->session->gate.text, a->session->gate.text, "", fault));
    answer(ctl, a, ANSWER_REFUSED, c->number);
    return ERR_OK;
}

static enum err refuse_bad(struct controller *ctl, struct arrival *a, const char *why,
                           struct fault *fault)
{
    struct complaint c;
    char sequence[24];
    number_text(sequence, a->event->sequence);
    (void)complain(&c, ERROR_EVENT_BAD, sequence, why, NULL, NULL);
    return refuse(ctl, a, &c, &fault_event_refused, fault);
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
        *ret_err = refuse(ctl, a, &c, &fault_event_refused, fault);
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

/* What was read, under the key of the credential's holder when it is known, else under the day's. A
 * PIN is kept nowhere. */
static enum err seal_read(struct controller *ctl, struct arrival *a, struct fault *fault)
{
    Parkgate__SealedRead read = PARKGATE__SEALED_READ__INIT;
    struct seal_key key;
    int32_t day = 0;
    if (a->event->credential_kind == CREDENTIAL_KIND_PIN ||
        (a->event->credential.len == 0 && a->event->raw.len == 0)) {
        return ERR_OK;
    }
    enum err err = ERR_NOT_FOUND;
    if (!handle_is_none(a->out.subject.owner)) {
        err = controller_holder_key(ctl, a->out.subject.owner, false, &key, fault);
    }
    if (err == ERR_NOT_FOUND) {
        err = controller_day_key(ctl, &day, &key, fault);
    }
    TRY(err);
    read.credential = a->event->credential;
    read.raw = a->event->raw;
    read.device_event = a->event->device_event;
    size_t size = controller_seal(ctl, &key, &read.base, a->sealed, sizeof(a->sealed));
    seal_wipe(&key, sizeof(key));
    a->out.entry.sealed = field_of((struct bytes){.data = a->sealed, .size = size});
    a->out.entry.day_key = day;
    return ERR_OK;
}

static enum err record_applied(struct controller *ctl, struct arrival *a, struct fault *fault)
{
    TRY(controller_record(ctl, ENTRY_EVENT, a->session->gate.text, &a->out.entry.base, fault));
    answer(ctl, a, ANSWER_APPLIED, 0);
    return ERR_OK;
}

/* --- one worker an event kind --- */

/* Somebody stands there now. What is sent again was answered when it was new, though the answer
 * could not be kept. */
static bool is_waited_for(const struct controller *ctl, const struct arrival *a)
{
    enum { WAITS_US = 2000000 };
    int64_t age_us = ctl->now.us - a->event->received_us + a->session->offset_ms * INT64_C(1000);
    return age_us < WAITS_US && age_us > -WAITS_US;
}

static struct verdict decide_once(struct controller *ctl, struct arrival *a,
                                  const struct facts *facts)
{
    if (a->input->verdict_sent) {
        return (struct verdict){.outcome = (enum outcome)a->input->outcome,
                                .reason = (enum reason)a->input->reason};
    }
    struct verdict verdict = decide(facts);
    if (ctl->store_full && a->direction == LANE_IN && verdict.outcome == OUTCOME_GRANT &&
        is_waited_for(ctl, a)) {
        verdict = (struct verdict){.outcome = OUTCOME_DENY, .reason = REASON_STORE_FULL};
    }
    if (!a->event->history) {
        batch_verdict(ctl, a->input, a->session->version, a->event->epoch, a->event->sequence,
                      verdict.outcome, verdict.reason);
    }
    return verdict;
}

/* Somebody tries PINs, or others' badges: told at every fifth in a row. */
static enum err note_wrong_tries(struct controller *ctl, const struct arrival *a,
                                 struct fault *fault)
{
    Parkgate__PendingRead *row = NULL;
    if ((a->out.entry.pairing & PAIRING_WRONG) == 0) {
        return ERR_OK;
    }
    TRY(pending_get(ctl->txn, a->lane->name, a->direction, WAIT_PAIR, &row, fault));
    uint32_t wrong = row == NULL ? 0 : row->wrong;
    if (row != NULL) {
        parkgate__pending_read__free_unpacked(row, NULL);
    }
    return wrong > 0 && wrong % LIMIT_WRONG_AT_LANE == 0
               ? fault_note(ctl, &fault_wrong_tries, a->lane->name.text, a->session->gate.text,
                            a->lane->name.text, fault)
               : ERR_OK;
}

/* Somebody whom the gate let in from outside while it was apart, and who was inside by then. */
static enum err is_inside_twice(struct controller *ctl, const struct arrival *a,
                                struct handle holder, bool *ret, struct fault *fault)
{
    struct presence_row row;
    bool from_outside = a->direction == LANE_IN && a->lane->outer_zone.text[0] == '\0';
    *ret = false;
    if (!a->event->offline || a->event->outcome != OUTCOME_GRANT + 1 || !from_outside ||
        handle_is_none(holder)) {
        return ERR_OK;
    }
    TRY(presence_row_get(ctl->txn, holder, &row, fault));
    *ret = row.state.inside && row.last.us < a->out.entry.captured_us;
    return ERR_OK;
}

/* What the gate could not know: it is recorded as it was done, and told. */
static enum err note_conflict(struct controller *ctl, const struct arrival *a, bool conflict,
                              struct fault *fault)
{
    return conflict ? fault_note(ctl, &fault_offline_conflict, a->lane->name.text,
                                 a->session->gate.text, a->lane->name.text, fault)
                    : ERR_OK;
}

static bool breaks_passback(const struct arrival *a, const struct facts *facts)
{
    return a->event->offline && a->event->outcome == OUTCOME_GRANT + 1 && a->direction == LANE_IN &&
           (facts->passback == PASSBACK_INSIDE || facts->passback == PASSBACK_TOO_SOON);
}

/* What was done then, where the gate knows it. Whoever decided it: here it is the gate's word,
 * never a verdict of ours. */
static void recall_verdict(struct arrival *a)
{
    if (a->recalled->outcome == 0 || a->recalled->outcome > OUTCOME_GRANT + 1) {
        return;
    }
    struct verdict verdict = {.outcome = (enum outcome)(a->recalled->outcome - 1),
                              .reason = (enum reason)a->recalled->reason};
    event_outcome_verdict(&a->out, &verdict);
    a->out.entry.outcome = 0;
    a->out.entry.reason = 0;
    a->out.entry.acted_outcome = a->recalled->outcome;
    a->out.entry.acted_reason = a->recalled->reason;
    a->out.entry.acted_source = a->recalled->source;
}

/* One that carries a verdict was decided by the gate: it is recorded, never decided. */
static enum err on_presentation(struct controller *ctl, struct arrival *a, struct fault *fault)
{
    const struct facts_view view = view_of(ctl, a);
    struct facts facts;
    TRY(gather_facts(&view, a->event, a->lane, a->direction, &facts, &a->out.subject, fault));
    bool twice = false;
    TRY(is_inside_twice(ctl, a, a->out.subject.holder, &twice, fault));
    if (a->event->outcome != 0) {
        event_outcome_verdict(&a->out, NULL);
    } else if (a->recalled == NULL) {
        struct verdict verdict = decide_once(ctl, a, &facts);
        event_outcome_verdict(&a->out, &verdict);
    } else {
        recall_verdict(a);
    }
    event_outcome_subject(&a->out);
    TRY(seal_read(ctl, a, fault));
    TRY(record_applied(ctl, a, fault));
    TRY(note_wrong_tries(ctl, a, fault));
    TRY(note_conflict(ctl, a, twice || breaks_passback(a, &facts), fault));
    return a->out.entry.reason == REASON_GRANTED_PASSBACK
               ? fault_note(ctl, &fault_passback_soft, a->lane->name.text, a->session->gate.text,
                            a->lane->name.text, fault)
               : ERR_OK;
}

/* The event that `presentation` names, which may be of an earlier epoch of the same outbox. */
static enum err named_event(struct controller *ctl, const struct arrival *a,
                            Parkgate__EventIndex **ret_index, struct fault *fault)
{
    const Parkgate__Event *event = a->event;
    return agent_event(ctl->txn, BYTES_OF(a->session->identity.bytes),
                       event->presentation_epoch != 0 ? event->presentation_epoch : event->epoch,
                       event->presentation, ret_index, fault);
}

/* Whom a passage report is about: the presentation it names. RETRY when that has not come yet. */
static enum err find_presentation(struct controller *ctl, struct arrival *a, bool *ret_wait,
                                  uint32_t *ret_passed, struct fault *fault)
{
    Parkgate__EventIndex *index = NULL;
    *ret_wait = false;
    *ret_passed = 0;
    if (a->event->presentation == 0) {
        return ERR_OK;
    }
    enum err err = named_event(ctl, a, &index, fault);
    if (err == ERR_NOT_FOUND) { /* given again, the read is too old to be kept: nobody's passage */
        *ret_wait = a->recalled == NULL;
        return ERR_OK;
    }
    TRY(err);
    event_outcome_follows(&a->out, index);
    *ret_passed = index->passed;
    parkgate__event_index__free_unpacked(index, NULL);
    return ERR_OK;
}

struct passage_effect {
    enum passage_kind kind;
    const struct fault_kind *fault; /* NULL: nothing wrong */
    bool open;                      /* the fault lasts until its end is reported */
    const struct fault_kind *ends;  /* NULL: none */
};

static const struct passage_effect passage_effects[] = {
    {PASSAGE_PASSED,        NULL,             false, NULL          },
    {PASSAGE_NOT_TAKEN,     NULL,             false, NULL          },
    {PASSAGE_FORCED,        &fault_forced,    false, NULL          },
    {PASSAGE_HELD,          &fault_held,      true,  NULL          },
    {PASSAGE_TAILGATED,     &fault_tailgated, false, NULL          },
    {PASSAGE_UNSENSED,      NULL,             false, NULL          },
    {PASSAGE_HELD_ENDED,    NULL,             false, &fault_held   },
    {PASSAGE_BY_HAND,       NULL,             false, NULL          },
    {PASSAGE_MANUAL,        &fault_manual,    true,  NULL          },
    {PASSAGE_MANUAL_ENDED,  NULL,             false, &fault_manual },
    {PASSAGE_BLOCKED,       &fault_blocked,   true,  NULL          },
    {PASSAGE_BLOCKED_ENDED, NULL,             false, &fault_blocked},
};

static const struct passage_effect *effect_of(uint32_t kind)
{
    for (size_t i = 0; i < ARRAY_LEN(passage_effects); i++) {
        if ((uint32_t)passage_effects[i].kind == kind) {
            return &passage_effects[i];
        }
    }
    return NULL;
}

static enum err passage_faults(struct controller *ctl, const struct arrival *a,
                               const struct passage_effect *effect, struct fault *fault)
{
    const char *lane = a->lane->name.text;
    const char *gate = a->session->gate.text;
    if (effect->ends != NULL) {
        return fault_end(ctl, effect->ends, lane, fault);
    }
    if (effect->fault == NULL) {
        return ERR_OK;
    }
    return effect->open ? fault_raise(ctl, effect->fault, lane, gate, lane, fault)
                        : fault_note(ctl, effect->fault, lane, gate, lane, fault);
}

static enum err on_passage(struct controller *ctl, struct arrival *a, struct fault *fault)
{
    bool wait = false;
    uint32_t passed = 0;
    const struct passage_effect *effect = effect_of(a->event->passage);
    if (effect == NULL) {
        return refuse_bad(ctl, a, "its passage is of no known kind", fault);
    }
    TRY(find_presentation(ctl, a, &wait, &passed, fault));
    if (wait) {
        answer(ctl, a, ANSWER_RETRY, 0);
        return ERR_OK;
    }
    event_outcome_subject(&a->out);
    /* One presentation lets one person through; whoever follows is nobody we know. */
    if (event_passes(a->event->passage) && passed == 0 && !handle_is_none(a->out.subject.holder)) {
        const struct facts_view view = view_of(ctl, a);
        TRY(event_outcome_count(&a->out, &view, fault));
    }
    TRY(record_applied(ctl, a, fault));
    if (a->out.entry.counts) {
        TRY(zone_alerts_after_passage(ctl, fault));
    }
    return passage_faults(ctl, a, effect, fault);
}

static enum err on_button(struct controller *ctl, struct arrival *a, struct fault *fault)
{
    a->direction = LANE_OUT;
    a->out.entry.direction = LANE_OUT;
    TRY(record_applied(ctl, a, fault));
    return a->event->late ? fault_note(ctl, &fault_late_opening, a->lane->name.text,
                                       a->session->gate.text, a->lane->name.text, fault)
                          : ERR_OK;
}

/* The gate acted on its own verdict: both are kept, and a difference is a fault. */
static enum err on_acted(struct controller *ctl, struct arrival *a, struct fault *fault)
{
    Parkgate__EventIndex *index = NULL;
    enum err err = named_event(ctl, a, &index, fault);
    if (err == ERR_NOT_FOUND && a->recalled != NULL) {
        return record_applied(ctl, a, fault);
    }
    if (err == ERR_NOT_FOUND) {
        answer(ctl, a, ANSWER_RETRY, 0);
        return ERR_OK;
    }
    TRY(err);
    bool differs = index->kind == EVENT_PRESENTATION && index->outcome != 0 &&
                   index->outcome != a->event->outcome;
    bool twice = false;
    a->out.entry.outcome = index->outcome;
    a->out.entry.reason = index->reason;
    err = is_inside_twice(ctl, a, people_handle(&index->holder), &twice, fault);
    parkgate__event_index__free_unpacked(index, NULL);
    TRY(err);
    TRY(record_applied(ctl, a, fault));
    TRY(note_conflict(ctl, a, twice, fault));
    return differs ? fault_note(ctl, &fault_verdict_differs, a->session->gate.text,
                                a->session->gate.text, a->lane->name.text, fault)
                   : ERR_OK;
}

/* Of whom a read was: the same of both, where the gate's outbox began anew in between. */
static enum err is_same_read(struct controller *ctl, const struct arrival *a,
                             const Parkgate__CommandRecord *command, bool *ret, struct fault *fault)
{
    Parkgate__EventIndex *ordered = NULL;
    Parkgate__EventIndex *named = NULL;
    const Parkgate__Event *event = a->event;
    uint32_t epoch = event->presentation_epoch != 0 ? event->presentation_epoch : event->epoch;
    *ret = command->presentation == event->presentation &&
           (event->presentation == 0 || command->presentation_epoch == epoch);
    if (*ret || command->presentation == 0 || event->presentation == 0) {
        return ERR_OK;
    }
    enum err err = agent_event(ctl->txn, BYTES_OF(a->session->identity.bytes),
                               command->presentation_epoch, command->presentation, &ordered, fault);
    if (err == ERR_OK) {
        err = named_event(ctl, a, &named, fault);
    }
    if (err == ERR_OK) {
        *ret = named->captured_us == ordered->captured_us &&
               strcmp(named->lane, ordered->lane) == 0 &&
               bytes_equal(field_view(&named->credential), field_view(&ordered->credential));
    }
    if (ordered != NULL) {
        parkgate__event_index__free_unpacked(ordered, NULL);
    }
    if (named != NULL) {
        parkgate__event_index__free_unpacked(named, NULL);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Did we order this: by this number, of this lane, about this read, and once? What is given again
 * to a controller that was built again is older than what it knows of orders. */
static enum err was_ordered(struct controller *ctl, const struct arrival *a, bool *ret,
                            struct fault *fault)
{
    Parkgate__CommandRecord *command = NULL;
    *ret = a->recalled != NULL;
    if (*ret) {
        return ERR_OK;
    }
    enum err err =
        command_get(ctl->txn, a->session->gate.text, a->event->command_sequence, &command, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    if (strcmp(command->lane, a->lane->name.text) == 0 &&
        (command->answered_us == 0 || command->answered_us == a->event->received_us)) {
        err = is_same_read(ctl, a, command, ret, fault);
    }
    parkgate__command_record__free_unpacked(command, NULL);
    return err;
}

/* A command that answers a read is about whoever was read: he is the one who goes through. A gate
 * that says so of itself lets nobody in by it. */
static enum err on_command(struct controller *ctl, struct arrival *a, struct fault *fault)
{
    bool wait = false;
    uint32_t passed = 0;
    TRY(find_presentation(ctl, a, &wait, &passed, fault));
    if (wait) {
        answer(ctl, a, ANSWER_RETRY, 0);
        return ERR_OK;
    }
    bool ordered = false;
    bool done = a->event->command_result == COMMAND_DONE;
    TRY(was_ordered(ctl, a, &ordered, fault));
    a->out.entry.not_ordered = !ordered;
    if (ordered && a->event->presentation != 0 && done) {
        event_outcome_subject(&a->out);
    }
    TRY(record_applied(ctl, a, fault));
    return ordered || !done ? ERR_OK
                            : fault_note(ctl, &fault_not_ordered, a->lane->name.text,
                                         a->session->gate.text, a->lane->name.text, fault);
}

/* A device that the park does not know may have been dropped from it a moment ago. */
static bool device_is_anothers(const struct controller *ctl, const struct arrival *a)
{
    struct name device = name_or_none(a->event->reader);
    const struct park_reader *reader = park_reader(ctl->park, device);
    const struct park_lane *lane = reader == NULL ? NULL : park_lane(ctl->park, reader->lane);
    const struct park_board *board = park_board(ctl->park, device);
    return (lane != NULL && !name_equal(lane->gate, a->session->gate)) ||
           (board != NULL && !name_equal(board->gate, a->session->gate));
}

/* A gate speaks of its own readers, boards and lanes, and of its copy, by this one name. */
static bool device_is_its_own(const struct controller *ctl, const struct arrival *a)
{
    char copy[2 * NAME_SIZE];
    struct name device = name_or_none(a->event->reader);
    const struct park_lane *lane = park_lane(ctl->park, device);
    (void)snprintf(copy, sizeof(copy), "%s.copy", a->session->gate.text);
    return park_reader(ctl->park, device) != NULL || park_board(ctl->park, device) != NULL ||
           (lane != NULL && name_equal(lane->gate, a->session->gate)) ||
           strcmp(device.text, copy) == 0 || name_equal(device, a->session->gate);
}

static enum err on_device(struct controller *ctl, struct arrival *a, struct fault *fault)
{
    const char *gate = a->session->gate.text;
    if (name_or_none(a->event->reader).text[0] == '\0') {
        return refuse_bad(ctl, a, "its device has no name", fault);
    }
    if (device_is_anothers(ctl, a)) {
        return refuse_bad(ctl, a, "its device is another gate's", fault);
    }
    TRY(record_applied(ctl, a, fault));
    if (!device_is_its_own(ctl, a)) {
        return ERR_OK; /* dropped from the park meanwhile, or made up: nothing begins or ends */
    }
    if (a->event->device_state == DEVICE_DOWN) {
        return fault_raise(ctl, &fault_device_down, a->event->reader, gate, "", fault);
    }
    if (a->event->device_state == DEVICE_TAMPER) {
        return fault_raise(ctl, &fault_device_tamper, a->event->reader, gate, "", fault);
    }
    if (a->event->device_state == DEVICE_ALONE) {
        return fault_raise(ctl, &fault_terminal_decides, a->event->reader, gate, a->event->lane,
                           fault);
    }
    if (a->event->device_state == DEVICE_HEEDS) {
        return fault_end(ctl, &fault_terminal_decides, a->event->reader, fault);
    }
    TRY(fault_end(ctl, &fault_device_tamper, a->event->reader, fault));
    TRY(fault_end(ctl, &fault_fire_unreached, a->event->reader, fault));
    return fault_end(ctl, &fault_device_down, a->event->reader, fault);
}

static enum err on_tamper(struct controller *ctl, struct arrival *a, struct fault *fault)
{
    const char *lane = a->lane->name.text;
    TRY(record_applied(ctl, a, fault));
    return a->event->device_state == DEVICE_UP
               ? fault_end(ctl, &fault_device_tamper, lane, fault)
               : fault_raise(ctl, &fault_device_tamper, lane, a->session->gate.text, lane, fault);
}

/* A body that nobody understood lies sealed at the gate; somebody should look at it. */
static enum err on_aside(struct controller *ctl, struct arrival *a, struct fault *fault)
{
    if (name_or_none(a->event->reader).text[0] == '\0') {
        return refuse_bad(ctl, a, "its device has no name", fault);
    }
    if (device_is_anothers(ctl, a)) {
        return refuse_bad(ctl, a, "its device is another gate's", fault);
    }
    TRY(record_applied(ctl, a, fault));
    return fault_note(ctl, &fault_body_aside, a->event->reader, a->session->gate.text,
                      a->lane->name.text, fault);
}

/* A terminal's answer to an order. Of one that is not the newest any more it changes nothing. */
static enum err on_subject(struct controller *ctl, struct arrival *a, struct fault *fault)
{
    if (device_is_anothers(ctl, a)) {
        return refuse_bad(ctl, a, "its terminal is another gate's", fault);
    }
    if (a->event->order == 0 || a->event->subject_result < SUBJECT_WANTED ||
        a->event->subject_result > SUBJECT_FAILED) {
        return refuse_bad(ctl, a, "it answers no order", fault);
    }
    return record_applied(ctl, a, fault);
}

static enum err on_unasked(struct controller *ctl, struct arrival *a, struct fault *fault)
{
    const char *lane = a->lane->name.text;
    TRY(record_applied(ctl, a, fault));
    return fault_note(ctl, &fault_unasked_opening, lane, a->session->gate.text, lane, fault);
}

/* What a board's fire input says, and what becomes of it for the park. */
static enum err on_fire(struct controller *ctl, struct arrival *a, struct fault *fault)
{
    if (name_or_none(a->event->reader).text[0] == '\0') {
        return refuse_bad(ctl, a, "its device has no name", fault);
    }
    if (device_is_anothers(ctl, a)) {
        return refuse_bad(ctl, a, "its device is another gate's", fault);
    }
    if (a->event->fire < FIRE_ON || a->event->fire > FIRE_UNREACHED) {
        return refuse_bad(ctl, a, "its word of fire is unknown", fault);
    }
    a->out.entry.fire = a->event->fire;
    TRY(record_applied(ctl, a, fault));
    return emergency_word(ctl, a->session, a->event, fault);
}

/* Its outbox was full: how many left without a record of each, how many were not let in. */
static enum err on_unrecorded(struct controller *ctl, struct arrival *a, struct fault *fault)
{
    const char *gate = a->session->gate.text;
    TRY(record_applied(ctl, a, fault));
    return fault_note(ctl, &fault_unrecorded, gate, gate, "", fault);
}

static enum err on_clock(struct controller *ctl, struct arrival *a, struct fault *fault)
{
    const char *gate = a->session->gate.text;
    TRY(record_applied(ctl, a, fault));
    return fault_note(ctl, &fault_clock_jumped, gate, gate, "", fault);
}

typedef enum err event_worker(struct controller *ctl, struct arrival *a, struct fault *fault);

static event_worker *const event_workers[] = {
    [EVENT_PRESENTATION] = on_presentation,
    [EVENT_PASSAGE] = on_passage,
    [EVENT_BUTTON] = on_button,
    [EVENT_ACTED] = on_acted,
    [EVENT_COMMAND] = on_command,
    [EVENT_DEVICE] = on_device,
    [EVENT_TAMPER] = on_tamper,
    [EVENT_SUBJECT] = on_subject,
    [EVENT_UNASKED] = on_unasked,
    [EVENT_ASIDE] = on_aside,
    [EVENT_FIRE] = on_fire,
    [EVENT_CARRY] = record_applied,
    [EVENT_CLOCK] = on_clock,
    [EVENT_UNRECORDED] = on_unrecorded,
    [EVENT_MUSTER] = record_applied,
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
        answer(ctl, a, index->refused ? ANSWER_REFUSED : ANSWER_APPLIED,
               index->refused ? ERROR_EVENT_BAD : 0);
        return ERR_OK;
    }
    number_text(sequence, a->event->sequence);
    number_text(epoch, a->event->epoch);
    (void)complain(&c, ERROR_SEQUENCE_CHANGED, sequence, epoch, NULL, NULL);
    return refuse(ctl, a, &c, &fault_sequence_changed, fault);
}

static enum err work_off(struct controller *ctl, struct arrival *a, struct fault *fault)
{
    enum err err = ERR_OK;
    const char *wrong = shape_of(a->event);
    if (wrong != NULL) {
        return refuse_bad(ctl, a, wrong, fault);
    }
    if (!lane_is_ours(ctl, a, &err, fault)) {
        return err;
    }
    if (!is_name_or_empty(a->event->reader)) {
        return refuse_bad(ctl, a, "its device has no valid name", fault);
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
    number_text(sequence, a->event->sequence);
    (void)complain(&c, ERROR_EVENT_POISON, sequence, NULL, NULL, NULL);
    return refuse(ctl, a, &c, &fault_poison, fault);
}

static enum err refuse_oversized(struct controller *ctl, struct arrival *a, struct fault *fault)
{
    struct complaint c;
    char size[24];
    char limit[24];
    number_text(size, a->packed.size);
    number_text(limit, LIMIT_EVENT_BYTES);
    (void)complain(&c, ERROR_FRAME_OVERSIZED, size, limit, NULL, NULL);
    return refuse(ctl, a, &c, &fault_event_refused, fault);
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
        return refuse_bad(ctl, a, "it cannot be recorded", fault);
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

/* Reads, and what a gate did after them. */
#include "controller/app/ingest_parts.h"

#include <string.h>

#include "common/facts/agent_store.h"
#include "common/facts/guard_check.h"
#include "common/facts/pending_store.h"
#include "common/facts/people_store.h"
#include "common/facts/presence_now.h"
#include "controller/app/alikes.h"
#include "controller/app/candidates.h"
#include "controller/app/hits.h"
#include "controller/journal/journal.h"
#include "schema/kinds.h"

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

/* Somebody tries PINs, or others' badges: told at every fifth in a row. A gate alone knows no PIN
 * and refuses the right one, too. */
static enum err note_wrong_tries(struct controller *ctl, const struct arrival *a,
                                 struct fault *fault)
{
    Parkgate__PendingRead *row = NULL;
    if ((a->out.entry.pairing & PAIRING_WRONG) == 0 || a->event->offline) {
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
enum err ingest_is_inside_twice(struct controller *ctl, const struct arrival *a,
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
enum err ingest_note_conflict(struct controller *ctl, const struct arrival *a, bool conflict,
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

/* What the read leads to beside its verdict, which has gone out; in its own entry. What a restored
 * controller is given again was a hit when it came first. */
static enum err note_hits(struct controller *ctl, struct arrival *a, const struct facts_view *view,
                          const struct watch_looked *looked, struct hit_notes *notes,
                          struct fault *fault)
{
    struct journal_head head;
    struct watch_finds alike;
    if (a->recalled != NULL) {
        return ERR_OK;
    }
    TRY(alikes_find(ctl, a->event, &alike, fault));
    if (looked->exact.count + looked->face.count + alike.count == 0) {
        return ERR_OK;
    }
    TRY(journal_head(ctl->txn, &head, fault));
    notes->place = (struct hit_place){.event = head.sequence + 1,
                                      .gate = a->session->gate.text,
                                      .lane = a->lane->name.text,
                                      .direction = a->direction,
                                      .captured = {.us = a->out.entry.captured_us}};
    TRY(hit_day(view, &a->out.subject, notes->place.captured, &notes->place.day, fault));
    TRY(hits_exact(ctl, &looked->exact, notes, fault));
    TRY(candidates_raise(ctl, &looked->face, WATCH_HOW_FACE, a->event, notes, fault));
    TRY(candidates_raise(ctl, &alike, WATCH_HOW_ALIKE, a->event, notes, fault));
    a->out.entry.watch = hit_notes_pack(notes);
    return ERR_OK;
}

/* One thread; most reads have none. */
static struct hit_notes *notes_of(void)
{
    static struct hit_notes notes;
    memset(&notes, 0, offsetof(struct hit_notes, bytes));
    parkgate__event_watch__init(&notes.message);
    return &notes;
}

/* One that carries a verdict was decided by the gate: it is recorded, never decided. */
enum err ingest_presentation(struct controller *ctl, struct arrival *a, struct fault *fault)
{
    const struct facts_view view = ingest_view(ctl, a);
    struct facts facts;
    struct watch_looked looked;
    struct hit_notes *notes = notes_of();
    TRY(gather_facts(&view, a->event, a->lane, a->direction, &facts, &a->out.subject, fault));
    TRY(watch_look(&view, a->event, &a->out.subject, &looked, fault));
    facts.guard_check = guard_check_of(&view, a->lane, a->direction, &a->out.subject, &looked);
    /* The read that completes this one is asked for it, too. */
    a->out.subject.doubted = a->out.subject.doubted || watch_wants_review(&looked);
    bool twice = false;
    TRY(ingest_is_inside_twice(ctl, a, a->out.subject.holder, &twice, fault));
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
    TRY(note_hits(ctl, a, &view, &looked, notes, fault));
    TRY(ingest_applied(ctl, a, fault));
    TRY(hit_notes_rest(ctl, notes, fault));
    TRY(note_wrong_tries(ctl, a, fault));
    TRY(ingest_note_conflict(ctl, a, twice || breaks_passback(a, &facts), fault));
    return a->out.entry.reason == REASON_GRANTED_PASSBACK
               ? fault_note(ctl, &fault_passback_soft, a->lane->name.text, a->session->gate.text,
                            a->lane->name.text, fault)
               : ERR_OK;
}

/* The gate acted on its own verdict: both are kept, and a difference is a fault. */
enum err ingest_acted(struct controller *ctl, struct arrival *a, struct fault *fault)
{
    Parkgate__EventIndex *index = NULL;
    enum err err = ingest_named_event(ctl, a, &index, fault);
    if (err == ERR_NOT_FOUND && a->recalled != NULL) {
        return ingest_applied(ctl, a, fault);
    }
    if (err == ERR_NOT_FOUND) {
        ingest_answer(ctl, a, ANSWER_RETRY, 0);
        return ERR_OK;
    }
    TRY(err);
    bool differs = index->kind == EVENT_PRESENTATION && index->outcome != 0 &&
                   index->outcome != a->event->outcome;
    bool twice = false;
    a->out.entry.outcome = index->outcome;
    a->out.entry.reason = index->reason;
    err = ingest_is_inside_twice(ctl, a, people_handle(&index->holder), &twice, fault);
    parkgate__event_index__free_unpacked(index, NULL);
    TRY(err);
    TRY(ingest_applied(ctl, a, fault));
    TRY(ingest_note_conflict(ctl, a, twice, fault));
    return differs ? fault_note(ctl, &fault_verdict_differs, a->session->gate.text,
                                a->session->gate.text, a->lane->name.text, fault)
                   : ERR_OK;
}

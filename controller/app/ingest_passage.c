/* What a lane saw: passages, and what follows a read. */
#include "controller/app/ingest_parts.h"

#include "common/base/must.h"
#include "common/facts/agent_store.h"
#include "controller/app/zone_alerts.h"
#include "schema/kinds.h"

/* The event that `presentation` names, which may be of an earlier epoch of the same outbox. */
enum err ingest_named_event(struct controller *ctl, const struct arrival *a,
                            Parkgate__EventIndex **ret_index, struct fault *fault)
{
    const Parkgate__Event *event = a->event;
    return agent_event(ctl->txn, BYTES_OF(a->session->identity.bytes),
                       event->presentation_epoch != 0 ? event->presentation_epoch : event->epoch,
                       event->presentation, ret_index, fault);
}

/* Whom a passage report is about: the presentation it names. RETRY when that has not come yet. */
enum err ingest_find_presentation(struct controller *ctl, struct arrival *a, bool *ret_wait,
                                  uint32_t *ret_passed, struct fault *fault)
{
    Parkgate__EventIndex *index = NULL;
    *ret_wait = false;
    *ret_passed = 0;
    if (a->event->presentation == 0) {
        return ERR_OK;
    }
    enum err err = ingest_named_event(ctl, a, &index, fault);
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

enum err ingest_passage(struct controller *ctl, struct arrival *a, struct fault *fault)
{
    bool wait = false;
    uint32_t passed = 0;
    const struct passage_effect *effect = effect_of(a->event->passage);
    if (effect == NULL) {
        return ingest_refuse_bad(ctl, a, "its passage is of no known kind", fault);
    }
    TRY(ingest_find_presentation(ctl, a, &wait, &passed, fault));
    if (wait) {
        ingest_answer(ctl, a, ANSWER_RETRY, 0);
        return ERR_OK;
    }
    event_outcome_subject(&a->out);
    /* One presentation lets one person through; whoever follows is nobody we know. */
    if (event_passes(a->event->passage) && passed == 0 && !handle_is_none(a->out.subject.holder)) {
        const struct facts_view view = ingest_view(ctl, a);
        TRY(event_outcome_count(&a->out, &view, fault));
    }
    TRY(ingest_applied(ctl, a, fault));
    if (a->out.entry.counts) {
        TRY(zone_alerts_after_passage(ctl, fault));
    }
    return passage_faults(ctl, a, effect, fault);
}

enum err ingest_button(struct controller *ctl, struct arrival *a, struct fault *fault)
{
    a->direction = LANE_OUT;
    a->out.entry.direction = LANE_OUT;
    TRY(ingest_applied(ctl, a, fault));
    return a->event->late ? fault_note(ctl, &fault_late_opening, a->lane->name.text,
                                       a->session->gate.text, a->lane->name.text, fault)
                          : ERR_OK;
}

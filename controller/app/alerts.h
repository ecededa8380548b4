/* alerts: what a named person must handle to its end, raised by the parts of the controller.
 *
 * One mechanism for watch hits, faults and all else. The rules are controller/core/alert.h, the
 * kinds controller/core/alert_kind.h, what a park wants otherwise its file's `alerts:`. A fault is
 * an alert of the same word by the same entry (faults.c): the fault is the condition, the alert its
 * handling. Everything here writes entries and tables of ctl->txn. Nothing here, and nothing that
 * an alert leads to, has an effect at a lane: a guard's `lane open` alone does.
 */
#pragma once

#include "controller/app/controller.h"
#include "controller/core/alert.h"
#include "controller/core/alert_kind.h"

struct request;

/* What happened. Texts are borrowed for the call; NULL and "" are the same: none. No name, number,
 * plate or badge in any of them. */
struct alert_news {
    const struct alert_kind *kind;
    const char *about; /* a thing of the park file, a handle, or a word of ours */
    const char *gate, *lane;
    const char *fold; /* of one kind: repeats with the same are counted as one; none: `about` */
    uint64_t event;   /* journal sequence of the event it is about; 0 none */
    struct handle subject;           /* of a watch hit; all zero none */
    const char *authority, *matcher; /* for statistics: whose entry, found by what */
    bool candidate; /* lapses LIMIT_CANDIDATE_S after its raising if nobody confirmed it */
    bool lasting;   /* its cause lasts until alert_cause_ended() */
};

/* Raises an alert, or counts a repeat of the one there is. *ret_number (may be NULL): its number.
 */
MUST_CHECK enum err alert_raise(struct controller *ctl, const struct alert_news *news,
                                uint64_t *ret_number, struct fault *fault);
/* What it was raised for has ended by itself; a person closes it. Nothing when none is open.
 * `fold` as in the news. */
MUST_CHECK enum err alert_cause_ended(struct controller *ctl, const struct alert_kind *kind,
                                      const char *fold, struct fault *fault);

/* --- for an entry of another kind that carries its alert (faults.c) --- */

/* A change of an alert, to be recorded. All zero: none. */
enum { ALERT_RECORD_MAX = 2048, ALERT_ENTRY_MAX = ALERT_RECORD_MAX + 64 }; /* bytes, packed */
struct alert_draft {
    bool made;
    Parkgate__AlertRecord record;
    Parkgate__AlertEntry entry;   /* points to `packed` */
    Parkgate__AlertRecord *known; /* what `record` borrows from; owned */
    char fold[160];
    uint8_t packed[ALERT_RECORD_MAX]; /* `record` */
};
/* Fills *draft, which must stay in place until it is recorded. */
MUST_CHECK enum err alert_draft_news(struct controller *ctl, const struct alert_news *news,
                                     struct alert_draft *draft, struct fault *fault);
/* draft->made false: no alert of it is open. */
MUST_CHECK enum err alert_draft_ended(struct controller *ctl, const struct alert_kind *kind,
                                      const char *fold, struct alert_draft *draft,
                                      struct fault *fault);
void alert_draft_end(struct alert_draft *draft);

/* --- how a kind is handled --- */

/* The park's rule, else the kind's own. */
struct alert_rule alert_rule_of(const struct park *park, const struct alert_kind *kind);
uint8_t alert_priority_of(const struct park *park, const struct alert_kind *kind);
/* Who is told first, second ...: a person or a role; `level` from 0. Never NULL. */
const char *alert_told(const struct park *park, const struct alert_kind *kind, uint32_t level);
const char *alert_procedure(const struct park *park, const struct alert_kind *kind, bool zh);
/* The park file's rules name kinds that there are. */
bool alert_rules_check(const struct park *park, struct complaint *c);

/* --- steps --- */

/* Who did it, from where. */
struct alert_hand {
    const char *actor, *person, *from, *reason;
    const char *document; /* kind of the one that was shown; NULL: none */
};
/* One step of an alert. *ret_made false: not from the state it is in. */
MUST_CHECK enum err alert_make_step(struct controller *ctl, const Parkgate__AlertRecord *record,
                                    enum alert_step step, const struct alert_hand *hand,
                                    const char *handler, bool *ret_made, struct fault *fault);

/* Limits that passed: escalates, and lapses candidates. */
void alerts_tick(struct controller *ctl);

/* --- who wants to know how it was decided --- */

/* Called in the same transaction after the entry of a confirmation, a rejection or a lapse. */
typedef enum err alert_decided(struct controller *ctl, const Parkgate__AlertRecord *alert,
                               enum alert_decision decision, const char *actor,
                               struct fault *fault);
/* Adds to what `alert show` says of it, for who may see it. */
typedef enum err alert_shown(struct controller *ctl, struct request *request,
                             const Parkgate__AlertRecord *alert, struct fault *fault);
struct alert_hook {
    const char *kind;
    alert_decided *decided;
    alert_shown *shown;
};
/* alert_hooks.c: one const table. */
extern const struct alert_hook alert_hooks[];
extern const size_t alert_hook_count;

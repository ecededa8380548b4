#include <stdio.h>

#include "common/base/must.h"
#include "controller/app/alert_sight.h"
#include "controller/app/alerts.h"
#include "controller/app/candidates.h"
#include "controller/app/request.h"
#include "controller/store/alert_store.h"

/* A hit is in its own entry already; how it was handled is the alert's. */
static enum err nothing_more(struct controller *ctl, const Parkgate__AlertRecord *alert,
                             enum alert_decision decision, const char *actor, struct fault *fault)
{
    (void)ctl;
    (void)alert;
    (void)decision;
    (void)actor;
    (void)fault;
    return ERR_OK;
}

static enum err hit_shown(struct controller *ctl, struct request *request,
                          const Parkgate__AlertRecord *alert, struct fault *fault)
{
    return hit_note(ctl, request->answer, alert, fault);
}

/* What leads on: the command that compares, what is compared, and what decides. */
static enum err candidate_shown(struct controller *ctl, struct request *request,
                                const Parkgate__AlertRecord *alert, struct fault *fault)
{
    char command[64];
    (void)snprintf(command, sizeof(command), "parkgate watch candidate %llu",
                   (unsigned long long)alert_label(alert));
    answer_note(request->answer, "compare", command);
    if (alert_wants_document(alert)) {
        answer_note(request->answer, "documents", ALERT_DOCUMENTS);
    }
    return candidate_note(ctl, request->answer, alert, fault);
}

const struct alert_hook alert_hooks[] = {
    {"watch-hit",       nothing_more,      hit_shown      },
    {"watch-candidate", candidate_decided, candidate_shown},
};
const size_t alert_hook_count = ARRAY_LEN(alert_hooks);

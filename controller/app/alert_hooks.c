#include "common/base/must.h"
#include "controller/app/alerts.h"
#include "controller/app/candidates.h"

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

static enum err nothing_to_add(struct controller *ctl, struct request *request,
                               const Parkgate__AlertRecord *alert, struct fault *fault)
{
    (void)ctl;
    (void)request;
    (void)alert;
    (void)fault;
    return ERR_OK;
}

const struct alert_hook alert_hooks[] = {
    {"watch-hit",       nothing_more,      nothing_to_add},
    {"watch-candidate", candidate_decided, nothing_to_add},
};
const size_t alert_hook_count = ARRAY_LEN(alert_hooks);

/* raiser: parkgate-controller as it is, in which alerts of every kind of the table are raised, as
 * its own parts raise them. Linked with --wrap=candidates_tick: once a second, after the alerts'
 * own work of that second, PARKGATE_RAISE times each kind, at one lane of the park after the other.
 * Every other one of a kind repeats the one before it. Says in the log how many there were.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "common/park/park.h"
#include "controller/app/alerts.h"
#include "controller/app/batch.h"
#include "controller/app/candidates.h"

void __real_candidates_tick(struct controller *ctl);
void __wrap_candidates_tick(struct controller *ctl);

enum { ROUNDS_MAX = 16 };

/* How often each kind was raised. */
static uint64_t raised;

static enum err raise_round(struct controller *ctl, void *ctx, struct fault *fault)
{
    size_t count = 0;
    uint64_t round = *(const uint64_t *)ctx;
    const struct alert_kind *kinds = alert_kind_table(&count);
    const struct park_lane *lane = &ctl->park->lanes[round % ctl->park->lane_count];
    char fold[24];
    (void)snprintf(fold, sizeof(fold), "%llu", (unsigned long long)(round / 2));
    for (size_t i = 0; i < count; i++) {
        struct alert_news news = {.kind = &kinds[i],
                                  .about = lane->name.text,
                                  .gate = lane->gate.text,
                                  .lane = lane->name.text,
                                  .fold = fold,
                                  .authority = "raiser",
                                  .matcher = "plate"};
        TRY(alert_raise(ctl, &news, NULL, fault));
    }
    return ERR_OK;
}

void __wrap_candidates_tick(struct controller *ctl)
{
    const char *wanted = getenv("PARKGATE_RAISE");
    unsigned long rounds = wanted != NULL ? strtoul(wanted, NULL, 10) : 0;
    size_t count = 0;
    (void)alert_kind_table(&count);
    __real_candidates_tick(ctl);
    MUST(rounds <= ROUNDS_MAX);
    for (unsigned long i = 0; ctl->park != NULL && ctl->park->lane_count > 0 && i < rounds; i++) {
        batch_run(ctl, raise_round, &raised);
        raised++;
    }
    if (rounds > 0) {
        log_event("alerts_raised", LOG_NUM("kinds", count), LOG_NUM("alerts", raised * count));
    }
}

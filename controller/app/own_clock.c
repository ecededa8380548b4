#include "controller/app/own_clock.h"

#include "common/base/log.h"
#include "controller/app/batch.h"
#include "controller/app/faults.h"

void own_clock_begin(struct controller *ctl, struct wall newest)
{
    ctl->own_clock = (struct own_clock){.high = newest};
}

static enum err tell(struct controller *ctl, void *ctx, struct fault *fault)
{
    const bool *behind = ctx;
    return *behind ? fault_raise(ctl, &fault_controller_clock, "", "", "", fault)
                   : fault_end(ctl, &fault_controller_clock, "", fault);
}

void own_clock_tick(struct controller *ctl)
{
    struct own_clock *clock = &ctl->own_clock;
    int64_t behind_us = clock->high.us - ctl->now.us;
    bool behind = behind_us > LIMIT_CLOCK_ALARM_MS * INT64_C(1000);
    if (behind_us < 0) {
        clock->high = ctl->now;
    }
    if (behind && !clock->logged) {
        log_error("clock_behind", LOG_NUM("ms", behind_us / 1000));
    }
    clock->logged = behind;
    if (clock->told && behind == clock->behind) {
        return; /* the first look ends what a run before has told */
    }
    batch_commit(ctl); /* what was open counts as a commit of its own */
    uint64_t commits = ctl->commits;
    batch_run(ctl, tell, &behind);
    if (ctl->commits > commits) { /* else a full disk: it is told when it can be */
        clock->told = true;
        clock->behind = behind;
    }
}

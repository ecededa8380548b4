#include "controller/app/ballast.h"

#include "common/base/log.h"
#include "common/base/must.h"
#include "controller/app/batch.h"
#include "controller/app/faults.h"

enum { NEARLY_NOTHING = 1 << 20 }; /* free bytes at which a failed write means a full disk */

bool ballast_allows(const struct controller *ctl, const struct verb_spec *verb)
{
    return !ctl->store_short || !verb->adds;
}

static uint64_t room_at(const struct store *store)
{
    uint64_t bytes = 0;
    struct fault fault = {0};
    if (store_disk_free(store, &bytes, &fault) != ERR_OK) {
        log_warning("disk_unknown", LOG_TEXT("what", fault.what));
        return UINT64_MAX;
    }
    return bytes;
}

/* A commit needs both. */
static uint64_t room(const struct controller *ctl)
{
    uint64_t store = room_at(ctl->store);
    uint64_t keys = room_at(ctl->keys);
    return store < keys ? store : keys;
}

bool ballast_is_full(const struct controller *ctl, enum err code)
{
    return code == ERR_FULL || (code == ERR_IO && room(ctl) < NEARLY_NOTHING);
}

bool ballast_is_used_up(const struct controller *ctl)
{
    return ctl->ballast_spent && room(ctl) < NEARLY_NOTHING;
}

static bool is_short(const struct controller *ctl)
{
    return ctl->ballast_spent || room(ctl) < 2 * (uint64_t)ctl->ballast_bytes;
}

void ballast_begin(struct controller *ctl, size_t bytes)
{
    struct fault fault = {0};
    ctl->ballast_bytes = bytes;
    ctl->ballast_spent = store_ballast_make(ctl->store, bytes, &fault) != ERR_OK;
    if (ctl->ballast_spent) {
        log_error("ballast_not_made", LOG_TEXT("what", fault.what));
    }
    ctl->store_short = is_short(ctl);
    ctl->store_full = ballast_is_used_up(ctl);
}

bool ballast_spend(struct controller *ctl, enum err code)
{
    if (ctl->ballast_bytes == 0 || ctl->ballast_spent || !ballast_is_full(ctl, code)) {
        return false;
    }
    ctl->ballast_spent = true;
    ctl->store_short = true;
    struct fault fault = {0};
    enum err err = store_ballast_spend(ctl->store, &fault);
    log_error("ballast_spent", LOG_TEXT("dir", store_dir(ctl->store)),
              LOG_TEXT("do", "free disk space: at the next shortage entries are denied"));
    return err == ERR_OK;
}

static enum err tell(struct controller *ctl, void *ctx, struct fault *fault)
{
    (void)ctx;
    return ctl->store_short ? fault_raise(ctl, &fault_store_short, "", "", "", fault)
                            : fault_end(ctl, &fault_store_short, "", fault);
}

static void make_again(struct controller *ctl)
{
    if (ctl->ballast_spent && room(ctl) >= 3 * (uint64_t)ctl->ballast_bytes &&
        store_ballast_make(ctl->store, ctl->ballast_bytes, NULL) == ERR_OK) {
        ctl->ballast_spent = false;
        log_event("ballast_made", LOG_TEXT("dir", store_dir(ctl->store)));
    }
}

/* What could not be written is told once it can be. */
void ballast_tick(struct controller *ctl)
{
    if (ctl->ballast_bytes == 0) {
        return;
    }
    make_again(ctl);
    ctl->store_short = is_short(ctl);
    ctl->store_full = ballast_is_used_up(ctl) || (ctl->store_full && ctl->store_short);
    if (ctl->store_short != ctl->store_short_told) {
        uint64_t commits = ctl->commits;
        batch_run(ctl, tell, NULL);
        ctl->store_short_told = ctl->commits > commits ? ctl->store_short : !ctl->store_short;
    }
}

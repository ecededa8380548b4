#include "controller/app/notices.h"

#include <string.h>

#include "common/access/civil.h"
#include "common/base/must.h"
#include "common/facts/clearance_store.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "controller/app/batch.h"

/* The days before an end at which somebody is told, the last step first. */
static const uint32_t steps[] = {1, 7, 30};

enum { LOOK_AHEAD_DAYS = 31 };

void notices_wanted(struct controller *ctl)
{
    ctl->notices.wanted = true;
}

/* The step that an end so many days ahead has reached; 0: none yet. */
static uint32_t step_of(int32_t days)
{
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        if (days <= (int32_t)steps[i]) {
            return steps[i];
        }
    }
    return 0;
}

static enum err tell(struct controller *ctl, const Parkgate__ClearanceRecord *record,
                     struct fault *fault)
{
    struct keybuf key;
    struct bytes known;
    Parkgate__NoticeRecord notice = PARKGATE__NOTICE_RECORD__INIT;
    int32_t ends = civil_of(&ctl->tz, (struct wall){record->until_us}).day;
    notice.days = step_of(ends - controller_today(ctl));
    if (notice.days == 0) {
        return ERR_OK;
    }
    notice.tenant = record->tenant;
    notice.person = record->person;
    notice.clearance = record->clearance;
    notice.at_us = ctl->now.us;
    notice.ends_us = record->until_us;
    enum err err = store_get(ctl->txn, TABLE_NOTICE, notice_key(&key, &notice), &known, fault);
    if (err != ERR_NOT_FOUND) {
        return err;
    }
    return controller_record(ctl, ENTRY_NOTICE, "", &notice.base, fault);
}

/* The clearance whose end this row says. */
static enum err tell_of(struct controller *ctl, struct bytes row, struct fault *fault)
{
    struct reader r = reader_of(row);
    Parkgate__ClearanceRecord *record = NULL;
    (void)keybuf_read_wall(&r);
    struct handle person = keybuf_read_handle(&r);
    struct name clearance = keybuf_read_name(&r);
    if (r.bad) {
        return fault_set(fault, ERR_CORRUPT, "clearance_end: a bad key");
    }
    TRY(clearance_get(ctl->txn, person, clearance, &record, fault));
    enum err err = tell(ctl, record, fault);
    parkgate__clearance_record__free_unpacked(record, NULL);
    return err;
}

/* From where the last slice ended. Run again after a full map, it does the same again. */
static enum err slice(struct controller *ctl, void *ctx, struct fault *fault)
{
    struct keybuf until;
    struct bytes key;
    struct bytes value;
    struct notices *notices = ctx;
    AUTO(store_iter_end) struct store_iter iter = {0};
    keybuf_begin(&until);
    keybuf_wall(&until, civil_to_wall(&ctl->tz, controller_today(ctl) + LOOK_AHEAD_DAYS, 0));
    TRY(store_iter_range(ctl->txn, TABLE_CLEARANCE_END,
                         (struct bytes){.data = notices->at.bytes, .size = notices->at.size},
                         keybuf_view(&until), NOTICES_PER_TURN, &iter, fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        struct notices_place *next = &notices->next;
        memcpy(next->bytes, key.data, key.size);
        next->bytes[key.size] = 0; /* with it, the first key behind this one */
        next->size = key.size + 1;
        TRY(tell_of(ctl, (struct bytes){.data = next->bytes, .size = key.size}, fault));
    }
    notices->more = iter.cut;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static void begin(struct controller *ctl)
{
    struct keybuf from;
    keybuf_begin(&from);
    keybuf_wall(&from, ctl->now);
    struct bytes view = keybuf_view(&from);
    memcpy(ctl->notices.at.bytes, view.data, view.size);
    ctl->notices.at.size = view.size;
    ctl->notices.looking = true;
    ctl->notices.wanted = false;
    ctl->notices.day = controller_today(ctl);
}

void notices_tick(struct controller *ctl)
{
    struct notices *notices = &ctl->notices;
    if (!notices->looking && !notices->wanted && notices->day == controller_today(ctl)) {
        return;
    }
    if (!notices->looking) {
        begin(ctl);
    }
    notices->more = true; /* so when the batch is given up, the same slice comes again */
    notices->next = notices->at;
    batch_run(ctl, slice, notices);
    notices->at = notices->next;
    notices->looking = notices->more;
}

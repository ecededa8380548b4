/* crowd: many persons with names who are inside, put into a controller's tables: "Person 0" on,
 * even ones of acme, odd ones of beta, all in the yard. */
#pragma once

#include "common/facts/people_store.h"
#include "common/store/keybuf.h"
#include "controller/app/batch.h"
#include "tests/unit/controller/harness.h"

enum { CROWD_STEP = 500 };

static inline enum err crowd_person(struct controller *ctl, uint32_t number, struct fault *fault)
{
    struct seal_key key;
    uint8_t sealed[256];
    char name[64];
    struct keybuf place;
    struct handle person = controller_draw_handle(ctl);
    Parkgate__Identity identity = PARKGATE__IDENTITY__INIT;
    Parkgate__HolderRecord holder = PARKGATE__HOLDER_RECORD__INIT;
    Parkgate__PresenceRecord presence = PARKGATE__PRESENCE_RECORD__INIT;
    static const struct bytes nothing = {.data = (const uint8_t *)"", .size = 0};
    (void)snprintf(name, sizeof(name), "Person %u", number);
    identity.name = name;
    TRY(controller_holder_key(ctl, person, true, &key, fault));
    holder.holder = people_field(&person);
    holder.tenant = text_of(number % 2 == 0 ? "acme" : "beta");
    holder.kind = PERSON_STAFF;
    holder.sealed.data = sealed;
    holder.sealed.len = controller_seal(ctl, &key, &identity.base, sealed, sizeof(sealed));
    TRY(controller_record(ctl, ENTRY_HOLDER, "", &holder.base, fault));
    presence.inside = true;
    presence.tenant = holder.tenant;
    presence.zone = text_of("yard");
    presence.since_us = ctl->now.us;
    TRY(store_put_message(ctl->txn, TABLE_PRESENCE, BYTES_OF(person.bytes), &presence.base, fault));
    keybuf_begin(&place);
    keybuf_text(&place, holder.tenant);
    keybuf_handle(&place, person);
    return store_put(ctl->txn, TABLE_INSIDE, keybuf_view(&place), nothing, fault);
}

static inline enum err crowd_some(struct controller *ctl, void *ctx, struct fault *fault)
{
    uint32_t *from = ctx;
    for (uint32_t i = 0; i < CROWD_STEP; i++) {
        TRY(crowd_person(ctl, *from + i, fault));
    }
    return ERR_OK;
}

/* A multiple of CROWD_STEP. */
static inline void crowd_add(struct world *w, uint32_t count)
{
    for (uint32_t i = 0; i < count; i += CROWD_STEP) {
        batch_run(w->ctl, crowd_some, &i);
        world_turn(w);
    }
}

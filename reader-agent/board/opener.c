#include "reader-agent/board/opener.h"

#include "common/access/lane.h"
#include "common/base/log.h"
#include "common/base/must.h"

bool opener_guards(const struct helper_lane *lane)
{
    return lane->actuator == ACTUATOR_BOLLARD || lane->crush.present;
}

static uint16_t flash_units(uint32_t open_ms)
{
    uint32_t units = (open_ms + OPENER_FLASH_UNIT_MS - 1) / OPENER_FLASH_UNIT_MS;
    if (units < 1) {
        units = 1;
    }
    return (uint16_t)(units < OPENER_FLASH_UNITS_MAX ? units : OPENER_FLASH_UNITS_MAX);
}

/* Of a flash-on that begins now. */
static struct mono flash_end(uint32_t open_ms, struct mono now)
{
    return mono_after_ms(now, (uint32_t)flash_units(open_ms) * OPENER_FLASH_UNIT_MS);
}

struct opener opener_of(const struct helper_board *setup, struct mono now)
{
    struct opener opener = {
        .has_flash = setup->has_flash, .flash_base = setup->flash_base, .count = setup->lane_count};
    for (size_t i = 0; i < setup->lane_count; i++) {
        const struct helper_lane *lane = &setup->lanes[i];
        struct opener_coil *coil = &opener.coils[i];
        coil->coil = lane->open_coil;
        coil->guarded = opener_guards(lane);
        coil->pass_ms = lane->pass_ms;
        coil->flash.from = now;
        coil->flash.until = mono_after_ms(flash_end(lane->open_ms, now), OPENER_FLASH_SLACK_MS);
    }
    return opener;
}

static struct opener_coil *coil_of(struct opener *opener, uint16_t coil)
{
    for (size_t i = 0; i < opener->count; i++) {
        if (opener->coils[i].coil == coil) {
            return &opener->coils[i];
        }
    }
    MUST(false);
    return NULL;
}

static enum err open_by_coil(struct opener *opener, struct bus *bus, const struct helper_lane *lane,
                             struct mono now, struct fault *fault)
{
    struct opener_coil *coil = coil_of(opener, lane->open_coil);
    enum err err = bus_write_coil(bus, lane->open_coil, true, fault);
    if (err != ERR_REFUSED) {
        /* Without an answer it may be on all the same: it is switched off in time. */
        coil->on = true;
        coil->off_at = mono_after_ms(now, lane->open_ms);
    }
    return err;
}

/* It began between `now`, the order, and now: the board's timer may be that much later. */
static void note_flash(struct opener_coil *coil, uint32_t open_ms, struct mono now)
{
    coil->flash.from = flash_end(open_ms, now);
    coil->flash.until = mono_after_ms(coil->flash.from, OPENER_FLASH_SLACK_MS);
}

enum err opener_open(struct opener *opener, struct bus *bus, const struct helper_lane *lane,
                     bool fresh, struct mono now, struct fault *fault)
{
    MUST(!fresh || !opener_guards(lane));
    if (opener_is_held(opener, lane)) {
        return ERR_OK;
    }
    enum err off = fresh ? bus_write_coil(bus, lane->open_coil, false, fault) : ERR_OK;
    if (off != ERR_OK && off != ERR_REFUSED) {
        return off; /* a board that refuses may open all the same */
    }
    if (!opener->has_flash || opener_guards(lane)) {
        return open_by_coil(opener, bus, lane, now, fault);
    }
    enum err err = bus_write_register(bus, (uint16_t)(opener->flash_base + lane->open_coil),
                                      flash_units(lane->open_ms), fault);
    if (err != ERR_REFUSED) {
        note_flash(coil_of(opener, lane->open_coil), lane->open_ms, now); /* answered or not */
        return err;
    }
    /* Configured wrongly; but somebody stands before the lane. */
    log_warning("board_without_flash", LOG_NUM("register", opener->flash_base + lane->open_coil));
    opener->has_flash = false;
    return open_by_coil(opener, bus, lane, now, fault);
}

/* A board that refuses to read its flash-on register may have none, whatever the setup says: an
 * earlier process may have switched a coil on. */
static enum err may_hold_coils(const struct opener *opener, struct bus *bus, bool *ret_may,
                               struct fault *fault)
{
    uint16_t left = 0;
    enum err err = ERR_REFUSED;
    if (opener->has_flash && opener->count > 0) {
        err = bus_read_holding(bus, (uint16_t)(opener->flash_base + opener->coils[0].coil), 1,
                               &left, fault);
    }
    *ret_may = err == ERR_REFUSED;
    return err == ERR_REFUSED ? ERR_OK : err;
}

/* Of a lane with a guard nobody knows here what is on its way through. */
static void take_for_open(struct opener_coil *coil, struct mono now)
{
    uint32_t least_ms = coil->on ? LANE_CLEAR_MS : coil->pass_ms;
    struct mono least = mono_after_ms(now, least_ms);
    if (!coil->on || mono_before(coil->off_at, least)) {
        coil->off_at = least;
    }
    coil->on = true;
}

enum err opener_reset(struct opener *opener, struct bus *bus, struct mono now, struct fault *fault)
{
    bool may = false;
    TRY(may_hold_coils(opener, bus, &may, fault));
    for (size_t i = 0; i < opener->count; i++) {
        struct opener_coil *coil = &opener->coils[i];
        if (coil->held) {
            continue;
        }
        if (coil->guarded) {
            take_for_open(coil, now);
        } else if (may) {
            TRY(bus_write_coil(bus, coil->coil, false, fault));
            coil->on = false;
        }
    }
    return ERR_OK;
}

void opener_keep(struct opener *opener, const struct helper_lane *lane, uint32_t ms,
                 struct mono now)
{
    struct opener_coil *coil = coil_of(opener, lane->open_coil);
    struct mono until = mono_after_ms(now, ms);
    if (coil->on && mono_before(coil->off_at, until)) {
        coil->off_at = until;
    }
}

static void switch_off(struct opener_coil *coil, struct bus *bus)
{
    if (bus_write_coil(bus, coil->coil, false, NULL) == ERR_OK) {
        coil->on = false;
    }
}

static void switch_off_due(struct opener *opener, struct bus *bus, bool guarded, struct mono now)
{
    for (size_t i = 0; i < opener->count; i++) {
        struct opener_coil *coil = &opener->coils[i];
        if (coil->on && !coil->held && coil->guarded == guarded &&
            !mono_before(now, coil->off_at) && bus_is_connected(bus)) {
            switch_off(coil, bus);
        }
    }
}

void opener_tick(struct opener *opener, struct bus *bus, struct mono now)
{
    switch_off_due(opener, bus, false, now);
}

void opener_close(struct opener *opener, struct bus *bus, struct mono now)
{
    switch_off_due(opener, bus, true, now);
}

void opener_release(struct opener *opener, struct bus *bus)
{
    for (size_t i = 0; i < opener->count; i++) {
        const struct opener_coil *coil = &opener->coils[i];
        if (coil->on && !coil->held && !coil->guarded && bus_is_connected(bus)) {
            switch_off(&opener->coils[i], bus);
        }
    }
}

int64_t opener_wait_ms(const struct opener *opener, struct mono now)
{
    int64_t wait_ms = -1;
    for (size_t i = 0; i < opener->count; i++) {
        const struct opener_coil *coil = &opener->coils[i];
        if (coil->on && !coil->held && !coil->guarded) {
            int64_t due_ms = (opener->coils[i].off_at.us - now.us + 999) / 1000;
            due_ms = due_ms > 0 ? due_ms : 0;
            wait_ms = wait_ms < 0 || due_ms < wait_ms ? due_ms : wait_ms;
        }
    }
    return wait_ms;
}

/* Fire and evacuation */

void opener_hold(struct opener *opener, size_t index)
{
    MUST(index < opener->count);
    opener->coils[index].held = true;
}

bool opener_is_held(const struct opener *opener, const struct helper_lane *lane)
{
    for (size_t i = 0; i < opener->count; i++) {
        if (opener->coils[i].coil == lane->open_coil) {
            return opener->coils[i].held;
        }
    }
    return false;
}

int64_t opener_flash_wait_ms(const struct opener *opener, struct mono now)
{
    int64_t wait_ms = -1;
    for (size_t i = 0; i < opener->count; i++) {
        const struct opener_coil *coil = &opener->coils[i];
        if (!coil->held || !mono_before(now, coil->flash.until)) {
            continue;
        }
        int64_t due_ms =
            mono_before(now, coil->flash.from) ? (coil->flash.from.us - now.us + 999) / 1000 : 0;
        wait_ms = wait_ms < 0 || due_ms < wait_ms ? due_ms : wait_ms;
    }
    return wait_ms;
}

static bool holds_coil(const struct opener *opener, unsigned coil)
{
    for (size_t i = 0; i < opener->count; i++) {
        if (opener->coils[i].held && opener->coils[i].coil == coil) {
            return true;
        }
    }
    return false;
}

/* The held coils from `coil` on that are neighbours; 0: it is none, or not the first of its run. */
static uint16_t run_at(const struct opener *opener, const struct opener_coil *coil)
{
    uint16_t length = 0;
    if (!coil->held || (coil->coil > 0 && holds_coil(opener, coil->coil - 1U))) {
        return 0;
    }
    while (holds_coil(opener, (unsigned)coil->coil + length)) {
        length++;
    }
    return length;
}

/* A refused coil is named once; it is tried again with every release. */
static enum err release_one(struct opener *opener, struct bus *bus, uint16_t number,
                            struct fault *fault)
{
    struct opener_coil *coil = coil_of(opener, number);
    enum err err = bus_release(bus, number, 1, fault);
    bool refused = err == ERR_REFUSED;
    if (refused && !coil->refused) {
        log_error("exit_refused", LOG_NUM("coil", number), LOG_TEXT("why", fault->what));
    }
    coil->refused = err == ERR_IO ? coil->refused : refused;
    return err;
}

/* A board that knows no writing of many coils, or not of all these, gets them one by one. */
static enum err release_run(struct opener *opener, struct bus *bus, uint16_t first, uint16_t count,
                            struct fault *fault)
{
    enum err worst = count > 1 ? bus_release(bus, first, count, fault) : ERR_REFUSED;
    if (worst != ERR_REFUSED) {
        return worst;
    }
    worst = ERR_OK;
    for (uint16_t i = 0; i < count; i++) {
        enum err err = release_one(opener, bus, (uint16_t)(first + i), fault);
        if (err != ERR_OK && err != ERR_REFUSED) {
            return err;
        }
        worst = err == ERR_OK ? worst : err;
    }
    return worst;
}

enum err opener_release_held(struct opener *opener, struct bus *bus, struct fault *fault)
{
    enum err worst = ERR_OK;
    for (size_t i = 0; i < opener->count; i++) {
        const struct opener_coil *coil = &opener->coils[i];
        uint16_t length = run_at(opener, coil);
        enum err err = length > 0 ? release_run(opener, bus, coil->coil, length, fault) : ERR_OK;
        if (err != ERR_OK && err != ERR_REFUSED) {
            return err;
        }
        worst = err == ERR_OK ? worst : err;
    }
    return worst;
}

void opener_release_everywhere(const struct opener *opener, struct bus *bus)
{
    for (size_t i = 0; i < opener->count; i++) {
        uint16_t length = run_at(opener, &opener->coils[i]);
        if (length > 0) {
            bus_release_all(bus, opener->coils[i].coil, length);
        }
    }
}

enum err opener_let_go(struct opener *opener, struct bus *bus, size_t index, struct mono now,
                       struct fault *fault)
{
    MUST(index < opener->count);
    struct opener_coil *coil = &opener->coils[index];
    if (coil->guarded) {
        coil->held = false;
        coil->on = true;
        coil->off_at = mono_after_ms(now, LANE_CLEAR_MS);
        return ERR_OK;
    }
    enum err err = bus_write_coil(bus, coil->coil, false, fault);
    if (err != ERR_IO) {
        coil->held = false;
        coil->on = false;
    }
    return err;
}

enum err opener_shut(struct opener *opener, struct bus *bus, const struct helper_lane *lane,
                     struct fault *fault)
{
    struct opener_coil *coil = coil_of(opener, lane->open_coil);
    if (coil->held || coil->guarded) {
        return ERR_OK;
    }
    enum err err = bus_write_coil(bus, coil->coil, false, fault);
    coil->on = coil->on && err == ERR_IO;
    return err;
}

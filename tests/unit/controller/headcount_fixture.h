/* headcount_fixture: a store in a temporary directory and passages in one line, for the tests of
 * the headcount. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/access/business_day.h"
#include "common/base/must.h"
#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "common/store/store.h"
#include "controller/store/headcount_store.h"
#include "schema/kinds.h"

#define MINUTE_US ((int64_t)60 * 1000000)
/* 2026-03-02, a Monday. Times in these tests are UTC. */
enum { MONDAY = 20514 };
/* An instant so many days after Monday 00:00. */
#define AT(day, hour, minute)                                                                      \
    ((((int64_t)MONDAY + (day)) * 1440 + (int64_t)(hour)*60 + (minute)) * MINUTE_US)

struct fixture {
    char dir[64];
    struct store *store;
    struct store_txn *txn;
    uint64_t journal; /* of the last passage */
};

/* One passage. NULL texts are "". */
struct step {
    uint8_t who; /* 1 and up; handles begin with it */
    int64_t at_us;
    uint32_t direction;
    const char *tenant;
    int32_t day; /* after MONDAY */
    const char *to, *from;
    uint32_t kind;        /* 0: PERSON_STAFF */
    uint32_t attribution; /* 0: in shift */
    const char *shift;
    bool unsensed, vehicle;
    int64_t delay_us; /* journalled so much later */
    uint64_t journal; /* 0: the next */
};

static inline struct handle handle_of(uint8_t who)
{
    return (struct handle){
        .bytes = {who, 0xaa}
    };
}

static inline struct name name_of(const char *text)
{
    struct name name;
    MUST(name_from_text(text, &name));
    return name;
}

static inline void fixture_open(struct fixture *f)
{
    struct fault fault = {0};
    *f = (struct fixture){.dir = "/tmp/parkgate-count-XXXXXX"};
    assert_non_null(mkdtemp(f->dir));
    char dir[80];
    (void)snprintf(dir, sizeof(dir), "%s/store", f->dir);
    const struct store_options options = {.dir = dir,
                                          .kind = CONTROLLER_STORE_KIND,
                                          .version = CONTROLLER_STORE_VERSION,
                                          .tables = table_names,
                                          .table_count = TABLE_COUNT,
                                          .map_size = (size_t)256 << 20,
                                          .create = true};
    if (store_open(&options, &f->store, &fault) != ERR_OK) {
        fail_msg("store: %s", fault.what);
    }
    assert_int_equal(store_begin_write(f->store, &f->txn, &fault), ERR_OK);
}

/* Nothing of it is kept: the transaction is aborted and the files are removed. */
static inline void fixture_close(struct fixture *f)
{
    static const char *const files[] = {"data.mdb", "lock.mdb", "owner"};
    char path[120];
    store_txn_destroy(&f->txn);
    store_destroy(&f->store);
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        (void)snprintf(path, sizeof(path), "%s/store/%s", f->dir, files[i]);
        (void)unlink(path);
    }
    (void)snprintf(path, sizeof(path), "%s/store", f->dir);
    (void)rmdir(path);
    (void)rmdir(f->dir);
}

/* Forgets what was written since the store was opened. */
static inline void fixture_restart(struct fixture *f)
{
    store_txn_destroy(&f->txn);
    f->journal = 0;
    assert_int_equal(store_begin_write(f->store, &f->txn, NULL), ERR_OK);
}

static inline char *or_empty(const char *text)
{
    return (char *)(uintptr_t)(text != NULL ? text : "");
}

/* `holder` must outlive the entry. */
static inline Parkgate__EventEntry step_entry(const struct step *step, struct handle *holder)
{
    Parkgate__EventEntry entry = PARKGATE__EVENT_ENTRY__INIT;
    *holder = handle_of(step->who);
    entry.kind = EVENT_PASSAGE;
    entry.passage = PASSAGE_PASSED;
    entry.counts = true;
    entry.holder = (ProtobufCBinaryData){HANDLE_SIZE, holder->bytes};
    entry.captured_us = step->at_us;
    entry.received_us = step->at_us + step->delay_us;
    entry.direction = step->direction;
    entry.tenant = or_empty(step->tenant);
    entry.business_day = MONDAY + step->day;
    entry.attribution = step->attribution != 0 ? step->attribution : BUSINESS_DAY_IN_SHIFT;
    entry.shift = or_empty(step->shift);
    entry.person_kind = step->kind != 0 ? step->kind : PERSON_STAFF;
    entry.zone_to = or_empty(step->to);
    entry.zone_from = or_empty(step->from);
    entry.unsensed = step->unsensed;
    entry.vehicle = step->vehicle;
    return entry;
}

static inline enum err try_step(struct fixture *f, const struct step *step, struct fault *fault)
{
    struct handle holder;
    Parkgate__EventEntry entry = step_entry(step, &holder);
    uint64_t journal = step->journal != 0 ? step->journal : ++f->journal;
    return headcount_apply(f->txn, journal, (struct wall){entry.received_us}, &entry, fault);
}

static inline void apply_step(struct fixture *f, const struct step *step)
{
    struct fault fault = {0};
    if (try_step(f, step, &fault) != ERR_OK) {
        fail_msg("headcount_apply: %s", fault.what);
    }
}

#define apply_steps(f, steps)                                                                      \
    do {                                                                                           \
        for (size_t step_ = 0; step_ < ARRAY_LEN(steps); step_++) {                                \
            apply_step(f, &(steps)[step_]);                                                        \
        }                                                                                          \
    } while (0)

/* --- what the tables say --- */

struct figures {
    uint32_t persons, entries, exits, unpaired, unsensed, revision;
    int32_t present;
};

static inline struct figures day_of(struct fixture *f, const char *tenant, int32_t day)
{
    struct keybuf key;
    struct figures got = {0};
    keybuf_begin(&key);
    keybuf_name(&key, name_of(tenant));
    keybuf_u32(&key, (uint32_t)(MONDAY + day));
    AUTO(store_message_destroy) ProtobufCMessage *found = NULL;
    enum err err = store_get_message(f->txn, TABLE_DAY, keybuf_view(&key),
                                     &parkgate__day_record__descriptor, &found, NULL);
    if (err == ERR_OK) {
        const Parkgate__DayRecord *r = (const Parkgate__DayRecord *)found;
        got = (struct figures){r->persons,  r->entries,  r->exits,  r->unpaired,
                               r->unsensed, r->revision, r->present};
    } else {
        assert_int_equal(err, ERR_NOT_FOUND);
    }
    return got;
}

#define check_day(f, tenant, day, ...)                                                             \
    check_day_at(f, tenant, day, (struct figures){__VA_ARGS__}, __FILE__, __LINE__)

static inline void check_day_at(struct fixture *f, const char *tenant, int32_t day,
                                struct figures want, const char *file, int line)
{
    struct figures got = day_of(f, tenant, day);
    const struct {
        const char *figure;
        int64_t got, want;
    } figures[] = {
        {"persons",  got.persons,  want.persons },
        {"entries",  got.entries,  want.entries },
        {"exits",    got.exits,    want.exits   },
        {"unpaired", got.unpaired, want.unpaired},
        {"unsensed", got.unsensed, want.unsensed},
        {"revision", got.revision, want.revision},
        {"present",  got.present,  want.present },
    };
    for (size_t i = 0; i < ARRAY_LEN(figures); i++) {
        if (figures[i].got != figures[i].want) {
            print_error("%s day %d %s: %d, expected %d\n", tenant, (int)day, figures[i].figure,
                        (int)figures[i].got, (int)figures[i].want);
            _fail(file, line);
        }
    }
}

static inline int32_t zone_now(struct fixture *f, const char *zone)
{
    struct keybuf key;
    keybuf_begin(&key);
    keybuf_name(&key, name_of(zone));
    AUTO(store_message_destroy) ProtobufCMessage *found = NULL;
    enum err err = store_get_message(f->txn, TABLE_ZONE_NOW, keybuf_view(&key),
                                     &parkgate__count_record__descriptor, &found, NULL);
    return err == ERR_OK ? ((Parkgate__CountRecord *)found)->value : 0;
}

/* --- random passages --- */

static inline uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* Few holders, tenants and zones, and instants 15 s apart within `minutes`, so that ties, full
 * minutes and quarters and all orders of entry, move and exit come up. */
static inline struct step random_step(uint64_t *seed, unsigned holders, unsigned minutes)
{
    static const char *const zones[] = {"", "yard", "yard/hall", "yard/lab", "dock"};
    static const char *const tenants[] = {"acme", "bolt"};
    return (struct step){
        .who = (uint8_t)(1 + next_random(seed) % holders),
        .at_us = AT(0, 23, 0) + (int64_t)(next_random(seed) % (4 * minutes)) * MINUTE_US / 4,
        .direction = next_random(seed) % 2 != 0 ? LANE_IN : LANE_OUT,
        .tenant = tenants[next_random(seed) % 2],
        .day = (int32_t)(next_random(seed) % 2),
        .kind = (uint32_t)(1 + next_random(seed) % 4),
        .attribution = (uint32_t)(1 + next_random(seed) % 5),
        .shift = next_random(seed) % 2 != 0 ? "early" : "late",
        .unsensed = next_random(seed) % 4 == 0,
        .vehicle = false,
        .to = zones[next_random(seed) % ARRAY_LEN(zones)],
        .from = zones[next_random(seed) % ARRAY_LEN(zones)],
    };
}

static inline void shuffle(struct step *steps, size_t count, uint64_t *seed)
{
    for (size_t i = count - 1; i > 0; i--) {
        size_t j = next_random(seed) % (i + 1);
        struct step kept = steps[i];
        steps[i] = steps[j];
        steps[j] = kept;
    }
}

/* The headcount, worked out from the turns of the arms, and compared with the controller's tables:
 *
 *   I4  persons, entries, exits and present of every tenant's day, after each turn of the
 * controller
 */
#include <stdlib.h>
#include <string.h>

#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "common/store/store.h"
#include "schema/record.pb-c.h"
#include "tests/sim/sim.h"

enum { TENANTS = 2, DAYS_MAX = 64 };

struct pass {
    int64_t at;
    uint64_t order;
    bool out;
};

struct followed {
    struct pass *passes;
    size_t count, room;
    bool inside;
};

struct day {
    int32_t persons, entries, exits, present;
    bool changed;
};

static const char *const tenant_names[TENANTS] = {"acme", "beta"};

static struct {
    struct followed people[PEOPLE_MAX];
    struct day days[TENANTS][DAYS_MAX];
    int32_t inside[TENANTS];
    bool any_changed;
    int32_t first_day;
    uint64_t checks;
} t;

void counts_reset(void)
{
    for (size_t i = 0; i < PEOPLE_MAX; i++) {
        free(t.people[i].passes);
    }
    memset(&t, 0, sizeof(t));
    t.first_day = (int32_t)((sim.now + 8 * HOUR) / (24 * HOUR)) - 3;
}

bool counts_are_new(void)
{
    return t.any_changed;
}

uint64_t counts_checks(void)
{
    return t.checks;
}

/* --- days, by the words of docs/decision-rules.md part 2 --- */

static int32_t day_of(const struct person *person, int64_t at)
{
    int64_t minutes = (at + 8 * HOUR) / MINUTE; /* Asia/Shanghai has one offset */
    int32_t day = (int32_t)(minutes / 1440);
    int32_t minute = (int32_t)(minutes % 1440);
    int32_t cut = person->tenant == 0 ? 360 : 240;
    if (person->night && minute >= 22 * 60 - 30) {
        return day;
    }
    if (person->night && minute < 7 * 60) {
        return day - 1;
    }
    if (!person->night && minute >= 8 * 60 - 30 && minute < 17 * 60) {
        return day;
    }
    return minute < cut ? day - 1 : day;
}

bool counts_know_day(unsigned number, int64_t at, int32_t day)
{
    const struct person *person = person_of(number);
    const struct followed *followed = &t.people[number];
    if (person->unknown) {
        return day == (int32_t)((at + 8 * HOUR) / (24 * HOUR));
    }
    for (size_t i = 0; i < followed->count; i++) {
        if (!followed->passes[i].out && day_of(person, followed->passes[i].at) == day) {
            return true;
        }
    }
    return day_of(person, at) == day;
}

static struct day *day_at(unsigned tenant, int32_t day)
{
    int32_t index = day - t.first_day;
    if (index < 0 || index >= DAYS_MAX) {
        return NULL; /* a clock was years off */
    }
    t.days[tenant][index].changed = true;
    t.any_changed = true;
    return &t.days[tenant][index];
}

static void add(struct day *day, int32_t sign, int32_t persons, int32_t entries, int32_t exits,
                int32_t present)
{
    if (day != NULL) {
        day->persons += sign * persons;
        day->entries += sign * entries;
        day->exits += sign * exits;
        day->present += sign * present;
    }
}

/* Adds (1) or takes back (-1) all that a person's passages say. */
static void count_person(unsigned number, int32_t sign)
{
    const struct person *person = person_of(number);
    struct followed *followed = &t.people[number];
    int32_t inside_day = 0;
    followed->inside = false;
    for (size_t i = 0; i < followed->count; i++) {
        const struct pass *pass = &followed->passes[i];
        int32_t own = day_of(person, pass->at);
        if (pass->out) {
            add(day_at(person->tenant, followed->inside ? inside_day : own), sign, 0, 0, 1, 0);
            followed->inside = false;
            continue;
        }
        bool first = true;
        for (size_t k = 0; k < i && first; k++) {
            first = followed->passes[k].out || day_of(person, followed->passes[k].at) != own;
        }
        add(day_at(person->tenant, own), sign, first ? 1 : 0, 1, 0, 0);
        followed->inside = true;
        inside_day = own;
    }
    if (followed->inside) {
        add(day_at(person->tenant, inside_day), sign, 0, 0, 0, 1);
        t.inside[person->tenant] += sign;
    }
}

void counts_add(unsigned number, int64_t at, uint64_t order, bool out)
{
    struct followed *followed = &t.people[number];
    count_person(number, -1);
    if (followed->count == followed->room) {
        followed->room = followed->room == 0 ? 8 : 2 * followed->room;
        followed->passes = realloc(followed->passes, followed->room * sizeof(followed->passes[0]));
        MUST(followed->passes != NULL);
    }
    size_t i = followed->count++;
    while (i > 0 && (followed->passes[i - 1].at > at ||
                     (followed->passes[i - 1].at == at && followed->passes[i - 1].order > order))) {
        followed->passes[i] = followed->passes[i - 1];
        i--;
    }
    followed->passes[i] = (struct pass){.at = at, .order = order, .out = out};
    count_person(number, 1);
}

/* --- comparing --- */

static void compare(const char *tenant, int32_t day, const char *what, int64_t table, int64_t ours)
{
    if (table != ours) {
        sim_fail("I4", "%s day %d: %s is %lld, and %lld went through the arms", tenant, day, what,
                 (long long)table, (long long)ours);
    }
}

static struct name name_of(const char *text)
{
    struct name name = {.text = ""};
    MUST(name_from_text(text, &name));
    return name;
}

static void compare_day(struct store_txn *txn, unsigned tenant, int32_t day, const struct day *ours)
{
    static const Parkgate__DayRecord none = PARKGATE__DAY_RECORD__INIT;
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    struct fault fault = {0};
    keybuf_begin(&key);
    keybuf_name(&key, name_of(tenant_names[tenant]));
    keybuf_u32(&key, (uint32_t)day);
    enum err err = store_get_message(txn, TABLE_DAY, keybuf_view(&key),
                                     &parkgate__day_record__descriptor, &message, &fault);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        sim_fail("I4", "%s", fault.what);
    }
    const Parkgate__DayRecord *record =
        err == ERR_OK ? (const Parkgate__DayRecord *)(const void *)message : &none;
    compare(tenant_names[tenant], day, "persons", record->persons, ours->persons);
    compare(tenant_names[tenant], day, "entries", record->entries, ours->entries);
    compare(tenant_names[tenant], day, "exits", record->exits, ours->exits);
    compare(tenant_names[tenant], day, "present", record->present, ours->present);
    store_message_destroy(&message);
}

static void compare_inside(struct store_txn *txn, unsigned tenant)
{
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    keybuf_begin(&key);
    keybuf_name(&key, name_of(tenant_names[tenant]));
    enum err err = store_get_message(txn, TABLE_TENANT_NOW, keybuf_view(&key),
                                     &parkgate__count_record__descriptor, &message, NULL);
    int64_t value =
        err == ERR_OK ? ((const Parkgate__CountRecord *)(const void *)message)->value : 0;
    compare(tenant_names[tenant], 0, "inside now", value, t.inside[tenant]);
    store_message_destroy(&message);
}

void counts_check(bool changed_only)
{
    struct store_txn *txn = NULL;
    MUST(store_begin_read(controller_store(), &txn, NULL) == ERR_OK);
    for (unsigned tenant = 0; tenant < TENANTS; tenant++) {
        for (int32_t i = 0; i < DAYS_MAX; i++) {
            if (t.days[tenant][i].changed || !changed_only) {
                compare_day(txn, tenant, t.first_day + i, &t.days[tenant][i]);
                t.days[tenant][i].changed = false;
            }
        }
        compare_inside(txn, tenant);
    }
    store_txn_destroy(&txn);
    t.any_changed = false;
    t.checks++;
}

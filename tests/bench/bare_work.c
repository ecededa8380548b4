#include "tests/bench/bare_work.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/must.h"
#include "common/store/keybuf.h"
#include "common/store/store.h"

enum bare_table {
    T_JOURNAL,
    T_EVENT,
    T_APPLIED,
    T_AGENT,
    T_KEY,
    T_LANE_STATE,
    T_TENANT_STATE,
    T_CREDENTIAL,
    T_HOLDER,
    T_ASSIGNMENT,
    T_PERSON_KEY,
    T_WATCH,
    T_GRANT,
    T_PASSAGE,
    T_PRESENCE,
    T_INSIDE,
    T_ATTENDANCE,
    T_DAY,
    T_MOVE,
    T_QUARTER,
    T_ZONE_NOW,
    T_COUNT,
};

static const char *const names[T_COUNT] = {
    "journal",    "event",  "applied",    "agent",      "key",   "lane_state", "tenant_state",
    "credential", "holder", "assignment", "person_key", "watch", "grant",      "passage",
    "presence",   "inside", "attendance", "day",        "move",  "quarter",    "zone_now",
};

enum key_kind {
    K_NUMBER,        /* of the event: always behind all others */
    K_BADGE,         /* 32 bytes that look random, of the person */
    K_PERSON,        /* 16 bytes that look random */
    K_PERSON_NUMBER, /* the person's, then the event's number */
    K_BOX,           /* 32 bytes of the box */
    K_BOX_SEQUENCE,
    K_BOX_BEFORE, /* the event of the box before this one */
    K_LANE_PERSON,
    K_TENANT,
    K_TENANT_PERSON,
    K_TENANT_NUMBER,
    K_TENANT_MINUTE,
    K_TENANT_QUARTER,
    K_ZONE,
    K_ZONE_NUMBER,
    K_ZONE_MINUTE,
    K_ZONE_QUARTER,
};

struct op {
    enum bare_table table;
    enum key_kind key;
    uint16_t value_size; /* 0: a read */
};

struct op_list {
    const char *name;
    const struct op *presentation;
    size_t presentation_count;
    const struct op *passage;
    size_t passage_count;
};

static const struct op same_presentation[] = {
    {T_KEY,          K_BOX,          0  },
    {T_EVENT,        K_BOX_SEQUENCE, 0  },
    {T_LANE_STATE,   K_ZONE,         0  },
    {T_CREDENTIAL,   K_BADGE,        0  },
    {T_HOLDER,       K_PERSON,       0  },
    {T_ASSIGNMENT,   K_PERSON,       0  },
    {T_TENANT_STATE, K_TENANT,       0  },
    {T_GRANT,        K_LANE_PERSON,  0  },
    {T_PERSON_KEY,   K_PERSON,       0  },
    {T_JOURNAL,      K_NUMBER,       420},
    {T_EVENT,        K_BOX_SEQUENCE, 150},
    {T_APPLIED,      K_BOX,          8  },
    {T_AGENT,        K_BOX,          130},
    {T_GRANT,        K_LANE_PERSON,  20 },
};

static const struct op same_passage[] = {
    {T_KEY,          K_BOX,            0  },
    {T_EVENT,        K_BOX_SEQUENCE,   0  },
    {T_EVENT,        K_BOX_BEFORE,     0  },
    {T_ASSIGNMENT,   K_PERSON,         0  },
    {T_HOLDER,       K_PERSON,         0  },
    {T_TENANT_STATE, K_TENANT,         0  },
    {T_JOURNAL,      K_NUMBER,         360},
    {T_EVENT,        K_BOX_SEQUENCE,   150},
    {T_APPLIED,      K_BOX,            8  },
    {T_AGENT,        K_BOX,            130},
    {T_GRANT,        K_LANE_PERSON,    20 },
    {T_EVENT,        K_BOX_BEFORE,     152},
    {T_PRESENCE,     K_PERSON,         0  },
    {T_PASSAGE,      K_PERSON_NUMBER,  60 },
    {T_MOVE,         K_TENANT_NUMBER,  6  },
    {T_QUARTER,      K_TENANT_MINUTE,  0  },
    {T_QUARTER,      K_TENANT_MINUTE,  20 },
    {T_QUARTER,      K_TENANT_QUARTER, 0  },
    {T_QUARTER,      K_TENANT_QUARTER, 20 },
    {T_MOVE,         K_ZONE_NUMBER,    6  },
    {T_QUARTER,      K_ZONE_MINUTE,    0  },
    {T_QUARTER,      K_ZONE_MINUTE,    20 },
    {T_QUARTER,      K_ZONE_QUARTER,   0  },
    {T_QUARTER,      K_ZONE_QUARTER,   20 },
    {T_ZONE_NOW,     K_ZONE,           0  },
    {T_ZONE_NOW,     K_ZONE,           7  },
    {T_PRESENCE,     K_PERSON,         60 },
    {T_INSIDE,       K_TENANT_PERSON,  1  },
    {T_ATTENDANCE,   K_TENANT_PERSON,  0  },
    {T_ATTENDANCE,   K_TENANT_PERSON,  40 },
    {T_DAY,          K_TENANT,         0  },
    {T_DAY,          K_TENANT,         30 },
};

static const struct op least[] = {
    {T_CREDENTIAL, K_BADGE,         0  },
    {T_HOLDER,     K_PERSON,        0  },
    {T_WATCH,      K_BADGE,         0  },
    {T_JOURNAL,    K_NUMBER,        200},
    {T_PASSAGE,    K_PERSON_NUMBER, 1  },
    {T_PRESENCE,   K_PERSON,        60 },
    {T_DAY,        K_TENANT,        30 },
    {T_AGENT,      K_BOX,           130},
};

static const struct op_list lists[] = {
    {"same",  same_presentation, ARRAY_LEN(same_presentation), same_passage,
     ARRAY_LEN(same_passage)                                                                 },
    {"least", least,             ARRAY_LEN(least),             least,        ARRAY_LEN(least)},
};

/* What stands there before the first event. */
static const struct op filling[] = {
    {T_CREDENTIAL, K_BADGE,  180},
    {T_HOLDER,     K_PERSON, 260},
    {T_ASSIGNMENT, K_PERSON, 70 },
    {T_PERSON_KEY, K_PERSON, 32 },
    {T_WATCH,      K_BADGE,  100},
};

struct bare_work {
    struct store *store;
    struct store_txn *txn;
    const struct op_list *list;
    uint64_t next_number;
};

/* --- keys --- */

/* splitmix64: spreads numbers over all bytes, so that keys come in no order. */
static uint64_t spread(uint64_t value)
{
    value += UINT64_C(0x9e3779b97f4a7c15);
    value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
    return value ^ value >> 31;
}

static void add_spread(struct keybuf *key, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i += sizeof(uint64_t)) {
        keybuf_u64(key, spread(value + i));
    }
}

static void add_time(struct keybuf *key, int64_t unit_s)
{
    const struct clock *clock = clock_system();
    keybuf_u64(key, (uint64_t)(clock->wall(clock->ctx).us / 1000000 / unit_s));
}

static struct bytes key_of(struct keybuf *key, enum key_kind kind, const struct bare_event *event)
{
    uint32_t tenant = event->person % BARE_TENANTS;
    bool is_tenant = kind >= K_TENANT && kind <= K_TENANT_QUARTER;
    keybuf_begin(key);
    if (is_tenant) {
        keybuf_u8(key, kind == K_TENANT_MINUTE ? 't' : 'T');
        keybuf_u64(key, tenant);
    } else if (kind >= K_ZONE) {
        keybuf_u8(key, kind == K_ZONE_MINUTE ? 'z' : 'Z');
        keybuf_u64(key, 1);
    }
    switch (kind) {
    case K_NUMBER:
        keybuf_u64(key, event->number);
        break;
    case K_BADGE:
        add_spread(key, event->person, 32);
        break;
    case K_PERSON:
    case K_TENANT_PERSON:
        add_spread(key, event->person, 16);
        break;
    case K_PERSON_NUMBER:
        add_spread(key, event->person, 16);
        keybuf_u64(key, event->number);
        break;
    case K_BOX:
        add_spread(key, event->box, 32);
        break;
    case K_BOX_SEQUENCE:
    case K_BOX_BEFORE:
        add_spread(key, event->box, 32);
        keybuf_u64(key, event->sequence - (kind == K_BOX_BEFORE));
        break;
    case K_LANE_PERSON:
        keybuf_u64(key, event->box);
        add_spread(key, event->person, 16);
        break;
    case K_TENANT_NUMBER:
    case K_ZONE_NUMBER:
        add_time(key, 900);
        keybuf_u64(key, event->number);
        break;
    case K_TENANT_MINUTE:
    case K_ZONE_MINUTE:
        add_time(key, 60);
        break;
    case K_TENANT_QUARTER:
    case K_ZONE_QUARTER:
        add_time(key, 900);
        break;
    case K_TENANT:
    case K_ZONE:
        break;
    }
    return keybuf_view(key);
}

/* --- work --- */

static enum err do_op(struct store_txn *txn, const struct op *op, const struct bare_event *event,
                      struct fault *fault)
{
    static const uint8_t value[512];
    struct keybuf buffer;
    struct bytes found;
    struct bytes key = key_of(&buffer, op->key, event);
    if (op->value_size == 0) {
        enum err err = store_get(txn, op->table, key, &found, fault);
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    struct bytes put = {.data = value, .size = op->value_size};
    return op->key == K_NUMBER ? store_put_append(txn, op->table, key, put, fault)
                               : store_put(txn, op->table, key, put, fault);
}

enum err bare_work_event(struct bare_work *work, const struct bare_event *event,
                         struct fault *fault)
{
    bool passage = event->sequence % 2 == 0;
    const struct op *ops = passage ? work->list->passage : work->list->presentation;
    size_t count = passage ? work->list->passage_count : work->list->presentation_count;
    if (work->txn == NULL) {
        TRY(store_begin_write(work->store, &work->txn, fault));
    }
    for (size_t i = 0; i < count; i++) {
        TRY(do_op(work->txn, &ops[i], event, fault));
    }
    work->next_number = event->number + 1;
    return ERR_OK;
}

enum err bare_work_commit(struct bare_work *work, struct fault *fault)
{
    return work->txn == NULL ? ERR_OK : store_commit(&work->txn, fault);
}

uint64_t bare_work_next_number(const struct bare_work *work)
{
    return work->next_number;
}

/* --- opening --- */

static enum err fill(struct bare_work *work, uint32_t persons, struct fault *fault)
{
    enum { PERSONS_A_COMMIT = 100000 };
    for (uint32_t person = 0; person < persons; person++) {
        struct bare_event event = {.person = person};
        if (work->txn == NULL) {
            TRY(store_begin_write(work->store, &work->txn, fault));
        }
        for (size_t i = 0; i < ARRAY_LEN(filling); i++) {
            TRY(do_op(work->txn, &filling[i], &event, fault));
        }
        if (person % PERSONS_A_COMMIT == PERSONS_A_COMMIT - 1) {
            TRY(bare_work_commit(work, fault));
        }
    }
    return bare_work_commit(work, fault);
}

static enum err find_next_number(struct bare_work *work, struct fault *fault)
{
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    struct bytes key;
    TRY(store_begin_read(work->store, &txn, fault));
    enum err err = store_last(txn, T_JOURNAL, &key, NULL, fault);
    if (err == ERR_OK) {
        struct reader r = reader_of(key);
        work->next_number = reader_u64(&r) + 1;
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err is_filled(struct bare_work *work, bool *ret_filled, struct fault *fault)
{
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    uint64_t rows = 0;
    TRY(store_begin_read(work->store, &txn, fault));
    TRY(store_count(txn, T_HOLDER, &rows, fault));
    *ret_filled = rows > 0;
    return ERR_OK;
}

enum err bare_work_open(const char *dir, const char *list, uint32_t persons,
                        struct bare_work **ret_work, struct fault *fault)
{
    struct store_options options = {.dir = dir,
                                    .kind = "bench",
                                    .version = 1,
                                    .tables = names,
                                    .table_count = T_COUNT,
                                    .create = true};
    AUTO(bare_work_close) struct bare_work *work = calloc(1, sizeof(*work));
    MUST(work != NULL);
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        work->list = strcmp(lists[i].name, list) == 0 ? &lists[i] : work->list;
    }
    if (work->list == NULL) {
        return fault_set(fault, ERR_INPUT, "no list \"%s\": same or least", list);
    }
    bool filled = false;
    TRY(store_open(&options, &work->store, fault));
    TRY(is_filled(work, &filled, fault));
    if (!filled) {
        TRY(fill(work, persons, fault));
    }
    TRY(find_next_number(work, fault));
    *ret_work = work;
    work = NULL;
    return ERR_OK;
}

void bare_work_close(struct bare_work **work)
{
    if (*work != NULL) {
        store_txn_destroy(&(*work)->txn);
        store_destroy(&(*work)->store);
        free(*work);
        *work = NULL;
    }
}

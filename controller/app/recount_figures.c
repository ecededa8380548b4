#include "controller/app/recount_figures.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/ids.h"
#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "controller/journal/journal.h"
#include "schema/kinds.h"

/* --- piles --- */

void *pile_add(struct pile *pile)
{
    if (pile->count == pile->room) {
        size_t room = pile->room == 0 ? 256 : 2 * pile->room;
        void *rows = reallocarray(pile->rows, room, pile->row_size);
        if (rows == NULL) {
            return NULL;
        }
        pile->rows = rows;
        pile->room = room;
    }
    void *row = (char *)pile->rows + pile->count++ * pile->row_size;
    memset(row, 0, pile->row_size);
    return row;
}

void pile_clear(struct pile *pile)
{
    free(pile->rows);
    *pile = (struct pile){.row_size = pile->row_size};
}

static enum err no_memory(struct fault *fault)
{
    return fault_set(fault, ERR_FULL, "recount: not enough memory for the journal's passages");
}

/* Each text is kept once, so that equal texts are one pointer. NULL: no memory. */
static const char *text_of(struct recount_figures *figures, const char *text)
{
    char **texts = figures->texts.rows;
    for (size_t i = 0; i < figures->texts.count; i++) {
        if (strcmp(texts[i], text) == 0) {
            return texts[i];
        }
    }
    char *copy = strdup(text);
    char **row = copy != NULL ? pile_add(&figures->texts) : NULL;
    if (row == NULL) {
        free(copy);
        return NULL;
    }
    *row = copy;
    return copy;
}

/* --- the journal's passages --- */

struct seen {
    uint8_t holder[HANDLE_SIZE];
    int64_t at_us;
    uint64_t journal;
    const char *tenant, *to, *from;
    int32_t day;
    uint32_t kind;
    bool out, unsensed;
};

/* Whose passage, and for which tenant and day: the holder's, or the driver's beside him. */
struct counted {
    const ProtobufCBinaryData *holder;
    const char *tenant;
    int32_t day;
    uint32_t kind;
};

static enum err keep_passage(struct recount_figures *figures, struct pile *seen, uint64_t journal,
                             const Parkgate__EventEntry *event, const struct counted *counted,
                             struct fault *fault)
{
    if (counted->holder->len != HANDLE_SIZE) {
        return ERR_OK;
    }
    struct seen *row = pile_add(seen);
    if (row == NULL) {
        return no_memory(fault);
    }
    memcpy(row->holder, counted->holder->data, HANDLE_SIZE);
    row->at_us = event->captured_us;
    row->journal = journal;
    row->tenant = text_of(figures, counted->tenant);
    row->to = text_of(figures, event->zone_to);
    row->from = text_of(figures, event->zone_from);
    row->day = counted->day;
    row->kind = counted->kind;
    row->out = event->direction == LANE_OUT;
    row->unsensed = event->unsensed;
    figures->passages++;
    return row->tenant != NULL && row->to != NULL && row->from != NULL ? ERR_OK : no_memory(fault);
}

/* A vehicle has no count; its driver is a person. */
static enum err keep_passages(struct recount_figures *figures, struct pile *seen, uint64_t journal,
                              const Parkgate__EventEntry *event, struct fault *fault)
{
    const struct counted holder = {&event->holder, event->tenant, event->business_day,
                                   event->person_kind};
    const struct counted driver = {&event->companion, event->companion_tenant, event->companion_day,
                                   event->companion_kind};
    if (!event->counts) {
        return ERR_OK;
    }
    if (!event->vehicle) {
        TRY(keep_passage(figures, seen, journal, event, &holder, fault));
    }
    return keep_passage(figures, seen, journal, event, &driver, fault);
}

static enum err read_entry(struct recount_figures *figures, struct pile *seen, uint64_t sequence,
                           struct bytes packed, struct fault *fault)
{
    Parkgate__Entry *entry = parkgate__entry__unpack(NULL, packed.size, packed.data);
    Parkgate__EventEntry *event = NULL;
    enum err err = ERR_OK;
    if (entry != NULL && entry->kind == ENTRY_EVENT) {
        event = parkgate__event_entry__unpack(NULL, entry->body.len, entry->body.data);
        if (event != NULL) {
            err = keep_passages(figures, seen, sequence, event, fault);
        }
    }
    if (entry == NULL || (entry->kind == ENTRY_EVENT && event == NULL)) {
        err = fault_set(fault, ERR_CORRUPT,
                        "journal entry %llu cannot be read; run `parkgate journal verify`",
                        (unsigned long long)sequence);
    }
    if (event != NULL) {
        parkgate__event_entry__free_unpacked(event, NULL);
    }
    if (entry != NULL) {
        parkgate__entry__free_unpacked(entry, NULL);
    }
    return err;
}

/* Entries behind `after`. */
static enum err read_journal(struct store_txn *txn, uint64_t after, struct recount_figures *figures,
                             struct pile *seen, struct fault *fault)
{
    struct journal_head head;
    TRY(journal_head(txn, &head, fault));
    for (uint64_t sequence = after + 1; sequence <= head.sequence; sequence++) {
        struct bytes packed;
        struct seal_hash hash;
        enum err err = journal_read(txn, sequence, &packed, &hash, fault);
        if (err == ERR_NOT_FOUND) {
            return fault_set(fault, ERR_CORRUPT,
                             "journal entry %llu is missing; run `parkgate journal verify`",
                             (unsigned long long)sequence);
        }
        TRY(err);
        TRY(read_entry(figures, seen, sequence, packed, fault));
        figures->entries++;
    }
    return ERR_OK;
}

/* --- following one holder --- */

/* Where a holder is. tenant NULL: outside. */
struct place {
    const char *tenant;
    int32_t day;
    const char *zone;
};

static bool tally(struct recount_figures *figures, const struct seen *seen, uint32_t holder,
                  const char *tenant, int32_t day, enum recount_what what)
{
    struct tally *row = pile_add(&figures->tallies);
    if (row != NULL) {
        *row = (struct tally){.tenant = tenant,
                              .day = day,
                              .what = what,
                              .holder = holder,
                              .at_us = seen->at_us,
                              .journal = seen->journal,
                              .kind = seen->kind};
    }
    return row != NULL;
}

static bool edge(struct recount_figures *figures, const struct seen *seen, bool is_zone,
                 const char *name, int32_t day, int by)
{
    struct edge *row = name != NULL ? pile_add(&figures->edges) : NULL;
    if (row != NULL) {
        *row = (struct edge){.is_zone = is_zone,
                             .name = name,
                             .day = day,
                             .at_us = seen->at_us,
                             .journal = seen->journal,
                             .by = by};
    }
    return row != NULL;
}

/* Comes into or goes out of everything that the place lies in. */
static bool cross(struct recount_figures *figures, const struct seen *seen,
                  const struct place *place, int by)
{
    if (place->tenant == NULL) {
        return true;
    }
    char path[512], *rest = path, *zone;
    if (strlen(place->zone) >= sizeof(path)) {
        return false;
    }
    memcpy(path, place->zone, strlen(place->zone) + 1);
    bool kept = edge(figures, seen, false, place->tenant, place->day, by);
    while (kept && (zone = strsep(&rest, "/")) != NULL) {
        kept = zone[0] == '\0' || edge(figures, seen, true, text_of(figures, zone), 0, by);
    }
    return kept;
}

/* One passage of the holder, by the words of docs/decision-rules.md. */
static bool follow(struct recount_figures *figures, const struct seen *seen, uint32_t holder,
                   struct place *place)
{
    bool into_park = !seen->out && seen->from[0] == '\0';
    bool out_of_park = seen->out && seen->to[0] == '\0';
    bool was_inside = place->tenant != NULL;
    struct place before = *place;
    bool kept = true;
    if (seen->unsensed) {
        kept &= tally(figures, seen, holder, seen->tenant, seen->day, WHAT_UNSENSED);
    }
    if (into_park || (!seen->out && !was_inside)) {
        *place = (struct place){seen->tenant, seen->day, seen->to};
        kept &= tally(figures, seen, holder, seen->tenant, seen->day, WHAT_ENTRY);
        if (was_inside) {
            kept &= tally(figures, seen, holder, before.tenant, before.day, WHAT_UNPAIRED);
        } else if (!into_park) {
            kept &= tally(figures, seen, holder, seen->tenant, seen->day, WHAT_UNPAIRED);
        }
    } else if (out_of_park && was_inside) {
        *place = (struct place){0};
        kept &= tally(figures, seen, holder, before.tenant, before.day, WHAT_EXIT);
    } else if (out_of_park) {
        kept &= tally(figures, seen, holder, seen->tenant, seen->day, WHAT_EXIT);
        kept &= tally(figures, seen, holder, seen->tenant, seen->day, WHAT_UNPAIRED);
    } else if (was_inside) {
        place->zone = seen->to;
    }
    return kept && cross(figures, seen, &before, -1) && cross(figures, seen, place, 1);
}

static enum err follow_all(struct recount_figures *figures, const struct pile *seen,
                           struct fault *fault)
{
    const struct seen *rows = seen->rows;
    struct place place = {0};
    uint32_t holder = 0;
    for (size_t i = 0; i < seen->count; i++) {
        if (i > 0 && memcmp(rows[i].holder, rows[i - 1].holder, HANDLE_SIZE) != 0) {
            place = (struct place){0};
            holder++;
        }
        if (!follow(figures, &rows[i], holder, &place)) {
            return no_memory(fault);
        }
    }
    return ERR_OK;
}

/* --- order --- */

static int compare(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int first_of(int a, int b)
{
    return a != 0 ? a : b;
}

static int seen_order(const void *a, const void *b)
{
    const struct seen *x = a, *y = b;
    int by_time =
        first_of(compare(x->at_us, y->at_us), compare((int64_t)x->journal, (int64_t)y->journal));
    return first_of(memcmp(x->holder, y->holder, HANDLE_SIZE), by_time);
}

static int tally_order(const void *a, const void *b)
{
    const struct tally *x = a, *y = b;
    int by_day = first_of(strcmp(x->tenant, y->tenant), compare(x->day, y->day));
    int by_what = first_of(compare(x->what, y->what), compare(x->holder, y->holder));
    int by_time =
        first_of(compare(x->at_us, y->at_us), compare((int64_t)x->journal, (int64_t)y->journal));
    return first_of(by_day, first_of(by_what, by_time));
}

static int edge_order(const void *a, const void *b)
{
    const struct edge *x = a, *y = b;
    int by_scope = first_of(compare(x->is_zone, y->is_zone),
                            first_of(strcmp(x->name, y->name), compare(x->day, y->day)));
    int by_time =
        first_of(compare(x->at_us, y->at_us), compare((int64_t)x->journal, (int64_t)y->journal));
    return first_of(by_scope, first_of(by_time, compare(x->by, y->by)));
}

static void sort(struct pile *pile, int (*order)(const void *, const void *))
{
    if (pile->count > 0) {
        qsort(pile->rows, pile->count, pile->row_size, order);
    }
}

static struct recount_figures empty_figures(void)
{
    return (struct recount_figures){.texts = {.row_size = sizeof(char *)},
                                    .tallies = {.row_size = sizeof(struct tally)},
                                    .edges = {.row_size = sizeof(struct edge)}};
}

static void sort_figures(struct recount_figures *figures)
{
    sort(&figures->tallies, tally_order);
    sort(&figures->edges, edge_order);
}

enum err recount_figures_read(struct store_txn *txn, struct recount_figures *figures,
                              struct fault *fault)
{
    AUTO(pile_clear) struct pile seen = {.row_size = sizeof(struct seen)};
    *figures = empty_figures();
    TRY(read_journal(txn, 0, figures, &seen, fault));
    sort(&seen, seen_order);
    TRY(follow_all(figures, &seen, fault));
    sort_figures(figures);
    return ERR_OK;
}

/* --- behind a checkpoint: what its tables keep of those who passed since --- */

/* A row of the checkpoint's table of passages, under holder, time, journal sequence. */
static enum err keep_old(struct recount_figures *figures, struct pile *seen, struct bytes key,
                         const Parkgate__PassageRecord *record, struct fault *fault)
{
    struct reader r = reader_of(key);
    struct handle holder = keybuf_read_handle(&r);
    struct seen *row = record->vehicle ? NULL : pile_add(seen);
    if (row == NULL) {
        return record->vehicle ? ERR_OK : no_memory(fault);
    }
    memcpy(row->holder, holder.bytes, HANDLE_SIZE);
    row->at_us = keybuf_read_wall(&r).us;
    row->journal = reader_u64(&r);
    row->tenant = text_of(figures, record->tenant);
    row->to = text_of(figures, record->zone_to);
    row->from = text_of(figures, record->zone_from);
    row->day = record->business_day;
    row->kind = record->person_kind;
    row->out = record->direction == LANE_OUT;
    row->unsensed = record->unsensed;
    return row->tenant != NULL && row->to != NULL && row->from != NULL ? ERR_OK : no_memory(fault);
}

static enum err keep_old_passages(struct store_txn *base, const uint8_t *holder,
                                  struct recount_figures *figures, struct pile *seen,
                                  struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_prefix(base, TABLE_PASSAGE,
                          (struct bytes){.data = holder, .size = HANDLE_SIZE}, UINT64_MAX, &iter,
                          fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        ProtobufCMessage *message = NULL;
        TRY(store_unpack_message(key, value, &parkgate__passage_record__descriptor, &message,
                                 fault));
        err = keep_old(figures, seen, key, (const void *)message, fault);
        store_message_destroy(&message);
        TRY(err);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Where the checkpoint has the holder. */
static enum err place_of(struct store_txn *base, const uint8_t *holder,
                         struct recount_figures *figures, struct place *ret, struct fault *fault)
{
    ProtobufCMessage *message = NULL;
    *ret = (struct place){0};
    enum err err =
        store_get_message(base, TABLE_PRESENCE,
                          (struct bytes){.data = holder, .size = HANDLE_SIZE},
                          &parkgate__presence_record__descriptor, &message, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    const Parkgate__PresenceRecord *record = (const void *)message;
    if (record->inside) {
        *ret = (struct place){text_of(figures, record->tenant), record->business_day,
                              text_of(figures, record->zone)};
    }
    store_message_destroy(&message);
    return ret->tenant == NULL || ret->zone != NULL ? ERR_OK : no_memory(fault);
}

/* One holder's passages, sorted. Behind the last old one, if no new one came in between, he is where
 * the checkpoint has him: passages of before may have ended. */
static bool follow_one(struct recount_figures *figures, const struct pile *seen, uint64_t after,
                       uint32_t holder, const struct place *known)
{
    const struct seen *rows = seen->rows;
    struct place place = {0};
    bool mixed = false;
    size_t last_old = 0;
    for (size_t i = 0; i < seen->count; i++) {
        last_old = rows[i].journal <= after ? i + 1 : last_old;
    }
    for (size_t i = 0; i < seen->count; i++) {
        if (i == last_old && !mixed) {
            place = *known;
        }
        mixed |= rows[i].journal > after;
        if (!follow(figures, &rows[i], holder, &place)) {
            return false;
        }
    }
    return true;
}

struct behind {
    struct store_txn *base;
    uint64_t after;
    struct recount_figures *without, *with;
};

/* rows[0] to rows[count - 1] are one holder's, who passed since. */
static enum err compare_holder(const struct behind *b, const struct seen *rows, size_t count,
                               uint32_t holder, struct fault *fault)
{
    struct place place;
    AUTO(pile_clear) struct pile old = {.row_size = sizeof(struct seen)};
    AUTO(pile_clear) struct pile all = {.row_size = sizeof(struct seen)};
    TRY(keep_old_passages(b->base, rows->holder, b->with, &old, fault));
    TRY(place_of(b->base, rows->holder, b->with, &place, fault));
    for (size_t i = 0; i < old.count + count; i++) {
        struct seen *row = pile_add(&all);
        if (row == NULL) {
            return no_memory(fault);
        }
        *row = i < old.count ? ((const struct seen *)old.rows)[i] : rows[i - old.count];
    }
    sort(&old, seen_order);
    sort(&all, seen_order);
    bool good = follow_one(b->without, &old, b->after, holder, &place) &&
                follow_one(b->with, &all, b->after, holder, &place);
    return good ? ERR_OK : no_memory(fault);
}

enum err recount_figures_behind(struct store_txn *txn, struct store_txn *base, uint64_t after,
                                struct recount_figures *without, struct recount_figures *with,
                                struct fault *fault)
{
    AUTO(pile_clear) struct pile seen = {.row_size = sizeof(struct seen)};
    const struct behind b = {base, after, without, with};
    uint32_t holder = 0;
    *without = empty_figures();
    *with = empty_figures();
    TRY(read_journal(txn, after, with, &seen, fault));
    sort(&seen, seen_order);
    const struct seen *rows = seen.rows;
    for (size_t at = 0; at < seen.count; holder++) {
        size_t count = 1;
        while (at + count < seen.count &&
               memcmp(rows[at].holder, rows[at + count].holder, HANDLE_SIZE) == 0) {
            count++;
        }
        TRY(compare_holder(&b, &rows[at], count, holder, fault));
        at += count;
    }
    sort_figures(without);
    sort_figures(with);
    return ERR_OK;
}

void recount_figures_clear(struct recount_figures *figures)
{
    char **texts = figures->texts.rows;
    for (size_t i = 0; i < figures->texts.count; i++) {
        free(texts[i]);
    }
    pile_clear(&figures->texts);
    pile_clear(&figures->tallies);
    pile_clear(&figures->edges);
}

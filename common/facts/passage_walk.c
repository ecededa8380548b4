#include "common/facts/passage_walk.h"

#include <string.h>

#include "common/facts/field.h"
#include "common/facts/tables.h"
#include "schema/kinds.h"

#define TIME_MAX_US ((int64_t)253402300800 * 1000000) /* the year 10000 */

void passage_key(struct keybuf *key, struct handle holder, struct wall at, uint64_t journal)
{
    keybuf_begin(key);
    keybuf_handle(key, holder);
    keybuf_wall(key, at);
    keybuf_u64(key, journal);
}

bool passage_row_of(const Parkgate__PassageRecord *record, struct wall at, uint64_t journal,
                    struct passage_row *ret_row)
{
    struct passage_row row = {.vehicle = record->vehicle,
                              .person_kind = record->person_kind,
                              .attribution = record->attribution};
    struct passage *passage = &row.passage;
    size_t shift_size = strlen(record->shift);
    if ((record->direction != LANE_IN && record->direction != LANE_OUT) ||
        record->person_kind >= HEADCOUNT_KINDS || shift_size >= sizeof(row.shift) || at.us <= 0 ||
        at.us >= TIME_MAX_US) {
        return false;
    }
    if (!name_from_text(record->tenant, &passage->tenant) &&
        !(record->vehicle && record->tenant[0] == '\0')) {
        return false;
    }
    if (!zone_path_from_text(record->zone_to, &passage->to) ||
        !zone_path_from_text(record->zone_from, &passage->from)) {
        return false;
    }
    passage->at = at;
    passage->journal = journal;
    passage->out = record->direction == LANE_OUT;
    passage->unsensed = record->unsensed;
    passage->day = record->business_day;
    memcpy(row.shift, record->shift, shift_size + 1);
    *ret_row = row;
    return true;
}

enum err passage_walk_begin(struct store_txn *txn, struct handle holder, struct wall at,
                            uint64_t journal, struct store_iter *iter, struct fault *fault)
{
    struct keybuf from, until;
    passage_key(&from, holder, at, journal);
    passage_key(&until, holder, (struct wall){TIME_MAX_US}, 0);
    return store_iter_range(txn, TABLE_PASSAGE, keybuf_view(&from), keybuf_view(&until), UINT64_MAX,
                            iter, fault);
}

enum err passage_walk_begin_back(struct store_txn *txn, struct handle holder, struct wall at,
                                 uint64_t journal, struct store_iter *iter, struct fault *fault)
{
    struct keybuf from, until;
    passage_key(&from, holder, (struct wall){0}, 0);
    passage_key(&until, holder, at, journal);
    return store_iter_range_back(txn, TABLE_PASSAGE, keybuf_view(&from), keybuf_view(&until),
                                 UINT64_MAX, iter, fault);
}

enum err passage_walk_next(struct store_iter *iter, struct passage_row *ret_row,
                           struct fault *fault)
{
    struct bytes key, value;
    AUTO(store_message_destroy) ProtobufCMessage *found = NULL;
    TRY(store_iter_next(iter, &key, &value, fault));
    TRY(store_unpack_message(key, value, &parkgate__passage_record__descriptor, &found, fault));

    struct reader r = reader_of(key);
    (void)keybuf_read_handle(&r);
    struct wall at = keybuf_read_wall(&r);
    uint64_t journal = reader_u64(&r);
    const Parkgate__PassageRecord *record = (const Parkgate__PassageRecord *)found;
    if (!reader_done(&r) || !passage_row_of(record, at, journal, ret_row)) {
        return fault_set(fault, ERR_CORRUPT,
                         "passages: a row that is none; run `parkgate journal verify`");
    }
    return ERR_OK;
}

/* (at, journal) of the last definite passage before the given one; the beginning when there is
 * none.
 */
static enum err last_definite(struct store_txn *txn, struct handle holder, struct wall *at,
                              uint64_t *journal, struct fault *fault)
{
    AUTO(store_iter_end) struct store_iter iter = {0};
    struct passage_row row;
    enum err err;
    TRY(passage_walk_begin_back(txn, holder, *at, *journal, &iter, fault));
    while ((err = passage_walk_next(&iter, &row, fault)) == ERR_OK) {
        if (passage_is_definite(&row.passage)) {
            *at = row.passage.at;
            *journal = row.passage.journal;
            return ERR_OK;
        }
    }
    *at = (struct wall){0};
    *journal = 0;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static bool comes_before(const struct passage *passage, struct wall at, uint64_t journal)
{
    return passage->at.us != at.us ? wall_before(passage->at, at) : passage->journal < journal;
}

enum err passage_state_before(struct store_txn *txn, struct handle holder, struct wall at,
                              uint64_t journal, struct presence *ret_state, struct fault *fault)
{
    AUTO(store_iter_end) struct store_iter iter = {0};
    struct presence state = {0};
    struct wall start = at;
    uint64_t start_journal = journal;
    struct passage_row row;
    enum err err;
    TRY(last_definite(txn, holder, &start, &start_journal, fault));
    TRY(passage_walk_begin(txn, holder, start, start_journal, &iter, fault));
    while ((err = passage_walk_next(&iter, &row, fault)) == ERR_OK &&
           comes_before(&row.passage, at, journal)) {
        struct presence_changes changes;
        presence_apply(&state, &row.passage, &state, &changes);
    }
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    *ret_state = state;
    return ERR_OK;
}

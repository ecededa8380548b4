#include "common/facts/presence_now.h"

#include "common/base/must.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "common/store/keybuf.h"

/* --- one holder's row --- */

static bool row_of(const Parkgate__PresenceRecord *record, struct presence_row *ret_row)
{
    struct presence_row row = {.known = true,
                               .last = {record->last_us},
                               .last_journal = record->last_journal,
                               .person_kind = record->person_kind};
    row.state.inside = record->inside;
    if (record->inside) {
        row.state.day = record->business_day;
        row.state.since = (struct wall){record->since_us};
        row.has_companion = record->companion.len == HANDLE_SIZE;
        row.companion = people_handle(&record->companion);
        if ((record->tenant[0] != '\0' && !name_from_text(record->tenant, &row.state.tenant)) ||
            !zone_path_from_text(record->zone, &row.state.zone)) {
            return false;
        }
    }
    *ret_row = row;
    return true;
}

enum err presence_row_get(struct store_txn *txn, struct handle holder, struct presence_row *ret,
                          struct fault *fault)
{
    AUTO(store_message_destroy) ProtobufCMessage *found = NULL;
    enum err err = store_get_message(txn, TABLE_PRESENCE, BYTES_OF(holder.bytes),
                                     &parkgate__presence_record__descriptor, &found, fault);
    if (err == ERR_NOT_FOUND) {
        *ret = (struct presence_row){0};
        return ERR_OK;
    }
    TRY(err);
    if (!row_of((const Parkgate__PresenceRecord *)(const void *)found, ret)) {
        return fault_set(fault, ERR_CORRUPT,
                         "presence: a bad tenant or zone; run `parkgate journal verify`");
    }
    return ERR_OK;
}

enum err presence_row_put(struct store_txn *txn, struct handle holder, bool vehicle,
                          const struct presence_row *row, struct fault *fault)
{
    char zone[ZONE_PATH_SIZE];
    struct name tenant = row->state.tenant;
    zone_path_to_text(&row->state.zone, zone);
    Parkgate__PresenceRecord record = PARKGATE__PRESENCE_RECORD__INIT;
    record.inside = row->state.inside;
    record.tenant = tenant.text;
    record.business_day = row->state.day;
    record.zone = zone;
    record.since_us = row->state.since.us;
    record.last_us = row->last.us;
    record.last_journal = row->last_journal;
    record.person_kind = row->person_kind;
    record.vehicle = vehicle;
    if (row->has_companion) {
        record.companion = people_field(&row->companion);
    }
    return store_put_message(txn, TABLE_PRESENCE, BYTES_OF(holder.bytes), &record.base, fault);
}

bool presence_row_is_before(const struct presence_row *row, const struct passage *passage)
{
    if (!row->known) {
        return true;
    }
    return passage->at.us != row->last.us ? passage->at.us > row->last.us
                                          : passage->journal > row->last_journal;
}

void presence_row_companion(const struct presence_row *before, struct presence_row *after,
                            const ProtobufCBinaryData *with)
{
    bool same_stay = before->state.inside && after->state.inside &&
                     before->state.since.us == after->state.since.us;
    bool seen = with->len == HANDLE_SIZE;
    after->has_companion = after->state.inside && (seen || (same_stay && before->has_companion));
    after->companion = seen ? people_handle(with) : before->companion;
}

/* --- counts --- */

static enum err add_to(struct store_txn *txn, enum table table, struct name name, int32_t by,
                       struct fault *fault)
{
    struct keybuf key;
    AUTO(store_message_destroy) ProtobufCMessage *found = NULL;
    Parkgate__CountRecord count = PARKGATE__COUNT_RECORD__INIT;
    keybuf_begin(&key);
    keybuf_name(&key, name);
    enum err err = store_get_message(txn, table, keybuf_view(&key),
                                     &parkgate__count_record__descriptor, &found, fault);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    count.value = by + (err == ERR_OK ? ((Parkgate__CountRecord *)(void *)found)->value : 0);
    if (count.value != 0) {
        return store_put_message(txn, table, keybuf_view(&key), &count.base, fault);
    }
    err = store_del(txn, table, keybuf_view(&key), fault);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err presence_add_to_zone(struct store_txn *txn, struct name zone, int32_t by,
                              struct fault *fault)
{
    return add_to(txn, TABLE_ZONE_NOW, zone, by, fault);
}

enum err presence_add_to_tenant(struct store_txn *txn, struct name tenant, int32_t by,
                                struct fault *fault)
{
    return add_to(txn, TABLE_TENANT_NOW, tenant, by, fault);
}

/* --- a gate's own passage --- */

Parkgate__PassageRecord presence_passage_of(const Parkgate__EventEntry *entry, bool companion)
{
    Parkgate__PassageRecord record = PARKGATE__PASSAGE_RECORD__INIT;
    record.direction = entry->direction;
    record.tenant = companion ? entry->companion_tenant : entry->tenant;
    record.business_day = companion ? entry->companion_day : entry->business_day;
    record.attribution = companion ? entry->companion_attribution : entry->attribution;
    record.shift = companion ? entry->companion_shift : entry->shift;
    record.person_kind = companion ? entry->companion_kind : entry->person_kind;
    record.zone_to = entry->zone_to;
    record.zone_from = entry->zone_from;
    record.unsensed = entry->unsensed;
    record.lane = entry->lane;
    record.vehicle = !companion && entry->vehicle;
    return record;
}

static enum err count_changes(struct store_txn *txn, const struct presence *before,
                              const struct presence *after, const struct presence_changes *changes,
                              struct fault *fault)
{
    bool stays = before->inside && after->inside && name_equal(before->tenant, after->tenant);
    for (size_t i = 0; i < changes->count; i++) {
        const struct presence_change *change = &changes->change[i];
        if (change->scope.is_zone && change->present != 0) {
            TRY(presence_add_to_zone(txn, change->scope.name, change->present, fault));
        }
    }
    if (before->inside && !stays) {
        TRY(presence_add_to_tenant(txn, before->tenant, -1, fault));
    }
    return after->inside && !stays ? presence_add_to_tenant(txn, after->tenant, 1, fault) : ERR_OK;
}

static enum err apply_one(struct store_txn *txn, uint64_t journal,
                          const Parkgate__EventEntry *entry, bool companion, struct fault *fault)
{
    static const ProtobufCBinaryData nobody = {0};
    const Parkgate__PassageRecord record = presence_passage_of(entry, companion);
    const struct handle holder = people_handle(companion ? &entry->companion : &entry->holder);
    const struct wall at = {.us = entry->captured_us};
    struct passage_row row;
    struct presence_row now;
    struct presence_changes changes;
    if (!passage_row_of(&record, at, journal, &row)) {
        return ERR_OK; /* the controller would refuse it: nothing is known of it */
    }
    TRY(presence_row_get(txn, holder, &now, fault));
    if (!presence_row_is_before(&now, &row.passage)) {
        return ERR_OK;
    }
    struct presence_row after = {
        .known = true, .last = at, .last_journal = journal, .person_kind = row.person_kind};
    presence_apply(&now.state, &row.passage, &after.state, &changes);
    presence_row_companion(&now, &after, companion ? &nobody : &entry->companion);
    TRY(presence_row_put(txn, holder, row.vehicle, &after, fault));
    return row.vehicle ? ERR_OK : count_changes(txn, &now.state, &after.state, &changes, fault);
}

enum err presence_now_apply(struct store_txn *txn, uint64_t journal,
                            const Parkgate__EventEntry *entry, struct fault *fault)
{
    if (!entry->counts || entry->holder.len == 0) {
        return ERR_OK;
    }
    TRY(apply_one(txn, journal, entry, false, fault));
    return entry->companion.len == 0 ? ERR_OK : apply_one(txn, journal, entry, true, fault);
}

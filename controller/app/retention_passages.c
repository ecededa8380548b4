/* Passages and reads of persons, along the journal. What a hold keeps is noted under whom it holds
 * (table HELD_READ) and goes when none is on any more. */
#include "common/base/must.h"
#include "common/facts/agent_store.h"
#include "common/facts/passage_walk.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "controller/app/retention_parts.h"
#include "controller/journal/journal.h"
#include "schema/kinds.h"

/* A read past its term: whose it is, and where it lies. */
struct read {
    const ProtobufCBinaryData *holder, *companion;
    struct bytes event; /* its key in table EVENT */
    int64_t captured_us;
    uint64_t journal;
};

static enum err drop_passage(struct slice *s, const ProtobufCBinaryData *of,
                             const struct read *read, struct fault *fault)
{
    struct keybuf key;
    struct bytes value;
    if (of->len != HANDLE_SIZE) {
        return ERR_OK;
    }
    passage_key(&key, people_handle(of), (struct wall){read->captured_us}, read->journal);
    enum err err = store_get(s->ctl->txn, TABLE_PASSAGE, keybuf_view(&key), &value, fault);
    if (err == ERR_OK) {
        slice_remove(s, TABLE_PASSAGE, keybuf_view(&key), NULL);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* --- what a read says of a person --- */

/* That the event came and what it was stays, so that it is known when it is sent again; of whom it
 * was goes. */
static enum err strip_event(struct slice *s, struct bytes key, struct fault *fault)
{
    ProtobufCMessage *message = NULL;
    Parkgate__EventIndex bare = PARKGATE__EVENT_INDEX__INIT;
    enum err err = store_get_message(s->ctl->txn, TABLE_EVENT, key,
                                     &parkgate__event_index__descriptor, &message, fault);
    if (slice_passes_over(err, TABLE_EVENT, fault)) {
        slice_remove(s, TABLE_EVENT, key, NULL);
        return ERR_OK;
    }
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    const Parkgate__EventIndex *known = (const void *)message;
    bare.digest = known->digest;
    bare.journal = known->journal;
    bare.kind = known->kind;
    bare.outcome = known->outcome;
    bare.reason = known->reason;
    bare.direction = known->direction;
    bare.captured_us = known->captured_us;
    bare.refused = known->refused;
    if (known->holder.len > 0 || known->credential.len > 0 || known->companion.len > 0) {
        slice_remove(s, TABLE_EVENT, key, &bare.base);
    }
    store_message_destroy(&message);
    return ERR_OK;
}

static struct bytes held_key(struct keybuf *key, const ProtobufCBinaryData *held, uint64_t journal)
{
    keybuf_begin(key);
    keybuf_handle(key, people_handle(held));
    keybuf_u64(key, journal);
    return keybuf_view(key);
}

static void note_held(struct slice *s, const ProtobufCBinaryData *held, const struct read *read)
{
    struct keybuf key;
    Parkgate__HeldRead note = PARKGATE__HELD_READ__INIT;
    note.event = field_of(read->event);
    note.captured_us = read->captured_us;
    slice_remove(s, TABLE_HELD_READ, held_key(&key, held, read->journal), &note.base);
}

/* Drops what the read says of whoever is not held; the read's own row says of both, so it goes when
 * neither is. At most three rows. */
static enum err drop_read(struct slice *s, const struct read *read, struct fault *fault)
{
    const ProtobufCBinaryData *const both[] = {read->holder, read->companion};
    bool any = false;
    for (size_t i = 0; i < ARRAY_LEN(both); i++) {
        bool held = false;
        TRY(slice_is_held(s, both[i], &held, fault));
        if (held) {
            note_held(s, both[i], read);
        } else {
            TRY(drop_passage(s, both[i], read, fault));
        }
        any |= held;
    }
    return any ? ERR_OK : strip_event(s, read->event, fault);
}

/* --- along the journal --- */

static enum err drop_event(struct slice *s, const Parkgate__Entry *entry, struct fault *fault)
{
    struct keybuf key;
    Parkgate__EventEntry *event =
        parkgate__event_entry__unpack(NULL, entry->body.len, entry->body.data);
    if (event == NULL) {
        return ERR_OK;
    }
    struct read read = {.holder = &event->holder,
                        .companion = &event->companion,
                        .event = agent_event_key(&key, field_view(&event->public_key), event->epoch,
                                                 event->event_sequence),
                        .captured_us = event->captured_us,
                        .journal = entry->sequence};
    enum err err = drop_read(s, &read, fault);
    parkgate__event_entry__free_unpacked(event, NULL);
    return err;
}

/* *ret NULL: that entry is not there any more, or cannot be read. */
static enum err read_entry(struct slice *s, uint64_t sequence, Parkgate__Entry **ret,
                           struct fault *fault)
{
    struct bytes packed;
    struct seal_hash hash;
    enum err err = journal_read(s->ctl->txn, sequence, &packed, &hash, fault);
    *ret = err == ERR_OK ? parkgate__entry__unpack(NULL, packed.size, packed.data) : NULL;
    return err == ERR_NOT_FOUND || slice_passes_over(err, TABLE_JOURNAL, fault) ? ERR_OK : err;
}

static enum err walk_journal(struct slice *s, struct retaining *r, struct fault *fault)
{
    struct journal_head head;
    TRY(journal_head(s->ctl->txn, &head, fault));
    while (r->next < head.sequence && !slice_is_full(s)) {
        Parkgate__Entry *entry = NULL;
        TRY(read_entry(s, r->next + 1, &entry, fault));
        if (entry != NULL && entry->time_us >= s->cut.us) {
            parkgate__entry__free_unpacked(entry, NULL);
            return ERR_OK;
        }
        enum err err =
            entry != NULL && entry->kind == ENTRY_EVENT ? drop_event(s, entry, fault) : ERR_OK;
        if (entry != NULL) {
            parkgate__entry__free_unpacked(entry, NULL);
        }
        TRY(err);
        r->next++;
        s->looked++;
    }
    r->more = r->next < head.sequence;
    return ERR_OK;
}

/* --- what holds kept --- */

/* Who else the read says of, who may be held by now. */
static enum err look_again(struct slice *s, const ProtobufCBinaryData *held,
                           const Parkgate__HeldRead *note, uint64_t journal, struct fault *fault)
{
    static const ProtobufCBinaryData nobody = {0};
    ProtobufCMessage *message = NULL;
    struct read read = {.holder = held,
                        .companion = &nobody,
                        .event = field_view(&note->event),
                        .captured_us = note->captured_us,
                        .journal = journal};
    enum err err = store_get_message(s->ctl->txn, TABLE_EVENT, read.event,
                                     &parkgate__event_index__descriptor, &message, fault);
    if (err != ERR_OK && err != ERR_NOT_FOUND && err != ERR_CORRUPT) {
        return err;
    }
    if (message != NULL) {
        const Parkgate__EventIndex *known = (const void *)message;
        bool is_holder = bytes_equal(field_view(&known->holder), field_view(held));
        read.companion = is_holder ? &known->companion : &known->holder;
    }
    err = drop_read(s, &read, fault);
    store_message_destroy(&message);
    return err;
}

/* As the journal says it, whose note cannot be read. */
static enum err drop_again(struct slice *s, uint64_t journal, struct fault *fault)
{
    Parkgate__Entry *entry = NULL;
    TRY(read_entry(s, journal, &entry, fault));
    if (entry == NULL) {
        return ERR_OK;
    }
    enum err err = entry->kind == ENTRY_EVENT ? drop_event(s, entry, fault) : ERR_OK;
    parkgate__entry__free_unpacked(entry, NULL);
    return err;
}

static enum err drop_if_free(struct slice *s, struct bytes key, struct bytes value,
                             struct fault *fault)
{
    bool held = false;
    struct reader of = reader_of(key);
    struct handle holder = keybuf_read_handle(&of);
    uint64_t journal = reader_u64(&of);
    ProtobufCBinaryData field = people_field(&holder);
    AUTO(store_message_destroy) ProtobufCMessage *message = NULL;
    TRY(slice_is_held(s, &field, &held, fault));
    if (held) {
        return ERR_OK;
    }
    TRY(slice_read(TABLE_HELD_READ, key, value, &parkgate__held_read__descriptor, &message, fault));
    slice_remove(s, TABLE_HELD_READ, key, NULL);
    return message == NULL ? drop_again(s, journal, fault)
                           : look_again(s, &field, (const void *)message, journal, fault);
}

static enum err walk_held(struct slice *s, struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    enum err err;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(slice_walk(s, TABLE_HELD_READ, &iter, fault));
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        if (slice_is_full(s)) {
            slice_resume(s, key);
            return ERR_OK;
        }
        s->looked++;
        TRY(drop_if_free(s, key, value, fault));
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err slice_passages(struct slice *s, struct retaining *r, struct fault *fault)
{
    TRY(walk_journal(s, r, fault));
    return r->more ? ERR_OK : walk_held(s, fault);
}

enum err slice_event_is_held(struct slice *s, uint64_t journal, bool *ret, struct fault *fault)
{
    Parkgate__Entry *entry = NULL;
    *ret = false;
    if (journal == 0) {
        return ERR_OK;
    }
    TRY(read_entry(s, journal, &entry, fault));
    if (entry == NULL) {
        return ERR_OK;
    }
    Parkgate__EventEntry *event =
        entry->kind == ENTRY_EVENT
            ? parkgate__event_entry__unpack(NULL, entry->body.len, entry->body.data)
            : NULL;
    enum err err = ERR_OK;
    if (event != NULL) {
        err = slice_is_held(s, &event->holder, ret, fault);
        if (err == ERR_OK && !*ret) {
            err = slice_is_held(s, &event->companion, ret, fault);
        }
        parkgate__event_entry__free_unpacked(event, NULL);
    }
    parkgate__entry__free_unpacked(entry, NULL);
    return err;
}

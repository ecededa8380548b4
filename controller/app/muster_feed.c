#include "controller/app/muster_feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "common/seal/muster_seal.h"
#include "common/store/keybuf.h"
#include "controller/app/batch.h"
#include "controller/app/muster.h"
#include "controller/app/recall.h"
#include "controller/journal/journal.h"
#include "controller/store/person_keys.h"
#include "schema/agent.pb-c.h"
#include "schema/envelope.h"

enum { PLAIN_MAX = 40 * 1024, TEXTS_MAX = PLAIN_MAX };

/* The persons of the part in work; texts stand in `texts`. */
struct rows {
    size_t count, used;
    struct handle holder[MUSTER_PART_ROWS];
    char *name[MUSTER_PART_ROWS], *tenant[MUSTER_PART_ROWS], *zone[MUSTER_PART_ROWS];
    int64_t since_us[MUSTER_PART_ROWS];
    char texts[TEXTS_MAX];
};

struct muster_feed {
    bool walking;
    bool begun_ever;
    struct mono begun, next_step, looked;
    struct mono hurried; /* the last list that was begun for a gate that had told; 0: none was */
    /* By their place in the park; one that was applied anew moves a list by little. */
    bool named[LIMIT_GATES];  /* by the last list's head; `looked` for them then */
    bool was_up[LIMIT_GATES]; /* has hurried a list since the last one that came in its time */
    int64_t begun_wall_us;
    struct muster_place place;
    struct seal_key key;
    uint8_t key_box[MUSTER_KEY_BOX_SIZE];
    struct keybuf after; /* the last person told; empty: none yet */
    uint32_t persons;
    uint64_t recovery; /* that the journal has behind it */
    struct rows rows;
    uint8_t plain[PLAIN_MAX * 2];
    uint8_t sealed[PLAIN_MAX * 2 + SEAL_OVERHEAD];
    uint8_t counts[PLAIN_MAX];
    uint8_t frame[LIMIT_FRAME_BYTES];
};

struct muster_feed *muster_feed_create(void)
{
    return calloc(1, sizeof(struct muster_feed));
}

void muster_feed_destroy(struct muster_feed **feed)
{
    if (*feed != NULL) {
        seal_wipe(*feed, sizeof(**feed));
        free(*feed);
        *feed = NULL;
    }
}

static bool is_after(struct mono now, struct mono since, int64_t ms)
{
    return !mono_before(now, mono_after_ms(since, ms));
}

/* --- posts --- */

static bool is_post(const struct controller *ctl, const struct session *session)
{
    const struct park_gate *gate = session->used ? park_gate(ctl->park, session->gate) : NULL;
    return gate != NULL && gate->muster_post && !session->away &&
           ctl->commits > session->welcome_commit; /* before WELCOME it hears nothing */
}

/* A post is there; *ret_new: one that has had no list on this connection. */
static bool has_posts(struct controller *ctl, bool *ret_new)
{
    bool any = false;
    *ret_new = false;
    for (size_t i = 0; i < LIMIT_AGENTS; i++) {
        struct session *session = &ctl->sessions.items[i];
        if (is_post(ctl, session)) {
            any = true;
            *ret_new |= !session->muster_told;
        } else {
            session->muster_told = false;
        }
    }
    return any;
}

static void send(struct controller *ctl, const Parkgate__Muster *message)
{
    struct muster_feed *feed = ctl->muster;
    for (size_t i = 0; i < LIMIT_AGENTS; i++) {
        struct session *session = &ctl->sessions.items[i];
        if (!is_post(ctl, session)) {
            continue;
        }
        if (message->part == 1) {
            session->muster_told = true;
        }
        size_t size = envelope_write(session->version, MESSAGE_MUSTER, 0, &message->base,
                                     feed->frame, sizeof(feed->frame));
        ctl->outlet.send(ctl->outlet.ctx, PORT_AGENTS, &session->peer,
                         (struct bytes){.data = feed->frame, .size = size});
    }
}

/* --- persons --- */

static char *keep_text(struct rows *rows, const char *text)
{
    size_t size = strlen(text) + 1;
    MUST(rows->used + size <= sizeof(rows->texts));
    char *kept = memcpy(rows->texts + rows->used, text, size);
    rows->used += size;
    return kept;
}

/* "(erased)" when nothing can open it any more. */
static void read_name(struct store_txn *txn, struct store_txn *keys, struct handle person,
                      char out[LIMIT_TEXT_BYTES + 1])
{
    struct seal_key key;
    struct fault fault;
    uint8_t plain[LIMIT_EVENT_BYTES * 2];
    size_t size = 0;
    Parkgate__HolderRecord *holder = NULL;
    Parkgate__Identity *identity = NULL;
    (void)snprintf(out, LIMIT_TEXT_BYTES + 1, "(erased)");
    if (people_holder(txn, person, &holder, &fault) != ERR_OK) {
        return;
    }
    if (holder->sealed.len <= sizeof(plain) &&
        person_key_get(keys, person, &key, &fault) == ERR_OK) {
        if (seal_open(&key, (struct bytes){0}, field_view(&holder->sealed), plain, sizeof(plain),
                      &size, &fault) == ERR_OK) {
            identity = parkgate__identity__unpack(NULL, size, plain);
        }
        seal_wipe(&key, sizeof(key));
        seal_wipe(plain, sizeof(plain));
    }
    if (identity != NULL) {
        (void)snprintf(out, LIMIT_TEXT_BYTES + 1, "%s", identity->name);
        parkgate__identity__free_unpacked(identity, NULL);
    }
    parkgate__holder_record__free_unpacked(holder, NULL);
}

static enum err add_person(struct rows *rows, struct store_txn *txn, struct store_txn *keys,
                           struct name tenant, struct handle person, struct fault *fault)
{
    AUTO(store_message_destroy) ProtobufCMessage *found = NULL;
    char name[LIMIT_TEXT_BYTES + 1];
    TRY(store_get_message(txn, TABLE_PRESENCE, BYTES_OF(person.bytes),
                          &parkgate__presence_record__descriptor, &found, fault));
    const Parkgate__PresenceRecord *record = (const Parkgate__PresenceRecord *)found;
    size_t at = rows->count++;
    read_name(txn, keys, person, name);
    rows->holder[at] = person;
    rows->name[at] = keep_text(rows, name);
    rows->tenant[at] = keep_text(rows, tenant.text);
    rows->zone[at] = keep_text(rows, record->zone);
    rows->since_us[at] = record->since_us;
    seal_wipe(name, sizeof(name));
    return ERR_OK;
}

/* Those behind feed->after. *ret_last: nobody stands behind these. */
static enum err read_rows(struct muster_feed *feed, struct store_txn *txn, struct store_txn *keys,
                          bool *ret_last, struct fault *fault)
{
    enum { ROW_MOST = LIMIT_TEXT_BYTES + NAME_SIZE + PARK_PATH_SIZE + 16 };
    AUTO(store_iter_end) struct store_iter iter = {0};
    struct bytes key, value;
    struct keybuf from = feed->after;
    enum err err;
    struct rows *rows = &feed->rows;
    rows->count = rows->used = 0;
    *ret_last = false;
    if (keybuf_view(&from).size > 0) {
        keybuf_u8(&from, 0); /* the next key */
    }
    TRY(store_iter_range(txn, TABLE_INSIDE, keybuf_view(&from), (struct bytes){0}, UINT64_MAX,
                         &iter, fault));
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        struct reader r = reader_of(key);
        struct name tenant = keybuf_read_name(&r);
        struct handle person = keybuf_read_handle(&r);
        if (!reader_done(&r)) {
            return fault_set(fault, ERR_CORRUPT, "inside: a key that is none");
        }
        if (rows->count == MUSTER_PART_ROWS || TEXTS_MAX - rows->used < ROW_MOST) {
            return ERR_OK;
        }
        TRY(add_person(rows, txn, keys, tenant, person, fault));
        keybuf_begin(&feed->after);
        keybuf_name(&feed->after, tenant);
        keybuf_handle(&feed->after, person);
    }
    *ret_last = err == ERR_NOT_FOUND;
    return *ret_last ? ERR_OK : err;
}

/* --- a part --- */

static bool same_place(const struct rows *rows, size_t a, size_t b)
{
    return strcmp(rows->tenant[a], rows->tenant[b]) == 0 &&
           strcmp(rows->zone[a], rows->zone[b]) == 0;
}

/* Persons by tenant and zone, packed; `out` borrows from feed->counts. */
static size_t count_rows(struct muster_feed *feed, ProtobufCBinaryData out[MUSTER_PART_ROWS])
{
    const struct rows *rows = &feed->rows;
    bool counted[MUSTER_PART_ROWS] = {false};
    size_t count = 0, used = 0;
    for (size_t i = 0; i < rows->count; i++) {
        Parkgate__MusterCount of = PARKGATE__MUSTER_COUNT__INIT;
        of.tenant = rows->tenant[i];
        of.zone = rows->zone[i];
        for (size_t k = i; k < rows->count && !counted[i]; k++) {
            if (same_place(rows, i, k)) {
                of.persons++;
                counted[k] = k != i;
            }
        }
        if (of.persons == 0) {
            continue;
        }
        MUST(used + parkgate__muster_count__get_packed_size(&of) <= sizeof(feed->counts));
        out[count].data = feed->counts + used;
        out[count].len = parkgate__muster_count__pack(&of, feed->counts + used);
        used += out[count++].len;
    }
    return count;
}

static size_t pack_names(struct muster_feed *feed)
{
    struct rows *rows = &feed->rows;
    ProtobufCBinaryData holders[MUSTER_PART_ROWS];
    Parkgate__MusterNames names = PARKGATE__MUSTER_NAMES__INIT;
    for (size_t i = 0; i < rows->count; i++) {
        holders[i] = (ProtobufCBinaryData){.data = rows->holder[i].bytes,
                                           .len = sizeof(rows->holder[i].bytes)};
    }
    names.n_holder = names.n_name = names.n_tenant = names.n_zone = names.n_since_us = rows->count;
    names.holder = holders;
    names.name = rows->name;
    names.tenant = rows->tenant;
    names.zone = rows->zone;
    names.since_us = rows->since_us;
    MUST(parkgate__muster_names__get_packed_size(&names) <= sizeof(feed->plain));
    return parkgate__muster_names__pack(&names, feed->plain);
}

static enum err fill_unheard(struct controller *ctl, char *out[LIMIT_GATES], size_t *ret_count,
                             struct fault *fault)
{
    *ret_count = 0;
    memset(ctl->muster->named, 0, sizeof(ctl->muster->named));
    for (size_t i = 0; i < ctl->park->gate_count; i++) {
        bool told = false;
        TRY(muster_gate_told(ctl, &ctl->park->gates[i], &told, fault));
        ctl->muster->named[i] = !told;
        if (!told) {
            out[(*ret_count)++] = ctl->park->gates[i].name.text;
        }
    }
    return ERR_OK;
}

/* Of those who are inside so many stand behind the list's last part. */
static enum err count_left_out(struct controller *ctl, uint64_t *ret, struct fault *fault)
{
    uint64_t inside = 0;
    uint64_t listed = ctl->muster->persons + ctl->muster->rows.count;
    TRY(store_count(ctl->txn, TABLE_INSIDE, &inside, fault));
    *ret = inside > listed ? inside - listed : 1; /* who left meanwhile stands in it, too */
    return ERR_OK;
}

static enum err tell_part(struct controller *ctl, bool last, bool cut, struct fault *fault)
{
    struct muster_feed *feed = ctl->muster;
    Parkgate__Muster message = PARKGATE__MUSTER__INIT;
    ProtobufCBinaryData counts[MUSTER_PART_ROWS];
    char *unheard[LIMIT_GATES];
    feed->place.part++;
    feed->place.last = last;
    size_t size = pack_names(feed);
    muster_seal_part(&feed->key, feed->place, ctl->entropy,
                     (struct bytes){.data = feed->plain, .size = size}, feed->sealed,
                     size + SEAL_OVERHEAD);
    seal_wipe(feed->plain, size);
    message.sequence = feed->place.sequence;
    message.wall_us = feed->begun_wall_us;
    message.part = feed->place.part;
    message.parts = last ? feed->place.part : 0;
    TRY(cut ? count_left_out(ctl, &message.left_out, fault) : ERR_OK);
    message.sealed = (ProtobufCBinaryData){.data = feed->sealed, .len = size + SEAL_OVERHEAD};
    message.n_counts = count_rows(feed, counts);
    message.counts = counts;
    if (feed->place.part == 1) {
        TRY(fill_unheard(ctl, unheard, &message.n_unheard, fault));
        message.recovery = feed->recovery;
        message.unheard = unheard;
        feed->looked = ctl->mono;
        message.key_box =
            (ProtobufCBinaryData){.data = feed->key_box, .len = sizeof(feed->key_box)};
        message.fire_key =
            (ProtobufCBinaryData){.data = feed->key.bytes, .len = sizeof(feed->key.bytes)};
    }
    send(ctl, &message);
    feed->persons += (uint32_t)feed->rows.count;
    return ERR_OK;
}

/* --- a list --- */

static enum err begin(struct controller *ctl, struct fault *fault)
{
    struct muster_feed *feed = ctl->muster;
    struct journal_head head;
    struct seal_box_public to;
    MUST(sizeof(to.bytes) == sizeof(ctl->park->muster_key));
    memcpy(to.bytes, ctl->park->muster_key, sizeof(to.bytes));
    feed->begun = ctl->mono;
    feed->begun_ever = true;
    TRY(journal_head(ctl->txn, &head, fault));
    TRY(recall_name(ctl, &feed->recovery, fault));
    feed->key = seal_key_draw(ctl->entropy);
    TRY(muster_close_key(&to, ctl->entropy, &feed->key, feed->key_box, fault));
    feed->begun_wall_us = ctl->now.us;
    feed->place = (struct muster_place){.sequence = head.sequence};
    feed->persons = 0;
    keybuf_begin(&feed->after);
    feed->walking = true;
    return ERR_OK;
}

/* Has a gate told all by now that the last list's head names, and that hurried none before? */
static enum err more_is_heard(struct controller *ctl, bool *ret_more, struct fault *fault)
{
    struct muster_feed *feed = ctl->muster;
    *ret_more = false;
    if (!is_after(ctl->mono, feed->looked, MUSTER_AGAIN_MS) ||
        (feed->hurried.us != 0 && !is_after(ctl->mono, feed->hurried, MUSTER_NEWS_MS))) {
        return ERR_OK;
    }
    feed->looked = ctl->mono;
    for (size_t i = 0; i < ctl->park->gate_count; i++) {
        bool told = false;
        if (feed->named[i] && !feed->was_up[i]) {
            TRY(muster_gate_told(ctl, &ctl->park->gates[i], &told, fault));
            feed->was_up[i] = told;
            *ret_more |= told;
        }
    }
    if (*ret_more) {
        feed->hurried = ctl->mono;
    }
    return ERR_OK;
}

static enum err is_due(struct controller *ctl, bool is_new, bool *ret_due, struct fault *fault)
{
    struct muster_feed *feed = ctl->muster;
    bool emergency = false;
    bool sure = false;
    *ret_due = !feed->begun_ever || is_after(ctl->mono, feed->begun, MUSTER_EVERY_MS) ||
               (is_new && is_after(ctl->mono, feed->begun, MUSTER_AGAIN_MS));
    if (!*ret_due && is_after(ctl->mono, feed->begun, MUSTER_HURRY_MS)) {
        TRY(muster_is_on(ctl, &emergency, &sure, fault));
        *ret_due = emergency;
    }
    if (*ret_due) {
        memset(feed->was_up, 0, sizeof(feed->was_up));
        return ERR_OK;
    }
    return more_is_heard(ctl, ret_due, fault);
}

static enum err step(struct controller *ctl, bool is_new, struct fault *fault)
{
    struct muster_feed *feed = ctl->muster;
    bool recovering = false;
    bool due = feed->walking;
    bool last = false;
    AUTO(store_txn_destroy) struct store_txn *keys = NULL;
    TRY(recall_is_open(ctl, &recovering, fault));
    if (!due && !recovering) {
        TRY(is_due(ctl, is_new, &due, fault));
        TRY(due ? begin(ctl, fault) : ERR_OK);
    }
    if (!due || recovering) {
        return ERR_OK;
    }
    TRY(store_begin_read(ctl->keys, &keys, fault));
    TRY(read_rows(feed, ctl->txn, keys, &last, fault));
    bool too_long = !last && feed->place.part + 1 == MUSTER_PARTS_MAX;
    enum err err = tell_part(ctl, last || too_long, too_long, fault);
    seal_wipe(&feed->rows, sizeof(feed->rows));
    if (err == ERR_OK && (last || too_long)) {
        feed->walking = false;
        seal_wipe(&feed->key, sizeof(feed->key));
        log_event("muster_told", LOG_NUM("persons", feed->persons),
                  LOG_NUM("parts", feed->place.part), LOG_NUM("cut", too_long));
    }
    return err;
}

int64_t muster_feed_turn(struct controller *ctl)
{
    struct muster_feed *feed = ctl->muster;
    struct fault fault = {0};
    bool is_new = false;
    int64_t batch_ms = batch_due_ms(ctl);
    if (batch_ms >= 0) { /* what makes a gate a post may not have left yet */
        return batch_ms;
    }
    if (!ctl->park->has_muster_key || !has_posts(ctl, &is_new)) {
        feed->walking = false;
        return -1;
    }
    if (feed->walking && mono_before(ctl->mono, feed->next_step)) {
        return MUSTER_STEP_MS;
    }
    MUST(ctl->txn == NULL);
    enum err err = store_begin_read(ctl->store, &ctl->txn, &fault);
    if (err == ERR_OK) {
        err = step(ctl, is_new, &fault);
    }
    store_txn_destroy(&ctl->txn);
    if (err != ERR_OK) {
        feed->walking = false; /* the next one is begun in time */
        feed->begun = ctl->mono;
        feed->begun_ever = true;
        log_error("muster_failed", LOG_TEXT("why", fault.what));
    }
    feed->next_step = mono_after_ms(ctl->mono, MUSTER_STEP_MS);
    return feed->walking ? MUSTER_STEP_MS : -1;
}

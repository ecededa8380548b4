#include "tests/campaigns/power/subject_controller.h"

#include "common/facts/field.h"
#include "common/store/keybuf.h"
#include "controller/store/person_keys.h"
#include "controller/store/project.h"

enum { START_EACH = 16, REPLAY_EACH = 64, EVENTS_MAX = 1 << 16, PLAIN_MAX = 4096 };

size_t controller_promises(const struct sent *sent, struct promise promises[LIMIT_SEQS_PER_ACK])
{
    size_t count = 0;
    if (sent->kind == MESSAGE_REPLY || sent->kind == MESSAGE_ENROLLED) {
        promises[count++] = (struct promise){.kind = PROMISE_HEAD, .sequence = sent->committed};
        return count;
    }
    const Parkgate__Ack *ack = (const void *)sent->body;
    for (size_t i = 0; sent->kind == MESSAGE_ACK && i < ack->n_answer; i++) {
        if (ack->answer[i] == ANSWER_APPLIED) {
            promises[count++] = (struct promise){.kind = PROMISE_EVENT,
                                                 .sequence = ack->sequence[i],
                                                 .gate = sent->peer.id[4],
                                                 .epoch = ack->epoch};
        }
    }
    return count;
}

/* --- the judge --- */

struct case_ {
    struct store *store, *keys;
    struct store_txn *txn, *keys_txn;
    char *why;
    uint64_t head;
    size_t event_count;
    struct promise events[EVENTS_MAX];
};

#define SAY(c, ...) ((void)snprintf((c)->why, POWER_WHY_SIZE, __VA_ARGS__), false)

static bool open_one(struct case_ *c, const char *dir, bool keys, struct store **ret_store,
                     struct store_txn **ret_txn)
{
    char path[STORE_PATH_SIZE];
    struct fault fault = {0};
    (void)snprintf(path, sizeof(path), "%s/%s", dir, keys ? "keys" : "store");
    struct store_options options = {.dir = path,
                                    .kind = keys ? KEY_STORE_KIND : CONTROLLER_STORE_KIND,
                                    .version = keys ? KEY_STORE_VERSION : CONTROLLER_STORE_VERSION,
                                    .tables = keys ? key_table_names : table_names,
                                    .table_count = keys ? KEY_TABLE_COUNT : TABLE_COUNT,
                                    .map_size = (size_t)256 << 20};
    if (store_open(&options, ret_store, &fault) != ERR_OK ||
        store_begin_read(*ret_store, ret_txn, &fault) != ERR_OK) {
        return SAY(c, "it does not open: %s", fault.what);
    }
    return true;
}

static bool seals_open(struct case_ *c, const char *what, const struct seal_key *key,
                       const ProtobufCBinaryData *sealed)
{
    uint8_t plain[PLAIN_MAX];
    size_t size = 0;
    if (sealed->len > sizeof(plain) || seal_open(key, (struct bytes){0}, field_view(sealed), plain,
                                                 sizeof(plain), &size, NULL) != ERR_OK) {
        return SAY(c, "%s does not open under its key", what);
    }
    return true;
}

static bool day_key_is_there(struct case_ *c, const Parkgate__EventEntry *event)
{
    struct seal_key key;
    if (event->sealed.len == 0 || event->day_key == 0) {
        return true;
    }
    return day_key_get(c->keys_txn, event->day_key, &key, NULL) == ERR_OK
               ? seals_open(c, "an event", &key, &event->sealed)
               : SAY(c, "day key %d of event %llu is lost", event->day_key,
                     (unsigned long long)event->event_sequence);
}

static bool has_event(const struct case_ *c, const struct promise *promise)
{
    for (size_t i = c->event_count; i > 0; i--) {
        const struct promise *event = &c->events[i - 1];
        if (event->sequence == promise->sequence && event->gate == promise->gate &&
            event->epoch == promise->epoch) {
            return true;
        }
    }
    return false;
}

static bool take_event(struct case_ *c, const Parkgate__Entry *entry)
{
    if (entry->kind != ENTRY_EVENT) {
        return true;
    }
    Parkgate__EventEntry *event =
        parkgate__event_entry__unpack(NULL, entry->body.len, entry->body.data);
    if (event == NULL || event->public_key.len != LINK_KEY_SIZE || c->event_count == EVENTS_MAX) {
        return SAY(c, "an event cannot be read");
    }
    const struct promise place = {.sequence = event->event_sequence,
                                  .gate = event->public_key.data[0],
                                  .epoch = event->epoch};
    bool good = has_event(c, &place)
                    ? SAY(c, "event %llu of epoch %u of gate %u stands twice",
                          (unsigned long long)place.sequence, place.epoch, place.gate)
                    : day_key_is_there(c, event);
    c->events[c->event_count++] = place;
    parkgate__event_entry__free_unpacked(event, NULL);
    return good;
}

static bool journal_is_whole(struct case_ *c)
{
    struct seal_hash chain = {{0}};
    struct journal_head head;
    uint64_t count = 0;
    struct fault fault = {0};
    if (journal_head(c->txn, &head, &fault) != ERR_OK ||
        store_count(c->txn, TABLE_JOURNAL, &count, &fault) != ERR_OK) {
        return SAY(c, "the journal has no head: %s", fault.what);
    }
    c->head = head.sequence;
    for (uint64_t i = 1; i <= head.sequence; i++) {
        struct bytes packed;
        struct seal_hash hash;
        if (journal_read(c->txn, i, &packed, &hash, &fault) != ERR_OK) {
            return SAY(c, "entry %llu: %s", (unsigned long long)i, fault.what);
        }
        chain = journal_hash(chain, packed);
        Parkgate__Entry *entry = parkgate__entry__unpack(NULL, packed.size, packed.data);
        if (entry == NULL || memcmp(chain.bytes, hash.bytes, SEAL_HASH_SIZE) != 0) {
            return SAY(c, "the chain breaks at entry %llu", (unsigned long long)i);
        }
        bool good = take_event(c, entry);
        parkgate__entry__free_unpacked(entry, NULL);
        if (!good) {
            return false;
        }
    }
    return count == head.sequence || SAY(c, "the journal has a gap");
}

static bool persons_open(struct case_ *c)
{
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    if (store_iter_prefix(c->txn, TABLE_HOLDER, (struct bytes){0}, UINT64_MAX, &iter, NULL) !=
        ERR_OK) {
        return SAY(c, "the persons cannot be read");
    }
    while (store_iter_next(&iter, &key, &value, NULL) == ERR_OK) {
        ProtobufCMessage *message = NULL;
        struct handle handle;
        struct seal_key seal_key;
        struct reader r = reader_of(key);
        handle = keybuf_read_handle(&r);
        if (store_unpack_message(key, value, &parkgate__holder_record__descriptor, &message,
                                 NULL) != ERR_OK) {
            return SAY(c, "a person cannot be read");
        }
        const Parkgate__HolderRecord *holder = (const void *)message;
        bool good = holder->sealed.len == 0 ||
                    (person_key_get(c->keys_txn, handle, &seal_key, NULL) == ERR_OK
                         ? seals_open(c, "a person", &seal_key, &holder->sealed)
                         : SAY(c, "the key of a person is lost"));
        store_message_destroy(&message);
        if (!good) {
            return false;
        }
    }
    return true;
}

static bool promises_hold(struct case_ *c, const struct power_marks *marks)
{
    for (size_t i = 0; i < marks->count; i++) {
        struct promise promise;
        MUST(marks->mark[i]->size == sizeof(promise));
        memcpy(&promise, power_mark_bytes(marks->mark[i]), sizeof(promise));
        if (promise.kind == PROMISE_HEAD && promise.sequence > c->head) {
            return SAY(c, "entry %llu was promised, the journal ends at %llu",
                       (unsigned long long)promise.sequence, (unsigned long long)c->head);
        }
        if (promise.kind == PROMISE_EVENT && !has_event(c, &promise)) {
            return SAY(c, "event %llu of epoch %u of gate %u was acknowledged and is lost",
                       (unsigned long long)promise.sequence, promise.epoch, promise.gate);
        }
    }
    return true;
}

/* --- the slower checks --- */

static void drop_frame(void *ctx, enum port port, const struct link_peer *peer, struct bytes frame)
{
    (void)ctx;
    (void)port;
    (void)peer;
    (void)frame;
}

static enum err no_job(void *ctx, uint64_t job, const char *const args[], struct fault *fault)
{
    (void)ctx;
    (void)job;
    (void)args;
    return fault_set(fault, ERR_BUSY, "no jobs here");
}

static bool starts(struct case_ *c)
{
    static struct in_work in_work;
    struct controller *ctl = NULL;
    struct fault fault = {0};
    struct turn_options options = {
        .store = c->store,
        .keys = c->keys,
        .entropy = entropy_system(),
        .index_keys = {.count = 1,                    .key = {{.bytes = {7}}}},
        .gates_key = {.bytes = {9}                            },
        .outlet = {.send = drop_frame, .job = no_job},
        .zoneinfo = PARKGATE_SOURCE_DIR "/tests/data/zoneinfo",
        .in_work = &in_work,
        .now = {.us = at_shanghai(TUESDAY + 1,                12, 0)},
        .mono = {.us = SECOND_US},
    };
    if (turn_create(&options, &ctl, &fault) != ERR_OK) {
        return SAY(c, "the controller does not start: %s", fault.what);
    }
    turn_begin(ctl, options.now, options.mono);
    turn_tick(ctl);
    (void)turn_end(ctl);
    turn_destroy(&ctl);
    return true;
}

static void end_reads(struct case_ *c)
{
    store_txn_destroy(&c->txn);
    store_txn_destroy(&c->keys_txn);
}

/* The tables are what their journal says: fails by cmocka's exit, which is a lost state too. */
static void replays(struct case_ *c, const char *dir)
{
    char path[STORE_PATH_SIZE];
    (void)snprintf(path, sizeof(path), "%s/replay", dir);
    remove_tree(path);
    struct store *copy = empty_store(path);
    (void)replay_into(c->store, copy);
    assert_same_tables(c->store, copy);
    store_destroy(&copy);
    remove_tree(path);
}

bool controller_judge(const char *dir, const struct power_marks *marks, uint64_t number,
                      char why[POWER_WHY_SIZE])
{
    static struct case_ the_case;
    struct case_ *c = &the_case;
    *c = (struct case_){.why = why};
    if (!open_one(c, dir, false, &c->store, &c->txn) ||
        !open_one(c, dir, true, &c->keys, &c->keys_txn) || !journal_is_whole(c) ||
        !promises_hold(c, marks) || !persons_open(c)) {
        return false;
    }
    end_reads(c);
    if (number % REPLAY_EACH == 0) {
        (void)snprintf(why, POWER_WHY_SIZE, "the tables are not what their journal says");
        replays(c, dir);
        why[0] = '\0';
    }
    return number % START_EACH != 0 || starts(c);
}

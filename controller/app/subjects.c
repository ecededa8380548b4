#include "controller/app/subjects.h"

#include <string.h>

#include "common/access/credential.h"
#include "common/base/log.h"
#include "common/base/must.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "common/facts/versioned.h"
#include "common/store/keybuf.h"
#include "controller/store/subject_store.h"
#include "schema/agent.pb-c.h"
#include "schema/kinds.h"

/* --- what is wanted --- */

/* ERR_OK also for a holder that is gone: then it is not wanted. */
static enum err is_wanted(struct controller *ctl, const Parkgate__CredentialRecord *face,
                          bool *ret_wanted, struct fault *fault)
{
    Parkgate__HolderRecord *holder = NULL;
    *ret_wanted = false;
    if (face->revoked_us != 0 || (face->until_us != 0 && ctl->now.us >= face->until_us)) {
        return ERR_OK;
    }
    enum err err = people_holder(ctl->txn, people_handle(&face->holder), &holder, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    *ret_wanted = !holder->removed;
    parkgate__holder_record__free_unpacked(holder, NULL);
    return ERR_OK;
}

/* Does the newest order of the row (NULL: there is none) already say this? One that the terminal's
 * former gate was told is said anew. */
static bool is_ordered(const Parkgate__SubjectRecord *row, const Parkgate__CredentialRecord *face,
                       bool wanted, const char *gate)
{
    if (row == NULL) {
        return !wanted;
    }
    bool open = row->state != SUBJECT_DONE;
    if (open && strcmp(row->gate, gate) != 0) {
        return false;
    }
    return wanted ? row->order == SUBJECT_ADD && row->until_us == face->until_us
                  : row->order == SUBJECT_DELETE;
}

static enum err record_order(struct controller *ctl, const struct park_reader *reader,
                             const char *gate, const Parkgate__CredentialRecord *face, bool wanted,
                             const char *actor, struct fault *fault)
{
    Parkgate__SubjectRecord order = PARKGATE__SUBJECT_RECORD__INIT;
    order.gate = field_text(gate);
    order.reader = field_text(reader->name.text);
    order.credential = face->credential;
    order.holder = face->holder;
    order.hash = face->hash;
    order.order = wanted ? SUBJECT_ADD : SUBJECT_DELETE;
    order.until_us = wanted ? face->until_us : 0;
    return controller_record(ctl, ENTRY_SUBJECT_ORDER, actor, &order.base, fault);
}

static enum err settle_at(struct controller *ctl, const struct park_reader *reader,
                          const Parkgate__CredentialRecord *face, bool wanted, const char *actor,
                          bool *ret_ordered, struct fault *fault)
{
    struct keybuf key;
    Parkgate__SubjectRecord *row = NULL;
    const struct park_lane *lane = park_lane(ctl->park, reader->lane);
    *ret_ordered = false;
    if (lane == NULL) {
        return ERR_OK;
    }
    enum err err = subject_get(
        ctl->txn, subject_key(&key, reader->name.text, field_view(&face->hash)), &row, fault);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    *ret_ordered = !is_ordered(row, face, wanted, lane->gate.text);
    if (row != NULL) {
        parkgate__subject_record__free_unpacked(row, NULL);
    }
    return *ret_ordered ? record_order(ctl, reader, lane->gate.text, face, wanted, actor, fault)
                        : ERR_OK;
}

static enum err settle(struct controller *ctl, const Parkgate__CredentialRecord *face,
                       const char *actor, size_t *ret_orders, struct fault *fault)
{
    bool wanted = false;
    *ret_orders = 0;
    TRY(is_wanted(ctl, face, &wanted, fault));
    for (size_t i = 0; i < ctl->park->reader_count; i++) {
        bool ordered = false;
        if (ctl->park->readers[i].terminal[0] != '\0') {
            TRY(settle_at(ctl, &ctl->park->readers[i], face, wanted, actor, &ordered, fault));
            *ret_orders += ordered;
        }
    }
    return ERR_OK;
}

enum err subjects_left(struct controller *ctl, struct bytes hash, struct handle holder,
                       struct name *ret_reader, struct fault *fault)
{
    *ret_reader = (struct name){.text = ""};
    for (size_t i = 0; i < ctl->park->reader_count; i++) {
        struct keybuf key;
        Parkgate__SubjectRecord *row = NULL;
        const struct park_reader *reader = &ctl->park->readers[i];
        enum err err =
            subject_get(ctl->txn, subject_key(&key, reader->name.text, hash), &row, fault);
        if (err == ERR_NOT_FOUND) {
            continue;
        }
        TRY(err);
        bool gone = row->order == SUBJECT_DELETE && row->state == SUBJECT_DONE;
        bool same = handle_equal(people_handle(&row->holder), holder);
        parkgate__subject_record__free_unpacked(row, NULL);
        if (!gone && !same) {
            *ret_reader = reader->name;
            return ERR_OK;
        }
    }
    return ERR_OK;
}

/* --- telling gates --- */

/* The subject id itself, for the terminal alone. ERR_NOT_FOUND: its holder's key is destroyed. */
static enum err open_subject(struct controller *ctl, const ProtobufCBinaryData *key_of,
                             const ProtobufCBinaryData *sealed, char out[FACE_SUBJECT_MAX + 1],
                             struct fault *fault)
{
    struct seal_key key;
    uint8_t plain[LIMIT_EVENT_BYTES];
    size_t size = 0;
    TRY(controller_holder_key(ctl, people_handle(key_of), false, &key, fault));
    if (sealed->len > sizeof(plain)) {
        return fault_set(fault, ERR_CORRUPT, "credential: a sealed field is too long");
    }
    enum err err = seal_open(&key, (struct bytes){0}, field_view(sealed), plain,
                             sizeof(plain), &size, fault);
    seal_wipe(&key, sizeof(key));
    TRY(err);
    Parkgate__SealedRead *read = parkgate__sealed_read__unpack(NULL, size, plain);
    seal_wipe(plain, sizeof(plain));
    if (read == NULL || read->credential.len == 0 || read->credential.len > FACE_SUBJECT_MAX) {
        err = fault_set(fault, ERR_CORRUPT, "credential: a subject id is damaged");
    } else {
        memcpy(out, read->credential.data, read->credential.len);
        out[read->credential.len] = '\0';
    }
    if (read != NULL) {
        parkgate__sealed_read__free_unpacked(read, NULL);
    }
    return err;
}

struct telling {
    size_t count, used;
    ProtobufCBinaryData orders[LIMIT_SUBJECTS_PER_MESSAGE];
    uint8_t bytes[LIMIT_SUBJECTS_PER_MESSAGE * 128];
};

static void add_order(struct telling *telling, const Parkgate__SubjectRecord *row, char *subject)
{
    Parkgate__SubjectOrder order = PARKGATE__SUBJECT_ORDER__INIT;
    order.number = row->number;
    order.reader = row->reader;
    order.kind = row->order;
    order.subject = subject;
    order.until_us = row->until_us;
    size_t size = parkgate__subject_order__get_packed_size(&order);
    MUST(telling->used + size <= sizeof(telling->bytes));
    telling->orders[telling->count++] =
        (ProtobufCBinaryData){.data = telling->bytes + telling->used, .len = size};
    telling->used += parkgate__subject_order__pack(&order, telling->bytes + telling->used);
}

/* What cannot be said stays open and visible, and keeps nothing else from being said. */
static enum err tell_one(struct controller *ctl, struct telling *telling, struct bytes row_key,
                         struct fault *fault)
{
    Parkgate__SubjectRecord *row = NULL;
    Parkgate__CredentialRecord *face = NULL;
    char subject[FACE_SUBJECT_MAX + 1];
    struct keybuf key;
    keybuf_begin(&key);
    keybuf_bytes(&key, row_key);
    TRY(subject_get(ctl->txn, keybuf_view(&key), &row, fault));
    enum err err;
    if (row->sealed.len > 0) {
        err = open_subject(ctl, &row->key, &row->sealed, subject, fault);
    } else if ((err = people_credential(ctl->txn, field_view(&row->hash), &face, fault)) ==
               ERR_OK) {
        err = open_subject(ctl, &face->holder, &face->sealed, subject, fault);
        parkgate__credential_record__free_unpacked(face, NULL);
    }
    if (err == ERR_OK) {
        add_order(telling, row, subject);
    } else if (err == ERR_NOT_FOUND) {
        log_error("subject_unknown", LOG_TEXT("reader", row->reader), LOG_NUM("order", row->number),
                  LOG_TEXT("do", "its key is destroyed: delete the subject at the terminal"));
        err = ERR_OK;
    }
    parkgate__subject_record__free_unpacked(row, NULL);
    return err;
}

static bool is_at(const struct controller *ctl, const struct park_reader *reader, struct name gate)
{
    if (reader->terminal[0] == '\0') {
        return false; /* most are: their lanes are not looked for at every tick */
    }
    const struct park_lane *lane = park_lane(ctl->park, reader->lane);
    return lane != NULL && name_equal(lane->gate, gate);
}

static size_t terminals_of(const struct controller *ctl, struct name gate)
{
    size_t count = 0;
    for (size_t i = 0; i < ctl->park->reader_count; i++) {
        count += is_at(ctl, &ctl->park->readers[i], gate);
    }
    return count;
}

/* Its oldest open orders, those that failed behind the others. */
static enum err tell_of(struct controller *ctl, struct telling *telling, struct name gate,
                        struct name reader, size_t most, struct fault *fault)
{
    struct keybuf prefix;
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_prefix(ctl->txn, TABLE_SUBJECT_OPEN,
                          subject_open_key(&prefix, gate.text, reader.text, false, 0), most, &iter,
                          fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        TRY(tell_one(ctl, telling, value, fault));
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Each terminal has its share: one that does not answer keeps no other waiting. */
static enum err tell(struct controller *ctl, struct session *session, size_t *ret_rows,
                     struct fault *fault)
{
    static struct telling telling; /* one thread; too large for the stack */
    Parkgate__Subjects subjects = PARKGATE__SUBJECTS__INIT;
    size_t terminals = terminals_of(ctl, session->gate);
    size_t share = terminals == 0 ? 0 : LIMIT_SUBJECTS_PER_MESSAGE / terminals;
    telling.count = 0;
    telling.used = 0;
    for (size_t i = 0; share > 0 && i < ctl->park->reader_count; i++) {
        const struct park_reader *reader = &ctl->park->readers[i];
        if (is_at(ctl, reader, session->gate)) {
            TRY(tell_of(ctl, &telling, session->gate, reader->name, share, fault));
        }
    }
    *ret_rows = telling.count;
    session->subjects_at = mono_after_ms(ctl->mono, SUBJECTS_AGAIN_MS);
    if (telling.count > 0 || session->subjects_told) {
        session->subjects_told = telling.count > 0;
        subjects.n_order = telling.count;
        subjects.order = telling.orders;
        batch_send(ctl, PORT_AGENTS, &session->peer, session->version, MESSAGE_SUBJECTS, 0,
                   &subjects.base);
    }
    seal_wipe(telling.bytes, telling.used);
    return ERR_OK;
}

enum err subjects_tell(struct controller *ctl, struct session *session, struct fault *fault)
{
    size_t rows = 0;
    return tell(ctl, session, &rows, fault);
}

static bool has_terminal(const struct controller *ctl, struct name gate)
{
    return terminals_of(ctl, gate) > 0;
}

/* The gate that has waited longest to be told; NULL: none is due. */
static struct session *next_due(struct controller *ctl)
{
    struct session *next = NULL;
    for (size_t i = 0; i < LIMIT_AGENTS; i++) {
        struct session *session = &ctl->sessions.items[i];
        if (session->used && !session->away && !mono_before(ctl->mono, session->subjects_at) &&
            (next == NULL || mono_before(session->subjects_at, next->subjects_at)) &&
            has_terminal(ctl, session->gate)) {
            next = session;
        }
    }
    return next;
}

/* All are due; what does not fit into one step is told at the next ticks. */
static enum err tell_all(struct controller *ctl, struct fault *fault)
{
    struct session *session;
    size_t told = 0;
    for (size_t i = 0; i < LIMIT_AGENTS; i++) {
        if (mono_before(ctl->mono, ctl->sessions.items[i].subjects_at)) {
            ctl->sessions.items[i].subjects_at = ctl->mono;
        }
    }
    while (told < SUBJECTS_TELL_ROWS && (session = next_due(ctl)) != NULL) {
        size_t rows = 0;
        TRY(tell(ctl, session, &rows, fault));
        told += rows;
    }
    return ERR_OK;
}

enum err subjects_settle(struct controller *ctl, struct bytes hash, const char *actor,
                         size_t *ret_orders, struct fault *fault)
{
    Parkgate__CredentialRecord *face = NULL;
    *ret_orders = 0;
    TRY(people_credential(ctl->txn, hash, &face, fault));
    enum err err =
        face->kind == CREDENTIAL_KIND_FACE ? settle(ctl, face, actor, ret_orders, fault) : ERR_OK;
    parkgate__credential_record__free_unpacked(face, NULL);
    TRY(err);
    return *ret_orders > 0 ? tell_all(ctl, fault) : ERR_OK;
}

/* --- erasing --- */

/* Deletes one face at one terminal that may know it; the order carries the subject itself. */
static enum err forget_at(struct controller *ctl, const Parkgate__SubjectRecord *row,
                          const Parkgate__CredentialRecord *face, struct handle key_of,
                          const struct seal_key *key, const char *actor, struct fault *fault)
{
    char subject[FACE_SUBJECT_MAX + 1];
    uint8_t sealed[FACE_SUBJECT_MAX + 16 + SEAL_OVERHEAD];
    Parkgate__SealedRead read = PARKGATE__SEALED_READ__INIT;
    Parkgate__SubjectRecord order = PARKGATE__SUBJECT_RECORD__INIT;
    TRY(open_subject(ctl, &face->holder, &face->sealed, subject, fault));
    read.credential = field_of(bytes_of_text(subject));
    size_t size = controller_seal(ctl, key, &read.base, sealed, sizeof(sealed));
    seal_wipe(subject, sizeof(subject));
    order.gate = row->gate;
    order.reader = row->reader;
    order.credential = face->credential;
    order.holder = face->holder;
    order.hash = face->hash;
    order.order = SUBJECT_DELETE;
    order.sealed = field_of((struct bytes){.data = sealed, .size = size});
    order.key = people_field(&key_of);
    return controller_record(ctl, ENTRY_SUBJECT_ORDER, actor, &order.base, fault);
}

/* At every terminal of the park that was ever told of this face and has not confirmed its end. */
static enum err forget_face(struct controller *ctl, const Parkgate__CredentialRecord *face,
                            struct handle key_of, const struct seal_key *key, const char *actor,
                            size_t *orders, struct fault *fault)
{
    for (size_t i = 0; i < ctl->park->reader_count; i++) {
        struct keybuf row_key;
        Parkgate__SubjectRecord *row = NULL;
        enum err err = subject_get(
            ctl->txn,
            subject_key(&row_key, ctl->park->readers[i].name.text, field_view(&face->hash)), &row,
            fault);
        if (err == ERR_NOT_FOUND) {
            continue;
        }
        TRY(err);
        bool gone = row->order == SUBJECT_DELETE && row->state == SUBJECT_DONE;
        err = gone ? ERR_OK : forget_at(ctl, row, face, key_of, key, actor, fault);
        *orders += !gone;
        parkgate__subject_record__free_unpacked(row, NULL);
        if (err != ERR_OK && err != ERR_NOT_FOUND) {
            return err;
        }
    }
    return ERR_OK;
}

enum err subjects_forget(struct controller *ctl, struct handle person, struct handle key_of,
                         const char *actor, size_t *ret_orders, struct fault *fault)
{
    struct keybuf prefix;
    struct bytes at;
    struct bytes hash;
    struct seal_key key;
    AUTO(store_iter_end) struct store_iter iter = {0};
    *ret_orders = 0;
    TRY(controller_holder_key(ctl, key_of, true, &key, fault));
    keybuf_begin(&prefix);
    keybuf_handle(&prefix, person);
    TRY(store_iter_prefix(ctl->txn, TABLE_CREDENTIAL_OF, keybuf_view(&prefix), UINT64_MAX, &iter,
                          fault));
    enum err err;
    while ((err = store_iter_next(&iter, &at, &hash, fault)) == ERR_OK) {
        Parkgate__CredentialRecord *face = NULL;
        err = people_credential(ctl->txn, hash, &face, fault);
        if (err == ERR_OK && face->kind == CREDENTIAL_KIND_FACE &&
            handle_equal(people_handle(&face->holder), person)) {
            err = forget_face(ctl, face, key_of, &key, actor, ret_orders, fault);
        }
        if (face != NULL) {
            parkgate__credential_record__free_unpacked(face, NULL);
        }
        if (err != ERR_OK && err != ERR_NOT_FOUND) {
            break;
        }
    }
    seal_wipe(&key, sizeof(key));
    if (err != ERR_NOT_FOUND) {
        return err;
    }
    return *ret_orders > 0 ? tell_all(ctl, fault) : ERR_OK;
}

enum err subjects_waiting(struct controller *ctl, struct handle person, size_t *ret_count,
                          struct fault *fault)
{
    struct bytes key;
    struct bytes row_key;
    AUTO(store_iter_end) struct store_iter iter = {0};
    *ret_count = 0;
    TRY(store_iter_prefix(ctl->txn, TABLE_SUBJECT_OPEN, (struct bytes){0}, SUBJECTS_COUNT_MAX,
                          &iter, fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &row_key, fault)) == ERR_OK) {
        Parkgate__SubjectRecord *row = NULL;
        TRY(subject_get(ctl->txn, row_key, &row, fault));
        *ret_count += handle_equal(people_handle(&row->holder), person);
        parkgate__subject_record__free_unpacked(row, NULL);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* --- the sweep --- */

static enum err settle_row(struct controller *ctl, struct bytes key, struct bytes value,
                           size_t *ret_orders, bool *ret_face, struct fault *fault)
{
    ProtobufCMessage *message = NULL;
    enum err err = versioned_resolve(ctl->txn, VERSIONED_CREDENTIAL, key, value, &message, fault);
    *ret_orders = 0;
    *ret_face = false;
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    const Parkgate__CredentialRecord *face = (void *)message;
    if (face->kind == CREDENTIAL_KIND_FACE) {
        *ret_face = true;
        err = settle(ctl, face, "", ret_orders, fault);
    }
    store_message_destroy(&message);
    return err;
}

static size_t terminals_of_park(const struct controller *ctl)
{
    size_t count = 0;
    for (size_t i = 0; i < ctl->park->reader_count; i++) {
        count += ctl->park->readers[i].terminal[0] != '\0';
    }
    return count;
}

/* Run again it looks at the same rows and orders the same. */
static enum err sweep_step(struct controller *ctl, void *ctx, struct fault *fault)
{
    struct subject_sweep *sweep = ctx;
    const size_t terminals = terminals_of_park(ctl);
    struct bytes key;
    struct bytes value;
    size_t ordered = 0;
    size_t looks = 0;
    AUTO(store_iter_end) struct store_iter iter = {0};
    sweep->next = sweep->from;
    TRY(store_iter_range(ctl->txn, TABLE_CREDENTIAL,
                         (struct bytes){.data = sweep->from.bytes, .size = sizeof(sweep->from)},
                         (struct bytes){0}, SUBJECTS_SWEEP_ROWS + 1, &iter, fault));
    enum err err;
    for (size_t rows = 0; (err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK; rows++) {
        if (rows == SUBJECTS_SWEEP_ROWS || ordered >= SUBJECTS_SWEEP_ORDERS ||
            looks >= SUBJECTS_SWEEP_LOOKS) {
            MUST(key.size == sizeof(sweep->next));
            memcpy(sweep->next.bytes, key.data, key.size);
            sweep->more = true;
            return ordered > 0 ? tell_all(ctl, fault) : ERR_OK;
        }
        size_t orders = 0;
        bool face = false;
        TRY(settle_row(ctl, key, value, &orders, &face, fault));
        ordered += orders;
        looks += face ? terminals : 0;
    }
    sweep->more = false;
    if (err != ERR_NOT_FOUND) {
        return err;
    }
    return ordered > 0 ? tell_all(ctl, fault) : ERR_OK;
}

static void turn_sweep(struct controller *ctl)
{
    struct subject_sweep *sweep = &ctl->sweep;
    bool begin = sweep->config_version != ctl->park->config_version ||
                 (!sweep->more && !mono_before(ctl->mono, sweep->again));
    if (begin) {
        *sweep = (struct subject_sweep){.config_version = ctl->park->config_version,
                                        .more = terminals_of_park(ctl) > 0,
                                        .again = mono_after_ms(ctl->mono, SUBJECTS_SWEEP_MS)};
    } else {
        sweep->from = sweep->next; /* the step before is committed by now */
    }
    if (sweep->more) {
        batch_run(ctl, sweep_step, sweep);
    }
}

struct due {
    struct session *session;
    size_t rows;
};

static enum err tell_again(struct controller *ctl, void *ctx, struct fault *fault)
{
    struct due *due = ctx;
    return tell(ctl, due->session, &due->rows, fault);
}

void subjects_tick(struct controller *ctl)
{
    struct due due;
    size_t told = 0;
    turn_sweep(ctl);
    while (told < SUBJECTS_TELL_ROWS && (due.session = next_due(ctl)) != NULL) {
        due.rows = 0;
        due.session->subjects_at = mono_after_ms(ctl->mono, SUBJECTS_AGAIN_MS);
        batch_run(ctl, tell_again, &due);
        told += due.rows;
    }
}

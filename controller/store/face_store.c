#include "controller/store/face_store.h"

#include "common/access/credential.h"
#include "common/facts/field.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "controller/store/project_parts.h"
#include "schema/limits.h"

static struct bytes count_key(struct keybuf *key)
{
    keybuf_begin(key);
    keybuf_u8(key, FACE_COUNT_ROW);
    return keybuf_view(key);
}

enum err face_count_get(struct store_txn *txn, Parkgate__FaceCountRecord **ret, struct fault *fault)
{
    static const uint8_t empty[1];
    struct keybuf key;
    ProtobufCMessage *message = NULL;
    enum err err = store_get_message(txn, TABLE_FACE_COUNT, count_key(&key),
                                     &parkgate__face_count_record__descriptor, &message, fault);
    if (err == ERR_NOT_FOUND) {
        *ret = parkgate__face_count_record__unpack(NULL, 0, empty);
        return *ret != NULL ? ERR_OK : fault_set(fault, ERR_IO, "faces: out of memory");
    }
    TRY(err);
    *ret = (void *)message;
    return ERR_OK;
}

/* ERR_NOT_FOUND: never had one. */
static enum err faces_of(struct store_txn *txn, struct bytes person, uint32_t *ret,
                         struct fault *fault)
{
    ProtobufCMessage *message = NULL;
    TRY(store_get_message(txn, TABLE_FACE_PERSON, person,
                          &parkgate__face_person_record__descriptor, &message, fault));
    *ret = ((Parkgate__FacePersonRecord *)(void *)message)->faces;
    store_message_destroy(&message);
    return ERR_OK;
}

enum err face_is_attached(struct store_txn *txn, struct handle person, bool *ret,
                          struct fault *fault)
{
    uint32_t faces = 0;
    enum err err = faces_of(txn, BYTES_OF(person.bytes), &faces, fault);
    *ret = err == ERR_OK && faces > 0;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err add_persons(struct store_txn *txn, int now, int ever, int64_t time_us,
                            struct fault *fault)
{
    struct keybuf key;
    Parkgate__FaceCountRecord *count = NULL;
    if (now == 0 && ever == 0) {
        return ERR_OK;
    }
    TRY(face_count_get(txn, &count, fault));
    count->now += (uint64_t)(int64_t)now;
    count->ever += (uint64_t)(int64_t)ever;
    if (count->reached_us == 0 && count->now >= LIMIT_FACE_PERSONS) {
        count->reached_us = time_us;
    }
    enum err err = store_put_message(txn, TABLE_FACE_COUNT, count_key(&key), &count->base, fault);
    parkgate__face_count_record__free_unpacked(count, NULL);
    return err;
}

/* One face more or less of this person. */
static enum err change_person(struct store_txn *txn, struct bytes person, int by, int64_t time_us,
                              struct fault *fault)
{
    uint32_t faces = 0;
    Parkgate__FacePersonRecord record = PARKGATE__FACE_PERSON_RECORD__INIT;
    enum err err = faces_of(txn, person, &faces, fault);
    bool is_first = err == ERR_NOT_FOUND;
    if (err != ERR_OK && !is_first) {
        return err;
    }
    record.faces = by < 0 ? faces - (faces > 0) : faces + 1;
    TRY(store_put_message(txn, TABLE_FACE_PERSON, person, &record.base, fault));
    return add_persons(txn, (record.faces > 0) - (faces > 0), is_first && by > 0, time_us, fault);
}

/* The face as it stood is taken off its holder; *ret_was: there was a row. */
static enum err take_off(struct store_txn *txn, struct bytes hash, int64_t time_us, bool *ret_was,
                         struct fault *fault)
{
    ProtobufCMessage *message = NULL;
    enum err err = store_get_message(txn, TABLE_FACE, hash, &parkgate__face_record__descriptor,
                                     &message, fault);
    *ret_was = err == ERR_OK;
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    const Parkgate__FaceRecord *face = (const void *)message;
    if (face->attached) {
        err = change_person(txn, field_view(&face->holder), -1, time_us, fault);
    }
    store_message_destroy(&message);
    return err;
}

enum err face_count_credential(struct store_txn *txn, const Parkgate__CredentialRecord *record,
                               int64_t time_us, struct fault *fault)
{
    bool was = false;
    Parkgate__FaceRecord face = PARKGATE__FACE_RECORD__INIT;
    if (record->kind != CREDENTIAL_KIND_FACE) {
        return ERR_OK;
    }
    TRY(take_off(txn, field_view(&record->hash), time_us, &was, fault));
    face.holder = record->holder;
    face.attached = record->revoked_us == 0;
    TRY(store_put_message(txn, TABLE_FACE, field_view(&record->hash), &face.base, fault));
    return face.attached ? change_person(txn, field_view(&face.holder), 1, time_us, fault) : ERR_OK;
}

enum err face_forget(struct store_txn *txn, struct bytes hash, struct fault *fault)
{
    bool was = false;
    TRY(take_off(txn, hash, 0, &was, fault));
    return was ? store_del(txn, TABLE_FACE, hash, fault) : ERR_OK;
}

enum err project_face_filing(struct store_txn *txn, const Parkgate__Entry *entry,
                             const ProtobufCMessage *body, struct fault *fault)
{
    struct keybuf key;
    const Parkgate__FaceFiling *filing = (const void *)body;
    Parkgate__FaceCountRecord *found = NULL;
    TRY(face_count_get(txn, &found, fault));
    Parkgate__FaceCountRecord count = *found;
    count.filing = filing->number;
    count.filed_us = entry->time_us;
    enum err err = store_put_message(txn, TABLE_FACE_COUNT, count_key(&key), &count.base, fault);
    parkgate__face_count_record__free_unpacked(found, NULL);
    return err;
}

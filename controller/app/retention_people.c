/* Faces of who passes by, and persons who work here no more: by what is still to come of them. */
#include "common/access/civil.h"
#include "common/base/must.h"
#include "common/facts/passage_walk.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "common/facts/versioned.h"
#include "controller/app/erasure.h"
#include "controller/app/faces.h"
#include "controller/app/retention_parts.h"
#include "controller/app/subjects.h"
#include "schema/kinds.h"

/* The last local day of this person's assignments; it stops at one that is not past the cut. */
static enum err last_assigned(struct slice *s, struct handle person, int32_t *ret,
                              struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_prefix(s->ctl->txn, TABLE_ASSIGNMENT, BYTES_OF(person.bytes), UINT64_MAX, &iter,
                          fault));
    enum err err = ERR_OK;
    while (*ret < s->cut_day && (err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        ProtobufCMessage *newest = NULL;
        s->looked++;
        TRY(versioned_newest(s->ctl->txn, VERSIONED_ASSIGNMENT, key, &newest, fault));
        int32_t day = ((Parkgate__AssignmentRecord *)(void *)newest)->to_day;
        *ret = day > *ret ? day : *ret;
        store_message_destroy(&newest);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Visits lie in the order in which they end. */
static enum err last_visited(struct slice *s, struct handle person, int32_t *ret,
                             struct fault *fault)
{
    struct keybuf from;
    struct keybuf until;
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    keybuf_begin(&from);
    keybuf_handle(&from, person);
    keybuf_begin(&until);
    keybuf_handle(&until, person);
    keybuf_wall(&until, (struct wall){INT64_MAX});
    TRY(store_iter_range_back(s->ctl->txn, TABLE_VISIT_OF, keybuf_view(&from), keybuf_view(&until),
                              1, &iter, fault));
    enum err err = store_iter_next(&iter, &key, &value, fault);
    if (err == ERR_OK) {
        struct reader r = reader_of(key);
        (void)keybuf_read_handle(&r);
        int32_t day = civil_of(&s->ctl->tz, keybuf_read_wall(&r)).day;
        *ret = day > *ret ? day : *ret;
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err last_passed(struct slice *s, struct handle person, int32_t *ret,
                            struct fault *fault)
{
    struct passage_row row;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(passage_walk_begin_back(s->ctl->txn, person, (struct wall){INT64_MAX}, 0, &iter, fault));
    enum err err = passage_walk_next(&iter, &row, fault);
    if (err == ERR_OK) {
        int32_t day = civil_of(&s->ctl->tz, row.passage.at).day;
        *ret = day > *ret ? day : *ret;
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Is all that was or is planned of this person past the cut? Of whom nothing is known is left
 * alone. */
static enum err is_over(struct slice *s, struct handle person, bool *ret, struct fault *fault)
{
    int32_t last = INT32_MIN;
    TRY(last_passed(s, person, &last, fault));
    TRY(last_visited(s, person, &last, fault));
    TRY(last_assigned(s, person, &last, fault));
    *ret = last != INT32_MIN && last < s->cut_day;
    return ERR_OK;
}

static enum err revoke_face(struct slice *s, struct bytes hash, struct fault *fault)
{
    size_t orders = 0;
    Parkgate__CredentialRecord *face = NULL;
    enum err err = people_credential(s->ctl->txn, hash, &face, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    Parkgate__CredentialRecord changed = *face;
    changed.revoked_us = s->ctl->now.us;
    changed.reason = field_text("retention: the last shift or visit is over");
    changed.stage = 0;
    changed.previous = (ProtobufCBinaryData){0};
    err = controller_record(s->ctl, ENTRY_CREDENTIAL, "", &changed.base, fault);
    parkgate__credential_record__free_unpacked(face, NULL);
    TRY(err);
    s->ctl->retaining.removed[RETAIN_FACES]++;
    return subjects_settle(s->ctl, hash, "", &orders, fault);
}

static enum err drop_face(struct slice *s, struct bytes hash, const Parkgate__FaceRecord *face,
                          struct fault *fault)
{
    bool over = false;
    Parkgate__HolderRecord *holder = NULL;
    struct handle person = people_handle(&face->holder);
    enum err err = people_holder(s->ctl->txn, person, &holder, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    bool passes_by = holder->kind == PERSON_DAY || holder->kind == PERSON_DRIVER ||
                     holder->kind == PERSON_VISITOR;
    parkgate__holder_record__free_unpacked(holder, NULL);
    if (!passes_by) {
        return ERR_OK;
    }
    TRY(is_over(s, person, &over, fault));
    return over ? revoke_face(s, hash, fault) : ERR_OK;
}

static enum err drop_person(struct slice *s, struct handle person, struct fault *fault)
{
    bool may = false;
    bool over = false;
    TRY(is_over(s, person, &over, fault));
    if (!over) {
        return ERR_OK;
    }
    TRY(erasure_is_free(s->ctl, person, &may, fault));
    if (!may) {
        return ERR_OK;
    }
    s->ctl->retaining.removed[RETAIN_PERSONS]++;
    return erasure_begin(s->ctl, person, "",
                         "retention: nothing has been of this person for so long", NULL, fault);
}

/* Along a table whose keys are hashes or handles. */
enum err slice_people(struct slice *s, struct retaining *r, bool faces, struct fault *fault)
{
    (void)r;
    struct bytes key;
    struct bytes value;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(slice_walk(s, faces ? TABLE_FACE : TABLE_HOLDER, &iter, fault));
    enum err err;
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        struct keybuf copy;
        ProtobufCMessage *message = NULL;
        keybuf_begin(&copy);
        keybuf_bytes(&copy, key);
        if (slice_is_full(s)) {
            slice_resume(s, keybuf_view(&copy));
            return ERR_OK;
        }
        s->looked++;
        TRY(slice_read(faces ? TABLE_FACE : TABLE_HOLDER, keybuf_view(&copy), value,
                       faces ? &parkgate__face_record__descriptor
                             : &parkgate__holder_record__descriptor,
                       &message, fault));
        if (message == NULL) {
            continue; /* not retention's to remove */
        }
        const Parkgate__FaceRecord *face = (const void *)message;
        const Parkgate__HolderRecord *holder = (const void *)message;
        bool wanted = faces ? face->attached : !holder->vehicle && !holder->removed;
        err = !wanted ? ERR_OK
              : faces ? drop_face(s, keybuf_view(&copy), face, fault)
                      : drop_person(s, people_handle(&holder->holder), fault);
        store_message_destroy(&message);
        TRY(err);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

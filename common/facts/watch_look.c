#include "common/facts/watch_look.h"

#include "common/access/credential.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "schema/watch.h"

/* WATCH_MATCHER_NONE: no entry names such a credential. */
static enum watch_matcher matcher_of(uint32_t credential_kind)
{
    switch (credential_kind) {
    case CREDENTIAL_KIND_PLATE:
        return WATCH_MATCHER_PLATE;
    case CREDENTIAL_KIND_BADGE:
        return WATCH_MATCHER_BADGE;
    default:
        return WATCH_MATCHER_NONE;
    }
}

static size_t hashes_of(const struct facts_view *view, const Parkgate__Event *event,
                        struct seal_hash out[VIEW_WATCH_HASHES_MAX])
{
    struct bytes canonical = field_view(&event->credential);
    if (view->watch_hashes != NULL) {
        return view->watch_hashes(view->ctx, event->credential_kind, canonical, out);
    }
    out[0] = view->credential_hash(view->ctx, event->credential_kind, canonical);
    return 1;
}

static enum err look_at_credential(const struct facts_view *view, const Parkgate__Event *event,
                                   struct watch_finds *finds, struct fault *fault)
{
    enum watch_matcher matcher = matcher_of(event->credential_kind);
    if (matcher == WATCH_MATCHER_NONE || event->credential.len == 0) {
        return ERR_OK;
    }
    struct seal_hash hashes[VIEW_WATCH_HASHES_MAX];
    size_t count = hashes_of(view, event, hashes);
    for (size_t i = 0; i < count; i++) {
        TRY(watch_find_match(view->txn, matcher, BYTES_OF(hashes[i].bytes), view->now, finds,
                             fault));
    }
    return ERR_OK;
}

static enum err look_at_person(const struct facts_view *view, struct handle person,
                               struct watch_finds *finds, struct fault *fault)
{
    return handle_is_none(person) ? ERR_OK
                                  : watch_find_target(view->txn, person, view->now, finds, fault);
}

/* A face names a person for sure only beside another credential of the same one: not beside the
 * plate of what he drives. */
static bool is_face_alone(const Parkgate__Event *event, const struct subject *subject)
{
    return event->credential_kind == CREDENTIAL_KIND_FACE &&
           (!subject->completes || handle_equal(subject->owner, subject->companion));
}

/* The read that waited: its credential, and who drives. */
static enum err look_at_first(const struct facts_view *view, const Parkgate__Event *event,
                              const struct subject *subject, struct watch_finds *finds,
                              struct fault *fault)
{
    struct bytes hash;
    uint32_t kind = 0;
    Parkgate__CredentialRecord *record = NULL;
    if (handle_is_none(subject->first)) {
        return ERR_OK;
    }
    enum err err =
        store_get(view->txn, TABLE_CREDENTIAL_ID, BYTES_OF(subject->first.bytes), &hash, fault);
    if (err == ERR_OK) {
        err = people_credential(view->txn, hash, &record, fault);
    }
    if (err == ERR_OK) {
        kind = record->kind;
        parkgate__credential_record__free_unpacked(record, NULL);
    } else if (err != ERR_NOT_FOUND) {
        return err;
    }
    /* Known by a face alone, the driver was a candidate when it was shown. */
    if (kind != CREDENTIAL_KIND_FACE && !is_face_alone(event, subject)) {
        TRY(look_at_person(view, subject->companion, finds, fault));
    }
    enum watch_matcher matcher = matcher_of(kind);
    return matcher == WATCH_MATCHER_NONE
               ? ERR_OK
               : watch_find_match(view->txn, matcher, hash, view->now, finds, fault);
}

enum err watch_look(const struct facts_view *view, const Parkgate__Event *event,
                    const struct subject *subject, struct watch_looked *ret, struct fault *fault)
{
    ret->exact.count = ret->face.count = ret->other.count = 0;
    if (view->clock_unknown) {
        return ERR_OK;
    }
    TRY(look_at_credential(view, event, &ret->exact, fault));
    TRY(look_at_person(view, subject->owner,
                       is_face_alone(event, subject) ? &ret->face : &ret->exact, fault));
    return look_at_first(view, event, subject, &ret->other, fault);
}

static bool has_review(const struct watch_finds *finds)
{
    for (size_t i = 0; i < finds->count; i++) {
        if (finds->items[i].action == WATCH_ACTION_REVIEW) {
            return true;
        }
    }
    return false;
}

bool watch_wants_review(const struct watch_looked *looked)
{
    return has_review(&looked->exact) || has_review(&looked->other);
}

/* Hits as an authority's own station reads them: nothing else of the park is in them. And what a
 * guard compares before a candidate becomes one. */
#include <stdio.h>
#include <string.h>

#include "common/access/plate_alike.h"
#include "common/base/must.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "common/facts/watch_store.h"
#include "controller/app/alert_sight.h"
#include "controller/app/candidates.h"
#include "controller/app/request.h"
#include "controller/app/watch_open.h"
#include "controller/store/candidate_store.h"
#include "controller/store/hit_store.h"
#include "schema/kinds.h"
#include "schema/watch.h"

/* The station's own name of the entry; "" when the entry's key is destroyed. */
static enum err entry_id(struct controller *ctl, struct handle handle,
                         char out[LIMIT_WATCH_ID_BYTES + 1], struct fault *fault)
{
    Parkgate__WatchEntry *entry = NULL;
    out[0] = '\0';
    enum err err = watch_open(ctl, handle, &entry, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    (void)snprintf(out, LIMIT_WATCH_ID_BYTES + 1, "%s", entry->id);
    parkgate__watch_entry__free_unpacked(entry, NULL);
    return ERR_OK;
}

static const char *how_word(uint32_t how)
{
    return how == WATCH_HOW_EXACT ? "exact" : "confirmed";
}

static enum err hit_row(struct controller *ctl, struct answer *a, const Parkgate__WatchHit *hit,
                        bool *ret_fits, struct fault *fault)
{
    char id[LIMIT_WATCH_ID_BYTES + 1];
    TRY(entry_id(ctl, people_handle(&hit->entry), id, fault));
    answer_begin_row(a);
    answer_number(a, (int64_t)hit->number);
    answer_text(a, id);
    answer_wall(a, (struct wall){hit->at_us});
    answer_text(a, hit->gate);
    answer_text(a, hit->lane);
    answer_text(a, watch_matcher_name(hit->matcher));
    answer_text(a, how_word(hit->how));
    answer_text(a, hit->test ? "yes" : "no");
    *ret_fits = answer_end_row(a);
    return ERR_OK;
}

/* Hits behind `after`, oldest first; the rest comes with the number of the last one shown. Those
 * past their term are gone; their numbers are passed over. */
static enum err show_hits(struct controller *ctl, struct answer *a, const char *authority,
                          uint64_t after, struct fault *fault)
{
    struct keybuf from;
    struct keybuf until;
    struct bytes key;
    struct bytes value;
    uint64_t newest = 0;
    bool fits = true;
    enum err err = ERR_NOT_FOUND;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(hit_newest(ctl->txn, authority, &newest, fault));
    TRY(store_iter_range(ctl->txn, TABLE_WATCH_HIT, hit_key(&from, authority, after + 1),
                         hit_key(&until, authority, UINT64_MAX), LIMIT_ROWS_PER_MESSAGE, &iter,
                         fault));
    while (fits && (err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        AUTO(store_message_destroy) ProtobufCMessage *message = NULL;
        TRY(store_unpack_message(key, value, &parkgate__watch_hit__descriptor, &message, fault));
        const Parkgate__WatchHit *hit = (const void *)message;
        TRY(hit_row(ctl, a, hit, &fits, fault));
        after = fits ? hit->number : after;
    }
    if (err == ERR_NOT_FOUND && !iter.cut) {
        after = newest > after ? newest : after;
    }
    answer_note_number(a, "after", (int64_t)after);
    answer_note_number(a, "newest", (int64_t)newest);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Whose station speaks with this key. ERR_NOT_FOUND: nobody's. */
static enum err authority_of_key(struct controller *ctl, const char *key_name, struct name *ret,
                                 struct fault *fault)
{
    struct bytes key;
    struct bytes value;
    enum err err;
    AUTO(store_iter_end) struct store_iter iter = {0};
    TRY(store_iter_prefix(ctl->txn, TABLE_AUTHORITY, (struct bytes){0}, UINT64_MAX, &iter, fault));
    while ((err = store_iter_next(&iter, &key, &value, fault)) == ERR_OK) {
        AUTO(store_message_destroy) ProtobufCMessage *message = NULL;
        TRY(store_unpack_message(key, value, &parkgate__authority_record__descriptor, &message,
                                 fault));
        const Parkgate__AuthorityRecord *record = (const void *)message;
        if (strcmp(record->key, key_name) == 0) {
            *ret = name_or_none(record->name);
            return ERR_OK;
        }
    }
    return err;
}

static enum err on_watch_hits(struct controller *ctl, struct request *request, struct fault *fault)
{
    struct name authority = {{0}}; /* of no station: without hits */
    uint64_t after = 0;
    if (!request_number_or_none(request, "after", UINT64_MAX - 1, &after)) {
        return ERR_OK;
    }
    enum err err = authority_of_key(ctl, request->key->name, &authority, fault);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        return err;
    }
    answer_columns(request->answer, "number,id,at_us,gate,lane,matcher,how,test");
    return show_hits(ctl, request->answer, authority.text, after, fault);
}

/* --- a candidate, for whom it is to be decided by --- */

/* What the camera read, as it read it. ERR_NOT_FOUND: somebody decided meanwhile. */
static enum err open_read(struct controller *ctl, const Parkgate__Candidate *candidate,
                          Parkgate__SealedRead **ret, struct fault *fault)
{
    struct seal_key key;
    uint8_t plain[LIMIT_EVENT_BYTES];
    size_t size = 0;
    TRY(controller_candidate_key(ctl, people_handle(&candidate->candidate), false, &key, fault));
    enum err err = candidate->sealed.len > sizeof(plain)
                       ? fault_set(fault, ERR_CORRUPT, "candidate: what is sealed is too long")
                       : seal_open(&key, (struct bytes){0}, field_view(&candidate->sealed), plain,
                                   sizeof(plain), &size, fault);
    seal_wipe(&key, sizeof(key));
    TRY(err);
    *ret = parkgate__sealed_read__unpack(NULL, size, plain);
    seal_wipe(plain, sizeof(plain));
    return *ret != NULL ? ERR_OK : fault_set(fault, ERR_CORRUPT, "candidate: a damaged read");
}

static void note_text(struct answer *a, const char *name, struct bytes text)
{
    char shown[LIMIT_CREDENTIAL_BYTES + 1];
    (void)snprintf(shown, sizeof(shown), "%.*s", (int)text.size, (const char *)text.data);
    answer_note(a, name, request_is_plain(text) ? shown : "");
}

/* The raw read beside the entry's plate. Of a face there is nothing to compare: only a document
 * says who it is. */
static void note_plates(struct answer *a, const Parkgate__SealedRead *read,
                        const Parkgate__WatchEntry *listed)
{
    struct plate plate;
    struct bytes raw = read->raw.len > 0 ? field_view(&read->raw) : field_view(&read->credential);
    (void)plate_read(raw, PLATE_SOURCE_TEXT, &plate);
    note_text(a, "read", raw);
    note_text(a, "listed", field_view(&listed->match));
    answer_note_number(a, "differences",
                       plate_alike(bytes_of_text(plate.text), field_view(&listed->match)));
}

/* What the station wrote for the guard: what to do, and whom to call. */
static void note_words(struct answer *a, const Parkgate__WatchEntry *listed)
{
    answer_note(a, "instruction", watch_instruction_en(listed->instruction));
    answer_note(a, "instruction_zh", watch_instruction_zh(listed->instruction));
    answer_note(a, "contact", listed->contact);
}

static enum err show_candidate(struct controller *ctl, struct answer *a,
                               const Parkgate__Candidate *candidate, struct fault *fault)
{
    Parkgate__SealedRead *read = NULL;
    Parkgate__WatchEntry *listed = NULL;
    Parkgate__WatchHit *hit =
        parkgate__watch_hit__unpack(NULL, candidate->hit.len, candidate->hit.data);
    if (hit == NULL) {
        return fault_set(fault, ERR_CORRUPT, "candidate: a damaged record");
    }
    enum err err = open_read(ctl, candidate, &read, fault);
    if (err == ERR_OK) {
        err = watch_open(ctl, people_handle(&hit->entry), &listed, fault);
    }
    if (err == ERR_OK) {
        answer_note(a, "how", hit->how == WATCH_HOW_FACE ? "face" : "plate");
        if (hit->how == WATCH_HOW_ALIKE) {
            note_plates(a, read, listed);
        }
        note_words(a, listed);
    }
    if (read != NULL) {
        parkgate__sealed_read__free_unpacked(read, NULL);
    }
    if (listed != NULL) {
        parkgate__watch_entry__free_unpacked(listed, NULL);
    }
    parkgate__watch_hit__free_unpacked(hit, NULL);
    return err;
}

enum err candidate_note(struct controller *ctl, struct answer *a,
                        const Parkgate__AlertRecord *alert, struct fault *fault)
{
    Parkgate__Candidate *candidate = NULL;
    enum err err = candidate_get(ctl->txn, people_handle(&alert->subject), &candidate, fault);
    if (err == ERR_OK) {
        err = show_candidate(ctl, a, candidate, fault);
        parkgate__candidate__free_unpacked(candidate, NULL);
    }
    if (err == ERR_NOT_FOUND) {
        answer_note(a, "how", "none");
        return ERR_OK;
    }
    return err;
}

enum err hit_note(struct controller *ctl, struct answer *a, const Parkgate__AlertRecord *alert,
                  struct fault *fault)
{
    Parkgate__WatchEntry *listed = NULL;
    enum err err = watch_open(ctl, people_handle(&alert->subject), &listed, fault);
    if (err == ERR_OK) {
        note_words(a, listed);
        parkgate__watch_entry__free_unpacked(listed, NULL);
    }
    return err == ERR_NOT_FOUND || hits_pass_over(err, fault) ? ERR_OK : err;
}

static enum err on_watch_candidate(struct controller *ctl, struct request *request,
                                   struct fault *fault)
{
    Parkgate__AlertRecord *alert = NULL;
    TRY(alert_asked_for(ctl, request, &alert, fault));
    if (alert == NULL) {
        return ERR_OK;
    }
    enum err err = candidate_note(ctl, request->answer, alert, fault);
    parkgate__alert_record__free_unpacked(alert, NULL);
    return err;
}

const struct verb_handler verbs_of_hits[] = {
    {"watch.candidate", on_watch_candidate},
    {"watch.hits",      on_watch_hits     },
};
const size_t verbs_of_hits_count = ARRAY_LEN(verbs_of_hits);

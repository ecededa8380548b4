/* Hits as an authority's own station reads them: nothing else of the park is in them. */
#include <stdio.h>
#include <string.h>

#include "common/base/must.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "common/facts/watch_store.h"
#include "controller/app/request.h"
#include "controller/app/watch_open.h"
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

/* Hits behind `after`, oldest first; the rest comes with the number of the last one shown. */
static enum err show_hits(struct controller *ctl, struct answer *a, const char *authority,
                          uint64_t after, struct fault *fault)
{
    uint64_t newest = 0;
    bool fits = true;
    TRY(hit_newest(ctl->txn, authority, &newest, fault));
    for (size_t rows = 0; fits && after < newest && rows < LIMIT_ROWS_PER_MESSAGE; rows++) {
        struct keybuf key;
        AUTO(store_message_destroy) ProtobufCMessage *message = NULL;
        TRY(store_get_message(ctl->txn, TABLE_WATCH_HIT, hit_key(&key, authority, after + 1),
                              &parkgate__watch_hit__descriptor, &message, fault));
        TRY(hit_row(ctl, a, (const void *)message, &fits, fault));
        after += fits;
    }
    answer_note_number(a, "after", (int64_t)after);
    answer_note_number(a, "newest", (int64_t)newest);
    return ERR_OK;
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

const struct verb_handler verbs_of_hits[] = {
    {"watch.hits", on_watch_hits},
};
const size_t verbs_of_hits_count = ARRAY_LEN(verbs_of_hits);

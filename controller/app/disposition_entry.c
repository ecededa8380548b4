#include "controller/app/disposition_entry.h"

#include <stdio.h>
#include <string.h>

#include "common/access/idnumber.h"
#include "common/access/plate.h"
#include "common/base/must.h"
#include "common/facts/people_store.h"
#include "common/watch/watch_make.h"
#include "controller/app/approvals.h"
#include "controller/app/park_sign.h"
#include "schema/kinds.h"

/* ---- what the order says ---- */

static bool read_words(struct request *request, struct watch_entry *entry)
{
    const char *category = NULL;
    const char *action = request_arg(request, "action");
    const char *instruction = request_arg(request, "instruction");
    if (!request_need(request, "category", &category)) {
        return false;
    }
    if (!watch_category_from_name(category, &entry->category)) {
        return request_refuse(request, ERROR_ARG_BAD, "category", category,
                              "warrant, court-order, missing-person, stolen-vehicle or "
                              "wanted-vehicle");
    }
    entry->action = WATCH_ACTION_NOTIFY;
    if (action != NULL && !watch_action_from_name(action, &entry->action)) {
        return request_refuse(request, ERROR_ARG_BAD, "action", action, "notify or review");
    }
    entry->instruction = WATCH_INSTRUCTION_CALL;
    return instruction == NULL || watch_instruction_from_name(instruction, &entry->instruction) ||
           request_refuse(request, ERROR_ARG_BAD, "instruction", instruction,
                          "one of docs/watch-list.md");
}

static bool take_text(struct request *request, const char *name, const char *or_else, char *out,
                      size_t size)
{
    char most[16];
    const char *text = request_arg(request, name);
    text = text != NULL ? text : or_else;
    if (text == NULL || text[0] == '\0') {
        return request_refuse(request, ERROR_ARG_MISSING, name, NULL, NULL);
    }
    (void)snprintf(most, sizeof(most), "%zu", size - 1);
    if (strlen(text) >= size) {
        return request_refuse(request, ERROR_LIMIT_REACHED, name, most, NULL);
    }
    memcpy(out, text, strlen(text) + 1);
    return true;
}

static bool read_texts(struct request *request, const Parkgate__ViidDisposition *said,
                       struct watch_entry *entry)
{
    return take_text(request, "case", NULL, entry->case_number, sizeof(entry->case_number)) &&
           take_text(request, "basis", NULL, entry->legal_basis, sizeof(entry->legal_basis)) &&
           take_text(request, "applicant", said->applicant, entry->applicant,
                     sizeof(entry->applicant)) &&
           take_text(request, "contact", said->contact, entry->contact, sizeof(entry->contact));
}

/* A plate or an identity number: nothing else is matched. The number becomes its keyed hash here.
 */
static bool read_value(struct request *request, const struct authority_keys *keys,
                       struct watch_entry *entry)
{
    struct idnumber number;
    struct plate plate;
    const char *value = NULL;
    if (!request_need(request, "value", &value)) {
        return false;
    }
    if (idnumber_read(bytes_of_text(value), &number) == IDNUMBER_OK) {
        struct seal_hash hash = watch_identity_of(&keys->matching, &number);
        entry->matcher = WATCH_MATCHER_IDENTITY;
        entry->match_size = sizeof(hash.bytes);
        memcpy(entry->match, hash.bytes, sizeof(hash.bytes));
        return true;
    }
    if (plate_read(bytes_of_text(value), PLATE_SOURCE_TEXT, &plate) != PLATE_OK ||
        !plate_is_exact(&plate) || strlen(plate.text) > sizeof(entry->match)) {
        return request_refuse(request, ERROR_ARG_BAD, "value", "...",
                              "a whole plate or an identity number");
    }
    entry->matcher = WATCH_MATCHER_PLATE;
    entry->match_size = (uint8_t)strlen(plate.text);
    memcpy(entry->match, plate.text, entry->match_size);
    return true;
}

/* Who is looked for by name is not entered as the plate of a car: that would act without an
 * officer's countersignature. */
static bool is_of_its_target(struct request *request, const Parkgate__ViidDisposition *said,
                             const struct watch_entry *entry)
{
    return said->target != VIID_TARGET_PERSON || entry->matcher != WATCH_MATCHER_PLATE ||
           request_refuse(request, ERROR_ARG_BAD, "value", "...",
                          "an identity number: the disposition is about a person");
}

/* Never longer than the disposition itself. */
static bool read_times(struct controller *ctl, struct request *request,
                       const Parkgate__ViidDisposition *said, struct watch_entry *entry)
{
    int64_t until_us = said->end_us;
    if (!request_day_us(ctl, request, "until", true, &until_us)) {
        return false;
    }
    entry->begin.us = said->begin_us > ctl->now.us ? said->begin_us : ctl->now.us;
    entry->end.us = until_us < said->end_us ? until_us : said->end_us;
    return true;
}

/* ---- the authority ---- */

/* ERR_OK with NULL: refused. Free with parkgate__authority_record__free_unpacked(). */
static enum err park_signed(struct controller *ctl, struct request *request, const char *name,
                            Parkgate__AuthorityRecord **ret, struct fault *fault)
{
    *ret = NULL;
    enum err err = watch_authority(ctl->txn, name, ret, fault);
    if (err == ERR_NOT_FOUND) {
        (void)request_refuse(request, ERROR_NOT_FOUND, "authority", name, NULL);
        return ERR_OK;
    }
    TRY(err);
    struct sign_public ours = park_sign_public(ctl);
    if ((*ret)->suspended) {
        (void)request_refuse(request, ERROR_AUTHORITY_SUSPENDED, name, NULL, NULL);
    } else if (!bytes_equal(field_view(&(*ret)->sign_key), BYTES_OF(ours.bytes))) {
        (void)request_refuse(request, ERROR_VIID_AUTHORITY, name, NULL, NULL);
    } else {
        return ERR_OK;
    }
    parkgate__authority_record__free_unpacked(*ret, NULL);
    *ret = NULL;
    return ERR_OK;
}

/* ---- entering ---- */

static enum err said_of(struct controller *ctl, const Parkgate__DispositionRecord *record,
                        Parkgate__ViidDisposition **ret, struct fault *fault)
{
    uint8_t plain[DISPOSITION_PLAIN_MAX];
    size_t size = 0;
    TRY(disposition_open(ctl, record, plain, &size, fault));
    *ret = parkgate__viid_disposition__unpack(NULL, size, plain);
    seal_wipe(plain, sizeof(plain));
    return *ret != NULL ? ERR_OK
                        : fault_set(fault, ERR_CORRUPT, "disposition: what it says is damaged");
}

static enum err seal_entry(struct controller *ctl, const Parkgate__DispositionRecord *record,
                           struct bytes packed, uint8_t *out, size_t *ret_size, struct fault *fault)
{
    struct seal_key key;
    uint8_t nonce[SEAL_NONCE_SIZE];
    TRY(controller_keys_begin(ctl, fault));
    TRY(watch_key_get(ctl->keys_txn, people_handle(&record->handle), &key, fault));
    entropy_fill(ctl->entropy, nonce, sizeof(nonce));
    *ret_size = packed.size + SEAL_OVERHEAD;
    seal_close(&key, nonce, (struct bytes){0}, packed, out, *ret_size);
    seal_wipe(&key, sizeof(key));
    return ERR_OK;
}

static enum err record_entered(struct controller *ctl, struct request *request,
                               const Parkgate__DispositionRecord *record,
                               const Parkgate__AuthorityRecord *authority,
                               const struct watch_entry *entry, struct fault *fault)
{
    struct watch_entry again;
    uint8_t packed[LIMIT_WATCH_ENTRY_BYTES];
    uint8_t sealed[LIMIT_WATCH_ENTRY_BYTES + SEAL_OVERHEAD];
    size_t size = 0;
    Parkgate__DispositionRecord entered = *record;
    struct bytes whole = {.data = packed, .size = watch_entry_write(entry, packed)};
    if (!watch_entry_read(whole, (struct watch_place){.change = 1, .made = ctl->now}, &again,
                          &request->answer->complaint)) {
        return ERR_OK;
    }
    TRY(seal_entry(ctl, record, whole, sealed, &size, fault));
    entered.state = VIID_STATE_ENTERED;
    entered.since_us = ctl->now.us;
    entered.authority = authority->name;
    entered.entered_by = field_text(key_person(request->key));
    entered.entered = field_of((struct bytes){.data = sealed, .size = size});
    return controller_record(ctl, ENTRY_DISPOSITION, request->key->name, &entered.base, fault);
}

static enum err enter_for(struct controller *ctl, struct request *request,
                          const Parkgate__DispositionRecord *record,
                          const Parkgate__AuthorityRecord *authority,
                          const Parkgate__ViidDisposition *said, struct fault *fault)
{
    struct authority_keys keys;
    struct watch_entry entry = {.id = ""};
    TRY(watch_authority_keys(ctl, authority, &keys, fault));
    (void)snprintf(entry.id, sizeof(entry.id), "viid-%llu", (unsigned long long)record->number);
    bool good = read_words(request, &entry) && read_texts(request, said, &entry) &&
                read_value(request, &keys, &entry) && is_of_its_target(request, said, &entry) &&
                read_times(ctl, request, said, &entry);
    seal_wipe(&keys, sizeof(keys));
    return good ? record_entered(ctl, request, record, authority, &entry, fault) : ERR_OK;
}

enum err disposition_enter(struct controller *ctl, struct request *request,
                           const Parkgate__DispositionRecord *record, struct fault *fault)
{
    const char *name = NULL;
    Parkgate__AuthorityRecord *authority = NULL;
    Parkgate__ViidDisposition *said = NULL;
    if (!request_need(request, "authority", &name)) {
        return ERR_OK;
    }
    TRY(park_signed(ctl, request, name, &authority, fault));
    if (authority == NULL) {
        return ERR_OK;
    }
    enum err err = said_of(ctl, record, &said, fault);
    if (err == ERR_OK) {
        err = enter_for(ctl, request, record, authority, said, fault);
        parkgate__viid_disposition__free_unpacked(said, NULL);
    }
    parkgate__authority_record__free_unpacked(authority, NULL);
    return err;
}

static enum err entered_bytes(struct controller *ctl, const Parkgate__DispositionRecord *record,
                              uint8_t out[LIMIT_WATCH_ENTRY_BYTES], size_t *ret_size,
                              struct fault *fault)
{
    struct seal_key key;
    if (record->entered.len == 0) {
        return ERR_NOT_FOUND;
    }
    TRY(controller_keys_begin(ctl, fault));
    TRY(watch_key_get(ctl->keys_txn, people_handle(&record->handle), &key, fault));
    if (record->entered.len > LIMIT_WATCH_ENTRY_BYTES + SEAL_OVERHEAD) {
        return fault_set(fault, ERR_CORRUPT, "disposition: what was entered is too long");
    }
    enum err err = seal_open(&key, (struct bytes){0}, field_view(&record->entered), out,
                             LIMIT_WATCH_ENTRY_BYTES, ret_size, fault);
    seal_wipe(&key, sizeof(key));
    return err;
}

enum err disposition_entered(struct controller *ctl, const Parkgate__DispositionRecord *record,
                             struct watch_entry *ret, struct fault *fault)
{
    uint8_t packed[LIMIT_WATCH_ENTRY_BYTES];
    size_t size = 0;
    TRY(entered_bytes(ctl, record, packed, &size, fault));
    return watch_entry_again((struct bytes){.data = packed, .size = size}, ret)
               ? ERR_OK
               : fault_set(fault, ERR_CORRUPT, "disposition: what was entered is damaged");
}

/* ---- the park's own bundle ---- */

static enum err plan_of(struct controller *ctl, const Parkgate__AuthorityRecord *authority,
                        struct watch_plan *ret, struct fault *fault)
{
    *ret = (struct watch_plan){.authority = name_or_none(authority->name),
                               .number = authority->number + 1,
                               .made = ctl->now};
    if (authority->number > 0) {
        if (authority->digest.len != SEAL_HASH_SIZE) {
            return fault_set(fault, ERR_CORRUPT, "authority: a damaged record");
        }
        memcpy(ret->previous.bytes, authority->digest.data, SEAL_HASH_SIZE);
    }
    return watch_park_name(ctl, &ret->park, fault);
}

/* One change as a bundle of the authority, applied whole or refused whole. */
static enum err apply(struct controller *ctl, struct request *request,
                      const Parkgate__AuthorityRecord *authority, const struct watch_change *change,
                      struct fault *fault)
{
    struct watch_plan plan;
    struct watch_maker maker = {0};
    struct watch_bundle bundle = {0};
    struct complaint *c = &request->answer->complaint;
    size_t notes = request->answer->note_count;
    TRY(plan_of(ctl, authority, &plan, fault));
    enum err err = ERR_OK;
    if (watch_maker_add(&maker, change, c) &&
        watch_make(&maker, &plan, &ctl->sign_key, &bundle, c)) {
        MUST(bundle.chunk_count == 1);
        err = watch_apply(ctl, request, authority, bundle.manifest, &bundle.signature,
                          bundle.chunks[0], fault);
    }
    request->answer->note_count = notes; /* without what a station is told of its bundle */
    watch_bundle_destroy(&bundle);
    watch_maker_destroy(&maker);
    return err;
}

static enum err entry_handle(struct controller *ctl, const Parkgate__AuthorityRecord *authority,
                             const char *id, struct handle *ret, bool *ret_live,
                             struct fault *fault)
{
    struct authority_keys keys;
    Parkgate__WatchRecord *record = NULL;
    TRY(watch_authority_keys(ctl, authority, &keys, fault));
    struct seal_hash hash = watch_own_hash(&keys, "id", bytes_of_text(id));
    seal_wipe(&keys, sizeof(keys));
    TRY(watch_entry_of_id(ctl->txn, authority->name, BYTES_OF(hash.bytes), &record, fault));
    *ret = people_handle(&record->entry);
    *ret_live = watch_is_live(record, ctl->now);
    parkgate__watch_record__free_unpacked(record, NULL);
    return ERR_OK;
}

static enum err record_confirmed(struct controller *ctl, struct request *request,
                                 const Parkgate__DispositionRecord *record,
                                 const Parkgate__AuthorityRecord *authority,
                                 const struct watch_entry *entry, struct fault *fault)
{
    struct handle handle;
    bool live = false;
    Parkgate__DispositionRecord confirmed = *record;
    TRY(entry_handle(ctl, authority, entry->id, &handle, &live, fault));
    confirmed.state = VIID_STATE_CONFIRMED;
    confirmed.since_us = ctl->now.us;
    confirmed.end_us = entry->end.us;
    confirmed.by = field_text(key_person(request->key));
    confirmed.entry = people_field(&handle);
    answer_note_handle(request->answer, "entry", handle);
    answer_note(request->answer, "state",
                watch_matcher_is_person(entry->matcher) ? "waiting" : "acting");
    return controller_record(ctl, ENTRY_DISPOSITION, request->key->name, &confirmed.base, fault);
}

/* The second person says the plate or number once more, from the order. */
static enum err says_the_same(struct controller *ctl, struct request *request,
                              const Parkgate__AuthorityRecord *authority,
                              const struct watch_entry *entry, bool *ret_same, struct fault *fault)
{
    struct authority_keys keys;
    struct watch_entry said = {.id = ""};
    TRY(watch_authority_keys(ctl, authority, &keys, fault));
    bool good = read_value(request, &keys, &said);
    seal_wipe(&keys, sizeof(keys));
    *ret_same = good && said.matcher == entry->matcher &&
                bytes_equal(watch_entry_match(&said), watch_entry_match(entry));
    if (good && !*ret_same) {
        (void)request_refuse(request, ERROR_VIID_VALUE, request_arg(request, "disposition"), NULL,
                             NULL);
    }
    return ERR_OK;
}

static enum err confirm_for(struct controller *ctl, struct request *request,
                            const Parkgate__DispositionRecord *record,
                            const Parkgate__AuthorityRecord *authority, struct fault *fault)
{
    struct watch_change change = {.kind = WATCH_CHANGE_ADD};
    bool same = false;
    TRY(disposition_entered(ctl, record, &change.entry, fault));
    TRY(says_the_same(ctl, request, authority, &change.entry, &same, fault));
    if (!same) {
        return ERR_OK;
    }
    TRY(apply(ctl, request, authority, &change, fault));
    return request->answer->complaint.number != ERROR_NONE
               ? ERR_OK
               : record_confirmed(ctl, request, record, authority, &change.entry, fault);
}

enum err disposition_confirm(struct controller *ctl, struct request *request,
                             const Parkgate__DispositionRecord *record, struct fault *fault)
{
    Parkgate__AuthorityRecord *authority = NULL;
    TRY(park_signed(ctl, request, record->authority, &authority, fault));
    if (authority == NULL) {
        return ERR_OK;
    }
    enum err err = confirm_for(ctl, request, record, authority, fault);
    parkgate__authority_record__free_unpacked(authority, NULL);
    return err;
}

enum err disposition_undo(struct controller *ctl, struct request *request,
                          const Parkgate__DispositionRecord *record, struct fault *fault)
{
    struct handle handle;
    bool live = false;
    struct watch_change change = {.kind = WATCH_CHANGE_WITHDRAW};
    Parkgate__AuthorityRecord *authority = NULL;
    TRY(watch_authority(ctl->txn, record->authority, &authority, fault));
    (void)snprintf(change.entry.id, sizeof(change.entry.id), "viid-%llu",
                   (unsigned long long)record->number);
    enum err err = entry_handle(ctl, authority, change.entry.id, &handle, &live, fault);
    if (err == ERR_OK && live) {
        err = apply(ctl, request, authority, &change, fault);
    }
    parkgate__authority_record__free_unpacked(authority, NULL);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

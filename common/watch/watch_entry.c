#include "common/watch/watch_entry.h"

#include <stdio.h>
#include <string.h>

#include "common/access/idnumber.h"
#include "common/access/plate.h"
#include "common/base/err.h"
#include "common/base/must.h"
#include "common/seal/seal.h"
#include "common/watch/watch_field.h"
#include "common/watch/watch_form.h"
#include "common/watch/watch_text.h"
#include "schema/watch.pb-c.h"

enum { ENTRY_FIELDS = 16, WORD_SIZE = 24 };

static const struct message_bounds bounds = {ENTRY_FIELDS, LIMIT_WATCH_ENTRY_BYTES};

/* --- words --- */

static bool take_word(const struct watch_scene *s, const char *field, uint32_t value,
                      uint32_t count)
{
    char text[WORD_SIZE];
    if (value == 0) {
        return watch_scene_refuse(s, ERROR_WATCH_MISSING, field, NULL);
    }
    if (value >= count) {
        (void)snprintf(text, sizeof(text), "%u", value);
        return watch_scene_refuse(s, ERROR_WATCH_UNKNOWN, field, text);
    }
    return true;
}

/* --- what it is matched by --- */

static const char *wrong_with_plate(struct bytes match)
{
    return credential_is_canonical(CREDENTIAL_KIND_PLATE, match)
               ? NULL
               : "is no whole plate in its normal form";
}

static const char *wrong_with_badge(struct bytes match)
{
    if (!credential_is_canonical(CREDENTIAL_KIND_BADGE, match)) {
        return "is no card UID of 4, 7 or 10 bytes";
    }
    return badge_uid_is_random(match) ? "is a UID that the card draws anew at every read" : NULL;
}

static const char *wrong_with_identity(struct bytes match)
{
    static const uint8_t zeros[SEAL_HASH_SIZE];
    if (match.size != SEAL_HASH_SIZE) {
        return "is no hash of 32 bytes; an identity number never travels in clear";
    }
    return bytes_equal(match, BYTES_OF(zeros)) ? "is a hash of zeros" : NULL;
}

static bool take_match(const struct watch_scene *s, const Parkgate__WatchEntry *from,
                       struct watch_entry *to)
{
    static const char *(*const checks[WATCH_MATCHER_COUNT])(struct bytes) = {
        [WATCH_MATCHER_PLATE] = wrong_with_plate,
        [WATCH_MATCHER_BADGE] = wrong_with_badge,
        [WATCH_MATCHER_IDENTITY] = wrong_with_identity,
    };
    struct bytes match = {.data = from->match.data, .size = from->match.len};
    if (match.size == 0) {
        return watch_scene_refuse(s, ERROR_WATCH_MISSING, "match", NULL);
    }
    const char *why = match.size > sizeof(to->match) ? "is too long" : checks[from->matcher](match);
    if (why == NULL && !watch_category_fits(to->category, to->matcher)) {
        why = "is not what this category is matched by";
    }
    if (why != NULL) {
        return watch_scene_refuse(s, ERROR_WATCH_MATCH, watch_matcher_name(from->matcher), why);
    }
    memset(to->match, 0, sizeof(to->match));
    memcpy(to->match, match.data, match.size);
    to->match_size = (uint8_t)match.size;
    return true;
}

/* --- when --- */

int watch_entry_days(enum watch_matcher matcher)
{
    return watch_matcher_is_person(matcher) ? LIMIT_WATCH_PERSON_DAYS : LIMIT_WATCH_VEHICLE_DAYS;
}

static bool take_times(const struct watch_scene *s, struct wall made,
                       const Parkgate__WatchEntry *from, struct watch_entry *to)
{
    if (from->begin_us == 0) {
        return watch_scene_refuse(s, ERROR_WATCH_MISSING, "begin", NULL);
    }
    if (from->begin_us < 0 || from->begin_us > WATCH_US_MAX) {
        return watch_scene_refuse(s, ERROR_WATCH_TIME, "begin", "is no time between 1970 and 9999");
    }
    if (from->begin_us > made.us + LIMIT_WATCH_AHEAD_DAYS * WATCH_DAY_US) {
        return watch_scene_refuse(s, ERROR_WATCH_TIME, "begin", "is over 30 days ahead");
    }
    _Static_assert(LIMIT_WATCH_AHEAD_DAYS == 30, "the sentence says so");
    if (!watch_take_end(s, made, from->end_us, &to->end)) {
        return false;
    }
    to->begin.us = from->begin_us;
    if (to->end.us <= to->begin.us) {
        return watch_scene_refuse(s, ERROR_WATCH_TIME, "end", "is not after its begin");
    }
    return watch_take_term(s, to->matcher, to->begin, to->end);
}

/* --- the whole entry --- */

static bool take_words(const struct watch_scene *s, const Parkgate__WatchEntry *from,
                       struct watch_entry *to)
{
    if (!take_word(s, "category", from->category, WATCH_CATEGORY_COUNT) ||
        !take_word(s, "matcher", from->matcher, WATCH_MATCHER_COUNT) ||
        !take_word(s, "action", from->action, WATCH_ACTION_COUNT) ||
        !take_word(s, "instruction", from->instruction, WATCH_INSTRUCTION_COUNT)) {
        return false;
    }
    to->category = (enum watch_category)from->category;
    to->matcher = (enum watch_matcher)from->matcher;
    to->action = (enum watch_action)from->action;
    to->instruction = (enum watch_instruction)from->instruction;
    return true;
}

static bool take_texts(const struct watch_scene *s, const Parkgate__WatchEntry *from,
                       struct watch_entry *to)
{
    return watch_take_id(s, from->id, to->id) &&
           watch_take_text(s, "applicant", from->applicant, to->applicant, sizeof(to->applicant)) &&
           watch_take_case(s, from->case_number, to->case_number) &&
           watch_take_text(s, "legal basis", from->legal_basis, to->legal_basis,
                           sizeof(to->legal_basis)) &&
           watch_take_text(s, "contact", from->contact, to->contact, sizeof(to->contact));
}

bool watch_entry_read(struct bytes packed, struct watch_place place, struct watch_entry *ret,
                      struct complaint *c)
{
    struct watch_scene s;
    char where[64];
    const char *why = NULL;
    AUTO(watch_form_free)
    ProtobufCMessage *message =
        watch_form_read(&parkgate__watch_entry__descriptor, packed, bounds, &why);
    if (message == NULL) {
        (void)snprintf(where, sizeof(where), "the entry of change %u", place.change);
        return complain(c, ERROR_WATCH_FORM, where, why, NULL, NULL);
    }
    const Parkgate__WatchEntry *from = (const void *)message;
    memset(ret, 0, sizeof(*ret));
    watch_scene_begin(&s, place.change, from->id, c);
    return take_texts(&s, from, ret) && take_words(&s, from, ret) && take_match(&s, from, ret) &&
           take_times(&s, place.made, from, ret);
}

bool watch_entry_again(struct bytes packed, struct watch_entry *ret)
{
    struct complaint ignored;
    struct watch_scene s;
    const char *why = NULL;
    AUTO(watch_form_free)
    ProtobufCMessage *message =
        watch_form_read(&parkgate__watch_entry__descriptor, packed, bounds, &why);
    if (message == NULL) {
        return false;
    }
    const Parkgate__WatchEntry *from = (const void *)message;
    memset(ret, 0, sizeof(*ret));
    watch_scene_begin(&s, 0, from->id, &ignored);
    if (!take_texts(&s, from, ret) || !take_words(&s, from, ret) || !take_match(&s, from, ret)) {
        return false;
    }
    ret->begin.us = from->begin_us;
    ret->end.us = from->end_us;
    return true;
}

size_t watch_entry_write(const struct watch_entry *entry, uint8_t out[LIMIT_WATCH_ENTRY_BYTES])
{
    struct watch_entry copy = *entry;
    Parkgate__WatchEntry packed = PARKGATE__WATCH_ENTRY__INIT;
    packed.id = copy.id;
    packed.category = (uint32_t)copy.category;
    packed.matcher = (uint32_t)copy.matcher;
    packed.match = (ProtobufCBinaryData){.len = copy.match_size, .data = copy.match};
    packed.applicant = copy.applicant;
    packed.case_number = copy.case_number;
    packed.legal_basis = copy.legal_basis;
    packed.begin_us = copy.begin.us;
    packed.end_us = copy.end.us;
    packed.action = (uint32_t)copy.action;
    packed.contact = copy.contact;
    packed.instruction = (uint32_t)copy.instruction;
    size_t size = watch_form_write(&packed.base, out, LIMIT_WATCH_ENTRY_BYTES);
    MUST(size != SIZE_MAX); /* the fields' own bounds sum up to less */
    return size;
}

struct bytes watch_entry_match(const struct watch_entry *entry)
{
    return (struct bytes){.data = entry->match, .size = entry->match_size};
}

struct seal_hash watch_identity_of(const struct seal_key *matching, const struct idnumber *number)
{
    return seal_keyed_hash(matching, "parkgate watch identity",
                           SEAL_PARTS(bytes_of_text(number->text)));
}

bool watch_plate_is_test(struct bytes plate)
{
    static const char serial[] = "00000";
    size_t size = sizeof(serial) - 1;
    struct plate read;
    return plate_read(plate, PLATE_SOURCE_TEXT, &read) == PLATE_OK && plate_is_exact(&read) &&
           read.kind == PLATE_KIND_ORDINARY && plate.size > size &&
           memcmp(plate.data + plate.size - size, serial, size) == 0;
}

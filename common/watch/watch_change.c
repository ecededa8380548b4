#include "common/watch/watch_change.h"

#include <stdio.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/must.h"
#include "common/watch/watch_field.h"
#include "common/watch/watch_form.h"
#include "common/watch/watch_text.h"
#include "schema/watch.pb-c.h"

enum { CHANGE_FIELDS = 10 };

static const struct message_bounds bounds = {CHANGE_FIELDS, LIMIT_WATCH_ENTRY_BYTES};

static bool surplus(const struct watch_scene *s, uint32_t kind, const char *field)
{
    return complain(s->c, ERROR_WATCH_SURPLUS, s->number, s->id, watch_change_name(kind), field);
}

static bool read_add(const struct watch_scene *s, const Parkgate__WatchChange *from,
                     struct bytes packed, struct watch_place place, struct watch_change *to)
{
    if (from->id[0] != '\0' || from->applicant[0] != '\0' || from->case_number[0] != '\0' ||
        from->legal_basis[0] != '\0' || from->end_us != 0) {
        return surplus(s, WATCH_CHANGE_ADD, "field beside its entry");
    }
    struct bytes entry = {.data = from->entry.data, .size = from->entry.len};
    if (!watch_entry_read(entry, place, &to->entry, s->c)) {
        return false;
    }
    /* Its form is the only one: kind (2 bytes), then the entry, which ends it. */
    MUST(packed.size > entry.size);
    to->packed = (struct bytes){.data = packed.data + packed.size - entry.size, .size = entry.size};
    MUST(bytes_equal(to->packed, entry));
    return true;
}

static bool read_renewal(const struct watch_scene *s, const Parkgate__WatchChange *from,
                         struct wall made, struct watch_change *to)
{
    struct watch_entry *entry = &to->entry;
    if (from->entry.len > 0) {
        return surplus(s, WATCH_CHANGE_RENEW, "entry");
    }
    return watch_take_id(s, from->id, entry->id) &&
           watch_take_text(s, "applicant", from->applicant, entry->applicant,
                           sizeof(entry->applicant)) &&
           watch_take_case(s, from->case_number, entry->case_number) &&
           watch_take_text(s, "legal basis", from->legal_basis, entry->legal_basis,
                           sizeof(entry->legal_basis)) &&
           watch_take_end(s, made, from->end_us, &entry->end);
}

static bool read_withdrawal(const struct watch_scene *s, const Parkgate__WatchChange *from,
                            struct watch_change *to)
{
    if (from->entry.len > 0 || from->applicant[0] != '\0' || from->case_number[0] != '\0' ||
        from->legal_basis[0] != '\0' || from->end_us != 0) {
        return surplus(s, WATCH_CHANGE_WITHDRAW, "field beside its id");
    }
    return watch_take_id(s, from->id, to->entry.id);
}

bool watch_change_read(struct bytes packed, struct watch_place place, struct watch_change *ret,
                       struct complaint *c)
{
    struct watch_scene s;
    char text[64];
    const char *why = NULL;
    AUTO(watch_form_free)
    ProtobufCMessage *message =
        watch_form_read(&parkgate__watch_change__descriptor, packed, bounds, &why);
    if (message == NULL) {
        (void)snprintf(text, sizeof(text), "change %u", place.change);
        return complain(c, ERROR_WATCH_FORM, text, why, NULL, NULL);
    }
    const Parkgate__WatchChange *from = (const void *)message;
    memset(ret, 0, sizeof(*ret));
    ret->number = place.change;
    ret->kind = (enum watch_change_kind)from->kind;
    watch_scene_begin(&s, place.change, from->id, c);
    switch (from->kind) {
    case WATCH_CHANGE_ADD:
        return read_add(&s, from, packed, place, ret);
    case WATCH_CHANGE_RENEW:
        return read_renewal(&s, from, place.made, ret);
    case WATCH_CHANGE_WITHDRAW:
        return read_withdrawal(&s, from, ret);
    default:
        (void)snprintf(text, sizeof(text), "%u", from->kind);
        return complain(c, ERROR_WATCH_UNKNOWN, s.number, s.id, "kind of change", text);
    }
}

size_t watch_change_write(const struct watch_change *change, uint8_t out[LIMIT_WATCH_ENTRY_BYTES])
{
    uint8_t packed[LIMIT_WATCH_ENTRY_BYTES];
    struct watch_entry copy = change->entry;
    Parkgate__WatchChange message = PARKGATE__WATCH_CHANGE__INIT;
    message.kind = (uint32_t)change->kind;
    if (change->kind == WATCH_CHANGE_ADD) {
        message.entry.len = watch_entry_write(&copy, packed);
        message.entry.data = packed;
    } else {
        message.id = copy.id;
    }
    if (change->kind == WATCH_CHANGE_RENEW) {
        message.applicant = copy.applicant;
        message.case_number = copy.case_number;
        message.legal_basis = copy.legal_basis;
        message.end_us = copy.end.us;
    }
    size_t size = watch_form_write(&message.base, out, LIMIT_WATCH_ENTRY_BYTES);
    MUST(size != SIZE_MAX);
    return size;
}

static bool is_new_case(const char *number, const struct watch_history *history)
{
    for (size_t i = 0; i < history->case_count; i++) {
        if (watch_text_same_case(number, history->cases[i])) {
            return false;
        }
    }
    return true;
}

bool watch_renewal_check(const struct watch_change *change, const struct watch_history *history,
                         struct wall made, struct complaint *c)
{
    struct watch_scene s;
    const char *why = NULL;
    watch_scene_begin(&s, change->number, change->entry.id, c);
    if (history->end.us <= made.us) {
        why = "it is over; add it anew";
    } else if (change->entry.end.us <= history->end.us) {
        why = "it would not last longer than it does";
    } else if (history->renewals > 0 && !is_new_case(change->entry.case_number, history)) {
        why = "a second renewal needs a new case number";
    }
    if (why != NULL) {
        return complain(c, ERROR_WATCH_RENEWAL, s.number, s.id, why, NULL);
    }
    return watch_take_term(&s, history->matcher, made, change->entry.end);
}

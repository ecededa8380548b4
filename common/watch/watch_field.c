#include "common/watch/watch_field.h"

#include <stdio.h>
#include <string.h>

#include "common/watch/watch_text.h"

enum { WORD_SIZE = 24 };

bool watch_scene_refuse(const struct watch_scene *s, enum error_number number, const char *a3,
                        const char *a4)
{
    return complain(s->c, number, s->number, s->id, a3, a4);
}

void watch_scene_begin(struct watch_scene *s, uint32_t change, const char *id, struct complaint *c)
{
    (void)snprintf(s->number, sizeof(s->number), "%u", change);
    s->id = watch_text_is_id(bytes_of_text(id)) ? id : "?";
    s->c = c;
}

static bool take_flaw(const struct watch_scene *s, const char *field, enum watch_text_flaw flaw,
                      size_t max)
{
    char most[WORD_SIZE];
    switch (flaw) {
    case WATCH_TEXT_OK:
        return true;
    case WATCH_TEXT_MISSING:
        return watch_scene_refuse(s, ERROR_WATCH_MISSING, field, NULL);
    case WATCH_TEXT_LONG:
        (void)snprintf(most, sizeof(most), "%zu", max);
        return watch_scene_refuse(s, ERROR_WATCH_LONG, field, most);
    case WATCH_TEXT_NOT_UTF8:
    case WATCH_TEXT_CHARACTER:
    case WATCH_TEXT_BLANKS:
    case WATCH_TEXT_EMPTY:
    case WATCH_TEXT_DIGITS:
        break;
    }
    return watch_scene_refuse(s, ERROR_WATCH_TEXT, field, watch_text_why(flaw));
}

bool watch_take_text(const struct watch_scene *s, const char *field, const char *text, char *out,
                     size_t size)
{
    struct bytes bytes = bytes_of_text(text);
    if (!take_flaw(s, field, watch_text_check(bytes, size - 1), size - 1)) {
        return false;
    }
    memcpy(out, bytes.data, bytes.size);
    out[bytes.size] = '\0';
    return true;
}

bool watch_take_case(const struct watch_scene *s, const char *text, char *out)
{
    struct bytes bytes = bytes_of_text(text);
    size_t max = LIMIT_WATCH_NAME_BYTES;
    if (!take_flaw(s, "case number", watch_text_check_case(bytes, max), max)) {
        return false;
    }
    memcpy(out, bytes.data, bytes.size);
    out[bytes.size] = '\0';
    return true;
}

bool watch_take_id(const struct watch_scene *s, const char *text, char *out)
{
    struct bytes bytes = bytes_of_text(text);
    if (bytes.size == 0) {
        return watch_scene_refuse(s, ERROR_WATCH_MISSING, "id", NULL);
    }
    if (!watch_text_is_id(bytes)) {
        return watch_scene_refuse(
            s, ERROR_WATCH_TEXT, "id",
            "is no id: 1 to 64 of A-Z a-z 0-9 - _ . , a letter or digit first");
    }
    memcpy(out, bytes.data, bytes.size);
    out[bytes.size] = '\0';
    return true;
}

bool watch_take_end(const struct watch_scene *s, struct wall made, int64_t us, struct wall *ret)
{
    if (us == 0) {
        return watch_scene_refuse(s, ERROR_WATCH_MISSING, "end", NULL);
    }
    if (us < 0 || us > WATCH_US_MAX) {
        return watch_scene_refuse(s, ERROR_WATCH_TIME, "end", "is no time between 1970 and 9999");
    }
    if (us <= made.us) {
        return watch_scene_refuse(s, ERROR_WATCH_TIME, "end", "is over already");
    }
    ret->us = us;
    return true;
}

bool watch_take_term(const struct watch_scene *s, enum watch_matcher matcher, struct wall from,
                     struct wall end)
{
    char days[WORD_SIZE];
    int most = watch_entry_days(matcher);
    if (end.us - from.us <= most * WATCH_DAY_US) {
        return true;
    }
    (void)snprintf(days, sizeof(days), "%d", most);
    return watch_scene_refuse(s, ERROR_WATCH_TERM, days, watch_matcher_name(matcher));
}

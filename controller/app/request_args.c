#include <stdlib.h>
#include <string.h>

#include "common/access/civil.h"
#include "controller/app/request.h"

const char *request_arg(struct request *request, const char *name)
{
    const Parkgate__Request *message = request->message;
    for (size_t i = 0; i < message->n_arg && i < message->n_value; i++) {
        if (strcmp(message->arg[i], name) != 0) {
            continue;
        }
        /* protobuf-c gives every bytes field a spare byte behind its end only for strings; so the
         * frame's own copy is ended here, where the value was checked to hold no NUL. */
        const ProtobufCBinaryData *value = &message->value[i];
        static char kept[LIMIT_ARGS_PER_REQUEST][LIMIT_ARG_BYTES + 1];
        if (i >= LIMIT_ARGS_PER_REQUEST || value->len > LIMIT_ARG_BYTES) {
            return NULL;
        }
        if (value->len > 0) {
            memcpy(kept[i], value->data, value->len);
        }
        kept[i][value->len] = '\0';
        return kept[i];
    }
    return NULL;
}

bool request_need(struct request *request, const char *name, const char **ret_text)
{
    const char *text = request_arg(request, name);
    if (text != NULL && text[0] != '\0') {
        *ret_text = text;
        return true;
    }
    return strcmp(name, "reason") == 0
               ? request_refuse(request, ERROR_REASON_NEEDED, NULL, NULL, NULL)
               : request_refuse(request, ERROR_ARG_MISSING, name, NULL, NULL);
}

bool request_name_or_none(struct request *request, const char *name, struct name *ret)
{
    const char *text = request_arg(request, name);
    if (text == NULL || text[0] == '\0') {
        return true;
    }
    return name_from_text(text, ret) ||
           request_refuse(request, ERROR_ARG_BAD, name, text,
                          "1 to 31 of a-z 0-9 - and . , beginning with a letter or digit");
}

bool request_name(struct request *request, const char *name, struct name *ret)
{
    const char *text = NULL;
    return request_need(request, name, &text) && request_name_or_none(request, name, ret);
}

bool request_handle(struct request *request, const char *name, struct handle *ret)
{
    const char *text = NULL;
    if (!request_need(request, name, &text)) {
        return false;
    }
    return handle_from_text(text, ret) ||
           request_refuse(request, ERROR_ARG_BAD, name, text, "32 hex digits");
}

bool request_date_or_none(struct request *request, const char *name, int32_t *ret_day)
{
    const char *text = request_arg(request, name);
    if (text == NULL || text[0] == '\0') {
        return true;
    }
    return civil_date_parse(bytes_of_text(text), ret_day) ||
           request_refuse(request, ERROR_ARG_BAD, name, text, "a date as YYYY-MM-DD");
}

bool request_date(struct request *request, const char *name, int32_t *ret_day)
{
    const char *text = NULL;
    return request_need(request, name, &text) && request_date_or_none(request, name, ret_day);
}

bool request_number_or_none(struct request *request, const char *name, uint64_t maximum,
                            uint64_t *ret)
{
    const char *text = request_arg(request, name);
    char *end = NULL;
    if (text == NULL || text[0] == '\0') {
        return true;
    }
    unsigned long long value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || value > maximum) {
        return request_refuse(request, ERROR_ARG_BAD, name, text, "a whole number in its bounds");
    }
    *ret = value;
    return true;
}

bool request_cursor(struct request *request, uint8_t out[ANSWER_CURSOR_MAX], size_t *ret_size)
{
    const char *text = request_arg(request, "after");
    *ret_size = text == NULL ? 0 : strlen(text) / 2;
    return text == NULL ||
           (*ret_size <= ANSWER_CURSOR_MAX && bytes_from_hex(text, out, *ret_size)) ||
           request_refuse(request, ERROR_ARG_BAD, "after", text, "the cursor of the page before");
}

bool request_zone_exists(const struct park *park, struct name name)
{
    return park_zone(park, name) != NULL;
}

bool request_lane_exists(const struct park *park, struct name name)
{
    return park_lane(park, name) != NULL;
}

bool request_names(struct request *request, const char *word, char *list,
                   bool (*exists)(const struct park *park, struct name name),
                   const struct park *park, char **ret_items, size_t limit, size_t *ret_count)
{
    *ret_count = 0;
    for (char *at = list; *at != '\0';) {
        size_t size = strcspn(at, ",");
        char *next = at[size] == ',' ? at + size + 1 : at + size;
        at[size] = '\0';
        if (*ret_count == limit || !exists(park, name_or_none(at))) {
            return request_refuse(request, ERROR_NOT_FOUND, word, at, NULL);
        }
        ret_items[(*ret_count)++] = at;
        at = next;
    }
    return true;
}

bool request_day_us(const struct controller *ctl, struct request *request, const char *name,
                    bool end, int64_t *ret_us)
{
    int32_t day = 0;
    const char *text = request_arg(request, name);
    if (!request_date_or_none(request, name, &day)) {
        return false;
    }
    if (text != NULL && text[0] != '\0') {
        *ret_us = civil_to_wall(&ctl->tz, end ? day + 1 : day, 0).us;
    }
    return true;
}

/* HH:MM of a day. */
static bool read_minute(const char *text, int32_t *ret_minute)
{
    bool shape = strlen(text) == 5 && text[2] == ':';
    for (size_t i = 0; shape && i < 5; i++) {
        shape = i == 2 || (text[i] >= '0' && text[i] <= '9');
    }
    if (!shape) {
        return false;
    }
    int32_t hour = (text[0] - '0') * 10 + (text[1] - '0');
    int32_t minute = (text[3] - '0') * 10 + (text[4] - '0');
    *ret_minute = hour * 60 + minute;
    return minute < 60 && *ret_minute < MINUTES_PER_DAY;
}

bool request_moment(const struct controller *ctl, struct request *request, const char *name,
                    bool end, int64_t *ret_us)
{
    enum { DATE = 10 };
    const char *text = NULL;
    int32_t day = 0;
    int32_t minute = 0;
    if (!request_need(request, name, &text)) {
        return false;
    }
    if (strlen(text) == DATE) {
        return request_day_us(ctl, request, name, end, ret_us);
    }
    bool whole =
        strlen(text) > DATE && (text[DATE] == 'T' || text[DATE] == ' ') &&
        civil_date_parse((struct bytes){.data = (const uint8_t *)text, .size = DATE}, &day) &&
        read_minute(text + DATE + 1, &minute);
    if (!whole) {
        return request_refuse(request, ERROR_ARG_BAD, name, text,
                              "a moment as YYYY-MM-DDTHH:MM, or a date");
    }
    *ret_us = civil_to_wall(&ctl->tz, day, minute).us;
    return true;
}

bool request_window(const struct controller *ctl, struct request *request, int64_t *ret_from_us,
                    int64_t *ret_until_us)
{
    const int64_t longest_us = (int64_t)LIMIT_VISIT_DAYS * 86400 * 1000000;
    if (!request_moment(ctl, request, "from", false, ret_from_us) ||
        !request_moment(ctl, request, "until", true, ret_until_us)) {
        return false;
    }
    if (*ret_until_us <= *ret_from_us) {
        return request_refuse(request, ERROR_ARG_BAD, "until", request_arg(request, "until"),
                              "a moment after the beginning");
    }
    if (*ret_until_us <= ctl->now.us) {
        return request_refuse(request, ERROR_ARG_BAD, "until", request_arg(request, "until"),
                              "a moment that is still to come");
    }
    return *ret_until_us - *ret_from_us <= longest_us ||
           request_refuse(request, ERROR_LIMIT_REACHED, "days of one booking or visit", "31", NULL);
}

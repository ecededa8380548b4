#include "controller/viid/value.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/access/civil.h"
#include "common/base/must.h"

enum {
    SHANGHAI_S = 8 * 3600,
    OLDEST_YEAR = 1970,
    NEWEST_YEAR = 2199,
    CLOCK_SET_YEAR = 2015,
    DIGITS_MAX = 18,
    DAY_S = 86400,
};

static const char blanks[] = " \t\r\n";

/* Of [from, from + size), without the blanks around it. */
static struct bytes trimmed(const char *text)
{
    const char *from = text + strspn(text, blanks);
    size_t size = strlen(from);
    while (size > 0 && strchr(blanks, from[size - 1]) != NULL) {
        size--;
    }
    return (struct bytes){.data = (const uint8_t *)from, .size = size};
}

/* ---- numbers ---- */

static bool number_of_text(struct bytes text, int64_t *ret_number)
{
    int64_t number = 0;
    size_t at = text.size > 0 && text.data[0] == '-' ? 1 : 0;
    if (at == text.size || text.size - at > DIGITS_MAX) {
        return false;
    }
    for (size_t i = at; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
        number = number * 10 + (text.data[i] - '0');
    }
    *ret_number = at == 1 ? -number : number;
    return true;
}

static bool number_of_real(double real, int64_t *ret_number)
{
    /* Up to 2^53 a double holds every whole number. */
    if (!(fabs(real) <= 9007199254740992.0) || floor(real) != real) {
        return false;
    }
    *ret_number = (int64_t)real;
    return true;
}

enum value_state value_number(const json_t *value, int64_t min, int64_t max, int64_t *ret_number)
{
    int64_t number = 0;
    bool is = false;
    if (value == NULL || json_is_null(value)) {
        return VALUE_ABSENT;
    }
    if (json_is_string(value)) {
        struct bytes text = trimmed(json_string_value(value));
        if (text.size == 0) {
            return VALUE_ABSENT;
        }
        is = number_of_text(text, &number);
    } else if (json_is_integer(value)) {
        number = json_integer_value(value);
        is = true;
    } else if (json_is_real(value)) {
        is = number_of_real(json_real_value(value), &number);
    } else if (json_is_boolean(value)) {
        number = json_is_true(value) ? 1 : 0;
        is = true;
    }
    if (!is || number < min || number > max) {
        return VALUE_BAD;
    }
    *ret_number = number;
    return VALUE_GOOD;
}

/* ---- text ---- */

static bool has_control(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < 0x20 || text.data[i] == 0x7f) {
            return true;
        }
    }
    return false;
}

enum value_state value_text(const json_t *value, char *out, size_t out_size)
{
    char number[32];
    const char *text = NULL;
    MUST(out_size > 0);
    out[0] = '\0';
    if (value == NULL || json_is_null(value)) {
        return VALUE_ABSENT;
    }
    if (json_is_string(value)) {
        text = json_string_value(value);
    } else if (json_is_integer(value)) {
        (void)snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        text = number;
    } else if (json_is_boolean(value)) {
        text = json_is_true(value) ? "1" : "0";
    }
    if (text == NULL) {
        return VALUE_BAD;
    }
    struct bytes rest = trimmed(text);
    if (rest.size >= out_size || has_control(rest)) {
        return VALUE_BAD;
    }
    memcpy(out, rest.data, rest.size);
    out[rest.size] = '\0';
    return rest.size > 0 ? VALUE_GOOD : VALUE_ABSENT;
}

/* ---- times ---- */

/* `shape`: 0 a digit, anything else itself. The digits go to `digits`. */
static bool fits(const char *text, const char *shape, char digits[VALUE_TIME_SIZE])
{
    size_t count = 0;
    if (strlen(text) != strlen(shape)) {
        return false;
    }
    for (size_t i = 0; shape[i] != '\0'; i++) {
        if (shape[i] != '0' ? text[i] != shape[i] : text[i] < '0' || text[i] > '9') {
            return false;
        }
        if (shape[i] == '0') {
            digits[count++] = text[i];
        }
    }
    digits[count] = '\0';
    return true;
}

static int number_at(const char *digits, size_t at, size_t size)
{
    int number = 0;
    for (size_t i = at; i < at + size; i++) {
        number = number * 10 + (digits[i] - '0');
    }
    return number;
}

static bool when_of_digits(const char *digits, struct wall *ret_when)
{
    struct civil_date date = {.year = number_at(digits, 0, 4),
                              .month = (uint8_t)number_at(digits, 4, 2),
                              .day = (uint8_t)number_at(digits, 6, 2)};
    int hour = number_at(digits, 8, 2);
    int minute = number_at(digits, 10, 2);
    int second = number_at(digits, 12, 2);
    int32_t day;
    if (date.year < OLDEST_YEAR || date.year > NEWEST_YEAR || !civil_day_of(date, &day) ||
        hour > 23 || minute > 59 || second > 59) {
        return false;
    }
    int64_t local_s = (int64_t)day * DAY_S + hour * 3600 + minute * 60 + second;
    ret_when->us = (local_s - SHANGHAI_S) * 1000000;
    return true;
}

static struct civil_date date_of(struct wall when, int64_t *ret_second)
{
    int64_t local_s = when.us / 1000000 + SHANGHAI_S;
    int64_t day = local_s / DAY_S;
    int64_t second = local_s % DAY_S;
    if (second < 0) {
        second += DAY_S;
        day--;
    }
    *ret_second = second;
    return civil_date_of((int32_t)day);
}

static bool when_of_text(const char *text, struct value_time *time)
{
    static const char *const shapes[] = {"00000000000000", "00000000 000000",
                                         "0000-00-00 00:00:00"};
    char digits[VALUE_TIME_SIZE];
    for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
        if (fits(text, shapes[i], digits)) {
            time->standard = i == 0;
            return when_of_digits(digits, &time->when);
        }
    }
    /* 13 digits: 2001 to 2286; fewer are 1970 to 2001, a clock that was never set. */
    size_t size = strlen(text);
    if (size == 0 || size > 13 || strspn(text, "0123456789") != size) {
        return false;
    }
    int64_t ms = 0;
    MUST(number_of_text(bytes_of_text(text), &ms));
    time->when.us = ms * 1000;
    return true;
}

struct value_time value_time(const json_t *value)
{
    struct value_time time = {.text = ""};
    int64_t second = 0;
    time.state = value_text(value, time.text, sizeof(time.text));
    if (time.state != VALUE_GOOD) {
        return time;
    }
    if (!when_of_text(time.text, &time) || date_of(time.when, &second).year > NEWEST_YEAR) {
        time.state = VALUE_BAD;
        time.when.us = 0;
        return time;
    }
    time.clock_unknown = date_of(time.when, &second).year < CLOCK_SET_YEAR;
    return time;
}

void value_time_format(struct wall when, char out[VALUE_TIME_SIZE])
{
    int64_t second = 0;
    struct civil_date date = date_of(when, &second);
    unsigned year = date.year < 0 ? 0 : date.year > 9999 ? 9999 : (unsigned)date.year;
    int size = snprintf(out, VALUE_TIME_SIZE, "%04u%02u%02u%02u%02u%02u", year, date.month % 100U,
                        date.day % 100U, (unsigned)(second / 3600) % 100U,
                        (unsigned)(second / 60 % 60), (unsigned)(second % 60));
    MUST(size == VALUE_TIME_SIZE - 1);
}

/* ---- lists ---- */

void value_free(json_t **json)
{
    json_decref(*json);
    *json = NULL;
}

struct value_list value_list(const json_t *body, const char *wrapper, const char *name)
{
    const json_t *inner = json_object_get(body, wrapper);
    struct value_list list = {.bare = !json_is_object(inner)};
    list.objects = json_object_get(list.bare ? body : inner, name);
    if (json_is_array(list.objects)) {
        list.count = json_array_size(list.objects);
    } else if (json_is_object(list.objects)) {
        list.count = 1;
    } else {
        list.objects = NULL;
    }
    return list;
}

const json_t *value_list_at(const struct value_list *list, size_t i)
{
    const json_t *at =
        json_is_array(list->objects) ? json_array_get(list->objects, i) : list->objects;
    return json_is_object(at) ? at : NULL;
}

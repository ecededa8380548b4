/* value: leniently typed values of a peer's JSON, checked strictly for their range.
 *
 * Peers send "", "1" and 1 for one number, true and "1" for one flag. What is missing, null or ""
 * is absent; what is there and no such value is bad. All take NULL.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/clock.h"

enum value_state { VALUE_ABSENT, VALUE_GOOD, VALUE_BAD };

/* A whole number min..max: as a number, as text, with a zero fraction, or as true or false. */
enum value_state value_number(const json_t *value, int64_t min, int64_t max, int64_t *ret_number);

/* Text without the blanks around it; a number in decimal; true is "1", false "0". Bad: an object or
 * list, too long, or with a control character. `out` is always written. */
enum value_state value_text(const json_t *value, char *out, size_t out_size);

enum { VALUE_TIME_TEXT_SIZE = 32, VALUE_TIME_SIZE = 15 };

/* A time as it was sent, and what it means. */
struct value_time {
    enum value_state state;
    char text[VALUE_TIME_TEXT_SIZE]; /* as sent; empty when it is no text or too long */
    struct wall when;                /* of VALUE_GOOD */
    bool clock_unknown;              /* before 2015: a device whose clock was never set */
    bool standard;                   /* 14 digits */
};

/* yyyyMMddHHmmss, yyyyMMdd HHmmss, yyyy-MM-dd HH:mm:ss (Asia/Shanghai, all), or milliseconds since
 * 1970. Real dates of the years 1970 to 2199 only. */
struct value_time value_time(const json_t *value);

/* yyyyMMddHHmmss in Asia/Shanghai. */
void value_time_format(struct wall when, char out[VALUE_TIME_SIZE]);

/* As AUTO(value_free) of a json_t that is ours. */
void value_free(json_t **json);

/* The objects under `name`, inside `wrapper` or, where a peer left that out, bare. Borrowed from
 * the body. */
struct value_list {
    const json_t *objects; /* a list, or one object that stands for a list of one; NULL: none */
    size_t count;
    bool bare; /* the wrapper was missing */
};
struct value_list value_list(const json_t *body, const char *wrapper, const char *name);
/* Object `i` below count. NULL: what stands there is no object. */
const json_t *value_list_at(const struct value_list *list, size_t i);

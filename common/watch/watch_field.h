/* watch_field: one field of a change, checked and copied. For watch_entry.c and watch_change.c. */
#pragma once

#include "common/watch/watch_entry.h"

#define WATCH_DAY_US (INT64_C(86400) * 1000000)
#define WATCH_US_MAX INT64_C(253402300799999999) /* the last one of the year 9999 */

/* Which change is being read, and where a complaint goes. */
struct watch_scene {
    char number[12];
    const char *id; /* "?" when it is none, so that no foreign text gets into a message */
    struct complaint *c;
};

/* `id` is borrowed. */
void watch_scene_begin(struct watch_scene *s, uint32_t change, const char *id, struct complaint *c);

/* complain() with the change and the entry before these two. False. */
bool watch_scene_refuse(const struct watch_scene *s, enum error_number number, const char *a3,
                        const char *a4);

/* Each false with its complaint. `out` has `size` bytes with the NUL. */
bool watch_take_text(const struct watch_scene *s, const char *field, const char *text, char *out,
                     size_t size);
/* LIMIT_WATCH_NAME_BYTES + 1 bytes. */
bool watch_take_case(const struct watch_scene *s, const char *text, char *out);
/* LIMIT_WATCH_ID_BYTES + 1 bytes. */
bool watch_take_id(const struct watch_scene *s, const char *text, char *out);
/* A time in the future of `made`. */
bool watch_take_end(const struct watch_scene *s, struct wall made, int64_t us, struct wall *ret);
/* Is `end` no further from `from` than the matcher allows? Both are times up to year 9999. */
bool watch_take_term(const struct watch_scene *s, enum watch_matcher matcher, struct wall from,
                     struct wall end);

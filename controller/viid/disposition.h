/* disposition: what a peer's Disposition (布控) says, read leniently and bounded strictly. Pure.
 *
 * What is read is held for two named persons, and nothing is ever matched by it: so a field that
 * only they need may be missing and is marked as a doubt, while an entry that could never end, or
 * one whose target is a picture, is refused at once. Pictures are never decoded, kept or handed on.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/base/clock.h"
#include "controller/viid/status.h"
#include "controller/viid/value.h"
#include "schema/viid.h"

enum { DISPOSITION_CATEGORIES_MAX = 16, DISPOSITION_CODE_SIZE = 8 };

/* What a peer means by its DispositionCategory: they disagree. */
struct disposition_categories {
    size_t count;
    struct disposition_category {
        char code[DISPOSITION_CODE_SIZE];
        enum viid_target target;
    } of[DISPOSITION_CATEGORIES_MAX];
};

/* As one public library has it: 1 person, 2 motor vehicle, 3 other vehicle, 4 keyword. */
const struct disposition_categories *disposition_categories_usual(void);
/* "3=vehicle". False: no such line. */
bool disposition_category_read(const char *text, struct disposition_category *ret_category);

struct disposition_rules {
    const struct disposition_categories *categories;
    bool strict; /* ids and times by the standard's grammar only */
    bool bare;   /* the list had no wrapper: refused when strict */
};

/* Reads one object. A status of STATUS_OK: *ret is what to hand over. Else why not; a withdrawal
 * (operate VIID_WITHDRAW) needs its id and nothing more. */
struct status disposition_read(const json_t *object, const struct disposition_rules *rules,
                               struct wall now, struct viid_disposition *ret);

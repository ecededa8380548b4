/* plate_alike: plates that a camera takes for one another.
 *
 * For candidates that a guard confirms or rejects, never for a verdict: exact match opens, and only
 * exact match asks for a check. Two plates are alike when they have the same length and differ in
 * one or two characters, each of which is one that cameras confuse (the groups in plate_alike.c) or
 * one that could not be read. Any other difference makes them two plates.
 *
 * Texts are normal forms (plate.h), of any status: a misread character may make a plate foreign. A
 * `?` in what was read stands for a character that could not be read, and counts as one difference.
 *
 * Found by index: plates that are alike have one skeleton, the text with each character replaced by
 * the first of its group. So each listed plate stands under its skeleton, and a read asks for its
 * own one; for each unread character it asks once a group.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/access/plate.h"

enum {
    PLATE_ALIKE_MAX = 2,    /* differences that are still alike */
    PLATE_ALIKE_NOT = 255,  /* two plates */
    PLATE_ALIKE_ASKED = 64, /* skeletons that one unread character stands for, at most */
};

/* How many differences lie between what was read and a listed plate: 0 the same, to
 * PLATE_ALIKE_MAX, else PLATE_ALIKE_NOT. */
unsigned plate_alike(struct bytes read, struct bytes listed);

/* One skeleton as UTF-8, at most PLATE_TEXT_SIZE - 1 bytes; the visitor's false ends the walk. */
typedef bool plate_alike_visitor(void *ctx, struct bytes skeleton);

/* Shows every skeleton that a listed plate like `read` can have: exactly one where all characters
 * were read. False, and nothing is shown: no text of a plate, or more than PLATE_ALIKE_MAX unread
 * characters. */
bool plate_alike_skeletons(struct bytes read, plate_alike_visitor *visit, void *ctx);

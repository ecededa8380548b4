/* watch_text: which texts an entry may hold, and when two case numbers are the same one.
 *
 * A text has one form, so that what was signed is what people see: plain characters only (ASCII,
 * Latin letters, Chinese characters and their punctuation; no full-width form, control, hidden or
 * direction character, and no letter of another script that looks like one of these), single
 * U+0020 between words and none around.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/bytes.h"
#include "schema/limits.h"

enum watch_text_flaw {
    WATCH_TEXT_OK = 0,
    WATCH_TEXT_MISSING,   /* empty */
    WATCH_TEXT_LONG,      /* over its bytes */
    WATCH_TEXT_NOT_UTF8,  /* or with a NUL */
    WATCH_TEXT_CHARACTER, /* one that a text may not hold */
    WATCH_TEXT_BLANKS,    /* around it, or two in a row */
    WATCH_TEXT_EMPTY,     /* not two letters in it: it names nobody and nothing */
    WATCH_TEXT_DIGITS,    /* a case number without a digit */
};

/* A name, a ground or a contact of at most `max` bytes. */
enum watch_text_flaw watch_text_check(struct bytes text, size_t max);
/* The same for a case number, which needs a digit and no letter. */
enum watch_text_flaw watch_text_check_case(struct bytes text, size_t max);
/* The station's own id of an entry: 1 to LIMIT_WATCH_ID_BYTES of A-Z a-z 0-9 - _ and . , beginning
 * with a letter or digit. */
bool watch_text_is_id(struct bytes text);

/* What is wrong, in English, as the end of a sentence: "holds a character that ...". */
const char *watch_text_why(enum watch_text_flaw flaw);

/* Brings what a person typed towards that form: full-width characters become plain, blanks and line
 * ends one blank, those around are taken off. What may not stand in it stays, to be refused. False:
 * not UTF-8, or over `size` with its NUL. */
bool watch_text_tidy(struct bytes text, char *out, size_t size);

enum { WATCH_CASE_SIZE = LIMIT_WATCH_NAME_BYTES + 1 };

/* What two case numbers are compared by: letters, digits and Chinese characters alone, letters
 * upper case, O and U+3007 as 0, I and L as 1, no zeros before a number. Two that a person would
 * take for the same have the same. `text` is at most LIMIT_WATCH_NAME_BYTES (else it is cut). */
void watch_text_case(struct bytes text, char out[WATCH_CASE_SIZE]);
bool watch_text_same_case(const char *a, const char *b);

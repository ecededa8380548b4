/* idnumber: resident identity numbers (GB 11643-1999) as they come from forms and spreadsheets.
 *
 * Trimmed: blanks, tabs, non-breaking and ideographic spaces and a byte-order mark around it, and
 * leading apostrophes. Full-width characters become plain, x becomes X. Anything else is refused,
 * each with a status of its own, so that an import can say what to do.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"

enum { IDNUMBER_LENGTH = 18, IDNUMBER_TEXT_SIZE = IDNUMBER_LENGTH + 1, IDNUMBER_RAW_MAX = 128 };

enum idnumber_status {
    IDNUMBER_OK = 0,
    IDNUMBER_EMPTY,
    IDNUMBER_SCIENTIFIC,        /* 3.30102E+17: a spreadsheet made a number of it */
    IDNUMBER_ROUNDED,           /* ends in 000, wrong check character: a spreadsheet rounded it */
    IDNUMBER_LEGACY,            /* the 15-digit form, not accepted any more */
    IDNUMBER_FOREIGN_CHARACTER, /* something else than digits and a final X, or not UTF-8 */
    IDNUMBER_BAD_LENGTH,        /* digits, but not 18 */
    IDNUMBER_BAD_CHECKSUM,
    IDNUMBER_BAD_DATE, /* the date of birth inside does not exist, or is before 1900 */
    IDNUMBER_STATUS_COUNT,
};

/* By the first digits; the numbers are made and checked alike. */
enum idnumber_kind {
    IDNUMBER_KIND_RESIDENT,
    IDNUMBER_KIND_HMT_RESIDENT,     /* 81, 82, 83: residents from Hong Kong, Macao, Taiwan */
    IDNUMBER_KIND_FOREIGN_RESIDENT, /* 9: foreign permanent resident, form of 2023 */
};

struct idnumber {
    enum idnumber_kind kind;
    char text[IDNUMBER_TEXT_SIZE]; /* 17 digits and the check character */
};

/* *ret_idnumber is written only on IDNUMBER_OK. */
enum idnumber_status idnumber_read(struct bytes raw, struct idnumber *ret_idnumber);

/* Is the holder of the number younger than so many years on this day? A birthday of 29 February is
 * kept on 1 March. */
bool idnumber_is_younger(const struct idnumber *idnumber, int32_t years, int32_t day);

/* How it may be shown: 110105********002X. */
void idnumber_mask(const struct idnumber *idnumber, char out[IDNUMBER_TEXT_SIZE]);

/* Stable kebab-case name (`bad-checksum`), and one sentence with the remedy; never the number. */
const char *idnumber_status_name(enum idnumber_status status);
const char *idnumber_status_en(enum idnumber_status status);
const char *idnumber_status_zh(enum idnumber_status status);

/* roster_header: which column of a roster file is what, in the words that tenants really use.
 *
 * A heading is compared without blanks, case, width, stars and what stands in brackets:
 * "身份证号（必填）*" is 身份证号. The table stands in roster_header.c and docs/import.md.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "admin-cli/cli.h"

enum roster_kind { ROSTER_PERSONS, ROSTER_VEHICLES };

enum roster_column {
    COLUMN_NAME = 0,
    COLUMN_ID,
    COLUMN_PHONE,
    COLUMN_TENANT,
    COLUMN_COMPANY, /* the tenant when the file has no other word for it, else the agency */
    COLUMN_AGENCY,
    COLUMN_KIND,
    COLUMN_BADGE,
    COLUMN_EXTERNAL,
    COLUMN_SHIFT,
    COLUMN_DATE, /* first and last day at once */
    COLUMN_FROM,
    COLUMN_TO,
    COLUMN_PLATE,
    COLUMN_KNOWN_UNUSED, /* number, sex, remark: read by people only */
    COLUMN_COUNT,
    COLUMN_UNKNOWN = COLUMN_COUNT,
};

enum roster_column roster_column_of(const char *heading);
/* What the column is called in messages. */
struct bilingual roster_column_title(enum roster_column column);

/* Looks at one physical line: is it a header, and with which delimiter (',', ';' or tab)? A person
 * header has a name and one more known column, a vehicle header has a plate. */
bool roster_is_header(enum roster_kind kind, const char *line, size_t size, char *ret_delimiter);

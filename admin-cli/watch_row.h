/* watch_row: one row of a station's list (CSV or JSON) becomes one change of a bundle. */
#pragma once

#include "admin-cli/cli.h"
#include "common/base/tz.h"
#include "common/seal/seal.h"
#include "common/watch/watch_change.h"

enum watch_column {
    WATCH_COLUMN_CHANGE = 0, /* add when empty */
    WATCH_COLUMN_ID,
    WATCH_COLUMN_CATEGORY,
    WATCH_COLUMN_PLATE, /* of plate, badge and identity number exactly one */
    WATCH_COLUMN_BADGE,
    WATCH_COLUMN_IDENTITY,
    WATCH_COLUMN_APPLICANT,
    WATCH_COLUMN_CASE,
    WATCH_COLUMN_BASIS,
    WATCH_COLUMN_BEGIN,  /* now when empty */
    WATCH_COLUMN_END,    /* LIMIT_WATCH_PERSON_DAYS_DEFAULT after its begin when empty */
    WATCH_COLUMN_ACTION, /* notify when empty */
    WATCH_COLUMN_CONTACT,
    WATCH_COLUMN_INSTRUCTION, /* call when empty */
    WATCH_COLUMN_COUNT,
};

enum { WATCH_CELL_SIZE = 512, WATCH_SENTENCE_SIZE = 256 };

/* The column of a heading or key: the stable English name or the Chinese word.
 * WATCH_COLUMN_COUNT: none. */
enum watch_column watch_column_of(const char *heading);
/* "legal_basis" */
const char *watch_column_name(enum watch_column column);

/* A foreign text as a message may show it: itself when it is short and plain, else "...". */
const char *watch_shown(const char *text);

/* The cells of a row as they were found, tidied (watch_text_tidy); "": empty. */
struct watch_cells {
    char cell[WATCH_COLUMN_COUNT][WATCH_CELL_SIZE];
};

struct watch_row_options {
    struct wall made;
    const struct tz_table *zone;  /* of the dates in the list */
    const struct seal_key *match; /* NULL: identity numbers cannot be hashed */
};

/* What is wrong with a row; never shows an identity number. */
struct watch_row_problem {
    enum watch_column column;
    char sentence[LANG_COUNT][WATCH_SENTENCE_SIZE];
};

/* The change that the row asks for, checked as the park will check it. */
bool watch_row_read(const struct watch_cells *cells, const struct watch_row_options *options,
                    struct watch_change *ret, struct watch_row_problem *ret_problem);

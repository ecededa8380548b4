/* words: what columns, notes and their values are called for people. */
#pragma once

#include "admin-cli/cli.h"

enum column_kind {
    COLUMN_TEXT = 0,
    COLUMN_NUMBER, /* right-aligned; a JSON number */
    COLUMN_TIME,   /* microseconds since 1970; names end in _us */
    COLUMN_WORD,   /* a stable word of ours, translated */
    COLUMN_REASON, /* a reason's stable name */
};

/* By the stable id of a column or note; unknown ids are text, or time when they end in _us. */
enum column_kind word_column_kind(const char *id);
/* The title in `lang`; an unknown id is its own title. */
const char *word_title(const char *id, enum lang lang);
/* The value of a COLUMN_WORD or COLUMN_REASON in `lang`; what is not known comes back as it is. */
const char *word_value(const char *id, const char *value, enum lang lang);

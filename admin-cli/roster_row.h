/* roster_row: one row of a roster file: its cells by column, checked, packed. */
#pragma once

#include "admin-cli/roster.h"
#include "admin-cli/seen.h"

enum { ROSTER_CELL_SIZE = 512 };

/* Zero-initialised with `options` set. */
struct roster_row {
    const struct roster_options *options;
    /* the header, once taken */
    size_t column_count;
    enum roster_column columns[ROSTER_COLUMNS_MAX];
    char headings[ROSTER_COLUMNS_MAX][ROSTER_HEADING_SIZE];
    bool has_column[COLUMN_COUNT];
    size_t index_of[COLUMN_COUNT];
    /* the row */
    size_t cell_count;
    size_t surplus; /* index + 1 of the first filled cell beyond the header; 0 none */
    char cells[ROSTER_COLUMNS_MAX][ROSTER_CELL_SIZE];
    bool too_long[ROSTER_COLUMNS_MAX];
    bool filled;
    struct seen seen; /* of the whole file */
};

/* Takes the next cell of the row. */
void roster_row_take(struct roster_row *row, const char *text, size_t size);
bool roster_row_is_empty(const struct roster_row *row);
void roster_row_clear(struct roster_row *row);

/* The cells taken so far are the header. False: two columns mean the same. */
bool roster_row_take_header(struct roster_row *row, enum roster_column *ret_twice,
                            size_t *ret_first, size_t *ret_second);
/* The column without which the file makes no sense with these options; COLUMN_UNKNOWN: none. */
enum roster_column roster_row_missing_column(const struct roster_row *row);

/* Checks the row; adds it to roster->rows, or what is wrong with it to roster->problems. */
void roster_row_finish(struct roster_row *row, unsigned line, struct roster *roster);

void roster_row_destroy(struct roster_row *row);

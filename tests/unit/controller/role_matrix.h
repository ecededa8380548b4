/* role_matrix: tests/data/role-verb.txt as a value; its form is explained there. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum {
    MATRIX_TEXT_SIZE = 512,
    MATRIX_ROWS_MAX = 200,
    MATRIX_LINES_MAX = 8,
    MATRIX_COLUMNS = 10,
};

struct matrix_row {
    char verb[64];
    char may[MATRIX_COLUMNS]; /* Y N T L K */
    size_t line_count;
    char lines[MATRIX_LINES_MAX][MATRIX_TEXT_SIZE]; /* first, try, join */
    char own[MATRIX_TEXT_SIZE], other[MATRIX_TEXT_SIZE];
    bool has_other;
};

struct role_matrix {
    size_t row_count;
    struct matrix_row rows[MATRIX_ROWS_MAX];
};

/* Into an empty matrix. Fails the test when the file is not of its form. */
void role_matrix_read(struct role_matrix *matrix);
/* NULL: the verb has no row. Fails the test when it has two. */
const struct matrix_row *role_matrix_row(const struct role_matrix *matrix, const char *verb);

#include "tests/unit/controller/role_matrix.h"

#include "tests/unit/controller/harness.h"

static void read_row(char *line, struct matrix_row *row)
{
    char *save = NULL;
    char *word = strtok_r(line, " ", &save);
    size_t count = 0;
    (void)snprintf(row->verb, sizeof(row->verb), "%s", word);
    while ((word = strtok_r(NULL, " ", &save)) != NULL) {
        if (count >= MATRIX_COLUMNS || strlen(word) != 1 || strchr("YNTLK", word[0]) == NULL) {
            fail_msg("%s: %s is no answer", row->verb, word);
        }
        row->may[count++] = word[0];
    }
    if (count == MATRIX_COLUMNS - 1) {
        row->may[count++] = 'N'; /* the last role, for which N may be left out */
    }
    if (count != MATRIX_COLUMNS) {
        fail_msg("%s: %zu answers, and there are %d roles", row->verb, count, MATRIX_COLUMNS);
    }
}

static void read_more(const char *line, struct matrix_row *row)
{
    if (strncmp(line, "own ", 4) == 0) {
        (void)snprintf(row->own, MATRIX_TEXT_SIZE, "%s", line + 4);
    } else if (strncmp(line, "other ", 6) == 0) {
        (void)snprintf(row->other, MATRIX_TEXT_SIZE, "%s", line + 6);
        row->has_other = true;
    } else {
        assert_true(row->line_count < MATRIX_LINES_MAX);
        (void)snprintf(row->lines[row->line_count++], MATRIX_TEXT_SIZE, "%s", line);
    }
}

static void read_line(struct role_matrix *matrix, char *line)
{
    size_t size = strlen(line);
    assert_true(size < MATRIX_TEXT_SIZE);
    if (size == 0 || line[0] == '#') {
        return;
    }
    if (line[0] == ' ') {
        assert_true(matrix->row_count > 0);
        read_more(line + strspn(line, " "), &matrix->rows[matrix->row_count - 1]);
    } else {
        assert_true(matrix->row_count < MATRIX_ROWS_MAX);
        read_row(line, &matrix->rows[matrix->row_count++]);
    }
}

void role_matrix_read(struct role_matrix *matrix)
{
    static char text[64 * 1024];
    FILE *file = fopen(PARKGATE_SOURCE_DIR "/tests/data/role-verb.txt", "re");
    assert_non_null(file);
    size_t size = fread(text, 1, sizeof(text) - 1, file);
    (void)fclose(file);
    assert_true(size > 0 && size < sizeof(text) - 1);
    text[size] = '\0';
    for (char *at = text; *at != '\0';) {
        char *end = strchr(at, '\n');
        assert_non_null(end);
        *end = '\0';
        read_line(matrix, at);
        at = end + 1;
    }
}

const struct matrix_row *role_matrix_row(const struct role_matrix *matrix, const char *verb)
{
    const struct matrix_row *found = NULL;
    for (size_t i = 0; i < matrix->row_count; i++) {
        if (strcmp(matrix->rows[i].verb, verb) == 0) {
            if (found != NULL) {
                fail_msg("%s stands twice in tests/data/role-verb.txt", verb);
            }
            found = &matrix->rows[i];
        }
    }
    return found;
}

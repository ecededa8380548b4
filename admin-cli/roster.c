#include "admin-cli/roster.h"

#include <csv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin-cli/csv_text.h"
#include "admin-cli/roster_row.h"
#include "common/base/must.h"
#include "schema/limits.h"

enum { HEADER_LINES = 6, ROW_LINES_MAX = 20 };

/* One reading of one file. */
struct reading {
    const char *path;
    struct roster *roster;
    struct complaint *c;
    struct csv_parser parser;
    struct roster_row row; /* being filled by libcsv */
    unsigned row_line;     /* where it began */
    bool header_done;
    bool failed; /* *c is filled */
};

static void fail(struct reading *r, enum error_number number, const char *a3, const char *a4)
{
    char line[24];
    if (!r->failed) {
        (void)complain(r->c, number, r->path, cli_number(line, r->row_line), a3, a4);
        r->failed = true;
    }
}

static void on_field(void *field, size_t size, void *ctx)
{
    struct reading *r = ctx;
    if (!r->failed) {
        roster_row_take(&r->row, field == NULL ? "" : field, size);
    }
}

static void take_header(struct reading *r)
{
    enum roster_column twice = COLUMN_UNKNOWN;
    size_t first = 0;
    size_t second = 0;
    if (!roster_row_take_header(&r->row, &twice, &first, &second)) {
        char a[ROSTER_HEADING_SIZE];
        char b[ROSTER_HEADING_SIZE];
        (void)snprintf(a, sizeof(a), "%s", r->row.headings[first]);
        (void)snprintf(b, sizeof(b), "%s", r->row.headings[second]);
        fail(r, ERROR_FILE_COLUMN_TWICE, a, b);
        return;
    }
    enum roster_column missing = roster_row_missing_column(&r->row);
    if (missing == COLUMN_TENANT) {
        if (!r->failed) {
            (void)complain(r->c, ERROR_FILE_TENANT, r->path, NULL, NULL, NULL);
            r->failed = true;
        }
    } else if (missing != COLUMN_UNKNOWN) {
        char both[ROSTER_HEADING_SIZE];
        struct bilingual title = roster_column_title(missing);
        (void)snprintf(both, sizeof(both), "%s / %s", title.text[LANG_EN], title.text[LANG_ZH]);
        fail(r, ERROR_FILE_COLUMN_MISSING, both, NULL);
    }
    for (size_t i = 0; i < r->row.column_count; i++) {
        if (r->row.columns[i] == COLUMN_UNKNOWN && r->row.headings[i][0] != '\0') {
            (void)snprintf(r->roster->unused[r->roster->unused_count++], ROSTER_HEADING_SIZE, "%s",
                           r->row.headings[i]);
        }
    }
}

static void on_row(int end, void *ctx)
{
    (void)end;
    struct reading *r = ctx;
    if (r->failed) {
        return;
    }
    if (!r->header_done) {
        r->header_done = true;
        take_header(r);
    } else if (!roster_row_is_empty(&r->row)) {
        char most[24];
        if (++r->roster->row_count > LIMIT_IMPORT_ROWS) {
            (void)complain(r->c, ERROR_FILE_TOO_LONG, r->path, cli_number(most, LIMIT_IMPORT_ROWS),
                           NULL, NULL);
            r->failed = true;
            return;
        }
        roster_row_finish(&r->row, r->row_line, r->roster);
    }
    roster_row_clear(&r->row);
}

static bool find_header(struct csv_text *text, enum roster_kind kind, const char **ret_line,
                        size_t *ret_size, char *ret_delimiter, struct complaint *c)
{
    for (int i = 0; i < HEADER_LINES; i++) {
        enum csv_next next = csv_text_next(text, ret_line, ret_size, c);
        if (next == CSV_BAD) {
            return false;
        }
        if (next == CSV_END) {
            break;
        }
        if (roster_is_header(kind, *ret_line, *ret_size, ret_delimiter)) {
            return true;
        }
    }
    return complain(c, ERROR_FILE_NO_HEADER, text->path,
                    kind == ROSTER_PERSONS ? "name / 姓名, id number / 身份证号" : "plate / 车牌",
                    NULL, NULL);
}

/* True while the parser stands between two rows. */
static bool between_rows(const struct reading *r)
{
    return r->parser.pstate == 0;
}

static void feed(struct reading *r, unsigned line, const char *text, size_t size)
{
    if (between_rows(r)) {
        r->row_line = line;
    } else if (line - r->row_line > ROW_LINES_MAX) {
        fail(r, ERROR_FILE_QUOTE, NULL, NULL);
        return;
    }
    if (csv_parse(&r->parser, text, size, on_field, on_row, r) != size) {
        MUST(csv_error(&r->parser) == CSV_EPARSE);
        fail(r, ERROR_FILE_QUOTE, NULL, NULL);
    }
}

static void read_rows(struct reading *r, struct csv_text *text, const char *line, size_t size)
{
    enum csv_next next = CSV_LINE;
    while (next == CSV_LINE && !r->failed) {
        feed(r, text->line, line, size);
        next = csv_text_next(text, &line, &size, r->c);
    }
    if (next == CSV_BAD) {
        r->failed = true;
    }
    if (!r->failed && csv_fini(&r->parser, on_field, on_row, r) != 0) {
        fail(r, ERROR_FILE_QUOTE, NULL, NULL);
    }
    if (!r->failed && r->roster->row_count == 0) {
        (void)complain(r->c, ERROR_FILE_NO_ROWS, r->path, NULL, NULL, NULL);
        r->failed = true;
    }
}

bool roster_read(const char *path, const struct roster_options *options, struct roster *ret_roster,
                 struct complaint *c)
{
    *ret_roster = (struct roster){0};
    AUTO(csv_text_destroy) struct csv_text text = {0};
    const char *line = NULL;
    size_t size = 0;
    char delimiter = ',';
    if (!csv_text_open(path, &text, c) ||
        !find_header(&text, options->kind, &line, &size, &delimiter, c)) {
        return false;
    }
    struct reading *r = calloc(1, sizeof(*r));
    MUST(r != NULL && csv_init(&r->parser, CSV_APPEND_NULL | CSV_STRICT | CSV_STRICT_FINI) == 0);
    csv_set_delim(&r->parser, (unsigned char)delimiter);
    r->path = path;
    r->roster = ret_roster;
    r->c = c;
    r->row.options = options;
    read_rows(r, &text, line, size);
    bool good = !r->failed;
    csv_free(&r->parser);
    roster_row_destroy(&r->row);
    free(r);
    return good;
}

void roster_destroy(struct roster *roster)
{
    rows_destroy(&roster->rows);
    free(roster->problems);
    *roster = (struct roster){0};
}

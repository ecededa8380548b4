#include "admin-cli/watch_list.h"

#include <csv.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin-cli/csv_text.h"
#include "admin-cli/file.h"
#include "admin-cli/seen.h"
#include "common/base/must.h"
#include "common/watch/watch_text.h"

enum { COLUMNS_MAX = 32, JSON_MAX = 256 * 1024 * 1024, HEADING_SIZE = 64, ROW_LINES_MAX = 20 };

/* One reading of one file. */
struct reading {
    const char *path;
    const struct watch_row_options *options;
    struct watch_list *list;
    struct complaint *c;
    bool failed; /* *c is filled */
    struct seen ids;
    struct watch_cells cells; /* of the row */
    unsigned row_line;
    /* CSV */
    struct csv_parser parser;
    bool header_done, filled;
    size_t problems_before; /* of this row */
    size_t column_count, cell_count;
    enum watch_column columns[COLUMNS_MAX];
};

static void fail(struct reading *r, enum error_number number, const char *a2, const char *a3,
                 const char *a4)
{
    if (!r->failed) {
        (void)complain(r->c, number, r->path, a2, a3, a4);
        r->failed = true;
    }
}

static void fail_line(struct reading *r, enum error_number number, const char *a3, const char *a4)
{
    char line[24];
    fail(r, number, cli_number(line, r->row_line), a3, a4);
}

static void fail_header(struct reading *r, const char *what, const char *why)
{
    char text[256];
    (void)snprintf(text, sizeof(text), "\"%s\" %s", watch_shown(what), why);
    if (!r->failed) {
        (void)complain(r->c, ERROR_FILE_HEADER, text, NULL, NULL, NULL);
        r->failed = true;
    }
}

/* --- rows --- */

static void add_problem(struct reading *r, const struct watch_row_problem *problem)
{
    size_t at = r->list->problem_count++;
    if (at < WATCH_PROBLEMS_SHOWN) {
        r->list->problems[at] =
            (struct watch_list_problem){.line = r->row_line, .problem = *problem};
    }
}

static bool is_twice(struct reading *r, const char *id)
{
    struct watch_row_problem problem = {.column = WATCH_COLUMN_ID};
    unsigned before = seen_before(&r->ids, id, r->row_line);
    if (before == 0) {
        return false;
    }
    (void)snprintf(problem.sentence[LANG_EN], WATCH_SENTENCE_SIZE,
                   "stands in line %u already; one bundle changes an entry once", before);
    (void)snprintf(problem.sentence[LANG_ZH], WATCH_SENTENCE_SIZE,
                   "已在第 %u 行出现；一批中每个条目只能变更一次", before);
    add_problem(r, &problem);
    return true;
}

static void end_row(struct reading *r)
{
    struct watch_change change;
    struct watch_row_problem problem = {0};
    r->list->row_count++;
    if (r->list->problem_count > r->problems_before) {
        return; /* what could not be read is told already */
    }
    if (!watch_row_read(&r->cells, r->options, &change, &problem)) {
        add_problem(r, &problem);
    } else if (!is_twice(r, change.entry.id) && !watch_maker_add(&r->list->maker, &change, r->c)) {
        r->failed = true;
    }
}

/* False: the text does not fit the cell, or is none. */
static bool put_cell(struct reading *r, enum watch_column column, const char *text, size_t size)
{
    struct bytes bytes = {.data = (const uint8_t *)text, .size = size};
    char *out = r->cells.cell[column];
    if (watch_text_tidy(bytes, out, WATCH_CELL_SIZE)) {
        return true;
    }
    struct watch_row_problem problem = {
        .column = column,
        .sentence = {"is no text, or over 511 bytes; correct it",
                     "不是文本或超过 511 字节；请改正"}
    };
    out[0] = '\0';
    add_problem(r, &problem);
    return false;
}

/* --- CSV --- */

static void take_heading(struct reading *r, const char *text, size_t size)
{
    char heading[HEADING_SIZE];
    struct bytes bytes = {.data = (const uint8_t *)text, .size = size};
    if (r->column_count == COLUMNS_MAX || !watch_text_tidy(bytes, heading, sizeof(heading))) {
        fail_header(r, "...", "is too long");
        return;
    }
    enum watch_column column = watch_column_of(heading);
    if (column == WATCH_COLUMN_COUNT) {
        fail_header(r, heading, "is no column of a watch list; correct or remove it");
    }
    for (size_t i = 0; i < r->column_count; i++) {
        if (r->columns[i] == column) {
            fail_line(r, ERROR_FILE_COLUMN_TWICE, heading, watch_column_name(column));
        }
    }
    r->columns[r->column_count++] = column;
}

static void on_field(void *field, size_t size, void *ctx)
{
    struct reading *r = ctx;
    const char *text = field == NULL ? "" : field;
    if (r->failed) {
        return;
    }
    if (!r->header_done) {
        take_heading(r, text, size);
        return;
    }
    size_t at = r->cell_count++;
    r->filled = r->filled || size > 0;
    if (at < r->column_count) {
        (void)put_cell(r, r->columns[at], text, size);
    } else if (size > 0) {
        struct watch_row_problem problem = {
            .column = r->columns[r->column_count - 1],
            .sentence = {"has a cell behind it that no column names; remove it",
                         "其后有多余的单元格；请删除"}
        };
        add_problem(r, &problem);
    }
}

static void begin_row(struct reading *r)
{
    memset(&r->cells, 0, sizeof(r->cells));
    r->cell_count = 0;
    r->filled = false;
    r->problems_before = r->list->problem_count;
}

static void on_row(int end, void *ctx)
{
    (void)end;
    struct reading *r = ctx;
    if (!r->failed && r->header_done && r->filled) {
        end_row(r);
    }
    r->header_done = true;
    begin_row(r);
}

/* The one of `,`, `;` and tab that the header has most. */
static char delimiter_of(const char *header, size_t size)
{
    static const char choices[] = {',', ';', '\t'};
    size_t most = 0;
    char best = ',';
    for (size_t i = 0; i < ARRAY_LEN(choices); i++) {
        size_t count = 0;
        for (size_t k = 0; k < size; k++) {
            count += header[k] == choices[i];
        }
        best = count > most ? choices[i] : best;
        most = count > most ? count : most;
    }
    return best;
}

static void feed(struct reading *r, unsigned line, const char *text, size_t size)
{
    if (r->parser.pstate == 0) {
        r->row_line = line;
    } else if (line - r->row_line > ROW_LINES_MAX) {
        fail_line(r, ERROR_FILE_QUOTE, NULL, NULL);
        return;
    }
    if (csv_parse(&r->parser, text, size, on_field, on_row, r) != size) {
        fail_line(r, ERROR_FILE_QUOTE, NULL, NULL);
    }
}

static void read_lines(struct reading *r, struct csv_text *text)
{
    const char *line = NULL;
    size_t size = 0;
    enum csv_next next = CSV_LINE;
    bool first = true;
    while (!r->failed && (next = csv_text_next(text, &line, &size, r->c)) == CSV_LINE) {
        if (first) {
            csv_set_delim(&r->parser, (unsigned char)delimiter_of(line, size));
            first = false;
        }
        feed(r, text->line, line, size);
    }
    r->failed = r->failed || next == CSV_BAD;
    if (!r->failed && csv_fini(&r->parser, on_field, on_row, r) != 0) {
        fail_line(r, ERROR_FILE_QUOTE, NULL, NULL);
    }
}

static void read_csv(struct reading *r)
{
    AUTO(csv_text_destroy) struct csv_text text = {0};
    if (!csv_text_open(r->path, &text, r->c)) {
        r->failed = true;
        return;
    }
    MUST(csv_init(&r->parser, CSV_APPEND_NULL | CSV_STRICT | CSV_STRICT_FINI) == 0);
    read_lines(r, &text);
    csv_free(&r->parser);
    bool has_id = false;
    for (size_t i = 0; i < r->column_count; i++) {
        has_id = has_id || r->columns[i] == WATCH_COLUMN_ID;
    }
    if (!r->failed && !has_id) {
        fail(r, ERROR_FILE_COLUMN_MISSING, "1", "id / 编号", NULL);
    }
}

/* --- JSON --- */

/* The line in which the next object of the outer array begins; moves *at and *line behind its
 * first character. The text was parsed: quotation marks and brackets pair. */
static unsigned next_object(const char *text, size_t *at, unsigned *line, int *depth)
{
    bool quoted = false;
    for (; text[*at] != '\0'; (*at)++) {
        char c = text[*at];
        *line += c == '\n';
        if (quoted) {
            *at += c == '\\';
            quoted = c != '"';
        } else if (c == '"') {
            quoted = true;
        } else if (c == '}' || c == ']') {
            (*depth)--;
        } else if (c == '{' || c == '[') {
            if ((*depth)++ == 1) {
                (*at)++;
                return *line;
            }
        }
    }
    return *line;
}

static void take_member(struct reading *r, const char *key, const json_t *value)
{
    enum watch_column column = watch_column_of(key);
    if (column == WATCH_COLUMN_COUNT) {
        struct watch_row_problem problem = {.column = WATCH_COLUMN_ID};
        (void)snprintf(problem.sentence[LANG_EN], WATCH_SENTENCE_SIZE,
                       "\"%s\" is no key of a watch list; correct or remove it", watch_shown(key));
        (void)snprintf(problem.sentence[LANG_ZH], WATCH_SENTENCE_SIZE,
                       "“%s”不是布控清单的键；请改正或删除", watch_shown(key));
        add_problem(r, &problem);
    } else if (!json_is_string(value)) {
        struct watch_row_problem problem = {
            .column = column,
            .sentence = {"is no text; put it into quotation marks", "不是文本；请加引号"}
        };
        add_problem(r, &problem);
    } else {
        (void)put_cell(r, column, json_string_value(value), json_string_length(value));
    }
}

static void take_object(struct reading *r, json_t *object)
{
    const char *key = NULL;
    json_t *value = NULL;
    begin_row(r);
    if (!json_is_object(object)) {
        fail_line(r, ERROR_WATCH_LIST, "it is no object", NULL);
        return;
    }
    json_object_foreach(object, key, value)
    {
        take_member(r, key, value);
    }
    end_row(r);
}

static void read_array(struct reading *r, const char *text, json_t *array)
{
    size_t at = 0;
    int depth = 0;
    unsigned line = 1;
    for (size_t i = 0; i < json_array_size(array) && !r->failed; i++) {
        json_t *object = json_array_get(array, i);
        if (json_is_object(object) || json_is_array(object)) {
            r->row_line = next_object(text, &at, &line, &depth);
        }
        take_object(r, object);
    }
}

/* The library's words quote the file. */
static void make_printable(char *text)
{
    for (; *text != '\0'; text++) {
        *text = *text < ' ' || *text > '~' ? '?' : *text;
    }
}

static void read_json(struct reading *r, const char *text, size_t size)
{
    json_error_t error;
    json_t *array = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    if (array == NULL) {
        r->row_line = error.line > 0 ? (unsigned)error.line : 1;
        make_printable(error.text);
        fail_line(r, ERROR_WATCH_LIST, error.text, NULL);
        return;
    }
    r->row_line = 1;
    if (json_is_array(array)) {
        read_array(r, text, array);
    } else {
        fail_line(r, ERROR_WATCH_LIST, "it is no array of objects", NULL);
    }
    json_decref(array);
}

/* --- both --- */

static bool is_json(const char *path, struct complaint *c, bool *ret)
{
    char first[64] = "";
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return complain(c, ERROR_FILE_OPEN, path, "no such file, or it may not be read", NULL,
                        NULL);
    }
    size_t size = fread(first, 1, sizeof(first) - 1, file);
    (void)fclose(file);
    first[size] = '\0';
    const char *at = strncmp(first, "\xef\xbb\xbf", 3) == 0 ? first + 3 : first;
    *ret = at[strspn(at, " \t\r\n")] == '[' || at[strspn(at, " \t\r\n")] == '{';
    return true;
}

static void read_any(struct reading *r, bool json)
{
    if (!json) {
        read_csv(r);
        return;
    }
    size_t size = 0;
    char *text = file_read(r->path, JSON_MAX, &size, r->c);
    if (text == NULL) {
        r->failed = true;
        return;
    }
    size_t skip = strncmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    read_json(r, text + skip, size - skip);
    free(text);
}

bool watch_list_read(const char *path, const struct watch_row_options *options,
                     struct watch_list *list, struct complaint *c)
{
    bool json = false;
    *list = (struct watch_list){0};
    if (!is_json(path, c, &json)) {
        return false;
    }
    struct reading *r = calloc(1, sizeof(*r));
    MUST(r != NULL);
    r->path = path;
    r->options = options;
    r->list = list;
    r->c = c;
    read_any(r, json);
    bool good = !r->failed;
    seen_destroy(&r->ids);
    free(r);
    return good;
}

void watch_list_destroy(struct watch_list *list)
{
    watch_maker_destroy(&list->maker);
    *list = (struct watch_list){0};
}

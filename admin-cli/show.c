#include "admin-cli/show.h"

#include <inttypes.h>
#include <jansson.h>
#include <libsmartcols.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "admin-cli/words.h"
#include "common/access/civil.h"
#include "common/base/must.h"

/* --- values --- */

static bool read_number(const char *text, int64_t *ret)
{
    char *end = NULL;
    if (text[0] == '\0' || strspn(text, "-0123456789") != strlen(text)) {
        return false;
    }
    long long value = strtoll(text, &end, 10);
    *ret = value;
    return *end == '\0';
}

static const char *local_time(const struct cli *cli, int64_t us, char out[SHOW_VALUE_SIZE])
{
    struct civil civil = civil_of(cli->zone, (struct wall){us});
    char date[CIVIL_DATE_SIZE];
    civil_date_format(civil.day, date);
    (void)snprintf(out, SHOW_VALUE_SIZE, "%s %02d:%02d:%02d%s", date, civil.minute / 60,
                   civil.minute % 60, civil.second, cli->zone->name[0] == '\0' ? "Z" : "");
    return out;
}

const char *show_value(const struct cli *cli, const char *id, const char *value,
                       char out[SHOW_VALUE_SIZE])
{
    int64_t us = 0;
    switch (word_column_kind(id)) {
    case COLUMN_TIME:
        if (!read_number(value, &us)) {
            return value;
        }
        return us == 0 ? "" : local_time(cli, us, out);
    case COLUMN_WORD:
    case COLUMN_REASON:
        return word_value(id, value, cli->lang);
    case COLUMN_TEXT:
    case COLUMN_NUMBER:
        break;
    }
    return value;
}

/* --- text --- */

/* The place of `id`_zh among `names`, SIZE_MAX: there is none. */
static size_t chinese_of(char *const *names, size_t count, const char *id)
{
    size_t size = strlen(id);
    for (size_t i = 0; i < count; i++) {
        if (strncmp(names[i], id, size) == 0 && strcmp(names[i] + size, "_zh") == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

/* `title_zh` beside `title`: people see one of both, by their language. */
static bool is_hidden(char *const *names, size_t count, const char *id)
{
    size_t size = strlen(id);
    if (size <= 3 || strcmp(id + size - 3, "_zh") != 0) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (strlen(names[i]) == size - 3 && strncmp(names[i], id, size - 3) == 0) {
            return true;
        }
    }
    return false;
}

/* The value at `index` for a person: the Chinese one in its place where there is one. */
static const char *shown(const struct cli *cli, char *const *names, char *const *values,
                         size_t count, size_t index, char out[SHOW_VALUE_SIZE])
{
    size_t chinese = cli->lang == LANG_ZH ? chinese_of(names, count, names[index]) : SIZE_MAX;
    if (chinese != SIZE_MAX && values[chinese][0] != '\0') {
        return values[chinese];
    }
    return show_value(cli, names[index], values[index], out);
}

static void print_table(const struct cli *cli, struct libscols_table *table)
{
    MUST(scols_table_set_stream(table, cli->out) == 0);
    if (!cli->out_terminal) {
        (void)scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
        (void)scols_table_set_termwidth(table, 0);
        (void)scols_table_enable_nowrap(table, 1);
    }
    MUST(scols_print_table(table) == 0);
}

static void show_notes(const struct cli *cli, const struct answer *answer)
{
    struct libscols_table *table = scols_new_table();
    MUST(table != NULL);
    (void)scols_table_enable_noheadings(table, 1);
    MUST(scols_table_new_column(table, "name", 0, 0) != NULL);
    MUST(scols_table_new_column(table, "value", 0, 0) != NULL);
    for (size_t i = 0; i < answer->note_count; i++) {
        char text[SHOW_VALUE_SIZE];
        const char *id = answer->note_names[i];
        if (is_hidden(answer->note_names, answer->note_count, id)) {
            continue;
        }
        struct libscols_line *line = scols_table_new_line(table, NULL);
        MUST(line != NULL);
        const char *value =
            shown(cli, answer->note_names, answer->note_values, answer->note_count, i, text);
        MUST(scols_line_set_data(line, 0, word_title(id, cli->lang)) == 0);
        MUST(scols_line_set_data(line, 1, value) == 0);
    }
    print_table(cli, table);
    scols_unref_table(table);
}

static void add_row(const struct cli *cli, const struct answer *answer, size_t row,
                    struct libscols_table *table)
{
    char *const *cells = answer->cells + row * answer->column_count;
    struct libscols_line *line = scols_table_new_line(table, NULL);
    size_t at = 0;
    MUST(line != NULL);
    for (size_t i = 0; i < answer->column_count; i++) {
        char text[SHOW_VALUE_SIZE];
        if (!is_hidden(answer->columns, answer->column_count, answer->columns[i])) {
            const char *value = shown(cli, answer->columns, cells, answer->column_count, i, text);
            MUST(scols_line_set_data(line, at++, value) == 0);
        }
    }
}

static void show_rows(const struct cli *cli, const struct answer *answer)
{
    struct libscols_table *table = scols_new_table();
    MUST(table != NULL);
    for (size_t i = 0; i < answer->column_count; i++) {
        const char *id = answer->columns[i];
        int flags = word_column_kind(id) == COLUMN_NUMBER ? SCOLS_FL_RIGHT : 0;
        if (!is_hidden(answer->columns, answer->column_count, id)) {
            MUST(scols_table_new_column(table, word_title(id, cli->lang), 0, flags) != NULL);
        }
    }
    for (size_t row = 0; row < answer->row_count; row++) {
        add_row(cli, answer, row, table);
    }
    print_table(cli, table);
    scols_unref_table(table);
}

void show_table(const struct cli *cli, const struct answer *answer)
{
    static const struct bilingual none = {
        {"none", "无"}
    };
    static const struct bilingual done = {
        {"done", "完成"}
    };
    if (answer->note_count > 0) {
        show_notes(cli, answer);
    }
    if (answer->note_count > 0 && answer->row_count > 0) {
        (void)fputc('\n', cli->out);
    }
    if (answer->row_count > 0) {
        show_rows(cli, answer);
    } else if (answer->note_count == 0) {
        (void)fprintf(cli->out, "%s\n",
                      answer->column_count > 0 ? none.text[cli->lang] : done.text[cli->lang]);
    }
}

/* Columns on the screen; smartcols is not used here, since its widths change from batch to batch.
 */
static int width_of(const char *text)
{
    int width = 0;
    mbstate_t state = {0};
    while (*text != '\0') {
        wchar_t wide = 0;
        size_t length = mbrtowc(&wide, text, strlen(text), &state);
        if (length == 0 || length > 4) {
            break;
        }
        int one = wcwidth(wide);
        width += one > 0 ? one : 0;
        text += length;
    }
    return width;
}

static void put_padded(FILE *out, const char *text, int width, bool last)
{
    for (const char *p = text; *p != '\0'; p++) {
        (void)fputc((unsigned char)*p < ' ' || *p == 0x7f ? '?' : *p, out);
    }
    for (int i = width_of(text); !last && i < width + 1; i++) {
        (void)fputc(' ', out);
    }
}

static int line_width(const char *id)
{
    static const struct {
        const char *id;
        int width;
    } widths[] = {
        {"seq",     7 },
        {"time_us", 19},
        {"kind",    12},
        {"gate",    10},
        {"lane",    14},
        {"tenant",  14},
        {"who",     32},
        {"verdict", 7 },
        {"reason",  20}
    };
    for (size_t i = 0; i < ARRAY_LEN(widths); i++) {
        if (strcmp(widths[i].id, id) == 0) {
            return widths[i].width;
        }
    }
    return 12;
}

/* The last column that is shown. */
static size_t last_visible(const struct answer *answer)
{
    size_t last = 0;
    for (size_t i = 0; i < answer->column_count; i++) {
        last = is_hidden(answer->columns, answer->column_count, answer->columns[i]) ? last : i;
    }
    return last;
}

/* One line: the titles when `cells` is NULL. */
static void put_line(const struct cli *cli, const struct answer *answer, char *const *cells)
{
    size_t last = last_visible(answer);
    for (size_t i = 0; i < answer->column_count; i++) {
        char text[SHOW_VALUE_SIZE];
        const char *id = answer->columns[i];
        if (!is_hidden(answer->columns, answer->column_count, id)) {
            const char *value =
                cells == NULL ? word_title(id, cli->lang)
                              : shown(cli, answer->columns, cells, answer->column_count, i, text);
            put_padded(cli->out, value, line_width(id), i == last);
        }
    }
    (void)fputc('\n', cli->out);
}

void show_lines(const struct cli *cli, const struct answer *answer, bool with_head)
{
    if (with_head) {
        put_line(cli, answer, NULL);
    }
    for (size_t row = 0; row < answer->row_count; row++) {
        put_line(cli, answer, answer->cells + row * answer->column_count);
    }
    (void)fflush(cli->out);
}

/* --- JSON --- */

/* A text that is not UTF-8 cannot stand in JSON. */
static json_t *json_text(const char *text)
{
    json_t *value = json_string(text);
    return value != NULL ? value : json_string("?");
}

static void put_json(const struct cli *cli, json_t *object, const char *id, const char *value)
{
    enum column_kind kind = word_column_kind(id);
    int64_t number = 0;
    bool is_number = (kind == COLUMN_NUMBER || kind == COLUMN_TIME) && read_number(value, &number);
    json_t *item = is_number ? json_integer(number) : json_text(value);
    MUST(json_object_set_new(object, id, item) == 0);
    size_t size = strlen(id);
    if (kind != COLUMN_TIME || !is_number || number == 0 || size <= 3 || size > 60) {
        return;
    }
    char stamp[CIVIL_STAMP_SIZE];
    char name[64];
    civil_stamp_format(cli->zone, (struct wall){number}, stamp);
    (void)snprintf(name, sizeof(name), "%.*s", (int)size - 3, id);
    MUST(json_object_set_new(object, name, json_string(stamp)) == 0);
}

static json_t *json_row(const struct cli *cli, const struct answer *answer, size_t row)
{
    json_t *object = json_object();
    MUST(object != NULL);
    for (size_t i = 0; i < answer->column_count; i++) {
        put_json(cli, object, answer->columns[i], answer->cells[row * answer->column_count + i]);
    }
    return object;
}

void show_json(const struct cli *cli, const struct answer *answer)
{
    json_t *notes = json_object();
    json_t *rows = json_array();
    MUST(notes != NULL && rows != NULL);
    for (size_t i = 0; i < answer->note_count; i++) {
        put_json(cli, notes, answer->note_names[i], answer->note_values[i]);
    }
    for (size_t row = 0; row < answer->row_count; row++) {
        MUST(json_array_append_new(rows, json_row(cli, answer, row)) == 0);
    }
    json_t *whole = json_pack("{s:o,s:o}", "notes", notes, "rows", rows);
    MUST(whole != NULL);
    (void)json_dumpf(whole, cli->out, JSON_INDENT(2));
    (void)fputc('\n', cli->out);
    json_decref(whole);
}

void show_json_lines(const struct cli *cli, const struct answer *answer)
{
    for (size_t row = 0; row < answer->row_count; row++) {
        json_t *object = json_row(cli, answer, row);
        (void)json_dumpf(object, cli->out, JSON_COMPACT);
        (void)fputc('\n', cli->out);
        json_decref(object);
    }
    (void)fflush(cli->out);
}

/* --- CSV --- */

void show_csv_field(FILE *out, const char *value)
{
    int64_t number = 0;
    bool formula = value[0] != '\0' && strchr("=+-@\t\r", value[0]) != NULL &&
                   !(value[0] == '-' && read_number(value, &number));
    if (!formula && strpbrk(value, ",\"\r\n") == NULL) {
        (void)fputs(value, out);
        return;
    }
    (void)fputs(formula ? "\"'" : "\"", out);
    for (const char *p = value; *p != '\0'; p++) {
        (void)fputs(*p == '"' ? "\"" : "", out);
        (void)fputc(*p, out);
    }
    (void)fputc('"', out);
}

/* Rows where there are some; else the notes, a column each. */
void show_csv(const struct cli *cli, const struct answer *answer)
{
    bool notes = answer->column_count == 0;
    size_t columns = notes ? answer->note_count : answer->column_count;
    size_t rows = notes ? (answer->note_count > 0) : answer->row_count;
    for (size_t i = 0; i < columns; i++) {
        (void)fputs(i == 0 ? "" : ",", cli->out);
        show_csv_field(cli->out, notes ? answer->note_names[i] : answer->columns[i]);
    }
    (void)fputs(columns > 0 ? "\r\n" : "", cli->out);
    for (size_t i = 0; i < rows * columns; i++) {
        char text[SHOW_VALUE_SIZE];
        const char *id = notes ? answer->note_names[i] : answer->columns[i % columns];
        const char *value = notes ? answer->note_values[i] : answer->cells[i];
        bool time = word_column_kind(id) == COLUMN_TIME;
        show_csv_field(cli->out, time ? show_value(cli, id, value, text) : value);
        (void)fputs((i + 1) % columns == 0 ? "\r\n" : ",", cli->out);
    }
}

#include "admin-cli/roster_row.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin-cli/roster_cell.h"
#include "common/access/idnumber.h"
#include "common/access/plate.h"
#include "common/base/must.h"
#include "schema/limits.h"
#include "schema/operator.pb-c.h"

/* --- cells --- */

void roster_row_take(struct roster_row *row, const char *text, size_t size)
{
    size_t index = row->cell_count++;
    if (index >= ROSTER_COLUMNS_MAX) {
        return;
    }
    row->too_long[index] = !cell_trim(text, size, row->cells[index], ROSTER_CELL_SIZE);
    bool has = row->cells[index][0] != '\0' || row->too_long[index];
    row->filled = row->filled || has;
    if (has && row->column_count > 0 && index >= row->column_count && row->surplus == 0) {
        row->surplus = index + 1;
    }
}

bool roster_row_is_empty(const struct roster_row *row)
{
    return !row->filled;
}

void roster_row_clear(struct roster_row *row)
{
    size_t used = row->cell_count < ROSTER_COLUMNS_MAX ? row->cell_count : ROSTER_COLUMNS_MAX;
    for (size_t i = 0; i < used; i++) {
        row->cells[i][0] = '\0';
        row->too_long[i] = false;
    }
    row->cell_count = 0;
    row->surplus = 0;
    row->filled = false;
}

/* --- the header --- */

bool roster_row_take_header(struct roster_row *row, enum roster_column *ret_twice,
                            size_t *ret_first, size_t *ret_second)
{
    size_t count = row->cell_count < ROSTER_COLUMNS_MAX ? row->cell_count : ROSTER_COLUMNS_MAX;
    for (size_t i = 0; i < count; i++) {
        size_t size = strnlen(row->cells[i], ROSTER_HEADING_SIZE - 1);
        while (size > 0 && size == ROSTER_HEADING_SIZE - 1 &&
               (row->cells[i][size] & 0xc0) == 0x80) {
            size--;
        }
        memcpy(row->headings[i], row->cells[i], size);
        row->headings[i][size] = '\0';
        for (char *p = row->headings[i]; *p != '\0'; p++) {
            *p = (unsigned char)*p < ' ' ? ' ' : *p;
        }
        enum roster_column column = roster_column_of(row->cells[i]);
        row->columns[i] = column;
        if (column >= COLUMN_KNOWN_UNUSED) {
            continue;
        }
        if (row->has_column[column]) {
            *ret_twice = column;
            *ret_first = row->index_of[column];
            *ret_second = i;
            return false;
        }
        row->has_column[column] = true;
        row->index_of[column] = i;
    }
    row->column_count = count;
    return true;
}

static bool company_is_tenant(const struct roster_row *row)
{
    return row->has_column[COLUMN_COMPANY] && !row->has_column[COLUMN_TENANT] &&
           row->options->tenant == NULL;
}

enum roster_column roster_row_missing_column(const struct roster_row *row)
{
    const bool *has = row->has_column;
    if (!has[COLUMN_TENANT] && row->options->tenant == NULL && !company_is_tenant(row)) {
        return COLUMN_TENANT;
    }
    if (row->options->kind == ROSTER_VEHICLES) {
        return has[COLUMN_PLATE] ? COLUMN_UNKNOWN : COLUMN_PLATE;
    }
    if (!has[COLUMN_NAME]) {
        return COLUMN_NAME;
    }
    if (!has[COLUMN_ID] && !has[COLUMN_EXTERNAL]) {
        return COLUMN_ID;
    }
    bool dated = has[COLUMN_DATE] || has[COLUMN_FROM] || has[COLUMN_TO];
    if (dated && !has[COLUMN_SHIFT] && row->options->shift == NULL) {
        return COLUMN_SHIFT;
    }
    return COLUMN_UNKNOWN;
}

/* --- one row in work --- */

struct work {
    struct roster_row *row;
    struct roster *roster;
    unsigned line;
    size_t problems; /* of this row */
};

/* The pattern with its `%1` replaced by `value`, cut at a character's end. */
static void substitute(const char *pattern, const char *value, char *out, size_t size)
{
    struct complaint c = {0};
    const char *at = strstr(pattern, "%1");
    if (at == NULL) {
        (void)snprintf(out, size, "%s", pattern);
        return;
    }
    (void)complain(&c, ERROR_NONE, value, NULL, NULL, NULL); /* cuts at a character's end */
    if (strlen(c.arg[0]) > 60) {
        size_t cut = 60;
        while (cut > 0 && (c.arg[0][cut] & 0xc0) == 0x80) {
            cut--;
        }
        c.arg[0][cut] = '\0';
    }
    (void)snprintf(out, size, "%.*s%s%s", (int)(at - pattern), pattern, c.arg[0], at + 2);
}

static void report(struct work *work, const char *heading, struct bilingual sentence,
                   const char *value)
{
    struct roster *roster = work->roster;
    work->problems++;
    if (roster->problem_count++ >= ROSTER_PROBLEMS_SHOWN) {
        return;
    }
    if (roster->problems == NULL) {
        roster->problems = calloc(ROSTER_PROBLEMS_SHOWN, sizeof(roster->problems[0]));
        MUST(roster->problems != NULL);
    }
    struct roster_problem *problem = &roster->problems[roster->problem_count - 1];
    problem->line = work->line;
    (void)snprintf(problem->column, sizeof(problem->column), "%s", heading);
    for (int lang = 0; lang < LANG_COUNT; lang++) {
        substitute(sentence.text[lang], value, problem->sentence[lang], ROSTER_SENTENCE_SIZE);
    }
}

static void report_column(struct work *work, enum roster_column column, struct bilingual sentence,
                          const char *value)
{
    report(work, work->row->headings[work->row->index_of[column]], sentence, value);
}

/* The cell of a column; empty when the file has none. */
static const char *cell_of(const struct work *work, enum roster_column column)
{
    return work->row->has_column[column] ? work->row->cells[work->row->index_of[column]] : "";
}

static void judge(struct work *work, enum roster_column column, struct bilingual problem)
{
    if (problem.text[0] != NULL) {
        report_column(work, column, problem, cell_of(work, column));
    }
}

static void once_in_file(struct work *work, enum roster_column column, const char *scope,
                         const char *value)
{
    static const struct bilingual twice = {
        {"the same value stands in line %1 already; keep one row", "与第 %1 行相同；请只保留一行"}
    };
    char key[2 * ROSTER_CELL_SIZE + 8];
    char line[24];
    (void)snprintf(key, sizeof(key), "%d/%s/%s", (int)column, scope, value);
    unsigned before = seen_before(&work->row->seen, key, work->line);
    if (before != 0) {
        report_column(work, column, twice, cli_number(line, before));
    }
}

static const struct bilingual empty_cell = {
    {"the cell is empty; fill it in", "单元格为空；请填写"}
};

/* --- what a row holds --- */

struct fields {
    char tenant[64], name[LIMIT_TEXT_BYTES], id[IDNUMBER_TEXT_SIZE], phone[32], badge[24],
        shift[64], agency[LIMIT_TEXT_BYTES], plate[PLATE_TEXT_SIZE], external[65];
    const char *kind;
    int32_t from, to;
};

static void read_tenant(struct work *work, struct fields *f)
{
    const struct roster_options *options = work->row->options;
    enum roster_column column = company_is_tenant(work->row) ? COLUMN_COMPANY : COLUMN_TENANT;
    const char *cell = cell_of(work, column);
    if (cell[0] != '\0') {
        judge(work, column, cell_read_tenant(cell, f->tenant, sizeof(f->tenant)));
    } else if (options->tenant != NULL) {
        (void)snprintf(f->tenant, sizeof(f->tenant), "%s", options->tenant);
    } else {
        report_column(work, column, empty_cell, "");
    }
    if (work->row->has_column[COLUMN_AGENCY]) {
        judge(work, COLUMN_AGENCY,
              cell_read_text(cell_of(work, COLUMN_AGENCY), f->agency, sizeof(f->agency)));
    } else if (column != COLUMN_COMPANY && work->row->has_column[COLUMN_COMPANY]) {
        judge(work, COLUMN_COMPANY,
              cell_read_text(cell_of(work, COLUMN_COMPANY), f->agency, sizeof(f->agency)));
    }
}

static void read_person(struct work *work, struct fields *f)
{
    const char *name = cell_of(work, COLUMN_NAME);
    if (name[0] == '\0') {
        report_column(work, COLUMN_NAME, empty_cell, "");
    } else {
        judge(work, COLUMN_NAME, cell_read_text(name, f->name, sizeof(f->name)));
    }
    f->kind = work->row->options->person_kind == NULL ? "day" : work->row->options->person_kind;
    const char *kind = cell_of(work, COLUMN_KIND);
    if (kind[0] != '\0') {
        judge(work, COLUMN_KIND, cell_read_person_kind(kind, &f->kind));
    }
    const char *phone = cell_of(work, COLUMN_PHONE);
    if (phone[0] != '\0') {
        judge(work, COLUMN_PHONE, cell_read_phone(phone, f->phone, sizeof(f->phone)));
    }
}

static void read_identity(struct work *work, struct fields *f)
{
    const char *external = cell_of(work, COLUMN_EXTERNAL);
    const char *id = cell_of(work, COLUMN_ID);
    if (external[0] != '\0') {
        judge(work, COLUMN_EXTERNAL, cell_read_text(external, f->external, sizeof(f->external)));
        once_in_file(work, COLUMN_EXTERNAL, f->tenant, f->external);
    }
    if (id[0] != '\0') {
        struct bilingual problem = cell_read_id(id, strlen(id), f->id, sizeof(f->id));
        judge(work, COLUMN_ID, problem);
        if (problem.text[0] == NULL) {
            once_in_file(work, COLUMN_ID, "", f->id);
        }
    } else if (external[0] == '\0') {
        enum roster_column column = work->row->has_column[COLUMN_ID] ? COLUMN_ID : COLUMN_EXTERNAL;
        report_column(work, column, empty_cell, "");
    }
}

static void read_badge(struct work *work, struct fields *f)
{
    const char *badge = cell_of(work, COLUMN_BADGE);
    if (badge[0] == '\0') {
        return;
    }
    struct bilingual problem = cell_read_badge(badge, f->badge, sizeof(f->badge));
    judge(work, COLUMN_BADGE, problem);
    if (problem.text[0] == NULL) {
        once_in_file(work, COLUMN_BADGE, "", f->badge);
    }
}

static bool read_day(struct work *work, enum roster_column column, int32_t *day)
{
    const char *cell = cell_of(work, column);
    if (cell[0] == '\0') {
        return false;
    }
    judge(work, column, cell_read_date(cell, day));
    return true;
}

/* Which column to name when a day is missing. */
static enum roster_column day_column(const struct work *work)
{
    const bool *has = work->row->has_column;
    return has[COLUMN_DATE] ? COLUMN_DATE : has[COLUMN_FROM] ? COLUMN_FROM : COLUMN_TO;
}

static void read_days(struct work *work, struct fields *f)
{
    static const struct bilingual backwards = {
        {"the last day is before the first", "结束日期早于开始日期"}
    };
    size_t before = work->problems;
    if (read_day(work, COLUMN_DATE, &f->from)) {
        f->to = f->from;
    }
    (void)read_day(work, COLUMN_FROM, &f->from);
    if (!read_day(work, COLUMN_TO, &f->to) && f->to == 0 &&
        work->row->options->kind == ROSTER_PERSONS) {
        f->to = f->from;
    }
    if (work->problems == before && f->from != 0 && f->to != 0 && f->to < f->from) {
        report_column(work, work->row->has_column[COLUMN_TO] ? COLUMN_TO : COLUMN_FROM, backwards,
                      "");
    }
}

static void read_shift(struct work *work, struct fields *f)
{
    static const struct bilingual dateless = {
        {"a shift needs a date; fill it in", "有班次就必须有日期；请填写"}
    };
    static const struct bilingual shiftless = {
        {"a date needs a shift; fill it in", "有日期就必须有班次；请填写"}
    };
    const char *cell = cell_of(work, COLUMN_SHIFT);
    size_t before = work->problems;
    read_days(work, f);
    if (cell[0] != '\0') {
        judge(work, COLUMN_SHIFT, cell_read_shift(cell, f->shift, sizeof(f->shift)));
    } else if (work->row->options->shift != NULL && f->from != 0) {
        (void)snprintf(f->shift, sizeof(f->shift), "%s", work->row->options->shift);
    }
    if (work->problems != before) {
        return;
    }
    bool has_date_column = work->row->has_column[COLUMN_DATE] ||
                           work->row->has_column[COLUMN_FROM] || work->row->has_column[COLUMN_TO];
    if (f->shift[0] != '\0' && f->from == 0) {
        report_column(work, has_date_column ? day_column(work) : COLUMN_SHIFT, dateless, "");
    } else if (f->shift[0] == '\0' && f->from != 0) {
        report_column(work, COLUMN_SHIFT, shiftless, "");
    }
}

static void read_plate(struct work *work, struct fields *f)
{
    const char *cell = cell_of(work, COLUMN_PLATE);
    if (cell[0] == '\0') {
        report_column(work, COLUMN_PLATE, empty_cell, "");
        return;
    }
    struct bilingual problem = cell_read_plate(cell, f->plate, sizeof(f->plate));
    judge(work, COLUMN_PLATE, problem);
    if (problem.text[0] == NULL) {
        once_in_file(work, COLUMN_PLATE, "", f->plate);
    }
}

static void check_shape(struct work *work)
{
    static const struct bilingual surplus = {
        {"the row has more cells than the header; put a text with a comma in quotation marks",
         "该行单元格多于表头；含逗号的文字请加引号"}
    };
    static const struct bilingual too_long = {
        {"the text is too long", "文字过长"}
    };
    if (work->row->surplus != 0) {
        char column[24];
        report(work, cli_number(column, work->row->surplus), surplus, "");
    }
    for (size_t i = 0; i < work->row->column_count; i++) {
        if (work->row->too_long[i] && work->row->columns[i] < COLUMN_KNOWN_UNUSED) {
            report(work, work->row->headings[i], too_long, "");
        }
    }
}

static void pack(struct work *work, struct fields *f)
{
    Parkgate__RosterRow row = PARKGATE__ROSTER_ROW__INIT;
    row.line = work->line;
    row.tenant = f->tenant;
    row.kind = (char *)(uintptr_t)(f->kind == NULL ? "" : f->kind);
    row.person_name = f->name;
    row.id_number = f->id;
    row.phone = f->phone;
    row.badge = f->badge;
    row.shift = f->shift;
    row.from_date = f->from;
    row.to_date = f->to;
    row.agency = f->agency;
    row.plate = f->plate;
    row.external = f->external;
    rows_add(&work->roster->rows, &row.base);
}

void roster_row_finish(struct roster_row *row, unsigned line, struct roster *roster)
{
    struct work work = {.row = row, .roster = roster, .line = line};
    struct fields fields = {0};
    check_shape(&work);
    if (work.problems == 0) {
        read_tenant(&work, &fields);
        if (row->options->kind == ROSTER_PERSONS) {
            read_person(&work, &fields);
            read_identity(&work, &fields);
            read_badge(&work, &fields);
            read_shift(&work, &fields);
        } else {
            read_plate(&work, &fields);
            read_days(&work, &fields);
        }
    }
    if (work.problems == 0) {
        pack(&work, &fields);
    }
}

void roster_row_destroy(struct roster_row *row)
{
    seen_destroy(&row->seen);
}

#include "admin-cli/answer.h"

#include <stdlib.h>
#include <string.h>

#include "admin-cli/show.h"
#include "common/base/must.h"

static char *copy_of(ProtobufCBinaryData data)
{
    size_t size = data.data == NULL ? 0 : strnlen((const char *)data.data, data.len);
    char *copy = malloc(size + 1);
    MUST(copy != NULL);
    if (size > 0) {
        memcpy(copy, data.data, size);
    }
    copy[size] = '\0';
    return copy;
}

static bool bad(struct complaint *c, const char *what)
{
    return complain(c, ERROR_REPLY_BAD, what, NULL, NULL, NULL);
}

static bool take_columns(struct answer *answer, const Parkgate__Reply *reply, struct complaint *c)
{
    if (reply->n_column == 0) {
        return reply->n_cell == 0 || bad(c, "cells without columns");
    }
    if (reply->n_column > ANSWER_COLUMNS_MAX || reply->n_cell % reply->n_column != 0) {
        return bad(c, "columns and cells do not fit");
    }
    if (answer->column_count == 0) {
        for (size_t i = 0; i < reply->n_column; i++) {
            answer->columns[i] = strdup(reply->column[i]);
            MUST(answer->columns[i] != NULL);
        }
        answer->column_count = reply->n_column;
    }
    for (size_t i = 0; i < reply->n_column; i++) {
        if (answer->column_count != reply->n_column ||
            strcmp(answer->columns[i], reply->column[i]) != 0) {
            return bad(c, "the columns change from page to page");
        }
    }
    return true;
}

static void take_note(struct answer *answer, const char *name, char *value)
{
    answer_drop_note(answer, name);
    if (answer->note_count == ANSWER_NOTES_MAX) {
        free(value);
        return;
    }
    answer->note_names[answer->note_count] = strdup(name);
    MUST(answer->note_names[answer->note_count] != NULL);
    answer->note_values[answer->note_count++] = value;
}

bool answer_take(struct answer *answer, const Parkgate__Reply *reply, struct complaint *c)
{
    if (!take_columns(answer, reply, c)) {
        return false;
    }
    if (reply->n_note != reply->n_note_value) {
        return bad(c, "notes and values do not fit");
    }
    size_t rows = reply->n_column == 0 ? 0 : reply->n_cell / reply->n_column;
    if (answer->row_count + rows > ANSWER_ROWS_MAX) {
        return bad(c, "too many rows; narrow the selection");
    }
    size_t have = answer->row_count * answer->column_count;
    if (have + reply->n_cell > answer->cells_capacity) {
        answer->cells_capacity = (have + reply->n_cell) * 2;
        answer->cells =
            reallocarray(answer->cells, answer->cells_capacity, sizeof(answer->cells[0]));
        MUST(answer->cells != NULL);
    }
    for (size_t i = 0; i < reply->n_cell; i++) {
        answer->cells[have + i] = copy_of(reply->cell[i]);
    }
    answer->row_count += rows;
    for (size_t i = 0; i < reply->n_note; i++) {
        take_note(answer, reply->note[i], copy_of(reply->note_value[i]));
    }
    return true;
}

void answer_add_note(struct answer *answer, const char *name, const char *value)
{
    char *copy = strdup(value);
    MUST(copy != NULL);
    take_note(answer, name, copy);
}

const char *answer_note(const struct answer *answer, const char *name)
{
    for (size_t i = 0; i < answer->note_count; i++) {
        if (strcmp(answer->note_names[i], name) == 0) {
            return answer->note_values[i];
        }
    }
    return NULL;
}

void answer_drop_note(struct answer *answer, const char *name)
{
    for (size_t i = 0; i < answer->note_count; i++) {
        if (strcmp(answer->note_names[i], name) != 0) {
            continue;
        }
        free(answer->note_names[i]);
        free(answer->note_values[i]);
        answer->note_count--;
        for (size_t j = i; j < answer->note_count; j++) {
            answer->note_names[j] = answer->note_names[j + 1];
            answer->note_values[j] = answer->note_values[j + 1];
        }
        return;
    }
}

void answer_print(const struct cli *cli, const struct answer *answer)
{
    static void (*const prints[])(const struct cli *, const struct answer *) = {
        [FORMAT_TABLE] = show_table, [FORMAT_JSON] = show_json, [FORMAT_CSV] = show_csv};
    prints[cli->format](cli, answer);
    (void)fflush(cli->out);
}

void answer_destroy(struct answer *answer)
{
    for (size_t i = 0; i < answer->column_count; i++) {
        free(answer->columns[i]);
    }
    for (size_t i = 0; i < answer->row_count * answer->column_count; i++) {
        free(answer->cells[i]);
    }
    for (size_t i = 0; i < answer->note_count; i++) {
        free(answer->note_names[i]);
        free(answer->note_values[i]);
    }
    free(answer->cells);
    *answer = (struct answer){0};
}

#include "controller/app/answer.h"

#include <stdio.h>
#include <string.h>

#include "common/base/must.h"

/* Tag and length of one bytes field, at the most. */
enum { FIELD_OVERHEAD = 4, WIRE_MAX = LIMIT_FRAME_BYTES - 4096 };

void answer_reset(struct answer *a)
{
    a->used = a->wire = 0;
    a->cell_count = a->column_count = a->note_count = 0;
    a->row_open = a->row_lost = a->more = false;
    a->cursor_size = 0;
    a->complaint = (struct complaint){0};
}

/* Copies with a final NUL. NULL: no room. */
static uint8_t *keep(struct answer *a, struct bytes value)
{
    if (value.size + 1 > ANSWER_ARENA_SIZE - a->used ||
        a->wire + value.size + FIELD_OVERHEAD > WIRE_MAX) {
        return NULL;
    }
    uint8_t *at = a->arena + a->used;
    if (value.size > 0) {
        memcpy(at, value.data, value.size);
    }
    at[value.size] = '\0';
    a->used += value.size + 1;
    a->wire += value.size + FIELD_OVERHEAD;
    return at;
}

void answer_columns(struct answer *a, const char *names)
{
    MUST(a->column_count == 0 && a->cell_count == 0);
    for (const char *at = names; *at != '\0';) {
        size_t size = strcspn(at, ",");
        MUST(a->column_count < ANSWER_COLUMNS_MAX);
        uint8_t *kept = keep(a, (struct bytes){.data = (const uint8_t *)at, .size = size});
        MUST(kept != NULL);
        a->columns[a->column_count++] = (char *)kept;
        at += size + (at[size] == ',' ? 1 : 0);
    }
}

void answer_begin_row(struct answer *a)
{
    MUST(!a->row_open);
    a->row_open = true;
    a->row_lost = false;
    a->row_cells = a->cell_count;
    a->row_used = a->used;
    a->row_wire = a->wire;
}

void answer_bytes(struct answer *a, struct bytes value)
{
    MUST(a->row_open);
    uint8_t *kept = a->cell_count < LIMIT_CELLS_PER_REPLY ? keep(a, value) : NULL;
    if (kept == NULL) {
        a->row_lost = true;
        return;
    }
    a->cells[a->cell_count++] = (ProtobufCBinaryData){.data = kept, .len = value.size};
}

void answer_text(struct answer *a, const char *value)
{
    answer_bytes(a, bytes_of_text(value));
}

void answer_number(struct answer *a, int64_t value)
{
    char text[24];
    (void)snprintf(text, sizeof(text), "%lld", (long long)value);
    answer_text(a, text);
}

void answer_wall(struct answer *a, struct wall value)
{
    if (value.us == 0) {
        answer_text(a, "");
    } else {
        answer_number(a, value.us);
    }
}

void answer_handle(struct answer *a, struct handle value)
{
    char text[HANDLE_TEXT_SIZE] = "";
    if (!handle_is_none(value)) {
        handle_to_text(value, text);
    }
    answer_text(a, text);
}

bool answer_end_row(struct answer *a)
{
    MUST(a->row_open);
    a->row_open = false;
    if (a->row_lost) {
        a->cell_count = a->row_cells;
        a->used = a->row_used;
        a->wire = a->row_wire;
        return false;
    }
    MUST(a->cell_count - a->row_cells == a->column_count);
    return true;
}

struct answer_mark answer_mark_of(const struct answer *a)
{
    MUST(!a->row_open);
    return (struct answer_mark){.used = a->used, .wire = a->wire, .cell_count = a->cell_count};
}

void answer_take_back(struct answer *a, const struct answer_mark *to)
{
    MUST(!a->row_open && to->used <= a->used && to->cell_count <= a->cell_count);
    a->used = to->used;
    a->wire = to->wire;
    a->cell_count = to->cell_count;
}

void answer_note(struct answer *a, const char *name, const char *value)
{
    MUST(a->note_count < ANSWER_NOTES_MAX && !a->row_open);
    uint8_t *kept_name = keep(a, bytes_of_text(name));
    uint8_t *kept_value = kept_name == NULL ? NULL : keep(a, bytes_of_text(value));
    if (kept_value == NULL) {
        return; /* a full reply: notes come before rows where they matter */
    }
    a->note_names[a->note_count] = (char *)kept_name;
    a->note_values[a->note_count++] =
        (ProtobufCBinaryData){.data = kept_value, .len = strlen(value)};
}

void answer_note_number(struct answer *a, const char *name, int64_t value)
{
    char text[24];
    (void)snprintf(text, sizeof(text), "%lld", (long long)value);
    answer_note(a, name, text);
}

void answer_note_handle(struct answer *a, const char *name, struct handle value)
{
    char text[HANDLE_TEXT_SIZE];
    handle_to_text(value, text);
    answer_note(a, name, text);
}

void answer_more(struct answer *a, struct bytes cursor)
{
    MUST(cursor.size <= ANSWER_CURSOR_MAX);
    a->more = true;
    bytes_to_hex(cursor, a->cursor, sizeof(a->cursor));
    a->cursor_size = 2 * cursor.size;
}

void answer_message(struct answer *a, Parkgate__Reply *ret_reply)
{
    parkgate__reply__init(ret_reply);
    ret_reply->error = a->complaint.number;
    if (a->complaint.number != 0) {
        for (size_t i = 0; i < ERROR_ARGS; i++) {
            a->error_args[i] = a->complaint.arg[i];
        }
        ret_reply->n_error_arg = ERROR_ARGS;
        ret_reply->error_arg = a->error_args;
        return;
    }
    ret_reply->n_column = a->column_count;
    ret_reply->column = a->columns;
    ret_reply->n_cell = a->cell_count;
    ret_reply->cell = a->cells;
    ret_reply->more = a->more;
    ret_reply->cursor = (ProtobufCBinaryData){.data = (uint8_t *)a->cursor, .len = a->cursor_size};
    ret_reply->n_note = ret_reply->n_note_value = a->note_count;
    ret_reply->note = a->note_names;
    ret_reply->note_value = a->note_values;
}

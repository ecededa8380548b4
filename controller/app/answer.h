/* answer: the rows, notes and cursor of one reply, collected in one arena.
 *
 * A row is begun, filled cell by cell and ended; a row that no longer fits is taken back whole and
 * answer_end_row() says so: then set the cursor with answer_more() and stop. Everything is copied.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "schema/errors.h"
#include "schema/limits.h"
#include "schema/operator.pb-c.h"

enum {
    ANSWER_COLUMNS_MAX = 24,
    ANSWER_NOTES_MAX = 48,
    ANSWER_ARENA_SIZE = 60 * 1024,
    ANSWER_CURSOR_MAX = 256,
};

struct answer {
    size_t used; /* of the arena */
    size_t wire; /* bytes that the packed reply will take, about */
    size_t cell_count, column_count, note_count;
    size_t row_cells, row_used, row_wire; /* where the open row began */
    bool row_open, row_lost;
    bool more;
    char cursor[2 * ANSWER_CURSOR_MAX + 1]; /* hex: it comes back as the argument `after` */
    size_t cursor_size;
    struct complaint complaint; /* number 0: done */
    ProtobufCBinaryData cells[LIMIT_CELLS_PER_REPLY];
    char *columns[ANSWER_COLUMNS_MAX];
    char *note_names[ANSWER_NOTES_MAX];
    ProtobufCBinaryData note_values[ANSWER_NOTES_MAX];
    char *error_args[ERROR_ARGS];
    uint8_t arena[ANSWER_ARENA_SIZE];
};

void answer_reset(struct answer *a);

/* Stable column ids, comma-separated. Call once, before rows. */
void answer_columns(struct answer *a, const char *names);

void answer_begin_row(struct answer *a);
void answer_text(struct answer *a, const char *value);
void answer_bytes(struct answer *a, struct bytes value);
void answer_number(struct answer *a, int64_t value);
/* Microseconds since 1970; an empty cell for 0. For columns that end in _us. */
void answer_wall(struct answer *a, struct wall value);
/* As hex; an empty cell for none. */
void answer_handle(struct answer *a, struct handle value);
/* False: the row did not fit and is gone. */
bool answer_end_row(struct answer *a);

/* Where an answer stood, to take back all rows since. No row may be open. */
struct answer_mark {
    size_t used, wire, cell_count;
};
struct answer_mark answer_mark_of(const struct answer *a);
void answer_take_back(struct answer *a, const struct answer_mark *to);

/* Single facts beside the rows. Over ANSWER_NOTES_MAX is our bug: aborts. */
void answer_note(struct answer *a, const char *name, const char *value);
void answer_note_number(struct answer *a, const char *name, int64_t value);
void answer_note_handle(struct answer *a, const char *name, struct handle value);

/* There are more rows: ask again with `after` set to this (it travels as hex text). At most
 * ANSWER_CURSOR_MAX bytes. */
void answer_more(struct answer *a, struct bytes cursor);

/* The reply as a message; borrows everything from `a`. */
void answer_message(struct answer *a, Parkgate__Reply *ret_reply);

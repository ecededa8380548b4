#include "common/base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/must.h"

/* Text that stops growing when it is full. */
struct sheet {
    char *out;
    size_t capacity; /* without the room kept for cut mark, newline and NUL */
    size_t size;
    bool cut;
};

static const char cut_mark[] = "...";

static void put(struct sheet *sheet, const char *text, size_t size)
{
    if (sheet->cut || size > sheet->capacity - sheet->size) {
        sheet->cut = true;
        return;
    }
    memcpy(sheet->out + sheet->size, text, size);
    sheet->size += size;
}

__attribute__((format(printf, 2, 3))) static void put_format(struct sheet *sheet, const char *fmt,
                                                             ...)
{
    char text[32];
    va_list args;
    va_start(args, fmt);
    int size = vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    MUST(size >= 0 && (size_t)size < sizeof(text));
    put(sheet, text, (size_t)size);
}

/* Plain: stands in a line without quotes. Bytes of UTF-8 are plain. */
static bool is_plain(unsigned char c)
{
    return c > ' ' && c != '"' && c != '=' && c != '\\' && c != 0x7f;
}

static bool needs_quotes(const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if (!is_plain((unsigned char)*c)) {
            return true;
        }
    }
    return *text == '\0';
}

/* Bytes of the character at `text`: 1, or all bytes of a UTF-8 sequence, so that a cut never splits
 * one. */
static size_t character_size(const char *text)
{
    size_t size = 1;
    while (size < 4 && ((unsigned char)text[0] & 0xc0) == 0xc0 &&
           ((unsigned char)text[size] & 0xc0) == 0x80) {
        size++;
    }
    return size;
}

static void put_escaped(struct sheet *sheet, const char *text)
{
    for (size_t size = 0; *text != '\0' && !sheet->cut; text += size) {
        size = character_size(text);
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') {
            put_format(sheet, "\\%c", c);
        } else if (c == '\n') {
            put(sheet, "\\n", 2);
        } else if (c < ' ' || c == 0x7f) {
            put_format(sheet, "\\x%02x", c);
        } else {
            put(sheet, text, size);
        }
    }
}

static void put_text(struct sheet *sheet, const char *text)
{
    bool quoted = needs_quotes(text);
    put(sheet, "\"", quoted);
    put_escaped(sheet, text);
    put(sheet, "\"", quoted);
}

static void put_field(struct sheet *sheet, const struct log_field *field)
{
    put(sheet, " ", 1);
    put(sheet, field->key, strlen(field->key));
    put(sheet, "=", 1);
    if (field->kind == LOG_KIND_NUMBER) {
        put_format(sheet, "%" PRId64, field->number);
    } else {
        put_text(sheet, field->text != NULL ? field->text : "");
    }
}

size_t log_format(enum log_level level, const struct log_line *line, int with_level, char *out,
                  size_t out_size)
{
    MUST(out_size >= 64 && line->event != NULL);
    struct sheet sheet = {.out = out, .capacity = out_size - sizeof(cut_mark) - 1};
    if (with_level) {
        put_format(&sheet, "<%d>", (int)level);
    }
    put(&sheet, line->event, strlen(line->event));
    for (size_t i = 0; i < LOG_FIELDS_MAX && line->fields[i].kind != LOG_KIND_NONE; i++) {
        put_field(&sheet, &line->fields[i]);
    }
    int tail = snprintf(out + sheet.size, out_size - sheet.size, "%s\n", sheet.cut ? cut_mark : "");
    return sheet.size + (size_t)tail;
}

void log_write(enum log_level level, const struct log_line *line)
{
    char text[LOG_LINE_SIZE];
    int saved_errno = errno;
    size_t size = log_format(level, line, getenv("JOURNAL_STREAM") != NULL, text, sizeof(text));
    ssize_t written = 0;
    do {
        written = write(STDERR_FILENO, text, size);
    } while (written < 0 && errno == EINTR);
    errno = saved_errno;
}

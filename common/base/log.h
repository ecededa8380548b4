/* log: one line `event key=value ...` to standard error, where systemd's journal reads it.
 *
 *     log_event("agent_hello", LOG_TEXT("gate", gate.text), LOG_NUM("sequence", sequence));
 *     log_error("store_failed", LOG_TEXT("why", fault.what));
 *
 * Event names and keys are stable words of a-z, 0-9 and _ : operators grep them. Values with
 * anything but plain characters are quoted and escaped, so a line is always one line. Never a name,
 * number, plate, badge or secret: handles only. Only the shell logs; the core never does.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
    LOG_FIELDS_MAX = 12,
    LOG_LINE_SIZE = 1024, /* bytes with newline and NUL; a longer line is cut and ends in "..." */
};

enum log_level {
    LOG_LEVEL_ERROR = 3, /* the numbers of syslog(3), as journald takes them */
    LOG_LEVEL_WARNING = 4,
    LOG_LEVEL_INFO = 6,
};

enum log_kind { LOG_KIND_NONE = 0, LOG_KIND_TEXT, LOG_KIND_NUMBER };

struct log_field {
    const char *key;
    enum log_kind kind;
    const char *text; /* borrowed for the call; NULL shows as "" */
    int64_t number;
};

struct log_line {
    const char *event;
    struct log_field fields[LOG_FIELDS_MAX]; /* ends at the first LOG_KIND_NONE */
};

#define LOG_TEXT(name, value)                                                                      \
    {                                                                                              \
        .key = (name), .kind = LOG_KIND_TEXT, .text = (value)                                      \
    }
#define LOG_NUM(name, value)                                                                       \
    {                                                                                              \
        .key = (name), .kind = LOG_KIND_NUMBER, .number = (int64_t)(value)                         \
    }

#define log_event(name, ...)   LOG_AT(LOG_LEVEL_INFO, name, __VA_ARGS__)
#define log_warning(name, ...) LOG_AT(LOG_LEVEL_WARNING, name, __VA_ARGS__)
#define log_error(name, ...)   LOG_AT(LOG_LEVEL_ERROR, name, __VA_ARGS__)
#define LOG_AT(level, name, ...)                                                                   \
    log_write((level), &(const struct log_line){.event = (name), .fields = {__VA_ARGS__}})

/* Writes the line in one write(2). With the variable JOURNAL_STREAM set, `<LEVEL>` comes first. A
 * failing write is ignored: logging never stops a gate. errno is kept. */
void log_write(enum log_level level, const struct log_line *line);

/* The line as text with its newline into out (out_size at least 64). `with_level`: `<6>` first.
 * Returns its length. */
size_t log_format(enum log_level level, const struct log_line *line, int with_level, char *out,
                  size_t out_size);

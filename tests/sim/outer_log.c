/* The log of a simulation: told when it is asked for. */
#include <stdio.h>
#include <string.h>

#include "common/base/log.h"
#include "tests/sim/sim.h"

void log_write(enum log_level level, const struct log_line *line)
{
    char text[LOG_LINE_SIZE];
    if (!sim.plan.verbose) {
        return;
    }
    size_t size = (size_t)snprintf(text, sizeof(text), "%s: %s",
                                   machine_now == NULL ? "-" : machine_now->name, line->event);
    for (size_t i = 0; i < LOG_FIELDS_MAX && line->fields[i].kind != LOG_KIND_NONE; i++) {
        const struct log_field *field = &line->fields[i];
        if (size + 1 >= sizeof(text)) {
            break;
        }
        int more = field->kind == LOG_KIND_TEXT
                       ? snprintf(text + size, sizeof(text) - size, " %s=%s", field->key,
                                  field->text == NULL ? "" : field->text)
                       : snprintf(text + size, sizeof(text) - size, " %s=%lld", field->key,
                                  (long long)field->number);
        size += more > 0 ? (size_t)more : 0;
    }
    sim_say("%s%s", level == LOG_LEVEL_ERROR ? "ERROR " : "", text);
}

size_t log_format(enum log_level level, const struct log_line *line, int with_level, char *out,
                  size_t out_size)
{
    (void)level;
    (void)with_level;
    int size = snprintf(out, out_size, "%s\n", line->event);
    return size > 0 ? (size_t)size : 0;
}

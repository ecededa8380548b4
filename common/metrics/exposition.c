#include "common/metrics/exposition.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"

struct buffer {
    size_t used, capacity;
    bool cut;
    char *text;
};

struct exposition {
    enum exposition_language language;
    const struct metric_spec *family; /* open; NULL: none, or one that is not known */
    struct buffer page, bounds;       /* the latter: lines of the open family's second one */
    char page_text[EXPOSITION_PAGE_SIZE];
    char bounds_text[EXPOSITION_BOUNDS_SIZE];
};

static void put(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void put(struct buffer *buffer, const char *format, ...)
{
    va_list args;
    size_t room = buffer->capacity - buffer->used;
    va_start(args, format);
    int size = vsnprintf(buffer->text + buffer->used, room, format, args);
    va_end(args);
    if (size < 0 || (size_t)size >= room) {
        buffer->cut = true;
    } else {
        buffer->used += (size_t)size;
    }
}

struct exposition *exposition_create(enum exposition_language language)
{
    struct exposition *page = calloc(1, sizeof(*page));
    if (page != NULL) {
        page->language = language;
        exposition_begin(page);
    }
    return page;
}

void exposition_destroy(struct exposition **page)
{
    free(*page);
    *page = NULL;
}

void exposition_begin(struct exposition *page)
{
    page->family = NULL;
    page->page = (struct buffer){.capacity = EXPOSITION_PAGE_SIZE, .text = page->page_text};
    page->bounds = (struct buffer){.capacity = EXPOSITION_BOUNDS_SIZE, .text = page->bounds_text};
    page->page_text[0] = '\0';
}

static void put_line(struct buffer *buffer, const char *name, const char *end, const char *labels,
                     const char *value)
{
    bool labelled = labels[0] != '\0';
    put(buffer, "%s%s%s%s%s %s\n", name, end, labelled ? "{" : "", labels, labelled ? "}" : "",
        value);
}

/* The open family's bounds, as a family of their own. */
static void close_family(struct exposition *page)
{
    static const struct {
        const char *before, *behind;
    } help[] = {
        [EXPOSITION_EN] = {"Bound of ", "."            },
        [EXPOSITION_ZH] = {"",          " 的上限。"},
    };
    const struct metric_spec *spec = page->family;
    page->family = NULL;
    if (spec == NULL || page->bounds.used == 0) {
        return;
    }
    put(&page->page, "# HELP %s_limit %s%s%s\n# TYPE %s_limit gauge\n%.*s", spec->name,
        help[page->language].before, spec->name, help[page->language].behind, spec->name,
        (int)page->bounds.used, page->bounds.text);
    page->bounds.used = 0;
}

static void open_family(struct exposition *page, const struct metric_spec *spec)
{
    static const char *const types[METRIC_TYPE_COUNT] = {
        [METRIC_GAUGE] = "gauge",
        [METRIC_COUNTER] = "counter",
        [METRIC_HISTOGRAM] = "histogram",
    };
    page->family = spec;
    put(&page->page, "# HELP %s %s\n# TYPE %s %s\n", spec->name,
        page->language == EXPOSITION_EN ? spec->en : spec->zh, spec->name, types[spec->type]);
}

static void add_sample(void *ctx, const char *name, const char *labels, const char *value,
                       const char *limit)
{
    struct exposition *page = ctx;
    const struct metric_spec *spec = metric_find(name);
    if (spec != page->family) {
        close_family(page);
    }
    if (spec != NULL && page->family == NULL) {
        open_family(page, spec);
    }
    put_line(&page->page, name, "", labels, value);
    if (spec != NULL && limit[0] != '\0') {
        put_line(&page->bounds, name, "_limit", labels, limit);
    }
}

struct metric_out exposition_out(struct exposition *page)
{
    return (struct metric_out){.sample = add_sample, .ctx = page};
}

const char *exposition_end(struct exposition *page, size_t *ret_size)
{
    close_family(page);
    if (page->page.cut || page->bounds.cut) {
        return NULL;
    }
    *ret_size = page->page.used;
    return page->page.text;
}

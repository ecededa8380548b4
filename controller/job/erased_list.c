#include "controller/job/erased_list.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/access/civil.h"
#include "common/base/file.h"
#include "common/base/must.h"

enum { LINE_SIZE = 2 * HANDLE_SIZE + 1 + CIVIL_DATE_SIZE - 1, FILE_MAX = 64 << 20 };

static const char head[] = "parkgate erased 1\n";

bool erased_list_add(struct erased_list *list, struct handle holder, int32_t last_day)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 64 : list->capacity * 2;
        struct erased_item *items = reallocarray(list->items, capacity, sizeof(*items));
        if (items == NULL) {
            return false;
        }
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = (struct erased_item){holder, last_day};
    return true;
}

void erased_list_destroy(struct erased_list *list)
{
    free(list->items);
    *list = (struct erased_list){0};
}

/* HANDLE YYYY-MM-DD */
static bool read_line(struct bytes line, struct erased_item *ret)
{
    char handle[HANDLE_TEXT_SIZE];
    struct bytes date = {.data = line.data + 2 * HANDLE_SIZE + 1, .size = CIVIL_DATE_SIZE - 1};
    if (line.size != LINE_SIZE || line.data[2 * HANDLE_SIZE] != ' ') {
        return false;
    }
    memcpy(handle, line.data, 2 * HANDLE_SIZE);
    handle[2 * HANDLE_SIZE] = '\0';
    return handle_from_text(handle, &ret->holder) && civil_date_parse(date, &ret->last_day);
}

enum err erased_list_parse(struct bytes text, struct erased_list *list, struct fault *fault)
{
    size_t at = sizeof(head) - 1;
    size_t number = 1;
    if (text.size < at || memcmp(text.data, head, at) != 0) {
        return fault_set(fault, ERR_INPUT, "line 1: it does not begin with \"parkgate erased 1\"");
    }
    while (at < text.size) {
        struct erased_item item;
        const uint8_t *end = memchr(text.data + at, '\n', text.size - at);
        size_t size = end == NULL ? text.size - at : (size_t)(end - text.data) - at;
        number++;
        if (end == NULL ||
            !read_line((struct bytes){.data = text.data + at, .size = size}, &item)) {
            return fault_set(fault, ERR_INPUT, "line %zu: not a handle and a day", number);
        }
        if (!erased_list_add(list, item.holder, item.last_day)) {
            return fault_set(fault, ERR_IO, "out of memory");
        }
        at += size + 1;
    }
    return ERR_OK;
}

static enum err read_whole(int fd, const char *path, struct erased_list *list, struct fault *fault)
{
    struct stat info;
    if (fstat(fd, &info) != 0) {
        return file_fault(path, fault);
    }
    if (!S_ISREG(info.st_mode) || info.st_size > FILE_MAX) {
        return fault_set(fault, ERR_INPUT, "%s: not a list of who was erased", path);
    }
    size_t size = (size_t)info.st_size;
    uint8_t *text = malloc(size + 1);
    MUST(text != NULL);
    ssize_t got = read(fd, text, size);
    enum err err = got == (ssize_t)size
                       ? erased_list_parse((struct bytes){.data = text, .size = size}, list, fault)
                       : file_fault(path, fault);
    free(text);
    if (err == ERR_INPUT && fault != NULL) {
        char why[64];
        (void)snprintf(why, sizeof(why), "%.60s", fault->what);
        return fault_set(fault, ERR_INPUT, "%s: %s", path, why);
    }
    return err;
}

enum err erased_list_read(const char *path, struct erased_list *list, struct fault *fault)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? fault_set(fault, ERR_NOT_FOUND, "%s: there is no such file", path)
                               : file_fault(path, fault);
    }
    enum err err = read_whole(fd, path, list, fault);
    (void)close(fd);
    return err;
}

enum err erased_list_write(const struct erased_list *list, const char *path, struct fault *fault)
{
    size_t most = sizeof(head) + list->count * (LINE_SIZE + 1);
    char *text = malloc(most);
    MUST(text != NULL);
    size_t used = (size_t)snprintf(text, most, "%s", head);
    for (size_t i = 0; i < list->count; i++) {
        char handle[HANDLE_TEXT_SIZE];
        char date[CIVIL_DATE_SIZE];
        handle_to_text(list->items[i].holder, handle);
        civil_date_format(list->items[i].last_day, date);
        used += (size_t)snprintf(text + used, most - used, "%s %s\n", handle, date);
    }
    MUST(used < most);
    enum err err =
        file_replace(path, 0600, (struct bytes){.data = (uint8_t *)text, .size = used}, fault);
    free(text);
    return err;
}

enum err erased_list_path(const char *key_file, char *out, size_t size, struct fault *fault)
{
    const char *slash = strrchr(key_file, '/');
    int used = snprintf(out, size, "%.*serased", slash == NULL ? 0 : (int)(slash - key_file) + 1,
                        key_file);
    return used > 0 && (size_t)used < size
               ? ERR_OK
               : fault_set(fault, ERR_INPUT, "%s: the path is too long", key_file);
}

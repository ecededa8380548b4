/* erased_list: who was erased, as a small text file beside the controller's key (`erased`), by
 * handle. A backup of before still holds such a person's key; who restores it gives this file, and
 * the keys that it names are destroyed before the controller starts.
 *
 *     parkgate erased 1
 *     0123456789abcdef0123456789abcdef 2026-04-03
 *
 * One line a handle, with the day after which no backup has the key. Nothing else is in it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/err.h"
#include "common/base/ids.h"

struct erased_item {
    struct handle holder;
    int32_t last_day;
};

struct erased_list {
    size_t count, capacity;
    struct erased_item *items;
};

/* False: out of memory. */
bool erased_list_add(struct erased_list *list, struct handle holder, int32_t last_day);
void erased_list_destroy(struct erased_list *list);

/* The text of a file into the list. ERR_INPUT: not of that form, with the line. */
MUST_CHECK enum err erased_list_parse(struct bytes text, struct erased_list *list,
                                      struct fault *fault);
/* ERR_NOT_FOUND: there is no such file; ERR_INPUT as above; ERR_IO. */
MUST_CHECK enum err erased_list_read(const char *path, struct erased_list *list,
                                     struct fault *fault);
/* A new file in the place of the old one, 0600, synced. */
MUST_CHECK enum err erased_list_write(const struct erased_list *list, const char *path,
                                      struct fault *fault);
/* `erased` beside the controller's key file. ERR_INPUT: too long. */
MUST_CHECK enum err erased_list_path(const char *key_file, char *out, size_t size,
                                     struct fault *fault);

/* Destroys the keys of all who are in the list in the person-key environment in `dir`, rewrites it
 * whole and writes over the old file. Nobody else may have it open. */
MUST_CHECK enum err rewrite_without(const char *dir, const struct erased_list *list,
                                    struct fault *fault);
/* Writes over all files of an environment of person keys and removes it. ERR_OK: there is none. */
MUST_CHECK enum err rewrite_wipe(const char *dir, struct fault *fault);

/* park_file: a park file (docs/park-file.md) turned into the rows that the controller takes.
 *
 * Checked here: YAML, keys, types, names, times, dates, that no name stands twice. What needs the
 * whole park (references, coils, a locked exit) is checked by the controller, for all ways in.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "admin-cli/rows.h"
#include "schema/errors.h"

enum { PARK_FILE_MAX = 4 * 1024 * 1024, PARK_SITE_NAME_SIZE = 32, PARK_ZONE_NAME_SIZE = 64 };

struct park_file {
    struct rows rows; /* packed ParkRow: the site first, then in the order of the kinds */
    char site[PARK_SITE_NAME_SIZE];
    char time_zone[PARK_ZONE_NAME_SIZE];
};

/* Reads and translates. False: *c names file, line, key and remedy; *ret_file stays untouched. */
bool park_file_read(const char *path, struct park_file *ret_file, struct complaint *c);
/* The same from memory; `origin` stands for the file's name. `text` ends with a NUL at text[size].
 */
bool park_file_parse(const char *origin, const char *text, size_t size, struct park_file *ret_file,
                     struct complaint *c);
void park_file_destroy(struct park_file *file);

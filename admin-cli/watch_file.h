/* watch_file: bundles as files on the station's computer. */
#pragma once

#include "admin-cli/cli.h"
#include "common/watch/watch_make.h"

/* The most that a bundle's file has. */
enum { WATCH_FILE_MAX = (LIMIT_WATCH_CHUNKS + 2) * LIMIT_WATCH_CHUNK_BYTES };

/* What is in it was not checked. False: *c says why (ERROR_FILE_OPEN, ERROR_WATCH_FILE). */
bool watch_file_read(const char *path, struct watch_bundle *ret, struct complaint *c);

/* index_file: the file of the index keys (app/index_keys.h), mode 0600.
 *
 * The next key comes as FILE.next, made by `parkgate server reindex`. It is put into FILE, synced
 * with its directory, before anything is hashed under it; then FILE.next goes. Killed in between,
 * the same key is taken again, which changes nothing.
 */
#pragma once

#include "controller/app/index_keys.h"

/* ERR_REFUSED: others may read it. ERR_INPUT: it holds no key, or something else. ERR_IO. */
MUST_CHECK enum err index_file_read(const char *path, struct index_keys *ret_keys,
                                    struct fault *fault);

/* Writes it whole or not at all, 0600, durable with its directory on ERR_OK. Also for the gates' key
 * (settings_gates_key()). ERR_IO. */
MUST_CHECK enum err index_file_write(const char *path, const struct index_keys *keys,
                                     struct fault *fault);

/* Puts the key of FILE.next first in *keys and in FILE, durably. ERR_NOT_FOUND: there is none,
 * which is the usual answer. ERR_FULL: INDEX_KEYS_MAX are there. Others as index_file_read(). *keys
 * changes only on ERR_OK. */
MUST_CHECK enum err index_file_next(const char *path, struct index_keys *keys, struct fault *fault);
/* FILE.next goes: the key is in use, or was refused. */
void index_file_end_next(const char *path);

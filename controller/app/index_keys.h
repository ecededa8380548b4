/* index_keys: the keys of the keyed hashes by which badges, plates, numbers, PINs, codes and events
 * are found again without being kept in clear.
 *
 * What is new is hashed under the first key. What was kept under an older one is found under that
 * one, and keeps its hash: the journal would hold the old hash for ever anyway
 * (docs/decisions/019-index-keys.md). So a new key can come at any moment, and none may go.
 */
#pragma once

#include "common/base/err.h"
#include "common/seal/seal.h"

enum {
    INDEX_KEYS_MAX = 8,
    INDEX_KEY_LINE = 2 * SEAL_KEY_SIZE + 1, /* hex digits and a line feed */
    INDEX_KEYS_TEXT_SIZE = INDEX_KEYS_MAX * INDEX_KEY_LINE + 1,
};

struct index_keys {
    size_t count;
    struct seal_key key[INDEX_KEYS_MAX]; /* the newest first */
};

/* Lines of 64 hex digits. False: something else, no line, or more than INDEX_KEYS_MAX. */
bool index_keys_parse(const char *text, struct index_keys *ret_keys);
/* As index_keys_parse() reads it. */
void index_keys_text(const struct index_keys *keys, char out[INDEX_KEYS_TEXT_SIZE]);
/* Puts `key` first; there already, nothing changes. False: there is no room. */
bool index_keys_add(struct index_keys *keys, const struct seal_key *key);

struct controller;

/* From now on new hashes are made under keys->key[0]; every key so far must be among them.
 * Journalled. The file that holds them is durable already. */
void index_keys_use(struct controller *ctl, const struct index_keys *keys);

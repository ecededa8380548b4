/* config: a daemon's file of `key = value` lines, read by one const table of keys.
 *
 * Lines are UTF-8. Empty lines and lines that begin with # are skipped; a value is everything after
 * the = without the blanks around it. An unknown key, a key twice, a bad value or a missing key is
 * an error that names file, line, what is wrong and what to do; nothing half-read is used.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/err.h"

enum { CONFIG_FILE_MAX = 64 * 1024 }; /* bytes */

enum config_type {
    CONFIG_TEXT,   /* char[size], with its NUL */
    CONFIG_PATH,   /* the same, and absolute: begins with / */
    CONFIG_NUMBER, /* int64_t, decimal, min to max */
    CONFIG_FLAG,   /* bool, yes or no */
    CONFIG_NAME,   /* struct name (ids.h) */
};

struct config_key {
    const char *name;
    enum config_type type;
    size_t offset; /* of the field in the caller's struct */
    size_t size;   /* CONFIG_TEXT and CONFIG_PATH: bytes of the field (of one element) */
    int64_t min, max;
    bool required;
    /* Not 0: the key may stand up to so many times; its fields are an array (elements of `size`
     * bytes for text and path) and a size_t at count_offset counts them. */
    size_t repeat;
    size_t count_offset;
    const char *example; /* a good value, shown in errors */
};

#define CONFIG_TEXT_FIELD(type, member)                                                            \
    .offset = offsetof(type, member), .size = sizeof(((type *)0)->member)
#define CONFIG_TEXT_ARRAY(type, member, count_member)                                              \
    .offset = offsetof(type, member), .size = sizeof(((type *)0)->member[0]),                      \
    .repeat = sizeof(((type *)0)->member) / sizeof(((type *)0)->member[0]),                        \
    .count_offset = offsetof(type, count_member)

/* Reads the file into *into, which holds the defaults; its content is undefined after an error.
 * ERR_NOT_FOUND: no such file (the fault says so too). ERR_INPUT: see the text. ERR_IO. */
MUST_CHECK enum err config_read(const char *path, const struct config_key *keys, size_t key_count,
                                void *into, struct fault *fault);

/* The same from memory; `origin` stands for the file's name in errors. */
MUST_CHECK enum err config_parse(const char *origin, struct bytes text,
                                 const struct config_key *keys, size_t key_count, void *into,
                                 struct fault *fault);

/* ids: what things are called inside the program. Distinct things have distinct types. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HANDLE_SIZE = 16, HANDLE_TEXT_SIZE = 2 * HANDLE_SIZE + 1, NAME_SIZE = 32 };

/* A random id for a person, vehicle or credential: what journal, outbox and logs carry in place of
 * names and numbers. All zero: none. */
struct handle {
    uint8_t bytes[HANDLE_SIZE];
};

bool handle_is_none(struct handle h);
bool handle_equal(struct handle a, struct handle b);
void handle_to_text(struct handle h, char out[HANDLE_TEXT_SIZE]);
bool handle_from_text(const char *text, struct handle *ret_handle);

/* A configured thing's name in the park file (gate, lane, zone, tenant, reader, board, ...):
 * 1 to 31 characters of a-z 0-9 - and . , beginning with a letter or digit. Empty: none. */
struct name {
    char text[NAME_SIZE];
};

/* False when `text` is no name by the rule above; *ret_name is then untouched. */
bool name_from_text(const char *text, struct name *ret_name);
/* The same where a text that is no name means none: the empty name. */
struct name name_or_none(const char *text);
bool name_equal(struct name a, struct name b);

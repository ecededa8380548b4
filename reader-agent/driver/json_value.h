/* json_value: leniently typed values of a device's JSON, checked strictly for their range.
 *
 * Devices send 1, "1", "1.0" and 1.0 for one number. A value that is missing, null or anything else
 * is "not there", by value. All take NULL.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A whole number 0..max, as a number, as text or with a zero fraction. */
bool json_value_number(const json_t *value, uint64_t max, uint64_t *ret_number);

/* Text as it is; a whole number, not negative, in decimal. False: anything else, or too long. */
bool json_value_text(const json_t *value, char *out, size_t out_size);

/* As AUTO(json_value_free) of what json_loadb gave. */
void json_value_free(json_t **json);

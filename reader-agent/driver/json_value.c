#include "reader-agent/driver/json_value.h"

#include <math.h>
#include <stdio.h>

#include "reader-agent/driver/device_text.h"

bool json_value_number(const json_t *value, uint64_t max, uint64_t *ret_number)
{
    if (json_is_string(value)) {
        return device_text_number(json_string_value(value), max, ret_number);
    }
    if (json_is_integer(value)) {
        json_int_t number = json_integer_value(value);
        if (number < 0 || (uint64_t)number > max) {
            return false;
        }
        *ret_number = (uint64_t)number;
        return true;
    }
    double real = json_is_real(value) ? json_real_value(value) : -1;
    /* Up to 2^53 a double holds every whole number. */
    if (!(real >= 0 && real <= 9007199254740992.0) || floor(real) != real || (uint64_t)real > max) {
        return false;
    }
    *ret_number = (uint64_t)real;
    return true;
}

bool json_value_text(const json_t *value, char *out, size_t out_size)
{
    int size = -1;
    if (json_is_string(value)) {
        size = snprintf(out, out_size, "%s", json_string_value(value));
    } else if (json_is_integer(value) && json_integer_value(value) >= 0) {
        size = snprintf(out, out_size, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    }
    return size >= 0 && (size_t)size < out_size;
}

void json_value_free(json_t **json)
{
    json_decref(*json);
    *json = NULL;
}

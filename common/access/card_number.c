#include "common/access/card_number.h"

#include <string.h>

#include "common/base/must.h"

enum { UID_LONG = 7 };

static void turn(uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size / 2; i++) {
        uint8_t other = bytes[size - 1 - i];
        bytes[size - 1 - i] = bytes[i];
        bytes[i] = other;
    }
}

bool card_number_uid(uint64_t number, bool reversed, struct credential *ret_credential)
{
    uint8_t uid[UID_LONG];
    size_t size = number <= UINT32_MAX ? 4 : UID_LONG;
    if (number >> (8 * UID_LONG) != 0) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        uid[i] = (uint8_t)(number >> (8 * (size - 1 - i)));
    }
    if (reversed) {
        turn(uid, size);
    }
    return credential_from_uid((struct bytes){.data = uid, .size = size}, ret_credential);
}

bool card_number_w26(uint32_t value, bool reversed, struct credential *ret_credential)
{
    MUST(value >> 24 == 0);
    uint8_t bytes[] = {(uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
    if (reversed) {
        turn(bytes, sizeof(bytes));
    }
    return credential_from_w26(bytes[0], (uint16_t)(bytes[1] << 8 | bytes[2]), ret_credential);
}

/* 1 to `digits` decimals, nothing else, at most `max`. */
static bool decimal(struct bytes text, size_t digits, uint64_t max, uint64_t *ret_value)
{
    uint64_t value = 0;
    if (text.size < 1 || text.size > digits) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
        value = value * 10 + (uint64_t)(text.data[i] - '0');
    }
    *ret_value = value;
    return value <= max;
}

static bool split(struct bytes text, char separator, struct bytes *ret_first,
                  struct bytes *ret_rest)
{
    const uint8_t *at = text.size == 0 ? NULL : memchr(text.data, separator, text.size);
    if (at == NULL) {
        return false;
    }
    size_t first = (size_t)(at - text.data);
    *ret_first = (struct bytes){.data = text.data, .size = first};
    *ret_rest = (struct bytes){.data = at + 1, .size = text.size - first - 1};
    return true;
}

bool card_number_pair(struct bytes text, char separator, bool reversed,
                      struct credential *ret_credential)
{
    struct bytes first, rest;
    uint64_t facility, card;
    return split(text, separator, &first, &rest) && decimal(first, 3, UINT8_MAX, &facility) &&
           decimal(rest, 5, UINT16_MAX, &card) &&
           card_number_w26((uint32_t)(facility << 16 | card), reversed, ret_credential);
}

static bool from_ten_decimals(struct bytes text, bool reversed, struct credential *ret_credential)
{
    uint64_t number;
    return decimal(text, 10, UINT32_MAX, &number) &&
           card_number_uid(number, reversed, ret_credential);
}

static bool from_three_and_five(struct bytes text, bool reversed, struct credential *ret_credential)
{
    return card_number_pair(text, ',', reversed, ret_credential);
}

static const struct {
    const char *name;
    bool reversed;
    bool (*read)(struct bytes text, bool reversed, struct credential *ret_credential);
} forms[] = {
    {"8h10d",          false, from_ten_decimals  },
    {"8h10d-reversed", true,  from_ten_decimals  },
    {"wg",             false, from_three_and_five},
    {"wg-reversed",    true,  from_three_and_five},
};

bool card_number_printed(struct bytes text, struct credential *ret_credential)
{
    struct bytes form, number;
    if (!split(text, ':', &form, &number)) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        if (bytes_equal(form, bytes_of_text(forms[i].name))) {
            return forms[i].read(number, forms[i].reversed, ret_credential);
        }
    }
    return false;
}

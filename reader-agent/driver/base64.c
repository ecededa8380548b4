#include "reader-agent/driver/base64.h"

#include <string.h>

bool base64_decode(const char *text, uint8_t *out, size_t room, size_t *ret_size)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t length = strcspn(text, "=");
    size_t padding = strspn(text + length, "=");
    uint32_t bits = 0;
    unsigned count = 0;
    size_t size = 0;
    if (text[length + padding] != '\0' || padding > 2 || length % 4 == 1 ||
        (padding > 0 && (length + padding) % 4 != 0)) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        const char *place = strchr(alphabet, text[i]);
        if (place == NULL) {
            return false;
        }
        bits = bits << 6 | (uint32_t)(place - alphabet);
        count += 6;
        if (count >= 8) {
            count -= 8;
            if (size == room) {
                return false;
            }
            out[size++] = (uint8_t)(bits >> count);
        }
    }
    *ret_size = size;
    return true;
}

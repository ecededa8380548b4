#include "common/base/ids.h"

#include <string.h>

#include "common/base/bytes.h"

bool handle_is_none(struct handle h)
{
    static const struct handle none;
    return handle_equal(h, none);
}

bool handle_equal(struct handle a, struct handle b)
{
    return memcmp(a.bytes, b.bytes, HANDLE_SIZE) == 0;
}

void handle_to_text(struct handle h, char out[HANDLE_TEXT_SIZE])
{
    bytes_to_hex(BYTES_OF(h.bytes), out, HANDLE_TEXT_SIZE);
}

bool handle_from_text(const char *text, struct handle *ret_handle)
{
    struct handle read;
    if (!bytes_from_hex(text, read.bytes, HANDLE_SIZE)) {
        return false;
    }
    *ret_handle = read;
    return true;
}

static bool is_name_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool name_from_text(const char *text, struct name *ret_name)
{
    size_t size = strlen(text);
    if (size == 0 || size >= NAME_SIZE || !is_name_start(text[0])) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        if (!is_name_start(text[i]) && text[i] != '-' && text[i] != '.') {
            return false;
        }
    }
    *ret_name = (struct name){{0}};
    memcpy(ret_name->text, text, size);
    return true;
}

struct name name_or_none(const char *text)
{
    struct name name = {{0}};
    (void)name_from_text(text, &name);
    return name;
}

bool name_equal(struct name a, struct name b)
{
    return strcmp(a.text, b.text) == 0;
}

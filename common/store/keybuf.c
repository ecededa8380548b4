#include "common/store/keybuf.h"

#include <string.h>

#include "common/base/must.h"

static const uint64_t sign_bit = (uint64_t)1 << 63;

static struct writer rest_of(struct keybuf *key)
{
    return writer_of(key->bytes + key->size, sizeof(key->bytes) - key->size);
}

static void take(struct keybuf *key, const struct writer *w)
{
    MUST(!w->bad);
    key->size += w->size;
}

void keybuf_begin(struct keybuf *key)
{
    key->size = 0;
}

void keybuf_name(struct keybuf *key, struct name name)
{
    keybuf_text(key, name.text);
}

void keybuf_text(struct keybuf *key, const char *text)
{
    struct writer w = rest_of(key);
    writer_bytes(&w, bytes_of_text(text));
    writer_u8(&w, 0);
    take(key, &w);
}

void keybuf_u8(struct keybuf *key, uint8_t value)
{
    struct writer w = rest_of(key);
    writer_u8(&w, value);
    take(key, &w);
}

void keybuf_u32(struct keybuf *key, uint32_t value)
{
    struct writer w = rest_of(key);
    writer_u32(&w, value);
    take(key, &w);
}

void keybuf_u64(struct keybuf *key, uint64_t value)
{
    struct writer w = rest_of(key);
    writer_u64(&w, value);
    take(key, &w);
}

void keybuf_wall(struct keybuf *key, struct wall time)
{
    keybuf_u64(key, (uint64_t)time.us ^ sign_bit);
}

void keybuf_handle(struct keybuf *key, struct handle handle)
{
    keybuf_bytes(key, BYTES_OF(handle.bytes));
}

void keybuf_bytes(struct keybuf *key, struct bytes value)
{
    struct writer w = rest_of(key);
    writer_bytes(&w, value);
    take(key, &w);
}

struct bytes keybuf_view(const struct keybuf *key)
{
    return (struct bytes){.data = key->bytes, .size = key->size};
}

struct name keybuf_read_name(struct reader *r)
{
    struct name name = {{0}};
    for (size_t i = 0; i < sizeof(name.text); i++) {
        name.text[i] = (char)reader_u8(r);
        if (name.text[i] == '\0') {
            return name;
        }
    }
    r->bad = true;
    return (struct name){{0}};
}

struct wall keybuf_read_wall(struct reader *r)
{
    return (struct wall){.us = (int64_t)(reader_u64(r) ^ sign_bit)};
}

struct handle keybuf_read_handle(struct reader *r)
{
    struct handle handle = {{0}};
    struct bytes run = reader_bytes(r, sizeof(handle.bytes));
    if (run.size == sizeof(handle.bytes)) {
        memcpy(handle.bytes, run.data, sizeof(handle.bytes));
    }
    return handle;
}

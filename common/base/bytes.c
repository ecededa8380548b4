#include "common/base/bytes.h"

#include <string.h>

#include "common/base/must.h"

bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

struct bytes bytes_of_text(const char *text)
{
    return (struct bytes){.data = (const uint8_t *)text, .size = strlen(text)};
}

void bytes_to_hex(struct bytes from, char *out, size_t out_size)
{
    static const char digits[] = "0123456789abcdef";
    MUST(out_size > from.size * 2);
    for (size_t i = 0; i < from.size; i++) {
        out[2 * i] = digits[from.data[i] >> 4];
        out[2 * i + 1] = digits[from.data[i] & 15];
    }
    out[2 * from.size] = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

bool bytes_from_hex(const char *hex, uint8_t *out, size_t out_size)
{
    if (strlen(hex) != out_size * 2) {
        return false;
    }
    for (size_t i = 0; i < out_size; i++) {
        int high = hex_digit(hex[2 * i]);
        int low = hex_digit(hex[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

struct reader reader_of(struct bytes in)
{
    return (struct reader){.in = in, .at = 0, .bad = false};
}

struct bytes reader_bytes(struct reader *r, size_t size)
{
    if (r->bad || size > r->in.size - r->at) {
        r->bad = true;
        return (struct bytes){.data = NULL, .size = 0};
    }
    struct bytes run = {.data = r->in.data + r->at, .size = size};
    r->at += size;
    return run;
}

static uint64_t read_number(struct reader *r, size_t size)
{
    struct bytes run = reader_bytes(r, size);
    uint64_t value = 0;
    for (size_t i = 0; i < run.size; i++) {
        value = value << 8 | run.data[i];
    }
    return value;
}

uint8_t reader_u8(struct reader *r)
{
    return (uint8_t)read_number(r, 1);
}

uint16_t reader_u16(struct reader *r)
{
    return (uint16_t)read_number(r, 2);
}

uint32_t reader_u32(struct reader *r)
{
    return (uint32_t)read_number(r, 4);
}

uint64_t reader_u64(struct reader *r)
{
    return read_number(r, 8);
}

struct bytes reader_run(struct reader *r)
{
    return reader_bytes(r, reader_u16(r));
}

void reader_text(struct reader *r, char *out, size_t out_size)
{
    struct bytes run = reader_run(r);
    MUST(out_size > 0);
    if (run.size >= out_size || (run.size > 0 && memchr(run.data, 0, run.size) != NULL)) {
        r->bad = true;
        run.size = 0;
    }
    if (run.size > 0) {
        memcpy(out, run.data, run.size);
    }
    out[run.size] = '\0';
}

bool reader_done(const struct reader *r)
{
    return !r->bad && r->at == r->in.size;
}

struct writer writer_of(uint8_t *out, size_t capacity)
{
    return (struct writer){.out = out, .capacity = capacity, .size = 0, .bad = false};
}

void writer_bytes(struct writer *w, struct bytes value)
{
    if (w->bad || value.size > w->capacity - w->size) {
        w->bad = true;
        return;
    }
    if (value.size > 0) {
        memcpy(w->out + w->size, value.data, value.size);
    }
    w->size += value.size;
}

static void write_number(struct writer *w, uint64_t value, size_t size)
{
    uint8_t run[8];
    for (size_t i = 0; i < size; i++) {
        run[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
    }
    writer_bytes(w, (struct bytes){.data = run, .size = size});
}

void writer_u8(struct writer *w, uint8_t value)
{
    write_number(w, value, 1);
}

void writer_u16(struct writer *w, uint16_t value)
{
    write_number(w, value, 2);
}

void writer_u32(struct writer *w, uint32_t value)
{
    write_number(w, value, 4);
}

void writer_u64(struct writer *w, uint64_t value)
{
    write_number(w, value, 8);
}

void writer_run(struct writer *w, struct bytes value)
{
    if (value.size > UINT16_MAX) {
        w->bad = true;
        return;
    }
    writer_u16(w, (uint16_t)value.size);
    writer_bytes(w, value);
}

struct bytes writer_view(const struct writer *w)
{
    return (struct bytes){.data = w->out, .size = w->bad ? 0 : w->size};
}

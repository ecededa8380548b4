/* bytes: a borrowed run of bytes, and a bounds-checked cursor to read and write formats with.
 *
 * A cursor never reads or writes outside its buffer. The first call that does not fit sets `bad`
 * and all later calls do nothing and read zero, so a parser checks once, at its end.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Borrowed: the owner of the memory outlives it. */
struct bytes {
    const uint8_t *data;
    size_t size;
};

#define BYTES_OF(array) ((struct bytes){.data = (const uint8_t *)(array), .size = sizeof(array)})

bool bytes_equal(struct bytes a, struct bytes b);
/* The bytes of a C string without its final NUL. */
struct bytes bytes_of_text(const char *text);

/* Lower-case hex of `from` into out (2 * size + 1 with the NUL). `out_size` too small: aborts. */
void bytes_to_hex(struct bytes from, char *out, size_t out_size);
/* Reads exactly out_size * 2 hex digits, either case. False: other length or another character. */
bool bytes_from_hex(const char *hex, uint8_t *out, size_t out_size);

/* Integers are big-endian, so that keys made with a writer sort as numbers do. */
struct reader {
    struct bytes in;
    size_t at;
    bool bad;
};

struct reader reader_of(struct bytes in);
uint8_t reader_u8(struct reader *r);
uint16_t reader_u16(struct reader *r);
uint32_t reader_u32(struct reader *r);
uint64_t reader_u64(struct reader *r);
/* Borrowed run of `size` bytes; empty when bad. */
struct bytes reader_bytes(struct reader *r, size_t size);
/* u16 length, then that many bytes. */
struct bytes reader_run(struct reader *r);
/* A run copied as text with its NUL into out; bad when it does not fit or holds a NUL. */
void reader_text(struct reader *r, char *out, size_t out_size);
/* All was read and nothing was bad. */
bool reader_done(const struct reader *r);

struct writer {
    uint8_t *out;
    size_t capacity;
    size_t size;
    bool bad;
};

struct writer writer_of(uint8_t *out, size_t capacity);
void writer_u8(struct writer *w, uint8_t value);
void writer_u16(struct writer *w, uint16_t value);
void writer_u32(struct writer *w, uint32_t value);
void writer_u64(struct writer *w, uint64_t value);
void writer_bytes(struct writer *w, struct bytes value);
/* u16 length, then the bytes; over 65,535 is bad. */
void writer_run(struct writer *w, struct bytes value);
/* What was written so far; borrowed from the writer's buffer. */
struct bytes writer_view(const struct writer *w);

/* keybuf: composite keys that sort as their parts do.
 *
 * Build: keybuf_begin(), then one call a part, then keybuf_view(). Parts are of bounded types, so a
 * key that does not fit STORE_KEY_MAX is a bug and aborts. Take apart with a struct reader
 * (common/base/bytes.h) and the keybuf_read_* functions; the reader goes bad on a key that does not
 * fit.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/store/store.h"

struct keybuf {
    uint8_t bytes[STORE_KEY_MAX];
    size_t size;
};

void keybuf_begin(struct keybuf *key);
/* The name's characters and a NUL: shorter names sort first, and no name is a prefix of another. */
void keybuf_name(struct keybuf *key, struct name name);
/* The same for any text without a NUL in it. */
void keybuf_text(struct keybuf *key, const char *text);
void keybuf_u8(struct keybuf *key, uint8_t value);
void keybuf_u32(struct keybuf *key, uint32_t value);
void keybuf_u64(struct keybuf *key, uint64_t value);
/* Times before 1970 sort before those after it. */
void keybuf_wall(struct keybuf *key, struct wall time);
void keybuf_handle(struct keybuf *key, struct handle handle);
/* Raw bytes; only a last part may vary in size. */
void keybuf_bytes(struct keybuf *key, struct bytes value);

/* Borrowed from `key`, which must stay in place and unchanged. */
struct bytes keybuf_view(const struct keybuf *key);

struct name keybuf_read_name(struct reader *r);
struct wall keybuf_read_wall(struct reader *r);
struct handle keybuf_read_handle(struct reader *r);

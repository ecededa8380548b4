/* What somebody on the way does, or somebody else who signs. */
#include "tests/campaigns/bundles/mutate_parts.h"

#include <string.h>

#include "common/base/must.h"

/* The parts as they are received. */
struct part {
    uint8_t *data;
    size_t *size; /* NULL: it has one size */
    size_t most;
};

static struct part pick_part(struct stage *s)
{
    struct wire *w = s->wire;
    size_t which = craft_pick(s->r, w->chunk_count + 2);
    if (which == 0) {
        return (struct part){w->manifest, &w->manifest_size, CRAFT_WIRE};
    }
    if (which == 1) {
        return (struct part){w->signature.bytes, NULL, sizeof(w->signature.bytes)};
    }
    return (struct part){w->chunk[which - 2], &w->chunk_size[which - 2], CRAFT_WIRE};
}

static size_t size_of(const struct part *part)
{
    return part->size != NULL ? *part->size : part->most;
}

static bool bit_flipped(struct stage *s)
{
    struct part part = pick_part(s);
    part.data[craft_pick(s->r, size_of(&part))] ^= (uint8_t)(1U << craft_pick(s->r, 8));
    return true;
}

static bool bytes_changed(struct stage *s)
{
    struct part part = pick_part(s);
    for (size_t i = 1 + craft_pick(s->r, 8); i > 0; i--) {
        part.data[craft_pick(s->r, size_of(&part))] = (uint8_t)craft_draw(s->r);
    }
    return true;
}

static bool bytes_cut(struct stage *s)
{
    struct part part = pick_part(s);
    if (part.size == NULL) {
        return false;
    }
    *part.size -= 1 + craft_pick(s->r, *part.size);
    return true;
}

static bool bytes_put_in(struct stage *s)
{
    struct part part = pick_part(s);
    if (part.size == NULL) {
        return false;
    }
    size_t more = 1 + craft_pick(s->r, 16);
    size_t at = craft_pick(s->r, *part.size + 1);
    memmove(part.data + at + more, part.data + at, *part.size - at);
    *part.size += more;
    return true;
}

static bool bytes_left_out(struct stage *s)
{
    struct part part = pick_part(s);
    if (part.size == NULL || *part.size < 8) {
        return false;
    }
    size_t less = 1 + craft_pick(s->r, 7);
    size_t at = craft_pick(s->r, *part.size - less);
    memmove(part.data + at, part.data + at + less, *part.size - at - less);
    *part.size -= less;
    return true;
}

static void swap_bytes(uint8_t *a, uint8_t *b, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = a[i];
        a[i] = b[i];
        b[i] = byte;
    }
}

static bool chunks_swapped(struct stage *s)
{
    struct wire *w = s->wire;
    if (w->chunk_count < 2) {
        return false;
    }
    size_t a = craft_pick(s->r, w->chunk_count);
    size_t b = (a + 1) % w->chunk_count;
    size_t size = w->chunk_size[a];
    swap_bytes(w->chunk[a], w->chunk[b], CRAFT_WIRE);
    w->chunk_size[a] = w->chunk_size[b];
    w->chunk_size[b] = size;
    return true;
}

static bool chunk_missing(struct stage *s)
{
    struct wire *w = s->wire;
    if (w->chunk_count == 0) {
        return false;
    }
    for (size_t c = craft_pick(s->r, w->chunk_count); c + 1 < w->chunk_count; c++) {
        memcpy(w->chunk[c], w->chunk[c + 1], CRAFT_WIRE);
        w->chunk_size[c] = w->chunk_size[c + 1];
    }
    w->chunk_count--;
    return true;
}

static bool chunk_too_many(struct stage *s)
{
    struct wire *w = s->wire;
    if (w->chunk_count == 0) {
        return false;
    }
    size_t from = craft_pick(s->r, w->chunk_count);
    memcpy(w->chunk[w->chunk_count], w->chunk[from], CRAFT_WIRE);
    w->chunk_size[w->chunk_count] = w->chunk_size[from];
    w->chunk_count++;
    return true;
}

static bool chunk_of_another(struct stage *s)
{
    struct wire *w = s->wire;
    if (w->chunk_count == 0 || s->other->chunk_count == 0) {
        return false;
    }
    size_t to = craft_pick(s->r, w->chunk_count);
    size_t from = craft_pick(s->r, s->other->chunk_count);
    memcpy(w->chunk[to], s->other->chunk[from], CRAFT_WIRE);
    w->chunk_size[to] = s->other->chunk_size[from];
    return true;
}

/* Chunks of one bundle under the manifest of another. */
static bool manifest_of_another(struct stage *s)
{
    struct wire *w = s->wire;
    if (w->chunk_count == 0 && s->other->chunk_count == 0) {
        return false;
    }
    memcpy(w->manifest, s->other->manifest, CRAFT_WIRE);
    w->manifest_size = s->other->manifest_size;
    w->signature = s->other->signature;
    return true;
}

static bool signature_of_another(struct stage *s)
{
    s->wire->signature = s->other->signature;
    return true;
}

static bool signed_by_another(struct stage *s)
{
    struct sign_key key = *s->key;
    key.bytes[craft_pick(s->r, sizeof(key.bytes))] ^= (uint8_t)(1U << craft_pick(s->r, 8));
    craft_sign(s->wire, WATCH_SIGN_MANIFEST, &key);
    return true;
}

static bool signed_as_another_thing(struct stage *s)
{
    static const char *const lines[] = {"", "parkgate watch receipt 1\n",
                                        "parkgate journal head 1\n", "parkgate watch manifest 1",
                                        "parkgate watch manifest 2\n"};
    craft_sign(s->wire, lines[craft_pick(s->r, ARRAY_LEN(lines))], s->key);
    return true;
}

static bool not_signed(struct stage *s)
{
    memset(s->wire->signature.bytes, craft_pick(s->r, 2) == 0 ? 0 : 0xff,
           sizeof(s->wire->signature.bytes));
    return true;
}

/* The order of the group (RFC 8032, section 5.1) is added to the second half: who did not look at
 * its size would call it good. */
static bool signature_made_longer(struct stage *s)
{
    static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,       0xd6,
                                      0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10};
    unsigned carry = 0;
    for (size_t i = 0; i < sizeof(order); i++) {
        carry += s->wire->signature.bytes[32 + i] + order[i];
        s->wire->signature.bytes[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    return true;
}

static bool an_old_one_again(struct stage *s)
{
    if (s->old == NULL) {
        return false;
    }
    *s->wire = *s->old;
    return true;
}

static bool key_was_replaced(struct stage *s)
{
    s->expected->key.bytes[craft_pick(s->r, 32)] ^= (uint8_t)(1U << craft_pick(s->r, 8));
    return true;
}

static bool park_went_on(struct stage *s)
{
    s->expected->last_number++;
    return true;
}

static bool park_has_another_base(struct stage *s)
{
    s->expected->last_digest.bytes[craft_pick(s->r, 32)] ^= (uint8_t)(1U << craft_pick(s->r, 8));
    return s->expected->last_number > 0;
}

static bool park_is_another(struct stage *s)
{
    s->expected->park.text[0] = 'x';
    return true;
}

static bool pushed_with_anothers_link_key(struct stage *s)
{
    s->expected->authority.text[0] = 'x';
    return true;
}

static bool pushed_late(struct stage *s)
{
    s->expected->now.us += 8 * DAY_US + (int64_t)craft_pick(s->r, 1000) * DAY_US;
    return true;
}

static const struct mutation rows[] = {
    AFTER(bit_flipped),
    AFTER(bytes_changed),
    AFTER(bytes_cut),
    AFTER(bytes_put_in),
    AFTER(bytes_left_out),
    AFTER(chunks_swapped),
    AFTER(chunk_missing),
    AFTER(chunk_too_many),
    AFTER(chunk_of_another),
    AFTER(manifest_of_another),
    AFTER(signature_of_another),
    AFTER(signed_by_another),
    AFTER(signed_as_another_thing),
    AFTER(not_signed),
    AFTER(signature_made_longer),
    AFTER(an_old_one_again),
    AFTER(key_was_replaced),
    AFTER(park_went_on),
    AFTER(park_has_another_base),
    AFTER(park_is_another),
    AFTER(pushed_with_anothers_link_key),
    AFTER(pushed_late),
};
const struct mutations mutations_of_way = {.items = rows, .count = ARRAY_LEN(rows)};

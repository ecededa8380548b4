#include "tests/campaigns/bundles/craft.h"

#include <stdio.h>
#include <string.h>

#include "common/base/must.h"

#define DAY_US (INT64_C(86400) * 1000000)

/* --- chance --- */

uint64_t craft_draw(struct craft_random *r)
{
    uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

size_t craft_pick(struct craft_random *r, size_t count)
{
    return (size_t)(craft_draw(r) % count);
}

/* --- fields --- */

struct piece *craft_field(struct form *form, uint32_t number)
{
    size_t at = 0;
    while (at < form->count && form->piece[at].number < number) {
        at++;
    }
    if (at == form->count || form->piece[at].number != number) {
        MUST(form->count < CRAFT_PIECES);
        memmove(&form->piece[at + 1], &form->piece[at], (form->count - at) * sizeof(struct piece));
        memset(&form->piece[at], 0, sizeof(struct piece));
        form->piece[at].number = number;
        form->count++;
    }
    return &form->piece[at];
}

bool craft_has(const struct form *form, uint32_t number)
{
    for (size_t i = 0; i < form->count; i++) {
        if (form->piece[i].number == number) {
            return true;
        }
    }
    return false;
}

void craft_drop(struct form *form, uint32_t number)
{
    for (size_t i = 0; i < form->count; i++) {
        if (form->piece[i].number == number) {
            form->count--;
            memmove(&form->piece[i], &form->piece[i + 1], (form->count - i) * sizeof(struct piece));
            return;
        }
    }
}

/* As the format wants it: zero and empty are left out. */
void craft_set_number(struct form *form, uint32_t number, uint64_t value)
{
    if (value == 0) {
        craft_drop(form, number);
        return;
    }
    struct piece *piece = craft_field(form, number);
    piece->run = false;
    piece->value = value;
}

void craft_set_bytes(struct form *form, uint32_t number, const void *data, size_t size)
{
    if (size == 0) {
        craft_drop(form, number);
        return;
    }
    struct piece *piece = craft_field(form, number);
    MUST(size <= CRAFT_DATA);
    piece->run = true;
    piece->size = size;
    memcpy(piece->data, data, size);
}

void craft_set_text(struct form *form, uint32_t number, const char *text)
{
    craft_set_bytes(form, number, text, strlen(text));
}

/* --- good ones --- */

static void fill_match(struct craft_random *r, struct form *entry, unsigned matcher)
{
    char plate[32];
    uint8_t hash[32];
    for (size_t i = 0; i < sizeof(hash); i++) {
        hash[i] = (uint8_t)craft_draw(r);
    }
    hash[0] |= 0x40; /* neither zeros nor a UID drawn at each read */
    if (matcher == 1) {
        static const char *const provinces[] = {"京", "粤", "沪", "川"};
        (void)snprintf(plate, sizeof(plate), "%s%c%05zu", provinces[craft_pick(r, 4)],
                       "ABCD"[craft_pick(r, 4)], craft_pick(r, 100000));
        craft_set_text(entry, 4, plate);
    } else if (matcher == 2) {
        static const size_t sizes[] = {4, 7, 10};
        craft_set_bytes(entry, 4, hash, sizes[craft_pick(r, 3)]);
    } else {
        craft_set_bytes(entry, 4, hash, sizeof(hash));
    }
}

static const char *const names[] = {"张三", "Zhang San", "阿卜杜·热西提", "李四(刑侦支队)"};
static const char *const grounds[] = {"刑事诉讼法第八十条", "CPL art. 80", "人民警察法第九条"};
static const char *const contacts[] = {"李警官 010-12345678", "desk 110"};

static void fill_case(struct craft_random *r, struct form *form, uint32_t number)
{
    char text[64];
    (void)snprintf(text, sizeof(text), "京公(刑)立字〔2026〕%zu号", craft_pick(r, 100000));
    craft_set_text(form, number, text);
}

static void fill_entry(struct craft_random *r, int64_t made, const char *id, struct form *entry)
{
    static const unsigned of_plates[] = {2, 4, 5};
    static const unsigned of_persons[] = {1, 2, 3};
    unsigned matcher = 1 + (unsigned)craft_pick(r, 3);
    int64_t begin = made + (int64_t)craft_pick(r, 20) * DAY_US - 2 * DAY_US;
    int64_t most = matcher == 1 ? 365 : 90;
    memset(entry, 0, sizeof(*entry));
    craft_set_text(entry, 1, id);
    craft_set_number(entry, 2,
                     matcher == 1 ? of_plates[craft_pick(r, 3)] : of_persons[craft_pick(r, 3)]);
    craft_set_number(entry, 3, matcher);
    fill_match(r, entry, matcher);
    craft_set_text(entry, 5, names[craft_pick(r, ARRAY_LEN(names))]);
    fill_case(r, entry, 6);
    craft_set_text(entry, 7, grounds[craft_pick(r, ARRAY_LEN(grounds))]);
    craft_set_number(entry, 8, (uint64_t)begin);
    craft_set_number(entry, 9, (uint64_t)(begin + (3 + (int64_t)craft_pick(r, 30)) * DAY_US));
    if (craft_pick(r, 4) == 0) {
        craft_set_number(entry, 9, (uint64_t)(begin + most * DAY_US)); /* the very bound */
    }
    craft_set_number(entry, 10, 1 + craft_pick(r, 2));
    craft_set_text(entry, 11, contacts[craft_pick(r, ARRAY_LEN(contacts))]);
    craft_set_number(entry, 12, 1 + craft_pick(r, 7));
}

static void fill_change(struct craft_random *r, int64_t made, size_t i, struct crafted *b)
{
    char id[24];
    unsigned kind = 1 + (unsigned)craft_pick(r, 3);
    struct form *change = &b->change[i];
    (void)snprintf(id, sizeof(id), "e%03zu.%zu", i, craft_pick(r, 1000));
    memset(change, 0, sizeof(*change));
    craft_set_number(change, 1, kind);
    b->has_entry[i] = kind == 1;
    if (kind == 1) {
        fill_entry(r, made, id, &b->entry[i]);
        return;
    }
    craft_set_text(change, 3, id);
    if (kind == 2) {
        craft_set_text(change, 4, names[craft_pick(r, ARRAY_LEN(names))]);
        fill_case(r, change, 5);
        craft_set_text(change, 6, grounds[craft_pick(r, ARRAY_LEN(grounds))]);
        craft_set_number(change, 7, (uint64_t)(made + (1 + (int64_t)craft_pick(r, 80)) * DAY_US));
    }
}

/* A vehicle, now and then a person, under an id that was never there. */
static void fill_new(struct craft_random *r, int64_t made, struct craft_life *life, size_t i,
                     struct crafted *b)
{
    char id[24];
    bool person = craft_pick(r, 40) == 0 && life->people < 150;
    (void)snprintf(id, sizeof(id), "n%08llu", (unsigned long long)++life->ids);
    memset(&b->change[i], 0, sizeof(b->change[i]));
    craft_set_number(&b->change[i], 1, 1);
    b->has_entry[i] = true;
    do {
        fill_entry(r, made, id, &b->entry[i]);
    } while ((craft_field(&b->entry[i], 3)->value != 1) != person);
    /* it runs when it is renewed or withdrawn, and not too long to be renewed */
    craft_set_number(&b->entry[i], 8, (uint64_t)made);
    craft_set_number(&b->entry[i], 9,
                     (uint64_t)(made + (20 + (int64_t)craft_pick(r, 10)) * DAY_US));
    life->people += person;
    if (!person && life->count < CRAFT_LIVE) {
        struct craft_live *live = &life->live[life->count++];
        memcpy(live->id, id, sizeof(id));
        live->renewed = false;
    }
}

static void fill_old(struct craft_random *r, int64_t made, const struct craft_live *live,
                     unsigned kind, struct form *change)
{
    memset(change, 0, sizeof(*change));
    craft_set_number(change, 1, kind);
    craft_set_text(change, 3, live->id);
    if (kind == 2) {
        craft_set_text(change, 4, names[craft_pick(r, ARRAY_LEN(names))]);
        fill_case(r, change, 5);
        craft_set_text(change, 6, grounds[craft_pick(r, ARRAY_LEN(grounds))]);
        craft_set_number(change, 7, (uint64_t)(made + (60 + (int64_t)craft_pick(r, 30)) * DAY_US));
    }
}

/* Renews the first of the old ones or withdraws it: ids rise from bundle to bundle. */
static bool take_old(struct craft_random *r, int64_t made, struct craft_life *life, size_t *at,
                     size_t before, struct form *change)
{
    while (*at < before && craft_pick(r, 3) > 0) {
        (*at)++;
    }
    if (*at >= before) {
        return false;
    }
    struct craft_live *live = &life->live[*at];
    unsigned kind = live->renewed || craft_pick(r, 2) == 0 ? 3 : 2;
    fill_old(r, made, live, kind, change);
    live->renewed = true;
    if (kind == 3) {
        live->id[0] = '\0'; /* gone with this bundle */
    }
    (*at)++;
    return true;
}

static void forget_gone(struct craft_life *life)
{
    size_t kept = 0;
    for (size_t i = 0; i < life->count; i++) {
        if (life->live[i].id[0] != '\0') {
            life->live[kept++] = life->live[i];
        }
    }
    life->count = kept;
}

void craft_count(struct crafted *b)
{
    uint64_t counts[4] = {0};
    for (size_t i = 0; i < b->change_count; i++) {
        uint64_t kind = craft_has(&b->change[i], 1) ? craft_field(&b->change[i], 1)->value : 0;
        counts[kind < 4 ? kind : 0]++;
    }
    craft_set_number(&b->manifest, 7, b->change_count);
    for (uint32_t kind = 1; kind < 4; kind++) {
        craft_set_number(&b->manifest, 7 + kind, counts[kind]);
    }
}

void craft_good(struct craft_random *r, const struct watch_expected *e, struct crafted *b)
{
    craft_good_for(r, e, NULL, b);
}

void craft_good_for(struct craft_random *r, const struct watch_expected *e, struct craft_life *life,
                    struct crafted *b)
{
    int64_t made = e->now.us - (life == NULL ? (int64_t)craft_pick(r, 3) * DAY_US : 0);
    size_t old = 0;
    size_t before = life == NULL ? 0 : life->count;
    memset(b, 0, sizeof(*b));
    b->chunk_count = craft_pick(r, CRAFT_CHUNKS + 1);
    for (size_t c = 0; c < b->chunk_count; c++) {
        b->first[c] = b->change_count;
        b->change_count += 1 + craft_pick(r, CRAFT_CHANGES / CRAFT_CHUNKS);
        craft_set_number(&b->chunk[c], 1, c + 1);
    }
    b->first[b->chunk_count] = b->change_count;
    for (size_t i = 0; i < b->change_count; i++) {
        if (life == NULL) {
            fill_change(r, made, i, b);
        } else if (!take_old(r, made, life, &old, before, &b->change[i])) {
            fill_new(r, made, life, i, b);
        }
    }
    if (life != NULL) {
        forget_gone(life);
    }
    craft_set_number(&b->manifest, 1, 1);
    craft_set_text(&b->manifest, 2, e->authority.text);
    craft_set_text(&b->manifest, 3, e->park.text);
    craft_set_number(&b->manifest, 4, e->last_number + 1);
    if (e->last_number > 0) {
        craft_set_bytes(&b->manifest, 5, e->last_digest.bytes, 32);
    }
    craft_set_number(&b->manifest, 6, (uint64_t)made);
    craft_count(b);
}

/* --- encoding --- */

static void put_varint(struct writer *w, uint64_t value, uint8_t pad)
{
    while (value >= 0x80 || pad > 0) {
        bool last = value < 0x80;
        writer_u8(w, (uint8_t)(value | 0x80));
        value >>= 7;
        if (last) {
            while (--pad > 0) {
                writer_u8(w, 0x80);
            }
            break;
        }
    }
    writer_u8(w, (uint8_t)value);
}

static void put_run(struct writer *w, uint32_t number, struct bytes data, uint8_t tag_pad,
                    uint8_t pad)
{
    put_varint(w, (uint64_t)number << 3 | 2, tag_pad);
    put_varint(w, data.size, pad);
    writer_bytes(w, data);
}

static void put_piece(struct writer *w, const struct piece *piece)
{
    if (piece->run) {
        put_run(w, piece->number, (struct bytes){.data = piece->data, .size = piece->size},
                piece->tag_pad, piece->value_pad);
        return;
    }
    put_varint(w, (uint64_t)piece->number << 3, piece->tag_pad);
    put_varint(w, piece->value, piece->value_pad);
}

static void put_form(struct writer *w, const struct form *form)
{
    for (size_t i = 0; i < form->count; i++) {
        put_piece(w, &form->piece[i]);
    }
}

static void end_form(struct writer *w, const struct form *form)
{
    writer_bytes(w, (struct bytes){.data = form->tail, .size = form->tail_size});
    w->size -= form->cut < w->size ? form->cut : w->size;
    MUST(!w->bad);
}

static size_t encode_change(const struct crafted *b, size_t i, uint8_t *out, size_t capacity)
{
    static uint8_t entry[2 * CRAFT_DATA];
    struct form change = b->change[i];
    if (b->has_entry[i]) {
        struct writer e = writer_of(entry, sizeof(entry));
        put_form(&e, &b->entry[i]);
        end_form(&e, &b->entry[i]);
        /* an over-long entry stands in no piece: it goes in at its place by hand */
        struct writer w = writer_of(out, capacity);
        bool put = false;
        for (size_t k = 0; k < change.count; k++) {
            if (!put && change.piece[k].number >= 2) {
                put_run(&w, 2, writer_view(&e), 0, 0);
                put = true;
            }
            put_piece(&w, &change.piece[k]);
        }
        if (!put) {
            put_run(&w, 2, writer_view(&e), 0, 0);
        }
        end_form(&w, &change);
        return w.size;
    }
    struct writer w = writer_of(out, capacity);
    put_form(&w, &change);
    end_form(&w, &change);
    return w.size;
}

static void encode_chunk(const struct crafted *b, size_t c, struct wire *ret)
{
    static uint8_t change[4 * CRAFT_DATA];
    struct writer w = writer_of(ret->chunk[c], CRAFT_WIRE);
    bool put = false;
    const struct form *head = &b->chunk[c];
    for (size_t k = 0; k <= head->count; k++) {
        if (!put && (k == head->count || head->piece[k].number > 2)) {
            for (size_t i = b->first[c]; i < b->first[c + 1]; i++) {
                size_t size = encode_change(b, i, change, sizeof(change));
                put_run(&w, 2, (struct bytes){.data = change, .size = size}, 0, 0);
            }
            put = true;
        }
        if (k < head->count) {
            put_piece(&w, &head->piece[k]);
        }
    }
    end_form(&w, head);
    ret->chunk_size[c] = w.size;
}

static void put_digests(struct writer *w, const struct crafted *b, const struct wire *wire)
{
    size_t size = b->digest_size == 0 ? SEAL_HASH_SIZE : b->digest_size;
    size_t count = b->chunk_count - b->digest_less;
    for (size_t i = 0; i < count + b->digest_more; i++) {
        size_t at = i < count ? i : count - 1;
        at = b->digests_swapped && count > 1 && at < 2 ? 1 - at : at;
        struct seal_hash hash =
            seal_hash_of((struct bytes){.data = wire->chunk[at], .size = wire->chunk_size[at]});
        put_run(w, 11, (struct bytes){.data = hash.bytes, .size = size}, 0, 0);
    }
}

void craft_sign(struct wire *wire, const char *line, const struct sign_key *key)
{
    uint8_t text[WATCH_SIGNED_MAX];
    struct writer w = writer_of(text, sizeof(text));
    writer_bytes(&w, bytes_of_text(line));
    writer_bytes(&w, (struct bytes){.data = wire->manifest, .size = wire->manifest_size});
    MUST(!w.bad);
    sign_make(key, writer_view(&w), &wire->signature);
}

void craft_encode(const struct crafted *b, const struct sign_key *key, struct wire *ret)
{
    ret->chunk_count = b->chunk_count;
    for (size_t c = 0; c < b->chunk_count; c++) {
        encode_chunk(b, c, ret);
    }
    struct writer w = writer_of(ret->manifest, CRAFT_WIRE);
    bool put = false;
    for (size_t k = 0; k < b->manifest.count; k++) {
        if (!put && b->manifest.piece[k].number > 11) {
            put_digests(&w, b, ret);
            put = true;
        }
        put_piece(&w, &b->manifest.piece[k]);
    }
    if (!put) {
        put_digests(&w, b, ret);
    }
    end_form(&w, &b->manifest);
    ret->manifest_size = w.size;
    craft_sign(ret, "parkgate watch manifest 1\n", key);
}

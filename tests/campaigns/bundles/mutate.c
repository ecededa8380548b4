#include "tests/campaigns/bundles/mutate.h"

#include <stdio.h>
#include <string.h>

#include "common/base/must.h"

#define DAY_US (INT64_C(86400) * 1000000)

/* --- picking --- */

/* A change of this kind (0: any); SIZE_MAX: the bundle has none. */
static size_t pick_change(struct stage *s, uint64_t kind)
{
    struct crafted *b = s->crafted;
    if (b->change_count == 0) {
        return SIZE_MAX;
    }
    size_t first = craft_pick(s->r, b->change_count);
    for (size_t k = 0; k < b->change_count; k++) {
        size_t i = (first + k) % b->change_count;
        if (kind == 0 || craft_field(&b->change[i], 1)->value == kind) {
            return i;
        }
    }
    return SIZE_MAX;
}

static struct form *pick_entry(struct stage *s)
{
    size_t i = pick_change(s, 1);
    return i == SIZE_MAX ? NULL : &s->crafted->entry[i];
}

/* Any message of the bundle. */
static struct form *pick_form(struct stage *s)
{
    struct crafted *b = s->crafted;
    size_t i = pick_change(s, 0);
    struct form *entry = pick_entry(s);
    switch (craft_pick(s->r, 4)) {
    case 0:
        return b->chunk_count > 0 ? &b->chunk[craft_pick(s->r, b->chunk_count)] : &b->manifest;
    case 1:
        return i != SIZE_MAX ? &b->change[i] : &b->manifest;
    case 2:
        return entry != NULL ? entry : &b->manifest;
    default:
        return &b->manifest;
    }
}

static struct piece *pick_piece(struct stage *s)
{
    struct form *form = pick_form(s);
    return &form->piece[craft_pick(s->r, form->count)];
}

/* --- other forms of the same --- */

static bool tag_too_long(struct stage *s)
{
    pick_piece(s)->tag_pad = (uint8_t)(1 + craft_pick(s->r, 4));
    return true;
}

static bool value_too_long(struct stage *s)
{
    pick_piece(s)->value_pad = (uint8_t)(1 + craft_pick(s->r, 5));
    return true;
}

static bool field_twice(struct stage *s)
{
    struct form *form = pick_form(s);
    if (form->count == CRAFT_PIECES) {
        return false;
    }
    size_t at = craft_pick(s->r, form->count);
    memmove(&form->piece[at + 1], &form->piece[at], (form->count - at) * sizeof(struct piece));
    form->count++;
    return true;
}

static bool fields_swapped(struct stage *s)
{
    static struct piece copy;
    struct form *form = pick_form(s);
    if (form->count < 2) {
        return false;
    }
    size_t a = craft_pick(s->r, form->count);
    size_t b = (a + 1 + craft_pick(s->r, form->count - 1)) % form->count;
    copy = form->piece[a];
    form->piece[a] = form->piece[b];
    form->piece[b] = copy;
    return true;
}

static bool unknown_field(struct stage *s)
{
    struct form *form = pick_form(s);
    if (form->count == CRAFT_PIECES) {
        return false;
    }
    struct piece *piece = &form->piece[form->count++];
    memset(piece, 0, sizeof(*piece));
    piece->number = 13 + (uint32_t)craft_pick(s->r, 3000);
    piece->run = craft_pick(s->r, 2) == 0;
    piece->value = craft_draw(s->r) >> craft_pick(s->r, 64);
    piece->size = craft_pick(s->r, 20);
    return true;
}

/* A field that is left out when it is zero or empty, written all the same. */
static bool default_written(struct stage *s)
{
    static const struct {
        uint32_t number;
        bool run;
    } of_change[] = {
        {2, true },
        {3, true },
        {4, true },
        {5, true },
        {6, true },
        {7, false},
    };
    size_t i = pick_change(s, 0);
    if (i == SIZE_MAX) {
        return false;
    }
    struct form *form = &s->crafted->change[i];
    size_t which = craft_pick(s->r, ARRAY_LEN(of_change));
    uint32_t number = of_change[which].number;
    if (craft_has(form, number) || (number == 2 && s->crafted->has_entry[i])) {
        return false;
    }
    struct piece *piece = craft_field(form, number);
    piece->run = of_change[which].run;
    return true;
}

static bool trailing_bytes(struct stage *s)
{
    struct form *form = pick_form(s);
    form->tail_size = 1 + craft_pick(s->r, sizeof(form->tail));
    for (size_t i = 0; i < form->tail_size; i++) {
        form->tail[i] = (uint8_t)craft_draw(s->r);
    }
    return true;
}

static bool cut_short(struct stage *s)
{
    pick_form(s)->cut = 1 + craft_pick(s->r, 3);
    return true;
}

static bool wrong_wire_type(struct stage *s)
{
    struct piece *piece = pick_piece(s);
    if (piece->run) {
        piece->run = false;
        piece->value = craft_draw(s->r) >> craft_pick(s->r, 64);
        return true;
    }
    piece->run = true;
    piece->size = craft_pick(s->r, 12);
    return true;
}

static bool number_over_32_bits(struct stage *s)
{
    static const uint32_t numbers[] = {2, 3, 10, 12};
    struct form *entry = pick_entry(s);
    if (entry == NULL) {
        return false;
    }
    craft_field(entry, numbers[craft_pick(s->r, ARRAY_LEN(numbers))])->value |=
        UINT64_C(1) << (32 + craft_pick(s->r, 32));
    return true;
}

static bool text_with_a_nul(struct stage *s)
{
    static const uint32_t numbers[] = {1, 5, 6, 7, 11};
    struct form *entry = pick_entry(s);
    if (entry == NULL) {
        return false;
    }
    struct piece *piece = craft_field(entry, numbers[craft_pick(s->r, ARRAY_LEN(numbers))]);
    piece->data[craft_pick(s->r, piece->size)] = '\0';
    return true;
}

/* --- the manifest --- */

static bool wrong_version(struct stage *s)
{
    static const uint64_t versions[] = {0, 2, 3, UINT32_MAX};
    craft_set_number(&s->crafted->manifest, 1, versions[craft_pick(s->r, ARRAY_LEN(versions))]);
    return true;
}

static bool wrong_name(struct stage *s)
{
    static const char *const names[] = {"",
                                        "other",
                                        "West-Station",
                                        "west-station ",
                                        "west_one",
                                        "-west",
                                        "west/station",
                                        "西站",
                                        "west-statiOn",
                                        "\x1b[2J",
                                        "north-parkk",
                                        "a-name-that-is-longer-than-any-name-may-be"};
    craft_set_text(&s->crafted->manifest, 2 + (uint32_t)craft_pick(s->r, 2),
                   names[craft_pick(s->r, ARRAY_LEN(names))]);
    return true;
}

static bool wrong_number(struct stage *s)
{
    uint64_t right = s->expected->last_number + 1;
    uint64_t wrong[] = {0,         1,           right - 1,  right + 1,       right + 2,
                        right / 2, right << 32, UINT64_MAX, craft_draw(s->r)};
    uint64_t number = wrong[craft_pick(s->r, ARRAY_LEN(wrong))];
    craft_set_number(&s->crafted->manifest, 4, number);
    return number != right;
}

static bool wrong_base(struct stage *s)
{
    struct form *manifest = &s->crafted->manifest;
    if (!craft_has(manifest, 5)) {
        uint8_t zeros[32] = {0};
        craft_set_bytes(manifest, 5, zeros, sizeof(zeros)); /* the first has none */
        return true;
    }
    struct piece *piece = craft_field(manifest, 5);
    switch (craft_pick(s->r, 4)) {
    case 0:
        craft_drop(manifest, 5);
        return true;
    case 1:
        piece->size = 1 + craft_pick(s->r, 31);
        return true;
    case 2:
        piece->size = 33 + craft_pick(s->r, 32);
        return true;
    default:
        piece->data[craft_pick(s->r, 32)] ^= (uint8_t)(1U << craft_pick(s->r, 8));
        return true;
    }
}

static bool wrong_age(struct stage *s)
{
    int64_t now = s->expected->now.us;
    int64_t times[] = {0,
                       1,
                       -1,
                       INT64_MIN,
                       INT64_MAX,
                       now + (LIMIT_WATCH_EARLY_S + 1) * INT64_C(1000000),
                       now + (int64_t)craft_pick(s->r, 3000) * DAY_US + DAY_US,
                       now - (LIMIT_WATCH_BUNDLE_S + 1) * INT64_C(1000000),
                       now - (int64_t)craft_pick(s->r, 20000) * DAY_US - 8 * DAY_US,
                       253402300800000000};
    craft_set_number(&s->crafted->manifest, 6, (uint64_t)times[craft_pick(s->r, ARRAY_LEN(times))]);
    return true;
}

static bool wrong_count(struct stage *s)
{
    struct form *manifest = &s->crafted->manifest;
    uint32_t number = 7 + (uint32_t)craft_pick(s->r, 4);
    uint64_t right = craft_has(manifest, number) ? craft_field(manifest, number)->value : 0;
    uint64_t wrong[] = {right + 1, right == 0 ? 5 : right - 1, right + 0x80000000, UINT32_MAX};
    craft_set_number(manifest, number, wrong[craft_pick(s->r, ARRAY_LEN(wrong))]);
    return true;
}

/* One kind is said to be another: the sum is right. */
static bool counts_shifted(struct stage *s)
{
    struct form *manifest = &s->crafted->manifest;
    uint32_t from = 8 + (uint32_t)craft_pick(s->r, 3);
    uint32_t to = 8 + (from - 8 + 1 + (uint32_t)craft_pick(s->r, 2)) % 3;
    if (!craft_has(manifest, from)) {
        return false;
    }
    uint64_t there = craft_has(manifest, to) ? craft_field(manifest, to)->value : 0;
    craft_set_number(manifest, from, craft_field(manifest, from)->value - 1);
    craft_set_number(manifest, to, there + 1);
    return true;
}

static bool digest_missing(struct stage *s)
{
    s->crafted->digest_less = 1;
    return s->crafted->chunk_count > 0;
}

static bool digest_twice(struct stage *s)
{
    s->crafted->digest_more = 1;
    return s->crafted->chunk_count > 0;
}

static bool digest_cut(struct stage *s)
{
    s->crafted->digest_size = 1 + craft_pick(s->r, 31);
    return s->crafted->chunk_count > 0;
}

static bool digests_swapped(struct stage *s)
{
    s->crafted->digests_swapped = true;
    return s->crafted->chunk_count > 1;
}

/* --- chunks and changes --- */

static bool wrong_index(struct stage *s)
{
    struct crafted *b = s->crafted;
    if (b->chunk_count == 0) {
        return false;
    }
    size_t c = craft_pick(s->r, b->chunk_count);
    uint64_t wrong[] = {0, c, c + 2, UINT32_MAX};
    craft_set_number(&b->chunk[c], 1, wrong[craft_pick(s->r, ARRAY_LEN(wrong))]);
    return true;
}

static void swap_changes(struct crafted *b, size_t i, size_t k)
{
    static struct form form;
    form = b->change[i];
    b->change[i] = b->change[k];
    b->change[k] = form;
    form = b->entry[i];
    b->entry[i] = b->entry[k];
    b->entry[k] = form;
    bool has = b->has_entry[i];
    b->has_entry[i] = b->has_entry[k];
    b->has_entry[k] = has;
}

static bool changes_swapped(struct stage *s)
{
    struct crafted *b = s->crafted;
    if (b->change_count < 2) {
        return false;
    }
    size_t i = craft_pick(s->r, b->change_count);
    swap_changes(b, i, (i + 1 + craft_pick(s->r, b->change_count - 1)) % b->change_count);
    return true;
}

/* A change in the place of another: an entry stands twice. */
static bool entry_twice(struct stage *s)
{
    struct crafted *b = s->crafted;
    if (b->change_count < 2) {
        return false;
    }
    size_t i = craft_pick(s->r, b->change_count);
    size_t k = (i + 1) % b->change_count;
    b->change[k] = b->change[i];
    b->entry[k] = b->entry[i];
    b->has_entry[k] = b->has_entry[i];
    craft_count(b);
    return true;
}

static bool empty_chunk(struct stage *s)
{
    struct crafted *b = s->crafted;
    if (b->chunk_count < 2) {
        return false;
    }
    b->first[1] = craft_pick(s->r, 2) == 0 ? b->first[0] : b->first[2];
    return true;
}

static bool unknown_kind(struct stage *s)
{
    static const uint64_t kinds[] = {0, 4, 5, 255, UINT32_MAX};
    size_t i = pick_change(s, 0);
    if (i == SIZE_MAX) {
        return false;
    }
    craft_set_number(&s->crafted->change[i], 1, kinds[craft_pick(s->r, ARRAY_LEN(kinds))]);
    return true;
}

/* One kind with the fields of another. */
static bool wrong_kind(struct stage *s)
{
    size_t i = pick_change(s, 0);
    if (i == SIZE_MAX) {
        return false;
    }
    struct piece *kind = craft_field(&s->crafted->change[i], 1);
    kind->value = 1 + (kind->value + craft_pick(s->r, 2)) % 3;
    craft_count(s->crafted);
    return true;
}

static bool surplus_field(struct stage *s)
{
    size_t i = pick_change(s, craft_pick(s->r, 2) == 0 ? 1 : 3);
    if (i == SIZE_MAX) {
        return false;
    }
    struct form *change = &s->crafted->change[i];
    uint32_t number = (uint32_t)(s->crafted->has_entry[i] ? 3 : 4) + (uint32_t)craft_pick(s->r, 3);
    craft_set_text(change, number, "Zhang San 17");
    return true;
}

static bool renewal_incomplete(struct stage *s)
{
    size_t i = pick_change(s, 2);
    if (i == SIZE_MAX) {
        return false;
    }
    craft_drop(&s->crafted->change[i], 3 + (uint32_t)craft_pick(s->r, 5));
    return true;
}

static bool renewal_over(struct stage *s)
{
    size_t i = pick_change(s, 2);
    if (i == SIZE_MAX) {
        return false;
    }
    int64_t made = (int64_t)craft_field(&s->crafted->manifest, 6)->value;
    int64_t times[] = {made, made - DAY_US, 1, -1, INT64_MIN, INT64_MAX, 253402300800000000};
    craft_set_number(&s->crafted->change[i], 7,
                     (uint64_t)times[craft_pick(s->r, ARRAY_LEN(times))]);
    return true;
}

/* --- entries --- */

static bool field_missing(struct stage *s)
{
    struct form *entry = pick_entry(s);
    if (entry == NULL) {
        return false;
    }
    craft_drop(entry, 1 + (uint32_t)craft_pick(s->r, 12));
    return true;
}

static bool unknown_word(struct stage *s)
{
    static const struct {
        uint32_t number;
        uint64_t first;
    } words[] = {
        {2,  6},
        {3,  4},
        {10, 3},
        {12, 8}
    };
    struct form *entry = pick_entry(s);
    if (entry == NULL) {
        return false;
    }
    size_t which = craft_pick(s->r, ARRAY_LEN(words));
    craft_set_number(entry, words[which].number,
                     words[which].first + (craft_draw(s->r) & 0xffffffffU) % 1000);
    return true;
}

static bool category_that_does_not_fit(struct stage *s)
{
    static const uint64_t of_vehicles[] = {4, 5};
    static const uint64_t of_persons[] = {1, 3};
    struct form *entry = pick_entry(s);
    if (entry == NULL) {
        return false;
    }
    bool plate = craft_field(entry, 3)->value == 1;
    craft_set_number(entry, 2, (plate ? of_persons : of_vehicles)[craft_pick(s->r, 2)]);
    return true;
}

static bool matcher_of_another(struct stage *s)
{
    struct form *entry = pick_entry(s);
    if (entry == NULL) {
        return false;
    }
    struct piece *matcher = craft_field(entry, 3);
    matcher->value = 1 + (matcher->value + craft_pick(s->r, 2)) % 3;
    craft_set_number(entry, 2, 2); /* a court order goes with each */
    return true;
}

static const struct {
    unsigned matcher;
    const char *text;
    size_t size;
} wrong_matches[] = {
/* clang-format off */
#define MATCH(matcher, words) {matcher, words, sizeof(words) - 1}
    MATCH(1, "京a12345"),
    MATCH(1, "京A-12345"),
    MATCH(1, "京A1234"),
    MATCH(1, "京A1234?"),
    MATCH(1, " 京A12345"),
    MATCH(1, "京Ａ12345"),
    MATCH(1, "京AO2345"),
    MATCH(1, "XX"),
    MATCH(1, "无车牌"),
    MATCH(1, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0"),
    MATCH(2, "\x08\x01\x02\x03"),
    MATCH(2, "\0\0\0\0"),
    MATCH(2, "\x04\x05\x06"),
    MATCH(2, "0123456789a"),
    MATCH(3, "11010519491231002X"),
    MATCH(3, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
    MATCH(3, "0123456789abcdef0123456789abcde"),
    MATCH(3, "0123456789abcdef0123456789abcdefg"),
#undef MATCH
    /* clang-format on */
};

static bool wrong_match(struct stage *s)
{
    struct form *entry = pick_entry(s);
    if (entry == NULL) {
        return false;
    }
    size_t which = craft_pick(s->r, ARRAY_LEN(wrong_matches));
    craft_set_number(entry, 2, 2); /* a court order goes with each matcher */
    craft_set_number(entry, 3, wrong_matches[which].matcher);
    craft_set_bytes(entry, 4, wrong_matches[which].text, wrong_matches[which].size);
    return true;
}

static bool wrong_id(struct stage *s)
{
    static const char *const ids[] = {
        "-e",
        ".e",
        "e 1",
        "e/1",
        "e\n",
        "\x1b[2J",
        "张三",
        "e\xe2\x80\xae",
        "e1234567890123456789012345678901234567890123456789012345678901234"};
    size_t i = pick_change(s, 0);
    if (i == SIZE_MAX) {
        return false;
    }
    const char *id = ids[craft_pick(s->r, ARRAY_LEN(ids))];
    if (s->crafted->has_entry[i]) {
        craft_set_text(&s->crafted->entry[i], 1, id);
    } else {
        craft_set_text(&s->crafted->change[i], 3, id);
    }
    return true;
}

/* What no text may hold; put in somewhere between two characters. */
static const char *const intruders[] = {
    "\xe2\x80\xae",
    "\xe2\x80\xab",
    "\xe2\x81\xa6",
    "\xe2\x80\x8b",
    "\xe2\x80\x8d",
    "\xef\xbb\xbf",
    "\xc2\xad",
    "\xc2\xa0",
    "\xe3\x80\x80",
    "\xc2\x85",
    "\xe2\x80\xa8",
    "\x01",
    "\t",
    "\n",
    "\r",
    "\x1b[31m",
    "\x7f",
    "\xd0\xb0",
    "\xce\xbf",
    "\xef\xbc\xa1",
    "\xcc\x81",
    "\xee\x80\x80",
    "\xf3\xa0\x81\x81",
    "\xff",
    "\xc0\x80",
    "\xed\xa0\x80",
    "  ",
    "\xf4\x90\x80\x80",
};

static bool wrong_character(struct stage *s)
{
    static const uint32_t of_entry[] = {5, 6, 7, 11};
    static const uint32_t of_renewal[] = {4, 5, 6};
    size_t i = pick_change(s, 1 + craft_pick(s->r, 2));
    if (i == SIZE_MAX) {
        return false;
    }
    bool add = s->crafted->has_entry[i];
    struct form *form = add ? &s->crafted->entry[i] : &s->crafted->change[i];
    struct piece *piece =
        craft_field(form, add ? of_entry[craft_pick(s->r, 4)] : of_renewal[craft_pick(s->r, 3)]);
    const char *intruder = intruders[craft_pick(s->r, ARRAY_LEN(intruders))];
    size_t size = strlen(intruder);
    size_t at = craft_pick(s->r, piece->size + 1);
    while (at < piece->size && (piece->data[at] & 0xc0) == 0x80) {
        at++;
    }
    memmove(piece->data + at + size, piece->data + at, piece->size - at);
    memcpy(piece->data + at, intruder, size);
    piece->size += size;
    return true;
}

static bool wrong_text(struct stage *s)
{
    static const uint32_t numbers[] = {5, 6, 7, 11};
    static const char *const texts[] = {" 张三17", "张三17 ", "-",        "?",           "1",
                                        "。",      "x",       "\xe5\xbc", "张三\xe4\xb8"};
    struct form *entry = pick_entry(s);
    if (entry == NULL) {
        return false;
    }
    uint32_t number = numbers[craft_pick(s->r, ARRAY_LEN(numbers))];
    const char *text = texts[craft_pick(s->r, ARRAY_LEN(texts))];
    if (number == 6 && strcmp(text, "1") == 0) {
        text = "no digit"; /* one is a case number's whole */
    }
    craft_set_text(entry, number, text);
    return true;
}

static bool text_too_long(struct stage *s)
{
    static const struct {
        uint32_t number;
        size_t most;
    } fields[] = {
        {5,  LIMIT_WATCH_NAME_BYTES },
        {6,  LIMIT_WATCH_NAME_BYTES },
        {7,  LIMIT_WATCH_BASIS_BYTES},
        {11, LIMIT_WATCH_NAME_BYTES },
    };
    char text[CRAFT_DATA];
    struct form *entry = pick_entry(s);
    if (entry == NULL) {
        return false;
    }
    size_t which = craft_pick(s->r, ARRAY_LEN(fields));
    size_t size = fields[which].most + 1 + (craft_pick(s->r, 2) == 0 ? 0 : craft_pick(s->r, 900));
    memset(text, '7', size);
    text[0] = text[1] = 'x';
    craft_set_bytes(entry, fields[which].number, text, size);
    return true;
}

static bool wrong_times(struct stage *s)
{
    struct form *entry = pick_entry(s);
    if (entry == NULL) {
        return false;
    }
    int64_t made = (int64_t)craft_field(&s->crafted->manifest, 6)->value;
    int64_t most = craft_field(entry, 3)->value == 1 ? 365 : 90;
    int64_t nines = 253402300799999999;
    int64_t pairs[][2] = {
        {made,                   made                    },
        {made - 2 * DAY_US,      made - DAY_US           },
        {made + 2 * DAY_US,      made + DAY_US           },
        {made + DAY_US,          made + DAY_US           },
        {made + 30 * DAY_US + 1, made + 40 * DAY_US      },
        {made,                   made + most * DAY_US + 1},
        {made,                   nines                   },
        {made,                   nines + 1               },
        {made,                   INT64_MAX               },
        {1,                      made + DAY_US           },
        {-1,                     made + DAY_US           },
        {INT64_MIN,              made + DAY_US           },
        {INT64_MIN,              INT64_MAX               },
        {INT64_MAX,              INT64_MIN               },
        {nines,                  nines                   },
        {made - 400 * DAY_US,    made + DAY_US           },
        {0,                      made + DAY_US           },
        {made,                   0                       },
    };
    size_t which = craft_pick(s->r, ARRAY_LEN(pairs));
    craft_set_number(entry, 8, (uint64_t)pairs[which][0]);
    craft_set_number(entry, 9, (uint64_t)pairs[which][1]);
    return true;
}

/* --- on the way --- */

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

#define BEFORE(function)                                                                           \
    {                                                                                              \
        .name = #function, .before = function                                                      \
    }
#define AFTER(function)                                                                            \
    {                                                                                              \
        .name = #function, .after = function                                                       \
    }

static const struct mutation mutations[] = {
    BEFORE(tag_too_long),       BEFORE(value_too_long),
    BEFORE(field_twice),        BEFORE(fields_swapped),
    BEFORE(unknown_field),      BEFORE(default_written),
    BEFORE(trailing_bytes),     BEFORE(cut_short),
    BEFORE(wrong_wire_type),    BEFORE(number_over_32_bits),
    BEFORE(text_with_a_nul),    BEFORE(wrong_version),
    BEFORE(wrong_name),         BEFORE(wrong_number),
    BEFORE(wrong_base),         BEFORE(wrong_age),
    BEFORE(wrong_count),        BEFORE(counts_shifted),
    BEFORE(digest_missing),     BEFORE(digest_twice),
    BEFORE(digest_cut),         BEFORE(digests_swapped),
    BEFORE(wrong_index),        BEFORE(changes_swapped),
    BEFORE(entry_twice),        BEFORE(empty_chunk),
    BEFORE(unknown_kind),       BEFORE(wrong_kind),
    BEFORE(surplus_field),      BEFORE(renewal_incomplete),
    BEFORE(renewal_over),       BEFORE(field_missing),
    BEFORE(unknown_word),       BEFORE(category_that_does_not_fit),
    BEFORE(matcher_of_another), BEFORE(wrong_match),
    BEFORE(wrong_id),           BEFORE(wrong_character),
    BEFORE(wrong_text),         BEFORE(text_too_long),
    BEFORE(wrong_times),        AFTER(bit_flipped),
    AFTER(bytes_changed),       AFTER(bytes_cut),
    AFTER(bytes_put_in),        AFTER(bytes_left_out),
    AFTER(chunks_swapped),      AFTER(chunk_missing),
    AFTER(chunk_too_many),      AFTER(chunk_of_another),
    AFTER(manifest_of_another), AFTER(signature_of_another),
    AFTER(signed_by_another),   AFTER(signed_as_another_thing),
    AFTER(not_signed),          AFTER(signature_made_longer),
    AFTER(an_old_one_again),    AFTER(key_was_replaced),
    AFTER(park_went_on),        AFTER(park_has_another_base),
    AFTER(park_is_another),     AFTER(pushed_with_anothers_link_key),
    AFTER(pushed_late),
};

const struct mutation *mutation_table(size_t *ret_count)
{
    *ret_count = ARRAY_LEN(mutations);
    return mutations;
}

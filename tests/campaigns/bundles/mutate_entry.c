/* What an entry says wrongly. */
#include "tests/campaigns/bundles/mutate_parts.h"

#include <string.h>

#include "common/base/must.h"

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

static const struct mutation rows[] = {
    BEFORE(field_missing),      BEFORE(unknown_word), BEFORE(category_that_does_not_fit),
    BEFORE(matcher_of_another), BEFORE(wrong_match),  BEFORE(wrong_id),
    BEFORE(wrong_character),    BEFORE(wrong_text),   BEFORE(text_too_long),
    BEFORE(wrong_times),
};
const struct mutations mutations_of_entry = {.items = rows, .count = ARRAY_LEN(rows)};

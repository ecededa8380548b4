/* Other forms of the same message. */
#include "tests/campaigns/bundles/mutate_parts.h"

#include <string.h>

#include "common/base/must.h"

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

static const struct mutation rows[] = {
    BEFORE(tag_too_long),        BEFORE(value_too_long),  BEFORE(field_twice),
    BEFORE(fields_swapped),      BEFORE(unknown_field),   BEFORE(default_written),
    BEFORE(trailing_bytes),      BEFORE(cut_short),       BEFORE(wrong_wire_type),
    BEFORE(number_over_32_bits), BEFORE(text_with_a_nul),
};
const struct mutations mutations_of_form = {.items = rows, .count = ARRAY_LEN(rows)};

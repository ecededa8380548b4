#include "tests/campaigns/bundles/mutate.h"

#include <string.h>

#include "common/base/must.h"
#include "tests/campaigns/bundles/mutate_parts.h"

size_t pick_change(struct stage *s, uint64_t kind)
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

struct form *pick_entry(struct stage *s)
{
    size_t i = pick_change(s, 1);
    return i == SIZE_MAX ? NULL : &s->crafted->entry[i];
}

struct form *pick_form(struct stage *s)
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

struct piece *pick_piece(struct stage *s)
{
    struct form *form = pick_form(s);
    return &form->piece[craft_pick(s->r, form->count)];
}

enum { MUTATIONS_MAX = 128 };

const struct mutation *mutation_table(size_t *ret_count)
{
    static struct mutation all[MUTATIONS_MAX];
    const struct mutations *const parts[] = {&mutations_of_form, &mutations_of_manifest,
                                             &mutations_of_entry, &mutations_of_way};
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        MUST(parts[i]->count <= MUTATIONS_MAX - count);
        memcpy(&all[count], parts[i]->items, parts[i]->count * sizeof(all[0]));
        count += parts[i]->count;
    }
    *ret_count = count;
    return all;
}

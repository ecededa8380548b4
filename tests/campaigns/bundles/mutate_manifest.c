/* What a manifest, a chunk or a change says wrongly. */
#include "tests/campaigns/bundles/mutate_parts.h"

#include "common/base/must.h"

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

static const struct mutation rows[] = {
    BEFORE(wrong_version),      BEFORE(wrong_name),      BEFORE(wrong_number),
    BEFORE(wrong_base),         BEFORE(wrong_age),       BEFORE(wrong_count),
    BEFORE(counts_shifted),     BEFORE(digest_missing),  BEFORE(digest_twice),
    BEFORE(digest_cut),         BEFORE(digests_swapped), BEFORE(wrong_index),
    BEFORE(changes_swapped),    BEFORE(entry_twice),     BEFORE(empty_chunk),
    BEFORE(unknown_kind),       BEFORE(wrong_kind),      BEFORE(surplus_field),
    BEFORE(renewal_incomplete), BEFORE(renewal_over),
};
const struct mutations mutations_of_manifest = {.items = rows, .count = ARRAY_LEN(rows)};

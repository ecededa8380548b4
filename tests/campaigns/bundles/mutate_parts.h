/* mutate_parts: what the files of mutations share (mutate.h). */
#pragma once

#include "tests/campaigns/bundles/mutate.h"

#define DAY_US (INT64_C(86400) * 1000000)

/* A change of this kind (0: any); SIZE_MAX: the bundle has none. */
size_t pick_change(struct stage *s, uint64_t kind);
/* An entry that is added; NULL: the bundle has none. */
struct form *pick_entry(struct stage *s);
/* Any message of the bundle. */
struct form *pick_form(struct stage *s);
struct piece *pick_piece(struct stage *s);

#define BEFORE(function)                                                                           \
    {                                                                                              \
        .name = #function, .before = function                                                      \
    }
#define AFTER(function)                                                                            \
    {                                                                                              \
        .name = #function, .after = function                                                       \
    }

struct mutations {
    const struct mutation *items;
    size_t count;
};

/* Other forms of the same; the manifest, chunks and changes; entries; what is done on the way. */
extern const struct mutations mutations_of_form, mutations_of_manifest, mutations_of_entry,
    mutations_of_way;

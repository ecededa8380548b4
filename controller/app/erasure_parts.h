/* erasure_parts: what the files of erasing share. Not for others. */
#pragma once

#include "controller/app/erasure.h"
#include "controller/store/erasure_store.h"

/* How far each gate's copy is, and which gates nobody can ask any more. */
enum { ERASURE_GONE_BYTES = 512 };
struct erasure_gates {
    size_t count;
    uint64_t at[LIMIT_AGENTS];     /* its copy has come so far; 0: it has not said */
    char gone[ERASURE_GONE_BYTES]; /* names of boxes that the park file has no more; "": none */
};
MUST_CHECK enum err erasure_gates_look(struct controller *ctl, struct erasure_gates *ret,
                                       struct fault *fault);
/* How many have not come past this entry. */
size_t erasure_gates_behind(const struct erasure_gates *gates, uint64_t sequence);

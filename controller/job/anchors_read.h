/* anchors_read: every anchor that is kept of the journal: the export's and those that gates showed,
 * in anchor_dir, and of one more file. */
#pragma once

#include "common/base/ids.h"
#include "controller/journal/chain_check.h"
#include "schema/limits.h"

enum { ANCHOR_KEEPERS_MAX = 2 * LIMIT_AGENTS + 8, ANCHOR_KEEPER_SIZE = NAME_SIZE + 16 };

struct anchor_keeper {
    char name[ANCHOR_KEEPER_SIZE];
    uint64_t states[ANCHOR_STATES];
    uint64_t newest;
    size_t bad; /* lines that are none */
};

/* Zeroed before. Large: not for the stack. */
struct anchors_read {
    size_t keeper_count, count, room;
    struct anchor_keeper keepers[ANCHOR_KEEPERS_MAX];
    struct kept_anchor *anchors; /* `keeper` of each: which of these */
};

/* Files that are not there say nothing; `file` (NULL: none) must be. ERR_FULL: too many. */
MUST_CHECK enum err anchors_read(struct anchors_read *read, const char *dir, const char *file,
                                 struct fault *fault);
void anchors_read_end(struct anchors_read *read);
/* Who kept what the report's finding rests on; "": nobody. */
const char *anchors_read_witness(const struct anchors_read *read,
                                 const struct chain_report *report);

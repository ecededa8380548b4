/* small_journal: a journal of SMALL_ENTRIES known entries with an anchor of every fifth, and what
 * somebody who has the controller's disk could make of it. In memory; everything aborts or fails
 * the running test when something is not as said.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "controller/journal/chain_check.h"
#include "controller/journal/journal.h"

enum {
    SMALL_ENTRIES = 30,
    SMALL_EVERY = 5, /* an anchor, in turn the export's and gate 1's */
    SMALL_RECORDS_MAX = 192,
    SMALL_ANCHORS_MAX = 64,
    SMALL_RECORD_MAX = 320,
};

struct small_record {
    uint64_t key;
    size_t size;
    uint8_t bytes[SMALL_RECORD_MAX];
};

struct journal_case {
    uint64_t random;
    struct sign_key key, former_key;
    uint8_t branch[ANCHOR_BRANCH_SIZE];
    int64_t time_us;
    size_t count, anchor_count;
    struct small_record record[SMALL_RECORDS_MAX];
    struct kept_anchor anchor[SMALL_ANCHORS_MAX];
    /* of the last check */
    struct kept_anchor checked[SMALL_ANCHORS_MAX];
    struct chain_check check;
};

struct journal_case *journal_case_open(void);
/* The same seed gives the same journal and keys, another one others. */
struct journal_case *journal_case_open_of(uint64_t seed);
void journal_case_close(struct journal_case *j);
uint64_t journal_case_draw(struct journal_case *j);

/* Runs chain_check over it; the report is valid until the next check. */
const struct chain_report *journal_case_check(struct journal_case *j);

/* --- what the park does --- */

void journal_case_grow(struct journal_case *j, size_t entries);
void journal_case_anchor(struct journal_case *j, uint16_t keeper);
void journal_case_replace_key(struct journal_case *j);
/* A backup that ends at this sequence is restored. */
void journal_case_restore(struct journal_case *j, uint64_t backup);

/* --- what somebody with the disk does; indices begin at 0 --- */

/* Other content under the same number; the hash stays. */
void journal_case_alter(struct journal_case *j, size_t index);
/* The hashes from this record on are made to fit. */
void journal_case_chain_anew(struct journal_case *j, size_t index);
/* close_up: the keys behind it, too. */
void journal_case_remove(struct journal_case *j, size_t index, bool close_up);
/* A new entry, which calls itself `sequence` and fits the one before it, in this place. */
void journal_case_insert(struct journal_case *j, size_t index, uint64_t sequence);
void journal_case_double(struct journal_case *j, size_t index);
/* Entries get the numbers of their keys again, as a careful forger does; hashes stay. */
void journal_case_number_anew(struct journal_case *j, size_t index);

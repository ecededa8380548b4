/* chain_check: is a journal the one whose heads were anchored, and if not, where does it begin to
 * differ?
 *
 * Entries come one by one in the order of their keys; anchors are what was kept of the journal's
 * signed heads outside of it (common/seal/anchor.h). Three things are found:
 *
 *   a record that does not fit the one before it   altered, missing or inserted, by its sequence
 *   a chain that was made anew                     an anchor that contradicts it; the first false
 *                                                  entry lies behind the newest anchor that fits
 *   an end that was cut off                        an anchor of an entry behind the last one
 *
 * What is behind the newest anchor and was made anew whole is not found: nobody has seen it.
 *
 * After a backup was restored (entry RESTORED) numbers come again. Anchors of the branch that the
 * restore left are told, and contradict nothing.
 *
 * Whoever keeps anchors may be hostile. One that no key of the park signed proves nothing and
 * is not held against the journal. A key that the journal does not name is: when the
 * park's own export has it, or two keepers that are not one gate.
 */
#pragma once

#include "common/seal/anchor.h"

enum anchor_state {
    ANCHOR_NOT_REACHED = 0, /* the walk ended before */
    ANCHOR_FITS,
    ANCHOR_LEFT,          /* of a branch that a restored backup left */
    ANCHOR_OLD,           /* of an entry before the first one there is */
    ANCHOR_FOREIGN_KEY,   /* the journal names no such key */
    ANCHOR_BAD_SIGNATURE, /* not signed by the key that it names */
    ANCHOR_CONTRADICTS,
    ANCHOR_AHEAD, /* of an entry behind the last one */
    ANCHOR_STATES,
};

/* The word of a state in answers. */
const char *anchor_state_word(enum anchor_state state);

enum {
    ANCHOR_KEEPER_PARK = 0
}; /* the park's own export; others are gates, or what the caller says */

struct kept_anchor {
    struct anchor anchor;
    uint16_t keeper;
    enum anchor_state state; /* written by the check */
};

enum chain_finding {
    CHAIN_WHOLE = 0,
    CHAIN_ALTERED,
    CHAIN_MISSING,
    CHAIN_INSERTED,
    CHAIN_REWRITTEN,   /* an anchor contradicts a chain that fits in itself */
    CHAIN_CUT,         /* an anchor is of an entry behind the last one */
    CHAIN_FOREIGN_KEY, /* anchors that can be believed are signed by a key that it does not name */
};

/* The word of a finding in answers. */
const char *chain_finding_word(enum chain_finding finding);

struct chain_report {
    enum chain_finding finding;
    /* ALTERED, MISSING, INSERTED: the first such entry, if all before it are as they were when they
     * were written; REWRITTEN: the first false entry is this or an earlier one; CUT: the first that
     * is missing; in both, entries behind surely_good may be others than they were. FOREIGN_KEY: as
     * REWRITTEN.
     */
    uint64_t at;
    uint64_t upto;        /* CUT: entries up to this one at the least were there */
    uint64_t surely_good; /* of the newest anchor that fits: up to it nothing differs; 0: none */
    const struct kept_anchor *witness; /* of REWRITTEN, CUT, FOREIGN_KEY; in the caller's array */
    uint64_t entries;
    uint64_t first, last; /* entries looked at; `last` is the head when it is WHOLE */
    struct seal_hash last_hash;
    uint64_t restores;    /* entries RESTORED */
    uint64_t restored_at; /* the newest of them */
    /* What restores left: from the first entry behind a backup up to the newest that an anchor
     * tells of; 0: no anchor tells of any. */
    uint64_t left_from, left_upto;
    uint64_t states[ANCHOR_STATES];
};

enum { CHAIN_KEYS_MAX = 64, CHAIN_BRANCHES_MAX = 256 }; /* beyond: the oldest are forgotten */

struct chain_key {
    struct sign_public key;
    char id[SIGN_KEY_ID_SIZE];
};

struct chain_branch {
    uint8_t id[ANCHOR_BRANCH_SIZE];
    struct wall time;    /* of its first entry */
    uint64_t from, upto; /* its entries; `upto` 0: it is the newest */
};

struct chain_check {
    struct kept_anchor *anchors; /* sorted by sequence */
    size_t count, next;
    bool ended;
    struct seal_hash hash;        /* of the entry before */
    struct seal_hash hash_before; /* of the one before that */
    uint64_t expected;            /* the sequence that comes next */
    bool suspect; /* the record at `expected` - 1 does not fit: what comes next tells more */
    size_t key_count, branch_count;
    struct chain_key keys[CHAIN_KEYS_MAX];
    struct chain_branch branches[CHAIN_BRANCHES_MAX];
    struct chain_report report;
};

/* Sorts `anchors`, borrowed until chain_check_end(). `before`: the hash before entry `first`: zeros
 * and 1 for a whole journal. */
void chain_check_begin(struct chain_check *check, uint64_t first, const struct seal_hash *before,
                       struct kept_anchor *anchors, size_t count);
/* A record of the journal (journal.h: hash, packed entry) under its key. False: nothing more needs
 * to be added. */
bool chain_check_add(struct chain_check *check, uint64_t sequence, struct bytes record);
/* The report; its witness is in the caller's array. */
const struct chain_report *chain_check_end(struct chain_check *check);

/* One sentence without a final dot: what was found, for the operator. `keeper` names who kept the
 * witness; "" without one. */
void chain_report_sentence(const struct chain_report *report, const char *keeper, char *out,
                           size_t size);

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
 * Of a journal whose beginning was cut off, the rest is checked in the same way from the hash that
 * the entry TRUNCATION has. That entry must be among the rest, and hold the park's signature of the
 * last one that is gone; anchors of what is gone are old. The newest checkpoint must be of this
 * journal, and said by it.
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
#include "controller/journal/checkpoint_claim.h"

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
    CHAIN_BEGINNING,   /* it begins late, and no entry of it says, signed, that it was cut there */
    CHAIN_CHECKPOINT,  /* a checkpoint is of another journal */
    CHAIN_FINDINGS,
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
    const char *lacks;    /* CHECKPOINT: checkpoint_claim_lacks(); NULL: another hash */
    uint64_t cut_at;      /* the entry by which it begins where it does; 0: a whole journal */
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

/* Where a journal begins whose first entries were cut off (entry TRUNCATION). */
struct chain_base {
    uint64_t upto; /* the last entry that is gone; 0: none is */
    struct seal_hash hash;
    uint64_t recorded_at; /* the entry that says so; it must be met on the way */
    size_t branch_count;
    struct chain_branch branches[CHAIN_BRANCHES_MAX]; /* as of `upto` */
    uint64_t restored_at;
};

struct chain_check {
    bool base_held, base_met; /* held against anchors; the entry that records it was met */
    struct chain_base base;
    uint64_t pin_sequence; /* a checkpoint says what the hash of this entry is; 0: none */
    struct checkpoint_claim claim; /* of that checkpoint */
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

enum { CHAIN_BRANCH_BYTES = ANCHOR_BRANCH_SIZE + 3 * 8 };

/* Branches as bytes, for the entry TRUNCATION: of each its id, u64 time, u64 from, u64 upto. Returns
 * the size; `out` has CHAIN_BRANCH_BYTES for each. */
size_t chain_branches_write(const struct chain_branch *branches, size_t count, uint8_t *out);
/* And back. False: no such bytes, or over CHAIN_BRANCHES_MAX. */
bool chain_branches_read(struct bytes bytes, struct chain_branch *out, size_t *ret_count);

/* Sorts `anchors`, borrowed until chain_check_end(). `before`: the hash before entry `first`: zeros
 * and 1 for a whole journal. */
void chain_check_begin(struct chain_check *check, uint64_t first, const struct seal_hash *before,
                       struct kept_anchor *anchors, size_t count);
/* The same for a journal that was cut off, or not (base->upto 0). Entries up to base->upto that are
 * still there must not be added. */
void chain_check_begin_at(struct chain_check *check, const struct chain_base *base,
                          struct kept_anchor *anchors, size_t count);
/* A key that tables name: the entry that did may be gone. */
void chain_check_know_key(struct chain_check *check, const struct sign_public *key);
/* The newest checkpoint, signed by this key: its entry must have that hash, and the chain say it
 * (checkpoint_claim.h). */
void chain_check_pin(struct chain_check *check, const struct checkpoint *checkpoint,
                     const struct sign_public *key);
/* A record of the journal (journal.h: hash, packed entry) under its key. False: nothing more needs
 * to be added. */
bool chain_check_add(struct chain_check *check, uint64_t sequence, struct bytes record);
/* The report; its witness is in the caller's array. */
const struct chain_report *chain_check_end(struct chain_check *check);

/* One sentence without a final dot: what was found, for the operator. `keeper` names who kept the
 * witness; "" without one. */
void chain_report_sentence(const struct chain_report *report, const char *keeper, char *out,
                           size_t size);

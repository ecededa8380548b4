/* replay: every table once more from the journal, in an empty store beside the real one.
 *
 * A whole journal is replayed from its first entry. One whose beginning was cut off is replayed from
 * the newest checkpoint: its snapshot is loaded, and what stands behind it in the journal applied.
 * Either way the whole chain that is left is checked, from the first entry or from the hash that the
 * truncation recorded.
 */
#pragma once

#include "controller/job/job.h"
#include "controller/journal/journal.h"

struct replay {
    struct store *live;
    struct store_txn *read; /* of the live store */
    struct store *copy;
    struct journal_head head; /* of what was replayed */
    uint64_t entries;         /* that were read */
    uint64_t begins_behind;   /* the last entry that was cut off; 0: none */
    uint64_t from;            /* the checkpoint it began with; 0: the first entry */
    char copy_dir[STORE_PATH_SIZE];
};

/* Opens the live store and an empty one beside it (replay_copy.h), on the same disk. */
MUST_CHECK enum err replay_open(const struct job_paths *paths, struct replay *replay,
                                struct fault *fault);
/* Loads the newest checkpoint into the copy, and no more, where the journal's beginning was cut off;
 * else it stays empty (from, begins_behind 0). The chain that is left must say that checkpoint, as
 * for replay_run(). Errors as there. */
MUST_CHECK enum err replay_load(struct replay *replay, const char *checkpoint_dir,
                                struct fault *fault);
/* Fills the copy. ERR_CORRUPT, ERR_NOT_FOUND: journal or checkpoint are not what they were; the
 * fault names what. */
MUST_CHECK enum err replay_run(struct replay *replay, const char *checkpoint_dir,
                               struct fault *fault);
/* Compares all tables. Rows `table TAB key TAB difference` go to standard output, the first of them
 * as a sentence to `first`. */
MUST_CHECK enum err replay_compare(struct replay *replay, uint64_t *ret_tables,
                                   uint64_t *ret_differences, char *first, size_t first_size,
                                   struct fault *fault);
/* Closes both and removes the copy. A zeroed one is accepted. */
void replay_end(struct replay *replay);

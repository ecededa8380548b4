/* job: work on the store in a process of its own, on a read transaction, while the controller runs.
 *
 * What a job finds it prints to standard output for controller/app/waiters.h: lines `name=value`,
 * and rows with tabs under a line `columns=`; `failed=text` when what was checked is not so. The
 * status is 0 when the job itself ran to its end, else 1.
 */
#pragma once

#include "common/seal/box.h"
#include "common/store/store.h"

struct job_paths {
    const char *store, *keys; /* directories of the two environments */
    const char *config;       /* controller.conf */
    const char *key_file, *index_key_file, *gates_key_file, *recovery_key_file, *sign_key_file;
    const char *anchor_dir; /* of the export, and of what gates showed */
    const char *checkpoint_dir; /* of snapshots (checkpoint_file.h) */
};

/* Checks the chain, rebuilds every table from the journal into an empty store beside the real one
 * and compares keys and values. */
int job_verify(const struct job_paths *paths);
/* Checks the chain against all anchors that are kept: in anchor_dir, and in this file of somebody
 * else (NULL: none). A line `finding=` says what it found (chain_check.h). */
int job_audit(const struct job_paths *paths, const char *anchors_file);
/* Writes the journal's bytes and the anchors into the new directory `dir`, for openssl. */
int job_audit_export(const struct job_paths *paths, const char *dir);
/* Verifies as job_verify(), then writes all tables into checkpoint_dir (snapshot.h) for the park to
 * sign. Prints `seq`, `hash`, `digest`, `size`, `rows`. What does not verify, or contradicts an anchor
 * as job_audit() has them, gives no checkpoint. */
int job_checkpoint(const struct job_paths *paths);
/* May the entries up to this one go? The newest checkpoint's signature, size and digest are checked,
 * the whole chain against the anchors as job_audit() does, and the chain up to there. Prints `upto`, `hash`, `checkpoint`, `newest_us`, and what the entries
 * say of branches, packed, as hex (`branches`). */
int job_truncate(const struct job_paths *paths, const char *upto);
/* Removes the snapshots of checkpoints older than the newest one that the journal names, and what
 * killed jobs left beside the store (replay_copy.h). */
int job_checkpoint_tidy(const struct job_paths *paths);
/* Counts the headcount once more from the journal. */
int job_recount(const struct job_paths *paths);
/* Copies store, person keys (a file of their own) and configuration into the new directory `dir`.
 */
int job_backup(const struct job_paths *paths, const char *dir);
/* The person-key environment copied whole and compact into DIR.rewrite. Prints `txn`: the state it
 * shows; 0: it changed on the way. */
int job_rewrite_keys(const struct job_paths *paths);
/* Writes over what a swap left of the old file, writes the list of who was erased, takes their keys
 * out of every backup that is where it was written, and the keys of backups older than
 * LIMIT_BACKUP_KEYS_DAYS whole. Prints `backups_left`: those that are not there. */
int job_wipe_keys(const struct job_paths *paths);
/* The two keys that a carried roster is made with. */
struct job_carry_keys {
    struct seal_box_secret controller; /* its CURVE key's secret half */
    struct seal_key gates;             /* gates.key */
};
/* Writes a gate's roster into a new file (common/facts/carry.h). `what`: NUMBER:MADE_US:GATE:FILE
 */
int job_carry(const struct job_paths *paths, const struct job_carry_keys *keys, const char *what);
/* Makes the new park directory `dir` from a backup. `erased` (NULL: none): the list of who was
 * erased since, whose keys do not come back. Prints for a person. */
int job_restore(const char *from, const char *dir, const char *erased);

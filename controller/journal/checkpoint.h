/* checkpoint: all tables as the journal gives them at one entry, with a digest that the park signs.
 *
 * The tables are a file (controller/job/snapshot.h); its digest is SHA-256 over all its bytes. What
 * is signed is text, so that openssl can check it without us:
 *
 *   signed = "parkgate checkpoint 1\n" SEQUENCE HASH DIGEST SIZE TIME BRANCH KEY "\n"
 *
 *   SEQUENCE HASH   of the last entry that is in the tables
 *   DIGEST SIZE     of the file
 *   TIME BRANCH KEY as in an anchor (common/seal/anchor.h)
 *
 * The line beside it, in the export and in docs, has SIGNATURE (base64) as an eighth field.
 */
#pragma once

#include "common/seal/anchor.h"
#include "schema/record.pb-c.h"

enum { CHECKPOINT_LINE_SIZE = 384 /* with its NUL */ };

struct checkpoint {
    uint64_t sequence;
    struct seal_hash hash, digest;
    uint64_t size;
    struct wall time;
    uint8_t branch[ANCHOR_BRANCH_SIZE];
    char key[SIGN_KEY_ID_SIZE];
    struct sign_value value;
    uint64_t recorded_at; /* the entry that says it, by the table; 0 in the entry itself */
};

/* False: a field has not its size. */
bool checkpoint_of_record(const Parkgate__CheckpointRecord *record, struct checkpoint *ret);
/* What is signed, into out: its bytes, borrowed from out. */
struct bytes checkpoint_message(const struct checkpoint *checkpoint,
                                char out[CHECKPOINT_LINE_SIZE]);
void checkpoint_to_line(const struct checkpoint *checkpoint, char out[CHECKPOINT_LINE_SIZE]);
/* Is it signed by this key, and names it? */
bool checkpoint_is_good(const struct checkpoint *checkpoint, const struct sign_public *key);

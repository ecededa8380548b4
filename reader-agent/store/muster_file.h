/* muster_file: the list of who is inside as a muster post keeps it, in the file DIR/muster (0600).
 *
 *   "PGMUST1\n" | the list's key (32), zero while no emergency is on | packed MusterKept
 *
 * Without its key a list opens for the park's muster key alone. The key stands in the file only
 * while an emergency is on, written and wiped in place, so that a full disk hinders neither. A new
 * list replaces the file whole; the key of the one before is overwritten where it lies. A disk that
 * writes elsewhere (flash, copy on write) may keep what was there.
 *
 * Who opens names says so in a file of its own, DIR/muster-opened.XXXXXXXXXXXXXXXX, before they are
 * shown; the agent makes an event of each and removes it.
 */
#pragma once

#include "common/base/clock.h"
#include "common/seal/muster_seal.h"
#include "schema/agent_store.pb-c.h"

enum { MUSTER_NOTE_SIZE = 96, MUSTER_FILE_MAX = 48 << 20 };

/* As it was read. Zero-initialise; muster_file_free() in any state. */
struct muster_file {
    bool open; /* the key stands in it */
    struct seal_key key;
    Parkgate__MusterKept *kept;
};

/* Writes a new list in place of what was there. `key` NULL: closed. ERR_IO, ERR_FULL. */
MUST_CHECK enum err muster_file_write(const char *dir, const Parkgate__MusterKept *kept,
                                      const struct seal_key *key, struct fault *fault);
/* Puts the key into the file that is there, or (NULL) wipes it. ERR_NOT_FOUND, ERR_IO. */
MUST_CHECK enum err muster_file_set_key(const char *dir, const struct seal_key *key,
                                        struct fault *fault);
/* ERR_NOT_FOUND: there is none. ERR_CORRUPT: it is damaged. */
MUST_CHECK enum err muster_file_read(const char *dir, struct muster_file *ret, struct fault *fault);
void muster_file_free(struct muster_file *file);
/* Nothing is left of it; true also when there was nothing. */
bool muster_file_remove(const char *dir);

/* Says that names were opened, durably, in the name of the directory's owner. */
MUST_CHECK enum err muster_note_write(const char *dir, const struct entropy *entropy,
                                      struct wall at, const char *note, struct fault *fault);
/* One of those that are there; ERR_NOT_FOUND: none. *ret_name is for muster_note_remove().
 * ERR_CORRUPT: it is no whole note, and never will be. ERR_IO: it cannot be read now. */
MUST_CHECK enum err muster_note_next(const char *dir, char ret_name[64], struct wall *ret_at,
                                     char ret_note[MUSTER_NOTE_SIZE], struct fault *fault);
void muster_note_remove(const char *dir, const char *name);

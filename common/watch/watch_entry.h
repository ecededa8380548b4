/* watch_entry: one entry of a watch list as values, and what must hold of each field.
 *
 * Complaints are those of schema/errors.h, 649 to 656: they name the change, the entry, the field
 * and what is wrong with it. What only the park can know (is the id new, how many persons does the
 * authority have, may it be renewed) is asked elsewhere.
 */
#pragma once

#include <stdbool.h>

#include "common/access/credential.h"
#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "schema/errors.h"
#include "schema/limits.h"
#include "schema/watch.h"

struct idnumber;
struct seal_hash;
struct seal_key;

struct watch_entry {
    char id[LIMIT_WATCH_ID_BYTES + 1];
    enum watch_category category;
    enum watch_matcher matcher;
    /* plate and badge: the canonical bytes of the credential; identity: 32 bytes, see below */
    uint8_t match_size;
    uint8_t match[CREDENTIAL_BYTES_MAX];
    char applicant[LIMIT_WATCH_NAME_BYTES + 1];
    char case_number[LIMIT_WATCH_NAME_BYTES + 1];
    char legal_basis[LIMIT_WATCH_BASIS_BYTES + 1];
    struct wall begin, end;
    enum watch_action action;
    char contact[LIMIT_WATCH_NAME_BYTES + 1];
    enum watch_instruction instruction;
};

/* Where an entry stands, for complaints, and when its bundle was made. */
struct watch_place {
    uint32_t change; /* in the bundle, from 1 */
    struct wall made;
};

/* Reads a packed WatchEntry and checks every field. False: *c says which, and why; *ret is then
 * undefined. */
bool watch_entry_read(struct bytes packed, struct watch_place place, struct watch_entry *ret,
                      struct complaint *c);
/* Reads one that was checked before (the park's own record of it): its form alone. */
bool watch_entry_again(struct bytes packed, struct watch_entry *ret);
/* The one form of it, into `out`; returns its size. It is checked by reading it. */
size_t watch_entry_write(const struct watch_entry *entry, uint8_t out[LIMIT_WATCH_ENTRY_BYTES]);

/* Borrowed from the entry. */
struct bytes watch_entry_match(const struct watch_entry *entry);

/* The most days from begin (or renewal) to end. */
int watch_entry_days(enum watch_matcher matcher);

/* An identity as the station says it and the park compares it: seal_keyed_hash() under the
 * authority's matching key, domain "parkgate watch identity", one part: the 18 characters in normal
 * form. Nobody without that key can tell from it whose it is. */
struct seal_hash watch_identity_of(const struct seal_key *matching, const struct idnumber *number);

/* A plate that belongs to nobody: an ordinary one whose serial is 00000, which is never issued. An
 * entry for it tries the path from station to alert without a person. */
bool watch_plate_is_test(struct bytes plate);

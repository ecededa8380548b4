/* verbs: who may say what to the controller's operator port. One table, schema/verbs.c.
 *
 * Roles belong to keys, keys belong to persons or gates. A request whose verb is not allowed to one
 * of the key's roles is refused and journalled. `tenant` and `agency` see their own tenant only;
 * `guard` acts on the lanes and in the hours of the key.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bit positions of a key's role mask: stored, append only. */
enum role {
    ROLE_ADMIN = 0,
    ROLE_OPERATOR = 1,
    ROLE_SECURITY = 2,
    ROLE_GUARD = 3,
    ROLE_TENANT = 4,
    ROLE_AGENCY = 5,
    ROLE_AUDITOR = 6,
    ROLE_STATION = 7,
    ROLE_AGENT = 8,
    ROLE_LIBRARY = 9,
    ROLE_COUNT = 10,
};

/* "admin", ...; never NULL for a value below ROLE_COUNT. */
const char *role_name(enum role role);
/* Comma-separated role names to a mask. False: unknown or empty name; *ret_mask untouched. */
bool role_mask_from_text(const char *text, uint32_t *ret_mask);

/* The names of a mask, each after the first behind `between`. Cut when too long. */
void role_mask_to_text(uint32_t mask, const char *between, char *out, size_t size);

struct verb_spec {
    const char *name; /* as in Request.verb */
    uint32_t roles;   /* bits of enum role */
    bool own_tenant;  /* tenant and agency keys: limited to the key's tenant */
    bool own_lanes;   /* guard keys: limited to the key's lanes and hours */
    bool changes;     /* leaves a journal entry when done */
    bool adds;        /* to the park, to rights, or a backup: refused while the disk is nearly full */
};

/* NULL: no such verb. */
const struct verb_spec *verb_find(const char *name);
/* The whole table, for the role x verb test. */
const struct verb_spec *verb_table(size_t *ret_count);

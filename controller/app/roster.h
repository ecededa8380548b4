/* roster: making holder, credential and assignment records from checked input. Used by the single
 * verbs and by imports, so that both give the same records. */
#pragma once

#include "controller/app/watch_identity.h"
#include "schema/errors.h"

/* What is known of a person or vehicle to be written. Texts borrowed. */
struct roster_person {
    const char *tenant;
    uint32_t kind; /* enum person_kind; 0 for vehicles */
    const char *name, *id_number, *phone, *agency, *external, *plate; /* "" none */
    struct handle handle; /* of a holder who lost his name; none: he is found or drawn */
};

/* A holder record with its sealed identity; buffers live as long as the struct. */
struct roster_holder {
    Parkgate__HolderRecord record;
    struct handle handle;
    uint8_t sealed[2048];
    struct seal_hash id_hash, external_hash;
    struct watch_hashes watch; /* of the identity number */
    ProtobufCBinaryData watch_fields[LIMIT_AUTHORITIES];
    bool existed; /* a valid record stood under this identity */
    bool foreign; /* of another home tenant: the record stays as it was */
    bool clashes; /* the tenant's own number stands for somebody of another identity */
};

/* Finds the holder of the same identity number, own number or plate, or draws a new handle and key;
 * fills the record anew (suspensions, ban and permissions of an existing one are kept: they are
 * borrowed from *ret_before, which the caller frees when not NULL). Of a holder of another home
 * tenant nothing but the own number is new. */
MUST_CHECK enum err roster_make_holder(struct controller *ctl, const struct roster_person *person,
                                       struct roster_holder *ret,
                                       Parkgate__HolderRecord **ret_before, struct fault *fault);

/* A credential record with its sealed bytes. */
struct roster_credential {
    Parkgate__CredentialRecord record;
    struct handle handle, holder;
    uint8_t sealed[256];
    struct seal_hash hash;
    bool was_live;    /* the same holder holds it validly already */
    bool was_revoked; /* it was taken back from the same holder */
};

/* False: the credential is validly held by somebody else (*c) . A revoked or expired one of another
 * holder may be given anew. `class` is not kept: it is a property of a read. */
bool roster_make_credential(struct controller *ctl, struct handle holder, uint32_t kind,
                            struct bytes canonical, struct roster_credential *ret,
                            struct complaint *c, enum err *ret_err, struct fault *fault);

/* Is who has this number too young to be registered (LIMIT_AGE_MIN), today? An empty number says
 * nothing of that. */
struct idnumber;
bool roster_is_too_young(const struct controller *ctl, const struct idnumber *id);
/* The bound as text, for the refusal. */
#define ROSTER_AGE_MIN "16"

/* Reads a kind word: staff, day, driver, visitor. False: none of them. */
bool roster_kind(const char *text, uint32_t *ret_kind);
const char *roster_kind_word(uint32_t kind);

/* An assignment of the same tenant, shift and days that is valid already: nothing to write. */
MUST_CHECK enum err roster_assignment_exists(struct controller *ctl, struct handle person,
                                             const char *tenant, const char *shift,
                                             int32_t from_day, int32_t to_day, bool *ret_exists,
                                             size_t *ret_overlapping, struct fault *fault);

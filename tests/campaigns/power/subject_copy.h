/* subject_copy: a gate's copy as the feed works with it, and whether what is on the disk is whole. */
#pragma once

#include "reader-agent/store/copy_store.h"

enum { COPY_TENANTS = 24 };

/* What the controller has told so far. */
struct copied {
    struct copy_store *store;
    struct seal_hash digest; /* of what is on the disk */
    uint64_t rows, lanes[4]; /* the same as struct copy_digest: its header cannot stand here */
    uint64_t generation, sequence;
    enum { TENANT_GONE, TENANT_WORKS, TENANT_SUSPENDED } tenants[COPY_TENANTS];
};

/* Takes news: a snapshot when there is no copy or now and then, else what changed; some are refused
 * half-way. ERR_OK: c->sequence and c->digest are on the disk. */
enum err copied_take(struct copied *c, uint64_t random, struct fault *fault);
/* Lays something over the copy and drops it again, as a gate alone does with its own events. */
enum err copied_lay(struct copied *c, struct fault *fault);
/* Its rows sum up to the digest that it says it has. */
bool copied_is_whole(struct copy_store *store);

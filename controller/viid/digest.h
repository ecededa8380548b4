/* digest: HTTP digest (RFC 7616, MD5, qop auth) as view libraries speak it: read leniently, checked
 * strictly. Both ends of it: what we ask of peers, and what we answer to a peer's challenge.
 *
 * Taken as real peers send it: qop and nc in quotes, opaque without its closing quote, a full
 * http://host/... as uri, any order of fields. Not forgiven: another answer than the arithmetic's
 * over the texts as sent, a uri that is not the request's, an nc that does not rise, a nonce that
 * is not ours or is older than DIGEST_NONCE_MS.
 *
 * Pure but for the arithmetic (common/seal): time and random bytes come as values.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/entropy.h"
#include "common/seal/seal.h"

enum {
    DIGEST_FIELD_SIZE = 129, /* of each field but uri */
    DIGEST_URI_SIZE = 1025,
    DIGEST_NONCE_SIZE = 49,    /* with its NUL */
    DIGEST_NONCE_MS = 300000,  /* then a client must answer a new one */
    DIGEST_NONCES = 256,       /* whose nc is kept; the oldest then ends before its time */
    DIGEST_HEADER_SIZE = 2560, /* what digest_answer() writes at most */
};

/* The fields of an Authorization or WWW-Authenticate header, each as it was sent, without quotes;
 * empty when missing. */
struct digest_fields {
    char username[DIGEST_FIELD_SIZE];
    char realm[DIGEST_FIELD_SIZE];
    char nonce[DIGEST_FIELD_SIZE];
    char uri[DIGEST_URI_SIZE];
    char response[DIGEST_FIELD_SIZE];
    char qop[DIGEST_FIELD_SIZE];
    char nc[DIGEST_FIELD_SIZE];
    char cnonce[DIGEST_FIELD_SIZE];
    char opaque[DIGEST_FIELD_SIZE];
    char algorithm[DIGEST_FIELD_SIZE];
    char stale[DIGEST_FIELD_SIZE];
};

/* False: not "Digest ...", a field twice, or one that is too long. Unknown fields are left out. */
bool digest_read(const char *header, struct digest_fields *ret_fields);

/* Which nonces are ours, and how far each was counted. */
struct digest_nonces {
    struct seal_key key; /* a nonce carries its birth and a keyed hash of it */
    struct mono floor;   /* nonces made up to here are over, whatever their age */
    size_t next;
    struct digest_counted {
        char nonce[DIGEST_NONCE_SIZE]; /* empty: free */
        uint64_t nc;                   /* the highest that was taken */
        struct mono made;
    } counted[DIGEST_NONCES];
};

void digest_begin(struct digest_nonces *nonces, const struct entropy *entropy);
/* A fresh nonce. Costs no memory: strangers may ask for as many as they like. Two in one
 * microsecond are the same. */
void digest_nonce(const struct digest_nonces *nonces, struct mono now, char out[DIGEST_NONCE_SIZE]);

enum digest_result {
    DIGEST_GOOD,
    DIGEST_WRONG, /* fields missing, another uri, user, realm or password */
    DIGEST_STALE, /* right, but its nonce is over or its nc was had: ask anew, with stale=true */
};

struct digest_request {
    const char *method, *target; /* as in the request line */
    const char *realm, *password;
};

/* Judges one request. A good one is counted: the same header again is stale. */
enum digest_result digest_check(struct digest_nonces *nonces, const struct digest_fields *fields,
                                const struct digest_request *request, struct mono now);

/* Names the uri the target? Exactly, path and query; either may be a full URL. */
bool digest_uri_names(const char *uri, const char *target);

/* The Authorization header that answers a peer's challenge. False: a challenge that we cannot
 * answer (another algorithm than MD5, no qop auth, no nonce), or one that is too long. */
bool digest_answer(const struct digest_fields *challenge, const struct digest_request *request,
                   const char *user, const char *cnonce, uint32_t nc, char out[DIGEST_HEADER_SIZE]);

#include "controller/viid/digest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/must.h"
#include "common/seal/md5.h"

enum { BIRTH_BYTES = 8, PROOF_BYTES = 16, NC_DIGITS = 8 };

/* ---- reading ---- */

#define FIELD(member)                                                                              \
    {                                                                                              \
#member, offsetof(struct digest_fields, member),                                           \
            sizeof(((struct digest_fields *)0)->member)                                            \
    }

static const struct field {
    const char *name;
    size_t offset, size;
} known[] = {
    FIELD(username), FIELD(realm),  FIELD(nonce),  FIELD(uri),       FIELD(response), FIELD(qop),
    FIELD(nc),       FIELD(cnonce), FIELD(opaque), FIELD(algorithm), FIELD(stale),
};

static const struct field *field_of(const char *name, size_t size)
{
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (strlen(known[i].name) == size && strncasecmp(known[i].name, name, size) == 0) {
            return &known[i];
        }
    }
    return NULL;
}

static const char *skip(const char *at, const char *set)
{
    return at + strspn(at, set);
}

/* The value at *at, which is moved behind it. An opaque that forgot its closing quote ends at the
 * next comma: ours has none inside. */
static struct bytes take_value(const char **at, const struct field *field)
{
    const char *from = *at;
    const char *end;
    bool quoted = *from == '"';
    from += quoted ? 1 : 0;
    if (quoted && field != NULL && strcmp(field->name, "opaque") == 0) {
        end = from + strcspn(from, "\",");
    } else if (quoted) {
        end = from + strcspn(from, "\"");
    } else {
        end = from + strcspn(from, ", \t");
    }
    *at = quoted && *end == '"' ? end + 1 : end;
    return (struct bytes){.data = (const uint8_t *)from, .size = (size_t)(end - from)};
}

/* False: too long, or there already. */
static bool keep(struct digest_fields *fields, const struct field *field, struct bytes value)
{
    char *out = (char *)fields + field->offset;
    if (value.size >= field->size || out[0] != '\0') {
        return false;
    }
    memcpy(out, value.data, value.size);
    out[value.size] = '\0';
    return true;
}

bool digest_read(const char *header, struct digest_fields *ret_fields)
{
    struct digest_fields fields = {.username = ""};
    const char *at = skip(header, " \t");
    if (strncasecmp(at, "Digest", 6) != 0 || (at[6] != ' ' && at[6] != '\t')) {
        return false;
    }
    for (at = skip(at + 6, " \t,"); *at != '\0'; at = skip(at, " \t,")) {
        size_t size = strcspn(at, "=, \t");
        const struct field *field = field_of(at, size);
        at = skip(at + size, " \t");
        if (*at != '=') {
            return false;
        }
        at = skip(at + 1, " \t");
        struct bytes value = take_value(&at, field);
        if (field != NULL && !keep(&fields, field, value)) {
            return false;
        }
    }
    *ret_fields = fields;
    return true;
}

/* ---- nonces ---- */

void digest_begin(struct digest_nonces *nonces, const struct entropy *entropy)
{
    *nonces = (struct digest_nonces){.key = seal_key_draw(entropy), .floor = {.us = INT64_MIN}};
}

void digest_nonce(const struct digest_nonces *nonces, struct mono now, char out[DIGEST_NONCE_SIZE])
{
    uint8_t bytes[BIRTH_BYTES + PROOF_BYTES];
    struct writer writer = writer_of(bytes, sizeof(bytes));
    writer_u64(&writer, (uint64_t)now.us);
    struct seal_hash proof =
        seal_keyed_hash(&nonces->key, "digest nonce", SEAL_PARTS(writer_view(&writer)));
    writer_bytes(&writer, (struct bytes){.data = proof.bytes, .size = PROOF_BYTES});
    bytes_to_hex(writer_view(&writer), out, DIGEST_NONCE_SIZE);
}

/* Ours, and not over: *ret_made. */
static bool nonce_lives(const struct digest_nonces *nonces, const char *nonce, struct mono now,
                        struct mono *ret_made)
{
    uint8_t bytes[BIRTH_BYTES + PROOF_BYTES];
    char wanted[DIGEST_NONCE_SIZE];
    if (!bytes_from_hex(nonce, bytes, sizeof(bytes))) {
        return false;
    }
    struct reader reader = reader_of(BYTES_OF(bytes));
    struct mono made = {.us = (int64_t)reader_u64(&reader)};
    digest_nonce(nonces, made, wanted);
    if (!seal_equal(bytes_of_text(wanted), bytes_of_text(nonce)) || mono_before(now, made) ||
        !mono_before(now, mono_after_ms(made, DIGEST_NONCE_MS)) ||
        !mono_before(nonces->floor, made)) {
        return false;
    }
    *ret_made = made;
    return true;
}

static struct digest_counted *counted_of(struct digest_nonces *nonces, const char *nonce)
{
    for (size_t i = 0; i < DIGEST_NONCES; i++) {
        if (strcmp(nonces->counted[i].nonce, nonce) == 0) {
            return &nonces->counted[i];
        }
    }
    return NULL;
}

/* A living nonce takes the place of the oldest use. What is forgotten could be replayed, so that
 * everything that was made as early is over. */
static struct digest_counted *count_anew(struct digest_nonces *nonces, const char *nonce,
                                         struct mono made)
{
    struct digest_counted *counted = &nonces->counted[nonces->next];
    nonces->next = (nonces->next + 1) % DIGEST_NONCES;
    if (counted->nonce[0] != '\0' && mono_before(nonces->floor, counted->made)) {
        nonces->floor = counted->made;
    }
    *counted = (struct digest_counted){.made = made};
    MUST(strlen(nonce) == DIGEST_NONCE_SIZE - 1);
    memcpy(counted->nonce, nonce, DIGEST_NONCE_SIZE);
    return counted;
}

static bool count_use(struct digest_nonces *nonces, const char *nonce, uint64_t nc, struct mono now)
{
    struct mono made;
    if (!nonce_lives(nonces, nonce, now, &made)) {
        return false;
    }
    struct digest_counted *counted = counted_of(nonces, nonce);
    if (counted == NULL) {
        counted = count_anew(nonces, nonce, made);
    }
    if (nc <= counted->nc) {
        return false;
    }
    counted->nc = nc;
    return true;
}

/* ---- the arithmetic ---- */

/* Text behind scheme and host; itself when there are none. */
static const char *without_host(const char *url)
{
    size_t scheme = strncasecmp(url, "http://", 7) == 0    ? 7
                    : strncasecmp(url, "https://", 8) == 0 ? 8
                                                           : 0;
    return scheme == 0 ? url : url + scheme + strcspn(url + scheme, "/");
}

bool digest_uri_names(const char *uri, const char *target)
{
    return without_host(uri)[0] == '/' && strcmp(without_host(uri), without_host(target)) == 0;
}

static bool response_of(const struct digest_fields *fields, const struct digest_request *request,
                        char out[SEAL_MD5_TEXT_SIZE])
{
    char who[SEAL_MD5_TEXT_SIZE];
    char what[SEAL_MD5_TEXT_SIZE];
    const char *const whose[] = {fields->username, fields->realm, request->password};
    const char *const asked[] = {request->method, fields->uri};
    bool made = seal_md5_of_texts(whose, ARRAY_LEN(whose), who) &&
                seal_md5_of_texts(asked, ARRAY_LEN(asked), what);
    const char *const all[] = {who, fields->nonce, fields->nc, fields->cnonce, fields->qop, what};
    made = made && seal_md5_of_texts(all, ARRAY_LEN(all), out);
    seal_wipe(who, sizeof(who));
    return made;
}

static bool is_md5(const char *algorithm)
{
    return algorithm[0] == '\0' || strcasecmp(algorithm, "MD5") == 0;
}

/* 1 and more; 0: no nc. */
static uint64_t nc_of(const char *text)
{
    size_t digits = strspn(text, "0123456789abcdefABCDEF");
    return digits == 0 || digits > NC_DIGITS || text[digits] != '\0' ? 0 : strtoull(text, NULL, 16);
}

static bool fields_fit(const struct digest_fields *fields, const struct digest_request *request)
{
    return fields->username[0] != '\0' && fields->cnonce[0] != '\0' && nc_of(fields->nc) > 0 &&
           strcmp(fields->qop, "auth") == 0 && is_md5(fields->algorithm) &&
           strcmp(fields->realm, request->realm) == 0 &&
           digest_uri_names(fields->uri, request->target);
}

static bool response_is_right(const struct digest_fields *fields,
                              const struct digest_request *request)
{
    char wanted[SEAL_MD5_TEXT_SIZE];
    uint8_t ours[SEAL_MD5_SIZE];
    uint8_t theirs[SEAL_MD5_SIZE];
    return response_of(fields, request, wanted) && bytes_from_hex(wanted, ours, sizeof(ours)) &&
           bytes_from_hex(fields->response, theirs, sizeof(theirs)) &&
           seal_equal(BYTES_OF(ours), BYTES_OF(theirs));
}

enum digest_result digest_check(struct digest_nonces *nonces, const struct digest_fields *fields,
                                const struct digest_request *request, struct mono now)
{
    if (!fields_fit(fields, request) || !response_is_right(fields, request)) {
        return DIGEST_WRONG;
    }
    return count_use(nonces, fields->nonce, nc_of(fields->nc), now) ? DIGEST_GOOD : DIGEST_STALE;
}

/* ---- answering ---- */

/* A challenge offers a list: "auth,auth-int". */
static bool offers_auth(const char *qop)
{
    for (const char *at = skip(qop, " \t,"); *at != '\0'; at = skip(at, " \t,")) {
        size_t size = strcspn(at, " \t,");
        if (size == 4 && strncasecmp(at, "auth", 4) == 0) {
            return true;
        }
        at += size;
    }
    return false;
}

bool digest_answer(const struct digest_fields *challenge, const struct digest_request *request,
                   const char *user, const char *cnonce, uint32_t nc, char out[DIGEST_HEADER_SIZE])
{
    struct digest_fields fields = *challenge;
    char response[SEAL_MD5_TEXT_SIZE];
    if (challenge->nonce[0] == '\0' || !is_md5(challenge->algorithm) ||
        !offers_auth(challenge->qop)) {
        return false;
    }
    int user_size = snprintf(fields.username, sizeof(fields.username), "%s", user);
    int uri_size = snprintf(fields.uri, sizeof(fields.uri), "%s", request->target);
    int cnonce_size = snprintf(fields.cnonce, sizeof(fields.cnonce), "%s", cnonce);
    (void)snprintf(fields.qop, sizeof(fields.qop), "auth");
    (void)snprintf(fields.nc, sizeof(fields.nc), "%08" PRIx32, nc);
    if (user_size < 0 || (size_t)user_size >= sizeof(fields.username) || uri_size < 0 ||
        (size_t)uri_size >= sizeof(fields.uri) || cnonce_size < 0 ||
        (size_t)cnonce_size >= sizeof(fields.cnonce) || !response_of(&fields, request, response)) {
        return false;
    }
    bool opaque = fields.opaque[0] != '\0';
    int size =
        snprintf(out, DIGEST_HEADER_SIZE,
                 "Digest username=\"%s\", realm=\"%s\", nonce=\"%s\", uri=\"%s\", "
                 "qop=auth, nc=%s, cnonce=\"%s\", response=\"%s\", algorithm=MD5%s%s%s",
                 fields.username, fields.realm, fields.nonce, fields.uri, fields.nc, fields.cnonce,
                 response, opaque ? ", opaque=\"" : "", fields.opaque, opaque ? "\"" : "");
    return size > 0 && size < DIGEST_HEADER_SIZE;
}

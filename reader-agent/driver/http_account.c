#include "reader-agent/driver/http_account.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { NONCE_SECONDS = 300, CHALLENGE_BYTES = 512 };

/* The realm that accounts belong to. It must not change: clients may keep H(user:realm:password).
 */
static const char realm[] = "device";

static enum MHD_DigestAuthAlgorithm algorithm_of(const char *authorization)
{
    const char *at = strcasestr(authorization, "algorithm=");
    if (at == NULL) {
        return MHD_DIGEST_ALG_MD5; /* the default of RFC 7616 */
    }
    at += strlen("algorithm=");
    at += *at == '"' ? 1 : 0;
    return strncasecmp(at, "SHA-256", 7) == 0 ? MHD_DIGEST_ALG_SHA256 : MHD_DIGEST_ALG_MD5;
}

static bool names_account(const char *authorization)
{
    return authorization != NULL && strncasecmp(authorization, "Digest", 6) == 0;
}

enum http_account http_account_check(struct MHD_Connection *connection,
                                     const struct http_device *device)
{
    if (device->user[0] == '\0') {
        return HTTP_ACCOUNT_GOOD;
    }
    const char *authorization =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION);
    if (authorization == NULL) {
        return HTTP_ACCOUNT_NONE;
    }
    if (!names_account(authorization)) {
        return HTTP_ACCOUNT_WRONG;
    }
    int rc = MHD_digest_auth_check2(connection, realm, device->user, device->password,
                                    NONCE_SECONDS, algorithm_of(authorization));
    if (rc == MHD_YES) {
        return HTTP_ACCOUNT_GOOD;
    }
    return rc == MHD_INVALID_NONCE ? HTTP_ACCOUNT_STALE : HTTP_ACCOUNT_WRONG;
}

struct MHD_Response *http_account_empty(void)
{
    return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
}

/* Names the algorithm in capitals, as RFC 7616 does and as devices compare it. */
static void add_challenge(struct MHD_Response *response, const char *challenge)
{
    static const char key[] = "algorithm=";
    char text[CHALLENGE_BYTES];
    const char *algorithm = challenge != NULL ? strstr(challenge, key) : NULL;
    if (algorithm == NULL || strlen(challenge) >= sizeof(text)) {
        return;
    }
    memcpy(text, challenge, strlen(challenge) + 1);
    for (char *at = text + (algorithm - challenge) + strlen(key);
         isalnum((unsigned char)*at) || *at == '-'; at++) {
        *at = (char)toupper((unsigned char)*at);
    }
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, text);
}

/* libmicrohttpd writes one challenge into a response and queues it at once. A second response
 * cannot be queued any more, but it has got its challenge by then. Headers are sent after our
 * return, so that both can be put into the first: MD5 before, since many devices look at the first
 * line alone and the others pick the stronger one. */
static enum MHD_Result queue_both(struct MHD_Connection *connection, struct MHD_Response *first,
                                  struct MHD_Response *second, int stale)
{
    char md5[CHALLENGE_BYTES];
    enum MHD_Result queued =
        MHD_queue_auth_fail_response2(connection, realm, realm, first, stale, MHD_DIGEST_ALG_MD5);
    (void)MHD_queue_auth_fail_response2(connection, realm, realm, second, stale,
                                        MHD_DIGEST_ALG_SHA256);
    const char *made = MHD_get_response_header(first, MHD_HTTP_HEADER_WWW_AUTHENTICATE);
    if (queued == MHD_YES && made != NULL && strlen(made) < sizeof(md5)) {
        memcpy(md5, made, strlen(made) + 1);
        (void)MHD_del_response_header(first, MHD_HTTP_HEADER_WWW_AUTHENTICATE, md5);
        add_challenge(first, md5);
        add_challenge(first, MHD_get_response_header(second, MHD_HTTP_HEADER_WWW_AUTHENTICATE));
    }
    return queued;
}

enum MHD_Result http_account_challenge(struct MHD_Connection *connection, bool stale)
{
    struct MHD_Response *first = http_account_empty();
    struct MHD_Response *second = http_account_empty();
    enum MHD_Result queued = MHD_NO;
    if (first != NULL && second != NULL) {
        queued = queue_both(connection, first, second, stale ? MHD_YES : MHD_NO);
    }
    if (first != NULL) {
        MHD_destroy_response(first);
    }
    if (second != NULL) {
        MHD_destroy_response(second);
    }
    return queued;
}

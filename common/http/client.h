/* client: what every HTTP request of ours has in common, over libcurl.
 *
 * The address is ours (configured), never one that a message brought: no redirect is followed and
 * no proxy used. https checks the other's certificate and name, from TLS 1.2 on. A request has its
 * handle; of many at once (CURLM) their owner asks here which have ended, and waits here.
 */
#pragma once

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HTTP_WAIT_FDS_MAX = 4 };

/* How the other one is spoken to. Borrowed during the call alone. */
struct http_line {
    const char *url;
    const char *ca_file; /* PEM; "" the system's */
    long connect_ms, total_ms;
};

void http_line_set(CURL *curl, const struct http_line *line);
/* Posts these bytes, which are read until the request has ended. */
void http_post_set(CURL *curl, const char *body, size_t size);
/* "name: value" behind those in *headers (NULL: none yet); an empty value takes one of libcurl's
 * own away. The list is the caller's: curl_slist_free_all(). */
void http_header_add(struct curl_slist **headers, const char *name, const char *value);

/* An answer's body as it comes; `data` has room for `most` bytes and is the caller's. */
struct http_body {
    uint8_t *data;
    size_t size, most;
    bool too_large; /* more came: the request has ended with an error */
};

/* Empties *body and has it take what this request's answer brings. */
void http_body_set(CURL *curl, struct http_body *body);

/* The next request of these that has ended, with how; NULL: none. Its handle is still in `multi`.
 */
CURL *http_next_ended(CURLM *multi, CURLcode *ret_code);
/* The answer's status; 0: there was none. */
long http_status(CURL *curl, CURLcode code);
/* Sleeps until something is to be done for a request, one of `fds` (HTTP_WAIT_FDS_MAX at most,
 * negative ones are left out) is readable, or the time is over. ret_ready[i], where it is not NULL:
 * fds[i] is readable. */
void http_wait(CURLM *multi, const int *fds, size_t count, int64_t wait_ms, bool *ret_ready);

#include "common/http/client.h"

#include <stdio.h>
#include <string.h>

#include "common/base/must.h"

enum { HEADER_SIZE = 2048 };

#define SET(option, value) MUST(curl_easy_setopt(curl, option, value) == CURLE_OK)

void http_line_set(CURL *curl, const struct http_line *line)
{
    SET(CURLOPT_URL, line->url);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_CONNECTTIMEOUT_MS, line->connect_ms);
    SET(CURLOPT_TIMEOUT_MS, line->total_ms);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (line->ca_file[0] != '\0') {
        SET(CURLOPT_CAINFO, line->ca_file);
    }
}

void http_post_set(CURL *curl, const char *body, size_t size)
{
    SET(CURLOPT_POST, 1L);
    SET(CURLOPT_POSTFIELDSIZE, (long)size);
    SET(CURLOPT_POSTFIELDS, body);
}

void http_header_add(struct curl_slist **headers, const char *name, const char *value)
{
    char line[HEADER_SIZE];
    int size = snprintf(line, sizeof(line), "%s: %s", name, value);
    MUST(size > 0 && (size_t)size < sizeof(line));
    struct curl_slist *longer = curl_slist_append(*headers, line);
    MUST(longer != NULL);
    *headers = longer;
}

static size_t take(char *bytes, size_t size, size_t count, void *ctx)
{
    struct http_body *body = ctx;
    size_t more = size * count;
    if (more > body->most - body->size) {
        body->too_large = true;
        return 0;
    }
    memcpy(body->data + body->size, bytes, more);
    body->size += more;
    return more;
}

void http_body_set(CURL *curl, struct http_body *body)
{
    body->size = 0;
    body->too_large = false;
    SET(CURLOPT_WRITEFUNCTION, take);
    SET(CURLOPT_WRITEDATA, body);
}

CURL *http_next_ended(CURLM *multi, CURLcode *ret_code)
{
    int left = 0;
    for (CURLMsg *message; (message = curl_multi_info_read(multi, &left)) != NULL;) {
        if (message->msg == CURLMSG_DONE) {
            *ret_code = message->data.result;
            return message->easy_handle;
        }
    }
    return NULL;
}

long http_status(CURL *curl, CURLcode code)
{
    long status = 0;
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    return code == CURLE_OK ? status : 0;
}

void http_wait(CURLM *multi, const int *fds, size_t count, int64_t wait_ms, bool *ret_ready)
{
    struct curl_waitfd waits[HTTP_WAIT_FDS_MAX];
    unsigned used = 0;
    MUST(count <= HTTP_WAIT_FDS_MAX);
    for (size_t i = 0; i < count; i++) {
        if (fds[i] >= 0) {
            waits[used++] = (struct curl_waitfd){.fd = fds[i], .events = CURL_WAIT_POLLIN};
        }
    }
    (void)curl_multi_poll(multi, waits, used, (int)wait_ms, NULL);
    used = 0;
    for (size_t i = 0; i < count && ret_ready != NULL; i++) {
        ret_ready[i] = fds[i] >= 0 && waits[used++].revents != 0;
    }
}

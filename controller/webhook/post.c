#include "controller/webhook/post.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/must.h"
#include "common/http/client.h"
#include "controller/webhook/delivery.h"

enum { ANSWER_MAX_BYTES = 64 * 1024 };

struct post {
    CURL *curl;
    const char *url, *ca_file;
    size_t answer_bytes;
    uint32_t retry_after_s;
};

enum err post_create(const char *url, const char *ca_file, struct post **ret_post,
                     struct fault *fault)
{
    struct post *post = calloc(1, sizeof(*post));
    MUST(post != NULL);
    post->url = url;
    post->ca_file = ca_file;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
        (post->curl = curl_easy_init()) == NULL) {
        free(post);
        return fault_set(fault, ERR_IO, "libcurl does not start");
    }
    *ret_post = post;
    return ERR_OK;
}

void post_destroy(struct post **post)
{
    if (*post == NULL) {
        return;
    }
    curl_easy_cleanup((*post)->curl);
    curl_global_cleanup();
    free(*post);
    *post = NULL;
}

/* What an answer says is not read; too much of it ends the connection. */
static size_t pass_over(char *bytes, size_t size, size_t count, void *ctx)
{
    struct post *post = ctx;
    (void)bytes;
    post->answer_bytes += size * count;
    return post->answer_bytes <= ANSWER_MAX_BYTES ? size * count : 0;
}

static size_t take_header(char *bytes, size_t size, size_t count, void *ctx)
{
    static const char name[] = "retry-after:";
    struct post *post = ctx;
    size_t all = size * count;
    if (all > sizeof(name) - 1 && strncasecmp(bytes, name, sizeof(name) - 1) == 0) {
        post->retry_after_s = delivery_retry_after_s((struct bytes){
            .data = (const uint8_t *)bytes + sizeof(name) - 1, .size = all - (sizeof(name) - 1)});
    }
    return all;
}

#define SET(option, value) MUST(curl_easy_setopt(post->curl, option, value) == CURLE_OK)

static void set_request(struct post *post, struct bytes body, struct curl_slist *headers)
{
    const struct http_line line = {.url = post->url,
                                   .ca_file = post->ca_file,
                                   .connect_ms = POST_CONNECT_MS,
                                   .total_ms = POST_TIMEOUT_MS};
    http_line_set(post->curl, &line);
    http_post_set(post->curl, (const char *)body.data, body.size);
    SET(CURLOPT_HTTPHEADER, headers);
    SET(CURLOPT_WRITEFUNCTION, pass_over);
    SET(CURLOPT_WRITEDATA, post);
    SET(CURLOPT_HEADERFUNCTION, take_header);
    SET(CURLOPT_HEADERDATA, post);
}

long post_send(struct post *post, struct bytes body, const char *delivery, const char *signature,
               uint32_t *ret_retry_after_s, const char **ret_why)
{
    struct curl_slist *headers = NULL;
    http_header_add(&headers, "Content-Type", "application/json");
    http_header_add(&headers, "X-Parkgate-Delivery", delivery);
    http_header_add(&headers, "X-Parkgate-Signature", signature);
    http_header_add(&headers, "Expect", "");
    post->answer_bytes = 0;
    post->retry_after_s = 0;
    set_request(post, body, headers);
    CURLcode code = curl_easy_perform(post->curl);
    curl_slist_free_all(headers);
    *ret_retry_after_s = post->retry_after_s;
    *ret_why = code == CURLE_OK ? "" : curl_easy_strerror(code);
    return http_status(post->curl, code);
}

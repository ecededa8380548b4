#include "controller/webhook/post.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/must.h"
#include "controller/webhook/delivery.h"

enum { HEADER_SIZE = DELIVERY_SIGNATURE_SIZE + 32, ANSWER_MAX_BYTES = 64 * 1024 };

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
    SET(CURLOPT_URL, post->url);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)POST_CONNECT_MS);
    SET(CURLOPT_TIMEOUT_MS, (long)POST_TIMEOUT_MS);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_POST, 1L);
    SET(CURLOPT_POSTFIELDSIZE, (long)body.size);
    SET(CURLOPT_POSTFIELDS, (const char *)body.data);
    SET(CURLOPT_HTTPHEADER, headers);
    SET(CURLOPT_WRITEFUNCTION, pass_over);
    SET(CURLOPT_WRITEDATA, post);
    SET(CURLOPT_HEADERFUNCTION, take_header);
    SET(CURLOPT_HEADERDATA, post);
    if (post->ca_file[0] != '\0') {
        SET(CURLOPT_CAINFO, post->ca_file);
    }
}

static struct curl_slist *add_header(struct curl_slist *list, const char *name, const char *value)
{
    char line[HEADER_SIZE];
    int size = snprintf(line, sizeof(line), "%s: %s", name, value);
    MUST(size > 0 && (size_t)size < sizeof(line));
    struct curl_slist *longer = curl_slist_append(list, line);
    MUST(longer != NULL);
    return longer;
}

long post_send(struct post *post, struct bytes body, const char *delivery, const char *signature,
               uint32_t *ret_retry_after_s, const char **ret_why)
{
    long status = 0;
    struct curl_slist *headers = add_header(NULL, "Content-Type", "application/json");
    headers = add_header(headers, "X-Parkgate-Delivery", delivery);
    headers = add_header(headers, "X-Parkgate-Signature", signature);
    headers = add_header(headers, "Expect", "");
    post->answer_bytes = 0;
    post->retry_after_s = 0;
    set_request(post, body, headers);
    CURLcode code = curl_easy_perform(post->curl);
    (void)curl_easy_getinfo(post->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    *ret_retry_after_s = post->retry_after_s;
    *ret_why = code == CURLE_OK ? "" : curl_easy_strerror(code);
    return code == CURLE_OK ? status : 0;
}

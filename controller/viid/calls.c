#include "controller/viid/calls.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/must.h"

enum { CONNECT_MS = 3000, CHALLENGE_SIZE = 1024, HEADER_SIZE = UPPER_HEADER_SIZE + 32 };

struct call {
    CURL *curl;
    struct curl_slist *headers;
    bool busy;
    char body[UPPER_BODY_SIZE];
    char challenge[CHALLENGE_SIZE];
    uint8_t *answer;
    size_t answer_size;
};

struct calls {
    CURLM *multi;
    const struct viid_settings *settings;
    struct call calls[VIID_PEERS_MAX];
    void (*answered)(void *ctx, size_t peer, const struct upper_answer *answer);
    void *ctx;
};

static size_t take_bytes(char *bytes, size_t size, size_t count, void *ctx)
{
    struct call *call = ctx;
    size_t more = size * count;
    if (more > CALLS_ANSWER_BYTES - call->answer_size) {
        return 0;
    }
    memcpy(call->answer + call->answer_size, bytes, more);
    call->answer_size += more;
    return more;
}

/* The first digest challenge of the answer. */
static size_t take_header(char *bytes, size_t size, size_t count, void *ctx)
{
    static const char name[] = "WWW-Authenticate:";
    struct call *call = ctx;
    size_t all = size * count;
    if (all <= sizeof(name) - 1 || strncasecmp(bytes, name, sizeof(name) - 1) != 0 ||
        call->challenge[0] != '\0' || all - (sizeof(name) - 1) >= sizeof(call->challenge)) {
        return all;
    }
    memcpy(call->challenge, bytes + sizeof(name) - 1, all - (sizeof(name) - 1));
    call->challenge[all - (sizeof(name) - 1)] = '\0';
    call->challenge[strcspn(call->challenge, "\r\n")] = '\0';
    if (strcasestr(call->challenge, "digest") == NULL) {
        call->challenge[0] = '\0';
    }
    return all;
}

enum err calls_create(const struct viid_settings *settings,
                      void (*answered)(void *ctx, size_t peer, const struct upper_answer *answer),
                      void *ctx, struct calls **ret_calls, struct fault *fault)
{
    AUTO(calls_destroy) struct calls *calls = calloc(1, sizeof(*calls));
    MUST(calls != NULL);
    calls->settings = settings;
    calls->answered = answered;
    calls->ctx = ctx;
    bool made = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    calls->multi = made ? curl_multi_init() : NULL;
    made = calls->multi != NULL;
    for (size_t i = 0; i < settings->peer_count && made; i++) {
        calls->calls[i].curl = curl_easy_init();
        calls->calls[i].answer = malloc(CALLS_ANSWER_BYTES);
        made = calls->calls[i].curl != NULL && calls->calls[i].answer != NULL;
    }
    if (!made) {
        return fault_set(fault, ERR_IO, "libcurl does not start");
    }
    *ret_calls = calls;
    calls = NULL;
    return ERR_OK;
}

static void give_up(struct calls *calls, struct call *call)
{
    if (call->busy) {
        (void)curl_multi_remove_handle(calls->multi, call->curl);
        call->busy = false;
    }
    curl_slist_free_all(call->headers);
    call->headers = NULL;
}

void calls_destroy(struct calls **calls)
{
    if (*calls == NULL) {
        return;
    }
    for (size_t i = 0; i < VIID_PEERS_MAX; i++) {
        struct call *call = &(*calls)->calls[i];
        if (call->curl != NULL) {
            give_up(*calls, call);
            curl_easy_cleanup(call->curl);
        }
        free(call->answer);
    }
    if ((*calls)->multi != NULL) {
        (void)curl_multi_cleanup((*calls)->multi);
    }
    curl_global_cleanup();
    free(*calls);
    *calls = NULL;
}

static void add_header(struct call *call, const char *name, const char *value)
{
    char header[HEADER_SIZE];
    int size = snprintf(header, sizeof(header), "%s: %s", name, value);
    MUST(size > 0 && (size_t)size < sizeof(header));
    struct curl_slist *more = curl_slist_append(call->headers, header);
    MUST(more != NULL);
    call->headers = more;
}

#define SET(option, value) MUST(curl_easy_setopt(call->curl, option, value) == CURLE_OK)

static void set_line(struct call *call, const struct viid_peer *peer)
{
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    SET(CURLOPT_TIMEOUT_MS, (long)UPPER_CALL_MS);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (peer->ca_file[0] != '\0') {
        SET(CURLOPT_CAINFO, peer->ca_file);
    }
}

void calls_make(struct calls *calls, size_t peer, const struct upper_call *made)
{
    struct call *call = &calls->calls[peer];
    MUST(!call->busy);
    call->busy = true;
    call->answer_size = 0;
    call->challenge[0] = '\0';
    memcpy(call->body, made->body, sizeof(call->body));
    add_header(call, "Content-Type", "application/json;charset=utf-8");
    add_header(call, "Accept", "application/json");
    add_header(call, "User-Identify", calls->settings->device_id);
    add_header(call, "Expect", ""); /* old servers do not know 100-continue */
    if (made->authorization[0] != '\0') {
        add_header(call, "Authorization", made->authorization);
    }
    set_line(call, &calls->settings->peers[peer]);
    SET(CURLOPT_URL, made->url);
    SET(CURLOPT_POST, 1L);
    SET(CURLOPT_POSTFIELDSIZE, (long)strlen(call->body));
    SET(CURLOPT_POSTFIELDS, call->body);
    SET(CURLOPT_HTTPHEADER, call->headers);
    SET(CURLOPT_WRITEFUNCTION, take_bytes);
    SET(CURLOPT_WRITEDATA, call);
    SET(CURLOPT_HEADERFUNCTION, take_header);
    SET(CURLOPT_HEADERDATA, call);
    MUST(curl_multi_add_handle(calls->multi, call->curl) == CURLM_OK);
}

static void end_call(struct calls *calls, size_t peer, CURLcode code)
{
    struct call *call = &calls->calls[peer];
    long status = 0;
    (void)curl_easy_getinfo(call->curl, CURLINFO_RESPONSE_CODE, &status);
    struct upper_answer answer = {
        .status = code == CURLE_OK ? status : 0,
        .challenge = call->challenge,
        .body = {.data = call->answer, .size = call->answer_size}
    };
    give_up(calls, call);
    calls->answered(calls->ctx, peer, &answer);
}

void calls_turn(struct calls *calls)
{
    int running = 0;
    int left = 0;
    (void)curl_multi_perform(calls->multi, &running);
    for (CURLMsg *message; (message = curl_multi_info_read(calls->multi, &left)) != NULL;) {
        CURL *ended = message->easy_handle;
        CURLcode code = message->data.result;
        for (size_t i = 0; i < VIID_PEERS_MAX && message->msg == CURLMSG_DONE; i++) {
            if (calls->calls[i].curl == ended && calls->calls[i].busy) {
                end_call(calls, i, code);
                break;
            }
        }
    }
}

void calls_wait(struct calls *calls, const int *fds, size_t count, int64_t wait_ms)
{
    struct curl_waitfd waits[CALLS_WAIT_FDS];
    unsigned used = 0;
    MUST(count <= CALLS_WAIT_FDS);
    for (size_t i = 0; i < count; i++) {
        if (fds[i] >= 0) {
            waits[used++] = (struct curl_waitfd){.fd = fds[i], .events = CURL_WAIT_POLLIN};
        }
    }
    (void)curl_multi_poll(calls->multi, waits, used, (int)wait_ms, NULL);
}

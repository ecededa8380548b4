#include "controller/viid/calls.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/must.h"
#include "common/http/client.h"

enum { CONNECT_MS = 3000, CHALLENGE_SIZE = 1024 };

struct call {
    CURL *curl;
    struct curl_slist *headers;
    bool busy;
    char body[UPPER_BODY_SIZE];
    char challenge[CHALLENGE_SIZE];
    struct http_body answer;
};

struct calls {
    CURLM *multi;
    const struct viid_settings *settings;
    struct call calls[VIID_PEERS_MAX];
    void (*answered)(void *ctx, size_t peer, const struct upper_answer *answer);
    void *ctx;
};

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
        calls->calls[i].answer =
            (struct http_body){.data = malloc(CALLS_ANSWER_BYTES), .most = CALLS_ANSWER_BYTES};
        made = calls->calls[i].curl != NULL && calls->calls[i].answer.data != NULL;
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
        free(call->answer.data);
    }
    if ((*calls)->multi != NULL) {
        (void)curl_multi_cleanup((*calls)->multi);
    }
    curl_global_cleanup();
    free(*calls);
    *calls = NULL;
}

#define SET(option, value) MUST(curl_easy_setopt(call->curl, option, value) == CURLE_OK)

static void set_headers(const struct calls *calls, struct call *call, const struct upper_call *made)
{
    http_header_add(&call->headers, "Content-Type", "application/json;charset=utf-8");
    http_header_add(&call->headers, "Accept", "application/json");
    http_header_add(&call->headers, "User-Identify", calls->settings->device_id);
    http_header_add(&call->headers, "Expect", ""); /* old servers do not know 100-continue */
    if (made->authorization[0] != '\0') {
        http_header_add(&call->headers, "Authorization", made->authorization);
    }
    SET(CURLOPT_HTTPHEADER, call->headers);
}

void calls_make(struct calls *calls, size_t peer, const struct upper_call *made)
{
    struct call *call = &calls->calls[peer];
    const struct http_line line = {.url = made->url,
                                   .ca_file = calls->settings->peers[peer].ca_file,
                                   .connect_ms = CONNECT_MS,
                                   .total_ms = UPPER_CALL_MS};
    MUST(!call->busy);
    call->busy = true;
    call->challenge[0] = '\0';
    memcpy(call->body, made->body, sizeof(call->body));
    http_line_set(call->curl, &line);
    http_post_set(call->curl, call->body, strlen(call->body));
    set_headers(calls, call, made);
    http_body_set(call->curl, &call->answer);
    SET(CURLOPT_HEADERFUNCTION, take_header);
    SET(CURLOPT_HEADERDATA, call);
    MUST(curl_multi_add_handle(calls->multi, call->curl) == CURLM_OK);
}

static void end_call(struct calls *calls, size_t peer, CURLcode code)
{
    struct call *call = &calls->calls[peer];
    struct upper_answer answer = {
        .status = http_status(call->curl, code),
        .challenge = call->challenge,
        .body = {.data = call->answer.data, .size = call->answer.size}
    };
    give_up(calls, call);
    calls->answered(calls->ctx, peer, &answer);
}

void calls_turn(struct calls *calls)
{
    int running = 0;
    CURLcode code = CURLE_OK;
    (void)curl_multi_perform(calls->multi, &running);
    for (CURL *ended; (ended = http_next_ended(calls->multi, &code)) != NULL;) {
        for (size_t i = 0; i < VIID_PEERS_MAX; i++) {
            if (calls->calls[i].curl == ended && calls->calls[i].busy) {
                end_call(calls, i, code);
                break;
            }
        }
    }
}

void calls_wait(struct calls *calls, const int *fds, size_t count, int64_t wait_ms)
{
    http_wait(calls->multi, fds, count, wait_ms, NULL);
}

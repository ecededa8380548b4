#include "reader-agent/terminal/http_calls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "common/http/client.h"

enum { CONNECT_MS = 2000, URL_SIZE = HELPER_ADDRESS_SIZE + ISAPI_PATH_SIZE };

struct call {
    CURL *curl;
    bool busy;
    char url[URL_SIZE];
    struct isapi_request request; /* libcurl reads its body while it sends */
    struct http_body answer;
};

struct http_calls {
    CURLM *multi;
    struct curl_slist *json_header, *xml_header;
    struct call calls[WORK_SLOTS];
    struct helper_terminal terminal;
    void (*answered)(void *ctx, enum work_slot slot, const struct isapi_answer *answer);
    void *ctx;
};

static bool create_call(struct call *call)
{
    call->curl = curl_easy_init();
    call->answer =
        (struct http_body){.data = malloc(ISAPI_ANSWER_BYTES), .most = ISAPI_ANSWER_BYTES};
    return call->curl != NULL && call->answer.data != NULL;
}

enum err http_calls_create(void (*answered)(void *ctx, enum work_slot slot,
                                            const struct isapi_answer *answer),
                           void *ctx, struct http_calls **ret_calls, struct fault *fault)
{
    AUTO(http_calls_destroy) struct http_calls *calls = calloc(1, sizeof(*calls));
    MUST(calls != NULL);
    calls->answered = answered;
    calls->ctx = ctx;
    bool made = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    calls->multi = made ? curl_multi_init() : NULL;
    http_header_add(&calls->json_header, "Content-Type", "application/json");
    http_header_add(&calls->xml_header, "Content-Type", "application/xml");
    made = calls->multi != NULL;
    for (size_t i = 0; i < WORK_SLOTS && made; i++) {
        made = create_call(&calls->calls[i]);
    }
    if (!made) {
        return fault_set(fault, ERR_IO, "libcurl does not start");
    }
    *ret_calls = calls;
    calls = NULL;
    return ERR_OK;
}

static void give_up(struct http_calls *calls, struct call *call)
{
    if (call->busy) {
        (void)curl_multi_remove_handle(calls->multi, call->curl);
        call->busy = false;
    }
}

void http_calls_destroy(struct http_calls **calls)
{
    if (*calls == NULL) {
        return;
    }
    for (size_t i = 0; i < WORK_SLOTS; i++) {
        struct call *call = &(*calls)->calls[i];
        if (call->curl != NULL) {
            give_up(*calls, call);
            curl_easy_cleanup(call->curl);
        }
        free(call->answer.data);
    }
    curl_slist_free_all((*calls)->json_header);
    curl_slist_free_all((*calls)->xml_header);
    if ((*calls)->multi != NULL) {
        (void)curl_multi_cleanup((*calls)->multi);
    }
    curl_global_cleanup();
    explicit_bzero(&(*calls)->terminal, sizeof((*calls)->terminal));
    free(*calls);
    *calls = NULL;
}

/* A handle made anew forgets the former terminal's digest state. */
void http_calls_aim(struct http_calls *calls, const struct helper_terminal *terminal)
{
    for (size_t i = 0; i < WORK_SLOTS; i++) {
        struct call *call = &calls->calls[i];
        give_up(calls, call);
        curl_easy_cleanup(call->curl);
        call->curl = curl_easy_init();
        MUST(call->curl != NULL);
    }
    calls->terminal = *terminal;
}

#define SET(option, value) MUST(curl_easy_setopt(call->curl, option, value) == CURLE_OK)

static void set_target(const struct http_calls *calls, struct call *call, int64_t timeout_ms)
{
    const struct helper_terminal *terminal = &calls->terminal;
    int size = snprintf(call->url, sizeof(call->url), "%s%s", terminal->url, call->request.path);
    MUST(size > 0 && (size_t)size < sizeof(call->url));
    const struct http_line line = {.url = call->url,
                                   .ca_file = terminal->ca_file,
                                   .connect_ms = CONNECT_MS,
                                   .total_ms = (long)timeout_ms};
    http_line_set(call->curl, &line);
    SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_DIGEST);
    SET(CURLOPT_USERNAME, terminal->user);
    SET(CURLOPT_PASSWORD, terminal->password);
}

static void set_body(const struct http_calls *calls, struct call *call)
{
    static const char *const methods[] = {
        [ISAPI_GET] = "GET", [ISAPI_PUT] = "PUT", [ISAPI_POST] = "POST"};
    if (call->request.body[0] == '\0') {
        SET(CURLOPT_HTTPGET, 1L);
        SET(CURLOPT_HTTPHEADER, NULL);
    } else {
        http_post_set(call->curl, call->request.body, strlen(call->request.body));
        SET(CURLOPT_HTTPHEADER,
            call->request.body[0] == '<' ? calls->xml_header : calls->json_header);
    }
    SET(CURLOPT_CUSTOMREQUEST, methods[call->request.method]);
}

void http_calls_ask(struct http_calls *calls, enum work_slot slot,
                    const struct isapi_request *request, int64_t timeout_ms)
{
    struct call *call = &calls->calls[slot];
    MUST(!call->busy);
    call->busy = true;
    call->request = *request;
    set_target(calls, call, timeout_ms);
    set_body(calls, call);
    http_body_set(call->curl, &call->answer);
    MUST(curl_multi_add_handle(calls->multi, call->curl) == CURLM_OK);
}

static const char *word_of(CURLcode code, const struct call *call)
{
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
        return "its name is not known; give a numeric address";
    case CURLE_COULDNT_CONNECT:
        return "it cannot be reached";
    case CURLE_OPERATION_TIMEDOUT:
        return "it does not answer";
    case CURLE_PEER_FAILED_VERIFICATION:
        return "its certificate is not trusted";
    case CURLE_SSL_CACERT_BADFILE:
        return "terminal_ca cannot be read";
    default:
        return call->answer.too_large ? "its answer is too long" : "the connection broke";
    }
}

static void end_call(struct http_calls *calls, enum work_slot slot, CURLcode code)
{
    struct call *call = &calls->calls[slot];
    struct isapi_answer answer = {
        .status = http_status(call->curl, code),
        .body = {.data = call->answer.data, .size = call->answer.size},
        .why = code == CURLE_OK ? NULL : word_of(code, call)
    };
    give_up(calls, call);
    calls->answered(calls->ctx, slot, &answer);
}

void http_calls_turn(struct http_calls *calls)
{
    int running = 0;
    CURLcode code = CURLE_OK;
    (void)curl_multi_perform(calls->multi, &running);
    for (CURL *ended; (ended = http_next_ended(calls->multi, &code)) != NULL;) {
        for (size_t i = 0; i < WORK_SLOTS; i++) {
            if (calls->calls[i].curl == ended && calls->calls[i].busy) {
                end_call(calls, (enum work_slot)i, code);
                break;
            }
        }
    }
}

void http_calls_wait(struct http_calls *calls, const int *fds, size_t count, int64_t wait_ms,
                     bool *ret_ready)
{
    http_wait(calls->multi, fds, count, wait_ms, ret_ready);
}

#include "reader-agent/terminal/http_calls.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"

enum { CONNECT_MS = 2000, WAIT_FDS_MAX = 4, URL_SIZE = HELPER_ADDRESS_SIZE + ISAPI_PATH_SIZE };

struct call {
    CURL *curl;
    bool busy;
    char url[URL_SIZE];
    struct isapi_request request; /* libcurl reads its body while it sends */
    uint8_t *answer;              /* ISAPI_ANSWER_BYTES */
    size_t answer_size;
    bool too_large;
};

struct http_calls {
    CURLM *multi;
    struct curl_slist *json_header, *xml_header;
    struct call calls[WORK_SLOTS];
    struct helper_terminal terminal;
    void (*answered)(void *ctx, enum work_slot slot, const struct isapi_answer *answer);
    void *ctx;
};

static size_t take_bytes(char *bytes, size_t size, size_t count, void *ctx)
{
    struct call *call = ctx;
    size_t more = size * count;
    if (more > ISAPI_ANSWER_BYTES - call->answer_size) {
        call->too_large = true;
        return 0;
    }
    memcpy(call->answer + call->answer_size, bytes, more);
    call->answer_size += more;
    return more;
}

static bool create_call(struct call *call)
{
    call->curl = curl_easy_init();
    call->answer = malloc(ISAPI_ANSWER_BYTES);
    return call->curl != NULL && call->answer != NULL;
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
    calls->json_header = made ? curl_slist_append(NULL, "Content-Type: application/json") : NULL;
    calls->xml_header = made ? curl_slist_append(NULL, "Content-Type: application/xml") : NULL;
    made = calls->multi != NULL && calls->json_header != NULL && calls->xml_header != NULL;
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
        free(call->answer);
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
    SET(CURLOPT_URL, call->url);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    SET(CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_DIGEST);
    SET(CURLOPT_USERNAME, terminal->user);
    SET(CURLOPT_PASSWORD, terminal->password);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (terminal->ca_file[0] != '\0') {
        SET(CURLOPT_CAINFO, terminal->ca_file);
    }
}

static void set_body(const struct http_calls *calls, struct call *call)
{
    static const char *const methods[] = {
        [ISAPI_GET] = "GET", [ISAPI_PUT] = "PUT", [ISAPI_POST] = "POST"};
    if (call->request.body[0] == '\0') {
        SET(CURLOPT_HTTPGET, 1L);
        SET(CURLOPT_HTTPHEADER, NULL);
    } else {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDSIZE, (long)strlen(call->request.body));
        SET(CURLOPT_POSTFIELDS, call->request.body);
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
    call->answer_size = 0;
    call->too_large = false;
    set_target(calls, call, timeout_ms);
    set_body(calls, call);
    SET(CURLOPT_WRITEFUNCTION, take_bytes);
    SET(CURLOPT_WRITEDATA, call);
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
        return call->too_large ? "its answer is too long" : "the connection broke";
    }
}

static void end_call(struct http_calls *calls, enum work_slot slot, CURLcode code)
{
    struct call *call = &calls->calls[slot];
    long status = 0;
    (void)curl_easy_getinfo(call->curl, CURLINFO_RESPONSE_CODE, &status);
    struct isapi_answer answer = {
        .status = code == CURLE_OK ? status : 0,
        .body = {.data = call->answer, .size = call->answer_size},
        .why = code == CURLE_OK ? NULL : word_of(code, call)
    };
    give_up(calls, call);
    calls->answered(calls->ctx, slot, &answer);
}

void http_calls_turn(struct http_calls *calls)
{
    int running = 0;
    int left = 0;
    (void)curl_multi_perform(calls->multi, &running);
    for (CURLMsg *message; (message = curl_multi_info_read(calls->multi, &left)) != NULL;) {
        CURL *ended = message->easy_handle;
        CURLcode code = message->data.result;
        for (size_t i = 0; i < WORK_SLOTS && message->msg == CURLMSG_DONE; i++) {
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
    struct curl_waitfd waits[WAIT_FDS_MAX];
    unsigned used = 0;
    MUST(count <= WAIT_FDS_MAX);
    for (size_t i = 0; i < count; i++) {
        if (fds[i] >= 0) {
            waits[used++] = (struct curl_waitfd){.fd = fds[i], .events = CURL_WAIT_POLLIN};
        }
    }
    int ready = 0;
    (void)curl_multi_poll(calls->multi, waits, used, (int)wait_ms, &ready);
    used = 0;
    for (size_t i = 0; i < count; i++) {
        ret_ready[i] = fds[i] >= 0 && waits[used++].revents != 0;
    }
}

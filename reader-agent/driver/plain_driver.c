/* Uniview terminals and plain JSON devices as the listener sees them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "reader-agent/driver/http_driver.h"
#include "reader-agent/driver/json_device.h"
#include "reader-agent/driver/uniview.h"

#define TEXT_JSON "application/json"

/* --- Uniview --- */

static const char verification_path[] = "/System/Event/Notification/PersonVerification";
static const char heartbeat_path[] = "/PACS/Controller/HeartReportInfo";
static const char *const uniview_paths[] = {verification_path, heartbeat_path,
                                            "/PACS/Controller/PersonVerification", "", NULL};

static enum parse_result parse_uniview(const struct http_call *call, struct bytes text,
                                       struct http_parsed *parsed)
{
    struct reading reading;
    if (strcmp(call->subpath, heartbeat_path) == 0) {
        return uniview_heartbeat(text);
    }
    enum parse_result result =
        uniview_parse(text, call->device->reader, call->device->device_id, &reading);
    if (result == PARSE_READING || result == PARSE_UNUSABLE) {
        struct reading *place = http_parsed_add(parsed);
        if (place != NULL) {
            *place = reading;
        }
    }
    return result;
}

static void answer_uniview(const struct http_call *call, const struct http_outcome *outcome,
                           struct http_answer *answer)
{
    (void)call;
    (void)outcome;
    if (answer->status == 200) {
        http_answer_text(answer, TEXT_JSON, UNIVIEW_ACKNOWLEDGEMENT);
    }
}

const struct http_driver uniview_driver = {
    .driver = DRIVER_UNIVIEW,
    .noun = "terminal",
    .subpaths = uniview_paths,
    .cuts_json = true,
    .parse = parse_uniview,
    .answer = answer_uniview,
};

/* --- plain JSON --- */

struct collected {
    struct http_parsed *parsed;
    size_t bad;
};

/* A line more of what is put aside: only the events that nobody understood, as the others may hold
 * what was typed at a keypad. */
static void keep_instead(struct http_parsed *parsed, const char *text)
{
    size_t size = parsed->instead == NULL ? 0 : strlen(parsed->instead);
    size_t more = text == NULL ? 0 : strlen(text);
    char *grown = realloc(parsed->instead, size + more + 2);
    MUST(grown != NULL);
    (void)snprintf(grown + size, more + 2, "%s\n", text == NULL ? "" : text);
    parsed->instead = grown;
}

static void collect(void *ctx, enum parse_result result, const struct reading *reading,
                    const char *text)
{
    struct collected *collected = ctx;
    struct http_parsed *parsed = collected->parsed;
    parsed->records++;
    if (result == PARSE_BAD) {
        collected->bad++;
        keep_instead(parsed, text);
        return;
    }
    parsed->counted[result]++;
    if (result == PARSE_READING || result == PARSE_UNUSABLE) {
        struct reading *place = http_parsed_add(parsed);
        if (place != NULL) {
            *place = *reading;
        }
    }
}

static enum parse_result parse_json(const struct http_call *call, struct bytes text,
                                    struct http_parsed *parsed)
{
    struct collected collected = {.parsed = parsed};
    struct json_device_sink sink = {.take = collect, .ctx = &collected};
    if (!json_device_parse(text, call->device, &call->memory->line, call->now, sink)) {
        parsed->why = "not the plain JSON that it should send";
        return PARSE_BAD;
    }
    if (collected.bad > 0) {
        parsed->why = "plain JSON with events that are none";
        return PARSE_BAD;
    }
    return PARSE_READING;
}

static void answer_json(const struct http_call *call, const struct http_outcome *outcome,
                        struct http_answer *answer)
{
    (void)call;
    char text[96];
    const char *result = answer->status == 503   ? "again"
                         : answer->status != 200 ? "refused"
                         : outcome->put_aside    ? "aside"
                                                 : "ok";
    (void)snprintf(text, sizeof(text), "{\"result\":\"%s\",\"events\":%zu,\"taken\":%zu}\n", result,
                   outcome->records, outcome->taken);
    http_answer_text(answer, TEXT_JSON, text);
}

static const char *const own_path[] = {"", NULL};

const struct http_driver json_device_driver = {
    .driver = DRIVER_JSON,
    .noun = "reader",
    .subpaths = own_path,
    .parse = parse_json,
    .answer = answer_json,
};

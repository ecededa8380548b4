/* Fuzzes ZKTeco's tables: every line is a reading, an ignored kind or bad; with more than one
 * presentation all are history; an answer is text within its bounds. The first byte chooses
 * protocol, request and configuration; the query's values stand before the first newline. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/base/must.h"
#include "reader-agent/driver/zkteco.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char query_value[64];

static const char *argument(void *ctx, const char *name)
{
    const char *const *table = ctx;
    return strcmp(name, "table") == 0 ? *table : query_value;
}

static void check(const struct http_parsed *parsed, enum parse_result result)
{
    for (size_t i = 0; i < parsed->reading_count; i++) {
        const struct reading *r = &parsed->readings[i];
        MUST(r->history == (parsed->reading_count > 1));
        MUST((r->kind != CREDENTIAL_KIND_NONE) == (r->id_size > 0));
        MUST(r->id_size <= LIMIT_CREDENTIAL_BYTES && r->raw_size == 0 && r->captured.us >= 0);
        MUST(r->cclass <= CREDENTIAL_CLASS_UID_ONLY);
        MUST(strlen(r->device_event) == DEVICE_FINGERPRINT_SIZE - 1);
    }
    MUST(parsed->reading_count <= parsed->records);
    MUST((result == PARSE_BAD) == (parsed->why != NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const subpaths[] = {"/cdata", "/registry", "/push", "/devicecmd"};
    static const char *const tables[] = {"ATTLOG", "rtlog", "tabledata", NULL};
    static struct http_device device = {.reader = {.text = "zk-1"}, .device_id = "SN1"};
    struct http_memory memory = {.stamp = ""};
    if (size < 2 || size > LIMIT_HTTP_TEXT_BYTES) {
        return 0;
    }
    bool access = (data[0] & 1) != 0;
    device.verify_first = (data[0] & 2) != 0;
    device.reversed = (data[0] & 4) != 0;
    const char *table = tables[data[0] >> 3 & 3];
    size_t head = 0;
    while (head + 1 < size && data[head + 1] != '\n' && head + 1 < sizeof(query_value)) {
        query_value[head] = (char)data[head + 1];
        head++;
    }
    query_value[head] = '\0';
    struct http_call call = {.device = &device,
                             .memory = &memory,
                             .method = (data[0] & 0x80) != 0 ? "GET" : "POST",
                             .subpath = subpaths[data[0] >> 5 & 3],
                             .argument = argument,
                             .argument_ctx = &table};
    struct http_parsed parsed = {.readings_max = ZKTECO_RECORDS_MAX};
    struct bytes text = {.data = data + 1 + head, .size = size - 1 - head};
    enum parse_result result = (access ? zkteco_acc_parse : zkteco_att_parse)(&call, text, &parsed);
    check(&parsed, result);
    struct http_outcome outcome = {.status = 200, .records = parsed.records};
    struct http_answer answer = {.status = 200};
    (access ? zkteco_acc_answer : zkteco_att_answer)(&call, &outcome, &answer);
    MUST(answer.content_type != NULL && answer.size == strlen(answer.body) && answer.size > 0);
    http_parsed_free(&parsed);
    return 0;
}

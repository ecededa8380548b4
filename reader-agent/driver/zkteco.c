#include "reader-agent/driver/zkteco.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/base/must.h"
#include "reader-agent/driver/zkteco_line.h"

#define TEXT_PLAIN "text/plain"

/* What a table is to us. */
enum table_kind { TABLE_RECORDS, TABLE_DROPPED, TABLE_UNKNOWN };

struct table {
    const char *name;
    enum table_kind kind;
};

static const struct table att_tables[] = {
    {"ATTLOG",   TABLE_RECORDS},
    {"OPERLOG",  TABLE_DROPPED}, /* USER, FP, FACE: names and templates
  */
    {"ATTPHOTO", TABLE_DROPPED},
    {"BIODATA",  TABLE_DROPPED},
    {"options",  TABLE_DROPPED},
};

static const struct table acc_tables[] = {
    {"rtlog",     TABLE_RECORDS},
    {"rtstate",   TABLE_DROPPED}, /* the door's sensors */
    {"tabledata", TABLE_DROPPED}, /* user, biodata: names and templates */
    {"options",   TABLE_DROPPED},
};

static enum table_kind kind_of(const struct table *tables, size_t count, const char *name)
{
    for (size_t i = 0; name != NULL && i < count; i++) {
        if (strcasecmp(tables[i].name, name) == 0) {
            return tables[i].kind;
        }
    }
    return TABLE_UNKNOWN;
}

static const char *argument(const struct http_call *call, const char *name)
{
    return call->argument(call->argument_ctx, name);
}

static bool is_call(const struct http_call *call, const char *method, const char *subpath)
{
    return strcmp(call->method, method) == 0 && strcmp(call->subpath, subpath) == 0;
}

/* --- tables --- */

typedef enum parse_result line_reader(struct bytes line, const struct http_device *device,
                                      const struct tz_table *zone, struct reading *ret_reading);

/* A presentation of a table with others is history; see zkteco.h. */
static void mark_history(struct http_parsed *parsed, size_t from)
{
    bool kept = parsed->reading_count - from > 1;
    for (size_t i = from; i < parsed->reading_count; i++) {
        parsed->readings[i].history = kept;
    }
}

static void take_line(const struct http_call *call, struct bytes line, line_reader *read,
                      struct http_parsed *parsed)
{
    struct reading reading;
    enum parse_result result = read(line, call->device, call->device->zone, &reading);
    if (result == PARSE_READING || result == PARSE_UNUSABLE) {
        struct reading *place = http_parsed_add(parsed);
        if (place != NULL) {
            *place = reading;
        }
    }
    parsed->counted[result]++;
}

static enum parse_result read_records(const struct http_call *call, struct bytes text,
                                      line_reader *read, struct http_parsed *parsed)
{
    struct bytes line;
    size_t from = parsed->reading_count;
    while (!parsed->full && zkteco_next_line(&text, &line)) {
        take_line(call, line, read, parsed);
        parsed->records++;
    }
    mark_history(parsed, from);
    if (parsed->counted[PARSE_BAD] > 0) {
        parsed->counted[PARSE_BAD] = 0; /* the table is counted as one */
        parsed->why = "a table with lines that are no records";
        return PARSE_BAD;
    }
    return PARSE_READING;
}

static size_t count_lines(struct bytes text)
{
    struct bytes line;
    size_t count = 0;
    while (zkteco_next_line(&text, &line)) {
        count++;
    }
    return count;
}

static enum parse_result read_table(const struct http_call *call, struct bytes text,
                                    enum table_kind kind, line_reader *read,
                                    struct http_parsed *parsed)
{
    switch (kind) {
    case TABLE_RECORDS:
        return read_records(call, text, read, parsed);
    case TABLE_DROPPED:
        parsed->records += count_lines(text);
        return PARSE_FOREIGN;
    case TABLE_UNKNOWN:
        break;
    }
    parsed->records += count_lines(text);
    parsed->why = "a table that its driver does not know";
    return PARSE_BAD;
}

static enum parse_result parse(const struct http_call *call, struct bytes text,
                               const struct table *tables, size_t count, line_reader *read,
                               struct http_parsed *parsed)
{
    if (!is_call(call, "POST", "/cdata")) {
        return PARSE_FOREIGN;
    }
    enum table_kind kind = kind_of(tables, count, argument(call, "table"));
    return read_table(call, text, kind, read, parsed);
}

enum parse_result zkteco_att_parse(const struct http_call *call, struct bytes text,
                                   struct http_parsed *parsed)
{
    return parse(call, text, att_tables, ARRAY_LEN(att_tables), zkteco_att_line, parsed);
}

enum parse_result zkteco_acc_parse(const struct http_call *call, struct bytes text,
                                   struct http_parsed *parsed)
{
    return parse(call, text, acc_tables, ARRAY_LEN(acc_tables), zkteco_acc_line, parsed);
}

/* --- answers --- */

/* The terminal sends what came after this mark. Before it sent one, "None": what it has not sent.
 */
static const char *stamp_of(const struct http_call *call)
{
    return call->memory->stamp[0] != '\0' ? call->memory->stamp : "None";
}

static void remember_stamp(const struct http_call *call)
{
    const char *stamp = argument(call, "Stamp");
    if (stamp != NULL && strlen(stamp) <= HTTP_STAMP_BYTES &&
        strspn(stamp, "0123456789") == strlen(stamp)) {
        (void)snprintf(call->memory->stamp, sizeof(call->memory->stamp), "%s", stamp);
    }
}

/* Only punches are asked for: neither people nor templates. */
static void say_options(const struct http_call *call, struct http_answer *answer)
{
    char text[512];
    int size = snprintf(text, sizeof(text),
                        "GET OPTION FROM: %s\n"
                        "ATTLOGStamp=%s\n"
                        "OperLog=9999\n"
                        "OPERLOGStamp=9999\n"
                        "ATTPHOTOStamp=9999\n"
                        "ErrorDelay=30\n"
                        "Delay=10\n"
                        "TransTimes=00:00;14:05\n"
                        "TransInterval=1\n"
                        "TransFlag=TransData AttLog\n"
                        "Realtime=1\n"
                        "Encrypt=None\n",
                        call->device->device_id, stamp_of(call));
    MUST(size > 0 && (size_t)size < sizeof(text));
    http_answer_text(answer, TEXT_PLAIN, text);
}

static void say_count(const struct http_outcome *outcome, struct http_answer *answer)
{
    char text[40];
    (void)snprintf(text, sizeof(text), "OK: %zu", outcome->records);
    http_answer_text(answer, TEXT_PLAIN, text);
}

void zkteco_att_answer(const struct http_call *call, const struct http_outcome *outcome,
                       struct http_answer *answer)
{
    const char *table = argument(call, "table");
    if (answer->status != 200) {
        return;
    }
    if (is_call(call, "GET", "/cdata")) {
        say_options(call, answer);
    } else if (is_call(call, "POST", "/cdata") &&
               kind_of(att_tables, ARRAY_LEN(att_tables), table) != TABLE_UNKNOWN) {
        if (strcasecmp(table, "ATTLOG") == 0) {
            remember_stamp(call);
        }
        say_count(outcome, answer);
    } else {
        http_answer_text(answer, TEXT_PLAIN, "OK");
    }
}

/* Of one terminal always the same, and no secret. */
static void code_of(const struct http_call *call, char out[DEVICE_FINGERPRINT_SIZE])
{
    const char *const parts[] = {"registry", call->device->device_id};
    device_text_fingerprint(call->device->reader, parts, ARRAY_LEN(parts), out);
}

/* Only events are asked for: neither people nor templates. */
static void say_registered(const struct http_call *call, const char *head,
                           struct http_answer *answer)
{
    char code[DEVICE_FINGERPRINT_SIZE];
    char text[512];
    code_of(call, code);
    int size = snprintf(text, sizeof(text),
                        "%s"
                        "ServerVersion=3.0.1\n"
                        "PushVersion=3.0.1\n"
                        "ErrorDelay=30\n"
                        "RequestDelay=10\n"
                        "TransTimes=00:00;14:00\n"
                        "TransInterval=1\n"
                        "TransTables=Transaction\n"
                        "Realtime=1\n"
                        "SessionID=%s\n"
                        "TimeoutSec=10\n",
                        head, code);
    MUST(size > 0 && (size_t)size < sizeof(text));
    http_answer_text(answer, TEXT_PLAIN, text);
}

static void say_registry(const struct http_call *call, const char *before,
                         struct http_answer *answer)
{
    char code[DEVICE_FINGERPRINT_SIZE];
    char text[128];
    code_of(call, code);
    (void)snprintf(text, sizeof(text), "%sRegistryCode=%.16s\n", before, code);
    if (before[0] == '\0') {
        http_answer_text(answer, TEXT_PLAIN, text);
    } else {
        say_registered(call, text, answer);
    }
}

/* The table's name with its count, as "user=1"; what is no name gets OK. */
static void say_table(const struct http_call *call, const struct http_outcome *outcome,
                      struct http_answer *answer)
{
    const char *name = argument(call, "tablename");
    char text[64];
    if (name == NULL || name[0] == '\0' || strlen(name) > 24 ||
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") !=
            strlen(name)) {
        http_answer_text(answer, TEXT_PLAIN, "OK");
        return;
    }
    uint64_t count = outcome->records;
    const char *said = argument(call, "count");
    if (said != NULL) {
        (void)device_text_number(said, UINT32_MAX, &count);
    }
    (void)snprintf(text, sizeof(text), "%s=%llu", name, (unsigned long long)count);
    http_answer_text(answer, TEXT_PLAIN, text);
}

void zkteco_acc_answer(const struct http_call *call, const struct http_outcome *outcome,
                       struct http_answer *answer)
{
    const char *table = argument(call, "table");
    if (answer->status != 200) {
        return;
    }
    if (is_call(call, "GET", "/cdata")) {
        say_registry(call, "registry=ok\n", answer);
    } else if (is_call(call, "POST", "/registry")) {
        say_registry(call, "", answer);
    } else if (is_call(call, "POST", "/push")) {
        say_registered(call, "", answer);
    } else if (is_call(call, "POST", "/cdata") && table != NULL &&
               strcasecmp(table, "tabledata") == 0) {
        say_table(call, outcome, answer);
    } else {
        http_answer_text(answer, TEXT_PLAIN, "OK");
    }
}

static const char *const att_paths[] = {"/cdata", "/getrequest", "/devicecmd", "/ping", NULL};
static const char *const acc_paths[] = {"/cdata",     "/registry", "/push", "/getrequest",
                                        "/devicecmd", "/ping",     NULL};

const struct http_driver zkteco_att_driver = {
    .driver = DRIVER_ZKTECO_ATT,
    .noun = "terminal",
    .subpaths = att_paths,
    .gets = true,
    .any_text = true,
    .names_itself = "SN",
    .text_bytes = ZKTECO_TABLE_BYTES,
    .readings_max = ZKTECO_RECORDS_MAX,
    .parse = zkteco_att_parse,
    .answer = zkteco_att_answer,
};

const struct http_driver zkteco_acc_driver = {
    .driver = DRIVER_ZKTECO_ACC,
    .noun = "terminal",
    .subpaths = acc_paths,
    .gets = true,
    .any_text = true,
    .names_itself = "SN",
    .text_bytes = ZKTECO_TABLE_BYTES,
    .readings_max = ZKTECO_RECORDS_MAX,
    .parse = zkteco_acc_parse,
    .answer = zkteco_acc_answer,
};

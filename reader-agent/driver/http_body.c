#include "reader-agent/driver/http_body.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "common/seal/seal.h"
#include "reader-agent/driver/json_cut.h"
#include "reader-agent/driver/multipart.h"

enum {
    STATUS_OK = 200,
    STATUS_REFUSED = 403,
    STATUS_LARGE = 413,
    STATUS_FULL = 503,
    HEAD_BYTES = 2048, /* of a multipart body in which no text was found */
};

struct http_body {
    struct http_call call;
    const struct http_driver *driver;
    struct http_counters *counters;
    struct multipart *parts; /* NULL: one bare text */
    uint64_t size;
    bool too_large;
    bool text_cut;
    bool bad;
    bool understood; /* at least one part was */
    bool read, finished;
    const char *why; /* the first thing that was wrong */
    uint8_t *aside;  /* heap: what is put aside, at most LIMIT_ASIDE_BYTES */
    size_t aside_size;
    uint8_t head[HEAD_BYTES];
    size_t head_size;
    struct json_cut cut;
    struct http_parsed parsed;
    size_t text_size; /* of a bare text */
    size_t text_room;
    uint8_t text[];   /* text_room bytes where the body is bare */
};

static const char *const count_names[HTTP_COUNTS] = {
    [HTTP_COUNT_READINGS] = "readings",         [HTTP_COUNT_NOTICES] = "notices",
    [HTTP_COUNT_FOREIGN] = "foreign",           [HTTP_COUNT_FAILED] = "failed",
    [HTTP_COUNT_UNUSABLE] = "unusable",         [HTTP_COUNT_BAD] = "bad",
    [HTTP_COUNT_TOO_LARGE] = "too-large",       [HTTP_COUNT_WRONG_METHOD] = "wrong-method",
    [HTTP_COUNT_WRONG_PATH] = "wrong-path",     [HTTP_COUNT_WRONG_SOURCE] = "wrong-source",
    [HTTP_COUNT_WRONG_DIGEST] = "wrong-digest", [HTTP_COUNT_NOT_STORED] = "not-stored",
    [HTTP_COUNT_NOT_KNOWN] = "not-known",       [HTTP_COUNT_CUT_OFF] = "cut-off",
    [HTTP_COUNT_MISREAD] = "misread",           [HTTP_COUNT_BOUNCED] = "bounced",
};

const char *http_count_name(enum http_count count)
{
    MUST(count >= 0 && count < HTTP_COUNTS);
    return count_names[count];
}

static void count(struct http_body *body, enum http_count what)
{
    body->counters->of[what]++;
}

/* Keeps text to be put aside, behind what is there already; what does not fit is cut. */
static void keep_aside(struct http_body *body, struct bytes text, const char *why)
{
    if (body->aside == NULL) {
        body->aside = malloc(LIMIT_ASIDE_BYTES);
        MUST(body->aside != NULL);
        body->why = why;
    }
    size_t room = LIMIT_ASIDE_BYTES - body->aside_size;
    size_t size = text.size < room ? text.size : room;
    memcpy(body->aside + body->aside_size, text.data, size);
    body->aside_size += size;
}

static void bad(struct http_body *body, struct bytes text, const char *why)
{
    count(body, HTTP_COUNT_BAD);
    body->bad = true;
    keep_aside(body, text, why);
}

/* What of `piece` fits behind the first `size` bytes of `to`. */
static size_t append(uint8_t *to, size_t size, size_t room, struct bytes piece)
{
    size_t take = piece.size < room - size ? piece.size : room - size;
    memcpy(to + size, piece.data, take);
    return take;
}

static const enum http_count counted_as[PARSE_RESULTS] = {
    [PARSE_READING] = HTTP_COUNTS, /* counted when it is stored */
    [PARSE_NOTICE] = HTTP_COUNT_NOTICES,  [PARSE_FOREIGN] = HTTP_COUNT_FOREIGN,
    [PARSE_FAILED] = HTTP_COUNT_FAILED,   [PARSE_UNUSABLE] = HTTP_COUNT_UNUSABLE,
    [PARSE_BAD] = HTTP_COUNTS, /* counted where it is kept */
    [PARSE_MISREAD] = HTTP_COUNT_MISREAD, [PARSE_BOUNCE] = HTTP_COUNT_BOUNCED,
};

/* What a text of several events held. */
static void count_within(struct http_body *body)
{
    for (size_t i = 0; i < PARSE_RESULTS; i++) {
        if (counted_as[i] != HTTP_COUNTS) {
            body->counters->of[counted_as[i]] += body->parsed.counted[i];
        }
        body->parsed.counted[i] = 0;
    }
}

static void take_text(struct http_body *body, struct bytes text)
{
    if (body->too_large) {
        return;
    }
    body->parsed.why = NULL;
    enum parse_result result = body->driver->parse(&body->call, text, &body->parsed);
    body->too_large = body->parsed.full;
    count_within(body);
    if (counted_as[result] != HTTP_COUNTS) {
        count(body, counted_as[result]);
    }
    if (result == PARSE_BAD) {
        const char *why = body->parsed.why;
        const char *instead = body->parsed.instead;
        bad(body, instead != NULL ? bytes_of_text(instead) : text,
            why != NULL ? why : "not an event that its driver knows");
    }
    body->understood = body->understood || result != PARSE_BAD;
}

static void on_part(void *ctx, enum multipart_kind kind, struct bytes text)
{
    struct http_body *body = ctx;
    if (kind == MULTIPART_TEXT) {
        take_text(body, text);
    } else if (kind == MULTIPART_PICTURE) {
        body->understood = true; /* a picture alone is nothing that we could lose */
    }
}

struct http_body *http_body_create(const struct http_call *call, const char *content_type,
                                   uint64_t declared_size, struct http_counters *counters)
{
    char boundary[MULTIPART_BOUNDARY_BYTES + 1];
    bool parted = content_type != NULL && multipart_boundary(content_type, boundary);
    const struct http_driver *driver = http_driver_of(call->device->driver);
    MUST(driver != NULL);
    size_t room = driver->text_bytes != 0 ? driver->text_bytes : LIMIT_HTTP_TEXT_BYTES;
    struct http_body *body = calloc(1, sizeof(*body) + (parted ? 0 : room));
    if (body == NULL) {
        return NULL;
    }
    body->call = *call;
    body->driver = driver;
    body->text_room = room;
    body->parsed.readings_max =
        driver->readings_max != 0 ? driver->readings_max : HTTP_BODY_READINGS;
    body->counters = counters;
    if (parted) {
        struct multipart_sink sink = {.part = on_part, .ctx = body};
        body->parts = multipart_create(boundary, declared_size, sink);
        if (body->parts == NULL) {
            http_body_destroy(&body);
        }
    }
    return body;
}

void http_body_destroy(struct http_body **body)
{
    if (*body != NULL) {
        multipart_destroy(&(*body)->parts);
        http_parsed_free(&(*body)->parsed);
        free((*body)->aside);
    }
    free(*body);
    *body = NULL;
}

bool http_body_feed(struct http_body *body, struct bytes piece)
{
    MUST(!body->read);
    body->size += piece.size;
    if (body->size > LIMIT_HTTP_BODY_BYTES) {
        body->too_large = true;
    }
    if (body->too_large) {
        return false;
    }
    if (body->parts != NULL) {
        body->head_size += append(body->head, body->head_size, sizeof(body->head), piece);
        if (multipart_feed(body->parts, piece) != ERR_OK) {
            body->too_large = true;
        }
    } else if (body->driver->cuts_json) {
        body->text_size = json_cut_feed(&body->cut, piece, body->text, body->text_size,
                                        body->text_room, &body->text_cut);
    } else {
        size_t took = append(body->text, body->text_size, body->text_room, piece);
        body->text_size += took;
        body->text_cut = body->text_cut || took < piece.size;
    }
    return !body->too_large;
}

/* A bare body: one text. */
static void take_bare(struct http_body *body)
{
    struct bytes text = {.data = body->text, .size = body->text_size};
    enum multipart_kind kind = multipart_kind_of(text);
    if (body->text_cut && kind != MULTIPART_PICTURE) {
        bad(body, text, "longer than an event may be");
    } else if (kind == MULTIPART_TEXT || (kind != MULTIPART_PICTURE && body->driver->any_text)) {
        take_text(body, text);
    } else if (kind == MULTIPART_OTHER) {
        bad(body, text, "neither XML nor JSON");
    }
}

static void end_of_body(struct http_body *body)
{
    if (body->too_large) {
        return;
    }
    if (body->parts != NULL) {
        enum err err = multipart_end(body->parts);
        body->too_large = body->too_large || err == ERR_FULL;
    } else {
        take_bare(body);
    }
    if (!body->understood && !body->bad && !body->too_large) {
        struct bytes head = {.data = body->head, .size = body->head_size};
        bad(body, head, "no text in it");
    }
}

/* ERR_OK also when there is nothing to be put aside. */
static enum err put_aside(struct http_body *body, const struct driver_sink *sink)
{
    struct fault fault;
    struct bytes kept = {.data = body->aside, .size = body->aside_size};
    return body->bad ? sink->aside(sink->ctx, body->call.device->reader, kept, body->why, &fault)
                     : ERR_OK;
}

/* Records that open nothing are made durable together, behind the last of them. */
static enum err settle(const struct http_body *body, const struct driver_sink *sink)
{
    struct fault fault;
    return body->parsed.reading_count > 1 && sink->settle != NULL
               ? sink->settle(sink->ctx, &fault)
               : ERR_OK;
}

static unsigned hand_over(struct http_body *body, const struct driver_sink *sink,
                          size_t *ret_taken)
{
    unsigned status = STATUS_OK;
    bool several = body->parsed.reading_count > 1 && sink->settle != NULL;
    for (size_t i = 0; i < body->parsed.reading_count; i++) {
        struct fault fault;
        body->parsed.readings[i].batched = several && body->parsed.readings[i].history;
        enum err err = sink->reading(sink->ctx, &body->parsed.readings[i], &fault);
        if (err == ERR_OK) {
            count(body, HTTP_COUNT_READINGS);
            (*ret_taken)++;
        } else if (err == ERR_REFUSED) {
            count(body, HTTP_COUNT_NOT_KNOWN);
            status = STATUS_REFUSED;
        } else {
            count(body, HTTP_COUNT_NOT_STORED);
            return STATUS_FULL; /* the device sends all of it again */
        }
    }
    enum err err = settle(body, sink);
    err = err == ERR_OK ? put_aside(body, sink) : err;
    if (err == ERR_REFUSED) {
        count(body, HTTP_COUNT_NOT_KNOWN);
        return STATUS_REFUSED;
    }
    if (err != ERR_OK) {
        count(body, HTTP_COUNT_NOT_STORED);
        return STATUS_FULL;
    }
    return status;
}

const struct http_parsed *http_body_read(struct http_body *body)
{
    MUST(!body->read);
    end_of_body(body);
    body->read = true;
    return body->too_large ? NULL : &body->parsed;
}

void http_body_digest(const struct http_body *body, char out[DEVICE_FINGERPRINT_SIZE])
{
    struct seal_hash hash =
        seal_hash_of((struct bytes){.data = body->text, .size = body->text_size});
    bytes_to_hex((struct bytes){.data = hash.bytes, .size = DEVICE_FINGERPRINT_SIZE / 2}, out,
                 DEVICE_FINGERPRINT_SIZE);
}

void http_body_ticket(struct http_body *body, uint64_t ticket)
{
    MUST(body->read && !body->finished);
    for (size_t i = 0; i < body->parsed.reading_count; i++) {
        struct reading *reading = &body->parsed.readings[i];
        if (!reading->history) {
            reading->ticket = ticket;
            if (reading->device_event[0] == '\0') {
                http_body_digest(body, reading->body);
            }
            return;
        }
    }
}

struct http_outcome http_body_finish(struct http_body *body, const struct driver_sink *sink)
{
    MUST(body->read && !body->finished);
    body->finished = true;
    if (body->too_large) {
        count(body, HTTP_COUNT_TOO_LARGE);
        return (struct http_outcome){.status = STATUS_LARGE};
    }
    struct http_outcome outcome = {
        .understood = !body->bad,
        .put_aside = body->bad,
        .notice = body->parsed.notice,
        .records = body->parsed.records,
    };
    outcome.status = hand_over(body, sink, &outcome.taken);
    return outcome;
}

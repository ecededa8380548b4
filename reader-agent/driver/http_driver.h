/* http_driver: what a device family that posts over HTTP is to the listener.
 *
 * One const struct a family; http_driver_of() finds it. A family reads texts into readings and says
 * what the device is answered; sockets, accounts, bounds, what was not understood, and when an
 * answer may be given at all, are the listener's and http_body's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/access/wiegand.h"
#include "common/base/bytes.h"
#include "reader-agent/driver/device_text.h"
#include "reader-agent/driver/driver.h"

enum {
    HTTP_BODY_READINGS = 32,  /* events of one body; more is too large. A family may have its own */
    HTTP_STAMP_BYTES = 31,
    HTTP_ANSWER_BYTES = 2048, /* of one answer */
};

/* What a family remembers of one device between its requests, while the listener runs. Zero: nothing
 * yet. */
struct http_memory {
    struct wiegand_line line;         /* of a JSON reader that sends bits */
    char stamp[HTTP_STAMP_BYTES + 1]; /* ZKTeco: the mark of the last table that was taken */
};

/* One request. All is borrowed. */
struct http_call {
    const struct http_device *device;
    struct http_memory *memory;
    struct mono now;     /* when it began */
    const char *method;  /* "POST"; "GET" where the family gets */
    const char *subpath; /* one of the family's, "" the device's own path */
    /* The value of a query argument, decoded; NULL: not given. */
    const char *(*argument)(void *ctx, const char *name);
    void *argument_ctx;
};

/* What the texts of one body came to. */
struct http_parsed {
    size_t reading_count, reading_room, readings_max;
    struct reading *readings; /* heap; moved by http_parsed_add */
    bool full;          /* there were more */
    size_t records;     /* of a table, whatever became of them */
    size_t counted[PARSE_RESULTS]; /* of events in a text of several, beside what parse returns */
    bool polls;         /* the device asks whether its lane is to be opened (replies.h) */
    const char *notice; /* static sentence for the operator, or NULL */
    char *instead;      /* heap: what is put aside in place of the text; NULL: the text */
    const char *why;    /* PARSE_BAD: what was wrong, a static sentence without anything of the body; NULL: the
                         * usual one */
};

/* A place for one more reading, zeroed, good until the next one; NULL: full. */
struct reading *http_parsed_add(struct http_parsed *parsed);
void http_parsed_free(struct http_parsed *parsed);

/* What became of a request; see http_body_finish. */
struct http_outcome {
    unsigned status;
    bool understood;    /* no part was bad, and there was one */
    bool put_aside;     /* some was not understood, and is kept at the gate when status is 200 */
    const char *notice; /* static sentence for the operator, or NULL */
    size_t taken;       /* readings that are durable */
    size_t records;     /* of http_parsed */
};

struct http_answer {
    unsigned status;
    const char *content_type; /* static; NULL: no body */
    size_t size;
    char body[HTTP_ANSWER_BYTES];
};

/* Writes the body: at most HTTP_ANSWER_BYTES - 1, a longer one is cut. */
void http_answer_text(struct http_answer *answer, const char *content_type, const char *text);

struct http_driver {
    enum reader_driver driver;
    const char *noun; /* for the operator: "camera", "terminal" */
    /* Paths behind the device's own that it posts to, "" among them if that is one; ends with NULL.
     */
    const char *const *subpaths;
    bool gets;       /* uses GET too */
    const char *names_itself; /* query argument that must be the device's own id; NULL: none */
    size_t text_bytes;   /* of one text; 0: LIMIT_HTTP_TEXT_BYTES */
    size_t readings_max; /* of one body; 0: HTTP_BODY_READINGS */
    bool any_text;   /* its texts begin with neither < nor { nor [ */
    bool cuts_json;  /* pictures stand in its JSON: long strings are cut while they come (json_cut.h) */
    bool opens;      /* its answer can open a lane (replies.h) */
    /* Reads one text: a bare body, or each text part of a multipart one. Readings go to `parsed`
     * with PARSE_READING (and PARSE_UNUSABLE). With PARSE_BAD the text is put aside. Of a GET and
     * of an empty body the text is empty. */
    enum parse_result (*parse)(const struct http_call *call, struct bytes text,
                               struct http_parsed *parsed);
    /* Fills the answer's body for its status; it comes with no body. Readings are durable and bad
     * texts put aside by then, unless the status says otherwise. */
    void (*answer)(const struct http_call *call, const struct http_outcome *outcome,
                   struct http_answer *answer);
};

/* NULL: this driver does not post over HTTP. */
const struct http_driver *http_driver_of(enum reader_driver driver);
/* An answer without a body, for families that want none. */
void http_answer_nothing(const struct http_call *call, const struct http_outcome *outcome,
                         struct http_answer *answer);
/* The subpath of `path` at this device; NULL: it is none of its paths. */
const char *http_driver_subpath(const struct http_driver *driver, const char *device_path,
                                const char *path);

extern const struct http_driver hik_anpr_driver, hik_access_driver, vzenith_driver, dahua_driver,
    uniview_driver, zkteco_att_driver, zkteco_acc_driver, json_device_driver;

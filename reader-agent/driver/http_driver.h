/* http_driver: what a device family that posts over HTTP is to the listener.
 *
 * One const struct a family; http_driver_of() finds it. A family reads texts into readings and says
 * what the device is answered; sockets, accounts, bounds, what was not understood, and when an
 * answer may be given at all, are the listener's and http_body's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/bytes.h"
#include "reader-agent/driver/device_text.h"
#include "reader-agent/driver/driver.h"

enum {
    HTTP_BODY_READINGS = 32,  /* events of one body; more is too large */
    HTTP_ANSWER_BYTES = 2048, /* of one answer */
};

/* One request. All is borrowed. */
struct http_call {
    const struct http_device *device;
    const char *method;  /* "POST"; "GET" where the family gets */
    const char *subpath; /* one of the family's, "" the device's own path */
    /* The value of a query argument, decoded; NULL: not given. */
    const char *(*argument)(void *ctx, const char *name);
    void *argument_ctx;
};

/* What the texts of one body came to. */
struct http_parsed {
    size_t reading_count;
    struct reading readings[HTTP_BODY_READINGS];
    bool full;          /* there were more */
    bool polls;         /* the device asks whether its lane is to be opened (replies.h) */
    const char *notice; /* static sentence for the operator, or NULL */
    const char *why; /* PARSE_BAD: what was wrong, a static sentence without anything of the body;
                      * NULL: the usual one */
};

/* A place for one more reading, zeroed; NULL: full. */
struct reading *http_parsed_add(struct http_parsed *parsed);

/* What became of a request; see http_body_finish. */
struct http_outcome {
    unsigned status;
    bool understood;    /* no part was bad, and there was one */
    bool put_aside;     /* some was not understood, and is kept at the gate when status is 200 */
    const char *notice; /* static sentence for the operator, or NULL */
    size_t taken;       /* readings that are durable */
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
    bool gets;      /* uses GET too */
    bool any_text;  /* its texts begin with neither < nor { nor [ */
    bool cuts_json; /* pictures stand in its JSON: long strings are cut while they come (json_cut.h)
                     */
    bool opens;     /* its answer can open a lane (replies.h) */
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

extern const struct http_driver hik_anpr_driver, hik_access_driver;

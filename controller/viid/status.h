/* status: ResponseStatusObject, alone and in lists: what we answer to peers, and what they answer.
 *
 * HTTP 200 with another code than 0 is the normal form of an error, and a list may say 0 of one
 * object and 8 of the next.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/base/bytes.h"
#include "common/base/clock.h"

enum status_code {
    STATUS_OK = 0,
    STATUS_OTHER = 1,
    STATUS_BUSY = 2,
    STATUS_DEVICE = 3,
    STATUS_OPERATION = 4,
    STATUS_XML_FORMAT = 5,
    STATUS_XML_CONTENT = 6,
    STATUS_JSON_FORMAT = 7,
    STATUS_JSON_CONTENT = 8,
    STATUS_REBOOT = 9,
    STATUS_UNREADABLE = 255, /* ours: a peer's answer that says nothing */
};

enum { STATUS_ID_SIZE = 65 };

/* What is said of one object, or of a request. */
struct status {
    enum status_code code;
    const char *text; /* NULL: the standard's word for the code */
    const char *id;   /* "" or NULL: none */
};

/* One status as JSON. `number`: StatusCode as a number, for peers that read no text. */
json_t *status_object(const struct status *status, const char *url, struct wall now, bool number);
/* A body around one: {"ResponseStatusObject": ...}. Takes `object`. */
json_t *status_body(json_t *object);
/* {"ResponseStatusListObject": {"ResponseStatusObject": [...]}}. Takes the list. */
json_t *status_list_body(json_t *list);

/* One status of a peer's answer. */
struct status_read {
    enum status_code code;
    char id[STATUS_ID_SIZE];
};

/* Reads at most `max` of them, from a list or alone, with or without wrappers; the number of them.
 * 0: the answer says nothing that is understood. */
size_t status_read(struct bytes body, struct status_read *out, size_t max);

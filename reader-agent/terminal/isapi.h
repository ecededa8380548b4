/* isapi: what is said to a Hikvision terminal and what it answers: ISAPI in JSON, without a socket.
 *
 * The terminal's language as its public integration guide and public programs have it; what is not
 * sure of a real terminal is marked in docs/helpers.md. A person is a subject id and nothing else:
 * no name, no picture, no attribute is ever sent.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "schema/helper.h"

enum { ISAPI_PATH_SIZE = 96, ISAPI_BODY_SIZE = 768, ISAPI_ANSWER_BYTES = 65536 };

enum isapi_method { ISAPI_GET, ISAPI_PUT, ISAPI_POST };

struct isapi_request {
    enum isapi_method method;
    const char *path;           /* static, with its query */
    char body[ISAPI_BODY_SIZE]; /* JSON, or XML where it begins with <; "" none */
};

/* Who decides: GET AcsCfg. */
struct isapi_request isapi_ask_settings(void);
/* The answer to an event that asks: PUT remoteCheck. */
struct isapi_request isapi_answer_check(uint64_t serial, bool granted);
/* Opens its door once, of our own accord: PUT RemoteControl/door/1. */
struct isapi_request isapi_open_door(void);
/* Adds a person by number and validity; refused by the terminal when it knows the number. */
struct isapi_request isapi_add_person(const char *subject, struct wall until);
/* The same for one that it knows: UserInfo/Modify. */
struct isapi_request isapi_change_person(const char *subject, struct wall until);
/* Deletes a person with cards, fingerprints and pictures; begun by this, done as the next tells. */
struct isapi_request isapi_delete_person(const char *subject);
struct isapi_request isapi_ask_deletion(void);
/* For terminals without the former: the person alone, done with the answer. */
struct isapi_request isapi_delete_person_plain(const char *subject);
/* Does it know the number? */
struct isapi_request isapi_find_person(const char *subject);

/* What the terminal made of an order (ResponseStatus). */
enum isapi_result {
    ISAPI_DONE,
    ISAPI_EXISTS,      /* the number is known already */
    ISAPI_UNSUPPORTED, /* this terminal has no such function */
    ISAPI_REFUSED,     /* by its answer, or with 401 */
    ISAPI_UNREADABLE,  /* no answer that means anything to us */
};

/* A terminal's answer: `status` is HTTP's, `body` borrowed. */
struct isapi_answer {
    long status; /* 0: there was none */
    struct bytes body;
    const char *why; /* of status 0: a plain word, static; else NULL */
};

/* Reads a ResponseStatus, in JSON or XML. `what` gets its own word for it
 * ("employeeNoAlreadyExist"), in printable ASCII, or ours. Done only when it says so: 200 with
 * another body is unreadable. */
enum isapi_result isapi_result_of(const struct isapi_answer *answer, char what[HELPER_WORD_SIZE]);

/* ret_settings->read false: not understood, or a setting is missing: then it may decide alone. */
void isapi_read_settings(const struct isapi_answer *answer, struct helper_settings *ret_settings);

enum isapi_deletion { ISAPI_DELETES, ISAPI_DELETED, ISAPI_NOT_DELETED, ISAPI_DELETION_UNREADABLE };
enum isapi_deletion isapi_read_deletion(const struct isapi_answer *answer);

/* False: the answer says neither; else *ret_there. A hit of another number is no answer. */
bool isapi_read_person(const struct isapi_answer *answer, const char *subject, bool *ret_there);

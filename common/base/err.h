/* err: one set of error codes for all rooms, and the fault that says what happened.
 *
 * A function that can fail returns enum err and takes a `struct fault *` as its last parameter. The
 * fault is filled once, where the trouble is found: what, where, and what to do. `ret_*` parameters
 * are written only on ERR_OK. ERR_NOT_FOUND is an answer, not a fault.
 */
#pragma once

#define MUST_CHECK    __attribute__((warn_unused_result))
#define AUTO(destroy) __attribute__((cleanup(destroy)))

enum err {
    ERR_OK = 0,
    ERR_NOT_FOUND,   /* an ordinary answer: there is no such thing */
    ERR_CORRUPT,     /* stored or received bytes do not fit their format */
    ERR_IO,          /* the system or a device failed; the message says which call */
    ERR_FULL,        /* a bound of ours is reached (schema/limits.h), or the disk is full */
    ERR_MAP_FULL,    /* the LMDB map is full: abort, grow, redo the whole batch */
    ERR_REFUSED,     /* not allowed, or makes no sense now; nothing was changed */
    ERR_INPUT,       /* bad input from a file, message or operator; nothing was changed */
    ERR_BUSY,        /* somebody else holds it, or try again later */
    ERR_TIMEOUT,     /* no answer within the given time */
    ERR_UNSUPPORTED, /* a version or kind that this program does not know */
};

enum { FAULT_TEXT_SIZE = 320 };

struct fault {
    enum err code;
    char what[FAULT_TEXT_SIZE]; /* English, one line, cut at the end if too long */
};

/* Fills *f (may be NULL) and returns `code`, so that a caller writes `return fault_set(...)`. */
__attribute__((format(printf, 3, 4))) enum err fault_set(struct fault *f, enum err code,
                                                         const char *fmt, ...);

/* The stable lower-case name of a code, for logs: "io", "not-found". */
const char *err_name(enum err code);

#define TRY(expr)                                                                                  \
    do {                                                                                           \
        enum err try_err_ = (expr);                                                                \
        if (try_err_ != ERR_OK) {                                                                  \
            return try_err_;                                                                       \
        }                                                                                          \
    } while (0)

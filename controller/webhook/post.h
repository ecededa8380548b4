/* post: one signed line to the receiver, by libcurl. Blocks at most POST_TIMEOUT_MS. */
#pragma once

#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/err.h"

enum { POST_TIMEOUT_MS = 10000, POST_CONNECT_MS = 5000 };

struct post;

/* Borrowed for its life: url, ca_file ("" the system's). ERR_IO: libcurl does not start. */
MUST_CHECK enum err post_create(const char *url, const char *ca_file, struct post **ret_post,
                                struct fault *fault);
void post_destroy(struct post **post);

/* Returns the answer's status, 0: there was none, then *ret_why (static) says why.
 * *ret_retry_after_s: what the answer asks for, 0 none. No redirect is followed. */
long post_send(struct post *post, struct bytes body, const char *delivery, const char *signature,
               uint32_t *ret_retry_after_s, const char **ret_why);

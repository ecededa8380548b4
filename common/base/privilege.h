/* privilege: helpers parse foreign bytes, so they do it as nobody in particular. */
#pragma once

#include <stdbool.h>

#include "common/base/err.h"

#define PRIVILEGE_USER "nobody"

/* As root: becomes `user` with that user's groups, for good. As anybody else: does nothing, since
 * there is nothing to give up. In both cases no privileges can be gained any more.
 * ERR_INPUT: no such user. ERR_IO: the system refused; do not go on. */
MUST_CHECK enum err privilege_drop(const char *user, struct fault *fault);

/* As root: could `user` read and write the file at `path`? As anybody else: true, since nothing
 * would change. */
bool privilege_could_open(const char *user, const char *path);

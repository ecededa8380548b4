/* agreed: a verb that another person must agree to, carried out as when he has: the world of a test
 * has one admin, and a second one would have to agree to all that comes later. How two persons ask
 * and grant is tested where it belongs (approval_test, authority_test). */
#pragma once

#include <stdarg.h>

#include "controller/app/controller.h"

enum { AGREED_ARGS = 16 };

/* In a batch of its own, by this key of the park, with `pairs` of arguments up to NULL. Returns the
 * error that refused it; 0: done. */
unsigned agreed_carry_out(struct controller *ctl, const char *by, const char *verb, va_list *pairs);

#include "controller/app/park_sign.h"

#include <string.h>

#include "common/base/must.h"

static bool says_what_it_is(struct bytes message)
{
    static const char first[] = "parkgate ";
    return message.size > sizeof(first) && memcmp(message.data, first, sizeof(first) - 1) == 0 &&
           memchr(message.data, '\n', message.size) != NULL;
}

void park_sign(const struct controller *ctl, struct bytes message, struct sign_value *ret)
{
    MUST(says_what_it_is(message));
    sign_make(&ctl->sign_key, message, ret);
}

struct sign_public park_sign_public(const struct controller *ctl)
{
    return sign_public_of(&ctl->sign_key);
}

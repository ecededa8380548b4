#include "common/base/err.h"

#include <stdarg.h>
#include <stdio.h>

enum err fault_set(struct fault *f, enum err code, const char *fmt, ...)
{
    if (f != NULL) {
        va_list args;
        va_start(args, fmt);
        f->code = code;
        (void)vsnprintf(f->what, sizeof(f->what), fmt, args);
        va_end(args);
    }
    return code;
}

const char *err_name(enum err code)
{
    switch (code) {
    case ERR_OK:
        return "ok";
    case ERR_NOT_FOUND:
        return "not-found";
    case ERR_CORRUPT:
        return "corrupt";
    case ERR_IO:
        return "io";
    case ERR_FULL:
        return "full";
    case ERR_MAP_FULL:
        return "map-full";
    case ERR_REFUSED:
        return "refused";
    case ERR_INPUT:
        return "input";
    case ERR_BUSY:
        return "busy";
    case ERR_TIMEOUT:
        return "timeout";
    case ERR_UNSUPPORTED:
        return "unsupported";
    }
    return "unknown";
}

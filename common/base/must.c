#include "common/base/must.h"

#include <stdio.h>
#include <stdlib.h>

void must_fail(const char *cond, const char *file, int line)
{
    (void)fprintf(stderr, "must_failed cond=\"%s\" at=%s:%d\n", cond, file, line);
    abort();
}

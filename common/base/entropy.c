#include "common/base/entropy.h"

#include <errno.h>
#include <sys/random.h>

#include "common/base/must.h"

static void system_fill(void *ctx, uint8_t *out, size_t size)
{
    (void)ctx;
    size_t done = 0;
    while (done < size) {
        ssize_t got = getrandom(out + done, size - done, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        MUST(got > 0);
        done += (size_t)got;
    }
}

const struct entropy *entropy_system(void)
{
    static const struct entropy system = {.fill = system_fill, .ctx = NULL};
    return &system;
}

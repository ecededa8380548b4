/* What a webhook reads of others: lines of the alert socket, and the answer of a receiver. The first
 * byte chooses; no line is taken that is none, no wait is longer than an hour, and nothing but 2xx
 * and many refusals in a row lets a line go. */
#include <stddef.h>
#include <stdint.h>

#include "common/base/must.h"
#include "controller/webhook/delivery.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge(const uint8_t *data, size_t size)
{
    uint32_t refusals = 0;
    for (size_t i = 0; i + 1 < size; i += 2) {
        int64_t wait_ms = -1;
        long status = (long)(data[i] % 6) * 100 + data[i + 1] % 100;
        uint32_t before = refusals;
        enum delivery_end end = delivery_judge(status, 0, (uint32_t)(i / 2), &refusals, &wait_ms);
        MUST((end == DELIVERY_DONE) == (status >= 200 && status < 300));
        MUST(end != DELIVERY_DEAD || before + 1 >= DELIVERY_TRIES);
        MUST(wait_ms >= 0 && wait_ms <= DELIVERY_BACKOFF_MAX_MS);
        refusals = end == DELIVERY_AGAIN ? refusals : 0;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t seq = 0;
    if (size == 0) {
        return 0;
    }
    struct bytes rest = {.data = data + 1, .size = size - 1};
    if (data[0] % 3 == 0) {
        bool taken = delivery_seq(rest, &seq);
        MUST(!taken || (rest.size <= DELIVERY_LINE_MAX && rest.data[rest.size - 1] == '}'));
        (void)delivery_is_begin(rest);
    } else if (data[0] % 3 == 1) {
        MUST(delivery_retry_after_s(rest) <= 3600);
    } else {
        judge(rest.data, rest.size);
    }
    return 0;
}

#include "controller/webhook/delivery.h"

#include <stdio.h>
#include <string.h>

#include "common/base/must.h"

enum { DIGITS_MAX = 20, RETRY_AFTER_MAX_S = 3600 };

/* Decimal digits from `at` on; *ret_end: behind them. False: none, or too many. */
static bool read_number(struct bytes text, size_t at, uint64_t *ret, size_t *ret_end)
{
    uint64_t value = 0;
    size_t end = at;
    while (end < text.size && end - at < DIGITS_MAX && text.data[end] >= '0' &&
           text.data[end] <= '9') {
        uint64_t digit = (uint64_t)(text.data[end] - '0');
        if (value > (UINT64_MAX - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
        end++;
    }
    *ret = value;
    *ret_end = end;
    return end > at;
}

bool delivery_seq(struct bytes line, uint64_t *ret_seq)
{
    static const char head[] = "{\"seq\":";
    size_t size = sizeof(head) - 1;
    size_t end = 0;
    uint64_t seq = 0;
    if (line.size < size || line.size > DELIVERY_LINE_MAX || memcmp(line.data, head, size) != 0 ||
        !read_number(line, size, &seq, &end) || end >= line.size || line.data[end] != ',' ||
        line.data[line.size - 1] != '}') {
        return false;
    }
    *ret_seq = seq;
    return true;
}

bool delivery_is_begin(struct bytes line)
{
    static const char word[] = ",\"event\":\"begin\",";
    return memmem(line.data, line.size, word, sizeof(word) - 1) != NULL;
}

void delivery_sign(const struct seal_key *secret, struct wall now, struct bytes body,
                   char out[DELIVERY_SIGNATURE_SIZE])
{
    char signed_text[DELIVERY_LINE_MAX + 32];
    char hex[2 * SEAL_HASH_SIZE + 1];
    MUST(body.size <= DELIVERY_LINE_MAX);
    long long seconds = (long long)(now.us / 1000000);
    int size = snprintf(signed_text, sizeof(signed_text), "%lld.%.*s", seconds, (int)body.size,
                        (const char *)body.data);
    struct seal_hash hash = seal_mac(
        secret, (struct bytes){.data = (const uint8_t *)signed_text, .size = (size_t)size});
    bytes_to_hex(BYTES_OF(hash.bytes), hex, sizeof(hex));
    (void)snprintf(out, DELIVERY_SIGNATURE_SIZE, "t=%lld,v1=%s", seconds, hex);
}

uint32_t delivery_retry_after_s(struct bytes value)
{
    uint64_t seconds = 0;
    size_t at = 0;
    size_t end = 0;
    while (at < value.size && (value.data[at] == ' ' || value.data[at] == '\t')) {
        at++;
    }
    if (!read_number(value, at, &seconds, &end)) {
        return 0;
    }
    while (end < value.size && (value.data[end] == ' ' || value.data[end] == '\r' ||
                                value.data[end] == '\n' || value.data[end] == '\t')) {
        end++;
    }
    if (end < value.size) {
        return 0; /* a date, or nothing that we know */
    }
    return seconds < RETRY_AFTER_MAX_S ? (uint32_t)seconds : RETRY_AFTER_MAX_S;
}

static bool is_refused_for_good(long status)
{
    return status >= 400 && status < 500 && status != 408 && status != 429;
}

enum delivery_end delivery_judge(long status, uint32_t retry_after_s, uint32_t failures,
                                 uint32_t *refusals, int64_t *ret_wait_ms)
{
    uint32_t doublings = failures < 10 ? failures : 10;
    int64_t wait_ms = (int64_t)DELIVERY_BACKOFF_MS << doublings;
    int64_t asked_ms = (int64_t)retry_after_s * 1000;
    *ret_wait_ms = 0;
    if (status >= 200 && status < 300) {
        *refusals = 0;
        return DELIVERY_DONE;
    }
    *refusals = is_refused_for_good(status) ? *refusals + 1 : 0;
    if (*refusals >= DELIVERY_TRIES) {
        return DELIVERY_DEAD;
    }
    wait_ms = wait_ms < DELIVERY_BACKOFF_MAX_MS ? wait_ms : DELIVERY_BACKOFF_MAX_MS;
    *ret_wait_ms = asked_ms > wait_ms ? asked_ms : wait_ms;
    return DELIVERY_AGAIN;
}

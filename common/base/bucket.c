#include "common/base/bucket.h"

bool bucket_has(const struct bucket *bucket, struct mono now, int64_t each_ms, uint32_t burst)
{
    return !mono_before(mono_after_ms(now, each_ms * ((int64_t)burst - 1)), bucket->paid_to);
}

bool bucket_take(struct bucket *bucket, struct mono now, int64_t each_ms, uint32_t burst)
{
    if (!bucket_has(bucket, now, each_ms, burst)) {
        return false;
    }
    bucket->paid_to = mono_after_ms(bucket_is_full(bucket, now) ? now : bucket->paid_to, each_ms);
    return true;
}

bool bucket_is_full(const struct bucket *bucket, struct mono now)
{
    return !mono_before(now, bucket->paid_to);
}

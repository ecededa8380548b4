#include "common/facts/guard_check.h"

#include <string.h>

/* No credential is of this kind: the draw's hashes meet no credential's. */
enum { KIND_OF_DRAW = 255 };

static const struct park_zone *drawing_zone(const struct facts_view *view,
                                            const struct park_lane *lane)
{
    const struct park_zone *zones[PARK_ZONE_DEPTH_MAX];
    const struct park_zone *most = NULL;
    size_t count = park_zones_entered(view->park, lane, zones);
    for (size_t i = 0; i < count; i++) {
        if (zones[i]->spot_check > (most == NULL ? 0 : most->spot_check)) {
            most = zones[i];
        }
    }
    return most;
}

/* The modulo of 64 bits favours no number by more than one in 10^16. */
bool guard_check_is_drawn(const struct facts_view *view, const struct park_lane *lane,
                          struct handle holder)
{
    uint8_t about[HANDLE_SIZE + 8 + sizeof(((struct name *)0)->text)];
    struct writer w = writer_of(about, sizeof(about));
    const struct park_zone *zone = drawing_zone(view, lane);
    if (zone == NULL || handle_is_none(holder)) {
        return false;
    }
    writer_bytes(&w, BYTES_OF(holder.bytes));
    writer_u64(&w, (uint64_t)(view->now.us / (SPOT_CHECK_PERIOD_MS * INT64_C(1000))));
    writer_bytes(&w, bytes_of_text(zone->name.text));
    struct seal_hash hash = view->credential_hash(view->ctx, KIND_OF_DRAW, writer_view(&w));
    struct reader r = reader_of(BYTES_OF(hash.bytes));
    return reader_u64(&r) % SPOT_CHECK_WHOLE < zone->spot_check;
}

enum guard_check guard_check_of(const struct facts_view *view, const struct park_lane *lane,
                                enum lane_direction direction, const struct subject *subject,
                                const struct watch_looked *looked)
{
    if (direction != LANE_IN || handle_is_none(subject->holder)) {
        return GUARD_CHECK_NONE;
    }
    bool drawn = guard_check_is_drawn(view, lane, subject->holder);
    bool wanted = watch_wants_review(looked) || subject->doubted || drawn;
    return wanted ? GUARD_CHECK_WANTED : GUARD_CHECK_NONE;
}

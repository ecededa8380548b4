#include "reader-agent/board/hold.h"

static bool names(const struct helper_release *order, struct name lane)
{
    for (size_t i = 0; i < order->lane_count; i++) {
        if (name_equal(order->lanes[i], lane)) {
            return true;
        }
    }
    return false;
}

struct hold hold_of(const struct helper_board *setup, bool latched,
                    const struct helper_release *order)
{
    struct hold hold = {.exits = 0, .entries = 0};
    for (size_t i = 0; i < setup->lane_count; i++) {
        const struct helper_lane *lane = &setup->lanes[i];
        uint32_t bit = UINT32_C(1) << i;
        bool concerned = latched || (order->state != EMERGENCY_NONE && names(order, lane->name));
        if (concerned && lane->direction != LANE_IN) {
            hold.exits |= bit;
        }
        if (concerned && lane->direction != LANE_OUT && !order->admits) {
            hold.entries |= bit;
        }
    }
    return hold;
}

uint32_t hold_moved(uint32_t lanes, const struct helper_board *from, const struct helper_board *to)
{
    uint32_t moved = 0;
    for (size_t i = 0; i < from->lane_count; i++) {
        for (size_t k = 0; (lanes >> i & 1) != 0 && k < to->lane_count; k++) {
            bool same = name_equal(from->lanes[i].name, to->lanes[k].name) ||
                        from->lanes[i].open_coil == to->lanes[k].open_coil;
            if (same && to->lanes[k].direction != LANE_IN) {
                moved |= UINT32_C(1) << k;
            }
        }
    }
    return moved;
}

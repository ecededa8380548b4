#include "reader-agent/board/counter.h"

uint32_t counter_advance(uint16_t before, uint16_t now, int64_t elapsed_ms, bool *ret_restarted)
{
    uint32_t edges = (uint16_t)(now - before);
    int64_t most = elapsed_ms / COUNTER_EDGE_MS + 2;
    *ret_restarted = edges > COUNTER_EDGES_MAX || (int64_t)edges > most;
    return *ret_restarted ? 0 : edges;
}

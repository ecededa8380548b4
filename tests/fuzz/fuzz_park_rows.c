/* Fuzzes the park as a gate reads it from the controller's rows: any rows in any order, then the
 * last step. What is made stays within its bounds and names lanes and boards that can be found. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "reader-agent/app/gate_park.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROWS_MAX = 256 };

static void check(const struct gate_park *park)
{
    MUST(park->lane_count <= GATE_LANES_MAX && park->reader_count <= GATE_READERS_MAX &&
         park->board_count <= GATE_BOARDS_MAX);
    for (size_t i = 0; i < park->lane_count; i++) {
        MUST(gate_park_lane(park, park->lanes[i].name) != NULL);
    }
    for (size_t i = 0; i < park->reader_count; i++) {
        MUST(gate_park_reader(park, park->readers[i].name) != NULL);
    }
}

static size_t left(const struct reader *r)
{
    return r->bad ? 0 : r->in.size - r->at;
}

/* Rows, each behind its size in two bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct gate_park park;
    struct fault fault = {0};
    struct name gate;
    struct reader r = reader_of((struct bytes){.data = data, .size = size});
    MUST(name_from_text("gate-a", &gate));
    memset(&park, 0, sizeof(park));
    for (int i = 0; i < ROWS_MAX && left(&r) > 2; i++) {
        size_t wanted = reader_u16(&r);
        size_t there = left(&r);
        struct bytes row = reader_bytes(&r, wanted < there ? wanted : there);
        (void)!gate_park_add(&park, gate, row, &fault);
    }
    (void)!gate_park_close(&park, &fault);
    check(&park);
    return 0;
}

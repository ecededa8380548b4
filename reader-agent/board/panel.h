/* panel: the displays on a board: colour, sound, two lines. What to show is only noted; it is
 * written piece by piece, one write a call, so that an opening never waits for a display. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "reader-agent/board/bus.h"

enum { PANEL_LINE_UNITS = 32, PANEL_STRIDE = 0x80, PANEL_LINE_1 = 0x10, PANEL_LINE_2 = 0x30 };

struct panel_line {
    uint16_t units[PANEL_LINE_UNITS];
    uint8_t count;
    bool dirty;
};

struct panel_display {
    bool present;
    uint16_t base; /* of its registers */
    uint16_t colour;
    uint16_t sound; /* 0 once it was sent */
    bool dirty;     /* colour and sound */
    struct panel_line lines[2];
    bool clears;
    struct mono clear_at;
};

struct panel {
    uint8_t count;
    struct panel_display displays[HELPER_LANES_PER_BOARD]; /* one a lane, in their order */
};

struct panel panel_of(const struct helper_board *setup);

/* Lanes without a display, and other indexes, are ignored. */
void panel_show(struct panel *panel, int lane, const struct helper_indicate *indicate,
                struct mono now);
/* After each connect: everything is to be written again, sounds apart. */
void panel_reset(struct panel *panel);
/* Darkens what was shown long enough. */
void panel_tick(struct panel *panel, struct mono now);
bool panel_is_pending(const struct panel *panel);
/* Writes one piece. What the board refuses is given up. Errors as bus.h says. */
MUST_CHECK enum err panel_step(struct panel *panel, struct bus *bus, struct fault *fault);

/* UTF-16 of a UTF-8 text, at most PANEL_LINE_UNITS units, never half a pair; a bad byte becomes
 * U+FFFD. Returns the number of units. */
uint8_t panel_units(const char *utf8, uint16_t out[PANEL_LINE_UNITS]);

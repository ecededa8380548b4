#include "reader-agent/board/panel.h"

#include <string.h>

#include "common/base/log.h"

enum { REPLACEMENT = 0xFFFD };

/* One code point of `*at`, which is moved behind it. Overlong forms, surrogates and values over
 * 10FFFF are bad bytes. */
static uint32_t next_code_point(const char **at)
{
    static const struct {
        uint8_t mask, value;
        uint8_t more;
        uint32_t least;
    } forms[] = {
        {0x80, 0x00, 0, 0      },
        {0xE0, 0xC0, 1, 0x80   },
        {0xF0, 0xE0, 2, 0x800  },
        {0xF8, 0xF0, 3, 0x10000}
    };
    const uint8_t *in = (const uint8_t *)*at;
    (*at)++;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if ((in[0] & forms[i].mask) != forms[i].value) {
            continue;
        }
        uint32_t code = in[0] & (uint8_t)~forms[i].mask;
        for (size_t k = 1; k <= forms[i].more; k++) {
            if ((in[k] & 0xC0) != 0x80) {
                return REPLACEMENT;
            }
            code = code << 6 | (in[k] & 0x3F);
        }
        if (code < forms[i].least || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) {
            return REPLACEMENT;
        }
        *at += forms[i].more;
        return code;
    }
    return REPLACEMENT;
}

uint8_t panel_units(const char *utf8, uint16_t out[PANEL_LINE_UNITS])
{
    uint8_t count = 0;
    while (*utf8 != '\0') {
        uint32_t code = next_code_point(&utf8);
        uint8_t needs = code >= 0x10000 ? 2 : 1;
        if (count + needs > PANEL_LINE_UNITS) {
            break;
        }
        if (needs == 2) {
            out[count++] = (uint16_t)(0xD800 + ((code - 0x10000) >> 10));
            code = 0xDC00 + ((code - 0x10000) & 0x3FF);
        }
        out[count++] = (uint16_t)code;
    }
    return count;
}

struct panel panel_of(const struct helper_board *setup)
{
    struct panel panel = {.count = setup->lane_count};
    for (size_t i = 0; i < setup->lane_count; i++) {
        struct helper_number display = setup->lanes[i].display;
        panel.displays[i].present = setup->has_displays && display.present;
        panel.displays[i].base =
            (uint16_t)(setup->display_base + PANEL_STRIDE * (unsigned)display.number);
    }
    return panel;
}

static void set_line(struct panel_line *line, const char *text)
{
    struct panel_line wanted = {.dirty = true};
    wanted.count = panel_units(text, wanted.units);
    bool same =
        wanted.count == line->count && memcmp(wanted.units, line->units, sizeof(wanted.units)) == 0;
    if (!same) {
        *line = wanted;
    }
}

static void set_display(struct panel_display *display, const struct helper_indicate *indicate)
{
    display->colour = (uint16_t)indicate->colour;
    display->sound = (uint16_t)indicate->sound;
    display->dirty = true;
    set_line(&display->lines[0], indicate->line1);
    set_line(&display->lines[1], indicate->line2);
}

void panel_show(struct panel *panel, int lane, const struct helper_indicate *indicate,
                struct mono now)
{
    if (lane < 0 || lane >= panel->count || !panel->displays[lane].present) {
        return;
    }
    struct panel_display *display = &panel->displays[lane];
    set_display(display, indicate);
    display->clears = indicate->show_ms > 0;
    display->clear_at = mono_after_ms(now, indicate->show_ms);
}

void panel_reset(struct panel *panel)
{
    for (size_t i = 0; i < panel->count; i++) {
        struct panel_display *display = &panel->displays[i];
        display->sound = 0;
        display->dirty = display->present;
        display->lines[0].dirty = display->present;
        display->lines[1].dirty = display->present;
    }
}

void panel_tick(struct panel *panel, struct mono now)
{
    static const struct helper_indicate dark = {.colour = COLOUR_OFF, .sound = SOUND_NONE};
    for (size_t i = 0; i < panel->count; i++) {
        struct panel_display *display = &panel->displays[i];
        if (display->clears && !mono_before(now, display->clear_at)) {
            set_display(display, &dark);
            display->clears = false;
        }
    }
}

static bool display_is_pending(const struct panel_display *display)
{
    return display->dirty || display->lines[0].dirty || display->lines[1].dirty;
}

bool panel_is_pending(const struct panel *panel)
{
    for (size_t i = 0; i < panel->count; i++) {
        if (display_is_pending(&panel->displays[i])) {
            return true;
        }
    }
    return false;
}

static enum err write_signals(struct panel_display *display, struct bus *bus, struct fault *fault)
{
    const uint16_t values[] = {display->colour, display->sound};
    /* A sound that was not sent is not made up for: it would come from nowhere. */
    display->sound = 0;
    TRY(bus_write_registers(bus, display->base, 2, values, fault));
    display->dirty = false;
    return ERR_OK;
}

static enum err write_line(struct panel_display *display, size_t index, struct bus *bus,
                           struct fault *fault)
{
    static const uint16_t offsets[] = {PANEL_LINE_1, PANEL_LINE_2};
    struct panel_line *line = &display->lines[index];
    /* The unit behind the last is 0 in `units` and ends the text. */
    uint16_t count =
        line->count < PANEL_LINE_UNITS ? (uint16_t)(line->count + 1) : (uint16_t)PANEL_LINE_UNITS;
    TRY(bus_write_registers(bus, (uint16_t)(display->base + offsets[index]), count, line->units,
                            fault));
    line->dirty = false;
    return ERR_OK;
}

static enum err write_piece(struct panel_display *display, struct bus *bus, struct fault *fault)
{
    if (display->dirty) {
        return write_signals(display, bus, fault);
    }
    return write_line(display, display->lines[0].dirty ? 0 : 1, bus, fault);
}

static void give_up(struct panel_display *display)
{
    log_warning("display_refused", LOG_NUM("register", display->base));
    display->dirty = false;
    display->lines[0].dirty = false;
    display->lines[1].dirty = false;
}

enum err panel_step(struct panel *panel, struct bus *bus, struct fault *fault)
{
    for (size_t i = 0; i < panel->count; i++) {
        struct panel_display *display = &panel->displays[i];
        if (!display_is_pending(display)) {
            continue;
        }
        enum err err = write_piece(display, bus, fault);
        if (err == ERR_REFUSED) {
            give_up(display);
        }
        return err;
    }
    return ERR_OK;
}

#include "tests/peers/turnstile_view.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "tests/peers/peer_util.h"
#include "tests/peers/turnstile_bollard.h"

static const char *const colour_names[COLOUR_COUNT] = {"off", "green", "red", "yellow"};
static const char *const sound_names[SOUND_COUNT] = {"none", "short", "long", "double"};

static size_t put_utf8(uint32_t point, char *out)
{
    if (point < 0x80) {
        out[0] = (char)(point < 0x20 ? '?' : point == '"' ? '\'' : point);
        return 1;
    }
    if (point < 0x800) {
        out[0] = (char)(0xc0 | point >> 6);
        out[1] = (char)(0x80 | (point & 0x3f));
        return 2;
    }
    if (point < 0x10000) {
        out[0] = (char)(0xe0 | point >> 12);
        out[1] = (char)(0x80 | (point >> 6 & 0x3f));
        out[2] = (char)(0x80 | (point & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | point >> 18);
    out[1] = (char)(0x80 | (point >> 12 & 0x3f));
    out[2] = (char)(0x80 | (point >> 6 & 0x3f));
    out[3] = (char)(0x80 | (point & 0x3f));
    return 4;
}

/* UTF-16 up to the first 0 as UTF-8; a lone surrogate becomes U+FFFD. out holds 3 bytes a unit. */
static void text_of(const uint16_t *units, char *out)
{
    for (size_t i = 0; i < BOARD_LINE_UNITS && units[i] != 0; i++) {
        uint32_t point = units[i];
        bool high = point >= 0xd800 && point < 0xdc00;

        if (high && i + 1 < BOARD_LINE_UNITS && units[i + 1] >= 0xdc00 && units[i + 1] < 0xe000)
            point = 0x10000 + ((point - 0xd800) << 10) + (units[++i] - 0xdc00u);
        else if (point >= 0xd800 && point < 0xe000)
            point = 0xfffd;
        out += put_utf8(point, out);
    }
    *out = '\0';
}

struct view {
    const struct board *board;
    const struct board_lane *lane;
    char *out;
    size_t size;
};

static void put_number(const struct view *v, uint32_t number)
{
    snprintf(v->out, v->size, "%u", number);
}

static void put_on_off(const struct view *v, bool on)
{
    snprintf(v->out, v->size, "%s", on ? "on" : "off");
}

static void put_input(const struct view *v, int input)
{
    put_on_off(v, input >= 0 && v->board->inputs[input].level);
}

static const struct board_display *display_of(const struct view *v)
{
    return &v->board->displays[v->lane->display];
}

static void view_relay(const struct view *v)
{
    put_on_off(v, v->board->relays[v->lane->coil].on);
}

static void view_pulses(const struct view *v)
{
    put_number(v, v->lane->pulses);
}

static void view_turns(const struct view *v)
{
    put_number(v, v->lane->turns);
}

static void view_refused(const struct view *v)
{
    put_number(v, v->lane->refused);
}

static void view_passage(const struct view *v)
{
    put_input(v, v->lane->passage);
}

static void view_tamper(const struct view *v)
{
    put_input(v, v->lane->tamper);
}

static void view_button(const struct view *v)
{
    put_input(v, v->lane->button);
}

static void view_held(const struct view *v)
{
    put_input(v, v->lane->held);
}

static void view_colour(const struct view *v)
{
    snprintf(v->out, v->size, "%s", colour_names[display_of(v)->colour]);
}

static void view_sound(const struct view *v)
{
    snprintf(v->out, v->size, "%s", sound_names[display_of(v)->last_sound]);
}

static void view_sounds(const struct view *v)
{
    put_number(v, display_of(v)->sounds);
}

static void view_line1(const struct view *v)
{
    text_of(display_of(v)->line[0], v->out);
}

static void view_line2(const struct view *v)
{
    text_of(display_of(v)->line[1], v->out);
}

static void view_crush(const struct view *v)
{
    put_input(v, v->lane->crush);
}

static void view_manual(const struct view *v)
{
    put_input(v, v->lane->manual);
}

static void view_position(const struct view *v)
{
    snprintf(v->out, v->size, "%s", v->lane->bollard ? bollard_word(v->lane) : "none");
}

static void view_vehicles(const struct view *v)
{
    put_number(v, v->lane->vehicles);
}

static void view_violations(const struct view *v)
{
    put_number(v, v->lane->violations);
}

static const struct key {
    const char *name;
    void (*view)(const struct view *view);
    bool counts;
    bool quoted;
} keys[] = {
    {"relay",   view_relay,   false, false},
    {"pulses",  view_pulses,  true,  false},
    {"turns",   view_turns,   true,  false},
    {"refused", view_refused, true,  false},
    {"passage", view_passage, false, false},
    {"tamper",  view_tamper,  false, false},
    {"button",  view_button,  false, false},
    {"held",    view_held,    false, false},
    {"colour",  view_colour,  false, false},
    {"sound",   view_sound,   false, false},
    {"sounds",  view_sounds,  true,  false},
    {"crush",      view_crush,      false, false},
    {"manual",     view_manual,     false, false},
    {"position",   view_position,   false, false},
    {"vehicles",   view_vehicles,   false, false},
    {"violations", view_violations, true,  false},
    {"line1",   view_line1,   false, true },
    {"line2",   view_line2,   false, true },
};

static const struct key *key_find(const char *name)
{
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (strcmp(keys[i].name, name) == 0)
            return &keys[i];
    return NULL;
}

static void value_of(const struct board *board, const struct board_lane *lane,
                     const struct key *key, char *out)
{
    struct view view = {.board = board, .lane = lane, .out = out, .size = VIEW_VALUE_SIZE};

    key->view(&view);
}

bool view_has(const char *name)
{
    return key_find(name) != NULL;
}

bool view_is(const struct board *board, const struct board_lane *lane, const char *name,
             const char *wanted, char out[VIEW_VALUE_SIZE])
{
    const struct key *key = key_find(name);
    long have, want;

    value_of(board, lane, key, out);
    if (!key->counts)
        return strcmp(out, wanted) == 0;
    return peer_parse_long(out, 0, UINT32_MAX, &have) &&
           peer_parse_long(wanted, 0, UINT32_MAX, &want) && have >= want;
}

void view_all(const struct board *board, const struct board_lane *lane, char out[VIEW_ALL_SIZE])
{
    size_t length = 0;

    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const char *quote = keys[i].quoted ? "\"" : "";
        char value[VIEW_VALUE_SIZE];

        value_of(board, lane, &keys[i], value);
        length += (size_t)snprintf(out + length, VIEW_ALL_SIZE - length, "%s%s=%s%s%s",
                                   i == 0 ? "" : " ", keys[i].name, quote, value, quote);
    }
}

/* Goal: texts become the right UTF-16 units, and pieces are noted, cleared and redone. Method:
 * texts with known units by hand, bad bytes among them; times written out. */
#include "reader-agent/board/panel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/must.h"

struct text {
    const char *utf8;
    uint16_t units[8];
    uint8_t count;
};

static const struct text texts[] = {
    {"",                         {0},                              0},
    {"ab",                       {'a', 'b'},                       2},
    {"\xc3\xa9",                 {0xe9},                           1},
    {"\xe8\xaf\xb7\xe9\x80\x9a", {0x8bf7, 0x901a},                 2},
    {"\xf0\x9f\x9a\xaa",         {0xd83d, 0xdeaa},                 2},
    {"\xf4\x8f\xbf\xbf",         {0xdbff, 0xdfff},                 2},
 /* bad: alone, cut, overlong, a surrogate, too large */
    {"\x80z",                    {0xfffd, 'z'},                    2},
    {"\xe8\xaf",                 {0xfffd, 0xfffd},                 2},
    {"\xc0\xaf",                 {0xfffd, 0xfffd},                 2},
    {"\xed\xa0\x80",             {0xfffd, 0xfffd, 0xfffd},         3},
    {"\xf4\x90\x80\x80",         {0xfffd, 0xfffd, 0xfffd, 0xfffd}, 4},
};

static void units_by_hand(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        uint16_t out[PANEL_LINE_UNITS] = {0};
        assert_int_equal(panel_units(texts[i].utf8, out), texts[i].count);
        assert_memory_equal(out, texts[i].units, texts[i].count * sizeof(out[0]));
    }
}

static void a_pair_is_never_cut(void **state)
{
    (void)state;
    char text[PANEL_LINE_UNITS + 8];
    uint16_t out[PANEL_LINE_UNITS];
    memset(text, 'x', sizeof(text));
    memcpy(text + PANEL_LINE_UNITS - 1, "\xf0\x9f\x9a\xaa", 5);
    assert_int_equal(panel_units(text, out), PANEL_LINE_UNITS - 1);
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(panel_units(text, out), PANEL_LINE_UNITS);
}

static struct panel two_lanes(void)
{
    static const struct helper_board setup = {
        .has_displays = true,
        .display_base = 0x300,
        .lane_count = 2,
        .lanes = {{.name = {"a"}, .display = {true, 2}}, {.name = {"b"}, .display = {false, 0}}}
    };
    return panel_of(&setup);
}

static void what_is_shown_is_noted_then_cleared(void **state)
{
    (void)state;
    struct panel panel = two_lanes();
    const struct mono now = {.us = 1000000};
    const struct helper_indicate red = {
        .colour = COLOUR_RED, .sound = SOUND_LONG, .line1 = "no", .show_ms = 500};
    assert_int_equal(panel.displays[0].base, 0x400);
    assert_false(panel_is_pending(&panel));
    panel_show(&panel, 1, &red, now); /* has no display */
    panel_show(&panel, -1, &red, now);
    panel_show(&panel, 2, &red, now);
    assert_false(panel_is_pending(&panel));
    panel_show(&panel, 0, &red, now);
    assert_true(panel_is_pending(&panel));
    assert_int_equal(panel.displays[0].colour, COLOUR_RED);
    assert_int_equal(panel.displays[0].lines[0].count, 2);
    assert_false(panel.displays[0].lines[1].dirty); /* empty as before: no write is wasted on it */
    panel_tick(&panel, mono_after_ms(now, 499));
    assert_int_equal(panel.displays[0].colour, COLOUR_RED);
    panel_tick(&panel, mono_after_ms(now, 500));
    assert_int_equal(panel.displays[0].colour, COLOUR_OFF);
    assert_int_equal(panel.displays[0].sound, SOUND_NONE);
    assert_int_equal(panel.displays[0].lines[0].count, 0);
}

static void after_a_connect_all_is_written_but_no_sound(void **state)
{
    (void)state;
    struct panel panel = two_lanes();
    const struct helper_indicate green = {.colour = COLOUR_GREEN, .sound = SOUND_SHORT};
    panel_show(&panel, 0, &green, (struct mono){.us = 0});
    panel_reset(&panel);
    assert_int_equal(panel.displays[0].sound, SOUND_NONE);
    assert_int_equal(panel.displays[0].colour, COLOUR_GREEN);
    assert_true(panel.displays[0].dirty && panel.displays[0].lines[0].dirty &&
                panel.displays[0].lines[1].dirty);
    assert_false(panel.displays[1].dirty);
    panel_tick(&panel, (struct mono){.us = 1000000000}); /* shown until the next one */
    assert_int_equal(panel.displays[0].colour, COLOUR_GREEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(units_by_hand),
        cmocka_unit_test(a_pair_is_never_cut),
        cmocka_unit_test(what_is_shown_is_noted_then_cleared),
        cmocka_unit_test(after_a_connect_all_is_written_but_no_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

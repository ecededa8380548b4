/* Face terminals: who opens, who is asked, and that nobody needs a face. */
#include <string.h>

#include "common/base/must.h"
#include "common/park/park.h"

static bool bad_value(struct complaint *c, const struct park_reader *reader, const char *field,
                      const char *why)
{
    return complain(c, ERROR_PARK_VALUE, "reader", reader->name.text, field, why);
}

static size_t count_of(const char *text, const char *letters)
{
    return strspn(text, letters);
}

/* [http://|https://]HOST:PORT, HOST a name, a numeric address, or one in brackets; no path. */
static bool is_terminal_address(const char *text)
{
    static const char digits[] = "0123456789";
    static const char name[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-";
    const char *at = text;
    if (strncmp(at, "http://", 7) == 0 || strncmp(at, "https://", 8) == 0) {
        at = strstr(at, "//") + 2;
    }
    if (*at == '[') {
        at += 1 + count_of(at + 1, "0123456789abcdefABCDEF:.");
        if (*at++ != ']') {
            return false;
        }
    } else {
        size_t size = count_of(at, name);
        if (size == 0) {
            return false;
        }
        at += size;
    }
    if (*at++ != ':') {
        return false;
    }
    size_t size = count_of(at, digits);
    uint32_t port = 0;
    for (size_t i = 0; i < size && size <= 5; i++) {
        port = port * 10 + (uint32_t)(at[i] - '0');
    }
    return at[size] == '\0' && port >= 1 && port <= 65535;
}

static bool lets_out(const struct park_lane *lane, const struct park_reader *reader)
{
    return lane->direction == LANE_OUT ||
           (lane->direction == LANE_BOTH && reader->direction == LANE_OUT);
}

/* Its relay is on the lane: what else is there must fit. */
static bool check_asking(const struct park_lane *lane, const struct park_reader *reader,
                         struct complaint *c)
{
    if (reader->terminal[0] == '\0') {
        return bad_value(c, reader, "terminal",
                         "a terminal that asks has to be answered: give its address");
    }
    if (lane->board.text[0] != '\0' && lane->passage.given) {
        return bad_value(c, reader, "control",
                         "each passage by the terminal's relay would be forced to its lane's "
                         "board: use no-relay, or take passage_input away");
    }
    if (lets_out(lane, reader) && (lane->board.text[0] == '\0' || !lane->button.given)) {
        return bad_value(c, reader, "control",
                         "at an exit nobody depends on a terminal that asks: give the lane a board "
                         "with button_input, or use no-relay");
    }
    return true;
}

static bool check_terminal(const struct park_lane *lane, const struct park_reader *reader,
                           struct complaint *c)
{
    bool spoken_to = reader->terminal[0] != '\0';
    if (reader->control == TERMINAL_UNSET && !spoken_to) {
        return true;
    }
    if (reader->driver != DRIVER_HIK_ACCESS) {
        return bad_value(c, reader, spoken_to ? "terminal" : "control",
                         "only readers with driver hik-access have it");
    }
    if (reader->control == TERMINAL_UNSET) {
        return bad_value(c, reader, "control", "say who opens: asks or no-relay");
    }
    if (spoken_to && !is_terminal_address(reader->terminal)) {
        return bad_value(c, reader, "terminal",
                         "give HOST:PORT or https://HOST:PORT, for example 10.0.0.9:80");
    }
    if (spoken_to && !reader->has_account) {
        return bad_value(c, reader, "user",
                         "the terminal asks for an account: give user and secret_file");
    }
    return reader->control == TERMINAL_NO_RELAY || check_asking(lane, reader, c);
}

/* One that names people by a number of its own, attached with their consent, and by nothing else.
 */
static bool is_face_terminal(const struct park_reader *reader)
{
    return reader->driver == DRIVER_HIK_ACCESS || reader->driver == DRIVER_UNIVIEW ||
           reader->driver == DRIVER_ZKTECO_ATT;
}

static bool lets_in(const struct park_lane *lane, const struct park_reader *reader)
{
    return lane->direction == LANE_IN ||
           (lane->direction == LANE_BOTH && reader->direction != LANE_OUT);
}

/* Who has no face attached, or wants none, enters by another credential at the same lane. */
static bool has_another_way(const struct park *park, const struct park_lane *lane,
                            struct complaint *c)
{
    bool faces = false;
    bool others = false;
    for (size_t i = 0; i < park->reader_count; i++) {
        const struct park_reader *reader = &park->readers[i];
        if (name_equal(reader->lane, lane->name) && lets_in(lane, reader)) {
            faces = faces || is_face_terminal(reader);
            others = others || !is_face_terminal(reader);
        }
    }
    return !faces || others || complain(c, ERROR_PARK_FACE_ONLY, lane->name.text, NULL, NULL, NULL);
}

bool park_check_faces(const struct park *park, struct complaint *c)
{
    for (size_t i = 0; i < park->reader_count; i++) {
        const struct park_reader *reader = &park->readers[i];
        const struct park_lane *lane = park_lane(park, reader->lane);
        MUST(lane != NULL);
        if (!check_terminal(lane, reader, c)) {
            return false;
        }
    }
    for (size_t i = 0; i < park->lane_count; i++) {
        if (!has_another_way(park, &park->lanes[i], c)) {
            return false;
        }
    }
    return true;
}

/* Goal: a gate keeps the journal's signed heads that it is told, shows them at its HELLO, takes
 * nothing back, and its disk is not filled. Method: a gate that has not begun, told what a
 * controller might say; what it keeps stands in its file.
 */
#include "reader-agent/app/anchors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/must.h"
#include "reader-agent/app/agent.h"

struct scene {
    char dir[64], path[96];
    int64_t now_us;
    struct clock clock;
    struct gate *gate;
    struct sign_key key;
    struct sign_public public;
};

static struct mono mono_of(void *ctx)
{
    return (struct mono){.us = ((struct scene *)ctx)->now_us};
}

static struct wall wall_of(void *ctx)
{
    return (struct wall){.us = ((struct scene *)ctx)->now_us};
}

static int set_up(void **state)
{
    struct scene *s = calloc(1, sizeof(*s));
    MUST(s != NULL && seal_init(NULL) == ERR_OK);
    (void)snprintf(s->dir, sizeof(s->dir), "/tmp/parkgate-witness-XXXXXX");
    assert_non_null(mkdtemp(s->dir));
    (void)snprintf(s->path, sizeof(s->path), "%s/anchors", s->dir);
    s->now_us = 1000000;
    s->clock = *clock_system();
    s->clock.mono = mono_of;
    s->clock.wall = wall_of;
    s->clock.ctx = s;
    s->gate = gate_create(s->dir, &s->clock, entropy_system(), NULL);
    s->key = sign_key_make(entropy_system());
    s->public = sign_public_of(&s->key);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;
    (void)unlink(s->path);
    free(s->gate);
    assert_int_equal(rmdir(s->dir), 0);
    free(s);
    return 0;
}

static void line_of(const struct scene *s, uint64_t sequence, char out[ANCHOR_LINE_SIZE])
{
    char text[ANCHOR_LINE_SIZE];
    struct anchor anchor = {.sequence = sequence, .time = {.us = 7}};
    sign_key_id(&s->public, anchor.key);
    sign_make(&s->key, anchor_message(&anchor, text), &anchor.value);
    anchor_to_line(&anchor, out);
}

static void hear_line(struct scene *s, const char *line, const struct sign_public *key)
{
    Parkgate__Anchor message = PARKGATE__ANCHOR__INIT;
    message.line = (char *)(uintptr_t)line;
    message.key =
        (ProtobufCBinaryData){.len = sizeof(key->bytes), .data = (uint8_t *)(uintptr_t)key->bytes};
    anchor_heard(s->gate, &message);
}

static void hear(struct scene *s, uint64_t sequence)
{
    char line[ANCHOR_LINE_SIZE];
    line_of(s, sequence, line);
    hear_line(s, line, &s->public);
    s->now_us += INT64_C(60000000);
}

static enum err count(void *ctx, const struct anchor *anchor)
{
    (void)anchor;
    ++*(size_t *)ctx;
    return ERR_OK;
}

static size_t kept(const struct scene *s)
{
    size_t lines = 0;
    size_t bad = 0;
    (void)!anchor_file_read(s->path, count, &lines, &bad, NULL);
    assert_int_equal(bad, 0);
    return lines;
}

static void shows_what_it_was_told(void **state)
{
    struct scene *s = *state;
    static struct shown_anchors shown;
    char line[ANCHOR_LINE_SIZE];
    anchors_to_show(s->gate, &shown);
    assert_int_equal(shown.count, 0);
    hear(s, 10);
    hear(s, 20);
    anchors_to_show(s->gate, &shown);
    line_of(s, 20, line);
    assert_in_range(shown.count, 1, ANCHOR_SAMPLES_MAX);
    assert_string_equal(shown.line[0], line);
    assert_int_equal(kept(s), 2);
}

/* The journal went back: a restore, or a break. The gate does not judge, and forgets nothing. */
static void a_lower_head_takes_nothing_back(void **state)
{
    struct scene *s = *state;
    hear(s, 10);
    hear(s, 20);
    hear(s, 5);
    assert_int_equal(kept(s), 3);
}

static void what_is_not_signed_is_not_kept(void **state)
{
    struct scene *s = *state;
    char line[ANCHOR_LINE_SIZE];
    struct sign_key other = sign_key_make(entropy_system());
    struct sign_public public = sign_public_of(&other);
    Parkgate__Anchor no_key = PARKGATE__ANCHOR__INIT;
    line_of(s, 10, line);
    hear_line(s, line, &public);
    hear_line(s, "no anchor", &s->public);
    no_key.line = line;
    anchor_heard(s->gate, &no_key);
    line[0] = '2';
    hear_line(s, line, &s->public);
    assert_int_equal(kept(s), 0);
}

static void a_flood_fills_no_disk(void **state)
{
    struct scene *s = *state;
    for (uint64_t i = 1; i <= 200; i++) {
        char line[ANCHOR_LINE_SIZE];
        line_of(s, i, line);
        hear_line(s, line, &s->public);
        s->now_us += 1000;
    }
    assert_in_range(kept(s), 1, ANCHOR_GATE_BURST + 1);
    s->now_us += INT64_C(1000) * ANCHOR_GATE_MS;
    size_t before = kept(s);
    hear(s, 1000);
    assert_int_equal(kept(s), before + 1);
}

static void a_disk_that_takes_nothing_stops_nothing(void **state)
{
    struct scene *s = *state;
    assert_int_equal(mkdir(s->path, 0700), 0);
    hear(s, 10);
    assert_true(s->gate->anchors.failing);
    assert_int_equal(rmdir(s->path), 0);
    hear(s, 11);
    assert_false(s->gate->anchors.failing);
    assert_int_equal(kept(s), 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(shows_what_it_was_told),
        CASE(a_lower_head_takes_nothing_back),
        CASE(what_is_not_signed_is_not_kept),
        CASE(a_flood_fills_no_disk),
        CASE(a_disk_that_takes_nothing_stops_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

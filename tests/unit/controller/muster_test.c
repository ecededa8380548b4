/* Goal: the list of who is inside is whole, quick, opened only as it may be and on record, and says
 * which gates may know of more. Method: a whole controller without its shell; for the large list
 * people are put into its tables. */
#include "tests/unit/controller/crowd.h"

#include <time.h>

#include "controller/app/muster.h"

#define LI   "04010203"
#define WANG "04010204"

enum { CROWD = 20000 };

static void open_with_two_inside(struct world *w, struct gate *a)
{
    gate_join(w, a, "gate-a", 1);
    person_with_badge(w, "acme", "Li Wei", LI, "day", NULL);
    person_with_badge(w, "beta", "Wang Fang", WANG, "day", NULL);
    gate_walk(w, a, "a-in", LI);
    gate_walk(w, a, "a-in", WANG);
    world_pass(w, MINUTE_US);
    gate_walk(w, a, "a-hall", WANG);
}

static void who_is_inside_by_tenant_and_zone(void **state)
{
    struct world *w = *state;
    struct gate a;
    open_with_two_inside(w, &a);
    const Parkgate__Reply *reply = admin(w, "muster", NULL);
    assert_int_equal(row_count(reply), 2);
    assert_string_equal(note(reply, "inside"), "2");
    assert_string_equal(note(reply, "emergency"), "none");
    assert_string_equal(cell(reply, row_with(reply, "tenant", "acme"), "zone"), "yard");
    assert_string_equal(cell(reply, row_with(reply, "tenant", "beta"), "zone"), "yard/hall");
    for (size_t i = 0; i < reply->n_column; i++) {
        assert_string_not_equal(reply->column[i], "name");
    }
    assert_int_equal(entries_of(w, ENTRY_MUSTER, 0), 0);
}

static void names_need_a_reason_a_guard_or_a_fire(void **state)
{
    struct world *w = *state;
    struct gate a;
    open_with_two_inside(w, &a);
    struct link_key staff = operator_key(w, 30, "operator", NULL, NULL, NULL);
    struct link_key guard = operator_key(w, 31, "guard", NULL, "a-in", NULL);
    assert_refused(ask(w, staff, "muster", "names", "yes", NULL), ERROR_REASON_NEEDED);
    assert_int_equal(entries_of(w, ENTRY_MUSTER, 0), 0);
    const Parkgate__Reply *reply =
        assert_done(ask(w, staff, "muster", "names", "yes", "reason", "drill", NULL));
    assert_string_equal(cell(reply, row_with(reply, "tenant", "acme"), "name"), "Li Wei");
    (void)assert_done(ask(w, guard, "muster", "names", "yes", NULL));
    (void)admin(w, "emergency.start", "reason", "gas", NULL);
    (void)assert_done(ask(w, staff, "muster", "names", "yes", NULL));
    assert_int_equal(entries_of(w, ENTRY_MUSTER, 0), 3);
    Parkgate__MusterEntry *entry =
        (void *)newest_entry(w, ENTRY_MUSTER, &parkgate__muster_entry__descriptor);
    assert_true(entry->emergency);
    assert_int_equal(entry->inside, 2);
    parkgate__muster_entry__free_unpacked(entry, NULL);
    (void)assert_replays(w);
}

/* One gate's box, or its stolen key, says fire: that alone opens nobody's name. */
static void one_gates_word_of_fire_opens_no_names(void **state)
{
    struct world *w = *state;
    struct gate a;
    open_with_two_inside(w, &a);
    struct link_key staff = operator_key(w, 30, "operator", NULL, NULL, NULL);
    struct link_key guard = operator_key(w, 31, "guard", NULL, "a-in", NULL);
    Parkgate__Event fire = PARKGATE__EVENT__INIT;
    fire.kind = EVENT_FIRE;
    fire.reader = text_of("board-a");
    fire.fire = FIRE_ON;
    (void)gate_event(w, &a, &fire);
    world_turn(w);
    assert_refused(ask(w, staff, "muster", "names", "yes", NULL), ERROR_REASON_NEEDED);
    (void)assert_done(ask(w, guard, "muster", "names", "yes", NULL));
    (void)assert_done(ask(w, staff, "muster", "names", "yes", "reason", "fire", NULL));
    Parkgate__MusterEntry *entry =
        (void *)newest_entry(w, ENTRY_MUSTER, &parkgate__muster_entry__descriptor);
    assert_true(entry->emergency);
    parkgate__muster_entry__free_unpacked(entry, NULL);
}

static void gates_that_may_know_of_more(void **state)
{
    struct world *w = *state;
    struct gate a, b;
    Parkgate__Heartbeat beat = PARKGATE__HEARTBEAT__INIT;
    const Parkgate__Reply *reply = admin(w, "muster.gates", NULL);
    assert_string_equal(cell(reply, 0, "state"), "not-enrolled");
    assert_string_equal(cell(reply, 0, "told"), "yes"); /* nobody ever went through there */
    gate_join(w, &a, "gate-a", 1);
    gate_join(w, &b, "gate-b", 2);
    beat.pending = 12;
    gate_send(w, &a, MESSAGE_HEARTBEAT, 0, &beat.base);
    world_turn(w);
    reply = admin(w, "muster.gates", NULL);
    assert_string_equal(cell(reply, 1, "state"), "online");
    assert_string_equal(cell(reply, 1, "told"), "no"); /* its first heartbeat says how much waits */
    beat.pending = 0;
    gate_send(w, &b, MESSAGE_HEARTBEAT, 0, &beat.base);
    world_turn(w);
    reply = admin(w, "muster.gates", NULL);
    assert_string_equal(cell(reply, 0, "pending"), "12");
    assert_string_equal(cell(reply, 0, "told"), "no");
    assert_string_equal(cell(reply, 1, "told"), "yes");
    world_restart(w);
    reply = admin(w, "muster.gates", NULL);
    assert_string_equal(cell(reply, 1, "state"), "away");
    assert_string_equal(cell(reply, 1, "heard_us"), "");
    assert_string_equal(cell(reply, 1, "told"), "no");
}

/* --- many --- */

static int64_t now_ms(void)
{
    struct timespec now;
    MUST(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Asks page by page, as the command line does. */
static size_t ask_all_pages(struct world *w, size_t *ret_pages)
{
    char cursor[2 * LIMIT_ARG_BYTES + 1] = "";
    size_t rows = 0;
    for (*ret_pages = 1;; ++*ret_pages) {
        const Parkgate__Reply *reply = assert_done(
            cursor[0] == '\0' ? ask(w, w->admin, "muster", "names", "yes", "reason", "drill", NULL)
                              : ask(w, w->admin, "muster", "names", "yes", "after", cursor, NULL));
        rows += row_count(reply);
        assert_int_equal(strncmp(cell(reply, 0, "name"), "Person ", 7), 0);
        if (!reply->more) {
            return rows;
        }
        MUST(reply->cursor.len < sizeof(cursor));
        memcpy(cursor, reply->cursor.data, reply->cursor.len);
        cursor[reply->cursor.len] = '\0';
        sent_forget(w);
    }
}

static void twenty_thousand_with_names_in_under_three_seconds(void **state)
{
    struct world *w = *state;
    size_t pages = 0;
    crowd_add(w, CROWD);
    int64_t before = now_ms();
    size_t rows = ask_all_pages(w, &pages);
    int64_t took = now_ms() - before;
    print_message("%zu persons with names: %zu pages, %lld ms\n", rows, pages, (long long)took);
    assert_int_equal(rows, CROWD);
    assert_true(took < 3000);
    assert_int_equal(entries_of(w, ENTRY_MUSTER, 0), 1); /* one opening, not one a page */
}

static void pages_go_on_for_their_key_and_a_minute(void **state)
{
    struct world *w = *state;
    char cursor[2 * LIMIT_ARG_BYTES + 1] = "";
    struct link_key other = operator_key(w, 30, "operator", NULL, NULL, NULL);
    crowd_add(w, CROWD_STEP);
    const Parkgate__Reply *reply = admin(w, "muster", "names", "yes", "reason", "x", NULL);
    assert_true(reply->more);
    memcpy(cursor, reply->cursor.data, reply->cursor.len);
    assert_refused(ask(w, other, "muster", "names", "yes", "after", cursor, NULL), ERROR_ARG_BAD);
    (void)admin(w, "muster", "names", "yes", "after", cursor, NULL);
    world_pass(w, (MUSTER_OPEN_S + 1) * SECOND_US);
    assert_refused(ask(w, w->admin, "muster", "names", "yes", "after", cursor, NULL),
                   ERROR_ARG_BAD);
    (void)admin(w, "muster", "after", cursor, NULL); /* without names it goes on */
    assert_refused(ask(w, w->admin, "muster", "names", "yes", "after", "00", NULL), ERROR_ARG_BAD);
    reply = admin(w, "muster", NULL); /* a cursor of a list without names opens none */
    memcpy(cursor, reply->cursor.data, reply->cursor.len);
    assert_refused(ask(w, w->admin, "muster", "names", "yes", "after", cursor, NULL),
                   ERROR_ARG_BAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(who_is_inside_by_tenant_and_zone),
        WORLD_TEST(names_need_a_reason_a_guard_or_a_fire),
        WORLD_TEST(one_gates_word_of_fire_opens_no_names),
        WORLD_TEST(gates_that_may_know_of_more),
        WORLD_TEST(twenty_thousand_with_names_in_under_three_seconds),
        WORLD_TEST(pages_go_on_for_their_key_and_a_minute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

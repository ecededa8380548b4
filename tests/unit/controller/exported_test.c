/* Goal: each file that leaves is in the register, with who, what, why and by when it is to be
 * deleted; one past its day is seen until somebody says that it is deleted. Method: a whole
 * controller; a file of each kind is taken; the clock is moved past the day. */
#include "tests/unit/controller/harness.h"

#define LI "04010203"

#define DAY_US (24 * 60 * MINUTE_US)

static const char *state_of_first(struct world *w)
{
    return cell(admin(w, "retention.exports", "all", "yes", NULL), 0, "state");
}

static void begin(struct world *w, char person[HANDLE_TEXT_SIZE])
{
    person_with_badge(w, "acme", "Li Wei", LI, "day", person);
}

static void each_file_that_leaves_is_noted(void **state)
{
    struct world *w = *state;
    struct gate gate;
    char li[HANDLE_TEXT_SIZE];
    static const char *const kinds[] = {"person", "audit", "carry"};
    begin(w, li);
    gate_join(w, &gate, "gate-a", 1);
    assert_int_equal(row_count(admin(w, "retention.exports", NULL)), 0);
    assert_string_equal(
        note(admin(w, "person.export", "person", li, "reason", "his request", NULL), "delete_by"),
        "2026-04-02");
    (void)ask(w, w->admin, "audit.export", "dir", "/tmp/none", "reason", "yearly", NULL);
    (void)ask(w, w->admin, "agent.carry", "gate", "gate-a", "file", "/tmp/none", "reason", "cut",
              NULL);
    const Parkgate__Reply *reply = admin(w, "retention.exports", NULL);
    assert_int_equal(row_count(reply), ARRAY_LEN(kinds));
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        assert_string_equal(cell(reply, i, "kind"), kinds[i]);
        assert_string_equal(cell(reply, i, "state"), "kept");
        assert_string_equal(cell(reply, i, "delete_by"), "2026-04-02");
    }
    assert_string_equal(cell(reply, 0, "reason_given"), "his request");
    (void)assert_replays(w);
}

static void a_refused_export_leaves_no_note(void **state)
{
    struct world *w = *state;
    char li[HANDLE_TEXT_SIZE];
    begin(w, li);
    assert_refused(ask(w, w->admin, "person.export", "person", li, NULL), ERROR_REASON_NEEDED);
    assert_refused(ask(w, w->admin, "audit.export", "dir", "none", "reason", "x", NULL),
                   ERROR_ARG_BAD);
    assert_int_equal(row_count(admin(w, "retention.exports", NULL)), 0);
}

static void run(struct world *w)
{
    (void)admin(w, "retention.run", NULL);
    for (int i = 0; i < 400 && (w->ctl->retaining.asked || w->ctl->retaining.running); i++) {
        world_pass(w, SECOND_US);
        turn_tick(w->ctl);
        world_turn(w);
    }
}

static void one_past_its_day_is_overdue_until_it_is_deleted(void **state)
{
    struct world *w = *state;
    char li[HANDLE_TEXT_SIZE];
    char number[24];
    begin(w, li);
    (void)admin(w, "retention.set", "class", "exports", "days", "3", "reason", "short", NULL);
    (void)admin(w, "person.export", "person", li, "reason", "his request", NULL);
    (void)snprintf(number, sizeof(number), "%s",
                   cell(admin(w, "retention.exports", NULL), 0, "export"));
    world_pass(w, 3 * DAY_US);
    assert_string_equal(state_of_first(w), "kept");
    world_pass(w, DAY_US);
    assert_string_equal(state_of_first(w), "overdue");
    assert_refused(ask(w, w->admin, "retention.deleted", "export", number, NULL),
                   ERROR_ARG_MISSING);
    assert_refused(ask(w, w->admin, "retention.deleted", "export", "999999", "how", "x", NULL),
                   ERROR_NOT_FOUND);
    (void)admin(w, "retention.deleted", "export", number, "how", "file and mail removed", NULL);
    assert_int_equal(row_count(admin(w, "retention.exports", NULL)), 0);
    const Parkgate__Reply *reply = admin(w, "retention.exports", "all", "yes", NULL);
    assert_string_equal(cell(reply, 0, "state"), "deleted");
    assert_string_equal(cell(reply, 0, "how"), "file and mail removed");
    assert_refused(ask(w, w->admin, "retention.deleted", "export", number, "how", "x", NULL),
                   ERROR_SAME_STATE);
    (void)assert_replays(w);
}

static bool is_told(struct world *w)
{
    return row_with(admin(w, "status", NULL), "fault", "export-overdue") != SIZE_MAX;
}

static void somebody_is_told_of_a_file_past_its_day(void **state)
{
    struct world *w = *state;
    char li[HANDLE_TEXT_SIZE];
    char number[24];
    begin(w, li);
    (void)admin(w, "retention.set", "class", "exports", "days", "3", "reason", "short", NULL);
    (void)admin(w, "person.export", "person", li, "reason", "his request", NULL);
    (void)snprintf(number, sizeof(number), "%s",
                   cell(admin(w, "retention.exports", NULL), 0, "export"));
    world_pass(w, 3 * DAY_US);
    run(w);
    assert_false(is_told(w));
    world_pass(w, DAY_US);
    run(w);
    assert_true(is_told(w));
    (void)admin(w, "retention.deleted", "export", number, "how", "shredded", NULL);
    run(w);
    assert_false(is_told(w));
    (void)assert_replays(w);
}

/* Only what was said deleted leaves the register, and that after 3 years. */
static void the_register_forgets_what_is_deleted_alone(void **state)
{
    struct world *w = *state;
    char li[HANDLE_TEXT_SIZE];
    begin(w, li);
    (void)admin(w, "person.export", "person", li, "reason", "first", NULL);
    (void)admin(w, "person.export", "person", li, "reason", "second", NULL);
    (void)admin(w, "retention.deleted", "export",
                cell(admin(w, "retention.exports", NULL), 0, "export"), "how", "shredded", NULL);
    world_pass(w, 1094 * DAY_US);
    run(w);
    assert_int_equal(row_count(admin(w, "retention.exports", "all", "yes", NULL)), 2);
    world_pass(w, 2 * DAY_US);
    run(w);
    const Parkgate__Reply *reply = admin(w, "retention.exports", "all", "yes", NULL);
    assert_int_equal(row_count(reply), 1);
    assert_string_equal(cell(reply, 0, "reason_given"), "second");
    assert_string_equal(cell(reply, 0, "state"), "overdue");
    (void)assert_replays(w);
}

static void put_deleted(struct world *w, uint64_t from, size_t count)
{
    struct keybuf key;
    struct store_txn *txn = NULL;
    Parkgate__ExportRecord record = PARKGATE__EXPORT_RECORD__INIT;
    world_turn(w);
    assert_int_equal(store_begin_write(w->store, &txn, NULL), ERR_OK);
    for (size_t i = 0; i < count; i++) {
        record.number = from + i;
        record.deleted_us = w->now.us;
        keybuf_begin(&key);
        keybuf_u64(&key, record.number);
        assert_int_equal(
            store_put_message(txn, TABLE_EXPORTED, keybuf_view(&key), &record.base, NULL), ERR_OK);
    }
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
}

/* A page looks at 1000, and the next one goes on. */
static void the_one_that_is_kept_is_found_among_many(void **state)
{
    struct world *w = *state;
    size_t pages = 0;
    size_t rows = 0;
    char li[HANDLE_TEXT_SIZE];
    char after[64] = "";
    begin(w, li);
    (void)admin(w, "person.export", "person", li, "reason", "his request", NULL);
    put_deleted(w, 1000000, 2500);
    do {
        struct store_stats before;
        struct store_stats behind;
        store_stats_of(w->store, &before);
        const Parkgate__Reply *reply = after[0] == '\0'
                                           ? admin(w, "retention.exports", NULL)
                                           : admin(w, "retention.exports", "after", after, NULL);
        store_stats_of(w->store, &behind);
        assert_in_range(behind.steps - before.steps, 1, 1100);
        rows += row_count(reply);
        (void)snprintf(after, sizeof(after), "%.*s", reply->more ? (int)reply->cursor.len : 0,
                       (const char *)reply->cursor.data);
        pages++;
    } while (after[0] != '\0');
    assert_int_equal(pages, 3);
    assert_int_equal(rows, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(each_file_that_leaves_is_noted),
        WORLD_TEST(a_refused_export_leaves_no_note),
        WORLD_TEST(one_past_its_day_is_overdue_until_it_is_deleted),
        WORLD_TEST(somebody_is_told_of_a_file_past_its_day),
        WORLD_TEST(the_register_forgets_what_is_deleted_alone),
        WORLD_TEST(the_one_that_is_kept_is_found_among_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

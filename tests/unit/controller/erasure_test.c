/* Goal: an erased person's key is on no page of any file, whatever was cut short on the way; the
 * roster, gates and terminals have forgotten him; what the floors keep is said; who comes again is
 * somebody new. Method: a whole controller over real stores, whose jobs the test does with the same
 * calls as the job processes; all files searched for the key's bytes; a restart between any two
 * steps. */
#include "tests/unit/controller/erasing_fixture.h"

#include "controller/app/batch.h"
#include "controller/store/erasure_store.h"

#define LI    "04010203"
#define LI_ID "11010519491231002X"

struct erasing_world {
    struct world *w;
    struct gate gate;
    char li[HANDLE_TEXT_SIZE];
    struct handle handle;
    uint8_t key[SEAL_KEY_SIZE];
};

static struct erasing_world begin(void **state)
{
    struct erasing_world e = {.w = *state};
    gate_join(e.w, &e.gate, "gate-a", 1);
    (void)snprintf(e.li, sizeof(e.li), "%s",
                   note(admin(e.w, "person.add", "tenant", "acme", "kind", "day", "name", "Li Wei",
                              "id_number", LI_ID, "external", "E17", NULL),
                        "person"));
    (void)admin(e.w, "badge.add", "person", e.li, "uid", LI, NULL);
    (void)admin(e.w, "assignment.add", "person", e.li, "tenant", "acme", "shift", "day", "from",
                "2026-03-02", "to", "2026-03-31", NULL);
    gate_walk(e.w, &e.gate, "a-in", LI);
    world_pass(e.w, MINUTE_US);
    assert_true(handle_from_text(e.li, &e.handle));
    key_of_holder(e.w, e.handle, e.key);
    return e;
}

static void leave(struct erasing_world *e)
{
    gate_walk(e->w, &e->gate, "a-out", LI);
    world_pass(e->w, MINUTE_US);
}

static size_t keys_found(const struct erasing_world *e)
{
    return found_in(e->w->dir, BYTES_OF(e->key));
}

static const Parkgate__Reply *erase(struct erasing_world *e)
{
    return assert_done(
        ask(e->w, e->w->admin, "person.erase", "person", e->li, "reason", "he asked", NULL));
}

static void expect_step(struct erasing_world *e, const char *step)
{
    const Parkgate__Reply *reply = admin(e->w, "person.erasures", "all", "yes", NULL);
    size_t row = row_with(reply, "person", e->li);
    assert_true(row != SIZE_MAX);
    assert_string_equal(cell(reply, row, "state"), step);
}

static void beat(struct erasing_world *e)
{
    Parkgate__Heartbeat heartbeat = PARKGATE__HEARTBEAT__INIT;
    heartbeat.last_sequence = e->gate.sequence;
    gate_send(e->w, &e->gate, MESSAGE_HEARTBEAT, 0, &heartbeat.base);
    world_turn(e->w);
}

/* --- tests --- */

static void the_key_is_on_no_page_of_any_file(void **state)
{
    struct erasing_world e = begin(state);
    leave(&e);
    world_turn(e.w);
    assert_true(keys_found(&e) > 0); /* the search finds what is there */
    (void)erase(&e);
    expect_step(&e, "begun");
    tick(e.w); /* the key is deleted, and stands on a free page */
    assert_true(keys_found(&e) > 0);
    finish_copy(e.w); /* swapped: only the old file has it */
    assert_true(keys_found(&e) > 0);
    finish_wipe(e.w);
    assert_int_equal(keys_found(&e), 0);
    expect_step(&e, "key-gone");
    beat(&e);
    finish(e.w);
    expect_step(&e, "ended");
    (void)assert_replays(e.w);
}

static void the_roster_has_forgotten_him(void **state)
{
    struct erasing_world e = begin(state);
    leave(&e);
    (void)erase(&e);
    assert_refused(ask(e.w, e.w->admin, "person.show", "person", e.li, "reason", "x", NULL),
                   ERROR_NOT_FOUND);
    assert_refused(ask(e.w, e.w->admin, "person.find", "id_number", LI_ID, "reason", "x", NULL),
                   ERROR_NOT_FOUND);
    assert_refused(ask(e.w, e.w->admin, "person.export", "person", e.li, "reason", "x", NULL),
                   ERROR_NOT_FOUND);
    assert_int_equal(row_count(admin(e.w, "person.list", "tenant", "acme", "reason", "x", NULL)),
                     0);
    uint64_t sequence = gate_badge(e.w, &e.gate, "a-in", LI);
    world_turn(e.w);
    assert_denied(e.w, sequence, REASON_CREDENTIAL_UNKNOWN);
    assert_refused(ask(e.w, e.w->admin, "person.erase", "person", e.li, "reason", "x", NULL),
                   ERROR_NOT_FOUND);
    (void)assert_replays(e.w);
}

static void who_comes_again_is_somebody_new(void **state)
{
    char again[HANDLE_TEXT_SIZE];
    struct erasing_world e = begin(state);
    leave(&e);
    (void)erase(&e);
    finish(e.w);
    (void)snprintf(again, sizeof(again), "%s",
                   note(admin(e.w, "person.add", "tenant", "acme", "kind", "day", "name", "Li Wei",
                              "id_number", LI_ID, "external", "E17", NULL),
                        "person"));
    assert_string_not_equal(again, e.li);
    (void)admin(e.w, "badge.add", "person", again, "uid", LI, NULL);
    assert_int_equal(row_count(admin(e.w, "headcount.why", "person", again, "reason", "x", NULL)),
                     0);
    (void)assert_replays(e.w);
}

static void what_is_kept_is_said_with_why_and_until_when(void **state)
{
    struct erasing_world e = begin(state);
    leave(&e);
    const Parkgate__Reply *reply = erase(&e);
    assert_string_equal(note(reply, "last_day"), "2026-04-03"); /* 31 days on */
    size_t passages = row_with(reply, "kept", "passages");
    assert_string_equal(cell(reply, passages, "until"), "2026-08-30"); /* 180 days on */
    assert_non_null(strstr(cell(reply, passages, "why"), "GB 50396"));
    assert_true(row_with(reply, "kept", "attendance") != SIZE_MAX);
    assert_string_equal(cell(reply, row_with(reply, "kept", "disclosures"), "until"), "2029-03-02");
}

/* Whoever it is and whatever else is held on him: the same words in the same size. */
static void everybody_gets_the_same_answer(void **state)
{
    char wu[HANDLE_TEXT_SIZE];
    struct erasing_world e = begin(state);
    leave(&e);
    (void)snprintf(
        wu, sizeof(wu), "%s",
        note(admin(e.w, "person.add", "tenant", "beta", "kind", "staff", "name", "Wu", NULL),
             "person"));
    size_t size = parkgate__reply__get_packed_size(erase(&e));
    const Parkgate__Reply *other =
        assert_done(ask(e.w, e.w->admin, "person.erase", "person", wu, "reason", "x", NULL));
    assert_int_equal(parkgate__reply__get_packed_size(other), size);
}

static void who_is_inside_or_banned_is_not_erased(void **state)
{
    struct erasing_world e = begin(state);
    const Parkgate__Reply *reply =
        ask(e.w, e.w->admin, "person.erase", "person", e.li, "reason", "x", NULL);
    assert_refused(reply, ERROR_ERASE_INSIDE);
    assert_string_equal(reply->error_arg[0], e.li);
    leave(&e);
    (void)admin(e.w, "ban.add", "who", e.li, "reason", "theft", "until", "2026-05-20", "notice",
                "N-1", NULL);
    reply = ask(e.w, e.w->admin, "person.erase", "person", e.li, "reason", "x", NULL);
    assert_refused(reply, ERROR_ERASE_BANNED);
    assert_string_equal(reply->error_arg[1], "2026-05-21");
    assert_int_equal(entries_of(e.w, ENTRY_ERASURE, 0), 0);
    assert_refused(ask(e.w, e.w->admin, "person.erase", "person", e.li, NULL), ERROR_REASON_NEEDED);
}

/* The controller dies between any two steps; whatever was done before is done again or left. */
static void a_crash_at_any_step_changes_nothing(void **state)
{
    for (int step = 0; step < 6; step++) {
        if (step > 0) {
            assert_int_equal(world_teardown(state), 0);
            assert_int_equal(world_setup(state), 0);
        }
        struct erasing_world e = begin(state);
        leave(&e);
        (void)erase(&e);
        if (step >= 1) {
            tick(e.w);
        }
        if (step == 2) {
            do_copy(e.w); /* made, and never taken */
        } else if (step >= 3) {
            finish_copy(e.w);
        }
        if (step == 4) {
            assert_int_equal(store_wipe_old(e.w->keys_dir, NULL), ERR_OK);
        } else if (step == 5) {
            finish_wipe(e.w);
        }
        world_restart(e.w);
        finish(e.w);
        assert_int_equal(keys_found(&e), 0);
        assert_true(entries_of(e.w, ENTRY_ERASURE, 0) >= 2);
        (void)assert_replays(e.w);
    }
}

/* A swap cut short between its two names: the second name of the living file is no old file. */
static void a_half_swap_loses_no_key(void **state)
{
    char data[160];
    char old[160];
    uint8_t after[SEAL_KEY_SIZE];
    struct erasing_world e = begin(state);
    (void)snprintf(data, sizeof(data), "%s/data.mdb", e.w->keys_dir);
    (void)snprintf(old, sizeof(old), "%s/data.old", e.w->keys_dir);
    assert_int_equal(link(data, old), 0);
    assert_int_equal(store_wipe_old(e.w->keys_dir, NULL), ERR_OK);
    key_of_holder(e.w, e.handle, after);
    assert_memory_equal(after, e.key, sizeof(after));
    assert_int_not_equal(access(old, F_OK), 0);
}

/* A key that is made while the copy is made is not in it: it is brought to the copy, which is
 * taken.
 */
static void keys_made_meanwhile_are_not_lost(void **state)
{
    char wu[HANDLE_TEXT_SIZE];
    uint8_t key[SEAL_KEY_SIZE];
    struct handle handle;
    struct erasing_world e = begin(state);
    leave(&e);
    (void)erase(&e);
    tick(e.w);
    do_copy(e.w);
    (void)snprintf(
        wu, sizeof(wu), "%s",
        note(admin(e.w, "person.add", "tenant", "beta", "kind", "staff", "name", "Wu", NULL),
             "person"));
    copy_is_done(e.w);
    finish_wipe(e.w);
    expect_step(&e, "key-gone");
    assert_int_equal(keys_found(&e), 0);
    assert_true(handle_from_text(wu, &handle));
    key_of_holder(e.w, handle, key);
    world_restart(e.w);
    assert_string_equal(
        cell(admin(e.w, "person.list", "tenant", "beta", "reason", "x", NULL), 0, "name"), "Wu");
}

/* Person keys as a bulk makes or destroys them, LATE_ROWS of a batch at a time. */
enum { LATE_ROWS = 200, LATE_BATCHES = 13 };

struct late {
    uint8_t batch;
    bool destroy;
};

static struct handle late_handle(uint8_t batch, size_t row)
{
    return (struct handle){
        {0xaa, batch, (uint8_t)(row >> 8), (uint8_t)row}
    };
}

static enum err late_slice(struct controller *ctl, void *ctx, struct fault *fault)
{
    const struct late *late = ctx;
    for (size_t row = 0; row < LATE_ROWS; row++) {
        struct seal_key key;
        struct handle handle = late_handle(late->batch, row);
        TRY(late->destroy ? controller_forget_key(ctl, handle, fault)
                          : controller_holder_key(ctl, handle, true, &key, fault));
    }
    return ERR_OK;
}

static void late_run(struct world *w, uint8_t batch, bool destroy)
{
    struct late late = {.batch = batch, .destroy = destroy};
    batch_run(w->ctl, late_slice, &late);
}

static bool has_key(struct world *w, struct handle handle)
{
    struct seal_key key;
    struct store_txn *txn = NULL;
    assert_int_equal(store_begin_read(w->keys, &txn, NULL), ERR_OK);
    enum err err = person_key_get(txn, handle, &key, NULL);
    store_txn_destroy(&txn);
    assert_true(err == ERR_OK || err == ERR_NOT_FOUND);
    return err == ERR_OK;
}

/* Keys come and go all the time: the first copy is taken all the same, and is what the environment
 * is, however many they are. */
static void a_stream_of_keys_puts_nothing_off(void **state)
{
    struct erasing_world e = begin(state);
    leave(&e);
    late_run(e.w, 0, false);
    (void)erase(&e);
    tick(e.w);
    assert_string_equal(e.w->job_name, "rewrite-keys");
    for (uint8_t batch = 1; batch < LATE_BATCHES; batch++) {
        late_run(e.w, batch, false);
        if (batch == LATE_BATCHES / 2) {
            do_copy(e.w); /* it has some of them, and the first ones */
        }
    }
    late_run(e.w, 0, true);
    late_run(e.w, LATE_BATCHES - 1, true);
    copy_is_done(e.w);
    assert_string_equal(e.w->job_name, "rewrite-keys"); /* a slice a turn */
    late_run(e.w, LATE_BATCHES, false);
    for (int i = 0; i < 10 && strcmp(e.w->job_name, "wipe-keys") != 0; i++) {
        world_turn(e.w);
    }
    finish_wipe(e.w);
    expect_step(&e, "key-gone");
    assert_int_equal(keys_found(&e), 0);
    for (uint8_t batch = 0; batch <= LATE_BATCHES; batch++) {
        bool gone = batch == 0 || batch == LATE_BATCHES - 1;
        assert_int_equal(has_key(e.w, late_handle(batch, 7)), !gone);
        assert_int_equal(has_key(e.w, late_handle(batch, LATE_ROWS - 1)), !gone);
    }
}

/* A key that was destroyed while the copy was made stands on a free page of the new file: that one
 * is rewritten in its turn, though no erasure waits for it. */
static void a_key_destroyed_meanwhile_goes_with_the_next_one(void **state)
{
    uint8_t key[SEAL_KEY_SIZE];
    struct erasing_world e = begin(state);
    leave(&e);
    late_run(e.w, 0, false);
    key_of_holder(e.w, late_handle(0, 3), key);
    (void)erase(&e);
    tick(e.w);
    do_copy(e.w);
    late_run(e.w, 0, true);
    copy_is_done(e.w);
    finish_wipe(e.w);
    assert_int_equal(keys_found(&e), 0);
    assert_false(has_key(e.w, late_handle(0, 3)));
    assert_true(found_in(e.w->dir, BYTES_OF(key)) > 0);
    uint64_t jobs = e.w->jobs;
    finish(e.w);
    assert_int_equal(e.w->jobs, jobs); /* not at once: such keys go all day */
    world_pass(e.w, ERASURE_LATER_MS * MS_US);
    finish(e.w);
    assert_int_equal(e.w->jobs, jobs + 2);
    assert_int_equal(found_in(e.w->dir, BYTES_OF(key)), 0);
}

/* One key of each kind, as the parts of the controller make and destroy them. */
static const struct handle one_handle = {
    {0xbb, 1}
};
enum { OLD_DAY = TUESDAY - 10 };

static enum err make_each(struct controller *ctl, void *ctx, struct fault *fault)
{
    uint8_t(*key)[SEAL_KEY_SIZE] = ctx;
    struct seal_key keys[KEY_TABLE_COUNT];
    for (size_t i = 0; i < KEY_TABLE_COUNT; i++) {
        keys[i] = seal_key_draw(ctl->entropy);
        memcpy(key[i], keys[i].bytes, SEAL_KEY_SIZE);
    }
    struct authority_keys both = {.matching = keys[KEY_TABLE_AUTHORITY], .own = {{1}}};
    TRY(controller_keys_begin(ctl, fault));
    TRY(person_key_put(ctl->keys_txn, one_handle, &keys[KEY_TABLE_HOLDER], fault));
    TRY(day_key_put(ctl->keys_txn, OLD_DAY, &keys[KEY_TABLE_DAY], fault));
    TRY(watch_key_put(ctl->keys_txn, one_handle, &keys[KEY_TABLE_WATCH], fault));
    TRY(candidate_key_put(ctl->keys_txn, one_handle, &keys[KEY_TABLE_CANDIDATE], fault));
    return authority_keys_put(ctl->keys_txn, "hz-police", 1, &both, fault);
}

static enum err destroy_one(struct controller *ctl, void *ctx, struct fault *fault)
{
    unsigned days = 0;
    TRY(controller_keys_begin(ctl, fault));
    switch (*(const enum key_table *)ctx) {
    case KEY_TABLE_HOLDER:
        return controller_forget_key(ctl, one_handle, fault);
    case KEY_TABLE_DAY:
        return controller_forget_day_keys(ctl, OLD_DAY + 1, &days, fault);
    case KEY_TABLE_WATCH: /* of a disposition, too */
        return watch_key_destroy(ctl->keys_txn, one_handle, fault);
    case KEY_TABLE_CANDIDATE:
        return controller_candidate_forget(ctl, one_handle, fault);
    case KEY_TABLE_AUTHORITY:
        return authority_keys_destroy(ctl->keys_txn, "hz-police", 1, fault);
    case KEY_TABLE_COUNT:
        break;
    }
    return ERR_INPUT;
}

/* Whoever destroys it: that its file is to be written anew is seen at the commit. */
static void a_key_of_each_kind_is_overwritten(void **state)
{
    _Static_assert(KEY_TABLE_CANDIDATE == KEY_TABLE_COUNT - 1, "the last one");
    struct erasing_world e = begin(state);
    for (enum key_table kind = 0; kind < KEY_TABLE_COUNT; kind++) {
        uint8_t key[KEY_TABLE_COUNT][SEAL_KEY_SIZE];
        batch_run(e.w->ctl, make_each, key);
        world_pass(e.w, ERASURE_LATER_MS * MS_US);
        finish(e.w);
        assert_true(found_in(e.w->dir, BYTES_OF(key[kind])) > 0);
        batch_run(e.w->ctl, destroy_one, &kind);
        assert_true(found_in(e.w->dir, BYTES_OF(key[kind])) > 0); /* on a free page */
        world_pass(e.w, ERASURE_LATER_MS * MS_US);
        finish(e.w);
        assert_int_equal(found_in(e.w->dir, BYTES_OF(key[kind])), 0);
        /* But a candidate's: retention ends keys of candidates that there are none of. */
        for (enum key_table other = kind + 1; other < KEY_TABLE_CANDIDATE; other++) {
            assert_true(found_in(e.w->dir, BYTES_OF(key[other])) > 0);
        }
    }
}

/* A park with backups has its keys rewritten once a day: by that old backups lose theirs. */
static void backups_are_looked_at_daily(void **state)
{
    struct erasing_world e = begin(state);
    finish(e.w);
    world_pass(e.w, 25 * 60 * MINUTE_US);
    finish(e.w);
    assert_int_equal(e.w->jobs, 0);
    send_rows(e.w, e.w->admin, "backup", NULL, 0, "dir", "/backup-1", NULL);
    world_turn(e.w);
    turn_job_done(e.w->ctl, e.w->last_job, 0, "result=good\n");
    finish(e.w);
    world_pass(e.w, 25 * 60 * MINUTE_US);
    finish(e.w);
    assert_string_equal(e.w->job_name, "wipe-keys");
    uint64_t jobs = e.w->jobs;
    finish(e.w);
    assert_int_equal(e.w->jobs, jobs);
    world_pass(e.w, 25 * 60 * MINUTE_US);
    finish(e.w);
    assert_int_equal(e.w->jobs, jobs + 2);
}

/* What was deleted shortly before a restart is overwritten, too: nobody remembers that it is due.
 */
static void a_restart_forgets_no_deleted_key(void **state)
{
    uint8_t key[SEAL_KEY_SIZE];
    struct erasing_world e = begin(state);
    leave(&e);
    (void)erase(&e);
    finish(e.w);
    late_run(e.w, 0, false);
    key_of_holder(e.w, late_handle(0, 3), key);
    late_run(e.w, 0, true);
    world_restart(e.w);
    finish(e.w);
    assert_true(found_in(e.w->dir, BYTES_OF(key)) > 0);
    world_pass(e.w, ERASURE_LATER_MS * MS_US);
    finish(e.w);
    assert_int_equal(found_in(e.w->dir, BYTES_OF(key)), 0);
}

static bool waits_told(struct erasing_world *e)
{
    return row_with(admin(e->w, "status", NULL), "fault", "erasure-waits") != SIZE_MAX;
}

/* The job hangs, or the disk is full: after an hour a person is told, until it is done. */
static void one_that_waits_is_told(void **state)
{
    struct erasing_world e = begin(state);
    leave(&e);
    (void)erase(&e);
    tick(e.w);
    world_pass(e.w, 59 * MINUTE_US);
    tick(e.w);
    assert_int_equal(waits_told(&e), 0);
    world_pass(e.w, MINUTE_US);
    tick(e.w);
    assert_int_equal(waits_told(&e), 1);
    assert_true(row_with(admin(e.w, "alert.list", NULL), "kind", "erasure-waits") != SIZE_MAX);
    finish_copy(e.w);
    finish_wipe(e.w);
    finish(e.w);
    assert_int_equal(waits_told(&e), 0);
    (void)assert_replays(e.w);
}

static uint64_t rows_of(struct world *w, size_t table)
{
    uint64_t rows = 0;
    struct store_txn *txn = NULL;
    assert_int_equal(store_begin_read(w->store, &txn, NULL), ERR_OK);
    assert_int_equal(store_count(txn, table, &rows, NULL), ERR_OK);
    store_txn_destroy(&txn);
    return rows;
}

static size_t at_step(struct world *w, uint32_t step)
{
    size_t count = 0;
    struct store_txn *txn = NULL;
    struct erasure_place place = {0};
    assert_int_equal(store_begin_read(w->store, &txn, NULL), ERR_OK);
    while (erasure_next_open(txn, &place, NULL) == ERR_OK) {
        count += place.step == step;
    }
    store_txn_destroy(&txn);
    return count;
}

/* As many at once as retention may begin: each tick does a slice of them, and those that ended are
 * looked at no more. */
static void many_go_in_slices(void **state)
{
    enum { MANY = 2 * ERASURE_ROWS + 50 };
    struct erasing_world e = begin(state);
    leave(&e);
    for (size_t i = 0; i < MANY; i++) {
        char person[HANDLE_TEXT_SIZE];
        (void)snprintf(
            person, sizeof(person), "%s",
            note(admin(e.w, "person.add", "tenant", "beta", "kind", "staff", "name", "Wu", NULL),
                 "person"));
        (void)admin(e.w, "person.erase", "person", person, "reason", "x", NULL);
    }
    assert_int_equal(at_step(e.w, ERASURE_BEGAN), MANY);
    tick(e.w);
    tick(e.w);
    assert_string_not_equal(e.w->job_name, "rewrite-keys"); /* keys are deleted still */
    tick(e.w);
    finish_copy(e.w);
    finish_wipe(e.w);
    assert_int_equal(at_step(e.w, ERASURE_KEY_GONE), ERASURE_ROWS);
    tick(e.w);
    assert_int_equal(at_step(e.w, ERASURE_KEY_GONE), 2 * ERASURE_ROWS);
    tick(e.w);
    assert_int_equal(at_step(e.w, ERASURE_KEY_GONE), MANY);
    assert_int_equal(at_step(e.w, ERASURE_BEGAN), 0);
    beat(&e);
    finish(e.w);
    assert_int_equal(rows_of(e.w, TABLE_ERASURE_OPEN), 0);
    assert_int_equal(rows_of(e.w, TABLE_ERASURE), MANY);
    assert_int_equal(row_count(admin(e.w, "person.erasures", NULL)), 0);
    (void)assert_replays(e.w);
}

/* While a backup runs the environment stays; while it is rewritten no backup begins. */
static void a_backup_and_a_rewriting_wait_for_each_other(void **state)
{
    struct erasing_world e = begin(state);
    leave(&e);
    send_rows(e.w, e.w->admin, "backup", NULL, 0, "dir", "/backup-1", NULL);
    world_turn(e.w);
    assert_string_equal(e.w->job_name, "backup");
    uint64_t backup = e.w->last_job;
    (void)erase(&e);
    for (int i = 0; i < 20; i++) {
        tick(e.w);
    }
    assert_string_equal(e.w->job_name, "backup");
    turn_job_done(e.w->ctl, backup, 0, "result=good\n");
    tick(e.w);
    assert_string_equal(e.w->job_name, "rewrite-keys");
    send_rows(e.w, e.w->admin, "backup", NULL, 0, "dir", "/backup-2", NULL);
    world_turn(e.w);
    tick(e.w);
    assert_string_equal(e.w->job_name, "rewrite-keys");
    finish_copy(e.w);
    finish_wipe(e.w);
    tick(e.w);
    assert_string_equal(e.w->job_name, "backup");
}

static void a_job_that_fails_is_done_again(void **state)
{
    struct erasing_world e = begin(state);
    leave(&e);
    (void)erase(&e);
    tick(e.w);
    uint64_t jobs = e.w->jobs;
    turn_job_done(e.w->ctl, e.w->last_job, 1, "failed=no space\n");
    tick(e.w);
    assert_int_equal(e.w->jobs, jobs); /* not at once */
    finish(e.w);
    expect_step(&e, "key-gone");
    assert_int_equal(keys_found(&e), 0);
}

static void it_ends_when_every_gate_has_confirmed(void **state)
{
    struct erasing_world e = begin(state);
    leave(&e);
    (void)erase(&e);
    finish(e.w);
    expect_step(&e, "key-gone");
    const Parkgate__Reply *reply = admin(e.w, "person.erasures", NULL);
    assert_string_equal(cell(reply, 0, "gates_left"), "1");
    assert_string_equal(cell(reply, 0, "backups_left"), "2");
    beat(&e);
    finish(e.w);
    expect_step(&e, "ended");
    assert_int_equal(row_count(admin(e.w, "person.erasures", NULL)), 0);
}

/* A box that comes back with a copy has him until its copy has come past the beginning, however
 * often it beats before it asks. */
static void a_gate_with_a_copy_confirms_by_it(void **state)
{
    Parkgate__CopyHave have = PARKGATE__COPY_HAVE__INIT;
    struct erasing_world e = begin(state);
    leave(&e);
    Parkgate__Hello hello = gate_hello_message(e.w, &e.gate);
    hello.copy_generation = 7;
    hello.copy_sequence = 1;
    gate_send_hello(e.w, &e.gate, &hello);
    (void)erase(&e);
    for (int i = 0; i < 3; i++) {
        beat(&e);
        finish(e.w);
    }
    expect_step(&e, "key-gone");
    gate_send(e.w, &e.gate, MESSAGE_COPY_HAVE, 0, &have.base); /* asks for one anew */
    beat(&e);
    finish(e.w);
    expect_step(&e, "key-gone");
}

/* One that was made anew, and one that beats and does not ask at once. */
static void a_box_without_a_copy_is_not_believed_at_once(void **state)
{
    struct erasing_world e = begin(state);
    leave(&e);
    (void)erase(&e);
    finish(e.w);
    Parkgate__Hello hello = gate_hello_message(e.w, &e.gate);
    gate_send_hello(e.w, &e.gate, &hello);
    beat(&e);
    for (int i = 0; i < 20; i++) {
        tick(e.w);
    }
    expect_step(&e, "key-gone");
    finish(e.w);
    expect_step(&e, "ended");
}

static bool is_of_gate_b(const ProtobufCBinaryData *packed)
{
    Parkgate__ParkRow *row = parkgate__park_row__unpack(NULL, packed->len, packed->data);
    assert_non_null(row);
    bool is = strcmp(row->name, "gate-b") == 0 || strcmp(row->name, "board-b") == 0 ||
              strncmp(row->name, "b-", 2) == 0;
    parkgate__park_row__free_unpacked(row, NULL);
    return is;
}

static bool has_note(const Parkgate__Reply *reply, const char *name)
{
    bool has = false;
    for (size_t i = 0; i < reply->n_note; i++) {
        has |= strcmp(reply->note[i], name) == 0;
    }
    return has;
}

/* A gate that the park has no more cannot confirm: it is named, and keeps nothing from ending. */
static void a_gate_that_is_gone_is_named(void **state)
{
    size_t left = 0;
    struct gate other;
    struct erasing_world e = begin(state);
    struct park_rows *rows = &e.w->rows;
    gate_join(e.w, &other, "gate-b", 2);
    leave(&e);
    assert_false(has_note(admin(e.w, "person.erasures", NULL), "gates_gone"));
    for (size_t i = 0; i < rows->count; i++) {
        if (!is_of_gate_b(&rows->row[i])) {
            rows->row[left++] = rows->row[i];
        }
    }
    rows->count = left;
    park_apply(e.w);
    (void)erase(&e);
    assert_string_equal(note(admin(e.w, "person.erasures", NULL), "gates_gone"), "gate-b");
    finish(e.w);
    beat(&e);
    finish(e.w);
    expect_step(&e, "ended");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(the_key_is_on_no_page_of_any_file),
        WORLD_TEST(the_roster_has_forgotten_him),
        WORLD_TEST(who_comes_again_is_somebody_new),
        WORLD_TEST(what_is_kept_is_said_with_why_and_until_when),
        WORLD_TEST(everybody_gets_the_same_answer),
        WORLD_TEST(who_is_inside_or_banned_is_not_erased),
        WORLD_TEST(a_crash_at_any_step_changes_nothing),
        WORLD_TEST(a_half_swap_loses_no_key),
        WORLD_TEST(keys_made_meanwhile_are_not_lost),
        WORLD_TEST(a_stream_of_keys_puts_nothing_off),
        WORLD_TEST(a_key_destroyed_meanwhile_goes_with_the_next_one),
        WORLD_TEST(a_key_of_each_kind_is_overwritten),
        WORLD_TEST(backups_are_looked_at_daily),
        WORLD_TEST(a_restart_forgets_no_deleted_key),
        WORLD_TEST(one_that_waits_is_told),
        WORLD_TEST(many_go_in_slices),
        WORLD_TEST(a_backup_and_a_rewriting_wait_for_each_other),
        WORLD_TEST(a_job_that_fails_is_done_again),
        WORLD_TEST(it_ends_when_every_gate_has_confirmed),
        WORLD_TEST(a_gate_with_a_copy_confirms_by_it),
        WORLD_TEST(a_box_without_a_copy_is_not_believed_at_once),
        WORLD_TEST(a_gate_that_is_gone_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* retention_fixture: runs of retention in a whole controller, and what they left. */
#pragma once

#include "tests/unit/controller/harness.h"

#include "controller/app/retention.h"

static inline uint64_t rows_in(struct store *store, size_t table)
{
    uint64_t count = 0;
    struct store_txn *txn = NULL;
    assert_int_equal(store_begin_read(store, &txn, NULL), ERR_OK);
    assert_int_equal(store_count(txn, table, &count, NULL), ERR_OK);
    store_txn_destroy(&txn);
    return count;
}

static inline uint64_t rows_of(struct world *w, size_t table)
{
    world_turn(w);
    return rows_in(w->store, table);
}

/* The first row of a table is one that no program wrote. */
static inline void damage_first(struct world *w, size_t table)
{
    struct bytes key;
    struct bytes value;
    struct keybuf kept;
    struct store_txn *txn = NULL;
    struct store_iter iter = {0};
    world_turn(w);
    assert_int_equal(store_begin_write(w->store, &txn, NULL), ERR_OK);
    assert_int_equal(store_iter_prefix(txn, table, (struct bytes){0}, 1, &iter, NULL), ERR_OK);
    assert_int_equal(store_iter_next(&iter, &key, &value, NULL), ERR_OK);
    keybuf_begin(&kept);
    keybuf_bytes(&kept, key);
    store_iter_end(&iter);
    assert_int_equal(store_put(txn, table, keybuf_view(&kept), bytes_of_text("??"), NULL), ERR_OK);
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
}

static inline void tick(struct world *w)
{
    world_pass(w, SECOND_US);
    turn_tick(w->ctl);
    world_turn(w);
}

/* A run from its beginning to its end. */
static inline void run(struct world *w)
{
    (void)admin(w, "retention.run", NULL);
    for (int i = 0; i < 200 && (w->ctl->retaining.asked || w->ctl->retaining.running); i++) {
        tick(w);
    }
    assert_false(w->ctl->retaining.running);
}

static inline void days_on(struct world *w, int days)
{
    world_pass(w, (int64_t)days * 24 * 60 * MINUTE_US);
}

/* What retention.show says of a class. */
static inline const char *shown_of(struct world *w, struct link_key key, const char *class_name,
                                   const char *column)
{
    const Parkgate__Reply *reply = assert_done(ask(w, key, "retention.show", NULL));
    return cell(reply, row_with(reply, "class", class_name), column);
}

static inline const char *removed(struct world *w, const char *class_name)
{
    return shown_of(w, w->admin, class_name, "removed");
}

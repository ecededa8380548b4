/* Goal: who holds counts only is told nobody's place, and each class of copies is summed up by what
 * it holds. Method: rows of presence and of standing grants through copy_class_row(), and their
 * sums beside ones that are made row by row. */
#include "tests/unit/facts/facts_store.h"

#include "common/facts/copy_class.h"
#include "common/facts/standing_store.h"
#include "common/store/keybuf.h"
#include "schema/record.pb-c.h"

static const struct handle MA = {
    {1, 2, 3}
};
static const struct handle NOBODY = {{0}};

static int make(void **state)
{
    struct facts_store *s = calloc(1, sizeof(*s));
    MUST(s != NULL && seal_init(NULL) == ERR_OK);
    facts_store_open(s);
    *state = s;
    return 0;
}

static int destroy(void **state)
{
    facts_store_close(*state);
    free(*state);
    return 0;
}

static struct name named(const char *text)
{
    struct name name;
    MUST(name_from_text(text, &name));
    return name;
}

static struct bytes lane_key(struct keybuf *key, const char *lane)
{
    keybuf_begin(key);
    keybuf_name(key, named(lane));
    return keybuf_view(key);
}

/* Grants of Ma and of a vehicle stand open at `lane`. */
static struct copy_row standing_row(struct facts_store *s, const char *lane)
{
    struct keybuf key;
    struct copy_row row;
    const struct standing_grant person = {.journal = 7, .captured = {.us = 70}, .holder = MA};
    const struct standing_grant vehicle = {.journal = 8, .captured = {.us = 80}, .holder = NOBODY};
    assert_int_equal(standing_open(s->txn, lane, &person, NULL), ERR_OK);
    assert_int_equal(standing_open(s->txn, lane, &vehicle, NULL), ERR_OK);
    assert_int_equal(standing_held(s->txn, lane, true, (struct wall){.us = 90}, NULL), ERR_OK);
    assert_int_equal(copy_row_get(s->txn, TABLE_STANDING, lane_key(&key, lane), &row, NULL),
                     ERR_OK);
    return row;
}

static struct copy_row presence_row(struct facts_store *s)
{
    struct copy_row row;
    Parkgate__PresenceRecord record = PARKGATE__PRESENCE_RECORD__INIT;
    record.inside = true;
    record.zone = (char *)(uintptr_t) "yard";
    assert_int_equal(
        store_put_message(s->txn, TABLE_PRESENCE, BYTES_OF(MA.bytes), &record.base, NULL), ERR_OK);
    assert_int_equal(copy_row_get(s->txn, TABLE_PRESENCE, BYTES_OF(MA.bytes), &row, NULL), ERR_OK);
    return row;
}

static bool holds_handle(const struct copy_row *row)
{
    return memmem(row->key, row->key_size, MA.bytes, HANDLE_SIZE) != NULL ||
           memmem(row->value, row->value_size, MA.bytes, HANDLE_SIZE) != NULL;
}

static void nobodys_place_is_told(void **state)
{
    struct copy_row row = presence_row(*state);
    struct copy_row told;
    assert_true(copy_class_row(COPY_PRESENCE, &row, &told));
    assert_true(holds_handle(&told));
    assert_false(copy_class_row(COPY_COUNTS, &row, &told));
    assert_false(copy_class_holds(COPY_COUNTS, TABLE_PRESENCE));
    assert_true(copy_class_holds(COPY_PRESENCE, TABLE_PRESENCE));
}

static void a_grant_that_stands_open_is_somebodys(void **state)
{
    struct facts_store *s = *state;
    struct keybuf key;
    struct standing standing;
    struct copy_row row = standing_row(s, "a-in");
    struct copy_row told;
    assert_true(copy_class_row(COPY_PRESENCE, &row, &told) && holds_handle(&told));
    assert_true(copy_class_row(COPY_COUNTS, &row, &told));
    assert_false(holds_handle(&told));
    assert_int_equal(told.value_size, row.value_size);
    Parkgate__StandingRecord *record =
        parkgate__standing_record__unpack(NULL, told.value_size, told.value);
    assert_non_null(record);
    assert_int_equal(
        store_put_message(s->txn, TABLE_STANDING, lane_key(&key, "a-in"), &record->base, NULL),
        ERR_OK);
    parkgate__standing_record__free_unpacked(record, NULL);
    assert_int_equal(standing_get(s->txn, named("a-in"), &standing, NULL), ERR_OK);
    assert_int_equal(standing.count, 2);
    assert_true(standing.held && standing.held_at.us == 90);
    assert_int_equal(standing.grants[0].journal, 7);
    assert_int_equal(standing.grants[0].captured.us, 70);
    assert_true(handle_equal(standing.grants[0].holder, standing_somebody()));
    assert_true(handle_is_none(standing.grants[1].holder)); /* a vehicle stays one */
    /* What a gate holds is what it was told: told again it is the same row. */
    struct copy_row again;
    assert_int_equal(copy_row_get(s->txn, TABLE_STANDING, lane_key(&key, "a-in"), &row, NULL),
                     ERR_OK);
    assert_true(copy_class_row(COPY_COUNTS, &row, &again));
    assert_int_equal(again.value_size, told.value_size);
    assert_memory_equal(again.value, told.value, told.value_size);
}

static void all_else_is_told_to_everybody(void **state)
{
    (void)state;
    for (size_t i = 0; i < copy_table_count; i++) {
        struct copy_row row = {.table = copy_tables[i], .key_size = 3, .value_size = 2};
        struct copy_row told;
        memcpy(row.key, "key", 3);
        memcpy(row.value, "\x08\x01", 2);
        bool differs = row.table == TABLE_PRESENCE || row.table == TABLE_STANDING;
        assert_int_equal(copy_class_differs(row.table), differs);
        if (!differs) {
            assert_true(copy_class_row(COPY_COUNTS, &row, &told));
            assert_int_equal(told.value_size, 2);
            assert_memory_equal(told.value, row.value, 2);
        }
    }
}

static void each_class_has_its_own_sum(void **state)
{
    struct facts_store *s = *state;
    struct copy_digests digests = {0};
    struct copy_digest presence = {0};
    struct copy_digest counts = {0};
    struct copy_row rows[] = {presence_row(s), standing_row(s, "a-in"), standing_row(s, "b-in")};
    struct copy_row told;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        copy_digests_add(&digests, &rows[i]);
        copy_digest_add(&presence, &rows[i]);
        if (copy_class_row(COPY_COUNTS, &rows[i], &told)) {
            copy_digest_add(&counts, &told);
        }
    }
    assert_true(copy_digest_equal(&digests.of[COPY_PRESENCE], &presence));
    assert_true(copy_digest_equal(&digests.of[COPY_COUNTS], &counts));
    assert_int_equal(presence.rows, 3);
    assert_int_equal(counts.rows, 2);
    struct copy_digests before = digests;
    copy_digests_subtract(&digests, &rows[0]); /* somebody leaves: no news for who counts */
    assert_false(copy_digest_equal(&digests.of[COPY_PRESENCE], &before.of[COPY_PRESENCE]));
    assert_true(copy_digest_equal(&digests.of[COPY_COUNTS], &before.of[COPY_COUNTS]));
    assert_false(copy_digests_equal(&digests, &before));
    copy_digests_subtract(&digests, &rows[1]);
    copy_digests_subtract(&digests, &rows[2]);
    assert_true(copy_digests_equal(&digests, &(struct copy_digests){0}));
}

static void both_sums_are_kept(void **state)
{
    struct facts_store *s = *state;
    struct copy_digests digests = {0};
    struct copy_digests got;
    struct copy_row row = presence_row(s);
    assert_int_equal(copy_digests_get(s->txn, &got, NULL), ERR_OK);
    assert_true(copy_digests_equal(&got, &digests));
    copy_digests_add(&digests, &row);
    assert_int_equal(copy_digests_put(s->txn, &digests, NULL), ERR_OK);
    assert_int_equal(copy_digests_get(s->txn, &got, NULL), ERR_OK);
    assert_true(copy_digests_equal(&got, &digests));
    /* One of them cut short. */
    uint8_t bytes[32] = {1};
    const uint8_t key[] = {COPY_DIGEST_ROW};
    Parkgate__CopyDigestRecord record = PARKGATE__COPY_DIGEST_RECORD__INIT;
    record.digest = (ProtobufCBinaryData){.len = sizeof(bytes), .data = bytes};
    record.counts_digest = (ProtobufCBinaryData){.len = sizeof(bytes) - 1, .data = bytes};
    assert_int_equal(
        store_put_message(s->txn, TABLE_COPY_DIGEST, BYTES_OF(key), &record.base, NULL), ERR_OK);
    assert_int_equal(copy_digests_get(s->txn, &got, NULL), ERR_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nobodys_place_is_told, make, destroy),
        cmocka_unit_test_setup_teardown(a_grant_that_stands_open_is_somebodys, make, destroy),
        cmocka_unit_test_setup_teardown(all_else_is_told_to_everybody, make, destroy),
        cmocka_unit_test_setup_teardown(each_class_has_its_own_sum, make, destroy),
        cmocka_unit_test_setup_teardown(both_sums_are_kept, make, destroy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Goal: what a station can make many of makes no turn long. Method: a controller with 100,000 rows
 * of each kind that a hostile station leaves, and as many candidates as may be open; the least time
 * of several asks is printed and held against a bound that only a walk of all rows misses. */
#include "tests/unit/controller/station_fixture.h"

#include "common/facts/field.h"
#include "common/facts/people_store.h"

enum { MANY = 100000, TRIES = 5, MOST_US = 50000 };

static void put_rows(struct station *s)
{
    struct store_txn *txn = NULL;
    world_turn(s->w);
    assert_int_equal(store_begin_write(s->w->store, &txn, NULL), ERR_OK);
    for (uint32_t i = 0; i < MANY; i++) {
        struct keybuf key;
        struct keybuf value;
        struct seal_hash hash = {
            {(uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}
        };
        struct handle entry = {
            {(uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}
        };
        keybuf_begin(&value);
        keybuf_u32(&value, 1);
        assert_int_equal(store_put(txn, TABLE_WATCH_PERSON,
                                   watch_person_key(&key, STATION, BYTES_OF(hash.bytes), &entry),
                                   keybuf_view(&value), NULL),
                         ERR_OK);
        (void)watch_authority_key(&key, STATION); /* over, and not swept yet */
        keybuf_wall(&key, (struct wall){MORNING - (int64_t)i});
        keybuf_handle(&key, entry);
        assert_int_equal(store_put(txn, TABLE_WATCH_LIVE, keybuf_view(&key),
                                   (struct bytes){.data = (const uint8_t *)"\1", .size = 1}, NULL),
                         ERR_OK);
        keybuf_begin(&value);
        keybuf_u8(&value, WATCH_CHANGE_ADD);
        keybuf_handle(&value, entry);
        assert_int_equal(store_put(txn, TABLE_WATCH_CHANGE,
                                   watch_change_key(&key, STATION, 1000000, i), keybuf_view(&value),
                                   NULL),
                         ERR_OK);
    }
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
}

static int64_t now_us(void)
{
    const struct clock *clock = clock_system();
    return clock->mono(clock->ctx).us;
}

static void judge(const char *what, int64_t least_us)
{
    print_message("%s: %lld us\n", what, (long long)least_us);
    assert_true(least_us < MOST_US);
}

static void a_hundred_thousand_rows_make_no_turn_long(void **state)
{
    struct station s = station_join(*state);
    int64_t least[3] = {INT64_MAX, INT64_MAX, INT64_MAX};
    put_rows(&s);
    for (int i = 0; i < TRIES; i++) {
        int64_t at[4];
        make_bundle(&s);
        at[0] = now_us();
        assert_done(say_begin(&s));
        at[1] = now_us();
        assert_done(ask(s.w, s.key, "watch.status", NULL));
        at[2] = now_us();
        assert_int_equal(row_count(admin(s.w, "authority.list", NULL)), 1);
        at[3] = now_us();
        assert_done(push_made(&s));
        for (size_t k = 0; k < ARRAY_LEN(least); k++) {
            least[k] = at[k + 1] - at[k] < least[k] ? at[k + 1] - at[k] : least[k];
        }
    }
    judge("watch.begin", least[0]);
    judge("watch.status", least[1]);
    judge("authority.list", least[2]);
    station_end(&s);
}

/* The largest change of persons that a bundle may be: what its close reads and writes. */
static void the_largest_bundle_of_persons_closes_in_a_turn(void **state)
{
    struct station s = station_join(*state);
    for (unsigned round = 0; round < 2; round++) {
        unsigned first = s.ids + 1;
        for (unsigned i = 0; round > 0 && i < LIMIT_WATCH_PERSONS; i++) {
            char id[16];
            (void)snprintf(id, sizeof(id), "e%04u", first - LIMIT_WATCH_PERSONS + i);
            put_withdraw(&s, id);
        }
        for (unsigned i = 0; i < LIMIT_WATCH_PERSONS; i++) {
            char uid[16];
            (void)snprintf(uid, sizeof(uid), "04%06x", 1000 * round + i);
            struct watch_entry entry = entry_of_badge(&s, uid);
            put_add(&s, &entry);
        }
        make_bundle(&s);
        assert_done(say_begin(&s));
        int64_t at = 0;
        for (size_t i = 0; i < s.bundle.chunk_count; i++) {
            at = now_us();
            assert_done(say_chunk(&s, i));
            print_message("chunk %zu of %zu: %lld us\n", i + 1, s.bundle.chunk_count,
                          (long long)(now_us() - at));
        }
        assert_done(say_begin(&s));
        struct watch_manifest *read = calloc(1, sizeof(*read));
        struct complaint c = {0};
        assert_true(watch_manifest_read(s.bundle.manifest, read, &c));
        s.previous = read->digest;
        s.number++;
        free(read);
    }
    station_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_hundred_thousand_rows_make_no_turn_long),
        WORLD_TEST(the_largest_bundle_of_persons_closes_in_a_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

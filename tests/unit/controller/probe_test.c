/* Goal: nobody in the park but security and the guard of the lane can tell who is listed, and of 30
 * days of a listed worker nothing leaves the park but one hit a day. Method: two worlds of one seed
 * live the same day, in one of them Li is listed, in the other somebody who never comes; every verb
 * is asked by a tenant, an agency, an operator and a guard of other lanes, and each answer is
 * compared byte by byte. The days: four passages each, the station asking after each, and every
 * frame that is sent to it counted. */
#include "tests/unit/controller/watch_fixture.h"

/* --- two worlds --- */

struct answers {
    size_t count;
    struct seal_hash at[2048];
    char verb[2048][48];
};

/* Pages that a store takes and bytes that the disk has left are of the machine: they differ between
 * two runs of the same day. */
static bool is_of_the_disk(const Parkgate__Reply *reply, size_t cell)
{
    static const char *const metrics[] = {"parkgate_store_used_bytes",
                                          "parkgate_store_disk_free_bytes"};
    size_t first = cell - cell % reply->n_column;
    for (size_t i = 0; i < ARRAY_LEN(metrics); i++) {
        size_t size = strlen(metrics[i]);
        for (size_t k = first; k < first + reply->n_column; k++) {
            if (reply->cell[k].len == size && memcmp(reply->cell[k].data, metrics[i], size) == 0) {
                return true;
            }
        }
    }
    return false;
}

static void add(struct answers *a, const char *verb, const Parkgate__Reply *reply)
{
    uint8_t packed[65536];
    assert_true(a->count < ARRAY_LEN(a->at));
    size_t size = 0;
    if (reply != NULL) {
        Parkgate__Reply bare = *reply;
        for (size_t i = 0; i < bare.n_cell && bare.n_column > 0; i++) {
            bare.cell[i].len =
                is_of_the_disk(reply, i) && i % bare.n_column > 1 ? 0 : bare.cell[i].len;
        }
        size = parkgate__reply__get_packed_size(&bare);
        assert_true(size <= sizeof(packed));
        (void)parkgate__reply__pack(&bare, packed);
    }
    a->at[a->count] = seal_hash_of((struct bytes){.data = packed, .size = size});
    (void)snprintf(a->verb[a->count], sizeof(a->verb[0]), "%s", verb);
    a->count++;
}

static void ask_every_verb(struct park_day *d, struct link_key key, struct answers *a)
{
    size_t verbs = 0;
    const struct verb_spec *table = verb_table(&verbs);
    d->w->random = 4711; /* a candidate has drawn a key; what is drawn from here on is compared */
    for (size_t i = 0; i < verbs; i++) {
        const char *v = table[i].name;
        add(a, v, ask(d->w, key, v, NULL));
        add(a, v, ask(d->w, key, v, "person", d->li, "tenant", "acme", "reason", "probe", NULL));
        add(a, v, ask(d->w, key, v, "person", d->li, "lane", "a-in", "holder", d->li, NULL));
        add(a, v,
            ask(d->w, key, v, "plate", TRUCK, "uid", LI, "name", "Li Wei", "reason", "x", NULL));
    }
    static const char *const numbers[] = {"1", "20", "60", "70", "80", "90"};
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        add(a, "journal.show", ask(d->w, key, "journal.show", "seq", numbers[i], NULL));
        add(a, "alert.show", ask(d->w, key, "alert.show", "alert", numbers[i], NULL));
        add(a, "lane.open",
            ask(d->w, key, "lane.open", "lane", "a-in", "presentation", numbers[i], "reason", "x",
                NULL));
    }
    add(a, "events", ask(d->w, key, "events", "limit", "200", NULL));
    add(a, "who", ask(d->w, key, "who", "names", "yes", "reason", "probe", NULL));
}

/* A morning at the gates, then every question. */
static void live(struct park_day *d, bool listed, uint32_t action, const char *role,
                 struct answers *a)
{
    static const char *const tenants[] = {"tenant", "agency"};
    bool bound = strcmp(role, tenants[0]) == 0 || strcmp(role, tenants[1]) == 0;
    bool guard = strcmp(role, "guard") == 0;
    struct link_key key =
        operator_key(d->w, 61, role, bound ? "acme" : NULL, guard ? "b-in,b-out" : NULL, NULL);
    (void)operator_key(d->w, 60, "station", NULL, NULL, NULL);
    watch_authority_is(d->w, "key-60", false);
    (void)admin(d->w, "vehicle.add", "tenant", "acme", "plate", TRUCK, NULL);
    (void)watch_list(d->w, 1, listed ? BADGE_ENTRY(LI, action) : BADGE_ENTRY("0d0c0b0a", action));
    (void)watch_list(d->w, 2,
                     listed ? PLATE_ENTRY(TRUCK, NOTIFY) : PLATE_ENTRY("浙Z99999", NOTIFY));
    (void)watch_list(d->w, 3, PERSON_ENTRY(listed ? d->li : d->zhao, NOTIFY));
    for (int i = 0; i < 3; i++) {
        (void)gate_badge(d->w, &d->a, "a-in", LI);
        (void)gate_badge(d->w, &d->a, "a-in", WANG);
        (void)plate(d, "a-truck", TRUCK);
        (void)plate(d, "p-leave", "浙A1Z345"); /* looks alike */
        world_turn(d->w);
        later(d, 3 * MINUTE_US);
    }
    gate_walk(d->w, &d->a, "a-out", LI);
    gate_walk(d->w, &d->a, "a-in", WANG);
    ask_every_verb(d, key, a);
}

static void compare(void **state, uint32_t action, const char *role)
{
    static struct answers listed, unlisted;
    struct answers *const both[] = {&listed, &unlisted};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        void *world = NULL;
        both[i]->count = 0;
        (void)pairs_setup(&world);
        live(world, i == 0, action, role, both[i]);
        (void)day_teardown(&world);
    }
    assert_int_equal(listed.count, unlisted.count);
    for (size_t i = 0; i < listed.count; i++) {
        if (!bytes_equal(BYTES_OF(listed.at[i].bytes), BYTES_OF(unlisted.at[i].bytes))) {
            fail_msg("%s: answer %zu, to %s, differs", role, i, listed.verb[i]);
        }
    }
    print_message("%s: %zu answers are the same\n", role, listed.count);
    assert_true(listed.count > 300);
}

static void a_tenant_learns_nothing(void **state)
{
    compare(state, NOTIFY, "tenant");
    compare(state, NOTIFY, "agency");
}

static void an_operator_learns_nothing(void **state)
{
    compare(state, NOTIFY, "operator");
}

static void a_guard_of_other_lanes_learns_nothing(void **state)
{
    compare(state, NOTIFY, "guard");
}

/* --- 30 days --- */

static size_t frames_to(const struct world *w, struct link_peer peer)
{
    size_t count = 0;
    for (size_t i = 0; i < w->sent_count; i++) {
        count += memcmp(&w->sent[i].peer, &peer, sizeof(peer)) == 0;
    }
    return count;
}

/* What the station was sent on one day: answers to its own questions, and in them at most one hit.
 */
static size_t hits_of_day(struct park_day *d, uint64_t *after, size_t day)
{
    size_t hits = 0;
    char from[24];
    for (int asked = 0; asked < 3; asked++) {
        (void)snprintf(from, sizeof(from), "%llu", (unsigned long long)*after);
        const Parkgate__Reply *reply =
            assert_done(ask(d->w, key_of(60), "watch.hits", "after", from, NULL));
        hits += row_count(reply);
        assert_int_equal(reply->n_column, 8);
        if (row_count(reply) > 0) {
            assert_string_equal(cell(reply, 0, "id"), "entry-1");
        }
        *after = strtoull(note(reply, "after"), NULL, 10);
    }
    if (hits > 1) {
        fail_msg("day %zu: %zu hits", day, hits);
    }
    return hits;
}

static void thirty_days_of_a_listed_worker(void **state)
{
    enum { DAYS = 30 };
    struct park_day *d = *state;
    uint64_t after = 0;
    size_t hits = 0;
    (void)operator_key(d->w, 60, "station", NULL, NULL, NULL);
    watch_authority_is(d->w, "key-60", false);
    (void)admin(d->w, "assignment.add", "person", d->li, "tenant", "acme", "shift", "day", "from",
                "2026-04-01", "to", "2026-04-10", NULL);
    (void)watch_list(d->w, 1, PERSON_ENTRY(d->li, NOTIFY));
    for (size_t day = 0; day < DAYS; day++) {
        sent_forget(d->w);
        for (int i = 0; i < 4; i++) {
            bool other = i >= 2;
            gate_walk(d->w, other ? &d->b : &d->a,
                      i % 2 == 0 ? (other ? "b-in" : "a-in") : (other ? "b-out" : "a-out"), LI);
            later(d, 2 * 60 * MINUTE_US);
        }
        /* nothing is sent that it did not ask for */
        assert_int_equal(frames_to(d->w, peer_of(key_of(60).bytes[0])), 0);
        hits += hits_of_day(d, &after, day);
        world_pass(d->w, at_shanghai(TUESDAY + (int32_t)day + 1, 7, 50) - d->w->now.us);
    }
    print_message("%d days, %d passages, %zu hits\n", DAYS, 4 * DAYS, hits);
    assert_int_equal(hits, DAYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tenant_learns_nothing),
        cmocka_unit_test(an_operator_learns_nothing),
        cmocka_unit_test(a_guard_of_other_lanes_learns_nothing),
        PAIR_TEST(thirty_days_of_a_listed_worker),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

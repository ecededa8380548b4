/* Goal: nobody learns from `person export` or `person erase` who is listed, whatever the list names
 * of him, and were there a hit today. Method: two worlds of one seed live the same day; in one of
 * them the list names Li's badge, the truck that he drives and Li by his identity, in the other
 * three that never come; each answer is compared byte by byte. */
#include "tests/unit/controller/watch_fixture.h"

#include "controller/store/hit_store.h"

enum { ANSWERS_MAX = 32 };

struct told {
    size_t count, hits;
    struct {
        size_t size;
        struct seal_hash hash;
        char what[32];
    } answers[ANSWERS_MAX];
};

static void keep(struct told *t, const char *what, const Parkgate__Reply *reply)
{
    uint8_t packed[65536];
    assert_true(t->count < ANSWERS_MAX);
    size_t size = parkgate__reply__get_packed_size(reply);
    assert_true(size <= sizeof(packed));
    (void)parkgate__reply__pack(reply, packed);
    t->answers[t->count].size = size;
    t->answers[t->count].hash = seal_hash_of((struct bytes){.data = packed, .size = size});
    (void)snprintf(t->answers[t->count++].what, sizeof(t->answers[0].what), "%s", what);
}

/* All pages. */
static void keep_export(struct park_day *d, struct told *t, const char *person)
{
    char after[512] = "";
    do {
        const Parkgate__Reply *reply =
            after[0] == '\0'
                ? ask(d->w, d->w->admin, "person.export", "person", person, "reason", "his", NULL)
                : ask(d->w, d->w->admin, "person.export", "person", person, "reason", "his",
                      "after", after, NULL);
        keep(t, "person.export", assert_done(reply));
        assert_true(row_with(reply, "section", "passage") != SIZE_MAX);
        size_t size = 0;
        for (size_t i = 0; i < reply->n_note; i++) {
            if (strcmp(reply->note[i], "after") == 0) {
                size = reply->note_value[i].len;
                assert_true(size < sizeof(after));
                memcpy(after, reply->note_value[i].data, size);
            }
        }
        after[size] = '\0';
    } while (after[0] != '\0');
}

static void keep_erase(struct park_day *d, struct told *t, const char *who)
{
    const Parkgate__Reply *reply =
        ask(d->w, d->w->admin, "person.erase", "person", who, "reason", "he asked", NULL);
    keep(t, "person.erase", assert_done(reply));
    keep(t, "person.erasures", admin(d->w, "person.erasures", NULL));
}

static size_t hits_of_today(struct park_day *d)
{
    world_turn(d->w);
    return row_count(assert_done(ask(d->w, key_of(60), "watch.hits", "after", "0", NULL)));
}

/* A morning: Li comes, drives, leaves; then he asks what is held on him, and to be erased. */
static void live(struct park_day *d, bool listed, struct told *t)
{
    char truck[HANDLE_TEXT_SIZE];
    (void)operator_key(d->w, 60, "station", NULL, NULL, NULL);
    watch_authority_is(d->w, "key-60", false);
    (void)snprintf(
        truck, sizeof(truck), "%s",
        note(admin(d->w, "vehicle.add", "tenant", "acme", "plate", TRUCK, NULL), "vehicle"));
    (void)admin(d->w, "booking.add", "tenant", "acme", "plate", TRUCK, "driver", d->li, "zone",
                "yard", "from", "2026-03-03", "until", "2026-03-03", NULL);
    (void)watch_list(d->w, 1, BADGE_ENTRY(listed ? LI : "0d0c0b0a", NOTIFY));
    (void)watch_list(d->w, 2, PLATE_ENTRY(listed ? TRUCK : "浙Z99999", NOTIFY));
    (void)watch_list(d->w, 3, PERSON_ENTRY(listed ? d->li : d->zhao, NOTIFY));
    gate_walk(d->w, &d->a, "a-in", LI);
    later(d, MINUTE_US);
    (void)plate(d, "p-truck", TRUCK);
    later(d, MINUTE_US);
    (void)plate(d, "p-leave", "浙A1Z345"); /* looks alike */
    later(d, MINUTE_US);
    gate_walk(d->w, &d->a, "a-out", LI);
    later(d, MINUTE_US);
    t->hits = hits_of_today(d);
    d->w->random = 4711; /* a candidate has drawn a key; what is drawn from here on is compared */
    keep_export(d, t, d->li);
    keep_erase(d, t, d->li);
    keep_erase(d, t, truck);
}

static void nobody_learns_who_is_listed(void **state)
{
    static struct told listed, unlisted;
    struct told *const both[] = {&listed, &unlisted};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        void *world = NULL;
        (void)pairs_setup(&world);
        live(world, i == 0, both[i]);
        (void)day_teardown(&world);
    }
    assert_true(listed.hits >= 3);
    assert_int_equal(unlisted.hits, 0);
    assert_int_equal(listed.count, unlisted.count);
    for (size_t i = 0; i < listed.count; i++) {
        print_message("%s: %zu bytes\n", listed.answers[i].what, listed.answers[i].size);
        assert_int_equal(listed.answers[i].size, unlisted.answers[i].size);
        assert_memory_equal(listed.answers[i].hash.bytes, unlisted.answers[i].hash.bytes,
                            SEAL_HASH_SIZE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_learns_who_is_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Goal: muster posts, and no other gate, get who is inside, in time, whole, closed to the muster
 * key, without holding up a turn. Method: a whole controller without its shell; what leaves is
 * opened with the key that it is closed to. */
#include "tests/unit/controller/crowd.h"

#include <time.h>

#include "common/seal/muster_seal.h"
#include "controller/app/muster_feed.h"
#include "controller/app/recall.h"

enum { CROWD = 20000 };
#define LI "04010203"

struct posts {
    struct world *w;
    struct gate a, b; /* gate-a is a post */
    struct seal_box_secret secret;
};

static void name_post(struct posts *p, const char *gate, bool is_post)
{
    struct world *w = p->w;
    struct seal_box_public public_key = seal_box_public_of(&p->secret);
    ProtobufCMessage *site =
        rows_get(&w->rows, PARK_SITE, "park", &parkgate__park_site__descriptor);
    ProtobufCMessage *row = rows_get(&w->rows, PARK_GATE, gate, &parkgate__park_gate__descriptor);
    Parkgate__ParkSite with_key = *(const Parkgate__ParkSite *)(const void *)site;
    Parkgate__ParkGate post = *(const Parkgate__ParkGate *)(const void *)row;
    with_key.muster_key =
        (ProtobufCBinaryData){.data = public_key.bytes, .len = sizeof(public_key.bytes)};
    post.muster_post = is_post;
    rows_put(&w->rows, PARK_SITE, "park", &with_key.base);
    rows_put(&w->rows, PARK_GATE, gate, &post.base);
    park_apply(w);
    store_message_destroy(&site);
    store_message_destroy(&row);
}

static struct posts begin(void **state)
{
    struct posts p = {.w = *state};
    memset(p.secret.bytes, 7, sizeof(p.secret.bytes));
    gate_join(p.w, &p.a, "gate-a", 1);
    gate_join(p.w, &p.b, "gate-b", 2);
    name_post(&p, "gate-a", true);
    return p;
}

/* Both gates are heard; so many milliseconds go by, in turns of 5. */
static void pass_ms(struct posts *p, int64_t ms)
{
    for (int64_t at = 0; at < ms; at += 5) {
        if (at % 2000 == 0) {
            Parkgate__Heartbeat beat = PARKGATE__HEARTBEAT__INIT;
            gate_send(p->w, &p->a, MESSAGE_HEARTBEAT, 0, &beat.base);
            gate_send(p->w, &p->b, MESSAGE_HEARTBEAT, 0, &beat.base);
        }
        world_turn(p->w);
    }
}

static const Parkgate__Muster *part(const struct posts *p, size_t index)
{
    for (size_t i = 0; i < p->w->sent_count; i++) {
        const struct sent *sent = &p->w->sent[i];
        if (sent->kind == MESSAGE_MUSTER && index-- == 0) {
            assert_memory_equal(&sent->peer, &p->a.peer, sizeof(sent->peer));
            return (const void *)sent->body;
        }
    }
    fail_msg("no such part");
    return NULL;
}

/* Opens the names of a part with the muster key; returns how many. */
static size_t open_names(const struct posts *p, const Parkgate__Muster *first,
                         const Parkgate__Muster *of, char *ret_first, size_t size)
{
    struct seal_key key;
    size_t plain_size = 0;
    uint8_t plain[LIMIT_FRAME_BYTES];
    struct fault fault = {0};
    struct muster_place place = {
        .sequence = of->sequence, .part = of->part, .last = of->parts != 0};
    assert_int_equal(muster_open_key(&p->secret, field_view(&first->key_box), &key, &fault),
                     ERR_OK);
    assert_memory_equal(key.bytes, first->fire_key.data, sizeof(key.bytes));
    assert_int_equal(muster_open_part(&key, place, field_view(&of->sealed), plain, sizeof(plain),
                                      &plain_size, &fault),
                     ERR_OK);
    Parkgate__MusterNames *names = parkgate__muster_names__unpack(NULL, plain_size, plain);
    assert_non_null(names);
    size_t count = names->n_name;
    if (count > 0) {
        (void)snprintf(ret_first, size, "%s %s %s", names->name[0], names->tenant[0],
                       names->zone[0]);
    }
    parkgate__muster_names__free_unpacked(names, NULL);
    return count;
}

static void a_post_gets_names_closed_to_the_muster_key(void **state)
{
    struct posts p = begin(state);
    char who[128] = "";
    person_with_badge(p.w, "acme", "Li Wei", LI, "day", NULL);
    gate_walk(p.w, &p.a, "a-in", LI);
    sent_forget(p.w);
    pass_ms(&p, MUSTER_EVERY_MS);
    assert_in_range(sent_count(p.w, MESSAGE_MUSTER), 1, 2);
    const Parkgate__Muster *first = part(&p, sent_count(p.w, MESSAGE_MUSTER) - 1);
    assert_int_equal(first->part, 1);
    assert_int_equal(first->parts, 1);
    assert_int_equal(open_names(&p, first, first, who, sizeof(who)), 1);
    assert_string_equal(who, "Li Wei acme yard");
    assert_int_equal(first->n_counts, 1);
    Parkgate__MusterCount *count =
        parkgate__muster_count__unpack(NULL, first->counts[0].len, first->counts[0].data);
    assert_string_equal(count->tenant, "acme");
    assert_int_equal(count->persons, 1);
    parkgate__muster_count__free_unpacked(count, NULL);
    assert_int_equal(first->n_unheard, 0);
    assert_int_equal(entries_of(p.w, ENTRY_MUSTER, 0), 0); /* nobody has seen a name yet */
}

static void every_minute_and_sooner_in_an_emergency(void **state)
{
    struct posts p = begin(state);
    pass_ms(&p, MUSTER_AGAIN_MS);
    sent_forget(p.w);
    pass_ms(&p, 3 * MUSTER_EVERY_MS);
    assert_int_equal(sent_count(p.w, MESSAGE_MUSTER), 3);
    (void)admin(p.w, "emergency.start", "reason", "gas", NULL);
    sent_forget(p.w);
    pass_ms(&p, MUSTER_EVERY_MS);
    assert_in_range(sent_count(p.w, MESSAGE_MUSTER), 4, 5);
    name_post(&p, "gate-a", false);
    sent_forget(p.w);
    pass_ms(&p, 2 * MUSTER_EVERY_MS);
    assert_int_equal(sent_count(p.w, MESSAGE_MUSTER), 0);
}

static void gates_not_heard_are_named(void **state)
{
    struct posts p = begin(state);
    pass_ms(&p, MUSTER_AGAIN_MS);
    sent_forget(p.w);
    Parkgate__Heartbeat beat = PARKGATE__HEARTBEAT__INIT;
    beat.pending = 3;
    for (int i = 0; i <= MUSTER_EVERY_MS / 1000; i++) {
        gate_send(p.w, &p.b, MESSAGE_HEARTBEAT, 0, &beat.base);
        beat.pending = 0;
        gate_send(p.w, &p.a, MESSAGE_HEARTBEAT, 0, &beat.base);
        beat.pending = 3;
        world_pass(p.w, SECOND_US);
        world_turn(p.w);
    }
    const Parkgate__Muster *first = part(&p, 0);
    assert_int_equal(first->n_unheard, 1);
    assert_string_equal(first->unheard[0], "gate-b");
    sent_forget(p.w);
    pass_ms(&p, MUSTER_AGAIN_MS); /* it has told all: that list's head stands for no minute */
    assert_int_equal(part(&p, 0)->n_unheard, 0);
}

/* A whole list for each post is much: gates that take back what they said get no more of them. */
static void gates_that_waver_hurry_one_list_each(void **state)
{
    enum { MINUTES = 5, GATES = 2 };
    struct posts p = begin(state);
    Parkgate__Heartbeat beat = PARKGATE__HEARTBEAT__INIT;
    pass_ms(&p, MUSTER_AGAIN_MS);
    sent_forget(p.w);
    for (int i = 0; i < MINUTES * 60; i++) { /* one has told all when the other has not */
        bool first = i / (MUSTER_AGAIN_MS / 1000) % 2 == 0;
        beat.pending = first ? 3 : 0;
        gate_send(p.w, &p.a, MESSAGE_HEARTBEAT, 0, &beat.base);
        beat.pending = first ? 0 : 3;
        gate_send(p.w, &p.b, MESSAGE_HEARTBEAT, 0, &beat.base);
        world_pass(p.w, SECOND_US);
        world_turn(p.w);
    }
    assert_in_range(sent_count(p.w, MESSAGE_MUSTER), MINUTES, (GATES + 1) * MINUTES);
}

/* By what waits in the open batch a gate may become a post: first it is told that. */
static void a_list_waits_for_the_open_batch(void **state)
{
    struct posts p = begin(state);
    Parkgate__Heartbeat beat = PARKGATE__HEARTBEAT__INIT;
    pass_ms(&p, MUSTER_EVERY_MS - SECOND_US / 1000);
    while (sent_count(p.w, MESSAGE_MUSTER) > 0) {
        sent_forget(p.w);
        pass_ms(&p, 5);
    }
    world_pass(p.w, MUSTER_EVERY_MS * 1000);
    gate_send(p.w, &p.a, MESSAGE_HEARTBEAT, 0, &beat.base);
    assert_true(turn_end(p.w->ctl) > 0);
    assert_int_equal(sent_count(p.w, MESSAGE_MUSTER), 0);
    world_turn(p.w);
    assert_int_equal(sent_count(p.w, MESSAGE_MUSTER), 1);
}

static int64_t now_us(void)
{
    struct timespec now;
    MUST(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void twenty_thousand_in_small_steps(void **state)
{
    struct posts p = begin(state);
    size_t persons = 0;
    char who[128];
    crowd_add(p.w, CROWD);
    pass_ms(&p, MUSTER_EVERY_MS / 2);
    sent_forget(p.w);
    int64_t most_us = 0;
    int64_t begun = p.w->mono.us;
    while (sent_last(p.w, MESSAGE_MUSTER) == NULL ||
           part(&p, sent_count(p.w, MESSAGE_MUSTER) - 1)->parts == 0) {
        int64_t before = now_us();
        pass_ms(&p, 5);
        int64_t took = now_us() - before;
        most_us = took > most_us ? took : most_us;
        if (sent_last(p.w, MESSAGE_MUSTER) == NULL) {
            begun = p.w->mono.us;
        }
    }
    const Parkgate__Muster *first = part(&p, 0);
    size_t parts = sent_count(p.w, MESSAGE_MUSTER);
    assert_true(parts <= MUSTER_PARTS_MAX);
    for (size_t i = 0; i < parts; i++) {
        const Parkgate__Muster *of = part(&p, i);
        assert_int_equal(of->part, i + 1);
        assert_int_equal(of->sequence, first->sequence);
        assert_int_equal(of->fire_key.len, i == 0 ? SEAL_KEY_SIZE : 0);
        persons += open_names(&p, first, of, who, sizeof(who));
    }
    print_message("%zu persons in %zu parts, %lld ms of steps; longest step %lld us\n", persons,
                  parts, (long long)((p.w->mono.us - begun) / 1000), (long long)most_us);
    assert_int_equal(persons, CROWD);
    assert_true(p.w->mono.us - begun < 5 * SECOND_US);
}

/* A controller that was set back knows who was inside at the time of its backup. */
static void a_recovering_controller_sends_no_list(void **state)
{
    struct posts p = begin(state);
    struct fault fault = {0};
    pass_ms(&p, MUSTER_EVERY_MS);
    assert_int_equal(part(&p, 0)->recovery, 0);
    assert_int_equal(recall_begin(p.w->ctl, 7, &fault), ERR_OK);
    sent_forget(p.w);
    pass_ms(&p, 2 * MUSTER_EVERY_MS);
    assert_int_equal(sent_count(p.w, MESSAGE_MUSTER), 0);
    const Parkgate__Reply *reply = admin(p.w, "muster.gates", NULL);
    assert_int_equal(row_count(reply), 2);
    for (size_t i = 0; i < row_count(reply); i++) {
        assert_string_equal(cell(reply, i, "state"), "online");
        assert_string_equal(cell(reply, i, "told"), "no");
    }
    (void)admin(p.w, "recover.end", "reason", "no more comes", NULL);
    sent_forget(p.w);
    pass_ms(&p, MUSTER_EVERY_MS);
    assert_true(part(&p, 0)->recovery != 0);
    assert_int_equal(part(&p, 0)->n_unheard, 0);
}

static void a_list_without_room_says_for_how_many(void **state)
{
    enum { MORE = CROWD_STEP };
    struct posts p = begin(state);
    crowd_add(p.w, MUSTER_PARTS_MAX * MUSTER_PART_ROWS + MORE);
    pass_ms(&p, MUSTER_EVERY_MS / 2);
    sent_forget(p.w);
    for (size_t i = 0; i < MUSTER_PARTS_MAX; i++) { /* more are sent than the harness keeps */
        sent_forget(p.w);
        while (sent_last(p.w, MESSAGE_MUSTER) == NULL) {
            pass_ms(&p, 5);
        }
        const Parkgate__Muster *of = part(&p, 0);
        bool last = i + 1 == MUSTER_PARTS_MAX;
        assert_int_equal(of->part, i + 1);
        assert_int_equal(of->parts, last ? MUSTER_PARTS_MAX : 0);
        assert_int_equal(of->left_out, last ? MORE : 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_post_gets_names_closed_to_the_muster_key),
        WORLD_TEST(every_minute_and_sooner_in_an_emergency),
        WORLD_TEST(gates_not_heard_are_named),
        WORLD_TEST(gates_that_waver_hurry_one_list_each),
        WORLD_TEST(a_list_waits_for_the_open_batch),
        WORLD_TEST(twenty_thousand_in_small_steps),
        WORLD_TEST(a_recovering_controller_sends_no_list),
        WORLD_TEST(a_list_without_room_says_for_how_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

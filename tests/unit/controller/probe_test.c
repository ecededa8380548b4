/* Goal: nobody in the park but security and the guard of the lane can tell who is listed, and of 30
 * days of a listed worker nothing leaves the park but one hit a day. Method: two worlds of one seed
 * live the same day and eleven minutes more, in one of them Li is listed, in the other somebody who
 * never comes; every verb is asked by every role, again and again while alerts are escalated and
 * lapse, and each answer is compared byte by byte, with the work that it took. Who is meant to see more stands in a table, with
 * what and why. The days: four passages each, the station asking after each, and every frame that
 * is sent to it counted. */
#include "tests/unit/controller/watch_fixture.h"

#include "controller/app/alert_feed.h"

/* --- who asks --- */

/* Facts of the chain itself, which its keepers check: numbers of entries, and what is made of
 * them. They tell that the journal grew by an entry, not of what or of whom. */
static const char *const of_chain[] = {
    "seq",        "hash",     "journal_seq", "after", "head", "anchored_seq",
    "backup_seq", "approval", "hold",        "stage", "dir",   "export",
};

struct prober {
    const char *role, *tenant, *lanes;
    bool keeps_chain; /* may be told what is of_chain */
    const char *sees; /* verbs in which this role is meant to see more, with commas; NULL: none */
    const char *why;
};

static const struct prober probers[] = {
    {"tenant",   "acme", NULL,         false, NULL,                         "the very ones who probe"             },
    {"agency",   "acme", NULL,         false, NULL,                         "likewise"                            },
    {"operator", NULL,   NULL,         false, NULL,                         "sees passages, not who is looked for"},
    {"guard",    NULL,   "b-in,b-out", false, NULL,                         "another lane's"                      },
    {"library",  NULL,   NULL,         false, NULL,                         "its own dispositions alone"          },
    {"admin",    NULL,   NULL,         true,  "status.metrics",
     "keeps the journal, and the machine: its commits"                                                            },
    {"auditor",  NULL,   NULL,         true,  "alert.stats,status.metrics",
     "checks the chain; figures, no names"                                                                        },
};

/* --- two worlds --- */

struct answers {
    size_t count;
    bool keeps_chain;
    struct seal_hash at[4096];
    char verb[4096][48];
    uint64_t work[4096]; /* records read, written, deleted and walked over */
    uint64_t commits[4096];
};

static struct store_stats work_of(const struct world *w)
{
    struct store_stats stats;
    store_stats_of(w->store, &stats);
    return stats;
}

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

/* A mark is closed anew each time: it says nothing but that there is one. */
static bool is_mark(const char *name, const ProtobufCBinaryData *value)
{
    return strcmp(name, "after") == 0 && value->len == 72;
}

static bool is_left_out(const struct answers *a, const char *name)
{
    for (size_t i = 0; a->keeps_chain && i < ARRAY_LEN(of_chain); i++) {
        if (strcmp(of_chain[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* The same reply without what may differ; the values are emptied, not taken out. */
static void strip(const struct answers *a, Parkgate__Reply *reply)
{
    for (size_t i = 0; i < reply->n_cell && reply->n_column > 0; i++) {
        if ((is_of_the_disk(reply, i) && i % reply->n_column > 1) ||
            is_left_out(a, reply->column[i % reply->n_column])) {
            reply->cell[i].len = 0;
        }
    }
    for (size_t i = 0; i < reply->n_note; i++) {
        if (is_mark(reply->note[i], &reply->note_value[i]) || is_left_out(a, reply->note[i])) {
            reply->note_value[i].len = 0;
        }
    }
}

/* `before`: what had been done when it was asked. */
static void add(struct answers *a, const char *verb, const struct world *w,
                const struct store_stats *before, const Parkgate__Reply *reply)
{
    struct store_stats after = work_of(w);
    uint8_t packed[65536];
    assert_true(a->count < ARRAY_LEN(a->at));
    size_t size = 0;
    if (reply != NULL) {
        Parkgate__Reply bare = *reply;
        strip(a, &bare);
        size = parkgate__reply__get_packed_size(&bare);
        assert_true(size <= sizeof(packed));
        (void)parkgate__reply__pack(&bare, packed);
    }
    a->work[a->count] = after.steps - before->steps;
    a->commits[a->count] = after.commits - before->commits;
    a->at[a->count] = seal_hash_of((struct bytes){.data = packed, .size = size});
    (void)snprintf(a->verb[a->count], sizeof(a->verb[0]), "%s", verb);
    a->count++;
}

#define ADD(a, verb, ...)                                                                          \
    do {                                                                                           \
        struct store_stats before_ = work_of(d->w);                                                \
        add((a), (verb), d->w, &before_, ask(d->w, key, (verb), __VA_ARGS__));                     \
    } while (0)

static void ask_every_verb(struct park_day *d, struct link_key key, struct answers *a)
{
    size_t verbs = 0;
    const struct verb_spec *table = verb_table(&verbs);
    d->w->random = 4711; /* a candidate has drawn a key; what is drawn from here on is compared */
    for (size_t i = 0; i < verbs; i++) {
        const char *v = table[i].name;
        ADD(a, v, NULL);
        ADD(a, v, "person", d->li, "tenant", "acme", "reason", "probe", NULL);
        ADD(a, v, "person", d->li, "lane", "a-in", "holder", d->li, NULL);
        ADD(a, v, "plate", TRUCK, "uid", LI, "name", "Li Wei", "reason", "x", NULL);
    }
    static const char *const numbers[] = {"1", "20", "60", "70", "80", "90", "100"};
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        if (!a->keeps_chain) { /* whoever keeps it is told what stands where */
            ADD(a, "journal.show", "seq", numbers[i], NULL);
            ADD(a, "events", "after", numbers[i], NULL);
        }
        ADD(a, "alert.show", "alert", numbers[i], NULL);
        ADD(a, "lane.open", "lane", "a-in", "presentation", numbers[i], "reason", "x", NULL);
    }
    if (!a->keeps_chain) { /* what an administrator did just now is named by its number */
        ADD(a, "events", "limit", "200", NULL);
    }
    ADD(a, "who", "names", "yes", "reason", "probe", NULL);
}

/* As the program measures: each commit, and the turn. */
static void measure(struct world *w, uint64_t *measured)
{
    for (uint64_t commits = work_of(w).commits; *measured < commits; ++*measured) {
        turn_committed(w->ctl, 900);
    }
    turn_took(w->ctl, 1200);
}

/* Eleven minutes: what nobody takes in hand is escalated, candidates lapse. All the while somebody
 * asks how far things are. */
static void wait_and_poll(struct park_day *d, struct link_key key, struct answers *a)
{
    uint64_t measured = 0;
    for (int i = 0; i < 11 * 60; i++) {
        world_pass(d->w, SECOND_US);
        turn_tick(d->w->ctl);
        world_turn(d->w);
        measure(d->w, &measured);
        if (i % 15 == 0) {
            ADD(a, "status", NULL);
            ADD(a, "status.metrics", NULL);
            ADD(a, "events", "limit", "20", NULL);
            ADD(a, "alert.list", "all", "yes", NULL);
            ADD(a, "alert.follow", NULL);
            ADD(a, "alert.stats", NULL);
            ADD(a, "agent.list", NULL);
            ADD(a, "import.begin", "tenant", "acme", NULL);
        }
    }
}

/* A morning at the gates, then every question. */
static void live(struct park_day *d, bool listed, const struct prober *who, struct answers *a)
{
    struct link_key key = operator_key(d->w, 61, who->role, who->tenant, who->lanes, NULL);
    (void)operator_key(d->w, 60, "station", NULL, NULL, NULL);
    watch_authority_is(d->w, "key-60", false);
    (void)admin(d->w, "vehicle.add", "tenant", "acme", "plate", TRUCK, NULL);
    (void)watch_list(d->w, 1, BADGE_ENTRY(listed ? LI : "0d0c0b0a", NOTIFY));
    (void)watch_list(d->w, 2, PLATE_ENTRY(listed ? TRUCK : "浙Z99999", NOTIFY));
    (void)watch_list(d->w, 3, PERSON_ENTRY(listed ? d->li : d->zhao, NOTIFY));
    for (int i = 0; i < 3; i++) {
        (void)gate_badge(d->w, &d->a, "a-in", LI);
        (void)gate_badge(d->w, &d->a, "a-in", WANG);
        (void)gate_passage(d->w, &d->a, "a-out", 0, PASSAGE_FORCED); /* an alert for everybody */
        (void)plate(d, "a-truck", TRUCK);
        (void)plate(d, "p-leave", "浙A1Z345"); /* looks alike */
        world_turn(d->w);
        later(d, 3 * MINUTE_US);
    }
    gate_walk(d->w, &d->a, "a-out", LI);
    gate_walk(d->w, &d->a, "a-in", WANG);
    wait_and_poll(d, key, a);
    ADD(a, "events", "limit", "200", NULL);
    ask_every_verb(d, key, a);
}

/* Is this verb in the list? */
static bool is_meant_to_see(const struct prober *who, const char *verb)
{
    size_t size = strlen(verb);
    for (const char *at = who->sees; at != NULL && (at = strstr(at, verb)) != NULL; at += size) {
        bool begins = at == who->sees || at[-1] == ',';
        if (begins && (at[size] == '\0' || at[size] == ',')) {
            return true;
        }
    }
    return false;
}

static bool is_same(const struct answers *both, size_t i)
{
    return bytes_equal(BYTES_OF(both[0].at[i].bytes), BYTES_OF(both[1].at[i].bytes));
}

static void live_twice(const struct prober *who, struct answers both[2])
{
    for (size_t i = 0; i < 2; i++) {
        void *world = NULL;
        both[i].count = 0;
        both[i].keeps_chain = who->keeps_chain;
        (void)pairs_setup(&world);
        live(world, i == 0, who, &both[i]);
        (void)day_teardown(&world);
    }
    assert_int_equal(both[0].count, both[1].count);
    assert_true(both[0].count > 600);
}

/* Lists of alerts pass over rows of hits, and an erasure takes the rows by which the list found the
 * person: a few records more. Of these docs/watch-list.md claims the same bytes, not the same time.
 */
static const char *const passes_over[] = {"alert.list", "alert.follow", "alert.stats",
                                          "person.erase"};

static bool is_same_work(const struct answers *both, size_t i)
{
    for (size_t k = 0; k < ARRAY_LEN(passes_over); k++) {
        if (strcmp(passes_over[k], both[0].verb[i]) == 0) {
            return true;
        }
    }
    return both[0].work[i] == both[1].work[i] && both[0].commits[i] == both[1].commits[i];
}

static struct answers both[2];

static void nobody_learns_who_is_listed(void **state)
{
    (void)state;
    for (size_t k = 0; k < ARRAY_LEN(probers); k++) {
        const struct prober *who = &probers[k];
        size_t same = 0;
        live_twice(who, both);
        for (size_t i = 0; i < both[0].count; i++) {
            same += is_same(both, i);
            if (!is_same(both, i) && !is_meant_to_see(who, both[0].verb[i])) {
                fail_msg("%s: answer %zu, to %s, differs", who->role, i, both[0].verb[i]);
            }
            if (!who->keeps_chain && !is_same_work(both, i)) {
                fail_msg("%s: answer %zu, to %s, took %llu steps and %llu", who->role, i,
                         both[0].verb[i], (unsigned long long)both[0].work[i],
                         (unsigned long long)both[1].work[i]);
            }
        }
        print_message("%s: %zu of %zu answers are the same (%s)\n", who->role, same, both[0].count,
                      who->why);
    }
}

/* Else the comparison would prove nothing. */
static void security_and_the_lanes_guard_see_it(void **state)
{
    static const struct prober seeing[] = {
        {"security", NULL, NULL,         true,  NULL, "handles hits"                   },
        {"guard",    NULL, "a-in,a-out", false, NULL, "of the lane: handles them there"},
    };
    (void)state;
    for (size_t k = 0; k < ARRAY_LEN(seeing); k++) {
        size_t other = 0;
        live_twice(&seeing[k], both);
        for (size_t i = 0; i < both[0].count; i++) {
            other += !is_same(both, i) && strcmp(both[0].verb[i], "alert.list") == 0;
        }
        assert_true(other > 40);
    }
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

/* Of the day's frames: all went to a gate, to the admin, or (the station's) answered a question. */
static void assert_nobody_else_is_told(struct park_day *d)
{
    for (size_t i = 0; i < d->w->sent_count; i++) {
        const struct link_peer *peer = &d->w->sent[i].peer;
        bool known = memcmp(peer, &d->a.peer, sizeof(*peer)) == 0 ||
                     memcmp(peer, &d->b.peer, sizeof(*peer)) == 0 ||
                     d->w->sent[i].kind == MESSAGE_REPLY;
        if (!known) {
            fail_msg("a frame of kind %u to somebody else", d->w->sent[i].kind);
        }
    }
}

/* What programs outside read of alerts behind *after: kind and lane, and nothing of whom. Returns
 * how many were about hits. */
static size_t lines_of_day(struct park_day *d, uint64_t *after)
{
    static char lines[65536];
    size_t size = 0;
    size_t about_hits = 0;
    struct store_txn *txn = NULL;
    const char *const secret[] = {d->li, LI, STATION, "entry-1", "Li Wei"};
    world_turn(d->w);
    assert_int_equal(store_begin_read(d->w->store, &txn, NULL), ERR_OK);
    assert_int_equal(alert_feed_lines(txn, *after, lines, sizeof(lines) - 1, &size, after, NULL),
                     ERR_OK);
    store_txn_destroy(&txn);
    lines[size] = '\0';
    for (size_t i = 0; i < ARRAY_LEN(secret); i++) {
        assert_null(strstr(lines, secret[i]));
    }
    for (const char *at = lines; (at = strstr(at, "\"raised\",\"kind\":\"watch-")) != NULL; at++) {
        about_hits++;
    }
    return about_hits;
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
    uint64_t fed = 0;
    size_t hits = 0;
    size_t lines = 0;
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
        /* nothing is sent that nobody asked for */
        assert_nobody_else_is_told(d);
        assert_int_equal(frames_to(d->w, peer_of(key_of(60).bytes[0])), 0);
        hits += hits_of_day(d, &after, day);
        size_t told = lines_of_day(d, &fed); /* who comes again is counted with the open one */
        assert_true(told <= 1);
        lines += told;
        world_pass(d->w, at_shanghai(TUESDAY + (int32_t)day + 1, 7, 50) - d->w->now.us);
    }
    print_message("%d days, %d passages, %zu hits\n", DAYS, 4 * DAYS, hits);
    assert_int_equal(hits, DAYS);
    assert_true(lines > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_learns_who_is_listed),
        cmocka_unit_test(security_and_the_lanes_guard_see_it),
        PAIR_TEST(thirty_days_of_a_listed_worker),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

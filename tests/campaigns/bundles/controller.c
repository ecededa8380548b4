/* The bundles campaign at a whole controller: what is not exactly right changes nothing there.
 *
 *     bundles_controller [--cases N] [--seconds S] [--seed N]
 *
 * A station (tests/unit/controller/station_fixture.h) pushes good bundles, and between them mutated
 * ones (mutate.h) as its command line would: the manifest, then chunk by chunk. Each mutated one
 * must be refused at one of these; the number of the last bundle, and of the entries that wait and
 * act, must be as before. A case is one mutated bundle. At its end each world's journal is replayed
 * into an empty store.
 */
#include "tests/unit/controller/station_fixture.h"

#include <getopt.h>
#include <time.h>

#include "tests/campaigns/bundles/mutate.h"

enum { MUTATIONS_EACH = 10, BUNDLES_EACH = 40 };

struct campaign {
    struct craft_random random;
    struct world *w;
    struct station s;
    struct name park;
    struct craft_life life;
    struct crafted good, crafted;
    struct wire wire, sound, other, old;
    bool has_old;
    uint64_t cases, taken, most;
    time_t until;
};

static struct campaign campaign;
static uint64_t arg_cases = UINT64_MAX, arg_seed = 1;
static time_t arg_seconds = 10;

static bool is_over(const struct campaign *c)
{
    return c->cases >= c->most || time(NULL) >= c->until;
}

/* --- pushing --- */

static ProtobufCBinaryData row_of(const uint8_t *data, size_t size)
{
    return (ProtobufCBinaryData){.data = (uint8_t *)(uintptr_t)data, .len = size};
}

static const Parkgate__Reply *push_chunk(struct campaign *c, const struct wire *wire, size_t i,
                                         const char *number)
{
    char chunk[24];
    ProtobufCBinaryData row = row_of(wire->chunk[i], wire->chunk_size[i]);
    (void)snprintf(chunk, sizeof(chunk), "%zu", i + 1);
    return ask_rows(c->w, c->s.key, "watch.chunk", &row, 1, "number", number, "chunk", chunk, NULL);
}

static const Parkgate__Reply *begin_wire(struct campaign *c, const struct wire *wire)
{
    char hex[2 * SEAL_SIGNATURE_SIZE + 1];
    ProtobufCBinaryData row = row_of(wire->manifest, wire->manifest_size);
    bytes_to_hex(BYTES_OF(wire->signature.bytes), hex, sizeof(hex));
    return ask_rows(c->w, c->s.key, "watch.begin", &row, 1, "signature", hex, NULL);
}

static bool has_note(const Parkgate__Reply *reply, const char *name)
{
    for (size_t i = 0; i < reply->n_note; i++) {
        if (strcmp(reply->note[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* Was it applied? One that acts since it was pushed before is told so, and changes nothing. */
static bool push_wire(struct campaign *c, const struct wire *wire)
{
    char number[24];
    const Parkgate__Reply *reply = begin_wire(c, wire);
    for (size_t i = 0; reply->error == 0 && i < wire->chunk_count; i++) {
        (void)snprintf(number, sizeof(number), "%s", note(reply, "number"));
        reply = push_chunk(c, wire, i, number);
    }
    return reply->error == 0 && strcmp(note(reply, "state"), "applied") == 0 &&
           !has_note(reply, "already");
}

/* What the park says that it has of this authority. */
static void look(struct campaign *c, char out[128])
{
    const Parkgate__Reply *reply = assert_done(ask(c->w, c->s.key, "watch.status", NULL));
    (void)snprintf(out, 128, "number %s, waiting %s, acting %s, vehicles %s", note(reply, "number"),
                   note(reply, "waiting"), note(reply, "acting"), note(reply, "vehicles"));
}

static struct watch_expected expected_of(const struct campaign *c)
{
    return (struct watch_expected){.authority = name_or_none(STATION),
                                   .park = c->park,
                                   .key = sign_public_of(&c->s.sign),
                                   .last_number = c->s.number - 1,
                                   .last_digest = c->s.previous,
                                   .now = c->w->now};
}

/* --- one case --- */

static void failed(const struct campaign *c, const char *what, const char *why)
{
    printf("cases=%llu\n", (unsigned long long)c->cases);
    fail_msg("FAILED: case %llu, %s: %s; again: bundles_controller --seed %llu --cases %llu",
             (unsigned long long)c->cases + 1, what, why, (unsigned long long)arg_seed,
             (unsigned long long)c->cases + 1);
}

/* What a chunk too many or another's manifest make of a push, chunk by chunk, may well be that
 * other bundle, whole. */
static bool is_for_a_file(const struct mutation *mutation)
{
    return strcmp(mutation->name, "chunk_too_many") == 0 ||
           strcmp(mutation->name, "manifest_of_another") == 0;
}

static void try_one(struct campaign *c, const struct mutation *mutation)
{
    char before[128];
    char after[128];
    struct watch_expected expected = expected_of(c);
    struct watch_expected untouched = expected;
    struct stage stage = {.r = &c->random,
                          .crafted = &c->crafted,
                          .wire = &c->wire,
                          .other = &c->other,
                          .old = c->has_old ? &c->old : NULL,
                          .key = &c->s.sign,
                          .expected = &expected};
    c->crafted = c->good;
    c->wire = c->sound;
    if (is_for_a_file(mutation) ||
        !(mutation->before != NULL ? mutation->before : mutation->after)(&stage)) {
        return;
    }
    if (mutation->before != NULL) {
        craft_encode(&c->crafted, &c->s.sign, &c->wire);
    }
    if (memcmp(&expected, &untouched, sizeof(expected)) != 0 ||
        memcmp(&c->wire, &c->sound, sizeof(c->wire)) == 0) {
        return; /* of the park, not of the bundle; or nothing was changed */
    }
    /* Another one is begun first: no sound chunk of the try before is there any more, to be gone on
     * with in place of a mutated one. */
    assert_done(begin_wire(c, &c->other));
    look(c, before);
    if (push_wire(c, &c->wire)) {
        failed(c, mutation->name, "it was applied");
    }
    look(c, after);
    if (strcmp(before, after) != 0) {
        failed(c, mutation->name, after);
    }
    c->cases++;
}

/* A good bundle, mutated often, and then applied. */
static void step(struct campaign *c)
{
    size_t count = 0;
    const struct mutation *table = mutation_table(&count);
    struct watch_expected expected = expected_of(c);
    memset(&c->other, 0, sizeof(c->other));
    memset(&c->sound, 0, sizeof(c->sound));
    memset(&c->wire, 0, sizeof(c->wire));
    do {
        struct craft_life life = c->life;
        craft_good_for(&c->random, &expected, &life, &c->crafted);
    } while (c->crafted.chunk_count == 0); /* one that is open when it was begun */
    craft_encode(&c->crafted, &c->s.sign, &c->other);
    craft_good_for(&c->random, &expected, &c->life, &c->good);
    craft_encode(&c->good, &c->s.sign, &c->sound);
    for (int i = 0; i < MUTATIONS_EACH && !is_over(c); i++) {
        try_one(c, &table[craft_pick(&c->random, count)]);
    }
    if (!push_wire(c, &c->sound)) {
        failed(c, "a good bundle", c->w->reply->error == 0 ? "was not applied" : "was refused");
    }
    c->s.number++;
    c->s.previous =
        seal_hash_of((struct bytes){.data = c->sound.manifest, .size = c->sound.manifest_size});
    c->old = c->sound;
    c->has_old = true;
    c->taken++;
    world_pass(c->w, (int64_t)craft_pick(&c->random, 3600) * SECOND_US);
}

static void one_world(struct campaign *c)
{
    c->w = world_open(&(struct world_options){0});
    c->s = station_join(c->w);
    c->life = (struct craft_life){0};
    c->has_old = false;
    (void)snprintf(c->park.text, sizeof(c->park.text), "%s",
                   note(assert_done(ask(c->w, c->s.key, "watch.status", NULL)), "park"));
    for (int i = 0; i < BUNDLES_EACH && !is_over(c); i++) {
        step(c);
    }
    (void)assert_replays(c->w);
    station_end(&c->s);
    world_close(c->w);
}

static void run(void **state)
{
    struct campaign *c = &campaign;
    (void)state;
    c->random.state = arg_seed;
    c->most = arg_cases;
    c->until = time(NULL) + arg_seconds;
    printf("seed %llu\n", (unsigned long long)arg_seed);
    while (!is_over(c)) {
        one_world(c);
    }
    printf(
        "campaign bundles at a controller: %llu mutated bundles refused, %llu good ones applied\n",
        (unsigned long long)c->cases, (unsigned long long)c->taken);
    printf("cases=%llu\n", (unsigned long long)c->cases);
    assert_true(c->cases > 0 && c->taken > 0);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"cases",   required_argument, NULL, 'c'},
        {"seconds", required_argument, NULL, 't'},
        {"seed",    required_argument, NULL, 's'},
        {NULL,      0,                 NULL, 0  },
    };
    int option = 0;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'c') {
            arg_cases = strtoull(optarg, NULL, 10);
            arg_seconds = 1000000;
        } else if (option == 't') {
            arg_seconds = (time_t)strtod(optarg, NULL);
        } else if (option == 's') {
            arg_seed = strtoull(optarg, NULL, 10);
        } else {
            return 2;
        }
    }
    static const struct CMUnitTest tests[] = {cmocka_unit_test(run)};
    return cmocka_run_group_tests_name("bundles", tests, NULL, NULL);
}

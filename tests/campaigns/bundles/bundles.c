/* The bundles campaign: no bundle that is not exactly right is taken.
 *
 *     bundles [--cases N] [--seconds S] [--seed N]
 *
 * Good bundles are put together by an encoder that shares no code with the check (craft.h), each
 * one is spoilt in one way out of many (mutate.h), and pushed through the park's own check: it must
 * be refused with a reason, and nothing of it be known. Between the mutated ones the good ones are
 * taken, one on the other, so that a check that refuses everything is found, too. A case is one
 * mutated bundle that differs from the good one.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/must.h"
#include "tests/campaigns/bundles/mutate.h"

enum { MUTATIONS_EACH = 12, KEPT = 4, MUTATIONS_MOST = 128 };

struct campaign {
    uint64_t seed, cases, most, taken;
    double end; /* of the monotonic clock */
    struct craft_random random;
    struct sign_key key;
    struct watch_expected expected;
    uint64_t ran[MUTATIONS_MOST];
    struct wire kept[KEPT]; /* bundles that were taken */
    size_t kept_count;
};

static struct campaign campaign;

/* --- one bundle --- */

static bool push(const struct wire *wire, const struct watch_expected *expected,
                 struct complaint *c)
{
    static struct watch_bundle bundle;
    bundle.manifest = (struct bytes){.data = wire->manifest, .size = wire->manifest_size};
    bundle.signature = wire->signature;
    bundle.chunk_count = wire->chunk_count;
    for (size_t i = 0; i < wire->chunk_count; i++) {
        bundle.chunks[i] = (struct bytes){.data = wire->chunk[i], .size = wire->chunk_size[i]};
    }
    return watch_bundle_check(&bundle, expected, (struct watch_taker){0}, c);
}

static bool is_same(const struct wire *a, const struct wire *b)
{
    if (a->manifest_size != b->manifest_size || a->chunk_count != b->chunk_count ||
        memcmp(a->manifest, b->manifest, a->manifest_size) != 0 ||
        memcmp(&a->signature, &b->signature, sizeof(a->signature)) != 0) {
        return false;
    }
    for (size_t i = 0; i < a->chunk_count; i++) {
        if (a->chunk_size[i] != b->chunk_size[i] ||
            memcmp(a->chunk[i], b->chunk[i], a->chunk_size[i]) != 0) {
            return false;
        }
    }
    return true;
}

static void fail(const struct campaign *c, const char *what, const char *why)
{
    (void)printf("FAILED: case %llu, %s: %s; again: bundles --seed %llu --cases %llu\n",
                 (unsigned long long)c->cases + 1, what, why, (unsigned long long)c->seed,
                 (unsigned long long)c->cases + 1);
    (void)printf("cases=%llu\n", (unsigned long long)c->cases);
    exit(1);
}

/* --- one case --- */

struct trial {
    struct crafted good, crafted;
    struct wire wire, sound, other;
};

static double seconds_now(void)
{
    struct timespec now;
    MUST(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool is_over(const struct campaign *c)
{
    return c->cases >= c->most || seconds_now() > c->end;
}

static void try_one(struct campaign *c, struct trial *t, const struct mutation *mutation,
                    size_t which)
{
    struct complaint why = {0};
    struct watch_expected expected = c->expected;
    struct stage stage = {
        .r = &c->random,
        .crafted = &t->crafted,
        .wire = &t->wire,
        .other = &t->other,
        .old = c->kept_count == 0 ? NULL : &c->kept[craft_pick(&c->random, c->kept_count)],
        .key = &c->key,
        .expected = &expected};
    t->crafted = t->good;
    if (mutation->before != NULL) {
        if (!mutation->before(&stage)) {
            return;
        }
        craft_encode(&t->crafted, &c->key, &t->wire);
    } else {
        t->wire = t->sound;
        if (!mutation->after(&stage)) {
            return;
        }
    }
    bool same_park = memcmp(&expected, &c->expected, sizeof(expected)) == 0;
    if (same_park && is_same(&t->wire, &t->sound)) {
        return; /* nothing was changed */
    }
    if (push(&t->wire, &expected, &why)) {
        fail(c, mutation->name, "it was taken");
    }
    if (why.number < ERROR_WATCH_FORM || why.number > ERROR_WATCH_RECEIPT) {
        fail(c, mutation->name, "it was refused without a reason");
    }
    c->cases++;
    c->ran[which]++;
}

static void make_good(struct campaign *c, struct crafted *crafted, struct wire *wire)
{
    craft_good(&c->random, &c->expected, crafted);
    craft_encode(crafted, &c->key, wire);
}

/* A good bundle, mutated often, and then taken. */
static void step(struct campaign *c, struct trial *t)
{
    struct complaint why = {0};
    size_t count = 0;
    const struct mutation *table = mutation_table(&count);
    make_good(c, &t->crafted, &t->other);
    make_good(c, &t->good, &t->sound);
    for (int i = 0; i < MUTATIONS_EACH && !is_over(c); i++) {
        size_t which = craft_pick(&c->random, count);
        try_one(c, t, &table[which], which);
    }
    if (!push(&t->sound, &c->expected, &why)) {
        char text[512];
        error_sentence_en(&why, text, sizeof(text));
        fail(c, "a good bundle was refused", text);
    }
    c->taken++;
    c->kept[c->expected.last_number % KEPT] = t->sound;
    c->kept_count += c->kept_count < KEPT;
    c->expected.last_digest =
        seal_hash_of((struct bytes){.data = t->sound.manifest, .size = t->sound.manifest_size});
    c->expected.last_number++;
    c->expected.now.us += (int64_t)craft_pick(&c->random, 3600) * 1000000;
}

/* --- all of it --- */

static void begin(struct campaign *c)
{
    c->random.state = c->seed;
    for (size_t i = 0; i < sizeof(c->key.bytes); i++) {
        c->key.bytes[i] = (uint8_t)craft_draw(&c->random);
    }
    MUST(name_from_text("west-station", &c->expected.authority) &&
         name_from_text("north-park", &c->expected.park));
    c->expected.key = sign_public_of(&c->key);
    c->expected.now.us = INT64_C(1777608000000000);
}

static void read_arguments(struct campaign *c, int argc, char **argv)
{
    static const struct option options[] = {
        {"cases",            required_argument, NULL, 'c'},
        {"seconds",              required_argument, NULL, 's'},
        {"seed",                  required_argument, NULL, 'r'},
        {0}
    };
    c->most = UINT64_MAX;
    c->end = 1e18;
    c->seed = (uint64_t)time(NULL);
    for (int letter = 0; (letter = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (letter == 'c') {
            c->most = strtoull(optarg, NULL, 10);
        } else if (letter == 's') {
            c->end = seconds_now() + strtod(optarg, NULL);
        } else if (letter == 'r') {
            c->seed = strtoull(optarg, NULL, 10);
        } else {
            exit(2);
        }
    }
}

int main(int argc, char **argv)
{
    struct campaign *c = &campaign;
    size_t count = 0;
    size_t idle = 0;
    struct fault fault = {0};
    const struct mutation *table = mutation_table(&count);
    struct trial *t = calloc(1, sizeof(*t));
    MUST(t != NULL && count <= MUTATIONS_MOST && seal_init(&fault) == ERR_OK);
    read_arguments(c, argc, argv);
    begin(c);
    (void)printf("seed %llu\n", (unsigned long long)c->seed);
    while (!is_over(c)) {
        step(c, t);
    }
    for (size_t i = 0; i < count; i++) {
        (void)printf("%-32s %llu\n", table[i].name, (unsigned long long)c->ran[i]);
        idle += c->ran[i] == 0;
    }
    free(t);
    (void)printf("campaign bundles: %llu mutated bundles refused, %llu good ones taken\n",
                 (unsigned long long)c->cases, (unsigned long long)c->taken);
    if (c->cases == 0 || c->taken == 0 || (c->cases > 100 * count && idle > 0)) {
        (void)printf("FAILED: %s\n", c->cases == 0 ? "nothing ran" : "a mutation never ran");
        (void)printf("cases=%llu\n", (unsigned long long)c->cases);
        return 1;
    }
    (void)printf("cases=%llu\n", (unsigned long long)c->cases);
    return 0;
}

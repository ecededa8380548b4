/* The journals campaign: whatever is done to a journal is found, and named where it begins.
 *
 *     journals [--cases N] [--seconds S] [--seed N]
 *
 * A random journal (small_journal.h): keys are replaced, backups restored, heads anchored at the
 * export and at gates. Then somebody with the controller's disk works on it, with or without making
 * numbers and hashes fit again, and chain_check must find it: never whole, the first false entry
 * named, or, where the chain was made anew, within the bounds that it gives. What is lawful, beside
 * hostile gates that hold anything against it, must be found whole. A case is one journal that was
 * checked. No anchor lies behind a tampered entry: then nobody has seen it, and it is no case.
 */
#include <getopt.h>
#include <inttypes.h>
#include <time.h>

#include "schema/kinds.h"
#include "schema/record.pb-c.h"
#include "tests/unit/controller/small_journal.h"

enum { CASES_OF_ONE = 64, GROWTH_MAX = 60, KEEPERS = 4, KINDS_MAX = 32 };

static uint64_t arg_seed = 1;
static uint64_t arg_cases = UINT64_MAX;
static time_t arg_seconds = 10;

struct campaign {
    struct journal_case *origin; /* as it was */
    struct journal_case j;       /* as it was made */
    uint64_t seed;
    uint64_t cases, bases;
    uint64_t by_attack[KINDS_MAX], by_finding[CHAIN_FOREIGN_KEY + 1];
};

static size_t pick(struct campaign *c, size_t bound)
{
    MUST(bound > 0);
    return (size_t)(journal_case_draw(&c->j) % bound);
}

/* --- a park's life --- */

static struct journal_case *live(uint64_t seed)
{
    struct journal_case *j = journal_case_open_of(seed);
    while (j->count < SMALL_ENTRIES + GROWTH_MAX && journal_case_draw(j) % 16 != 0) {
        journal_case_grow(j, journal_case_draw(j) % 6);
        switch (journal_case_draw(j) % 12) {
        case 0:
            journal_case_replace_key(j);
            break;
        case 1:
            journal_case_restore(j, 3 + journal_case_draw(j) % (j->count - 3));
            break;
        default:
            break;
        }
        if (j->anchor_count < SMALL_ANCHORS_MAX - 8) {
            journal_case_anchor(j, (uint16_t)(journal_case_draw(j) % KEEPERS));
        }
    }
    journal_case_anchor(j, ANCHOR_KEEPER_PARK);
    return j;
}

/* --- what is done: each returns whether the first false entry must be named exactly --- */

static bool flip_content(struct campaign *c, size_t at)
{
    struct small_record *record = &c->j.record[at];
    record->bytes[SEAL_HASH_SIZE + pick(c, record->size - SEAL_HASH_SIZE)] ^=
        (uint8_t)(1 + pick(c, 255));
    return true;
}

static bool flip_hash(struct campaign *c, size_t at)
{
    c->j.record[at].bytes[pick(c, SEAL_HASH_SIZE)] ^= (uint8_t)(1 + pick(c, 255));
    return true;
}

static bool shorten(struct campaign *c, size_t at)
{
    c->j.record[at].size = pick(c, c->j.record[at].size);
    return true;
}

static bool take_out(struct campaign *c, size_t at)
{
    journal_case_remove(&c->j, at, false);
    return true;
}

static bool take_out_and_close_up(struct campaign *c, size_t at)
{
    journal_case_remove(&c->j, at, true);
    return true;
}

static bool take_out_and_number(struct campaign *c, size_t at)
{
    journal_case_remove(&c->j, at, true);
    journal_case_number_anew(&c->j, at);
    return true;
}

static bool take_out_and_make_anew(struct campaign *c, size_t at)
{
    (void)take_out_and_number(c, at);
    journal_case_chain_anew(&c->j, at);
    return false;
}

static bool take_out_many(struct campaign *c, size_t at)
{
    size_t many = 1 + pick(c, 5);
    for (size_t i = 0; i < many && at < c->j.count; i++) {
        journal_case_remove(&c->j, at, true);
    }
    if (pick(c, 2) == 0) {
        journal_case_number_anew(&c->j, at);
        journal_case_chain_anew(&c->j, at);
    }
    return false;
}

static bool alter_and_make_anew(struct campaign *c, size_t at)
{
    journal_case_alter(&c->j, at);
    journal_case_chain_anew(&c->j, at);
    return false;
}

static bool alter_and_make_a_part_anew(struct campaign *c, size_t at)
{
    (void)alter_and_make_anew(c, at);
    size_t from = at + 1 + pick(c, c->j.count - at);
    for (size_t i = from; i < c->j.count; i++) {
        c->j.record[i] = c->origin->record[i];
    }
    return false;
}

static bool put_in(struct campaign *c, size_t at)
{
    journal_case_insert(&c->j, at, at + 1);
    return true;
}

static bool put_in_and_number(struct campaign *c, size_t at)
{
    journal_case_insert(&c->j, at, at + 1);
    journal_case_number_anew(&c->j, at);
    return false;
}

static bool put_in_and_make_anew(struct campaign *c, size_t at)
{
    (void)put_in_and_number(c, at);
    journal_case_chain_anew(&c->j, at);
    return false;
}

static bool say_twice(struct campaign *c, size_t at)
{
    journal_case_double(&c->j, at);
    return true;
}

static bool exchange(struct campaign *c, size_t at)
{
    size_t with = pick(c, c->j.count);
    struct small_record held = c->j.record[at];
    c->j.record[at] = c->j.record[with];
    c->j.record[with] = held;
    c->j.record[at].key = at + 1;
    c->j.record[with].key = with + 1;
    if (pick(c, 2) == 0) {
        size_t first = at < with ? at : with;
        journal_case_number_anew(&c->j, first);
        journal_case_chain_anew(&c->j, first);
        return false;
    }
    return true;
}

static bool cut_off(struct campaign *c, size_t at)
{
    c->j.count = at;
    return false;
}

static bool cut_off_and_go_on(struct campaign *c, size_t at)
{
    c->j.count = at;
    journal_case_grow(&c->j, 1 + pick(c, 40));
    return false;
}

/* With a key of the forger's own in the place of the park's. */
static bool exchange_key(struct campaign *c, size_t at)
{
    c->j.count = 1;
    journal_case_replace_key(&c->j);
    journal_case_grow(&c->j, at + pick(c, 20));
    return false;
}

static bool another_journal(struct campaign *c, size_t at)
{
    struct journal_case *other = live(c->seed ^ UINT64_C(0x5bd1e995));
    (void)at;
    memcpy(c->j.record, other->record, sizeof(c->j.record));
    c->j.count = other->count;
    journal_case_close(other);
    return false;
}

static bool take_out_a_restore(struct campaign *c, size_t at)
{
    for (size_t i = 0; i < c->j.count; i++) {
        Parkgate__Entry *entry = parkgate__entry__unpack(NULL, c->j.record[i].size - SEAL_HASH_SIZE,
                                                         c->j.record[i].bytes + SEAL_HASH_SIZE);
        bool is = entry != NULL && entry->kind == ENTRY_RESTORED;
        parkgate__entry__free_unpacked(entry, NULL);
        if (is) {
            return take_out_and_make_anew(c, i);
        }
    }
    return alter_and_make_anew(c, at);
}

struct attack {
    const char *name;
    bool (*work)(struct campaign *c, size_t at);
};

static const struct attack attacks[] = {
    {"flip-content",     flip_content              },
    {"flip-hash",        flip_hash                 },
    {"shorten",          shorten                   },
    {"take-out",         take_out                  },
    {"take-out-keys",    take_out_and_close_up     },
    {"take-out-numbers", take_out_and_number       },
    {"take-out-anew",    take_out_and_make_anew    },
    {"take-out-many",    take_out_many             },
    {"alter-anew",       alter_and_make_anew       },
    {"alter-part-anew",  alter_and_make_a_part_anew},
    {"put-in",           put_in                    },
    {"put-in-numbers",   put_in_and_number         },
    {"put-in-anew",      put_in_and_make_anew      },
    {"say-twice",        say_twice                 },
    {"exchange",         exchange                  },
    {"cut-off",          cut_off                   },
    {"cut-off-go-on",    cut_off_and_go_on         },
    {"exchange-key",     exchange_key              },
    {"another-journal",  another_journal           },
    {"take-out-restore", take_out_a_restore        },
};

/* --- what a hostile gate holds against it --- */

static void hostile_gate(struct campaign *c)
{
    enum { HOSTILE = KEEPERS + 1 };
    struct sign_key own = {{0}};
    char text[ANCHOR_LINE_SIZE];
    for (size_t i = 0; i < 4 && c->j.anchor_count < SMALL_ANCHORS_MAX; i++) {
        struct kept_anchor made = c->j.anchor[pick(c, c->origin->anchor_count)];
        made.keeper = HOSTILE;
        if (pick(c, 2) == 0) {
            made.anchor.sequence = 1 + pick(c, 200);
        } else {
            made.anchor.hash.bytes[pick(c, SEAL_HASH_SIZE)] ^= 1;
        }
        if (pick(c, 2) == 0) {
            struct sign_public public = sign_public_of(&own);
            sign_key_id(&public, made.anchor.key);
            sign_make(&own, anchor_message(&made.anchor, text), &made.anchor.value);
        }
        c->j.anchor[c->j.anchor_count++] = made;
    }
}

/* --- what must be found --- */

static void fail(struct campaign *c, const char *attack, uint64_t first, const char *why)
{
    char text[512];
    const struct chain_report *report = &c->j.check.report;
    chain_report_sentence(report, "a keeper", text, sizeof(text));
    (void)printf("FAILED: %s: %s; the first false entry is %" PRIu64 ", found: %s at %" PRIu64
                 " (%s); seed %" PRIu64 "\n",
                 attack, why, first, chain_finding_word(report->finding), report->at, text,
                 c->seed);
    exit(1);
}

static bool same(const struct small_record *a, const struct small_record *b)
{
    return a->key == b->key && a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

/* The sequence of the first entry that is not as it was; 0: all are. What the park itself wrote
 * behind its last anchor may be missing. */
static uint64_t first_false(const struct campaign *c)
{
    for (size_t i = 0; i < c->origin->count; i++) {
        if (i >= c->j.count || !same(&c->j.record[i], &c->origin->record[i])) {
            return i + 1;
        }
    }
    return c->j.count > c->origin->count ? c->origin->count + 1 : 0;
}

static void judge(struct campaign *c, const struct attack *attack, bool exactly)
{
    uint64_t first = first_false(c);
    const struct chain_report *report = journal_case_check(&c->j);
    if (first == 0) {
        return; /* exchanged with itself */
    }
    /* Another journal may say that it was restored from a backup of an early entry. That is told.
     */
    bool told = report->restores > 0 && report->left_upto >= c->origin->count;
    if (report->finding == CHAIN_WHOLE && !(attack->work == another_journal && told)) {
        fail(c, attack->name, first, "not found");
    }
    if (report->finding == CHAIN_WHOLE) {
        c->by_finding[CHAIN_WHOLE]++;
        c->cases++;
        return;
    }
    if (report->surely_good >= first) {
        fail(c, attack->name, first, "what is false is said to be good");
    }
    if (report->at < first) {
        fail(c, attack->name, first, "a good entry is named");
    }
    if (exactly && report->at != first && first < c->j.count) {
        fail(c, attack->name, first, "another entry is named");
    }
    c->cases++;
    c->by_attack[attack - attacks]++;
    c->by_finding[report->finding]++;
}

static void judge_lawful(struct campaign *c)
{
    if (pick(c, 2) == 0) {
        journal_case_grow(&c->j, pick(c, 10));
    }
    hostile_gate(c);
    const struct chain_report *report = journal_case_check(&c->j);
    if (report->finding != CHAIN_WHOLE) {
        fail(c, "lawful", 0, "a false alarm");
    }
    uint64_t proofs = report->states[ANCHOR_FITS] + report->states[ANCHOR_LEFT];
    if (proofs < c->origin->anchor_count) {
        fail(c, "lawful", 0, "an anchor of the park's is not taken for one");
    }
    c->cases++;
    c->by_finding[CHAIN_WHOLE]++;
}

static void one_park(struct campaign *c)
{
    c->origin = live(c->seed);
    uint64_t random = c->seed ^ UINT64_C(0xd6e8feb86659fd93);
    for (size_t i = 0; i < CASES_OF_ONE && c->cases < arg_cases; i++) {
        c->j = *c->origin;
        c->j.random = random;
        if (i % 16 == 15) {
            judge_lawful(c);
        } else {
            const struct attack *attack = &attacks[pick(c, ARRAY_LEN(attacks))];
            bool exactly = attack->work(c, pick(c, c->origin->count));
            if (pick(c, 4) == 0) {
                hostile_gate(c);
            }
            judge(c, attack, exactly);
        }
        random = c->j.random;
    }
    journal_case_close(c->origin);
    c->bases++;
}

static void report(const struct campaign *c)
{
    (void)printf("seed=%" PRIu64 "\nparks=%" PRIu64 "\n", arg_seed, c->bases);
    for (size_t i = 0; i < ARRAY_LEN(attacks); i++) {
        (void)printf("%s %" PRIu64 "\n", attacks[i].name, c->by_attack[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(c->by_finding); i++) {
        (void)printf("found %s: %" PRIu64 "\n", chain_finding_word((enum chain_finding)i),
                     c->by_finding[i]);
    }
    (void)printf("cases=%" PRIu64 "\n", c->cases);
}

static int run(void)
{
    static struct campaign c;
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    time_t until = now.tv_sec + arg_seconds;
    (void)printf("journals: seed %" PRIu64 "\n", arg_seed);
    for (uint64_t i = 0; now.tv_sec < until && c.cases < arg_cases; i++) {
        c.seed = arg_seed * UINT64_C(1000003) + i;
        one_park(&c);
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
    }
    report(&c);
    return c.cases > 0 ? 0 : 1;
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
        uint64_t value = option == '?' ? 0 : strtoull(optarg, NULL, 10);
        switch (option) {
        case 'c':
            arg_cases = value;
            arg_seconds = 1000000;
            break;
        case 't':
            arg_seconds = (time_t)value;
            break;
        case 's':
            arg_seed = value;
            break;
        default:
            return 2;
        }
    }
    MUST(seal_init(NULL) == ERR_OK);
    return run();
}

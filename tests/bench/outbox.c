/* bench-outbox: what a full outbox costs its gate.
 *
 *   bench-outbox DIR [COUNT]            fills the stores under DIR as an agent does, prints figures
 *   bench-outbox DIR COUNT LANE READER  adds live reads of strangers at this lane, pending, no
 * figures
 *
 * The first form: bytes on disk, how long a commit with one event takes (p50, p99), how fast all is
 * read again as it is handed over, how long opening takes. Both write pending events.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "common/base/must.h"
#include "common/seal/seal.h"
#include "reader-agent/app/draft.h"
#include "reader-agent/app/vault.h"
#include "reader-agent/store/outbox.h"
#include "tests/bench/series.h"

enum { A_COMMIT = 64, ALONE_EVERY = 1000, SLICE = 256 };

struct bench {
    const char *dir;
    struct agent_store *store;
    struct day_keys *keys;
    struct vault *vault;
    struct batch batch;
    struct draft draft;
    struct wall now;
    struct series alone;
};

static int64_t now_ns(void)
{
    struct timespec at;
    MUST(clock_gettime(CLOCK_MONOTONIC, &at) == 0);
    return at.tv_sec * INT64_C(1000000000) + at.tv_nsec;
}

static void check(enum err err, const struct fault *fault)
{
    if (err != ERR_OK) {
        (void)fprintf(stderr, "bench-outbox: %s\n", fault->what);
        exit(3);
    }
}

static void open_all(struct bench *b)
{
    struct fault fault = {0};
    check(seal_init(&fault), &fault);
    check(agent_store_open(b->dir, entropy_system(), &b->store, &fault), &fault);
    check(day_keys_open(b->dir, entropy_system(), &b->keys, &fault), &fault);
    check(vault_create(b->keys, entropy_system(), &b->vault, &fault), &fault);
    if (agent_store_state(b->store)->has_recovery_key) {
        check(vault_use_recovery_key(b->vault, agent_store_state(b->store)->recovery_key, &fault),
              &fault);
    }
}

static void close_all(struct bench *b)
{
    vault_destroy(&b->vault);
    day_keys_destroy(&b->keys);
    agent_store_destroy(&b->store);
}

static void stage(struct bench *b, uint32_t number)
{
    struct fault fault = {0};
    uint8_t packed[LIMIT_EVENT_BYTES];
    struct writer uid = writer_of(b->draft.credential, 7);
    struct batch_event *event = batch_add_event(&b->batch, b->store);
    MUST(event != NULL);
    writer_u8(&uid, 4);
    writer_u16(&uid, 0xfd00);
    writer_u32(&uid, number);
    b->draft.credential_size = 7;
    b->draft.captured = b->draft.received = b->now;
    size_t size = draft_pack(&b->draft, event->id, packed);
    check(vault_seal(b->vault, (struct bytes){.data = packed, .size = size}, b->now, event, &fault),
          &fault);
    event->kind = (uint32_t)b->draft.kind;
}

static void commit(struct bench *b)
{
    struct fault fault = {0};
    check(batch_commit(&b->batch, b->store, b->now, &fault), &fault);
}

/* Many to a commit, as a gate in a rush; now and then one alone, which is timed. */
static void fill(struct bench *b, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (i % ALONE_EVERY == 0) {
            commit(b);
            int64_t begun = now_ns();
            stage(b, i);
            commit(b);
            series_add(&b->alone, now_ns() - begun);
            continue;
        }
        stage(b, i);
        if (b->batch.event_count == A_COMMIT) {
            commit(b);
        }
    }
    commit(b);
}

/* As the walk over the backlog does: ids in slices, each row read and opened. */
static uint64_t hand_over(struct bench *b)
{
    struct fault fault = {0};
    struct grant_id at = {0};
    uint64_t handed = 0;
    for (;;) {
        struct grant_id ids[SLICE];
        size_t count = 0;
        check(outbox_pending(b->store, at, SLICE, ids, &count, &fault), &fault);
        for (size_t i = 0; i < count; i++) {
            struct outbox_event event;
            uint8_t packed[LIMIT_EVENT_BYTES];
            size_t size = 0;
            check(outbox_get(b->store, ids[i], &event, &fault), &fault);
            check(vault_open(b->vault, &event, packed, &size, &fault), &fault);
            at = ids[i];
            handed++;
        }
        if (count == 0) {
            return handed;
        }
    }
}

static long long bytes_on_disk(const char *dir)
{
    char path[512];
    struct stat info;
    (void)snprintf(path, sizeof(path), "%s/store/data.mdb", dir);
    MUST(stat(path, &info) == 0);
    return (long long)info.st_blocks * 512;
}

static double seconds_since(int64_t begun)
{
    return (double)(now_ns() - begun) / 1e9;
}

static void measure(struct bench *b, uint32_t count)
{
    int64_t begun = now_ns();
    fill(b, count);
    (void)printf("events=%u\nfill_s=%.2f\nbytes=%lld\nappend=", count, seconds_since(begun),
                 bytes_on_disk(b->dir));
    series_print(&b->alone, stdout);
    close_all(b);
    begun = now_ns();
    open_all(b);
    (void)printf("\nopen_s=%.2f\n", seconds_since(begun));
    begun = now_ns();
    uint64_t handed = hand_over(b);
    (void)printf("hand_over_s=%.2f\nhanded=%llu\n", seconds_since(begun),
                 (unsigned long long)handed);
    if (handed < count) {
        (void)fprintf(stderr, "bench-outbox: %llu of %u events are there\n",
                      (unsigned long long)handed, count);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    static struct bench bench;
    unsigned long count = argc > 2 ? strtoul(argv[2], NULL, 10) : LIMIT_OUTBOX_EVENTS;
    if ((argc < 2 || argc > 3) && argc != 5) {
        (void)fprintf(stderr, "usage: bench-outbox DIR [COUNT [LANE READER]]\n");
        return 2;
    }
    bench.dir = argv[1];
    bench.now = clock_system()->wall(clock_system()->ctx);
    bench.draft = (struct draft){.kind = EVENT_PRESENTATION, .credential_kind = 1};
    open_all(&bench);
    if (argc == 5) {
        MUST(name_from_text(argv[3], &bench.draft.lane) &&
             name_from_text(argv[4], &bench.draft.reader));
        fill(&bench, (uint32_t)count);
    } else {
        measure(&bench, (uint32_t)count);
    }
    series_destroy(&bench.alone);
    close_all(&bench);
    return 0;
}

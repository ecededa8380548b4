#include "tests/campaigns/power/subject_agent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/must.h"
#include "common/seal/seal.h"
#include "reader-agent/app/draft.h"
#include "reader-agent/store/outbox.h"

enum { EVENTS_A_TURN = 6, RESTART_ONE_IN = 40, NEWS_ONE_IN = 2, OVER_ONE_IN = 4 };

enum err gate_open(struct gate *g, struct fault *fault)
{
    TRY(agent_store_open(g->dir, entropy_system(), &g->store, fault));
    TRY(day_keys_open(g->dir, entropy_system(), &g->keys, fault));
    TRY(copy_store_create(g->dir, &g->copy.store, fault));
    TRY(copy_store_open(g->copy.store, fault));
    return vault_create(g->keys, entropy_system(), &g->vault, fault);
}

void gate_close(struct gate *g)
{
    copy_store_destroy(&g->copy.store);
    vault_destroy(&g->vault);
    day_keys_destroy(&g->keys);
    agent_store_destroy(&g->store);
}

/* --- work --- */

static void must_work(enum err err, const struct fault *fault)
{
    if (err != ERR_OK) {
        (void)fprintf(stderr, "the work failed: %s\n", fault->what);
        exit(3);
    }
}

static uint64_t pick(struct gate *g, uint64_t bound)
{
    g->random ^= g->random << 13;
    g->random ^= g->random >> 7;
    g->random ^= g->random << 17;
    return g->random % bound;
}

static void promise(const struct gate *g, enum promise_kind kind, struct grant_id id,
                    uint32_t value, const uint8_t *digest)
{
    struct promise promise = {
        .kind = kind, .sequence = id.sequence, .epoch = id.epoch, .value = value};
    if (digest != NULL) {
        memcpy(promise.digest, digest, sizeof(promise.digest));
    }
    g->promised(&promise);
}

static void stage_event(struct gate *g)
{
    struct fault fault = {0};
    uint8_t packed[LIMIT_EVENT_BYTES];
    bool open = pick(g, 2) == 0 && g->open_count < GATE_OPEN_MAX;
    struct draft draft = {.kind = open ? EVENT_PRESENTATION : EVENT_PASSAGE,
                          .credential_size = (uint8_t)(4 + pick(g, 4)),
                          .received = g->now,
                          .captured = g->now};
    for (size_t i = 0; i < draft.credential_size; i++) {
        draft.credential[i] = (uint8_t)pick(g, 256);
    }
    struct batch_event *event = batch_add_event(&g->batch, g->store);
    MUST(event != NULL);
    size_t size = draft_pack(&draft, event->id, packed);
    must_work(
        vault_seal(g->vault, (struct bytes){.data = packed, .size = size}, g->now, event, &fault),
        &fault);
    event->kind = (uint32_t)draft.kind;
    event->open = open;
}

static void commit(struct gate *g)
{
    struct fault fault = {0};
    static struct batch staged;
    staged = g->batch;
    must_work(batch_commit(&g->batch, g->store, g->now, &fault), &fault);
    for (size_t i = 0; i < staged.event_count; i++) {
        const struct batch_event *event = &staged.events[i];
        promise(g, PROMISE_EVENT, event->id, 0, event->digest);
        if (event->open) {
            g->open[g->open_count++] = event->id;
        }
    }
    for (size_t i = 0; i < staged.acted_count; i++) {
        promise(g, PROMISE_VERDICT, staged.acted[i].id, staged.acted[i].acted.outcome, NULL);
    }
    for (size_t i = 0; i < staged.answer_count; i++) {
        promise(g, PROMISE_ANSWER, staged.answers[i].id, 0, NULL);
    }
    if (staged.command_sequence != 0) {
        promise(g, PROMISE_COMMAND, (struct grant_id){.sequence = staged.command_sequence}, 0,
                NULL);
    }
}

static void stage_verdicts(struct gate *g)
{
    for (size_t i = 0; i < g->open_count; i++) {
        struct acted acted = {.outcome = (uint32_t)pick(g, 3), .reason = 1, .source = 1};
        MUST(batch_add_acted(&g->batch, g->open[i], acted));
    }
    g->open_count = 0;
}

static void stage_answers(struct gate *g)
{
    struct grant_id ids[8];
    size_t count = 0;
    struct fault fault = {0};
    must_work(outbox_pending(g->store, (struct grant_id){0}, ARRAY_LEN(ids), ids, &count, &fault),
              &fault);
    for (size_t i = 0; i < count; i++) {
        MUST(batch_add_answer(&g->batch, ids[i], ANSWER_APPLIED, 0));
    }
}

static void work_with_copy(struct gate *g)
{
    struct fault fault = {0};
    if (pick(g, NEWS_ONE_IN) == 0) {
        must_work(copied_take(&g->copy, pick(g, UINT64_MAX), &fault), &fault);
        promise(g, PROMISE_COPY, (struct grant_id){.sequence = g->copy.sequence}, 0,
                g->copy.digest.bytes);
    }
    if (pick(g, OVER_ONE_IN) == 0) {
        must_work(copied_lay(&g->copy, &fault), &fault);
    }
}

void gate_turn(struct gate *g)
{
    g->now.us += (int64_t)pick(g, 20) * 60 * 1000000;
    for (uint64_t i = pick(g, EVENTS_A_TURN) + 1; i > 0; i--) {
        stage_event(g);
    }
    if (pick(g, 10) == 0) {
        g->batch.command_sequence = ++g->command;
    }
    commit(g);
    stage_verdicts(g);
    if (pick(g, 2) == 0) {
        stage_answers(g);
    }
    commit(g);
    work_with_copy(g);
    if (pick(g, RESTART_ONE_IN) == 0) {
        struct fault fault = {0};
        gate_close(g);
        must_work(gate_open(g, &fault), &fault);
    }
}

void gate_remove(const char *dir)
{
    static const char *const files[] = {"store/data.mdb", "store/lock.mdb", "store/owner",
                                        "store/ballast",  "keys/data.mdb",  "keys/lock.mdb",
                                        "keys/owner",     "copy/data.mdb",  "copy/lock.mdb",
                                        "copy/owner",     "store",          "keys",
                                        "copy"};
    char path[192];
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
        (void)remove(path);
    }
    (void)rmdir(dir);
}

/* --- the judge --- */

static bool say(char *why, const char *what, const struct promise *promise)
{
    (void)snprintf(why, POWER_WHY_SIZE, "%s: event %llu of epoch %u", what,
                   (unsigned long long)promise->sequence, promise->epoch);
    return false;
}

static bool event_is_whole(struct gate *g, const struct promise *promise, char *why)
{
    uint8_t packed[LIMIT_EVENT_BYTES];
    size_t size = 0;
    struct outbox_event event;
    struct grant_id id = {.epoch = promise->epoch, .sequence = promise->sequence};
    if (outbox_get(g->store, id, &event, NULL) != ERR_OK) {
        return say(why, "it was committed and is lost", promise);
    }
    if (memcmp(event.digest, promise->digest, EVENT_DIGEST_SIZE) != 0) {
        return say(why, "it is another event now", promise);
    }
    if (vault_open(g->vault, &event, packed, &size, NULL) != ERR_OK) {
        return say(why, "it does not open under the key of its day", promise);
    }
    struct seal_hash digest = seal_hash_of((struct bytes){.data = packed, .size = size});
    return memcmp(digest.bytes, promise->digest, EVENT_DIGEST_SIZE) == 0 ||
           say(why, "its bytes have changed", promise);
}

/* A copy that was found damaged is thrown away, and its sequence is none. */
static bool copy_holds(const struct copy_about *about, const struct promise *promise, char *why)
{
    bool same = about->sequence == promise->sequence;
    if (about->sequence < promise->sequence ||
        (same && memcmp(about->digest.bytes, promise->digest, SEAL_HASH_SIZE) != 0)) {
        (void)snprintf(why, POWER_WHY_SIZE, "the copy at sequence %llu is lost: it stands at %llu",
                       (unsigned long long)promise->sequence, (unsigned long long)about->sequence);
        return false;
    }
    return true;
}

static bool holds(struct gate *g, const struct promise *promise, char *why)
{
    struct acted acted;
    bool pending = false;
    struct grant_id id = {.epoch = promise->epoch, .sequence = promise->sequence};
    switch (promise->kind) {
    case PROMISE_EVENT:
        return event_is_whole(g, promise, why);
    case PROMISE_VERDICT:
        return (outbox_acted(g->store, id, &acted, NULL) == ERR_OK &&
                acted.outcome == promise->value) ||
               say(why, "the verdict that was acted on is lost", promise);
    case PROMISE_ANSWER:
        return (outbox_is_pending(g->store, id, &pending, NULL) == ERR_OK && !pending) ||
               say(why, "its answer is lost", promise);
    case PROMISE_COPY:
        return copy_holds(copy_store_about(g->copy.store), promise, why);
    default:
        return agent_store_state(g->store)->command_sequence >= promise->sequence ||
               say(why, "the command's sequence went back", promise);
    }
}

static bool no_gap(struct gate *g, char *why)
{
    struct outbox_event event;
    const struct agent_state *state = agent_store_state(g->store);
    for (uint64_t i = 1; i <= state->last_sequence; i++) {
        struct grant_id id = {.epoch = state->epoch, .sequence = i};
        if (outbox_get(g->store, id, &event, NULL) != ERR_OK) {
            (void)snprintf(why, POWER_WHY_SIZE, "event %llu of %llu is missing",
                           (unsigned long long)i, (unsigned long long)state->last_sequence);
            return false;
        }
    }
    return true;
}

bool agent_judge(const char *dir, const struct power_marks *marks, uint64_t number,
                 char why[POWER_WHY_SIZE])
{
    static struct gate g;
    struct fault fault = {0};
    (void)number;
    (void)snprintf(g.dir, sizeof(g.dir), "%s", dir);
    if (gate_open(&g, &fault) != ERR_OK) {
        (void)snprintf(why, POWER_WHY_SIZE, "it does not open: %.200s", fault.what);
        return false;
    }
    for (size_t i = 0; i < marks->count; i++) {
        struct promise promise;
        MUST(marks->mark[i]->size == sizeof(promise));
        memcpy(&promise, power_mark_bytes(marks->mark[i]), sizeof(promise));
        if (!holds(&g, &promise, why)) {
            return false;
        }
    }
    if (!copied_is_whole(g.copy.store)) {
        (void)snprintf(why, POWER_WHY_SIZE, "the copy's rows do not sum up");
        return false;
    }
    return no_gap(&g, why);
}

/* Goal: what one turn stages is remembered as a whole or not at all, and nothing personal can be
 * read from the files. Method: real stores in a fresh directory, closed and opened again between
 * the steps; the disk is "full" by a limit on the size of files. */
#include "reader-agent/store/outbox.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/seal/seal.h"
#include "reader-agent/app/draft.h"
#include "reader-agent/app/vault.h"
#include "reader-agent/store/park_copy.h"
#include "reader-agent/store/seen.h"
#include "schema/agent_store.pb-c.h"

static const int64_t day_us = INT64_C(86400) * 1000000;
static const char *const secret_plate = "\xe4\xba\xac"
                                        "A12345";

struct world {
    char dir[64];
    struct agent_store *store;
    struct day_keys *keys;
    struct vault *vault;
    struct batch batch;
    struct wall now;
};

static void open_world(struct world *world)
{
    struct fault fault = {0};
    if (agent_store_open(world->dir, entropy_system(), &world->store, &fault) != ERR_OK ||
        day_keys_open(world->dir, entropy_system(), &world->keys, &fault) != ERR_OK ||
        vault_create(world->keys, entropy_system(), &world->vault, &fault) != ERR_OK) {
        fail_msg("%s", fault.what);
    }
}

static void close_world(struct world *world)
{
    vault_destroy(&world->vault);
    day_keys_destroy(&world->keys);
    agent_store_destroy(&world->store);
}

static void open_again(struct world *world)
{
    close_world(world);
    open_world(world);
}

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    (void)snprintf(world->dir, sizeof(world->dir), "/tmp/parkgate-outbox-XXXXXX");
    if (world == NULL || mkdtemp(world->dir) == NULL || seal_init(NULL) != ERR_OK) {
        return -1;
    }
    world->now = (struct wall){.us = 20000 * day_us};
    open_world(world);
    *state = world;
    return 0;
}

static void remove_dir(const char *dir)
{
    static const char *const files[] = {"store/data.mdb", "store/lock.mdb", "store/owner",
                                        "store/ballast",  "keys/data.mdb",  "keys/lock.mdb",
                                        "keys/owner",     "store",          "keys"};
    char path[128];
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
        (void)remove(path);
    }
    (void)rmdir(dir);
}

static int tear_down(void **state)
{
    struct world *world = *state;
    close_world(world);
    remove_dir(world->dir);
    free(world);
    return 0;
}

static struct grant_id stage(struct world *world, enum event_kind kind, bool open)
{
    struct draft draft = {.kind = kind, .credential_size = (uint8_t)strlen(secret_plate)};
    memcpy(draft.credential, secret_plate, draft.credential_size);
    struct batch_event *event = batch_add_event(&world->batch, world->store);
    assert_non_null(event);
    uint8_t packed[LIMIT_EVENT_BYTES];
    size_t size = draft_pack(&draft, event->id, packed);
    assert_int_equal(vault_seal(world->vault, (struct bytes){.data = packed, .size = size},
                                world->now, event, NULL),
                     ERR_OK);
    event->kind = (uint32_t)kind;
    event->open = open;
    return event->id;
}

static void commit(struct world *world)
{
    struct fault fault = {0};
    if (batch_commit(&world->batch, world->store, world->now, &fault) != ERR_OK) {
        fail_msg("%s", fault.what);
    }
}

static uint64_t depth(struct world *world)
{
    uint64_t count = 0;
    assert_int_equal(outbox_depth(world->store, &count, NULL), ERR_OK);
    return count;
}

static void events_outlive_a_restart_until_answered(void **state)
{
    struct world *world = *state;
    struct grant_id first = stage(world, EVENT_PRESENTATION, true);
    struct grant_id second = stage(world, EVENT_PASSAGE, false);
    assert_int_equal(first.sequence, 1);
    assert_int_equal(second.sequence, 2);
    commit(world);
    open_again(world);
    assert_int_equal(depth(world), 2);
    assert_int_equal(agent_store_state(world->store)->last_sequence, 2);

    struct outbox_event event;
    uint8_t packed[LIMIT_EVENT_BYTES];
    size_t size = 0;
    assert_int_equal(outbox_get(world->store, first, &event, NULL), ERR_OK);
    assert_int_equal(vault_open(world->vault, &event, packed, &size, NULL), ERR_OK);
    struct seal_hash digest = seal_hash_of((struct bytes){.data = packed, .size = size});
    assert_memory_equal(digest.bytes, event.digest, EVENT_DIGEST_SIZE);

    assert_true(batch_add_answer(&world->batch, first, ANSWER_APPLIED, 0));
    assert_true(batch_add_answer(&world->batch, second, ANSWER_REFUSED, 204));
    commit(world);
    open_again(world);
    assert_int_equal(depth(world), 0);
    uint64_t aside = 0;
    assert_int_equal(outbox_quarantined(world->store, &aside, NULL), ERR_OK);
    assert_int_equal(aside, 1);
    assert_int_equal(outbox_get(world->store, first, &event, NULL), ERR_OK); /* kept */
    assert_int_equal(outbox_get(world->store, second, &event, NULL), ERR_NOT_FOUND);
}

static void verdict_closes_a_presentation(void **state)
{
    struct world *world = *state;
    struct grant_id id = stage(world, EVENT_PRESENTATION, true);
    commit(world);
    struct grant_id open_ids[4];
    size_t count = 0;
    assert_int_equal(outbox_open_presentations(world->store, 4, open_ids, &count, NULL), ERR_OK);
    assert_int_equal(count, 1);
    struct acted acted = {.outcome = 2, .reason = 1, .source = SOURCE_CONTROLLER};
    assert_true(batch_add_acted(&world->batch, id, acted));
    commit(world);
    open_again(world);
    assert_int_equal(outbox_open_presentations(world->store, 4, open_ids, &count, NULL), ERR_OK);
    assert_int_equal(count, 0);
    struct acted read;
    assert_int_equal(outbox_acted(world->store, id, &read, NULL), ERR_OK);
    assert_int_equal(read.outcome, 2);
    assert_false(read.told);
}

static bool is_short(struct world *world)
{
    struct agent_health health;
    agent_store_health(world->store, &health);
    return health.is_short;
}

/* Commits with no file allowed to be written behind `bytes`. */
static enum err commit_on_full_disk(struct world *world, rlim_t bytes)
{
    struct rlimit old;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    struct rlimit tiny = {.rlim_cur = bytes, .rlim_max = old.rlim_max};
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tiny), 0);
    enum err err = batch_commit(&world->batch, world->store, world->now, NULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    return err;
}

static void batch_that_failed_gives_its_numbers_back(void **state)
{
    static const rlim_t limits[] = {4096, 0}; /* 0: not even the root can be written */
    struct world *world = *state;
    uint64_t last = stage(world, EVENT_PASSAGE, false).sequence;
    commit(world);
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        for (int k = 0; k < 40; k++) {
            (void)stage(world, EVENT_PRESENTATION, true);
        }
        assert_int_not_equal(commit_on_full_disk(world, limits[i]), ERR_OK);
        assert_true(batch_is_empty(&world->batch));
        assert_int_equal(depth(world), last);
        assert_true(is_short(world)); /* the ballast was given up */

        assert_int_equal(stage(world, EVENT_PASSAGE, false).sequence, last + 1);
        commit(world);
        last++;
        assert_int_equal(depth(world), last);
        assert_int_equal(agent_store_upkeep(world->store, NULL), ERR_OK);
        assert_false(is_short(world));
    }
}

static void new_epoch_moves_what_is_not_answered(void **state)
{
    struct world *world = *state;
    struct grant_id answered = stage(world, EVENT_PASSAGE, false);
    struct grant_id old = stage(world, EVENT_PRESENTATION, true);
    assert_true(batch_add_acted(&world->batch, old, (struct acted){.outcome = 2, .reason = 1}));
    commit(world);
    assert_true(batch_add_answer(&world->batch, answered, ANSWER_APPLIED, 0));
    commit(world);

    struct outbox_event event;
    uint8_t packed[LIMIT_EVENT_BYTES];
    size_t size = 0;
    assert_int_equal(outbox_get(world->store, old, &event, NULL), ERR_OK);
    assert_int_equal(vault_open(world->vault, &event, packed, &size, NULL), ERR_OK);
    world->batch.new_epoch = 5;
    struct batch_event *moved = batch_add_event(&world->batch, world->store);
    assert_int_equal(moved->id.epoch, 5);
    assert_int_equal(moved->id.sequence, 1);
    assert_int_equal(vault_seal(world->vault, (struct bytes){.data = packed, .size = size},
                                world->now, moved, NULL),
                     ERR_OK);
    moved->kind = EVENT_PRESENTATION;
    moved->moved_from = old;
    struct grant_id to = moved->id;
    commit(world);
    open_again(world);

    assert_int_equal(depth(world), 1);
    assert_int_equal(agent_store_state(world->store)->epoch, 5);
    struct grant_id now_at;
    assert_int_equal(outbox_moved(world->store, old, &now_at, NULL), ERR_OK);
    assert_true(grant_id_equal(now_at, to));
    struct acted acted;
    assert_int_equal(outbox_acted(world->store, to, &acted, NULL), ERR_OK);
    assert_int_equal(outbox_acted(world->store, old, &acted, NULL), ERR_NOT_FOUND);
    assert_int_equal(outbox_get(world->store, old, &event, NULL), ERR_NOT_FOUND);
}

static size_t days_freed;

static bool count_day(void *ctx, uint32_t day)
{
    struct vault *vault = ctx;
    assert_int_equal(vault_drop_day(vault, day, NULL), ERR_OK);
    days_freed++;
    return true;
}

static void retention_takes_rows_then_keys(void **state)
{
    struct world *world = *state;
    struct grant_id ids[250];
    for (size_t i = 0; i < 250; i++) {
        ids[i] = stage(world, EVENT_PASSAGE, false);
        if (i % 100 == 99) {
            commit(world);
        }
    }
    commit(world);
    for (size_t i = 0; i < 249; i++) {
        assert_true(batch_add_answer(&world->batch, ids[i], ANSWER_APPLIED, 0));
    }
    commit(world);
    size_t trimmed = 0;
    struct wall later = {.us = world->now.us + 30 * day_us};
    assert_int_equal(outbox_trim(world->store, later, 1000, &trimmed, NULL), ERR_OK);
    assert_int_equal(trimmed, 0);
    later.us += day_us;
    assert_int_equal(outbox_trim(world->store, later, 1000, &trimmed, NULL), ERR_OK);
    assert_int_equal(trimmed, OUTBOX_SLICE);
    assert_int_equal(outbox_trim(world->store, later, 1000, &trimmed, NULL), ERR_OK);
    assert_int_equal(trimmed, 49);
    days_freed = 0;
    assert_int_equal(outbox_free_days(world->store, later, count_day, world->vault, NULL), ERR_OK);
    assert_int_equal(days_freed, 0); /* one event of that day is not answered yet */

    struct outbox_event event;
    assert_int_equal(outbox_get(world->store, ids[249], &event, NULL), ERR_OK);
    assert_true(batch_add_answer(&world->batch, ids[249], ANSWER_REFUSED, 204));
    commit(world);
    later.us += 40 * day_us;
    assert_int_equal(outbox_trim(world->store, later, 1000, &trimmed, NULL), ERR_OK);
    assert_int_equal(outbox_free_days(world->store, later, count_day, world->vault, NULL), ERR_OK);
    assert_int_equal(days_freed, 1);
    uint8_t packed[LIMIT_EVENT_BYTES];
    size_t size = 0;
    assert_int_equal(vault_open(world->vault, &event, packed, &size, NULL), ERR_NOT_FOUND);
}

static void too_many_rows_take_the_oldest_answered_ones(void **state)
{
    struct world *world = *state;
    struct grant_id ids[300];
    for (size_t i = 0; i < 300; i++) {
        ids[i] = stage(world, EVENT_PASSAGE, false);
        if (i % 100 == 99) {
            commit(world);
        }
    }
    for (size_t i = 0; i < 250; i++) {
        assert_true(batch_add_answer(&world->batch, ids[i], ANSWER_APPLIED, 0));
    }
    commit(world);
    size_t trimmed = 0;
    uint64_t rows = 0;
    uint64_t first = 0;
    uint32_t day = 0;
    assert_int_equal(outbox_trim(world->store, world->now, 300, &trimmed, NULL), ERR_OK);
    assert_int_equal(trimmed, 0);
    assert_int_equal(outbox_trim(world->store, world->now, 290, &trimmed, NULL), ERR_OK);
    assert_int_equal(trimmed, 10);
    struct outbox_event event;
    assert_int_equal(outbox_get(world->store, ids[9], &event, NULL), ERR_NOT_FOUND);
    assert_int_equal(outbox_get(world->store, ids[10], &event, NULL), ERR_OK);
    assert_int_equal(outbox_trim(world->store, world->now, 10, &trimmed, NULL), ERR_OK);
    assert_int_equal(trimmed, OUTBOX_SLICE);
    assert_int_equal(outbox_trim(world->store, world->now, 10, &trimmed, NULL), ERR_OK);
    assert_int_equal(trimmed, 40);
    assert_int_equal(outbox_trim(world->store, world->now, 10, &trimmed, NULL), ERR_OK);
    assert_int_equal(trimmed, 0); /* what is not answered stays, however many those are */
    assert_int_equal(outbox_rows(world->store, &rows, NULL), ERR_OK);
    assert_int_equal(rows, 50);
    uint32_t epoch = agent_store_state(world->store)->epoch;
    assert_int_equal(outbox_first_pending(world->store, epoch, &first, &day, NULL), ERR_OK);
    assert_int_equal(first, ids[250].sequence);
    assert_int_equal(day, outbox_day(world->now));
    assert_int_equal(outbox_first_pending(world->store, epoch + 1, &first, &day, NULL),
                     ERR_NOT_FOUND);
}

static void what_was_done_without_an_event_is_counted_on_disk(void **state)
{
    struct world *world = *state;
    world->batch.unrecorded_exits = 2;
    commit(world);
    world->now.us += day_us;
    world->batch.unrecorded_exits = 3;
    world->batch.unrecorded_entries = 4;
    commit(world);
    open_again(world);
    const struct agent_state *kept = agent_store_state(world->store);
    assert_int_equal(kept->unrecorded_exits, 5);
    assert_int_equal(kept->unrecorded_entries, 4);
    assert_int_equal(kept->unrecorded_since.us, world->now.us - day_us);
    (void)stage(world, EVENT_UNRECORDED, false);
    world->batch.unrecorded_told = true;
    world->batch.unrecorded_entries = 1; /* since then */
    commit(world);
    open_again(world);
    kept = agent_store_state(world->store);
    assert_int_equal(kept->unrecorded_exits, 0);
    assert_int_equal(kept->unrecorded_entries, 1);
    assert_int_equal(kept->unrecorded_since.us, world->now.us);
}

static void hash_of(struct world *world, struct name reader, uint32_t number,
                    uint8_t out[SEEN_HASH_SIZE])
{
    uint32_t what[1] = {number};
    vault_hash(world->vault, reader, BYTES_OF(what), out);
}

static void device_ids_are_a_ring(void **state)
{
    struct world *world = *state;
    struct name reader = {0};
    assert_true(name_from_text("cam-1", &reader));
    enum { POSTS = SEEN_RING_SIZE + 150 };
    uint8_t hash[SEEN_HASH_SIZE];
    for (uint32_t i = 0; i < POSTS; i++) {
        struct batch_event *event = batch_add_event(&world->batch, world->store);
        event->day = outbox_day(world->now);
        event->has_seen = true;
        event->seen_reader = reader;
        hash_of(world, reader, i, event->seen);
        if (i % 150 == 149) {
            commit(world);
        }
    }
    commit(world);
    open_again(world);
    bool seen = false;
    hash_of(world, reader, POSTS - 1, hash);
    assert_int_equal(seen_has(world->store, reader, hash, &seen, NULL), ERR_OK);
    assert_true(seen);
    hash_of(world, reader, POSTS - SEEN_RING_SIZE, hash);
    assert_int_equal(seen_has(world->store, reader, hash, &seen, NULL), ERR_OK);
    assert_true(seen);
    hash_of(world, reader, POSTS - SEEN_RING_SIZE - 1, hash);
    assert_int_equal(seen_has(world->store, reader, hash, &seen, NULL), ERR_OK);
    assert_false(seen);
}

static bool file_holds(const char *dir, const char *file, const char *text)
{
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/%s", dir, file);
    FILE *in = fopen(path, "rb");
    assert_non_null(in);
    static uint8_t data[8 << 20];
    size_t size = fread(data, 1, sizeof(data), in);
    (void)fclose(in);
    return memmem(data, size, text, strlen(text)) != NULL;
}

static void nothing_personal_in_clear(void **state)
{
    struct world *world = *state;
    (void)stage(world, EVENT_PRESENTATION, true);
    commit(world);
    close_world(world);
    assert_true(file_holds(world->dir, "store/data.mdb", "outbox")); /* we do read the right file */
    assert_false(file_holds(world->dir, "store/data.mdb", secret_plate));
    assert_false(file_holds(world->dir, "keys/data.mdb", secret_plate));
    open_world(world);
}

static enum err count_row(void *ctx, struct bytes row, struct fault *fault)
{
    (void)row;
    (void)fault;
    (*(int *)ctx)++;
    return ERR_OK;
}

static void park_rows_are_replaced_as_a_whole(void **state)
{
    struct world *world = *state;
    /* ParkRow {kind 4, name "a"} and {kind 4, name "b"} */
    static const uint8_t a[] = {0x08, 4, 0x12, 1, 'a'};
    static const uint8_t b[] = {0x08, 4, 0x12, 1, 'b'};
    const struct bytes two[] = {BYTES_OF(a), BYTES_OF(b)};
    const struct bytes twice[] = {BYTES_OF(b), BYTES_OF(b)};
    assert_int_equal(park_copy_replace(world->store, 3, two, 2, world->now, NULL), ERR_OK);
    assert_int_equal(park_copy_replace(world->store, 4, twice, 2, world->now, NULL), ERR_INPUT);
    open_again(world);
    int rows = 0;
    assert_int_equal(park_copy_walk(world->store, count_row, &rows, NULL), ERR_OK);
    assert_int_equal(rows, 2);
    assert_int_equal(agent_store_state(world->store)->config_version, 3);
}

/* --- day keys and the recovery key --- */

static struct seal_box_secret use_recovery_key(struct world *world)
{
    struct seal_box_secret secret;
    struct seal_box_public public;
    seal_box_draw(entropy_system(), &secret, &public);
    assert_int_equal(vault_use_recovery_key(world->vault, public.bytes, NULL), ERR_OK);
    return secret;
}

/* With the private half and what stands in the store alone. */
static size_t opened_by(struct world *world, const struct seal_box_secret *secret,
                        struct grant_id id, uint8_t out[LIMIT_EVENT_BYTES])
{
    struct outbox_event event;
    uint8_t boxes[DAY_BOXES_MAX * DAY_BOX_SIZE];
    uint8_t place[OUTBOX_PLACE_SIZE];
    size_t count = 0;
    size_t size = 0;
    assert_int_equal(outbox_get(world->store, id, &event, NULL), ERR_OK);
    assert_int_equal(day_boxes_get(world->store, event.day, boxes, &count, NULL), ERR_OK);
    for (size_t i = 0; i < count; i++) {
        struct seal_key key;
        struct bytes sealed = {.data = event.sealed, .size = event.sealed_size};
        if (day_box_open(secret, event.day, boxes + i * DAY_BOX_SIZE, &key, NULL) == ERR_OK &&
            seal_open(&key, outbox_place(id.epoch, id.sequence, place), sealed, out,
                      LIMIT_EVENT_BYTES, &size, NULL) == ERR_OK) {
            return size;
        }
    }
    return 0;
}

static size_t box_count(struct world *world, uint32_t day)
{
    uint8_t boxes[DAY_BOXES_MAX * DAY_BOX_SIZE];
    size_t count = 0;
    assert_int_equal(day_boxes_get(world->store, day, boxes, &count, NULL), ERR_OK);
    return count;
}

static void lose_day_keys(struct world *world)
{
    char path[96];
    close_world(world);
    for (size_t i = 0; i < 3; i++) {
        static const char *const files[] = {"data.mdb", "lock.mdb", "owner"};
        (void)snprintf(path, sizeof(path), "%s/keys/%s", world->dir, files[i]);
        (void)unlink(path);
    }
    open_world(world);
}

static void the_recovery_key_alone_opens_what_is_kept(void **state)
{
    struct world *world = *state;
    uint8_t as_sent[LIMIT_EVENT_BYTES];
    uint8_t packed[LIMIT_EVENT_BYTES];
    size_t sent_size = 0;
    struct outbox_event event;
    struct seal_box_secret secret = use_recovery_key(world);
    struct seal_box_secret other = use_recovery_key(world);
    secret = use_recovery_key(world);
    struct grant_id id = stage(world, EVENT_PRESENTATION, false);
    commit(world);
    assert_int_equal(outbox_get(world->store, id, &event, NULL), ERR_OK);
    assert_int_equal(vault_open(world->vault, &event, as_sent, &sent_size, NULL), ERR_OK);
    lose_day_keys(world);
    size_t size = 0;
    assert_int_equal(vault_open(world->vault, &event, packed, &size, NULL), ERR_NOT_FOUND);
    assert_int_equal(opened_by(world, &other, id, packed), 0);
    assert_int_equal(opened_by(world, &secret, id, packed), sent_size);
    assert_memory_equal(packed, as_sent, sent_size);
    /* a new key of the same day does not take the old one's box away */
    struct seal_box_secret next = use_recovery_key(world);
    struct grant_id later = stage(world, EVENT_PASSAGE, false);
    commit(world);
    assert_int_equal(box_count(world, event.day), 2);
    assert_true(opened_by(world, &next, later, packed) > 0);
    assert_true(opened_by(world, &secret, id, packed) > 0);
}

static void one_box_a_day_however_often_it_starts(void **state)
{
    struct world *world = *state;
    struct seal_box_secret secret;
    struct seal_box_public public;
    seal_box_draw(entropy_system(), &secret, &public);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(vault_use_recovery_key(world->vault, public.bytes, NULL), ERR_OK);
        (void)stage(world, EVENT_PASSAGE, false);
        commit(world);
        open_again(world);
    }
    assert_int_equal(box_count(world, outbox_day(world->now)), 1);
}

static void days_before_the_recovery_key_get_their_boxes(void **state)
{
    struct world *world = *state;
    struct grant_id id = stage(world, EVENT_PASSAGE, false);
    uint32_t days[4];
    size_t count = 0;
    struct day_box box;
    uint8_t packed[LIMIT_EVENT_BYTES];
    commit(world);
    assert_int_equal(box_count(world, outbox_day(world->now)), 0);
    assert_int_equal(vault_box(world->vault, outbox_day(world->now), &box, NULL), ERR_NOT_FOUND);
    struct seal_box_secret secret = use_recovery_key(world);
    struct seal_box_public public = seal_box_public_of(&secret);
    assert_int_equal(day_boxes_days(world->store, 0, 4, days, &count, NULL), ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(vault_box(world->vault, days[0], &box, NULL), ERR_OK);
    assert_int_equal(day_boxes_change_key(world->store, public.bytes, &box, 1, NULL), ERR_OK);
    lose_day_keys(world);
    assert_true(agent_store_state(world->store)->has_recovery_key);
    assert_memory_equal(agent_store_state(world->store)->recovery_key, public.bytes,
                        sizeof(public.bytes));
    assert_true(opened_by(world, &secret, id, packed) > 0);
}

static bool keep_day(void *ctx, uint32_t day)
{
    (void)ctx;
    (void)day;
    return false;
}

static void retention_destroys_the_boxes_too(void **state)
{
    struct world *world = *state;
    uint32_t day = outbox_day(world->now);
    struct wall later = {.us = world->now.us + 31 * day_us};
    size_t trimmed = 0;
    (void)use_recovery_key(world);
    struct grant_id id = stage(world, EVENT_PASSAGE, false);
    commit(world);
    assert_true(batch_add_answer(&world->batch, id, ANSWER_APPLIED, 0));
    commit(world);
    assert_int_equal(outbox_trim(world->store, later, 1000, &trimmed, NULL), ERR_OK);
    assert_int_equal(trimmed, 1);
    assert_int_equal(box_count(world, day), 1);
    assert_int_equal(outbox_free_days(world->store, later, keep_day, NULL, NULL), ERR_OK);
    assert_int_equal(box_count(world, day), 1); /* its key could not be destroyed: it comes again */
    days_freed = 0;
    assert_int_equal(outbox_free_days(world->store, later, count_day, world->vault, NULL), ERR_OK);
    assert_int_equal(days_freed, 1);
    assert_int_equal(box_count(world, day), 0);
}

/* --- time and versions --- */

static void the_latest_time_is_kept_though_the_clock_is_set_back(void **state)
{
    struct world *world = *state;
    struct wall latest = world->now;
    (void)stage(world, EVENT_PASSAGE, false);
    commit(world);
    world->now.us -= 3 * day_us;
    (void)stage(world, EVENT_PASSAGE, false);
    commit(world);
    open_again(world);
    assert_int_equal(agent_store_state(world->store)->wall_high.us, latest.us);
    world->now.us = latest.us + 1;
    (void)stage(world, EVENT_PASSAGE, false);
    commit(world);
    open_again(world);
    assert_int_equal(agent_store_state(world->store)->wall_high.us, latest.us + 1);
}

/* As the version before made it: without the tables that came since. */
static void make_old_store(const char *dir)
{
    static const char *const tables[] = {"state",     "outbox", "pending",  "answered",   "open",
                                         "acted",     "moved",  "days",     "quarantine", "seen",
                                         "seen-ring", "park",   "lane-mode"};
    static const uint8_t store_id[STORE_ID_SIZE] = {7};
    AUTO(store_destroy) struct store *store = NULL;
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    struct store_options options = {.dir = dir,
                                    .kind = "agent",
                                    .version = 1,
                                    .tables = tables,
                                    .table_count = sizeof(tables) / sizeof(tables[0]),
                                    .map_size = AGENT_STORE_MAP_BYTES,
                                    .create = true};
    Parkgate__AgentState record = PARKGATE__AGENT_STATE__INIT;
    record.store_id =
        (ProtobufCBinaryData){.len = STORE_ID_SIZE, .data = (uint8_t *)(uintptr_t)store_id};
    record.epoch = 3;
    record.config_version = 9;
    record.command_sequence = 12;
    assert_int_equal(store_open(&options, &store, NULL), ERR_OK);
    assert_int_equal(store_begin_write(store, &txn, NULL), ERR_OK);
    assert_int_equal(
        store_put_message(txn, TABLE_STATE, bytes_of_text("state"), &record.base, NULL), ERR_OK);
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
}

static void a_store_of_the_version_before_is_taken_on(void **state)
{
    struct world *world = *state;
    char path[96];
    close_world(world);
    for (size_t i = 0; i < 4; i++) {
        static const char *const files[] = {"data.mdb", "lock.mdb", "owner", "ballast"};
        (void)snprintf(path, sizeof(path), "%s/store/%s", world->dir, files[i]);
        (void)unlink(path);
    }
    (void)snprintf(path, sizeof(path), "%s/store", world->dir);
    make_old_store(path);
    open_world(world);
    const struct agent_state *kept = agent_store_state(world->store);
    assert_int_equal(kept->store_id[0], 7);
    assert_int_equal(kept->epoch, 3);
    assert_int_equal(kept->config_version, 9);
    assert_int_equal(kept->command_sequence, 12);
    assert_false(kept->has_recovery_key);
    struct seal_box_secret secret = use_recovery_key(world);
    struct grant_id id = stage(world, EVENT_PASSAGE, false);
    uint8_t packed[LIMIT_EVENT_BYTES];
    commit(world);
    open_again(world);
    assert_int_equal(id.epoch, 3);
    assert_true(opened_by(world, &secret, id, packed) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(events_outlive_a_restart_until_answered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(verdict_closes_a_presentation, set_up, tear_down),
        cmocka_unit_test_setup_teardown(batch_that_failed_gives_its_numbers_back, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(new_epoch_moves_what_is_not_answered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(retention_takes_rows_then_keys, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_latest_time_is_kept_though_the_clock_is_set_back,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_store_of_the_version_before_is_taken_on, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_recovery_key_alone_opens_what_is_kept, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(one_box_a_day_however_often_it_starts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(days_before_the_recovery_key_get_their_boxes, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(retention_destroys_the_boxes_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(too_many_rows_take_the_oldest_answered_ones, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_was_done_without_an_event_is_counted_on_disk, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(device_ids_are_a_ring, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_personal_in_clear, set_up, tear_down),
        cmocka_unit_test_setup_teardown(park_rows_are_replaced_as_a_whole, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

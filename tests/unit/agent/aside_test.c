/* Goal: a body put aside is there after a restart, sealed, bounded, and gone with its day. Method:
 * real stores in a fresh directory; bodies are written as the agent writes them, in a batch, and
 * read as the person at the gate reads them, by stores opened to read. */
#include "reader-agent/store/aside.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/must.h"
#include "reader-agent/app/vault.h"

static const int64_t day_us = INT64_C(86400) * 1000000;
static const struct name camera = {.text = "cam-1"};

struct world {
    char dir[64];
    struct agent_store *store;
    struct day_keys *keys;
    struct vault *vault;
    struct batch batch;
    struct wall now;
    struct aside_item item;
};

static void open_world(struct world *w)
{
    assert_int_equal(agent_store_open(w->dir, entropy_system(), &w->store, NULL), ERR_OK);
    assert_int_equal(day_keys_open(w->dir, entropy_system(), &w->keys, NULL), ERR_OK);
    assert_int_equal(vault_create(w->keys, entropy_system(), &w->vault, NULL), ERR_OK);
}

static void close_world(struct world *w)
{
    vault_destroy(&w->vault);
    day_keys_destroy(&w->keys);
    agent_store_destroy(&w->store);
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    (void)snprintf(w->dir, sizeof(w->dir), "/tmp/parkgate-aside-XXXXXX");
    if (mkdtemp(w->dir) == NULL || seal_init(NULL) != ERR_OK) {
        return -1;
    }
    w->now = (struct wall){.us = 20000 * day_us};
    open_world(w);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    static const char *const files[] = {"store/data.mdb", "store/lock.mdb", "store/owner",
                                        "store/ballast",  "keys/data.mdb",  "keys/lock.mdb",
                                        "keys/owner",     "store",          "keys"};
    char path[128];
    close_world(w);
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", w->dir, files[i]);
        (void)remove(path);
    }
    (void)rmdir(w->dir);
    free(w);
    return 0;
}

static enum err try_to_put(struct world *w, struct bytes body)
{
    w->item.head = (struct aside_head){.number = agent_store_state(w->store)->aside_last + 1,
                                       .at = w->now,
                                       .reader = camera,
                                       .why = "for a test",
                                       .whole = body.size};
    assert_int_equal(vault_seal_aside(w->vault, body, w->now, &w->item, NULL), ERR_OK);
    w->batch.aside = &w->item;
    return batch_commit(&w->batch, w->store, w->now, NULL);
}

static void put(struct world *w, const char *text)
{
    assert_int_equal(try_to_put(w, bytes_of_text(text)), ERR_OK);
}

static size_t list(struct world *w, struct aside_head heads[LIMIT_ASIDE_COUNT])
{
    size_t count = 0;
    assert_int_equal(aside_list(w->store, 0, LIMIT_ASIDE_COUNT, heads, &count, NULL), ERR_OK);
    return count;
}

static bool file_holds(const char *path, const char *text)
{
    bool found = false;
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    static char all[1 << 20];
    size_t size = fread(all, 1, sizeof(all), file);
    found = memmem(all, size, text, strlen(text)) != NULL;
    (void)fclose(file);
    return found;
}

static void a_body_outlives_a_restart_and_is_read_beside_the_daemon(void **state)
{
    struct world *w = *state;
    char path[128];
    put(w, "{\"license\":\"secret-plate\"}");
    close_world(w);
    open_world(w);
    (void)snprintf(path, sizeof(path), "%s/store/data.mdb", w->dir);
    assert_false(file_holds(path, "secret-plate"));
    assert_true(file_holds(path, "for a test"));
    assert_int_equal(agent_store_state(w->store)->aside_last, 1);
    put(w, "two");
    agent_store_destroy(
        &w->store); /* one store a directory and process: the daemon's stands aside */
    day_keys_destroy(&w->keys);

    struct agent_store *store = NULL;
    struct day_keys *keys = NULL;
    static struct aside_item item;
    static uint8_t body[LIMIT_ASIDE_BYTES];
    size_t size = 0;
    assert_int_equal(agent_store_open_to_read(w->dir, &store, NULL), ERR_OK);
    assert_int_equal(day_keys_open_to_read(w->dir, &keys, NULL), ERR_OK);
    assert_int_equal(aside_get(store, 1, &item, NULL), ERR_OK);
    assert_int_equal(vault_open_aside(keys, &item, body, &size, NULL), ERR_OK);
    assert_memory_equal(body, "{\"license\":\"secret-plate\"}", size);
    assert_string_equal(item.head.reader.text, "cam-1");
    assert_int_equal(item.head.whole, size);
    item.head.number = 2; /* sealed to its number */
    assert_int_equal(vault_open_aside(keys, &item, body, &size, NULL), ERR_CORRUPT);
    assert_int_equal(aside_get(store, 3, &item, NULL), ERR_NOT_FOUND);
    agent_store_destroy(&store);
    day_keys_destroy(&keys);
    vault_destroy(&w->vault);
    open_world(w);
}

static void the_same_body_of_the_same_reader_is_known(void **state)
{
    struct world *w = *state;
    bool has = false;
    put(w, "one");
    struct seal_hash digest = seal_hash_of(bytes_of_text("one"));
    assert_int_equal(aside_has(w->store, camera, digest.bytes, &has, NULL), ERR_OK);
    assert_true(has);
    struct name other = {.text = "cam-2"};
    assert_int_equal(aside_has(w->store, other, digest.bytes, &has, NULL), ERR_OK);
    assert_false(has);
    digest = seal_hash_of(bytes_of_text("two"));
    assert_int_equal(aside_has(w->store, camera, digest.bytes, &has, NULL), ERR_OK);
    assert_false(has);
}

static void the_oldest_make_room(void **state)
{
    struct world *w = *state;
    static struct aside_head heads[LIMIT_ASIDE_COUNT];
    static uint8_t large[LIMIT_ASIDE_BYTES];
    char text[32];
    for (int i = 1; i <= LIMIT_ASIDE_COUNT + 3; i++) {
        (void)snprintf(text, sizeof(text), "body %d", i);
        put(w, text);
    }
    assert_int_equal(list(w, heads), LIMIT_ASIDE_COUNT);
    assert_int_equal(heads[0].number, 4);
    assert_int_equal(heads[LIMIT_ASIDE_COUNT - 1].number, LIMIT_ASIDE_COUNT + 3);

    size_t fit = LIMIT_ASIDE_TOTAL_BYTES / LIMIT_ASIDE_BYTES;
    for (size_t i = 0; i < fit + 2; i++) {
        large[0] = (uint8_t)i;
        assert_int_equal(try_to_put(w, BYTES_OF(large)), ERR_OK);
    }
    size_t count = list(w, heads);
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++) {
        bytes += heads[i].kept;
    }
    assert_true(bytes <= LIMIT_ASIDE_TOTAL_BYTES);
    assert_true(count >= fit);
    assert_int_equal(heads[count - 1].number, agent_store_state(w->store)->aside_last);
}

static bool note_day(void *ctx, uint32_t day)
{
    uint32_t *noted = ctx;
    *noted = day;
    return true;
}

static void a_body_keeps_the_key_of_its_day_until_it_goes(void **state)
{
    struct world *w = *state;
    uint32_t freed = 0;
    size_t trimmed = 0;
    put(w, "old");
    w->now.us += 10 * day_us;
    put(w, "new");
    assert_int_equal(outbox_free_days(w->store, w->now, note_day, &freed, NULL), ERR_OK);
    assert_int_equal(freed, 0);
    w->now.us += (ASIDE_KEEP_DAYS - 10) * day_us;
    assert_int_equal(aside_trim(w->store, w->now, &trimmed, NULL), ERR_OK);
    assert_int_equal(trimmed, 0);
    w->now.us += day_us;
    assert_int_equal(aside_trim(w->store, w->now, &trimmed, NULL), ERR_OK);
    assert_int_equal(trimmed, 1);
    assert_int_equal(outbox_free_days(w->store, w->now, note_day, &freed, NULL), ERR_OK);
    assert_int_equal(freed, 20000);
    put(w, "next"); /* numbers are not given out twice */
    assert_int_equal(agent_store_state(w->store)->aside_last, 3);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_body_outlives_a_restart_and_is_read_beside_the_daemon),
        CASE(the_same_body_of_the_same_reader_is_known),
        CASE(the_oldest_make_room),
        CASE(a_body_keeps_the_key_of_its_day_until_it_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

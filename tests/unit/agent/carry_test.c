/* Goal: of a roster that is carried to a gate the park's rows and the copy are taken both or none,
 * and what the console is told is so. Method: a small roster is closed to a gate that has a copy
 * already and laid into its directory; commits of one of its stores fail. */
#include "reader-agent/app/carry.h"

#include <dlfcn.h>
#include <errno.h>
#include <lmdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/must.h"
#include "common/facts/carry.h"
#include "schema/errors.h"
#include "tests/unit/agent/gate_world.h"

enum { NUMBER = 4000, SEQUENCE = 3999, ROWS_MAX = 16 };

/* --- a disk that takes nothing of one store --- */

static const char *broken; /* ends its path; NULL: none */

static bool is_broken(MDB_txn *txn)
{
    const char *path = NULL;
    MUST(mdb_env_get_path(mdb_txn_env(txn), &path) == 0);
    size_t size = strlen(path);
    return broken != NULL && size > strlen(broken) &&
           strcmp(path + size - strlen(broken), broken) == 0;
}

int mdb_txn_commit(MDB_txn *txn)
{
    int (*real)(MDB_txn *) = (int (*)(MDB_txn *))(uintptr_t)dlsym(RTLD_NEXT, "mdb_txn_commit");
    if (is_broken(txn)) {
        mdb_txn_abort(txn);
        return EIO;
    }
    return real(txn);
}

/* --- the file --- */

struct rows {
    size_t count;
    ProtobufCBinaryData row[ROWS_MAX];
};

static enum err take_row(void *ctx, struct bytes row, struct fault *fault)
{
    struct rows *rows = ctx;
    (void)fault;
    uint8_t *copy = malloc(row.size);
    MUST(copy != NULL && rows->count < ROWS_MAX);
    memcpy(copy, row.data, row.size);
    rows->row[rows->count++] = (ProtobufCBinaryData){.len = row.size, .data = copy};
    return ERR_OK;
}

struct writing {
    FILE *file;
    struct seal_key key;
    uint8_t head[CARRY_HEAD_SIZE];
    uint32_t index;
};

static void put_chunk(struct writing *w, bool last, enum carry_kind kind,
                      const ProtobufCMessage *message)
{
    static uint8_t packed[4096];
    static uint8_t chunk[CARRY_LENGTH_SIZE + CARRY_SEALED_MAX];
    MUST(protobuf_c_message_get_packed_size(message) <= sizeof(packed));
    struct bytes plain = {.data = packed, .size = protobuf_c_message_pack(message, packed)};
    size_t size =
        carry_chunk_close(&w->key, w->head, w->index++, last, kind, plain, entropy_system(), chunk);
    assert_int_equal(fwrite(chunk, 1, size, w->file), size);
}

static void put_config(struct writing *w, struct gate *gate)
{
    struct rows rows = {0};
    Parkgate__Config config = PARKGATE__CONFIG__INIT;
    assert_int_equal(park_copy_walk(gate->store, take_row, &rows, NULL), ERR_OK);
    config.config_version = 2;
    config.part = config.parts = 1;
    config.n_row = rows.count;
    config.row = rows.row;
    put_chunk(w, false, CARRY_CONFIG, &config.base);
    for (size_t i = 0; i < rows.count; i++) {
        free(rows.row[i].data);
    }
}

/* Nobody is in it: whoever could enter before cannot once it is taken. */
static void put_copy(struct writing *w, uint64_t config_version)
{
    struct seal_hash digest = world_empty_digest();
    uint8_t key[SEAL_KEY_SIZE] = {9};
    Parkgate__CopyPart part = PARKGATE__COPY_PART__INIT;
    part.generation = 2;
    part.to = SEQUENCE;
    part.snapshot = part.complete = true;
    part.number = 1;
    part.config_version = config_version;
    part.digest = (ProtobufCBinaryData){.len = SEAL_HASH_SIZE, .data = digest.bytes};
    part.credential_key = (ProtobufCBinaryData){.len = sizeof(key), .data = key};
    put_chunk(w, true, CARRY_COPY, &part.base);
}

static void path_in(const struct gate_world *world, const char *name, char out[128])
{
    (void)snprintf(out, 128, "%s/%s", world->dir, name);
}

static void bring(struct gate_world *world, bool with_config)
{
    struct writing w = {0};
    struct carry_head head = {.gate = world->gate->settings.gate,
                              .number = NUMBER,
                              .made = world->wall,
                              .sequence = SEQUENCE};
    struct seal_box_secret server = {{3}};
    struct seal_box_secret gate = {{5}};
    struct seal_box_public public = seal_box_public_of(&server);
    char path[128];
    memcpy(world->gate->keys.secret_key.bytes, gate.bytes, sizeof(gate.bytes));
    memcpy(world->gate->rekey.server_now.bytes, public.bytes, sizeof(public.bytes));
    assert_int_equal(carry_key(&gate, &public, &w.key, NULL), ERR_OK);
    carry_head_write(&head, &w.key, w.head);
    path_in(world, CARRY_IN, path);
    w.file = fopen(path, "we");
    assert_non_null(w.file);
    assert_int_equal(fwrite(w.head, 1, sizeof(w.head), w.file), sizeof(w.head));
    if (with_config) {
        put_config(&w, world->gate);
    }
    put_copy(&w, 2);
    assert_int_equal(fclose(w.file), 0);
    world->mono.us += 2000000; /* it looks once a second */
    carry_tick(world->gate);
}

/* What the console is told: 0, or why it was not taken. */
static int answer(const struct gate_world *world)
{
    char path[128];
    char line[64] = "";
    path_in(world, CARRY_OUT, path);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof(line), file));
    (void)fclose(file);
    assert_int_equal(unlink(path), 0);
    return (int)strtol(line, NULL, 10);
}

static bool enters(struct gate_world *world)
{
    struct verdict verdict = {0};
    return gate_world_decide(world, "in", 0, &verdict) && verdict.outcome == OUTCOME_GRANT;
}

static void assert_unchanged(struct gate_world *world)
{
    assert_int_equal(agent_store_state(world->gate->store)->config_version, 1);
    assert_int_equal(copy_store_about(world->gate->copy.store)->generation, 1);
    assert_true(enters(world));
}

static void assert_taken(struct gate_world *world)
{
    struct verdict verdict = {0};
    assert_int_equal(answer(world), 0);
    assert_int_equal(agent_store_state(world->gate->store)->config_version, 2);
    assert_int_equal(copy_store_about(world->gate->copy.store)->generation, 2);
    assert_true(
        gate_world_decide(world, "in", 0, &verdict)); /* from the copy, which knows nobody */
    assert_int_equal(verdict.reason, REASON_CREDENTIAL_UNKNOWN);
}

/* --- tests --- */

static int make(void **state)
{
    struct gate_world *world = gate_world_open(false);
    assert_int_equal(devices_begin(world->gate, NULL), ERR_OK); /* which new rows are given to */
    assert_true(enters(world));
    *state = world;
    return 0;
}

static int destroy(void **state)
{
    struct gate_world *world = *state;
    static const char *const files[] = {"run/helpers.sock", "run"};
    broken = NULL;
    devices_end(world->gate);
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char path[128];
        path_in(world, files[i], path);
        (void)remove(path);
    }
    gate_world_close(&world);
    return 0;
}

static void both_are_taken(void **state)
{
    struct gate_world *world = *state;
    bring(world, true);
    assert_taken(world);
}

static void without_its_rows_the_copy_is_not_taken(void **state)
{
    struct gate_world *world = *state;
    broken = "/store";
    bring(world, true);
    broken = NULL;
    assert_int_equal(answer(world), ERROR_CARRY_DISK);
    assert_unchanged(world);
    bring(world, false); /* the file lacks them */
    assert_int_equal(answer(world), ERROR_CARRY_FAILED);
    assert_unchanged(world);
    bring(world, true);
    assert_taken(world);
}

static void a_copy_that_is_not_taken_after_its_rows_is_told(void **state)
{
    struct gate_world *world = *state;
    broken = "/copy";
    bring(world, true);
    broken = NULL;
    assert_int_equal(answer(world), ERROR_CARRY_PART);
    assert_int_equal(copy_store_about(world->gate->copy.store)->generation, 1);
    assert_true(enters(world)); /* the copy of before is read with the newer rows */
    bring(world, true);
    assert_taken(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(both_are_taken, make, destroy),
        cmocka_unit_test_setup_teardown(without_its_rows_the_copy_is_not_taken, make, destroy),
        cmocka_unit_test_setup_teardown(a_copy_that_is_not_taken_after_its_rows_is_told, make,
                                        destroy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

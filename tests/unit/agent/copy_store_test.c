/* Goal: the copy on the disk is what the controller said it is, whole and of one sequence, or there
 * is none. Method: rows as they come on the wire go into a real store in a temporary directory;
 * wrong digests, half-taken news, restarts, own changes laid over it and flipped bytes in the file
 * must leave the old copy or none. */
#include "reader-agent/store/copy_store.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <lmdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/must.h"
#include "common/facts/copy_rows.h"
#include "common/facts/field.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "common/store/keybuf.h"
#include "schema/record.pb-c.h"

enum { ROWS = 300, SLICE = 50 };

struct box {
    char dir[32];
    struct copy_store *store;
    struct copy_digest digest; /* of what the controller has told */
};

/* --- LMDB after a failed write of its root: it refuses all until it is opened anew --- */

static bool panics;

int mdb_env_create(MDB_env **env)
{
    int (*real)(MDB_env **) = (int (*)(MDB_env **))(uintptr_t)dlsym(RTLD_NEXT, "mdb_env_create");
    panics = false;
    return real(env);
}

int mdb_txn_begin(MDB_env *env, MDB_txn *parent, unsigned flags, MDB_txn **txn)
{
    int (*real)(MDB_env *, MDB_txn *, unsigned, MDB_txn **) =
        (int (*)(MDB_env *, MDB_txn *, unsigned, MDB_txn **))(uintptr_t)dlsym(RTLD_NEXT,
                                                                              "mdb_txn_begin");
    return panics ? MDB_PANIC : real(env, parent, flags, txn);
}

static int box_make(void **state)
{
    struct box *box = calloc(1, sizeof(*box));
    MUST(box != NULL && seal_init(NULL) == ERR_OK);
    (void)snprintf(box->dir, sizeof(box->dir), "/tmp/copy-XXXXXX");
    MUST(mkdtemp(box->dir) != NULL);
    assert_int_equal(copy_store_create(box->dir, &box->store, NULL), ERR_OK);
    assert_int_equal(copy_store_open(box->store, NULL), ERR_OK);
    *state = box;
    return 0;
}

static int box_remove(void **state)
{
    struct box *box = *state;
    static const char *const files[] = {"/copy/data.mdb", "/copy/lock.mdb", "/copy/owner", "/copy",
                                        ""};
    copy_store_destroy(&box->store);
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char path[64];
        (void)snprintf(path, sizeof(path), "%s%s", box->dir, files[i]);
        (void)remove(path);
    }
    free(box);
    return 0;
}

static void restart(struct box *box)
{
    struct fault fault = {0};
    copy_store_destroy(&box->store);
    if (copy_store_create(box->dir, &box->store, &fault) != ERR_OK ||
        copy_store_open(box->store, &fault) != ERR_OK) {
        fail_msg("%s", fault.what);
    }
}

/* --- rows: tenants, suspended or not --- */

struct row {
    char name[32];
    uint8_t key[64], value[64], packed[256];
    size_t key_size, value_size, packed_size;
};

static void row_of(struct row *row, unsigned n, bool suspended, bool gone)
{
    struct keybuf key;
    struct name name;
    Parkgate__TenantState record = PARKGATE__TENANT_STATE__INIT;
    Parkgate__CopyRow wire = PARKGATE__COPY_ROW__INIT;
    (void)snprintf(row->name, sizeof(row->name), "tenant-%u", n);
    assert_true(name_from_text(row->name, &name));
    keybuf_begin(&key);
    keybuf_name(&key, name);
    row->key_size = keybuf_view(&key).size;
    memcpy(row->key, keybuf_view(&key).data, row->key_size);
    record.tenant = row->name;
    record.suspended = suspended;
    row->value_size = parkgate__tenant_state__pack(&record, row->value);
    wire.table = TABLE_TENANT_STATE;
    wire.key = (ProtobufCBinaryData){.data = row->key, .len = row->key_size};
    wire.gone = gone;
    if (!gone) {
        wire.value = (ProtobufCBinaryData){.data = row->value, .len = row->value_size};
    }
    row->packed_size = parkgate__copy_row__pack(&wire, row->packed);
}

static void count(struct box *box, const struct row *row, bool add)
{
    static struct copy_row told;
    told.table = TABLE_TENANT_STATE;
    told.key_size = row->key_size;
    told.value_size = row->value_size;
    memcpy(told.key, row->key, row->key_size);
    memcpy(told.value, row->value, row->value_size);
    if (add) {
        copy_digest_add(&box->digest, &told);
    } else {
        copy_digest_subtract(&box->digest, &told);
    }
}

static enum err take(struct box *box, const struct row *row, struct fault *fault)
{
    struct bytes bytes = {.data = row->packed, .size = row->packed_size};
    return copy_store_take(box->store, &bytes, 1, fault);
}

static struct copy_about about_at(const struct box *box, uint64_t sequence)
{
    return (struct copy_about){
        .generation = 7,
        .sequence = sequence,
        .digest = copy_digest_bytes(&box->digest),
        .rows = box->digest.rows,
        .config_version = 3,
        .wall = {.us = 1000},
        .credential_key = {       {9}         },
        .covered_epoch = 2,
        .covered_count = 2,
        .covered = { {1, 10},          {12, 14}}
    };
}

/* Tenants 0 to ROWS - 1, none suspended, at sequence 100. */
static void snapshot(struct box *box)
{
    box->digest = (struct copy_digest){0};
    assert_int_equal(copy_store_begin_take(box->store, true, NULL), ERR_OK);
    for (unsigned i = 0; i < ROWS; i++) {
        struct row row;
        row_of(&row, i, false, false);
        count(box, &row, true);
        assert_int_equal(take(box, &row, NULL), ERR_OK);
    }
    struct copy_about about = about_at(box, 100);
    assert_int_equal(copy_store_end_take(box->store, &about, NULL), ERR_OK);
}

/* Tenant n is suspended from now on. */
static void suspend(struct box *box, unsigned n, uint64_t sequence)
{
    struct row was;
    struct row is;
    row_of(&was, n, false, false);
    row_of(&is, n, true, false);
    count(box, &was, false);
    count(box, &is, true);
    assert_int_equal(copy_store_begin_take(box->store, false, NULL), ERR_OK);
    assert_int_equal(take(box, &is, NULL), ERR_OK);
    struct copy_about about = about_at(box, sequence);
    assert_int_equal(copy_store_end_take(box->store, &about, NULL), ERR_OK);
}

static bool is_suspended(struct box *box, unsigned n)
{
    struct store_txn *txn = copy_store_own(box->store);
    struct row row;
    struct name name;
    bool suspended = false;
    row_of(&row, n, false, false);
    assert_true(name_from_text(row.name, &name));
    if (txn == NULL) {
        assert_int_equal(copy_store_begin_own(box->store, &txn, NULL), ERR_OK);
    }
    assert_int_equal(people_tenant_suspended(txn, name, &suspended, NULL), ERR_OK);
    return suspended;
}

/* Walks to the end. */
static enum err check_all(struct box *box, struct fault *fault)
{
    bool done = false;
    for (int i = 0; i < 2 * ROWS / SLICE + 4; i++) {
        TRY(copy_store_check(box->store, SLICE, &done, fault));
        if (done) {
            return ERR_OK;
        }
    }
    return ERR_BUSY;
}

/* --- tests --- */

static void there_is_none_at_first(void **state)
{
    struct box *box = *state;
    assert_true(copy_store_about(box->store)->generation == 0);
    assert_null(copy_store_own(box->store));
}

static void it_survives_a_restart(void **state)
{
    struct box *box = *state;
    snapshot(box);
    suspend(box, 5, 101);
    restart(box);
    const struct copy_about *about = copy_store_about(box->store);
    assert_true(about->generation == 7 && about->sequence == 101 && about->config_version == 3);
    assert_int_equal(about->credential_key.bytes[0], 9);
    assert_true(is_suspended(box, 5));
    assert_false(is_suspended(box, 6));
    assert_int_equal(check_all(box, NULL), ERR_OK);
}

static void it_says_which_own_events_it_has(void **state)
{
    struct box *box = *state;
    snapshot(box);
    restart(box);
    const struct copy_about *about = copy_store_about(box->store);
    assert_true(copy_covers(about, 2, 1) && copy_covers(about, 2, 10) && copy_covers(about, 2, 14));
    assert_false(copy_covers(about, 2, 11) || copy_covers(about, 2, 15) ||
                 copy_covers(about, 1, 1));
}

static void half_of_the_news_changes_nothing(void **state)
{
    struct box *box = *state;
    struct row row;
    snapshot(box);
    row_of(&row, 5, true, false);
    assert_int_equal(copy_store_begin_take(box->store, false, NULL), ERR_OK);
    assert_int_equal(take(box, &row, NULL), ERR_OK);
    copy_store_drop_take(box->store);
    assert_false(is_suspended(box, 5));
    assert_true(copy_store_about(box->store)->sequence == 100);
    copy_store_drop_own(box->store);
    assert_int_equal(check_all(box, NULL), ERR_OK);
}

static void a_wrong_digest_changes_nothing(void **state)
{
    struct box *box = *state;
    struct row row;
    struct fault fault = {0};
    snapshot(box);
    row_of(&row, 5, true, false);
    assert_int_equal(copy_store_begin_take(box->store, false, NULL), ERR_OK);
    assert_int_equal(take(box, &row, NULL), ERR_OK);
    struct copy_about about = about_at(box, 101); /* of the old rows */
    assert_int_equal(copy_store_end_take(box->store, &about, &fault), ERR_REFUSED);
    assert_string_equal(fault.what, "the copy's digest at sequence 101 is not the controller's");
    assert_true(copy_store_about(box->store)->sequence == 100);
    assert_false(is_suspended(box, 5));
}

static void bad_rows_are_refused(void **state)
{
    struct box *box = *state;
    struct fault fault = {0};
    struct row row;
    Parkgate__CopyRow wire = PARKGATE__COPY_ROW__INIT;
    snapshot(box);
    assert_int_equal(copy_store_begin_take(box->store, false, NULL), ERR_OK);
    wire.table = TABLE_CREDENTIAL; /* without a key */
    row.packed_size = parkgate__copy_row__pack(&wire, row.packed);
    assert_int_equal(take(box, &row, &fault), ERR_INPUT);
    wire.table = TABLE_JOURNAL;
    row.packed_size = parkgate__copy_row__pack(&wire, row.packed);
    assert_int_equal(take(box, &row, &fault), ERR_INPUT);
    row.packed[0] = 0xff;
    row.packed_size = 1;
    assert_int_equal(take(box, &row, &fault), ERR_INPUT);
    assert_string_equal(fault.what, "copy: a row cannot be read");
    copy_store_drop_take(box->store);
}

static void what_is_laid_over_it_is_never_kept(void **state)
{
    struct box *box = *state;
    struct store_txn *txn = NULL;
    struct row row;
    snapshot(box);
    row_of(&row, 9, true, false);
    assert_int_equal(copy_store_begin_own(box->store, &txn, NULL), ERR_OK);
    Parkgate__TenantState record = PARKGATE__TENANT_STATE__INIT;
    record.tenant = row.name;
    record.suspended = true;
    assert_int_equal(store_put_message(txn, TABLE_TENANT_STATE,
                                       (struct bytes){.data = row.key, .size = row.key_size},
                                       &record.base, NULL),
                     ERR_OK);
    assert_true(is_suspended(box, 9));
    assert_int_equal(check_all(box, NULL), ERR_OK); /* beside it, of the copy alone */
    suspend(box, 5, 101);                           /* news end it */
    assert_null(copy_store_own(box->store));
    assert_false(is_suspended(box, 9));
    assert_true(is_suspended(box, 5));
}

/* Rows in front of and behind the place that the walk has come to change while it goes on. */
static void a_walk_goes_on_over_news(void **state)
{
    struct box *box = *state;
    bool done = false;
    uint64_t sequence = 100;
    snapshot(box);
    int rounds = 0;
    for (unsigned n = 0; !done && rounds < 2 * ROWS; rounds++, n = (n + 61) % ROWS) {
        struct row was;
        row_of(&was, n, false, false);
        if (!is_suspended(box, n)) {
            suspend(box, n, ++sequence);
        }
        copy_store_drop_own(box->store);
        assert_int_equal(copy_store_check(box->store, 7, &done, NULL), ERR_OK);
    }
    assert_true(done);
    assert_true(rounds > 10);
}

/* Flips one bit of each place in the file where `text` stands. Returns how many. */
static int flip(const struct box *box, const char *text)
{
    char path[64];
    int flipped = 0;
    (void)snprintf(path, sizeof(path), "%s/copy/data.mdb", box->dir);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    struct stat st;
    assert_true(fd >= 0 && fstat(fd, &st) == 0);
    uint8_t *bytes = malloc((size_t)st.st_size);
    assert_true(bytes != NULL && pread(fd, bytes, (size_t)st.st_size, 0) == st.st_size);
    for (off_t at = 0; at + (off_t)strlen(text) < st.st_size; at++) {
        if (memcmp(bytes + at, text, strlen(text)) == 0 &&
            bytes[at + (off_t)strlen(text)] == 0x10) {
            uint8_t bad = bytes[at] ^ 1;
            assert_true(pwrite(fd, &bad, 1, at) == 1);
            flipped++;
        }
    }
    free(bytes);
    assert_int_equal(close(fd), 0);
    return flipped;
}

static void a_flipped_byte_is_found(void **state)
{
    struct box *box = *state;
    struct fault fault = {0};
    struct store_txn *txn = NULL;
    struct name name;
    bool suspended = false;
    snapshot(box);
    suspend(box, 271, 101);
    assert_true(flip(box, "tenant-271") > 0);
    /* By whoever reads the record ... */
    assert_true(name_from_text("tenant-271", &name));
    assert_int_equal(copy_store_begin_own(box->store, &txn, NULL), ERR_OK);
    assert_int_equal(people_tenant_suspended(txn, name, &suspended, &fault), ERR_CORRUPT);
    assert_true(name_from_text("tenant-272", &name));
    assert_int_equal(people_tenant_suspended(txn, name, &suspended, &fault), ERR_OK);
    /* ... and by the walk, again and again; what else it passes is as sound as before. */
    assert_int_equal(check_all(box, &fault), ERR_CORRUPT);
    assert_int_equal(check_all(box, &fault), ERR_CORRUPT);
    assert_true(copy_store_about(box->store)->sequence == 101);
    assert_int_equal(people_tenant_suspended(txn, name, &suspended, &fault), ERR_OK);
    /* The next snapshot takes its place. */
    snapshot(box);
    assert_int_equal(check_all(box, NULL), ERR_OK);
}

/* A row that is sound by itself, and not the one that was told. */
static void tamper(struct box *box, unsigned n)
{
    const char *tables[TABLE_COUNT + 1];
    char path[64];
    struct row row;
    AUTO(store_destroy) struct store *store = NULL;
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    Parkgate__TenantState record = PARKGATE__TENANT_STATE__INIT;
    copy_store_destroy(&box->store);
    (void)snprintf(path, sizeof(path), "%s/copy", box->dir);
    memcpy(tables, table_names, TABLE_COUNT * sizeof(tables[0]));
    tables[TABLE_COUNT] = "copy_state";
    struct store_options options = {.dir = path,
                                    .kind = "copy",
                                    .version = 1,
                                    .tables = tables,
                                    .table_count = ARRAY_LEN(tables),
                                    .map_size = (size_t)1 << 30};
    assert_int_equal(store_open(&options, &store, NULL), ERR_OK);
    assert_int_equal(store_begin_write(store, &txn, NULL), ERR_OK);
    row_of(&row, n, false, false);
    record.tenant = row.name;
    record.suspended = true;
    struct bytes key = {.data = row.key, .size = row.key_size};
    assert_int_equal(store_put_message(txn, TABLE_TENANT_STATE, key, &record.base, NULL), ERR_OK);
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
}

static void a_row_that_was_not_told_is_found(void **state)
{
    struct box *box = *state;
    struct fault fault = {0};
    snapshot(box);
    tamper(box, 17);
    restart(box);
    assert_int_equal(check_all(box, &fault), ERR_REFUSED);
    assert_string_equal(fault.what, "the copy's rows do not sum up to its digest");
    assert_int_equal(copy_store_reset(box->store, NULL), ERR_OK);
    assert_true(copy_store_about(box->store)->generation == 0);
    snapshot(box);
    assert_int_equal(check_all(box, NULL), ERR_OK);
}

static void a_damaged_file_is_thrown_away_at_the_start(void **state)
{
    struct box *box = *state;
    snapshot(box);
    suspend(box, 271, 101);
    copy_store_destroy(&box->store);
    assert_true(flip(box, "tenant-271") > 0);
    char path[64];
    (void)snprintf(path, sizeof(path), "%s/copy/data.mdb", box->dir);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    static const uint8_t rubbish[4096] = {1, 2, 3};
    assert_true(pwrite(fd, rubbish, sizeof(rubbish), 0) == (ssize_t)sizeof(rubbish));
    assert_true(pwrite(fd, rubbish, sizeof(rubbish), 4096) == (ssize_t)sizeof(rubbish));
    assert_int_equal(close(fd), 0);
    restart(box);
    assert_true(copy_store_about(box->store)->generation == 0);
    snapshot(box);
    restart(box);
    assert_true(copy_store_about(box->store)->sequence == 100);
}

/* As others may write to it, say, or its disk cannot read it. */
static void one_that_cannot_be_opened_gives_way_to_the_next(void **state)
{
    struct box *box = *state;
    char path[64];
    bool done = false;
    snapshot(box);
    copy_store_destroy(&box->store);
    (void)snprintf(path, sizeof(path), "%s/copy/data.mdb", box->dir);
    assert_int_equal(chmod(path, 0666), 0);
    assert_int_equal(copy_store_create(box->dir, &box->store, NULL), ERR_OK);
    assert_int_equal(copy_store_open(box->store, NULL), ERR_REFUSED);
    assert_true(copy_store_about(box->store)->generation == 0);
    assert_int_equal(copy_store_check(box->store, SLICE, &done, NULL), ERR_OK);
    snapshot(box);
    restart(box);
    assert_true(copy_store_about(box->store)->sequence == 100);
}

static void after_a_failed_write_it_is_opened_anew(void **state)
{
    struct box *box = *state;
    snapshot(box);
    panics = true;
    suspend(box, 5, 101);
    assert_false(panics);
    assert_true(copy_store_about(box->store)->sequence == 101);
    panics = true;
    assert_int_equal(check_all(box, NULL), ERR_OK);
    panics = true;
    assert_true(is_suspended(box, 5) && !is_suspended(box, 6));
}

int main(void)
{
#define BOX_TEST(f) cmocka_unit_test_setup_teardown(f, box_make, box_remove)
    static const struct CMUnitTest tests[] = {
        BOX_TEST(there_is_none_at_first),
        BOX_TEST(it_survives_a_restart),
        BOX_TEST(it_says_which_own_events_it_has),
        BOX_TEST(half_of_the_news_changes_nothing),
        BOX_TEST(a_wrong_digest_changes_nothing),
        BOX_TEST(bad_rows_are_refused),
        BOX_TEST(what_is_laid_over_it_is_never_kept),
        BOX_TEST(a_walk_goes_on_over_news),
        BOX_TEST(a_flipped_byte_is_found),
        BOX_TEST(a_row_that_was_not_told_is_found),
        BOX_TEST(a_damaged_file_is_thrown_away_at_the_start),
        BOX_TEST(one_that_cannot_be_opened_gives_way_to_the_next),
        BOX_TEST(after_a_failed_write_it_is_opened_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

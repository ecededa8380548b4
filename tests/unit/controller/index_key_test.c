/* Goal: the key of the keyed hashes is replaced at work: whoever was known before is found, by each
 * of the ways that go by a hash, whoever comes after is hashed under the new key alone, and a kill
 * at any step of the file's change leaves a file that finds all. Method: a whole controller with
 * the day's gates and people, whose keys are given by hand; the file's steps one by one, as a kill
 * leaves them; every park's journal is replayed at the end. */
#include "tests/unit/controller/pairing_fixture.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/job/index_file.h"

#define NEWCOMER "04aabbccddeeff"
#define ID       "11010519491231002X"

static const struct seal_key old_key = {.bytes = {7}};
static const struct seal_key new_key = {.bytes = {8}};

static void replace_key(struct world *w)
{
    MUST(index_keys_add(&w->index_keys, &new_key));
    index_keys_use(w->ctl, &w->index_keys);
}

static const char *hire(struct world *w, const char *id, const char *external)
{
    return note(admin(w, "person.add", "tenant", "acme", "kind", "staff", "name", "Chen Jing",
                      "id_number", id, "external", external, NULL),
                "person");
}

static const char *found_by(struct world *w, const char *what, const char *value)
{
    const Parkgate__Reply *reply =
        admin(w, "person.find", "tenant", "acme", what, value, "reason", "a test", NULL);
    return cell(reply, 0, "person");
}

/* --- people --- */

static void who_was_known_is_found(void **state)
{
    struct park_day *d = *state;
    char person[HANDLE_TEXT_SIZE];
    (void)snprintf(person, sizeof(person), "%s", hire(d->w, ID, "E7"));
    (void)admin(d->w, "pin.set", "person", d->li, "pin", "8306", NULL);
    replace_key(d->w);
    granted(d, gate_badge(d->w, &d->a, "a-in", WANG), REASON_GRANTED);
    denied(d, badge(d, "p-pin", LI), REASON_SECOND_NEEDED);
    granted(d, pin(d, "p-pin", "8306"), REASON_GRANTED);
    world_turn(d->w);
    assert_string_equal(found_by(d->w, "id_number", ID), person);
    assert_string_equal(found_by(d->w, "external", "E7"), person);
    assert_refused(ask(d->w, d->w->admin, "person.add", "tenant", "acme", "kind", "staff", "name",
                       "Chen Jing", "id_number", ID, NULL),
                   ERROR_EXISTS); /* no second one */
    assert_refused(ask(d->w, d->w->admin, "badge.add", "person", person, "uid", WANG, NULL),
                   ERROR_CREDENTIAL_TAKEN);
    (void)admin(d->w, "pin.set", "person", d->li, "pin", "9417", NULL);
    later(d, 60 * SECOND_US);
    denied(d, badge(d, "p-pin", LI), REASON_SECOND_NEEDED);
    granted(d, pin(d, "p-pin", "9417"), REASON_GRANTED);
}

static struct seal_hash badge_hash(const struct seal_key *key, const char *uid)
{
    uint8_t kind[1] = {CREDENTIAL_KIND_BADGE};
    uint8_t bytes[BADGE_UID_MAX];
    MUST(bytes_from_hex(uid, bytes, strlen(uid) / 2));
    return seal_keyed_hash(
        key, "parkgate credential",
        SEAL_PARTS(BYTES_OF(kind), ((struct bytes){.data = bytes, .size = strlen(uid) / 2})));
}

static bool is_kept(struct world *w, const struct seal_key *key, const char *uid)
{
    struct fault fault = {0};
    struct bytes value;
    struct seal_hash hash = badge_hash(key, uid);
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    assert_int_equal(store_begin_read(w->store, &txn, &fault), ERR_OK);
    return store_get(txn, TABLE_CREDENTIAL, BYTES_OF(hash.bytes), &value, &fault) == ERR_OK;
}

static void who_is_new_is_hashed_under_the_new_key(void **state)
{
    struct park_day *d = *state;
    replace_key(d->w);
    person_with_badge(d->w, "acme", "Chen Jing", NEWCOMER, "day", NULL);
    granted(d, gate_badge(d->w, &d->a, "a-in", NEWCOMER), REASON_GRANTED);
    world_turn(d->w);
    assert_true(is_kept(d->w, &new_key, NEWCOMER));
    assert_false(is_kept(d->w, &old_key, NEWCOMER));
    assert_true(is_kept(d->w, &old_key, LI));
    world_restart(d->w);
    gate_join(d->w, &d->a, "gate-a", 3);
    granted(d, gate_badge(d->w, &d->a, "a-in", LI), REASON_GRANTED);
    world_turn(d->w);
    d->w->index_keys = (struct index_keys){.count = 1, .key = {old_key}}; /* a stolen copy */
    world_restart(d->w);
    gate_join(d->w, &d->a, "gate-a", 4);
    denied(d, gate_badge(d->w, &d->a, "a-in", NEWCOMER), REASON_CREDENTIAL_UNKNOWN);
}

/* --- events and codes --- */

static void an_event_told_again_is_the_same(void **state)
{
    struct park_day *d = *state;
    uint64_t read = gate_badge(d->w, &d->a, "a-in", LI);
    world_turn(d->w);
    replace_key(d->w);
    sent_forget(d->w);
    gate_again(d->w, &d->a);
    world_turn(d->w);
    uint32_t error = 0;
    assert_int_equal(answer_of(d->w, read, &error), ANSWER_APPLIED);
    assert_int_equal(error, 0);
}

static void a_code_given_before_is_good(void **state)
{
    struct park_day *d = *state;
    char code[32];
    (void)snprintf(code, sizeof(code), "%s",
                   note(admin(d->w, "agent.enroll", "gate", "gate-b", NULL), "code"));
    replace_key(d->w);
    gate_use_code(d->w, "gate-b", key_of(77), code);
}

static void it_is_journalled(void **state)
{
    struct park_day *d = *state;
    replace_key(d->w);
    Parkgate__KeyReplace *entry =
        (void *)newest_entry(d->w, ENTRY_KEY_REPLACE, &parkgate__key_replace__descriptor);
    assert_int_equal(entry->index_keys, 2);
    parkgate__key_replace__free_unpacked(entry, NULL);
    const Parkgate__Reply *reply = admin(d->w, "events", "kind", "key-replace", NULL);
    assert_string_equal(cell(reply, 0, "text"), "index: a new key, 2 in all");
}

/* --- the file --- */

struct files {
    char dir[64], path[96], next[96], fresh[96];
};

static int files_setup(void **state)
{
    static struct files f;
    (void)snprintf(f.dir, sizeof(f.dir), "/tmp/parkgate-index-XXXXXX");
    assert_non_null(mkdtemp(f.dir));
    (void)snprintf(f.path, sizeof(f.path), "%s/index.key", f.dir);
    (void)snprintf(f.next, sizeof(f.next), "%s/index.key.next", f.dir);
    (void)snprintf(f.fresh, sizeof(f.fresh), "%s/index.key.new", f.dir);
    *state = &f;
    return 0;
}

static int files_teardown(void **state)
{
    remove_tree(((struct files *)*state)->dir);
    return 0;
}

#define FILES_TEST(name) cmocka_unit_test_setup_teardown(name, files_setup, files_teardown)

static void put_file(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(close(fd), 0);
}

static void put_keys(const char *path, const struct index_keys *keys)
{
    char text[INDEX_KEYS_TEXT_SIZE];
    index_keys_text(keys, text);
    put_file(path, text, 0600);
}

static struct index_keys keys_in(const char *path)
{
    struct index_keys keys = {0};
    struct fault fault = {0};
    if (index_file_read(path, &keys, &fault) != ERR_OK) {
        fail_msg("%s", fault.what);
    }
    return keys;
}

static const struct index_keys just_old = {.count = 1, .key = {{.bytes = {7}}}};
static const struct index_keys just_new = {.count = 1, .key = {{.bytes = {8}}}};

static void assert_both(const struct index_keys *keys)
{
    assert_int_equal(keys->count, 2);
    assert_memory_equal(&keys->key[0], &new_key, sizeof(new_key));
    assert_memory_equal(&keys->key[1], &old_key, sizeof(old_key));
}

static void assert_taken(const struct files *f, struct index_keys keys)
{
    struct fault fault = {0};
    struct stat info;
    assert_int_equal(index_file_next(f->path, &keys, &fault), ERR_OK);
    assert_both(&keys);
    keys = keys_in(f->path);
    assert_both(&keys);
    assert_int_equal(stat(f->path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    index_file_end_next(f->path);
    assert_int_equal(index_file_next(f->path, &keys, &fault), ERR_NOT_FOUND);
}

static void killed_at_any_step_it_goes_on(void **state)
{
    const struct files *f = *state;
    struct index_keys both = just_old;
    assert_true(index_keys_add(&both, &new_key));
    put_keys(f->path, &just_old);
    put_keys(f->next, &just_new);
    assert_taken(f, just_old);
    put_keys(f->path, &just_old); /* while the new file was being written */
    put_keys(f->next, &just_new);
    put_file(f->fresh, "0800", 0600);
    assert_taken(f, just_old);
    put_keys(f->path, &both); /* before it was used, and before FILE.next was gone */
    put_keys(f->next, &just_new);
    assert_taken(f, both);
    assert_int_equal(access(f->fresh, F_OK), -1);
}

static void assert_not_taken(const struct files *f, enum err err, const char *why)
{
    struct index_keys keys = keys_in(f->path);
    struct index_keys before = keys;
    struct fault fault = {0};
    char all[256];
    assert_int_equal(index_file_next(f->path, &keys, &fault), err);
    (void)snprintf(all, sizeof(all), why, f->dir);
    assert_string_equal(fault.what, all);
    assert_memory_equal(&keys, &before, sizeof(keys));
    keys = keys_in(f->path);
    assert_memory_equal(&keys, &before, sizeof(keys));
}

static void a_bad_next_key_changes_nothing(void **state)
{
    const struct files *f = *state;
    struct index_keys two = just_old;
    assert_true(index_keys_add(&two, &new_key));
    put_keys(f->path, &just_old);
    put_file(f->next, "not a key\n", 0600);
    assert_not_taken(f, ERR_INPUT,
                     "%s/index.key.next: not 64 hex digits; it is made by parkgate init and kept "
                     "in every backup");
    put_keys(f->next, &two);
    assert_not_taken(f, ERR_INPUT, "%s/index.key.next: more than one key");
    put_keys(f->next, &just_new);
    assert_int_equal(chmod(f->next, 0644), 0);
    char why[256];
    (void)snprintf(why, sizeof(why), "%s may be read by others; run: chmod 600 %s", f->next,
                   f->next);
    assert_not_taken(f, ERR_REFUSED, why);
    assert_int_equal(unlink(f->next), 0);
    struct index_keys full = {.count = INDEX_KEYS_MAX};
    for (size_t i = 0; i < INDEX_KEYS_MAX; i++) {
        full.key[i].bytes[0] = (uint8_t)(100 + i);
    }
    put_keys(f->path, &full);
    put_keys(f->next, &just_new);
    assert_not_taken(f, ERR_FULL, "%s/index.key: 8 keys already, and none of them may go");
}

static void lines_of_other_things_are_no_keys(void **state)
{
    (void)state;
    static const char good[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    char text[1024];
    struct index_keys keys;
    assert_true(index_keys_parse(good, &keys));
    assert_int_equal(keys.count, 1);
    (void)snprintf(text, sizeof(text), "%s\r\n%s\n\n", good, good);
    assert_true(index_keys_parse(text, &keys));
    assert_int_equal(keys.count, 2);
    assert_false(index_keys_parse("", &keys));
    assert_false(index_keys_parse(good + 1, &keys));
    (void)snprintf(text, sizeof(text), "%s0\n", good);
    assert_false(index_keys_parse(text, &keys));
    (void)snprintf(text, sizeof(text), "%s\nand more\n", good);
    assert_false(index_keys_parse(text, &keys));
    text[0] = '\0';
    for (size_t i = 0; i <= INDEX_KEYS_MAX; i++) {
        size_t used = strlen(text);
        (void)snprintf(text + used, sizeof(text) - used, "%s\n", good);
    }
    assert_false(index_keys_parse(text, &keys));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PAIR_TEST(who_was_known_is_found),
        DAY_TEST(who_is_new_is_hashed_under_the_new_key),
        DAY_TEST(an_event_told_again_is_the_same),
        DAY_TEST(a_code_given_before_is_good),
        DAY_TEST(it_is_journalled),
        FILES_TEST(killed_at_any_step_it_goes_on),
        FILES_TEST(a_bad_next_key_changes_nothing),
        cmocka_unit_test(lines_of_other_things_are_no_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Goal: a gate's copy gets every row that decisions read and nothing personal, both sides find the
 * same digest, and a row that does not fit is refused. Method: two stores in one process, one as
 * the controller's, one as the gate's; rows go from one to the other as they would on the wire. */
#include "tests/unit/facts/facts_store.h"

#include "common/access/credential.h"
#include "common/facts/copy_parts.h"
#include "common/facts/copy_rows.h"
#include "common/facts/people_store.h"
#include "common/store/keybuf.h"
#include "schema/kinds.h"
#include "schema/record.pb-c.h"

struct pair {
    struct facts_store controller, gate;
    struct copy_digest digest; /* the gate's */
};

static const struct handle MA = {{1}};
static const struct handle LI = {{2}};
static const struct handle BADGE = {{3}};
static const struct handle PIN = {{4}};
static const struct handle OTHER_BADGE = {{5}};
static const struct seal_key GATES_KEY = {{7}};
static const char SECRET[] = "Ma Xiaoming 110105199001010012";

static int pair_make(void **state)
{
    struct pair *p = calloc(1, sizeof(*p));
    MUST(p != NULL && seal_init(NULL) == ERR_OK);
    facts_store_open(&p->controller);
    facts_store_open(&p->gate);
    *state = p;
    return 0;
}

static int pair_remove(void **state)
{
    struct pair *p = *state;
    facts_store_close(&p->controller);
    facts_store_close(&p->gate);
    free(p);
    return 0;
}

static char *text(const char *from)
{
    return (char *)(uintptr_t)from;
}

static ProtobufCBinaryData handle_field(const struct handle *handle)
{
    return people_field(handle);
}

static ProtobufCBinaryData secret_field(void)
{
    return field_of(bytes_of_text(SECRET));
}

static void put(struct facts_store *s, enum table table, struct bytes key,
                const ProtobufCMessage *message)
{
    assert_int_equal(store_put_message(s->txn, table, key, message, NULL), ERR_OK);
}

static struct bytes handle_bytes(const struct handle *handle)
{
    return BYTES_OF(handle->bytes);
}

static void put_holder(struct facts_store *s, const struct handle *who)
{
    char *suspended[] = {text("acme")};
    Parkgate__HolderRecord record = PARKGATE__HOLDER_RECORD__INIT;
    record.holder = handle_field(who);
    record.tenant = text("acme");
    record.kind = 2;
    record.sealed = record.id_hash = record.external_hash = secret_field();
    record.n_suspended_by = 1;
    record.suspended_by = suspended;
    put(s, TABLE_HOLDER, handle_bytes(who), &record.base);
}

static struct seal_hash controllers_hash(const struct handle *credential)
{
    return seal_hash_of(handle_bytes(credential));
}

static void put_credential(struct facts_store *s, const struct handle *credential,
                           const struct handle *holder, enum credential_kind kind,
                           struct seal_hash hash)
{
    Parkgate__CredentialRecord record = PARKGATE__CREDENTIAL_RECORD__INIT;
    record.credential = handle_field(credential);
    record.hash = field_of(BYTES_OF(hash.bytes));
    record.kind = kind;
    record.holder = handle_field(holder);
    record.sealed = secret_field();
    record.consent = record.purpose = record.reason = text(SECRET);
    record.from_us = 11;
    record.until_us = 22;
    put(s, TABLE_CREDENTIAL, BYTES_OF(hash.bytes), &record.base);
    assert_int_equal(store_put(s->txn, TABLE_CREDENTIAL_ID, handle_bytes(credential),
                               BYTES_OF(hash.bytes), NULL),
                     ERR_OK);
}

static bool bytes_contain(struct bytes in, struct bytes part)
{
    return part.size <= in.size && memmem(in.data, in.size, part.data, part.size) != NULL;
}

static struct copy_row told(struct facts_store *s, enum table table, struct bytes key)
{
    struct copy_row row;
    struct fault fault = {0};
    if (copy_row_get(s->txn, table, key, &row, &fault) != ERR_OK) {
        fail_msg("%s: %s", table_names[table], fault.what);
    }
    return row;
}

static Parkgate__CopyRow wire_of(const struct copy_row *row)
{
    Parkgate__CopyRow wire = PARKGATE__COPY_ROW__INIT;
    wire.table = row->table;
    wire.key = field_of((struct bytes){.data = row->key, .size = row->key_size});
    wire.value = field_of((struct bytes){.data = row->value, .size = row->value_size});
    return wire;
}

static Parkgate__CopyRow wire_gone(enum table table, struct bytes key)
{
    Parkgate__CopyRow wire = PARKGATE__COPY_ROW__INIT;
    wire.table = table;
    wire.key = field_of(key);
    wire.gone = true;
    return wire;
}

static void take(struct pair *p, const Parkgate__CopyRow *wire)
{
    struct fault fault = {0};
    if (copy_row_take(p->gate.txn, wire, &p->digest, &fault) != ERR_OK) {
        fail_msg("%s", fault.what);
    }
}

static enum err send_row(void *ctx, const struct copy_row *row, struct bytes stored_key,
                         struct fault *fault)
{
    struct pair *p = ctx;
    struct copy_row with_hash = *row;
    (void)stored_key;
    if (row->table == TABLE_CREDENTIAL) {
        struct seal_key key = copy_credential_key(&GATES_KEY, "gate-a", 9);
        struct seal_hash hash = copy_credential_hash(
            &key, CREDENTIAL_KIND_BADGE, (struct bytes){.data = row->key, .size = row->key_size});
        copy_row_add_hash(&with_hash, &hash);
    }
    Parkgate__CopyRow wire = wire_of(&with_hash);
    return copy_row_take(p->gate.txn, &wire, &p->digest, fault);
}

static void send_all(struct pair *p)
{
    struct copy_place place = {0};
    struct fault fault = {0};
    bool more = true;
    while (more) {
        if (copy_walk(p->controller.txn, &place, 1, send_row, p, &more, &fault) != ERR_OK) {
            fail_msg("%s", fault.what);
        }
    }
}

static struct copy_digest sum_up(struct facts_store *s, size_t slice)
{
    struct copy_place place = {0};
    struct copy_digest digest = {0};
    bool more = true;
    while (more) {
        assert_int_equal(copy_walk(s->txn, &place, slice, copy_visit_digest, &digest, &more, NULL),
                         ERR_OK);
    }
    return digest;
}

/* --- what is told --- */

/* Fields by which somebody could be named, or that say what somebody wrote of him. */
static bool is_personal(const char *field)
{
    static const char *const names[] = {
        "sealed",  "id_hash", "external_hash", "hash",     "consent", "purpose", "appeal_decider",
        "decider", "notice",  "appeal",        "document", "actor",   "by",      "digest",
        "name"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (strcmp(field, names[i]) == 0) {
            return true;
        }
    }
    return strcmp(field, "reason") == 0;
}

static void no_table_keeps_a_personal_field(void **state)
{
    (void)state;
    size_t fields = 0;
    for (size_t i = 0; i < copy_table_count; i++) {
        const struct copy_table *table = copy_table_of(copy_tables[i]);
        assert_non_null(table);
        for (unsigned n = 0; table->descriptor != NULL && n < table->descriptor->n_fields; n++) {
            const ProtobufCFieldDescriptor *field = &table->descriptor->fields[n];
            bool kept = (table->kept >> field->id & 1) != 0;
            if (kept && is_personal(field->name)) {
                fail_msg("%s.%s is told", table_names[table->table], field->name);
            }
            fields += kept;
        }
        uint64_t named = table->descriptor == NULL ? 0 : table->kept;
        for (unsigned id = 1; id < 64; id++) {
            bool there = table->descriptor != NULL &&
                         protobuf_c_message_descriptor_get_field(table->descriptor, id) != NULL;
            assert_true(there || (named >> id & 1) == 0);
        }
    }
    assert_true(fields > 60);
}

static void a_holder_is_told_without_who_it_is(void **state)
{
    struct pair *p = *state;
    put_holder(&p->controller, &MA);
    struct copy_row row = told(&p->controller, TABLE_HOLDER, handle_bytes(&MA));
    struct bytes value = {.data = row.value, .size = row.value_size};
    assert_false(bytes_contain(value, bytes_of_text(SECRET)));
    Parkgate__HolderRecord *record = parkgate__holder_record__unpack(NULL, value.size, value.data);
    assert_non_null(record);
    assert_string_equal(record->tenant, "acme");
    assert_int_equal(record->kind, 2);
    assert_int_equal(record->n_suspended_by, 1);
    assert_int_equal(record->sealed.len + record->id_hash.len + record->external_hash.len, 0);
    parkgate__holder_record__free_unpacked(record, NULL);
}

/* Three records, one inside the other, as open imports leave them. */
static void what_is_kept_inside_is_stripped_as_well(void **state)
{
    struct pair *p = *state;
    uint8_t packed[2][1024];
    Parkgate__HolderRecord record = PARKGATE__HOLDER_RECORD__INIT;
    record.holder = handle_field(&MA);
    record.tenant = text("innermost");
    record.sealed = secret_field();
    size_t size = parkgate__holder_record__pack(&record, packed[0]);
    record.tenant = text("inner");
    record.previous = (ProtobufCBinaryData){.len = size, .data = packed[0]};
    size = parkgate__holder_record__pack(&record, packed[1]);
    record.tenant = text("outer");
    record.stage = 77;
    record.previous = (ProtobufCBinaryData){.len = size, .data = packed[1]};
    put(&p->controller, TABLE_HOLDER, handle_bytes(&MA), &record.base);
    struct copy_row row = told(&p->controller, TABLE_HOLDER, handle_bytes(&MA));
    struct bytes value = {.data = row.value, .size = row.value_size};
    assert_false(bytes_contain(value, bytes_of_text(SECRET)));
    Parkgate__HolderRecord *outer = parkgate__holder_record__unpack(NULL, value.size, value.data);
    assert_non_null(outer);
    assert_int_equal(outer->stage, 77);
    Parkgate__HolderRecord *inner =
        parkgate__holder_record__unpack(NULL, outer->previous.len, outer->previous.data);
    assert_non_null(inner);
    Parkgate__HolderRecord *innermost =
        parkgate__holder_record__unpack(NULL, inner->previous.len, inner->previous.data);
    assert_non_null(innermost);
    assert_string_equal(outer->tenant, "outer");
    assert_string_equal(inner->tenant, "inner");
    assert_string_equal(innermost->tenant, "innermost");
    /* packed again it is the same: the gate finds the same digest */
    uint8_t again[1024];
    assert_int_equal(parkgate__holder_record__pack(outer, again), value.size);
    assert_memory_equal(again, value.data, value.size);
    parkgate__holder_record__free_unpacked(innermost, NULL);
    parkgate__holder_record__free_unpacked(inner, NULL);
    parkgate__holder_record__free_unpacked(outer, NULL);
}

static void a_pin_is_not_told(void **state)
{
    struct pair *p = *state;
    struct copy_row row;
    put_credential(&p->controller, &PIN, &MA, CREDENTIAL_KIND_PIN, controllers_hash(&PIN));
    assert_int_equal(
        copy_row_get(p->controller.txn, TABLE_CREDENTIAL, handle_bytes(&PIN), &row, NULL),
        ERR_NOT_FOUND);
    assert_int_equal(sum_up(&p->controller, 10).rows, 0);
}

static void a_damaged_record_is_found(void **state)
{
    struct pair *p = *state;
    struct bytes value;
    uint8_t bytes[512];
    put_holder(&p->controller, &MA);
    assert_int_equal(store_get(p->controller.txn, TABLE_HOLDER, handle_bytes(&MA), &value, NULL),
                     ERR_OK);
    assert_true(value.size <= sizeof(bytes));
    memcpy(bytes, value.data, value.size);
    size_t size = value.size;
    for (size_t i = 0; i < size; i++) {
        struct copy_row row;
        bytes[i] ^= 0x10;
        assert_int_equal(copy_row_of(TABLE_HOLDER, handle_bytes(&MA),
                                     (struct bytes){.data = bytes, .size = size}, &row, NULL),
                         ERR_CORRUPT);
        bytes[i] ^= 0x10;
    }
}

/* --- from one to the other --- */

static void fill(struct pair *p)
{
    struct keybuf key;
    Parkgate__PresenceRecord presence = PARKGATE__PRESENCE_RECORD__INIT;
    Parkgate__CountRecord count = PARKGATE__COUNT_RECORD__INIT;
    put_holder(&p->controller, &MA);
    put_holder(&p->controller, &LI);
    put_credential(&p->controller, &BADGE, &MA, CREDENTIAL_KIND_BADGE, controllers_hash(&BADGE));
    put_credential(&p->controller, &PIN, &MA, CREDENTIAL_KIND_PIN, controllers_hash(&PIN));
    presence.inside = true;
    presence.zone = text("yard");
    put(&p->controller, TABLE_PRESENCE, handle_bytes(&MA), &presence.base);
    count.value = -3;
    keybuf_begin(&key);
    keybuf_text(&key, "yard");
    put(&p->controller, TABLE_ZONE_NOW, keybuf_view(&key), &count.base);
    keybuf_wall(&key, (struct wall){.us = 5});
    keybuf_u64(&key, 8);
    assert_int_equal(
        store_put(p->controller.txn, TABLE_CROWD, keybuf_view(&key), (struct bytes){0}, NULL),
        ERR_OK);
}

static void the_copy_has_the_same_digest(void **state)
{
    struct pair *p = *state;
    fill(p);
    send_all(p);
    struct copy_digest whole = sum_up(&p->controller, 1000);
    struct copy_digest again = sum_up(&p->gate, 1);
    assert_int_equal(whole.rows, 6);
    assert_true(copy_digest_equal(&whole, &p->digest));
    assert_true(copy_digest_equal(&whole, &again));
    send_all(p); /* told twice: nothing changes */
    assert_true(copy_digest_equal(&whole, &p->digest));
    again = sum_up(&p->gate, 2);
    assert_true(copy_digest_equal(&whole, &again));
}

static void a_credential_is_found_by_the_gates_own_hash(void **state)
{
    struct pair *p = *state;
    fill(p);
    send_all(p);
    Parkgate__CredentialRecord *record = NULL;
    struct seal_key key = copy_credential_key(&GATES_KEY, "gate-a", 9);
    struct seal_hash hash = copy_credential_hash(&key, CREDENTIAL_KIND_BADGE, handle_bytes(&BADGE));
    assert_int_equal(people_credential(p->gate.txn, BYTES_OF(hash.bytes), &record, NULL), ERR_OK);
    assert_true(handle_equal(people_handle(&record->holder), MA));
    parkgate__credential_record__free_unpacked(record, NULL);
    record = NULL;
    assert_int_equal(people_credential_by_handle(p->gate.txn, BADGE, &record, NULL), ERR_OK);
    parkgate__credential_record__free_unpacked(record, NULL);
    struct seal_hash controllers = controllers_hash(&BADGE);
    assert_int_equal(people_credential(p->gate.txn, BYTES_OF(controllers.bytes), &record, NULL),
                     ERR_NOT_FOUND);
    struct seal_key others[] = {copy_credential_key(&GATES_KEY, "gate-b", 9),
                                copy_credential_key(&GATES_KEY, "gate-a", 10)};
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        struct seal_hash other =
            copy_credential_hash(&others[i], CREDENTIAL_KIND_BADGE, handle_bytes(&BADGE));
        assert_memory_not_equal(other.bytes, hash.bytes, sizeof(hash.bytes));
    }
}

/* The badge is given to another person under another handle; the order of the two rows is free. */
static void a_badge_changes_hands(void **state)
{
    struct pair *p = *state;
    fill(p);
    send_all(p);
    put_credential(&p->controller, &OTHER_BADGE, &LI, CREDENTIAL_KIND_BADGE,
                   controllers_hash(&BADGE));
    struct copy_row row;
    assert_int_equal(
        copy_row_get(p->controller.txn, TABLE_CREDENTIAL, handle_bytes(&BADGE), &row, NULL),
        ERR_NOT_FOUND);
    row = told(&p->controller, TABLE_CREDENTIAL, handle_bytes(&OTHER_BADGE));
    struct seal_key key = copy_credential_key(&GATES_KEY, "gate-a", 9);
    struct seal_hash hash = copy_credential_hash(&key, CREDENTIAL_KIND_BADGE, handle_bytes(&BADGE));
    copy_row_add_hash(&row, &hash);
    Parkgate__CopyRow wire = wire_of(&row);
    Parkgate__CopyRow gone = wire_gone(TABLE_CREDENTIAL, handle_bytes(&BADGE));
    take(p, &wire);
    take(p, &gone);
    struct copy_digest whole = sum_up(&p->controller, 1000);
    assert_true(copy_digest_equal(&whole, &p->digest));
    Parkgate__CredentialRecord *record = NULL;
    assert_int_equal(people_credential(p->gate.txn, BYTES_OF(hash.bytes), &record, NULL), ERR_OK);
    assert_true(handle_equal(people_handle(&record->holder), LI));
    parkgate__credential_record__free_unpacked(record, NULL);
    assert_int_equal(people_credential_by_handle(p->gate.txn, BADGE, &record, NULL), ERR_NOT_FOUND);
}

static void a_credential_without_a_hash_is_summed_up_and_found_by_no_read(void **state)
{
    struct pair *p = *state;
    fill(p);
    send_all(p);
    struct copy_row row = told(&p->controller, TABLE_CREDENTIAL, handle_bytes(&BADGE));
    Parkgate__CopyRow wire = wire_of(&row);
    take(p, &wire); /* its holder's key was destroyed meanwhile */
    struct copy_digest whole = sum_up(&p->gate, 1000);
    assert_true(copy_digest_equal(&whole, &p->digest));
    struct seal_key key = copy_credential_key(&GATES_KEY, "gate-a", 9);
    struct seal_hash hash = copy_credential_hash(&key, CREDENTIAL_KIND_BADGE, handle_bytes(&BADGE));
    Parkgate__CredentialRecord *record = NULL;
    assert_int_equal(people_credential(p->gate.txn, BYTES_OF(hash.bytes), &record, NULL),
                     ERR_NOT_FOUND);
}

static void what_is_gone_leaves_the_digest(void **state)
{
    struct pair *p = *state;
    struct keybuf key;
    fill(p);
    send_all(p);
    keybuf_begin(&key);
    keybuf_text(&key, "yard");
    Parkgate__CopyRow rows[] = {wire_gone(TABLE_HOLDER, handle_bytes(&MA)),
                                wire_gone(TABLE_HOLDER, handle_bytes(&LI)),
                                wire_gone(TABLE_CREDENTIAL, handle_bytes(&BADGE)),
                                wire_gone(TABLE_PRESENCE, handle_bytes(&MA)),
                                wire_gone(TABLE_ZONE_NOW, keybuf_view(&key)),
                                wire_gone(TABLE_PRESENCE, handle_bytes(&LI))};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        take(p, &rows[i]);
    }
    keybuf_wall(&key, (struct wall){.us = 5});
    keybuf_u64(&key, 8);
    Parkgate__CopyRow crowd = wire_gone(TABLE_CROWD, keybuf_view(&key));
    take(p, &crowd);
    assert_true(copy_digest_equal(&p->digest, &(struct copy_digest){0}));
    static const enum table derived[] = {TABLE_CREDENTIAL, TABLE_CREDENTIAL_ID,
                                         TABLE_CREDENTIAL_OF};
    for (size_t i = 0; i < ARRAY_LEN(derived); i++) {
        uint64_t count = 1;
        assert_int_equal(store_count(p->gate.txn, derived[i], &count, NULL), ERR_OK);
        assert_int_equal(count, 0);
    }
}

static void the_digest_travels_as_bytes(void **state)
{
    struct pair *p = *state;
    struct copy_digest got;
    fill(p);
    send_all(p);
    got = p->digest;
    struct seal_hash bytes = copy_digest_bytes(&got);
    assert_true(copy_digest_from_bytes(BYTES_OF(bytes.bytes), got.rows, &got));
    assert_true(copy_digest_equal(&got, &p->digest));
    assert_false(copy_digest_from_bytes((struct bytes){.data = bytes.bytes, .size = 31}, 0, &got));
}

/* --- what does not fit --- */

static void refuses(const Parkgate__CopyRow *wire, struct pair *p, const char *why)
{
    struct fault fault = {0};
    struct copy_digest before = p->digest;
    assert_int_equal(copy_row_check(wire, &fault), ERR_INPUT);
    assert_string_equal(fault.what, why);
    assert_int_equal(copy_row_take(p->gate.txn, wire, &p->digest, &fault), ERR_INPUT);
    assert_true(copy_digest_equal(&before, &p->digest));
}

static void a_row_that_does_not_fit_is_refused(void **state)
{
    struct pair *p = *state;
    struct copy_row row;
    fill(p);
    row = told(&p->controller, TABLE_HOLDER, handle_bytes(&MA));
    Parkgate__CopyRow good = wire_of(&row);
    assert_int_equal(copy_row_check(&good, NULL), ERR_OK);

    Parkgate__CopyRow bad = good;
    bad.table = 9999;
    refuses(&bad, p, "copy: a row of table 9999, which no copy holds");
    bad.table = TABLE_JOURNAL;
    refuses(&bad, p, "copy: a row of table 0, which no copy holds");
    bad.table = TABLE_KEY;
    refuses(&bad, p, "copy: a row of table 2, which no copy holds");
    bad = good;
    bad.key.len--;
    refuses(&bad, p, "copy: holder: a key of 15 bytes does not have its shape");
    bad.key.len = 0;
    refuses(&bad, p, "copy: holder: a key of 0 bytes does not have its shape");
    bad = good;
    bad.key = handle_field(&LI);
    refuses(&bad, p, "copy: holder: a value is no record of its key");
    bad = good;
    bad.value.len--;
    refuses(&bad, p, "copy: holder: a value is no record of its key");
    bad = good;
    bad.gone = true;
    refuses(&bad, p, "copy: holder: a row without a record has a value");
    static uint8_t large[40000];
    bad = good;
    bad.value = (ProtobufCBinaryData){.len = sizeof(large), .data = large};
    refuses(&bad, p, "copy: holder: a record of 40000 bytes is too large");
}

static void a_pin_on_the_wire_is_refused(void **state)
{
    struct pair *p = *state;
    uint8_t packed[256];
    Parkgate__CredentialRecord record = PARKGATE__CREDENTIAL_RECORD__INIT;
    Parkgate__CopyRow wire = PARKGATE__COPY_ROW__INIT;
    record.credential = handle_field(&PIN);
    record.holder = handle_field(&MA);
    record.kind = CREDENTIAL_KIND_PIN;
    wire.table = TABLE_CREDENTIAL;
    wire.key = handle_field(&PIN);
    wire.value = (ProtobufCBinaryData){.len = parkgate__credential_record__pack(&record, packed),
                                       .data = packed};
    refuses(&wire, p, "copy: credential: a value is no record of its key");
}

static void what_stood_there_damaged_is_said(void **state)
{
    struct pair *p = *state;
    fill(p);
    send_all(p);
    assert_int_equal(store_put(p->gate.txn, TABLE_PRESENCE, handle_bytes(&MA),
                               bytes_of_text("not a record"), NULL),
                     ERR_OK);
    struct copy_row row = told(&p->controller, TABLE_PRESENCE, handle_bytes(&MA));
    Parkgate__CopyRow wire = wire_of(&row);
    assert_int_equal(copy_row_take(p->gate.txn, &wire, &p->digest, NULL), ERR_CORRUPT);
    struct copy_place place = {0};
    struct copy_digest digest = {0};
    bool more;
    assert_int_equal(copy_walk(p->gate.txn, &place, 1000, copy_visit_digest, &digest, &more, NULL),
                     ERR_CORRUPT);
}

#define COPY_TEST(name) cmocka_unit_test_setup_teardown(name, pair_make, pair_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        COPY_TEST(no_table_keeps_a_personal_field),
        COPY_TEST(a_holder_is_told_without_who_it_is),
        COPY_TEST(what_is_kept_inside_is_stripped_as_well),
        COPY_TEST(a_pin_is_not_told),
        COPY_TEST(a_damaged_record_is_found),
        COPY_TEST(the_copy_has_the_same_digest),
        COPY_TEST(a_credential_is_found_by_the_gates_own_hash),
        COPY_TEST(a_badge_changes_hands),
        COPY_TEST(a_credential_without_a_hash_is_summed_up_and_found_by_no_read),
        COPY_TEST(what_is_gone_leaves_the_digest),
        COPY_TEST(the_digest_travels_as_bytes),
        COPY_TEST(a_row_that_does_not_fit_is_refused),
        COPY_TEST(a_pin_on_the_wire_is_refused),
        COPY_TEST(what_stood_there_damaged_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

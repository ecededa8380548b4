/* Goal: an import is valid in one step or not at all, and nothing of it shows before. Method: a
 * whole controller without its shell; rows are staged in slices while badges are shown at a lane.
 */
#include "tests/unit/controller/harness.h"

enum { ROWS_MAX = 200, ROW_BYTES = 512 };

/* One row of a roster; NULL texts are "". */
struct roster {
    uint32_t line;
    const char *tenant, *kind, *name, *external, *badge, *shift, *plate, *id_number, *from, *to;
};

struct slice {
    size_t count;
    ProtobufCBinaryData rows[ROWS_MAX];
    uint8_t bytes[ROWS_MAX][ROW_BYTES];
};

struct import {
    struct world *w;
    struct link_key key;
    char number[24];
    size_t rows;
    struct seal_hash digest;
    struct slice slice;
};

static struct import the_import;

static char *or_empty(const char *text)
{
    return (char *)(uintptr_t)(text == NULL ? "" : text);
}

static int32_t day_or_none(const char *text)
{
    return text == NULL ? 0 : (int32_t)strtol(text, NULL, 10);
}

static void slice_add(struct slice *slice, const struct roster *from)
{
    Parkgate__RosterRow row = PARKGATE__ROSTER_ROW__INIT;
    row.line = from->line;
    row.tenant = or_empty(from->tenant == NULL ? "acme" : from->tenant);
    row.kind = or_empty(from->kind == NULL ? "day" : from->kind);
    row.person_name = or_empty(from->name == NULL ? "Li Wei" : from->name);
    row.external = or_empty(from->external);
    row.badge = or_empty(from->badge);
    row.shift = or_empty(from->shift);
    row.plate = or_empty(from->plate);
    row.id_number = or_empty(from->id_number);
    row.from_date = from->shift == NULL ? 0 : TUESDAY;
    row.to_date = from->shift == NULL ? 0 : TUESDAY + 20;
    if (from->from != NULL) {
        row.from_date = day_or_none(from->from);
        row.to_date = day_or_none(from->to);
    }
    size_t size = parkgate__roster_row__get_packed_size(&row);
    MUST(slice->count < ROWS_MAX && size <= ROW_BYTES);
    uint8_t *bytes = slice->bytes[slice->count];
    slice->rows[slice->count++] =
        (ProtobufCBinaryData){.len = parkgate__roster_row__pack(&row, bytes), .data = bytes};
}

static void begin(struct import *import)
{
    import->rows = 0;
    memset(&import->digest, 0, sizeof(import->digest));
    import->slice.count = 0;
    (void)snprintf(
        import->number, sizeof(import->number), "%s",
        note(assert_done(ask(import->w, import->key, "import.begin", "file", "r.csv", NULL)),
             "import"));
}

/* Sends what the slice holds; digest and count go on when it was taken. */
static const Parkgate__Reply *send_slice(struct import *import)
{
    char first[24];
    (void)snprintf(first, sizeof(first), "%zu", import->rows);
    const Parkgate__Reply *reply =
        ask_rows(import->w, import->key, "import.slice", import->slice.rows, import->slice.count,
                 "import", import->number, "first", first, NULL);
    for (size_t i = 0; reply->error == 0 && i < import->slice.count; i++) {
        struct seal_hasher hasher;
        seal_hasher_begin(&hasher);
        seal_hasher_add(&hasher, BYTES_OF(import->digest.bytes));
        seal_hasher_add(&hasher, (struct bytes){.data = import->slice.rows[i].data,
                                                .size = import->slice.rows[i].len});
        import->digest = seal_hasher_end(&hasher);
        import->rows++;
    }
    import->slice.count = 0;
    return reply;
}

static const Parkgate__Reply *close_with(struct import *import, size_t rows,
                                         const struct seal_hash *digest)
{
    char hex[2 * SEAL_HASH_SIZE + 1];
    char count[24];
    bytes_to_hex(BYTES_OF(digest->bytes), hex, sizeof(hex));
    (void)snprintf(count, sizeof(count), "%zu", rows);
    return ask(import->w, import->key, "import.close", "import", import->number, "rows", count,
               "digest", hex, NULL);
}

static const Parkgate__Reply *close_import(struct import *import)
{
    return close_with(import, import->rows, &import->digest);
}

static const Parkgate__Reply *stage_one(struct import *import, const struct roster *row)
{
    begin(import);
    slice_add(&import->slice, row);
    return send_slice(import);
}

static struct gate the_gate;

static int import_setup(void **state)
{
    struct import *import = &the_import;
    memset(import, 0, sizeof(*import));
    import->w = world_open(&(struct world_options){0});
    import->key = import->w->admin;
    gate_join(import->w, &the_gate, "gate-a", 1);
    *state = import;
    return 0;
}

static int import_teardown(void **state)
{
    struct import *import = *state;
    (void)assert_replays(import->w);
    world_close(import->w);
    return 0;
}

static uint32_t shown(struct import *import, const char *uid)
{
    uint32_t outcome = 0;
    uint32_t reason =
        verdict_of(import->w, gate_badge(import->w, &the_gate, "a-in", uid), &outcome);
    world_turn(import->w);
    world_pass(import->w, 10 * SECOND_US);
    return reason;
}

static long roster_size(struct import *import, const char *tenant)
{
    long count = 0;
    char after[1024] = "";
    for (;;) {
        const Parkgate__Reply *reply =
            admin(import->w, "person.list", "tenant", tenant, "after", after, NULL);
        count += (long)row_count(reply);
        if (!reply->more) {
            return count;
        }
        MUST(reply->cursor.len < sizeof(after));
        memcpy(after, reply->cursor.data, reply->cursor.len);
        after[reply->cursor.len] = '\0';
    }
}

/* --- in one step --- */

static void staged_rows_are_inert_until_the_close(void **state)
{
    struct import *import = *state;
    const struct roster row = {.line = 2, .external = "7", .badge = "04010203", .shift = "day"};
    (void)assert_done(stage_one(import, &row));
    assert_int_equal(shown(import, "04010203"), REASON_CREDENTIAL_UNKNOWN);
    assert_int_equal(roster_size(import, "acme"), 0);
    assert_refused(ask(import->w, import->w->admin, "person.find", "tenant", "acme", "external",
                       "7", "reason", "x", NULL),
                   ERROR_NOT_FOUND);
    const Parkgate__Reply *closed = assert_done(close_import(import));
    assert_string_equal(note(closed, "persons"), "1");
    assert_string_equal(note(closed, "updated"), "0");
    assert_string_equal(note(closed, "credentials"), "1");
    assert_string_equal(note(closed, "assignments"), "1");
    assert_int_equal(shown(import, "04010203"), REASON_GRANTED);
    assert_int_equal(roster_size(import, "acme"), 1);
}

static void cancelled_import_leaves_nothing_valid(void **state)
{
    struct import *import = *state;
    const struct roster row = {.line = 2, .external = "7", .badge = "04010203", .shift = "day"};
    (void)assert_done(stage_one(import, &row));
    (void)assert_done(ask(import->w, import->key, "import.cancel", "import", import->number, NULL));
    assert_int_equal(shown(import, "04010203"), REASON_CREDENTIAL_UNKNOWN);
    assert_int_equal(roster_size(import, "acme"), 0);
    assert_refused(close_import(import), ERROR_NOT_FOUND); /* it is over */
    slice_add(&import->slice, &row);
    assert_refused(send_slice(import), ERROR_NOT_FOUND);
    (void)assert_done(stage_one(import, &row)); /* and may be done again */
    (void)assert_done(close_import(import));
    assert_int_equal(shown(import, "04010203"), REASON_GRANTED);
}

static void wrong_digest_count_or_order_is_refused(void **state)
{
    struct import *import = *state;
    const struct roster row = {.line = 2, .external = "7", .badge = "04010203", .shift = "day"};
    (void)assert_done(stage_one(import, &row));
    struct seal_hash other = import->digest;
    other.bytes[31] ^= 1;
    assert_refused(close_with(import, import->rows, &other), ERROR_IMPORT_MISMATCH);
    assert_refused(close_with(import, 0, &import->digest), ERROR_IMPORT_MISMATCH);
    assert_refused(close_with(import, 2, &import->digest), ERROR_IMPORT_MISMATCH);
    assert_refused(ask(import->w, import->key, "import.close", "import", import->number, NULL),
                   ERROR_IMPORT_MISMATCH);
    const struct roster next = {.line = 3, .external = "8", .badge = "04010204", .shift = "day"};
    slice_add(&import->slice, &next);
    import->rows = 0; /* the first slice again */
    assert_refused(send_slice(import), ERROR_IMPORT_MISMATCH);
    import->rows = 5; /* a gap */
    slice_add(&import->slice, &next);
    assert_refused(send_slice(import), ERROR_IMPORT_MISMATCH);
    import->rows = 1;
    assert_int_equal(shown(import, "04010203"), REASON_CREDENTIAL_UNKNOWN);
    (void)assert_done(close_import(import)); /* nothing was lost by the wrong tries */
    assert_int_equal(shown(import, "04010203"), REASON_GRANTED);
}

static void only_its_own_key_goes_on_with_an_import(void **state)
{
    struct import *import = *state;
    const struct roster row = {.line = 2, .external = "7", .badge = "04010203", .shift = "day"};
    struct link_key other = operator_key(import->w, 30, "operator", NULL, NULL, NULL);
    (void)assert_done(stage_one(import, &row));
    import->key = other;
    assert_refused(close_import(import), ERROR_NOT_FOUND);
    assert_refused(ask(import->w, other, "import.cancel", "import", import->number, NULL),
                   ERROR_NOT_FOUND);
    assert_refused(ask(import->w, other, "import.close", "import", "999999", NULL),
                   ERROR_NOT_FOUND);
    import->key = import->w->admin;
    (void)assert_done(close_import(import));
}

/* --- again --- */

static void an_update_keeps_the_old_record_valid_until_its_close(void **state)
{
    struct import *import = *state;
    const struct roster old = {
        .line = 2, .external = "7", .name = "Old Name", .badge = "04010203", .shift = "day"};
    const struct roster new = {
        .line = 2, .external = "7", .name = "New Name", .badge = "04010204", .shift = "night"};
    (void)assert_done(stage_one(import, &old));
    (void)assert_done(close_import(import));
    char person[HANDLE_TEXT_SIZE];
    (void)snprintf(person, sizeof(person), "%s",
                   cell(admin(import->w, "person.list", "tenant", "acme", NULL), 0, "person"));
    (void)assert_done(stage_one(import, &new));
    assert_int_equal(shown(import, "04010203"), REASON_GRANTED);
    assert_int_equal(shown(import, "04010204"), REASON_CREDENTIAL_UNKNOWN);
    size_t row = row_with(admin(import->w, "person.show", "person", person, "reason", "x", NULL),
                          "field", "name");
    assert_string_equal(cell(import->w->reply, row, "value"), "Old Name");
    const Parkgate__Reply *closed = assert_done(close_import(import));
    assert_string_equal(note(closed, "updated"), "1");
    row = row_with(admin(import->w, "person.show", "person", person, "reason", "x", NULL), "field",
                   "name");
    assert_string_equal(cell(import->w->reply, row, "value"), "New Name");
    assert_int_equal(shown(import, "04010203"), REASON_GRANTED); /* nobody took it back */
    assert_int_equal(shown(import, "04010204"), REASON_GRANTED);
    assert_int_equal(roster_size(import, "acme"), 1);
}

static void a_cancelled_update_changes_nothing(void **state)
{
    struct import *import = *state;
    const struct roster old = {.line = 2, .external = "7", .badge = "04010203", .shift = "day"};
    const struct roster new = {.line = 2, .external = "7", .name = "Other", .badge = "04010203"};
    (void)assert_done(stage_one(import, &old));
    (void)assert_done(close_import(import));
    for (int i = 0; i < 3; i++) {
        (void)assert_done(stage_one(import, &new));
        (void)assert_done(
            ask(import->w, import->key, "import.cancel", "import", import->number, NULL));
        assert_int_equal(shown(import, "04010203"), REASON_GRANTED);
    }
}

static void a_suspension_outlives_an_import(void **state)
{
    struct import *import = *state;
    const struct roster row = {.line = 2, .external = "7", .badge = "04010203", .shift = "day"};
    (void)assert_done(stage_one(import, &row));
    (void)assert_done(close_import(import));
    char person[HANDLE_TEXT_SIZE];
    (void)snprintf(person, sizeof(person), "%s",
                   cell(admin(import->w, "person.list", "tenant", "acme", NULL), 0, "person"));
    (void)assert_done(stage_one(import, &row)); /* staged before the suspension, closed after it */
    (void)admin(import->w, "person.suspend", "person", person, "reason", "rules", NULL);
    assert_int_equal(shown(import, "04010203"), REASON_PERSON_SUSPENDED);
    (void)assert_done(close_import(import));
    assert_int_equal(shown(import, "04010203"), REASON_PERSON_SUSPENDED);
    (void)assert_done(stage_one(import, &row));
    (void)assert_done(close_import(import));
    assert_int_equal(shown(import, "04010203"), REASON_PERSON_SUSPENDED);
}

static void a_revoked_badge_does_not_come_back(void **state)
{
    struct import *import = *state;
    const struct roster row = {.line = 4, .external = "7", .badge = "04010203", .shift = "day"};
    (void)assert_done(stage_one(import, &row));
    (void)assert_done(close_import(import));
    (void)admin(import->w, "badge.revoke", "uid", "04010203", "reason", "lost", NULL);
    const Parkgate__Reply *reply = stage_one(import, &row);
    assert_refused(reply, ERROR_ROW_REVOKED);
    assert_string_equal(reply->error_arg[0], "4");
    assert_string_equal(reply->error_arg[1], "badge");
    assert_int_equal(shown(import, "04010203"), REASON_CREDENTIAL_REVOKED);
}

static void a_badge_revoked_between_slice_and_close_stays_revoked(void **state)
{
    struct import *import = *state;
    const struct roster row = {.line = 4, .external = "7", .badge = "04010203", .shift = "day"};
    (void)assert_done(stage_one(import, &row));
    (void)assert_done(close_import(import));
    (void)assert_done(stage_one(import, &row));
    (void)admin(import->w, "badge.revoke", "uid", "04010203", "reason", "lost", NULL);
    (void)assert_done(close_import(import));
    assert_int_equal(shown(import, "04010203"), REASON_CREDENTIAL_REVOKED);
}

static void a_badge_of_somebody_else_is_refused(void **state)
{
    struct import *import = *state;
    const struct roster row = {.line = 9, .external = "8", .badge = "04010203"};
    person_with_badge(import->w, "beta", "Zhao Lei", "04010203", "day", NULL);
    const Parkgate__Reply *reply = stage_one(import, &row);
    assert_refused(reply, ERROR_ROW_TAKEN);
    assert_string_equal(reply->error_arg[0], "9");
    assert_string_equal(reply->error_arg[1], "badge");
    assert_int_equal(shown(import, "04010203"), REASON_GRANTED);
}

/* Two tenants bring the same day labourer at one time; each closes or cancels as it likes. */
static void two_imports_of_one_person_at_a_time(void **state)
{
    struct import *import = *state;
    static struct import second;
    const struct roster ours = {
        .line = 2, .id_number = "11010519491231002X", .badge = "04010203", .shift = "day"};
    const struct roster theirs = {
        .line = 2, .tenant = "beta", .id_number = "11010519491231002X", .shift = "night"};
    second = (struct import){.w = import->w, .key = import->key};
    (void)assert_done(stage_one(import, &ours));
    (void)assert_done(stage_one(&second, &theirs));
    (void)assert_done(close_import(import));
    assert_int_equal(shown(import, "04010203"), REASON_GRANTED);
    (void)assert_done(ask(import->w, import->key, "import.cancel", "import", second.number, NULL));
    assert_int_equal(shown(import, "04010203"), REASON_GRANTED);
    (void)assert_done(stage_one(&second, &theirs));
    (void)assert_done(close_import(&second));
    assert_int_equal(shown(import, "04010203"), REASON_GRANTED);
    assert_int_equal(roster_size(import, "acme"), 1);
    assert_int_equal(roster_size(import, "beta"), 1);
}

/* --- many --- */

static void four_hundred_and_fifty_rows_in_three_slices(void **state)
{
    struct import *import = *state;
    static const size_t sizes[] = {200, 200, 50};
    size_t number = 0;
    begin(import);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        for (size_t k = 0; k < sizes[i]; k++, number++) {
            char uid[16];
            char external[16];
            (void)snprintf(uid, sizeof(uid), "04%06zx", number);
            (void)snprintf(external, sizeof(external), "%zu", number);
            const struct roster row = {
                .line = (uint32_t)number + 2, .external = external, .badge = uid, .shift = "day"};
            slice_add(&import->slice, &row);
        }
        (void)assert_done(send_slice(import));
    }
    assert_int_equal(shown(import, "04000000"), REASON_CREDENTIAL_UNKNOWN);
    assert_int_equal(shown(import, "040001c1"), REASON_CREDENTIAL_UNKNOWN);
    const Parkgate__Reply *closed = assert_done(close_import(import));
    assert_string_equal(note(closed, "persons"), "450");
    assert_string_equal(note(closed, "credentials"), "450");
    assert_string_equal(note(closed, "assignments"), "450");
    assert_int_equal(shown(import, "04000000"), REASON_GRANTED);
    assert_int_equal(shown(import, "040001c1"), REASON_GRANTED);
    assert_int_equal(roster_size(import, "acme"), 450);
}

/* A foreign program's slice: two credentials in every row. */
static void a_full_slice_of_vehicles_with_badges(void **state)
{
    struct import *import = *state;
    begin(import);
    for (size_t i = 0; i < ROWS_MAX; i++) {
        char uid[16];
        char plate[16];
        (void)snprintf(uid, sizeof(uid), "05%06zx", i);
        (void)snprintf(plate, sizeof(plate), "浙A%05zu", 10000 + i);
        const struct roster row = {.line = (uint32_t)i + 2, .plate = plate, .badge = uid};
        slice_add(&import->slice, &row);
    }
    (void)assert_done(send_slice(import));
    const Parkgate__Reply *closed = assert_done(close_import(import));
    assert_string_equal(note(closed, "credentials"), "400");
}

/* --- bad rows --- */

static void bad_rows_name_line_and_column_and_nothing_is_staged(void **state)
{
    struct import *import = *state;
    static const struct {
        struct roster row;
        const char *column;
    } rows[] = {
        {{.line = 11, .tenant = "nobody", .external = "1"},                             "tenant"   },
        {{.line = 12, .tenant = "", .external = "1"},                                   "tenant"   },
        {{.line = 13, .kind = "king", .external = "1"},                                 "kind"     },
        {{.line = 14, .name = "", .external = "1"},                                     "name"     },
        {{.line = 15, .id_number = "110105194912310021"},                               "id_number"},
        {{.line = 16, .id_number = "3.30102E+17"},                                      "id_number"},
        {{.line = 17, .external = "1", .badge = "0401"},                                "badge"    },
        {{.line = 18, .external = "1", .badge = "xyz"},                                 "badge"    },
        {{.line = 19, .external = "1", .shift = "noon"},                                "shift"    },
        {{.line = 20, .external = "1", .shift = "day", .from = "20520", .to = "20519"}, "to"       },
        {{.line = 21, .plate = "ABC123"},                                               "plate"    },
        {{.line = 22, .plate = "浙A1234?"},                                            "plate"    },
    };
    const struct roster good = {.line = 2, .external = "7", .badge = "04010203", .shift = "day"};
    begin(import);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char line[16];
        uint64_t before = head_of(import->w).sequence;
        (void)snprintf(line, sizeof(line), "%u", rows[i].row.line);
        slice_add(&import->slice, &good);
        slice_add(&import->slice, &rows[i].row);
        const Parkgate__Reply *reply = send_slice(import);
        bool about_row = reply->error == ERROR_ROW_BAD || reply->error == ERROR_ROW_TENANT ||
                         reply->error == ERROR_ROW_SHIFT;
        if (!about_row || strcmp(reply->error_arg[0], line) != 0 ||
            strcmp(reply->error_arg[1], rows[i].column) != 0) {
            fail_msg("line %s: error %u, %s %s", line, reply->error,
                     reply->n_error_arg > 0 ? reply->error_arg[0] : "",
                     reply->n_error_arg > 1 ? reply->error_arg[1] : "");
        }
        assert_int_equal(head_of(import->w).sequence, before);
        assert_int_equal(error_exit(reply->error), EXIT_BAD_FILE);
    }
    slice_add(&import->slice, &good);
    (void)assert_done(send_slice(import));
    (void)assert_done(close_import(import));
    assert_int_equal(roster_size(import, "acme"), 1);
}

static void one_person_or_badge_twice_in_an_import_is_refused(void **state)
{
    struct import *import = *state;
    const struct roster first = {.line = 2, .external = "7", .badge = "04010203"};
    static const struct {
        struct roster row;
        const char *column;
    } rows[] = {
        {{.line = 3, .external = "7", .badge = "04010204"}, "external"},
        {{.line = 4, .external = "8", .badge = "04010203"}, "badge"   },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (int slices = 1; slices <= 2; slices++) {
            begin(import);
            slice_add(&import->slice, &first);
            if (slices == 2) {
                (void)assert_done(send_slice(import));
            }
            slice_add(&import->slice, &rows[i].row);
            const Parkgate__Reply *reply = send_slice(import);
            assert_refused(reply, ERROR_ROW_BAD);
            assert_string_equal(reply->error_arg[1], rows[i].column);
            (void)assert_done(
                ask(import->w, import->key, "import.cancel", "import", import->number, NULL));
        }
    }
}

static void a_tenants_key_imports_its_own_rows_only(void **state)
{
    struct import *import = *state;
    const struct roster foreign = {.line = 2, .tenant = "beta", .external = "7"};
    const struct roster own = {.line = 2, .external = "7"};
    import->key = operator_key(import->w, 30, "tenant", "acme", NULL, NULL);
    const Parkgate__Reply *reply = stage_one(import, &foreign);
    assert_refused(reply, ERROR_NOT_YOUR_TENANT);
    (void)assert_done(stage_one(import, &own));
    (void)assert_done(close_import(import));
    assert_int_equal(roster_size(import, "beta"), 0);
}

#define IMPORT_TEST(name) cmocka_unit_test_setup_teardown(name, import_setup, import_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IMPORT_TEST(staged_rows_are_inert_until_the_close),
        IMPORT_TEST(cancelled_import_leaves_nothing_valid),
        IMPORT_TEST(wrong_digest_count_or_order_is_refused),
        IMPORT_TEST(only_its_own_key_goes_on_with_an_import),
        IMPORT_TEST(an_update_keeps_the_old_record_valid_until_its_close),
        IMPORT_TEST(a_cancelled_update_changes_nothing),
        IMPORT_TEST(a_suspension_outlives_an_import),
        IMPORT_TEST(a_revoked_badge_does_not_come_back),
        IMPORT_TEST(a_badge_revoked_between_slice_and_close_stays_revoked),
        IMPORT_TEST(a_badge_of_somebody_else_is_refused),
        IMPORT_TEST(two_imports_of_one_person_at_a_time),
        IMPORT_TEST(four_hundred_and_fifty_rows_in_three_slices),
        IMPORT_TEST(a_full_slice_of_vehicles_with_badges),
        IMPORT_TEST(bad_rows_name_line_and_column_and_nothing_is_staged),
        IMPORT_TEST(one_person_or_badge_twice_in_an_import_is_refused),
        IMPORT_TEST(a_tenants_key_imports_its_own_rows_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

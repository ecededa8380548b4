/* Goal: a person's entry acts only after a named park officer countersigned it, for its term and
 * one renewal under a case number, wherever and whenever the person stands on the roster; keys of
 * what is over are destroyed; nothing that an entry says stands in clear. Method: a whole
 * controller, a station and two officers, a clock that only the test moves. */
#include "tests/unit/controller/station_fixture.h"

#include <fcntl.h>
#include <unistd.h>

#include "common/facts/field.h"
#include "controller/store/person_keys.h"

#define BADGE  "04a1b2c3"
#define NUMBER "330102199003070094"
#define OTHER  "330102199003070115"

struct desk {
    struct world *w;
    struct station s;
    struct link_key officer, second;
};

static struct desk begin(void **state)
{
    struct desk d = {.w = *state};
    d.s = station_join(d.w);
    d.officer = operator_key(d.w, 61, "security", NULL, NULL, NULL);
    d.second = operator_key(d.w, 62, "security", NULL, NULL, NULL);
    return d;
}

static const Parkgate__Reply *countersign(struct desk *d)
{
    return ask(d->w, d->officer, "watch.countersign", "entry", waiting_entry(&d->s, d->officer),
               NULL);
}

static void an_officer_lets_it_act(void **state)
{
    struct desk d = begin(state);
    char by[LIMIT_WATCH_NAME_BYTES + 1];
    int64_t since = 0;
    struct watch_entry entry = entry_of_badge(&d.s, BADGE);
    put_add(&d.s, &entry);
    assert_done(push(&d.s));
    assert_int_equal(acting_on_badge(&d.s, BADGE), 0);
    assert_int_equal(receipt_state(&d.s, 1, "e0001", &since, by), WATCH_STATE_WAITING);
    assert_int_equal(since, 0);
    assert_string_equal(by, "");
    assert_refused(
        ask(d.w, d.w->admin, "watch.countersign", "entry", waiting_entry(&d.s, d.officer), NULL),
        ERROR_VERB_NOT_PERMITTED);
    assert_done(countersign(&d));
    assert_int_equal(acting_on_badge(&d.s, BADGE), 1);
    assert_int_equal(receipt_state(&d.s, 1, "e0001", &since, by), WATCH_STATE_ACTING);
    assert_true(since > MORNING);
    assert_string_equal(by, "key-61");
    const Parkgate__Reply *list = assert_done(ask(d.w, d.officer, "watch.list", NULL));
    assert_string_equal(cell(list, 0, "by"), "key-61");
    assert_string_equal(cell(list, 0, "state"), "acting");
    char handle[HANDLE_TEXT_SIZE];
    (void)snprintf(handle, sizeof(handle), "%s", cell(list, 0, "entry"));
    assert_refused(ask(d.w, d.second, "watch.countersign", "entry", handle, NULL),
                   ERROR_WATCH_NOT_WAITING);
    (void)assert_replays(d.w);
    station_end(&d.s);
}

static bool has_key(struct world *w, const char *text)
{
    struct handle entry;
    struct seal_key key;
    struct store_txn *txn = NULL;
    assert_true(handle_from_text(text, &entry));
    assert_int_equal(store_begin_read(w->keys, &txn, NULL), ERR_OK);
    enum err err = watch_key_get(txn, entry, &key, NULL);
    store_txn_destroy(&txn);
    return err == ERR_OK;
}

static void a_refused_one_never_acts_and_its_key_is_gone(void **state)
{
    struct desk d = begin(state);
    char handle[HANDLE_TEXT_SIZE];
    struct watch_entry entry = entry_of_badge(&d.s, BADGE);
    put_add(&d.s, &entry);
    assert_done(push(&d.s));
    (void)snprintf(handle, sizeof(handle), "%s", waiting_entry(&d.s, d.officer));
    assert_true(has_key(d.w, handle));
    assert_refused(ask(d.w, d.officer, "watch.refuse", "entry", handle, NULL), ERROR_REASON_NEEDED);
    assert_done(ask(d.w, d.officer, "watch.refuse", "entry", handle, "reason", "no ground", NULL));
    assert_int_equal(acting_on_badge(&d.s, BADGE), 0);
    assert_false(has_key(d.w, handle));
    assert_refused(ask(d.w, d.officer, "watch.countersign", "entry", handle, NULL),
                   ERROR_WATCH_NOT_WAITING);
    const Parkgate__Reply *show =
        assert_done(ask(d.w, d.officer, "watch.show", "entry", handle, "reason", "look", NULL));
    assert_string_equal(cell(show, row_with(show, "field", "state"), "value"), "refused");
    assert_string_equal(cell(show, row_with(show, "field", "id"), "value"), "(erased)");
    put_add(&d.s, &entry); /* a refusal used up no term and no place */
    assert_done(push(&d.s));
    assert_done(countersign(&d));
    (void)assert_replays(d.w);
    station_end(&d.s);
}

/* What an officer signs he can read, and that he read it is on record. */
static void an_officer_reads_the_ground_with_a_reason(void **state)
{
    struct desk d = begin(state);
    struct watch_entry entry = entry_of_badge(&d.s, BADGE);
    put_add(&d.s, &entry);
    assert_done(push(&d.s));
    const char *handle = waiting_entry(&d.s, d.officer);
    assert_refused(ask(d.w, d.officer, "watch.show", "entry", handle, NULL), ERROR_REASON_NEEDED);
    uint64_t before = head_of(d.w).sequence;
    const Parkgate__Reply *show = assert_done(
        ask(d.w, d.officer, "watch.show", "entry", handle, "reason", "to countersign", NULL));
    static const struct {
        const char *field, *value;
    } rows[] = {
        {"authority",   STATION    },
        {"category",    "warrant"  },
        {"applicant",   APPLICANT  },
        {"case_number", CASE_NUMBER},
        {"target",      BADGE      },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_string_equal(cell(show, row_with(show, "field", rows[i].field), "value"),
                            rows[i].value);
    }
    assert_int_equal(entries_of(d.w, ENTRY_LOOKUP, before), 1);
    station_end(&d.s);
}

/* --- terms --- */

static uint64_t rows_in(struct store *store, size_t table)
{
    uint64_t rows = 99;
    struct store_txn *txn = NULL;
    assert_int_equal(store_begin_read(store, &txn, NULL), ERR_OK);
    assert_int_equal(store_count(txn, table, &rows, NULL), ERR_OK);
    store_txn_destroy(&txn);
    return rows;
}

static void push_renewal(struct desk *d, const char *case_number, uint32_t error)
{
    put_renew(&d->s, "e0001", case_number, d->w->now.us + 80 * DAY_US);
    const Parkgate__Reply *reply = push(&d->s);
    assert_refused(reply, error);
    if (error == 0) {
        assert_done(countersign(d));
    }
}

static void a_second_renewal_needs_a_new_case(void **state)
{
    struct desk d = begin(state);
    struct watch_entry entry = entry_of_badge(&d.s, BADGE);
    put_add(&d.s, &entry);
    assert_done(push(&d.s));
    assert_done(countersign(&d));
    world_pass(d.w, 20 * DAY_US);
    push_renewal(&d, CASE_NUMBER, 0);
    world_pass(d.w, 70 * DAY_US);
    assert_int_equal(acting_on_badge(&d.s, BADGE), 1);
    push_renewal(&d, CASE_NUMBER, ERROR_WATCH_RENEWAL);
    push_renewal(&d, "A330100-2026-88", 0);
    world_pass(d.w, 70 * DAY_US);
    push_renewal(&d, CASE_NUMBER, ERROR_WATCH_RENEWAL); /* one of before is none that is new */
    world_pass(d.w, 20 * DAY_US);
    assert_int_equal(acting_on_badge(&d.s, BADGE), 0); /* it ended by itself */
    (void)assert_replays(d.w);
    station_end(&d.s);
}

static void a_renewal_acts_when_it_is_countersigned(void **state)
{
    struct desk d = begin(state);
    struct watch_entry entry = entry_of_badge(&d.s, BADGE);
    put_add(&d.s, &entry);
    assert_done(push(&d.s));
    assert_done(countersign(&d));
    world_pass(d.w, 20 * DAY_US);
    put_renew(&d.s, "e0001", CASE_NUMBER, d.w->now.us + 80 * DAY_US);
    assert_done(push(&d.s));
    assert_int_equal(acting_on_badge(&d.s, BADGE), 1); /* until its old end */
    put_renew(&d.s, "e0001", "A-1", d.w->now.us + 81 * DAY_US);
    assert_refused(push(&d.s), ERROR_WATCH_RENEWAL);
    world_pass(d.w, 11 * DAY_US);
    assert_int_equal(acting_on_badge(&d.s, BADGE), 0);
    assert_int_equal(receipt_state(&d.s, 2, "e0001", NULL, NULL), WATCH_STATE_WAITING);
    assert_done(countersign(&d));
    assert_int_equal(acting_on_badge(&d.s, BADGE), 1);
    (void)assert_replays(d.w);
    station_end(&d.s);
}

/* Neither a withdrawal nor another id begins the terms of a case anew. */
static void listing_anew_begins_no_new_terms(void **state)
{
    struct desk d = begin(state);
    for (unsigned term = 0; term < 3; term++) {
        struct watch_entry entry = entry_of_badge(&d.s, BADGE);
        (void)snprintf(entry.case_number, sizeof(entry.case_number), "%s",
                       term == 1 ? "a330100 2026-17" : CASE_NUMBER); /* the same to a person */
        put_add(&d.s, &entry);
        const Parkgate__Reply *reply = push(&d.s);
        assert_refused(reply, term < 2 ? 0 : ERROR_WATCH_RENEWAL);
        if (term == 2) {
            break;
        }
        assert_done(countersign(&d));
        put_withdraw(&d.s, entry.id);
        assert_done(push(&d.s));
    }
    struct watch_entry entry = entry_of_badge(&d.s, BADGE);
    (void)snprintf(entry.case_number, sizeof(entry.case_number), "A330100-2026-99");
    put_add(&d.s, &entry);
    assert_done(push(&d.s));
    (void)assert_replays(d.w);
    station_end(&d.s);
}

/* Two case numbers in turn give no more than two terms each, whatever is withdrawn between. */
static void case_numbers_in_turn_give_no_more_terms(void **state)
{
    struct desk d = begin(state);
    static const char *const cases[] = {"A330100-2026-1", "A330100-2026-2"};
    struct watch_entry entry = entry_of_badge(&d.s, BADGE);
    for (unsigned i = 0; i < 2; i++) {
        entry = entry_of_badge(&d.s, BADGE);
        (void)snprintf(entry.case_number, sizeof(entry.case_number), "%s", cases[0]);
        put_add(&d.s, &entry); /* its first and only term under the first number */
        assert_done(push(&d.s));
        assert_done(countersign(&d));
        world_pass(d.w, 20 * DAY_US);
        put_renew(&d.s, entry.id, cases[1], d.w->now.us + 80 * DAY_US); /* now the other one acts */
        assert_done(push(&d.s));
        assert_done(countersign(&d));
        put_withdraw(&d.s, entry.id);
        assert_done(push(&d.s));
    }
    for (unsigned i = 0; i < 2; i++) {
        entry = entry_of_badge(&d.s, BADGE);
        (void)snprintf(entry.case_number, sizeof(entry.case_number), "%s", cases[i]);
        put_add(&d.s, &entry);
        assert_refused(push(&d.s), ERROR_WATCH_RENEWAL);
    }
    (void)assert_replays(d.w);
    world_pass(d.w, LIMIT_WATCH_KEPT_DAYS * DAY_US); /* forgotten with the entries, all of it */
    let_tick(d.w, 70 * SECOND_US);
    world_pass(d.w, (LIMIT_WATCH_TERMS_DAYS + 1) * DAY_US);
    let_tick(d.w, 10 * SECOND_US);
    assert_int_equal(rows_in(d.w->store, TABLE_WATCH_PERSON), 0);
    (void)assert_replays(d.w);
    station_end(&d.s);
}

/* A renewal that comes to nothing took no term. */
static void a_renewal_that_never_acts_takes_no_term(void **state)
{
    struct desk d = begin(state);
    char handle[HANDLE_TEXT_SIZE];
    struct watch_entry entry = entry_of_badge(&d.s, BADGE);
    put_add(&d.s, &entry);
    assert_done(push(&d.s));
    assert_done(countersign(&d));
    for (unsigned i = 0; i < 3; i++) {
        put_renew(&d.s, "e0001", CASE_NUMBER, d.w->now.us + (int64_t)(80 + i) * DAY_US);
        assert_done(push(&d.s));
        (void)snprintf(handle, sizeof(handle), "%s", waiting_entry(&d.s, d.officer));
        assert_done(
            ask(d.w, d.officer, "watch.refuse", "entry", handle, "reason", "no ground", NULL));
    }
    put_withdraw(&d.s, "e0001");
    assert_done(push(&d.s));
    entry = entry_of_badge(&d.s, BADGE);
    put_add(&d.s, &entry);
    assert_done(push(&d.s)); /* the second term */
    assert_done(countersign(&d));
    entry = entry_of_badge(&d.s, BADGE);
    put_add(&d.s, &entry);
    assert_refused(push(&d.s), ERROR_WATCH_RENEWAL);
    (void)assert_replays(d.w);
    station_end(&d.s);
}

/* --- identity numbers --- */

static const char *person(struct world *w, const char *name, const char *number)
{
    return note(admin(w, "person.add", "tenant", "acme", "kind", "day", "name", name, "id_number",
                      number, NULL),
                "person");
}

static void put_identity(struct desk *d, const char *number)
{
    struct watch_entry entry = entry_of_identity(&d->s, number);
    put_add(&d->s, &entry);
    assert_done(push(&d->s));
    assert_done(countersign(d));
}

static void who_is_on_the_roster_before_or_after_is_found(void **state)
{
    struct world *w = *state;
    char early[HANDLE_TEXT_SIZE];
    char late[HANDLE_TEXT_SIZE];
    (void)snprintf(early, sizeof(early), "%s", person(w, "Li Wei", NUMBER));
    struct desk d = begin(state); /* the authority comes later, and walks the roster */
    world_turn(w);
    let_tick(w, 3 * SECOND_US);
    assert_string_equal(cell(admin(w, "authority.list", NULL), 0, "people_hashed"), "yes");
    put_identity(&d, NUMBER);
    put_identity(&d, OTHER);
    assert_int_equal(acting_on_person(&d.s, early), 1);
    (void)snprintf(late, sizeof(late), "%s", person(w, "Chen Jie", OTHER));
    assert_int_equal(acting_on_person(&d.s, late), 1);
    (void)assert_replays(w);
    station_end(&d.s);
}

/* Who is added leaves one entry of the same size whoever is listed. */
static void an_addition_tells_nothing_of_the_list(void **state)
{
    static const char *const numbers[] = {NUMBER, OTHER};
    struct desk d = begin(state);
    size_t sizes[2];
    let_tick(d.w, 3 * SECOND_US);
    put_identity(&d, NUMBER);
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        uint64_t before = head_of(d.w).sequence;
        const char *handle = person(d.w, "Li Wei", numbers[i]);
        assert_int_equal(acting_on_person(&d.s, handle), i == 0 ? 1 : 0);
        assert_int_equal(head_of(d.w).sequence, before + 1);
        ProtobufCMessage *entry =
            newest_entry(d.w, ENTRY_HOLDER, &parkgate__holder_record__descriptor);
        sizes[i] = protobuf_c_message_get_packed_size(entry);
        store_message_destroy(&entry);
    }
    assert_int_equal(sizes[0], sizes[1]);
    station_end(&d.s);
}

static uint64_t rows_of(struct world *w, size_t table)
{
    uint64_t rows = 0;
    struct store_txn *txn = NULL;
    assert_int_equal(store_begin_read(w->store, &txn, NULL), ERR_OK);
    assert_int_equal(store_count(txn, table, &rows, NULL), ERR_OK);
    store_txn_destroy(&txn);
    return rows;
}

/* Whether the roster was walked for his hash or it came with him. */
static void who_is_erased_is_named_by_no_hash(void **state)
{
    struct world *w = *state;
    char early[HANDLE_TEXT_SIZE];
    char late[HANDLE_TEXT_SIZE];
    (void)snprintf(early, sizeof(early), "%s", person(w, "Li Wei", NUMBER));
    struct desk d = begin(state);
    let_tick(w, 3 * SECOND_US);
    put_identity(&d, NUMBER);
    (void)snprintf(late, sizeof(late), "%s", person(w, "Chen Jie", OTHER));
    assert_int_equal(rows_of(w, TABLE_WATCH_IDENTITY), 2);
    assert_int_equal(rows_of(w, TABLE_WATCH_TARGET), 1);
    (void)admin(w, "person.erase", "person", early, "reason", "asked", NULL);
    (void)admin(w, "person.erase", "person", late, "reason", "asked", NULL);
    assert_int_equal(rows_of(w, TABLE_WATCH_IDENTITY), 0);
    assert_int_equal(rows_of(w, TABLE_WATCH_TARGET), 0);
    (void)assert_replays(w);
    station_end(&d.s);
}

static void a_replaced_matching_key_ends_what_was_hashed_under_it(void **state)
{
    struct desk d = begin(state);
    char handle[HANDLE_TEXT_SIZE];
    let_tick(d.w, 3 * SECOND_US);
    (void)snprintf(handle, sizeof(handle), "%s", person(d.w, "Li Wei", NUMBER));
    put_identity(&d, NUMBER);
    assert_int_equal(acting_on_person(&d.s, handle), 1);
    agreed(d.w, "authority.replace", "name", STATION, "matching", "yes", "reason", "leaked",
                NULL);
    assert_int_equal(acting_on_person(&d.s, handle), 0);
    const char *generation = note(ask(d.w, d.s.key, "watch.key", NULL), "generation");
    assert_string_equal(generation, "2");
    uint8_t fresh[SEAL_KEY_SIZE];
    assert_true(bytes_from_hex(note(ask(d.w, d.s.key, "watch.key", NULL), "matching"), fresh,
                               sizeof(fresh)));
    assert_memory_not_equal(fresh, d.s.matching.bytes, sizeof(fresh));
    memcpy(d.s.matching.bytes, fresh, sizeof(fresh));
    let_tick(d.w, 3 * SECOND_US); /* the roster is walked again */
    put_identity(&d, NUMBER);
    assert_int_equal(acting_on_person(&d.s, handle), 1);
    (void)assert_replays(d.w);
    station_end(&d.s);
}

/* --- keys, and what stands in clear --- */

static void keys_of_what_is_over_are_destroyed(void **state)
{
    struct desk d = begin(state);
    char handle[HANDLE_TEXT_SIZE];
    struct watch_entry entry = entry_of_badge(&d.s, BADGE);
    put_add(&d.s, &entry);
    assert_done(push(&d.s));
    (void)snprintf(handle, sizeof(handle), "%s", waiting_entry(&d.s, d.officer));
    assert_done(countersign(&d));
    world_pass(d.w, 31 * DAY_US);
    assert_int_equal(acting_on_badge(&d.s, BADGE), 0);
    let_tick(d.w, 70 * SECOND_US);
    assert_true(has_key(d.w, handle));
    assert_int_equal(receipt_state(&d.s, 1, "e0001", NULL, NULL), WATCH_STATE_ENDED);
    world_pass(d.w, LIMIT_WATCH_KEPT_DAYS * DAY_US);
    let_tick(d.w, 3 * SECOND_US);
    assert_false(has_key(d.w, handle));
    world_pass(d.w, (LIMIT_WATCH_TERMS_DAYS + 1) * DAY_US);
    let_tick(d.w, 3 * SECOND_US);
    assert_int_equal(row_count(ask(d.w, d.officer, "watch.list", NULL)), 0);
    (void)assert_replays(d.w);
    station_end(&d.s);
}

/* Is this text anywhere in the store's file? */
static bool file_has(const char *dir, const char *text)
{
    static uint8_t bytes[64 << 20];
    char path[256];
    (void)snprintf(path, sizeof(path), "%s/data.mdb", dir);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    ssize_t size = read(fd, bytes, sizeof(bytes));
    (void)close(fd);
    assert_true(size > 0 && size < (ssize_t)sizeof(bytes));
    return memmem(bytes, (size_t)size, text, strlen(text)) != NULL;
}

static void what_an_entry_says_stands_nowhere_in_clear(void **state)
{
    struct desk d = begin(state);
    static const char *const words[] = {APPLICANT,  CASE_NUMBER, "Criminal Procedure", "duty desk",
                                        "浙A12345", "Zhou Min",  "A330100-2026-88"};
    static const uint8_t uid[] = {0x04, 0xa1, 0xb2, 0xc3, 0};
    struct watch_entry badge = entry_of_badge(&d.s, BADGE);
    struct watch_entry plate = entry_of_plate(&d.s, "浙A12345");
    put_add(&d.s, &badge);
    put_add(&d.s, &plate);
    assert_done(push(&d.s));
    assert_done(countersign(&d));
    put_renew(&d.s, "e0001", "A330100-2026-88", d.w->now.us + 80 * DAY_US);
    assert_done(push(&d.s));
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        assert_false(file_has(d.w->store_dir, words[i]));
        assert_false(file_has(d.w->keys_dir, words[i]));
    }
    assert_false(file_has(d.w->store_dir, (const char *)uid));
    assert_true(file_has(d.w->store_dir, STATION)); /* the search finds what is there */
    station_end(&d.s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(an_officer_lets_it_act),
        WORLD_TEST(a_refused_one_never_acts_and_its_key_is_gone),
        WORLD_TEST(an_officer_reads_the_ground_with_a_reason),
        WORLD_TEST(a_second_renewal_needs_a_new_case),
        WORLD_TEST(a_renewal_acts_when_it_is_countersigned),
        WORLD_TEST(listing_anew_begins_no_new_terms),
        WORLD_TEST(case_numbers_in_turn_give_no_more_terms),
        WORLD_TEST(a_renewal_that_never_acts_takes_no_term),
        WORLD_TEST(who_is_on_the_roster_before_or_after_is_found),
        WORLD_TEST(an_addition_tells_nothing_of_the_list),
        WORLD_TEST(who_is_erased_is_named_by_no_hash),
        WORLD_TEST(a_replaced_matching_key_ends_what_was_hashed_under_it),
        WORLD_TEST(keys_of_what_is_over_are_destroyed),
        WORLD_TEST(what_an_entry_says_stands_nowhere_in_clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

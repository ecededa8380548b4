/* Goal: a disposition that is over, its notifications and the peer's id end at their term; one that
 * acts, and what a library has not taken yet, stay; no number is given out twice. Method: the verbs
 * of a library and of two operators, hits recorded by hand, a clock that is moved by months. */
#include "tests/unit/controller/retention_fixture.h"

#include "common/access/civil.h"
#include "common/facts/people_store.h"
#include "controller/app/park_sign.h"
#include "schema/viid.h"
#include "schema/viid.pb-c.h"
#include "schema/watch.h"

#define PLATE "渝D2S030"

static struct world *w;
static struct link_key library, officer;

static const ProtobufCBinaryData *row_of(const char *id, int days)
{
    static uint8_t packed[512];
    static ProtobufCBinaryData field;
    Parkgate__ViidDisposition said = PARKGATE__VIID_DISPOSITION__INIT;
    said.id = text_of(id);
    said.title = text_of("a");
    said.value = text_of(PLATE);
    said.target = VIID_TARGET_VEHICLE;
    said.end_us = w->now.us + days * 24 * 60 * MINUTE_US;
    field = (ProtobufCBinaryData){.len = parkgate__viid_disposition__pack(&said, packed),
                                  .data = packed};
    return &field;
}

/* The number that it got. */
static const char *hand(const char *id, int days)
{
    return note(assert_done(ask_rows(w, library, "library.hand", row_of(id, days), 1, "peer",
                                     "police", "id", id, "operate", "set", NULL)),
                "disposition");
}

/* An authority that the park signs for, a library and a second person. */
static void begin(void **state)
{
    struct sign_public ours;
    char hex[2 * sizeof(ours.bytes) + 1];
    w = *state;
    library = operator_key(w, 50, "library", NULL, NULL, NULL);
    officer = operator_key(w, 52, "security", NULL, NULL, NULL);
    ours = park_sign_public(w->ctl);
    bytes_to_hex(BYTES_OF(ours.bytes), hex, sizeof(hex));
    agreed(w, "authority.add", "name", "east-viid", "title", "T", "public",
                "0000000000000000000000000000000000000000000000000000000000000a01", "sign", hex,
                "reason", "x", NULL);
}

/* Enters and confirms it for so many days: the entry's handle. */
static struct handle let_act(const char *number, int days)
{
    char until[CIVIL_DATE_SIZE];
    struct handle entry;
    civil_date_format((int32_t)(w->now.us / 86400000000) + days, until);
    (void)admin(w, "disposition.enter", "disposition", number, "authority", "east-viid", "category",
                "court-order", "case", "A-2026-17", "basis", "CPL 82", "value", PLATE, "applicant",
                "Li Wei", "contact", "duty desk", "until", until, NULL);
    assert_true(handle_from_text(note(assert_done(ask(w, officer, "disposition.confirm",
                                                      "disposition", number, "value", PLATE, NULL)),
                                      "entry"),
                                 &entry));
    return entry;
}

static void tell_hit(struct handle entry, uint64_t number)
{
    Parkgate__WatchHit hit = PARKGATE__WATCH_HIT__INIT;
    hit.entry = people_field(&entry);
    hit.authority = text_of("east-viid");
    hit.at_us = w->now.us;
    hit.matcher = WATCH_MATCHER_PLATE;
    hit.number = number;
    world_turn(w);
    assert_int_equal(store_begin_write(w->store, &w->ctl->txn, NULL), ERR_OK);
    assert_int_equal(controller_record(w->ctl, ENTRY_WATCH_HIT, "", &hit.base, NULL), ERR_OK);
    assert_int_equal(store_commit(&w->ctl->txn, NULL), ERR_OK);
    w->ctl->txn = NULL;
}

static void take(const char *notice)
{
    (void)assert_done(ask(w, library, "library.sent", "peer", "police", "notice", notice, NULL));
}

static size_t due(void)
{
    return row_count(assert_done(ask(w, library, "library.due", "peer", "police", NULL)));
}

static size_t listed(void)
{
    return row_count(admin(w, "disposition.list", "all", "yes", NULL));
}

/* Time goes on by ticks of a day, as dispositions end by themselves. */
static void let_days_pass(int days)
{
    for (int i = 0; i < days; i++) {
        days_on(w, 1);
        tick(w);
    }
}

static void one_that_is_over_ends_with_its_notices_and_id(void **state)
{
    begin(state);
    tell_hit(let_act(hand("D-1", 20), 5), 1);
    take("1");
    (void)hand("D-2", 300);
    let_days_pass(52); /* its entry's end and 30 days after it */
    (void)admin(w, "disposition.refuse", "disposition", "2", "reason", "no order", NULL);
    let_days_pass(150);
    run(w);
    assert_int_equal(listed(), 2);
    assert_int_equal(rows_of(w, TABLE_DISPOSITION_ID), 2);
    let_days_pass(32);
    run(w);
    assert_int_equal(listed(), 0);
    assert_int_equal(rows_of(w, TABLE_DISPOSITION_ID), 0);
    assert_int_equal(rows_of(w, TABLE_DISPOSITION_ENTRY), 0);
    assert_int_equal(rows_of(w, TABLE_DISPOSITION), 1);        /* its number ... */
    assert_int_equal(rows_of(w, TABLE_DISPOSITION_NOTICE), 1); /* ... and the notice's, bare */
    assert_refused(ask(w, library, "library.sent", "peer", "police", "notice", "1", NULL),
                   ERROR_NOT_FOUND);
    assert_refused(ask(w, library, "library.look", "peer", "police", "id", "D-1", NULL),
                   ERROR_VIID_UNKNOWN);
    uint64_t head = head_of(w).sequence;
    run(w);
    assert_int_equal(entries_of(w, ENTRY_WATCH_RETENTION, head), 0); /* a bare row stays */
    assert_string_equal(hand("D-1", 20), "3");
    tell_hit(let_act("3", 5), 2);
    const Parkgate__Reply *reply =
        assert_done(ask(w, library, "library.due", "peer", "police", NULL));
    assert_string_equal(cell(reply, 0, "notice"), "2");
    run(w);
    assert_int_equal(rows_of(w, TABLE_DISPOSITION), 1); /* the bare ones are no longer needed */
    assert_int_equal(rows_of(w, TABLE_DISPOSITION_NOTICE), 1);
    (void)assert_replays(w);
}

/* A receiver that is down for half a year. */
static void what_is_due_stays_with_its_hit(void **state)
{
    begin(state);
    struct handle entry = let_act(hand("D-1", 360), 350);
    tell_hit(entry, 1);
    tell_hit(entry, 2);
    take("1");
    let_days_pass(200);
    run(w);
    assert_int_equal(due(), 1);
    assert_int_equal(listed(), 1);
    assert_int_equal(rows_of(w, TABLE_DISPOSITION_NOTICE), 1);
    take("2");
    assert_int_equal(due(), 0);
    run(w);
    assert_int_equal(rows_of(w, TABLE_WATCH_HIT), 0);
    assert_int_equal(listed(), 1); /* its entry acts */
    (void)assert_replays(w);
}

/* Its number is not given out again. */
static void a_damaged_one_leaves_its_number(void **state)
{
    begin(state);
    assert_string_equal(hand("D-1", 20), "1");
    damage_first(w, TABLE_DISPOSITION);
    run(w);
    assert_int_equal(rows_of(w, TABLE_DISPOSITION), 1);
    assert_int_equal(listed(), 0);
    assert_string_equal(hand("D-2", 20), "2");
    run(w);
    assert_int_equal(rows_of(w, TABLE_DISPOSITION), 1);
    assert_int_equal(listed(), 1);
    (void)assert_replays(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(one_that_is_over_ends_with_its_notices_and_id),
        WORLD_TEST(what_is_due_stays_with_its_hit),
        WORLD_TEST(a_damaged_one_leaves_its_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Goal: distinct persons with a face are counted, now and ever; a warning stands from 80,000 on, and
 * at 100,000 nobody more gets one before the filing's number is entered. Method: a whole controller;
 * faces attached and removed in all orders; for the great numbers the count's own row is written
 * near its bound first. */
#include "tests/unit/controller/harness.h"

struct faces {
    struct world *w;
    char li[HANDLE_TEXT_SIZE], wu[HANDLE_TEXT_SIZE];
};

static struct faces begin(void **state)
{
    struct faces f = {.w = *state};
    person_with_badge(f.w, "acme", "Li Wei", "04010203", "day", f.li);
    person_with_badge(f.w, "acme", "Wu Di", "04010204", "day", f.wu);
    return f;
}

static const Parkgate__Reply *attach(struct faces *f, const char *person, const char *subject)
{
    return ask(f->w, f->w->admin, "face.attach", "person", person, "subject", subject, "consent",
               "C-1", "purpose", "access", NULL);
}

static void expect_counts(struct faces *f, const char *now, const char *ever)
{
    const Parkgate__Reply *reply = admin(f->w, "face.count", NULL);
    assert_string_equal(note(reply, "persons_now"), now);
    assert_string_equal(note(reply, "persons_ever"), ever);
}

/* As if so many others had one. */
static void others(struct faces *f, uint64_t now)
{
    static const uint8_t key[] = {FACE_COUNT_ROW};
    struct store_txn *txn = NULL;
    Parkgate__FaceCountRecord count = PARKGATE__FACE_COUNT_RECORD__INIT;
    count.now = count.ever = now;
    world_turn(f->w);
    assert_int_equal(store_begin_write(f->w->store, &txn, NULL), ERR_OK);
    assert_int_equal(store_put_message(txn, TABLE_FACE_COUNT, BYTES_OF(key), &count.base, NULL),
                     ERR_OK);
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
}

static void persons_are_counted_not_faces(void **state)
{
    struct faces f = begin(state);
    char face[HANDLE_TEXT_SIZE];
    expect_counts(&f, "0", "0");
    (void)snprintf(face, sizeof(face), "%s", note(assert_done(attach(&f, f.li, "s-1")), "credential"));
    expect_counts(&f, "1", "1");
    (void)assert_done(attach(&f, f.li, "s-2"));
    expect_counts(&f, "1", "1");
    (void)assert_done(attach(&f, f.li, "s-1")); /* again */
    expect_counts(&f, "1", "1");
    (void)assert_done(attach(&f, f.wu, "s-3"));
    expect_counts(&f, "2", "2");
    (void)admin(f.w, "face.remove", "credential", face, "reason", "withdrawn", NULL);
    expect_counts(&f, "2", "2"); /* his other one is left */
    assert_replays(f.w);
}

static void who_had_one_is_counted_for_ever_and_not_twice(void **state)
{
    struct faces f = begin(state);
    char face[HANDLE_TEXT_SIZE];
    for (int i = 0; i < 3; i++) {
        (void)snprintf(face, sizeof(face), "%s",
                       note(assert_done(attach(&f, f.li, "s-1")), "credential"));
        expect_counts(&f, "1", "1");
        (void)admin(f.w, "face.remove", "credential", face, "reason", "withdrawn", NULL);
        expect_counts(&f, "0", "1");
    }
    (void)assert_done(attach(&f, f.wu, "s-1")); /* the terminal's subject, another person */
    expect_counts(&f, "1", "2");
    assert_replays(f.w);
}

static void from_80000_on_a_warning_stands(void **state)
{
    struct faces f = begin(state);
    char face[HANDLE_TEXT_SIZE];
    others(&f, LIMIT_FACE_PERSONS_WARN - 2);
    (void)assert_done(attach(&f, f.li, "s-1"));
    assert_true(row_with(admin(f.w, "status", NULL), "fault", "faces-many") == SIZE_MAX);
    (void)snprintf(face, sizeof(face), "%s", note(assert_done(attach(&f, f.wu, "s-2")), "credential"));
    const Parkgate__Reply *status = admin(f.w, "status", NULL);
    assert_true(row_with(status, "fault", "faces-many") != SIZE_MAX);
    (void)admin(f.w, "face.remove", "credential", face, "reason", "withdrawn", NULL);
    status = admin(f.w, "status", NULL);
    assert_true(row_with(status, "fault", "faces-many") == SIZE_MAX);
}

static void at_100000_it_must_be_filed(void **state)
{
    struct faces f = begin(state);
    others(&f, LIMIT_FACE_PERSONS - 1);
    (void)assert_done(attach(&f, f.li, "s-1"));
    const Parkgate__Reply *reply = attach(&f, f.wu, "s-2");
    assert_refused(reply, ERROR_FACES_FULL);
    assert_string_equal(reply->error_arg[0], "100000");
    (void)assert_done(attach(&f, f.li, "s-3")); /* the same person: no more persons */
    assert_string_not_equal(note(admin(f.w, "face.count", NULL), "reached_us"), "0");
    assert_refused(ask(f.w, f.w->admin, "face.filing", "number", "ZJ-2026-17", NULL),
                   ERROR_REASON_NEEDED);
    (void)admin(f.w, "face.filing", "number", "ZJ-2026-17", "reason", "filed with the province",
                NULL);
    (void)assert_done(attach(&f, f.wu, "s-2"));
    assert_string_equal(note(admin(f.w, "face.count", NULL), "filing"), "ZJ-2026-17");
    assert_true(row_with(admin(f.w, "status", NULL), "fault", "faces-many") == SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(persons_are_counted_not_faces),
        WORLD_TEST(who_had_one_is_counted_for_ever_and_not_twice),
        WORLD_TEST(from_80000_on_a_warning_stands),
        WORLD_TEST(at_100000_it_must_be_filed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Goal: a lawful demand gets what its document names and nothing beyond it, after two other persons
 * agreed; every way to ask for more is refused; what was handed out is signed, counted, logged and
 * told. Method: a whole controller with three persons who may agree, workers who pass, and a
 * reader of the file that checks its signature by itself. */
#include "tests/unit/controller/harness.h"

#include "common/facts/passage_walk.h"
#include "common/seal/sign.h"
#include "controller/app/park_sign.h"
#include "controller/store/project.h"

#define LI    "04010203"
#define WU    "04010204"
#define LI_ID "11010519491231002X"
#define DAY   "2026-03-03"

enum { ANNA = 60, BO = 61, CARLA = 62, ANNA_AGAIN = 63, FILE_SIZE = 256 * 1024 };

struct matter {
    struct world *w;
    struct gate gate;
    struct link_key anna, bo, carla;
    char li[HANDLE_TEXT_SIZE], wu[HANDLE_TEXT_SIZE];
};

static const char *hex_of(uint8_t number)
{
    static char hex[LINK_KEY_HEX_SIZE];
    link_key_to_hex(key_of(number), hex);
    return hex;
}

static struct matter begin(void **state)
{
    struct matter d = {.w = *state};
    gate_join(d.w, &d.gate, "gate-a", 1);
    d.anna = operator_key(d.w, ANNA, "security", NULL, NULL, NULL);
    d.bo = operator_key(d.w, BO, "security", NULL, NULL, NULL);
    d.carla = operator_key(d.w, CARLA, "security", NULL, NULL, NULL);
    (void)snprintf(d.li, sizeof(d.li), "%s",
                   note(admin(d.w, "person.add", "tenant", "acme", "kind", "day", "name", "Li Wei",
                              "id_number", LI_ID, "phone", "139", NULL),
                        "person"));
    (void)admin(d.w, "badge.add", "person", d.li, "uid", LI, NULL);
    (void)admin(d.w, "face.attach", "person", d.li, "subject", "S-FACE", "consent", "C-9",
                "purpose", "entry", NULL);
    (void)admin(d.w, "assignment.add", "person", d.li, "tenant", "acme", "shift", "day", "from",
                "2026-03-02", "to", "2026-03-31", NULL);
    person_with_badge(d.w, "acme", "Wu Di", WU, "day", d.wu);
    return d;
}

static void walk(struct matter *d, const char *uid, size_t times)
{
    for (size_t i = 0; i < times; i++) {
        gate_walk(d->w, &d->gate, i % 2 == 0 ? "a-in" : "a-out", uid);
        world_pass(d->w, MINUTE_US);
    }
}

/* What is asked for must be over: the first demand comes the next morning. */
static struct world *next_day(struct matter *d)
{
    int64_t left_us = at_shanghai(TUESDAY + 1, 7, 50) - d->w->now.us;
    world_pass(d->w, left_us > 0 ? left_us : 0);
    return d->w;
}

#define ask_for(d, key, ...)                                                                       \
    ask(next_day(d), key, "disclose.ask", "document", "D-1", "authority", "Station East",          \
        "officer", "071234", "basis", "Criminal Procedure Law 136", __VA_ARGS__, NULL)
#define ask_persons(d, people, fields)                                                             \
    ask_for(d, (d)->anna, "fields", fields, "persons", people, "from", DAY, "to", DAY)
#define ask_lane(d, fields) ask_for(d, (d)->anna, "fields", fields, "lane", "a-in", "day", DAY)

static const char *agree(struct matter *d, const Parkgate__Reply *asked)
{
    char number[24];
    (void)snprintf(number, sizeof(number), "%s", note(assert_done(asked), "approval"));
    const Parkgate__Reply *reply =
        assert_done(ask(d->w, d->bo, "approval.grant", "approval", number, NULL));
    assert_string_equal(note(reply, "state"), "waiting");
    assert_string_equal(note(reply, "agreed"), "1");
    return note(assert_done(ask(d->w, d->carla, "approval.grant", "approval", number, NULL)),
                "disclosure");
}

/* --- the file, read by another program --- */

struct taken {
    char text[FILE_SIZE]; /* of all lines before the last */
    char signature[512];
    size_t pages;
};

static void take_lines(const Parkgate__Reply *reply, struct taken *t)
{
    size_t used = strlen(t->text);
    for (size_t i = 0; i < row_count(reply); i++) {
        used += (size_t)snprintf(t->text + used, sizeof(t->text) - used, "%s\n",
                                 cell(reply, i, "line"));
        assert_true(used < sizeof(t->text));
    }
    t->pages++;
}

static void take(struct matter *d, const char *which, struct taken *t)
{
    char number[24];
    char after[64] = "";
    (void)snprintf(number, sizeof(number), "%s", which); /* notes are kept for a while only */
    memset(t, 0, sizeof(*t));
    for (;;) {
        const Parkgate__Reply *reply =
            after[0] == '\0'
                ? ask(d->w, d->anna, "disclose.file", "disclosure", number, NULL)
                : ask(d->w, d->anna, "disclose.file", "disclosure", number, "after", after, NULL);
        take_lines(assert_done(reply), t);
        if (!reply->more) {
            (void)snprintf(t->signature, sizeof(t->signature), "%s", note(reply, "signature"));
            return;
        }
        (void)snprintf(after, sizeof(after), "%.*s", (int)reply->cursor.len,
                       (const char *)reply->cursor.data);
        assert_true(t->pages < 400);
    }
}

/* The lines of docs/privacy.md in C: the digest of the text, and the key's word for it. */
static bool is_signed(struct world *w, const struct taken *t)
{
    char number[32];
    char digest[80];
    char key[32];
    char value[128];
    char message[256];
    char hex[2 * SEAL_HASH_SIZE + 1];
    struct sign_value signature;
    struct sign_public park = park_sign_public(w->ctl);
    assert_int_equal(
        sscanf(t->signature, "signature %31s %79s %31s %127s", number, digest, key, value), 4);
    struct seal_hash hash = seal_hash_of(bytes_of_text(t->text));
    bytes_to_hex(BYTES_OF(hash.bytes), hex, sizeof(hex));
    (void)snprintf(message, sizeof(message), "parkgate disclosure 1\n%s %s %s\n", number, hex, key);
    return strcmp(hex, digest) == 0 && sign_from_base64(value, &signature) &&
           sign_is_good(&park, bytes_of_text(message), &signature);
}

static size_t count_of(const char *text, const char *needle)
{
    size_t count = 0;
    for (const char *at = strstr(text, needle); at != NULL; at = strstr(at + 1, needle)) {
        count++;
    }
    return count;
}

static struct taken taken; /* too large for the stack */

/* --- who agrees --- */

static void two_others_agree_or_nothing_is_done(void **state)
{
    char number[24];
    struct matter d = begin(state);
    struct world *w = d.w;
    const Parkgate__Reply *reply = assert_done(ask_persons(&d, d.li, "name"));
    assert_string_equal(note(reply, "state"), "waiting");
    (void)snprintf(number, sizeof(number), "%s", note(reply, "approval"));
    assert_int_equal(entries_of(w, ENTRY_DISCLOSURE, 0), 0);
    assert_refused(ask(w, d.anna, "approval.grant", "approval", number, NULL), ERROR_SAME_PERSON);
    assert_done(ask(w, d.bo, "approval.grant", "approval", number, NULL));
    assert_refused(ask(w, d.bo, "approval.grant", "approval", number, NULL), ERROR_SAME_PERSON);
    assert_int_equal(entries_of(w, ENTRY_DISCLOSURE, 0), 0);
    assert_string_equal(cell(admin(w, "approval.list", NULL), 0, "decider"), "key-61");
    assert_done(ask(w, d.carla, "approval.grant", "approval", number, NULL));
    reply = assert_done(ask(w, d.anna, "disclose.list", NULL));
    assert_string_equal(cell(reply, 0, "state"), "agreed");
    assert_string_equal(cell(reply, 0, "agreed_by"), "key-61, key-62");
    assert_string_equal(cell(reply, 0, "asker"), "key-60");
    (void)assert_replays(w);
}

static void two_keys_of_one_person_agree_once(void **state)
{
    char number[24];
    struct matter d = begin(state);
    (void)admin(d.w, "key.add", "name", "bo-2", "public", hex_of(ANNA_AGAIN), "role", "admin",
                "person", "key-61", NULL);
    (void)snprintf(number, sizeof(number), "%s",
                   note(assert_done(ask_persons(&d, d.li, "name")), "approval"));
    assert_done(ask(d.w, d.bo, "approval.grant", "approval", number, NULL));
    const Parkgate__Reply *asked = admin(d.w, "approval.list", NULL);
    size_t strong = row_with(asked, "text", "key.add bo-2");
    if (strong != SIZE_MAX) { /* another admin would have to agree to that key */
        char key[24];
        (void)snprintf(key, sizeof(key), "%s", cell(asked, strong, "approval"));
        assert_done(ask(d.w, d.bo, "approval.grant", "approval", key, NULL));
    }
    assert_refused(ask(d.w, key_of(ANNA_AGAIN), "approval.grant", "approval", number, NULL),
                   ERROR_SAME_PERSON);
}

static void who_lost_his_key_did_not_agree(void **state)
{
    char number[24];
    struct matter d = begin(state);
    (void)snprintf(number, sizeof(number), "%s",
                   note(assert_done(ask_persons(&d, d.li, "name")), "approval"));
    assert_done(ask(d.w, d.bo, "approval.grant", "approval", number, NULL));
    (void)admin(d.w, "key.revoke", "name", "key-61", "reason", "left", NULL);
    assert_refused(ask(d.w, d.carla, "approval.grant", "approval", number, NULL),
                   ERROR_APPROVAL_FAILED);
    assert_int_equal(entries_of(d.w, ENTRY_DISCLOSURE, 0), 0);
}

static void where_two_others_are_not_nobody_discloses(void **state)
{
    struct matter d = begin(state);
    (void)admin(d.w, "key.revoke", "name", "key-61", "reason", "left", NULL);
    (void)admin(d.w, "key.revoke", "name", "key-62", "reason", "left", NULL);
    const Parkgate__Reply *reply = ask_persons(&d, d.li, "name");
    assert_refused(reply, ERROR_APPROVERS_FEW);
    assert_string_equal(reply->error_arg[2], "1"); /* the admin */
    assert_int_equal(row_count(admin(d.w, "approval.list", NULL)), 0);
}

static void who_agrees_can_read_to_what(void **state)
{
    char number[24];
    struct matter d = begin(state);
    (void)snprintf(number, sizeof(number), "%s",
                   note(assert_done(ask_persons(&d, d.li, "name,passages")), "approval"));
    const Parkgate__Reply *reply =
        assert_done(ask(d.w, d.bo, "approval.show", "approval", number, NULL));
    assert_string_equal(note(reply, "verb"), "disclose.ask");
    assert_string_equal(note(reply, "needed"), "2");
    assert_string_equal(cell(reply, row_with(reply, "field", "persons"), "value"), d.li);
    assert_string_equal(cell(reply, row_with(reply, "field", "fields"), "value"), "name,passages");
}

/* --- bounds, and tries to cross them --- */

static void everybody_a_tenant_or_a_zone_is_refused(void **state)
{
    static const char *const wholes[][2] = {
        {"persons", "all"   },
        {"persons", "*"     },
        {"persons", "全部"},
        {"tenant",  "acme"  },
        {"zone",    "yard"  },
        {"gate",    "gate-a"},
        {"all",     "yes"   },
        {"lane",    "all"   }
    };
    struct matter d = begin(state);
    for (size_t i = 0; i < ARRAY_LEN(wholes); i++) {
        assert_refused(ask_for(&d, d.anna, wholes[i][0], wholes[i][1], "fields", "name", "from",
                               DAY, "to", DAY),
                       ERROR_DISCLOSE_WHOLE);
    }
    assert_refused(ask_for(&d, d.anna, "lane", "a-in,a-out", "fields", "passages", "day", DAY),
                   ERROR_DISCLOSE_WHOLE);
    assert_refused(ask_for(&d, d.anna, "fields", "name", "from", DAY, "to", DAY),
                   ERROR_ARG_MISSING);
    assert_int_equal(row_count(admin(d.w, "approval.list", NULL)), 0);
}

static void a_period_is_closed_and_over(void **state)
{
    static const char *const periods[][2] = {
        {"2026-03-03", ""          },
        {"",           "2026-03-03"},
        {"2026-03-03", "2026-03-04"}, /* today */
        {"2026-03-03", "2026-03-05"}, /* tomorrow */
        {"2026-03-03", "2026-03-02"},
        {"2025-03-02", "2026-03-03"}
    }; /* 367 days */
    struct matter d = begin(state);
    for (size_t i = 0; i < ARRAY_LEN(periods); i++) {
        assert_refused(ask_for(&d, d.anna, "persons", d.li, "fields", "name", "from", periods[i][0],
                               "to", periods[i][1]),
                       ERROR_DISCLOSE_PERIOD);
    }
    assert_refused(ask_for(&d, d.anna, "persons", d.li, "fields", "name"), ERROR_DISCLOSE_PERIOD);
    assert_done(ask_for(&d, d.anna, "persons", d.li, "fields", "name", "from", "2025-03-03", "to",
                        "2026-03-03"));
}

static void a_lane_is_one_lane_on_one_day(void **state)
{
    struct matter d = begin(state);
    assert_refused(ask_for(&d, d.anna, "lane", "a-in", "fields", "passages"),
                   ERROR_DISCLOSE_PERIOD);
    assert_refused(
        ask_for(&d, d.anna, "lane", "a-in", "fields", "passages", "from", DAY, "to", DAY),
        ERROR_ARG_BAD);
    assert_refused(ask_for(&d, d.anna, "lane", "a-in", "fields", "passages", "day", "2026-03-04"),
                   ERROR_DISCLOSE_PERIOD);
    assert_refused(ask_for(&d, d.anna, "lane", "x-in", "fields", "passages", "day", DAY),
                   ERROR_NOT_FOUND);
    assert_refused(
        ask_for(&d, d.anna, "lane", "a-in", "persons", d.li, "fields", "passages", "day", DAY),
        ERROR_ARG_BAD);
    assert_refused(ask_for(&d, d.anna, "lane", "a-in", "fields", "name", "day", DAY),
                   ERROR_ARG_BAD);
    assert_done(ask_lane(&d, "passages"));
}

static void many_persons(struct matter *d, size_t count, char *out, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        char external[16];
        (void)snprintf(external, sizeof(external), "M%zu", i);
        const Parkgate__Reply *reply = ask(d->w, d->w->admin, "person.find", "tenant", "acme",
                                           "external", external, "reason", "test", NULL);
        const char *handle = reply->error == 0
                                 ? cell(reply, 0, "person")
                                 : note(admin(d->w, "person.add", "tenant", "acme", "kind", "day",
                                              "name", "X", "external", external, NULL),
                                        "person");
        used += (size_t)snprintf(out + used, size - used, "%s%s", i > 0 ? "," : "", handle);
        assert_true(used < size);
    }
}

static void twenty_persons_a_document_and_no_more(void **state)
{
    char people[1024];
    struct matter d = begin(state);
    many_persons(&d, 21, people, sizeof(people));
    const Parkgate__Reply *reply = ask_persons(&d, people, "name");
    assert_refused(reply, ERROR_DISCLOSE_PERSONS);
    assert_string_equal(reply->error_arg[0], "20");
    people[20 * (HANDLE_TEXT_SIZE)-1] = '\0'; /* the first twenty */
    (void)agree(&d, ask_persons(&d, people, "name"));
    reply = ask_persons(&d, d.li, "name"); /* in a second request for the same document */
    assert_refused(reply, ERROR_DISCLOSE_PERSONS);
    assert_string_equal(reply->error_arg[1], "21");
    assert_refused(ask(d.w, d.anna, "disclose.ask", "document", "d-1", "authority", "STATION EAST",
                       "officer", "071", "basis", "B", "persons", d.li, "fields", "name", "from",
                       DAY, "to", DAY, NULL),
                   ERROR_DISCLOSE_PERSONS); /* written another way */
    people[HANDLE_TEXT_SIZE - 1] = '\0';
    assert_done(ask_persons(&d, people, "phone")); /* one of the twenty */
}

static void a_document_is_of_persons_or_of_one_lanes_day(void **state)
{
    struct matter d = begin(state);
    (void)agree(&d, ask_lane(&d, "passages"));
    assert_refused(ask_persons(&d, d.li, "name"), ERROR_DISCLOSE_LANE);
    assert_refused(ask_lane(&d, "passages"), ERROR_DISCLOSE_LANE);
    assert_refused(ask_for(&d, d.anna, "lane", "a-out", "fields", "passages", "day", "2026-03-02"),
                   ERROR_DISCLOSE_LANE);
}

static void a_demand_has_document_officer_and_basis(void **state)
{
    static const char *const needed[] = {"document", "authority", "officer",
                                         "basis",    "fields",    "persons"};
    struct matter d = begin(state);
    (void)next_day(&d);
    for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
        const char *value[ARRAY_LEN(needed)] = {"D-1", "A", "071", "B", "name", d.li};
        value[i] = "";
        const Parkgate__Reply *reply =
            ask(d.w, d.anna, "disclose.ask", needed[0], value[0], needed[1], value[1], needed[2],
                value[2], needed[3], value[3], needed[4], value[4], needed[5], value[5], "from",
                DAY, "to", DAY, NULL);
        assert_refused(reply, ERROR_ARG_MISSING);
        assert_string_equal(reply->error_arg[0], needed[i]);
    }
    assert_refused(ask(d.w, d.anna, "disclose.ask", "document", "D-1", "authority", "A", "officer",
                       "Zhang San", "basis", "B", "fields", "name", "persons", d.li, "from", DAY,
                       "to", DAY, NULL),
                   ERROR_ARG_BAD); /* a name has no place in the journal */
}

static void faces_and_watch_entries_are_no_field(void **state)
{
    static const char *const none[] = {"face",   "faces", "picture", "watch", "hits",
                                       "gender", "reads", "bans",    "all",   "*"};
    struct matter d = begin(state);
    for (size_t i = 0; i < ARRAY_LEN(none); i++) {
        assert_refused(ask_persons(&d, d.li, none[i]), ERROR_DISCLOSE_FIELD);
        assert_refused(ask_lane(&d, none[i]), ERROR_DISCLOSE_FIELD);
    }
    assert_refused(ask_lane(&d, "passages,attendance"), ERROR_DISCLOSE_FIELD);
}

/* --- the file --- */

static void only_what_is_named_is_in_it(void **state)
{
    struct matter d = begin(state);
    walk(&d, LI, 2);
    walk(&d, WU, 1);
    take(&d, agree(&d, ask_persons(&d, d.li, "name,passages")), &taken);
    assert_true(is_signed(d.w, &taken));
    assert_non_null(strstr(taken.text, "\n1\tname\tLi Wei\n"));
    assert_int_equal(count_of(taken.text, "\n1\tpassage\t2026-03-03T"), 2);
    assert_non_null(strstr(taken.text, "\ta-in\tin\n"));
    static const char *const absent[] = {LI_ID, "139", "acme", "Wu Di", "S-FACE", LI, "attendance"};
    for (size_t i = 0; i < ARRAY_LEN(absent); i++) {
        assert_null(strstr(taken.text, absent[i]));
    }
    assert_null(strstr(taken.text, d.li));
    assert_int_equal(strncmp(taken.text, "parkgate disclosure 1\n", 22), 0);
    assert_non_null(strstr(taken.text, "\ndocument\tD-1\n"));
    assert_non_null(strstr(taken.text, "\ndelete_by\t2026-04-03\t"));
    const Parkgate__Reply *left = admin(d.w, "retention.exports", NULL);
    assert_string_equal(cell(left, 0, "kind"), "disclosure");
    assert_string_equal(cell(left, 0, "reason_given"), "D-1");
    (void)assert_replays(d.w);
}

static void every_field_of_a_person_and_never_a_face(void **state)
{
    struct matter d = begin(state);
    walk(&d, LI, 1);
    take(&d,
         agree(&d, ask_persons(&d, d.li,
                               "handle,name,id_number,phone,tenant,agency,plate,credentials,"
                               "assignments,attendance,passages")),
         &taken);
    static const char *const there[] = {"\n1\tid_number\t" LI_ID "\n",
                                        "\n1\tphone\t139\n",
                                        "\n1\ttenant\tacme\n",
                                        "\n1\tcredential\tbadge\tvalid\n",
                                        "\n1\tassignment\tacme\tday\t2026-03-02\t2026-03-31\n",
                                        "\n1\tattendance\t2026-03-03\tacme\t2026-03-03T",
                                        "\n1\tpassage\t2026-03-03T"};
    for (size_t i = 0; i < ARRAY_LEN(there); i++) {
        if (strstr(taken.text, there[i]) == NULL) {
            fail_msg("%s is missing in\n%s", there[i], taken.text);
        }
    }
    assert_null(strstr(taken.text, "face"));
    assert_null(strstr(taken.text, "S-FACE"));
}

static void a_lanes_day_is_that_lane_and_that_day(void **state)
{
    struct matter d = begin(state);
    walk(&d, LI, 3);
    walk(&d, WU, 1);
    world_pass(d.w, (int64_t)24 * 60 * MINUTE_US);
    walk(&d, WU, 3);
    take(&d, agree(&d, ask_lane(&d, "passages,name")), &taken);
    assert_true(is_signed(d.w, &taken));
    assert_int_equal(count_of(taken.text, "\npassage\t2026-03-03T"), 3);
    assert_int_equal(count_of(taken.text, "\npassage\t"), 3);
    assert_int_equal(count_of(taken.text, "\ta-in\tin\tname=Li Wei\n"), 2);
    assert_int_equal(count_of(taken.text, "\ta-in\tin\tname=Wu Di\n"), 1);
    assert_null(strstr(taken.text, "a-out"));
}

static void pages_lose_nothing_and_a_change_is_found(void **state)
{
    enum { WALKS = 300 };
    struct matter d = begin(state);
    walk(&d, LI, WALKS);
    sent_forget(d.w);
    take(&d, agree(&d, ask_persons(&d, d.li, "passages")), &taken);
    assert_true(taken.pages > 1);
    assert_int_equal(count_of(taken.text, "\n1\tpassage\t"), WALKS);
    assert_true(is_signed(d.w, &taken));
    char *hour = strstr(taken.text, "T08");
    assert_non_null(hour);
    hour[2] = '9';
    assert_false(is_signed(d.w, &taken));
    hour[2] = '8';
    assert_true(is_signed(d.w, &taken));
}

static void a_page_may_be_asked_again_but_none_left_out(void **state)
{
    char after[64];
    char other[64];
    char number[24];
    struct matter d = begin(state);
    walk(&d, LI, 300);
    sent_forget(d.w);
    (void)snprintf(number, sizeof(number), "%s", agree(&d, ask_persons(&d, d.li, "passages")));
    const Parkgate__Reply *reply =
        assert_done(ask(d.w, d.anna, "disclose.file", "disclosure", number, NULL));
    (void)snprintf(after, sizeof(after), "%.*s", (int)reply->cursor.len,
                   (const char *)reply->cursor.data);
    (void)snprintf(other, sizeof(other), "%s", "0000000000000002");
    assert_refused(ask(d.w, d.anna, "disclose.file", "disclosure", number, "after", other, NULL),
                   ERROR_ARG_BAD);
    memset(&taken, 0, sizeof(taken));
    take_lines(reply = assert_done(ask(d.w, d.anna, "disclose.file", "disclosure", number, NULL)),
               &taken);
    for (int again = 0; again < 2; again++) {
        reply = assert_done(
            ask(d.w, d.anna, "disclose.file", "disclosure", number, "after", after, NULL));
    }
    take_lines(reply, &taken); /* the last page, given twice and taken once */
    assert_false(reply->more);
    (void)snprintf(taken.signature, sizeof(taken.signature), "%s", note(reply, "signature"));
    assert_true(is_signed(d.w, &taken));
}

/* Rows of passages of Li that cannot be read, a millisecond apart. */
static void put_passages(struct matter *d, int64_t from_us, uint64_t journal, size_t count)
{
    struct handle li;
    struct keybuf key;
    struct store_txn *txn = NULL;
    assert_true(handle_from_text(d->li, &li));
    world_turn(d->w);
    assert_int_equal(store_begin_write(d->w->store, &txn, NULL), ERR_OK);
    for (size_t i = 0; i < count; i++) {
        passage_key(&key, li, (struct wall){from_us + (int64_t)i * MS_US}, journal);
        assert_int_equal(
            store_put(txn, TABLE_PASSAGE, keybuf_view(&key), bytes_of_text("??"), NULL), ERR_OK);
    }
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
}

static uint64_t steps_of(struct world *w)
{
    struct store_stats stats;
    store_stats_of(w->store, &stats);
    return stats.steps;
}

/* However often he came since. */
static void what_is_behind_the_period_is_not_walked_over(void **state)
{
    struct matter d = begin(state);
    char number[24];
    walk(&d, LI, 2);
    (void)snprintf(number, sizeof(number), "%s", agree(&d, ask_persons(&d, d.li, "passages")));
    put_passages(&d, at_shanghai(TUESDAY + 1, 0, 0), 1, 5000);
    uint64_t before = steps_of(d.w);
    take(&d, number, &taken);
    assert_int_equal(taken.pages, 1);
    assert_int_equal(count_of(taken.text, "\tpassage\t"), 2);
    assert_in_range(steps_of(d.w) - before, 1, 500);
}

/* What came late, after the others had agreed, is passed over, and a page ends there, too. */
static void a_page_looks_at_no_more_than_its_share(void **state)
{
    struct matter d = begin(state);
    char number[24];
    walk(&d, LI, 2);
    (void)snprintf(number, sizeof(number), "%s", agree(&d, ask_persons(&d, d.li, "passages")));
    put_passages(&d, at_shanghai(TUESDAY, 12, 0), INT64_MAX, 5000);
    walk(&d, LI, 1);
    take(&d, number, &taken);
    assert_int_equal(taken.pages, 3); /* 2000 rows each */
    assert_int_equal(count_of(taken.text, "\tpassage\t"), 2);
    assert_true(is_signed(d.w, &taken));
}

/* Else two who take files at once would never end, and each beginning is counted. */
static void a_file_under_way_is_not_cut_short_by_another(void **state)
{
    char after[64];
    char first[24];
    char other[24];
    char number[24];
    struct matter d = begin(state);
    walk(&d, LI, 300);
    sent_forget(d.w);
    (void)snprintf(first, sizeof(first), "%s", agree(&d, ask_persons(&d, d.li, "passages")));
    (void)snprintf(other, sizeof(other), "%s",
                   note(assert_done(ask_for(&d, d.bo, "fields", "name", "persons", d.wu, "from",
                                            DAY, "to", DAY)),
                        "approval"));
    assert_done(ask(d.w, d.anna, "approval.grant", "approval", other, NULL));
    (void)snprintf(number, sizeof(number), "%s",
                   note(assert_done(ask(d.w, d.carla, "approval.grant", "approval", other, NULL)),
                        "disclosure"));
    assert_done(ask(d.w, d.anna, "disclose.file", "disclosure", first, NULL));
    size_t entries = entries_of(d.w, ENTRY_DISCLOSURE, 0);
    const Parkgate__Reply *reply = ask(d.w, d.bo, "disclose.file", "disclosure", number, NULL);
    assert_refused(reply, ERROR_DISCLOSE_BUSY);
    assert_string_equal(reply->error_arg[0], first);
    assert_int_equal(entries_of(d.w, ENTRY_DISCLOSURE, 0), entries); /* and nothing was counted */
    assert_int_equal(row_count(admin(d.w, "retention.exports", NULL)), 1);
    reply = assert_done(ask(d.w, d.anna, "disclose.file", "disclosure", first, NULL)); /* anew */
    (void)snprintf(after, sizeof(after), "%.*s", (int)reply->cursor.len,
                   (const char *)reply->cursor.data);
    world_pass(d.w, 59 * SECOND_US);
    assert_refused(ask(d.w, d.bo, "disclose.file", "disclosure", number, NULL),
                   ERROR_DISCLOSE_BUSY);
    assert_false(
        assert_done(ask(d.w, d.anna, "disclose.file", "disclosure", first, "after", after, NULL))
            ->more);
    assert_done(ask(d.w, d.bo, "disclose.file", "disclosure", number, NULL)); /* it is done */
    assert_done(ask(d.w, d.anna, "disclose.file", "disclosure", first, NULL));
    world_pass(d.w, 60 * SECOND_US);
    assert_done(ask(d.w, d.bo, "disclose.file", "disclosure", number, NULL)); /* it was given up */
    assert_refused(ask(d.w, d.anna, "disclose.file", "disclosure", first, "after", after, NULL),
                   ERROR_ARG_BAD);
    (void)assert_replays(d.w);
}

static void what_is_past_its_term_is_not_given(void **state)
{
    struct matter d = begin(state);
    (void)admin(d.w, "retention.set", "class", "persons", "days", "365", "reason", "test", NULL);
    walk(&d, LI, 2);
    world_pass(d.w, (int64_t)181 * 24 * 60 * MINUTE_US);
    (void)admin(d.w, "retention.run", NULL);
    for (int i = 0; i < 200 && (d.w->ctl->retaining.asked || d.w->ctl->retaining.running); i++) {
        world_pass(d.w, SECOND_US);
        turn_tick(d.w->ctl);
        world_turn(d.w);
    }
    take(&d, agree(&d, ask_persons(&d, d.li, "passages")), &taken);
    assert_int_equal(count_of(taken.text, "\tpassage\t"), 0);
    const char *number =
        agree(&d, ask(d.w, d.anna, "disclose.ask", "document", "D-2", "authority", "A", "officer",
                      "071", "basis", "B", "fields", "passages", "lane", "a-in", "day", DAY, NULL));
    world_pass(d.w, (int64_t)24 * 60 * MINUTE_US); /* a day's names were all taken */
    take(&d, number, &taken);
    assert_int_equal(count_of(taken.text, "\npassage\t"), 0); /* the journal has them still */
}

static void the_asker_alone_takes_it_in_time(void **state)
{
    char number[24];
    struct matter d = begin(state);
    (void)snprintf(number, sizeof(number), "%s", agree(&d, ask_persons(&d, d.li, "name")));
    assert_refused(ask(d.w, d.bo, "disclose.file", "disclosure", number, NULL),
                   ERROR_DISCLOSE_ASKER);
    assert_refused(ask(d.w, d.w->admin, "disclose.file", "disclosure", number, NULL),
                   ERROR_DISCLOSE_ASKER);
    world_pass(d.w, (int64_t)LIMIT_DISCLOSE_FILE_DAYS * 24 * 60 * MINUTE_US);
    assert_refused(ask(d.w, d.anna, "disclose.file", "disclosure", number, NULL),
                   ERROR_DISCLOSE_OVER);
    const Parkgate__Reply *reply = assert_done(ask(d.w, d.anna, "disclose.list", NULL));
    assert_string_equal(cell(reply, 0, "state"), "over");
}

/* A taking counts as a look-up of its persons; a lane's day as all that a key has a day. */
static void a_taking_is_counted(void **state)
{
    char number[24];
    char lane[24];
    struct matter d = begin(state);
    (void)snprintf(number, sizeof(number), "%s", agree(&d, ask_persons(&d, d.li, "name")));
    (void)snprintf(lane, sizeof(lane), "%s",
                   agree(&d, ask(d.w, d.anna, "disclose.ask", "document", "D-2", "authority", "A",
                                 "officer", "071", "basis", "B", "fields", "passages", "lane",
                                 "a-in", "day", DAY, NULL)));
    take(&d, number, &taken);
    assert_refused(ask(d.w, d.anna, "disclose.file", "disclosure", lane, NULL),
                   ERROR_TOO_MANY_NAMES);
    world_pass(d.w, (int64_t)24 * 60 * MINUTE_US);
    take(&d, lane, &taken);
    assert_refused(ask(d.w, d.anna, "disclose.file", "disclosure", number, NULL),
                   ERROR_TOO_MANY_NAMES);
    assert_refused(ask(d.w, d.anna, "person.show", "person", d.li, "reason", "x", NULL),
                   ERROR_TOO_MANY_NAMES);
    (void)assert_replays(d.w);
}

/* --- telling --- */

/* Over all pages of what a person is given of himself. */
static size_t disclosed_rows(struct matter *d, const char *person)
{
    size_t count = 0;
    char after[1024] = "";
    do {
        const Parkgate__Reply *reply =
            after[0] == '\0' ? admin(d->w, "person.export", "person", person, "reason", "his", NULL)
                             : admin(d->w, "person.export", "person", person, "reason", "his",
                                     "after", after, NULL);
        for (size_t i = 0; i < row_count(reply); i++) {
            count += strcmp(cell(reply, i, "section"), "disclosed") == 0;
        }
        (void)snprintf(after, sizeof(after), "%.*s", reply->more ? (int)reply->cursor.len : 0,
                       (const char *)reply->cursor.data);
    } while (after[0] != '\0');
    return count;
}

static void whom_it_is_about_is_told(void **state)
{
    char number[24];
    struct matter d = begin(state);
    struct link_key desk = operator_key(d.w, 80, "security", NULL, NULL, NULL);
    (void)snprintf(number, sizeof(number), "%s", agree(&d, ask_persons(&d, d.li, "name")));
    assert_int_equal(row_count(assert_done(ask(d.w, desk, "disclose.due", NULL))), 0);
    assert_refused(ask(d.w, desk, "disclose.told", "disclosure", number, "person", d.li, "how",
                       "letter", NULL),
                   ERROR_ARG_BAD); /* nothing was handed out */
    take(&d, number, &taken);
    const Parkgate__Reply *reply = assert_done(ask(d.w, desk, "disclose.due", NULL));
    assert_int_equal(row_count(reply), 1);
    assert_string_equal(cell(reply, 0, "person"), d.li);
    assert_refused(ask(d.w, desk, "disclose.told", "disclosure", number, "person", d.wu, "how",
                       "letter", NULL),
                   ERROR_NOT_FOUND);
    assert_done(ask(d.w, desk, "disclose.told", "disclosure", number, "person", d.li, "how",
                    "letter", NULL));
    assert_refused(ask(d.w, desk, "disclose.told", "disclosure", number, "person", d.li, "how",
                       "letter", NULL),
                   ERROR_SAME_STATE);
    assert_int_equal(row_count(assert_done(ask(d.w, desk, "disclose.due", NULL))), 0);
    assert_string_equal(
        cell(assert_done(ask(d.w, d.bo, "disclose.show", "disclosure", number, NULL)), 0, "how"),
        "letter");
    assert_int_equal(disclosed_rows(&d, d.li), 1);
    assert_int_equal(disclosed_rows(&d, d.wu), 0);
    (void)assert_replays(d.w);
}

static void a_document_that_forbids_it_is_kept_until_its_day(void **state)
{
    char number[24];
    struct matter d = begin(state);
    assert_refused(ask_for(&d, d.anna, "persons", d.li, "fields", "name", "from", DAY, "to", DAY,
                           "silent_until", DAY),
                   ERROR_ARG_BAD); /* a day to come */
    (void)snprintf(number, sizeof(number), "%s",
                   agree(&d, ask_for(&d, d.anna, "persons", d.li, "fields", "name", "from", DAY,
                                     "to", DAY, "silent_until", "2026-04-01")));
    take(&d, number, &taken);
    assert_non_null(strstr(taken.text, "nobody is told before 2026-04-01"));
    assert_int_equal(row_count(assert_done(ask(d.w, d.anna, "disclose.due", NULL))), 0);
    assert_refused(ask(d.w, d.anna, "disclose.told", "disclosure", number, "person", d.li, "how",
                       "letter", NULL),
                   ERROR_DISCLOSE_SILENT);
    assert_int_equal(disclosed_rows(&d, d.li), 0);
    world_pass(d.w, at_shanghai(TUESDAY + 29, 0, 1) - d.w->now.us);
    assert_int_equal(row_count(assert_done(ask(d.w, d.anna, "disclose.due", NULL))), 1);
    assert_int_equal(disclosed_rows(&d, d.li), 1);
}

/* A lane's day names nobody: a notice is put up, and who passed there finds it in his export. */
static void of_a_lanes_day_a_notice_is_put_up(void **state)
{
    char number[24];
    struct matter d = begin(state);
    walk(&d, LI, 1);
    (void)snprintf(number, sizeof(number), "%s", agree(&d, ask_lane(&d, "passages")));
    take(&d, number, &taken);
    const Parkgate__Reply *reply = assert_done(ask(d.w, d.anna, "disclose.due", NULL));
    assert_int_equal(row_count(reply), 1);
    assert_string_equal(cell(reply, 0, "person"), "");
    assert_string_equal(cell(reply, 0, "lane"), "a-in");
    assert_int_equal(disclosed_rows(&d, d.li), 1);
    assert_int_equal(disclosed_rows(&d, d.wu), 0);
    assert_done(
        ask(d.w, d.anna, "disclose.told", "disclosure", number, "how", "poster at a-in", NULL));
    assert_int_equal(row_count(assert_done(ask(d.w, d.anna, "disclose.due", NULL))), 0);
}

/* Rows of the log, of which nobody is to be told any more. */
static void put_told(struct world *w, uint64_t from, size_t count)
{
    struct keybuf key;
    struct store_txn *txn = NULL;
    Parkgate__DisclosureRecord record = PARKGATE__DISCLOSURE_RECORD__INIT;
    world_turn(w);
    assert_int_equal(store_begin_write(w->store, &txn, NULL), ERR_OK);
    for (size_t i = 0; i < count; i++) {
        record.number = from + i;
        keybuf_begin(&key);
        keybuf_u64(&key, record.number);
        assert_int_equal(
            store_put_message(txn, TABLE_DISCLOSURE, keybuf_view(&key), &record.base, NULL),
            ERR_OK);
    }
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
}

/* A page of them looks at 1000. */
static void who_is_to_be_told_is_found_behind_a_long_log(void **state)
{
    size_t pages = 0;
    size_t rows = 0;
    char number[24];
    char after[64] = "";
    struct matter d = begin(state);
    put_told(d.w, 1, 8); /* before it, and behind it */
    (void)snprintf(number, sizeof(number), "%s", agree(&d, ask_persons(&d, d.li, "name")));
    take(&d, number, &taken);
    put_told(d.w, 1000000, 2500);
    do {
        uint64_t before = steps_of(d.w);
        const Parkgate__Reply *reply =
            assert_done(after[0] == '\0' ? ask(d.w, d.anna, "disclose.due", NULL)
                                         : ask(d.w, d.anna, "disclose.due", "after", after, NULL));
        assert_in_range(steps_of(d.w) - before, 1, 1100);
        rows += row_count(reply);
        (void)snprintf(after, sizeof(after), "%.*s", reply->more ? (int)reply->cursor.len : 0,
                       (const char *)reply->cursor.data);
        pages++;
    } while (after[0] != '\0');
    assert_int_equal(pages, 3);
    assert_int_equal(rows, 1);
}

/* --- the log --- */

static void assert_not_in(const Parkgate__Reply *reply, const char *text)
{
    for (size_t i = 0; i < reply->n_cell; i++) {
        assert_true(reply->cell[i].len == 0 ||
                    memmem(reply->cell[i].data, reply->cell[i].len, text, strlen(text)) == NULL);
    }
}

static void the_auditor_sees_it_without_persons(void **state)
{
    struct matter d = begin(state);
    struct link_key auditor = operator_key(d.w, 81, "auditor", NULL, NULL, NULL);
    take(&d, agree(&d, ask_persons(&d, d.li, "name")), &taken);
    const Parkgate__Reply *reply = assert_done(ask(d.w, auditor, "disclose.list", NULL));
    assert_int_equal(row_count(reply), 1);
    assert_string_equal(cell(reply, 0, "state"), "handed-out");
    assert_string_equal(cell(reply, 0, "persons"), "1");
    assert_string_equal(cell(reply, 0, "basis"), "Criminal Procedure Law 136");
    assert_not_in(reply, d.li);
    reply = assert_done(ask(d.w, auditor, "audit.lookups", NULL));
    assert_true(row_with(reply, "kind", "disclosure") != SIZE_MAX);
    assert_not_in(reply, d.li);
}

static void run_retention(struct world *w)
{
    (void)admin(w, "retention.run", NULL);
    for (int i = 0; i < 400 && (w->ctl->retaining.asked || w->ctl->retaining.running); i++) {
        world_pass(w, SECOND_US);
        turn_tick(w->ctl);
        world_turn(w);
    }
}

static void run_in(struct world *w, int days)
{
    world_pass(w, (int64_t)days * 24 * 60 * MINUTE_US);
    run_retention(w);
}

static size_t logged(struct matter *d)
{
    return row_count(assert_done(ask(d->w, d->anna, "disclose.list", NULL)));
}

static void tell(struct matter *d, const char *number)
{
    (void)assert_done(ask(d->w, d->anna, "disclose.told", "disclosure", number, "person", d->li,
                          "how", "letter", NULL));
}

/* Its silence ends when the log of others does: he can be told of it still, and it stays for 3
 * years from there. */
static void what_was_silent_is_told_and_kept_from_then_on(void **state)
{
    char number[24];
    struct matter d = begin(state);
    (void)snprintf(number, sizeof(number), "%s",
                   agree(&d, ask_for(&d, d.anna, "persons", d.li, "fields", "name", "from", DAY,
                                     "to", DAY, "silent_until", "2029-03-02")));
    take(&d, number, &taken); /* 4 March 2026 */
    run_in(d.w, 1096);
    const Parkgate__Reply *due = assert_done(ask(d.w, d.anna, "disclose.due", NULL));
    assert_int_equal(row_count(due), 1);
    assert_string_equal(cell(due, 0, "person"), d.li);
    tell(&d, number);
    run_in(d.w, 1000);
    assert_int_equal(logged(&d), 1);
    run_in(d.w, 100);
    assert_int_equal(logged(&d), 0);
    (void)assert_replays(d.w);
}

/* However long nobody tells him. */
static void what_is_owed_stays_in_the_log(void **state)
{
    char number[24];
    struct matter d = begin(state);
    (void)snprintf(number, sizeof(number), "%s", agree(&d, ask_persons(&d, d.li, "name")));
    take(&d, number, &taken);
    run_in(d.w, 2000);
    assert_int_equal(row_count(assert_done(ask(d.w, d.anna, "disclose.due", NULL))), 1);
    tell(&d, number);
    run_in(d.w, 1);
    assert_int_equal(logged(&d), 0);
    (void)assert_replays(d.w);
}

static void the_log_is_kept_three_years(void **state)
{
    char number[24];
    struct matter d = begin(state);
    (void)snprintf(number, sizeof(number), "%s", agree(&d, ask_persons(&d, d.li, "name")));
    take(&d, number, &taken);
    tell(&d, number);
    assert_refused(ask(d.w, d.w->admin, "retention.set", "class", "disclosures", "days", "1094",
                       "reason", "less", NULL),
                   ERROR_RETENTION_TERM);
    world_pass(d.w, (int64_t)1095 * 24 * 60 * MINUTE_US);
    run_retention(d.w);
    assert_int_equal(row_count(assert_done(ask(d.w, d.anna, "disclose.list", NULL))), 1);
    world_pass(d.w, (int64_t)24 * 60 * MINUTE_US);
    run_retention(d.w);
    assert_int_equal(row_count(assert_done(ask(d.w, d.anna, "disclose.list", NULL))), 0);
    (void)assert_replays(d.w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(two_others_agree_or_nothing_is_done),
        WORLD_TEST(two_keys_of_one_person_agree_once),
        WORLD_TEST(who_lost_his_key_did_not_agree),
        WORLD_TEST(where_two_others_are_not_nobody_discloses),
        WORLD_TEST(who_agrees_can_read_to_what),
        WORLD_TEST(everybody_a_tenant_or_a_zone_is_refused),
        WORLD_TEST(a_period_is_closed_and_over),
        WORLD_TEST(a_lane_is_one_lane_on_one_day),
        WORLD_TEST(twenty_persons_a_document_and_no_more),
        WORLD_TEST(a_document_is_of_persons_or_of_one_lanes_day),
        WORLD_TEST(a_demand_has_document_officer_and_basis),
        WORLD_TEST(faces_and_watch_entries_are_no_field),
        WORLD_TEST(only_what_is_named_is_in_it),
        WORLD_TEST(every_field_of_a_person_and_never_a_face),
        WORLD_TEST(a_lanes_day_is_that_lane_and_that_day),
        WORLD_TEST(pages_lose_nothing_and_a_change_is_found),
        WORLD_TEST(a_page_may_be_asked_again_but_none_left_out),
        WORLD_TEST(what_is_behind_the_period_is_not_walked_over),
        WORLD_TEST(a_page_looks_at_no_more_than_its_share),
        WORLD_TEST(a_file_under_way_is_not_cut_short_by_another),
        WORLD_TEST(what_is_past_its_term_is_not_given),
        WORLD_TEST(the_asker_alone_takes_it_in_time),
        WORLD_TEST(a_taking_is_counted),
        WORLD_TEST(whom_it_is_about_is_told),
        WORLD_TEST(a_document_that_forbids_it_is_kept_until_its_day),
        WORLD_TEST(of_a_lanes_day_a_notice_is_put_up),
        WORLD_TEST(who_is_to_be_told_is_found_behind_a_long_log),
        WORLD_TEST(the_auditor_sees_it_without_persons),
        WORLD_TEST(what_was_silent_is_told_and_kept_from_then_on),
        WORLD_TEST(what_is_owed_stays_in_the_log),
        WORLD_TEST(the_log_is_kept_three_years),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

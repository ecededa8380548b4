/* Goal: a person is given all that is held on him, once counted, whole over all pages, and nothing
 * that an authority entered. Method: a whole controller; one worker who has something in every
 * table; every page asked for; a forged mark of a page. */
#include "tests/unit/controller/harness.h"

#define LI    "04010203"
#define LI_ID "11010519491231002X"

struct exported {
    struct world *w;
    struct gate gate;
    char li[HANDLE_TEXT_SIZE];
};

static struct exported begin(void **state)
{
    struct exported e = {.w = *state};
    gate_join(e.w, &e.gate, "gate-a", 1);
    (void)snprintf(e.li, sizeof(e.li), "%s",
                   note(admin(e.w, "person.add", "tenant", "acme", "kind", "day", "name", "Li Wei",
                              "id_number", LI_ID, "external", "E17", "phone", "139", NULL),
                        "person"));
    (void)admin(e.w, "badge.add", "person", e.li, "uid", LI, NULL);
    (void)admin(e.w, "face.attach", "person", e.li, "subject", "S-1", "consent", "C-9", "purpose",
                "entry", NULL);
    (void)admin(e.w, "assignment.add", "person", e.li, "tenant", "acme", "shift", "day", "from",
                "2026-03-02", "to", "2026-03-31", NULL);
    gate_walk(e.w, &e.gate, "a-in", LI);
    world_pass(e.w, MINUTE_US);
    return e;
}

struct pages {
    size_t rows, pages;
    size_t passages;
    char text[64 * 1024];
};

static void take_page(const Parkgate__Reply *reply, struct pages *p)
{
    for (size_t i = 0; i < row_count(reply); i++) {
        size_t used = strlen(p->text);
        p->passages += strcmp(cell(reply, i, "section"), "passage") == 0;
        (void)snprintf(p->text + used, sizeof(p->text) - used, "%s|%s|%s\n",
                       cell(reply, i, "section"), cell(reply, i, "what"), cell(reply, i, "detail"));
    }
    p->rows += row_count(reply);
    p->pages++;
}

static void keep_cursor(const Parkgate__Reply *reply, char *out, size_t size)
{
    (void)snprintf(out, size, "%.*s", reply->more ? (int)reply->cursor.len : 0,
                   (const char *)reply->cursor.data);
}

static void take_all(struct exported *e, const char *reason, struct pages *p)
{
    char after[1024] = "";
    memset(p, 0, sizeof(*p));
    do {
        const Parkgate__Reply *reply =
            after[0] == '\0' ? admin(e->w, "person.export", "person", e->li, "reason", reason, NULL)
                             : admin(e->w, "person.export", "person", e->li, "reason", reason,
                                     "after", after, NULL);
        take_page(reply, p);
        keep_cursor(reply, after, sizeof(after));
    } while (after[0] != '\0' && p->pages < 100);
}

/* He drives a booked truck and another, expects a guest, and two others agreed that his records are kept. */
static void book_and_hold(struct exported *e)
{
    char number[24];
    struct link_key second = operator_key(e->w, 70, "security", NULL, NULL, NULL);
    struct link_key third = operator_key(e->w, 71, "security", NULL, NULL, NULL);
    (void)admin(e->w, "vehicle.add", "tenant", "acme", "plate", "浙A12345", NULL);
    (void)admin(e->w, "booking.add", "tenant", "acme", "plate", "浙A12345", "driver", e->li, "zone",
                "yard", "from", "2026-03-04", "until", "2026-03-04", NULL);
    (void)admin(e->w, "vehicle.add", "tenant", "acme", "plate", "浙A54321", "drivers", e->li, NULL);
    (void)admin(e->w, "visitor.add", "tenant", "acme", "host", e->li, "name", "Guest", "from",
                "2026-03-04", "until", "2026-03-04", NULL);
    (void)snprintf(number, sizeof(number), "%s",
                   note(admin(e->w, "hold.add", "person", e->li, "reason", "accident 7", "document",
                              "D-7", "until", "2026-05-01", NULL),
                        "approval"));
    (void)assert_done(ask(e->w, second, "approval.grant", "approval", number, NULL));
    (void)assert_done(ask(e->w, third, "approval.grant", "approval", number, NULL));
}

static void everything_that_is_held_is_given(void **state)
{
    static struct pages p;
    static const char *const wanted[] = {"person|name|Li Wei",
                                         "person|id_number|" LI_ID,
                                         "person|external|E17",
                                         "person|phone|139",
                                         "credential|badge|" LI,
                                         "credential|face|S-1, consent: C-9, for: entry",
                                         "assignment|acme|day, ",
                                         "passage|in|a-in",
                                         "attendance|2026-03-03|acme, 1 in",
                                         "read|presentation|a-in",
                                         "looked-up|person.show|lost badge",
                                         "booking|acme|driver, into yard\n",
                                         "driver|acme|of a vehicle that may always come\n",
                                         "visit|acme|as the host\n",
                                         "hold|kept past its term|\n"};
    struct exported e = begin(state);
    book_and_hold(&e);
    (void)admin(e.w, "person.show", "person", e.li, "reason", "lost badge", NULL);
    take_all(&e, "his request", &p);
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        if (strstr(p.text, wanted[i]) == NULL) {
            fail_msg("%s is missing in\n%s", wanted[i], p.text);
        }
    }
}

static void pages_lose_nothing_and_count_once(void **state)
{
    enum { WALKS = 150 };
    static struct pages p;
    struct exported e = begin(state);
    for (size_t i = 0; i < WALKS; i++) {
        gate_walk(e.w, &e.gate, i % 2 == 0 ? "a-out" : "a-in", LI);
        world_pass(e.w, MINUTE_US);
    }
    sent_forget(e.w);
    take_all(&e, "his request", &p);
    assert_true(p.pages > 1);
    assert_int_equal(p.passages, WALKS + 1);
    assert_int_equal(entries_of(e.w, ENTRY_LOOKUP, 0), 1);
}

/* A mark of another person's page, or of one's own making, opens nothing. */
static void a_page_is_of_one_export(void **state)
{
    char wu[HANDLE_TEXT_SIZE];
    struct exported e = begin(state);
    person_with_badge(e.w, "acme", "Wu", "04010209", "day", wu);
    for (size_t i = 0; i < 150; i++) {
        gate_walk(e.w, &e.gate, i % 2 == 0 ? "a-out" : "a-in", LI);
        world_pass(e.w, MINUTE_US);
    }
    sent_forget(e.w);
    char after[1024];
    const Parkgate__Reply *reply = admin(e.w, "person.export", "person", e.li, "reason", "x", NULL);
    assert_true(reply->more);
    keep_cursor(reply, after, sizeof(after));
    assert_refused(
        ask(e.w, e.w->admin, "person.export", "person", wu, "reason", "x", "after", after, NULL),
        ERROR_ARG_BAD);
    assert_refused(ask(e.w, e.w->admin, "person.export", "person", wu, "reason", "x", "after",
                       "000000000000000000", NULL),
                   ERROR_ARG_BAD);
    assert_refused(ask(e.w, e.w->admin, "person.export", "person", wu, NULL), ERROR_REASON_NEEDED);
    struct link_key security = operator_key(e.w, 62, "security", NULL, NULL, NULL);
    assert_refused(ask(e.w, security, "person.export", "person", e.li, "reason", "x", NULL),
                   ERROR_VERB_NOT_PERMITTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(everything_that_is_held_is_given),
        WORLD_TEST(pages_lose_nothing_and_count_once),
        WORLD_TEST(a_page_is_of_one_export),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Goal: `status.metrics` shows what is, beside its bound, of a park of any size, and nothing of any
 * person. Method: a whole controller brought to known figures; all pages of the answer, and the
 * page of the port for monitoring, which must say the same. */
#include "tests/unit/controller/harness.h"

#include "common/metrics/exposition.h"
#include "controller/app/metrics.h"
#include "controller/app/turn.h"

#define LI "04010203"

enum { ROWS_MAX = 4096, TEXT_MAX = 96 };

struct figure {
    char metric[TEXT_MAX], labels[TEXT_MAX], value[TEXT_MAX], bound[TEXT_MAX];
};

static struct {
    size_t count, pages;
    struct figure rows[ROWS_MAX];
} figures;

static void take(const Parkgate__Reply *reply)
{
    assert_int_equal(reply->n_column, 4);
    for (size_t i = 0; i < reply->n_cell; i += 4) {
        struct figure *row = &figures.rows[figures.count++];
        char *const fields[] = {row->metric, row->labels, row->value, row->bound};
        assert_true(figures.count < ROWS_MAX);
        for (size_t k = 0; k < 4; k++) {
            const ProtobufCBinaryData *cell = &reply->cell[i + k];
            assert_true(cell->len < TEXT_MAX);
            if (cell->len > 0) {
                memcpy(fields[k], cell->data, cell->len);
            }
            fields[k][cell->len] = '\0';
        }
    }
    figures.pages++;
}

/* Every page of the answer. */
static void read_as(struct world *w, struct link_key key)
{
    memset(&figures, 0, sizeof(figures));
    const Parkgate__Reply *reply = assert_done(ask(w, key, "status.metrics", NULL));
    take(reply);
    while (reply->more) {
        char cursor[64] = "";
        assert_true(reply->cursor.len < sizeof(cursor));
        memcpy(cursor, reply->cursor.data, reply->cursor.len);
        reply = assert_done(ask(w, key, "status.metrics", "after", cursor, NULL));
        take(reply);
        assert_true(figures.pages < 100);
    }
}

static void read_all(struct world *w)
{
    read_as(w, w->admin);
}

static const struct figure *figure_of(const char *metric, const char *labels)
{
    for (size_t i = 0; i < figures.count; i++) {
        if (strcmp(figures.rows[i].metric, metric) == 0 &&
            strcmp(figures.rows[i].labels, labels) == 0) {
            return &figures.rows[i];
        }
    }
    return NULL;
}

static void expect(const char *metric, const char *labels, const char *value, const char *bound)
{
    const struct figure *row = figure_of(metric, labels);
    if (row == NULL) {
        fail_msg("no %s{%s}", metric, labels);
        return;
    }
    if (strcmp(row->value, value) != 0 || strcmp(row->bound, bound) != 0) {
        fail_msg("%s{%s} is %s of %s, not %s of %s", metric, labels, row->value, row->bound, value,
                 bound);
    }
}

static void beat(struct world *w, struct gate *gate, int64_t off_ms, uint64_t pending)
{
    static const char *const devices[] = {"r1", "r2", "b1"};
    uint32_t states[] = {DEVICE_UP, DEVICE_DOWN, DEVICE_UP};
    Parkgate__Heartbeat message = PARKGATE__HEARTBEAT__INIT;
    message.wall_us = w->now.us + off_ms * MS_US;
    message.pending = pending;
    message.n_device = message.n_state = ARRAY_LEN(devices);
    message.device = (char **)(uintptr_t)devices;
    message.state = states;
    gate_send(w, gate, MESSAGE_HEARTBEAT, 0, &message.base);
    world_turn(w);
}

/* --- what is shown --- */

static void each_figure_says_what_is(void **state)
{
    struct world *w = *state;
    struct gate gate;
    char li[HANDLE_TEXT_SIZE];
    Parkgate__Heartbeat early = PARKGATE__HEARTBEAT__INIT;
    static const struct process_figures process = {17, 4096, 1048576, 2500000};
    for (size_t i = 0; i < w->ctl->park->zone_count; i++) {
        w->ctl->park->zones[i].crowd = 9;
    }
    gate_join(w, &gate, "gate-a", 1);
    person_with_badge(w, "acme", "Li Wei", LI, "day", li);
    gate_walk(w, &gate, "a-in", LI);
    gate_walk(w, &gate, "a-hall", LI);
    (void)admin(w, "person.show", "person", li, "reason", "x", NULL);
    (void)admin(w, "person.show", "person", li, "reason", "x", NULL);
    gate_send(w, &gate, MESSAGE_HEARTBEAT, 0, &early.base);
    beat(w, &gate, -1500, 3);
    world_pass(w, 2 * SECOND_US);
    turn_process(w->ctl, &process);
    turn_committed(w->ctl, 900);
    turn_verdict_sent(w->ctl, 100);
    turn_took(w->ctl, 12000);
    read_all(w);
    expect("parkgate_open_fds", "", "17", "4096");
    expect("parkgate_anonymous_bytes", "", "1048576", "");
    expect("parkgate_cpu_seconds_total", "", "2.5", "");
    expect("parkgate_store_full", "", "0", "");
    expect("parkgate_store_rows", "table=\"credential\"", "1", "");
    expect("parkgate_agents", "", "1", "200");
    expect("parkgate_operators_waiting", "", "0", "64");
    expect("parkgate_jobs", "", "0", "4");
    expect("parkgate_open_faults", "", "1", ""); /* its clock is off */
    expect("parkgate_quarantine_rows", "", "0", "");
    expect("parkgate_names_shown_today", "", "2", "200");
    expect("parkgate_imports_open", "", "0", "");
    expect("parkgate_park_rows", "kind=\"gate\"", "2", "100");
    expect("parkgate_park_rows", "kind=\"holiday\"", "1", "128");
    expect("parkgate_zone_persons", "zone=\"hall\"", "1", "3");
    expect("parkgate_zone_persons", "zone=\"yard\"", "1", "");
    expect("parkgate_zone_entries_last_minute", "zone=\"hall\"", "1", "9");
    expect("parkgate_zone_entries_last_minute", "zone=\"depot\"", "0", "9");
    expect("parkgate_batch_inputs_most", "", "2", "250"); /* both heartbeats */
    expect("parkgate_gate_online", "gate=\"gate-a\"", "1", "");
    expect("parkgate_gate_online", "gate=\"gate-b\"", "0", "");
    expect("parkgate_gate_silence_seconds", "gate=\"gate-a\"", "2.005", "6");
    expect("parkgate_gate_clock_offset_seconds", "gate=\"gate-a\"", "-1.5", "1");
    expect("parkgate_gate_outbox_events", "gate=\"gate-a\"", "3", "");
    expect("parkgate_gate_devices", "gate=\"gate-a\",state=\"up\"", "2", "");
    expect("parkgate_gate_devices", "gate=\"gate-a\",state=\"down\"", "1", "");
    expect("parkgate_gate_devices", "gate=\"gate-a\",state=\"unknown\"", "0", "");
    expect("parkgate_commit_seconds_bucket", "le=\"0.001024\"", "1", "");
    expect("parkgate_commit_seconds_bucket", "le=\"0.000512\"", "0", "");
    expect("parkgate_commit_seconds_count", "", "1", "");
    expect("parkgate_commit_quantile_seconds", "quantile=\"0.99\"", "0.0009", "");
    expect("parkgate_inside_seconds_sum", "", "0.0001", "");
    expect("parkgate_turn_seconds_sum", "", "0.012", "");
    expect("parkgate_turn_work_longest_seconds", "", "0.0111", "0.01"); /* over its bound */
    expect("parkgate_turns_late_total", "", "1", "");
    assert_null(figure_of("parkgate_gate_outbox_events", "gate=\"gate-b\""));
}

static void waiting_and_jobs(void **state)
{
    struct world *w = *state;
    assert_null(ask(w, w->admin, "journal.verify", NULL));
    assert_null(ask(w, w->admin, "events", "follow", "yes", "after", "1000000", NULL));
    read_all(w);
    expect("parkgate_operators_waiting", "", "2", "64");
    expect("parkgate_jobs", "", "1", "4");
}

static void an_approval_that_waits(void **state)
{
    struct world *w = *state;
    (void)operator_key(w, 40, "admin", NULL, NULL, NULL);
    read_all(w);
    expect("parkgate_approvals_waiting", "", "0", "64");
    const char *number = note(admin(w, "key.add", "name", "eve", "public",
                                    "00112233445566778899aabbccddeeff"
                                    "00112233445566778899aabbccddeeff",
                                    "role", "admin", NULL),
                              "approval");
    read_all(w);
    expect("parkgate_approvals_waiting", "", "1", "64");
    (void)assert_done(
        ask(w, key_of(40), "approval.refuse", "approval", number, "reason", "no", NULL));
    read_all(w);
    expect("parkgate_approvals_waiting", "", "0", "64");
}

static void an_open_import(void **state)
{
    struct world *w = *state;
    uint8_t packed[256];
    Parkgate__RosterRow row = PARKGATE__ROSTER_ROW__INIT;
    char import[32];
    row.line = 1;
    row.tenant = text_of("acme");
    row.kind = text_of("day");
    row.person_name = text_of("Zhao Lei");
    row.external = text_of("E1");
    ProtobufCBinaryData rows[1] = {
        {.data = packed, .len = parkgate__roster_row__pack(&row, packed)}
    };
    (void)snprintf(import, sizeof(import), "%s",
                   note(admin(w, "import.begin", "tenant", "acme", NULL), "import"));
    (void)assert_done(
        ask_rows(w, w->admin, "import.slice", rows, 1, "import", import, "first", "0", NULL));
    read_all(w);
    expect("parkgate_imports_open", "", "1", "");
    expect("parkgate_import_rows", "", "1", "1000000");
    (void)admin(w, "import.cancel", "import", import, NULL);
    read_all(w);
    expect("parkgate_imports_open", "", "0", "");
    expect("parkgate_import_rows", "", "0", "1000000");
}

/* --- the form --- */

/* What a controller has, it shows: each metric of its own has a row. */
static void every_metric_of_the_registry_is_shown(void **state)
{
    struct world *w = *state;
    struct gate gate;
    gate_join(w, &gate, "gate-a", 1);
    w->ctl->park->zones[0].crowd = 5;
    read_all(w);
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        const struct metric_spec *spec = &metric_table()[i];
        bool shown = false;
        for (size_t k = 0; k < figures.count; k++) {
            shown |= metric_find(figures.rows[k].metric) == spec;
        }
        if (!shown && strncmp(spec->name, "parkgate_agent_", 15) != 0) {
            fail_msg("%s is in the registry and not shown", spec->name);
        }
    }
}

/* Rows of a metric stand together, each with the labels that the registry names, and none twice. */
static void rows_stand_in_families(void **state)
{
    struct world *w = *state;
    struct gate gate;
    const struct metric_spec *before = NULL;
    gate_join(w, &gate, "gate-a", 1);
    read_all(w);
    for (size_t i = 0; i < figures.count; i++) {
        const struct figure *row = &figures.rows[i];
        const struct metric_spec *spec = metric_find(row->metric);
        char names[TEXT_MAX] = "";
        assert_non_null(spec);
        assert_true(spec >= before);
        before = spec;
        for (const char *at = row->labels; *at != '\0';) {
            size_t size = strcspn(at, "=");
            (void)snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%.*s",
                           names[0] == '\0' ? "" : ",", (int)size, at);
            at = strchr(at + size + 2, '"') + 1;
            at += *at == ',';
        }
        assert_string_equal(
            names, spec->type == METRIC_HISTOGRAM && row->labels[0] != '\0' ? "le" : spec->label);
        for (size_t k = 0; k < i; k++) {
            assert_false(strcmp(figures.rows[k].metric, row->metric) == 0 &&
                         strcmp(figures.rows[k].labels, row->labels) == 0);
        }
    }
}

/* A park at its bounds: gates with the longest names, each with a box; pages, and none cut. */
static void a_park_at_its_bounds_takes_pages(void **state)
{
    struct world *w = *state;
    struct park *park = w->ctl->park;
    park->gate_count = LIMIT_GATES;
    for (size_t i = 0; i < LIMIT_GATES; i++) {
        (void)snprintf(park->gates[i].name.text, NAME_SIZE, "gate-with-a-very-long-name-%04zu", i);
        struct link_key key = key_of((uint8_t)i);
        struct link_peer peer = peer_of((uint8_t)i);
        assert_non_null(session_open(&w->ctl->sessions, park->gates[i].name, &key, &peer,
                                     (struct bytes){0}, w->mono));
    }
    read_all(w);
    assert_in_range(figures.pages, 2, 6);
    expect("parkgate_agents", "", "100", "200");
    expect("parkgate_gate_online", "gate=\"gate-with-a-very-long-name-0099\"", "1", "");
    expect("parkgate_gate_devices", "gate=\"gate-with-a-very-long-name-0099\",state=\"tamper\"",
           "0", "");
    size_t devices = 0;
    for (size_t i = 0; i < figures.count; i++) {
        devices += strcmp(figures.rows[i].metric, "parkgate_gate_devices") == 0;
    }
    assert_int_equal(devices, 4 * LIMIT_GATES);
}

static void a_mark_of_no_page_is_refused(void **state)
{
    struct world *w = *state;
    static const char *const marks[] = {"ff", "0000", "x"};
    for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
        assert_refused(ask(w, w->admin, "status.metrics", "after", marks[i], NULL), ERROR_ARG_BAD);
    }
}

/* --- what must not be shown, or done --- */

/* The port's page and the answer say the same: the same rows, in the same order. */
static void the_page_of_the_port_says_the_same(void **state)
{
    struct world *w = *state;
    struct gate gate;
    struct fault fault = {0};
    size_t size = 0;
    gate_join(w, &gate, "gate-a", 1);
    world_turn(w);
    struct exposition *page = exposition_create(EXPOSITION_EN);
    struct metric_out out = exposition_out(page);
    assert_int_equal(metrics_all(w->ctl, &out, &fault), ERR_OK);
    const char *at = exposition_end(page, &size);
    assert_non_null(at);
    read_all(w);
    for (size_t i = 0; i < figures.count; i++) {
        char line[3 * TEXT_MAX];
        const struct figure *row = &figures.rows[i];
        bool labelled = row->labels[0] != '\0';
        (void)snprintf(line, sizeof(line), "\n%s%s%s%s ", row->metric, labelled ? "{" : "",
                       row->labels, labelled ? "}" : "");
        const char *found = strstr(at, line);
        if (found == NULL) {
            fail_msg("the page has no%s", line);
            return;
        }
        at = found;
    }
    exposition_destroy(&page);
}

static void nothing_of_a_person_is_shown(void **state)
{
    struct world *w = *state;
    struct gate gate;
    char li[HANDLE_TEXT_SIZE];
    gate_join(w, &gate, "gate-a", 1);
    (void)operator_key(w, 40, "security", NULL, NULL, NULL);
    person_with_badge(w, "acme", "Li Wei", LI, "day", li);
    (void)admin(w, "vehicle.add", "tenant", "acme", "plate", "浙A12345", NULL);
    gate_walk(w, &gate, "a-in", LI);
    (void)admin(w, "person.show", "person", li, "reason", "a named reason", NULL);
    const char *const secrets[] = {"Li Wei", LI, li, "浙A12345", "A12345", "admin", "reason"};
    read_all(w);
    for (size_t i = 0; i < figures.count; i++) {
        const struct figure *row = &figures.rows[i];
        for (size_t k = 0; k < ARRAY_LEN(secrets); k++) {
            if (strncmp(row->labels, "table=", 6) != 0 && strstr(row->labels, secrets[k]) != NULL) {
                fail_msg("%s{%s} shows %s", row->metric, row->labels, secrets[k]);
            }
        }
    }
}

static size_t shown_of(enum metric metric)
{
    size_t count = 0;
    for (size_t i = 0; i < figures.count; i++) {
        count += metric_find(figures.rows[i].metric) == &metric_table()[metric];
    }
    return count;
}

/* A commit more than passages explain, or a turn, would say that somebody is looked for. */
static void work_is_shown_to_who_keeps_the_chain(void **state)
{
    static const struct {
        const char *role;
        bool shown;
    } roles[] = {
        {"operator", false},
        {"security", true },
        {"auditor",  true },
    };
    static const enum metric of_work[] = {
        METRIC_COMMITS,      METRIC_COMMIT,     METRIC_COMMIT_QUANTILE,   METRIC_TURN,
        METRIC_TURN_WORK,    METRIC_TURNS_LATE, METRIC_TURN_WORK_LONGEST, METRIC_INPUTS,
        METRIC_BATCH_INPUTS, METRIC_CPU,        METRIC_STORE_USED,        METRIC_COPY_BYTES,
    };
    struct world *w = *state;
    turn_committed(w->ctl, 900);
    turn_took(w->ctl, 1200);
    for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
        struct link_key key = operator_key(w, (uint8_t)(40 + i), roles[i].role, NULL, NULL, NULL);
        read_as(w, key);
        assert_true(shown_of(METRIC_JOURNAL) == 1);
        for (size_t k = 0; k < ARRAY_LEN(of_work); k++) {
            if ((shown_of(of_work[k]) > 0) != roles[i].shown) {
                fail_msg("%s: %s", roles[i].role, metric_table()[of_work[k]].name);
            }
        }
    }
}

static void asking_changes_nothing(void **state)
{
    struct world *w = *state;
    char before[TABLE_DIGEST_SIZE];
    char after[TABLE_DIGEST_SIZE];
    struct journal_head head = head_of(w);
    tables_digest(w->store, before);
    read_all(w);
    tables_digest(w->store, after);
    assert_string_equal(before, after);
    assert_int_equal(head_of(w).sequence, head.sequence);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(each_figure_says_what_is),
        WORLD_TEST(waiting_and_jobs),
        WORLD_TEST(an_approval_that_waits),
        WORLD_TEST(an_open_import),
        WORLD_TEST(every_metric_of_the_registry_is_shown),
        WORLD_TEST(rows_stand_in_families),
        WORLD_TEST(a_park_at_its_bounds_takes_pages),
        WORLD_TEST(a_mark_of_no_page_is_refused),
        WORLD_TEST(the_page_of_the_port_says_the_same),
        WORLD_TEST(nothing_of_a_person_is_shown),
        WORLD_TEST(work_is_shown_to_who_keeps_the_chain),
        WORLD_TEST(asking_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

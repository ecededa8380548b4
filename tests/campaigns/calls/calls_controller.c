/* calls_controller: failing calls while the controller starts, hears gates and operators, and is
 * backed up. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controller/job/job.h"
#include "tests/campaigns/calls/calls.h"
#include "tests/campaigns/power/subject_controller.h"

#define KNOWN    "04010203"
#define REVOKED  "04a1b2c3"
#define STRANGER "0499999999"

enum { BATCH_EVENTS = 60, SLICE_ROWS = 20 };

struct scene {
    struct calls_case *c;
    struct world *w;
    struct gate gate;
    uint64_t passed; /* a presentation that was granted */
    bool nobody;     /* a grant from here on is wrong */
};

static struct scene *the_scene;

void world_sees(const struct sent *sent)
{
    struct scene *s = the_scene;
    struct promise promises[LIMIT_SEQS_PER_ACK];
    size_t count = controller_promises(sent, promises);
    for (size_t i = 0; i < count; i++) {
        calls_promise(s->c, &promises[i], sizeof(promises[i]));
    }
    if (sent->kind == MESSAGE_VERDICT && s->nobody) {
        const Parkgate__Verdict *verdict = (const void *)sent->body;
        s->c->granted = s->c->granted || verdict->outcome == OUTCOME_GRANT;
    }
}

/* --- scenarios --- */

static void play_start(struct scene *s)
{
    char why[POWER_WHY_SIZE] = "";
    struct power_marks none = {0};
    turn_destroy(&s->w->ctl);
    store_destroy(&s->w->store);
    store_destroy(&s->w->keys);
    calls_begin(s->c);
    if (!controller_judge(s->w->dir, &none, 16, why)) { /* opens, reads and starts it */
        (void)fprintf(stderr, "%s\n", why);
        exit(3);
    }
}

static void play_hello(struct scene *s)
{
    calls_begin(s->c);
    Parkgate__Hello hello = gate_hello_message(s->w, &s->gate);
    gate_send_hello(s->w, &s->gate, &hello);
    hello.store_id.data[9]++; /* another box: a new epoch */
    gate_send_hello(s->w, &s->gate, &hello);
}

static void play_event(struct scene *s)
{
    calls_begin(s->c);
    s->nobody = true;
    (void)gate_badge(s->w, &s->gate, "a-in", STRANGER);
    world_turn(s->w);
    (void)gate_badge(s->w, &s->gate, "a-in", REVOKED);
    world_turn(s->w);
    s->nobody = false;
    (void)gate_badge(s->w, &s->gate, "a-in", KNOWN);
    world_turn(s->w);
}

static void play_passage(struct scene *s)
{
    calls_begin(s->c);
    (void)gate_passage(s->w, &s->gate, "a-in", s->passed, PASSAGE_PASSED);
    world_turn(s->w);
    gate_again(s->w, &s->gate);
    world_turn(s->w);
}

static void play_batch(struct scene *s)
{
    calls_begin(s->c);
    for (int i = 0; i < BATCH_EVENTS; i++) {
        uint64_t shown = gate_badge(s->w, &s->gate, i % 2 == 0 ? "a-out" : "a-in", KNOWN);
        (void)gate_passage(s->w, &s->gate, i % 2 == 0 ? "a-out" : "a-in", shown, PASSAGE_PASSED);
    }
    world_turn(s->w);
}

static void play_import(struct scene *s)
{
    static uint8_t packed[SLICE_ROWS][256];
    ProtobufCBinaryData rows[SLICE_ROWS];
    char number[24];
    for (int i = 0; i < SLICE_ROWS; i++) {
        char badge[24];
        Parkgate__RosterRow row = PARKGATE__ROSTER_ROW__INIT;
        (void)snprintf(badge, sizeof(badge), "7f3b9d%02x", (unsigned)i);
        row.line = (uint32_t)i + 2;
        row.tenant = text_of("acme");
        row.kind = text_of("day");
        row.person_name = text_of("Import Worker");
        row.badge = badge;
        row.shift = text_of("day");
        row.from_date = row.to_date = TUESDAY;
        rows[i] = (ProtobufCBinaryData){.len = parkgate__roster_row__pack(&row, packed[i]),
                                        .data = packed[i]};
    }
    calls_begin(s->c);
    (void)snprintf(number, sizeof(number), "%s",
                   note(admin(s->w, "import.begin", "file", "r.csv", NULL), "import"));
    (void)ask_rows(s->w, s->w->admin, "import.slice", rows, SLICE_ROWS, "import", number, "first",
                   "0", NULL);
}

static void play_key(struct scene *s)
{
    calls_begin(s->c);
    (void)operator_key(s->w, 60, "guard", NULL, "a-in", NULL);
    (void)admin(s->w, "key.revoke", "name", "key-60", "reason", "left", NULL);
}

static void make_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    MUST(fd >= 0 && write(fd, "kept\n", 5) == 5);
    (void)close(fd);
}

/* A backup that says it is done is judged in place of the store. */
static void play_backup(struct scene *s)
{
    static char config[128], key[128], index_key[128], to[128], from[160], under[160];
    const struct world *w = s->w;
    (void)snprintf(config, sizeof(config), "%s/controller.conf", w->dir);
    (void)snprintf(key, sizeof(key), "%s/controller.key", w->dir);
    (void)snprintf(index_key, sizeof(index_key), "%s/index.key", w->dir);
    (void)snprintf(to, sizeof(to), "%s/backup", w->dir);
    make_file(config);
    make_file(key);
    make_file(index_key);
    struct job_paths paths = {.store = w->store_dir,
                              .keys = w->keys_dir,
                              .config = config,
                              .key_file = key,
                              .index_key_file = index_key};
    turn_destroy(&s->w->ctl);
    store_destroy(&s->w->store);
    store_destroy(&s->w->keys);
    calls_begin(s->c);
    if (job_backup(&paths, to) != 0) {
        exit(3);
    }
    (void)snprintf(from, sizeof(from), "%s/person-keys", to);
    (void)snprintf(under, sizeof(under), "%s/keys", to);
    MUST(rename(from, under) == 0);
    (void)snprintf(s->c->dir, sizeof(s->c->dir), "%s", to);
}

static const char *const scenarios[] = {"start",  "hello", "event",  "passage", "batch",
                                        "import", "key",   "backup", NULL};
static void (*const plays[])(struct scene *s) = {play_start, play_hello,  play_event, play_passage,
                                                 play_batch, play_import, play_key,   play_backup};

static void play(struct calls_case *c, size_t scenario)
{
    static struct scene scene;
    struct scene *s = the_scene = &scene;
    s->c = c;
    s->w = world_open(&(struct world_options){0});
    (void)snprintf(c->dir, sizeof(c->dir), "%s", s->w->dir);
    gate_join(s->w, &s->gate, "gate-a", 1);
    person_with_badge(s->w, "acme", "Li Wei", KNOWN, "day", NULL);
    person_with_badge(s->w, "acme", "Wang Fang", REVOKED, "day", NULL);
    (void)admin(s->w, "badge.revoke", "uid", REVOKED, "reason", "lost", NULL);
    s->passed = gate_badge(s->w, &s->gate, "a-in", KNOWN);
    world_turn(s->w);
    plays[scenario](s);
}

static void clear(const char *dir)
{
    char path[CALLS_DIR_SIZE];
    (void)snprintf(path, sizeof(path), "%s", dir);
    char *end = strstr(path, "/backup");
    if (end != NULL) {
        *end = '\0';
    }
    remove_tree(path);
}

static char **arguments;
static int argument_count, answer;

static void run(void **state)
{
    static const struct calls_subject subject = {
        .scenarios = scenarios, .play = play, .judge = controller_judge, .clear = clear};
    (void)state;
    assert_int_equal(seal_init(NULL), ERR_OK);
    answer = calls_main(argument_count, arguments, &subject);
}

/* The harness fails by cmocka: a case that fails so ends with an error, as a daemon would. */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(run)};
    argument_count = argc;
    arguments = argv;
    int failed = cmocka_run_group_tests_name("calls", tests, NULL, NULL);
    return failed != 0 ? 3 : answer;
}

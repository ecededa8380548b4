/* Goal: the journal's durable head is signed once a minute, kept and told; its key is named by the
 * journal and vouched for; a gate's anchor that contradicts the journal is an alarm, and one that
 * nobody can judge is none. Method: a whole controller without its shell whose outlet keeps the
 * lines; a gate that shows what the test wants; the journal's bytes changed in the store.
 */
#include "tests/unit/controller/harness.h"

#include "common/store/keybuf.h"
#include "controller/app/anchors.h"
#include "controller/app/park_sign.h"
#include "controller/journal/chain_check.h"

enum { KEPT_MAX = 64 };

static struct {
    size_t count;
    bool fails;
    struct {
        char keeper[32], line[ANCHOR_LINE_SIZE];
        bool named;
    } item[KEPT_MAX];
} kept;

static bool keep(void *ctx, const char *keeper, const struct sign_public *key, const char *line)
{
    (void)ctx;
    MUST(kept.count < KEPT_MAX);
    (void)snprintf(kept.item[kept.count].keeper, sizeof(kept.item[0].keeper), "%s", keeper);
    (void)snprintf(kept.item[kept.count].line, sizeof(kept.item[0].line), "%s", line);
    kept.item[kept.count++].named = key != NULL;
    return !kept.fails;
}

static void with_outlet(struct world *w)
{
    w->ctl->outlet.anchor = keep;
}

static int set_up(void **state)
{
    int status = world_setup(state);
    memset(&kept, 0, sizeof(kept));
    with_outlet(*state);
    return status;
}

static void tick(struct world *w, int64_t us)
{
    world_pass(w, us);
    turn_begin(w->ctl, w->now, w->mono);
    turn_tick(w->ctl);
    world_turn(w);
}

/* Until the first head is anchored. */
static void begin(struct world *w)
{
    for (int i = 0; i < 6 && kept.count == 0; i++) {
        tick(w, SECOND_US);
    }
    assert_int_equal(kept.count, 1);
}

static struct anchor anchor_at(size_t index)
{
    struct anchor anchor = {0};
    assert_true(index < kept.count && anchor_from_line(kept.item[index].line, &anchor));
    return anchor;
}

static void the_durable_head_is_signed(void **state)
{
    struct world *w = *state;
    begin(w);
    struct anchor anchor = anchor_at(0);
    struct journal_head head = head_of(w);
    struct sign_public key = park_sign_public(w->ctl);
    assert_string_equal(kept.item[0].keeper, "park");
    assert_true(kept.item[0].named);
    assert_int_equal(anchor.sequence, head.sequence);
    assert_memory_equal(anchor.hash.bytes, head.hash.bytes, sizeof(head.hash.bytes));
    assert_true(anchor_is_good(&anchor, &key));
    assert_int_equal(entries_of(w, ENTRY_SIGN_KEY, 0), 1);
    (void)assert_replays(w);
}

static void once_a_minute_when_it_has_grown(void **state)
{
    struct world *w = *state;
    begin(w);
    for (int i = 0; i < 200; i++) {
        tick(w, SECOND_US);
    }
    assert_int_equal(kept.count, 1); /* nothing new, and the anchors themselves are no entries */
    admin(w, "tenant.suspend", "name", "acme", "reason", "rent", NULL);
    for (int i = 0; i < 61 && kept.count == 1; i++) {
        tick(w, SECOND_US);
    }
    assert_int_equal(kept.count, 2);
    assert_int_equal(anchor_at(1).sequence, head_of(w).sequence);
    admin(w, "tenant.resume", "name", "acme", "reason", "paid", NULL);
    tick(w, 50 * SECOND_US);
    assert_int_equal(kept.count, 2);
    tick(w, 11 * SECOND_US);
    assert_int_equal(kept.count, 3);
}

static void a_start_names_the_key_at_once(void **state)
{
    struct world *w = *state;
    anchors_begin(w->ctl);
    uint64_t named = head_of(w).sequence;
    assert_int_equal(entries_of(w, ENTRY_SIGN_KEY, 0), 1);
    anchors_begin(w->ctl);
    begin(w);
    assert_int_equal(head_of(w).sequence, named);
    assert_int_equal(anchor_at(0).sequence, named);
}

static void every_gate_is_told(void **state)
{
    struct world *w = *state;
    struct gate a;
    struct gate b;
    gate_join(w, &a, "gate-a", 1);
    gate_join(w, &b, "gate-b", 2);
    sent_forget(w);
    begin(w);
    assert_int_equal(sent_count(w, MESSAGE_ANCHOR), 2);
    const struct sent *sent = sent_last(w, MESSAGE_ANCHOR);
    const Parkgate__Anchor *message = (const void *)sent->body;
    struct sign_public key = park_sign_public(w->ctl);
    assert_string_equal(message->line, kept.item[0].line);
    assert_int_equal(message->key.len, sizeof(key.bytes));
    assert_memory_equal(message->key.data, key.bytes, sizeof(key.bytes));
    assert_true(anchor_at(0).sequence <= sent->committed);
}

static void without_an_outlet_nothing_is_recorded(void **state)
{
    struct world *w = *state;
    w->ctl->outlet.anchor = NULL;
    uint64_t before = head_of(w).sequence;
    for (int i = 0; i < 100; i++) {
        tick(w, SECOND_US);
    }
    assert_int_equal(head_of(w).sequence, before);
}

static void an_export_that_fails_stops_nothing(void **state)
{
    struct world *w = *state;
    kept.fails = true;
    begin(w);
    assert_true(w->ctl->anchors.export_failing);
    admin(w, "tenant.suspend", "name", "acme", "reason", "rent", NULL);
    kept.fails = false;
    tick(w, 61 * SECOND_US);
    assert_false(w->ctl->anchors.export_failing);
}

/* --- keys --- */

static void a_key_is_named_once_over_restarts(void **state)
{
    struct world *w = *state;
    begin(w);
    struct sign_key key = w->ctl->sign_key;
    world_restart(w);
    w->ctl->sign_key = key;
    with_outlet(w);
    for (int i = 0; i < 5; i++) {
        tick(w, SECOND_US);
    }
    assert_int_equal(entries_of(w, ENTRY_SIGN_KEY, 0), 1);
    assert_int_equal(faults_of(w, "sign-key-changed", 0), 0);
}

static void a_new_key_is_vouched_for_by_the_one_before(void **state)
{
    struct world *w = *state;
    begin(w);
    struct sign_public before = park_sign_public(w->ctl);
    struct sign_key key = sign_key_make(&w->entropy);
    struct sign_public public = sign_public_of(&key);
    anchors_use_key(w->ctl, &key);
    assert_false(anchors_key_is_named(w->ctl));
    tick(w, SECOND_US);
    tick(w, SECOND_US);
    tick(w, SECOND_US);
    assert_true(anchors_key_is_named(w->ctl));
    ProtobufCMessage *message =
        newest_entry(w, ENTRY_SIGN_KEY, &parkgate__sign_key_record__descriptor);
    const Parkgate__SignKeyRecord *record = (const void *)message;
    char hex[2 * SIGN_KEY_SIZE + 1];
    char text[128];
    struct sign_value value;
    bytes_to_hex(BYTES_OF(public.bytes), hex, sizeof(hex));
    (void)snprintf(text, sizeof(text), "parkgate sign key 1\n%s\n", hex);
    assert_int_equal(record->vouched.len, sizeof(value.bytes));
    memcpy(value.bytes, record->vouched.data, sizeof(value.bytes));
    assert_true(sign_is_good(&before, bytes_of_text(text), &value));
    store_message_destroy(&message);
    struct anchor anchor = anchor_at(kept.count - 1);
    assert_true(anchor_is_good(&anchor, &public));
    assert_int_equal(faults_of(w, "sign-key-changed", 0), 0);
    (void)assert_replays(w);
}

static void a_key_from_nowhere_is_told(void **state)
{
    struct world *w = *state;
    begin(w);
    world_restart(w);
    w->ctl->sign_key = sign_key_make(&w->entropy);
    with_outlet(w);
    for (int i = 0; i < 5; i++) {
        tick(w, SECOND_US);
    }
    assert_int_equal(entries_of(w, ENTRY_SIGN_KEY, 0), 2);
    assert_int_equal(faults_of(w, "sign-key-changed", 0), 1);
}

/* --- what gates show --- */

static void show(struct world *w, struct gate *gate, const char *line)
{
    Parkgate__Hello hello = gate_hello_message(w, gate);
    char *lines[] = {text_of(line)};
    hello.n_anchor = 1;
    hello.anchor = lines;
    gate_send_hello(w, gate, &hello);
    world_pass(w, 2 * SECOND_US);
}

static const struct anchor_shown *shown_by(struct world *w, const char *gate)
{
    return &session_of_gate(&w->ctl->sessions, name_or_none(gate))->anchor;
}

static bool break_is_open(struct world *w)
{
    return row_with(admin(w, "status", NULL), "fault", "audit-break") != SIZE_MAX;
}

static void a_true_anchor_is_good_and_kept(void **state)
{
    struct world *w = *state;
    struct gate a;
    gate_join(w, &a, "gate-a", 1);
    begin(w);
    show(w, &a, kept.item[0].line);
    assert_int_equal(shown_by(w, "gate-a")->word, ANCHOR_SHOWN_GOOD);
    assert_int_equal(shown_by(w, "gate-a")->sequence, anchor_at(0).sequence);
    assert_int_equal(kept.count, 2);
    assert_string_equal(kept.item[1].keeper, "gate-gate-a");
    assert_false(kept.item[1].named);
    show(w, &a, kept.item[0].line); /* again: it is not kept again */
    assert_int_equal(kept.count, 2);
    assert_false(break_is_open(w));
}

/* Somebody with the disk wrote another record under this sequence. */
static void alter_entry(struct world *w, uint64_t sequence)
{
    struct keybuf key;
    struct bytes value;
    uint8_t copy[STORE_VALUE_MAX];
    struct store_txn *txn = NULL;
    assert_int_equal(store_begin_write(w->store, &txn, NULL), ERR_OK);
    keybuf_begin(&key);
    keybuf_u64(&key, sequence);
    assert_int_equal(store_get(txn, TABLE_JOURNAL, keybuf_view(&key), &value, NULL), ERR_OK);
    memcpy(copy, value.data, value.size);
    copy[3] ^= 1;
    struct bytes changed = {.data = copy, .size = value.size};
    assert_int_equal(store_put(txn, TABLE_JOURNAL, keybuf_view(&key), changed, NULL), ERR_OK);
    assert_int_equal(store_commit(&txn, NULL), ERR_OK);
}

static void an_altered_journal_is_found_by_a_gates_anchor(void **state)
{
    struct world *w = *state;
    struct gate a;
    gate_join(w, &a, "gate-a", 1);
    begin(w);
    char line[ANCHOR_LINE_SIZE];
    (void)snprintf(line, sizeof(line), "%s", kept.item[0].line);
    admin(w, "tenant.suspend", "name", "acme", "reason", "rent", NULL);
    alter_entry(w, anchor_at(0).sequence);
    show(w, &a, line);
    assert_int_equal(shown_by(w, "gate-a")->word, ANCHOR_SHOWN_CONTRADICTS);
    assert_true(break_is_open(w));
    assert_string_equal(kept.item[kept.count - 1].line, line); /* evidence */
    size_t count = kept.count;
    show(w, &a, line);
    assert_int_equal(kept.count, count); /* once */
    assert_int_equal(faults_of(w, "audit-break", 0), 1);
}

static void a_cut_journal_is_found_by_a_gates_anchor(void **state)
{
    struct world *w = *state;
    struct gate a;
    struct anchor anchor;
    char text[ANCHOR_LINE_SIZE];
    char line[ANCHOR_LINE_SIZE];
    gate_join(w, &a, "gate-a", 1);
    begin(w);
    anchor = anchor_at(0);
    anchor.sequence += 1000; /* as the park signed it before the end was cut off */
    park_sign(w->ctl, anchor_message(&anchor, text), &anchor.value);
    anchor_to_line(&anchor, line);
    show(w, &a, line);
    assert_int_equal(shown_by(w, "gate-a")->word, ANCHOR_SHOWN_CONTRADICTS);
    assert_true(break_is_open(w));
}

static void what_the_park_did_not_sign_raises_nothing(void **state)
{
    struct world *w = *state;
    struct gate a;
    struct sign_key own = sign_key_make(&w->entropy);
    struct sign_public public = sign_public_of(&own);
    struct anchor anchor;
    char text[ANCHOR_LINE_SIZE];
    char line[ANCHOR_LINE_SIZE];
    gate_join(w, &a, "gate-a", 1);
    begin(w);
    anchor = anchor_at(0);
    anchor.sequence += 1000;
    anchor_to_line(&anchor, line); /* in the park's name, with a signature of something else */
    show(w, &a, line);
    assert_int_equal(shown_by(w, "gate-a")->word, ANCHOR_SHOWN_UNPROVED);
    sign_key_id(&public, anchor.key);
    sign_make(&own, anchor_message(&anchor, text), &anchor.value);
    anchor_to_line(&anchor, line);
    show(w, &a, line);
    assert_int_equal(shown_by(w, "gate-a")->word, ANCHOR_SHOWN_UNPROVED);
    show(w, &a, "no anchor at all");
    assert_int_equal(shown_by(w, "gate-a")->word, ANCHOR_SHOWN_UNPROVED);
    assert_false(break_is_open(w));
    assert_int_equal(kept.count, 1);
}

static void a_restored_backup_contradicts_nothing(void **state)
{
    struct world *w = *state;
    struct gate a;
    struct fault fault = {0};
    struct anchor anchor;
    char text[ANCHOR_LINE_SIZE];
    char line[ANCHOR_LINE_SIZE];
    gate_join(w, &a, "gate-a", 1);
    begin(w);
    anchor = anchor_at(0);
    anchor.sequence += 1000; /* of what the backup has not */
    park_sign(w->ctl, anchor_message(&anchor, text), &anchor.value);
    anchor_to_line(&anchor, line);
    struct sign_key key = w->ctl->sign_key;
    uint64_t backup = head_of(w).sequence;
    world_restart(w);
    w->ctl->sign_key = key;
    with_outlet(w);
    assert_int_equal(anchors_restored(w->ctl, backup, &fault), ERR_OK);
    assert_int_equal(anchors_restored(w->ctl, backup, &fault), ERR_OK); /* killed before it noted */
    assert_int_equal(entries_of(w, ENTRY_RESTORED, 0), 1);
    show(w, &a, line);
    assert_int_equal(shown_by(w, "gate-a")->word, ANCHOR_SHOWN_GOOD);
    assert_false(break_is_open(w));
    tick(w, SECOND_US);
    tick(w, 61 * SECOND_US);
    struct anchor after = anchor_at(kept.count - 1);
    assert_memory_not_equal(after.branch, anchor.branch, sizeof(after.branch));
    (void)assert_replays(w);
}

static void a_check_that_finds_it_whole_ends_the_alarm(void **state)
{
    struct world *w = *state;
    begin(w);
    anchors_job_done(w->ctl, "entries=3\nfailed=the disk\n");
    world_turn(w);
    assert_false(break_is_open(w)); /* it could not look */
    anchors_job_done(w->ctl, "entries=3\nfinding=cut\nfailed=the journal was cut off\n");
    world_turn(w);
    assert_true(break_is_open(w));
    anchors_job_done(w->ctl, "entries=3\nfinding=whole\nresult=good\n");
    world_turn(w);
    assert_false(break_is_open(w));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_durable_head_is_signed),
        CASE(once_a_minute_when_it_has_grown),
        CASE(a_start_names_the_key_at_once),
        CASE(every_gate_is_told),
        CASE(without_an_outlet_nothing_is_recorded),
        CASE(an_export_that_fails_stops_nothing),
        CASE(a_key_is_named_once_over_restarts),
        CASE(a_new_key_is_vouched_for_by_the_one_before),
        CASE(a_key_from_nowhere_is_told),
        CASE(a_true_anchor_is_good_and_kept),
        CASE(an_altered_journal_is_found_by_a_gates_anchor),
        CASE(a_cut_journal_is_found_by_a_gates_anchor),
        CASE(what_the_park_did_not_sign_raises_nothing),
        CASE(a_restored_backup_contradicts_nothing),
        CASE(a_check_that_finds_it_whole_ends_the_alarm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

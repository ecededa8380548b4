/* Goal: a hostile gate that answers a recovery stops neither the controller nor the other gates,
 * and lets nobody in. Method: a whole controller without its shell that recovers, and gates that
 * answer its questions as a hostile program would. */
#include "tests/unit/controller/harness.h"

#include "common/facts/copy_rows.h"
#include "common/facts/people_store.h"
#include "common/seal/day_box.h"
#include "controller/app/recall.h"

#define LI "04010203"

struct scene {
    struct world *w;
    struct gate a, b;
    char li[HANDLE_TEXT_SIZE];
    uint64_t backup;
};

static void tick(struct world *w)
{
    world_pass(w, SECOND_US);
    turn_begin(w->ctl, w->now, w->mono);
    turn_tick(w->ctl);
    world_turn(w);
}

static bool was_asked(struct world *w, const struct gate *gate, Parkgate__Recall *ret)
{
    for (size_t i = w->sent_count; i-- > 0;) {
        const struct sent *sent = &w->sent[i];
        if (sent->kind == MESSAGE_RECALL &&
            memcmp(sent->peer.id, gate->peer.id, sizeof(gate->peer.id)) == 0) {
            *ret = *(const Parkgate__Recall *)(const void *)sent->body;
            return true;
        }
    }
    return false;
}

/* Two gates, a person with a badge; the controller has begun again from a backup of just now, and
 * asks. */
static void scene_open(struct scene *s, struct world *w)
{
    struct fault fault = {0};
    memset(s, 0, sizeof(*s));
    s->w = w;
    gate_join(w, &s->a, "gate-a", 1);
    gate_join(w, &s->b, "gate-b", 2);
    person_with_badge(w, "acme", "Li Wei", LI, "day", s->li);
    s->backup = head_of(w).sequence;
    assert_int_equal(recall_begin(w->ctl, s->backup, &fault), ERR_OK);
    admin(w, "recover.start", "checked", "yes", NULL);
    tick(w);
}

static void answer(struct scene *s, struct gate *gate, Parkgate__Recall *answer)
{
    Parkgate__Recall asked = PARKGATE__RECALL__INIT;
    assert_true(was_asked(s->w, gate, &asked));
    answer->number = asked.number;
    answer->copy_sequence = s->backup + 1000;
    gate_send(s->w, gate, MESSAGE_RECALL, 0, &answer->base);
    world_turn(s->w);
}

static void no_rows(struct scene *s, struct gate *gate)
{
    Parkgate__Recall none = PARKGATE__RECALL__INIT;
    none.rows = none.done = true;
    answer(s, gate, &none);
}

/* Events are asked when all have given their rows. */
static void rows_are_over(struct scene *s)
{
    no_rows(s, &s->a);
    no_rows(s, &s->b);
    tick(s->w);
}

static void give(struct scene *s, struct gate *gate, const Parkgate__RecalledEvent *item)
{
    static uint8_t packed[LIMIT_FRAME_BYTES];
    Parkgate__Recall recall = PARKGATE__RECALL__INIT;
    size_t size = parkgate__recalled_event__get_packed_size(item);
    assert_true(size <= sizeof(packed));
    ProtobufCBinaryData packed_item = {.data = packed,
                                       .len = parkgate__recalled_event__pack(item, packed)};
    recall.n_item = 1;
    recall.item = &packed_item;
    recall.epoch = gate->epoch;
    recall.from = ++gate->sequence;
    answer(s, gate, &recall);
}

static void give_event(struct scene *s, struct gate *gate, Parkgate__Event *event,
                       const Parkgate__CredentialRecord *credential)
{
    static uint8_t packed[LIMIT_FRAME_BYTES];
    static uint8_t told[1024];
    Parkgate__RecalledEvent item = PARKGATE__RECALLED_EVENT__INIT;
    event->epoch = gate->epoch;
    event->sequence = gate->sequence + 1;
    event->received_us = event->captured_us = s->w->now.us;
    assert_true(parkgate__event__get_packed_size(event) <= sizeof(packed));
    item.event = (ProtobufCBinaryData){.data = packed, .len = parkgate__event__pack(event, packed)};
    if (credential != NULL) {
        item.credential = (ProtobufCBinaryData){
            .data = told, .len = parkgate__credential_record__pack(credential, told)};
    }
    give(s, gate, &item);
}

/* A read of a badge, with whose it is. */
static void give_read(struct scene *s, struct gate *gate, const char *lane, size_t size,
                      struct handle holder, uint8_t number)
{
    uint8_t uid[2048];
    uint8_t handle[HANDLE_SIZE];
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    Parkgate__CredentialRecord told = PARKGATE__CREDENTIAL_RECORD__INIT;
    memset(uid, number, sizeof(uid));
    memset(handle, number, sizeof(handle));
    event.kind = EVENT_PRESENTATION;
    event.lane = text_of(lane);
    event.credential_kind = told.kind = CREDENTIAL_KIND_BADGE;
    event.credential = (ProtobufCBinaryData){.data = uid, .len = size};
    told.credential = (ProtobufCBinaryData){.data = handle, .len = sizeof(handle)};
    told.holder = people_field(&holder);
    give_event(s, gate, &event, &told);
}

static struct handle handle_of(const char *text)
{
    struct handle handle;
    assert_true(handle_from_text(text, &handle));
    return handle;
}

static size_t credentials_since(struct scene *s)
{
    return entries_of(s->w, ENTRY_CREDENTIAL, s->backup);
}

/* --- what aborted, or stopped the copies --- */

static void a_credential_of_no_size_is_taken(void **state)
{
    static struct scene s;
    scene_open(&s, *state);
    rows_are_over(&s);
    for (size_t size = 227; size <= 2000; size += 591) { /* over a field's bound */
        give_read(&s, &s.a, "a-in", size, handle_of(s.li), 7);
    }
    give_read(&s, &s.a, "a-in", 65, handle_of(s.li), 7); /* over a credential's */
    give_read(&s, &s.a, "a-in", 226, handle_of(s.li), 7);
    give_read(&s, &s.a, "a-in", 11, handle_of(s.li), 7); /* no badge is so long */
    assert_int_equal(credentials_since(&s), 0);
    give_read(&s, &s.a, "a-in", 7, handle_of(s.li), 7);
    assert_int_equal(credentials_since(&s), 1);
}

static void a_terminal_of_endless_name(void **state)
{
    static struct scene s;
    char name[2001];
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    scene_open(&s, *state);
    rows_are_over(&s);
    event.kind = EVENT_SUBJECT;
    event.lane = text_of("a-in");
    event.order = 1;
    event.subject_result = SUBJECT_DONE;
    event.reader = name;
    for (size_t size = 250; size <= 2000; size += 250) {
        memset(name, 'x', sizeof(name));
        name[size] = '\0';
        give_event(&s, &s.a, &event, NULL);
    }
    assert_int_equal(entries_of(s.w, ENTRY_EVENT, s.backup), 0);
    assert_int_equal(entries_of(s.w, ENTRY_EVENT_REFUSED, s.backup), 1); /* the others are none */
}

/* The same, by itself. */
static void a_device_without_a_name_of_ours_is_refused(void **state)
{
    struct world *w = *state;
    struct gate gate;
    uint32_t error = 0;
    char name[201];
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    gate_join(w, &gate, "gate-a", 1);
    event.kind = EVENT_SUBJECT;
    event.lane = text_of("a-in");
    event.order = 1;
    event.subject_result = SUBJECT_DONE;
    memset(name, 'x', sizeof(name));
    name[200] = '\0';
    event.reader = name;
    uint64_t sequence = gate_event(w, &gate, &event);
    world_turn(w);
    assert_int_equal(answer_of(w, sequence, &error), ANSWER_REFUSED);
    assert_int_equal(error, ERROR_EVENT_BAD);
}

/* --- what lets somebody in --- */

#define MALLORY "07070707070707" /* the badge of give_read() number 7 */

static void events_are_over(struct scene *s, struct gate *gate)
{
    Parkgate__Recall none = PARKGATE__RECALL__INIT;
    none.epoch = gate->epoch;
    none.from = gate->sequence;
    none.done = true;
    answer(s, gate, &none);
}

static bool is_recovering(struct world *w)
{
    return row_with(admin(w, "status", NULL), "fault", "recovering") != SIZE_MAX;
}

/* Rows of a copy that nobody has but the one who gives them. */
struct rows {
    size_t count;
    ProtobufCBinaryData items[8];
    uint8_t bytes[8][1024];
};

static void add_row(struct rows *rows, enum table table, struct bytes key,
                    const ProtobufCMessage *record)
{
    uint8_t value[512];
    Parkgate__CopyRow row = PARKGATE__COPY_ROW__INIT;
    row.table = (uint32_t)table;
    row.key = field_of(key);
    row.value = (ProtobufCBinaryData){.data = value, .len = protobuf_c_message_pack(record, value)};
    rows->items[rows->count] =
        (ProtobufCBinaryData){.data = rows->bytes[rows->count],
                              .len = parkgate__copy_row__pack(&row, rows->bytes[rows->count])};
    rows->count++;
}

static void add_holder(struct rows *rows, struct handle holder, const char *tenant)
{
    Parkgate__HolderRecord record = PARKGATE__HOLDER_RECORD__INIT;
    record.holder = people_field(&holder);
    record.tenant = text_of(tenant);
    record.kind = PERSON_DAY;
    add_row(rows, TABLE_HOLDER, BYTES_OF(holder.bytes), &record.base);
}

static void add_assignment(struct rows *rows, struct handle holder, const char *tenant)
{
    struct handle own = {{0x55}};
    uint8_t key[2 * HANDLE_SIZE];
    Parkgate__AssignmentRecord record = PARKGATE__ASSIGNMENT_RECORD__INIT;
    memcpy(key, holder.bytes, HANDLE_SIZE);
    memcpy(key + HANDLE_SIZE, own.bytes, HANDLE_SIZE);
    record.assignment = people_field(&own);
    record.person = people_field(&holder);
    record.tenant = text_of(tenant);
    record.shift = text_of("day");
    record.from_day = TUESDAY - 1;
    record.to_day = TUESDAY + 10;
    add_row(rows, TABLE_ASSIGNMENT, BYTES_OF(key), &record.base);
}

static void give_rows(struct scene *s, struct gate *gate, struct rows *rows)
{
    Parkgate__Recall recall = PARKGATE__RECALL__INIT;
    recall.rows = recall.done = true;
    recall.n_item = rows->count;
    recall.item = rows->items;
    answer(s, gate, &recall);
}

static const struct handle stranger = {
    {0x66, 1}
};

static void give_stranger(struct scene *s, struct gate *gate, const char *tenant)
{
    struct rows rows = {.count = 0};
    add_holder(&rows, stranger, tenant);
    add_assignment(&rows, stranger, tenant);
    give_rows(s, gate, &rows);
}

static void both_are_over(struct scene *s)
{
    events_are_over(s, &s->a);
    events_are_over(s, &s->b);
    assert_false(is_recovering(s->w));
}

static uint64_t read_of(struct scene *s, const char *lane, const char *uid)
{
    world_pass(s->w, 20 * SECOND_US);
    uint64_t read = gate_badge(s->w, lane[0] == 'a' ? &s->a : &s->b, lane, uid);
    world_turn(s->w);
    return read;
}

static size_t waiting(struct world *w)
{
    return row_count(admin(w, "recover.waiting", NULL));
}

/* Does the controller tell gates of this holder? */
static bool is_copied(struct world *w, struct handle holder)
{
    static struct copy_row row;
    struct store_txn *txn = NULL;
    assert_int_equal(store_begin_read(w->store, &txn, NULL), ERR_OK);
    enum err err = copy_row_get(txn, TABLE_HOLDER, BYTES_OF(holder.bytes), &row, NULL);
    store_txn_destroy(&txn);
    assert_true(err == ERR_OK || err == ERR_NOT_FOUND);
    return err == ERR_OK;
}

static void one_gate_alone_lets_nobody_in(void **state)
{
    static struct scene s;
    char text[HANDLE_TEXT_SIZE];
    scene_open(&s, *state);
    struct world *w = s.w;
    give_stranger(&s, &s.a, "acme");
    no_rows(&s, &s.b);
    tick(w);
    give_read(&s, &s.a, "a-in", 7, stranger, 7);
    both_are_over(&s);
    assert_denied(w, read_of(&s, "a-in", MALLORY), REASON_CREDENTIAL_NOT_YET);
    assert_denied(w, read_of(&s, "b-in", MALLORY), REASON_CREDENTIAL_NOT_YET);
    assert_false(is_copied(w, stranger));
    const Parkgate__Reply *shown = admin(w, "recover.waiting", NULL);
    assert_int_equal(row_count(shown), 3);
    assert_true(row_with(shown, "what", "credential") != SIZE_MAX);
    assert_true(row_with(shown, "what", "assignment") != SIZE_MAX);
    assert_string_equal(cell(shown, row_with(shown, "what", "holder"), "gate"), "gate-a");
    assert_string_equal(note(admin(w, "recover.show", NULL), "unconfirmed"), "yes");
    handle_to_text(stranger, text);
    assert_refused(ask(w, w->admin, "recover.confirm", "person", text, NULL), ERROR_REASON_NEEDED);
    assert_refused(ask(w, w->admin, "recover.confirm", "reason", "x", NULL), ERROR_ARG_BAD);
    shown = admin(w, "recover.confirm", "person", text, "reason", "known to me", NULL);
    assert_string_equal(note(shown, "confirmed"), "3");
    assert_int_equal(waiting(w), 0);
    assert_true(is_copied(w, stranger));
    assert_granted(w, read_of(&s, "a-in", MALLORY), REASON_GRANTED);
    (void)assert_replays(w);
}

/* A badge of its own for somebody who is known, and leave for him where he has none. */
static void nobody_known_is_lent_a_badge_or_a_tenant(void **state)
{
    static struct scene s;
    struct rows rows = {.count = 0};
    char wang[HANDLE_TEXT_SIZE];
    person_with_badge(*state, "acme", "Wang Wu", "04010299", NULL, wang);
    scene_open(&s, *state);
    struct world *w = s.w;
    add_assignment(&rows, handle_of(wang), "beta");
    give_rows(&s, &s.a, &rows);
    no_rows(&s, &s.b);
    tick(w);
    give_read(&s, &s.a, "a-in", 7, handle_of(s.li), 7);
    both_are_over(&s);
    assert_denied(w, read_of(&s, "a-in", MALLORY), REASON_CREDENTIAL_NOT_YET);
    assert_denied(w, read_of(&s, "a-in", "04010299"), REASON_NO_ASSIGNMENT);
    assert_granted(w, read_of(&s, "a-in", LI), REASON_GRANTED); /* his own is as it was */
    assert_int_equal(waiting(w), 2);
    const Parkgate__Reply *done =
        admin(w, "recover.confirm", "gate", "gate-a", "reason", "the only gate there", NULL);
    assert_string_equal(note(done, "confirmed"), "2");
    assert_granted(w, read_of(&s, "b-in", "04010299"), REASON_GRANTED);
}

static void two_gates_that_say_the_same_are_believed(void **state)
{
    static struct scene s;
    scene_open(&s, *state);
    struct world *w = s.w;
    give_stranger(&s, &s.a, "acme");
    give_stranger(&s, &s.b, "acme");
    tick(w);
    give_read(&s, &s.a, "a-in", 7, stranger, 7);
    assert_int_equal(waiting(w), 1); /* whose the badge is, one alone says */
    give_read(&s, &s.a, "a-in", 7, stranger, 7);
    assert_int_equal(waiting(w), 1); /* twice, too */
    give_read(&s, &s.b, "b-in", 7, stranger, 7);
    assert_int_equal(waiting(w), 0);
    both_are_over(&s);
    assert_granted(w, read_of(&s, "a-in", MALLORY), REASON_GRANTED);
    assert_string_equal(note(admin(w, "recover.show", NULL), "unconfirmed"), "no");
    (void)assert_replays(w);
}

static void two_gates_that_differ_are_not(void **state)
{
    static struct scene s;
    scene_open(&s, *state);
    give_stranger(&s, &s.a, "acme");
    give_stranger(&s, &s.b, "beta");
    tick(s.w);
    give_read(&s, &s.a, "a-in", 7, stranger, 7);
    give_read(&s, &s.b, "b-in", 7, handle_of(s.li), 7); /* the same badge, another's */
    both_are_over(&s);
    assert_int_equal(waiting(s.w), 3);
    assert_denied(s.w, read_of(&s, "a-in", MALLORY), REASON_CREDENTIAL_NOT_YET);
}

/* What is stricter is taken from one; a ban is made no shorter by it. */
static void one_gate_is_enough_to_be_stricter(void **state)
{
    static struct scene s;
    struct world *w = *state;
    struct rows rows = {.count = 0};
    Parkgate__BanRecord ban = PARKGATE__BAN_RECORD__INIT;
    Parkgate__HolderRecord removed = PARKGATE__HOLDER_RECORD__INIT;
    char wang[HANDLE_TEXT_SIZE];
    struct handle own = {{0x77}};
    person_with_badge(w, "acme", "Wang Wu", "04010299", "day", wang);
    scene_open(&s, w);
    struct handle li = handle_of(s.li);
    struct handle other = handle_of(wang);
    admin(w, "ban.add", "who", s.li, "reason", "violence", "until", "2026-05-30", "notice", "N-1",
          NULL);
    ban.ban = people_field(&own);
    ban.holder = people_field(&li);
    ban.from_us = w->now.us + SECOND_US;
    ban.until_us = w->now.us + 2 * MINUTE_US; /* over soon */
    add_row(&rows, TABLE_BAN, BYTES_OF(li.bytes), &ban.base);
    removed.holder = people_field(&other);
    removed.tenant = text_of("acme");
    removed.removed = true;
    add_row(&rows, TABLE_HOLDER, BYTES_OF(other.bytes), &removed.base);
    give_rows(&s, &s.a, &rows);
    no_rows(&s, &s.b);
    tick(w);
    both_are_over(&s);
    world_pass(w, 5 * MINUTE_US);
    assert_denied(w, read_of(&s, "a-in", LI), REASON_PARK_BAN);
    assert_denied(w, read_of(&s, "a-in", "04010299"), REASON_CREDENTIAL_UNKNOWN);
}

static void keys_are_looked_at_first(void **state)
{
    struct world *w = *state;
    struct gate gate;
    struct fault fault = {0};
    Parkgate__Recall asked = PARKGATE__RECALL__INIT;
    gate_join(w, &gate, "gate-a", 1);
    assert_int_equal(recall_begin(w->ctl, head_of(w).sequence, &fault), ERR_OK);
    const Parkgate__Reply *shown = admin(w, "recover.start", NULL);
    assert_string_equal(note(shown, "recovery"), "waiting");
    assert_non_null(strstr(note(shown, "look"), "revoked after the backup live again"));
    assert_int_equal(row_count(shown), 1);
    assert_string_equal(cell(shown, 0, "gate"), "gate-a");
    assert_int_equal(strlen(cell(shown, 0, "public")), 40);
    assert_true(cell(shown, 0, "heard_us")[0] != '\0');
    tick(w);
    assert_false(was_asked(w, &gate, &asked));
    assert_string_equal(note(admin(w, "recover.start", "checked", "yes", NULL), "recovery"),
                        "asking");
    tick(w);
    assert_true(was_asked(w, &gate, &asked));
}

/* Where another person could, one alone does not answer for it. */
static void confirming_takes_two_where_there_are_two(void **state)
{
    static struct scene s;
    char text[HANDLE_TEXT_SIZE];
    scene_open(&s, *state);
    struct world *w = s.w;
    struct link_key second = operator_key(w, 40, "admin", NULL, NULL, NULL);
    give_stranger(&s, &s.a, "acme");
    handle_to_text(stranger, text);
    const Parkgate__Reply *asked =
        admin(w, "recover.confirm", "person", text, "reason", "known to me", NULL);
    const char *number = note(asked, "approval");
    assert_int_equal(waiting(w), 2);
    assert_done(ask(w, second, "approval.grant", "approval", number, NULL));
    assert_int_equal(waiting(w), 0);
}

/* --- what a gate may say, and how much of it --- */

static void give_said(struct scene *s, uint32_t epoch)
{
    uint8_t packed[512];
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    Parkgate__RecalledEvent item = PARKGATE__RECALLED_EVENT__INIT;
    event.kind = EVENT_PRESENTATION;
    event.lane = text_of("a-in");
    event.epoch = epoch;
    event.sequence = s->a.sequence + 1;
    event.received_us = event.captured_us = s->w->now.us;
    item.event =
        (ProtobufCBinaryData){.data = packed, .len = parkgate__event__pack(&event, packed)};
    item.outcome = OUTCOME_GRANT + 1;
    item.reason = REASON_GRANTED;
    item.source = SOURCE_CONTROLLER;
    give(s, &s->a, &item);
}

static void what_was_decided_is_the_gates_word(void **state)
{
    static struct scene s;
    scene_open(&s, *state);
    rows_are_over(&s);
    give_said(&s, s.a.epoch);
    Parkgate__EventEntry *entry =
        (void *)newest_entry(s.w, ENTRY_EVENT, &parkgate__event_entry__descriptor);
    assert_int_equal(entry->outcome, 0);
    assert_int_equal(entry->acted_outcome, OUTCOME_GRANT + 1);
    assert_int_equal(entry->acted_reason, REASON_GRANTED);
    assert_int_equal(entry->acted_source, SOURCE_CONTROLLER);
    parkgate__event_entry__free_unpacked(entry, NULL);
    give_said(&s, s.a.epoch + 1); /* which it never had */
    assert_int_equal(entries_of(s.w, ENTRY_EVENT, s.backup), 1);
}

static void answers_go_on_or_are_not_taken(void **state)
{
    static struct scene s;
    scene_open(&s, *state);
    uint8_t cursor[] = {1, 5};
    struct rows rows = {.count = 0};
    Parkgate__Recall recall = PARKGATE__RECALL__INIT;
    add_holder(&rows, stranger, "acme");
    recall.rows = true;
    recall.n_item = rows.count;
    recall.item = rows.items;
    recall.cursor = (ProtobufCBinaryData){.data = cursor, .len = sizeof(cursor)};
    size_t asked = sent_count(s.w, MESSAGE_RECALL);
    answer(&s, &s.a, &recall);
    assert_int_equal(sent_count(s.w, MESSAGE_RECALL), asked + 1);
    answer(&s, &s.a, &recall); /* the same place */
    cursor[1] = 4;
    answer(&s, &s.a, &recall); /* back */
    assert_int_equal(sent_count(s.w, MESSAGE_RECALL), asked + 1);
    cursor[1] = 6;
    answer(&s, &s.a, &recall);
    assert_int_equal(sent_count(s.w, MESSAGE_RECALL), asked + 2);
    cursor[1] = 7;
    recall.n_item = 0; /* nothing, and not done: its rows are over */
    answer(&s, &s.a, &recall);
    cursor[1] = 8;
    answer(&s, &s.a, &recall);
    assert_int_equal(sent_count(s.w, MESSAGE_RECALL), asked + 2);
}

static void a_turn_opens_few_boxes(void **state)
{
    static struct scene s;
    static uint8_t packed[60][1024];
    uint8_t boxes[(DAY_BOXES_MAX + 1) * DAY_BOX_SIZE] = {1};
    uint8_t sealed[64] = {2};
    ProtobufCBinaryData items[60];
    Parkgate__Recall recall = PARKGATE__RECALL__INIT;
    scene_open(&s, *state);
    rows_are_over(&s);
    for (size_t i = 0; i < ARRAY_LEN(items); i++) {
        Parkgate__RecalledEvent item = PARKGATE__RECALLED_EVENT__INIT;
        size_t size = (size_t)(i == 0 ? DAY_BOXES_MAX + 1 : DAY_BOXES_MAX) * DAY_BOX_SIZE;
        item.sealed = (ProtobufCBinaryData){.data = sealed, .len = sizeof(sealed)};
        item.day_box = (ProtobufCBinaryData){.data = boxes, .len = size};
        item.epoch = 1;
        item.sequence = i + 1;
        assert_true(parkgate__recalled_event__get_packed_size(&item) <= sizeof(packed[0]));
        items[i] = (ProtobufCBinaryData){.data = packed[i],
                                         .len = parkgate__recalled_event__pack(&item, packed[i])};
    }
    recall.n_item = ARRAY_LEN(items);
    recall.item = items;
    recall.epoch = 1;
    recall.from = ARRAY_LEN(items);
    turn_begin(s.w->ctl, s.w->now, s.w->mono);
    answer(&s, &s.a, &recall);
    tick(s.w);
    Parkgate__Recall asked = PARKGATE__RECALL__INIT;
    assert_true(was_asked(s.w, &s.a, &asked));
    assert_int_equal(asked.from, 9); /* one of too many boxes, eight that were looked at */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(a_credential_of_no_size_is_taken),
        WORLD_TEST(a_terminal_of_endless_name),
        WORLD_TEST(a_device_without_a_name_of_ours_is_refused),
        WORLD_TEST(one_gate_alone_lets_nobody_in),
        WORLD_TEST(nobody_known_is_lent_a_badge_or_a_tenant),
        WORLD_TEST(two_gates_that_say_the_same_are_believed),
        WORLD_TEST(two_gates_that_differ_are_not),
        WORLD_TEST(one_gate_is_enough_to_be_stricter),
        WORLD_TEST(keys_are_looked_at_first),
        WORLD_TEST(confirming_takes_two_where_there_are_two),
        WORLD_TEST(what_was_decided_is_the_gates_word),
        WORLD_TEST(answers_go_on_or_are_not_taken),
        WORLD_TEST(a_turn_opens_few_boxes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "schema/helper.h"

#include <string.h>

#include "common/base/must.h"

static void write_text(struct writer *w, const char *text, size_t size)
{
    MUST(memchr(text, 0, size) != NULL);
    writer_run(w, bytes_of_text(text));
}

static void write_name(struct writer *w, struct name name)
{
    write_text(w, name.text, sizeof(name.text));
}

/* A name, or the empty one that means none. */
static struct name read_name(struct reader *r)
{
    struct name name = {.text = ""};
    char text[NAME_SIZE];
    reader_text(r, text, sizeof(text));
    if (text[0] != '\0' && !name_from_text(text, &name)) {
        r->bad = true;
    }
    return name;
}

/* A number of a closed set `first`..`last`; anything else is bad and reads as `first`. */
static unsigned read_choice(struct reader *r, unsigned first, unsigned last)
{
    unsigned value = reader_u8(r);
    if (value < first || value > last) {
        r->bad = true;
        return first;
    }
    return value;
}

static bool read_bool(struct reader *r)
{
    return read_choice(r, 0, 1) != 0;
}

static void write_bool(struct writer *w, bool value)
{
    writer_u8(w, value ? 1 : 0);
}

static void write_grant(struct writer *w, struct grant_id id)
{
    writer_u32(w, id.epoch);
    writer_u64(w, id.sequence);
}

static struct grant_id read_grant(struct reader *r)
{
    uint32_t epoch = reader_u32(r);
    return (struct grant_id){.epoch = epoch, .sequence = reader_u64(r)};
}

static void write_wall(struct writer *w, struct wall at)
{
    writer_u64(w, (uint64_t)at.us);
}

static struct wall read_wall(struct reader *r)
{
    return (struct wall){.us = (int64_t)reader_u64(r)};
}

/* Messages without a body. */
static void pack_nothing(struct writer *w, const struct helper_message *m)
{
    (void)w;
    (void)m;
}

static void unpack_nothing(struct reader *r, struct helper_message *m)
{
    (void)r;
    (void)m;
}

static void pack_hello(struct writer *w, const struct helper_message *m)
{
    writer_u8(w, (uint8_t)m->hello.program);
    write_name(w, m->hello.name);
    writer_u32(w, m->hello.pid);
}

static void unpack_hello(struct reader *r, struct helper_message *m)
{
    m->hello.program = (enum helper_program)read_choice(r, HELPER_NFC, HELPER_TERMINAL);
    m->hello.name = read_name(r);
    m->hello.pid = reader_u32(r);
}

static void pack_state(struct writer *w, const struct helper_message *m)
{
    writer_u8(w, (uint8_t)m->state.state);
    write_text(w, m->state.what, sizeof(m->state.what));
}

static void unpack_state(struct reader *r, struct helper_message *m)
{
    m->state.state = (enum device_state)read_choice(r, DEVICE_UP, DEVICE_TAMPER);
    reader_text(r, m->state.what, sizeof(m->state.what));
}

static void write_uid(struct writer *w, const uint8_t *uid, uint8_t size)
{
    MUST(size <= HELPER_UID_BYTES);
    writer_run(w, (struct bytes){.data = uid, .size = size});
}

static uint8_t read_uid(struct reader *r, uint8_t out[HELPER_UID_BYTES])
{
    struct bytes uid = reader_run(r);
    if (uid.size != 4 && uid.size != 7 && uid.size != 10) {
        r->bad = true;
        return 0;
    }
    memcpy(out, uid.data, uid.size);
    return (uint8_t)uid.size;
}

static void write_read(struct writer *w, const struct helper_read *read)
{
    writer_u64(w, read->sequence);
    write_wall(w, read->captured);
    write_bool(w, read->random_uid);
    write_uid(w, read->uid, read->uid_size);
}

static void read_read(struct reader *r, struct helper_read *read)
{
    read->sequence = reader_u64(r);
    read->captured = read_wall(r);
    read->random_uid = read_bool(r);
    read->uid_size = read_uid(r, read->uid);
}

static void pack_read(struct writer *w, const struct helper_message *m)
{
    write_read(w, &m->read);
}

static void unpack_read(struct reader *r, struct helper_message *m)
{
    read_read(r, &m->read);
}

static void write_number(struct writer *w, struct helper_number number)
{
    write_bool(w, number.present);
    writer_u16(w, number.number);
}

static struct helper_number read_number(struct reader *r)
{
    bool present = read_bool(r);
    return (struct helper_number){.present = present, .number = reader_u16(r)};
}

static void pack_lane(struct writer *w, const struct helper_lane *lane)
{
    write_name(w, lane->name);
    writer_u8(w, (uint8_t)lane->direction);
    writer_u16(w, lane->open_coil);
    writer_u32(w, lane->open_ms);
    writer_u32(w, lane->pass_ms);
    write_number(w, lane->passage);
    write_number(w, lane->tamper);
    write_number(w, lane->button);
    write_number(w, lane->held);
    write_number(w, lane->display);
}

static void unpack_lane(struct reader *r, struct helper_lane *lane)
{
    lane->name = read_name(r);
    lane->direction = (enum lane_direction)read_choice(r, LANE_NO_DIRECTION, LANE_BOTH);
    lane->open_coil = reader_u16(r);
    lane->open_ms = reader_u32(r);
    lane->pass_ms = reader_u32(r);
    lane->passage = read_number(r);
    lane->tamper = read_number(r);
    lane->button = read_number(r);
    lane->held = read_number(r);
    lane->display = read_number(r);
}

static void pack_board(struct writer *w, const struct helper_message *m)
{
    const struct helper_board *board = &m->board;
    MUST(board->lane_count <= HELPER_LANES_PER_BOARD);
    writer_u8(w, (uint8_t)board->transport);
    write_text(w, board->address, sizeof(board->address));
    writer_u8(w, board->unit);
    writer_u32(w, board->baud);
    writer_u16(w, board->poll_ms);
    write_bool(w, board->has_flash);
    write_bool(w, board->has_counters);
    write_bool(w, board->has_displays);
    writer_u16(w, board->flash_base);
    writer_u16(w, board->counter_base);
    writer_u16(w, board->display_base);
    writer_u8(w, board->lane_count);
    for (size_t i = 0; i < board->lane_count; i++) {
        pack_lane(w, &board->lanes[i]);
    }
}

static void unpack_board(struct reader *r, struct helper_message *m)
{
    struct helper_board *board = &m->board;
    board->transport = (enum helper_transport)read_choice(r, HELPER_TCP, HELPER_RTU);
    reader_text(r, board->address, sizeof(board->address));
    board->unit = reader_u8(r);
    board->baud = reader_u32(r);
    board->poll_ms = reader_u16(r);
    board->has_flash = read_bool(r);
    board->has_counters = read_bool(r);
    board->has_displays = read_bool(r);
    board->flash_base = reader_u16(r);
    board->counter_base = reader_u16(r);
    board->display_base = reader_u16(r);
    board->lane_count = (uint8_t)read_choice(r, 0, HELPER_LANES_PER_BOARD);
    for (size_t i = 0; i < board->lane_count; i++) {
        unpack_lane(r, &board->lanes[i]);
    }
}

static void pack_guarded_board(struct writer *w, const struct helper_message *m)
{
    pack_board(w, m);
    for (size_t i = 0; i < m->board.lane_count; i++) {
        const struct helper_lane *lane = &m->board.lanes[i];
        writer_u8(w, (uint8_t)lane->actuator);
        write_number(w, lane->crush);
        write_number(w, lane->manual);
    }
}

static void unpack_guarded_board(struct reader *r, struct helper_message *m)
{
    unpack_board(r, m);
    for (size_t i = 0; i < m->board.lane_count && i < HELPER_LANES_PER_BOARD; i++) {
        struct helper_lane *lane = &m->board.lanes[i];
        lane->actuator = (enum lane_actuator)read_choice(r, ACTUATOR_TURNSTILE, ACTUATOR_BOLLARD);
        lane->crush = read_number(r);
        lane->manual = read_number(r);
    }
}

static void pack_open(struct writer *w, const struct helper_message *m)
{
    write_name(w, m->open.lane);
    write_grant(w, m->open.grant);
    writer_u64(w, (uint64_t)m->open.expires.us);
    writer_u8(w, (uint8_t)m->open.direction);
}

static void unpack_open(struct reader *r, struct helper_message *m)
{
    m->open.lane = read_name(r);
    m->open.grant = read_grant(r);
    m->open.expires.us = (int64_t)reader_u64(r);
    m->open.direction = (enum lane_direction)read_choice(r, LANE_NO_DIRECTION, LANE_BOTH);
}

static void pack_open_result(struct writer *w, const struct helper_message *m)
{
    write_name(w, m->open_result.lane);
    write_grant(w, m->open_result.grant);
    writer_u8(w, (uint8_t)m->open_result.result);
}

static void unpack_open_result(struct reader *r, struct helper_message *m)
{
    m->open_result.lane = read_name(r);
    m->open_result.grant = read_grant(r);
    unsigned result = read_choice(r, OPEN_DONE, OPEN_EMERGENCY);
    m->open_result.result = (enum open_result)result;
    r->bad = r->bad || (result > OPEN_QUEUE_FULL && result < OPEN_EMERGENCY);
}

static void pack_button(struct writer *w, const struct helper_message *m)
{
    write_name(w, m->button.lane);
    writer_u64(w, m->button.press);
    write_wall(w, m->button.at);
}

static void unpack_button(struct reader *r, struct helper_message *m)
{
    m->button.lane = read_name(r);
    m->button.press = reader_u64(r);
    m->button.at = read_wall(r);
}

static void pack_button_answer(struct writer *w, const struct helper_message *m)
{
    write_name(w, m->button_answer.lane);
    writer_u64(w, m->button_answer.press);
    write_grant(w, m->button_answer.grant);
}

static void unpack_button_answer(struct reader *r, struct helper_message *m)
{
    m->button_answer.lane = read_name(r);
    m->button_answer.press = reader_u64(r);
    m->button_answer.grant = read_grant(r);
}

static void pack_report(struct writer *w, const struct helper_message *m)
{
    const struct helper_report *report = &m->report;
    writer_u64(w, report->number);
    writer_u8(w, (uint8_t)report->kind);
    write_name(w, report->lane);
    write_wall(w, report->at);
    write_bool(w, report->late);
    write_bool(w, report->on);
    writer_u8(w, (uint8_t)report->passage);
    writer_u8(w, (uint8_t)report->direction);
    write_grant(w, report->grant);
    writer_u64(w, report->press);
    if (report->kind == REPORT_FIRE) {
        writer_u8(w, (uint8_t)report->fire);
    }
}

static void unpack_report(struct reader *r, struct helper_message *m)
{
    struct helper_report *report = &m->report;
    report->number = reader_u64(r);
    report->kind = (enum report_kind)read_choice(r, REPORT_PASSAGE, REPORT_FIRE);
    report->lane = read_name(r);
    report->at = read_wall(r);
    report->late = read_bool(r);
    report->on = read_bool(r);
    report->passage = (enum passage_kind)read_choice(r, PASSAGE_NONE, PASSAGE_BLOCKED_ENDED);
    report->direction = (enum lane_direction)read_choice(r, LANE_NO_DIRECTION, LANE_BOTH);
    report->grant = read_grant(r);
    report->press = reader_u64(r);
    if (report->kind == REPORT_FIRE) {
        report->fire = (enum fire_change)read_choice(r, FIRE_ON, FIRE_UNREACHED);
    }
}

static void pack_report_ack(struct writer *w, const struct helper_message *m)
{
    writer_u64(w, m->report_ack.number);
}

static void unpack_report_ack(struct reader *r, struct helper_message *m)
{
    m->report_ack.number = reader_u64(r);
}

static void pack_indicate(struct writer *w, const struct helper_message *m)
{
    const struct helper_indicate *indicate = &m->indicate;
    write_name(w, indicate->lane);
    writer_u8(w, (uint8_t)indicate->colour);
    writer_u8(w, (uint8_t)indicate->sound);
    write_text(w, indicate->line1, sizeof(indicate->line1));
    write_text(w, indicate->line2, sizeof(indicate->line2));
    writer_u32(w, indicate->show_ms);
}

static void unpack_indicate(struct reader *r, struct helper_message *m)
{
    struct helper_indicate *indicate = &m->indicate;
    indicate->lane = read_name(r);
    indicate->colour = (enum indicator_colour)read_choice(r, COLOUR_OFF, COLOUR_YELLOW);
    indicate->sound = (enum indicator_sound)read_choice(r, SOUND_NONE, SOUND_DOUBLE);
    reader_text(r, indicate->line1, sizeof(indicate->line1));
    reader_text(r, indicate->line2, sizeof(indicate->line2));
    indicate->show_ms = reader_u32(r);
}

static void pack_terminal(struct writer *w, const struct helper_message *m)
{
    const struct helper_terminal *terminal = &m->terminal;
    write_text(w, terminal->url, sizeof(terminal->url));
    write_text(w, terminal->user, sizeof(terminal->user));
    write_text(w, terminal->password, sizeof(terminal->password));
    write_text(w, terminal->ca_file, sizeof(terminal->ca_file));
}

static void unpack_terminal(struct reader *r, struct helper_message *m)
{
    struct helper_terminal *terminal = &m->terminal;
    reader_text(r, terminal->url, sizeof(terminal->url));
    reader_text(r, terminal->user, sizeof(terminal->user));
    reader_text(r, terminal->password, sizeof(terminal->password));
    reader_text(r, terminal->ca_file, sizeof(terminal->ca_file));
}

static void pack_settings(struct writer *w, const struct helper_message *m)
{
    write_bool(w, m->settings.read);
    write_bool(w, m->settings.remote_check);
    write_bool(w, m->settings.offline_opens);
}

static void unpack_settings(struct reader *r, struct helper_message *m)
{
    m->settings.read = read_bool(r);
    m->settings.remote_check = read_bool(r);
    m->settings.offline_opens = read_bool(r);
}

static void pack_check(struct writer *w, const struct helper_message *m)
{
    write_name(w, m->check.lane);
    write_grant(w, m->check.grant);
    writer_u64(w, m->check.serial);
    write_bool(w, m->check.granted);
    writer_u64(w, (uint64_t)m->check.expires.us);
}

static void unpack_check(struct reader *r, struct helper_message *m)
{
    m->check.lane = read_name(r);
    m->check.grant = read_grant(r);
    m->check.serial = reader_u64(r);
    m->check.granted = read_bool(r);
    m->check.expires.us = (int64_t)reader_u64(r);
}

static void pack_subject(struct writer *w, const struct helper_message *m)
{
    writer_u64(w, m->subject.number);
    writer_u8(w, (uint8_t)m->subject.order);
    write_text(w, m->subject.subject, sizeof(m->subject.subject));
    write_wall(w, m->subject.until);
}

static void unpack_subject(struct reader *r, struct helper_message *m)
{
    m->subject.number = reader_u64(r);
    m->subject.order = (enum subject_order)read_choice(r, SUBJECT_ADD, SUBJECT_DELETE);
    reader_text(r, m->subject.subject, sizeof(m->subject.subject));
    m->subject.until = read_wall(r);
}

static void pack_subject_result(struct writer *w, const struct helper_message *m)
{
    writer_u64(w, m->subject_result.number);
    writer_u8(w, (uint8_t)m->subject_result.state);
    write_text(w, m->subject_result.what, sizeof(m->subject_result.what));
}

static void unpack_subject_result(struct reader *r, struct helper_message *m)
{
    m->subject_result.number = reader_u64(r);
    m->subject_result.state = (enum subject_state)read_choice(r, SUBJECT_WANTED, SUBJECT_FAILED);
    reader_text(r, m->subject_result.what, sizeof(m->subject_result.what));
}

static void pack_cards(struct writer *w, const struct helper_message *m)
{
    const struct helper_cards *cards = &m->cards;
    write_bool(w, cards->desfire);
    writer_bytes(w, BYTES_OF(cards->aid));
    writer_u8(w, cards->key_no);
    write_bool(w, cards->has_uid_key);
    writer_u8(w, cards->uid_key_no);
    writer_u32(w, cards->limit_ms);
}

static void read_fixed(struct reader *r, uint8_t *out, size_t size)
{
    struct bytes from = reader_bytes(r, size);
    if (from.size == size) {
        memcpy(out, from.data, size);
    }
}

static void unpack_cards(struct reader *r, struct helper_message *m)
{
    struct helper_cards *cards = &m->cards;
    cards->desfire = read_bool(r);
    read_fixed(r, cards->aid, sizeof(cards->aid));
    cards->key_no = (uint8_t)read_choice(r, 0, HELPER_KEY_NO_MAX);
    cards->has_uid_key = read_bool(r);
    cards->uid_key_no = (uint8_t)read_choice(r, 0, HELPER_KEY_NO_MAX);
    cards->limit_ms = reader_u32(r);
}

static void pack_key_wanted(struct writer *w, const struct helper_message *m)
{
    const struct helper_key_wanted *wanted = &m->key_wanted;
    writer_u64(w, wanted->request);
    writer_u8(w, (uint8_t)wanted->which);
    if (wanted->which == HELPER_KEY_OF_CARD) {
        write_uid(w, wanted->uid, wanted->uid_size);
    }
}

static void unpack_key_wanted(struct reader *r, struct helper_message *m)
{
    struct helper_key_wanted *wanted = &m->key_wanted;
    wanted->request = reader_u64(r);
    wanted->which = (enum helper_key_kind)read_choice(r, HELPER_KEY_OF_CARD, HELPER_KEY_OF_UIDS);
    if (wanted->which == HELPER_KEY_OF_CARD) {
        wanted->uid_size = read_uid(r, wanted->uid);
    }
}

static void pack_key(struct writer *w, const struct helper_message *m)
{
    writer_u64(w, m->key.request);
    write_bool(w, m->key.found);
    writer_bytes(w, BYTES_OF(m->key.key));
}

static void unpack_key(struct reader *r, struct helper_message *m)
{
    m->key.request = reader_u64(r);
    m->key.found = read_bool(r);
    read_fixed(r, m->key.key, sizeof(m->key.key));
}

static void pack_proved(struct writer *w, const struct helper_message *m)
{
    write_read(w, &m->proved.read);
    writer_u8(w, (uint8_t)m->proved.proof);
    writer_u32(w, m->proved.exchange_ms);
}

static void unpack_proved(struct reader *r, struct helper_message *m)
{
    read_read(r, &m->proved.read);
    m->proved.proof = (enum card_proof)read_choice(r, CARD_PROOF_NONE, CARD_PROOF_RANDOM_ID);
    m->proved.exchange_ms = reader_u32(r);
}

static void pack_levels(struct writer *w, const struct helper_message *m)
{
    writer_u64(w, m->levels.levels);
    writer_u64(w, m->levels.looked);
    write_bool(w, m->levels.has_counters);
    for (size_t i = 0; i < HELPER_LEVELS; i++) {
        writer_u16(w, m->levels.edges[i]);
    }
}

static void unpack_levels(struct reader *r, struct helper_message *m)
{
    m->levels.levels = reader_u64(r);
    m->levels.looked = reader_u64(r);
    m->levels.has_counters = read_bool(r);
    for (size_t i = 0; i < HELPER_LEVELS; i++) {
        m->levels.edges[i] = reader_u16(r);
    }
}

static void pack_fire_board(struct writer *w, const struct helper_message *m)
{
    const struct helper_board *board = &m->board;
    pack_guarded_board(w, m);
    write_number(w, board->fire);
    write_number(w, board->reset);
    write_bool(w, board->fire_closes);
    write_bool(w, board->fire_broadcast);
    writer_u8(w, board->bus_boards);
}

static void unpack_fire_board(struct reader *r, struct helper_message *m)
{
    struct helper_board *board = &m->board;
    unpack_guarded_board(r, m);
    board->fire = read_number(r);
    board->reset = read_number(r);
    board->fire_closes = read_bool(r);
    board->fire_broadcast = read_bool(r);
    board->bus_boards = reader_u8(r);
}

static void pack_release(struct writer *w, const struct helper_message *m)
{
    const struct helper_release *release = &m->release;
    MUST(release->lane_count <= HELPER_LANES_PER_BOARD);
    writer_u64(w, release->number);
    writer_u8(w, (uint8_t)release->state);
    write_bool(w, release->end);
    write_bool(w, release->admits);
    writer_u8(w, release->lane_count);
    for (size_t i = 0; i < release->lane_count; i++) {
        write_name(w, release->lanes[i]);
    }
}

static void unpack_release(struct reader *r, struct helper_message *m)
{
    struct helper_release *release = &m->release;
    release->number = reader_u64(r);
    release->state = (enum emergency_state)read_choice(r, EMERGENCY_NONE, EMERGENCY_EVACUATION);
    release->end = read_bool(r);
    release->admits = read_bool(r);
    release->lane_count = (uint8_t)read_choice(r, 0, HELPER_LANES_PER_BOARD);
    for (size_t i = 0; i < release->lane_count; i++) {
        release->lanes[i] = read_name(r);
    }
}

struct codec {
    void (*pack)(struct writer *w, const struct helper_message *m);
    void (*unpack)(struct reader *r, struct helper_message *m);
};

static const struct codec codecs[] = {
    [HELPER_SAYS_HELLO] = {pack_hello,          unpack_hello         },
    [HELPER_SAYS_WELCOME] = {pack_nothing,        unpack_nothing       },
    [HELPER_SAYS_HEARTBEAT] = {pack_nothing,        unpack_nothing       },
    [HELPER_SAYS_STATE] = {pack_state,          unpack_state         },
    [HELPER_SAYS_READ] = {pack_read,           unpack_read          },
    [HELPER_SAYS_BOARD] = {pack_board,          unpack_board         },
    [HELPER_SAYS_OPEN] = {pack_open,           unpack_open          },
    [HELPER_SAYS_OPEN_RESULT] = {pack_open_result,    unpack_open_result   },
    [HELPER_SAYS_BUTTON] = {pack_button,         unpack_button        },
    [HELPER_SAYS_BUTTON_ANSWER] = {pack_button_answer,  unpack_button_answer },
    [HELPER_SAYS_REPORT] = {pack_report,         unpack_report        },
    [HELPER_SAYS_REPORT_ACK] = {pack_report_ack,     unpack_report_ack    },
    [HELPER_SAYS_INDICATE] = {pack_indicate,       unpack_indicate      },
    [HELPER_SAYS_TERMINAL] = {pack_terminal,       unpack_terminal      },
    [HELPER_SAYS_SETTINGS] = {pack_settings,       unpack_settings      },
    [HELPER_SAYS_CHECK] = {pack_check,          unpack_check         },
    [HELPER_SAYS_SUBJECT] = {pack_subject,        unpack_subject       },
    [HELPER_SAYS_SUBJECT_RESULT] = {pack_subject_result, unpack_subject_result},
    [HELPER_SAYS_CARDS] = {pack_cards,          unpack_cards         },
    [HELPER_SAYS_KEY_WANTED] = {pack_key_wanted,     unpack_key_wanted    },
    [HELPER_SAYS_KEY] = {pack_key,            unpack_key           },
    [HELPER_SAYS_PROVED] = {pack_proved,         unpack_proved        },
    [HELPER_SAYS_WATCH] = {pack_nothing,        unpack_nothing       },
    [HELPER_SAYS_LEVELS] = {pack_levels,         unpack_levels        },
    [HELPER_SAYS_GUARDED_BOARD] = {pack_guarded_board,  unpack_guarded_board },
    [HELPER_SAYS_FIRE_BOARD] = {pack_fire_board,     unpack_fire_board    },
    [HELPER_SAYS_RELEASE] = {pack_release,        unpack_release       },
};

static bool is_known(unsigned kind)
{
    return kind >= HELPER_SAYS_HELLO && kind < ARRAY_LEN(codecs);
}

size_t helper_pack(const struct helper_message *message, uint8_t out[HELPER_FRAME_BYTES])
{
    MUST(is_known((unsigned)message->kind));
    struct writer w = writer_of(out, HELPER_FRAME_BYTES);
    writer_u8(&w, HELPER_VERSION);
    writer_u8(&w, (uint8_t)message->kind);
    codecs[message->kind].pack(&w, message);
    MUST(!w.bad);
    return w.size;
}

enum err helper_unpack(struct bytes frame, struct helper_message *ret_message, struct fault *fault)
{
    struct reader r = reader_of(frame);
    unsigned version = reader_u8(&r);
    unsigned kind = reader_u8(&r);
    if (r.bad) {
        return fault_set(fault, ERR_CORRUPT, "helper message of %zu bytes", frame.size);
    }
    if (version != HELPER_VERSION || !is_known(kind)) {
        return fault_set(fault, ERR_UNSUPPORTED, "helper message of version %u, kind %u", version,
                         kind);
    }
    struct helper_message message;
    memset(&message, 0, sizeof(message));
    message.kind = (enum helper_kind)kind;
    codecs[kind].unpack(&r, &message);
    if (!reader_done(&r)) {
        return fault_set(fault, ERR_CORRUPT, "helper message of kind %u is malformed", kind);
    }
    *ret_message = message;
    explicit_bzero(&message, sizeof(message)); /* it may have been a card's key */
    return ERR_OK;
}

enum helper_kind helper_board_kind(const struct helper_board *board)
{
    MUST(board->lane_count <= HELPER_LANES_PER_BOARD);
    if (board->fire.present || board->reset.present || board->bus_boards > 1) {
        return HELPER_SAYS_FIRE_BOARD;
    }
    for (size_t i = 0; i < board->lane_count; i++) {
        const struct helper_lane *lane = &board->lanes[i];
        if (lane->actuator != ACTUATOR_TURNSTILE || lane->crush.present || lane->manual.present) {
            return HELPER_SAYS_GUARDED_BOARD;
        }
    }
    return HELPER_SAYS_BOARD;
}

bool helper_says_board(const struct helper_message *message)
{
    return message->kind == HELPER_SAYS_BOARD || message->kind == HELPER_SAYS_GUARDED_BOARD ||
           message->kind == HELPER_SAYS_FIRE_BOARD;
}

bool helper_board_equal(const struct helper_board *a, const struct helper_board *b)
{
    uint8_t frames[2][HELPER_FRAME_BYTES];
    const struct helper_board *boards[] = {a, b};
    size_t sizes[2];
    for (size_t i = 0; i < 2; i++) {
        const struct helper_message message = {.kind = HELPER_SAYS_FIRE_BOARD, .board = *boards[i]};
        sizes[i] = helper_pack(&message, frames[i]);
    }
    return sizes[0] == sizes[1] && memcmp(frames[0], frames[1], sizes[0]) == 0;
}

const char *helper_open_result_name(enum open_result result)
{
    static const char *const names[] = {
        [OPEN_DONE] = "opened",          [OPEN_EXPIRED] = "expired",
        [OPEN_DUPLICATE] = "duplicate",  [OPEN_UNKNOWN_LANE] = "unknown-lane",
        [OPEN_EMERGENCY] = "emergency",
        [OPEN_SILENT] = "board-silent",  [OPEN_REFUSED] = "board-refused",
        [OPEN_QUEUE_FULL] = "lane-full", [OPEN_LOST] = "helper-lost",  [OPEN_HUNG_UP] = "hung-up",
    };
    MUST(result >= OPEN_DONE && result <= OPEN_EMERGENCY);
    return names[result];
}

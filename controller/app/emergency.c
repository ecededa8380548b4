#include "controller/app/emergency.h"

#include <stdio.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "common/facts/emergency_store.h"
#include "controller/app/batch.h"
#include "controller/app/faults.h"
#include "controller/journal/journal.h"
#include "controller/store/hidden_store.h"

/* As a person gave it, and before that over whose word it was. */
enum { REASON_SIZE = LIMIT_ARG_BYTES + NAME_SIZE + 32 };

/* What one board said last. */
struct word {
    struct name board, gate;
    uint32_t change; /* enum fire_change */
    uint32_t epoch;
    uint64_t sequence;
    int64_t waits_until_us; /* 0: it counts */
    bool again;             /* said by a helper that began anew */
};

/* The record as plain values. */
struct state {
    uint64_t number;
    uint32_t state; /* enum emergency_state */
    bool admits;
    char by[2 * NAME_SIZE + 2];
    char reason[REASON_SIZE];
    int64_t at_us;
    size_t zone_count; /* of the evacuation */
    struct name zones[LIMIT_ZONES];
    bool evacuation;
    size_t word_count;
    struct word words[LIMIT_BOARDS];
};

/* --- the record --- */

static void read_zones(struct state *s, const Parkgate__EmergencyRecord *record)
{
    for (size_t i = 0; i < record->n_evacuation_zone && s->zone_count < LIMIT_ZONES; i++) {
        s->zones[s->zone_count++] = name_or_none(record->evacuation_zone[i]);
    }
}

/* Boards that the park no longer has say nothing any more. */
static void read_words(const struct park *park, struct state *s,
                       const Parkgate__EmergencyRecord *record)
{
    bool whole = record->n_board == record->n_board_gate && record->n_board == record->n_change &&
                 record->n_board == record->n_epoch &&
                 record->n_board == record->n_event_sequence &&
                 record->n_board == record->n_waits_until_us;
    for (size_t i = 0; whole && i < record->n_board && s->word_count < LIMIT_BOARDS; i++) {
        struct word word = {.board = name_or_none(record->board[i]),
                            .gate = name_or_none(record->board_gate[i]),
                            .change = record->change[i],
                            .epoch = record->epoch[i],
                            .sequence = record->event_sequence[i],
                            .waits_until_us = record->waits_until_us[i],
                            .again = i < record->n_said_again && record->said_again[i]};
        if (park_board(park, word.board) != NULL) {
            s->words[s->word_count++] = word;
        }
    }
}

static enum err read_state(struct controller *ctl, struct state *s, struct fault *fault)
{
    Parkgate__EmergencyRecord *record = NULL;
    memset(s, 0, sizeof(*s));
    TRY(emergency_get(ctl->txn, &record, fault));
    if (record == NULL) {
        return ERR_OK;
    }
    s->number = record->number;
    s->state = record->state;
    s->admits = record->admits;
    s->at_us = record->at_us;
    s->evacuation = record->evacuation;
    (void)snprintf(s->by, sizeof(s->by), "%s", record->by);
    (void)snprintf(s->reason, sizeof(s->reason), "%s", record->reason);
    read_zones(s, record);
    read_words(ctl->park, s, record);
    parkgate__emergency_record__free_unpacked(record, NULL);
    return ERR_OK;
}

struct packed_state {
    char *zone[LIMIT_ZONES], *board[LIMIT_BOARDS], *gate[LIMIT_BOARDS];
    uint32_t change[LIMIT_BOARDS], epoch[LIMIT_BOARDS];
    uint64_t sequence[LIMIT_BOARDS];
    int64_t waits[LIMIT_BOARDS];
    protobuf_c_boolean again[LIMIT_BOARDS];
};

static void fill_words(const struct state *s, struct packed_state *out,
                       Parkgate__EmergencyRecord *record)
{
    for (size_t i = 0; i < s->word_count; i++) {
        const struct word *word = &s->words[i];
        out->board[i] = field_text(word->board.text);
        out->gate[i] = field_text(word->gate.text);
        out->change[i] = word->change;
        out->epoch[i] = word->epoch;
        out->sequence[i] = word->sequence;
        out->waits[i] = word->waits_until_us;
        out->again[i] = word->again;
    }
    record->n_board = record->n_board_gate = record->n_change = s->word_count;
    record->n_epoch = record->n_event_sequence = record->n_waits_until_us = s->word_count;
    record->n_said_again = s->word_count;
    record->board = out->board;
    record->board_gate = out->gate;
    record->change = out->change;
    record->epoch = out->epoch;
    record->event_sequence = out->sequence;
    record->waits_until_us = out->waits;
    record->said_again = out->again;
}

static enum err write_state(struct controller *ctl, const struct state *s, const char *actor,
                            struct fault *fault)
{
    struct packed_state out;
    Parkgate__EmergencyRecord record = PARKGATE__EMERGENCY_RECORD__INIT;
    for (size_t i = 0; i < s->zone_count; i++) {
        out.zone[i] = field_text(s->zones[i].text);
    }
    record.number = s->number;
    record.state = s->state;
    record.n_zone = s->state == EMERGENCY_EVACUATION ? s->zone_count : 0;
    record.zone = out.zone;
    record.admits = s->admits;
    record.by = field_text(s->by);
    record.reason = field_text(s->reason);
    record.at_us = s->at_us;
    record.evacuation = s->evacuation;
    record.n_evacuation_zone = s->zone_count;
    record.evacuation_zone = out.zone;
    fill_words(s, &out, &record);
    return controller_record(ctl, ENTRY_EMERGENCY, actor, &record.base, fault);
}

/* --- telling --- */

static void tell(struct controller *ctl, const struct link_peer *peer, uint8_t version,
                 const Parkgate__EmergencyRecord *record)
{
    const Parkgate__Emergency message = emergency_message(record);
    batch_send(ctl, PORT_AGENTS, peer, version, MESSAGE_EMERGENCY, 0, &message.base);
}

static enum err tell_all(struct controller *ctl, struct fault *fault)
{
    Parkgate__EmergencyRecord *record = NULL;
    TRY(emergency_get(ctl->txn, &record, fault));
    if (record != NULL) {
        emergency_news_stage(ctl, record);
    }
    for (size_t i = 0; record != NULL && i < LIMIT_AGENTS; i++) {
        const struct session *session = &ctl->sessions.items[i];
        if (session->used) {
            tell(ctl, &session->peer, session->version, record);
        }
    }
    if (record != NULL) {
        parkgate__emergency_record__free_unpacked(record, NULL);
    }
    return ERR_OK;
}

/* --- what follows from the words --- */

static bool is_fire(const struct word *word)
{
    return word->change == FIRE_ON || word->change == FIRE_INPUT_ENDED;
}

/* A reset that waits has ended nothing yet. */
static bool says_fire(const struct word *word)
{
    return word->waits_until_us == 0 ? is_fire(word) : word->change == FIRE_RESET;
}

static const struct word *first_fire(const struct state *s)
{
    for (size_t i = 0; i < s->word_count; i++) {
        if (says_fire(&s->words[i])) {
            return &s->words[i];
        }
    }
    return NULL;
}

/* Does a word of fire wait? Its gate may hold its exits by it: nothing ends before it is known. */
static bool a_fire_waits(const struct state *s)
{
    for (size_t i = 0; i < s->word_count; i++) {
        if (s->words[i].waits_until_us != 0 && is_fire(&s->words[i])) {
            return true;
        }
    }
    return false;
}

/* Each board that says fire has its fault, and no other board. */
static enum err settle_faults(struct controller *ctl, const struct state *s, struct fault *fault)
{
    for (size_t i = 0; i < s->word_count; i++) {
        const struct word *word = &s->words[i];
        if (says_fire(word)) {
            TRY(fault_raise(ctl, &fault_fire, word->board.text, word->gate.text, "", fault));
        } else {
            TRY(fault_end(ctl, &fault_fire, word->board.text, fault));
        }
    }
    for (size_t i = 0; s->state == EMERGENCY_NONE && i < ctl->park->board_count; i++) {
        TRY(fault_end(ctl, &fault_fire_unreached, ctl->park->boards[i].name.text, fault));
    }
    return ERR_OK;
}

/* Above all that was told before, by this controller or by one that was lost. It counts entries
 * that everybody may see: whoever declares an emergency is told it. */
static enum err next_number(struct controller *ctl, const struct state *s, uint64_t *ret,
                            struct fault *fault)
{
    struct journal_head head;
    uint64_t entries = 0;
    TRY(journal_head(ctl->txn, &head, fault));
    TRY(hidden_shown(ctl->txn, head.sequence, &entries, fault));
    uint64_t told = s->number > ctl->emergency_shown ? s->number : ctl->emergency_shown;
    *ret = (told > entries ? told : entries) + 1;
    return ERR_OK;
}

/* `text` may be what stands there. */
static void put_text(char *out, size_t size, const char *text)
{
    if (text != out) {
        (void)snprintf(out, size, "%s", text);
    }
}

/* Finds the winner, records, and tells the gates when that is news for them. `changed`: the zones
 * are others. */
static enum err settle(struct controller *ctl, struct state *s, const char *actor,
                       const char *reason, bool changed, struct fault *fault)
{
    const struct word *fire = first_fire(s);
    uint32_t winner = fire != NULL    ? EMERGENCY_FIRE
                      : s->evacuation ? EMERGENCY_EVACUATION
                                      : EMERGENCY_NONE;
    if (winner == EMERGENCY_NONE && a_fire_waits(s)) {
        winner = s->state;
    }
    bool news = changed || winner != s->state;
    ctl->emergency_waits = true; /* looked at by the next tick */
    if (news) {
        TRY(next_number(ctl, s, &s->number, fault));
        s->at_us = winner != s->state ? ctl->now.us : s->at_us;
        s->state = winner;
        s->admits = ctl->park->emergency_admits;
        put_text(s->reason, sizeof(s->reason), reason);
        if (winner == EMERGENCY_FIRE) {
            (void)snprintf(s->by, sizeof(s->by), "%s/%s", fire->gate.text, fire->board.text);
        } else {
            put_text(s->by, sizeof(s->by), actor);
        }
        log_event("emergency", LOG_TEXT("state", emergency_name(winner)), LOG_TEXT("by", s->by),
                  LOG_NUM("number", s->number));
    }
    TRY(write_state(ctl, s, actor, fault));
    TRY(settle_faults(ctl, s, fault));
    return news ? tell_all(ctl, fault) : ERR_OK;
}

/* --- boards --- */

static struct word *word_of(struct state *s, struct name board)
{
    for (size_t i = 0; i < s->word_count; i++) {
        if (name_equal(s->words[i].board, board)) {
            return &s->words[i];
        }
    }
    MUST(s->word_count < LIMIT_BOARDS); /* the park has no more boards */
    s->words[s->word_count] = (struct word){.board = board};
    return &s->words[s->word_count++];
}

static bool is_older(const struct word *known, const struct session *session,
                     const Parkgate__Event *event)
{
    return name_equal(known->gate, session->gate) &&
           (event->epoch < known->epoch ||
            (event->epoch == known->epoch && event->sequence <= known->sequence));
}

/* A box whose store is another than that of the box that said fire may be anybody's who has its
 * key: it can begin a fire and keep one on, but end none. */
static bool is_by_another_box(const struct word *known, const struct session *session,
                              const Parkgate__Event *event)
{
    return (is_fire(known) || says_fire(known)) && name_equal(known->gate, session->gate) &&
           event->epoch > known->epoch;
}

static enum err hear_another_box(struct controller *ctl, struct state *s, struct word *word,
                                 const struct session *session, const Parkgate__Event *event,
                                 struct fault *fault)
{
    if (event->fire != FIRE_ON) {
        log_warning("fire_word_refused", LOG_TEXT("gate", session->gate.text),
                    LOG_TEXT("board", word->board.text), LOG_NUM("epoch", event->epoch));
        return ERR_OK;
    }
    bool counted = says_fire(word);
    word->change = FIRE_ON;
    if (counted || !event->late) {
        word->waits_until_us = 0;
    }
    return settle(ctl, s, session->gate.text, "", false, fault);
}

/* By our clock, as far as its gate's is known. */
static bool was_told_late(const struct controller *ctl, const struct session *session,
                          const Parkgate__Event *event)
{
    int64_t now_there_us = ctl->now.us + session->offset_ms * 1000;
    return event->received_us < now_there_us - EMERGENCY_LATE_MS * INT64_C(1000);
}

/* `counted`: its board says fire already. What its gate could only tell late may be followed by
 * more: a fire by its reset, a reset by the next fire. */
static bool has_to_wait(const struct controller *ctl, const struct session *session,
                        const Parkgate__Event *event, bool counted)
{
    bool late = event->late || was_told_late(ctl, session, event);
    if (event->fire == FIRE_RESET) {
        return counted && late;
    }
    return !counted && (event->fire != FIRE_ON || late);
}

enum err emergency_word(struct controller *ctl, const struct session *session,
                        const Parkgate__Event *event, struct fault *fault)
{
    struct state s;
    struct name board = name_or_none(event->reader);
    if (park_board(ctl->park, board) == NULL) {
        return ERR_OK; /* the park dropped it meanwhile */
    }
    if (event->fire == FIRE_UNREACHED) {
        return fault_raise(ctl, &fault_fire_unreached, board.text, session->gate.text, "", fault);
    }
    TRY(read_state(ctl, &s, fault));
    struct word *word = word_of(&s, board);
    if (is_older(word, session, event)) {
        return ERR_OK;
    }
    if (is_by_another_box(word, session, event)) {
        return hear_another_box(ctl, &s, word, session, event, fault);
    }
    bool counted = says_fire(word);
    *word = (struct word){.board = board,
                          .gate = session->gate,
                          .change = event->fire,
                          .epoch = event->epoch,
                          .sequence = event->sequence,
                          .again = event->late};
    if (has_to_wait(ctl, session, event, counted)) {
        word->waits_until_us = ctl->now.us + EMERGENCY_WAIT_MS * INT64_C(1000);
    }
    return settle(ctl, &s, session->gate.text, "", false, fault);
}

/* Lets words told late count: those of `gate`, or those whose time has come where it is NULL. */
static enum err end_waits(struct controller *ctl, const struct name *gate, struct fault *fault)
{
    struct state s;
    bool any = false;
    bool left = false;
    const int64_t latest_us = ctl->now.us + EMERGENCY_WAIT_MS * INT64_C(1000);
    TRY(read_state(ctl, &s, fault));
    for (size_t i = 0; i < s.word_count; i++) {
        struct word *word = &s.words[i];
        bool all_told = gate != NULL && name_equal(word->gate, *gate) && !word->again;
        bool due = all_told || word->waits_until_us <= ctl->now.us ||
                   word->waits_until_us > latest_us; /* the clock was set back */
        if (word->waits_until_us != 0 && due) {
            word->waits_until_us = 0;
            any = true;
        }
        left |= word->waits_until_us != 0;
    }
    ctl->emergency_waits = left;
    return any ? settle(ctl, &s, "", "", false, fault) : ERR_OK;
}

static enum err on_tick(struct controller *ctl, void *ctx, struct fault *fault)
{
    (void)ctx;
    return end_waits(ctl, NULL, fault);
}

void emergency_tick(struct controller *ctl)
{
    if (ctl->emergency_waits) {
        batch_run(ctl, on_tick, NULL);
    }
}

/* More is no number that a controller of this park ever gave. */
static enum err note_shown(struct controller *ctl, uint64_t number, uint64_t recorded,
                           struct fault *fault)
{
    struct journal_head head;
    TRY(journal_head(ctl->txn, &head, fault));
    uint64_t most = recorded > head.sequence ? recorded : head.sequence;
    if (number > ctl->emergency_shown && number <= most + EMERGENCY_AHEAD_MAX) {
        ctl->emergency_shown = number;
    }
    return ERR_OK;
}

/* What holds gets a number above those of a controller that was lost: else its gates heed it not.
 */
static enum err tell_above(struct controller *ctl, struct fault *fault)
{
    struct state s;
    TRY(read_state(ctl, &s, fault));
    if (s.state == EMERGENCY_NONE || ctl->emergency_shown <= s.number) {
        return ERR_OK;
    }
    return settle(ctl, &s, s.by, s.reason, true, fault);
}

/* It heard of a state that we know nothing of: a disk that was full, a controller that was lost.
 * Boards alone cannot end it, for it may have been a person's. */
static enum err settle_unrecorded(struct controller *ctl, const struct session *session,
                                  bool unrecorded, struct fault *fault)
{
    const char *gate = session->gate.text;
    return unrecorded ? fault_raise(ctl, &fault_emergency_unrecorded, gate, gate, "", fault)
                      : fault_end(ctl, &fault_emergency_unrecorded, gate, fault);
}

enum err emergency_shown(struct controller *ctl, struct session *session, uint64_t number,
                         bool all_told, struct fault *fault)
{
    Parkgate__EmergencyRecord *record = NULL;
    session->emergency = number;
    if (all_told && ctl->emergency_waits) {
        TRY(end_waits(ctl, &session->gate, fault));
    }
    TRY(emergency_get(ctl->txn, &record, fault));
    uint64_t recorded = record == NULL ? 0 : record->number;
    bool none = record == NULL || record->state == EMERGENCY_NONE;
    if (record != NULL && number < recorded) {
        tell(ctl, &session->peer, session->version, record);
    }
    parkgate__emergency_record__free_unpacked(record, NULL);
    emergency_news_shown(ctl, &session->peer, session->version, number);
    TRY(note_shown(ctl, number, recorded, fault));
    TRY(settle_unrecorded(ctl, session, none && number > recorded, fault));
    return number > recorded ? tell_above(ctl, fault) : ERR_OK;
}

enum err emergency_tell_unwelcome(struct controller *ctl, const struct link_peer *peer,
                                  uint8_t version, uint64_t shown, struct fault *fault)
{
    Parkgate__EmergencyRecord *record = NULL;
    TRY(emergency_get(ctl->txn, &record, fault));
    if (record != NULL && record->state != EMERGENCY_NONE && shown < record->number) {
        tell(ctl, peer, version, record);
    }
    parkgate__emergency_record__free_unpacked(record, NULL);
    emergency_news_shown(ctl, peer, version, shown); /* that is a beginning always */
    return ERR_OK;
}

/* Does the word of `board` follow from what its gate lists? A word that waits has its own time. */
static bool is_unknown_fire(const struct controller *ctl, const struct word *word,
                            const struct session *session)
{
    const struct park_board *board = park_board(ctl->park, word->board);
    return board != NULL && name_equal(board->gate, session->gate) && !is_fire(word);
}

enum err emergency_listed(struct controller *ctl, const struct session *session,
                          const struct fire_list *list, struct fault *fault)
{
    struct state s;
    bool any = false;
    if (list->count == 0) {
        return ERR_OK;
    }
    TRY(read_state(ctl, &s, fault));
    if (session->emergency < s.number) {
        return ERR_OK; /* it may have been ended since: the gate hears of that first */
    }
    for (size_t i = 0; i < list->count; i++) {
        struct name board = name_or_none(list->boards[i]);
        if (park_board(ctl->park, board) == NULL) {
            continue;
        }
        struct word *word = word_of(&s, board);
        if (is_unknown_fire(ctl, word, session)) {
            bool quiet = i < list->quiet_count && list->quiet[i];
            *word = (struct word){.board = board,
                                  .gate = session->gate,
                                  .change = quiet ? FIRE_INPUT_ENDED : FIRE_ON,
                                  .epoch = session->epoch,
                                  .sequence = list->last_sequence};
            any = true;
        }
    }
    return any ? settle(ctl, &s, session->gate.text, "", false, fault) : ERR_OK;
}

/* --- persons --- */

/* False: it is there already. */
static bool add_zone(struct state *s, const char *zone)
{
    struct name name = name_or_none(zone);
    for (size_t i = 0; i < s->zone_count; i++) {
        if (name_equal(s->zones[i], name)) {
            return false;
        }
    }
    if (s->zone_count < LIMIT_ZONES) {
        s->zones[s->zone_count++] = name;
    }
    return true;
}

bool emergency_start(struct controller *ctl, const char *actor, char *const *zones,
                     size_t zone_count, const char *reason, struct complaint *c, enum err *ret_err,
                     struct fault *fault)
{
    struct state s;
    *ret_err = read_state(ctl, &s, fault);
    if (*ret_err != ERR_OK) {
        return false;
    }
    bool whole_already = s.evacuation && s.zone_count == 0;
    bool changed = !s.evacuation;
    if (zone_count == 0) {
        changed |= s.zone_count > 0;
        s.zone_count = 0;
    }
    for (size_t i = 0; i < zone_count && !whole_already; i++) {
        changed |= add_zone(&s, zones[i]);
    }
    if (!changed) {
        return complain(c, ERROR_SAME_STATE, "emergency", "evacuation", NULL, NULL);
    }
    s.evacuation = true;
    *ret_err = settle(ctl, &s, actor, reason, s.state != EMERGENCY_FIRE, fault);
    return *ret_err == ERR_OK;
}

/* Boards whose input says fire hold the state, unless a person who looked says otherwise: the first
 * of those is `*ret_over`. */
static bool may_end(struct controller *ctl, const struct state *s, bool force,
                    const struct word **ret_over, struct complaint *c)
{
    *ret_over = NULL;
    for (size_t i = 0; i < s->word_count; i++) {
        const struct word *word = &s->words[i];
        const struct session *session = session_of_gate(&ctl->sessions, word->gate);
        bool heard = session != NULL && !session->away;
        if (word->change != FIRE_ON) {
            continue;
        }
        if (!force) {
            return complain(c, heard ? ERROR_FIRE_STANDS : ERROR_FIRE_UNHEARD, word->board.text,
                            word->gate.text, NULL, NULL);
        }
        *ret_over = *ret_over == NULL ? word : *ret_over;
    }
    return true;
}

/* The record says over whose word it was ended. */
static const char *reason_over(const struct word *over, const char *reason, char out[REASON_SIZE])
{
    if (over == NULL) {
        return reason;
    }
    int size =
        snprintf(out, REASON_SIZE, "over the word of board %s: %s", over->board.text, reason);
    MUST(size > 0 && size < REASON_SIZE); /* an argument has no more than LIMIT_ARG_BYTES */
    return out;
}

bool emergency_end(struct controller *ctl, const char *actor, const char *reason, bool force,
                   struct complaint *c, enum err *ret_err, struct fault *fault)
{
    struct state s;
    *ret_err = read_state(ctl, &s, fault);
    if (*ret_err != ERR_OK) {
        return false;
    }
    bool gates_know_more = ctl->emergency_shown > s.number; /* of a controller that was lost */
    if (s.state == EMERGENCY_NONE && !gates_know_more) {
        return complain(c, ERROR_SAME_STATE, "emergency", "none", NULL, NULL);
    }
    const struct word *over = NULL;
    char text[REASON_SIZE];
    if (!may_end(ctl, &s, force, &over, c)) {
        return false;
    }
    reason = reason_over(over, reason, text);
    for (size_t i = 0; i < s.word_count; i++) {
        s.words[i].change = FIRE_RESET;
        s.words[i].waits_until_us = 0;
    }
    s.evacuation = false;
    s.zone_count = 0;
    *ret_err = settle(ctl, &s, actor, reason, true, fault);
    return *ret_err == ERR_OK;
}

#include "reader-agent/app/emergency.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/log.h"
#include "common/base/must.h"
#include "reader-agent/app/gate.h"
#include "schema/agent_store.pb-c.h"

enum {
    FILE_BYTES_MAX = 8192,
    EARLIER_MS = 5000,  /* a report that is not repeated for so long died with its helper */
    UNSAID_MS = 300000, /* nor does an end wait longer for one that is not on record */
};

static_assert((int)GATE_BOARDS_MAX <= (int)EMERGENCY_BOARDS_MAX, "each board of a gate can burn");

/* --- the file --- */

struct kept_boards {
    char *board[EMERGENCY_BOARDS_MAX];
    protobuf_c_boolean quiet[EMERGENCY_BOARDS_MAX];
    uint64_t report[EMERGENCY_BOARDS_MAX], sequence[EMERGENCY_BOARDS_MAX];
    uint32_t epoch[EMERGENCY_BOARDS_MAX];
};

static void fill_boards(const struct gate_emergency *emergency, struct kept_boards *out,
                        Parkgate__AgentEmergency *kept)
{
    for (size_t i = 0; i < emergency->board_count; i++) {
        const struct burning *burning = &emergency->boards[i];
        bool exact = burning->recorded && !burning->earlier;
        out->board[i] = (char *)(uintptr_t)burning->board.text;
        out->quiet[i] = burning->quiet;
        out->report[i] = burning->number;
        out->epoch[i] = exact ? burning->event.epoch : 0;
        out->sequence[i] = exact ? burning->event.sequence : 0;
    }
    kept->n_board = kept->n_quiet = kept->n_board_report = emergency->board_count;
    kept->n_board_epoch = kept->n_board_sequence = emergency->board_count;
    kept->board = out->board;
    kept->quiet = out->quiet;
    kept->board_report = out->report;
    kept->board_epoch = out->epoch;
    kept->board_sequence = out->sequence;
}

/* The new one stands beside the old until it is whole. */
static bool write_kept(const struct gate *gate)
{
    const struct gate_emergency *emergency = &gate->emergency;
    char *zones[LIMIT_ZONES];
    struct kept_boards boards;
    char path[SETTINGS_PATH_SIZE];
    uint8_t data[FILE_BYTES_MAX];
    Parkgate__AgentEmergency kept = PARKGATE__AGENT_EMERGENCY__INIT;
    for (size_t i = 0; i < emergency->zone_count; i++) {
        zones[i] = (char *)(uintptr_t)emergency->zones[i].text;
    }
    fill_boards(emergency, &boards, &kept);
    kept.ended = emergency->ended;
    kept.number = emergency->number;
    kept.state = (uint32_t)emergency->state;
    kept.admits = emergency->admits;
    kept.n_zone = emergency->zone_count;
    kept.zone = zones;
    size_t size = parkgate__agent_emergency__get_packed_size(&kept);
    MUST(size <= sizeof(data));
    (void)parkgate__agent_emergency__pack(&kept, data);
    return settings_path(gate->dir, "emergency", path, NULL) == ERR_OK &&
           file_replace(path, 0600, (struct bytes){.data = data, .size = size}, NULL) == ERR_OK;
}

static void keep(struct gate *gate)
{
    if (write_kept(gate)) {
        gate->emergency.shown = gate->emergency.number;
        gate->emergency.unwritten = false;
        return;
    }
    if (!gate->emergency.unwritten) {
        log_error("emergency_not_kept", LOG_TEXT("why", strerror(errno)));
    }
    gate->emergency.unwritten = true;
}

static size_t take_names(char *const *texts, size_t count, struct name *out, size_t most)
{
    size_t taken = 0;
    for (size_t i = 0; i < count && taken < most; i++) {
        taken += name_from_text(texts[i], &out[taken]) ? 1 : 0;
    }
    return taken;
}

/* The version before kept one event for all of them. */
static struct burning burning_from(const struct gate *gate, const Parkgate__AgentEmergency *kept,
                                   size_t i)
{
    bool own = i < kept->n_board_epoch && i < kept->n_board_sequence && i < kept->n_board_report;
    struct grant_id event = {.epoch = own ? kept->board_epoch[i] : kept->fire_epoch,
                             .sequence = own ? kept->board_sequence[i] : kept->fire_sequence};
    return (struct burning){.quiet = i < kept->n_quiet && kept->quiet[i],
                            .recorded = event.sequence != 0 || !own,
                            .event = event,
                            .number = own ? kept->board_report[i] : 0,
                            .said = gate_mono(gate)};
}

static void take_kept(struct gate *gate, const Parkgate__AgentEmergency *kept)
{
    struct gate_emergency *emergency = &gate->emergency;
    emergency->number = kept->number;
    emergency->shown = kept->number;
    emergency->state = (enum emergency_state)kept->state;
    emergency->admits = kept->admits;
    emergency->zone_count = take_names(kept->zone, kept->n_zone, emergency->zones, LIMIT_ZONES);
    emergency->ended = kept->ended;
    for (size_t i = 0; i < kept->n_board && emergency->board_count < EMERGENCY_BOARDS_MAX; i++) {
        struct burning *burning = &emergency->boards[emergency->board_count];
        *burning = burning_from(gate, kept, i);
        emergency->board_count += name_from_text(kept->board[i], &burning->board) ? 1 : 0;
    }
}

static void read_kept(struct gate *gate)
{
    char path[SETTINGS_PATH_SIZE];
    uint8_t data[FILE_BYTES_MAX];
    int fd = settings_path(gate->dir, "emergency", path, NULL) == ERR_OK
                 ? open(path, O_RDONLY | O_CLOEXEC)
                 : -1;
    ssize_t size = fd >= 0 ? read(fd, data, sizeof(data)) : -1;
    Parkgate__AgentEmergency *kept =
        size > 0 ? parkgate__agent_emergency__unpack(NULL, (size_t)size, data) : NULL;
    if (kept != NULL && kept->state <= EMERGENCY_EVACUATION) {
        take_kept(gate, kept);
    } else if (size > 0) {
        log_error("emergency_unreadable", LOG_TEXT("path", path));
    }
    parkgate__agent_emergency__free_unpacked(kept, NULL);
    if (fd >= 0) {
        (void)close(fd);
    }
}

/* --- boards --- */

/* A fire of one of its boards is the whole gate's, also while the controller does not know it. */
static bool concerns(void *ctx, struct name lane)
{
    const struct gate *gate = ctx;
    const struct gate_emergency *emergency = &gate->emergency;
    const struct gate_lane *row = gate_park_lane(gate->park, lane);
    return row == NULL || emergency->zone_count == 0 || emergency->board_count > 0 ||
           gate_park_lane_in(gate->park, row, emergency->zones, emergency->zone_count);
}

/* Has the controller answered the event that says so? One that it has not may stand under another
 * epoch by now. */
static bool is_answered(struct gate *gate, const struct burning *burning)
{
    struct grant_id id = burning->event;
    uint64_t first = 0;
    uint32_t day = 0;
    bool pending = true;
    if (grant_id_is_none(id)) {
        return true; /* of the version before: there was none */
    }
    if (!burning->earlier) {
        (void)record_place(gate, id, &id);
        return outbox_is_pending(gate->store, id, &pending, NULL) == ERR_OK && !pending;
    }
    enum err err = outbox_first_pending(gate->store, id.epoch, &first, &day, NULL);
    return err == ERR_NOT_FOUND || (err == ERR_OK && first > id.sequence);
}

/* Its board may be gone for good: then nobody puts its word on record any more. */
static bool is_said_no_more(const struct gate *gate, const struct burning *burning)
{
    return !mono_before(gate_mono(gate), mono_after_ms(burning->said, UNSAID_MS));
}

/* An end counts for the fires that the controller knew when it was said. One whose event it has not
 * taken began after that, for all we know. */
static bool knows_our_fires(struct gate *gate)
{
    for (size_t i = 0; i < gate->emergency.board_count; i++) {
        const struct burning *burning = &gate->emergency.boards[i];
        if (burning->recorded ? !is_answered(gate, burning) : !is_said_no_more(gate, burning)) {
            return false;
        }
    }
    return true;
}

/* What an end is passed on for is over. A board that burns still says so again; one that is dead,
 * or was replaced, says nothing any more. */
static void pass_end(struct gate *gate)
{
    struct gate_emergency *emergency = &gate->emergency;
    if (emergency->ended != emergency->number) {
        emergency->ended = emergency->number;
        emergency->board_count = 0;
        keep(gate);
    }
}

void emergency_tell_boards(struct gate *gate)
{
    struct gate_emergency *emergency = &gate->emergency;
    bool over = emergency->state == EMERGENCY_NONE && emergency->number > 0;
    bool known = knows_our_fires(gate);
    emergency->end_waits = over && !known;
    if (over && known) {
        pass_end(gate);
    }
    bool burns = emergency->board_count > 0;
    const struct board_emergency told = {.number = emergency->number,
                                         .state = burns ? EMERGENCY_FIRE : emergency->state,
                                         .end = over && known && !burns,
                                         .admits = emergency_admits(gate)};
    board_actuator_emergency(gate->boards, &told, concerns, gate);
}

static struct fire_heard *find_heard(struct gate_emergency *emergency, struct name board,
                                     uint64_t number)
{
    for (size_t i = 0; i < EMERGENCY_HEARD_MAX; i++) {
        struct fire_heard *heard = &emergency->heard[i];
        if (heard->number == number && name_equal(heard->board, board)) {
            return heard;
        }
    }
    return NULL;
}

/* For one more: the place of what has not been said for longest. */
static struct fire_heard *oldest_heard(struct gate_emergency *emergency)
{
    struct fire_heard *oldest = &emergency->heard[0];
    for (size_t i = 1; i < EMERGENCY_HEARD_MAX; i++) {
        if (mono_before(emergency->heard[i].at, oldest->at)) {
            oldest = &emergency->heard[i];
        }
    }
    return oldest;
}

static struct burning *find_burning(struct gate_emergency *emergency, struct name board)
{
    for (size_t i = 0; i < emergency->board_count; i++) {
        if (name_equal(emergency->boards[i].board, board)) {
            return &emergency->boards[i];
        }
    }
    return NULL;
}

static bool is_news(struct gate *gate, struct name board, const struct helper_report *report)
{
    struct gate_emergency *emergency = &gate->emergency;
    struct fire_heard *heard = find_heard(emergency, board, report->number);
    struct burning *burning = find_burning(emergency, board);
    bool known = heard != NULL;
    if (burning != NULL && burning->number == report->number) {
        burning->said = gate_mono(gate);
        known = true;
    }
    if (heard == NULL) {
        heard = oldest_heard(emergency);
        *heard = (struct fire_heard){.board = board, .number = report->number};
    }
    heard->at = gate_mono(gate);
    return !known;
}

bool emergency_waits_for_earlier(const struct gate *gate, struct name board, uint64_t number)
{
    for (size_t i = 0; i < EMERGENCY_HEARD_MAX; i++) {
        const struct fire_heard *heard = &gate->emergency.heard[i];
        if (heard->number < number && !heard->recorded && name_equal(heard->board, board) &&
            mono_before(gate_mono(gate), mono_after_ms(heard->at, EARLIER_MS))) {
            return true;
        }
    }
    return false;
}

static bool has_board(const struct gate *gate, struct name board)
{
    for (size_t i = 0; i < gate->park->board_count; i++) {
        if (name_equal(gate->park->boards[i].board, board)) {
            return true;
        }
    }
    return false;
}

/* A place for one more: boards that the gate no longer has make room for those that it has. */
static struct burning *place_for(struct gate *gate)
{
    struct gate_emergency *emergency = &gate->emergency;
    if (emergency->board_count < EMERGENCY_BOARDS_MAX) {
        return &emergency->boards[emergency->board_count++];
    }
    for (size_t i = 0; i < EMERGENCY_BOARDS_MAX; i++) {
        if (!has_board(gate, emergency->boards[i].board)) {
            return &emergency->boards[i];
        }
    }
    return NULL;
}

static void begin_fire(struct gate *gate, struct name board, const struct helper_report *report)
{
    struct burning *burning = find_burning(&gate->emergency, board);
    bool late = report->late && (burning == NULL || burning->late);
    burning = burning != NULL ? burning : place_for(gate);
    if (burning == NULL) {
        log_error("fire_not_kept", LOG_TEXT("board", board.text),
                  LOG_NUM("boards", EMERGENCY_BOARDS_MAX));
        return;
    }
    *burning = (struct burning){
        .board = board, .late = late, .number = report->number, .said = gate_mono(gate)};
}

static void put_board(struct gate *gate, struct name board, const struct helper_report *report)
{
    struct gate_emergency *emergency = &gate->emergency;
    struct burning *burning = find_burning(emergency, board);
    if (report->fire == FIRE_ON) {
        begin_fire(gate, board, report);
    } else if (report->fire == FIRE_RESET && burning != NULL) {
        *burning = emergency->boards[--emergency->board_count];
    } else if (report->fire == FIRE_INPUT_ENDED && burning != NULL) {
        burning->quiet = true;
    }
}

void emergency_of_board(struct gate *gate, struct name board, const struct helper_report *report)
{
    if (report->fire == FIRE_UNREACHED || !is_news(gate, board, report)) {
        return;
    }
    put_board(gate, board, report);
    if (report->fire == FIRE_ON) {
        log_warning("fire", LOG_TEXT("board", board.text));
    }
    if (report->fire != FIRE_INPUT_ENDED) {
        emergency_tell_boards(gate); /* before the disk: exits first */
    }
    keep(gate);
}

/* Marks the word as recorded. The fire that it began; NULL: it began none, or that is over. */
static struct burning *mark_recorded(struct gate *gate, struct name board,
                                     const struct helper_report *report)
{
    struct fire_heard *heard = find_heard(&gate->emergency, board, report->number);
    struct burning *burning = find_burning(&gate->emergency, board);
    if (heard != NULL) {
        heard->recorded = true;
    }
    return burning != NULL && burning->number == report->number ? burning : NULL;
}

void emergency_recorded(struct gate *gate, struct name board, const struct helper_report *report,
                        struct grant_id id)
{
    struct burning *burning = mark_recorded(gate, board, report);
    if (burning != NULL) {
        burning->recorded = true;
        burning->event = id;
        keep(gate);
    }
}

void emergency_was_recorded(struct gate *gate, struct name board,
                            const struct helper_report *report)
{
    struct burning *burning = mark_recorded(gate, board, report);
    const struct agent_state *state = agent_store_state(gate->store);
    if (burning != NULL && !burning->recorded) {
        burning->recorded = true;
        burning->earlier = true;
        burning->event = (struct grant_id){.epoch = state->epoch, .sequence = state->last_sequence};
    }
}

size_t emergency_burning(struct gate *gate, char **boards, protobuf_c_boolean *quiet)
{
    size_t count = 0;
    for (size_t i = 0; i < gate->emergency.board_count; i++) {
        struct burning *burning = &gate->emergency.boards[i];
        if (!burning->late) {
            boards[count] = burning->board.text;
            quiet[count++] = burning->quiet;
        }
    }
    return count;
}

/* --- the controller --- */

void emergency_heard(struct gate *gate, const Parkgate__Emergency *message)
{
    struct gate_emergency *emergency = &gate->emergency;
    if (message->state > EMERGENCY_EVACUATION) {
        log_warning("emergency_unknown", LOG_NUM("state", message->state));
        return;
    }
    if (message->number <= emergency->number) {
        return;
    }
    emergency->number = message->number;
    emergency->state = (enum emergency_state)message->state;
    emergency->admits = message->admits;
    emergency->zone_count =
        take_names(message->zone, message->n_zone, emergency->zones, LIMIT_ZONES);
    if (message->n_zone != emergency->zone_count) {
        emergency->zone_count = 0; /* a name that is none: rather the whole park */
    }
    log_warning("emergency", LOG_NUM("number", message->number), LOG_NUM("state", message->state),
                LOG_TEXT("by", message->by));
    emergency_tell_boards(gate); /* before the disk: exits first */
    keep(gate);
}

void emergency_begin(struct gate *gate)
{
    read_kept(gate);
}

void emergency_tick(struct gate *gate)
{
    if (gate->emergency.unwritten) {
        keep(gate);
    }
    if (gate->emergency.end_waits && knows_our_fires(gate)) {
        emergency_tell_boards(gate);
    }
}

/* --- decisions --- */

bool emergency_at(const struct gate *gate, struct name lane)
{
    return (gate->emergency.state != EMERGENCY_NONE || gate->emergency.board_count > 0) &&
           concerns((void *)(uintptr_t)gate, lane);
}

bool emergency_admits(const struct gate *gate)
{
    return gate->emergency.state != EMERGENCY_NONE ? gate->emergency.admits
                                                   : gate->park->emergency_admits;
}

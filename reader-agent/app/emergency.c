#include "reader-agent/app/emergency.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "reader-agent/app/gate.h"
#include "schema/agent_store.pb-c.h"

enum {
    FILE_BYTES_MAX = 8192,
    EARLIER_MS = 5000, /* a report that is not repeated for so long died with its helper */
};

/* --- the file --- */

static bool write_whole(const char *path, const uint8_t *data, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return false;
    }
    bool done = write(fd, data, size) == (ssize_t)size && fsync(fd) == 0;
    return close(fd) == 0 && done;
}

static bool put_in_place(const struct gate *gate, const char *from, const char *to)
{
    int fd = open(gate->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool done = fd >= 0 && rename(from, to) == 0 && fsync(fd) == 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    return done;
}

/* The new one stands beside the old until it is whole. */
static bool write_kept(const struct gate *gate)
{
    const struct gate_emergency *emergency = &gate->emergency;
    char *zones[LIMIT_ZONES];
    char *boards[EMERGENCY_BOARDS_MAX];
    protobuf_c_boolean quiet[EMERGENCY_BOARDS_MAX];
    char path[SETTINGS_PATH_SIZE];
    char next[SETTINGS_PATH_SIZE];
    uint8_t data[FILE_BYTES_MAX];
    Parkgate__AgentEmergency kept = PARKGATE__AGENT_EMERGENCY__INIT;
    for (size_t i = 0; i < emergency->zone_count; i++) {
        zones[i] = (char *)(uintptr_t)emergency->zones[i].text;
    }
    for (size_t i = 0; i < emergency->board_count; i++) {
        boards[i] = (char *)(uintptr_t)emergency->boards[i].board.text;
        quiet[i] = emergency->boards[i].quiet;
    }
    kept.n_board = kept.n_quiet = emergency->board_count;
    kept.board = boards;
    kept.quiet = quiet;
    kept.ended = emergency->ended;
    kept.fire_epoch = emergency->has_fire ? emergency->fire.epoch : 0;
    kept.fire_sequence = emergency->has_fire ? emergency->fire.sequence : 0;
    kept.number = emergency->number;
    kept.state = (uint32_t)emergency->state;
    kept.admits = emergency->admits;
    kept.n_zone = emergency->zone_count;
    kept.zone = zones;
    size_t size = parkgate__agent_emergency__get_packed_size(&kept);
    MUST(size <= sizeof(data));
    (void)parkgate__agent_emergency__pack(&kept, data);
    return settings_path(gate->dir, "emergency", path, NULL) == ERR_OK &&
           settings_path(gate->dir, "emergency.next", next, NULL) == ERR_OK &&
           write_whole(next, data, size) && put_in_place(gate, next, path);
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

static void take_kept(struct gate *gate, const Parkgate__AgentEmergency *kept)
{
    struct gate_emergency *emergency = &gate->emergency;
    emergency->number = kept->number;
    emergency->shown = kept->number;
    emergency->state = (enum emergency_state)kept->state;
    emergency->admits = kept->admits;
    emergency->zone_count = take_names(kept->zone, kept->n_zone, emergency->zones, LIMIT_ZONES);
    emergency->ended = kept->ended;
    emergency->has_fire = kept->fire_sequence != 0;
    emergency->fire = (struct grant_id){.epoch = kept->fire_epoch, .sequence = kept->fire_sequence};
    for (size_t i = 0; i < kept->n_board && emergency->board_count < EMERGENCY_BOARDS_MAX; i++) {
        struct burning *burning = &emergency->boards[emergency->board_count];
        burning->quiet = i < kept->n_quiet && kept->quiet[i];
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

/* An end counts for the fires that the controller knew when it was said. One whose event it has not
 * taken began after that, for all we know. */
static bool knows_our_fire(struct gate *gate)
{
    bool pending = true;
    if (gate->emergency.unrecorded) {
        return false;
    }
    return !gate->emergency.has_fire ||
           (outbox_is_pending(gate->store, gate->emergency.fire, &pending, NULL) == ERR_OK &&
            !pending);
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
    bool known = knows_our_fire(gate);
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

static bool is_news(struct gate *gate, struct name board, uint64_t number)
{
    struct gate_emergency *emergency = &gate->emergency;
    struct fire_heard *heard = find_heard(emergency, board, number);
    if (heard != NULL) {
        heard->at = gate_mono(gate);
        return false;
    }
    emergency->heard[emergency->next_heard++ % EMERGENCY_HEARD_MAX] =
        (struct fire_heard){.board = board, .number = number, .at = gate_mono(gate)};
    return true;
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

static void put_board(struct gate_emergency *emergency, struct name board,
                      const struct helper_report *report)
{
    size_t at = 0;
    while (at < emergency->board_count && !name_equal(emergency->boards[at].board, board)) {
        at++;
    }
    bool known = at < emergency->board_count;
    if (report->fire == FIRE_RESET && known) {
        emergency->boards[at] = emergency->boards[--emergency->board_count];
    } else if (report->fire == FIRE_INPUT_ENDED && known) {
        emergency->boards[at].quiet = true;
    } else if (report->fire == FIRE_ON && at < EMERGENCY_BOARDS_MAX) {
        bool late = report->late && (!known || emergency->boards[at].late);
        emergency->boards[at] = (struct burning){.board = board, .late = late};
        emergency->board_count += known ? 0 : 1;
    }
}

void emergency_of_board(struct gate *gate, struct name board, const struct helper_report *report)
{
    struct gate_emergency *emergency = &gate->emergency;
    if (!is_news(gate, board, report->number) || report->fire == FIRE_UNREACHED) {
        return;
    }
    put_board(emergency, board, report);
    if (report->fire == FIRE_ON) {
        emergency->unrecorded = true;
        log_warning("fire", LOG_TEXT("board", board.text));
    }
    if (report->fire != FIRE_INPUT_ENDED) {
        emergency_tell_boards(gate); /* before the disk: exits first */
    }
    keep(gate);
}

void emergency_recorded(struct gate *gate, struct name board, const struct helper_report *report,
                        struct grant_id id)
{
    struct fire_heard *heard = find_heard(&gate->emergency, board, report->number);
    if (heard != NULL) {
        heard->recorded = true;
    }
    if (report->fire == FIRE_ON) {
        gate->emergency.unrecorded = false;
        gate->emergency.has_fire = true;
        gate->emergency.fire = id;
        keep(gate);
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
    if (gate->emergency.end_waits && knows_our_fire(gate)) {
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

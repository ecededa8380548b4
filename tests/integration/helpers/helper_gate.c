/* helper-gate: an agent without store and controller, for tests of the helper programs.
 *
 *   helper-gate HELPER_DIR RUN_DIR CONFIG ORDERS
 *
 * Runs the real launcher, helper port and drivers. CONFIG is a file of lines
 *     reader NAME CONNSTRING
 *     cards READER AID KEY_NO MASTER|- SYSTEM_ID|- LIMIT_MS UID_KEY_NO UID_KEY|-    (hex)
 *     board NAME tcp|rtu ADDRESS UNIT POLL_MS flash=0|1 counters=0|1 [fire=N reset=N broadcast=0|1]
 *     lane NAME BOARD DIRECTION COIL OPEN_MS PASS_MS PASSAGE TAMPER BUTTON HELD DISPLAY    (-1:
 * none) guard LANE BOARD ACTUATOR CRUSH MANUAL
 * ORDERS is a FIFO of lines open LANE SEQUENCE EXPIRES_MS DIRECTION | show LANE COLOUR SOUND
 * MS LINE1 LINE2 release NUMBER STATE END ADMITS answer 0|1 (exit buttons) | keep 0|1 (reports are made durable) | hang | configure
 * What it hears is told on standard output, a line each.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/launcher.h"
#include "common/base/must.h"
#include "common/seal/seal.h"
#include "reader-agent/driver/board_actuator.h"
#include "reader-agent/driver/board_indicator.h"
#include "reader-agent/driver/nfc_reader.h"

enum { MOST = 8, LINE_SIZE = 512 };

struct gate {
    const char *run_dir;
    const char *config;
    const char *orders;
    struct launcher_link *link;
    struct helper_port *port;
    struct nfc_reader *readers;
    struct board_actuator *boards;
    struct nfc_reader_config reader_list[MOST];
    size_t reader_count;
    struct board_config board_list[MOST];
    size_t board_count;
    bool answers;
    bool keeps;
    bool hangs;
    uint64_t sequence; /* of button events */
};

static struct name name_of(const char *text)
{
    struct name name;
    MUST(name_from_text(text, &name));
    return name;
}

/* What drivers report */

static enum err tell_reading(void *ctx, const struct reading *reading, struct fault *fault)
{
    (void)ctx;
    (void)fault;
    char id[2 * LIMIT_CREDENTIAL_BYTES + 1];
    bool random = reading->id_size == 0;
    bytes_to_hex((struct bytes){.data = random ? reading->raw : reading->id,
                                .size = random ? reading->raw_size : reading->id_size},
                 id, sizeof(id));
    printf("read %s %s kind=%d class=%d live=%d proof=%d ms=%u\n", reading->reader.text, id,
           (int)reading->kind, (int)reading->cclass, reading->live_by_read, (int)reading->proof,
           (unsigned)reading->exchange_ms);
    return ERR_OK;
}

static void tell_state(void *ctx, struct name device, enum device_state state, const char *what)
{
    (void)ctx;
    printf("state %s %d %s\n", device.text, (int)state, what);
}

static void tell_opened(void *ctx, struct name lane, struct grant_id grant, enum open_result result)
{
    (void)ctx;
    printf("opened %s %u %s\n", lane.text, (unsigned)grant.sequence,
           helper_open_result_name(result));
}

static void take_button(void *ctx, struct name lane, uint64_t press, struct wall at)
{
    struct gate *gate = ctx;
    (void)at;
    printf("button %s %llu\n", lane.text, (unsigned long long)press);
    if (gate->answers) {
        const struct grant_id id = {.epoch = 1, .sequence = ++gate->sequence};
        MUST(board_actuator_ops.answer_button(gate->boards, lane, press, id, NULL) == ERR_OK);
    }
}

static enum err take_report(void *ctx, struct name board, const struct helper_report *report,
                            struct fault *fault)
{
    const struct gate *gate = ctx;
    (void)fault;
    printf("report %s %s kind=%d passage=%d grant=%u press=%llu late=%d on=%d direction=%d fire=%d\n",
           board.text, report->lane.text, (int)report->kind, (int)report->passage,
           (unsigned)report->grant.sequence, (unsigned long long)report->press, report->late,
           report->on, (int)report->direction, (int)report->fire);
    return gate->keeps ? ERR_OK : ERR_FULL;
}

/* Configuration */

static void add_reader(struct gate *gate, const char *line)
{
    char name[LINE_SIZE];
    struct nfc_reader_config *reader = &gate->reader_list[gate->reader_count++];
    MUST(sscanf(line, "reader %31s %255s", name, reader->device) == 2);
    reader->reader = name_of(name);
}

static bool read_hex(const char *text, uint8_t *out, size_t size)
{
    return strcmp(text, "-") != 0 && bytes_from_hex(text, out, size);
}

static void add_cards(struct gate *gate, const char *line)
{
    char name[32];
    char aid[8];
    char master[40];
    char system_id[32];
    char uid_key[40];
    unsigned v[3];
    MUST(sscanf(line, "cards %31s %7s %u %39s %31s %u %u %39s", name, aid, &v[0], master, system_id,
                &v[1], &v[2], uid_key) == 8);
    for (size_t i = 0; i < gate->reader_count; i++) {
        struct card_scheme *scheme = &gate->reader_list[i].scheme;
        if (strcmp(gate->reader_list[i].reader.text, name) != 0) {
            continue;
        }
        scheme->cards = (struct helper_cards){.desfire = true,
                                              .key_no = (uint8_t)v[0],
                                              .limit_ms = v[1],
                                              .has_uid_key = strcmp(uid_key, "-") != 0,
                                              .uid_key_no = (uint8_t)v[2]};
        MUST(read_hex(aid, scheme->cards.aid, sizeof(scheme->cards.aid)));
        scheme->has_master = read_hex(master, scheme->master.bytes, AES_KEY_SIZE);
        scheme->has_uid_key = read_hex(uid_key, scheme->uid_key.bytes, AES_KEY_SIZE);
        scheme->system_id_size = (uint8_t)(strcmp(system_id, "-") == 0 ? 0 : strlen(system_id) / 2);
        (void)read_hex(system_id, scheme->system_id, scheme->system_id_size);
    }
}

static struct helper_number number_of(int number)
{
    return (struct helper_number){.present = number >= 0,
                                  .number = (uint16_t)(number >= 0 ? number : 0)};
}

/* What stands behind the rest, if it does. */
static void add_fire(struct board_config *board, const char *line)
{
    const char *at = strstr(line, "fire=");
    int fire = -1;
    int reset = -1;
    int broadcast = 0;
    if (at != NULL) {
        MUST(sscanf(at, "fire=%d reset=%d broadcast=%d", &fire, &reset, &broadcast) == 3);
    }
    board->setup.fire = number_of(fire);
    board->setup.reset = number_of(reset);
    board->setup.fire_broadcast = broadcast != 0;
}

static void add_board(struct gate *gate, const char *line)
{
    char name[LINE_SIZE];
    char transport[8];
    int unit = 0;
    int poll_ms = 0;
    int flash = 0;
    int counters = 0;
    struct board_config *board = &gate->board_list[gate->board_count++];
    MUST(sscanf(line, "board %31s %7s %127s %d %d flash=%d counters=%d", name, transport,
                board->setup.address, &unit, &poll_ms, &flash, &counters) == 7);
    add_fire(board, line);
    board->board = name_of(name);
    board->setup.transport = strcmp(transport, "tcp") == 0 ? HELPER_TCP : HELPER_RTU;
    board->setup.unit = (uint8_t)unit;
    board->setup.baud = 115200;
    board->setup.poll_ms = (uint16_t)poll_ms;
    board->setup.has_flash = flash != 0;
    board->setup.has_counters = counters != 0;
    board->setup.has_displays = true;
    board->setup.flash_base = 0x100;
    board->setup.counter_base = 0x200;
    board->setup.display_base = 0x300;
}

static void add_lane(struct gate *gate, const char *line)
{
    char name[LINE_SIZE];
    char board[LINE_SIZE];
    int v[9];
    MUST(sscanf(line, "lane %31s %31s %d %d %d %d %d %d %d %d %d", name, board, &v[0], &v[1], &v[2],
                &v[3], &v[4], &v[5], &v[6], &v[7], &v[8]) == 11);
    for (size_t i = 0; i < gate->board_count; i++) {
        struct helper_board *setup = &gate->board_list[i].setup;
        if (strcmp(gate->board_list[i].board.text, board) == 0) {
            setup->lanes[setup->lane_count++] =
                (struct helper_lane){.name = name_of(name),
                                     .direction = (enum lane_direction)v[0],
                                     .open_coil = (uint16_t)v[1],
                                     .open_ms = (uint32_t)v[2],
                                     .pass_ms = (uint32_t)v[3],
                                     .passage = number_of(v[4]),
                                     .tamper = number_of(v[5]),
                                     .button = number_of(v[6]),
                                     .held = number_of(v[7]),
                                     .display = number_of(v[8])};
        }
    }
}

static void add_guard(struct gate *gate, const char *line)
{
    char name[LINE_SIZE];
    char board[LINE_SIZE];
    int v[3];
    MUST(sscanf(line, "guard %31s %31s %d %d %d", name, board, &v[0], &v[1], &v[2]) == 5);
    for (size_t i = 0; i < gate->board_count; i++) {
        struct helper_board *setup = &gate->board_list[i].setup;
        for (size_t k = 0; k < setup->lane_count; k++) {
            if (strcmp(gate->board_list[i].board.text, board) == 0 &&
                strcmp(setup->lanes[k].name.text, name) == 0) {
                setup->lanes[k].actuator = (enum lane_actuator)v[0];
                setup->lanes[k].crush = number_of(v[1]);
                setup->lanes[k].manual = number_of(v[2]);
            }
        }
    }
}

static void configure(struct gate *gate)
{
    char line[LINE_SIZE];
    struct fault fault;
    memset(gate->reader_list, 0, sizeof(gate->reader_list));
    memset(gate->board_list, 0, sizeof(gate->board_list));
    gate->reader_count = 0;
    gate->board_count = 0;
    FILE *file = fopen(gate->config, "re");
    MUST(file != NULL);
    while (fgets(line, sizeof(line), file) != NULL) {
        if (line[0] == 'r') {
            add_reader(gate, line);
        } else if (line[0] == 'c') {
            add_cards(gate, line);
        } else if (line[0] == 'b') {
            add_board(gate, line);
        } else if (line[0] == 'g') {
            add_guard(gate, line);
        } else {
            add_lane(gate, line);
        }
    }
    fclose(file);
    MUST(nfc_reader_configure(gate->readers, gate->reader_list, gate->reader_count, &fault) ==
         ERR_OK);
    MUST(board_actuator_configure(gate->boards, gate->board_list, gate->board_count, &fault) ==
         ERR_OK);
    helper_port_settle(gate->port);
}

/* Orders */

static void order_release(struct gate *gate, const char *line)
{
    unsigned long long number = 0;
    int state = 0;
    int end = 0;
    int admits = 0;
    MUST(sscanf(line, "release %llu %d %d %d", &number, &state, &end, &admits) == 4);
    const struct board_emergency emergency = {.number = number,
                                              .state = (enum emergency_state)state,
                                              .end = end != 0,
                                              .admits = admits != 0};
    board_actuator_emergency(gate->boards, &emergency, NULL, NULL);
}

static void order_open(struct gate *gate, const char *line)
{
    char lane[LINE_SIZE];
    unsigned sequence = 0;
    int expires_ms = 0;
    int direction = 0;
    struct fault fault = {.what = ""};
    MUST(sscanf(line, "open %31s %u %d %d", lane, &sequence, &expires_ms, &direction) == 4);
    const struct opening opening = {
        .lane = name_of(lane),
        .grant = {.epoch = 1, .sequence = sequence},
        .direction = (enum lane_direction)direction,
        .expires = mono_after_ms(clock_system()->mono(NULL), expires_ms)
    };
    enum err err = board_actuator_ops.open(gate->boards, &opening, &fault);
    if (err != ERR_OK) {
        printf("open-failed %s %u %s\n", lane, sequence, err_name(err));
    }
}

static void order_show(struct gate *gate, const char *line)
{
    char lane[LINE_SIZE];
    char line1[LINE_SIZE];
    char line2[LINE_SIZE];
    int v[3];
    MUST(sscanf(line, "show %31s %d %d %d %255s %255s", lane, &v[0], &v[1], &v[2], line1, line2) ==
         6);
    const struct indication indication = {.colour = (enum indicator_colour)v[0],
                                          .sound = (enum indicator_sound)v[1],
                                          .show_ms = (uint32_t)v[2],
                                          .line1 = line1,
                                          .line2 = line2};
    enum err err = board_indicator_ops.show(gate->boards, name_of(lane), &indication, NULL);
    if (err != ERR_OK) {
        printf("show-failed %s %s\n", lane, err_name(err));
    }
}

static void obey(struct gate *gate, const char *line)
{
    if (strncmp(line, "open ", 5) == 0) {
        order_open(gate, line);
    } else if (strncmp(line, "release ", 8) == 0) {
        order_release(gate, line);
    } else if (strncmp(line, "show ", 5) == 0) {
        order_show(gate, line);
    } else if (strncmp(line, "answer ", 7) == 0) {
        gate->answers = line[7] == '1';
    } else if (strncmp(line, "keep ", 5) == 0) {
        gate->keeps = line[5] == '1';
    } else if (strcmp(line, "configure") == 0) {
        configure(gate);
    } else {
        MUST(strcmp(line, "hang") == 0);
        gate->hangs = true;
    }
}

static void take_orders(struct gate *gate, int fd)
{
    char line[LINE_SIZE];
    size_t size = 0;
    while (size < sizeof(line) - 1 && read(fd, line + size, 1) == 1) {
        if (line[size] == '\n') {
            line[size] = '\0';
            obey(gate, line);
            return;
        }
        size++;
    }
}

static void take_launcher(void *ctx, const struct launcher_report *report)
{
    const struct gate *gate = ctx;
    if (report->kind == LAUNCHER_STARTED) {
        printf("started %s %d\n", report->name.text, (int)report->pid);
    } else if (report->kind == LAUNCHER_EXITED) {
        printf("exited %s %d status=%d\n", report->name.text, (int)report->pid, report->status);
    }
    helper_port_process(gate->port, report);
}

static int work(void *ctx, struct launcher_link *link)
{
    struct gate *gate = ctx;
    struct fault fault;
    const struct helper_port_options options = {
        .run_dir = gate->run_dir, .link = link, .clock = clock_system()};
    const struct driver_sink sink = {.reading = tell_reading, .state = tell_state, .ctx = gate};
    const struct actuator_sink acts = {
        .opened = tell_opened, .button = take_button, .report = take_report, .ctx = gate};
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("worker %d\n", (int)getpid());
    int orders = open(gate->orders, O_RDWR | O_CLOEXEC);
    MUST(orders >= 0 && helper_port_create(&options, &gate->port, &fault) == ERR_OK);
    gate->readers = nfc_reader_create(gate->port, &sink);
    gate->boards = board_actuator_create(gate->port, &sink, &acts);
    configure(gate);
    for (;;) {
        struct pollfd fds[] = {
            {.fd = orders,                     .events = POLLIN},
            {.fd = launcher_fd(link),          .events = POLLIN},
            {.fd = helper_port_fd(gate->port), .events = POLLIN}
        };
        MUST(poll(fds, ARRAY_LEN(fds), gate->hangs ? -1 : HELPER_HEARTBEAT_MS / 2) >= 0);
        if (fds[0].revents != 0) {
            take_orders(gate, orders);
        }
        if (gate->hangs) {
            (void)pause();
        }
        if (launcher_turn(link, take_launcher, gate, &fault) != ERR_OK) {
            return 1;
        }
        helper_port_turn(gate->port);
    }
}

int main(int argc, char **argv)
{
    MUST(argc == 5 && seal_init(NULL) == ERR_OK);
    struct gate gate = {.run_dir = argv[2],
                        .config = argv[3],
                        .orders = argv[4],
                        .answers = true,
                        .keeps = true,
                        .sequence = 1000};
    const struct launcher_options options = {.helper_dir = argv[1], .program = "helper-gate"};
    return launcher_run(&options, work, &gate);
}

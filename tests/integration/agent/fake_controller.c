/* fake_controller: the controller's end of the agent's conversation, moved by hand.
 *
 * Stands in for the controller in tests of the agent alone. Prints one line for everything that it
 * hears and takes one command a line from standard input; ends with it. Made for the order of
 * things: it says nothing by itself but what `auto` tells it to.
 *
 *   ready agents=ENDPOINT enrol=ENDPOINT server_key=Z85
 *   enrol | hello | event | heartbeat | key=value ...
 *
 *   welcome EPOCH APPLIED        verdict SEQ OUTCOME REASON    ack SEQ ANSWER ERROR
 *   command NUMBER GATE LANE VERB EXPIRES_MS [wrong-key]
 *   config VERSION BOARD_PORT yes|no|PATH   (cameras, none, or a badge reader at PATH)
 *   config VERSION BOARD_PORT others=SECRET (VZenith at lanes without a board, Dahua at in-1)
 *   auto welcome EPOCH | auto verdict OUTCOME REASON | auto ack | auto heartbeat | auto off
 *   forget                       (as after a restart: events are answered `retry` until HELLO)
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/access/decide.h"
#include "common/base/loop.h"
#include "common/base/must.h"
#include "common/link/link.h"
#include "common/link/zap.h"
#include "common/seal/seal.h"
#include "schema/agent.pb-c.h"
#include "schema/envelope.h"
#include "schema/operator.pb-c.h"
#include "schema/park.pb-c.h"

enum { LINE_SIZE = 512, WORDS_MAX = 10 };

struct fake {
    struct loop *loop;
    struct link *link;
    struct link_zap *zap;
    struct link_key_pair keys;
    struct link_server *agents;
    struct link_server *enrol;
    bool has_peer;
    struct link_peer peer;
    struct link_key peer_key;
    uint32_t epoch;
    bool greeted;
    bool auto_welcome, auto_verdict, auto_ack, auto_heartbeat;
    uint32_t auto_epoch, auto_outcome, auto_reason;
    int64_t clock_us; /* its clock is ahead of the machine's by so much */
    size_t captured_size;
    uint8_t captured[1024]; /* the newest command that was to be captured, as it was sent */
    char line[LINE_SIZE];
    size_t line_size;
};

static void die(const char *what, const struct fault *fault)
{
    (void)fprintf(stderr, "fake_controller: %s: %s\n", what, fault->what);
    exit(1);
}

static void send_to(struct link_server *server, const struct link_peer *peer,
                    enum message_kind kind, uint64_t sequence, const ProtobufCMessage *message)
{
    static uint8_t frame[LIMIT_FRAME_BYTES];
    size_t size = envelope_write(PROTOCOL_VERSION, kind, sequence, message, frame, sizeof(frame));
    struct fault fault = {0};
    if (link_server_send(server, peer, (struct bytes){.data = frame, .size = size}, &fault) !=
        ERR_OK) {
        (void)printf("not-sent kind=%d\n", (int)kind);
    }
}

static void tell(struct fake *fake, enum message_kind kind, const ProtobufCMessage *message)
{
    if (fake->has_peer) {
        send_to(fake->agents, &fake->peer, kind, 0, message);
    }
}

/* By this controller's own clock, which the word `clock` sets. */
static int64_t now_us(const struct fake *fake)
{
    return loop_wall(fake->loop).us + fake->clock_us;
}

static void say_welcome(struct fake *fake, uint32_t epoch, uint64_t applied)
{
    Parkgate__Welcome welcome = PARKGATE__WELCOME__INIT;
    welcome.version = PROTOCOL_VERSION;
    welcome.epoch = epoch;
    welcome.applied = applied;
    welcome.wall_us = now_us(fake);
    fake->epoch = epoch;
    fake->greeted = true;
    tell(fake, MESSAGE_WELCOME, &welcome.base);
}

static void say_verdict(struct fake *fake, uint64_t sequence, uint32_t outcome, uint32_t reason)
{
    Parkgate__Verdict verdict = PARKGATE__VERDICT__INIT;
    verdict.epoch = fake->epoch;
    verdict.sequence = sequence;
    verdict.outcome = outcome;
    verdict.reason = reason;
    tell(fake, MESSAGE_VERDICT, &verdict.base);
}

static void say_ack(struct fake *fake, uint64_t sequence, uint32_t answer, uint32_t error)
{
    Parkgate__Ack ack = PARKGATE__ACK__INIT;
    ack.epoch = fake->epoch;
    ack.n_sequence = ack.n_answer = ack.n_error = 1;
    ack.sequence = &sequence;
    ack.answer = &answer;
    ack.error = &error;
    tell(fake, MESSAGE_ACK, &ack.base);
}

/* --- what the agent says --- */

static void hear_hello(struct fake *fake, const ProtobufCMessage *message, struct bytes body)
{
    (void)body;
    const Parkgate__Hello *hello = (const Parkgate__Hello *)message;
    char id[2 * 16 + 1] = "";
    char digest[2 * 32 + 1] = "";
    bytes_to_hex((struct bytes){.data = hello->store_id.data, .size = hello->store_id.len}, id,
                 sizeof(id));
    bytes_to_hex((struct bytes){.data = hello->last_digest.data, .size = hello->last_digest.len},
                 digest, sizeof(digest));
    (void)printf("hello gate=%s epoch=%u last=%llu digest=%s store=%s config=%llu command=%llu\n",
                 hello->gate, hello->epoch, (unsigned long long)hello->last_sequence, digest, id,
                 (unsigned long long)hello->config_version,
                 (unsigned long long)hello->command_sequence);
    if (fake->auto_welcome) {
        say_welcome(fake, fake->auto_epoch, 0);
    }
}

static void print_event(const Parkgate__Event *event, struct bytes body)
{
    char digest[2 * SEAL_HASH_SIZE + 1];
    struct seal_hash hash = seal_hash_of(body);
    bytes_to_hex(BYTES_OF(hash.bytes), digest, sizeof(digest));
    (void)printf("event seq=%llu epoch=%u kind=%u lane=%s reader=%s outcome=%u reason=%u source=%u "
                 "presentation=%llu passage=%u late=%d history=%d offset_unknown=%d direction=%u "
                 "command=%llu result=%u state=%u size=%zu digest=%s captured=%lld received=%lld "
                 "exits=%llu entries=%llu step=%lld\n",
                 (unsigned long long)event->sequence, event->epoch, event->kind, event->lane,
                 event->reader, event->outcome, event->reason, event->verdict_source,
                 (unsigned long long)event->presentation, event->passage, event->late,
                 event->history, event->offset_unknown, event->direction,
                 (unsigned long long)event->command_sequence, event->command_result,
                 event->device_state, event->credential.len, digest, (long long)event->captured_us,
                 (long long)event->received_us, (unsigned long long)event->unrecorded_exits,
                 (unsigned long long)event->unrecorded_entries, (long long)event->clock_step_ms);
}

static void hear_event(struct fake *fake, const ProtobufCMessage *message, struct bytes body)
{
    const Parkgate__Event *event = (const Parkgate__Event *)message;
    print_event(event, body);
    if (!fake->greeted) {
        uint32_t epoch = fake->epoch;
        fake->epoch = event->epoch;
        say_ack(fake, event->sequence, ANSWER_RETRY, 0);
        fake->epoch = epoch;
        return;
    }
    if (fake->auto_verdict && event->kind == EVENT_PRESENTATION && event->outcome == 0) {
        say_verdict(fake, event->sequence, fake->auto_outcome, fake->auto_reason);
    }
    if (fake->auto_ack) {
        say_ack(fake, event->sequence, ANSWER_APPLIED, 0);
    }
}

static void hear_heartbeat(struct fake *fake, const ProtobufCMessage *message, struct bytes body)
{
    (void)body;
    const Parkgate__Heartbeat *beat = (const Parkgate__Heartbeat *)message;
    (void)printf("heartbeat pending=%llu last=%llu from=%llu permille=%u",
                 (unsigned long long)beat->pending, (unsigned long long)beat->last_sequence,
                 (unsigned long long)beat->pending_from, beat->outbox_permille);
    for (size_t i = 0; i < beat->n_device && i < beat->n_state; i++) {
        (void)printf(" %s=%u", beat->device[i], beat->state[i]);
    }
    (void)printf("\n");
    if (fake->auto_heartbeat && fake->greeted) {
        Parkgate__Heartbeat answer = PARKGATE__HEARTBEAT__INIT;
        answer.wall_us = now_us(fake);
        answer.echo_us = beat->wall_us;
        tell(fake, MESSAGE_HEARTBEAT, &answer.base);
    }
}

static const struct {
    enum message_kind kind;
    void (*hear)(struct fake *fake, const ProtobufCMessage *message, struct bytes body);
} ears[] = {
    {MESSAGE_HELLO,     hear_hello    },
    {MESSAGE_EVENT,     hear_event    },
    {MESSAGE_HEARTBEAT, hear_heartbeat},
};

static void agents_ready(void *ctx, unsigned events)
{
    (void)events;
    struct fake *fake = ctx;
    struct link_msg msg;
    struct fault fault = {0};
    for (int i = 0; i < 64 && link_server_recv(fake->agents, &msg, &fault) == ERR_OK; i++) {
        struct complaint complaint = {0};
        struct envelope envelope;
        if (!envelope_read(msg.payload, &envelope, &complaint)) {
            (void)printf("broken-frame\n");
            continue;
        }
        ProtobufCMessage *message = envelope_unpack(&envelope, &complaint);
        fake->has_peer = true;
        fake->peer = msg.peer;
        fake->peer_key = msg.key;
        for (size_t k = 0; message != NULL && k < ARRAY_LEN(ears); k++) {
            if (ears[k].kind == envelope.kind) {
                ears[k].hear(fake, message, envelope.body);
            }
        }
        protobuf_c_message_free_unpacked(message, NULL);
    }
    (void)fflush(stdout);
}

static void enrol_ready(void *ctx, unsigned events)
{
    (void)events;
    struct fake *fake = ctx;
    struct link_msg msg;
    struct fault fault = {0};
    while (link_server_recv(fake->enrol, &msg, &fault) == ERR_OK) {
        struct complaint complaint = {0};
        struct envelope envelope;
        MUST(envelope_read(msg.payload, &envelope, &complaint));
        Parkgate__Request *request = (Parkgate__Request *)envelope_unpack(&envelope, &complaint);
        MUST(request != NULL && request->n_arg == 2 && request->n_value == 2);
        char key[LINK_KEY_Z85_SIZE];
        link_key_to_z85(msg.key, key);
        (void)printf("enrol verb=%s %s=%.*s %s=%.*s key=%s\n", request->verb, request->arg[0],
                     (int)request->value[0].len, (const char *)request->value[0].data,
                     request->arg[1], (int)request->value[1].len,
                     (const char *)request->value[1].data, key);
        Parkgate__Reply reply = PARKGATE__REPLY__INIT;
        bool good = request->value[1].len == 6 && memcmp(request->value[1].data, "123456", 6) == 0;
        reply.error = good ? ERROR_NONE : ERROR_ENROL_CODE;
        send_to(fake->enrol, &msg.peer, MESSAGE_ENROLLED, envelope.sequence, &reply.base);
        protobuf_c_message_free_unpacked(&request->base, NULL);
    }
    (void)fflush(stdout);
}

/* --- the park of the tests: gate "g", lanes in-1 and out-1 on board b1, readers that post --- */

struct rows {
    size_t count;
    ProtobufCBinaryData packed[8];
    uint8_t bytes[8][1024];
};

static void add_row(struct rows *rows, enum park_kind kind, char *name,
                    const ProtobufCMessage *body)
{
    uint8_t packed[1024];
    Parkgate__ParkRow row = PARKGATE__PARK_ROW__INIT;
    row.kind = (uint32_t)kind;
    row.name = name;
    row.body.data = packed;
    row.body.len = protobuf_c_message_pack(body, packed);
    size_t at = rows->count++;
    rows->packed[at].data = rows->bytes[at];
    rows->packed[at].len = parkgate__park_row__pack(&row, rows->bytes[at]);
}

static void add_lane(struct rows *rows, char *name, enum lane_direction direction, uint32_t coil)
{
    Parkgate__ParkLane lane = PARKGATE__PARK_LANE__INIT;
    lane.gate = "g";
    lane.direction = (uint32_t)direction;
    lane.board = "b1";
    lane.open_coil = coil;
    lane.open_ms = 500;
    lane.pass_ms = 3000;
    lane.has_passage_input = true;
    lane.passage_input = coil * 4;
    lane.has_button_input = true;
    lane.button_input = coil * 4 + 1;
    lane.has_display = true;
    lane.display = coil;
    lane.unknown_clock_grants = true;
    add_row(rows, PARK_LANE, name, &lane.base);
}

static void add_reader(struct rows *rows, char *name, char *lane, char *path)
{
    Parkgate__ParkReader reader = PARKGATE__PARK_READER__INIT;
    reader.lane = lane;
    reader.driver = DRIVER_HIK_ANPR;
    reader.device = "any";
    reader.path = path;
    add_row(rows, PARK_READER, name, &reader.base);
}

static void add_badge_reader(struct rows *rows, const char *path)
{
    char device[128];
    (void)snprintf(device, sizeof(device), "pn532_uart:%s", path);
    Parkgate__ParkReader reader = PARKGATE__PARK_READER__INIT;
    reader.lane = "in-1";
    reader.driver = DRIVER_NFC;
    reader.device = device;
    add_row(rows, PARK_READER, "nfc-in", &reader.base);
}

/* The camera's answer opens it: no board, no sensor. */
static void add_bare_lane(struct rows *rows, char *name, enum lane_direction direction)
{
    Parkgate__ParkLane lane = PARKGATE__PARK_LANE__INIT;
    lane.gate = "g";
    lane.direction = (uint32_t)direction;
    lane.unknown_clock_grants = true;
    add_row(rows, PARK_LANE, name, &lane.base);
}

static void add_other_cameras(struct rows *rows, char *secret)
{
    Parkgate__ParkReader reader = PARKGATE__PARK_READER__INIT;
    add_bare_lane(rows, "vz-in", LANE_IN);
    add_bare_lane(rows, "vz-out", LANE_OUT);
    reader.device = "any";
    reader.driver = DRIVER_VZENITH;
    reader.device_id = "2e0a-4d7f";
    reader.lane = "vz-in";
    reader.path = "/vz/in";
    add_row(rows, PARK_READER, "cam-vz", &reader.base);
    reader.device_id = "";
    reader.lane = "vz-out";
    reader.path = "/vz/out";
    add_row(rows, PARK_READER, "cam-vz-out", &reader.base);
    reader.driver = DRIVER_DAHUA;
    reader.lane = "in-1";
    reader.path = "/NotificationInfo";
    reader.user = "camera";
    reader.secret_file = secret;
    reader.time_zone = "Asia/Shanghai";
    add_row(rows, PARK_READER, "cam-dh", &reader.base);
}

static void say_config(struct fake *fake, uint64_t version, const char *board_port,
                       const char *readers)
{
    struct rows rows = {0};
    char address[64];
    (void)snprintf(address, sizeof(address), "127.0.0.1:%s", board_port);
    add_lane(&rows, "in-1", LANE_IN, 0);
    add_lane(&rows, "out-1", LANE_OUT, 1);
    if (strcmp(readers, "yes") == 0) {
        add_reader(&rows, "cam-in", "in-1", "/hik/cam-in");
        add_reader(&rows, "cam-out", "out-1", "/hik/cam-out");
    } else if (readers[0] == '/') {
        add_badge_reader(&rows, readers);
    } else if (strncmp(readers, "others=", 7) == 0) {
        char secret[256];
        (void)snprintf(secret, sizeof(secret), "%s", readers + 7);
        add_other_cameras(&rows, secret);
    }
    Parkgate__ParkBoard board = PARKGATE__PARK_BOARD__INIT;
    board.gate = "g";
    board.transport = "tcp";
    board.address = address;
    board.unit = 1;
    board.has_flash = board.has_counters = board.has_displays = true;
    board.flash_base = 0x100;
    board.counter_base = 0x200;
    board.display_base = 0x300;
    board.poll_ms = 20;
    board.shortest_pulse_ms = 50;
    add_row(&rows, PARK_BOARD, "b1", &board.base);

    Parkgate__Config config = PARKGATE__CONFIG__INIT;
    config.config_version = version;
    config.parts = 2;
    for (uint32_t part = 1; part <= 2; part++) {
        size_t half = part == 1 ? 1 : rows.count - 1;
        config.part = part;
        config.n_row = half;
        config.row = part == 1 ? rows.packed : rows.packed + 1;
        tell(fake, MESSAGE_CONFIG, &config.base);
    }
}

static void say_command(struct fake *fake, char **words, size_t count)
{
    Parkgate__Command command = PARKGATE__COMMAND__INIT;
    struct link_key key = fake->peer_key;
    if (count > 6) {
        key.bytes[0] ^= 1;
    }
    command.command_sequence = strtoull(words[1], NULL, 10);
    command.gate = words[2];
    command.key = (ProtobufCBinaryData){.len = LINK_KEY_SIZE, .data = key.bytes};
    command.lane = words[3];
    command.verb = (uint32_t)strtoul(words[4], NULL, 10);
    command.expires_ms = (uint32_t)strtoul(words[5], NULL, 10);
    command.issued_us = strcmp(words[0], "capture") == 0 ? now_us(fake) : 0;
    tell(fake, MESSAGE_COMMAND, &command.base);
    if (command.issued_us != 0) {
        fake->captured_size = envelope_write(PROTOCOL_VERSION, MESSAGE_COMMAND, 0, &command.base,
                                             fake->captured, sizeof(fake->captured));
    }
}

/* The captured command, byte for byte, so many times. */
static void say_again(struct fake *fake, uint64_t count)
{
    struct fault fault = {0};
    struct bytes frame = {.data = fake->captured, .size = fake->captured_size};
    for (uint64_t i = 0; fake->has_peer && i < count; i++) {
        if (link_server_send(fake->agents, &fake->peer, frame, &fault) != ERR_OK) {
            (void)printf("not-sent kind=%d\n", MESSAGE_COMMAND);
        }
    }
}

static uint32_t number(const char *word)
{
    return (uint32_t)strtoul(word, NULL, 10);
}

static void set_auto(struct fake *fake, char **words, size_t count)
{
    if (strcmp(words[1], "welcome") == 0 && count > 2) {
        fake->auto_welcome = true;
        fake->auto_epoch = number(words[2]);
    } else if (strcmp(words[1], "verdict") == 0 && count > 3) {
        fake->auto_verdict = true;
        fake->auto_outcome = number(words[2]);
        fake->auto_reason = number(words[3]);
    } else if (strcmp(words[1], "ack") == 0) {
        fake->auto_ack = true;
    } else if (strcmp(words[1], "heartbeat") == 0) {
        fake->auto_heartbeat = true;
    } else {
        fake->auto_welcome = fake->auto_verdict = fake->auto_ack = fake->auto_heartbeat = false;
    }
}

static void obey(struct fake *fake, char *line)
{
    char *words[WORDS_MAX] = {0};
    size_t count = 0;
    char *rest = line;
    for (char *word; count < WORDS_MAX && (word = strsep(&rest, " ")) != NULL;) {
        words[count++] = word;
    }
    if (strcmp(words[0], "welcome") == 0 && count == 3) {
        say_welcome(fake, number(words[1]), strtoull(words[2], NULL, 10));
    } else if (strcmp(words[0], "verdict") == 0 && count == 4) {
        say_verdict(fake, strtoull(words[1], NULL, 10), number(words[2]), number(words[3]));
    } else if (strcmp(words[0], "ack") == 0 && count == 4) {
        say_ack(fake, strtoull(words[1], NULL, 10), number(words[2]), number(words[3]));
    } else if ((strcmp(words[0], "command") == 0 || strcmp(words[0], "capture") == 0) &&
               count >= 6) {
        say_command(fake, words, count);
    } else if (strcmp(words[0], "again") == 0 && count == 2) {
        say_again(fake, strtoull(words[1], NULL, 10));
    } else if (strcmp(words[0], "clock") == 0 && count == 2) {
        fake->clock_us = strtoll(words[1], NULL, 10) * 1000;
    } else if (strcmp(words[0], "config") == 0 && count == 4) {
        say_config(fake, strtoull(words[1], NULL, 10), words[2], words[3]);
    } else if (strcmp(words[0], "auto") == 0 && count > 1) {
        set_auto(fake, words, count);
    } else if (strcmp(words[0], "forget") == 0) {
        fake->greeted = false;
    } else {
        (void)printf("what? %s\n", line);
    }
    (void)printf("done\n");
    (void)fflush(stdout);
}

static void input_ready(void *ctx, unsigned events)
{
    (void)events;
    struct fake *fake = ctx;
    ssize_t got = read(STDIN_FILENO, fake->line + fake->line_size, LINE_SIZE - 1 - fake->line_size);
    if (got <= 0) {
        loop_stop(fake->loop);
        return;
    }
    fake->line_size += (size_t)got;
    fake->line[fake->line_size] = '\0';
    char *end;
    while ((end = strchr(fake->line, '\n')) != NULL) {
        *end = '\0';
        obey(fake, fake->line);
        size_t used = (size_t)(end + 1 - fake->line);
        fake->line_size -= used;
        memmove(fake->line, end + 1, fake->line_size + 1);
    }
}

static void zap_ready(void *ctx, unsigned events)
{
    (void)events;
    struct fault fault = {0};
    if (link_zap_turn(((struct fake *)ctx)->zap, &fault) != ERR_OK) {
        die("zap", &fault);
    }
}

static bool allow_all(void *ctx, const char *domain, const struct link_key *key)
{
    (void)ctx;
    (void)domain;
    (void)key;
    return true;
}

static struct link_server *serve(struct fake *fake, const char *domain, const char *endpoint,
                                 char ret_endpoint[LINK_ENDPOINT_SIZE],
                                 void (*ready)(void *, unsigned))
{
    struct fault fault = {0};
    struct link_server *server = NULL;
    struct link_server_options options = {.keys = &fake->keys, .domain = domain};
    if (link_server_create(fake->link, fake->zap, &options, &server, &fault) != ERR_OK ||
        link_server_bind(server, endpoint, ret_endpoint, &fault) != ERR_OK ||
        loop_add_socket(fake->loop, link_server_socket(server), ready, fake) != ERR_OK) {
        die(domain, &fault);
    }
    return server;
}

/* Keys in a file, so that a fake that is started again is the same controller. */
static void get_keys(struct fake *fake, const char *path)
{
    struct fault fault = {0};
    if (link_key_pair_read(path, &fake->keys, &fault) == ERR_OK) {
        return;
    }
    if (link_key_pair_draw(&fake->keys, &fault) != ERR_OK ||
        link_key_pair_write(path, &fake->keys, &fault) != ERR_OK) {
        die("keys", &fault);
    }
}

int main(int argc, char **argv)
{
    static struct fake fake;
    struct fault fault = {0};
    if (argc != 4) {
        (void)fprintf(stderr, "usage: fake_controller KEY_FILE AGENTS_ENDPOINT ENROL_ENDPOINT\n");
        return 2;
    }
    struct link_zap_policy policy = {.allow = allow_all};
    if (seal_init(&fault) != ERR_OK || loop_create(clock_system(), &fake.loop, &fault) != ERR_OK ||
        loop_stop_on_signals(fake.loop, &fault) != ERR_OK ||
        link_create(&fake.link, &fault) != ERR_OK ||
        link_zap_create(fake.link, policy, &fake.zap, &fault) != ERR_OK ||
        link_zap_self_test(fake.zap, &fault) != ERR_OK ||
        loop_add_socket(fake.loop, link_zap_socket(fake.zap), zap_ready, &fake) != ERR_OK ||
        loop_add_fd(fake.loop, STDIN_FILENO, LOOP_READ, input_ready, &fake) != ERR_OK) {
        die("start", &fault);
    }
    char agents[LINK_ENDPOINT_SIZE];
    char enrol[LINK_ENDPOINT_SIZE];
    char key[LINK_KEY_Z85_SIZE];
    get_keys(&fake, argv[1]);
    fake.agents = serve(&fake, "agents", argv[2], agents, agents_ready);
    fake.enrol = serve(&fake, "enrol", argv[3], enrol, enrol_ready);
    link_key_to_z85(fake.keys.public_key, key);
    (void)printf("ready agents=%s enrol=%s server_key=%s\n", agents, enrol, key);
    (void)fflush(stdout);
    enum err err = loop_run(fake.loop, &fault);
    link_server_destroy(&fake.agents);
    link_server_destroy(&fake.enrol);
    link_zap_destroy(&fake.zap);
    link_destroy(&fake.link);
    loop_destroy(&fake.loop);
    return err == ERR_OK ? 0 : 1;
}

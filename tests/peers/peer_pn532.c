/* peer-pn532: a PN532 badge reader on a pseudo-terminal, with a card that comes and goes by
 * command.
 *
 * Made for libnfc's pn532_uart driver: the program opens the link like a serial port. See README.md
 * for the commands of the control socket. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/peers/peer_control.h"
#include "tests/peers/peer_util.h"
#include "tests/peers/pn532_chip.h"
#include "tests/peers/pn532_frame.h"

#define BYTE_US    87 /* ten bits at 115,200 Bd, rounded up */
#define CHUNKS_MAX 4
#define WAITS_MAX  8

enum fault { FAULT_NONE, FAULT_CHECKSUM, FAULT_STATUS, FAULT_ATS, FAULT_GARBAGE, FAULT_TRUNCATE };

static const char *const fault_names[] = {"none", "checksum", "status",
                                          "ats",  "garbage",  "truncate"};

/* Bytes on their way to the host. */
struct chunk {
    int64_t due_us;
    size_t length;
    uint8_t bytes[PN532_FRAME_MAX + 64];
};

/* A "wait" command that is not yet answered. */
struct wait {
    bool used;
    bool reads; /* waits for reads, else for polls */
    uint64_t until;
    int64_t deadline_us;
    peer_ticket from;
};

struct reader {
    struct pn532_chip chip;
    struct peer_pty pty;
    struct peer_control control;
    const char *link;
    bool pace;
    bool mute;
    bool quit;
    enum fault fault;
    long fault_left;
    struct chunk queue[CHUNKS_MAX];
    size_t queued;
    uint8_t input[1024];
    size_t input_length;
    uint8_t waiting[PN532_DATA_MAX]; /* a command that waits for a card */
    size_t waiting_length;
    struct chunk last; /* the last answer, for NACK */
    struct wait waits[WAITS_MAX];
};

static void send_later(struct reader *reader, const uint8_t *bytes, size_t length, int64_t after_us)
{
    int64_t start = peer_mono_us();
    struct chunk *chunk;

    if (reader->queued == CHUNKS_MAX)
        return; /* nobody reads; a real line would lose the bytes as well */
    if (reader->queued > 0 && reader->queue[reader->queued - 1].due_us > start)
        start = reader->queue[reader->queued - 1].due_us;
    chunk = &reader->queue[reader->queued++];
    memcpy(chunk->bytes, bytes, length);
    chunk->length = length;
    chunk->due_us = start + after_us + (reader->pace ? (int64_t)length * BYTE_US : 0);
}

static bool fault_fits(const struct reader *reader, const struct pn532_answer *answer)
{
    if (reader->fault == FAULT_NONE)
        return false;
    if (reader->fault == FAULT_STATUS)
        return answer->status_at != 0;
    return reader->fault != FAULT_ATS || answer->carries_ats_fault;
}

/* Spoils one frame as the fault says. */
static size_t spoil(struct reader *reader, struct pn532_answer *answer, uint8_t *frame)
{
    size_t length;

    if (reader->fault == FAULT_STATUS)
        answer->data[answer->status_at] |= 0x80;
    length = pn532_frame_build(answer->data, answer->length, frame);
    if (reader->fault == FAULT_CHECKSUM)
        frame[length - 2] ^= 0x5a;
    if (reader->fault == FAULT_TRUNCATE)
        length = length / 2;
    if (reader->fault == FAULT_GARBAGE)
        for (size_t i = 0; i < length; i++)
            frame[i] = (uint8_t)(0xa7 + 73 * i);
    if (--reader->fault_left == 0)
        reader->fault = FAULT_NONE;
    return length;
}

static void answer_command(struct reader *reader, const uint8_t *data, size_t length)
{
    struct pn532_answer answer;
    uint8_t frame[PN532_FRAME_MAX];
    size_t frame_length;

    reader->chip.bad_ats = reader->fault == FAULT_ATS;
    pn532_chip_run(&reader->chip, data, length, &answer);
    reader->waiting_length = 0;
    if (answer.waits_for_card) {
        memmove(reader->waiting, data, length);
        reader->waiting_length = length;
        return;
    }
    if (fault_fits(reader, &answer))
        frame_length = spoil(reader, &answer, frame);
    else
        frame_length = pn532_frame_build(answer.data, answer.length, frame);
    memcpy(reader->last.bytes, frame, frame_length);
    reader->last.length = frame_length;
    send_later(reader, frame, frame_length, answer.after_us);
}

static void take_command(struct reader *reader, const uint8_t *data, size_t length, size_t used)
{
    static const uint8_t ack[] = {0x00, 0x00, 0xff, 0x00, 0xff, 0x00};

    reader->queued = 0; /* a new command ends the one before */
    reader->waiting_length = 0;
    send_later(reader, ack, sizeof ack, reader->pace ? (int64_t)used * BYTE_US : 0);
    answer_command(reader, data, length);
}

/* Handles the token at the front of the input; returns false when more bytes are needed. */
static bool take_token(struct reader *reader)
{
    const uint8_t *data = NULL;
    size_t used = 0, length = 0;
    enum pn532_token token =
        pn532_frame_next(reader->input, reader->input_length, &used, &data, &length);

    if (token == PN532_NEED_MORE)
        return false;
    if (token == PN532_JUNK && reader->input[0] == 0x55)
        reader->chip.asleep = false;
    if (!reader->chip.asleep && !reader->mute) {
        if (token == PN532_COMMAND)
            take_command(reader, data, length, used);
        if (token == PN532_NACK)
            send_later(reader, reader->last.bytes, reader->last.length, 0);
        if (token == PN532_ACK) /* the host aborts */
            reader->queued = reader->waiting_length = 0;
    }
    reader->input_length -= used;
    memmove(reader->input, reader->input + used, reader->input_length);
    return true;
}

static void read_line(struct reader *reader)
{
    size_t room = sizeof reader->input - reader->input_length;
    ssize_t got = read(reader->pty.master, reader->input + reader->input_length, room);

    if (got <= 0)
        return;
    reader->input_length += (size_t)got;
    for (size_t i = 0; i < sizeof reader->input && take_token(reader); i++)
        ;
    if (reader->input_length == sizeof reader->input)
        reader->input_length = 0; /* a frame that cannot be whole */
}

static void write_line(struct reader *reader)
{
    int64_t now = peer_mono_us();

    while (reader->queued > 0 && reader->queue[0].due_us <= now) {
        const struct chunk *chunk = &reader->queue[0];

        if (reader->pty.master >= 0 && !reader->mute)
            (void)!write(reader->pty.master, chunk->bytes, chunk->length);
        reader->queued--;
        memmove(&reader->queue[0], &reader->queue[1], reader->queued * sizeof reader->queue[0]);
    }
}

static void card_changed(struct reader *reader)
{
    uint8_t command[PN532_DATA_MAX];
    size_t length = reader->waiting_length;

    if (length == 0 || !reader->chip.card.present)
        return;
    memcpy(command, reader->waiting, length);
    answer_command(reader, command, length);
}

/* --- the control socket --- */

static void answer_ok(struct reader *reader, peer_ticket from)
{
    peer_control_answer(&reader->control, from, "ok");
}

static void do_card(struct reader *reader, peer_ticket from, char **words, size_t count)
{
    uint8_t uid[10], ats[32], sak[1];
    size_t uid_length = peer_unhex(words[1], uid, sizeof uid);
    struct pn532_card before = reader->chip.card;

    if (!pn532_chip_put_card(&reader->chip, uid, uid_length)) {
        peer_control_answer(&reader->control, from, "error a UID has 4, 7 or 10 bytes in hex");
        return;
    }
    for (size_t i = 2; i < count; i++) {
        size_t length = strncmp(words[i], "ats=", 4) == 0 ? peer_unhex(words[i] + 4, ats, 32) : 0;

        if (length > 0 && ats[0] == length) {
            pn532_chip_set_ats(&reader->chip, ats, length);
        } else if (strncmp(words[i], "sak=", 4) == 0 && peer_unhex(words[i] + 4, sak, 1) == 1) {
            reader->chip.card.sak = sak[0];
        } else {
            reader->chip.card = before;
            peer_control_answer(&reader->control, from,
                                "error %s: sak=HH or ats=HEX with its length byte first", words[i]);
            return;
        }
    }
    if ((reader->chip.card.sak & 0x20) != 0 && reader->chip.card.ats_length == 0)
        pn532_chip_set_ats(&reader->chip, (const uint8_t[]){0x05, 0x78, 0x80, 0x70, 0x02}, 5);
    card_changed(reader);
    answer_ok(reader, from);
}

static void do_desfire(struct reader *reader, peer_ticket from, char **words, size_t count)
{
    const char *wrong = desfire_card_setup(&reader->chip.desfire, words + 1, count - 1);

    if (wrong != NULL) {
        peer_control_answer(&reader->control, from,
                            "error %s: desfire UID [aid=HEX] [keyN=HEX] [random] [mute] [replay] "
                            "[slow=MS] [cut=N]",
                            wrong);
        return;
    }
    pn532_chip_put_desfire(&reader->chip);
    card_changed(reader);
    answer_ok(reader, from);
}

static void do_remove(struct reader *reader, peer_ticket from, char **words, size_t count)
{
    (void)words, (void)count;
    reader->chip.card.present = false;
    answer_ok(reader, from);
}

static void do_mute(struct reader *reader, peer_ticket from, char **words, size_t count)
{
    (void)count;
    if (strcmp(words[1], "on") != 0 && strcmp(words[1], "off") != 0) {
        peer_control_answer(&reader->control, from, "error mute on|off");
        return;
    }
    reader->mute = strcmp(words[1], "on") == 0;
    reader->queued = reader->waiting_length = 0;
    answer_ok(reader, from);
}

static void do_fault(struct reader *reader, peer_ticket from, char **words, size_t count)
{
    long times = 1;

    for (size_t i = 0; i < sizeof fault_names / sizeof fault_names[0]; i++) {
        if (strcmp(words[1], fault_names[i]) != 0)
            continue;
        if (count > 2 && !peer_parse_long(words[2], 1, 1000000, &times))
            break;
        reader->fault = (enum fault)i;
        reader->fault_left = times;
        answer_ok(reader, from);
        return;
    }
    peer_control_answer(&reader->control, from,
                        "error fault none|checksum|status|ats|garbage|truncate [N]");
}

static void do_gone(struct reader *reader, peer_ticket from, char **words, size_t count)
{
    (void)words, (void)count;
    peer_pty_close(&reader->pty);
    reader->queued = reader->waiting_length = reader->input_length = 0;
    answer_ok(reader, from);
}

static void do_back(struct reader *reader, peer_ticket from, char **words, size_t count)
{
    (void)words, (void)count;
    if (reader->pty.master < 0) {
        pn532_chip_power_up(&reader->chip);
        peer_pty_open(&reader->pty, reader->link);
    }
    answer_ok(reader, from);
}

static void do_show(struct reader *reader, peer_ticket from, char **words, size_t count)
{
    char uid[2 * sizeof reader->chip.card.uid + 1] = "none";
    const struct pn532_card *card = &reader->chip.card;

    (void)words, (void)count;
    for (size_t i = 0; card->present && i < card->uid_length; i++)
        snprintf(uid + 2 * i, 3, "%02X", card->uid[i]);
    peer_control_answer(
        &reader->control, from,
        "ok card=%s polls=%llu reads=%llu asleep=%d mute=%d gone=%d fault=%s left=%ld proofs=%u",
        uid, (unsigned long long)reader->chip.polls, (unsigned long long)reader->chip.reads,
        reader->chip.asleep, reader->mute, reader->pty.master < 0, fault_names[reader->fault],
        reader->fault == FAULT_NONE ? 0 : reader->fault_left, reader->chip.desfire.proofs);
}

static void do_wait(struct reader *reader, peer_ticket from, char **words, size_t count)
{
    bool reads = strcmp(words[1], "reads") == 0;
    long more = 1, wait_ms = 5000;
    struct wait *wait = NULL;

    for (size_t i = 0; i < WAITS_MAX && wait == NULL; i++)
        if (!reader->waits[i].used)
            wait = &reader->waits[i];
    if (wait == NULL || (!reads && strcmp(words[1], "polls") != 0) ||
        (count > 2 && !peer_parse_long(words[2], 1, 1000000, &more)) ||
        (count > 3 && !peer_parse_long(words[3], 0, 3600000, &wait_ms))) {
        peer_control_answer(&reader->control, from, "error wait polls|reads [N more] [MS]");
        return;
    }
    *wait = (struct wait){
        .used = true,
        .reads = reads,
        .until = (reads ? reader->chip.reads : reader->chip.polls) + (uint64_t)more,
        .deadline_us = peer_mono_us() + wait_ms * 1000,
        .from = from,
    };
}

static void do_quit(struct reader *reader, peer_ticket from, char **words, size_t count)
{
    (void)words, (void)count;
    reader->quit = true;
    answer_ok(reader, from);
}

static const struct {
    const char *name;
    size_t words; /* at least, with the name */
    void (*run)(struct reader *reader, peer_ticket from, char **words, size_t count);
} control_commands[] = {
    {"card",    2, do_card   },
    {"desfire", 2, do_desfire},
    {"remove",  1, do_remove },
    {"mute",    2, do_mute   },
    {"fault",   2, do_fault  },
    {"gone",    1, do_gone   },
    {"back",    1, do_back   },
    {"show",    1, do_show   },
    {"wait",    2, do_wait   },
    {"quit",    1, do_quit   },
};

static void run_command(void *context, peer_ticket from, char *line)
{
    struct reader *reader = context;
    char *words[PEER_WORDS_MAX];
    size_t count = peer_split(line, words, PEER_WORDS_MAX);

    for (size_t i = 0; i < sizeof control_commands / sizeof control_commands[0]; i++) {
        if (count == 0 || strcmp(control_commands[i].name, words[0]) != 0)
            continue;
        if (count < control_commands[i].words)
            break;
        control_commands[i].run(reader, from, words, count);
        return;
    }
    peer_control_answer(
        &reader->control, from,
        "error commands: card UID, desfire UID, remove, mute on|off, fault KIND [N], gone, back, "
        "show, wait polls|reads [N] [MS], quit");
}

/* Answers the waits that are over; returns the next deadline. */
static int64_t settle_waits(struct reader *reader)
{
    int64_t next = PEER_NEVER, now = peer_mono_us();

    for (size_t i = 0; i < WAITS_MAX; i++) {
        struct wait *wait = &reader->waits[i];
        uint64_t value = wait->reads ? reader->chip.reads : reader->chip.polls;

        if (!wait->used)
            continue;
        if (value >= wait->until)
            peer_control_answer(&reader->control, wait->from, "ok %llu", (unsigned long long)value);
        else if (now >= wait->deadline_us)
            peer_control_answer(&reader->control, wait->from, "error timeout at %llu",
                                (unsigned long long)value);
        else if (peer_control_alive(&reader->control, wait->from)) {
            next = peer_sooner(next, wait->deadline_us);
            continue;
        }
        wait->used = false;
    }
    return next;
}

static void run_reader(struct reader *reader, int signals)
{
    struct pollfd fds[PEER_CONTROL_FDS + 2];

    while (!reader->quit) {
        int64_t until = settle_waits(reader);

        if (reader->queued > 0)
            until = peer_sooner(until, reader->queue[0].due_us);
        fds[0] = (struct pollfd){.fd = signals, .events = POLLIN};
        fds[1] = (struct pollfd){.fd = reader->pty.master, .events = POLLIN};
        if (peer_control_watch(&reader->control, fds + 2))
            until = 0;
        peer_poll(fds, PEER_CONTROL_FDS + 2, until);
        if ((fds[0].revents & POLLIN) != 0)
            return;
        if ((fds[1].revents & POLLIN) != 0)
            read_line(reader);
        write_line(reader);
        peer_control_serve(&reader->control, fds + 2, run_command, reader);
        write_line(reader);
    }
}

struct options {
    const char *link;
    const char *control;
    const char *card;
    bool pace;
    bool die_with_parent;
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct options *options = state->input;

    switch (key) {
    case 'l':
        options->link = arg;
        return 0;
    case 'c':
        options->control = arg;
        return 0;
    case 'u':
        options->card = arg;
        return 0;
    case 'p':
        options->pace = true;
        return 0;
    case 'd':
        options->die_with_parent = true;
        return 0;
    case ARGP_KEY_END:
        if (options->link == NULL)
            argp_error(state, "--link is missing");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option option_list[] = {
    {"link",                                          'l', "PATH", 0, "make PATH a symbolic link to the serial port", 0},
    {"control",                                         'c', "PATH", 0, "listen for commands on the Unix socket PATH", 0},
    {"card", 'u', "UID", 0, "begin with this card in the field", 0},
    {"pace",                                               'p', NULL, 0, "take the time that 115,200 Bd take", 0},
    {"die-with-parent",    'd', NULL, 0, "end when the program that started this one ends", 0},
    {0                                             }
};

int main(int argc, char **argv)
{
    static const struct argp parser = {
        .options = option_list,
        .parser = parse_option,
        .doc = "An emulated PN532 badge reader on a pseudo-terminal.\vOpen it with libnfc as "
               "pn532_uart:PATH.",
    };
    static struct reader reader;
    struct options options = {0};
    uint8_t uid[10];
    int signals;

    argp_parse(&parser, argc, argv, 0, NULL, &options);
    signals = peer_signals(options.die_with_parent);
    pn532_chip_power_up(&reader.chip);
    if (options.card != NULL &&
        !pn532_chip_put_card(&reader.chip, uid, peer_unhex(options.card, uid, sizeof uid)))
        peer_die("--card %s: a UID has 4, 7 or 10 bytes in hex", options.card);
    reader.link = options.link;
    reader.pace = options.pace;
    peer_pty_open(&reader.pty, options.link);
    peer_control_open(&reader.control, options.control);
    printf("ready link=%s\n", options.link);
    fflush(stdout);
    run_reader(&reader, signals);
    peer_control_close(&reader.control);
    peer_pty_close(&reader.pty);
    return 0;
}

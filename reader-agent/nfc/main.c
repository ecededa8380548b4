/* parkgate-nfc: one badge reader. Reads card UIDs through libnfc and tells the agent. Where the
 * agent asks for it, cards prove themselves: their own key comes from the agent for that one proof.
 *
 * Ends whenever the reader fails; the launcher starts it again with back-off. A card is told when
 * it comes, or when the agent comes back while it lies there: a read that nobody heard is not kept.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "common/seal/seal.h"
#include "reader-agent/helper/agent_line.h"
#include "reader-agent/helper/device_lock.h"
#include "reader-agent/helper/options.h"
#include "common/base/privilege.h"
#include "reader-agent/nfc/card_proof.h"
#include "reader-agent/nfc/card_reader.h"

enum {
    POLL_MS = 40,
    CARDS_WAIT_MS = 300, /* an agent says this soon what it asks of cards; an old one never does */
    KEY_WAIT_MS = 300,
    TELL_DOWN_MS = 1000, /* how long a dying reader tries to tell the agent why */
    FAILURES_MAX = 3,    /* running, then the reader is given up */
};

enum { EXIT_DONE = 0, EXIT_USAGE = 2, EXIT_LOCKED = 3, EXIT_READER = 4 };

struct program {
    struct helper_options options;
    struct agent_line *line;
    struct card_reader *reader;
    struct card_watch watch;
    struct helper_state state;
    uint64_t sequence;
    struct helper_cards cards; /* what the agent asks of a card */
    bool cards_heard;
    struct mono cards_by; /* not heard: then cards are read by their UID alone */
    uint64_t request;     /* the last key wanted */
    bool key_heard;       /* its answer is in `key` */
    struct helper_key key;
    int signals;
    bool told_to_stop;
    int failures; /* running */
};

static struct mono now_mono(void)
{
    return clock_system()->mono(NULL);
}

static void say_state(struct program *program)
{
    const struct helper_message message = {.kind = HELPER_SAYS_STATE, .state = program->state};
    if (program->state.state != DEVICE_UNKNOWN) {
        (void)agent_line_say(program->line, &message);
    }
}

static void agent_is_up(void *ctx)
{
    struct program *program = ctx;
    program->cards_by = mono_after_ms(now_mono(), CARDS_WAIT_MS);
    say_state(program);
}

static void agent_says(void *ctx, const struct helper_message *message)
{
    struct program *program = ctx;
    if (message->kind == HELPER_SAYS_CARDS) {
        program->cards = message->cards;
        program->cards_heard = true;
        say_state(program); /* whether its keys were found may have changed what that means */
    } else if (message->kind == HELPER_SAYS_KEY && message->key.request == program->request) {
        program->key = message->key;
        program->key_heard = true;
    }
}

static void set_state(struct program *program, enum device_state state, const char *what)
{
    program->state.state = state;
    (void)snprintf(program->state.what, sizeof(program->state.what), "%.*s", HELPER_WORD_SIZE - 1,
                   what);
    say_state(program);
}

/* Serves the agent until `until`, or until `*done`. */
static void serve_agent(struct program *program, struct mono until, const bool *done)
{
    while (!program->told_to_stop) {
        struct mono now = now_mono();
        agent_line_turn(program->line, now);
        if (!mono_before(now, until) || (done != NULL && *done)) {
            return;
        }
        struct pollfd fds[] = {
            {.fd = program->signals,             .events = POLLIN},
            {.fd = agent_line_fd(program->line), .events = POLLIN}
        };
        int64_t wait_ms = agent_line_wait_ms(program->line, now);
        int64_t left_ms = (until.us - now.us + 999) / 1000;
        (void)poll(fds, ARRAY_LEN(fds), (int)(wait_ms < left_ms ? wait_ms : left_ms));
        program->told_to_stop = fds[0].revents != 0;
    }
}

/* A read that nobody hears is not kept: the card is told again while it lies there. */
static void say_read(struct program *program, const struct card *card,
                     const struct helper_message *message)
{
    if (agent_line_say(program->line, message)) {
        program->sequence++;
    } else {
        card_watch_forget(&program->watch, card);
    }
}

static struct helper_read read_of(const struct program *program, const struct card *card)
{
    struct helper_read read = {.sequence = program->sequence + 1,
                               .captured = clock_system()->wall(NULL),
                               .uid_size = card->uid_size,
                               .random_uid = card_is_random(card)};
    memcpy(read.uid, card->uid, card->uid_size);
    return read;
}

static enum err exchange(void *ctx, struct bytes command, uint8_t *out, size_t size,
                         size_t *ret_size, uint32_t wait_ms, struct fault *fault)
{
    struct program *program = ctx;
    agent_line_turn(program->line, now_mono()); /* a slow card stops no heartbeat */
    return card_reader_exchange(program->reader, command, out, size, ret_size, wait_ms, fault);
}

static enum err select_again(void *ctx, const struct card *card, struct fault *fault)
{
    return card_reader_select(((struct program *)ctx)->reader, card, fault);
}

/* ERR_TIMEOUT: the agent does not answer now. ERR_NOT_FOUND: it has no key. */
static enum err want_key(struct program *program, enum helper_key_kind which,
                         const struct card *card, struct aes_key *ret_key)
{
    struct helper_message message = {
        .kind = HELPER_SAYS_KEY_WANTED,
        .key_wanted = {.request = ++program->request, .which = which}
    };
    if (which == HELPER_KEY_OF_CARD) {
        memcpy(message.key_wanted.uid, card->uid, card->uid_size);
        message.key_wanted.uid_size = card->uid_size;
    }
    program->key_heard = false;
    if (agent_line_say(program->line, &message)) {
        serve_agent(program, mono_after_ms(now_mono(), KEY_WAIT_MS), &program->key_heard);
    }
    enum err err = !program->key_heard ? ERR_TIMEOUT : !program->key.found ? ERR_NOT_FOUND : ERR_OK;
    if (err == ERR_OK) {
        memcpy(ret_key->bytes, program->key.key, sizeof(ret_key->bytes));
    }
    seal_wipe(&program->key, sizeof(program->key));
    return err;
}

/* One authentication. ERR_TIMEOUT, ERR_IO: nothing is known of the card. */
static enum err prove(struct program *program, enum helper_key_kind which, const struct card *card,
                      struct card_proved *ret_proved, struct fault *fault)
{
    const struct card_air air = {.exchange = exchange,
                                 .select = select_again,
                                 .ctx = program,
                                 .clock = clock_system(),
                                 .entropy = entropy_system()};
    struct aes_key key;
    enum err err = want_key(program, which, card, &key);
    if (err == ERR_NOT_FOUND) {
        *ret_proved = (struct card_proved){.why = "the agent has no key for it"};
        return ERR_OK;
    }
    if (err == ERR_OK) {
        err = card_proof_run(&air, &program->cards, card, which, &key, ret_proved, fault);
    }
    seal_wipe(&key, sizeof(key));
    return err;
}

/* A card that draws a new UID each time first gives its own, under the key for that. */
static enum err prove_both(struct program *program, struct card *card,
                           struct card_proved *ret_proved, struct fault *fault)
{
    uint32_t uid_ms = 0;
    if (card_is_random(card)) {
        TRY(prove(program, HELPER_KEY_OF_UIDS, card, ret_proved, fault));
        if (!ret_proved->proved) {
            return ERR_OK;
        }
        uid_ms = ret_proved->exchange_ms;
        card->uid_size = DESFIRE_UID_SIZE;
        memcpy(card->uid, ret_proved->uid, DESFIRE_UID_SIZE);
    }
    TRY(prove(program, HELPER_KEY_OF_CARD, card, ret_proved, fault));
    if (uid_ms > ret_proved->exchange_ms) {
        ret_proved->exchange_ms = uid_ms;
    }
    return ERR_OK;
}

static enum err tell_proved(struct program *program, const struct card *seen, struct fault *fault)
{
    struct card card = *seen;
    struct card_proved proved = {.why = ""};
    enum card_proof proof = CARD_PROOF_RANDOM_ID;
    struct wall captured = clock_system()->wall(NULL);
    if (!card_is_random(seen) || program->cards.has_uid_key) {
        enum err err = prove_both(program, &card, &proved, fault);
        if (err != ERR_OK) {
            card_watch_forget(&program->watch, seen);
            return err == ERR_IO ? ERR_IO : ERR_OK;
        }
        proof = card_proof_of(&program->cards, &proved);
    }
    if (proof == CARD_PROOF_FAILED) {
        log_warning("card_not_proved", LOG_TEXT("reader", program->options.name.text),
                    LOG_TEXT("why", proved.why));
    }
    struct helper_message message = {
        .kind = HELPER_SAYS_PROVED,
        .proved = {
                   .read = read_of(program, &card), .proof = proof, .exchange_ms = proved.exchange_ms}
    };
    message.proved.read.captured = captured;
    say_read(program, seen, &message);
    return ERR_OK;
}

static enum err tell_card(struct program *program, const struct card *card, struct fault *fault)
{
    if (program->cards.desfire) {
        return tell_proved(program, card, fault);
    }
    const struct helper_message message = {.kind = HELPER_SAYS_READ,
                                           .read = read_of(program, card)};
    say_read(program, card, &message);
    return ERR_OK;
}

/* An agent that has just come says at once what it asks of cards. */
static bool knows_what_to_ask(const struct program *program)
{
    return program->cards_heard || !mono_before(now_mono(), program->cards_by);
}

/* ERR_IO: the reader is to be given up. */
static enum err poll_card(struct program *program, struct fault *fault)
{
    struct card card;
    enum err err = card_reader_poll(program->reader, &card, fault);
    if (err == ERR_OK && card_watch_poll(&program->watch, &card)) {
        err = tell_card(program, &card, fault);
    }
    program->failures = err == ERR_OK ? 0 : program->failures + 1;
    return program->failures < FAILURES_MAX ? ERR_OK : ERR_IO;
}

static int give_up(struct program *program, const struct fault *fault)
{
    log_error("reader_down", LOG_TEXT("reader", program->options.name.text),
              LOG_TEXT("why", fault->what));
    set_state(program, DEVICE_DOWN, fault->what);
    struct mono end = mono_after_ms(now_mono(), TELL_DOWN_MS);
    while (!program->told_to_stop && !agent_line_is_up(program->line) &&
           mono_before(now_mono(), end)) {
        serve_agent(program, mono_after_ms(now_mono(), 20), NULL);
    }
    return EXIT_READER;
}

static int run(struct program *program)
{
    uint32_t poll_ms = program->options.poll_ms > 0 ? program->options.poll_ms : POLL_MS;
    struct fault fault = {.code = ERR_OK};
    if (card_reader_open(program->options.device, &program->reader, &fault) != ERR_OK) {
        return give_up(program, &fault);
    }
    const char *user = program->options.user != NULL ? program->options.user : PRIVILEGE_USER;
    if (privilege_drop(user, &fault) != ERR_OK) {
        return give_up(program, &fault);
    }
    log_event("reader_up", LOG_TEXT("reader", program->options.name.text));
    set_state(program, DEVICE_UP, "");
    while (!program->told_to_stop) {
        if (knows_what_to_ask(program) && poll_card(program, &fault) != ERR_OK) {
            return give_up(program, &fault);
        }
        serve_agent(program, mono_after_ms(now_mono(), poll_ms), NULL);
    }
    return EXIT_DONE;
}

/* Two names for one device must not share it. */
static enum err take_locks(const struct helper_options *options, struct fault *fault)
{
    char device[80] = "device-";
    size_t at = strlen(device);
    for (const char *c = options->device; *c != '\0' && at < sizeof(device) - 1; c++) {
        device[at++] = *c == '/' || *c == '.' ? '_' : *c;
    }
    device[at] = '\0';
    TRY(device_lock_take(options->run_dir, options->name.text, true, fault));
    return device_lock_take(options->run_dir, device, false, fault);
}

static int catch_signals(void)
{
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    MUST(sigprocmask(SIG_BLOCK, &stop, NULL) == 0);
    int fd = signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK);
    MUST(fd >= 0);
    return fd;
}

int main(int argc, char **argv)
{
    struct program program = {.state = {.state = DEVICE_UNKNOWN}};
    struct fault fault = {.code = ERR_OK};
    if (helper_options_of(argc, argv, &program.options, &fault) != ERR_OK ||
        program.options.device == NULL) {
        fprintf(stderr,
                "parkgate-nfc: %s\nusage: parkgate-nfc --name READER --device CONNSTRING --socket "
                "AGENT --run DIR [--user USER] [--poll-ms N]\n"
                "It is started by parkgate-agent.\n",
                fault.code != ERR_OK ? fault.what : "--device is needed");
        return EXIT_USAGE;
    }
    if (take_locks(&program.options, &fault) != ERR_OK) {
        log_error("reader_locked", LOG_TEXT("reader", program.options.name.text),
                  LOG_TEXT("why", fault.what));
        return EXIT_LOCKED;
    }
    if (seal_init(&fault) != ERR_OK) {
        log_error("reader_down", LOG_TEXT("reader", program.options.name.text),
                  LOG_TEXT("why", fault.what));
        return EXIT_READER;
    }
    card_reader_silence();
    program.signals = catch_signals();
    program.line = agent_line_create(
        program.options.socket_path, HELPER_NFC, program.options.name,
        (struct agent_ear){.up = agent_is_up, .message = agent_says, .ctx = &program});
    int status = run(&program);
    card_reader_close(&program.reader);
    agent_line_destroy(&program.line);
    return status;
}

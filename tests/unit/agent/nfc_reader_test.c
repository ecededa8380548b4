/* Goal: what a reader's helper says of a card is believed only as far as it can be true. Method: a
 * real socket in a temporary directory and a helper played by this test, honest, old or lying. */
#include "reader-agent/driver/nfc_reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/must.h"
#include "common/base/packet.h"
#include "common/seal/seal.h"

struct stage {
    char dir[64];
    char socket[96];
    struct helper_port *port;
    struct nfc_reader *readers;
    struct nfc_reader_config config;
    struct reading reading; /* the last one */
    size_t reading_count;
    enum device_state state;
    int helper;
};

static const struct name north = {"north-1"};
static const uint8_t uid[] = {0x04, 0x78, 0x2e, 0x21, 0x80, 0x1d, 0x80};

static enum err take_reading(void *ctx, const struct reading *reading, struct fault *fault)
{
    struct stage *stage = ctx;
    (void)fault;
    stage->reading = *reading;
    stage->reading_count++;
    return ERR_OK;
}

static void take_state(void *ctx, struct name device, enum device_state state, const char *what)
{
    struct stage *stage = ctx;
    assert_true(name_equal(device, north));
    assert_true(state == DEVICE_UP || what[0] != '\0');
    stage->state = state;
}

static void say(struct stage *stage, const struct helper_message *message)
{
    uint8_t frame[HELPER_FRAME_BYTES];
    size_t size = helper_pack(message, frame);
    assert_int_equal(packet_send(stage->helper, (struct bytes){frame, size}), ERR_OK);
    helper_port_turn(stage->port);
}

/* The next message to the helper that is no heartbeat; its kind must be this. */
static struct helper_message hear(const struct stage *stage, enum helper_kind kind)
{
    struct helper_message message = {.kind = HELPER_SAYS_HEARTBEAT};
    while (message.kind == HELPER_SAYS_HEARTBEAT) {
        uint8_t frame[HELPER_FRAME_BYTES];
        size_t size = 0;
        assert_int_equal(packet_receive(stage->helper, frame, sizeof(frame), &size), ERR_OK);
        assert_int_equal(helper_unpack((struct bytes){frame, size}, &message, NULL), ERR_OK);
    }
    assert_int_equal(message.kind, kind);
    return message;
}

static void configure(struct stage *stage)
{
    assert_int_equal(nfc_reader_configure(stage->readers, &stage->config, 1, NULL), ERR_OK);
}

static int set_up(void **state)
{
    static struct stage the_stage;
    struct stage *stage = &the_stage;
    *stage = (struct stage){.dir = "/tmp/nfc-reader-XXXXXX", .config = {.reader = north}};
    struct card_scheme *scheme = &stage->config.scheme;
    if (seal_init(NULL) != ERR_OK || mkdtemp(stage->dir) == NULL) {
        return -1;
    }
    (void)snprintf(stage->socket, sizeof(stage->socket), "%.63s/helpers.sock", stage->dir);
    scheme->cards = (struct helper_cards){
        .desfire = true, .aid = {0x30, 0x42, 0xf5},
             .key_no = 1, .limit_ms = 150
    };
    scheme->has_master = true;
    scheme->master.bytes[0] = 7;
    const struct helper_port_options options = {.run_dir = stage->dir, .clock = clock_system()};
    const struct driver_sink sink = {.reading = take_reading, .state = take_state, .ctx = stage};
    assert_int_equal(helper_port_create(&options, &stage->port, NULL), ERR_OK);
    stage->readers = nfc_reader_create(stage->port, &sink);
    configure(stage);
    const struct helper_message hello = {
        .kind = HELPER_SAYS_HELLO,
        .hello = {.program = HELPER_NFC, .name = north, .pid = (uint32_t)getpid()}
    };
    assert_int_equal(packet_connect(stage->socket, &stage->helper, NULL), ERR_OK);
    helper_port_turn(stage->port);
    say(stage, &hello);
    (void)hear(stage, HELPER_SAYS_WELCOME);
    struct helper_message cards = hear(stage, HELPER_SAYS_CARDS);
    assert_true(cards.cards.desfire);
    assert_int_equal(cards.cards.limit_ms, 150);
    *state = stage;
    return 0;
}

static int tear_down(void **state)
{
    struct stage *stage = *state;
    nfc_reader_destroy(&stage->readers);
    helper_port_destroy(&stage->port);
    (void)close(stage->helper);
    (void)unlink(stage->socket);
    return rmdir(stage->dir);
}

static struct helper_read read_of(uint8_t last)
{
    struct helper_read read = {.sequence = 1, .captured = {1700000000000000}, .uid_size = 7};
    memcpy(read.uid, uid, sizeof(uid));
    read.uid[6] = last;
    return read;
}

static bool want_key(struct stage *stage, uint8_t last)
{
    struct helper_message wanted = {
        .kind = HELPER_SAYS_KEY_WANTED,
        .key_wanted = {.request = 5, .which = HELPER_KEY_OF_CARD, .uid_size = 7}
    };
    memcpy(wanted.key_wanted.uid, uid, sizeof(uid));
    wanted.key_wanted.uid[6] = last;
    say(stage, &wanted);
    struct helper_message answer = hear(stage, HELPER_SAYS_KEY);
    assert_int_equal(answer.key.request, 5);
    return answer.key.found;
}

static void expect_proved(struct stage *stage, uint8_t last, enum card_proof said,
                          enum card_proof believed)
{
    const struct helper_message message = {
        .kind = HELPER_SAYS_PROVED,
        .proved = {.read = read_of(last), .proof = said, .exchange_ms = 42}
    };
    size_t before = stage->reading_count;
    say(stage, &message);
    assert_int_equal(stage->reading_count, before + 1);
    assert_int_equal(stage->reading.proof, believed);
    assert_int_equal(stage->reading.exchange_ms, 42);
    assert_int_equal(stage->reading.kind, CREDENTIAL_KIND_BADGE);
    assert_int_equal(stage->reading.cclass, believed == CARD_PROOF_GIVEN
                                                ? CREDENTIAL_CLASS_AUTHENTICATED
                                                : CREDENTIAL_CLASS_UID_ONLY);
}

static void a_proof_is_of_the_card_whose_key_was_given(void **state)
{
    struct stage *stage = *state;
    expect_proved(stage, 0x80, CARD_PROOF_GIVEN, CARD_PROOF_FAILED); /* no key was given */
    assert_true(want_key(stage, 0x80));
    expect_proved(stage, 0x81, CARD_PROOF_GIVEN, CARD_PROOF_FAILED);
    expect_proved(stage, 0x81, CARD_PROOF_SLOW, CARD_PROOF_FAILED);
    expect_proved(stage, 0x80, CARD_PROOF_GIVEN, CARD_PROOF_GIVEN);
    expect_proved(stage, 0x80, CARD_PROOF_SLOW, CARD_PROOF_SLOW);
    expect_proved(stage, 0x80, CARD_PROOF_FAILED, CARD_PROOF_FAILED);
    assert_true(want_key(stage, 0x81));
    expect_proved(stage, 0x80, CARD_PROOF_GIVEN, CARD_PROOF_FAILED);
    configure(stage); /* the same again changes nothing */
    (void)hear(stage, HELPER_SAYS_CARDS);
    expect_proved(stage, 0x81, CARD_PROOF_GIVEN, CARD_PROOF_GIVEN);
}

static void without_a_proof_a_read_has_failed(void **state)
{
    struct stage *stage = *state;
    const struct helper_message old = {.kind = HELPER_SAYS_READ, .read = read_of(0x80)};
    assert_true(want_key(stage, 0x80));
    say(stage, &old);
    assert_int_equal(stage->reading.proof, CARD_PROOF_FAILED);
    assert_int_equal(stage->reading.cclass, CREDENTIAL_CLASS_UID_ONLY);
    expect_proved(stage, 0x80, CARD_PROOF_NONE, CARD_PROOF_FAILED);
}

static void a_random_id_names_nobody(void **state)
{
    struct stage *stage = *state;
    struct helper_message message = {
        .kind = HELPER_SAYS_PROVED,
        .proved = {.read = {.uid = {8, 1, 2, 3}, .uid_size = 4, .random_uid = true}}};
    static const enum card_proof said[] = {CARD_PROOF_RANDOM_ID, CARD_PROOF_FAILED,
                                           CARD_PROOF_GIVEN};
    for (size_t i = 0; i < ARRAY_LEN(said); i++) {
        message.proved.proof = said[i];
        say(stage, &message);
        assert_int_equal(stage->reading.kind, CREDENTIAL_KIND_NONE);
        assert_int_equal(stage->reading.cclass, CREDENTIAL_CLASS_BEARER);
        assert_int_equal(stage->reading.proof, i == 0 ? CARD_PROOF_RANDOM_ID : CARD_PROOF_FAILED);
        assert_int_equal(stage->reading.id_size, 0);
        assert_int_equal(stage->reading.raw_size, 4);
    }
}

static void a_reader_that_asks_nothing(void **state)
{
    struct stage *stage = *state;
    stage->config.scheme = (struct card_scheme){.has_master = false};
    configure(stage);
    assert_false(hear(stage, HELPER_SAYS_CARDS).cards.desfire);
    assert_false(want_key(stage, 0x80));
    expect_proved(stage, 0x80, CARD_PROOF_GIVEN, CARD_PROOF_NONE); /* nobody asked for it */
    struct helper_message message = {.kind = HELPER_SAYS_READ, .read = read_of(0x80)};
    say(stage, &message);
    assert_int_equal(stage->reading.proof, CARD_PROOF_NONE);
    message.read = (struct helper_read){
        .uid = {8, 1, 2, 3},
          .uid_size = 4, .random_uid = true
    };
    say(stage, &message);
    assert_int_equal(stage->reading.proof, CARD_PROOF_RANDOM_ID);
}

static void a_reader_without_keys_is_down(void **state)
{
    struct stage *stage = *state;
    const struct helper_message up = {.kind = HELPER_SAYS_STATE, .state = {.state = DEVICE_UP}};
    stage->config.scheme.has_master = false;
    configure(stage);
    (void)hear(stage, HELPER_SAYS_CARDS);
    say(stage, &up);
    assert_int_equal(stage->state, DEVICE_DOWN);
    assert_false(want_key(stage, 0x80));
    expect_proved(stage, 0x80, CARD_PROOF_GIVEN, CARD_PROOF_FAILED);
    stage->config.scheme.has_master = true;
    configure(stage);
    (void)hear(stage, HELPER_SAYS_CARDS);
    say(stage, &up);
    assert_int_equal(stage->state, DEVICE_UP);
}

#define STAGE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGE_TEST(a_proof_is_of_the_card_whose_key_was_given),
        STAGE_TEST(without_a_proof_a_read_has_failed),
        STAGE_TEST(a_random_id_names_nobody),
        STAGE_TEST(a_reader_that_asks_nothing),
        STAGE_TEST(a_reader_without_keys_is_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

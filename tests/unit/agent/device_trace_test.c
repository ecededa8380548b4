/* Goal: a trace says nothing of who was there, and a card in it can be read again. Method: reads
 * are recorded into a file; the file is searched for what was read, and its frames go to the
 * agent's reader driver over a real socket, as a helper would say them. */
#include "reader-agent/app/device_trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/must.h"
#include "common/base/packet.h"
#include "common/seal/seal.h"
#include "reader-agent/driver/nfc_reader.h"

enum { READS_MOST = 4 };

static const struct name north = {"north-1"};
static const uint8_t wang[] = {0x04, 0xA1, 0xB2, 0xC3, 0xD4, 0xE5, 0xF6};

struct stage {
    char dir[64], socket[96], path[96];
    struct device_trace *trace;
    size_t read_count;
    struct reading reads[READS_MOST];
};

static struct mono at_ms(int64_t ms)
{
    return (struct mono){.us = 5000000 + ms * 1000};
}

static int set_up(void **state)
{
    static struct stage the_stage;
    struct stage *stage = &the_stage;
    *stage = (struct stage){.dir = "/tmp/device-trace-XXXXXX"};
    if (seal_init(NULL) != ERR_OK || mkdtemp(stage->dir) == NULL) {
        return -1;
    }
    (void)snprintf(stage->socket, sizeof(stage->socket), "%.60s/helpers.sock", stage->dir);
    (void)snprintf(stage->path, sizeof(stage->path), "%.60s/trace", stage->dir);
    assert_int_equal(
        device_trace_create(stage->path, north, entropy_system(), at_ms(0), &stage->trace, NULL),
        ERR_OK);
    *state = stage;
    return 0;
}

static int tear_down(void **state)
{
    struct stage *stage = *state;
    device_trace_destroy(&stage->trace);
    (void)unlink(stage->socket);
    (void)unlink(stage->path);
    return rmdir(stage->dir);
}

static void record_card(struct stage *stage, const uint8_t *uid, int64_t ms)
{
    struct reading reading = {.reader = north,
                              .kind = CREDENTIAL_KIND_BADGE,
                              .id_size = 7,
                              .captured = {.us = 1700000000000000 + ms * 1000},
                              .live_by_read = true};
    memcpy(reading.id, uid, 7);
    device_trace_reading(stage->trace, &reading, reading.captured, at_ms(ms));
}

static void pseudonyms_keep_the_shape_and_say_nothing(void **state)
{
    struct stage *stage = *state;
    uint8_t plate[] = "浙A12345";
    uint8_t again[sizeof(plate)];
    uint8_t random[] = {0x08, 1, 2, 3};
    uint8_t fixed[] = {0x11, 1, 2, 3};
    memcpy(again, plate, sizeof(plate));
    device_trace_hide(stage->trace, CREDENTIAL_KIND_PLATE, plate, sizeof(plate) - 1);
    device_trace_hide(stage->trace, CREDENTIAL_KIND_PLATE, again, sizeof(again) - 1);
    assert_memory_equal(plate, again, sizeof(plate)); /* the same in one trace */
    assert_memory_equal(plate, "浙", 3);
    assert_true(plate[3] >= 'A' && plate[3] <= 'Z');
    assert_int_equal(strspn((const char *)plate + 4, "0123456789"), 5);
    assert_string_not_equal((const char *)plate, "浙A12345");
    device_trace_hide(stage->trace, CREDENTIAL_KIND_BADGE, random, sizeof(random));
    assert_int_equal(random[0], 0x08); /* still one that is drawn anew */
    device_trace_hide(stage->trace, CREDENTIAL_KIND_BADGE, fixed, sizeof(fixed));
    assert_int_not_equal(fixed[0], 0x08);

    struct device_trace *other = NULL; /* and another in the next */
    char path[128];
    (void)snprintf(path, sizeof(path), "%s.2", stage->path);
    assert_int_equal(device_trace_create(path, north, entropy_system(), at_ms(0), &other, NULL),
                     ERR_OK);
    memcpy(again, "浙A12345", sizeof(again));
    device_trace_hide(other, CREDENTIAL_KIND_PLATE, again, sizeof(again) - 1);
    assert_memory_not_equal(plate, again, sizeof(plate));
    device_trace_destroy(&other);
    (void)unlink(path);
}

static void a_file_that_is_there_is_left_alone(void **state)
{
    struct stage *stage = *state;
    struct device_trace *second = NULL;
    struct fault fault = {0};
    assert_int_equal(
        device_trace_create(stage->path, north, entropy_system(), at_ms(0), &second, &fault),
        ERR_IO);
    assert_non_null(strstr(fault.what, "File exists"));
}

static enum err take_reading(void *ctx, const struct reading *reading, struct fault *fault)
{
    struct stage *stage = ctx;
    (void)fault;
    assert_true(stage->read_count < READS_MOST);
    stage->reads[stage->read_count++] = *reading;
    return ERR_OK;
}

static void take_state(void *ctx, struct name device, enum device_state state, const char *what)
{
    (void)ctx;
    (void)device;
    (void)state;
    (void)what;
}

static size_t frame_of(const char *line, uint8_t out[HELPER_FRAME_BYTES])
{
    const char *hex = strstr(line, "\"frame\":\"");
    assert_non_null(hex);
    hex += strlen("\"frame\":\"");
    size_t size = strcspn(hex, "\"") / 2;
    for (size_t i = 0; i < size; i++) {
        unsigned byte = 0;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
        out[i] = (uint8_t)byte;
    }
    return size;
}

static void say(int helper, struct helper_port *port, struct bytes frame)
{
    assert_int_equal(packet_send(helper, frame), ERR_OK);
    helper_port_turn(port);
}

/* Plays the file's frames as the reader's helper. */
static void replay(struct stage *stage)
{
    const struct helper_port_options options = {.run_dir = stage->dir, .clock = clock_system()};
    const struct driver_sink sink = {.reading = take_reading, .state = take_state, .ctx = stage};
    const struct helper_message hello = {
        .kind = HELPER_SAYS_HELLO,
        .hello = {.program = HELPER_NFC, .name = north, .pid = (uint32_t)getpid()}
    };
    static struct nfc_reader_config config;
    struct helper_port *port = NULL;
    uint8_t frame[HELPER_FRAME_BYTES];
    char line[1024];
    int helper = -1;
    config.reader = north;
    assert_int_equal(helper_port_create(&options, &port, NULL), ERR_OK);
    struct nfc_reader *readers = nfc_reader_create(port, &sink);
    assert_int_equal(nfc_reader_configure(readers, &config, 1, NULL), ERR_OK);
    assert_int_equal(packet_connect(stage->socket, &helper, NULL), ERR_OK);
    helper_port_turn(port);
    say(helper, port, (struct bytes){frame, helper_pack(&hello, frame)});
    FILE *file = fopen(stage->path, "re");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        assert_null(strstr(line, "a1b2c3d4e5f6")); /* nothing of the card itself */
        say(helper, port, (struct bytes){frame, frame_of(line, frame)});
    }
    (void)fclose(file);
    nfc_reader_destroy(&readers);
    helper_port_destroy(&port);
    (void)close(helper);
}

static void a_recorded_card_is_read_again(void **state)
{
    struct stage *stage = *state;
    uint8_t li[7];
    memcpy(li, wang, sizeof(li));
    li[6] = 0x01;
    record_card(stage, wang, 10);
    record_card(stage, li, 20);
    record_card(stage, wang, 30);
    replay(stage);
    assert_int_equal(stage->read_count, 3);
    assert_int_equal(stage->reads[0].kind, CREDENTIAL_KIND_BADGE);
    assert_int_equal(stage->reads[0].id_size, 7);
    assert_int_equal(stage->reads[0].id[0], 0x04);
    assert_memory_not_equal(stage->reads[0].id, wang, 7);
    assert_memory_not_equal(stage->reads[0].id, stage->reads[1].id, 7);
    assert_memory_equal(stage->reads[0].id, stage->reads[2].id, 7); /* the same card */
}

int main(void)
{
#define STAGED(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        STAGED(pseudonyms_keep_the_shape_and_say_nothing),
        STAGED(a_file_that_is_there_is_left_alone),
        STAGED(a_recorded_card_is_read_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* device_test: inner parts of `parkgate-agent --test`, shared by its files. */
#pragma once

#include <stdbool.h>

#include "common/base/launcher.h"
#include "reader-agent/app/agent.h"
#include "reader-agent/app/device_trace.h"
#include "reader-agent/app/gate_park.h"
#include "reader-agent/app/settings.h"
#include "reader-agent/driver/http_listener.h"

struct device_test {
    const struct device_test_options *options;
    int64_t seconds;
    struct settings settings;
    struct gate_park park;
    struct name name;
    const struct gate_reader *reader; /* NULL: it is a board */
    const struct board_config *board; /* NULL: it is a reader */
    char run_dir[SETTINGS_PATH_SIZE];
    struct launcher_link *link;
    struct helper_port *port;
    struct nfc_reader *readers;
    struct http_listener *listener;
    struct http_device http;
    struct tz_table *zone;
    struct device_trace *trace;
    bool answered;   /* the device said something that was understood */
    bool seen;       /* a card, a plate, the inputs */
    bool complained; /* something of what it said or did is wrong */
    bool pulsed;
    struct helper_levels levels; /* looked 0: none yet */
    int *result;                 /* exit code, shared with the launcher's process */
};

enum test_step { TEST_OK, TEST_SEEN, TEST_BAD };

/* One line: a mark, the English, the Chinese. */
__attribute__((format(printf, 2, 0))) void device_test_say(enum test_step step, const char *en,
                                                           const char *zh, ...);

/* Starts what talks to the device. ERR_BUSY, ERR_IO, ERR_INPUT: it cannot be tested; nothing runs.
 */
MUST_CHECK enum err device_test_begin_board(struct device_test *test, struct fault *fault);
MUST_CHECK enum err device_test_begin_card(struct device_test *test, struct fault *fault);
MUST_CHECK enum err device_test_begin_camera(struct device_test *test, struct fault *fault);
/* What refused posts were counted, at the end. */
void device_test_end_camera(struct device_test *test);

/* gate_box: a real agent over real stores in a directory of its own, without loop and link; its clock
 * stands still, and what it would send to boards is kept: in place of driver/helper_port.c. To be
 * included by one file of a test. */
#pragma once

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/must.h"
#include "reader-agent/app/gate.h"

struct box {
    char dir[32];
    struct gate *gate;
    struct clock clock;
    struct wall wall;
    struct mono mono;
};

static inline struct wall box_wall(void *ctx)
{
    return ((const struct box *)ctx)->wall;
}

static inline struct mono box_mono(void *ctx)
{
    return ((const struct box *)ctx)->mono;
}

/* --- helpers: none is there --- */

static struct helper_release told; /* to a board, last */

enum err helper_port_create(const struct helper_port_options *options,
                            struct helper_port **ret_port, struct fault *fault)
{
    (void)options;
    (void)fault;
    *ret_port = NULL;
    return ERR_OK;
}

void helper_port_destroy(struct helper_port **port)
{
    *port = NULL;
}

void helper_port_listen(struct helper_port *port, struct helper_ear ear)
{
    (void)port;
    (void)ear;
}

int helper_port_fd(const struct helper_port *port)
{
    (void)port;
    return -1;
}

void helper_port_turn(struct helper_port *port)
{
    (void)port;
}

enum err helper_port_want(struct helper_port *port, enum helper_program program, struct name name,
                          const char *device, struct fault *fault)
{
    (void)port;
    (void)program;
    (void)name;
    (void)device;
    (void)fault;
    return ERR_OK;
}

enum err helper_port_carry(struct helper_port *port, enum helper_program program, struct name name,
                           struct name carrier, struct fault *fault)
{
    (void)port;
    (void)program;
    (void)name;
    (void)carrier;
    (void)fault;
    return ERR_OK;
}

void helper_port_drop(struct helper_port *port, struct name name)
{
    (void)port;
    (void)name;
}

void helper_port_settle(struct helper_port *port)
{
    (void)port;
}

enum err helper_port_send(struct helper_port *port, struct name name,
                          const struct helper_message *message, struct fault *fault)
{
    (void)port;
    (void)name;
    (void)fault;
    if (message->kind == HELPER_SAYS_RELEASE) {
        told = message->release;
    }
    return ERR_OK;
}

void helper_port_process(struct helper_port *port, const struct launcher_report *report)
{
    (void)port;
    (void)report;
}

/* --- the gate --- */

static inline struct name named(const char *text)
{
    struct name name = {0};
    assert_true(name_from_text(text, &name));
    return name;
}

static inline struct name board_no(size_t i)
{
    char text[NAME_SIZE];
    (void)snprintf(text, sizeof(text), "b%zu", i);
    return named(text);
}

/* It has as many boards as can be, and an exit at the last. */
static inline void box_park(struct gate *gate)
{
    gate->park = calloc(1, sizeof(*gate->park));
    MUST(gate->park != NULL);
    for (size_t i = 0; i < GATE_BOARDS_MAX; i++) {
        gate->park->boards[gate->park->board_count++].board = board_no(i);
    }
    struct helper_board *last = &gate->park->boards[GATE_BOARDS_MAX - 1].setup;
    last->lanes[last->lane_count++].name = named("out");
}

static inline void box_begin(struct box *box)
{
    struct gate *gate = gate_create(box->dir, &box->clock, entropy_system(), NULL);
    struct driver_sink readings = readings_sink(gate);
    struct actuator_sink lanes = lanes_sink(gate);
    gate->settings.outbox_events = LIMIT_OUTBOX_EVENTS;
    gate->settings.gate = named("gate-a");
    assert_int_equal(agent_store_open(box->dir, gate->entropy, &gate->store, NULL), ERR_OK);
    assert_int_equal(day_keys_open(box->dir, gate->entropy, &gate->day_keys, NULL), ERR_OK);
    assert_int_equal(vault_create(gate->day_keys, gate->entropy, &gate->vault, NULL), ERR_OK);
    assert_int_equal(copy_begin(gate, NULL), ERR_OK);
    box_park(gate);
    gate->boards = board_actuator_create(NULL, &readings, &lanes);
    emergency_begin(gate);
    assert_int_equal(board_actuator_configure(gate->boards, gate->park->boards,
                                              gate->park->board_count, NULL),
                     ERR_OK);
    box->gate = gate;
}

static inline void box_end(struct box *box)
{
    struct gate *gate = box->gate;
    board_actuator_destroy(&gate->boards);
    copy_end(gate);
    vault_destroy(&gate->vault);
    day_keys_destroy(&gate->day_keys);
    agent_store_destroy(&gate->store);
    free(gate->park);
    free(gate);
}

static inline int box_make(void **state)
{
    struct box *box = calloc(1, sizeof(*box));
    MUST(box != NULL && seal_init(NULL) == ERR_OK);
    (void)snprintf(box->dir, sizeof(box->dir), "/tmp/gate-XXXXXX");
    MUST(mkdtemp(box->dir) != NULL);
    box->clock = (struct clock){.wall = box_wall, .mono = box_mono, .ctx = box};
    box->wall.us = INT64_C(1772395200000000);
    box->mono.us = 1000000;
    told = (struct helper_release){0};
    box_begin(box);
    *state = box;
    return 0;
}

static inline int box_remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

static inline int box_remove(void **state)
{
    struct box *box = *state;
    box_end(box);
    (void)nftw(box->dir, box_remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(box);
    return 0;
}

static inline void box_restart(struct box *box)
{
    box_end(box);
    told = (struct helper_release){0};
    box_begin(box);
}

static inline void box_pass(struct box *box, int64_t ms)
{
    box->wall.us += ms * 1000;
    box->mono.us += ms * 1000;
}

/* --- its disk --- */

static inline enum err box_fail(struct store_txn *txn, void *ctx, struct fault *fault)
{
    (void)txn;
    (void)ctx;
    return fault_set(fault, ERR_IO, "the disk is broken");
}

static inline void box_move(struct box *box, const char *from, const char *to)
{
    char here[64];
    char there[64];
    (void)snprintf(here, sizeof(here), "%s/%s", box->dir, from);
    (void)snprintf(there, sizeof(there), "%s/%s", box->dir, to);
    assert_int_equal(rename(here, there), 0);
}

/* A commit fails, and the store cannot be opened again. */
static inline void box_break_disk(struct box *box)
{
    assert_int_equal(agent_store_write(box->gate->store, box_fail, NULL, NULL), ERR_IO);
    box_move(box, "store", "gone");
}

static inline void box_mend_disk(struct box *box)
{
    box_move(box, "gone", "store");
}

/* board_actuator: turnstiles and barriers behind parkgate-board, one process a bus: boards of one
 * gate with the same transport and address. */
#pragma once

#include "reader-agent/driver/driver.h"
#include "reader-agent/driver/helper_port.h"

struct board_actuator;

/* Hears HELPER_BOARD on `port` (borrowed); board states go to `states` and all else to `sink`
 * (both copied). */
struct board_actuator *board_actuator_create(struct helper_port *port,
                                             const struct driver_sink *states,
                                             const struct actuator_sink *sink);
void board_actuator_destroy(struct board_actuator **boards);

struct board_config {
    struct name board;
    struct helper_board setup; /* with its lanes */
};

/* The boards there are from now on; others are dropped, changed ones get their new setup. */
MUST_CHECK enum err board_actuator_configure(struct board_actuator *boards,
                                             const struct board_config *list, size_t count,
                                             struct fault *fault);

/* The emergency state as the agent keeps it. */
struct board_emergency {
    uint64_t number;
    enum emergency_state state;
    bool end;    /* a person's key ended it, and every fire of these boards was known then */
    bool admits; /* entries run on */
};

/* Tells each board now and whenever it joins. `concerns` (NULL: all lanes) says of a lane whether
 * it belongs to the emergency's zones; it is asked again for each board that joins. */
void board_actuator_emergency(struct board_actuator *boards,
                              const struct board_emergency *emergency,
                              bool (*concerns)(void *ctx, struct name lane), void *ctx);

/* `self` of both is the struct board_actuator. */
extern const struct actuator_ops board_actuator_ops;

/* board_indicator: displays on a board's registers, behind parkgate-board. */
#pragma once

#include "reader-agent/driver/board_actuator.h"

/* `self` is the struct board_actuator that has the lane's board. */
extern const struct indicator_ops board_indicator_ops;

#include "controller/app/gate_health.h"

#include <stdio.h>

#include "common/facts/field.h"
#include "controller/app/faults.h"

static bool is_of_gate(const struct park *park, struct name device, struct name gate)
{
    const struct park_reader *reader = park_reader(park, device);
    const struct park_lane *lane = reader == NULL ? NULL : park_lane(park, reader->lane);
    const struct park_board *board = park_board(park, device);
    return (lane != NULL && name_equal(lane->gate, gate)) ||
           (board != NULL && name_equal(board->gate, gate));
}

static enum err end_of_devices(struct controller *ctl, const struct session *session,
                               const Parkgate__Heartbeat *beat, struct fault *fault)
{
    for (size_t i = 0; i < beat->n_device && i < beat->n_state; i++) {
        if (beat->state[i] == DEVICE_UP &&
            is_of_gate(ctl->park, name_or_none(beat->device[i]), session->gate)) {
            TRY(fault_end(ctl, &fault_device_down, beat->device[i], fault));
        }
    }
    return ERR_OK;
}

/* A gate tells of its copy as of a device. */
static enum err end_of_copy(struct controller *ctl, const struct session *session,
                            const Parkgate__Heartbeat *beat, struct fault *fault)
{
    char copy[2 * NAME_SIZE];
    bool whole = session->feed.asked && !session->feed.anew && beat->copy_generation != 0;
    (void)snprintf(copy, sizeof(copy), "%s.copy", session->gate.text);
    return whole ? fault_end(ctl, &fault_device_down, copy, fault) : ERR_OK;
}

enum err gate_health_heard(struct controller *ctl, const struct session *session,
                           const Parkgate__Heartbeat *beat, struct fault *fault)
{
    const char *gate = session->gate.text;
    if (beat->pending == 0) {
        TRY(end_of_devices(ctl, session, beat, fault));
        TRY(end_of_copy(ctl, session, beat, fault));
    }
    return beat->clock_unknown ? fault_raise(ctl, &fault_gate_clock_unknown, gate, gate, "", fault)
                               : fault_end(ctl, &fault_gate_clock_unknown, gate, fault);
}

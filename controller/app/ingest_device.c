/* What a gate tells of its devices and of itself. */
#include "controller/app/ingest_parts.h"

#include <stdio.h>
#include <string.h>

#include "controller/app/emergency.h"
#include "schema/kinds.h"

/* A device that the park does not know may have been dropped from it a moment ago. */
static bool device_is_anothers(const struct controller *ctl, const struct arrival *a)
{
    struct name device = name_or_none(a->event->reader);
    const struct park_reader *reader = park_reader(ctl->park, device);
    const struct park_lane *lane = reader == NULL ? NULL : park_lane(ctl->park, reader->lane);
    const struct park_board *board = park_board(ctl->park, device);
    return (lane != NULL && !name_equal(lane->gate, a->session->gate)) ||
           (board != NULL && !name_equal(board->gate, a->session->gate));
}

/* What is wrong with the device that it names; NULL: nothing. */
static const char *device_wrong(const struct controller *ctl, const struct arrival *a)
{
    return name_or_none(a->event->reader).text[0] == '\0' ? "its device has no name"
           : device_is_anothers(ctl, a)                   ? "its device is another gate's"
                                                          : NULL;
}

/* A gate speaks of its own readers, boards and lanes, and of its copy, by this one name. */
static bool device_is_its_own(const struct controller *ctl, const struct arrival *a)
{
    char copy[2 * NAME_SIZE];
    struct name device = name_or_none(a->event->reader);
    const struct park_lane *lane = park_lane(ctl->park, device);
    (void)snprintf(copy, sizeof(copy), "%s.copy", a->session->gate.text);
    return park_reader(ctl->park, device) != NULL || park_board(ctl->park, device) != NULL ||
           (lane != NULL && name_equal(lane->gate, a->session->gate)) ||
           strcmp(device.text, copy) == 0 || name_equal(device, a->session->gate);
}

enum err ingest_device(struct controller *ctl, struct arrival *a, struct fault *fault)
{
    const char *gate = a->session->gate.text;
    const char *wrong = device_wrong(ctl, a);
    if (wrong != NULL) {
        return ingest_refuse_bad(ctl, a, wrong, fault);
    }
    TRY(ingest_applied(ctl, a, fault));
    if (!device_is_its_own(ctl, a)) {
        return ERR_OK; /* dropped from the park meanwhile, or made up: nothing begins or ends */
    }
    if (a->event->device_state == DEVICE_DOWN) {
        return fault_raise(ctl, &fault_device_down, a->event->reader, gate, "", fault);
    }
    if (a->event->device_state == DEVICE_TAMPER) {
        return fault_raise(ctl, &fault_device_tamper, a->event->reader, gate, "", fault);
    }
    if (a->event->device_state == DEVICE_ALONE) {
        return fault_raise(ctl, &fault_terminal_decides, a->event->reader, gate, a->event->lane,
                           fault);
    }
    if (a->event->device_state == DEVICE_HEEDS) {
        return fault_end(ctl, &fault_terminal_decides, a->event->reader, fault);
    }
    TRY(fault_end(ctl, &fault_device_tamper, a->event->reader, fault));
    TRY(fault_end(ctl, &fault_fire_unreached, a->event->reader, fault));
    return fault_end(ctl, &fault_device_down, a->event->reader, fault);
}

enum err ingest_tamper(struct controller *ctl, struct arrival *a, struct fault *fault)
{
    const char *lane = a->lane->name.text;
    TRY(ingest_applied(ctl, a, fault));
    return a->event->device_state == DEVICE_UP
               ? fault_end(ctl, &fault_device_tamper, lane, fault)
               : fault_raise(ctl, &fault_device_tamper, lane, a->session->gate.text, lane, fault);
}

/* A body that nobody understood lies sealed at the gate; somebody should look at it. */
enum err ingest_aside(struct controller *ctl, struct arrival *a, struct fault *fault)
{
    const char *wrong = device_wrong(ctl, a);
    if (wrong != NULL) {
        return ingest_refuse_bad(ctl, a, wrong, fault);
    }
    TRY(ingest_applied(ctl, a, fault));
    return fault_note(ctl, &fault_body_aside, a->event->reader, a->session->gate.text,
                      a->lane->name.text, fault);
}

/* A terminal's answer to an order. Of one that is not the newest any more it changes nothing. */
enum err ingest_subject(struct controller *ctl, struct arrival *a, struct fault *fault)
{
    if (device_is_anothers(ctl, a)) {
        return ingest_refuse_bad(ctl, a, "its terminal is another gate's", fault);
    }
    if (a->event->order == 0 || a->event->subject_result < SUBJECT_WANTED ||
        a->event->subject_result > SUBJECT_FAILED) {
        return ingest_refuse_bad(ctl, a, "it answers no order", fault);
    }
    return ingest_applied(ctl, a, fault);
}

enum err ingest_unasked(struct controller *ctl, struct arrival *a, struct fault *fault)
{
    const char *lane = a->lane->name.text;
    TRY(ingest_applied(ctl, a, fault));
    return fault_note(ctl, &fault_unasked_opening, lane, a->session->gate.text, lane, fault);
}

/* What a board's fire input says, and what becomes of it for the park. */
enum err ingest_fire(struct controller *ctl, struct arrival *a, struct fault *fault)
{
    const char *wrong = device_wrong(ctl, a);
    if (wrong != NULL) {
        return ingest_refuse_bad(ctl, a, wrong, fault);
    }
    if (a->event->fire < FIRE_ON || a->event->fire > FIRE_UNREACHED) {
        return ingest_refuse_bad(ctl, a, "its word of fire is unknown", fault);
    }
    a->out.entry.fire = a->event->fire;
    TRY(ingest_applied(ctl, a, fault));
    return emergency_word(ctl, a->session, a->event, fault);
}

/* Its outbox was full: how many left without a record of each, how many were not let in. */
enum err ingest_unrecorded(struct controller *ctl, struct arrival *a, struct fault *fault)
{
    const char *gate = a->session->gate.text;
    TRY(ingest_applied(ctl, a, fault));
    return fault_note(ctl, &fault_unrecorded, gate, gate, "", fault);
}

enum err ingest_clock(struct controller *ctl, struct arrival *a, struct fault *fault)
{
    const char *gate = a->session->gate.text;
    TRY(ingest_applied(ctl, a, fault));
    return fault_note(ctl, &fault_clock_jumped, gate, gate, "", fault);
}

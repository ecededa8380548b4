/* What became of commands to lanes. */
#include "controller/app/ingest_parts.h"

#include <string.h>

#include "common/facts/agent_store.h"
#include "controller/store/command_store.h"
#include "schema/kinds.h"

/* Of whom a read was: the same of both, where the gate's outbox began anew in between. */
static enum err is_same_read(struct controller *ctl, const struct arrival *a,
                             const Parkgate__CommandRecord *command, bool *ret, struct fault *fault)
{
    Parkgate__EventIndex *ordered = NULL;
    Parkgate__EventIndex *named = NULL;
    const Parkgate__Event *event = a->event;
    uint32_t epoch = event->presentation_epoch != 0 ? event->presentation_epoch : event->epoch;
    *ret = command->presentation == event->presentation &&
           (event->presentation == 0 || command->presentation_epoch == epoch);
    if (*ret || command->presentation == 0 || event->presentation == 0) {
        return ERR_OK;
    }
    enum err err = agent_event(ctl->txn, BYTES_OF(a->session->identity.bytes),
                               command->presentation_epoch, command->presentation, &ordered, fault);
    if (err == ERR_OK) {
        err = ingest_named_event(ctl, a, &named, fault);
    }
    if (err == ERR_OK) {
        *ret = named->captured_us == ordered->captured_us &&
               strcmp(named->lane, ordered->lane) == 0 &&
               bytes_equal(field_view(&named->credential), field_view(&ordered->credential));
    }
    if (ordered != NULL) {
        parkgate__event_index__free_unpacked(ordered, NULL);
    }
    if (named != NULL) {
        parkgate__event_index__free_unpacked(named, NULL);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Did we order this: by this number, of this lane, about this read, and once? What is given again
 * to a controller that was built again is older than what it knows of orders. */
static enum err was_ordered(struct controller *ctl, const struct arrival *a, bool *ret,
                            struct fault *fault)
{
    Parkgate__CommandRecord *command = NULL;
    *ret = a->recalled != NULL;
    if (*ret) {
        return ERR_OK;
    }
    enum err err =
        command_get(ctl->txn, a->session->gate.text, a->event->command_sequence, &command, fault);
    if (err != ERR_OK) {
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    if (strcmp(command->lane, a->lane->name.text) == 0 &&
        (command->answered_us == 0 || command->answered_us == a->event->received_us)) {
        err = is_same_read(ctl, a, command, ret, fault);
    }
    parkgate__command_record__free_unpacked(command, NULL);
    return err;
}

/* A command that answers a read is about whoever was read: he is the one who goes through. A gate
 * that says so of itself lets nobody in by it. */
enum err ingest_command(struct controller *ctl, struct arrival *a, struct fault *fault)
{
    bool wait = false;
    uint32_t passed = 0;
    TRY(ingest_find_presentation(ctl, a, &wait, &passed, fault));
    if (wait) {
        ingest_answer(ctl, a, ANSWER_RETRY, 0);
        return ERR_OK;
    }
    bool ordered = false;
    bool done = a->event->command_result == COMMAND_DONE;
    TRY(was_ordered(ctl, a, &ordered, fault));
    a->out.entry.not_ordered = !ordered;
    if (ordered && a->event->presentation != 0 && done) {
        event_outcome_subject(&a->out);
    }
    TRY(ingest_applied(ctl, a, fault));
    return ordered || !done ? ERR_OK
                            : fault_note(ctl, &fault_not_ordered, a->lane->name.text,
                                         a->session->gate.text, a->lane->name.text, fault);
}

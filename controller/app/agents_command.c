/* Commands to lanes. */
#include "common/facts/agent_store.h"
#include "controller/app/agents.h"
#include "controller/app/agents_parts.h"

bool agents_command(struct controller *ctl, const struct lane_command *wanted,
                    uint64_t *ret_sequence, struct complaint *c, enum err *ret_err,
                    struct fault *fault)
{
    Parkgate__AgentRecord *agent = NULL;
    Parkgate__CommandEntry entry = PARKGATE__COMMAND_ENTRY__INIT;
    Parkgate__Command command = PARKGATE__COMMAND__INIT;
    const char *gate = wanted->lane->gate.text;
    struct session *session = session_of_gate(&ctl->sessions, wanted->lane->gate);
    *ret_err = ERR_OK;
    if (session == NULL || session->away) {
        return complain(c, ERROR_GATE_AWAY, gate, NULL, NULL, NULL);
    }
    *ret_err = agent_get(ctl->txn, gate, &agent, fault);
    if (*ret_err != ERR_OK) {
        return false;
    }
    *ret_sequence = agent->command_sequence + 1;
    parkgate__agent_record__free_unpacked(agent, NULL);
    entry.gate = field_text(gate);
    entry.lane = field_text(wanted->lane->name.text);
    entry.verb = wanted->verb;
    entry.command_sequence = *ret_sequence;
    entry.direction = wanted->direction;
    entry.reason = field_text(wanted->reason);
    entry.presentation = wanted->presentation;
    entry.presentation_epoch = wanted->presentation_epoch;
    *ret_err = controller_record(ctl, ENTRY_COMMAND, wanted->actor, &entry.base, fault);
    if (*ret_err != ERR_OK) {
        return false;
    }
    command.command_sequence = *ret_sequence;
    command.gate = entry.gate;
    command.key = field_of(BYTES_OF(session->key.bytes));
    command.lane = entry.lane;
    command.verb = entry.verb;
    command.expires_ms = LIMIT_COMMAND_MS;
    command.direction = entry.direction;
    command.presentation = entry.presentation;
    command.presentation_epoch = entry.presentation_epoch;
    command.issued_us = ctl->now.us;
    batch_send(ctl, PORT_AGENTS, &session->peer, session->version, MESSAGE_COMMAND, 0,
               &command.base);
    return true;
}

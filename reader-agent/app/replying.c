/* Lanes whose reader's own answer opens them: which request belongs to which event. */
#include "reader-agent/app/gate.h"

void reply_expect(struct gate *gate, struct grant_id id, uint64_t ticket)
{
    if (ticket == 0 || grant_id_is_none(id)) {
        return;
    }
    struct reply_ticket *oldest = &gate->tickets[0];
    for (size_t i = 0; i < REPLIES_MAX; i++) {
        if (gate->tickets[i].ticket < oldest->ticket) {
            oldest = &gate->tickets[i]; /* a free one has 0 */
        }
    }
    *oldest = (struct reply_ticket){.id = id, .ticket = ticket};
}

bool reply_is_expected(const struct gate *gate, struct grant_id id)
{
    for (size_t i = 0; i < REPLIES_MAX; i++) {
        if (gate->tickets[i].ticket != 0 && grant_id_equal(gate->tickets[i].id, id)) {
            return true;
        }
    }
    return false;
}

uint64_t reply_ticket_of(struct gate *gate, struct grant_id id)
{
    for (size_t i = 0; i < REPLIES_MAX; i++) {
        if (gate->tickets[i].ticket != 0 && grant_id_equal(gate->tickets[i].id, id)) {
            uint64_t ticket = gate->tickets[i].ticket;
            gate->tickets[i] = (struct reply_ticket){.ticket = 0};
            return ticket;
        }
    }
    return 0;
}

void reply_moved(struct gate *gate, struct grant_id from, struct grant_id to)
{
    for (size_t i = 0; i < REPLIES_MAX; i++) {
        if (gate->tickets[i].ticket != 0 && grant_id_equal(gate->tickets[i].id, from)) {
            gate->tickets[i].id = to;
        }
    }
}

void reply_closed(struct gate *gate, struct grant_id id)
{
    replies_refuse(gate->replies, reply_ticket_of(gate, id));
}

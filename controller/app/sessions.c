#include "controller/app/sessions.h"

#include <stddef.h>

struct session *session_of_gate(struct sessions *sessions, struct name gate)
{
    for (size_t i = 0; i < LIMIT_AGENTS; i++) {
        if (sessions->items[i].used && name_equal(sessions->items[i].gate, gate)) {
            return &sessions->items[i];
        }
    }
    return NULL;
}

struct session *session_of_key(struct sessions *sessions, const struct link_key *key)
{
    for (size_t i = 0; i < LIMIT_AGENTS; i++) {
        if (sessions->items[i].used && link_key_equal(sessions->items[i].key, *key)) {
            return &sessions->items[i];
        }
    }
    return NULL;
}

struct session *session_open(struct sessions *sessions, struct name gate,
                             const struct link_key *key, const struct link_peer *peer)
{
    struct session *session = session_of_gate(sessions, gate);
    struct session_guard guard = {0};
    if (session != NULL) {
        guard = session->guard;
        guard.lag_from = session->away ? (struct mono){0} : guard.lag_from;
    }
    for (size_t i = 0; session == NULL && i < LIMIT_AGENTS; i++) {
        if (!sessions->items[i].used) {
            session = &sessions->items[i];
        }
    }
    if (session != NULL) {
        *session = (struct session){
            .used = true, .peer = *peer, .key = *key, .gate = gate, .guard = guard};
    }
    return session;
}

void session_close(struct session *session)
{
    *session = (struct session){.used = false};
}

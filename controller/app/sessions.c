#include "controller/app/sessions.h"

#include <stddef.h>
#include <string.h>

#include "common/base/must.h"

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

static bool is_peer(const struct link_peer *a, const struct link_peer *b)
{
    return memcmp(a->id, b->id, sizeof(a->id)) == 0;
}

/* LIMIT_SILENCE_MS have gone by since; 0: it never was. */
static bool is_long_ago(struct mono since, struct mono now)
{
    return since.us != 0 && !mono_before(now, mono_after_ms(since, LIMIT_SILENCE_MS));
}

struct session *session_of_speaker(struct sessions *sessions, const struct link_key *key,
                                   const struct link_peer *peer)
{
    struct session *session = session_of_key(sessions, key);
    return session != NULL && is_peer(&session->peer, peer) ? session : NULL;
}

bool session_admits(const struct session *session, const struct link_key *identity,
                    struct bytes store_id, const struct link_peer *peer, struct mono now)
{
    struct bytes own = {.data = session->store_id, .size = session->store_id_size};
    return session->away || is_long_ago(session->heard, now) || is_peer(&session->peer, peer) ||
           !link_key_equal(session->identity, *identity) || bytes_equal(own, store_id);
}

bool session_has_rival(const struct session *session, struct mono now)
{
    return is_long_ago(session->rival_since, now);
}

bool session_is_contested(const struct session *session, const struct link_peer *peer,
                          struct mono now)
{
    return is_peer(&session->former, peer) && is_long_ago(session->former_since, now);
}

/* A connection that wants the session back has not been away since it was displaced first. */
static void remember_former(struct session *session, const struct session *before,
                            struct bytes store_id, struct mono now)
{
    struct bytes own = {.data = before->store_id, .size = before->store_id_size};
    if (is_peer(&before->peer, &session->peer)) {
        session->former = before->former;
        session->former_since = before->former_since;
    } else if (bytes_equal(own, store_id)) {
        session->former = before->peer;
        session->former_since =
            is_peer(&before->former, &session->peer) && before->former_since.us != 0
                ? before->former_since
                : now;
    }
}

struct session *session_open(struct sessions *sessions, struct name gate,
                             const struct link_key *key, const struct link_peer *peer,
                             struct bytes store_id, struct mono now)
{
    struct session *session = session_of_gate(sessions, gate);
    struct session_guard guard = {0};
    struct session before = {0};
    MUST(store_id.size <= SESSION_STORE_ID_MAX);
    if (session != NULL) {
        before = *session;
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
        session->store_id_size = store_id.size;
        if (store_id.size > 0) {
            memcpy(session->store_id, store_id.data, store_id.size);
        }
        if (before.used) {
            remember_former(session, &before, store_id, now);
        }
    }
    return session;
}

void session_close(struct session *session)
{
    *session = (struct session){.used = false};
}

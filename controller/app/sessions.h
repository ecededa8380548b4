/* sessions: which gate speaks from which connection just now. Soft state: no rule reads it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bucket.h"
#include "common/base/bytes.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/link/link.h"
#include "schema/limits.h"

enum { SESSION_DEVICES_MAX = 64, SESSION_DEVICE_STATES = 4 }; /* enum device_state */
/* What the journal says to the anchors that a gate showed at its HELLO (anchors.h). */
enum anchor_word {
    ANCHOR_SHOWN_NONE = 0,
    ANCHOR_SHOWN_BEHIND,      /* of entries that were cut off behind a checkpoint, no other */
    ANCHOR_SHOWN_GOOD,        /* all fit, or are of what a restored backup left */
    ANCHOR_SHOWN_UNPROVED,    /* one is not signed by a key that the journal names */
    ANCHOR_SHOWN_CONTRADICTS, /* one contradicts the journal */
};

struct anchor_shown {
    enum anchor_word word;
    uint64_t sequence; /* of the newest */
    struct wall time;  /* when it was signed */
};

enum { SESSION_STORE_ID_MAX = 64 }; /* bytes of an outbox's name */

/* How far this connection's gate is fed with its copy (copies.h). */
struct copy_feed {
    bool asked;                    /* it said COPY_HAVE: it can decide alone */
    bool counts;                   /* it can work with counts only */
    bool anew;                     /* what it has is not ours, or too old: it needs a snapshot */
    uint64_t generation, sequence; /* of the copy that it has whole */
    uint32_t class;                /* enum copy_class: of that copy, or of the one on its way */
    uint64_t delivery;             /* the stream that feeds it; 0: none */
    uint64_t delivery_generation, from, to; /* of that; `to` once it is told whole */
    uint32_t sent, confirmed;               /* parts */
    struct mono progress;
    struct mono whole_at; /* when it last confirmed a whole copy */
};

/* What a gate has used up of what it may do: kept over its HELLOs, so that saying one again buys
 * nothing. */
struct session_guard {
    struct bucket snapshots;
    struct bucket hellos, epochs; /* of the key's HELLOs; that were given a new epoch */
    struct bucket rivals;         /* HELLOs of another box that were answered: refused */
    struct bucket refused;        /* events that were kept in quarantine */
    struct bucket beats;          /* heartbeats by which the gate was judged */
    uint32_t failures;            /* deliveries given up in a row */
    struct mono not_before;       /* nothing is delivered until then */
    struct mono served;           /* it joined a delivery last */
    struct mono slow_until;       /* it kept others waiting: it is served apart until then */
    struct mono held_from;        /* from then on it kept others waiting for so long: */
    int64_t held_us;
    struct mono lag_from;    /* its copy was whole then, or it was heard first; 0: neither */
    struct wall anchor_kept; /* when the newest that it showed and was kept was signed */
};

/* How far a gate is that is asked for what it keeps (recall.h). */
enum { RECALL_CURSOR_MAX = 128 };

struct session_recall {
    uint64_t number; /* of the recovery; 0: not asked */
    uint32_t epoch;  /* behind this place it is asked, or is to be */
    uint64_t sequence;
    struct mono asked;
    bool waits;     /* for an answer: others are not taken */
    bool wait_long; /* it gave all, and some of it is of lanes that the park does not have */
    uint64_t events, fresh, skipped;
    uint64_t lost;  /* nobody can read them, or they were not taken; not in `events` */
    bool rows_done; /* of its copy: they come first */
    struct mono rows_heard;
    uint64_t persons; /* of them not known before */
    uint64_t rows;
    size_t cursor_size;
    uint8_t cursor[RECALL_CURSOR_MAX];
};

/* How much a key may cost: what is above it waits, is not recorded, and is not answered as done.
 * A box that is well says HELLO once a second at the most, whatever becomes of its connection, and
 * needs no new epoch to come back: none of these ever keeps one from returning. */
enum {
    GUARD_HELLOS = 60, /* at once, and one each: */
    GUARD_HELLO_MS = 1000,
    GUARD_RIVALS = 60,
    GUARD_RIVAL_MS = 1000,
    GUARD_EPOCHS = 12,
    GUARD_EPOCH_MS = 300000,
    GUARD_REFUSED = 1000,
    GUARD_REFUSED_MS = 6000,
    GUARD_BEATS = 60, /* all are answered; a box that is well sends one in two seconds */
    GUARD_BEAT_MS = 1000,
};

struct session {
    bool used;
    bool away; /* silent for too long; a fault was raised */
    struct link_peer peer;
    struct link_key key;
    struct link_key identity; /* the box's first key: under it its events stand */
    bool draws;               /* was told to draw a new key */
    bool has_drawn;           /* ... and offered `drawn`; it may offer no other */
    struct link_key drawn;
    bool kept_server_key; /* it has our next one */
    struct name gate;
    size_t store_id_size; /* the outbox that speaks */
    uint8_t store_id[SESSION_STORE_ID_MAX];
    struct mono rival_since;  /* a box with another outbox and the same key was refused; 0: none */
    struct link_peer former;  /* the connection before, of the same outbox, */
    struct mono former_since; /* which this one displaced then; 0: none */
    uint8_t version;
    uint32_t epoch;
    uint32_t asked_epoch, ordered_epoch; /* of the HELLO that was given a new one; 0: none was */
    uint64_t config_version;             /* that the gate has */
    struct mono heard;
    struct wall heard_wall;
    int64_t offset_ms; /* its clock minus ours */
    uint64_t pending, last_sequence;
    uint64_t emergency;    /* newest emergency state that it showed */
    uint64_t pending_from; /* lowest sequence not answered; 0 none */
    uint32_t outbox_permille;
    uint32_t devices_down, boards_down;      /* of the former so many are boards */
    uint32_t devices[SESSION_DEVICE_STATES]; /* how many are in each state, as it said last */
    struct mono subjects_at;                 /* its open orders are told again then */
    bool subjects_told;                      /* the last telling had some */
    struct session_recall recall;
    struct copy_feed feed;
    struct session_guard guard;
    struct mono since;       /* its HELLO */
    bool shown_copy;         /* by which it had a copy then */
    bool beaten;             /* a heartbeat came since its HELLO: what it says of itself is known */
    bool muster_told;        /* a muster post: a list was begun for it on this connection */
    uint64_t welcome_commit; /* WELCOME left with a later commit than this one */
    uint32_t lease_left_s;   /* as it said last */
    bool clock_unknown;
    struct anchor_shown anchor; /* what it keeps of our journal, as it showed */
};

struct sessions {
    struct session items[LIMIT_AGENTS];
};

/* The session that `gate` or `key` has now; NULL: none. */
struct session *session_of_gate(struct sessions *sessions, struct name gate);
struct session *session_of_key(struct sessions *sessions, const struct link_key *key);
/* The same, if it is this connection's: what another one says is not the gate's word. */
struct session *session_of_speaker(struct sessions *sessions, const struct link_key *key,
                                   const struct link_peer *peer);
/* May a HELLO with this outbox and key, on this connection, have the gate's session? Not while
 * another box speaks: one with the same key and another outbox, heard less than LIMIT_SILENCE_MS
 * ago. A box that comes back by a new connection has its own outbox, and may at once. */
bool session_admits(const struct session *session, const struct link_key *identity,
                    struct bytes store_id, const struct link_peer *peer, struct mono now);
/* Two boxes speak: the session's own box is heard, and another was refused LIMIT_SILENCE_MS ago or
 * longer. What a box sent before it was switched off has come by then. */
bool session_has_rival(const struct session *session, struct mono now);
/* Two boxes speak that have the same outbox (one is a copy of the other): a connection that was
 * displaced LIMIT_SILENCE_MS ago or longer wants the session back. A connection that was given up
 * does not. */
bool session_is_contested(const struct session *session, const struct link_peer *peer,
                          struct mono now);
/* A new session for the gate, in place of an older one, whose guard it takes over. store_id: at
 * most SESSION_STORE_ID_MAX bytes, copied. NULL: LIMIT_AGENTS are taken. */
struct session *session_open(struct sessions *sessions, struct name gate,
                             const struct link_key *key, const struct link_peer *peer,
                             struct bytes store_id, struct mono now);
void session_close(struct session *session);

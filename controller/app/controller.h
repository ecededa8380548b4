/* controller: the state machine's state, as its parts share it.
 *
 * One thread. Inputs (frames of agents and operators, timers) come in through turn.h; each is
 * worked off inside the open batch's transaction and its answers leave by the outlet. Nothing here
 * reads a clock, a file, a socket or a random source of libc: times come with each call, random
 * bytes from `entropy`, and frames leave by function pointers.
 */
#pragma once

#include "common/base/clock.h"
#include "common/base/entropy.h"
#include "common/base/tz.h"
#include "common/facts/field.h"
#include "common/facts/view.h"
#include "common/link/key.h"
#include "common/link/link.h"
#include "common/metrics/process.h"
#include "common/park/park.h"
#include "common/seal/anchor.h"
#include "common/seal/box.h"
#include "common/seal/seal.h"
#include "common/seal/sign.h"
#include "common/store/store.h"
#include "controller/app/emergency_news.h"
#include "controller/app/in_work.h"
#include "controller/app/index_keys.h"
#include "controller/app/late_keys.h"
#include "controller/app/retaining.h"
#include "controller/app/sessions.h"
#include "controller/core/gauges.h"
#include "schema/record.pb-c.h"

enum port {
    PORT_AGENTS = 0,
    PORT_OPERATORS = 1,
    PORT_ENROL = 2,
    PORT_STATIONS = 3,
    PORT_COUNT = 4,
};

/* How effects leave. Calls return at once. */
struct outlet {
    /* Sends a frame; a peer that is gone or busy loses it (what must arrive is asked for again). */
    void (*send)(void *ctx, enum port port, const struct link_peer *peer, struct bytes frame);
    /* Starts a one-shot process ("verify", "recount", "backup DIR"); its end comes back by
     * turn_job_done() under the same number. */
    enum err (*job)(void *ctx, uint64_t job, const char *const args[], struct fault *fault);
    /* Keeps an anchor's line for good, in the file of this keeper; `key` NULL: it needs not be
     * named. False: it could not. The pointer NULL: this controller makes no anchors. */
    bool (*anchor)(void *ctx, const char *keeper, const struct sign_public *key, const char *line);
    void *ctx;
};

/* anchors.h; soft */
struct anchors {
    struct mono next;     /* when the head is anchored again; 0: not yet */
    struct anchor newest; /* of this run */
    struct sign_public newest_key;
    bool export_failing;
    bool key_is_named; /* by the durable journal: the key that signs */
    bool has_former_key;
    struct sign_key former_key;
};

/* What operators are told when they ask for a gate's enrolment. */
struct endpoints {
    char agents[LINK_ENDPOINT_SIZE], operators[LINK_ENDPOINT_SIZE], enrol[LINK_ENDPOINT_SIZE];
    char server_key[LINK_KEY_Z85_SIZE];
};

enum { HANDLE_CLUSTER_SIZE = 6 }; /* see controller_draw_handle() */
/* How far the search for clearances that end soon is (notices.h). Soft. */
struct notices_place {
    size_t size;
    uint8_t bytes[STORE_KEY_MAX + 1];
};
struct notices {
    bool wanted, looking, more;
    int32_t day; /* last looked at on this one */
    struct notices_place at, next;
};

struct batch;
struct copies;
struct disclosing;
struct muster_feed;
struct waiters;

/* A walk over all credentials, for what face terminals must know (subjects.h). */
struct subject_sweep {
    uint64_t config_version;     /* of the park that it began with */
    bool more;                   /* it is not through */
    struct seal_hash from, next; /* the step under way, and the one after */
    struct mono again;
};

/* The key of a gate's day that was opened last: the next event is of the same day, mostly. */
struct recall_day {
    bool there;
    uint32_t day;
    struct seal_key key;
};

/* erasure.h; soft: what must be known after a restart stands in tables ERASURE and ERASURE_OPEN */
enum erasing_work {
    ERASING_NOTHING = 0,
    ERASING_KEYS,   /* keys are deleted, a slice a tick */
    ERASING_COPY,   /* a job copies the environment */
    ERASING_FOLLOW, /* what was written meanwhile is brought to the copy, a slice a turn */
    ERASING_WIPE,   /* a job writes over the old file */
    ERASING_NOTE,   /* it is noted of each erasure, a slice a tick */
};
struct erasing {
    bool looked, wanted; /* at the table since the start; the keys are to be rewritten, for a person */
    bool wanted_later;   /* for other keys that were deleted: ERASURE_LATER_MS after the last time */
    enum erasing_work work;
    uint32_t backups_left; /* by the last rewriting */
    struct mono again, look_at, later_at, daily_at;
    struct late_keys late;                    /* from ERASING_COPY on */
    struct store_swap *swap;                  /* in ERASING_FOLLOW; owned */
    bool more;                                /* the slice was not the last */
    struct handle from, next;                 /* of erasures: the slice under way, the one after */
    struct handle looked_from, looked_next;   /* of those that wait for confirmations */
};

/* checkpoints.h; soft: what must be known after a restart stands in table TRUNCATION */
enum checkpoint_work {
    CHECKPOINT_NOTHING = 0,
    CHECKPOINT_MAKING,
    CHECKPOINT_TIDYING,
    CHECKPOINT_LOOKING, /* whether a truncation may begin */
};
struct checkpointing {
    bool looked, tidy; /* at the table since the start; older snapshots are to go */
    bool cutting;      /* entries are to go */
    enum checkpoint_work work;
    struct mono look_at, slice_at;
    struct mono make_at, tidy_at; /* not before: the last time it went wrong */
};

/* watch.h. Soft. */
enum { WATCH_PENDING_MAX = 32 };
struct watch_keep {
    bool begun;
    bool looks;           /* holders' identity numbers may have to be hashed */
    struct mono look_at;  /* the next slice of that */
    struct mono sweep_at; /* the next walk over all entries begins then */
    bool sweeping, sweep_more;
    struct handle sweep_from, sweep_next;
    size_t pending_count; /* bundles that the last gate may not have yet */
    struct {
        struct name authority;
        uint64_t number;
    } pending[WATCH_PENDING_MAX];
};

/* own_clock.h */
struct own_clock {
    struct wall high;  /* the latest time that was ever recorded, or said since the start */
    bool told, behind; /* what was told last, if anything was since the start */
    bool logged;
};

/* dispositions.h; soft: how far the newest look at them came, 0: to the end. */
struct disposition_look {
    struct mono next;
    uint64_t open, due;
};

struct controller {
    struct store *store; /* borrowed */
    struct store *keys;  /* the person-key environment; borrowed */
    const struct entropy *entropy;
    struct index_keys index_keys;        /* keyed hashes of identifiers */
    struct seal_box_secret recovery_key; /* opens what gates keep when they lost their own keys */
    struct sign_key sign_key;            /* park_sign.h */
    struct recall_day recall_day;        /* soft */
    unsigned day_boxes;                  /* opened in this turn */
    struct mono recall_rows_since;       /* gates are asked for rows; 0: not */
    struct outlet outlet;
    struct endpoints endpoints;
    struct tz_table tz;
    char zoneinfo[TZ_NAME_SIZE * 2]; /* directory of zone files, for a park whose zone changes */
    struct park *park;               /* of the newest configuration version; owned */
    struct wall now;                 /* of this turn */
    struct mono mono;
    bool clusters; /* new handles begin with `cluster` */
    uint8_t cluster[HANDLE_CLUSTER_SIZE];
    struct store_txn *txn;        /* of the input in work; NULL between inputs */
    struct store_txn *keys_txn;   /* opened when the batch makes a first new key; else NULL */
    struct store_txn *keys_outer; /* in a scope: what keys_txn is a savepoint of, if it is open */
    bool keys_scoped;
    struct batch *batch;
    struct copies *copies;
    struct muster_feed *muster;
    struct sessions sessions; /* soft state */
    struct waiters *waiters;  /* operators that follow events, or wait for a job */
    struct in_work *in_work;  /* shared mapping that outlives a crash; borrowed */
    struct subject_sweep sweep;
    struct mono started;
    struct disposition_look dispositions;
    bool unheard_told;             /* gates not heard since the start were told once */
    struct notices notices;
    bool has_next_server_key, server_key_now; /* rekey.h; soft */
    struct link_key next_server_key;
    bool emergency_waits;     /* a board's word told late may wait to count; looked at again */
    uint64_t emergency_shown; /* highest number of an emergency state that a gate showed; soft */
    struct emergency_news emergency_news;
    bool store_full; /* the last commit found no room */
    struct own_clock own_clock;
    struct anchors anchors;
    struct erasing erasing;
    struct checkpointing checkpointing;
    struct watch_keep watch;
    struct retaining retaining;
    struct disclosing *disclosing; /* disclosure.h; soft; NULL: no file was taken yet */
    size_t ballast_bytes; /* ballast.h; 0: there is none */
    bool ballast_spent, store_short, store_short_told;
    bool stores_over;                   /* turn_is_over() */
    uint64_t frames_refused;            /* gauges */
    struct gauges gauges;               /* times are measured by the shell */
    struct process_figures process;     /* read by the shell now and then */
    uint64_t inputs, batch_inputs_most; /* committed; of one batch */
    uint64_t commits, commits_told;     /* the latter: those that followers were woken for */
};

/* Opens ctl->keys_txn unless it is open: it is committed with the batch, before it. */
MUST_CHECK enum err controller_keys_begin(struct controller *ctl, struct fault *fault);
/* Keys made or destroyed between the two calls are kept, or it is as if they never were. Scopes do
 * not nest. */
void controller_keys_scope_begin(struct controller *ctl);
MUST_CHECK enum err controller_keys_scope_end(struct controller *ctl, bool keep,
                                              struct fault *fault);
/* The seal key of a holder. `create` makes one when there is none (durable before the batch).
 * ERR_NOT_FOUND: there is none, or it was destroyed. */
MUST_CHECK enum err controller_holder_key(struct controller *ctl, struct handle holder, bool create,
                                          struct seal_key *ret_key, struct fault *fault);
/* Destroys a key, with the batch's commit; the file is rewritten later (erasure.h). ERR_OK also
 * when there is none. */
MUST_CHECK enum err controller_forget_key(struct controller *ctl, struct handle holder,
                                          struct fault *fault);
/* The same with the keys of all UTC days before this one. */
MUST_CHECK enum err controller_forget_day_keys(struct controller *ctl, int32_t before,
                                               unsigned *ret_deleted, struct fault *fault);
/* The day key of the present UTC day, and its number. */
MUST_CHECK enum err controller_day_key(struct controller *ctl, int32_t *ret_day,
                                       struct seal_key *ret_key, struct fault *fault);

/* Of one candidate: made, opened, destroyed. */
MUST_CHECK enum err controller_candidate_key(struct controller *ctl, struct handle candidate,
                                             bool create, struct seal_key *ret_key,
                                             struct fault *fault);
MUST_CHECK enum err controller_candidate_forget(struct controller *ctl, struct handle candidate,
                                                struct fault *fault);
/* Of one entry of the watch list. ERR_NOT_FOUND: there is none, or it was destroyed. */
MUST_CHECK enum err controller_watch_key(struct controller *ctl, struct handle entry,
                                         struct seal_key *ret_key, struct fault *fault);

/* A fresh random handle. Between the two calls below all begin with the same random bytes, and ten
 * random bytes follow: rows that come together stand together in every table that goes by handle,
 * so that a slice of an import writes few pages. What such handles tell is that they were made by
 * one slice, which the journal tells as well. */
struct handle controller_draw_handle(struct controller *ctl);
void controller_cluster_begin(struct controller *ctl);
void controller_cluster_end(struct controller *ctl);

/* Appends an entry to the journal and applies it to the tables, in ctl->txn. */
MUST_CHECK enum err controller_record(struct controller *ctl, uint32_t kind, const char *actor,
                                      const ProtobufCMessage *body, struct fault *fault);

/* Seals a packed message. `out` must hold its packed size + SEAL_OVERHEAD; returns the bytes used.
 */
size_t controller_seal(struct controller *ctl, const struct seal_key *key,
                       const ProtobufCMessage *message, uint8_t *out, size_t capacity);

/* Keyed hashes, by which things are found without being kept in clear: the one it is kept under, or
 * would be (index_keys.h). In ctl->txn. */
struct seal_hash controller_credential_hash(const struct controller *ctl, uint32_t kind,
                                            struct bytes canonical);
/* The same under one index key, whatever is kept. */
struct seal_hash controller_credential_hash_under(const struct seal_key *key, uint32_t kind,
                                                  struct bytes canonical);
/* A PIN, by holder and digits: equal PINs of two persons have nothing in common. */
struct seal_hash controller_pin_hash(const struct controller *ctl, struct handle holder,
                                     struct bytes digits);
struct seal_hash controller_id_hash(const struct controller *ctl, const char *what,
                                    struct bytes canonical);
/* A person's number at a tenant. */
struct seal_hash controller_external_hash(const struct controller *ctl, const char *tenant,
                                          const char *external);
/* What is kept of an event's SHA-256 `digest`: who reads the journal cannot try plates, numbers or
 * PINs on it. */
struct seal_hash controller_event_hash(const struct controller *ctl, struct bytes digest);
/* Is `kept` that of `digest`? Entries of before keep the digest itself. */
bool controller_event_matches(const struct controller *ctl, struct bytes kept, struct bytes digest);

/* What decisions of this turn are gathered from: the tables of ctl->txn. Valid for the call that
 * it is given to. */
struct facts_view controller_view(const struct controller *ctl);

/* Loads park and time zone again after a configuration was committed or undone. */
MUST_CHECK enum err controller_reload(struct controller *ctl, struct store_txn *txn,
                                      struct fault *fault);

/* Local business date of the park. */
int32_t controller_today(const struct controller *ctl);

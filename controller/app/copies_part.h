/* copies_part: what copies.c sends and copies_part.c builds: one part at a time. */
#pragma once

#include "common/facts/copy_class.h"
#include "controller/app/copies.h"

enum {
    COPY_KEYS_MAX = 8192, /* touched rows that wait to be told */
    COPY_KEY_BYTES = 512 * 1024,
    COPY_COLLECT = 1024, /* collected at a time, and what the last entry of them adds */
    COPY_SLOTS = 2 * COPY_KEYS_MAX,
};

/* A credential in a part: its row is packed for each gate, with the gate's hash. */
struct copy_credential {
    enum table table; /* CREDENTIAL; WATCH_MATCH: an entry of the watch list */
    uint8_t key_size, key[COPY_WATCH_KEY_SIZE];
    uint32_t kind;
    size_t value_at, value_size; /* in the part's bytes */
    uint8_t canonical_size;      /* 0: no hash */
    uint8_t canonical[LIMIT_CREDENTIAL_BYTES];
};

/* Packed rows, as fields of the message. */
struct copy_packed {
    size_t used;
    uint8_t bytes[COPY_PART_BYTES + STORE_KEY_MAX + 64];
};

struct copy_part {
    bool there; /* built and not sent to all yet */
    bool complete;
    uint64_t to;
    size_t rows, credential_count;
    size_t value_used;
    size_t damaged; /* credentials told without a hash, for their records are damaged; the last: */
    struct handle damaged_credential;
    struct copy_digests digests;
    struct copy_packed common;                 /* told to all */
    struct copy_packed only[COPY_CLASS_COUNT]; /* told to gates of one class */
    uint8_t values[COPY_PART_BYTES];           /* of credentials */
    struct copy_credential credentials[COPY_PART_ROWS];
};

/* Rows that entries touched and that are not told yet: each once. */
struct copy_keys {
    size_t count, next, used;
    struct {
        enum table table;
        uint32_t at;
        uint8_t size;
    } keys[COPY_KEYS_MAX];
    uint16_t slots[COPY_SLOTS];
    uint8_t bytes[COPY_KEY_BYTES];
};

struct copy_stream {
    uint64_t id; /* of the deliveries it feeds; 0: idle */
    bool snapshot;
    bool walked;     /* snapshot: all tables were walked */
    uint32_t nonce;  /* snapshot: of its generation */
    uint32_t number; /* of the last part built */
    uint64_t cursor; /* changes up to here are in `keys`, or told */
    struct copy_place place;
    struct copy_keys keys;
    struct copy_part part;
    size_t next_session; /* the part was sent to those before */
    size_t held_by;      /* the session that it waits for, and 1; 0: none */
    struct mono held_at; /* looked at then */
};

/* Which of its own events a gate's copy holds, as of the part that is whole. */
struct copy_covered {
    size_t count; /* of numbers: first, last, first, last ... */
    uint64_t at[2 * COPY_RANGES_MAX];
};

/* What was applied of a gate's events of one epoch. ERR_FULL: too many ranges. */
MUST_CHECK enum err copies_covered(struct store_txn *txn, struct bytes identity, uint32_t epoch,
                                   struct copy_covered *ret, struct fault *fault);

/* What a copy is of. */
struct copy_generation {
    const char *gate;
    struct bytes key; /* public, of the gate */
    uint32_t epoch;
    uint64_t recovery; /* journal number of the controller's last one; 0: none ever was */
    uint32_t nonce;    /* a drawn number */
    enum copy_class class;
};
/* The number of such a copy: the drawn one, and a signature of all, so that it is known again after
 * a restart, and as another one once the gate's class is another. What a gate was fed before its
 * controller was restored from a backup is of another history: the sequence of that copy may stand
 * for something else by now. */
uint64_t copies_generation(const struct seal_key *gates_key, const struct copy_generation *of);

/* *ret_open: it goes on. Gates know more than we do then, and are not to unlearn it. */
MUST_CHECK enum err copies_recovery(struct store_txn *txn, uint64_t *ret_number, bool *ret_open,
                                    struct fault *fault);

/* Builds the stream's next part from what is committed. part->there false: nothing to tell yet,
 * call again. *ret_read: rows that were read. ERR_FULL: an entry touched more than can be told. */
MUST_CHECK enum err copies_build(struct copy_stream *stream, struct store_txn *txn,
                                 struct store_txn *keys_txn, uint64_t *ret_read,
                                 struct fault *fault);
/* The part's rows for a gate of this class as fields of CopyPart, credentials with hashes made with
 * `key`. Returns bytes. */
size_t copies_pack_rows(const struct copy_part *part, enum copy_class class,
                        const struct seal_key *key, uint8_t *out, size_t capacity);

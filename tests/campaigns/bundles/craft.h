/* craft: bundles of the watch list put together field by field, by an encoder of our own.
 *
 * It is written from schema/watch.proto and docs/watch-list.md and shares no code with what it is
 * for: common/watch reads, this writes. Each field may be written as no sound encoder writes it,
 * at every level, and all around it still be right: digests, counts, signature.
 */
#pragma once

#include "common/watch/watch_make.h"

enum {
    CRAFT_PIECES = 16,
    CRAFT_CHANGES = 24,
    CRAFT_CHUNKS = 4,
    CRAFT_DATA = 1200,
    CRAFT_WIRE = 64 * 1024,
};

/* One field. */
struct piece {
    uint32_t number;
    bool run; /* bytes; else a number */
    uint64_t value;
    size_t size;
    uint8_t data[CRAFT_DATA];
    uint8_t tag_pad, value_pad; /* surplus bytes of its tag, and of its number or length */
};

/* One message. `tail` stands behind its last field as it is. */
struct form {
    struct piece piece[CRAFT_PIECES];
    size_t count;
    uint8_t tail[16];
    size_t tail_size;
    size_t cut; /* bytes that are left out at its end */
};

/* A bundle before it is encoded. Change i is in the chunk c with first[c] <= i < first[c + 1]. */
struct crafted {
    struct form manifest; /* without its digests of chunks */
    struct form chunk[CRAFT_CHUNKS];
    size_t chunk_count, first[CRAFT_CHUNKS + 1];
    struct form change[CRAFT_CHANGES]; /* the entry of an add is put in when it is encoded */
    struct form entry[CRAFT_CHANGES];
    bool has_entry[CRAFT_CHANGES];
    size_t change_count;
    size_t digest_less, digest_more; /* digests left out at the end, or doubled */
    size_t digest_size;              /* 0: 32 */
    bool digests_swapped;
};

/* As it goes over the wire. */
struct wire {
    uint8_t manifest[CRAFT_WIRE];
    size_t manifest_size;
    struct sign_value signature;
    size_t chunk_count;
    size_t chunk_size[CRAFT_CHUNKS + 1];
    uint8_t chunk[CRAFT_CHUNKS + 1][CRAFT_WIRE];
};

struct craft_random {
    uint64_t state;
};

uint64_t craft_draw(struct craft_random *r);
/* 0 to count - 1; count is not 0. */
size_t craft_pick(struct craft_random *r, size_t count);

/* The field with this number; adds one at its place in the order when there is none. */
struct piece *craft_field(struct form *form, uint32_t number);
void craft_drop(struct form *form, uint32_t number);
bool craft_has(const struct form *form, uint32_t number);
void craft_set_number(struct form *form, uint32_t number, uint64_t value);
void craft_set_text(struct form *form, uint32_t number, const char *text);
void craft_set_bytes(struct form *form, uint32_t number, const void *data, size_t size);

/* What an authority has at a whole park: what a good bundle may renew and withdraw there. */
enum { CRAFT_LIVE = 64 };
struct craft_life {
    uint64_t ids;  /* drawn so far */
    size_t people; /* entries of persons put so far */
    size_t count;
    struct craft_live {
        char id[24];
        bool renewed;
    } live[CRAFT_LIVE]; /* vehicles */
};

/* A bundle that must be taken after what `expected` says was taken, with changes of all kinds. */
void craft_good(struct craft_random *r, const struct watch_expected *expected, struct crafted *ret);
/* One that a whole park must take, too, and what it has then. */
void craft_good_for(struct craft_random *r, const struct watch_expected *expected,
                    struct craft_life *life, struct crafted *ret);
/* Makes the counts of the manifest those of its changes. */
void craft_count(struct crafted *bundle);
/* Encodes and signs. */
void craft_encode(const struct crafted *bundle, const struct sign_key *key, struct wire *ret);
void craft_sign(struct wire *wire, const char *line, const struct sign_key *key);

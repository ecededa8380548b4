/* taker: a gate's half of the feed of copies, for tests: a second store that stages parts and takes
 * them with copy_row_take(). After each `complete` its digest, and what it holds summed up anew,
 * are the ones that were told. */
#pragma once

#include "tests/unit/controller/harness.h"

#include "common/facts/copy_class.h"

enum { PARTS_MAX = 512 };

/* The gate's half. */
struct taker {
    struct world *w;
    struct gate gate;
    char dir[96];
    struct store *store;
    uint64_t generation, sequence;
    struct copy_digest digest;
    struct seal_key key;
    uint64_t staging, staging_from;
    uint32_t number;
    size_t staged_count;
    const Parkgate__CopyPart *staged[PARTS_MAX]; /* borrowed from the world */
    size_t seen;                                 /* frames of the world looked at */
    size_t completes;                            /* taken */
    size_t rows;                                 /* told by the last delivery */
    bool silent;                                 /* answers nothing */
    bool counts;                                 /* says that it can work with counts only */
    size_t lose;                                 /* so many parts are lost */
    const Parkgate__CopyPart *last;
    bool holds_counts; /* as the last delivery said */
};

void taker_open(struct taker *t, struct world *w, const char *gate, uint8_t number);
void taker_close(struct taker *t);
/* Says COPY_HAVE. */
void taker_have(struct taker *t, bool anew);
/* HELLO again; what was staged is gone. */
void taker_rejoin(struct taker *t);
/* Works off what came since, and what its answers bring, until nothing comes. */
void taker_pump(struct taker *t);
void taker_beat(struct taker *t);
/* Seconds pass, with ticks and heartbeats. */
void taker_rounds(struct taker *t, int seconds);
/* It holds what the controller's tables hold for its class, as of now. */
void assert_taken_whole(struct taker *t);
/* What a store with the tables of tables.h holds, as each class is told it. */
struct copy_digests sum_of_store(struct store *store);

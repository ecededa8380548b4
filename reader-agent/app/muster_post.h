/* muster_post: this gate's box keeps who is inside, with names that are closed
 * (common/seal/muster_seal.h, store/muster_file.h), when the park names it a muster post.
 *
 * The list's key comes with the list and is kept in memory only, in a page that outlives a crash of
 * the worker. When fire or evacuation is on, as this gate knows it, the key is written beside the
 * list: so names open at the post with the controller dead, and after a power cut in the middle of
 * a fire. When it is over the key is wiped, and the next list has another.
 *
 * A list is never replaced by an older one: a controller that was set back knows less than the one
 * before it told. While it recovers none is taken, and behind a journal's newer list an older one
 * of the same journal is not; after a recovery sequences begin anew.
 */
#pragma once

#include "common/seal/seal.h"
#include "schema/agent.pb-c.h"

struct gate;

/* In a mapping that the launcher's children share; all zero at first. */
struct muster_page {
    uint64_t sequence; /* of the list whose key it is; 0: none */
    struct seal_key key;
};

struct muster_post {
    struct muster_page *page; /* borrowed, or `own` */
    struct muster_page own;
    bool has_list, is_open; /* what lies in the file */
    uint64_t sequence;      /* of that list ... */
    uint64_t recovery;      /* ... and the controller's last recovery then */
    bool refusing;          /* the list that came last was none to be taken */
    bool failing;           /* the disk did not take the last change */
    /* The list that is coming; heap copies of its parts. */
    uint64_t next_sequence, next_recovery;
    struct seal_key next_key;
    size_t part_count;
    struct {
        uint8_t *data;
        size_t size;
    } * parts;
    int64_t notes_at_us; /* mono: notes of openings are looked for then */
};

/* Reads what lies there. `page` NULL: none is shared. */
void muster_begin(struct gate *gate, struct muster_page *page);
void muster_end(struct gate *gate);
/* MESSAGE_MUSTER. */
void muster_heard(struct gate *gate, const Parkgate__Muster *message);
/* Opens or closes the list by the emergency state, removes it where the gate is no post any more,
 * and makes events of the openings. */
void muster_tick(struct gate *gate);

/* muster_feed: muster posts are sent the list of who is inside, with names that only the park's
 * muster key or a fire state at the post opens (common/seal/muster_seal.h).
 *
 * One list at a time, for all posts: a walk over who is inside, MUSTER_PART_ROWS persons a step,
 * with MUSTER_STEP_MS between steps for events. Who moves while it is walked may stand in it twice
 * or not at all; the next list is begun MUSTER_EVERY_MS after this one, or MUSTER_HURRY_MS while an
 * emergency is on. So a post that hears the controller has a list no older than that and the walk
 * (20,000 persons: some 2 s). A lost part voids the list at the post, nothing is sent again.
 * A gate that was named as not heard and then tells all hurries one list, and no other before a
 * list came in its time: a gate that takes its word back and gives it again buys nothing. A list
 * has room for MUSTER_PARTS_MAX parts, and says how many it leaves out.
 *
 * While the controller recovers nothing is sent: it knows who was inside at the time of the backup,
 * and posts have the last true list.
 *
 * All of it is soft state; no name is written anywhere here.
 */
#pragma once

#include "controller/app/controller.h"

enum {
    MUSTER_EVERY_MS = 60000,
    MUSTER_HURRY_MS = 15000, /* in an emergency */
    MUSTER_AGAIN_MS = 5000,  /* at the earliest, for a post that has just come, and when a gate that
                              * was named as not heard has told all */
    MUSTER_NEWS_MS = 15000,  /* ... and between two that such gates hurried */
    MUSTER_PART_ROWS = 100,
    MUSTER_STEP_MS = 5,
};

struct muster_feed;

struct muster_feed *muster_feed_create(void);
void muster_feed_destroy(struct muster_feed **feed);

/* One step, when it is time for one. Returns milliseconds until it wants to be called again; -1:
 * with the next tick. */
int64_t muster_feed_turn(struct controller *ctl);

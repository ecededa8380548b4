/* replies: cameras whose HTTP answer opens their lane. An actuator family, and the requests that
 * wait.
 *
 * A post of such a camera becomes a reading with a ticket; its request waits until the agent has
 * committed a verdict and either opens under that ticket or refuses it. What is then answered is
 * decided here and nowhere else, and the answer that opens is made by one function of replies.c:
 *
 *   post --begin--> WAITING --open--> GRANTED --answer--> sent --> opened(OPEN_DONE)
 *                      | refuse, LIMIT_REPLY_MS            | the connection is dead or breaks
 *                      v                                   v
 *                   REFUSED: an answer that opens nothing  VOID: opened(OPEN_EXPIRED or
 * OPEN_HUNG_UP)
 *
 * - The same event posted again while its request waits, waits with it. Posted again within
 *   REPLIES_AGAIN_MS of the first answer it gets the same bytes while the grant lives (sent or
 * being sent, not void, the lane not locked since); else, and for ever after, an answer that opens
 *   nothing.
 * - An order of a person (no ticket) waits for the camera's next poll, until it expires; its
 *   longest life is LIMIT_COMMAND_MS. A poll with nothing pending opens nothing. The entry of a
 *   camera that does not wait is no such order: the agent voids it (lane_perform).
 * - History never gets a ticket.
 *
 * Bounded: REPLIES_MAX events and orders. When all of them wait, a further one gets no ticket: its
 * answer opens nothing.
 */
#pragma once

#include "reader-agent/driver/driver.h"
#include "reader-agent/driver/http_driver.h"

enum {
    REPLIES_MAX = 64,
    REPLIES_WATCHERS = 2,
    REPLIES_AGAIN_MS = 5000,
    REPLIES_KEY_SIZE = LIMIT_DEVICE_EVENT_BYTES + 1,
};

struct replies;

/* Borrowed: clock. NULL: no memory. */
struct replies *replies_create(const struct actuator_sink *sink, const struct clock *clock);
/* What waits is void then; the sink is not called. */
void replies_destroy(struct replies **replies);

/* --- for the agent --- */

/* open: answers the request of opening->ticket, or without a ticket the next poll of the lane's
 * camera. ERR_NOT_FOUND: not waiting any more (answered, too late): nothing is opened. ERR_BUSY:
 * too many orders wait. */
extern const struct actuator_ops replies_ops;
/* The verdict is no grant, or there will be none: the answer opens nothing. Does nothing when the
 * ticket is settled. */
void replies_refuse(struct replies *replies, uint64_t ticket);
/* The lane was locked: no answer opens it again for what was granted before. */
void replies_void_lane(struct replies *replies, struct name lane);
/* Ends what is overdue. Ask replies_next when the next is. */
void replies_turn(struct replies *replies);
/* False: nothing waits. */
bool replies_next(const struct replies *replies, struct mono *ret_deadline);

/* --- for the listener --- */

/* Called whenever a ticket is settled, also from within other calls. */
void replies_watch(struct replies *replies, void (*settled)(void *ctx, uint64_t ticket), void *ctx);
void replies_unwatch(struct replies *replies, void *ctx);

/* An event of `lane`'s camera, told from others by `key`. The ticket of its first post. *ret_first:
 * this is that post, hand the reading over; else the event is durable already, or about to be. 0:
 * no room. */
uint64_t replies_begin(struct replies *replies, struct name reader, struct name lane,
                       const char *key, bool *ret_first);
/* The event could not be made durable: its next post is a first one. */
void replies_forget(struct replies *replies, uint64_t ticket);
/* The camera asks whether its lane is to be opened. The ticket of an order, settled already; 0:
 * nothing is pending. */
uint64_t replies_poll(struct replies *replies, struct name lane);
bool replies_is_settled(const struct replies *replies, uint64_t ticket);
/* May a settled ticket be answered by opening, now, to a connection that is alive or not? True: the
 * answer is written, replies_sent must follow. False: it is untouched, and opens nothing. */
bool replies_answer(struct replies *replies, uint64_t ticket, bool alive,
                    struct http_answer *answer);
/* The opening answer went out whole, or its connection broke. */
void replies_sent(struct replies *replies, uint64_t ticket, bool whole);

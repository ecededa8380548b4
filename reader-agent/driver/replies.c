#include "reader-agent/driver/replies.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"

enum state {
    STATE_FREE,
    STATE_WAITING, /* for a verdict */
    STATE_ORDER,   /* a person's order, for the camera's next poll */
    STATE_GRANTED,
    STATE_REFUSED, /* or void: opens nothing, now and later */
};

struct slot {
    enum state state;
    uint64_t ticket;
    struct name reader, lane;
    char key[REPLIES_KEY_SIZE]; /* "" an order */
    struct grant_id grant;
    struct mono
        deadline; /* of the state: waiting, order, granted (until when it may be answered) */
    struct mono answered; /* first */
    bool was_answered;
    bool delivered;     /* one opening answer went out whole */
    unsigned under_way; /* opening answers that are being sent */
};

struct watcher {
    void (*settled)(void *ctx, uint64_t ticket);
    void *ctx;
};

struct replies {
    struct actuator_sink sink;
    const struct clock *clock;
    uint64_t last_ticket;
    struct watcher watchers[REPLIES_WATCHERS];
    struct slot slots[REPLIES_MAX];
};

struct replies *replies_create(const struct actuator_sink *sink, const struct clock *clock)
{
    struct replies *replies = calloc(1, sizeof(*replies));
    if (replies != NULL) {
        replies->sink = *sink;
        replies->clock = clock;
    }
    return replies;
}

void replies_destroy(struct replies **replies)
{
    free(*replies);
    *replies = NULL;
}

static struct mono now_of(const struct replies *r)
{
    return r->clock->mono(r->clock->ctx);
}

static struct slot *slot_of(struct replies *r, uint64_t ticket)
{
    for (size_t i = 0; ticket != 0 && i < REPLIES_MAX; i++) {
        if (r->slots[i].state != STATE_FREE && r->slots[i].ticket == ticket) {
            return &r->slots[i];
        }
    }
    return NULL;
}

/* --- settling --- */

static void tell_settled(struct replies *r, uint64_t ticket)
{
    for (size_t i = 0; i < REPLIES_WATCHERS; i++) {
        if (r->watchers[i].settled != NULL) {
            r->watchers[i].settled(r->watchers[i].ctx, ticket);
        }
    }
}

static void refuse(struct replies *r, struct slot *slot)
{
    slot->state = STATE_REFUSED;
    slot->deadline = mono_after_ms(now_of(r), REPLIES_AGAIN_MS);
    tell_settled(r, slot->ticket);
}

/* A grant that will never be answered. */
static void make_void(struct replies *r, struct slot *slot, enum open_result why)
{
    slot->state = STATE_REFUSED;
    slot->deadline = mono_after_ms(now_of(r), REPLIES_AGAIN_MS);
    r->sink.opened(r->sink.ctx, slot->lane, slot->grant, why);
}

void replies_refuse(struct replies *r, uint64_t ticket)
{
    struct slot *slot = slot_of(r, ticket);
    if (slot != NULL && slot->state == STATE_WAITING) {
        refuse(r, slot);
    }
}

void replies_void_lane(struct replies *r, struct name lane)
{
    for (size_t i = 0; i < REPLIES_MAX; i++) {
        struct slot *slot = &r->slots[i];
        if (!name_equal(slot->lane, lane)) {
            continue;
        }
        if (slot->state == STATE_ORDER || (slot->state == STATE_GRANTED && !slot->was_answered)) {
            make_void(r, slot, OPEN_EXPIRED);
            tell_settled(r, slot->ticket);
        } else if (slot->state == STATE_GRANTED) {
            slot->state = STATE_REFUSED; /* what went out is gone; it is not said again */
        }
    }
}

static void end_overdue(struct replies *r, struct slot *slot)
{
    switch (slot->state) {
    case STATE_FREE:
        return;
    case STATE_WAITING:
        refuse(r, slot);
        return;
    case STATE_ORDER:
        make_void(r, slot, OPEN_EXPIRED);
        return;
    case STATE_GRANTED:
        if (!slot->was_answered) {
            make_void(r, slot, OPEN_EXPIRED);
        } else if (slot->under_way == 0) {
            slot->state = STATE_FREE;
        }
        return;
    case STATE_REFUSED:
        if (slot->under_way == 0) {
            slot->state = STATE_FREE;
        }
        return;
    }
}

void replies_turn(struct replies *r)
{
    struct mono now = now_of(r);
    for (size_t i = 0; i < REPLIES_MAX; i++) {
        if (!mono_before(now, r->slots[i].deadline)) {
            end_overdue(r, &r->slots[i]);
        }
    }
}

bool replies_next(const struct replies *r, struct mono *ret_deadline)
{
    bool found = false;
    for (size_t i = 0; i < REPLIES_MAX; i++) {
        const struct slot *slot = &r->slots[i];
        bool waits = slot->state != STATE_FREE && slot->under_way == 0;
        if (waits && (!found || mono_before(slot->deadline, *ret_deadline))) {
            *ret_deadline = slot->deadline;
            found = true;
        }
    }
    return found;
}

/* --- opening: by a verdict under a ticket, or by an order --- */

static struct slot *free_slot(struct replies *r)
{
    struct slot *oldest = NULL;
    for (size_t i = 0; i < REPLIES_MAX; i++) {
        struct slot *slot = &r->slots[i];
        if (slot->state == STATE_FREE) {
            return slot;
        }
        bool done = slot->under_way == 0 && (slot->state == STATE_REFUSED ||
                                             (slot->state == STATE_GRANTED && slot->was_answered));
        if (done && (oldest == NULL || slot->ticket < oldest->ticket)) {
            oldest = slot;
        }
    }
    return oldest;
}

static struct slot *take_slot(struct replies *r, enum state state, struct name lane)
{
    struct slot *slot = free_slot(r);
    if (slot != NULL) {
        *slot = (struct slot){.state = state, .ticket = ++r->last_ticket, .lane = lane};
    }
    return slot;
}

static enum err order(struct replies *r, const struct opening *opening, struct fault *fault)
{
    struct slot *slot = take_slot(r, STATE_ORDER, opening->lane);
    if (slot == NULL) {
        return fault_set(fault, ERR_BUSY, "too many openings wait for cameras");
    }
    struct mono longest = mono_after_ms(now_of(r), LIMIT_COMMAND_MS);
    slot->grant = opening->grant;
    slot->deadline = mono_before(opening->expires, longest) ? opening->expires : longest;
    return ERR_OK;
}

static enum err replies_open(void *self, const struct opening *opening, struct fault *fault)
{
    struct replies *r = self;
    MUST(!grant_id_is_none(opening->grant));
    if (opening->ticket == 0) {
        return order(r, opening, fault);
    }
    struct slot *slot = slot_of(r, opening->ticket);
    if (slot == NULL || slot->state != STATE_WAITING || !name_equal(slot->lane, opening->lane) ||
        !mono_before(now_of(r), slot->deadline)) {
        return fault_set(fault, ERR_NOT_FOUND, "its camera's request waits no more");
    }
    slot->state = STATE_GRANTED;
    slot->grant = opening->grant;
    if (mono_before(opening->expires, slot->deadline)) {
        slot->deadline = opening->expires;
    }
    tell_settled(r, slot->ticket);
    return ERR_OK;
}

/* A lane of this family has no board, so no exit button either. */
static enum err no_button(void *self, struct name lane, uint64_t press, struct grant_id grant,
                          struct fault *fault)
{
    (void)self;
    (void)press;
    (void)grant;
    return fault_set(fault, ERR_NOT_FOUND, "lane %s has no board and no exit button", lane.text);
}

const struct actuator_ops replies_ops = {
    .name = "reply",
    .open = replies_open,
    .answer_button = no_button,
};

/* --- the listener's side --- */

void replies_watch(struct replies *r, void (*settled)(void *ctx, uint64_t ticket), void *ctx)
{
    for (size_t i = 0; i < REPLIES_WATCHERS; i++) {
        if (r->watchers[i].settled == NULL) {
            r->watchers[i] = (struct watcher){.settled = settled, .ctx = ctx};
            return;
        }
    }
    MUST(false);
}

void replies_unwatch(struct replies *r, void *ctx)
{
    for (size_t i = 0; i < REPLIES_WATCHERS; i++) {
        if (r->watchers[i].ctx == ctx) {
            r->watchers[i] = (struct watcher){.settled = NULL};
        }
    }
}

uint64_t replies_begin(struct replies *r, struct name reader, struct name lane, const char *key,
                       bool *ret_first)
{
    replies_turn(r);
    *ret_first = false;
    for (size_t i = 0; i < REPLIES_MAX; i++) {
        struct slot *slot = &r->slots[i];
        if (slot->state != STATE_FREE && slot->key[0] != '\0' && name_equal(slot->reader, reader) &&
            strcmp(slot->key, key) == 0) {
            return slot->ticket;
        }
    }
    *ret_first = true;
    struct slot *slot = take_slot(r, STATE_WAITING, lane);
    if (slot == NULL) {
        return 0;
    }
    slot->reader = reader;
    (void)snprintf(slot->key, sizeof(slot->key), "%s", key);
    slot->deadline = mono_after_ms(now_of(r), LIMIT_REPLY_MS);
    return slot->ticket;
}

void replies_forget(struct replies *r, uint64_t ticket)
{
    struct slot *slot = slot_of(r, ticket);
    if (slot != NULL && slot->state == STATE_WAITING) {
        refuse(r, slot);
    }
    if (slot != NULL && slot->state == STATE_REFUSED) {
        slot->key[0] = '\0';
    }
}

uint64_t replies_poll(struct replies *r, struct name lane)
{
    replies_turn(r);
    struct slot *first = NULL;
    for (size_t i = 0; i < REPLIES_MAX; i++) {
        struct slot *slot = &r->slots[i];
        if (slot->state == STATE_ORDER && name_equal(slot->lane, lane) &&
            (first == NULL || slot->ticket < first->ticket)) {
            first = slot;
        }
    }
    if (first == NULL) {
        return 0;
    }
    first->state = STATE_GRANTED;
    return first->ticket;
}

bool replies_is_settled(const struct replies *r, uint64_t ticket)
{
    for (size_t i = 0; i < REPLIES_MAX; i++) {
        if (r->slots[i].state == STATE_WAITING && r->slots[i].ticket == ticket) {
            return false;
        }
    }
    return true;
}

static const char reply_type[] = "application/json";

/* The only place that writes an answer which opens a gate. Nothing of the event, and no white list
 * or trigger of the camera, is ever in it. */
static void write_opening(const struct slot *slot, struct http_answer *answer)
{
    MUST(slot->state == STATE_GRANTED && !grant_id_is_none(slot->grant));
    http_answer_text(
        answer, reply_type,
        "{\"Response_AlarmInfoPlate\":{\"info\":\"ok\",\"content\":\"retransfer_stop\","
        "\"is_pay\":\"true\"}}");
}

/* May this grant be said now? The first time in its time and to somebody; again while it lives. */
static bool lives(struct replies *r, struct slot *slot, bool alive)
{
    struct mono now = now_of(r);
    if (slot->was_answered) {
        return alive && (slot->delivered || slot->under_way > 0) &&
               mono_before(now, mono_after_ms(slot->answered, REPLIES_AGAIN_MS));
    }
    if (!mono_before(now, slot->deadline)) {
        make_void(r, slot, OPEN_EXPIRED);
        return false;
    }
    if (!alive) {
        make_void(r, slot, OPEN_HUNG_UP);
        return false;
    }
    return true;
}

bool replies_answer(struct replies *r, uint64_t ticket, bool alive, struct http_answer *answer)
{
    struct slot *slot = slot_of(r, ticket);
    if (slot == NULL || slot->state != STATE_GRANTED || !lives(r, slot, alive)) {
        return false;
    }
    write_opening(slot, answer);
    if (!slot->was_answered) {
        slot->was_answered = true;
        slot->answered = now_of(r);
        slot->deadline = mono_after_ms(slot->answered, REPLIES_AGAIN_MS);
    }
    slot->under_way++;
    return true;
}

void replies_sent(struct replies *r, uint64_t ticket, bool whole)
{
    struct slot *slot = slot_of(r, ticket);
    if (slot == NULL || slot->under_way == 0) {
        return;
    }
    slot->under_way--;
    if (whole && !slot->delivered) {
        slot->delivered = true;
        r->sink.opened(r->sink.ctx, slot->lane, slot->grant, OPEN_DONE);
    } else if (!whole && !slot->delivered && slot->under_way == 0) {
        make_void(r, slot, OPEN_HUNG_UP);
    }
}

/* Which gates are fed now, with what, and from where on. */
#include <string.h>

#include "common/base/log.h"
#include "controller/app/copies_inside.h"
#include "controller/journal/journal.h"
#include "controller/store/changes.h"
#include "controller/store/hidden_store.h"

bool copies_can_be_fed(const struct controller *ctl, const struct session *session)
{
    return session->used && !session->away && session->feed.asked &&
           park_gate(ctl->park, session->gate) != NULL;
}

enum copy_class copies_class_of(const struct controller *ctl, const struct session *session)
{
    return session->feed.counts && !park_gate_asks_presence(ctl->park, session->gate)
               ? COPY_COUNTS
               : COPY_PRESENCE;
}

static bool is_ready(const struct controller *ctl, const struct session *session)
{
    return copies_can_be_fed(ctl, session) && session->feed.delivery == 0 &&
           !mono_before(ctl->mono, session->guard.not_before);
}

bool copies_may_snapshot(const struct controller *ctl, const struct session *session)
{
    return is_ready(ctl, session) && session->feed.anew &&
           bucket_has(&session->guard.snapshots, ctl->mono, COPY_SNAPSHOT_MS, COPY_SNAPSHOTS);
}

bool copies_is_slow(const struct controller *ctl, const struct session *session)
{
    return mono_before(ctl->mono, session->guard.slow_until);
}

/* It stands where all others stand: what is new is told to it with them. */
bool copies_is_near(const struct controller *ctl, const struct session *session, uint64_t head)
{
    uint64_t at = session->feed.sequence;
    return !copies_is_slow(ctl, session) && (at >= head || head - at <= COPY_NEAR);
}

/* There is something to tell it. */
bool copies_is_due(const struct controller *ctl, const struct session *session, uint64_t head)
{
    const struct copy_feed *feed = &session->feed;
    return is_ready(ctl, session) && !feed->anew &&
           (feed->sequence < head || copies_is_after(ctl->mono, feed->whole_at, COPY_RENEW_MS));
}

static void begin_stream(struct copies *copies, struct copy_stream *stream, uint64_t cursor)
{
    stream->id = ++copies->next_id;
    stream->walked = !stream->snapshot;
    stream->number = 0;
    stream->cursor = cursor;
    stream->place = (struct copy_place){0};
    stream->part.there = false;
    stream->held_by = 0;
    stream->keys.count = stream->keys.next = stream->keys.used = 0;
    memset(stream->keys.slots, 0, sizeof(stream->keys.slots));
}

static void join(struct controller *ctl, struct session *session, const struct copy_stream *stream,
                 uint64_t generation, uint64_t from)
{
    struct copy_feed *feed = &session->feed;
    feed->delivery = stream->id;
    feed->delivery_generation = generation;
    feed->from = from;
    feed->to = 0;
    feed->sent = feed->confirmed = 0;
    feed->progress = ctl->mono;
    session->guard.served = ctl->mono;
}

/* Not 0: a generation of 0 is none. */
static uint32_t draw_nonce(struct controller *ctl)
{
    uint8_t bytes[sizeof(uint32_t)];
    entropy_fill(ctl->entropy, bytes, sizeof(bytes));
    struct reader r = reader_of(BYTES_OF(bytes));
    return reader_u32(&r) | 1;
}

static void begin_snapshot(struct controller *ctl, uint64_t head)
{
    struct copies *copies = ctl->copies;
    struct copy_stream *stream = &copies->snapshot;
    for (size_t i = 0; i < LIMIT_AGENTS; i++) {
        struct session *session = &ctl->sessions.items[i];
        if (!copies_may_snapshot(ctl, session)) {
            continue;
        }
        (void)bucket_take(&session->guard.snapshots, ctl->mono, COPY_SNAPSHOT_MS, COPY_SNAPSHOTS);
        if (stream->id == 0) {
            begin_stream(copies, stream, head);
            stream->nonce = draw_nonce(ctl);
        }
        join(ctl, session, stream, copies_generation_of(copies, session, stream->nonce), 0);
        copies->figures.snapshots++;
        log_event("copy_snapshot", LOG_TEXT("gate", session->gate.text), LOG_NUM("head", head));
    }
}

/* A gate that the index of changes does not reach, or that is ahead of the journal (which was
 * restored from a backup), begins anew. */
static void judge_sequences(struct controller *ctl, uint64_t head, uint64_t floor)
{
    for (size_t i = 0; i < LIMIT_AGENTS; i++) {
        struct copy_feed *feed = &ctl->sessions.items[i].feed;
        if (feed->asked && feed->delivery == 0 && !feed->anew &&
            (feed->sequence < floor || feed->sequence > head)) {
            feed->anew = true;
        }
    }
}

/* The park's rules changed, and a gate's lanes ask for something else now: its copy begins anew,
 * with presence or without. */
static void judge_classes(struct controller *ctl)
{
    for (size_t i = 0; i < LIMIT_AGENTS; i++) {
        struct session *session = &ctl->sessions.items[i];
        struct copy_feed *feed = &session->feed;
        if (!copies_can_be_fed(ctl, session) || feed->class == copies_class_of(ctl, session)) {
            continue;
        }
        feed->class = copies_class_of(ctl, session);
        feed->delivery = 0;
        feed->anew = true;
        log_event("copy_anew", LOG_TEXT("gate", session->gate.text),
                  LOG_TEXT("why", feed->class == COPY_COUNTS ? "no rule asks for presence any more"
                                                             : "a rule asks for presence"));
    }
}

/* Members are told from where the last of them stands: a row more than once does no harm. */
static void join_changes(struct controller *ctl, struct session *session,
                         struct copy_stream *stream)
{
    uint64_t at = session->feed.sequence;
    if (stream->id == 0) {
        begin_stream(ctl->copies, stream, at);
        ctl->copies->figures.rounds++;
    }
    stream->cursor = at < stream->cursor ? at : stream->cursor;
    join(ctl, session, stream, session->feed.generation, at);
}

/* All that stand near the head, if one of them is due. */
static void begin_round(struct controller *ctl, uint64_t head)
{
    bool due = false;
    for (size_t i = 0; i < LIMIT_AGENTS; i++) {
        const struct session *session = &ctl->sessions.items[i];
        due = due || (copies_is_due(ctl, session, head) && copies_is_near(ctl, session, head));
    }
    for (size_t i = 0; due && i < LIMIT_AGENTS; i++) {
        struct session *session = &ctl->sessions.items[i];
        if (is_ready(ctl, session) && !session->feed.anew && copies_is_near(ctl, session, head)) {
            join_changes(ctl, session, &ctl->copies->changes);
        }
    }
}

/* Of those that are far behind or slow, the one that was served longest ago; NULL: none is due. */
static struct session *first_behind(struct controller *ctl, uint64_t head)
{
    struct session *first = NULL;
    for (size_t i = 0; i < LIMIT_AGENTS; i++) {
        struct session *session = &ctl->sessions.items[i];
        bool due = copies_is_due(ctl, session, head) && !copies_is_near(ctl, session, head);
        if (due && (first == NULL || mono_before(session->guard.served, first->guard.served))) {
            first = session;
        }
    }
    return first;
}

/* A slow one alone, else all that are as far behind. */
static void begin_behind(struct controller *ctl, uint64_t head)
{
    struct session *first = first_behind(ctl, head);
    if (first == NULL) {
        return;
    }
    join_changes(ctl, first, &ctl->copies->behind);
    for (size_t i = 0; !copies_is_slow(ctl, first) && i < LIMIT_AGENTS; i++) {
        struct session *session = &ctl->sessions.items[i];
        uint64_t low = first->feed.from;
        if (copies_is_due(ctl, session, head) && !copies_is_near(ctl, session, head) &&
            !copies_is_slow(ctl, session) && session->feed.sequence >= low &&
            session->feed.sequence - low <= COPY_NEAR) {
            join_changes(ctl, session, &ctl->copies->behind);
        }
    }
}

/* The last entry of which a gate is told when it comes. Hidden ones touch nothing that must be
 * known at once: they go along with others, or when the copy is told that it is whole. Else a copy
 * that is told, or its age, would tell who is looked for. */
static enum err newest_shown(struct store_txn *txn, uint64_t head, uint64_t *ret,
                             struct fault *fault)
{
    uint64_t number = 0;
    TRY(hidden_shown(txn, head, &number, fault));
    return hidden_sequence(txn, number, ret, fault);
}

enum err copies_begin(struct controller *ctl, struct store_txn *txn, bool round,
                      struct fault *fault)
{
    struct copies *copies = ctl->copies;
    struct journal_head head;
    bool recovering = false;
    uint64_t floor = 0;
    uint64_t newest = 0;
    TRY(copies_look_for_recovery(copies, txn, &recovering, fault));
    if (recovering) {
        copies->look = false;
        return ERR_OK;
    }
    TRY(journal_head(txn, &head, fault));
    TRY(changes_floor(txn, head.sequence, &floor, fault));
    TRY(newest_shown(txn, head.sequence, &newest, fault));
    copies->head = newest;
    judge_sequences(ctl, head.sequence, floor);
    judge_classes(ctl);
    if (copies->snapshot.id == 0) {
        begin_snapshot(ctl, head.sequence);
    }
    if (round && copies->changes.id == 0) {
        begin_round(ctl, newest);
        copies->last_round = ctl->mono;
        copies->urgent =
            copies->urgent && !copies_is_urgent(ctl); /* else the next round tells it */
    }
    if (copies->behind.id == 0) {
        begin_behind(ctl, newest);
    }
    copies->look = false;
    return ERR_OK;
}

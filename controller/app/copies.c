#include "controller/app/copies.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "controller/app/batch.h"
#include "controller/app/copies_inside.h"
#include "controller/app/faults.h"
#include "schema/envelope.h"

enum { BUSY_INPUTS = 100, YIELDS_MAX = 20, WAIT_MS = 5, RETRIES = 2, HEADER_BYTES = 4096 };

struct copies *copies_create(const struct seal_key *gates_key)
{
    struct copies *copies = calloc(1, sizeof(*copies));
    if (copies != NULL) {
        copies->gates_key = *gates_key;
        copies->snapshot.snapshot = true;
    }
    return copies;
}

void copies_destroy(struct copies **copies)
{
    if (*copies != NULL) {
        seal_wipe(*copies, sizeof(**copies));
        free(*copies);
        *copies = NULL;
    }
}

bool copies_is_after(struct mono now, struct mono since, int64_t ms)
{
    return !mono_before(now, mono_after_ms(since, ms));
}

uint64_t copies_generation_of(const struct copies *copies, const struct session *session,
                              uint32_t nonce)
{
    struct copy_generation of = {.gate = session->gate.text,
                                 .key = BYTES_OF(session->key.bytes),
                                 .epoch = session->epoch,
                                 .recovery = copies->recovery,
                                 .nonce = nonce,
                                 .class = (enum copy_class)session->feed.class};
    return copies_generation(&copies->gates_key, &of);
}

static bool is_ours(const struct copies *copies, const struct session *session, uint64_t generation)
{
    uint32_t nonce = (uint32_t)(generation >> 32);
    return nonce != 0 && copies_generation_of(copies, session, nonce) == generation;
}

/* --- what gates say --- */

static void give_up(struct controller *ctl, struct session *session, const char *why)
{
    struct session_guard *guard = &session->guard;
    session->feed.delivery = 0;
    guard->failures++;
    guard->not_before =
        mono_after_ms(ctl->mono, guard->failures >= RETRIES ? COPY_REST_MS : COPY_URGENT_MS);
    ctl->copies->figures.dropped++;
    log_event("copy_dropped", LOG_TEXT("gate", session->gate.text), LOG_TEXT("why", why));
}

static void delivered(struct controller *ctl, struct session *session)
{
    struct copy_feed *feed = &session->feed;
    feed->delivery = 0;
    feed->generation = feed->delivery_generation;
    feed->sequence = feed->to;
    feed->anew = false;
    feed->whole_at = ctl->mono;
    session->guard.failures = 0;
    session->guard.lag_from = ctl->mono;
    ctl->copies->look = true;
}

static void progress(struct controller *ctl, struct session *session,
                     const Parkgate__CopyHave *have)
{
    struct copy_feed *feed = &session->feed;
    if (have->number > feed->sent) {
        return; /* of a delivery before */
    }
    if (have->number > feed->confirmed) {
        feed->confirmed = have->number;
        feed->progress = ctl->mono;
    }
    if (feed->to != 0 && have->sequence == feed->to && have->number == feed->sent) {
        delivered(ctl, session);
    }
}

enum err copies_look_for_recovery(struct copies *copies, struct store_txn *txn, bool *ret_open,
                                  struct fault *fault)
{
    return copies_recovery(txn, &copies->recovery, ret_open, fault);
}

enum err copies_have(struct controller *ctl, struct session *session,
                     const Parkgate__CopyHave *have, struct fault *fault)
{
    bool recovering = false;
    struct copy_feed *feed = &session->feed;
    if (session->guard.lag_from.us == 0) {
        session->guard.lag_from = ctl->mono;
    }
    feed->counts = have->counts;
    if (feed->delivery != 0 && !have->anew) {
        if (have->generation == feed->delivery_generation) {
            progress(ctl, session, have);
        }
        feed->asked = true;
        return ERR_OK;
    }
    bool was_anew = feed->asked && feed->anew;
    bool back = feed->asked && have->generation == feed->generation &&
                have->sequence < feed->sequence; /* no gate unlearns what it had */
    feed->asked = true;
    feed->delivery = 0;
    feed->generation = have->generation;
    feed->sequence = have->sequence;
    feed->class = copies_class_of(ctl, session);
    TRY(copies_look_for_recovery(ctl->copies, ctl->txn, &recovering, fault));
    feed->anew = have->anew || back || !is_ours(ctl->copies, session, have->generation);
    ctl->copies->look = true;
    if (feed->anew && !was_anew) {
        log_event("copy_anew", LOG_TEXT("gate", session->gate.text),
                  LOG_TEXT("why", have->why[0] != '\0' ? have->why : "none of ours"));
    }
    return ERR_OK;
}

/* What changes who may pass, or is short and must be known: not the events, nor the bulk. */
void copies_recorded(struct controller *ctl, uint32_t kind)
{
    static const enum entry_kind urgent[] = {
        ENTRY_HOLDER,       ENTRY_CREDENTIAL, ENTRY_ASSIGNMENT, ENTRY_IMPORT_CLOSE,
        ENTRY_TENANT_STATE, ENTRY_LANE_STATE, ENTRY_CLEARANCE,  ENTRY_BAN,
        ENTRY_FORGIVE,      ENTRY_BOOKING,    ENTRY_VISIT,      ENTRY_EMERGENCY,
        ENTRY_WATCH_CLOSE,  ENTRY_WATCH_STEP, ENTRY_AUTHORITY,
    };
    for (size_t i = 0; ctl->copies != NULL && i < ARRAY_LEN(urgent); i++) {
        if (kind == (uint32_t)urgent[i]) {
            ctl->copies->urgent = true;
            ctl->copies->urgent_commits = ctl->commits;
        }
    }
}

bool copies_is_urgent(const struct controller *ctl)
{
    return ctl->copies->urgent && ctl->commits != ctl->copies->urgent_commits;
}

/* --- sending --- */

static bool is_member(const struct session *session, const struct copy_stream *stream)
{
    return session->used && session->feed.delivery == stream->id;
}

static enum err cover_members(struct controller *ctl, struct copy_stream *stream,
                              struct store_txn *txn, struct fault *fault)
{
    for (size_t i = 0; i < LIMIT_AGENTS; i++) {
        struct session *session = &ctl->sessions.items[i];
        if (!is_member(session, stream)) {
            continue;
        }
        enum err err = copies_covered(txn, BYTES_OF(session->identity.bytes), session->epoch,
                                      &ctl->copies->covered[i], fault);
        if (err == ERR_FULL) {
            give_up(ctl, session, "its events have too many gaps");
        } else {
            TRY(err);
        }
    }
    return ERR_OK;
}

static size_t pack_header(struct controller *ctl, const struct session *session,
                          const struct copy_stream *stream, const struct copy_covered *covered,
                          const struct seal_key *key, uint8_t out[HEADER_BYTES])
{
    const struct copy_part *part = &stream->part;
    const struct copy_digest *sum = &part->digests.of[session->feed.class];
    struct seal_hash digest;
    Parkgate__CopyPart header = PARKGATE__COPY_PART__INIT;
    header.generation = session->feed.delivery_generation;
    header.from = session->feed.from;
    header.to = part->to;
    header.snapshot = stream->snapshot;
    header.complete = part->complete;
    header.number = stream->number;
    header.wall_us = ctl->now.us;
    header.config_version = ctl->park->config_version;
    header.counts_only = session->feed.class == COPY_COUNTS;
    if (stream->snapshot && stream->number == 1) {
        header.credential_key = field_of(BYTES_OF(key->bytes));
    }
    if (part->complete) {
        digest = copy_digest_bytes(sum);
        header.digest = field_of(BYTES_OF(digest.bytes));
        header.rows = sum->rows;
        header.covered_epoch = session->epoch;
        header.n_covered = covered->count;
        header.covered = (uint64_t *)(uintptr_t)covered->at;
    }
    MUST(parkgate__copy_part__get_packed_size(&header) <= HEADER_BYTES);
    return parkgate__copy_part__pack(&header, out);
}

static void send_to(struct controller *ctl, size_t index, const struct copy_stream *stream)
{
    struct copies *copies = ctl->copies;
    struct session *session = &ctl->sessions.items[index];
    struct copy_feed *feed = &session->feed;
    struct seal_key key =
        copy_credential_key(&copies->gates_key, session->gate.text, feed->delivery_generation);
    size_t size = pack_header(ctl, session, stream, &copies->covered[index], &key, copies->body);
    size += copies_pack_rows(&stream->part, (enum copy_class)feed->class, &key, copies->body + size,
                             COPIES_BODY_BYTES - size);
    seal_wipe(&key, sizeof(key));
    size = envelope_wrap(session->version, MESSAGE_COPY_PART, 0,
                         (struct bytes){.data = copies->body, .size = size}, copies->frame,
                         sizeof(copies->frame));
    ctl->outlet.send(ctl->outlet.ctx, PORT_AGENTS, &session->peer,
                     (struct bytes){.data = copies->frame, .size = size});
    if (feed->sent == feed->confirmed) {
        feed->progress = ctl->mono; /* from now on it has something to answer */
    }
    feed->sent = stream->number;
    feed->to = stream->part.complete ? stream->part.to : 0;
    copies->figures.parts++;
    copies->figures.bytes += size;
}

static void finish_part(struct copy_stream *stream)
{
    struct copy_part *part = &stream->part;
    seal_wipe(part->credentials, part->credential_count * sizeof(part->credentials[0]));
    part->there = false;
    stream->id = part->complete ? 0 : stream->id;
}

static bool is_full(const struct session *session)
{
    return session->feed.sent - session->feed.confirmed >= COPY_WINDOW;
}

/* Somebody else could be told something now, were it not for this one. */
static bool others_wait(struct controller *ctl, const struct copy_stream *stream,
                        const struct session *held_by)
{
    const struct copies *copies = ctl->copies;
    for (size_t i = 0; i < LIMIT_AGENTS; i++) {
        const struct session *session = &ctl->sessions.items[i];
        if (session == held_by) {
            continue;
        }
        bool waits = is_member(session, stream)     ? !is_full(session)
                     : copies_is_slow(ctl, session) ? false
                     : stream->snapshot             ? copies_may_snapshot(ctl, session)
                                                    : copies_is_due(ctl, session, copies->head) &&
                                              !copies_is_near(ctl, session, copies->head);
        if (waits) {
            return true;
        }
    }
    return false;
}

/* A member's window is full. True: it has kept others waiting for as long as it may. */
static bool has_held(struct controller *ctl, struct copy_stream *stream, size_t index)
{
    struct session *session = &ctl->sessions.items[index];
    struct session_guard *guard = &session->guard;
    bool near = stream == &ctl->copies->changes;
    int64_t since_us = ctl->mono.us - stream->held_at.us;
    int64_t held_us = stream->held_by == index + 1 ? since_us : 0;
    stream->held_by = index + 1;
    stream->held_at = ctl->mono;
    if (copies_is_after(ctl->mono, guard->held_from, COPY_HELD_MS)) {
        guard->held_from = ctl->mono;
        guard->held_us = 0;
    }
    if (held_us == 0 || (!near && !others_wait(ctl, stream, session))) {
        return false;
    }
    guard->held_us += held_us;
    return guard->held_us >= (near ? COPY_HOLD_MS : COPY_HOLD_BEHIND_MS) * INT64_C(1000);
}

/* True: the stream goes on without it. */
static bool is_dropped(struct controller *ctl, struct copy_stream *stream, size_t index)
{
    struct session *session = &ctl->sessions.items[index];
    if (has_held(ctl, stream, index)) {
        session->guard.slow_until = mono_after_ms(ctl->mono, COPY_SLOW_MS);
        session->guard.held_us = 0;
        give_up(ctl, session, "it kept others waiting");
        return true;
    }
    if (copies_is_after(ctl->mono, session->feed.progress, COPY_STALL_MS)) {
        give_up(ctl, session, "no answer");
        return true;
    }
    return false;
}

/* False: a gate's window is full, or this turn's share of hashes is spent. */
static bool send_part(struct controller *ctl, struct copy_stream *stream)
{
    size_t hashes = 0;
    for (size_t i = stream->next_session; i < LIMIT_AGENTS; i++) {
        struct session *session = &ctl->sessions.items[i];
        stream->next_session = i;
        if (!is_member(session, stream)) {
            continue;
        }
        if (hashes > COPY_HASHES_A_TURN) {
            return false;
        }
        if (is_full(session)) {
            if (!is_dropped(ctl, stream, i)) {
                return false;
            }
            continue;
        }
        stream->held_by = 0;
        send_to(ctl, i, stream);
        hashes += stream->part.credential_count;
    }
    finish_part(stream);
    return true;
}

/* --- a turn --- */

static void expire(struct controller *ctl)
{
    for (size_t i = 0; i < LIMIT_AGENTS; i++) {
        struct session *session = &ctl->sessions.items[i];
        const struct copy_feed *feed = &session->feed;
        if (session->used && feed->delivery != 0 && feed->sent > feed->confirmed &&
            copies_is_after(ctl->mono, feed->progress, COPY_RESEND_MS)) {
            give_up(ctl, session, "no answer");
        }
    }
}

static bool has_members(const struct controller *ctl, const struct copy_stream *stream)
{
    for (size_t i = 0; i < LIMIT_AGENTS; i++) {
        if (is_member(&ctl->sessions.items[i], stream)) {
            return true;
        }
    }
    return false;
}

static void abandon(struct controller *ctl, struct copy_stream *stream, const char *why)
{
    for (size_t i = 0; i < LIMIT_AGENTS; i++) {
        struct session *session = &ctl->sessions.items[i];
        if (is_member(session, stream)) {
            give_up(ctl, session, why);
            session->feed.anew |= !stream->snapshot;
        }
    }
    finish_part(stream);
    stream->id = 0;
}

static enum err step(struct controller *ctl, struct copy_stream *stream, struct store_txn *txn,
                     struct store_txn *keys_txn, struct fault *fault)
{
    if (!has_members(ctl, stream)) {
        abandon(ctl, stream, "");
        return ERR_OK;
    }
    if (!stream->part.there) {
        uint64_t read = 0;
        TRY(copies_build(stream, txn, keys_txn, &read, fault));
        ctl->copies->figures.rows += read;
        if (stream->part.damaged > 0) {
            ctl->copies->damaged = stream->part.damaged_credential;
        }
        if (stream->part.complete) {
            TRY(cover_members(ctl, stream, txn, fault));
        }
    }
    if (stream->part.there) {
        (void)send_part(ctl, stream);
    }
    return ERR_OK;
}

static enum err run(struct controller *ctl, bool look, bool round, struct fault *fault)
{
    struct copies *copies = ctl->copies;
    struct copy_stream *const streams[] = {&copies->changes, &copies->behind, &copies->snapshot};
    AUTO(store_txn_destroy) struct store_txn *txn = NULL;
    AUTO(store_txn_destroy) struct store_txn *keys_txn = NULL;
    TRY(store_begin_read(ctl->store, &txn, fault));
    TRY(store_begin_read(ctl->keys, &keys_txn, fault));
    if (look || round) {
        TRY(copies_begin(ctl, txn, round, fault));
    }
    for (size_t i = 0; i < ARRAY_LEN(streams); i++) {
        enum err err = streams[i]->id == 0 ? ERR_OK : step(ctl, streams[i], txn, keys_txn, fault);
        if (err != ERR_OK) {
            abandon(ctl, streams[i], fault->what);
            return err;
        }
    }
    return ERR_OK;
}

static bool was_told(const struct copies *copies, struct handle credential)
{
    for (size_t i = 0; i < copies->damaged_told; i++) {
        if (handle_equal(copies->damaged_before[i], credential)) {
            return true;
        }
    }
    return copies->damaged_told == COPIES_DAMAGED_TOLD;
}

static enum err note_damaged(struct controller *ctl, void *ctx, struct fault *fault)
{
    (void)ctx;
    char handle[HANDLE_TEXT_SIZE];
    handle_to_text(ctl->copies->damaged, handle);
    return fault_note(ctl, &fault_credential_damaged, handle, "", "", fault);
}

/* Its badge opens no lane at gates until it is given anew: somebody must know. */
static void tell_damaged(struct controller *ctl)
{
    struct copies *copies = ctl->copies;
    if (!handle_is_none(copies->damaged) && !was_told(copies, copies->damaged)) {
        copies->damaged_before[copies->damaged_told++] = copies->damaged;
        batch_run(ctl, note_damaged, NULL);
    }
    copies->damaged = (struct handle){{0}};
}

/* Events come first: after a turn full of them the feed waits, but not for ever. */
static bool yields(struct controller *ctl)
{
    struct copies *copies = ctl->copies;
    uint64_t inputs = ctl->inputs - copies->inputs_seen;
    copies->inputs_seen = ctl->inputs;
    if (inputs < BUSY_INPUTS || copies->yielded == YIELDS_MAX) {
        copies->yielded = 0;
        return false;
    }
    copies->yielded++;
    return true;
}

static bool is_busy(const struct copies *copies)
{
    return copies->changes.id != 0 || copies->behind.id != 0 || copies->snapshot.id != 0;
}

int64_t copies_turn(struct controller *ctl)
{
    struct copies *copies = ctl->copies;
    struct fault fault = {0};
    bool busy = is_busy(copies);
    bool round =
        copies_is_after(ctl->mono, copies->last_round, COPY_ROUND_MS) ||
        (copies_is_urgent(ctl) && copies_is_after(ctl->mono, copies->last_round, COPY_URGENT_MS));
    if (!busy && !round && !copies->look) {
        return copies->urgent ? WAIT_MS : -1;
    }
    if (yields(ctl)) {
        return 1;
    }
    expire(ctl);
    if (run(ctl, copies->look || round, round, &fault) != ERR_OK) {
        log_error("copy_failed", LOG_TEXT("what", fault.what));
    }
    tell_damaged(ctl);
    busy = is_busy(copies);
    return busy ? 1 : copies->urgent ? WAIT_MS : -1;
}

struct copies_figures copies_figures_of(const struct controller *ctl)
{
    struct copies_figures figures = ctl->copies->figures;
    figures.gates = figures.whole = 0;
    for (size_t i = 0; i < LIMIT_AGENTS; i++) {
        const struct session *session = &ctl->sessions.items[i];
        bool fed = copies_can_be_fed(ctl, session);
        figures.gates += fed;
        figures.whole += fed && !session->feed.anew &&
                         !copies_is_after(ctl->mono, session->feed.whole_at, 2 * COPY_RENEW_MS);
    }
    return figures;
}

bool copies_is_behind(const struct controller *ctl, const struct session *session)
{
    struct mono from = session->guard.lag_from;
    return copies_can_be_fed(ctl, session) && from.us != 0 &&
           copies_is_after(ctl->mono, from, COPY_LAG_MS);
}

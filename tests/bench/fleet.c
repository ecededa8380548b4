#include "tests/bench/fleet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/access/credential.h"
#include "common/access/decide.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/base/must.h"
#include "common/seal/seal.h"
#include "schema/agent.pb-c.h"
#include "schema/envelope.h"

enum {
    RING_MASK = FLEET_OPEN_MAX - 1,
    WINDOW_MARGIN = 16,
    PATH_SIZE = 512,
    STORE_ID_SIZE = 16,
    EVENT_SIZE = 512,     /* of ours, packed */
    HELLO_MS = 1000,      /* as an agent: reader-agent/core/link_state.h */
    HELLO_AGAIN_MS = 250, /* not connected yet */
};

struct sent {
    int64_t due_ns;
    uint64_t sequence; /* 0: acknowledged */
    uint32_t person;
    bool out;
    bool presentation;
    size_t probe; /* its number + 1; 0: it is none */
};

/* A grant whose passage has not been sent. */
struct grant {
    uint64_t sequence;
    uint32_t person;
    bool out;
};

/* A connection by which a box comes back. */
struct returning {
    struct link_client *client;
    bool welcomed, anew;
    int64_t hello_due_ns;
};

struct box {
    struct link_client *client;
    char gate[NAME_SIZE];
    int64_t hello_due_ns;
    bool welcomed;
    uint8_t version;
    uint32_t epoch;
    uint64_t last; /* sequence */
    size_t last_size;
    uint8_t last_event[EVENT_SIZE]; /* packed */
    size_t open;
    uint64_t copy_generation, copy_sequence; /* whole; 0: none */
    uint64_t coming;                         /* generation of the parts on their way */
    uint32_t copy_number;                    /* of the last one */
    size_t grant_first, grant_count;
    struct grant grants[FLEET_OPEN_MAX];
    struct sent ring[FLEET_OPEN_MAX];
};

struct fleet {
    bool bare, fed, plates;
    size_t count, probe_count, copy_count;
    struct fleet_probe *probes;
    struct fleet_copy *copies;
    uint32_t persons, person_step;
    uint64_t person_turn;
    uint8_t *inside; /* a bit a person */
    int64_t measure_from_ns;
    struct fleet_figures figures;
    struct box *boxes;
    size_t return_count, return_times;
    struct returning *returns; /* box by box */
};

void fleet_badge(uint32_t person, uint8_t out[FLEET_BADGE_SIZE])
{
    static const uint8_t head[3] = {0x04, 0x51, 0x52};
    struct writer w = writer_of(out, FLEET_BADGE_SIZE);
    writer_bytes(&w, BYTES_OF(head));
    writer_u32(&w, person);
    MUST(!w.bad);
}

void fleet_plate(uint32_t vehicle, char out[FLEET_PLATE_SIZE])
{
    enum { SERIALS = 100000 };
    static const char letters[] = "ABCDEFGHJKLMNPQRSTUVWXYZ";
    MUST(vehicle < FLEET_VEHICLES_MAX);
    (void)snprintf(out, FLEET_PLATE_SIZE, "浙%c%05u", letters[vehicle / SERIALS],
                   vehicle % SERIALS);
}

/* --- opening --- */

static uint32_t greatest_common(uint32_t a, uint32_t b)
{
    while (b != 0) {
        uint32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Far from the last one, and every one comes once before one comes again. */
static uint32_t step_over(uint32_t persons)
{
    uint32_t step = (uint32_t)((uint64_t)persons * 618 / 1000) | 1U;
    while (greatest_common(step, persons) != 1) {
        step += 2;
    }
    return step;
}

static enum err connect_box(const struct box *box, const struct fleet_options *options,
                            struct link_client **ret_client, struct fault *fault)
{
    AUTO(link_key_pair_destroy) struct link_key_pair keys = {0};
    char path[PATH_SIZE];
    if (options->bare) {
        TRY(link_key_pair_draw(&keys, fault));
    } else {
        (void)snprintf(path, sizeof(path), "%s/%s/agent.key", options->key_dir, box->gate);
        TRY(link_key_pair_read(path, &keys, fault));
    }
    struct link_client_options client = {.keys = &keys,
                                         .server_key = options->server_key,
                                         .endpoint = options->endpoint,
                                         .hwm_messages = FLEET_OPEN_MAX};
    return link_client_create(options->link, &client, ret_client, fault);
}

static enum err open_box(struct box *box, const struct fleet_options *options, size_t number,
                         struct fault *fault)
{
    (void)snprintf(box->gate, sizeof(box->gate), "g-%03zu", number + 1);
    box->version = PROTOCOL_VERSION;
    box->welcomed = options->bare;
    return connect_box(box, options, &box->client, fault);
}

enum err fleet_create(const struct fleet_options *options, struct fleet **ret_fleet,
                      struct fault *fault)
{
    MUST(options->count > 0 && options->count <= FLEET_MAX && options->persons > 0);
    AUTO(fleet_destroy) struct fleet *fleet = calloc(1, sizeof(*fleet));
    MUST(fleet != NULL);
    fleet->bare = options->bare;
    fleet->fed = options->fed;
    fleet->plates = options->plates;
    fleet->probes = calloc(FLEET_PROBES_MAX, sizeof(*fleet->probes));
    fleet->copies = calloc(FLEET_COPIES_MAX, sizeof(*fleet->copies));
    MUST(fleet->probes != NULL && fleet->copies != NULL);
    fleet->persons = options->persons;
    fleet->person_step = step_over(options->persons);
    fleet->inside = calloc(1, options->persons / 8 + 1);
    fleet->boxes = calloc(options->count, sizeof(*fleet->boxes));
    MUST(fleet->inside != NULL && fleet->boxes != NULL);
    for (size_t i = 0; i < options->count; i++) {
        TRY(open_box(&fleet->boxes[i], options, i, fault));
        fleet->count++;
    }
    *ret_fleet = fleet;
    fleet = NULL;
    return ERR_OK;
}

void fleet_destroy(struct fleet **handle)
{
    struct fleet *fleet = *handle;
    if (fleet == NULL) {
        return;
    }
    for (size_t i = 0; i < fleet->count; i++) {
        link_client_destroy(&fleet->boxes[i].client);
    }
    for (size_t i = 0; i < fleet->return_count; i++) {
        link_client_destroy(&fleet->returns[i].client);
    }
    free(fleet->returns);
    series_destroy(&fleet->figures.verdict);
    series_destroy(&fleet->figures.ack);
    free(fleet->probes);
    free(fleet->copies);
    free(fleet->boxes);
    free(fleet->inside);
    free(fleet);
    *handle = NULL;
}

size_t fleet_count(const struct fleet *fleet)
{
    return fleet->count;
}

void *fleet_socket(const struct fleet *fleet, size_t box)
{
    return link_client_socket(fleet->boxes[box].client);
}

size_t fleet_ready(const struct fleet *fleet)
{
    size_t ready = 0;
    for (size_t i = 0; i < fleet->count; i++) {
        ready += fleet->boxes[i].welcomed;
    }
    return ready;
}

size_t fleet_unanswered(const struct fleet *fleet, size_t box)
{
    return fleet->boxes[box].open;
}

size_t fleet_unanswered_all(const struct fleet *fleet)
{
    size_t open = 0;
    for (size_t i = 0; i < fleet->count; i++) {
        open += fleet->boxes[i].open;
    }
    return open;
}

struct fleet_figures *fleet_figures(struct fleet *fleet)
{
    return &fleet->figures;
}

void fleet_measure(struct fleet *fleet, int64_t from_ns)
{
    struct fleet_figures *figures = &fleet->figures;
    fleet->measure_from_ns = from_ns;
    fleet->probe_count = fleet->copy_count = 0;
    series_clear(&figures->verdict);
    series_clear(&figures->ack);
    *figures = (struct fleet_figures){.verdict = figures->verdict, .ack = figures->ack};
}

/* --- the conversation of a gate --- */

static int64_t wall_us(void)
{
    const struct clock *clock = clock_system();
    return clock->wall(clock->ctx).us;
}

static enum err send_by(struct link_client *client, const struct box *box, enum message_kind kind,
                        uint64_t sequence, const ProtobufCMessage *body)
{
    uint8_t frame[LIMIT_EVENT_BYTES];
    size_t size = envelope_write(box->version, kind, sequence, body, frame, sizeof(frame));
    return link_client_send(client, (struct bytes){.data = frame, .size = size}, NULL);
}

static enum err send_message(struct box *box, enum message_kind kind, uint64_t sequence,
                             const ProtobufCMessage *body)
{
    return send_by(box->client, box, kind, sequence, body);
}

/* When it is due; the outbox is the gate's own whenever its box is made. */
static void say_hello(struct link_client *client, const struct box *box, int64_t *due_ns)
{
    struct mono now = clock_system()->mono(clock_system()->ctx);
    struct seal_hash digest;
    Parkgate__Hello hello = PARKGATE__HELLO__INIT;
    if (now.us * 1000 < *due_ns) {
        return;
    }
    hello.store_id =
        (ProtobufCBinaryData){.len = strlen(box->gate), .data = (uint8_t *)(uintptr_t)box->gate};
    hello.epoch = box->epoch;
    hello.last_sequence = box->last;
    if (box->last_size > 0) {
        digest = seal_hash_of((struct bytes){.data = box->last_event, .size = box->last_size});
        hello.last_digest = (ProtobufCBinaryData){.len = SEAL_HASH_SIZE, .data = digest.bytes};
    }
    hello.version = PROTOCOL_VERSION;
    hello.version_oldest = PROTOCOL_VERSION;
    hello.gate = (char *)(uintptr_t)box->gate;
    hello.program = (char *)(uintptr_t) "bench-load";
    hello.wall_us = wall_us();
    enum err err = send_by(client, box, MESSAGE_HELLO, 0, &hello.base);
    *due_ns = (now.us + (err == ERR_OK ? HELLO_MS : HELLO_AGAIN_MS) * INT64_C(1000)) * 1000;
}

void fleet_beat(struct fleet *fleet)
{
    for (size_t i = 0; !fleet->bare && i < fleet->count; i++) {
        struct box *box = &fleet->boxes[i];
        if (!box->welcomed) {
            say_hello(box->client, box, &box->hello_due_ns);
            continue;
        }
        Parkgate__Heartbeat beat = PARKGATE__HEARTBEAT__INIT;
        beat.wall_us = wall_us();
        beat.pending = box->open;
        beat.last_sequence = box->last;
        enum err err = send_message(box, MESSAGE_HEARTBEAT, 0, &beat.base);
        (void)err; /* the next one follows */
    }
}

/* --- copies: what a gate answers, and nothing of what it keeps --- */

static void say_have(struct box *box, bool anew)
{
    Parkgate__CopyHave have = PARKGATE__COPY_HAVE__INIT;
    have.generation = box->coming != 0 ? box->coming : box->copy_generation;
    have.sequence = box->copy_sequence;
    have.number = box->copy_number;
    have.anew = anew;
    enum err err = send_message(box, MESSAGE_COPY_HAVE, 0, &have.base);
    (void)err; /* it is told again */
}

static void on_part(struct fleet *fleet, size_t number, const Parkgate__CopyPart *part,
                    int64_t now_ns)
{
    struct box *box = &fleet->boxes[number];
    if (part->number != 1 &&
        (part->number != box->copy_number + 1 || part->generation != box->coming)) {
        box->coming = 0;
        box->copy_number = 0;
        say_have(box, false);
        return;
    }
    box->coming = part->generation;
    box->copy_number = part->number;
    if (part->complete) {
        box->copy_generation = part->generation;
        box->copy_sequence = part->to;
        box->coming = 0;
        if (fleet->copy_count < FLEET_COPIES_MAX) {
            fleet->copies[fleet->copy_count++] =
                (struct fleet_copy){.box = number, .sequence = part->to, .at_ns = now_ns};
        }
    }
    say_have(box, false);
}

const struct fleet_copy *fleet_copies(const struct fleet *fleet, size_t *ret_count)
{
    *ret_count = fleet->copy_count;
    return fleet->copies;
}

size_t fleet_whole(const struct fleet *fleet)
{
    size_t whole = 0;
    for (size_t i = 0; i < fleet->count; i++) {
        whole += fleet->boxes[i].copy_generation != 0;
    }
    return whole;
}

static void on_welcome(struct box *box, const Parkgate__Welcome *welcome)
{
    box->epoch = welcome->epoch;
    box->version = (uint8_t)welcome->version;
    if (!box->welcomed && box->last != welcome->applied) {
        box->last = welcome->applied;
        box->last_size = 0;
    }
    box->welcomed = true;
}

/* --- sending --- */

static bool is_inside(const struct fleet *fleet, uint32_t person)
{
    return (fleet->inside[person / 8] >> person % 8 & 1) != 0;
}

static void flip(struct fleet *fleet, uint32_t person)
{
    fleet->inside[person / 8] ^= (uint8_t)(1U << person % 8);
}

static enum err send_bare(struct box *box, size_t number, const struct sent *next)
{
    uint8_t frame[FLEET_BARE_FRAME] = {0};
    struct writer w = writer_of(frame, sizeof(frame));
    writer_u8(&w, 'E');
    writer_u64(&w, next->sequence);
    writer_u64(&w, next->person);
    writer_u16(&w, (uint16_t)number);
    return link_client_send(box->client, BYTES_OF(frame), NULL);
}

/* What is shown; `out` keeps it. */
static void show(Parkgate__Event *event, uint32_t person, uint8_t out[FLEET_PLATE_SIZE])
{
    if (person >= FLEET_VEHICLES) {
        fleet_plate(person - FLEET_VEHICLES, (char *)out);
        event->credential_kind = CREDENTIAL_KIND_PLATE;
        event->credential_class = CREDENTIAL_CLASS_BEARER;
        event->credential.len = strlen((const char *)out);
    } else {
        fleet_badge(person, out);
        event->credential_kind = CREDENTIAL_KIND_BADGE;
        event->credential_class = CREDENTIAL_CLASS_UID_ONLY;
        event->credential.len = FLEET_BADGE_SIZE;
    }
    event->credential.data = out;
}

static enum err send_event(struct box *box, const struct sent *next, uint64_t presentation)
{
    Parkgate__Event event = PARKGATE__EVENT__INIT;
    char lane[NAME_SIZE + 4];
    char reader[sizeof(lane) + 8];
    uint8_t shown[FLEET_PLATE_SIZE];
    (void)snprintf(lane, sizeof(lane), "%s-%s", box->gate, next->out ? "out" : "in");
    (void)snprintf(reader, sizeof(reader), "%s-badge", lane);
    event.epoch = box->epoch;
    event.sequence = next->sequence;
    event.kind = next->presentation ? EVENT_PRESENTATION : EVENT_PASSAGE;
    event.lane = lane;
    event.received_us = wall_us();
    event.captured_us = event.received_us;
    event.direction = next->out ? LANE_OUT : LANE_IN;
    if (next->presentation) {
        event.reader = reader;
        show(&event, next->person, shown);
    } else {
        event.presentation = presentation;
        event.passage = PASSAGE_PASSED;
    }
    enum err err = send_message(box, MESSAGE_EVENT, next->sequence, &event.base);
    if (err == ERR_OK) {
        MUST(parkgate__event__get_packed_size(&event) <= EVENT_SIZE);
        box->last_size = parkgate__event__pack(&event, box->last_event);
    }
    return err;
}

/* The passage of the oldest grant; else the next person's presentation. */
static struct sent choose(struct fleet *fleet, struct box *box, uint64_t *ret_presentation)
{
    struct sent next = {.sequence = box->last + 1, .presentation = true};
    *ret_presentation = 0;
    if (box->grant_count > 0) {
        const struct grant *grant = &box->grants[box->grant_first];
        next.person = grant->person;
        next.out = grant->out;
        next.presentation = false;
        *ret_presentation = grant->sequence;
        return next;
    }
    next.person =
        (uint32_t)(fleet->person_turn % fleet->persons * fleet->person_step % fleet->persons);
    if (fleet->plates) {
        next.person += FLEET_VEHICLES;
        return next;
    }
    next.out = is_inside(fleet, next.person);
    return next;
}

bool fleet_send(struct fleet *fleet, size_t number, int64_t due_ns)
{
    struct box *box = &fleet->boxes[number];
    struct fleet_figures *figures = &fleet->figures;
    uint64_t presentation = 0;
    if (!box->welcomed || box->ring[(box->last + 1) & RING_MASK].sequence != 0) {
        figures->busy++;
        return false;
    }
    struct sent next = choose(fleet, box, &presentation);
    next.due_ns = due_ns;
    enum err err =
        fleet->bare ? send_bare(box, number, &next) : send_event(box, &next, presentation);
    if (err != ERR_OK) {
        figures->busy++;
        return false;
    }
    if (next.presentation) {
        fleet->person_turn++;
    } else {
        box->grant_first = (box->grant_first + 1) & RING_MASK;
        box->grant_count--;
        flip(fleet, next.person);
    }
    box->ring[next.sequence & RING_MASK] = next;
    box->last = next.sequence;
    box->open++;
    figures->sent += due_ns >= fleet->measure_from_ns;
    return true;
}

bool fleet_probe(struct fleet *fleet, size_t number, uint32_t person, int64_t now_ns)
{
    struct box *box = &fleet->boxes[number];
    struct sent next = {.sequence = box->last + 1,
                        .presentation = true,
                        .person = person,
                        .due_ns = now_ns,
                        .probe = fleet->probe_count + 1};
    if (fleet->probe_count == FLEET_PROBES_MAX || !box->welcomed ||
        box->ring[next.sequence & RING_MASK].sequence != 0 || send_event(box, &next, 0) != ERR_OK) {
        return false;
    }
    fleet->probes[fleet->probe_count++] =
        (struct fleet_probe){.box = number, .person = person, .sent_ns = now_ns};
    box->ring[next.sequence & RING_MASK] = next;
    box->last = next.sequence;
    box->open++;
    return true;
}

const struct fleet_probe *fleet_probes(const struct fleet *fleet, size_t *ret_count)
{
    *ret_count = fleet->probe_count;
    return fleet->probes;
}

/* --- receiving --- */

static struct sent *find_sent(struct box *box, uint64_t sequence)
{
    struct sent *sent = &box->ring[sequence & RING_MASK];
    return sequence != 0 && sent->sequence == sequence ? sent : NULL;
}

static void take_verdict(struct fleet *fleet, struct box *box, uint64_t sequence, uint32_t outcome,
                         int64_t now_ns)
{
    bool granted = outcome == OUTCOME_GRANT;
    const struct sent *sent = find_sent(box, sequence);
    struct fleet_figures *figures = &fleet->figures;
    if (sent == NULL) {
        figures->dropped++;
        return;
    }
    if (sent->probe != 0 && sent->probe <= fleet->probe_count) {
        struct fleet_probe *probe = &fleet->probes[sent->probe - 1];
        probe->answered_ns = now_ns;
        probe->outcome = outcome;
        return;
    }
    if (sent->due_ns >= fleet->measure_from_ns) {
        series_add(&figures->verdict, now_ns - sent->due_ns);
        figures->granted += granted;
        figures->denied += !granted;
    }
    if (granted && !fleet->bare && !fleet->plates && box->grant_count < FLEET_OPEN_MAX) {
        size_t at = (box->grant_first + box->grant_count++) & RING_MASK;
        box->grants[at] =
            (struct grant){.sequence = sequence, .person = sent->person, .out = sent->out};
    }
}

static void take_ack(struct fleet *fleet, struct box *box, uint64_t sequence, uint32_t answer,
                     int64_t now_ns)
{
    struct sent *sent = find_sent(box, sequence);
    struct fleet_figures *figures = &fleet->figures;
    if (sent == NULL) {
        figures->dropped++;
        return;
    }
    if (sent->due_ns >= fleet->measure_from_ns) {
        series_add(&figures->ack, now_ns - sent->due_ns);
        figures->acks++;
        figures->refused += answer == ANSWER_REFUSED;
        figures->retried += answer == ANSWER_RETRY;
    }
    sent->sequence = 0;
    box->open--;
}

static void on_bare(struct fleet *fleet, struct box *box, struct bytes frame, int64_t now_ns)
{
    struct reader r = reader_of(frame);
    uint8_t kind = reader_u8(&r);
    if (kind == 'A') {
        uint16_t count = reader_u16(&r);
        for (uint16_t i = 0; i < count && !r.bad; i++) {
            take_ack(fleet, box, reader_u64(&r), ANSWER_APPLIED, now_ns);
        }
        return;
    }
    uint64_t sequence = reader_u64(&r);
    take_verdict(fleet, box, sequence, OUTCOME_GRANT, now_ns);
    if (kind == 'E') { /* an echo is all there is */
        take_ack(fleet, box, sequence, ANSWER_APPLIED, now_ns);
    }
}

static void on_ack(struct fleet *fleet, struct box *box, const Parkgate__Ack *ack, int64_t now_ns)
{
    for (size_t i = 0; i < ack->n_sequence && i < ack->n_answer; i++) {
        take_ack(fleet, box, ack->sequence[i], ack->answer[i], now_ns);
    }
}

static void on_frame(struct fleet *fleet, struct box *box, struct bytes frame, int64_t now_ns)
{
    size_t number = (size_t)(box - fleet->boxes);
    struct envelope envelope;
    struct complaint ignored;
    if (!envelope_read(frame, &envelope, &ignored)) {
        fleet->figures.dropped++;
        return;
    }
    ProtobufCMessage *body = envelope_unpack(&envelope, &ignored);
    if (body == NULL) {
        fleet->figures.dropped++;
        return;
    }
    if (envelope.kind == MESSAGE_VERDICT) {
        const Parkgate__Verdict *verdict = (const void *)body;
        take_verdict(fleet, box, verdict->sequence, verdict->outcome, now_ns);
    } else if (envelope.kind == MESSAGE_ACK) {
        on_ack(fleet, box, (const void *)body, now_ns);
    } else if (envelope.kind == MESSAGE_WELCOME) {
        on_welcome(box, (const void *)body);
        if (fleet->fed) {
            say_have(box, box->copy_generation == 0);
        }
    } else if (envelope.kind == MESSAGE_COPY_PART) {
        on_part(fleet, number, (const void *)body, now_ns);
    }
    protobuf_c_message_free_unpacked(body, NULL);
}

void fleet_drain(struct fleet *fleet, size_t number, int64_t now_ns)
{
    struct box *box = &fleet->boxes[number];
    struct bytes frame;
    struct fault fault = {0};
    while (link_client_recv(box->client, &frame, &fault) == ERR_OK) {
        if (fleet->bare) {
            on_bare(fleet, box, frame, now_ns);
        } else {
            on_frame(fleet, box, frame, now_ns);
        }
    }
}

/* --- coming back --- */

enum err fleet_return(struct fleet *fleet, const struct fleet_options *options, size_t times,
                      struct fault *fault)
{
    MUST(!fleet->bare && times > 0 && times <= FLEET_RETURNS_MAX && fleet->return_count == 0);
    fleet->returns = calloc(fleet->count * times, sizeof(*fleet->returns));
    MUST(fleet->returns != NULL);
    fleet->return_times = times;
    for (size_t i = 0; i < fleet->count; i++) {
        MUST(fleet->boxes[i].open == 0);
        link_client_destroy(&fleet->boxes[i].client);
    }
    for (size_t i = 0; i < fleet->count * times; i++) {
        TRY(connect_box(&fleet->boxes[i / times], options, &fleet->returns[i].client, fault));
        fleet->return_count++;
    }
    return ERR_OK;
}

size_t fleet_returning(const struct fleet *fleet)
{
    return fleet->return_count;
}

void *fleet_returning_socket(const struct fleet *fleet, size_t number)
{
    return link_client_socket(fleet->returns[number].client);
}

/* What else comes is for a connection that is about to be left. */
static void take_welcome(struct returning *returning, const struct box *box)
{
    struct bytes frame;
    struct fault fault = {0};
    struct envelope envelope;
    struct complaint ignored;
    while (link_client_recv(returning->client, &frame, &fault) == ERR_OK) {
        if (!envelope_read(frame, &envelope, &ignored) || envelope.kind != MESSAGE_WELCOME) {
            continue;
        }
        ProtobufCMessage *body = envelope_unpack(&envelope, &ignored);
        if (body != NULL) {
            const Parkgate__Welcome *welcome = (const void *)body;
            returning->welcomed = true;
            returning->anew = welcome->epoch != box->epoch || welcome->applied != box->last;
            protobuf_c_message_free_unpacked(body, NULL);
        }
    }
}

/* All have come: the last connection of each box is its own. */
static void settle_returns(struct fleet *fleet)
{
    for (size_t i = 0; i < fleet->return_count; i++) {
        struct box *box = &fleet->boxes[i / fleet->return_times];
        if (i % fleet->return_times + 1 < fleet->return_times) {
            link_client_destroy(&fleet->returns[i].client);
            continue;
        }
        box->client = fleet->returns[i].client;
        box->welcomed = false;
        box->hello_due_ns = 0;
    }
    free(fleet->returns);
    fleet->returns = NULL;
    fleet->return_count = 0;
}

size_t fleet_return_turn(struct fleet *fleet, size_t *ret_anew)
{
    size_t welcomed = 0;
    *ret_anew = 0;
    for (size_t i = 0; i < fleet->return_count; i++) {
        struct returning *returning = &fleet->returns[i];
        const struct box *box = &fleet->boxes[i / fleet->return_times];
        take_welcome(returning, box);
        if (!returning->welcomed) {
            say_hello(returning->client, box, &returning->hello_due_ns);
        }
        welcomed += returning->welcomed;
        *ret_anew += returning->anew;
    }
    if (welcomed > 0 && welcomed == fleet->return_count) {
        settle_returns(fleet);
    }
    return welcomed;
}

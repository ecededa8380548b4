/* The stations: each makes signed bundles, now and then one that must not be taken, and pushes them
 * chunk by chunk over a line of its own, which loses, doubles and overtakes what is said, and is
 * cut for a while. It goes on from where the park says it is. Then it asks for the receipt and the
 * hits, and holds both against the list. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/envelope.h"
#include "schema/errors.h"
#include "tests/sim/station.h"

enum {
    FRAME_SIZE = 65536,
    AGAIN_S = 5,
    PEER = 230,
    LOST_PER_MILLE = 20,
    SLOW_PER_MILLE = 50,
    CUT_PER_MILLE = 60,
};

static struct {
    struct station stations[AUTHORITIES];
    struct random chance;
    uint64_t applied, refused;
} s;

static void wake(void *ctx, uint64_t number, uint64_t b);

void stations_reset(void)
{
    for (size_t i = 0; i < AUTHORITIES; i++) {
        watch_bundle_destroy(&s.stations[i].bundle);
    }
    memset(&s, 0, sizeof(s));
    s.chance.state = sim.plan.seed ^ UINT64_C(0x73746174696f6e);
}

uint64_t stations_applied(void)
{
    return s.applied;
}

uint64_t stations_refused(void)
{
    return s.refused;
}

static struct station *station_of(const struct link_peer *peer)
{
    unsigned number = peer->id[4] - (unsigned)PEER;
    MUST(number < AUTHORITIES);
    return &s.stations[number];
}

/* --- the line --- */

struct parcel {
    struct link_peer peer;
    size_t size;
    uint8_t bytes[];
};

static void arrive(void *ctx, uint64_t number, uint64_t b)
{
    struct parcel *parcel = ctx;
    struct station *station = &s.stations[number];
    (void)b;
    if (sim.now >= station->cut_until) {
        controller_station(&station->peer, &station->key,
                           (struct bytes){.data = parcel->bytes, .size = parcel->size});
    }
    free(parcel);
}

static void travel(const struct station *station, struct bytes frame, event_run *run)
{
    bool odd = !sim.plan.calm && !sim.healing;
    unsigned copies = odd && random_chance(&s.chance, LOST_PER_MILLE)   ? 0
                      : odd && random_chance(&s.chance, LOST_PER_MILLE) ? 2
                                                                        : 1;
    if (sim.now < station->cut_until) {
        return;
    }
    for (unsigned i = 0; i < copies; i++) {
        bool slow = odd && random_chance(&s.chance, SLOW_PER_MILLE);
        struct parcel *parcel = malloc(sizeof(*parcel) + frame.size);
        MUST(parcel != NULL);
        parcel->peer = station->peer;
        parcel->size = frame.size;
        memcpy(parcel->bytes, frame.data, frame.size);
        sim_at_owned(sim.now + random_between(&s.chance, 200, slow ? 20 * SECOND : 20 * MS), run,
                     parcel, station->number, 0);
    }
}

/* --- asking --- */

static void give_up(void *ctx, uint64_t number, uint64_t request);

struct pair {
    const char *name, *value;
};

static void ask(struct station *station, enum asking asking, const char *verb, struct bytes row,
                const struct pair pairs[2])
{
    static uint8_t frame[FRAME_SIZE];
    char *names[2];
    ProtobufCBinaryData values[2];
    Parkgate__Request request = PARKGATE__REQUEST__INIT;
    ProtobufCBinaryData rows = {.data = (uint8_t *)(uintptr_t)row.data, .len = row.size};
    size_t count = 0;
    for (; count < 2 && pairs != NULL && pairs[count].name != NULL; count++) {
        names[count] = (char *)(uintptr_t)pairs[count].name;
        values[count] = (ProtobufCBinaryData){.len = strlen(pairs[count].value),
                                              .data = (uint8_t *)(uintptr_t)pairs[count].value};
    }
    request.verb = (char *)(uintptr_t)verb;
    request.n_arg = request.n_value = count;
    request.arg = names;
    request.value = values;
    request.version = 1;
    request.n_row = row.size > 0 ? 1 : 0;
    request.row = &rows;
    station->asking = asking;
    size_t size = envelope_write(PROTOCOL_VERSION, MESSAGE_REQUEST, ++station->request,
                                 &request.base, frame, sizeof(frame));
    travel(station, (struct bytes){.data = frame, .size = size}, arrive);
    sim_after(AGAIN_S * SECOND, give_up, NULL, station->number, station->request);
}

static void ask_plain(struct station *station, enum asking asking, const char *verb)
{
    ask(station, asking, verb, (struct bytes){0}, NULL);
}

static void ask_begin(struct station *station)
{
    char signature[SIGN_BASE64_SIZE];
    sign_to_base64(&station->bundle.signature, signature);
    ask(station, ASKS_BEGIN, "watch.begin", station->bundle.manifest,
        (struct pair[2]){
            {"signature", signature}
    });
}

static void ask_chunk(struct station *station)
{
    char number[24];
    char chunk[24];
    MUST(station->chunk >= 1 && station->chunk <= station->bundle.chunk_count);
    (void)snprintf(number, sizeof(number), "%llu", (unsigned long long)station->bundle_number);
    (void)snprintf(chunk, sizeof(chunk), "%zu", station->chunk);
    ask(station, ASKS_CHUNK, "watch.chunk", station->bundle.chunks[station->chunk - 1],
        (struct pair[2]){
            {"number", number},
            {"chunk",  chunk }
    });
}

static void ask_receipt(struct station *station)
{
    char number[24];
    (void)snprintf(number, sizeof(number), "%llu", (unsigned long long)station->applied);
    ask(station, ASKS_RECEIPT, "watch.receipt",
        (struct bytes){
            0
    },
        (struct pair[2]){{"number", number}});
}

static void ask_hits(struct station *station)
{
    char after[24];
    (void)snprintf(after, sizeof(after), "%llu", (unsigned long long)station->hits);
    ask(station, ASKS_HITS, "watch.hits",
        (struct bytes){
            0
    },
        (struct pair[2]){{"after", after}});
}

/* No answer came: whatever it was, first it asks how far the park is. */
static void give_up(void *ctx, uint64_t number, uint64_t request)
{
    struct station *station = &s.stations[number];
    (void)ctx;
    if (station->request != request || station->asking == ASKS_NOTHING) {
        return;
    }
    if (!station->ready) {
        ask_plain(station, ASKS_KEY, "watch.key");
    } else if (station->pushing) {
        ask_plain(station, ASKS_STATUS, "watch.status");
    } else if (station->asking == ASKS_RECEIPT) {
        ask_receipt(station);
    } else {
        ask_hits(station);
    }
}

/* --- answers --- */

static const char *note_of(const Parkgate__Reply *reply, const char *name)
{
    static char text[256];
    text[0] = '\0';
    for (size_t i = 0; i < reply->n_note; i++) {
        if (strcmp(reply->note[i], name) == 0) {
            (void)snprintf(text, sizeof(text), "%.*s", (int)reply->note_value[i].len,
                           (const char *)reply->note_value[i].data);
        }
    }
    return text;
}

static uint64_t number_of(const Parkgate__Reply *reply, const char *name)
{
    return strtoull(note_of(reply, name), NULL, 10);
}

static void rest(struct station *station, int64_t most)
{
    station->asking = ASKS_NOTHING;
    most = sim.healing ? 30 * SECOND : most;
    sim_after(random_between(&s.chance, 20 * SECOND, most), wake, NULL, station->number, 0);
}

static void is_done(struct station *station)
{
    station->pushing = false;
    rest(station, sim.plan.rush ? 12 * MINUTE : 90 * MINUTE);
}

static void was_applied(struct station *station)
{
    if (station->spoiling != WHOLE) {
        sim_fail("I6", "the park says that a spoilt bundle of %s was applied",
                 list_authority_name(station->number));
    }
    s.applied++;
    station->applied = station->bundle_number;
    station->previous = seal_hash_of(station->bundle.manifest);
    station->pushing = false;
    ask_receipt(station);
}

/* It is of the kind that says that the bundle will never be taken. */
static bool is_about_bundle(uint32_t error)
{
    return error >= ERROR_WATCH_FORM && error <= ERROR_WATCH_ID_UNKNOWN;
}

static void was_refused(struct station *station, uint32_t error)
{
    if (error == ERROR_WATCH_NOT_OPEN) {
        ask_begin(station);
        return;
    }
    if (!is_about_bundle(error)) {
        rest(station, error == ERROR_AUTHORITY_SUSPENDED ? 5 * MINUTE : 30 * SECOND);
        return;
    }
    /* Another one is open; or it was applied, and the answer to that is lost or late. */
    bool was_taken = list_number(station->number) >= station->bundle_number;
    if (station->spoiling == WHOLE && (error == ERROR_WATCH_CHUNK || was_taken)) {
        ask_plain(station, ASKS_STATUS, "watch.status");
        return;
    }
    if (station->spoiling == WHOLE && !list_may_refuse(station->said)) {
        sim_fail("I6", "bundle %llu of %s is good, and was refused: error %u",
                 (unsigned long long)station->bundle_number, list_authority_name(station->number),
                 error);
    }
    s.refused++;
    is_done(station);
}

static void goes_on(struct station *station, uint64_t next)
{
    if (next < 1 || next > station->bundle.chunk_count) {
        sim_fail("station", "the park asks for chunk %llu of %zu", (unsigned long long)next,
                 station->bundle.chunk_count);
    }
    station->chunk = (size_t)next;
    ask_chunk(station);
}

static void take_progress(struct station *station, const Parkgate__Reply *reply)
{
    if (reply->error != 0) {
        was_refused(station, reply->error);
    } else if (strcmp(note_of(reply, "state"), "applied") == 0) {
        was_applied(station);
    } else {
        goes_on(station, number_of(reply, "next"));
    }
}

static void take_status(struct station *station, const Parkgate__Reply *reply)
{
    char digest[2 * SEAL_HASH_SIZE + 1];
    struct seal_hash mine = seal_hash_of(station->bundle.manifest);
    bytes_to_hex(BYTES_OF(mine.bytes), digest, sizeof(digest));
    if (reply->error != 0) {
        rest(station, 30 * SECOND);
        return;
    }
    if (strcmp(note_of(reply, "digest"), digest) == 0 && station->spoiling == WHOLE) {
        was_applied(station);
    } else if (strcmp(note_of(reply, "open_digest"), digest) == 0) {
        goes_on(station, number_of(reply, "next"));
    } else {
        ask_begin(station);
    }
}

static void take_key(struct station *station, const Parkgate__Reply *reply)
{
    if (reply->error != 0) {
        rest(station, 30 * SECOND);
        return;
    }
    MUST(bytes_from_hex(note_of(reply, "matching"), station->matching.bytes, SEAL_KEY_SIZE) &&
         bytes_from_hex(note_of(reply, "park_sign"), station->park_sign.bytes, SIGN_KEY_SIZE));
    (void)snprintf(station->park.text, sizeof(station->park.text), "%s", note_of(reply, "park"));
    station->ready = true;
    rest(station, 2 * MINUTE);
}

static void take(struct station *station, const Parkgate__Reply *reply)
{
    switch (station->asking) {
    case ASKS_KEY:
        take_key(station, reply);
        break;
    case ASKS_BEGIN:
    case ASKS_CHUNK:
        take_progress(station, reply);
        break;
    case ASKS_STATUS:
        take_status(station, reply);
        break;
    case ASKS_RECEIPT:
        if (reply->error == 0) {
            receipt_check(station, reply);
        }
        ask_hits(station);
        break;
    case ASKS_HITS:
        if (reply->error == 0) {
            receipt_hits(station, reply);
        }
        is_done(station);
        break;
    default:
        break;
    }
}

static void hear(void *ctx, uint64_t number, uint64_t b)
{
    struct parcel *parcel = ctx;
    struct station *station = &s.stations[number];
    struct envelope envelope;
    struct complaint complaint = {0};
    (void)b;
    MUST(envelope_read((struct bytes){.data = parcel->bytes, .size = parcel->size}, &envelope,
                       &complaint));
    if (sim.now >= station->cut_until && envelope.kind == MESSAGE_REPLY &&
        envelope.sequence == station->request && station->asking != ASKS_NOTHING) {
        Parkgate__Reply *reply =
            parkgate__reply__unpack(NULL, envelope.body.size, envelope.body.data);
        MUST(reply != NULL);
        take(station, reply);
        parkgate__reply__free_unpacked(reply, NULL);
    }
    free(parcel);
}

/* As it leaves the park, whether or not it arrives: what it says is so. */
void station_hears(const struct link_peer *peer, struct bytes frame)
{
    const struct station *station = station_of(peer);
    struct envelope envelope;
    struct complaint complaint = {0};
    MUST(envelope_read(frame, &envelope, &complaint));
    if (envelope.kind == MESSAGE_REPLY) {
        Parkgate__Reply *reply =
            parkgate__reply__unpack(NULL, envelope.body.size, envelope.body.data);
        MUST(reply != NULL);
        if (reply->error == 0 && strcmp(note_of(reply, "state"), "applied") == 0) {
            list_claims_applied(station->number, number_of(reply, "number"));
        }
        parkgate__reply__free_unpacked(reply, NULL);
    }
    travel(station, frame, hear);
}

/* --- what it does next --- */

static void wake(void *ctx, uint64_t number, uint64_t b)
{
    struct station *station = &s.stations[number];
    (void)ctx;
    (void)b;
    if (station->asking != ASKS_NOTHING) {
        return;
    }
    if (!sim.plan.calm && !sim.healing && random_chance(&s.chance, CUT_PER_MILLE)) {
        station->cut_until = sim.now + random_between(&s.chance, SECOND, 5 * MINUTE);
        sim_note("station is cut off", number, 0);
    }
    if (!station->ready) {
        ask_plain(station, ASKS_KEY, "watch.key");
    } else if (station->pushing) {
        ask_plain(station, ASKS_STATUS, "watch.status");
    } else if (!sim.healing) {
        bundle_make(station);
        ask_begin(station);
    } else if (station->hits != hits_told(station->number)) {
        ask_hits(station);
    } else {
        rest(station, MINUTE);
    }
}

static void make_keys(struct station *station)
{
    struct random random = {.state = 77 + station->number};
    for (size_t i = 0; i < LINK_KEY_SIZE; i++) {
        station->key.bytes[i] = (uint8_t)random_next(&random);
        station->sign.bytes[i] = (uint8_t)random_next(&random);
        station->foreign.bytes[i] = (uint8_t)random_next(&random);
    }
}

static void begin_one(unsigned number)
{
    struct station *station = &s.stations[number];
    char public_hex[LINK_KEY_HEX_SIZE];
    char sign_hex[2 * SIGN_KEY_SIZE + 1];
    station->number = number;
    station->peer.id[1] = station->peer.id[2] = station->peer.id[3] = 255;
    station->peer.id[4] = (uint8_t)(PEER + number);
    make_keys(station);
    struct sign_public sign = sign_public_of(&station->sign);
    bytes_to_hex(BYTES_OF(station->key.bytes), public_hex, sizeof(public_hex));
    bytes_to_hex(BYTES_OF(sign.bytes), sign_hex, sizeof(sign_hex));
    unsigned error =
        controller_agreed("authority.add", "name", list_authority_name(number), "title",
                          "Authority", "public", public_hex, "sign", sign_hex, "refresh", "24",
                          "reason", "agreement 2026-3", NULL);
    if (error != 0) {
        sim_fail("start", "authority %u: error %u", number, error);
    }
    sim_after(random_between(&s.chance, SECOND, MINUTE), wake, NULL, number, 0);
}

void stations_begin(void)
{
    bundles_reset();
    for (unsigned i = 0; i < AUTHORITIES; i++) {
        begin_one(i);
    }
}

void stations_heal(void)
{
    for (size_t i = 0; i < AUTHORITIES; i++) {
        s.stations[i].cut_until = 0;
    }
}

bool stations_are_done(void)
{
    for (unsigned i = 0; i < AUTHORITIES; i++) {
        const struct station *station = &s.stations[i];
        if (station->hits != hits_told(i) && station->ready) {
            return false;
        }
    }
    return true;
}

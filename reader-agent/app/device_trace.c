#include "reader-agent/app/device_trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/must.h"
#include "common/seal/seal.h"

enum { RANDOM_UID_BEGINS = 0x08 };

struct device_trace {
    FILE *file;
    struct name device;
    struct seal_key key;
    struct mono began;
    uint64_t reads;
};

enum err device_trace_create(const char *path, struct name device, const struct entropy *entropy,
                             struct mono now, struct device_trace **ret_trace, struct fault *fault)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (file == NULL) {
        return fault_set(fault, ERR_IO, "%s: %s", path, strerror(errno));
    }
    struct device_trace *trace = calloc(1, sizeof(*trace));
    MUST(trace != NULL);
    trace->file = file;
    trace->device = device;
    trace->key = seal_key_draw(entropy);
    trace->began = now;
    *ret_trace = trace;
    return ERR_OK;
}

void device_trace_destroy(struct device_trace **trace)
{
    if (*trace != NULL) {
        (void)fclose((*trace)->file);
        seal_wipe(&(*trace)->key, sizeof((*trace)->key));
        free(*trace);
        *trace = NULL;
    }
}

static uint8_t hide_letter(uint8_t letter, uint8_t by)
{
    if (letter >= '0' && letter <= '9') {
        return (uint8_t)('0' + by % 10);
    }
    if (letter >= 'A' && letter <= 'Z') {
        return (uint8_t)('A' + by % 26);
    }
    return letter >= 'a' && letter <= 'z' ? (uint8_t)('a' + by % 26) : letter;
}

/* A UID keeps what its first byte means: who made the card, or that it is drawn anew. */
static uint8_t hide_byte(size_t at, size_t size, uint8_t byte, uint8_t by)
{
    bool says_kind = at == 0 && (size == 7 || byte == RANDOM_UID_BEGINS);
    if (says_kind) {
        return byte;
    }
    return at == 0 && by == RANDOM_UID_BEGINS ? RANDOM_UID_BEGINS + 1 : by;
}

void device_trace_hide(const struct device_trace *trace, enum credential_kind kind, uint8_t *id,
                       size_t size)
{
    struct seal_hash hash = seal_keyed_hash(&trace->key, "device-trace", SEAL_PARTS({id, size}));
    for (size_t i = 0; i < size; i++) {
        uint8_t by = hash.bytes[i % sizeof(hash.bytes)];
        id[i] = kind == CREDENTIAL_KIND_BADGE || kind == CREDENTIAL_KIND_NONE
                    ? hide_byte(i, size, id[i], by)
                    : hide_letter(id[i], by);
    }
}

static void begin_line(const struct device_trace *trace, struct mono now)
{
    (void)fprintf(trace->file, "{\"ms\":%lld,\"device\":\"%s\"",
                  (long long)((now.us - trace->began.us) / 1000), trace->device.text);
}

static void write_frame(const struct device_trace *trace, const struct helper_message *message,
                        struct mono now)
{
    uint8_t frame[HELPER_FRAME_BYTES];
    size_t size = helper_pack(message, frame);
    begin_line(trace, now);
    (void)fputs(",\"frame\":\"", trace->file);
    for (size_t i = 0; i < size; i++) {
        (void)fprintf(trace->file, "%02x", frame[i]);
    }
    (void)fputs("\"}\n", trace->file);
    (void)fflush(trace->file);
}

void device_trace_frame(struct device_trace *trace, const struct helper_message *message,
                        struct mono now)
{
    static const bool taken[] = {
        [HELPER_SAYS_STATE] = true,         [HELPER_SAYS_BOARD] = true,
        [HELPER_SAYS_GUARDED_BOARD] = true, [HELPER_SAYS_OPEN_RESULT] = true,
        [HELPER_SAYS_BUTTON] = true,        [HELPER_SAYS_REPORT] = true,
        [HELPER_SAYS_LEVELS] = true,
    };
    if (trace != NULL && message->kind < ARRAY_LEN(taken) && taken[message->kind]) {
        write_frame(trace, message, now);
    }
}

static void write_card(struct device_trace *trace, const struct reading *reading, struct mono now)
{
    bool random = reading->id_size == 0;
    struct helper_read read = {.sequence = ++trace->reads,
                               .captured = reading->captured,
                               .uid_size = random ? reading->raw_size : reading->id_size,
                               .random_uid = random};
    if (read.uid_size != 4 && read.uid_size != 7 && read.uid_size != 10) {
        return;
    }
    memcpy(read.uid, random ? reading->raw : reading->id, read.uid_size);
    device_trace_hide(trace, CREDENTIAL_KIND_BADGE, read.uid, read.uid_size);
    struct helper_message message = {.kind = HELPER_SAYS_READ, .read = read};
    if (reading->proof != CARD_PROOF_NONE) {
        message = (struct helper_message){
            .kind = HELPER_SAYS_PROVED,
            .proved = {.read = read, .proof = reading->proof, .exchange_ms = reading->exchange_ms}
        };
    }
    write_frame(trace, &message, now);
}

/* Of a text only what needs no escape: what else a device sent is no letter of a plate. */
static void write_id(const struct device_trace *trace, const struct reading *reading)
{
    uint8_t id[LIMIT_CREDENTIAL_BYTES];
    memcpy(id, reading->id, sizeof(id));
    device_trace_hide(trace, reading->kind, id, reading->id_size);
    bool bytes = reading->kind == CREDENTIAL_KIND_BADGE;
    for (size_t i = 0; i < reading->id_size; i++) {
        bool plain = id[i] >= 0x20 && id[i] != '"' && id[i] != '\\' && id[i] != 0x7f;
        (void)fprintf(trace->file, bytes ? "%02x" : "%c", bytes || plain ? id[i] : '?');
    }
}

void device_trace_reading(struct device_trace *trace, const struct reading *reading,
                          struct wall wall, struct mono now)
{
    if (trace == NULL) {
        return;
    }
    if (reading->live_by_read) {
        write_card(trace, reading, now);
        return;
    }
    int64_t age_ms = reading->captured.us == 0 ? 0 : (wall.us - reading->captured.us) / 1000;
    begin_line(trace, now);
    (void)fprintf(trace->file, ",\"kind\":\"%s\",\"id\":\"", credential_kind_name(reading->kind));
    write_id(trace, reading);
    (void)fprintf(trace->file,
                  "\",\"direction\":%d,\"history\":%s,\"colour\":%u,\"confidence\":%u,"
                  "\"timed\":%s,\"age_ms\":%lld}\n",
                  (int)reading->direction, reading->history ? "true" : "false",
                  reading->plate_colour, reading->confidence,
                  reading->captured.us != 0 ? "true" : "false", (long long)age_ms);
    (void)fflush(trace->file);
}

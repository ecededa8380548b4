#include "reader-agent/app/carry.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "common/facts/carry.h"
#include "reader-agent/app/gate.h"
#include "schema/errors.h"

enum {
    LOOK_MS = 1000,
    AGAIN_MS = 1, /* until the next chunks */
    SLICE = 4,    /* chunks */
    CLOCK_SLACK_US = LIMIT_CLOCK_UNTRUSTED_MS * 1000,
    TIME_SIZE = 24,
    NUMBER_SIZE = 24,
};

struct carrying {
    FILE *file;
    struct carry_head head;
    struct seal_key key;
    uint8_t packed_head[CARRY_HEAD_SIZE];
    uint32_t index; /* of the next chunk */
    bool copying;   /* some of the roster is staged */
    bool applying;  /* all of it is */
    bool rows_taken;
    struct config_parts config;
    uint8_t sealed[CARRY_SEALED_MAX], plain[CARRY_PLAIN_MAX];
};

/* --- what is said --- */

static void time_text(struct wall at, char out[TIME_SIZE])
{
    time_t seconds = (time_t)(at.us / 1000000);
    struct tm utc;
    out[0] = '\0';
    if (gmtime_r(&seconds, &utc) != NULL) {
        (void)strftime(out, TIME_SIZE, "%Y-%m-%d %H:%M:%SZ", &utc);
    }
}

static void number_text(uint64_t number, char out[NUMBER_SIZE])
{
    (void)snprintf(out, NUMBER_SIZE, "%llu", (unsigned long long)number);
}

static void drop(struct gate *gate)
{
    struct carrying *carry = gate->carry;
    if (carry->file != NULL) {
        (void)fclose(carry->file);
    }
    uplink_config_drop(&carry->config);
    seal_wipe(carry, sizeof(*carry));
    free(carry);
    gate->carry = NULL;
}

/* The first argument, the file's name, is the console's. */
static void answer(struct gate *gate, enum error_number error, const char *a2, const char *a3)
{
    char in[SETTINGS_PATH_SIZE];
    char out[SETTINGS_PATH_SIZE];
    char fresh[SETTINGS_PATH_SIZE];
    struct complaint complaint = {0};
    char sentence[512];
    if (settings_path(gate->dir, CARRY_IN, in, NULL) != ERR_OK ||
        settings_path(gate->dir, CARRY_OUT, out, NULL) != ERR_OK ||
        settings_path(gate->dir, CARRY_OUT ".new", fresh, NULL) != ERR_OK) {
        return;
    }
    FILE *file = fopen(fresh, "we");
    if (file != NULL) {
        (void)fprintf(file, "%d\n%s\n%s\n", (int)error, a2, a3);
        if (fclose(file) == 0) {
            (void)rename(fresh, out);
        }
    }
    (void)unlink(in);
    if (error != 0) {
        (void)complain(&complaint, error, CARRY_IN, a2, a3, NULL);
        error_sentence_en(&complaint, sentence, sizeof(sentence));
        log_error("carry_refused", LOG_TEXT("why", sentence));
    }
}

static void refuse(struct gate *gate, enum error_number error, const char *a2, const char *a3)
{
    answer(gate, error, a2, a3); /* these may be the file's own words */
    drop(gate);
}

/* --- may it be taken? --- */

static bool key_fits(const struct gate *gate, struct carrying *carry, struct link_key server)
{
    struct seal_box_secret own;
    struct seal_box_public peer;
    memcpy(own.bytes, gate->keys.secret_key.bytes, sizeof(own.bytes));
    memcpy(peer.bytes, server.bytes, sizeof(peer.bytes));
    bool good = carry_key(&own, &peer, &carry->key, NULL) == ERR_OK &&
                carry_head_is_under(carry->packed_head, &carry->key);
    seal_wipe(&own, sizeof(own));
    return good;
}

static bool is_ours(struct gate *gate, struct carrying *carry)
{
    if (!name_equal(carry->head.gate, gate->settings.gate)) {
        refuse(gate, ERROR_CARRY_GATE, carry->head.gate.text, gate->settings.gate.text);
        return false;
    }
    if (!key_fits(gate, carry, gate->rekey.server_now) &&
        !(gate->rekey.has_server_next && key_fits(gate, carry, gate->rekey.server_next))) {
        refuse(gate, ERROR_CARRY_KEY, "", "");
        return false;
    }
    return true;
}

/* How long ago it was made, by the latest time that this gate knows of. */
static int64_t age_us(const struct gate *gate, const struct carrying *carry)
{
    struct wall wall = gate_wall(gate);
    struct wall high = gate->copy.lease.now.high;
    int64_t now_us = wall.us > high.us ? wall.us : high.us;
    int64_t age = 0;
    return __builtin_sub_overflow(now_us, carry->head.made.us, &age) ? INT64_MAX : age;
}

static int64_t lease_us(const struct gate *gate)
{
    return lease_length_us(gate->copy.park == NULL ? 0 : gate->copy.park->lease_hours, false);
}

/* A clock that stands before the making, or that was lost and stands before what this gate has
 * seen, cannot tell how old it is. */
static bool is_in_time(struct gate *gate, const struct carrying *carry)
{
    char made[TIME_SIZE];
    char other[TIME_SIZE];
    time_text(carry->head.made, made);
    int64_t age = age_us(gate, carry);
    bool lost = !gate->copy.lease.clock_known && gate_wall(gate).us < gate->copy.lease.now.high.us;
    if (lost || age < -CLOCK_SLACK_US) {
        time_text(gate_wall(gate), other);
        refuse(gate, ERROR_CARRY_CLOCK, made, other);
        return false;
    }
    if (age >= lease_us(gate)) {
        number_text((uint64_t)(lease_us(gate) / INT64_C(3600000000)), other);
        refuse(gate, ERROR_CARRY_OLD, made, other);
        return false;
    }
    return true;
}

static bool is_news(struct gate *gate, const struct carrying *carry)
{
    const struct copy_about *about = copy_store_about(gate->copy.store);
    char its[NUMBER_SIZE];
    char ours[NUMBER_SIZE];
    if (carry->head.number <= about->carry) {
        number_text(carry->head.number, its);
        number_text(about->carry, ours);
        refuse(gate, ERROR_CARRY_NUMBER, its, ours);
        return false;
    }
    if (carry->head.sequence < about->sequence) {
        number_text(carry->head.sequence, its);
        number_text(about->sequence, ours);
        refuse(gate, ERROR_CARRY_BEHIND, its, ours);
        return false;
    }
    return true;
}

/* --- taking it --- */

static void damaged(struct gate *gate)
{
    copy_carried_drop(gate);
    refuse(gate, ERROR_CARRY_DAMAGED, "", "");
}

static bool take_message(struct gate *gate, struct carrying *carry, uint32_t kind,
                         struct bytes message)
{
    bool good = false;
    if (kind == CARRY_CONFIG) {
        Parkgate__Config *config = parkgate__config__unpack(NULL, message.size, message.data);
        good = config != NULL && uplink_config_kept(&carry->config, config);
        if (config != NULL) {
            parkgate__config__free_unpacked(config, NULL);
        }
    } else if (kind == CARRY_COPY) {
        Parkgate__CopyPart *part = parkgate__copy_part__unpack(NULL, message.size, message.data);
        good = part != NULL && part->snapshot && copy_part_carried(gate, part, carry->head.number);
        carry->copying |= good;
        if (part != NULL) {
            parkgate__copy_part__free_unpacked(part, NULL);
        }
    }
    return good;
}

/* False: it is damaged. */
static bool take_chunk(struct gate *gate, struct carrying *carry, bool *ret_last)
{
    uint8_t length[CARRY_LENGTH_SIZE];
    size_t size = 0;
    uint32_t kind = 0;
    struct bytes message;
    if (fread(length, 1, sizeof(length), carry->file) != sizeof(length) ||
        !carry_length_read(length, &size, ret_last) ||
        fread(carry->sealed, 1, size, carry->file) != size) {
        return false;
    }
    struct bytes sealed = {.data = carry->sealed, .size = size};
    if (carry_chunk_open(&carry->key, carry->packed_head, carry->index++, *ret_last, sealed,
                         carry->plain, &kind, &message, NULL) != ERR_OK) {
        return false;
    }
    bool good = take_message(gate, carry, kind, message);
    return good && (!*ret_last || (fgetc(carry->file) == EOF && copy_carried_is_whole(gate)));
}

enum err carry_take_rows(struct gate *gate, struct fault *fault)
{
    struct carrying *carry = gate->carry;
    uint64_t needed = gate->copy.coming.about.config_version;
    uint64_t have = agent_store_state(gate->store)->config_version;
    bool newer = uplink_config_is_whole(&carry->config) && carry->config.version > have;
    if ((newer ? carry->config.version : have) < needed) {
        return fault_set(fault, ERR_INPUT, "the park's rows %llu are not in it",
                         (unsigned long long)needed);
    }
    if (newer) {
        TRY(uplink_config_store(gate, &carry->config, fault));
        carry->rows_taken = true;
    }
    return ERR_OK;
}

static void step(void *ctx)
{
    struct gate *gate = ctx;
    struct carrying *carry = gate->carry;
    bool last = false;
    if (carry == NULL || carry->applying) {
        return;
    }
    for (int i = 0; i < SLICE && !last; i++) {
        if (!take_chunk(gate, carry, &last)) {
            damaged(gate);
            return;
        }
    }
    if (last) {
        carry->applying = true;
        copy_carried_apply(gate);
    } else {
        (void)loop_after(gate->loop, AGAIN_MS, 0, step, gate);
    }
}

static void begin(struct gate *gate, FILE *file)
{
    struct carrying *carry = calloc(1, sizeof(*carry));
    MUST(carry != NULL);
    carry->file = file;
    gate->carry = carry;
    if (fread(carry->packed_head, 1, sizeof(carry->packed_head), file) !=
            sizeof(carry->packed_head) ||
        !carry_head_read(carry->packed_head, &carry->head)) {
        damaged(gate);
        return;
    }
    if (is_ours(gate, carry) && is_in_time(gate, carry) && is_news(gate, carry)) {
        step(gate);
    }
}

void carry_tick(struct gate *gate)
{
    char path[SETTINGS_PATH_SIZE];
    if (gate->carry != NULL && gate->carry->copying && !copy_carried_is_staged(gate)) {
        refuse(gate, gate->carry->rows_taken ? ERROR_CARRY_PART : ERROR_CARRY_LINE, "", "");
    }
    if (gate->carry != NULL || gate->copy.coming.file != NULL ||
        mono_before(gate_mono(gate), mono_after_ms(gate->carry_looked, LOOK_MS)) ||
        settings_path(gate->dir, CARRY_IN, path, NULL) != ERR_OK) {
        return;
    }
    gate->carry_looked = gate_mono(gate);
    FILE *file = fopen(path, "rbe");
    if (file != NULL) {
        begin(gate, file);
    }
}

static void record_taken(struct gate *gate, uint64_t number)
{
    struct draft draft = {.kind = EVENT_CARRY,
                          .captured = gate_wall(gate),
                          .received = gate_wall(gate),
                          .carry = number};
    struct grant_id id;
    struct fault fault = {0};
    if (record_event(gate, &draft, false, NULL, &id, &fault) != ERR_OK) {
        log_error("event_lost", LOG_TEXT("why", fault.what));
    }
}

void carry_taken(struct gate *gate)
{
    struct carry_head head = gate->carry->head;
    char number[NUMBER_SIZE];
    char until[TIME_SIZE];
    int64_t age = age_us(gate, gate->carry);
    alone_carried(gate, age < 0 ? 0 : age);
    number_text(head.number, number);
    time_text((struct wall){.us = head.made.us + lease_us(gate)}, until);
    log_event("carry_taken", LOG_NUM("number", head.number), LOG_NUM("sequence", head.sequence),
              LOG_TEXT("until", until));
    drop(gate);
    record_taken(gate, head.number);
    answer(gate, 0, number, until);
}

void carry_not_taken(struct gate *gate, enum err err, const char *why)
{
    bool disk = err == ERR_FULL || err == ERR_IO || err == ERR_MAP_FULL;
    log_error("carry_not_taken", LOG_TEXT("code", err_name(err)), LOG_TEXT("why", why));
    copy_carried_drop(gate);
    if (gate->carry->rows_taken) {
        refuse(gate, ERROR_CARRY_PART, "", "");
    } else if (disk) {
        refuse(gate, ERROR_CARRY_DISK, "", "");
    } else {
        refuse(gate, ERROR_CARRY_FAILED, why, "");
    }
}

void carry_end(struct gate *gate)
{
    if (gate->carry != NULL) {
        drop(gate);
    }
}

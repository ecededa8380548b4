/* News from the controller. Parts are kept in a file until the last one has come; then all of them
 * are taken in by one transaction, in slices, and become valid by its commit. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "common/facts/field.h"
#include "reader-agent/app/gate.h"

enum {
    APPLY_PARTS = 1,    /* in one slice */
    APPLY_AGAIN_MS = 1, /* until the next one */
    SAY_AGAIN_MS = 12000,
    DISK_WAIT_MS = 5000,
    GROW_MAX = 8,
};

/* --- answers --- */

/* `number`: of the delivery's last part that is kept, or, with its sequence, is taken in. */
static void send_have(struct gate *gate, uint32_t number)
{
    const struct copy_about *about = copy_store_about(gate->copy.store);
    const struct copy_coming *coming = &gate->copy.coming;
    Parkgate__CopyHave have = PARKGATE__COPY_HAVE__INIT;
    have.generation = coming->file != NULL ? coming->about.generation : about->generation;
    have.sequence = about->sequence;
    have.number = number;
    have.anew = gate->copy.wants_anew && coming->file == NULL; /* else it is on its way */
    have.why = gate->copy.why;
    have.counts = true;
    if (link_state_is_up(&gate->link_state, gate_mono(gate))) {
        (void)!controller_link_send(gate->controller, MESSAGE_COPY_HAVE, &have.base, NULL);
        gate->copy.said = gate_mono(gate);
    }
}

/* Says once, in an event that outlives a break, that the copy is damaged; and once that it is not
 * any more. */
static void tell_state(struct gate *gate, enum device_state state, const char *why)
{
    struct draft draft = {.kind = EVENT_DEVICE,
                          .captured = gate_wall(gate),
                          .received = gate_wall(gate),
                          .device_state = (uint32_t)state};
    char name[2 * NAME_SIZE];
    struct grant_id id;
    (void)snprintf(name, sizeof(name), "%s.copy", gate->settings.gate.text);
    if (!name_from_text(name, &draft.reader)) {
        draft.reader = gate->settings.gate;
    }
    (void)snprintf(draft.note, sizeof(draft.note), "copy: %s", why);
    if (record_event(gate, &draft, false, NULL, &id, NULL) == ERR_OK) {
        gate->copy.damage_told = state == DEVICE_DOWN;
    }
}

static void ask_anew(struct gate *gate, const char *why)
{
    gate->copy.wants_anew = true;
    (void)snprintf(gate->copy.why, sizeof(gate->copy.why), "%s", why);
    if (!gate->copy.damage_told) {
        tell_state(gate, DEVICE_DOWN, why);
    }
    send_have(gate, 0);
}

static void drop_coming(struct gate *gate)
{
    struct copy_coming *coming = &gate->copy.coming;
    if (coming->taking) {
        copy_store_drop_take(gate->copy.store);
    }
    if (coming->file != NULL) {
        (void)fclose(coming->file);
    }
    *coming = (struct copy_coming){0};
}

void copy_refuse(struct gate *gate, const char *why)
{
    struct fault fault = {0};
    log_error("copy_refused", LOG_NUM("sequence", copy_store_about(gate->copy.store)->sequence),
              LOG_TEXT("why", why), LOG_TEXT("now", "the controller is asked for another"));
    drop_coming(gate);
    own_events_drop(gate);
    if (copy_store_reset(gate->copy.store, &fault) != ERR_OK) {
        log_error("copy_not_made", LOG_TEXT("why", fault.what));
    }
    ask_anew(gate, why);
}

void copy_record_damaged(struct gate *gate, const char *why)
{
    if (!gate->copy.wants_anew) { /* else it is told already: the walk comes by again and again */
        log_error("copy_record_refused", LOG_TEXT("why", why));
        ask_anew(gate, why);
    }
}

void copy_welcomed(struct gate *gate)
{
    drop_coming(gate);
    send_have(gate, 0);
}

void copy_link_lost(struct gate *gate)
{
    if (!gate->copy.coming.whole) {
        drop_coming(gate);
    }
}

/* --- keeping parts --- */

static bool set_about(struct gate *gate, const Parkgate__CopyPart *part)
{
    struct copy_about *about = &gate->copy.coming.about;
    if (part->credential_key.len == SEAL_KEY_SIZE) {
        memcpy(about->credential_key.bytes, part->credential_key.data, SEAL_KEY_SIZE);
    } else if (part->snapshot || part->credential_key.len != 0) {
        return false;
    }
    return true;
}

/* The first part of a snapshot, or of what changed since the sequence that we have: of the same
 * kind of copy then. */
static bool begin_coming(struct gate *gate, const Parkgate__CopyPart *part)
{
    struct copy_coming *coming = &gate->copy.coming;
    const struct copy_about *have = copy_store_about(gate->copy.store);
    char path[SETTINGS_PATH_SIZE];
    bool follows = part->generation == have->generation && part->from == have->sequence &&
                   (part->counts_only != 0) == have->counts_only;
    drop_coming(gate);
    if (part->generation == 0 || (!part->snapshot && (!follows || have->generation == 0))) {
        return false;
    }
    coming->about = *have;
    coming->about.generation = part->generation;
    coming->about.counts_only = part->counts_only;
    coming->snapshot = part->snapshot;
    if (!set_about(gate, part) || settings_path(gate->dir, "copy/parts", path, NULL) != ERR_OK) {
        return false;
    }
    coming->file = fopen(path, "w+e");
    if (coming->file == NULL) {
        gate->copy.wait = mono_after_ms(gate_mono(gate), DISK_WAIT_MS);
        return false;
    }
    (void)unlink(path); /* what a crash leaves of it is nothing */
    return true;
}

/* Packs the part again: only its rows are needed. */
static bool keep_rows(struct copy_coming *coming, const Parkgate__CopyPart *part)
{
    Parkgate__CopyPart rows = PARKGATE__COPY_PART__INIT;
    rows.n_row = part->n_row;
    rows.row = part->row;
    uint32_t size = (uint32_t)parkgate__copy_part__get_packed_size(&rows);
    uint8_t *packed = malloc((size_t)size + 1);
    if (packed == NULL) {
        return false;
    }
    (void)parkgate__copy_part__pack(&rows, packed);
    bool kept = fwrite(&size, sizeof(size), 1, coming->file) == 1 &&
                fwrite(packed, 1, size, coming->file) == size;
    free(packed);
    return kept;
}

static bool end_coming(struct copy_coming *coming, const Parkgate__CopyPart *part)
{
    struct copy_about *about = &coming->about;
    if (part->digest.len != SEAL_HASH_SIZE || part->n_covered % 2 != 0 ||
        part->n_covered / 2 > COPY_COVERED_MAX || part->to < about->sequence) {
        return false;
    }
    memcpy(about->digest.bytes, part->digest.data, SEAL_HASH_SIZE);
    about->sequence = part->to;
    about->rows = part->rows;
    about->config_version = part->config_version;
    about->wall = (struct wall){.us = part->wall_us};
    about->covered_epoch = part->covered_epoch;
    about->covered_count = 0;
    for (size_t i = 0; i < part->n_covered; i += 2) {
        about->covered[about->covered_count++] =
            (struct copy_range){.first = part->covered[i], .last = part->covered[i + 1]};
    }
    coming->whole = true;
    return fflush(coming->file) == 0;
}

/* --- taking them in --- */

/* The next part of the file. *ret NULL: there is no more. False: it cannot be read. */
static bool read_part(struct copy_coming *coming, Parkgate__CopyPart **ret)
{
    uint32_t size = 0;
    *ret = NULL;
    if (fseek(coming->file, coming->applied, SEEK_SET) != 0) {
        return false;
    }
    if (fread(&size, sizeof(size), 1, coming->file) != 1) {
        return feof(coming->file) != 0;
    }
    uint8_t *packed = size <= LIMIT_FRAME_BYTES ? malloc((size_t)size + 1) : NULL;
    if (packed != NULL && fread(packed, 1, size, coming->file) == size) {
        *ret = parkgate__copy_part__unpack(NULL, size, packed);
        coming->applied += (long)(sizeof(size) + size);
    }
    free(packed);
    return *ret != NULL;
}

static enum err take_part(struct gate *gate, bool *ret_more, struct fault *fault)
{
    struct copy_coming *coming = &gate->copy.coming;
    Parkgate__CopyPart *part = NULL;
    struct bytes rows[LIMIT_COPY_ROWS_PER_PART];
    if (!read_part(coming, &part)) {
        return fault_set(fault, ERR_IO, "the parts of a copy cannot be read again");
    }
    *ret_more = part != NULL;
    if (part == NULL) {
        return ERR_OK;
    }
    size_t count = 0;
    enum err err =
        part->n_row <= ARRAY_LEN(rows) ? ERR_OK : fault_set(fault, ERR_INPUT, "too many rows");
    for (size_t i = 0; err == ERR_OK && i < part->n_row; i++) {
        rows[count++] = field_view(&part->row[i]);
    }
    if (err == ERR_OK) {
        err = copy_store_take(gate->copy.store, rows, count, fault);
    }
    parkgate__copy_part__free_unpacked(part, NULL);
    return err;
}

static void applied(struct gate *gate)
{
    struct gate_copy *copy = &gate->copy;
    bool snapshot = copy->coming.snapshot;
    bool carried = copy->coming.carried;
    uint32_t number = copy->coming.number;
    drop_coming(gate);
    own_events_drop(gate);
    copy->wants_anew = copy->wants_anew && !snapshot;
    if (!copy->wants_anew) {
        copy->why[0] = '\0';
    }
    if (!carried) {
        alone_renewed(gate);
    }
    if (snapshot) {
        const struct copy_about *about = copy_store_about(copy->store);
        log_event("copy_taken", LOG_NUM("generation", about->generation >> 32),
                  LOG_NUM("sequence", about->sequence), LOG_NUM("rows", about->rows),
                  LOG_TEXT("presence", about->counts_only ? "no" : "yes"));
        if (copy->damage_told) {
            tell_state(gate, DEVICE_UP, "whole again");
        }
    }
    if (carried) {
        carry_taken(gate);
    } else {
        send_have(gate, number);
    }
}

/* What could not be taken for want of room is asked for again later; what is wrong is refused. */
static void not_applied(struct gate *gate, enum err err, const char *why)
{
    struct copy_coming *coming = &gate->copy.coming;
    if (err == ERR_MAP_FULL && coming->grown < GROW_MAX &&
        copy_store_grow(gate->copy.store, NULL) == ERR_OK) {
        coming->grown++;
        coming->taking = false;
        coming->applied = 0;
        return;
    }
    own_events_drop(gate);
    if (gate->copy.coming.carried) {
        carry_not_taken(gate, err, why);
        return;
    }
    if (err == ERR_FULL || err == ERR_IO || err == ERR_MAP_FULL) {
        log_error("copy_not_taken", LOG_TEXT("why", why));
        drop_coming(gate);
        copy_store_drop_take(gate->copy.store);
        gate->copy.wait = mono_after_ms(gate_mono(gate), DISK_WAIT_MS);
        return;
    }
    if (err == ERR_CORRUPT) {
        log_error("copy_not_taken", LOG_TEXT("why", why));
        drop_coming(gate);
        copy_store_drop_take(gate->copy.store);
        copy_record_damaged(gate, why);
        return;
    }
    copy_refuse(gate, why);
}

static enum err apply_slice(struct gate *gate, bool *ret_more, struct fault *fault)
{
    struct gate_copy *copy = &gate->copy;
    *ret_more = true;
    if (!copy->coming.taking) {
        own_events_drop(gate);
        TRY(copy_store_begin_take(copy->store, copy->coming.snapshot, fault));
        copy->coming.taking = true;
    }
    for (int i = 0; i < APPLY_PARTS && *ret_more; i++) {
        TRY(take_part(gate, ret_more, fault));
    }
    if (*ret_more) {
        return ERR_OK;
    }
    if (copy->coming.carried) {
        TRY(copy_store_fits(copy->store, &copy->coming.about, fault));
        TRY(carry_take_rows(gate, fault));
    }
    copy->coming.taking = false;
    return copy_store_end_take(copy->store, &copy->coming.about, fault);
}

/* A change of one part is done in one go; what is larger goes on after other work. */
static void apply(void *ctx)
{
    struct gate *gate = ctx;
    struct fault fault = {0};
    bool more = false;
    if (!gate->copy.coming.whole) {
        return;
    }
    enum err err = apply_slice(gate, &more, &fault);
    if (err == ERR_OK && more && gate->copy.coming.number == 1) {
        err = apply_slice(gate, &more, &fault);
    }
    if (err == ERR_OK && !more) {
        applied(gate);
        return;
    }
    if (err != ERR_OK) {
        not_applied(gate, err, fault.what);
    }
    if (gate->copy.coming.whole) {
        (void)loop_after(gate->loop, APPLY_AGAIN_MS, 0, apply, gate);
    }
}

void copy_part_heard(struct gate *gate, const Parkgate__CopyPart *part)
{
    struct copy_coming *coming = &gate->copy.coming;
    if (coming->whole || coming->carried || mono_before(gate_mono(gate), gate->copy.wait)) {
        return; /* it is told again, from where we are then */
    }
    bool fits = part->number == 1 ? begin_coming(gate, part)
                                  : coming->file != NULL && part->number == coming->number + 1 &&
                                        part->generation == coming->about.generation &&
                                        part->snapshot == coming->snapshot;
    if (!fits || !keep_rows(coming, part) || (part->complete && !end_coming(coming, part))) {
        log_warning("copy_part_not_kept", LOG_NUM("generation", part->generation >> 32),
                    LOG_NUM("from", part->from), LOG_NUM("number", part->number));
        drop_coming(gate);
        send_have(gate, 0);
        return;
    }
    coming->number = part->number;
    if (!coming->whole || coming->number > 1) {
        send_have(gate, coming->number); /* taking many in takes its time */
    }
    if (coming->whole) {
        apply(gate);
    }
}

/* --- a carried roster --- */

bool copy_part_carried(struct gate *gate, const Parkgate__CopyPart *part, uint64_t number)
{
    struct copy_coming *coming = &gate->copy.coming;
    bool next = part->number == 1 ? begin_coming(gate, part)
                                  : coming->carried && !coming->whole && coming->file != NULL &&
                                        part->number == coming->number + 1 &&
                                        part->generation == coming->about.generation;
    if (!next || !part->snapshot || !keep_rows(coming, part) ||
        (part->complete && !end_coming(coming, part))) {
        return false;
    }
    coming->carried = true;
    coming->number = part->number;
    coming->about.carry = number;
    return true;
}

bool copy_carried_is_staged(const struct gate *gate)
{
    return gate->copy.coming.carried;
}

bool copy_carried_is_whole(const struct gate *gate)
{
    return gate->copy.coming.carried && gate->copy.coming.whole;
}

void copy_carried_apply(struct gate *gate)
{
    apply(gate);
}

void copy_carried_drop(struct gate *gate)
{
    if (gate->copy.coming.carried) {
        drop_coming(gate);
    }
}

/* --- checks --- */

/* All rows are walked in two thirds of LIMIT_COPY_CHECK_MS, and not faster than that: few rows are
 * few each time, not all of them at every tick. */
void copy_check_tick(struct gate *gate)
{
    struct gate_copy *copy = &gate->copy;
    uint64_t rows = copy_store_about(copy->store)->rows;
    size_t slice = 1 + (size_t)(rows * 3 * GATE_TICK_MS / (2 * LIMIT_COPY_CHECK_MS));
    struct fault fault = {0};
    bool done = false;
    if (!copy->coming.whole && !copy->coming.carried &&
        !mono_before(gate_mono(gate), mono_after_ms(copy->said, SAY_AGAIN_MS))) {
        drop_coming(gate); /* nothing has come for so long: it may not know where we are */
        send_have(gate, 0);
    }
    if (copy->damaged[0] != '\0') {
        copy_record_damaged(gate, copy->damaged);
        copy->damaged[0] = '\0';
    }
    if (copy->coming.taking) {
        return;
    }
    enum err err = copy_store_check(copy->store, slice, &done, &fault);
    if (err == ERR_CORRUPT) {
        copy_record_damaged(gate, fault.what);
    } else if (err == ERR_REFUSED) {
        copy_refuse(gate, fault.what);
    }
}

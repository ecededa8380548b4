#include "reader-agent/app/muster_post.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "reader-agent/app/gate.h"
#include "reader-agent/store/muster_file.h"

enum { NOTES_EVERY_US = 2000000 };

/* --- the list that is coming --- */

static void drop_parts(struct muster_post *post)
{
    for (size_t i = 0; i < post->part_count; i++) {
        free(post->parts[i].data);
    }
    post->part_count = 0;
    post->next_sequence = 0;
    seal_wipe(&post->next_key, sizeof(post->next_key));
}

/* Is what comes older than what lies here? */
static bool is_behind(const struct gate *gate, const Parkgate__Muster *message)
{
    const struct muster_post *post = &gate->muster;
    return gate->recovering || (post->has_list && message->recovery == post->recovery &&
                                message->sequence < post->sequence);
}

static bool refuses(struct gate *gate, const Parkgate__Muster *message)
{
    bool behind = is_behind(gate, message);
    if (behind && !gate->muster.refusing) {
        log_warning("muster_refused", LOG_NUM("sequence", message->sequence),
                    LOG_NUM("have", gate->muster.sequence),
                    LOG_TEXT("why", gate->recovering ? "the controller recovers"
                                                     : "the list that lies here is newer"));
    }
    gate->muster.refusing = behind;
    return behind;
}

static bool begins_list(struct gate *gate, const Parkgate__Muster *message)
{
    struct muster_post *post = &gate->muster;
    drop_parts(post);
    if (message->part != 1 || message->fire_key.len != SEAL_KEY_SIZE ||
        message->key_box.len != MUSTER_KEY_BOX_SIZE || message->sequence == 0 ||
        refuses(gate, message)) {
        return false;
    }
    post->next_sequence = message->sequence;
    post->next_recovery = message->recovery;
    memcpy(post->next_key.bytes, message->fire_key.data, SEAL_KEY_SIZE);
    return true;
}

/* Without the key: that stays in memory. */
static void add_part(struct muster_post *post, const Parkgate__Muster *message)
{
    Parkgate__Muster closed = *message;
    closed.fire_key = (ProtobufCBinaryData){.len = 0};
    if (post->parts == NULL) {
        post->parts = calloc(MUSTER_PARTS_MAX, sizeof(*post->parts));
    }
    size_t size = parkgate__muster__get_packed_size(&closed);
    uint8_t *data = malloc(size + 1);
    MUST(data != NULL && post->parts != NULL);
    (void)parkgate__muster__pack(&closed, data);
    post->parts[post->part_count].data = data;
    post->parts[post->part_count++].size = size;
}

/* --- emergency --- */

static bool is_on(const struct gate *gate)
{
    return gate->emergency.state != EMERGENCY_NONE || gate->emergency.board_count > 0;
}

static void said(struct gate *gate, enum err err, const char *what, const struct fault *fault)
{
    if (err != ERR_OK && !gate->muster.failing) {
        log_error("muster_not_kept", LOG_TEXT("what", what), LOG_TEXT("why", fault->what));
    }
    gate->muster.failing = err != ERR_OK;
}

/* --- the list that is whole --- */

static enum err write_list(struct gate *gate, bool open, struct fault *fault)
{
    struct muster_post *post = &gate->muster;
    Parkgate__MusterKept kept = PARKGATE__MUSTER_KEPT__INIT;
    ProtobufCBinaryData *parts = calloc(post->part_count, sizeof(*parts));
    MUST(parts != NULL);
    for (size_t i = 0; i < post->part_count; i++) {
        parts[i] = (ProtobufCBinaryData){.data = post->parts[i].data, .len = post->parts[i].size};
    }
    kept.taken_us = gate_wall(gate).us;
    kept.n_part = post->part_count;
    kept.part = parts;
    enum err err = muster_file_write(gate->dir, &kept, open ? &post->next_key : NULL, fault);
    free(parts);
    return err;
}

static void take_list(struct gate *gate)
{
    struct muster_post *post = &gate->muster;
    struct fault fault = {0};
    bool open = is_on(gate);
    enum err err = write_list(gate, open, &fault);
    said(gate, err, "list", &fault);
    if (err == ERR_OK) {
        post->has_list = true;
        post->is_open = open;
        post->sequence = post->next_sequence;
        post->recovery = post->next_recovery;
        post->page->sequence = 0;
        post->page->key = post->next_key;
        post->page->sequence = post->next_sequence;
    }
    drop_parts(post);
}

void muster_heard(struct gate *gate, const Parkgate__Muster *message)
{
    struct muster_post *post = &gate->muster;
    if (!gate->park->muster_post) {
        return; /* names are not this gate's */
    }
    if (message->part <= 1 || message->sequence != post->next_sequence ||
        message->part != post->part_count + 1 || post->part_count == MUSTER_PARTS_MAX) {
        if (!begins_list(gate, message)) {
            return; /* its beginning was lost, or it is not taken; the next one comes */
        }
    }
    add_part(post, message);
    if (message->parts != 0 && message->parts == message->part) {
        take_list(gate);
    }
}

static void forget(struct gate *gate)
{
    struct muster_post *post = &gate->muster;
    drop_parts(post);
    seal_wipe(post->page, sizeof(*post->page));
    if (post->has_list && muster_file_remove(gate->dir)) {
        post->has_list = post->is_open = false;
        log_event("muster_removed", LOG_TEXT("why", "this gate is no muster post"));
    }
}

static void follow_emergency(struct gate *gate)
{
    struct muster_post *post = &gate->muster;
    struct fault fault = {0};
    bool on = is_on(gate);
    bool can = on ? post->page->sequence == post->sequence : true;
    if (!post->has_list || post->is_open == on || !can) {
        return;
    }
    enum err err = muster_file_set_key(gate->dir, on ? &post->page->key : NULL, &fault);
    said(gate, err, on ? "key" : "its end", &fault);
    if (err == ERR_OK) {
        post->is_open = on;
        log_event("muster_names", LOG_TEXT("are", on ? "open" : "closed"));
    }
}

/* --- openings --- */

static void record_openings(struct gate *gate)
{
    struct muster_post *post = &gate->muster;
    char name[64];
    struct wall at = {0};
    struct grant_id id;
    struct fault fault = {0};
    struct draft draft = {.kind = EVENT_MUSTER, .received = gate_wall(gate)};
    if (gate_mono(gate).us < post->notes_at_us) {
        return;
    }
    post->notes_at_us = gate_mono(gate).us + NOTES_EVERY_US;
    enum err err = muster_note_next(gate->dir, name, &at, draft.note, &fault);
    if (err == ERR_NOT_FOUND) {
        return;
    }
    if (err == ERR_CORRUPT) {
        (void)snprintf(draft.note, sizeof(draft.note), "opened; its note was damaged");
    } else if (err != ERR_OK) {
        return;
    }
    draft.captured = at;
    if (record_event(gate, &draft, false, NULL, &id, &fault) == ERR_OK &&
        record_commit(gate, &fault) == ERR_OK) {
        muster_note_remove(gate->dir, name);
        post->notes_at_us = 0; /* perhaps there is another */
        log_warning("muster_opened", LOG_TEXT("how", draft.note), LOG_NUM("sequence", id.sequence));
    }
}

/* --- life --- */

void muster_begin(struct gate *gate, struct muster_page *page)
{
    struct muster_post *post = &gate->muster;
    struct muster_file file = {.open = false};
    struct fault fault = {0};
    post->page = page != NULL ? page : &post->own;
    enum err err = muster_file_read(gate->dir, &file, &fault);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        log_error("muster_unreadable", LOG_TEXT("why", fault.what));
    }
    post->has_list = err != ERR_NOT_FOUND;
    Parkgate__Muster *first = NULL;
    if (err == ERR_OK && file.kept->n_part > 0) {
        first = parkgate__muster__unpack(NULL, file.kept->part[0].len, file.kept->part[0].data);
    }
    if (first != NULL) {
        post->sequence = first->sequence;
        post->recovery = first->recovery;
        post->is_open = file.open;
        if (file.open) { /* it closes when the emergency is over, and may open again */
            post->page->sequence = first->sequence;
            post->page->key = file.key;
        }
        parkgate__muster__free_unpacked(first, NULL);
    }
    muster_file_free(&file);
}

void muster_end(struct gate *gate)
{
    drop_parts(&gate->muster);
    free(gate->muster.parts);
    gate->muster.parts = NULL;
    seal_wipe(&gate->muster.own, sizeof(gate->muster.own));
}

void muster_tick(struct gate *gate)
{
    if (!gate->park->muster_post) {
        forget(gate);
    } else {
        follow_emergency(gate);
    }
    record_openings(gate);
}

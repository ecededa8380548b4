#include "reader-agent/app/anchors.h"

#include <stdio.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "common/seal/anchor_file.h"

enum { PATH_SIZE = SETTINGS_PATH_SIZE + 16 };

static void path_of(const struct gate *gate, char out[PATH_SIZE])
{
    (void)snprintf(out, PATH_SIZE, "%s/anchors", gate->dir);
}

void anchor_heard(struct gate *gate, const Parkgate__Anchor *message)
{
    char path[PATH_SIZE];
    struct anchor anchor;
    struct sign_public key;
    struct fault fault = {0};
    if (message->key.len != sizeof(key.bytes) || !anchor_from_line(message->line, &anchor)) {
        log_warning("anchor_unusable");
        return;
    }
    memcpy(key.bytes, message->key.data, sizeof(key.bytes));
    if (!anchor_is_good(&anchor, &key)) {
        log_warning("anchor_unusable");
        return;
    }
    /* A controller tells one a minute, and one at each WELCOME. More would fill the disk. */
    if (!bucket_take(&gate->anchors.room, gate_mono(gate), ANCHOR_GATE_MS, ANCHOR_GATE_BURST)) {
        return;
    }
    path_of(gate, path);
    gate->anchors.file.path = path;
    gate->anchors.file.max_bytes = ANCHOR_GATE_BYTES;
    if (anchor_file_add(&gate->anchors.file, &key, message->line, &fault) == ERR_OK) {
        gate->anchors.failing = false;
    } else if (!gate->anchors.failing) {
        log_error("anchor_not_kept", LOG_TEXT("why", fault.what));
        gate->anchors.failing = true;
    }
}

void anchors_to_show(struct gate *gate, struct shown_anchors *ret)
{
    char path[PATH_SIZE];
    struct fault fault = {0};
    ret->count = 0;
    path_of(gate, path);
    enum err err = anchor_file_sample(path, gate->entropy, ret->text, &ret->count, &fault);
    if (err != ERR_OK && err != ERR_NOT_FOUND) {
        log_warning("anchors_unreadable", LOG_TEXT("why", fault.what));
    }
    for (size_t i = 0; i < ret->count; i++) {
        ret->line[i] = ret->text[i];
    }
}

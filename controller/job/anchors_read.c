#include "controller/job/anchors_read.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/must.h"
#include "common/seal/anchor_file.h"

enum { ANCHORS_MAX = 4 << 20 /* of all keepers: years */, PATH_SIZE = 1024 };

static enum err take(void *ctx, const struct anchor *anchor)
{
    struct anchors_read *read = ctx;
    if (read->count == read->room) {
        size_t room = read->room == 0 ? 4096 : 2 * read->room;
        struct kept_anchor *grown =
            room > ANCHORS_MAX ? NULL : realloc(read->anchors, room * sizeof(*grown));
        if (grown == NULL) {
            return ERR_FULL;
        }
        read->anchors = grown;
        read->room = room;
    }
    read->anchors[read->count++] =
        (struct kept_anchor){.anchor = *anchor, .keeper = (uint16_t)(read->keeper_count - 1)};
    return ERR_OK;
}

/* The file's anchors under this keeper, which is made when it has none yet. */
static enum err read_file(struct anchors_read *read, const char *path, const char *keeper,
                          struct fault *fault)
{
    struct anchor_keeper *last =
        read->keeper_count == 0 ? NULL : &read->keepers[read->keeper_count - 1];
    size_t bad = 0;
    if (last == NULL || strcmp(last->name, keeper) != 0) {
        if (read->keeper_count == ANCHOR_KEEPERS_MAX) {
            return fault_set(fault, ERR_FULL, "%s: too many keepers of anchors", path);
        }
        last = &read->keepers[read->keeper_count++];
        (void)snprintf(last->name, sizeof(last->name), "%s", keeper);
    }
    enum err err = anchor_file_read(path, take, read, &bad, fault);
    last->bad += bad;
    if (err == ERR_FULL) {
        return fault_set(fault, ERR_FULL, "%s: over %d anchors; keep older ones elsewhere", path,
                         ANCHORS_MAX);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err read_in(struct anchors_read *read, const char *dir, const char *file,
                        const char *keeper, struct fault *fault)
{
    char path[PATH_SIZE];
    int size = snprintf(path, sizeof(path), "%s/%s", dir, file);
    return size > 0 && (size_t)size < sizeof(path)
               ? read_file(read, path, keeper, fault)
               : fault_set(fault, ERR_INPUT, "%s: the path is too long", dir);
}

/* gate-NAME: what that gate showed. */
static enum err read_gates(struct anchors_read *read, const char *dir, struct fault *fault)
{
    static const char before[] = "gate-";
    enum err err = ERR_OK;
    struct dirent *entry;
    DIR *open_dir = opendir(dir);
    while (err == ERR_OK && open_dir != NULL && (entry = readdir(open_dir)) != NULL) {
        char keeper[ANCHOR_KEEPER_SIZE];
        const char *name = entry->d_name;
        if (strncmp(name, before, sizeof(before) - 1) != 0 || strlen(name) >= sizeof(keeper)) {
            continue;
        }
        (void)snprintf(keeper, sizeof(keeper), "%s", name + sizeof(before) - 1);
        err = read_in(read, dir, name, keeper, fault);
    }
    if (open_dir != NULL) {
        (void)closedir(open_dir);
    }
    return err;
}

enum err anchors_read(struct anchors_read *read, const char *dir, const char *file,
                      struct fault *fault)
{
    TRY(read_in(read, dir, "park.old", "export", fault)); /* the first keeper: the export */
    TRY(read_in(read, dir, "park", "export", fault));
    TRY(read_gates(read, dir, fault));
    if (file == NULL) {
        return ERR_OK;
    }
    if (access(file, R_OK) != 0) {
        return fault_set(fault, ERR_IO, "%s: %s", file, strerror(errno));
    }
    return read_file(read, file, "file", fault);
}

void anchors_read_end(struct anchors_read *read)
{
    free(read->anchors);
    read->anchors = NULL;
}

const char *anchors_read_witness(const struct anchors_read *read, const struct chain_report *report)
{
    return report->witness == NULL ? "" : read->keepers[report->witness->keeper].name;
}

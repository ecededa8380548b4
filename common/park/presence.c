#include "common/park/presence.h"

#include <string.h>

#include "common/base/must.h"

static bool zone_path_add(struct zone_path *path, const char *text, size_t size)
{
    char part[NAME_SIZE];
    struct name zone;
    if (size >= sizeof(part) || path->depth == ZONE_DEPTH_MAX) {
        return false;
    }
    memcpy(part, text, size);
    part[size] = '\0';
    if (!name_from_text(part, &zone) || zone_path_holds(path, zone)) {
        return false;
    }
    path->zone[path->depth++] = zone;
    return true;
}

bool zone_path_from_text(const char *text, struct zone_path *ret_path)
{
    struct zone_path path = {0};
    const char *part = text;
    while (part != NULL && text[0] != '\0') {
        const char *slash = strchr(part, '/');
        size_t size = slash != NULL ? (size_t)(slash - part) : strlen(part);
        if (!zone_path_add(&path, part, size)) {
            return false;
        }
        part = slash != NULL ? slash + 1 : NULL;
    }
    *ret_path = path;
    return true;
}

void zone_path_to_text(const struct zone_path *path, char out[ZONE_PATH_SIZE])
{
    size_t at = 0;
    for (size_t i = 0; i < path->depth; i++) {
        size_t size = strlen(path->zone[i].text);
        if (i > 0) {
            out[at++] = '/';
        }
        memcpy(out + at, path->zone[i].text, size);
        at += size;
    }
    out[at] = '\0';
}

bool zone_path_holds(const struct zone_path *path, struct name zone)
{
    for (size_t i = 0; i < path->depth; i++) {
        if (name_equal(path->zone[i], zone)) {
            return true;
        }
    }
    return false;
}

static bool zone_path_equal(const struct zone_path *a, const struct zone_path *b)
{
    if (a->depth != b->depth) {
        return false;
    }
    for (size_t i = 0; i < a->depth; i++) {
        if (!name_equal(a->zone[i], b->zone[i])) {
            return false;
        }
    }
    return true;
}

bool presence_equal(const struct presence *a, const struct presence *b)
{
    if (!a->inside || !b->inside) {
        return a->inside == b->inside;
    }
    return name_equal(a->tenant, b->tenant) && a->day == b->day && a->since.us == b->since.us &&
           zone_path_equal(&a->zone, &b->zone);
}

bool presence_scope_equal(const struct presence_scope *a, const struct presence_scope *b)
{
    return a->is_zone == b->is_zone && a->day == b->day && name_equal(a->name, b->name);
}

bool presence_change_is_none(const struct presence_change *change)
{
    return change->present == 0 && change->entries == 0 && change->exits == 0 &&
           change->unpaired == 0 && change->unsensed == 0 && change->came == 0 && change->left == 0;
}

/* The change of that scope, made when there is none. */
static struct presence_change *change_of(struct presence_changes *changes,
                                         const struct presence_scope *scope)
{
    for (size_t i = 0; i < changes->count; i++) {
        if (presence_scope_equal(&changes->change[i].scope, scope)) {
            return &changes->change[i];
        }
    }
    MUST(changes->count < ARRAY_LEN(changes->change));
    struct presence_change *change = &changes->change[changes->count++];
    *change = (struct presence_change){.scope = *scope};
    return change;
}

static struct presence_change *day_change(struct presence_changes *changes, struct name tenant,
                                          int32_t day)
{
    return change_of(changes, &(struct presence_scope){.name = tenant, .day = day});
}

static void drop_empty_changes(struct presence_changes *changes)
{
    size_t kept = 0;
    for (size_t i = 0; i < changes->count; i++) {
        if (!presence_change_is_none(&changes->change[i])) {
            changes->change[kept++] = changes->change[i];
        }
    }
    changes->count = kept;
}

static bool leaves_park(const struct passage *passage)
{
    return passage->out && passage->to.depth == 0;
}

static bool enters_park(const struct passage *passage)
{
    return !passage->out && passage->from.depth == 0;
}

bool passage_is_definite(const struct passage *passage)
{
    return leaves_park(passage) || enters_park(passage);
}

static void count_entry(const struct presence *before, const struct passage *passage,
                        struct presence_changes *changes)
{
    if (before->inside) { /* the exit was not seen */
        day_change(changes, before->tenant, before->day)->unpaired += 1;
    }
    struct presence_change *own = day_change(changes, passage->tenant, passage->day);
    own->entries += 1;
    own->came += 1;
    if (!enters_park(passage)) { /* the entry into the park was not seen */
        own->unpaired += 1;
    }
}

static void count_exit(const struct presence *before, const struct passage *passage,
                       struct presence_changes *changes)
{
    struct presence_change *day = before->inside
                                      ? day_change(changes, before->tenant, before->day)
                                      : day_change(changes, passage->tenant, passage->day);
    day->exits += 1;
    if (before->inside) {
        day->left += 1;
    } else {
        day->unpaired += 1;
    }
}

/* Persons inside, by tenant and day and by zone, are the difference of the two states. A holder who
 * enters again under the same tenant and day was inside and still is: no change. */
static void count_present(const struct presence *before, const struct presence *after,
                          struct presence_changes *changes)
{
    if (before->inside) {
        day_change(changes, before->tenant, before->day)->present -= 1;
    }
    if (after->inside) {
        day_change(changes, after->tenant, after->day)->present += 1;
    }
    for (size_t i = 0; i < before->zone.depth; i++) {
        if (!zone_path_holds(&after->zone, before->zone.zone[i])) {
            struct presence_scope scope = {.is_zone = true, .name = before->zone.zone[i]};
            *change_of(changes, &scope) =
                (struct presence_change){.scope = scope, .present = -1, .exits = 1};
        }
    }
    for (size_t i = 0; i < after->zone.depth; i++) {
        if (!zone_path_holds(&before->zone, after->zone.zone[i])) {
            struct presence_scope scope = {.is_zone = true, .name = after->zone.zone[i]};
            *change_of(changes, &scope) =
                (struct presence_change){.scope = scope, .present = 1, .entries = 1};
        }
    }
}

void presence_apply(const struct presence *before, const struct passage *passage,
                    struct presence *ret_after, struct presence_changes *ret_changes)
{
    struct presence was = *before;
    struct presence after = was;
    ret_changes->count = 0;

    if (leaves_park(passage)) {
        after = (struct presence){0};
        count_exit(&was, passage, ret_changes);
    } else if (enters_park(passage) || (!passage->out && !was.inside)) {
        after = (struct presence){.inside = true,
                                  .tenant = passage->tenant,
                                  .day = passage->day,
                                  .zone = passage->to,
                                  .since = passage->at};
        count_entry(&was, passage, ret_changes);
    } else if (was.inside) {
        after.zone = passage->to;
    }
    if (passage->unsensed) {
        day_change(ret_changes, passage->tenant, passage->day)->unsensed += 1;
    }
    count_present(&was, &after, ret_changes);
    drop_empty_changes(ret_changes);
    *ret_after = after;
}

void presence_changes_subtract(struct presence_changes *changes, const struct presence_changes *old)
{
    for (size_t i = 0; i < old->count; i++) {
        const struct presence_change *back = &old->change[i];
        struct presence_change *change = change_of(changes, &back->scope);
        change->present -= back->present;
        change->entries -= back->entries;
        change->exits -= back->exits;
        change->unpaired -= back->unpaired;
        change->unsensed -= back->unsensed;
        change->came -= back->came;
        change->left -= back->left;
    }
    drop_empty_changes(changes);
}

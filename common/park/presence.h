/* presence: where a holder is after a passage, and which counts that changes.
 *
 * Functional core: no I/O, no clock, no heap. A holder is outside, or inside under one attribution
 * (tenant and business day) in one zone; each passage leads from one such state to the next, in the
 * order of (captured time, journal sequence). The changes of a passage are linear: what one state
 * before it caused can be taken back, and what another one causes put in its place. So a passage
 * that arrives late leaves the same counts as if it had come in its turn.
 *
 * The cases (docs/decision-rules.md part 3):
 *   entry   in, from outside the park; or in from another zone by a holder who is outside (the
 * entry was not seen: unpaired). Counts for its own attribution; inside from now on. A holder who
 * was inside is first taken out of the former tenant and day (the exit was not seen: unpaired
 * there). exit    out, to outside the park. Counts where the holder was inside; of a holder who was
 *           outside (unpaired) for its own attribution.
 *   move    between zones, by a holder who is inside: only the zone changes.
 *   nothing out of a zone into another by a holder who is outside.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/ids.h"

enum {
    ZONE_DEPTH_MAX = 8, /* zones in each other */
    ZONE_PATH_SIZE = ZONE_DEPTH_MAX * NAME_SIZE,
    /* Two tenant-days, and the zones left and entered. */
    PRESENCE_CHANGES_MAX = 2 + 2 * ZONE_DEPTH_MAX,
};

/* A zone and those around it, outermost first. Depth 0: outside the park, or in no zone of it.
 * Entries carry it as text joined by '/', so that projections need no configuration. */
struct zone_path {
    size_t depth;
    struct name zone[ZONE_DEPTH_MAX];
};

/* "" has depth 0. False: a part is no name, a zone comes twice, or there are too many. */
bool zone_path_from_text(const char *text, struct zone_path *ret_path);
void zone_path_to_text(const struct zone_path *path, char out[ZONE_PATH_SIZE]);
bool zone_path_holds(const struct zone_path *path, struct name zone);

struct presence {
    bool inside; /* false: all below is zero */
    struct name tenant;
    int32_t day;
    struct zone_path zone;
    struct wall since; /* of the entry into the park */
};

bool presence_equal(const struct presence *a, const struct presence *b);

struct passage {
    struct wall at; /* corrected capture time */
    uint64_t journal;
    bool out;
    bool unsensed;      /* a grant at a lane without a sensor */
    struct name tenant; /* its own attribution */
    int32_t day;
    struct zone_path to; /* depth 0 and `out`: it leaves the park */
    struct zone_path from;
};

/* Does the state after it not depend on the state before it? Then nothing before it need be read.
 */
bool passage_is_definite(const struct passage *passage);

/* Persons are counted in scopes: a tenant's business day, and a zone with its inner zones. */
struct presence_scope {
    bool is_zone;
    struct name name; /* tenant or zone */
    int32_t day;      /* 0 for a zone */
};

bool presence_scope_equal(const struct presence_scope *a, const struct presence_scope *b);

/* What one passage adds to one scope; negative when taken back. Of a zone only present, entries and
 * exits. */
struct presence_change {
    struct presence_scope scope;
    int present; /* persons inside */
    int entries;
    int exits;
    int unpaired;
    int unsensed;
    int came; /* the holder's own entries and exits of that tenant and day; an exit */
    int left; /* without an entry is not among them */
};

/* At most one change a scope; none that is all zero. */
struct presence_changes {
    size_t count;
    struct presence_change change[2 * PRESENCE_CHANGES_MAX];
};

/* State after `passage` and the changes it makes. Total. `ret_after` may be `before`. */
void presence_apply(const struct presence *before, const struct passage *passage,
                    struct presence *ret_after, struct presence_changes *ret_changes);

/* Takes the changes `old` back from `changes`; both come from presence_apply() for one passage. */
void presence_changes_subtract(struct presence_changes *changes,
                               const struct presence_changes *old);

bool presence_change_is_none(const struct presence_change *change);

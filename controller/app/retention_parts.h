/* retention_parts: what the classes of retention.c share. Each slice_*() of a class looks at the
 * next rows of its tables and notes what goes; when there is more it says from where (r->next,
 * ctl->retaining.next_key) and sets r->more. */
#pragma once

#include "common/facts/tables.h"
#include "controller/app/retention.h"

/* What one slice removes, packed as it goes into its entry. */
struct slice {
    struct controller *ctl;
    int32_t cut_day; /* a day before this one is past its term */
    struct wall cut;
    size_t looked, count, used;
    size_t notes; /* of `count`: of HELD_READ, which are no records of their own */
    ProtobufCBinaryData rows[RETENTION_ROWS];
    uint8_t bytes[RETENTION_BYTES];
};

/* No further row is begun: each may take up to SLICE_STEP_ROWS. */
enum { SLICE_STEP_ROWS = 4 };
bool slice_is_full(const struct slice *s);
/* Deletes the row; with `instead`, puts that in its place. At most SLICE_STEP_ROWS after each
 * slice_is_full() that said no. */
void slice_remove(struct slice *s, enum table table, struct bytes key,
                  const ProtobufCMessage *instead);
/* The slice ends here; the next one begins with this key. */
void slice_resume(struct slice *s, struct bytes key);
/* Walks `table` from where the slice before ended. */
MUST_CHECK enum err slice_walk(struct slice *s, enum table table, struct store_iter *iter,
                               struct fault *fault);
/* True: a row of `table` cannot be read, and that was logged. What is looked up on the way is taken
 * as it keeps more, or as not there. */
bool slice_passes_over(enum err err, enum table table, const struct fault *what);
/* *ret NULL: the row is damaged, and that was logged. The caller removes it, or leaves it where the
 * law wants it kept; so the walk goes on. */
MUST_CHECK enum err slice_read(enum table table, struct bytes key, struct bytes value,
                               const ProtobufCMessageDescriptor *descriptor, ProtobufCMessage **ret,
                               struct fault *fault);
/* Is the person or vehicle held? False for a field that names none. True if a hold on it cannot be
 * read. */
MUST_CHECK enum err slice_is_held(struct slice *s, const ProtobufCBinaryData *of, bool *ret,
                                  struct fault *fault);

/* retention_passages.c */
MUST_CHECK enum err slice_passages(struct slice *s, struct retaining *r, struct fault *fault);
/* Was the event of this journal sequence of somebody who is held? 0, or one that is gone: no. */
MUST_CHECK enum err slice_event_is_held(struct slice *s, uint64_t journal, bool *ret,
                                        struct fault *fault);

/* retention_rows.c. `keep`: attendance before the cut is cut short, not removed. */
MUST_CHECK enum err slice_attendance(struct slice *s, struct retaining *r, bool keep,
                                     struct fault *fault);
MUST_CHECK enum err slice_quarantine(struct slice *s, struct retaining *r, struct fault *fault);
MUST_CHECK enum err slice_lookups(struct slice *s, struct retaining *r, struct fault *fault);
MUST_CHECK enum err slice_disclosures(struct slice *s, struct retaining *r, struct fault *fault);
MUST_CHECK enum err slice_exports(struct slice *s, struct retaining *r, struct fault *fault);
MUST_CHECK enum err slice_expected(struct slice *s, struct retaining *r, struct fault *fault);
MUST_CHECK enum err slice_day_keys(struct slice *s, struct retaining *r, struct fault *fault);

/* retention_people.c: faces, or whole persons */
MUST_CHECK enum err slice_people(struct slice *s, struct retaining *r, bool faces,
                                 struct fault *fault);

/* retention_alerts.c */
MUST_CHECK enum err slice_alerts(struct slice *s, struct retaining *r, struct fault *fault);

/* retention_watch.c */
MUST_CHECK enum err slice_hits(struct slice *s, struct retaining *r, struct fault *fault);
MUST_CHECK enum err slice_candidates(struct slice *s, struct retaining *r, struct fault *fault);

/* retention_dispositions.c */
/* Does a library wait for a notification of this disposition? */
MUST_CHECK enum err slice_is_due(struct slice *s, uint64_t disposition, bool *ret,
                                 struct fault *fault);
MUST_CHECK enum err slice_dispositions(struct slice *s, struct retaining *r, struct fault *fault);

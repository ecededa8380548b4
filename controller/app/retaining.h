/* retaining: how far retention's run of the day is (retention.h); soft. */
#pragma once

#include "common/store/keybuf.h"

/* Those of hits come last: how long a run takes with them nobody is told who may not see hits. */
enum retention_class {
    RETAIN_PASSAGES, /* passages, what reads say of a person; then attendance rows are cut short */
    RETAIN_ATTENDANCE,   /* first in, last out: only with a basis longer than passages */
    RETAIN_FACES,        /* of day workers, drivers, visitors after their last shift */
    RETAIN_PERSONS,      /* erased so long after the last shift, visit or passage */
    RETAIN_EXPECTED,     /* bookings and visits that are over */
    RETAIN_QUARANTINE,   /* refused events */
    RETAIN_DAY_KEYS,     /* unmatched reads are sealed under them */
    RETAIN_LOOKUPS,      /* sums of look-ups by key and day */
    RETAIN_DISCLOSURES,  /* the transfer log */
    RETAIN_EXPORTS,      /* files that left: their day, and the register of them */
    RETAIN_ALERTS,       /* closed alerts, their steps, what is told of them; sums stay */
    RETAIN_HITS,         /* of the watch list, and the days of an entry */
    RETAIN_CANDIDATES,   /* keys that a candidate left; itself it lapses in minutes */
    RETAIN_DISPOSITIONS, /* those that are over, their notifications, the peers' ids */
    RETAIN_COUNT,
};

struct retaining {
    bool running, asked;
    bool more, done;               /* the class goes on; the slice was committed */
    bool damaged;                  /* the class met what cannot be read: on with the next one */
    bool overdue;                  /* this walk saw an exported file past its day */
    int32_t day;                   /* of the last run that ended; 0: none since the start */
    struct wall ran[RETAIN_COUNT]; /* when a run was last done with the class; soft */
    enum retention_class class;
    uint64_t place, next;           /* within the class: a journal sequence, or a part of it; of
                                       alerts the newest of the news that went */
    struct keybuf key, next_key;    /* or a key */
    uint64_t walked;                /* entries up to there were passed by RETAIN_PASSAGES */
    uint64_t removed[RETAIN_COUNT]; /* by this run, or the last one */
};

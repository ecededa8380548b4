/* headcount_query: what the verbs headcount.show, headcount.why and who answer.
 *
 * Each fills an answer (controller/app/answer.h): columns, rows, and a cursor when not all rows
 * fit; asked again with `after` set to that cursor it goes on behind the last row. They read tables
 * only; who may ask, and what defaults hold, is the caller's. A question that makes no sense is
 * answered by the answer's complaint, with ERR_OK.
 */
#pragma once

#include "common/access/civil.h"
#include "common/base/bytes.h"
#include "common/base/ids.h"
#include "common/store/store.h"
#include "controller/app/answer.h"

enum headcount_by { HEADCOUNT_BY_NONE, HEADCOUNT_BY_KIND, HEADCOUNT_BY_HOUR };

/* "kind", "hour", or "" for none. False: no such word. */
bool headcount_by_from_text(const char *text, enum headcount_by *ret_by);

struct headcount_question {
    int32_t date;       /* business day of tenants, local date of a zone */
    struct name tenant; /* empty: every tenant that has figures for the date */
    struct name zone;   /* not empty: the zone, with its inner zones; then no tenant */
    enum headcount_by by;
    struct bytes after; /* cursor; empty: from the beginning */
};

/* Rows, one a tenant (a tenant asked for by name has one, of zeros, also when nobody came):
 *   tenant date persons entries exits present peak peak_us revision unpaired unsensed
 *     `present`: those counted for the date who are inside now. The last three say how sure the
 *     figures are: passages that came out of their order, entries and exits without their
 *     counterpart, and grants counted at lanes without a sensor.
 *   by kind: tenant date kind persons
 *   by hour: tenant date hour entries exits present peak
 *     `hour` is local, "YYYY-MM-DD HH:00", and may lie on the date after; `present` at its end.
 * Hours in which nobody went in or out are left out. Of a zone, `present` at the end of the date,
 * or now: zone date present peak peak_us by hour: zone date hour entries exits present peak entries
 * and exits from and to anywhere outside the zone. Complaints: ARG_BAD for zone with tenant, zone
 * by kind, a bad cursor. */
MUST_CHECK enum err headcount_show(struct store_txn *txn, const struct tz_table *tz,
                                   const struct headcount_question *question, struct answer *a,
                                   struct fault *fault);

/* Why a person counts where he does. Rows, latest first:
 *   date tenant shift row rule rule_zh first_in_us last_out_us entries exits
 * `row` is the attribution's name, `rule` and `rule_zh` its sentence. Of one date where `date` is
 * not NULL, else of the person's last 31 tenant-days; only of `tenant` where that is not NULL. No
 * row: the person counted nowhere. */
MUST_CHECK enum err headcount_why(struct store_txn *txn, const struct tz_table *tz,
                                  struct handle person, const struct name *tenant,
                                  const int32_t *date, struct answer *a, struct fault *fault);

struct who_question {
    struct name tenant; /* empty: all */
    struct name zone;   /* empty: all; else those in it or in one of its inner zones */
    size_t row_limit;   /* 0: LIMIT_ROWS_PER_MESSAGE, which is also the most */
    struct bytes after;
    /* Writes the name of a person for the column `name`; NULL: no such column. */
    void (*name_of)(void *ctx, struct handle person, char *out, size_t size);
    void *ctx;
};

/* Persons inside now: person tenant zone since_us (name). `zone` is the path from the outermost
 * zone, joined by '/'. Note `inside` (without a cursor, and not for zone and tenant together): how
 * many in all. A call looks at a bounded number of persons, so an answer with a cursor may have few
 * rows or none. */
MUST_CHECK enum err who_list(struct store_txn *txn, const struct who_question *question,
                             struct answer *a, struct fault *fault);

#include "common/access/business_day.h"

#include "common/base/must.h"

enum { EARLY_MAX_MINUTES = 720 };

/* A shift of one assignment that may count: the day it starts on, and how far from the entry. */
struct shift {
    int assignment;
    int32_t day;
    int64_t start_us;
    int64_t distance_us;
};

/* What the rows ask about an entry, worked out once. */
struct situation {
    const struct assignment *assignments;
    struct home_tenant home;
    int32_t home_day;       /* by the home tenant's cut hour */
    int shifts_around;      /* assignments with a shift that the entry is inside of */
    struct shift around;    /* nearest of them */
    int valid_count;        /* assignments valid at the entry */
    int only_valid;         /* the last of them: the only one, if it is one */
    int32_t only_valid_day; /* by its tenant's cut hour, kept inside its days */
    struct shift nearest;   /* of the valid ones; assignment NO_ASSIGNMENT: none */
};

bool assignment_is_valid(const struct assignment *assignment)
{
    MUST(assignment != NULL);
    return assignment->from_day <= assignment->to_day &&
           assignment->start_minute < MINUTES_PER_DAY &&
           assignment->end_minute <= MINUTES_PER_DAY &&
           assignment->early_minutes <= EARLY_MAX_MINUTES &&
           assignment->cut_minute < MINUTES_PER_DAY;
}

static int32_t day_by_cut(struct civil local, uint16_t cut_minute)
{
    return local.minute < cut_minute ? local.day - 1 : local.day;
}

int32_t business_day_by_cut(const struct tz_table *tz, struct wall when, uint16_t cut_minute)
{
    return day_by_cut(civil_of(tz, when), cut_minute);
}

static bool starts_on(const struct assignment *assignment, int32_t day)
{
    return day >= assignment->from_day && day <= assignment->to_day;
}

/* Nearer wins. At equal distance one shift has begun and one is to come: `later` says which. Equal
 * starts keep the one found first, so the order of the assignments decides. */
static void keep_nearer(struct shift *best, struct shift candidate, bool later)
{
    bool nearer = candidate.distance_us < best->distance_us;
    bool tie = candidate.distance_us == best->distance_us;
    bool wins_tie =
        later ? candidate.start_us > best->start_us : candidate.start_us < best->start_us;
    if (best->assignment == NO_ASSIGNMENT || nearer || (tie && wins_tie)) {
        *best = candidate;
    }
}

static bool is_inside(const struct tz_table *tz, const struct assignment *assignment,
                      const struct shift *shift, struct wall captured)
{
    bool next_day = assignment->end_minute <= assignment->start_minute;
    int32_t end_minute = assignment->end_minute + (next_day ? MINUTES_PER_DAY : 0);
    int64_t end_us = civil_to_wall(tz, shift->day, end_minute).us;
    int64_t early_us = (int64_t)assignment->early_minutes * 60 * 1000000;
    return captured.us >= shift->start_us - early_us && captured.us < end_us;
}

/* Looks at the shifts of assignment `index` that start a day before, on and a day after the entry:
 * no other can be around it or nearest to it. */
static void look_at_shifts(struct situation *s, const struct tz_table *tz, struct wall captured,
                           int32_t local_day, int index, bool valid)
{
    const struct assignment *assignment = &s->assignments[index];
    bool inside = false;
    for (int32_t day = local_day - 1; day <= local_day + 1; day++) {
        if (!starts_on(assignment, day)) {
            continue;
        }
        int64_t start_us = civil_to_wall(tz, day, assignment->start_minute).us;
        int64_t apart_us = captured.us - start_us;
        struct shift shift = {.assignment = index,
                              .day = day,
                              .start_us = start_us,
                              .distance_us = apart_us < 0 ? -apart_us : apart_us};
        if (is_inside(tz, assignment, &shift, captured)) {
            inside = true;
            keep_nearer(&s->around, shift, false);
        }
        if (valid) {
            keep_nearer(&s->nearest, shift, true);
        }
    }
    s->shifts_around += inside;
}

static void look_at(struct situation *s, const struct tz_table *tz, struct wall captured,
                    struct civil local, int index)
{
    const struct assignment *assignment = &s->assignments[index];
    if (!assignment_is_valid(assignment)) {
        return;
    }
    int32_t cut_day = day_by_cut(local, assignment->cut_minute);
    bool valid = starts_on(assignment, local.day) || starts_on(assignment, cut_day);
    if (valid) {
        s->valid_count++;
        s->only_valid = index;
        s->only_valid_day = starts_on(assignment, cut_day) ? cut_day : local.day;
    }
    look_at_shifts(s, tz, captured, local.day, index, valid);
}

static bool is_in_one_shift(const struct situation *s)
{
    return s->shifts_around == 1;
}

static bool is_in_several_shifts(const struct situation *s)
{
    return s->shifts_around > 1;
}

static bool has_one_valid(const struct situation *s)
{
    return s->valid_count == 1;
}

static bool has_several_valid(const struct situation *s)
{
    return s->valid_count > 1;
}

static bool is_invited(const struct situation *s)
{
    return s->home.invited;
}

static bool is_any(const struct situation *s)
{
    (void)s;
    return true;
}

static struct attribution of_shift(const struct situation *s, const struct shift *shift)
{
    return (struct attribution){.tenant = s->assignments[shift->assignment].tenant,
                                .day = shift->day,
                                .assignment = shift->assignment};
}

static struct attribution by_shift_around(const struct situation *s)
{
    return of_shift(s, &s->around);
}

static struct attribution by_cut_hour(const struct situation *s)
{
    return (struct attribution){.tenant = s->assignments[s->only_valid].tenant,
                                .day = s->only_valid_day,
                                .assignment = s->only_valid};
}

static struct attribution by_nearest_shift(const struct situation *s)
{
    return of_shift(s, &s->nearest);
}

static struct attribution by_home(const struct situation *s)
{
    return (struct attribution){
        .tenant = s->home.tenant, .day = s->home_day, .assignment = NO_ASSIGNMENT};
}

/* The first row that applies decides, as in docs/decision-rules.md, part 2. */
static const struct row {
    enum business_day_row row;
    bool (*applies)(const struct situation *s);
    struct attribution (*attribute)(const struct situation *s);
    const char *name;
    const char *en;
    const char *zh;
} rows[] = {
    {BUSINESS_DAY_IN_SHIFT,      is_in_one_shift,      by_shift_around,  "in-shift",
     "inside the shift of one assignment: that tenant, the day the shift starts",               "在一个派工班次内：计入该租户、班次开始之日"                        },
    {BUSINESS_DAY_IN_SHIFTS,     is_in_several_shifts, by_shift_around,  "in-shifts",
     "inside the shifts of several assignments: the one that starts nearest",                   "在多个派工班次内：计入开始时间最近的班次"                           },
    {BUSINESS_DAY_CUT_HOUR,      has_one_valid,        by_cut_hour,      "cut-hour",
     "in no shift, one valid assignment: that tenant, the day by its cut hour",                 "不在班次内，仅一个有效派工：计入该租户，按其日切时刻定日期"},
    {BUSINESS_DAY_NEAREST_SHIFT, has_several_valid,    by_nearest_shift, "nearest-shift",
     "in no shift, several valid assignments: the shift that starts nearest",                   "不在班次内，有多个有效派工：计入开始时间最近的班次"            },
    {BUSINESS_DAY_INVITED,       is_invited,           by_home,          "invited",
     "no valid assignment, but a visit or a vehicle's booking: that tenant, the day by its cut hour",
     "无有效派工，但有来访或车辆预约：计入该租户，按其日切时刻定日期"},
    {BUSINESS_DAY_UNDECLARED,    is_any,               by_home,          "undeclared",
     "no valid assignment: undeclared, under the credential's tenant, the day by its cut hour", "无有效派工：按未申报计入凭证所属租户，按其日切时刻定日期"   },
};

struct attribution business_day_of(const struct tz_table *tz, struct wall captured,
                                   const struct assignment *assignments, size_t count,
                                   struct home_tenant home)
{
    MUST(tz != NULL && count <= ASSIGNMENTS_MAX && (assignments != NULL || count == 0));
    struct civil local = civil_of(tz, captured);
    struct situation s = {
        .assignments = assignments,
        .home = home,
        .home_day = day_by_cut(local, home.cut_minute),
        .around = {.assignment = NO_ASSIGNMENT},
        .only_valid = NO_ASSIGNMENT,
        .nearest = {.assignment = NO_ASSIGNMENT},
    };
    for (size_t i = 0; i < count; i++) {
        look_at(&s, tz, captured, local, (int)i);
    }
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].applies(&s)) {
            struct attribution found = rows[i].attribute(&s);
            found.row = rows[i].row;
            return found;
        }
    }
    MUST(false); /* the last row applies to every situation */
}

static const struct row *find_row(enum business_day_row row)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].row == row) {
            return &rows[i];
        }
    }
    return NULL;
}

const char *business_day_row_name(enum business_day_row row)
{
    const struct row *found = find_row(row);
    return found != NULL ? found->name : "unknown";
}

const char *business_day_row_en(enum business_day_row row)
{
    const struct row *found = find_row(row);
    return found != NULL ? found->en : "a row that this version does not know";
}

const char *business_day_row_zh(enum business_day_row row)
{
    const struct row *found = find_row(row);
    return found != NULL ? found->zh : "本版本不认识的归属规则";
}

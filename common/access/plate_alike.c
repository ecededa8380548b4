#include "common/access/plate_alike.h"

#include "common/access/utf8.h"
#include "common/base/must.h"

enum { UNREAD = '?' };

/* What cameras take for one another; a character stands in one group at most. The first of each is
 * its skeleton's. */
static const uint32_t *const groups[] = {
    U"0ODQ", U"8B3", U"1ILT7", U"UVY",    U"2Z",     U"MNHW",   U"5S",   U"EF",
    U"6GC",  U"KX",  U"4A",    U"浙沪渝", U"苏粤鲁", U"皖赣晋", U"川京", U"冀翼",
};

/* The characters of skeletons, by where they can stand in a listed plate. Provinces stand first,
 * and third behind WJ. */
static const uint32_t anywhere[] = U"081U2M5E6K49JPR";
static const uint32_t provinces[] = U"浙苏皖川冀津豫云辽黑湘新鄂桂甘蒙陕吉闽贵青藏宁琼";
static const uint32_t first[] = U"民";
static const uint32_t second[] = U"航";
static const uint32_t last_but_one[] = U"应";
static const uint32_t last[] = U"警使领学挂港澳急超临";

struct points {
    uint32_t at[PLATE_POINTS_MAX];
    size_t count;
};

static bool read_points(struct bytes text, struct points *ret)
{
    size_t at = 0;
    ret->count = 0;
    while (at < text.size) {
        if (ret->count == PLATE_POINTS_MAX || !utf8_next(text, &at, &ret->at[ret->count])) {
            return false;
        }
        ret->count++;
    }
    return ret->count > 0;
}

static uint32_t bone_of(uint32_t point)
{
    for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
        for (const uint32_t *one = groups[i]; *one != 0; one++) {
            if (*one == point) {
                return groups[i][0];
            }
        }
    }
    return point;
}

unsigned plate_alike(struct bytes read, struct bytes listed)
{
    struct points a;
    struct points b;
    unsigned differences = 0;
    if (!read_points(read, &a) || !read_points(listed, &b) || a.count != b.count) {
        return PLATE_ALIKE_NOT;
    }
    for (size_t i = 0; i < a.count; i++) {
        if (a.at[i] != UNREAD && bone_of(a.at[i]) != bone_of(b.at[i])) {
            return PLATE_ALIKE_NOT;
        }
        differences += a.at[i] != b.at[i];
    }
    return differences <= PLATE_ALIKE_MAX ? differences : PLATE_ALIKE_NOT;
}

/* --- skeletons --- */

static bool show(const struct points *points, plate_alike_visitor *visit, void *ctx)
{
    char text[PLATE_TEXT_SIZE];
    size_t size = 0;
    for (size_t i = 0; i < points->count; i++) {
        size += utf8_put(points->at[i], text + size);
    }
    MUST(size < sizeof(text));
    return visit(ctx, (struct bytes){.data = (const uint8_t *)text, .size = size});
}

struct bones {
    uint32_t at[PLATE_ALIKE_ASKED];
    size_t count;
};

static void add_bones(struct bones *bones, const uint32_t *set)
{
    for (; *set != 0; set++) {
        MUST(bones->count < PLATE_ALIKE_ASKED);
        bones->at[bones->count++] = *set;
    }
}

/* What can stand at the place `at` of a skeleton whose places before it are known. */
static void find_bones(const struct points *points, size_t at, struct bones *ret)
{
    ret->count = 0;
    add_bones(ret, anywhere);
    if (at == 0) {
        add_bones(ret, provinces);
        add_bones(ret, first);
    } else if (at == 1) {
        add_bones(ret, second);
    } else if (at == 2 && points->at[0] == bone_of('W') && points->at[1] == bone_of('J')) {
        add_bones(ret, provinces);
    }
    if (at + 2 == points->count) {
        add_bones(ret, last_but_one);
    } else if (at + 1 == points->count) {
        add_bones(ret, last);
    }
}

/* Puts each of them in place of the first unread character from `from` on; as deep as characters
 * are unread. */
static bool show_all(struct points *points, size_t from, plate_alike_visitor *visit, void *ctx)
{
    struct bones bones;
    size_t at = from;
    bool more = true;
    while (at < points->count && points->at[at] != UNREAD) {
        at++;
    }
    if (at == points->count) {
        return show(points, visit, ctx);
    }
    find_bones(points, at, &bones);
    for (size_t i = 0; more && i < bones.count; i++) {
        points->at[at] = bones.at[i];
        more = show_all(points, at + 1, visit, ctx);
    }
    points->at[at] = UNREAD;
    return more;
}

bool plate_alike_skeletons(struct bytes read, plate_alike_visitor *visit, void *ctx)
{
    struct points points;
    size_t unread = 0;
    MUST(visit != NULL);
    if (!read_points(read, &points)) {
        return false;
    }
    for (size_t i = 0; i < points.count; i++) {
        unread += points.at[i] == UNREAD;
        points.at[i] = bone_of(points.at[i]);
    }
    if (unread > PLATE_ALIKE_MAX || unread == points.count) {
        return false;
    }
    (void)show_all(&points, 0, visit, ctx);
    return true;
}

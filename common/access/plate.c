#include "common/access/plate.h"

#include "common/access/utf8.h"
#include "common/base/must.h"

/* A text as code points, while it is worked on. WILDCARD is none that text can hold, so a question
 * mark that somebody typed is never taken for one. */
struct points {
    uint32_t at[PLATE_POINTS_MAX];
    uint8_t count;
};

enum { WILDCARD = 0x110000, FIRST_FOLDED = 2, ORDINARY_LETTERS_MAX = 2 };

static const uint32_t provinces[] =
    U"京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼";

/* Where consulates are: province and office letter. */
static const uint32_t consulates[] = U"沪A粤A川A云A桂A鄂A闽D鲁B陕A蒙A蒙E蒙H藏A黑A辽A渝A";

/* Lower-case letters are classes, see fits_class; all else stands for itself. `c` spans two
 * characters. Of two patterns that fit the first one counts. */
static const struct pattern {
    enum plate_kind kind;
    const uint32_t *text;
} patterns[] = {
    {PLATE_KIND_ORDINARY,         U"posssss"     },
    {PLATE_KIND_NEW_ENERGY_SMALL, U"poesdddd"    },
    {PLATE_KIND_NEW_ENERGY_LARGE, U"poddddde"    },
    {PLATE_KIND_POLICE,           U"podddd警"   },
    {PLATE_KIND_POLICE,           U"poaddd警"   },
    {PLATE_KIND_EMBASSY,          U"dddddd使"   },
    {PLATE_KIND_CONSULATE,        U"cdddd领"    },
    {PLATE_KIND_ARMED_POLICE,     U"WJddddw"     },
    {PLATE_KIND_ARMED_POLICE,     U"WJpddddw"    },
    {PLATE_KIND_MILITARY,         U"mnddddd"     },
    {PLATE_KIND_LEARNER,          U"possss学"   },
    {PLATE_KIND_TRAILER,          U"possss挂"   },
    {PLATE_KIND_HONG_KONG,        U"粤Zssss港" },
    {PLATE_KIND_MACAO,            U"粤Zssss澳" },
    {PLATE_KIND_EMERGENCY,        U"possss应急"},
    {PLATE_KIND_OVERSIZE,         U"possss超"   },
    {PLATE_KIND_TEMPORARY,        U"possss临"   },
    {PLATE_KIND_CIVIL_AVIATION,   U"民航lssss" },
};

static bool is_one_of(uint32_t point, const uint32_t *set)
{
    for (; *set != 0; set++) {
        if (*set == point) {
            return true;
        }
    }
    return false;
}

static bool is_digit(uint32_t point)
{
    return point >= '0' && point <= '9';
}

static bool is_letter(uint32_t point)
{
    return point >= 'A' && point <= 'Z';
}

static bool is_serial_letter(uint32_t point)
{
    return is_letter(point) && point != 'I' && point != 'O';
}

static bool is_consulate(uint32_t province, uint32_t office)
{
    for (const uint32_t *at = consulates; *at != 0; at += 2) {
        if ((province == WILDCARD || province == at[0]) &&
            (office == WILDCARD || office == at[1])) {
            return true;
        }
    }
    return false;
}

static bool fits_class(uint32_t point, uint32_t class)
{
    if (point == WILDCARD) {
        return true;
    }
    switch (class) {
    case 'p': /* province */
        return is_one_of(point, provinces);
    case 'o': /* office letter */
        return is_letter(point) && point != 'I';
    case 's': /* serial character */
        return is_digit(point) || is_serial_letter(point);
    case 'l': /* serial letter */
        return is_serial_letter(point);
    case 'd': /* digit */
        return is_digit(point);
    case 'e': /* new-energy letter */
        return is_one_of(point, U"ABCDEFGHJK");
    case 'a': /* second letter of a police plate */
        return is_one_of(point, U"ABCD");
    case 'm': /* first and second character of a military plate */
        return is_one_of(point, U"VKHBSLJNGCE");
    case 'n':
        return is_one_of(point, U"ABCDJKLMNOPRSTVY");
    case 'w': /* last character of an armed police plate */
        return is_digit(point) || is_one_of(point, U"TDSHBXJ");
    default:
        return point == class;
    }
}

static bool fits(const struct points *points, const uint32_t *pattern)
{
    unsigned i = 0;
    for (; *pattern != 0; pattern++, i++) {
        if (i >= points->count) {
            return false;
        }
        if (*pattern == 'c') {
            if (i + 1 >= points->count || !is_consulate(points->at[i], points->at[i + 1])) {
                return false;
            }
            i++;
        } else if (!fits_class(points->at[i], *pattern)) {
            return false;
        }
    }
    return i == points->count;
}

static bool has_too_many_letters(const struct points *points)
{
    unsigned letters = 0;
    for (unsigned i = FIRST_FOLDED; i < points->count; i++) {
        letters += is_letter(points->at[i]);
    }
    return letters > ORDINARY_LETTERS_MAX;
}

static enum plate_kind kind_of(const struct points *points)
{
    for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
        bool ordinary = patterns[i].kind == PLATE_KIND_ORDINARY;
        if (fits(points, patterns[i].text) && !(ordinary && has_too_many_letters(points))) {
            return patterns[i].kind;
        }
    }
    return PLATE_KIND_NONE;
}

static bool is_new_energy_letter_unusual(const struct points *points, enum plate_kind kind)
{
    if (kind != PLATE_KIND_NEW_ENERGY_SMALL && kind != PLATE_KIND_NEW_ENERGY_LARGE) {
        return false;
    }
    uint32_t letter = points->at[kind == PLATE_KIND_NEW_ENERGY_SMALL ? 2 : points->count - 1];
    return letter != WILDCARD && letter != 'D' && letter != 'F';
}

static bool is_separator(uint32_t point, enum plate_source source)
{
    if (point == '-') {
        return source != PLATE_SOURCE_GAT1400;
    }
    /* Blank; middle dot, Greek ano teleia, bullet, katakana middle dot and its half-width form. */
    return point == ' ' || point == 0xb7 || point == 0x387 || point == 0x2022 || point == 0x30fb ||
           point == 0xff65;
}

static bool is_control(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point < 0xa0);
}

/* Full width, case and separators; letters are not folded yet. False: bad text. */
static bool read_points(struct bytes raw, enum plate_source source, struct points *ret_points)
{
    struct points points = {.count = 0};
    size_t at = 0;
    while (at < raw.size) {
        uint32_t point = 0;
        if (!utf8_next(raw, &at, &point)) {
            return false;
        }
        point = utf8_fold_width(point);
        if (is_separator(point, source)) {
            continue;
        }
        if (is_control(point) || points.count == PLATE_POINTS_MAX) {
            return false;
        }
        bool unread = source == PLATE_SOURCE_GAT1400 && (point == '-' || point == '?');
        bool lower = point >= 'a' && point <= 'z';
        points.at[points.count++] = unread ? WILDCARD : lower ? point - 'a' + 'A' : point;
    }
    *ret_points = points;
    return true;
}

static bool points_spell(const struct points *points, const uint32_t *word)
{
    unsigned i = 0;
    while (i < points->count && word[i] != 0 && points->at[i] == word[i]) {
        i++;
    }
    return i == points->count && word[i] == 0;
}

static uint8_t count_wildcards(const struct points *points)
{
    uint8_t wildcards = 0;
    for (unsigned i = 0; i < points->count; i++) {
        wildcards = (uint8_t)(wildcards + (points->at[i] == WILDCARD));
    }
    return wildcards;
}

static void fold_letters(struct points *points)
{
    for (unsigned i = FIRST_FOLDED; i < points->count; i++) {
        if (points->at[i] == 'O') {
            points->at[i] = '0';
        } else if (points->at[i] == 'I') {
            points->at[i] = '1';
        }
    }
}

static void write_text(const struct points *points, char out[PLATE_TEXT_SIZE])
{
    size_t size = 0;
    for (unsigned i = 0; i < points->count; i++) {
        uint32_t point = points->at[i] == WILDCARD ? '?' : points->at[i];
        size += utf8_put(point, out + size);
    }
    MUST(size < PLATE_TEXT_SIZE);
    out[size] = '\0';
}

enum plate_status plate_read(struct bytes raw, enum plate_source source, struct plate *ret_plate)
{
    MUST(ret_plate != NULL);
    *ret_plate = (struct plate){.kind = PLATE_KIND_NONE};
    struct points points;
    if (raw.size > PLATE_RAW_MAX || !read_points(raw, source, &points)) {
        return PLATE_BAD_TEXT;
    }
    if (points_spell(&points, U"无车牌") || points_spell(&points, U"_无_")) {
        return PLATE_NONE;
    }
    /* Also true of an empty text. */
    if (points_spell(&points, U"UNKNOWN") || count_wildcards(&points) == points.count) {
        return PLATE_NOT_READ;
    }
    fold_letters(&points);
    ret_plate->points = points.count;
    ret_plate->wildcards = count_wildcards(&points);
    write_text(&points, ret_plate->text);
    ret_plate->kind = kind_of(&points);
    ret_plate->unusual = is_new_energy_letter_unusual(&points, ret_plate->kind);
    return ret_plate->kind == PLATE_KIND_NONE ? PLATE_FOREIGN : PLATE_OK;
}

bool plate_is_exact(const struct plate *plate)
{
    MUST(plate != NULL);
    return plate->kind != PLATE_KIND_NONE && plate->wildcards == 0;
}

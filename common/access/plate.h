/* plate: grammar and normal form of Chinese number plates.
 *
 * Exact match opens, so the normal form is what is stored, compared and sealed; the caller keeps
 * the raw text and PLATE_RULES_VERSION beside it. Length is counted in code points.
 *
 * Normal form: full-width ASCII and blanks to plain ones (the part of NFKC that plates meet; no
 * other compatibility character is folded), ASCII letters upper case, middle dots, blanks and
 * hyphens removed, then O to 0 and I to 1 after the second character. It is idempotent.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/bytes.h"

enum {
    PLATE_RULES_VERSION = 1,
    PLATE_RAW_MAX = 128,   /* bytes of input; more is PLATE_BAD_TEXT */
    PLATE_POINTS_MAX = 12, /* code points of the normal form; more is PLATE_BAD_TEXT */
    PLATE_TEXT_SIZE = 4 * PLATE_POINTS_MAX + 1,
};

/* Who wrote the text. In GA/T 1400 a `-` is a character that the camera could not read; anywhere
 * else it separates. */
enum plate_source { PLATE_SOURCE_TEXT, PLATE_SOURCE_GAT1400 };

enum plate_status {
    PLATE_OK,       /* fits the grammar; look at `wildcards` before matching */
    PLATE_NONE,     /* 无车牌, _无_: the vehicle carries no plate */
    PLATE_NOT_READ, /* empty, `unknown`, or nothing but unread characters */
    PLATE_FOREIGN,  /* readable text, but no Chinese plate: never matches */
    PLATE_BAD_TEXT, /* not UTF-8, or over the bounds: never matches */
};

/* Stored: append only, never renumber. */
enum plate_kind {
    PLATE_KIND_NONE = 0,
    PLATE_KIND_ORDINARY = 1,
    PLATE_KIND_NEW_ENERGY_SMALL = 2,
    PLATE_KIND_NEW_ENERGY_LARGE = 3,
    PLATE_KIND_POLICE = 4,       /* 警 */
    PLATE_KIND_EMBASSY = 5,      /* 使 */
    PLATE_KIND_CONSULATE = 6,    /* 领 */
    PLATE_KIND_ARMED_POLICE = 7, /* WJ */
    PLATE_KIND_MILITARY = 8,
    PLATE_KIND_LEARNER = 9,         /* 学 */
    PLATE_KIND_TRAILER = 10,        /* 挂 */
    PLATE_KIND_HONG_KONG = 11,      /* 港 */
    PLATE_KIND_MACAO = 12,          /* 澳 */
    PLATE_KIND_EMERGENCY = 13,      /* 应急 */
    PLATE_KIND_OVERSIZE = 14,       /* 超 */
    PLATE_KIND_TEMPORARY = 15,      /* 临 */
    PLATE_KIND_CIVIL_AVIATION = 16, /* 民航 */
};

struct plate {
    enum plate_kind kind;       /* NONE unless PLATE_OK */
    uint8_t points;             /* code points of `text` */
    uint8_t wildcards;          /* characters that could not be read, `?` in `text` */
    bool unusual;               /* a new-energy letter other than D and F */
    char text[PLATE_TEXT_SIZE]; /* normal form, UTF-8; empty for NONE, NOT_READ, BAD_TEXT */
};

/* Always writes *ret_plate. A `?` is a wildcard on input too, for GA/T 1400 only, so that reading
 * a normal form again gives the same. */
enum plate_status plate_read(struct bytes raw, enum plate_source source, struct plate *ret_plate);

/* Only such a plate may be looked up: a known kind, every character read. */
bool plate_is_exact(const struct plate *plate);

/* Stored: append only, never renumber. */
enum plate_colour {
    PLATE_COLOUR_UNKNOWN = 0,
    PLATE_COLOUR_BLUE = 1,
    PLATE_COLOUR_YELLOW = 2,
    PLATE_COLOUR_GREEN = 3,
    PLATE_COLOUR_YELLOW_GREEN = 4,
    PLATE_COLOUR_BLACK = 5,
    PLATE_COLOUR_WHITE = 6,
};

/* Hikvision's plateColor text, either case; what is not listed is PLATE_COLOUR_UNKNOWN. */
enum plate_colour plate_colour_from_hikvision(struct bytes text);

enum plate_colour_fit {
    PLATE_COLOUR_NOT_JUDGED = 0, /* colour unknown, or the kind has no fixed colour */
    PLATE_COLOUR_FITS,
    PLATE_COLOUR_MISFIT, /* low trust: one of both was misread, or the plate is false */
};

enum plate_colour_fit plate_colour_check(enum plate_kind kind, enum plate_colour colour);

/* Stable kebab-case names; a number out of range: `unknown`. */
const char *plate_kind_name(enum plate_kind kind);
const char *plate_colour_name(enum plate_colour colour);

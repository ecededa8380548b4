#include <string.h>

#include "common/access/plate.h"
#include "common/base/must.h"

/* The first five are the common ones; the longer names are those of newer firmware. */
static const struct {
    const char *text;
    enum plate_colour colour;
} hikvision[] = {
    {"blue",                 PLATE_COLOUR_BLUE        },
    {"yellow",               PLATE_COLOUR_YELLOW      },
    {"white",                PLATE_COLOUR_WHITE       },
    {"black",                PLATE_COLOUR_BLACK       },
    {"green",                PLATE_COLOUR_GREEN       },
    {"newEnergyGreen",       PLATE_COLOUR_GREEN       },
    {"yellowGreen",          PLATE_COLOUR_YELLOW_GREEN},
    {"newEnergyYellowGreen", PLATE_COLOUR_YELLOW_GREEN},
    {"civilAviationBlack",   PLATE_COLOUR_BLACK       },
    {"civilAviationGreen",   PLATE_COLOUR_GREEN       },
};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool equal_but_case(struct bytes text, const char *word)
{
    if (text.size != strlen(word)) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        if (lower((char)text.data[i]) != lower(word[i])) {
            return false;
        }
    }
    return true;
}

enum plate_colour plate_colour_from_hikvision(struct bytes text)
{
    for (size_t i = 0; i < ARRAY_LEN(hikvision); i++) {
        if (equal_but_case(text, hikvision[i].text)) {
            return hikvision[i].colour;
        }
    }
    return PLATE_COLOUR_UNKNOWN;
}

#define BLUE         (1U << PLATE_COLOUR_BLUE)
#define YELLOW       (1U << PLATE_COLOUR_YELLOW)
#define GREEN        (1U << PLATE_COLOUR_GREEN)
#define YELLOW_GREEN (1U << PLATE_COLOUR_YELLOW_GREEN)
#define BLACK        (1U << PLATE_COLOUR_BLACK)
#define WHITE        (1U << PLATE_COLOUR_WHITE)

/* The colours a kind is issued in; none: no fixed colour. Large new energy is yellow-green, for
 * which many cameras have no other word than green. */
static const struct {
    const char *name;
    unsigned colours;
} kinds[] = {
    [PLATE_KIND_NONE] = {"none",             0                    },
    [PLATE_KIND_ORDINARY] = {"ordinary",         BLUE | YELLOW | BLACK},
    [PLATE_KIND_NEW_ENERGY_SMALL] = {"new-energy-small", GREEN                },
    [PLATE_KIND_NEW_ENERGY_LARGE] = {"new-energy-large", YELLOW_GREEN | GREEN },
    [PLATE_KIND_POLICE] = {"police",           WHITE                },
    [PLATE_KIND_EMBASSY] = {"embassy",          BLACK                },
    [PLATE_KIND_CONSULATE] = {"consulate",        BLACK                },
    [PLATE_KIND_ARMED_POLICE] = {"armed-police",     WHITE                },
    [PLATE_KIND_MILITARY] = {"military",         WHITE                },
    [PLATE_KIND_LEARNER] = {"learner",          YELLOW               },
    [PLATE_KIND_TRAILER] = {"trailer",          YELLOW               },
    [PLATE_KIND_HONG_KONG] = {"hong-kong",        BLACK                },
    [PLATE_KIND_MACAO] = {"macao",            BLACK                },
    [PLATE_KIND_EMERGENCY] = {"emergency",        WHITE                },
    [PLATE_KIND_OVERSIZE] = {"oversize",         0                    },
    [PLATE_KIND_TEMPORARY] = {"temporary",        0                    },
    [PLATE_KIND_CIVIL_AVIATION] = {"civil-aviation",   0                    },
};

enum plate_colour_fit plate_colour_check(enum plate_kind kind, enum plate_colour colour)
{
    if ((size_t)kind >= ARRAY_LEN(kinds) || kinds[kind].colours == 0 ||
        colour == PLATE_COLOUR_UNKNOWN || (unsigned)colour > PLATE_COLOUR_WHITE) {
        return PLATE_COLOUR_NOT_JUDGED;
    }
    bool fits = (kinds[kind].colours >> (unsigned)colour & 1) != 0;
    return fits ? PLATE_COLOUR_FITS : PLATE_COLOUR_MISFIT;
}

const char *plate_kind_name(enum plate_kind kind)
{
    return (size_t)kind < ARRAY_LEN(kinds) ? kinds[kind].name : "unknown";
}

const char *plate_colour_name(enum plate_colour colour)
{
    static const char *const names[] = {"unknown",      "blue",  "yellow", "green",
                                        "yellow-green", "black", "white"};
    return (size_t)colour < ARRAY_LEN(names) ? names[colour] : "unknown";
}

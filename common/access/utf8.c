#include "common/access/utf8.h"

#include "common/base/must.h"

/* How a first byte says how many follow, which of its bits count, and the least code point that may
 * be written so. */
static const struct form {
    uint8_t mask, lead;
    unsigned more;
    uint32_t least;
} forms[] = {
    {0x80, 0x00, 0, 0      },
    {0xe0, 0xc0, 1, 0x80   },
    {0xf0, 0xe0, 2, 0x800  },
    {0xf8, 0xf0, 3, 0x10000},
};

static bool is_scalar(uint32_t point)
{
    return point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
}

static const struct form *form_of(uint8_t lead)
{
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        if ((lead & forms[i].mask) == forms[i].lead) {
            return &forms[i];
        }
    }
    return NULL;
}

bool utf8_next(struct bytes text, size_t *at, uint32_t *ret_point)
{
    MUST(at != NULL && ret_point != NULL);
    if (*at >= text.size) {
        return false;
    }
    uint8_t lead = text.data[*at];
    const struct form *form = form_of(lead);
    if (form == NULL || form->more >= text.size - *at) {
        return false;
    }
    uint32_t point = lead & (uint8_t)~form->mask;
    for (unsigned i = 1; i <= form->more; i++) {
        uint8_t next = text.data[*at + i];
        if ((next & 0xc0) != 0x80) {
            return false;
        }
        point = point << 6 | (next & 0x3f);
    }
    if (point < form->least || !is_scalar(point)) {
        return false;
    }
    *at += 1 + form->more;
    *ret_point = point;
    return true;
}

size_t utf8_put(uint32_t point, char out[UTF8_POINT_MAX])
{
    MUST(is_scalar(point));
    size_t more = 0;
    while (more + 1 < ARRAY_LEN(forms) && point >= forms[more + 1].least) {
        more++;
    }
    for (size_t i = more; i > 0; i--) {
        out[i] = (char)(0x80 | (point & 0x3f));
        point >>= 6;
    }
    out[0] = (char)(forms[more].lead | point);
    return more + 1;
}

static bool is_blank(uint32_t point)
{
    return point == '\t' || point == 0xa0 || (point >= 0x2000 && point <= 0x200a) ||
           point == 0x202f || point == 0x205f || point == 0x3000;
}

uint32_t utf8_fold_width(uint32_t point)
{
    if (point >= 0xff01 && point <= 0xff5e) {
        return point - 0xff01 + 0x21;
    }
    return is_blank(point) ? ' ' : point;
}

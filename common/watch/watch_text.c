#include "common/watch/watch_text.h"

#include <string.h>

#include "common/access/utf8.h"
#include "common/base/must.h"

enum { LETTERS_LEAST = 2 };

/* The characters that a text may hold, by ranges. */
static const struct range {
    uint32_t first, last;
    bool letter;
} ranges[] = {
    {' ',     '/',     false},
    {'0',     '9',     false},
    {':',     '@',     false},
    {'A',     'Z',     true },
    {'[',     '`',     false},
    {'a',     'z',     true },
    {'{',     '~',     false},
    {0xb7,    0xb7,    false}, /* middle dot, in names */
    {0xc0,    0xd6,    true },
    {0xd8,    0xf6,    true },
    {0xf8,    0x24f,   true },
    {0x2013,  0x2014,  false}, /* dashes */
    {0x2018,  0x2019,  false}, /* quotation marks */
    {0x201c,  0x201d,  false},
    {0x2026,  0x2026,  false},
    {0x3001,  0x3002,  false}, /* Chinese punctuation; no iteration mark */
    {0x3007,  0x3007,  true }, /* the Chinese zero */
    {0x3008,  0x3011,  false},
    {0x3014,  0x301b,  false},
    {0x3400,  0x4dbf,  true },
    {0x4e00,  0x9fff,  true },
    {0x20000, 0x2a6df, true },
    {0x2a700, 0x323af, true },
};

static const struct range *range_of(uint32_t point)
{
    for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
        if (point >= ranges[i].first && point <= ranges[i].last) {
            return &ranges[i];
        }
    }
    return NULL;
}

static bool is_digit(uint32_t point)
{
    return point >= '0' && point <= '9';
}

struct counted {
    unsigned letters, digits;
};

static enum watch_text_flaw check(struct bytes text, size_t max, struct counted *ret)
{
    uint32_t before = ' ';
    uint32_t point = 0;
    size_t at = 0;
    *ret = (struct counted){0};
    if (text.size == 0) {
        return WATCH_TEXT_MISSING;
    }
    if (text.size > max) {
        return WATCH_TEXT_LONG;
    }
    while (utf8_next(text, &at, &point)) {
        const struct range *range = range_of(point);
        if (range == NULL) {
            return point == 0 ? WATCH_TEXT_NOT_UTF8 : WATCH_TEXT_CHARACTER;
        }
        if (point == ' ' && before == ' ') {
            return WATCH_TEXT_BLANKS;
        }
        ret->letters += range->letter;
        ret->digits += is_digit(point);
        before = point;
    }
    if (at != text.size) {
        return WATCH_TEXT_NOT_UTF8;
    }
    return before == ' ' ? WATCH_TEXT_BLANKS : WATCH_TEXT_OK;
}

enum watch_text_flaw watch_text_check(struct bytes text, size_t max)
{
    struct counted counted;
    enum watch_text_flaw flaw = check(text, max, &counted);
    return flaw == WATCH_TEXT_OK && counted.letters < LETTERS_LEAST ? WATCH_TEXT_EMPTY : flaw;
}

enum watch_text_flaw watch_text_check_case(struct bytes text, size_t max)
{
    struct counted counted;
    enum watch_text_flaw flaw = check(text, max, &counted);
    return flaw == WATCH_TEXT_OK && counted.digits == 0 ? WATCH_TEXT_DIGITS : flaw;
}

bool watch_text_is_id(struct bytes text)
{
    if (text.size == 0 || text.size > LIMIT_WATCH_ID_BYTES) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!plain && (i == 0 || (c != '-' && c != '_' && c != '.'))) {
            return false;
        }
    }
    return true;
}

const char *watch_text_why(enum watch_text_flaw flaw)
{
    switch (flaw) {
    case WATCH_TEXT_OK:
        return "is good";
    case WATCH_TEXT_MISSING:
        return "is missing";
    case WATCH_TEXT_LONG:
        return "is too long";
    case WATCH_TEXT_NOT_UTF8:
        return "is not UTF-8 text";
    case WATCH_TEXT_CHARACTER:
        return "holds a character that it may not: full-width, hidden, control, or of another "
               "script";
    case WATCH_TEXT_BLANKS:
        return "has blanks around it, or two in a row";
    case WATCH_TEXT_EMPTY:
        return "holds not two letters";
    case WATCH_TEXT_DIGITS:
        return "holds no digit";
    }
    return "is wrong";
}

bool watch_text_tidy(struct bytes text, char *out, size_t size)
{
    size_t at = 0;
    size_t used = 0;
    uint32_t point = 0;
    bool blank = false;
    MUST(size > 0);
    while (utf8_next(text, &at, &point)) {
        char bytes[UTF8_POINT_MAX];
        point = utf8_fold_width(point);
        if (point == ' ' || point == '\n' || point == '\r' || point == 0xfeff) {
            blank = true;
            continue;
        }
        size_t more = utf8_put(point, bytes);
        bool between = blank && used > 0;
        blank = false;
        if (point == 0 || used + between + more >= size) {
            return false;
        }
        if (between) {
            out[used++] = ' ';
        }
        memcpy(out + used, bytes, more);
        used += more;
    }
    out[used] = '\0';
    return at == text.size;
}

/* 0: it does not count. */
static uint32_t case_point(uint32_t point)
{
    if (point >= 'a' && point <= 'z') {
        point = point - 'a' + 'A';
    }
    if (point == 'O' || point == 0x3007) {
        return '0';
    }
    if (point == 'I' || point == 'L') {
        return '1';
    }
    bool chinese = point >= 0x3400 && range_of(point) != NULL && range_of(point)->letter;
    return is_digit(point) || (point >= 'A' && point <= 'Z') || chinese ? point : 0;
}

/* Zeros before the numbers of a text without anything between them: 0-1 has become 01. */
static void drop_zeros(char *text)
{
    size_t used = 0;
    for (size_t i = 0; text[i] != '\0'; i++) {
        bool begins = used == 0 || !is_digit((unsigned char)text[used - 1]);
        if (begins && text[i] == '0' && is_digit((unsigned char)text[i + 1])) {
            continue;
        }
        text[used++] = text[i];
    }
    text[used] = '\0';
}

void watch_text_case(struct bytes text, char out[WATCH_CASE_SIZE])
{
    size_t at = 0;
    size_t used = 0;
    size_t number = SIZE_MAX; /* where the number that is being written begins */
    uint32_t raw = 0;
    while (utf8_next(text, &at, &raw)) {
        char bytes[UTF8_POINT_MAX];
        uint32_t point = case_point(utf8_fold_width(raw));
        if (point == 0) {
            number = SIZE_MAX;
            continue;
        }
        if (!is_digit(point)) {
            number = SIZE_MAX;
        } else if (number == SIZE_MAX) {
            number = used;
        } else if (used == number + 1 && out[number] == '0') {
            used = number; /* a zero before a number */
        }
        size_t more = utf8_put(point, bytes);
        if (used + more >= WATCH_CASE_SIZE) {
            break;
        }
        memcpy(out + used, bytes, more);
        used += more;
    }
    out[used] = '\0';
    drop_zeros(out);
}

bool watch_text_same_case(const char *a, const char *b)
{
    char left[WATCH_CASE_SIZE];
    char right[WATCH_CASE_SIZE];
    watch_text_case(bytes_of_text(a), left);
    watch_text_case(bytes_of_text(b), right);
    return strcmp(left, right) == 0;
}

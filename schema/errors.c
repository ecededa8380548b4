#include "schema/errors.h"

#include <stdio.h>
#include <string.h>

#include "common/base/must.h"

struct error_text {
    uint32_t number;
    enum exit_code code;
    const char *en, *zh;
};

static const struct error_text texts[] = {
#define X(number, name, code, en, zh) {number, code, en, zh},
    ERROR_TABLE(X)
#undef X
};

static const struct error_text *find(uint32_t number)
{
    static const struct error_text unknown = {0, EXIT_REFUSED, "refused (error of a newer version)",
                                              "被拒绝（较新版本的错误）"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (texts[i].number == number) {
            return &texts[i];
        }
    }
    return &unknown;
}

/* The largest size not over `size` that does not cut a UTF-8 character. */
static size_t whole_characters(const char *text, size_t size)
{
    while (size > 0 && ((unsigned char)text[size] & 0xc0) == 0x80) {
        size--;
    }
    return size;
}

static void copy_cut(char out[ERROR_ARG_SIZE], const char *text)
{
    size_t size = text == NULL ? 0 : strlen(text);
    if (size >= ERROR_ARG_SIZE) {
        size = whole_characters(text, ERROR_ARG_SIZE - 1);
    }
    if (size > 0) {
        memcpy(out, text, size);
    }
    out[size] = '\0';
}

_Bool complain(struct complaint *c, enum error_number number, const char *a1, const char *a2,
               const char *a3, const char *a4)
{
    const char *args[ERROR_ARGS] = {a1, a2, a3, a4};
    c->number = number;
    for (size_t i = 0; i < ERROR_ARGS; i++) {
        copy_cut(c->arg[i], args[i]);
    }
    return 0;
}

enum exit_code error_exit(uint32_t number)
{
    return find(number)->code;
}

static void fill(const struct complaint *c, const char *pattern, char *out, size_t size)
{
    size_t at = 0;
    MUST(size > 0);
    for (const char *p = pattern; *p != '\0'; p++) {
        const char *piece = p;
        size_t length = 1;
        if (p[0] == '%' && p[1] >= '1' && p[1] <= '4') {
            piece = c->arg[p[1] - '1'];
            length = strlen(piece);
            p++;
        }
        if (length > size - 1 - at) {
            length = whole_characters(piece, size - 1 - at);
        }
        memcpy(out + at, piece, length);
        at += length;
    }
    out[at] = '\0';
}

void error_sentence_en(const struct complaint *c, char *out, size_t size)
{
    fill(c, find(c->number)->en, out, size);
}

void error_sentence_zh(const struct complaint *c, char *out, size_t size)
{
    fill(c, find(c->number)->zh, out, size);
}
